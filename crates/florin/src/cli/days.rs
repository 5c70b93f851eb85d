//! Days as options name them: `YYYY-MM-DD`, in UTC.

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{ToSpan, Zoned};

use crate::clock::UnixMillis;

/// When a day begins.
///
/// # Errors
/// A sentence for whoever typed it.
pub(super) fn start(text: &str) -> Result<UnixMillis, String> {
    Ok(instant(&midnight(text)?))
}

/// When a day is over: the beginning of the next.
///
/// # Errors
/// A sentence for whoever typed it.
pub(super) fn end(text: &str) -> Result<UnixMillis, String> {
    let next = midnight(text)?.checked_add(1.day()).map_err(|_| not_a_day(text))?;
    Ok(instant(&next))
}

fn midnight(text: &str) -> Result<Zoned, String> {
    let day: Date = text.parse().map_err(|_| not_a_day(text))?;
    day.to_zoned(TimeZone::UTC).map_err(|_| not_a_day(text))
}

fn instant(at: &Zoned) -> UnixMillis {
    at.timestamp().as_millisecond()
}

fn not_a_day(text: &str) -> String {
    format!("{text} is no day: a day is YYYY-MM-DD")
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_day_has_24_hours() {
        let day = "2026-02-28";
        assert_eq!(super::start(day).unwrap(), 1_772_236_800_000);
        assert_eq!(super::end(day).unwrap() - super::start(day).unwrap(), 24 * 60 * 60 * 1000);
        for wrong in ["", "2026-02-30", "yesterday", "28.02.2026"] {
            assert!(super::start(wrong).is_err(), "{wrong}");
        }
    }
}
