//! Why the store did not do what it was asked to.
//!
//! Each variant is one thing that a caller can do about it. No stored value is ever in a message.

use std::error::Error;
use std::fmt;

/// Why the store did not do what it was asked to.
#[derive(Debug)]
pub enum StoreError {
    /// Too much waits already. Nothing was done; later it may work.
    Busy,
    /// The database cannot be used right now. Nothing was done.
    Unavailable {
        /// What was being done.
        doing: &'static str,
        /// What stood in the way.
        source: Box<dyn Error + Send + Sync>,
    },
    /// The database was lost while it worked: the change is there or not, and only reading tells.
    OutcomeUnknown {
        /// What was being done.
        doing: &'static str,
        /// What happened.
        source: Box<dyn Error + Send + Sync>,
    },
    /// What was asked contradicts itself or the tables. Nothing was done, and trying again will
    /// not help: a mistake of the caller.
    Rejected {
        /// What was being done.
        doing: &'static str,
        /// The rule that was broken.
        reason: String,
    },
}

impl StoreError {
    /// Nothing was done; `source` says why.
    pub fn unavailable(
        doing: &'static str,
        source: impl Into<Box<dyn Error + Send + Sync>>,
    ) -> StoreError {
        StoreError::Unavailable { doing, source: source.into() }
    }

    /// The same error, for another one who waited for the same thing.
    pub(super) fn repeated(&self) -> StoreError {
        match self {
            StoreError::Busy => StoreError::Busy,
            StoreError::Unavailable { doing, source } => {
                StoreError::unavailable(doing, source.to_string())
            }
            StoreError::OutcomeUnknown { doing, source } => {
                StoreError::OutcomeUnknown { doing, source: source.to_string().into() }
            }
            StoreError::Rejected { doing, reason } => StoreError::rejected(doing, reason.as_str()),
        }
    }

    /// Nothing was done, for `reason`.
    pub fn rejected(doing: &'static str, reason: impl Into<String>) -> StoreError {
        StoreError::Rejected { doing, reason: reason.into() }
    }
}

impl fmt::Display for StoreError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            StoreError::Busy => write!(f, "the database has too much to do"),
            StoreError::Unavailable { doing, source } => {
                write!(f, "the database is not available to {doing}: {source}")
            }
            StoreError::OutcomeUnknown { doing, source } => {
                write!(f, "the database was lost while it had to {doing}: {source}")
            }
            StoreError::Rejected { doing, reason } => {
                write!(f, "the database refused to {doing}: {reason}")
            }
        }
    }
}

impl Error for StoreError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            StoreError::Unavailable { source, .. } | StoreError::OutcomeUnknown { source, .. } => {
                Some(source.as_ref())
            }
            StoreError::Busy | StoreError::Rejected { .. } => None,
        }
    }
}
