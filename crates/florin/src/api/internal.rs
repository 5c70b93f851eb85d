//! The operator's own endpoints, under `/internal/`: decisions on held payments, opened by a
//! token of the gateway's settings that no site's key can stand for. Closed without one.
//!
//! Not part of the merchants' API; clients of that must not be shown it.

use std::sync::Arc;

use axum::extract::Request;
use axum::http::{Method, header};
use florin_core::payment::{Decider, ReviewVerdict};
use serde_json::{Value, json};
use subtle::ConstantTimeEq;

use super::contract::{ApiError, canonical};
use super::reference::schema::{meaning, named, object, one_of, whole};
use super::reference::{Caller, Group, Operation, examples};
use super::{Answer, calls, read_body, reference, segments};
use crate::gateway::Gateway;
use crate::gateway::record::Record;
use crate::gateway::risk::report::risk_json;
use crate::gateway::risk::review::NotDecided;
use crate::gateway::site::Site;

/// Sites that are searched for an order whose site is not named.
const SITES_SEARCHED_MAX: usize = 100;
/// Longest id that is looked up.
const ID_CHARACTERS_MAX: usize = 50;

pub(super) fn operations() -> Vec<Operation> {
    let new = |method, path, id, summary| {
        Operation::new(Group::Operators, method, path, id, summary)
            .called_by(Caller::Operator)
            .gives("The report", named("RiskReport"), examples::risk())
            .refuses([name_it()])
    };
    let site = || meaning("The site's number, where several have such an order", whole());
    vec![
        new(Method::GET, "/internal/orders/{order_id}/risk", "risk", "Why an order is held")
            .query("site", "The site's number, where several have such an order", whole())
            .refuses([ApiError::invalid_order_id()]),
        new(Method::POST, "/internal/orders/{order_id}/review", "review", "Decide on a held order")
            .takes(
                object([
                    ("verdict!", one_of(&["accept", "decline"])),
                    ("role!", one_of(&["merchant", "risk"])),
                    ("site", site()),
                ]),
                [("Take it", json!({ "verdict": "accept", "role": "risk" }))],
            )
            .refuses(refusals_of_reviews()),
    ]
}

pub(super) async fn route(gateway: &Arc<Gateway>, request: Request) -> Result<Answer, Answer> {
    authorize(gateway, &request)?;
    let method = request.method().clone();
    let path = request.uri().path().to_owned();
    let segments = segments(&path, "/internal/").ok_or_else(ApiError::unknown_path)?;
    let parts: Vec<&str> = segments.iter().map(String::as_str).collect();
    reference::check("/internal/", &parts, &method)?;
    match (parts.as_slice(), method) {
        (["calls"], Method::GET) => {
            Ok(calls::listed(gateway, &calls::Shown::All, request.uri().query()))
        }
        (["orders", id, "review"], Method::POST) => {
            let body = read_object(request).await?;
            let role = role_of(&body, None)?;
            let record = find(gateway, id, body.get("site").and_then(Value::as_i64)).await?;
            decide(gateway, record, &body, role).await
        }
        (["orders", id, "risk"], Method::GET) => {
            let record = find(gateway, id, site_of_query(&request)).await?;
            Ok(shown(gateway, &record))
        }
        _ => Err(ApiError::unknown_path().into()),
    }
}

/// The token is compared as a keyed hash, so that the time it takes tells nothing of it.
pub(super) fn authorize(gateway: &Gateway, request: &Request) -> Result<(), Answer> {
    let expected = gateway.internal_token.ok_or_else(ApiError::unknown_path)?;
    let given = request.headers().get(header::AUTHORIZATION).and_then(|it| it.to_str().ok());
    let given = given.and_then(|it| it.split_once(' ')).filter(|(scheme, token)| {
        scheme.eq_ignore_ascii_case("bearer") && token.len() <= TOKEN_BYTES_MAX
    });
    let token = given.map(|(_, token)| token.trim()).unwrap_or_default();
    let hash = gateway.vault.token_hash(token.as_bytes());
    if bool::from(hash.ct_eq(&expected)) { Ok(()) } else { Err(wrong_token().into()) }
}

pub(super) fn wrong_token() -> ApiError {
    ApiError::new(401, 1000, "The operator's token is missing or wrong")
}

/// Longest text that is compared with the token.
const TOKEN_BYTES_MAX: usize = 1024;

