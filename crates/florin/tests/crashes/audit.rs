//! The oracle: what shops were told, what the store says, what the host has booked, and what the
//! shops have heard of it, order by order.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::{Duration, Instant};

use florin::store::{NotificationState, OrderRow, Store};
use serde_json::Value;
use tokio::task::JoinSet;

use crate::process::{advance, get};
use crate::trade::{AMOUNT, Ledger, Order, Step};

/// Leases of a process that is gone end within this time.
const SETTLE_WAIT: Duration = Duration::from_secs(100);
/// After this much of the site's time no order is open, no hold is left, no refund is reserved and
/// no notification waits.
const SECONDS_TO_REST: u32 = 8 * 24 * 60 * 60;
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
    assert!(ledger.steps_done() > 5, "and captures and refunds did");
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
    let (steps, refused) = (ledger.steps_done(), ledger.refused());
    println!("{all} orders, {told} answered, {lost} not; {steps} steps; {refused} calls refused");
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
    let known: HashSet<String> = ledger.orders().into_iter().map(|order| order.id).collect();
    for id in entries.keys().filter(|id| !known.contains(*id)) {
        faults.insert(id.clone(), format!("the host knows {id}, and no shop does"));
    }
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
    let shown = match answer {
        Some((200, answer)) => Shown::read(order, &answer["data"]),
        Some((404, _)) if told.is_none() && booked.is_empty() => return None,
        other => return Some(format!("told {told:?}, booked {booked:?}, answered {other:?}")),
    };
    let status = shown.status.as_str();
    let may_be = match told {
        Some("completed") => status == shown.implied(order),
        Some("declined") => status == "declined",
        Some("uncleared") => status == order.kind.ends,
        // The payer, a late answer, or the guard decided; the shop took no step.
        Some("initialized") | None => {
            [order.kind.left_alone(), "declined", "expired"].contains(&status)
        }
        Some(_) => false,
    };
    if !may_be {
        return Some(format!("told {told:?}, now {shown:?}, {:?}", order.steps));
    }
    if order.is_done() && told == Some("completed") && status != order.kind.ends {
        return Some(format!("all steps were taken, and it is {shown:?}"));
    }
    if let Some(fault) = order.steps_fault(&shown) {
        return Some(format!("{fault}: {:?}, {shown:?}", order.steps));
    }
    let sum = |name: &str| booked.iter().filter_map(|it| it[name].as_i64()).sum::<i64>();
    let host = (sum("captured"), sum("refunded"), sum("held"));
    if host != (shown.captured(), shown.refunded, 0) {
        return Some(format!("the host has captured, refunded, held {host:?}; {shown:?}"));
    }
    if heard.last().is_some_and(|heard| heard != status) {
        return Some(format!("{status}, but the shop heard {heard:?}"));
    }
    None
}

/// What GET shows of an order.
#[derive(Debug)]
struct Shown {
    status: String,
    /// Captured at once, by hand or not.
    is_whole: bool,
    /// Amounts of captures in parts.
    parts: Vec<i64>,
    /// Amounts of refunds that were made or will be.
    refunds: Vec<i64>,
    refunded: i64,
}

impl Shown {
    fn read(order: &Order, shown: &Value) -> Shown {
        let related = shown["related_transactions"].as_array().map_or(&[][..], Vec::as_slice);
        let amounts = |kind: &str| -> Vec<i64> {
            let counts = |it: &&Value| it["status"] != "void" && it["status"] != "declined";
            let those = related.iter().filter(|it| it["type"] == kind).filter(counts);
            those.map(|it| it["amount"].as_i64().unwrap().abs()).collect()
        };
        let text = |name: &str| shown[name].as_str().unwrap_or_default().to_owned();
        let status = text("status");
        let is_paid = ["completed", "partial_refunded", "refunded"].contains(&status.as_str());
        let parts = amounts("capture");
        let is_taken = text("financial_status") != "initialized";
        Shown {
            is_whole: is_paid && parts.is_empty() && (is_taken || !order.kind.by_hand),
            parts,
            refunds: amounts("refund"),
            refunded: shown["amount_refunded"].as_i64().unwrap_or_default(),
            status,
        }
    }

    fn captured(&self) -> i64 {
        if self.is_whole { AMOUNT } else { self.parts.iter().sum() }
    }

    /// The status that a paid order has with these captures and refunds.
    fn implied(&self, order: &Order) -> &'static str {
        let refunds: i64 = self.refunds.iter().sum();
        match (self.captured(), refunds) {
            (0, _) if order.kind.by_hand => "void",
            (_, 0) => "completed",
            (captured, refunds) if refunds == captured => "refunded",
            _ => "partial_refunded",
        }
    }
}

impl Order {
    /// Whether every step of its kind was answered with success.
    fn is_done(&self) -> bool {
        self.steps.len() == self.kind.steps.len() && self.steps.iter().all(|(_, done)| *done)
    }

    /// A step that was answered and is not there, or one that was taken twice, or never asked for.
    fn steps_fault(&self, shown: &Shown) -> Option<String> {
        let whole = [AMOUNT];
        let captures = match (self.kind.by_hand, shown.is_whole) {
            (true, true) => &whole[..],
            _ => &shown.parts,
        };
        let asked = |step: Step| self.steps.iter().any(|(it, _)| *it == step);
        let is_there = |step: Step| match step {
            Step::Capture(amount) => captures.iter().filter(|it| **it == amount).count() == 1,
            Step::Refund(amount) => shown.refunds.iter().filter(|it| **it == amount).count() == 1,
            Step::Cancel => shown.status == "void",
            Step::Release => !shown.is_whole,
        };
        if let Some((lost, _)) = self.steps.iter().find(|(step, done)| *done && !is_there(*step)) {
            return Some(format!("{lost:?} was acknowledged"));
        }
        let made = captures.iter().map(|amount| Step::Capture(*amount));
        let mut made = made.chain(shown.refunds.iter().map(|amount| Step::Refund(*amount)));
        let surplus = made.find(|step| !asked(*step) || !is_there(*step));
        surplus.map(|step| format!("{step:?} was made too often"))
    }
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
    if row.financial_status.as_deref() == Some("completed")
        && ledger.heard(&row.order_id).is_empty()
    {
        return Some(format!("nobody was told: {notifications:?}"));
    }
    let ended_well = notifications.iter().filter(|it| it.state == NotificationState::Acknowledged);
    *acknowledged += ended_well.count();
    None
}
