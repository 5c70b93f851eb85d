//! Reads of operations. A page is merged from one sequence for each class, each read in steps, so
//! that it costs about as many rows as it has.

use std::collections::VecDeque;
use std::ops::Range;

use async_trait::async_trait;
use rusqlite::{Connection, OptionalExtension, Row, params};

use super::super::{
    AddedRow, LISTED_ROWS_MAX, OperationRow, OperationWindows, Operations, OperationsEnd,
    OperationsQuery, OrderKey, OrderRow, SiteId, StoreError, UnitOfWork,
};
use super::SqliteStore;
use super::orders::{ORDER_COLUMNS, order_row};

const COLUMNS: &str = "key, transaction_id, class, amount, created_at, completed_at";
/// Rows that are read of a class at once, at least.
const STEP_ROWS_MIN: usize = 8;

type Listed = (OrderKey, OperationRow);

#[async_trait]
impl Operations for SqliteStore {
    async fn operation_classes(&self, site: SiteId) -> Result<Vec<String>, StoreError> {
        self.read("list classes", move |connection| {
            // From each class to the next one, instead of over all of its rows.
            let sql = "WITH RECURSIVE known (class) AS ( \
                    SELECT MIN(class) FROM operations WHERE site_id = ?1 \
                    UNION ALL \
                    SELECT (SELECT MIN(o.class) FROM operations o \
                        WHERE o.site_id = ?1 AND o.class > known.class) \
                    FROM known WHERE known.class IS NOT NULL \
                ) SELECT class FROM known WHERE class IS NOT NULL";
            connection.prepare_cached(sql)?.query_map([site], |row| row.get(0))?.collect()
        })
        .await
    }

    async fn operations(
        &self,
        site: SiteId,
        query: OperationsQuery,
    ) -> Result<Vec<Listed>, StoreError> {
        self.read("list operations", move |connection| {
            let limit = usize::try_from(query.limit.min(LISTED_ROWS_MAX)).unwrap_or(usize::MAX);
            match &query.windows {
                OperationWindows::All(ids) => {
                    read_some(connection, site, &query, None, ids, limit).map(Vec::from)
                }
                OperationWindows::Of(windows) => merge(connection, site, &query, windows, limit),
            }
        })
        .await
    }

    async fn operation(
        &self,
        site: SiteId,
        transaction_id: i64,
    ) -> Result<Option<Listed>, StoreError> {
        self.read("read an operation", move |connection| {
            let sql = format!(
                "SELECT {COLUMNS} FROM operations WHERE site_id = ?1 AND transaction_id = ?2"
            );
            let mut statement = connection.prepare_cached(&sql)?;
            statement.query_row([site, transaction_id], operation_row).optional()
        })
        .await
    }

    async fn keys_of_reference(
        &self,
        site: SiteId,
        rrn: &str,
    ) -> Result<Vec<OrderKey>, StoreError> {
        let rrn = rrn.to_owned();
        self.read("find a reference", move |connection| {
            let sql = "SELECT key FROM order_references WHERE site_id = ?1 AND rrn = ?2 \
                ORDER BY key LIMIT ?3";
            let mut statement = connection.prepare_cached(sql)?;
            statement.query_map(params![site, rrn, LISTED_ROWS_MAX], |row| row.get(0))?.collect()
        })
        .await
    }

    async fn orders_with_keys(
        &self,
        site: SiteId,
        keys: Vec<OrderKey>,
    ) -> Result<Vec<OrderRow>, StoreError> {
        self.read("read orders", move |connection| {
            let sql = format!("SELECT {ORDER_COLUMNS} FROM orders WHERE key = ?1 AND site_id = ?2");
            let mut statement = connection.prepare_cached(&sql)?;
            let mut rows = Vec::with_capacity(keys.len());
            for key in keys {
                rows.extend(statement.query_row([key, site], order_row).optional()?);
            }
            Ok(rows)
        })
        .await
    }

