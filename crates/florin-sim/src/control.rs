//! The control API: what tests and demos ask of the simulator, and order from it.
//!
//! JSON over HTTP with a bearer token. It reads books and messages and orders faults; it cannot
//! change what was authorized, except by forgetting all of a merchant.

use std::sync::Arc;

use aws_lc_rs::constant_time::verify_slices_are_equal;
use axum::Router;
use axum::body::Bytes;
use axum::extract::rejection::QueryRejection;
use axum::extract::{DefaultBodyLimit, Query, Request, State};
use axum::http::{StatusCode, header};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::{delete, get};
use iso_currency::Currency;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::books::{Entry, EntryKind, Event, OperationKind};
use crate::cards::{self, Authentication, CARDS, REVIEW_SECONDS, Review};
use crate::faults::FaultOrder;
use crate::host::exchange;
use crate::journal::Record;

use crate::limits::{BODY_BYTES_MAX, MESSAGES_PER_MERCHANT_MAX};
use crate::methods::{self, PaymentRecord};
use crate::settlement_file;
use crate::shared::{Shared, lock};
use crate::threeds::ChallengeRecord;

/// The paths of the control API, each behind the token.
pub(crate) fn routes(shared: &Arc<Shared>) -> Router<Arc<Shared>> {
    Router::new()
        .route("/control/host", get(host))
        .route("/control/faults", get(faults).post(order_fault).delete(clear_faults))
        .route("/control/data", delete(clear_data))
        .route("/control/cards", get(list_cards))
        .route("/control/messages", get(messages))
        .layer(DefaultBodyLimit::max(BODY_BYTES_MAX))
        .layer(middleware::from_fn_with_state(shared.clone(), require_token))
}

/// One authorization as the host's books have it. Amounts in minor units.
#[derive(Debug, Serialize)]
pub struct EntryView {
    pub rrn: String,
    pub order_id: String,
    pub kind: EntryKind,
    pub authorized: i64,
    pub captured: i64,
    pub refunded: i64,
    pub reversed: i64,
    /// What is still reserved for the merchant.
    pub held: i64,
    /// Letters of ISO 4217.
    pub currency: &'static str,
    pub last4: &'static str,
    pub network: String,
    pub approval_code: String,
    pub network_reference: String,
    /// RFC 3339, UTC.
    pub authorized_at: String,
    /// How many captures and refunds are in force.
    pub captures: usize,
    pub refunds: usize,
}

#[derive(Deserialize)]
struct HostQuery {
    merchant: String,
    order_id: Option<String>,
    /// Newest so many; all when absent.
    limit: Option<usize>,
    /// `csv`: every message that moved money, as an acquirer's file.
    format: Option<String>,
}

#[derive(Deserialize)]
struct MerchantQuery {
    merchant: String,
}

#[derive(Deserialize)]
struct MessagesQuery {
    merchant: String,
    limit: Option<usize>,
    /// Only messages with a higher number.
    #[serde(default)]
    after: u64,
}

/// The books of one merchant, oldest authorization first.
pub(crate) fn entries(shared: &Shared, merchant: &str, order_id: Option<&str>) -> Vec<EntryView> {
    let ledger = lock(&shared.ledger);
    let Some(books) = ledger.merchant(merchant) else { return Vec::new() };
    let wanted = books.entries().filter(|entry| order_id.is_none_or(|id| entry.order_id == id));
    wanted.map(view).collect()
}

/// The books of one merchant as an acquirer's file.
fn file(shared: &Shared, merchant: &str) -> String {
    let ledger = lock(&shared.ledger);
    let books = ledger.merchant(merchant);
    settlement_file::write(books.into_iter().flat_map(|books| books.entries()))
}

/// Forgets books, faults, messages, challenges and payments by other methods of one merchant.
pub(crate) fn clear(shared: &Shared, merchant: &str) {
    {
        let mut ledger = lock(&shared.ledger);
        exchange::record(shared, &mut ledger, Event::Cleared { merchant: merchant.to_owned() });
    }
    {
        let mut challenges = lock(&shared.challenges);
        let record = ChallengeRecord::Cleared { merchant: merchant.to_owned() };
        challenges.apply(record.clone());
        shared.journal.append(&Record::Challenge(record));
    }
    {
        let mut payments = lock(&shared.payments);
        let record = PaymentRecord::Cleared { merchant: merchant.to_owned() };
        methods::change(shared, &mut payments, record);
    }
    shared.journal.flush();
    shared.faults.clear(merchant);
    shared.transcript.clear(merchant);
    shared.compact_journal();
}

async fn host(
    State(shared): State<Arc<Shared>>,
    query: Result<Query<HostQuery>, QueryRejection>,
) -> Response {
    let Ok(Query(query)) = query else { return refuse("merchant is missing") };
    match query.format.as_deref() {
        None | Some("json") => {}
        Some("csv") => {
            let file = file(&shared, query.merchant.trim());
            let kind = [(header::CONTENT_TYPE, "text/csv; charset=utf-8")];
            return (StatusCode::OK, kind, file).into_response();
        }
        Some(_) => return refuse("format is json or csv"),
    }
    let mut entries = entries(&shared, query.merchant.trim(), query.order_id.as_deref());
    if let Some(limit) = query.limit {
        entries.drain(..entries.len().saturating_sub(limit));
    }
    answer(StatusCode::OK, &entries)
}

