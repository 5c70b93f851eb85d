//! The books recomputed: every entry of every journal, every balance, every seal.
//!
//! Reads only, and trusts nothing but the vault's keys: chains of hashes are followed from their
//! beginning, sums are formed anew and compared with what the orders' states say. Payments may go
//! on meanwhile; what looks wrong is looked at again before it counts. Orders and entries pass by
//! in steps, so that a million needs no more memory than a thousand.

use std::collections::{BTreeMap, BTreeSet};

use florin_core::ledger::{ACCOUNTS, Balances, is_balanced};

use super::Failure;
use super::journal::{chained, read_postings};
use super::persist::{Child, read_state};
use super::seals::{Covered, UNSEALED};
use crate::store::{
    JournalPlace, JournalRow, LISTED_ROWS_MAX, OrderKey, OrderRow, SealRow, SiteId, Store,
};
use crate::vault::Vault;

/// How many faults are told one by one.
pub const FAULTS_TOLD_MAX: usize = 1000;

/// Orders that are looked at in one step, with their journals.
const STEP_ORDERS: u32 = 250;

/// How often an order that looks wrong is read again before that is believed.
const LOOKS_MAX: u32 = 3;

/// What an audit of one site has found.
#[derive(Debug, Default)]
pub struct Audit {
    pub orders: u64,
    pub entries: u64,
    pub seals: u64,
    /// By currency code.
    pub balances: BTreeMap<String, Balances>,
    /// One sentence each, at most [`FAULTS_TOLD_MAX`].
    pub faults: Vec<String>,
    pub faults_count: u64,
}

/// Balances by currency code.
type ByCurrency = BTreeMap<String, Balances>;

/// Recomputes the books of a site.
///
/// # Errors
/// A [`Failure`] when the store cannot be read.
pub async fn audit(store: &dyn Store, vault: &Vault, site: SiteId) -> Result<Audit, Failure> {
    let mut audit = Audit::default();
    let mut after = None;
    loop {
        let mut rows = store.orders_between(site, 0, OrderKey::MAX, after, STEP_ORDERS).await?;
        let Some(last) = rows.last() else { break };
        after = Some(last.key);
        rows.retain(|row| Child::read(&row.state).is_none());
        let entries = store.journals(site, rows.iter().map(|row| row.key).collect()).await?;
        for row in rows {
            match recomputed(vault, &row, of_order(&entries, row.key)) {
                Ok(recomputed) => audit.add(row.key, &recomputed),
                Err(_) => audit.look_again(store, vault, row).await?,
            }
        }
    }
    audit.seals(store, vault, site).await?;
    Ok(audit)
}

/// What the journal of an order leads to.
struct Recomputed {
    entries: u64,
    balances: ByCurrency,
}

/// The journal of one order among those of several.
fn of_order(entries: &[(OrderKey, JournalRow)], key: OrderKey) -> &[(OrderKey, JournalRow)] {
    let begin = entries.partition_point(|(of, _)| *of < key);
    let end = entries.partition_point(|(of, _)| *of <= key);
    entries.get(begin..end).unwrap_or_default()
}

impl Audit {
    fn add(&mut self, key: OrderKey, recomputed: &Recomputed) {
        self.orders += 1;
        self.entries += recomputed.entries;
        for (currency, of_order) in &recomputed.balances {
            self.add_balances(currency, of_order, key);
        }
    }

    /// The order may have changed between the two reads.
    async fn look_again(
        &mut self,
        store: &dyn Store,
        vault: &Vault,
        row: OrderRow,
    ) -> Result<(), Failure> {
        let (site, key) = (row.site_id, row.key);
        let mut fault = String::new();
        for _ in 0..LOOKS_MAX {
            let Some(row) = store.order(site, key).await? else { return Ok(()) };
            let journal = store.journals(site, vec![key]).await?;
            match recomputed(vault, &row, &journal) {
                Ok(recomputed) => {
                    self.add(key, &recomputed);
                    return Ok(());
                }
                Err(found) => fault = found,
            }
        }
        self.orders += 1;
        self.fault(format!("order {}: {fault}", row.order_id));
        Ok(())
    }

    fn add_balances(&mut self, currency: &str, of_order: &Balances, key: OrderKey) {
        let total = self.balances.entry(currency.to_owned()).or_default();
        let sums = ACCOUNTS
            .into_iter()
            .map(|account| florin_core::ledger::Posting { account, minor: of_order.get(account) });
        if sums.map(|sum| total.book(sum)).any(|booked| booked.is_err()) {
            self.fault(format!("the sum in {currency} overflows at key {key}"));
        }
    }

