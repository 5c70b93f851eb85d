//! What a command does to an order: `decide` says what happened and what must be done about it,
//! `evolve` says what is true afterwards. No I/O, no clock, no chance: the present instant,
//! numbers and answers come in with the command.
//!
//! Each decision is a descent: refusals first, then one straight line of events and effects.
//! The caller commits the evolved order together with what the effects owe, and only then acts.

use crate::card::Brand;
use crate::money::Money;
use crate::order::{Counters, Order};
use crate::payment::{
    AdviceId, AnswerFacts, AuthenticationResult, AuthenticationStatus, Authorization, Decider,
    Instant, Payment, Reason, Review, ReviewVerdict, Rules, State, Trace, TransactionId,
    Unauthenticated, Waiting,
};
use crate::risk::{Band, band};

/// What somebody wants, or what somebody answered.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(clippy::large_enum_variant, reason = "made, matched and dropped within one call")]
pub enum Command {
    /// A shop wants an order paid.
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
    Review { verdict: ReviewVerdict, by: Decider, capture: Trace },
}

/// A new attempt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Opening {
    pub transaction_id: TransactionId,
    pub amount: Money,
    pub brand: Option<Brand>,
    pub rules: Rules,
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
            ReversalReason::InvalidResponse => "4020",
            ReversalReason::TimeOut => "4021",
        }
    }
}

/// What happened, in the past tense; with the instant it makes the order's history.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(clippy::large_enum_variant, reason = "made, matched and dropped within one call")]
pub enum Event {
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
    /// The issuer wants the payer authenticated; the payer is asked once more.
    SteppedUp {
        facts: AnswerFacts,
    },
    Declined {
        reason: Reason,
        facts: Option<AnswerFacts>,
    },
    Expired,
    ReviewAccepted {
        capture: Trace,
        by: Decider,
    },
    ReviewDeclined {
        by: Decider,
    },
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
    pub rules: Rules,
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
    OweReversal {
        advice: AdviceId,
        original: Trace,
        amount: Money,
        reason: ReversalReason,
        approval_code: Option<String>,
        response_code: Option<String>,
    },
    OweCapture {
        advice: AdviceId,
        original: Authorization,
        capture: Trace,
        facts: AnswerFacts,
    },
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
    /// Tell the shop.
    Notify {
        notification: u32,
    },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Timer {
    Expiry,
    Review,
}

/// The answer is no, and the order stays as it was.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// The order id belongs to a payment that was made, is held, or is on its way.
    OrderIdTaken,
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
}

/// The order as it will be, and what brought it there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decision {
    pub order: Order,
    pub events: Vec<Event>,
    pub effects: Vec<Effect>,
}

