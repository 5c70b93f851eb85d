//! Stored cards: made by a first payment, listed, changed and deleted.

use florin::store::{TokenOwner, TokenState};
use serde_json::{Value, json};

use crate::world::{API_KEY, CHALLENGED, VISA, World};

pub(crate) const DAY: i64 = 24 * 60 * 60;
/// The account of the first start.
pub(crate) const OWNER: TokenOwner = TokenOwner { account_id: 10_000_001, is_live: false };

pub(crate) async fn quiet(world: World) -> World {
    world.set(&[("three_ds.policy", json!("never"))]).await;
    world
}

/// An order that stores its card.
pub(crate) fn first(world: &World, id: &str, card: &str, model: &str) -> Value {
    let mut order = world.order(id, card);
    order["recurring_model"] = json!(model);
    order["customer"]["reference"] = json!("cust/17@shop é");
    order
}

/// The same reference in a path.
pub(crate) const REFERENCE: &str = "cust%2F17%40shop%20%C3%A9";

pub(crate) fn charge(id: &str, token: &str) -> Value {
    json!({
        "type": "direct", "order_id": id, "currency": "EUR", "amount": 1000,
        "description": "Second month", "recurring_id": token,
    })
}

/// Stores a card and gives its token.
pub(crate) async fn store(world: &World, id: &str, card: &str, model: &str) -> String {
    let (status, answer) = world.create(&first(world, id, card, model)).await;
    assert_eq!((status, &answer["data"]["status"]), (200, &json!("completed")), "{answer}");
    answer["data"]["payment_details"]["recurring_id"].as_str().unwrap().to_owned()
}

pub(crate) async fn list(world: &World) -> (u16, Value) {
    world.get_path(&format!("/v1/json/recurring/{REFERENCE}")).await
}

pub(crate) async fn delete(world: &World, path: &str) -> (u16, Value) {
    let request = world.http.delete(format!("{}{path}", world.base));
    let answer = request.header("api_key", API_KEY).send().await.unwrap();
    let status = answer.status().as_u16();
    (status, serde_json::from_slice(&answer.bytes().await.unwrap()).unwrap())
}

pub(crate) fn refusal(answer: &(u16, Value)) -> (u16, i64, &str) {
    let (status, body) = answer;
    assert_eq!((&body["success"], &body["data"]), (&json!(false), &json!({})), "{body}");
    (*status, body["error_code"].as_i64().unwrap(), body["error_info"].as_str().unwrap())
}

/// Each message about the order that the host has heard: its type, its elements as `25=59`, and the
/// tags of element 48 as `[01=E]`.
pub(crate) async fn heard(world: &World, id: &str) -> Vec<String> {
    let gateway = world.gateway();
    let merchant = gateway.directory.sites().remove(0).merchant_id();
    let messages = gateway.simulator.as_ref().unwrap().messages(&merchant, 100).await.unwrap();
    let messages = messages.as_array().unwrap().iter();
    let compact = |text: &str| {
        let mut parts = Vec::new();
        for line in text.lines() {
            let (head, value) = line.split_once(": ").unwrap_or((line, ""));
            let number = head.split_whitespace().next().unwrap_or_default();
            parts.push(match line.starts_with("    ") {
                true => format!("[{number}={value}]"),
                false if value.is_empty() => number.to_owned(),
                false => format!("{number}={value}"),
            });
        }
        format!(" {} ", parts.join(" "))
    };
    let to_host = messages.filter(|it| it["direction"] == "gateway to host");
    let texts = to_host.map(|it| compact(it["text"].as_str().unwrap()));
    texts.filter(|it| it.contains(&format!("[06={id}]"))).collect()
}

#[tokio::test]
async fn a_card_is_stored_listed_charged_and_deleted_on_sqlite() {
    whole_life(World::sqlite().await).await;
}

#[tokio::test]
async fn a_card_is_stored_listed_charged_and_deleted_on_postgresql() {
    whole_life(World::postgres().await).await;
}

