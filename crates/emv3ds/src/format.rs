//! The formats that the standard gives to its text elements, as data.
//!
//! Not a parser: a format only says whether a text has it.

/// What a text has to look like. Lengths count characters.
pub(crate) enum Format {
    /// Any text from `.0` to `.1` characters without control characters.
    Text(usize, usize),
    /// Text of printable ASCII characters only.
    Ascii(usize, usize),
    /// From `.0` to `.1` decimal digits.
    Digits(usize, usize),
    /// A UUID in its canonical form of 36 characters.
    Uuid,
    /// An absolute http or https URL of at most `.0` characters.
    Url(usize),
    /// One of these.
    OneOf(&'static [&'static str]),
    /// Base64 text of at most `.0` characters.
    Base64(usize),
    /// A date, or date and time, as 8 (YYYYMMDD), 12 (…HHMM) or 14 (…HHMMSS) digits.
    Timestamp(usize),
    /// Month of expiry as YYMM.
    YearMonth,
    /// Minutes, with an optional minus sign, at most 5 characters.
    Minutes,
    /// The element has a type of its own and was checked when it was read.
    Typed,
}

impl Format {
    pub(crate) fn holds(&self, text: &str) -> bool {
        let within = |min, max| (min..=max).contains(&text.chars().count());
        match self {
            Format::Text(min, max) => within(*min, *max) && !text.chars().any(char::is_control),
            Format::Ascii(min, max) => {
                within(*min, *max) && text.bytes().all(|b| (b' '..=b'~').contains(&b))
            }
            Format::Digits(min, max) => within(*min, *max) && all_digits(text),
            Format::Uuid => is_uuid(text),
            Format::Url(max) => within(1, *max) && is_url(text),
            Format::OneOf(values) => values.contains(&text),
            Format::Base64(max) => within(1, *max) && is_base64(text),
            Format::Timestamp(digits) => {
                text.len() == *digits && all_digits(text) && is_calendar(text)
            }
            Format::YearMonth => text.len() == 4 && all_digits(text) && two_digits(text, 2, 1, 12),
            Format::Minutes => {
                let digits = text.strip_prefix('-').unwrap_or(text);
                (1..=4).contains(&digits.len()) && all_digits(digits)
            }
            Format::Typed => !text.is_empty(),
        }
    }
}

fn all_digits(text: &str) -> bool {
    text.bytes().all(|b| b.is_ascii_digit())
}

fn is_uuid(text: &str) -> bool {
    text.len() == 36
        && text.bytes().enumerate().all(|(at, b)| match at {
            8 | 13 | 18 | 23 => b == b'-',
            _ => b.is_ascii_hexdigit(),
        })
}

/// Scheme, host, and no character that would end the URL early; not a full parser.
fn is_url(text: &str) -> bool {
    let rest = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://"));
    rest.is_some_and(|rest| {
        let host = rest.split(['/', '?', '#']).next().unwrap_or_default();
        !host.is_empty()
            && !rest.chars().any(|c| c.is_whitespace() || c.is_control() || "\"<>\\".contains(c))
    })
}

fn is_base64(text: &str) -> bool {
    let body = text.trim_end_matches('=');
    let padding = text.len().saturating_sub(body.len());
    padding <= 2
        && text.len().is_multiple_of(4)
        && body.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'+' || b == b'/')
}

/// Rough ranges: a date such as 31 February passes, month 13 does not.
fn is_calendar(digits: &str) -> bool {
    two_digits(digits, 4, 1, 12)
        && two_digits(digits, 6, 1, 31)
        && (digits.len() < 12 || (two_digits(digits, 8, 0, 23) && two_digits(digits, 10, 0, 59)))
        && (digits.len() < 14 || two_digits(digits, 12, 0, 60))
}

fn two_digits(text: &str, at: usize, min: u8, max: u8) -> bool {
    let value = at.checked_add(2).and_then(|end| text.get(at..end)).and_then(|it| it.parse().ok());
    value.is_some_and(|value| (min..=max).contains(&value))
}

#[cfg(test)]
mod tests {
    use super::Format::*;
    use super::*;

    #[track_caller]
    fn check(format: Format, good: &[&str], bad: &[&str]) {
        for text in good {
            assert!(format.holds(text), "{text:?} should pass");
        }
        for text in bad {
            assert!(!format.holds(text), "{text:?} should not pass");
        }
    }

    #[test]
    fn an_id_is_a_canonical_uuid() {
        let good = "f64551fc-d6f0-4823-ab87-971cfb914464";
        check(
            Uuid,
            &[good, &good.to_uppercase()],
            &["", "f64551fcd6f04823ab87971cfb914464", &good[1..]],
        );
    }

    #[test]
    fn a_time_is_within_the_calendar() {
        check(
            Timestamp(14),
            &["20261122140501"],
            &["20261322140501", "20261122240501", "2026112214050"],
        );
        check(Timestamp(8), &["99991231"], &["20260001", "2026112a", ""]);
        check(YearMonth, &["2812"], &["2813", "2800", "12/28"]);
    }

    #[test]
    fn a_url_is_absolute_and_in_one_piece() {
        check(
            Url(40),
            &["https://acs.example.net/x?y=1", "http://127.0.0.1:8080"],
            &[
                "",
                "acs.example.net",
                "https://",
                "https:///x",
                "javascript:alert(1)",
                "https://a b",
                "https://a/\"><script>",
                "https://example.net/aaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
            ],
        );
    }

    #[test]
    fn numbers_and_codes_have_their_length() {
        check(
            Digits(13, 19),
            &["4111111111111"],
            &["411111111111", "4111 1111 1111 1", "٣٣٣٣٣٣٣٣٣٣٣٣٣"],
        );
        check(OneOf(&["Y", "N"]), &["Y"], &["", "y", "YN"]);
        check(Minutes, &["-60", "0", "840"], &["", "-", "+60", "12345", "1.5"]);
        check(
            Base64(28),
            &["mb5bOXG6gzSMEXGtdU8s6H72s6s="],
            &["", "a", "a===", "AAAA AAA", "AA-_"],
        );
        check(Ascii(2, 5), &["ab~ "], &["é..", "a", "abcdef", "ab\n"]);
        check(Text(1, 3), &["é€a"], &["", "abcd", "a\u{0}"]);
    }
}