/// Decides on a command at the instant `now` of the site's clock.
///
/// # Errors
/// A [`Refusal`] when the present state does not allow the command.
pub fn decide(order: Option<&Order>, command: Command, now: Instant) -> Result<Decision, Refusal> {
    match command {
        Command::Open(opening) => open(order, opening, now),
        Command::Verify { server_trans_id, verification, trace } => {
            let order = order.ok_or(Refusal::NoOrder)?;
            verify(order, server_trans_id, verification, trace, now)
        }
        Command::Answer { rrn, answer, hold, capture } => {
            let order = order.ok_or(Refusal::NoOrder)?;
            settle(order, &rrn, answer, hold, capture, now)
        }
        Command::Recover { rrn } => {
            let order = order.ok_or(Refusal::NoOrder)?;
            let answer =
                HostAnswer::Unanswered { reason: inoperative(), reverse: ReversalReason::TimeOut };
            settle(order, &rrn, answer, None, Capture::Included, now)
        }
        Command::Expire => expire(order.ok_or(Refusal::NoOrder)?, now),
        Command::Review { verdict, by, capture } => {
            review(order.ok_or(Refusal::NoOrder)?, verdict, by, capture, now)
        }
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

fn open(existing: Option<&Order>, opening: Opening, now: Instant) -> Result<Decision, Refusal> {
    if existing.is_some_and(Order::refuses_new_attempt) {
        return Err(Refusal::OrderIdTaken);
    }
    let mut draft = Draft::open(existing, &opening, now);
    match opening.refused {
        Some(reason) => draft.decline(reason, None),
        None => draft.proceed(opening.verification, opening.trace),
    }
    Ok(draft.finish())
}

fn verify(
    order: &Order,
    server_trans_id: Option<String>,
    verification: Verification,
    trace: Trace,
    now: Instant,
) -> Result<Decision, Refusal> {
    let State::Authenticating(waiting) = &order.payment.state else {
        return Err(Refusal::NotWaiting);
    };
    let open_challenge = match waiting {
        Waiting::Page { .. } => None,
        Waiting::Challenge(challenge) => Some(challenge.server_trans_id.as_str()),
    };
    if open_challenge != server_trans_id.as_deref() {
        return Err(Refusal::NotWaiting);
    }
    let mut draft = Draft::of(order, now);
    draft.proceed(verification, trace);
    Ok(draft.finish())
}

fn settle(
    order: &Order,
    rrn: &str,
    answer: HostAnswer,
    hold: Option<Review>,
    capture: Capture,
    now: Instant,
) -> Result<Decision, Refusal> {
    let State::Authorizing { trace, advice } = order.payment.state.clone() else {
        return Err(Refusal::NotOnItsWay);
    };
    if trace.rrn != rrn {
        return Err(Refusal::NotOnItsWay);
    }
    let mut draft = Draft::of(order, now);
    // Whatever the answer is, the authorization is over.
    draft.erase_cvc();
    match answer {
        HostAnswer::Approved(facts) => {
            draft.effects.push(Effect::ReleaseGuard(advice));
            let authorization = Authorization { trace, amount: order.payment.amount };
            match hold {
                Some(review) => draft.hold(authorization, review, facts),
                None => draft.complete(authorization, capture, facts),
            }
        }
        HostAnswer::Declined { facts, reason, kind, reverse } => {
            match reverse {
                Some(why) => draft.owe_reversal(advice, trace, why, &facts),
                None => draft.effects.push(Effect::ReleaseGuard(advice)),
            }
            let may_step_up = order.payment.rules.payer_present && order.payment.step_ups == 0;
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
            draft.owe_reversal(advice, trace, reverse, &AnswerFacts::default());
            draft.decline(reason, None);
        }
    }
    Ok(draft.finish())
}

fn expire(order: &Order, now: Instant) -> Result<Decision, Refusal> {
    if !matches!(order.payment.state, State::Authenticating(_)) {
        return Err(Refusal::NotWaiting);
    }
    let mut draft = Draft::of(order, now);
    draft.happen(Event::Expired);
    draft.erase_cvc();
    draft.effects.push(Effect::StopTimer(Timer::Expiry));
    draft.notify();
    Ok(draft.finish())
}

fn review(
    order: &Order,
    verdict: ReviewVerdict,
    by: Decider,
    capture: Trace,
    now: Instant,
) -> Result<Decision, Refusal> {
    let State::Uncleared { authorization, review } = order.payment.state.clone() else {
        return Err(Refusal::NotUnderReview);
    };
    if by == Decider::Merchant && band(review.score) == Band::Risk {
        return Err(Refusal::ReservedForRisk);
    }
    let mut draft = Draft::of(order, now);
    let facts = order.payment.answer.clone().unwrap_or_default();
    draft.effects.push(Effect::StopTimer(Timer::Review));
    let advice = draft.next_advice();
    match verdict {
        ReviewVerdict::Accept => {
            draft.effects.push(Effect::OweCapture {
                advice,
                original: authorization,
                capture: capture.clone(),
                facts,
            });
            draft.happen(Event::ReviewAccepted { capture, by });
        }
        ReviewVerdict::Decline => {
            let why = ReversalReason::CustomerCancellation;
            draft.owe_reversal(advice, authorization.trace, why, &facts);
            draft.happen(Event::ReviewDeclined { by });
        }
    }
    draft.notify();
    Ok(draft.finish())
}

/// A decision in the making: events are applied as they happen, so that what follows sees them.
struct Draft {
    order: Order,
    events: Vec<Event>,
    effects: Vec<Effect>,
    now: Instant,
}

impl Draft {
    fn of(order: &Order, now: Instant) -> Draft {
        Draft { order: order.clone(), events: Vec::new(), effects: Vec::new(), now }
    }

    fn open(existing: Option<&Order>, opening: &Opening, now: Instant) -> Draft {
        let opened = Event::Opened(Opened {
            transaction_id: opening.transaction_id,
            amount: opening.amount,
            brand: opening.brand,
            rules: opening.rules,
        });
        let mut effects = Vec::new();
        if let Some(order) = existing {
            // The superseded attempt may still be waiting for its payer.
            if matches!(order.payment.state, State::Authenticating(_)) {
                effects.push(Effect::StopTimer(Timer::Expiry));
            }
            if order.payment.cvc_kept {
                effects.push(Effect::EraseCvc { card: order.counters.attempts });
            }
        }
        let order = evolve(existing.cloned(), &opened, now);
        Draft { order, events: vec![opened], effects, now }
    }

    fn happen(&mut self, event: Event) {
        self.order = evolve(Some(self.order.clone()), &event, self.now);
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
        let capture = match capture {
            Capture::Follows(capture) => {
                let advice = self.next_advice();
                self.effects.push(Effect::OweCapture {
                    advice,
                    original: authorization.clone(),
                    capture: capture.clone(),
                    facts: facts.clone(),
                });
                capture
            }
            Capture::Included => authorization.trace.clone(),
        };
        self.happen(Event::Completed { authorization, capture, facts });
        self.notify();
    }

    fn hold(&mut self, authorization: Authorization, review: Review, facts: AnswerFacts) {
        self.effects.push(Effect::StartTimer(Timer::Review, review.until));
        self.happen(Event::Held { authorization, review, facts });
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

    fn owe_reversal(
        &mut self,
        advice: AdviceId,
        original: Trace,
        reason: ReversalReason,
        facts: &AnswerFacts,
    ) {
        self.effects.push(Effect::OweReversal {
            advice,
            original,
            amount: self.order.payment.amount,
            reason,
            approval_code: facts.approval_code.clone(),
            response_code: Some(facts.response_code.clone()).filter(|code| !code.is_empty()),
        });
    }

    fn stop_waiting(&mut self) {
        if matches!(self.order.payment.state, State::Authenticating(_)) {
            self.effects.push(Effect::StopTimer(Timer::Expiry));
        }
    }

    fn notify(&mut self) {
        self.happen(Event::Announced);
        self.effects.push(Effect::Notify { notification: self.order.counters.notifications });
    }
}

/// The order after the event. Total: whether an event may happen was decided before.
pub fn evolve(order: Option<Order>, event: &Event, at: Instant) -> Order {
    if let Event::Opened(opened) = event {
        let mut counters = order.map(|order| order.counters).unwrap_or_default();
        counters.attempts = counters.attempts.saturating_add(1);
        counters.events = counters.events.saturating_add(1);
        return Order { payment: newly_opened(opened, at), counters };
    }
    let mut order = order.expect("the first event of an order is its opening");
    order.counters.events = order.counters.events.saturating_add(1);
    apply(&mut order.payment, &mut order.counters, event, at);
    order
}

fn newly_opened(opened: &Opened, at: Instant) -> Payment {
    Payment {
        transaction_id: opened.transaction_id,
        amount: opened.amount,
        brand: opened.brand,
        opened_at: at,
        modified_at: at,
        completed_at: None,
        rules: opened.rules,
        state: State::Opened,
        authentication: None,
        answer: None,
        step_ups: 0,
        announced: false,
        cvc_kept: false,
    }
}

fn apply(payment: &mut Payment, counters: &mut Counters, event: &Event, at: Instant) {
    payment.modified_at = at;
    match event {
        Event::Opened(_) => {}
        Event::AuthenticationStarted(waiting) => {
            payment.state = State::Authenticating(waiting.clone());
        }
        Event::AuthenticationFinished(result) => payment.authentication = Some(result.clone()),
        Event::AuthorizationRequested { trace, advice } => {
            counters.advices = counters.advices.max(advice.0);
            payment.state = State::Authorizing { trace: trace.clone(), advice: *advice };
        }
        Event::Completed { authorization, capture, facts } => {
            payment.answer = Some(facts.clone());
            payment.completed_at = Some(at);
            payment.state =
                State::Completed { authorization: authorization.clone(), capture: capture.clone() };
        }
        Event::Held { authorization, review, facts } => {
            payment.answer = Some(facts.clone());
            payment.state =
                State::Uncleared { authorization: authorization.clone(), review: review.clone() };
        }
        Event::SteppedUp { facts } => {
            payment.answer = Some(facts.clone());
            payment.step_ups = payment.step_ups.saturating_add(1);
            payment.state = State::Authenticating(Waiting::Page { mandate: true });
        }
        Event::Declined { reason, facts } => {
            if facts.is_some() {
                payment.answer.clone_from(facts);
            }
            payment.state = State::Declined(reason.clone());
        }
        Event::Expired => payment.state = State::Expired,
        Event::ReviewAccepted { capture, .. } => {
            if let State::Uncleared { authorization, .. } = &payment.state {
                payment.completed_at = Some(at);
                payment.state = State::Completed {
                    authorization: authorization.clone(),
                    capture: capture.clone(),
                };
            }
        }
        Event::ReviewDeclined { .. } => {
            if let State::Uncleared { authorization, .. } = &payment.state {
                payment.state = State::Void(authorization.clone());
            }
        }
        Event::CvcKept => payment.cvc_kept = true,
        Event::CvcErased => payment.cvc_kept = false,
        Event::Announced => {
            counters.notifications = counters.notifications.saturating_add(1);
            payment.announced = true;
        }
    }
}

impl Event {
    /// The name under which the history keeps it.
    pub fn name(&self) -> &'static str {
        match self {
            Event::Opened(_) => "opened",
            Event::AuthenticationStarted(_) => "authentication_started",
            Event::AuthenticationFinished(_) => "authentication_finished",
            Event::AuthorizationRequested { .. } => "authorization_requested",
            Event::Completed { .. } => "completed",
            Event::Held { .. } => "held_for_review",
            Event::SteppedUp { .. } => "stepped_up",
            Event::Declined { .. } => "declined",
            Event::Expired => "expired",
            Event::ReviewAccepted { .. } => "review_accepted",
            Event::ReviewDeclined { .. } => "review_declined",
            Event::CvcKept => "cvc_kept",
            Event::CvcErased => "cvc_erased",
            Event::Announced => "announced",
        }
    }
}

#[cfg(test)]
mod tests;
