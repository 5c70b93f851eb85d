//! What the issuer's answer code means: approved or not, why, and whether to try again.
//!
//! Codes are those of data element 39 of ISO 8583; the reasons and their numbers are those that
//! merchants of the API read. Outcomes of 3-D Secure have a table of their own, elsewhere.

mod table;

use std::fmt;

use crate::card::Brand;
use table::TABLE;

use Category::{Approved, Fraud, Hard, Retryable, Soft};
use Retry::{AfterFix, ByAdvice, Later, Never, NeverUnchanged, WithSca};

/// The `reason_code` of every refusal that has no number of its own.
pub const OTHER: &str = "4999";

/// What kind of answer a code is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Category {
    /// Yes.
    Approved,
    /// No, unless the payer is authenticated.
    Soft,
    /// No for now; the same payment may work later.
    Retryable,
    /// No.
    Hard,
    /// No, and the card is blocked.
    PickUp,
    /// No, on suspicion. The payer is never told.
    Fraud,
}

/// When another attempt with the same card makes sense.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Retry {
    /// There is nothing to repeat.
    No,
    /// Never with this card.
    Never,
    /// Never with the same data.
    NeverUnchanged,
    /// With corrected data.
    AfterFix,
    /// Another time, within the limits of the scheme.
    Later,
    /// On another day.
    NextDay,
    /// Once, with a new trace number, after the first was reversed.
    Technical,
    /// After the payer has spoken to the issuer.
    AfterContact,
    /// With strong customer authentication.
    WithSca,
    /// As the merchant advice code says.
    ByAdvice,
}

/// A refusal, in the words of the API.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Decline {
    /// What kind of refusal.
    pub category: Category,
    /// When another attempt makes sense.
    pub retry: Retry,
    /// Visa's class of repeats: 1 never, 2 not now, 3 correct the data, 4 generic.
    pub visa_category: Option<u8>,
    /// `reason_code` of the order: `4001` to `4005` or `4999`.
    pub reason_code: &'static str,
    /// `reason` of the order.
    pub reason: &'static str,
    /// Whether something may have been reserved all the same, so that a reversal is owed.
    pub reverse: bool,
}

/// What the answer to an authorization request says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The whole amount.
    Approved,
    /// A part of it; how much is in the answer's amount.
    ApprovedInPart,
    /// The answer is not final: another one follows, or the time runs out.
    NotYet,
    /// No.
    Declined(Decline),
}

/// What a code means depends on the payment that it answers.
#[derive(Clone, Copy, Debug)]
pub struct Context<'a> {
    /// The network that the request named.
    pub brand: Brand,
    /// Who started the payment and how.
    pub initiation: Initiation,
    /// The electronic commerce indicator that was sent, if any.
    pub eci: Option<&'a str>,
    /// Whether the request verified an account (amount zero).
    pub verifies_account: bool,
    /// Whether the request allowed an approval of a part.
    pub accepts_part: bool,
    /// The result of checking the card's code, one letter: `N` is no match.
    pub cvc_result: Option<&'a str>,
    /// The merchant advice code, two characters.
    pub advice: Option<&'a str>,
}

/// Who started a payment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Initiation {
    /// The payer, in a shop on the internet: can be asked to authenticate.
    PayerOnline,
    /// The payer, by mail or telephone.
    PayerRemote,
    /// The merchant, with a stored card.
    Merchant,
}

/// Reads the answer to an authorization request.
pub fn judge(code: &str, context: &Context<'_>) -> Verdict {
    if context.verifies_account && code == "85" {
        return Verdict::Approved;
    }
    match code {
        "00" | "11" => return Verdict::Approved,
        "10" if context.accepts_part => return Verdict::ApprovedInPart,
        // Part of the amount is held at the issuer and nobody asked for that.
        "10" => return Verdict::Declined(with_reversal(NOT_THE_WHOLE)),
        "09" => return Verdict::NotYet,
        _ => {}
    }
    let found = overridden(code, context).unwrap_or_else(|| by_table(code));
    match found.category {
        // An approval of a kind that this link does not take.
        Approved => Verdict::Declined(with_reversal(UNKNOWN)),
        _ => Verdict::Declined(found),
    }
}

