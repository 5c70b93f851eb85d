//! What is true after an event. Total: whether an event may happen was decided before.

use super::{Event, Offered, Opened, part};
use crate::chargeback::{Outcome, Stage};
use crate::order::{Counters, Order};
use crate::payment::{Instant, Payment, Rules, State, Unauthenticated, Waiting};
use crate::provider::{Facts, OtherMethod, Visit};
use crate::session::Session;
use crate::trail::{Refund, RefundState, Trail};

/// The order after the event, which happened at `at` of the site's clock.
///
/// # Panics
/// When the first event of an order is not its opening: a bug of the caller.
pub fn evolve(order: Option<Order>, event: &Event, at: Instant) -> Order {
    if let Event::Opened(opened) = event {
        let session = order.as_ref().and_then(|order| order.session).filter(|_| opened.on_page);
        let (mut counters, parts) =
            order.map(|order| (order.counters, order.parts)).unwrap_or_default();
        let parts = if opened.on_page { parts } else { Vec::new() };
        counters.attempts = counters.attempts.saturating_add(1);
        counters.events = counters.events.saturating_add(1);
        // Whatever came before ended without money, so it left no trail; but parts pay for every
        // attempt on the page.
        return Order {
            payment: newly_opened(opened, at),
            trail: Trail::default(),
            counters,
            session,
            parts,
        };
    }
    if let Event::Offered(offered) = event {
        let mut counters = order.map(|order| order.counters).unwrap_or_default();
        counters.events = counters.events.saturating_add(1);
        let payment = only_offered(offered, at);
        let session = Some(offered.session);
        return Order { payment, trail: Trail::default(), counters, session, parts: Vec::new() };
    }
    let mut order = order.expect("the first event of an order is its opening");
    order.counters.events = order.counters.events.saturating_add(1);
    part::apply(&mut order, event, at);
    let Order { payment, trail, counters, session, .. } = &mut order;
    apply_to_payment(payment, counters, event, at);
    apply_to_trail(trail, counters, event, at);
    if let Some(session) = session {
        apply_to_session(session, event);
    }
    if let (Event::AuthorizationEnded, Some(authorization)) =
        (event, payment.authorization().cloned())
    {
        let nothing = trail.captures.is_empty();
        payment.state =
            if nothing { State::Void(authorization) } else { State::Parted(authorization) };
    }
    if let (Event::Withdrawn, false) = (event, trail.captures.is_empty()) {
        // What was shipped is paid, and stays so.
        trail.released = payment.amount.minor.saturating_sub(trail.captured());
        payment.completed_at = Some(at);
        payment.state = State::Paid;
    }
    order
}

