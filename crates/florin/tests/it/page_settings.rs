//! The payment page of sites and orders that want it otherwise: captured later, left after a
//! decline, framed; and where its payers come from.

use serde_json::{Value, json};

use crate::hosted_page::{DECLINED, away, page, typed};
use crate::payer::Form;
use crate::risk::with;
use crate::world::{CHALLENGED, VISA, World};

/// A card whose network has no 3-D Secure for it.
const NOT_ENROLLED: &str = "4012001038443335";

async fn captured_later(world: World) {
    let url = world.offer(&with(world.offered("later"), &[("capture", json!("manual"))])).await;
    let form = world.card_form(&url).await;
    let led = world.pay(&form, NOT_ENROLLED).await;
    assert_eq!(away(led), world.shop.url("/thanks?transactionid=later"));
    let order = world.becomes("later", "completed").await;
    assert_eq!(order["financial_status"], "initialized");
    assert_eq!(order["payment_details"]["capture"], "manual", "{order}");
    let (status, html) = page_or_away(&world, &url).await;
    assert!(status == 0 && html.contains("/thanks?"), "a hold is paid for the payer: {html}");
    let capture = json!({"amount": 2599, "new_order_status": "completed"}).to_string();
    let (status, answer) = world.post("/v1/json/orders/later/capture", capture).await;
    assert_eq!(status, 200, "{answer}");
    world.captured("later", 2599).await;

    // American Express has no holds: it is not taken on such a page.
    let url = world.offer(&with(world.offered("amex"), &[("capture", json!("manual"))])).await;
    let form = world.card_form(&url).await;
    let (_, html) = page(world.open(&url).await);
    assert!(html.contains("data-brands=\"visa mastercard maestro\""), "{html}");
    let (status, _) = page(world.pay(&form, "378282246310005").await);
    assert_eq!(status, 422);
}

/// Zero and the address where a link leads away.
async fn page_or_away(world: &World, url: &str) -> (u16, String) {
    match world.open(url).await {
        crate::payer::Led::Away(to) => (0, to),
        crate::payer::Led::Page { status, html, .. } => (status, html),
    }
}

#[tokio::test]
async fn a_page_authorizes_what_is_captured_later_on_sqlite() {
    captured_later(World::sqlite().await).await;
}

#[tokio::test]
async fn a_page_authorizes_what_is_captured_later_on_postgresql() {
    captured_later(World::postgres().await).await;
}

async fn left_after_a_decline(world: World) {
    world.set(&[("on_decline", json!("cancel_url"))]).await;
    let url = world.offer(&world.offered("no")).await;
    let form = world.card_form(&url).await;
    let led = world.pay(&form, DECLINED).await;
    let there = match led {
        crate::payer::Led::Away(to) if to.contains("/pay/") => world.walk(&to, "Y").await,
        led => away(led),
    };
    assert_eq!(there, world.shop.url("/cart?x=1&transactionid=no"));
    world.becomes("no", "declined").await;
    // The same form again leads to the same place, and pays nothing.
    assert!(away(world.submit(&typed(&form, VISA)).await).contains("/cart?"));
    // From the bank as well.
    let url = world.offer(&world.offered("bank")).await;
    let form = world.card_form(&url).await;
    let bank = away(world.pay(&form, CHALLENGED).await);
    let there = world.walk(&bank, "N").await;
    assert_eq!(there, world.shop.url("/cart?x=1&transactionid=bank"));
    // The order can still be paid.
    let form = world.card_form(&url).await;
    assert!(away(world.pay(&form, NOT_ENROLLED).await).contains("/thanks?"));
    world.captured("bank", 2599).await;
}

#[tokio::test]
async fn a_site_may_want_its_payers_back_after_a_decline_on_sqlite() {
    left_after_a_decline(World::sqlite().await).await;
}

#[tokio::test]
async fn a_site_may_want_its_payers_back_after_a_decline_on_postgresql() {
    left_after_a_decline(World::postgres().await).await;
}

async fn policy(world: &World, url: &str) -> String {
    let answer = world.http.get(url).send().await.unwrap();
    answer.headers()["content-security-policy"].to_str().unwrap().to_owned()
}

