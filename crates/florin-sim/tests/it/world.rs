//! A started simulator, and the gateway's side of both wires.

use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use florin_sim::{Simulator, SimulatorConfig};
use iso8583::elements::{OriginalData, acceptor, replacement_amounts};
use iso8583::frame::{FrameReader, Framing};
use iso8583::{Codec, Encoding, Message, Mti, Spec, presence};
use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::timeout;

pub(crate) const MERCHANT: &str = "FLORIN000000001";
pub(crate) const TOKEN: &str = "control-token";
pub(crate) const VISA: &str = "4111111111111111";
/// Long enough for any answer that comes, on a busy machine.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);
/// Long enough to believe that no answer comes.
pub(crate) const SILENCE: Duration = Duration::from_millis(400);

static NEXT_STAN: AtomicU32 = AtomicU32::new(1);

pub(crate) struct World {
    pub simulator: Simulator,
    pub base: String,
    pub http: reqwest::Client,
}

pub(crate) fn config() -> SimulatorConfig {
    SimulatorConfig { control_token: TOKEN.to_owned().into(), ..SimulatorConfig::default() }
}

impl World {
    pub(crate) async fn start() -> World {
        World::start_with(config()).await
    }

    pub(crate) async fn start_with(config: SimulatorConfig) -> World {
        let simulator = Simulator::start(config).await.unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base = format!("http://{}", listener.local_addr().unwrap());
        simulator.set_public_url(&base);
        let server = simulator.clone();
        tokio::spawn(async move { server.serve(listener).await });
        let http = reqwest::Client::builder().no_proxy().build().unwrap();
        World { simulator, base, http }
    }

    pub(crate) async fn link(&self) -> Link {
        let mut link = self.unsigned_link().await;
        assert_eq!(link.exchange(&sign_on()).await.get(39), Some("00"));
        link
    }

    pub(crate) async fn unsigned_link(&self) -> Link {
        Link::connect(self, Encoding::Ascii, Framing::default()).await
    }

    pub(crate) async fn post(&self, path: &str, body: Vec<u8>) -> (u16, Vec<u8>) {
        let request = self.http.post(format!("{}{path}", self.base)).body(body);
        let response = timeout(PATIENCE, request.send()).await.unwrap().unwrap();
        let status = response.status().as_u16();
        (status, response.bytes().await.unwrap().to_vec())
    }

    pub(crate) async fn control(&self, method: &str, path: &str, body: &str) -> (u16, Value) {
        let method = method.parse().unwrap();
        let request = self
            .http
            .request(method, format!("{}/control{path}", self.base))
            .header("authorization", format!("Bearer {TOKEN}"))
            .body(body.to_owned());
        let response = timeout(PATIENCE, request.send()).await.unwrap().unwrap();
        let status = response.status().as_u16();
        let body = response.bytes().await.unwrap();
        (status, serde_json::from_slice(&body).unwrap_or(Value::Null))
    }

    pub(crate) async fn order_fault(&self, order: &str) {
        let (status, answer) = self.control("POST", "/faults", order).await;
        assert_eq!(status, 201, "{answer}");
    }

    /// The books as an acquirer's file, without the instants: lines of text.
    pub(crate) async fn settlement_file(&self) -> Vec<String> {
        let path = format!("{}/control/host?merchant={MERCHANT}&format=csv", self.base);
        let request = self.http.get(path).header("authorization", format!("Bearer {TOKEN}"));
        let response = timeout(PATIENCE, request.send()).await.unwrap().unwrap();
        assert_eq!(response.headers()["content-type"], "text/csv; charset=utf-8");
        let text = String::from_utf8(response.bytes().await.unwrap().to_vec()).unwrap();
        let without_instant = |line: &str| line.rsplit_once(',').unwrap().0.to_owned();
        text.strip_suffix("\r\n").unwrap().split("\r\n").map(without_instant).collect()
    }

    /// The books' only entry.
    pub(crate) async fn only_entry(&self) -> Value {
        let (status, books) = self.control("GET", &format!("/host?merchant={MERCHANT}"), "").await;
        assert_eq!(status, 200);
        let entries = books.as_array().unwrap();
        assert_eq!(entries.len(), 1, "{books}");
        entries[0].clone()
    }
}

