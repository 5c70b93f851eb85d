//! What is taken down of calls: enough to find a fault, and never a card number, a code or a key.

use florin::vault::leak_scan::find_number;
use serde_json::{Value, json};

use crate::world::{API_KEY, VISA, World};

const CVC: &str = "737";
const BAD_PAN: &str = "4111111111111112";

async fn logged(world: &World) -> Vec<Value> {
    let (status, answer) = world.get_path("/test/calls?bodies=true").await;
    assert_eq!(status, 200, "{answer}");
    answer["data"].as_array().unwrap().clone()
}

#[tokio::test]
async fn a_call_is_taken_down_with_its_outcome() {
    let world = World::sqlite().await;
    world.create(&world.order("seen", VISA)).await;
    world.get("seen").await;
    let mut bad = world.order("bad", VISA);
    bad["amount"] = json!(-1);
    world.create(&bad).await;
    let calls = logged(&world).await;
    let lines: Vec<String> = calls
        .iter()
        .map(|it| {
            format!(
                "{} {} {} {} {}",
                it["method"], it["path"], it["status"], it["order_id"], it["error_code"]
            )
        })
        .collect();
    assert_eq!(
        lines,
        [
            "\"POST\" \"/v1/json/orders\" 200 \"seen\" null",
            "\"GET\" \"/v1/json/orders/seen\" 200 \"seen\" null",
            "\"POST\" \"/v1/json/orders\" 404 null 1001",
        ]
    );
    let request = &calls[0]["bodies"]["request"];
    assert_eq!(
        (&request["amount"], &request["gateway_info"]["card_number"]),
        (&json!(2599), &json!("***"))
    );
    assert_eq!(calls[0]["bodies"]["answer"]["data"]["status"], "completed");
    let (_, plain) = world.get_path("/test/calls?limit=1").await;
    assert_eq!(plain["data"].as_array().unwrap().len(), 1);
    assert!(plain["data"][0].get("bodies").is_none(), "only on request");
}

/// Puts `value` where every text of an order stands, one order for each.
fn everywhere(order: &Value, value: &str) -> Vec<Value> {
    let mut paths = Vec::new();
    fn walk(value: &Value, at: String, paths: &mut Vec<String>) {
        match value {
            Value::Object(members) => {
                members.iter().for_each(|(name, it)| walk(it, format!("{at}/{name}"), paths));
            }
            Value::Array(values) => {
                values.iter().enumerate().for_each(|(n, it)| walk(it, format!("{at}/{n}"), paths));
            }
            _ => paths.push(at),
        }
    }
    walk(order, String::new(), &mut paths);
    paths
        .iter()
        .map(|path| {
            let mut order = order.clone();
            *order.pointer_mut(path).unwrap() = json!(value);
            order
        })
        .collect()
}

