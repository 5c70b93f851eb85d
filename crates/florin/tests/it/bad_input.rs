//! What the contract refuses is refused with its code, and nothing of it is stored.

use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::world::{API_KEY, VISA, World};

#[tokio::test]
async fn every_refusal_has_its_code_and_stores_nothing() {
    let world = World::sqlite().await;
    let change = |pointer: &'static str, value: Value| (pointer, value);
    for (number, ((pointer, value), http, code)) in [
        (change("type", json!("teleport")), 404, 1000),
        (change("capture", json!("later")), 404, 1000),
        (change("order_id", json!("")), 404, 1006),
        (change("order_id", json!("x".repeat(51))), 404, 1006),
        (change("order_id", json!(["a"])), 404, 1006),
        (change("currency", json!("FOOBAR")), 404, 1002),
        (change("currency", json!("AMD")), 404, 1002),
        (change("amount", json!(-5)), 404, 1001),
        (change("amount", json!("ten")), 404, 1001),
        (change("amount", json!(500_001)), 404, 1001),
        (change("description", json!("")), 404, 1008),
        (change("description", json!("x".repeat(201))), 404, 1008),
        (change("gateway", json!("NOPE")), 404, 1023),
        (change("gateway", json!(null)), 404, 1023),
        (change("customer/ip_address", json!("999.1.1.1")), 404, 1007),
        (change("customer/country", json!("XX")), 404, 1018),
        (change("var1", json!("x".repeat(501))), 404, 1010),
        (change("gateway_info/card_number", json!("")), 404, 1016),
        (change("gateway_info/card_cvc", json!("")), 404, 1016),
        (change("type", json!("checkout")), 404, 1000),
    ]
    .into_iter()
    .enumerate()
    {
        let id = format!("bad-{number}");
        let mut order = world.order(&id, VISA);
        let (parent, name) = pointer.rsplit_once('/').unwrap_or(("", pointer));
        let place = if parent.is_empty() { &mut order } else { &mut order[parent] };
        place[name] = value;
        let (status, answer) = world.create(&order).await;
        assert_eq!((status, &answer["error_code"]), (http, &json!(code)), "{pointer}: {answer}");
        assert_eq!((&answer["success"], &answer["data"]), (&json!(false), &json!({})));
        assert!(answer["error_info"].as_str().is_some_and(|it| !it.is_empty()));
        assert_eq!(world.get(&id).await, Value::Null, "{pointer} stored something");
    }
}

#[tokio::test]
async fn card_data_that_cannot_be_right_is_declined_and_kept() {
    let world = World::sqlite().await;
    for (number, (name, value)) in [
        ("card_number", json!("4111111111111112")),
        ("card_number", json!("6011000000000004")),
        ("card_expiry_date", json!("3013")),
        ("card_cvc", json!("12")),
    ]
    .into_iter()
    .enumerate()
    {
        let id = format!("faulty-{number}");
        let mut order = world.order(&id, VISA);
        order["gateway_info"][name] = value;
        let (status, answer) = world.create(&order).await;
        assert_eq!((status, &answer["error_code"]), (200, &json!(1024)), "{name}: {answer}");
        assert_eq!(answer["error_info"], "Transaction declined");
        assert_eq!(world.get(&id).await["status"], "declined");
        assert!(world.books(&id).await.is_empty(), "nobody was asked");
    }
}

#[tokio::test]
async fn bodies_that_are_no_orders_are_refused_in_the_envelope() {
    let world = World::sqlite().await;
    let deep = format!("{}{}", "[".repeat(20_000), "]".repeat(20_000));
    for (what, body, http) in [
        ("no JSON", b"{\"type\":".to_vec(), 400),
        ("an array", b"[]".to_vec(), 400),
        ("no UTF-8", vec![b'{', b'"', 0xff, b'"', b':', b'1', b'}'], 400),
        ("deep", deep.clone().into_bytes(), 400),
        ("deep inside", format!("{{\"a\":{deep}}}").into_bytes(), 400),
        ("empty", Vec::new(), 400),
        ("huge", vec![b' '; 1024 * 1024 + 1], 413),
    ] {
        let (status, answer) = world.post("/v1/json/orders", body).await;
        assert_eq!((status, &answer["success"]), (http, &json!(false)), "{what}: {answer}");
        assert_eq!(answer["error_code"], 1000, "{what}");
    }
    // Of members with one name the last counts.
    let twice = world.order("twice", VISA).to_string().replacen("{", "{\"order_id\":\"first\",", 1);
    let (_, answer) = world.post("/v1/json/orders", twice).await;
    assert_eq!(answer["data"]["order_id"], "twice");
}

