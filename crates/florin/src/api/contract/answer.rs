//! The order object, as answers and notifications show it.
//!
//! One view, one sequence of bytes: what a shop reads with GET is what a notification signs. The
//! view is plain data; which status an order has is decided elsewhere.

mod details;
mod year_2020;

use florin_core::money::Money;
use florin_core::order_id::OrderId;
use serde_json::{Map, Number, Value, json};

use crate::clock::UnixMillis;

use super::canonical;
use super::cart::CartEcho;
use super::customer::Customer;
use super::stored::StoredRequest;
use super::timestamp;

pub use details::{
    AuthenticationView, CaptureView, OtherMethodView, PaymentDetailsView, RecurringView,
};

/// Which year's types a site reads.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ApiVersion {
    /// Digits that name something are texts.
    #[default]
    Current,
    /// January 2020: digits are numbers, and members of the customer without a value are left
    /// out.
    Y2020_01,
}

impl ApiVersion {
    /// Reads the setting of a site: `current` or `2020-01`.
    pub fn parse(text: &str) -> Option<ApiVersion> {
        match text {
            "" | "current" => Some(ApiVersion::Current),
            "2020-01" => Some(ApiVersion::Y2020_01),
            _ => None,
        }
    }
}

/// Everything that merchants see of an order.
#[derive(Clone, Debug, PartialEq)]
pub struct OrderView {
    /// Nothing before there is a transaction. 13 to 16 digits.
    pub transaction_id: Option<i64>,
    /// The merchant's name for the order.
    pub order_id: OrderId,
    /// When it was asked for.
    pub created: UnixMillis,
    /// When it last changed.
    pub modified: UnixMillis,
    /// When it was paid; left out before.
    pub completed: Option<UnixMillis>,
    /// What was asked for.
    pub amount: Money,
    /// The sum of completed refunds, in minor units.
    pub amount_refunded: i64,
    /// What for.
    pub description: String,
    /// HTML, as data: the cart, or what the merchant sent.
    pub items: Option<String>,
    /// The life of the order.
    pub status: String,
    /// Where the money is; nothing for a session that never became a transaction.
    pub financial_status: Option<String>,
    /// Why, in words.
    pub reason: Option<String>,
    /// Why, in digits.
    pub reason_code: Option<String>,
    /// `var1` to `var3`.
    pub vars: [Option<String>; 3],
    /// `custom_1` to `custom_3`.
    pub custom_info: [Option<String>; 3],
    /// The payer.
    pub customer: Customer,
    /// How it was paid; nothing before there is a transaction.
    pub payment_details: Option<PaymentDetailsView>,
    /// What gift cards have paid of it.
    pub parts: Vec<PartView>,
    /// Minor units that the newest attempt pays beside parts; nothing where it is none of those
    /// that pay. Without parts it pays the amount.
    pub paid_last: Option<i64>,
    /// Fees.
    pub costs: Vec<CostView>,
    /// Refunds, captures and chargebacks.
    pub related_transactions: Vec<RelatedView>,
    /// The cart, where there was one.
    pub cart: Option<CartEcho>,
    /// The order of the authorization that this one captured.
    pub auth_order_id: Option<String>,
}

/// A part of an order that a gift card paid.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PartView {
    /// The gift card.
    pub by: OtherMethodView,
    /// Minor units.
    pub amount: i64,
}

/// A fee.
#[derive(Clone, Debug, PartialEq)]
pub struct CostView {
    /// Shown in major units, unlike every other amount.
    pub amount: Money,
    /// What for.
    pub description: String,
    /// The transaction of the fee.
    pub transaction_id: i64,
}

/// Another transaction of the same order.
#[derive(Clone, Debug, PartialEq)]
pub struct RelatedView {
    /// How much.
    pub amount: Money,
    /// Its fees; nothing when unknown.
    pub costs: Option<Vec<CostView>>,
    /// When it was asked for.
    pub created: UnixMillis,
    /// When it last changed.
    pub modified: UnixMillis,
    /// What for.
    pub description: String,
    /// The order that it is listed under.
    pub order_id: String,
    /// The transaction that it follows.
    pub reference_transaction_id: i64,
    /// The merchant's own name for a refund.
    pub refund_order_id: Option<String>,
    /// The life of it.
    pub status: String,
    /// Its own transaction.
    pub transaction_id: i64,
    /// `refund`, `capture`, `chargeback`, `reverse-chargeback` or `auth-cancellation`.
    pub kind: &'static str,
    /// The dispute about a chargeback.
    pub dispute: Option<DisputeView>,
}

