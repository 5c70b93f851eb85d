//! The notifications of a test site for a program that listens, under `/test/notifications/`: what
//! shops are told as it is told, and what the program has answered.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::extract::Request;
use axum::http::{Method, Response};
use serde_json::{Value, json};

use super::contract::ApiError;
use super::reference::schema::{
    boolean, meaning, object, or_null, text, text_max, whole, whole_from,
};
use super::reference::{Group, Operation};
use super::test_controls::success;
use super::{Answer, authenticate, internal, query};
use crate::event_stream::{self, Event, Over, Stream, last_seen};
use crate::gateway::Gateway;
use crate::gateway::site::{Mode, Site};
use crate::gateway::told::{Heard, Told};
use crate::limits::{LISTEN_POLL_MS, MISSED_LISTED_MAX, MISSED_ORDERS_MAX, MISSED_SENT_MAX};
use crate::notify::target::Payload;

/// Orders that are looked at again and again where several processes share a store.
const POLLED_ORDERS_MAX: u32 = 50;

/// How much earlier than it says a listener is told again what was told, in milliseconds.
const SINCE_MARGIN_MS: i64 = 10_000;

/// Longest address that a program may name as its own.
const URL_CHARS_MAX: usize = 2_000;

pub(super) fn operations() -> Vec<Operation> {
    let answer = object([
        ("url!", meaning("Where the program was called", text_max(URL_CHARS_MAX))),
        ("http_status", or_null(whole_from(100, 999))),
        ("reply", meaning("How its answer begins", text())),
        ("latency_ms", whole()),
        ("error", meaning("Why no answer came, as a class", or_null(text_max(40)))),
    ]);
    vec![
        Operation::new(
            Group::TestSites,
            Method::GET,
            "/test/notifications/stream",
            "followNotifications",
            "The site's notifications as they are sent",
        )
        .says(
            "Events are named hello, notification or missed. A notification has the body and the \
             header Auth that the shop gets. With Last-Event-ID the stream goes on from there; \
             where this process does not know it, with what was told since.",
        )
        .query("since", "The `at` of the last notification, for who comes back", whole())
        .gives_as(200, "Server-sent events", event_stream::MEDIA, text(), None)
        .refuses([ApiError::overloaded()]),
        Operation::new(
            Group::TestSites,
            Method::POST,
            "/test/notifications/{notification_id}/answer",
            "answerNotification",
            "What a program that listens has answered",
        )
        .says("It is one more attempt of the record: HTTP 200 with OK acknowledges.")
        .example("notification_id", "1700000000000001-1")
        .takes(
            answer,
            [(
                "It said OK",
                json!({ "url": "http://localhost:3000/notify", "http_status": 200, "reply": "OK",
                "latency_ms": 12 }),
            )],
        )
        .gives(
            "Whether that acknowledges it",
            object([("acknowledged!", boolean())]),
            json!({ "acknowledged": true }),
        )
        .refuses([no_such_notification(), wrong_answer()]),
    ]
}

fn no_such_notification() -> ApiError {
    ApiError::new(404, 1000, "There is no such notification")
}

fn wrong_answer() -> ApiError {
    ApiError::new(400, 1000, "An answer has url, and http_status or error")
}

/// Records an answer.
pub(super) async fn answer(
    gateway: &Arc<Gateway>,
    site: &Arc<Site>,
    id: &str,
    request: Request,
) -> Result<Answer, Answer> {
    on_test_site(site)?;
    let id = id.split_once('-').and_then(|(key, seq)| {
        Some((key.parse::<i64>().ok()?, seq.parse::<i32>().ok().filter(|seq| *seq > 0)?))
    });
    let (key, seq) = id.ok_or_else(no_such_notification)?;
    let body = internal::read_object(request).await?;
    let heard = heard(&body).ok_or_else(wrong_answer)?;
    let made = gateway.record_heard(site, key, seq, heard).await?;
    let acknowledged = made.ok_or_else(no_such_notification)?;
    Ok(success(&json!({ "acknowledged": acknowledged })))
}