async fn whole_life(world: World) {
    let world = quiet(world).await;
    let (status, answer) = world.create(&first(&world, "sub-1", VISA, "SUBSCRIPTION")).await;
    assert_eq!(status, 200, "{answer}");
    let details = &answer["data"]["payment_details"];
    assert_eq!(details["recurring_flow"], "manual");
    assert_eq!(details["recurring_model"], "subscription");
    assert_eq!(answer["data"]["customer"]["reference"], "cust/17@shop é");
    let token = details["recurring_id"].as_str().unwrap().to_owned();
    let allowed = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    assert!(token.len() == 16 && token.chars().all(allowed), "{token}");
    assert_eq!(world.get("sub-1").await["payment_details"]["recurring_id"], token);

    let (status, listed) = list(&world).await;
    assert_eq!(status, 200, "{listed}");
    let expected = json!({
        "token": token, "code": "VISA", "display": "Card xxxx xxxx xxxx 1111", "bin": 411_111,
        "name_holder": "A de Vries", "expiry_date": 3012, "expired": 0, "last4": 1111,
        "model": "subscription", "recurring_model": "subscription",
    });
    assert_eq!(listed["data"]["tokens"], json!([expected]));
    let path = format!("/v1/json/recurring/{REFERENCE}");
    let (status, one) = world.get_path(&format!("{path}/token/{token}")).await;
    assert_eq!((status, &one["data"]), (200, &expected));

    // The second month: no card, no code, no payer.
    let mut order = charge("sub-2", &token);
    order["payment_options"] = json!({"notification_url": world.shop.url("/notify"),
        "notification_method": "POST"});
    let (status, answer) = world.create(&order).await;
    assert_eq!(status, 200, "{answer}");
    let data = &answer["data"];
    assert_eq!(
        (&data["status"], &data["financial_status"]),
        (&json!("completed"), &json!("completed"))
    );
    assert_eq!(data.get("customer_verification"), None);
    let details = &data["payment_details"];
    assert_eq!(details["recurring_flow"], "token");
    assert_eq!(
        (&details["recurring_id"], &details["recurring_model"]),
        (&json!(token), &json!("subscription"))
    );
    assert_eq!((&details["last4"], &details["type"]), (&json!("1111"), &json!("VISA")));
    assert_eq!(details["account_holder_name"], "A de Vries");
    world.captured("sub-2", 1000).await;

    // A payment with a stored card is refunded as any other is.
    let refund = json!({"currency": "EUR", "amount": 400}).to_string();
    let (status, answer) = world.post("/v1/json/orders/sub-2/refunds", refund).await;
    assert_eq!(status, 200, "{answer}");

    let update = format!("{path}/update/{token}");
    let (status, answer) = world.patch(&update, json!({"expiry_date": 3103}).to_string()).await;
    assert_eq!((status, &answer), (200, &json!({"success": true, "data": {"updated": true}})));
    assert_eq!(list(&world).await.1["data"]["tokens"][0]["expiry_date"], 3103);
    for odd in [
        json!({"expiry_date": "2001"}),
        json!({"expiry_date": "0331"}),
        json!({}),
        json!({"expiry_date": "9912"}),
    ] {
        let refused = world.patch(&update, odd.to_string()).await;
        assert_eq!(refusal(&refused), (410, 1000, "Token not updated"), "{odd}");
    }

    let remove = format!("{path}/remove/{token}");
    let (status, answer) = delete(&world, &remove).await;
    assert_eq!((status, &answer), (200, &json!({"success": true, "data": {"removed": true}})));
    assert_eq!(refusal(&delete(&world, &remove).await), (410, 1000, "Token not removed"));
    assert_eq!(refusal(&list(&world).await), (404, 1000, "Not found"));
    let gone = world.get_path(&format!("{path}/token/{token}")).await;
    assert_eq!(refusal(&gone), (410, 1000, "Not found: token"));
    let gone = world.patch(&update, json!({"expiry_date": "3103"}).to_string()).await;
    assert_eq!(refusal(&gone), (410, 1000, "Token not updated"));
    assert_eq!(
        refusal(&world.create(&charge("sub-3", &token)).await),
        (404, 1000, "Not found: token")
    );
    assert_eq!(world.get("sub-3").await, Value::Null, "what is refused is not kept");
    // The order keeps the name, and its money can be given back.
    assert_eq!(world.get("sub-2").await["payment_details"]["recurring_id"], token);
    world.advance(DAY).await;
    assert_eq!(world.becomes("sub-2", "partial_refunded").await["amount_refunded"], 400);
}

