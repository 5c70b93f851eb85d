//! JSON for merchants, under `/v1/json/`, and the controls of test sites, under `/test/`.
//!
//! Paths are split on their raw slashes and each segment is decoded once, so that `%2F` belongs
//! to an order id. Every answer is a JSON object, errors included.

pub mod contract;
mod credentials;
pub(crate) mod idempotency;
mod orders;
mod query;
mod transactions;
mod accounts;
pub(crate) mod catalogue;
mod changes;
mod recurring;
mod files;
mod test_controls;
pub(crate) mod calls;
mod test_chargebacks;
mod test_mails;
mod test_notifications;
mod test_sandboxes;
mod internal;
pub(crate) mod reference;

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::extract::Request;
use axum::http::{Method, Response, StatusCode, Uri, header};
use bytes::Bytes;
use http_body_util::{BodyExt, LengthLimitError, Limited};

pub(crate) use orders::site_rules;

use crate::gateway::directory::Caller;
use crate::gateway::{Failure, Gateway};
use crate::limits::BODY_BYTES_MAX;
use contract::ApiError;
use idempotency::RequestKey;

/// A body that does not arrive within this time is given up.
pub const BODY_WAIT: Duration = Duration::from_secs(20);

/// An answer before it is written: status and one JSON object.
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) body: Vec<u8>,
    /// Seconds after which a refused caller may come back.
    pub(crate) retry_after: Option<u32>,
}

impl Answer {
    pub(crate) fn ok(body: Vec<u8>) -> Answer {
        Answer { status: 200, body, retry_after: None }
    }
}

impl From<ApiError> for Answer {
    fn from(error: ApiError) -> Answer {
        Answer { status: error.http_status, body: error.to_json(), retry_after: None }
    }
}

impl From<Failure> for Answer {
    fn from(failure: Failure) -> Answer {
        match failure {
            Failure::Busy | Failure::Contended => {
                Answer { retry_after: Some(1), ..Answer::from(ApiError::overloaded()) }
            }
            // Told once, by whoever looks after the store.
            Failure::NotWriting => {
                Answer { retry_after: Some(5), ..Answer::from(ApiError::overloaded()) }
            }
            Failure::Store(error) => {
                tracing::error!(%error, "the store failed");
                Answer { retry_after: Some(5), ..Answer::from(ApiError::overloaded()) }
            }
            Failure::NoRails => {
                tracing::error!("a site has no acquirer configured for its mode");
                Answer::from(ApiError::cannot_create())
            }
            Failure::Damaged(what) => {
                tracing::error!(what, "stored data cannot be read");
                Answer::from(ApiError::internal())
            }
        }
    }
}

/// Answers one call of the merchants' API.
pub async fn merchants(
    gateway: Arc<Gateway>,
    request: Request,
) -> Result<Response<Body>, Infallible> {
    let uri = request.uri().clone();
    let missing = test_sandboxes::missing(&gateway, &request);
    if let Err(answer) = test_sandboxes::make(&gateway, missing).await {
        return Ok(respond(answer));
    }
    let (call, request) = calls::begin(&gateway, request);
    let answer = idempotency::once(&gateway, request).await.unwrap_or_else(|answer| answer);
    if let Some(call) = call {
        call.end(&answer);
    }
    Ok(respond_at(&uri, answer))
}

/// Answers one call of the controls of test sites.
pub async fn controls(
    gateway: Arc<Gateway>,
    request: Request,
) -> Result<Response<Body>, Infallible> {
    let uri = request.uri().clone();
    let missing = test_sandboxes::missing(&gateway, &request);
    if let Err(answer) = test_sandboxes::make(&gateway, missing).await {
        return Ok(respond(answer));
    }
    let stream = calls::stream(&gateway, &request)
        .or_else(|| test_notifications::stream(&gateway, &request));
    if let Some(stream) = stream {
        return Ok(stream.unwrap_or_else(respond));
    }
    let (call, request) = calls::begin(&gateway, request);
    let is_file = test_controls::asks_for_file(&request);
    let answer = test_controls::route(&gateway, request).await.unwrap_or_else(|answer| answer);
    if let Some(call) = call {
        call.end(&answer);
    }
    let is_file = is_file && answer.status == 200;
    let mut response = respond_at(&uri, answer);
    if is_file {
        let kind = header::HeaderValue::from_static("text/csv; charset=utf-8");
        response.headers_mut().insert(header::CONTENT_TYPE, kind);
    }
    Ok(response)
}

