//! What a site sells with, as shops and their plugins ask for it.

use serde_json::{Value, json};

use crate::world::{API_KEY, World};

#[tokio::test]
async fn the_catalogue_is_the_same_on_sqlite() {
    catalogue(World::sqlite().await).await;
}

#[tokio::test]
async fn the_catalogue_is_the_same_on_postgresql() {
    catalogue(World::postgres().await).await;
}

async fn data(world: &World, path: &str) -> Value {
    let (status, answer) = world.get_path(&format!("/v1/json/{path}")).await;
    assert_eq!((status, &answer["success"]), (200, &json!(true)), "{path}: {answer}");
    answer["data"].clone()
}

async fn ids(world: &World, path: &str) -> Vec<String> {
    let data = data(world, path).await;
    let entries = data.as_array().expect("a list").iter();
    entries.map(|it| it["id"].as_str().unwrap().to_owned()).collect()
}

async fn catalogue(world: World) {
    world.set(&[("other_methods", json!(false))]).await;
    let mut shown = String::new();
    for path in [
        "gateways?include=coupons&locale=en_US",
        "gateways/visa?locale=de",
        "gateways/creditcard?locale=nl_NL",
        "payment-methods?group_cards=1&include_coupons=1&locale=en_US",
        "payment-methods/visa/",
        "issuers/ideal",
        "categories?locale=it_IT",
        "me",
    ] {
        let data = serde_json::to_string_pretty(&data(&world, path).await).unwrap();
        shown += &format!("GET {path}\n{}\n\n", data.replace(&world.base, "[base]"));
    }
    insta::assert_snapshot!("catalogue", shown);
}

#[tokio::test]
async fn every_filter_narrows_the_lists() {
    let world = World::sqlite().await;
    world.set(&[("other_methods", json!(false))]).await;
    let schemes = ["VISA", "MASTERCARD", "MAESTRO", "AMEX"];
    for (path, expected) in [
        ("gateways", vec!["CREDITCARD", "VISA", "MASTERCARD", "MAESTRO", "AMEX"]),
        ("gateways?currency=JPY", vec!["CREDITCARD", "VISA", "MASTERCARD", "MAESTRO"]),
        ("gateways?currency=AMD", vec![]),
        (
            "gateways?currency=&country=&amount=",
            vec!["CREDITCARD", "VISA", "MASTERCARD", "MAESTRO", "AMEX"],
        ),
        (
            "gateways?amount=500000&currency=EUR&country=jp",
            vec!["CREDITCARD", "VISA", "MASTERCARD", "MAESTRO", "AMEX"],
        ),
        ("gateways?amount=500001&currency=EUR", vec![]),
        ("payment-methods", schemes.to_vec()),
        ("payment-methods?group_cards=0&type=payment-method", schemes.to_vec()),
        ("payment-methods?group_cards=true", vec!["CREDITCARD"]),
        ("payment-methods?type=coupon", vec![]),
        ("payment-methods?currency=chf&amount=100", schemes.to_vec()),
    ] {
        assert_eq!(ids(&world, path).await, expected, "{path}");
    }
    world.set(&[("gateways", json!(["creditcard", "Visa"])), ("currencies", json!(["EUR"]))]).await;
    assert_eq!(ids(&world, "gateways").await, ["CREDITCARD", "VISA"]);
    let visa = data(&world, "payment-methods/VISA").await;
    assert_eq!(visa["allowed_currencies"], json!(["EUR"]));
    assert_eq!(visa["allowed_amount"], json!({ "min": 0, "max": 500_000 }));
    // The group is nothing without a scheme.
    world.set(&[("gateways", json!(["CREDITCARD"]))]).await;
    assert_eq!(ids(&world, "gateways").await, Vec::<String>::new());
}

