//! Orders and what belongs to them: the commit of a unit of work, and the reads.
//!
//! The writing thread runs one change after the other, so a version that is checked stays true.

use async_trait::async_trait;
use rusqlite::{Connection, OptionalExtension, Row, params};

use super::super::{
    AdviceChange, AdviceRow, CardChange, CardRow, Committed, DELETED_ORDERS_MAX, DeliveryRow,
    EventRow, LISTED_ROWS_MAX, NotificationRecord, NotificationState, OrderKey, OrderRow, Orders,
    SiteId, StoreError, TimerChange, TimerRow, UnitOfWork,
};
use super::SqliteStore;

const ORDER_COLUMNS: &str = "site_id, key, order_id, version, status, financial_status, \
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
                })
            })?;
            rows.collect()
        })
        .await
    }

    async fn delete_site_data(&self, site: SiteId) -> Result<u64, StoreError> {
        let mut total = 0_u64;
        loop {
            let deleted = self
                .write("delete a site's orders", move |connection| delete_some(connection, site))
                .await?;
            total = total.saturating_add(deleted);
            if deleted == 0 {
                return Ok(total);
            }
        }
    }
}

fn commit(connection: &Connection, unit: &UnitOfWork) -> rusqlite::Result<Committed> {
    if !store_order(connection, unit)? {
        return Ok(Committed::Conflict);
    }
    let (site, key) = unit.place();
    for transaction_id in &unit.transactions {
        let sql = "INSERT INTO transactions (site_id, transaction_id, key) VALUES (?1, ?2, ?3)";
        connection.prepare_cached(sql)?.execute([site, *transaction_id, key])?;
    }
    for event in &unit.events {
        let sql = "INSERT INTO events (site_id, key, seq, kind, at, data) \
            VALUES (?1, ?2, ?3, ?4, ?5, ?6)";
        let row = params![site, key, event.seq, event.kind, event.at, event.data];
        connection.prepare_cached(sql)?.execute(row)?;
    }
    for change in &unit.cards {
        change_card(connection, site, key, change)?;
    }
    for owed in &unit.notifications {
        let sql = "INSERT INTO notifications (site_id, key, seq, event, state, due_at, \
            lease_until, attempts, first_attempt_at) VALUES (?1, ?2, ?3, ?4, ?5, ?6, 0, 0, NULL)";
        let state = NotificationState::Pending.as_str();
        let row = params![site, key, owed.seq, owed.event, state, owed.due_at];
        connection.prepare_cached(sql)?.execute(row)?;
    }
    for change in &unit.timers {
        match change {
            TimerChange::Set { kind, due_at } => {
                let sql = "INSERT INTO timers (site_id, key, kind, due_at, lease_until) \
                    VALUES (?1, ?2, ?3, ?4, 0) ON CONFLICT (key, kind) \
                    DO UPDATE SET due_at = excluded.due_at, lease_until = 0";
                connection.prepare_cached(sql)?.execute(params![site, key, kind, due_at])?;
            }
            TimerChange::Cancel { kind } => {
                let sql = "DELETE FROM timers WHERE key = ?1 AND kind = ?2 AND site_id = ?3";
                connection.prepare_cached(sql)?.execute(params![key, kind, site])?;
            }
        }
    }
    for change in &unit.advices {
        change_advice(connection, site, key, change)?;
    }
    Ok(Committed::Done)
}

fn store_order(connection: &Connection, unit: &UnitOfWork) -> rusqlite::Result<bool> {
    let order = &unit.order;
    let stored = match unit.expected_version {
        None => {
            let sql = "INSERT INTO orders (site_id, key, order_id, version, status, \
                financial_status, currency, amount, created_at, modified_at, request, state) \
                VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12) ON CONFLICT DO NOTHING";
            connection.prepare_cached(sql)?.execute(params![
                order.site_id,
                order.key,
                order.order_id,
                unit.new_version(),
                order.status,
                order.financial_status,
                order.currency,
                order.amount,
                order.created_at,
                order.modified_at,
                order.request,
                order.state,
            ])?
        }
        Some(expected) => {
            let sql = "UPDATE orders SET version = ?1, status = ?2, financial_status = ?3, \
                amount = ?4, modified_at = ?5, state = ?6 \
                WHERE key = ?7 AND site_id = ?8 AND version = ?9";
            connection.prepare_cached(sql)?.execute(params![
                unit.new_version(),
                order.status,
                order.financial_status,
                order.amount,
                order.modified_at,
                order.state,
                order.key,
                order.site_id,
                expected,
            ])?
        }
    };
    Ok(stored == 1)
}