pub(crate) struct Link {
    stream: TcpStream,
    reader: FrameReader,
    codec: Codec,
    framing: Framing,
}

impl Link {
    pub(crate) async fn connect(world: &World, encoding: Encoding, framing: Framing) -> Link {
        let stream = TcpStream::connect(world.simulator.host_address()).await.unwrap();
        let codec = Codec::new(Spec::florin87(), encoding);
        Link { stream, reader: FrameReader::new(framing), codec, framing }
    }

    pub(crate) async fn send(&mut self, message: &Message) {
        let mut encoded = Vec::new();
        self.codec.encode(message, &mut encoded).unwrap();
        let mut framed = Vec::new();
        self.framing.wrap(&encoded, &mut framed).unwrap();
        self.send_bytes(&framed).await;
    }

    pub(crate) async fn send_with_mac(
        &mut self,
        message: &Message,
        mac: &dyn Fn(&[u8]) -> [u8; 8],
    ) {
        let mut encoded = Vec::new();
        self.codec.encode_with_mac(message, &mut encoded, mac).unwrap();
        let mut framed = Vec::new();
        self.framing.wrap(&encoded, &mut framed).unwrap();
        self.send_bytes(&framed).await;
    }

    pub(crate) async fn receive_with_mac(&mut self, mac: &dyn Fn(&[u8]) -> [u8; 8]) -> Message {
        let frame = self.receive_frame().await.expect("the host closed the connection");
        self.codec.verify_mac(&frame, mac).unwrap();
        self.codec.decode(&frame).unwrap()
    }

    pub(crate) async fn send_bytes(&mut self, bytes: &[u8]) {
        self.stream.write_all(bytes).await.unwrap();
    }

    /// The next frame's bytes; none when the connection was closed.
    pub(crate) async fn receive_frame(&mut self) -> Option<Vec<u8>> {
        let mut bytes = [0; 8192];
        loop {
            if let Some(frame) = self.reader.next_frame().unwrap() {
                return Some(frame.to_vec());
            }
            match timeout(PATIENCE, self.stream.read(&mut bytes)).await.expect("no answer came") {
                Ok(0) | Err(_) => return None,
                Ok(count) => self.reader.push(&bytes[..count]),
            }
        }
    }

    /// The next message, which must be a complete answer of its type.
    pub(crate) async fn receive(&mut self) -> Message {
        let frame = self.receive_frame().await.expect("the host closed the connection");
        let message = self.codec.decode(&frame).unwrap();
        presence::check(&message).unwrap();
        message
    }

    pub(crate) async fn exchange(&mut self, message: &Message) -> Message {
        self.send(message).await;
        let answer = self.receive().await;
        assert_eq!(Some(answer.mti()), message.mti().response());
        for de in [3, 7, 11, 32, 37, 41, 42, 49, 70] {
            assert_eq!(answer.get(de), message.get(de), "element {de} is echoed");
        }
        answer
    }

    /// The code that a message is answered with.
    pub(crate) async fn code(&mut self, message: &Message) -> String {
        self.exchange(message).await.get(39).unwrap().to_owned()
    }

    /// Sends an echo and reads past other answers until its own: all before it is then done.
    pub(crate) async fn unordered_echo(&mut self) -> Option<String> {
        let echo = network("301", &[]);
        self.send(&echo).await;
        loop {
            let answer = self.receive().await;
            if answer.get(70) == Some("301") && answer.get(11) == echo.get(11) {
                return answer.get(39).map(str::to_owned);
            }
        }
    }

    pub(crate) async fn stays_silent(&mut self) -> bool {
        let mut byte = [0; 1];
        timeout(SILENCE, self.stream.read(&mut byte)).await.is_err()
    }

    pub(crate) async fn is_closed(&mut self) -> bool {
        self.receive_frame().await.is_none()
    }
}

pub(crate) fn sign_on() -> Message {
    network("001", &[("90", "FLORIN87/1.0")])
}

