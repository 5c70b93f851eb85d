//! What can happen to an order, and the names under which its history keeps it.

use super::{Offered, Opened};
use crate::chargeback::{Chargeback, Credit};
use crate::part::Part;
use crate::payment::{
    AdviceId, AnswerFacts, AuthenticationResult, Authorization, Decider, Instant, Reason, Review,
    Trace, TransactionId, Waiting,
};
use crate::provider::Facts;
use crate::session::SessionEnd;
use crate::trail::{Fee, Increment, PartCapture, Refund, SaleNumber};

/// What happened, in the past tense; with the instant it makes the order's history.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(clippy::large_enum_variant, reason = "made, matched and dropped within one call")]
pub enum Event {
    Offered(Offered),
    PageShown,
    SessionEnded(SessionEnd),
    /// A payer who was reminded pays what the merchant had given up.
    SessionReopened,
    Opened(Opened),
    AuthenticationStarted(Waiting),
    AuthenticationFinished(AuthenticationResult),
    AuthorizationRequested {
        trace: Trace,
        advice: AdviceId,
    },
    Completed {
        authorization: Authorization,
        capture: Trace,
        facts: AnswerFacts,
    },
    Held {
        authorization: Authorization,
        review: Review,
        facts: AnswerFacts,
    },
    /// Authorized, to be captured by hand.
    Authorized {
        authorization: Authorization,
        until: Instant,
        facts: AnswerFacts,
    },
    /// The issuer wants the payer authenticated; the payer is asked once more.
    SteppedUp {
        facts: AnswerFacts,
    },
    Declined {
        reason: Reason,
        facts: Option<AnswerFacts>,
    },
    Expired,
    /// The provider of another method is asked to take the payment on.
    ReferralAsked,
    /// The payer is sent to the provider of another method.
    Referred {
        reference: String,
        url: String,
    },
    /// The payer has done his part at the provider; the money comes later.
    PayerActed {
        facts: Facts,
    },
    /// The provider will pay, once it has looked at it or the merchant has shipped.
    Promised {
        until: Instant,
        facts: Facts,
    },
    /// It has promised for longer.
    PromiseProlonged {
        until: Instant,
    },
    /// The provider has paid.
    Paid {
        facts: Facts,
    },
    /// A gift card has paid a part.
    PaidInPart(Part),
    /// The order came to nothing: the part is to be given back.
    PartReleased {
        number: u32,
    },
    /// The provider of a part is asked to take it back, under this number.
    PartAskedBack {
        number: u32,
        refund_id: TransactionId,
    },
    PartGivenBack {
        number: u32,
    },
    /// The provider of a part refuses to take it back.
    PartNotGivenBack {
        number: u32,
    },
    /// The provider is told of a shipment in part, and is to pay for it.
    ShipmentAsked(PartCapture),
    /// It does not pay for it.
    ShipmentDeclined {
        number: u32,
    },
    /// What the provider promised, and has not paid yet, comes to nothing.
    Withdrawn,
    /// A held payment is captured.
    ReviewAccepted {
        capture: Trace,
        by: Decider,
    },
    /// A held payment is left to be captured by hand.
    ReviewPassed {
        until: Instant,
        by: Decider,
    },
    ReviewDeclined {
        by: Decider,
    },
    /// The whole authorization was captured by hand.
    Captured {
        capture: Trace,
    },
    /// A part of the authorization was captured, or the provider has paid for a shipment in part.
    CapturedInPart(PartCapture),
    /// What was left of the authorization, in minor units, was given up.
    Released {
        amount: i64,
    },
    /// The hold ended before what was left, in minor units, was captured.
    HoldEnded {
        amount: i64,
    },
    /// Nothing is left to capture: void if nothing was captured.
    AuthorizationEnded,
    IncrementRequested(Increment),
    /// The authorization is worth this many minor units more.
    Incremented {
        amount: i64,
    },
    IncrementFailed {
        response_code: Option<String>,
    },
    Cancelled,
    Annotated,
    Shipped {
        sale: SaleNumber,
    },
    RefundRequested(Refund),
    RefundSent {
        number: u32,
        trace: Trace,
        advice: AdviceId,
        tries: u32,
    },
    /// The provider of another method is asked for it.
    RefundAsked {
        number: u32,
    },
    RefundCompleted {
        number: u32,
    },
    RefundDeclined {
        number: u32,
        response_code: Option<String>,
    },
    RefundVoided {
        number: u32,
    },
    ChargedBack(Chargeback),
    ChargebackAccepted {
        number: u32,
    },
    DisputeOpened {
        number: u32,
    },
    /// A file with this number, within the order, was handed in.
    EvidenceAdded {
        number: u32,
        file: u32,
    },
    DisputeSubmitted {
        number: u32,
    },
    /// The scheme wants more evidence by then.
    EvidenceAsked {
        number: u32,
        due: Instant,
    },
    DisputeProcessed {
        number: u32,
    },
    /// The case is won: the money came back.
    ChargebackReversed {
        number: u32,
        credit: Credit,
    },
    DisputeLost {
        number: u32,
    },
    FeeCharged(Fee),
    /// The card's code waits, sealed, for the payer.
    CvcKept,
    CvcErased,
    /// The shop is to be told.
    Announced,
}

