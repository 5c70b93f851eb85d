//! Stored cards: which token a payment makes or charges, and what becomes of it with the payment.
//!
//! A token is made in the commit that opens its first payment and lives or dies in the commits that
//! end it, so that it never says more than the order does. Everything about a charge that can be
//! refused is refused before an order exists. What shops ask about tokens is answered here as well.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use florin_core::card::{Brand, CardholderName, Expiry, ExpiryFault};
use florin_core::country::Country;
use florin_core::decision::{Decision, Event};
use florin_core::order::Order;
use florin_core::payment::{Payment, Standing};

use super::persist::{Credential, CredentialUse};
use super::record::{CardSecrets, Record};
use super::site::{Mode, Site};
use super::{Failure, Gateway};
use crate::api::contract::request::RecurringModel;
use crate::api::contract::{OrderDetails, StoredRequest};
use crate::clock::UnixMillis;
use crate::store::{
    Committed, FirstPayment, TokenChange, TokenOwner, TokenRow, TokenState, TokenStep,
};
use crate::vault::{Class, SealContext, Vault};

/// Random bytes of a token: 96 bits, which nobody guesses.
const TOKEN_BYTES: usize = 12;
/// Longest reference that is looked for or kept with a token, in characters.
pub const REFERENCE_CHARS_MAX: usize = 255;

/// A stored card as shops and payers see it.
#[derive(Clone, Debug)]
pub struct StoredCard {
    pub token: String,
    pub brand: Brand,
    /// First six digits.
    pub bin: String,
    /// Last four digits.
    pub last4: String,
    /// How many digits there are.
    pub digits: usize,
    pub expiry: Expiry,
    /// By the clock of the site that asks.
    pub is_expired: bool,
    pub holder: Option<CardholderName>,
    pub model: RecurringModel,
    /// It can be charged.
    pub is_active: bool,
}

impl Site {
    /// Whose stored cards the site may charge.
    pub fn token_owner(&self) -> TokenOwner {
        TokenOwner { account_id: self.account_id, is_live: self.mode == Mode::Live }
    }

    /// Whether cards may be stored and charged in this way.
    pub fn tokenizes(&self, model: RecurringModel) -> bool {
        let open = &self.settings.tokenization;
        match model {
            RecurringModel::CardOnFile => open.cardonfile,
            RecurringModel::Subscription => open.subscription,
            RecurringModel::Unscheduled => open.unscheduled,
        }
    }
}

impl Credential {
    /// The merchant starts the payment, by the payer's standing consent.
    pub fn is_merchants(&self) -> bool {
        matches!(self.used, CredentialUse::Charge { .. })
            && self.model != RecurringModel::CardOnFile
    }

    /// The card came from store.
    pub fn is_charge(&self) -> bool {
        matches!(self.used, CredentialUse::Charge { .. })
    }
}

impl Gateway {
    /// The token that a payment with this card makes, where its order asks for one: a new one, or
    /// the one that the payer already has, or is about to have, for the card and the model.
    ///
    /// # Errors
    /// A [`Failure`] of the store.
    pub(super) async fn credential_to_make(
        &self,
        site: &Site,
        request: &StoredRequest,
        card: &CardSecrets,
    ) -> Result<Option<Credential>, Failure> {
        let details = &request.details;
        let Some(model) = details.recurring_model else { return Ok(None) };
        if let Some(reference) = reference_of(details) {
            let owner = site.token_owner();
            let known =
                self.store.token_of_card(owner, reference, card.fingerprint, model.name()).await?;
            if let Some(known) = known {
                let used = match known.state {
                    TokenState::Pending => CredentialUse::Share,
                    TokenState::Active | TokenState::Dead => CredentialUse::Renew,
                };
                return Ok(Some(Credential { token: known.token, model, used }));
            }
        }
        let token = URL_SAFE_NO_PAD.encode(self.vault.draw::<TOKEN_BYTES>());
        Ok(Some(Credential { token, model, used: CredentialUse::Make }))
    }

