//! Takes down the calls of the API as they are answered, and shows them: to a test site its own, to
//! the operator all.

use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use axum::body::Body;
use axum::extract::Request;
use axum::http::{Method, Response};
use http_body_util::BodyExt;
use serde_json::{Value, json};
use tokio::time::Instant;
use zeroize::Zeroizing;

use super::contract::ApiError;
use super::reference::schema::{boolean, list, meaning, object, or_null, text, whole};
use super::reference::{Caller, Group, Operation};
use super::test_controls::success;
use super::{Answer, authenticate, credentials, internal, query};
use crate::call_log::{Bodies, LoggedCall, Mask};
use crate::clock::UnixMillis;
use crate::event_stream::{self, Event, last_seen};
use crate::gateway::Gateway;
use crate::gateway::site::{Mode, Site};
use crate::limits::{LOGGED_BODY_BYTES_MAX, LOGGED_CALLS_MAX};

/// Calls of which nothing is taken down: they only look.
const LOOKS: [&str; 2] = ["/test/calls", "/test/notifications"];

pub(super) fn operations() -> Vec<Operation> {
    let call = || {
        object([
            ("at!", meaning("Milliseconds since 1970", whole())),
            ("site!", or_null(whole())),
            ("method!", text()),
            ("path!", meaning("With its query", text())),
            ("status!", meaning("Nothing where the caller hung up", or_null(whole()))),
            ("ms!", whole()),
            ("order_id!", or_null(text())),
            ("error_code!", or_null(whole())),
            ("error_info!", or_null(text())),
            ("bodies", object([("request!", json!({})), ("answer!", json!({}))])),
        ])
    };
    let example = json!([{ "at": 1_778_493_667_000_i64, "site": 20_001, "method": "GET",
        "path": "/v1/json/orders/my-order-id-1", "status": 200, "ms": 2,
        "order_id": "my-order-id-1", "error_code": null, "error_info": null }]);
    let listed = |operation: Operation| {
        operation
            .query("limit", "The newest so many", whole())
            .query("bodies", "With what was sent and answered", boolean())
            .gives("Calls, oldest first", list(call()), example.clone())
    };
    let followed = |operation: Operation| {
        operation
            .says(
                "Events are named call, or missed with a count. With Last-Event-ID the stream goes \
                 on from there, without it begins now.",
            )
            .query("bodies", "With what was sent and answered", boolean())
            .gives_as(200, "Server-sent events", event_stream::MEDIA, text(), None)
            .refuses([ApiError::overloaded()])
    };
    let of_site =
        |path, id, summary| Operation::new(Group::TestSites, Method::GET, path, id, summary);
    let of_all = |path, id, summary| {
        Operation::new(Group::Operators, Method::GET, path, id, summary).called_by(Caller::Operator)
    };
    let masked = "In memory of one process. Card numbers, card codes and keys are not in it.";
    vec![
        listed(of_site("/test/calls", "siteCalls", "The site's last calls").says(masked)),
        followed(of_site("/test/calls/stream", "followSiteCalls", "The site's calls as they come")),
        listed(of_all("/internal/calls", "calls", "The last calls of all sites").says(masked)),
        followed(of_all("/internal/calls/stream", "followCalls", "All calls as they come")),
    ]
}

/// Whose key a call had, told by whoever looked it up.
#[derive(Clone, Default)]
pub(crate) struct KeyOf(Arc<OnceLock<Arc<Site>>>);

impl KeyOf {
    /// Takes note of it where the call is taken down.
    pub(super) fn note(request: &Request, site: &Arc<Site>) {
        if let Some(KeyOf(place)) = request.extensions().get() {
            let _ = place.set(site.clone());
        }
    }
}

type Kept = Arc<Mutex<Zeroizing<Vec<u8>>>>;

/// A call that is under way. Dropped without an answer, it was hung up on.
pub(super) struct Call<'a> {
    gateway: &'a Gateway,
    begun: Instant,
    at: UnixMillis,
    method: Method,
    path: String,
    query: Option<String>,
    key: Option<Zeroizing<String>>,
    site: KeyOf,
    body: Option<Kept>,
    ended: bool,
}