pub(crate) fn network(code: &str, tags: &[(&str, &str)]) -> Message {
    let mut message = Message::new(Mti::NETWORK_REQUEST);
    message.set(7, "1122140500");
    message.set(11, &format!("{:06}", NEXT_STAN.fetch_add(1, Ordering::Relaxed)));
    message.set(32, "999001");
    message.set(70, code);
    message.set_private_data(tags).unwrap();
    message
}

/// A financial message with everything that is mandatory, and these tags.
pub(crate) fn financial(mti: Mti, number: &str, amount: u64, tags: &[(&str, &str)]) -> Message {
    let stan = NEXT_STAN.fetch_add(1, Ordering::Relaxed);
    let mut message = Message::new(mti);
    message.set(2, number);
    message.set(3, "000000");
    message.set(4, &format!("{amount:012}"));
    message.set(7, "1122140509");
    message.set(11, &format!("{stan:06}"));
    message.set(12, "150509");
    message.set(13, "1122");
    message.set(14, "2812");
    message.set(18, "5999");
    message.set(19, "528");
    message.set(22, "810");
    message.set(25, "59");
    message.set(32, "999001");
    message.set(37, &format!("632614{stan:06}"));
    message.set(41, "FLRN0001");
    message.set(42, MERCHANT);
    message.set(43, &acceptor("Florin test shop", "Amsterdam", "NL"));
    message.set(49, "978");
    message.set_private_data(tags).unwrap();
    message
}

/// A one-off e-commerce authorization; `more` replaces or adds tags.
pub(crate) fn authorization(number: &str, amount: u64, more: &[(&str, &str)]) -> Message {
    let mut tags = vec![
        ("01", "E"),
        ("03", "N"),
        ("05", "VI"),
        ("06", "my-order"),
        ("20", "1"),
        ("21", "123"),
        ("30", "07"),
    ];
    for (tag, value) in more {
        tags.retain(|(known, _)| known != tag);
        if !value.is_empty() {
            tags.push((tag, value));
        }
    }
    financial(Mti::AUTHORIZATION_REQUEST, number, amount, &tags)
}

fn original_data(original: &Message) -> String {
    let text = |de: u8| original.get(de).unwrap().to_owned();
    let data = OriginalData {
        mti: original.mti(),
        stan: text(11),
        transmitted_at: text(7),
        acquirer_id: text(32),
        forwarding_id: None,
    };
    data.to_element()
}

/// A capture of an approved authorization; `last` is tag 10.
pub(crate) fn capture(original: &Message, answer: &Message, amount: u64, last: &str) -> Message {
    let number = original.get(2).unwrap();
    let rrn = original.get(37).unwrap();
    let tags =
        [("01", "E"), ("05", "VI"), ("06", "my-order"), ("08", rrn), ("09", "0199"), ("10", last)];
    let mut message = financial(Mti::FINANCIAL_ADVICE, number, amount, &tags);
    message.set(38, answer.get(38).unwrap_or("000000"));
    message.set(90, &original_data(original));
    message
}

pub(crate) fn refund(original: &Message, amount: u64) -> Message {
    let tags =
        [("01", "E"), ("03", "R"), ("05", "VI"), ("06", "r"), ("08", original.get(37).unwrap())];
    let mut message = financial(Mti::FINANCIAL_REQUEST, original.get(2).unwrap(), amount, &tags);
    message.set(3, "200000");
    message
}

/// A reversal, 0400 or 0420, in full or down to what remains.
pub(crate) fn reversal(mti: Mti, original: &Message, remains: Option<u64>) -> Message {
    let tags = [("01", "E"), ("05", "VI"), ("06", "my-order"), ("11", "4000")];
    let amount = original.get(4).unwrap().parse().unwrap();
    let mut message = financial(mti, original.get(2).unwrap(), amount, &tags);
    message.set(3, original.get(3).unwrap());
    message.set(37, original.get(37).unwrap());
    message.set(90, &original_data(original));
    if let Some(remains) = remains {
        message.set(95, &replacement_amounts(remains).unwrap());
    }
    message
}

pub(crate) fn amounts(entry: &Value) -> [i64; 5] {
    ["authorized", "captured", "refunded", "reversed", "held"]
        .map(|name| entry[name].as_i64().unwrap())
}
