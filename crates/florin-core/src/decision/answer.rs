//! The host answered the authorization request, or did not: the payment is captured, held, left to
//! be captured by hand, asked for once more, or over.

use super::{Completion, Decision, Draft, Effect, Event, Refusal, ReversalReason, Timer, Urgency};
use crate::payment::{AnswerFacts, Authorization, Reason, Review, State, Trace};
use crate::session::SessionEnd;
use crate::tariff::FeeKind;
use crate::trail::WHOLE;

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

/// The contract's words for an issuer that could not be asked.
pub fn inoperative() -> Reason {
    Reason::new("4999", "Authorization or issuer system inoperative")
}

pub(super) fn settle(
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

impl Draft<'_> {
    pub(super) fn complete(
        &mut self,
        authorization: Authorization,
        capture: Capture,
        facts: AnswerFacts,
    ) {
        let capture = self.claim_whole(&authorization, capture, facts.clone());
        let amount = authorization.amount;
        self.happen(Event::Completed { authorization, capture, facts });
        self.end_session(SessionEnd::Paid);
        self.charge(FeeKind::Payment, WHOLE, amount);
        self.notify();
    }

    /// Owes the one capture of the whole amount, unless the approval was the purchase, or there is
    /// nothing to capture: the card was only verified.
    pub(super) fn claim_whole(
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

    pub(super) fn leave_authorized(
        &mut self,
        authorization: Authorization,
        for_ms: i64,
        facts: AnswerFacts,
    ) {
        let until = self.context.now.saturating_add(for_ms);
        self.effects.push(Effect::StartTimer(Timer::Hold, until));
        self.happen(Event::Authorized { authorization, until, facts });
        self.end_session(SessionEnd::Paid);
        self.notify();
    }

    pub(super) fn hold(
        &mut self,
        authorization: Authorization,
        review: Review,
        facts: AnswerFacts,
    ) {
        self.effects.push(Effect::StartTimer(Timer::Review, review.until));
        self.happen(Event::Held { authorization, review, facts });
        self.end_session(SessionEnd::Paid);
        self.notify();
    }

    /// The second authorization is sent without the code, which ended with the first.
    pub(super) fn step_up(&mut self, facts: AnswerFacts) {
        let deadline = self.deadline();
        self.happen(Event::SteppedUp { facts });
        self.effects.push(Effect::StartTimer(Timer::Expiry, deadline));
        self.effects.push(Effect::StartStepUp);
        if !self.order.payment.announced {
            self.notify();
        }
    }
}