fn heard(body: &Value) -> Option<Heard> {
    let url = body["url"].as_str().filter(|it| it.chars().count() <= URL_CHARS_MAX)?;
    let http_status = match &body["http_status"] {
        Value::Null => None,
        status => Some(u16::try_from(status.as_u64()?).ok().filter(|it| (100..1000).contains(it))?),
    };
    let error_class = match &body["error"] {
        Value::Null => None,
        class => {
            let plain = |it: &&str| {
                (1..=40).contains(&it.len())
                    && it.bytes().all(|it| it.is_ascii_lowercase() || it == b'_')
            };
            Some(class.as_str().filter(plain)?.to_owned())
        }
    };
    if http_status.is_none() && error_class.is_none() {
        return None;
    }
    Some(Heard {
        url: url.to_owned(),
        http_status,
        reply: body["reply"].as_str().unwrap_or_default().chars().take(400).collect(),
        latency_ms: body["latency_ms"].as_i64().unwrap_or_default().clamp(0, 3_600_000),
        error_class,
    })
}

fn on_test_site(site: &Site) -> Result<(), Answer> {
    match site.mode {
        Mode::Test => Ok(()),
        Mode::Live => Err(ApiError::unknown_path().into()),
    }
}

/// The notifications as they are sent; `None` for another path.
pub(super) fn stream(
    gateway: &Arc<Gateway>,
    request: &Request,
) -> Option<Result<Response<Body>, Answer>> {
    let place = (request.method(), request.uri().path());
    (place == (&Method::GET, "/test/notifications/stream")).then(|| open(gateway, request))
}

fn open(gateway: &Arc<Gateway>, request: &Request) -> Result<Response<Body>, Answer> {
    let site = authenticate(gateway, request)?.site;
    on_test_site(&site)?;
    let followers = &gateway.work.followers;
    let place = followers
        .admit()
        .ok_or_else(|| Answer { retry_after: Some(5), ..ApiError::overloaded().into() })?;
    let query = query::Query::parse(request.uri().query().unwrap_or_default());
    let boot = followers.boot(|| hex::encode(&gateway.vault.nonce()[..6]));
    let newest = gateway.work.telling.0.newest();
    let known = last_seen(request.headers()).and_then(|id| event_stream::number_of(id, &boot));
    let listener = Listener {
        gateway: gateway.clone(),
        site_id: site.id,
        boot,
        number: known.unwrap_or(newest),
        since: site.time(gateway.now()),
        from: i64::MIN,
        sent: HashSet::new(),
    };
    // Two that were begun at once may have come in any order: a bit more is told again, which the
    // listener knows by its number.
    let came_back = query.one("since").and_then(|it| it.parse::<i64>().ok());
    let came_back = came_back.map(|since| since.saturating_sub(SINCE_MARGIN_MS));
    // What this process has forgotten, or never knew, is looked up.
    let is_known = known.is_some_and(|it| gateway.work.telling.0.after(it).missed == 0);
    let missed_since = came_back.filter(|_| !is_known);
    let (stream, answer) = event_stream::open(place);
    crate::app::spawn("listener", async move {
        let _ended = listener.listen(stream, missed_since).await;
    });
    Ok(answer)
}

/// A program that listens to a site.
struct Listener {
    gateway: Arc<Gateway>,
    site_id: i64,
    boot: String,
    /// The last thing of this process that it has been told.
    number: u64,
    /// From when on it is told what other processes have sent, by the site's clock.
    since: i64,
    /// What this process told before is not its business, by the site's clock.
    from: i64,
    /// Order, notification and attempt of what it has been told.
    sent: HashSet<(i64, i32, i32)>,
}

