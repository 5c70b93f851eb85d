//! Deliveries to real receivers on this machine, well-behaved and not.
//!
//! Receivers are raw sockets, so that a test sees each byte of a request and sends any answer.

use std::collections::VecDeque;
use std::sync::Mutex;

use proptest::prelude::*;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use super::*;
use crate::notify::target::{Payload, notification_url};

const OK: &str = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nOK";
const BODY: &[u8] = "{\"description\":\"Caf\u{e9} / 7\",\"order_id\":\"7\"}".as_bytes();
const TIMESTAMP: i64 = 1_700_000_000;

/// What a receiver does once it has read a request.
#[derive(Clone)]
enum Behaviour {
    Send(String),
    /// Sends this and keeps the connection open without a word.
    SendAndStall(&'static str),
    /// Sends this and then spaces, for ever.
    SendAndBabble(&'static str),
    HangUp,
}

struct Receiver {
    address: SocketAddr,
    requests: Arc<Mutex<Vec<Vec<u8>>>>,
    connections: Arc<Mutex<usize>>,
}

impl Receiver {
    async fn start(behaviour: Behaviour) -> Receiver {
        Receiver::start_at("127.0.0.1:0".parse().unwrap(), behaviour).await
    }

    async fn start_at(address: SocketAddr, behaviour: Behaviour) -> Receiver {
        let listener = TcpListener::bind(address).await.unwrap();
        let address = listener.local_addr().unwrap();
        let requests = Arc::new(Mutex::new(Vec::new()));
        let connections = Arc::new(Mutex::new(0));
        let receiver =
            Receiver { address, requests: requests.clone(), connections: connections.clone() };
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                *connections.lock().unwrap() += 1;
                tokio::spawn(serve(stream, behaviour.clone(), requests.clone()));
            }
        });
        receiver
    }

    fn url(&self) -> String {
        format!("http://{}/hook?transactionid=7&timestamp={TIMESTAMP}", self.address)
    }

    fn requests(&self) -> Vec<Vec<u8>> {
        self.requests.lock().unwrap().clone()
    }

    fn request(&self) -> Vec<u8> {
        let requests = self.requests();
        assert_eq!(requests.len(), 1, "one request was made");
        requests.into_iter().next().unwrap()
    }
}

async fn serve(mut stream: TcpStream, behaviour: Behaviour, requests: Arc<Mutex<Vec<Vec<u8>>>>) {
    while let Some(request) = read_request(&mut stream).await {
        requests.lock().unwrap().push(request);
        match &behaviour {
            Behaviour::Send(answer) => stream.write_all(answer.as_bytes()).await.unwrap(),
            Behaviour::SendAndStall(answer) => {
                stream.write_all(answer.as_bytes()).await.unwrap();
                std::future::pending::<()>().await;
            }
            Behaviour::SendAndBabble(answer) => {
                stream.write_all(answer.as_bytes()).await.unwrap();
                while stream.write_all(&[b' '; 1000]).await.is_ok() {
                    tokio::time::sleep(Duration::from_millis(1)).await;
                }
                return;
            }
            Behaviour::HangUp => return,
        }
    }
}

async fn read_request(stream: &mut TcpStream) -> Option<Vec<u8>> {
    let mut request = Vec::new();
    loop {
        let text = String::from_utf8_lossy(&request).to_ascii_lowercase();
        if let Some((head, _)) = text.split_once("\r\n\r\n") {
            let length = head.split("\r\n").find_map(|line| line.strip_prefix("content-length: "));
            let length: usize = length.map_or(0, |digits| digits.parse().unwrap());
            if request.len() >= head.len() + 4 + length {
                return Some(request);
            }
        }
        if stream.read_buf(&mut request).await.ok()? == 0 {
            return None;
        }
    }
}

/// Answers with what was written down for it, one entry a question; the last one stays.
struct ScriptedLookup {
    answers: Mutex<VecDeque<Vec<IpAddr>>>,
    asked: Mutex<Vec<String>>,
}