pub(super) async fn read_object(request: Request) -> Result<Value, Answer> {
    let body = read_body(request).await?;
    let value: Value = serde_json::from_slice(&body).map_err(|_| ApiError::not_json())?;
    if value.is_object() { Ok(value) } else { Err(ApiError::not_json().into()) }
}

fn site_of_query(request: &Request) -> Option<i64> {
    let query = request.uri().query()?;
    let mut pairs = form_urlencoded::parse(query.as_bytes());
    pairs.find(|(name, _)| name == "site").and_then(|(_, value)| value.parse().ok())
}

fn name_it() -> ApiError {
    ApiError::new(400, 1000, "Say which site the order belongs to")
}

/// The order with this id; its site may be left out where only one site has such an order.
async fn find(gateway: &Gateway, id: &str, site: Option<i64>) -> Result<Record, Answer> {
    let sites = match site {
        Some(number) => gateway.directory.site(number).into_iter().collect(),
        None => gateway.directory.sites(),
    };
    if sites.len() > SITES_SEARCHED_MAX {
        return Err(name_it().into());
    }
    let mut found = None;
    for site in &sites {
        if let Some(record) = find_on(gateway, site, id).await? {
            if found.is_some() {
                return Err(name_it().into());
            }
            found = Some(record);
        }
    }
    found.ok_or_else(|| ApiError::invalid_order_id().into())
}

/// The site's order with this id, which may be the merchant's or the number of an attempt.
pub(super) async fn find_on(
    gateway: &Gateway,
    site: &Arc<Site>,
    id: &str,
) -> Result<Option<Record>, Answer> {
    if id.is_empty() || id.contains('\0') || id.chars().count() > ID_CHARACTERS_MAX {
        return Ok(None);
    }
    if let Some(record) = gateway.load_by_order_id(site, id).await? {
        return Ok(Some(record));
    }
    match id.parse::<i64>() {
        Ok(number) => Ok(gateway.load_by_transaction(site, number).await?),
        Err(_) => Ok(None),
    }
}

/// Who decides, as the body says; `default` where it says nothing.
pub(super) fn role_of(body: &Value, default: Option<Decider>) -> Result<Decider, Answer> {
    match (body.get("role").and_then(Value::as_str), default) {
        (Some("merchant"), _) => Ok(Decider::Merchant),
        (Some("risk"), _) => Ok(Decider::Risk),
        (None, Some(default)) if body.get("role").is_none() => Ok(default),
        _ => Err(wrong_role().into()),
    }
}

fn wrong_role() -> ApiError {
    ApiError::new(400, 1000, "role is merchant or risk")
}

fn wrong_verdict() -> ApiError {
    ApiError::new(400, 1000, "verdict is accept or decline")
}

fn reserved_for_risk() -> ApiError {
    ApiError::new(403, 1000, "Only the Risk department decides on a score above 8")
}

/// What a decision may be refused with, whoever makes it.
pub(super) fn refusals_of_reviews() -> [ApiError; 5] {
    [
        ApiError::invalid_order_id(),
        wrong_role(),
        wrong_verdict(),
        reserved_for_risk(),
        ApiError::new(409, 1000, "The payment is not held for review: it is completed"),
    ]
}

/// Ends the review of an order as the body says, and shows what the order has become.
pub(super) async fn decide(
    gateway: &Arc<Gateway>,
    record: Record,
    body: &Value,
    by: Decider,
) -> Result<Answer, Answer> {
    let verdict = match body.get("verdict").and_then(Value::as_str) {
        Some("accept") => ReviewVerdict::Accept,
        Some("decline") => ReviewVerdict::Decline,
        _ => return Err(wrong_verdict().into()),
    };
    match gateway.decide_review(record, verdict, by).await {
        Ok(record) => Ok(shown(gateway, &record)),
        Err(NotDecided::NotHeld { status }) => {
            let words = format!("The payment is not held for review: it is {status}");
            Err(ApiError::new(409, 1000, &words).into())
        }
        Err(NotDecided::ReservedForRisk) => Err(reserved_for_risk().into()),
        Err(NotDecided::Failure(failure)) => Err(failure.into()),
    }
}

/// The risk report of an order.
pub(super) fn shown(gateway: &Gateway, record: &Record) -> Answer {
    let data = risk_json(record, &gateway.risk.tables);
    let envelope = json!({ "success": true, "data": data });
    Answer::ok(canonical::to_vec(&envelope))
}
