//! What gateways ask of the providers: to take a payment on, what became of it, to give money
//! back. JSON over HTTP, behind the simulator's token.

use std::sync::Arc;

use axum::Router;
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::middleware;
use axum::response::Response;
use axum::routing::{get, post};
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::change;
use super::payments::{Payment, PaymentRecord, Wanted};
use super::result::Said;
use crate::control::{answer, require_token};
use crate::shared::{Shared, lock};

/// Longest number of a refund or a shipment.
const NUMBER_CHARS_MAX: usize = 64;

pub(crate) fn routes(shared: &Arc<Shared>) -> Router<Arc<Shared>> {
    Router::new()
        .route("/methods/payments", post(open))
        .route("/methods/payments/{id}", get(show))
        .route("/methods/payments/{id}/refunds", post(refund))
        .route("/methods/payments/{id}/extensions", post(prolong))
        .route("/methods/payments/{id}/shipments", post(ship))
        .layer(middleware::from_fn_with_state(shared.clone(), require_token))
}

#[derive(Serialize)]
struct Opened {
    url: String,
    #[serde(flatten)]
    said: Said,
}

/// Takes a payment on. Under one number of the gateway it is one payment, however often it is
/// asked for.
async fn open(State(shared): State<Arc<Shared>>, body: Bytes) -> Response {
    let wanted: Wanted = match serde_json::from_slice(&body) {
        Ok(wanted) => wanted,
        Err(error) => return refuse(StatusCode::BAD_REQUEST, &format!("no payment: {error}")),
    };
    let is_web = |url: &str| url.starts_with("http://") || url.starts_with("https://");
    if wanted.amount < 1 || !is_web(&wanted.return_url) || !is_web(&wanted.result_url) {
        return refuse(StatusCode::BAD_REQUEST, "amount or addresses cannot be right");
    }
    let opened = |payment: &Payment| Opened {
        url: shared.url(&format!("/methods/pay/{}", payment.id)),
        said: Said::first(payment),
    };
    let mut payments = lock(&shared.payments);
    if let Some(payment) = payments.known(&wanted) {
        if !payment.is_for_the_same(&wanted) {
            return refuse(StatusCode::CONFLICT, "this number is another payment's");
        }
        return answer(StatusCode::OK, &opened(payment));
    }
    let new_id = || shared.around.new_id().simple().to_string();
    let Some(payment) = Payment::open(new_id(), new_id(), wanted) else {
        return refuse(StatusCode::NOT_FOUND, "there is no such method");
    };
    let opened = opened(&payment);
    let record = PaymentRecord::Opened { payment: Box::new(payment) };
    change(&shared, &mut payments, record);
    drop(payments);
    shared.journal.flush();
    answer(StatusCode::CREATED, &opened)
}

/// Says what became of a payment. Whoever has heard the first word hears the next one.
async fn show(State(shared): State<Arc<Shared>>, Path(id): Path<String>) -> Response {
    let mut payments = lock(&shared.payments);
    let Some(payment) = payments.get(&id) else { return unknown() };
    let said = Said::now(payment);
    // Before anybody chooses something else.
    if let Some(record) = payment.answered() {
        change(&shared, &mut payments, record);
    }
    drop(payments);
    shared.journal.flush();
    answer(StatusCode::OK, &said)
}

#[derive(Deserialize)]
struct RefundWanted {
    /// The gateway's number of it: one number gives money back once.
    refund: String,
    /// Minor units.
    amount: i64,
}

/// Gives money back, or does not.
async fn refund(
    State(shared): State<Arc<Shared>>,
    Path(id): Path<String>,
    body: Bytes,
) -> Response {
    let wanted: RefundWanted = match serde_json::from_slice(&body) {
        Ok(wanted) => wanted,
        Err(error) => return refuse(StatusCode::BAD_REQUEST, &format!("no refund: {error}")),
    };
    if wanted.amount < 1 || wanted.refund.len() > NUMBER_CHARS_MAX {
        return refuse(StatusCode::BAD_REQUEST, "amount or number cannot be right");
    }
    let mut payments = lock(&shared.payments);
    let Some(payment) = payments.get(&id) else { return unknown() };
    let status = match payment.refunds.get(&wanted.refund) {
        Some(before) if *before == wanted.amount => "completed",
        Some(_) => "declined",
        None if wanted.amount > payment.refundable() => "declined",
        None => {
            let (refund, amount) = (wanted.refund, wanted.amount);
            let record = PaymentRecord::Refunded { id, refund, amount };
            change(&shared, &mut payments, record);
            "completed"
        }
    };
    drop(payments);
    shared.journal.flush();
    answer(StatusCode::OK, &json!({ "status": status }))
}

/// Promises for longer. What is promised here lasts until the gateway says that it has shipped, or
/// until it gives the payment up, so that nothing is to be written down.
async fn prolong(State(shared): State<Arc<Shared>>, Path(id): Path<String>) -> Response {
    let payments = lock(&shared.payments);
    let Some(payment) = payments.get(&id) else { return unknown() };
    let status = if payment.is_promised() { "prolonged" } else { "declined" };
    answer(StatusCode::OK, &json!({ "status": status }))
}

#[derive(Deserialize)]
struct Shipment {
    /// The gateway's number of it, where it is one of several: one number is paid for once.
    #[serde(default)]
    shipment: Option<String>,
    /// Minor units that it costs.
    #[serde(default)]
    amount: i64,
}

/// The shop has shipped: pays what is promised for it.
async fn ship(State(shared): State<Arc<Shared>>, Path(id): Path<String>, body: Bytes) -> Response {
    let Shipment { shipment, amount } = match serde_json::from_slice(&body) {
        Ok(told) => told,
        Err(error) => return refuse(StatusCode::BAD_REQUEST, &format!("no shipment: {error}")),
    };
    match shipment {
        None => ship_all(&shared, &id),
        Some(number) if amount < 1 || number.len() > NUMBER_CHARS_MAX => {
            refuse(StatusCode::BAD_REQUEST, "amount or number cannot be right")
        }
        Some(number) => ship_part(&shared, id, number, amount),
    }
}

/// Pays for one shipment of several, or does not.
fn ship_part(shared: &Shared, id: String, shipment: String, amount: i64) -> Response {
    let mut payments = lock(&shared.payments);
    let Some(payment) = payments.get(&id) else { return unknown() };
    let status = match payment.shipments.get(&shipment) {
        Some(before) if *before == amount => "completed",
        Some(_) => "declined",
        None if amount > payment.promised() => "declined",
        None => {
            let record = PaymentRecord::ShippedInPart { id, shipment, amount };
            change(shared, &mut payments, record);
            "completed"
        }
    };
    drop(payments);
    shared.journal.flush();
    answer(StatusCode::OK, &json!({ "status": status }))
}

/// Pays all that is promised, if it still is, and says what became of it.
fn ship_all(shared: &Shared, id: &str) -> Response {
    let mut payments = lock(&shared.payments);
    let Some(payment) = payments.get(id) else { return unknown() };
    if payment.is_promised() {
        let record = PaymentRecord::Shipped { id: id.to_owned() };
        change(shared, &mut payments, record);
    }
    let Some(payment) = payments.get(id) else { return unknown() };
    let said = Said::now(payment);
    drop(payments);
    shared.journal.flush();
    answer(StatusCode::OK, &said)
}

fn unknown() -> Response {
    refuse(StatusCode::NOT_FOUND, "there is no such payment")
}

fn refuse(status: StatusCode, reason: &str) -> Response {
    answer(status, &json!({ "error": reason }))
}
