//! What a payer, an issuer, or somebody who pretends to be one can do to a challenge.

use serde_json::{Value, json};

use crate::payer::Led;
use crate::world::{CHALLENGED, World};

async fn challenged(world: &World, id: &str) -> String {
    let (_, answer) = world.create(&world.order(id, CHALLENGED)).await;
    assert_eq!(answer["data"]["status"], "initialized", "{answer}");
    answer["data"]["payment_url"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn each_option_of_the_test_bank_ends_as_it_says() {
    let world = World::sqlite().await;
    for (option, status, code, reason, eci) in [
        ("Y", "completed", "1000", Value::Null, "02"),
        ("A", "completed", "1000", Value::Null, "01"),
        (
            "N",
            "declined",
            "3001",
            json!("3DS Authentication Failed / Card authentication failed"),
            "",
        ),
        ("U", "declined", "4999", json!("3D Secure-authenticated cards"), "00"),
        ("R", "declined", "3011", json!("3DS Authentication Failed / Suspected fraud"), ""),
        ("cancel", "declined", "4999", json!("3D Secure authentication cancelled"), ""),
    ] {
        let id = format!("option-{option}");
        let url = challenged(&world, &id).await;
        let arrived = world.walk(&url, option).await;
        let page = if status == "completed" { "/thanks?" } else { "/cart?x=1&" };
        assert_eq!(arrived, world.shop.url(&format!("{page}transactionid={id}")), "{option}");
        let order = world.becomes(&id, status).await;
        assert_eq!((&order["reason_code"], &order["reason"]), (&json!(code), &reason), "{option}");
        let result = &order["payment_details"]["card_authentication_result"];
        assert_eq!(result["eci"].as_str().unwrap_or_default(), eci, "{option}: {order}");
        world.captured(&id, if status == "completed" { 2599 } else { 0 }).await;
        if status == "declined" {
            assert!(world.books(&id).await.is_empty(), "{option} reached the host");
        }
    }
}

#[tokio::test]
async fn a_challenge_that_is_never_answered_expires_after_an_hour() {
    let world = World::sqlite().await;
    let url = challenged(&world, "late").await;
    let mut form = world.walk_to_challenge(&url).await;
    world.advance(3500).await;
    assert_eq!(world.get("late").await["status"], "initialized");
    world.advance(101).await;
    let order = world.becomes("late", "expired").await;
    assert_eq!(order["financial_status"], "expired");
    // The payer comes too late, and is sent to the shop unpaid.
    form.choose("Y");
    assert!(world.walk_on(form).await.contains("/cart?"));
    assert_eq!(world.get("late").await["status"], "expired");
    assert!(world.books("late").await.is_empty());
}

#[tokio::test]
async fn confirming_twice_authorizes_once() {
    let world = World::sqlite().await;
    let url = challenged(&world, "twice").await;
    let mut first = world.walk_to_challenge(&url).await;
    let mut second = world.walk_to_challenge(&url).await;
    first.choose("Y");
    second.choose("Y");
    let (one, two) = tokio::join!(world.walk_on(first), world.walk_on(second));
    assert!(one.contains("/thanks?") && two.contains("/thanks?"), "{one} {two}");
    world.becomes("twice", "completed").await;
    world.captured("twice", 2599).await;
    assert_eq!(world.books("twice").await.len(), 1);
    // The link still leads to the end.
    assert!(matches!(world.open(&url).await, Led::Away(shop) if shop.contains("/thanks?")));
}

#[tokio::test]
async fn a_cres_that_the_payer_made_up_pays_nothing() {
    let world = World::sqlite().await;
    let url = challenged(&world, "forged").await;
    world.walk_to_challenge(&url).await;
    let session = session_of(&world, &url).await;
    let (server, acs, _) = open_challenge(&world, "forged").await;
    let cres = emv3ds::Cres {
        three_ds_server_trans_id: server,
        acs_trans_id: acs,
        trans_status: Some(emv3ds::TransStatus::Y),
        ..emv3ds::Cres::default()
    };
    let answer = world
        .http
        .post(format!("{}/3ds/return", world.base))
        .form_like(&[("cres", &cres.to_form_value()), ("threeDSSessionData", &session)])
        .send()
        .await
        .unwrap();
    let location = answer.headers().get("location").unwrap().to_str().unwrap().to_owned();
    assert!(location.contains("/cart?"), "{location}");
    let order = world.becomes("forged", "declined").await;
    assert_eq!(order["reason"], "Transaction timed out (ACS)");
    assert!(world.books("forged").await.is_empty());
}

#[tokio::test]
async fn results_are_taken_from_the_open_transaction_only_and_once() {
    let world = World::sqlite().await;
    let url = challenged(&world, "rreq").await;
    world.walk_to_challenge(&url).await;
    let (server, acs, ds) = open_challenge(&world, "rreq").await;
    let site = world.gateway().directory.sites().remove(0);
    let record = world.gateway().load_by_order_id(&site, "rreq").await.unwrap().unwrap();
    let results = results_url(&world, &record);
    let rreq = |server: &str, acs: &str, ds: &str| emv3ds::Rreq {
        message_version: emv3ds::Version::V220,
        message_category: "01".to_owned(),
        three_ds_server_trans_id: server.to_owned(),
        acs_trans_id: acs.to_owned(),
        ds_trans_id: ds.to_owned(),
        trans_status: Some(emv3ds::TransStatus::N),
        trans_status_reason: Some("01".to_owned()),
        authentication_type: Some("02".to_owned()),
        interaction_counter: "01".to_owned(),
        ..emv3ds::Rreq::default()
    };
    let other = "11111111-2222-4333-8444-555555555555";
    for (message, code) in [
        (rreq(other, &acs, &ds), "301"),
        (rreq(&server, other, &ds), "305"),
        (rreq(&server, &acs, other), "305"),
    ] {
        let answer = send(&world, &results, message.to_json()).await;
        assert_eq!((&answer["messageType"], &answer["errorCode"]), (&json!("Erro"), &json!(code)));
    }
    let garbage = send(&world, &results, b"{\"messageType\":\"RReq\"".to_vec()).await;
    assert_eq!(garbage["messageType"], "Erro");
    // Somebody else's token leads to no transaction.
    let wrong = format!("{}x", &results[..results.len() - 1]);
    let answer = send(&world, &wrong, rreq(&server, &acs, &ds).to_json()).await;
    assert_eq!(answer["errorCode"], "301");
    assert_eq!(world.get("rreq").await["status"], "initialized");

    let first = send(&world, &results, rreq(&server, &acs, &ds).to_json()).await;
    assert_eq!((&first["messageType"], &first["resultsStatus"]), (&json!("RRes"), &json!("01")));
    world.becomes("rreq", "declined").await;
    let mut approved = rreq(&server, &acs, &ds);
    approved.trans_status = Some(emv3ds::TransStatus::Y);
    approved.trans_status_reason = None;
    approved.authentication_value = Some(emv3ds::Secret::from("AAAAAAAAAAAAAAAAAAAAAAAAAAA="));
    approved.eci = Some("02".to_owned());
    let second = send(&world, &results, approved.to_json()).await;
    assert_eq!(second["messageType"], "RRes", "answered like the first: {second}");
    assert_eq!(world.get("rreq").await["status"], "declined");
    assert!(world.books("rreq").await.is_empty());
}

#[tokio::test]
async fn a_retry_takes_the_order_over_and_the_old_challenge_is_dead() {
    let world = World::sqlite().await;
    let old = challenged(&world, "again").await;
    let mut old_form = world.walk_to_challenge(&old).await;
    let first = world.get("again").await["transaction_id"].clone();
    let new = challenged(&world, "again").await;
    assert_ne!(old, new);
    old_form.choose("Y");
    assert!(world.walk_on(old_form).await.contains("/cart?"), "the old way ends unpaid");
    assert!(world.books("again").await.is_empty());
    assert!(world.walk(&new, "Y").await.contains("/thanks?"));
    let order = world.becomes("again", "completed").await;
    assert_ne!(order["transaction_id"], first);
    // Both numbers lead to the order, and show the newest attempt.
    let by_old = world.get(&first.to_string()).await;
    assert_eq!(by_old["transaction_id"], order["transaction_id"]);
    world.captured("again", 2599).await;
}

#[tokio::test]
async fn an_unknown_link_is_a_page_and_not_an_order() {
    let world = World::sqlite().await;
    let url = challenged(&world, "link").await;
    for bad in ["x", "../../etc/passwd", &"0".repeat(38), "%00"] {
        let led = world.open(&format!("{}/pay/{bad}", world.base)).await;
        let Led::Page { status, html, .. } = led else { panic!("{bad}") };
        assert!((400..500).contains(&status), "{bad}: {status}");
        assert!(!html.contains("25,99") && !html.contains("Test shop"), "{html}");
    }
    assert!(matches!(world.open(&url).await, Led::Page { status: 200, .. }));
}

#[tokio::test]
async fn a_silent_acs_is_not_an_answer_and_declines() {
    let world = World::sqlite().await;
    world.fault(json!({ "fault": "acs_silent", "count": 1 })).await;
    let (_, answer) = world.create(&world.order("mute", CHALLENGED)).await;
    assert_eq!(answer["error_code"], 1024);
    let order = world.get("mute").await;
    assert_eq!(order["payment_details"]["card_authentication_result"]["status"], "U");
    assert!(world.books("mute").await.is_empty());
}

trait FormLike {
    fn form_like(self, fields: &[(&str, &str)]) -> Self;
}

impl FormLike for reqwest::RequestBuilder {
    fn form_like(self, fields: &[(&str, &str)]) -> Self {
        let body = form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
        self.header("content-type", "application/x-www-form-urlencoded").body(body)
    }
}

async fn send(world: &World, url: &str, body: Vec<u8>) -> Value {
    let answer = world.http.post(url).body(body).send().await.unwrap();
    serde_json::from_slice(&answer.bytes().await.unwrap()).unwrap()
}

/// The ids of the open challenge: what the issuer knows.
async fn open_challenge(world: &World, id: &str) -> (String, String, String) {
    use florin_core::payment::{State, Waiting};
    let site = world.gateway().directory.sites().remove(0);
    for _ in 0..200 {
        let record = world.gateway().load_by_order_id(&site, id).await.unwrap().unwrap();
        if let State::Authenticating(Waiting::Challenge(open)) = record.order.payment.state {
            return (open.server_trans_id, open.acs_trans_id, open.ds_trans_id);
        }
        tokio::time::sleep(std::time::Duration::from_millis(30)).await;
    }
    panic!("no challenge is open for {id}")
}

fn results_url(world: &World, record: &florin::gateway::record::Record) -> String {
    use florin::gateway::ids::{TokenPurpose, TokenSubject, issue_token};
    let subject = TokenSubject {
        site_id: record.site.id,
        transaction_id: record.order.payment.transaction_id.0,
    };
    let vault = &world.gateway().vault;
    let token = issue_token(subject, TokenPurpose::Results, &|bytes| vault.token_hash(bytes));
    format!("{}/3ds/results/{token}", world.base)
}

/// The session data that the payer's browser carries to the ACS.
async fn session_of(world: &World, url: &str) -> String {
    let Led::Page { html, url, .. } = world.open(url).await else { panic!("no page") };
    crate::payer::form_of(&html, &url).unwrap().field("threeDSSessionData").to_owned()
}
