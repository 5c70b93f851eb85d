//! Held payments: who may decide, what a decision does, and that one decision wins.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::risk::with;
use crate::world::{API_KEY, CHALLENGED, VISA, World};

const TOKEN: &str = "an-operators-token-of-some-length";
const FIVE_DAYS: i64 = 5 * 24 * 60 * 60;

/// A world whose orders without an address have this score.
async fn holding(world: World, score: i64) -> World {
    world.set_risk(json!({ "rules": { "unusable_ip": { "weight": score - 1 } } })).await;
    world
}

impl World {
    async fn hold(&self, id: &str) -> Value {
        let order = with(self.order(id, VISA), &[("customer/ip_address", Value::Null)]);
        let (status, answer) = self.create(&order).await;
        assert_eq!((status, &answer["data"]["status"]), (200, &json!("uncleared")), "{answer}");
        assert_eq!(answer["data"]["financial_status"], "uncleared");
        answer
    }

    async fn review(&self, id: &str, body: Value) -> (u16, Value) {
        self.post(&format!("/test/orders/{id}/review"), body.to_string()).await
    }

    async fn internal(&self, path: &str, token: Option<&str>, body: Value) -> (u16, Value) {
        let mut request = self.http.post(format!("{}/internal/{path}", self.base));
        if let Some(token) = token {
            request = request.bearer_auth(token);
        }
        let answer = request.body(body.to_string()).send().await.unwrap();
        let status = answer.status().as_u16();
        (status, serde_json::from_slice(&answer.bytes().await.unwrap()).unwrap())
    }

    /// Who ended the review, as the history says.
    async fn decided_by(&self, id: &str) -> Vec<(String, String)> {
        let gateway = self.gateway();
        let site = gateway.directory.sites().remove(0);
        let record = gateway.load_by_order_id(&site, id).await.unwrap().unwrap();
        let events = gateway.store.events(site.id, record.key).await.unwrap();
        let ended = events.into_iter().filter(|event| event.kind.starts_with("review_"));
        let by = |data: &str| serde_json::from_str::<Value>(data).unwrap()["by"].clone();
        ended.map(|it| (it.kind, by(&it.data).as_str().unwrap().to_owned())).collect()
    }
}

#[tokio::test]
async fn a_merchant_accepts_or_declines_and_the_payer_never_learns_of_it() {
    let world = holding(World::sqlite().await, 8).await;
    // A payment that passes looks the same to the payer.
    let (_, passed) = world.create(&world.order("passed", VISA)).await;
    assert_eq!(passed["data"]["status"], "completed");
    let held = world.hold("good").await;
    for (id, answer) in [("passed", &passed), ("good", &held)] {
        let thanks = world.shop.url(&format!("/thanks?transactionid={id}"));
        assert_eq!(answer["data"]["payment_url"], thanks);
        assert_eq!(answer["data"]["reason"], passed["data"]["reason"]);
    }
    world.hold("bad").await;
    let (_, report) = world.get_path("/test/risk/good").await;
    assert_eq!(report["data"]["review"]["decides"], "merchant", "{report}");
    assert_eq!(report["data"]["review"]["then"], "decline");
    assert_eq!(report["data"]["score"], 8);

    // The contract's own calls do not end a hold.
    let (status, answer) = world.create(&world.order("good", VISA)).await;
    assert_eq!((status, &answer["error_code"]), (404, &json!(1006)));

    let (status, answer) = world.review("good", json!({ "verdict": "accept" })).await;
    assert_eq!((status, &answer["data"]["status"]), (200, &json!("completed")), "{answer}");
    let (status, answer) = world.review("bad", json!({ "verdict": "decline" })).await;
    assert_eq!((status, &answer["data"]["status"]), (200, &json!("void")), "{answer}");
    let good = world.becomes("good", "completed").await;
    assert_eq!(good["financial_status"], "completed");
    let bad = world.becomes("bad", "void").await;
    assert_eq!(bad["financial_status"], "void");
    world.captured("good", 2599).await;
    world.captured("bad", 0).await;
    assert_eq!(world.books("bad").await[0]["reversed"], 2599);
    let merchant = "merchant".to_owned();
    assert_eq!(world.decided_by("good").await, [("review_accepted".to_owned(), merchant.clone())]);
    assert_eq!(world.decided_by("bad").await, [("review_declined".to_owned(), merchant)]);
    // The hits are in the history of the hold.
    let site = world.gateway().directory.sites().remove(0);
    let record = world.gateway().load_by_order_id(&site, "good").await.unwrap().unwrap();
    let events = world.gateway().store.events(site.id, record.key).await.unwrap();
    let hold = events.iter().find(|event| event.kind == "held_for_review").unwrap();
    assert!(hold.data.contains("unusable_ip"), "{}", hold.data);

    // Whoever comes later is told.
    for verdict in ["accept", "decline"] {
        let (status, answer) = world.review("good", json!({ "verdict": verdict })).await;
        assert_eq!(status, 409);
        let told = answer["error_info"].as_str().unwrap();
        assert!(told.contains("completed"), "{told}");
    }
}