#[tokio::test]
async fn keys_paths_and_methods_are_answered_in_the_envelope() {
    let world = World::sqlite().await;
    let url = |path: &str| format!("{}{path}", world.base);
    let call = async |request: reqwest::RequestBuilder| {
        let answer = request.send().await.unwrap();
        let status = answer.status().as_u16();
        let body: Value = serde_json::from_slice(&answer.bytes().await.unwrap()).unwrap();
        (status, body["error_code"].as_i64().unwrap_or(0))
    };
    let http = &world.http;
    assert_eq!(call(http.get(url("/v1/json/orders/x"))).await, (401, 1032));
    assert_eq!(
        call(http.get(url("/v1/json/orders/x")).header("api_key", "wrong")).await,
        (401, 1032)
    );
    assert_eq!(call(http.get(url("/v1/json/orders/x")).bearer_auth(API_KEY)).await, (404, 1006));
    let query = format!("/v1/json/orders/x?api_key={API_KEY}&locale=en_US");
    assert_eq!(call(http.get(url(&query))).await, (404, 1006));
    for path in ["/v1/json/nothing", "/v1/json/", "/v1/json/orders/a/b/c", "/v2/x"] {
        assert_eq!(
            call(http.get(url(path)).header("api_key", API_KEY)).await,
            (404, 1000),
            "{path}"
        );
    }
    assert_eq!(
        call(http.delete(url("/v1/json/orders")).header("api_key", API_KEY)).await,
        (405, 1000)
    );
    for (path, body) in
        [("/test/clock/advance", "{\"seconds\":-1}"), ("/test/faults", "{\"fault\":\"?\"}")]
    {
        let (status, _) = world.post(path, body).await;
        assert_eq!(status, 400, "{path}");
    }
}

#[tokio::test]
async fn slow_and_vanishing_clients_cost_a_connection_and_nothing_else() {
    let world = World::with(&[("FLORIN_HTTP__HEAD_WAIT_MS", "500")]).await;
    let address = world.running.as_ref().unwrap().address;
    // Never finishes its head.
    let mut slow = tokio::net::TcpStream::connect(address).await.unwrap();
    slow.write_all(b"POST /v1/json/orders HTTP/1.1\r\nHost: x\r\n").await.unwrap();
    let mut rest = Vec::new();
    slow.read_to_end(&mut rest).await.unwrap();
    assert!(rest.is_empty() || rest.starts_with(b"HTTP/1.1 4"), "{rest:?}");
    // Hangs up while its payment is on the way.
    world.set(&[("three_ds.policy", json!("never"))]).await;
    world.fault(json!({ "fault": "delay", "ms": 700, "count": 1 })).await;
    let body = world.order("gone", VISA).to_string();
    let mut gone = tokio::net::TcpStream::connect(address).await.unwrap();
    let head = format!(
        "POST /v1/json/orders HTTP/1.1\r\nHost: x\r\napi_key: {API_KEY}\r\nContent-Length: {}\r\n\r\n",
        body.len()
    );
    gone.write_all(head.as_bytes()).await.unwrap();
    gone.write_all(body.as_bytes()).await.unwrap();
    tokio::time::sleep(std::time::Duration::from_millis(150)).await;
    drop(gone);
    world.becomes("gone", "completed").await;
    world.captured("gone", 2599).await;
    // Half a body.
    let mut half = tokio::net::TcpStream::connect(address).await.unwrap();
    half.write_all(head.as_bytes()).await.unwrap();
    half.write_all(&body.as_bytes()[..50]).await.unwrap();
    drop(half);
    assert_eq!(world.create(&world.order("fine", VISA)).await.0, 200);
}

#[tokio::test]
async fn bad_frames_from_outside_do_not_end_the_gateway() {
    let world = World::sqlite().await;
    for body in [&b"{}"[..], b"not json", b"{\"messageType\":\"RReq\",\"messageVersion\":\"9\"}"] {
        let url = format!("{}/3ds/results/x", world.base);
        let answer = world.http.post(url).body(body.to_vec()).send().await.unwrap();
        let answer: Value = serde_json::from_slice(&answer.bytes().await.unwrap()).unwrap();
        assert_eq!(answer["messageType"], "Erro");
    }
    for path in ["/3ds/return", "/3ds/method-done"] {
        let answer =
            world.http.post(format!("{}{path}", world.base)).body("cres=%%%").send().await.unwrap();
        assert!(answer.status().is_client_error(), "{path}");
    }
    assert_eq!(world.create(&world.order("after", VISA)).await.1["data"]["status"], "completed");
}