#[tokio::test]
async fn other_methods_are_listed_where_a_test_site_plays_them() {
    let world = World::sqlite().await;
    let listed = ids(&world, "gateways").await;
    assert_eq!(listed.len(), 42, "one gift card stands for all: {listed:?}");
    assert_eq!(ids(&world, "gateways?include=coupons").await.len(), 75);
    assert_eq!(ids(&world, "payment-methods?group_cards=1").await.len(), 37);
    assert_eq!(ids(&world, "payment-methods?group_cards=1&include_coupons=1").await.len(), 71);
    assert_eq!(ids(&world, "payment-methods?type=coupon").await.len(), 34);
    let mobile = ids(&world, "payment-methods?country=PT&currency=EUR&amount=5").await;
    assert!(mobile.contains(&"MBWAY".to_owned()), "{mobile:?}");
    assert!(!ids(&world, "gateways?country=DE").await.contains(&"IDEAL".to_owned()));
    assert_eq!(data(&world, "payment-methods/klarna").await["shopping_cart_required"], true);
    assert_eq!(data(&world, "payment-methods/applepay").await["is_wallet"], true);
    let voucher = data(&world, "gateways/vvvbon").await;
    assert_eq!(
        voucher,
        json!({ "id": "VVVGIFTCRD", "description": "VVV Cadeaukaart", "type": "coupon" })
    );
    assert_eq!(data(&world, "issuers/ideal").await.as_array().unwrap().len(), 2);
    for entry in
        data(&world, "payment-methods?group_cards=0&include_coupons=1").await.as_array().unwrap()
    {
        php_client_takes(entry);
    }
    // A live site has no such platform behind it.
    let gateway = world.gateway();
    let mut site = gateway.store.sites().await.unwrap().remove(0);
    site.id += 1;
    site.mode = "live".to_owned();
    let _ = gateway.store.insert_site(site.clone()).await.unwrap();
    let key = "a-live-sites-key-0000000000000000000000";
    let row = florin::gateway::directory::seal_key(&gateway.vault, site.id, 1, key, "live", 0);
    let _ = gateway.store.insert_api_key(row).await.unwrap();
    gateway.directory.refresh(gateway.store.as_ref(), &gateway.vault).await.unwrap();
    let request = world.http.get(format!("{}/v1/json/gateways", world.base)).bearer_auth(key);
    let answer: Value =
        serde_json::from_slice(&request.send().await.unwrap().bytes().await.unwrap()).unwrap();
    assert_eq!(answer["data"].as_array().unwrap().len(), 5, "{answer}");
}

/// The rules by which the PHP client drops a whole list over one entry.
#[track_caller]
fn php_client_takes(entry: &Value) {
    for name in ["id", "name", "type"] {
        assert!(entry[name].as_str().is_some_and(|it| !it.is_empty()), "{name}: {entry}");
    }
    assert!(entry["allowed_amount"]["min"].is_u64(), "{entry}");
    let max = &entry["allowed_amount"]["max"];
    assert!(max.is_u64() || max.is_null(), "{entry}");
    for name in [
        "allowed_countries",
        "allowed_currencies",
        "brands",
        "preferred_countries",
        "required_customer_data",
    ] {
        assert!(entry[name].is_array(), "{name}: {entry}");
    }
    assert!(entry["tokenization"]["is_enabled"].is_boolean(), "{entry}");
    assert!(entry["shopping_cart_required"].is_boolean(), "{entry}");
    let components = &entry["apps"]["payment_components"];
    assert!(components["has_fields"].is_boolean() && components["is_enabled"] == false, "{entry}");
    assert!(components["qr"]["supported"].is_boolean(), "{entry}");
    assert!(entry["manual_capture"]["is_enabled"].is_boolean(), "{entry}");
    assert!(entry["manual_capture"]["supported"].is_boolean(), "{entry}");
    let icons = entry["brands"].as_array().unwrap().iter().chain([entry]);
    for owner in icons {
        for size in ["large", "medium", "vector"] {
            let url = owner["icon_urls"][size].as_str().expect("an address");
            assert!(url.starts_with("http://127.0.0.1"), "{url}");
        }
        assert!(owner["allowed_countries"].is_array() && owner["name"].is_string(), "{owner}");
    }
}

