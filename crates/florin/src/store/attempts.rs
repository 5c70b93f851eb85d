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

/// One attempt to pay an order.
#[derive(Clone, PartialEq, Eq)]
pub struct AttemptRow {
    /// When it was made, in the gateway's time.
    pub at: UnixMillis,
    /// Which attempt of the order.
    pub attempt: i32,
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
}

impl fmt::Debug for AttemptRow {
    /// Leaves out who it was.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AttemptRow")
            .field("at", &self.at)
            .field("attempt", &self.attempt)
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
    /// Attempts from this instant on.
    pub since: UnixMillis,
}

/// How often something was seen; each count stops at [`COUNTED_ATTEMPTS_MAX`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Velocity {
    /// Different cards from this address, the one that is asked about included; 0 without address.
    pub cards_by_ip: u32,
    /// Different cards of this person, the one that is asked about included; 0 if unknown.
    pub cards_by_email: u32,
    /// Attempts from this address.
    pub attempts_by_ip: u32,
    /// Attempts with cards that begin so.
    pub attempts_by_bin: u32,
    /// Attempts with this card.
    pub attempts_by_card: u32,
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
}
