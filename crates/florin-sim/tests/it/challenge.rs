//! The challenge from CReq to the browser's way back, with a listener in the 3DS Server's place.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Bytes;
use axum::http::StatusCode;
use axum::routing::post;
use emv3ds::{Areq, Ares, Creq, Cres, Incoming, MethodData, Rreq, Rres, TransStatus, Version};
use florin_sim::SimulatorConfig;
use florin_sim::cards::{self, TestCard};
use tokio::net::TcpListener;

use crate::authentication::{areq, ask};
use crate::world::{World, config};

const SESSION: &str = "c2Vzc2lvbg";

/// A 3DS Server that takes results, unless it is told to be out of order.
pub(crate) struct Listener {
    pub(crate) url: String,
    results: Arc<Mutex<Vec<Rreq>>>,
    out_of_order: Arc<AtomicBool>,
}

impl Listener {
    pub(crate) async fn start() -> Listener {
        let results = Arc::new(Mutex::new(Vec::new()));
        let out_of_order = Arc::new(AtomicBool::new(false));
        let (kept, broken) = (results.clone(), out_of_order.clone());
        let take = move |body: Bytes| async move {
            if broken.load(Ordering::SeqCst) {
                return Err(StatusCode::SERVICE_UNAVAILABLE);
            }
            let Ok(Incoming::Rreq(rreq)) = Incoming::parse(&body) else {
                return Err(StatusCode::BAD_REQUEST);
            };
            rreq.validate_result().unwrap();
            let answer = Rres::received(&rreq).to_json();
            kept.lock().unwrap().push(*rreq);
            Ok(answer)
        };
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/3ds/results", listener.local_addr().unwrap());
        let router = Router::new().route("/3ds/results", post(take));
        tokio::spawn(async move { axum::serve(listener, router).await });
        Listener { url, results, out_of_order }
    }

    fn results(&self) -> Vec<Rreq> {
        self.results.lock().unwrap().clone()
    }
}

async fn open(world: &World, listener: &Listener, card: &TestCard) -> (Areq, Ares) {
    let request = Areq {
        three_ds_server_url: listener.url.clone(),
        browser_language: Some("en-GB".to_owned()),
        ..areq(card.number, "04")
    };
    let Incoming::Ares(ares) = ask(world, card.brand, request.to_json()).await else {
        panic!("no ARes");
    };
    assert_eq!(ares.trans_status, Some(TransStatus::C));
    (request, *ares)
}

pub(crate) async fn form(world: &World, path: &str, fields: &[(&str, &str)]) -> (u16, String) {
    let body = form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
    let request = world
        .http
        .post(format!("{}{path}", world.base))
        .header("content-type", "application/x-www-form-urlencoded")
        .body(body);
    let response = request.send().await.unwrap();
    let status = response.status().as_u16();
    (status, String::from_utf8(response.bytes().await.unwrap().to_vec()).unwrap())
}

pub(crate) fn creq(ares: &Ares) -> String {
    let creq = Creq {
        message_version: ares.message_version,
        three_ds_server_trans_id: ares.three_ds_server_trans_id.clone(),
        acs_trans_id: ares.acs_trans_id.clone(),
        challenge_window_size: "05".to_owned(),
        ..Creq::default()
    };
    creq.to_form_value()
}

pub(crate) async fn show(world: &World, ares: &Ares) -> (u16, String) {
    let fields = [("creq", &*creq(ares)), ("threeDSSessionData", SESSION)];
    form(world, "/acs/challenge", &fields).await
}

pub(crate) async fn confirm(world: &World, ares: &Ares, outcome: &str) -> (u16, String) {
    let fields = [
        ("acsTransID", &*ares.acs_trans_id),
        ("threeDSSessionData", SESSION),
        ("outcome", outcome),
    ];
    form(world, "/acs/challenge/confirm", &fields).await
}

pub(crate) fn hidden(page: &str, name: &str) -> String {
    let (_, rest) = page.split_once(&format!("name=\"{name}\" value=\"")).expect(name);
    rest.split_once('"').unwrap().0.to_owned()
}

