//! Every refusal in its place, and the spellings of every library.

use std::collections::BTreeMap;

use florin_core::card::{ExpiryFault, PanFault};
use proptest::prelude::*;
use serde_json::json;

use super::super::card_input::{CardFault, CardInput};
use super::super::payment_options::NotificationMethod;
use super::super::rules::Mode;
use super::*;

/// 2026-01-15T00:00:00 UTC.
const NOW: UnixMillis = 1_768_435_200_000;
/// The order that the documentation of the API begins with.
const SAMPLE: &[u8] = include_bytes!("../testdata/direct_order.json");

fn order() -> Value {
    json!({
        "type": "direct", "order_id": "shop-1", "gateway": "CREDITCARD", "currency": "EUR",
        "amount": 2599, "description": "Order shop-1",
        "gateway_info": {"card_number": "5555555555554444", "card_expiry_date": "3012", "card_cvc": "123"},
    })
}

/// The order with members replaced, or taken out where they are null.
fn with(changes: Value) -> Value {
    let mut order = order();
    merge_members(&mut order, &changes);
    order
}

fn merge_members(into: &mut Value, changes: &Value) {
    for (name, change) in changes.as_object().unwrap() {
        merge(&mut into[name.as_str()], change);
    }
}

fn merge(into: &mut Value, changes: &Value) {
    match (into, changes) {
        (Value::Object(into), Value::Object(changes)) if !changes.is_empty() => {
            for (name, change) in changes {
                merge(into.entry(name.as_str()).or_insert(Value::Null), change);
            }
        }
        (into, change) => *into = change.clone(),
    }
}

fn read_on(site: &SiteRules, order: &Value) -> Result<OrderRequest, ApiError> {
    read_order(order.to_string().as_bytes(), site, NOW)
}

fn read(order: &Value) -> Result<OrderRequest, ApiError> {
    read_on(&SiteRules::test_site(), order)
}

#[track_caller]
fn accepts(changes: Value) -> OrderRequest {
    match read(&with(changes.clone())) {
        Ok(request) => request,
        Err(error) => panic!("{error} for {changes}"),
    }
}

#[track_caller]
fn refuses(changes: Value, code: u32) {
    match read(&with(changes.clone())) {
        Ok(_) => panic!("accepted {changes}"),
        Err(error) => assert_eq!(error.code, code, "{changes}"),
    }
}

fn fault(changes: Value) -> CardFault {
    fault_on(&SiteRules::test_site(), changes)
}

fn fault_on(site: &SiteRules, changes: Value) -> CardFault {
    let request = read_on(site, &with(changes)).unwrap();
    request.card.unwrap().card.unwrap_err().fault
}

#[test]
fn the_sample_order_is_read_word_for_word() {
    let OrderRequest { details, card, cvc } =
        read_order(SAMPLE, &SiteRules::test_site(), NOW).unwrap();
    assert!(cvc.is_none(), "the code goes with its card");
    let CardInput { holder, flexible_3d, moto, term_url, card } = card.unwrap();
    let card = card.unwrap();
    assert_eq!(card.pan.expose(), "5555555555554444");
    assert_eq!(card.cvc.unwrap().expose(), "123");
    assert_eq!((card.brand, card.expiry.yymm().as_str()), (Brand::Mastercard, "2512"));
    assert_eq!(holder.unwrap().as_str(), "MasterCard-Test-Order");
    assert_eq!((flexible_3d, moto, term_url), (None, false, None));
    assert_eq!(details.customer.address.house_number.as_deref(), Some("39C"));
    assert_eq!(details.customer.ip_address, Some("89.20.162.110".parse().unwrap()));
    assert_eq!(details.customer.forwarded_ip, None);
    assert!(details.payment_options.close_window);
    assert_eq!(details.payment_options.notification_method, NotificationMethod::Get);
    assert_eq!(details.not_offered(), None);
    insta::assert_debug_snapshot!(details);
}

