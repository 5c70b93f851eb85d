//! Authorizations that are captured by hand: at once, in parts, given back, run out.

use serde_json::{Value, json};

use crate::world::{CHALLENGED, VISA, World, all, eventually};

const DAY: i64 = 24 * 60 * 60;

async fn world() -> World {
    let world = World::sqlite().await;
    world.set(&[("three_ds.policy", json!("never"))]).await;
    world
}

/// An order whose 25.99 are authorized and wait to be captured.
async fn authorized(world: &World, id: &str) -> Value {
    let mut order = world.order(id, VISA);
    order["capture"] = json!("manual");
    let (status, answer) = world.create(&order).await;
    assert_eq!((status, &answer["success"]), (200, &json!(true)), "{answer}");
    let order = answer["data"].clone();
    assert_eq!(
        (&order["status"], &order["financial_status"]),
        (&json!("completed"), &json!("initialized"))
    );
    assert_eq!(order["payment_details"]["capture"], "manual");
    assert_eq!(order["payment_details"]["capture_remain"], 2599);
    order
}

async fn capture(world: &World, id: &str, body: Value) -> (u16, Value) {
    world.post(&format!("/v1/json/orders/{id}/capture"), body.to_string()).await
}

async fn statuses(world: &World, id: &str) -> (String, String) {
    let order = world.get(id).await;
    let text = |name: &str| order[name].as_str().unwrap_or_default().to_owned();
    (text("status"), text("financial_status"))
}

fn pair(status: &str, financial: &str) -> (String, String) {
    (status.to_owned(), financial.to_owned())
}

async fn sums(world: &World, id: &str) -> (i64, i64, i64) {
    let entries = world.books(id).await;
    let sum = |name: &str| entries.iter().filter_map(|it| it[name].as_i64()).sum();
    (sum("captured"), sum("held"), sum("reversed"))
}

async fn books_become(world: &World, id: &str, captured: i64, held: i64, reversed: i64) {
    let expected = (captured, held, reversed);
    eventually(&format!("{id}: {expected:?}"), async || sums(world, id).await == expected).await;
}

#[tokio::test]
async fn the_whole_is_captured_under_the_name_of_the_order_whatever_name_was_sent() {
    let world = world().await;
    let order = authorized(&world, "whole").await;
    assert_eq!(sums(&world, "whole").await, (0, 2599, 0), "nothing is taken yet");
    let (status, answer) =
        capture(&world, "whole", json!({"amount": 2599, "new_order_id": "whole-2"})).await;
    assert_eq!(status, 200, "{answer}");
    assert_eq!(answer["data"]["order_id"], "whole");
    assert_eq!(answer["data"]["transaction_id"], order["transaction_id"]);
    assert_eq!(statuses(&world, "whole").await, pair("completed", "completed"));
    assert_eq!(world.get("whole-2").await, Value::Null);
    let details = world.get("whole").await["payment_details"].clone();
    assert_eq!((&details["capture"], &details["capture_remain"]), (&json!("manual"), &json!(0)));
    world.captured("whole", 2599).await;
    let (status, again) = capture(&world, "whole", json!({})).await;
    assert_eq!(
        (status, &again["error_code"], &again["error_info"]),
        (404, &json!(1000), &json!("Transaction not allowed"))
    );
}

#[tokio::test]
async fn parts_are_orders_of_their_own_on_sqlite() {
    parts(world().await).await;
}

#[tokio::test]
async fn parts_are_orders_of_their_own_on_postgresql() {
    let world = World::postgres().await;
    world.set(&[("three_ds.policy", json!("never"))]).await;
    parts(world).await;
}