#[tokio::test]
async fn every_option_reaches_the_3ds_server_as_its_result() {
    let world = World::start().await;
    let listener = Listener::start().await;
    for (id, eci) in [("mastercard", ["02", "01", "00"]), ("visa", ["05", "06", "07"])] {
        let card = cards::by_id(id).unwrap();
        for (outcome, status, reason, eci, cancel) in [
            ("Y", TransStatus::Y, None, Some(eci[0]), None),
            ("A", TransStatus::A, None, Some(eci[1]), None),
            ("N", TransStatus::N, Some("01"), None, None),
            ("U", TransStatus::U, Some("22"), Some(eci[2]), None),
            ("R", TransStatus::R, Some("11"), None, None),
            ("cancel", TransStatus::N, Some("26"), None, Some("01")),
        ] {
            let (request, ares) = open(&world, &listener, card).await;
            let (code, page) = show(&world, &ares).await;
            assert_eq!(code, 200);
            assert!(page.contains(&format!("<option value=\"{outcome}\">")));
            let (code, page) = confirm(&world, &ares, outcome).await;
            assert_eq!(code, 200);
            let rreq = listener.results().pop().unwrap();
            assert_eq!(rreq.acs_trans_id, ares.acs_trans_id);
            assert_eq!(rreq.ds_trans_id, ares.ds_trans_id);
            assert_eq!(rreq.three_ds_server_trans_id, request.three_ds_server_trans_id);
            assert_eq!(rreq.trans_status, Some(status), "{outcome}");
            assert_eq!(rreq.trans_status_reason.as_deref(), reason, "{outcome}");
            assert_eq!(rreq.eci.as_deref(), eci, "{outcome}");
            assert_eq!(rreq.challenge_cancel.as_deref(), cancel, "{outcome}");
            assert_eq!(rreq.authentication_value.is_some(), status.carries_value());
            let cres = Cres::from_form_value(&hidden(&page, "cres")).unwrap();
            assert_eq!(cres.acs_trans_id, ares.acs_trans_id);
            let back = if status.carries_value() { TransStatus::Y } else { TransStatus::N };
            assert_eq!(cres.trans_status, Some(back));
            assert_eq!(hidden(&page, "threeDSSessionData"), SESSION);
            let action = format!("action=\"{}\"", request.notification_url.unwrap());
            assert!(page.contains(&action), "{page}");
        }
    }
    assert_eq!(listener.results().len(), 12);
}

#[tokio::test]
async fn the_page_shows_what_is_paid_and_nothing_can_run_in_it() {
    let world = World::start().await;
    let listener = Listener::start().await;
    let (_, ares) = open(&world, &listener, cards::by_id("mastercard-2").unwrap()).await;
    let request = world
        .http
        .post(format!("{}/acs/challenge", world.base))
        .header("content-type", "application/x-www-form-urlencoded")
        .body(format!("creq={}", creq(&ares)));
    let response = request.send().await.unwrap();
    let policy = response.headers()["content-security-policy"].to_str().unwrap().to_owned();
    let page = String::from_utf8(response.bytes().await.unwrap().to_vec()).unwrap();
    assert!(policy.contains("default-src 'none'") && !policy.contains("unsafe"));
    assert!(page.contains("€49.95") && page.contains("4444") && page.contains("Confirm"));
    assert!(!page.contains("5555555555554444") && !page.contains("<Test>"));
    assert!(!page.contains("<script"));
    let style = page.split_once("<style>").unwrap().1.split_once("</style>").unwrap().0;
    let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, style.as_bytes());
    use base64::Engine;
    let hash = base64::engine::general_purpose::STANDARD.encode(digest.as_ref());
    assert!(policy.contains(&hash), "the browser accepts the style");
}

#[tokio::test]
async fn the_first_answer_counts_and_is_told_once() {
    let world = World::start().await;
    let listener = Listener::start().await;
    let (_, ares) = open(&world, &listener, cards::by_id("visa").unwrap()).await;
    assert_eq!(confirm(&world, &ares, "N").await.0, 200);
    let (code, page) = confirm(&world, &ares, "Y").await;
    assert!(code == 200 && page.contains("Already answered") && !page.contains("<script"));
    let cres = Cres::from_form_value(&hidden(&page, "cres")).unwrap();
    assert_eq!(cres.trans_status, Some(TransStatus::N));
    assert!(show(&world, &ares).await.1.contains("Already answered"));
    assert_eq!(listener.results().len(), 1);
    let (_, ares) = open(&world, &listener, cards::by_id("visa").unwrap()).await;
    let confirms = (0..8).map(|i| confirm(&world, &ares, if i % 2 == 0 { "Y" } else { "R" }));
    let mut running = Vec::new();
    for confirm in confirms {
        running.push(confirm);
    }
    let answers = join_all(running).await;
    assert!(answers.iter().all(|(code, _)| *code == 200));
    assert_eq!(listener.results().len(), 2);
}

/// Polls all of them at once.
async fn join_all<F: Future>(futures: Vec<F>) -> Vec<F::Output> {
    let mut futures: Vec<_> = futures.into_iter().map(Box::pin).collect();
    let mut outputs: Vec<Option<F::Output>> = futures.iter().map(|_| None).collect();
    std::future::poll_fn(|context| {
        for (future, output) in futures.iter_mut().zip(&mut outputs) {
            if output.is_none()
                && let std::task::Poll::Ready(done) = future.as_mut().poll(context)
            {
                *output = Some(done);
            }
        }
        match outputs.iter().all(Option::is_some) {
            true => std::task::Poll::Ready(()),
            false => std::task::Poll::Pending,
        }
    })
    .await;
    outputs.into_iter().flatten().collect()
}

