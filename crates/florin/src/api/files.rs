//! `POST /orders/{id}/files`: evidence for a dispute.
//!
//! The only call with a body beyond the usual bound. So few are taken at once, and nothing is read
//! for an order that is not there, unless the call has an `Idempotency-Key`: what it is shows in
//! its body.

use std::sync::Arc;
use std::time::Duration;

use axum::extract::Request;
use axum::http::Method;
use bytes::Bytes;
use serde_json::json;
use tokio::sync::OwnedSemaphorePermit;

use super::contract::ApiError;
use super::contract::answer::success;
use super::contract::evidence::{
    FILE_DESCRIPTION_CHARS_MAX, FILE_NAME_CHARS_MAX, read_evidence, refusals,
};
use super::idempotency::RequestKey;
use super::reference::schema::{meaning, object, one_of, open_object, text, text_max};
use super::reference::{Group, Operation};
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

pub(super) fn operations() -> Vec<Operation> {
    let path = "/v1/json/orders/{order_id}/files";
    vec![
        Operation::new(Group::Disputes, Method::POST, path, "handIn", "Hand in evidence")
            .says(
                "A file for the open chargeback of the order that is due first. At most 10 files of \
                 10 MiB each; what the content is decides, not type.",
            )
            .example("order_id", "my-order-id-1")
            .takes(
                object([
                    ("type!", one_of(&["PDF", "JPEG", "PNG", "chargeback"])),
                    ("base64!", meaning("The file", text())),
                    ("description!", text_max(FILE_DESCRIPTION_CHARS_MAX)),
                    ("name!", text_max(FILE_NAME_CHARS_MAX)),
                ]),
                [(
                    "A delivery note",
                    json!({ "type": "PDF", "base64": "JVBERi0xLjQK", "name": "delivery.pdf",
                        "description": "The payer has signed for it" }),
                )],
            )
            .gives("It is kept", open_object(), json!({}))
            .refuses([no_open_chargeback(), too_many_files(), ApiError::missing_data()])
            .refuses(refusals()),
    ]
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
        Changed::Refused(florin_core::decision::Refusal::TooMany) => Err(too_many_files().into()),
        Changed::Refused(_) | Changed::NameTaken => Err(no_open_chargeback().into()),
    }
}

fn too_many_files() -> ApiError {
    ApiError::refused("Too many files")
}

fn no_open_chargeback() -> ApiError {
    ApiError::refused("No open chargeback")
}
