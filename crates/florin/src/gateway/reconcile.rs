//! Compares what the journal says with what an acquirer's file says, order by order.
//!
//! Captures and refunds are matched by order, currency and amount; a reversal takes the message
//! with its RRN out of the file. What is left of an authorization, the hold, is compared as a sum,
//! and only where the whole history is looked at.

use std::collections::{BTreeMap, HashMap};

use florin_core::ledger::Account;

use super::Failure;
use super::journal::read_postings;
use crate::clock::UnixMillis;
use crate::store::{JournalPlace, JournalRow, LISTED_ROWS_MAX, OrderKey, SiteId, Store};

/// What a line of the file is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum HostKind {
    Authorization,
    Capture,
    Refund,
    Reversal,
}

impl HostKind {
    /// Reads the word of the file.
    pub fn parse(word: &str) -> Option<HostKind> {
        match word {
            "authorization" => Some(HostKind::Authorization),
            "capture" => Some(HostKind::Capture),
            "refund" => Some(HostKind::Refund),
            "reversal" => Some(HostKind::Reversal),
            _ => None,
        }
    }

    fn word(self) -> &'static str {
        match self {
            HostKind::Authorization => "authorization",
            HostKind::Capture => "capture",
            HostKind::Refund => "refund",
            HostKind::Reversal => "reversal",
        }
    }
}

/// A line of the file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HostLine {
    pub rrn: String,
    pub order_id: String,
    pub kind: HostKind,
    pub currency: String,
    /// Minor units, not negative.
    pub amount: i64,
    pub at: UnixMillis,
}

/// From when until before when; with bounds, holds are not compared.
#[derive(Clone, Copy, Debug)]
pub struct Period {
    pub from: UnixMillis,
    pub to: UnixMillis,
    pub is_bounded: bool,
}

/// Minor units, with the RRN where it is known.
type Amount = (i64, Option<String>);

/// What moved on one order, on one side.
#[derive(Debug, Default)]
struct Moves {
    /// Captures and refunds, by kind and currency.
    done: BTreeMap<(HostKind, String), Vec<Amount>>,
    /// What is still held, by currency.
    held: BTreeMap<String, i64>,
}

/// What a comparison found.
#[derive(Debug, Default)]
pub struct Reconciliation {
    /// Orders that either side knows.
    pub orders: u64,
    /// One sentence each.
    pub differences: Vec<String>,
}

/// Compares the file with the journal of a site.
///
/// # Errors
/// A [`Failure`] when the store cannot be read, or its journal makes no sense.
pub async fn reconcile(
    store: &dyn Store,
    site: SiteId,
    lines: Vec<HostLine>,
    period: Period,
) -> Result<Reconciliation, Failure> {
    let here = moves_here(store, site, period).await?;
    let there = moves_there(lines, period);
    Ok(compare(&here, &there, period))
}

type ByOrder = BTreeMap<String, Moves>;

/// What the journal says, by the merchant's name of the order.
async fn moves_here(store: &dyn Store, site: SiteId, period: Period) -> Result<ByOrder, Failure> {
    let mut by_key: HashMap<OrderKey, Moves> = HashMap::new();
    let mut after: Option<JournalPlace> = None;
    loop {
        let (from, to) = (period.from, period.to);
        let entries = store.journal_between(site, from, to, after, LISTED_ROWS_MAX).await?;
        let Some((key, last)) = entries.last() else { break };
        after = Some(JournalPlace { booked_at: last.booked_at, key: *key, seq: last.seq });
        for (key, entry) in &entries {
            book(by_key.entry(*key).or_default(), entry)?;
        }
    }
    let mut by_order = ByOrder::new();
    for (key, moves) in by_key {
        let row = store.order(site, key).await?;
        let name = row.map_or_else(|| format!("key {key}"), |row| row.order_id);
        by_order.insert(name, moves);
    }
    Ok(by_order)
}

