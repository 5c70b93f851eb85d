//! Compares what the journal says with what an acquirer's file says, order by order.
//!
//! Captures and refunds are matched by order, currency and amount; a reversal takes the message
//! with its RRN out of the file. What is left of an authorization, the hold, is compared as a sum,
//! and only where the whole history is looked at.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use florin_core::ledger::Account;

use super::Failure;
use super::journal::read_postings;
use super::persist::Child;
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
    let mut comparison = Comparison::new(lines, period);
    if period.is_bounded {
        comparison.booked_in_period(store, site).await?;
    } else {
        comparison.every_order(store, site).await?;
    }
    Ok(comparison.finish())
}

/// Orders that are looked at in one step, with their journals.
const STEP_ORDERS: u32 = 250;

/// A comparison in the making: what was compared is forgotten, but for what differs.
struct Comparison {
    there: File,
    period: Period,
    orders: u64,
    /// What differs, with the name of its order.
    told: Vec<(String, String)>,
}

impl Comparison {
    fn new(lines: Vec<HostLine>, period: Period) -> Comparison {
        Comparison { there: File::new(lines, period), period, orders: 0, told: Vec::new() }
    }

    /// The whole history, order by order.
    async fn every_order(&mut self, store: &dyn Store, site: SiteId) -> Result<(), Failure> {
        let mut after = None;
        loop {
            let mut rows = store.orders_between(site, 0, OrderKey::MAX, after, STEP_ORDERS).await?;
            let Some(last) = rows.last() else { return Ok(()) };
            after = Some(last.key);
            rows.retain(|row| Child::read(&row.state).is_none());
            let keys = rows.iter().map(|row| row.key).collect();
            let mut names: HashMap<OrderKey, String> =
                rows.into_iter().map(|row| (row.key, row.order_id)).collect();
            let entries = store.journals(site, keys).await?;
            for of_order in entries.chunk_by(|(one, _), (other, _)| one == other) {
                let mut moves = Moves::default();
                of_order.iter().try_for_each(|(_, entry)| book(&mut moves, entry))?;
                let key = of_order.first().map(|(key, _)| *key).unwrap_or_default();
                self.compare(names.remove(&key).unwrap_or_default(), &moves);
            }
        }
    }

    /// What was booked in the period: as much as that is kept until all of it is known.
    async fn booked_in_period(&mut self, store: &dyn Store, site: SiteId) -> Result<(), Failure> {
        let Period { from, to, .. } = self.period;
        let mut by_key: BTreeMap<OrderKey, Moves> = BTreeMap::new();
        let mut after: Option<JournalPlace> = None;
        loop {
            let entries = store.journal_between(site, from, to, after, LISTED_ROWS_MAX).await?;
            let Some((key, last)) = entries.last() else { break };
            after = Some(JournalPlace { booked_at: last.booked_at, key: *key, seq: last.seq });
            for (key, entry) in &entries {
                book(by_key.entry(*key).or_default(), entry)?;
            }
        }
        let step = usize::try_from(STEP_ORDERS).unwrap_or(usize::MAX);
        while !by_key.is_empty() {
            let keys: Vec<OrderKey> = by_key.keys().take(step).copied().collect();
            let rows = store.orders_with_keys(site, keys.clone()).await?;
            let mut names: HashMap<OrderKey, String> =
                rows.into_iter().map(|row| (row.key, row.order_id)).collect();
            for key in keys {
                let name = names.remove(&key).unwrap_or_else(|| format!("key {key}"));
                if let Some(moves) = by_key.remove(&key) {
                    self.compare(name, &moves);
                }
            }
        }
        Ok(())
    }

    /// One order that is known here.
    fn compare(&mut self, name: String, ours: &Moves) {
        self.orders += 1;
        let theirs = self.there.take(&name);
        let differences = differences_of(&name, ours, &theirs, self.period);
        self.told.extend(differences.into_iter().map(|it| (name.clone(), it)));
    }

    /// What is left is known there alone.
    fn finish(mut self) -> Reconciliation {
        for lines in self.there.left() {
            self.orders += 1;
            let name = lines.first().map(|line| line.order_id.as_str()).unwrap_or_default();
            let differences =
                differences_of(name, &Moves::default(), &moves_of(lines), self.period);
            self.told.extend(differences.into_iter().map(|it| (name.to_owned(), it)));
        }
        // By name, and those of one order as they were found.
        self.told.sort_by(|(one, _), (other, _)| one.cmp(other));
        let differences = self.told.into_iter().map(|(_, difference)| difference).collect();
        Reconciliation { orders: self.orders, differences }
    }
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

/// The lines of the file, by order; those of one order as they stood. They are kept as they are, for
/// a file may have as many as the journal has entries.
struct File {
    lines: Vec<HostLine>,
    /// Whether the first line of an order has been asked for.
    taken: Vec<bool>,
}

impl File {
    fn new(mut lines: Vec<HostLine>, period: Period) -> File {
        lines.retain(|line| (period.from..period.to).contains(&line.at));
        lines.sort_by(|one, other| one.order_id.cmp(&other.order_id));
        let taken = vec![false; lines.len()];
        File { lines, taken }
    }

