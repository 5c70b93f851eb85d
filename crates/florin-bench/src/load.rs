//! Shops that call the API over HTTP/1.1, one call after the other on a connection each.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// What the shops have seen.
pub(crate) struct Seen {
    /// Latency of each counted call, in microseconds, sorted.
    pub(crate) latencies_us: Vec<u32>,
    pub(crate) failed: u64,
    pub(crate) elapsed: Duration,
    /// All calls, those of the warm-up too.
    pub(crate) all: u64,
    /// What the order ids of this load begin with.
    pub(crate) prefix: String,
}

impl Seen {
    /// Counted calls a second.
    pub(crate) fn per_second(&self) -> f64 {
        self.latencies_us.len() as f64 / self.elapsed.as_secs_f64()
    }
}

/// Where shops call, and how many at once.
#[derive(Clone)]
pub(crate) struct Gateway {
    pub(crate) address: SocketAddr,
    pub(crate) api_key: String,
    pub(crate) notification_url: String,
    pub(crate) concurrency: usize,
}

/// Orders that another load has made, by their numbers.
#[derive(Clone, Copy)]
pub(crate) struct Made<'a> {
    pub(crate) prefix: &'a str,
    pub(crate) count: u64,
}

impl<'a> From<&'a Seen> for Made<'a> {
    fn from(seen: &'a Seen) -> Made<'a> {
        Made { prefix: &seen.prefix, count: seen.all }
    }
}

