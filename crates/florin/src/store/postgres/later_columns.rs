//! The columns that the second migration brought: what happens after an authorization.
//!
//! They follow those of `columns.rs` in the parameters of the statement. What few units have comes
//! last, so that it can be left out.

use tokio_postgres::types::ToSql;

use super::super::{AttemptRow, ChildRow, FileRow, JournalRow, OrderKey, SiteId, UnitOfWork};
use super::columns::{Numbered, Places, numbered, places};
use super::token_columns::TokenColumns;

type Place = (SiteId, OrderKey);

#[derive(Default)]
struct Journal<'a> {
    rows: Numbered,
    at: Vec<i64>,
    booked_at: Vec<i64>,
    kinds: Vec<&'a str>,
    currencies: Vec<&'a str>,
    postings: Vec<&'a str>,
    hashes: Vec<&'a [u8]>,
}

#[derive(Default)]
struct Children<'a> {
    parents: Places,
    keys: Vec<OrderKey>,
    order_ids: Vec<&'a str>,
    are_new: Vec<bool>,
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
struct Attempts<'a> {
    rows: Numbered,
    at: Vec<i64>,
    ips: Vec<Option<&'a str>>,
    emails: Vec<Option<&'a [u8]>>,
    bins: Vec<&'a str>,
    cards: Vec<&'a [u8]>,
    amounts: Vec<i64>,
    currencies: Vec<&'a str>,
    outcomes: Vec<i32>,
    count_until: Vec<Option<i64>>,
}

#[derive(Default)]
struct Files<'a> {
    rows: Numbered,
    names: Vec<&'a str>,
    kinds: Vec<&'a str>,
    descriptions: Vec<&'a str>,
    at: Vec<i64>,
    bytes: Vec<&'a [u8]>,
}

#[derive(Default)]
struct Answers<'a> {
    places: Places,
    keys: Vec<&'a str>,
    statuses: Vec<i32>,
    bodies: Vec<&'a str>,
}

#[derive(Default)]
pub(super) struct LaterColumns<'a> {
    journal: Journal<'a>,
    children: Children<'a>,
    attempts: Attempts<'a>,
    files: Files<'a>,
    answers: Answers<'a>,
    tokens: TokenColumns<'a>,
}

impl<'a> LaterColumns<'a> {
    pub(super) fn add(&mut self, unit: &'a UnitOfWork) {
        let place = unit.place();
        for entry in &unit.journal {
            self.add_entry(place, entry);
        }
        for child in &unit.children {
            self.add_child(place, child);
        }
        for attempt in &unit.attempts {
            self.add_attempt(place, attempt);
        }
        for file in &unit.files {
            self.add_file(place, file);
        }
        for change in &unit.tokens {
            self.tokens.add(place, change);
        }
        if let Some(answer) = &unit.answer {
            self.answers.places.add(place);
            self.answers.keys.push(&answer.key);
            self.answers.statuses.push(i32::from(answer.status));
            self.answers.bodies.push(&answer.body);
        }
    }

    fn add_entry(&mut self, place: Place, entry: &'a JournalRow) {
        let journal = &mut self.journal;
        journal.rows.add(place, entry.seq);
        journal.at.push(entry.at);
        journal.booked_at.push(entry.booked_at);
        journal.kinds.push(&entry.kind);
        journal.currencies.push(&entry.currency);
        journal.postings.push(&entry.postings);
        journal.hashes.push(&entry.hash);
    }

    fn add_child(&mut self, parent: Place, child: &'a ChildRow) {
        let (order, children) = (&child.order, &mut self.children);
        children.parents.add(parent);
        children.keys.push(order.key);
        children.order_ids.push(&order.order_id);
        children.are_new.push(child.is_new);
        children.statuses.push(&order.status);
        children.financial_statuses.push(order.financial_status.as_deref());
        children.currencies.push(&order.currency);
        children.amounts.push(order.amount);
        children.created_at.push(order.created_at);
        children.modified_at.push(order.modified_at);
        // What was asked for is fixed; it need not travel twice.
        children.requests.push(if child.is_new { &order.request } else { "" });
        children.states.push(&order.state);
    }

    fn add_attempt(&mut self, place: Place, attempt: &'a AttemptRow) {
        let attempts = &mut self.attempts;
        attempts.rows.add(place, attempt.attempt);
        attempts.at.push(attempt.at);
        attempts.ips.push(attempt.ip.as_deref());
        attempts.emails.push(attempt.email.as_ref().map(<[u8; 32]>::as_slice));
        attempts.bins.push(&attempt.bin);
        attempts.cards.push(&attempt.card);
        attempts.amounts.push(attempt.amount);
        attempts.currencies.push(&attempt.currency);
        attempts.outcomes.push(attempt.outcome.number());
        attempts.count_until.push(attempt.counts_until);
    }

    fn add_file(&mut self, place: Place, file: &'a FileRow) {
        let files = &mut self.files;
        files.rows.add(place, file.file_id);
        files.names.push(&file.name);
        files.kinds.push(&file.kind);
        files.descriptions.push(&file.description);
        files.at.push(file.at);
        files.bytes.push(&file.bytes);
    }

    /// Appends every column, in the order of the statement's parameters.
    pub(super) fn append_to<'c>(
        &'c self,
        columns: &mut Vec<&'c (dyn ToSql + Sync)>,
        has_rare_rows: bool,
    ) {
        let LaterColumns { journal, children, attempts, files, answers, tokens } = self;
        columns.extend(numbered(&journal.rows));
        columns.extend::<[&(dyn ToSql + Sync); 6]>([
            &journal.at,
            &journal.booked_at,
            &journal.kinds,
            &journal.currencies,
            &journal.postings,
            &journal.hashes,
        ]);
        columns.extend(numbered(&attempts.rows));
        columns.extend::<[&(dyn ToSql + Sync); 9]>([
            &attempts.at,
            &attempts.ips,
            &attempts.emails,
            &attempts.bins,
            &attempts.cards,
            &attempts.amounts,
            &attempts.currencies,
            &attempts.outcomes,
            &attempts.count_until,
        ]);
        if !has_rare_rows {
            return;
        }
        columns.extend(places(&children.parents));
        columns.extend::<[&(dyn ToSql + Sync); 11]>([
            &children.keys,
            &children.order_ids,
            &children.are_new,
            &children.statuses,
            &children.financial_statuses,
            &children.currencies,
            &children.amounts,
            &children.created_at,
            &children.modified_at,
            &children.requests,
            &children.states,
        ]);
        columns.extend(numbered(&files.rows));
        columns.extend::<[&(dyn ToSql + Sync); 5]>([
            &files.names,
            &files.kinds,
            &files.descriptions,
            &files.at,
            &files.bytes,
        ]);
        columns.extend(places(&answers.places));
        columns.extend::<[&(dyn ToSql + Sync); 3]>([
            &answers.keys,
            &answers.statuses,
            &answers.bodies,
        ]);
        tokens.append_to(columns);
    }
}
