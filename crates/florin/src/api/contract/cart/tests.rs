//! Totals, refusals and echo of carts.

use proptest::prelude::*;
use serde_json::json;

use super::*;

fn read(order: Value, minor: i64) -> Result<Option<Cart>, u32> {
    let amount = Money::new(minor, Currency::EUR);
    let country = Country::parse("NL").ok();
    Cart::read(Fields::of(&order), amount, country).map_err(|error| error.code)
}

/// Items as `(price, quantity, table)`, with tables named by their rate.
fn order(items: &[(Value, Value, &str)], validate: bool) -> Value {
    let items: Vec<Value> = items
        .iter()
        .map(|(price, quantity, table)| {
            json!({"name": "x", "unit_price": price, "quantity": quantity, "tax_table_selector": table})
        })
        .collect();
    json!({
        "shopping_cart": {"items": items},
        "checkout_options": {"validate_cart": validate, "tax_tables": {"alternate": [
            {"name": "0.21", "rules": [{"rate": 0.21}]},
            {"name": "0.09", "rules": [{"rate": "0.09", "country": ""}]},
            {"name": "0", "standalone": true, "rules": [{"rate": 0}]},
        ]}},
    })
}

fn literal(text: &str) -> Value {
    serde_json::from_str(text).unwrap()
}

#[track_caller]
fn check_totals(items: &[(&str, &str, &str)], expected: (&str, &str, &str)) {
    let items: Vec<_> = items
        .iter()
        .map(|(price, count, table)| (literal(price), literal(count), *table))
        .collect();
    let cart = read(order(&items, false), 1).unwrap().unwrap();
    let totals = cart.totals(None).unwrap();
    let shown = [totals.items, totals.vat, totals.total].map(|it| format!("{it:.2}"));
    assert_eq!((shown[0].as_str(), shown[1].as_str(), shown[2].as_str()), expected);
    let minor = totals.minor_units(Currency::EUR).unwrap();
    assert!(read(order(&items, true), minor).is_ok());
    assert_eq!(read(order(&items, true), minor + 1).unwrap_err(), 1027);
}

#[test]
fn items_and_vat_are_rounded_once_each() {
    check_totals(
        &[
            ("13.761467889", "2", "0.09"),
            ("8.2644628099", "4", "0.21"),
            ("4.5412844037", "1", "0.09"),
        ],
        ("65.12", "9.83", "74.95"),
    );
    check_totals(
        &[("90", "3", "0.21"), ("\"35\"", "\"1\"", "0.09"), ("10", "1", "0")],
        ("315.00", "59.85", "374.85"),
    );
    check_totals(&[("0.005", "1", "0")], ("0.01", "0.00", "0.01"));
    check_totals(&[("-0.005", "1", "0")], ("-0.01", "0.00", "-0.01"));
    check_totals(&[("10", "1", "0.21"), ("-10", "1", "0.21")], ("0.00", "0.00", "0.00"));
}

#[test]
fn a_cart_is_compared_only_when_that_is_asked_for() {
    let items = [(json!(10), json!(1), "0")];
    assert!(read(order(&items, false), 999).is_ok());
    assert_eq!(read(order(&items, true), 999).unwrap_err(), 1027);
    assert!(read(order(&items, true), 1000).is_ok());
}

#[test]
fn a_cart_in_a_currency_without_cents_must_be_whole() {
    let yen = Currency::parse("JPY").unwrap();
    let items = [(json!("10.5"), json!(1), "0")];
    let read = Cart::read(Fields::of(&order(&items, true)), Money::new(10, yen), None);
    assert_eq!(read.unwrap_err().code, 1027);
    let items = [(json!("10.5"), json!(2), "0")];
    assert!(Cart::read(Fields::of(&order(&items, true)), Money::new(21, yen), None).is_ok());
}

#[test]
fn every_fault_of_a_cart_has_its_code() {
    let item = |extra: Value| {
        let mut item = json!({"unit_price": 10, "quantity": 1});
        item.as_object_mut().unwrap().extend(extra.as_object().unwrap().clone());
        item
    };
    let cart = |items: Vec<Value>| json!({"shopping_cart": {"items": items}});
    for (order, code) in [
        (cart(vec![item(json!({"currency": "EUR"})), item(json!({"currency": "USD"}))]), 1025),
        (cart(vec![item(json!({"currency": "XYZ"}))]), 1030),
        (cart(vec![item(json!({"currency": {"a": 1}}))]), 1030),
        (cart(vec![item(json!({"currency": "USD"}))]), 1026),
        (cart(vec![item(json!({"unit_price": "abc"}))]), 1031),
        (cart(vec![item(json!({"unit_price": ""}))]), 1031),
        (cart(vec![item(json!({"unit_price": "1,5"}))]), 1031),
        (cart(vec![item(json!({"quantity": null}))]), 1031),
        (cart(vec![item(json!({"quantity": [1]}))]), 1031),
        (cart(vec![item(json!({"unit_price": "1e40"}))]), 1031),
        (cart(vec![json!("not an item")]), 1031),
    ] {
        assert_eq!(read(order.clone(), 1000).unwrap_err(), code, "{order}");
    }
    let tables = |tables: Value, selector: &str| {
        let item = item(json!({"tax_table_selector": selector}));
        json!({"shopping_cart": {"items": [item]},
            "checkout_options": {"validate_cart": "true", "tax_tables": tables}})
    };
    let alternate = |rule: Value| json!({"alternate": [{"name": "a", "rules": [rule]}]});
    for (order, code) in [
        (tables(json!({"default": {"rate": "x"}}), ""), 1028),
        (tables(json!({"default": {"rate": -0.1}}), ""), 1028),
        (tables(alternate(json!({"rate": "-1"})), "a"), 1028),
        (tables(alternate(json!({"country": "NL"})), "a"), 1028),
        (tables(alternate(json!({"rate": 0, "country": "Holland"})), "a"), 1018),
        (tables(alternate(json!({"rate": 0})), "b"), 1029),
        (tables(json!([]), ""), 1029),
        (tables(alternate(json!({"rate": 0.1})), "a"), 1027),
    ] {
        assert_eq!(read(order.clone(), 1000).unwrap_err(), code, "{order}");
    }
}

