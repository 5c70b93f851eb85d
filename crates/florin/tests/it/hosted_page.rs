//! The hosted page: a payer with a link, from the form to the way back to the shop.

use serde_json::{Value, json};

use crate::payer::{Form, Led, form_of};
use crate::world::{CHALLENGED, VISA, World};

pub(crate) const DECLINED: &str = "4012001037461114";

impl World {
    /// An order that is paid on a page.
    pub(crate) fn offered(&self, order_id: &str) -> Value {
        let mut order = self.order(order_id, VISA);
        order["type"] = json!("redirect");
        order.as_object_mut().unwrap().remove("gateway_info");
        order
    }

    /// Creates it and returns its link.
    pub(crate) async fn offer(&self, order: &Value) -> String {
        let (status, answer) = self.create(order).await;
        assert_eq!(status, 200, "{answer}");
        answer["data"]["payment_url"].as_str().unwrap().to_owned()
    }

    /// The form of the page behind a link.
    pub(crate) async fn card_form(&self, url: &str) -> Form {
        let led = self.open(url).await;
        let Led::Page { status: 200, ref html, ref url } = led else { panic!("no form: {led:?}") };
        form_of(html, url).unwrap()
    }

    /// Answers the bank, goes on to the page that the payer returns to, and reads it.
    pub(crate) async fn back_on_the_form(&self, challenge: Form) -> String {
        let mut led = self.submit(&challenge).await;
        while let Led::Page { html, url, .. } = &led {
            led = self.submit(&form_of(html, url).unwrap()).await;
        }
        let back = away(led);
        assert!(back.contains("/connect/"), "{back}");
        page(self.open(&back).await).1
    }

    /// Types a card and sends the form.
    pub(crate) async fn pay(&self, form: &Form, card: &str) -> Led {
        self.submit(&typed(form, card)).await
    }
}

/// The form with a card in it.
pub(crate) fn typed(form: &Form, card: &str) -> Form {
    let cvc = if card.starts_with("37") { "1234" } else { "123" };
    let typed = [
        ("card_number", card),
        ("card_holder_name", "A de Vries"),
        ("card_expiry", "12/30"),
        ("card_cvc", cvc),
    ];
    let mut fields = form.fields.clone();
    fields.retain(|(name, _)| typed.iter().all(|(it, _)| it != name));
    fields.extend(typed.map(|(name, value)| (name.to_owned(), value.to_owned())));
    Form { action: form.action.clone(), post: form.post, fields, is_challenge: false }
}

#[track_caller]
pub(crate) fn away(led: Led) -> String {
    match led {
        Led::Away(url) => url,
        Led::Page { status, html, .. } => panic!("still here: {status} {html}"),
    }
}

#[track_caller]
pub(crate) fn page(led: Led) -> (u16, String) {
    match led {
        Led::Page { status, html, .. } => (status, html),
        Led::Away(url) => panic!("sent away to {url}"),
    }
}

async fn paid_on_a_page(world: World) {
    let (status, answer) = world.create(&world.offered("p-1")).await;
    assert_eq!(status, 200, "{answer}");
    let data = &answer["data"];
    let session = data["session_id"].as_str().unwrap();
    assert!(session.len() == 35 && session.bytes().all(|it| it.is_ascii_alphanumeric()));
    let url = data["payment_url"].as_str().unwrap();
    assert_eq!(url, format!("{}/connect/{session}/?lang=nl_NL", world.base));
    assert_eq!(data["order_id"], "p-1");
    assert_eq!(data.as_object().unwrap().len(), 3);

    let order = world.get("p-1").await;
    let statuses = |order: &Value| (order["status"].clone(), order["financial_status"].clone());
    assert_eq!(statuses(&order), (json!("initialized"), json!("initialized")));
    for nothing in ["transaction_id", "payment_details", "related_transactions"] {
        assert_eq!(order[nothing], Value::Null, "{nothing}");
    }
    assert_eq!(order["payment_methods"], json!([]));

    let form = world.card_form(url).await;
    let led = world.pay(&form, VISA).await;
    assert_eq!(away(led), world.shop.url("/thanks?transactionid=p-1"));
    let order = world.becomes("p-1", "completed").await;
    assert_eq!(order["payment_details"]["type"], "VISA");
    assert_eq!(order["payment_details"]["last4"], "1111");
    assert_eq!(order["payment_details"]["account_holder_name"], "A de Vries");
    assert!(order["transaction_id"].as_i64().unwrap() > 0);
    world.captured("p-1", 2599).await;
    // The link still leads to the shop.
    assert_eq!(away(world.open(url).await), world.shop.url("/thanks?transactionid=p-1"));
    let heard = world.shop.heard("p-1");
    assert!(heard.iter().all(|it| !it.query.contains("payload_type")), "{heard:?}");
}

