//! Reads of orders and of what belongs to them, and the deletion of a test site's orders.

use async_trait::async_trait;
use rusqlite::{Connection, OptionalExtension, Row, params};

use super::super::{
    AdviceRow, CardRow, Committed, DELETED_ORDERS_MAX, DELETED_ROWS_MAX, DeliveryRow, EventRow,
    FileRow, FileSummary, LISTED_ROWS_MAX, NotificationRecord, NotificationState, OrderKey,
    OrderRow, Orders, SiteId, StoreError, TimerRow, UnitOfWork, after_prefix,
};
use super::SqliteStore;
use super::commit::commit;
use crate::clock::UnixMillis;

pub(super) const ORDER_COLUMNS: &str = "site_id, key, order_id, version, status, financial_status, \
    currency, amount, created_at, modified_at, request, state";

#[async_trait]
impl Orders for SqliteStore {
    async fn commit(&self, unit: UnitOfWork) -> Result<Committed, StoreError> {
        const DOING: &str = "commit an order";
        unit.check().map_err(|reason| StoreError::rejected(DOING, reason))?;
        self.write(DOING, move |connection| commit(connection, &unit)).await
    }

    async fn order(&self, site: SiteId, key: OrderKey) -> Result<Option<OrderRow>, StoreError> {
        self.read("read an order", move |connection| {
            let sql = format!("SELECT {ORDER_COLUMNS} FROM orders WHERE key = ?1 AND site_id = ?2");
            connection.prepare_cached(&sql)?.query_row([key, site], order_row).optional()
        })
        .await
    }

    async fn order_by_merchant_id(
        &self,
        site: SiteId,
        order_id: &str,
    ) -> Result<Option<OrderRow>, StoreError> {
        let order_id = order_id.to_owned();
        self.read("read an order", move |connection| {
            let sql =
                format!("SELECT {ORDER_COLUMNS} FROM orders WHERE site_id = ?1 AND order_id = ?2");
            let mut statement = connection.prepare_cached(&sql)?;
            statement.query_row(params![site, order_id], order_row).optional()
        })
        .await
    }

    async fn key_of_transaction(
        &self,
        site: SiteId,
        transaction_id: i64,
    ) -> Result<Option<OrderKey>, StoreError> {
        self.read("find a transaction", move |connection| {
            let sql = "SELECT key FROM orders WHERE key = ?1 AND site_id = ?2 UNION ALL \
                SELECT key FROM transactions WHERE transaction_id = ?1 AND site_id = ?2 LIMIT 1";
            let mut statement = connection.prepare_cached(sql)?;
            statement.query_row([transaction_id, site], |row| row.get(0)).optional()
        })
        .await
    }

    async fn recent_orders(
        &self,
        site: SiteId,
        before: Option<OrderKey>,
        limit: u32,
    ) -> Result<Vec<OrderRow>, StoreError> {
        let limit = limit.min(LISTED_ROWS_MAX);
        self.read("list orders", move |connection| {
            let sql = format!(
                "SELECT {ORDER_COLUMNS} FROM orders WHERE site_id = ?1 AND key < ?2 \
                 ORDER BY key DESC LIMIT ?3"
            );
            let mut statement = connection.prepare_cached(&sql)?;
            let before = before.unwrap_or(OrderKey::MAX);
            statement.query_map(params![site, before, limit], order_row)?.collect()
        })
        .await
    }

    async fn orders_between(
        &self,
        site: SiteId,
        from_key: OrderKey,
        to_key: OrderKey,
        after: Option<OrderKey>,
        limit: u32,
    ) -> Result<Vec<OrderRow>, StoreError> {
        let from_key = after.map_or(from_key, |after| from_key.max(after.saturating_add(1)));
        let limit = limit.min(LISTED_ROWS_MAX);
        self.read("list orders", move |connection| {
            let sql = format!(
                "SELECT {ORDER_COLUMNS} FROM orders \
                 WHERE site_id = ?1 AND key >= ?2 AND key < ?3 ORDER BY key LIMIT ?4"
            );
            let mut statement = connection.prepare_cached(&sql)?;
            statement.query_map(params![site, from_key, to_key, limit], order_row)?.collect()
        })
        .await
    }

