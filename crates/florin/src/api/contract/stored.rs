//! What is kept of a request, as text for the store.
//!
//! Everything that answers, notifications and 3-D Secure need later; of the card only what may
//! be shown. Number and code have no place in these types. The text carries its version, so that
//! rows of an older release can be read.

use florin_core::card::{Brand, CardholderName, Expiry};
use florin_core::money::{Currency, Money};
use florin_core::order_id::OrderId;
use serde::{Deserialize, Serialize};

use super::card_input::CardInput;
use super::cart::Cart;
use super::customer::{Address, Customer};
use super::payment_options::{PaymentOptions, WebUrl};
use super::request::{
    Extras, Gateway, MethodInfo, OrderDetails, OrderKind, OrderRequest, PaymentData, RecurringModel,
};

/// The version that is written.
const VERSION: u32 = 1;

/// What is kept of a request.
#[derive(Clone, Debug, PartialEq)]
pub struct StoredRequest {
    /// The order.
    pub details: OrderDetails,
    /// The card of a direct order with card data.
    pub card: Option<StoredCard>,
}

/// What is kept of a card outside the vault.
#[derive(Clone, Debug, PartialEq)]
pub struct StoredCard {
    /// The brand; nothing when the number has none that is offered.
    pub brand: Option<Brand>,
    /// The last four digits; nothing when the number is none.
    pub last4: Option<String>,
    /// The date; nothing when it is none.
    pub expiry: Option<Expiry>,
    /// The name on the card.
    pub holder: Option<CardholderName>,
    /// See [`CardInput::flexible_3d`].
    pub flexible_3d: Option<bool>,
    /// See [`CardInput::moto`].
    pub moto: bool,
    /// See [`CardInput::term_url`].
    pub term_url: Option<WebUrl>,
}

/// Why a stored text is no request.
#[derive(Debug)]
pub enum UnreadableRequest {
    /// The text is not what this program writes.
    Format(serde_json::Error),
    /// A later release wrote it.
    Version(u32),
    /// A member has a value that cannot have been written.
    Member(&'static str),
}

impl From<&OrderRequest> for StoredRequest {
    fn from(request: &OrderRequest) -> StoredRequest {
        StoredRequest {
            details: request.details.clone(),
            card: request.card.as_ref().map(StoredCard::from),
        }
    }
}

impl From<&CardInput> for StoredCard {
    fn from(input: &CardInput) -> StoredCard {
        let (brand, last4, expiry) = match &input.card {
            Ok(card) => (Some(card.brand), Some(card.pan.last4().to_owned()), Some(card.expiry)),
            Err(faulty) => (faulty.brand, faulty.last4.clone(), faulty.expiry),
        };
        StoredCard {
            brand,
            last4,
            expiry,
            holder: input.holder.clone(),
            flexible_3d: input.flexible_3d,
            moto: input.moto,
            term_url: input.term_url.clone(),
        }
    }
}

impl StoredRequest {
    /// The text to store.
    pub fn to_json(&self) -> String {
        let row = Row::from(self);
        serde_json::to_string(&row).expect("every key of a stored request is a text")
    }

    /// Reads a stored text.
    pub fn from_json(text: &str) -> Result<StoredRequest, UnreadableRequest> {
        let Versioned { version } =
            serde_json::from_str(text).map_err(UnreadableRequest::Format)?;
        if version != VERSION {
            return Err(UnreadableRequest::Version(version));
        }
        let row: Row = serde_json::from_str(text).map_err(UnreadableRequest::Format)?;
        row.try_into()
    }
}

impl std::fmt::Display for UnreadableRequest {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            // The reader's own words may quote what was stored.
            UnreadableRequest::Format(_) => f.write_str("a stored request cannot be read"),
            UnreadableRequest::Version(it) => write!(f, "a stored request has version {it}"),
            UnreadableRequest::Member(name) => write!(f, "a stored request has an odd {name}"),
        }
    }
}