#[tokio::test]
async fn an_order_is_paid_on_a_page_on_sqlite() {
    paid_on_a_page(World::sqlite().await).await;
}

#[tokio::test]
async fn an_order_is_paid_on_a_page_on_postgres() {
    paid_on_a_page(World::postgres().await).await;
}

#[tokio::test]
async fn a_challenge_is_part_of_the_journey() {
    let world = World::sqlite().await;
    let url = world.offer(&world.offered("c-1")).await;
    let form = world.card_form(&url).await;
    let bank = away(world.pay(&form, CHALLENGED).await);
    let arrived = world.walk(&bank, "Y").await;
    assert_eq!(arrived, world.shop.url("/thanks?transactionid=c-1"));
    world.becomes("c-1", "completed").await;
    world.captured("c-1", 2599).await;
    assert_eq!(world.shop.heard("c-1").len(), 2, "told of the transaction, then of the payment");
}

#[tokio::test]
async fn who_is_declined_tries_another_card() {
    let world = World::sqlite().await;
    let url = world.offer(&world.offered("d-1")).await;
    let form = world.card_form(&url).await;
    let back = away(world.pay(&form, DECLINED).await);
    assert!(back.starts_with(&world.base), "{back}");
    let order = world.becomes("d-1", "declined").await;
    let first = order["transaction_id"].clone();
    let (status, html) = page(world.open(&back).await);
    assert!(status == 200 && html.contains("role=\"alert\""), "{html}");
    assert!(html.contains("A de Vries") && !html.contains(DECLINED), "{html}");

    // Not confirmed by the bank either: back to the form.
    let form = world.card_form(&back).await;
    let bank = away(world.pay(&form, CHALLENGED).await);
    let mut form = world.walk_to_challenge(&bank).await;
    form.choose("N");
    world.back_on_the_form(form).await;
    let form = world.card_form(&back).await;
    let led = world.pay(&form, VISA).await;
    assert_eq!(away(led), world.shop.url("/thanks?transactionid=d-1"));
    let order = world.becomes("d-1", "completed").await;
    assert_ne!(order["transaction_id"], first);
    world.captured("d-1", 2599).await;
    // Each attempt leads to the order.
    assert_eq!(world.get(&first.to_string()).await["order_id"], "d-1");
}

#[tokio::test]
async fn a_session_is_no_transaction_and_each_attempt_is_one() {
    let world = World::sqlite().await;
    let listed = async || {
        let (_, answer) = world.get_path("/v1/json/transactions").await;
        let rows = answer["data"].as_array().unwrap().clone();
        rows.iter().map(|it| it["status"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    let url = world.offer(&world.offered("listed")).await;
    assert!(listed().await.is_empty());
    let form = world.card_form(&url).await;
    away(world.pay(&form, "4000050000000007").await);
    world.becomes("listed", "declined").await;
    assert_eq!(listed().await, ["declined"]);
    let form = world.card_form(&url).await;
    away(world.pay(&form, VISA).await);
    world.becomes("listed", "completed").await;
    assert_eq!(listed().await, ["completed", "declined"]);
    let gone = world.offer(&world.offered("gone")).await;
    assert!(gone.contains("/connect/"));
    let patch = json!({ "status": "cancelled" });
    let path = format!("{}/v1/json/orders/gone", world.base);
    let request = world.http.patch(path).header("api_key", crate::world::API_KEY);
    assert_eq!(request.body(patch.to_string()).send().await.unwrap().status(), 200);
    assert_eq!(listed().await.len(), 2);
}
