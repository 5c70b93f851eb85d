//! What a command does to an order: `decide` says what happened and what must be done about it,
//! `evolve` says what is true afterwards. No I/O, no clock, no chance: the present instant,
//! numbers and answers come in with the command.
//!
//! Each decision is a descent: refusals first, then one straight line of events and effects.
//! The caller commits the evolved order together with what the effects owe, and only then acts.

mod cancel;
mod capture;
mod chargeback;
mod evolve;
mod increment;
mod provider;
mod refund;
mod session;

use crate::card::Brand;
use crate::chargeback::{Chargeback, Credit};
use crate::method::Method;
use crate::money::Money;
use crate::order::Order;
use crate::payment::{
    AdviceId, AnswerFacts, AuthenticationResult, AuthenticationStatus, Authorization, Decider,
    Instant, Reason, Review, ReviewVerdict, Rules, State, Trace, TransactionId, Unauthenticated,
    Waiting,
};
use crate::provider::{Facts, ProviderNews, Referral, RefundWord};
use crate::risk::{Band, band};
use crate::session::SessionEnd;
use crate::tariff::{FeeKind, Tariff};
use crate::trail::{Fee, Increment, PartCapture, Refund, SaleNumber, WHOLE};

pub use capture::NewSale;
pub use chargeback::{Claim, DisputeStep};
pub use evolve::evolve;
pub use refund::{RefundAnswer, RefundOrder, Settlement};
pub use session::{Offered, Offering};

/// What somebody wants, or what somebody answered.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(clippy::large_enum_variant, reason = "made, matched and dropped within one call")]
pub enum Command {
    /// A shop wants an order paid on a page.
    Offer(Offering),
    /// The page of the session with this number is about to be shown.
    ShowPage { number: TransactionId },
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
    /// The merchant gives the order up before it is paid.
    Cancel,
    /// The merchant says something about the order that nothing is decided on.
    Annotate,
    /// The merchant says that he shipped what was sold.
    Ship { sale: SaleNumber },
    /// The merchant gives captured money back.
    Refund(RefundOrder),
    /// The day of a refund is settled: it is sent, numbered by `trace`.
    SettleRefund { number: u32, trace: Trace },
    /// What became of the refund request with this RRN. `again` numbers another try.
    RefundAnswer { rrn: String, answer: RefundAnswer, again: Trace },
    /// The merchant takes a refund back.
    VoidRefund { number: u32 },
    /// The provider with this number of the payment says something.
    Hear { reference: String, news: ProviderNews },
    /// A refund of a payment by another method is due: its provider is about to be asked.
    AskRefund { number: u32 },
    /// The provider of another method answered.
    HearRefund { number: u32, word: RefundWord },
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

/// A new attempt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Opening {
    pub transaction_id: TransactionId,
    pub amount: Money,
    pub brand: Option<Brand>,
    /// Set where it is no card that pays.
    pub method: Option<&'static Method>,
    pub rules: Rules,
    /// The session on whose page the card was sent.
    pub session: Option<TransactionId>,
    /// The card data is faulty or a rule of the site forbids the payment: declined unsent.
    pub refused: Option<Reason>,
    pub verification: Verification,
    /// Numbers the authorization request, should one be sent.
    pub trace: Trace,
}

/// Where 3-D Secure stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verification {
    /// Not asked for.
    Skipped,
    /// The card is in no card range of its scheme.
    NotEnrolled,
    /// The payer has to act.
    Pending(Waiting),
    Finished(AuthenticationResult),
    /// It is no card: the provider of another method has taken the payment on.
    Referred(Referral),
}

/// What became of an authorization request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum HostAnswer {
    Approved(AnswerFacts),
    Declined {
        facts: AnswerFacts,
        reason: Reason,
        kind: DeclineKind,
        reverse: Option<ReversalReason>,
    },
    /// No bytes left us: nothing to undo.
    NotSent(Reason),
    /// It was sent, and nobody knows what the host did with it.
    Unanswered {
        reason: Reason,
        reverse: ReversalReason,
    },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DeclineKind {
    /// The issuer wants the payer authenticated (again).
    Soft,
    Final,
}

