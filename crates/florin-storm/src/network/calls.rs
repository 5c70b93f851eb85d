//! Calls between HTTP's ends: shops, payers, directory server, gateway, receiver.
//!
//! A call is a whole request and a whole answer. Either can be lost, late or doubled; who waits too
//! long hangs up, and a server may or may not notice.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::http::{Method, Request, header};
use bytes::Bytes;
use florin::tasks::TaskGroup;
use http_body_util::BodyExt;
use serde_json::Value;
use tokio::task::AbortHandle;
use tower::ServiceExt;

use crate::mood::{Mood, Who};
use crate::world::World;

/// A request.
#[derive(Clone, Debug)]
pub struct Call {
    pub method: Method,
    /// Path and query, or a whole address.
    pub url: String,
    pub content_type: &'static str,
    /// The key of a site, where one is shown.
    pub api_key: Option<String>,
    /// The operator's token, where it is shown.
    pub bearer: Option<&'static str>,
    /// `Idempotency-Key`, where there is one.
    pub idempotency_key: Option<String>,
    pub body: Bytes,
}

/// An answer.
#[derive(Clone, Debug)]
pub struct Reply {
    pub status: u16,
    pub location: Option<String>,
    /// Whether it says `Retry-After`.
    pub asks_to_return: bool,
    pub body: Bytes,
}

/// Why there is none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoReply {
    /// Nobody is there: the request was not taken.
    Unreached,
    /// The connection broke.
    Broken,
    /// Nobody answered in time.
    TimedOut,
}

/// Form posts of browsers.
pub const FORM: &str = "application/x-www-form-urlencoded";
/// Messages of machines.
pub const JSON: &str = "application/json";

impl Call {
    pub fn get(url: &str) -> Call {
        Call { method: Method::GET, url: url.to_owned(), ..Call::post(url, JSON, Bytes::new()) }
    }

    pub fn post(url: &str, content_type: &'static str, body: impl Into<Bytes>) -> Call {
        Call {
            method: Method::POST,
            url: url.to_owned(),
            content_type,
            api_key: None,
            bearer: None,
            idempotency_key: None,
            body: body.into(),
        }
    }

    /// A message of a machine.
    pub fn json(method: Method, url: &str, body: &Value) -> Call {
        Call { method, ..Call::post(url, JSON, body.to_string()) }
    }

    fn into_request(self) -> Request<Body> {
        let mut request = Request::builder()
            .method(self.method)
            .uri(self.url)
            .header(header::CONTENT_TYPE, self.content_type)
            .header(header::USER_AGENT, "Storm/1.0")
            .header(header::ACCEPT, "*/*");
        if let Some(key) = self.api_key {
            request = request.header("api_key", key);
        }
        if let Some(token) = self.bearer {
            request = request.header(header::AUTHORIZATION, format!("Bearer {token}"));
        }
        if let Some(key) = self.idempotency_key {
            request = request.header("idempotency-key", key);
        }
        request.body(Body::from(self.body)).expect("calls are made of valid parts")
    }
}

/// Answers a call by a router, as a server would.
pub async fn serve(routes: Router, call: Call) -> Reply {
    let response = match routes.oneshot(call.into_request()).await {
        Ok(response) => response,
        Err(never) => match never {},
    };
    let (parts, body) = response.into_parts();
    let body = body.collect().await.map(|it| it.to_bytes()).unwrap_or_default();
    let location = parts.headers.get(header::LOCATION);
    let location = location.and_then(|value| value.to_str().ok()).map(str::to_owned);
    let asks_to_return = parts.headers.contains_key(header::RETRY_AFTER);
    Reply { status: parts.status.as_u16(), location, asks_to_return, body }
}

/// Carries a call to a server and its answer back, through the weather. `serving` is the process
/// of the server; none for those outside, which do not die.
pub async fn carry<F>(
    world: &Arc<World>,
    to: Option<Who>,
    serving: Option<&TaskGroup>,
    mut answer: impl FnMut() -> F,
) -> Result<Reply, NoReply>
where
    F: Future<Output = Reply> + Send + 'static,
{
    travel(world, Way::There).await?;
    if world.strikes(world.weather.duplicated / 4, "http: a request came twice") {
        // A proxy that repeats; whoever asked hears only one of the answers.
        let again = answer();
        let wait = Duration::from_millis(world.chance.below(2_000));
        start(serving, async move {
            tokio::time::sleep(wait).await;
            let _ = again.await;
        });
    }
    let mood = to.map_or(Mood::Well, |who| world.moods.of(who));
    if mood == Mood::Silent {
        world.count("http: silence");
        std::future::pending::<()>().await;
    }
    let (told, heard) = tokio::sync::oneshot::channel();
    let work = answer();
    let handle = start(serving, async move {
        let reply = work.await;
        let _ = told.send(reply);
    });
    let mut hang_up = HangUp { world, handle: Some(handle) };
    let mut reply = heard.await.map_err(|_| NoReply::Broken)?;
    hang_up.handle = None;
    match mood {
        Mood::Slow => {
            world.count("http: a slow answer");
            let wait = world.chance.between(5_000, 40_000);
            tokio::time::sleep(Duration::from_millis(wait)).await;
        }
        Mood::Garbage => {
            world.count("http: a garbage answer");
            reply.status = *world.chance.one_of(&[200, 204, 302, 500, 503]);
            reply.body = Bytes::from_static(b"{\"messageType\":\"AR\xff\xfe\x00 <html> not well");
        }
        Mood::Well | Mood::Silent => {}
    }
    travel(world, Way::Back).await?;
    Ok(reply)
}

#[derive(Clone, Copy)]
enum Way {
    There,
    Back,
}

/// One way.
async fn travel(world: &World, way: Way) -> Result<(), NoReply> {
    let weather = &world.weather;
    let (lost, late) = match way {
        Way::There => ("http: a request was lost", "http: a request was late"),
        Way::Back => ("http: an answer was lost", "http: an answer was late"),
    };
    if world.strikes(weather.lost / 2, lost) {
        match (world.chance.below(3), way) {
            // Only on the way there may the caller conclude that nothing was taken.
            (0, Way::There) => return Err(NoReply::Unreached),
            (0 | 1, _) => return Err(NoReply::Broken),
            _ => std::future::pending::<()>().await,
        }
    }
    if world.strikes(weather.delayed / 2, late) {
        let wait = world.chance.below(weather.delay_ms_max + 1);
        tokio::time::sleep(Duration::from_millis(wait)).await;
    } else if world.chance.is(500) {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    Ok(())
}

fn start(
    serving: Option<&TaskGroup>,
    task: impl Future<Output = ()> + Send + 'static,
) -> AbortHandle {
    match serving {
        Some(process) => process.start(task).abort_handle(),
        None => tokio::spawn(task).abort_handle(),
    }
}

/// Someone who waits for an answer. When they go, the server often stops what it does for them,
/// at whatever await it is.
struct HangUp<'a> {
    world: &'a World,
    /// What is done for them; nothing once it is done.
    handle: Option<AbortHandle>,
}

impl Drop for HangUp<'_> {
    fn drop(&mut self) {
        if let Some(handle) = self.handle.take()
            && self.world.chance.is(500)
        {
            self.world.count("http: a caller hung up on the server");
            handle.abort();
        }
    }
}
