//! Payers' banks take money back: what shops see of it, what they can say to it, and that refunds
//! and chargebacks together never take more than there was.

use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use florin::gateway::journal::read_postings;
use florin_core::ledger::{Account, Balances};
use serde_json::{Value, json};

use crate::hosted_page::away;
use crate::idempotency::send;
use crate::postgres::{Database, fresh_database};
use crate::world::{CHALLENGED, VISA, World, all, eventually};

const DAY: i64 = 24 * 60 * 60;
const PNG: &[u8] = b"\x89PNG\r\n\x1a\n and what it shows";

async fn paid(world: &World, id: &str) {
    world.set(&[("three_ds.policy", json!("never"))]).await;
    let (_, answer) = world.create(&world.order(id, VISA)).await;
    assert_eq!(answer["data"]["status"], "completed", "{answer}");
    world.captured(id, 2599).await;
}

async fn charge_back(world: &World, body: Value) -> (u16, Value) {
    world.post("/test/chargebacks", body.to_string()).await
}

/// Takes back goods that were not received; returns the case.
async fn taken(world: &World, id: &str, amount: i64) -> Value {
    let body = json!({"order_id": id, "amount": amount, "reason_code": "13.1"});
    let (status, answer) = charge_back(world, body).await;
    assert_eq!(status, 200, "{answer}");
    answer["data"].clone()
}

async fn act(world: &World, case: &Value, action: &str) -> (u16, Value) {
    let path = format!("/test/chargebacks/{}", case["transaction_id"]);
    world.post(&path, json!({ "action": action }).to_string()).await
}

/// Does a step that has to be possible, and says where the dispute then stands.
async fn then(world: &World, case: &Value, action: &str) -> Value {
    let (status, answer) = act(world, case, action).await;
    assert_eq!(status, 200, "{action}: {answer}");
    answer["data"]["dispute"]["status"].clone()
}

async fn stands(world: &World, case: &Value) -> Value {
    let path = format!("/test/chargebacks/{}", case["transaction_id"]);
    world.get_path(&path).await.1["data"]["dispute"]["status"].clone()
}

fn file(name: &str, bytes: &[u8]) -> Value {
    json!({"type": "PNG", "base64": STANDARD.encode(bytes), "description": "Proof", "name": name})
}

#[tokio::test]
async fn a_file_with_an_idempotency_key_is_kept_once_whatever_its_size() {
    let world = World::sqlite().await;
    paid(&world, "once").await;
    taken(&world, "once", 100).await;
    let mut large = PNG.to_vec();
    large.resize(10 * 1024 * 1024, 7);
    let path = "/v1/json/orders/once/files";
    let upload = world.keyed("file", path, &file("large.png", &large));
    let first = send(upload.try_clone().unwrap()).await.unwrap();
    assert_eq!((first.status, &first.json()["success"]), (200, &json!(true)));
    assert_eq!(send(upload).await.unwrap(), first);
    let gateway = world.gateway();
    let site = gateway.directory.sites().remove(0);
    let record = gateway.load_by_order_id(&site, "once").await.unwrap().unwrap();
    assert_eq!(gateway.store.files(site.id, record.key).await.unwrap().len(), 1);
    large.push(7);
    let upload = world.keyed("larger", path, &file("larger.png", &large));
    assert_eq!(send(upload).await.unwrap().status, 413);
    // Elsewhere the usual bound holds, whatever the path ends with.
    let upload = world.keyed("order", "/v1/json/orders", &file("files", &large));
    assert_eq!(send(upload).await.unwrap().status, 413);
}

async fn hand_in(world: &World, id: &str, file: &Value) -> (u16, Value) {
    world.post(&format!("/v1/json/orders/{id}/files"), file.to_string()).await
}

async fn refund(world: &World, id: &str, amount: i64) -> (u16, Value) {
    let body = json!({"currency": "EUR", "amount": amount}).to_string();
    world.post(&format!("/v1/json/orders/{id}/refunds"), body).await
}