    /// What the file says of an order.
    fn take(&mut self, name: &str) -> Moves {
        let begin = self.lines.partition_point(|line| line.order_id.as_str() < name);
        let end = self.lines.partition_point(|line| line.order_id.as_str() <= name);
        if let Some(taken) = self.taken.get_mut(begin).filter(|_| begin < end) {
            *taken = true;
        }
        moves_of(self.lines.get(begin..end).unwrap_or_default())
    }

    /// The orders that nobody has asked for.
    fn left(&self) -> impl Iterator<Item = &[HostLine]> {
        let mut begin = 0;
        self.lines.chunk_by(|one, other| one.order_id == other.order_id).filter(move |lines| {
            let first = begin;
            begin += lines.len();
            self.taken.get(first) == Some(&false)
        })
    }
}

/// What the file says of one order, with what was reversed taken out of it.
fn moves_of(lines: &[HostLine]) -> Moves {
    let mut moves = Moves::default();
    let (reversals, moved): (Vec<&HostLine>, Vec<&HostLine>) =
        lines.iter().partition(|line| line.kind == HostKind::Reversal);
    for line in moved {
        let held = moves.held.entry(line.currency.clone()).or_default();
        match line.kind {
            HostKind::Authorization => *held = held.saturating_add(line.amount),
            HostKind::Capture | HostKind::Refund => {
                if line.kind == HostKind::Capture {
                    *held = held.saturating_sub(line.amount);
                }
                let of_kind = moves.done.entry((line.kind, line.currency.clone())).or_default();
                of_kind.push((line.amount, Some(line.rrn.clone())));
            }
            HostKind::Reversal => {}
        }
    }
    for line in reversals {
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
    moves
}

fn differences_of(name: &str, ours: &Moves, theirs: &Moves, period: Period) -> Vec<String> {
    let mut told = Vec::new();
    let kinds: BTreeSet<&(HostKind, String)> = ours.done.keys().chain(theirs.done.keys()).collect();
    for of in kinds {
        let amounts = |moves: &Moves| moves.done.get(of).cloned().unwrap_or_default();
        let what = format!("{} of order {name}", of.0.word());
        differences(&mut told, &what, &of.1, amounts(ours), amounts(theirs));
    }
    if period.is_bounded {
        return told;
    }
    let currencies: BTreeSet<&String> = ours.held.keys().chain(theirs.held.keys()).collect();
    for currency in currencies {
        let held = |moves: &Moves| moves.held.get(currency).copied().unwrap_or_default();
        let (ours, theirs) = (held(ours), held(theirs));
        if ours != theirs {
            told.push(format!(
                "hold differs: order {name}: {ours} {currency} here, {theirs} there"
            ));
        }
    }
    told
}

/// Takes equal amounts out of both sides, and pairs what is left.
fn differences(
    told: &mut Vec<String>,
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
        told.push(difference);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    type ByOrder = BTreeMap<String, Moves>;

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
        let mut comparison = Comparison::new(lines.to_vec(), ALWAYS);
        for (name, moves) in here {
            comparison.compare(name.clone(), moves);
        }
        assert_eq!(comparison.finish().differences, expected);
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
        let lines = vec![line("1", "a", HostKind::Capture, 1)];
        assert!(Comparison::new(lines, period).finish().differences.is_empty());
    }
    #[test]
    fn each_order_is_compared_once_wherever_its_lines_stand() {
        use HostKind::{Authorization, Capture};
        let mut here = ours("b", &[SALE]);
        here.append(&mut ours("d", &[SALE]));
        let of = |name| [line("1", name, Authorization, 1000), line("2", name, Capture, 1000)];
        let lines = [of("d"), of("a"), of("b"), of("c")].concat();
        // The lines of one order need not stand together.
        let (first, second): (Vec<_>, Vec<_>) =
            lines.into_iter().partition(|it| it.kind == Authorization);
        let lines = [first, second].concat();
        let mut comparison = Comparison::new(lines, ALWAYS);
        for (name, moves) in &here {
            comparison.compare(name.clone(), moves);
        }
        let found = comparison.finish();
        assert_eq!(found.orders, 4);
        let missing = |name| format!("missing here: capture of order {name}: 1000 EUR, RRN 2");
        assert_eq!(found.differences, [missing("a"), missing("c")]);
    }
}
