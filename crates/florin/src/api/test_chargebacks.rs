//! Chargebacks on test sites, with the site's own key: makes one, and plays scheme and merchant.

use std::sync::Arc;

use axum::extract::Request;
use axum::http::Method;
use florin_core::decision::{DisputeStep, Refusal};
use serde_json::{Value, json};

use super::changes::in_a_task;
use super::contract::scalars::{Fields, Scalar};
use super::contract::{ApiError, timestamp};
use super::internal::read_object;
use super::reference::schema::{meaning, minor_units, named, object, one_of, text_max, whole_from};
use super::reference::{Group, Operation, examples};
use super::test_controls::success;
use super::{Answer, orders};
use crate::gateway::Gateway;
use crate::gateway::change::Changed;
use crate::gateway::directory::Caller;
use crate::gateway::dispute::{Case, News, refusal_words};
use crate::gateway::view::dispute_view;

/// Days that the merchant has where the scheme wants more evidence and no number is given.
const MORE_DAYS: i64 = 10;

/// Most days until a due date.
const DUE_DAYS_MAX: i64 = 3660;

const DAY_MS: i64 = 24 * 60 * 60 * 1000;

/// Most characters of reason codes and references.
const CODE_CHARS_MAX: usize = 64;

pub(super) fn operations() -> Vec<Operation> {
    let new = |method, path, id, summary| {
        let operation = Operation::new(Group::TestSites, method, path, id, summary);
        operation
            .gives("The case", named("Case"), examples::case())
            .refuses([ApiError::invalid_order_id(), ApiError::refused("Why it cannot be")])
    };
    let days = || whole_from(0, DUE_DAYS_MAX);
    vec![
        new(Method::POST, "/test/chargebacks", "makeChargeback", "Take the money back")
            .says("As the payer's bank does it: all of it, or amount.")
            .takes(
                object([
                    ("order_id!", meaning("Of an order or a capture", text_max(50))),
                    ("reason_code!", text_max(CODE_CHARS_MAX)),
                    ("amount", minor_units()),
                    ("due_days", meaning("Until the shop must have answered", days())),
                    ("reference", text_max(CODE_CHARS_MAX)),
                ]),
                [(
                    "Goods that did not come",
                    json!({ "order_id": "my-order-id-1", "reason_code": "13.1" }),
                )],
            )
            .refuses([ApiError::missing_data(), ApiError::invalid_amount(), due_days_are_wrong()]),
        new(
            Method::GET,
            "/test/chargebacks/{transaction_id}",
            "showChargeback",
            "Where a chargeback stands",
        ),
        new(
            Method::POST,
            "/test/chargebacks/{transaction_id}",
            "moveChargeback",
            "Play the scheme or the merchant",
        )
        .takes(
            object([
                (
                    "action!",
                    one_of(&["accept", "dispute", "submit", "ask_more", "process", "win", "lose"]),
                ),
                ("due_days", meaning("Of ask_more", days())),
            ]),
            [("The merchant wins", json!({ "action": "win" }))],
        )
        .refuses([ApiError::missing_data(), due_days_are_wrong()]),
    ]
}

fn due_days_are_wrong() -> ApiError {
    ApiError::new(400, 1000, "due_days is a whole number from 0 to ten years")
}

/// `POST /test/chargebacks`: the payer's bank takes money back.
pub(super) async fn make(
    gateway: &Arc<Gateway>,
    caller: &Caller,
    request: Request,
) -> Result<Answer, Answer> {
    let body = read_object(request).await?;
    let fields = Fields::of(&body);
    let order_id = fields.text("order_id").ok_or_else(ApiError::missing_data)?;
    let reason_code = code(fields, "reason_code")?.ok_or_else(ApiError::missing_data)?;
    let reference = code(fields, "reference")?;
    let amount = match fields.scalar("amount") {
        Scalar::Absent => None,
        _ => Some(fields.whole("amount").ok_or_else(ApiError::invalid_amount)?),
    };
    let due = due_days(fields)?.map(|days| due_in(gateway, caller, days));
    let record = orders::find(gateway, caller, order_id.trim()).await?;
    let news = News { amount, reason_code, reference, at: None, due };
    let made =
        in_a_task(gateway, move |gateway| async move { gateway.charge_back(record, news).await });
    match made.await? {
        Changed::Done(case) => Ok(shown(&case)),
        Changed::Refused(Refusal::AmountOutOfBounds) => Err(ApiError::invalid_amount().into()),
        Changed::Refused(refusal) => Err(ApiError::refused(&refusal_words(refusal, None)).into()),
        Changed::NameTaken => Err(ApiError::invalid_order_id().into()),
    }
}

