//! Mails and mailboxes.

use async_trait::async_trait;
use rusqlite::{OptionalExtension, Row, params};

use super::super::mails::MAIL_COLUMNS;
use super::super::{LISTED_ROWS_MAX, MailRow, MailState, Mails, OrderKey, SiteId, StoreError};
use super::SqliteStore;
use super::cells::RowCells;
use crate::clock::UnixMillis;

fn mail_row(row: &Row<'_>) -> rusqlite::Result<MailRow> {
    MailRow::read(RowCells::of(row))
}

#[async_trait]
impl Mails for SqliteStore {
    async fn mail(
        &self,
        site: SiteId,
        key: OrderKey,
        name: &str,
    ) -> Result<Option<MailRow>, StoreError> {
        let name = name.to_owned();
        self.read("read a mail", move |connection| {
            let sql = format!(
                "SELECT {MAIL_COLUMNS} FROM mails WHERE key = ?1 AND name = ?2 AND site_id = ?3"
            );
            let mut statement = connection.prepare_cached(&sql)?;
            statement.query_row(params![key, name, site], mail_row).optional()
        })
        .await
    }

    async fn keep_mail(&self, mail: MailRow, newest_max: Option<u32>) -> Result<(), StoreError> {
        const DOING: &str = "keep a mail";
        mail.check(DOING)?;
        self.write(DOING, move |connection| {
            let sql = format!(
                "INSERT INTO mails ({MAIL_COLUMNS}) \
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12) \
                 ON CONFLICT (key, name) DO UPDATE SET order_id = excluded.order_id, \
                     recipient = excluded.recipient, subject = excluded.subject, \
                     plain = excluded.plain, html = excluded.html, state = excluded.state, \
                     attempts = excluded.attempts, note = excluded.note"
            );
            let state = mail.state.as_str();
            let MailRow { site_id, key, name, order_id, recipient, .. } = &mail;
            let MailRow { subject, plain, html, at, attempts, note, .. } = &mail;
            let row = params![
                site_id, key, name, order_id, recipient, subject, plain, html, at, state, attempts,
                note
            ];
            connection.prepare_cached(&sql)?.execute(row)?;
            if let Some(newest_max) = newest_max {
                let sql = "DELETE FROM mails WHERE rowid IN (SELECT rowid FROM mails \
                    WHERE site_id = ?1 ORDER BY at DESC, key DESC, name DESC LIMIT -1 OFFSET ?2)";
                connection.prepare_cached(sql)?.execute(params![site_id, newest_max])?;
            }
            Ok(())
        })
        .await
    }

    async fn mails(&self, site: SiteId, limit: u32) -> Result<Vec<MailRow>, StoreError> {
        let limit = limit.min(LISTED_ROWS_MAX);
        self.read("list mails", move |connection| {
            let sql = format!(
                "SELECT {MAIL_COLUMNS} FROM mails WHERE site_id = ?1 \
                 ORDER BY at DESC, key DESC, name DESC LIMIT ?2"
            );
            let mut statement = connection.prepare_cached(&sql)?;
            statement.query_map(params![site, limit], mail_row)?.collect()
        })
        .await
    }

    async fn delete_mails(&self, site: SiteId) -> Result<u64, StoreError> {
        self.write("empty a mailbox", move |connection| {
            let sql = "DELETE FROM mails WHERE site_id = ?1 AND state <> ?2";
            let waiting = MailState::Waiting.as_str();
            let deleted = connection.prepare_cached(sql)?.execute(params![site, waiting])?;
            Ok(u64::try_from(deleted).unwrap_or(u64::MAX))
        })
        .await
    }

    async fn prune_mails(&self, before: UnixMillis, limit: u32) -> Result<u64, StoreError> {
        let limit = limit.min(LISTED_ROWS_MAX);
        self.write("delete old mails", move |connection| {
            let sql = "DELETE FROM mails WHERE rowid IN \
                (SELECT rowid FROM mails WHERE at < ?1 ORDER BY at LIMIT ?2)";
            let deleted = connection.prepare_cached(sql)?.execute(params![before, limit])?;
            Ok(u64::try_from(deleted).unwrap_or(u64::MAX))
        })
        .await
    }

    async fn has_tried_elsewhere(
        &self,
        site: SiteId,
        email: [u8; 32],
        since: UnixMillis,
        except: OrderKey,
    ) -> Result<bool, StoreError> {
        self.read("look for another attempt", move |connection| {
            let sql = "SELECT 1 FROM attempts WHERE site_id = ?1 AND email = ?2 AND at >= ?3 \
                AND key <> ?4 LIMIT 1";
            connection.prepare_cached(sql)?.exists(params![site, email, since, except])
        })
        .await
    }
}