fn book(moves: &mut Moves, entry: &JournalRow) -> Result<(), Failure> {
    let currency = || entry.currency.clone();
    let postings = read_postings(&entry.postings)?;
    // What providers of other methods pay is not in the acquirer's file.
    if postings.iter().any(|posting| posting.account == Account::Provider) {
        return Ok(());
    }
    for posting in postings {
        let (kind, amount) = match posting.account {
            // Sales and refunds are the other side of what the acquirer owes.
            Account::Captured => (HostKind::Capture, posting.minor.saturating_neg()),
            Account::Refunded => (HostKind::Refund, posting.minor),
            Account::Issuer => {
                let held = moves.held.entry(currency()).or_default();
                *held = held.saturating_add(posting.minor);
                continue;
            }
            Account::Held
            | Account::Acquirer
            | Account::ChargedBack
            | Account::Fees
            | Account::Operator
            | Account::Provider => continue,
        };
        moves.done.entry((kind, currency())).or_default().push((amount, None));
    }
    Ok(())
}

/// What the file says, with what was reversed taken out of it.
fn moves_there(lines: Vec<HostLine>, period: Period) -> ByOrder {
    let mut by_order = ByOrder::new();
    let in_period = |line: &HostLine| (period.from..period.to).contains(&line.at);
    let (reversals, moved): (Vec<HostLine>, Vec<HostLine>) =
        lines.into_iter().filter(in_period).partition(|line| line.kind == HostKind::Reversal);
    for line in moved {
        let moves = by_order.entry(line.order_id).or_default();
        let held = moves.held.entry(line.currency.clone()).or_default();
        match line.kind {
            HostKind::Authorization => *held = held.saturating_add(line.amount),
            HostKind::Capture | HostKind::Refund => {
                if line.kind == HostKind::Capture {
                    *held = held.saturating_sub(line.amount);
                }
                let of_kind = moves.done.entry((line.kind, line.currency)).or_default();
                of_kind.push((line.amount, Some(line.rrn)));
            }
            HostKind::Reversal => {}
        }
    }
    for line in reversals {
        let moves = by_order.entry(line.order_id).or_default();
        let held = moves.held.entry(line.currency.clone()).or_default();
        let is_it = |(_, rrn): &Amount| rrn.as_deref() == Some(line.rrn.as_str());
        let undone = [HostKind::Capture, HostKind::Refund].into_iter().find_map(|kind| {
            let of_kind = moves.done.get_mut(&(kind, line.currency.clone()))?;
            let place = of_kind.iter().position(is_it)?;
            of_kind.remove(place);
            Some(kind)
        });
        match undone {
            // What was captured is held again, what was refunded is not.
            Some(HostKind::Capture) => *held = held.saturating_add(line.amount),
            Some(_) => {}
            None => *held = held.saturating_sub(line.amount),
        }
    }
    by_order
}

fn compare(here: &ByOrder, there: &ByOrder, period: Period) -> Reconciliation {
    let mut found = Reconciliation::default();
    let nothing = Moves::default();
    let names: std::collections::BTreeSet<&String> = here.keys().chain(there.keys()).collect();
    for name in names {
        found.orders += 1;
        let ours = here.get(name).unwrap_or(&nothing);
        let theirs = there.get(name).unwrap_or(&nothing);
        let kinds: std::collections::BTreeSet<&(HostKind, String)> =
            ours.done.keys().chain(theirs.done.keys()).collect();
        for of in kinds {
            let amounts = |moves: &Moves| moves.done.get(of).cloned().unwrap_or_default();
            let what = format!("{} of order {name}", of.0.word());
            differences(&mut found, &what, &of.1, amounts(ours), amounts(theirs));
        }
        if period.is_bounded {
            continue;
        }
        let currencies: std::collections::BTreeSet<&String> =
            ours.held.keys().chain(theirs.held.keys()).collect();
        for currency in currencies {
            let held = |moves: &Moves| moves.held.get(currency).copied().unwrap_or_default();
            let (ours, theirs) = (held(ours), held(theirs));
            if ours != theirs {
                found.differences.push(format!(
                    "hold differs: order {name}: {ours} {currency} here, {theirs} there"
                ));
            }
        }
    }
    found
}

