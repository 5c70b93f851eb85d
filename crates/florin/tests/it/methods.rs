//! Payments by other methods than cards: what their shops see, and what goes wrong.

use florin::gateway::audit::audit;
use florin::gateway::reconcile::{Period, reconcile};
use florin_core::ledger::Account;
use serde_json::{Value, json};

use crate::payer::{Led, form_of};
use crate::provider_page::method_form;
use crate::world::{API_KEY, VISA, World, eventually};

async fn patched(world: &World, id: &str, body: Value) -> (u16, Value) {
    world.patch(&format!("/v1/json/orders/{id}"), body.to_string()).await
}

async fn refunded(world: &World, id: &str, body: Value) -> (u16, Value) {
    world.post(&format!("/v1/json/orders/{id}/refunds"), body.to_string()).await
}

/// What differs from run to run is taken out.
pub(crate) fn steady(world: &World, mut value: Value) -> String {
    for name in ["created", "modified", "completed", "transaction_id", "session_id"] {
        if value.get(name).is_some() {
            value[name] = json!(format!("[{name}]"));
        }
    }
    let number = |value: &mut Value| {
        if value.is_string() {
            *value = json!("[provider's]");
        }
    };
    if let Some(details) = value.get_mut("payment_details") {
        number(&mut details["external_transaction_id"]);
        if let Some(reference) = details.get_mut("reference") {
            number(reference);
        }
    }
    if let Some(methods) = value.get_mut("payment_methods").and_then(Value::as_array_mut) {
        methods.iter_mut().for_each(|it| number(&mut it["external_transaction_id"]));
    }
    let text = serde_json::to_string_pretty(&value).unwrap();
    let text = text.replace(&world.shop.url(""), "[shop]").replace(&world.base, "[base]");
    without_token(&text)
}

/// Replaces the token in `payment_url`.
fn without_token(text: &str) -> String {
    let Some(start) = text.find("/pay/") else { return text.to_owned() };
    let start = start + "/pay/".len();
    let end = start + text[start..].find(['?', '"']).unwrap();
    format!("{}[token]{}", &text[..start], &text[end..])
}

#[tokio::test]
async fn each_kind_of_method_shows_its_own_facts() {
    let world = World::sqlite().await;
    let mut shown = String::new();
    for (id, method, info, scenario) in [
        ("ideal", "iDEAL", json!({ "issuer_id": "9002" }), "completed"),
        ("paypal", "PAYPAL", json!({}), "completed"),
        ("transfer", "BANKTRANS", json!({}), "paid_later"),
        (
            "debit",
            "DIRDEB",
            json!({ "account_id": "NL02RABO0123456789", "account_holder_name": "A. de Vries" }),
            "completed",
        ),
        ("klarna", "KLARNA", json!({}), "uncleared"),
    ] {
        let mut order = world.order_by(id, method);
        order["gateway_info"] = info;
        let (status, answer) = world.create(&order).await;
        assert_eq!(status, 200, "{answer}");
        shown += &format!("POST {id}\n{}\n\n", steady(&world, answer["data"].clone()));
        let url = answer["data"]["payment_url"].as_str().unwrap();
        let Led::Away(page) = world.open(url).await else { panic!("no provider") };
        let form = world.provider_form(&page).await;
        world.choose(&form, scenario).await;
        shown += &format!("GET {id}, {scenario}\n{}\n\n", steady(&world, world.get(id).await));
    }
    let mut order = world.order_by("gift", "vvvbon");
    order["type"] = json!("redirect");
    world.ends(&order, "completed").await;
    shown += &format!("GET gift\n{}\n\n", steady(&world, world.get("gift").await));
    insta::assert_snapshot!("methods", shown);
}

