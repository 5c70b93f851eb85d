//! Every shape of an answer, and what must hold for all of them.

use florin_core::card::Brand;
use florin_core::money::Currency;
use serde_json::json;

use super::super::read::read_order;
use super::super::request::RecurringModel;
use super::super::rules::SiteRules;
use super::*;

/// 2026-05-11T09:01:07 UTC.
const CREATED: UnixMillis = 1_778_490_067_123;
const TRANSACTION: i64 = 1_747_980_123_456_789;

fn stored(body: &[u8]) -> StoredRequest {
    let request = read_order(body, &SiteRules::test_site(), CREATED).unwrap();
    let stored = StoredRequest::from(&request);
    // Views are made from what the store gives back.
    StoredRequest::from_json(&stored.to_json()).unwrap()
}

fn view() -> OrderView {
    let request = stored(include_bytes!("../testdata/direct_order.json"));
    OrderView::new(&request, Some(TRANSACTION), CREATED)
}

fn completed() -> OrderView {
    let mut view = view();
    view.modified = CREATED + 11_000;
    view.completed = Some(CREATED + 11_000);
    view.status = "completed".to_owned();
    view.financial_status = Some("completed".to_owned());
    view.reason_code = Some("1000".to_owned());
    let details = view.payment_details.as_mut().unwrap();
    details.external_transaction_id = Some("614100000123".to_owned());
    details.authorization_code = Some("A1B2C3".to_owned());
    details.response_code = Some("00".to_owned());
    details.card_verification_result = Some("M".to_owned());
    details.scheme_reference_id = Some("MCC0001230511".to_owned());
    details.authentication = Some(AuthenticationView {
        flow: Some("challenge".to_owned()),
        status: Some("Y".to_owned()),
        eci: Some("02".to_owned()),
        cavv: Some("AAABBEg0VhI0VniQEjRWAAAAAAA=".to_owned()),
        acs_transaction_id: Some("d7c1ee99-9478-44a6-b1f2-391e29c6b340".to_owned()),
        ds_transaction_id: Some("f25084f0-5b16-4c0a-ae5d-b24808a95e4b".to_owned()),
        version: Some("2.2.0".to_owned()),
        ..AuthenticationView::default()
    });
    view
}

fn extras(html: Option<&str>) -> CreateExtras {
    CreateExtras {
        payment_url: "https://pay.example/connect/7tQ2/?lang=nl_NL".to_owned(),
        cancel_url: Some("https://shop.example/cart?transactionid=my-order-id-1".to_owned()),
        customer_verification: html.map(str::to_owned),
        session_id: None,
    }
}

/// Compares the answer's members, and holds it to the rules of every answer.
macro_rules! check {
    ($bytes:expr) => {{
        let bytes: Vec<u8> = $bytes;
        let value: Value = serde_json::from_slice(&bytes).unwrap();
        let text = String::from_utf8(bytes).unwrap();
        let data = String::from_utf8(canonical::to_vec(&value["data"])).unwrap();
        assert_eq!(text, format!("{{\"success\":true,\"data\":{data}}}"));
        for reserved in ["gateway", "transactionid", "timestamp", "payload_type"] {
            assert!(value["data"].get(reserved).is_none(), "{reserved}");
        }
        insta::assert_snapshot!(serde_json::to_string_pretty(&value).unwrap());
    }};
}

#[test]
fn an_open_challenge_is_initialized_with_a_form() {
    let mut view = view();
    view.reason = Some("3D Secure Authorization".to_owned());
    view.reason_code = Some(String::new());
    check!(view.to_create_answer(&extras(Some("<!DOCTYPE html>")), ApiVersion::Current));
}

#[test]
fn a_completed_order_shows_how_it_was_authenticated() {
    check!(completed().to_create_answer(&extras(None), ApiVersion::Current));
}

