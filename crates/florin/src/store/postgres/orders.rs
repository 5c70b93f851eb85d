//! Reads of orders and of what belongs to them, and the deletion of a test site's orders.
//!
//! Changes go through the committers.

use async_trait::async_trait;
use tokio_postgres::Row;
use tokio_postgres::types::ToSql;

use super::super::{
    AdviceRow, CardRow, Committed, DELETED_ORDERS_MAX, DELETED_ROWS_MAX, DeliveryRow, EventRow,
    FileRow, FileSummary, LISTED_ROWS_MAX, NotificationRecord, NotificationState, OrderKey,
    OrderRow, Orders, SiteId, StoreError, TimerRow, UnitOfWork, after_prefix,
};
use super::{PostgresStore, only};
use crate::clock::UnixMillis;

pub(super) const ORDER_COLUMNS: &str = "site_id, key, order_id, version, status, financial_status, \
    currency, amount, created_at, modified_at, request, state";

#[async_trait]
impl Orders for PostgresStore {
    async fn commit(&self, unit: UnitOfWork) -> Result<Committed, StoreError> {
        unit.check().map_err(|reason| StoreError::rejected("commit an order", reason))?;
        self.units.commit(unit).await
    }

    async fn order(&self, site: SiteId, key: OrderKey) -> Result<Option<OrderRow>, StoreError> {
        let sql = format!("SELECT {ORDER_COLUMNS} FROM orders WHERE site_id = $1 AND key = $2");
        let rows = self.read("read an order", &sql, &[&site, &key]).await?;
        Ok(rows.first().map(order_row))
    }

    async fn order_by_merchant_id(
        &self,
        site: SiteId,
        order_id: &str,
    ) -> Result<Option<OrderRow>, StoreError> {
        if order_id.contains('\0') {
            // No stored name has one, and the server does not even understand the question.
            return Ok(None);
        }
        let sql =
            format!("SELECT {ORDER_COLUMNS} FROM orders WHERE site_id = $1 AND order_id = $2");
        let rows = self.read("read an order", &sql, &[&site, &order_id]).await?;
        Ok(rows.first().map(order_row))
    }

    async fn key_of_transaction(
        &self,
        site: SiteId,
        transaction_id: i64,
    ) -> Result<Option<OrderKey>, StoreError> {
        let sql = "SELECT key FROM orders WHERE site_id = $1 AND key = $2 UNION ALL \
            SELECT key FROM transactions WHERE site_id = $1 AND transaction_id = $2 LIMIT 1";
        let rows = self.read("find a transaction", sql, &[&site, &transaction_id]).await?;
        Ok(rows.first().map(|row| row.get(0)))
    }

    async fn recent_orders(
        &self,
        site: SiteId,
        before: Option<OrderKey>,
        limit: u32,
    ) -> Result<Vec<OrderRow>, StoreError> {
        let sql = format!(
            "SELECT {ORDER_COLUMNS} FROM orders WHERE site_id = $1 AND key < $2 \
             ORDER BY key DESC LIMIT $3"
        );
        let before = before.unwrap_or(OrderKey::MAX);
        let limit = i64::from(limit.min(LISTED_ROWS_MAX));
        let rows = self.read("list orders", &sql, &[&site, &before, &limit]).await?;
        Ok(rows.iter().map(order_row).collect())
    }

    async fn orders_between(
        &self,
        site: SiteId,
        from_key: OrderKey,
        to_key: OrderKey,
        after: Option<OrderKey>,
        limit: u32,
    ) -> Result<Vec<OrderRow>, StoreError> {
        let sql = format!(
            "SELECT {ORDER_COLUMNS} FROM orders WHERE site_id = $1 AND key >= $2 AND key < $3 \
             ORDER BY key LIMIT $4"
        );
        let from_key = after.map_or(from_key, |after| from_key.max(after.saturating_add(1)));
        let limit = i64::from(limit.min(LISTED_ROWS_MAX));
        let rows = self.read("list orders", &sql, &[&site, &from_key, &to_key, &limit]).await?;
        Ok(rows.iter().map(order_row).collect())
    }

