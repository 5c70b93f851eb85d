//! The link against a scripted host on a real socket.
//!
//! The host does what each test tells it, well or badly; the link must say exactly what became
//! of each message. Timers are real but short, since paused time and sockets do not mix.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use iso8583::frame::FrameReader;
use iso8583::{Codec, Message, Mti, Spec};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use rustls::server::WebPkiClientVerifier;
use rustls::{RootCertStore, ServerConfig};
use rustls_pki_types::PrivateKeyDer;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::time::{Instant, timeout};

use super::config::LinkTls;
use super::config::{EncodingName, FramingName, TpduSettings};
use super::connection::Stream;
use super::mac::MacKey;
use super::*;
use crate::clock::SystemClock;

/// Nothing in a test takes longer unless it hangs.
const PATIENCE: Duration = Duration::from_secs(10);

#[derive(Default)]
struct Counter(AtomicU32);

#[async_trait]
impl NumberBlocks for Counter {
    async fn reserve(&self, _link: &str, count: u32) -> Result<u32, NumbersUnavailable> {
        Ok(self.0.fetch_add(count, Ordering::Relaxed))
    }
}

/// The host's end of one connection.
struct Host {
    stream: Box<dyn Stream>,
    frames: FrameReader,
    codec: Codec,
    config: LinkConfig,
}

impl Host {
    async fn accept(listener: &TcpListener, config: &LinkConfig) -> Host {
        let (stream, _) = timeout(PATIENCE, listener.accept()).await.unwrap().unwrap();
        Host::on(Box::new(stream), config)
    }

    fn on(stream: Box<dyn Stream>, config: &LinkConfig) -> Host {
        Host {
            stream,
            frames: FrameReader::new(config.framing()),
            codec: Codec::new(Spec::florin87(), config.encoding()),
            config: config.clone(),
        }
    }

    /// Accepts and answers the sign-on.
    async fn signed_on(listener: &TcpListener, config: &LinkConfig) -> Host {
        let mut host = Host::accept(listener, config).await;
        host.sign_on().await;
        host
    }

    async fn sign_on(&mut self) {
        let sign_on = self.read().await;
        assert_eq!((sign_on.mti(), sign_on.get(70)), (Mti::NETWORK_REQUEST, Some("001")));
        assert_eq!(sign_on.get(48), Some("9012FLORIN87/1.0"));
        self.write(&answer_to(&sign_on, "00")).await;
    }

    async fn read(&mut self) -> Message {
        timeout(PATIENCE, self.try_read()).await.unwrap().expect("the link closed")
    }

    async fn try_read(&mut self) -> Option<Message> {
        loop {
            if let Some(frame) = self.frames.next_frame().unwrap() {
                if let Some(key) = &self.config.mac_key {
                    self.codec.verify_mac(&frame, &|bytes| key.sign(bytes)).unwrap();
                }
                return Some(self.codec.decode(&frame).unwrap());
            }
            let mut bytes = [0; 4096];
            match self.stream.read(&mut bytes).await {
                Ok(0) | Err(_) => return None,
                Ok(count) => self.frames.push(&bytes[..count]),
            }
        }
    }

    async fn write(&mut self, message: &Message) {
        let mut bytes = Vec::new();
        match &self.config.mac_key {
            Some(key) => {
                let mac = |bytes: &[u8]| key.sign(bytes);
                self.codec.encode_with_mac(message, &mut bytes, &mac).unwrap();
            }
            None => self.codec.encode(message, &mut bytes).unwrap(),
        }
        self.write_frame(&bytes).await;
    }

    async fn write_frame(&mut self, bytes: &[u8]) {
        let mut frame = Vec::new();
        self.config.framing().wrap(bytes, &mut frame).unwrap();
        self.stream.write_all(&frame).await.unwrap();
    }

    /// Waits for the link to close the connection, passing over what it still sends.
    async fn closed(mut self) {
        timeout(PATIENCE, async { while self.try_read().await.is_some() {} }).await.unwrap();
    }
}

