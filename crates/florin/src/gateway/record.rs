//! An order with everything the operations need of it, and the one door through which it changes.

use std::sync::Arc;

use florin_core::decision::{Decision, Effect, Event};
use florin_core::ledger::Balances;
use florin_core::order::Order;
use florin_core::payment::Standing;
use florin_core::trail::{SaleNumber, WHOLE};

use super::effects::Rows;
use super::journal::{self, Booking, JournalEnd};
use super::persist::{
    Child, Credential, CredentialUse, Extra, OwedMessage, read_state, write_state,
};
use super::site::Site;
use super::{Failure, Gateway, operations, rrn};
use crate::api::contract::StoredRequest;
use crate::api::contract::payment_options::WebUrl;
use crate::clock::UnixMillis;
use crate::store::{
    AnsweredRequest, CardChange, Committed, EventRow, FileRow, OperationRow, OrderRow, TokenChange,
    UnitOfWork,
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
    /// Which of its sales was asked for: what answers and notifications show.
    pub sale: SaleNumber,
    /// Keyed hash of the newest attempt's card, where the card is at hand; not stored with it.
    pub fingerprint: Option<[u8; 32]>,
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
    /// Notifications by their number in the order, with the sale that they tell of.
    pub notifications: Vec<(u32, SaleNumber)>,
    /// Until when all of these are ours alone.
    pub lease: UnixMillis,
}

pub(super) const FIELD_PAN: &str = "pan";
pub(super) const FIELD_CVC: &str = "cvc";

