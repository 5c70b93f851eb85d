//! What shops are told, when, and how often.

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use florin::notify::signature::{SigningKey, auth_header};
use serde_json::{Value, json};

use crate::world::{API_KEY, CHALLENGED, VISA, World, eventually};

#[tokio::test]
async fn a_payment_is_told_once_signed_and_in_the_bytes_that_get_shows() {
    let world = World::sqlite().await;
    let (_, created) = world.create(&world.order("told", VISA)).await;
    assert_eq!(created["data"]["status"], "completed");
    eventually("heard", async || !world.shop.heard("told").is_empty()).await;
    tokio::time::sleep(Duration::from_millis(300)).await;
    let heard = world.shop.heard("told");
    assert_eq!(heard.len(), 1, "one outcome, one notification");
    let heard = &heard[0];
    assert_eq!(
        (heard.method.as_str(), heard.content_type.as_deref()),
        ("POST", Some("application/json"))
    );
    let timestamp: i64 = heard.parameter("timestamp").parse().unwrap();
    let expected = auth_header(&SigningKey::new(API_KEY), timestamp, &heard.body);
    assert_eq!(heard.auth.as_deref(), Some(expected.as_str()));
    let request = world.http.get(format!("{}/v1/json/orders/told", world.base));
    let shown = request.header("api_key", API_KEY).send().await.unwrap().bytes().await.unwrap();
    let mut wrapped = b"{\"success\":true,\"data\":".to_vec();
    wrapped.extend_from_slice(&heard.body);
    wrapped.push(b'}');
    assert_eq!(shown, wrapped);
    for name in ["transactionid", "timestamp", "payload_type"] {
        assert!(heard.order().get(name).is_none());
    }
}

#[tokio::test]
async fn get_carries_no_body_and_no_signature() {
    let world = World::sqlite().await;
    let mut order = world.order("plain", VISA);
    order["payment_options"]["notification_method"] = json!(null);
    let url = world.shop.url("/notify?invoice=7#there");
    order["payment_options"]["notification_url"] = json!(url);
    world.create(&order).await;
    eventually("heard", async || !world.shop.heard("plain").is_empty()).await;
    let heard = &world.shop.heard("plain")[0];
    assert_eq!((heard.method.as_str(), &heard.auth, heard.body.len()), ("GET", &None, 0));
    assert_eq!(heard.parameter("invoice"), "7");
}

#[tokio::test]
async fn a_shop_that_does_not_answer_ok_is_told_four_times_on_sqlite() {
    four_times(World::sqlite().await).await;
}

#[tokio::test]
async fn a_shop_that_does_not_answer_ok_is_told_four_times_on_postgresql() {
    four_times(World::postgres().await).await;
}

async fn four_times(world: World) {
    world.shop.answer(&[(500, "OK"), (200, "TOKEN"), (204, ""), (201, "OK"), (200, "never")]);
    world.create(&world.order("deaf", VISA)).await;
    let count = || world.shop.heard("deaf").len();
    for attempt in 1..=4 {
        eventually("the next attempt", async || count() == attempt).await;
        world.advance(14 * 60).await;
        tokio::time::sleep(Duration::from_millis(700)).await;
        assert_eq!(count(), attempt, "not before 15 minutes");
        world.advance(61).await;
    }
    world.advance(3600).await;
    tokio::time::sleep(Duration::from_millis(700)).await;
    let heard = world.shop.heard("deaf");
    assert_eq!(heard.len(), 4);
    let times: Vec<i64> =
        heard.iter().map(|it| it.parameter("timestamp").parse().unwrap()).collect();
    assert!(times.windows(2).all(|pair| pair[1] - pair[0] >= 15 * 60 - 30), "{times:?}");
    let signatures: std::collections::BTreeSet<_> =
        heard.iter().map(|it| it.auth.clone()).collect();
    assert_eq!(signatures.len(), 4, "each attempt is signed anew");
    let site = world.gateway().directory.sites().remove(0);
    let record = world.gateway().load_by_order_id(&site, "deaf").await.unwrap().unwrap();
    let kept = world.gateway().store.notifications(site.id, record.key).await.unwrap();
    let deliveries: Vec<_> =
        kept[0].deliveries.iter().map(|it| (it.attempt, it.http_status)).collect();
    assert_eq!(deliveries, [(1, Some(500)), (2, Some(200)), (3, Some(204)), (4, Some(201))]);
    assert_eq!(kept[0].state, florin::store::NotificationState::Exhausted);
}

