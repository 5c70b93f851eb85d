//! Whether a payment is taken, held for review, or refused: by rules that are data.
//!
//! Facts come in, a score with its reasons comes out. An approved payment whose score is above
//! [`SCORE_PASSES_MAX`] is held: its authorization is kept and its capture withheld until somebody
//! decides. A site's review list names cards whose score is fixed, whatever the rules say.

pub mod rules;
pub mod blocked;
pub mod tables;
pub mod limits;
pub mod repeats;

use crate::payment::{Instant, Review, ReviewVerdict};
use rules::Assessment;

/// Scores above this are held (the contract: 1 to 5 passes).
pub const SCORE_PASSES_MAX: u8 = 5;

/// Scores above this are the operator's to decide, not the merchant's. The contract names 8 in
/// both bands; here it is the merchant's.
pub const SCORE_MERCHANT_MAX: u8 = 8;

/// Five days, after which a held payment that nobody decided on is given up.
pub const REVIEW_MS_DEFAULT: i64 = 5 * 24 * 60 * 60 * 1000;

/// What is known of a card: a keyed hash of its number.
pub type Fingerprint = [u8; 32];

/// Who may end the review of a payment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Band {
    /// It is not held.
    Passes,
    /// The merchant; the operator's Risk department may as well.
    Merchant,
    /// The operator's Risk department alone.
    Risk,
}

/// The band of a score.
pub fn band(score: u8) -> Band {
    if score <= SCORE_PASSES_MAX {
        Band::Passes
    } else if score <= SCORE_MERCHANT_MAX {
        Band::Merchant
    } else {
        Band::Risk
    }
}

/// One entry of a site's review list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReviewRule {
    pub card: Fingerprint,
    /// 1 to 10; up to [`SCORE_PASSES_MAX`] the card passes whatever the rules say.
    pub score: u8,
    /// What happens when nobody decides in time.
    pub default: ReviewVerdict,
    /// Milliseconds from the approval.
    pub after_ms: i64,
}

/// The entry of the review list that counts for the card: the one with the highest score.
pub fn listed<'a>(list: &'a [ReviewRule], card: &Fingerprint) -> Option<&'a ReviewRule> {
    list.iter().filter(|rule| rule.card == *card).max_by_key(|rule| rule.score)
}

/// The review that an approval at `now` starts, if the payment is held: as the review list says,
/// else as the rules say.
pub fn hold(listed: Option<&ReviewRule>, assessment: &Assessment, now: Instant) -> Option<Review> {
    let (score, default, after_ms) = match listed {
        Some(rule) => (rule.score, rule.default, rule.after_ms),
        None => (assessment.score, ReviewVerdict::Decline, REVIEW_MS_DEFAULT),
    };
    (band(score) != Band::Passes).then(|| Review {
        score,
        default,
        until: now.saturating_add(after_ms),
    })
}

#[cfg(test)]
mod tests;
