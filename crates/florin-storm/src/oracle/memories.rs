//! What shops were told, and whether it happened and still holds.

use std::collections::BTreeMap;

use florin_core::trail::WHOLE;

use super::{Findings, Kept, Read, Rule};
use crate::shop::{Memories, Told};

/// Statuses of what was sold.
const SOLD: [&str; 5] = ["completed", "shipped", "partial_refunded", "refunded", "chargedback"];

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
        // What failed stays failed, and a page that nobody used is simply gone.
        Told::Cancelled => happened(&["cancelled", "session_ended"]).is_some_and(|at| {
            let ended = ["void", "cancelled", "declined", "expired"];
            ended.contains(&status) || is_begun_anew(&history[at..])
        }),
        Told::Shipped => happened(&["shipped"])
            .is_some_and(|at| trail.shipped.contains(&sale) || is_begun_anew(&history[at..])),
        Told::Offered => happened(&["offered"]).is_some(),
        Told::Decided { accepts: true } => {
            happened(&["review_accepted", "review_passed"]).is_some()
        }
        Told::Decided { accepts: false } => happened(&["review_declined"]).is_some(),
        Told::ChargedBack { reference } => {
            trail.chargebacks.iter().any(|case| case.sale == sale && case.reference == *reference)
        }
        Told::Disputed { reference, event } => {
            let case = trail.chargebacks.iter().find(|case| case.reference == *reference);
            case.is_some() && happened(&[event]).is_some()
        }
        Told::HandedIn { file } => read.stored.files.iter().any(|(_, name)| name == file),
    }
}

/// Whether the shop itself made something new of it.
fn is_begun_anew(later: &[&str]) -> bool {
    later.contains(&"opened") || later.contains(&"offered")
}

fn status_is_kept(told: (&str, &str), status: &str, sale: u32, history: &[&str]) -> bool {
    let what: &[&str] = match told {
        ("initialized", _) => return true,
        (told, "completed") if SOLD.contains(&told) => {
            // Captures in part are completed from the beginning.
            let is_sold = sale != WHOLE
                || history.iter().any(|event| {
                    ["completed", "review_accepted", "captured", "captured_in_part", "paid"]
                        .contains(event)
                });
            return is_sold && SOLD.contains(&status);
        }
        // Shops may ship before they capture.
        ("completed" | "shipped", "initialized") => &["authorized", "review_passed"],
        ("uncleared", _) => &["held_for_review", "promised"],
        ("declined", _) => &["declined"],
        ("expired", _) => &["expired"],
        ("cancelled", _) => &["session_ended"],
        ("void", "cancelled") => &["cancelled"],
        ("void", _) => &["review_declined", "released", "hold_ended", "withdrawn"],
        _ => return false,
    };
    let Some(at) = history.iter().position(|event| what.contains(event)) else { return false };
    let later = &history[at..];
    match told {
        ("completed" | "shipped", _) => {
            SOLD.contains(&status) || status == "void" || is_begun_anew(later)
        }
        ("uncleared", _) => {
            let ended =
                ["review_accepted", "review_passed", "review_declined", "paid", "withdrawn"];
            later.iter().any(|event| ended.contains(event))
        }
        (told, _) => status == told || is_begun_anew(later),
    }
}
