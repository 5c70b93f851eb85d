//! Work that is due, claimed by any number of workers at once.
//!
//! A row that another worker is just claiming is passed over, not waited for.

use async_trait::async_trait;
use tokio_postgres::types::ToSql;

use super::super::{
    AdviceChange, Claim, ClaimedAdvice, ClaimedNotification, ClaimedTimer, Committed, Dues,
    LISTED_ROWS_MAX, NotificationResult, OrderKey, SiteId, StoreError, TimerNext, as_kept,
};
use super::results::AdviceResult;
use super::{PostgresStore, only};
use crate::clock::UnixMillis;

/// Of one order at most one notification is under way. What is true of the others is only certain
/// once they are locked: so all that are pending are locked, and an order of which one is locked
/// by someone else, has just been claimed, or has just been finished is left for the next time.
const CLAIM_NOTIFICATIONS: &str = "
    WITH waiting AS MATERIALIZED (
        SELECT n.site_id, n.key FROM notifications n
        WHERE n.due_at IS NOT NULL AND GREATEST(n.due_at, n.lease_until) <= $1
            AND n.key % $4 = $5
            AND NOT EXISTS (
                SELECT 1 FROM notifications o
                WHERE o.site_id = n.site_id AND o.key = n.key AND o.seq <> n.seq
                    AND o.due_at IS NOT NULL
                    AND (o.lease_until > $1 OR (o.seq < n.seq AND o.due_at <= $1)))
        ORDER BY GREATEST(n.due_at, n.lease_until) LIMIT $3
    ), pending AS MATERIALIZED (
        SELECT w.site_id, w.key, count(*) AS rows FROM waiting w
        JOIN notifications n ON n.site_id = w.site_id AND n.key = w.key
        WHERE n.due_at IS NOT NULL
        GROUP BY w.site_id, w.key
    ), locked AS MATERIALIZED (
        SELECT n.site_id, n.key, n.seq, n.due_at, n.lease_until FROM waiting w
        JOIN notifications n ON n.site_id = w.site_id AND n.key = w.key
        WHERE n.due_at IS NOT NULL
        FOR UPDATE OF n SKIP LOCKED
    ), chosen AS MATERIALIZED (
        SELECT l.site_id, l.key, min(l.seq) FILTER (WHERE l.due_at <= $1) AS seq
        FROM locked l JOIN pending p ON p.site_id = l.site_id AND p.key = l.key
        GROUP BY l.site_id, l.key, p.rows
        HAVING count(*) = p.rows AND max(l.lease_until) <= $1
    )
    UPDATE notifications n
    SET lease_until = $2, first_attempt_at = COALESCE(n.first_attempt_at, $1)
    FROM chosen c
    WHERE n.site_id = c.site_id AND n.key = c.key AND n.seq = c.seq
    RETURNING n.site_id, n.key, n.seq, n.event, n.attempts, n.first_attempt_at, n.due_at,
        n.subject";

const CLAIM_TIMERS: &str = "
    WITH due AS MATERIALIZED (
        SELECT site_id, key, kind FROM timers
        WHERE GREATEST(due_at, lease_until) <= $1 AND key % $4 = $5
        ORDER BY GREATEST(due_at, lease_until) LIMIT $3
        FOR UPDATE SKIP LOCKED
    )
    UPDATE timers t SET lease_until = $2 FROM due d
    WHERE t.site_id = d.site_id AND t.key = d.key AND t.kind = d.kind
    RETURNING t.site_id, t.key, t.kind, t.due_at";

/// An older advice of the chain is in the way until it is settled or stopped, claimed or not; so
/// there is no instant at which two of a chain could be claimed.
const CLAIM_ADVICES: &str = "
    WITH due AS MATERIALIZED (
        SELECT n.site_id, n.key, n.seq FROM advices n
        WHERE n.due_at IS NOT NULL AND GREATEST(n.due_at, n.lease_until) <= $1
            AND n.key % $4 = $5
            AND NOT EXISTS (
                SELECT 1 FROM advices o
                WHERE o.site_id = n.site_id AND o.key = n.key AND o.chain = n.chain
                    AND o.seq < n.seq AND o.due_at IS NOT NULL)
        ORDER BY GREATEST(n.due_at, n.lease_until) LIMIT $3
        FOR UPDATE OF n SKIP LOCKED
    )
    UPDATE advices n
    SET lease_until = $2, first_attempt_at = COALESCE(n.first_attempt_at, $1)
    FROM due d
    WHERE n.site_id = d.site_id AND n.key = d.key AND n.seq = d.seq
    RETURNING n.site_id, n.key, n.seq, n.kind, n.link, n.attempts, n.first_attempt_at, n.due_at,
        n.body";