#[tokio::test]
async fn some_direct_orders_are_decided_at_once() {
    let world = World::sqlite().await;
    // The payer's birthday is all that an invoice needs.
    let mut order = world.order_by("invoice", "EINVOICE");
    order["gateway_info"] = json!({ "birthday": "1990-02-03" });
    let (status, answer) = world.create(&order).await;
    assert_eq!((status, &answer["data"]["status"]), (200, &json!("completed")), "{answer}");
    let url = answer["data"]["payment_url"].as_str().unwrap();
    assert_eq!(url, world.shop.url("/thanks?transactionid=invoice"));
    eventually("the shop is told once", async || world.shop.heard("invoice").len() == 1).await;
    // An account is all that a debit needs; the bank pays three days later.
    let mut order = world.order_by("debit", "DIRDEB");
    order["gateway_info"] = json!({ "account_holder_iban": "NL02RABO0123456789" });
    world.create(&order).await;
    let shown = world.get("debit").await;
    assert_eq!(shown["status"], "initialized");
    assert_eq!(shown["payment_details"]["account_iban"], "NL02RABO0123456789");
    // A transfer needs nothing but the account to pay to.
    let (_, answer) = world.create(&world.order_by("transfer", "BANKTRANS")).await;
    assert_eq!(answer["data"]["payment_details"]["destination_holder_iban"], "NL91ABNA0417164300");
    world.advance(86_400).await;
    world.rests("transfer", "completed", "completed").await;
    assert_eq!(world.statuses("debit").await.0, "initialized");
    world.advance(2 * 86_400).await;
    world.rests("debit", "completed", "completed").await;
    // Nobody has to wait for the clock: the page has other ends.
    let page = world.provider_of(&world.order_by("other", "BANKTRANS")).await;
    let form = world.provider_form(&page).await;
    world.choose(&form, "declined").await;
    assert_eq!(world.statuses("other").await.0, "declined");
}

#[tokio::test]
async fn what_is_paid_later_is_promised_until_the_shop_ships() {
    let world = World::sqlite().await;
    world.ends(&world.order_by("shipped", "KLARNA"), "uncleared").await;
    world.ends(&world.order_by("kept", "KLARNA"), "uncleared").await;
    let (status, answer) = patched(&world, "shipped", json!({ "status": "cancelled" })).await;
    assert_eq!((status, &answer["error_code"]), (410, &json!(1000)));
    // It cannot be given back before it is paid.
    let cart = json!({ "items": [{ "name": "Tea", "unit_price": 10, "quantity": -1,
        "merchant_item_id": "tea", "tax_table_selector": "none" }] });
    let whole = json!({ "currency": "EUR", "amount": 1000, "checkout_data": cart });
    assert_eq!(refunded(&world, "shipped", whole.clone()).await.1["error_code"], 1034);
    let (status, answer) = patched(&world, "shipped", json!({ "status": "shipped" })).await;
    assert_eq!(status, 200, "{answer}");
    assert_eq!(world.statuses("shipped").await, ("shipped".into(), "completed".into()));
    let shown = world.get("shipped").await;
    assert!(shown["completed"].is_string(), "{shown}");
    // Such a refund names the lines of the cart.
    let without = json!({ "currency": "EUR", "amount": 1000 });
    assert_eq!(refunded(&world, "shipped", without).await.1["error_code"], 1033);
    assert_eq!(refunded(&world, "shipped", whole).await.0, 200);
    world.advance(5 * 86_400 + 1).await;
    world.rests("kept", "void", "void").await;
    world.rests("shipped", "partial_refunded", "completed").await;
    let heard = world.shop.heard("shipped");
    let told: Vec<Value> = heard.iter().map(|it| it.order()["status"].clone()).collect();
    assert!(told.contains(&json!("uncleared")) && told.contains(&json!("shipped")), "{told:?}");
}

