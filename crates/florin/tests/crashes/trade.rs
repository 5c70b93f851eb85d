//! Shops that trade while things break: what they send, what they were told, what they heard.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::extract::{Request, State};
use axum::http::StatusCode;
use http_body_util::BodyExt;
use reqwest::Method;
use serde_json::{Value, json};
use tokio::task::JoinSet;

use Step::{Cancel, Capture, Refund, Release};

use crate::process::{API_KEY, http};

pub(crate) const AMOUNT: i64 = 1000;
/// Shops at once.
const SHOPS: usize = 8;
/// How often a shop sends an order again that nobody answered.
const TRIES_MAX: usize = 4;
/// A pause after no answer, so that a dead gateway is not asked all the time.
const PAUSE: Duration = Duration::from_millis(20);

/// A kind of order that shops send, and what they do with it once it is paid.
#[derive(Debug)]
pub(crate) struct Kind {
    card: &'static str,
    /// How often, out of the sum of all.
    weight: u64,
    /// How it ends when nothing goes wrong and time has passed.
    pub(crate) ends: &'static str,
    /// Whether it is captured by hand.
    pub(crate) by_hand: bool,
    pub(crate) steps: &'static [Step],
}

impl Kind {
    /// How it ends when the shop takes no steps.
    pub(crate) fn left_alone(&self) -> &'static str {
        match (self.card, self.by_hand) {
            (VISA, true) => "void",
            (VISA, false) => "completed",
            _ => self.ends,
        }
    }
}

/// What a shop does with an order that it was told is paid. No two steps of an order have the same
/// amount, so that each is known by it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    Capture(i64),
    /// Gives up what is left of the authorization.
    Release,
    Cancel,
    Refund(i64),
}

const VISA: &str = "4111111111111111";

/// What shops do.
const KINDS: &[Kind] = &[
    Kind { card: VISA, weight: 6, ends: "completed", by_hand: false, steps: &[] },
    Kind { card: "4000050000000007", weight: 2, ends: "declined", by_hand: false, steps: &[] },
    // Nobody comes back from the challenge.
    Kind { card: "5555555555554444", weight: 2, ends: "expired", by_hand: false, steps: &[] },
    Kind { card: "4917300000000008", weight: 1, ends: "void", by_hand: false, steps: &[] },
    Kind { card: "4462000000000003", weight: 1, ends: "completed", by_hand: false, steps: &[] },
    kind("refunded", false, &[Refund(AMOUNT)]),
    kind("partial_refunded", false, &[Refund(300), Refund(250)]),
    kind("completed", true, &[Capture(AMOUNT)]),
    kind("completed", true, &[Capture(400), Capture(250), Release]),
    kind("completed", true, &[Capture(400), Capture(600)]),
    kind("void", true, &[Cancel]),
    kind("void", true, &[Release]),
    // Nobody captures it, and its time runs out.
    kind("void", true, &[]),
    kind("refunded", true, &[Capture(AMOUNT), Refund(AMOUNT)]),
];

const fn kind(ends: &'static str, by_hand: bool, steps: &'static [Step]) -> Kind {
    Kind { card: VISA, weight: 2, ends, by_hand, steps }
}

/// An order as its shop knows it.
#[derive(Clone, Debug)]
pub(crate) struct Order {
    pub(crate) id: String,
    pub(crate) kind: &'static Kind,
    /// The status in the last answer to its creation; nothing when no answer came.
    pub(crate) told: Option<String>,
    /// What was done with it, and whether that was answered with success.
    pub(crate) steps: Vec<(Step, bool)>,
}

impl Order {
    /// The shop's name for a part of an order, or for a refund.
    pub(crate) fn name_of(&self, step: Step) -> String {
        match step {
            Capture(amount) => format!("{}-c{amount}", self.id),
            Refund(amount) => format!("{}-r{amount}", self.id),
            Release | Cancel => self.id.clone(),
        }
    }
}

/// What happened so far.
#[derive(Default)]
pub(crate) struct Ledger {
    orders: Mutex<Vec<Order>>,
    surprises: Mutex<Vec<String>>,
    refused: AtomicU64,
    stop: AtomicBool,
    /// By order id: the statuses that notifications told.
    heard: Mutex<HashMap<String, Vec<String>>>,
    notified: AtomicU64,
    /// By order id: how often its shop had troubles of its own.
    troubles: Mutex<HashMap<String, u32>>,
}

impl Ledger {
    pub(crate) fn orders(&self) -> Vec<Order> {
        self.orders.lock().unwrap().clone()
    }

    /// How many orders were answered so far.
    pub(crate) fn told(&self) -> usize {
        self.orders.lock().unwrap().iter().filter(|order| order.told.is_some()).count()
    }

