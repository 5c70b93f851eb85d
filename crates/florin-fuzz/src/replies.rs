//! What a shop answers to a notification: the words, and the bytes on its connection.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::Duration;

use florin::notify::acknowledgement::{REPLY_CHARACTERS_MAX, is_acknowledged, reply_start};
use florin::notify::client::{Delivery, Method, Outcome, TOTAL_WAIT, WebhookClient};
use florin::notify::policy::WebhookPolicy;
use florin::notify::signature::SigningKey;
use tokio::runtime::{Builder, Runtime};

use crate::Run;

pub(crate) const WORDS: &[&str] = &[
    "HTTP/1.1 200 OK\r\n",
    "HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\n",
    "HTTP/1.1 100 Continue\r\n\r\n",
    "Content-Length: 2\r\n",
    "Transfer-Encoding: chunked\r\n",
    "Content-Encoding: gzip\r\n",
    "Connection: close\r\n",
    "\r\n\r\n",
    "2\r\nOK\r\n0\r\n\r\n",
    "OK",
    "MULTISAFEPAY_OK",
    "\u{feff}",
];

pub(crate) fn open() -> Run {
    let mut shop = Shop::open();
    Box::new(move |bytes| {
        for status in [200, 201, 500] {
            let expected = status == 200 && says_ok(bytes);
            assert_eq!(is_acknowledged(status, bytes), expected, "{:?}", reply_start(bytes));
        }
        is_kept(&reply_start(bytes));
        shop.answer(bytes);
    })
}

fn is_kept(start: &str) {
    assert!(start.chars().count() <= REPLY_CHARACTERS_MAX && !start.contains('\0'));
}

/// The same rule, written another way: whole words first, then where they end.
fn says_ok(bytes: &[u8]) -> bool {
    let text = String::from_utf8_lossy(bytes);
    let text = text.strip_prefix('\u{feff}').unwrap_or(&text);
    let start: String = text.chars().take(REPLY_CHARACTERS_MAX).collect();
    // One character more shows whether the last word goes on.
    let seen: String = text.chars().take(REPLY_CHARACTERS_MAX + 1).collect();
    let is_part = |c: char| c.is_alphanumeric() || c == '_';
    let mut at = 0;
    let mut words = seen.split(|c| !is_part(c)).filter(|word| {
        let ends = at + word.chars().count();
        at = ends + 1;
        ends <= REPLY_CHARACTERS_MAX
    });
    words.any(|word| word.eq_ignore_ascii_case("ok"))
        || start.to_ascii_lowercase().contains("multisafepay_ok")
}

/// A receiver that answers with given bytes, and a gateway's client that notifies it.
struct Shop {
    address: SocketAddr,
    answers: Sender<Vec<u8>>,
    answered: Receiver<()>,
    client: WebhookClient,
    runtime: Runtime,
}

impl Shop {
    fn open() -> Shop {
        let listener = TcpListener::bind("127.0.0.1:0").expect("there is a free port");
        let address = listener.local_addr().expect("it listens");
        let ((answers, to_send), (done, answered)) = (channel::<Vec<u8>>(), channel());
        std::thread::spawn(move || {
            for answer in to_send {
                let Ok((stream, _)) = listener.accept() else { return };
                send(stream, &answer);
                if done.send(()).is_err() {
                    return;
                }
            }
        });
        let runtime =
            Builder::new_current_thread().enable_all().build().expect("a runtime can be made");
        let client = runtime.block_on(async { WebhookClient::new() });
        Shop { address, answers, answered, client: client.expect("TLS is there"), runtime }
    }

    fn answer(&mut self, bytes: &[u8]) {
        self.answers.send(bytes.to_vec()).expect("the shop is open");
        let delivery = Delivery {
            url: format!("http://{}/notify", self.address),
            method: Method::Post,
            body: Some("{}".into()),
            api_key: SigningKey::new("a key"),
            timestamp: 1_795_392_000,
            policy: WebhookPolicy::Relaxed,
        };
        let attempt = self.runtime.block_on(self.client.deliver(delivery));
        // One request, whatever the answer: redirects are not followed, nothing is repeated.
        self.answered.recv_timeout(Duration::from_secs(5)).expect("the shop was asked");
        // The shop has hung up. Let the client see that, or it asks the next time where nobody is.
        self.runtime.block_on(async {
            for _ in 0..3 {
                tokio::task::yield_now().await;
            }
        });
        is_kept(&attempt.reply_start);
        assert!(u128::from(attempt.latency_ms) <= TOTAL_WAIT.as_millis() + 1000);
        if attempt.outcome == Outcome::Acknowledged {
            assert_eq!(attempt.http_status, Some(200));
            assert!(attempt.reply_start.to_ascii_lowercase().contains("ok"));
            assert!(bytes.starts_with(b"HTTP/1."), "only HTTP acknowledges");
        }
    }
}

/// Reads the request to its end before it answers, as a shop would, and hangs up.
fn send(mut stream: TcpStream, answer: &[u8]) {
    let mut request = Vec::new();
    let mut piece = [0; 1024];
    while !request.ends_with(b"\r\n\r\n{}") {
        match stream.read(&mut piece) {
            Ok(read) if read > 0 => request.extend_from_slice(&piece[..read]),
            _ => return,
        }
    }
    // A client that has heard enough may be gone already.
    let _ = stream.write_all(answer);
}
