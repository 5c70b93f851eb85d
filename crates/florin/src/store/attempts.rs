//! Attempts to pay, kept for as long as they are counted: how often a card, an address or a
//! person was seen lately.

use std::fmt;

use async_trait::async_trait;

use super::StoreError;
use super::rows::SiteId;
use crate::clock::UnixMillis;

/// How many attempts one count looks at, the newest first: a flood of attempts must not make the
/// next one slow. No sensible limit is as high.
pub const COUNTED_ATTEMPTS_MAX: u32 = 1000;

/// What a row says of an attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum AttemptOutcome {
    /// It was made.
    Made,
    /// The issuer declined it: a second row of the same attempt.
    Declined,
    /// The issuer declined it and wants no other: a second row of the same attempt.
    DeclinedForGood,
    /// It was refused before the issuer was asked: a second row of the same attempt.
    Refused,
}

impl AttemptOutcome {
    pub(super) fn number(self) -> i32 {
        match self {
            AttemptOutcome::Made => 0,
            AttemptOutcome::Declined => 1,
            AttemptOutcome::DeclinedForGood => 2,
            AttemptOutcome::Refused => 3,
        }
    }
}

/// One attempt to pay an order, or its decline.
#[derive(Clone, PartialEq, Eq)]
pub struct AttemptRow {
    /// When it was made or declined, by a clock that all rows of the site share.
    pub at: UnixMillis,
    /// Which attempt of the order.
    pub attempt: i32,
    /// What is said of it.
    pub outcome: AttemptOutcome,
    /// The payer's address, if known.
    pub ip: Option<String>,
    /// Keyed hash of the payer's e-mail address, if known.
    pub email: Option<[u8; 32]>,
    /// The first digits of the card, which name its issuer.
    pub bin: String,
    /// Fingerprint of the card.
    pub card: [u8; 32],
    /// Minor units of `currency`.
    pub amount: i64,
    /// Three-letter currency code.
    pub currency: String,
    /// Until when a decline by the issuer counts against a repeat of the same payment, by the clock
    /// of `at`; none where it does not. It is a row of its own, which outlives this one.
    pub counts_until: Option<UnixMillis>,
}

impl fmt::Debug for AttemptRow {
    /// Leaves out who it was.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AttemptRow")
            .field("at", &self.at)
            .field("attempt", &self.attempt)
            .field("outcome", &self.outcome)
            .finish_non_exhaustive()
    }
}

/// Whose attempts are counted.
#[derive(Clone, Copy)]
pub struct VelocityQuery<'a> {
    /// The payer's address, if known.
    pub ip: Option<&'a str>,
    /// Keyed hash of the payer's e-mail address, if known.
    pub email: Option<[u8; 32]>,
    /// The first digits of the card.
    pub bin: &'a str,
    /// Fingerprint of the card.
    pub card: [u8; 32],
    /// Minor units of `currency`.
    pub amount: i64,
    /// Three-letter currency code.
    pub currency: &'a str,
    /// The present instant, by the clock of the rows.
    pub now: UnixMillis,
    /// Cards from this instant on.
    pub since: UnixMillis,
    /// Attempts and declines from this instant on; not before `since`.
    pub window_since: UnixMillis,
    /// Rows of the address, and of the person, that are looked at, the newest first; at most
    /// [`COUNTED_ATTEMPTS_MAX`]. What nobody asks for costs nothing.
    pub payer_rows: u32,
    /// Rows of the first digits that are looked at, likewise.
    pub bin_rows: u32,
}

/// How often something was seen; each count stops at [`COUNTED_ATTEMPTS_MAX`].
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Velocity {
    /// Different cards from this address, the one that is asked about included; 0 without address.
    pub cards_by_ip: u32,
    /// Different cards of this person, the one that is asked about included; 0 if unknown.
    pub cards_by_email: u32,
    /// Attempts from this address within the window.
    pub attempts_by_ip: u32,
    /// Declines and refusals of attempts from this address within the window.
    pub declines_by_ip: u32,
    /// Attempts within the window with cards that begin so.
    pub attempts_by_bin: u32,
    /// Declines and refusals of attempts within the window with cards that begin so.
    pub declines_by_bin: u32,
    /// Declines and refusals on the whole site within the window.
    pub declines_by_site: u32,
    /// When the issuer declined this card for this amount, as far as that still counts, the newest
    /// first.
    pub declines_of_payment: Vec<UnixMillis>,
    /// One of those was for good.
    pub declined_for_good: bool,
}

/// Counts of attempts, which units of work have recorded.
#[async_trait]
pub trait Attempts: Send + Sync {
    /// Counts what was committed on the site; an attempt that is being made counts only itself.
    async fn velocity(
        &self,
        site: SiteId,
        query: VelocityQuery<'_>,
    ) -> Result<Velocity, StoreError>;

    /// Deletes attempts of all sites made before that instant, at most `limit` and at most
    /// [`LISTED_ROWS_MAX`](super::LISTED_ROWS_MAX), and returns how many.
    async fn prune_attempts(&self, before: UnixMillis, limit: u32) -> Result<u64, StoreError>;

    /// Deletes declines of all sites that count until that instant at most, likewise.
    async fn prune_declines(&self, until: UnixMillis, limit: u32) -> Result<u64, StoreError>;
}
