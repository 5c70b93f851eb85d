//! What is true of one attempt to pay an order, with one card or at the provider of another method.
//!
//! ```text
//!  Offered ─── no attempt in time ──▶ Lapsed
//!     ┊
//!            ┌────────▶ Authenticating ──┬──▶ Expired
//!            │            │      ▲       └──▶ Declined
//!  (opened) ─┼────────────┼──────│ soft decline, once
//!            │            ▼      │
//!            ├──────▶ Authorizing ──┬──▶ Completed
//!            │                      ├──▶ Authorized ─┬──▶ Completed, at once
//!            │                      │        ▲       ├──▶ Parted, in several captures
//!            │                      │        │       └──▶ Void
//!            │                      ├──▶ Uncleared ──┬──▶ Completed
//!            │                      │               └──▶ Void
//!            └──────────────────────┴──▶ Declined
//! ```
//!
//! Another method: (opened) ──▶ Authenticating, at its provider ─┬──▶ Paid
//!                                                            ├──▶ Promised ─┬──▶ Paid, also by shipments
//!                                                            │              └──▶ Withdrawn
//!                                                            ├──▶ PaidInPart: other attempts pay the rest
//!                                                            └──▶ Declined, Cancelled, Expired
//!
//! The merchant may cancel while the payer or the host is waited for. What becomes of captured
//! money is in `trail`. Only data: what may follow what is decided in `decision`.

use crate::card::Brand;
use crate::money::Money;
use crate::provider::{OtherMethod, Visit};

/// Milliseconds since the Unix epoch, UTC, on the clock of the site.
pub type Instant = i64;

/// The number that shops see for one attempt: 16 digits, below 2^53, time-ordered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TransactionId(pub i64);

/// One attempt. Each state holds the facts that are true in it, and no others.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Payment {
    pub transaction_id: TransactionId,
    pub amount: Money,
    /// `None` when the number belongs to no brand that is known here.
    pub brand: Option<Brand>,
    /// Set where it is no card that pays.
    pub other: Option<OtherMethod>,
    pub opened_at: Instant,
    pub modified_at: Instant,
    pub completed_at: Option<Instant>,
    pub rules: Rules,
    pub state: State,
    /// The last finished 3-D Secure transaction of the attempt.
    pub authentication: Option<AuthenticationResult>,
    /// What the host said last, approval or not.
    pub answer: Option<AnswerFacts>,
    /// How often the payer was asked again after a soft decline: 0 or 1.
    pub step_ups: u8,
    /// The shop was told of this attempt already.
    pub announced: bool,
    /// The card's code lies sealed beside the card, and has to be destroyed when this ends.
    pub cvc_kept: bool,
}

/// Where an attempt stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum State {
    /// There is no attempt yet: the order can be paid on a page.
    Offered,
    /// Nobody tried to pay on the page before it was gone.
    Lapsed,
    /// Only inside a decision: an opening is followed by its next step in the same commit.
    Opened,
    /// The payer has to act: on the gateway's page, or at the issuer's ACS.
    Authenticating(Waiting),
    /// An authorization request is, or is about to be, on its way to the host.
    Authorizing { trace: Trace, advice: AdviceId },
    /// Authorized; the capture is withheld until the review ends.
    Uncleared { authorization: Authorization, review: Review },
    /// Authorized; the merchant captures it, whole or in parts, until the hold ends.
    Authorized(Authorization),
    /// Authorized, and the capture of the whole amount is owed or done.
    Completed { authorization: Authorization, capture: Trace },
    /// Refused, by us, the 3-D Secure outcome or the issuer.
    Declined(Reason),
    /// The payer did not finish in time.
    Expired,
    /// Captured in parts; nothing of the authorization is left to capture.
    Parted(Authorization),
    /// The merchant gave the order up before it was paid.
    Cancelled,
    /// Authorized once, and given up: a reversal is owed or done.
    Void(Authorization),
    /// The provider of another method has promised the money; nothing was paid yet but for
    /// shipments in part.
    Promised { until: Instant },
    /// The provider of another method has paid: the whole amount, at once or by shipments, unless
    /// some of it was withdrawn after these.
    Paid,
    /// A gift card has paid what was on it; the rest is due. See [`crate::part`].
    PaidInPart,
    /// Promised once, and not paid.
    Withdrawn,
}

/// What the payer is waited for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Waiting {
    /// On the gateway's own page: it collects browser data and runs the 3DS Method, then asks the
    /// directory server. `mandate` asks for a challenge (a soft decline came before).
    Page { mandate: bool },
    /// At the ACS. The result arrives as an RReq that names these ids.
    Challenge(Challenge),
    /// Nobody yet: the provider of another method is, or is about to be, asked to take the payment
    /// on.
    Referral,
    /// At the provider of another method.
    Provider(Visit),
}