/// What the shops of a load do. Orders that another load has made are used once each; the load ends
/// when there are no more.
#[derive(Clone, Copy)]
pub(crate) enum Call<'a> {
    /// Direct payments.
    Pay,
    /// Charges of stored cards, by turns, without the payer.
    Charge(&'a [String]),
    /// Authorizations that wait to be captured.
    Authorize,
    /// Captures of authorizations, each as a whole.
    Capture(Made<'a>),
    /// Refunds of payments, each as a whole.
    Refund(Made<'a>),
    /// In turn a payment, an authorization, the capture of that, the refund of the payment.
    Mixed,
    /// Looks at orders, again and again.
    Get(Made<'a>),
    /// Payers who open payment pages, whose paths these are, again and again.
    Open(&'a [String]),
}

/// Loads the gateway: `warm_up` is not counted.
pub(crate) async fn run(
    gateway: &Gateway,
    call: Call<'_>,
    warm_up: Duration,
    time: Duration,
) -> Seen {
    let number = Arc::new(AtomicU64::new(0));
    // Two loads of one process must not ask for the same orders.
    static LOADS: AtomicU64 = AtomicU64::new(0);
    let prefix = format!("b{}-{}", std::process::id(), LOADS.fetch_add(1, Ordering::Relaxed));
    let (kind, made) = match call {
        Call::Pay => (Kind::Pay, None),
        Call::Charge(_) => (Kind::Charge, None),
        Call::Authorize => (Kind::Authorize, None),
        Call::Mixed => (Kind::Mixed, None),
        Call::Capture(made) => (Kind::Capture, Some(made)),
        Call::Refund(made) => (Kind::Refund, Some(made)),
        Call::Get(made) => (Kind::Get, Some(made)),
        Call::Open(_) => (Kind::Open, None),
    };
    let places = match call {
        Call::Open(places) | Call::Charge(places) => places.into(),
        _ => Arc::default(),
    };
    let work = Work {
        kind,
        prefix: made.map_or(prefix.as_str(), |made| made.prefix).to_owned(),
        count: made.map_or(u64::MAX, |made| made.count),
        places,
    };
    let begin = Instant::now() + warm_up;
    let end = begin + time;
    let shops: Vec<_> = (0..gateway.concurrency)
        .map(|_| {
            let shop =
                Shop { gateway: gateway.clone(), work: work.clone(), number: number.clone() };
            tokio::spawn(shop.trade(begin, end))
        })
        .collect();
    let mut latencies_us = Vec::new();
    let mut failed = 0;
    for shop in shops {
        let (mut latencies, failures) = shop.await.unwrap();
        latencies_us.append(&mut latencies);
        failed += failures;
    }
    let elapsed = begin.elapsed().min(time + Duration::from_secs(5));
    latencies_us.sort_unstable();
    Seen { latencies_us, failed, elapsed, all: number.load(Ordering::Relaxed), prefix }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Pay,
    Charge,
    Authorize,
    Capture,
    Refund,
    Mixed,
    Get,
    Open,
}

/// What a shop does, and with which orders.
#[derive(Clone)]
struct Work {
    kind: Kind,
    prefix: String,
    count: u64,
    /// Paths of payment pages, or stored cards.
    places: Arc<[String]>,
}

struct Shop {
    gateway: Gateway,
    work: Work,
    number: Arc<AtomicU64>,
}

impl Shop {
    async fn trade(self, begin: Instant, end: Instant) -> (Vec<u32>, u64) {
        let mut stream = TcpStream::connect(self.gateway.address).await.unwrap();
        stream.set_nodelay(true).unwrap();
        let mut buffer = vec![0u8; 32 * 1024];
        let (mut latencies, mut failed) = (Vec::new(), 0);
        let mut turn = 0;
        let mut mixed = [0; 2];
        while Instant::now() < end {
            let number = self.number.fetch_add(1, Ordering::Relaxed);
            let (kind, number) = match self.work.kind {
                // Of four calls in turn the first two make orders and the others use them.
                Kind::Mixed => {
                    let (kind, of) = MIXED[turn % MIXED.len()];
                    if turn % MIXED.len() < 2 {
                        mixed[of] = number;
                    }
                    turn += 1;
                    (kind, mixed[of])
                }
                // Spread over all orders, so that neighbours are not asked for in turn.
                Kind::Get => (Kind::Get, number.wrapping_mul(7_919) % self.work.count.max(1)),
                _ if number >= self.work.count => break,
                kind => (kind, number),
            };
            let request = self.request(kind, number);
            let sent = Instant::now();
            stream.write_all(request.as_bytes()).await.unwrap();
            let answer = read_answer(&mut stream, &mut buffer).await;
            let took = sent.elapsed();
            if !is_good(kind, answer) {
                failed += 1;
                if failed == 1 {
                    eprintln!("first failure: {}", String::from_utf8_lossy(answer));
                }
            } else if sent >= begin {
                latencies.push(took.as_micros() as u32);
            }
        }
        (latencies, failed)
    }

    fn request(&self, kind: Kind, number: u64) -> String {
        let id = format!("{}-{number}", self.work.prefix);
        let orders = "/v1/json/orders";
        match kind {
            Kind::Pay => self.post(orders, &self.order(&id, "")),
            Kind::Charge => self.post(orders, &charge_of(&self.order(&id, ""), self.place(number))),
            Kind::Authorize => self.post(orders, &self.order(&id, r#""capture":"manual","#)),
            Kind::Capture => self.post(&format!("{orders}/{id}/capture"), r#"{"amount":1000}"#),
            Kind::Refund => {
                let body = r#"{"currency":"EUR","amount":1000,"description":"back"}"#;
                self.post(&format!("{orders}/{id}/refunds"), body)
            }
            Kind::Get => format!(
                "GET {orders}/{id} HTTP/1.1\r\nHost: {}\r\napi_key: {}\r\n\r\n",
                self.gateway.address, self.gateway.api_key,
            ),
            Kind::Open => {
                let (page, host) = (self.place(number), self.gateway.address);
                format!("GET {page} HTTP/1.1\r\nHost: {host}\r\n\r\n")
            }
            Kind::Mixed => unreachable!("it is one of the others in turn"),
        }
    }

    fn place(&self, number: u64) -> &str {
        &self.work.places[number as usize % self.work.places.len()]
    }

    fn order(&self, id: &str, more: &str) -> String {
        format!(
            r#"{{"type":"direct",{more}"order_id":"{id}","currency":"EUR","amount":1000,"gateway":"CREDITCARD","description":"product description","payment_options":{{"notification_url":"{}","redirect_url":"https://shop.example/thanks","cancel_url":"https://shop.example/cart"}},"customer":{{"locale":"nl_NL","ip_address":"89.20.162.110","first_name":"Testperson-nl","last_name":"Approved","address1":"Kraanspoor","house_number":"39C","zip_code":"1033 SC","city":"Amsterdam","country":"NL","phone":"0208500500","email":"example@shop.example","user_agent":"Mozilla/5.0"}},"gateway_info":{{"card_number":"4111111111111111","card_holder_name":"A de Vries","card_expiry_date":"3012","card_cvc":"123"}}}}"#,
            self.gateway.notification_url
        )
    }

    fn post(&self, path: &str, body: &str) -> String {
        format!(
            "POST {path} HTTP/1.1\r\nHost: {}\r\napi_key: {}\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
            self.gateway.address,
            self.gateway.api_key,
            body.len()
        )
    }
}

/// The calls of a mixed load, and which of its two orders each is about.
const MIXED: [(Kind, usize); 4] =
    [(Kind::Pay, 0), (Kind::Authorize, 1), (Kind::Capture, 1), (Kind::Refund, 0)];

fn is_good(kind: Kind, answer: &[u8]) -> bool {
    if kind == Kind::Open {
        return contains(answer, b"id=\"card-form\"");
    }
    let financial_status: &[u8] = match kind {
        Kind::Pay | Kind::Charge => b"\"financial_status\":\"completed\"",
        Kind::Authorize => b"\"financial_status\":\"initialized\"",
        _ => b"",
    };
    contains(answer, b"\"success\":true")
        && (financial_status.is_empty() || contains(answer, financial_status))
}

/// Reads one answer with a `Content-Length` and returns its body.
async fn read_answer<'a>(stream: &mut TcpStream, buffer: &'a mut [u8]) -> &'a [u8] {
    let mut filled = 0;
    loop {
        let read = stream.read(&mut buffer[filled..]).await.unwrap();
        assert!(read > 0, "the gateway hung up");
        filled += read;
        let Some(head) = buffer[..filled].windows(4).position(|it| it == b"\r\n\r\n") else {
            continue;
        };
        let text = String::from_utf8_lossy(&buffer[..head]).to_ascii_lowercase();
        let length = text.split("content-length:").nth(1).unwrap();
        let length: usize = length.split("\r\n").next().unwrap().trim().parse().unwrap();
        while filled < head + 4 + length {
            let read = stream.read(&mut buffer[filled..]).await.unwrap();
            assert!(read > 0, "the gateway hung up");
            filled += read;
        }
        return &buffer[head + 4..filled];
    }
}

fn contains(text: &[u8], part: &[u8]) -> bool {
    text.windows(part.len()).any(|window| window == part)
}

/// Makes an order whose payer has to answer a challenge, and never does; gives its id.
pub(crate) async fn challenged(gateway: &Gateway) -> String {
    let mut stream = TcpStream::connect(gateway.address).await.unwrap();
    let mut buffer = vec![0u8; 32 * 1024];
    let id = "challenged".to_owned();
    let work = Work { kind: Kind::Pay, prefix: id.clone(), count: 1, places: Arc::default() };
    let shop = Shop { gateway: gateway.clone(), work, number: Arc::default() };
    let order = shop.order(&id, "").replace("4111111111111111", "5555555555554444");
    stream.write_all(shop.post("/v1/json/orders", &order).as_bytes()).await.unwrap();
    let answer = read_answer(&mut stream, &mut buffer).await;
    assert!(contains(answer, b"\"initialized\""), "{}", String::from_utf8_lossy(answer));
    id
}

/// Makes an order that is to be paid on its page; gives the path of the page.
pub(crate) async fn offered(gateway: &Gateway, number: u64) -> String {
    let mut stream = TcpStream::connect(gateway.address).await.unwrap();
    let mut buffer = vec![0u8; 32 * 1024];
    let id = format!("offered-{number}");
    let work = Work { kind: Kind::Pay, prefix: id.clone(), count: 1, places: Arc::default() };
    let shop = Shop { gateway: gateway.clone(), work, number: Arc::default() };
    let order = shop.order(&id, "").replace(r#""type":"direct""#, r#""type":"redirect""#);
    let (order, _) = order.split_once(r#","gateway_info""#).unwrap();
    stream.write_all(shop.post("/v1/json/orders", &format!("{order}}}")).as_bytes()).await.unwrap();
    let answer = String::from_utf8_lossy(read_answer(&mut stream, &mut buffer).await).into_owned();
    let url = answer.split(r#""payment_url":""#).nth(1).expect(&answer);
    let url = url.split('"').next().unwrap();
    let (_, path) = url.split_once("//").and_then(|(_, rest)| rest.split_once('/')).unwrap();
    format!("/{path}")
}

/// Makes an order that stores its card; gives the token.
pub(crate) async fn stored_card(gateway: &Gateway, number: u64) -> String {
    let mut stream = TcpStream::connect(gateway.address).await.unwrap();
    let mut buffer = vec![0u8; 32 * 1024];
    let id = format!("stored-{number}");
    let work = Work { kind: Kind::Pay, prefix: id.clone(), count: 1, places: Arc::default() };
    let shop = Shop { gateway: gateway.clone(), work, number: Arc::default() };
    let order = shop.order(&id, r#""recurring_model":"unscheduled","#);
    let order = order.replace(r#""customer":{"#, &format!(r#""customer":{{"reference":"{id}","#));
    stream.write_all(shop.post("/v1/json/orders", &order).as_bytes()).await.unwrap();
    let answer = String::from_utf8_lossy(read_answer(&mut stream, &mut buffer).await).into_owned();
    let token = answer.split(r#""recurring_id":""#).nth(1).expect(&answer);
    token.split('"').next().unwrap().to_owned()
}

/// The same order without a card, for a stored one.
fn charge_of(order: &str, token: &str) -> String {
    let (order, _) = order.split_once(r#","gateway_info""#).unwrap();
    format!(r#"{order},"recurring_model":"unscheduled","recurring_id":"{token}"}}"#)
}
