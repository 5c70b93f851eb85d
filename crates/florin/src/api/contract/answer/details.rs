//! The payer and the payment, within the order object.
//!
//! Every member is a scalar or an object of scalars, because one library loses the whole order
//! over anything else. Members that have no value yet are left out, but for those that every
//! card order shows.

use florin_core::card::{Brand, CardholderName, Expiry};
use florin_core::method::{Kind, Method};
use florin_core::provider::Facts;
use serde_json::{Map, Value, json};

use crate::clock::UnixMillis;

use super::super::customer::Customer;
use super::super::request::{Gateway, RecurringModel};
use super::super::stored::StoredRequest;
use super::super::timestamp;
use super::{OrderView, insert_known};

/// `payment_details` of a card payment.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct PaymentDetailsView {
    /// Set where it is no card that pays; then nothing else is shown.
    pub other: Option<OtherMethodView>,
    /// The brand, shown as `type`; nothing when the number has none.
    pub brand: Option<Brand>,
    /// The name on the card.
    pub account_holder_name: Option<String>,
    /// `YYMM`.
    pub card_expiry_date: Option<String>,
    /// Four digits.
    pub last4: Option<String>,
    /// The acquirer's number of the payment.
    pub external_transaction_id: Option<String>,
    /// The stored card.
    pub recurring: RecurringView,
    /// An authorization that is captured later.
    pub capture: Option<CaptureView>,
    /// Six characters of the issuer.
    pub authorization_code: Option<String>,
    /// The issuer's answer: `00` is yes.
    pub response_code: Option<String>,
    /// The result of checking the card's code, one letter.
    pub card_verification_result: Option<String>,
    /// The outcome of 3-D Secure.
    pub authentication: Option<AuthenticationView>,
    /// The issuer's check of the authentication value.
    pub cavv_results_code: Option<String>,
    /// `C`, `D`, `P`, `R` or `H`: credit, debit, prepaid, deferred, charge.
    pub card_funding: Option<String>,
    /// The scheme's code of the product.
    pub card_product: Option<String>,
    /// The first six digits.
    pub issuer_bin: Option<String>,
    /// Where the card was issued.
    pub issuer_country_code: Option<String>,
    /// The scheme's number of the payment.
    pub scheme_reference_id: Option<String>,
    /// The merchant's category.
    pub mcc: Option<String>,
}

/// A payment by another method than cards.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OtherMethodView {
    /// The method.
    pub method: &'static Method,
    /// What its provider tells of payer and account, by the contract's names.
    pub facts: Facts,
    /// The provider's number of the payment.
    pub reference: Option<String>,
}

/// A card that is stored, or was charged from store.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct RecurringView {
    /// The token.
    pub id: Option<String>,
    /// `manual`: the card was typed in; `token`: it came from store.
    pub flow: Option<String>,
    /// Who charges it again.
    pub model: Option<RecurringModel>,
}

/// An authorization that is captured later.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CaptureView {
    /// When what is left of it ends.
    pub expiry: UnixMillis,
    /// What is left of it, in minor units.
    pub remain: i64,
}

/// The outcome of 3-D Secure.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AuthenticationView {
    /// `challenge`, `frictionless` or `exemption`.
    pub flow: Option<String>,
    /// The exemption that was asked for.
    pub exemption: Option<String>,
    /// `transStatus`, EMV 3DS.
    pub status: Option<String>,
    /// Electronic commerce indicator.
    pub eci: Option<String>,
    /// The authentication value.
    pub cavv: Option<String>,
    /// `acsTransID`, EMV 3DS.
    pub acs_transaction_id: Option<String>,
    /// `dsTransID`, EMV 3DS.
    pub ds_transaction_id: Option<String>,
    /// `messageVersion`, EMV 3DS.
    pub version: Option<String>,
    /// `transStatusReason`, EMV 3DS.
    pub transaction_status_reason: Option<String>,
    /// `challengeCancel`, EMV 3DS.
    pub challenge_cancel: Option<String>,
}

impl PaymentDetailsView {
    /// What is known of the payment when it has just been asked for.
    pub(super) fn new(request: &StoredRequest) -> PaymentDetailsView {
        let card = request.card.as_ref();
        let of_gateway = match request.details.gateway {
            Some(Gateway::Brand(brand)) => Some(brand),
            Some(Gateway::CreditCard | Gateway::Other(_)) | None => None,
        };
        let expiry = card.and_then(|card| card.expiry);
        let holder = card.and_then(|card| card.holder.as_ref());
        PaymentDetailsView {
            brand: card.and_then(|card| card.brand).or(of_gateway),
            account_holder_name: holder.map(CardholderName::as_str).map(str::to_owned),
            card_expiry_date: expiry.map(Expiry::yymm),
            last4: card.and_then(|card| card.last4.clone()),
            ..PaymentDetailsView::default()
        }
    }

