//! What can go wrong on the hosted page: sent twice, too late, from elsewhere, made up.

use serde_json::{Value, json};

use crate::hosted_page::{away, page, typed};
use crate::payer::{Form, Led};
use crate::world::{VISA, World, eventually};

async fn send(world: &World, form: &Form, headers: &[(&str, &str)]) -> u16 {
    let fields =
        form_urlencoded::Serializer::new(String::new()).extend_pairs(&form.fields).finish();
    let mut request = world.http.post(&form.action).body(fields);
    request = request.header("content-type", "application/x-www-form-urlencoded");
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    request.send().await.unwrap().status().as_u16()
}

#[tokio::test]
async fn a_form_that_is_sent_many_times_pays_once() {
    let world = World::sqlite().await;
    let url = world.offer(&world.offered("twice")).await;
    let form = typed(&world.card_form(&url).await, VISA);
    let (one, two, three) =
        tokio::join!(world.submit(&form), world.submit(&form), world.submit(&form));
    for led in [one, two, three, world.submit(&form).await] {
        let to = away(led);
        assert!(to.contains("/thanks?") || to.contains("/connect/"), "{to}");
    }
    world.becomes("twice", "completed").await;
    world.captured("twice", 2599).await;
    assert_eq!(world.books("twice").await.len(), 1);
}

#[tokio::test]
async fn of_two_tabs_one_pays_and_the_other_is_told() {
    let world = World::sqlite().await;
    let url = world.offer(&world.offered("tabs")).await;
    let (first, second) = (world.card_form(&url).await, world.card_form(&url).await);
    assert!(away(world.pay(&first, VISA).await).contains("/thanks?"));
    let (status, html) = page(world.pay(&second, "5500000000000004").await);
    assert!(status == 409 && html.contains("al betaald"), "{html}");
    world.captured("tabs", 2599).await;
    assert_eq!(world.books("tabs").await.len(), 1);
}

#[tokio::test]
async fn a_form_of_somebody_else_is_refused() {
    let world = World::sqlite().await;
    let url = world.offer(&world.offered("mine")).await;
    let other = world.offer(&world.offered("other")).await;
    let form = typed(&world.card_form(&url).await, VISA);
    let posted = world.http.post(&url).body("card_number=1").send().await.unwrap();
    assert_eq!(
        (posted.status().as_u16(), posted.headers()["allow"].to_str().unwrap()),
        (405, "GET")
    );
    assert_eq!(send(&world, &form, &[("origin", "https://evil.example")]).await, 403);
    assert_eq!(send(&world, &form, &[("sec-fetch-site", "cross-site")]).await, 403);
    let mut changed = typed(&form, VISA);
    changed.fields.retain(|(name, _)| name != "csrf");
    assert_eq!(send(&world, &changed, &[]).await, 403);
    // The token of one session is worth nothing on the page of another.
    let action = world.card_form(&other).await.action;
    let crossed = Form { action, ..typed(&form, VISA) };
    assert_eq!(send(&world, &crossed, &[]).await, 403);
    for id in ["mine", "other"] {
        assert_eq!(world.get(id).await["transaction_id"], Value::Null);
    }
    assert_eq!(send(&world, &form, &[("origin", "null")]).await, 303);
    world.becomes("mine", "completed").await;
}

#[tokio::test]
async fn a_link_that_was_made_up_or_changed_leads_nowhere() {
    let world = World::sqlite().await;
    let url = world.offer(&world.offered("link")).await;
    let session = url.split('/').nth(4).unwrap();
    let changed = if session.ends_with('A') { "B" } else { "A" };
    let changed = format!("{}{changed}", &session[..34]);
    for bad in [&changed, "x", "%2e%2e%2f", "..%2F..%2Fetc", "%00", "%ff", &"0".repeat(35)] {
        for rest in ["", "/", "/pay", "/x/y"] {
            let led = world.open(&format!("{}/connect/{bad}{rest}", world.base)).await;
            let Led::Page { status, html, .. } = led else { panic!("{bad}{rest}: {led:?}") };
            assert!(status == 404 && !html.contains("25"), "{bad}{rest}: {status} {html}");
        }
    }
}

#[tokio::test]
async fn who_cancels_can_still_pay() {
    let world = World::sqlite().await;
    let url = world.offer(&world.offered("back")).await;
    let form = world.card_form(&url).await;
    let cancel = Form { action: form.action.replace("/pay?", "/cancel?"), ..typed(&form, "") };
    assert_eq!(away(world.submit(&cancel).await), world.shop.url("/cart?x=1&transactionid=back"));
    assert_eq!(world.get("back").await["status"], "initialized");
    assert!(world.shop.heard("back").is_empty(), "a payer who goes back ends nothing");
    let form = world.card_form(&url).await;
    assert!(away(world.pay(&form, VISA).await).contains("/thanks?"));
}

