//! What merchants do with an order that exists: `PATCH /orders/{id}`, refunds, captures.

use std::sync::Arc;

use axum::http::Method;
use bytes::Bytes;
use florin_core::decision::Refusal;
use florin_core::method::Refunds;
use florin_core::payment::Instant;
use serde_json::json;

use super::contract::ApiError;
use super::contract::answer::success;
use super::contract::changes::{
    OrderPatch, SHIPMENT_CHARS_MAX, read_capture, read_capture_patch, read_increment,
    read_order_patch, read_refund, read_refund_patch,
};
use super::contract::timestamp::to_text;
use super::idempotency::RequestKey;
use super::reference::schema::{
    boolean, list, loose_text, meaning, minor_units, named, object, one_of, open_object, refusal,
    text, text_max, whole,
};
use super::reference::{Group, JSON, Operation, examples};
use super::{Answer, orders};
use crate::gateway::change::{Captured, Changed, GivingUp, RefundTaken};
use crate::gateway::directory::Caller;
use crate::gateway::record::Record;
use crate::gateway::shipment::{PartAnswers, PartShipment};
use crate::gateway::{Failure, Gateway};
use crate::store::AnsweredRequest;

pub(super) fn operations() -> Vec<Operation> {
    vec![
        patch_operation(),
        refund_operation(),
        new(
            Method::PATCH,
            "/v1/json/orders/{order_id}/refunds/{refund_id}",
            "cancelRefund",
            "Take a refund back",
        )
        .says("As long as it is reserved: until midnight of the shop's time zone.")
        .example("order_id", "my-order-id-1")
        .takes(
            object([("status!", one_of(&["void"]))]),
            [("Take it back", json!({ "status": "void" }))],
        )
        .gives("It is taken back", open_object(), json!({}))
        .refuses([
            ApiError::missing_data(),
            ApiError::refused("Invalid status"),
            ApiError::invalid_order_id(),
            ApiError::cannot_refund(),
        ]),
        capture_operation(),
        new(Method::PATCH, "/v1/json/capture/{order_id}", "cancelCapture", "Release what is left")
            .says("Gives back what is left of an authorization.")
            .example("order_id", "my-order-id-2")
            .takes(
                object([
                    ("status!", one_of(&["cancelled"])),
                    ("reason!", json!({ "type": "string", "minLength": 1, "maxLength": 200 })),
                ]),
                [("Sold out", json!({ "status": "cancelled", "reason": "sold out" }))],
            )
            .gives(
                "It is released",
                object([
                    ("order_id!", text()),
                    ("success!", boolean()),
                    ("transaction_id!", whole()),
                ]),
                json!({ "order_id": "my-order-id-2", "success": true,
                    "transaction_id": examples::TRANSACTION }),
            )
            .refuses([
                ApiError::missing_data(),
                ApiError::refused("Invalid status"),
                ApiError::invalid_order_id(),
                ApiError::not_allowed(),
            ]),
        new(Method::POST, "/v1/json/orders/{order_id}/increment", "increment", "Authorize more")
            .says("Asks the issuer for more while the authorization lasts. Florin's own call.")
            .example("order_id", "my-order-id-2")
            .takes(object([("amount!", minor_units())]), [("10 more", json!({ "amount": 1000 }))])
            .gives("The order", named("Order"), examples::order())
            .gives_as(200, "The issuer said no", JSON, refusal(&[1024]), None)
            .refuses([
                ApiError::invalid_amount(),
                ApiError::invalid_order_id(),
                ApiError::not_allowed(),
            ]),
        new(Method::POST, "/v1/json/orders/{order_id}/cancel", "cancelOrder", "Not for cards")
            .says("Exists for another method only; PATCH with status cancelled is meant for cards.")
            .example("order_id", "my-order-id-1")
            .refuses([ApiError::forbidden()]),
    ]
}

fn new(method: Method, path: &'static str, id: &'static str, summary: &'static str) -> Operation {
    Operation::new(Group::AfterPayment, method, path, id, summary)
}

