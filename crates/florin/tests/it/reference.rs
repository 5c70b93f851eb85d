//! The description of the API is served, and what it does not have is not.

use serde_json::Value;

use crate::world::{API_KEY, VISA, World};

#[tokio::test]
async fn the_description_is_served_as_a_document_and_as_a_page_that_runs_nothing() {
    let world = World::sqlite().await;
    let document: Value = {
        let answer = world.http.get(format!("{}/openapi.json", world.base)).send().await.unwrap();
        assert_eq!(answer.status(), 200);
        serde_json::from_slice(&answer.bytes().await.unwrap()).unwrap()
    };
    assert_eq!(document["openapi"], "3.1.0");
    assert_eq!(document["paths"]["/v1/json/orders"]["post"]["operationId"], "createOrder");
    let page = world.http.get(format!("{}/docs", world.base)).send().await.unwrap();
    assert_eq!(page.status(), 200);
    let policy = page.headers()["content-security-policy"].to_str().unwrap().to_owned();
    assert!(policy.starts_with("default-src 'none'; style-src 'sha256-"), "{policy}");
    assert!(page.text().await.unwrap().contains("POST</span> <code>/v1/json/orders</code>"));
}

#[tokio::test]
async fn a_path_with_another_method_says_which_it_has() {
    let world = World::sqlite().await;
    for (method, path, allow) in [
        ("DELETE", "/v1/json/orders", "POST"),
        ("PUT", "/v1/json/orders/a%2Fb/", "GET, PATCH"),
        ("DELETE", "/test/clock", "GET"),
        ("PUT", "/test/faults", "GET, POST"),
        ("POST", "/health/live", "GET"),
        ("POST", "/docs", "GET"),
    ] {
        let method = reqwest::Method::from_bytes(method.as_bytes()).unwrap();
        let request = world.http.request(method, format!("{}{path}", world.base));
        let answer = request.header("api_key", API_KEY).send().await.unwrap();
        assert_eq!(answer.status(), 405, "{path}");
        assert_eq!(answer.headers()["allow"], allow, "{path}");
        let body: Value = serde_json::from_slice(&answer.bytes().await.unwrap()).unwrap();
        assert_eq!(body["error_code"], 1000, "{path}: {body}");
    }
}

#[tokio::test]
async fn a_call_that_does_not_exist_uses_up_no_idempotency_key() {
    let world = World::sqlite().await;
    let order = world.order("keyed", VISA);
    for (method, path, status) in
        [("PATCH", "/v1/json/orders", 405), ("POST", "/v1/json/nothing", 404)]
    {
        let method = reqwest::Method::from_bytes(method.as_bytes()).unwrap();
        let request = world.http.request(method, format!("{}{path}", world.base));
        let request = request.header("api_key", API_KEY).header("Idempotency-Key", "once");
        let answer = request.body(order.to_string()).send().await.unwrap();
        assert_eq!(answer.status(), status, "{path}");
    }
    let reply = world.create_with("once", &order).await;
    assert_eq!((reply.status, &reply.json()["data"]["status"]), (200, &"completed".into()));
}
