//! What the workbench shows of a site: its last orders, what shops were told of them, its clock, and
//! the faults that wait. Read anew at each look; nothing is kept.

use std::sync::Arc;

use florin_core::money::{Currency, Money};
use serde::Serialize;
use serde_json::Value;

use crate::api::contract::{StoredRequest, timestamp};
use crate::gateway::site::{Mode, Site};
use crate::gateway::{Failure, Gateway};
use crate::limits::WORKBENCH_ORDERS_MAX;
use crate::store::{DeliveryRow, NotificationRecord, NotificationState, OrderRow};

/// Notifications that are shown.
const TOLD_MAX: usize = 12;

/// What changes while somebody watches.
#[derive(Debug, Serialize)]
pub(super) struct Seen {
    /// What the site's clock is ahead, in milliseconds.
    pub(super) ahead_ms: i64,
    /// Whether the link to the acquirer's host is signed on.
    pub(super) link: bool,
    /// Faults that wait, in words.
    pub(super) faults: Vec<String>,
    /// Newest first.
    pub(super) orders: Vec<OrderLine>,
    /// Newest first.
    pub(super) told: Vec<ToldLine>,
}

/// An order in a line.
#[derive(Debug, Serialize)]
pub(super) struct OrderLine {
    pub(super) id: String,
    pub(super) amount: String,
    /// Brand and last digits; empty where no card is known yet.
    pub(super) card: String,
    pub(super) status: String,
    /// `good`, `bad` or `open`.
    pub(super) kind: &'static str,
    pub(super) at: String,
}

/// What a shop was told, or is to be told, in a line.
#[derive(Debug, Serialize)]
pub(super) struct ToldLine {
    pub(super) order_id: String,
    pub(super) event: String,
    pub(super) outcome: String,
    pub(super) kind: &'static str,
    /// Without its query.
    pub(super) url: String,
    pub(super) at: String,
}

/// Test sites that take calls, in the order of their numbers.
pub(super) fn test_sites(gateway: &Gateway) -> Vec<Arc<Site>> {
    let mut sites = gateway.directory.sites();
    let now = gateway.now();
    sites.retain(|site| site.mode == Mode::Test && site.active && !site.has_ended(now));
    sites
}

/// Looks at a site.
///
/// # Errors
/// A [`Failure`] when the store cannot be read.
pub(super) async fn look(gateway: &Gateway, site: &Site) -> Result<Seen, Failure> {
    let rows = gateway.store.recent_orders(site.id, None, WORKBENCH_ORDERS_MAX).await?;
    let mut told = Vec::new();
    for row in &rows {
        for one in gateway.store.notifications(site.id, row.key).await? {
            told.push(told_line(site, row, &one));
        }
    }
    told.sort_by(|a, b| b.1.at.cmp(&a.1.at).then(b.0.cmp(&a.0)));
    told.truncate(TOLD_MAX);
    let waiting = gateway.faults(site).await.unwrap_or(Value::Null);
    let waiting = waiting.as_array().map(Vec::as_slice).unwrap_or_default();
    Ok(Seen {
        ahead_ms: site.clock_offset_ms,
        link: gateway.rails.test.as_ref().is_some_and(|it| it.is_signed_on()),
        faults: waiting.iter().map(fault_words).collect(),
        orders: rows.iter().map(order_line).collect(),
        told: told.into_iter().map(|(_, line)| line).collect(),
    })
}

fn order_line(row: &OrderRow) -> OrderLine {
    let amount = Currency::parse(&row.currency)
        .map(|currency| crate::page::amount("en", Money::new(row.amount, currency)));
    // A capture in part has a row without a request of its own.
    let request = StoredRequest::from_json(&row.request).ok();
    let card = request.and_then(|it| it.card).map(|card| {
        let brand = card.brand.map_or("Card", |it| it.display_name());
        format!("{brand} {}", card.last4.unwrap_or_default())
    });
    OrderLine {
        id: row.order_id.clone(),
        amount: amount.unwrap_or_else(|_| format!("{} {}", row.currency, row.amount)),
        card: card.unwrap_or_default(),
        status: row.status.clone(),
        kind: match row.status.as_str() {
            "initialized" | "uncleared" | "reserved" => "open",
            "declined" | "expired" | "void" | "cancelled" | "chargedback" => "bad",
            _ => "good",
        },
        at: timestamp::to_text(row.modified_at),
    }
}

/// With the key and number by which lines of one second are put in order.
fn told_line(site: &Site, row: &OrderRow, one: &NotificationRecord) -> ((i64, i32), ToldLine) {
    let last = one.deliveries.last();
    let (outcome, kind) = match (one.state, last) {
        (NotificationState::Acknowledged, _) => ("acknowledged".to_owned(), "good"),
        (NotificationState::Superseded, _) => ("superseded by a newer one".to_owned(), "open"),
        (NotificationState::Exhausted, last) => (format!("given up: {}", fault_of(last)), "bad"),
        (NotificationState::Pending, None) => ("on its way".to_owned(), "open"),
        (NotificationState::Pending, last) => {
            let due = one.due_at.map(|due| timestamp::to_text(site.time(due)));
            let due = due.map(|due| format!(", again {due}")).unwrap_or_default();
            (format!("{}{due}", fault_of(last)), "bad")
        }
    };
    let url = last.map(|it| it.url.split(['?', '#']).next().unwrap_or_default().to_owned());
    let line = ToldLine {
        order_id: row.order_id.clone(),
        event: one.event.clone(),
        outcome,
        kind,
        url: url.unwrap_or_default(),
        at: timestamp::to_text(last.map_or(row.modified_at, |it| it.at)),
    };
    ((row.key, one.seq), line)
}

fn fault_of(last: Option<&DeliveryRow>) -> String {
    let status = last.and_then(|it| it.http_status).map(|it| format!("HTTP {it}"));
    let class = last.and_then(|it| it.error_class.as_deref()).unwrap_or("no attempt");
    let class = class.replace('_', " ");
    status.map_or(class.clone(), |status| format!("{status}, {class}"))
}

/// `drop ×2 (0100)`: what the simulator says waits.
fn fault_words(fault: &Value) -> String {
    let text = |name: &str| fault[name].as_str().unwrap_or_default().to_owned();
    let mut words = text("fault").replace('_', " ");
    for detail in
        [text("code"), fault["ms"].as_u64().map_or(String::new(), |ms| format!("{ms} ms"))]
    {
        if !detail.is_empty() {
            words = format!("{words} {detail}");
        }
    }
    match fault["count"].as_u64() {
        Some(count) if count > 1 => format!("{words} ×{count}"),
        _ => words,
    }
}
