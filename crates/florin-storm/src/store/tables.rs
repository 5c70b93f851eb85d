//! The rows of the in-memory store, and the changes that real engines make by SQL.
//!
//! Everything is ordered, so that two runs find the same rows in the same order.

use std::collections::{BTreeMap, BTreeSet};

use florin::clock::UnixMillis;
use florin::store::{
    AccountKeyRow, AccountRow, AdviceChange, AdviceRow, ApiKeyRow, AttemptOutcome, AttemptRow,
    CardChange, CardRow, ChildRow, Committed, DataKeyRow, DeliveryRow, EventRow, FileRow,
    JournalRow, MailRow, NotificationRecord, NotificationState, OperationRow, OrderKey, OrderRow,
    SealRow, SiteId, SiteRow, StoreError, TimerChange, TokenOwner, TokenRow, UnitOfWork,
};

/// Where an order's rows are.
pub(super) type Place = (SiteId, OrderKey);

/// Everything that is on the disk.
#[derive(Default)]
pub(super) struct Tables {
    pub(super) orders: BTreeMap<Place, Order>,
    pub(super) names: BTreeMap<(SiteId, String), OrderKey>,
    pub(super) transactions: BTreeMap<(SiteId, i64), OrderKey>,
    /// Orders that something may be due for, so that looking for work costs little.
    pub(super) busy: BTreeSet<Place>,
    pub(super) accounts: BTreeMap<i64, AccountRow>,
    pub(super) sites: BTreeMap<SiteId, SiteRow>,
    pub(super) api_keys: BTreeMap<(SiteId, i64), ApiKeyRow>,
    pub(super) account_keys: BTreeMap<(i64, i64), AccountKeyRow>,
    pub(super) data_keys: BTreeMap<i32, DataKeyRow>,
    pub(super) seals: BTreeMap<(SiteId, i64), SealRow>,
    /// By site, instant, order, number and outcome.
    pub(super) attempts: BTreeMap<AttemptPlace, AttemptRow>,
    pub(super) declines: BTreeMap<DeclinePlace, Decline>,
    pub(super) operations: BTreeMap<(SiteId, i64), (OrderKey, OperationRow)>,
    pub(super) references: BTreeSet<(SiteId, String, OrderKey)>,
    pub(super) requests: BTreeMap<(SiteId, String), Request>,
    /// Requests that were begun so far: each has its number.
    pub(super) requests_begun: u64,
    pub(super) tokens: BTreeMap<(TokenOwner, String), TokenRow>,
    pub(super) mails: BTreeMap<(SiteId, OrderKey, String), MailRow>,
    pub(super) settings_version: i64,
    pub(super) sequences: BTreeMap<String, u64>,
    /// When the lease of a node number ends.
    pub(super) nodes: BTreeMap<u16, UnixMillis>,
}

/// Where an attempt is counted.
pub(super) type AttemptPlace = (SiteId, UnixMillis, OrderKey, i32, AttemptOutcome);

/// Where a decline is counted: by site, card, amount and currency, instant, order and number.
pub(super) type DeclinePlace = (SiteId, [u8; 32], i64, String, UnixMillis, OrderKey, i32);

/// A decline that counts against a repeat.
#[derive(Clone, Copy)]
pub(super) struct Decline {
    pub(super) for_good: bool,
    pub(super) counts_until: UnixMillis,
}

/// An order with all that belongs to it.
#[derive(Clone)]
pub(super) struct Order {
    pub(super) row: OrderRow,
    pub(super) events: BTreeMap<i32, EventRow>,
    pub(super) cards: BTreeMap<i32, CardRow>,
    pub(super) notifications: BTreeMap<i32, Notification>,
    pub(super) timers: BTreeMap<String, Timer>,
    pub(super) advices: BTreeMap<i32, Advice>,
    pub(super) journal: BTreeMap<i32, JournalRow>,
    pub(super) files: BTreeMap<i32, FileRow>,
}

