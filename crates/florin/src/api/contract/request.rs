//! An order as it was asked for, checked and typed.
//!
//! Everything here may be kept, except for what [`CardInput`] holds. Nothing here has been
//! decided: whether the order id is free, and what becomes of the card, is found out later.

use florin_core::card::{Brand, Cvc};
use florin_core::method::Method;
use florin_core::money::Money;
use florin_core::order_id::OrderId;
use serde::{Deserialize, Serialize};

use super::card_input::CardInput;
use super::cart::Cart;
use super::customer::{Address, Customer};
use super::errors::ApiError;
use super::payment_options::PaymentOptions;

/// A request for an order, ready to be decided on.
#[derive(Debug)]
pub struct OrderRequest {
    /// What is kept of it.
    pub details: OrderDetails,
    /// The card of a direct order with card data. Nothing for other orders.
    pub card: Option<CardInput>,
    /// The code of a stored card, where the payer was asked for it.
    pub cvc: Option<Cvc>,
}

/// Everything of a request but its card data.
#[derive(Clone, Debug, PartialEq)]
pub struct OrderDetails {
    /// `type`.
    pub kind: OrderKind,
    /// `order_id`.
    pub order_id: OrderId,
    /// `gateway`; nothing on a page that shows all methods, or with a token.
    pub gateway: Option<Gateway>,
    /// `amount` and `currency`. Zero only where an account is to be verified.
    pub amount: Money,
    /// `description`, 1 to 200 characters.
    pub description: String,
    /// `payment_options`.
    pub payment_options: PaymentOptions,
    /// `customer`.
    pub customer: Customer,
    /// `delivery`; nothing when none of its members was sent.
    pub delivery: Option<Address>,
    /// `capture: manual`.
    pub manual_capture: bool,
    /// `recurring_model`, from the top level or from `recurring`.
    pub recurring_model: Option<RecurringModel>,
    /// `recurring_id`: the token of a stored card.
    pub recurring_id: Option<String>,
    /// `payment_data`: card data that a payment component encrypted.
    pub payment_data: Option<PaymentData>,
    /// What `gateway_info` says for methods that are no cards.
    pub method_info: MethodInfo,
    /// `shopping_cart` with `checkout_options`.
    pub cart: Option<Cart>,
    /// `items`: HTML of the merchant. Data only; never to be shown as a page.
    pub items: Option<String>,
    /// `var1` to `var3`.
    pub vars: [Option<String>; 3],
    /// `custom_info`.
    pub custom_info: [Option<String>; 3],
    /// `seconds_active`, or `days_active` in seconds: how long a session can be paid.
    pub seconds_active: u32,
    /// `second_chance`: whether the payer is reminded of a session.
    pub second_chance: bool,
    /// `google_analytics.account`.
    pub analytics_account: Option<String>,
    /// `affiliate`, `plugin`, `template`: kept as they were sent, for support and pages.
    pub extras: Extras,
}

/// What an order tells the provider of a method that is no card.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct MethodInfo {
    /// `issuer_id`: the payer's bank.
    pub issuer: Option<String>,
    /// `account_holder_name`.
    pub holder: Option<String>,
    /// `account_holder_iban`, or `account_id`: the account that is collected from.
    pub account: Option<String>,
    /// `birthday`, as it was sent.
    pub birthday: Option<String>,
}

/// Members that nothing is decided on.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Extras {
    /// Shares of the amount for other accounts.
    pub affiliate: Option<serde_json::Value>,
    /// The shop's software.
    pub plugin: Option<serde_json::Value>,
    /// The look of payment pages, by name.
    pub template_id: Option<String>,
    /// The look of payment pages.
    pub template: Option<serde_json::Value>,
}

/// How the payer pays.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum OrderKind {
    /// The merchant sends the payment data.
    Direct,
    /// The payer is sent to a page.
    Redirect,
    /// The payer gets a link to a page.
    PaymentLink,
    /// The payer gives address and payment data on a page (FastCheckout).
    Checkout,
}

