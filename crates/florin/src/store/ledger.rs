//! The journal: the double-entry bookkeeping of orders, appended by units of work and never
//! changed, and the seals that make a rewritten past show.
//!
//! What the postings and hashes mean is the core's business; here they are kept.

use async_trait::async_trait;

use super::rows::{OrderKey, SiteId};
use super::{Committed, StoreError};
use crate::clock::UnixMillis;

/// One entry of an order's journal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JournalRow {
    /// Position in the journal of the order, from 1.
    pub seq: i32,
    /// When it happened, in the site's own time.
    pub at: UnixMillis,
    /// When it was booked, in the gateway's time.
    pub booked_at: UnixMillis,
    /// What was booked.
    pub kind: String,
    /// Three-letter currency code of every posting.
    pub currency: String,
    /// The postings as compact JSON, opaque here.
    pub postings: String,
    /// Covers this entry and the one before.
    pub hash: [u8; 32],
}

/// Where a reader of a site's journal stands: the last entry that was read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct JournalPlace {
    /// When it was booked.
    pub booked_at: UnixMillis,
    /// Its order.
    pub key: OrderKey,
    /// Its position in the journal of the order.
    pub seq: i32,
}

/// A seal over everything that was booked on a site before an instant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SealRow {
    /// The site.
    pub site_id: SiteId,
    /// Position among the seals of the site, from 1.
    pub number: i64,
    /// It covers what was booked before this instant, and not by the seal before.
    pub until: UnixMillis,
    /// How many entries it covers.
    pub entries: i64,
    /// Keyed hash of them and of the seal before.
    pub hash: [u8; 32],
    /// When it was made.
    pub at: UnixMillis,
}

/// Reads of the journal, and its seals. Entries are made by units of work only.
#[async_trait]
pub trait Ledger: Send + Sync {
    /// The journal of the order, oldest first.
    async fn journal(&self, site: SiteId, key: OrderKey) -> Result<Vec<JournalRow>, StoreError>;

    /// The journals of these orders, sorted by order and position: what many reads of one journal
    /// would give. Nobody asks for more than some hundred at once.
    async fn journals(
        &self,
        site: SiteId,
        keys: Vec<OrderKey>,
    ) -> Result<Vec<(OrderKey, JournalRow)>, StoreError>;

    /// Those of these orders that the site does not have.
    async fn absent_orders(
        &self,
        site: SiteId,
        keys: Vec<OrderKey>,
    ) -> Result<Vec<OrderKey>, StoreError>;

    /// What was booked on the site from `from_booked` until before `to_booked`, sorted by
    /// [`JournalPlace`]: entries after `after`, or the first ones. At most `limit`, and at most
    /// [`LISTED_ROWS_MAX`](super::LISTED_ROWS_MAX).
    async fn journal_between(
        &self,
        site: SiteId,
        from_booked: UnixMillis,
        to_booked: UnixMillis,
        after: Option<JournalPlace>,
        limit: u32,
    ) -> Result<Vec<(OrderKey, JournalRow)>, StoreError>;

    /// Every seal of the site, oldest first.
    async fn seals(&self, site: SiteId) -> Result<Vec<SealRow>, StoreError>;

    /// Adds a seal; a conflict means that its number is taken: another process was first.
    async fn add_seal(&self, seal: SealRow) -> Result<Committed, StoreError>;
}
