//! Sandboxes of a test site, under `/test/sandboxes`, and the calls that are made in one.

use std::sync::Arc;

use axum::extract::Request;
use axum::http::Method;
use serde_json::{Value, json};

use super::contract::{ApiError, timestamp};
use super::reference::schema::{
    list, meaning, object, text, text_max, timestamp as time, whole, whole_from,
};
use super::reference::{Group, Operation};
use super::test_controls::success;
use super::{Answer, credentials, internal};
use crate::gateway::Gateway;
use crate::gateway::sandboxes::{NoCaller, NotMade, is_name, possible_ttl};
use crate::gateway::site::{Mode, Site};
use crate::limits::{
    SANDBOX_NAME_CHARS_MAX, SANDBOX_TTL_DEFAULT_S, SANDBOX_TTL_MAX_S, SANDBOX_TTL_MIN_S,
};

/// Names the sandbox that a call is made in.
const HEADER: &str = "florin-sandbox";

impl From<NoCaller> for Answer {
    fn from(no: NoCaller) -> Answer {
        match no {
            NoCaller::UnknownKey => ApiError::invalid_api_key().into(),
            NoCaller::NotATestSite => not_a_test_site().into(),
            NoCaller::BadName => bad_name().into(),
            // It ended between two looks.
            NoCaller::NotYet { .. } => {
                Answer { retry_after: Some(1), ..ApiError::overloaded().into() }
            }
        }
    }
}

impl From<NotMade> for Answer {
    fn from(not: NotMade) -> Answer {
        match not {
            NotMade::TooMany => Answer { retry_after: Some(60), ..too_many().into() },
            NotMade::Failure(failure) => failure.into(),
        }
    }
}

pub(super) fn bad_name() -> ApiError {
    ApiError::new(400, 1000, "Invalid sandbox name")
}

pub(super) fn not_a_test_site() -> ApiError {
    ApiError::new(400, 1000, "Sandboxes are for test sites")
}

pub(super) fn too_many() -> ApiError {
    ApiError::new(429, 1000, "Too many sandboxes")
}

fn wrong_ttl() -> ApiError {
    ApiError::new(400, 1000, "ttl_seconds is a whole number from a minute to a week")
}

fn in_a_sandbox() -> ApiError {
    ApiError::new(400, 1000, "A sandbox has no sandboxes")
}

fn no_such_sandbox() -> ApiError {
    ApiError::new(404, 1000, "There is no such sandbox")
}

pub(super) fn operations() -> Vec<Operation> {
    let sandbox = || {
        object([
            ("name!", text()),
            ("site!", whole()),
            ("ends_at!", meaning("By the gateway's clock", time())),
        ])
    };
    let example =
        json!({ "name": "job-17", "site": 700_000_017, "ends_at": "2026-05-11T11:01:07" });
    let new = |method, path, id, summary| {
        Operation::new(Group::TestSites, method, path, id, summary).refuses([in_a_sandbox()])
    };
    let ttl =
        meaning("An hour where there is none", whole_from(SANDBOX_TTL_MIN_S, SANDBOX_TTL_MAX_S));
    vec![
        new(Method::GET, "/test/sandboxes", "sandboxes", "The sandboxes of the site")
            .says(
                "A call with the header Florin-Sandbox: NAME, or with NAME:KEY as its key, is made \
                 in the sandbox of that name: a site of its own, made by the first such call.",
            )
            .gives("Those that last", list(sandbox()), json!([example])),
        new(Method::POST, "/test/sandboxes", "makeSandbox", "Make a sandbox")
            .says("Where there is one of this name it stays as it is.")
            .takes(
                object([("name!", text_max(SANDBOX_NAME_CHARS_MAX)), ("ttl_seconds", ttl)]),
                [("For two hours", json!({ "name": "job-17", "ttl_seconds": 7200 }))],
            )
            .gives("The sandbox", sandbox(), example)
            .refuses([wrong_ttl()]),
        new(Method::DELETE, "/test/sandboxes/{sandbox}", "endSandbox", "End a sandbox")
            .says("Nobody is let in any more; its rows are erased soon after.")
            .example("sandbox", "job-17")
            .gives("It has ended", object([("ended!", text())]), json!({ "ended": "job-17" }))
            .refuses([no_such_sandbox()]),
    ]
}

/// The sandbox that a request names in its header; `Err` where that is no text.
fn named(request: &Request) -> Result<Option<String>, Answer> {
    let mut values = request.headers().get_all(HEADER).iter();
    let Some(value) = values.next() else { return Ok(None) };
    let name = value.to_str().ok().filter(|_| values.next().is_none());
    Ok(Some(name.ok_or_else(bad_name)?.trim().to_owned()))
}

/// Who is calling, and in which sandbox.
pub(super) fn caller(
    gateway: &Gateway,
    request: &Request,
) -> Result<crate::gateway::directory::Caller, Answer> {
    let key = credentials::find(request).ok_or_else(ApiError::invalid_api_key)?;
    Ok(gateway.caller(&key, named(request)?.as_deref())?)
}

/// The sandbox that a request is the first to name: the site's number and the name. A caller who is
/// not let in is told later.
pub(super) fn missing(gateway: &Gateway, request: &Request) -> Option<(i64, String)> {
    let key = credentials::find(request)?;
    if !request.headers().contains_key(HEADER) && !key.contains(':') {
        return None;
    }
    match gateway.caller(&key, named(request).ok()?.as_deref()) {
        Err(NoCaller::NotYet { of, name }) => Some((of, name)),
        _ => None,
    }
}

/// Makes that sandbox.
///
/// # Errors
/// When there is no room for it.
pub(super) async fn make(gateway: &Gateway, missing: Option<(i64, String)>) -> Result<(), Answer> {
    if let Some((of, name)) = missing {
        gateway.make_sandbox(of, &name, SANDBOX_TTL_DEFAULT_S).await?;
    }
    Ok(())
}

/// Lists, makes and ends the sandboxes of a site.
pub(super) async fn route(
    gateway: &Arc<Gateway>,
    site: &Site,
    name: Option<&str>,
    request: Request,
) -> Result<Answer, Answer> {
    if site.mode != Mode::Test {
        return Err(ApiError::unknown_path().into());
    }
    if site.settings.sandbox.is_some() {
        return Err(in_a_sandbox().into());
    }
    match (request.method().clone(), name) {
        (Method::GET, None) => {
            let all = gateway.sandboxes(site.id);
            Ok(success(&Value::Array(all.iter().map(|it| shown(it)).collect())))
        }
        (Method::POST, None) => {
            let body = internal::read_object(request).await?;
            let name = body["name"].as_str().filter(|it| is_name(it)).ok_or_else(bad_name)?;
            let ttl = match &body["ttl_seconds"] {
                Value::Null => Some(SANDBOX_TTL_DEFAULT_S),
                given => given.as_i64().and_then(possible_ttl),
            };
            let made = gateway.make_sandbox(site.id, name, ttl.ok_or_else(wrong_ttl)?).await?;
            Ok(success(&shown(&made)))
        }
        (Method::DELETE, Some(name)) => match gateway.end_sandbox(site.id, name).await? {
            true => Ok(success(&json!({ "ended": name }))),
            false => Err(no_such_sandbox().into()),
        },
        _ => Err(ApiError::unknown_path().into()),
    }
}

fn shown(site: &Site) -> Value {
    let name = site.settings.sandbox.as_ref().map(|it| it.name.as_str());
    let ends_at = site.settings.ends_at.map(timestamp::to_text);
    json!({ "name": name, "site": site.id, "ends_at": ends_at })
}
