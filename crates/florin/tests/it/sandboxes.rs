//! Sandboxes of a test site: made by the first call, apart from each other, and gone in time.

use std::sync::Arc;

use florin::gateway::site::SiteSettings;
use florin::notify::signature::{SigningKey, auth_header};
use serde_json::{Value, json};

use crate::world::{API_KEY, VISA, World, all, eventually};

const DAY_MS: i64 = 24 * 60 * 60 * 1000;

async fn ask(
    world: &World,
    method: &str,
    path: &str,
    headers: &[(&str, &str)],
    body: Option<Value>,
) -> (u16, Value) {
    let url = format!("{}{path}", world.base);
    let mut request = world.http.request(method.parse().unwrap(), url);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    if let Some(body) = body {
        request = request.body(body.to_string());
    }
    let answer = request.send().await.unwrap();
    let status = answer.status().as_u16();
    (status, serde_json::from_slice(&answer.bytes().await.unwrap()).unwrap())
}

fn within(name: &str) -> [(&str, &str); 2] {
    [("api_key", API_KEY), ("florin-sandbox", name)]
}

async fn pay(world: &World, headers: &[(&str, &str)], id: &str, amount: i64) -> Value {
    let mut order = world.order(id, VISA);
    order["amount"] = json!(amount);
    let (status, answer) = ask(world, "POST", "/v1/json/orders", headers, Some(order)).await;
    assert_eq!(status, 200, "{answer}");
    answer["data"].clone()
}

async fn amount(world: &World, headers: &[(&str, &str)], id: &str) -> Value {
    let path = format!("/v1/json/orders/{id}");
    ask(world, "GET", &path, headers, None).await.1["data"]["amount"].clone()
}

#[tokio::test]
async fn orders_of_two_sandboxes_with_one_id_do_not_meet_on_sqlite() {
    do_not_meet(World::sqlite().await).await;
}

#[tokio::test]
async fn orders_of_two_sandboxes_with_one_id_do_not_meet_on_postgresql() {
    do_not_meet(World::postgres().await).await;
}

async fn do_not_meet(world: World) {
    let (one, other) = (within("job-1"), within("job-2"));
    pay(&world, &one, "same", 1001).await;
    pay(&world, &other, "same", 1002).await;
    pay(&world, &[("api_key", API_KEY)], "same", 1003).await;
    assert_eq!(amount(&world, &one, "same").await, 1001);
    assert_eq!(amount(&world, &other, "same").await, 1002);
    assert_eq!(world.get("same").await["amount"], 1003);
    // By the key alone, for clients that cannot send a header.
    let by_key = format!("job-1:{API_KEY}");
    assert_eq!(amount(&world, &[("api_key", &by_key)], "same").await, 1001);
    let bearer = format!("Bearer {by_key}");
    assert_eq!(amount(&world, &[("authorization", &bearer)], "same").await, 1001);
    // Each has its own clock, books, and calls.
    let hour = json!({ "seconds": 3600 });
    ask(&world, "POST", "/test/clock/advance", &one, Some(hour)).await;
    for (headers, offset) in [(&one, 3600), (&other, 0)] {
        let (_, clock) = ask(&world, "GET", "/test/clock", headers, None).await;
        assert_eq!(clock["data"]["offset_seconds"], offset);
        let (_, books) = ask(&world, "GET", "/test/host", headers, None).await;
        assert_eq!(books["data"].as_array().unwrap().len(), 1, "{books}");
    }
    let (_, calls) = ask(&world, "GET", "/test/calls", &other, None).await;
    assert!(calls["data"].as_array().unwrap().iter().all(|it| it["path"] != "/test/clock/advance"));
    // Emptying one leaves the other.
    ask(&world, "DELETE", "/test/data", &one, None).await;
    assert_eq!(amount(&world, &one, "same").await, Value::Null);
    assert_eq!(amount(&world, &other, "same").await, 1002);
}