impl std::error::Error for UnreadableRequest {}

#[derive(Deserialize)]
struct Versioned {
    version: u32,
}

#[derive(Serialize, Deserialize)]
struct Row {
    version: u32,
    #[serde(rename = "type")]
    kind: OrderKind,
    order_id: String,
    gateway: Option<String>,
    amount: i64,
    currency: String,
    description: String,
    payment_options: PaymentOptions,
    customer: Customer,
    delivery: Option<Address>,
    manual_capture: bool,
    recurring_model: Option<RecurringModel>,
    recurring_id: Option<String>,
    payment_data: Option<PaymentData>,
    #[serde(default, skip_serializing_if = "is_default")]
    method_info: MethodInfo,
    cart: Option<Cart>,
    items: Option<String>,
    vars: [Option<String>; 3],
    custom_info: [Option<String>; 3],
    seconds_active: u32,
    second_chance: bool,
    analytics_account: Option<String>,
    extras: Extras,
    card: Option<CardRow>,
}

fn is_default(info: &MethodInfo) -> bool {
    *info == MethodInfo::default()
}

#[derive(Serialize, Deserialize)]
struct CardRow {
    /// The network code of the brand.
    network: Option<String>,
    last4: Option<String>,
    /// `YYMM`.
    expiry: Option<String>,
    holder: Option<String>,
    flexible_3d: Option<bool>,
    moto: bool,
    term_url: Option<WebUrl>,
}

impl From<&StoredRequest> for Row {
    fn from(request: &StoredRequest) -> Row {
        let it = request.details.clone();
        Row {
            version: VERSION,
            kind: it.kind,
            order_id: it.order_id.as_str().to_owned(),
            gateway: it.gateway.map(|gateway| gateway.code().to_owned()),
            amount: it.amount.minor,
            currency: it.amount.currency.code().to_owned(),
            description: it.description,
            payment_options: it.payment_options,
            customer: it.customer,
            delivery: it.delivery,
            manual_capture: it.manual_capture,
            recurring_model: it.recurring_model,
            recurring_id: it.recurring_id,
            payment_data: it.payment_data,
            method_info: it.method_info,
            cart: it.cart,
            items: it.items,
            vars: it.vars,
            custom_info: it.custom_info,
            seconds_active: it.seconds_active,
            second_chance: it.second_chance,
            analytics_account: it.analytics_account,
            extras: it.extras,
            card: request.card.as_ref().map(CardRow::from),
        }
    }
}

impl From<&StoredCard> for CardRow {
    fn from(card: &StoredCard) -> CardRow {
        CardRow {
            network: card.brand.map(|brand| brand.network().to_owned()),
            last4: card.last4.clone(),
            expiry: card.expiry.map(Expiry::yymm),
            holder: card.holder.as_ref().map(|holder| holder.as_str().to_owned()),
            flexible_3d: card.flexible_3d,
            moto: card.moto,
            term_url: card.term_url.clone(),
        }
    }
}

impl TryFrom<Row> for StoredRequest {
    type Error = UnreadableRequest;

    fn try_from(row: Row) -> Result<StoredRequest, UnreadableRequest> {
        let odd = UnreadableRequest::Member;
        let order_id = OrderId::parse(&row.order_id).map_err(|_| odd("order_id"))?;
        let gateway =
            row.gateway.map(|it| Gateway::parse(&it).ok_or(odd("gateway"))).transpose()?;
        let currency = Currency::parse(&row.currency).map_err(|_| odd("currency"))?;
        let details = OrderDetails {
            kind: row.kind,
            order_id,
            gateway,
            amount: Money::new(row.amount, currency),
            description: row.description,
            payment_options: row.payment_options,
            customer: row.customer,
            delivery: row.delivery,
            manual_capture: row.manual_capture,
            recurring_model: row.recurring_model,
            recurring_id: row.recurring_id,
            payment_data: row.payment_data,
            method_info: row.method_info,
            cart: row.cart,
            items: row.items,
            vars: row.vars,
            custom_info: row.custom_info,
            seconds_active: row.seconds_active,
            second_chance: row.second_chance,
            analytics_account: row.analytics_account,
            extras: row.extras,
        };
        let card = row.card.map(StoredCard::try_from).transpose()?;
        Ok(StoredRequest { details, card })
    }
}

