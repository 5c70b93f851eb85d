//! The operations of a period, one by one: payments, captures in part, refunds, chargebacks, fees.
//!
//! An operation belongs to the day on which it was completed, or, while it is not, to the day on
//! which it was asked for, on the site's own clock.

use std::collections::HashSet;
use std::ops::Range;

use florin_core::card::Brand;
use florin_core::order::Order;
use florin_core::trail::{Refund, RefundState, SaleNumber, WHOLE};

use super::Failure;
use super::ids::first_id_at;
use super::persist::{Child, read_state};
use crate::api::contract::StoredRequest;
use crate::clock::UnixMillis;
use crate::store::{JournalPlace, LISTED_ROWS_MAX, OrderKey, OrderRow, SiteId, Store};

/// What a line is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OperationKind {
    Payment,
    Capture,
    Refund,
    Chargeback,
    Fee,
}

impl OperationKind {
    /// The word of the report.
    pub fn word(self) -> &'static str {
        match self {
            OperationKind::Payment => "payment",
            OperationKind::Capture => "capture",
            OperationKind::Refund => "refund",
            OperationKind::Chargeback => "chargeback",
            OperationKind::Fee => "fee",
        }
    }
}

/// One line of the report.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Operation {
    pub kind: OperationKind,
    pub transaction_id: i64,
    /// What the merchant calls it.
    pub reference: String,
    /// On the site's own clock, like `completed`.
    pub created: UnixMillis,
    /// When money moved; none if it did not.
    pub completed: Option<UnixMillis>,
    pub description: String,
    pub currency: String,
    /// Minor units; what leaves the merchant is negative.
    pub amount: i64,
    /// The payment method, or what else it is, as exports name it; empty where nothing is known.
    pub code: &'static str,
    pub status: String,
}

impl Operation {
    fn at(&self) -> UnixMillis {
        self.completed.unwrap_or(self.created)
    }
}

/// Where the report of a site stands. It is made in pages, so that a year needs no more memory
/// than a day: first the orders that were made in the period, then older ones that were booked on.
pub struct Report {
    site: SiteId,
    period: Range<UnixMillis>,
    keys: Range<OrderKey>,
    /// The same period on the gateway's clock, at its widest.
    booked: Range<UnixMillis>,
    after_order: Option<OrderKey>,
    after_entry: Option<JournalPlace>,
    orders_done: bool,
    older: HashSet<OrderKey>,
}

impl Report {
    /// The operations of a site in `period`. Its clock is `clock_offset_ms` ahead of the gateway's,
    /// and was less before.
    pub fn new(site: SiteId, clock_offset_ms: i64, period: Range<UnixMillis>) -> Report {
        let booked = period.start.saturating_sub(clock_offset_ms)..period.end;
        let keys = first_id_at(booked.start)..first_id_at(booked.end.saturating_add(AHEAD_MS));
        Report {
            site,
            period,
            keys,
            booked,
            after_order: None,
            after_entry: None,
            orders_done: false,
            older: HashSet::new(),
        }
    }

    /// The next page; `None` at the end. A page may be empty.
    ///
    /// # Errors
    /// A [`Failure`] when the store cannot be read, or what it holds.
    pub async fn next(&mut self, store: &dyn Store) -> Result<Option<Vec<Operation>>, Failure> {
        let rows = if self.orders_done {
            let Some(rows) = self.older_orders(store).await? else { return Ok(None) };
            rows
        } else {
            let Range { start, end } = self.keys;
            let rows = store
                .orders_between(self.site, start, end, self.after_order, LISTED_ROWS_MAX)
                .await?;
            self.after_order = rows.last().map(|row| row.key);
            self.orders_done = rows.is_empty();
            rows
        };
        let mut operations = Vec::new();
        for row in rows.iter().filter(|row| Child::read(&row.state).is_none()) {
            let of_order = operations_of(row)?.into_iter();
            operations.extend(of_order.filter(|it| self.period.contains(&it.at())));
        }
        Ok(Some(operations))
    }

    async fn older_orders(&mut self, store: &dyn Store) -> Result<Option<Vec<OrderRow>>, Failure> {
        let Range { start, end } = self.booked;
        let entries =
            store.journal_between(self.site, start, end, self.after_entry, LISTED_ROWS_MAX).await?;
        let Some((key, last)) = entries.last() else { return Ok(None) };
        self.after_entry =
            Some(JournalPlace { booked_at: last.booked_at, key: *key, seq: last.seq });
        let mut keys: Vec<OrderKey> = entries.into_iter().map(|(key, _)| key).collect();
        keys.retain(|key| !self.keys.contains(key) && self.older.insert(*key));
        if keys.is_empty() {
            return Ok(Some(Vec::new()));
        }
        let mut rows = store.orders_with_keys(self.site, keys).await?;
        rows.sort_by_key(|row| row.key);
        Ok(Some(rows))
    }
}

/// A process that gives many ids at once borrows from the time to come, but never this much.
const AHEAD_MS: i64 = 60_000;

