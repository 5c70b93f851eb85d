//! Protocol versions: those that are spoken here, and ranges that others announce.
//!
//! A range may end at a version that does not exist for us yet, so its ends are numbers.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A version whose messages are understood here. Ordered by age.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Version {
    V210,
    /// The base version: what everybody speaks.
    #[default]
    V220,
    V231,
}

/// The versions from `start` to `end`, both included, as a directory server or an ACS names them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct VersionRange {
    start: [u16; 3],
    end: [u16; 3],
}

/// Not one of the versions that are spoken here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UnknownVersion;

impl Version {
    /// All of them, oldest first.
    pub const ALL: [Version; 3] = [Version::V210, Version::V220, Version::V231];

    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Version::V210 => "2.1.0",
            Version::V220 => "2.2.0",
            Version::V231 => "2.3.1",
        }
    }

    /// The highest of `own` that every one of `ranges` (directory server, ACS) contains.
    #[must_use]
    pub fn highest_common(own: &[Version], ranges: &[VersionRange]) -> Option<Version> {
        own.iter().copied().filter(|version| ranges.iter().all(|it| it.contains(*version))).max()
    }

    /// The versions that a text names, such as the `errorDetail` of error 102, oldest first.
    ///
    /// The standard leaves the separator open, so anything that is no digit or dot separates.
    #[must_use]
    pub fn named_in(text: &str) -> Vec<Version> {
        let words = text.split(|c: char| !c.is_ascii_digit() && c != '.');
        let mut named: Vec<Version> =
            words.filter_map(|word| word.trim_matches('.').parse().ok()).collect();
        named.sort_unstable();
        named.dedup();
        named
    }

    fn numbers(self) -> [u16; 3] {
        match self {
            Version::V210 => [2, 1, 0],
            Version::V220 => [2, 2, 0],
            Version::V231 => [2, 3, 1],
        }
    }
}

impl VersionRange {
    /// Reads both ends; `None` when one is not three numbers or the end lies before the start.
    #[must_use]
    pub fn parse(start: &str, end: &str) -> Option<VersionRange> {
        let (start, end) = (numbers(start)?, numbers(end)?);
        (start <= end).then_some(VersionRange { start, end })
    }

    #[must_use]
    pub fn contains(self, version: Version) -> bool {
        (self.start..=self.end).contains(&version.numbers())
    }
}

fn numbers(text: &str) -> Option<[u16; 3]> {
    let mut parts = text.split('.');
    let mut next =
        || parts.next().filter(|it| it.bytes().all(|b| b.is_ascii_digit()))?.parse().ok();
    let numbers = [next()?, next()?, next()?];
    // 2.3.1.1 is an edition of the text; on the wire it is 2.3.1.
    parts.next().is_none().then_some(numbers)
}

impl FromStr for Version {
    type Err = UnknownVersion;

    fn from_str(text: &str) -> Result<Version, UnknownVersion> {
        Version::ALL.into_iter().find(|it| it.as_str() == text).ok_or(UnknownVersion)
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Display for UnknownVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("this version of EMV 3-D Secure is not known here")
    }
}

impl std::error::Error for UnknownVersion {}

impl Serialize for Version {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl<'de> Deserialize<'de> for Version {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Version, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_version_of_a_transaction_is_the_highest_that_all_speak() {
        let range = |start, end| VersionRange::parse(start, end).unwrap();
        let common = |own: &[Version], ds, acs| Version::highest_common(own, &[ds, acs]);
        let both = [Version::V220, Version::V231];
        assert_eq!(
            common(&both, range("2.2.0", "2.3.1"), range("2.2.0", "2.2.0")),
            Some(Version::V220)
        );
        assert_eq!(
            common(&both, range("2.1.0", "2.10.0"), range("2.2.0", "3.0.0")),
            Some(Version::V231)
        );
        assert_eq!(common(&both, range("2.1.0", "2.1.0"), range("2.1.0", "2.3.1")), None);
        assert_eq!(common(&[], range("2.1.0", "2.3.1"), range("2.1.0", "2.3.1")), None);
    }

    #[test]
    fn a_range_has_two_versions_in_order() {
        assert!(VersionRange::parse("2.3.1", "2.2.0").is_none());
        for odd in ["", "2", "2.2", "2.2.0.1", "2.x.0", "+2.2.0", "2.2.99999"] {
            assert!(VersionRange::parse(odd, "9.9.9").is_none(), "{odd}");
        }
    }

    #[test]
    fn an_error_detail_names_versions_in_any_punctuation() {
        assert_eq!(Version::named_in("2.3.1, 2.2.0"), [Version::V220, Version::V231]);
        assert_eq!(Version::named_in("supported: [\"2.1.0\"]."), [Version::V210]);
        assert_eq!(Version::named_in("12.2.0 2.2.01"), []);
    }
}