#[tokio::test]
async fn a_payer_who_passed_a_challenge_goes_back_to_the_shop_as_after_a_payment() {
    let world = holding(World::sqlite().await, 7).await;
    world.set(&[("three_ds.policy", json!("always"))]).await;
    world.set(&[("risk.site.rules.unusable_ip.weight", json!(10))]).await;
    let order = with(world.order("proven", CHALLENGED), &[("customer/ip_address", Value::Null)]);
    let (_, answer) = world.create(&order).await;
    let url = answer["data"]["payment_url"].as_str().unwrap().to_owned();
    let shop = world.walk(&url, "Y").await;
    assert_eq!(shop, world.shop.url("/thanks?transactionid=proven"));
    world.becomes("proven", "uncleared").await;
    // 1 + 10 for the address, 4 off for the proof.
    let rules = ["unusable_ip", "authenticated"].map(str::to_owned);
    assert_eq!(world.risk("proven").await, (json!(7), rules.to_vec()));
    assert_eq!(world.review("proven", json!({ "verdict": "accept" })).await.0, 200);
    world.captured("proven", 2599).await;
}

#[tokio::test]
async fn no_call_of_the_contract_ends_a_hold() {
    let world = holding(World::sqlite().await, 7).await;
    world.hold("held").await;
    let path = "/v1/json/orders/held";
    let refund = json!({ "amount": 100, "currency": "EUR", "description": "" }).to_string();
    let (status, answer) = world.post(&format!("{path}/refunds"), refund).await;
    assert!(status >= 400, "{answer}");
    let (status, answer) = world.post(&format!("{path}/capture"), "{}").await;
    assert!(status >= 400, "{answer}");
    for change in ["cancelled", "shipped"] {
        let body = json!({ "status": change }).to_string();
        let (status, answer) = world.patch(path, body).await;
        assert!(status >= 400, "{change}: {answer}");
    }
    assert_eq!(world.get("held").await["status"], "uncleared");
    world.captured_nothing_yet("held").await;
    assert_eq!(world.review("held", json!({ "verdict": "decline" })).await.0, 200);
    world.captured("held", 0).await;
}

#[tokio::test]
async fn an_accepted_payment_that_is_captured_by_hand_waits_for_its_capture() {
    let world = holding(World::sqlite().await, 7).await;
    let changes = [("customer/ip_address", Value::Null), ("capture", json!("manual"))];
    let (_, answer) = world.create(&with(world.order("by-hand", VISA), &changes)).await;
    assert_eq!(answer["data"]["status"], "uncleared", "{answer}");
    let (status, answer) = world.review("by-hand", json!({ "verdict": "accept" })).await;
    assert_eq!((status, &answer["data"]["status"]), (200, &json!("completed")), "{answer}");
    assert_eq!(world.get("by-hand").await["financial_status"], "initialized");
    world.captured_nothing_yet("by-hand").await;
    assert_eq!(world.decided_by("by-hand").await[0].0, "review_passed");
    let (status, answer) = world.post("/v1/json/orders/by-hand/capture", "{}").await;
    assert_eq!(status, 200, "{answer}");
    world.captured("by-hand", 2599).await;
}

#[tokio::test]
async fn a_score_above_8_is_for_the_risk_department() {
    let world = holding(World::with(&[("FLORIN_INTERNAL__TOKEN", TOKEN)]).await, 9).await;
    for id in ["one", "two", "three"] {
        world.hold(id).await;
    }
    let (_, report) = world.get_path("/test/risk/one").await;
    assert_eq!(report["data"]["review"]["decides"], "risk", "{report}");
    for verdict in ["accept", "decline"] {
        let (status, answer) = world.review("one", json!({ "verdict": verdict })).await;
        assert_eq!((status, &answer["error_code"]), (403, &json!(1000)), "{answer}");
        let body = json!({ "verdict": verdict, "role": "merchant" });
        let (status, _) = world.internal("orders/one/review", Some(TOKEN), body).await;
        assert_eq!(status, 403);
    }
    assert_eq!(world.get("one").await["status"], "uncleared");
    world.captured_nothing_yet("one").await;
    let body = json!({ "verdict": "accept", "role": "risk" });
    let (status, answer) = world.internal("orders/one/review", Some(TOKEN), body).await;
    assert_eq!((status, &answer["data"]["status"]), (200, &json!("completed")), "{answer}");
    let body = json!({ "verdict": "decline", "role": "risk", "site": 20001 });
    let (status, answer) = world.internal("orders/two/review", Some(TOKEN), body).await;
    assert_eq!((status, &answer["data"]["status"]), (200, &json!("void")), "{answer}");
    world.captured("one", 2599).await;
    world.captured("two", 0).await;
    assert_eq!(world.decided_by("one").await[0].1, "risk");
    // On a test site the shop can play the Risk department.
    let body = json!({ "verdict": "accept", "role": "risk" });
    assert_eq!(world.review("three", body).await.0, 200);
}