/// Everything that was done on an order, oldest first.
fn operations_of(row: &OrderRow) -> Result<Vec<Operation>, Failure> {
    let (order, _) = read_state(&row.state)?;
    let request = StoredRequest::from_json(&row.request)
        .map_err(|error| Failure::Damaged(error.to_string()))?;
    let description = request.details.description;
    let payment = &order.payment;
    let currency = payment.amount.currency.code().to_owned();
    let code = payment.brand.map_or("", brand_code);
    let sold = order.sale(WHOLE);
    let newest = Operation {
        kind: OperationKind::Payment,
        transaction_id: payment.transaction_id.0,
        reference: row.order_id.clone(),
        created: payment.opened_at,
        completed: sold.as_ref().map(|sale| sale.completed_at),
        description: description.clone(),
        currency: currency.clone(),
        amount: sold.as_ref().map_or(payment.amount.minor, |sale| sale.amount.minor),
        code,
        status: order.status(WHOLE).0.to_owned(),
    };
    let mut operations = in_parts(row, &order, &description);
    if !order.newest_is_part() {
        operations.insert(0, newest);
    }
    operations.extend(order.trail.captures.iter().map(|capture| Operation {
        kind: OperationKind::Capture,
        transaction_id: capture.transaction_id.0,
        reference: capture.order_id.clone(),
        created: capture.at,
        completed: Some(capture.at),
        description: description.clone(),
        currency: currency.clone(),
        amount: capture.amount,
        code,
        status: order.status(capture.number).0.to_owned(),
    }));
    operations.extend(order.trail.refunds.iter().map(|refund| Operation {
        kind: OperationKind::Refund,
        transaction_id: refund.transaction_id.0,
        reference:
            refund.words.order_id.clone().unwrap_or_else(|| reference(row, &order, refund.sale)),
        created: refund.requested_at,
        completed: completed_at(refund),
        description: refund.words.description.clone().unwrap_or_else(|| description.clone()),
        currency: currency.clone(),
        amount: refund.amount.saturating_neg(),
        code: "N097",
        status: refund.state.status().to_owned(),
    }));
    for case in &order.trail.chargebacks {
        let taken = Operation {
            kind: OperationKind::Chargeback,
            transaction_id: case.transaction_id.0,
            reference: reference(row, &order, case.sale),
            created: case.at,
            completed: Some(case.at),
            description: description.clone(),
            currency: currency.clone(),
            amount: case.amount.saturating_neg(),
            code: "N095",
            status: case.stage.status().to_owned(),
        };
        // What was won comes back under a number of its own.
        let credit = case.credit().map(|credit| Operation {
            transaction_id: credit.transaction_id.0,
            created: credit.at,
            completed: Some(credit.at),
            amount: case.amount,
            ..taken.clone()
        });
        operations.push(taken);
        operations.extend(credit);
    }
    let fees: Vec<Operation> = order
        .trail
        .fees
        .iter()
        .map(|fee| {
            // A fee is charged when what it is for is completed.
            let of = operations.iter().find(|it| it.transaction_id == fee.transaction_id.0);
            let at = of.map_or(payment.modified_at, Operation::at);
            Operation {
                kind: OperationKind::Fee,
                transaction_id: fee.transaction_id.0,
                reference: reference(row, &order, fee.sale),
                created: at,
                completed: Some(at),
                description: fee.description.clone(),
                currency: currency.clone(),
                amount: fee.amount.saturating_neg(),
                code: "N913",
                status: "completed".to_owned(),
            }
        })
        .collect();
    operations.extend(fees);
    Ok(operations)
}

/// What gift cards paid, and what went back to them.
fn in_parts(row: &OrderRow, order: &Order, description: &str) -> Vec<Operation> {
    let mut operations = Vec::new();
    for part in &order.parts {
        let paid = Operation {
            kind: OperationKind::Payment,
            transaction_id: part.transaction_id.0,
            reference: row.order_id.clone(),
            created: part.at,
            completed: Some(part.at),
            description: description.to_owned(),
            currency: order.payment.amount.currency.code().to_owned(),
            amount: part.amount,
            code: part.by.method.export_code.unwrap_or_default(),
            status: "completed".to_owned(),
        };
        let back = part.state.refund_id().zip(part.state.refund_status()).zip(part.asked_at);
        let back = back.map(|((refund_id, status), asked_at)| Operation {
            kind: OperationKind::Refund,
            transaction_id: refund_id.0,
            created: asked_at,
            completed: (!part.state.is_with_provider()).then_some(part.modified_at),
            amount: part.amount.saturating_neg(),
            code: "N097",
            status: status.to_owned(),
            ..paid.clone()
        });
        operations.push(paid);
        operations.extend(back);
    }
    operations
}

fn completed_at(refund: &Refund) -> Option<UnixMillis> {
    matches!(refund.state, RefundState::Completed { .. }).then_some(refund.modified_at)
}

/// What the merchant calls a sale.
fn reference(row: &OrderRow, order: &Order, sale: SaleNumber) -> String {
    let part = order.trail.captures.iter().find(|capture| capture.number == sale);
    part.map_or_else(|| row.order_id.clone(), |part| part.order_id.clone())
}

/// How exports name the brands.
fn brand_code(brand: Brand) -> &'static str {
    match brand {
        Brand::Mastercard => "N001",
        Brand::Visa => "N002",
        Brand::Maestro => "N003",
        Brand::Amex => "N085",
        _ => "",
    }
}
