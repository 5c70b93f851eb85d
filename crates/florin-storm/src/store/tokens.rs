//! Stored cards of the store in memory.

use async_trait::async_trait;
use florin::clock::UnixMillis;
use florin::store::{
    Committed, LISTED_ROWS_MAX, StoreError, TokenChange, TokenOwner, TokenRow, TokenState,
    TokenStep, Tokens, UnitOfWork,
};

use super::MemoryStore;
use super::tables::Tables;

#[async_trait]
impl Tokens for MemoryStore {
    async fn token(&self, owner: TokenOwner, token: &str) -> Result<Option<TokenRow>, StoreError> {
        let place = (owner, token.to_owned());
        self.read("read a token", |tables| tables.tokens.get(&place).cloned()).await
    }

    async fn tokens_of(
        &self,
        owner: TokenOwner,
        reference: &str,
        limit: u32,
        offset: u32,
    ) -> Result<Vec<TokenRow>, StoreError> {
        let count = |rows: u32| usize::try_from(rows).unwrap_or(usize::MAX);
        let is_of_payer = |row: &TokenRow| {
            row.reference.as_deref() == Some(reference) && row.state != TokenState::Dead
        };
        self.read("list tokens", |tables| {
            let rows = newest_first(tables, owner, is_of_payer).into_iter();
            rows.skip(count(offset)).take(count(limit.min(LISTED_ROWS_MAX))).collect()
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
        let is_same = |row: &TokenRow| {
            row.reference.as_deref() == Some(reference)
                && (row.fingerprint, row.model.as_str()) == (fingerprint, model)
                && row.state != TokenState::Dead
        };
        self.read("find the token of a card", |tables| {
            newest_first(tables, owner, is_same).into_iter().next()
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
        let (place, expiry) = ((owner, token.to_owned()), expiry.to_owned());
        self.change("change a token", move |tables| {
            let row = tables.tokens.get_mut(&place).filter(|row| row.state != TokenState::Dead);
            let Some(row) = row else { return Committed::Conflict };
            row.expiry = expiry;
            row.updated_at = row.updated_at.max(at);
            Committed::Done
        })
        .await
    }

    async fn delete_token(&self, owner: TokenOwner, token: &str) -> Result<Committed, StoreError> {
        let place = (owner, token.to_owned());
        self.change("delete a token", move |tables| {
            let is_there = tables.tokens.get(&place).is_some_and(|it| it.state != TokenState::Dead);
            if !is_there {
                return Committed::Conflict;
            }
            tables.tokens.remove(&place);
            Committed::Done
        })
        .await
    }
}

fn newest_first(
    tables: &Tables,
    owner: TokenOwner,
    fits: impl Fn(&TokenRow) -> bool,
) -> Vec<TokenRow> {
    let of_owner = tables.tokens.values().filter(|row| row.owner == owner);
    let mut rows: Vec<TokenRow> = of_owner.filter(|row| fits(row)).cloned().collect();
    rows.sort_by(|one, other| (other.created_at, &other.token).cmp(&(one.created_at, &one.token)));
    rows
}

impl Tables {
    /// Whether every token that the unit charges can be charged, is shared while it is pending, and is
    /// new where it is made.
    pub(super) fn tokens_fit(&self, unit: &UnitOfWork) -> bool {
        unit.tokens.iter().all(|change| {
            let row = self.tokens.get(&(change.owner, change.token.clone()));
            match &change.step {
                TokenStep::Use { unused_since } => row.is_some_and(|row| {
                    let is_too_soon =
                        unused_since.zip(row.last_used_at).is_some_and(|(a, b)| b > a);
                    row.state == TokenState::Active && !is_too_soon
                }),
                TokenStep::Share => row.is_some_and(|row| row.state == TokenState::Pending),
                TokenStep::Make(new) => !self.tokens.values().any(|row| {
                    row.owner == new.owner
                        && row.reference.is_some()
                        && row.reference == new.reference
                        && row.fingerprint == new.fingerprint
                        && row.model == new.model
                        && row.state != TokenState::Dead
                }),
                TokenStep::Activate(_) | TokenStep::Renew { .. } | TokenStep::Bury => true,
            }
        })
    }

    /// Whether a token that the unit makes is there already.
    pub(super) fn has_made(&self, unit: &UnitOfWork) -> bool {
        unit.tokens.iter().any(|change| {
            matches!(change.step, TokenStep::Make(_))
                && self.tokens.contains_key(&(change.owner, change.token.clone()))
        })
    }

    /// What becomes of tokens with the unit.
    pub(super) fn change_tokens(&mut self, unit: &UnitOfWork) {
        for TokenChange { owner, token, at, step } in &unit.tokens {
            let place = (*owner, token.clone());
            if let TokenStep::Make(row) = step {
                self.tokens.insert(place, (**row).clone());
                continue;
            }
            let row = self.tokens.get_mut(&place).filter(|row| row.state != TokenState::Dead);
            let Some(row) = row else { continue };
            match step {
                TokenStep::Make(_) => {}
                TokenStep::Use { .. } => row.last_used_at = row.last_used_at.max(Some(*at)),
                TokenStep::Activate(first) if row.state == TokenState::Pending => {
                    row.state = TokenState::Active;
                    row.first = first.clone();
                    row.updated_at = row.updated_at.max(*at);
                }
                TokenStep::Activate(_) => {}
                TokenStep::Renew { expiry } => {
                    row.expiry = expiry.max(&row.expiry).clone();
                    row.updated_at = row.updated_at.max(*at);
                }
                TokenStep::Share => {
                    row.first_payments += 1;
                    row.updated_at = row.updated_at.max(*at);
                }
                TokenStep::Bury => {
                    row.first_payments -= 1;
                    row.updated_at = row.updated_at.max(*at);
                    if row.first_payments <= 0 {
                        row.state = TokenState::Dead;
                        row.sealed_pan = None;
                        row.sealed_holder = None;
                    }
                }
            }
        }
    }
}
