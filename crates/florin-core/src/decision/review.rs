//! A payment that was held is let through or given up.

use super::{Capture, Decision, Draft, Effect, Event, Refusal, ReversalReason, Timer, Urgency};
use crate::payment::{Decider, ReviewVerdict, State};
use crate::risk::{Band, band};
use crate::tariff::FeeKind;
use crate::trail::WHOLE;

pub(super) fn review(
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
    if by == Decider::Timer && draft.context.now < review.until {
        return Err(Refusal::TooEarly);
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