#[tokio::test]
async fn a_token_waits_for_its_first_payment_and_dies_with_it() {
    let world = World::sqlite().await;
    let token_of = |answer: &Value| {
        answer["data"]["payment_details"]["recurring_id"].as_str().unwrap().to_owned()
    };
    let state = async |token: &str| {
        world.gateway().store.token(OWNER, token).await.unwrap().map(|row| row.state)
    };
    let (_, answer) = world.create(&first(&world, "waits", CHALLENGED, "cardOnFile")).await;
    assert_eq!(answer["data"]["status"], "initialized", "{answer}");
    let token = token_of(&answer);
    assert_eq!(list(&world).await.1["data"]["tokens"][0]["token"], token, "it is listed already");
    assert_eq!(
        refusal(&world.create(&charge("early", &token)).await),
        (404, 1000, "Token not active")
    );
    world.walk(answer["data"]["payment_url"].as_str().unwrap(), "Y").await;
    world.becomes("waits", "completed").await;
    assert_eq!(state(&token).await, Some(TokenState::Active));
    let row = world.gateway().store.token(OWNER, &token).await.unwrap().unwrap();
    assert!(row.first.network_reference.is_some() && row.first.cavv.is_some(), "{row:?}");
    assert!(row.first.ds_trans_id.is_some() && row.first.eci.as_deref() == Some("02"));

    // The bank finds that it is not the card's owner.
    let (_, answer) =
        world.create(&first(&world, "refused", "5500000000000004", "cardOnFile")).await;
    let token = token_of(&answer);
    assert_eq!(state(&token).await, Some(TokenState::Pending));
    world.walk(answer["data"]["payment_url"].as_str().unwrap(), "N").await;
    world.becomes("refused", "declined").await;
    let dead = world.gateway().store.token(OWNER, &token).await.unwrap().unwrap();
    assert_eq!((dead.state, dead.sealed_pan, dead.sealed_holder), (TokenState::Dead, None, None));
    assert_eq!(
        refusal(&world.create(&charge("late", &token)).await),
        (404, 1000, "Not found: token")
    );

    // The payer never comes back; and one who tries again leaves the first token behind.
    let (_, answer) = world.create(&first(&world, "again", "5500000000000004", "cardOnFile")).await;
    let left = token_of(&answer);
    let (_, answer) = world.create(&first(&world, "again", CHALLENGED, "unscheduled")).await;
    let token = token_of(&answer);
    assert_eq!(
        (state(&left).await, state(&token).await),
        (Some(TokenState::Dead), Some(TokenState::Pending))
    );
    world.advance(2 * 60 * 60).await;
    world.becomes("again", "expired").await;
    assert_eq!(state(&token).await, Some(TokenState::Dead));

    // What is declined before anything is sent makes none.
    let (_, answer) =
        world.create(&first(&world, "unsent", "4012001037461114", "cardOnFile")).await;
    assert_eq!(answer["error_code"], 1024, "{answer}");
    assert_eq!(world.get("unsent").await["payment_details"]["recurring_id"], Value::Null);
    // What the issuer declines makes one that is dead.
    let (_, answer) = world.create(&first(&world, "no", "4000050000000007", "cardOnFile")).await;
    assert_eq!(answer["error_code"], 1024, "{answer}");
    assert_eq!(list(&world).await.1["data"]["tokens"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn a_held_payment_stores_its_card_when_the_review_ends_well() {
    let world = quiet(World::sqlite().await).await;
    for (id, card, expected) in [
        ("good", "4462000000000003", TokenState::Active),
        ("bad", "4917300000000008", TokenState::Dead),
    ] {
        let (_, answer) = world.create(&first(&world, id, card, "subscription")).await;
        assert_eq!(answer["data"]["status"], "uncleared", "{answer}");
        let token = answer["data"]["payment_details"]["recurring_id"].as_str().unwrap().to_owned();
        let early = world.create(&charge("early", &token)).await;
        assert_eq!(refusal(&early), (404, 1000, "Token not active"));
        world.advance(4 * 60).await;
        world.becomes(id, if id == "good" { "completed" } else { "void" }).await;
        let row = world.gateway().store.token(OWNER, &token).await.unwrap().unwrap();
        assert_eq!(row.state, expected);
    }
}

#[tokio::test]
async fn a_card_that_is_shown_again_keeps_its_token_and_gets_its_newer_date() {
    let world = quiet(World::sqlite().await).await;
    let token = store(&world, "one", VISA, "subscription").await;
    let mut again = first(&world, "two", VISA, "subscription");
    again["gateway_info"]["card_expiry_date"] = json!("3111");
    let (_, answer) = world.create(&again).await;
    let details = &answer["data"]["payment_details"];
    assert_eq!(
        (&details["recurring_id"], &details["recurring_flow"]),
        (&json!(token), &json!("manual"))
    );
    let tokens = list(&world).await.1["data"]["tokens"].clone();
    assert_eq!((tokens.as_array().unwrap().len(), &tokens[0]["expiry_date"]), (1, &json!(3111)));
    // An older date, a decline: neither spoils what is stored.
    let mut older = first(&world, "three", VISA, "subscription");
    older["gateway_info"]["card_expiry_date"] = json!("2901");
    world.create(&older).await;
    world.fault(json!({"fault": "decline", "code": "05", "count": 1, "types": ["0100"]})).await;
    let mut declined = first(&world, "four", VISA, "subscription");
    declined["gateway_info"]["card_expiry_date"] = json!("3212");
    let (_, answer) = world.create(&declined).await;
    assert_eq!(answer["error_code"], 1024, "{answer}");
    assert_eq!(list(&world).await.1["data"]["tokens"][0]["expiry_date"], 3111);
    let (_, answer) = world.create(&charge("five", &token)).await;
    assert_eq!(answer["data"]["payment_details"]["card_expiry_date"], "3111", "{answer}");
    // Another model, another card, another payer: tokens of their own, newest first.
    let other = store(&world, "six", VISA, "cardOnFile").await;
    let amex = store(&world, "seven", "378282246310005", "subscription").await;
    let (_, listed) = list(&world).await;
    let names: Vec<&str> = listed["data"]["tokens"]
        .as_array()
        .unwrap()
        .iter()
        .map(|it| it["token"].as_str().unwrap())
        .collect();
    assert_eq!(names, [amex.as_str(), &other, &token]);
    let shown = &listed["data"]["tokens"][0];
    assert_eq!(
        (&shown["display"], &shown["last4"]),
        (&json!("Card xxxx xxxx xxx0 005"), &json!("0005"))
    );
    assert_eq!(shown["code"], "AMEX");
    let page = world
        .get_path(&format!("/v1/json/recurring/{REFERENCE}?limit=1&offset=1&locale=nl"))
        .await
        .1;
    assert_eq!(page["data"]["tokens"].as_array().unwrap().len(), 1);
    assert_eq!(page["data"]["tokens"][0]["token"], other);
}

#[tokio::test]
async fn a_token_without_a_reference_can_be_charged_and_is_in_no_list() {
    let world = quiet(World::sqlite().await).await;
    let mut order = world.order("bare", VISA);
    order["recurring"] = json!({"model": "unscheduled"});
    let (_, answer) = world.create(&order).await;
    let token = answer["data"]["payment_details"]["recurring_id"].as_str().unwrap();
    let (_, answer) = world.create(&charge("next", token)).await;
    assert_eq!(answer["data"]["status"], "completed", "{answer}");
    let mut foreign = charge("foreign", token);
    foreign["customer"] = json!({"reference": "cust-1"});
    assert_eq!(refusal(&world.create(&foreign).await), (404, 1000, "Not found: token"));
    for path in ["cust-1", "", "a%00b", "%2e%2e", "a%2Fb%2Fc"] {
        let (status, answer) = world.get_path(&format!("/v1/json/recurring/{path}")).await;
        assert_eq!((status, &answer["error_code"]), (404, &json!(1000)), "{path}: {answer}");
    }
    let gone = world.get_path(&format!("/v1/json/recurring/cust-1/token/{token}")).await;
    assert_eq!(refusal(&gone), (410, 1000, "Not found: token"));
    assert_eq!(
        refusal(&delete(&world, &format!("/v1/json/recurring/cust-1/remove/{token}")).await).0,
        410
    );
    // An order that asks for no token gets none.
    world.create(&world.order("plain", VISA)).await;
    let details = world.get("plain").await["payment_details"].clone();
    assert_eq!(
        (&details["recurring_id"], &details["recurring_flow"]),
        (&Value::Null, &Value::Null)
    );
    let (status, answer) = world.post("/v1/json/recurring/cust-1", "{}").await;
    assert_eq!((status, &answer["error_code"]), (405, &json!(1000)));
}
