//! Requests with an `Idempotency-Key` whose process dies, or is thought dead, or shares its database.

use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use florin::gateway::change::Changed;
use florin::store::{AnsweredRequest, BeginRequest};
use serde_json::{Value, json};

use crate::idempotency::send;
use crate::postgres::{Database, connect, fresh_database};
use crate::world::{API_KEY, VISA, World, eventually};

#[tokio::test(flavor = "multi_thread")]
async fn processes_on_one_database_answer_as_one() {
    let database = fresh_database().await;
    let url = database.url.clone();
    let kek = "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff";
    let first = World::start(Some(database), &[("FLORIN_VAULT__KEK_HEX", kek)]).await;
    let more = [("FLORIN_VAULT__KEK_HEX", kek), ("FLORIN_DATABASE_URL", &url)];
    let second = World::start(None, &more).await;
    first.fault(json!({ "fault": "delay", "ms": 800, "types": ["0100"] })).await;
    let order = first.order("shared", VISA);
    let call = tokio::spawn(send(first.keyed("shared", "/v1/json/orders", &order)));
    eventually("the first process is at it", async || gateway_knows(&first, "shared").await).await;
    let reply = second.create_with("shared", &order).await;
    assert_eq!((reply.status, reply.retry_after.as_deref()), (409, Some("1")));
    let answered = call.await.unwrap().unwrap();
    assert_eq!(answered.json()["data"]["status"], "completed");
    assert_eq!(second.create_with("shared", &order).await, answered);
    let mut other = order.clone();
    other["amount"] = json!(1);
    assert_eq!(second.create_with("shared", &other).await.status, 409);
}

async fn gateway_knows(world: &World, order_id: &str) -> bool {
    let site = world.gateway().directory.sites()[0].clone();
    world.gateway().load_by_order_id(&site, order_id).await.unwrap().is_some()
}

/// A gateway in a process of its own, which can be killed.
struct Process {
    child: Child,
    base: String,
}