/// What becomes of an advice (capture or reversal) after its answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AdviceOutcome {
    /// It is done, or there was nothing to do.
    Done,
    /// Send it again.
    Repeat,
    /// Sending it again will not help: somebody has to look.
    Stop,
}

/// Reads the answer to a reversal (0410, 0430).
pub fn judge_reversal(code: &str) -> AdviceOutcome {
    match code {
        "00" | "21" | "25" | "76" | "79" | "80" | "94" => AdviceOutcome::Done,
        _ => repeat_or_stop(code),
    }
}

/// Reads the answer to a capture (0230).
pub fn judge_capture(code: &str) -> AdviceOutcome {
    match code {
        "00" | "94" => AdviceOutcome::Done,
        _ => repeat_or_stop(code),
    }
}

/// Refusals that no issuer sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GatewayDecline {
    /// No answer in time, or the link was lost after sending.
    NoAnswer,
    /// The link was not signed on; nothing was sent.
    LinkDown,
    /// The answer does not fit the request, or cannot be read.
    InvalidAnswer,
    /// The card data cannot be right: check digit, length, date, code, or another brand than the
    /// order names.
    CardData,
    /// The fraud rules of the gateway.
    FraudRules,
    /// The issuer said of the same payment that it must not be tried again.
    NeverAgain,
    /// The same payment was declined as often as the card's scheme allows.
    RepeatedTooOften,
    /// The merchant takes authenticated cards only, and this one was not.
    OnlyAuthenticated,
    /// The payer cancelled the challenge.
    ChallengeCancelled,
    /// The challenge was not finished in time.
    ChallengeTimedOut,
    /// The card does not take part in 3-D Secure and the payment needs it.
    NotEnrolled,
    /// The provider of another method than a card refused.
    Provider,
    /// Nothing is left on a gift card.
    NoBalance,
    /// A fault of the gateway after the payer was authenticated.
    Internal,
}

impl GatewayDecline {
    /// `reason_code` of the order.
    pub fn reason_code(self) -> &'static str {
        match self {
            GatewayDecline::CardData => "4005",
            // As for a card without cover.
            GatewayDecline::NoBalance => "4002",
            GatewayDecline::Internal => "5999",
            _ => OTHER,
        }
    }

    /// `reason` of the order.
    pub fn reason(self) -> &'static str {
        match self {
            GatewayDecline::NoAnswer | GatewayDecline::LinkDown => {
                "Authorization or issuer system inoperative"
            }
            GatewayDecline::InvalidAnswer => "System error",
            GatewayDecline::CardData => "Expired card, or Invalid Account Number",
            GatewayDecline::FraudRules => "Declined by Florin",
            GatewayDecline::NeverAgain => {
                "Declined by Florin: the issuer does not allow this card to be tried again"
            }
            GatewayDecline::RepeatedTooOften => {
                "Declined by Florin: the card scheme allows no further attempt for now"
            }
            GatewayDecline::OnlyAuthenticated => "3D Secure-authenticated cards",
            GatewayDecline::ChallengeCancelled => "3D Secure authentication cancelled",
            GatewayDecline::ChallengeTimedOut => "Transaction timed out (ACS)",
            GatewayDecline::NotEnrolled => "Cardholder not enrolled in service",
            GatewayDecline::Provider => "Declined by the payment method",
            GatewayDecline::NoBalance => "Insufficient balance",
            GatewayDecline::Internal => "Internal System Error",
        }
    }

    /// Whether the issuer may have said yes all the same, so that a reversal is owed.
    pub fn owes_reversal(self) -> bool {
        matches!(self, GatewayDecline::NoAnswer | GatewayDecline::InvalidAnswer)
    }
}

impl fmt::Display for GatewayDecline {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.reason())
    }
}

const UNKNOWN: Decline = decline(Hard, NeverUnchanged, OTHER, "Declined");
const NOT_THE_WHOLE: Decline = decline(Retryable, Later, "4002", "Insufficient funds");
const STEP_UP: Decline =
    Decline { visa_category: Some(3), ..decline(Soft, WithSca, "4004", "Soft decline") };
