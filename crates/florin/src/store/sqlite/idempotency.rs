//! Requests that may be repeated. The writing thread begins one after the other, so of two with the
//! same key one is first.

use async_trait::async_trait;
use rusqlite::{Connection, OptionalExtension, params};

use super::super::{BeginRequest, Begun, Idempotency, LISTED_ROWS_MAX, SiteId, StoreError};
use super::SqliteStore;
use crate::clock::UnixMillis;

#[async_trait]
impl Idempotency for SqliteStore {
    async fn begin_request(&self, begin: BeginRequest<'_>) -> Result<Begun, StoreError> {
        let BeginRequest { site_id, request_hash, now, lease_until, .. } = begin;
        let key = begin.key.to_owned();
        self.write("begin a request", move |connection| {
            let sql = "INSERT INTO idempotency (site_id, idempotency_key, request_hash, \
                created_at, lease_until) VALUES (?1, ?2, ?3, ?4, ?5) ON CONFLICT DO NOTHING";
            let row = params![site_id, key, request_hash, now, lease_until];
            if connection.prepare_cached(sql)?.execute(row)? == 1 {
                return Ok(Begun::New);
            }
            let place = params![site_id, key, now, lease_until, request_hash];
            let take_over = "UPDATE idempotency SET lease_until = ?4 \
                WHERE site_id = ?1 AND idempotency_key = ?2 AND request_hash = ?5 \
                    AND status IS NULL AND lease_until <= ?3";
            if connection.prepare_cached(take_over)?.execute(place)? == 1 {
                return Ok(Begun::Resumed);
            }
            // From here on nobody puts another answer in its place.
            let settle = "UPDATE idempotency SET lease_until = 0 \
                WHERE site_id = ?1 AND idempotency_key = ?2 \
                    AND status IS NOT NULL AND lease_until > 0 AND lease_until <= ?3";
            connection.prepare_cached(settle)?.execute(params![site_id, key, now])?;
            let sql = "SELECT request_hash, status, body, lease_until FROM idempotency \
                WHERE site_id = ?1 AND idempotency_key = ?2";
            let mut statement = connection.prepare_cached(sql)?;
            statement.query_row(params![site_id, key], |row| {
                let stored_hash: [u8; 32] = row.get(0)?;
                let status: Option<u16> = row.get(1)?;
                let body: Option<String> = row.get(2)?;
                let lease: i64 = row.get(3)?;
                Ok(match status {
                    _ if stored_hash != request_hash => Begun::OtherRequest,
                    Some(status) if lease == 0 => {
                        Begun::Answered { status, body: body.unwrap_or_default() }
                    }
                    Some(_) | None => Begun::InFlight,
                })
            })
        })
        .await
    }

    async fn finish_request(
        &self,
        site: SiteId,
        key: &str,
        status: u16,
        body: &str,
    ) -> Result<Option<(u16, String)>, StoreError> {
        let (key, body) = (key.to_owned(), body.to_owned());
        let done = (200..300).contains(&status);
        self.write("answer a request", move |connection| {
            // As on PostgreSQL; see there.
            let sql = "UPDATE idempotency SET \
                status = CASE WHEN status IS NOT NULL \
                    AND (lease_until = 0 OR NOT ?5 AND status BETWEEN 200 AND 299) \
                    THEN status ELSE ?3 END, \
                body = CASE WHEN status IS NOT NULL \
                    AND (lease_until = 0 OR NOT ?5 AND status BETWEEN 200 AND 299) \
                    THEN body ELSE ?4 END, \
                lease_until = 0 \
                WHERE site_id = ?1 AND idempotency_key = ?2 RETURNING status, body";
            let mut statement = connection.prepare_cached(sql)?;
            let row = params![site, key, status, body, done];
            statement.query_row(row, |row| Ok((row.get(0)?, row.get(1)?))).optional()
        })
        .await
    }

    async fn forget_request(&self, site: SiteId, key: &str) -> Result<(), StoreError> {
        let key = key.to_owned();
        self.write("forget a request", move |connection| {
            let sql = "DELETE FROM idempotency \
                WHERE site_id = ?1 AND idempotency_key = ?2 AND status IS NULL";
            connection.prepare_cached(sql)?.execute(params![site, key])?;
            let sql = "UPDATE idempotency SET lease_until = 0 \
                WHERE site_id = ?1 AND idempotency_key = ?2";
            connection.prepare_cached(sql)?.execute(params![site, key])?;
            Ok(())
        })
        .await
    }

    async fn prune_requests(&self, before: UnixMillis, limit: u32) -> Result<u64, StoreError> {
        let limit = limit.min(LISTED_ROWS_MAX);
        self.write("delete old requests", move |connection| {
            // Rows are numbered as they begin, so the oldest ones need no index by time.
            let sql = "DELETE FROM idempotency WHERE created_at < ?1 AND rowid IN \
                (SELECT rowid FROM idempotency ORDER BY rowid LIMIT ?2)";
            let deleted = connection.prepare_cached(sql)?.execute(params![before, limit])?;
            Ok(u64::try_from(deleted).unwrap_or(u64::MAX))
        })
        .await
    }
}

/// Stores the answer that comes with a change.
pub(super) fn answer_request(
    connection: &Connection,
    site: SiteId,
    key: &str,
    status: u16,
    body: &str,
) -> rusqlite::Result<()> {
    let sql = "UPDATE idempotency SET status = ?3, body = ?4 \
        WHERE site_id = ?1 AND idempotency_key = ?2 AND status IS NULL";
    connection.prepare_cached(sql)?.execute(params![site, key, status, body])?;
    Ok(())
}
