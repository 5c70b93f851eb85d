//! A provider that is not ours: it can say what it likes, twice, and fail to answer.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex};

use aws_lc_rs::hmac;
use axum::Router;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::routing::{get, post};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use florin_core::ledger::Account;
use serde_json::{Value, json};

use crate::hosted_page::away;
use crate::payer::Led;
use crate::provider_page::method_form;
use crate::world::{World, eventually};

/// What it knows and does.
#[derive(Default)]
struct Book {
    /// What gateways wanted paid, in the order in which they asked.
    wanted: Vec<Value>,
    /// How often they asked.
    asked: usize,
    /// Every call for money to be given back: payment, number, amount.
    calls: Vec<(String, String, i64)>,
    /// What was given back, by payment and number.
    given: BTreeMap<(String, String), i64>,
    /// Answers to the next such calls; after that, 200.
    answers: VecDeque<u16>,
    /// It does not answer to being asked to take a payment on.
    is_silent: bool,
    /// Number and amount of each shipment in part that it was told of.
    shipments: Vec<(String, i64)>,
    /// What it answers to who wants a promise to last longer, or has shipped: status and word.
    to_wishes: VecDeque<(u16, &'static str)>,
}

type Shelf = Arc<Mutex<Book>>;

pub(crate) struct OddProvider {
    url: String,
    book: Shelf,
}

impl OddProvider {
    pub(crate) async fn open() -> OddProvider {
        let book = Shelf::default();
        let routes = Router::new()
            .route("/methods/payments", post(take_on))
            .route("/methods/payments/{id}", get(show))
            .route("/methods/payments/{id}/refunds", post(give_back))
            .route("/methods/payments/{id}/extensions", post(prolong))
            .route("/methods/payments/{id}/shipments", post(ship))
            .with_state(book.clone());
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        tokio::spawn(async move { axum::serve(listener, routes).await });
        OddProvider { url, book }
    }

    /// A gateway's settings that lead to it.
    pub(crate) fn settings(&self) -> Vec<(&str, &str)> {
        vec![
            ("FLORIN_SIMULATOR__ENABLED", "false"),
            ("FLORIN_SIMULATOR__URL", &self.url),
            ("FLORIN_SIMULATOR__HOST", "127.0.0.1:9"),
            ("FLORIN_SIMULATOR__TOKEN", "token"),
        ]
    }

    fn wanted(&self, at: usize) -> Value {
        self.book.lock().unwrap().wanted[at].clone()
    }

    /// Signs a word on the payment with this place in the order of payments.
    pub(crate) fn result(&self, at: usize, mut said: Value) -> String {
        said["id"] = json!(id(at));
        signed(&said, self.wanted(at)["key"].as_str().unwrap())
    }

    /// Promises to pay the first payment.
    pub(crate) async fn promises(&self, world: &World) {
        let said = self.result(0, json!({ "status": "promised" }));
        assert_eq!(world.told(self, 0, said).await, 200);
    }

