//! Chargebacks and their reversals, as transactions that follow a sale.

use florin_core::chargeback::{Chargeback, reason};
use florin_core::money::Money;

use super::{Record, costs};
use crate::api::contract::answer::{DisputeView, RelatedView};

/// What is said of a case wherever it is shown.
pub fn dispute_view(case: &Chargeback) -> DisputeView {
    let known = reason(&case.reason_code);
    DisputeView {
        status: case.stage.status(),
        reason_code: case.reason_code.clone(),
        reason_description: known.map_or("", |line| line.description),
        merchant_response: case.due,
    }
}

/// The chargebacks of the sale that was asked for, each followed by what brought it back.
pub(super) fn related(record: &Record, reference: i64) -> Vec<RelatedView> {
    let cases = record.order.trail.chargebacks.iter().filter(|case| case.sale == record.sale);
    cases.flat_map(|case| views(record, case, reference)).collect()
}

fn views(record: &Record, case: &Chargeback, reference: i64) -> Vec<RelatedView> {
    let order_id = record.shown_order_id();
    let taken = RelatedView {
        amount: Money::new(case.amount, record.order.payment.amount.currency),
        costs: Some(costs(record, case.transaction_id.0)),
        created: case.at,
        modified: case.modified_at,
        description: format!("Chargeback for order {order_id}"),
        order_id: order_id.to_owned(),
        reference_transaction_id: reference,
        refund_order_id: None,
        status: "completed".to_owned(),
        transaction_id: case.transaction_id.0,
        kind: "chargeback",
        dispute: Some(dispute_view(case)),
    };
    let returned = case.credit().map(|credit| RelatedView {
        costs: Some(Vec::new()),
        created: credit.at,
        modified: credit.at,
        description: format!("Reverse chargeback for order {order_id}"),
        reference_transaction_id: case.transaction_id.0,
        transaction_id: credit.transaction_id.0,
        kind: "reverse-chargeback",
        ..taken.clone()
    });
    [Some(taken), returned].into_iter().flatten().collect()
}