impl Process {
    async fn start(port: u16, folder: &std::path::Path, database: Option<&str>) -> Process {
        let child = Command::new(env!("CARGO_BIN_EXE_florin"))
            .args(["serve", "--listen", &format!("127.0.0.1:{port}"), "--data"])
            .arg(folder)
            .env("FLORIN_TEST_API_KEY", API_KEY)
            .env("FLORIN_LOG__FILTER", "error")
            .envs(database.map(|url| ("FLORIN_DATABASE_URL", url)))
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let process = Process { child, base: format!("http://127.0.0.1:{port}") };
        let begun = Instant::now();
        let ready = reqwest::Client::new().get(format!("{}/health/ready", process.base));
        while send(ready.try_clone().unwrap()).await.map_or(0, |reply| reply.status) != 200 {
            assert!(begun.elapsed() < Duration::from_secs(60), "the gateway does not come up");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        process
    }

    fn request(&self, path: &str) -> reqwest::RequestBuilder {
        let client = reqwest::Client::builder().timeout(Duration::from_secs(20)).build().unwrap();
        client.post(format!("{}{path}", self.base))
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_whose_process_was_killed_is_taken_up_and_pays_once_on_sqlite() {
    is_taken_up(None).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_whose_process_was_killed_is_taken_up_and_pays_once_on_postgresql() {
    is_taken_up(Some(fresh_database().await)).await;
}

async fn is_taken_up(database: Option<Database>) {
    let url = database.as_ref().map(|it| it.url.as_str());
    let folder = tempfile::tempdir().unwrap();
    let port = {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        listener.local_addr().unwrap().port()
    };
    let order = json!({
        "type": "direct", "order_id": "killed", "gateway": "CREDITCARD", "currency": "EUR",
        "amount": 1000, "description": "x", "customer": { "user_agent": "x", "locale": "nl" },
        "gateway_info": { "card_number": VISA, "card_expiry_date": "3012", "card_cvc": "123" },
    });
    let process = Process::start(port, folder.path(), url).await;
    let fault = json!({ "fault": "delay", "ms": 5000, "types": ["0100"] }).to_string();
    let fault = send(process.request("/test/faults").body(fault)).await.unwrap();
    assert_eq!(fault.status, 200);
    let keyed = |process: &Process| {
        let request = process.request("/v1/json/orders").header("Idempotency-Key", "killed");
        request.body(order.to_string())
    };
    let call = tokio::spawn(send(keyed(&process)));
    tokio::time::sleep(Duration::from_millis(1500)).await;
    assert_eq!(send(keyed(&process)).await.unwrap().status, 409, "it is under way");
    drop(process);
    assert!(call.await.unwrap().is_err(), "the process was killed before it could answer");

    let process = Process::start(port, folder.path(), url).await;
    if let Some(url) = url {
        // Another process could still have it, until its lease has ended.
        assert_eq!(send(keyed(&process)).await.unwrap().status, 409);
        let time = connect(url).await.unwrap();
        for table in ["idempotency SET lease_until = 1", "advices SET due_at = 1"] {
            time.execute(&format!("UPDATE {table}"), &[]).await.unwrap();
        }
    }
    // The order was opened, and its outcome was lost with the process: nobody pays for it.
    let reply = send(keyed(&process)).await.unwrap();
    let get = || async {
        let client = reqwest::Client::new();
        let order = send(client.get(format!("{}/v1/json/orders/killed", process.base)));
        order.await.unwrap().json()
    };
    match reply.json() {
        body if body["success"] == true => assert_eq!(body["data"]["status"], "initialized"),
        body => assert_eq!((reply.status, &body["error_code"]), (200, &json!(1024)), "{body}"),
    }
    let begun = Instant::now();
    while get().await["data"]["status"] != "declined" {
        assert!(begun.elapsed() < Duration::from_secs(30), "{}", get().await);
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert_eq!(send(keyed(&process)).await.unwrap(), reply);
}

#[tokio::test]
async fn of_many_refunds_with_one_key_one_is_made_on_sqlite() {
    one_refund(World::sqlite().await).await;
}

#[tokio::test]
async fn of_many_refunds_with_one_key_one_is_made_on_postgresql() {
    one_refund(World::postgres().await).await;
}

/// Also when each process thinks that the other one is dead.
async fn one_refund(world: World) {
    let settings = [("three_ds.policy", json!("never")), ("refund_settlement", json!("at_once"))];
    world.set(&settings).await;
    world.create(&world.order("paid", VISA)).await;
    world.captured("paid", 2599).await;
    let gateway = world.gateway().clone();
    let site = gateway.directory.sites()[0].clone();
    let path = "/v1/json/orders/paid/refunds";
    let body = json!({ "currency": "EUR", "amount": 100, "description": "back" });
    let hash = gateway.vault.request_hash("POST", path, body.to_string().as_bytes());
    let now = gateway.now() - 120_000;
    let lease_until = now + 60_000;
    let begin =
        BeginRequest { site_id: site.id, key: "once", request_hash: hash, now, lease_until };
    let _ = gateway.store.begin_request(begin).await.unwrap();
    // A process that made the change and died before it could answer.
    let record = gateway.load_by_order_id(&site, "paid").await.unwrap().unwrap();
    let answered = AnsweredRequest { key: "once".to_owned(), status: 200, body: "{}".to_owned() };
    let words = florin_core::trail::RefundWords::default();
    let answer = |_: &_| Some(answered.clone());
    let made = gateway.refund(record.clone(), Some(100), words.clone(), &answer).await.unwrap();
    assert!(matches!(made, Changed::Done(_)), "{made:?}");
    let calls = (0..20).map(|_| tokio::spawn(send(world.keyed("once", path, &body))));
    for call in calls.collect::<Vec<_>>() {
        let reply = call.await.unwrap().unwrap();
        assert_eq!((reply.status, reply.body), (200, b"{}".to_vec()));
    }
    // It comes back to life, reads the order anew, and would do it again, under another amount
    // so that no rule about slips is in the way.
    let record = gateway.load_by_order_id(&site, "paid").await.unwrap().unwrap();
    let again = gateway.refund(record, Some(99), words, &answer).await;
    assert!(again.is_err(), "{again:?}");
    let related = world.get("paid").await["related_transactions"].as_array().map(Vec::len);
    assert_eq!(related, Some(1), "one refund");
}

#[tokio::test]
async fn a_request_that_was_forgotten_is_answered_by_the_order_that_it_opened() {
    let world = World::sqlite().await;
    world.set(&[("three_ds.policy", json!("never"))]).await;
    let order = world.order("opened", VISA);
    let first = world.create_with("key", &order).await;
    assert_eq!(first.json()["data"]["status"], "completed");
    // As after a fault that came when the order was there already.
    let file = rusqlite::Connection::open(world.folder.path().join("florin.sqlite")).unwrap();
    file.busy_timeout(Duration::from_secs(5)).unwrap();
    let forget = || assert_eq!(file.execute("DELETE FROM idempotency", []).unwrap(), 1);
    forget();
    let again = world.create_with("key", &order).await.json();
    for member in ["order_id", "transaction_id", "status", "amount"] {
        assert_eq!(again["data"][member], first.json()["data"][member], "{again}");
    }
    world.captured("opened", 2599).await;
    // It is the request that opened it which counts, and not its key.
    forget();
    let mut other = order.clone();
    other["amount"] = json!(1);
    let refused = world.create_with("key", &other).await;
    assert_eq!((refused.status, refused.json()["error_code"].clone()), (404, json!(1006)));
}

#[tokio::test]
async fn a_request_that_was_forgotten_makes_nothing_anew_of_an_order_that_was_begun_anew() {
    let world = World::sqlite().await;
    let mut order = world.order("anew", VISA);
    order["type"] = json!("redirect");
    let first = world.create_with("key-1", &order).await.json();
    order["description"] = json!("the same once more");
    let second = world.create_with("key-2", &order).await.json();
    assert_ne!(first["data"]["session_id"], second["data"]["session_id"], "begun anew");
    // As after faults that came when the order was there already.
    let file = rusqlite::Connection::open(world.folder.path().join("florin.sqlite")).unwrap();
    file.busy_timeout(Duration::from_secs(5)).unwrap();
    assert_eq!(file.execute("DELETE FROM idempotency", []).unwrap(), 2);
    order["description"] = world.order("anew", VISA)["description"].clone();
    let again = world.create_with("key-1", &order).await.json();
    assert_eq!(again["data"]["session_id"], second["data"]["session_id"], "{again}");
}

#[tokio::test]
async fn a_request_that_was_taken_over_is_answered_by_what_it_made_and_nothing_else() {
    let world = World::sqlite().await;
    let gateway = world.gateway().clone();
    let site_id = gateway.store.sites().await.unwrap()[0].id;
    let vanished = |key: &'static str, order: &Value| {
        let body = order.to_string();
        let hash = gateway.vault.request_hash("POST", "/v1/json/orders", body.as_bytes());
        let now = gateway.now() - 120_000;
        let lease_until = now + 60_000;
        let begin = BeginRequest { site_id, key, request_hash: hash, now, lease_until };
        let gateway = gateway.clone();
        async move {
            let begun = gateway.store.begin_request(begin).await.unwrap();
            assert_eq!(begun, florin::store::Begun::New);
        }
    };
    // It had come nowhere: it is done now.
    let order = world.order("nowhere", VISA);
    vanished("nowhere", &order).await;
    let reply = world.create_with("nowhere", &order).await;
    assert_eq!(reply.json()["data"]["status"], "completed");
    assert_eq!(world.create_with("nowhere", &order).await, reply);
    // The id was taken by somebody else.
    let order = world.order("taken", VISA);
    let (_, paid) = world.create(&order).await;
    assert_eq!(paid["data"]["status"], "completed");
    vanished("taken", &order).await;
    let reply = world.create_with("taken", &order).await;
    assert_eq!((reply.status, reply.json()["error_code"].clone()), (404, json!(1006)));
}

#[tokio::test]
async fn an_increment_whose_process_was_lost_is_not_asked_for_again() {
    let world = World::sqlite().await;
    world.set(&[("three_ds.policy", json!("never"))]).await;
    let mut held = world.order("more", VISA);
    held["capture"] = json!("manual");
    world.create(&held).await;
    world.fault(json!({ "fault": "delay", "ms": 900, "types": ["0100"] })).await;
    let (path, body) = ("/v1/json/orders/more/increment", json!({ "amount": 1001 }));
    let call = tokio::spawn(send(world.keyed("more", path, &body)));
    let gateway = world.gateway().clone();
    let site_id = gateway.store.sites().await.unwrap()[0].id;
    let hash = gateway.vault.request_hash("POST", path, body.to_string().as_bytes());
    // Whoever comes after the lease of a process that is gone.
    let later = async || {
        let now = gateway.now() + 120_000;
        let lease_until = now + 60_000;
        let begin = BeginRequest { site_id, key: "more", request_hash: hash, now, lease_until };
        gateway.store.begin_request(begin).await.unwrap()
    };
    let asked = || async {
        let site = gateway.directory.sites().remove(0);
        let record = gateway.load_by_order_id(&site, "more").await.unwrap().unwrap();
        record.version > 2
    };
    eventually("the increment is on its way", asked).await;
    let begun = later().await;
    let florin::store::Begun::Answered { status, body: told } = begun else { panic!("{begun:?}") };
    let told: Value = serde_json::from_str(&told).unwrap();
    assert_eq!((status, &told["error_code"]), (409, &json!(1000)), "{told}");
    assert_eq!(call.await.unwrap().unwrap().status, 200);
    assert_eq!(send(world.keyed("more", path, &body)).await.unwrap().status, 409);
    let remains = world.get("more").await["payment_details"]["capture_remain"].clone();
    assert_eq!(remains, 3600, "once");
}

/// Found by a storm: two processes whose clocks differ take each other for dead, and each makes what
/// the other one is about to make.
#[tokio::test(flavor = "multi_thread")]
async fn a_request_that_two_processes_make_at_once_makes_one_thing() {
    let kek = (
        "FLORIN_VAULT__KEK_HEX",
        "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff",
    );
    let database = fresh_database().await;
    let url = database.url.clone();
    let late = World::days_ago_with(1, Some(database), &[kek]).await;
    let second = World::start(None, &[kek, ("FLORIN_DATABASE_URL", &url)]).await;
    let mut made_twice = 0;
    for number in 0..40 {
        let order = late.offered(&format!("page-{number}"));
        let key = format!("key-{number}");
        let calls = (late.create_with(&key, &order), second.create_with(&key, &order));
        let (first, other) = tokio::join!(calls.0, calls.1);
        if (first.status, other.status) == (200, 200) {
            let sessions = [first, other].map(|it| it.json()["data"]["session_id"].clone());
            assert_eq!(sessions[0], sessions[1], "page-{number}");
            made_twice += 1;
        }
    }
    assert!(made_twice > 0, "nothing was made by both");
}

/// Who sends a request under another key wants it done once more.
#[tokio::test]
async fn another_key_is_another_request() {
    let world = World::sqlite().await;
    let order = world.offered("tea");
    let first = world.create_with("first", &order).await.json();
    let second = world.create_with("second", &order).await.json();
    assert_eq!((&first["success"], &second["success"]), (&json!(true), &json!(true)));
    assert_ne!(first["data"]["session_id"], second["data"]["session_id"]);
}