/// Leaves out what waits for another one of its order: that one's end is looked at instead.
const NEXT_DUE: &str = "
    SELECT LEAST(
        (SELECT GREATEST(n.due_at, n.lease_until) FROM notifications n
            WHERE n.due_at IS NOT NULL AND NOT EXISTS (
                SELECT 1 FROM notifications o
                WHERE o.site_id = n.site_id AND o.key = n.key AND o.seq <> n.seq
                    AND o.due_at IS NOT NULL
                    AND o.lease_until > GREATEST(n.due_at, n.lease_until))
            ORDER BY GREATEST(n.due_at, n.lease_until) LIMIT 1),
        (SELECT GREATEST(due_at, lease_until) FROM timers
            ORDER BY GREATEST(due_at, lease_until) LIMIT 1),
        (SELECT GREATEST(n.due_at, n.lease_until) FROM advices n
            WHERE n.due_at IS NOT NULL AND NOT EXISTS (
                SELECT 1 FROM advices o
                WHERE o.site_id = n.site_id AND o.key = n.key AND o.chain = n.chain
                    AND o.seq < n.seq AND o.due_at IS NOT NULL)
            ORDER BY GREATEST(n.due_at, n.lease_until) LIMIT 1))";

#[async_trait]
impl Dues for PostgresStore {
    async fn claim_notifications(
        &self,
        claim: Claim,
    ) -> Result<Vec<ClaimedNotification>, StoreError> {
        let rows = self.claim("claim notifications", CLAIM_NOTIFICATIONS, claim).await?;
        let mut claimed: Vec<ClaimedNotification> = rows
            .iter()
            .map(|row| ClaimedNotification {
                site_id: row.get(0),
                key: row.get(1),
                seq: row.get(2),
                event: row.get(3),
                attempts: row.get(4),
                first_attempt_at: row.get(5),
                due_at: row.get(6),
                subject: row.get(7),
                lease: claim.lease_until,
            })
            .collect();
        claimed.sort_by_key(|one| (one.due_at, one.key));
        Ok(claimed)
    }

    async fn finish_notification(&self, mut result: NotificationResult) -> Result<(), StoreError> {
        result.delivery = as_kept(result.delivery);
        self.deliveries.commit(result).await.map(|_| ())
    }

    async fn claim_timers(&self, claim: Claim) -> Result<Vec<ClaimedTimer>, StoreError> {
        let rows = self.claim("claim timers", CLAIM_TIMERS, claim).await?;
        let mut claimed: Vec<ClaimedTimer> = rows
            .iter()
            .map(|row| ClaimedTimer {
                site_id: row.get(0),
                key: row.get(1),
                kind: row.get(2),
                due_at: row.get(3),
                lease: claim.lease_until,
            })
            .collect();
        claimed.sort_by_key(|one| (one.due_at, one.key));
        Ok(claimed)
    }

    async fn finish_timer(&self, timer: &ClaimedTimer, next: TimerNext) -> Result<(), StoreError> {
        const DOING: &str = "finish a timer";
        let ClaimedTimer { site_id, key, kind, lease, .. } = timer;
        let place: [&(dyn ToSql + Sync); 4] = [site_id, key, kind, lease];
        match next {
            TimerNext::Done => {
                let sql = "DELETE FROM timers \
                    WHERE site_id = $1 AND key = $2 AND kind = $3 AND lease_until = $4";
                self.write(DOING, sql, &place).await?;
            }
            TimerNext::At(due_at) => {
                let sql = "UPDATE timers SET due_at = $5, lease_until = 0 \
                    WHERE site_id = $1 AND key = $2 AND kind = $3 AND lease_until = $4";
                self.write(DOING, sql, &[site_id, key, kind, lease, &due_at]).await?;
            }
        }
        Ok(())
    }

    async fn claim_advices(&self, claim: Claim) -> Result<Vec<ClaimedAdvice>, StoreError> {
        let rows = self.claim("claim advices", CLAIM_ADVICES, claim).await?;
        let mut claimed: Vec<ClaimedAdvice> = rows
            .iter()
            .map(|row| ClaimedAdvice {
                site_id: row.get(0),
                key: row.get(1),
                seq: row.get(2),
                kind: row.get(3),
                link: row.get(4),
                attempts: row.get(5),
                first_attempt_at: row.get(6),
                due_at: row.get(7),
                body: row.get(8),
                lease: claim.lease_until,
            })
            .collect();
        claimed.sort_by_key(|one| (one.due_at, one.key, one.seq));
        Ok(claimed)
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
        self.advice_results.commit(AdviceResult { site_id: site, key, lease, change }).await
    }

    async fn release_leases(&self, _now: UnixMillis) -> Result<(), StoreError> {
        Err(StoreError::rejected("end leases", "other processes may hold them"))
    }

    async fn next_due(&self) -> Result<Option<UnixMillis>, StoreError> {
        const DOING: &str = "look for work";
        let rows = self.read(DOING, NEXT_DUE, &[]).await?;
        Ok(only(DOING, &rows)?.get(0))
    }
}

impl PostgresStore {
    async fn claim(
        &self,
        doing: &'static str,
        sql: &str,
        claim: Claim,
    ) -> Result<Vec<tokio_postgres::Row>, StoreError> {
        let limit = i64::from(claim.limit.min(LISTED_ROWS_MAX));
        let (of, index) = (claim.bucket.of(), claim.bucket.index());
        let asked: [&(dyn ToSql + Sync); 5] = [&claim.now, &claim.lease_until, &limit, &of, &index];
        self.write(doing, sql, &asked).await
    }
}
