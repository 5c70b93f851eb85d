//! A client's bytes on a connection of the real server: lines, paths, queries, headers, bodies.
//!
//! The site takes no payment method, so that no order is taken here; `calls` does that.

use std::time::Duration;

use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::Run;
use crate::world::World;

pub(crate) const WORDS: &[&str] = &[
    "GET /v1/json/orders/",
    "POST /v1/json/orders HTTP/1.1\r\n",
    "PATCH /v1/json/orders/",
    "DELETE /test/data HTTP/1.1\r\n",
    "GET /test/clock HTTP/1.1\r\n",
    "POST /test/clock/advance HTTP/1.1\r\n",
    "GET /pay/",
    "POST /pay/",
    "POST /3ds/results/",
    "POST /3ds/return HTTP/1.1\r\n",
    "POST /3ds/method-done HTTP/1.1\r\n",
    "GET /health/ready HTTP/1.1\r\n",
    "?api_key=florin-fuzz-key",
    "&locale=en_US",
    " HTTP/1.1\r\n",
    "Host: x\r\n",
    "api_key: florin-fuzz-key\r\n",
    "Authorization: Bearer florin-fuzz-key\r\n",
    "X-HTTP-Method-Override: PATCH\r\n",
    "Content-Length: 2\r\n\r\n{}",
    "Content-Type: application/x-www-form-urlencoded\r\n",
    "Transfer-Encoding: chunked\r\n",
    "Expect: 100-continue\r\n",
    "Connection: close\r\n",
    "{\"seconds\":900}",
    "cres=",
    "threeDSSessionData=",
    "threeDSMethodData=",
    "%2F",
    "%00",
];

/// A client that says no more is answered at once; the gateway's own waits are far longer.
const ANSWER_WAIT: Duration = Duration::from_secs(15);

pub(crate) fn open() -> Run {
    let world = World::open();
    world.set("gateways", json!([]));
    Box::new(move |bytes| {
        let heard = world.runtime.block_on(async {
            tokio::time::timeout(ANSWER_WAIT, say(&world, bytes)).await.expect("an answer in time")
        });
        if !heard.is_empty() {
            is_an_answer(&heard);
        }
    })
}

/// What the gateway says until it hangs up.
async fn say(world: &World, bytes: &[u8]) -> Vec<u8> {
    let mut stream = TcpStream::connect(world.address).await.expect("the gateway listens");
    // So that a million connections do not use up the ports.
    stream.set_zero_linger().expect("the connection is open");
    let mut heard = Vec::new();
    let (mut from, mut to) = stream.split();
    let saying = async {
        let _ = to.write_all(bytes).await;
        let _ = to.shutdown().await;
    };
    let (_, _) = tokio::join!(saying, from.read_to_end(&mut heard));
    heard
}

fn is_an_answer(heard: &[u8]) {
    let text = String::from_utf8_lossy(heard);
    let words = text.get(..500).unwrap_or(&text);
    assert!(text.starts_with("HTTP/1."), "no answer: {words}");
    let status = text.get(9..12).and_then(|status| status.parse::<u16>().ok());
    let status = status.expect("an answer has a status");
    assert_ne!(status, 500, "nothing from outside is a bug inside: {words}");
    if status == 100 {
        return;
    }
    let (head, body) = text.split_once("\r\n\r\n").expect("a head ends");
    let head = head.to_ascii_lowercase();
    assert!(!head.contains("florin-fuzz-key"), "a key is repeated: {words}");
    let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
    let length = length.and_then(|length| length.parse::<usize>().ok()).unwrap_or(0);
    let is_json = head.contains("content-type: application/json");
    if let Some(body) = body.get(..length).filter(|_| is_json && length > 0) {
        let value: Value = serde_json::from_str(body).expect("what is called JSON is JSON");
        assert!(value.is_object(), "every answer is an object: {words}");
    }
}