#[tokio::test]
async fn refunds_follow_the_methods_row_and_are_paid_once_by_the_provider() {
    let world = World::sqlite().await;
    world.set(&[("refund_settlement", json!("at_once"))]).await;
    let part = |amount: i64| json!({ "currency": "EUR", "amount": amount });
    for (id, method) in [("ideal", "IDEAL"), ("bizum", "BIZUM")] {
        world.ends(&world.order_by(id, method), "completed").await;
        let (status, answer) = refunded(&world, id, part(599)).await;
        assert_eq!(status, 200, "{id}: {answer}");
        eventually("the part is given back", async || {
            world.get(id).await["amount_refunded"] == 599
        })
        .await;
        assert_eq!(world.statuses(id).await.0, "partial_refunded");
    }
    // One refund is all that Bizum knows.
    assert_eq!(refunded(&world, "bizum", part(100)).await.1["error_code"], 1034);
    assert_eq!(refunded(&world, "ideal", part(2001)).await.1["error_code"], 1034);
    assert_eq!(refunded(&world, "ideal", json!({ "currency": "EUR" })).await.0, 200);
    world.rests("ideal", "refunded", "completed").await;
    // A gift card is not given back.
    let mut gift = world.order_by("gift", "BOEKENBON");
    gift["type"] = json!("redirect");
    world.ends(&gift, "completed").await;
    assert_eq!(refunded(&world, "gift", part(1)).await.1["error_code"], 1034);
    // Until its day is over, a refund can be taken back.
    world.set(&[("refund_settlement", json!("nightly"))]).await;
    world.ends(&world.order_by("again", "IDEAL"), "completed").await;
    let (_, answer) = refunded(&world, "again", part(100)).await;
    let path = format!("/v1/json/orders/again/refunds/{}", answer["data"]["refund_id"]);
    let (status, _) = world.patch(&path, json!({ "status": "void" }).to_string()).await;
    assert_eq!(status, 200);
    assert_eq!(refunded(&world, "again", part(200)).await.0, 200);
    world.advance(86_400).await;
    world.rests("again", "partial_refunded", "completed").await;
    assert_eq!(world.get("again").await["amount_refunded"], 200);
}

#[tokio::test]
async fn the_ledger_knows_providers_apart_from_the_acquirer() {
    let world = World::sqlite().await;
    world
        .set(&[("refund_settlement", json!("at_once")), ("three_ds.policy", json!("never"))])
        .await;
    world.create(&world.order("card", VISA)).await;
    world.captured("card", 2599).await;
    world.ends(&world.order_by("ideal", "IDEAL"), "completed").await;
    world.ends(&world.order_by("paypal", "PAYPAL"), "charged_back").await;
    world.ends(&world.order_by("klarna", "KLARNA"), "uncleared").await;
    refunded(&world, "ideal", json!({ "currency": "EUR", "amount": 99 })).await;
    eventually("given back", async || world.get("ideal").await["amount_refunded"] == 99).await;
    world.advance(15 * 86_400).await;
    world.rests("paypal", "chargedback", "completed").await;
    world.rests("klarna", "void", "void").await;
    let gateway = world.gateway().clone();
    let (store, vault) = (gateway.store.as_ref(), &gateway.vault);
    let site = store.sites().await.unwrap()[0].id;
    let found = audit(store, vault, site).await.unwrap();
    assert_eq!(found.faults, Vec::<String>::new());
    let euros = &found.balances["EUR"];
    assert_eq!(euros.get(Account::Provider), 2599 - 99);
    assert_eq!(euros.get(Account::Acquirer), 2599);
    assert_eq!(euros.get(Account::Captured), -3 * 2599);
    assert_eq!((euros.get(Account::Refunded), euros.get(Account::ChargedBack)), (99, 2599));
    assert_eq!(euros.get(Account::Issuer), 0);
    // The acquirer's file has nothing of it, and nothing is missed there.
    let period = Period { from: i64::MIN, to: i64::MAX, is_bounded: false };
    let found = reconcile(store, site, Vec::new(), period).await.unwrap();
    let named: Vec<String> = found.differences.iter().map(|it| format!("{it:?}")).collect();
    assert!(named.iter().all(|it| it.contains("card")) && !named.is_empty(), "{named:?}");
    // Lists find them by their method.
    let path = "/v1/json/transactions?payment_method=IDEAL&type=payment";
    let (_, listed) = world.get_path(path).await;
    assert_eq!(listed["data"].as_array().unwrap().len(), 1, "{listed}");
    assert_eq!(listed["data"][0]["payment_method"], "IDEAL");
}

