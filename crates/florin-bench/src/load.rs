//! Shops that create orders over HTTP/1.1, one after the other on a connection each.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// What the shops have seen.
pub(crate) struct Seen {
    /// Latency of each counted payment, in microseconds, sorted.
    pub(crate) latencies_us: Vec<u32>,
    pub(crate) failed: u64,
    pub(crate) elapsed: Duration,
    /// All payments, those of the warm-up too.
    pub(crate) all: u64,
}

/// Loads the gateway: `warm_up` is not counted.
pub(crate) async fn run(
    gateway: SocketAddr,
    api_key: &str,
    notification_url: &str,
    concurrency: usize,
    warm_up: Duration,
    time: Duration,
) -> Seen {
    let number = Arc::new(AtomicU64::new(0));
    // Two loads of one process must not ask for the same orders.
    static LOADS: AtomicU64 = AtomicU64::new(0);
    let prefix = format!("b{}-{}", std::process::id(), LOADS.fetch_add(1, Ordering::Relaxed));
    let begin = Instant::now() + warm_up;
    let end = begin + time;
    let shops: Vec<_> = (0..concurrency)
        .map(|_| {
            let shop = Shop {
                gateway,
                api_key: api_key.to_owned(),
                notification_url: notification_url.to_owned(),
                prefix: prefix.clone(),
                number: number.clone(),
            };
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
    Seen { latencies_us, failed, elapsed, all: number.load(Ordering::Relaxed) }
}

struct Shop {
    gateway: SocketAddr,
    api_key: String,
    notification_url: String,
    prefix: String,
    number: Arc<AtomicU64>,
}

impl Shop {
    async fn trade(self, begin: Instant, end: Instant) -> (Vec<u32>, u64) {
        let mut stream = TcpStream::connect(self.gateway).await.unwrap();
        stream.set_nodelay(true).unwrap();
        let mut buffer = vec![0u8; 32 * 1024];
        let (mut latencies, mut failed) = (Vec::new(), 0);
        while Instant::now() < end {
            let request = self.request();
            let sent = Instant::now();
            stream.write_all(request.as_bytes()).await.unwrap();
            let answer = read_answer(&mut stream, &mut buffer).await;
            let took = sent.elapsed();
            let good = contains(answer, b"\"success\":true")
                && contains(answer, b"\"financial_status\":\"completed\"");
            if !good {
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

    fn request(&self) -> String {
        let number = self.number.fetch_add(1, Ordering::Relaxed);
        let body = format!(
            r#"{{"type":"direct","order_id":"{}-{number}","currency":"EUR","amount":1000,"gateway":"CREDITCARD","description":"product description","payment_options":{{"notification_url":"{}","redirect_url":"https://shop.example/thanks","cancel_url":"https://shop.example/cart"}},"customer":{{"locale":"nl_NL","ip_address":"89.20.162.110","first_name":"Testperson-nl","last_name":"Approved","address1":"Kraanspoor","house_number":"39C","zip_code":"1033 SC","city":"Amsterdam","country":"NL","phone":"0208500500","email":"example@shop.example","user_agent":"Mozilla/5.0"}},"gateway_info":{{"card_number":"4111111111111111","card_holder_name":"A de Vries","card_expiry_date":"3012","card_cvc":"123"}}}}"#,
            self.prefix, self.notification_url
        );
        format!(
            "POST /v1/json/orders HTTP/1.1\r\nHost: {}\r\napi_key: {}\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
            self.gateway,
            self.api_key,
            body.len()
        )
    }
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