/// The Java library has every number go through a floating one.
#[test]
fn whole_numbers_may_be_written_as_floating_ones() {
    let order = accepts(json!({"amount": 1000.0, "seconds_active": 3600.0}));
    assert_eq!(order.details.amount, Money::new(1000, Currency::EUR));
    assert_eq!(order.details.seconds_active, 3600);
}

#[test]
fn every_refusal_has_its_code() {
    let long = |chars: usize| "é".repeat(chars);
    for (changes, code) in [
        (json!({"type": "directly"}), 1000),
        (json!({"type": 1}), 1000),
        (json!({"type": {"a": 1}}), 1000),
        (json!({"capture": "auto"}), 1000),
        (json!({"capture": ["manual"]}), 1000),
        (json!({"recurring_model": "weekly"}), 1000),
        (json!({"recurring": {"model": "weekly"}}), 1000),
        (json!({"recurring_id": {"a": 1}}), 1000),
        (json!({"recurring_id": long(101)}), 1000),
        (json!({"order_id": null}), 1006),
        (json!({"order_id": "  "}), 1006),
        (json!({"order_id": long(51)}), 1006),
        (json!({"order_id": true}), 1006),
        (json!({"order_id": ["a"]}), 1006),
        (json!({"order_id": "a\u{0}b"}), 1006),
        (json!({"currency": null}), 1002),
        (json!({"currency": "FOOBAR"}), 1002),
        (json!({"currency": "AMD"}), 1002),
        (json!({"currency": "AZN"}), 1002),
        (json!({"currency": "CDF"}), 1002),
        (json!({"currency": "BGN"}), 1002),
        (json!({"currency": 978}), 1002),
        (json!({"amount": null}), 1001),
        (json!({"amount": ""}), 1001),
        (json!({"amount": "ten"}), 1001),
        (json!({"amount": 10.5}), 1001),
        (json!({"amount": "10.00"}), 1001),
        (json!({"amount": "1000.0"}), 1001),
        (json!({"amount": -1}), 1001),
        (json!({"amount": 500_001}), 1001),
        (json!({"amount": 9_007_199_254_740_993_i64}), 1001),
        (json!({"amount": "99999999999999999999999999"}), 1001),
        (json!({"amount": true}), 1001),
        (json!({"amount": [1]}), 1001),
        (json!({"affiliate": {"split_payments": [{"fixed": 2000}, {"fixed": "600"}]}}), 1001),
        (json!({"description": null}), 1008),
        (json!({"description": " "}), 1008),
        (json!({"description": long(201)}), 1008),
        (json!({"description": {"a": 1}}), 1008),
        (json!({"gateway": null}), 1023),
        (json!({"gateway": "NOPE"}), 1023),
        (json!({"gateway": "FOOBAR"}), 1023),
        // Not for direct orders; not with a card of its own; only in euros.
        (json!({"gateway": "MISTERCASH"}), 1023),
        (json!({"gateway": "IDEAL", "capture": "manual"}), 1023),
        (json!({"gateway": "IDEAL", "currency": "USD"}), 1023),
        (json!({"gateway": "IDEAL", "amount": 0}), 1001),
        (json!({"gateway": "KLARNA"}), 1016),
        (json!({"gateway": ["VISA"]}), 1023),
        (json!({"gateway": "AMEX", "currency": "SEK"}), 1023),
        (json!({"gateway": "AMEX", "capture": "manual"}), 1023),
        (json!({"gateway": "AMEX", "amount": 0}), 1001),
        (json!({"gateway_info": {"card_number": "374500000000015"}, "capture": "manual"}), 1023),
        (json!({"gateway_info": {"card_number": "374500000000015"}, "currency": "NOK"}), 1023),
        (json!({"customer": {"ip_address": "300.1.1.1"}}), 1007),
        (json!({"customer": {"ip_address": ["1.1.1.1"]}}), 1007),
        (json!({"customer": {"forwarded_ip": "unknown"}}), 1007),
        (json!({"customer": {"country": "NLD"}}), 1018),
        (json!({"customer": {"country": "ZZ"}}), 1018),
        (json!({"customer": {"country": {"a": 1}}}), 1018),
        (json!({"delivery": {"country": "Holland"}}), 1018),
        (json!({"var1": long(501)}), 1010),
        (json!({"var2": {"a": 1}}), 1010),
        (json!({"var3": [1]}), 1010),
        (json!({"shopping_cart": {"items": [{"unit_price": 1}]}}), 1031),
        (json!({"gateway_info": []}), 1016),
        (json!({"gateway_info": null}), 1016),
        (json!({"gateway_info": {"card_number": ""}}), 1016),
        (json!({"gateway_info": {"card_expiry_date": null}}), 1016),
        (json!({"gateway_info": {"card_cvc": ""}}), 1016),
        (json!({"gateway_info": {"flexible_3d": true}}), 1016),
    ] {
        refuses(changes, code);
    }
}

