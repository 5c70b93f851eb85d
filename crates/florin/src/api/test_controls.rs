//! Controls of test sites, with the site's own key: its clock, the host's books, faults, decisions
//! on held payments, chargebacks, a fresh start.

use std::sync::Arc;

use axum::extract::Request;
use axum::http::Method;
use florin_core::payment::Decider;
use serde_json::{Value, json};

use super::contract::{ApiError, canonical};
use super::reference::schema::{
    list, meaning, named, object, one_of, open_object, text, whole, whole_from,
};
use super::reference::{Group, JSON, Operation, examples};
use super::{
    Answer, authenticate, calls, internal, reference, segments, test_chargebacks, test_mails,
    test_notifications, test_sandboxes,
};
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
            ControlError::Unreachable => simulator_is_silent().into(),
            ControlError::Failure(failure) => failure.into(),
        }
    }
}

pub(super) fn operations() -> Vec<Operation> {
    let new = |method, path, id, summary| {
        Operation::new(Group::TestSites, method, path, id, summary).refuses([simulator_is_silent()])
    };
    let clock = json!({ "now": "2026-05-11T10:01:07", "unix_ms": 1_778_493_667_000_i64,
        "offset_seconds": 3600 });
    let faults = json!([{ "merchant": "FLORIN000020001", "fault": "drop", "count": 1,
        "types": ["0100"] }]);
    vec![
        new(Method::GET, "/test/clock", "siteClock", "The site's time")
            .gives("The time", named("SiteClock"), clock.clone()),
        new(Method::POST, "/test/clock/advance", "advanceClock", "Let time pass")
            .says(
                "Everything of the site that is due by then happens: expiries, settlements, \
                 notifications. Other sites are not touched.",
            )
            .takes(
                object([("seconds!", whole_from(0, ADVANCE_SECONDS_MAX))]),
                [("An hour", json!({ "seconds": 3600 }))],
            )
            .gives("The time", named("SiteClock"), clock)
            .refuses([seconds_out_of_bounds()]),
        new(Method::GET, "/test/host", "hostBooks", "The host's own books of the site")
            .says("What the acquirer's host has authorized, captured and refunded, in minor units.")
            .query("format", "csv: as the file that an acquirer sends", one_of(&["json", "csv"]))
            .gives("The books", list(open_object()), json!([{
                "order_id": "my-order-id-1", "authorized": 1000, "captured": 1000, "refunded": 0,
                "reversed": 0, "held": 0, "currency": "EUR", "last4": "1111",
            }]))
            .gives_as(200, "The acquirer's file", "text/csv", text(), None),
        new(Method::GET, "/test/mails", "mails", "What payers and the merchant were written")
            .says(
                "The newest first. Where a mail server is set, they are there as well. suppressed \
                 are reminders (Second Chance) that were due and had a reason against them.",
            )
            .gives_as(200, "Mails", JSON, test_mails::schema(), Some(test_mails::example())),
        new(Method::DELETE, "/test/mails", "emptyMailbox", "Empty the mailbox").gives(
            "How many there were",
            object([("mails_deleted!", whole())]),
            json!({ "mails_deleted": 2 }),
        ),
        new(Method::GET, "/test/faults", "listFaults", "The faults that wait")
            .gives("The faults", list(named("Fault")), faults.clone()),
        new(Method::POST, "/test/faults", "addFault", "Spoil the next answers")
            .says(
                "drop, delay (ms), duplicate, decline (code), cut (when) and garbage are about the \
                 acquirer's link, acs_silent and acs_garbage about 3-D Secure.",
            )
            .takes(named("Fault"), [(
                "The next answer is lost",
                json!({ "fault": "drop", "count": 1, "types": ["0100"] }),
            )])
            .gives("The faults that wait now", list(named("Fault")), faults)
            .refuses([ApiError::new(400, 1000, "What the simulator says is wrong with it")]),
        new(Method::DELETE, "/test/data", "forgetData", "Start afresh")
            .says("Forgets the site's orders and the host's books of it.")
            .gives(
                "What was forgotten",
                object([("orders_deleted!", whole())]),
                json!({ "orders_deleted": 12 }),
            ),
        new(Method::GET, "/test/risk/{order_id}", "testRisk", "Why an order is held, or is not")
            .example("order_id", "my-order-id-1")
            .gives("The report", named("RiskReport"), examples::risk())
            .refuses([ApiError::invalid_order_id()]),
        new(Method::POST, "/test/orders/{order_id}/review", "testReview", "Decide on a held order")
            .example("order_id", "my-order-id-1")
            .takes(
                object([
                    ("verdict!", one_of(&["accept", "decline"])),
                    ("role", meaning("risk for scores above 8", one_of(&["merchant", "risk"]))),
                ]),
                [("Take it", json!({ "verdict": "accept" }))],
            )
            .gives("What became of it", named("RiskReport"), examples::risk())
            .refuses(internal::refusals_of_reviews()),
    ]
}

fn simulator_is_silent() -> ApiError {
    ApiError::new(503, 1000, "The simulator does not answer")
}

fn seconds_out_of_bounds() -> ApiError {
    ApiError::new(400, 1000, "seconds is a whole number from 0 to ten years")
}

pub(super) async fn route(gateway: &Arc<Gateway>, request: Request) -> Result<Answer, Answer> {
    let caller = authenticate(gateway, &request)?;
    let site = caller.site.clone();
    let method = request.method().clone();
    let path = request.uri().path().to_owned();
    let segments = segments(&path, "/test/").ok_or_else(ApiError::unknown_path)?;
    let parts: Vec<&str> = segments.iter().map(String::as_str).collect();
    reference::check("/test/", &parts, &method)?;
    if site.mode != Mode::Test {
        return Err(ApiError::unknown_path().into());
    }
    match (parts.as_slice(), method) {
        (["clock"], Method::GET) => Ok(clock(gateway.site_clock(&site)?)),
        (["clock", "advance"], Method::POST) => {
            let body = internal::read_object(request).await?;
            let seconds = seconds_of(&body)
                .filter(|seconds| (0..=ADVANCE_SECONDS_MAX).contains(seconds))
                .ok_or_else(seconds_out_of_bounds)?;
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
        (["mails"], Method::GET) => test_mails::list(gateway, &site).await,
        (["mails"], Method::DELETE) => test_mails::empty(gateway, &site).await,
        (["calls"], Method::GET) => {
            Ok(calls::listed(gateway, &calls::shown_to(&site)?, request.uri().query()))
        }
        (["notifications", id, "answer"], Method::POST) => {
            let id = (*id).to_owned();
            test_notifications::answer(gateway, &site, &id, request).await
        }
        (["sandboxes"], _) => test_sandboxes::route(gateway, &site, None, request).await,
        (["sandboxes", name], _) => {
            let name = (*name).to_owned();
            test_sandboxes::route(gateway, &site, Some(&name), request).await
        }
        (["chargebacks"], Method::POST) => test_chargebacks::make(gateway, &caller, request).await,
        (["chargebacks", id], Method::GET) => test_chargebacks::show(gateway, &caller, id).await,
        (["chargebacks", id], Method::POST) => {
            test_chargebacks::step(gateway, &caller, id, request).await
        }
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

/// An order of the site.
async fn test_order(gateway: &Gateway, site: &Arc<Site>, id: &str) -> Result<Record, Answer> {
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
