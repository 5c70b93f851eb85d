//! What was promised to be paid is promised for longer (`extend_expiration`), and paid when the shop
//! ships.

use serde_json::{Value, json};

use crate::world::{API_KEY, VISA, World};

const DAY_S: i64 = 86_400;

async fn extended(world: &World, id: &str) -> (u16, Value) {
    let body = json!({ "extend_expiration": true }).to_string();
    world.patch(&format!("/v1/json/orders/{id}"), body).await
}

/// The day and time that an answer names, in seconds of the Unix epoch.
fn date(answer: &Value) -> i64 {
    let text = answer["data"]["expiration_date"].as_str().unwrap_or_else(|| panic!("{answer}"));
    format!("{text}Z").parse::<jiff::Timestamp>().unwrap().as_second()
}

#[tokio::test]
async fn a_promise_of_klarna_lasts_longer_and_lapses_at_its_new_date() {
    let world = World::sqlite().await;
    world.ends(&world.order_by("klarna", "KLARNA"), "uncleared").await;
    world.advance(4 * DAY_S).await;
    let (status, answer) = extended(&world, "klarna").await;
    assert_eq!((status, &answer["success"]), (200, &json!(true)), "{answer}");
    let first = date(&answer);
    let created = world.get("klarna").await["created"].as_str().unwrap().to_owned();
    let created: jiff::Timestamp = format!("{created}Z").parse().unwrap();
    let days = (first - created.as_second()) / DAY_S;
    assert_eq!(days, 9, "five days from now on: {answer}");
    assert_eq!(world.statuses("klarna").await.0, "uncleared");
    // The first date passes, and the order is as it was; whoever asks again gets no less.
    world.advance(2 * DAY_S).await;
    let (_, answer) = extended(&world, "klarna").await;
    assert!((2 * DAY_S..2 * DAY_S + 60).contains(&(date(&answer) - first)), "{answer}");
    world.advance(3 * DAY_S).await;
    assert_eq!(world.statuses("klarna").await.0, "uncleared");
    world.advance(2 * DAY_S + 60).await;
    world.rests("klarna", "void", "void").await;
    assert_eq!(extended(&world, "klarna").await.1["error_code"], 1000);
}

#[tokio::test]
async fn what_was_prolonged_can_still_be_shipped() {
    let world = World::sqlite().await;
    world.ends(&world.order_by("klarna", "KLARNA"), "uncleared").await;
    assert_eq!(extended(&world, "klarna").await.0, 200);
    world.advance(4 * DAY_S).await;
    assert_eq!(extended(&world, "klarna").await.0, 200);
    world.advance(4 * DAY_S).await;
    let shipped = json!({ "status": "shipped" }).to_string();
    assert_eq!(world.patch("/v1/json/orders/klarna", shipped).await.0, 200);
    assert_eq!(world.statuses("klarna").await, ("shipped".into(), "completed".into()));
    let (status, answer) = extended(&world, "klarna").await;
    assert_eq!((status, &answer["error_code"]), (410, &json!(1000)));
    world.advance(30 * DAY_S).await;
    assert_eq!(world.statuses("klarna").await, ("shipped".into(), "completed".into()));
}

#[tokio::test]
async fn nothing_else_can_be_prolonged() {
    let world = World::sqlite().await;
    world.set(&[("three_ds.policy", json!("never"))]).await;
    world.create(&world.order("card", VISA)).await;
    world.ends(&world.order_by("riverty", "AFTERPAY"), "uncleared").await;
    world.ends(&world.order_by("ideal", "IDEAL"), "completed").await;
    world.ends(&world.order_by("declined", "KLARNA"), "declined").await;
    world.create(&world.order_by("open", "KLARNA")).await;
    for id in ["card", "riverty", "ideal", "declined", "open"] {
        let (status, answer) = extended(&world, id).await;
        assert_eq!((status, &answer["error_code"]), (410, &json!(1000)), "{id} {answer}");
    }
    // The day on which it would have lapsed stays.
    world.advance(5 * DAY_S + 1).await;
    world.rests("riverty", "void", "void").await;
    let (status, answer) = extended(&world, "nobody").await;
    assert_eq!((status, &answer["error_code"]), (404, &json!(1006)));
    // False asks for nothing.
    let body = json!({ "extend_expiration": false }).to_string();
    assert_eq!(world.patch("/v1/json/orders/card", body).await.1["error_code"], 1016);
}