    /// `type`: the brand, never the gateway that finds it.
    pub(super) fn type_code(&self) -> Option<&'static str> {
        self.brand.and_then(Brand::gateway)
    }

    pub(super) fn to_value(&self) -> Value {
        if let Some(other) = &self.other {
            return other.to_value();
        }
        let mut details = json!({
            "account_holder_name": self.account_holder_name,
            "account_id": null,
            "card_expiry_date": self.card_expiry_date,
            "external_transaction_id": self.external_transaction_id,
            "last4": self.last4,
            "recurring_flow": self.recurring.flow,
            "recurring_id": self.recurring.id,
            "recurring_model": self.recurring.model.map(RecurringModel::name),
            "type": self.type_code(),
        });
        let text = |it: &Option<String>| it.as_ref().map(|text| json!(text));
        let answered = self.response_code.is_some();
        if let Value::Object(members) = &mut details {
            insert_known(
                members,
                [
                    ("authorization_code", text(&self.authorization_code)),
                    ("response_code", text(&self.response_code)),
                    // No terminal has seen the card.
                    ("card_entry_mode", answered.then(|| json!("UNKNOWN"))),
                    ("card_verification_result", text(&self.card_verification_result)),
                    ("card_funding", text(&self.card_funding)),
                    ("card_product", text(&self.card_product)),
                    ("issuer_bin", text(&self.issuer_bin)),
                    ("issuer_country_code", text(&self.issuer_country_code)),
                    ("scheme_reference_id", text(&self.scheme_reference_id)),
                    ("mcc", text(&self.mcc)),
                ],
            );
            self.insert_groups(members);
        }
        details
    }

    fn insert_groups(&self, members: &mut Map<String, Value>) {
        let capture = self.capture;
        let authentication = self.authentication.as_ref();
        let cavv_results = self.cavv_results_code.as_ref();
        insert_known(
            members,
            [
                ("capture", capture.map(|_| json!("manual"))),
                ("capture_expiry", capture.map(|it| json!(timestamp::to_text(it.expiry)))),
                ("capture_remain", capture.map(|it| json!(it.remain))),
                (
                    "card_authentication_details",
                    authentication.map(|it| json!({ "flow": it.flow, "exemption": it.exemption })),
                ),
                ("card_authentication_result", authentication.map(AuthenticationView::to_value)),
                (
                    "card_additional_response_data",
                    cavv_results.map(|code| json!({ "cavv_results_code": code })),
                ),
            ],
        );
    }
}

impl OtherMethodView {
    fn fact(&self, name: &str) -> Option<&str> {
        self.facts.get(name).map(String::as_str)
    }

    /// `payment_details`: what every method has, then what its provider tells.
    fn to_value(&self) -> Value {
        let mut details = json!({
            "account_holder_name": null,
            "account_id": null,
            "account_iban": null,
            "external_transaction_id": self.reference,
            "issuer_id": null,
            "recurring_flow": null,
            "recurring_id": null,
            "recurring_model": null,
            "type": self.method.id,
        });
        if let Value::Object(members) = &mut details {
            members.extend(self.facts.iter().map(|(name, text)| (name.clone(), json!(text))));
        }
        details
    }

    /// Its entry of `payment_methods`, having paid `amount` minor units.
    pub(super) fn entry(&self, order: &OrderView, amount: i64) -> Value {
        let mut entry = json!({
            "account_holder_name": self.fact("account_holder_name"),
            "amount": amount,
            "currency": order.amount.currency.code(),
            "description": order.description,
            "external_transaction_id": self.reference,
            "payment_description": self.method.name,
            "status": order.status,
            "type": self.method.id,
        });
        if let (Kind::GiftCard, Value::Object(members)) = (self.method.kind, &mut entry) {
            members.insert("coupon_brand".to_owned(), json!(self.fact("coupon_brand")));
        }
        entry
    }
}

impl AuthenticationView {
    fn to_value(&self) -> Value {
        json!({
            "status": self.status,
            "eci": self.eci,
            "cavv": self.cavv,
            "acs_transaction_id": self.acs_transaction_id,
            "ds_transaction_id": self.ds_transaction_id,
            "version": self.version,
            "transaction_status_reason": self.transaction_status_reason,
            "challenge_cancel": self.challenge_cancel,
        })
    }
}

/// The payer; the reference only beside a stored card.
pub(super) fn customer(customer: &Customer, payment: Option<&PaymentDetailsView>) -> Value {
    let address = &customer.address;
    let mut shown = json!({
        "address1": address.address1,
        "address2": address.address2,
        "city": address.city,
        "company_name": customer.company_name,
        "country": address.country,
        "country_name": address.country().map(|country| country.name()),
        "email": address.email,
        "first_name": address.first_name,
        "house_number": address.house_number,
        "last_name": address.last_name,
        "locale": customer.locale,
        "phone1": address.phone1,
        "phone2": address.phone2,
        "state": address.state,
        "zip_code": address.zip_code,
    });
    let stored =
        payment.is_some_and(|it| it.recurring.id.is_some() || it.recurring.model.is_some());
    if let (true, Value::Object(members)) = (stored, &mut shown) {
        insert_known(members, [("reference", customer.reference.as_ref().map(|it| json!(it)))]);
    }
    shown
}