/// A payment method.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Gateway {
    /// Any brand; the number tells.
    CreditCard,
    /// One brand.
    Brand(Brand),
    /// No card; its provider takes the payment on.
    Other(&'static Method),
}

impl Gateway {
    /// Reads a code in any case; nothing for what is no method.
    pub fn parse(code: &str) -> Option<Gateway> {
        match code.trim().to_ascii_uppercase().as_str() {
            "CREDITCARD" => Some(Gateway::CreditCard),
            "AMERICAN EXPRESS" => Some(Gateway::Brand(Brand::Amex)),
            code => Brand::from_gateway(code).map(Gateway::Brand).or_else(|| {
                Method::find(code).filter(|method| !method.is_card()).map(Gateway::Other)
            }),
        }
    }

    /// The code in capitals.
    pub fn code(self) -> &'static str {
        match self {
            Gateway::CreditCard => "CREDITCARD",
            Gateway::Brand(brand) => brand.gateway().unwrap_or("CREDITCARD"),
            Gateway::Other(method) => method.id,
        }
    }
}

/// Who will charge a stored card, and when.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum RecurringModel {
    /// The payer, again.
    CardOnFile,
    /// The merchant, at fixed times.
    Subscription,
    /// The merchant, when something happens.
    Unscheduled,
}

impl RecurringModel {
    /// Every model.
    pub const ALL: [RecurringModel; 3] =
        [RecurringModel::CardOnFile, RecurringModel::Subscription, RecurringModel::Unscheduled];

    /// Reads a model in any case.
    pub fn parse(text: &str) -> Option<RecurringModel> {
        RecurringModel::ALL.into_iter().find(|model| model.name().eq_ignore_ascii_case(text.trim()))
    }

    /// The spelling that answers carry.
    pub fn name(self) -> &'static str {
        match self {
            RecurringModel::CardOnFile => "cardOnFile",
            RecurringModel::Subscription => "subscription",
            RecurringModel::Unscheduled => "unscheduled",
        }
    }
}

/// Card data that a payment component encrypted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PaymentData {
    /// The gateway that the payer chose in the component.
    pub gateway: Option<String>,
    /// Whether the payer agreed to have the card stored.
    pub tokenize: bool,
}

impl OrderDetails {
    /// The refusal of an order that is well-formed but that is not offered yet: FastCheckout (no
    /// such type), component data.
    pub fn not_offered(&self) -> Option<ApiError> {
        match self.kind {
            OrderKind::Checkout => Some(ApiError::unknown_message_type()),
            OrderKind::Redirect | OrderKind::PaymentLink => None,
            OrderKind::Direct if self.payment_data.is_some() => {
                Some(ApiError::gateway_unavailable())
            }
            OrderKind::Direct => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gateways_are_read_in_any_case_and_american_express_by_two_names() {
        for (code, expected) in [
            ("creditcard", Some("CREDITCARD")),
            ("Visa", Some("VISA")),
            (" MASTERCARD ", Some("MASTERCARD")),
            ("maestro", Some("MAESTRO")),
            ("AMEX", Some("AMEX")),
            ("American Express", Some("AMEX")),
            ("iDEAL", Some("IDEAL")),
            ("payafter", Some("BNPL_MF")),
            ("FOOBAR", None),
            ("", None),
        ] {
            assert_eq!(Gateway::parse(code).map(Gateway::code), expected, "{code}");
        }
    }

    #[test]
    fn recurring_models_are_read_in_any_case() {
        assert_eq!(RecurringModel::parse("cardonfile"), Some(RecurringModel::CardOnFile));
        assert_eq!(RecurringModel::parse("UNSCHEDULED").unwrap().name(), "unscheduled");
        assert_eq!(RecurringModel::parse("weekly"), None);
    }
}
