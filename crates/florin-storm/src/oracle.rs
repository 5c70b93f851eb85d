//! What must be true when the storm is over, found without asking the gateway: the bank's books,
//! the rows of the store, and what shops and receiver remember are laid side by side.
//!
//! Naive on purpose: it knows the contract's statuses, not the gateway's rules.

use std::collections::BTreeMap;
use std::fmt;

use florin::store::NotificationState;
use florin_sim::{EntryView, Simulator};

use crate::receiver::Receiver;
use crate::shop::{Memories, Shop, Told};
use crate::store::{Disk, StoredOrder};

/// A rule, and how often it was looked at.
pub type Checks = BTreeMap<Rule, u64>;

/// What must be true.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Rule {
    /// The order ends in a status of the table.
    EndsInAStatus,
    /// What the bank has of an order is what its status says.
    BooksEqualOrder,
    /// At most one authorization of an order is in force, and it is captured at most once.
    PaidOnce,
    /// Refunds are at most what was captured.
    RefundsWithinCaptures,
    /// What all captures of a shop come to is what its completed orders come to.
    SumsAreEqual,
    /// The bank knows no payment that the store does not know.
    NothingUnknownAtTheBank,
    /// What a shop was told is there and has not been taken back.
    AcknowledgedIsKept,
    /// No message to the bank is owed any more, and none was given up.
    NothingOwed,
    /// No timer of an ended order goes off.
    NoTimerLeft,
    /// Every notification was acknowledged, made needless by a newer one, or tried four times.
    NotificationsEnded,
    /// What counts as acknowledged has been heard by the receiver, in the last status.
    ToldWhatIsTrue,
    /// Every notification bears the signature of its shop.
    Signed,
    /// No code of a card is kept.
    NoCvcLeft,
    /// Orders go the ways of the table only.
    GoesPossibleWays,
    /// No task panicked.
    NoPanic,
}

/// A rule that does not hold.
#[derive(Clone, Debug)]
pub struct Violation {
    pub rule: Rule,
    pub what: String,
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}: {}", self.rule, self.what)
    }
}

/// What the oracle looks at.
pub struct Evidence<'a> {
    pub disk: &'a Disk,
    pub bank: &'a Simulator,
    pub shops: &'a [Shop],
    pub memories: &'a Memories,
    pub receiver: &'a Receiver,
}

/// What was found.
#[derive(Default)]
pub struct Findings {
    pub checks: Checks,
    pub violations: Vec<Violation>,
}

/// Statuses in which an order may rest.
const RESTING: [&str; 5] = ["completed", "declined", "expired", "void", "refunded"];
/// Attempts of a notification before it is given up (the contract: notifications).
const ATTEMPTS: usize = 4;

impl Findings {
    fn check(&mut self, rule: Rule, holds: bool, what: impl FnOnce() -> String) {
        *self.checks.entry(rule).or_default() += 1;
        if !holds {
            self.violations.push(Violation { rule, what: what() });
        }
    }
}

/// Lays everything side by side.
pub fn examine(evidence: &Evidence<'_>) -> Findings {
    let mut findings = Findings::default();
    let orders = evidence.disk.orders();
    for shop in evidence.shops {
        let merchant = format!("FLORIN{:09}", shop.site_id);
        let entries = evidence.bank.entries(&merchant);
        let of_shop: Vec<&StoredOrder> =
            orders.iter().filter(|order| order.row.site_id == shop.site_id).collect();
        for order in &of_shop {
            let of_order: Vec<&EntryView> =
                entries.iter().filter(|entry| entry.order_id == order.row.order_id).collect();
            examine_money(&mut findings, order, &of_order);
            examine_rest(&mut findings, order);
            examine_notifications(&mut findings, order, shop, evidence.receiver);
        }
        for entry in &entries {
            let is_known = of_shop.iter().any(|order| order.row.order_id == entry.order_id);
            findings.check(Rule::NothingUnknownAtTheBank, is_known, || {
                format!("{} of {} is at the bank only", entry.rrn, entry.order_id)
            });
        }
        let captured: i64 = entries.iter().map(|entry| entry.captured - entry.refunded).sum();
        let completed = of_shop.iter().filter(|order| order.row.status == "completed");
        let completed: i64 = completed.map(|order| order.row.amount).sum();
        findings.check(Rule::SumsAreEqual, captured == completed, || {
            format!("{}: {captured} at the bank, {completed} in orders", shop.name)
        });
    }
    examine_memories(&mut findings, &orders, evidence.memories);
    let forged = &evidence.receiver.memory().forged;
    findings.check(Rule::Signed, forged.is_empty(), || format!("{forged:?}"));
    findings
}