/// Where a dispute stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DisputeView {
    /// `new`, `ready`, `open`, `accepted`, `submitted`, `processed` or `closed`.
    pub status: &'static str,
    /// The scheme's code.
    pub reason_code: String,
    /// Empty where the code is not known.
    pub reason_description: &'static str,
    /// Until when the merchant can answer; shown as a date.
    pub merchant_response: UnixMillis,
}

/// What only the answer to a create call carries.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CreateExtras {
    /// Where to send the payer; never empty after success.
    pub payment_url: String,
    /// Where the payer goes after failure, with the order's id.
    pub cancel_url: Option<String>,
    /// A page that leads to the challenge.
    pub customer_verification: Option<String>,
    /// The session of the payer.
    pub session_id: Option<String>,
}

impl OrderView {
    /// The order as it is when it has just been asked for: `initialized`, nothing paid.
    /// `transaction_id` is nothing for a session.
    pub fn new(
        request: &StoredRequest,
        transaction_id: Option<i64>,
        created: UnixMillis,
    ) -> OrderView {
        let details = &request.details;
        let address = details.delivery.as_ref().unwrap_or(&details.customer.address);
        let country = address.country().or(details.customer.address.country());
        let cart = details.cart.as_ref().map(|cart| cart.echo(details.amount.currency, country));
        let items = cart.as_ref().map(|cart| cart.items.clone()).or(details.items.clone());
        let payment_details = transaction_id.map(|_| PaymentDetailsView::new(request));
        OrderView {
            transaction_id,
            order_id: details.order_id.clone(),
            created,
            modified: created,
            completed: None,
            amount: details.amount,
            amount_refunded: 0,
            description: details.description.clone(),
            items,
            status: "initialized".to_owned(),
            financial_status: Some("initialized".to_owned()),
            reason: None,
            reason_code: None,
            vars: details.vars.clone(),
            custom_info: details.custom_info.clone(),
            customer: details.customer.clone(),
            payment_details,
            parts: Vec::new(),
            paid_last: None,
            costs: Vec::new(),
            related_transactions: Vec::new(),
            cart,
            auth_order_id: None,
        }
    }

    /// The canonical bytes of the order object: the body of a notification.
    pub fn to_json(&self, version: ApiVersion) -> Vec<u8> {
        canonical::to_vec(&self.to_value(version))
    }

    /// The answer to a read.
    pub fn to_answer(&self, version: ApiVersion) -> Vec<u8> {
        success(&self.to_value(version))
    }

    /// The answer to a create call.
    pub fn to_create_answer(&self, extras: &CreateExtras, version: ApiVersion) -> Vec<u8> {
        let mut data = self.to_value(version);
        if let Value::Object(members) = &mut data {
            members.insert("payment_url".to_owned(), json!(extras.payment_url));
            let optional = [
                ("cancel_url", extras.cancel_url.as_ref().map(|it| json!(it))),
                ("session_id", extras.session_id.as_ref().map(|it| json!(it))),
                (
                    "customer_verification",
                    extras
                        .customer_verification
                        .as_ref()
                        .map(|html| json!({ "type": "form", "html": html })),
                ),
            ];
            insert_known(members, optional);
        }
        success(&data)
    }

    /// The order object as a value.
    pub fn to_value(&self, version: ApiVersion) -> Value {
        let value = self.current();
        match version {
            ApiVersion::Current => value,
            ApiVersion::Y2020_01 => year_2020::with_its_types(value),
        }
    }

