//! `Idempotency-Key`: a request that carries one is done once, however often it is sent.
//!
//! The first one to come is answered as ever, and the answer is kept for a day. The same request
//! again, with the same method, path and body, gets the same status and the same bytes. While it is
//! under way it is 409, to be sent again in a second; a key that belongs to another request is 409
//! for good. An answer that asks to come back is no answer: its request may be made again.
//!
//! What a request was is kept as a keyed hash only, for a body can hold a card number
//! (PCI DSS 3.5.1.1); an answer never does.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::Request;
use axum::http::{HeaderMap, Method};
use base64::Engine;
use base64::engine::general_purpose::STANDARD_NO_PAD;

use super::contract::ApiError;
use super::{Answer, authenticate, described_segments, effective_method, files, read_body, route};
use crate::gateway::{Failure, Gateway};
use crate::limits::REQUEST_LEASE_MS;
use crate::store::{AnsweredRequest, BeginRequest, Begun, IDEMPOTENCY_KEY_CHARS_MAX, SiteId};

const HEADER: &str = "idempotency-key";

/// As much of the keyed hash of a request and its key as an order keeps: nobody can choose it.
const MARK_BYTES: usize = 16;

/// The key of the request that is being answered, for those who make changes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct RequestKey {
    text: String,
    /// By which an order knows the request that opened it, should that not live to tell.
    pub(crate) mark: String,
}

impl RequestKey {
    /// The key that this request came with, once it has been noted.
    pub(crate) fn of(request: &Request) -> Option<RequestKey> {
        request.extensions().get::<RequestKey>().cloned()
    }

    /// What is committed with the change that the request makes: it was made, and answered so.
    pub(crate) fn answered(&self, body: Vec<u8>) -> Option<AnsweredRequest> {
        self.answered_with(200, body)
    }

    /// The same with another status, for what was begun and has no answer yet: it is told to
    /// whoever asks when the process that began it is gone.
    pub(crate) fn answered_with(&self, status: u16, body: Vec<u8>) -> Option<AnsweredRequest> {
        let body = String::from_utf8(body).ok()?;
        Some(AnsweredRequest { key: self.text.clone(), status, body })
    }
}

/// Answers a request, or repeats what it was answered before.
pub(super) async fn once(gateway: &Arc<Gateway>, request: Request) -> Result<Answer, Answer> {
    let method = effective_method(&request);
    if method != Method::POST && method != Method::PATCH {
        return route(gateway, request).await;
    }
    if !request.headers().contains_key(HEADER) {
        return route(gateway, request).await;
    }
    let site_id = authenticate(gateway, &request)?.site.id;
    // Nothing is noted of a call that does not exist.
    described_segments(request.uri().path(), &method)?;
    let key = key_in(request.headers()).ok_or_else(ApiError::invalid_idempotency_key)?;
    let (mut parts, body) = request.into_parts();
    let body = Request::new(body);
    let body = if files::is_upload(parts.uri.path()) {
        let upload = files::begin(gateway)?;
        parts.extensions.insert(upload);
        files::read(body).await?
    } else {
        read_body(body).await?
    };
    let request_hash = gateway.vault.request_hash(method.as_str(), parts.uri.path(), &body);
    let now = gateway.now();
    let lease_until = now.saturating_add(REQUEST_LEASE_MS);
    let begin = BeginRequest { site_id, key: &key, request_hash, now, lease_until };
    match gateway.store.begin_request(begin).await.map_err(Failure::from)? {
        // Whoever had it before may have come as far as a change, which the order tells.
        Begun::New | Begun::Resumed => {}
        Begun::Answered { status, body } => {
            return Ok(Answer { status, body: body.into_bytes(), retry_after: None });
        }
        Begun::InFlight => {
            return Err(Answer { retry_after: Some(1), ..ApiError::request_under_way().into() });
        }
        Begun::OtherRequest => return Err(ApiError::key_of_other_request().into()),
    }
    // Under another key the same request is another one.
    let mark = gateway.vault.request_hash("", &key, &request_hash);
    let mark = STANDARD_NO_PAD.encode(&mark[..MARK_BYTES]);
    parts.extensions.insert(RequestKey { text: key.clone(), mark });
    let request = Request::from_parts(parts, Body::from(body));
    // A caller who hangs up ends nothing: whoever asks again is told what came of it.
    let work = {
        let gateway = gateway.clone();
        crate::tasks::start(async move {
            let answer = route(&gateway, request).await.unwrap_or_else(|answer| answer);
            keep(&gateway, site_id, &key, answer).await
        })
    };
    work.await.map_err(|error| {
        tracing::error!(%error, "a call panicked");
        ApiError::internal().into()
    })
}