/// An open challenge (EMV 3DS, challenge flow).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Challenge {
    /// `threeDSServerTransID`.
    pub server_trans_id: String,
    /// `acsTransID`.
    pub acs_trans_id: String,
    /// `dsTransID`.
    pub ds_trans_id: String,
    /// `messageVersion`.
    pub version: String,
    /// Where the browser posts the CReq.
    pub acs_url: String,
}

/// Which owed message of the order; counts up within the order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct AdviceId(pub u32);

/// How a message is found again at the host.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trace {
    /// DE11, 1 to 999999.
    pub stan: u32,
    /// DE37, 12 characters.
    pub rrn: String,
    /// DE7, the instant at which the message was first built; UTC, by the gateway's own clock.
    pub transmitted_at: Instant,
    /// DE41, 8 characters.
    pub terminal_id: String,
}

/// What a finished 3-D Secure transaction said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuthenticationResult {
    pub status: AuthenticationStatus,
    pub flow: AuthenticationFlow,
    pub eci: Option<String>,
    /// CAVV, AAV or AEVV: standard base64 as received.
    pub value: Option<String>,
    pub acs_trans_id: Option<String>,
    pub ds_trans_id: Option<String>,
    pub version: Option<String>,
    /// `transStatusReason`, two digits.
    pub status_reason: Option<String>,
    /// `challengeCancel`, two digits.
    pub challenge_cancel: Option<String>,
}

/// `transStatus` values in which a transaction can end here (EMV 3DS). C, D and S are not ends:
/// the first is waited for, the others are taken as [`AuthenticationStatus::Unavailable`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AuthenticationStatus {
    /// Y
    Authenticated,
    /// A: not authenticated, but proof of the attempt was given.
    Attempted,
    /// I: an exemption or a preference was noted.
    Informational,
    /// U: could not be performed.
    Unavailable,
    /// N
    NotAuthenticated,
    /// R: the issuer rejects; an authorization must not be attempted.
    Rejected,
}

impl AuthenticationStatus {
    /// The standard's letter.
    pub fn letter(self) -> &'static str {
        match self {
            AuthenticationStatus::Authenticated => "Y",
            AuthenticationStatus::Attempted => "A",
            AuthenticationStatus::Informational => "I",
            AuthenticationStatus::Unavailable => "U",
            AuthenticationStatus::NotAuthenticated => "N",
            AuthenticationStatus::Rejected => "R",
        }
    }

    /// Reads the standard's letter; letters that are no end of a transaction are `None`.
    pub fn from_letter(letter: &str) -> Option<AuthenticationStatus> {
        Some(match letter {
            "Y" => AuthenticationStatus::Authenticated,
            "A" => AuthenticationStatus::Attempted,
            "I" => AuthenticationStatus::Informational,
            "U" => AuthenticationStatus::Unavailable,
            "N" => AuthenticationStatus::NotAuthenticated,
            "R" => AuthenticationStatus::Rejected,
            _ => return None,
        })
    }
}

/// Whether the payer took part.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AuthenticationFlow {
    Frictionless,
    Challenge,
}

/// An approval that can be captured or reversed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Authorization {
    pub trace: Trace,
    pub amount: Money,
}

/// What an answer to an authorization request carried, for the order object and for later messages.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AnswerFacts {
    /// DE39, two characters.
    pub response_code: String,
    /// DE38, six characters.
    pub approval_code: Option<String>,
    /// DE48 tag 63: the scheme's transaction identifier.
    pub network_reference: Option<String>,
    /// DE48 tag 60.
    pub cvc_result: Option<String>,
    /// DE48 tag 61.
    pub cavv_result: Option<String>,
    /// DE48 tag 66.
    pub card_product: Option<String>,
    /// DE48 tag 67.
    pub card_funding: Option<String>,
    /// DE48 tag 68, translated to alpha-2.
    pub issuer_country: Option<String>,
    /// DE48 tag 64: the merchant advice code.
    pub advice_code: Option<String>,
}

/// Why an uncleared payment is held, and what ends it when nobody decides.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Review {
    /// 1 to 10.
    pub score: u8,
    /// What happens at `until` when nobody decided before.
    pub default: ReviewVerdict,
    pub until: Instant,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReviewVerdict {
    Accept,
    Decline,
}

/// Who ends a review.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decider {
    /// The merchant, up to a score of 8.
    Merchant,
    /// The operator's Risk department.
    Risk,
    /// Nobody did in time.
    Timer,
}

impl Decider {
    /// The name that the history keeps.
    pub fn name(self) -> &'static str {
        match self {
            Decider::Merchant => "merchant",
            Decider::Risk => "risk",
            Decider::Timer => "timer",
        }
    }
}

