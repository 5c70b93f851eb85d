//! An order with everything the operations need of it, and the one door through which it changes.

use std::sync::Arc;

use florin_core::decision::{Decision, Effect, Timer};
use florin_core::order::Order;
use florin_core::payment::Trace;

use super::persist::{Extra, OwedCapture, OwedMessage, OwedReversal, read_state, write_state};
use super::site::Site;
use super::{Failure, Gateway, rails::Rails};
use crate::api::contract::StoredRequest;
use crate::api::contract::payment_options::WebUrl;
use crate::clock::UnixMillis;
use crate::limits::GUARD_MARGIN_MS;
use crate::store::{
    AdviceChange, AdviceRow, CardChange, Committed, EventRow, NotificationRow, OrderRow,
    TimerChange, UnitOfWork,
};
use crate::vault::{Class, SealContext, Vault};

/// A stored order, read.
#[derive(Clone)]
pub struct Record {
    pub site: Arc<Site>,
    /// Internal id: the transaction id of the first attempt.
    pub key: i64,
    pub order_id: String,
    pub version: i64,
    pub order: Order,
    pub extra: Extra,
    pub request: Arc<StoredRequest>,
}

/// Card data on its way between request, vault and wire.
pub struct CardSecrets {
    pub pan: florin_core::card::Pan,
    /// YYMM.
    pub expiry: Option<String>,
    pub cvc: Option<florin_core::card::Cvc>,
    pub fingerprint: [u8; 32],
}

/// Work that a commit of this process owes, and that it may begin at once.
#[derive(Debug, Default)]
pub struct Owed {
    /// Messages by their number in the order.
    pub advices: Vec<(u32, OwedMessage)>,
    /// Notifications by their number in the order.
    pub notifications: Vec<u32>,
    /// Until when all of these are ours alone.
    pub lease: UnixMillis,
}

pub(super) const FIELD_PAN: &str = "pan";
pub(super) const FIELD_CVC: &str = "cvc";

impl Record {
    /// Reads a stored row.
    ///
    /// # Errors
    /// [`Failure::Damaged`] when its texts cannot be read.
    pub fn read(site: Arc<Site>, row: OrderRow) -> Result<Record, Failure> {
        let (order, extra) = read_state(&row.state)?;
        let request = StoredRequest::from_json(&row.request)
            .map_err(|error| Failure::Damaged(error.to_string()))?;
        Ok(Record {
            site,
            key: row.key,
            order_id: row.order_id,
            version: row.version,
            order,
            extra,
            request: Arc::new(request),
        })
    }

    fn row(&self, site_now: UnixMillis) -> OrderRow {
        let (status, financial_status) = self.order.payment.status();
        OrderRow {
            site_id: self.site.id,
            key: self.key,
            order_id: self.order_id.clone(),
            version: self.version,
            status: status.to_owned(),
            financial_status: Some(financial_status.to_owned()),
            currency: self.order.payment.amount.currency.code().to_owned(),
            amount: self.order.payment.amount.minor,
            created_at: self.extra.created_at,
            modified_at: site_now,
            request: self.request.to_json(),
            state: write_state(&self.order, &self.extra),
        }
    }
}

/// One change of one order, before it is durable.
pub struct Change<'a> {
    /// The record as it will be; its version is still the one that was read.
    pub record: Record,
    /// `None` for an order that is new.
    pub expected_version: Option<i64>,
    pub decision: &'a Decision,
    /// Needed where the decision keeps card data.
    pub card: Option<&'a CardSecrets>,
    /// Transaction id of an attempt after the first one.
    pub alias: Option<i64>,
}

impl Gateway {
    /// Loads an order by its key.
    pub async fn load(&self, site: &Arc<Site>, key: i64) -> Result<Option<Record>, Failure> {
        let row = self.store.order(site.id, key).await?;
        row.map(|row| Record::read(site.clone(), row)).transpose()
    }

    /// Loads an order by what the merchant calls it.
    pub async fn load_by_order_id(
        &self,
        site: &Arc<Site>,
        order_id: &str,
    ) -> Result<Option<Record>, Failure> {
        let row = self.store.order_by_merchant_id(site.id, order_id).await?;
        row.map(|row| Record::read(site.clone(), row)).transpose()
    }

    /// Loads an order by the number of one of its attempts.
    pub async fn load_by_transaction(
        &self,
        site: &Arc<Site>,
        transaction_id: i64,
    ) -> Result<Option<Record>, Failure> {
        match self.store.key_of_transaction(site.id, transaction_id).await? {
            Some(key) => self.load(site, key).await,
            None => Ok(None),
        }
    }

