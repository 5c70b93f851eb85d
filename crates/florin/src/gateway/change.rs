//! What merchants do with an order that exists: capture it, release it, give money back, cancel it.
//!
//! Each is one decision and one commit; what it owes to the host leaves after it.

use std::sync::Arc;

use florin_core::decision::{
    Command, Decision, Effect, Event, NewSale, RefundOrder, Refusal, Settlement,
};
use florin_core::order_id::ORDER_ID_CHARS_MAX;
use florin_core::payment::TransactionId;
use florin_core::trail::{Refund, RefundWords, WHOLE};
use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::authorize::{Besides, Done, Patience};
use super::record::Record;
use super::site::{RefundSettlement, Site};
use super::{Failure, Gateway};
use crate::store::AnsweredRequest;

/// What became of a change that somebody asked for.
#[derive(Debug)]
pub enum Changed<T> {
    Done(T),
    /// The order, as it now is, does not allow it.
    Refused(Refusal),
    /// The merchant's name for what would be made belongs to another order.
    NameTaken,
}

impl<T> Changed<T> {
    /// The same of what was done.
    pub fn map<U>(self, of: impl FnOnce(T) -> U) -> Changed<U> {
        match self {
            Changed::Done(done) => Changed::Done(of(done)),
            Changed::Refused(refusal) => Changed::Refused(refusal),
            Changed::NameTaken => Changed::NameTaken,
        }
    }
}

/// How an order is given up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GivingUp {
    /// A payer who is reminded of it can still pay it.
    Remindable,
    /// Nobody is reminded of it any more (`exclude_order` of the contract).
    ForGood,
}

/// A capture that was made, or a shipment that was paid.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Captured {
    pub transaction_id: i64,
    /// The order itself where its whole amount was captured at once.
    pub order_id: String,
}

/// A refund that was taken on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RefundTaken {
    /// The payment that it gives back.
    pub transaction_id: i64,
    /// The refund's own number.
    pub refund_id: i64,
    pub order_id: String,
}