impl ScriptedLookup {
    fn new(answers: &[&[&str]]) -> Arc<ScriptedLookup> {
        let parse = |list: &&[&str]| list.iter().map(|it| it.parse().unwrap()).collect();
        Arc::new(ScriptedLookup {
            answers: Mutex::new(answers.iter().map(parse).collect()),
            asked: Mutex::default(),
        })
    }
}

#[async_trait]
impl Lookup for ScriptedLookup {
    async fn lookup(&self, host: &str) -> io::Result<Vec<IpAddr>> {
        self.asked.lock().unwrap().push(host.to_owned());
        let mut answers = self.answers.lock().unwrap();
        let answer = if answers.len() > 1 { answers.pop_front() } else { answers.front().cloned() };
        answer.ok_or_else(|| io::Error::other("no such host"))
    }
}

fn client_with(lookup: Arc<ScriptedLookup>) -> WebhookClient {
    WebhookClient::with(lookup, CONNECT_WAIT, TOTAL_WAIT).unwrap()
}

fn impatient() -> WebhookClient {
    let wait = Duration::from_secs(1);
    WebhookClient::with(Arc::new(SystemLookup), wait, wait).unwrap()
}

fn post(url: &str) -> Delivery {
    Delivery {
        url: url.to_owned(),
        method: Method::Post,
        body: Some(Bytes::from_static(BODY)),
        api_key: SigningKey::new("florin-site-key-0001"),
        timestamp: TIMESTAMP,
        policy: WebhookPolicy::Relaxed,
    }
}

/// Delivers to a receiver that behaves like this.
async fn attempt(behaviour: Behaviour) -> (Attempt, Receiver) {
    let receiver = Receiver::start(behaviour).await;
    let attempt = WebhookClient::new().unwrap().deliver(post(&receiver.url())).await;
    (attempt, receiver)
}

async fn check_answer(answer: &str, status: u16, outcome: Outcome) {
    let (attempt, receiver) = attempt(Behaviour::Send(answer.to_owned())).await;
    assert_eq!((attempt.http_status, attempt.outcome), (Some(status), outcome), "{answer}");
    assert_eq!(attempt.connected_to, Some(receiver.address));
    assert_eq!(receiver.requests().len(), 1, "{answer}");
}

async fn check_refused(url: &str, policy: WebhookPolicy, class: FailureClass) {
    let delivery = Delivery { policy, ..post(url) };
    let attempt = WebhookClient::new().unwrap().deliver(delivery).await;
    assert_eq!(attempt.outcome, Outcome::Failed(class), "{url}");
    assert_eq!((attempt.http_status, attempt.url.as_str()), (None, url));
}

fn header<'a>(request: &'a str, name: &str) -> Option<&'a str> {
    let head = request.split_once("\r\n\r\n").unwrap().0;
    head.split("\r\n").skip(1).find_map(|line| {
        let (found, value) = line.split_once(": ").unwrap();
        (found == name).then_some(value)
    })
}

#[tokio::test]
async fn a_post_carries_the_signed_bytes_and_the_headers_of_the_contract() {
    let (attempt, receiver) = attempt(Behaviour::Send(OK.to_owned())).await;
    assert_eq!(attempt.outcome, Outcome::Acknowledged);
    assert_eq!((attempt.http_status, attempt.reply_start.as_str()), (Some(200), "OK"));
    let request = receiver.request();
    let request = std::str::from_utf8(&request).unwrap();
    let (head, body) = request.split_once("\r\n\r\n").unwrap();
    assert!(head.starts_with("POST /hook?transactionid=7&timestamp=1700000000 HTTP/1.1\r\n"));
    assert_eq!(body.as_bytes(), BODY);
    assert_eq!(header(request, "Content-Type"), Some("application/json"));
    assert_eq!(header(request, "Accept"), Some("*/*"));
    assert_eq!(header(request, "Content-Length"), Some(BODY.len().to_string().as_str()));
    let version = env!("CARGO_PKG_VERSION");
    assert_eq!(header(request, "User-Agent"), Some(format!("Florin/{version}").as_str()));
    assert_eq!(header(request, "Host"), Some(receiver.address.to_string().as_str()));
    for absent in ["Transfer-Encoding", "Content-Encoding", "Accept-Encoding", "Referer", "Expect"]
    {
        assert_eq!(header(request, absent), None, "{absent}");
    }
    // As a receiver verifies it: the number in the URL, the raw bytes, the shared key.
    let expected =
        auth_header(&SigningKey::new("florin-site-key-0001"), TIMESTAMP, body.as_bytes());
    assert_eq!(header(request, "Auth"), Some(expected.as_str()));
}

