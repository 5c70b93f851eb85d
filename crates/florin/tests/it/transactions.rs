//! What merchants list and reconcile.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::world::{VISA, World};

const CHALLENGED: &str = "5500000000000004";
const DECLINED: &str = "4000050000000007";

/// The next number of a sequence that is the same in each run (Knuth's, 64 bits).
fn below(chance: &mut u64, bound: u64) -> u64 {
    *chance =
        chance.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
    (*chance >> 33) % bound
}

async fn page(world: &World, query: &str) -> Value {
    let (status, answer) = world.get_path(&format!("/v1/json/transactions?{query}")).await;
    assert_eq!(status, 200, "{query}: {answer}");
    assert!(answer["pager"]["limit"].is_u64(), "{answer}");
    answer
}

async fn list(world: &World, query: &str) -> Vec<Value> {
    page(world, query).await["data"].as_array().unwrap().clone()
}

fn names(rows: &[Value]) -> Vec<String> {
    let name = |row: &Value| {
        format!("{} {}", row["type"].as_str().unwrap(), row["order_id"].as_str().unwrap())
    };
    rows.iter().map(name).collect()
}

/// Orders in every kind of state.
async fn trade(world: &World) {
    world
        .set(&[("three_ds.policy", json!("always")), ("refund_settlement", json!("at_once"))])
        .await;
    world.create(&world.order("paid", VISA)).await;
    world.create(&world.order("declined", DECLINED)).await;
    world.create(&world.order("waits", CHALLENGED)).await;
    let mut dollars = world.order("dollars", VISA);
    dollars["currency"] = json!("USD");
    dollars["var2"] = json!(182);
    world.create(&dollars).await;
    let mut manual = world.order("manual", VISA);
    manual["capture"] = json!("manual");
    world.create(&manual).await;
    let (status, answer) = world
        .post(
            "/v1/json/orders/manual/capture",
            json!({ "amount": 1000, "new_order_id": "part", "new_order_status": "completed" })
                .to_string(),
        )
        .await;
    assert_eq!(status, 200, "{answer}");
    world.captured("paid", 2599).await;
    let refund = json!({ "currency": "EUR", "amount": 500, "description": "too much" });
    let (status, answer) = world.post("/v1/json/orders/paid/refunds", refund.to_string()).await;
    assert_eq!(status, 200, "{answer}");
    world.becomes("paid", "partial_refunded").await;
    let case = json!({ "order_id": "dollars", "reason_code": "13.1", "amount": 99 });
    let (status, answer) = world.post("/test/chargebacks", case.to_string()).await;
    assert_eq!(status, 200, "{answer}");
}

#[tokio::test]
async fn everything_is_listed_on_sqlite() {
    everything_is_listed(World::sqlite().await).await;
}

#[tokio::test]
async fn everything_is_listed_on_postgresql() {
    everything_is_listed(World::postgres().await).await;
}

async fn everything_is_listed(world: World) {
    trade(&world).await;
    let all = list(&world, "").await;
    assert_eq!(
        names(&all),
        [
            "chargeback dollars",
            "refund paid",
            "payment part",
            "payment manual",
            "payment dollars",
            "payment waits",
            "payment declined",
            "payment paid",
        ]
    );
    for (query, expected) in [
        ("status=declined", vec!["payment declined"]),
        ("status=initialized", vec!["payment waits"]),
        ("status[]=declined&status[]=initialized", vec!["payment waits", "payment declined"]),
        ("status=partial_refunded", vec!["payment paid"]),
        ("status=chargeback", vec!["payment dollars"]),
        ("status=expired", vec![]),
        ("financial_status=declined", vec!["payment declined"]),
        ("type=refund,chargeback", vec!["chargeback dollars", "refund paid"]),
        ("type=monthly_fee", vec![]),
        ("debit_credit=D", vec!["chargeback dollars", "refund paid"]),
        ("currency=USD", vec!["chargeback dollars", "payment dollars"]),
        ("payment_method=mastercard", vec!["payment waits"]),
        ("payment_method=IDEAL", vec![]),
        (
            "payment_method=VISA&currency=EUR&type=payment&status=completed,partial_refunded",
            vec!["payment part", "payment manual", "payment paid"],
        ),
        ("limit=2", vec!["chargeback dollars", "refund paid"]),
        ("site_id=1", vec![]),
        ("created_until=2020-01-01", vec![]),
        ("completed_until=2020-01-01", vec![]),
        ("created_from=2020-01-01&completed_from=2020-01-01&type=refund", vec!["refund paid"]),
        (
            "completed_from=2020-01-01&type=payment",
            vec!["payment part", "payment manual", "payment dollars", "payment paid"],
        ),
    ] {
        let found = names(&list(&world, query).await);
        // When the authorization alone counts as completed is the order's own business.
        let found: Vec<String> = found
            .into_iter()
            .filter(|it| !(query.starts_with("completed_from") && it == "payment manual"))
            .collect();
        let expected: Vec<&str> = expected
            .into_iter()
            .filter(|it| !(query.starts_with("completed_from") && *it == "payment manual"))
            .collect();
        assert_eq!(found, expected, "{query}");
    }
    let mut shown = String::new();
    for row in &all {
        let id = row["transaction_id"].to_string();
        let (status, answer) = world.get_path(&format!("/v1/json/transactions/{id}")).await;
        assert_eq!((status, &answer["data"]), (200, row));
        let mut row = row.clone();
        row["transaction_id"] = json!("[id]");
        for time in ["created", "completed"] {
            if let Some(text) = row.get(time).and_then(Value::as_str) {
                assert_eq!(text.len(), 19, "{text}");
                row[time] = json!("[time]");
            }
        }
        if row.get("dispute").is_some() {
            row["dispute"]["merchant_response_date"] = json!("[date]");
        }
        shown += &format!("{}\n", serde_json::to_string_pretty(&row).unwrap());
    }
    insta::assert_snapshot!("transactions", shown);
}