#[tokio::test]
async fn what_comes_too_late_takes_no_money() {
    let world = World::sqlite().await;
    // The shop gives the order up while its payer is at the provider.
    let page = world.provider_of(&world.order_by("given-up", "IDEAL")).await;
    let form = world.provider_form(&page).await;
    assert_eq!(patched(&world, "given-up", json!({ "status": "cancelled" })).await.0, 200);
    let arrived = world.choose(&form, "completed").await;
    assert!(arrived.starts_with(&world.shop.url("/cart")), "{arrived}");
    assert_eq!(world.statuses("given-up").await, ("void".into(), "cancelled".into()));
    // The payer's time is over: four minutes, for this method.
    let page = world.provider_of(&world.order_by("slow", "MBWAY")).await;
    let form = world.provider_form(&page).await;
    world.advance(239).await;
    assert_eq!(world.statuses("slow").await.0, "initialized");
    world.advance(2).await;
    world.rests("slow", "expired", "expired").await;
    world.choose(&form, "completed").await;
    assert_eq!(world.statuses("slow").await.0, "expired");
    // A second attempt takes the order over.
    let first = world.provider_of(&world.order_by("twice", "IDEAL")).await;
    let form = world.provider_form(&first).await;
    let second = world.provider_of(&world.order_by("twice", "PAYPAL")).await;
    assert_ne!(first, second);
    world.choose(&form, "completed").await;
    assert_eq!(world.statuses("twice").await.0, "initialized");
    let form = world.provider_form(&second).await;
    world.choose(&form, "completed").await;
    let shown = world.get("twice").await;
    assert_eq!(
        (&shown["status"], &shown["payment_details"]["type"]),
        (&json!("completed"), &json!("PAYPAL"))
    );
    // Who is paid is not paid again, and a choice counts once.
    assert_eq!(world.create(&world.order_by("twice", "IDEAL")).await.1["error_code"], 1006);
    let arrived = world.choose(&form, "declined").await;
    assert!(arrived.starts_with(&world.shop.url("/thanks")), "{arrived}");
    assert_eq!(world.statuses("twice").await.0, "completed");
}

#[tokio::test]
async fn nobody_but_the_provider_says_what_became_of_a_payment() {
    let world = World::sqlite().await;
    let (_, answer) = world.create(&world.order_by("forged", "IDEAL")).await;
    let token = answer["data"]["session_id"].as_str().unwrap().to_owned();
    let posted = async |path: String, body: &str| {
        let request = world.http.post(format!("{}{path}", world.base)).body(body.to_owned());
        request.send().await.unwrap().status().as_u16()
    };
    let unsigned = json!({ "result": "eyJhbGciOiJub25lIn0.eyJpZCI6IjEiLCJzdGF0dXMiOiJwYWlkIn0." });
    // The payer's own token is good for nothing there.
    assert_eq!(posted(format!("/methods/results/{token}"), &unsigned.to_string()).await, 404);
    assert_eq!(posted("/methods/results/x".to_owned(), "{}").await, 404);
    // Coming back early leads to the provider again, and pays nothing.
    let back = format!("{}/pay/{token}/back", world.base);
    let Led::Away(url) = world.open(&back).await else { panic!("not sent on") };
    assert!(url.contains("/methods/pay/"), "{url}");
    assert_eq!(world.statuses("forged").await.0, "initialized");
    // Neither does a form of somebody else's page.
    let form = world.provider_form(&url).await;
    let mut foreign = form.choosing("completed");
    foreign.fields.retain(|(name, _)| name != "form");
    let Led::Page { status: 403, .. } = world.submit(&foreign).await else { panic!("taken") };
    let mut odd = form.choosing("completed");
    odd.fields.retain(|(name, _)| name != "scenario");
    odd.fields.push(("scenario".to_owned(), "rich".to_owned()));
    let Led::Page { status: 400, .. } = world.submit(&odd).await else { panic!("taken") };
    assert_eq!(world.statuses("forged").await.0, "initialized");
    // The provider's own interface is closed to strangers.
    assert_eq!(posted("/sim/methods/payments".to_owned(), "{}").await, 401);
    world.choose(&form, "completed").await;
    assert_eq!(world.statuses("forged").await.0, "completed");
}

