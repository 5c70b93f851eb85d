//! `florin logs`, against a gateway that runs.

use std::io::{BufRead, BufReader};
use std::process::{Child, Stdio};
use std::sync::mpsc::Receiver;

use super::{Data, call, complained, florin, order, run, succeed};
use crate::trigger::address;

const KEY: &str = "a-key-for-those-who-follow";

/// A command that goes on, with what it prints.
pub(crate) struct Following {
    child: Child,
    lines: Receiver<String>,
}

impl Following {
    pub(crate) fn start(arguments: &[&str], key: &str) -> Following {
        let mut command = florin();
        command.args(arguments).env("FLORIN_TEST_API_KEY", key);
        let mut child = command
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .stdin(Stdio::null())
            .spawn()
            .unwrap();
        let printed = BufReader::new(child.stdout.take().unwrap()).lines();
        let (sender, lines) = std::sync::mpsc::channel();
        std::thread::spawn(move || {
            for line in printed.map_while(Result::ok) {
                let _ = sender.send(line);
            }
        });
        Following { child, lines }
    }

    /// The next line that has this in it.
    pub(crate) fn line_with(&mut self, part: &str) -> String {
        loop {
            let line = self.lines.recv_timeout(super::PATIENCE).expect(part);
            if line.contains(part) {
                return line;
            }
        }
    }
}

impl Drop for Following {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn calls_are_shown_as_they_come_and_after_a_restart() {
    let data = Data::new();
    let server = data.serve(&[("FLORIN_TEST_API_KEY", KEY)]);
    let url = address(&server);
    call("POST", &format!("{url}/v1/json/orders"), KEY, Some(&order("before")));
    let shown = succeed(&["logs", "--url", &url, "--key", KEY, "--bodies"]);
    assert!(shown.contains("  200  ") && shown.contains("POST /v1/json/orders  before"), "{shown}");
    assert!(
        shown.contains("\"card_number\": \"***\"") && !shown.contains("4111111111111111"),
        "{shown}"
    );

    let mut following = Following::start(&["logs", "--follow", "--json", "--url", &url], KEY);
    following.line_with("before");
    call("GET", &format!("{url}/v1/json/orders/nothing"), KEY, None);
    let line = following.line_with("nothing");
    assert!(line.contains("\"error_code\":1006") && !line.contains("bodies"), "{line}");

    let port = url.rsplit(':').next().unwrap().to_owned();
    drop(server);
    let listen = format!("127.0.0.1:{port}");
    let _again = data.serve_at(&listen, &[("FLORIN_TEST_API_KEY", KEY)]);
    // It comes back by itself, within seconds.
    let begun = std::time::Instant::now();
    std::thread::spawn(move || {
        while begun.elapsed() < super::PATIENCE {
            call("GET", &format!("{url}/v1/json/orders/afterwards"), KEY, None);
            std::thread::sleep(std::time::Duration::from_millis(300));
        }
    });
    following.line_with("afterwards");
}

#[test]
fn without_a_key_or_a_gateway_it_says_what_is_missing() {
    let output = run(&["logs"]);
    assert!(!output.status.success());
    assert!(complained(&output).contains("FLORIN_TEST_API_KEY"), "{}", complained(&output));
    let output = run(&["logs", "--follow", "--url", "http://127.0.0.1:9", "--key", KEY]);
    assert!(complained(&output).contains("florin serve"), "{}", complained(&output));
}