fn newly_opened(opened: &Opened, at: Instant) -> Payment {
    Payment {
        transaction_id: opened.transaction_id,
        amount: opened.amount,
        brand: opened.brand,
        other: opened.method.map(|method| OtherMethod {
            method,
            reference: String::new(),
            facts: Facts::new(),
        }),
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

/// What stands for an attempt as long as there is none. Its rules come with the first one.
fn only_offered(offered: &Offered, at: Instant) -> Payment {
    Payment {
        transaction_id: offered.session.number,
        amount: offered.amount,
        brand: None,
        other: None,
        opened_at: at,
        modified_at: at,
        completed_at: None,
        rules: Rules {
            when_unavailable: Unauthenticated::Decline,
            when_not_enrolled: Unauthenticated::Decline,
            payer_present: true,
            expires_after_ms: 0,
            manual_capture_ms: None,
        },
        state: State::Offered,
        authentication: None,
        answer: None,
        step_ups: 0,
        announced: false,
        cvc_kept: false,
    }
}

/// Keeps what the provider tells; what it told before and does not repeat still holds.
fn learn(payment: &mut Payment, facts: &Facts) {
    if let Some(other) = &mut payment.other {
        other.facts.extend(facts.iter().map(|(name, text)| (name.clone(), text.clone())));
    }
}

fn apply_to_session(session: &mut Session, event: &Event) {
    match event {
        Event::PageShown => session.openings = session.openings.saturating_add(1),
        Event::SessionEnded(end) => session.ended = Some(*end),
        Event::SessionReopened => session.ended = None,
        _ => {}
    }
}

fn apply_to_payment(payment: &mut Payment, counters: &mut Counters, event: &Event, at: Instant) {
    payment.modified_at = at;
    let authorization = payment.authorization().cloned();
    match event {
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
        Event::Authorized { authorization, facts, .. } => {
            payment.answer = Some(facts.clone());
            payment.completed_at = Some(at);
            payment.state = State::Authorized(authorization.clone());
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
        Event::ReferralAsked => payment.state = State::Authenticating(Waiting::Referral),
        Event::Referred { reference, url } => {
            if let Some(other) = &mut payment.other {
                other.reference.clone_from(reference);
            }
            let visit = Visit { url: url.clone(), acted: false };
            payment.state = State::Authenticating(Waiting::Provider(visit));
        }
        Event::PayerActed { facts } => {
            learn(payment, facts);
            if let State::Authenticating(Waiting::Provider(visit)) = &mut payment.state {
                visit.acted = true;
            }
        }
        Event::Promised { until, facts } => {
            learn(payment, facts);
            payment.state = State::Promised { until: *until };
        }
        Event::PromiseProlonged { until } => payment.state = State::Promised { until: *until },
        Event::Paid { facts } => {
            learn(payment, facts);
            payment.completed_at = Some(at);
            payment.state = State::Paid;
        }
        Event::PaidInPart(part) => {
            learn(payment, &part.by.facts);
            payment.state = State::PaidInPart;
        }
        Event::Withdrawn => payment.state = State::Withdrawn,
        Event::SessionEnded(_) => {
            if payment.state == State::Offered {
                payment.state = State::Lapsed;
            }
        }
        Event::Cancelled => payment.state = State::Cancelled,
        Event::ReviewAccepted { capture, .. } | Event::Captured { capture } => {
            if let Some(authorization) = authorization {
                payment.completed_at = Some(at);
                payment.state = State::Completed { authorization, capture: capture.clone() };
            }
        }
        Event::ReviewPassed { .. } => {
            if let Some(authorization) = authorization {
                payment.completed_at = Some(at);
                payment.state = State::Authorized(authorization);
            }
        }
        Event::ReviewDeclined { .. } => {
            if let Some(authorization) = authorization {
                payment.state = State::Void(authorization);
            }
        }
        Event::Incremented { amount } => {
            if let State::Authorized(authorization) = &mut payment.state {
                let minor = &mut authorization.amount.minor;
                *minor = minor.saturating_add(*amount);
            }
        }
        Event::CvcKept => payment.cvc_kept = true,
        Event::CvcErased => payment.cvc_kept = false,
        Event::Announced => {
            counters.notifications = counters.notifications.saturating_add(1);
            payment.announced = true;
        }
        // See `part`, `apply_to_trail`, `apply_to_session` and `evolve`.
        Event::Opened(_)
        | Event::PartReleased { .. }
        | Event::PartAskedBack { .. }
        | Event::PartGivenBack { .. }
        | Event::PartNotGivenBack { .. }
        | Event::Offered(_)
        | Event::PageShown
        | Event::SessionReopened
        | Event::AuthorizationEnded
        | Event::Annotated
        | Event::CapturedInPart(_)
        | Event::ShipmentAsked(_)
        | Event::ShipmentDeclined { .. }
        | Event::Released { .. }
        | Event::HoldEnded { .. }
        | Event::IncrementRequested(_)
        | Event::IncrementFailed { .. }
        | Event::Shipped { .. }
        | Event::RefundRequested(_)
        | Event::RefundSent { .. }
        | Event::RefundAsked { .. }
        | Event::RefundCompleted { .. }
        | Event::RefundDeclined { .. }
        | Event::RefundVoided { .. }
        | Event::ChargedBack(_)
        | Event::ChargebackAccepted { .. }
        | Event::DisputeOpened { .. }
        | Event::EvidenceAdded { .. }
        | Event::DisputeSubmitted { .. }
        | Event::EvidenceAsked { .. }
        | Event::DisputeProcessed { .. }
        | Event::ChargebackReversed { .. }
        | Event::DisputeLost { .. }
        | Event::FeeCharged(_) => {}
    }
}

fn apply_to_trail(trail: &mut Trail, counters: &mut Counters, event: &Event, at: Instant) {
    let mut refund = |number: u32, state: RefundState| {
        if let Some(refund) = trail.refund_mut(number) {
            refund.state = state;
            refund.modified_at = at;
        }
    };
    match event {
        Event::Authorized { until, .. } | Event::ReviewPassed { until, .. } => {
            trail.hold_until = Some(*until);
        }
        Event::CapturedInPart(capture) => {
            trail.captures.push(capture.clone());
            trail.shipment = None;
        }
        Event::ShipmentAsked(shipment) => trail.shipment = Some(shipment.clone()),
        Event::ShipmentDeclined { .. } => trail.shipment = None,
        Event::Released { amount } | Event::HoldEnded { amount } => {
            trail.released = trail.released.saturating_add(*amount);
        }
        Event::IncrementRequested(increment) => {
            counters.advices = counters.advices.max(increment.advice.0);
            trail.increment = Some(increment.clone());
        }
        Event::Incremented { .. } | Event::IncrementFailed { .. } => trail.increment = None,
        Event::Shipped { sale } => trail.shipped.push(*sale),
        Event::RefundRequested(asked) => {
            trail.refunds.push(Refund { modified_at: at, ..asked.clone() })
        }
        Event::RefundSent { number, trace, advice, tries } => {
            counters.advices = counters.advices.max(advice.0);
            let (trace, advice, tries) = (trace.clone(), *advice, *tries);
            refund(*number, RefundState::Sent { trace, advice, tries });
        }
        Event::RefundCompleted { number } => {
            let trace = match trail.refund(*number).map(|refund| refund.state.clone()) {
                Some(RefundState::Sent { trace, .. }) => Some(trace),
                Some(RefundState::Asked) => None,
                _ => return,
            };
            let state = RefundState::Completed { trace };
            if let Some(refund) = trail.refund_mut(*number) {
                (refund.state, refund.modified_at) = (state, at);
            }
        }
        Event::RefundAsked { number } => refund(*number, RefundState::Asked),
        Event::RefundDeclined { number, response_code } => {
            refund(*number, RefundState::Declined { response_code: response_code.clone() });
        }
        Event::RefundVoided { number } => refund(*number, RefundState::Void),
        Event::FeeCharged(fee) => trail.fees.push(fee.clone()),
        _ => apply_to_chargebacks(trail, event, at),
    }
}

fn apply_to_chargebacks(trail: &mut Trail, event: &Event, at: Instant) {
    if let Event::ChargedBack(case) = event {
        trail.chargebacks.push(case.clone());
        return;
    }
    let (number, stage) = match event {
        Event::ChargebackAccepted { number } => (number, Some(Stage::Accepted)),
        Event::DisputeOpened { number } => (number, Some(Stage::Open)),
        Event::EvidenceAdded { number, .. } => (number, None),
        Event::DisputeSubmitted { number } => (number, Some(Stage::Submitted)),
        Event::EvidenceAsked { number, .. } => (number, Some(Stage::Ready)),
        Event::DisputeProcessed { number } => (number, Some(Stage::Processed)),
        Event::ChargebackReversed { number, credit } => {
            (number, Some(Stage::Closed(Outcome::Won(*credit))))
        }
        Event::DisputeLost { number } => (number, Some(Stage::Closed(Outcome::Lost))),
        _ => return,
    };
    let Some(case) = trail.chargeback_mut(*number) else { return };
    case.modified_at = at;
    case.stage = stage.unwrap_or(case.stage);
    match event {
        Event::EvidenceAdded { file, .. } => case.files.push(*file),
        Event::EvidenceAsked { due, .. } => case.due = *due,
        _ => {}
    }
}
