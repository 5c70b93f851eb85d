//! What a command does to an order: `decide` says what happened and what must be done about it,
//! `evolve` says what is true afterwards. No I/O, no clock, no chance: the present instant,
//! numbers and answers come in with the command.
//!
//! Each decision is a descent: refusals first, then one straight line of events and effects.
//! The caller commits the evolved order together with what the effects owe, and only then acts.

mod draft;
mod event;
mod effect;
mod evolve;
mod session;
mod opening;
mod part;
mod answer;
mod review;
mod cancel;
mod capture;
mod chargeback;
mod increment;
mod provider;
mod refund;
mod shipment;

use crate::order::Order;
use crate::payment::{Decider, Instant, Review, ReviewVerdict, Trace, TransactionId};
use crate::provider::{ProviderNews, Referral, RefundWord, ShipmentWord};
use crate::session::{Entry, SessionEnd};
use crate::tariff::Tariff;
use crate::trail::SaleNumber;

use draft::Draft;

pub use answer::{Capture, DeclineKind, HostAnswer, inoperative};
pub use capture::NewSale;
pub use chargeback::{Claim, DisputeStep};
pub use effect::{Completion, Effect, Repayment, Reversal, ReversalReason, Timer, Undone, Urgency};
pub use event::Event;
pub use evolve::evolve;
pub use opening::{Opened, Opening, Verification, only_authenticated_cards};
pub use provider::prolonged_until;
pub use refund::{RefundAnswer, RefundOrder, Settlement};
pub use session::{Offered, Offering};

/// What somebody wants, or what somebody answered.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(clippy::large_enum_variant, reason = "made, matched and dropped within one call")]
pub enum Command {
    /// A shop wants an order paid on a page.
    Offer(Offering),
    /// The page of the session with this number is about to be shown.
    ShowPage { number: TransactionId, entry: Entry },
    /// The time of the session is over.
    EndSession,
    /// A shop wants an order paid, or a payer sent a card on a page.
    Open(Opening),
    /// The payer acted, or the directory server answered. `server_trans_id` names the challenge
    /// that ended; `None` when no challenge was open.
    Verify { server_trans_id: Option<String>, verification: Verification, trace: Trace },
    /// The host answered the authorization request with this RRN, or did not.
    Answer { rrn: String, answer: HostAnswer, hold: Option<Review>, capture: Capture },
    /// Nobody knows what became of the authorization request with this RRN: the process that
    /// sent it, or was about to, is gone.
    Recover { rrn: String },
    /// The time that the payer had is over.
    Expire,
    /// A review ends. `capture` numbers the capture that an acceptance owes.
    Review { verdict: ReviewVerdict, by: Decider, capture: Capture },
    /// The merchant claims what was authorized: all that is left, or `amount` minor units.
    Capture { amount: Option<i64>, sale: NewSale, trace: Trace },
    /// The merchant gives up what is left of an authorization.
    Release,
    /// The hold of an authorization ends.
    EndHold,
    /// The merchant wants more of the same authorization: `amount` minor units on top.
    Increment { amount: i64, trace: Trace },
    /// The host answered the increment with this RRN, or did not.
    IncrementAnswer { rrn: String, answer: HostAnswer },
    /// The merchant gives the order up before it is paid. A payer who is reminded of it can still
    /// pay it.
    Cancel,
    /// The merchant gives the order up before it is paid, and its reminders with it.
    Exclude,
    /// The merchant says something about the order that nothing is decided on.
    Annotate,
    /// The merchant says that he shipped what was sold. `provider_paid` says that its provider was
    /// told, and has paid what it had promised.
    Ship { sale: SaleNumber, provider_paid: bool },
    /// He says that he shipped a part of what its provider has promised, which is to pay `amount`
    /// minor units for it.
    ShipPart { amount: i64, sale: NewSale },
    /// The provider answered to the shipment with this number; the order that it makes is called
    /// `order_id`.
    HearShipment { number: SaleNumber, word: ShipmentWord, order_id: String },
    /// The merchant gives captured money back.
    Refund(RefundOrder),
    /// The day of a refund is settled: it is sent, numbered by `trace`.
    SettleRefund { number: u32, trace: Trace },
    /// What became of the refund request with this RRN. `again` numbers another try.
    RefundAnswer { rrn: String, answer: RefundAnswer, again: Trace },
    /// The merchant takes a refund back.
    VoidRefund { number: u32 },
    /// The provider of another method was asked to take on the attempt with this number, and has,
    /// or has not.
    Refer { transaction_id: TransactionId, referral: Option<Referral> },
    /// The provider with this number of the payment says something.
    Hear { reference: String, news: ProviderNews },
    /// The provider of another method promises for longer, at the merchant's wish.
    Prolong,
    /// A refund of a payment by another method is due: its provider is about to be asked.
    AskRefund { number: u32 },
    /// The provider of another method answered.
    HearRefund { number: u32, word: RefundWord },
    /// The payer gives up paying in parts: what gift cards have paid goes back to them.
    GiveUpParts,
    /// The provider of a part is about to be asked to take it back, under this number.
    AskPartBack { number: u32, refund_id: TransactionId },
    /// The provider of a part answered.
    HearPartBack { number: u32, word: RefundWord },
    /// The payer's bank takes money back.
    ChargeBack(Claim),
    /// Something is said or decided about a chargeback.
    Dispute { number: u32, step: DisputeStep },
}

