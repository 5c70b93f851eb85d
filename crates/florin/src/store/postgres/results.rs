//! What workers report about deliveries and advices, in batches.
//!
//! Only the owner of a lease decides what comes next; the record of what happened is kept anyway.

use std::collections::HashSet;

use tokio_postgres::{Client, Error, Statement};

use super::super::{AdviceChange, NotificationNext, NotificationResult, OrderKey, SiteId};
use super::committer::Batch;
use crate::clock::UnixMillis;

/// Attempts to deliver notifications, in batches.
pub(super) struct Deliveries;

impl Batch for Deliveries {
    type Change = NotificationResult;
    const DOING: &'static str = "record a delivery";
    /// An acknowledgement counts from anybody, since it is true whoever heard it.
    const SQL: &'static str = "
        WITH result AS MATERIALIZED (
            SELECT * FROM unnest($1::bigint[], $2::bigint[], $3::int[], $4::bigint[], $5::text[],
                $6::bigint[], $7::int[], $8::bigint[], $9::text[], $10::text[], $11::text[],
                $12::int[], $13::bigint[], $14::text[], $15::text[])
                AS r (site_id, key, seq, lease, state, due_at, attempt, at, triggered_by, method,
                    url, http_status, latency_ms, reply, error_class)
        ), kept AS (
            INSERT INTO deliveries (site_id, key, seq, attempt, at, triggered_by, method, url,
                http_status, latency_ms, reply, error_class)
            SELECT r.site_id, r.key, r.seq, r.attempt, r.at, r.triggered_by, r.method, r.url,
                r.http_status, r.latency_ms, r.reply, r.error_class
            FROM result r JOIN notifications n
                ON n.site_id = r.site_id AND n.key = r.key AND n.seq = r.seq
            ON CONFLICT DO NOTHING
        ), finished AS (
            UPDATE notifications n
            SET state = r.state, due_at = r.due_at, lease_until = 0,
                attempts = GREATEST(n.attempts, r.attempt)
            FROM result r
            WHERE n.site_id = r.site_id AND n.key = r.key AND n.seq = r.seq
                AND r.state IS NOT NULL
                AND (r.state = 'acknowledged' OR n.lease_until = r.lease)
        ), superseded AS (
            UPDATE notifications n SET state = 'superseded', due_at = NULL, lease_until = 0
            FROM result r
            WHERE n.site_id = r.site_id AND n.key = r.key AND n.seq < r.seq
                AND r.state = 'acknowledged' AND n.due_at IS NOT NULL
                AND n.subject = (SELECT o.subject FROM notifications o
                    WHERE o.site_id = r.site_id AND o.key = r.key AND o.seq = r.seq)
        )
        SELECT site_id, key FROM result";

    fn place(result: &NotificationResult) -> (SiteId, OrderKey) {
        (result.site_id, result.key)
    }

    async fn run(
        client: &Client,
        statement: &Statement,
        results: &[&NotificationResult],
    ) -> Result<HashSet<(SiteId, OrderKey)>, Error> {
        let sites: Vec<i64> = results.iter().map(|it| it.site_id).collect();
        let keys: Vec<i64> = results.iter().map(|it| it.key).collect();
        let seqs: Vec<i32> = results.iter().map(|it| it.seq).collect();
        let leases: Vec<i64> = results.iter().map(|it| it.lease).collect();
        let states: Vec<Option<&str>> = results.iter().map(|it| state_after(it.next)).collect();
        let due_at: Vec<Option<i64>> = results.iter().map(|it| due_after(it.next)).collect();
        let attempts: Vec<i32> = results.iter().map(|it| it.delivery.attempt).collect();
        let at: Vec<i64> = results.iter().map(|it| it.delivery.at).collect();
        let triggers: Vec<&str> = results.iter().map(|it| it.delivery.trigger.as_str()).collect();
        let methods: Vec<&str> = results.iter().map(|it| it.delivery.method.as_str()).collect();
        let urls: Vec<&str> = results.iter().map(|it| it.delivery.url.as_str()).collect();
        let statuses: Vec<Option<i32>> = results.iter().map(|it| it.delivery.http_status).collect();
        let latencies: Vec<i64> = results.iter().map(|it| it.delivery.latency_ms).collect();
        let replies: Vec<&str> = results.iter().map(|it| it.delivery.reply.as_str()).collect();
        let errors: Vec<Option<&str>> =
            results.iter().map(|it| it.delivery.error_class.as_deref()).collect();
        let done = client
            .query(
                statement,
                &[
                    &sites, &keys, &seqs, &leases, &states, &due_at, &attempts, &at, &triggers,
                    &methods, &urls, &statuses, &latencies, &replies, &errors,
                ],
            )
            .await?;
        Ok(done.iter().map(|row| (row.get(0), row.get(1))).collect())
    }
}