#[tokio::test]
async fn stored_cards_of_a_sandbox_are_its_own() {
    let world = World::sqlite().await;
    let (one, other) = (within("job-1"), within("job-2"));
    let mut order = world.order("stores", VISA);
    order["recurring_model"] = json!("cardOnFile");
    order["customer"]["reference"] = json!("ada");
    let (status, answer) = ask(&world, "POST", "/v1/json/orders", &one, Some(order)).await;
    assert_eq!(status, 200, "{answer}");
    let tokens = async |headers: &[(&str, &str)]| {
        let (_, listed) = ask(&world, "GET", "/v1/json/recurring/ada", headers, None).await;
        listed["data"]["tokens"].as_array().map_or(0, Vec::len)
    };
    assert_eq!(tokens(&one).await, 1);
    assert_eq!((tokens(&other).await, tokens(&[("api_key", API_KEY)]).await), (0, 0));
}

#[tokio::test]
async fn notifications_are_signed_with_the_key_that_the_job_has() {
    let world = World::sqlite().await;
    let prefixed = format!("job-1:{API_KEY}");
    pay(&world, &[("api_key", &prefixed)], "by-key", 1000).await;
    pay(&world, &within("job-1"), "by-header", 1000).await;
    for (id, key) in [("by-key", prefixed.as_str()), ("by-header", API_KEY)] {
        eventually("told", async || !world.shop.heard(id).is_empty()).await;
        let heard = &world.shop.heard(id)[0];
        let timestamp: i64 = heard.parameter("timestamp").parse().unwrap();
        let expected = auth_header(&SigningKey::new(key), timestamp, &heard.body);
        assert_eq!(heard.auth.as_deref(), Some(expected.as_str()), "{id}");
    }
}

#[tokio::test]
async fn of_many_first_calls_at_once_one_makes_the_sandbox() {
    let world = Arc::new(World::postgres().await);
    let calls = (0..20).map(|number| {
        let world = world.clone();
        async move { pay(&world, &within("job-1"), &format!("at-once-{number}"), 1000).await }
    });
    assert_eq!(all(calls).await.len(), 20);
    let (_, listed) = ask(&world, "GET", "/test/sandboxes", &[("api_key", API_KEY)], None).await;
    assert_eq!(listed["data"].as_array().unwrap().len(), 1, "{listed}");
    assert_eq!(amount(&world, &within("job-1"), "at-once-19").await, 1000);
}

#[tokio::test]
async fn bad_names_live_sites_and_too_many_are_refused() {
    let world = World::sqlite().await;
    let get = "/v1/json/orders/x";
    for name in ["", "a b", "a:b", "../x", &"x".repeat(41)] {
        let (status, answer) = ask(&world, "GET", get, &within(name), None).await;
        assert_eq!((status, &answer["error_code"]), (400, &json!(1000)), "{name}: {answer}");
    }
    let (status, _) = ask(&world, "GET", get, &[("api_key", "job:not-a-key")], None).await;
    assert_eq!(status, 401);
    let prefixed = format!("job-1:{API_KEY}");
    let nested = [("api_key", prefixed.as_str()), ("florin-sandbox", "job-2")];
    ask(&world, "GET", get, &within("job-1"), None).await;
    assert_eq!(ask(&world, "GET", get, &nested, None).await.0, 400);
    let (status, _) = ask(&world, "GET", "/test/sandboxes", &within("job-1"), None).await;
    assert_eq!(status, 400, "a sandbox has none");

    let key = [("api_key", API_KEY)];
    for (body, good) in [
        (json!({ "name": "made", "ttl_seconds": 60 }), true),
        (json!({ "name": "made" }), true),
        (json!({ "name": "short", "ttl_seconds": 59 }), false),
        (json!({ "name": "long", "ttl_seconds": 8 * 24 * 3600 }), false),
        (json!({ "name": "odd", "ttl_seconds": "1h" }), false),
        (json!({ "ttl_seconds": 60 }), false),
    ] {
        let (status, answer) = ask(&world, "POST", "/test/sandboxes", &key, Some(body)).await;
        assert_eq!(status == 200, good, "{answer}");
    }
    // The key of a live site opens no sandbox, and pays nothing on the live site instead.
    let gateway = world.gateway();
    let mut site = gateway.store.sites().await.unwrap().remove(0);
    site.mode = "live".to_owned();
    site.id = 20_002;
    let _ = gateway.store.insert_site(site).await.unwrap();
    let sealed = florin::gateway::directory::seal_key(&gateway.vault, 20_002, 1, "live-key", "", 0);
    let _ = gateway.store.insert_api_key(sealed).await.unwrap();
    gateway.directory.refresh(gateway.store.as_ref(), &gateway.vault).await.unwrap();
    let live = [("api_key", "live-key"), ("florin-sandbox", "job")];
    let order = world.order("live", VISA);
    let (status, answer) = ask(&world, "POST", "/v1/json/orders", &live, Some(order)).await;
    assert_eq!((status, &answer["error_info"]), (400, &json!("Sandboxes are for test sites")));
    assert_eq!(ask(&world, "GET", get, &[("api_key", "job:live-key")], None).await.0, 401);

    let made = gateway.sandboxes(20_001).len();
    for number in made..florin::limits::TEMPORARY_SITES_MAX {
        gateway.make_sandbox(20_001, &format!("n-{number}"), 3600).await.expect("there is room");
    }
    let (status, answer) = ask(&world, "GET", get, &within("one-more"), None).await;
    assert_eq!((status, &answer["error_info"]), (429, &json!("Too many sandboxes")));
    assert_ne!(
        ask(&world, "GET", get, &within("job-1"), None).await.0,
        429,
        "those that are there"
    );
}

