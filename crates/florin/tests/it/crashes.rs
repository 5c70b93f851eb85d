//! The real process is killed at random under load: what was acknowledged is kept, nothing is
//! captured twice, and no hold is left without an owner.

use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::postgres::fresh_database;
use crate::world::{API_KEY, VISA};

const SHOPS: usize = 8;
/// Leases of a process that is gone end within this time.
const SETTLE_WAIT: Duration = Duration::from_secs(100);

struct Process {
    child: Child,
    base: String,
}

impl Process {
    async fn start(port: u16, folder: &std::path::Path, more: &[(String, String)]) -> Process {
        let mut command = Command::new(env!("CARGO_BIN_EXE_florin"));
        command
            .args(["serve", "--listen", &format!("127.0.0.1:{port}"), "--data"])
            .arg(folder)
            .env("FLORIN_TEST_API_KEY", API_KEY)
            .env("FLORIN_LOG__FILTER", "error")
            .envs(more.iter().cloned())
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        let process =
            Process { child: command.spawn().unwrap(), base: format!("http://127.0.0.1:{port}") };
        let begun = Instant::now();
        while get(&process.base, "/health/ready").await.is_none_or(|it| it["status"] != "ready") {
            assert!(begun.elapsed() < Duration::from_secs(60), "the gateway does not come up");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        process
    }

    fn kill(&mut self) {
        // SIGKILL on this platform: no handler runs.
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

async fn get(base: &str, path: &str) -> Option<Value> {
    let request = reqwest::Client::new().get(format!("{base}{path}")).header("api_key", API_KEY);
    let answer = request.timeout(Duration::from_secs(20)).send().await.ok()?;
    serde_json::from_slice(&answer.bytes().await.ok()?).ok()
}

fn free_port() -> u16 {
    std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

/// Orders that were sent, and the status that the shop was told, if it was.
type Told = Arc<Mutex<Vec<(String, Option<String>)>>>;

async fn trade(bases: Arc<Mutex<Vec<String>>>, shop: usize, told: Told, stop: Instant) {
    let http = reqwest::Client::builder().timeout(Duration::from_secs(10)).build().unwrap();
    let mut number = 0;
    while Instant::now() < stop {
        number += 1;
        let id = format!("crash-{shop}-{number}");
        let base = {
            let bases = bases.lock().unwrap();
            bases[number % bases.len()].clone()
        };
        let order = json!({
            "type": "direct", "order_id": id, "gateway": "VISA", "currency": "EUR",
            "amount": 1000, "description": "x", "customer": { "user_agent": "x", "locale": "nl" },
            "gateway_info": { "card_number": VISA, "card_expiry_date": "3012", "card_cvc": "123" },
        });
        let request = http.post(format!("{base}/v1/json/orders")).header("api_key", API_KEY);
        let answer = match request.body(order.to_string()).send().await {
            Ok(answer) => answer.bytes().await.ok(),
            Err(_) => None,
        };
        let status = answer.and_then(|bytes| {
            let answer: Value = serde_json::from_slice(&bytes).ok()?;
            match (&answer["success"], &answer["error_code"]) {
                (Value::Bool(true), _) => answer["data"]["status"].as_str().map(str::to_owned),
                (_, code) if *code == 1024 => Some("declined".to_owned()),
                _ => None,
            }
        });
        let failed = status.is_none();
        told.lock().unwrap().push((id, status));
        if failed {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
}

/// Compares what shops were told, what GET says, and the host's books; tries again while leases
/// of killed processes run out.
async fn audit(base: &str, told: &Told) {
    let told = told.lock().unwrap().clone();
    let acknowledged = told.iter().filter(|(_, status)| status.is_some()).count();
    assert!(acknowledged > 20, "the load reached the gateway: {acknowledged} of {}", told.len());
    let begun = Instant::now();
    loop {
        let faults = faults(base, &told).await;
        if faults.is_empty() {
            return;
        }
        assert!(begun.elapsed() < SETTLE_WAIT, "after {} orders: {faults:#?}", told.len());
        tokio::time::sleep(Duration::from_secs(2)).await;
    }
}

async fn faults(base: &str, told: &[(String, Option<String>)]) -> Vec<String> {
    let books = get(base, "/test/host").await.unwrap();
    let books = books["data"].as_array().unwrap();
    let mut faults = Vec::new();
    for (id, said) in told {
        let answer = get(base, &format!("/v1/json/orders/{id}")).await.unwrap();
        let status = answer["data"]["status"].as_str();
        let entries: Vec<&Value> =
            books.iter().filter(|it| it["order_id"] == id.as_str()).collect();
        let captured: i64 = entries.iter().filter_map(|it| it["captured"].as_i64()).sum();
        let held: i64 = entries.iter().filter_map(|it| it["held"].as_i64()).sum();
        if said.is_some() && status != said.as_deref() {
            faults.push(format!("{id}: told {said:?}, now {status:?}"));
        }
        let expected = if status == Some("completed") { 1000 } else { 0 };
        if captured != expected || held != 0 {
            faults.push(format!("{id}: {status:?}, but captured {captured}, held {held}"));
        }
        if status == Some("initialized") {
            faults.push(format!("{id} has no outcome"));
        }
        if status.is_none() && !entries.is_empty() {
            faults.push(format!("{id} is in the books and not in the store"));
        }
    }
    faults
}

#[tokio::test(flavor = "multi_thread")]
async fn kills_lose_nothing_and_double_nothing_on_sqlite() {
    let folder = tempfile::tempdir().unwrap();
    let (port, told) = (free_port(), Told::default());
    let bases = Arc::new(Mutex::new(vec![format!("http://127.0.0.1:{port}")]));
    let mut process = Process::start(port, folder.path(), &[]).await;
    for round in 0..10_u64 {
        let stop = Instant::now() + Duration::from_millis(400 + round * 37);
        let shops: Vec<_> = (0..SHOPS)
            .map(|shop| {
                let shop = shop + SHOPS * usize::try_from(round).unwrap();
                tokio::spawn(trade(bases.clone(), shop, told.clone(), stop))
            })
            .collect();
        tokio::time::sleep(Duration::from_millis(150 + round * 31)).await;
        process.kill();
        for shop in shops {
            shop.await.unwrap();
        }
        process = Process::start(port, folder.path(), &[]).await;
    }
    audit(&process.base, &told).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn one_of_two_processes_on_one_postgresql_may_die() {
    let (database, folder) = (fresh_database().await, tempfile::tempdir().unwrap());
    let kek = "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff";
    let token = "a-token-that-the-tests-share";
    let (sim_port, host_port) = (free_port(), free_port());
    let setting = |name: &str, value: String| (format!("FLORIN_{name}"), value);
    let common = vec![
        setting("DATABASE_URL", database.url.clone()),
        setting("VAULT__KEK_HEX", kek.to_owned()),
        setting("SIMULATOR__TOKEN", token.to_owned()),
    ];
    let mut first = common.clone();
    first.push(setting("SIMULATOR__HOST_LISTEN", format!("127.0.0.1:{host_port}")));
    let mut second = common.clone();
    second.extend([
        setting("SIMULATOR__ENABLED", "false".to_owned()),
        setting("SIMULATOR__URL", format!("http://127.0.0.1:{sim_port}/sim")),
        setting("SIMULATOR__HOST", format!("127.0.0.1:{host_port}")),
    ]);
    // The first process carries the simulator and lives; the second one is killed again and again.
    let keeper = Process::start(sim_port, &folder.path().join("a"), &first).await;
    let port = free_port();
    let mut victim = Process::start(port, &folder.path().join("b"), &second).await;
    let told = Told::default();
    let bases = Arc::new(Mutex::new(vec![keeper.base.clone(), victim.base.clone()]));
    for round in 0..5_u64 {
        let stop = Instant::now() + Duration::from_millis(700);
        let shops: Vec<_> = (0..SHOPS)
            .map(|shop| {
                let shop = shop + SHOPS * usize::try_from(round).unwrap();
                tokio::spawn(trade(bases.clone(), shop, told.clone(), stop))
            })
            .collect();
        tokio::time::sleep(Duration::from_millis(200 + round * 61)).await;
        victim.kill();
        for shop in shops {
            shop.await.unwrap();
        }
        victim = Process::start(port, &folder.path().join("b"), &second).await;
    }
    // What the dead left behind is taken over once its time is up; the clock shortens the wait.
    let request = reqwest::Client::new().post(format!("{}/test/clock/advance", keeper.base));
    request.header("api_key", API_KEY).body(r#"{"seconds":120}"#).send().await.unwrap();
    audit(&keeper.base, &told).await;
}
