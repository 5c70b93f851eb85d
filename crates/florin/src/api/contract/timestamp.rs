//! Instants as merchants read them: `YYYY-MM-DDTHH:MM:SS`, UTC, no zone, no fraction.

use jiff::Timestamp;

use crate::clock::UnixMillis;

/// The text of an instant. Fractions of a second are cut off, not rounded, so that no order
/// seems to have been made in the future.
pub fn to_text(at: UnixMillis) -> String {
    timestamp(at).strftime("%Y-%m-%dT%H:%M:%S").to_string()
}

/// The day of an instant, `YYYY-MM-DD`.
pub fn to_date(at: UnixMillis) -> String {
    timestamp(at).strftime("%Y-%m-%d").to_string()
}

fn timestamp(at: UnixMillis) -> Timestamp {
    let seconds = at.div_euclid(1000);
    let earliest = Timestamp::MIN.as_second();
    let latest = Timestamp::MAX.as_second();
    Timestamp::from_second(seconds.clamp(earliest, latest))
        .expect("a number of seconds within the bounds is an instant")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_instant_is_shown_in_utc_without_zone() {
        assert_eq!(to_text(0), "1970-01-01T00:00:00");
        assert_eq!(to_text(1_580_202_067_999), "2020-01-28T09:01:07");
        assert_eq!(to_date(1_580_202_067_999), "2020-01-28");
        assert_eq!(to_text(-1), "1969-12-31T23:59:59");
        assert!(!to_text(UnixMillis::MAX).is_empty() && !to_text(UnixMillis::MIN).is_empty());
    }
}
