//! More of the same authorization, while the hold lasts (DE48 tag 03 = `I`).
//!
//! Guarded like the first request: should nobody record its outcome, the increment alone is
//! undone, and the authorization stays what it was.

use super::capture::authorized;
use super::{
    Decision, Draft, Effect, Event, HostAnswer, Refusal, Reversal, ReversalReason, Undone, Urgency,
};
use crate::money::{MESSAGE_MINOR_MAX, Money};
use crate::payment::Trace;
use crate::trail::Increment;

/// Asks for `amount` minor units more.
pub(super) fn ask(mut draft: Draft<'_>, amount: i64, trace: Trace) -> Result<Decision, Refusal> {
    let authorization = authorized(&draft)?;
    if draft.order.trail.increment.is_some() {
        return Err(Refusal::NotInThisState);
    }
    let sum = authorization.amount.minor.saturating_add(amount);
    if amount < 1 || sum > MESSAGE_MINOR_MAX {
        return Err(Refusal::AmountOutOfBounds);
    }
    let advice = draft.next_advice();
    let increment = Increment { trace: trace.clone(), amount, advice };
    let money = Money::new(amount, authorization.amount.currency);
    draft.happen(Event::IncrementRequested(increment.clone()));
    draft.effects.push(Effect::GuardRequest { advice, trace, amount: money });
    draft.effects.push(Effect::SendIncrement(increment));
    Ok(draft.finish())
}

/// Settles what the host said.
pub(super) fn answer(
    mut draft: Draft<'_>,
    rrn: &str,
    answer: HostAnswer,
) -> Result<Decision, Refusal> {
    let Some(increment) = draft.order.trail.increment.clone() else {
        return Err(Refusal::NotOnItsWay);
    };
    if increment.trace.rrn != rrn {
        return Err(Refusal::NotOnItsWay);
    }
    let (reverse, response_code) = match answer {
        HostAnswer::Approved(_) => {
            draft.effects.push(Effect::ReleaseGuard(increment.advice));
            draft.happen(Event::Incremented { amount: increment.amount });
            return Ok(draft.finish());
        }
        HostAnswer::Declined { facts, reverse, .. } => (reverse, Some(facts.response_code)),
        HostAnswer::NotSent(_) => (None, None),
        HostAnswer::Unanswered { reverse, .. } => (Some(reverse), None),
    };
    match reverse {
        Some(reason) => draft.undo(&increment, reason, response_code.clone()),
        None => draft.effects.push(Effect::ReleaseGuard(increment.advice)),
    }
    draft.happen(Event::IncrementFailed { response_code });
    Ok(draft.finish())
}

impl Draft<'_> {
    fn undo(
        &mut self,
        increment: &Increment,
        reason: ReversalReason,
        response_code: Option<String>,
    ) {
        let currency = self.order.payment.amount.currency;
        self.effects.push(Effect::OweReversal(Reversal {
            advice: increment.advice,
            original: increment.trace.clone(),
            what: Undone::Authorization,
            amount: Money::new(increment.amount, currency),
            reason,
            remains: None,
            approval_code: None,
            response_code: response_code.filter(|code| !code.is_empty()),
            urgency: Urgency::Soon,
        }));
    }
}