    /// Makes a decision durable: the order, its history, what it owes, all or nothing.
    /// `None` when somebody else moved the order since it was read.
    pub(super) async fn commit(
        &self,
        change: Change<'_>,
    ) -> Result<Option<(Record, Owed)>, Failure> {
        let Change { mut record, expected_version, decision, card, alias } = change;
        let rails = self.rails_of(&record.site)?;
        let now = self.now();
        let site_now = record.site.time(now);
        record.order = decision.order.clone();
        let mut unit = UnitOfWork::new(expected_version, record.row(site_now));
        unit.new_request = alias.is_some();
        unit.transactions.extend(alias);
        let mut owed = Owed { lease: now + crate::limits::LEASE_MS, ..Owed::default() };
        self.add_events(&mut unit, decision, site_now);
        for effect in &decision.effects {
            self.add_effect(&mut unit, &mut owed, effect, &record, &rails, now);
        }
        self.add_card(&mut unit, decision, card, &record);
        let committed = self.store.commit(unit).await;
        self.work.writing.observe(&committed);
        match committed? {
            Committed::Conflict => Ok(None),
            Committed::Done => {
                record.version = expected_version.map_or(1, |version| version + 1);
                Ok(Some((record, owed)))
            }
        }
    }

    fn add_events(&self, unit: &mut UnitOfWork, decision: &Decision, at: UnixMillis) {
        let last = decision.order.counters.events;
        let first = last - u32::try_from(decision.events.len()).unwrap_or(last) + 1;
        for (seq, event) in (first..).zip(&decision.events) {
            unit.events.push(EventRow {
                seq: row_number(seq),
                kind: event.name().to_owned(),
                at,
                data: super::view::event_data(event),
            });
        }
    }

    fn add_effect(
        &self,
        unit: &mut UnitOfWork,
        owed: &mut Owed,
        effect: &Effect,
        record: &Record,
        rails: &Rails,
        now: UnixMillis,
    ) {
        let card = decision_card(record);
        let chain = |trace: &Trace| trace.rrn.clone();
        match effect {
            Effect::GuardRequest { advice, trace, amount } => {
                let message = OwedMessage::Guard(OwedReversal {
                    card,
                    original: trace.into(),
                    amount: amount.minor,
                    reason: "4021".to_owned(),
                    approval_code: None,
                    response_code: None,
                    trace: None,
                });
                let due = now + rails.answer_time_out_ms() + GUARD_MARGIN_MS;
                unit.advices.push(owe(advice.0, &message, record, &chain(trace), due, None));
            }
            Effect::ReleaseGuard(advice) => {
                unit.advices.push(AdviceChange::Settle { seq: row_number(advice.0) });
            }
            Effect::OweReversal {
                advice,
                original,
                amount,
                reason,
                approval_code,
                response_code,
            } => {
                let message = OwedMessage::Reversal(OwedReversal {
                    card,
                    original: original.into(),
                    amount: amount.minor,
                    reason: reason.code().to_owned(),
                    approval_code: approval_code.clone(),
                    response_code: response_code.clone(),
                    trace: None,
                });
                // The reversal needs a number of its own before it leaves, so a worker takes it.
                unit.advices.push(owe(advice.0, &message, record, &chain(original), now, None));
            }
            Effect::OweCapture { advice, original, capture, facts } => {
                let message = OwedMessage::Capture(OwedCapture {
                    card,
                    original: (&original.trace).into(),
                    trace: capture.into(),
                    amount: original.amount.minor,
                    approval_code: facts.approval_code.clone(),
                    network_reference: facts.network_reference.clone(),
                });
                let lease = Some(owed.lease);
                let rrn = chain(&original.trace);
                unit.advices.push(owe(advice.0, &message, record, &rrn, now, lease));
                owed.advices.push((advice.0, message));
            }
            Effect::StartTimer(timer, at) => unit.timers.push(TimerChange::Set {
                kind: timer_name(*timer).to_owned(),
                due_at: record.site.due(*at),
            }),
            Effect::StopTimer(timer) => {
                // A timer that is set anew in the same commit need not be cancelled before.
                let kind = timer_name(*timer).to_owned();
                unit.timers.push(TimerChange::Cancel { kind });
            }
            Effect::Notify { notification } => {
                if record.notification_url().is_some() {
                    unit.notifications.push(NotificationRow {
                        seq: row_number(*notification),
                        event: record.order.payment.status().0.to_owned(),
                        due_at: now,
                        leased_until: Some(owed.lease),
                    });
                    owed.notifications.push(*notification);
                }
            }
            Effect::EraseCvc { card } => {
                unit.cards.push(CardChange::EraseCvc { card_id: row_number(*card) });
            }
            Effect::KeepCvc { .. } | Effect::SendAuthorization(_) | Effect::StartStepUp => {}
        }
        dedupe_timers(&mut unit.timers);
    }

