//! The host's clock and business day.

use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan};

/// A moment at the host.
#[derive(Clone, Copy, Debug)]
pub(crate) struct HostTime(Timestamp);

impl HostTime {
    /// A given moment.
    pub(crate) fn at(moment: Timestamp) -> HostTime {
        HostTime(moment)
    }

    /// The moment itself.
    pub(crate) fn timestamp(self) -> Timestamp {
        self.0
    }

    /// Milliseconds since 1970.
    pub(crate) fn unix_millis(self) -> i64 {
        self.0.as_millisecond()
    }

    /// MMDD of today, UTC.
    pub(crate) fn month_day(self) -> String {
        let today = self.0.to_zoned(TimeZone::UTC).date();
        format!("{:02}{:02}", today.month(), today.day())
    }

    /// The business date (DE15), MMDD: what is authorized today settles tomorrow, UTC.
    pub(crate) fn business_date(self) -> String {
        let today = self.0.to_zoned(TimeZone::UTC).date();
        let tomorrow = today.saturating_add(1.day());
        format!("{:02}{:02}", tomorrow.month(), tomorrow.day())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_business_date_is_the_next_day_over_a_year_end_too() {
        let at = |text: &str| HostTime::at(text.parse().unwrap());
        assert_eq!(at("2026-11-22T14:05:09Z").business_date(), "1123");
        assert_eq!(at("2026-12-31T23:59:59Z").business_date(), "0101");
        assert_eq!(at("2026-11-22T14:05:09Z").month_day(), "1122");
    }
}