fn refused(answer: &(u16, Value), code: i64) {
    assert_eq!((answer.0, &answer.1["error_code"]), (404, &json!(code)), "{}", answer.1);
}

async fn statuses(world: &World, id: &str) -> (String, String) {
    let order = world.get(id).await;
    let text = |name: &str| order[name].as_str().unwrap_or_default().to_owned();
    (text("status"), text("financial_status"))
}

fn pair(status: &str) -> (String, String) {
    (status.to_owned(), "completed".to_owned())
}

async fn related(world: &World, id: &str, kind: &str) -> Vec<Value> {
    let all = world.get(id).await["related_transactions"].as_array().cloned().unwrap_or_default();
    all.into_iter().filter(|it| it["type"] == kind).collect()
}

/// What the journal of an order adds up to; it has to be what the order's state says.
async fn ledger(world: &World, id: &str) -> Balances {
    let gateway = world.gateway();
    let site = gateway.directory.sites().remove(0);
    let record = gateway.load_by_order_id(&site, id).await.unwrap().unwrap();
    let entries = gateway.store.journal(site.id, record.key).await.unwrap();
    let mut balances = Balances::default();
    for entry in &entries {
        for posting in read_postings(&entry.postings).unwrap() {
            balances.book(posting).unwrap();
        }
    }
    assert_eq!(balances, Balances::of(&record.order), "the journal adds up to the state");
    balances
}

/// How often the shop was told of each status.
fn told(world: &World, id: &str, status: &str) -> usize {
    let heard = world.shop.heard(id);
    heard.iter().filter(|heard| heard.order()["status"] == status).count()
}

#[tokio::test]
async fn a_dispute_lives_from_new_to_won_on_sqlite() {
    life(World::sqlite().await).await;
}

#[tokio::test]
async fn a_dispute_lives_from_new_to_won_on_postgresql() {
    life(World::postgres().await).await;
}

async fn life(world: World) {
    let fees = json!([{"kind": "chargeback", "fixed": 1500, "description": "15 per chargeback"}]);
    world.set(&[("fees", fees)]).await;
    paid(&world, "life").await;
    let order = world.get("life").await;
    let case = taken(&world, "life", 2599).await;
    assert_eq!(statuses(&world, "life").await, pair("chargedback"));
    let shown = related(&world, "life", "chargeback").await;
    assert_eq!(shown.len(), 1);
    let dispute = &shown[0]["dispute"];
    assert_eq!(dispute["reason_description"], "Merchandise or services not received");
    assert_eq!((&dispute["reason_code"], &dispute["status"]), (&json!("13.1"), &json!("new")));
    assert_eq!(dispute["merchant_response_date"].as_str().unwrap().len(), "2026-11-26".len());
    assert_eq!(shown[0]["reference_transaction_id"], order["transaction_id"]);
    assert_eq!((&shown[0]["amount"], &shown[0]["status"]), (&json!(2599), &json!("completed")));
    assert_eq!(shown[0]["description"], "Chargeback for order life");
    assert_eq!(shown[0]["costs"][0]["amount"], 15);
    let by_number = world.get(&case["transaction_id"].to_string()).await;
    assert_eq!(by_number["order_id"], "life");
    assert_eq!(ledger(&world, "life").await.get(Account::Acquirer), 0);
    eventually("told", async || told(&world, "life", "chargedback") == 1).await;

    // Evidence opens the case, however the file is called.
    let proof = file("proof.pdf", b"%PDF-1.7 a receipt");
    assert_eq!(hand_in(&world, "life", &proof).await, (200, json!({"success": true, "data": {}})));
    assert_eq!(stands(&world, &case).await, "open");
    assert_eq!(then(&world, &case, "submit").await, "submitted");
    refused(&hand_in(&world, "life", &proof).await, 1000);
    assert_eq!(then(&world, &case, "ask_more").await, "ready");
    assert_eq!(hand_in(&world, "life", &file("more.png", PNG)).await.0, 200);
    assert_eq!(stands(&world, &case).await, "ready");
    assert_eq!(then(&world, &case, "submit").await, "submitted");
    assert_eq!(then(&world, &case, "process").await, "processed");
    assert_eq!(then(&world, &case, "win").await, "closed");
    refused(&act(&world, &case, "lose").await, 1000);

    assert_eq!(statuses(&world, "life").await, pair("completed"));
    let back = related(&world, "life", "reverse-chargeback").await;
    assert_eq!((back.len(), &back[0]["amount"]), (1, &json!(2599)));
    assert_eq!(back[0]["reference_transaction_id"], case["transaction_id"]);
    assert_eq!(world.get(&back[0]["transaction_id"].to_string()).await["order_id"], "life");
    let balances = ledger(&world, "life").await;
    assert_eq!((balances.get(Account::ChargedBack), balances.get(Account::Acquirer)), (0, 2599));
    assert_eq!(balances.get(Account::Fees), 1500);
    eventually("told", async || told(&world, "life", "completed") == 2).await;
    assert_eq!(told(&world, "life", "chargedback"), 1, "steps of a dispute are not told");

    let gateway = world.gateway();
    let site = gateway.directory.sites().remove(0);
    let key = gateway.load_by_order_id(&site, "life").await.unwrap().unwrap().key;
    let kept = gateway.store.files(site.id, key).await.unwrap();
    let kinds: Vec<(i32, &str)> =
        kept.iter().map(|file| (file.file_id, file.kind.as_str())).collect();
    assert_eq!(kinds, [(1, "PDF"), (2, "PNG")]);
    let second = gateway.store.file(site.id, key, 2).await.unwrap().unwrap();
    assert_eq!((second.bytes.as_slice(), second.name.as_str()), (PNG, "more.png"));
}