const NO_STEP_UP: Decline =
    decline(Hard, NeverUnchanged, OTHER, "Additional customer authentication required");

const fn decline(
    category: Category,
    retry: Retry,
    reason_code: &'static str,
    reason: &'static str,
) -> Decline {
    Decline { category, retry, visa_category: None, reason_code, reason, reverse: false }
}

fn with_reversal(decline: Decline) -> Decline {
    Decline { reverse: true, ..decline }
}

fn repeat_or_stop(code: &str) -> AdviceOutcome {
    match code {
        "06" | "09" | "19" | "20" | "22" | "28" | "68" | "80" | "90" | "91" | "92" | "96"
        | "98" => AdviceOutcome::Repeat,
        _ => AdviceOutcome::Stop,
    }
}

/// Codes that networks use in a sense of their own, before the table is asked.
fn overridden(code: &str, context: &Context<'_>) -> Option<Decline> {
    let mastercard = matches!(context.brand, Brand::Mastercard | Brand::Maestro);
    let merchant = context.initiation == Initiation::Merchant;
    let online = context.initiation == Initiation::PayerOnline;
    let authenticated = matches!(context.eci, Some("01" | "02"));
    let code_mismatch = context.cvc_result == Some("N");
    match code {
        "65" if mastercard && merchant => Some(NO_STEP_UP),
        "65" if mastercard && online && !authenticated => Some(STEP_UP),
        "1A" if merchant => Some(NO_STEP_UP),
        "81" if context.brand == Brand::CartesBancaires => Some(STEP_UP),
        "79" if mastercard && matches!(context.advice, Some("01" | "03")) => {
            Some(decline(Hard, Never, "4005", "Expired card, or Invalid Account Number"))
        }
        "82" if mastercard => {
            Some(decline(Hard, ByAdvice, OTHER, "Transaction not permitted to cardholder"))
        }
        "83" if mastercard => Some(decline(Fraud, ByAdvice, "4003", "Suspected fraud")),
        "05" | "51" | "57" | "59" | "63"
            if code_mismatch && matches!(context.brand, Brand::Amex | Brand::Discover) =>
        {
            Some(decline(Hard, AfterFix, OTHER, "Card type verification error"))
        }
        "05" if code_mismatch => Some(decline(Hard, AfterFix, OTHER, "Decline for CVV2 failure")),
        _ => None,
    }
}

fn by_table(code: &str) -> Decline {
    TABLE.iter().find(|row| row.code == code).map_or(UNKNOWN, |row| row.decline)
}

#[cfg(test)]
mod tests {
    use super::Category::PickUp;
    use super::*;

