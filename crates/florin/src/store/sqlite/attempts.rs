//! Counts of attempts to pay.

use async_trait::async_trait;
use rusqlite::params;

use super::super::{
    Attempts, COUNTED_ATTEMPTS_MAX, LISTED_ROWS_MAX, SiteId, StoreError, Velocity, VelocityQuery,
};
use super::SqliteStore;
use crate::clock::UnixMillis;

#[async_trait]
impl Attempts for SqliteStore {
    async fn velocity(
        &self,
        site: SiteId,
        query: VelocityQuery<'_>,
    ) -> Result<Velocity, StoreError> {
        let VelocityQuery { email, card, now, since, window_since, amount, .. } = query;
        let (ip, bin) = (query.ip.map(str::to_owned), query.bin.to_owned());
        let currency = query.currency.to_owned();
        let payer_rows = query.payer_rows.min(COUNTED_ATTEMPTS_MAX);
        let bin_rows = query.bin_rows.min(COUNTED_ATTEMPTS_MAX);
        self.read("count attempts", move |connection| {
            let mut velocity = Velocity::default();
            if let Some(ip) = ip {
                let sql = "SELECT count(*) FILTER (WHERE at >= ?6 AND outcome = 0), \
                        count(*) FILTER (WHERE at >= ?6 AND outcome > 0), \
                        count(DISTINCT CASE WHEN card <> ?5 THEN card END) \
                    FROM (SELECT at, outcome, card FROM attempts WHERE site_id = ?1 AND ip = ?2 \
                        AND at >= ?3 ORDER BY at DESC LIMIT ?4)";
                let asked = params![site, ip, since, payer_rows, card, window_since];
                let (attempts, declines, other_cards): (u32, u32, u32) = connection
                    .prepare_cached(sql)?
                    .query_row(asked, |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?;
                velocity.attempts_by_ip = attempts;
                velocity.declines_by_ip = declines;
                velocity.cards_by_ip = other_cards.saturating_add(1);
            }
            if let Some(email) = email {
                let sql = "SELECT count(DISTINCT CASE WHEN card <> ?5 THEN card END) \
                    FROM (SELECT card FROM attempts WHERE site_id = ?1 AND email = ?2 \
                        AND at >= ?3 ORDER BY at DESC LIMIT ?4)";
                let asked = params![site, email, since, payer_rows, card];
                let other_cards: u32 =
                    connection.prepare_cached(sql)?.query_row(asked, |row| row.get(0))?;
                velocity.cards_by_email = other_cards.saturating_add(1);
            }
            let pair = |row: &rusqlite::Row<'_>| Ok((row.get(0)?, row.get(1)?));
            let by_bin = "SELECT count(*) FILTER (WHERE outcome = 0), \
                    count(*) FILTER (WHERE outcome > 0) \
                FROM (SELECT outcome FROM attempts WHERE site_id = ?1 AND bin = ?2 AND at >= ?3 \
                    ORDER BY at DESC LIMIT ?4)";
            let asked = params![site, bin, window_since, bin_rows];
            (velocity.attempts_by_bin, velocity.declines_by_bin) =
                connection.prepare_cached(by_bin)?.query_row(asked, pair)?;
            let of_payment = "SELECT at, for_good FROM declines WHERE site_id = ?1 AND card = ?2 \
                AND amount = ?3 AND currency = ?4 AND counts_until > ?5 \
                ORDER BY at DESC, key DESC LIMIT ?6";
            let asked = params![site, card, amount, currency, now, COUNTED_ATTEMPTS_MAX];
            let mut statement = connection.prepare_cached(of_payment)?;
            let mut rows = statement.query(asked)?;
            while let Some(row) = rows.next()? {
                velocity.declines_of_payment.push(row.get(0)?);
                velocity.declined_for_good |= row.get::<_, bool>(1)?;
            }
            let of_site = "SELECT count(*) FROM (SELECT 1 FROM attempts \
                WHERE site_id = ?1 AND at >= ?2 AND outcome > 0 ORDER BY at DESC LIMIT ?3)";
            let asked = params![site, window_since, COUNTED_ATTEMPTS_MAX];
            velocity.declines_by_site =
                connection.prepare_cached(of_site)?.query_row(asked, |row| row.get(0))?;
            Ok(velocity)
        })
        .await
    }

    async fn prune_attempts(&self, before: UnixMillis, limit: u32) -> Result<u64, StoreError> {
        let limit = limit.min(LISTED_ROWS_MAX);
        self.write("delete old attempts", move |connection| {
            let sql = "DELETE FROM attempts WHERE (at, key, attempt) IN \
                (SELECT at, key, attempt FROM attempts WHERE at < ?1 ORDER BY at LIMIT ?2)";
            let deleted = connection.prepare_cached(sql)?.execute(params![before, limit])?;
            Ok(u64::try_from(deleted).unwrap_or(u64::MAX))
        })
        .await
    }

    async fn prune_declines(&self, until: UnixMillis, limit: u32) -> Result<u64, StoreError> {
        let limit = limit.min(LISTED_ROWS_MAX);
        self.write("delete old declines", move |connection| {
            let sql = "DELETE FROM declines \
                WHERE (site_id, card, amount, currency, at, key, attempt) IN \
                (SELECT site_id, card, amount, currency, at, key, attempt FROM declines \
                    WHERE counts_until <= ?1 ORDER BY counts_until LIMIT ?2)";
            let deleted = connection.prepare_cached(sql)?.execute(params![until, limit])?;
            Ok(u64::try_from(deleted).unwrap_or(u64::MAX))
        })
        .await
    }
}
