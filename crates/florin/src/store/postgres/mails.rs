//! Mails and mailboxes.

use async_trait::async_trait;
use tokio_postgres::Row;
use tokio_postgres::types::ToSql;

use super::super::mails::MAIL_COLUMNS;
use super::super::{LISTED_ROWS_MAX, MailRow, MailState, Mails, OrderKey, SiteId, StoreError};
use super::cells::RowCells;
use super::{PostgresStore, only};
use crate::clock::UnixMillis;

fn mail_row(doing: &'static str, row: &Row) -> Result<MailRow, StoreError> {
    MailRow::read(RowCells::of(doing, row))
}

#[async_trait]
impl Mails for PostgresStore {
    async fn mail(
        &self,
        site: SiteId,
        key: OrderKey,
        name: &str,
    ) -> Result<Option<MailRow>, StoreError> {
        const DOING: &str = "read a mail";
        let sql = format!(
            "SELECT {MAIL_COLUMNS} FROM mails WHERE site_id = $1 AND key = $2 AND name = $3"
        );
        let rows = self.read(DOING, &sql, &[&site, &key, &name]).await?;
        rows.first().map(|row| mail_row(DOING, row)).transpose()
    }

    async fn keep_mail(&self, mail: MailRow, newest_max: Option<u32>) -> Result<(), StoreError> {
        const DOING: &str = "keep a mail";
        mail.check(DOING)?;
        let sql = format!(
            "INSERT INTO mails ({MAIL_COLUMNS}) \
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12) \
             ON CONFLICT (site_id, key, name) DO UPDATE SET order_id = excluded.order_id, \
                 recipient = excluded.recipient, subject = excluded.subject, \
                 plain = excluded.plain, html = excluded.html, state = excluded.state, \
                 attempts = excluded.attempts, note = excluded.note"
        );
        let state = mail.state.as_str();
        let row: [&(dyn ToSql + Sync); 12] = [
            &mail.site_id,
            &mail.key,
            &mail.name,
            &mail.order_id,
            &mail.recipient,
            &mail.subject,
            &mail.plain,
            &mail.html,
            &mail.at,
            &state,
            &mail.attempts,
            &mail.note,
        ];
        self.write(DOING, &sql, &row).await?;
        if let Some(newest_max) = newest_max {
            let sql = "DELETE FROM mails m USING \
                (SELECT site_id, key, name FROM mails WHERE site_id = $1 \
                    ORDER BY at DESC, key DESC, name DESC OFFSET $2) d \
                WHERE m.site_id = d.site_id AND m.key = d.key AND m.name = d.name";
            self.write(DOING, sql, &[&mail.site_id, &i64::from(newest_max)]).await?;
        }
        Ok(())
    }

    async fn mails(&self, site: SiteId, limit: u32) -> Result<Vec<MailRow>, StoreError> {
        const DOING: &str = "list mails";
        let limit = i64::from(limit.min(LISTED_ROWS_MAX));
        let sql = format!(
            "SELECT {MAIL_COLUMNS} FROM mails WHERE site_id = $1 \
             ORDER BY at DESC, key DESC, name DESC LIMIT $2"
        );
        let rows = self.read(DOING, &sql, &[&site, &limit]).await?;
        rows.iter().map(|row| mail_row(DOING, row)).collect()
    }

    async fn delete_mails(&self, site: SiteId) -> Result<u64, StoreError> {
        const DOING: &str = "empty a mailbox";
        let sql = "WITH deleted AS \
            (DELETE FROM mails WHERE site_id = $1 AND state <> $2 RETURNING 1) \
            SELECT count(*) FROM deleted";
        let rows = self.write(DOING, sql, &[&site, &MailState::Waiting.as_str()]).await?;
        Ok(u64::try_from(only(DOING, &rows)?.get::<_, i64>(0)).unwrap_or(0))
    }

    async fn prune_mails(&self, before: UnixMillis, limit: u32) -> Result<u64, StoreError> {
        const DOING: &str = "delete old mails";
        // What another process is just deleting is passed over.
        let sql = "WITH old AS MATERIALIZED \
            (SELECT site_id, key, name FROM mails WHERE at < $1 ORDER BY at LIMIT $2 \
                FOR UPDATE SKIP LOCKED), \
            deleted AS (DELETE FROM mails m USING old o \
                WHERE m.site_id = o.site_id AND m.key = o.key AND m.name = o.name RETURNING 1) \
            SELECT count(*) FROM deleted";
        let limit = i64::from(limit.min(LISTED_ROWS_MAX));
        let rows = self.write(DOING, sql, &[&before, &limit]).await?;
        Ok(u64::try_from(only(DOING, &rows)?.get::<_, i64>(0)).unwrap_or(0))
    }

    async fn has_tried_elsewhere(
        &self,
        site: SiteId,
        email: [u8; 32],
        since: UnixMillis,
        except: OrderKey,
    ) -> Result<bool, StoreError> {
        let sql = "SELECT 1 FROM attempts WHERE site_id = $1 AND email = $2 AND at >= $3 \
            AND key <> $4 LIMIT 1";
        let asked: [&(dyn ToSql + Sync); 4] = [&site, &email.as_slice(), &since, &except];
        Ok(!self.read("look for another attempt", sql, &asked).await?.is_empty())
    }
}