    const ONLINE: Context<'static> = Context {
        brand: Brand::Visa,
        initiation: Initiation::PayerOnline,
        eci: None,
        verifies_account: false,
        accepts_part: false,
        cvc_result: None,
        advice: None,
    };

    #[track_caller]
    fn check(code: &str, context: Context<'_>, expected: (Category, Retry, &str, &str)) {
        let Verdict::Declined(it) = judge(code, &context) else { panic!("{code} is no decline") };
        assert_eq!((it.category, it.retry, it.reason_code, it.reason), expected, "{code}");
    }

    #[test]
    fn a_refusal_has_its_number_and_text() {
        check("05", ONLINE, (Retryable, Later, "4001", "Do not honor"));
        check("51", ONLINE, (Retryable, Later, "4002", "Insufficient funds"));
        check("59", ONLINE, (Fraud, Later, "4003", "Suspected fraud"));
        check("1A", ONLINE, (Soft, WithSca, "4004", "Soft decline"));
        check("54", ONLINE, (Hard, AfterFix, "4005", "Expired card, or Invalid Account Number"));
        check("41", ONLINE, (PickUp, Never, "4999", "Pick up the card"));
        check("N7", ONLINE, (Hard, AfterFix, "4999", "Decline for CVV2 failure"));
        check("??", ONLINE, (Hard, NeverUnchanged, "4999", "Declined"));
        check("", ONLINE, (Hard, NeverUnchanged, "4999", "Declined"));
    }

    #[test]
    fn only_a_named_code_is_an_approval() {
        for row in &TABLE {
            let approved = matches!(judge(row.code, &ONLINE), Verdict::Approved);
            assert_eq!(approved, matches!(row.code, "00" | "11"), "{}", row.code);
        }
        let verifies = Context { verifies_account: true, ..ONLINE };
        assert_eq!(judge("85", &verifies), Verdict::Approved);
        assert_eq!(judge("10", &Context { accepts_part: true, ..ONLINE }), Verdict::ApprovedInPart);
        assert_eq!(judge("09", &ONLINE), Verdict::NotYet);
    }

    #[test]
    fn an_approval_that_is_not_taken_is_reversed() {
        for code in ["08", "10", "16", "85", "87", "68", "32"] {
            let Verdict::Declined(decline) = judge(code, &ONLINE) else { panic!("{code}") };
            assert!(decline.reverse, "{code}");
            assert!(!decline.reason.is_empty() && !decline.reason_code.is_empty());
        }
        check("10", ONLINE, (Retryable, Later, "4002", "Insufficient funds"));
        let Verdict::Declined(decline) = judge("05", &ONLINE) else { panic!("05") };
        assert!(!decline.reverse);
    }

    #[test]
    fn networks_use_some_codes_in_their_own_sense() {
        let mastercard = Context { brand: Brand::Mastercard, ..ONLINE };
        let soft = (Soft, WithSca, "4004", "Soft decline");
        let hard = (Hard, NeverUnchanged, "4999", "Additional customer authentication required");
        check("65", mastercard, soft);
        check("65", Context { eci: Some("00"), ..mastercard }, soft);
        let plain = (Retryable, Later, "4999", "Insufficient funds or over credit limit");
        check("65", Context { eci: Some("02"), ..mastercard }, plain);
        check("65", ONLINE, plain);
        let absent = Context { initiation: Initiation::Merchant, ..mastercard };
        check("65", absent, hard);
        check("1A", absent, hard);
        check("65", Context { initiation: Initiation::PayerRemote, ..mastercard }, plain);
        check("81", Context { brand: Brand::CartesBancaires, ..ONLINE }, soft);
        check("83", mastercard, (Fraud, ByAdvice, "4003", "Suspected fraud"));
        let mismatch = Context { cvc_result: Some("N"), ..ONLINE };
        check("05", mismatch, (Hard, AfterFix, "4999", "Decline for CVV2 failure"));
        let amex = Context { brand: Brand::Amex, ..mismatch };
        check("51", amex, (Hard, AfterFix, "4999", "Card type verification error"));
        check("51", mismatch, (Retryable, Later, "4002", "Insufficient funds"));
        let ended = Context { advice: Some("03"), ..mastercard };
        check("79", ended, (Hard, Never, "4005", "Expired card, or Invalid Account Number"));
    }

    #[test]
    fn every_row_is_a_code_of_two_and_stands_once() {
        for (index, row) in TABLE.iter().enumerate() {
            assert_eq!(row.code.len(), 2);
            assert!(TABLE.iter().skip(index + 1).all(|other| other.code != row.code));
            let approved = row.decline.category == Approved;
            assert_eq!(approved, row.decline.reason.is_empty(), "{}", row.code);
        }
    }

    #[test]
    fn an_advice_is_repeated_until_it_is_done_or_hopeless() {
        assert_eq!(judge_reversal("25"), AdviceOutcome::Done);
        assert_eq!(judge_capture("25"), AdviceOutcome::Stop);
        assert_eq!(judge_reversal("80"), AdviceOutcome::Done);
        assert_eq!(judge_capture("80"), AdviceOutcome::Repeat);
        assert_eq!(judge_reversal("91"), AdviceOutcome::Repeat);
        assert_eq!(judge_reversal("77"), AdviceOutcome::Stop);
        assert_eq!(judge_capture("94"), AdviceOutcome::Done);
    }

    #[test]
    fn only_an_unknown_outcome_owes_a_reversal() {
        assert!(GatewayDecline::NoAnswer.owes_reversal());
        assert!(GatewayDecline::InvalidAnswer.owes_reversal());
        assert!(!GatewayDecline::LinkDown.owes_reversal());
        assert_eq!(GatewayDecline::LinkDown.reason(), GatewayDecline::NoAnswer.reason());
    }
}