/// Facts that the merchant tells with a change, by member.
pub type Notes = Vec<(&'static str, String)>;

/// Makes the answer to a request from what was done, so that it can be committed with it.
pub type Answer<'a, T> = &'a (dyn Fn(&T) -> Option<AnsweredRequest> + Send + Sync);

impl Gateway {
    /// Captures `amount` minor units of an authorization, or all that is left of it.
    ///
    /// # Errors
    /// A [`Failure`] when nothing could be recorded.
    pub async fn capture(
        self: &Arc<Gateway>,
        record: Record,
        amount: Option<i64>,
        new_order_id: Option<String>,
        notes: Notes,
        answer: Answer<'_, Captured>,
    ) -> Result<Changed<Captured>, Failure> {
        if record.sale != WHOLE {
            return Ok(Changed::Refused(Refusal::NotInThisState));
        }
        let now = self.now();
        let transaction_id = TransactionId(self.transaction_ids.next(now));
        let order_id = match new_order_id {
            // Where the whole is captured at once, no order is made that would need a name.
            name if record.is_whole(amount) => name.unwrap_or_else(|| record.name_of_next_part()),
            None => self.free_name(&record, transaction_id).await?,
            Some(name) if self.is_taken(&record.site, &name).await? => {
                return Ok(Changed::NameTaken);
            }
            Some(name) => name,
        };
        let trace = self.rails_of(&record.site)?.next_trace(now).await?;
        let sale = NewSale { transaction_id, order_id: order_id.clone() };
        let own_order_id = record.order_id.clone();
        let made = move |decision: &Decision| {
            let part = decision.effects.iter().find_map(|effect| match effect {
                Effect::OpenSale(part) => Some(part.order_id.clone()),
                _ => None,
            });
            let whole = decision.order.payment.transaction_id.0;
            let is_part = part.is_some();
            Captured {
                transaction_id: if is_part { transaction_id.0 } else { whole },
                order_id: part.unwrap_or_else(|| own_order_id.clone()),
            }
        };
        let site = record.site.clone();
        let command = Command::Capture { amount, sale, trace };
        let besides = |decision: &Decision, more: &mut Besides| {
            note(more, &notes);
            more.answer = answer(&made(decision));
        };
        match self.command_with(record, command, Patience::Once, besides).await {
            Ok(Done::Committed { decision, .. }) => Ok(Changed::Done(made(&decision))),
            Ok(Done::Refused { refusal, .. }) => Ok(Changed::Refused(refusal)),
            // The name was free before: somebody else was faster with it.
            Err(Failure::Contended) if self.is_taken(&site, &order_id).await? => {
                Ok(Changed::NameTaken)
            }
            Err(failure) => Err(failure),
        }
    }

    /// Gives up what is left of an authorization.
    ///
    /// # Errors
    /// A [`Failure`] when nothing could be recorded.
    pub async fn release(
        self: &Arc<Gateway>,
        record: Record,
        answer: Answer<'_, ()>,
    ) -> Result<Changed<()>, Failure> {
        if record.sale != WHOLE {
            return Ok(Changed::Refused(Refusal::NotInThisState));
        }
        self.plain(record, Command::Release, Notes::new(), answer).await
    }

    /// Gives up an order that is not paid.
    ///
    /// # Errors
    /// A [`Failure`] when nothing could be recorded.
    pub async fn cancel(
        self: &Arc<Gateway>,
        record: Record,
        giving_up: GivingUp,
        answer: Answer<'_, ()>,
    ) -> Result<Changed<()>, Failure> {
        if record.sale != WHOLE {
            return Ok(Changed::Refused(Refusal::NotInThisState));
        }
        let command = match giving_up {
            GivingUp::Remindable => Command::Cancel,
            GivingUp::ForGood => Command::Exclude,
        };
        let cancelled = self.plain(record, command, Notes::new(), answer).await?;
        Ok(as_done(cancelled))
    }

    /// Notes what the merchant says about invoice and shipment.
    ///
    /// # Errors
    /// A [`Failure`] when nothing could be recorded.
    pub async fn annotate(
        self: &Arc<Gateway>,
        record: Record,
        notes: Notes,
        answer: Answer<'_, ()>,
    ) -> Result<Changed<()>, Failure> {
        self.plain(record, Command::Annotate, notes, answer).await
    }

    /// Takes a refund on. It is passed on at once or at the end of the day, as the site has it.
    ///
    /// # Errors
    /// A [`Failure`] when nothing could be recorded.
    pub async fn refund(
        self: &Arc<Gateway>,
        record: Record,
        amount: Option<i64>,
        words: RefundWords,
        answer: Answer<'_, RefundTaken>,
    ) -> Result<Changed<RefundTaken>, Failure> {
        let words = RefundWords {
            // His name for it may be that of the order.
            order_id: words.order_id.filter(|name| name != record.shown_order_id()),
            ..words
        };
        let name = words.order_id.clone();
        if let Some(name) = &name
            && self.is_taken(&record.site, name).await?
        {
            return Ok(Changed::NameTaken);
        }
        let now = self.now();
        let transaction_id = TransactionId(self.transaction_ids.next(now));
        let site = record.site.clone();
        let settlement = match site.settings.refund_settlement {
            RefundSettlement::AtOnce => {
                Settlement::Now(self.rails_of(&site)?.next_trace(now).await?)
            }
            RefundSettlement::Nightly => Settlement::At(end_of_day(&site, site.time(now))),
        };
        let sale = record.sale;
        let order_id = record.shown_order_id().to_owned();
        let command =
            Command::Refund(RefundOrder { sale, transaction_id, amount, words, settlement });
        let taken = move |decision: &Decision| RefundTaken {
            transaction_id: decision
                .order
                .sale(sale)
                .map_or(decision.order.payment.transaction_id.0, |sold| sold.transaction_id.0),
            refund_id: transaction_id.0,
            order_id: order_id.clone(),
        };
        let besides =
            |decision: &Decision, more: &mut Besides| more.answer = answer(&taken(decision));
        match self.command_with(record, command, Patience::Once, besides).await {
            Ok(Done::Committed { decision, .. }) => Ok(Changed::Done(taken(&decision))),
            Ok(Done::Refused { refusal, .. }) => Ok(Changed::Refused(refusal)),
            Err(Failure::Contended) => match name {
                Some(name) if self.is_taken(&site, &name).await? => Ok(Changed::NameTaken),
                _ => Err(Failure::Contended),
            },
            Err(failure) => Err(failure),
        }
    }

    /// Takes a refund back that was not passed on yet.
    ///
    /// # Errors
    /// A [`Failure`] when nothing could be recorded.
    pub async fn void_refund(
        self: &Arc<Gateway>,
        record: Record,
        number: u32,
        answer: Answer<'_, ()>,
    ) -> Result<Changed<()>, Failure> {
        self.plain(record, Command::VoidRefund { number }, Notes::new(), answer).await
    }

    /// Asks the issuer for more of an authorization. `true` when it was granted, `false` when it
    /// was not, or nobody knows. `answer` is committed with the request to the issuer.
    ///
    /// # Errors
    /// A [`Failure`] when nothing could be recorded.
    pub async fn increment(
        self: &Arc<Gateway>,
        record: Record,
        amount: i64,
        answer: Answer<'_, ()>,
    ) -> Result<Changed<bool>, Failure> {
        let rails = self.rails_of(&record.site)?;
        if record.sale != WHOLE {
            return Ok(Changed::Refused(Refusal::NotInThisState));
        }
        let trace = rails.next_trace(self.now()).await?;
        let command = Command::Increment { amount, trace };
        let besides = |_: &Decision, more: &mut Besides| more.answer = answer(&());
        let done = self.command_with(record, command, Patience::Once, besides).await?;
        let (record, decision) = match done {
            Done::Committed { record, decision } => (record, decision),
            Done::Refused { refusal, .. } => return Ok(Changed::Refused(refusal)),
        };
        let asked = decision.effects.into_iter().find_map(|effect| match effect {
            Effect::SendIncrement(increment) => Some(increment),
            _ => None,
        });
        let Some(increment) = asked else { return Ok(Changed::Done(false)) };
        let card = self.open_card(&record, record.order.counters.attempts).await?;
        let answer = rails.increment(&record, &increment, &card).await;
        let command = Command::IncrementAnswer { rrn: increment.trace.rrn, answer };
        let settled = self.command(record, command, Patience::Stubborn).await?;
        let granted = match settled {
            Done::Committed { decision, .. } => {
                decision.events.iter().any(|event| matches!(event, Event::Incremented { .. }))
            }
            Done::Refused { .. } => false,
        };
        Ok(Changed::Done(granted))
    }

    pub(super) async fn plain(
        self: &Arc<Gateway>,
        record: Record,
        command: Command,
        notes: Notes,
        answer: Answer<'_, ()>,
    ) -> Result<Changed<()>, Failure> {
        let besides = |_: &Decision, more: &mut Besides| {
            note(more, &notes);
            more.answer = answer(&());
        };
        match self.command_with(record, command, Patience::Once, besides).await? {
            Done::Committed { .. } => Ok(Changed::Done(())),
            Done::Refused { refusal, .. } => Ok(Changed::Refused(refusal)),
        }
    }

    pub(super) async fn is_taken(&self, site: &Arc<Site>, order_id: &str) -> Result<bool, Failure> {
        Ok(self.store.order_by_merchant_id(site.id, order_id).await?.is_some())
    }

    /// A name for the order of a capture whose merchant gave none: the order's own with the
    /// capture's number, if that is free and short enough.
    pub(super) async fn free_name(
        &self,
        record: &Record,
        id: TransactionId,
    ) -> Result<String, Failure> {
        let name = record.name_of_next_part();
        let fits = name.chars().count() <= ORDER_ID_CHARS_MAX;
        if fits && !self.is_taken(&record.site, &name).await? {
            return Ok(name);
        }
        Ok(id.0.to_string())
    }
}

impl Record {
    /// Whether a capture of `amount` minor units, or of all that is left, is of the whole order.
    fn is_whole(&self, amount: Option<i64>) -> bool {
        let (trail, left) = (&self.order.trail, self.order.capturable());
        let is_first = trail.captures.is_empty() && trail.released == 0;
        is_first && amount.is_none_or(|amount| amount == left)
    }

    /// The order's own name with the number of the capture.
    fn name_of_next_part(&self) -> String {
        format!("{}-{}", self.order_id, self.order.trail.next_capture())
    }

    /// The refund with this transaction number, if it belongs to the sale that was asked for.
    pub fn refund(&self, refund_id: i64) -> Option<&Refund> {
        let refunds = self.order.trail.refunds.iter();
        refunds
            .filter(|refund| refund.sale == self.sale)
            .find(|refund| refund.transaction_id.0 == refund_id)
    }
}

/// What is so already was done before, and needs no second time.
pub(super) fn as_done(changed: Changed<()>) -> Changed<()> {
    match changed {
        Changed::Refused(Refusal::AlreadySo) => Changed::Done(()),
        changed => changed,
    }
}

pub(super) fn note(more: &mut Besides, notes: &Notes) {
    for (name, value) in notes {
        more.extra.shipment.insert((*name).to_owned(), value.clone());
    }
}

/// The next midnight in the shop's time zone, on the site's clock.
fn end_of_day(site: &Site, site_now: i64) -> i64 {
    let zone = TimeZone::get(&site.settings.acceptor.time_zone).unwrap_or(TimeZone::UTC);
    let now = Timestamp::from_millisecond(site_now).unwrap_or(Timestamp::UNIX_EPOCH);
    let midnight = now
        .to_zoned(zone)
        .tomorrow()
        .and_then(|tomorrow| tomorrow.start_of_day())
        .map(|midnight| midnight.timestamp().as_millisecond());
    midnight.unwrap_or_else(|_| site_now.saturating_add(24 * 60 * 60 * 1000))
}
