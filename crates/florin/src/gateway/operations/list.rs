//! Lists of operations, in pages, by any filter of the contract.

use std::collections::HashMap;
use std::ops::Range;
use std::sync::Arc;

use florin_core::payment::State;

use super::class::Class;
use super::{payment_row, rows_of};
use crate::clock::UnixMillis;
use crate::gateway::ids::first_id_at;
use crate::gateway::persist::Child;
use crate::gateway::record::Record;
use crate::gateway::site::Site;
use crate::gateway::{Failure, Gateway};
use crate::store::{
    OperationRow, OperationWindows, OperationsEnd, OperationsQuery, OrderKey, OrderRow,
};

/// A process that gives many ids at once borrows from the time to come, but never this much; and
/// clocks of processes differ by less.
const AHEAD_MS: i64 = 60_000;

/// Where a page begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cursor {
    /// At the newest one.
    Newest,
    /// Behind the one with this number: older ones.
    After(i64),
    /// Before the one with this number: the next newer ones.
    Before(i64),
}

/// What is asked for. An empty list of words lets all pass.
#[derive(Clone, Debug)]
pub struct Wanted {
    pub kinds: Vec<String>,
    pub statuses: Vec<String>,
    pub financial_statuses: Vec<String>,
    pub methods: Vec<String>,
    pub currencies: Vec<String>,
    pub debit_credit: Vec<String>,
    pub created: Range<UnixMillis>,
    pub completed: Option<Range<UnixMillis>>,
    pub cursor: Cursor,
    pub limit: u32,
}

/// An operation with the order that it belongs to.
pub struct Listed {
    pub record: Arc<Record>,
    pub row: OperationRow,
    pub class: Class,
}

impl Listed {
    /// Unique on all sites, and grows with time.
    pub fn number(&self) -> i64 {
        self.row.transaction_id
    }
}

/// Newest first.
pub struct Page {
    pub operations: Vec<Listed>,
}

impl Wanted {
    fn is_narrow(&self) -> bool {
        let words = [
            &self.kinds,
            &self.statuses,
            &self.financial_statuses,
            &self.methods,
            &self.currencies,
            &self.debit_credit,
        ];
        self.completed.is_some() || words.iter().any(|it| !it.is_empty())
    }

    fn takes(&self, class: &Class) -> bool {
        let has = |words: &[String], word: &str| {
            words.is_empty() || words.iter().any(|it| it.eq_ignore_ascii_case(word))
        };
        has(&self.kinds, class.kind.word())
            && has(&self.statuses, &class.status)
            && has(&self.financial_statuses, &class.financial_status)
            && has(&self.methods, &class.method)
            && has(&self.currencies, &class.currency)
            && has(&self.debit_credit, class.kind.debit_credit())
    }

    /// Which numbers operations of a time have. The site's clock was ahead of the gateway's by
    /// nothing at first, and by `offset_ms` at last.
    fn ids(&self, offset_ms: i64) -> Range<i64> {
        let mut ids = ids_between(&self.created, offset_ms);
        match self.cursor {
            Cursor::Newest => {}
            Cursor::After(id) => ids.end = ids.end.min(id),
            Cursor::Before(id) => ids.start = ids.start.max(id.saturating_add(1)),
        }
        ids
    }

    fn windows(&self, classes: &[String], offset_ms: i64) -> Vec<(String, Range<i64>)> {
        let ids = self.ids(offset_ms);
        let window = |text: &String| {
            let class = Class::read(text).filter(|class| self.takes(class))?;
            let Some(completed) = &self.completed else { return Some((text.clone(), ids.clone())) };
            let earliest = completed.start.saturating_sub(class.delay.longest_ms()?);
            let of_period = ids_between(&(earliest..completed.end), offset_ms);
            let both = ids.start.max(of_period.start)..ids.end.min(of_period.end);
            Some((text.clone(), both))
        };
        classes.iter().filter_map(window).filter(|(_, ids)| !ids.is_empty()).collect()
    }
}

fn ids_between(period: &Range<UnixMillis>, offset_ms: i64) -> Range<i64> {
    let start = period.start.saturating_sub(offset_ms).saturating_sub(AHEAD_MS);
    first_id_at(start)..first_id_at(period.end.saturating_add(AHEAD_MS))
}