/// Answers one call of the operator's own endpoints.
pub async fn internal(
    gateway: Arc<Gateway>,
    request: Request,
) -> Result<Response<Body>, Infallible> {
    let uri = request.uri().clone();
    if let Some(stream) = calls::stream(&gateway, &request) {
        return Ok(stream.unwrap_or_else(respond));
    }
    let answer = internal::route(&gateway, request).await.unwrap_or_else(|answer| answer);
    Ok(respond_at(&uri, answer))
}

/// The answer to a request for this address.
fn respond_at(uri: &Uri, answer: Answer) -> Response<Body> {
    match answer.status {
        405 => reference::with_allow(respond(answer), reference::allowed(uri.path())),
        _ => respond(answer),
    }
}

fn respond(answer: Answer) -> Response<Body> {
    let mut response = Response::builder()
        .status(StatusCode::from_u16(answer.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR))
        .header(header::CONTENT_TYPE, "application/json; charset=utf-8")
        .header(header::CACHE_CONTROL, "no-store")
        .header(header::X_CONTENT_TYPE_OPTIONS, "nosniff");
    if let Some(seconds) = answer.retry_after {
        response = response.header(header::RETRY_AFTER, seconds);
    }
    response.body(Body::from(answer.body)).expect("the parts of the answer are valid")
}

async fn route(gateway: &Arc<Gateway>, request: Request) -> Result<Answer, Answer> {
    let method = effective_method(&request);
    let caller = match authenticate(gateway, &request) {
        Ok(caller) => caller,
        // Nobody who pays waits for a look at the keys of accounts.
        Err(refusal) => {
            let account = accounts::caller(gateway, &request).ok_or(refusal)?;
            return accounts::route(gateway, &account, (method, request.uri().clone())).await;
        }
    };
    let uri = request.uri().clone();
    let query = || query::Query::parse(uri.query().unwrap_or_default());
    let segments = described_segments(uri.path(), &method)?;
    let parts: Vec<&str> = segments.iter().map(String::as_str).collect();
    let key = RequestKey::of(&request);
    match parts.as_slice() {
        ["orders"] if method == Method::POST => {
            orders::create(gateway, caller, key, read_body(request).await?).await
        }
        ["orders", id] => match method {
            Method::GET => orders::get(gateway, &caller, id).await,
            Method::PATCH => {
                changes::patch_order(gateway, &caller, id, key, read_body(request).await?).await
            }
            _ => Err(ApiError::unknown_path().into()),
        },
        ["orders", id, "refunds"] if method == Method::POST => {
            changes::refund(gateway, &caller, id, key, read_body(request).await?).await
        }
        ["orders", id, "refunds", refund] if method == Method::PATCH => {
            let body = read_body(request).await?;
            changes::patch_refund(gateway, &caller, [id, refund], key, body).await
        }
        ["orders", id, "capture"] if method == Method::POST => {
            changes::capture(gateway, &caller, id, key, read_body(request).await?).await
        }
        ["capture", id] if method == Method::PATCH => {
            changes::patch_capture(gateway, &caller, id, key, read_body(request).await?).await
        }
        ["orders", id, "increment"] if method == Method::POST => {
            changes::increment(gateway, &caller, id, key, read_body(request).await?).await
        }
        ["orders", id, "files"] if method == Method::POST => {
            files::hand_in(gateway, &caller, id, key, request).await
        }
        ["recurring", of @ ..] => match (method, of) {
            (Method::GET, [reference]) => {
                recurring::list(gateway, &caller, reference, &query()).await
            }
            (Method::GET, [reference, "token", token]) => {
                recurring::get(gateway, &caller, reference, token).await
            }
            (Method::DELETE, [reference, "remove", token]) => {
                recurring::delete(gateway, &caller, reference, token).await
            }
            (Method::PATCH, [reference, "update", token]) => {
                let body = read_body(request).await?;
                recurring::update(gateway, &caller, [reference, token], body).await
            }
            _ => Err(ApiError::unknown_path().into()),
        },
        // Only a method that Florin does not have for cards is cancelled so.
        ["orders", _, "cancel"] if method == Method::POST => Err(ApiError::forbidden().into()),
        // What follows is only read, as the table of what is served says.
        ["transactions"] => transactions::list(gateway, &[caller.site], &query()).await,
        ["transactions", id] => transactions::get(gateway, &[caller.site], id).await,
        path => {
            let found = catalogue::answer(gateway, &caller, path, &query());
            found.unwrap_or_else(|| Err(ApiError::unknown_path().into()))
        }
    }
}