#[tokio::test]
async fn a_dispute_that_is_lost_leaves_the_order_charged_back() {
    let world = World::sqlite().await;
    paid(&world, "lost").await;
    let case = taken(&world, "lost", 2599).await;
    refused(&act(&world, &case, "lose").await, 1000);
    assert_eq!(then(&world, &case, "dispute").await, "open");
    assert_eq!(then(&world, &case, "submit").await, "submitted");
    assert_eq!(then(&world, &case, "lose").await, "closed");
    assert_eq!(statuses(&world, "lost").await, pair("chargedback"));
    assert!(related(&world, "lost", "reverse-chargeback").await.is_empty());
    assert_eq!(ledger(&world, "lost").await.get(Account::ChargedBack), 2599);
    // Nobody may sell under the name again, nor ship what was not paid.
    refused(&world.create(&world.order("lost", VISA)).await, 1006);
    let ship = json!({"status": "shipped"}).to_string();
    assert_eq!(world.patch("/v1/json/orders/lost", ship).await.0, 410);
}

#[tokio::test]
async fn the_due_date_passes_by_the_clock_of_the_site_on_sqlite() {
    due(World::sqlite().await).await;
}

#[tokio::test]
async fn the_due_date_passes_by_the_clock_of_the_site_on_postgresql() {
    due(World::postgres().await).await;
}

async fn due(world: World) {
    paid(&world, "due").await;
    let silent = taken(&world, "due", 1000).await;
    let opened = taken(&world, "due", 500).await;
    let sent = taken(&world, "due", 250).await;
    then(&world, &opened, "dispute").await;
    then(&world, &sent, "dispute").await;
    then(&world, &sent, "submit").await;
    world.advance(23 * DAY - 60).await;
    // What would have gone off by now has had the time to.
    tokio::time::sleep(std::time::Duration::from_millis(1500)).await;
    assert_eq!(stands(&world, &silent).await, "new", "a minute is left");
    assert_eq!(stands(&world, &opened).await, "open");
    world.advance(60).await;
    eventually("accepted", async || stands(&world, &silent).await == "accepted").await;
    eventually("accepted", async || stands(&world, &opened).await == "accepted").await;
    assert_eq!(stands(&world, &sent).await, "submitted", "nobody is waited for");
    refused(&hand_in(&world, "due", &file("late.png", PNG)).await, 1000);
    // More is asked for, with a due date of its own.
    then(&world, &sent, "ask_more").await;
    world.advance(10 * DAY - 60).await;
    tokio::time::sleep(std::time::Duration::from_millis(1500)).await;
    assert_eq!(stands(&world, &sent).await, "ready");
    world.advance(60).await;
    eventually("accepted", async || stands(&world, &sent).await == "accepted").await;
    assert_eq!(ledger(&world, "due").await.get(Account::ChargedBack), 1750);
}