#[tokio::test]
async fn pages_are_framed_by_those_whom_the_site_names() {
    let world = World::sqlite().await;
    let url = world.offer(&world.offered("framed")).await;
    let (_, direct) = world.create(&world.order("direct", CHALLENGED)).await;
    let bank = direct["data"]["payment_url"].as_str().unwrap();
    for page in [&url, bank] {
        assert!(policy(&world, page).await.contains("frame-ancestors 'none';"));
    }
    let origins = json!(["https://shop.example", "http://localhost:3000"]);
    let gateway = world.gateway();
    world.set(&[("page.framed_by", origins)]).await;
    for page in [&url, bank] {
        let policy = policy(&world, page).await;
        let expected = "frame-ancestors https://shop.example http://localhost:3000;";
        assert!(policy.contains(expected), "{policy}");
    }
    // A page of nobody is framed by nobody.
    let nowhere = format!("{}/connect/nowhere/", gateway.public_url);
    assert!(policy(&world, &nowhere).await.contains("frame-ancestors 'none';"));
}

/// Sends a form as a proxy passes it on.
async fn send_from(world: &World, form: &Form, forwarded_for: &str) -> String {
    let mut fields = form_urlencoded::Serializer::new(String::new());
    let body = fields.extend_pairs(&form.fields).finish();
    let request = world.http.post(&form.action).header("x-forwarded-for", forwarded_for);
    let request = request.header("content-type", "application/x-www-form-urlencoded");
    let answer = request.body(body).send().await.unwrap();
    answer.headers()["location"].to_str().unwrap().to_owned()
}

async fn scored(world: &World, id: &str, api: &str, forwarded_for: &str) -> (Value, Vec<String>) {
    let order = with(world.offered(id), &[("customer/ip_address", json!(api))]);
    let url = world.offer(&order).await;
    let form = typed(&world.card_form(&url).await, NOT_ENROLLED);
    let to = send_from(world, &form, forwarded_for).await;
    assert!(to.contains("/thanks?"), "{to}");
    world.becomes(id, "completed").await;
    let kept = world.gateway().directory.sites().remove(0);
    let record = world.gateway().load_by_order_id(&kept, id).await.unwrap().unwrap();
    let sent = record.request.details.customer.ip_address.unwrap();
    assert_eq!(sent.to_string(), api, "what the shop sent is kept");
    world.risk(id).await
}

#[tokio::test]
async fn a_payer_on_a_page_is_judged_by_the_address_of_the_connection() {
    // Nobody's word is taken: the connection is from this machine, which tells nothing.
    let world = World::sqlite().await;
    world.set_risk(json!({})).await;
    let (score, hits) = scored(&world, "shops", "203.0.113.9", "10.0.0.9").await;
    assert_eq!((score, hits), (json!(1), vec![]));
    let (_, hits) = scored(&world, "none", "127.0.0.1", "203.0.113.9").await;
    assert_eq!(hits, ["unusable_ip"]);

    let world = World::with(&[("FLORIN_HTTP__TRUSTED_PROXIES", "127.0.0.0/8, ::1")]).await;
    world.set_risk(json!({})).await;
    let (score, hits) = scored(&world, "seen", "127.0.0.1", "6.6.6.6, 203.0.113.9").await;
    assert_eq!((score, hits), (json!(1), vec![]));
    // One address that tries many cards is one, whatever the shops say.
    world.set_risk(json!({ "limit_ip": 2, "window_seconds": 600 })).await;
    for (number, from) in ["198.51.100.1", "198.51.100.1", "198.51.100.2"].iter().enumerate() {
        scored(&world, &format!("many-{number}"), &format!("203.0.113.{number}"), from).await;
    }
    let url = world.offer(&world.offered("too-many")).await;
    let form = typed(&world.card_form(&url).await, NOT_ENROLLED);
    let request = world.http.post(&form.action).header("x-forwarded-for", "198.51.100.1");
    let body = form_urlencoded::Serializer::new(String::new()).extend_pairs(&form.fields).finish();
    let request = request.header("content-type", "application/x-www-form-urlencoded").body(body);
    assert_eq!(request.send().await.unwrap().status(), 429);
    assert_eq!(world.get("too-many").await["transaction_id"], Value::Null);
}

