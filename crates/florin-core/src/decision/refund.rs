//! The merchant gives captured money back: asked for, settled at the end of the day, confirmed by
//! the host.
//!
//! A refund is sent once. Where nobody knows what became of it, it is undone and sent anew, one
//! after the other, so that the payer is never paid twice.

use super::{
    Decision, Draft, Effect, Event, Refusal, Repayment, Reversal, ReversalReason, Timer, Undone,
    Urgency,
};
use crate::method::Refunds;
use crate::money::Money;
use crate::payment::{Instant, Trace, TransactionId};
use crate::tariff::FeeKind;
use crate::trail::{
    Fee, REFUND_REPEAT_MS, REFUND_TRIES_MAX, REFUND_WINDOW_MS, REFUNDS_MAX, Refund, RefundState,
    RefundWords, SaleNumber,
};

/// What the merchant asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RefundOrder {
    pub sale: SaleNumber,
    pub transaction_id: TransactionId,
    /// Minor units; `None` for all that is left.
    pub amount: Option<i64>,
    pub words: RefundWords,
    pub settlement: Settlement,
}

/// When a refund is passed on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Settlement {
    /// At once, numbered by this trace.
    Now(Trace),
    /// At this instant of the site's clock: the end of its day.
    At(Instant),
}

/// What became of a refund request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RefundAnswer {
    Approved,
    /// No, for good.
    Declined {
        response_code: String,
    },
    /// No, for now: the host did nothing, and may do it later.
    Later {
        response_code: String,
    },
    /// It was sent, and nobody knows what the host did with it.
    Unanswered {
        reverse: ReversalReason,
    },
}

/// How long after an accident a refund is sent anew, in milliseconds, by the number of tries.
const RETRY_MS: [i64; 4] = [60_000, 5 * 60_000, 30 * 60_000, 60 * 60_000];

/// Asks for a refund.
pub(super) fn refund(mut draft: Draft<'_>, asked: RefundOrder) -> Result<Decision, Refusal> {
    let now = draft.context.now;
    let order = &draft.order;
    let sold = order.sale(asked.sale).ok_or(Refusal::NotRefundable)?;
    // Of a sale that was charged back in part the rest can be given back.
    let refundable = matches!(
        order.status(asked.sale),
        ("completed" | "shipped" | "partial_refunded" | "chargedback", "completed")
    );
    let counts = |refund: &&Refund| refund.state.counts();
    let barred = match order.payment.other.as_ref().map(|other| other.method.refunds) {
        Some(Refunds::Never) => true,
        Some(Refunds::Once) => order.trail.refunds.iter().any(|it| counts(&it)),
        Some(Refunds::Free | Refunds::WithCart | Refunds::NotByPlugins) | None => false,
    };
    let over = now.saturating_sub(sold.completed_at) > REFUND_WINDOW_MS;
    if !refundable || barred || over || order.trail.refunds.len() >= REFUNDS_MAX {
        return Err(Refusal::NotRefundable);
    }
    let left = order.refundable(&sold);
    let amount = asked.amount.unwrap_or(left);
    if amount < 1 {
        return Err(if left == 0 { Refusal::MoreThanLeft } else { Refusal::AmountOutOfBounds });
    }
    let repeats = |refund: &Refund| {
        refund.sale == asked.sale
            && refund.amount == amount
            && refund.state.counts()
            && now.saturating_sub(refund.requested_at) < REFUND_REPEAT_MS
    };
    if order.trail.refunds.iter().any(repeats) {
        return Err(Refusal::RefundRepeated);
    }
    if amount > left {
        return Err(Refusal::MoreThanLeft);
    }
    let by_card = order.payment.other.is_none();
    let number = order.trail.next_refund();
    let due = match &asked.settlement {
        Settlement::Now(_) => now,
        Settlement::At(at) => *at,
    };
    draft.happen(Event::RefundRequested(Refund {
        number,
        sale: asked.sale,
        transaction_id: asked.transaction_id,
        amount,
        requested_at: now,
        modified_at: now,
        words: asked.words,
        state: RefundState::Reserved { due },
    }));
    match asked.settlement {
        Settlement::Now(trace) if by_card => draft.send_refund(number, trace, 1, None)?,
        // A provider is asked by whoever takes the timer.
        Settlement::Now(_) => {
            draft.effects.push(Effect::StartTimer(Timer::Settlement(number), now));
        }
        Settlement::At(at) => {
            draft.effects.push(Effect::StartTimer(Timer::Settlement(number), at));
        }
    }
    Ok(draft.finish())
}

/// Passes a refund on.
pub(super) fn settle(mut draft: Draft<'_>, number: u32, trace: Trace) -> Result<Decision, Refusal> {
    reserved(&draft, number)?;
    draft.effects.push(Effect::StopTimer(Timer::Settlement(number)));
    draft.send_refund(number, trace, 1, None)?;
    Ok(draft.finish())
}