#[tokio::test]
async fn american_express_waits_for_twenty_days_and_a_named_date_counts() {
    let world = World::sqlite().await;
    world.set(&[("three_ds.policy", json!("never"))]).await;
    let mut order = world.order("amex", "374500000000015");
    order["amount"] = json!(1000);
    let (_, answer) = world.create(&order).await;
    assert_eq!(answer["data"]["status"], "completed", "{answer}");
    let seconds = |case: &Value| {
        let at =
            |name: &str| case[name].as_str().unwrap().parse::<jiff::civil::DateTime>().unwrap();
        at("due").duration_since(at("created")).as_secs()
    };
    let usual = json!({"order_id": "amex", "amount": 1, "reason_code": "4554"});
    let (_, usual) = charge_back(&world, usual).await;
    assert_eq!(seconds(&usual["data"]), 20 * DAY, "{usual}");
    let named = json!({"order_id": "amex", "amount": 2, "reason_code": "X1", "due_days": 5});
    let (_, named) = charge_back(&world, named).await;
    assert!((5 * DAY - 60..=5 * DAY).contains(&seconds(&named["data"])), "{named}");
    assert_eq!(named["data"]["dispute"]["reason_description"], "", "a code that nobody knows");
}

#[tokio::test]
async fn refunds_and_chargebacks_together_are_at_most_what_was_captured() {
    let world = World::sqlite().await;
    world.set(&[("refund_settlement", json!("at_once"))]).await;
    paid(&world, "both").await;
    assert_eq!(refund(&world, "both", 600).await.0, 200);
    world.becomes("both", "partial_refunded").await;
    let all_of_it = json!({"order_id": "both", "amount": 2000, "reason_code": "13.1"});
    refused(&charge_back(&world, all_of_it).await, 1000);
    let case = taken(&world, "both", 1500).await;
    assert_eq!(statuses(&world, "both").await, pair("chargedback"));
    assert_eq!(world.get("both").await["amount_refunded"], 600);
    // Only what nobody has taken yet can be given back.
    refused(&refund(&world, "both", 500).await, 1034);
    assert_eq!(refund(&world, "both", 499).await.0, 200);
    eventually("refunded", async || world.get("both").await["amount_refunded"] == 1099).await;
    refused(&refund(&world, "both", 1).await, 1034);
    then(&world, &case, "win").await;
    assert_eq!(statuses(&world, "both").await, pair("partial_refunded"));
    assert_eq!(refund(&world, "both", 1500).await.0, 200);
    world.becomes("both", "refunded").await;
    assert_eq!(ledger(&world, "both").await.get(Account::Acquirer), 0);
    let nothing = json!({"order_id": "both", "reason_code": "13.1"});
    refused(&charge_back(&world, nothing).await, 1000);
}

#[tokio::test]
async fn a_refund_that_waits_for_the_night_gives_way() {
    let world = World::sqlite().await;
    paid(&world, "night").await;
    assert_eq!(refund(&world, "night", 500).await.0, 200);
    assert_eq!(refund(&world, "night", 700).await.0, 200);
    taken(&world, "night", 2000).await;
    let refunds = related(&world, "night", "refund").await;
    let states: Vec<&Value> = refunds.iter().map(|it| &it["status"]).collect();
    assert_eq!(states, [&json!("reserved"), &json!("void")]);
    world.advance(DAY).await;
    eventually("settled", async || world.get("night").await["amount_refunded"] == 500).await;
    assert_eq!(statuses(&world, "night").await, pair("chargedback"));
    let books = world.books("night").await;
    let refunded: i64 = books.iter().filter_map(|it| it["refunded"].as_i64()).sum();
    assert_eq!(refunded, 500);
    assert_eq!(ledger(&world, "night").await.get(Account::Acquirer), 99);
}

