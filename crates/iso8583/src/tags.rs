//! Element 48, private data: tags of two characters, a length of two digits, a value.
//!
//! Ascending by tag, each at most once, together at most 999 characters. The reader checks the
//! structure and steps over unknown tags; what a known tag may hold is a table of its own.

use std::fmt;

use zeroize::Zeroizing;

use TagFormat::{A, An, Ans, N};

/// The element that holds the tags.
pub(crate) const PRIVATE_DATA: u8 = 48;
/// Longest element 48, in characters.
pub const PRIVATE_DATA_MAX: usize = 999;
/// Longest value of one tag, in characters.
pub const TAG_VALUE_MAX: usize = 99;

/// The tags of one element 48, checked for structure.
#[derive(Clone, Copy)]
pub struct Tags<'a> {
    text: &'a str,
}

/// Element 48 is malformed, or cannot be written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TagError {
    /// The tag where the error is; empty when not even a tag could be read.
    pub tag: String,
    /// What is wrong with it.
    pub kind: TagErrorKind,
}

/// What is wrong with a tag.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TagErrorKind {
    /// The element ends within a tag, a length or a value.
    Truncated,
    /// The tag is not two letters or digits.
    Name,
    /// The length is not two digits.
    Length,
    /// The tag does not come after the one before it, or comes twice.
    Order,
    /// The value is longer or shorter than this tag allows.
    ValueLength,
    /// The value has a character that this tag does not allow.
    ValueCharacter,
    /// All tags together are longer than the element.
    TooLong,
}

/// The character set of a tag's value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TagFormat {
    /// Letters.
    A,
    /// Letters and digits.
    An,
    /// Printable ASCII.
    Ans,
    /// Digits.
    N,
}

/// One tag of the profile.
#[derive(Clone, Copy, Debug)]
pub struct TagSpec {
    /// Two characters.
    pub tag: &'static str,
    /// What the value may be made of.
    pub format: TagFormat,
    /// Shortest value, in characters.
    pub min: usize,
    /// Longest value, in characters.
    pub max: usize,
    /// What it means.
    pub name: &'static str,
}

impl<'a> Tags<'a> {
    /// Checks the structure of an element 48. The values are checked by [`Tags::check_values`].
    pub fn parse(text: &'a str) -> Result<Tags<'a>, TagError> {
        let mut rest = text;
        let mut last = "";
        while !rest.is_empty() {
            let (tag, _, tail) = split(rest)?;
            if tag <= last {
                return Err(error(tag, TagErrorKind::Order));
            }
            last = tag;
            rest = tail;
        }
        Ok(Tags { text })
    }

    /// The value of a tag, such as `get("21")`.
    pub fn get(&self, tag: &str) -> Option<&'a str> {
        self.iter().find(|(name, _)| *name == tag).map(|(_, value)| value)
    }

    /// The tags with their values, ascending.
    pub fn iter(&self) -> impl Iterator<Item = (&'a str, &'a str)> + use<'a> {
        let mut rest = self.text;
        std::iter::from_fn(move || {
            let (tag, value, tail) = split(rest).ok()?;
            rest = tail;
            Some((tag, value))
        })
    }

    /// Checks the values of all tags that the profile knows; unknown tags are let through.
    pub fn check_values(&self) -> Result<(), TagError> {
        self.iter().try_for_each(|(tag, value)| check_value(tag, value))
    }
}

impl fmt::Debug for Tags<'_> {
    /// Names only: values hold the verification code and the authentication value.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.iter().map(|(tag, _)| tag)).finish()
    }
}

/// What the profile says of a tag.
pub fn tag_spec(tag: &str) -> Option<&'static TagSpec> {
    TAGS.iter().find(|spec| spec.tag == tag)
}