/// Lets a sandbox have ended so long ago.
async fn ended(world: &World, name: &str, ago_ms: i64) -> i64 {
    let gateway = world.gateway();
    let site = gateway.sandbox(20_001, name).expect("it lasts");
    let mut row =
        gateway.store.sites().await.unwrap().into_iter().find(|it| it.id == site.id).unwrap();
    let ends_at = Some(gateway.now() - ago_ms);
    let settings = SiteSettings { ends_at, ..site.settings.clone() };
    row.settings = serde_json::to_string(&settings).unwrap();
    let _ = gateway.store.update_site(row).await.unwrap();
    gateway.directory.refresh(gateway.store.as_ref(), &gateway.vault).await.unwrap();
    site.id
}

#[tokio::test]
async fn a_sandbox_ends_in_time_and_nothing_of_it_is_left_on_sqlite() {
    ends_in_time(World::sqlite().await).await;
}

#[tokio::test]
async fn a_sandbox_ends_in_time_and_nothing_of_it_is_left_on_postgresql() {
    ends_in_time(World::postgres().await).await;
}

async fn ends_in_time(world: World) {
    let job = within("job-1");
    pay(&world, &job, "gone", 1000).await;
    pay(&world, &within("job-2"), "stays", 1000).await;
    world.create(&world.order("base", VISA)).await;
    let gateway = world.gateway();
    let id = ended(&world, "job-1", 1).await;
    // It has just ended: nobody is let in, and the next call of the job makes another one.
    assert_eq!(gateway.erase_ended_sites().await.unwrap(), 0, "something may be under way");
    assert_eq!(amount(&world, &job, "gone").await, Value::Null);
    let next = gateway.sandbox(20_001, "job-1").unwrap().id;
    assert_ne!(next, id);
    // Long ago: everything goes.
    ended(&world, "job-1", DAY_MS).await;
    let mut row = gateway.store.sites().await.unwrap().into_iter().find(|it| it.id == id).unwrap();
    let mut settings: SiteSettings = serde_json::from_str(&row.settings).unwrap();
    settings.ends_at = Some(gateway.now() - DAY_MS);
    row.settings = serde_json::to_string(&settings).unwrap();
    let _ = gateway.store.update_site(row).await.unwrap();
    gateway.directory.refresh(gateway.store.as_ref(), &gateway.vault).await.unwrap();
    assert_eq!(gateway.erase_ended_sites().await.unwrap(), 2);
    let left: Vec<i64> = gateway.store.sites().await.unwrap().iter().map(|it| it.id).collect();
    assert!(!left.contains(&id) && !left.contains(&next), "{left:?}");
    for site in [id, next] {
        assert!(gateway.store.recent_orders(site, None, 10).await.unwrap().is_empty());
    }
    assert_eq!(amount(&world, &within("job-2"), "stays").await, 1000);
    assert_eq!(world.get("base").await["status"], "completed");
    // By its own call, before its time.
    let path = "/test/sandboxes/job-2";
    let (status, _) = ask(&world, "DELETE", path, &[("api_key", API_KEY)], None).await;
    assert_eq!(status, 200);
    let (status, _) = ask(&world, "DELETE", path, &[("api_key", API_KEY)], None).await;
    assert_eq!(status, 404);
    assert_eq!(amount(&world, &within("job-2"), "stays").await, Value::Null);
}