impl World {
    async fn captured_nothing_yet(&self, id: &str) {
        let books = self.books(id).await;
        assert_eq!((&books[0]["held"], &books[0]["captured"]), (&json!(2599), &json!(0)));
    }
}

#[tokio::test]
async fn the_operators_endpoint_opens_to_its_token_alone() {
    let body = json!({ "verdict": "accept", "role": "risk" });
    let closed = holding(World::sqlite().await, 7).await;
    closed.hold("held").await;
    for token in [None, Some(API_KEY), Some(""), Some(TOKEN)] {
        let (status, _) = closed.internal("orders/held/review", token, body.clone()).await;
        assert_eq!(status, 404, "no token is set, so there is no such endpoint");
    }
    let open = holding(World::with(&[("FLORIN_INTERNAL__TOKEN", TOKEN)]).await, 7).await;
    open.hold("held").await;
    for token in [None, Some(API_KEY), Some(""), Some("an-operators-token-of-some-lengtx")] {
        let (status, answer) = open.internal("orders/held/review", token, body.clone()).await;
        assert_eq!(status, 401, "{answer}");
    }
    assert_eq!(open.get("held").await["status"], "uncleared");
    for (path, body, expected) in [
        ("orders/held/review", json!({ "verdict": "perhaps", "role": "risk" }), 400),
        ("orders/held/review", json!({ "verdict": "accept" }), 400),
        ("orders/held/review", json!({ "verdict": "accept", "role": "payer" }), 400),
        ("orders/held/review", json!([]), 400),
        ("orders/nothing/review", body.clone(), 404),
        ("orders/held/review", json!({ "verdict": "accept", "role": "risk", "site": 1 }), 404),
        ("orders", body.clone(), 404),
    ] {
        let (status, answer) = open.internal(path, Some(TOKEN), body).await;
        assert_eq!(status, expected, "{path}: {answer}");
    }
    let report = open.http.get(format!("{}/internal/orders/held/risk", open.base));
    let report = report.bearer_auth(TOKEN).send().await.unwrap();
    let report: Value = serde_json::from_slice(&report.bytes().await.unwrap()).unwrap();
    assert_eq!(report["data"]["score"], 7, "{report}");
    assert_eq!(open.internal("orders/held/review", Some(TOKEN), body).await.0, 200);
}

#[tokio::test]
async fn an_untouched_hold_is_void_after_five_days_and_not_before() {
    let world = holding(World::sqlite().await, 6).await;
    world.hold("forgotten").await;
    world.advance(FIVE_DAYS - 60).await;
    tokio::time::sleep(std::time::Duration::from_millis(900)).await;
    assert_eq!(world.get("forgotten").await["status"], "uncleared");
    world.advance(61).await;
    let order = world.becomes("forgotten", "void").await;
    assert_eq!(order["financial_status"], "void");
    world.captured("forgotten", 0).await;
    let by = world.decided_by("forgotten").await;
    assert_eq!(by, [("review_declined".to_owned(), "timer".to_owned())]);
}

#[tokio::test]
async fn of_many_decisions_at_once_one_wins_on_sqlite() {
    one_decision_wins(holding(World::sqlite().await, 7).await).await;
}

#[tokio::test]
async fn of_many_decisions_at_once_one_wins_on_postgresql() {
    one_decision_wins(holding(World::postgres().await, 7).await).await;
}

async fn one_decision_wins(world: World) {
    let mut outcomes = BTreeMap::new();
    for round in 0..12 {
        let id = format!("race-{round}");
        world.hold(&id).await;
        let decide = |number: usize| {
            let (world, id) = (&world, &id);
            async move {
                let verdict = ["accept", "decline"][number % 2];
                let (status, answer) = world.review(id, json!({ "verdict": verdict })).await;
                assert!(status == 200 || status == 409, "{status} {answer}");
                (status, verdict)
            }
        };
        // In every other round time runs out in the middle of it.
        let clock = async {
            if round % 2 == 0 {
                world.advance(FIVE_DAYS + 1).await;
            }
        };
        let (a, b, c, d, e, f, ()) = tokio::join!(
            decide(round),
            decide(round + 1),
            decide(round),
            decide(round + 1),
            decide(round),
            decide(round + 1),
            clock
        );
        let told = [a, b, c, d, e, f];
        let won: Vec<&str> = told.iter().filter(|it| it.0 == 200).map(|it| it.1).collect();
        assert!(won.len() <= 1, "one decision wins: {told:?}");
        let status = match won.first() {
            Some(&"accept") => "completed",
            Some(_) => "void",
            None => {
                assert_eq!(round % 2, 0, "somebody has to win");
                "void"
            }
        };
        let order = world.becomes(&id, status).await;
        assert_eq!(order["financial_status"], status);
        world.captured(&id, if status == "completed" { 2599 } else { 0 }).await;
        let decided = world.decided_by(&id).await;
        assert_eq!(decided.len(), 1, "{decided:?}");
        *outcomes.entry(status).or_insert(0) += 1;
    }
    assert!(outcomes.values().sum::<i32>() == 12, "{outcomes:?}");
}
