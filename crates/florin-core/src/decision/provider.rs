//! Another method than a card pays: the payer is sent to its provider, whose word counts.
//!
//! The provider says what became of the payment once, or once more when it is asked again. A word
//! that comes for a payment which nobody waits for any more changes nothing, and the provider is
//! told so: then no money is taken.

use super::{Decision, Draft, Effect, Event, Refusal, Timer, inoperative, refund};
use crate::decline::GatewayDecline;
use crate::method::Ability;
use crate::money::Money;
use crate::order::Order;
use crate::payment::{Instant, Reason, State, TransactionId, Waiting};
use crate::provider::{
    Facts, PROMISE_LONGEST_MS, PROMISE_MS, ProviderNews, REFERRAL_ASK_AGAIN_MS,
    REFUND_ASK_AGAIN_MS, Referral, RefundWord, Word,
};
use crate::session::SessionEnd;
use crate::tariff::FeeKind;
use crate::trail::{RefundState, WHOLE};

/// Whether the shop is told of what was heard, or of what follows it in the same decision.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Telling {
    Now,
    Later,
}

/// The provider has taken the attempt with this number on, or has not: then it is declined.
pub(super) fn refer(
    mut draft: Draft<'_>,
    transaction_id: TransactionId,
    referral: Option<Referral>,
) -> Result<Decision, Refusal> {
    let payment = &draft.order.payment;
    if payment.transaction_id != transaction_id {
        return Err(Refusal::NotWaiting);
    }
    match &payment.state {
        State::Authenticating(Waiting::Referral) => {}
        // Somebody else was faster with the same answer.
        State::Authenticating(Waiting::Provider(_)) => return Err(Refusal::AlreadySo),
        _ => return Err(Refusal::NotWaiting),
    }
    match referral {
        Some(referral) => draft.refer(referral),
        None => draft.decline(inoperative(), None),
    }
    Ok(draft.finish())
}

/// Takes a word of the provider that has this number of the payment.
pub(super) fn hear(
    mut draft: Draft<'_>,
    reference: &str,
    news: ProviderNews,
) -> Result<Decision, Refusal> {
    let other = draft.order.payment.other.as_ref();
    if other.is_none_or(|other| other.reference != reference) {
        return Err(Refusal::NotWaiting);
    }
    draft.hear(news, Telling::Now)?;
    Ok(draft.finish())
}

/// How long a promise lasts that is prolonged at this instant; none where it cannot be.
///
/// It begins anew: whoever asks twice gets no more than whoever asks the second time only.
pub fn prolonged_until(order: &Order, now: Instant) -> Option<Instant> {
    let (State::Promised { until }, Some(other)) = (&order.payment.state, &order.payment.other)
    else {
        return None;
    };
    if now >= *until || !other.method.can(Ability::LongerPromise) {
        return None;
    }
    let longest = order.payment.opened_at.saturating_add(PROMISE_LONGEST_MS);
    Some(now.saturating_add(PROMISE_MS).min(longest).max(*until))
}

/// The promise lasts longer.
pub(super) fn prolong(mut draft: Draft<'_>) -> Result<Decision, Refusal> {
    let until = prolonged_until(&draft.order, draft.context.now).ok_or(Refusal::NotInThisState)?;
    if draft.order.payment.state == (State::Promised { until }) {
        return Err(Refusal::AlreadySo);
    }
    draft.effects.push(Effect::StartTimer(Timer::Review, until));
    draft.happen(Event::PromiseProlonged { until });
    Ok(draft.finish())
}

/// The day of a refund is settled: the provider may be asked from now on, again and again until
/// it answers.
pub(super) fn ask_refund(mut draft: Draft<'_>, number: u32) -> Result<Decision, Refusal> {
    if draft.order.payment.other.is_none() {
        return Err(Refusal::NotInThisState);
    }
    refund::reserved(&draft, number)?;
    draft.happen(Event::RefundAsked { number });
    let again = draft.context.now.saturating_add(REFUND_ASK_AGAIN_MS);
    draft.effects.push(Effect::StartTimer(Timer::Settlement(number), again));
    Ok(draft.finish())
}

/// The provider answered to a refund.
pub(super) fn hear_refund(
    mut draft: Draft<'_>,
    number: u32,
    word: RefundWord,
) -> Result<Decision, Refusal> {
    let asked = draft.order.trail.refund(number).filter(|it| it.state == RefundState::Asked);
    let Some(asked) = asked.cloned() else { return Err(Refusal::NotOnItsWay) };
    draft.effects.push(Effect::StopTimer(Timer::Settlement(number)));
    match word {
        RefundWord::Paid => {
            let amount = Money::new(asked.amount, draft.order.payment.amount.currency);
            draft.happen(Event::RefundCompleted { number });
            draft.charge_for(FeeKind::Refund, asked.sale, asked.transaction_id, amount);
            draft.notify_of(asked.sale);
        }
        RefundWord::Declined => {
            draft.happen(Event::RefundDeclined { number, response_code: None });
        }
    }
    Ok(draft.finish())
}