#[test]
fn the_first_failing_check_answers() {
    // Everything is wrong; then one thing after the other is put right.
    let steps = [
        (json!({"type": "x"}), json!({"type": "direct"}), 1000),
        (json!({"order_id": ""}), json!({"order_id": "1"}), 1006),
        (json!({"currency": "x"}), json!({"currency": "EUR"}), 1002),
        (json!({"amount": "x"}), json!({"amount": 1}), 1001),
        (json!({"description": ""}), json!({"description": "d"}), 1008),
        (json!({"gateway": "x"}), json!({"gateway": "VISA"}), 1023),
        (json!({"customer": {"ip_address": "x"}}), json!({"customer": {"ip_address": ""}}), 1007),
        (json!({"customer": {"country": "x"}}), json!({"customer": {"country": ""}}), 1018),
        (json!({"var1": [1]}), json!({"var1": ""}), 1010),
        (
            json!({"shopping_cart": {"items": [{"currency": "USD"}]}}),
            json!({"shopping_cart": {"items": [{"currency": "EUR"}]}}),
            1026,
        ),
        (json!({}), json!({"shopping_cart": []}), 1031),
        (
            json!({"gateway_info": {"card_cvc": ""}}),
            json!({"gateway_info": {"card_cvc": "1", "card_number": "1"}}),
            1016,
        ),
    ];
    let mut wrong = order();
    steps.iter().for_each(|(fault, _, _)| merge_members(&mut wrong, fault));
    for (_, cure, code) in &steps {
        assert_eq!(read(&wrong).unwrap_err().code, *code);
        merge_members(&mut wrong, cure);
    }
    // What is left is wrong card data: an order, declined.
    let card = read(&wrong).unwrap().card.unwrap().card;
    assert_eq!(card.unwrap_err().fault, CardFault::Number(PanFault::Length));
}