    async fn card(
        &self,
        site: SiteId,
        key: OrderKey,
        card_id: i32,
    ) -> Result<Option<CardRow>, StoreError> {
        const DOING: &str = "read a card";
        let sql = "SELECT card_id, sealed_pan, sealed_cvc, fingerprint, key_id FROM cards \
            WHERE site_id = $1 AND key = $2 AND card_id = $3";
        let rows = self.read(DOING, sql, &[&site, &key, &card_id]).await?;
        let Some(row) = rows.first() else { return Ok(None) };
        Ok(Some(CardRow {
            card_id: row.get(0),
            sealed_pan: row.get(1),
            sealed_cvc: row.get(2),
            fingerprint: hash(DOING, row.get(3))?,
            key_id: row.get(4),
        }))
    }

    async fn events(&self, site: SiteId, key: OrderKey) -> Result<Vec<EventRow>, StoreError> {
        let sql = "SELECT seq, kind, at, data FROM events \
            WHERE site_id = $1 AND key = $2 ORDER BY seq";
        let rows = self.read("read events", sql, &[&site, &key]).await?;
        let event = |row: &Row| EventRow {
            seq: row.get(0),
            kind: row.get(1),
            at: row.get(2),
            data: row.get(3),
        };
        Ok(rows.iter().map(event).collect())
    }

    async fn notifications(
        &self,
        site: SiteId,
        key: OrderKey,
    ) -> Result<Vec<NotificationRecord>, StoreError> {
        const DOING: &str = "read notifications";
        // One statement sees one instant: notifications and their deliveries fit together.
        let sql = "
            SELECT n.seq, n.event, n.state, n.due_at, n.attempts, n.first_attempt_at,
                d.attempt, d.at, d.triggered_by, d.method, d.url, d.http_status, d.latency_ms,
                d.reply, d.error_class, n.subject
            FROM notifications n LEFT JOIN deliveries d
                ON d.site_id = n.site_id AND d.key = n.key AND d.seq = n.seq
            WHERE n.site_id = $1 AND n.key = $2
            ORDER BY n.seq, d.at, d.attempt";
        let rows = self.read(DOING, sql, &[&site, &key]).await?;
        let mut notifications: Vec<NotificationRecord> = Vec::new();
        for row in &rows {
            let seq: i32 = row.get(0);
            if notifications.last().is_none_or(|last| last.seq != seq) {
                notifications.push(notification_row(DOING, row)?);
            }
            if let (Some(last), Some(delivery)) = (notifications.last_mut(), delivery_row(row)) {
                last.deliveries.push(delivery);
            }
        }
        Ok(notifications)
    }

    async fn is_notification_preceded(
        &self,
        site: SiteId,
        key: OrderKey,
        (seq, subject): (i32, i32),
        now: UnixMillis,
    ) -> Result<bool, StoreError> {
        let sql = "SELECT 1 FROM notifications WHERE site_id = $1 AND key = $2 AND seq < $3 \
            AND subject = $4 AND state = 'pending' AND due_at <= $5 LIMIT 1";
        let values: [&(dyn ToSql + Sync); 5] = [&site, &key, &seq, &subject, &now];
        let rows = self.read("look for older notifications", sql, &values).await?;
        Ok(!rows.is_empty())
    }

    async fn timers(&self, site: SiteId, key: OrderKey) -> Result<Vec<TimerRow>, StoreError> {
        let sql = "SELECT kind, due_at FROM timers WHERE site_id = $1 AND key = $2 \
            ORDER BY due_at, kind";
        let rows = self.read("read timers", sql, &[&site, &key]).await?;
        Ok(rows.iter().map(|row| TimerRow { kind: row.get(0), due_at: row.get(1) }).collect())
    }

    async fn timers_of_kind(
        &self,
        site: SiteId,
        kind_prefix: &str,
        limit: u32,
    ) -> Result<Vec<(OrderKey, TimerRow)>, StoreError> {
        let sql = "SELECT key, kind, due_at FROM timers WHERE site_id = $1 \
            AND kind COLLATE \"C\" >= $2 AND kind COLLATE \"C\" < $3 ORDER BY due_at, key LIMIT $4";
        let after = after_prefix(kind_prefix);
        let limit = i64::from(limit.min(LISTED_ROWS_MAX));
        let rows = self.read("list timers", sql, &[&site, &kind_prefix, &after, &limit]).await?;
        let timer = |row: &Row| (row.get(0), TimerRow { kind: row.get(1), due_at: row.get(2) });
        Ok(rows.iter().map(timer).collect())
    }