/// Why an order is refused, in the words of the contract.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reason {
    /// `reason_code`: four digits, or empty.
    pub code: String,
    /// `reason`.
    pub text: String,
    /// `payment_details.response_code`, where it does not come from the host.
    pub response_code: Option<String>,
}

impl Reason {
    pub fn new(code: impl Into<String>, text: impl Into<String>) -> Reason {
        Reason { code: code.into(), text: text.into(), response_code: None }
    }
}

/// The site's rules as they were when the attempt was opened; a change of settings does not
/// change a payment under way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rules {
    /// 3-D Secure ended as U.
    pub when_unavailable: Unauthenticated,
    /// The card is in no card range of its scheme.
    pub when_not_enrolled: Unauthenticated,
    /// A person is there who can be asked again after a soft decline.
    pub payer_present: bool,
    /// How long the payer has, in milliseconds from the opening of the attempt.
    pub expires_after_ms: i64,
    /// The merchant captures by hand, within this many milliseconds of the approval; `None`
    /// captures at once.
    pub manual_capture_ms: Option<i64>,
}

/// Whether a card that is stored with its first payment may be charged again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// Nobody knows yet.
    Pending,
    /// It may.
    Good,
    /// It may not: the payment came to nothing.
    Bad,
}

/// What to do with a payer who could not be authenticated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unauthenticated {
    /// Authorize without liability shift.
    Proceed,
    Decline,
}

impl Payment {
    /// The approval that the payment rests on, while it does.
    pub fn authorization(&self) -> Option<&Authorization> {
        match &self.state {
            State::Uncleared { authorization, .. }
            | State::Completed { authorization, .. }
            | State::Authorized(authorization)
            | State::Parted(authorization)
            | State::Void(authorization) => Some(authorization),
            State::Offered
            | State::Lapsed
            | State::Opened
            | State::Authenticating(_)
            | State::Authorizing { .. }
            | State::Declined(_)
            | State::Expired
            | State::Cancelled
            | State::Promised { .. }
            | State::Paid
            | State::PaidInPart
            | State::Withdrawn => None,
        }
    }

    /// The attempt's part in the status of its order; see [`crate::order::Order::status`].
    pub fn status(&self) -> (&'static str, &'static str) {
        match self.state {
            State::Offered
            | State::Opened
            | State::Authenticating(_)
            | State::PaidInPart
            | State::Authorizing { .. } => ("initialized", "initialized"),
            State::Lapsed => ("cancelled", "cancelled"),
            State::Uncleared { .. } | State::Promised { .. } => ("uncleared", "uncleared"),
            State::Authorized(_) => ("completed", "initialized"),
            State::Completed { .. } | State::Parted(_) | State::Paid => ("completed", "completed"),
            State::Cancelled => ("void", "cancelled"),
            State::Declined(_) => ("declined", "declined"),
            State::Expired => ("expired", "expired"),
            State::Void(_) | State::Withdrawn => ("void", "void"),
        }
    }

    /// What the attempt has shown of its card, should that be stored with it.
    pub fn standing(&self) -> Standing {
        match self.state {
            State::Offered
            | State::Opened
            | State::Authenticating(_)
            | State::Authorizing { .. }
            // Whoever reviews it may find that it was not the card's owner who stored the card.
            | State::Uncleared { .. }
            | State::Promised { .. } => Standing::Pending,
            State::Authorized(_) | State::Completed { .. } | State::Parted(_) | State::Paid => {
                Standing::Good
            }
            State::Lapsed
            | State::Declined(_)
            | State::Expired
            | State::Cancelled
            | State::PaidInPart
            | State::Void(_)
            | State::Withdrawn => Standing::Bad,
        }
    }

    /// No more money moves without a new attempt or a refund.
    pub fn is_final(&self) -> bool {
        !matches!(
            self.state,
            State::Offered
                | State::Opened
                | State::Authenticating(_)
                | State::Authorizing { .. }
                | State::Uncleared { .. }
                | State::Authorized(_)
                | State::Promised { .. }
        )
    }

    /// The id of the payment method, as answers write it; `None` where no brand is known.
    pub fn method_id(&self) -> Option<&'static str> {
        match &self.other {
            Some(other) => Some(other.method.id),
            None => self.brand.and_then(Brand::gateway),
        }
    }

    /// A message is on its way whose answer says how the attempt goes on: there is nothing that its
    /// payer could do.
    pub fn is_on_its_way(&self) -> bool {
        matches!(
            self.state,
            State::Opened | State::Authorizing { .. } | State::Authenticating(Waiting::Referral)
        )
    }

    /// The payer has done what there is to do for him, and the money comes by itself.
    pub fn is_underway(&self) -> bool {
        matches!(&self.state, State::Authenticating(Waiting::Provider(visit)) if visit.acted)
    }
}
