//! `florin risk`, `florin block` and `florin review`, beside a gateway that runs.

use std::io::Write;
use std::process::{Output, Stdio};

use serde_json::{Value, json};

use super::{Data, Server, call, complained, eventually, florin, order, said, succeed};

const KEY: &str = "a-key-for-risk-commands";
const VISA: &str = "4111111111111111";
const SITE: [&str; 2] = ["--site", "20001"];
const ACCOUNT: [&str; 2] = ["--account", "10000001"];

impl Data {
    fn command(&self, arguments: &[&str]) -> String {
        succeed(&[arguments, &["--data", self.text()]].concat())
    }

    fn refused(&self, arguments: &[&str]) -> String {
        super::fail(&[arguments, &["--data", self.text()]].concat())
    }

    /// Gives the command a card number, as an operator would paste it.
    fn with_card(&self, arguments: &[&str], number: &str) -> Output {
        let mut child = florin()
            .args(arguments)
            .args(["--card-number-stdin", "--data", self.text()])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        child.stdin.take().unwrap().write_all(number.as_bytes()).unwrap();
        child.wait_with_output().unwrap()
    }
}

/// Where the gateway listens.
fn address(server: &Server) -> String {
    server.told("API        ").trim_end_matches("/v1/json/").to_owned()
}

/// Creates orders until one of them ends as expected: the gateway notices within a second.
fn becomes(url: &str, name: &str, status: &str) -> String {
    becomes_from(url, name, status, None)
}

fn becomes_from(url: &str, name: &str, status: &str, ip: Option<&str>) -> String {
    let mut number = 0;
    eventually(status, || {
        number += 1;
        let id = format!("{name}-{number}");
        let mut order = order(&id);
        if let Some(ip) = ip {
            order["customer"]["ip_address"] = json!(ip);
        }
        let (_, answer) = call("POST", &format!("{url}/v1/json/orders"), KEY, Some(&order));
        let found = match answer["error_code"].as_i64() {
            Some(1024) => "declined",
            Some(_) => panic!("{answer}"),
            None => answer["data"]["status"].as_str().unwrap(),
        };
        (found == status).then_some(id)
    })
}

#[test]
fn rules_and_block_lists_change_what_a_running_gateway_does() {
    let data = Data::new();
    let server = data.serve(&[("FLORIN_TEST_API_KEY", KEY)]);
    let url = address(&server);
    let set = |whose: &[&str], change: &str| {
        data.command(&[&["risk", "set"], whose, &[change]].concat());
    };
    data.site(&["set", "20001", "three_ds.policy=never"]);
    becomes(&url, "passes", "completed");

    // The account says one thing, its site another; both are shown with who said it.
    set(&ACCOUNT, "unusable_ip.weight=6");
    becomes(&url, "held", "uncleared");
    set(&SITE, "unusable_ip.weight=1");
    becomes(&url, "site", "completed");
    let shown = data.command(&["risk", "show", "20001"]);
    let line = shown.lines().find(|line| line.contains("unusable_ip.weight")).unwrap();
    assert!(line.contains("=1") && line.ends_with("# site"), "{shown}");
    assert!(shown.contains("no table (risk.ip_countries)"), "{shown}");
    set(&SITE, "unusable_ip.weight=null");
    becomes(&url, "account", "uncleared");
    // A site that is made later starts from what the account says.
    data.site(&["create", "--name", "Second"]);
    let shown = data.command(&["risk", "show", "20002"]);
    let line = shown.lines().find(|line| line.contains("unusable_ip.weight")).unwrap();
    assert!(line.contains("=6") && line.ends_with("# account"), "{shown}");
    set(&ACCOUNT, "unusable_ip.weight=null");
    becomes(&url, "default", "completed");

    for bad in ["weather.weight=1", "limit_ip=5000", "blocked={}", "high_risk=[\"Nowhere\"]"] {
        let error = data.refused(&["risk", "set", "--site", "20001", bad]);
        assert!(!error.is_empty(), "{bad}");
    }
    let error = data.no_site(&["set", "20001", "risk={}"]);
    assert!(error.contains("florin risk"), "{error}");

    for (name, what) in [
        ("email", ["--email", "Ada@SHOP.example"]),
        ("bin", ["--bin", "411111"]),
        ("ip", ["--ip", "203.0.113.0/24"]),
    ] {
        data.command(&[&["block", "add"], &SITE[..], &what].concat());
        let ip = Some("203.0.113.9");
        becomes_from(&url, &format!("blocked-{name}"), "declined", ip);
        let listed = data.command(&[&["block", "list"], &SITE[..]].concat());
        assert!(listed.contains(name), "{listed}");
        data.command(&[&["block", "remove"], &SITE[..], &what].concat());
        becomes_from(&url, &format!("free-{name}"), "completed", ip);
        let error = data.refused(&[&["block", "remove"], &SITE[..], &what].concat());
        assert!(error.contains("not on the list"), "{error}");
    }
}

