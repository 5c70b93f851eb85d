//! Stored cards: made by a first payment, charged with and without the payer, listed and deleted.

use florin::store::{TokenOwner, TokenState};
use serde_json::{Value, json};

use crate::payer::Led;
use crate::world::{API_KEY, CHALLENGED, VISA, World};

const DAY: i64 = 24 * 60 * 60;
/// The account of the first start.
const OWNER: TokenOwner = TokenOwner { account_id: 10_000_001, is_live: false };

async fn quiet(world: World) -> World {
    world.set(&[("three_ds.policy", json!("never"))]).await;
    world
}

/// An order that stores its card.
fn first(world: &World, id: &str, card: &str, model: &str) -> Value {
    let mut order = world.order(id, card);
    order["recurring_model"] = json!(model);
    order["customer"]["reference"] = json!("cust/17@shop é");
    order
}

/// The same reference in a path.
const REFERENCE: &str = "cust%2F17%40shop%20%C3%A9";

fn charge(id: &str, token: &str) -> Value {
    json!({
        "type": "direct", "order_id": id, "currency": "EUR", "amount": 1000,
        "description": "Second month", "recurring_id": token,
    })
}

/// Stores a card and gives its token.
async fn store(world: &World, id: &str, card: &str, model: &str) -> String {
    let (status, answer) = world.create(&first(world, id, card, model)).await;
    assert_eq!((status, &answer["data"]["status"]), (200, &json!("completed")), "{answer}");
    answer["data"]["payment_details"]["recurring_id"].as_str().unwrap().to_owned()
}

async fn list(world: &World) -> (u16, Value) {
    world.get_path(&format!("/v1/json/recurring/{REFERENCE}")).await
}

async fn delete(world: &World, path: &str) -> (u16, Value) {
    let request = world.http.delete(format!("{}{path}", world.base));
    let answer = request.header("api_key", API_KEY).send().await.unwrap();
    let status = answer.status().as_u16();
    (status, serde_json::from_slice(&answer.bytes().await.unwrap()).unwrap())
}

fn refusal(answer: &(u16, Value)) -> (u16, i64, &str) {
    let (status, body) = answer;
    assert_eq!((&body["success"], &body["data"]), (&json!(false), &json!({})), "{body}");
    (*status, body["error_code"].as_i64().unwrap(), body["error_info"].as_str().unwrap())
}

