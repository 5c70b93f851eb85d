//! Work that is due. Claims are made by the writing thread, so no two of them overlap.
//!
//! Leases matter here as well: a worker can die, and another process can have the file open.

use async_trait::async_trait;
use rusqlite::{Connection, OptionalExtension, named_params, params};

use super::super::{
    AdviceChange, Claim, ClaimedAdvice, ClaimedNotification, ClaimedTimer, Committed, Dues,
    LISTED_ROWS_MAX, NotificationNext, NotificationResult, NotificationState, OrderKey, SiteId,
    StoreError, TimerNext, as_kept,
};
use super::SqliteStore;
use super::commit::change_advice;
use crate::clock::UnixMillis;

#[async_trait]
impl Dues for SqliteStore {
    async fn claim_notifications(
        &self,
        claim: Claim,
    ) -> Result<Vec<ClaimedNotification>, StoreError> {
        let work = move |connection: &Connection| claim_notifications(connection, &claim);
        self.write("claim notifications", work).await
    }

    async fn finish_notification(&self, mut result: NotificationResult) -> Result<(), StoreError> {
        result.delivery = as_kept(result.delivery);
        let work = move |connection: &Connection| finish_notification(connection, &result);
        self.write("record a delivery", work).await
    }

    async fn claim_timers(&self, claim: Claim) -> Result<Vec<ClaimedTimer>, StoreError> {
        self.write("claim timers", move |connection| claim_timers(connection, &claim)).await
    }

    async fn finish_timer(&self, timer: &ClaimedTimer, next: TimerNext) -> Result<(), StoreError> {
        let ClaimedTimer { site_id, key, kind, lease, .. } = timer.clone();
        self.write("finish a timer", move |connection| {
            let place = "WHERE key = ?1 AND kind = ?2 AND site_id = ?3 AND lease_until = ?4";
            match next {
                TimerNext::Done => {
                    let sql = format!("DELETE FROM timers {place}");
                    connection.prepare_cached(&sql)?.execute(params![key, kind, site_id, lease])?;
                }
                TimerNext::At(due_at) => {
                    let sql = format!("UPDATE timers SET due_at = ?5, lease_until = 0 {place}");
                    let row = params![key, kind, site_id, lease, due_at];
                    connection.prepare_cached(&sql)?.execute(row)?;
                }
            }
            Ok(())
        })
        .await
    }

    async fn claim_advices(&self, claim: Claim) -> Result<Vec<ClaimedAdvice>, StoreError> {
        self.write("claim advices", move |connection| claim_advices(connection, &claim)).await
    }

    async fn record_advice(
        &self,
        site: SiteId,
        key: OrderKey,
        lease: UnixMillis,
        change: AdviceChange,
    ) -> Result<Committed, StoreError> {
        const DOING: &str = "record an advice";
        if matches!(change, AdviceChange::Owe(_)) {
            return Err(StoreError::rejected(DOING, "an advice is owed by a unit of work"));
        }
        if change.texts().any(|text| text.contains('\0')) {
            return Err(StoreError::rejected(DOING, "a stored text has no NUL"));
        }
        self.write(DOING, move |connection| {
            let sql = "SELECT 1 FROM advices \
                WHERE key = ?1 AND seq = ?2 AND site_id = ?3 AND lease_until = ?4";
            let place = params![key, change.seq(), site, lease];
            if !connection.prepare_cached(sql)?.exists(place)? {
                return Ok(Committed::Conflict);
            }
            change_advice(connection, site, key, &change)?;
            Ok(Committed::Done)
        })
        .await
    }

    async fn release_leases(&self, now: UnixMillis) -> Result<(), StoreError> {
        self.write("end leases", move |connection| {
            for table in ["notifications", "timers", "advices"] {
                let sql = format!("UPDATE {table} SET lease_until = 0 WHERE lease_until > 0");
                connection.execute(&sql, [])?;
            }
            let sql = "UPDATE advices SET due_at = ?1 WHERE kind = 'guard' AND due_at > ?1";
            connection.execute(sql, [now])?;
            let sql = "UPDATE idempotency SET lease_until = 0 WHERE status IS NULL";
            connection.execute(sql, [])?;
            Ok(())
        })
        .await
    }

