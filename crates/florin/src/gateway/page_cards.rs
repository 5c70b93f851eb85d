//! Stored cards on a page: which of them a payer may choose from.
//!
//! A shop names one with its order, or lets the payer choose among those of the reference that the
//! order has. Only what was stored for the payer's own use is offered, and only what could be
//! charged this minute.

use super::charges::{ChargedBy, may_charge};
use super::record::Record;
use super::tokens::{StoredCard, can_be_stored};
use super::{Failure, Gateway};
use crate::api::contract::request::RecurringModel;
use crate::store::TokenRow;

/// Most cards on one page.
const CARDS_ON_PAGE_MAX: usize = 8;
/// Most tokens of a payer that are looked through for them: those of other models are among these.
const TOKENS_READ_MAX: u32 = 50;

impl Gateway {
    /// The stored cards that the page of an order offers: the one that the order names first, then
    /// the payer's, newest first, each card once and none that has expired.
    ///
    /// # Errors
    /// A [`Failure`] of the store, or a stored card that cannot be opened.
    pub async fn cards_on_page(&self, record: &Record) -> Result<Vec<StoredCard>, Failure> {
        let (site, details) = (record.site.as_ref(), &record.request.details);
        if !site.tokenizes(RecurringModel::CardOnFile) {
            return Ok(Vec::new());
        }
        let owner = site.token_owner();
        let mut rows: Vec<TokenRow> = Vec::new();
        if let Some(token) = details.recurring_id.as_deref().filter(|it| can_be_stored(it)) {
            rows.extend(self.store.token(owner, token).await?);
        }
        let reference = details.customer.reference.as_deref().filter(|it| can_be_stored(it));
        if let Some(reference) = reference {
            let of_payer = self.store.tokens_of(owner, reference, TOKENS_READ_MAX, 0).await?;
            let for_the_payer = |row: &TokenRow| {
                RecurringModel::parse(&row.model) == Some(RecurringModel::CardOnFile)
            };
            rows.extend(of_payer.into_iter().filter(for_the_payer));
        }
        let mut cards = Vec::new();
        let mut seen = Vec::new();
        for row in rows {
            if cards.len() == CARDS_ON_PAGE_MAX || seen.contains(&row.fingerprint) {
                continue;
            }
            let card = self.read_token(site, &row)?;
            let now = site.time(self.now());
            let may = may_charge(site, details, &row, &card, now, ChargedBy::PayerOnPage).is_ok();
            if may && !card.is_expired {
                seen.push(row.fingerprint);
                cards.push(card);
            }
        }
        Ok(cards)
    }
}