fn patch_operation() -> Operation {
    let note = || loose_text(SHIPMENT_CHARS_MAX);
    let path = "/v1/json/orders/{order_id}";
    new(Method::PATCH, path, "patchOrder", "Cancel, ship, or note")
        .says(
            "cancelled as long as the payer or the issuer is waited for; shipped once it is paid; \
             without a status what is said about invoice and shipment is kept. A payer who is \
             reminded of a cancelled order (second_chance) can still pay it by that mail; with \
             exclude_order nobody is reminded of it any more. extend_expiration prolongs what \
             Klarna has promised, and answers with the new expiration_date. \
             partial_shipment_amount ships a part of what is bought now and paid later: the part \
             becomes an order of its own, named new_order_id.",
        )
        .example("order_id", "my-order-id-1")
        .takes(
            object([
                ("status", one_of(&["cancelled", "shipped"])),
                ("exclude_order", json!({ "anyOf": [boolean(), { "enum": [0, 1] }] })),
                ("extend_expiration", boolean()),
                ("partial_shipment_amount", minor_units()),
                ("new_order_id", text_max(50)),
                ("invoice_id", note()),
                ("invoice_url", note()),
                ("tracktrace_code", note()),
                ("tracktrace_url", note()),
                ("carrier", note()),
                ("ship_date", note()),
                ("po_number", note()),
                ("reason", note()),
                ("memo", note()),
            ]),
            [
                ("Shipped", json!({ "status": "shipped", "carrier": "PostNL" })),
                (
                    "A part is shipped",
                    json!({ "status": "shipped", "partial_shipment_amount": 400,
                        "new_order_id": "my-order-id-1-a" }),
                ),
                ("An invoice", json!({ "invoice_id": "2026-17" })),
                ("Given up", json!({ "status": "cancelled", "exclude_order": true })),
            ],
        )
        .gives("It is so", open_object(), json!({}))
        .refuses([
            ApiError::missing_data(),
            ApiError::refused("Invalid status"),
            ApiError::invalid_order_id(),
            ApiError::invalid_amount(),
            ApiError::change_not_possible(),
        ])
}

fn refund_operation() -> Operation {
    let path = "/v1/json/orders/{order_id}/refunds";
    new(Method::POST, path, "refund", "Refund, whole or in part")
        .says(
            "With amount, or without one for all that is left, or with items of a cart whose price \
             or quantity is negative. It is reserved first and settled at midnight of the shop's \
             time zone, or at once, by a setting of the site.",
        )
        .example("order_id", "my-order-id-1")
        .takes(
            object([
                ("currency!", text()),
                ("amount", minor_units()),
                ("description", text_max(200)),
                ("refund_order_id", meaning("The merchant's name for the refund", text_max(50))),
                (
                    "checkout_data",
                    object([("items", list(named("CartItem"))), ("tax_tables", open_object())]),
                ),
                ("var1", loose_text(500)),
                ("var2", loose_text(500)),
                ("var3", loose_text(500)),
            ]),
            [("A part", json!({ "currency": "EUR", "amount": 250, "description": "it broke" }))],
        )
        .gives(
            "The refund",
            object([("order_id!", text()), ("refund_id!", whole()), ("transaction_id!", whole())]),
            json!({ "order_id": "my-order-id-1", "refund_id": examples::TRANSACTION + 1,
                "transaction_id": examples::TRANSACTION }),
        )
        .refuses([
            ApiError::invalid_order_id(),
            ApiError::invalid_currency(),
            ApiError::invalid_amount(),
            ApiError::invalid_description(),
            ApiError::invalid_variable(),
            ApiError::cart_currencies_differ(),
            ApiError::cart_currency_not_of_order(),
            ApiError::invalid_tax_rate(),
            ApiError::unknown_tax_table(),
            ApiError::invalid_item_currency(),
            ApiError::invalid_item_price(),
            ApiError::invalid_country(),
            ApiError::cannot_read_refund(),
            ApiError::cannot_refund(),
            ApiError::refund_repeated(),
        ])
}

