//! The rows of units of work as columns, which are the parameters of the statement in `commit/`:
//! their numbers follow the order in which the columns are listed here.

use tokio_postgres::types::ToSql;

use super::super::{AdviceChange, CardChange, OrderKey, SiteId, TimerChange, UnitOfWork};
use super::later_columns::LaterColumns;

/// The place of each row of a table.
#[derive(Default)]
pub(super) struct Places {
    sites: Vec<SiteId>,
    keys: Vec<OrderKey>,
}

impl Places {
    pub(super) fn add(&mut self, (site, key): (SiteId, OrderKey)) {
        self.sites.push(site);
        self.keys.push(key);
    }
}

/// Rows that are named by their place and a number.
#[derive(Default)]
pub(super) struct Numbered {
    places: Places,
    numbers: Vec<i32>,
}

impl Numbered {
    pub(super) fn add(&mut self, place: (SiteId, OrderKey), number: i32) {
        self.places.add(place);
        self.numbers.push(number);
    }
}

#[derive(Default)]
struct Orders<'a> {
    places: Places,
    expected: Vec<i64>,
    order_ids: Vec<&'a str>,
    statuses: Vec<&'a str>,
    financial_statuses: Vec<Option<&'a str>>,
    currencies: Vec<&'a str>,
    amounts: Vec<i64>,
    created_at: Vec<i64>,
    modified_at: Vec<i64>,
    requests: Vec<&'a str>,
    states: Vec<&'a str>,
}

#[derive(Default)]
struct Events<'a> {
    rows: Numbered,
    kinds: Vec<&'a str>,
    at: Vec<i64>,
    data: Vec<&'a str>,
}

#[derive(Default)]
struct Cards<'a> {
    rows: Numbered,
    sealed_pans: Vec<&'a [u8]>,
    sealed_cvcs: Vec<Option<&'a [u8]>>,
    fingerprints: Vec<&'a [u8]>,
    key_ids: Vec<i32>,
}

#[derive(Default)]
struct Notifications<'a> {
    rows: Numbered,
    events: Vec<&'a str>,
    due_at: Vec<i64>,
    leases: Vec<Option<i64>>,
    subjects: Vec<i32>,
}

#[derive(Default)]
struct OwedAdvices<'a> {
    rows: Numbered,
    kinds: Vec<&'a str>,
    links: Vec<&'a str>,
    chains: Vec<&'a str>,
    due_at: Vec<Option<i64>>,
    attempts: Vec<i32>,
    first_attempt_at: Vec<Option<i64>>,
    notes: Vec<Option<&'a str>>,
    bodies: Vec<&'a str>,
    leases: Vec<Option<i64>>,
}

#[derive(Default)]
struct MovedAdvices<'a> {
    rows: Numbered,
    due_at: Vec<Option<i64>>,
    attempts: Vec<Option<i32>>,
    notes: Vec<&'a str>,
}

#[derive(Default)]
pub(super) struct Columns<'a> {
    orders: Orders<'a>,
    transaction_places: Places,
    transaction_ids: Vec<i64>,
    events: Events<'a>,
    sealed_cards: Cards<'a>,
    erased_cvcs: Numbered,
    erased_cards: Numbered,
    notifications: Notifications<'a>,
    set_timer_places: Places,
    set_timer_kinds: Vec<&'a str>,
    set_timers_due_at: Vec<i64>,
    cancelled_timer_places: Places,
    cancelled_timer_kinds: Vec<&'a str>,
    owed_advices: OwedAdvices<'a>,
    settled_advices: Numbered,
    moved_advices: MovedAdvices<'a>,
    later: LaterColumns<'a>,
}

impl<'a> Columns<'a> {
    pub(super) fn add(&mut self, unit: &'a UnitOfWork) {
        let place = unit.place();
        self.add_order(unit);
        for transaction_id in &unit.transactions {
            self.transaction_places.add(place);
            self.transaction_ids.push(*transaction_id);
        }
        for event in &unit.events {
            self.events.rows.add(place, event.seq);
            self.events.kinds.push(&event.kind);
            self.events.at.push(event.at);
            self.events.data.push(&event.data);
        }
        for change in &unit.cards {
            self.add_card(place, change);
        }
        for notification in &unit.notifications {
            self.notifications.rows.add(place, notification.seq);
            self.notifications.events.push(&notification.event);
            self.notifications.due_at.push(notification.due_at);
            self.notifications.leases.push(notification.leased_until);
            self.notifications.subjects.push(notification.subject);
        }
        for change in &unit.timers {
            match change {
                TimerChange::Set { kind, due_at } => {
                    self.set_timer_places.add(place);
                    self.set_timer_kinds.push(kind);
                    self.set_timers_due_at.push(*due_at);
                }
                TimerChange::Cancel { kind } => {
                    self.cancelled_timer_places.add(place);
                    self.cancelled_timer_kinds.push(kind);
                }
            }
        }
        for change in &unit.advices {
            self.add_advice(place, change);
        }
        self.later.add(unit);
    }

    fn add_order(&mut self, unit: &'a UnitOfWork) {
        let order = &unit.order;
        let orders = &mut self.orders;
        orders.places.add(unit.place());
        orders.expected.push(unit.expected_version.unwrap_or(0));
        orders.order_ids.push(&order.order_id);
        orders.statuses.push(&order.status);
        orders.financial_statuses.push(order.financial_status.as_deref());
        orders.currencies.push(&order.currency);
        orders.amounts.push(order.amount);
        orders.created_at.push(order.created_at);
        orders.modified_at.push(order.modified_at);
        // What was asked for changes with a new attempt only; else it need not travel twice.
        let is_new = unit.expected_version.is_none() || unit.new_request;
        orders.requests.push(if is_new { &order.request } else { "" });
        orders.states.push(&order.state);
    }