#[test]
fn a_site_takes_only_what_it_has_enabled() {
    let all = SiteRules::test_site();
    let moto = json!({"gateway_info": {"moto": true, "card_cvc": null}});
    let amex = json!({"gateway_info": {"card_number": "374500000000015", "card_cvc": "1234"}});
    let visa = json!({"gateway": "VISA", "gateway_info": {"card_number": "4111111111111111"}});
    for (site, changes, code) in [
        (SiteRules { server_to_server: false, ..all.clone() }, json!({}), 1023),
        (SiteRules { creditcard: false, ..all.clone() }, json!({}), 1023),
        (SiteRules { other_methods: false, ..all.clone() }, json!({"gateway": "IDEAL"}), 1023),
        (SiteRules { brands: vec![], ..all.clone() }, json!({}), 1023),
        (SiteRules { brands: vec![Brand::Visa], ..all.clone() }, json!({}), 1023),
        (SiteRules { brands: vec![Brand::Mastercard], ..all.clone() }, visa, 1023),
        (SiteRules { brands: vec![Brand::Mastercard], ..all.clone() }, amex, 1023),
        (SiteRules { moto: false, ..all.clone() }, moto.clone(), 1023),
        (SiteRules { manual_capture: false, ..all.clone() }, json!({"capture": "manual"}), 1023),
        (SiteRules { zero_authorization: false, ..all.clone() }, json!({"amount": 0}), 1001),
        (
            SiteRules { amount_max: BTreeMap::from([(Currency::EUR, 100)]), ..all.clone() },
            json!({"amount": 101}),
            1001,
        ),
        (
            SiteRules { currencies: vec![Currency::EUR], ..all.clone() },
            json!({"currency": "USD"}),
            1002,
        ),
    ] {
        assert_eq!(read_on(&site, &with(changes.clone())).unwrap_err().code, code, "{changes}");
        assert!(read_on(&all, &with(changes)).is_ok());
    }
    let only = vec![RecurringModel::Subscription];
    let plain = SiteRules { flexible_3d: false, tokenization: only, ..all };
    let changes = json!({"gateway_info": {"flexible_3d": true}, "recurring_model": "subscription"});
    let request = read_on(&plain, &with(changes)).unwrap();
    assert_eq!(request.card.unwrap().flexible_3d, None);
    assert_eq!(request.details.recurring_model, Some(RecurringModel::Subscription));
    let closed = read_on(&plain, &with(json!({"recurring": {"model": "cardOnFile"}}))).unwrap_err();
    assert_eq!((closed.code, closed.info.as_str()), (1000, "Transaction not allowed"));
}

#[test]
fn card_data_that_cannot_be_right_are_no_refusal() {
    let info = |name: &str, value: Value| json!({"gateway_info": {name: value}});
    for (changes, expected) in [
        (info("card_number", json!("5555555555554445")), CardFault::Number(PanFault::CheckDigit)),
        (info("card_number", json!("555555555555444x")), CardFault::Number(PanFault::NotDigits)),
        (info("card_number", json!(42)), CardFault::Number(PanFault::Length)),
        (info("card_number", json!("30569309025904")), CardFault::Brand),
        (info("card_number", json!("67034500054620008")), CardFault::Brand),
        (json!({"gateway": "VISA"}), CardFault::OtherGateway),
        (info("card_expiry_date", json!("1230")), CardFault::ExpiryFormat),
        (info("card_expiry_date", json!("12/30")), CardFault::ExpiryFormat),
        (info("card_cvc", json!("12")), CardFault::Cvc),
        (info("card_cvc", json!("1234")), CardFault::Cvc),
        (info("card_cvc", json!("abc")), CardFault::Cvc),
    ] {
        assert_eq!(fault(changes.clone()), expected, "{changes}");
    }
    let request = accepts(json!({"gateway": "VISA"}));
    let faulty = request.card.unwrap().card.unwrap_err();
    assert_eq!((faulty.brand, faulty.last4.as_deref()), (Some(Brand::Mastercard), Some("4444")));
    assert_eq!(faulty.expiry.unwrap().yymm(), "3012");
}

#[test]
fn dates_are_judged_on_live_sites_and_on_request() {
    let dated = |date: &str| json!({"gateway_info": {"card_expiry_date": date}});
    let test = SiteRules::test_site();
    for date in ["2512", "0001", "9912"] {
        assert!(read_on(&test, &with(dated(date))).unwrap().card.unwrap().card.is_ok());
    }
    let strict = SiteRules { refuse_past_expiry: true, ..test.clone() };
    let live = SiteRules { mode: Mode::Live, ..test };
    for site in [strict, live] {
        assert_eq!(fault_on(&site, dated("2512")), CardFault::Expiry(ExpiryFault::Past));
        assert_eq!(fault_on(&site, dated("9912")), CardFault::Expiry(ExpiryFault::TooFarAhead));
        assert!(read_on(&site, &with(dated("2601"))).unwrap().card.unwrap().card.is_ok());
        let maestro = json!({"gateway_info": {"card_number": "6799990000000000011", "card_expiry_date": "2001"}});
        assert!(read_on(&site, &with(maestro)).unwrap().card.unwrap().card.is_ok());
    }
}

