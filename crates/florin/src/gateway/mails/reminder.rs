//! Second Chance (merchant-side.md 6.1 of the contract): who has not paid is reminded an hour and a
//! day after the session was opened, unless there is a reason against it when the mail is due.
//!
//! The site and the order have to want it. Of each order every reminder is sent at most once; an
//! order that is offered again moves those that were not sent yet.

use florin_core::method::Ability;
use florin_core::payment::State;
use florin_core::session::{Entry, Session, SessionEnd};
use florin_core::trail::WHOLE;

use super::{MAIL, MailId, wanted_by};
use crate::api::contract::OrderDetails;
use crate::api::contract::request::Gateway as Method;
use crate::clock::UnixMillis;
use crate::gateway::persist::Credential;
use crate::gateway::record::Record;
use crate::gateway::site::{Mode, Site};
use crate::gateway::{Failure, Gateway};
use crate::limits::{
    MAILBOX_MAILS_MAX, SECOND_CHANCE_AFTER_MS, SECOND_CHANCE_EARLY_PAUSE_MS,
    SECOND_CHANCE_OTHERS_MS, SECOND_CHANCE_PAUSE_MS,
};
use crate::mail::kind::Kind;
use crate::store::{MailRow, MailState, TimerChange};

const REMINDERS: [Kind; 2] = [Kind::SecondChanceFirst, Kind::SecondChanceSecond];

/// Why a reminder is not sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Against {
    /// The site does not send it, or the order does not want it.
    NotWanted,
    /// The order is paid, shipped or not.
    Paid,
    /// It is paid, and the payment is held for review; or promised by another method's provider.
    Uncleared,
    /// The payer has done his part with another method, and the money is on its way.
    Underway,
    /// The merchant has given the order up with `exclude_order`.
    Excluded,
    /// It is no payment that a payer would make: a stored card is charged.
    Recurring,
    /// Nothing can be paid on the page any more.
    SessionOver,
    /// The payer has tried to pay another order of the site a short time ago.
    OtherTransaction,
}

impl Against {
    pub const ALL: [Against; 8] = [
        Against::NotWanted,
        Against::Paid,
        Against::Uncleared,
        Against::Underway,
        Against::Excluded,
        Against::Recurring,
        Against::SessionOver,
        Against::OtherTransaction,
    ];

    /// The word that the record of the mail keeps.
    pub fn name(self) -> &'static str {
        match self {
            Against::NotWanted => "not_wanted",
            Against::Paid => "paid",
            Against::Uncleared => "uncleared",
            Against::Underway => "underway",
            Against::Excluded => "excluded",
            Against::Recurring => "recurring",
            Against::SessionOver => "session_over",
            Against::OtherTransaction => "other_transaction",
        }
    }
}

/// Whether the payer of such an order is reminded: its site sends reminders, the order wants them,
/// and there is something to pay and somebody to write to.
pub(in crate::gateway) fn reminds(site: &Site, details: &OrderDetails) -> bool {
    let wanted = REMINDERS.iter().any(|kind| !wanted_by(site, details, *kind).is_empty());
    let has_price = details.amount.minor > 0;
    let can = match &details.gateway {
        Some(Method::Other(method)) => method.can(Ability::SecondChance),
        Some(Method::CreditCard | Method::Brand(_)) | None => true,
    };
    wanted && can && details.second_chance && details.recurring_id.is_none() && has_price
}

/// The reminders of a session.
pub(super) fn timers(record: &Record, session: &Session) -> Vec<TimerChange> {
    let types = &record.site.settings.mail.types;
    let wanted = REMINDERS.into_iter().filter(|kind| types.contains(kind));
    wanted
        .map(|kind| TimerChange::Set {
            kind: format!("{MAIL}{}", MailId { kind, number: WHOLE }.name()),
            due_at: record.site.due(due_at(session, kind)),
        })
        .collect()
}

/// When a reminder is due, on the clock of the site.
fn due_at(session: &Session, kind: Kind) -> UnixMillis {
    let [first, second] = SECOND_CHANCE_AFTER_MS;
    let after = if kind == Kind::SecondChanceFirst { first } else { second };
    session.opened_at.saturating_add(after)
}

/// How many milliseconds a reminder that was claimed waits before anybody decides on it, if it has
/// to: a payment is on its way to the host, so that nobody knows yet whether there is anything to
/// remind of; or this process has not heard yet that the clock of the site was moved.
pub(super) fn pause(record: &Record, kind: Kind, now: UnixMillis) -> Option<i64> {
    let is_early = |session: Session| now < due_at(&session, kind);
    if record.order.session.is_some_and(is_early) {
        return Some(SECOND_CHANCE_EARLY_PAUSE_MS);
    }
    record.order.payment.is_on_its_way().then_some(SECOND_CHANCE_PAUSE_MS)
}

impl Gateway {
    /// Records that a mail was not written, and why.
    pub(super) async fn suppress(
        &self,
        record: &Record,
        name: String,
        against: Against,
    ) -> Result<(), Failure> {
        let site = &record.site;
        tracing::info!(order.key = record.key, mail = name, why = against.name(), "no reminder");
        let email = record.request.details.customer.address.email.as_deref();
        let row = MailRow {
            site_id: site.id,
            key: record.key,
            name,
            order_id: record.order_id.clone(),
            recipient: email.unwrap_or_default().to_owned(),
            subject: String::new(),
            plain: String::new(),
            html: String::new(),
            at: site.time(self.now()),
            state: MailState::Suppressed,
            attempts: 0,
            note: Some(against.name().to_owned()),
        };
        let newest_max = (site.mode == Mode::Test).then_some(MAILBOX_MAILS_MAX);
        self.store.keep_mail(row, newest_max).await?;
        Ok(())
    }

    /// What speaks against a reminder of the order at this moment.
    pub(super) async fn against(&self, record: &Record) -> Result<Option<Against>, Failure> {
        let now = record.site.time(self.now());
        if let Some(against) = against(record, now) {
            return Ok(Some(against));
        }
        let Some(email) = self.email_hash(&record.request) else {
            return Ok(Some(Against::NotWanted));
        };
        let since = now.saturating_sub(SECOND_CHANCE_OTHERS_MS);
        let elsewhere =
            self.store.has_tried_elsewhere(record.site.id, email, since, record.key).await?;
        Ok(elsewhere.then_some(Against::OtherTransaction))
    }
}

/// What the order itself says against it.
fn against(record: &Record, now: UnixMillis) -> Option<Against> {
    let order = &record.order;
    if matches!(order.payment.state, State::Uncleared { .. } | State::Promised { .. }) {
        return Some(Against::Uncleared);
    }
    if order.payment.is_underway() {
        return Some(Against::Underway);
    }
    if order.is_paid() {
        return Some(Against::Paid);
    }
    if record.extra.credential.as_ref().is_some_and(Credential::is_charge) {
        return Some(Against::Recurring);
    }
    let Some(session) = order.session else { return Some(Against::SessionOver) };
    if session.ended == Some(SessionEnd::Excluded) {
        return Some(Against::Excluded);
    }
    if !session.reminds {
        return Some(Against::NotWanted);
    }
    let is_open = session.is_open(Entry::Reminder, now) && !session.is_worn_out();
    (!is_open).then_some(Against::SessionOver)
}