    async fn card(
        &self,
        site: SiteId,
        key: OrderKey,
        card_id: i32,
    ) -> Result<Option<CardRow>, StoreError> {
        self.read("read a card", move |connection| {
            let sql = "SELECT card_id, sealed_pan, sealed_cvc, fingerprint, key_id FROM cards \
                WHERE key = ?1 AND card_id = ?2 AND site_id = ?3";
            let mut statement = connection.prepare_cached(sql)?;
            let card = statement.query_row(params![key, card_id, site], |row| {
                Ok(CardRow {
                    card_id: row.get(0)?,
                    sealed_pan: row.get(1)?,
                    sealed_cvc: row.get(2)?,
                    fingerprint: row.get(3)?,
                    key_id: row.get(4)?,
                })
            });
            card.optional()
        })
        .await
    }

    async fn events(&self, site: SiteId, key: OrderKey) -> Result<Vec<EventRow>, StoreError> {
        self.read("read events", move |connection| {
            let sql = "SELECT seq, kind, at, data FROM events \
                WHERE key = ?1 AND site_id = ?2 ORDER BY seq";
            let mut statement = connection.prepare_cached(sql)?;
            let rows = statement.query_map([key, site], |row| {
                Ok(EventRow {
                    seq: row.get(0)?,
                    kind: row.get(1)?,
                    at: row.get(2)?,
                    data: row.get(3)?,
                })
            })?;
            rows.collect()
        })
        .await
    }

    async fn notifications(
        &self,
        site: SiteId,
        key: OrderKey,
    ) -> Result<Vec<NotificationRecord>, StoreError> {
        self.read("read notifications", move |connection| {
            // Both are read in one transaction, so that they fit together.
            let reading = connection.unchecked_transaction()?;
            let mut notifications = read_notifications(&reading, site, key)?;
            for (seq, delivery) in read_deliveries(&reading, site, key)? {
                if let Some(owner) = notifications.iter_mut().find(|owner| owner.seq == seq) {
                    owner.deliveries.push(delivery);
                }
            }
            Ok(notifications)
        })
        .await
    }

    async fn is_notification_preceded(
        &self,
        site: SiteId,
        key: OrderKey,
        (seq, subject): (i32, i32),
        now: UnixMillis,
    ) -> Result<bool, StoreError> {
        self.read("look for older notifications", move |connection| {
            let sql = "SELECT 1 FROM notifications WHERE key = ?1 AND site_id = ?2 AND seq < ?3 \
                AND subject = ?4 AND state = ?5 AND due_at <= ?6";
            let pending = NotificationState::Pending.as_str();
            let row = params![key, site, seq, subject, pending, now];
            connection.prepare_cached(sql)?.exists(row)
        })
        .await
    }

    async fn timers(&self, site: SiteId, key: OrderKey) -> Result<Vec<TimerRow>, StoreError> {
        self.read("read timers", move |connection| {
            let sql = "SELECT kind, due_at FROM timers WHERE key = ?1 AND site_id = ?2 \
                ORDER BY due_at, kind";
            let mut statement = connection.prepare_cached(sql)?;
            let rows = statement.query_map([key, site], |row| {
                Ok(TimerRow { kind: row.get(0)?, due_at: row.get(1)? })
            })?;
            rows.collect()
        })
        .await
    }

    async fn timers_of_kind(
        &self,
        site: SiteId,
        kind_prefix: &str,
        limit: u32,
    ) -> Result<Vec<(OrderKey, TimerRow)>, StoreError> {
        let (from, to) = (kind_prefix.to_owned(), after_prefix(kind_prefix));
        let limit = limit.min(LISTED_ROWS_MAX);
        self.read("list timers", move |connection| {
            let sql = "SELECT key, kind, due_at FROM timers \
                WHERE site_id = ?1 AND kind >= ?2 AND kind < ?3 ORDER BY due_at, key LIMIT ?4";
            let mut statement = connection.prepare_cached(sql)?;
            let rows = statement.query_map(params![site, from, to, limit], |row| {
                Ok((row.get(0)?, TimerRow { kind: row.get(1)?, due_at: row.get(2)? }))
            })?;
            rows.collect()
        })
        .await
    }

    async fn files(&self, site: SiteId, key: OrderKey) -> Result<Vec<FileSummary>, StoreError> {
        self.read("list files", move |connection| {
            let sql = "SELECT file_id, name, kind, description, at, length(bytes) FROM files \
                WHERE key = ?1 AND site_id = ?2 ORDER BY file_id";
            let mut statement = connection.prepare_cached(sql)?;
            let rows = statement.query_map([key, site], |row| {
                Ok(FileSummary {
                    file_id: row.get(0)?,
                    name: row.get(1)?,
                    kind: row.get(2)?,
                    description: row.get(3)?,
                    at: row.get(4)?,
                    size_bytes: row.get(5)?,
                })
            })?;
            rows.collect()
        })
        .await
    }

