//! Stored cards are charged, with and without the payer: by whom, how often, and what the wire says.

use serde_json::{Value, json};

use crate::tokens::{DAY, charge, first, heard, quiet, refusal, store};
use crate::world::{API_KEY, CHALLENGED, VISA, World};

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
        let capture = messages.iter().find(|it| it.starts_with(" 0220 ")).expect("a capture");
        has(capture, &[" 22=100", " 25=59"]);
        assert!(!capture.contains("[36=") && !capture.contains("[02="), "{capture}");
    }
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
        (json!({"gateway": "DIRDEB"}), not_allowed),
        (json!({"gateway": "IDEAL", "recurring_model": "subscription"}), not_allowed),
        (json!({"gateway": "NOSUCH"}), (404, 1023, "No gateway (payment method) available")),
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

async fn stored_many_times_at_once(world: World) {
    let world = quiet(world).await;
    let creates = (0..8).map(|number| {
        let (http, base) = (world.http.clone(), world.base.clone());
        let body = first(&world, &format!("at-once-{number}"), VISA, "cardOnFile").to_string();
        async move {
            let request = http.post(format!("{base}/v1/json/orders")).header("api_key", API_KEY);
            let answer = request.body(body).send().await.unwrap().bytes().await.unwrap();
            serde_json::from_slice::<Value>(&answer).unwrap()
        }
    });
    let answers = crate::world::all(creates).await;
    let tokens: std::collections::HashSet<String> = answers
        .iter()
        .map(|answer| {
            assert_eq!(answer["data"]["status"], "completed", "{answer}");
            let details = &answer["data"]["payment_details"];
            assert_eq!(details["recurring_flow"], "manual", "{answer}");
            details["recurring_id"].as_str().unwrap().to_owned()
        })
        .collect();
    assert_eq!(tokens.len(), 1, "{answers:?}");
    let (_, listed) = crate::tokens::list(&world).await;
    assert_eq!(listed["data"]["tokens"].as_array().unwrap().len(), 1);
    let (_, answer) = world.create(&charge("next", tokens.iter().next().unwrap())).await;
    assert_eq!(answer["data"]["status"], "completed", "{answer}");
}

#[tokio::test]
async fn a_card_that_is_stored_many_times_at_once_has_one_token_on_sqlite() {
    stored_many_times_at_once(World::sqlite().await).await;
}

#[tokio::test]
async fn a_card_that_is_stored_many_times_at_once_has_one_token_on_postgresql() {
    stored_many_times_at_once(World::postgres().await).await;
}

#[tokio::test]
async fn first_payments_of_one_card_share_its_token_until_the_last_of_them() {
    let world = World::sqlite().await;
    let begin = async |id: &str| {
        let (_, answer) = world.create(&first(&world, id, CHALLENGED, "cardOnFile")).await;
        assert_eq!(answer["data"]["status"], "initialized", "{answer}");
        let token = answer["data"]["payment_details"]["recurring_id"].as_str().unwrap().to_owned();
        (token, answer["data"]["payment_url"].as_str().unwrap().to_owned())
    };
    let charged = async |id: &str, token: &str| {
        let (_, answer) = world.create(&charge(id, token)).await;
        answer["data"]["status"].as_str().map_or(answer["error_info"].clone(), |it| json!(it))
    };
    // One comes to nothing, the other one goes well; and the other way round.
    let (token, one) = begin("one").await;
    let (same, two) = begin("two").await;
    assert_eq!(token, same);
    world.walk(&one, "N").await;
    world.becomes("one", "declined").await;
    assert_eq!(charged("early", &token).await, "Token not active");
    world.walk(&two, "Y").await;
    world.becomes("two", "completed").await;
    assert_eq!(charged("late", &token).await, "completed");
    let path = format!("/v1/json/recurring/{}/remove/{token}", crate::tokens::REFERENCE);
    assert_eq!(crate::tokens::delete(&world, &path).await.0, 200);

    let (token, three) = begin("three").await;
    let (same, four) = begin("four").await;
    assert_eq!(token, same);
    world.walk(&four, "Y").await;
    world.becomes("four", "completed").await;
    world.walk(&three, "N").await;
    world.becomes("three", "declined").await;
    assert_eq!(charged("after", &token).await, "completed");
    let path = format!("/v1/json/recurring/{}/remove/{token}", crate::tokens::REFERENCE);
    assert_eq!(crate::tokens::delete(&world, &path).await.0, 200);

    // Both come to nothing.
    let (token, five) = begin("five").await;
    let (_, six) = begin("six").await;
    world.walk(&five, "N").await;
    world.walk(&six, "N").await;
    world.becomes("six", "declined").await;
    assert_eq!(charged("never", &token).await, "Not found: token");

    // A payer who tries the same card again for the same order has the same token.
    let mut order = world.offered("again");
    order["recurring_model"] = json!("cardOnFile");
    order["customer"]["reference"] = json!("cust/17@shop é");
    let url = world.offer(&order).await;
    let details = async || world.get("again").await["payment_details"].clone();
    let form = world.card_form(&url).await;
    crate::hosted_page::away(world.pay(&form, CHALLENGED).await);
    let token = details().await["recurring_id"].as_str().unwrap().to_owned();
    let form = world.card_form(&url).await;
    let bank = crate::hosted_page::away(world.pay(&form, CHALLENGED).await);
    assert_eq!(details().await["recurring_id"], token);
    world.walk(&bank, "Y").await;
    world.becomes("again", "completed").await;
    assert_eq!(charged("again-2", &token).await, "completed");
}

/// Accounts of payers are not stored, whatever pays first: orders are paid, and that is all.
#[tokio::test]
async fn a_first_payment_by_another_method_makes_no_token() {
    let world = quiet(World::sqlite().await).await;
    for (id, method, kind) in [
        ("ideal", "IDEAL", "direct"),
        ("bancontact", "MISTERCASH", "redirect"),
        ("debit", "DIRDEB", "redirect"),
        ("wallet", "PAYPAL", "direct"),
    ] {
        for model in ["cardOnFile", "subscription", "unscheduled"] {
            let id = format!("{id}-{model}");
            let mut order = world.order_by(&id, method);
            order["type"] = json!(kind);
            order["recurring_model"] = json!(model);
            order["customer"]["reference"] = json!("payer-of-accounts");
            world.ends(&order, "completed").await;
            let shown = world.get(&id).await;
            assert_eq!(shown["status"], "completed", "{shown}");
            assert_eq!(shown["payment_details"]["type"], method);
            for member in ["recurring_id", "recurring_model", "recurring_flow"] {
                assert_eq!(shown["payment_details"][member], Value::Null, "{member} {shown}");
            }
        }
    }
    let (_, listed) = world.get_path("/v1/json/recurring/payer-of-accounts").await;
    assert_eq!(listed["error_code"], 1000, "{listed}");
    assert_eq!(listed["error_info"], "Not found", "{listed}");
    // A card makes one, so that there is something to be listed.
    let mut card = first(&world, "card", VISA, "subscription");
    card["customer"]["reference"] = json!("payer-of-accounts");
    assert_eq!(world.create(&card).await.0, 200);
    let (_, listed) = world.get_path("/v1/json/recurring/payer-of-accounts").await;
    assert_eq!(listed["data"]["tokens"].as_array().map(Vec::len), Some(1), "{listed}");
}