/// A database of an earlier release has orders and no rows of operations.
#[tokio::test]
async fn orders_of_an_earlier_release_are_listed_after_a_start() {
    let world = World::sqlite().await;
    trade(&world).await;
    let before = list(&world, "").await;
    let folder = world.stop().await;
    let file = rusqlite::Connection::open(folder.path().join("florin.sqlite")).unwrap();
    file.execute_batch(
        "DELETE FROM operations; INSERT INTO operations_owed \
            SELECT site_id, MAX(key) + 1 FROM orders GROUP BY site_id;",
    )
    .unwrap();
    drop(file);
    let world = World::again_in(folder).await;
    crate::world::eventually("all are listed", || async {
        list(&world, "").await.len() == before.len()
    })
    .await;
    assert_eq!(list(&world, "").await, before);
    crate::world::eventually("nothing is owed any more", || async {
        world.gateway().store.operations_owed().await.unwrap().is_empty()
    })
    .await;
}

#[tokio::test]
async fn fees_are_costs_in_minor_units_and_leave_the_net() {
    let world = World::sqlite().await;
    let fee = json!([{ "kind": "payment", "fixed": 60, "description": "Visa transaction" }]);
    world.set(&[("fees", fee), ("three_ds.policy", json!("never"))]).await;
    world.create(&world.order("fee", VISA)).await;
    let row = list(&world, "").await.remove(0);
    assert_eq!(
        row["costs"],
        json!([{ "amount": 60, "description": "Visa transaction", "dst": 0 }])
    );
    assert_eq!((&row["amount"], &row["net"]), (&json!(2599), &json!(2539)));
}

#[tokio::test]
async fn an_attempt_that_another_one_took_the_place_of_is_void() {
    let world = World::sqlite().await;
    world.create(&world.order("again", CHALLENGED)).await;
    let first = list(&world, "").await.remove(0);
    assert_eq!(first["status"], "initialized");
    world.create(&world.order("again", VISA)).await;
    let rows = list(&world, "").await;
    assert_eq!(rows.len(), 2, "{rows:?}");
    assert_eq!((&rows[0]["status"], &rows[1]["status"]), (&json!("completed"), &json!("void")));
    assert_eq!(rows[1]["transaction_id"], first["transaction_id"]);
}

#[tokio::test]
async fn a_payment_on_its_way_to_the_host_is_listed() {
    let world = World::sqlite().await;
    world.set(&[("three_ds.policy", json!("never"))]).await;
    let order = world.order("slow", "4000090000000003").to_string();
    let request = world.http.post(format!("{}/v1/json/orders", world.base));
    let request = request.header("api_key", crate::world::API_KEY).body(order);
    let create = tokio::spawn(request.send());
    crate::world::eventually("the payment is listed", || async {
        !list(&world, "").await.is_empty()
    })
    .await;
    let row = list(&world, "status=initialized").await.remove(0);
    assert_eq!(
        (&row["order_id"], &row["financial_status"]),
        (&json!("slow"), &json!("initialized"))
    );
    let (status, _) =
        world.get_path(&format!("/v1/json/transactions/{}", row["transaction_id"])).await;
    assert_eq!(status, 200);
    assert!(!create.is_finished(), "it was seen before its end");
    create.await.unwrap().unwrap();
    let after = list(&world, "").await;
    assert_eq!((after.len(), &after[0]["status"]), (1, &json!("completed")));
}