/// A request with an idempotency key.
#[derive(Clone)]
pub(super) struct Request {
    pub(super) number: u64,
    pub(super) hash: [u8; 32],
    pub(super) created_at: UnixMillis,
    pub(super) lease_until: UnixMillis,
    pub(super) answer: Option<(u16, String)>,
}

#[derive(Clone)]
pub(super) struct Notification {
    pub(super) subject: i32,
    pub(super) event: String,
    pub(super) state: NotificationState,
    pub(super) due_at: Option<UnixMillis>,
    pub(super) lease_until: UnixMillis,
    pub(super) attempts: i32,
    pub(super) first_attempt_at: Option<UnixMillis>,
    pub(super) deliveries: Vec<DeliveryRow>,
}

#[derive(Clone)]
pub(super) struct Timer {
    pub(super) due_at: UnixMillis,
    pub(super) lease_until: UnixMillis,
}

#[derive(Clone)]
pub(super) struct Advice {
    pub(super) row: AdviceRow,
    pub(super) lease_until: UnixMillis,
}

impl Notification {
    /// When somebody may take it, unless it is over.
    pub(super) fn ready_at(&self) -> Option<UnixMillis> {
        self.due_at.map(|due| due.max(self.lease_until))
    }
}

impl Timer {
    pub(super) fn ready_at(&self) -> UnixMillis {
        self.due_at.max(self.lease_until)
    }
}

impl Advice {
    pub(super) fn ready_at(&self) -> Option<UnixMillis> {
        self.row.due_at.map(|due| due.max(self.lease_until))
    }
}

impl Order {
    fn new(row: OrderRow) -> Order {
        Order {
            row: OrderRow { version: 1, ..row },
            events: BTreeMap::new(),
            cards: BTreeMap::new(),
            notifications: BTreeMap::new(),
            timers: BTreeMap::new(),
            advices: BTreeMap::new(),
            journal: BTreeMap::new(),
            files: BTreeMap::new(),
        }
    }

    /// Becomes what a row says, as far as that is not fixed.
    fn change_to(&mut self, wanted: &OrderRow) {
        let row = &mut self.row;
        row.version += 1;
        row.status.clone_from(&wanted.status);
        row.financial_status.clone_from(&wanted.financial_status);
        row.amount = wanted.amount;
        row.modified_at = wanted.modified_at;
        row.state.clone_from(&wanted.state);
    }

    fn is_busy(&self) -> bool {
        !self.timers.is_empty()
            || self.notifications.values().any(|it| it.due_at.is_some())
            || self.advices.values().any(|it| it.row.due_at.is_some())
    }

    /// Whether an earlier advice of the same chain has to leave first.
    pub(super) fn is_queued(&self, seq: i32) -> bool {
        let Some(advice) = self.advices.get(&seq) else { return false };
        self.advices
            .range(..seq)
            .any(|(_, other)| other.row.chain == advice.row.chain && other.row.due_at.is_some())
    }

    pub(super) fn records(&self) -> Vec<NotificationRecord> {
        let record = |(seq, it): (&i32, &Notification)| {
            let mut deliveries = it.deliveries.clone();
            deliveries.sort_by_key(|delivery| (delivery.at, delivery.attempt));
            NotificationRecord {
                seq: *seq,
                subject: it.subject,
                event: it.event.clone(),
                state: it.state,
                due_at: it.due_at,
                attempts: it.attempts,
                first_attempt_at: it.first_attempt_at,
                deliveries,
            }
        };
        self.notifications.iter().map(record).collect()
    }
}

