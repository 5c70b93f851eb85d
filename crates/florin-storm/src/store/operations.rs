//! Operations, as merchants list them, on rows in memory.

use async_trait::async_trait;
use florin::store::{
    AddedRow, LISTED_ROWS_MAX, OperationRow, OperationWindows, Operations, OperationsEnd,
    OperationsQuery, OrderKey, OrderRow, SiteId, StoreError,
};

use super::MemoryStore;

#[async_trait]
impl Operations for MemoryStore {
    async fn operation_classes(&self, site: SiteId) -> Result<Vec<String>, StoreError> {
        self.read("list classes", |tables| {
            let of_site = tables.operations.range((site, i64::MIN)..=(site, i64::MAX));
            let mut classes: Vec<String> = of_site.map(|(_, (_, row))| row.class.clone()).collect();
            classes.sort();
            classes.dedup();
            classes
        })
        .await
    }

    async fn operations(
        &self,
        site: SiteId,
        query: OperationsQuery,
    ) -> Result<Vec<(OrderKey, OperationRow)>, StoreError> {
        self.read("list operations", |tables| {
            let in_window = |row: &OperationRow| match &query.windows {
                OperationWindows::All(ids) => ids.contains(&row.transaction_id),
                OperationWindows::Of(windows) => windows
                    .iter()
                    .any(|(class, ids)| *class == row.class && ids.contains(&row.transaction_id)),
            };
            let fits = |row: &OperationRow| {
                let completed = query.completed.as_ref();
                in_window(row)
                    && query.created.contains(&row.created_at)
                    && completed
                        .is_none_or(|range| row.completed_at.is_some_and(|at| range.contains(&at)))
            };
            let of_site = tables.operations.range((site, i64::MIN)..=(site, i64::MAX));
            let limit = usize::try_from(query.limit.min(LISTED_ROWS_MAX)).unwrap_or(usize::MAX);
            let rows = of_site.map(|(_, row)| row).filter(|(_, row)| fits(row));
            match query.from {
                OperationsEnd::Newest => rows.rev().take(limit).cloned().collect(),
                OperationsEnd::Oldest => rows.take(limit).cloned().collect(),
            }
        })
        .await
    }

    async fn operation(
        &self,
        site: SiteId,
        transaction_id: i64,
    ) -> Result<Option<(OrderKey, OperationRow)>, StoreError> {
        let place = (site, transaction_id);
        self.read("read an operation", |tables| tables.operations.get(&place).cloned()).await
    }

    async fn keys_of_reference(
        &self,
        site: SiteId,
        rrn: &str,
    ) -> Result<Vec<OrderKey>, StoreError> {
        let of = |key| (site, rrn.to_owned(), key);
        self.read("find a reference", |tables| {
            let found = tables.references.range(of(OrderKey::MIN)..=of(OrderKey::MAX));
            let limit = usize::try_from(LISTED_ROWS_MAX).unwrap_or(usize::MAX);
            found.map(|(_, _, key)| *key).take(limit).collect()
        })
        .await
    }

    async fn orders_with_keys(
        &self,
        site: SiteId,
        keys: Vec<OrderKey>,
    ) -> Result<Vec<OrderRow>, StoreError> {
        self.read("read orders", |tables| {
            let rows = keys.iter().filter_map(|key| tables.orders.get(&(site, *key)));
            rows.map(|order| order.row.clone()).collect()
        })
        .await
    }

    /// Nothing in memory is older than this release.
    async fn operations_owed(&self) -> Result<Vec<(SiteId, OrderKey)>, StoreError> {
        self.read("see which operations are owed", |_| Vec::new()).await
    }

    async fn add_operations(
        &self,
        site: SiteId,
        rows: Vec<(OrderKey, AddedRow)>,
        _: Option<OrderKey>,
    ) -> Result<(), StoreError> {
        self.write("add operations", move |disk| {
            let mut tables = disk.tables();
            for (key, row) in rows {
                match row {
                    AddedRow::Operation(row) => {
                        tables.operations.entry((site, row.transaction_id)).or_insert((key, row));
                    }
                    AddedRow::Reference(rrn) => {
                        tables.references.insert((site, rrn, key));
                    }
                }
            }
        })
        .await
    }
}
