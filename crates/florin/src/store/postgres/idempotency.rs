//! Requests that may be repeated, on a database that processes share.

use async_trait::async_trait;
use tokio_postgres::types::ToSql;

use super::super::{BeginRequest, Begun, Idempotency, LISTED_ROWS_MAX, SiteId, StoreError};
use super::{PostgresStore, only};
use crate::clock::UnixMillis;

/// Returns no row when another process has begun or settled the request after this statement
/// looked. An answer whose lease has ended is settled: from here on nobody puts another one in its
/// place.
const BEGIN: &str = "
    WITH added AS (
        INSERT INTO idempotency (site_id, idempotency_key, request_hash, created_at, lease_until)
        VALUES ($1, $2, $3, $4, $5)
        ON CONFLICT DO NOTHING
        RETURNING 1
    ), taken_over AS (
        UPDATE idempotency SET lease_until = CASE WHEN status IS NULL THEN $5 ELSE 0 END
        WHERE site_id = $1 AND idempotency_key = $2
            AND CASE WHEN status IS NULL THEN request_hash = $3 ELSE lease_until > 0 END
            AND lease_until <= $4
        RETURNING request_hash, status, body
    )
    SELECT 'new', NULL::bytea, NULL::int, NULL::text, 0::bigint FROM added
    UNION ALL
    SELECT CASE WHEN status IS NULL THEN 'resumed' ELSE 'known' END, request_hash, status, body,
        0::bigint
    FROM taken_over
    UNION ALL
    SELECT 'known', request_hash, status, body, lease_until FROM idempotency
    WHERE site_id = $1 AND idempotency_key = $2 AND NOT EXISTS (SELECT 1 FROM taken_over)
        AND (status IS NULL OR lease_until NOT BETWEEN 1 AND $4)";

/// An answer stands that was finished, or that says that something was done where this one refuses.
const FINISH: &str = "
    UPDATE idempotency SET
        status = CASE WHEN status IS NOT NULL
            AND (lease_until = 0 OR NOT $5 AND status BETWEEN 200 AND 299)
            THEN status ELSE $3 END,
        body = CASE WHEN status IS NOT NULL
            AND (lease_until = 0 OR NOT $5 AND status BETWEEN 200 AND 299)
            THEN body ELSE $4 END,
        lease_until = 0
    WHERE site_id = $1 AND idempotency_key = $2
    RETURNING status, body";

/// How often a request is looked at that others begin and forget meanwhile.
const LOOKS_MAX: u32 = 3;

const PRUNE: &str = "
    WITH old AS MATERIALIZED (
        SELECT site_id, idempotency_key FROM idempotency
        WHERE created_at < $1 ORDER BY created_at LIMIT $2
        FOR UPDATE SKIP LOCKED
    ), deleted AS (
        DELETE FROM idempotency i USING old o
        WHERE i.site_id = o.site_id AND i.idempotency_key = o.idempotency_key
        RETURNING 1
    )
    SELECT count(*) FROM deleted";

#[async_trait]
impl Idempotency for PostgresStore {
    async fn begin_request(&self, begin: BeginRequest<'_>) -> Result<Begun, StoreError> {
        let BeginRequest { site_id, key, request_hash, now, lease_until } = begin;
        let hash = request_hash.as_slice();
        let asked: [&(dyn ToSql + Sync); 5] = [&site_id, &key, &hash, &now, &lease_until];
        for _ in 0..LOOKS_MAX {
            let rows = self.write("begin a request", BEGIN, &asked).await?;
            let Some(row) = rows.first() else { continue };
            return Ok(match row.get(0) {
                "new" => Begun::New,
                "resumed" => Begun::Resumed,
                _ if row.get::<_, &[u8]>(1) != hash => Begun::OtherRequest,
                _ => match row.get::<_, Option<i32>>(2) {
                    None => Begun::InFlight,
                    Some(_) if row.get::<_, i64>(4) > 0 => Begun::InFlight,
                    Some(status) => Begun::Answered {
                        status: u16::try_from(status).unwrap_or(u16::MAX),
                        body: row.get::<_, Option<String>>(3).unwrap_or_default(),
                    },
                },
            });
        }
        // Whoever it is that begins and forgets it all the time is at it right now.
        Ok(Begun::InFlight)
    }

    async fn finish_request(
        &self,
        site: SiteId,
        key: &str,
        status: u16,
        body: &str,
    ) -> Result<Option<(u16, String)>, StoreError> {
        let done = (200..300).contains(&status);
        let status = i32::from(status);
        let asked: [&(dyn ToSql + Sync); 5] = [&site, &key, &status, &body, &done];
        let rows = self.write("answer a request", FINISH, &asked).await?;
        Ok(rows.first().map(|row| {
            let status = u16::try_from(row.get::<_, i32>(0)).unwrap_or(u16::MAX);
            (status, row.get::<_, Option<String>>(1).unwrap_or_default())
        }))
    }

    async fn forget_request(&self, site: SiteId, key: &str) -> Result<(), StoreError> {
        // Who is left has an answer: of one row a statement changes one version only.
        let sql = "WITH forgotten AS (
                DELETE FROM idempotency
                WHERE site_id = $1 AND idempotency_key = $2 AND status IS NULL
            )
            UPDATE idempotency SET lease_until = 0
            WHERE site_id = $1 AND idempotency_key = $2 AND status IS NOT NULL";
        self.write("forget a request", sql, &[&site, &key]).await?;
        Ok(())
    }

    async fn prune_requests(&self, before: UnixMillis, limit: u32) -> Result<u64, StoreError> {
        const DOING: &str = "delete old requests";
        let limit = i64::from(limit.min(LISTED_ROWS_MAX));
        let rows = self.write(DOING, PRUNE, &[&before, &limit]).await?;
        Ok(u64::try_from(only(DOING, &rows)?.get::<_, i64>(0)).unwrap_or(0))
    }
}