#[tokio::test]
async fn pages_show_each_row_once_while_others_come_in_on_sqlite() {
    pages(World::sqlite().await).await;
}

#[tokio::test]
async fn pages_show_each_row_once_while_others_come_in_on_postgresql() {
    pages(World::postgres().await).await;
}

/// Random orders come in between any two pages: whoever began to read sees what was there, each row
/// once, and finds the new ones from the first cursor on.
async fn pages(world: World) {
    world.set(&[("three_ds.policy", json!("never"))]).await;
    let mut chance = 4711_u64;
    let mut made = 0;
    let mut cards = [VISA, DECLINED, VISA, "5555555555554444"].iter().cycle();
    let mut make = async |count: u64| {
        for _ in 0..count {
            made += 1;
            let order = world.order(&format!("page-{made}"), cards.next().unwrap());
            world.create(&order).await;
        }
    };
    make(12).await;
    for round in 0..6 {
        let (limit, filter) =
            (1 + below(&mut chance, 6), ["", "&status=completed", "&currency=EUR"][round % 3]);
        let there: Vec<Value> = list(&world, &format!("limit=1000{filter}")).await;
        let first = page(&world, &format!("limit={limit}{filter}")).await;
        let mut read: Vec<Value> = first["data"].as_array().unwrap().clone();
        let mut next = first["pager"]["after"].as_str().map(str::to_owned);
        while let Some(url) = next {
            make(below(&mut chance, 3)).await;
            let (_, query) = url.split_once('?').unwrap();
            let answer = page(&world, query).await;
            read.extend(answer["data"].as_array().unwrap().iter().cloned());
            next = answer["pager"]["after"].as_str().map(str::to_owned);
            if next.is_none() {
                assert_eq!(answer["data"], json!([]), "no cursor means no row");
                assert_eq!(answer["pager"]["cursor"], json!({ "after": null, "before": null }));
            }
        }
        let ids = |rows: &[Value]| {
            rows.iter().map(|row| row["transaction_id"].as_i64().unwrap()).collect::<Vec<_>>()
        };
        assert_eq!(ids(&read), ids(&there), "round {round}, {limit} a page{filter}");
        // From the first page's cursor on: what came since, the oldest of it first.
        let mut since = Vec::new();
        let mut before = first["pager"]["cursor"]["before"].as_str().unwrap().to_owned();
        loop {
            let answer = page(&world, &format!("limit={limit}&before={before}{filter}")).await;
            let rows = answer["data"].as_array().unwrap().clone();
            let Some(cursor) = answer["pager"]["cursor"]["before"].as_str() else { break };
            before = cursor.to_owned();
            since.splice(0..0, ids(&rows));
        }
        let newest = ids(&list(&world, &format!("limit=1000{filter}")).await);
        since.extend(ids(&there));
        assert_eq!(since, newest);
        assert_eq!(since.iter().collect::<BTreeSet<_>>().len(), since.len());
    }
    assert!(made > 20, "orders came in between: {made}");
}

#[tokio::test]
async fn what_is_no_filter_and_no_transaction_is_refused() {
    let world = World::sqlite().await;
    let empty = page(&world, "limit=7").await;
    assert_eq!(empty["data"], json!([]));
    assert_eq!(
        empty["pager"],
        json!({
            "after": null, "before": null, "cursor": { "after": null, "before": null }, "limit": 7,
        })
    );
    for (path, status, code) in [
        ("transactions?limit=0", 404, 1000),
        ("transactions?after=%00", 404, 1000),
        ("transactions?status=paid", 404, 1000),
        ("transactions?site_id=mine", 404, 1000),
        ("transactions/1", 404, 1000),
        ("transactions/-1", 404, 1000),
        ("transactions/99999999999999999999", 404, 1000),
        ("transactions/x%2Fy", 404, 1000),
    ] {
        let (found, answer) = world.get_path(&format!("/v1/json/{path}")).await;
        assert_eq!((found, &answer["error_code"]), (status, &json!(code)), "{path}: {answer}");
        assert!(answer["data"].is_object(), "{answer}");
    }
    let (status, _) = world.post("/v1/json/transactions", "{}").await;
    assert_eq!(status, 405);
}