fn capture_operation() -> Operation {
    let path = "/v1/json/orders/{order_id}/capture";
    new(Method::POST, path, "capture", "Capture, whole or in part")
        .says(
            "Of an order that was made with capture manual. A part becomes an order of its own, \
             named new_order_id.",
        )
        .example("order_id", "my-order-id-2")
        .takes(
            object([
                ("amount", minor_units()),
                ("new_order_id", text_max(50)),
                ("new_order_status", one_of(&["completed"])),
                ("invoice_id", loose_text(SHIPMENT_CHARS_MAX)),
                ("carrier", loose_text(SHIPMENT_CHARS_MAX)),
                ("reason", loose_text(SHIPMENT_CHARS_MAX)),
                ("tracktrace_code", loose_text(SHIPMENT_CHARS_MAX)),
                ("memo", loose_text(SHIPMENT_CHARS_MAX)),
            ]),
            [(
                "A part",
                json!({ "amount": 400, "new_order_id": "my-order-id-2-a",
                "new_order_status": "completed" }),
            )],
        )
        .gives(
            "What was captured",
            object([("order_id!", text()), ("transaction_id!", whole())]),
            json!({ "order_id": "my-order-id-2-a", "transaction_id": examples::TRANSACTION }),
        )
        .refuses([
            ApiError::refused("Invalid status"),
            ApiError::invalid_order_id(),
            ApiError::invalid_amount(),
            ApiError::not_allowed(),
        ])
}

/// `PATCH /orders/{id}`: cancels, notes a shipment or an invoice.
pub(super) async fn patch_order(
    gateway: &Arc<Gateway>,
    caller: &Caller,
    id: &str,
    key: Option<RequestKey>,
    body: Bytes,
) -> Result<Answer, Answer> {
    let patch = read_order_patch(&body)?;
    let record = orders::find(gateway, caller, id).await?;
    let patch = match patch {
        OrderPatch::Extend => return extend(gateway, record, key).await,
        OrderPatch::ShipPart(part) => return ship_part(gateway, record, part, key).await,
        patch => patch,
    };
    let changed = in_a_task(gateway, move |gateway| async move {
        let answer = |_: &()| key.as_ref()?.answered(success(&json!({})));
        match patch {
            OrderPatch::Cancel => gateway.cancel(record, GivingUp::Remindable, &answer).await,
            OrderPatch::Exclude => gateway.cancel(record, GivingUp::ForGood, &answer).await,
            OrderPatch::Ship(notes) => gateway.ship(record, notes, &answer).await,
            OrderPatch::Note(notes) => gateway.annotate(record, notes, &answer).await,
            OrderPatch::Extend | OrderPatch::ShipPart(_) => {
                Ok(Changed::Refused(Refusal::NotInThisState))
            }
        }
    })
    .await?;
    match changed {
        Changed::Done(()) => Ok(Answer::ok(success(&json!({})))),
        Changed::Refused(_) | Changed::NameTaken => Err(ApiError::change_not_possible().into()),
    }
}

/// Ships a part of what was promised, and says which order that makes.
async fn ship_part(
    gateway: &Arc<Gateway>,
    record: Record,
    part: PartShipment,
    key: Option<RequestKey>,
) -> Result<Answer, Answer> {
    let changed = in_a_task(gateway, move |gateway| async move {
        let underway = |_: &()| interrupted(key.as_ref()?);
        let paid = |captured: &Captured| key.as_ref()?.answered(capture_answer(captured));
        let answers = PartAnswers { underway: &underway, paid: &paid };
        gateway.ship_part(record, part, answers).await
    })
    .await?;
    match changed {
        Changed::Done(Some(captured)) => Ok(Answer::ok(capture_answer(&captured))),
        Changed::Done(None) => Err(ApiError::request_interrupted().into()),
        Changed::NameTaken => Err(ApiError::invalid_order_id().into()),
        Changed::Refused(Refusal::AmountOutOfBounds) => Err(ApiError::invalid_amount().into()),
        Changed::Refused(_) => Err(ApiError::change_not_possible().into()),
    }
}

