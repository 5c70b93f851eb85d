//! What must be done about a decision: messages and notifications that are owed, timers, and what
//! becomes of the card's code.

use crate::money::Money;
use crate::payment::{AdviceId, AnswerFacts, Authorization, Instant, Trace};
use crate::trail::{Increment, PartCapture, SaleNumber};

/// What must be done: the part of a commit that is not the order itself, and what follows it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(clippy::large_enum_variant, reason = "made, matched and dropped within one call")]
pub enum Effect {
    /// Owe a reversal of this request from a moment after its answer can no longer come: should
    /// we vanish before the outcome is recorded, somebody undoes what may have been approved.
    GuardRequest {
        advice: AdviceId,
        trace: Trace,
        amount: Money,
    },
    /// The outcome is recorded; the guard is no longer owed.
    ReleaseGuard(AdviceId),
    OweReversal(Reversal),
    OweCapture(Completion),
    /// A refund is owed to the host: once, and not again before its outcome is known.
    OweRefund(Repayment),
    /// A message that was owed is no longer: its outcome is part of this decision.
    SettleAdvice(AdviceId),
    /// The increment may leave now.
    SendIncrement(Increment),
    /// A capture or shipment in part made an order of its own.
    OpenSale(PartCapture),
    /// The authorization request may leave now.
    SendAuthorization(Trace),
    /// The payer has to be authenticated with a mandated challenge.
    StartStepUp,
    StartTimer(Timer, Instant),
    StopTimer(Timer),
    /// The code of the card with this number is kept, sealed, until the authorization ends.
    KeepCvc {
        card: u32,
    },
    /// The code of the card with this number is destroyed.
    EraseCvc {
        card: u32,
    },
    /// Tell the shop of this sale.
    Notify {
        notification: u32,
        sale: SaleNumber,
    },
}

impl Effect {
    /// Whether the host will hear of it.
    pub fn is_for_the_host(&self) -> bool {
        matches!(
            self,
            Effect::GuardRequest { .. }
                | Effect::OweReversal(_)
                | Effect::OweCapture(_)
                | Effect::OweRefund(_)
                | Effect::SendIncrement(_)
                | Effect::SendAuthorization(_)
        )
    }
}

/// A message that undoes an earlier one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reversal {
    pub advice: AdviceId,
    /// The message that is undone.
    pub original: Trace,
    pub what: Undone,
    /// The amount of the original.
    pub amount: Money,
    pub reason: ReversalReason,
    /// DE95: what remains of the authorization, in minor units, where only a part is given back.
    pub remains: Option<i64>,
    pub approval_code: Option<String>,
    pub response_code: Option<String>,
    pub urgency: Urgency,
}

/// DE48 tag 11: why a reversal is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReversalReason {
    /// 4000
    CustomerCancellation,
    /// 4004: a part of the authorization is given back.
    PartlyCompleted,
    /// 4020
    InvalidResponse,
    /// 4021
    TimeOut,
}

impl ReversalReason {
    /// The four digits of the message reason.
    pub fn code(self) -> &'static str {
        match self {
            ReversalReason::CustomerCancellation => "4000",
            ReversalReason::PartlyCompleted => "4004",
            ReversalReason::InvalidResponse => "4020",
            ReversalReason::TimeOut => "4021",
        }
    }
}

/// What a reversal undoes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Undone {
    Authorization,
    Refund,
}

/// When and how a reversal leaves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Urgency {
    /// As advice, as soon as somebody has time.
    Soon,
    /// First as a request, since the merchant asked for it; then as advice.
    Asked,
    /// Not before the answer to the original can no longer come: the original may still be on
    /// its way, and must not arrive after its reversal.
    AfterAnswer,
}

/// A message that claims an authorization, or a part of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Completion {
    pub advice: AdviceId,
    pub original: Authorization,
    pub capture: Trace,
    /// Minor units of this capture.
    pub amount: i64,
    /// From 1.
    pub sequence: u32,
    /// Nothing is left to capture after it.
    pub is_final: bool,
    pub sale: SaleNumber,
    pub facts: AnswerFacts,
}

/// A message that gives captured money back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Repayment {
    pub advice: AdviceId,
    pub refund: Trace,
    /// Minor units.
    pub amount: i64,
    pub sale: SaleNumber,
    pub original: Authorization,
    pub network_reference: Option<String>,
    /// `None`: now, by this process. Otherwise not before.
    pub not_before: Option<Instant>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Timer {
    Expiry,
    /// The time of a session ends.
    Session,
    /// The provider of another method is asked what became of a payment.
    Inquiry,
    /// It is told once more of a shipment in part.
    Shipment,
    Review,
    /// The hold of an authorization ends.
    Hold,
    /// A refund's day is settled.
    Settlement(u32),
    /// The provider of the part with this number is asked to take it back.
    GiveBack(u32),
    /// The merchant's time to answer a chargeback ends.
    Dispute(u32),
}
