//! A shop ships in parts what is bought now and paid later (`partial_shipment_amount`).

use florin_core::ledger::Account;
use serde_json::{Value, json};

use crate::odd_provider::OddProvider;
use crate::world::{API_KEY, VISA, World, eventually};

const DAY_S: i64 = 86_400;
/// What the orders here cost.
const ALL: i64 = 2599;

impl World {
    /// An order that Klarna has promised to pay, or is about to withdraw.
    async fn promised(&self, id: &str, scenario: &str) {
        self.ends(&self.order_by(id, "KLARNA"), scenario).await;
        assert_eq!(self.statuses(id).await.0, "uncleared");
    }

    async fn ships_part(&self, id: &str, amount: i64, name: Option<&str>) -> (u16, Value) {
        let mut body = json!({ "status": "shipped", "partial_shipment_amount": amount });
        if let Some(name) = name {
            body["new_order_id"] = json!(name);
        }
        self.patch(&format!("/v1/json/orders/{id}"), body.to_string()).await
    }

    async fn ships_rest(&self, id: &str) -> u16 {
        let body = json!({ "status": "shipped" }).to_string();
        self.patch(&format!("/v1/json/orders/{id}"), body).await.0
    }

    async fn refunds(&self, id: &str, amount: i64) -> (u16, Value) {
        let body = json!({ "currency": "EUR", "amount": amount, "checkout_data": { "items": [] } });
        self.post(&format!("/v1/json/orders/{id}/refunds"), body.to_string()).await
    }
}

fn is(answer: &(u16, Value), status: u16, code: u32) {
    assert_eq!((answer.0, &answer.1["error_code"]), (status, &json!(code)), "{}", answer.1);
}

#[tokio::test]
async fn each_part_is_an_order_and_the_rest_stays_with_the_first() {
    let world = World::sqlite().await;
    world.promised("tea", "uncleared").await;
    let (status, answer) = world.ships_part("tea", 1000, Some("tea-a")).await;
    assert_eq!((status, &answer["data"]["order_id"]), (200, &json!("tea-a")), "{answer}");
    let part = world.get("tea-a").await;
    assert_eq!(part["transaction_id"], answer["data"]["transaction_id"]);
    assert_eq!(
        (&part["status"], &part["financial_status"], &part["amount"], &part["auth_order_id"]),
        (&json!("shipped"), &json!("completed"), &json!(1000), &json!("tea"))
    );
    let whole = world.get("tea").await;
    assert_eq!((&whole["status"], &whole["amount"]), (&json!("uncleared"), &json!(ALL)));
    let related = &whole["related_transactions"][0];
    assert_eq!((&related["type"], &related["order_id"]), (&json!("capture"), &json!("tea-a")));
    assert_eq!(world.in_account(Account::Provider).await, 1000);
    eventually("told", async || !world.shop.heard("tea-a").is_empty()).await;
    // Whoever asks again for the same is told the same; a name belongs to one order.
    assert_eq!(world.ships_part("tea", 1000, Some("tea-a")).await, (200, answer));
    is(&world.ships_part("tea", 999, Some("tea-a")).await, 404, 1006);
    is(&world.ships_part("tea", 1000, Some("tea")).await, 404, 1006);
    for beyond in [ALL - 1000 + 1, ALL, 1_000_000, -1] {
        is(&world.ships_part("tea", beyond, None).await, 404, 1001);
    }
    assert_eq!(world.in_account(Account::Provider).await, 1000);
    // A name is made where none is given.
    let (_, second) = world.ships_part("tea", 500, None).await;
    assert_eq!(second["data"]["order_id"], "tea-2");
    assert_eq!(world.ships_rest("tea").await, 200);
    assert_eq!(world.statuses("tea").await, ("shipped".into(), "completed".into()));
    assert_eq!(world.in_account(Account::Provider).await, ALL);
    let listed = world.get_path("/v1/json/transactions").await.1;
    assert_eq!(listed["data"].as_array().unwrap().len(), 3, "{listed}");
    // Each gives back what it has, and no more.
    for (id, amount) in [("tea", ALL - 1500), ("tea-a", 1000), ("tea-2", 500)] {
        is(&world.refunds(id, amount + 1).await, 404, 1034);
        assert_eq!(world.refunds(id, amount).await.0, 200, "{id}");
    }
    world.advance(DAY_S).await;
    for id in ["tea", "tea-a", "tea-2"] {
        world.rests(id, "refunded", "completed").await;
    }
    assert_eq!(world.in_account(Account::Provider).await, 0);
}