#[test]
fn a_refused_card_is_shown_with_its_reason() {
    let mut view = view();
    view.status = "declined".to_owned();
    view.financial_status = Some("declined".to_owned());
    view.reason = Some("3DS Authentication Failed / Card authentication failed".to_owned());
    view.reason_code = Some("3001".to_owned());
    let details = view.payment_details.as_mut().unwrap();
    details.response_code = Some("01".to_owned());
    details.authentication = Some(AuthenticationView {
        status: Some("N".to_owned()),
        transaction_status_reason: Some("01".to_owned()),
        ..AuthenticationView::default()
    });
    check!(view.to_answer(ApiVersion::Current));
}

#[test]
fn card_data_that_cannot_be_right_show_what_is_known() {
    let body = json!({
        "type": "direct", "order_id": 7, "gateway": "CREDITCARD", "currency": "EUR", "amount": 100,
        "description": "d", "gateway_info": {"card_number": "4111111111111112",
            "card_expiry_date": "3012", "card_cvc": "123"},
    });
    let mut view = OrderView::new(&stored(body.to_string().as_bytes()), Some(TRANSACTION), CREATED);
    view.status = "declined".to_owned();
    view.financial_status = Some("declined".to_owned());
    let value = view.to_value(ApiVersion::Current);
    assert!(!value.to_string().contains("411111"));
    let details = &value["payment_details"];
    assert_eq!((&details["type"], &details["last4"]), (&Value::Null, &Value::Null));
    check!(view.to_answer(ApiVersion::Current));
}

#[test]
fn a_manual_capture_shows_what_is_left_of_it() {
    let mut view = completed();
    view.financial_status = Some("initialized".to_owned());
    view.completed = None;
    let details = view.payment_details.as_mut().unwrap();
    details.capture = Some(CaptureView { expiry: CREATED + 30 * 86_400_000, remain: 1000 });
    details.authentication = None;
    let value = view.to_value(ApiVersion::Current);
    assert_eq!(value["payment_details"]["capture_remain"], 1000);
    check!(view.to_answer(ApiVersion::Current));
}

