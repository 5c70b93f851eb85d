//! What a key of an account opens: who it is, and the operations of all its sites of one mode.
//! Everything else is a site's own business.

use std::sync::Arc;

use axum::extract::Request;
use axum::http::{Method, Uri};
use serde_json::json;

use super::catalogue::success;
use super::contract::ApiError;
use super::query::Query;
use super::{Answer, credentials, described_segments, transactions};
use crate::gateway::Gateway;
use crate::gateway::accounts::AccountCaller;

/// The account whose key a request has, if it has one.
pub(super) fn caller(gateway: &Gateway, request: &Request) -> Option<AccountCaller> {
    gateway.account_caller(&credentials::find(request)?)
}

/// Answers a call that was made with such a key.
pub(super) async fn route(
    gateway: &Arc<Gateway>,
    caller: &AccountCaller,
    (method, uri): (Method, Uri),
) -> Result<Answer, Answer> {
    let segments = described_segments(uri.path(), &method)?;
    let parts: Vec<&str> = segments.iter().map(String::as_str).collect();
    let query = Query::parse(uri.query().unwrap_or_default());
    match (method, parts.as_slice()) {
        (Method::GET, ["me"]) => Ok(success(&json!({
            // No site is this one's alone.
            "account_id": caller.account_id, "role": "merchant", "site_id": 0,
        }))),
        (Method::GET, ["transactions"]) => transactions::list(gateway, &caller.sites, &query).await,
        (Method::GET, ["transactions", id]) => transactions::get(gateway, &caller.sites, id).await,
        _ => Err(ApiError::forbidden().into()),
    }
}
