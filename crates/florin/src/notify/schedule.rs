//! When a notification that was not acknowledged is tried again. Pure.
//!
//! All attempts are counted from the first, so that a slow receiver does not shift them.

use crate::clock::UnixMillis;

/// Attempts of a notification in all: the first and three repeats.
pub const ATTEMPTS_MAX: u32 = 4;
/// Time between attempts unless set otherwise: 15 minutes.
pub const INTERVAL_MS: i64 = 15 * 60 * 1000;

/// The repeats of a notification.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Schedule {
    /// Time between attempts, in milliseconds.
    pub interval_ms: i64,
}

impl Default for Schedule {
    fn default() -> Schedule {
        Schedule { interval_ms: INTERVAL_MS }
    }
}

impl Schedule {
    /// When to try again after `attempts` failed ones, the first of which was at `first_attempt_at`;
    /// `None` when there is no attempt left.
    #[must_use]
    pub fn next_due(self, attempts: u32, first_attempt_at: UnixMillis) -> Option<UnixMillis> {
        let waited = self.interval_ms.saturating_mul(i64::from(attempts));
        (attempts < ATTEMPTS_MAX).then(|| first_attempt_at.saturating_add(waited))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MINUTE: i64 = 60_000;

    #[test]
    fn repeats_come_15_30_and_45_minutes_after_the_first_attempt() {
        let due = |attempts| Schedule::default().next_due(attempts, 1_000);
        assert_eq!(due(1), Some(1_000 + 15 * MINUTE));
        assert_eq!(due(2), Some(1_000 + 30 * MINUTE));
        assert_eq!(due(3), Some(1_000 + 45 * MINUTE));
        assert_eq!(due(4), None);
        assert_eq!(due(u32::MAX), None);
    }

    #[test]
    fn before_the_first_attempt_it_is_due_at_once() {
        assert_eq!(Schedule::default().next_due(0, 1_000), Some(1_000));
    }

    #[test]
    fn the_interval_can_be_set_and_never_overflows() {
        assert_eq!(Schedule { interval_ms: 10 }.next_due(3, 5), Some(35));
        assert_eq!(Schedule { interval_ms: i64::MAX }.next_due(3, 5), Some(i64::MAX));
    }
}