impl Event {
    /// The name under which the history keeps it.
    pub fn name(&self) -> &'static str {
        match self {
            Event::Offered(_) => "offered",
            Event::PageShown => "page_shown",
            Event::SessionEnded(_) => "session_ended",
            Event::SessionReopened => "session_reopened",
            Event::Opened(_) => "opened",
            Event::AuthenticationStarted(_) => "authentication_started",
            Event::AuthenticationFinished(_) => "authentication_finished",
            Event::AuthorizationRequested { .. } => "authorization_requested",
            Event::Completed { .. } => "completed",
            Event::Held { .. } => "held_for_review",
            Event::Authorized { .. } => "authorized",
            Event::SteppedUp { .. } => "stepped_up",
            Event::Declined { .. } => "declined",
            Event::Expired => "expired",
            Event::ReferralAsked => "referral_asked",
            Event::Referred { .. } => "referred",
            Event::PayerActed { .. } => "payer_acted",
            Event::Promised { .. } => "promised",
            Event::PromiseProlonged { .. } => "promise_prolonged",
            Event::Paid { .. } => "paid",
            Event::PaidInPart(_) => "paid_in_part",
            Event::PartReleased { .. } => "part_released",
            Event::PartAskedBack { .. } => "part_asked_back",
            Event::PartGivenBack { .. } => "part_given_back",
            Event::PartNotGivenBack { .. } => "part_not_given_back",
            Event::ShipmentAsked(_) => "shipment_asked",
            Event::ShipmentDeclined { .. } => "shipment_declined",
            Event::Withdrawn => "withdrawn",
            Event::ReviewAccepted { .. } => "review_accepted",
            Event::ReviewPassed { .. } => "review_passed",
            Event::ReviewDeclined { .. } => "review_declined",
            Event::Captured { .. } => "captured",
            Event::CapturedInPart(_) => "captured_in_part",
            Event::Released { .. } => "released",
            Event::HoldEnded { .. } => "hold_ended",
            Event::AuthorizationEnded => "authorization_ended",
            Event::IncrementRequested(_) => "increment_requested",
            Event::Incremented { .. } => "incremented",
            Event::IncrementFailed { .. } => "increment_failed",
            Event::Cancelled => "cancelled",
            Event::Annotated => "annotated",
            Event::Shipped { .. } => "shipped",
            Event::RefundRequested(_) => "refund_requested",
            Event::RefundSent { .. } => "refund_sent",
            Event::RefundAsked { .. } => "refund_asked",
            Event::RefundCompleted { .. } => "refund_completed",
            Event::RefundDeclined { .. } => "refund_declined",
            Event::RefundVoided { .. } => "refund_voided",
            Event::ChargedBack(_) => "charged_back",
            Event::ChargebackAccepted { .. } => "chargeback_accepted",
            Event::DisputeOpened { .. } => "dispute_opened",
            Event::EvidenceAdded { .. } => "evidence_added",
            Event::DisputeSubmitted { .. } => "dispute_submitted",
            Event::EvidenceAsked { .. } => "evidence_asked",
            Event::DisputeProcessed { .. } => "dispute_processed",
            Event::ChargebackReversed { .. } => "chargeback_reversed",
            Event::DisputeLost { .. } => "dispute_lost",
            Event::FeeCharged(_) => "fee_charged",
            Event::CvcKept => "cvc_kept",
            Event::CvcErased => "cvc_erased",
            Event::Announced => "announced",
        }
    }
}
