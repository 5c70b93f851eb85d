//! Reads of the journal, and its seals.

use async_trait::async_trait;
use tokio_postgres::Row;
use tokio_postgres::types::ToSql;

use super::super::{
    Committed, JournalPlace, JournalRow, LISTED_ROWS_MAX, Ledger, OrderKey, SealRow, SiteId,
    StoreError,
};
use super::PostgresStore;
use super::orders::hash;
use crate::clock::UnixMillis;

const COLUMNS: &str = "key, seq, at, booked_at, kind, currency, postings, hash";

#[async_trait]
impl Ledger for PostgresStore {
    async fn journal(&self, site: SiteId, key: OrderKey) -> Result<Vec<JournalRow>, StoreError> {
        const DOING: &str = "read a journal";
        let sql =
            format!("SELECT {COLUMNS} FROM journal WHERE site_id = $1 AND key = $2 ORDER BY seq");
        let rows = self.read(DOING, &sql, &[&site, &key]).await?;
        rows.iter().map(|row| Ok(entry_row(DOING, row)?.1)).collect()
    }

    async fn journals(
        &self,
        site: SiteId,
        keys: Vec<OrderKey>,
    ) -> Result<Vec<(OrderKey, JournalRow)>, StoreError> {
        const DOING: &str = "read journals";
        let sql = format!(
            "SELECT {COLUMNS} FROM journal WHERE site_id = $1 AND key = ANY($2) ORDER BY key, seq"
        );
        let rows = self.read(DOING, &sql, &[&site, &keys]).await?;
        rows.iter().map(|row| entry_row(DOING, row)).collect()
    }

    async fn absent_orders(
        &self,
        site: SiteId,
        keys: Vec<OrderKey>,
    ) -> Result<Vec<OrderKey>, StoreError> {
        // By the index, whatever the planner thinks of joins.
        let sql = "SELECT asked.key FROM unnest($2::bigint[]) AS asked (key)
            LEFT JOIN LATERAL (
                SELECT 1 AS there FROM orders o
                WHERE o.site_id = $1 AND o.key = asked.key LIMIT 1
            ) found ON true
            WHERE found.there IS NULL";
        let rows = self.read("look for orders", sql, &[&site, &keys]).await?;
        Ok(rows.iter().map(|row| row.get(0)).collect())
    }

    async fn journal_between(
        &self,
        site: SiteId,
        from_booked: UnixMillis,
        to_booked: UnixMillis,
        after: Option<JournalPlace>,
        limit: u32,
    ) -> Result<Vec<(OrderKey, JournalRow)>, StoreError> {
        const DOING: &str = "read the journal";
        // The index sorts by time; entries of one instant are sorted as they are read.
        let sql = format!(
            "SELECT {COLUMNS} FROM journal \
             WHERE site_id = $1 AND booked_at >= $2 AND booked_at < $3 \
                 AND (booked_at > $4 OR (booked_at = $4 AND (key, seq) > ($5, $6))) \
             ORDER BY booked_at, key, seq LIMIT $7"
        );
        let after = after.unwrap_or(JournalPlace { booked_at: i64::MIN, key: 0, seq: 0 });
        let from = from_booked.max(after.booked_at);
        let limit = i64::from(limit.min(LISTED_ROWS_MAX));
        let JournalPlace { booked_at, key, seq } = after;
        let asked: [&(dyn ToSql + Sync); 7] =
            [&site, &from, &to_booked, &booked_at, &key, &seq, &limit];
        let rows = self.read(DOING, &sql, &asked).await?;
        rows.iter().map(|row| entry_row(DOING, row)).collect()
    }

    async fn seals(&self, site: SiteId) -> Result<Vec<SealRow>, StoreError> {
        const DOING: &str = "read seals";
        let sql = "SELECT site_id, number, until, entries, hash, at FROM journal_seals \
            WHERE site_id = $1 ORDER BY number";
        let rows = self.read(DOING, sql, &[&site]).await?;
        let seal = |row: &Row| {
            Ok(SealRow {
                site_id: row.get(0),
                number: row.get(1),
                until: row.get(2),
                entries: row.get(3),
                hash: hash(DOING, row.get(4))?,
                at: row.get(5),
            })
        };
        rows.iter().map(seal).collect()
    }

    async fn add_seal(&self, seal: SealRow) -> Result<Committed, StoreError> {
        let sql = "INSERT INTO journal_seals (site_id, number, until, entries, hash, at) \
            VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT DO NOTHING RETURNING 1";
        let SealRow { site_id, number, until, entries, hash, at } = &seal;
        let hash = hash.as_slice();
        let row: [&(dyn ToSql + Sync); 6] = [site_id, number, until, entries, &hash, at];
        let added = self.write("add a seal", sql, &row).await?;
        Ok(if added.is_empty() { Committed::Conflict } else { Committed::Done })
    }
}

fn entry_row(doing: &'static str, row: &Row) -> Result<(OrderKey, JournalRow), StoreError> {
    let entry = JournalRow {
        seq: row.get(1),
        at: row.get(2),
        booked_at: row.get(3),
        kind: row.get(4),
        currency: row.get(5),
        postings: row.get(6),
        hash: hash(doing, row.get(7))?,
    };
    Ok((row.get(0), entry))
}
