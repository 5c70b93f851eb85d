//! Requests and answers as the reference shows them. Answers are made by the code that makes all
//! answers, so that an example cannot be out of date.

use serde_json::{Value, json};

use crate::api::contract::answer::CreateExtras;
use crate::api::contract::{ApiVersion, OrderView, SiteRules, StoredRequest, read_order};

/// 2026-05-11T09:01:07 UTC.
const CREATED: i64 = 1_778_490_067_000;
pub(crate) const TRANSACTION: i64 = 1_747_980_123_456_789;

/// A direct order with this card.
pub(crate) fn order_request(order_id: &str, card: &str) -> Value {
    json!({
        "type": "direct",
        "order_id": order_id,
        "currency": "EUR",
        "amount": 1000,
        "gateway": "CREDITCARD",
        "description": "product description",
        "payment_options": {
            "notification_url": "https://shop.example/notification",
            "notification_method": "POST",
            "redirect_url": "https://shop.example/thanks",
            "cancel_url": "https://shop.example/cart",
        },
        "customer": {
            "locale": "nl_NL",
            "ip_address": "89.20.162.110",
            "first_name": "Ada",
            "last_name": "de Vries",
            "address1": "Kraanspoor",
            "house_number": "39C",
            "zip_code": "1033 SC",
            "city": "Amsterdam",
            "country": "NL",
            "email": "ada@shop.example",
        },
        "gateway_info": {
            "card_number": card,
            "card_holder_name": "A de Vries",
            "card_expiry_date": "3012",
            "card_cvc": "123",
        },
    })
}

/// An order that has been paid.
fn paid() -> OrderView {
    let body = order_request("my-order-id-1", "4111111111111111").to_string();
    let request = read_order(body.as_bytes(), &SiteRules::test_site(), CREATED)
        .expect("the example is an order");
    let mut view = OrderView::new(&StoredRequest::from(&request), Some(TRANSACTION), CREATED);
    view.completed = Some(CREATED);
    view.status = "completed".to_owned();
    view.financial_status = Some("completed".to_owned());
    if let Some(details) = &mut view.payment_details {
        details.external_transaction_id = Some("614100000123".to_owned());
        details.authorization_code = Some("A1B2C3".to_owned());
        details.response_code = Some("00".to_owned());
    }
    view
}

/// `data` of an order that is read.
pub(crate) fn order() -> Value {
    paid().to_value(ApiVersion::Current)
}

/// `data` of an order that was just made.
pub(crate) fn created_order() -> Value {
    let extras = CreateExtras {
        payment_url: "https://shop.example/thanks?transactionid=my-order-id-1".to_owned(),
        cancel_url: Some("https://shop.example/cart?transactionid=my-order-id-1".to_owned()),
        customer_verification: None,
        session_id: None,
    };
    let answer = paid().to_create_answer(&extras, ApiVersion::Current);
    let mut answer: Value = serde_json::from_slice(&answer).expect("an answer is JSON");
    answer["data"].take()
}

/// `data` of a chargeback.
pub(crate) fn case() -> Value {
    json!({
        "amount": 1000, "created": "2026-05-12T09:00:00", "currency": "EUR",
        "dispute": {
            "merchant_response_date": "2026-06-04", "reason_code": "13.1",
            "reason_description": "Merchandise/Services Not Received", "status": "new",
        },
        "due": "2026-06-04T09:00:00", "files": 0, "order_id": "my-order-id-1", "reference": null,
        "reverse_transaction_id": null, "transaction_id": TRANSACTION + 2,
    })
}

/// `data` of a risk report.
pub(crate) fn risk() -> Value {
    json!({
        "order_id": "my-order-id-1", "transaction_id": TRANSACTION, "status": "uncleared",
        "score": 8, "hits": [{ "rule": "review_list", "weight": 0,
            "why": "the card is on the site's review list with a score of 8" }],
        "review": { "decides": "merchant", "until": "2026-05-16T09:01:07", "then": "decline" },
        "not_applied": [],
    })
}