    async fn files(&self, site: SiteId, key: OrderKey) -> Result<Vec<FileSummary>, StoreError> {
        let sql = "SELECT file_id, name, kind, description, at, length(bytes)::bigint FROM files \
            WHERE site_id = $1 AND key = $2 ORDER BY file_id";
        let rows = self.read("list files", sql, &[&site, &key]).await?;
        let summary = |row: &Row| FileSummary {
            file_id: row.get(0),
            name: row.get(1),
            kind: row.get(2),
            description: row.get(3),
            at: row.get(4),
            size_bytes: row.get(5),
        };
        Ok(rows.iter().map(summary).collect())
    }

    async fn file(
        &self,
        site: SiteId,
        key: OrderKey,
        file_id: i32,
    ) -> Result<Option<FileRow>, StoreError> {
        let sql = "SELECT file_id, name, kind, description, at, bytes FROM files \
            WHERE site_id = $1 AND key = $2 AND file_id = $3";
        let rows = self.read("read a file", sql, &[&site, &key, &file_id]).await?;
        Ok(rows.first().map(|row| FileRow {
            file_id: row.get(0),
            name: row.get(1),
            kind: row.get(2),
            description: row.get(3),
            at: row.get(4),
            bytes: row.get(5),
        }))
    }

    async fn advices(&self, site: SiteId, key: OrderKey) -> Result<Vec<AdviceRow>, StoreError> {
        let sql = "SELECT seq, kind, link, chain, due_at, attempts, first_attempt_at, note, body \
            FROM advices WHERE site_id = $1 AND key = $2 ORDER BY seq";
        let rows = self.read("read advices", sql, &[&site, &key]).await?;
        let advice = |row: &Row| AdviceRow {
            seq: row.get(0),
            kind: row.get(1),
            link: row.get(2),
            chain: row.get(3),
            due_at: row.get(4),
            attempts: row.get(5),
            first_attempt_at: row.get(6),
            note: row.get(7),
            body: row.get(8),
            leased_until: None,
        };
        Ok(rows.iter().map(advice).collect())
    }

    async fn is_advice_preceded(
        &self,
        site: SiteId,
        key: OrderKey,
        seq: i32,
        kind: Option<&str>,
    ) -> Result<bool, StoreError> {
        let sql = "SELECT 1 FROM advices WHERE site_id = $1 AND key = $2 AND seq < $3 \
            AND due_at IS NOT NULL AND (kind = $4 OR chain = \
            (SELECT chain FROM advices WHERE site_id = $1 AND key = $2 AND seq = $3)) LIMIT 1";
        let rows = self.read("look for older advices", sql, &[&site, &key, &seq, &kind]).await?;
        Ok(!rows.is_empty())
    }

