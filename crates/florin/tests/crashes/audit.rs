//! The oracle: what shops were told, what the store says, what the host has booked, and what the
//! shops have heard of it, order by order.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use florin::store::{NotificationState, OrderRow, Store};
use serde_json::Value;
use tokio::task::JoinSet;

use crate::process::{advance, get};
use crate::trade::{AMOUNT, Ledger, Order};

/// Leases of a process that is gone end within this time.
const SETTLE_WAIT: Duration = Duration::from_secs(100);
/// After this much of the site's time no order is open and no notification waits.
const SECONDS_TO_REST: u32 = 2 * 60 * 60;
/// Orders that are asked for at once.
const LOOKS_AT_ONCE: usize = 16;

/// Lets time pass until everything has come to rest, and compares. Tries again while leases of
/// dead processes run out.
pub(crate) async fn audit(base: &str, ledger: &Arc<Ledger>) {
    let surprises = ledger.surprises();
    assert!(surprises.is_empty(), "answers that no shop should get: {surprises:#?}");
    let mut left = ledger.orders();
    let (all, told) = (left.len(), ledger.told());
    assert!(told > 20, "the load reached the gateway: {told} of {all}");
    advance(base, SECONDS_TO_REST).await;
    let begun = Instant::now();
    loop {
        let faults = faults(base, &left, ledger).await;
        if faults.is_empty() {
            break;
        }
        let words: Vec<&String> = faults.values().take(20).collect();
        assert!(begun.elapsed() < SETTLE_WAIT, "{} of {all} orders: {words:#?}", faults.len());
        left.retain(|order| faults.contains_key(&order.id));
        tokio::time::sleep(Duration::from_secs(1)).await;
        // What was postponed since, by minutes, comes due as well.
        advance(base, 900).await;
    }
    let lost = all - told;
    println!("{all} orders, {told} answered, {lost} not, {} refused calls", ledger.refused());
}

async fn faults(base: &str, orders: &[Order], ledger: &Arc<Ledger>) -> HashMap<String, String> {
    let Some((200, books)) = get(base, "/test/host").await else {
        return HashMap::from([(String::new(), "the host's books cannot be read".to_owned())]);
    };
    let mut entries: HashMap<String, Vec<Value>> = HashMap::new();
    for entry in books["data"].as_array().unwrap() {
        let id = entry["order_id"].as_str().unwrap_or_default().to_owned();
        entries.entry(id).or_default().push(entry.clone());
    }
    let mut faults = HashMap::new();
    for some in orders.chunks(LOOKS_AT_ONCE) {
        let mut looks = JoinSet::new();
        for order in some {
            let (base, order) = (base.to_owned(), order.clone());
            looks.spawn(async move {
                let path = format!("/v1/json/orders/{}", order.id);
                (order, get(&base, &path).await)
            });
        }
        while let Some(look) = looks.join_next().await {
            let (order, answer) = look.unwrap();
            let booked = entries.get(&order.id).map_or(&[][..], Vec::as_slice);
            let heard = ledger.heard(&order.id);
            if let Some(fault) = fault(&order, answer, booked, &heard) {
                faults.insert(order.id.clone(), format!("{}: {fault}", order.id));
            }
        }
    }
    faults
}

/// What is wrong with an order that has come to rest.
fn fault(
    order: &Order,
    answer: Option<(u16, Value)>,
    booked: &[Value],
    heard: &[String],
) -> Option<String> {
    let told = order.told.as_deref();
    let status = match &answer {
        Some((200, answer)) => answer["data"]["status"].as_str(),
        Some((404, _)) => None,
        other => return Some(format!("GET is answered with {other:?}")),
    };
    let sum = |name: &str| booked.iter().filter_map(|it| it[name].as_i64()).sum::<i64>();
    let (captured, held) = (sum("captured"), sum("held"));
    let Some(status) = status else {
        return match (told, booked) {
            (None, []) => None,
            _ => Some(format!("told {told:?}, not in the store, booked as {booked:?}")),
        };
    };
    let ends = order.kind.ends;
    let may_be = match told {
        Some("completed" | "declined") => Some(status) == told,
        Some("uncleared") => status == ends,
        // The payer, a late answer, or the guard decided.
        Some("initialized") | None => [ends, "declined", "expired"].contains(&status),
        Some(_) => false,
    };
    if !may_be {
        return Some(format!("told {told:?}, now {status}, should end as {ends}"));
    }
    let expected = if status == "completed" { AMOUNT } else { 0 };
    if captured != expected || held != 0 {
        return Some(format!("{status}, but captured {captured}, held {held}: {booked:?}"));
    }
    if captures_twice(booked) {
        return Some(format!("captured twice: {booked:?}"));
    }
    if heard.last().is_some_and(|heard| heard != status) {
        return Some(format!("{status}, but the shop heard {heard:?}"));
    }
    None
}

fn captures_twice(booked: &[Value]) -> bool {
    booked.iter().filter_map(|it| it["captures"].as_u64()).sum::<u64>() > 1
}

/// What only the store tells: no code of a card is left, every notification has ended well or was
/// tried to the end, no timer and no message is owed. Tries again while leases run out: the
/// gateway works on.
pub(crate) async fn is_at_rest(base: &str, store: &Arc<dyn Store>, ledger: &Ledger) {
    let site = store.sites().await.unwrap().remove(0).id;
    let mut left = Vec::new();
    for order in ledger.orders() {
        left.extend(store.order_by_merchant_id(site, &order.id).await.unwrap());
    }
    let seen = left.len();
    let mut acknowledged = 0;
    let begun = Instant::now();
    while !left.is_empty() {
        let mut restless = Vec::new();
        let mut words = Vec::new();
        for row in left {
            match unrest(store, &row, ledger, &mut acknowledged).await {
                None => {}
                Some(why) => {
                    words.push(format!("{} ({}): {why}", row.order_id, row.status));
                    restless.push(row);
                }
            }
        }
        let first = &words[..words.len().min(20)];
        assert!(begun.elapsed() < SETTLE_WAIT, "{} of {seen} orders: {first:#?}", words.len());
        if !restless.is_empty() {
            tokio::time::sleep(Duration::from_secs(1)).await;
            advance(base, 900).await;
        }
        left = restless;
    }
    assert!(seen > 20 && acknowledged > 20, "{seen} orders, {acknowledged} notifications");
}

/// What is left to do for an order, if anything is.
async fn unrest(
    store: &Arc<dyn Store>,
    row: &OrderRow,
    ledger: &Ledger,
    acknowledged: &mut usize,
) -> Option<String> {
    let (site, key) = (row.site_id, row.key);
    let mut card_id = 1;
    while let Some(card) = store.card(site, key, card_id).await.unwrap() {
        if card.sealed_cvc.is_some() {
            return Some("the code of its card is kept".to_owned());
        }
        card_id += 1;
    }
    if let Some(timer) = store.timers(site, key).await.unwrap().first() {
        return Some(format!("{timer:?}"));
    }
    if let Some(advice) = store.advices(site, key).await.unwrap().first() {
        return Some(format!("owed to the host: {advice:?}"));
    }
    let notifications = store.notifications(site, key).await.unwrap();
    if let Some(owed) = notifications.iter().find(|it| it.state == NotificationState::Pending) {
        return Some(format!("owed to the shop: {owed:?}"));
    }
    if row.status == "completed" && ledger.heard(&row.order_id).is_empty() {
        return Some("nobody was told".to_owned());
    }
    let ended_well = notifications.iter().filter(|it| it.state == NotificationState::Acknowledged);
    *acknowledged += ended_well.count();
    None
}