    async fn file(
        &self,
        site: SiteId,
        key: OrderKey,
        file_id: i32,
    ) -> Result<Option<FileRow>, StoreError> {
        self.read("read a file", move |connection| {
            let sql = "SELECT file_id, name, kind, description, at, bytes FROM files \
                WHERE key = ?1 AND file_id = ?2 AND site_id = ?3";
            let mut statement = connection.prepare_cached(sql)?;
            let file = statement.query_row(params![key, file_id, site], |row| {
                Ok(FileRow {
                    file_id: row.get(0)?,
                    name: row.get(1)?,
                    kind: row.get(2)?,
                    description: row.get(3)?,
                    at: row.get(4)?,
                    bytes: row.get(5)?,
                })
            });
            file.optional()
        })
        .await
    }

    async fn advices(&self, site: SiteId, key: OrderKey) -> Result<Vec<AdviceRow>, StoreError> {
        self.read("read advices", move |connection| {
            let sql = "SELECT seq, kind, link, chain, due_at, attempts, first_attempt_at, note, \
                body FROM advices WHERE key = ?1 AND site_id = ?2 ORDER BY seq";
            let mut statement = connection.prepare_cached(sql)?;
            let rows = statement.query_map([key, site], |row| {
                Ok(AdviceRow {
                    seq: row.get(0)?,
                    kind: row.get(1)?,
                    link: row.get(2)?,
                    chain: row.get(3)?,
                    due_at: row.get(4)?,
                    attempts: row.get(5)?,
                    first_attempt_at: row.get(6)?,
                    note: row.get(7)?,
                    body: row.get(8)?,
                    leased_until: None,
                })
            })?;
            rows.collect()
        })
        .await
    }

    async fn is_advice_preceded(
        &self,
        site: SiteId,
        key: OrderKey,
        seq: i32,
        kind: Option<&str>,
    ) -> Result<bool, StoreError> {
        let kind = kind.map(str::to_owned);
        self.read("look for older advices", move |connection| {
            let sql = "SELECT 1 FROM advices WHERE key = ?1 AND site_id = ?2 AND seq < ?3 \
                AND due_at IS NOT NULL AND (kind = ?4 OR chain = \
                (SELECT chain FROM advices WHERE key = ?1 AND site_id = ?2 AND seq = ?3))";
            connection.prepare_cached(sql)?.exists(params![key, site, seq, kind])
        })
        .await
    }

    async fn delete_site_data(&self, site: SiteId) -> Result<u64, StoreError> {
        let mut total = 0_u64;
        loop {
            let (orders, others) = self
                .write("delete a site's orders", move |connection| delete_some(connection, site))
                .await?;
            total = total.saturating_add(u64::try_from(orders).unwrap_or(u64::MAX));
            if orders == 0 && others == 0 {
                return Ok(total);
            }
        }
    }
}