    fn current(&self) -> Value {
        let [var1, var2, var3] = &self.vars;
        let [custom_1, custom_2, custom_3] = &self.custom_info;
        let costs: Vec<Value> = self.costs.iter().map(CostView::to_value).collect();
        let related: Vec<Value> =
            self.related_transactions.iter().map(RelatedView::to_value).collect();
        let mut order = json!({
            "amount": self.amount.minor,
            "amount_refunded": self.amount_refunded,
            "costs": costs,
            "created": timestamp::to_text(self.created),
            "currency": self.amount.currency.code(),
            "custom_info": { "custom_1": custom_1, "custom_2": custom_2, "custom_3": custom_3 },
            "customer": details::customer(&self.customer, self.payment_details.as_ref()),
            "description": self.description,
            "fastcheckout": "NO",
            "financial_status": self.financial_status,
            "items": self.items,
            "modified": timestamp::to_text(self.modified),
            "order_id": self.order_id.as_str(),
            "payment_details": self.payment_details.as_ref().map(PaymentDetailsView::to_value),
            "payment_methods": self.payment_methods(),
            "reason": self.reason,
            "reason_code": self.reason_code,
            "related_transactions": if related.is_empty() { Value::Null } else { json!(related) },
            "status": self.status,
            "transaction_id": self.transaction_id,
            "var1": var1,
            "var2": var2,
            "var3": var3,
        });
        if let Value::Object(members) = &mut order {
            let cart = self.cart.as_ref();
            let optional = [
                ("completed", self.completed.map(|at| json!(timestamp::to_text(at)))),
                ("shopping_cart", cart.map(|cart| cart.shopping_cart.clone())),
                ("checkout_options", cart.map(|cart| cart.checkout_options.clone())),
                ("order_adjustment", cart.map(|cart| cart.order_adjustment.clone())),
                ("order_total", cart.map(|cart| cart.order_total.clone())),
                ("auth_order_id", self.auth_order_id.as_ref().map(|it| json!(it))),
            ];
            insert_known(members, optional);
        }
        order
    }

    /// One entry, and one for each coupon that it is combined with.
    fn payment_methods(&self) -> Vec<Value> {
        let amount = self.paid_last.unwrap_or(self.amount.minor);
        let entry = |details: &PaymentDetailsView| {
            if let Some(other) = &details.other {
                return other.entry(self, amount);
            }
            json!({
                "account_holder_name": details.account_holder_name,
                "amount": amount,
                "card_expiry_date": details.card_expiry_date,
                "currency": self.amount.currency.code(),
                "description": self.description,
                "external_transaction_id": details.external_transaction_id,
                "last4": details.last4,
                "payment_description": details.brand.map(|brand| brand.display_name()),
                "status": self.status,
                "type": details.type_code(),
            })
        };
        let parts = self.parts.iter().map(|part| part.by.entry(self, part.amount));
        let pays = self.parts.is_empty() || self.paid_last.is_some();
        let last = self.payment_details.iter().filter(|_| pays).map(entry);
        parts.chain(last).collect()
    }
}

impl CostView {
    fn to_value(&self) -> Value {
        let amount: Number = self
            .amount
            .to_major_shortest()
            .parse()
            .expect("an amount in major units prints as a JSON number");
        json!({
            "amount": amount,
            "description": self.description,
            "transaction_id": self.transaction_id,
            "type": "SYSTEM",
        })
    }
}

impl RelatedView {
    fn to_value(&self) -> Value {
        let costs = self.costs.as_ref();
        let costs: Option<Vec<Value>> = costs.map(|it| it.iter().map(CostView::to_value).collect());
        let mut related = json!({
            "amount": self.amount.minor,
            "costs": costs,
            "created": timestamp::to_text(self.created),
            "currency": self.amount.currency.code(),
            "description": self.description,
            "items": null,
            "modified": timestamp::to_text(self.modified),
            "order_id": self.order_id,
            "reference_transaction_id": self.reference_transaction_id,
            "status": self.status,
            "transaction_id": self.transaction_id,
            "type": self.kind,
        });
        if let Value::Object(members) = &mut related {
            let own = self.refund_order_id.as_ref().map(|it| json!(it));
            let dispute = self.dispute.as_ref().map(DisputeView::to_value);
            insert_known(members, [("refund_order_id", own), ("dispute", dispute)]);
        }
        related
    }
}

impl DisputeView {
    /// The object as answers show it.
    pub fn to_value(&self) -> Value {
        json!({
            "merchant_response_date": timestamp::to_date(self.merchant_response),
            "reason_code": self.reason_code,
            "reason_description": self.reason_description,
            "status": self.status,
        })
    }
}

/// The envelope of success: `{"success":true,"data":…}`, with canonical data.
pub fn success(data: &Value) -> Vec<u8> {
    let mut out = b"{\"success\":true,\"data\":".to_vec();
    out.extend_from_slice(&canonical::to_vec(data));
    out.push(b'}');
    out
}

fn insert_known<const N: usize>(
    members: &mut Map<String, Value>,
    optional: [(&str, Option<Value>); N],
) {
    for (name, value) in optional {
        if let Some(value) = value {
            members.insert(name.to_owned(), value);
        }
    }
}

#[cfg(test)]
mod tests;