async fn parts(world: World) {
    authorized(&world, "parted").await;
    let (status, first) = capture(
        &world,
        "parted",
        json!({"amount": "1000", "new_order_id": "part-1", "new_order_status": "completed",
            "carrier": "PostNL", "reason": "first parcel"}),
    )
    .await;
    assert_eq!(status, 200, "{first}");
    assert_eq!(first["data"]["order_id"], "part-1");
    assert_eq!(statuses(&world, "parted").await, pair("completed", "initialized"));
    assert_eq!(world.get("parted").await["payment_details"]["capture_remain"], 1599);
    books_become(&world, "parted", 1000, 1599, 0).await;

    let part = world.get("part-1").await;
    assert_eq!(
        (&part["status"], &part["financial_status"]),
        (&json!("completed"), &json!("completed"))
    );
    assert_eq!((&part["amount"], &part["auth_order_id"]), (&json!(1000), &json!("parted")));
    assert_eq!(part["transaction_id"], first["data"]["transaction_id"]);
    let by_number = world.get(&first["data"]["transaction_id"].to_string()).await;
    assert_eq!(by_number, part);
    assert!(part["payment_details"].get("capture").is_none());

    // Without a name it is given one; a name that exists is refused, and nothing is captured.
    let (_, second) = capture(&world, "parted", json!({"amount": 500})).await;
    assert_eq!(second["data"]["order_id"], "parted-2", "{second}");
    for taken in ["part-1", "parted"] {
        let (status, refused) =
            capture(&world, "parted", json!({"amount": 1, "new_order_id": taken})).await;
        assert_eq!((status, &refused["error_code"]), (404, &json!(1006)), "{refused}");
    }
    for amount in [json!(1100), json!(-1), json!(0), json!("x")] {
        let (status, refused) = capture(&world, "parted", json!({"amount": amount})).await;
        assert_eq!((status, &refused["error_code"]), (404, &json!(1001)), "{refused}");
    }
    assert_eq!(world.get("parted").await["payment_details"]["capture_remain"], 1099);

    // The last part completes the order.
    let (_, last) = capture(&world, "parted", json!({"new_order_id": "part-3"})).await;
    assert_eq!(last["data"]["order_id"], "part-3", "{last}");
    assert_eq!(statuses(&world, "parted").await, pair("completed", "completed"));
    books_become(&world, "parted", 2599, 0, 0).await;
    let related = world.get("parted").await["related_transactions"].clone();
    let kinds: Vec<&str> =
        related.as_array().unwrap().iter().map(|it| it["type"].as_str().unwrap()).collect();
    assert_eq!(kinds, ["capture"; 3]);

    // Parts are refunded under their own names, and the order itself has nothing to refund.
    world.set(&[("refund_settlement", json!("at_once"))]).await;
    let refund = json!({"currency": "EUR", "amount": 400}).to_string();
    let (status, refused) = world.post("/v1/json/orders/parted/refunds", refund.clone()).await;
    assert_eq!((status, &refused["error_code"]), (404, &json!(1034)), "{refused}");
    let (status, taken) = world.post("/v1/json/orders/part-1/refunds", refund).await;
    assert_eq!((status, &taken["data"]["order_id"]), (200, &json!("part-1")), "{taken}");
    world.becomes("part-1", "partial_refunded").await;
    assert_eq!(world.get("part-1").await["amount_refunded"], 400);
    assert_eq!(statuses(&world, "parted").await, pair("completed", "completed"));

    // Each part is told of under its own name.
    eventually("told", async || !world.shop.heard("part-3").is_empty()).await;
    eventually("told", async || {
        world.shop.heard("part-1").iter().any(|it| it.order()["status"] == "partial_refunded")
    })
    .await;
    let told = world.shop.heard("part-1");
    assert_eq!(told[0].order()["auth_order_id"], "parted");
}

#[tokio::test]
async fn what_is_left_is_given_back_on_the_wire() {
    let world = world().await;
    authorized(&world, "free").await;
    let cancel =
        json!({"status": "cancelled", "reason": "sold out", "new_order_status": "completed"});
    let (status, answer) = world.patch("/v1/json/capture/free", cancel.to_string()).await;
    assert_eq!((status, &answer["data"]["order_id"]), (200, &json!("free")), "{answer}");
    assert_eq!(statuses(&world, "free").await, pair("void", "void"));
    books_become(&world, "free", 0, 0, 2599).await;
    let (status, again) = world.patch("/v1/json/capture/free", cancel.to_string()).await;
    assert_eq!((status, &again["error_code"]), (404, &json!(1000)));

    authorized(&world, "half").await;
    capture(&world, "half", json!({"amount": 1000, "new_order_id": "half-1"})).await;
    let (status, answer) = world.patch("/v1/json/capture/half", cancel.to_string()).await;
    assert_eq!(status, 200, "{answer}");
    assert_eq!(statuses(&world, "half").await, pair("completed", "completed"));
    assert_eq!(statuses(&world, "half-1").await, pair("completed", "completed"));
    books_become(&world, "half", 1000, 0, 1599).await;
    let (status, late) = capture(&world, "half", json!({"amount": 1})).await;
    assert_eq!((status, &late["error_code"]), (404, &json!(1000)), "{late}");
}

