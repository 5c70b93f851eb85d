//! How often a declined payment may be repeated: the schemes fine those who keep trying.
//!
//! "The same" is the same card, merchant and amount. The limits are data, as the schemes publish
//! them; whoever knows the earlier declines asks here.

use crate::card::Brand;
use crate::decline::{Context, GatewayDecline, Initiation, Verdict, judge};
use crate::payment::Instant;

const DAY_MS: i64 = 24 * 60 * 60 * 1000;

/// What a scheme allows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limit {
    /// Declines of the same payment that are looked back at, in milliseconds.
    pub within_ms: i64,
    /// As many declines forbid another attempt.
    pub declines_max: u32,
}

const fn limit(days: i64, declines_max: u32) -> Limit {
    Limit { within_ms: days.saturating_mul(DAY_MS), declines_max }
}

/// Visa: 20 in 30 days.
const VISA: &[Limit] = &[limit(30, 20)];
/// Mastercard: 10 in 24 hours and 35 in 30 days.
const MASTERCARD: &[Limit] = &[limit(1, 10), limit(30, 35)];

/// How long a decline counts.
const COUNTED_MS: i64 = 30 * DAY_MS;
/// How long an issuer's "never" is remembered. The schemes set no end; a card has one, and what is
/// kept of a payer has to.
const NEVER_MS: i64 = 366 * DAY_MS;

/// Mastercard's advice codes that end it: do not try again, and stop what recurs.
const NEVER_BY_ADVICE: [&str; 2] = ["03", "21"];

/// The limits of a scheme; none where it sets none.
pub fn limits(brand: Brand) -> &'static [Limit] {
    match brand {
        Brand::Visa => VISA,
        Brand::Mastercard | Brand::Maestro => MASTERCARD,
        _ => &[],
    }
}

/// What is known of earlier declines of the same payment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Declines<'a> {
    /// When the issuer declined it.
    pub at: &'a [Instant],
    /// Others of the same payment that are under way: each may be declined as well.
    pub under_way: u32,
    /// The issuer said once that this card must never be tried again.
    pub never_again: bool,
}

/// Why the payment is not repeated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RepeatRefused {
    NeverAgain,
    TooOften,
}

impl RepeatRefused {
    /// The name that reports use.
    pub fn name(self) -> &'static str {
        match self {
            RepeatRefused::NeverAgain => "repeat_never",
            RepeatRefused::TooOften => "repeat_limit",
        }
    }

    /// What the merchant reads.
    pub fn decline(self) -> GatewayDecline {
        match self {
            RepeatRefused::NeverAgain => GatewayDecline::NeverAgain,
            RepeatRefused::TooOften => GatewayDecline::RepeatedTooOften,
        }
    }
}

/// Whether the scheme forbids to send the payment once more.
pub fn refused(brand: Brand, declines: Declines<'_>, now: Instant) -> Option<RepeatRefused> {
    let limits = limits(brand);
    if declines.never_again && !limits.is_empty() {
        return Some(RepeatRefused::NeverAgain);
    }
    let is_reached = |limit: &Limit| {
        let since = now.saturating_sub(limit.within_ms);
        let counted = declines.at.iter().filter(|at| **at > since).count();
        let counted = u32::try_from(counted).unwrap_or(u32::MAX);
        // What was never declined is no repeat, however often it is paid at once.
        counted > 0 && counted.saturating_add(declines.under_way) >= limit.declines_max
    };
    limits.iter().any(is_reached).then_some(RepeatRefused::TooOften)
}

/// How long a decline is remembered, in milliseconds; `None` where the scheme sets no limits.
pub fn remembered_ms(brand: Brand, for_good: bool) -> Option<i64> {
    let ms = if for_good { NEVER_MS } else { COUNTED_MS };
    (!limits(brand).is_empty()).then_some(ms)
}

/// Whether the issuer's answer forbids every repeat: Visa's category 1 by its code, Mastercard by
/// its advice.
pub fn forbids_repeats(brand: Brand, response_code: &str, advice: Option<&str>) -> bool {
    let context = Context {
        brand,
        initiation: Initiation::PayerOnline,
        eci: None,
        verifies_account: false,
        accepts_part: false,
        cvc_result: None,
        advice: None,
    };
    let Verdict::Declined(decline) = judge(response_code, &context) else { return false };
    match brand {
        Brand::Visa => decline.visa_category == Some(1),
        Brand::Mastercard | Brand::Maestro => {
            advice.is_some_and(|code| NEVER_BY_ADVICE.contains(&code))
        }
        _ => false,
    }
}