    /// What a decision makes of the token of its order.
    pub(super) fn token_changes(
        &self,
        record: &Record,
        before: &Order,
        decision: &Decision,
        card: Option<&CardSecrets>,
        at: UnixMillis,
    ) -> Vec<TokenChange> {
        let Some(credential) = &record.extra.credential else { return Vec::new() };
        let opened = decision.events.iter().any(|event| matches!(event, Event::Opened(_)));
        let payment = &decision.order.payment;
        let standing = payment.standing();
        let turned = !opened && before.payment.standing() != standing;
        let step = match (&credential.used, card) {
            (CredentialUse::Make, Some(card)) if opened => {
                let row = self.token_row(record, credential, payment, card, at);
                TokenStep::Make(Box::new(row))
            }
            (CredentialUse::Share, _) if opened => TokenStep::Share,
            (CredentialUse::Make | CredentialUse::Share, _)
                if turned && standing == Standing::Good =>
            {
                TokenStep::Activate(first_payment(payment))
            }
            (CredentialUse::Make | CredentialUse::Share, _)
                if turned && standing == Standing::Bad =>
            {
                TokenStep::Bury
            }
            (CredentialUse::Renew, _) if turned && standing == Standing::Good => {
                let shown = record.request.card.as_ref().and_then(|card| card.expiry);
                let Some(expiry) = shown.map(Expiry::yymm) else { return Vec::new() };
                TokenStep::Renew { expiry }
            }
            (CredentialUse::Charge { .. }, _) if opened && standing != Standing::Bad => {
                let by_payer = record.extra.form.is_some();
                let unused_since = if by_payer { None } else { record.site.unused_since(at) };
                TokenStep::Use { unused_since }
            }
            _ => return Vec::new(),
        };
        vec![change(&record.site, &credential.token, at, step)]
    }

    fn token_row(
        &self,
        record: &Record,
        credential: &Credential,
        payment: &Payment,
        card: &CardSecrets,
        at: UnixMillis,
    ) -> TokenRow {
        let shown = record.request.card.as_ref();
        let owner = record.site.token_owner();
        let seal = |field: &str, text: &str| {
            let place = format!("{}/{field}", credential.token);
            self.vault.seal(Class::Card, seal_context(owner, &place), text.as_bytes())
        };
        let sealed_pan = seal(FIELD_PAN, card.pan.expose());
        let holder = shown.and_then(|card| card.holder.as_ref());
        TokenRow {
            owner,
            token: credential.token.clone(),
            site_id: record.site.id,
            key: record.key,
            reference: reference_of(&record.request.details).map(str::to_owned),
            scheme: payment.brand.map(Brand::network).unwrap_or_default().to_owned(),
            bin: card.pan.bin().to_owned(),
            last4: card.pan.last4().to_owned(),
            digits: i32::try_from(card.pan.digits()).unwrap_or_default(),
            expiry: card.expiry.clone().unwrap_or_default(),
            sealed_holder: holder.map(|holder| seal(FIELD_HOLDER, holder.as_str())),
            fingerprint: card.fingerprint,
            key_id: Vault::key_id_of(&sealed_pan).unwrap_or_default(),
            sealed_pan: Some(sealed_pan),
            model: credential.model.name().to_owned(),
            state: TokenState::Pending,
            by_mail: shown.is_some_and(|card| card.moto),
            first: FirstPayment::default(),
            first_payments: 1,
            created_at: at,
            updated_at: at,
            last_used_at: None,
        }
    }

    /// The tokens of a payer, newest first, those whose first payment is under way among them.
    ///
    /// # Errors
    /// A [`Failure`] of the store, or a stored card that cannot be opened.
    pub async fn list_tokens(
        &self,
        site: &Site,
        reference: &str,
        limit: u32,
        offset: u32,
    ) -> Result<Vec<StoredCard>, Failure> {
        if !can_be_stored(reference) {
            return Ok(Vec::new());
        }
        let rows = self.store.tokens_of(site.token_owner(), reference, limit, offset).await?;
        rows.iter().map(|row| self.read_token(site, row)).collect()
    }

    /// The token of a payer with this name.
    ///
    /// # Errors
    /// A [`Failure`] of the store, or a stored card that cannot be opened.
    pub async fn find_token(
        &self,
        site: &Site,
        reference: &str,
        token: &str,
    ) -> Result<Option<StoredCard>, Failure> {
        if !can_be_stored(reference) || !can_be_stored(token) {
            return Ok(None);
        }
        let row = self.store.token(site.token_owner(), token).await?.filter(|row| {
            row.reference.as_deref() == Some(reference) && row.state != TokenState::Dead
        });
        row.map(|row| self.read_token(site, &row)).transpose()
    }

    /// Deletes a token with its card. False when the payer has none with this name.
    ///
    /// # Errors
    /// A [`Failure`] of the store.
    pub async fn delete_token(
        &self,
        site: &Site,
        reference: &str,
        token: &str,
    ) -> Result<bool, Failure> {
        if self.find_token(site, reference, token).await?.is_none() {
            return Ok(false);
        }
        let deleted = self.store.delete_token(site.token_owner(), token).await?;
        Ok(deleted == Committed::Done)
    }

    /// Gives a token a new date. False when the payer has none with this name, or when the date is
    /// past by the clock of the site, or too far ahead.
    ///
    /// # Errors
    /// A [`Failure`] of the store.
    pub async fn renew_token(
        &self,
        site: &Site,
        reference: &str,
        token: &str,
        expiry: Expiry,
    ) -> Result<bool, Failure> {
        let now = site.time(self.now());
        if expiry.check(now).is_err() || self.find_token(site, reference, token).await?.is_none() {
            return Ok(false);
        }
        let owner = site.token_owner();
        let changed = self.store.set_token_expiry(owner, token, &expiry.yymm(), now).await?;
        Ok(changed == Committed::Done)
    }

