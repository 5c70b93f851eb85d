//! Tells shops what happened: the row was committed with the change, a worker delivers it.
//!
//! A delivery shows the order as it is when it is sent, not as it was when it was owed, and is
//! signed at that moment.

use std::sync::Arc;
use std::time::Duration;

use super::record::{Record, row_number};
use super::site::Site;
use super::told::Told;
use super::{Failure, Gateway};
use crate::api::contract::payment_options::NotificationMethod;
use crate::limits::{CLAIM_ROWS_MAX, DELIVERY_LEASE_MS, LEASE_MS, TURN_POLL_MS};
use crate::notify::client::{Delivery, Method, Outcome};
use crate::notify::policy::WebhookPolicy;
use crate::notify::signature::SigningKey;
use crate::notify::target::{Payload, notification_url};
use crate::store::{
    Bucket, Claim, ClaimedNotification, DeliveryRow, NotificationNext, NotificationResult,
};

/// Why an attempt was made that a program made which listens.
pub(super) const LISTENED: &str = "listen";

impl Gateway {
    /// Works off notifications that are due; returns how many there were.
    pub async fn run_outbox(self: &Arc<Gateway>) -> Result<usize, Failure> {
        let now = self.now();
        let claim =
            Claim { now, lease_until: now + LEASE_MS, limit: CLAIM_ROWS_MAX, bucket: Bucket::ALL };
        let claimed = self.store.claim_notifications(claim).await?;
        let count = claimed.len();
        for notification in claimed {
            let permit = self.work.deliveries.clone().acquire_owned().await;
            let gateway = self.clone();
            crate::app::spawn("notification", async move {
                let key = notification.key;
                if let Err(failure) = gateway.deliver(notification).await {
                    tracing::warn!(order.key = key, %failure, "notification");
                }
                drop(permit);
            });
        }
        Ok(count)
    }

    /// The first attempt of a notification that this process has just committed.
    pub(super) async fn deliver_now(self: &Arc<Gateway>, record: Record, seq: u32, lease: i64) {
        let key = record.key;
        let record = match self.in_turn(record, row_number(seq), lease).await {
            Ok(Some(record)) => record,
            // The lease runs out, and a worker delivers it after the older one.
            Ok(None) => return,
            Err(failure) => {
                tracing::warn!(order.key = key, %failure, "notification");
                return;
            }
        };
        let now = self.now();
        let notification = ClaimedNotification {
            site_id: record.site.id,
            key: record.key,
            seq: row_number(seq),
            subject: row_number(record.sale),
            event: record.order.status(record.sale).0.to_owned(),
            attempts: 0,
            first_attempt_at: now,
            due_at: now,
            lease,
        };
        if let Err(failure) = self.attempt_delivery(record, notification).await {
            // The lease runs out, and a worker takes over.
            tracing::warn!(order.key = key, %failure, "notification");
        }
    }

    /// Waits until no older notification of the same sale is under way, so that the shop hears of
    /// the order as it was before it hears of it as it is; then gives the order as it is. Claims
    /// look after that by themselves; what this process has committed has not been claimed.
    async fn in_turn(
        self: &Arc<Gateway>,
        record: Record,
        seq: i32,
        lease: i64,
    ) -> Result<Option<Record>, Failure> {
        // The first one of an order has none before it.
        if seq == 1 || !self.is_older_under_way(&record, seq).await? {
            return Ok(Some(record));
        }
        let (key, sale) = (record.key, record.sale);
        while self.is_older_under_way(&record, seq).await? {
            // The delivery itself has to end before the lease does.
            if self.now().saturating_add(DELIVERY_LEASE_MS) > lease {
                return Ok(None);
            }
            tokio::time::sleep(Duration::from_millis(TURN_POLL_MS)).await;
        }
        let newer = self.load(&record.site, key).await?;
        Ok(newer.map(|newer| Record { sale, ..newer }))
    }

    /// Whether an older notification of the same sale is due, so that it is under way or about to
    /// be; one that waits for its next attempt is not.
    async fn is_older_under_way(&self, record: &Record, seq: i32) -> Result<bool, Failure> {
        let (site, which) = (record.site.id, (seq, row_number(record.sale)));
        Ok(self.store.is_notification_preceded(site, record.key, which, self.now()).await?)
    }

    async fn deliver(
        self: &Arc<Gateway>,
        notification: ClaimedNotification,
    ) -> Result<(), Failure> {
        let site = self.directory.site(notification.site_id);
        let record = match &site {
            Some(site) => self.load(site, notification.key).await?,
            None => None,
        };
        match record {
            Some(record) => {
                let sale = u32::try_from(notification.subject).unwrap_or_default();
                self.attempt_delivery(Record { sale, ..record }, notification).await
            }
            None => Ok(()),
        }
    }

    /// What the site's clock was moved by since `site` was read, in milliseconds: instants that
    /// were worked out before have to move with it.
    pub(super) fn moved_since(&self, site: &Site) -> i64 {
        let offset = self.directory.site(site.id).map(|site| site.clock_offset_ms);
        offset.map_or(0, |offset| offset.saturating_sub(site.clock_offset_ms))
    }

