//! The acquirer link against a host that is not ours: a small one written with pyiso8583.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;

use async_trait::async_trait;
use florin::acquirer::mapping::{
    self, Acceptor, AuthorizationRequest, CaptureSequence, Card, Channel, Common,
    CompletionRequest, Condition, CvcPresence, Entry, Kind, Outcome, ReversalMode, ReversalRequest,
};
use florin::acquirer::{Link, LinkConfig, NumberBlocks, NumbersUnavailable, Reply};
use florin::clock::SystemClock;
use iso8583::Mti;
use serde_json::{Value, json};

struct Counted(std::sync::atomic::AtomicU32);

#[async_trait]
impl NumberBlocks for Counted {
    async fn reserve(&self, _: &str, count: u32) -> Result<u32, NumbersUnavailable> {
        Ok(self.0.fetch_add(count, std::sync::atomic::Ordering::Relaxed))
    }
}

struct Host(Child, u16);

impl Drop for Host {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// `cargo xtask test` names a Python that has pyiso8583; without it, any python3 that has it.
fn host(encoding: &str) -> Host {
    let python = std::env::var("FLORIN_TEST_PYTHON").unwrap_or_else(|_| "python3".to_owned());
    let script =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/clients/pyiso8583_host.py");
    let mut child = Command::new(&python)
        .arg(script)
        .args(["--listen", "127.0.0.1:0", "--encoding", encoding])
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut line = String::new();
    let mut output = BufReader::new(child.stdout.take().unwrap());
    output.read_line(&mut line).unwrap();
    let said: Value = serde_json::from_str(&line).unwrap_or_else(|_| {
        panic!("no pyiso8583 host: run the tests with `cargo xtask test`, which installs it")
    });
    // The host stops when nobody reads what it says.
    std::thread::spawn(move || std::io::copy(&mut output, &mut std::io::sink()));
    Host(child, said["port"].as_u64().unwrap().try_into().unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_foreign_host_understands_us_and_we_understand_it_in_both_encodings() {
    for encoding in ["ascii", "binary"] {
        let host = host(encoding);
        let config: LinkConfig = serde_json::from_value(json!({
            "name": "foreign", "address": format!("127.0.0.1:{}", host.1), "encoding": encoding,
        }))
        .unwrap();
        let numbers = Arc::new(Counted(100.into()));
        let link = Link::start(config, numbers, Arc::new(SystemClock)).unwrap();
        for (pan, code, approved) in [
            ("4111111111111111", "00", true),
            ("4012001038488884", "51", false),
            ("4000000000000002", "43", false),
        ] {
            let trace = link.next_trace().await.unwrap();
            let common = common(pan);
            let asked = AuthorizationRequest {
                trace: &trace,
                common,
                kind: Kind::Normal,
                cvc: CvcPresence::Sent("123"),
                initiator: None,
                original_network_reference: None,
                authentication: None,
                eci_without: Some("07"),
                exemption: None,
                accepts_partial: false,
            };
            let message = mapping::authorization(link.config(), &asked).unwrap();
            let Reply::Answered(answer) = link.exchange(&message).await else { panic!("{pan}") };
            let answer = mapping::read_authorization(link.config(), &asked, &answer).unwrap();
            assert_eq!(answer.response_code, code, "{encoding} {pan}");
            assert_eq!(answer.outcome == Outcome::Approved, approved);

            let original = trace;
            let trace = link.next_trace().await.unwrap();
            let message = if approved {
                let asked = CompletionRequest {
                    trace: &trace,
                    common,
                    original: &original,
                    approval_code: answer.approval_code.as_deref().unwrap(),
                    network_reference: answer.network_reference.as_deref(),
                    sequence: CaptureSequence { number: 1, total: Some(1), is_final: true },
                };
                mapping::completion(link.config(), &asked).unwrap()
            } else {
                let asked = ReversalRequest {
                    trace: &trace,
                    common,
                    original: &original,
                    original_type: Mti::AUTHORIZATION_REQUEST,
                    approval_code: None,
                    response_code: Some(code),
                    reason: "4000",
                    remaining_minor: None,
                    of_refund: false,
                    mode: ReversalMode::Advice,
                };
                mapping::reversal(link.config(), &asked).unwrap()
            };
            let Reply::Answered(answer) = link.exchange(&message).await else { panic!("{pan}") };
            assert_eq!(answer.mti().as_str(), if approved { "0230" } else { "0430" });
            assert_eq!(answer.get(39), Some("00"), "{encoding} {pan}");
        }
        link.shutdown().await;
    }
}

fn common(pan: &str) -> Common<'_> {
    Common {
        card: Card { pan, expiry: Some("2812") },
        amount_minor: 4995,
        currency_numeric: "978",
        local_time: "150509",
        local_date: "1122",
        acceptor: Acceptor {
            merchant_id: "FLORIN000000001",
            name: "Florin Test Shop",
            city: "Amsterdam",
            country: "NL",
            mcc: "5999",
        },
        channel: Channel::Ecommerce,
        entry: Entry::TypedByPayer,
        condition: Condition::Ecommerce,
        network: "VI",
        order_reference: "order-1",
    }
}