#[tokio::test]
async fn no_card_number_code_or_key_is_in_it_wherever_it_was_sent() {
    let world = World::with(&[("FLORIN_INTERNAL__TOKEN", "a-token-of-the-operator")]).await;
    let mut order = world.order("hidden", VISA);
    order["gateway_info"]["card_cvc"] = json!(CVC);
    for name in ["var1", "var2", "var3", "items", "recurring_id", "anything", "card_cvv"] {
        order[name] = json!("");
    }
    order["custom_info"] = json!({ "custom_1": "" });
    order["plugin"] = json!({ "shop": "x", "shop_version": "1" });
    order["gateway_info"]["term_url"] = json!("");
    order["shopping_cart"] = json!({ "items": [{ "name": "x", "merchant_item_id": "y" }] });
    let mut sent = 0;
    for value in [VISA, "4111 1111-1111 1111", CVC, API_KEY, "pay%204111111111111111"] {
        for order in everywhere(&order, value) {
            world.create(&order).await;
            sent += 1;
            if sent % 30 == 0 {
                // Bodies are kept of so many calls a second; this is about them.
                check(&world).await;
                tokio::time::sleep(std::time::Duration::from_millis(1000)).await;
            }
        }
    }
    // What is given as a card number is one, however it was mistyped.
    let mut mistyped = order.clone();
    mistyped["gateway_info"]["card_number"] = json!(BAD_PAN);
    mistyped["description"] = json!(format!("card {BAD_PAN}"));
    world.create(&mistyped).await;
    assert!(sent > 150, "{sent}");
    // In addresses, in queries, and in what is no JSON.
    for path in [VISA, "4111%201111%201111%201111", "%34111111111111111", CVC] {
        world
            .get_path(&format!("/v1/json/orders/{path}?card_number={VISA}&cvc={CVC}&q={VISA}"))
            .await;
    }
    let request = world.http.get(format!("{}/v1/json/orders/x?api_key={API_KEY}", world.base));
    request.send().await.unwrap();
    world.post("/v1/json/orders", format!("card_number={VISA}&card_cvc={CVC}")).await;
    world.post("/v1/json/orders", format!("{{\"gateway_info\":{{\"card_number\":\"{VISA}\"")).await;
    world.post("/test/faults", format!("{{\"fault\":\"{VISA}\"}}")).await;
    check(&world).await;
    let request = world.http.get(format!("{}/internal/calls?bodies=true", world.base));
    let request = request.header("authorization", "Bearer a-token-of-the-operator");
    let all = request.send().await.unwrap().bytes().await.unwrap();
    assert!(all.len() > 100_000, "it has something in it");
    look(&all);
}

async fn check(world: &World) {
    let calls = logged(world).await;
    let shown = calls.iter().filter(|it| it["bodies"]["request"].is_object()).count();
    assert!(shown > 0, "bodies are there");
    look(&serde_json::to_vec(&calls).unwrap());
}

fn look(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    for number in [VISA, BAD_PAN] {
        assert_eq!(find_number(bytes, number), [], "{text}");
    }
    let digits: String =
        text.chars().filter(|it| !" -.%20".contains(*it) || it.is_ascii_digit()).collect();
    for secret in [VISA, BAD_PAN, API_KEY, "a-token-of-the-operator"] {
        assert!(!digits.contains(secret) && !text.contains(secret), "{secret}");
    }
    // A code is three digits; what it must not be is a number by itself.
    for (at, _) in text.match_indices(CVC) {
        let digit =
            |at: Option<usize>| at.and_then(|at| bytes.get(at)).is_some_and(u8::is_ascii_digit);
        let alone = !digit(at.checked_sub(1)) && !digit(Some(at + CVC.len()));
        let around = &text[at.saturating_sub(60)..(at + 40).min(text.len())];
        assert!(!alone || around.contains("\"ms\":737"), "{around}");
    }
}

#[tokio::test]
async fn a_site_sees_its_own_calls_a_live_one_none_and_the_operator_all() {
    let token = "a-token-of-the-operator";
    let world = World::with(&[("FLORIN_INTERNAL__TOKEN", token)]).await;
    let stranger = world.http.get(format!("{}/v1/json/orders/of-nobody", world.base));
    stranger.header("api_key", "not-a-key").send().await.unwrap();
    world.get("mine").await;
    let calls = logged(&world).await;
    assert_eq!(calls.len(), 1, "{calls:?}");
    let request = world.http.get(format!("{}/internal/calls", world.base));
    let answer = request.header("authorization", format!("Bearer {token}")).send().await.unwrap();
    let all: Value = serde_json::from_slice(&answer.bytes().await.unwrap()).unwrap();
    assert_eq!(all["data"][0]["path"], "/v1/json/orders/of-nobody");
    assert_eq!((&all["data"][0]["site"], &all["data"][0]["status"]), (&Value::Null, &json!(401)));
    let refused =
        world.http.get(format!("{}/internal/calls/stream", world.base)).send().await.unwrap();
    assert_eq!(refused.status(), 401);
    let refused = world.http.get(format!("{}/test/calls/stream", world.base)).send().await.unwrap();
    assert_eq!(refused.status(), 401);
}
