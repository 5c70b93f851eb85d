//! After a run of every card no number and no code lies in the clear: not in the database, its
//! log, the simulator's journal, nor in anything the gateway printed.

use std::process::{Command, Stdio};

use florin::vault::leak_scan::find_number;
use serde_json::{Value, json};

use crate::world::World;

const ROWS: &str = include_str!("../../testdata/test-cards.json");
/// A code that no other number of a run is likely to contain.
const CODE: &str = "739";

#[tokio::test]
async fn no_number_is_in_clear_in_any_file() {
    let world = World::sqlite().await;
    let rows: Vec<Value> = serde_json::from_str(ROWS).unwrap();
    let numbers: Vec<&str> = rows.iter().filter_map(|row| row["number"].as_str()).collect();
    for (index, number) in numbers.iter().enumerate() {
        let mut order = world.order(&format!("scan-{index}"), number);
        order["gateway_info"]["card_cvc"] =
            json!(if number.starts_with('3') { "7391" } else { CODE });
        // Stored for later as well: a token has its own copy of the number.
        order["recurring_model"] = json!("cardOnFile");
        let (status, answer) = world.create(&order).await;
        assert_eq!(status, 200, "{answer}");
    }
    let files = |folder: &std::path::Path| -> Vec<(String, Vec<u8>)> {
        let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
        let files = entries.filter(|path| path.is_file());
        files.map(|path| (path.display().to_string(), std::fs::read(&path).unwrap())).collect()
    };
    let mut found = files(world.folder.path());
    assert!(
        found.iter().any(|(name, _)| name.ends_with("-wal")),
        "the log is there to be searched"
    );
    let folder = world.stop().await;
    found.extend(files(folder.path()));
    assert!(found.iter().any(|(name, bytes)| name.ends_with(".sqlite") && bytes.len() > 10_000));
    for (name, bytes) in &found {
        for number in &numbers {
            assert_eq!(find_number(bytes, number), Vec::new(), "{number} in {name}");
        }
    }
}

#[tokio::test]
async fn the_log_of_a_loud_gateway_names_no_card() {
    let folder = tempfile::tempdir().unwrap();
    let log = std::fs::File::create(folder.path().join("log")).unwrap();
    let child = Command::new(env!("CARGO_BIN_EXE_florin"))
        .args(["serve", "--listen", "127.0.0.1:0", "--data"])
        .arg(folder.path().join("data"))
        .env("FLORIN_LOG__FILTER", "trace")
        .env("FLORIN_TEST_API_KEY", crate::world::API_KEY)
        .stdout(Stdio::piped())
        .stderr(log)
        .spawn()
        .unwrap();
    let mut child = Killed(child);
    let base = {
        use std::io::BufRead;
        let lines = std::io::BufReader::new(child.0.stdout.take().unwrap()).lines();
        let line = lines.map(Result::unwrap).find(|line| line.contains("/v1/json/")).unwrap();
        let url = line.split_whitespace().last().unwrap().to_owned();
        url.trim_end_matches("/v1/json/").to_owned()
    };
    let http = reqwest::Client::new();
    for number in ["4111111111111111", "4000050000000007", "4111111111111112"] {
        let order = json!({
            "type": "direct", "order_id": format!("log-{}", &number[number.len() - 7..]), "gateway": "CREDITCARD",
            "currency": "EUR", "amount": 100, "description": "x",
            "gateway_info": { "card_number": number, "card_expiry_date": "3012", "card_cvc": CODE },
        });
        let request =
            http.post(format!("{base}/v1/json/orders")).header("api_key", crate::world::API_KEY);
        assert_eq!(request.body(order.to_string()).send().await.unwrap().status(), 200);
    }
    drop(child);
    let log = std::fs::read(folder.path().join("log")).unwrap();
    assert!(log.len() > 1000, "a loud log says something");
    for number in ["4111111111111111", "4000050000000007", "4111111111111112"] {
        assert_eq!(find_number(&log, number), Vec::new());
    }
}

/// A process that does not outlive its test, however that ends.
struct Killed(std::process::Child);

impl Drop for Killed {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}