#[tokio::test]
async fn a_get_carries_neither_body_nor_signature() {
    let receiver = Receiver::start(Behaviour::Send(OK.to_owned())).await;
    let delivery = Delivery { method: Method::Get, ..post(&receiver.url()) };
    let attempt = WebhookClient::new().unwrap().deliver(delivery).await;
    assert_eq!(attempt.outcome, Outcome::Acknowledged);
    let request = receiver.request();
    let request = std::str::from_utf8(&request).unwrap();
    assert!(request.starts_with("GET /hook?transactionid=7&timestamp=1700000000 HTTP/1.1\r\n"));
    assert!(request.ends_with("\r\n\r\n"));
    for absent in ["Auth", "Content-Type", "Content-Length", "Transfer-Encoding"] {
        assert_eq!(header(request, absent), None, "{absent}");
    }
}

#[tokio::test]
async fn the_body_is_sent_at_its_full_length() {
    let receiver = Receiver::start(Behaviour::Send(OK.to_owned())).await;
    let body = Bytes::from(vec![b'x'; 300_000]);
    let delivery = Delivery { body: Some(body.clone()), ..post(&receiver.url()) };
    let attempt = WebhookClient::new().unwrap().deliver(delivery).await;
    assert_eq!(attempt.outcome, Outcome::Acknowledged);
    assert!(receiver.request().ends_with(&body));
}

#[tokio::test]
async fn answers_are_judged_by_the_rule() {
    use Outcome::{Acknowledged, NotAcknowledged};
    check_answer("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\n\"OK\"", 200, Acknowledged).await;
    check_answer("HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n ok", 200, Acknowledged).await;
    let chunked =
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nO\r\n1\r\nK\r\n0\r\n\r\n";
    check_answer(chunked, 200, Acknowledged).await;
    check_answer("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nNG", 200, NotAcknowledged).await;
    check_answer("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", 200, NotAcknowledged).await;
    check_answer("HTTP/1.1 201 Created\r\nContent-Length: 2\r\n\r\nOK", 201, NotAcknowledged).await;
    check_answer("HTTP/1.1 204 No Content\r\n\r\n", 204, NotAcknowledged).await;
    check_answer("HTTP/1.1 404 Not Found\r\nContent-Length: 2\r\n\r\nOK", 404, NotAcknowledged)
        .await;
    check_answer("HTTP/1.1 500 No\r\nContent-Length: 2\r\n\r\nOK", 500, NotAcknowledged).await;
}

#[tokio::test]
async fn a_redirect_is_reported_and_not_followed() {
    let elsewhere = Receiver::start(Behaviour::Send(OK.to_owned())).await;
    for status in [301, 302, 303, 307, 308] {
        let answer = format!(
            "HTTP/1.1 {status} Moved\r\nLocation: http://{}/\r\nContent-Length: 2\r\n\r\nOK",
            elsewhere.address
        );
        check_answer(&answer, status, Outcome::NotAcknowledged).await;
    }
    assert_eq!(*elsewhere.connections.lock().unwrap(), 0);
}

#[tokio::test]
async fn an_endless_answer_is_read_to_its_limit_and_judged_by_its_start() {
    let head = "HTTP/1.1 200 OK\r\n\r\nOK";
    let (attempt, _receiver) = attempt(Behaviour::SendAndBabble(head)).await;
    assert_eq!(attempt.outcome, Outcome::Acknowledged);
    assert_eq!(attempt.reply_start.len(), 100);
    assert!(attempt.latency_ms < 10_000);
}