/// Takes down that a call has come; `None` where it is none of those that are.
pub(super) fn begin(gateway: &Gateway, mut request: Request) -> (Option<Call<'_>>, Request) {
    let path = request.uri().path();
    if LOOKS.iter().any(|it| path.starts_with(it)) {
        return (None, request);
    }
    let at = gateway.now();
    let site = KeyOf::default();
    let mut call = Call {
        gateway,
        begun: Instant::now(),
        at,
        method: super::effective_method(&request),
        path: path.to_owned(),
        query: request.uri().query().map(str::to_owned),
        key: credentials::find(&request),
        site: site.clone(),
        body: None,
        ended: false,
    };
    request.extensions_mut().insert(site);
    if gateway.work.call_log.takes_bodies(at) {
        let kept: Kept = Arc::default();
        call.body = Some(kept.clone());
        request = request.map(|body| {
            Body::new(body.map_frame(move |frame| {
                if let Some(data) = frame.data_ref() {
                    let mut kept = kept.lock().unwrap_or_else(PoisonError::into_inner);
                    // One byte beyond the bound tells that there was more.
                    let room = (LOGGED_BODY_BYTES_MAX + 1).saturating_sub(kept.len());
                    kept.extend_from_slice(&data[..data.len().min(room)]);
                }
                frame
            }))
        });
    }
    (Some(call), request)
}

impl Call<'_> {
    /// Takes down how it was answered.
    pub(super) fn end(mut self, answer: &Answer) {
        self.ended = true;
        self.take_down(Some(answer));
    }

    fn take_down(&self, answer: Option<&Answer>) {
        let mut mask = Mask::default();
        if let Some(key) = &self.key {
            mask.hide_key(key);
        }
        mask.learn_query(self.query.as_deref().unwrap_or_default());
        let site = self.site.0.get();
        for key in site.into_iter().flat_map(|site| &site.keys) {
            mask.hide_key(&key.text);
        }
        let is_test = site.is_some_and(|site| site.mode == Mode::Test);
        let kept = self.body.as_ref().filter(|_| is_test);
        let request = kept.map(|kept| {
            let kept = kept.lock().unwrap_or_else(PoisonError::into_inner);
            let read = shown(&kept);
            if let Ok(value) = &read {
                mask.learn(value);
            }
            read
        });
        let refusal = answer
            .filter(|it| it.status >= 400)
            .and_then(|it| serde_json::from_slice::<Value>(&it.body).ok());
        let bodies = request.map(|request| Bodies {
            request: request.map_or_else(Value::from, |it| mask.body(it)),
            answer: answer.map_or(Value::Null, |it| {
                shown(&it.body).map_or_else(Value::from, |it| mask.body(it))
            }),
        });
        let said = |name: &str| refusal.as_ref().and_then(|it| it.get(name));
        let call = LoggedCall {
            at: self.at,
            site: site.map(|site| site.id),
            method: self.method.as_str().chars().take(16).collect(),
            path: cut(&mask.target(&self.path, self.query.as_deref())),
            status: answer.map(|it| it.status),
            ms: u64::try_from(self.begun.elapsed().as_millis()).unwrap_or(u64::MAX),
            order_id: self.order_id(answer).map(|it| cut(&mask.text(&it))),
            error_code: said("error_code").and_then(Value::as_u64),
            error_info: said("error_info").and_then(Value::as_str).map(|it| cut(&mask.text(it))),
            bodies,
        };
        let bytes = 256
            + call.path.len()
            + call.bodies.as_ref().map_or(0, |it| size(&it.request) + size(&it.answer));
        self.gateway.work.call_log.calls.push(call, bytes);
    }

    /// What the path names, or what was made.
    fn order_id(&self, answer: Option<&Answer>) -> Option<String> {
        let segments = super::segments(&self.path, "/v1/json/")?;
        let parts: Vec<&str> = segments.iter().map(String::as_str).collect();
        match parts.as_slice() {
            ["orders" | "capture", id, ..] => Some((*id).to_owned()),
            ["orders"] => member(&answer?.body, "order_id"),
            _ => None,
        }
    }
}

impl Drop for Call<'_> {
    fn drop(&mut self) {
        if !self.ended {
            self.take_down(None);
        }
    }
}

/// The first member of this name that is a text, without reading the rest.
fn member(body: &[u8], name: &str) -> Option<String> {
    let wanted = format!("\"{name}\":");
    let at = body.windows(wanted.len()).position(|it| it == wanted.as_bytes())?;
    let mut rest =
        serde_json::Deserializer::from_slice(&body[at + wanted.len()..]).into_iter::<String>();
    rest.next()?.ok()
}

/// What a body says, or why it is not shown.
fn shown(body: &[u8]) -> Result<Value, &'static str> {
    match body.len() {
        0 => Err("(empty)"),
        1..=LOGGED_BODY_BYTES_MAX => {
            serde_json::from_slice(body).map_err(|_| "(not shown: it is no JSON)")
        }
        _ => Err("(not shown: it is too long)"),
    }
}

/// A bound on texts that callers choose.
fn cut(text: &str) -> String {
    text.chars().take(300).collect()
}