#[tokio::test]
async fn all_in_one_part_is_the_order_itself() {
    let world = World::sqlite().await;
    world.promised("tea", "uncleared").await;
    let own = world.get("tea").await["transaction_id"].clone();
    for _ in 0..2 {
        let (status, answer) = world.ships_part("tea", ALL, Some("tea-a")).await;
        let expected = json!({ "order_id": "tea", "transaction_id": own });
        assert_eq!((status, &answer["data"]), (200, &expected));
    }
    assert_eq!(world.statuses("tea").await, ("shipped".into(), "completed".into()));
    assert_eq!(world.get_path("/v1/json/orders/tea-a").await.0, 404);
    is(&world.ships_part("tea", 5, None).await, 410, 1000);
}

#[tokio::test]
async fn the_last_part_ends_the_promise() {
    let world = World::sqlite().await;
    world.promised("tea", "uncleared").await;
    assert_eq!(world.ships_part("tea", 1000, Some("tea-a")).await.0, 200);
    assert_eq!(world.ships_part("tea", ALL - 1000, Some("tea-b")).await.0, 200);
    assert_eq!(world.statuses("tea").await, ("completed".into(), "completed".into()));
    assert_eq!(world.statuses("tea-b").await, ("shipped".into(), "completed".into()));
    assert_eq!(world.in_account(Account::Provider).await, ALL);
    assert_ne!(world.refunds("tea", 1).await.0, 200, "nothing is left for the order itself");
    assert_eq!(world.refunds("tea-b", ALL - 1000).await.0, 200);
    world.advance(10 * DAY_S).await;
    world.rests("tea-b", "refunded", "completed").await;
    assert_eq!(world.statuses("tea").await, ("completed".into(), "completed".into()));
}

#[tokio::test]
async fn what_is_withdrawn_or_lapses_after_a_part_leaves_that_paid() {
    for (scenario, seconds) in [("uncleared_declined", 200), ("uncleared", 5 * DAY_S + 60)] {
        let world = World::sqlite().await;
        world.promised("tea", scenario).await;
        assert_eq!(world.ships_part("tea", 1000, Some("tea-a")).await.0, 200);
        world.advance(seconds).await;
        world.rests("tea", "completed", "completed").await;
        assert_eq!(world.statuses("tea-a").await, ("shipped".into(), "completed".into()));
        assert_eq!(world.in_account(Account::Provider).await, 1000, "{scenario}");
        is(&world.ships_part("tea", 100, None).await, 410, 1000);
        assert_eq!(world.refunds("tea-a", 1000).await.0, 200);
        world.advance(DAY_S).await;
        world.rests("tea-a", "refunded", "completed").await;
    }
}

#[tokio::test]
async fn what_was_not_promised_is_not_shipped_in_parts() {
    let world = World::sqlite().await;
    world.set(&[("three_ds.policy", json!("never"))]).await;
    world.create(&world.order("card", VISA)).await;
    world.ends(&world.order_by("ideal", "IDEAL"), "completed").await;
    world.ends(&world.order_by("paid", "KLARNA"), "completed").await;
    world.ends(&world.order_by("declined", "KLARNA"), "declined").await;
    world.create(&world.order_by("open", "KLARNA")).await;
    for id in ["card", "ideal", "paid", "declined", "open"] {
        is(&world.ships_part(id, 5, None).await, 410, 1000);
        is(&world.ships_part(id, 5, Some("x")).await, 410, 1000);
    }
    is(&world.ships_part("nobody", 5, None).await, 404, 1006);
    // Nor is a part in parts.
    world.promised("tea", "uncleared").await;
    assert_eq!(world.ships_part("tea", 1000, Some("tea-a")).await.0, 200);
    is(&world.ships_part("tea-a", 5, None).await, 410, 1000);
}

