//! The last calls of the API, for whoever builds a shop: what was asked, what was answered.
//!
//! In memory only, of this process only. What gets in is clean already (`mask`): never a card number,
//! a card code or a key. Bodies are kept for test sites, and of so many calls a second.

mod mask;

use std::sync::atomic::{AtomicU64, Ordering};

use serde::Serialize;
use serde_json::Value;

pub use mask::Mask;

use crate::clock::UnixMillis;
use crate::limits::{LOGGED_BODIES_PER_SECOND_MAX, LOGGED_BYTES_MAX, LOGGED_CALLS_MAX};
use crate::ring::Ring;

/// A call as it is told. Without card data and keys.
#[derive(Clone, Debug, Serialize)]
pub struct LoggedCall {
    /// When it came, in milliseconds since 1970, by the gateway's clock.
    pub at: UnixMillis,
    /// The site whose key it had; none where it had no good one.
    pub site: Option<i64>,
    pub method: String,
    /// With its query.
    pub path: String,
    /// HTTP status of the answer; none where the caller did not wait for it.
    pub status: Option<u16>,
    /// From its head to its answer, in milliseconds.
    pub ms: u64,
    pub order_id: Option<String>,
    /// Code and text of a refusal.
    pub error_code: Option<u64>,
    pub error_info: Option<String>,
    /// What was sent and answered, where bodies are kept.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bodies: Option<Bodies>,
}

/// What was sent and what was answered; a text in brackets where there is nothing to show.
#[derive(Clone, Debug, Serialize)]
pub struct Bodies {
    pub request: Value,
    pub answer: Value,
}

impl LoggedCall {
    /// The same without bodies.
    pub fn without_bodies(&self) -> LoggedCall {
        LoggedCall { bodies: None, ..self.clone() }
    }
}

/// The calls of this process.
pub struct CallLog {
    pub calls: Ring<LoggedCall>,
    /// Seconds of the clock, and how many bodies were kept in that one: 40 and 24 bits.
    kept: AtomicU64,
}

impl Default for CallLog {
    fn default() -> CallLog {
        let calls = Ring::new(LOGGED_CALLS_MAX, LOGGED_BYTES_MAX);
        CallLog { calls, kept: AtomicU64::new(0) }
    }
}

impl CallLog {
    /// Whether the bodies of one more call can be looked at in this second: under load they are
    /// not, for that takes time from payments.
    pub fn takes_bodies(&self, now: UnixMillis) -> bool {
        const COUNT_BITS: u32 = 24;
        let second = u64::try_from(now.div_euclid(1000)).unwrap_or(0) << COUNT_BITS;
        let before = self.kept.load(Ordering::Relaxed);
        let count = if before >> COUNT_BITS == second >> COUNT_BITS { before - second } else { 0 };
        if count >= LOGGED_BODIES_PER_SECOND_MAX {
            return false;
        }
        // Two at once may count as one: the bound is about load, not about truth.
        self.kept.store(second | (count + 1), Ordering::Relaxed);
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn so_many_bodies_a_second_and_no_more() {
        let log = CallLog::default();
        let taken = |now| (0..1000).filter(|_| log.takes_bodies(now)).count() as u64;
        assert_eq!(taken(1_778_493_667_000), LOGGED_BODIES_PER_SECOND_MAX);
        assert_eq!(taken(1_778_493_667_999), 0);
        assert_eq!(taken(1_778_493_668_000), LOGGED_BODIES_PER_SECOND_MAX);
    }
}