#[tokio::test]
async fn a_receiver_that_does_not_finish_is_given_up() {
    for (behaviour, status, reply) in [
        (Behaviour::SendAndStall(""), None, ""),
        (Behaviour::SendAndStall("HTTP/1.1 200 OK\r\n"), None, ""),
        // Half an answer is none, but it is kept for the record.
        (
            Behaviour::SendAndStall("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nOK"),
            Some(200),
            "OK",
        ),
    ] {
        let receiver = Receiver::start(behaviour).await;
        let attempt = impatient().deliver(post(&receiver.url())).await;
        assert_eq!(attempt.outcome, Outcome::Failed(FailureClass::TimedOut));
        assert_eq!((attempt.http_status, attempt.reply_start.as_str()), (status, reply));
        assert!((1_000..10_000).contains(&attempt.latency_ms), "{}", attempt.latency_ms);
    }
}

#[tokio::test]
async fn a_receiver_that_never_shakes_hands_is_given_up() {
    let receiver = Receiver::start(Behaviour::SendAndStall("")).await;
    let url = receiver.url().replace("http:", "https:");
    let attempt = impatient().deliver(post(&url)).await;
    assert!(matches!(
        attempt.outcome,
        Outcome::Failed(FailureClass::ConnectTimedOut | FailureClass::TimedOut)
    ));
}

#[tokio::test]
async fn a_connection_that_ends_early_is_a_failure_and_not_tried_twice() {
    for behaviour in [Behaviour::HangUp, Behaviour::Send("SSH-2.0-OpenSSH_9.2\r\n".to_owned())] {
        let (attempt, receiver) = attempt(behaviour).await;
        assert_eq!(attempt.outcome, Outcome::Failed(FailureClass::BrokenOff));
        assert_eq!(receiver.requests().len(), 1);
    }
}

#[tokio::test]
async fn nobody_there_no_name_and_no_tls_are_told_apart() {
    let unused = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let url = format!("http://{unused}/");
    check_refused(&url, WebhookPolicy::Relaxed, FailureClass::NotConnected).await;

    let lookup = ScriptedLookup::new(&[]);
    let attempt = client_with(lookup).deliver(post("http://shop.example/")).await;
    assert_eq!(attempt.outcome, Outcome::Failed(FailureClass::Unresolved));

    let receiver = Receiver::start(Behaviour::Send(OK.to_owned())).await;
    let tls = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("https://{}/", tls.local_addr().unwrap());
    tokio::spawn(async move {
        let (mut stream, _) = tls.accept().await.unwrap();
        let _ = stream.write_all(b"HTTP/1.1 400 This is not TLS\r\n\r\n").await;
        std::future::pending::<()>().await;
    });
    check_refused(&url, WebhookPolicy::Relaxed, FailureClass::TlsFailed).await;
    assert_eq!(receiver.requests().len(), 0);
}

#[tokio::test]
async fn what_is_no_url_is_refused() {
    for url in ["", "shop.example/hook", "/hook", "http://", "http://[::1"] {
        check_refused(url, WebhookPolicy::Relaxed, FailureClass::InvalidUrl).await;
    }
    check_refused("ftp://shop.example/", WebhookPolicy::Relaxed, FailureClass::SchemeRefused).await;
}

#[tokio::test]
async fn strict_refuses_before_anything_is_sent() {
    let receiver = Receiver::start(Behaviour::Send(OK.to_owned())).await;
    let port = receiver.address.port();
    check_refused(&receiver.url(), WebhookPolicy::Strict, FailureClass::SchemeRefused).await;
    let url = format!("https://127.0.0.1:{port}/");
    check_refused(&url, WebhookPolicy::Strict, FailureClass::PortRefused).await;
    check_refused("https://127.0.0.1/", WebhookPolicy::Strict, FailureClass::AddressRefused).await;
    // A name that the system itself resolves to this machine.
    check_refused("https://localhost/", WebhookPolicy::Strict, FailureClass::AddressRefused).await;
    assert_eq!(*receiver.connections.lock().unwrap(), 0);
}