/// Each message about the order that the host has heard: its type, its elements as `25=59`, and the
/// tags of element 48 as `[01=E]`.
async fn heard(world: &World, id: &str) -> Vec<String> {
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
async fn the_wire_says_who_starts_a_payment_and_what_it_follows() {
    let world = quiet(World::sqlite().await).await;
    world.set(&[("acceptor.country", json!("NL"))]).await;
    let has = |message: &str, parts: &[&str]| {
        for part in parts {
            assert!(message.contains(part), "{part} in {message}");
        }
    };
    for (model, makes, charges, by_merchant) in [
        ("cardOnFile", "[02=C101]", "[02=C101]", false),
        ("subscription", "[02=C103]", "[02=M103]", true),
        ("unscheduled", "[02=C101]", "[02=M101]", true),
    ] {
        let (one, two) = (format!("{model}-1"), format!("{model}-2"));
        let token = store(&world, &one, VISA, model).await;
        let messages = heard(&world, &one).await;
        has(&messages[0], &["0100", " 22=810", " 25=59", "[01=E]", makes, "[03=N]", "[20=1]"]);
        assert!(!messages[0].contains("[07=") && !messages[0].contains("[36="), "{messages:?}");

        let (_, answer) = world.create(&charge(&two, &token)).await;
        assert_eq!(answer["data"]["status"], "completed", "{answer}");
        world.captured(&two, 1000).await;
        let reference = &world.books(&one).await[0]["network_reference"];
        let follows = format!("[07={}]", reference.as_str().unwrap());
        let messages = heard(&world, &two).await;
        let request = &messages[0];
        has(request, &["0100", " 22=100", " 25=59", charges, "[03=N]", "[20=0]", &follows]);
        assert!(!request.contains("[21="), "{request}");
        match by_merchant {
            true => has(request, &["[01=R]", "[36=MIT]"]),
            false => has(request, &["[01=E]", "[30=07]"]),
        }
        assert_eq!(by_merchant, !request.contains("[30="), "{request}");
        // The capture repeats the circumstances, and nothing of who agreed to what.
        let capture = messages.iter().find(|it| it.contains("0220")).expect("a capture");
        has(capture, &[" 22=100", " 25=59"]);
        assert!(!capture.contains("[36=") && !capture.contains("[02="), "{capture}");
    }
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
    let cards = world.gateway();
    let site = cards.directory.sites().remove(0);
    let offered = cards.stored_cards(&site, "cust/17@shop é", 10).await.unwrap();
    assert_eq!(offered.iter().map(|it| it.token.as_str()).collect::<Vec<_>>(), names);
}

#[tokio::test]
async fn a_charge_keeps_to_payer_brand_model_and_switches() {
    let world = quiet(World::sqlite().await).await;
    let token = store(&world, "one", VISA, "subscription").await;
    let with = |id: &str, changes: Value| {
        let mut order = charge(id, &token);
        for (name, value) in changes.as_object().unwrap() {
            order[name] = value.clone();
        }
        order
    };
    let not_allowed = (404, 1000, "Transaction not allowed");
    let unknown = (404, 1000, "Not found: token");
    for (changes, expected) in [
        (json!({"gateway": "MASTERCARD"}), not_allowed),
        (json!({"gateway": "DIRDEB"}), (404, 1023, "No gateway (payment method) available")),
        (json!({"customer": {"reference": "cust-18"}}), unknown),
        (json!({"recurring_id": "AAAAAAAAAAAAAAAA"}), unknown),
        (json!({"recurring_id": token.to_uppercase() + "x"}), unknown),
        (json!({"recurring_id": "a\u{0}b"}), unknown),
        (json!({"recurring_id": [1]}), unknown),
        (json!({"recurring_model": "weekly"}), (404, 1000, "Invalid recurring_model")),
        (json!({"recurring_model": "unscheduled"}), not_allowed),
        // Nobody says that the payer is there.
        (json!({"recurring_model": "cardOnFile"}), not_allowed),
        (json!({"amount": 0}), (404, 1001, "Invalid amount")),
        (json!({"type": "redirect"}), (404, 1023, "No gateway (payment method) available")),
    ] {
        let refused = world.create(&with("refused", changes.clone())).await;
        assert_eq!(refusal(&refused), expected, "{changes}");
        assert_eq!(world.get("refused").await, Value::Null, "{changes}");
    }
    for (number, changes) in [
        json!({"gateway": ""}),
        json!({"gateway": "creditcard", "customer": {"reference": "cust/17@shop é"}}),
        json!({"gateway": "VISA", "recurring_model": "SUBSCRIPTION"}),
        json!({"recurring_model": "cardOnFile", "customer": {"ip_address": "203.0.113.7"}}),
        json!({"recurring_id": "nothing", "recurring": {"id": "x"}}),
    ]
    .into_iter()
    .enumerate()
    {
        let mut order = with(&format!("good-{number}"), changes);
        if number == 4 {
            // The second spelling.
            order.as_object_mut().unwrap().remove("recurring_id");
            order["recurring"] = json!({"id": token, "model": "subscription"});
        }
        let (_, answer) = world.create(&order).await;
        assert_eq!(answer["data"]["status"], "completed", "{order}: {answer}");
    }
    world.set(&[("tokenization.subscription", json!(false))]).await;
    assert_eq!(refusal(&world.create(&charge("off", &token)).await), not_allowed);
    let refused = world.create(&first(&world, "off", VISA, "subscription")).await;
    assert_eq!(refusal(&refused), not_allowed);
    world.set(&[("tokenization.subscription", json!(true)), ("gateways", json!(["AMEX"]))]).await;
    assert_eq!(refusal(&world.create(&charge("off", &token)).await).1, 1023);
}

#[tokio::test]
async fn a_token_is_charged_once_in_its_interval_whoever_is_faster() {
    for world in [World::sqlite().await, World::postgres().await] {
        let world = quiet(world).await;
        world.set(&[("recurring.min_interval", json!(DAY))]).await;
        let token = store(&world, "one", VISA, "subscription").await;
        let charges = (0..8).map(|number| {
            let (http, base) = (world.http.clone(), world.base.clone());
            let body = charge(&format!("race-{number}"), &token).to_string();
            async move {
                let request =
                    http.post(format!("{base}/v1/json/orders")).header("api_key", API_KEY);
                let answer = request.body(body).send().await.unwrap().bytes().await.unwrap();
                serde_json::from_slice::<Value>(&answer).unwrap()
            }
        });
        let answers = crate::world::all(charges).await;
        let paid = answers.iter().filter(|it| it["data"]["status"] == "completed").count();
        assert_eq!(paid, 1, "{answers:?}");
        let refused = |it: &&Value| it["error_info"] == "Transaction not allowed";
        assert_eq!(answers.iter().filter(refused).count(), 7, "{answers:?}");
        world.advance(DAY - 60).await;
        let early = world.create(&charge("early", &token)).await;
        assert_eq!(refusal(&early), (404, 1000, "Transaction not allowed"));
        world.advance(120).await;
        let (_, answer) = world.create(&charge("in-time", &token)).await;
        assert_eq!(answer["data"]["status"], "completed", "{answer}");
    }
}

#[tokio::test]
async fn without_the_payer_a_soft_decline_is_final_and_with_him_he_is_asked() {
    let world = quiet(World::sqlite().await).await;
    let soft = json!({"fault": "decline", "code": "1A", "count": 1, "types": ["0100"]});
    let token = store(&world, "one", VISA, "subscription").await;
    world.fault(soft.clone()).await;
    let (status, answer) = world.create(&charge("merchant", &token)).await;
    assert_eq!((status, &answer["error_code"]), (200, &json!(1024)), "{answer}");
    let order = world.get("merchant").await;
    assert_eq!((&order["status"], &order["reason_code"]), (&json!("declined"), &json!("4999")));
    assert_eq!(order["reason"], "Additional customer authentication required");
    assert_eq!(order["payment_details"]["recurring_flow"], "token");

    let token = store(&world, "two", CHALLENGED, "cardOnFile").await;
    world.fault(soft).await;
    let mut order = charge("payer", &token);
    order["payment_options"] = json!({"redirect_url": world.shop.url("/thanks"),
        "cancel_url": world.shop.url("/cart")});
    order["customer"] = json!({"ip_address": "203.0.113.7", "locale": "nl_NL"});
    let (_, answer) = world.create(&order).await;
    assert_eq!(answer["data"]["status"], "initialized", "{answer}");
    assert!(answer["data"]["customer_verification"].is_object(), "{answer}");
    let there = world.walk(answer["data"]["payment_url"].as_str().unwrap(), "Y").await;
    assert!(there.starts_with(&world.shop.url("/thanks")), "{there}");
    assert_eq!(
        world.becomes("payer", "completed").await["payment_details"]["recurring_flow"],
        "token"
    );
    // The second request has the proof and is still about the stored card.
    let requests = heard(&world, "payer").await;
    let last = requests.iter().rfind(|it| it.starts_with(" 0100 ")).unwrap();
    assert!(
        last.contains(" 22=100") && last.contains("[02=C101]") && last.contains("[35=C]"),
        "{last}"
    );
}

#[tokio::test]
async fn an_amount_of_nothing_verifies_the_card_and_moves_no_money() {
    for world in [World::sqlite().await, World::postgres().await] {
        let world = quiet(world).await;
        for (id, card) in [("visa", VISA), ("mastercard", CHALLENGED)] {
            let mut order = first(&world, id, card, "cardOnFile");
            order["amount"] = json!(0);
            order["capture"] = json!("manual");
            let (status, answer) = world.create(&order).await;
            assert_eq!(status, 200, "{answer}");
            let data = &answer["data"];
            let statuses = (&data["status"], &data["financial_status"]);
            assert_eq!(statuses, (&json!("completed"), &json!("completed")), "{answer}");
            assert_eq!((&data["amount"], &data["amount_refunded"]), (&json!(0), &json!(0)));
            assert_eq!(data["costs"], json!([]));
            let token = data["payment_details"]["recurring_id"].as_str().unwrap();
            let messages = heard(&world, id).await;
            assert_eq!(messages.len(), 1, "nothing is captured: {messages:?}");
            for part in ["0100", " 4=000000000000", " 25=51", "[03=V]", "[02=C101]"] {
                assert!(messages[0].contains(part), "{part} in {messages:?}");
            }
            let books = world.books(id).await;
            assert_eq!(
                (books[0]["captured"].as_i64(), &books[0]["kind"]),
                (Some(0), &json!("verification"))
            );
            for (path, body) in [
                ("refunds", json!({"currency": "EUR", "amount": 1})),
                ("refunds", json!({})),
                ("capture", json!({})),
            ] {
                let (status, answer) =
                    world.post(&format!("/v1/json/orders/{id}/{path}"), body.to_string()).await;
                assert_ne!(status, 200, "{path} {body}: {answer}");
            }
            let (_, answer) = world.create(&charge(&format!("{id}-2"), token)).await;
            assert_eq!(answer["data"]["status"], "completed", "{answer}");
            let site = world.gateway().directory.sites().remove(0).id;
            let row = world.gateway().store.order_by_merchant_id(site, id).await.unwrap().unwrap();
            let journal = world.gateway().store.journal(row.site_id, row.key).await.unwrap();
            assert!(journal.is_empty(), "{journal:?}");
        }
        let mut order = first(&world, "amex", "378282246310005", "cardOnFile");
        order["amount"] = json!(0);
        assert_eq!(refusal(&world.create(&order).await), (404, 1001, "Invalid amount"));
        world.set(&[("zero_authorization", json!(false))]).await;
        let mut order = first(&world, "off", VISA, "cardOnFile");
        order["amount"] = json!(0);
        assert_eq!(refusal(&world.create(&order).await), (404, 1001, "Invalid amount"));
    }
}

#[tokio::test]
async fn a_verification_passes_through_a_challenge() {
    let world = World::sqlite().await;
    let mut order = first(&world, "zero", CHALLENGED, "subscription");
    order["amount"] = json!(0);
    let (_, answer) = world.create(&order).await;
    assert_eq!(answer["data"]["status"], "initialized", "{answer}");
    let token = answer["data"]["payment_details"]["recurring_id"].as_str().unwrap().to_owned();
    let led = world.open(answer["data"]["payment_url"].as_str().unwrap()).await;
    assert!(matches!(led, Led::Page { status: 200, .. }), "{led:?}");
    world.walk(answer["data"]["payment_url"].as_str().unwrap(), "Y").await;
    let order = world.becomes("zero", "completed").await;
    assert_eq!(order["payment_details"]["card_authentication_result"]["status"], "Y", "{order}");
    let (_, answer) = world.create(&charge("next", &token)).await;
    assert_eq!(answer["data"]["status"], "completed", "{answer}");
}

#[tokio::test]
async fn by_mail_or_telephone_nobody_is_asked_and_maestro_stays_at_home() {
    let world = World::sqlite().await;
    let moto = |id: &str, card: &str| {
        let mut order = first(&world, id, card, "unscheduled");
        order["gateway_info"]["moto"] = json!(true);
        order["gateway_info"].as_object_mut().unwrap().remove("card_cvc");
        order
    };
    let (_, answer) = world.create(&moto("mail", CHALLENGED)).await;
    assert_eq!(answer["data"]["status"], "completed", "{answer}");
    let token = answer["data"]["payment_details"]["recurring_id"].as_str().unwrap();
    let request = heard(&world, "mail").await.remove(0);
    for part in [" 22=010", " 25=08", "[01=M]", "[36=MOT]", "[02=C101]", "[20=0]"] {
        assert!(request.contains(part), "{part} in {request}");
    }
    // What follows a card told by mail says so.
    let (_, answer) = world.create(&charge("later", token)).await;
    assert_eq!(answer["data"]["status"], "completed", "{answer}");
    let request = heard(&world, "later").await.remove(0);
    assert!(request.contains(" 25=08") && request.contains("[01=R]"), "{request}");

    let maestro = world.create(&moto("maestro", "6759000000005")).await;
    assert_eq!(refusal(&maestro).1, 1023);
    world.set(&[("moto", json!(false))]).await;
    assert_eq!(refusal(&world.create(&moto("off", VISA)).await).1, 1023);
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