/// About as many bytes as a value takes.
fn size(value: &Value) -> usize {
    match value {
        Value::String(text) => 32 + text.len(),
        Value::Array(values) => values.iter().map(size).sum::<usize>() + 32,
        Value::Object(members) => {
            members.iter().map(|(name, it)| 64 + name.len() + size(it)).sum::<usize>() + 32
        }
        _ => 48,
    }
}

/// Whose calls are shown.
pub(super) enum Shown {
    OfSite(i64),
    All,
}

impl Shown {
    fn has(&self, call: &LoggedCall) -> bool {
        match self {
            Shown::OfSite(id) => call.site == Some(*id),
            Shown::All => true,
        }
    }
}

/// The last calls.
pub(super) fn listed(gateway: &Gateway, shown: &Shown, query: Option<&str>) -> Answer {
    let query = query::Query::parse(query.unwrap_or_default());
    let bodies = wants_bodies(&query);
    let limit = query.one("limit").and_then(|it| it.parse::<usize>().ok());
    let limit = limit.unwrap_or(LOGGED_CALLS_MAX).min(LOGGED_CALLS_MAX);
    let calls = gateway.work.call_log.calls.after(0).things;
    let calls = calls.iter().rev().map(|(_, call)| call).filter(|call| shown.has(call));
    let mut calls: Vec<Value> = calls.take(limit).map(|call| as_json(call, bodies)).collect();
    calls.reverse();
    success(&Value::Array(calls))
}

fn wants_bodies(query: &query::Query) -> bool {
    query.flag("bodies")
}

fn as_json(call: &LoggedCall, bodies: bool) -> Value {
    let told = if bodies {
        serde_json::to_value(call)
    } else {
        serde_json::to_value(call.without_bodies())
    };
    told.expect("a call is JSON")
}

/// The calls as they come, for a path that ends in `/stream`; `None` for another path.
pub(super) fn stream(
    gateway: &Arc<Gateway>,
    request: &Request,
) -> Option<Result<Response<Body>, Answer>> {
    let shown = match (request.method(), request.uri().path()) {
        (&Method::GET, "/test/calls/stream") => {
            authenticate(gateway, request).and_then(|caller| shown_to(&caller.site))
        }
        (&Method::GET, "/internal/calls/stream") => {
            internal::authorize(gateway, request).map(|()| Shown::All)
        }
        _ => return None,
    };
    Some(shown.and_then(|shown| follow(gateway, request, shown)))
}

/// A test site is shown its own calls; on a live one there is nothing to see here.
pub(super) fn shown_to(site: &Site) -> Result<Shown, Answer> {
    match site.mode {
        Mode::Test => Ok(Shown::OfSite(site.id)),
        Mode::Live => Err(ApiError::unknown_path().into()),
    }
}

fn follow(
    gateway: &Arc<Gateway>,
    request: &Request,
    shown: Shown,
) -> Result<Response<Body>, Answer> {
    let followers = &gateway.work.followers;
    let place = followers
        .admit()
        .ok_or_else(|| Answer { retry_after: Some(5), ..ApiError::overloaded().into() })?;
    let bodies = wants_bodies(&query::Query::parse(request.uri().query().unwrap_or_default()));
    let boot = followers.boot(|| hex::encode(&gateway.vault.nonce()[..6]));
    let ring = &gateway.work.call_log.calls;
    let (mut number, lost) = match last_seen(request.headers()) {
        None => (ring.newest(), false),
        Some(id) => match event_stream::number_of(id, &boot) {
            Some(number) => (number, false),
            // Of another process, or of one that is gone.
            None => (0, true),
        },
    };
    let (mut stream, answer) = event_stream::open(place);
    let gateway = gateway.clone();
    crate::app::spawn("calls", async move {
        let ring = &gateway.work.call_log.calls;
        let mut newest = ring.watch();
        if stream.retry(1_000).await.is_err() {
            return;
        }
        if lost && stream.tell(&missed(&boot, number, None)).await.is_err() {
            return;
        }
        loop {
            newest.borrow_and_update();
            let after = ring.after(number);
            if after.missed > 0
                && stream.tell(&missed(&boot, number, Some(after.missed))).await.is_err()
            {
                return;
            }
            for (at, call) in after.things {
                number = at;
                if shown.has(&call) {
                    let id = event_stream::id(&boot, at);
                    let data = as_json(&call, bodies).to_string();
                    if stream.tell(&Event { id, name: "call", data }).await.is_err() {
                        return;
                    }
                }
            }
            if !matches!(stream.wait(newest.changed()).await, Ok(Ok(()))) {
                return;
            }
        }
    });
    Ok(answer)
}

/// Some are gone: how many, where that is known.
fn missed(boot: &str, number: u64, count: Option<u64>) -> Event {
    let id = event_stream::id(boot, number);
    Event { id, name: "missed", data: json!({ "count": count }).to_string() }
}
