//! `POST /orders/{id}/files`: evidence for a dispute.
//!
//! The only call with a body beyond the usual bound. So few are taken at once, and nothing is read
//! for an order that is not there, unless the call has an `Idempotency-Key`: what it is shows in
//! its body.

use std::sync::Arc;
use std::time::Duration;

use axum::extract::Request;
use bytes::Bytes;
use serde_json::json;
use tokio::sync::OwnedSemaphorePermit;

use super::contract::ApiError;
use super::contract::answer::success;
use super::contract::evidence::read_evidence;
use super::idempotency::RequestKey;
use super::{Answer, orders, read_body_within, segments};
use crate::gateway::change::Changed;
use crate::gateway::directory::Caller;
use crate::gateway::dispute::{Evidence, waiting_case};
use crate::gateway::{Failure, Gateway};
use crate::limits::{UPLOAD_BODY_BYTES_MAX, UPLOAD_WAIT_MS};

/// One of the few uploads that are taken at once.
pub(super) type Upload = Arc<OwnedSemaphorePermit>;

/// Whether a call to this path may carry a file.
pub(super) fn is_upload(path: &str) -> bool {
    let segments = segments(path, "/v1/json/").unwrap_or_default();
    matches!(segments.as_slice(), [orders, _, files] if orders == "orders" && files == "files")
}

/// Takes an upload on, unless too many are under way.
pub(super) fn begin(gateway: &Gateway) -> Result<Upload, Answer> {
    let permit = gateway.work.uploads.clone().try_acquire_owned();
    permit.map(Arc::new).map_err(|_| Failure::Busy.into())
}

/// Reads the body of an upload within its own bounds.
pub(super) async fn read(request: Request) -> Result<Bytes, Answer> {
    let wait = Duration::from_millis(UPLOAD_WAIT_MS);
    read_body_within(request, UPLOAD_BODY_BYTES_MAX, wait).await
}

/// Keeps a file for the chargeback that waits for the merchant.
pub(super) async fn hand_in(
    gateway: &Arc<Gateway>,
    caller: &Caller,
    id: &str,
    key: Option<RequestKey>,
    request: Request,
) -> Result<Answer, Answer> {
    let record = match orders::find(gateway, caller, id).await {
        // Here the contract has another code for it than elsewhere.
        Err(answer) if answer.status == 404 => return Err(ApiError::unknown_path().into()),
        found => found?,
    };
    let upload = match request.extensions().get::<Upload>() {
        Some(upload) => upload.clone(),
        None => begin(gateway)?,
    };
    let body = read(request).await?;
    let file = read_evidence(&body)?;
    drop(body);
    if waiting_case(&record).is_none() {
        return Err(no_open_chargeback().into());
    }
    let evidence = Evidence {
        name: file.name,
        kind: file.kind,
        description: file.description,
        bytes: file.bytes,
    };
    let handed_in = super::changes::in_a_task(gateway, move |gateway| async move {
        let answer = |_: &()| key.as_ref()?.answered(success(&json!({})));
        let handed_in = gateway.hand_in(record, evidence, &answer).await;
        drop(upload);
        handed_in
    })
    .await?;
    match handed_in {
        Changed::Done(()) => Ok(Answer::ok(success(&json!({})))),
        Changed::Refused(florin_core::decision::Refusal::TooMany) => {
            Err(ApiError::refused("Too many files").into())
        }
        Changed::Refused(_) | Changed::NameTaken => Err(no_open_chargeback().into()),
    }
}

fn no_open_chargeback() -> ApiError {
    ApiError::refused("No open chargeback")
}
