//! Every card of the test platform does what its row says.

use serde_json::{Value, json};

use crate::hosted_page::away;
use crate::world::World;

const ROWS: &str = include_str!("../../testdata/test-cards.json");

#[tokio::test]
async fn every_row_of_the_table_behaves_as_it_says_on_sqlite() {
    every_row(World::sqlite().await).await;
}

#[tokio::test]
async fn every_row_of_the_table_behaves_as_it_says_on_postgresql() {
    every_row(World::postgres().await).await;
}

async fn every_row(world: World) {
    let rows: Vec<Value> = serde_json::from_str(ROWS).unwrap();
    assert!(rows.len() >= 15);
    for row in rows {
        let number = row["number"].as_str().unwrap();
        let order_id = format!("card-{number}");
        let (status, answer) = world.create(&world.order(&order_id, number)).await;
        assert_eq!(status, 200, "{row}: {answer}");
        match row["direct"].as_str().unwrap() {
            "declined-in-create" => {
                assert_eq!(answer["success"], false, "{row}");
                assert_eq!(answer["error_code"], 1024);
                assert_eq!(answer["error_info"], "declined");
            }
            "challenge" => {
                assert_eq!(answer["data"]["status"], "initialized", "{row}: {answer}");
                assert_eq!(answer["data"]["reason"], "3D Secure Authorization");
                assert_eq!(answer["data"]["customer_verification"]["type"], "form");
                let url = answer["data"]["payment_url"].as_str().unwrap();
                let shop = world.walk(url, "Y").await;
                let good = row["status"] == "completed";
                let page = if good { "/thanks?" } else { "/cart?x=1&" };
                assert_eq!(shop, world.shop.url(&format!("{page}transactionid={order_id}")));
            }
            direct @ ("frictionless" | "no-3ds") => {
                let first = row["first"].as_str().or(row["status"].as_str()).unwrap();
                assert_eq!(answer["data"]["status"], first, "{row}: {answer}");
                let details = &answer["data"]["payment_details"];
                let flow = &details["card_authentication_details"]["flow"];
                assert_eq!(*flow == "frictionless", direct == "frictionless", "{answer}");
                assert!(answer["data"].get("customer_verification").is_none());
            }
            other => panic!("{other}"),
        }
        if let Some(seconds) = row["after_seconds"].as_i64() {
            world.advance(seconds - 60).await;
            tokio::time::sleep(std::time::Duration::from_millis(700)).await;
            assert_eq!(world.get(&order_id).await["status"], "uncleared", "{row}");
            world.advance(61).await;
        }
        let order = world.becomes(&order_id, row["status"].as_str().unwrap()).await;
        assert_eq!(order["financial_status"], row["financial_status"], "{row}");
        assert_eq!(order["payment_details"]["type"], row["brand"], "{row}");
        assert_eq!(order["payment_details"]["last4"], number[number.len() - 4..], "{row}");
        if let Some(code) = row["reason_code"].as_str() {
            assert_eq!(order["reason_code"], code, "{row}");
            assert_eq!(order["reason"], row["reason"], "{row}");
        }
        let captured = if row["status"] == "completed" { 2599 } else { 0 };
        world.captured(&order_id, captured).await;
    }
}

#[tokio::test]
async fn on_a_page_every_row_is_as_the_list_says_on_sqlite() {
    every_row_on_a_page(World::sqlite().await).await;
}

#[tokio::test]
async fn on_a_page_every_row_is_as_the_list_says_on_postgresql() {
    every_row_on_a_page(World::postgres().await).await;
}