async fn faults(
    State(shared): State<Arc<Shared>>,
    query: Result<Query<MerchantQuery>, QueryRejection>,
) -> Response {
    let Ok(Query(query)) = query else { return refuse("merchant is missing") };
    answer(StatusCode::OK, &shared.faults.waiting(query.merchant.trim()))
}

async fn order_fault(State(shared): State<Arc<Shared>>, body: Bytes) -> Response {
    let order: FaultOrder = match serde_json::from_slice(&body) {
        Ok(order) => order,
        Err(error) => return refuse(&format!("the body is no order of a fault: {error}")),
    };
    let merchant = order.merchant.trim().to_owned();
    match shared.faults.order(order) {
        Ok(()) => answer(StatusCode::CREATED, &shared.faults.waiting(&merchant)),
        Err(reason) => refuse(&reason),
    }
}

async fn clear_faults(
    State(shared): State<Arc<Shared>>,
    query: Result<Query<MerchantQuery>, QueryRejection>,
) -> Response {
    let Ok(Query(query)) = query else { return refuse("merchant is missing") };
    shared.faults.clear(query.merchant.trim());
    StatusCode::NO_CONTENT.into_response()
}

async fn clear_data(
    State(shared): State<Arc<Shared>>,
    query: Result<Query<MerchantQuery>, QueryRejection>,
) -> Response {
    let Ok(Query(query)) = query else { return refuse("merchant is missing") };
    clear(&shared, query.merchant.trim());
    StatusCode::NO_CONTENT.into_response()
}

async fn list_cards() -> Response {
    let cards: Vec<_> = CARDS
        .iter()
        .map(|card| {
            json!({
                "id": card.id,
                "number": card.number,
                "brand": card.brand.name(),
                "description": card.description,
                "kind": card.kind(),
                "enrolled": card.authentication != Authentication::NotEnrolled,
                "review": card.review.map(|review| json!({
                    "outcome": match review {
                        Review::Completes => "completed",
                        Review::Voids => "void",
                    },
                    "after_seconds": REVIEW_SECONDS,
                })),
            })
        })
        .collect();
    answer(StatusCode::OK, &cards)
}

async fn messages(
    State(shared): State<Arc<Shared>>,
    query: Result<Query<MessagesQuery>, QueryRejection>,
) -> Response {
    let Ok(Query(query)) = query else {
        return refuse("merchant is missing, or limit or after is not a number");
    };
    let limit = query.limit.unwrap_or(MESSAGES_PER_MERCHANT_MAX);
    let last = shared.transcript.last(query.merchant.trim(), query.after, limit);
    answer(StatusCode::OK, &last)
}

/// Lets a request through when it carries the token. Without a token nobody gets through.
pub(crate) async fn require_token(
    State(shared): State<Arc<Shared>>,
    request: Request,
    next: Next,
) -> Response {
    let given = request.headers().get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    let given = given.and_then(|value| value.strip_prefix("Bearer ")).unwrap_or_default();
    let wanted = shared.control_token.as_bytes();
    let equal = verify_slices_are_equal(given.as_bytes(), wanted).is_ok();
    if wanted.is_empty() || !equal {
        let body = json!({"error": "the simulator's control token is missing or wrong"});
        return answer(StatusCode::UNAUTHORIZED, &body);
    }
    next.run(request).await
}

fn refuse(reason: &str) -> Response {
    answer(StatusCode::BAD_REQUEST, &json!({"error": reason}))
}

pub(crate) fn answer(status: StatusCode, body: &impl Serialize) -> Response {
    let Ok(body) = serde_json::to_vec(body) else {
        return StatusCode::INTERNAL_SERVER_ERROR.into_response();
    };
    (status, [(header::CONTENT_TYPE, "application/json")], body).into_response()
}

fn view(entry: &Entry) -> EntryView {
    let in_force = |kind: OperationKind| {
        entry.operations.iter().filter(|it| it.kind == kind && !it.undone).count()
    };
    let at = Timestamp::from_millisecond(entry.authorized_at).unwrap_or_default();
    EntryView {
        rrn: entry.rrn.as_str().to_owned(),
        order_id: entry.order_id.clone(),
        kind: entry.kind,
        authorized: entry.authorized,
        captured: entry.captured,
        refunded: entry.refunded,
        reversed: entry.reversed,
        held: entry.held(),
        currency: Currency::from_numeric(entry.currency).map_or("???", |known| known.code()),
        last4: cards::by_id(&entry.card).map_or("", |card| card.last4()),
        network: entry.network.clone(),
        approval_code: entry.approval_code.clone(),
        network_reference: entry.network_reference.clone(),
        authorized_at: format!("{at:.3}"),
        captures: in_force(OperationKind::Capture),
        refunds: in_force(OperationKind::Refund),
    }
}
