//! Operations: their part of the commit of units of work, and reads of them.

use async_trait::async_trait;
use tokio_postgres::Row;
use tokio_postgres::types::ToSql;

use super::super::{
    AddedRow, LISTED_ROWS_MAX, OperationRow, OperationWindows, Operations, OperationsEnd,
    OperationsQuery, OrderKey, OrderRow, SiteId, StoreError, UnitOfWork,
};
use super::PostgresStore;
use super::columns::{Places, places};
use super::orders::{ORDER_COLUMNS, order_row};

const COLUMNS: &str = "key, transaction_id, class, amount, created_at, completed_at";

/// What every statement of units ends with.
const RESULT: &str = "SELECT site_id, key FROM done";

/// A statement of units with the part about operations, whose parameters follow all others.
pub(super) fn with_operations(statement: &str) -> String {
    let numbers = statement.split('$').skip(1).filter_map(|rest| {
        let digits: String = rest.chars().take_while(char::is_ascii_digit).collect();
        digits.parse::<usize>().ok()
    });
    let last = numbers.max().unwrap_or(0);
    let mut part = include_str!("commit/operations.sql").to_owned();
    for number in (1..=OperationColumns::COUNT).rev() {
        part = part.replace(&format!("$operation{number}:"), &format!("${}:", last + number));
    }
    let body = statement.strip_suffix(RESULT).expect("statements end with their result");
    format!("{body}{part}{RESULT}")
}

/// The operations of a batch, and its references.
#[derive(Default)]
pub(super) struct OperationColumns<'a> {
    places: Places,
    transaction_ids: Vec<i64>,
    classes: Vec<&'a str>,
    amounts: Vec<i64>,
    created_at: Vec<i64>,
    completed_at: Vec<Option<i64>>,
    of_references: Places,
    references: Vec<&'a str>,
}

impl<'a> OperationColumns<'a> {
    const COUNT: usize = 10;

    pub(super) fn add(&mut self, unit: &'a UnitOfWork) {
        for row in &unit.operations {
            self.places.add(unit.place());
            self.push(row);
        }
        for rrn in &unit.references {
            self.of_references.add(unit.place());
            self.references.push(rrn);
        }
    }

    fn push(&mut self, row: &'a OperationRow) {
        self.transaction_ids.push(row.transaction_id);
        self.classes.push(&row.class);
        self.amounts.push(row.amount);
        self.created_at.push(row.created_at);
        self.completed_at.push(row.completed_at);
    }

    pub(super) fn is_empty(&self) -> bool {
        self.transaction_ids.is_empty() && self.references.is_empty()
    }

    pub(super) fn in_sequence(&self) -> [&(dyn ToSql + Sync); OperationColumns::COUNT] {
        let [sites, keys] = places(&self.places);
        let [reference_sites, reference_keys] = places(&self.of_references);
        [
            sites,
            keys,
            &self.transaction_ids,
            &self.classes,
            &self.amounts,
            &self.created_at,
            &self.completed_at,
            reference_sites,
            reference_keys,
            &self.references,
        ]
    }
}