/// Takes a refund back, while it is not on its way.
pub(super) fn void(mut draft: Draft<'_>, number: u32) -> Result<Decision, Refusal> {
    reserved(&draft, number)?;
    draft.effects.push(Effect::StopTimer(Timer::Settlement(number)));
    draft.happen(Event::RefundVoided { number });
    Ok(draft.finish())
}

/// Settles what the host said.
pub(super) fn answer(
    mut draft: Draft<'_>,
    rrn: &str,
    answer: RefundAnswer,
    again: Trace,
) -> Result<Decision, Refusal> {
    let sent = draft.order.trail.refunds.iter().find_map(|refund| match &refund.state {
        RefundState::Sent { trace, advice, tries } if trace.rrn == rrn => {
            Some((refund.clone(), trace.clone(), *advice, *tries))
        }
        _ => None,
    });
    let Some((refund, trace, advice, tries)) = sent else { return Err(Refusal::NotOnItsWay) };
    draft.effects.push(Effect::SettleAdvice(advice));
    let number = refund.number;
    let response_code = match answer {
        RefundAnswer::Approved => {
            draft.happen(Event::RefundCompleted { number });
            let amount = Money::new(refund.amount, draft.order.payment.amount.currency);
            draft.charge_for(FeeKind::Refund, refund.sale, refund.transaction_id, amount);
            draft.notify_of(refund.sale);
            return Ok(draft.finish());
        }
        RefundAnswer::Declined { response_code } => {
            draft.happen(Event::RefundDeclined { number, response_code: Some(response_code) });
            return Ok(draft.finish());
        }
        RefundAnswer::Later { response_code } => Some(response_code),
        RefundAnswer::Unanswered { reverse } => {
            draft.undo_refund(&refund, trace, reverse);
            None
        }
    };
    if tries >= REFUND_TRIES_MAX {
        draft.happen(Event::RefundDeclined { number, response_code });
    } else {
        let pause =
            usize::try_from(tries).ok().and_then(|tries| RETRY_MS.get(tries.checked_sub(1)?));
        let pause = pause.or(RETRY_MS.last()).copied().unwrap_or_default();
        let not_before = Some(draft.context.now.saturating_add(pause));
        draft.send_refund(number, again, tries.saturating_add(1), not_before)?;
    }
    Ok(draft.finish())
}

pub(super) fn reserved(draft: &Draft<'_>, number: u32) -> Result<(), Refusal> {
    match draft.order.trail.refund(number).map(|refund| &refund.state) {
        Some(RefundState::Reserved { .. }) => Ok(()),
        Some(RefundState::Void) => Err(Refusal::AlreadySo),
        Some(_) => Err(Refusal::NotInThisState),
        None => Err(Refusal::NoRefund),
    }
}

impl Draft<'_> {
    fn send_refund(
        &mut self,
        number: u32,
        trace: Trace,
        tries: u32,
        not_before: Option<Instant>,
    ) -> Result<(), Refusal> {
        let authorization = self.order.payment.authorization().cloned();
        let refund = self.order.trail.refund(number).cloned();
        let (Some(original), Some(refund)) = (authorization, refund) else {
            return Err(Refusal::NoRefund);
        };
        let advice = self.next_advice();
        let network_reference = self.facts().network_reference;
        self.happen(Event::RefundSent { number, trace: trace.clone(), advice, tries });
        self.effects.push(Effect::OweRefund(Repayment {
            advice,
            refund: trace,
            amount: refund.amount,
            sale: refund.sale,
            original,
            network_reference,
            not_before,
        }));
        Ok(())
    }

    fn undo_refund(&mut self, refund: &Refund, original: Trace, reason: ReversalReason) {
        let advice = self.next_advice();
        let currency = self.order.payment.amount.currency;
        self.effects.push(Effect::OweReversal(Reversal {
            advice,
            original,
            what: Undone::Refund,
            amount: Money::new(refund.amount, currency),
            reason,
            remains: None,
            approval_code: None,
            response_code: None,
            urgency: Urgency::Soon,
        }));
    }

    /// Charges for a transaction that followed a sale what the operator's table says.
    pub(super) fn charge_for(
        &mut self,
        kind: FeeKind,
        sale: SaleNumber,
        transaction_id: TransactionId,
        amount: Money,
    ) {
        let brand = self.order.payment.brand;
        let Some((fee, description)) = self.context.tariff.fee(kind, brand, amount) else { return };
        let description = description.to_owned();
        self.happen(Event::FeeCharged(Fee { sale, transaction_id, amount: fee, description }));
    }
}