/// How the money is claimed after the approval.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Capture {
    /// Dual message: a completion with this trace follows.
    Follows(Trace),
    /// Single message: the approval was the purchase.
    Included,
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

/// What happened, in the past tense; with the instant it makes the order's history.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(clippy::large_enum_variant, reason = "made, matched and dropped within one call")]
pub enum Event {
    Offered(Offered),
    PageShown,
    SessionEnded(SessionEnd),
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
    /// The provider has paid.
    Paid {
        facts: Facts,
    },
    /// What the provider promised comes to nothing.
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

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Opened {
    pub transaction_id: TransactionId,
    pub amount: Money,
    pub brand: Option<Brand>,
    pub method: Option<&'static Method>,
    pub rules: Rules,
    /// It was made on the page of the session, which goes on.
    pub on_page: bool,
}

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
    /// A capture in part made an order of its own.
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
    Review,
    /// The hold of an authorization ends.
    Hold,
    /// A refund's day is settled.
    Settlement(u32),
    /// The merchant's time to answer a chargeback ends.
    Dispute(u32),
}

/// The answer is no, and the order stays as it was.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// The order id belongs to a payment that was made, is held, or is on its way.
    OrderIdTaken,
    /// The session cannot be paid any more, or another one has taken its place.
    SessionOver,
    /// No payer is waited for, or for another transaction.
    NotWaiting,
    /// No authorization with this RRN is on its way.
    NotOnItsWay,
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
        Command::Open(opening) => return open(order, opening, context),
        Command::Offer(offering) => return session::offer(order, &offering, context),
        command => command,
    };
    let order = order.ok_or(Refusal::NoOrder)?;
    let draft = Draft::of(order, context);
    match command {
        Command::Open(_) | Command::Offer(_) => Err(Refusal::OrderIdTaken),
        Command::ShowPage { number } => session::show(draft, number),
        Command::EndSession => session::expire(draft),
        Command::Verify { server_trans_id, verification, trace } => {
            verify(draft, server_trans_id, verification, trace)
        }
        Command::Answer { rrn, answer, hold, capture } => {
            settle(draft, &rrn, answer, hold, capture)
        }
        Command::Recover { rrn } => {
            let answer =
                HostAnswer::Unanswered { reason: inoperative(), reverse: ReversalReason::TimeOut };
            if order.trail.increment.is_some() {
                return increment::answer(draft, &rrn, answer);
            }
            settle(draft, &rrn, answer, None, Capture::Included)
        }
        Command::Expire => expire(draft),
        Command::Review { verdict, by, capture } => review(draft, verdict, by, capture),
        Command::Capture { amount, sale, trace } => capture::capture(draft, amount, sale, trace),
        Command::Release => capture::release(draft),
        Command::EndHold => capture::end_hold(draft),
        Command::Increment { amount, trace } => increment::ask(draft, amount, trace),
        Command::IncrementAnswer { rrn, answer } => increment::answer(draft, &rrn, answer),
        Command::Cancel => cancel::cancel(draft),
        Command::Annotate => cancel::annotate(draft),
        Command::Ship { sale } => cancel::ship(draft, sale),
        Command::Refund(asked) => refund::refund(draft, asked),
        Command::SettleRefund { number, trace } => refund::settle(draft, number, trace),
        Command::RefundAnswer { rrn, answer, again } => refund::answer(draft, &rrn, answer, again),
        Command::VoidRefund { number } => refund::void(draft, number),
        Command::Hear { reference, news } => provider::hear(draft, &reference, news),
        Command::AskRefund { number } => provider::ask_refund(draft, number),
        Command::HearRefund { number, word } => provider::hear_refund(draft, number, word),
        Command::ChargeBack(claim) => chargeback::charge_back(draft, claim),
        Command::Dispute { number, step } => chargeback::dispute(draft, number, step),
    }
}

