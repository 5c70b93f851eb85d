//! A gateway dies while the provider of another method is asked to take a payment on.

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::{get, post};
use serde_json::{Value, json};

use crate::process::{API_KEY, Gateway, Simulator, advance, get as fetch, http};

/// How long what was set going may take, on a machine that is busy.
const PATIENCE: Duration = Duration::from_secs(20);

/// A provider that answers the first question never.
#[derive(Default)]
struct Book {
    asked: usize,
    /// The numbers that gateways gave.
    references: Vec<String>,
}

type Shelf = Arc<Mutex<Book>>;

async fn provider() -> (String, Shelf) {
    let book = Shelf::default();
    let routes = Router::new()
        .route("/methods/payments", post(take_on))
        .route("/methods/payments/{id}", get(StatusCode::NOT_FOUND))
        .with_state(book.clone());
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, routes).await });
    (url, book)
}

async fn take_on(State(shelf): State<Shelf>, wanted: String) -> String {
    let wanted: Value = serde_json::from_str(&wanted).unwrap();
    let number = wanted["reference"].as_str().unwrap().to_owned();
    let is_first = {
        let mut book = shelf.lock().unwrap();
        if !book.references.contains(&number) {
            book.references.push(number.clone());
        }
        book.asked += 1;
        book.asked == 1
    };
    if is_first {
        std::future::pending::<()>().await;
    }
    json!({ "id": number, "status": "paid", "url": "https://bank.example/" }).to_string()
}

async fn until(what: &str, mut check: impl AsyncFnMut() -> bool) {
    let begun = Instant::now();
    while !check().await {
        assert!(begun.elapsed() < PATIENCE, "not {what} in time");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_provider_took_on_is_found_again_after_a_kill() {
    let folder = tempfile::tempdir().unwrap();
    let simulator = Simulator::start(&folder.path().join("books")).await;
    let (url, book) = provider().await;
    let gateway = Gateway::new(&simulator, &folder.path().join("data"), None)
        .with("FLORIN_SIMULATOR__URL", url);
    let mut process = gateway.start().await;
    let order = json!({
        "type": "direct", "order_id": "tea", "currency": "EUR", "amount": 2599,
        "description": "Tea", "gateway": "IDEAL",
        "payment_options": { "redirect_url": "https://shop.example/thanks" },
    });
    let creating = http()
        .post(format!("{}/v1/json/orders", gateway.base()))
        .header("api_key", API_KEY)
        .body(order.to_string());
    let creating = tokio::spawn(creating.send());
    let asked = || book.lock().unwrap().asked;
    until("asked", async || asked() == 1).await;
    process.kill();
    assert!(creating.await.unwrap().is_err(), "the shop was told nothing");
    drop(process);
    let process = gateway.start().await;
    let path = "/v1/json/orders/tea";
    let (status, shown) = fetch(&process.base, path).await.unwrap();
    assert_eq!((status, &shown["data"]["status"]), (200, &json!("initialized")), "{shown}");
    advance(&process.base, 31).await;
    until("paid", async || {
        let (_, shown) = fetch(&process.base, path).await.unwrap();
        shown["data"]["status"] == "completed"
    })
    .await;
    assert_eq!(asked(), 2);
    assert_eq!(book.lock().unwrap().references.len(), 1, "the provider has one payment");
}