/// The key: exactly one header with visible characters of ASCII.
fn key_in(headers: &HeaderMap) -> Option<String> {
    let mut values = headers.get_all(HEADER).iter();
    let key = values.next()?.to_str().ok()?;
    let is_good = (1..=IDEMPOTENCY_KEY_CHARS_MAX).contains(&key.len())
        && key.bytes().all(|byte| byte.is_ascii_graphic())
        && values.next().is_none();
    is_good.then(|| key.to_owned())
}

/// Keeps the answer for whoever asks again, or sees to it that the request can be made again. When
/// the store takes neither, the request is taken over after its lease. Who is refused is told the
/// answer that stands, for somebody else may have made the request meanwhile; who has made it knows
/// best.
async fn keep(gateway: &Gateway, site: SiteId, key: &str, answer: Answer) -> Answer {
    let body = std::str::from_utf8(&answer.body).ok();
    let kept = match (what_becomes_of(&answer), body) {
        (Fate::Kept, Some(body)) => {
            gateway.store.finish_request(site, key, answer.status, body).await
        }
        (Fate::Kept, None) | (Fate::Forgotten, _) => {
            gateway.store.forget_request(site, key).await.map(|()| None)
        }
        (Fate::UnderWay, _) => Ok(None),
    };
    match kept {
        Ok(Some((status, body))) if !(200..300).contains(&answer.status) => {
            Answer { status, body: body.into_bytes(), retry_after: None }
        }
        Ok(_) => answer,
        Err(error) => {
            tracing::warn!(%error, "an answer was given and not kept");
            answer
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fate {
    Kept,
    /// Nothing was done, or nobody knows: the caller may try again.
    Forgotten,
    /// The work goes on although the caller has been told something.
    UnderWay,
}

fn what_becomes_of(answer: &Answer) -> Fate {
    match answer.status {
        500.. | 408 | 429 => Fate::Forgotten,
        _ if answer.retry_after.is_some() => Fate::UnderWay,
        _ => Fate::Kept,
    }
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    #[track_caller]
    fn check(values: &[&[u8]], expected: Option<&str>) {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append("Idempotency-Key", HeaderValue::from_bytes(value).unwrap());
        }
        assert_eq!(key_in(&headers).as_deref(), expected);
    }

    #[test]
    fn a_key_is_one_header_of_visible_ascii() {
        check(&[], None);
        check(&[b"6f1c"], Some("6f1c"));
        check(&[b"!~\"{}"], Some("!~\"{}"));
        check(&[&[b'k'; 255]], Some(&"k".repeat(255)));
        check(&[&[b'k'; 256]], None);
        check(&[b""], None);
        check(&[b"two words"], None);
        check(&[b"tab\t"], None);
        check(&["caf\u{e9}".as_bytes()], None);
        check(&[b"a", b"a"], None);
    }

    #[test]
    fn an_answer_that_asks_to_come_back_is_not_kept() {
        let answer = |status, retry_after| Answer { status, body: Vec::new(), retry_after };
        for (status, retry_after, expected) in [
            (200, None, Fate::Kept),
            (404, None, Fate::Kept),
            (410, None, Fate::Kept),
            (404, Some(5), Fate::UnderWay),
            (429, Some(5), Fate::Forgotten),
            (408, None, Fate::Forgotten),
            (500, None, Fate::Forgotten),
            (503, Some(1), Fate::Forgotten),
        ] {
            assert_eq!(what_becomes_of(&answer(status, retry_after)), expected, "{status}");
        }
    }
}
