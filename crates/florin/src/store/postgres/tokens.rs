//! Stored cards, by token.

use async_trait::async_trait;
use tokio_postgres::Row;
use tokio_postgres::types::ToSql;

use super::super::tokens::TOKEN_COLUMNS;
use super::super::{Committed, LISTED_ROWS_MAX, StoreError, TokenOwner, TokenRow, Tokens};
use super::PostgresStore;
use super::cells::RowCells;
use crate::clock::UnixMillis;

fn select(rest: &str) -> String {
    format!("SELECT {TOKEN_COLUMNS} FROM tokens WHERE account_id = $1 AND live = $2 {rest}")
}

fn row_of(doing: &'static str, row: &Row) -> Result<TokenRow, StoreError> {
    TokenRow::read(RowCells::of(doing, row))
}

#[async_trait]
impl Tokens for PostgresStore {
    async fn token(&self, owner: TokenOwner, token: &str) -> Result<Option<TokenRow>, StoreError> {
        const DOING: &str = "read a token";
        let asked: [&(dyn ToSql + Sync); 3] = [&owner.account_id, &owner.live(), &token];
        let rows = self.read(DOING, &select("AND token = $3"), &asked).await?;
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
        let sql = select(
            "AND reference = $3 AND state <> 'dead'
            ORDER BY created_at DESC, token COLLATE \"C\" DESC LIMIT $4 OFFSET $5",
        );
        let asked: [&(dyn ToSql + Sync); 5] =
            [&owner.account_id, &owner.live(), &reference, &limit, &offset];
        let rows = self.read(DOING, &sql, &asked).await?;
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
        let sql = select(
            "AND fingerprint = $3 AND reference = $4 AND model = $5 AND state <> 'dead'
            ORDER BY state = 'active' DESC, created_at DESC, token COLLATE \"C\" DESC LIMIT 1",
        );
        let card = fingerprint.as_slice();
        let asked: [&(dyn ToSql + Sync); 5] =
            [&owner.account_id, &owner.live(), &card, &reference, &model];
        let rows = self.read(DOING, &sql, &asked).await?;
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
