//! `florin listen`, between a gateway that runs and a program of ours.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

use super::logs::Following;
use super::trigger::address;
use super::{Data, call, complained, eventually, florin, order, run, said};

const KEY: &str = "a-key-for-those-who-listen";

/// One request to the program: its first line, its header `Auth`, its body.
#[derive(Clone)]
struct Asked {
    line: String,
    auth: String,
    body: String,
}

/// A program of the integrator's: answers as it is told to.
struct Program {
    url: String,
    asked: Arc<Mutex<Vec<Asked>>>,
    answer: Arc<Mutex<&'static str>>,
}

const OK: &str = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nOK";
const FAULT: &str = "HTTP/1.1 500 Oh\r\nContent-Length: 4\r\nConnection: close\r\n\r\nbang";

impl Program {
    /// Has it told what the gateway there tells shops.
    fn listens_to(&self, gateway: &str) -> Following {
        Following::start(&["listen", "--gateway", gateway, "--forward-to", &self.url], KEY)
    }

    fn start() -> Program {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}/hook?from=florin", listener.local_addr().unwrap());
        let (asked, answer) = (Arc::<Mutex<Vec<Asked>>>::default(), Arc::new(Mutex::new(OK)));
        let (heard, said) = (asked.clone(), answer.clone());
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                hear(stream.unwrap(), &heard, &said);
            }
        });
        Program { url, asked, answer }
    }

    fn of(&self, order_id: &str) -> Vec<Asked> {
        let name = format!("transactionid={order_id}&");
        self.asked.lock().unwrap().iter().filter(|it| it.line.contains(&name)).cloned().collect()
    }

    fn hears(&self, order_id: &str, times: usize) -> Vec<Asked> {
        eventually(&format!("{order_id} {times} times"), || {
            Some(self.of(order_id)).filter(|it| it.len() >= times)
        })
    }
}

fn hear(stream: TcpStream, heard: &Mutex<Vec<Asked>>, said: &Mutex<&'static str>) {
    let mut reader = BufReader::new(stream);
    let mut line = String::new();
    reader.read_line(&mut line).unwrap();
    let (mut auth, mut length) = (String::new(), 0);
    loop {
        let mut header = String::new();
        reader.read_line(&mut header).unwrap();
        match header.trim().split_once(": ") {
            None => break,
            Some(("Auth", value)) => value.clone_into(&mut auth),
            Some((name, value)) if name.eq_ignore_ascii_case("content-length") => {
                length = value.parse().unwrap();
            }
            Some(_) => {}
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).unwrap();
    let body = String::from_utf8(body).unwrap();
    heard.lock().unwrap().push(Asked { line, auth, body });
    let answer = *said.lock().unwrap();
    let _ = reader.get_mut().write_all(answer.as_bytes());
}

fn pay(url: &str, id: &str) {
    let mut order = order(id);
    order["payment_options"]["notification_method"] = "POST".into();
    let (status, answer) = call("POST", &format!("{url}/v1/json/orders"), KEY, Some(&order));
    assert_eq!(status, 200, "{answer}");
}

/// The last attempt of the order's only notification.
fn listed(data: &Data, id: &str) -> String {
    let arguments = ["notifications", "list", "--order", id, "--data", data.text()];
    let output = florin().args(arguments).output().unwrap();
    assert!(output.status.success(), "{}", complained(&output));
    said(&output)
}

#[test]
fn a_program_hears_what_the_shop_hears_signed_and_its_answer_counts() {
    let data = Data::new();
    let server = data.serve(&[("FLORIN_TEST_API_KEY", KEY)]);
    let url = address(&server);
    let program = Program::start();
    let mut listening = program.listens_to(&url);
    listening.line_with("Listening to site 20001");

    pay(&url, "heard");
    let heard = program.hears("heard", 1);
    let (line, body) = (&heard[0].line, &heard[0].body);
    assert!(line.starts_with("POST /hook?from=florin&transactionid=heard&timestamp="), "{line}");
    let timestamp: i64 =
        line.rsplit("timestamp=").next().unwrap().split(' ').next().unwrap().parse().unwrap();
    use florin::notify::signature::{SigningKey, auth_header};
    let expected = auth_header(&SigningKey::new(KEY), timestamp, body.as_bytes());
    assert_eq!(heard[0].auth, expected);
    let (_, order) = call("GET", &format!("{url}/v1/json/orders/heard"), KEY, None);
    assert_eq!(serde_json::from_str::<serde_json::Value>(body).unwrap(), order["data"]);
    assert!(listening.line_with("heard").ends_with("acknowledged"));
    // The shop does not answer, the program does: that is an acknowledgement.
    let told = eventually("recorded", || {
        Some(listed(&data, "heard")).filter(|it| it.contains("  listen "))
    });
    assert!(told.contains("acknowledged\n"), "{told}");

    // What the program refuses is told, and comes again when the gateway tries again.
    *program.answer.lock().unwrap() = FAULT;
    pay(&url, "refused");
    assert!(listening.line_with("refused").contains("HTTP 500"));
    let told = eventually("recorded", || {
        Some(listed(&data, "refused")).filter(|it| it.contains("  listen "))
    });
    assert!(told.contains("not_acknowledged") && told.contains("pending"), "{told}");
    *program.answer.lock().unwrap() = OK;
    let body = serde_json::json!({ "seconds": 900 });
    call("POST", &format!("{url}/test/clock/advance"), KEY, Some(&body));
    program.hears("refused", 2);
    assert!(listening.line_with("(retry)").ends_with("acknowledged"));
}

#[test]
fn what_was_told_while_it_was_away_is_handed_on_when_it_is_back() {
    let data = Data::new();
    let server = data.serve(&[("FLORIN_TEST_API_KEY", KEY)]);
    let url = address(&server);
    let program = Program::start();
    let mut listening = program.listens_to(&url);
    listening.line_with("Listening");
    pay(&url, "first");
    program.hears("first", 1);
    // The gateway goes away and comes back, and pays before the listener is back.
    let port = url.rsplit(':').next().unwrap().to_owned();
    drop(server);
    let listen = format!("127.0.0.1:{port}");
    let _again = data.serve_at(&listen, &[("FLORIN_TEST_API_KEY", KEY)]);
    for id in ["away-1", "away-2"] {
        pay(&url, id);
    }
    for id in ["away-1", "away-2"] {
        program.hears(id, 1);
    }
    pay(&url, "back");
    program.hears("back", 1);
    for id in ["first", "away-1", "away-2", "back"] {
        assert_eq!(program.of(id).len(), 1, "{id} once");
    }
}

#[test]
fn what_is_wrong_is_told_at_once() {
    let output = run(&["listen", "--forward-to", "ftp://x", "--key", KEY]);
    assert!(complained(&output).contains("no http or https URL"), "{}", complained(&output));
    let data = Data::new();
    let server = data.serve(&[("FLORIN_TEST_API_KEY", KEY)]);
    let url = address(&server);
    let output =
        run(&["listen", "--forward-to", "http://127.0.0.1:9/", "--gateway", &url, "--key", "no"]);
    assert!(complained(&output).contains("1032"), "{}", complained(&output));
}