/// The contract's words for an issuer that could not be asked.
pub fn inoperative() -> Reason {
    Reason::new("4999", "Authorization or issuer system inoperative")
}

/// The contract's words for a payer who could not be authenticated where that is required.
pub fn only_authenticated_cards() -> Reason {
    Reason::new("4999", "3D Secure-authenticated cards")
}

fn open(
    existing: Option<&Order>,
    opening: Opening,
    context: Context<'_>,
) -> Result<Decision, Refusal> {
    if existing.is_some_and(Order::refuses_new_attempt) {
        return Err(Refusal::OrderIdTaken);
    }
    if let Some(number) = opening.session
        && existing.is_none_or(|order| order.open_session(number, context.now).is_none())
    {
        return Err(Refusal::SessionOver);
    }
    let opened = Event::Opened(Opened {
        transaction_id: opening.transaction_id,
        amount: opening.amount,
        brand: opening.brand,
        method: opening.method,
        rules: opening.rules,
        on_page: opening.session.is_some(),
    });
    let mut draft = Draft::begin(existing, opened, context);
    match opening.refused {
        Some(reason) => draft.decline(reason, None),
        None => draft.proceed(opening.verification, opening.trace),
    }
    Ok(draft.finish())
}

fn verify(
    mut draft: Draft<'_>,
    server_trans_id: Option<String>,
    verification: Verification,
    trace: Trace,
) -> Result<Decision, Refusal> {
    let State::Authenticating(waiting) = &draft.order.payment.state else {
        return Err(Refusal::NotWaiting);
    };
    let open_challenge = match waiting {
        Waiting::Page { .. } => None,
        Waiting::Challenge(challenge) => Some(challenge.server_trans_id.as_str()),
        // Its provider is heard instead.
        Waiting::Provider(_) => return Err(Refusal::NotWaiting),
    };
    if open_challenge != server_trans_id.as_deref() {
        return Err(Refusal::NotWaiting);
    }
    draft.proceed(verification, trace);
    Ok(draft.finish())
}

fn settle(
    mut draft: Draft<'_>,
    rrn: &str,
    answer: HostAnswer,
    hold: Option<Review>,
    capture: Capture,
) -> Result<Decision, Refusal> {
    let State::Authorizing { trace, advice } = draft.order.payment.state.clone() else {
        return Err(Refusal::NotOnItsWay);
    };
    if trace.rrn != rrn {
        return Err(Refusal::NotOnItsWay);
    }
    let rules = draft.order.payment.rules;
    // Whatever the answer is, the authorization is over.
    draft.erase_cvc();
    match answer {
        HostAnswer::Approved(facts) => {
            draft.effects.push(Effect::ReleaseGuard(advice));
            let authorization = Authorization { trace, amount: draft.order.payment.amount };
            match (hold, rules.manual_capture_ms) {
                (Some(review), _) => draft.hold(authorization, review, facts),
                (None, Some(for_ms)) => draft.leave_authorized(authorization, for_ms, facts),
                (None, None) => draft.complete(authorization, capture, facts),
            }
        }
        HostAnswer::Declined { facts, reason, kind, reverse } => {
            match reverse {
                Some(why) => draft.reverse_request(advice, trace, why, &facts, Urgency::Soon),
                None => draft.effects.push(Effect::ReleaseGuard(advice)),
            }
            let may_step_up = rules.payer_present && draft.order.payment.step_ups == 0;
            if kind == DeclineKind::Soft && may_step_up {
                draft.step_up(facts);
            } else {
                draft.decline(reason, Some(facts));
            }
        }
        HostAnswer::NotSent(reason) => {
            draft.effects.push(Effect::ReleaseGuard(advice));
            draft.decline(reason, None);
        }
        // Silence is not a decline: the issuer may well have said yes. The payer is told no, and
        // whatever the host did is undone until it confirms.
        HostAnswer::Unanswered { reason, reverse } => {
            let facts = AnswerFacts::default();
            draft.reverse_request(advice, trace, reverse, &facts, Urgency::Soon);
            draft.decline(reason, None);
        }
    }
    Ok(draft.finish())
}

