//! Stored cards, by token.

use async_trait::async_trait;
use rusqlite::{Connection, Row, params};

use super::super::tokens::TOKEN_COLUMNS;
use super::super::{
    Committed, FirstPayment, LISTED_ROWS_MAX, StoreError, TokenChange, TokenOwner, TokenRow,
    TokenStep, Tokens, UnitOfWork,
};
use super::SqliteStore;
use super::cells::RowCells;
use crate::clock::UnixMillis;

fn row_of(row: &Row<'_>) -> rusqlite::Result<TokenRow> {
    TokenRow::read(RowCells::of(row))
}

#[async_trait]
impl Tokens for SqliteStore {
    async fn token(&self, owner: TokenOwner, token: &str) -> Result<Option<TokenRow>, StoreError> {
        let token = token.to_owned();
        self.read("read a token", move |connection| {
            let sql = format!(
                "SELECT {TOKEN_COLUMNS} FROM tokens WHERE account_id = ?1 AND live = ?2 AND token = ?3"
            );
            let mut statement = connection.prepare_cached(&sql)?;
            let asked = params![owner.account_id, owner.live(), token];
            statement.query_map(asked, row_of)?.next().transpose()
        })
        .await
    }

    async fn tokens_of(
        &self,
        owner: TokenOwner,
        reference: &str,
        limit: u32,
        offset: u32,
    ) -> Result<Vec<TokenRow>, StoreError> {
        let (reference, limit) = (reference.to_owned(), limit.min(LISTED_ROWS_MAX));
        self.read("list tokens", move |connection| {
            let sql = format!(
                "SELECT {TOKEN_COLUMNS} FROM tokens WHERE account_id = ?1 AND live = ?2 \
                    AND reference = ?3 AND state <> 'dead' \
                ORDER BY created_at DESC, token DESC LIMIT ?4 OFFSET ?5"
            );
            let mut statement = connection.prepare_cached(&sql)?;
            let asked = params![owner.account_id, owner.live(), reference, limit, offset];
            statement.query_map(asked, row_of)?.collect()
        })
        .await
    }

    async fn token_of_card(
        &self,
        owner: TokenOwner,
        reference: &str,
        fingerprint: [u8; 32],
        model: &str,
    ) -> Result<Option<TokenRow>, StoreError> {
        let (reference, model) = (reference.to_owned(), model.to_owned());
        self.read("find the token of a card", move |connection| {
            let sql = format!(
                "SELECT {TOKEN_COLUMNS} FROM tokens WHERE account_id = ?1 AND live = ?2 \
                    AND fingerprint = ?3 AND reference = ?4 AND model = ?5 AND state <> 'dead' \
                ORDER BY state = 'active' DESC, created_at DESC, token DESC LIMIT 1"
            );
            let mut statement = connection.prepare_cached(&sql)?;
            let asked = params![owner.account_id, owner.live(), fingerprint, reference, model];
            statement.query_map(asked, row_of)?.next().transpose()
        })
        .await
    }

    async fn set_token_expiry(
        &self,
        owner: TokenOwner,
        token: &str,
        expiry: &str,
        at: UnixMillis,
    ) -> Result<Committed, StoreError> {
        let (token, expiry) = (token.to_owned(), expiry.to_owned());
        self.write("change a token", move |connection| {
            let sql = "UPDATE tokens SET expiry = ?4, updated_at = max(updated_at, ?5) \
                WHERE account_id = ?1 AND live = ?2 AND token = ?3 AND state <> 'dead'";
            let asked = params![owner.account_id, owner.live(), token, expiry, at];
            connection.prepare_cached(sql)?.execute(asked).map(one)
        })
        .await
    }

    async fn delete_token(&self, owner: TokenOwner, token: &str) -> Result<Committed, StoreError> {
        let token = token.to_owned();
        self.write("delete a token", move |connection| {
            let sql = "DELETE FROM tokens \
                WHERE account_id = ?1 AND live = ?2 AND token = ?3 AND state <> 'dead'";
            let asked = params![owner.account_id, owner.live(), token];
            connection.prepare_cached(sql)?.execute(asked).map(one)
        })
        .await
    }
}

fn one(changed: usize) -> Committed {
    if changed == 1 { Committed::Done } else { Committed::Conflict }
}