#[test]
fn the_code_may_be_missing_or_short_where_the_contract_says_so() {
    let card = |changes: Value| accepts(json!({"gateway_info": changes})).card.unwrap().card;
    let maestro = json!({"card_number": "6799990000000000011", "card_cvc": null});
    assert!(card(maestro).unwrap().cvc.is_none());
    assert!(card(json!({"moto": "1", "card_cvc": ""})).unwrap().cvc.is_none());
    for (sent, read) in [(json!("1234"), "1234"), (json!("123"), "123"), (json!(34), "0034")] {
        let amex = card(json!({"card_number": "374500000000015", "card_cvc": sent})).unwrap();
        assert_eq!(amex.cvc.unwrap().expose(), read);
    }
    let live = SiteRules { mode: Mode::Live, ..SiteRules::test_site() };
    let short = json!({"gateway_info": {"card_number": "374500000000015", "card_cvc": "123"}});
    assert_eq!(fault_on(&live, short), CardFault::Cvc);
    let unknown = json!({"gateway_info": {"card_number": "30569309025904", "card_cvc": null}});
    refuses(unknown, 1016);
}

#[test]
fn numbers_may_be_texts_and_texts_numbers() {
    let request = accepts(json!({
        "type": " Direct ", "order_id": 10045, "gateway": "mastercard", "currency": "eur",
        "amount": "2599", "var2": 182, "var3": true,
        "gateway_info": {"card_number": 5555555555554444_u64, "card_expiry_date": 512, "card_cvc": null, "cvc": 7},
        "payment_options": {"close_window": "", "notification_method": "post", "settings": []},
        "customer": {"phone": 31301234567_u64, "house_number": 39, "disable_send_email": "1"},
        "custom_info": {"custom1": "a", "custom_2": 5}, "google_analytics": {"account_id": "UA-1"},
        "second_chance": {"send_mail": "true"}, "seconds_active": "", "days_active": "30",
    }));
    let details = &request.details;
    assert_eq!(details.order_id.as_str(), "10045");
    assert_eq!(details.amount, Money::new(2599, Currency::EUR));
    assert_eq!(details.vars, [None, Some("182".to_owned()), Some("true".to_owned())]);
    assert_eq!(details.custom_info, [Some("a".to_owned()), Some("5".to_owned()), None]);
    assert_eq!(details.payment_options.notification_method, NotificationMethod::Post);
    assert!(!details.payment_options.close_window);
    assert_eq!(details.payment_options.settings, None);
    assert_eq!(details.customer.address.phone1.as_deref(), Some("31301234567"));
    assert!(details.customer.disable_send_email);
    assert!(details.second_chance);
    assert_eq!(details.seconds_active, 30 * SECONDS_PER_DAY);
    assert_eq!(details.analytics_account.as_deref(), Some("UA-1"));
    let card = request.card.unwrap().card.unwrap();
    assert_eq!((card.expiry.yymm().as_str(), card.cvc.unwrap().expose()), ("0512", "007"));
}

#[test]
fn an_order_id_is_the_text_of_its_token() {
    for (token, id) in [
        ("1741782328.1025", "1741782328.1025"),
        ("\"1741782328.1025\"", "1741782328.1025"),
        ("1741782328.10250", "1741782328.10250"),
        ("10045", "10045"),
        ("12345678901234567890123456789", "12345678901234567890123456789"),
        ("1e+21", "1e+21"),
        ("\" 007 \"", "007"),
        ("\"a/b ü\"", "a/b ü"),
    ] {
        let body = order().to_string().replace("\"shop-1\"", token);
        let request = read_order(body.as_bytes(), &SiteRules::test_site(), NOW).unwrap();
        assert_eq!(request.details.order_id.as_str(), id);
    }
}

