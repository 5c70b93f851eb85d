//! Mails: owed with the change that they tell of, as timers of the order; written when they are
//! sent, from the order as it then is.
//!
//! Each is sent by whoever has claimed its timer. Should that process vanish after the server took
//! the mail and before that was recorded, it is sent once more, under the same message id.

mod reminder;
mod values;

use std::sync::Arc;

use florin_core::decision::{Decision, Event};
use florin_core::trail::WHOLE;

use super::record::Record;
use super::site::{Mode, Site};
use super::{Failure, Gateway};
pub use reminder::Against;
pub(super) use reminder::reminds;

use crate::api::contract::OrderDetails;
use crate::clock::UnixMillis;
use crate::limits::{MAIL_CROWDED_PAUSE_MS, MAIL_LEASE_MS, MAIL_PAUSES_MS, MAILBOX_MAILS_MAX};
use crate::mail::kind::{Audience, Kind};
use crate::mail::message::{Outgoing, parse_address};
use crate::mail::post::Posted;
use crate::mail::template::Value;
use crate::store::{ClaimedTimer, MailRow, MailState, TimerChange, TimerNext};

/// What the timers of mails are called, before the kind and the number of the mail.
pub(super) const MAIL: &str = "mail/";

/// Which mail of an order: its kind, and which refund, capture, chargeback or attempt it tells of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct MailId {
    pub(super) kind: Kind,
    pub(super) number: u32,
}

impl MailId {
    fn name(self) -> String {
        format!("{}/{}", self.kind.name(), self.number)
    }

    fn of_timer(timer: &str) -> Option<MailId> {
        let (kind, number) = timer.strip_prefix(MAIL)?.split_once('/')?;
        Some(MailId { kind: Kind::from_name(kind)?, number: number.parse().ok()? })
    }
}

/// The mails that a decision owes: due at once, but for reminders.
pub(super) fn owed(record: &Record, decision: &Decision, now: UnixMillis) -> Vec<TimerChange> {
    let order = &decision.order;
    // An account that was only verified is no payment.
    if record.site.settings.mail.types.is_empty() || order.payment.amount.minor == 0 {
        return Vec::new();
    }
    let attempt = order.counters.attempts;
    let mut mails: Vec<(Kind, u32)> = Vec::new();
    let mut reminders = Vec::new();
    for event in &decision.events {
        match event {
            Event::Offered(offered) if offered.session.reminds => {
                reminders = reminder::timers(record, &offered.session);
            }
            // Each shipment in part has told its own, and nothing is left.
            Event::Paid { .. } if order.sale(WHOLE).is_none() => {}
            Event::Completed { .. } | Event::ReviewAccepted { .. } | Event::Paid { .. } => {
                mails.push((Kind::CompletedCustomer, attempt));
                mails.push((Kind::CompletedMerchant, attempt));
            }
            Event::Authorized { .. } | Event::ReviewPassed { .. } => {
                mails.push((Kind::AuthorizedCustomer, attempt));
                mails.push((Kind::AuthorizedMerchant, attempt));
            }
            Event::Held { .. } | Event::Promised { .. } => {
                mails.push((Kind::UnclearedMerchant, attempt))
            }
            Event::Captured { .. } => {
                mails.push((Kind::CapturedInFullCustomer, WHOLE));
                mails.push((Kind::CapturedInFullMerchant, WHOLE));
            }
            Event::CapturedInPart(part) => {
                mails.push((Kind::CapturedInPartCustomer, part.number));
                mails.push((Kind::CapturedInPartMerchant, part.number));
            }
            Event::RefundCompleted { number } => mails.push((Kind::RefundedCustomer, *number)),
            Event::ChargedBack(case) => mails.push((Kind::ChargedBackMerchant, case.number)),
            _ => {}
        }
    }
    let ids = mails.into_iter().map(|(kind, number)| MailId { kind, number });
    ids.filter(|id| !recipients(record, id.kind).is_empty())
        .map(|id| TimerChange::Set { kind: format!("{MAIL}{}", id.name()), due_at: now })
        .chain(reminders)
        .collect()
}

/// Who gets a mail of this kind; nobody where it is not wanted.
fn recipients(record: &Record, kind: Kind) -> Vec<String> {
    wanted_by(&record.site, &record.request.details, kind)
}

/// As [`recipients`], of an order with these details.
fn wanted_by(site: &Site, details: &OrderDetails, kind: Kind) -> Vec<String> {
    let settings = &site.settings.mail;
    if !settings.types.contains(&kind) {
        return Vec::new();
    }
    let customer = &details.customer;
    let all = match kind.audience() {
        Audience::Merchant => settings.merchant_addresses.clone(),
        Audience::Customer if customer.disable_send_email => Vec::new(),
        Audience::Customer => customer.address.email.iter().cloned().collect(),
    };
    all.iter().filter_map(|it| Some(parse_address(it)?.to_string())).collect()
}

