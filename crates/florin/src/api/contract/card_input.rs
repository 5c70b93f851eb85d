//! The card of a direct order: `gateway_info`.
//!
//! Missing data refuse the order; data that cannot be right do not, because the order is then
//! kept as declined. So the outcome of reading a card is a value of its own.

use florin_core::card::{
    Brand, CardholderName, Cvc, Expiry, ExpiryFault, InvalidCvc, InvalidExpiry, Pan, PanFault,
};
use serde_json::Value;
use zeroize::Zeroizing;

use crate::clock::UnixMillis;

use super::errors::ApiError;
use super::payment_options::{WebUrl, web_url};
use super::request::Gateway;
use super::rules::{Mode, SiteRules};
use super::scalars::Fields;

/// What was sent as the card of an order.
#[derive(Debug)]
pub struct CardInput {
    /// `card_holder_name`.
    pub holder: Option<CardholderName>,
    /// `flexible_3d`, where the site may decide on 3-D Secure: `true` forces it, `false` skips it.
    pub flexible_3d: Option<bool>,
    /// `moto`: ordered by mail or telephone.
    pub moto: bool,
    /// `term_url`: where the merchant wants the result of a challenge.
    pub term_url: Option<WebUrl>,
    /// The card, or why it cannot be one.
    pub card: Result<Card, FaultyCard>,
}

/// Card data that can be right.
#[derive(Debug)]
pub struct Card {
    /// The number.
    pub pan: Pan,
    /// Its brand, which the site has enabled and the order's gateway includes.
    pub brand: Brand,
    /// The last month in which it is good.
    pub expiry: Expiry,
    /// The printed code; may be absent for Maestro, and for mail and telephone orders.
    pub cvc: Option<Cvc>,
}

/// Card data that cannot be right, and what can be shown of them.
#[derive(Debug)]
pub struct FaultyCard {
    /// What is wrong.
    pub fault: CardFault,
    /// The brand, when the number has one that is offered.
    pub brand: Option<Brand>,
    /// The last four digits, when the number is one.
    pub last4: Option<String>,
    /// The date, when it is one.
    pub expiry: Option<Expiry>,
}

/// Why card data cannot be right.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CardFault {
    /// The number.
    Number(PanFault),
    /// The number belongs to no brand that is offered.
    Brand,
    /// The number belongs to another brand than the order's gateway.
    OtherGateway,
    /// The date is not `YYMM`.
    ExpiryFormat,
    /// The date is past or too far ahead.
    Expiry(ExpiryFault),
    /// The code has another length than the brand's codes have, or other characters.
    Cvc,
}

/// The raw members. Wiped when dropped.
pub(super) struct RawCard {
    number: Option<Zeroizing<String>>,
    expiry: Option<Zeroizing<String>>,
    cvc: Option<Zeroizing<String>>,
    cvc_is_number: bool,
    flexible_3d: Option<bool>,
    moto: bool,
    term_url: Option<WebUrl>,
    holder: Option<CardholderName>,
}

impl RawCard {
    /// Takes what there is. PHP sends `card_cvc` and `cvc`, Python `cvc` alone.
    pub(super) fn read(info: Fields<'_>) -> RawCard {
        let secret = |name: &str| info.text(name).map(Zeroizing::new);
        let cvc_name = if info.lacks("card_cvc") { "cvc" } else { "card_cvc" };
        RawCard {
            number: secret("card_number"),
            expiry: secret("card_expiry_date").map(|text| match info.get("card_expiry_date") {
                // A number has lost its leading zeros: 512 is 0512.
                Some(Value::Number(_)) => Zeroizing::new(format!("{:0>4}", *text)),
                _ => text,
            }),
            cvc: secret(cvc_name),
            cvc_is_number: matches!(info.get(cvc_name), Some(Value::Number(_))),
            flexible_3d: info.boolean("flexible_3d"),
            moto: info.boolean("moto").unwrap_or(false),
            term_url: web_url(info, "term_url"),
            holder: info.text("card_holder_name").and_then(|text| CardholderName::read(&text)),
        }
    }

    pub(super) fn has_data(&self) -> bool {
        self.number.is_some() || self.expiry.is_some() || self.cvc.is_some()
    }

    pub(super) fn is_moto(&self) -> bool {
        self.moto
    }

