//! What must be true when the storm is over, found without asking the gateway: the bank's books,
//! the rows of the store, and what shops and receiver remember are laid side by side.
//!
//! Naive on purpose: it knows the contract's statuses and what a capture is, not the gateway's
//! rules.

mod money;
mod parts;
mod rest;
mod sessions;
mod cases;
mod wallets;
mod keys;
mod memories;

use std::collections::BTreeMap;
use std::fmt;

use florin::gateway::persist::{Child, Extra, read_state};
use florin::vault::Vault;
use florin_core::order::Order;
use florin_sim::{EntryView, ProviderPayment, Simulator};

use crate::receiver::Receiver;
use crate::shop::{Memories, Shop};
use crate::store::{Disk, StoredOrder};
pub use keys::Begins;
pub use sessions::Pages;
pub use wallets::Uses;

/// A rule, and how often it was looked at.
pub type Checks = BTreeMap<Rule, u64>;

/// What must be true.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Rule {
    /// The order ends in a status of the table.
    EndsInAStatus,
    /// What the bank has of an order is what its journal says: held, captured, refunded.
    BooksEqualLedger,
    /// What the bank has of an order is what its state says.
    BooksEqualOrder,
    /// Each entry of a journal sums to zero, none is missing, and the chain of hashes holds.
    LedgerIsSound,
    /// At most one authorization of an order is in force, and each capture and refund was made
    /// once.
    PaidOnce,
    /// Refunds are at most what was captured, captures at most what was authorized.
    RefundsWithinCaptures,
    /// What a gift card has paid in part pays for an order that is paid, or was given back once.
    PartsGoBackOnce,
    /// An order is paid at most once on each of its pages, and every page ends.
    SessionPaysOnce,
    /// A chargeback is taken once, of an order that the bank told, with the amount that it told.
    CaseTakenOnce,
    /// The journal has what banks have taken and not brought back; with refunds it is at most what
    /// was captured.
    CasesAreBooked,
    /// What was handed in for a case is there.
    EvidenceIsKept,
    /// A token stands for one card, whoever asks, and whenever it is charged.
    TokenIsOneCard,
    /// A token is not charged again within the interval of the shop, nor once it was deleted.
    TokenChargedOnce,
    /// A token can be charged if one of its first payments was good; otherwise its card is gone.
    TokensHaveEnded,
    /// What is sent again under a key is answered again with the same answer, and nothing else is.
    KeyAnswersOnce,
    /// What was asked for under a key was done once, and not at all if that was the answer.
    KeyDoesOnce,
    /// All orders of a shop together are what the bank has of it.
    SumsAreEqual,
    /// The bank knows no payment that the store does not know.
    NothingUnknownAtTheBank,
    /// A capture in part is an order of its own, with the amount that was captured.
    PartsAreOrders,
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
    pub vault: &'a Vault,
    pub bank: &'a Simulator,
    pub shops: &'a [Shop],
    pub memories: &'a Memories,
    pub receiver: &'a Receiver,
    /// What was paid on each page.
    pub pages: &'a Pages,
    /// What became of stored cards.
    pub uses: &'a Uses,
    /// What requests with keys have begun.
    pub begins: &'a Begins,
    /// No clock jumped while others waited.
    pub clocks_are_steady: bool,
}

/// What was found.
#[derive(Default)]
pub struct Findings {
    pub checks: Checks,
    pub violations: Vec<Violation>,
}

impl Findings {
    /// Looks at a rule once.
    fn check(&mut self, rule: Rule, holds: bool, what: impl FnOnce() -> String) {
        *self.checks.entry(rule).or_default() += 1;
        if !holds {
            self.violations.push(Violation { rule, what: what() });
        }
    }
}

/// An order of the store with what its texts say.
struct Read<'a> {
    stored: &'a StoredOrder,
    order: Order,
    extra: Extra,
}

impl Read<'_> {
    fn name(&self, what: impl fmt::Display) -> String {
        let row = &self.stored.row;
        format!("{} of {} ({}): {what}", row.order_id, row.site_id, row.status)
    }
}

/// Everything that the store has, by what it is.
struct Kept<'a> {
    orders: Vec<Read<'a>>,
    /// Orders that are kept inside others, with where.
    children: Vec<(&'a StoredOrder, Child)>,
}

/// Lays everything side by side.
pub fn examine(evidence: &Evidence<'_>) -> Findings {
    let mut findings = Findings::default();
    let stored = evidence.disk.orders();
    let kept = read(&mut findings, &stored);
    for shop in evidence.shops {
        let merchant = format!("FLORIN{:09}", shop.site_id);
        let entries = evidence.bank.entries(&merchant);
        let of_shop: Vec<&Read<'_>> =
            kept.orders.iter().filter(|read| read.stored.row.site_id == shop.site_id).collect();
        let payments = evidence.bank.provider_payments(&merchant);
        let mut sums = money::Sums::default();
        for read in &of_shop {
            let of_order: Vec<&EntryView> =
                entries.iter().filter(|entry| entry.order_id == read.stored.row.order_id).collect();
            let told = (of_order.as_slice(), payments.as_slice());
            money::examine(&mut findings, read, told, evidence.vault, &mut sums);
            rest::examine(&mut findings, read, shop, evidence.receiver);
            sessions::examine(&mut findings, read, evidence.pages);
            cases::examine(&mut findings, read, evidence.memories);
        }
        for entry in &entries {
            let is_known = of_shop.iter().any(|read| read.stored.row.order_id == entry.order_id);
            findings.check(Rule::NothingUnknownAtTheBank, is_known, || {
                format!("{} of {} is at the bank only", entry.rrn, entry.order_id)
            });
        }
        let has_paid = |it: &&ProviderPayment| it.is_paid || it.part.is_some() || it.for_parts > 0;
        let counts = |it: &&ProviderPayment| !it.is_refused || it.for_parts > 0;
        for payment in payments.iter().filter(counts).filter(has_paid) {
            let is_known = of_shop.iter().any(|read| {
                let newest = read.order.payment.other.as_ref().filter(|_| payment.part.is_none());
                let parts = read.order.parts.iter().map(|part| &part.by);
                newest.into_iter().chain(parts).any(|other| other.reference == payment.id)
            });
            let is_known = is_known || parts::is_forgotten(payment);
            findings.check(Rule::NothingUnknownAtTheBank, is_known, || {
                format!("{payment:?} is at its provider only")
            });
        }
        sums.compare(&mut findings, shop, &entries);
    }
    money::examine_parts(&mut findings, &kept);
    memories::examine(&mut findings, &kept, evidence.memories);
    keys::examine(&mut findings, &kept, evidence);
    wallets::examine(&mut findings, &kept, evidence);
    let forged = &evidence.receiver.memory().forged;
    findings.check(Rule::Signed, forged.is_empty(), || format!("{forged:?}"));
    findings
}

fn read<'a>(findings: &mut Findings, stored: &'a [StoredOrder]) -> Kept<'a> {
    let mut kept = Kept { orders: Vec::new(), children: Vec::new() };
    for stored in stored {
        if let Some(child) = Child::read(&stored.row.state) {
            kept.children.push((stored, child));
            continue;
        }
        match read_state(&stored.row.state) {
            Ok((order, extra)) => kept.orders.push(Read { stored, order, extra }),
            Err(error) => findings.check(Rule::EndsInAStatus, false, || {
                format!("{} cannot be read: {error}", stored.row.order_id)
            }),
        }
    }
    kept
}