    async fn operations_owed(&self) -> Result<Vec<(SiteId, OrderKey)>, StoreError> {
        self.read("see which operations are owed", move |connection| {
            let sql = "SELECT site_id, until_key FROM operations_owed ORDER BY site_id";
            let mut statement = connection.prepare_cached(sql)?;
            statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?.collect()
        })
        .await
    }

    async fn add_operations(
        &self,
        site: SiteId,
        rows: Vec<(OrderKey, AddedRow)>,
        until_key: Option<OrderKey>,
    ) -> Result<(), StoreError> {
        self.write("add operations", move |connection| {
            for (key, row) in &rows {
                let row = match row {
                    AddedRow::Operation(row) => row,
                    AddedRow::Reference(rrn) => {
                        store_reference(connection, (site, *key), rrn)?;
                        continue;
                    }
                };
                let sql = "INSERT INTO operations (site_id, transaction_id, key, class, amount, \
                    created_at, completed_at) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7) \
                    ON CONFLICT DO NOTHING";
                let OperationRow { transaction_id, class, amount, created_at, completed_at } = row;
                let row =
                    params![site, transaction_id, key, class, amount, created_at, completed_at];
                connection.prepare_cached(sql)?.execute(row)?;
            }
            let done = "DELETE FROM operations_owed WHERE site_id = ?1 AND ?2 IS NULL";
            connection.prepare_cached(done)?.execute(params![site, until_key])?;
            let moved = "UPDATE operations_owed SET until_key = MIN(until_key, ?2) \
                WHERE site_id = ?1 AND ?2 IS NOT NULL";
            connection.prepare_cached(moved)?.execute(params![site, until_key])?;
            Ok(())
        })
        .await
    }
}

/// What a unit of work says of its order's operations.
pub(super) fn store_operations(connection: &Connection, unit: &UnitOfWork) -> rusqlite::Result<()> {
    let (site, key) = unit.place();
    for row in &unit.operations {
        let sql = "INSERT INTO operations (site_id, transaction_id, key, class, amount, \
            created_at, completed_at) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7) \
            ON CONFLICT (site_id, transaction_id) DO UPDATE SET class = excluded.class, \
            amount = excluded.amount, completed_at = excluded.completed_at";
        let OperationRow { transaction_id, class, amount, created_at, completed_at } = row;
        let row = params![site, transaction_id, key, class, amount, created_at, completed_at];
        connection.prepare_cached(sql)?.execute(row)?;
    }
    Ok(())
}

/// The references by which a unit of work wants its order found.
pub(super) fn store_references(connection: &Connection, unit: &UnitOfWork) -> rusqlite::Result<()> {
    unit.references.iter().try_for_each(|rrn| store_reference(connection, unit.place(), rrn))
}

fn store_reference(
    connection: &Connection,
    (site, key): (SiteId, OrderKey),
    rrn: &str,
) -> rusqlite::Result<()> {
    let sql = "INSERT INTO order_references (site_id, rrn, key) VALUES (?1, ?2, ?3) \
        ON CONFLICT DO NOTHING";
    connection.prepare_cached(sql)?.execute(params![site, rrn, key])?;
    Ok(())
}

/// One class, as far as it has been read.
struct Sequence<'a> {
    class: &'a str,
    /// What has not been read yet.
    left: Range<i64>,
    read: VecDeque<Listed>,
    is_over: bool,
}