#[test]
fn a_cart_may_be_absent_in_many_ways() {
    for order in [
        json!({}),
        json!({"shopping_cart": []}),
        json!({"shopping_cart": {"items": []}, "checkout_options": {"validate_cart": true}}),
        json!({"shopping_cart": {"items": null}, "checkout_options": []}),
    ] {
        assert_eq!(read(order, 1), Ok(None));
    }
}

#[test]
fn the_rate_of_the_country_comes_first() {
    let order = json!({
        "shopping_cart": {"items": [{"unit_price": 100, "quantity": 1, "tax_table_selector": "t"}]},
        "checkout_options": {"tax_tables": {"alternate": [{"name": "t", "rules": [
            {"rate": 0.2, "country": "DE"}, {"rate": 0.1}, {"rate": 0.21, "country": "nl"}]}]}},
    });
    let cart = read(order, 1).unwrap().unwrap();
    let total = |code| cart.totals(Country::parse(code).ok()).unwrap().total.to_string();
    assert_eq!(
        (total("NL"), total("DE"), total("FR")),
        ("121.00".into(), "120.0".into(), "110.0".into())
    );
}

#[test]
fn the_echo_has_every_member_with_its_type() {
    let order = json!({
        "shopping_cart": {"items": [
            {"name": "Geometric Candle Holders", "description": "<b>\"wood\" & 'copper'</b>",
             "unit_price": "90", "quantity": 3, "merchant_item_id": 1111, "currency": "eur",
             "tax_table_selector": "0.21", "weight": {"unit": "KG", "value": 1.280},
             "options": [{"name": "colour", "values": ["red"]}], "cashback": "", "image": "https://a.example/i.png"},
            {"name": "Shipping", "unit_price": 35, "quantity": "1", "merchant_item_id": "msp-shipping",
             "tax_table_selector": "0.09", "weight": {}},
            {"name": "Gift", "unit_price": 10.00, "quantity": 1, "tax_table_selector": "0"},
        ]},
        "checkout_options": {"tax_tables": {"alternate": [
            {"name": "0.21", "standalone": "", "rules": [{"rate": 0.21}]},
            {"name": "0.09", "standalone": true, "rules": [{"rate": 0.09, "country": "nl"}]},
            {"name": "0", "rules": [{"rate": 0}]}]}},
    });
    let cart = read(order, 37485).unwrap().unwrap();
    let echo = cart.echo(Currency::EUR, Country::parse("NL").ok());
    assert_eq!(echo.order_total.to_string(), "374.85");
    let shown = json!({
        "shopping_cart": echo.shopping_cart, "checkout_options": echo.checkout_options,
        "order_adjustment": echo.order_adjustment, "items": echo.items,
    });
    insta::assert_snapshot!(serde_json::to_string_pretty(&shown).unwrap());
}

proptest! {
    #[test]
    fn a_kept_cart_is_the_cart_that_was_sent(
        price in "-?[0-9]{1,6}(\\.[0-9]{1,10})?", quantity in -99i32..99, rate in "0\\.[0-9]{1,4}"
    ) {
        let order = json!({
            "shopping_cart": {"items": [{"unit_price": price, "quantity": quantity}]},
            "checkout_options": {"tax_tables": {"default": {"rate": rate, "shipping_taxed": 1}}},
        });
        let cart = read(order, 1).unwrap().unwrap();
        let kept: Cart = serde_json::from_str(&serde_json::to_string(&cart).unwrap()).unwrap();
        prop_assert_eq!(&kept, &cart);
        let totals = cart.totals(None).unwrap();
        prop_assert_eq!(totals.total, totals.items + totals.vat);
        prop_assert!(totals.items.scale() <= 2);
    }

    #[test]
    fn any_text_is_a_number_or_refused(text in "\\PC{0,80}") {
        let _ = number(&text);
    }
}
