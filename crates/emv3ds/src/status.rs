//! The outcome of an authentication, in the one letter of the standard.
//!
//! Says what a letter means and in which message it may stand; not what a merchant does with it.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::version::Version;

/// `transStatus`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum TransStatus {
    /// Authenticated.
    Y,
    /// Not authenticated: denied.
    N,
    /// Could not be performed.
    U,
    /// Attempted; the proof of it is given.
    A,
    /// A challenge is required.
    C,
    /// A challenge is required, decoupled from the browser.
    D,
    /// Rejected by the issuer: an authorization must not be attempted.
    R,
    /// Informational: the requestor's preference (no challenge, data only) was noted.
    I,
    /// A challenge is required, by secure payment confirmation.
    S,
}

impl TransStatus {
    pub const ALL: [TransStatus; 9] = [
        TransStatus::Y,
        TransStatus::N,
        TransStatus::U,
        TransStatus::A,
        TransStatus::C,
        TransStatus::D,
        TransStatus::R,
        TransStatus::I,
        TransStatus::S,
    ];

    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            TransStatus::Y => "Y",
            TransStatus::N => "N",
            TransStatus::U => "U",
            TransStatus::A => "A",
            TransStatus::C => "C",
            TransStatus::D => "D",
            TransStatus::R => "R",
            TransStatus::I => "I",
            TransStatus::S => "S",
        }
    }

    /// Whether an ARes of this version may say so.
    #[must_use]
    pub fn allowed_in_ares(self, version: Version) -> bool {
        match self {
            TransStatus::Y
            | TransStatus::N
            | TransStatus::U
            | TransStatus::A
            | TransStatus::C
            | TransStatus::R => true,
            TransStatus::D | TransStatus::I => version >= Version::V220,
            TransStatus::S => version >= Version::V231,
        }
    }

    /// Whether an RReq may say so: a result is final.
    #[must_use]
    pub fn allowed_in_rreq(self) -> bool {
        matches!(
            self,
            TransStatus::Y | TransStatus::N | TransStatus::U | TransStatus::A | TransStatus::R
        )
    }

    /// Whether the last CRes may say so.
    #[must_use]
    pub fn allowed_in_cres(self) -> bool {
        matches!(self, TransStatus::Y | TransStatus::N)
    }

    /// Whether the status comes with an authentication value.
    #[must_use]
    pub fn carries_value(self) -> bool {
        matches!(self, TransStatus::Y | TransStatus::A)
    }

    /// Whether the status comes with a `transStatusReason`.
    #[must_use]
    pub fn carries_reason(self) -> bool {
        matches!(self, TransStatus::N | TransStatus::U | TransStatus::R)
    }
}

impl FromStr for TransStatus {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<TransStatus, &'static str> {
        let found = TransStatus::ALL.into_iter().find(|it| it.as_str() == text);
        found.ok_or("transStatus is one of Y N U A C D R I S")
    }
}

impl fmt::Display for TransStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Serialize for TransStatus {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl<'de> Deserialize<'de> for TransStatus {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<TransStatus, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}
