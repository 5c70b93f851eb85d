//! The 3DS Server against a directory server that the tests play, over real sockets.

use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::body::Bytes;
use axum::http::StatusCode;
use axum::routing::post;
use emv3ds::{ErrorCode, Incoming, Secret, TransStatus, Version};
use serde_json::{Value, json};

use super::directory::ANSWER_BYTES_MAX;
use super::request::tests::{config, order};
use super::*;
use crate::clock::{Clock, UnixMillis};

const ACS_ID: &str = "4441feb9-f6ce-4d54-a870-0a83c639efba";
const DS_ID: &str = "e6df1c63-831b-4479-ad5e-caa33bdc2e46";
const VALUE: &str = "mb5bOXG6gzSMEXGtdU8s6H72s6s=";
const HOUR_MS: UnixMillis = 60 * 60 * 1000;

struct TestClock(AtomicI64);

impl Clock for TestClock {
    fn now(&self) -> UnixMillis {
        self.0.load(Ordering::Relaxed)
    }
}

/// What the played directory server does with a message.
enum Play {
    Answer(Value),
    Raw(u16, Vec<u8>),
    Silence,
}

type Heard = Arc<Mutex<Vec<Value>>>;

/// A running 3DS Server, the messages that its directory server heard, and its clock.
struct Stage {
    server: Arc<ThreeDsServer>,
    heard: Heard,
    clock: Arc<TestClock>,
}

impl Stage {
    /// `play` is given each message and how many came before it.
    async fn set(play: impl Fn(&Value, usize) -> Play + Send + Sync + 'static) -> Stage {
        Stage::set_with(|_| {}, play).await
    }

    async fn set_with(
        change: impl FnOnce(&mut ThreeDsConfig),
        play: impl Fn(&Value, usize) -> Play + Send + Sync + 'static,
    ) -> Stage {
        let heard = Heard::default();
        let (hearing, play) = (heard.clone(), Arc::new(play));
        let handler = post(move |body: Bytes| {
            let (heard, play) = (hearing.clone(), play.clone());
            async move {
                Incoming::parse(&body).expect("what the 3DS Server sends is valid");
                let message: Value = serde_json::from_slice(&body).unwrap();
                let before = {
                    let mut heard = heard.lock().unwrap();
                    heard.push(message.clone());
                    heard.len() - 1
                };
                match play(&message, before) {
                    Play::Answer(answer) => (StatusCode::OK, answer.to_string().into_bytes()),
                    Play::Raw(status, body) => (StatusCode::from_u16(status).unwrap(), body),
                    Play::Silence => {
                        tokio::time::sleep(Duration::from_secs(60)).await;
                        (StatusCode::OK, Vec::new())
                    }
                }
            }
        });
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let router = axum::Router::new().route("/ds", handler);
        tokio::spawn(async move { axum::serve(listener, router).await });

        let mut config = config();
        let network = NetworkConfig {
            directory_urls: vec![format!("http://{address}/ds")],
            operator_id: Some("florin-test".to_owned()),
            ..NetworkConfig::default()
        };
        config.networks.insert("VI".to_owned(), network);
        change(&mut config);
        let clock = Arc::new(TestClock(AtomicI64::new(1_795_356_301_000)));
        let drawn = AtomicU64::new(0);
        let random: RandomSource = Arc::new(move |bytes| {
            let number = drawn.fetch_add(1, Ordering::Relaxed).to_be_bytes();
            bytes.iter_mut().zip(number.iter().cycle()).for_each(|(byte, n)| *byte = *n);
        });
        let server = Arc::new(ThreeDsServer::new(config, clock.clone(), random).unwrap());
        Stage { server, heard, clock }
    }

    fn heard(&self) -> Vec<Value> {
        self.heard.lock().unwrap().clone()
    }

    async fn lookup(&self, pan: &str) -> Lookup {
        self.server.lookup("VI", &Secret::from(pan)).await
    }

    fn advance(&self, by: UnixMillis) {
        self.clock.0.fetch_add(by, Ordering::Relaxed);
    }
}