#[test]
fn what_php_sends_is_read() {
    let request = accepts(json!({
        "customer": {"firstname": "Ada", "lastname": "de Vries", "house_number": "7 b", "address2": "",
            "ip_address": "", "forwarded_ip": "", "browser": [], "country": "nl"},
        "delivery": {"firstname": "Ada", "locale": "nl_NL", "ip_address": "not looked at", "country": ""},
        "payment_options": {"notification_url": "https://shop.example/n", "notification_method": "POST",
            "redirect_url": "https://shop.example/ok", "cancel_url": "javascript:alert(1)",
            "close_window": true, "settings": []},
        "gateway_info": {"card_number": "5555 5555-5555 4444", "card_cvc": "123", "cvc": "999", "term_url": "",
            "card_holder_name": ""},
        "second_chance": {"send_email": false}, "plugin": {"shop": "s"}, "custom_info": [],
        "google_analytics": [], "shopping_cart": [], "checkout_options": {"validate_cart": false},
        "recurring_id": "", "recurring_model": "", "var1": "", "days_active": null, "unknown": {"x": [1]},
    }));
    let details = request.details;
    assert_eq!(details.customer.address.first_name.as_deref(), Some("Ada"));
    assert_eq!(details.customer.address.country.as_deref(), Some("NL"));
    assert_eq!(details.customer.ip_address, None);
    assert_eq!(details.delivery.unwrap().first_name.as_deref(), Some("Ada"));
    assert_eq!(details.payment_options.cancel_url, None);
    assert_eq!(details.payment_options.redirect_url.unwrap().as_str(), "https://shop.example/ok");
    assert!(details.cart.is_none() && details.recurring_id.is_none());
    assert_eq!(request.card.unwrap().card.unwrap().cvc.unwrap().expose(), "123");
}

#[test]
fn what_python_and_java_send_is_read() {
    let request = accepts(json!({
        "order_id": "1741782328.1025",
        "gateway_info": {"card_cvc": null, "cvc": "123"},
        "shopping_cart": {"items": [
            {"name": "a", "unit_price": "200.0", "quantity": 1, "tax_table_selector": "0.21", "weight": []}]},
        "checkout_options": {"tax_tables": {"alternate": [{"name": "0.21", "rules": [{"rate": "0.21"}]}]}},
    }));
    assert_eq!(request.details.cart.unwrap().items.len(), 1);
    assert_eq!(request.card.unwrap().card.unwrap().cvc.unwrap().expose(), "123");
}

#[test]
fn a_session_lasts_between_a_second_and_a_year() {
    let lasts = |changes| accepts(changes).details.seconds_active;
    assert_eq!(lasts(json!({})), SECONDS_ACTIVE_USUAL);
    assert_eq!(lasts(json!({"days_active": 1, "seconds_active": 60})), 60);
    assert_eq!(lasts(json!({"days_active": 2, "seconds_active": 0})), 172_800);
    assert_eq!(lasts(json!({"days_active": 1000})), SECONDS_ACTIVE_MAX);
    assert_eq!(lasts(json!({"seconds_active": i64::MAX})), SECONDS_ACTIVE_MAX);
    assert_eq!(lasts(json!({"days_active": -3})), SECONDS_ACTIVE_USUAL);
}

#[test]
fn what_is_not_offered_yet_is_read_and_named() {
    let refusal = |changes| accepts(changes).details.not_offered().map(|error| error.code);
    assert_eq!(refusal(json!({"type": "redirect", "gateway": null})), None);
    assert_eq!(refusal(json!({"type": null, "gateway": ""})), None);
    assert_eq!(refusal(json!({"type": "paymentlink"})), None);
    assert_eq!(refusal(json!({"type": "checkout"})), Some(1000));
    let component = json!({"payment_data": {"payload": "eyJ"}, "gateway_info": {}});
    assert_eq!(refusal(component), Some(1023));
    assert_eq!(refusal(json!({})), None);
}