    /// Goes through the whole journal in the order of booking: entries of orders that are not
    /// there, and what the seals say.
    async fn seals(
        &mut self,
        store: &dyn Store,
        vault: &Vault,
        site: SiteId,
    ) -> Result<(), Failure> {
        let seals = store.seals(site).await?;
        let mut open = seals.iter();
        let mut next = open.next();
        let mut previous: Option<&SealRow> = None;
        let mut covered = Covered::default();
        let mut orphans: BTreeSet<OrderKey> = BTreeSet::new();
        let mut after: Option<JournalPlace> = None;
        loop {
            let entries =
                store.journal_between(site, i64::MIN, i64::MAX, after, LISTED_ROWS_MAX).await?;
            let Some((key, last)) = entries.last() else { break };
            after = Some(JournalPlace { booked_at: last.booked_at, key: *key, seq: last.seq });
            for (key, entry) in &entries {
                while let Some(seal) = next.filter(|seal| entry.booked_at >= seal.until) {
                    self.seal(vault, seal, previous, std::mem::take(&mut covered));
                    previous = next;
                    next = open.next();
                }
                covered.add(*key, entry);
            }
            let keys: BTreeSet<OrderKey> = entries.iter().map(|(key, _)| *key).collect();
            for key in store.absent_orders(site, keys.into_iter().collect()).await? {
                if orphans.insert(key) {
                    self.fault(format!("entries of order key {key}, which is not there"));
                }
            }
        }
        while let Some(seal) = next {
            self.seal(vault, seal, previous, std::mem::take(&mut covered));
            previous = next;
            next = open.next();
        }
        Ok(())
    }

    fn seal(
        &mut self,
        vault: &Vault,
        seal: &SealRow,
        previous: Option<&SealRow>,
        covered: Covered,
    ) {
        self.seals += 1;
        let expected_number = previous.map_or(1, |it| it.number + 1);
        let follows = previous.is_none_or(|it| it.until < seal.until);
        if seal.number != expected_number || !follows {
            self.fault(format!("seal {}: seal {expected_number} is missing", seal.number));
            return;
        }
        let entries = covered.entries();
        let before = previous.map_or(UNSEALED, |it| it.hash);
        let hash = covered.sealed(vault, seal.site_id, seal.number, seal.until, &before);
        if entries != seal.entries {
            let sealed = seal.entries;
            self.fault(format!("seal {}: {entries} entries, {sealed} were sealed", seal.number));
        } else if hash != seal.hash {
            self.fault(format!("seal {}: what it covers was changed", seal.number));
        }
    }

    fn fault(&mut self, fault: String) {
        self.faults_count += 1;
        if self.faults.len() < FAULTS_TOLD_MAX {
            self.faults.push(fault);
        }
    }
}

/// The balances that the journal of an order leads to, or what is wrong with it.
fn recomputed(
    vault: &Vault,
    row: &OrderRow,
    journal: &[(OrderKey, JournalRow)],
) -> Result<Recomputed, String> {
    let (order, extra) =
        read_state(&row.state).map_err(|error| format!("its state cannot be read: {}", error.0))?;
    let mut balances = ByCurrency::new();
    let mut hash = UNSEALED;
    for (number, (_, entry)) in (1..).zip(journal) {
        if entry.seq != number {
            return Err(format!("entry {number} is missing"));
        }
        if entry.hash != chained(vault, row.site_id, row.key, entry, &hash) {
            return Err(format!("entry {number} was changed"));
        }
        hash = entry.hash;
        let postings = read_postings(&entry.postings)
            .map_err(|error| format!("entry {number} cannot be read: {}", error.0))?;
        if !is_balanced(&postings) {
            return Err(format!("entry {number} does not sum to zero"));
        }
        let of_currency = balances.entry(entry.currency.clone()).or_default();
        for posting in postings {
            of_currency.book(posting).map_err(|_| format!("entry {number} overflows"))?;
        }
    }
    let entries = u64::try_from(journal.len()).unwrap_or(u64::MAX);
    if u64::from(extra.journal.entries) != entries {
        let known = extra.journal.entries;
        return Err(format!("{entries} entries, its state knows {known}"));
    }
    let known = extra.journal.hash().map_err(|error| error.0)?;
    if known != hash {
        return Err("the last entry is not the one that its state knows".to_owned());
    }
    // An attempt in another currency may have come before; it left nothing.
    let currency = order.payment.amount.currency.code();
    let stated = Balances::of(&order);
    for (of, booked) in &balances {
        let expected = if of == currency { stated } else { Balances::default() };
        differing(of, booked, &expected)?;
    }
    if !balances.contains_key(currency) {
        differing(currency, &Balances::default(), &stated)?;
    }
    Ok(Recomputed { entries, balances })
}

fn differing(currency: &str, booked: &Balances, stated: &Balances) -> Result<(), String> {
    let account = ACCOUNTS.into_iter().find(|account| booked.get(*account) != stated.get(*account));
    let Some(account) = account else { return Ok(()) };
    let (booked, stated) = (booked.get(account), stated.get(account));
    let name = account.name();
    Err(format!("{name} {currency}: {booked} in the journal, {stated} in its state"))
}
