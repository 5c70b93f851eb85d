//! Captured money goes back: never more than was captured, and shown when the host confirms it.

use std::sync::Arc;

use serde_json::{Value, json};

use crate::world::{VISA, World, all, eventually};

const DAY: i64 = 24 * 60 * 60;

async fn paid(world: &World, id: &str) {
    world.set(&[("three_ds.policy", json!("never"))]).await;
    let (_, answer) = world.create(&world.order(id, VISA)).await;
    assert_eq!(answer["data"]["status"], "completed", "{answer}");
    world.captured(id, 2599).await;
}

async fn at_once(world: &World) {
    world.set(&[("refund_settlement", json!("at_once"))]).await;
}

async fn refund(world: &World, id: &str, body: Value) -> (u16, Value) {
    world.post(&format!("/v1/json/orders/{id}/refunds"), body.to_string()).await
}

fn of(amount: i64) -> Value {
    json!({"currency": "EUR", "amount": amount, "description": "back"})
}

async fn refunded(world: &World, id: &str) -> i64 {
    world.books(id).await.iter().filter_map(|it| it["refunded"].as_i64()).sum()
}

async fn books_become(world: &World, id: &str, amount: i64) {
    eventually(&format!("{id} {amount}"), async || refunded(world, id).await == amount).await;
}

async fn related(world: &World, id: &str) -> Vec<Value> {
    world.get(id).await["related_transactions"].as_array().cloned().unwrap_or_default()
}

fn refused(answer: &(u16, Value), code: i64) {
    assert_eq!((answer.0, &answer.1["error_code"]), (404, &json!(code)), "{}", answer.1);
}

#[tokio::test]
async fn a_refund_waits_for_the_night_and_can_be_taken_back_until_then_on_sqlite() {
    nightly(World::sqlite().await).await;
}

#[tokio::test]
async fn a_refund_waits_for_the_night_and_can_be_taken_back_until_then_on_postgresql() {
    nightly(World::postgres().await).await;
}

async fn nightly(world: World) {
    paid(&world, "night").await;
    let (status, first) = refund(&world, "night", of(1000)).await;
    assert_eq!(status, 200, "{first}");
    let order = world.get("night").await;
    assert_eq!(first["data"]["transaction_id"], order["transaction_id"]);
    assert_eq!(first["data"]["order_id"], "night");
    assert_eq!((&order["status"], &order["amount_refunded"]), (&json!("completed"), &json!(0)));
    let listed = related(&world, "night").await;
    assert_eq!((&listed[0]["type"], &listed[0]["status"]), (&json!("refund"), &json!("reserved")));
    assert_eq!(listed[0]["transaction_id"], first["data"]["refund_id"]);

    let (_, second) = refund(&world, "night", of(500)).await;
    let path = format!("/v1/json/orders/night/refunds/{}", second["data"]["refund_id"]);
    let void = json!({"status": "void", "description": "a slip"}).to_string();
    let (status, answer) = world.patch(&path, void.clone()).await;
    assert_eq!((status, &answer), (200, &json!({"success": true, "data": {}})));
    refused(&world.patch(&path, void.clone()).await, 1034);
    refused(&world.patch("/v1/json/orders/night/refunds/123", void.clone()).await, 1006);

    assert_eq!(refunded(&world, "night").await, 0, "the host has not heard of it yet");
    world.advance(DAY).await;
    world.becomes("night", "partial_refunded").await;
    books_become(&world, "night", 1000).await;
    assert_eq!(world.get("night").await["amount_refunded"], 1000);
    let states: Vec<Value> =
        related(&world, "night").await.iter().map(|it| it["status"].clone()).collect();
    assert_eq!(states, [json!("completed"), json!("void")]);
    let path = format!("/v1/json/orders/night/refunds/{}", first["data"]["refund_id"]);
    refused(&world.patch(&path, void).await, 1034);

    // Without an amount, all that is left.
    let (_, rest) = refund(&world, "night", json!({"currency": "EUR"})).await;
    assert_eq!(rest["success"], true, "{rest}");
    world.advance(DAY).await;
    world.becomes("night", "refunded").await;
    books_become(&world, "night", 2599).await;
    eventually("told", async || {
        world.shop.heard("night").iter().any(|it| it.order()["status"] == "refunded")
    })
    .await;
}

#[tokio::test]
async fn each_refusal_has_its_code() {
    let world = World::sqlite().await;
    paid(&world, "paid").await;
    at_once(&world).await;
    refused(&refund(&world, "paid", of(2600)).await, 1034);
    refused(&refund(&world, "paid", of(-1)).await, 1001);
    refused(&refund(&world, "paid", json!({"currency": "USD", "amount": 1})).await, 1002);
    refused(&refund(&world, "paid", json!({"amount": 1})).await, 1002);
    refused(&refund(&world, "nobody", of(1)).await, 1006);
    let (_, taken) = refund(&world, "paid", of(100)).await;
    assert_eq!(taken["success"], true, "{taken}");
    let again = refund(&world, "paid", of(100)).await;
    refused(&again, 1034);
    assert_eq!(again.1["error_info"], "Same refund done in short period");
    world.advance(301).await;
    let (_, taken) = refund(&world, "paid", of(100)).await;
    assert_eq!(taken["success"], true, "{taken}");
    let mut named = of(7);
    named["refund_order_id"] = json!("paid-back");
    let (_, taken) = refund(&world, "paid", named.clone()).await;
    assert_eq!(taken["success"], true, "{taken}");
    named["amount"] = json!(8);
    refused(&refund(&world, "paid", named).await, 1006);

    let mut declined = world.order("declined", "4000050000000007");
    declined["capture"] = json!(null);
    world.create(&declined).await;
    refused(&refund(&world, "declined", of(1)).await, 1034);
    let mut held = world.order("held", "4917300000000008");
    held["customer"]["ip_address"] = json!("203.0.113.25");
    world.create(&held).await;
    refused(&refund(&world, "held", of(1)).await, 1034);
    let mut manual = world.order("manual", VISA);
    manual["capture"] = json!("manual");
    world.create(&manual).await;
    refused(&refund(&world, "manual", of(1)).await, 1034);

    paid(&world, "old").await;
    world.advance(180 * DAY + 1).await;
    refused(&refund(&world, "old", of(1)).await, 1034);
    assert_eq!(refunded(&world, "old").await, 0);
}

