//! `florin notifications`, beside a gateway that runs, and a shop that is told.

use std::io::{Read, Write};
use std::net::TcpListener;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use serde_json::json;

use super::{Data, Server, call, complained, eventually, order, run, succeed};

const KEY: &str = "a-key-for-notifications";

/// A shop that says OK or fails, and keeps what it was sent.
struct Listener {
    url: String,
    says_ok: Arc<AtomicBool>,
    heard: Arc<Mutex<Vec<String>>>,
}

impl Listener {
    fn open() -> Listener {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}/notify", listener.local_addr().unwrap());
        let (says_ok, heard) = (Arc::new(AtomicBool::new(false)), Arc::default());
        let shop = Listener { url, says_ok: says_ok.clone(), heard: Arc::clone(&heard) };
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let mut stream = stream.unwrap();
                let mut bytes = vec![0; 65_536];
                let mut length = 0;
                // The order object ends with the only brace that has nothing behind it.
                while !bytes[..length].ends_with(b"}") {
                    match stream.read(&mut bytes[length..]) {
                        Ok(0) | Err(_) => break,
                        Ok(read) => length += read,
                    }
                }
                heard.lock().unwrap().push(String::from_utf8_lossy(&bytes[..length]).into_owned());
                let answer = match says_ok.load(Ordering::SeqCst) {
                    true => "HTTP/1.1 200 OK\r\ncontent-length: 2\r\nconnection: close\r\n\r\nOK",
                    false => "HTTP/1.1 500 No\r\ncontent-length: 0\r\nconnection: close\r\n\r\n",
                };
                let _ = stream.write_all(answer.as_bytes());
            }
        });
        shop
    }

    fn heard(&self) -> usize {
        self.heard.lock().unwrap().len()
    }
}

fn address(server: &Server) -> String {
    server.told("API        ").trim_end_matches("/v1/json/").to_owned()
}

#[test]
fn a_notification_that_failed_is_listed_and_sent_again_signed() {
    let (data, shop) = (Data::new(), Listener::open());
    let server = data.serve(&[("FLORIN_TEST_API_KEY", KEY)]);
    let mut sent = order("told-again");
    sent["payment_options"]["notification_url"] = json!(shop.url);
    sent["payment_options"]["notification_method"] = json!("POST");
    let (status, answer) =
        call("POST", &format!("{}/v1/json/orders", address(&server)), KEY, Some(&sent));
    assert_eq!((status, &answer["data"]["status"]), (200, &json!("completed")), "{answer}");

    let list = |more: &[&str]| {
        succeed(&[&["notifications", "list", "--data", data.text()], more].concat())
    };
    let failed = eventually("the attempt is recorded", || {
        Some(list(&["--failed"])).filter(|it| it.contains("HTTP 500"))
    });
    assert!(failed.contains("told-again") && failed.contains("auto 1"), "{failed}");
    let id = failed.split_whitespace().next().unwrap().to_owned();
    assert_eq!(list(&["--order", "another"]), "");
    assert_eq!(list(&["--order", "told-again", "--site", "20001"]), list(&[]));

    // It fails again: said so, recorded, and the series of retries goes on as it was.
    let resend = ["notifications", "resend", &id, "--data", data.text()];
    let output = run(&resend);
    assert!(!output.status.success());
    assert!(complained(&output).contains("did not acknowledge"), "{}", complained(&output));
    let listed = list(&[]);
    assert!(listed.contains("manual 2") && listed.contains("pending, due "), "{listed}");

    shop.says_ok.store(true, Ordering::SeqCst);
    let before = shop.heard();
    assert!(succeed(&resend).contains("acknowledged"));
    assert_eq!(shop.heard(), before + 1);
    let heard = shop.heard.lock().unwrap();
    // Each attempt carries a signature; what one is made of is held by the notifier's own tests.
    let signatures: Vec<&str> = heard
        .iter()
        .filter_map(|it| it.lines().find(|line| line.to_ascii_lowercase().starts_with("auth: ")))
        .collect();
    assert_eq!(signatures.len(), heard.len(), "{heard:?}");
    assert!(heard.last().unwrap().contains("\"status\":\"completed\""), "{heard:?}");
    drop(heard);
    assert!(list(&[]).contains("  acknowledged\n"), "{}", list(&[]));
    assert_eq!(list(&["--failed"]), "");
}

#[test]
fn what_is_not_there_cannot_be_sent_again() {
    let data = Data::new();
    data.site(&["create", "--name", "Shop"]);
    for (id, says) in [("1-1", "there is no notification 1-1"), ("what", "an id looks like")] {
        let output = run(&["notifications", "resend", id, "--data", data.text()]);
        assert!(!output.status.success());
        assert!(complained(&output).contains(says), "{}", complained(&output));
    }
}