/// Writes an element 48, sorting by tag.
pub(crate) fn write(tags: &[(&str, &str)]) -> Result<Zeroizing<String>, TagError> {
    let mut sorted: Vec<&(&str, &str)> = tags.iter().collect();
    sorted.sort_unstable_by_key(|(tag, _)| *tag);
    // The whole room at once: a growing string would leave the verification code behind.
    let mut text = Zeroizing::new(String::with_capacity(PRIVATE_DATA_MAX));
    let mut last = "";
    for (tag, value) in sorted {
        check_name(tag)?;
        if *tag <= last {
            return Err(error(tag, TagErrorKind::Order));
        }
        last = tag;
        if value.len() > TAG_VALUE_MAX {
            return Err(error(tag, TagErrorKind::ValueLength));
        }
        check_characters(tag, Ans, value)?;
        check_value(tag, value)?;
        let needed = text.len().saturating_add(value.len()).saturating_add(4);
        if needed > PRIVATE_DATA_MAX {
            return Err(error(tag, TagErrorKind::TooLong));
        }
        text.push_str(tag);
        for digit in [value.len() / 10, value.len() % 10] {
            text.push(char::from_digit(u32::try_from(digit).unwrap_or(0), 10).unwrap_or('0'));
        }
        text.push_str(value);
    }
    Ok(text)
}

fn split(rest: &str) -> Result<(&str, &str, &str), TagError> {
    let truncated = |tag| error(tag, TagErrorKind::Truncated);
    let (tag, rest) = rest.split_at_checked(2).ok_or_else(|| truncated(""))?;
    check_name(tag)?;
    let (digits, rest) = rest.split_at_checked(2).ok_or_else(|| truncated(tag))?;
    if !digits.bytes().all(|b| b.is_ascii_digit()) {
        return Err(error(tag, TagErrorKind::Length));
    }
    let length: usize = digits.parse().map_err(|_| error(tag, TagErrorKind::Length))?;
    let (value, rest) = rest.split_at_checked(length).ok_or_else(|| truncated(tag))?;
    Ok((tag, value, rest))
}

fn check_name(tag: &str) -> Result<(), TagError> {
    if tag.len() == 2 && tag.bytes().all(|b| b.is_ascii_alphanumeric()) {
        return Ok(());
    }
    // A name that is no name may be a piece of a value: it is not repeated in the error.
    Err(error("", TagErrorKind::Name))
}

fn check_value(tag: &str, value: &str) -> Result<(), TagError> {
    let Some(spec) = tag_spec(tag) else { return Ok(()) };
    if !(spec.min..=spec.max).contains(&value.len()) {
        return Err(error(tag, TagErrorKind::ValueLength));
    }
    check_characters(tag, spec.format, value)
}

fn check_characters(tag: &str, format: TagFormat, value: &str) -> Result<(), TagError> {
    let allowed = |byte: u8| match format {
        A => byte.is_ascii_alphabetic(),
        An => byte.is_ascii_alphanumeric(),
        Ans => matches!(byte, 0x20..=0x7e),
        N => byte.is_ascii_digit(),
    };
    if value.bytes().all(allowed) { Ok(()) } else { Err(error(tag, TagErrorKind::ValueCharacter)) }
}

fn error(tag: &str, kind: TagErrorKind) -> TagError {
    TagError { tag: tag.to_owned(), kind }
}

impl fmt::Display for TagError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "element 48, tag {:?}: {:?}", self.tag, self.kind)
    }
}

impl std::error::Error for TagError {}

const fn tag(
    tag: &'static str,
    format: TagFormat,
    min: usize,
    max: usize,
    name: &'static str,
) -> TagSpec {
    TagSpec { tag, format, min, max, name }
}