#[tokio::test]
async fn a_payer_chooses_among_the_methods_of_a_page_and_may_still_pay_by_card() {
    let world = World::sqlite().await;
    let mut order = world.offered("page");
    order.as_object_mut().unwrap().remove("gateway");
    let url = world.offer(&order).await;
    let Led::Page { html, url: page, .. } = world.open(&url).await else { panic!("no page") };
    assert!(html.contains("Andere betaalmethoden"), "{html}");
    let list = page.join("methods?lang=nl_NL").unwrap();
    let Led::Page { status: 200, html, url: page } = world.open(list.as_str()).await else {
        panic!("no list")
    };
    let offered = |id: &str| html.contains(&format!("value=\"{id}\""));
    // For payers of this country, in this currency, and without a cart.
    assert!(offered("IDEAL") && offered("PAYPAL") && offered("VVVGIFTCRD"), "{html}");
    assert!(!offered("MISTERCASH") && !offered("KLARNA") && !offered("VISA"), "{html}");
    let mut form = method_form(&html, &page);
    form.fields.retain(|(name, _)| name != "method");
    form.fields.push(("method".to_owned(), "IDEAL".to_owned()));
    let Led::Away(way) = world.submit(&form).await else { panic!("not sent on") };
    let Led::Away(provider) = world.open(&way).await else { panic!("no provider") };
    // The same form again makes no second attempt.
    let Led::Away(again) = world.submit(&form).await else { panic!("not sent on") };
    assert_eq!(again, way);
    let form = world.provider_form(&provider).await;
    assert_eq!(form.issuers, ["9001", "9002"]);
    let (_, answer) = world.get_path("/v1/json/issuers/ideal").await;
    let codes: Vec<&Value> =
        answer["data"].as_array().unwrap().iter().map(|it| &it["code"]).collect();
    assert_eq!(codes, ["9001", "9002"]);
    let back = world.choose(&form, "cancelled").await;
    assert!(back.contains("/connect/"), "{back}");
    assert_eq!(world.statuses("page").await, ("void".into(), "cancelled".into()));
    let first = world.get("page").await["transaction_id"].clone();
    let card = world.card_form(&back).await;
    let Led::Away(arrived) = world.pay(&card, VISA).await else { panic!("not paid") };
    assert_eq!(arrived, world.shop.url("/thanks?transactionid=page"));
    let shown = world.becomes("page", "completed").await;
    assert_eq!(shown["payment_details"]["type"], "VISA");
    assert_ne!(shown["transaction_id"], first);
    world.captured("page", 2599).await;
}

#[tokio::test]
async fn a_method_that_the_shop_names_is_all_that_its_page_offers() {
    let world = World::sqlite().await;
    let mut order = world.order_by("named", "IDEAL");
    order["type"] = json!("redirect");
    let url = world.offer(&order).await;
    assert_eq!(world.get("named").await["transaction_id"], Value::Null);
    let Led::Page { html, url: page, .. } = world.open(&url).await else { panic!("no page") };
    assert!(html.contains("<h1>iDEAL</h1>") && !html.contains("card_number"), "{html}");
    let mut form = method_form(&html, &page);
    // Another one is not taken.
    form.fields.retain(|(name, _)| name != "method");
    form.fields.push(("method".to_owned(), "PAYPAL".to_owned()));
    let Led::Away(back) = world.submit(&form).await else { panic!("taken") };
    assert!(back.contains("/connect/"), "{back}");
    assert_eq!(world.get("named").await["transaction_id"], Value::Null);
    let back = world.ends(&order, "declined").await;
    let Led::Page { html, url: page, .. } = world.open(&back).await else { panic!("no page") };
    assert!(html.contains("role=\"alert\""), "{html}");
    let form = method_form(&html, &page);
    let foreign = form_of(&html, &page).unwrap();
    let mut forged = method_form(&html, &page);
    forged.fields.retain(|(name, _)| name != "csrf");
    let Led::Page { status: 403, .. } = world.submit(&forged).await else { panic!("taken") };
    assert!(!foreign.fields.is_empty());
    let Led::Away(way) = world.submit(&form).await else { panic!("not sent on") };
    let Led::Away(provider) = world.open(&way).await else { panic!("no provider") };
    let form = world.provider_form(&provider).await;
    let arrived = world.choose(&form, "completed").await;
    assert_eq!(arrived, world.shop.url("/thanks?transactionid=named"));
}