impl Tables {
    /// Makes a unit of work true, or nothing of it.
    pub(super) fn commit(&mut self, unit: &UnitOfWork) -> Result<Committed, StoreError> {
        let place = unit.place();
        let is_answered = unit.answer.as_ref().is_some_and(|answer| {
            let request = self.requests.get(&(place.0, answer.key.clone()));
            request.is_some_and(|request| request.answer.is_some())
        });
        let is_blocked = is_answered || !self.tokens_fit(unit);
        if is_blocked || !unit.children.iter().all(|child| self.can_be_stored(child)) {
            return Ok(Committed::Conflict);
        }
        let Some(mut order) = self.order_to_be(unit) else { return Ok(Committed::Conflict) };
        let broken = |what: &str| StoreError::rejected("commit an order", what);
        for transaction in &unit.transactions {
            if self.transactions.contains_key(&(place.0, *transaction)) {
                return Err(broken("a transaction id is new"));
            }
        }
        for event in &unit.events {
            if order.events.insert(event.seq, event.clone()).is_some() {
                return Err(broken("an event has a place of its own"));
            }
        }
        for change in &unit.cards {
            order.change_card(change);
        }
        for owed in &unit.notifications {
            let notification = Notification {
                subject: owed.subject,
                event: owed.event.clone(),
                state: NotificationState::Pending,
                due_at: Some(owed.due_at),
                lease_until: owed.leased_until.unwrap_or(0),
                attempts: 0,
                first_attempt_at: owed.leased_until.map(|_| owed.due_at),
                deliveries: Vec::new(),
            };
            if order.notifications.insert(owed.seq, notification).is_some() {
                return Err(broken("a notification has a place of its own"));
            }
        }
        for change in &unit.timers {
            match change {
                TimerChange::Set { kind, due_at } => {
                    let timer = Timer { due_at: *due_at, lease_until: 0 };
                    order.timers.insert(kind.clone(), timer);
                }
                TimerChange::Cancel { kind } => {
                    order.timers.remove(kind);
                }
            }
        }
        for change in &unit.advices {
            order.change_advice(change);
        }
        for entry in &unit.journal {
            if order.journal.insert(entry.seq, entry.clone()).is_some() {
                return Err(broken("an entry of a journal is never written over"));
            }
        }
        for file in &unit.files {
            if order.files.insert(file.file_id, file.clone()).is_some() {
                return Err(broken("a file has a place of its own"));
            }
        }
        if self.has_made(unit) {
            return Err(broken("a token is new"));
        }
        for made in &unit.attempts {
            let at = (place.0, made.at, place.1, made.attempt, made.outcome);
            if self.attempts.contains_key(&at) {
                return Err(broken("an attempt is counted once"));
            }
        }
        for made in &unit.attempts {
            let at = (place.0, made.at, place.1, made.attempt, made.outcome);
            self.attempts.insert(at, made.clone());
            if let Some(counts_until) = made.counts_until {
                let AttemptRow { card, amount, currency, at, attempt, .. } = made.clone();
                let for_good = made.outcome == AttemptOutcome::DeclinedForGood;
                self.declines.insert(
                    (place.0, card, amount, currency, at, place.1, attempt),
                    Decline { for_good, counts_until },
                );
            }
        }
        for row in &unit.operations {
            self.operations.insert((place.0, row.transaction_id), (place.1, row.clone()));
        }
        let references = unit.references.iter().map(|rrn| (place.0, rrn.clone(), place.1));
        self.references.extend(references);
        self.change_tokens(unit);
        for child in &unit.children {
            self.store_child(child);
        }
        if let Some(answer) = &unit.answer
            && let Some(request) = self.requests.get_mut(&(place.0, answer.key.clone()))
        {
            request.answer = Some((answer.status, answer.body.clone()));
        }
        self.names.insert((place.0, order.row.order_id.clone()), place.1);
        for transaction in &unit.transactions {
            self.transactions.insert((place.0, *transaction), place.1);
        }
        self.orders.insert(place, order);
        self.look_at(place);
        Ok(Committed::Done)
    }

    /// The order with its row as the unit wants it; `None` when somebody else was faster.
    fn order_to_be(&self, unit: &UnitOfWork) -> Option<Order> {
        let place = unit.place();
        let wanted = &unit.order;
        match unit.expected_version {
            None => {
                let is_taken = self.orders.contains_key(&place)
                    || self.names.contains_key(&(place.0, wanted.order_id.clone()));
                (!is_taken).then(|| Order::new(wanted.clone()))
            }
            Some(expected) => {
                let stored = self.orders.get(&place).filter(|it| it.row.version == expected)?;
                let mut order = stored.clone();
                order.change_to(wanted);
                if unit.new_request {
                    order.row.currency.clone_from(&wanted.currency);
                    order.row.request.clone_from(&wanted.request);
                }
                Some(order)
            }
        }
    }