#[tokio::test]
async fn a_hold_runs_out_to_the_second_by_brand() {
    let world = world().await;
    authorized(&world, "week").await;
    let mut order = world.order("month", CHALLENGED);
    order["capture"] = json!("manual");
    let (_, answer) = world.create(&order).await;
    assert_eq!(answer["data"]["financial_status"], "initialized", "{answer}");
    world.advance(7 * DAY - 60).await;
    tokio::time::sleep(std::time::Duration::from_millis(700)).await;
    assert_eq!(statuses(&world, "week").await, pair("completed", "initialized"));
    world.advance(60).await;
    world.becomes("week", "void").await;
    books_become(&world, "week", 0, 0, 2599).await;
    assert_eq!(statuses(&world, "month").await, pair("completed", "initialized"));
    world.advance(23 * DAY).await;
    world.becomes("month", "void").await;
    books_become(&world, "month", 0, 0, 2599).await;
    eventually("told", async || {
        world.shop.heard("week").iter().any(|it| it.order()["status"] == "void")
    })
    .await;
}

#[tokio::test]
async fn an_increment_is_granted_or_undone() {
    let world = world().await;
    authorized(&world, "more").await;
    let add = json!({"amount": 1001}).to_string();
    let (status, answer) = world.post("/v1/json/orders/more/increment", add.clone()).await;
    assert_eq!(status, 200, "{answer}");
    assert_eq!(answer["data"]["payment_details"]["capture_remain"], 3600);
    capture(&world, "more", json!({})).await;
    books_become(&world, "more", 3600, 0, 0).await;

    authorized(&world, "lost").await;
    world
        .fault(json!({ "fault": "cut", "count": 1, "when": "before_answer", "types": ["0100"] }))
        .await;
    let (status, answer) = world.post("/v1/json/orders/lost/increment", add).await;
    assert_eq!((status, &answer["error_code"]), (200, &json!(1024)), "{answer}");
    // What the host has booked is undone, and only that.
    books_become(&world, "lost", 0, 2599, 1001).await;
    capture(&world, "lost", json!({})).await;
    books_become(&world, "lost", 2599, 0, 1001).await;
}

#[tokio::test]
async fn of_captures_that_race_none_takes_more_than_there_is() {
    let world = std::sync::Arc::new(world().await);
    authorized(&world, "race").await;
    let racers = (0..20).map(|number| {
        let world = world.clone();
        async move {
            let body = json!({"amount": 300, "new_order_id": format!("race-{number}")});
            capture(&world, "race", body).await.1["success"] == true
        }
    });
    let won = all(racers).await.into_iter().filter(|won| *won).count();
    assert_eq!(won, 8, "8 times 300 of 2599");
    let (_, rest) = capture(&world, "race", json!({"new_order_id": "race-rest"})).await;
    assert_eq!(rest["success"], true, "{rest}");
    books_become(&world, "race", 2599, 0, 0).await;
}

#[tokio::test]
async fn manual_capture_is_for_the_brands_and_sites_that_have_it() {
    let world = world().await;
    let mut amex = world.order("amex", "374500000000015");
    amex["capture"] = json!("manual");
    let (status, refused) = world.create(&amex).await;
    assert_eq!((status, &refused["error_code"]), (404, &json!(1023)), "{refused}");
    world.set(&[("manual_capture", json!(false))]).await;
    let mut visa = world.order("visa", VISA);
    visa["capture"] = json!("manual");
    let (status, refused) = world.create(&visa).await;
    assert_eq!((status, &refused["error_code"]), (404, &json!(1023)), "{refused}");
    let (status, unknown) = capture(&world, "nobody", json!({"amount": 1})).await;
    assert_eq!((status, &unknown["error_code"]), (404, &json!(1006)), "{unknown}");
    world.create(&world.order("paid", VISA)).await;
    let (status, refused) = capture(&world, "paid", json!({"amount": 1})).await;
    assert_eq!((status, &refused["error_code"]), (404, &json!(1000)), "{refused}");
}

#[tokio::test]
async fn a_later_capture_does_not_overtake_one_that_the_host_has_not_heard() {
    let world = world().await;
    authorized(&world, "queue").await;
    let cut = json!({ "fault": "cut", "count": 1, "when": "before_processing", "types": ["0220"] });
    world.fault(cut).await;
    let first = capture(&world, "queue", json!({"amount": 1000, "new_order_id": "queue-1"})).await;
    assert_eq!(first.0, 200, "{}", first.1);
    // It takes all that is left: after it the host takes no other one.
    let last = capture(&world, "queue", json!({"new_order_id": "queue-2"})).await;
    assert_eq!(last.0, 200, "{}", last.1);
    world.advance(120).await;
    books_become(&world, "queue", 2599, 0, 0).await;
}