impl Record {
    /// This order, read anew, with what `earlier` knew besides what is stored: what was asked for,
    /// and what was found out about the attempt that is still the newest.
    pub(super) fn with_what_is_known(mut self, earlier: Record) -> Record {
        self.sale = earlier.sale;
        if self.order.counters.attempts == earlier.order.counters.attempts {
            self.fingerprint = earlier.fingerprint;
            self.extra.risk = earlier.extra.risk.or(self.extra.risk);
        }
        self
    }

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
            sale: WHOLE,
            fingerprint: None,
        })
    }

    /// Without its request, which is written where it is a new one.
    fn row(&self, site_now: UnixMillis) -> OrderRow {
        let (status, _) = self.order.status(WHOLE);
        OrderRow {
            site_id: self.site.id,
            key: self.key,
            order_id: self.order_id.clone(),
            version: self.version,
            status: status.to_owned(),
            financial_status: self.order.financial_status(WHOLE).map(str::to_owned),
            currency: self.order.payment.amount.currency.code().to_owned(),
            amount: self.order.total().minor,
            created_at: self.extra.created_at,
            modified_at: site_now,
            request: String::new(),
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
    /// What becomes of the open attempt that a new one takes the place of.
    pub superseded: Option<OperationRow>,
    /// The answer to the request that led to this, where it has to be known to whoever repeats it.
    pub answer: Option<AnsweredRequest>,
    /// Files that were handed in.
    pub files: Vec<FileRow>,
    /// What becomes of tokens that are not the order's own, or no longer.
    pub tokens: Vec<TokenChange>,
}

impl Gateway {
    /// Loads an order by its key.
    pub async fn load(&self, site: &Arc<Site>, key: i64) -> Result<Option<Record>, Failure> {
        let row = self.store.order(site.id, key).await?;
        self.read_row(site, row).await
    }

    /// Reads a row; that of a child order leads to its parent.
    async fn read_row(
        &self,
        site: &Arc<Site>,
        row: Option<OrderRow>,
    ) -> Result<Option<Record>, Failure> {
        let Some(row) = row else { return Ok(None) };
        let Some(child) = Child::read(&row.state) else {
            return Record::read(site.clone(), row).map(Some);
        };
        let parent = self.store.order(site.id, child.parent).await?;
        let parent = parent.map(|row| Record::read(site.clone(), row)).transpose()?;
        let orphan = || Failure::Damaged(format!("order {} has no parent", row.key));
        let parent = parent.ok_or_else(orphan)?;
        Ok(Some(Record { sale: child.sale, ..parent }))
    }

    /// Loads an order by what the merchant calls it.
    pub async fn load_by_order_id(
        &self,
        site: &Arc<Site>,
        order_id: &str,
    ) -> Result<Option<Record>, Failure> {
        let row = self.store.order_by_merchant_id(site.id, order_id).await?;
        self.read_row(site, row).await
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
        let Change { mut record, expected_version, decision, card, .. } = change;
        let Change { alias, superseded, answer, files, tokens, .. } = change;
        // Who owes the host nothing needs no wires to it: an operator's command has none.
        let rails = match self.rails_of(&record.site) {
            Ok(rails) => Some(rails),
            Err(failure) if decision.effects.iter().any(Effect::is_for_the_host) => {
                return Err(failure);
            }
            Err(_) => None,
        };
        let now = self.now();
        let site_now = record.site.time(now);
        let before = std::mem::replace(&mut record.order, decision.order.clone());
        let booking = Booking {
            site_id: record.site.id,
            key: record.key,
            currency: decision.order.payment.amount.currency.code(),
            at: site_now,
            booked_at: now,
        };
        let balances = Balances::of(&before);
        let end = &record.extra.journal;
        let entry = journal::entry(&self.vault, &booking, &balances, decision, end)?;
        if let Some(entry) = &entry {
            record.extra.journal = JournalEnd::after(entry);
        }
        if opens(decision)
            && decision.order.payment.standing() == Standing::Bad
            && let Some(Credential { used: CredentialUse::Make | CredentialUse::Share, .. }) =
                record.extra.credential
        {
            // What is declined unsent makes no token.
            record.extra.credential = None;
        }
        let mut rows = Rows {
            unit: UnitOfWork::new(expected_version, record.row(site_now)),
            owed: Owed { lease: self.work.lease_until(now), ..Owed::default() },
            record: &record,
            rails: rails.as_deref(),
            now,
        };
        rows.unit.new_request = alias.is_some();
        if expected_version.is_none() || rows.unit.new_request {
            rows.unit.order.request = record.request.to_json();
        }
        rows.unit.transactions.extend(alias);
        self.add_events(&mut rows.unit, decision, record.extra.risk.as_ref(), site_now);
        for effect in &decision.effects {
            rows.add(effect);
        }
        rows.unit.timers.extend(super::mails::owed(&record, decision, now));
        rows.bring_children_up_to_date(&before, site_now);
        rows.unit.journal.extend(entry);
        rows.unit.operations = operations::changed(&before, &record);
        rows.unit.operations.extend(superseded);
        rows.unit.references = rrn::added(&before, &record.order);
        rows.unit.answer = answer;
        rows.unit.files = files;
        let Rows { mut unit, owed, .. } = rows;
        unit.attempts = self.attempt_rows(&record, decision);
        let made = self.token_changes(&record, &before, decision, card, site_now);
        unit.tokens = super::tokens::put_together(tokens, made);
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

    fn add_events(
        &self,
        unit: &mut UnitOfWork,
        decision: &Decision,
        risk: Option<&super::risk::report::RiskReport>,
        at: UnixMillis,
    ) {
        let last = decision.order.counters.events;
        let first = last - u32::try_from(decision.events.len()).unwrap_or(last) + 1;
        for (seq, event) in (first..).zip(&decision.events) {
            unit.events.push(EventRow {
                seq: row_number(seq),
                kind: event.name().to_owned(),
                at,
                data: super::view::event_data(event, risk),
            });
        }
    }

    /// The card is sealed in the commit that opens its attempt, unless nothing will be sent.
    fn add_card(
        &self,
        unit: &mut UnitOfWork,
        decision: &Decision,
        card: Option<&CardSecrets>,
        record: &Record,
    ) {
        let (true, false, Some(card)) = (opens(decision), record.order.payment.is_final(), card)
        else {
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
    /// The locale that its payer reads: the one that he has chosen on the page, else the order's.
    pub fn payer_locale(&self) -> &str {
        let chosen = self.extra.locale.as_deref();
        chosen.unwrap_or_else(|| self.request.details.customer.language())
    }

    /// What the merchant calls the sale that was asked for.
    pub fn shown_order_id(&self) -> &str {
        let captures = &self.order.trail.captures;
        let part = captures.iter().find(|capture| capture.number == self.sale);
        part.map_or(&self.order_id, |part| &part.order_id)
    }

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

/// Whether a new attempt begins.
fn opens(decision: &Decision) -> bool {
    decision.events.iter().any(|event| matches!(event, Event::Opened(_)))
}

fn of_site(url: Option<&str>) -> Option<WebUrl> {
    url.and_then(|url| WebUrl::parse(url).ok())
}

fn seal_context<'a>(record: &Record, card_id: u32, field: &'a str) -> SealContext<'a> {
    SealContext { site_id: record.site.id, key: record.key, card_id: i64::from(card_id), field }
}

/// Counters of an order stay far below the store's range: each needs a commit.
pub(super) fn row_number(number: u32) -> i32 {
    i32::try_from(number).expect("an order does not see two thousand million changes")
}