impl Gateway {
    /// Takes on a mail whose timer was claimed. A slow mail server holds up no payment: each mail
    /// is a task of its own, and where there are too many of them it waits for another round.
    pub(super) async fn take_on_mail(self: &Arc<Gateway>, timer: ClaimedTimer) {
        let Ok(permit) = self.work.mails.clone().try_acquire_owned() else {
            let later = self.now().saturating_add(MAIL_CROWDED_PAUSE_MS);
            if let Err(error) = self.store.finish_timer(&timer, TimerNext::At(later)).await {
                // As below; other timers that were claimed with it do not wait for that.
                tracing::warn!(order.key = timer.key, kind = timer.kind, %error, "mail");
            }
            return;
        };
        let gateway = self.clone();
        crate::app::spawn("mail", async move {
            if let Err(failure) = gateway.run_mail(&timer).await {
                // The lease runs out, and the timer goes off again.
                tracing::warn!(order.key = timer.key, kind = timer.kind, %failure, "mail");
            }
            drop(permit);
        });
    }

    async fn run_mail(&self, timer: &ClaimedTimer) -> Result<(), Failure> {
        let site = self.directory.site(timer.site_id);
        let record = match &site {
            Some(site) => self.load(site, timer.key).await?,
            None => None,
        };
        let next = match (record, MailId::of_timer(&timer.kind)) {
            (Some(record), Some(id)) => self.send_mail(&record, id, timer).await?,
            // The order is gone.
            _ => Some(TimerNext::Done),
        };
        if let Some(next) = next {
            self.store.finish_timer(timer, next).await?;
        }
        Ok(())
    }

    /// One attempt at a mail, and its record. `None` leaves it to whoever claims it next.
    async fn send_mail(
        &self,
        record: &Record,
        id: MailId,
        timer: &ClaimedTimer,
    ) -> Result<Option<TimerNext>, Failure> {
        let site = &record.site;
        let name = id.name();
        let earlier = self.store.mail(site.id, record.key, &name).await?;
        // What was suppressed was not sent: an order that is offered again has another chance.
        let is_over = |mail: &MailRow| mail.state.is_over() && mail.state != MailState::Suppressed;
        if earlier.as_ref().is_some_and(is_over) {
            return Ok(Some(TimerNext::Done));
        }
        let now = self.now();
        let recipients = recipients(record, id.kind);
        if id.kind.is_second_chance() {
            if let Some(pause_ms) = reminder::pause(record, id.kind, site.time(now)) {
                return Ok(Some(TimerNext::At(now.saturating_add(pause_ms))));
            }
            let against = match recipients.is_empty() {
                true => Some(Against::NotWanted),
                false => self.against(record).await?,
            };
            if let Some(against) = against {
                self.suppress(record, name, against).await?;
                return Ok(Some(TimerNext::Done));
            }
        } else if recipients.is_empty() {
            return Ok(Some(TimerNext::Done));
        }
        let settings = &site.settings.mail;
        let locale = record.request.details.customer.locale.as_deref();
        let language = settings.language(id.kind, locale);
        let mut values = values::of(record, id, language, site.time(now));
        if id.kind.is_second_chance() {
            let link = self.reminder_url(record).unwrap_or_default();
            values.insert("PAYLINK", Value::Url(link));
        }
        let content = settings.template(id.kind, language).filled(&values);
        let is_test = site.mode == Mode::Test;
        let mut row = MailRow {
            site_id: site.id,
            key: record.key,
            name,
            order_id: record.order_id.clone(),
            recipient: recipients.join(", "),
            subject: content.subject.clone(),
            // Only mailboxes hold texts: whoever was written to has his.
            plain: if is_test { content.plain.clone() } else { String::new() },
            html: if is_test { content.html.clone() } else { String::new() },
            at: site.time(now),
            state: MailState::Kept,
            attempts: earlier.map_or(0, |mail| mail.attempts),
            note: None,
        };
        let mut next = TimerNext::Done;
        if !is_test || self.post.of_test_sites {
            if now.saturating_add(MAIL_LEASE_MS) > timer.lease {
                return Ok(None);
            }
            let mail = Outgoing {
                from_address: or(&settings.from_address, &self.post.from),
                from_name: or(&settings.from_name, &site.name),
                recipients,
                content,
                number: format!("{}.{}.{}", site.id, record.key, row.name.replace('/', ".")),
                at: now,
            };
            row.attempts = row.attempts.saturating_add(1);
            (row.state, row.note, next) =
                self.outcome(self.post.send(&mail).await, row.attempts, site);
        }
        let newest_max = is_test.then_some(MAILBOX_MAILS_MAX);
        self.store.keep_mail(row, newest_max).await?;
        Ok(Some(next))
    }

    /// What an attempt leads to, after so many of them.
    fn outcome(
        &self,
        posted: Posted,
        attempts: i32,
        site: &Site,
    ) -> (MailState, Option<String>, TimerNext) {
        match posted {
            Posted::Taken => (MailState::Sent, None, TimerNext::Done),
            Posted::Refused(why) => (MailState::Refused, Some(why), TimerNext::Done),
            Posted::Failed(why) => {
                let made = usize::try_from(attempts).unwrap_or(usize::MAX);
                match MAIL_PAUSES_MS.get(made.saturating_sub(1)) {
                    Some(pause) => {
                        let due = self.now().saturating_add(*pause);
                        let due = due.saturating_sub(self.moved_since(site));
                        (MailState::Waiting, Some(why), TimerNext::At(due))
                    }
                    None => (MailState::Exhausted, Some(why), TimerNext::Done),
                }
            }
        }
    }
}

fn or(own: &str, otherwise: &str) -> String {
    if own.is_empty() { otherwise.to_owned() } else { own.to_owned() }
}