fn expire(mut draft: Draft<'_>) -> Result<Decision, Refusal> {
    if !matches!(draft.order.payment.state, State::Authenticating(_)) {
        return Err(Refusal::NotWaiting);
    }
    draft.stop_waiting();
    draft.happen(Event::Expired);
    draft.erase_cvc();
    draft.notify();
    Ok(draft.finish())
}

fn review(
    mut draft: Draft<'_>,
    verdict: ReviewVerdict,
    by: Decider,
    capture: Capture,
) -> Result<Decision, Refusal> {
    let State::Uncleared { authorization, review } = draft.order.payment.state.clone() else {
        return Err(Refusal::NotUnderReview);
    };
    if by == Decider::Merchant && band(review.score) == Band::Risk {
        return Err(Refusal::ReservedForRisk);
    }
    draft.effects.push(Effect::StopTimer(Timer::Review));
    match (verdict, draft.order.payment.rules.manual_capture_ms) {
        (ReviewVerdict::Accept, Some(for_ms)) => {
            let until = draft.context.now.saturating_add(for_ms);
            draft.effects.push(Effect::StartTimer(Timer::Hold, until));
            draft.happen(Event::ReviewPassed { until, by });
        }
        (ReviewVerdict::Accept, None) => {
            let facts = draft.facts();
            let capture = draft.claim_whole(&authorization, capture, facts);
            draft.happen(Event::ReviewAccepted { capture, by });
            draft.charge(FeeKind::Payment, WHOLE, authorization.amount);
        }
        (ReviewVerdict::Decline, _) => {
            let advice = draft.next_advice();
            let (why, facts) = (ReversalReason::CustomerCancellation, draft.facts());
            draft.reverse_request(advice, authorization.trace, why, &facts, Urgency::Soon);
            draft.happen(Event::ReviewDeclined { by });
        }
    }
    draft.notify();
    Ok(draft.finish())
}

/// A decision in the making: events are applied as they happen, so that what follows sees them.
struct Draft<'a> {
    order: Order,
    events: Vec<Event>,
    effects: Vec<Effect>,
    context: Context<'a>,
}

