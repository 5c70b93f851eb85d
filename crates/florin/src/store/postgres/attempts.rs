//! Counts of attempts to pay.

use async_trait::async_trait;
use tokio_postgres::types::ToSql;

use super::super::{
    Attempts, COUNTED_ATTEMPTS_MAX, LISTED_ROWS_MAX, SiteId, StoreError, Velocity, VelocityQuery,
};
use super::{PostgresStore, only};
use crate::clock::UnixMillis;

/// Nobody has an address that is null, so an unknown one counts nothing.
const COUNT: &str = "
    SELECT i.attempts, i.declines, i.other_cards, e.other_cards, b.attempts, b.declines,
        c.declined_at, c.for_good, s.declines
    FROM (SELECT count(*) FILTER (WHERE at >= $8 AND outcome = 0) AS attempts,
            count(*) FILTER (WHERE at >= $8 AND outcome > 0) AS declines,
            count(DISTINCT card) FILTER (WHERE card <> $5) AS other_cards
        FROM (SELECT at, outcome, card FROM attempts WHERE site_id = $1 AND ip = $2 AND at >= $6
            ORDER BY at DESC LIMIT $11) newest) i,
        (SELECT count(DISTINCT card) FILTER (WHERE card <> $5) AS other_cards
        FROM (SELECT card FROM attempts WHERE site_id = $1 AND email = $3 AND at >= $6
            ORDER BY at DESC LIMIT $11) newest) e,
        (SELECT count(*) FILTER (WHERE outcome = 0) AS attempts,
            count(*) FILTER (WHERE outcome > 0) AS declines
        FROM (SELECT outcome FROM attempts WHERE site_id = $1 AND bin = $4 AND at >= $8
            ORDER BY at DESC LIMIT $12) newest) b,
        (SELECT array_agg(at ORDER BY at DESC) AS declined_at, max(for_good) AS for_good
        FROM (SELECT at, for_good FROM declines
            WHERE site_id = $1 AND card = $5 AND amount = $9 AND currency = $10
                AND counts_until > $13
            ORDER BY at DESC LIMIT $7) newest) c,
        (SELECT count(*) AS declines
        FROM (SELECT 1 FROM attempts WHERE site_id = $1 AND at >= $8 AND outcome > 0
            ORDER BY at DESC LIMIT $7) newest) s";

/// Each site's oldest rows are at the left edge of its part of the key. What another process is
/// just deleting is passed over.
const PRUNE: &str = "
    WITH old AS MATERIALIZED (
        SELECT o.site_id, o.at, o.key, o.attempt
        FROM sites s CROSS JOIN LATERAL (
            SELECT a.site_id, a.at, a.key, a.attempt FROM attempts a
            WHERE a.site_id = s.site_id AND a.at < $1 ORDER BY a.at LIMIT $2
            FOR UPDATE SKIP LOCKED
        ) o
        LIMIT $2
    ), deleted AS (
        DELETE FROM attempts a USING old o
        WHERE a.site_id = o.site_id AND a.at = o.at AND a.key = o.key AND a.attempt = o.attempt
        RETURNING 1
    )
    SELECT count(*) FROM deleted";

const PRUNE_DECLINES: &str = "
    WITH old AS MATERIALIZED (
        SELECT site_id, card, amount, currency, at, key, attempt FROM declines
        WHERE counts_until <= $1 ORDER BY counts_until LIMIT $2 FOR UPDATE SKIP LOCKED
    ), deleted AS (
        DELETE FROM declines d USING old o
        WHERE d.site_id = o.site_id AND d.card = o.card AND d.amount = o.amount
            AND d.currency = o.currency AND d.at = o.at AND d.key = o.key
            AND d.attempt = o.attempt
        RETURNING 1
    )
    SELECT count(*) FROM deleted";

#[async_trait]
impl Attempts for PostgresStore {
    async fn velocity(
        &self,
        site: SiteId,
        query: VelocityQuery<'_>,
    ) -> Result<Velocity, StoreError> {
        const DOING: &str = "count attempts";
        let VelocityQuery { ip, email, bin, card, amount, currency, now, .. } = query;
        let VelocityQuery { since, window_since, .. } = query;
        let rows = |asked: u32| i64::from(asked.min(COUNTED_ATTEMPTS_MAX));
        let (payer_rows, bin_rows) = (rows(query.payer_rows), rows(query.bin_rows));
        let (email, card) = (email.as_ref().map(<[u8; 32]>::as_slice), card.as_slice());
        let limit = i64::from(COUNTED_ATTEMPTS_MAX);
        let asked: [&(dyn ToSql + Sync); 13] = [
            &site,
            &ip,
            &email,
            &bin,
            &card,
            &since,
            &limit,
            &window_since,
            &amount,
            &currency,
            &payer_rows,
            &bin_rows,
            &now,
        ];
        let rows = self.read(DOING, COUNT, &asked).await?;
        let row = only(DOING, &rows)?;
        let count = |index: usize| u32::try_from(row.get::<_, i64>(index)).unwrap_or(u32::MAX);
        let with_this_one = |others: u32| others.saturating_add(1);
        Ok(Velocity {
            attempts_by_ip: count(0),
            declines_by_ip: count(1),
            cards_by_ip: ip.map_or(0, |_| with_this_one(count(2))),
            cards_by_email: email.map_or(0, |_| with_this_one(count(3))),
            attempts_by_bin: count(4),
            declines_by_bin: count(5),
            declines_of_payment: row.get::<_, Option<Vec<i64>>>(6).unwrap_or_default(),
            declined_for_good: row.get::<_, Option<i32>>(7) == Some(1),
            declines_by_site: count(8),
        })
    }

    async fn prune_attempts(&self, before: UnixMillis, limit: u32) -> Result<u64, StoreError> {
        const DOING: &str = "delete old attempts";
        let limit = i64::from(limit.min(LISTED_ROWS_MAX));
        let rows = self.write(DOING, PRUNE, &[&before, &limit]).await?;
        Ok(u64::try_from(only(DOING, &rows)?.get::<_, i64>(0)).unwrap_or(0))
    }

    async fn prune_declines(&self, until: UnixMillis, limit: u32) -> Result<u64, StoreError> {
        const DOING: &str = "delete old declines";
        let limit = i64::from(limit.min(LISTED_ROWS_MAX));
        let rows = self.write(DOING, PRUNE_DECLINES, &[&until, &limit]).await?;
        Ok(u64::try_from(only(DOING, &rows)?.get::<_, i64>(0)).unwrap_or(0))
    }
}