#[tokio::test]
async fn what_a_method_does_not_take_is_refused_and_leaves_nothing() {
    let world = World::sqlite().await;
    let refused = async |changes: Value, code: u32| {
        let mut order = world.order_by("refused", "IDEAL");
        for (name, value) in changes.as_object().unwrap() {
            order[name.as_str()] = value.clone();
        }
        let (status, answer) = world.create(&order).await;
        assert_eq!((status, &answer["error_code"]), (404, &json!(code)), "{changes}: {answer}");
        assert_eq!(world.get("refused").await, Value::Null, "{changes}");
    };
    refused(json!({ "gateway": "FOOBAR" }), 1023).await;
    refused(json!({ "gateway": "MISTERCASH" }), 1023).await;
    refused(json!({ "gateway": "VVVGIFTCRD" }), 1023).await;
    refused(json!({ "currency": "USD", "shopping_cart": null }), 1023).await;
    refused(json!({ "capture": "manual" }), 1023).await;
    refused(json!({ "recurring_id": "x" }), 1000).await;
    refused(json!({ "amount": 0, "shopping_cart": null }), 1001).await;
    refused(json!({ "gateway": "KLARNA", "shopping_cart": null }), 1016).await;
    // What cards can have captured later, or charged back, others cannot.
    world.ends(&world.order_by("paid", "IDEAL"), "completed").await;
    let (status, _) = world.post("/v1/json/orders/paid/capture", "{}").await;
    assert_eq!(status, 404);
    let case = json!({ "order_id": "paid", "reason_code": "10.4" });
    let (status, answer) = world.post("/test/chargebacks", case.to_string()).await;
    assert_ne!(status, 200, "{answer}");
    // Switched off, there is none of it.
    world.set(&[("other_methods", json!(false))]).await;
    refused(json!({}), 1023).await;
    refused(json!({ "type": "redirect" }), 1023).await;
}

#[tokio::test]
async fn live_sites_refuse_other_methods_whatever_is_set() {
    let world = World::sqlite().await;
    let gateway = world.gateway();
    let mut site = gateway.store.sites().await.unwrap().remove(0);
    site.id += 1;
    site.mode = "live".to_owned();
    assert!(site.settings.contains("\"other_methods\":true"));
    let _ = gateway.store.insert_site(site.clone()).await.unwrap();
    let key = "a-live-sites-key-0000000000000000000000";
    let row = florin::gateway::directory::seal_key(&gateway.vault, site.id, 1, key, "live", 0);
    let _ = gateway.store.insert_api_key(row).await.unwrap();
    gateway.directory.refresh(gateway.store.as_ref(), &gateway.vault).await.unwrap();
    for kind in ["direct", "redirect", "paymentlink"] {
        let mut order = world.order_by("live", "IDEAL");
        order["type"] = json!(kind);
        let request = world.http.post(format!("{}/v1/json/orders", world.base));
        let request = request.header("api_key", key).body(order.to_string());
        let answer: Value =
            serde_json::from_slice(&request.send().await.unwrap().bytes().await.unwrap()).unwrap();
        assert_eq!(answer["error_code"], 1023, "{kind}: {answer}");
    }
}

#[tokio::test]
async fn a_transfer_that_is_underway_arrives_after_a_restart() {
    let world = World::sqlite().await;
    world.ends(&world.order_by("slow", "BANKTRANS"), "paid_later").await;
    let at_provider = world.provider_of(&world.order_by("open", "IDEAL")).await;
    let port = world.base.clone();
    let world = world.restarted().await;
    world.advance(86_400).await;
    world.rests("slow", "completed", "completed").await;
    // The provider remembers the payer too, under the address of today.
    let page = at_provider.replace(&port, &world.base);
    let form = world.provider_form(&page).await;
    assert!(form.scenarios.contains(&"completed".to_owned()));
    let request = world.http.get(format!("{}/v1/json/orders/slow", world.base));
    assert_eq!(request.header("api_key", API_KEY).send().await.unwrap().status(), 200);
}

/// Found by a storm: who had the page open could still say that the money never arrives.
#[tokio::test]
async fn a_payer_chooses_nothing_more_once_his_money_has_arrived() {
    let world = World::sqlite().await;
    world.set(&[("refund_settlement", json!("at_once"))]).await;
    let page = world.provider_of(&world.order_by("arrived", "BANKTRANS")).await;
    let form = world.provider_form(&page).await;
    world.advance(86_400).await;
    world.rests("arrived", "completed", "completed").await;
    world.submit(&form.choosing("never_paid")).await;
    // The provider has the money, and gives it back.
    let whole = json!({ "currency": "EUR", "amount": 0 });
    assert_eq!(refunded(&world, "arrived", whole).await.0, 200);
    world.rests("arrived", "refunded", "completed").await;
}