    async fn next_due(&self) -> Result<Option<UnixMillis>, StoreError> {
        self.read("look for work", move |connection| {
            let mut earliest: Option<UnixMillis> = None;
            for sql in [NEXT_NOTIFICATION, NEXT_TIMER, NEXT_ADVICE] {
                let mut statement = connection.prepare_cached(sql)?;
                let due: Option<i64> = statement.query_row([], |row| row.get(0)).optional()?;
                earliest = [earliest, due].into_iter().flatten().min();
            }
            Ok(earliest)
        })
        .await
    }
}

/// Leaves out what waits for another one of its order: that one's end is looked at instead.
const NEXT_NOTIFICATION: &str = "
    SELECT max(n.due_at, n.lease_until) FROM notifications n
    WHERE n.due_at IS NOT NULL AND NOT EXISTS (
        SELECT 1 FROM notifications o
        WHERE o.key = n.key AND o.seq <> n.seq AND o.due_at IS NOT NULL
            AND o.lease_until > max(n.due_at, n.lease_until))
    ORDER BY max(n.due_at, n.lease_until) LIMIT 1";

const NEXT_TIMER: &str =
    "SELECT max(due_at, lease_until) FROM timers ORDER BY max(due_at, lease_until) LIMIT 1";

const NEXT_ADVICE: &str = "
    SELECT max(n.due_at, n.lease_until) FROM advices n
    WHERE n.due_at IS NOT NULL AND NOT EXISTS (
        SELECT 1 FROM advices o
        WHERE o.key = n.key AND o.chain = n.chain AND o.seq < n.seq AND o.due_at IS NOT NULL)
    ORDER BY max(n.due_at, n.lease_until) LIMIT 1";

fn claim_notifications(
    connection: &Connection,
    claim: &Claim,
) -> rusqlite::Result<Vec<ClaimedNotification>> {
    let sql = "
        SELECT n.site_id, n.key, n.seq, n.event, n.attempts, n.first_attempt_at, n.due_at,
            n.subject
        FROM notifications n
        WHERE n.due_at IS NOT NULL AND max(n.due_at, n.lease_until) <= :now
            AND n.key % :of = :index
            AND NOT EXISTS (
                SELECT 1 FROM notifications o
                WHERE o.key = n.key AND o.seq <> n.seq AND o.due_at IS NOT NULL
                    AND (o.lease_until > :now OR (o.seq < n.seq AND o.due_at <= :now)))
        ORDER BY max(n.due_at, n.lease_until) LIMIT :limit";
    let mut statement = connection.prepare_cached(sql)?;
    let asked = named_params! {
        ":now": claim.now, ":of": claim.bucket.of(), ":index": claim.bucket.index(),
        ":limit": claim.limit.min(LISTED_ROWS_MAX),
    };
    let claimed: Vec<ClaimedNotification> = statement
        .query_map(asked, |row| {
            Ok(ClaimedNotification {
                site_id: row.get(0)?,
                key: row.get(1)?,
                seq: row.get(2)?,
                event: row.get(3)?,
                attempts: row.get(4)?,
                first_attempt_at: row.get::<_, Option<i64>>(5)?.unwrap_or(claim.now),
                due_at: row.get(6)?,
                subject: row.get(7)?,
                lease: claim.lease_until,
            })
        })?
        .collect::<Result<_, _>>()?;
    for one in &claimed {
        let sql = "UPDATE notifications SET lease_until = ?3, first_attempt_at = ?4 \
            WHERE key = ?1 AND seq = ?2";
        let row = params![one.key, one.seq, one.lease, one.first_attempt_at];
        connection.prepare_cached(sql)?.execute(row)?;
    }
    Ok(claimed)
}