#[tokio::test]
async fn a_chargeback_of_a_capture_is_shown_with_that_capture() {
    let world = World::sqlite().await;
    world.set(&[("three_ds.policy", json!("never"))]).await;
    let mut order = world.order("parted", VISA);
    order["capture"] = json!("manual");
    world.create(&order).await;
    let body = json!({"order_id": "parted", "reason_code": "13.1"});
    refused(&charge_back(&world, body.clone()).await, 1000);
    for (amount, name) in [(1000, "part-1"), (1599, "part-2")] {
        let body = json!({"amount": amount, "new_order_id": name}).to_string();
        let (status, answer) = world.post("/v1/json/orders/parted/capture", body).await;
        assert_eq!(status, 200, "{answer}");
    }
    // Whose money it is cannot be told from the order's own name.
    refused(&charge_back(&world, body).await, 1000);
    let (_, answer) =
        charge_back(&world, json!({"order_id": "part-1", "reason_code": "13.1"})).await;
    assert_eq!(answer["data"]["amount"], 1000, "{answer}");
    assert_eq!(answer["data"]["order_id"], "part-1");
    assert_eq!(statuses(&world, "part-1").await, pair("chargedback"));
    assert_eq!(statuses(&world, "part-2").await, pair("completed"));
    assert_eq!(statuses(&world, "parted").await, pair("completed"));
    let shown = related(&world, "part-1", "chargeback").await;
    let part = world.get("part-1").await;
    assert_eq!(shown[0]["reference_transaction_id"], part["transaction_id"]);
    assert_eq!((shown[0]["order_id"].as_str(), shown.len()), (Some("part-1"), 1));
    assert!(related(&world, "parted", "chargeback").await.is_empty());
    refused(&hand_in(&world, "part-2", &file("p.png", PNG)).await, 1000);
    assert_eq!(hand_in(&world, "part-1", &file("p.png", PNG)).await.0, 200);
    eventually("told", async || told(&world, "part-1", "chargedback") == 1).await;
    assert_eq!(told(&world, "parted", "chargedback"), 0);
    ledger(&world, "parted").await;
}

#[tokio::test]
async fn fraud_that_the_issuer_bears_costs_the_shop_nothing() {
    let world = World::sqlite().await;
    // The payer was authenticated without being asked.
    let (_, created) = world.create(&world.order("proven", VISA)).await;
    let details = &created["data"]["payment_details"];
    assert_eq!(details["card_authentication_result"]["status"], "Y", "{created}");
    let body = json!({"order_id": "proven", "reason_code": "10.4"});
    let (_, answer) = charge_back(&world, body).await;
    assert_eq!(answer["data"]["dispute"]["status"], "closed", "{answer}");
    assert_eq!(statuses(&world, "proven").await, pair("completed"));
    assert_eq!(related(&world, "proven", "chargeback").await.len(), 1);
    let back = related(&world, "proven", "reverse-chargeback").await;
    assert_eq!(back[0]["transaction_id"], answer["data"]["reverse_transaction_id"]);
    assert_eq!(ledger(&world, "proven").await.get(Account::Acquirer), 2599);

    // Without 3-D Secure it is the shop's.
    paid(&world, "unproven").await;
    let body = json!({"order_id": "unproven", "reason_code": "10.4"});
    let (_, answer) = charge_back(&world, body).await;
    assert_eq!(answer["data"]["dispute"]["status"], "new", "{answer}");
    // And goods that never came are the shop's whoever paid.
    taken(&world, "proven", 1).await;
    assert_eq!(statuses(&world, "proven").await, pair("chargedback"));
}