/// The segments below `/v1/json/`, where there is a call with this path and method.
fn described_segments(path: &str, method: &Method) -> Result<Vec<String>, ApiError> {
    let segments = segments(path, "/v1/json/").ok_or_else(ApiError::unknown_path)?;
    let parts: Vec<&str> = segments.iter().map(String::as_str).collect();
    reference::check("/v1/json/", &parts, method)?;
    Ok(segments)
}

/// Which site is calling; a key of an account opens none. The key comes in a header, as a bearer
/// token, or in the query.
pub(crate) fn authenticate(gateway: &Gateway, request: &Request) -> Result<Caller, Answer> {
    let caller = test_sandboxes::caller(gateway, request).map_err(|refusal| {
        let is_of_an_account = accounts::caller(gateway, request).is_some();
        if is_of_an_account { ApiError::forbidden().into() } else { refusal }
    })?;
    calls::KeyOf::note(request, &caller.site);
    Ok(caller)
}

/// Java clients cannot send PATCH; they send POST and say so in a header.
fn effective_method(request: &Request) -> Method {
    let named = request.headers().get("x-http-method-override");
    match (request.method(), named) {
        (&Method::POST, Some(name)) => {
            Method::from_bytes(name.as_bytes().to_ascii_uppercase().as_slice())
                .unwrap_or(Method::POST)
        }
        (method, _) => method.clone(),
    }
}

/// The decoded segments below `base`, with or without a slash at the end. `None` when the path is
/// not below it or a segment is not UTF-8.
pub(crate) fn segments(path: &str, base: &str) -> Option<Vec<String>> {
    let rest = path.strip_prefix(base)?;
    let rest = rest.strip_suffix('/').unwrap_or(rest);
    rest.split('/')
        .map(|segment| {
            percent_encoding::percent_decode_str(segment)
                .decode_utf8()
                .ok()
                .map(std::borrow::Cow::into_owned)
        })
        .collect()
}

/// Reads a body within its bounds of size and time.
pub(crate) async fn read_body(request: Request) -> Result<Bytes, Answer> {
    read_body_within(request, BODY_BYTES_MAX, BODY_WAIT).await
}

/// The same, with bounds of its own.
async fn read_body_within(
    request: Request,
    bytes_max: usize,
    wait: Duration,
) -> Result<Bytes, Answer> {
    let body = Limited::new(request.into_body(), bytes_max);
    match tokio::time::timeout(wait, body.collect()).await {
        Ok(Ok(collected)) => Ok(collected.to_bytes()),
        Ok(Err(error)) if error.is::<LengthLimitError>() => Err(ApiError::body_too_large().into()),
        Ok(Err(_)) => Err(ApiError::not_json().into()),
        Err(_) => Err(ApiError::timed_out().into()),
    }
}