impl Gateway {
    /// One page of the site's operations.
    ///
    /// # Errors
    /// A [`Failure`] when the store cannot be read, or what it holds.
    pub async fn list_operations(
        &self,
        site: &Arc<Site>,
        wanted: &Wanted,
    ) -> Result<Page, Failure> {
        let offset_ms = site.clock_offset_ms;
        let windows = if wanted.is_narrow() {
            let classes = self.store.operation_classes(site.id).await?;
            OperationWindows::Of(wanted.windows(&classes, offset_ms))
        } else {
            OperationWindows::All(wanted.ids(offset_ms))
        };
        let from = match wanted.cursor {
            Cursor::Before(_) => OperationsEnd::Oldest,
            Cursor::Newest | Cursor::After(_) => OperationsEnd::Newest,
        };
        let query = OperationsQuery {
            windows,
            created: wanted.created.clone(),
            completed: wanted.completed.clone(),
            from,
            limit: wanted.limit,
        };
        // First what is on its way: what gets its row in between is then in both, not in neither.
        let mut rows = self.on_their_way(site, wanted).await?;
        let stored = self.store.operations(site.id, query).await?;
        rows.retain(|(_, way)| {
            stored.iter().all(|(_, row)| row.transaction_id != way.transaction_id)
        });
        rows.extend(stored);
        rows.sort_by_key(|(_, row)| std::cmp::Reverse(row.transaction_id));
        let limit = usize::try_from(wanted.limit).unwrap_or(usize::MAX);
        match from {
            OperationsEnd::Newest => rows.truncate(limit),
            OperationsEnd::Oldest => drop(rows.drain(..rows.len().saturating_sub(limit))),
        }
        Ok(Page { operations: self.with_their_orders(site, rows).await? })
    }

    /// The operation with this number.
    ///
    /// # Errors
    /// A [`Failure`] when the store cannot be read, or what it holds.
    pub async fn operation(
        &self,
        site: &Arc<Site>,
        transaction_id: i64,
    ) -> Result<Option<Listed>, Failure> {
        let mut row = self.store.operation(site.id, transaction_id).await?;
        if row.is_none() {
            let order = self.store.order(site.id, transaction_id).await?;
            row = order.map(|order| on_its_way(site, order)).transpose()?.flatten();
        }
        let found = self.with_their_orders(site, row.into_iter().collect()).await?;
        Ok(found.into_iter().next())
    }

    /// Payments of the newest orders, or of those next to the cursor, that have no row yet.
    async fn on_their_way(
        &self,
        site: &Arc<Site>,
        wanted: &Wanted,
    ) -> Result<Vec<(OrderKey, OperationRow)>, Failure> {
        let orders = match wanted.cursor {
            Cursor::After(_) => return Ok(Vec::new()),
            Cursor::Newest => self.store.recent_orders(site.id, None, wanted.limit).await?,
            Cursor::Before(id) => {
                let after = Some(id);
                self.store.orders_between(site.id, 0, i64::MAX, after, wanted.limit).await?
            }
        };
        let mut found = Vec::new();
        for order in orders.into_iter().filter(|order| order.status == "initialized") {
            found.extend(on_its_way(site, order)?);
        }
        found.retain(|(_, row)| {
            let fits = Class::read(&row.class).is_some_and(|class| wanted.takes(&class));
            fits && wanted.completed.is_none() && wanted.created.contains(&row.created_at)
        });
        Ok(found)
    }

    async fn with_their_orders(
        &self,
        site: &Arc<Site>,
        rows: Vec<(OrderKey, OperationRow)>,
    ) -> Result<Vec<Listed>, Failure> {
        let mut keys: Vec<OrderKey> = rows.iter().map(|(key, _)| *key).collect();
        keys.sort_unstable();
        keys.dedup();
        let mut records = HashMap::with_capacity(keys.len());
        if !keys.is_empty() {
            for order in self.store.orders_with_keys(site.id, keys).await? {
                records.insert(order.key, Arc::new(Record::read(site.clone(), order)?));
            }
        }
        // An order without a record was deleted a moment ago.
        let listed = |(key, row): (OrderKey, OperationRow)| {
            let record = records.get(&key)?.clone();
            let class = Class::read(&row.class)?;
            Some(Listed { record, row, class })
        };
        Ok(rows.into_iter().filter_map(listed).collect())
    }
}

/// The payment of an order that has no row yet.
fn on_its_way(
    site: &Arc<Site>,
    order: OrderRow,
) -> Result<Option<(OrderKey, OperationRow)>, Failure> {
    if Child::read(&order.state).is_some() {
        return Ok(None);
    }
    let record = Record::read(site.clone(), order)?;
    let waits = matches!(record.order.payment.state, State::Opened | State::Authorizing { .. });
    let has_no_row = waits && rows_of(&record.order).is_empty();
    let status = record.order.status(florin_core::trail::WHOLE);
    Ok(has_no_row.then(|| (record.key, payment_row(&record.order, status))))
}