fn ares(areq: &Value, status: &str, more: &Value) -> Value {
    let mut ares = json!({
        "messageType": "ARes", "messageVersion": areq["messageVersion"],
        "threeDSServerTransID": areq["threeDSServerTransID"],
        "acsTransID": ACS_ID, "dsTransID": DS_ID,
        "acsReferenceNumber": "TEST-ACS-REF", "dsReferenceNumber": "TEST-DS-REF",
        "transStatus": status,
    });
    for (name, value) in more.as_object().unwrap() {
        ares[name] = value.clone();
    }
    ares
}

fn erro(areq: &Value, code: &str, detail: &str) -> Value {
    json!({
        "messageType": "Erro", "messageVersion": areq["messageVersion"],
        "threeDSServerTransID": areq["threeDSServerTransID"], "errorCode": code,
        "errorComponent": "D", "errorDescription": "an error", "errorDetail": detail,
    })
}

/// Asks once, with `status` and `more` in the ARes.
async fn completed(status: &'static str, more: Value) -> Outcome {
    let stage = Stage::set(move |areq, _| Play::Answer(ares(areq, status, &more))).await;
    match stage.server.authenticate(&order()).await {
        Authentication::Completed(outcome) => *outcome,
        other => panic!("{other:?}"),
    }
}