#[test]
fn a_charge_needs_no_card_and_takes_a_code() {
    let charge = json!({"recurring": {"model": "unscheduled", "id": " abc "}, "gateway": "",
        "gateway_info": {"card_cvc": "1234", "card_number": "4111111111111111"}});
    let request = accepts(charge.clone());
    assert!(request.card.is_none(), "the card is the stored one");
    assert_eq!(request.details.recurring_id.as_deref(), Some("abc"));
    assert_eq!(request.cvc.unwrap().expose(), "1234");
    let site = SiteRules { server_to_server: false, ..SiteRules::test_site() };
    let request = read_on(&site, &with(charge)).unwrap();
    assert!(request.cvc.is_none(), "who may not send card data sends no code");
    let odd = json!({"recurring_id": "abc", "gateway": null, "gateway_info": {"card_cvc": "12"}});
    assert!(accepts(odd).cvc.is_none());
}

#[test]
fn an_amount_of_nothing_verifies_an_account() {
    assert_eq!(accepts(json!({"amount": "0"})).details.amount.minor, 0);
    assert_eq!(accepts(json!({"amount": 0, "gateway": "MASTERCARD"})).details.amount.minor, 0);
}

#[test]
fn a_body_that_is_no_object_is_bad_json() {
    let deep = "[".repeat(20_000);
    let deep_in_order = format!("{{\"order_id\":{}{}}}", deep, "]".repeat(20_000));
    let deep_objects = "{\"a\":".repeat(20_000);
    for body in [
        b"".as_slice(),
        b"{",
        b"[]",
        b"null",
        b"\"text\"",
        b"1",
        b"{} x",
        b"type=direct",
        b"{'a':1}",
        b"\xff\xfe{}",
        b"{\"order_id\":\"\xff\"}",
        b"{\"a\":\"\\ud800\"}",
        deep.as_bytes(),
        deep_in_order.as_bytes(),
        deep_objects.as_bytes(),
    ] {
        let error = read_order(body, &SiteRules::test_site(), NOW).unwrap_err();
        assert_eq!((error.http_status, error.code), (400, 1000));
    }
}

#[test]
fn a_byte_order_mark_and_white_space_do_not_matter() {
    let body = format!("\u{feff}\n {} \n", serde_json::to_string_pretty(&order()).unwrap());
    assert!(read_order(body.as_bytes(), &SiteRules::test_site(), NOW).is_ok());
}

#[test]
fn of_members_with_one_name_the_last_counts() {
    let body = order().to_string().replacen('{', "{\"amount\":1,\"order_id\":[],", 1);
    let request = read_order(body.as_bytes(), &SiteRules::test_site(), NOW).unwrap();
    assert_eq!(request.details.amount.minor, 2599);
}

#[test]
fn what_is_printed_for_debugging_has_no_card_data() {
    let request = read_order(SAMPLE, &SiteRules::test_site(), NOW).unwrap();
    let debug = format!("{request:?}");
    assert!(!debug.contains("5555555555554444") && !debug.contains("\"123\""));
    assert!(debug.contains("Pan(555555******4444)") && debug.contains("Cvc(***)"));
}

proptest! {
    #[test]
    fn any_bytes_are_read_or_refused(body: Vec<u8>) {
        let _ = read_order(&body, &SiteRules::test_site(), NOW);
    }

    #[test]
    fn any_member_may_hold_anything(name in 0usize..14, value in anything(), nested: bool) {
        const NAMES: [&str; 14] = [
            "type", "order_id", "gateway", "currency", "amount", "description", "customer",
            "delivery", "gateway_info", "payment_options", "shopping_cart", "checkout_options",
            "recurring", "var1",
        ];
        let value = if nested { json!({"items": [value], "card_number": value, "tax_tables": value}) } else { value };
        let mut order = order();
        order[NAMES[name]] = value;
        let _ = read(&order);
    }
}

fn anything() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::Bool),
        any::<i64>().prop_map(Value::from),
        "\\PC{0,60}".prop_map(Value::String),
        Just(json!({})),
        Just(json!([])),
    ];
    leaf.prop_recursive(3, 16, 4, |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..4).prop_map(Value::Array),
            proptest::collection::btree_map("[a-z_]{1,12}", inner, 0..4)
                .prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
}