#[tokio::test]
async fn of_refunds_that_race_none_gives_back_more_than_there_is() {
    let world = Arc::new(World::sqlite().await);
    paid(&world, "race").await;
    at_once(&world).await;
    let racers = (0..24).map(|number| {
        let world = world.clone();
        async move { refund(&world, "race", of(290 + number)).await.1["success"] == true }
    });
    let won = all(racers).await.into_iter().filter(|won| *won).count();
    assert_eq!(won, 8, "eight times about 300 of 2599");
    let asked: i64 =
        related(&world, "race").await.iter().filter_map(|it| it["amount"].as_i64()).sum();
    assert!(asked <= 2599, "{asked}");
    books_become(&world, "race", asked).await;
}

#[tokio::test]
async fn silence_about_a_refund_is_undone_and_asked_again_until_it_is_certain() {
    let world = World::sqlite().await;
    paid(&world, "doubt").await;
    at_once(&world).await;
    for (amount, when) in [(300, "before_processing"), (500, "before_answer")] {
        let fault = json!({ "fault": "cut", "count": 1, "when": when, "types": ["0200"] });
        world.fault(fault).await;
        let before = refunded(&world, "doubt").await;
        let (_, taken) = refund(&world, "doubt", of(amount)).await;
        assert_eq!(taken["success"], true, "{taken}");
        tokio::time::sleep(std::time::Duration::from_millis(500)).await;
        let number = taken["data"]["refund_id"].clone();
        let of_refund = |it: &&Value| it["transaction_id"] == number;
        let listed = related(&world, "doubt").await;
        assert_eq!(listed.iter().find(of_refund).unwrap()["status"], "reserved", "{when}");
        world.advance(61).await;
        eventually("completed", async || {
            let listed = related(&world, "doubt").await;
            listed.iter().any(|it| it["transaction_id"] == number && it["status"] == "completed")
        })
        .await;
        books_become(&world, "doubt", before + amount).await;
    }
    assert_eq!(world.get("doubt").await["amount_refunded"], 800);
}

#[tokio::test]
async fn a_refund_that_the_host_declines_leaves_the_money_with_the_shop() {
    let world = World::sqlite().await;
    paid(&world, "no").await;
    at_once(&world).await;
    world.fault(json!({ "fault": "decline", "code": "12", "count": 1, "types": ["0200"] })).await;
    refund(&world, "no", of(100)).await;
    eventually("declined", async || {
        related(&world, "no").await.first().is_some_and(|it| it["status"] == "declined")
    })
    .await;
    assert_eq!(
        (world.get("no").await["status"].clone(), refunded(&world, "no").await),
        (json!("completed"), 0)
    );
    // It may be asked for again at once.
    let (_, taken) = refund(&world, "no", of(100)).await;
    assert_eq!(taken["success"], true, "{taken}");
    books_become(&world, "no", 100).await;
}

#[tokio::test]
async fn fees_of_the_operator_are_costs_in_major_units() {
    let world = World::sqlite().await;
    let fees = json!([
        {"kind": "payment", "brand": "VISA", "basis_points": 290, "min": 60, "description": "2.9 % For Visa Transactions (min 0.6)"},
        {"kind": "refund", "fixed": 25, "description": "0.25 For Refunds"},
    ]);
    world.set(&[("fees", fees), ("refund_settlement", json!("at_once"))]).await;
    paid(&world, "fee").await;
    refund(&world, "fee", of(100)).await;
    let order = world.becomes("fee", "partial_refunded").await;
    assert_eq!(order["costs"][0]["amount"], json!(0.75), "{order}");
    assert_eq!(order["costs"][0]["transaction_id"], order["transaction_id"]);
    assert_eq!(order["costs"][0]["type"], "SYSTEM");
    assert_eq!(order["related_transactions"][0]["costs"][0]["amount"], json!(0.25));
}

#[tokio::test]
async fn a_refund_waits_until_the_host_has_heard_of_the_capture() {
    let world = World::sqlite().await;
    world.set(&[("three_ds.policy", json!("never"))]).await;
    at_once(&world).await;
    // The host is up and does not take the capture yet.
    let later = json!({ "fault": "decline", "code": "91", "count": 1, "types": ["0220"] });
    world.fault(later).await;
    world.create(&world.order("early", VISA)).await;
    let (status, taken) = refund(&world, "early", of(1000)).await;
    assert_eq!((status, &taken["success"]), (200, &json!(true)), "{taken}");
    world.advance(120).await;
    world.becomes("early", "partial_refunded").await;
    books_become(&world, "early", 1000).await;
    world.captured("early", 2599).await;
}