    /// Answers so to the next shipments, and to the next wishes for a longer promise.
    pub(crate) fn answers_next(&self, answers: &[(u16, &'static str)]) {
        self.book.lock().unwrap().to_wishes.extend(answers);
    }

    /// Number and amount of each shipment in part that it was told of.
    pub(crate) fn shipments(&self) -> Vec<(String, i64)> {
        self.book.lock().unwrap().shipments.clone()
    }
}

fn id(at: usize) -> String {
    format!("odd-{at}")
}

fn signed(said: &Value, key: &str) -> String {
    let head = URL_SAFE_NO_PAD.encode(r#"{"alg":"HS256"}"#);
    let signed = format!("{head}.{}", URL_SAFE_NO_PAD.encode(said.to_string()));
    let tag = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, key.as_bytes()), signed.as_bytes());
    json!({ "result": format!("{signed}.{}", URL_SAFE_NO_PAD.encode(tag)) }).to_string()
}

async fn take_on(State(shelf): State<Shelf>, wanted: String) -> String {
    let wanted: Value = serde_json::from_str(&wanted).unwrap();
    let (at, is_silent) = {
        let mut book = shelf.lock().unwrap();
        let known = book.wanted.iter().position(|it| it["reference"] == wanted["reference"]);
        let at = known.unwrap_or(book.wanted.len());
        if known.is_none() {
            book.wanted.push(wanted);
        }
        book.asked += 1;
        (at, book.is_silent)
    };
    if is_silent {
        std::future::pending::<()>().await;
    }
    let url = format!("https://odd.example/{at}");
    json!({ "id": id(at), "status": "open", "url": url }).to_string()
}

async fn show(Path(id): Path<String>) -> String {
    json!({ "id": id, "status": "open" }).to_string()
}

async fn give_back(
    State(book): State<Shelf>,
    Path(id): Path<String>,
    wanted: String,
) -> (StatusCode, String) {
    let wanted: Value = serde_json::from_str(&wanted).unwrap();
    let mut book = book.lock().unwrap();
    let number = wanted["refund"].as_str().unwrap().to_owned();
    let amount = wanted["amount"].as_i64().unwrap();
    book.calls.push((id.clone(), number.clone(), amount));
    // It does what it is asked to, whether or not its answer arrives.
    book.given.insert((id, number), amount);
    let status = book.answers.pop_front().unwrap_or(200);
    (StatusCode::from_u16(status).unwrap(), json!({ "status": "completed" }).to_string())
}

async fn ship(
    State(book): State<Shelf>,
    Path(id): Path<String>,
    told: String,
) -> (StatusCode, String) {
    let told: Value = serde_json::from_str(&told).unwrap();
    let mut book = book.lock().unwrap();
    if let Some(number) = told["shipment"].as_str() {
        book.shipments.push((number.to_owned(), told["amount"].as_i64().unwrap()));
    }
    let (status, word) = book.to_wishes.pop_front().unwrap();
    (StatusCode::from_u16(status).unwrap(), json!({ "id": id, "status": word }).to_string())
}

async fn prolong(State(book): State<Shelf>) -> (StatusCode, String) {
    let (status, word) = book.lock().unwrap().to_wishes.pop_front().unwrap();
    (StatusCode::from_u16(status).unwrap(), json!({ "status": word }).to_string())
}

impl World {
    /// A payer chooses a gift card on the page of an order.
    async fn sent_to_odd(&self, page: &str, method: &str) {
        let url = url::Url::parse(page).unwrap().join("methods?lang=nl_NL").unwrap();
        let led = self.open(url.as_str()).await;
        let Led::Page { status: 200, html, url } = led else { panic!("no list: {led:?}") };
        let mut form = method_form(&html, &url);
        form.fields.retain(|(name, _)| name != "method");
        form.fields.push(("method".to_owned(), method.to_owned()));
        let way = away(self.submit(&form).await);
        assert!(away(self.open(&way).await).starts_with("https://odd.example/"));
    }

    /// What the gateway answers to a result.
    pub(crate) async fn told(&self, odd: &OddProvider, at: usize, body: String) -> u16 {
        // The way by which a restarted gateway is reached is another one.
        let path = url::Url::parse(odd.wanted(at)["result_url"].as_str().unwrap()).unwrap();
        let url = format!("{}{}", self.base, path.path());
        self.http.post(url).body(body).send().await.unwrap().status().as_u16()
    }

