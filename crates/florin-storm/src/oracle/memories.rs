//! What shops were told, and whether it happened and still holds.

use std::collections::BTreeMap;

use florin_core::trail::WHOLE;

use super::{Findings, Kept, Read, Rule};
use crate::shop::{Memories, Told};

/// Statuses of what was sold.
const SOLD: [&str; 4] = ["completed", "shipped", "partial_refunded", "refunded"];

/// Everything that was told.
pub(super) fn examine(findings: &mut Findings, kept: &Kept<'_>, memories: &Memories) {
    let orders: BTreeMap<(i64, &str), (&Read<'_>, u32)> = kept
        .orders
        .iter()
        .map(|read| (place(&read.stored.row), (read, WHOLE)))
        .chain(kept.children.iter().filter_map(|(part, child)| {
            let parent = kept.orders.iter().find(|read| read.stored.row.key == child.parent)?;
            Some((place(&part.row), (parent, child.sale)))
        }))
        .collect();
    for told in &memories.told {
        let order = orders.get(&(told.site_id, told.order_id.as_str()));
        let is_kept = order.is_some_and(|(read, sale)| is_kept(&told.told, read, *sale));
        findings.check(Rule::AcknowledgedIsKept, is_kept, || {
            let status = order.map(|(read, sale)| read.order.status(*sale));
            format!("{}: told {:?}, is {status:?}", told.order_id, told.told)
        });
    }
}

fn place(row: &florin::store::OrderRow) -> (i64, &str) {
    (row.site_id, row.order_id.as_str())
}

/// Whether what was told has happened, and still holds unless the shop itself made a new attempt.
fn is_kept(told: &Told, read: &Read<'_>, sale: u32) -> bool {
    let history: Vec<&str> = read.stored.events.iter().map(|it| it.kind.as_str()).collect();
    let happened = |events: &[&str]| history.iter().position(|event| events.contains(event));
    let status = read.order.status(sale).0;
    let trail = &read.order.trail;
    match told {
        Told::Status(told, financial) => status_is_kept((told, financial), status, sale, &history),
        Told::Declined => status_is_kept(("declined", "declined"), status, sale, &history),
        Told::Captured { order_id } => {
            let in_part = trail.captures.iter().any(|capture| capture.order_id == *order_id);
            in_part || happened(&["captured"]).is_some()
        }
        Told::Released => happened(&["released"]).is_some(),
        Told::Incremented => happened(&["incremented"]).is_some(),
        Told::Refunded { refund_id } => {
            trail.refunds.iter().any(|refund| refund.transaction_id.0 == *refund_id)
        }
        Told::Cancelled => happened(&["cancelled"])
            .is_some_and(|at| status == "void" || history[at..].contains(&"opened")),
        Told::Shipped => happened(&["shipped"])
            .is_some_and(|at| trail.shipped.contains(&sale) || history[at..].contains(&"opened")),
    }
}

fn status_is_kept(told: (&str, &str), status: &str, sale: u32, history: &[&str]) -> bool {
    let what: &[&str] = match told {
        ("initialized", _) => return true,
        (told, "completed") if SOLD.contains(&told) => {
            // Captures in part are completed from the beginning.
            let is_sold = sale != WHOLE
                || history.iter().any(|event| {
                    ["completed", "review_accepted", "captured", "captured_in_part"].contains(event)
                });
            return is_sold && SOLD.contains(&status);
        }
        // Shops may ship before they capture.
        ("completed" | "shipped", "initialized") => &["authorized", "review_passed"],
        ("uncleared", _) => &["held_for_review"],
        ("declined", _) => &["declined"],
        ("expired", _) => &["expired"],
        ("void", "cancelled") => &["cancelled"],
        ("void", _) => &["review_declined", "released", "hold_ended"],
        _ => return false,
    };
    let Some(at) = history.iter().position(|event| what.contains(event)) else { return false };
    let later = &history[at..];
    match told {
        ("completed" | "shipped", _) => {
            SOLD.contains(&status) || status == "void" || later.contains(&"opened")
        }
        ("uncleared", _) => {
            let ended = ["review_accepted", "review_passed", "review_declined"];
            later.iter().any(|event| ended.contains(event))
        }
        (told, _) => status == told || later.contains(&"opened"),
    }
}