fn answer_to(request: &Message, code: &str) -> Message {
    let mut answer = Message::new(request.mti().response().unwrap());
    for de in [3, 4, 7, 11, 32, 37, 41, 42, 49, 70] {
        if let Some(value) = request.get(de) {
            answer.set(de, value);
        }
    }
    answer.set(39, code);
    answer
}

async fn request(link: &Link, amount: u32) -> Message {
    let trace = link.next_trace().await.unwrap();
    let mut message = Message::new(Mti::AUTHORIZATION_REQUEST);
    let amount = format!("{amount:012}");
    let elements = [
        (2, "4111111111111111"),
        (3, "000000"),
        (4, &amount),
        (7, &trace.transmitted_at),
        (11, &trace.stan),
        (12, "150509"),
        (13, "1122"),
        (14, "2812"),
        (18, "5999"),
        (19, "528"),
        (22, "810"),
        (25, "59"),
        (32, "999001"),
        (37, &trace.rrn),
        (41, &trace.terminal_id),
        (42, "FLORIN000000001"),
        (43, "FLORIN TEST SHOP         AMSTERDAM    NL"),
        (48, "0101E0301N0502VI0601120010"),
        (49, "978"),
    ];
    for (de, value) in elements {
        message.set(de, value);
    }
    message
}

/// One connection and timers short enough for a test, long enough for a busy machine.
async fn quick() -> (TcpListener, LinkConfig) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let config = LinkConfig {
        address: listener.local_addr().unwrap().to_string(),
        connections: 1,
        timers: LinkTimers {
            t2_response_ms: 1_500,
            t3_signon_ms: 1_500,
            t4_advice_response_ms: 700,
            t6_reconnect_ms: vec![20],
            ready_wait_ms: 300,
            ..LinkTimers::default()
        },
        ..LinkConfig::default()
    };
    (listener, config)
}

fn start(config: &LinkConfig) -> Link {
    Link::start(config.clone(), Arc::new(Counter::default()), Arc::new(SystemClock)).unwrap()
}

async fn pair() -> (Link, Host, TcpListener) {
    let (listener, config) = quick().await;
    let link = start(&config);
    let host = Host::signed_on(&listener, &config).await;
    timeout(PATIENCE, link.signed_on()).await.unwrap();
    (link, host, listener)
}

fn ask(link: &Link, message: Message) -> tokio::task::JoinHandle<Reply> {
    let link = link.clone();
    tokio::spawn(async move { timeout(PATIENCE, link.exchange(&message)).await.unwrap() })
}

fn code(reply: &Reply) -> &str {
    match reply {
        Reply::Answered(answer) => answer.get(39).unwrap(),
        other => panic!("{other:?}"),
    }
}