    async fn delete_site_data(&self, site: SiteId) -> Result<u64, StoreError> {
        const DOING: &str = "delete a site's orders";
        // Orders are locked first, in the sequence in which batches lock them. A seal over entries
        // that are gone would look like a fault, so seals never stay behind.
        let sql = "
            WITH doomed AS MATERIALIZED (
                SELECT site_id, key FROM orders WHERE site_id = $1
                ORDER BY key LIMIT $2 FOR UPDATE
            ),
            a AS (DELETE FROM transactions t USING doomed d
                WHERE t.site_id = d.site_id AND t.key = d.key),
            b AS (DELETE FROM events t USING doomed d
                WHERE t.site_id = d.site_id AND t.key = d.key),
            c AS (DELETE FROM cards t USING doomed d
                WHERE t.site_id = d.site_id AND t.key = d.key),
            e AS (DELETE FROM notifications t USING doomed d
                WHERE t.site_id = d.site_id AND t.key = d.key),
            f AS (DELETE FROM deliveries t USING doomed d
                WHERE t.site_id = d.site_id AND t.key = d.key),
            g AS (DELETE FROM timers t USING doomed d
                WHERE t.site_id = d.site_id AND t.key = d.key),
            h AS (DELETE FROM advices t USING doomed d
                WHERE t.site_id = d.site_id AND t.key = d.key),
            i AS (DELETE FROM journal t USING doomed d
                WHERE t.site_id = d.site_id AND t.key = d.key),
            j AS (DELETE FROM files t USING doomed d
                WHERE t.site_id = d.site_id AND t.key = d.key),
            r AS (DELETE FROM mails t USING doomed d
                WHERE t.site_id = d.site_id AND t.key = d.key),
            k AS (DELETE FROM orders t USING doomed d
                WHERE t.site_id = d.site_id AND t.key = d.key),
            l AS (DELETE FROM journal_seals WHERE site_id = $1 RETURNING 1),
            m AS (DELETE FROM attempts t USING
                (SELECT site_id, at, key, attempt FROM attempts WHERE site_id = $1 LIMIT $3) d
                WHERE t.site_id = d.site_id AND t.at = d.at AND t.key = d.key
                    AND t.attempt = d.attempt
                RETURNING 1),
            n AS (DELETE FROM idempotency t USING
                (SELECT site_id, idempotency_key FROM idempotency
                    WHERE site_id = $1 LIMIT $3) d
                WHERE t.site_id = d.site_id AND t.idempotency_key = d.idempotency_key
                RETURNING 1),
            o AS (DELETE FROM operations t USING
                (SELECT site_id, transaction_id FROM operations WHERE site_id = $1 LIMIT $3) d
                WHERE t.site_id = d.site_id AND t.transaction_id = d.transaction_id
                RETURNING 1),
            p AS (DELETE FROM operations_owed WHERE site_id = $1 RETURNING 1),
            q AS (DELETE FROM tokens t USING
                (SELECT account_id, live, token FROM tokens WHERE site_id = $1 LIMIT $3) d
                WHERE t.account_id = d.account_id AND t.live = d.live AND t.token = d.token
                RETURNING 1),
            s AS (DELETE FROM order_references t USING
                (SELECT site_id, rrn, key FROM order_references WHERE site_id = $1 LIMIT $3) d
                WHERE t.site_id = d.site_id AND t.rrn = d.rrn AND t.key = d.key
                RETURNING 1),
            t AS (DELETE FROM declines t USING
                (SELECT site_id, card, amount, currency, at, key, attempt FROM declines
                    WHERE site_id = $1 LIMIT $3) d
                WHERE t.site_id = d.site_id AND t.card = d.card AND t.amount = d.amount
                    AND t.currency = d.currency AND t.at = d.at AND t.key = d.key
                    AND t.attempt = d.attempt
                RETURNING 1)
            SELECT (SELECT count(*) FROM doomed), (SELECT count(*) FROM l)
                + (SELECT count(*) FROM m) + (SELECT count(*) FROM n)
                + (SELECT count(*) FROM o) + (SELECT count(*) FROM p)
                + (SELECT count(*) FROM q) + (SELECT count(*) FROM s)
                + (SELECT count(*) FROM t)";
        let mut total = 0_u64;
        loop {
            let bounds: [&(dyn ToSql + Sync); 3] = [&site, &DELETED_ORDERS_MAX, &DELETED_ROWS_MAX];
            let rows = self.write(DOING, sql, &bounds).await?;
            let row = only(DOING, &rows)?;
            let (orders, others): (i64, i64) = (row.get(0), row.get(1));
            total = total.saturating_add(u64::try_from(orders).unwrap_or(0));
            if orders == 0 && others == 0 {
                return Ok(total);
            }
        }
    }
}

/// A keyed hash, which has 32 bytes.
pub(super) fn hash(doing: &'static str, bytes: &[u8]) -> Result<[u8; 32], StoreError> {
    bytes.try_into().map_err(|error| StoreError::unavailable(doing, error))
}

pub(super) fn order_row(row: &Row) -> OrderRow {
    OrderRow {
        site_id: row.get(0),
        key: row.get(1),
        order_id: row.get(2),
        version: row.get(3),
        status: row.get(4),
        financial_status: row.get(5),
        currency: row.get(6),
        amount: row.get(7),
        created_at: row.get(8),
        modified_at: row.get(9),
        request: row.get(10),
        state: row.get(11),
    }
}

fn notification_row(doing: &'static str, row: &Row) -> Result<NotificationRecord, StoreError> {
    let state = NotificationState::from_text(row.get(2))
        .ok_or_else(|| StoreError::unavailable(doing, "an unknown state of a notification"))?;
    Ok(NotificationRecord {
        seq: row.get(0),
        event: row.get(1),
        state,
        due_at: row.get(3),
        attempts: row.get(4),
        first_attempt_at: row.get(5),
        subject: row.get(15),
        deliveries: Vec::new(),
    })
}

/// `None` for a notification that was never tried.
fn delivery_row(row: &Row) -> Option<DeliveryRow> {
    let attempt: Option<i32> = row.get(6);
    Some(DeliveryRow {
        attempt: attempt?,
        at: row.get(7),
        trigger: row.get(8),
        method: row.get(9),
        url: row.get(10),
        http_status: row.get(11),
        latency_ms: row.get(12),
        reply: row.get(13),
        error_class: row.get(14),
    })
}