    fn add_card(&mut self, place: (SiteId, OrderKey), change: &'a CardChange) {
        match change {
            CardChange::Seal { card_id, sealed_pan, sealed_cvc, fingerprint, key_id } => {
                self.sealed_cards.rows.add(place, *card_id);
                self.sealed_cards.sealed_pans.push(sealed_pan);
                self.sealed_cards.sealed_cvcs.push(sealed_cvc.as_deref());
                self.sealed_cards.fingerprints.push(fingerprint);
                self.sealed_cards.key_ids.push(*key_id);
            }
            CardChange::EraseCvc { card_id } => self.erased_cvcs.add(place, *card_id),
            CardChange::Erase { card_id } => self.erased_cards.add(place, *card_id),
        }
    }

    fn add_advice(&mut self, place: (SiteId, OrderKey), change: &'a AdviceChange) {
        match change {
            AdviceChange::Owe(advice) => {
                let owed = &mut self.owed_advices;
                owed.rows.add(place, advice.seq);
                owed.kinds.push(&advice.kind);
                owed.links.push(&advice.link);
                owed.chains.push(&advice.chain);
                owed.due_at.push(advice.due_at);
                owed.attempts.push(advice.attempts);
                owed.first_attempt_at.push(advice.first_attempt_at);
                owed.notes.push(advice.note.as_deref());
                owed.bodies.push(&advice.body);
                owed.leases.push(advice.leased_until);
            }
            AdviceChange::Settle { seq } => self.settled_advices.add(place, *seq),
            // Refused before, see `UnitOfWork::check`.
            AdviceChange::Rewrite { .. } => {}
            AdviceChange::Postpone { seq, due_at, attempts, note } => {
                self.moved_advices.rows.add(place, *seq);
                self.moved_advices.due_at.push(Some(*due_at));
                self.moved_advices.attempts.push(Some(*attempts));
                self.moved_advices.notes.push(note);
            }
            AdviceChange::Stop { seq, note } => {
                self.moved_advices.rows.add(place, *seq);
                self.moved_advices.due_at.push(None);
                self.moved_advices.attempts.push(None);
                self.moved_advices.notes.push(note);
            }
        }
    }

    /// Every column, in the order of the statement's parameters.
    pub(super) fn in_sequence(&self, has_rare_rows: bool) -> Vec<&(dyn ToSql + Sync)> {
        let Columns { orders, events, sealed_cards, notifications, .. } = self;
        let Columns { owed_advices, moved_advices, .. } = self;
        let mut columns: Vec<&(dyn ToSql + Sync)> = Vec::with_capacity(147);
        columns.extend(places(&orders.places));
        columns.extend::<[&(dyn ToSql + Sync); 10]>([
            &orders.expected,
            &orders.order_ids,
            &orders.statuses,
            &orders.financial_statuses,
            &orders.currencies,
            &orders.amounts,
            &orders.created_at,
            &orders.modified_at,
            &orders.requests,
            &orders.states,
        ]);
        columns.extend(places(&self.transaction_places));
        columns.push(&self.transaction_ids);
        columns.extend(numbered(&events.rows));
        columns.extend::<[&(dyn ToSql + Sync); 3]>([&events.kinds, &events.at, &events.data]);
        columns.extend(numbered(&sealed_cards.rows));
        columns.extend::<[&(dyn ToSql + Sync); 4]>([
            &sealed_cards.sealed_pans,
            &sealed_cards.sealed_cvcs,
            &sealed_cards.fingerprints,
            &sealed_cards.key_ids,
        ]);
        columns.extend(numbered(&self.erased_cvcs));
        columns.extend(numbered(&self.erased_cards));
        columns.extend(numbered(&notifications.rows));
        columns.extend::<[&(dyn ToSql + Sync); 2]>([&notifications.events, &notifications.due_at]);
        columns.extend(places(&self.set_timer_places));
        columns
            .extend::<[&(dyn ToSql + Sync); 2]>([&self.set_timer_kinds, &self.set_timers_due_at]);
        columns.extend(places(&self.cancelled_timer_places));
        columns.push(&self.cancelled_timer_kinds);
        columns.extend(numbered(&owed_advices.rows));
        columns.extend::<[&(dyn ToSql + Sync); 8]>([
            &owed_advices.kinds,
            &owed_advices.links,
            &owed_advices.chains,
            &owed_advices.due_at,
            &owed_advices.attempts,
            &owed_advices.first_attempt_at,
            &owed_advices.notes,
            &owed_advices.bodies,
        ]);
        columns.extend(numbered(&self.settled_advices));
        columns.extend(numbered(&moved_advices.rows));
        columns.extend::<[&(dyn ToSql + Sync); 3]>([
            &moved_advices.due_at,
            &moved_advices.attempts,
            &moved_advices.notes,
        ]);
        columns.push(&notifications.leases);
        columns.push(&owed_advices.leases);
        columns.push(&notifications.subjects);
        self.later.append_to(&mut columns, has_rare_rows);
        columns
    }
}

pub(super) fn places(places: &Places) -> [&(dyn ToSql + Sync); 2] {
    [&places.sites, &places.keys]
}

pub(super) fn numbered(rows: &Numbered) -> [&(dyn ToSql + Sync); 3] {
    [&rows.places.sites, &rows.places.keys, &rows.numbers]
}