/// Takes equal amounts out of both sides, and pairs what is left.
fn differences(
    found: &mut Reconciliation,
    what: &str,
    currency: &str,
    mut ours: Vec<Amount>,
    mut theirs: Vec<Amount>,
) {
    ours.retain(|(amount, _)| {
        let place = theirs.iter().position(|(other, _)| other == amount);
        if let Some(place) = place {
            theirs.remove(place);
        }
        place.is_none()
    });
    let rrn = |it: &Option<String>| it.as_ref().map_or(String::new(), |rrn| format!(", RRN {rrn}"));
    let mut ours = ours.into_iter();
    let mut theirs = theirs.into_iter();
    loop {
        let difference = match (ours.next(), theirs.next()) {
            (Some((here, _)), Some((there, of))) => {
                let of = rrn(&of);
                format!("amounts differ: {what}: {here} {currency} here, {there} there{of}")
            }
            (None, Some((there, of))) => {
                format!("missing here: {what}: {there} {currency}{}", rrn(&of))
            }
            (Some((here, _)), None) => format!("missing there: {what}: {here} {currency}"),
            (None, None) => return,
        };
        found.differences.push(difference);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALWAYS: Period = Period { from: i64::MIN, to: i64::MAX, is_bounded: false };

    fn line(rrn: &str, order_id: &str, kind: HostKind, amount: i64) -> HostLine {
        let (rrn, order_id) = (rrn.to_owned(), order_id.to_owned());
        HostLine { rrn, order_id, kind, currency: "EUR".to_owned(), amount, at: 5 }
    }

    fn ours(order_id: &str, postings: &[&str]) -> ByOrder {
        let mut moves = Moves::default();
        for (seq, postings) in (1..).zip(postings) {
            let entry = JournalRow {
                seq,
                at: 5,
                booked_at: 5,
                kind: "x".to_owned(),
                currency: "EUR".to_owned(),
                postings: (*postings).to_owned(),
                hash: [0; 32],
            };
            book(&mut moves, &entry).unwrap();
        }
        ByOrder::from([(order_id.to_owned(), moves)])
    }

    #[track_caller]
    fn check(here: &ByOrder, lines: &[HostLine], expected: &[&str]) {
        let there = moves_there(lines.to_vec(), ALWAYS);
        assert_eq!(compare(here, &there, ALWAYS).differences, expected);
    }

    const SALE: &str = r#"{"acquirer":1000,"captured":-1000}"#;
    const REFUND: &str = r#"{"refunded":300,"acquirer":-300}"#;
    const HOLD: &str = r#"{"issuer":500,"held":-500}"#;

    #[test]
    fn what_both_sides_know_is_no_difference() {
        use HostKind::{Authorization, Capture, Refund, Reversal};
        let sold = [line("1", "a", Authorization, 1000), line("2", "a", Capture, 1000)];
        check(&ours("a", &[SALE]), &sold, &[]);
        let refunded = [sold.as_slice(), &[line("3", "a", Refund, 300)]].concat();
        check(&ours("a", &[SALE, REFUND]), &refunded, &[]);
        // A refund that the host took back, and an authorization that was given up.
        let undone = [refunded.as_slice(), &[line("3", "a", Reversal, 300)]].concat();
        check(&ours("a", &[SALE]), &undone, &[]);
        let given_up = [line("1", "a", Authorization, 1000), line("1", "a", Reversal, 1000)];
        check(&ByOrder::new(), &given_up, &[]);
        check(&ours("a", &[HOLD]), &[line("1", "a", Authorization, 500)], &[]);
    }

    #[test]
    fn each_kind_of_difference_is_told() {
        use HostKind::{Authorization, Capture, Refund};
        let sold = [line("1", "a", Authorization, 1000), line("2", "a", Capture, 1000)];
        check(&ByOrder::new(), &sold, &["missing here: capture of order a: 1000 EUR, RRN 2"]);
        let open = [line("1", "a", Authorization, 1000)];
        check(
            &ours("a", &[SALE]),
            &open,
            &[
                "missing there: capture of order a: 1000 EUR",
                "hold differs: order a: 0 EUR here, 1000 there",
            ],
        );
        let other = [sold.as_slice(), &[line("3", "a", Refund, 301)]].concat();
        check(
            &ours("a", &[SALE, REFUND]),
            &other,
            &["amounts differ: refund of order a: 300 EUR here, 301 there, RRN 3"],
        );
        check(&ours("a", &[HOLD]), &[], &["hold differs: order a: 500 EUR here, 0 there"]);
    }

    #[test]
    fn what_lies_outside_the_period_does_not_count() {
        let period = Period { from: 6, to: 10, is_bounded: true };
        let there = moves_there(vec![line("1", "a", HostKind::Capture, 1)], period);
        assert!(compare(&ByOrder::new(), &there, period).differences.is_empty());
    }
}