    /// The card is sealed in the commit that opens its attempt, unless nothing will be sent.
    fn add_card(
        &self,
        unit: &mut UnitOfWork,
        decision: &Decision,
        card: Option<&CardSecrets>,
        record: &Record,
    ) {
        let opened = decision
            .events
            .iter()
            .any(|event| matches!(event, florin_core::decision::Event::Opened(_)));
        let (true, false, Some(card)) = (opened, record.order.payment.is_final(), card) else {
            return;
        };
        let card_id = record.order.counters.attempts;
        let place = |field| seal_context(record, card_id, field);
        let sealed_pan =
            self.vault.seal(Class::Card, place(FIELD_PAN), card.pan.expose().as_bytes());
        let keep = decision.effects.iter().any(|effect| matches!(effect, Effect::KeepCvc { .. }));
        let sealed_cvc = card
            .cvc
            .as_ref()
            .filter(|_| keep)
            .map(|cvc| self.vault.seal(Class::Cvc, place(FIELD_CVC), cvc.expose().as_bytes()));
        let key_id = Vault::key_id_of(&sealed_pan).unwrap_or_default();
        unit.cards.push(CardChange::Seal {
            card_id: row_number(card_id),
            sealed_pan,
            sealed_cvc,
            fingerprint: card.fingerprint,
            key_id,
        });
    }

    /// Opens the card of the newest attempt.
    ///
    /// # Errors
    /// [`Failure::Damaged`] when it is not there or cannot be opened.
    pub(super) async fn open_card(
        &self,
        record: &Record,
        card_id: u32,
    ) -> Result<CardSecrets, Failure> {
        let damaged = |what: &str| Failure::Damaged(format!("card {card_id}: {what}"));
        let row = self.store.card(record.site.id, record.key, row_number(card_id)).await?;
        let row = row.ok_or_else(|| damaged("not there"))?;
        let unseal = |class, field, sealed: &[u8]| {
            let bytes = self
                .vault
                .unseal(class, seal_context(record, card_id, field), sealed)
                .map_err(|error| damaged(&error.to_string()))?;
            String::from_utf8(bytes.to_vec())
                .map(zeroize::Zeroizing::new)
                .map_err(|_| damaged("not text"))
        };
        let pan = unseal(Class::Card, FIELD_PAN, &row.sealed_pan)?;
        let pan = florin_core::card::Pan::parse(&pan).map_err(|_| damaged("not a number"))?;
        let cvc = match &row.sealed_cvc {
            None => None,
            Some(sealed) => {
                let text = unseal(Class::Cvc, FIELD_CVC, sealed)?;
                let cvc = florin_core::card::Cvc::parse(&text);
                Some(cvc.map_err(|_| damaged("not a code"))?)
            }
        };
        let stored = record.request.card.as_ref();
        let expiry = stored.and_then(|card| card.expiry).map(florin_core::card::Expiry::yymm);
        Ok(CardSecrets { pan, expiry, cvc, fingerprint: row.fingerprint })
    }
}

impl Record {
    /// Where the shop wants to be told: the order's address, else the site's.
    pub fn notification_url(&self) -> Option<&str> {
        let of_order = self.request.details.payment_options.notification_url.as_ref();
        of_order.map(WebUrl::as_str).or(self.site.settings.notification_url.as_deref())
    }

    /// Where the payer goes after success, before the order id is appended.
    pub fn redirect_url(&self) -> Option<WebUrl> {
        let of_order = self.request.details.payment_options.redirect_url.clone();
        of_order.or_else(|| of_site(self.site.settings.redirect_url.as_deref()))
    }

    /// Where the payer goes otherwise.
    pub fn cancel_url(&self) -> Option<WebUrl> {
        let of_order = self.request.details.payment_options.cancel_url.clone();
        of_order.or_else(|| of_site(self.site.settings.cancel_url.as_deref()))
    }
}

fn of_site(url: Option<&str>) -> Option<WebUrl> {
    url.and_then(|url| WebUrl::parse(url).ok())
}

fn seal_context<'a>(record: &Record, card_id: u32, field: &'a str) -> SealContext<'a> {
    SealContext { site_id: record.site.id, key: record.key, card_id: i64::from(card_id), field }
}

fn decision_card(record: &Record) -> u32 {
    record.order.counters.attempts
}

fn owe(
    seq: u32,
    message: &OwedMessage,
    record: &Record,
    chain: &str,
    due_at: UnixMillis,
    leased_until: Option<UnixMillis>,
) -> AdviceChange {
    let row = AdviceRow::new(row_number(seq), message.kind(), &record.extra.link, chain, due_at);
    AdviceChange::Owe(AdviceRow { leased_until, ..row.with_body(message.to_text()) })
}

/// The last word on a timer within one commit counts.
fn dedupe_timers(timers: &mut Vec<TimerChange>) {
    let kind = |timer: &TimerChange| match timer {
        TimerChange::Set { kind, .. } | TimerChange::Cancel { kind } => kind.clone(),
    };
    if let Some(last) = timers.last().map(kind) {
        let end = timers.len() - 1;
        let mut index = 0;
        timers.retain(|timer| {
            let keep = index == end || kind(timer) != last;
            index += 1;
            keep
        });
    }
}

pub(super) fn timer_name(timer: Timer) -> &'static str {
    match timer {
        Timer::Expiry => "expiry",
        Timer::Review => "review",
    }
}

/// Counters of an order stay far below the store's range: each needs a commit.
pub(super) fn row_number(number: u32) -> i32 {
    i32::try_from(number).expect("an order does not see two thousand million changes")
}
