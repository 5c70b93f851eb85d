//! A decision in the making, and the steps that several decisions share.

use super::evolve;
use super::{Context, Decision, Effect, Event, Reversal, ReversalReason, Timer, Undone, Urgency};
use crate::money::{Currency, Money};
use crate::order::Order;
use crate::part::PartState;
use crate::payment::{AdviceId, AnswerFacts, Reason, State, Trace, Waiting};
use crate::tariff::FeeKind;
use crate::trail::{Fee, SaleNumber, WHOLE};

/// Events are applied as they happen, so that what follows sees them.
pub(super) struct Draft<'a> {
    pub(super) order: Order,
    pub(super) events: Vec<Event>,
    pub(super) effects: Vec<Effect>,
    pub(super) context: Context<'a>,
}

impl Draft<'_> {
    pub(super) fn of<'a>(order: &Order, context: Context<'a>) -> Draft<'a> {
        Draft { order: order.clone(), events: Vec::new(), effects: Vec::new(), context }
    }

    /// Begins an attempt or a session, and ends what it supersedes.
    pub(super) fn begin<'a>(
        existing: Option<&Order>,
        begun: Event,
        context: Context<'a>,
    ) -> Draft<'a> {
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

    pub(super) fn happen(&mut self, event: Event) {
        self.order = evolve(Some(self.order.clone()), &event, self.context.now);
        self.events.push(event);
    }

    pub(super) fn finish(mut self) -> Decision {
        self.settle_parts();
        Decision { order: self.order, events: self.events, effects: self.effects }
    }

    pub(super) fn next_advice(&mut self) -> AdviceId {
        let id = self.order.counters.next_advice();
        self.order.counters.advices = id.0;
        id
    }

    pub(super) fn decline(&mut self, reason: Reason, facts: Option<AnswerFacts>) {
        self.stop_waiting();
        self.happen(Event::Declined { reason, facts });
        self.erase_cvc();
        self.notify();
    }

    pub(super) fn erase_cvc(&mut self) {
        if self.order.payment.cvc_kept {
            let card = self.order.counters.attempts;
            self.happen(Event::CvcErased);
            self.effects.push(Effect::EraseCvc { card });
        }
    }

    /// Owes a reversal of the whole authorization request.
    pub(super) fn reverse_request(
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
    pub(super) fn facts(&self) -> AnswerFacts {
        self.order.payment.answer.clone().unwrap_or_default()
    }

    /// Charges what the operator's table says, if it says anything. Nothing is charged for nothing.
    pub(super) fn charge(&mut self, kind: FeeKind, sale: SaleNumber, amount: Money) {
        if (kind, sale) == (FeeKind::Payment, WHOLE) {
            self.charge_parts(amount.currency);
        }
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

    /// What gift cards paid before is a sale only with the rest.
    fn charge_parts(&mut self, currency: Currency) {
        for part in self.order.parts.clone() {
            let amount = Money::new(part.amount, currency);
            let fee = self.context.tariff.fee(FeeKind::Payment, None, amount);
            if let (PartState::Kept, Some((fee, description))) = (part.state, fee) {
                let (transaction_id, description) = (part.transaction_id, description.to_owned());
                let fee = Fee { sale: WHOLE, transaction_id, amount: fee, description };
                self.happen(Event::FeeCharged(fee));
            }
        }
    }

    pub(super) fn stop_waiting(&mut self) {
        let timers = waiting_timers(&self.order.payment.state);
        self.effects.extend(timers.map(Effect::StopTimer));
    }

    pub(super) fn notify(&mut self) {
        self.notify_of(WHOLE);
    }

    /// Tells the shop of one sale.
    pub(super) fn notify_of(&mut self, sale: SaleNumber) {
        self.happen(Event::Announced);
        let notification = self.order.counters.notifications;
        self.effects.push(Effect::Notify { notification, sale });
    }
}

/// The timers that may go off while a payer is waited for.
fn waiting_timers(state: &State) -> impl Iterator<Item = Timer> + use<> {
    let timers: &[Timer] = match state {
        State::Authenticating(Waiting::Referral | Waiting::Provider(_)) => {
            &[Timer::Expiry, Timer::Inquiry]
        }
        State::Authenticating(_) => &[Timer::Expiry],
        _ => &[],
    };
    timers.iter().copied()
}
