//! `PATCH /orders/{id}`: cancelled before it is paid, shipped after; and who wins a race.

use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};

use crate::world::{CHALLENGED, VISA, World, all, eventually};

async fn patch(world: &World, id: &str, body: Value) -> (u16, Value) {
    world.patch(&format!("/v1/json/orders/{id}"), body.to_string()).await
}

fn cancelled() -> Value {
    json!({"status": "cancelled", "exclude_order": true})
}

#[tokio::test]
async fn an_order_whose_payer_is_waited_for_is_cancelled_and_its_challenge_leads_nowhere() {
    let world = World::sqlite().await;
    let (_, created) = world.create(&world.order("waits", CHALLENGED)).await;
    assert_eq!(created["data"]["status"], "initialized", "{created}");
    let (status, answer) = patch(&world, "waits", cancelled()).await;
    assert_eq!((status, &answer), (200, &json!({"success": true, "data": {}})));
    let order = world.get("waits").await;
    assert_eq!(
        (&order["status"], &order["financial_status"]),
        (&json!("void"), &json!("cancelled"))
    );
    assert_eq!(patch(&world, "waits", cancelled()).await.0, 200, "so already");
    eventually("told", async || {
        world.shop.heard("waits").iter().any(|it| it.order()["financial_status"] == "cancelled")
    })
    .await;
    let page =
        world.http.get(created["data"]["payment_url"].as_str().unwrap()).send().await.unwrap();
    let back = page.headers()["location"].to_str().unwrap().to_owned();
    assert!(page.status() == 303 && back.contains("/cart?"), "{back}");
    assert!(world.books("waits").await.is_empty());
    // The name may be used for another attempt.
    let (_, again) = world.create(&world.order("waits", VISA)).await;
    assert_eq!(again["success"], true, "{again}");
}

#[tokio::test]
async fn what_is_paid_cannot_be_cancelled_and_what_is_not_cannot_be_shipped() {
    let world = World::sqlite().await;
    world.set(&[("three_ds.policy", json!("never"))]).await;
    world.create(&world.order("paid", VISA)).await;
    let (status, answer) = patch(&world, "paid", cancelled()).await;
    assert_eq!((status, &answer["error_code"]), (410, &json!(1000)), "{answer}");
    let shipped = json!({"status": "shipped", "tracktrace_code": "3SABC", "carrier": "PostNL",
        "ship_date": "2026-11-26", "plugin": {"shop": "x"}});
    for _ in 0..2 {
        let (status, answer) = patch(&world, "paid", shipped.clone()).await;
        assert_eq!((status, &answer), (200, &json!({"success": true, "data": {}})));
        let order = world.get("paid").await;
        assert_eq!(
            (&order["status"], &order["financial_status"]),
            (&json!("shipped"), &json!("completed"))
        );
    }
    eventually("told", async || {
        world.shop.heard("paid").iter().any(|it| it.order()["status"] == "shipped")
    })
    .await;
    assert_eq!(patch(&world, "paid", json!({"invoice_id": "2026-17"})).await.0, 200);
    for never in [json!({"extend_expiration": true}), json!({"partial_shipment_amount": 5})] {
        assert_eq!(patch(&world, "paid", never).await.0, 410);
    }
    assert_eq!(patch(&world, "paid", json!({})).await.1["error_code"], 1016);
    assert_eq!(patch(&world, "paid", json!({"status": "paid"})).await.1["error_code"], 1000);

    world.create(&world.order("declined", "4000050000000007")).await;
    assert_eq!(patch(&world, "declined", shipped).await.0, 410);
    assert_eq!(patch(&world, "declined", json!({"invoice_id": "x"})).await.0, 200, "in any state");
    let (status, unknown) = patch(&world, "nobody", cancelled()).await;
    assert_eq!((status, &unknown["error_info"]), (404, &json!("Invalid transaction ID")));
    let cancel = world.post("/v1/json/orders/paid/cancel", "{}").await;
    assert_eq!((cancel.0, &cancel.1["error_info"]), (403, &json!("Forbidden")));
}

#[tokio::test]
async fn a_cancel_that_overtakes_an_authorization_undoes_it() {
    let world = Arc::new(World::sqlite().await);
    world.set(&[("three_ds.policy", json!("never"))]).await;
    world.fault(json!({ "fault": "delay", "ms": 1500, "count": 1, "types": ["0100"] })).await;
    let creating = {
        let world = world.clone();
        tokio::spawn(async move { world.create(&world.order("race", VISA)).await })
    };
    eventually("on its way", async || world.get("race").await["status"] == "initialized").await;
    assert_eq!(patch(&world, "race", cancelled()).await.0, 200);
    let (_, created) = creating.await.unwrap();
    assert_eq!(created["data"]["status"], "void", "{created}");
    assert_eq!(world.get("race").await["financial_status"], "cancelled");
    // The reversal leaves when the answer can no longer come.
    world.advance(120).await;
    eventually("undone", async || {
        world.books("race").await.iter().all(|it| it["reversed"] == it["authorized"])
    })
    .await;
    assert_eq!(world.books("race").await.len(), 1);
}

#[tokio::test]
async fn of_a_cancel_and_a_payment_at_once_one_wins_and_the_books_agree() {
    let world = Arc::new(World::sqlite().await);
    world.set(&[("three_ds.policy", json!("never"))]).await;
    let races = (0..24_u64).map(|number| {
        let world = world.clone();
        async move {
            let id = format!("both-{number}");
            let create = async { world.create(&world.order(&id, VISA)).await };
            let cancel = async {
                // From at once to long after the payment.
                tokio::time::sleep(Duration::from_millis(number * number * 4)).await;
                patch(&world, &id, cancelled()).await.0
            };
            let (_, cancel) = tokio::join!(create, cancel);
            (id, cancel)
        }
    });
    let done = all(races).await;
    world.advance(120).await;
    let mut won = [0, 0];
    for (id, cancel) in done {
        let status = world.get(&id).await["status"].clone();
        let paid = status == "completed";
        won[usize::from(paid)] += 1;
        assert!(paid || status == "void", "{id}: {status}");
        assert_eq!(cancel == 200, !paid, "{id}: the cancel was answered {cancel}");
        world.captured(&id, if paid { 2599 } else { 0 }).await;
    }
    assert!(won[1] > 0, "{won:?}");
}