impl TryFrom<CardRow> for StoredCard {
    type Error = UnreadableRequest;

    fn try_from(row: CardRow) -> Result<StoredCard, UnreadableRequest> {
        let odd = UnreadableRequest::Member;
        let brand = row.network.map(|it| Brand::from_network(&it).ok_or(odd("network")));
        let expiry = row.expiry.map(|it| Expiry::parse(&it).map_err(|_| odd("expiry")));
        Ok(StoredCard {
            brand: brand.transpose()?,
            last4: row.last4,
            expiry: expiry.transpose()?,
            holder: row.holder.and_then(|it| CardholderName::read(&it)),
            flexible_3d: row.flexible_3d,
            moto: row.moto,
            term_url: row.term_url,
        })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::read::read_order;
    use super::super::rules::SiteRules;
    use super::*;

    fn stored(card_number: &str) -> StoredRequest {
        let body = json!({
            "type": "direct", "order_id": 1741782328.5, "gateway": "AMERICAN EXPRESS", "currency": "EUR",
            "amount": 2599, "description": "é", "capture": "", "recurring_model": "cardonfile",
            "payment_options": {"redirect_url": "https://shop.example/ok", "settings": {"gateways": {"coupons": 1.50}}},
            "customer": {"ip_address": "::1", "country": "nl", "reference": "r", "browser": {"time_zone": -120}},
            "delivery": {"city": "Utrecht"}, "var2": 182, "custom_info": {"custom1": "c"},
            "gateway_info": {"card_number": card_number, "card_holder_name": "A de Vries",
                "card_expiry_date": "3012", "card_cvc": "7391", "flexible_3d": 0,
                "term_url": "https://shop.example/term"},
            "shopping_cart": {"items": [{"unit_price": "0.1000000001", "quantity": -2, "options": [1.10]}]},
            "checkout_options": {"tax_tables": {"default": {"rate": 0.21}}},
            "plugin": {"shop": "s"}, "affiliate": {"split_payments": [{"fixed": 1}]},
        });
        let request = read_order(body.to_string().as_bytes(), &SiteRules::test_site(), 0).unwrap();
        StoredRequest::from(&request)
    }

    #[test]
    fn what_is_stored_is_read_back() {
        for number in ["374500000000015", "374500000000016"] {
            let request = stored(number);
            let text = request.to_json();
            assert_eq!(StoredRequest::from_json(&text).unwrap(), request);
            assert!(!text.contains(number) && !text.contains("7391"));
        }
    }

    #[test]
    fn the_stored_form_does_not_change_unnoticed() {
        let text = stored("374500000000015").to_json();
        let value: serde_json::Value = serde_json::from_str(&text).unwrap();
        insta::assert_snapshot!(serde_json::to_string_pretty(&value).unwrap());
    }

    #[test]
    fn what_cannot_be_read_is_named_without_its_content() {
        let text = stored("374500000000015").to_json();
        let later = text.replacen("\"version\":1", "\"version\":2", 1);
        let odd = text.replacen("\"EUR\"", "\"EURO\"", 1);
        for (text, expected) in [
            (later.as_str(), "a stored request has version 2"),
            (odd.as_str(), "a stored request has an odd currency"),
            ("{}", "a stored request cannot be read"),
            ("", "a stored request cannot be read"),
        ] {
            assert_eq!(StoredRequest::from_json(text).unwrap_err().to_string(), expected);
        }
    }
}