/// On pages of test sites the issuer is asked for a challenge: nearly every card has one.
async fn every_row_on_a_page(world: World) {
    world.set(&[("three_ds.challenge_on_page", json!(true))]).await;
    let rows: Vec<Value> = serde_json::from_str(ROWS).unwrap();
    for row in rows {
        let number = row["number"].as_str().unwrap();
        let order_id = format!("page-{number}");
        let url = world.offer(&world.offered(&order_id)).await;
        let form = world.card_form(&url).await;
        let led = away(world.pay(&form, number).await);
        let paid = row["status"] != "declined";
        let has_challenge = row["page"] != "no-3ds";
        assert_eq!(led.contains("/pay/"), has_challenge, "{row}: {led}");
        if has_challenge {
            let mut challenge = world.walk_to_challenge(&led).await;
            challenge.choose("Y");
            if paid {
                let there = world.walk_on(challenge).await;
                assert!(there.starts_with(&world.shop.url("/thanks?")), "{row}: {there}");
            } else {
                world.back_on_the_form(challenge).await;
            }
        }
        let first = row["first"].as_str().or(row["status"].as_str()).unwrap();
        let order = world.becomes(&order_id, first).await;
        let flow = &order["payment_details"]["card_authentication_details"]["flow"];
        assert_eq!(*flow == "challenge", has_challenge, "{row}: {order}");
    }
}

#[tokio::test]
async fn flexible_3d_and_site_policy_decide_about_the_challenge() {
    let world = World::sqlite().await;
    let create = async |id: &str, card: &str, flexible: Option<bool>| {
        let mut order = world.order(id, card);
        if let Some(flexible) = flexible {
            order["gateway_info"]["flexible_3d"] = json!(flexible);
        }
        let (_, answer) = world.create(&order).await;
        answer["data"]["status"].as_str().unwrap_or("declined").to_owned()
    };
    assert_eq!(create("f-1", "4111111111111111", Some(true)).await, "initialized");
    assert_eq!(create("f-2", "5555555555554444", Some(false)).await, "completed");
    // Never without authentication, whatever the shop says.
    assert_eq!(create("f-3", "6799990000000000011", Some(false)).await, "initialized");
    world.set(&[("three_ds.policy", json!("never"))]).await;
    assert_eq!(create("f-4", "5555555555554444", None).await, "completed");
    assert_eq!(create("f-5", "6799990000000000011", None).await, "initialized");
    let mut order = world.order("f-6", "5555555555554444");
    order["gateway_info"] = json!({
        "card_number": "5555555555554444", "card_expiry_date": 3012, "moto": true,
    });
    world.set(&[("three_ds.policy", json!("always"))]).await;
    assert_eq!(world.create(&order).await.1["data"]["status"], "completed");
}

#[tokio::test]
async fn declines_of_the_issuer_come_with_their_reason() {
    let world = World::sqlite().await;
    for (number, code, reason) in [
        ("4242424242424242", "4005", "Expired card, or Invalid Account Number"),
        ("4000050000000007", "4001", "Do not honor"),
        ("4000540000000007", "4005", "Expired card, or Invalid Account Number"),
        ("4000590000000002", "4003", "Suspected fraud"),
        ("4000910000000002", "4999", "Authorization or issuer system inoperative"),
        ("4000430000000001", "4999", "Pick up the card"),
    ] {
        let id = format!("d-{number}");
        let (status, answer) = world.create(&world.order(&id, number)).await;
        assert_eq!((status, &answer["error_code"]), (200, &json!(1024)), "{number}: {answer}");
        let order = world.get(&id).await;
        assert_eq!((&order["reason_code"], &order["reason"]), (&json!(code), &json!(reason)));
        assert_eq!(order["status"], "declined");
        world.captured(&id, 0).await;
    }
}

#[tokio::test]
async fn a_soft_decline_asks_the_payer_once_and_then_pays() {
    let world = World::sqlite().await;
    world.set(&[("three_ds.policy", json!("never"))]).await;
    for number in ["4000100000000000", "5100650000000000"] {
        let id = format!("soft-{number}");
        let (_, answer) = world.create(&world.order(&id, number)).await;
        assert_eq!(answer["data"]["status"], "initialized", "{number}: {answer}");
        let url = answer["data"]["payment_url"].as_str().unwrap().to_owned();
        world.walk(&url, "Y").await;
        world.becomes(&id, "completed").await;
        world.captured(&id, 2599).await;
    }
}