#[tokio::test]
async fn a_newer_notification_shows_the_newest_state_and_ends_the_older_ones_retries() {
    let world = World::sqlite().await;
    world.shop.answer(&[(500, "no")]);
    let (_, created) = world.create(&world.order("steps", CHALLENGED)).await;
    eventually("heard of the challenge", async || world.shop.heard("steps").len() == 1).await;
    assert_eq!(world.shop.heard("steps")[0].order()["status"], "initialized");
    world.walk(created["data"]["payment_url"].as_str().unwrap(), "Y").await;
    eventually("heard of the payment", async || world.shop.heard("steps").len() == 2).await;
    assert_eq!(world.shop.heard("steps")[1].order()["status"], "completed");
    world.advance(3600).await;
    tokio::time::sleep(Duration::from_millis(800)).await;
    assert_eq!(world.shop.heard("steps").len(), 2, "the first one is not repeated any more");
}

#[tokio::test]
async fn a_strict_site_does_not_call_private_addresses_and_says_so() {
    let world = World::sqlite().await;
    world.set(&[("webhook_policy", json!("strict"))]).await;
    world.create(&world.order("strict", VISA)).await;
    let site = world.gateway().directory.sites().remove(0);
    eventually("the attempt is recorded", async || {
        let record = world.gateway().load_by_order_id(&site, "strict").await.unwrap().unwrap();
        let kept = world.gateway().store.notifications(site.id, record.key).await.unwrap();
        kept[0].deliveries.first().and_then(|it| it.error_class.clone()).as_deref()
            == Some("scheme_refused")
    })
    .await;
    assert!(world.shop.heard("strict").is_empty());
}

#[tokio::test]
async fn an_order_that_names_no_address_is_told_to_the_sites() {
    let world = World::sqlite().await;
    world.set(&[("notification_url", json!(world.shop.url("/notify?site=1")))]).await;
    let mut order = world.order("sites", VISA);
    order["payment_options"].as_object_mut().unwrap().remove("notification_url");
    world.create(&order).await;
    eventually("heard", async || world.shop.heard("sites").len() == 1).await;
}

/// A shop that takes its time: when each notification came, and when it was answered.
async fn slow_shop(time: Duration) -> (String, Arc<Mutex<Vec<(Instant, Instant, String)>>>) {
    let heard: Arc<Mutex<Vec<_>>> = Arc::default();
    let hear = {
        let heard = heard.clone();
        move |body: axum::body::Bytes| async move {
            let came = Instant::now();
            tokio::time::sleep(time).await;
            let order: Value = serde_json::from_slice(&body).unwrap();
            let status = order["status"].as_str().unwrap().to_owned();
            heard.lock().unwrap().push((came, Instant::now(), status));
            "OK"
        }
    };
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/notify", listener.local_addr().unwrap());
    let routes = axum::Router::new().route("/notify", axum::routing::post(hear));
    tokio::spawn(async move { axum::serve(listener, routes).await });
    (url, heard)
}

#[tokio::test]
async fn a_newer_notification_waits_for_the_older_one_that_is_under_way() {
    let world = World::sqlite().await;
    world.set(&[("three_ds.policy", json!("never"))]).await;
    let (url, heard) = slow_shop(Duration::from_millis(700)).await;
    let mut order = world.order("in-turn", VISA);
    order["capture"] = json!("manual");
    order["payment_options"]["notification_url"] = json!(url);
    world.create(&order).await;
    let cancelled = json!({"status": "cancelled", "reason": "x"}).to_string();
    assert_eq!(world.patch("/v1/json/capture/in-turn", cancelled).await.0, 200);
    eventually("both are heard", async || heard.lock().unwrap().len() == 2).await;
    let heard = heard.lock().unwrap();
    let [(_, answered, first), (came, _, second)] = &heard[..] else { unreachable!("two") };
    assert_eq!((first.as_str(), second.as_str()), ("completed", "void"));
    assert!(came >= answered, "the newer one came before the older one was answered");
}
