//! A page on which an order can be paid, once, within a time: what stands behind a payment link
//! and behind a shop's way to the hosted page.
//!
//! A card that is sent there is an attempt of the order like any other. The session outlives
//! attempts that fail, and ends with the first that does not.
//!
//! A payer who did not pay can be reminded (Second Chance, merchant-side.md 6.1 of the contract).
//! Whoever comes by a reminder can still pay what the merchant has given up meanwhile, unless he
//! gave it up for good.

use crate::payment::{Instant, TransactionId};

/// How often the page of a payment link is shown.
pub const LINK_OPENINGS_MAX: u32 = 20;

/// One session of one order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Session {
    /// What its link names. Comes from the same numbers as attempts do, and is none of them.
    pub number: TransactionId,
    pub kind: SessionKind,
    pub opened_at: Instant,
    /// From then on nothing can be paid on it.
    pub expires_at: Instant,
    /// How often the page was shown; counted for payment links only.
    pub openings: u32,
    /// Whether the payer is reminded of it as long as it is not paid.
    pub reminds: bool,
    /// Why it ended; nothing while it can be paid.
    pub ended: Option<SessionEnd>,
}

/// How the payer comes to the page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SessionKind {
    /// The shop sends the browser there.
    Redirect,
    /// The merchant hands a link out.
    PaymentLink,
}

/// What a payer has who comes to the page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Entry {
    /// The link of the session.
    Link,
    /// The link of a reminder.
    Reminder,
}

/// Why a session ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SessionEnd {
    /// Paid, or held: either way the payer has done what there was to do.
    Paid,
    /// Its time ran out.
    Expired,
    /// The merchant gave the order up. Reminders of it are sent all the same.
    Cancelled,
    /// The merchant gave the order up for good: nobody is reminded of it any more.
    Excluded,
}

impl SessionEnd {
    /// The name that the history keeps.
    pub fn name(self) -> &'static str {
        match self {
            SessionEnd::Paid => "paid",
            SessionEnd::Expired => "expired",
            SessionEnd::Cancelled => "cancelled",
            SessionEnd::Excluded => "excluded",
        }
    }
}

impl Session {
    /// Whether the order can be paid on it at this instant by somebody who came this way.
    pub fn is_open(&self, entry: Entry, now: Instant) -> bool {
        let stands = match self.ended {
            None => true,
            Some(SessionEnd::Cancelled) => self.reminds && entry == Entry::Reminder,
            Some(SessionEnd::Paid | SessionEnd::Expired | SessionEnd::Excluded) => false,
        };
        stands && now < self.expires_at
    }

    /// Whether its page was shown as often as it may be.
    pub fn is_worn_out(&self) -> bool {
        self.kind == SessionKind::PaymentLink && self.openings >= LINK_OPENINGS_MAX
    }
}