#[tokio::test]
async fn a_payer_whose_money_is_on_its_way_is_not_reminded() {
    let world = World::sqlite().await;
    let expected = [
        ("transfer", "TRUSTPAY", "paid_later", "underway"),
        ("promised", "EINVOICE", "uncleared", "uncleared"),
    ];
    for (id, method, scenario, _) in expected {
        let mut order = world.order_by(id, method);
        order["type"] = json!("redirect");
        order["second_chance"] = json!({ "send_email": true });
        order["customer"]["email"] = json!(format!("{id}@payer.example"));
        world.ends(&order, scenario).await;
    }
    world.advance(60 * 60).await;
    let fates = async |id: &str| {
        let (_, answer) = world.get_path("/test/mails").await;
        let suppressed = answer["suppressed"].as_array().unwrap().clone();
        let of_order = suppressed.into_iter().filter(|it| it["order_id"] == id);
        of_order.map(|it| it["reason"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    for (id, _, _, reason) in expected {
        eventually(id, async || !fates(id).await.is_empty()).await;
        assert_eq!(fates(id).await, [reason], "{id}");
    }
}

#[tokio::test]
async fn of_many_choices_at_once_one_counts() {
    let world = World::sqlite().await;
    world.set(&[("refund_settlement", json!("at_once"))]).await;
    let page = world.provider_of(&world.order_by("many", "IDEAL")).await;
    let form = world.provider_form(&page).await.choosing("completed");
    let body = form_urlencoded::Serializer::new(String::new()).extend_pairs(&form.fields).finish();
    let sent = (0..8).map(|_| {
        let request = world.http.post(&form.action).body(body.clone());
        let request = request.header("content-type", "application/x-www-form-urlencoded");
        async move { request.send().await.unwrap().status().as_u16() }
    });
    assert_eq!(crate::world::all(sent).await, [303; 8]);
    world.rests("many", "completed", "completed").await;
    // The provider knows it as paid, and gives it back.
    assert_eq!(refunded(&world, "many", json!({ "currency": "EUR" })).await.0, 200);
    world.rests("many", "refunded", "completed").await;
}

#[tokio::test]
async fn a_provider_that_may_take_no_money_says_of_none() {
    let world = World::with(&[("FLORIN_SIMULATOR__TOKEN", "token")]).await;
    let page = world.provider_of(&world.order_by("given-up", "IDEAL")).await;
    let form = world.provider_form(&page).await;
    assert_eq!(patched(&world, "given-up", json!({ "status": "cancelled" })).await.0, 200);
    world.choose(&form, "completed").await;
    let id = page.rsplit('/').next().unwrap();
    let request = world.http.get(format!("{}/sim/methods/payments/{id}", world.base));
    let answer = request.bearer_auth("token").send().await.unwrap().text().await.unwrap();
    let said: Value = serde_json::from_str(&answer).unwrap();
    assert_eq!(said["status"], "cancelled", "{said}");
}

/// A gateway that asks again has not heard the answer, or has died before it could keep it.
#[tokio::test]
async fn a_provider_has_one_payment_under_one_number() {
    let world = World::with(&[("FLORIN_SIMULATOR__TOKEN", "token")]).await;
    let asked = async |reference: &str, amount: i64| {
        let wanted = json!({
            "method": "IDEAL", "method_name": "iDEAL", "merchant": "1", "shop": "Tea", "amount": amount,
            "currency": "EUR", "description": "Tea", "reference": reference, "key": "secret",
            "return_url": "https://shop.example/back", "result_url": "https://shop.example/result",
        });
        let request = world.http.post(format!("{}/sim/methods/payments", world.base));
        let answer = request.bearer_auth("token").body(wanted.to_string()).send().await.unwrap();
        let status = answer.status().as_u16();
        (status, serde_json::from_str::<Value>(&answer.text().await.unwrap()).unwrap())
    };
    let (status, first) = asked("1", 100).await;
    assert_eq!((status, &first["status"]), (201, &json!("open")), "{first}");
    assert_eq!(asked("1", 100).await, (200, first.clone()));
    // Not the same thing, under the number of another.
    assert_eq!(asked("1", 101).await.0, 409);
    let (status, second) = asked("2", 100).await;
    assert_eq!(status, 201);
    assert_ne!(first["id"], second["id"]);
}