#[async_trait]
impl Operations for PostgresStore {
    async fn operation_classes(&self, site: SiteId) -> Result<Vec<String>, StoreError> {
        // From each class to the next one, instead of over all of its rows.
        let sql = "WITH RECURSIVE known AS (
                (SELECT class FROM operations WHERE site_id = $1 ORDER BY class LIMIT 1)
                UNION ALL
                SELECT (SELECT o.class FROM operations o
                    WHERE o.site_id = $1 AND o.class > known.class ORDER BY o.class LIMIT 1)
                FROM known WHERE known.class IS NOT NULL
            ) SELECT class FROM known WHERE class IS NOT NULL";
        let rows = self.read("list classes", sql, &[&site]).await?;
        Ok(rows.iter().map(|row| row.get(0)).collect())
    }

    async fn operations(
        &self,
        site: SiteId,
        query: OperationsQuery,
    ) -> Result<Vec<(OrderKey, OperationRow)>, StoreError> {
        const DOING: &str = "list operations";
        let OperationsQuery { windows, created, completed, from, limit } = query;
        let direction = match from {
            OperationsEnd::Newest => "DESC",
            OperationsEnd::Oldest => "ASC",
        };
        let limit = i64::from(limit.min(LISTED_ROWS_MAX));
        let completed_from = completed.as_ref().map(|it| it.start);
        let completed_to = completed.as_ref().map(|it| it.end);
        let within = "o.created_at >= $2 AND o.created_at < $3 \
            AND ($4::bigint IS NULL OR (o.completed_at >= $4 AND o.completed_at < $5::bigint))";
        let rows = match windows {
            OperationWindows::All(ids) => {
                let sql = format!(
                    "SELECT {COLUMNS} FROM operations o WHERE o.site_id = $1 AND {within} \
                         AND o.transaction_id >= $7 AND o.transaction_id < $8 \
                     ORDER BY o.transaction_id {direction} LIMIT $6"
                );
                let asked: [&(dyn ToSql + Sync); 8] = [
                    &site,
                    &created.start,
                    &created.end,
                    &completed_from,
                    &completed_to,
                    &limit,
                    &ids.start,
                    &ids.end,
                ];
                self.read(DOING, &sql, &asked).await?
            }
            OperationWindows::Of(windows) => {
                let classes: Vec<&str> = windows.iter().map(|(class, _)| class.as_str()).collect();
                let starts: Vec<i64> = windows.iter().map(|(_, ids)| ids.start).collect();
                let ends: Vec<i64> = windows.iter().map(|(_, ids)| ids.end).collect();
                // Of each class at most a page, then the page of these.
                let sql = format!(
                    "SELECT page.* FROM unnest($7::text[], $8::bigint[], $9::bigint[]) \
                         AS w (class, start, stop) \
                     CROSS JOIN LATERAL ( \
                         SELECT {COLUMNS} FROM operations o \
                         WHERE o.site_id = $1 AND o.class = w.class COLLATE \"C\" AND {within} \
                             AND o.transaction_id >= w.start AND o.transaction_id < w.stop \
                         ORDER BY o.transaction_id {direction} LIMIT $6 \
                     ) AS page ORDER BY page.transaction_id {direction} LIMIT $6"
                );
                let asked: [&(dyn ToSql + Sync); 9] = [
                    &site,
                    &created.start,
                    &created.end,
                    &completed_from,
                    &completed_to,
                    &limit,
                    &classes,
                    &starts,
                    &ends,
                ];
                self.read(DOING, &sql, &asked).await?
            }
        };
        Ok(rows.iter().map(operation_row).collect())
    }

    async fn operation(
        &self,
        site: SiteId,
        transaction_id: i64,
    ) -> Result<Option<(OrderKey, OperationRow)>, StoreError> {
        let sql =
            format!("SELECT {COLUMNS} FROM operations WHERE site_id = $1 AND transaction_id = $2");
        let rows = self.read("read an operation", &sql, &[&site, &transaction_id]).await?;
        Ok(rows.first().map(operation_row))
    }

    async fn keys_of_reference(
        &self,
        site: SiteId,
        rrn: &str,
    ) -> Result<Vec<OrderKey>, StoreError> {
        let sql = "SELECT key FROM order_references WHERE site_id = $1 AND rrn = $2 \
            ORDER BY key LIMIT $3";
        let asked: [&(dyn ToSql + Sync); 3] = [&site, &rrn, &i64::from(LISTED_ROWS_MAX)];
        let rows = self.read("find a reference", sql, &asked).await?;
        Ok(rows.iter().map(|row| row.get(0)).collect())
    }

    async fn orders_with_keys(
        &self,
        site: SiteId,
        keys: Vec<OrderKey>,
    ) -> Result<Vec<OrderRow>, StoreError> {
        let sql =
            format!("SELECT {ORDER_COLUMNS} FROM orders WHERE site_id = $1 AND key = ANY($2)");
        let rows = self.read("read orders", &sql, &[&site, &keys]).await?;
        Ok(rows.iter().map(order_row).collect())
    }

    async fn operations_owed(&self) -> Result<Vec<(SiteId, OrderKey)>, StoreError> {
        let sql = "SELECT site_id, until_key FROM operations_owed ORDER BY site_id";
        let rows = self.read("see which operations are owed", sql, &[]).await?;
        Ok(rows.iter().map(|row| (row.get(0), row.get(1))).collect())
    }

    async fn add_operations(
        &self,
        site: SiteId,
        rows: Vec<(OrderKey, AddedRow)>,
        until_key: Option<OrderKey>,
    ) -> Result<(), StoreError> {
        let mut columns = OperationColumns::default();
        for (key, row) in &rows {
            match row {
                AddedRow::Operation(row) => {
                    columns.places.add((site, *key));
                    columns.push(row);
                }
                AddedRow::Reference(rrn) => {
                    columns.of_references.add((site, *key));
                    columns.references.push(rrn);
                }
            }
        }
        let sql = "WITH added AS (
                INSERT INTO operations (site_id, key, transaction_id, class, amount, created_at,
                    completed_at)
                SELECT * FROM unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::text[],
                    $5::bigint[], $6::bigint[], $7::bigint[])
                ON CONFLICT DO NOTHING
            ), found AS (
                INSERT INTO order_references (site_id, key, rrn)
                SELECT * FROM unnest($8::bigint[], $9::bigint[], $10::text[])
                ON CONFLICT DO NOTHING
            ), done AS (
                DELETE FROM operations_owed WHERE site_id = $11 AND $12::bigint IS NULL
            )
            UPDATE operations_owed SET until_key = LEAST(until_key, $12)
            WHERE site_id = $11 AND $12::bigint IS NOT NULL";
        let mut asked = columns.in_sequence().to_vec();
        asked.extend::<[&(dyn ToSql + Sync); 2]>([&site, &until_key]);
        self.write("add operations", sql, &asked).await.map(drop)
    }
}

fn operation_row(row: &Row) -> (OrderKey, OperationRow) {
    let operation = OperationRow {
        transaction_id: row.get(1),
        class: row.get(2),
        amount: row.get(3),
        created_at: row.get(4),
        completed_at: row.get(5),
    };
    (row.get(0), operation)
}
