//! Counts of attempts to pay.

use async_trait::async_trait;
use rusqlite::{Connection, params};

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
        let VelocityQuery { email, card, since, .. } = query;
        let (ip, bin) = (query.ip.map(str::to_owned), query.bin.to_owned());
        self.read("count attempts", move |connection| {
            let mut velocity = Velocity::default();
            if let Some(ip) = ip {
                let sql = "SELECT count(*), count(DISTINCT CASE WHEN card <> ?5 THEN card END) \
                    FROM (SELECT card FROM attempts WHERE site_id = ?1 AND ip = ?2 AND at >= ?3 \
                        ORDER BY at DESC LIMIT ?4)";
                let mut statement = connection.prepare_cached(sql)?;
                let asked = params![site, ip, since, COUNTED_ATTEMPTS_MAX, card];
                let (attempts, other_cards): (u32, u32) =
                    statement.query_row(asked, |row| Ok((row.get(0)?, row.get(1)?)))?;
                velocity.attempts_by_ip = attempts;
                velocity.cards_by_ip = other_cards.saturating_add(1);
            }
            if let Some(email) = email {
                let sql = "SELECT count(DISTINCT CASE WHEN card <> ?5 THEN card END) \
                    FROM (SELECT card FROM attempts WHERE site_id = ?1 AND email = ?2 \
                        AND at >= ?3 ORDER BY at DESC LIMIT ?4)";
                let mut statement = connection.prepare_cached(sql)?;
                let asked = params![site, email, since, COUNTED_ATTEMPTS_MAX, card];
                let other_cards: u32 = statement.query_row(asked, |row| row.get(0))?;
                velocity.cards_by_email = other_cards.saturating_add(1);
            }
            let by_bin = "SELECT count(*) FROM (SELECT 1 FROM attempts \
                WHERE site_id = ?1 AND bin = ?2 AND at >= ?3 ORDER BY at DESC LIMIT ?4)";
            velocity.attempts_by_bin = count(connection, by_bin, site, &bin, since)?;
            let by_card = "SELECT count(*) FROM (SELECT 1 FROM attempts \
                WHERE site_id = ?1 AND card = ?2 AND at >= ?3 ORDER BY at DESC LIMIT ?4)";
            velocity.attempts_by_card = count(connection, by_card, site, &card, since)?;
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
}

fn count(
    connection: &Connection,
    sql: &str,
    site: SiteId,
    of: &dyn rusqlite::ToSql,
    since: UnixMillis,
) -> rusqlite::Result<u32> {
    let asked = params![site, of, since, COUNTED_ATTEMPTS_MAX];
    connection.prepare_cached(sql)?.query_row(asked, |row| row.get(0))
}
