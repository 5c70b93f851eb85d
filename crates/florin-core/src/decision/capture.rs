//! The merchant claims what was authorized, in one piece or in several, or gives up the rest.

use super::{
    Completion, Decision, Draft, Effect, Event, Refusal, Reversal, ReversalReason, Timer, Undone,
    Urgency,
};
use crate::money::Money;
use crate::payment::{Authorization, State, Trace, TransactionId};
use crate::tariff::FeeKind;
use crate::trail::{CAPTURES_MAX, PartCapture, WHOLE};

/// What a capture in part is called; not used where the whole is captured at once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewSale {
    pub transaction_id: TransactionId,
    /// The merchant's name for the order that the capture makes.
    pub order_id: String,
}

/// Claims `amount` minor units, or all that is left.
pub(super) fn capture(
    mut draft: Draft<'_>,
    amount: Option<i64>,
    sale: NewSale,
    trace: Trace,
) -> Result<Decision, Refusal> {
    let authorization = authorized(&draft)?;
    let left = draft.order.capturable();
    if left == 0 || draft.order.trail.captures.len() >= CAPTURES_MAX {
        return Err(Refusal::NotInThisState);
    }
    let amount = amount.unwrap_or(left);
    if !(1..=left).contains(&amount) {
        return Err(Refusal::AmountOutOfBounds);
    }
    let is_final = amount == left;
    // An increment that is on its way would become part of an authorization that has ended.
    if is_final && draft.order.trail.increment.is_some() {
        return Err(Refusal::NotInThisState);
    }
    let is_whole = amount == authorization.amount.minor;
    let sequence = draft.order.trail.next_capture();
    let number = if is_whole { WHOLE } else { sequence };
    let advice = draft.next_advice();
    let facts = draft.facts();
    draft.effects.push(Effect::OweCapture(Completion {
        advice,
        original: authorization,
        capture: trace.clone(),
        amount,
        sequence,
        is_final,
        sale: number,
        facts,
    }));
    let money = Money::new(amount, draft.order.payment.amount.currency);
    if is_whole {
        draft.happen(Event::Captured { capture: trace });
    } else {
        let at = draft.context.now;
        let NewSale { transaction_id, order_id } = sale;
        let trace = Some(trace);
        let part = PartCapture { number, transaction_id, order_id, amount, at, trace };
        draft.happen(Event::CapturedInPart(part.clone()));
        draft.effects.push(Effect::OpenSale(part));
        if is_final {
            draft.happen(Event::AuthorizationEnded);
        }
    }
    draft.charge(FeeKind::Payment, number, money);
    if is_final {
        draft.effects.push(Effect::StopTimer(Timer::Hold));
        draft.notify_of(WHOLE);
    }
    if !is_whole {
        draft.notify_of(number);
    }
    Ok(draft.finish())
}

/// The merchant gives up what is left.
pub(super) fn release(mut draft: Draft<'_>) -> Result<Decision, Refusal> {
    let amount = draft.give_back(Urgency::Asked)?;
    draft.happen(Event::Released { amount });
    draft.happen(Event::AuthorizationEnded);
    draft.effects.push(Effect::StopTimer(Timer::Hold));
    draft.notify();
    Ok(draft.finish())
}

/// The scheme no longer guarantees the authorization, so what is left of it is given up.
pub(super) fn end_hold(mut draft: Draft<'_>) -> Result<Decision, Refusal> {
    let amount = draft.give_back(Urgency::Soon)?;
    let now = draft.context.now;
    if draft.order.trail.hold_until.is_some_and(|until| now < until) {
        return Err(Refusal::TooEarly);
    }
    draft.happen(Event::HoldEnded { amount });
    draft.happen(Event::AuthorizationEnded);
    draft.effects.push(Effect::StopTimer(Timer::Hold));
    draft.notify();
    Ok(draft.finish())
}

pub(super) fn authorized(draft: &Draft<'_>) -> Result<Authorization, Refusal> {
    match &draft.order.payment.state {
        State::Authorized(authorization) => Ok(authorization.clone()),
        _ => Err(Refusal::NotInThisState),
    }
}

impl Draft<'_> {
    /// Owes the reversal of what is left of the authorization; returns how much that is.
    fn give_back(&mut self, urgency: Urgency) -> Result<i64, Refusal> {
        let authorization = authorized(self)?;
        let left = self.order.capturable();
        // While an increment is on its way nobody knows how much there is to give back.
        if left == 0 || self.order.trail.increment.is_some() {
            return Err(Refusal::NotInThisState);
        }
        let captured = self.order.trail.captured();
        let advice = self.next_advice();
        let facts = self.facts();
        let (reason, remains) = if captured == 0 {
            (ReversalReason::CustomerCancellation, None)
        } else {
            (ReversalReason::PartlyCompleted, Some(captured))
        };
        self.effects.push(Effect::OweReversal(Reversal {
            advice,
            original: authorization.trace,
            what: Undone::Authorization,
            // That of the request itself, as the host knows it: increments are requests of their
            // own, some of which it may have approved and undone again.
            amount: self.order.payment.amount,
            reason,
            remains,
            approval_code: facts.approval_code,
            response_code: Some(facts.response_code).filter(|code| !code.is_empty()),
            urgency,
        }));
        Ok(left)
    }
}