    /// How many calls were refused with 503 and `Retry-After`.
    pub(crate) fn refused(&self) -> u64 {
        self.refused.load(Ordering::Relaxed)
    }

    /// Answers that no shop should ever get.
    pub(crate) fn surprises(&self) -> Vec<String> {
        self.surprises.lock().unwrap().clone()
    }

    fn is_surprised(&self, what: &str, status: u16, answer: &Value) -> Answer {
        self.surprises.lock().unwrap().push(format!("{what}: {status} {answer}"));
        Answer::None
    }

    /// How many steps were answered with success.
    pub(crate) fn steps_done(&self) -> usize {
        let orders = self.orders.lock().unwrap();
        orders.iter().flat_map(|order| &order.steps).filter(|(_, done)| *done).count()
    }

    /// What notifications said of an order, as they came.
    pub(crate) fn heard(&self, id: &str) -> Vec<String> {
        self.heard.lock().unwrap().get(id).cloned().unwrap_or_default()
    }
}

/// Trade that goes on until it is stopped.
pub(crate) struct Trade {
    pub(crate) ledger: Arc<Ledger>,
    shops: JoinSet<()>,
}

impl Trade {
    /// Lets shops trade with these gateways.
    pub(crate) async fn begin(bases: &[String]) -> Trade {
        Trade::resume(bases, Arc::default()).await
    }

    /// Lets them trade again, with what they know.
    pub(crate) async fn resume(bases: &[String], ledger: Arc<Ledger>) -> Trade {
        ledger.stop.store(false, Ordering::Relaxed);
        let notify = open_shop(ledger.clone()).await;
        let mut shops = JoinSet::new();
        for _ in 0..SHOPS {
            shops.spawn(shop(bases.to_vec(), notify.clone(), ledger.clone()));
        }
        Trade { ledger, shops }
    }

    /// Waits until every call has its answer.
    pub(crate) async fn end(mut self) -> Arc<Ledger> {
        self.ledger.stop.store(true, Ordering::Relaxed);
        while let Some(shop) = self.shops.join_next().await {
            shop.unwrap();
        }
        self.ledger
    }
}

async fn shop(bases: Vec<String>, notify: String, ledger: Arc<Ledger>) {
    static NUMBER: AtomicU64 = AtomicU64::new(0);
    while !ledger.stop.load(Ordering::Relaxed) {
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let kind = kind_of(number);
        let id = format!("crash-{number}");
        let mut order = Order { id, kind, told: None, steps: Vec::new() };
        let first = usize::try_from(number).unwrap();
        let mut base = bases.iter().cycle().skip(first % bases.len());
        let mut next = || base.next().unwrap().as_str();
        let body = creation(&order, &notify).to_string();
        order.told = until_told(&ledger, || create(next(), &body, &ledger)).await;
        if order.told.as_deref() == Some("completed") {
            for step in kind.steps {
                let done = until_told(&ledger, || take(next(), &order, *step, &ledger)).await;
                order.steps.push((*step, done.is_some()));
                // A shop that does not know what became of a step does nothing more.
                if done.is_none() {
                    break;
                }
            }
        }
        ledger.orders.lock().unwrap().push(order);
    }
}

/// Calls until an answer says what became of it, the shops close, or the shop has had enough.
async fn until_told<F>(ledger: &Ledger, mut call: impl FnMut() -> F) -> Option<String>
where
    F: Future<Output = Answer>,
{
    for _ in 0..TRIES_MAX {
        match call().await {
            Answer::Told(status) => return Some(status),
            // An earlier try was kept, and its answer was lost.
            Answer::Taken => return None,
            Answer::None => tokio::time::sleep(PAUSE).await,
        }
        if ledger.stop.load(Ordering::Relaxed) {
            break;
        }
    }
    None
}

/// Spreads the kinds by weight, the same way in every run.
fn kind_of(number: u64) -> &'static Kind {
    let sum: u64 = KINDS.iter().map(|kind| kind.weight).sum();
    let mut at = number.wrapping_mul(7) % sum;
    let chosen = KINDS.iter().find(|kind| {
        let is_it = at < kind.weight;
        at = at.saturating_sub(kind.weight);
        is_it
    });
    chosen.expect("the rest is below the sum")
}

enum Answer {
    Told(String),
    Taken,
    None,
}

fn creation(order: &Order, notify: &str) -> Value {
    let mut body = json!({
        "type": "direct", "order_id": order.id, "gateway": "CREDITCARD", "currency": "EUR",
        "amount": AMOUNT, "description": "x",
        "customer": { "user_agent": "x", "locale": "nl" },
        "payment_options": { "notification_url": notify, "notification_method": "POST" },
        "gateway_info": {
            "card_number": order.kind.card, "card_expiry_date": "3012", "card_cvc": "123",
        },
    });
    if order.kind.by_hand {
        body["capture"] = json!("manual");
    }
    body
}