/// `GET /test/chargebacks/{transaction_id}`: where a case stands.
pub(super) async fn show(
    gateway: &Arc<Gateway>,
    caller: &Caller,
    transaction_id: &str,
) -> Result<Answer, Answer> {
    Ok(shown(&find(gateway, caller, transaction_id).await?))
}

/// `POST /test/chargebacks/{transaction_id}`: one step of scheme or merchant.
pub(super) async fn step(
    gateway: &Arc<Gateway>,
    caller: &Caller,
    transaction_id: &str,
    request: Request,
) -> Result<Answer, Answer> {
    let body = read_object(request).await?;
    let fields = Fields::of(&body);
    let action = fields.text("action").ok_or_else(ApiError::missing_data)?;
    let step = match action.trim() {
        "accept" => DisputeStep::Accept,
        "dispute" => DisputeStep::Open,
        "submit" => DisputeStep::Submit,
        "ask_more" => {
            let days = due_days(fields)?.unwrap_or(MORE_DAYS);
            DisputeStep::AskMore { due: due_in(gateway, caller, days) }
        }
        "process" => DisputeStep::Process,
        "win" => DisputeStep::Win { credit_id: gateway.next_credit() },
        "lose" => DisputeStep::Lose,
        _ => return Err(ApiError::refused("Invalid action").into()),
    };
    let case = find(gateway, caller, transaction_id).await?;
    let stage = case.chargeback().stage;
    let moved = in_a_task(gateway, move |gateway| async move { gateway.dispute(case, step).await });
    match moved.await? {
        Changed::Done(case) => Ok(shown(&case)),
        Changed::Refused(refusal) => {
            Err(ApiError::refused(&refusal_words(refusal, Some(stage))).into())
        }
        Changed::NameTaken => Err(ApiError::invalid_order_id().into()),
    }
}

async fn find(
    gateway: &Arc<Gateway>,
    caller: &Caller,
    transaction_id: &str,
) -> Result<Case, Answer> {
    let case = match transaction_id.parse() {
        Ok(transaction_id) => gateway.case(&caller.site, transaction_id).await?,
        Err(_) => None,
    };
    case.ok_or_else(|| ApiError::invalid_order_id().into())
}

fn code(fields: Fields<'_>, name: &str) -> Result<Option<String>, Answer> {
    let Some(text) = fields.text(name).map(|text| text.trim().to_owned()) else { return Ok(None) };
    if text.chars().count() > CODE_CHARS_MAX {
        return Err(ApiError::refused(&format!("Invalid {name}")).into());
    }
    Ok(Some(text))
}

fn due_days(fields: Fields<'_>) -> Result<Option<i64>, Answer> {
    if fields.lacks("due_days") {
        return Ok(None);
    }
    let days = fields.whole("due_days").filter(|days| (0..=DUE_DAYS_MAX).contains(days));
    days.map(Some).ok_or_else(|| due_days_are_wrong().into())
}

fn due_in(gateway: &Gateway, caller: &Caller, days: i64) -> i64 {
    caller.site.time(gateway.now()).saturating_add(days.saturating_mul(DAY_MS))
}

fn shown(case: &Case) -> Answer {
    let (record, chargeback) = (&case.record, case.chargeback());
    let data: Value = json!({
        "amount": chargeback.amount,
        "created": timestamp::to_text(chargeback.at),
        "currency": record.order.payment.amount.currency.code(),
        "dispute": dispute_view(chargeback).to_value(),
        "due": timestamp::to_text(chargeback.due),
        "files": chargeback.files.len(),
        "order_id": record.shown_order_id(),
        "reference": chargeback.reference,
        "reverse_transaction_id": chargeback.credit().map(|credit| credit.transaction_id.0),
        "transaction_id": chargeback.transaction_id.0,
    });
    success(&data)
}
