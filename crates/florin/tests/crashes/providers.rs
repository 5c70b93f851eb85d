//! A gateway dies while the provider of another method is asked to take a payment on, or is told of
//! a shipment.

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

/// A provider that answers the first call never which it is to be asked again for.
#[derive(Default)]
struct Book {
    /// Calls to take a payment on, or of shipments.
    asked: usize,
    /// The numbers that gateways gave.
    references: Vec<String>,
    /// It takes payments on at once, and promises them.
    promises: bool,
}

impl Book {
    /// Whether this call is left without an answer.
    fn is_asked(&mut self, number: &str) -> bool {
        if !self.references.iter().any(|known| known == number) {
            self.references.push(number.to_owned());
        }
        self.asked += 1;
        self.asked == 1
    }
}

type Shelf = Arc<Mutex<Book>>;

async fn provider(promises: bool) -> (String, Shelf) {
    let book = Arc::new(Mutex::new(Book { promises, ..Book::default() }));
    let routes = Router::new()
        .route("/methods/payments", post(take_on))
        .route("/methods/payments/{id}", get(StatusCode::NOT_FOUND))
        .route("/methods/payments/{id}/shipments", post(pay_for_shipment))
        .with_state(book.clone());
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, routes).await });
    (url, book)
}

async fn take_on(State(shelf): State<Shelf>, wanted: String) -> String {
    let wanted: Value = serde_json::from_str(&wanted).unwrap();
    let number = wanted["reference"].as_str().unwrap().to_owned();
    let (status, is_left) = {
        let mut book = shelf.lock().unwrap();
        if book.promises { ("promised", false) } else { ("paid", book.is_asked(&number)) }
    };
    if is_left {
        std::future::pending::<()>().await;
    }
    json!({ "id": number, "status": status, "url": "https://bank.example/" }).to_string()
}

async fn pay_for_shipment(State(shelf): State<Shelf>, told: String) -> String {
    let told: Value = serde_json::from_str(&told).unwrap();
    if shelf.lock().unwrap().is_asked(told["shipment"].as_str().unwrap()) {
        std::future::pending::<()>().await;
    }
    json!({ "status": "completed" }).to_string()
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
    let (url, book) = provider(false).await;
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

#[tokio::test(flavor = "multi_thread")]
async fn a_shipment_that_a_provider_was_told_of_is_paid_once_after_a_kill() {
    let folder = tempfile::tempdir().unwrap();
    let simulator = Simulator::start(&folder.path().join("books")).await;
    let (url, book) = provider(true).await;
    let gateway = Gateway::new(&simulator, &folder.path().join("data"), None)
        .with("FLORIN_SIMULATOR__URL", url);
    let mut process = gateway.start().await;
    let item = json!({ "name": "Tea", "quantity": 1, "unit_price": 25.99,
        "merchant_item_id": "tea", "tax_table_selector": "none" });
    let order = json!({
        "type": "direct", "order_id": "tea", "currency": "EUR", "amount": 2599,
        "description": "Tea", "gateway": "KLARNA", "shopping_cart": { "items": [item] },
        "payment_options": { "redirect_url": "https://shop.example/thanks" },
    });
    let path = "/v1/json/orders/tea";
    let call = |method, path: &str, body: &Value| {
        let request = http().request(method, format!("{}{path}", gateway.base()));
        request.header("api_key", API_KEY).body(body.to_string()).send()
    };
    call(reqwest::Method::POST, "/v1/json/orders", &order).await.unwrap();
    let (_, shown) = fetch(&process.base, path).await.unwrap();
    assert_eq!(shown["data"]["status"], "uncleared", "{shown}");
    let part = json!({ "status": "shipped", "partial_shipment_amount": 1000,
        "new_order_id": "tea-a" });
    let shipping = tokio::spawn(call(reqwest::Method::PATCH, path, &part));
    let asked = || book.lock().unwrap().asked;
    until("told", async || asked() == 1).await;
    process.kill();
    assert!(shipping.await.unwrap().is_err(), "the shop was told nothing");
    drop(process);
    let process = gateway.start().await;
    advance(&process.base, 31).await;
    until("paid", async || {
        let (status, shown) = fetch(&process.base, "/v1/json/orders/tea-a").await.unwrap();
        (status, &shown["data"]["status"]) == (200, &json!("shipped"))
    })
    .await;
    // The shop asks again, for it was told nothing, and hears of the same part.
    let answer = call(reqwest::Method::PATCH, path, &part).await.unwrap().text().await.unwrap();
    assert!(answer.contains("tea-a"), "{answer}");
    assert_eq!((asked(), book.lock().unwrap().references.len()), (2, 1), "paid once");
    let (_, shown) = fetch(&process.base, path).await.unwrap();
    let related = shown["data"]["related_transactions"].as_array().unwrap();
    assert_eq!((&shown["data"]["status"], related.len()), (&json!("uncleared"), 1), "{shown}");
}