fn finish_notification(
    connection: &Connection,
    result: &NotificationResult,
) -> rusqlite::Result<()> {
    let NotificationResult { site_id, key, seq, lease, delivery, next } = result;
    let sql = "INSERT INTO deliveries (site_id, key, seq, attempt, at, triggered_by, method, \
        url, http_status, latency_ms, reply, error_class) \
        SELECT site_id, key, seq, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12 FROM notifications \
        WHERE key = ?1 AND seq = ?2 AND site_id = ?3 ON CONFLICT DO NOTHING";
    connection.prepare_cached(sql)?.execute(params![
        key,
        seq,
        site_id,
        delivery.attempt,
        delivery.at,
        delivery.trigger,
        delivery.method,
        delivery.url,
        delivery.http_status,
        delivery.latency_ms,
        delivery.reply,
        delivery.error_class,
    ])?;
    let (state, due_at) = match next {
        NotificationNext::Unchanged => return Ok(()),
        NotificationNext::Acknowledged => (NotificationState::Acknowledged, None),
        NotificationNext::RetryAt(at) => (NotificationState::Pending, Some(at)),
        NotificationNext::Exhausted => (NotificationState::Exhausted, None),
    };
    let is_acknowledged = *next == NotificationNext::Acknowledged;
    let sql = "UPDATE notifications SET state = ?4, due_at = ?5, lease_until = 0, \
        attempts = max(attempts, ?6) \
        WHERE key = ?1 AND seq = ?2 AND site_id = ?3 AND (?7 OR lease_until = ?8)";
    connection.prepare_cached(sql)?.execute(params![
        key,
        seq,
        site_id,
        state.as_str(),
        due_at,
        delivery.attempt,
        is_acknowledged,
        lease,
    ])?;
    if is_acknowledged {
        // They would deliver the same snapshot of the same part once more.
        let sql = "UPDATE notifications SET state = ?4, due_at = NULL, lease_until = 0 \
            WHERE key = ?1 AND seq < ?2 AND site_id = ?3 AND due_at IS NOT NULL AND subject = \
                (SELECT subject FROM notifications WHERE key = ?1 AND seq = ?2)";
        let superseded = NotificationState::Superseded.as_str();
        connection.prepare_cached(sql)?.execute(params![key, seq, site_id, superseded])?;
    }
    Ok(())
}

fn claim_timers(connection: &Connection, claim: &Claim) -> rusqlite::Result<Vec<ClaimedTimer>> {
    let sql = "SELECT site_id, key, kind, due_at FROM timers \
        WHERE max(due_at, lease_until) <= ?1 AND key % ?2 = ?3 \
        ORDER BY max(due_at, lease_until) LIMIT ?4";
    let mut statement = connection.prepare_cached(sql)?;
    let limit = claim.limit.min(LISTED_ROWS_MAX);
    let asked = params![claim.now, claim.bucket.of(), claim.bucket.index(), limit];
    let claimed: Vec<ClaimedTimer> = statement
        .query_map(asked, |row| {
            Ok(ClaimedTimer {
                site_id: row.get(0)?,
                key: row.get(1)?,
                kind: row.get(2)?,
                due_at: row.get(3)?,
                lease: claim.lease_until,
            })
        })?
        .collect::<Result<_, _>>()?;
    for one in &claimed {
        let sql = "UPDATE timers SET lease_until = ?3 WHERE key = ?1 AND kind = ?2";
        connection.prepare_cached(sql)?.execute(params![one.key, one.kind, one.lease])?;
    }
    Ok(claimed)
}

fn claim_advices(connection: &Connection, claim: &Claim) -> rusqlite::Result<Vec<ClaimedAdvice>> {
    let sql = "
        SELECT n.site_id, n.key, n.seq, n.kind, n.link, n.attempts, n.first_attempt_at, n.due_at,
            n.body
        FROM advices n
        WHERE n.due_at IS NOT NULL AND max(n.due_at, n.lease_until) <= ?1 AND n.key % ?2 = ?3
            AND NOT EXISTS (
                SELECT 1 FROM advices o
                WHERE o.key = n.key AND o.chain = n.chain AND o.seq < n.seq
                    AND o.due_at IS NOT NULL)
        ORDER BY max(n.due_at, n.lease_until) LIMIT ?4";
    let mut statement = connection.prepare_cached(sql)?;
    let limit = claim.limit.min(LISTED_ROWS_MAX);
    let asked = params![claim.now, claim.bucket.of(), claim.bucket.index(), limit];
    let claimed: Vec<ClaimedAdvice> = statement
        .query_map(asked, |row| {
            Ok(ClaimedAdvice {
                site_id: row.get(0)?,
                key: row.get(1)?,
                seq: row.get(2)?,
                kind: row.get(3)?,
                link: row.get(4)?,
                attempts: row.get(5)?,
                first_attempt_at: row.get::<_, Option<i64>>(6)?.unwrap_or(claim.now),
                due_at: row.get(7)?,
                body: row.get(8)?,
                lease: claim.lease_until,
            })
        })?
        .collect::<Result<_, _>>()?;
    for one in &claimed {
        let sql = "UPDATE advices SET lease_until = ?3, first_attempt_at = ?4 \
            WHERE key = ?1 AND seq = ?2";
        let row = params![one.key, one.seq, one.lease, one.first_attempt_at];
        connection.prepare_cached(sql)?.execute(row)?;
    }
    Ok(claimed)
}