#[test]
fn refunds_and_fees_are_listed() {
    let mut view = completed();
    view.status = "partial_refunded".to_owned();
    view.amount_refunded = 250;
    view.costs = vec![CostView {
        amount: Money::new(60, Currency::EUR),
        description: "2.9 % For Mastercard Transactions (min 0.6)".to_owned(),
        transaction_id: TRANSACTION + 1,
    }];
    view.related_transactions = vec![RelatedView {
        amount: Money::new(250, Currency::EUR),
        costs: None,
        created: CREATED + 60_000,
        modified: CREATED + 61_000,
        description: "Refund order 1747980123456789 for shop".to_owned(),
        order_id: "my-order-id-1".to_owned(),
        reference_transaction_id: TRANSACTION,
        refund_order_id: Some("refund-1".to_owned()),
        status: "completed".to_owned(),
        transaction_id: TRANSACTION + 2,
        kind: "refund",
        dispute: None,
    }];
    let text = String::from_utf8(view.to_json(ApiVersion::Current)).unwrap();
    assert!(text.contains(r#""costs":[{"amount":0.6,"#));
    check!(view.to_answer(ApiVersion::Current));
}

/// A chargeback that was won, as shops of both years see it.
fn charged_back_and_won() -> OrderView {
    let mut view = completed();
    let dispute = |status| DisputeView {
        status,
        reason_code: "13.1".to_owned(),
        reason_description: "Merchandise or services not received",
        merchant_response: CREATED + 23 * 24 * 3_600_000,
    };
    let taken = RelatedView {
        amount: Money::new(1250, Currency::EUR),
        costs: Some(Vec::new()),
        created: CREATED + 60_000,
        modified: CREATED + 61_000,
        description: "Chargeback for order 7".to_owned(),
        order_id: "7".to_owned(),
        reference_transaction_id: TRANSACTION,
        refund_order_id: None,
        status: "completed".to_owned(),
        transaction_id: TRANSACTION + 3,
        kind: "chargeback",
        dispute: Some(dispute("closed")),
    };
    let returned = RelatedView {
        transaction_id: TRANSACTION + 4,
        reference_transaction_id: TRANSACTION + 3,
        kind: "reverse-chargeback",
        description: "Reverse chargeback for order 7".to_owned(),
        ..taken.clone()
    };
    view.order_id = OrderId::parse("7").unwrap();
    view.related_transactions = vec![taken, returned];
    view
}

#[test]
fn a_chargeback_is_shown_with_its_dispute() {
    let mut view = charged_back_and_won();
    view.status = "chargedback".to_owned();
    view.related_transactions.truncate(1);
    view.related_transactions[0].dispute.as_mut().unwrap().status = "new";
    check!(view.to_answer(ApiVersion::Current));
}

#[test]
fn a_chargeback_that_came_back_is_shown_with_both_transactions() {
    check!(charged_back_and_won().to_answer(ApiVersion::Current));
}

#[test]
fn a_site_of_2020_gets_chargebacks_with_numbers_for_digits() {
    let view = charged_back_and_won();
    let then = view.to_value(ApiVersion::Y2020_01);
    assert_eq!(then["related_transactions"][0]["order_id"], 7);
    assert_eq!(then["related_transactions"][0]["dispute"]["reason_code"], "13.1");
    check!(view.to_answer(ApiVersion::Y2020_01));
}

#[test]
fn a_cart_is_echoed_and_its_total_is_a_number() {
    let body = json!({
        "type": "direct", "order_id": "cart-1", "gateway": "VISA", "currency": "EUR", "amount": 37485,
        "description": "Cart", "gateway_info": {"card_number": "4111111111111111",
            "card_expiry_date": "3012", "cvc": "123"},
        "shopping_cart": {"items": [
            {"name": "A", "description": "", "unit_price": "90", "quantity": "3", "merchant_item_id": "a", "tax_table_selector": "0.21", "weight": {"unit": "KG", "value": 12}},
            {"name": "B", "unit_price": 35, "quantity": 1, "merchant_item_id": "b", "tax_table_selector": "0.09"},
            {"name": "C", "unit_price": 10, "quantity": 1, "merchant_item_id": 3, "tax_table_selector": "0"}]},
        "checkout_options": {"validate_cart": true, "tax_tables": {"alternate": [
            {"name": "0.21", "standalone": true, "rules": [{"rate": 0.21}]},
            {"name": "0.09", "standalone": true, "rules": [{"rate": 0.09}]},
            {"name": "0", "standalone": true, "rules": [{"rate": 0}]}]}},
    });
    let view = OrderView::new(&stored(body.to_string().as_bytes()), Some(TRANSACTION), CREATED);
    let text = String::from_utf8(view.to_json(ApiVersion::Current)).unwrap();
    assert!(text.contains(r#""order_total":374.85,"#));
    check!(view.to_create_answer(&extras(None), ApiVersion::Current));
}

#[test]
fn a_stored_card_is_shown_with_its_reference() {
    let mut view = completed();
    view.customer.reference = Some("cust-17".to_owned());
    let value = view.to_value(ApiVersion::Current);
    assert!(value["customer"].get("reference").is_none());
    view.payment_details.as_mut().unwrap().recurring = RecurringView {
        id: Some("azbkvsE0up4".to_owned()),
        flow: Some("manual".to_owned()),
        model: Some(RecurringModel::CardOnFile),
    };
    let value = view.to_value(ApiVersion::Current);
    assert_eq!(value["customer"]["reference"], "cust-17");
    assert_eq!(value["payment_details"]["recurring_model"], "cardOnFile");
}

#[test]
fn a_session_has_no_transaction_and_no_payment() {
    let request = stored(include_bytes!("../testdata/direct_order.json"));
    let view = OrderView::new(&request, None, CREATED);
    let value = view.to_value(ApiVersion::Current);
    assert_eq!(value["transaction_id"], Value::Null);
    assert_eq!(value["payment_details"], Value::Null);
    assert_eq!(value["payment_methods"], json!([]));
}

#[test]
fn a_notification_is_what_a_read_shows() {
    let view = completed();
    for version in [ApiVersion::Current, ApiVersion::Y2020_01] {
        let body = String::from_utf8(view.to_json(version)).unwrap();
        let answer = String::from_utf8(view.to_answer(version)).unwrap();
        assert_eq!(answer, format!("{{\"success\":true,\"data\":{body}}}"));
    }
}

#[test]
fn card_data_stay_out_of_every_answer() {
    let text = String::from_utf8(completed().to_json(ApiVersion::Current)).unwrap();
    assert!(!text.contains("5555555555554444") && !text.contains("\"123\""));
    let request = stored(include_bytes!("../testdata/direct_order.json"));
    assert!(!request.to_json().contains("5555555555554444"));
    assert!(!request.to_json().contains("\"123\""));
}

/// The answer of January 2020 that the API's documentation shows.
const SAMPLE_2020: &str = include_str!("../testdata/answer_2020_01.json");

fn type_of(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(_) => "number",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    }
}

/// Every member of the sample is there, with the type that it has in the sample.
fn check_types(sample: &Value, ours: &Value, path: &str) {
    assert_eq!(type_of(ours), type_of(sample), "{path}");
    match (sample, ours) {
        (Value::Object(sample), Value::Object(ours)) => {
            for (name, member) in sample {
                let ours = ours.get(name).unwrap_or_else(|| panic!("no {path}.{name}"));
                check_types(member, ours, &format!("{path}.{name}"));
            }
        }
        (Value::Array(sample), Value::Array(ours)) => {
            assert_eq!(sample.len(), ours.len(), "{path}");
            sample.iter().zip(ours).for_each(|(sample, ours)| check_types(sample, ours, path));
        }
        _ => {}
    }
}

#[test]
fn a_site_of_2020_gets_the_types_of_that_year() {
    let mut view = view();
    view.reason = Some("3D Secure Authorization".to_owned());
    view.reason_code = Some(String::new());
    let details = view.payment_details.as_mut().unwrap();
    details.external_transaction_id = Some("6652390295520298".to_owned());
    view.costs = vec![CostView {
        amount: Money::zero(Currency::EUR),
        description: String::new(),
        transaction_id: 2_056_142,
    }];
    let answer = view.to_create_answer(&extras(Some("")), ApiVersion::Y2020_01);
    let ours: Value = serde_json::from_slice(&answer).unwrap();
    check_types(&serde_json::from_str(SAMPLE_2020).unwrap(), &ours, "");
    check!(answer);
}

#[test]
fn digits_are_numbers_only_for_a_site_of_2020() {
    let mut view = completed();
    view.order_id = OrderId::parse("10045").unwrap();
    let details = view.payment_details.as_mut().unwrap();
    details.brand = Some(Brand::Amex);
    details.last4 = Some("0005".to_owned());
    details.card_expiry_date = Some("0512".to_owned());
    let now = view.to_value(ApiVersion::Current);
    assert_eq!(
        (&now["order_id"], &now["payment_details"]["last4"]),
        (&json!("10045"), &json!("0005"))
    );
    let then = view.to_value(ApiVersion::Y2020_01);
    assert_eq!((&then["order_id"], &then["payment_details"]["last4"]), (&json!(10045), &json!(5)));
    assert_eq!(then["payment_methods"][0]["card_expiry_date"], 512);
    for id in ["007", "1741782328.1025", "99999999999999999999", "9007199254740992", "-1", "a1"] {
        view.order_id = OrderId::parse(id).unwrap();
        assert_eq!(view.to_value(ApiVersion::Y2020_01)["order_id"], id);
    }
    assert_eq!(ApiVersion::parse("2020-01"), Some(ApiVersion::Y2020_01));
    assert_eq!(ApiVersion::parse("2019"), None);
}