impl Draft<'_> {
    /// Has the provider asked to take the payment on: by whoever commits this, or, should he be
    /// gone, by a timer.
    pub(super) fn ask_to_take_on(&mut self) {
        let again = self.context.now.saturating_add(REFERRAL_ASK_AGAIN_MS);
        self.happen(Event::ReferralAsked);
        self.effects.push(Effect::StartTimer(Timer::Expiry, self.deadline()));
        self.effects.push(Effect::StartTimer(Timer::Inquiry, again));
    }

    /// Sends the payer to a provider that has taken the payment on. Some say at once what became
    /// of it.
    fn refer(&mut self, referral: Referral) {
        let Referral { reference, url, news } = referral;
        self.happen(Event::Referred { reference, url });
        if matches!(news.word, Word::Open | Word::Underway) {
            self.effects.push(Effect::StopTimer(Timer::Inquiry));
            self.notify();
        }
        // That nothing is new yet is no refusal here.
        let _ = self.hear(news, Telling::Now);
    }

    pub(super) fn hear(&mut self, news: ProviderNews, telling: Telling) -> Result<(), Refusal> {
        let ProviderNews { word, facts, ask_again_at } = news;
        match (&self.order.payment.state, word) {
            (State::Authenticating(Waiting::Provider(visit)), Word::Open | Word::Underway) => {
                let acts = word == Word::Underway && !visit.acted;
                if !acts && ask_again_at.is_none() {
                    return Err(Refusal::AlreadySo);
                }
                self.happen(if acts { Event::PayerActed { facts } } else { Event::Annotated });
                if let Some(at) = ask_again_at {
                    self.effects.push(Effect::StartTimer(Timer::Inquiry, at));
                }
                return Ok(());
            }
            (State::Authenticating(Waiting::Provider(_)), Word::Promised) => {
                let until = self.context.now.saturating_add(PROMISE_MS);
                self.stop_waiting();
                self.effects.push(Effect::StartTimer(Timer::Review, until));
                self.happen(Event::Promised { until, facts });
                self.end_session(SessionEnd::Paid);
                self.ask_later(ask_again_at);
            }
            (State::Authenticating(Waiting::Provider(_)), Word::Paid) => {
                self.stop_waiting();
                self.paid(facts);
                self.ask_later(ask_again_at);
            }
            (State::Authenticating(Waiting::Provider(_)), Word::PaidInPart(paid)) => {
                return self.take_part(paid, &facts);
            }
            (State::Authenticating(Waiting::Provider(_)), Word::Declined | Word::NoBalance) => {
                let no_balance = word == Word::NoBalance;
                let words =
                    if no_balance { GatewayDecline::NoBalance } else { GatewayDecline::Provider };
                self.decline(Reason::new(words.reason_code(), words.reason()), None);
                return Ok(());
            }
            // The page on which the order is offered stays: the payer may choose another method.
            (State::Authenticating(Waiting::Provider(_)), Word::Cancelled) => {
                self.stop_waiting();
                self.happen(Event::Cancelled);
            }
            (State::Authenticating(Waiting::Provider(_)), Word::Expired) => {
                self.stop_waiting();
                self.happen(Event::Expired);
            }
            // What is meant by that, nobody knows before the provider has answered.
            (State::Promised { .. }, _) if self.order.trail.shipment.is_some() => {
                return Err(Refusal::Unanswered);
            }
            (State::Promised { .. }, Word::Paid) => {
                self.stop_promise();
                self.paid(facts);
                self.ask_later(ask_again_at);
            }
            // Its time is not over: it was prolonged a moment ago.
            (State::Promised { until }, Word::Expired) if self.context.now < *until => {
                return Err(Refusal::TooEarly);
            }
            (State::Promised { .. }, Word::Declined | Word::Cancelled | Word::Expired) => {
                self.stop_promise();
                self.happen(Event::Withdrawn);
            }
            _ => return Err(Refusal::NotWaiting),
        }
        if telling == Telling::Now {
            self.notify();
        }
        Ok(())
    }

    /// The provider has paid, or what shipments in part have left of it.
    pub(super) fn paid(&mut self, facts: Facts) {
        self.happen(Event::Paid { facts });
        self.end_session(SessionEnd::Paid);
        let nothing = Money::zero(self.order.payment.amount.currency);
        let amount = self.order.sale(WHOLE).map_or(nothing, |sale| sale.amount);
        self.charge(FeeKind::Payment, WHOLE, amount);
    }

    fn ask_later(&mut self, at: Option<Instant>) {
        self.effects.extend(at.map(|at| Effect::StartTimer(Timer::Inquiry, at)));
    }

    pub(super) fn stop_promise(&mut self) {
        let timers = [Timer::Review, Timer::Inquiry];
        self.effects.extend(timers.map(Effect::StopTimer));
    }
}