/// What decisions rest on besides the order and the command.
#[derive(Clone, Copy, Debug)]
pub struct Context<'a> {
    /// The present instant, on the clock of the site.
    pub now: Instant,
    /// What the operator charges.
    pub tariff: &'a Tariff,
}

/// The answer is no, and the order stays as it was.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// The order id belongs to a payment that was made, is held, or is on its way.
    OrderIdTaken,
    /// The session cannot be paid any more, or another one has taken its place.
    SessionOver,
    /// Another amount is due by now: a part was paid or given back.
    NotDue,
    /// No payer is waited for, or for another transaction.
    NotWaiting,
    /// The time that is said to be over is not: what it belonged to was begun anew, or prolonged.
    TooEarly,
    /// No authorization with this RRN, refund or shipment with this number is on its way.
    NotOnItsWay,
    /// The provider was told of a shipment, and has not answered yet.
    Unanswered,
    /// Nothing is held for review.
    NotUnderReview,
    /// The score is one that only the operator's Risk department decides on.
    ReservedForRisk,
    /// There is no such order.
    NoOrder,
    /// The state does not allow it.
    NotInThisState,
    /// It is so already.
    AlreadySo,
    /// Not at least one minor unit, or more than can be captured or authorized.
    AmountOutOfBounds,
    /// Nothing was captured that could be given back, or its time is over.
    NotRefundable,
    /// More than is left to give back.
    MoreThanLeft,
    /// The same amount was given back a moment ago.
    RefundRepeated,
    /// There is no such refund.
    NoRefund,
    /// Nothing was captured that could be taken back.
    NotSold,
    /// The acquirer's number of the case belongs to another case of the order.
    ReferenceTaken,
    /// There is no such chargeback.
    NoChargeback,
    /// As many as an order, or a chargeback, can have are there already.
    TooMany,
}

/// The order as it will be, and what brought it there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decision {
    pub order: Order,
    pub events: Vec<Event>,
    pub effects: Vec<Effect>,
}

/// Decides on a command.
///
/// # Errors
/// A [`Refusal`] when the present state does not allow the command.
pub fn decide(
    order: Option<&Order>,
    command: Command,
    context: Context<'_>,
) -> Result<Decision, Refusal> {
    let command = match command {
        Command::Open(opening) => return opening::open(order, opening, context),
        Command::Offer(offering) => return session::offer(order, &offering, context),
        command => command,
    };
    let order = order.ok_or(Refusal::NoOrder)?;
    let draft = Draft::of(order, context);
    match command {
        Command::Open(_) | Command::Offer(_) => Err(Refusal::OrderIdTaken),
        Command::ShowPage { number, entry } => session::show(draft, number, entry),
        Command::EndSession => session::expire(draft),
        Command::Verify { server_trans_id, verification, trace } => {
            opening::verify(draft, server_trans_id, verification, trace)
        }
        Command::Answer { rrn, answer, hold, capture } => {
            answer::settle(draft, &rrn, answer, hold, capture)
        }
        Command::Recover { rrn } => {
            let answer =
                HostAnswer::Unanswered { reason: inoperative(), reverse: ReversalReason::TimeOut };
            if order.trail.increment.is_some() {
                return increment::answer(draft, &rrn, answer);
            }
            answer::settle(draft, &rrn, answer, None, Capture::Included)
        }
        Command::Expire => opening::expire(draft),
        Command::Review { verdict, by, capture } => review::review(draft, verdict, by, capture),
        Command::Capture { amount, sale, trace } => capture::capture(draft, amount, sale, trace),
        Command::Release => capture::release(draft),
        Command::EndHold => capture::end_hold(draft),
        Command::Increment { amount, trace } => increment::ask(draft, amount, trace),
        Command::IncrementAnswer { rrn, answer } => increment::answer(draft, &rrn, answer),
        Command::Cancel => cancel::cancel(draft, SessionEnd::Cancelled),
        Command::Exclude => cancel::cancel(draft, SessionEnd::Excluded),
        Command::Annotate => cancel::annotate(draft),
        Command::Ship { sale, provider_paid } => shipment::ship(draft, sale, provider_paid),
        Command::ShipPart { amount, sale } => shipment::ask_for_part(draft, amount, sale),
        Command::HearShipment { number, word, order_id } => {
            shipment::hear_part(draft, number, word, order_id)
        }
        Command::Refund(asked) => refund::refund(draft, asked),
        Command::SettleRefund { number, trace } => refund::settle(draft, number, trace),
        Command::RefundAnswer { rrn, answer, again } => refund::answer(draft, &rrn, answer, again),
        Command::VoidRefund { number } => refund::void(draft, number),
        Command::Refer { transaction_id, referral } => {
            provider::refer(draft, transaction_id, referral)
        }
        Command::Hear { reference, news } => provider::hear(draft, &reference, news),
        Command::Prolong => provider::prolong(draft),
        Command::AskRefund { number } => provider::ask_refund(draft, number),
        Command::HearRefund { number, word } => provider::hear_refund(draft, number, word),
        Command::GiveUpParts => part::give_up(draft),
        Command::AskPartBack { number, refund_id } => part::ask_back(draft, number, refund_id),
        Command::HearPartBack { number, word } => part::hear_back(draft, number, word),
        Command::ChargeBack(claim) => chargeback::charge_back(draft, claim),
        Command::Dispute { number, step } => chargeback::dispute(draft, number, step),
    }
}

#[cfg(test)]
mod tests;
