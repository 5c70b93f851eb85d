//! The commit of a unit of work.
//!
//! The writing thread runs one change after the other, so what is checked stays true. What a unit
//! does not have costs it no statement.

use rusqlite::{Connection, params};

use super::super::{
    AdviceChange, AttemptOutcome, AttemptRow, CardChange, ChildRow, Committed, FileRow, JournalRow,
    NotificationState, OrderKey, OrderRow, SiteId, TimerChange, UnitOfWork,
};
use super::idempotency::answer_request;
use super::operations::{store_operations, store_references};
use super::tokens::{change_tokens, tokens_fit};

/// Makes everything in the unit true, or nothing of it: a conflict undoes what was done for it.
pub(super) fn commit(connection: &Connection, unit: &UnitOfWork) -> rusqlite::Result<Committed> {
    if !can_be_answered(connection, unit)?
        || !tokens_fit(connection, unit)?
        || !children_can_be_stored(connection, unit)?
        || !store_order(connection, unit)?
    {
        return Ok(Committed::Conflict);
    }
    let (site, key) = unit.place();
    for child in &unit.children {
        store_child(connection, child)?;
    }
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
            lease_until, attempts, first_attempt_at, subject) \
            VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, 0, ?8, ?9)";
        let state = NotificationState::Pending.as_str();
        let lease = owed.leased_until.unwrap_or(0);
        let first = owed.leased_until.map(|_| owed.due_at);
        let row = params![
            site,
            key,
            owed.seq,
            owed.event,
            state,
            owed.due_at,
            lease,
            first,
            owed.subject
        ];
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
    append_journal(connection, unit)?;
    append_attempts(connection, unit)?;
    store_operations(connection, unit)?;
    store_references(connection, unit)?;
    change_tokens(connection, unit)?;
    for file in &unit.files {
        let sql = "INSERT INTO files (site_id, key, file_id, name, kind, description, at, bytes) \
            VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)";
        let FileRow { file_id, name, kind, description, at, bytes } = file;
        let row = params![site, key, file_id, name, kind, description, at, bytes];
        connection.prepare_cached(sql)?.execute(row)?;
    }
    if let Some(answer) = &unit.answer {
        answer_request(connection, site, &answer.key, answer.status, &answer.body)?;
    }
    Ok(Committed::Done)
}

fn can_be_answered(connection: &Connection, unit: &UnitOfWork) -> rusqlite::Result<bool> {
    let Some(answer) = &unit.answer else { return Ok(true) };
    let sql = "SELECT 1 FROM idempotency \
        WHERE site_id = ?1 AND idempotency_key = ?2 AND status IS NOT NULL";
    let is_answered =
        connection.prepare_cached(sql)?.exists(params![unit.order.site_id, answer.key])?;
    Ok(!is_answered)
}

/// Looked at before anything is stored, so that there is nothing to undo.
fn children_can_be_stored(connection: &Connection, unit: &UnitOfWork) -> rusqlite::Result<bool> {
    for child in &unit.children {
        let order = &child.order;
        let (sql, row) = if child.is_new {
            let sql = "SELECT 1 FROM orders WHERE (site_id = ?1 AND order_id = ?3) OR key = ?2";
            (sql, params![order.site_id, order.key, order.order_id])
        } else {
            (
                "SELECT 1 FROM orders WHERE site_id = ?1 AND key = ?2",
                params![order.site_id, order.key],
            )
        };
        if connection.prepare_cached(sql)?.exists(row)? == child.is_new {
            return Ok(false);
        }
    }
    Ok(true)
}

fn store_child(connection: &Connection, child: &ChildRow) -> rusqlite::Result<()> {
    let order = &child.order;
    if child.is_new {
        insert_order(connection, order)?;
        return Ok(());
    }
    let sql = "UPDATE orders SET version = version + 1, status = ?1, financial_status = ?2, \
        amount = ?3, modified_at = ?4, state = ?5 WHERE key = ?6 AND site_id = ?7";
    connection.prepare_cached(sql)?.execute(params![
        order.status,
        order.financial_status,
        order.amount,
        order.modified_at,
        order.state,
        order.key,
        order.site_id,
    ])?;
    Ok(())
}