#[tokio::test]
async fn a_case_comes_once_and_what_cannot_be_is_refused() {
    let world = World::sqlite().await;
    paid(&world, "once").await;
    let body = |amount: i64| json!({"order_id": "once", "amount": amount, "reason_code": "13.1", "reference": "CB-1"});
    assert_eq!(charge_back(&world, body(100)).await.0, 200);
    refused(&charge_back(&world, body(100)).await, 1000);
    refused(&charge_back(&world, body(101)).await, 1000);
    assert_eq!(related(&world, "once", "chargeback").await.len(), 1);
    for bad in [json!(0), json!(-1), json!("x"), json!(1.5), json!([1])] {
        let body = json!({"order_id": "once", "amount": bad, "reason_code": "13.1"});
        refused(&charge_back(&world, body).await, 1001);
    }
    refused(&charge_back(&world, json!({"order_id": "once"})).await, 1016);
    refused(&charge_back(&world, json!({"reason_code": "13.1"})).await, 1016);
    let nobody = json!({"order_id": "nobody", "reason_code": "13.1"});
    refused(&charge_back(&world, nobody).await, 1006);
    let (status, _) = charge_back(&world, json!([])).await;
    assert_eq!(status, 400);
    let days = json!({"order_id": "once", "reason_code": "13.1", "due_days": -1});
    assert_eq!(charge_back(&world, days).await.0, 400);

    world.set(&[("three_ds.policy", json!("always"))]).await;
    let (_, waits) = world.create(&world.order("waits", CHALLENGED)).await;
    assert_eq!(waits["data"]["status"], "initialized", "{waits}");
    world.create(&world.order("declined", "4000050000000007")).await;
    for unpaid in ["waits", "declined"] {
        let body = json!({"order_id": unpaid, "reason_code": "13.1"});
        refused(&charge_back(&world, body).await, 1000);
    }
    let unknown = json!({"transaction_id": 1_234_567_890_123_456_i64});
    refused(&act(&world, &unknown, "win").await, 1006);
    let case = related(&world, "once", "chargeback").await.remove(0);
    refused(&act(&world, &case, "dance").await, 1000);
    refused(&act(&world, &case, "ask_more").await, 1000);
    assert_eq!(world.get_path("/test/chargebacks").await.0, 405);
}

#[tokio::test]
async fn files_are_taken_for_an_open_case_only_and_within_bounds() {
    let world = World::sqlite().await;
    paid(&world, "files").await;
    let good = file("proof.png", PNG);
    let unknown = hand_in(&world, "nobody", &good).await;
    refused(&unknown, 1000);
    refused(&hand_in(&world, "files", &good).await, 1000);
    let case = taken(&world, "files", 100).await;
    for member in ["type", "base64", "description", "name"] {
        let mut bad = good.clone();
        bad.as_object_mut().unwrap().remove(member);
        refused(&hand_in(&world, "files", &bad).await, 1016);
    }
    refused(&hand_in(&world, "files", &file("evil.pdf", b"<script>")).await, 1000);
    let mut broken = good.clone();
    broken["base64"] = json!("***");
    refused(&hand_in(&world, "files", &broken).await, 1000);
    assert_eq!(stands(&world, &case).await, "new", "nothing was handed in");

    // Beyond what any other call reads, up to its own bound.
    let mut large = PNG.to_vec();
    large.resize(10 * 1024 * 1024, 7);
    assert_eq!(hand_in(&world, "files", &file("large.png", &large)).await.0, 200);
    large.push(7);
    assert_eq!(hand_in(&world, "files", &file("larger.png", &large)).await.0, 413);
    large.resize(12 * 1024 * 1024, 7);
    let (status, answer) = hand_in(&world, "files", &file("largest.png", &large)).await;
    assert_eq!((status, &answer["error_info"]), (413, &json!("Request body too large")));
    let mut old = good.clone();
    old["type"] = json!("chargeback");
    for _ in 1..10 {
        assert_eq!(hand_in(&world, "files", &old).await.0, 200);
    }
    let (status, answer) = hand_in(&world, "files", &old).await;
    assert_eq!((status, &answer["error_info"]), (404, &json!("Too many files")));
    assert_eq!(world.get_path("/v1/json/orders/files/files").await.0, 405);
    // Another case has room of its own.
    taken(&world, "files", 200).await;
    then(&world, &case, "submit").await;
    assert_eq!(hand_in(&world, "files", &good).await.0, 200);
}