/// Whether every token that the unit charges can be charged, is shared while it is pending, and is new
/// where it is made.
pub(super) fn tokens_fit(connection: &Connection, unit: &UnitOfWork) -> rusqlite::Result<bool> {
    for TokenChange { owner, token, step, .. } in &unit.tokens {
        let (account, live) = (owner.account_id, owner.live());
        let fits = match step {
            TokenStep::Use { unused_since } => {
                let sql = "SELECT 1 FROM tokens WHERE account_id = ?1 AND live = ?2 AND token = ?3 \
                    AND state = 'active' \
                    AND (?4 IS NULL OR last_used_at IS NULL OR last_used_at <= ?4)";
                let asked = params![account, live, token, unused_since];
                connection.prepare_cached(sql)?.exists(asked)?
            }
            TokenStep::Share => {
                let sql = "SELECT 1 FROM tokens WHERE account_id = ?1 AND live = ?2 AND token = ?3 \
                    AND state = 'pending'";
                connection.prepare_cached(sql)?.exists(params![account, live, token])?
            }
            TokenStep::Make(row) => {
                // Of no payer there is nothing that could be equal.
                let sql = "SELECT 1 FROM tokens WHERE account_id = ?1 AND live = ?2 \
                    AND fingerprint = ?3 AND reference = ?4 AND model = ?5 AND state <> 'dead'";
                let asked = params![account, live, row.fingerprint, row.reference, row.model];
                !connection.prepare_cached(sql)?.exists(asked)?
            }
            TokenStep::Activate(_) | TokenStep::Renew { .. } | TokenStep::Bury => true,
        };
        if !fits {
            return Ok(false);
        }
    }
    Ok(true)
}

/// What becomes of tokens with the unit.
pub(super) fn change_tokens(connection: &Connection, unit: &UnitOfWork) -> rusqlite::Result<()> {
    for change in &unit.tokens {
        let TokenChange { owner, token, at, step } = change;
        let (account, live) = (owner.account_id, owner.live());
        match step {
            TokenStep::Make(row) => insert(connection, row)?,
            TokenStep::Activate(first) => {
                let sql = "UPDATE tokens SET state = 'active', network_reference = ?4, eci = ?5, \
                    cavv = ?6, ds_trans_id = ?7, updated_at = max(updated_at, ?8) \
                    WHERE account_id = ?1 \
                    AND live = ?2 AND token = ?3 AND state = 'pending'";
                let FirstPayment { network_reference, eci, cavv, ds_trans_id } = first;
                let row =
                    params![account, live, token, network_reference, eci, cavv, ds_trans_id, at];
                connection.prepare_cached(sql)?.execute(row)?;
            }
            TokenStep::Renew { expiry } => {
                let sql = "UPDATE tokens SET expiry = ?4, updated_at = max(updated_at, ?5) \
                    WHERE account_id = ?1 AND live = ?2 AND token = ?3 AND state <> 'dead' \
                    AND expiry < ?4";
                let row = params![account, live, token, expiry, at];
                connection.prepare_cached(sql)?.execute(row)?;
            }
            TokenStep::Share => {
                let sql = "UPDATE tokens SET first_payments = first_payments + 1, \
                    updated_at = max(updated_at, ?4) \
                    WHERE account_id = ?1 AND live = ?2 AND token = ?3";
                connection.prepare_cached(sql)?.execute(params![account, live, token, at])?;
            }
            TokenStep::Bury => {
                let sql = "UPDATE tokens SET first_payments = first_payments - 1, \
                    state = CASE WHEN first_payments > 1 THEN state ELSE 'dead' END, \
                    sealed_pan = CASE WHEN first_payments > 1 THEN sealed_pan END, \
                    sealed_holder = CASE WHEN first_payments > 1 THEN sealed_holder END, \
                    updated_at = max(updated_at, ?4) \
                    WHERE account_id = ?1 AND live = ?2 AND token = ?3 AND state <> 'dead'";
                connection.prepare_cached(sql)?.execute(params![account, live, token, at])?;
            }
            TokenStep::Use { .. } => {
                let sql = "UPDATE tokens SET last_used_at = max(coalesce(last_used_at, ?4), ?4) \
                    WHERE account_id = ?1 AND live = ?2 AND token = ?3";
                connection.prepare_cached(sql)?.execute(params![account, live, token, at])?;
            }
        }
    }
    Ok(())
}

fn insert(connection: &Connection, row: &TokenRow) -> rusqlite::Result<()> {
    let sql = format!(
        "INSERT INTO tokens ({TOKEN_COLUMNS}, one_for_its_card) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, \
            ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19, ?20, ?21, ?22, ?23, ?24, ?25, ?26, 1)"
    );
    connection.prepare_cached(&sql)?.execute(params![
        row.owner.account_id,
        row.owner.live(),
        row.token,
        row.site_id,
        row.key,
        row.reference,
        row.scheme,
        row.bin,
        row.last4,
        row.digits,
        row.expiry,
        row.sealed_holder,
        row.sealed_pan,
        row.fingerprint,
        row.key_id,
        row.model,
        row.state.as_str(),
        i32::from(row.by_mail),
        row.first.network_reference,
        row.first.eci,
        row.first.cavv,
        row.first.ds_trans_id,
        row.created_at,
        row.updated_at,
        row.last_used_at,
        row.first_payments,
    ])?;
    Ok(())
}