/// Returns how many orders were deleted, and how many rows that belong to none. A seal over
/// entries that are gone would look like a fault, so seals never stay behind.
fn delete_some(connection: &Connection, site: SiteId) -> rusqlite::Result<(usize, usize)> {
    let sql = "SELECT key FROM orders WHERE site_id = ?1 ORDER BY key LIMIT ?2";
    let mut statement = connection.prepare_cached(sql)?;
    let keys: Vec<i64> = statement
        .query_map([site, DELETED_ORDERS_MAX], |row| row.get(0))?
        .collect::<Result<_, _>>()?;
    for key in &keys {
        for table in [
            "transactions",
            "events",
            "cards",
            "notifications",
            "deliveries",
            "timers",
            "advices",
            "journal",
            "files",
            "mails",
            "orders",
        ] {
            let sql = format!("DELETE FROM {table} WHERE key = ?1");
            connection.prepare_cached(&sql)?.execute([key])?;
        }
    }
    let sql = "DELETE FROM journal_seals WHERE site_id = ?1";
    let mut others = connection.prepare_cached(sql)?.execute([site])?;
    let sql = "DELETE FROM attempts WHERE (at, key, attempt) IN \
        (SELECT at, key, attempt FROM attempts WHERE site_id = ?1 LIMIT ?2)";
    others += connection.prepare_cached(sql)?.execute([site, DELETED_ROWS_MAX])?;
    let sql = "DELETE FROM declines WHERE (site_id, card, amount, currency, at, key, attempt) IN \
        (SELECT site_id, card, amount, currency, at, key, attempt FROM declines \
            WHERE site_id = ?1 LIMIT ?2)";
    others += connection.prepare_cached(sql)?.execute([site, DELETED_ROWS_MAX])?;
    let sql = "DELETE FROM operations WHERE (site_id, transaction_id) IN \
        (SELECT site_id, transaction_id FROM operations WHERE site_id = ?1 LIMIT ?2)";
    others += connection.prepare_cached(sql)?.execute([site, DELETED_ROWS_MAX])?;
    let sql = "DELETE FROM order_references WHERE (site_id, rrn, key) IN \
        (SELECT site_id, rrn, key FROM order_references WHERE site_id = ?1 LIMIT ?2)";
    others += connection.prepare_cached(sql)?.execute([site, DELETED_ROWS_MAX])?;
    let sql = "DELETE FROM operations_owed WHERE site_id = ?1";
    others += connection.prepare_cached(sql)?.execute([site])?;
    let sql = "DELETE FROM idempotency WHERE rowid IN \
        (SELECT rowid FROM idempotency WHERE site_id = ?1 LIMIT ?2)";
    others += connection.prepare_cached(sql)?.execute([site, DELETED_ROWS_MAX])?;
    let sql = "DELETE FROM tokens WHERE (account_id, live, token) IN \
        (SELECT account_id, live, token FROM tokens WHERE site_id = ?1 LIMIT ?2)";
    others += connection.prepare_cached(sql)?.execute([site, DELETED_ROWS_MAX])?;
    Ok((keys.len(), others))
}

pub(super) fn order_row(row: &Row<'_>) -> rusqlite::Result<OrderRow> {
    Ok(OrderRow {
        site_id: row.get(0)?,
        key: row.get(1)?,
        order_id: row.get(2)?,
        version: row.get(3)?,
        status: row.get(4)?,
        financial_status: row.get(5)?,
        currency: row.get(6)?,
        amount: row.get(7)?,
        created_at: row.get(8)?,
        modified_at: row.get(9)?,
        request: row.get(10)?,
        state: row.get(11)?,
    })
}

fn read_notifications(
    connection: &Connection,
    site: SiteId,
    key: OrderKey,
) -> rusqlite::Result<Vec<NotificationRecord>> {
    let sql = "SELECT seq, event, state, due_at, attempts, first_attempt_at, subject \
        FROM notifications WHERE key = ?1 AND site_id = ?2 ORDER BY seq";
    let mut statement = connection.prepare_cached(sql)?;
    let rows = statement.query_map([key, site], |row| {
        let state: String = row.get(2)?;
        let state = NotificationState::from_text(&state).ok_or_else(|| {
            let reason = "an unknown state of a notification".into();
            rusqlite::Error::FromSqlConversionFailure(2, rusqlite::types::Type::Text, reason)
        })?;
        Ok(NotificationRecord {
            seq: row.get(0)?,
            event: row.get(1)?,
            state,
            due_at: row.get(3)?,
            attempts: row.get(4)?,
            first_attempt_at: row.get(5)?,
            subject: row.get(6)?,
            deliveries: Vec::new(),
        })
    })?;
    rows.collect()
}

fn read_deliveries(
    connection: &Connection,
    site: SiteId,
    key: OrderKey,
) -> rusqlite::Result<Vec<(i32, DeliveryRow)>> {
    let sql = "SELECT seq, attempt, at, triggered_by, method, url, http_status, latency_ms, \
        reply, error_class FROM deliveries WHERE key = ?1 AND site_id = ?2 \
        ORDER BY seq, at, attempt";
    let mut statement = connection.prepare_cached(sql)?;
    let rows = statement.query_map([key, site], |row| {
        let delivery = DeliveryRow {
            attempt: row.get(1)?,
            at: row.get(2)?,
            trigger: row.get(3)?,
            method: row.get(4)?,
            url: row.get(5)?,
            http_status: row.get(6)?,
            latency_ms: row.get(7)?,
            reply: row.get(8)?,
            error_class: row.get(9)?,
        };
        Ok((row.get(0)?, delivery))
    })?;
    rows.collect()
}