    async fn parts(&self, id: &str) -> Vec<i64> {
        let order = self.get(id).await;
        let entries = order["payment_methods"].as_array().unwrap().iter();
        entries.map(|it| it["amount"].as_i64().unwrap()).collect()
    }
}

fn part(amount: i64) -> Value {
    json!({ "status": "paid_in_part", "amount": amount, "currency": "EUR" })
}

async fn offered(world: &World, id: &str) -> String {
    let mut order = world.offered(id);
    order.as_object_mut().unwrap().remove("gateway");
    world.offer(&order).await
}

#[tokio::test]
async fn only_a_signed_part_of_what_is_due_is_taken_and_once() {
    let odd = OddProvider::open().await;
    let world = World::with(&odd.settings()).await;
    let page = offered(&world, "tea").await;
    world.sent_to_odd(&page, "BOEKENBON").await;
    assert_eq!(odd.wanted(0)["amount"], 2599);
    for amount in [i64::MIN, -1, 0, 2599, 2600, i64::MAX] {
        assert_eq!(world.told(&odd, 0, odd.result(0, part(amount))).await, 409, "{amount}");
    }
    let foreign = json!({ "status": "paid_in_part", "amount": 100, "currency": "USD" });
    assert_eq!(world.told(&odd, 0, odd.result(0, foreign)).await, 409);
    for unreadable in [
        json!({ "status": "paid_in_part" }),
        json!({ "status": "paid_in_part", "amount": 100 }),
        json!({ "status": "paid_in_part", "amount": 1.5, "currency": "EUR" }),
        json!({ "status": "paid_in_part", "amount": "100", "currency": "EUR" }),
        json!({ "status": "paid_in_part", "amount": 100, "currency": "euro" }),
    ] {
        assert_eq!(world.told(&odd, 0, odd.result(0, unreadable)).await, 403);
    }
    let mut forged = part(100);
    forged["id"] = json!(id(0));
    assert_eq!(world.told(&odd, 0, signed(&forged, "another key")).await, 403);
    assert_eq!(world.get("tea").await["status"], "initialized");
    // The part counts once, however often it is told.
    for _ in 0..2 {
        assert_eq!(world.told(&odd, 0, odd.result(0, part(1000))).await, 200);
        assert_eq!(world.parts("tea").await, [1000]);
    }
    assert_eq!(world.told(&odd, 0, odd.result(0, part(999))).await, 409);
    // Also while the payer is at the next one, where it is good for nothing.
    world.sent_to_odd(&page, "YOURGIFT").await;
    assert_eq!(odd.wanted(1)["amount"], 1599);
    assert_eq!(world.told(&odd, 0, odd.result(0, part(1000))).await, 200);
    assert_eq!(world.told(&odd, 1, odd.result(0, part(1000))).await, 403);
    assert_eq!(world.told(&odd, 1, odd.result(1, part(1599))).await, 409);
    // A method that is no gift card pays the whole; what it takes the place of takes no money.
    world.sent_to_odd(&page, "PAYPAL").await;
    assert_eq!(world.told(&odd, 1, odd.result(1, part(5))).await, 409);
    assert_eq!(world.told(&odd, 2, odd.result(2, part(5))).await, 409);
    assert_eq!(world.told(&odd, 2, odd.result(2, json!({ "status": "paid" }))).await, 200);
    assert_eq!(world.parts("tea").await, [1000, 1599]);
    assert_eq!(world.get("tea").await["status"], "completed");
    assert_eq!(world.told(&odd, 0, odd.result(0, part(1000))).await, 200);
    assert_eq!(world.told(&odd, 1, odd.result(1, part(5))).await, 409);
    assert!(odd.book.lock().unwrap().calls.is_empty(), "nothing goes back");
}

#[tokio::test]
async fn a_part_is_asked_back_until_there_is_an_answer_and_goes_back_once() {
    let odd = OddProvider::open().await;
    let mut world = World::with(&odd.settings()).await;
    let page = offered(&world, "tea").await;
    world.sent_to_odd(&page, "BOEKENBON").await;
    world.told(&odd, 0, odd.result(0, part(1000))).await;
    odd.book.lock().unwrap().answers.extend([500, 503]);
    let body = json!({ "status": "cancelled" }).to_string();
    assert_eq!(world.patch("/v1/json/orders/tea", body).await.0, 200);
    let calls = |odd: &OddProvider| odd.book.lock().unwrap().calls.len();
    eventually("asked", async || calls(&odd) == 1).await;
    // Nobody knows what it has done.
    let shown = world.get("tea").await;
    assert_eq!(shown["related_transactions"][0]["status"], "reserved", "{shown}");
    assert_eq!(world.in_account(Account::Provider).await, 1000);
    let (_, answer) = world.create(&world.offered("tea")).await;
    assert_eq!(answer["error_code"], 1006);
    world = world.restarted_with(&odd.settings()).await;
    for asked in [2, 3] {
        world.advance(61).await;
        eventually("asked again", async || calls(&odd) == asked).await;
    }
    eventually("given back", async || world.get("tea").await["amount_refunded"] == 1000).await;
    world.advance(3600).await;
    let numbers = odd.book.lock().unwrap().given.len();
    assert_eq!((numbers, calls(&odd)), (1, 3), "asked three times under one number");
    assert_eq!(world.in_account(Account::Provider).await, 0);
}

#[tokio::test]
async fn a_provider_that_keeps_a_part_is_on_record() {
    let odd = OddProvider::open().await;
    let world = World::with(&odd.settings()).await;
    let page = offered(&world, "tea").await;
    world.sent_to_odd(&page, "BOEKENBON").await;
    world.told(&odd, 0, odd.result(0, part(1000))).await;
    // It knows of no such payment.
    odd.book.lock().unwrap().answers.push_back(404);
    world.patch("/v1/json/orders/tea", json!({ "status": "cancelled" }).to_string()).await;
    eventually("refused", async || {
        world.get("tea").await["related_transactions"][0]["status"] == "declined"
    })
    .await;
    assert_eq!(world.get("tea").await["amount_refunded"], 0);
    assert_eq!(world.in_account(Account::Provider).await, 1000);
}

/// A result may be faster than the answer to the question: both are of the same payment.
#[tokio::test]
async fn an_order_is_there_before_its_provider_is_asked() {
    let odd = OddProvider::open().await;
    odd.book.lock().unwrap().is_silent = true;
    let world = Arc::new(World::with(&odd.settings()).await);
    let creating = {
        let (world, order) = (world.clone(), world.order_by("tea", "IDEAL"));
        tokio::spawn(async move { world.create(&order).await })
    };
    let asked = |odd: &OddProvider| odd.book.lock().unwrap().asked;
    eventually("asked", async || asked(&odd) == 1).await;
    // Whatever happens now, the shop can find the payment that the provider has.
    let shown = world.get("tea").await;
    assert_eq!(shown["status"], "initialized", "{shown}");
    assert_eq!(shown["transaction_id"].to_string(), odd.wanted(0)["reference"].as_str().unwrap());
    assert!(world.shop.heard("tea").is_empty(), "nothing is known yet that could be told");
    let listed = world.get_path("/v1/json/transactions").await.1;
    assert_eq!(listed["data"].as_array().unwrap().len(), 1, "{listed}");
    odd.book.lock().unwrap().is_silent = false;
    assert_eq!(world.told(&odd, 0, odd.result(0, json!({ "status": "paid" }))).await, 200);
    assert_eq!(world.get("tea").await["status"], "completed");
    // The answer that was waited for does not come, which says nothing any more.
    let (status, answer) = creating.await.unwrap();
    assert_eq!((status, &answer["data"]["status"]), (200, &json!("completed")), "{answer}");
    assert_eq!(odd.book.lock().unwrap().wanted.len(), 1, "asked twice under one number");
}

/// Nobody knows whether it has taken the payment on: then it is not paid, and told so.
#[tokio::test]
async fn what_a_silent_provider_says_later_is_too_late() {
    let odd = OddProvider::open().await;
    odd.book.lock().unwrap().is_silent = true;
    let world = World::with(&odd.settings()).await;
    let (status, answer) = world.create(&world.order_by("tea", "IDEAL")).await;
    assert_eq!((status, &answer["error_code"]), (200, &json!(1024)), "{answer}");
    assert_eq!(world.get("tea").await["status"], "declined");
    assert_eq!(world.told(&odd, 0, odd.result(0, json!({ "status": "paid" }))).await, 409);
    assert_eq!(world.get("tea").await["status"], "declined");
    world.advance(3600).await;
    assert_eq!(odd.book.lock().unwrap().asked, 1);
}

#[tokio::test]
async fn a_promise_lasts_longer_only_if_its_provider_says_so() {
    let odd = OddProvider::open().await;
    let world = World::with(&odd.settings()).await;
    world.create(&world.order_by("tea", "KLARNA")).await;
    odd.promises(&world).await;
    world.advance(86_400).await;
    odd.answers_next(&[
        (500, "prolonged"),
        (200, "maybe"),
        (200, "declined"),
        (404, ""),
        (409, ""),
    ]);
    for expected in [503, 503, 410, 410, 503] {
        let body = json!({ "extend_expiration": true }).to_string();
        let (status, answer) = world.patch("/v1/json/orders/tea", body).await;
        assert_eq!(status, expected, "{answer}");
    }
    assert!(odd.book.lock().unwrap().to_wishes.is_empty(), "it was asked each time");
    // Its first date holds.
    world.advance(4 * 86_400 + 1).await;
    world.rests("tea", "void", "void").await;
}

#[tokio::test]
async fn a_shipment_counts_when_the_provider_has_paid_for_it() {
    let odd = OddProvider::open().await;
    let world = World::with(&odd.settings()).await;
    world.create(&world.order_by("tea", "KLARNA")).await;
    odd.promises(&world).await;
    odd.answers_next(&[(500, "paid"), (200, "maybe"), (404, ""), (200, "promised")]);
    let ship = async || {
        let body = json!({ "status": "shipped" }).to_string();
        world.patch("/v1/json/orders/tea", body).await.0
    };
    for expected in [503, 503, 410, 410] {
        assert_eq!(ship().await, expected);
        assert_eq!(world.statuses("tea").await.0, "uncleared");
        assert_eq!(world.in_account(Account::Provider).await, 0);
    }
    odd.answers_next(&[(200, "paid")]);
    assert_eq!(ship().await, 200);
    assert_eq!(world.statuses("tea").await, ("shipped".into(), "completed".into()));
    assert_eq!(world.in_account(Account::Provider).await, 2599);
    // It is not asked again.
    assert_eq!(ship().await, 200);
}
