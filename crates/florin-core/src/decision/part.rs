//! A gift card pays what is on it. The rest is paid by other attempts, or the part is given back.

use super::{Decision, Draft, Effect, Event, Refusal, Timer};
use crate::method::Kind;
use crate::money::Money;
use crate::order::Order;
use crate::part::{PARTS_MAX, Part, PartState};
use crate::payment::{Instant, State, TransactionId};
use crate::provider::{Facts, REFUND_ASK_AGAIN_MS, RefundWord};

/// The payer gives up paying in parts: what is paid goes back, and the order can be paid as if
/// nothing was.
pub(super) fn give_up(mut draft: Draft<'_>) -> Result<Decision, Refusal> {
    if !draft.order.is_open_in_part() {
        return Err(Refusal::NotInThisState);
    }
    draft.owe_parts();
    draft.notify();
    Ok(draft.finish())
}

/// The provider of a part may be asked to take it back from now on, under this number, again and
/// again until it answers.
pub(super) fn ask_back(
    mut draft: Draft<'_>,
    number: u32,
    refund_id: TransactionId,
) -> Result<Decision, Refusal> {
    match draft.order.part(number).map(|part| part.state) {
        Some(PartState::Owed) => {}
        Some(PartState::Asked { .. }) => return Err(Refusal::AlreadySo),
        Some(_) => return Err(Refusal::NotInThisState),
        None => return Err(Refusal::NoRefund),
    }
    draft.happen(Event::PartAskedBack { number, refund_id });
    let again = draft.context.now.saturating_add(REFUND_ASK_AGAIN_MS);
    draft.effects.push(Effect::StartTimer(Timer::GiveBack(number), again));
    Ok(draft.finish())
}

/// The provider of a part answered.
pub(super) fn hear_back(
    mut draft: Draft<'_>,
    number: u32,
    word: RefundWord,
) -> Result<Decision, Refusal> {
    let state = draft.order.part(number).map(|part| part.state);
    if !matches!(state, Some(PartState::Asked { .. })) {
        return Err(Refusal::NotOnItsWay);
    }
    draft.effects.push(Effect::StopTimer(Timer::GiveBack(number)));
    draft.happen(match word {
        RefundWord::Paid => Event::PartGivenBack { number },
        RefundWord::Declined => Event::PartNotGivenBack { number },
    });
    draft.notify();
    Ok(draft.finish())
}

impl Draft<'_> {
    /// Takes what a gift card paid of the attempt that waits for it.
    pub(super) fn take_part(&mut self, paid: Money, facts: &Facts) -> Result<(), Refusal> {
        let payment = &self.order.payment;
        let due = payment.amount;
        let Some(other) = &payment.other else { return Err(Refusal::NotInThisState) };
        if other.method.kind != Kind::GiftCard {
            return Err(Refusal::NotInThisState);
        }
        if paid.currency != due.currency || paid.minor < 1 || paid.minor >= due.minor {
            return Err(Refusal::AmountOutOfBounds);
        }
        if self.order.parts.len() >= PARTS_MAX {
            return Err(Refusal::TooMany);
        }
        let mut by = other.clone();
        by.facts.extend(facts.iter().map(|(name, text)| (name.clone(), text.clone())));
        let number = u32::try_from(self.order.parts.len()).unwrap_or(u32::MAX).saturating_add(1);
        let now = self.context.now;
        let transaction_id = payment.transaction_id;
        self.stop_waiting();
        self.happen(Event::PaidInPart(Part {
            number,
            transaction_id,
            by,
            amount: paid.minor,
            due: due.minor,
            at: now,
            modified_at: now,
            asked_at: None,
            state: PartState::Kept,
        }));
        self.notify();
        Ok(())
    }

    /// Gives back what was paid of an order that nobody can pay any more. Looked at after every
    /// decision, so that no way out of an order forgets it.
    pub(super) fn settle_parts(&mut self) {
        let order = &self.order;
        let can_be_paid = order.session.is_some_and(|session| session.ended.is_none());
        if order.parts.is_empty() || can_be_paid || order.is_paid() || !order.payment.is_final() {
            return;
        }
        if order.payment.state == State::PaidInPart {
            self.happen(Event::Expired);
            if !self.events.contains(&Event::Announced) {
                self.notify();
            }
        }
        self.owe_parts();
    }

    fn owe_parts(&mut self) {
        let kept: Vec<u32> = self.order.kept_parts().map(|part| part.number).collect();
        for number in kept {
            self.happen(Event::PartReleased { number });
            let now = self.context.now;
            self.effects.push(Effect::StartTimer(Timer::GiveBack(number), now));
        }
    }
}

/// What a part has become by an event.
pub(super) fn apply(order: &mut Order, event: &Event, at: Instant) {
    let (number, state) = match event {
        Event::PaidInPart(part) => {
            order.parts.push(part.clone());
            return;
        }
        Event::PartReleased { number } => (*number, PartState::Owed),
        Event::PartAskedBack { number, refund_id } => {
            (*number, PartState::Asked { refund_id: *refund_id })
        }
        Event::PartGivenBack { number } | Event::PartNotGivenBack { number } => {
            let asked = order.part(*number).and_then(|part| part.state.refund_id());
            let Some(refund_id) = asked else { return };
            let given = matches!(event, Event::PartGivenBack { .. });
            let state = if given {
                PartState::GivenBack { refund_id }
            } else {
                PartState::NotGivenBack { refund_id }
            };
            (*number, state)
        }
        _ => return,
    };
    if let Some(part) = order.part_mut(number) {
        (part.state, part.modified_at) = (state, at);
        if matches!(event, Event::PartAskedBack { .. }) {
            part.asked_at = Some(at);
        }
    }
}
