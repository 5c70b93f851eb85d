//! Mails, as a record of what became of each and as the mailbox of test sites.
//!
//! That a mail is owed is a timer of its order; who sends it is whoever has claimed that timer.

use std::fmt;

use async_trait::async_trait;

use super::StoreError;
use super::cells::Cells;
use super::rows::{OrderKey, SiteId};
use crate::clock::UnixMillis;

/// One mail of an order.
#[derive(Clone, PartialEq, Eq)]
pub struct MailRow {
    /// The order's site.
    pub site_id: SiteId,
    /// The order.
    pub key: OrderKey,
    /// Which mail of the order; the same one is never written twice.
    pub name: String,
    /// What the merchant calls the order.
    pub order_id: String,
    /// Whom it goes to.
    pub recipient: String,
    /// Its subject.
    pub subject: String,
    /// Its text. Empty where it is kept in no mailbox: it has been sent, or will be written anew.
    pub plain: String,
    /// The same as HTML.
    pub html: String,
    /// When it was written first, by the clock of the site.
    pub at: UnixMillis,
    /// What has become of it.
    pub state: MailState,
    /// Attempts that have ended.
    pub attempts: i32,
    /// Why the last attempt failed, or why there was none.
    pub note: Option<String>,
}

impl fmt::Debug for MailRow {
    /// Leaves out who gets it and what it says.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MailRow")
            .field("key", &self.key)
            .field("name", &self.name)
            .field("state", &self.state)
            .field("attempts", &self.attempts)
            .finish_non_exhaustive()
    }
}

/// What has become of a mail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MailState {
    /// It lies in the mailbox of a test site, and goes nowhere else.
    Kept,
    /// It is tried again.
    Waiting,
    /// The mail server took it.
    Sent,
    /// The mail server refused it for good.
    Refused,
    /// Every attempt failed.
    Exhausted,
    /// It was not written: when it was due there was a reason against it, which is its note.
    Suppressed,
}

impl MailState {
    const ALL: [MailState; 6] = [
        MailState::Kept,
        MailState::Waiting,
        MailState::Sent,
        MailState::Refused,
        MailState::Exhausted,
        MailState::Suppressed,
    ];

    /// The stored word.
    pub fn as_str(self) -> &'static str {
        match self {
            MailState::Kept => "kept",
            MailState::Waiting => "waiting",
            MailState::Sent => "sent",
            MailState::Refused => "refused",
            MailState::Exhausted => "exhausted",
            MailState::Suppressed => "suppressed",
        }
    }

    pub(super) fn from_text(text: &str) -> Option<MailState> {
        MailState::ALL.into_iter().find(|state| state.as_str() == text)
    }

    /// Whether nothing more will happen to it.
    pub fn is_over(self) -> bool {
        self != MailState::Waiting
    }
}

/// The columns of a row, in the sequence in which it is read and written.
pub(super) const MAIL_COLUMNS: &str = "site_id, key, name, order_id, recipient, subject, plain, \
    html, at, state, attempts, note";

impl MailRow {
    /// Reads the columns of [`MAIL_COLUMNS`].
    pub(super) fn read<C: Cells>(mut cells: C) -> Result<MailRow, C::Error> {
        Ok(MailRow {
            site_id: cells.whole()?,
            key: cells.whole()?,
            name: cells.text()?,
            order_id: cells.text()?,
            recipient: cells.text()?,
            subject: cells.text()?,
            plain: cells.text()?,
            html: cells.text()?,
            at: cells.whole()?,
            state: MailState::from_text(&cells.text()?)
                .ok_or_else(|| cells.unknown("an unknown state of a mail"))?,
            attempts: cells.small()?,
            note: cells.maybe_text()?,
        })
    }

    /// What no engine could store is refused before it is tried.
    pub(super) fn check(&self, doing: &'static str) -> Result<(), StoreError> {
        let texts = [
            &self.name,
            &self.order_id,
            &self.recipient,
            &self.subject,
            &self.plain,
            &self.html,
            self.note.as_ref().unwrap_or(&self.name),
        ];
        if texts.into_iter().any(|text| text.contains('\0')) {
            return Err(StoreError::rejected(doing, "a stored text has no NUL"));
        }
        Ok(())
    }
}

/// What became of mails, and the mailboxes of test sites.
#[async_trait]
pub trait Mails: Send + Sync {
    /// The mail of the order with this name.
    async fn mail(
        &self,
        site: SiteId,
        key: OrderKey,
        name: &str,
    ) -> Result<Option<MailRow>, StoreError>;

    /// Keeps a mail in place of the one with its name; `at` stays what it was at first. Of the
    /// site's mails the newest `newest_max` stay, where that is given.
    async fn keep_mail(&self, mail: MailRow, newest_max: Option<u32>) -> Result<(), StoreError>;

    /// Mails of the site, newest first. At most `limit`, and at most
    /// [`LISTED_ROWS_MAX`](super::LISTED_ROWS_MAX).
    async fn mails(&self, site: SiteId, limit: u32) -> Result<Vec<MailRow>, StoreError>;

    /// Empties the mailbox of the site and returns how many mails were in it. Those that are
    /// still to be sent stay.
    async fn delete_mails(&self, site: SiteId) -> Result<u64, StoreError>;

    /// Deletes mails of all sites written before that instant, at most `limit` and at most
    /// [`LISTED_ROWS_MAX`](super::LISTED_ROWS_MAX), and returns how many.
    async fn prune_mails(&self, before: UnixMillis, limit: u32) -> Result<u64, StoreError>;

    /// Whether this person has made an attempt to pay another order of the site since then, as
    /// far as attempts are counted.
    async fn has_tried_elsewhere(
        &self,
        site: SiteId,
        email: [u8; 32],
        since: UnixMillis,
        except: OrderKey,
    ) -> Result<bool, StoreError>;
}