fn merge(
    connection: &Connection,
    site: SiteId,
    query: &OperationsQuery,
    windows: &[(String, Range<i64>)],
    limit: usize,
) -> rusqlite::Result<Vec<Listed>> {
    let step = (2 * limit / windows.len().max(1)).clamp(STEP_ROWS_MIN, limit.max(STEP_ROWS_MIN));
    let mut sequences: Vec<Sequence<'_>> = windows
        .iter()
        .map(|(class, ids)| Sequence {
            class,
            left: ids.clone(),
            read: VecDeque::new(),
            is_over: false,
        })
        .collect();
    let mut page = Vec::with_capacity(limit);
    while page.len() < limit {
        for sequence in &mut sequences {
            if sequence.read.is_empty() && !sequence.is_over {
                let left = &sequence.left;
                let rows = read_some(connection, site, query, Some(sequence.class), left, step)?;
                sequence.is_over = rows.len() < step;
                if let Some((_, last)) = rows.back() {
                    match query.from {
                        OperationsEnd::Newest => sequence.left.end = last.transaction_id,
                        OperationsEnd::Oldest => sequence.left.start = last.transaction_id + 1,
                    }
                }
                sequence.read = rows;
            }
        }
        let next = sequences.iter_mut().filter(|it| !it.read.is_empty());
        let id = |it: &Sequence<'_>| it.read.front().map(|(_, row)| row.transaction_id);
        let next = match query.from {
            OperationsEnd::Newest => next.max_by_key(|it| id(it)),
            OperationsEnd::Oldest => next.min_by_key(|it| id(it)),
        };
        let Some(row) = next.and_then(|it| it.read.pop_front()) else { break };
        page.push(row);
    }
    Ok(page)
}

/// The statement that reads some rows of the site, or of one of its classes.
fn sql_of_list(of_one_class: bool, from: OperationsEnd) -> String {
    let (index, of_class) = match of_one_class {
        true => ("INDEXED BY operations_by_class", "class = ?9 AND"),
        false => ("", "?9 IS NULL AND"),
    };
    let direction = match from {
        OperationsEnd::Newest => "DESC",
        OperationsEnd::Oldest => "ASC",
    };
    format!(
        "SELECT {COLUMNS} FROM operations {index} WHERE site_id = ?1 AND {of_class} \
             transaction_id >= ?2 AND transaction_id < ?3 AND created_at >= ?4 AND created_at < ?5 \
             AND (?6 IS NULL OR (completed_at >= ?6 AND completed_at < ?7)) \
         ORDER BY transaction_id {direction} LIMIT ?8"
    )
}

fn read_some(
    connection: &Connection,
    site: SiteId,
    query: &OperationsQuery,
    class: Option<&str>,
    ids: &Range<i64>,
    limit: usize,
) -> rusqlite::Result<VecDeque<Listed>> {
    let sql = sql_of_list(class.is_some(), query.from);
    let mut statement = connection.prepare_cached(&sql)?;
    let completed = query.completed.as_ref();
    let asked = params![
        site,
        ids.start,
        ids.end,
        query.created.start,
        query.created.end,
        completed.map(|it| it.start),
        completed.map(|it| it.end),
        i64::try_from(limit).unwrap_or(i64::MAX),
        class,
    ];
    statement.query_map(asked, operation_row)?.collect()
}

fn operation_row(row: &Row<'_>) -> rusqlite::Result<Listed> {
    let operation = OperationRow {
        transaction_id: row.get(1)?,
        class: row.get(2)?,
        amount: row.get(3)?,
        created_at: row.get(4)?,
        completed_at: row.get(5)?,
    };
    Ok((row.get(0)?, operation))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A list is read along an index, from the page's place on, and nothing is sorted.
    #[tokio::test]
    async fn lists_are_read_in_their_sequence() {
        let folder = tempfile::tempdir().unwrap();
        let store = SqliteStore::open(&folder.path().join("florin.sqlite")).await.unwrap();
        for of_one_class in [true, false] {
            for from in [OperationsEnd::Newest, OperationsEnd::Oldest] {
                let sql = format!("EXPLAIN QUERY PLAN {}", sql_of_list(of_one_class, from));
                let plan = store.read("explain", move |connection| {
                    let mut statement = connection.prepare(&sql)?;
                    let steps = statement.query_map([None::<i64>; 9], |row| row.get(3))?;
                    steps.collect::<rusqlite::Result<Vec<String>>>()
                });
                let (index, place) = match of_one_class {
                    true => ("INDEX operations_by_class", "site_id=? AND class=? AND "),
                    false => ("PRIMARY KEY", "site_id=? AND "),
                };
                let step = format!(
                    "SEARCH operations USING {index} \
                     ({place}transaction_id>? AND transaction_id<?)"
                );
                assert_eq!(plan.await.unwrap(), [step]);
            }
        }
    }
}