    fn can_be_stored(&self, child: &ChildRow) -> bool {
        let row = &child.order;
        let is_there = self.orders.contains_key(&(row.site_id, row.key));
        let name = (row.site_id, row.order_id.clone());
        if child.is_new { !is_there && !self.names.contains_key(&name) } else { is_there }
    }

    fn store_child(&mut self, child: &ChildRow) {
        let row = &child.order;
        let place = (row.site_id, row.key);
        if child.is_new {
            self.names.insert((row.site_id, row.order_id.clone()), row.key);
            self.orders.insert(place, Order::new(row.clone()));
        } else if let Some(stored) = self.orders.get_mut(&place) {
            stored.change_to(row);
        }
    }

    /// About how much room the orders take: their texts.
    pub(super) fn bytes(&self) -> u64 {
        let of_order = |order: &Order| {
            let events = order.events.values().map(|event| event.data.len()).sum::<usize>();
            order.row.request.len() + order.row.state.len() + events
        };
        self.orders.values().map(|order| of_order(order) as u64).sum()
    }

    /// Notes whether something may be due for an order.
    pub(super) fn look_at(&mut self, place: Place) {
        if self.orders.get(&place).is_some_and(Order::is_busy) {
            self.busy.insert(place);
        } else {
            self.busy.remove(&place);
        }
    }

    /// Puts an order back as it was, with its names; the rest of the tables stays.
    pub(super) fn put_back(&mut self, place: Place, before: Option<Order>) {
        match before {
            Some(order) => {
                self.orders.insert(place, order);
            }
            None => self.forget(place),
        }
        self.look_at(place);
    }

    /// Deletes an order with everything that belongs to it.
    pub(super) fn forget(&mut self, place: Place) {
        if let Some(order) = self.orders.remove(&place) {
            self.names.remove(&(place.0, order.row.order_id));
            self.transactions.retain(|_, key| *key != place.1);
            self.busy.remove(&place);
            self.mails.retain(|(site, key, _), _| (*site, *key) != place);
        }
    }
}

impl Order {
    fn change_card(&mut self, change: &CardChange) {
        match change {
            CardChange::Seal { card_id, sealed_pan, sealed_cvc, fingerprint, key_id } => {
                let card = CardRow {
                    card_id: *card_id,
                    sealed_pan: sealed_pan.clone(),
                    sealed_cvc: sealed_cvc.clone(),
                    fingerprint: *fingerprint,
                    key_id: *key_id,
                };
                self.cards.insert(*card_id, card);
            }
            CardChange::EraseCvc { card_id } => {
                if let Some(card) = self.cards.get_mut(card_id) {
                    card.sealed_cvc = None;
                }
            }
            CardChange::Erase { card_id } => {
                self.cards.remove(card_id);
            }
        }
    }

    pub(super) fn change_advice(&mut self, change: &AdviceChange) {
        let seq = change.seq();
        if let AdviceChange::Owe(row) = change {
            let begun = row.leased_until.and(row.due_at);
            let mut row = row.clone();
            let lease_until = row.leased_until.take().unwrap_or(0);
            row.first_attempt_at = row.first_attempt_at.or(begun);
            self.advices.insert(seq, Advice { row, lease_until });
            return;
        }
        let Some(advice) = self.advices.get_mut(&seq) else { return };
        match change {
            AdviceChange::Owe(_) => {}
            AdviceChange::Settle { .. } => {
                self.advices.remove(&seq);
            }
            AdviceChange::Rewrite { body, .. } => advice.row.body.clone_from(body),
            AdviceChange::Postpone { due_at, attempts, note, .. } => {
                advice.row.due_at = Some(*due_at);
                advice.row.attempts = *attempts;
                advice.row.note = Some(note.clone());
                advice.lease_until = 0;
            }
            AdviceChange::Stop { note, .. } => {
                advice.row.due_at = None;
                advice.row.note = Some(note.clone());
                advice.lease_until = 0;
            }
        }
    }
}