/// Asks, and expects no answer that could be used.
async fn unavailable(stage: &Stage) -> Why {
    match stage.server.authenticate(&order()).await {
        Authentication::Unavailable(unavailable) => {
            assert_eq!(unavailable.outcome.status, TransStatus::U);
            assert_eq!(unavailable.outcome.eci.as_deref(), Some("07"));
            assert_eq!(unavailable.outcome.authentication_value, None);
            unavailable.why
        }
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_frictionless_answer_is_an_outcome_with_its_value() {
    let outcome = completed("Y", json!({"eci": "05", "authenticationValue": VALUE})).await;
    assert_eq!((outcome.status, outcome.flow), (TransStatus::Y, Flow::Frictionless));
    assert_eq!(outcome.eci.as_deref(), Some("05"));
    assert_eq!(outcome.authentication_value, Some(Secret::from(VALUE)));
    assert_eq!(outcome.three_ds_server_trans_id, order().three_ds_server_trans_id);
    assert_eq!(outcome.acs_trans_id.as_deref(), Some(ACS_ID));
    assert_eq!(outcome.ds_trans_id.as_deref(), Some(DS_ID));
    assert!(!format!("{outcome:?}").contains(VALUE));
}

#[tokio::test]
async fn every_final_status_is_an_outcome() {
    let outcome = completed("A", json!({"authenticationValue": VALUE})).await;
    assert_eq!((outcome.status, outcome.eci.as_deref()), (TransStatus::A, Some("06")));
    let outcome = completed("U", json!({"transStatusReason": "22"})).await;
    assert_eq!((outcome.status, outcome.eci.as_deref()), (TransStatus::U, Some("07")));
    let outcome = completed("R", json!({"transStatusReason": "11"})).await;
    assert_eq!((outcome.status, outcome.eci.as_deref()), (TransStatus::R, None));
    assert_eq!(outcome.refusal().reason_code, "3011");
    let more = json!({"transStatusReason": "05", "cardholderInfo": "Call your bank"});
    let outcome = completed("N", more).await;
    assert_eq!((outcome.status, outcome.refusal().reason_code), (TransStatus::N, "3005"));
    assert_eq!(outcome.cardholder_info.as_deref(), Some("Call your bank"));
    let outcome = completed("I", json!({})).await;
    assert_eq!((outcome.status, outcome.flow), (TransStatus::I, Flow::Exemption));
    // A decoupled challenge was not asked for.
    let outcome = completed("D", json!({"acsDecConInd": "Y"})).await;
    assert_eq!(outcome.status, TransStatus::U);
}

#[tokio::test]
async fn a_challenge_names_where_the_browser_goes() {
    let more = json!({
        "acsURL": "https://acs.example.net/challenge", "acsChallengeMandated": "Y",
        "authenticationType": "02",
    });
    let stage = Stage::set(move |areq, _| Play::Answer(ares(areq, "C", &more))).await;
    let Authentication::Challenge(open) = stage.server.authenticate(&order()).await else {
        panic!("a challenge");
    };
    assert_eq!(open.acs_url, "https://acs.example.net/challenge");
    assert_eq!((open.acs_trans_id.as_str(), open.ds_trans_id.as_str()), (ACS_ID, DS_ID));
    assert_eq!((open.network.as_str(), open.version), ("VI", Version::V220));
    assert_eq!(stage.heard().len(), 1);
}

#[tokio::test]
async fn an_answer_that_is_not_about_this_transaction_is_none() {
    type Change = fn(&mut Value);
    let cases: [(Change, ErrorCode, &str); 7] = [
        (
            |it| it["threeDSServerTransID"] = json!(ACS_ID),
            ErrorCode::TransactionUnknown,
            "threeDSServerTransID",
        ),
        (|it| it["messageVersion"] = json!("2.1.0"), ErrorCode::FormatInvalid, "messageVersion"),
        (
            |it| drop(it.as_object_mut().unwrap().remove("authenticationValue")),
            ErrorCode::ElementMissing,
            "authenticationValue",
        ),
        (
            |it| it["authenticationValue"] = json!("AAAA"),
            ErrorCode::FormatInvalid,
            "authenticationValue",
        ),
        (
            |it| drop(it.as_object_mut().unwrap().remove("transStatus")),
            ErrorCode::ElementMissing,
            "transStatus",
        ),
        (|it| it["transStatus"] = json!("S"), ErrorCode::FormatInvalid, "transStatus"),
        (
            |it| it["messageType"] = json!("RReq"),
            ErrorCode::ElementMissing,
            "messageCategory,interactionCounter",
        ),
    ];
    for (change, code, detail) in cases {
        let stage = Stage::set(move |areq, _| {
            let mut answer = ares(areq, "Y", &json!({"authenticationValue": VALUE}));
            // Y of an RReq needs a type, which is not what this is about.
            answer["authenticationType"] = json!("02");
            change(&mut answer);
            Play::Answer(answer)
        })
        .await;
        assert_eq!(unavailable(&stage).await, Why::AnswerInvalid(code, detail.to_owned()));
        assert_eq!(stage.heard().len(), 1);
    }
}

#[tokio::test]
async fn garbage_is_no_answer() {
    let invalid = |detail: &str| Why::AnswerInvalid(ErrorCode::MessageInvalid, detail.to_owned());
    for (status, body, detail) in [
        (200, b"<html>".to_vec(), "not JSON"),
        (200, Vec::new(), "not JSON"),
        (200, vec![b'['; 20_000], "not JSON"),
        (200, vec![b' '; ANSWER_BYTES_MAX + 1], "too long"),
        (500, b"{}".to_vec(), "HTTP status 500"),
        (302, Vec::new(), "HTTP status 302"),
    ] {
        let stage = Stage::set(move |_, _| Play::Raw(status, body.clone())).await;
        assert_eq!(unavailable(&stage).await, invalid(detail));
    }
}

#[tokio::test]
async fn silence_is_no_answer_after_the_limit() {
    let stage =
        Stage::set_with(|config| config.authentication_timeout_ms = 100, |_, _| Play::Silence)
            .await;
    assert_eq!(unavailable(&stage).await, Why::TimedOut);
    assert_eq!(stage.heard().len(), 1);
}

#[tokio::test]
async fn a_server_that_is_away_is_replaced_by_the_next() {
    let away = {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        format!("http://{}/ds", listener.local_addr().unwrap())
    };
    let dead = away.clone();
    let stage = Stage::set_with(
        move |config| config.networks.get_mut("VI").unwrap().directory_urls.insert(0, dead),
        |areq, _| Play::Answer(ares(areq, "Y", &json!({"authenticationValue": VALUE}))),
    )
    .await;
    let answer = stage.server.authenticate(&order()).await;
    assert!(matches!(answer, Authentication::Completed(_)), "{answer:?}");

    let alone = Stage::set_with(
        move |config| config.networks.get_mut("VI").unwrap().directory_urls = vec![away],
        |_, _| Play::Silence,
    )
    .await;
    assert_eq!(unavailable(&alone).await, Why::Connection);
}

#[tokio::test]
async fn a_version_that_is_not_supported_is_replaced_once() {
    let stage = Stage::set_with(
        |config| config.versions = vec![Version::V220, Version::V231],
        |areq, before| match before {
            0 => Play::Answer(erro(areq, "102", "2.2.0")),
            _ => Play::Answer(ares(areq, "Y", &json!({"authenticationValue": VALUE}))),
        },
    )
    .await;
    let request = AuthenticationRequest { version: Version::V231, ..order() };
    let Authentication::Completed(outcome) = stage.server.authenticate(&request).await else {
        panic!("an outcome");
    };
    let heard = stage.heard();
    let versions: Vec<_> = heard.iter().map(|it| it["messageVersion"].clone()).collect();
    assert_eq!(versions, ["2.3.1", "2.2.0"]);
    assert_ne!(heard[0]["threeDSServerTransID"], heard[1]["threeDSServerTransID"]);
    assert_eq!(outcome.version, Version::V220);
    assert_eq!(heard[1]["threeDSServerTransID"], outcome.three_ds_server_trans_id.as_str());

    let stubborn = Stage::set(|areq, _| Play::Answer(erro(areq, "102", "2.1.0"))).await;
    assert_eq!(unavailable(&stubborn).await, Why::NoCommonVersion);
    assert_eq!(stubborn.heard().len(), 1);
}

#[tokio::test]
async fn a_failure_that_may_pass_is_tried_once_more_under_a_new_id() {
    for code in ["402", "403", "405"] {
        let stage = Stage::set(move |areq, before| match before {
            // Some directory servers put an error into the HTTP status as well.
            0 => Play::Raw(400, erro(areq, code, "try again").to_string().into_bytes()),
            _ => Play::Answer(ares(areq, "Y", &json!({"authenticationValue": VALUE}))),
        })
        .await;
        let answer = stage.server.authenticate(&order()).await;
        assert!(matches!(answer, Authentication::Completed(_)), "{answer:?}");
        let heard = stage.heard();
        assert_eq!(heard.len(), 2);
        assert_ne!(heard[0]["threeDSServerTransID"], heard[1]["threeDSServerTransID"]);

        let stage = Stage::set(move |areq, _| Play::Answer(erro(areq, code, "again"))).await;
        assert_eq!(unavailable(&stage).await, Why::Refused(code.to_owned(), "again".to_owned()));
        assert_eq!(stage.heard().len(), 2);
    }
}

#[tokio::test]
async fn other_errors_are_not_repeated_and_keep_no_card_number() {
    let detail = "browserUserAgent 4111 1111 1111 1111 4111111111111111";
    let stage = Stage::set(move |areq, _| Play::Answer(erro(areq, "203", detail))).await;
    let why = unavailable(&stage).await;
    let kept = "browserUserAgent 4111 11** **** **** ****************".to_owned();
    assert_eq!(why, Why::Refused("203".to_owned(), kept));
    assert_eq!(stage.heard().len(), 1);
    // An error about somebody else's transaction says nothing about ours.
    let stage = Stage::set(|areq, _| {
        let mut erro = erro(areq, "403", "x");
        erro["threeDSServerTransID"] = json!(ACS_ID);
        Play::Answer(erro)
    })
    .await;
    assert!(matches!(unavailable(&stage).await, Why::AnswerInvalid(..)));
    assert_eq!(stage.heard().len(), 1);
}

#[tokio::test]
async fn a_request_that_would_be_refused_is_not_sent() {
    let stage = Stage::set(|_, _| Play::Silence).await;
    let mut request = order();
    request.browser.user_agent = None;
    let Authentication::Unavailable(it) = stage.server.authenticate(&request).await else {
        panic!("nothing");
    };
    let what = (ErrorCode::ElementMissing, "browserUserAgent".to_owned());
    assert_eq!(it.why, Why::RequestInvalid(what.0, what.1));
    assert!(stage.heard().is_empty());
    let elsewhere = AuthenticationRequest { network: "JC".to_owned(), ..order() };
    let Authentication::Unavailable(it) = stage.server.authenticate(&elsewhere).await else {
        panic!("nothing");
    };
    assert_eq!(it.why, Why::NoDirectoryServer);
}

fn pres(preq: &Value, serial: &str, ranges: &Value) -> Value {
    json!({
        "messageType": "PRes", "messageVersion": "2.2.0", "dsTransID": DS_ID,
        "threeDSServerTransID": preq["threeDSServerTransID"], "serialNum": serial,
        "dsStartProtocolVersion": "2.2.0", "dsEndProtocolVersion": "2.3.1",
        "cardRangeData": ranges,
    })
}

fn range(first: &str, last: &str, action: &str) -> Value {
    json!({
        "startRange": first, "endRange": last, "actionInd": action,
        "acsStartProtocolVersion": "2.2.0", "acsEndProtocolVersion": "2.3.1",
        "threeDSMethodURL": "https://acs.example.net/3dsmethod",
    })
}

const ENROLLED: &str = "4111111111111111";

fn enrolled_range(action: &str) -> Value {
    json!([range("4111110000000000", "4111119999999999", action)])
}

#[tokio::test]
async fn a_card_is_looked_up_in_ranges_that_are_fetched_once() {
    let stage = Stage::set(|preq, _| Play::Answer(pres(preq, "1", &enrolled_range("A")))).await;
    let many: Vec<_> = (0..20)
        .map(|_| {
            let server = stage.server.clone();
            tokio::spawn(async move { server.lookup("VI", &Secret::from(ENROLLED)).await })
        })
        .collect();
    for one in many {
        let method_url = Some("https://acs.example.net/3dsmethod".to_owned());
        assert_eq!(one.await.unwrap(), Lookup::Enrolled { method_url, version: Version::V220 });
    }
    assert_eq!(stage.lookup("4012001038443335").await, Lookup::NotEnrolled);
    assert_eq!(stage.heard().len(), 1);
    let elsewhere = stage.server.lookup("AX", &Secret::from("371449635398431")).await;
    assert_eq!(elsewhere, Lookup::Unavailable(Why::NoDirectoryServer));
}

#[tokio::test]
async fn ranges_are_refreshed_by_their_changes_when_they_come_of_age() {
    let stage = Stage::set(|preq, before| match before {
        0 => Play::Answer(pres(preq, "1", &enrolled_range("A"))),
        _ => Play::Answer(pres(preq, "2", &enrolled_range("D"))),
    })
    .await;
    stage.server.refresh_due().await;
    assert!(stage.heard().is_empty(), "nobody asked for them yet");
    assert!(matches!(stage.lookup(ENROLLED).await, Lookup::Enrolled { .. }));
    stage.advance(11 * HOUR_MS);
    stage.server.refresh_due().await;
    assert_eq!(stage.heard().len(), 1);
    stage.advance(HOUR_MS);
    stage.server.refresh_due().await;
    stage.server.refresh_due().await;
    let heard = stage.heard();
    assert_eq!((heard.len(), &heard[1]["serialNum"]), (2, &json!("1")));
    assert_eq!(stage.lookup(ENROLLED).await, Lookup::NotEnrolled);
}

#[tokio::test]
async fn a_serial_number_that_is_not_known_starts_anew() {
    let stage = Stage::set(|preq, before| match before {
        0 => Play::Answer(pres(preq, "1", &enrolled_range("A"))),
        1 => Play::Answer(erro(preq, "307", "serialNum")),
        _ => Play::Answer(pres(
            preq,
            "9",
            &json!([range("5000000000000000", "5000000000000001", "A")]),
        )),
    })
    .await;
    stage.lookup(ENROLLED).await;
    stage.advance(24 * HOUR_MS);
    stage.server.refresh_due().await;
    let heard = stage.heard();
    assert_eq!(heard.len(), 3);
    assert_eq!((&heard[1]["serialNum"], &heard[2]["serialNum"]), (&json!("1"), &Value::Null));
    assert_eq!(stage.lookup(ENROLLED).await, Lookup::NotEnrolled);
    assert!(matches!(stage.lookup("5000000000000000").await, Lookup::Enrolled { .. }));
}

#[tokio::test]
async fn ranges_that_cannot_be_fetched_are_asked_for_again_later() {
    let stage = Stage::set(|preq, before| match before {
        0 => Play::Raw(503, Vec::new()),
        1 => Play::Answer(pres(preq, "1", &enrolled_range("A"))),
        _ => Play::Raw(503, Vec::new()),
    })
    .await;
    assert_eq!(stage.lookup(ENROLLED).await, Lookup::Unavailable(Why::NoCardRanges));
    assert_eq!(stage.lookup(ENROLLED).await, Lookup::Unavailable(Why::NoCardRanges));
    assert_eq!(stage.heard().len(), 1, "the second payment does not try at once");
    stage.advance(6_000);
    stage.server.refresh_due().await;
    assert!(matches!(stage.lookup(ENROLLED).await, Lookup::Enrolled { .. }));
    // A refresh that fails leaves the old copy in use.
    stage.advance(24 * HOUR_MS);
    stage.server.refresh_due().await;
    assert_eq!(stage.heard().len(), 3);
    assert!(matches!(stage.lookup(ENROLLED).await, Lookup::Enrolled { .. }));
}

#[tokio::test]
async fn a_payment_does_not_wait_for_ranges_without_end() {
    let stage = Stage::set_with(|config| config.ranges_wait_ms = 50, |_, _| Play::Silence).await;
    assert_eq!(stage.lookup(ENROLLED).await, Lookup::Unavailable(Why::NoCardRanges));
}

#[tokio::test]
async fn a_card_whose_issuer_speaks_no_version_of_ours_is_unavailable() {
    let stage = Stage::set_with(
        |config| config.versions = vec![Version::V210],
        |preq, _| Play::Answer(pres(preq, "1", &enrolled_range("A"))),
    )
    .await;
    assert_eq!(stage.lookup(ENROLLED).await, Lookup::Unavailable(Why::NoCommonVersion));
}

#[test]
fn settings_that_cannot_work_are_refused_by_name() {
    let refused = |change: fn(&mut ThreeDsConfig)| {
        let mut config = config();
        config.networks.insert(
            "VI".to_owned(),
            NetworkConfig {
                directory_urls: vec!["https://ds.example.net/".to_owned()],
                ..NetworkConfig::default()
            },
        );
        change(&mut config);
        let clock = Arc::new(TestClock(AtomicI64::new(0)));
        let server = ThreeDsServer::new(config, clock, system_random());
        server.err().map(|it| it.to_string()).unwrap_or_default()
    };
    assert!(refused(|it| it.versions.clear()).contains("threeds.versions"));
    assert!(refused(|it| it.requestor.id = "x".repeat(36)).contains("threeds.requestor.id"));
    assert!(refused(|it| it.requestor.url = "shop".to_owned()).contains("threeds.requestor.url"));
    let urls = refused(|it| it.networks.get_mut("VI").unwrap().directory_urls.clear());
    assert!(urls.contains("threeds.networks.VI.directory_urls"), "{urls}");
    let urls = refused(|it| {
        it.networks.get_mut("VI").unwrap().directory_urls = vec!["ftp://ds".to_owned()];
    });
    assert!(urls.contains("threeds.networks.VI.directory_urls"), "{urls}");
    let tls = refused(|it| {
        let tls = MutualTls { key_file: "no-such-file.pem".into(), ..MutualTls::default() };
        it.networks.get_mut("VI").unwrap().tls = Some(tls);
    });
    assert!(tls.contains("no-such-file.pem"), "{tls}");
}

#[test]
fn transaction_ids_are_random_uuids() {
    let clock = Arc::new(TestClock(AtomicI64::new(0)));
    let server = ThreeDsServer::new(config(), clock, system_random()).unwrap();
    let ids = [server.new_transaction_id(), server.new_transaction_id()];
    assert_ne!(ids[0], ids[1]);
    assert!(ids.iter().all(|id| id.len() == 36 && id.as_bytes()[14] == b'4'), "{ids:?}");
}