impl Listener {
    async fn listen(mut self, mut stream: Stream, missed_since: Option<i64>) -> Result<(), Over> {
        stream.retry(1_000).await?;
        let data = json!({ "site": self.site_id, "at": self.since }).to_string();
        stream.tell(&self.event("hello", data)).await?;
        if let Some(since) = missed_since {
            // What is under way is in no record yet, so all that this process remembers is looked
            // at besides.
            (self.number, self.from) = (0, since);
            self.catch_up(&mut stream, since).await?;
        }
        let mut newest = self.gateway.work.telling.0.watch();
        loop {
            newest.borrow_and_update();
            let after = self.gateway.work.telling.0.after(self.number);
            if after.missed > 0 {
                // It was too slow; the store knows what there was.
                let since = self.since;
                self.catch_up(&mut stream, since).await?;
            }
            for (number, told) in after.things {
                self.number = number;
                if told.at >= self.from {
                    self.tell(&mut stream, &told).await?;
                }
            }
            if self.gateway.alone {
                stream.wait(newest.changed()).await?.map_err(|_| Over)?;
            } else {
                let poll = Duration::from_millis(LISTEN_POLL_MS);
                let next = tokio::time::timeout(poll, newest.changed());
                if stream.wait(next).await?.is_err() {
                    self.poll(&mut stream).await?;
                }
            }
        }
    }

    fn event(&self, name: &'static str, data: String) -> Event {
        Event { id: event_stream::id(&self.boot, self.number), name, data }
    }

    fn site(&self) -> Result<Arc<Site>, Over> {
        self.gateway.directory.site(self.site_id).ok_or(Over)
    }

    async fn tell(&mut self, stream: &mut Stream, told: &Told) -> Result<(), Over> {
        let is_new = self.sent.insert((told.key, told.seq, told.attempt));
        if told.site_id != self.site_id || !is_new {
            return Ok(());
        }
        let data = as_json(told, self.site()?.as_ref()).to_string();
        stream.tell(&self.event("notification", data)).await
    }

    /// What was told since then, as far as that is not too much; the rest is named.
    async fn catch_up(&mut self, stream: &mut Stream, since: i64) -> Result<(), Over> {
        let site = self.site()?;
        let told = match self.gateway.told_since(&site, since, MISSED_ORDERS_MAX).await {
            Ok(told) => told,
            Err(failure) => {
                tracing::warn!(%failure, "a listener is not told what it missed");
                let data = json!({ "count": null, "notifications": [] }).to_string();
                return stream.tell(&self.event("missed", data)).await;
            }
        };
        let (missed, told) = told.split_at(told.len().saturating_sub(MISSED_SENT_MAX));
        if !missed.is_empty() {
            let named =
                missed.iter().rev().take(MISSED_LISTED_MAX).map(
                    |it| json!({ "id": id_of(it), "order_id": it.order_id, "event": it.event }),
                );
            let named: Vec<Value> = named.collect();
            let data = json!({ "count": missed.len(), "notifications": named }).to_string();
            stream.tell(&self.event("missed", data)).await?;
        }
        for one in told {
            self.tell(stream, one).await?;
        }
        Ok(())
    }

    /// What other processes have told.
    async fn poll(&mut self, stream: &mut Stream) -> Result<(), Over> {
        let site = self.site()?;
        match self.gateway.told_since(&site, self.since, POLLED_ORDERS_MAX).await {
            Ok(told) => {
                for one in &told {
                    self.tell(stream, one).await?;
                }
            }
            Err(failure) => tracing::warn!(%failure, "a listener hears this process alone"),
        }
        Ok(())
    }
}

fn id_of(told: &Told) -> String {
    format!("{}-{}", told.key, told.seq)
}

fn as_json(told: &Told, site: &Site) -> Value {
    let body = told.body.as_ref().map(|it| String::from_utf8_lossy(it).into_owned());
    json!({
        "id": id_of(told),
        "attempt": told.attempt,
        "trigger": told.trigger,
        "order_id": told.order_id,
        "event": told.event,
        "at": told.at,
        "timestamp": told.timestamp,
        "method": if body.is_some() { "POST" } else { "GET" },
        "payload_type": (told.payload == Payload::PreTransaction).then_some("pretransaction"),
        "auth": told.auth(site),
        "body": body,
    })
}