#[tokio::test]
async fn a_result_that_could_not_be_told_is_told_by_the_next_confirm_unchanged() {
    let world = World::start().await;
    let listener = Listener::start().await;
    let (_, ares) = open(&world, &listener, cards::by_id("visa").unwrap()).await;
    listener.out_of_order.store(true, Ordering::SeqCst);
    assert_eq!(confirm(&world, &ares, "R").await.0, 200);
    assert!(listener.results().is_empty());
    listener.out_of_order.store(false, Ordering::SeqCst);
    assert_eq!(confirm(&world, &ares, "Y").await.0, 200);
    assert_eq!(listener.results()[0].trans_status, Some(TransStatus::R));
}

#[tokio::test]
async fn a_card_whose_authentication_fails_fails_with_every_option() {
    let world = World::start().await;
    let listener = Listener::start().await;
    for outcome in ["Y", "A", "N", "U", "R", "cancel"] {
        let (_, ares) = open(&world, &listener, cards::by_id("amex-3ds-fails").unwrap()).await;
        assert_eq!(confirm(&world, &ares, outcome).await.0, 200);
        let rreq = listener.results().pop().unwrap();
        assert_eq!(rreq.trans_status, Some(TransStatus::N));
        assert_eq!(rreq.trans_status_reason.as_deref(), Some("01"));
    }
}

#[tokio::test]
async fn unknown_expired_and_unreadable_challenges_get_a_clear_page_and_no_result() {
    let world = World::start().await;
    let listener = Listener::start().await;
    let (_, ares) = open(&world, &listener, cards::by_id("visa").unwrap()).await;
    let stranger = Ares { acs_trans_id: ares.ds_trans_id.clone(), ..ares.clone() };
    let confused = Ares { three_ds_server_trans_id: ares.ds_trans_id.clone(), ..ares.clone() };
    let other_version = Ares { message_version: Version::V210, ..ares.clone() };
    for wrong in [stranger.clone(), confused, other_version] {
        assert_eq!(show(&world, &wrong).await.0, 404);
    }
    assert_eq!(confirm(&world, &stranger, "Y").await.0, 404);
    assert_eq!(confirm(&world, &ares, "maybe").await.0, 400);
    assert_eq!(form(&world, "/acs/challenge", &[("creq", "%%%")]).await.0, 400);
    assert_eq!(form(&world, "/acs/challenge", &[]).await.0, 400);
    let long = "x".repeat(1025);
    let fields = [("creq", &*creq(&ares)), ("threeDSSessionData", &*long)];
    assert_eq!(form(&world, "/acs/challenge", &fields).await.0, 400);
    let short_life = SimulatorConfig { challenge_life: std::time::Duration::ZERO, ..config() };
    let world = World::start_with(short_life).await;
    let (_, ares) = open(&world, &listener, cards::by_id("visa").unwrap()).await;
    tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    assert_eq!(show(&world, &ares).await.0, 410);
    assert_eq!(confirm(&world, &ares, "Y").await.0, 410);
    assert!(listener.results().is_empty());
}

#[tokio::test]
async fn an_open_challenge_survives_a_restart_and_its_answer_too() {
    let folder = tempfile::tempdir().unwrap();
    let journal = folder.path().join("simulator.journal");
    let settings = || SimulatorConfig { journal: Some(journal.clone()), ..config() };
    let left_behind = folder.path().join("left-behind");
    let restart = || {
        std::fs::copy(&journal, &left_behind).unwrap();
        std::fs::rename(&left_behind, &journal).unwrap();
    };
    let listener = Listener::start().await;
    let world = World::start_with(settings()).await;
    let (_, ares) = open(&world, &listener, cards::by_id("visa").unwrap()).await;
    restart();
    let world = World::start_with(settings()).await;
    assert_eq!(show(&world, &ares).await.0, 200);
    assert_eq!(confirm(&world, &ares, "Y").await.0, 200);
    restart();
    let world = World::start_with(settings()).await;
    assert!(confirm(&world, &ares, "N").await.1.contains("Already answered"));
    assert_eq!(listener.results().len(), 1);
}

#[tokio::test]
async fn the_3ds_method_reports_to_its_notification_url() {
    let world = World::start().await;
    let id = "bea59f6f-d752-409b-a612-babb9c2ddae0".to_owned();
    let url = "http://pay.example.com/3ds/method-done".to_owned();
    let data = MethodData {
        three_ds_server_trans_id: id.clone(),
        three_ds_method_notification_url: Some(url),
    };
    let fields = [("threeDSMethodData", &*data.to_form_value())];
    let (code, page) = form(&world, "/acs/method", &fields).await;
    assert_eq!(code, 200);
    assert!(page.contains("pay.example.com"));
    let report = MethodData::from_form_value(&hidden(&page, "threeDSMethodData")).unwrap();
    assert_eq!(report, MethodData { three_ds_server_trans_id: id, ..MethodData::default() });
    let script = form(&world, "/acs/method", &[("threeDSMethodData", "bm9wZQ")]).await;
    assert_eq!(script.0, 400);
}