#[tokio::test]
async fn a_wish_that_is_sent_again_is_answered_again() {
    let world = World::sqlite().await;
    world.ends(&world.order_by("klarna", "KLARNA"), "uncleared").await;
    world.advance(DAY_S).await;
    let asked = async || {
        let request = world.http.patch(format!("{}/v1/json/orders/klarna", world.base));
        let request = request.header("api_key", API_KEY).header("Idempotency-Key", "once");
        let body = json!({ "extend_expiration": true }).to_string();
        request.body(body).send().await.unwrap().text().await.unwrap()
    };
    let first = asked().await;
    assert!(first.contains("expiration_date"), "{first}");
    world.advance(3600).await;
    assert_eq!(asked().await, first);
}

/// The provider of a promise, as others see it.
struct Promiser<'a> {
    world: &'a World,
    id: String,
}

impl Promiser<'_> {
    /// Opens an order that its provider promises to pay.
    async fn of<'a>(world: &'a World, order_id: &str, scenario: &str) -> Promiser<'a> {
        let page = world.provider_of(&world.order_by(order_id, "KLARNA")).await;
        let form = world.provider_form(&page).await;
        world.choose(&form, scenario).await;
        assert_eq!(world.statuses(order_id).await.0, "uncleared");
        Promiser { world, id: page.rsplit('/').next().unwrap().to_owned() }
    }

    async fn call(&self, request: reqwest::RequestBuilder) -> Value {
        let answer = request.bearer_auth("token").body("{}").send().await.unwrap();
        serde_json::from_str(&answer.text().await.unwrap()).unwrap()
    }

    /// What it says of the payment to whoever asks.
    async fn says(&self) -> Value {
        let url = format!("{}/sim/methods/payments/{}", self.world.base, self.id);
        self.call(self.world.http.get(url)).await["status"].clone()
    }

    /// It is told of a shipment.
    async fn hears(&self) -> Value {
        let url = format!("{}/sim/methods/payments/{}/shipments", self.world.base, self.id);
        self.call(self.world.http.post(url)).await["status"].clone()
    }
}

async fn shipped(world: &World, id: &str) -> u16 {
    let body = json!({ "status": "shipped" }).to_string();
    world.patch(&format!("/v1/json/orders/{id}"), body).await.0
}

async fn with_token() -> World {
    World::with(&[("FLORIN_SIMULATOR__TOKEN", "token")]).await
}

#[tokio::test]
async fn whoever_ships_is_paid_whatever_the_provider_was_about_to_say() {
    let world = with_token().await;
    let promiser = Promiser::of(&world, "tea", "uncleared_declined").await;
    assert_eq!(shipped(&world, "tea").await, 200);
    assert_eq!(promiser.says().await, "paid");
    world.advance(30 * DAY_S).await;
    assert_eq!(world.statuses("tea").await, ("shipped".into(), "completed".into()));
    assert_eq!((promiser.says().await, promiser.says().await), (json!("paid"), json!("paid")));
}

#[tokio::test]
async fn what_was_withdrawn_is_not_shipped() {
    let world = with_token().await;
    let promiser = Promiser::of(&world, "tea", "uncleared_declined").await;
    // Somebody hears it before the gateway does.
    assert_eq!(promiser.says().await, "declined");
    assert_eq!(shipped(&world, "tea").await, 410);
    assert_eq!(world.statuses("tea").await, ("void".into(), "void".into()));
    assert_eq!(promiser.hears().await, "declined");
}

/// As when the gateway died after the provider had heard of the shipment.
#[tokio::test]
async fn a_shipment_that_only_the_provider_knows_of_is_paid() {
    let world = with_token().await;
    let promiser = Promiser::of(&world, "tea", "uncleared").await;
    assert_eq!((promiser.hears().await, promiser.hears().await), (json!("paid"), json!("paid")));
    assert_eq!(world.statuses("tea").await.0, "uncleared");
    world.advance(5 * DAY_S + 60).await;
    world.rests("tea", "completed", "completed").await;
    assert_eq!(shipped(&world, "tea").await, 200);
    assert_eq!(world.statuses("tea").await, ("shipped".into(), "completed".into()));
}
