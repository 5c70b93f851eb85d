//! A request with an `Idempotency-Key` is done once: at once, again, and after a restart.

use std::time::{Duration, Instant};

use florin::store::BeginRequest;
use florin::vault::leak_scan::find_number;
use serde_json::{Value, json};

use crate::world::{API_KEY, VISA, World};

/// What came back, to the byte.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) body: Vec<u8>,
    pub(crate) retry_after: Option<String>,
}

impl Reply {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }
}

pub(crate) async fn send(request: reqwest::RequestBuilder) -> reqwest::Result<Reply> {
    let answer = request.header("api_key", API_KEY).send().await?;
    let retry_after = answer.headers().get("retry-after");
    let retry_after = retry_after.map(|value| value.to_str().unwrap().to_owned());
    let status = answer.status().as_u16();
    Ok(Reply { status, body: answer.bytes().await?.to_vec(), retry_after })
}

impl World {
    pub(crate) fn keyed(&self, key: &str, path: &str, body: &Value) -> reqwest::RequestBuilder {
        let request = self.http.post(format!("{}{path}", self.base));
        request.header("Idempotency-Key", key).body(body.to_string())
    }

    pub(crate) async fn create_with(&self, key: &str, order: &Value) -> Reply {
        send(self.keyed(key, "/v1/json/orders", order)).await.unwrap()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn of_fifty_at_once_one_is_done_and_all_are_told_the_same_on_sqlite() {
    all_are_told_the_same(World::sqlite().await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn of_fifty_at_once_one_is_done_and_all_are_told_the_same_on_postgresql() {
    all_are_told_the_same(World::postgres().await).await;
}

async fn all_are_told_the_same(world: World) {
    // Slow enough that the others come while the first one is under way.
    world.fault(json!({ "fault": "delay", "ms": 700, "types": ["0100"] })).await;
    let order = world.order("fifty", VISA);
    let calls: Vec<_> = (0..50)
        .map(|_| {
            let request = world.keyed("fifty", "/v1/json/orders", &order);
            tokio::spawn(async move {
                let mut waited = 0;
                loop {
                    let reply = send(request.try_clone().unwrap()).await.unwrap();
                    if reply.status != 409 {
                        return (reply, waited);
                    }
                    assert_eq!(reply.retry_after.as_deref(), Some("1"), "{:?}", reply.json());
                    assert_eq!(reply.json()["error_code"], 1000);
                    waited += 1;
                    tokio::time::sleep(Duration::from_millis(50)).await;
                }
            })
        })
        .collect();
    let mut replies = Vec::new();
    let mut waited = 0;
    for call in calls {
        let (reply, times) = call.await.unwrap();
        replies.push(reply);
        waited += times;
    }
    assert!(waited > 0, "nobody came while the first one was under way");
    assert_eq!(replies[0].json()["data"]["status"], "completed");
    assert!(replies.iter().all(|reply| *reply == replies[0]), "{replies:?}");
    world.captured("fifty", 2599).await;
    assert_eq!(world.books("fifty").await.len(), 1);

    // Long after, and after a restart, although the order has changed its form meanwhile.
    let world = world.restarted().await;
    assert_eq!(world.create_with("fifty", &order).await, replies[0]);
    // Without the key it is what it always was: the id is taken.
    let (status, refused) = world.create(&order).await;
    assert_eq!((status, &refused["error_code"]), (404, &json!(1006)));
}

#[tokio::test]
async fn a_key_belongs_to_one_request() {
    let world = World::sqlite().await;
    let order = world.order("one", VISA);
    let first = world.create_with("key", &order).await;
    assert_eq!(first.status, 200);
    let mut other = order.clone();
    other["amount"] = json!(2600);
    let renamed = world.order("two", VISA);
    for changed in [&other, &renamed] {
        let reply = world.create_with("key", changed).await;
        assert_eq!((reply.status, reply.retry_after.clone()), (409, None));
        let body = reply.json();
        assert_eq!((&body["success"], &body["error_code"]), (&json!(false), &json!(1000)));
        assert_eq!(body["error_info"], "Idempotency-Key was used for another request");
    }
    // Another path; and a method in disguise that the path does not have, which is no call at all.
    let elsewhere = world.keyed("key", "/v1/json/orders/", &order);
    assert_eq!(send(elsewhere).await.unwrap().status, 409);
    let patched = world.keyed("key", "/v1/json/orders", &order);
    let patched = send(patched.header("X-HTTP-Method-Override", "PATCH")).await.unwrap();
    assert_eq!(patched.status, 405);
    assert_eq!(world.get("two").await, Value::Null);
    // GET has no use for a key.
    let read = world.http.get(format!("{}/v1/json/orders/one", world.base));
    assert_eq!(send(read.header("Idempotency-Key", "key")).await.unwrap().status, 200);
    assert_eq!(world.create_with("key", &order).await, first);
}

#[tokio::test]
async fn keys_that_are_none_are_refused_before_anything_is_done() {
    let world = World::sqlite().await;
    let order = world.order("bad-key", VISA);
    for key in ["", "two words", &"k".repeat(256)] {
        let reply = world.create_with(key, &order).await;
        assert_eq!((reply.status, reply.json()["error_code"].clone()), (400, json!(1000)), "{key}");
    }
    let twice = world.keyed("a", "/v1/json/orders", &order).header("Idempotency-Key", "b");
    assert_eq!(send(twice).await.unwrap().status, 400);
    assert_eq!(world.get("bad-key").await, Value::Null);
    // Nobody learns of a key without an API key.
    let request = world.http.post(format!("{}/v1/json/orders", world.base));
    let request = request.header("Idempotency-Key", "a").body(order.to_string());
    assert_eq!(request.send().await.unwrap().status(), 401);
    assert_eq!(world.create_with("a", &order).await.status, 200);
}

#[tokio::test]
async fn refusals_are_repeated_and_faults_are_not() {
    let world = World::sqlite().await;
    let declined = world.order("declined", "4000050000000007");
    let first = world.create_with("declined", &declined).await;
    assert_eq!((first.status, first.json()["error_code"].clone()), (200, json!(1024)));
    let transaction = world.get("declined").await["transaction_id"].clone();
    assert_eq!(world.create_with("declined", &declined).await, first);
    assert_eq!(world.get("declined").await["transaction_id"], transaction, "not tried again");

    let mut bad = world.order("bad", VISA);
    bad["currency"] = json!("AMD");
    let first = world.create_with("bad", &bad).await;
    assert_eq!((first.status, first.json()["error_code"].clone()), (404, json!(1002)));
    world.set(&[("currencies", json!(["EUR", "AMD"]))]).await;
    assert_eq!(world.create_with("bad", &bad).await, first);

    // Too much is under way: nothing was done, so the same request may be sent again.
    let order = world.order("busy", VISA);
    let permits = world.gateway().work.creates.clone();
    let all = u32::try_from(permits.available_permits()).unwrap();
    let taken = permits.acquire_many(all).await.unwrap();
    let busy = world.create_with("busy", &order).await;
    assert_eq!((busy.status, busy.retry_after.as_deref()), (503, Some("1")));
    drop(taken);
    assert_eq!(world.create_with("busy", &order).await.json()["data"]["status"], "completed");
}

#[tokio::test]
async fn whoever_hangs_up_is_told_what_came_of_it() {
    let world = World::sqlite().await;
    world.fault(json!({ "fault": "delay", "ms": 600, "types": ["0100"] })).await;
    let order = world.order("gone", VISA);
    let request = world.keyed("gone", "/v1/json/orders", &order);
    let cut = send(request.timeout(Duration::from_millis(150))).await;
    assert!(cut.is_err_and(|error| error.is_timeout()));
    let begun = Instant::now();
    let reply = loop {
        let reply = world.create_with("gone", &order).await;
        if reply.status != 409 {
            break reply;
        }
        assert!(begun.elapsed() < Duration::from_secs(20), "it is still under way");
        tokio::time::sleep(Duration::from_millis(50)).await;
    };
    assert_eq!(reply.json()["data"]["status"], "completed");
    assert_eq!(world.books("gone").await.len(), 1);
}

#[tokio::test]
async fn answers_are_kept_for_a_day_and_hold_no_card_number() {
    let world = World::sqlite().await;
    let gateway = world.gateway().clone();
    let begin = |key: &'static str, age_ms: i64| BeginRequest {
        site_id: 1,
        key,
        request_hash: [7; 32],
        now: gateway.now() - age_ms,
        lease_until: gateway.now() + 60_000,
    };
    const DAY_MS: i64 = 24 * 60 * 60 * 1000;
    for (key, age_ms) in [("old", DAY_MS + 1_000), ("young", DAY_MS - 60_000)] {
        let _ = gateway.store.begin_request(begin(key, age_ms)).await.unwrap();
    }
    for (number, card) in [VISA, "4000050000000007", "5555555555554444"].into_iter().enumerate() {
        let order = world.order(&format!("kept-{number}"), card);
        let reply = world.create_with(&format!("kept-{number}"), &order).await;
        assert_eq!(reply.status, 200);
        assert_eq!(find_number(&reply.body, card), Vec::new(), "the answer is what is kept");
    }
    assert_eq!(gateway.keep_house().await.unwrap(), 1);
    let first = world.create_with("kept-0", &world.order("kept-0", VISA)).await;
    assert_eq!(first.json()["data"]["status"], "completed");
    drop(gateway);
    let folder = world.stop().await;
    let file = std::fs::read(folder.path().join("florin.sqlite")).unwrap();
    assert!(find_text(&file, b"kept-0"), "the file was searched");
    for card in [VISA, "4000050000000007", "5555555555554444"] {
        assert_eq!(find_number(&file, card), Vec::new());
    }
}

fn find_text(bytes: &[u8], text: &[u8]) -> bool {
    bytes.windows(text.len()).any(|window| window == text)
}

#[tokio::test]
async fn changes_are_made_once_too() {
    let world = World::sqlite().await;
    let settings = [("three_ds.policy", json!("never")), ("refund_settlement", json!("at_once"))];
    world.set(&settings).await;
    let mut held = world.order("held", VISA);
    held["capture"] = json!("manual");
    world.create(&held).await;
    world.create(&world.order("paid", VISA)).await;
    world.captured("paid", 2599).await;
    let repeated = async |key: &str, path: &str, body: Value| {
        let first = send(world.keyed(key, path, &body)).await.unwrap();
        assert_eq!((first.status, &first.json()["success"]), (200, &json!(true)), "{path}");
        for _ in 0..3 {
            assert_eq!(send(world.keyed(key, path, &body)).await.unwrap(), first, "{path}");
        }
    };
    let part = json!({ "amount": 600, "new_order_id": "held-part" });
    repeated("capture", "/v1/json/orders/held/capture", part).await;
    // In disguise, as clients without PATCH send it.
    let request = world.keyed("ship", "/v1/json/orders/paid", &json!({ "status": "shipped" }));
    let request = request.header("X-HTTP-Method-Override", "PATCH");
    let first = send(request.try_clone().unwrap()).await.unwrap();
    assert_eq!(first.status, 200);
    assert_eq!(send(request).await.unwrap(), first);
    let back = json!({ "currency": "EUR", "amount": 100, "description": "back" });
    repeated("refund", "/v1/json/orders/paid/refunds", back.clone()).await;
    let entries = world.get("paid").await["related_transactions"].as_array().map(Vec::len);
    assert_eq!(entries, Some(1), "one refund");
    assert_eq!(world.get("held").await["payment_details"]["capture_remain"], 1999);
    // Without a key the slip is caught by the contract's own rule, which is not a replay.
    let (status, refused) = world.post("/v1/json/orders/paid/refunds", back.to_string()).await;
    assert_eq!((status, &refused["error_code"]), (404, &json!(1034)));
}
