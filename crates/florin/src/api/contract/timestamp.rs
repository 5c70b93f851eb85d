//! Instants as merchants read them: `YYYY-MM-DDTHH:MM:SS`, UTC, no zone, no fraction.

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;

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

/// Where the contract's lists of transactions keep their time.
const LOCAL_ZONE: &str = "Europe/Amsterdam";

fn local_zone() -> TimeZone {
    // The zone is part of the program's own copy of the tables.
    TimeZone::get(LOCAL_ZONE).unwrap_or(TimeZone::UTC)
}

/// The same, in the zone of lists of transactions.
pub fn to_local_text(at: UnixMillis) -> String {
    timestamp(at).to_zoned(local_zone()).strftime("%Y-%m-%dT%H:%M:%S").to_string()
}

/// Reads an instant of a filter: seconds of the Unix epoch, a day, or a day and a time, which are
/// those of the same zone where the text names none.
pub fn read_local(text: &str) -> Option<UnixMillis> {
    if text.bytes().all(|byte| byte.is_ascii_digit()) {
        return text.parse::<i64>().ok()?.checked_mul(1000);
    }
    // A plus that was not encoded has become a blank.
    let text = if text.contains('T') { text.replace(' ', "+") } else { text.to_owned() };
    if let Ok(instant) = text.parse::<Timestamp>() {
        return Some(instant.as_millisecond());
    }
    let local: DateTime = text.parse().ok()?;
    Some(local.to_zoned(local_zone()).ok()?.timestamp().as_millisecond())
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
    fn an_instant_of_a_filter_is_read_in_every_form() {
        for (text, expected) in [
            ("1719784800", Some(1_719_784_800_000)),
            ("2024-07-01", Some(1_719_784_800_000)),
            ("2024-07-01T00:00:00", Some(1_719_784_800_000)),
            ("2024-06-30T22:00:00Z", Some(1_719_784_800_000)),
            ("2024-07-01T00:00:00+02:00", Some(1_719_784_800_000)),
            ("2024-07-01T00:00:00 02:00", Some(1_719_784_800_000)),
            ("2024-01-01T01:00:00", Some(1_704_067_200_000)),
            ("", None),
            ("9999999999999999999", None),
            ("2024-13-01", None),
            ("tomorrow", None),
        ] {
            assert_eq!(read_local(text), expected, "{text}");
        }
        assert_eq!(to_local_text(1_719_784_800_000), "2024-07-01T00:00:00");
        assert_eq!(to_local_text(1_704_067_200_999), "2024-01-01T01:00:00");
    }

    #[test]
    fn an_instant_is_shown_in_utc_without_zone() {
        assert_eq!(to_text(0), "1970-01-01T00:00:00");
        assert_eq!(to_text(1_580_202_067_999), "2020-01-28T09:01:07");
        assert_eq!(to_date(1_580_202_067_999), "2020-01-28");
        assert_eq!(to_text(-1), "1969-12-31T23:59:59");
        assert!(!to_text(UnixMillis::MAX).is_empty() && !to_text(UnixMillis::MIN).is_empty());
    }
}