/// A promise of an odd provider, which answers next as it is told here.
async fn promised_by(odd: &OddProvider, answers: &[(u16, &'static str)]) -> World {
    let world = World::with(&odd.settings()).await;
    world.create(&world.order_by("tea", "KLARNA")).await;
    odd.promises(&world).await;
    odd.answers_next(answers);
    world
}

#[tokio::test]
async fn a_part_is_told_of_until_there_is_an_answer_and_paid_once() {
    let odd = OddProvider::open().await;
    let world = promised_by(&odd, &[(503, ""), (500, ""), (200, "completed")]).await;
    is(&world.ships_part("tea", 1000, Some("tea-a")).await, 409, 1000);
    assert_eq!(world.statuses("tea").await.0, "uncleared");
    assert_eq!(world.get_path("/v1/json/orders/tea-a").await.0, 404, "nobody knows yet");
    assert_eq!(world.in_account(Account::Provider).await, 0);
    // What it says of the payment meanwhile is heard later.
    let said = odd.result(0, json!({ "status": "declined" }));
    assert_eq!(world.told(&odd, 0, said).await, 503);
    assert_eq!(odd.shipments().len(), 2);
    let world = world.restarted_with(&odd.settings()).await;
    world.advance(31).await;
    eventually("told again", async || odd.shipments().len() == 3).await;
    eventually("paid", async || world.get_path("/v1/json/orders/tea-a").await.0 == 200).await;
    assert_eq!(world.in_account(Account::Provider).await, 1000);
    let mut told = odd.shipments();
    told.dedup();
    assert_eq!(told.len(), 1, "one number for one amount: {told:?}");
    // The shop that was told nothing asks again.
    assert_eq!(world.ships_part("tea", 1000, Some("tea-a")).await.0, 200);
    assert_eq!(odd.shipments().len(), 3);
    // And now it hears that the rest is withdrawn.
    let said = odd.result(0, json!({ "status": "declined" }));
    for _ in 0..2 {
        assert_eq!(world.told(&odd, 0, said.clone()).await, 200);
        assert_eq!(world.statuses("tea").await, ("completed".into(), "completed".into()));
    }
    assert_eq!(world.in_account(Account::Provider).await, 1000);
}

#[tokio::test]
async fn whoever_asks_again_while_nobody_knows_asks_for_the_same_part() {
    let odd = OddProvider::open().await;
    let world = promised_by(&odd, &[(503, ""), (200, "completed"), (503, ""), (503, "")]).await;
    is(&world.ships_part("tea", 1000, None).await, 409, 1000);
    let (status, answer) = world.ships_part("tea", 1000, None).await;
    assert_eq!((status, &answer["data"]["order_id"]), (200, &json!("tea-1")), "{answer}");
    is(&world.ships_part("tea", 500, Some("b")).await, 409, 1000);
    // Another one waits until it is known what became of that.
    let another = world.ships_part("tea", 600, Some("c")).await;
    assert_eq!(another.0, 503, "{}", another.1);
    odd.answers_next(&[(200, "completed"), (200, "completed")]);
    assert_eq!(world.ships_part("tea", 600, Some("c")).await.0, 200);
    assert_eq!(world.statuses("b").await.0, "shipped");
    assert_eq!(world.in_account(Account::Provider).await, 2100);
}

#[tokio::test]
async fn a_part_that_is_not_paid_is_no_order() {
    let odd = OddProvider::open().await;
    let answers = [(200, "declined"), (404, ""), (200, "maybe"), (200, "declined")];
    let world = promised_by(&odd, &answers).await;
    for _ in 0..2 {
        is(&world.ships_part("tea", 1000, Some("tea-a")).await, 410, 1000);
    }
    is(&world.ships_part("tea", 1000, Some("tea-a")).await, 409, 1000);
    world.advance(31).await;
    eventually("told again", async || odd.shipments().len() == 4).await;
    assert_eq!(world.get_path("/v1/json/orders/tea-a").await.0, 404);
    assert_eq!(world.statuses("tea").await.0, "uncleared");
    assert_eq!(world.in_account(Account::Provider).await, 0);
    odd.answers_next(&[(200, "completed")]);
    assert_eq!(world.ships_part("tea", 1000, Some("tea-a")).await.0, 200);
}

#[tokio::test]
async fn a_name_that_is_taken_before_the_part_is_paid_stays_with_its_order() {
    let odd = OddProvider::open().await;
    let world = promised_by(&odd, &[(503, ""), (200, "completed")]).await;
    is(&world.ships_part("tea", 1000, Some("cup")).await, 409, 1000);
    world.create(&world.order_by("cup", "KLARNA")).await;
    world.advance(31).await;
    eventually("paid", async || {
        let whole = world.get("tea").await;
        let part = &whole["related_transactions"][0];
        let number = part["transaction_id"].to_string();
        part["order_id"].as_str() == Some(number.as_str())
    })
    .await;
    assert_eq!(world.get("cup").await["amount"], ALL);
}

#[tokio::test]
async fn one_key_ships_one_part() {
    let odd = OddProvider::open().await;
    let world = promised_by(&odd, &[(200, "completed"), (503, "")]).await;
    let ship = async |key: &str, amount: i64| {
        let body = json!({ "status": "shipped", "partial_shipment_amount": amount });
        let request = world.http.patch(format!("{}/v1/json/orders/tea", world.base));
        let request = request.header("api_key", API_KEY).header("Idempotency-Key", key);
        let answer = request.body(body.to_string()).send().await.unwrap();
        (answer.status().as_u16(), answer.text().await.unwrap())
    };
    let first = ship("once", 1000).await;
    assert_eq!(first.0, 200);
    assert_eq!(ship("once", 1000).await, first);
    assert_eq!(world.in_account(Account::Provider).await, 1000);
    // What nobody knows yet was begun, and is not begun again.
    let unknown = ship("twice", 1000).await;
    assert_eq!(unknown.0, 409);
    odd.answers_next(&[(200, "completed")]);
    world.advance(31).await;
    eventually("paid", async || world.in_account(Account::Provider).await == 2000).await;
    assert_eq!(ship("twice", 1000).await, unknown);
    assert_eq!(world.in_account(Account::Provider).await, 2000);
}