#[tokio::test]
async fn a_large_file_is_kept_whole_on_postgresql() {
    let world = World::postgres().await;
    paid(&world, "large").await;
    taken(&world, "large", 100).await;
    let mut large = PNG.to_vec();
    large.resize(10 * 1024 * 1024, 0);
    large
        .iter_mut()
        .skip(PNG.len())
        .zip(0_u32..)
        .for_each(|(byte, at)| *byte = at.to_le_bytes()[0]);
    assert_eq!(hand_in(&world, "large", &file("large.png", &large)).await.0, 200);
    let gateway = world.gateway();
    let site = gateway.directory.sites().remove(0);
    let key = gateway.load_by_order_id(&site, "large").await.unwrap().unwrap().key;
    let kept = gateway.store.file(site.id, key, 1).await.unwrap().unwrap();
    assert!(kept.bytes == large, "{} bytes", kept.bytes.len());
}

#[tokio::test]
async fn of_refunds_and_chargebacks_that_race_none_takes_what_is_gone_on_sqlite() {
    race(World::sqlite().await).await;
}

#[tokio::test]
async fn of_refunds_and_chargebacks_that_race_none_takes_what_is_gone_on_postgresql() {
    race(World::postgres().await).await;
}

async fn race(world: World) {
    world.set(&[("refund_settlement", json!("at_once"))]).await;
    let world = Arc::new(world);
    paid(&world, "race").await;
    let racers = (0..24_i64).map(|number| {
        let world = world.clone();
        async move {
            let amount = 290 + number;
            let (status, answer) = if number % 2 == 0 {
                refund(&world, "race", amount).await
            } else {
                let body = json!({"order_id": "race", "amount": amount, "reason_code": "13.1"});
                charge_back(&world, body).await
            };
            assert!([200, 404].contains(&status), "{answer}");
            (number % 2 == 0, status == 200)
        }
    });
    let results = all(racers).await;
    let won = results.iter().filter(|(_, won)| *won).count();
    assert_eq!(won, 8, "eight times about 300 of 2599");
    let sum = async |kind: &str| -> i64 {
        related(&world, "race", kind).await.iter().filter_map(|it| it["amount"].as_i64()).sum()
    };
    let (refunded, charged_back) = (sum("refund").await, sum("chargeback").await);
    assert!(refunded + charged_back <= 2599, "{refunded} and {charged_back}");
    eventually("refunded", async || world.get("race").await["amount_refunded"] == refunded).await;
    let balances = ledger(&world, "race").await;
    assert_eq!(balances.get(Account::Acquirer), 2599 - refunded - charged_back);
    let books = world.books("race").await;
    let at_host: i64 = books.iter().filter_map(|it| it["refunded"].as_i64()).sum();
    assert_eq!(at_host, refunded);
}

#[tokio::test]
async fn of_one_case_told_many_times_at_once_one_is_taken() {
    let world = Arc::new(World::sqlite().await);
    paid(&world, "same").await;
    let tellers = (0..16).map(|_| {
        let world = world.clone();
        let body =
            json!({"order_id": "same", "amount": 10, "reason_code": "13.1", "reference": "CB-7"});
        async move { charge_back(&world, body).await.0 == 200 }
    });
    assert_eq!(all(tellers).await.into_iter().filter(|won| *won).count(), 1);
    assert_eq!(ledger(&world, "same").await.get(Account::ChargedBack), 10);
}

