//! A page on which an order can be paid, once, within a time: what stands behind a payment link
//! and behind a shop's way to the hosted page.
//!
//! A card that is sent there is an attempt of the order like any other. The session outlives
//! attempts that fail, and ends with the first that does not.

use crate::payment::{Instant, TransactionId};

/// How often the page of a payment link is shown.
pub const LINK_OPENINGS_MAX: u32 = 20;

/// One session of one order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Session {
    /// What its link names. Comes from the same numbers as attempts do, and is none of them.
    pub number: TransactionId,
    pub kind: SessionKind,
    /// From then on nothing can be paid on it.
    pub expires_at: Instant,
    /// How often the page was shown; counted for payment links only.
    pub openings: u32,
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

/// Why a session ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SessionEnd {
    /// Paid, or held: either way the payer has done what there was to do.
    Paid,
    /// Its time ran out.
    Expired,
    /// The merchant gave the order up.
    Cancelled,
}

impl SessionEnd {
    /// The name that the history keeps.
    pub fn name(self) -> &'static str {
        match self {
            SessionEnd::Paid => "paid",
            SessionEnd::Expired => "expired",
            SessionEnd::Cancelled => "cancelled",
        }
    }
}

impl Session {
    /// Whether the order can be paid on it at this instant.
    pub fn is_open(&self, now: Instant) -> bool {
        self.ended.is_none() && now < self.expires_at
    }

    /// Whether its page was shown as often as it may be.
    pub fn is_worn_out(&self) -> bool {
        self.kind == SessionKind::PaymentLink && self.openings >= LINK_OPENINGS_MAX
    }
}
