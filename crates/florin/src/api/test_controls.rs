//! Controls of test sites, with the site's own key: its clock, the host's books, faults, decisions
//! on held payments, chargebacks, a fresh start.

use std::sync::Arc;

use axum::extract::Request;
use axum::http::Method;
use florin_core::payment::Decider;
use serde_json::{Value, json};

use super::contract::{ApiError, canonical};
use super::{Answer, authenticate, internal, segments, test_chargebacks, test_mails};
use crate::gateway::Gateway;
use crate::gateway::record::Record;
use crate::gateway::site::{Mode, Site};
use crate::gateway::test_platform::{ADVANCE_SECONDS_MAX, ControlError};

impl From<ControlError> for Answer {
    fn from(error: ControlError) -> Answer {
        match error {
            ControlError::NotOffered => ApiError::unknown_path().into(),
            ControlError::Refused(words) => {
                let words: String = words.chars().take(200).collect();
                ApiError::new(400, 1000, &words).into()
            }
            ControlError::Unreachable => {
                ApiError::new(503, 1000, "The simulator does not answer").into()
            }
            ControlError::Failure(failure) => failure.into(),
        }
    }
}

pub(super) async fn route(gateway: &Arc<Gateway>, request: Request) -> Result<Answer, Answer> {
    let caller = authenticate(gateway, &request)?;
    let site = caller.site.clone();
    let method = request.method().clone();
    let path = request.uri().path().to_owned();
    let segments = segments(&path, "/test/").ok_or_else(ApiError::unknown_path)?;
    let parts: Vec<&str> = segments.iter().map(String::as_str).collect();
    match (parts.as_slice(), method) {
        (["clock"], Method::GET) => Ok(clock(gateway.site_clock(&site)?)),
        (["clock", "advance"], Method::POST) => {
            let body = internal::read_object(request).await?;
            let seconds = seconds_of(&body)
                .filter(|seconds| (0..=ADVANCE_SECONDS_MAX).contains(seconds))
                .ok_or_else(|| {
                    ApiError::new(400, 1000, "seconds is a whole number from 0 to ten years")
                })?;
            Ok(clock(gateway.advance_site_clock(&site, seconds).await?))
        }
        (["host"], Method::GET) if asks_for_file(&request) => {
            Ok(Answer::ok(gateway.host_file(&site).await?))
        }
        (["host"], Method::GET) => Ok(success(&gateway.host_books(&site).await?)),
        (["faults"], Method::GET) => Ok(success(&gateway.faults(&site).await?)),
        (["faults"], Method::POST) => {
            let body = internal::read_object(request).await?;
            Ok(success(&gateway.add_faults(&site, body).await?))
        }
        (["data"], Method::DELETE) => {
            let deleted = gateway.delete_site_data(&site).await?;
            Ok(success(&json!({ "orders_deleted": deleted })))
        }
        (["mails"], method) => test_mails::mailbox(gateway, &site, &method).await,
        (["chargebacks"], Method::POST) => test_chargebacks::make(gateway, &caller, request).await,
        (["chargebacks", id], Method::GET) => test_chargebacks::show(gateway, &caller, id).await,
        (["chargebacks", id], Method::POST) => {
            test_chargebacks::step(gateway, &caller, id, request).await
        }
        (["chargebacks"] | ["chargebacks", _], _) => Err(ApiError::wrong_method().into()),
        (["risk", id], Method::GET) => {
            Ok(internal::shown(gateway, &test_order(gateway, &site, id).await?))
        }
        (["orders", id, "review"], Method::POST) => {
            let id = (*id).to_owned();
            let body = internal::read_object(request).await?;
            let role = internal::role_of(&body, Some(Decider::Merchant))?;
            let record = test_order(gateway, &site, &id).await?;
            internal::decide(gateway, record, &body, role).await
        }
        (["clock" | "host" | "faults" | "data"] | ["clock", "advance"], _)
        | (["risk", _] | ["orders", _, "review"], _) => Err(ApiError::wrong_method().into()),
        _ => Err(ApiError::unknown_path().into()),
    }
}

/// Whether the host's books are asked for as an acquirer's file, which is no JSON.
pub(super) fn asks_for_file(request: &Request) -> bool {
    let query = request.uri().query().unwrap_or_default();
    request.method() == Method::GET
        && request.uri().path().trim_end_matches('/') == "/test/host"
        && form_urlencoded::parse(query.as_bytes())
            .any(|(name, it)| name == "format" && it == "csv")
}

fn seconds_of(body: &Value) -> Option<i64> {
    match body.get("seconds")? {
        Value::Number(number) => number.as_i64(),
        Value::String(text) => text.trim().parse().ok(),
        _ => None,
    }
}

/// An order of a test site; live sites have no such controls.
async fn test_order(gateway: &Gateway, site: &Arc<Site>, id: &str) -> Result<Record, Answer> {
    if site.mode != Mode::Test {
        return Err(ApiError::unknown_path().into());
    }
    let found = internal::find_on(gateway, site, id).await?;
    found.ok_or_else(|| ApiError::invalid_order_id().into())
}

/// The simulator answers either bare data or an envelope of its own; shops see one envelope.
pub(super) fn success(data: &Value) -> Answer {
    let data = match data.get("data") {
        Some(inner) if data.get("success").is_some() => inner,
        _ if data.is_null() => &json!({}),
        _ => data,
    };
    Answer::ok(canonical::to_vec(&json!({ "success": true, "data": data })))
}

fn clock((now, offset_ms): (i64, i64)) -> Answer {
    success(&json!({
        "now": super::contract::timestamp::to_text(now),
        "unix_ms": now,
        "offset_seconds": offset_ms.div_euclid(1000),
    }))
}