#[tokio::test]
async fn a_sale_is_found_by_its_reference_long_after_its_order_was_made_on_sqlite() {
    found_by_reference(World::days_ago(40, None).await).await;
}

#[tokio::test]
async fn a_sale_is_found_by_its_reference_long_after_its_order_was_made_on_postgresql() {
    found_by_reference(World::days_ago(40, Some(fresh_database().await)).await).await;
}

/// What an operator's command says of an acquirer's file.
async fn import(folder: &tempfile::TempDir, database: Option<&Database>, lines: &str) -> String {
    let file = folder.path().join("chargebacks.csv");
    std::fs::write(&file, lines).unwrap();
    let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_florin"));
    command.args(["chargeback", "import"]).arg(&file).arg("--data").arg(folder.path());
    command.env_remove("FLORIN_DATABASE_URL");
    command.envs(database.map(|it| ("FLORIN_DATABASE_URL", &it.url)));
    let output = tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap();
    String::from_utf8(output.stdout).unwrap()
}

async fn found_by_reference(world: World) {
    let mut order = world.offered("late");
    order["days_active"] = json!(60);
    let url = world.offer(&order).await;
    let link = url.strip_prefix(&world.base).unwrap().to_owned();
    paid(&world, "early").await;
    let world = world.restarted().await;
    let form = world.card_form(&format!("{}{link}", world.base)).await;
    away(world.pay(&form, VISA).await);
    let late = world.becomes("late", "completed").await;
    world.captured("late", 2599).await;
    // By hand, in two parts: each has a reference of its own.
    let mut order = world.order("parts", VISA);
    order["capture"] = json!("manual");
    world.create(&order).await;
    let path = "/v1/json/orders/parts/capture";
    let part = json!({ "amount": 1000, "new_order_id": "part", "new_order_status": "completed" });
    let (status, answer) = world.post(path, part.to_string()).await;
    assert_eq!(status, 200, "{answer}");

    let rrn = |order: &Value| {
        order["payment_details"]["external_transaction_id"].as_str().unwrap().to_owned()
    };
    let early = world.get("early").await;
    let [early, late, part] = [rrn(&early), rrn(&late), rrn(&world.get("part").await)];
    let lines = format!(
        "reference,rrn,amount,currency,reason_code\n\
         CB-1,{late},100,EUR,13.1\nCB-2,{early},100,EUR,13.1\nCB-3,{part},100,EUR,13.1\n\
         CB-4,{},100,EUR,13.1\n",
        &late[1..]
    );
    let said = import(&world.folder, world.database.as_ref(), &lines).await;
    for wanted in [
        "CB-1: 1.00 EUR of order late charged back",
        "CB-2: 1.00 EUR of order early charged back",
        "CB-3: 1.00 EUR of order part charged back",
        "CB-4: refused: there is no such order",
        "3 charged back, 0 known already, 1 refused",
    ] {
        assert!(said.contains(wanted), "{wanted}: {said}");
    }
    world.becomes("late", "chargedback").await;
}

/// A database of an earlier release has orders and no references.
#[tokio::test]
async fn a_sale_of_an_earlier_release_is_found_by_its_reference_with_nobody_running() {
    let world = World::sqlite().await;
    paid(&world, "old").await;
    let order = world.get("old").await;
    let rrn = order["payment_details"]["external_transaction_id"].as_str().unwrap();
    let folder = world.stop().await;
    let file = rusqlite::Connection::open(folder.path().join("florin.sqlite")).unwrap();
    file.execute_batch(
        "DELETE FROM order_references; INSERT INTO operations_owed \
            SELECT site_id, MAX(key) + 1 FROM orders GROUP BY site_id;",
    )
    .unwrap();
    drop(file);
    let lines = format!("reference,rrn,amount,currency,reason_code\nCB-1,{rrn},100,EUR,13.1\n");
    let said = import(&folder, None, &lines).await;
    assert!(said.contains("CB-1: 1.00 EUR of order old charged back"), "{said}");
}
