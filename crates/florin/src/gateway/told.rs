//! What shops of test sites are told, for programs that listen to it: what this process sends as it
//! sends it, and what any process has sent, from the store.
//!
//! A listener hears in addition to the shop. Its answer is one more attempt of the record: an
//! acknowledgement ends the series, a failure leaves it as it is.

use std::sync::Arc;

use bytes::Bytes;

use super::outbox::LISTENED;
use super::record::Record;
use super::site::{Mode, Site};
use super::{Failure, Gateway};
use crate::api::contract::payment_options::NotificationMethod;
use crate::clock::UnixMillis;
use crate::limits::{TOLD_BYTES_MAX, TOLD_MAX};
use crate::notify::acknowledgement::is_acknowledged;
use crate::notify::signature::{SigningKey, auth_header};
use crate::notify::target::Payload;
use crate::ring::Ring;
use crate::store::{DeliveryRow, NotificationNext, NotificationResult};

/// One attempt to tell a shop something.
#[derive(Clone)]
pub struct Told {
    pub site_id: i64,
    /// The order.
    pub key: i64,
    /// Which notification of the order, and which attempt of it.
    pub seq: i32,
    pub attempt: i32,
    /// `auto`, `retry` or `manual`.
    pub trigger: String,
    pub order_id: String,
    /// What it is about.
    pub event: String,
    /// When the attempt was begun, by the site's clock.
    pub at: UnixMillis,
    /// Unix seconds, as signed.
    pub timestamp: i64,
    pub payload: Payload,
    /// The order object; none where the shop is told by GET.
    pub body: Option<Bytes>,
    /// The key that signs it.
    pub key_id: i64,
}

/// What this process has told lately.
pub struct Telling(pub Ring<Told>);

impl Default for Telling {
    fn default() -> Telling {
        Telling(Ring::new(TOLD_MAX, TOLD_BYTES_MAX))
    }
}

/// What a program that listened has answered.
pub struct Heard {
    pub url: String,
    /// None where no answer came; then `error_class` says why.
    pub http_status: Option<u16>,
    pub reply: String,
    pub latency_ms: i64,
    pub error_class: Option<String>,
}

impl Told {
    /// The order object as a shop is told it now, unless it wants to be told by GET.
    pub(super) fn body_of(record: &Record) -> Option<Bytes> {
        match record.request.details.payment_options.notification_method {
            NotificationMethod::Post => Some(super::view::notification_body(record).into()),
            NotificationMethod::Get => None,
        }
    }

    /// What a shop would be told of this order now, with this body.
    pub(super) fn of(
        record: &Record,
        body: Option<Bytes>,
        (seq, attempt): (i32, i32),
        trigger: &str,
        at: UnixMillis,
    ) -> Told {
        let site = &record.site;
        Told {
            site_id: site.id,
            key: record.key,
            seq,
            attempt,
            trigger: trigger.to_owned(),
            order_id: record.shown_order_id().to_owned(),
            event: record.order.status(record.sale).0.to_owned(),
            at,
            timestamp: at.div_euclid(1000),
            payload: match record.order.has_attempt() {
                true => Payload::Order,
                false => Payload::PreTransaction,
            },
            body,
            key_id: site.signing_key(record.extra.key_id).map_or(0, |key| key.id),
        }
    }

    /// The header `Auth`, where there is a body to sign and the key is still there.
    pub fn auth(&self, site: &Site) -> Option<String> {
        let key = site.keys.iter().find(|key| key.id == self.key_id && key.active)?;
        Some(auth_header(&SigningKey::new(&key.text), self.timestamp, self.body.as_ref()?))
    }

    fn size(&self) -> usize {
        512 + self.order_id.len() + self.body.as_ref().map_or(0, Bytes::len)
    }
}

impl Gateway {
    /// Takes note of an attempt for whoever listens; on live sites nobody does.
    pub(super) fn note_told(&self, record: &Record, told: impl FnOnce() -> Told) {
        if record.site.mode == Mode::Test {
            let told = told();
            let size = told.size();
            self.work.telling.0.push(told, size);
        }
    }

    /// What shops were told from `since` on, by the site's clock, of the newest orders of the site:
    /// each notification once, as it would be told now, in the order of its last attempt.
    ///
    /// # Errors
    /// A [`Failure`] when the store cannot be read.
    pub async fn told_since(
        &self,
        site: &Arc<Site>,
        since: UnixMillis,
        orders: u32,
    ) -> Result<Vec<Told>, Failure> {
        let mut told = Vec::new();
        for row in self.store.recent_orders(site.id, None, orders).await? {
            let mut record = None;
            for one in self.store.notifications(site.id, row.key).await? {
                let attempts = one.deliveries.iter().filter(|it| it.trigger != LISTENED);
                let Some(last) = attempts.max_by_key(|it| it.at).filter(|it| it.at >= since) else {
                    continue;
                };
                if record.is_none() {
                    record = self.load(site, row.key).await?;
                }
                let Some(record) = &record else { break };
                let sale = u32::try_from(one.subject).unwrap_or_default();
                let record = Record { sale, ..record.clone() };
                let which = (one.seq, last.attempt);
                let body = Told::body_of(&record);
                let now = Told::of(&record, body, which, &last.trigger, last.at);
                // Signed anew, so with the time of now.
                let timestamp = site.time(self.now()).div_euclid(1000);
                told.push(Told { event: one.event, timestamp, ..now });
            }
        }
        told.sort_by_key(|it| (it.at, it.key, it.seq));
        Ok(told)
    }

    /// Records what a program that listens has answered; whether that acknowledges the
    /// notification. `None` when the order has no such notification.
    ///
    /// # Errors
    /// A [`Failure`] when the store cannot be used.
    pub async fn record_heard(
        &self,
        site: &Arc<Site>,
        key: i64,
        seq: i32,
        heard: Heard,
    ) -> Result<Option<bool>, Failure> {
        let stored = self.store.notifications(site.id, key).await?;
        let Some(stored) = stored.into_iter().find(|it| it.seq == seq) else { return Ok(None) };
        let Some(record) = self.load(site, key).await? else { return Ok(None) };
        let last = stored.deliveries.iter().map(|it| it.attempt).max().unwrap_or_default();
        let acknowledged = heard.error_class.is_none()
            && heard.http_status.is_some_and(|it| is_acknowledged(it, heard.reply.as_bytes()));
        let error_class = match (acknowledged, heard.error_class) {
            (true, _) => None,
            (false, Some(class)) => Some(class),
            (false, None) => Some("not_acknowledged".to_owned()),
        };
        let method = match record.request.details.payment_options.notification_method {
            NotificationMethod::Post => "POST",
            NotificationMethod::Get => "GET",
        };
        let delivery = DeliveryRow {
            attempt: last.max(stored.attempts).saturating_add(1),
            at: site.time(self.now()),
            trigger: LISTENED.to_owned(),
            method: method.to_owned(),
            url: heard.url,
            http_status: heard.http_status.map(i32::from),
            latency_ms: heard.latency_ms,
            reply: heard.reply,
            error_class,
        };
        let next = match acknowledged {
            true => NotificationNext::Acknowledged,
            false => NotificationNext::Unchanged,
        };
        let site_id = site.id;
        let result = NotificationResult { site_id, key, seq, lease: 0, delivery, next };
        self.store.finish_notification(result).await?;
        Ok(Some(acknowledged))
    }
}
