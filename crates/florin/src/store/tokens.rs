//! Stored cards, by token: rows of an account, which any of its sites may charge.
//!
//! A token is made, and changes with what becomes of payments, in units of work; what its shop asks
//! for by itself, a new date or its end, is a change of its own. What a model or a state permits is
//! not decided here.

use std::fmt;

use async_trait::async_trait;

use super::cells::Cells;
use super::rows::{OrderKey, SiteId};
use super::{Committed, StoreError};
use crate::clock::UnixMillis;

/// Whose a token is. Test sites and live sites of an account do not see each other's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TokenOwner {
    /// The account.
    pub account_id: i64,
    /// Of its live sites, or of its test sites.
    pub is_live: bool,
}

impl TokenOwner {
    pub(super) fn live(self) -> i32 {
        i32::from(self.is_live)
    }
}

/// What may be done with a token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TokenState {
    /// Its first payment is under way.
    Pending,
    /// It can be charged.
    Active,
    /// Its first payment came to nothing: it is kept for the record, without its card.
    Dead,
}

impl TokenState {
    pub(super) fn as_str(self) -> &'static str {
        match self {
            TokenState::Pending => "pending",
            TokenState::Active => "active",
            TokenState::Dead => "dead",
        }
    }

    /// What is not known is not charged.
    pub(super) fn from_text(text: &str) -> TokenState {
        match text {
            "pending" => TokenState::Pending,
            "active" => TokenState::Active,
            _ => TokenState::Dead,
        }
    }
}

/// A stored card.
#[derive(Clone, PartialEq, Eq)]
pub struct TokenRow {
    /// Whose it is. Fixed.
    pub owner: TokenOwner,
    /// Its name. Fixed.
    pub token: String,
    /// The site on which it was made. Fixed.
    pub site_id: SiteId,
    /// The order that made it. Fixed.
    pub key: OrderKey,
    /// What the shop calls the payer. Fixed.
    pub reference: Option<String>,
    /// The network of the card. Fixed.
    pub scheme: String,
    /// The first six digits. Fixed.
    pub bin: String,
    /// The last four digits. Fixed.
    pub last4: String,
    /// How many digits there are. Fixed.
    pub digits: i32,
    /// YYMM.
    pub expiry: String,
    /// The name on the card, encrypted.
    pub sealed_holder: Option<Vec<u8>>,
    /// The PAN, encrypted.
    pub sealed_pan: Option<Vec<u8>>,
    /// Keyed hash of the PAN. Fixed.
    pub fingerprint: [u8; 32],
    /// The data key that sealed the PAN. Fixed.
    pub key_id: i32,
    /// Who charges it, and when. Fixed.
    pub model: String,
    /// What may be done with it.
    pub state: TokenState,
    /// The card was told by mail or telephone. Fixed.
    pub by_mail: bool,
    /// What is known of its first payment.
    pub first: FirstPayment,
    /// How many first payments it has that have not come to nothing: of one that is under way or went
    /// well it is 1, and more where several were made of one card at once.
    pub first_payments: i32,
    /// When it was made. Fixed.
    pub created_at: UnixMillis,
    /// When it last changed, but for its use.
    pub updated_at: UnixMillis,
    /// When it was last charged.
    pub last_used_at: Option<UnixMillis>,
}

/// The columns of a row, in the sequence in which it is read and written.
pub(super) const TOKEN_COLUMNS: &str = "account_id, live, token, site_id, key, reference, scheme, \
    bin, last4, digits, expiry, sealed_holder, sealed_pan, fingerprint, key_id, model, state, \
    by_mail, network_reference, eci, cavv, ds_trans_id, created_at, updated_at, last_used_at, \
    first_payments";

impl TokenRow {
    /// Reads the columns of [`TOKEN_COLUMNS`].
    pub(super) fn read<C: Cells>(mut cells: C) -> Result<TokenRow, C::Error> {
        Ok(TokenRow {
            owner: TokenOwner { account_id: cells.whole()?, is_live: cells.flag()? },
            token: cells.text()?,
            site_id: cells.whole()?,
            key: cells.whole()?,
            reference: cells.maybe_text()?,
            scheme: cells.text()?,
            bin: cells.text()?,
            last4: cells.text()?,
            digits: cells.small()?,
            expiry: cells.text()?,
            sealed_holder: cells.maybe_bytes()?,
            sealed_pan: cells.maybe_bytes()?,
            fingerprint: cells.hash()?,
            key_id: cells.small()?,
            model: cells.text()?,
            state: TokenState::from_text(&cells.text()?),
            by_mail: cells.flag()?,
            first: FirstPayment {
                network_reference: cells.maybe_text()?,
                eci: cells.maybe_text()?,
                cavv: cells.maybe_text()?,
                ds_trans_id: cells.maybe_text()?,
            },
            created_at: cells.whole()?,
            updated_at: cells.whole()?,
            last_used_at: cells.maybe_whole()?,
            first_payments: cells.small()?,
        })
    }
}

