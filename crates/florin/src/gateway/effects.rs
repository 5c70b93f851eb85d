//! What a decision owes, as rows of the same commit: messages to the host, notifications, timers,
//! card data. Nothing is sent here.

use florin_core::decision::{Completion, Effect, Repayment, Reversal, Timer, Undone, Urgency};
use florin_core::trail::{PartCapture, WHOLE};

use super::persist::{OwedCapture, OwedMessage, OwedRefund, OwedReversal};
use super::rails::Rails;
use super::record::{Owed, Record, row_number};
use crate::clock::UnixMillis;
use crate::limits::GUARD_MARGIN_MS;
use crate::store::{AdviceChange, AdviceRow, CardChange, NotificationRow, TimerChange, UnitOfWork};

/// A unit of work in the making, and what of it this process may begin at once.
pub(super) struct Rows<'a> {
    pub(super) unit: UnitOfWork,
    pub(super) owed: Owed,
    /// The record as it will be.
    pub(super) record: &'a Record,
    pub(super) rails: &'a Rails,
    /// The gateway's own time.
    pub(super) now: UnixMillis,
}

impl Rows<'_> {
    /// Adds what an effect owes.
    pub(super) fn add(&mut self, effect: &Effect) {
        match effect {
            Effect::GuardRequest { advice, trace, amount } => {
                let message = OwedMessage::Guard(OwedReversal {
                    card: self.card(),
                    original: trace.into(),
                    amount: amount.minor,
                    reason: "4021".to_owned(),
                    remains: None,
                    of_refund: false,
                    asked: false,
                    approval_code: None,
                    response_code: None,
                    trace: None,
                });
                let due = self.answer_is_over_at();
                self.owe(advice.0, &message, &trace.rrn, due, None);
            }
            Effect::ReleaseGuard(advice) | Effect::SettleAdvice(advice) => {
                self.unit.advices.push(AdviceChange::Settle { seq: row_number(advice.0) });
            }
            Effect::OweReversal(reversal) => self.owe_reversal(reversal),
            Effect::OweCapture(completion) => self.owe_capture(completion),
            Effect::OweRefund(repayment) => self.owe_refund(repayment),
            Effect::StartTimer(timer, at) => {
                let due_at = self.record.site.due(*at);
                self.set_timer(TimerChange::Set { kind: timer_name(*timer), due_at });
            }
            Effect::StopTimer(timer) => {
                self.set_timer(TimerChange::Cancel { kind: timer_name(*timer) });
            }
            Effect::Notify { notification, sale } => self.notify(*notification, *sale),
            Effect::EraseCvc { card } => {
                self.unit.cards.push(CardChange::EraseCvc { card_id: row_number(*card) });
            }
            Effect::OpenSale(part) => self.open_sale(part),
            Effect::KeepCvc { .. }
            | Effect::SendAuthorization(_)
            | Effect::SendIncrement(_)
            | Effect::StartStepUp => {}
        }
    }

    fn owe_reversal(&mut self, reversal: &Reversal) {
        let message = OwedMessage::Reversal(OwedReversal {
            card: self.card(),
            original: (&reversal.original).into(),
            amount: reversal.amount.minor,
            reason: reversal.reason.code().to_owned(),
            remains: reversal.remains,
            of_refund: reversal.what == Undone::Refund,
            asked: reversal.urgency == Urgency::Asked,
            approval_code: reversal.approval_code.clone(),
            response_code: reversal.response_code.clone(),
            trace: None,
        });
        // The reversal needs a number of its own before it leaves, so a worker takes it.
        let due = match reversal.urgency {
            Urgency::Soon | Urgency::Asked => self.now,
            Urgency::AfterAnswer => self.answer_is_over_at(),
        };
        self.owe(reversal.advice.0, &message, &reversal.original.rrn, due, None);
    }

    fn owe_capture(&mut self, completion: &Completion) {
        let facts = &completion.facts;
        let message = OwedMessage::Capture(OwedCapture {
            card: self.card(),
            original: (&completion.original.trace).into(),
            trace: (&completion.capture).into(),
            amount: completion.amount,
            sequence: completion.sequence,
            more: !completion.is_final,
            order_id: self.name_of(completion.sale),
            approval_code: facts.approval_code.clone(),
            network_reference: facts.network_reference.clone(),
        });
        let (seq, lease) = (completion.advice.0, self.owed.lease);
        self.owe(seq, &message, &completion.original.trace.rrn, self.now, Some(lease));
        self.owed.advices.push((seq, message));
    }

    fn owe_refund(&mut self, repayment: &Repayment) {
        let mut owed = OwedRefund {
            card: self.card(),
            trace: (&repayment.refund).into(),
            amount: repayment.amount,
            original_rrn: repayment.original.trace.rrn.clone(),
            order_id: self.name_of(repayment.sale),
            network_reference: repayment.network_reference.clone(),
            sent: false,
        };
        let seq = repayment.advice.0;
        if let Some(at) = repayment.not_before {
            let due = self.record.site.due(at);
            self.owe(seq, &OwedMessage::Refund(owed), &repayment.chain, due, None);
            return;
        }
        // It leaves right after the commit. Should we vanish, nobody can know whether it did.
        owed.sent = true;
        let message = OwedMessage::Refund(owed);
        let lease = self.owed.lease;
        self.owe(seq, &message, &repayment.chain, self.now, Some(lease));
        self.owed.advices.push((seq, message));
    }

    fn owe(
        &mut self,
        seq: u32,
        message: &OwedMessage,
        chain: &str,
        due_at: UnixMillis,
        leased_until: Option<UnixMillis>,
    ) {
        let link = &self.record.extra.link;
        let row = AdviceRow::new(row_number(seq), message.kind(), link, chain, due_at);
        let row = AdviceRow { leased_until, ..row.with_body(message.to_text()) };
        // The last word on a message within one commit counts.
        self.unit.advices.retain(|change| change_seq(change) != row.seq);
        self.unit.advices.push(AdviceChange::Owe(row));
    }

    fn notify(&mut self, notification: u32, sale: u32) {
        if self.record.notification_url().is_none() {
            return;
        }
        self.unit.notifications.push(NotificationRow {
            seq: row_number(notification),
            event: self.record.order.status(sale).0.to_owned(),
            due_at: self.now,
            leased_until: Some(self.owed.lease),
        });
        self.owed.notifications.push((notification, sale));
    }

    /// The last word on a timer within one commit counts.
    fn set_timer(&mut self, change: TimerChange) {
        let kind = |timer: &TimerChange| match timer {
            TimerChange::Set { kind, .. } | TimerChange::Cancel { kind } => kind.clone(),
        };
        let ours = kind(&change);
        self.unit.timers.retain(|timer| kind(timer) != ours);
        self.unit.timers.push(change);
    }

    fn open_sale(&mut self, part: &PartCapture) {
        self.unit.transactions.push(part.transaction_id.0);
    }

    /// When the answer to a request that leaves now can no longer come.
    fn answer_is_over_at(&self) -> UnixMillis {
        self.now + self.rails.answer_time_out_ms() + GUARD_MARGIN_MS
    }

    fn card(&self) -> u32 {
        self.record.order.counters.attempts
    }

    /// The order id of a sale that is not the order itself.
    fn name_of(&self, sale: u32) -> Option<String> {
        let captures = &self.record.order.trail.captures;
        let found = captures.iter().find(|capture| sale != WHOLE && capture.number == sale);
        found.map(|capture| capture.order_id.clone())
    }
}

fn change_seq(change: &AdviceChange) -> i32 {
    match change {
        AdviceChange::Owe(row) => row.seq,
        AdviceChange::Rewrite { seq, .. }
        | AdviceChange::Settle { seq }
        | AdviceChange::Postpone { seq, .. }
        | AdviceChange::Stop { seq, .. } => *seq,
    }
}

/// The stored name of a timer.
pub(super) fn timer_name(timer: Timer) -> String {
    match timer {
        Timer::Expiry => "expiry".to_owned(),
        Timer::Review => "review".to_owned(),
        Timer::Hold => "hold".to_owned(),
        Timer::Settlement(refund) => format!("{SETTLEMENT}{refund}"),
    }
}

/// What the timers of refunds are called, before the number of the refund.
pub(super) const SETTLEMENT: &str = "settlement/";