fn state_after(next: NotificationNext) -> Option<&'static str> {
    use super::super::NotificationState::{Acknowledged, Exhausted, Pending};
    match next {
        NotificationNext::Acknowledged => Some(Acknowledged.as_str()),
        NotificationNext::RetryAt(_) => Some(Pending.as_str()),
        NotificationNext::Exhausted => Some(Exhausted.as_str()),
        NotificationNext::Unchanged => None,
    }
}

fn due_after(next: NotificationNext) -> Option<UnixMillis> {
    match next {
        NotificationNext::RetryAt(at) => Some(at),
        NotificationNext::Acknowledged
        | NotificationNext::Exhausted
        | NotificationNext::Unchanged => None,
    }
}

/// What came of sending an advice.
pub(super) struct AdviceResult {
    pub(super) site_id: SiteId,
    pub(super) key: OrderKey,
    pub(super) lease: UnixMillis,
    /// Anything but [`AdviceChange::Owe`].
    pub(super) change: AdviceChange,
}

/// What came of sending advices, in batches.
pub(super) struct AdviceResults;

impl Batch for AdviceResults {
    type Change = AdviceResult;
    const DOING: &'static str = "record an advice";
    /// With a body an advice is rewritten. Without a note it is settled; with one but without an
    /// instant it is stopped.
    const SQL: &'static str = "
        WITH result AS MATERIALIZED (
            SELECT * FROM unnest($1::bigint[], $2::bigint[], $3::int[], $4::bigint[],
                $5::bigint[], $6::int[], $7::text[], $8::text[])
                AS r (site_id, key, seq, lease, due_at, attempts, note, body)
        ), settled AS (
            DELETE FROM advices a USING result r
            WHERE a.site_id = r.site_id AND a.key = r.key AND a.seq = r.seq
                AND a.lease_until = r.lease AND r.note IS NULL AND r.body IS NULL
            RETURNING a.site_id, a.key
        ), moved AS (
            UPDATE advices a
            SET due_at = r.due_at, lease_until = 0, attempts = COALESCE(r.attempts, a.attempts),
                note = r.note
            FROM result r
            WHERE a.site_id = r.site_id AND a.key = r.key AND a.seq = r.seq
                AND a.lease_until = r.lease AND r.note IS NOT NULL
            RETURNING a.site_id, a.key
        ), rewritten AS (
            UPDATE advices a SET body = r.body
            FROM result r
            WHERE a.site_id = r.site_id AND a.key = r.key AND a.seq = r.seq
                AND a.lease_until = r.lease AND r.body IS NOT NULL
            RETURNING a.site_id, a.key
        )
        SELECT site_id, key FROM settled UNION ALL SELECT site_id, key FROM moved
        UNION ALL SELECT site_id, key FROM rewritten";

    fn place(result: &AdviceResult) -> (SiteId, OrderKey) {
        (result.site_id, result.key)
    }

    async fn run(
        client: &Client,
        statement: &Statement,
        results: &[&AdviceResult],
    ) -> Result<HashSet<(SiteId, OrderKey)>, Error> {
        let sites: Vec<i64> = results.iter().map(|it| it.site_id).collect();
        let keys: Vec<i64> = results.iter().map(|it| it.key).collect();
        let seqs: Vec<i32> = results.iter().map(|it| it.change.seq()).collect();
        let leases: Vec<i64> = results.iter().map(|it| it.lease).collect();
        let mut due_at: Vec<Option<i64>> = Vec::with_capacity(results.len());
        let mut attempts: Vec<Option<i32>> = Vec::with_capacity(results.len());
        let mut notes: Vec<Option<&str>> = Vec::with_capacity(results.len());
        let mut bodies: Vec<Option<&str>> = Vec::with_capacity(results.len());
        for result in results {
            let (due, tried, note, body) = match &result.change {
                AdviceChange::Postpone { due_at, attempts, note, .. } => {
                    (Some(*due_at), Some(*attempts), Some(note.as_str()), None)
                }
                AdviceChange::Stop { note, .. } => (None, None, Some(note.as_str()), None),
                AdviceChange::Rewrite { body, .. } => (None, None, None, Some(body.as_str())),
                AdviceChange::Owe(_) | AdviceChange::Settle { .. } => (None, None, None, None),
            };
            bodies.push(body);
            due_at.push(due);
            attempts.push(tried);
            notes.push(note);
        }
        let values: [&(dyn tokio_postgres::types::ToSql + Sync); 8] =
            [&sites, &keys, &seqs, &leases, &due_at, &attempts, &notes, &bodies];
        let done = client.query(statement, &values).await?;
        Ok(done.iter().map(|row| (row.get(0), row.get(1))).collect())
    }
}