    pub(super) fn read_token(&self, site: &Site, row: &TokenRow) -> Result<StoredCard, Failure> {
        let odd = |what: &str| Failure::Damaged(format!("a token has an odd {what}"));
        let expiry = Expiry::parse(&row.expiry).map_err(|_| odd("expiry"))?;
        let holder = match &row.sealed_holder {
            None => None,
            Some(sealed) => {
                CardholderName::read(&self.unseal_of_token(row, FIELD_HOLDER, sealed)?)
            }
        };
        Ok(StoredCard {
            token: row.token.clone(),
            brand: Brand::from_network(&row.scheme).ok_or_else(|| odd("network"))?,
            bin: row.bin.clone(),
            last4: row.last4.clone(),
            digits: usize::try_from(row.digits).map_err(|_| odd("length"))?,
            expiry,
            is_expired: expiry.check(site.time(self.now())) == Err(ExpiryFault::Past),
            holder,
            model: RecurringModel::parse(&row.model).ok_or_else(|| odd("model"))?,
            is_active: row.state == TokenState::Active,
        })
    }

    pub(super) fn unseal_of_token(
        &self,
        row: &TokenRow,
        field: &str,
        sealed: &[u8],
    ) -> Result<zeroize::Zeroizing<String>, Failure> {
        let damaged = |what: String| Failure::Damaged(format!("the {field} of a token: {what}"));
        let place = format!("{}/{field}", row.token);
        let bytes = self
            .vault
            .unseal(Class::Card, seal_context(row.owner, &place), sealed)
            .map_err(|error| damaged(error.to_string()))?;
        String::from_utf8(bytes.to_vec())
            .map(zeroize::Zeroizing::new)
            .map_err(|_| damaged("not text".to_owned()))
    }
}

pub(super) const FIELD_PAN: &str = "pan";
const FIELD_HOLDER: &str = "holder";

/// The place of a token's sealed values: named by the token, which no field of an order is.
fn seal_context(owner: TokenOwner, place: &str) -> SealContext<'_> {
    let key = i64::from(owner.is_live);
    SealContext { site_id: owner.account_id, key, card_id: 0, field: place }
}

/// What becomes of a token of the site's account.
fn change(site: &Site, token: &str, at: UnixMillis, step: TokenStep) -> TokenChange {
    TokenChange { owner: site.token_owner(), token: token.to_owned(), at, step }
}

/// The token that an attempt was to make which a later attempt takes the place of.
pub(super) fn superseded(earlier: &Record, at: UnixMillis) -> Option<TokenChange> {
    let credential = earlier.extra.credential.as_ref()?;
    let is_pending = earlier.order.payment.standing() == Standing::Pending;
    let is_first = matches!(credential.used, CredentialUse::Make | CredentialUse::Share);
    (is_pending && is_first).then(|| change(&earlier.site, &credential.token, at, TokenStep::Bury))
}

/// What an attempt makes of tokens beside what it leaves of an earlier one. A payer who tries the same
/// card again has the same token: one first payment takes the place of the other.
pub(super) fn put_together(mut left: Vec<TokenChange>, made: Vec<TokenChange>) -> Vec<TokenChange> {
    for change in made {
        let is_same = |it: &TokenChange| it.owner == change.owner && it.token == change.token;
        match left.iter().position(is_same) {
            Some(at) => drop(left.remove(at)),
            None => left.push(change),
        }
    }
    left
}

/// What later payments have to say of the first one.
fn first_payment(payment: &Payment) -> FirstPayment {
    let proof = payment.authentication.as_ref();
    FirstPayment {
        network_reference: payment.answer.as_ref().and_then(|it| it.network_reference.clone()),
        eci: proof.and_then(|it| it.eci.clone()),
        cavv: proof.and_then(|it| it.value.clone()),
        ds_trans_id: proof.and_then(|it| it.ds_trans_id.clone()),
    }
}

/// Whether a database can have stored such a text, and somebody may have sent it.
pub(super) fn can_be_stored(text: &str) -> bool {
    !text.is_empty() && !text.contains('\0') && text.chars().count() <= REFERENCE_CHARS_MAX
}

/// What the shop calls the payer; what could not be stored is no name.
fn reference_of(details: &OrderDetails) -> Option<&str> {
    details.customer.reference.as_deref().filter(|it| can_be_stored(it))
}

/// Maestro is paid by mail or telephone within Ireland, Turkey and France only: the shop and the
/// card are of the same one of these.
pub(super) fn maestro_by_mail(site: &Site, country_of_card: Option<Country>) -> bool {
    let shop = site.settings.acceptor.country.as_str();
    matches!(shop, "IE" | "TR" | "FR") && country_of_card.is_some_and(|card| card.code() == shop)
}
