//! How often a declined payment may be repeated: the schemes fine those who keep trying.
//!
//! "The same" is the same card, merchant and amount. What is known here reaches 24 hours back, so
//! the limits for 30 days are held to as far as that: see the architecture's notes.

use crate::card::Brand;
use crate::decline::{Context, Initiation, Verdict, judge};

/// Repeats that Mastercard allows within 24 hours.
pub const MASTERCARD_DAY_MAX: u32 = 10;
/// Repeats that Visa allows within 30 days.
pub const VISA_MONTH_MAX: u32 = 20;

/// What is known of earlier declines of the same payment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Declines {
    pub count: u32,
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
}

/// Whether the scheme forbids to send the payment once more.
pub fn refused(brand: Brand, declines: Declines) -> Option<RepeatRefused> {
    let max = match brand {
        Brand::Visa => VISA_MONTH_MAX,
        Brand::Mastercard | Brand::Maestro => MASTERCARD_DAY_MAX,
        _ => return None,
    };
    if brand == Brand::Visa && declines.never_again {
        return Some(RepeatRefused::NeverAgain);
    }
    (declines.count >= max).then_some(RepeatRefused::TooOften)
}

/// Whether the issuer's answer code forbids every repeat: Visa's category 1.
///
/// Mastercard says so by an advice code, which is not kept beside the answer.
pub fn forbids_repeats(brand: Brand, response_code: &str) -> bool {
    let context = Context {
        brand,
        initiation: Initiation::PayerOnline,
        eci: None,
        verifies_account: false,
        accepts_part: false,
        cvc_result: None,
        advice: None,
    };
    let verdict = judge(response_code, &context);
    brand == Brand::Visa
        && matches!(verdict, Verdict::Declined(decline) if decline.visa_category == Some(1))
}