async fn create(base: &str, body: &str, ledger: &Ledger) -> Answer {
    let (status, answer) = match call(ledger, Method::POST, base, "orders", body).await {
        Some(answer) => answer,
        None => return Answer::None,
    };
    match (status, &answer["success"], answer["error_code"].as_i64()) {
        (200, Value::Bool(true), _) => {
            Answer::Told(answer["data"]["status"].as_str().unwrap().to_owned())
        }
        (200, _, Some(1024)) => Answer::Told("declined".to_owned()),
        (404, _, Some(1006)) => Answer::Taken,
        _ => ledger.is_surprised(body, status, &answer),
    }
}

/// Takes a step. Captures and refunds have names of the shop's own, so that one that was kept is
/// not made again.
async fn take(base: &str, order: &Order, step: Step, ledger: &Ledger) -> Answer {
    let (id, name) = (&order.id, order.name_of(step));
    let (method, path, body) = match step {
        Capture(amount) => {
            let body = json!({ "amount": amount, "new_order_id": name, "reason": "x" });
            (Method::POST, format!("orders/{id}/capture"), body)
        }
        Release => {
            let body = json!({ "status": "cancelled", "reason": "x" });
            (Method::PATCH, format!("capture/{id}"), body)
        }
        Cancel => (Method::PATCH, format!("orders/{id}"), json!({ "status": "cancelled" })),
        Refund(amount) => {
            let body = json!({ "currency": "EUR", "amount": amount, "refund_order_id": name });
            (Method::POST, format!("orders/{id}/refunds"), body)
        }
    };
    let called = call(ledger, method, base, &path, &body.to_string()).await;
    let Some((status, answer)) = called else {
        return Answer::None;
    };
    match (status, &answer["success"], answer["error_code"].as_i64()) {
        (200, Value::Bool(true), _) => Answer::Told("done".to_owned()),
        // The name exists: an earlier try was kept. So it was where nothing is left to take, or
        // the same was given back a moment ago.
        (404, _, Some(1000 | 1001 | 1006 | 1034)) | (410, _, Some(1000)) => Answer::Taken,
        _ => ledger.is_surprised(&format!("{step:?} of {id}"), status, &answer),
    }
}

/// Status and body of an answer; nothing where none came, or a later try was asked for.
async fn call(
    ledger: &Ledger,
    method: Method,
    base: &str,
    path: &str,
    body: &str,
) -> Option<(u16, Value)> {
    let request = http().request(method, format!("{base}/v1/json/{path}"));
    let request = request.header("api_key", API_KEY).body(body.to_owned());
    let answer = request.send().await.ok()?;
    let status = answer.status().as_u16();
    let comes_back = answer.headers().contains_key("retry-after");
    let body = answer.bytes().await.ok()?;
    if status == 503 && comes_back {
        ledger.refused.fetch_add(1, Ordering::Relaxed);
        return None;
    }
    Some((status, serde_json::from_slice(&body).unwrap_or_default()))
}

/// Listens for notifications, and gives the address for them.
async fn open_shop(ledger: Arc<Ledger>) -> String {
    let routes = Router::new().fallback(hear).with_state(ledger);
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(listener, routes).await });
    format!("http://{address}/notify")
}

/// Attempts at a notification; a shop that has trouble with all of them is rightly given up.
const ATTEMPTS: u32 = 4;

/// Every tenth notification meets a shop with troubles of its own, but never so often that one of
/// them is given up: each has to arrive.
async fn hear(State(ledger): State<Arc<Ledger>>, request: Request) -> (StatusCode, &'static str) {
    let Ok(body) = request.into_body().collect().await else {
        return (StatusCode::BAD_REQUEST, "");
    };
    let order: Value = serde_json::from_slice(&body.to_bytes()).unwrap();
    let text = |name: &str| order[name].as_str().unwrap().to_owned();
    if ledger.notified.fetch_add(1, Ordering::Relaxed) % 10 == 9 {
        let mut troubles = ledger.troubles.lock().unwrap();
        let of_order = troubles.entry(text("order_id")).or_default();
        if *of_order < ATTEMPTS - 1 {
            *of_order += 1;
            return (StatusCode::INTERNAL_SERVER_ERROR, "");
        }
    }
    ledger.heard.lock().unwrap().entry(text("order_id")).or_default().push(text("status"));
    (StatusCode::OK, "OK")
}