async fn until(what: &str, mut holds: impl FnMut() -> bool) {
    let deadline = Instant::now() + PATIENCE;
    while !holds() {
        assert!(Instant::now() < deadline, "{what}");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

#[tokio::test]
async fn answers_in_any_order_find_their_requests() {
    let (link, mut host, _listener) = pair().await;
    let mut asked = Vec::new();
    for amount in 0..100 {
        asked.push((amount, ask(&link, request(&link, amount).await)));
    }
    let mut requests = Vec::new();
    for _ in 0..100 {
        requests.push(host.read().await);
    }
    for request in requests.iter().rev() {
        let code = format!("{:02}", request.get(4).unwrap().parse::<u32>().unwrap());
        host.write(&answer_to(request, if code == "09" { "00" } else { &code })).await;
    }
    for (amount, task) in asked {
        let reply = task.await.unwrap();
        let expected = if amount == 9 { 0 } else { amount };
        assert_eq!(code(&reply), format!("{expected:02}"));
    }
    let statistics = link.statistics();
    assert_eq!((statistics.answered, statistics.in_flight), (100, 0));
}

#[tokio::test]
async fn a_refused_sign_on_closes_and_connects_again() {
    let (listener, config) = quick().await;
    let link = start(&config);
    let mut host = Host::accept(&listener, &config).await;
    let sign_on = host.read().await;
    host.write(&answer_to(&sign_on, "58")).await;
    host.closed().await;
    assert!(!link.is_signed_on());
    let mut host = Host::signed_on(&listener, &config).await;
    let asked = ask(&link, request(&link, 1).await);
    let message = host.read().await;
    host.write(&answer_to(&message, "00")).await;
    assert_eq!(code(&asked.await.unwrap()), "00");
    assert_eq!(link.statistics().sign_ons, 1);
}

#[tokio::test]
async fn a_sign_on_without_an_answer_closes() {
    let (listener, config) = quick().await;
    let _link = start(&config);
    let mut host = Host::accept(&listener, &config).await;
    host.read().await;
    host.closed().await;
    Host::signed_on(&listener, &config).await;
}

#[tokio::test]
async fn nothing_is_sent_while_nobody_is_signed_on() {
    let (listener, config) = quick().await;
    let link = start(&config);
    let before = Instant::now();
    let reply = link.exchange(&request(&link, 1).await).await;
    assert!(matches!(reply, Reply::NotSent(NotSentReason::NotSignedOn)), "{reply:?}");
    assert!(before.elapsed() >= Duration::from_millis(config.timers.ready_wait_ms));
    assert_eq!(link.statistics().in_flight, 0);
    drop(listener);
}

#[tokio::test]
async fn silence_is_unanswered_and_a_late_answer_changes_nothing() {
    let (link, mut host, _listener) = pair().await;
    let mut late = link.late_answers();
    let message = request(&link, 1).await;
    let reply = ask(&link, message.clone()).await.unwrap();
    assert!(matches!(reply, Reply::Unanswered(UnansweredReason::TimedOut)), "{reply:?}");
    let seen = host.read().await;
    host.write(&answer_to(&seen, "00")).await;
    let found = timeout(PATIENCE, late.recv()).await.unwrap().unwrap();
    assert_eq!(found.key.stan(), message.get(11).unwrap());
    assert_eq!(found.rrn.as_deref(), message.get(37));
    assert_eq!(found.response_code.as_deref(), Some("00"));
    host.write(&answer_to(&seen, "00")).await;
    until("the second copy is a duplicate", || link.statistics().duplicates == 1).await;
    let statistics = link.statistics();
    assert_eq!((statistics.late, statistics.unanswered, statistics.answered), (1, 1, 0));
}

#[tokio::test]
async fn a_second_copy_and_a_stranger_are_counted_and_ignored() {
    let (link, mut host, _listener) = pair().await;
    let asked = ask(&link, request(&link, 1).await);
    let seen = host.read().await;
    host.write(&answer_to(&seen, "00")).await;
    host.write(&answer_to(&seen, "05")).await;
    let mut stranger = answer_to(&seen, "00");
    stranger.set(11, "999999");
    host.write(&stranger).await;
    assert_eq!(code(&asked.await.unwrap()), "00");
    until("both are counted", || {
        let statistics = link.statistics();
        (statistics.duplicates, statistics.strangers) == (1, 1)
    })
    .await;
    assert!(link.is_signed_on());
}

#[tokio::test]
async fn an_answer_with_another_content_is_in_doubt() {
    let (link, mut host, _listener) = pair().await;
    let asked = ask(&link, request(&link, 4995).await);
    let seen = host.read().await;
    let mut wrong = answer_to(&seen, "00");
    wrong.set(4, "000000009999");
    host.write(&wrong).await;
    match asked.await.unwrap() {
        Reply::Unanswered(reason) => assert_eq!(reason.reversal_reason(), "4020"),
        other => panic!("{other:?}"),
    }
    assert_eq!(link.statistics().mismatched, 1);
}

#[tokio::test]
async fn in_progress_is_waited_out() {
    let (link, mut host, _listener) = pair().await;
    let asked = ask(&link, request(&link, 1).await);
    let seen = host.read().await;
    host.write(&answer_to(&seen, "09")).await;
    host.write(&answer_to(&seen, "00")).await;
    assert_eq!(code(&asked.await.unwrap()), "00");
    let asked = ask(&link, request(&link, 2).await);
    let seen = host.read().await;
    host.write(&answer_to(&seen, "09")).await;
    let reply = asked.await.unwrap();
    assert!(matches!(reply, Reply::Unanswered(UnansweredReason::TimedOut)), "{reply:?}");
}

#[tokio::test]
async fn a_line_that_is_cut_after_writing_leaves_requests_in_doubt_at_once() {
    let (link, mut host, listener) = pair().await;
    let before = Instant::now();
    let asked = ask(&link, request(&link, 1).await);
    host.read().await;
    drop(host);
    let reply = asked.await.unwrap();
    assert!(matches!(reply, Reply::Unanswered(UnansweredReason::ConnectionLost)), "{reply:?}");
    let t2 = Duration::from_millis(link.config().timers.t2_response_ms);
    assert!(before.elapsed() < t2, "{:?}", before.elapsed());
    let config = link.config().clone();
    let _host = Host::signed_on(&listener, &config).await;
    timeout(PATIENCE, link.signed_on()).await.unwrap();
}

#[tokio::test]
async fn the_third_frame_without_a_message_closes() {
    let (link, mut host, listener) = pair().await;
    host.write_frame(b"garbage").await;
    host.write_frame(b"0810ZZZZZZZZZZZZZZZZ").await;
    until("two are counted", || link.statistics().unparsable == 2).await;
    let asked = ask(&link, request(&link, 1).await);
    let seen = host.read().await;
    host.write(&answer_to(&seen, "00")).await;
    assert_eq!(code(&asked.await.unwrap()), "00");
    host.write_frame(b"\x00\x01\x02").await;
    host.closed().await;
    assert_eq!(link.statistics().unparsable, 3);
    let config = link.config().clone();
    Host::signed_on(&listener, &config).await;
}

#[tokio::test]
async fn a_lost_framing_closes_at_once() {
    let (link, mut host, listener) = pair().await;
    host.stream.write_all(&[0xff, 0xff]).await.unwrap();
    host.closed().await;
    let config = link.config().clone();
    Host::signed_on(&listener, &config).await;
}

#[tokio::test]
async fn an_idle_line_is_tested_and_closed_after_three_misses() {
    let (listener, mut config) = quick().await;
    config.timers.t5_echo_idle_ms = 300;
    config.timers.t5_echo_response_ms = 300;
    let link = start(&config);
    let mut host = Host::signed_on(&listener, &config).await;
    for _ in 0..2 {
        let echo = host.read().await;
        assert_eq!(echo.get(70), Some("301"));
        host.write(&answer_to(&echo, "00")).await;
    }
    assert_eq!(link.statistics().echoes_missed, 0);
    for _ in 0..3 {
        assert_eq!(host.read().await.get(70), Some("301"));
    }
    host.closed().await;
    assert_eq!(link.statistics().echoes_missed, 3);
    Host::signed_on(&listener, &config).await;
}

#[tokio::test]
async fn the_host_may_test_sign_off_and_sign_on() {
    let (link, mut host, _listener) = pair().await;
    let network = |code: &str| {
        let mut message = Message::new(Mti::NETWORK_REQUEST);
        let elements = [(7, "1122140509"), (11, "000777"), (32, "999001"), (70, code)];
        for (de, value) in elements {
            message.set(de, value);
        }
        message
    };
    for (asked, expected) in [("301", "00"), ("999", "12"), ("002", "00")] {
        host.write(&network(asked)).await;
        let answer = host.read().await;
        assert_eq!((answer.mti(), answer.get(39)), (Mti::NETWORK_RESPONSE, Some(expected)));
        assert_eq!((answer.get(11), answer.get(70)), (Some("000777"), Some(asked)));
    }
    let reply = link.exchange(&request(&link, 1).await).await;
    assert!(matches!(reply, Reply::NotSent(NotSentReason::NotSignedOn)), "{reply:?}");
    host.write(&network("001")).await;
    assert_eq!(host.read().await.get(39), Some("00"));
    let asked = ask(&link, request(&link, 1).await);
    let seen = host.read().await;
    host.write(&answer_to(&seen, "00")).await;
    assert_eq!(code(&asked.await.unwrap()), "00");
}

#[tokio::test]
async fn a_shutdown_waits_for_answers_then_signs_off() {
    let (link, mut host, _listener) = pair().await;
    let asked = ask(&link, request(&link, 1).await);
    let seen = host.read().await;
    let closing = tokio::spawn({
        let link = link.clone();
        async move { link.shutdown().await }
    });
    until("the link takes nothing new", || !link.is_signed_on()).await;
    let reply = link.exchange(&request(&link, 2).await).await;
    assert!(matches!(reply, Reply::NotSent(NotSentReason::Draining)), "{reply:?}");
    host.write(&answer_to(&seen, "00")).await;
    assert_eq!(code(&asked.await.unwrap()), "00");
    let sign_off = host.read().await;
    assert_eq!((sign_off.mti(), sign_off.get(70)), (Mti::NETWORK_REQUEST, Some("002")));
    host.write(&answer_to(&sign_off, "00")).await;
    timeout(PATIENCE, closing).await.unwrap().unwrap();
    host.closed().await;
}

#[tokio::test]
async fn an_advice_has_its_own_timer_and_its_repeat_the_same_key() {
    let (link, mut host, _listener) = pair().await;
    let mut advice = request(&link, 1).await;
    advice.set_mti(Mti::REVERSAL_ADVICE);
    advice.set(90, "010000010211221407220000099900100000000000");
    let reply = ask(&link, advice.clone()).await.unwrap();
    assert_eq!(AdviceOutcome::of(&reply), AdviceOutcome::Unanswered);
    let asked = ask(&link, mapping::repeat_of(advice));
    assert_eq!(host.read().await.mti(), Mti::REVERSAL_ADVICE);
    let repeat = host.read().await;
    assert_eq!(repeat.mti(), Mti::REVERSAL_ADVICE_REPEAT);
    host.write(&answer_to(&repeat, "00")).await;
    let reply = asked.await.unwrap();
    assert_eq!(AdviceOutcome::of(&reply), AdviceOutcome::Answered("00"));
}

#[tokio::test]
async fn more_in_flight_than_the_limit_and_twice_the_same_key_are_not_sent() {
    let (listener, mut config) = quick().await;
    config.in_flight_max = 2;
    let link = start(&config);
    let mut host = Host::signed_on(&listener, &config).await;
    timeout(PATIENCE, link.signed_on()).await.unwrap();
    let message = request(&link, 1).await;
    let first = ask(&link, message.clone());
    let seen = host.read().await;
    let reply = link.exchange(&message).await;
    assert!(matches!(reply, Reply::NotSent(NotSentReason::KeyInUse)), "{reply:?}");
    let second = ask(&link, request(&link, 2).await);
    let seen_second = host.read().await;
    let reply = link.exchange(&request(&link, 3).await).await;
    assert!(matches!(reply, Reply::NotSent(NotSentReason::TooManyInFlight)), "{reply:?}");
    host.write(&answer_to(&seen, "00")).await;
    host.write(&answer_to(&seen_second, "00")).await;
    assert_eq!(code(&first.await.unwrap()), "00");
    assert_eq!(code(&second.await.unwrap()), "00");
}

#[tokio::test]
async fn what_breaks_the_profile_is_not_sent() {
    let (link, _host, _listener) = pair().await;
    let mut incomplete = request(&link, 1).await;
    incomplete.remove(49);
    let mut wrong = request(&link, 1).await;
    wrong.set(14, "28x2");
    let mut answer = request(&link, 1).await;
    answer.set_mti(Mti::AUTHORIZATION_RESPONSE);
    let echo = Message::new(Mti::NETWORK_REQUEST);
    for message in [incomplete, wrong, answer, echo] {
        match link.exchange(&message).await {
            Reply::NotSent(NotSentReason::Unsendable(why)) => {
                assert!(!why.contains("28x2"), "{why}");
            }
            other => panic!("{other:?}"),
        }
    }
}

#[tokio::test]
async fn a_caller_that_gives_up_makes_its_answer_late() {
    let (link, mut host, _listener) = pair().await;
    let mut late = link.late_answers();
    let asked = ask(&link, request(&link, 1).await);
    let seen = host.read().await;
    asked.abort();
    let _ = asked.await;
    host.write(&answer_to(&seen, "00")).await;
    let found = timeout(PATIENCE, late.recv()).await.unwrap().unwrap();
    assert_eq!(found.rrn.as_deref(), seen.get(37));
    until("nothing is in flight", || link.statistics().in_flight == 0).await;
}

#[tokio::test]
async fn every_frame_and_encoding_and_a_mac_work_on_the_wire() {
    let framings =
        [FramingName::U16be, FramingName::U16beIncl, FramingName::Ascii4, FramingName::Bcd2];
    for (i, framing) in framings.into_iter().enumerate() {
        let (listener, mut config) = quick().await;
        config.framing = framing;
        config.encoding = if i % 2 == 0 { EncodingName::Binary } else { EncodingName::Ascii };
        config.tpdu = (i >= 2).then_some(TpduSettings { destination: 0x0012, source: 0x3456 });
        config.mac_key = MacKey::new(&[7; 16]).filter(|_| i != 3);
        let link = start(&config);
        let mut host = Host::signed_on(&listener, &config).await;
        let asked = ask(&link, request(&link, 1).await);
        let seen = host.read().await;
        host.write(&answer_to(&seen, "00")).await;
        assert_eq!(code(&asked.await.unwrap()), "00", "{framing:?}");
    }
}

#[tokio::test]
async fn an_answer_with_a_wrong_mac_is_no_answer() {
    let (listener, mut config) = quick().await;
    config.mac_key = MacKey::new(&[7; 32]);
    let link = start(&config);
    let mut host = Host::signed_on(&listener, &config).await;
    let asked = ask(&link, request(&link, 1).await);
    let seen = host.read().await;
    host.config.mac_key = MacKey::new(&[8; 32]);
    host.write(&answer_to(&seen, "00")).await;
    let reply = asked.await.unwrap();
    assert!(matches!(reply, Reply::Unanswered(UnansweredReason::TimedOut)), "{reply:?}");
    assert_eq!(link.statistics().mac_failures, 1);
}

#[tokio::test]
async fn two_connections_share_the_load_and_stand_in_for_each_other() {
    let (listener, mut config) = quick().await;
    config.connections = 2;
    let link = start(&config);
    let mut one = Host::signed_on(&listener, &config).await;
    let two = Host::signed_on(&listener, &config).await;
    until("both are signed on", || link.statistics().connections_signed_on == 2).await;
    drop((two, listener));
    until("one is left", || link.statistics().connections_signed_on == 1).await;
    for amount in 1..=4 {
        let asked = ask(&link, request(&link, amount).await);
        let seen = one.read().await;
        one.write(&answer_to(&seen, "00")).await;
        assert_eq!(code(&asked.await.unwrap()), "00");
    }
}

/// An authority, and a certificate of it for a name.
struct Certified {
    authority: CertifiedIssuer<'static, KeyPair>,
    certificate: rcgen::Certificate,
    key: KeyPair,
}

fn certified(name: &str) -> Certified {
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let authority = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
    let key = KeyPair::generate().unwrap();
    let params = CertificateParams::new(vec![name.to_owned()]).unwrap();
    let certificate = params.signed_by(&key, &authority).unwrap();
    Certified { authority, certificate, key }
}

/// Settings that trust `host` and show `gateway`, in files of a folder.
fn tls_settings(folder: &std::path::Path, host: &Certified, gateway: &Certified) -> LinkTls {
    let write = |name: &str, text: String| {
        std::fs::write(folder.join(name), text).unwrap();
        folder.join(name)
    };
    LinkTls {
        server_name: "host.example".to_owned(),
        authorities_file: write("authorities.pem", host.authority.pem()),
        certificate_file: write("certificate.pem", gateway.certificate.pem()),
        key_file: write("key.pem", gateway.key.serialize_pem()),
    }
}

fn acceptor(host: &Certified, gateway: &Certified) -> tokio_rustls::TlsAcceptor {
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let mut trusted = RootCertStore::empty();
    trusted.add(gateway.authority.der().clone()).unwrap();
    let verifier =
        WebPkiClientVerifier::builder_with_provider(Arc::new(trusted), Arc::clone(&provider))
            .build()
            .unwrap();
    let key = PrivateKeyDer::try_from(host.key.serialize_der()).unwrap();
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_client_cert_verifier(verifier)
        .with_single_cert(vec![host.certificate.der().clone()], key)
        .unwrap();
    tokio_rustls::TlsAcceptor::from(Arc::new(config))
}

#[tokio::test]
async fn both_sides_show_certificates_and_many_requests_pass_under_tls() {
    let (host_side, gateway_side) = (certified("host.example"), certified("gateway.example"));
    let folder = tempfile::tempdir().unwrap();
    let (listener, mut config) = quick().await;
    config.timers.t2_response_ms = 5_000;
    config.tls = Some(tls_settings(folder.path(), &host_side, &gateway_side));
    let link = start(&config);
    let (stream, _) = timeout(PATIENCE, listener.accept()).await.unwrap().unwrap();
    let stream = acceptor(&host_side, &gateway_side).accept(stream).await.unwrap();
    let mut host = Host::on(Box::new(stream), &config);
    host.sign_on().await;
    timeout(PATIENCE, link.signed_on()).await.unwrap();
    let mut asked = Vec::new();
    for amount in 0..50 {
        asked.push(ask(&link, request(&link, amount).await));
    }
    for _ in 0..50 {
        let seen = host.read().await;
        host.write(&answer_to(&seen, "00")).await;
        host.stream.flush().await.unwrap();
    }
    for task in asked {
        assert_eq!(code(&task.await.unwrap()), "00");
    }
}

#[tokio::test]
async fn a_host_with_a_certificate_of_somebody_else_is_not_spoken_to() {
    let (host_side, gateway_side) = (certified("host.example"), certified("gateway.example"));
    let stranger = certified("host.example");
    let wrong_name = certified("other.example");
    for (shown, trusted) in [(&stranger, &host_side), (&wrong_name, &wrong_name)] {
        let folder = tempfile::tempdir().unwrap();
        let (listener, mut config) = quick().await;
        config.tls = Some(tls_settings(folder.path(), trusted, &gateway_side));
        let link = start(&config);
        let (stream, _) = timeout(PATIENCE, listener.accept()).await.unwrap().unwrap();
        assert!(acceptor(shown, &gateway_side).accept(stream).await.is_err());
        assert_eq!(link.statistics().connects, 0);
        assert!(!link.is_signed_on());
    }
}

#[tokio::test]
async fn tls_files_that_cannot_be_used_stop_the_start() {
    let (host_side, gateway_side) = (certified("host.example"), certified("gateway.example"));
    let folder = tempfile::tempdir().unwrap();
    let (_listener, mut config) = quick().await;
    let mut tls = tls_settings(folder.path(), &host_side, &gateway_side);
    tls.key_file = folder.path().join("missing.pem");
    config.tls = Some(tls);
    let error =
        Link::start(config, Arc::new(Counter::default()), Arc::new(SystemClock)).unwrap_err();
    assert!(error.to_string().contains("key_file"), "{error}");
}