async fn ended(world: &World, id: &str, url: &str) {
    let order = world.becomes(id, "cancelled").await;
    for nothing in ["financial_status", "transaction_id", "payment_details"] {
        assert_eq!(order[nothing], Value::Null, "{nothing}");
    }
    eventually("the shop is told", || async { !world.shop.heard(id).is_empty() }).await;
    let heard = world.shop.heard(id);
    assert_eq!(heard.len(), 1);
    assert_eq!(heard[0].parameter("payload_type"), "pretransaction");
    assert_eq!(heard[0].order(), order);
    let (status, html) = page(world.open(url).await);
    assert!(status == 410 && html.contains(&world.shop.url("/cart?")), "{html}");
}

#[tokio::test]
async fn a_session_that_nobody_used_ends_by_its_time() {
    let world = World::sqlite().await;
    let mut order = world.offered("late");
    order["seconds_active"] = json!(600);
    let url = world.offer(&order).await;
    let form = world.card_form(&url).await;
    world.advance(601).await;
    ended(&world, "late", &url).await;
    // A form that was open all the time pays nothing.
    assert!(away(world.pay(&form, VISA).await).contains("/connect/"));
    assert!(world.books("late").await.is_empty());
}

#[tokio::test]
async fn the_merchant_gives_a_session_up() {
    let world = World::sqlite().await;
    let url = world.offer(&world.offered("gone")).await;
    let form = world.card_form(&url).await;
    let body = json!({ "status": "cancelled", "exclude_order": true }).to_string();
    for _ in 0..2 {
        let (status, answer) = world.patch("/v1/json/orders/gone", body.clone()).await;
        assert_eq!((status, &answer["success"]), (200, &json!(true)), "{answer}");
    }
    ended(&world, "gone", &url).await;
    assert!(away(world.pay(&form, VISA).await).contains("/connect/"));
    assert!(world.books("gone").await.is_empty());
}

#[tokio::test]
async fn a_payment_link_is_opened_twenty_times() {
    let world = World::sqlite().await;
    let mut order = world.offered("often");
    order["type"] = json!("paymentlink");
    let url = world.offer(&order).await;
    for time in 0..20 {
        assert_eq!(page(world.open(&url).await).0, 200, "{time}");
    }
    let (status, html) = page(world.open(&url).await);
    assert!(status == 410 && html.contains("Deze link is te vaak geopend"), "{html}");
}

#[tokio::test]
async fn an_order_that_is_offered_again_has_one_link() {
    let world = World::sqlite().await;
    let old = world.offer(&world.offered("again")).await;
    let new = world.offer(&world.offered("again")).await;
    assert_ne!(old, new);
    assert_eq!(page(world.open(&old).await).0, 410);
    let form = world.card_form(&new).await;
    assert!(away(world.pay(&form, VISA).await).contains("/thanks?"));
    let (status, answer) = world.create(&world.offered("again")).await;
    assert_eq!((status, &answer["error_code"]), (404, &json!(1006)), "{answer}");
}

#[tokio::test]
async fn texts_of_shops_are_no_markup_and_scripts_no_addresses() {
    let world = World::sqlite().await;
    let nasty = "\"><script>alert(1)</script>";
    let mut order = world.offered("nasty");
    order["description"] = json!(nasty);
    order["customer"]["locale"] = json!(nasty);
    order["payment_options"]["cancel_url"] = json!("javascript:alert(1)");
    order["shopping_cart"] =
        json!({ "items": [{ "name": nasty, "unit_price": 1, "quantity": 1 }] });
    let url = world.offer(&order).await;
    let mut form = typed(&world.card_form(&url).await, "nonsense");
    form.fields.retain(|(name, _)| name != "card_holder_name");
    form.fields.push(("card_holder_name".to_owned(), nasty.to_owned()));
    let (status, sent) = page(world.submit(&form).await);
    assert_eq!(status, 422);
    let (_, shown) = page(world.open(&format!("{url}&lang=%22%3E%3Cscript%3Ealert(1)")).await);
    for html in [sent, shown] {
        assert!(html.contains("alert(1)"), "the test reached the page: {html}");
        assert!(!html.contains("<script>alert") && !html.contains("javascript:"), "{html}");
    }
}