/// What is committed with a change whose outcome is not known yet; the real answer takes the place
/// of this one, unless this process dies first.
fn interrupted(key: &RequestKey) -> Option<AnsweredRequest> {
    let interrupted = Answer::from(ApiError::request_interrupted());
    key.answered_with(interrupted.status, interrupted.body)
}

/// Has a promise last longer, and says until when.
async fn extend(
    gateway: &Arc<Gateway>,
    record: Record,
    key: Option<RequestKey>,
) -> Result<Answer, Answer> {
    let body = |until: &Instant| success(&json!({ "expiration_date": to_text(*until) }));
    let changed = in_a_task(gateway, move |gateway| async move {
        let answer = |until: &Instant| key.as_ref()?.answered(body(until));
        gateway.prolong(record, &answer).await
    })
    .await?;
    match changed {
        Changed::Done(until) => Ok(Answer::ok(body(&until))),
        Changed::Refused(_) | Changed::NameTaken => Err(ApiError::change_not_possible().into()),
    }
}

/// `POST /orders/{id}/refunds`.
pub(super) async fn refund(
    gateway: &Arc<Gateway>,
    caller: &Caller,
    id: &str,
    key: Option<RequestKey>,
    body: Bytes,
) -> Result<Answer, Answer> {
    let record = orders::find(gateway, caller, id).await?;
    let details = &record.request.details;
    let address = details.delivery.as_ref().unwrap_or(&details.customer.address);
    let country = address.country().or(details.customer.address.country());
    let currency = record.order.payment.amount.currency;
    let asked = read_refund(&body, currency, country)?;
    let rule = record.order.payment.other.as_ref().map(|other| other.method.refunds);
    if rule == Some(Refunds::WithCart) && !asked.has_cart {
        return Err(ApiError::cannot_read_refund().into());
    }
    let changed = in_a_task(gateway, move |gateway| async move {
        let answer = |taken: &RefundTaken| key.as_ref()?.answered(refund_answer(taken));
        gateway.refund(record, asked.amount, asked.words, &answer).await
    })
    .await?;
    match changed {
        Changed::Done(taken) => Ok(Answer::ok(refund_answer(&taken))),
        Changed::NameTaken => Err(ApiError::invalid_order_id().into()),
        Changed::Refused(Refusal::RefundRepeated) => Err(ApiError::refund_repeated().into()),
        Changed::Refused(Refusal::AmountOutOfBounds) => Err(ApiError::invalid_amount().into()),
        Changed::Refused(_) => Err(ApiError::cannot_refund().into()),
    }
}

/// `PATCH /orders/{id}/refunds/{refund_id}`: takes a refund back.
pub(super) async fn patch_refund(
    gateway: &Arc<Gateway>,
    caller: &Caller,
    [id, refund_id]: [&str; 2],
    key: Option<RequestKey>,
    body: Bytes,
) -> Result<Answer, Answer> {
    read_refund_patch(&body)?;
    let record = orders::find(gateway, caller, id).await?;
    let number = refund_id.parse().ok().and_then(|id| record.refund(id)).map(|it| it.number);
    let number = number.ok_or_else(ApiError::invalid_order_id)?;
    let changed = in_a_task(gateway, move |gateway| async move {
        let answer = |_: &()| key.as_ref()?.answered(success(&json!({})));
        gateway.void_refund(record, number, &answer).await
    })
    .await?;
    match changed {
        Changed::Done(()) => Ok(Answer::ok(success(&json!({})))),
        Changed::Refused(_) | Changed::NameTaken => Err(ApiError::cannot_refund().into()),
    }
}

