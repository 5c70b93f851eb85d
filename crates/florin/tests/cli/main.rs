//! The commands of the binary, run as an operator runs them.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that cannot go on fails")]

mod chargebacks;
mod ledger;
mod listen;
mod logs;
mod notifications;
mod page_check;
#[path = "../support/postgres.rs"]
#[allow(dead_code, reason = "other tests use more of it")]
mod postgres;
mod risk;
mod trigger;

use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use postgres::{Database, fresh_database};
use serde_json::{Value, json};

const PATIENCE: Duration = Duration::from_secs(20);
const README: &str = include_str!("../../../../README.md");

/// The binary with none of this process's own settings.
fn florin() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_florin"));
    for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("FLORIN_")) {
        command.env_remove(name);
    }
    command
}

fn run(arguments: &[&str]) -> Output {
    florin().args(arguments).output().unwrap()
}

fn said(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

fn complained(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

/// What a command prints; it has to succeed.
fn succeed(arguments: &[&str]) -> String {
    let output = run(arguments);
    assert!(output.status.success(), "{arguments:?}: {}", complained(&output));
    said(&output)
}

/// What a command complains of; it has to fail, and to print nothing else.
fn fail(arguments: &[&str]) -> String {
    let output = run(arguments);
    assert!(!output.status.success(), "{arguments:?}: {}", said(&output));
    assert_eq!(said(&output), "", "{arguments:?}");
    complained(&output)
}

/// A program that runs until it is dropped, and what it has printed up to a line.
struct Server {
    child: Child,
    greeting: String,
}

impl Server {
    fn start(command: &mut Command, until: &str) -> Server {
        let mut child = command
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .stdin(Stdio::null())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let mut greeting = String::new();
        while !greeting.contains(until) {
            let line = lines.next().expect("it ended before it was ready").unwrap();
            greeting.push_str(&line);
            greeting.push('\n');
        }
        // The rest may be printed to nobody.
        Server { child, greeting }
    }

    /// The first word after `label` in what was printed.
    fn told(&self, label: &str) -> String {
        let (_, rest) = self.greeting.split_once(label).unwrap();
        rest.split_whitespace().next().unwrap().to_owned()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A folder for data, named as an option, and a database where the folder has none.
struct Data {
    _folder: tempfile::TempDir,
    path: PathBuf,
    database: Option<Database>,
}

impl Data {
    fn new() -> Data {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("data");
        Data { _folder: folder, path, database: None }
    }

    fn on_postgres() -> Data {
        let database = tokio::runtime::Runtime::new().unwrap().block_on(fresh_database());
        Data { database: Some(database), ..Data::new() }
    }

    /// The binary, told where the database is.
    fn florin(&self) -> Command {
        let mut command = florin();
        command.envs(self.database.as_ref().map(|it| ("FLORIN_DATABASE_URL", &it.url)));
        command
    }

    /// Runs a command on the data.
    fn run(&self, arguments: &[&str]) -> Output {
        self.florin().args(arguments).args(["--data", self.text()]).output().unwrap()
    }

    fn text(&self) -> &str {
        self.path.to_str().unwrap()
    }

    fn site(&self, arguments: &[&str]) -> String {
        succeed(&self.with(arguments))
    }

    fn no_site(&self, arguments: &[&str]) -> String {
        fail(&self.with(arguments))
    }

    fn with<'a>(&'a self, arguments: &[&'a str]) -> Vec<&'a str> {
        [&["site"], arguments, &["--data", self.text()]].concat()
    }

    fn account<'a>(&'a self, arguments: &[&'a str]) -> Vec<&'a str> {
        [&["account"], arguments, &["--data", self.text()]].concat()
    }

    fn serve(&self, more: &[(&str, &str)]) -> Server {
        self.serve_at("127.0.0.1:0", more)
    }

    fn serve_at(&self, listen: &str, more: &[(&str, &str)]) -> Server {
        let mut command = self.florin();
        command.args(["serve", "--listen", listen, "--data", self.text()]);
        Server::start(command.envs(more.iter().copied()), "Stop with Ctrl-C.")
    }
}

/// Status and body of a call.
fn call(method: &str, url: &str, key: &str, body: Option<&Value>) -> (u16, Value) {
    let (method, url, key) = (method.parse().unwrap(), url.to_owned(), key.to_owned());
    let body = body.map(Value::to_string);
    tokio::runtime::Runtime::new().unwrap().block_on(async move {
        let http = reqwest::Client::builder().no_proxy().timeout(PATIENCE).build().unwrap();
        let mut request = http.request(method, url).header("api_key", key);
        if let Some(body) = body {
            request = request.header("content-type", "application/json").body(body);
        }
        let answer = request.send().await.unwrap();
        let status = answer.status().as_u16();
        (status, serde_json::from_slice(&answer.bytes().await.unwrap()).unwrap_or_default())
    })
}

fn eventually<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let begun = Instant::now();
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(begun.elapsed() < PATIENCE, "{what}");
        std::thread::sleep(Duration::from_millis(50));
    }
}

fn order(id: &str) -> Value {
    json!({
        "type": "direct", "order_id": id, "gateway": "CREDITCARD", "currency": "EUR",
        "amount": 1000, "description": "Order",
        "payment_options": {
            "notification_url": "http://127.0.0.1:9/", "redirect_url": "http://127.0.0.1:9/",
            "cancel_url": "http://127.0.0.1:9/",
        },
        "customer": { "locale": "nl_NL", "country": "NL", "email": "ada@shop.example" },
        "gateway_info": {
            "card_number": "4111111111111111", "card_holder_name": "A de Vries",
            "card_expiry_date": "3012", "card_cvc": "123",
        },
    })
}

fn settings_file(text: &str) -> (tempfile::TempDir, String) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("florin.toml");
    std::fs::write(&path, text).unwrap();
    let path = path.to_str().unwrap().to_owned();
    (folder, path)
}

#[test]
fn usable_settings_pass_the_check_and_it_leaves_nothing_behind() {
    let data = Data::new();
    assert_eq!(succeed(&["config", "check", "--data", data.text()]), "The settings can be used.\n");
    assert!(!data.path.exists());
}

#[test]
fn what_is_wrong_with_settings_is_named_without_its_value() {
    for (text, named) in [
        ("listne = \"127.0.0.1:1\"", "listne"),
        ("listen = \"secret-1\"", "listen"),
        ("[http]\nconnections_max = 0", "http.connections_max"),
        ("[acquirer]\nadress = \"secret-1:1\"", "adress"),
        ("[acquirer]\nmac_key = \"secret-1\"", "acquirer"),
        ("[three_ds]\nchallenge_timeout_ms = \"secret-1\"", "challenge_timeout_ms"),
        ("listen = ", "florin.toml"),
    ] {
        let (_folder, path) = settings_file(text);
        let error = fail(&["config", "check", "--config", &path]);
        assert!(error.contains(named), "{text}: {error}");
        assert!(!error.contains("secret-1"), "{text}: {error}");
    }
    assert!(fail(&["config", "check", "--config", "nowhere.toml"]).contains("nowhere.toml"));
}

#[test]
fn settings_are_printed_with_their_origin_and_without_secrets() {
    let (_folder, path) = settings_file("[log]\nfilter = \"warn\"\n[http]\nhead_wait_ms = 77");
    let output = florin()
        .args(["config", "print", "--config", &path, "--listen", "127.0.0.1:7777"])
        .env("FLORIN_LOG__FILTER", "debug")
        .env("FLORIN_VAULT__KEK_HEX", "ab".repeat(32))
        .env("FLORIN_TEST_API_KEY", "very-secret")
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", complained(&output));
    let printed = said(&output);
    let line = |name: &str| {
        let start = format!("{name} = ");
        printed.lines().find(|line| line.starts_with(&start)).unwrap().to_owned()
    };
    assert!(line("listen").contains("127.0.0.1:7777"));
    assert!(
        line("log.filter").contains("\"debug\"") && line("log.filter").contains("# FLORIN_LOG")
    );
    assert!(line("http.head_wait_ms").contains("77") && line("http.head_wait_ms").contains(&path));
    assert!(line("http.connections_max").ends_with("# default"));
    assert!(!printed.contains("abab") && !printed.contains("very-secret"), "{printed}");
    assert!(line("vault.kek_hex").contains("(hidden)"));
}

#[test]
fn a_site_is_made_shown_changed_and_its_keys_added_and_revoked() {
    let data = Data::new();
    let made = data.site(&["create", "--name", "Shop of Ada", "--mode", "live"]);
    let id = made.split_whitespace().nth(1).unwrap();
    let key = made.split_whitespace().last().unwrap();
    assert!(data.site(&["list"]).contains("Shop of Ada"));
    assert_eq!(data.site(&["key", id]), data.site(&["key", id, "--show"]));
    assert!(data.site(&["key", id]).contains(key));

    data.site(&["set", id, "three_ds.policy=dynamic", "three_ds.dynamic_from=3000"]);
    let shown = data.site(&["show", id]);
    assert!(shown.contains("live") && shown.contains("three_ds.policy=dynamic"), "{shown}");
    assert!(shown.contains("three_ds.dynamic_from=3000"), "{shown}");

    let second = data.site(&["key", id, "--add", "spare"]);
    assert_eq!(data.site(&["key", id]).lines().count(), 2);
    data.site(&["key", id, "--revoke", "1"]);
    let keys = data.site(&["key", id]);
    assert!(keys.lines().any(|line| line.contains("revoked") && line.contains(key)), "{keys}");
    assert!(
        keys.lines().any(|line| line.contains("active") && line.contains(second.trim())),
        "{keys}"
    );
}

#[test]
fn a_key_of_an_account_is_shown_once_listed_and_revoked() {
    let data = Data::new();
    let made = data.site(&["create", "--name", "X"]);
    let site = made.split_whitespace().nth(1).unwrap();
    let listed = succeed(&data.account(&["list"]));
    let id = listed.split_whitespace().next().unwrap().to_owned();
    assert!(listed.contains(site), "{listed}");
    let key = succeed(&data.account(&["key", &id, "--add", "books", "--mode", "live"]));
    assert_eq!(key.trim().len(), 40, "{key}");
    let keys = succeed(&data.account(&["key", &id]));
    assert!(keys.contains("1  active  live") && keys.contains("books"), "{keys}");
    assert!(!keys.contains(key.trim()), "it is not kept");
    succeed(&data.account(&["key", &id, "--revoke", "1"]));
    assert!(succeed(&data.account(&["key", &id])).contains("1  revoked  live"));
    assert!(fail(&data.account(&["key", &id, "--revoke", "2"])).contains("has no key 2"));
    assert!(fail(&data.account(&["key", "7", "--add", "x"])).contains("there is no account 7"));
}

#[test]
fn a_change_that_cannot_be_leaves_the_site_as_it_was() {
    let data = Data::new();
    let made = data.site(&["create", "--name", "X"]);
    let id = made.split_whitespace().nth(1).unwrap();
    let before = data.site(&["show", id]);
    for bad in ["three_ds.policy=sometimes", "nothing=1", "acceptor.time_zone=Mars/Base", "moto"] {
        // The good change beside it is not made either.
        let error = data.no_site(&["set", id, "api_version=2020-01", bad]);
        let name = bad.split('=').next().unwrap();
        assert!(error.contains(name), "{bad}: {error}");
    }
    assert_eq!(data.site(&["show", id]), before);
    assert!(data.no_site(&["show", "7"]).contains("there is no site 7"));
    assert!(data.no_site(&["set", "7", "moto=true"]).contains("there is no site 7"));
    assert!(data.no_site(&["key", id, "--revoke", "9"]).contains("has no key 9"));
    assert!(data.no_site(&["create", "--name", "X", "--mode", "play"]).contains("play"));
}

#[test]
fn a_running_gateway_notices_what_commands_change() {
    let data = Data::new();
    let server = data.serve(&[]);
    let (base, site) = (server.told("API        "), server.told("test site  "));
    let url = format!("{base}orders");
    let first = server.told("API key    ");
    let (status, answer) = call("POST", &url, &first, Some(&order("noticed-1")));
    assert_eq!((status, &answer["data"]["payment_details"]["last4"]), (200, &json!("1111")));

    let key = data.site(&["key", &site, "--add", "new"]).trim().to_owned();
    let read = |key: &str| call("GET", &format!("{base}orders/noticed-1"), key, None);
    eventually("the new key opens the site", || (read(&key).0 == 200).then_some(()));

    data.site(&["set", &site, "api_version=2020-01"]);
    eventually("the answers have the other year's types", || {
        (read(&key).1["data"]["payment_details"]["last4"] == json!(1111)).then_some(())
    });

    data.site(&["key", &site, "--revoke", "1"]);
    eventually("the revoked key opens nothing", || (read(&first).0 == 401).then_some(()));
    assert_eq!(read(&key).0, 200);
}

#[test]
fn the_readme_shows_the_request_that_a_start_prints() {
    let data = Data::new();
    let server = data.serve(&[("FLORIN_TEST_API_KEY", "florin-test-key")]);
    let url = server.told("API        ");
    let url = url.strip_suffix("/v1/json/").unwrap();
    let start = server.greeting.find("curl -s").unwrap();
    let end = start + server.greeting[start..].find("\n\n").unwrap();
    let curl = server.greeting[start..end].replace(url, "http://127.0.0.1:8080");
    assert!(curl.len() > 500 && README.contains(&curl), "{curl}");
}

#[test]
fn gateways_pay_through_a_simulator_of_another_process() {
    let journal = tempfile::tempdir().unwrap();
    let journal = journal.path().join("books.journal");
    let mut command = florin();
    command
        .args(["simulator", "--listen", "127.0.0.1:0", "--host-listen", "127.0.0.1:0"])
        .args(["--journal".as_ref(), journal.as_os_str()]);
    let simulator = Server::start(&mut command, "Stop with Ctrl-C.");
    let names = ["ENABLED", "URL", "HOST", "TOKEN"].map(|it| format!("FLORIN_SIMULATOR__{it}"));
    let values = names.each_ref().map(|name| simulator.told(&format!("{name}=")));
    let variables: Vec<(&str, &str)> =
        names.iter().map(String::as_str).zip(values.iter().map(String::as_str)).collect();
    assert_eq!(variables[0].1, "false");

    let data = Data::new();
    let server = data.serve(&variables);
    let (base, key) = (server.told("API        "), server.told("API key    "));
    let (status, answer) = call("POST", &format!("{base}orders"), &key, Some(&order("shared-1")));
    assert_eq!((status, &answer["data"]["status"]), (200, &json!("completed")), "{answer}");
    let host = format!("{}test/host", base.strip_suffix("v1/json/").unwrap());
    eventually("the host of the other process has captured", || {
        (call("GET", &host, &key, None).1["data"][0]["captured"] == json!(1000)).then_some(())
    });
    let kept = |path: &Path| std::fs::read_to_string(path).unwrap();
    eventually("the books are kept", || kept(&journal).contains("shared-1").then_some(()));
    assert!(!kept(&journal).contains("4111111111111111"));

    let stranger = format!("{}/control/cards", values[1]);
    assert_eq!(call("GET", &stranger, "", None).0, 401);
}

#[test]
fn a_message_is_described_without_card_data() {
    let worked: Value =
        serde_json::from_str(include_str!("../../../iso8583/testdata/worked-messages.json"))
            .unwrap();
    let mut seen = 0;
    for message in worked["examples"]
        .as_array()
        .unwrap()
        .iter()
        .flat_map(|example| example["messages"].as_array().unwrap().iter())
    {
        let Some(pan) = message["fields"]["2"].as_str() else { continue };
        for encoding in ["ascii", "binary"] {
            let text = succeed(&["describe", message[encoding]["hex"].as_str().unwrap()]);
            assert!(text.starts_with(message["type"].as_str().unwrap()), "{text}");
            assert!(text.contains(&pan[..6]) && !text.contains(pan), "{text}");
            seen += 1;
        }
        if seen >= 8 {
            break;
        }
    }
    assert!(seen >= 8);
    assert!(fail(&["describe", "4111111111111111"]).starts_with("florin: "));
}

#[test]
fn a_message_can_come_from_standard_input() {
    let mut child = florin()
        .args(["describe", "-", "--encoding", "ascii"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let sign_on =
        "0800822000010001000004000000000000001122140000000001069990010169012FLORIN87/1.0001";
    let digits: String = sign_on.bytes().map(|byte| format!("{byte:02x} ")).collect();
    child.stdin.take().unwrap().write_all(digits.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success() && said(&output).contains("FLORIN87/1.0"), "{output:?}");
}

#[test]
fn the_demo_is_paid_shows_no_card_and_leaves_nothing_behind() {
    let folder = tempfile::tempdir().unwrap();
    let output = florin().arg("demo").env("TMPDIR", folder.path()).output().unwrap();
    assert!(output.status.success(), "{}", complained(&output));
    let told = said(&output);
    for wanted in ["AReq", "CReq", "RReq", "0100", "0110", "0220", "Paid.\n", "555555******4444"] {
        assert!(told.contains(wanted), "{wanted} is missing in {told}");
    }
    assert!(told.contains("completed, signature verified"), "{told}");
    assert!(!told.contains("5555555555554444") && !told.contains("WRONG"), "{told}");
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
}

#[test]
fn the_options_of_a_start_are_explained() {
    let help = succeed(&["serve", "--help"]);
    for option in ["--listen", "--data", "--database-url", "--config", "FLORIN_TEST_API_KEY"] {
        assert!(help.contains(option), "{option} is missing in {help}");
    }
    assert!(help.contains("127.0.0.1:8080") && help.contains("./florin-data"), "{help}");
}
