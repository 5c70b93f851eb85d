//! The operations of an order as merchants list and reconcile them: payments, captures in part,
//! refunds, chargebacks and what brought these back.
//!
//! What a commit writes is the difference between the operations after it and before it. A payment
//! that is on its way to the host for the first time has no row yet: it gets one with its outcome,
//! so that a payment without a challenge costs one row, written once. Lists add those by reading
//! the newest orders.

mod catch_up;
mod class;
mod list;
mod view;

use florin_core::order::Order;
use florin_core::payment::State;
use florin_core::trail::{RefundState, WHOLE};

use super::record::Record;
use crate::store::OperationRow;

pub use catch_up::catch_up;
pub use class::{Class, Kind};
pub use list::{Cursor, Listed, Page, Wanted};

/// What a unit of work has to say of the operations of `record`, whose order was `before`.
pub(super) fn changed(before: &Order, record: &Record) -> Vec<OperationRow> {
    let known = rows_of(before);
    rows_of(&record.order).into_iter().filter(|row| !known.contains(row)).collect()
}

/// Every operation of the order that has a row.
pub(super) fn rows_of(order: &Order) -> Vec<OperationRow> {
    let has_none = match order.payment.state {
        State::Opened | State::Authorizing { .. } => order.counters.attempts <= 1,
        // A session without a card is no transaction.
        State::Offered | State::Lapsed => true,
        // It has the row of the part.
        _ => order.newest_is_part(),
    };
    // Beside parts an attempt can fail while the order goes on.
    let status = if order.is_open_in_part() { order.payment.status() } else { order.status(WHOLE) };
    let payment = (!has_none).then(|| payment_row(order, status));
    payment.into_iter().chain(part_rows(order)).chain(trail_rows(order)).collect()
}

/// The newest attempt of the order, with this status and financial status.
pub(super) fn payment_row(order: &Order, status: (&str, &str)) -> OperationRow {
    let payment = &order.payment;
    let amount = order.sale(WHOLE).map_or(payment.amount, |sale| sale.amount);
    row(
        order,
        Kind::Payment,
        status,
        Operation {
            transaction_id: payment.transaction_id.0,
            amount: amount.minor,
            created_at: payment.opened_at,
            completed_at: payment.completed_at,
        },
    )
}

struct Operation {
    transaction_id: i64,
    amount: i64,
    created_at: i64,
    completed_at: Option<i64>,
}

fn row(order: &Order, kind: Kind, status: (&str, &str), operation: Operation) -> OperationRow {
    let method = order.payment.method_id().unwrap_or_default();
    row_by(order, method, kind, status, operation)
}

fn row_by(
    order: &Order,
    method: &str,
    kind: Kind,
    status: (&str, &str),
    operation: Operation,
) -> OperationRow {
    let Operation { transaction_id, amount, created_at, completed_at } = operation;
    let class = Class {
        kind,
        status: status.0.to_owned(),
        financial_status: status.1.to_owned(),
        method: method.to_owned(),
        currency: order.payment.amount.currency.code().to_owned(),
        delay: class::Delay::between(created_at, completed_at),
    };
    OperationRow { transaction_id, class: class.to_text(), amount, created_at, completed_at }
}

/// What gift cards paid is a payment of its own, and what goes back to them a refund.
fn part_rows(order: &Order) -> Vec<OperationRow> {
    let mut rows = Vec::new();
    for part in &order.parts {
        let method = part.by.method.id;
        let paid = Operation {
            transaction_id: part.transaction_id.0,
            amount: part.amount,
            created_at: part.at,
            completed_at: Some(part.at),
        };
        rows.push(row_by(order, method, Kind::Payment, ("completed", "completed"), paid));
        let back = part.state.refund_id().zip(part.state.refund_status()).zip(part.asked_at);
        rows.extend(back.map(|((refund_id, status), asked_at)| {
            let back = Operation {
                transaction_id: refund_id.0,
                amount: part.amount,
                created_at: asked_at,
                completed_at: (!part.state.is_with_provider()).then_some(part.modified_at),
            };
            row_by(order, method, Kind::Refund, (status, status), back)
        }));
    }
    rows
}

fn trail_rows(order: &Order) -> Vec<OperationRow> {
    let trail = &order.trail;
    let captures = trail.captures.iter().map(|part| {
        row(
            order,
            Kind::Payment,
            order.status(part.number),
            Operation {
                transaction_id: part.transaction_id.0,
                amount: part.amount,
                created_at: part.at,
                completed_at: Some(part.at),
            },
        )
    });
    let refunds = trail.refunds.iter().map(|refund| {
        let status = refund.state.status();
        let is_done = matches!(refund.state, RefundState::Completed { .. });
        row(
            order,
            Kind::Refund,
            (status, status),
            Operation {
                transaction_id: refund.transaction_id.0,
                amount: refund.amount,
                created_at: refund.requested_at,
                completed_at: is_done.then_some(refund.modified_at),
            },
        )
    });
    let cases = trail.chargebacks.iter().flat_map(|case| {
        let operation = |transaction_id, at| Operation {
            transaction_id,
            amount: case.amount,
            created_at: at,
            completed_at: Some(at),
        };
        let done = ("completed", "completed");
        let taken = operation(case.transaction_id.0, case.at);
        let taken = row(order, Kind::Chargeback, done, taken);
        let credit = case.credit().map(|credit| {
            let returned = operation(credit.transaction_id.0, credit.at);
            row(order, Kind::ReverseChargeback, done, returned)
        });
        std::iter::once(taken).chain(credit)
    });
    captures.chain(refunds).chain(cases).collect()
}

/// What becomes of the attempt that a new one takes the place of, if it was still open: it is void,
/// for it can no longer be paid.
pub(super) fn superseded(earlier: &Order) -> Option<OperationRow> {
    let is_open = earlier.has_attempt() && !earlier.payment.is_final();
    is_open.then(|| payment_row(earlier, ("void", "void")))
}
