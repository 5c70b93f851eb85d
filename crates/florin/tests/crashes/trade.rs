//! Shops that trade while things break: what they send, what they were told, what they heard.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::extract::{Request, State};
use axum::http::StatusCode;
use http_body_util::BodyExt;
use serde_json::{Value, json};
use tokio::task::JoinSet;

use crate::process::{API_KEY, http};

pub(crate) const AMOUNT: i64 = 1000;
/// Shops at once.
const SHOPS: usize = 8;
/// How often a shop sends an order again that nobody answered.
const TRIES_MAX: usize = 4;
/// A pause after no answer, so that a dead gateway is not asked all the time.
const PAUSE: Duration = Duration::from_millis(20);

/// A kind of order that shops send.
#[derive(Debug)]
pub(crate) struct Kind {
    card: &'static str,
    /// How often, out of the sum of all.
    weight: u64,
    /// How it ends when nothing goes wrong and two hours have passed.
    pub(crate) ends: &'static str,
}

/// What shops do.
const KINDS: &[Kind] = &[
    Kind { card: "4111111111111111", weight: 12, ends: "completed" },
    Kind { card: "4000050000000007", weight: 2, ends: "declined" },
    // Nobody comes back from the challenge.
    Kind { card: "5555555555554444", weight: 2, ends: "expired" },
    Kind { card: "4917300000000008", weight: 1, ends: "void" },
    Kind { card: "4462000000000003", weight: 1, ends: "completed" },
];

/// An order as its shop knows it.
#[derive(Clone, Debug)]
pub(crate) struct Order {
    pub(crate) id: String,
    pub(crate) kind: &'static Kind,
    /// The status in the last answer; nothing when no answer came.
    pub(crate) told: Option<String>,
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
        let mut order = Order { id: format!("crash-{number}"), kind, told: None };
        for attempt in 0..TRIES_MAX {
            let base = &bases[usize::try_from(number).unwrap().wrapping_add(attempt) % bases.len()];
            match send(base, &notify, &order, &ledger).await {
                Answer::Told(status) => {
                    order.told = Some(status);
                    break;
                }
                // An earlier try was kept, and its answer was lost.
                Answer::Taken => break,
                Answer::None => tokio::time::sleep(PAUSE).await,
            }
            if ledger.stop.load(Ordering::Relaxed) {
                break;
            }
        }
        ledger.orders.lock().unwrap().push(order);
    }
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

async fn send(base: &str, notify: &str, order: &Order, ledger: &Ledger) -> Answer {
    let body = json!({
        "type": "direct", "order_id": order.id, "gateway": "CREDITCARD", "currency": "EUR",
        "amount": AMOUNT, "description": "x",
        "customer": { "user_agent": "x", "locale": "nl" },
        "payment_options": { "notification_url": notify, "notification_method": "POST" },
        "gateway_info": {
            "card_number": order.kind.card, "card_expiry_date": "3012", "card_cvc": "123",
        },
    });
    let request = http().post(format!("{base}/v1/json/orders")).header("api_key", API_KEY);
    let Ok(answer) = request.body(body.to_string()).send().await else {
        return Answer::None;
    };
    let status = answer.status().as_u16();
    let comes_back = answer.headers().contains_key("retry-after");
    let Some(body) = answer.bytes().await.ok() else {
        return Answer::None;
    };
    let body: Value = serde_json::from_slice(&body).unwrap_or_default();
    match (status, &body["success"], body["error_code"].as_i64()) {
        (200, Value::Bool(true), _) => {
            Answer::Told(body["data"]["status"].as_str().unwrap().to_owned())
        }
        (200, _, Some(1024)) => Answer::Told("declined".to_owned()),
        (404, _, Some(1006)) => Answer::Taken,
        (503, ..) if comes_back => {
            ledger.refused.fetch_add(1, Ordering::Relaxed);
            Answer::None
        }
        _ => {
            ledger.surprises.lock().unwrap().push(format!("{}: {status} {body}", order.id));
            Answer::None
        }
    }
}

/// Listens for notifications, and gives the address for them.
async fn open_shop(ledger: Arc<Ledger>) -> String {
    let routes = Router::new().fallback(hear).with_state(ledger);
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(listener, routes).await });
    format!("http://{address}/notify")
}

/// Every tenth notification meets a shop with troubles of its own.
async fn hear(State(ledger): State<Arc<Ledger>>, request: Request) -> (StatusCode, &'static str) {
    let Ok(body) = request.into_body().collect().await else {
        return (StatusCode::BAD_REQUEST, "");
    };
    if ledger.notified.fetch_add(1, Ordering::Relaxed) % 10 == 9 {
        return (StatusCode::INTERNAL_SERVER_ERROR, "");
    }
    let order: Value = serde_json::from_slice(&body.to_bytes()).unwrap();
    let text = |name: &str| order[name].as_str().unwrap().to_owned();
    ledger.heard.lock().unwrap().entry(text("order_id")).or_default().push(text("status"));
    (StatusCode::OK, "OK")
}