impl fmt::Debug for TokenRow {
    /// Leaves out even what is encrypted: a log is no place for it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TokenRow")
            .field("owner", &self.owner)
            .field("token", &self.token)
            .field("state", &self.state)
            .field("has_pan", &self.sealed_pan.is_some())
            .finish_non_exhaustive()
    }
}

/// What later payments say of the one at which the payer agreed.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct FirstPayment {
    /// The scheme's identifier.
    pub network_reference: Option<String>,
    /// Electronic commerce indicator.
    pub eci: Option<String>,
    /// The authentication value.
    pub cavv: Option<String>,
    /// The directory server's identifier.
    pub ds_trans_id: Option<String>,
}

impl fmt::Debug for FirstPayment {
    /// Leaves out the authentication value, which belongs in no log.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FirstPayment")
            .field("network_reference", &self.network_reference)
            .finish_non_exhaustive()
    }
}

/// A change to a token that becomes true with a unit of work.
#[derive(Clone, Debug)]
pub struct TokenChange {
    /// Whose it is.
    pub owner: TokenOwner,
    /// Which one.
    pub token: String,
    /// When.
    pub at: UnixMillis,
    /// What becomes of it.
    pub step: TokenStep,
}

/// What becomes of a token. Where nothing else is said, nothing comes of a change to one that is not
/// there.
#[derive(Clone, Debug)]
pub enum TokenStep {
    /// It is new. If its payer has one that is not dead for the same card and model, the whole unit
    /// is a conflict; one of no payer is always new.
    Make(Box<TokenRow>),
    /// A pending one has another first payment. If it is pending no more, the whole unit is a conflict.
    Share,
    /// A pending one can be charged from now on.
    Activate(FirstPayment),
    /// The card was shown again: its date is this one, if that is later.
    Renew { expiry: String },
    /// A first payment of it came to nothing: with the last one it ends, and the card in it.
    Bury,
    /// It is charged. If it cannot be, or was after `unused_since`, the whole unit is a conflict.
    Use { unused_since: Option<UnixMillis> },
}

impl TokenStep {
    pub(super) fn name(&self) -> &'static str {
        match self {
            TokenStep::Make(_) => "make",
            TokenStep::Share => "share",
            TokenStep::Activate(_) => "activate",
            TokenStep::Renew { .. } => "renew",
            TokenStep::Bury => "bury",
            TokenStep::Use { .. } => "use",
        }
    }
}

impl TokenChange {
    /// Every text that would be stored.
    pub(super) fn texts(&self) -> impl Iterator<Item = &str> {
        let mut texts = vec![self.token.as_str()];
        match &self.step {
            TokenStep::Make(row) => {
                texts.extend([row.scheme.as_str(), &row.bin, &row.last4, &row.expiry, &row.model]);
                texts.extend(row.reference.as_deref());
            }
            TokenStep::Activate(first) => {
                let FirstPayment { network_reference, eci, cavv, ds_trans_id } = first;
                let known = [network_reference, eci, cavv, ds_trans_id];
                texts.extend(known.into_iter().filter_map(|it| it.as_deref()));
            }
            TokenStep::Renew { expiry } => texts.push(expiry),
            TokenStep::Share | TokenStep::Bury | TokenStep::Use { .. } => {}
        }
        texts.into_iter()
    }
}

/// Stored cards, which units of work have made.
#[async_trait]
pub trait Tokens: Send + Sync {
    /// The token with this name, whatever its state.
    async fn token(&self, owner: TokenOwner, token: &str) -> Result<Option<TokenRow>, StoreError>;

    /// The tokens of a payer that are not dead, newest first: those after the first `offset`. At
    /// most `limit`, and at most [`LISTED_ROWS_MAX`](super::LISTED_ROWS_MAX).
    async fn tokens_of(
        &self,
        owner: TokenOwner,
        reference: &str,
        limit: u32,
        offset: u32,
    ) -> Result<Vec<TokenRow>, StoreError>;

    /// The token of this payer for this card and model that is not dead: an active one before a pending
    /// one, and the newest of several.
    async fn token_of_card(
        &self,
        owner: TokenOwner,
        reference: &str,
        fingerprint: [u8; 32],
        model: &str,
    ) -> Result<Option<TokenRow>, StoreError>;

    /// Gives the token another date; a conflict means that there is none, or that it is dead.
    async fn set_token_expiry(
        &self,
        owner: TokenOwner,
        token: &str,
        expiry: &str,
        at: UnixMillis,
    ) -> Result<Committed, StoreError>;

    /// Deletes the token with its card; a conflict means that there is none, or that it is dead.
    async fn delete_token(&self, owner: TokenOwner, token: &str) -> Result<Committed, StoreError>;
}