#[tokio::test]
async fn a_name_with_forbidden_addresses_is_refused_under_either_policy() {
    let forbidden: &[&str] = &["10.0.0.1", "127.0.0.1", "::1", "fd00::1", "169.254.169.254"];
    let delivery = |policy| Delivery { policy, ..post("https://shop.example/") };
    let attempt = client_with(ScriptedLookup::new(&[forbidden]))
        .deliver(delivery(WebhookPolicy::Strict))
        .await;
    assert_eq!(attempt.outcome, Outcome::Failed(FailureClass::AddressRefused));

    let metadata = ScriptedLookup::new(&[&["169.254.169.254", "fe80::1"]]);
    let attempt = client_with(metadata).deliver(delivery(WebhookPolicy::Relaxed)).await;
    assert_eq!(attempt.outcome, Outcome::Failed(FailureClass::AddressRefused));
}

#[tokio::test]
async fn of_several_addresses_only_the_allowed_are_called() {
    let receiver = Receiver::start(Behaviour::Send(OK.to_owned())).await;
    let lookup = ScriptedLookup::new(&[&["169.254.169.254", "127.0.0.1"]]);
    let url = format!("http://shop.example:{}/", receiver.address.port());
    let attempt = client_with(lookup).deliver(post(&url)).await;
    assert_eq!(attempt.outcome, Outcome::Acknowledged);
    assert_eq!(attempt.connected_to, Some(receiver.address));
}

#[tokio::test]
async fn the_address_that_was_checked_is_the_one_that_is_called() {
    // The name changes its address right after it was asked for.
    let first =
        Receiver::start_at("127.0.0.2:0".parse().unwrap(), Behaviour::Send(OK.to_owned())).await;
    let port = first.address.port();
    let second_address = SocketAddr::new("127.0.0.3".parse().unwrap(), port);
    let second = Receiver::start_at(second_address, Behaviour::Send(OK.to_owned())).await;
    let lookup = ScriptedLookup::new(&[&["127.0.0.2"], &["127.0.0.3"]]);
    let attempt =
        client_with(lookup.clone()).deliver(post(&format!("http://shop.example:{port}/"))).await;
    assert_eq!(attempt.connected_to, Some(first.address));
    assert_eq!(*lookup.asked.lock().unwrap(), ["shop.example"]);
    assert_eq!(*first.connections.lock().unwrap(), 1);
    assert_eq!(*second.connections.lock().unwrap(), 0);
}

#[tokio::test]
async fn a_connection_is_used_again_but_not_across_policies() {
    let receiver = Receiver::start(Behaviour::Send(OK.to_owned())).await;
    let client = WebhookClient::new().unwrap();
    for _ in 0..3 {
        let attempt = client.deliver(post(&receiver.url())).await;
        assert_eq!(attempt.outcome, Outcome::Acknowledged);
    }
    assert_eq!(receiver.requests().len(), 3);
    assert_eq!(*receiver.connections.lock().unwrap(), 1);
    let strict = Delivery { policy: WebhookPolicy::Strict, ..post(&receiver.url()) };
    assert!(matches!(client.deliver(strict).await.outcome, Outcome::Failed(_)));
    assert_eq!(receiver.requests().len(), 3);
}

#[test]
fn a_delivery_does_not_print_its_key() {
    assert!(!format!("{:?}", post("http://shop.example/")).contains("florin-site-key-0001"));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]
    /// Through URL building, the HTTP client and a receiver, the order id and query stay what they are.
    #[test]
    fn the_url_arrives_as_it_was_built(order_id in "[ -~é€]{1,50}") {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let request = runtime.block_on(async {
            let receiver = Receiver::start(Behaviour::Send(OK.to_owned())).await;
            let configured = format!("http://{}/?rest_route=/a/v1&x=%2fy", receiver.address);
            let url = notification_url(&configured, &order_id, TIMESTAMP, Payload::Order);
            let attempt = WebhookClient::new().unwrap().deliver(post(&url)).await;
            assert_eq!(attempt.outcome, Outcome::Acknowledged);
            receiver.request()
        });
        let text = String::from_utf8_lossy(&request);
        let path = text.split(' ').nth(1).unwrap();
        prop_assert!(path.starts_with("/?rest_route=/a/v1&x=%2fy&transactionid="), "{}", path);
        let query = path.split_once('?').unwrap().1;
        let read = form_urlencoded::parse(query.as_bytes()).find(|(k, _)| k == "transactionid");
        prop_assert_eq!(read.unwrap().1.into_owned(), order_id);
    }
}