fn examine_money(findings: &mut Findings, order: &StoredOrder, entries: &[&EntryView]) {
    let row = &order.row;
    let name = |what: &str| format!("{} ({}): {what}", row.order_id, row.status);
    let in_force = |entry: &&&EntryView| entry.held != 0 || entry.captured != entry.refunded;
    let count = entries.iter().filter(in_force).count();
    let captures = entries.iter().map(|entry| entry.captures).max().unwrap_or(0);
    findings.check(Rule::PaidOnce, count <= 1 && captures <= 1, || {
        name(&format!("{count} authorizations in force, {captures} captures of one"))
    });
    let is_within = entries.iter().all(|entry| entry.refunded <= entry.captured);
    findings.check(Rule::RefundsWithinCaptures, is_within, || name("more refunded than captured"));
    let held: i64 = entries.iter().map(|entry| entry.held).sum();
    let captured: i64 = entries.iter().map(|entry| entry.captured).sum();
    let wanted = if row.status == "completed" { row.amount } else { 0 };
    findings.check(Rule::BooksEqualOrder, captured == wanted && held == 0, || {
        name(&format!("{captured} captured and {held} held at the bank, {wanted} expected"))
    });
}

fn examine_rest(findings: &mut Findings, order: &StoredOrder) {
    let row = &order.row;
    findings.check(Rule::EndsInAStatus, RESTING.contains(&row.status.as_str()), || {
        format!("{} is {}: {}", row.order_id, row.status, row.state)
    });
    findings.check(Rule::NothingOwed, order.advices.is_empty(), || {
        let advice = &order.advices[0];
        format!("{}: {} {:?} {:?}", row.order_id, advice.kind, advice.due_at, advice.note)
    });
    findings.check(Rule::NoTimerLeft, order.timers.is_empty(), || {
        format!("{} ({}): {:?}", row.order_id, row.status, order.timers)
    });
    let has_cvc = order.cards.iter().any(|card| card.sealed_cvc.is_some());
    findings.check(Rule::NoCvcLeft, !has_cvc, || format!("{} ({})", row.order_id, row.status));
}

fn examine_notifications(
    findings: &mut Findings,
    order: &StoredOrder,
    shop: &Shop,
    receiver: &Receiver,
) {
    let row = &order.row;
    for notification in &order.notifications {
        let has_ended = match notification.state {
            NotificationState::Acknowledged | NotificationState::Superseded => true,
            NotificationState::Exhausted => notification.deliveries.len() >= ATTEMPTS,
            NotificationState::Pending => false,
        };
        findings.check(Rule::NotificationsEnded, has_ended, || {
            let made = notification.deliveries.len();
            format!("{}: {:?} after {made} attempts", row.order_id, notification.state)
        });
    }
    let Some(last) = order.notifications.last() else {
        findings.check(Rule::NotificationsEnded, false, || format!("{} has none", row.order_id));
        return;
    };
    if last.state == NotificationState::Acknowledged {
        let memory = receiver.memory();
        let heard = memory.told.get(&(shop.name.clone(), row.order_id.clone()));
        let heard = heard.is_some_and(|told| {
            told.iter().any(|status| status.is_empty() || *status == row.status)
        });
        findings.check(Rule::ToldWhatIsTrue, heard, || {
            format!("{}: {} was never heard of", row.order_id, row.status)
        });
    }
}

fn examine_memories(findings: &mut Findings, orders: &[StoredOrder], memories: &Memories) {
    let by_name: BTreeMap<(i64, &str), &StoredOrder> = orders
        .iter()
        .map(|order| ((order.row.site_id, order.row.order_id.as_str()), order))
        .collect();
    for told in &memories.told {
        let order = by_name.get(&(told.site_id, told.order_id.as_str()));
        let is_kept = order.is_some_and(|order| is_kept(&told.told, order));
        findings.check(Rule::AcknowledgedIsKept, is_kept, || {
            let status = order.map(|order| order.row.status.as_str());
            format!("{}: told {:?}, is {status:?}", told.order_id, told.told)
        });
    }
}

/// Whether what was told has happened, and still holds unless the shop itself made a new attempt.
fn is_kept(told: &Told, order: &StoredOrder) -> bool {
    let told = match told {
        Told::Declined => "declined",
        Told::Status(status) => status.as_str(),
    };
    let what: &[&str] = match told {
        "initialized" => return true,
        "completed" => &["completed", "review_accepted"],
        "uncleared" => &["held_for_review"],
        "declined" => &["declined"],
        "expired" => &["expired"],
        "void" => &["review_declined"],
        _ => return false,
    };
    let history: Vec<&str> = order.events.iter().map(|event| event.kind.as_str()).collect();
    let Some(at) = history.iter().position(|event| what.contains(event)) else { return false };
    let later = &history[at..];
    let status = order.row.status.as_str();
    match told {
        "completed" => status == "completed",
        "uncleared" => {
            later.iter().any(|event| matches!(*event, "review_accepted" | "review_declined"))
        }
        _ => status == told || later.contains(&"opened"),
    }
}