/// The tags of the profile: 01 to 36 in requests, 60 to 69 in answers, 90 to 92 in 08xx.
#[rustfmt::skip]
const TAGS: &[TagSpec] = &[
    tag("01", A, 1, 1, "channel"),
    tag("02", An, 4, 4, "initiator"),
    tag("03", A, 1, 1, "authorization type"),
    tag("04", A, 1, 1, "partial approval accepted"),
    tag("05", A, 2, 2, "network"),
    tag("06", Ans, 1, 50, "order reference"),
    tag("07", Ans, 1, 36, "original network reference"),
    tag("08", An, 12, 12, "original RRN"),
    tag("09", N, 4, 4, "capture sequence"),
    tag("10", A, 1, 1, "capture final"),
    tag("11", N, 4, 4, "message reason"),
    tag("20", N, 1, 1, "card verification presence"),
    tag("21", N, 3, 4, "card verification code"),
    tag("22", Ans, 1, 10, "billing postcode"),
    tag("23", Ans, 1, 30, "billing address"),
    tag("30", An, 2, 2, "ECI"),
    tag("31", Ans, 26, 40, "authentication value"),
    tag("32", Ans, 36, 36, "DS transaction id"),
    tag("33", Ans, 5, 8, "3DS message version"),
    tag("34", A, 1, 1, "final transStatus"),
    tag("35", A, 1, 1, "3DS flow"),
    tag("36", A, 3, 3, "SCA exemption or exclusion"),
    tag("60", A, 1, 1, "card verification result"),
    tag("61", An, 1, 1, "CAVV result"),
    tag("62", A, 1, 1, "AVS result"),
    tag("63", Ans, 1, 36, "network reference"),
    tag("64", An, 2, 2, "merchant advice code"),
    tag("65", An, 1, 4, "scheme response code"),
    tag("66", An, 1, 3, "card product"),
    tag("67", A, 1, 1, "card funding"),
    tag("68", N, 3, 3, "issuer country"),
    tag("69", N, 1, 1, "exemption result"),
    tag("90", Ans, 1, 12, "profile version"),
    tag("91", A, 3, 3, "key type"),
    tag("92", An, 6, 6, "key check value"),
];

#[cfg(test)]
mod tests {
    use super::*;

    fn kind(text: &str) -> TagErrorKind {
        Tags::parse(text).unwrap_err().kind
    }

    #[test]
    fn tags_are_found_by_name_and_listed_in_order() {
        let tags = Tags::parse("0101E0301N0502VIZZ00").unwrap();
        assert_eq!(tags.get("05"), Some("VI"));
        assert_eq!(tags.get("ZZ"), Some(""));
        assert_eq!(tags.get("04"), None);
        let names: Vec<_> = tags.iter().map(|(tag, _)| tag).collect();
        assert_eq!(names, ["01", "03", "05", "ZZ"]);
        assert_eq!(tags.check_values(), Ok(()));
    }

    #[test]
    fn a_broken_structure_is_refused_with_its_place() {
        assert_eq!(kind("0"), TagErrorKind::Truncated);
        assert_eq!(kind("010"), TagErrorKind::Truncated);
        assert_eq!(kind("0102E"), TagErrorKind::Truncated);
        assert_eq!(kind("01+1E"), TagErrorKind::Length);
        assert_eq!(kind("0 01E"), TagErrorKind::Name);
        assert_eq!(kind("0301N0101E"), TagErrorKind::Order);
        assert_eq!(kind("0101E0101E"), TagErrorKind::Order);
        assert_eq!(kind("0101é"), TagErrorKind::Truncated, "a character is never split");
    }

    #[test]
    fn writing_sorts_and_refuses_what_a_reader_would_refuse() {
        assert_eq!(*write(&[("05", "VI"), ("01", "E")]).unwrap(), "0101E0502VI");
        let refused = |tags: &[(&str, &str)]| write(tags).unwrap_err().kind;
        assert_eq!(refused(&[("01", "E"), ("01", "M")]), TagErrorKind::Order);
        assert_eq!(refused(&[("21", "12")]), TagErrorKind::ValueLength);
        assert_eq!(refused(&[("21", "12a")]), TagErrorKind::ValueCharacter);
        assert_eq!(refused(&[("06", "Grüße")]), TagErrorKind::ValueCharacter);
        assert_eq!(refused(&[("ZZ", &"x".repeat(100))]), TagErrorKind::ValueLength);
        let long = "x".repeat(99);
        let many: Vec<String> = (10..20).map(|i| format!("Z{}", i - 10)).collect();
        let all: Vec<(&str, &str)> = many.iter().map(|tag| (&tag[..], &long[..])).collect();
        assert_eq!(refused(&all), TagErrorKind::TooLong);
    }
}