#[tokio::test]
async fn every_entry_passes_the_php_clients_checks_and_its_icons_are_there() {
    let world = World::sqlite().await;
    let mut icons = 0;
    for grouped in ["0", "1"] {
        let list = data(&world, &format!("payment-methods?group_cards={grouped}")).await;
        assert!(!list.as_array().unwrap().is_empty());
        for entry in list.as_array().unwrap() {
            php_client_takes(entry);
            for brand in entry["brands"].as_array().unwrap().iter().chain([entry]) {
                let url = brand["icon_urls"]["large"].as_str().unwrap();
                let answer = world.http.get(url).send().await.unwrap();
                assert_eq!(answer.status(), 200, "{url}");
                assert_eq!(answer.headers()["content-type"], "image/svg+xml");
                icons += 1;
            }
        }
    }
    assert!(icons > 10, "{icons}");
    let answer = world.http.get(format!("{}/static/icons/..%2fvisa.svg", world.base)).send().await;
    assert_eq!(answer.unwrap().status(), 404);
}

#[tokio::test]
async fn what_is_not_there_is_told_with_its_code() {
    let world = World::sqlite().await;
    world.set(&[("other_methods", json!(false))]).await;
    for (path, status, code) in [
        ("gateways/IDEAL", 404, 1023),
        ("gateways/FOOBAR", 404, 1023),
        ("gateways/amex?currency=JPY", 404, 1023),
        ("payment-methods/ideal", 404, 1023),
        ("issuers/foobar", 404, 1023),
        ("gateways?country=Holland", 404, 1018),
        ("gateways?currency=EURO", 404, 1002),
        ("gateways?amount=-1", 404, 1001),
        ("payment-methods?amount=ten", 404, 1001),
        ("gateways/visa/more", 404, 1000),
        ("terminals", 404, 1000),
        ("accounts/1/balances", 404, 1000),
        ("pad/orders", 404, 1000),
        ("wallets/sessions/applepay", 404, 1000),
    ] {
        let (found, answer) = world.get_path(&format!("/v1/json/{path}")).await;
        assert_eq!((found, &answer["error_code"]), (status, &json!(code)), "{path}: {answer}");
        assert!(answer["data"].is_object() && answer["error_info"].is_string(), "{answer}");
    }
    for path in ["gateways", "me", "auth/api_token"] {
        let (status, answer) = world.post(&format!("/v1/json/{path}"), "{}").await;
        assert_eq!((status, &answer["error_code"]), (405, &json!(1000)), "{path}");
        let request = world.http.get(format!("{}/v1/json/{path}", world.base));
        let refused = request.header("api_key", "not-a-key").send().await.unwrap();
        assert_eq!(refused.status(), 401, "{path}");
    }
}

#[tokio::test]
async fn an_api_token_names_its_site_until_ten_minutes_have_passed() {
    let world = World::sqlite().await;
    let token = data(&world, "auth/api_token/").await["api_token"].as_str().unwrap().to_owned();
    assert!(token.starts_with("pub.v2.") && !token.contains(API_KEY), "{token}");
    let gateway = world.gateway();
    let site = || gateway.site_of_api_token(&token).map(|site| site.id);
    let me = data(&world, "me").await;
    assert_eq!(site(), me["site_id"].as_i64());
    for index in "pub.v2.".len()..token.len() - 1 {
        let mut forged = token.clone().into_bytes();
        forged[index] = if forged[index] == b'A' { b'B' } else { b'A' };
        let forged = String::from_utf8(forged).unwrap();
        assert!(gateway.site_of_api_token(&forged).is_none(), "{forged}");
    }
    assert!(gateway.site_of_api_token("pub.v2.").is_none());
    world.advance(590).await;
    assert_eq!(site(), me["site_id"].as_i64());
    world.advance(15).await;
    assert_eq!(site(), None);
    // It is no key.
    let request = world.http.get(format!("{}/v1/json/me", world.base));
    assert_eq!(request.header("api_key", &token).send().await.unwrap().status(), 401);
}