fn append_journal(connection: &Connection, unit: &UnitOfWork) -> rusqlite::Result<()> {
    let (site, key) = unit.place();
    for entry in &unit.journal {
        let sql = "INSERT INTO journal (site_id, key, seq, at, booked_at, kind, currency, \
            postings, hash) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)";
        let JournalRow { seq, at, booked_at, kind, currency, postings, hash } = entry;
        let row = params![site, key, seq, at, booked_at, kind, currency, postings, hash];
        connection.prepare_cached(sql)?.execute(row)?;
    }
    Ok(())
}

fn append_attempts(connection: &Connection, unit: &UnitOfWork) -> rusqlite::Result<()> {
    let (site, key) = unit.place();
    for made in &unit.attempts {
        let sql = "INSERT INTO attempts (site_id, key, attempt, outcome, at, ip, email, bin, card, \
            amount, currency) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)";
        let AttemptRow { at, attempt, ip, email, bin, card, amount, currency, .. } = made;
        let outcome = made.outcome.number();
        let row = params![site, key, attempt, outcome, at, ip, email, bin, card, amount, currency];
        connection.prepare_cached(sql)?.execute(row)?;
        if let Some(until) = made.counts_until {
            let sql = "INSERT INTO declines (site_id, card, amount, currency, at, key, attempt, \
                for_good, counts_until) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)";
            let for_good = made.outcome == AttemptOutcome::DeclinedForGood;
            let row = params![site, card, amount, currency, at, key, attempt, for_good, until];
            connection.prepare_cached(sql)?.execute(row)?;
        }
    }
    Ok(())
}

/// As a new one, unless its name or its key is taken. Returns how many were stored.
fn insert_order(connection: &Connection, order: &OrderRow) -> rusqlite::Result<usize> {
    let sql = "INSERT INTO orders (site_id, key, order_id, version, status, \
        financial_status, currency, amount, created_at, modified_at, request, state) \
        VALUES (?1, ?2, ?3, 1, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11) ON CONFLICT DO NOTHING";
    connection.prepare_cached(sql)?.execute(params![
        order.site_id,
        order.key,
        order.order_id,
        order.status,
        order.financial_status,
        order.currency,
        order.amount,
        order.created_at,
        order.modified_at,
        order.request,
        order.state,
    ])
}

fn store_order(connection: &Connection, unit: &UnitOfWork) -> rusqlite::Result<bool> {
    let order = &unit.order;
    let stored = match unit.expected_version {
        None => insert_order(connection, order)?,
        Some(expected) => {
            let sql = "UPDATE orders SET version = ?1, status = ?2, financial_status = ?3, \
                amount = ?4, modified_at = ?5, state = ?6 \
                WHERE key = ?7 AND site_id = ?8 AND version = ?9";
            let with_request = "UPDATE orders SET version = ?1, status = ?2, \
                financial_status = ?3, amount = ?4, modified_at = ?5, state = ?6, \
                currency = ?10, request = ?11 \
                WHERE key = ?7 AND site_id = ?8 AND version = ?9";
            if unit.new_request {
                let stored = connection.prepare_cached(with_request)?.execute(params![
                    unit.new_version(),
                    order.status,
                    order.financial_status,
                    order.amount,
                    order.modified_at,
                    order.state,
                    order.key,
                    order.site_id,
                    expected,
                    order.currency,
                    order.request,
                ])?;
                return Ok(stored == 1);
            }
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
                VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)";
            let begun = advice.leased_until.and(advice.due_at);
            connection.prepare_cached(sql)?.execute(params![
                site,
                key,
                advice.seq,
                advice.kind,
                advice.link,
                advice.chain,
                advice.due_at,
                advice.leased_until.unwrap_or(0),
                advice.attempts,
                advice.first_attempt_at.or(begun),
                advice.note,
                advice.body,
            ])
        }
        AdviceChange::Settle { seq } => {
            let sql = "DELETE FROM advices WHERE key = ?1 AND seq = ?2 AND site_id = ?3";
            connection.prepare_cached(sql)?.execute(params![key, seq, site])
        }
        AdviceChange::Rewrite { seq, body } => {
            let sql = "UPDATE advices SET body = ?4 WHERE key = ?1 AND seq = ?2 AND site_id = ?3";
            connection.prepare_cached(sql)?.execute(params![key, seq, site, body])
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