    /// The code that goes with a stored card. One that cannot be right is as good as none.
    pub(super) fn code_alone(&self) -> Option<Cvc> {
        self.cvc.as_ref().and_then(|text| Cvc::parse(text).ok())
    }

    /// The brand of the number, when it has one that direct payments are offered for.
    pub(super) fn brand(&self) -> Option<Brand> {
        let pan = Pan::parse(self.number.as_ref()?).ok()?;
        Brand::of(&pan).filter(|brand| brand.gateway().is_some())
    }

    /// Whether everything that must be there is there.
    pub(super) fn check_presence(
        &self,
        gateway: Gateway,
        site: &SiteRules,
        redirect_url: Option<&WebUrl>,
    ) -> Result<(), ApiError> {
        if self.number.is_none() || self.expiry.is_none() {
            return Err(ApiError::missing_data());
        }
        let brand = match gateway {
            Gateway::Brand(brand) => Some(brand),
            Gateway::CreditCard | Gateway::Other(_) => self.brand(),
        };
        let needs_cvc = !self.moto && brand.is_none_or(Brand::needs_cvc);
        if needs_cvc && self.cvc.is_none() {
            return Err(ApiError::missing_data());
        }
        let forced = site.flexible_3d && self.flexible_3d == Some(true);
        if forced && self.term_url.is_none() && redirect_url.is_none() {
            return Err(ApiError::missing_data());
        }
        Ok(())
    }

    /// What the card is, or why it is none.
    pub(super) fn into_input(
        self,
        gateway: Gateway,
        site: &SiteRules,
        now: UnixMillis,
    ) -> CardInput {
        let card = self.card(gateway, site, now);
        CardInput {
            holder: self.holder,
            flexible_3d: self.flexible_3d.filter(|_| site.flexible_3d),
            moto: self.moto,
            term_url: self.term_url,
            card,
        }
    }

    fn card(
        &self,
        gateway: Gateway,
        site: &SiteRules,
        now: UnixMillis,
    ) -> Result<Card, FaultyCard> {
        let text = |field: &Option<Zeroizing<String>>| field.clone().unwrap_or_default();
        let pan = Pan::parse(&text(&self.number));
        let expiry = Expiry::parse(&text(&self.expiry));
        let brand = pan.as_ref().ok().and_then(Brand::of);
        let faulty = |fault| FaultyCard {
            fault,
            brand: brand.filter(|brand| brand.gateway().is_some()),
            last4: pan.as_ref().ok().map(|pan| pan.last4().to_owned()),
            expiry: expiry.as_ref().ok().copied(),
        };
        let pan = match &pan {
            Ok(pan) => pan,
            Err(fault) => return Err(faulty(CardFault::Number(*fault))),
        };
        let offered = brand.filter(|brand| brand.gateway().is_some());
        let brand = offered.ok_or_else(|| faulty(CardFault::Brand))?;
        if matches!(gateway, Gateway::Brand(asked) if asked != brand) {
            return Err(faulty(CardFault::OtherGateway));
        }
        let expiry = match expiry {
            Ok(expiry) => expiry,
            Err(InvalidExpiry) => return Err(faulty(CardFault::ExpiryFormat)),
        };
        if site.judges_expiry() {
            match expiry.check(now) {
                // Some Maestro cards outlive their date; the issuer judges them.
                Err(ExpiryFault::Past) if brand == Brand::Maestro => {}
                Err(fault) => return Err(faulty(CardFault::Expiry(fault))),
                Ok(()) => {}
            }
        }
        let cvc = self.cvc(brand, site).map_err(|InvalidCvc| faulty(CardFault::Cvc))?;
        Ok(Card { pan: pan.clone(), brand, expiry, cvc })
    }

    fn cvc(&self, brand: Brand, site: &SiteRules) -> Result<Option<Cvc>, InvalidCvc> {
        let Some(text) = &self.cvc else { return Ok(None) };
        let width = brand.cvc_digits();
        let cvc = match self.cvc_is_number {
            // A number has lost its leading zeros.
            true => Cvc::parse(&Zeroizing::new(format!("{:0>width$}", **text)))?,
            false => Cvc::parse(text)?,
        };
        let short_of_test = site.mode == Mode::Test && brand == Brand::Amex && cvc.digits() == 3;
        match cvc.digits() == width || short_of_test {
            true => Ok(Some(cvc)),
            false => Err(InvalidCvc),
        }
    }
}
