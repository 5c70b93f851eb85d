//! What merchants do with an order that exists: `PATCH /orders/{id}`, refunds, captures.

use std::sync::Arc;

use bytes::Bytes;
use florin_core::decision::Refusal;
use serde_json::json;

use super::contract::ApiError;
use super::contract::answer::success;
use super::contract::changes::{
    OrderPatch, read_capture, read_capture_patch, read_increment, read_order_patch, read_refund,
    read_refund_patch,
};
use super::idempotency::RequestKey;
use super::{Answer, orders};
use crate::gateway::change::{Captured, Changed, RefundTaken};
use crate::gateway::directory::Caller;
use crate::gateway::{Failure, Gateway};

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
    let changed = in_a_task(gateway, move |gateway| async move {
        let answer = |_: &()| key.as_ref()?.answered(success(&json!({})));
        match patch {
            OrderPatch::Cancel => gateway.cancel(record, &answer).await,
            OrderPatch::Ship(notes) => gateway.ship(record, notes, &answer).await,
            OrderPatch::Note(notes) => gateway.annotate(record, notes, &answer).await,
            OrderPatch::Never => Ok(Changed::Refused(Refusal::NotInThisState)),
        }
    })
    .await?;
    match changed {
        Changed::Done(()) => Ok(Answer::ok(success(&json!({})))),
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
        // What the issuer says is not known when the increment is committed; the real answer
        // takes the place of this one, unless this process dies first.
        let answer = |_: &()| {
            let interrupted = Answer::from(ApiError::request_interrupted());
            key.as_ref()?.answered_with(interrupted.status, interrupted.body)
        };
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