fn change_card(
    connection: &Connection,
    site: SiteId,
    key: OrderKey,
    change: &CardChange,
) -> rusqlite::Result<()> {
    match change {
        CardChange::Seal { card_id, sealed_pan, sealed_cvc, fingerprint, key_id } => {
            let sql = "INSERT OR REPLACE INTO cards (site_id, key, card_id, sealed_pan, \
                sealed_cvc, fingerprint, key_id) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)";
            let row = params![site, key, card_id, sealed_pan, sealed_cvc, fingerprint, key_id];
            connection.prepare_cached(sql)?.execute(row)?;
        }
        CardChange::EraseCvc { card_id } => {
            let sql = "UPDATE cards SET sealed_cvc = NULL \
                WHERE key = ?1 AND card_id = ?2 AND site_id = ?3";
            connection.prepare_cached(sql)?.execute(params![key, card_id, site])?;
        }
        CardChange::Erase { card_id } => {
            let sql = "DELETE FROM cards WHERE key = ?1 AND card_id = ?2 AND site_id = ?3";
            connection.prepare_cached(sql)?.execute(params![key, card_id, site])?;
        }
    }
    Ok(())
}

/// Returns how many advices were changed. With it, whoever claimed the advice has lost it.
pub(super) fn change_advice(
    connection: &Connection,
    site: SiteId,
    key: OrderKey,
    change: &AdviceChange,
) -> rusqlite::Result<usize> {
    match change {
        AdviceChange::Owe(advice) => {
            let sql = "INSERT OR REPLACE INTO advices (site_id, key, seq, kind, link, chain, \
                due_at, lease_until, attempts, first_attempt_at, note, body) \
                VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, 0, ?8, ?9, ?10, ?11)";
            connection.prepare_cached(sql)?.execute(params![
                site,
                key,
                advice.seq,
                advice.kind,
                advice.link,
                advice.chain,
                advice.due_at,
                advice.attempts,
                advice.first_attempt_at,
                advice.note,
                advice.body,
            ])
        }
        AdviceChange::Settle { seq } => {
            let sql = "DELETE FROM advices WHERE key = ?1 AND seq = ?2 AND site_id = ?3";
            connection.prepare_cached(sql)?.execute(params![key, seq, site])
        }
        AdviceChange::Postpone { seq, due_at, attempts, note } => {
            let sql = "UPDATE advices SET due_at = ?4, lease_until = 0, attempts = ?5, note = ?6 \
                WHERE key = ?1 AND seq = ?2 AND site_id = ?3";
            let row = params![key, seq, site, due_at, attempts, note];
            connection.prepare_cached(sql)?.execute(row)
        }
        AdviceChange::Stop { seq, note } => {
            let sql = "UPDATE advices SET due_at = NULL, lease_until = 0, note = ?4 \
                WHERE key = ?1 AND seq = ?2 AND site_id = ?3";
            connection.prepare_cached(sql)?.execute(params![key, seq, site, note])
        }
    }
}

fn delete_some(connection: &Connection, site: SiteId) -> rusqlite::Result<u64> {
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
            "orders",
        ] {
            let sql = format!("DELETE FROM {table} WHERE key = ?1");
            connection.prepare_cached(&sql)?.execute([key])?;
        }
    }
    Ok(u64::try_from(keys.len()).unwrap_or(u64::MAX))
}

fn order_row(row: &Row<'_>) -> rusqlite::Result<OrderRow> {
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
    let sql = "SELECT seq, event, state, due_at, attempts, first_attempt_at FROM notifications \
        WHERE key = ?1 AND site_id = ?2 ORDER BY seq";
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
