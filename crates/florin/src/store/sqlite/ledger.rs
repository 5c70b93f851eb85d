//! Reads of the journal, and its seals.

use async_trait::async_trait;
use rusqlite::{Row, params};

use super::super::{
    Committed, JournalPlace, JournalRow, LISTED_ROWS_MAX, Ledger, OrderKey, SealRow, SiteId,
    StoreError,
};
use super::SqliteStore;
use crate::clock::UnixMillis;

const COLUMNS: &str = "key, seq, at, booked_at, kind, currency, postings, hash";

#[async_trait]
impl Ledger for SqliteStore {
    async fn journal(&self, site: SiteId, key: OrderKey) -> Result<Vec<JournalRow>, StoreError> {
        self.read("read a journal", move |connection| {
            let sql = format!(
                "SELECT {COLUMNS} FROM journal WHERE key = ?1 AND site_id = ?2 ORDER BY seq"
            );
            let mut statement = connection.prepare_cached(&sql)?;
            let rows = statement.query_map([key, site], |row| Ok(entry_row(row)?.1))?;
            rows.collect()
        })
        .await
    }

    async fn journals(
        &self,
        site: SiteId,
        mut keys: Vec<OrderKey>,
    ) -> Result<Vec<(OrderKey, JournalRow)>, StoreError> {
        keys.sort_unstable();
        self.read("read journals", move |connection| {
            let sql = format!(
                "SELECT {COLUMNS} FROM journal WHERE key = ?1 AND site_id = ?2 ORDER BY seq"
            );
            let mut statement = connection.prepare_cached(&sql)?;
            let mut entries = Vec::with_capacity(keys.len());
            for key in keys {
                for entry in statement.query_map([key, site], entry_row)? {
                    entries.push(entry?);
                }
            }
            Ok(entries)
        })
        .await
    }

    async fn absent_orders(
        &self,
        site: SiteId,
        keys: Vec<OrderKey>,
    ) -> Result<Vec<OrderKey>, StoreError> {
        self.read("look for orders", move |connection| {
            let sql = "SELECT 1 FROM orders WHERE key = ?1 AND site_id = ?2";
            let mut statement = connection.prepare_cached(sql)?;
            let mut absent = Vec::new();
            for key in keys {
                if !statement.exists([key, site])? {
                    absent.push(key);
                }
            }
            Ok(absent)
        })
        .await
    }

    async fn journal_between(
        &self,
        site: SiteId,
        from_booked: UnixMillis,
        to_booked: UnixMillis,
        after: Option<JournalPlace>,
        limit: u32,
    ) -> Result<Vec<(OrderKey, JournalRow)>, StoreError> {
        let limit = limit.min(LISTED_ROWS_MAX);
        self.read("read the journal", move |connection| {
            let after = after.unwrap_or(JournalPlace { booked_at: i64::MIN, key: 0, seq: 0 });
            let from = from_booked.max(after.booked_at);
            let sql = format!(
                "SELECT {COLUMNS} FROM journal \
                 WHERE site_id = ?1 AND booked_at >= ?2 AND booked_at < ?3 \
                     AND (booked_at, key, seq) > (?4, ?5, ?6) \
                 ORDER BY booked_at, key, seq LIMIT ?7"
            );
            let mut statement = connection.prepare_cached(&sql)?;
            let asked =
                params![site, from, to_booked, after.booked_at, after.key, after.seq, limit];
            statement.query_map(asked, entry_row)?.collect()
        })
        .await
    }

    async fn seals(&self, site: SiteId) -> Result<Vec<SealRow>, StoreError> {
        self.read("read seals", move |connection| {
            let sql = "SELECT site_id, number, until, entries, hash, at FROM journal_seals \
                WHERE site_id = ?1 ORDER BY number";
            let mut statement = connection.prepare_cached(sql)?;
            let rows = statement.query_map([site], |row| {
                Ok(SealRow {
                    site_id: row.get(0)?,
                    number: row.get(1)?,
                    until: row.get(2)?,
                    entries: row.get(3)?,
                    hash: row.get(4)?,
                    at: row.get(5)?,
                })
            })?;
            rows.collect()
        })
        .await
    }

    async fn add_seal(&self, seal: SealRow) -> Result<Committed, StoreError> {
        self.write("add a seal", move |connection| {
            let sql = "INSERT INTO journal_seals (site_id, number, until, entries, hash, at) \
                VALUES (?1, ?2, ?3, ?4, ?5, ?6) ON CONFLICT DO NOTHING";
            let SealRow { site_id, number, until, entries, hash, at } = seal;
            let row = params![site_id, number, until, entries, hash, at];
            let added = connection.prepare_cached(sql)?.execute(row)?;
            Ok(if added == 1 { Committed::Done } else { Committed::Conflict })
        })
        .await
    }
}

fn entry_row(row: &Row<'_>) -> rusqlite::Result<(OrderKey, JournalRow)> {
    let entry = JournalRow {
        seq: row.get(1)?,
        at: row.get(2)?,
        booked_at: row.get(3)?,
        kind: row.get(4)?,
        currency: row.get(5)?,
        postings: row.get(6)?,
        hash: row.get(7)?,
    };
    Ok((row.get(0)?, entry))
}