    async fn attempt_delivery(
        self: &Arc<Gateway>,
        record: Record,
        notification: ClaimedNotification,
    ) -> Result<(), Failure> {
        let site = &record.site;
        let number = notification.attempts + 1;
        let trigger = if number == 1 { "auto" } else { "retry" };
        let (delivery, acknowledged) =
            self.send_notification(&record, notification.seq, number, trigger).await;
        let made = u32::try_from(number).unwrap_or(u32::MAX);
        let next_due = self.schedule.next_due(made, notification.first_attempt_at);
        let next = match next_due {
            _ if acknowledged => NotificationNext::Acknowledged,
            Some(due) => NotificationNext::RetryAt(due.saturating_sub(self.moved_since(site))),
            None => NotificationNext::Exhausted,
        };
        let result = NotificationResult {
            site_id: site.id,
            key: record.key,
            seq: notification.seq,
            lease: notification.lease,
            delivery,
            next,
        };
        self.store.finish_notification(result).await?;
        Ok(())
    }

    /// Sends a notification once more, whatever became of it: the order as it is, to where the
    /// order is told of now. An acknowledgement counts; a failure leaves the series as it was.
    /// `None` when the order has no such notification.
    ///
    /// # Errors
    /// A [`Failure`] when the store cannot be used.
    pub async fn resend_notification(
        self: &Arc<Gateway>,
        record: Record,
        seq: i32,
    ) -> Result<Option<DeliveryRow>, Failure> {
        let (site_id, key) = (record.site.id, record.key);
        let stored = self.store.notifications(site_id, key).await?;
        let Some(stored) = stored.into_iter().find(|it| it.seq == seq) else { return Ok(None) };
        let sale = u32::try_from(stored.subject).unwrap_or_default();
        let last = stored.deliveries.iter().map(|it| it.attempt).max().unwrap_or_default();
        let number = last.max(stored.attempts).saturating_add(1);
        let record = Record { sale, ..record };
        let (delivery, acknowledged) = self.send_notification(&record, seq, number, "manual").await;
        let next = match acknowledged {
            true => NotificationNext::Acknowledged,
            false => NotificationNext::Unchanged,
        };
        let result =
            NotificationResult { site_id, key, seq, lease: 0, delivery: delivery.clone(), next };
        self.store.finish_notification(result).await?;
        Ok(Some(delivery))
    }

    /// One attempt, signed at this moment: what the record of it says, and whether the shop said
    /// OK.
    async fn send_notification(
        &self,
        record: &Record,
        seq: i32,
        number: i32,
        trigger: &str,
    ) -> (DeliveryRow, bool) {
        let site = &record.site;
        let begun = self.now();
        let timestamp = site.time(begun).div_euclid(1000);
        let method = match record.request.details.payment_options.notification_method {
            NotificationMethod::Post => Method::Post,
            NotificationMethod::Get => Method::Get,
        };
        let key = site.signing_key(record.extra.key_id);
        let payload =
            if record.order.has_attempt() { Payload::Order } else { Payload::PreTransaction };
        let attempt = match (record.notification_url(), key) {
            (Some(url), Some(key)) => {
                let body = Told::body_of(record);
                self.note_told(record, || {
                    Told::of(record, body.clone(), (seq, number), trigger, site.time(begun))
                });
                let delivery = Delivery {
                    url: notification_url(url, record.shown_order_id(), timestamp, payload),
                    method,
                    body,
                    api_key: SigningKey::new(&key.text),
                    timestamp,
                    policy: match site.settings.webhook_policy {
                        super::site::WebhookPolicy::Strict => WebhookPolicy::Strict,
                        super::site::WebhookPolicy::Relaxed => WebhookPolicy::Relaxed,
                    },
                };
                Some(self.webhooks.deliver(delivery).await)
            }
            // The site has lost its address or its last key since: there is nobody to tell.
            _ => None,
        };
        let acknowledged =
            attempt.as_ref().is_some_and(|attempt| attempt.outcome == Outcome::Acknowledged);
        let delivery = DeliveryRow {
            attempt: number,
            at: site.time(begun),
            trigger: trigger.to_owned(),
            method: match method {
                Method::Post => "POST",
                Method::Get => "GET",
            }
            .to_owned(),
            url: attempt.as_ref().map(|attempt| attempt.url.clone()).unwrap_or_default(),
            http_status: attempt.as_ref().and_then(|it| it.http_status).map(i32::from),
            latency_ms: attempt
                .as_ref()
                .map_or(0, |it| i64::try_from(it.latency_ms).unwrap_or(i64::MAX)),
            error_class: match attempt.as_ref().map(|attempt| attempt.outcome) {
                Some(Outcome::Acknowledged) => None,
                Some(Outcome::NotAcknowledged) => Some("not_acknowledged".to_owned()),
                Some(Outcome::Failed(class)) => Some(class.as_str().to_owned()),
                None => Some("nobody_to_tell".to_owned()),
            },
            reply: attempt.map(|attempt| attempt.reply_start).unwrap_or_default(),
        };
        (delivery, acknowledged)
    }
}
