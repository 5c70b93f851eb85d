//! Whether an approved payment is held for review, by rules that are data.
//!
//! A rule names cards by their keyed fingerprint and says what a hit does. A payment that no rule
//! holds passes.

use crate::payment::{Instant, Review, ReviewVerdict};

/// Scores above this are held (the contract: 1 to 5 passes).
pub const SCORE_PASSES_MAX: u8 = 5;

/// Five days, after which a held payment that nobody decided on is given up.
pub const REVIEW_MS_DEFAULT: i64 = 5 * 24 * 60 * 60 * 1000;

/// What is known of a card: a keyed hash of its number.
pub type Fingerprint = [u8; 32];

/// One entry of a site's review list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReviewRule {
    pub card: Fingerprint,
    /// 1 to 10.
    pub score: u8,
    /// What happens when nobody decides in time.
    pub default: ReviewVerdict,
    /// Milliseconds from the approval.
    pub after_ms: i64,
}

/// The review that an approval at `now` starts, if a rule holds the card.
pub fn review(rules: &[ReviewRule], card: &Fingerprint, now: Instant) -> Option<Review> {
    rules
        .iter()
        .filter(|rule| rule.score > SCORE_PASSES_MAX && rule.card == *card)
        .max_by_key(|rule| rule.score)
        .map(|rule| Review {
            score: rule.score,
            default: rule.default,
            until: now.saturating_add(rule.after_ms),
        })
}