#[test]
fn a_card_is_blocked_without_its_number_being_told_anywhere() {
    let data = Data::new();
    let server = data.serve(&[("FLORIN_TEST_API_KEY", KEY)]);
    let url = address(&server);
    data.site(&["set", "20001", "three_ds.policy=never"]);
    becomes(&url, "passes", "completed");
    let add = [&["block", "add"], &ACCOUNT[..]].concat();
    let output = data.with_card(&add, "4111 1111 1111 1111\n");
    assert!(output.status.success(), "{}", complained(&output));
    let id = becomes(&url, "blocked", "declined");
    let (_, answer) = call("GET", &format!("{url}/v1/json/orders/{id}"), KEY, None);
    assert_eq!(answer["data"]["reason"], "Declined by Florin", "{answer}");
    let listed = data.command(&[&["block", "list"], &ACCOUNT[..]].concat());
    assert!(listed.contains("…1111"), "{listed}");
    let shown = data.command(&["review", "show", &id]);
    assert!(shown.contains("blocked_card"), "{shown}");
    for text in [said(&output), complained(&output), listed, shown] {
        assert!(!text.contains("41111111"), "{text}");
    }
    // What is no number is not repeated.
    let output = data.with_card(&add, "4111111111111112");
    assert!(!output.status.success());
    assert!(!complained(&output).contains("4111"), "{}", complained(&output));
    let error = data.refused(&[&add[..], &["--bin", VISA]].concat());
    assert!(!error.contains("4111"), "{error}");
    let output = data.with_card(&[&["block", "remove"], &ACCOUNT[..]].concat(), VISA);
    assert!(output.status.success(), "{}", complained(&output));
    becomes(&url, "free", "completed");
}

#[test]
fn held_payments_are_listed_and_decided_on() {
    let data = Data::new();
    let server = data.serve(&[("FLORIN_TEST_API_KEY", KEY)]);
    let url = address(&server);
    data.site(&["set", "20001", "three_ds.policy=never"]);
    data.command(&["risk", "set", "--site", "20001", "unusable_ip.weight=7"]);
    let merchant = becomes(&url, "merchant", "uncleared");
    data.command(&["risk", "set", "--site", "20001", "unusable_ip.weight=8"]);
    let risk = {
        let score = |id: &str| {
            let (_, answer) = call("GET", &format!("{url}/test/risk/{id}"), KEY, None);
            answer["data"]["score"].clone()
        };
        let mut number = 0;
        eventually("the new weight counts", || {
            number += 1;
            let id = becomes(&url, &format!("risk-{number}"), "uncleared");
            (score(&id) == 9).then_some(id)
        })
    };
    let list = data.command(&["review", "list"]);
    for (id, words) in [(&merchant, "score 8  merchant decides"), (&risk, "score 9  Risk decides")]
    {
        let line = list.lines().find(|line| line.contains(id.as_str())).expect(id);
        assert!(line.contains("EUR") && line.contains(words), "{list}");
    }
    let shown = data.command(&["review", "show", &merchant, "--site", "20001"]);
    assert!(shown.contains("+7  unusable_ip: "), "{shown}");
    assert!(shown.contains("merchant decides until"), "{shown}");
    assert!(!shown.contains(VISA), "{shown}");

    let error = data.refused(&["review", "accept", &risk, "--as", "merchant"]);
    assert!(error.contains("Risk department"), "{error}");
    let done = data.command(&["review", "accept", &risk]);
    assert!(done.contains("completed"), "{done}");
    let done = data.command(&["review", "decline", &merchant, "--as", "merchant"]);
    assert!(done.contains("void"), "{done}");
    let shown = data.command(&["review", "show", &merchant]);
    assert!(shown.contains("review declined by merchant"), "{shown}");
    let shown = data.command(&["review", "show", &risk]);
    assert!(shown.contains("review accepted by risk"), "{shown}");
    let error = data.refused(&["review", "accept", &merchant]);
    assert!(error.contains("void"), "{error}");
    let books = eventually("both are settled at the host", || {
        let (_, books) = call("GET", &format!("{url}/test/host"), KEY, None);
        let entry = |id: &str| {
            let mut entries = books["data"].as_array().unwrap().iter();
            entries.find(|it| it["order_id"] == id).cloned().unwrap_or_default()
        };
        let both = (entry(&risk)["captured"].clone(), entry(&merchant)["reversed"].clone());
        (both == (json!(1000), json!(1000))).then_some(books)
    });
    assert!(books != Value::Null);
    // Without a gateway a decision waits for one.
    let late = becomes(&url, "late", "uncleared");
    drop(server);
    let told = data.command(&["review", "accept", &late]);
    assert!(told.contains("waits for a gateway"), "{told}");
    let server = data.serve(&[("FLORIN_TEST_API_KEY", KEY)]);
    let url = address(&server);
    let accepted = eventually("the decision is taken up", || {
        let (_, answer) = call("GET", &format!("{url}/v1/json/orders/{late}"), KEY, None);
        (answer["data"]["status"] == "completed").then_some(answer)
    });
    assert_eq!(accepted["data"]["financial_status"], "completed");
}