/// `POST /orders/{id}/capture`.
pub(super) async fn capture(
    gateway: &Arc<Gateway>,
    caller: &Caller,
    id: &str,
    key: Option<RequestKey>,
    body: Bytes,
) -> Result<Answer, Answer> {
    let asked = read_capture(&body)?;
    let record = orders::find(gateway, caller, id).await?;
    let changed = in_a_task(gateway, move |gateway| async move {
        let (amount, name) = (asked.amount, asked.new_order_id);
        let answer = |captured: &Captured| key.as_ref()?.answered(capture_answer(captured));
        gateway.capture(record, amount, name, asked.shipment, &answer).await
    })
    .await?;
    match changed {
        Changed::Done(captured) => Ok(Answer::ok(capture_answer(&captured))),
        Changed::NameTaken => Err(ApiError::invalid_order_id().into()),
        Changed::Refused(Refusal::AmountOutOfBounds) => Err(ApiError::invalid_amount().into()),
        Changed::Refused(_) => Err(ApiError::not_allowed().into()),
    }
}

/// `PATCH /capture/{id}`: gives up what is left of an authorization.
pub(super) async fn patch_capture(
    gateway: &Arc<Gateway>,
    caller: &Caller,
    id: &str,
    key: Option<RequestKey>,
    body: Bytes,
) -> Result<Answer, Answer> {
    read_capture_patch(&body)?;
    let record = orders::find(gateway, caller, id).await?;
    let body = success(&json!({
        "order_id": record.order_id,
        "success": true,
        "transaction_id": record.order.payment.transaction_id.0,
    }));
    let committed = body.clone();
    let changed = in_a_task(gateway, move |gateway| async move {
        let answer = |_: &()| key.as_ref()?.answered(committed.clone());
        gateway.release(record, &answer).await
    })
    .await?;
    match changed {
        Changed::Done(()) => Ok(Answer::ok(body)),
        Changed::Refused(_) | Changed::NameTaken => Err(ApiError::not_allowed().into()),
    }
}

/// `POST /orders/{id}/increment`, a call of Florin's own: asks the issuer for more of an
/// authorization.
pub(super) async fn increment(
    gateway: &Arc<Gateway>,
    caller: &Caller,
    id: &str,
    key: Option<RequestKey>,
    body: Bytes,
) -> Result<Answer, Answer> {
    let amount = read_increment(&body)?;
    let record = orders::find(gateway, caller, id).await?;
    let order_id = record.order_id.clone();
    let changed = in_a_task(gateway, move |gateway| async move {
        // What the issuer says is not known when the increment is committed.
        let answer = |_: &()| interrupted(key.as_ref()?);
        gateway.increment(record, amount, &answer).await
    })
    .await?;
    match changed {
        Changed::Done(true) => {
            let record = orders::find(gateway, caller, &order_id).await?;
            Ok(orders::show(&record))
        }
        Changed::Done(false) => Err(ApiError::declined().into()),
        Changed::Refused(Refusal::AmountOutOfBounds) => Err(ApiError::invalid_amount().into()),
        Changed::Refused(_) | Changed::NameTaken => Err(ApiError::not_allowed().into()),
    }
}

fn refund_answer(taken: &RefundTaken) -> Vec<u8> {
    success(&json!({
        "transaction_id": taken.transaction_id,
        "refund_id": taken.refund_id,
        "order_id": taken.order_id,
    }))
}

fn capture_answer(captured: &Captured) -> Vec<u8> {
    success(&json!({
        "transaction_id": captured.transaction_id,
        "order_id": captured.order_id,
    }))
}

/// Runs a change to its end, whether or not the caller waits for it.
pub(super) async fn in_a_task<T, F, W>(gateway: &Arc<Gateway>, work: F) -> Result<T, Answer>
where
    T: Send + 'static,
    F: FnOnce(Arc<Gateway>) -> W,
    W: Future<Output = Result<T, Failure>> + Send + 'static,
{
    if gateway.work.writing.is_failing() {
        return Err(Failure::NotWriting.into());
    }
    let Ok(permit) = gateway.work.creates.clone().try_acquire_owned() else {
        return Err(Failure::Busy.into());
    };
    let work = work(gateway.clone());
    let task = crate::tasks::start(async move {
        let done = work.await;
        drop(permit);
        done
    });
    match task.await {
        Ok(done) => Ok(done?),
        Err(error) => {
            tracing::error!(%error, "a change panicked");
            Err(ApiError::internal().into())
        }
    }
}