impl Draft<'_> {
    fn of<'a>(order: &Order, context: Context<'a>) -> Draft<'a> {
        Draft { order: order.clone(), events: Vec::new(), effects: Vec::new(), context }
    }

    /// Begins an attempt or a session, and ends what it supersedes.
    fn begin<'a>(existing: Option<&Order>, begun: Event, context: Context<'a>) -> Draft<'a> {
        let mut effects = Vec::new();
        if let Some(order) = existing {
            // The superseded attempt may still be waiting for its payer.
            effects.extend(waiting_timers(&order.payment.state).map(Effect::StopTimer));
            if order.payment.cvc_kept {
                effects.push(Effect::EraseCvc { card: order.counters.attempts });
            }
        }
        let order = evolve(existing.cloned(), &begun, context.now);
        let waits = |order: &Order| order.session.is_some_and(|session| session.ended.is_none());
        if existing.is_some_and(waits) && order.session.is_none() {
            effects.push(Effect::StopTimer(Timer::Session));
        }
        Draft { order, events: vec![begun], effects, context }
    }

    fn happen(&mut self, event: Event) {
        self.order = evolve(Some(self.order.clone()), &event, self.context.now);
        self.events.push(event);
    }

    fn finish(self) -> Decision {
        Decision { order: self.order, events: self.events, effects: self.effects }
    }

    fn next_advice(&mut self) -> AdviceId {
        let id = self.order.counters.next_advice();
        self.order.counters.advices = id.0;
        id
    }

    /// Goes where 3-D Secure leads.
    fn proceed(&mut self, verification: Verification, trace: Trace) {
        let rules = self.order.payment.rules;
        match verification {
            Verification::Skipped => self.authorize(trace),
            Verification::NotEnrolled => match rules.when_not_enrolled {
                Unauthenticated::Proceed => self.authorize(trace),
                Unauthenticated::Decline => self.decline(only_authenticated_cards(), None),
            },
            Verification::Pending(waiting) => self.wait(waiting),
            Verification::Referred(referral) => self.refer(referral),
            Verification::Finished(result) => {
                let status = result.status;
                let refusal = crate::authentication::refusal_of(&result);
                self.happen(Event::AuthenticationFinished(result));
                match status {
                    AuthenticationStatus::Authenticated
                    | AuthenticationStatus::Attempted
                    | AuthenticationStatus::Informational => self.authorize(trace),
                    AuthenticationStatus::Unavailable => match rules.when_unavailable {
                        Unauthenticated::Proceed => self.authorize(trace),
                        Unauthenticated::Decline => self.decline(refusal, None),
                    },
                    AuthenticationStatus::NotAuthenticated | AuthenticationStatus::Rejected => {
                        self.decline(refusal, None);
                    }
                }
            }
        }
    }

    fn wait(&mut self, waiting: Waiting) {
        if self.order.payment.state == State::Opened {
            let card = self.order.counters.attempts;
            self.happen(Event::CvcKept);
            self.effects.push(Effect::KeepCvc { card });
            self.effects.push(Effect::StartTimer(Timer::Expiry, self.deadline()));
        }
        self.happen(Event::AuthenticationStarted(waiting));
        if !self.order.payment.announced {
            self.notify();
        }
    }

    fn deadline(&self) -> Instant {
        let payment = &self.order.payment;
        payment.opened_at.saturating_add(payment.rules.expires_after_ms)
    }

    fn authorize(&mut self, trace: Trace) {
        let advice = self.next_advice();
        let amount = self.order.payment.amount;
        self.stop_waiting();
        self.happen(Event::AuthorizationRequested { trace: trace.clone(), advice });
        self.effects.push(Effect::GuardRequest { advice, trace: trace.clone(), amount });
        self.effects.push(Effect::SendAuthorization(trace));
    }

    fn complete(&mut self, authorization: Authorization, capture: Capture, facts: AnswerFacts) {
        let capture = self.claim_whole(&authorization, capture, facts.clone());
        let amount = authorization.amount;
        self.happen(Event::Completed { authorization, capture, facts });
        self.end_session(SessionEnd::Paid);
        self.charge(FeeKind::Payment, WHOLE, amount);
        self.notify();
    }

    /// Owes the one capture of the whole amount, unless the approval was the purchase, or there is
    /// nothing to capture: the card was only verified.
    fn claim_whole(
        &mut self,
        authorization: &Authorization,
        capture: Capture,
        facts: AnswerFacts,
    ) -> Trace {
        let Capture::Follows(capture) = capture else { return authorization.trace.clone() };
        if authorization.amount.minor == 0 {
            return authorization.trace.clone();
        }
        let advice = self.next_advice();
        self.effects.push(Effect::OweCapture(Completion {
            advice,
            original: authorization.clone(),
            capture: capture.clone(),
            amount: authorization.amount.minor,
            sequence: 1,
            is_final: true,
            sale: WHOLE,
            facts,
        }));
        capture
    }

    fn leave_authorized(&mut self, authorization: Authorization, for_ms: i64, facts: AnswerFacts) {
        let until = self.context.now.saturating_add(for_ms);
        self.effects.push(Effect::StartTimer(Timer::Hold, until));
        self.happen(Event::Authorized { authorization, until, facts });
        self.end_session(SessionEnd::Paid);
        self.notify();
    }

    fn hold(&mut self, authorization: Authorization, review: Review, facts: AnswerFacts) {
        self.effects.push(Effect::StartTimer(Timer::Review, review.until));
        self.happen(Event::Held { authorization, review, facts });
        self.end_session(SessionEnd::Paid);
        self.notify();
    }

    /// The second authorization is sent without the code, which ended with the first.
    fn step_up(&mut self, facts: AnswerFacts) {
        let deadline = self.deadline();
        self.happen(Event::SteppedUp { facts });
        self.effects.push(Effect::StartTimer(Timer::Expiry, deadline));
        self.effects.push(Effect::StartStepUp);
        if !self.order.payment.announced {
            self.notify();
        }
    }

    fn decline(&mut self, reason: Reason, facts: Option<AnswerFacts>) {
        self.stop_waiting();
        self.happen(Event::Declined { reason, facts });
        self.erase_cvc();
        self.notify();
    }

    fn erase_cvc(&mut self) {
        if self.order.payment.cvc_kept {
            let card = self.order.counters.attempts;
            self.happen(Event::CvcErased);
            self.effects.push(Effect::EraseCvc { card });
        }
    }

    /// Owes a reversal of the whole authorization request.
    fn reverse_request(
        &mut self,
        advice: AdviceId,
        original: Trace,
        reason: ReversalReason,
        facts: &AnswerFacts,
        urgency: Urgency,
    ) {
        let amount = match self.order.payment.authorization() {
            Some(authorization) => authorization.amount,
            None => self.order.payment.amount,
        };
        self.effects.push(Effect::OweReversal(Reversal {
            advice,
            original,
            what: Undone::Authorization,
            amount,
            reason,
            remains: None,
            approval_code: facts.approval_code.clone(),
            response_code: Some(facts.response_code.clone()).filter(|code| !code.is_empty()),
            urgency,
        }));
    }

    /// What the host said last about the payment.
    fn facts(&self) -> AnswerFacts {
        self.order.payment.answer.clone().unwrap_or_default()
    }

    /// Charges what the operator's table says, if it says anything. Nothing is charged for nothing.
    fn charge(&mut self, kind: FeeKind, sale: SaleNumber, amount: Money) {
        if amount.minor == 0 {
            return;
        }
        let brand = self.order.payment.brand;
        let Some((fee, description)) = self.context.tariff.fee(kind, brand, amount) else { return };
        let transaction_id = match self.order.sale(sale) {
            Some(sold) => sold.transaction_id,
            None => self.order.payment.transaction_id,
        };
        let description = description.to_owned();
        self.happen(Event::FeeCharged(Fee { sale, transaction_id, amount: fee, description }));
    }

    fn stop_waiting(&mut self) {
        let timers = waiting_timers(&self.order.payment.state);
        self.effects.extend(timers.map(Effect::StopTimer));
    }

    fn notify(&mut self) {
        self.notify_of(WHOLE);
    }

    /// Tells the shop of one sale.
    fn notify_of(&mut self, sale: SaleNumber) {
        self.happen(Event::Announced);
        let notification = self.order.counters.notifications;
        self.effects.push(Effect::Notify { notification, sale });
    }
}

/// The timers that may go off while a payer is waited for.
fn waiting_timers(state: &State) -> impl Iterator<Item = Timer> + use<> {
    let timers: &[Timer] = match state {
        State::Authenticating(Waiting::Provider(_)) => &[Timer::Expiry, Timer::Inquiry],
        State::Authenticating(_) => &[Timer::Expiry],
        _ => &[],
    };
    timers.iter().copied()
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

impl Event {
    /// The name under which the history keeps it.
    pub fn name(&self) -> &'static str {
        match self {
            Event::Offered(_) => "offered",
            Event::PageShown => "page_shown",
            Event::SessionEnded(_) => "session_ended",
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
            Event::Referred { .. } => "referred",
            Event::PayerActed { .. } => "payer_acted",
            Event::Promised { .. } => "promised",
            Event::Paid { .. } => "paid",
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

#[cfg(test)]
mod tests;
