//! What may be charged with a stored card, by whom, and when; and the card for it.

use florin_core::card::{Cvc, Pan};
use florin_core::money::Money;

use super::create::PageForm;
use super::persist::{Credential, CredentialUse};
use super::site::{Mode, Site};
use super::tokens::{FIELD_PAN, StoredCard, can_be_stored};
use super::{Failure, Gateway};
use crate::api::contract::OrderDetails;
use crate::api::contract::card_input::{Card, CardInput};
use crate::api::contract::request::{Gateway as Method, RecurringModel};
use crate::api::contract::rules::brand_takes;
use crate::clock::UnixMillis;
use crate::store::{TokenRow, TokenState};

/// Live sites charge a token once in this many seconds, unless they are told otherwise.
const CHARGE_INTERVAL_S: u32 = 24 * 60 * 60;

/// Why a stored card is not charged. Nothing was recorded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ChargeRefusal {
    /// The account has no such token, or none of this payer.
    UnknownToken,
    /// Its first payment is still under way.
    NotActive,
    /// Its model, its brand or its last charge does not allow it.
    NotAllowed,
    /// The site does not offer the card's brand, or not for this.
    Unavailable,
    /// There is nothing to charge.
    NoAmount,
}

/// Who starts a charge.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ChargedBy {
    /// The shop, whether its payer is there or not.
    Shop,
    /// The payer, who has chosen the card on a page and is asked for its code: a payment as any
    /// other, however soon after the last one.
    PayerOnPage,
}

impl ChargedBy {
    pub(super) fn of(page: Option<&PageForm>) -> ChargedBy {
        if page.is_some() { ChargedBy::PayerOnPage } else { ChargedBy::Shop }
    }
}

/// A charge that may be made: the card as if it had been typed in, and the token.
pub(super) struct Charge {
    pub(super) input: CardInput,
    pub(super) credential: Credential,
}

impl Site {
    /// A token that was charged after this instant is not charged at `now`.
    pub(super) fn unused_since(&self, now: UnixMillis) -> Option<UnixMillis> {
        let interval = self.settings.recurring.min_interval.unwrap_or(match self.mode {
            Mode::Test => 0,
            Mode::Live => CHARGE_INTERVAL_S,
        });
        (interval > 0).then(|| now.saturating_sub(i64::from(interval).saturating_mul(1000)))
    }
}

impl Gateway {
    /// The card that a charge is made with.
    ///
    /// # Errors
    /// A [`Failure`] of the store, or a stored card that cannot be opened.
    pub(super) async fn charge(
        &self,
        site: &Site,
        details: &OrderDetails,
        token: &str,
        cvc: Option<Cvc>,
        by: ChargedBy,
    ) -> Result<Result<Charge, ChargeRefusal>, Failure> {
        let (row, stored, model) = match self.chargeable(site, details, token, by).await? {
            Ok(found) => found,
            Err(refusal) => return Ok(Err(refusal)),
        };
        // Whoever charges without the payer cannot have asked for the code.
        let cvc = cvc.filter(|cvc| {
            model == RecurringModel::CardOnFile && cvc.digits() == stored.brand.cvc_digits()
        });
        let damaged = |what: &str| Failure::Damaged(format!("the card of a token: {what}"));
        let sealed = row.sealed_pan.as_deref().ok_or_else(|| damaged("not there"))?;
        let pan = self.unseal_of_token(&row, FIELD_PAN, sealed)?;
        let pan = Pan::parse(&pan).map_err(|_| damaged("not a number"))?;
        let (expiry, brand) = (stored.expiry, stored.brand);
        let used = CredentialUse::Charge {
            reference: row.first.network_reference.clone(),
            by_mail: row.by_mail,
        };
        Ok(Ok(Charge {
            input: CardInput {
                holder: stored.holder,
                flexible_3d: None,
                moto: false,
                term_url: None,
                card: Ok(Card { pan, brand, expiry, cvc }),
            },
            credential: Credential { token: row.token, model, used },
        }))
    }

    /// Whether a charge may be made, or may still be made that lost a race.
    ///
    /// # Errors
    /// As [`Gateway::charge`].
    pub(super) async fn may_charge(
        &self,
        site: &Site,
        details: &OrderDetails,
        token: &str,
        by: ChargedBy,
    ) -> Result<Result<(), ChargeRefusal>, Failure> {
        Ok(self.chargeable(site, details, token, by).await?.map(|_| ()))
    }

    /// The token of this name and the model under which it may be charged now.
    async fn chargeable(
        &self,
        site: &Site,
        details: &OrderDetails,
        token: &str,
        by: ChargedBy,
    ) -> Result<Result<(TokenRow, StoredCard, RecurringModel), ChargeRefusal>, Failure> {
        let row = match can_be_stored(token) {
            true => self.store.token(site.token_owner(), token).await?,
            false => None,
        };
        let Some(row) = row else { return Ok(Err(ChargeRefusal::UnknownToken)) };
        let stored = self.read_token(site, &row)?;
        let model = may_charge(site, details, &row, &stored, site.time(self.now()), by);
        Ok(model.map(|model| (row, stored, model)))
    }
}

/// The model under which the token may be charged now, or why it may not.
pub(super) fn may_charge(
    site: &Site,
    details: &OrderDetails,
    row: &TokenRow,
    stored: &StoredCard,
    now: UnixMillis,
    by: ChargedBy,
) -> Result<RecurringModel, ChargeRefusal> {
    let reference = details.customer.reference.as_deref();
    if reference.is_some_and(|sent| row.reference.as_deref() != Some(sent)) {
        return Err(ChargeRefusal::UnknownToken);
    }
    match row.state {
        TokenState::Active => {}
        TokenState::Pending => return Err(ChargeRefusal::NotActive),
        TokenState::Dead => return Err(ChargeRefusal::UnknownToken),
    }
    if matches!(details.gateway, Some(Method::Brand(asked)) if asked != stored.brand) {
        return Err(ChargeRefusal::NotAllowed);
    }
    let model = match by {
        ChargedBy::Shop => details.recurring_model.unwrap_or(stored.model),
        // Whatever it was stored for: it is the payer who uses it now.
        ChargedBy::PayerOnPage => details.recurring_model.unwrap_or(RecurringModel::CardOnFile),
    };
    let is_by_payer = model == RecurringModel::CardOnFile;
    if by == ChargedBy::PayerOnPage && !is_by_payer {
        return Err(ChargeRefusal::NotAllowed);
    }
    let payer_is_there =
        is_by_payer && (by == ChargedBy::PayerOnPage || details.customer.ip_address.is_some());
    if (model != stored.model && !payer_is_there) || !site.tokenizes(model) {
        return Err(ChargeRefusal::NotAllowed);
    }
    let amount: Money = details.amount;
    if amount.minor == 0 {
        return Err(ChargeRefusal::NoAmount);
    }
    let is_offered = stored.brand.gateway().is_some_and(|code| site.offers(code));
    let can_wait = !details.manual_capture || stored.brand.allows_manual_capture();
    if !is_offered || !can_wait || !brand_takes(stored.brand, amount.currency) {
        return Err(ChargeRefusal::Unavailable);
    }
    let is_too_soon = site
        .unused_since(now)
        .filter(|_| by == ChargedBy::Shop)
        .zip(row.last_used_at)
        .is_some_and(|(since, last_used_at)| last_used_at > since);
    if is_too_soon { Err(ChargeRefusal::NotAllowed) } else { Ok(model) }
}