#[tokio::test]
async fn what_is_static_is_compressed_and_a_page_never() {
    let world = World::sqlite().await;
    let url = world.offer(&world.offered("gzip")).await;
    let (_, html) = page(world.open(&url).await);
    let asset = |extension: &str| {
        let end = html.find(&format!(".{extension}\"")).unwrap() + extension.len() + 1;
        let start = html[..end].rfind('"').unwrap() + 1;
        format!("{}{}", world.base, &html[start..end])
    };
    let get = async |url: &str, accepts: &str| {
        let request = world.http.get(url).header("accept-encoding", accepts);
        let answer = request.send().await.unwrap();
        assert_eq!(answer.status(), 200, "{url}");
        let encoding = answer.headers().get("content-encoding").cloned();
        let varies = answer.headers().get("vary").is_some_and(|it| it == "accept-encoding");
        (encoding.map(|it| it.to_str().unwrap().to_owned()), varies, answer.bytes().await.unwrap())
    };
    let gzip = Some("gzip".to_owned());
    let docs = format!("{}/docs", world.base);
    for still in [asset("css"), asset("js"), docs] {
        let (plain, _, whole) = get(&still, "identity").await;
        assert_eq!(plain, None, "{still}");
        let (encoding, varies, short) = get(&still, "br, gzip").await;
        assert_eq!((&encoding, varies), (&gzip, true), "{still}");
        assert!(short.len() * 2 < whole.len() && short.starts_with(&[0x1f, 0x8b]), "{still}");
    }
    assert_eq!(get(&url, "gzip").await.0, None, "a page mixes secrets with texts of others");
    let order = format!("{}/v1/json/orders/gzip", world.base);
    let request = world.http.get(order).header("api_key", crate::world::API_KEY);
    let answer = request.header("accept-encoding", "gzip").send().await.unwrap();
    assert!(answer.headers().get("content-encoding").is_none());
}

#[tokio::test]
async fn the_pages_around_the_bank_show_the_shop_and_a_way_out() {
    let world = World::sqlite().await;
    world.set(&[("acceptor.city", json!("Haarlem"))]).await;
    let look = json!({ "buttons": { "primary": { "background": "#123456" } } });
    let mut order = with(world.offered("page"), &[("template", look)]);
    let url = world.offer(&order).await;
    let form = world.card_form(&url).await;
    let bank = away(world.pay(&form, CHALLENGED).await);
    let (status, html) = page(world.open(&bank).await);
    let back = format!("href=\"{}\"", url.replace('&', "&#38;"));
    for part in ["Haarlem, NL", "#123456", "25,99", &back, "Terug naar de betaling"] {
        assert!(status == 200 && html.contains(part), "{part} in {html}");
    }
    // Where no page is, the way out leads to the shop; nothing is decided by it.
    let (_, direct) = world.create(&world.order("direct", CHALLENGED)).await;
    let (_, html) = page(world.open(direct["data"]["payment_url"].as_str().unwrap()).await);
    let shop = world.shop.url("/cart?x=1&transactionid=direct").replace('&', "&#38;");
    assert!(html.contains(&format!("href=\"{shop}\"")), "{html}");
    assert_eq!(world.get("direct").await["status"], "initialized");

    // A last page of ours, where the shop named no address: the payer may try again.
    world.set(&[("on_decline", json!("cancel_url"))]).await;
    order["order_id"] = json!("last");
    order["payment_options"].as_object_mut().unwrap().remove("cancel_url");
    let url = world.offer(&order).await;
    let form = world.card_form(&url).await;
    let (status, html) = page(world.pay(&form, DECLINED).await);
    assert!(status == 200 && html.contains("href=\"./?lang=nl_NL\""), "{html}");
    assert!(html.contains("#123456") && html.contains("Haarlem"), "{html}");
    let form = world.card_form(&url).await;
    assert!(away(world.pay(&form, NOT_ENROLLED).await).contains("/thanks?"));
}
