//! What a decision owes, as rows of the same commit: messages to the host, notifications, timers,
//! card data. Nothing is sent here.

use florin_core::chargeback::Chargeback;
use florin_core::decision::{Completion, Effect, Repayment, Reversal, Timer, Undone, Urgency};
use florin_core::order::Order;
use florin_core::part::Part;
use florin_core::payment::TransactionId;
use florin_core::trail::{PartCapture, Refund, WHOLE};

use super::persist::{Child, OwedCapture, OwedMessage, OwedRefund, OwedReversal};
use super::rails::Rails;
use super::record::{Owed, Record, row_number};
use crate::clock::UnixMillis;
use crate::limits::GUARD_MARGIN_MS;
use crate::store::{
    AdviceChange, AdviceRow, CardChange, ChildRow, NotificationRow, OrderRow, TimerChange,
    UnitOfWork,
};

/// A unit of work in the making, and what of it this process may begin at once.
pub(super) struct Rows<'a> {
    pub(super) unit: UnitOfWork,
    pub(super) owed: Owed,
    /// The record as it will be.
    pub(super) record: &'a Record,
    /// None in a process that sends nothing.
    pub(super) rails: Option<&'a Rails>,
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
                self.owe(advice.0, &message, &self.chain(&trace.rrn), due, None);
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
        let chain = self.chain(&reversal.original.rrn);
        self.owe(reversal.advice.0, &message, &chain, due, None);
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
        let chain = self.chain(&completion.original.trace.rrn);
        self.owe(seq, &message, &chain, self.now, Some(lease));
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
        let chain = self.chain(&repayment.original.trace.rrn);
        if let Some(at) = repayment.not_before {
            let due = self.record.site.due(at);
            self.owe(seq, &OwedMessage::Refund(owed), &chain, due, None);
            return;
        }
        // It leaves right after the commit. Should we vanish, nobody can know whether it did.
        owed.sent = true;
        let message = OwedMessage::Refund(owed);
        let lease = self.owed.lease;
        self.owe(seq, &message, &chain, self.now, Some(lease));
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
            subject: row_number(sale),
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

    /// A capture in part is found under its own name and number.
    fn open_sale(&mut self, part: &PartCapture) {
        let child = Child { parent: self.record.key, sale: part.number, refund: None };
        let row = self.child(child, part.transaction_id, &part.order_id, part.amount, part.at);
        self.unit.children.push(ChildRow { order: row, is_new: true });
    }

    /// A refund is found under its number, and under the merchant's name for it if it has one.
    fn open_refund(&mut self, refund: &Refund) {
        match &refund.words.order_id {
            None => self.unit.transactions.push(refund.transaction_id.0),
            Some(name) => {
                let row = self.refund_row(refund, name);
                self.unit.children.push(ChildRow { order: row, is_new: true });
            }
        }
    }

    /// Rows of captures, refunds and chargebacks that are new, or whose status is another one than before.
    pub(super) fn bring_children_up_to_date(&mut self, before: &Order, at: UnixMillis) {
        let record = self.record;
        let trail = &record.order.trail;
        for part in &trail.captures {
            let known = before.trail.captures.iter().any(|was| was.number == part.number);
            if known && before.status(part.number) != record.order.status(part.number) {
                let child = Child { parent: record.key, sale: part.number, refund: None };
                let (id, name) = (part.transaction_id, part.order_id.as_str());
                let row = self.child(child, id, name, part.amount, part.at);
                let order = OrderRow { modified_at: at, ..row };
                self.unit.children.push(ChildRow { order, is_new: false });
            }
        }
        for refund in &trail.refunds {
            let Some(was) = before.trail.refund(refund.number) else {
                self.open_refund(refund);
                continue;
            };
            if let Some(name) = &refund.words.order_id
                && was.state.status() != refund.state.status()
            {
                let order = OrderRow { modified_at: at, ..self.refund_row(refund, name) };
                self.unit.children.push(ChildRow { order, is_new: false });
            }
        }
        // Parts that are given back are found under the numbers of that.
        for part in &record.order.parts {
            let asked = |part: &Part| part.state.refund_id();
            let was = before.part(part.number).and_then(asked);
            if was.is_none() {
                self.unit.transactions.extend(asked(part).map(|refund_id| refund_id.0));
            }
        }
        // Chargebacks and their reversals are found under their numbers.
        for case in &trail.chargebacks {
            let was = before.trail.chargeback(case.number);
            if was.is_none() {
                self.unit.transactions.push(case.transaction_id.0);
            }
            if let (Some(credit), None) = (case.credit(), was.and_then(Chargeback::credit)) {
                self.unit.transactions.push(credit.transaction_id.0);
            }
        }
    }

    fn refund_row(&self, refund: &Refund, name: &str) -> OrderRow {
        let number = Some(refund.number);
        let child = Child { parent: self.record.key, sale: refund.sale, refund: number };
        self.child(child, refund.transaction_id, name, refund.amount, refund.requested_at)
    }

    fn child(
        &self,
        child: Child,
        transaction_id: TransactionId,
        order_id: &str,
        amount: i64,
        created_at: UnixMillis,
    ) -> OrderRow {
        let order = &self.record.order;
        let (status, financial_status) = match child.refund.and_then(|it| order.trail.refund(it)) {
            Some(refund) => (refund.state.status(), refund.state.status()),
            None => order.status(child.sale),
        };
        OrderRow {
            site_id: self.record.site.id,
            key: transaction_id.0,
            order_id: order_id.to_owned(),
            version: 0,
            status: status.to_owned(),
            financial_status: Some(financial_status.to_owned()),
            currency: order.payment.amount.currency.code().to_owned(),
            amount,
            created_at,
            modified_at: created_at,
            request: String::new(),
            state: child.to_text(),
        }
    }

    /// Everything about one authorization leaves in its order: captures, increments and what
    /// undoes them, refunds. A message that overtakes the one before it may be refused for good.
    /// Before there is an authorization, its request is all there is.
    fn chain(&self, of_request: &str) -> String {
        let authorization = self.record.order.payment.authorization();
        authorization.map_or_else(|| of_request.to_owned(), |it| it.trace.rrn.clone())
    }

    /// When the answer to a request that leaves now can no longer come.
    fn answer_is_over_at(&self) -> UnixMillis {
        let rails = self.rails.expect("who owes the host a message has the wires to it");
        self.now + rails.answer_time_out_ms() + GUARD_MARGIN_MS
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
        Timer::Session => "session".to_owned(),
        Timer::Inquiry => "inquiry".to_owned(),
        Timer::Shipment => "shipment".to_owned(),
        Timer::Review => "review".to_owned(),
        Timer::Hold => "hold".to_owned(),
        Timer::Settlement(refund) => format!("{SETTLEMENT}{refund}"),
        Timer::GiveBack(part) => format!("{GIVE_BACK}{part}"),
        Timer::Dispute(chargeback) => format!("{DISPUTE}{chargeback}"),
    }
}

/// What the timers of refunds are called, before the number of the refund.
pub(super) const SETTLEMENT: &str = "settlement/";

/// What the timers of parts that are given back are called, before the number of the part.
pub(super) const GIVE_BACK: &str = "give_back/";

/// What the timers of chargebacks are called, before the number of the chargeback.
pub const DISPUTE: &str = "dispute/";
