//! Stored cards, by token.

use async_trait::async_trait;
use tokio_postgres::Row;
use tokio_postgres::types::ToSql;

use super::super::{
    Committed, FirstPayment, LISTED_ROWS_MAX, StoreError, TokenOwner, TokenRow, TokenState, Tokens,
};
use super::PostgresStore;
use super::orders::hash;
use crate::clock::UnixMillis;

/// The columns of a row, in the sequence in which it is read.
macro_rules! select {
    ($rest:literal) => {
        concat!(
            "SELECT account_id, live, token, site_id, key, reference, scheme, bin, last4, digits, ",
            "expiry, sealed_holder, sealed_pan, fingerprint, key_id, model, state, by_mail, ",
            "network_reference, eci, cavv, ds_trans_id, created_at, updated_at, last_used_at, ",
            "first_payments FROM tokens WHERE account_id = $1 AND live = $2 ",
            $rest
        )
    };
}

#[async_trait]
impl Tokens for PostgresStore {
    async fn token(&self, owner: TokenOwner, token: &str) -> Result<Option<TokenRow>, StoreError> {
        const DOING: &str = "read a token";
        let asked: [&(dyn ToSql + Sync); 3] = [&owner.account_id, &owner.live(), &token];
        let rows = self.read(DOING, select!("AND token = $3"), &asked).await?;
        rows.first().map(|row| row_of(DOING, row)).transpose()
    }

    async fn tokens_of(
        &self,
        owner: TokenOwner,
        reference: &str,
        limit: u32,
        offset: u32,
    ) -> Result<Vec<TokenRow>, StoreError> {
        const DOING: &str = "list tokens";
        let (limit, offset) = (i64::from(limit.min(LISTED_ROWS_MAX)), i64::from(offset));
        let sql = select!(
            "AND reference = $3 AND state <> 'dead'
            ORDER BY created_at DESC, token COLLATE \"C\" DESC LIMIT $4 OFFSET $5"
        );
        let asked: [&(dyn ToSql + Sync); 5] =
            [&owner.account_id, &owner.live(), &reference, &limit, &offset];
        let rows = self.read(DOING, sql, &asked).await?;
        rows.iter().map(|row| row_of(DOING, row)).collect()
    }

    async fn token_of_card(
        &self,
        owner: TokenOwner,
        reference: &str,
        fingerprint: [u8; 32],
        model: &str,
    ) -> Result<Option<TokenRow>, StoreError> {
        const DOING: &str = "find the token of a card";
        let sql = select!(
            "AND fingerprint = $3 AND reference = $4 AND model = $5 AND state <> 'dead'
            ORDER BY state = 'active' DESC, created_at DESC, token COLLATE \"C\" DESC LIMIT 1"
        );
        let card = fingerprint.as_slice();
        let asked: [&(dyn ToSql + Sync); 5] =
            [&owner.account_id, &owner.live(), &card, &reference, &model];
        let rows = self.read(DOING, sql, &asked).await?;
        rows.first().map(|row| row_of(DOING, row)).transpose()
    }

    async fn set_token_expiry(
        &self,
        owner: TokenOwner,
        token: &str,
        expiry: &str,
        at: UnixMillis,
    ) -> Result<Committed, StoreError> {
        let sql = "UPDATE tokens SET expiry = $4, updated_at = GREATEST(updated_at, $5)
            WHERE account_id = $1 AND live = $2 AND token = $3 AND state <> 'dead' RETURNING 1";
        let asked: [&(dyn ToSql + Sync); 5] =
            [&owner.account_id, &owner.live(), &token, &expiry, &at];
        self.write("change a token", sql, &asked).await.map(|rows| one(&rows))
    }

    async fn delete_token(&self, owner: TokenOwner, token: &str) -> Result<Committed, StoreError> {
        let sql = "DELETE FROM tokens
            WHERE account_id = $1 AND live = $2 AND token = $3 AND state <> 'dead' RETURNING 1";
        let asked: [&(dyn ToSql + Sync); 3] = [&owner.account_id, &owner.live(), &token];
        self.write("delete a token", sql, &asked).await.map(|rows| one(&rows))
    }
}

fn one(changed: &[Row]) -> Committed {
    if changed.len() == 1 { Committed::Done } else { Committed::Conflict }
}

fn row_of(doing: &'static str, row: &Row) -> Result<TokenRow, StoreError> {
    Ok(TokenRow {
        owner: TokenOwner { account_id: row.get(0), is_live: row.get::<_, i32>(1) == 1 },
        token: row.get(2),
        site_id: row.get(3),
        key: row.get(4),
        reference: row.get(5),
        scheme: row.get(6),
        bin: row.get(7),
        last4: row.get(8),
        digits: row.get(9),
        expiry: row.get(10),
        sealed_holder: row.get(11),
        sealed_pan: row.get(12),
        fingerprint: hash(doing, row.get(13))?,
        key_id: row.get(14),
        model: row.get(15),
        state: TokenState::from_text(row.get(16)),
        by_mail: row.get::<_, i32>(17) == 1,
        first: FirstPayment {
            network_reference: row.get(18),
            eci: row.get(19),
            cavv: row.get(20),
            ds_trans_id: row.get(21),
        },
        created_at: row.get(22),
        updated_at: row.get(23),
        last_used_at: row.get(24),
        first_payments: row.get(25),
    })
}
