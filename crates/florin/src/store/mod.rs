//! Everything at rest, behind one trait, on SQLite and PostgreSQL.
//!
//! It knows rows and when they are due, not what they mean: no rule of payment is decided here.
//! Changes of different orders are written together, so that they share the wait for the disk.

mod rows;
mod cells;
mod unit;
mod claims;
mod ledger;
mod operations;
mod attempts;
mod idempotency;
mod tokens;
mod mails;
mod error;
mod sqlite;
mod postgres;

use std::path::Path;
use std::sync::Arc;

use async_trait::async_trait;

pub use attempts::{
    AttemptOutcome, AttemptRow, Attempts, COUNTED_ATTEMPTS_MAX, Velocity, VelocityQuery,
};
pub use claims::{
    Bucket, Claim, ClaimedAdvice, ClaimedNotification, ClaimedTimer, NODES_MAX, Node,
    NotificationNext, NotificationResult, TimerNext,
};
pub use error::StoreError;
pub use idempotency::{
    AnsweredRequest, BeginRequest, Begun, IDEMPOTENCY_KEY_CHARS_MAX, Idempotency,
};
pub use ledger::{JournalPlace, JournalRow, Ledger, SealRow};
pub use mails::{MailRow, MailState, Mails};
pub use operations::{
    AddedRow, OPERATION_CLASS_BYTES_MAX, OperationRow, OperationWindows, Operations, OperationsEnd,
    OperationsQuery,
};
pub use rows::{
    AccountKeyRow, AccountRow, AdviceRow, ApiKeyRow, CardRow, DELIVERY_REPLY_CHARS_MAX, DataKeyRow,
    DeliveryRow, EventRow, FileRow, FileSummary, NotificationRecord, NotificationRow,
    NotificationState, OrderKey, OrderRow, SiteId, SiteRow, TimerRow,
};
pub use tokens::{FirstPayment, TokenChange, TokenOwner, TokenRow, TokenState, TokenStep, Tokens};
pub use unit::{AdviceChange, CardChange, ChildRow, TimerChange, UnitOfWork};

use crate::clock::UnixMillis;

/// How many changes may wait for the disk at once; one more is refused with
/// [`StoreError::Busy`].
pub const WAITING_CHANGES_MAX: usize = 4096;

/// The sequence from which a number is taken to see whether anything can be written.
const TRIED_SEQUENCE: &str = "tried";

/// How many changes go to the disk together at most, so that none waits for a huge batch.
pub const BATCH_CHANGES_MAX: usize = 512;

/// How many rows one list or claim returns at most, whatever was asked for.
pub const LISTED_ROWS_MAX: u32 = 1000;

/// How many orders are deleted in one transaction, so that payments get their turn in between.
const DELETED_ORDERS_MAX: i64 = 200;

/// How many rows that belong to no order go with them in one transaction.
const DELETED_ROWS_MAX: i64 = 2000;

/// Opens the SQLite file at `path`, creating or migrating it.
///
/// # Errors
/// [`StoreError::Unavailable`] when the file cannot be opened, is no database of this program, or
/// was written by a newer version of it.
pub async fn open_sqlite(path: &Path) -> Result<Arc<dyn Store>, StoreError> {
    Ok(Arc::new(sqlite::SqliteStore::open(path).await?))
}

/// Opens a PostgreSQL database (`postgres://user:password@host:port/name`), creating or migrating
/// its tables. Several processes may share it.
///
/// # Errors
/// [`StoreError::Unavailable`] when the address is malformed, the database cannot be reached, or
/// its tables were made by a newer version of this program.
pub async fn open_postgres(url: &str) -> Result<Arc<dyn Store>, StoreError> {
    Ok(Arc::new(postgres::PostgresStore::open(url).await?))
}

/// What became of a change that could be made only once, or only over a known version.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub enum Committed {
    /// It is on disk.
    Done,
    /// Nothing was changed: someone else was first. The version has moved, or the name is taken.
    Conflict,
}

/// A store, whatever engine is below it.
#[async_trait]
pub trait Store:
    Orders + Dues + Ledger + Operations + Attempts + Idempotency + Tokens + Mails + Settings + Numbers
{
    /// What the store has done since it was opened, and how much room it takes.
    async fn statistics(&self) -> Result<StoreStatistics, StoreError>;

    /// Writes everything into its final place, so that a copy of the database is complete. Never
    /// needed for durability.
    async fn checkpoint(&self) -> Result<(), StoreError>;

    /// Makes a small change for nothing, and takes and gives back the room that some payments
    /// need: after a change has failed, this tells whether the next ones may go well.
    ///
    /// # Errors
    /// [`StoreError`] when changes cannot be made, such as on a full disk.
    async fn try_writing(&self) -> Result<(), StoreError>;

    /// Finishes the changes that wait and ends; later calls fail with
    /// [`StoreError::Unavailable`].
    async fn close(&self) -> Result<(), StoreError>;
}

/// Orders and everything that belongs to them.
#[async_trait]
pub trait Orders: Send + Sync {
    /// Makes everything in the unit true at once, durably, or nothing of it.
    ///
    /// # Errors
    /// [`StoreError::Rejected`] when the unit contradicts itself or the tables;
    /// [`StoreError::Busy`] and [`StoreError::Unavailable`] when nothing was done;
    /// [`StoreError::OutcomeUnknown`] when the caller has to read what is true now.
    async fn commit(&self, unit: UnitOfWork) -> Result<Committed, StoreError>;

    /// The order with this key.
    async fn order(&self, site: SiteId, key: OrderKey) -> Result<Option<OrderRow>, StoreError>;

    /// The order that the merchant calls so.
    async fn order_by_merchant_id(
        &self,
        site: SiteId,
        order_id: &str,
    ) -> Result<Option<OrderRow>, StoreError>;

    /// The order that this transaction belongs to.
    async fn key_of_transaction(
        &self,
        site: SiteId,
        transaction_id: i64,
    ) -> Result<Option<OrderKey>, StoreError>;

    /// Orders of the site, newest first: those before `before`, or the newest. At most `limit`,
    /// and at most [`LISTED_ROWS_MAX`].
    async fn recent_orders(
        &self,
        site: SiteId,
        before: Option<OrderKey>,
        limit: u32,
    ) -> Result<Vec<OrderRow>, StoreError>;

    /// Orders of the site with keys from `from_key` until before `to_key`, oldest first: those
    /// after `after`, or the first ones. At most `limit`, and at most [`LISTED_ROWS_MAX`].
    async fn orders_between(
        &self,
        site: SiteId,
        from_key: OrderKey,
        to_key: OrderKey,
        after: Option<OrderKey>,
        limit: u32,
    ) -> Result<Vec<OrderRow>, StoreError>;

    /// A card of the order.
    async fn card(
        &self,
        site: SiteId,
        key: OrderKey,
        card_id: i32,
    ) -> Result<Option<CardRow>, StoreError>;

    /// The history of the order, oldest first.
    async fn events(&self, site: SiteId, key: OrderKey) -> Result<Vec<EventRow>, StoreError>;

    /// The notifications of the order, oldest first, with what was tried.
    async fn notifications(
        &self,
        site: SiteId,
        key: OrderKey,
    ) -> Result<Vec<NotificationRecord>, StoreError>;

    /// Whether a notification of the order that is older than `seq`, and of the same sale, is due
    /// by `now`, so that it is under way or about to be.
    async fn is_notification_preceded(
        &self,
        site: SiteId,
        key: OrderKey,
        (seq, subject): (i32, i32),
        now: UnixMillis,
    ) -> Result<bool, StoreError>;

    /// The timers that are set for the order.
    async fn timers(&self, site: SiteId, key: OrderKey) -> Result<Vec<TimerRow>, StoreError>;

    /// Timers of the site whose kind begins so, with their orders, soonest first. At most `limit`,
    /// and at most [`LISTED_ROWS_MAX`].
    async fn timers_of_kind(
        &self,
        site: SiteId,
        kind_prefix: &str,
        limit: u32,
    ) -> Result<Vec<(OrderKey, TimerRow)>, StoreError>;

    /// The files of the order, without their content.
    async fn files(&self, site: SiteId, key: OrderKey) -> Result<Vec<FileSummary>, StoreError>;

    /// A file of the order.
    async fn file(
        &self,
        site: SiteId,
        key: OrderKey,
        file_id: i32,
    ) -> Result<Option<FileRow>, StoreError>;

    /// The advices that are owed for the order, and those that were stopped.
    async fn advices(&self, site: SiteId, key: OrderKey) -> Result<Vec<AdviceRow>, StoreError>;

    /// Whether an advice of the order that is older than `seq` is owed, and has to be settled
    /// first: one of the same chain, or of `kind`.
    async fn is_advice_preceded(
        &self,
        site: SiteId,
        key: OrderKey,
        seq: i32,
        kind: Option<&str>,
    ) -> Result<bool, StoreError>;

    /// Deletes every order of the site with all that belongs to it, and returns how many; seals,
    /// attempts, answered requests and tokens of the site go too. The site and its keys stay. Done in
    /// steps: an order goes with all its rows or not at all.
    async fn delete_site_data(&self, site: SiteId) -> Result<u64, StoreError>;
}

/// Work that is due. A claim that is neither finished nor committed over becomes due again when
/// its lease ends.
#[async_trait]
pub trait Dues: Send + Sync {
    /// Takes on notifications. Of one order at most one is under way at a time, older ones first;
    /// a newer one may go while an older one waits for its next attempt.
    async fn claim_notifications(
        &self,
        claim: Claim,
    ) -> Result<Vec<ClaimedNotification>, StoreError>;

    /// Records an attempt and decides what comes next. The record is kept in any case; what comes
    /// next only counts from the owner of the lease, except for an acknowledgement.
    async fn finish_notification(&self, result: NotificationResult) -> Result<(), StoreError>;

    /// Takes on timers that have gone off.
    async fn claim_timers(&self, claim: Claim) -> Result<Vec<ClaimedTimer>, StoreError>;

    /// Ends a claim that led to no unit of work. Without effect when the timer has been set anew,
    /// cancelled, or claimed by another worker.
    async fn finish_timer(&self, timer: &ClaimedTimer, next: TimerNext) -> Result<(), StoreError>;

    /// Takes on advices. Those of one order and chain leave one after the other: the next one is
    /// due only when the one before is settled or stopped.
    async fn claim_advices(&self, claim: Claim) -> Result<Vec<ClaimedAdvice>, StoreError>;

    /// Records what came of sending an advice, where the order itself does not change. A conflict
    /// means that the lease (from the claim) has been lost.
    ///
    /// # Errors
    /// [`StoreError::Rejected`] for [`AdviceChange::Owe`], which needs a unit of work.
    async fn record_advice(
        &self,
        site: SiteId,
        key: OrderKey,
        lease: UnixMillis,
        change: AdviceChange,
    ) -> Result<Committed, StoreError>;

    /// Ends every lease, and makes guards of requests due: what was under way in another process
    /// is nobody's any more. Only for a database that is this process's alone, at its start.
    ///
    /// # Errors
    /// [`StoreError::Rejected`] on a database that processes share.
    async fn release_leases(&self, now: UnixMillis) -> Result<(), StoreError>;

    /// When the next work is due or the next lease ends, whichever is earlier; until then workers
    /// may sleep, unless they hear of new work.
    async fn next_due(&self) -> Result<Option<UnixMillis>, StoreError>;
}

/// Accounts, sites and keys: read often, changed rarely.
#[async_trait]
pub trait Settings: Send + Sync {
    /// A number that changes with every change to accounts, sites and keys. Cheap to ask for.
    async fn settings_version(&self) -> Result<i64, StoreError>;

    /// Every account.
    async fn accounts(&self) -> Result<Vec<AccountRow>, StoreError>;

    /// Adds an account; a conflict means that its id is taken.
    async fn insert_account(&self, account: AccountRow) -> Result<Committed, StoreError>;

    /// Every site.
    async fn sites(&self) -> Result<Vec<SiteRow>, StoreError>;

    /// Adds a site with version 1; a conflict means that its id is taken.
    async fn insert_site(&self, site: SiteRow) -> Result<Committed, StoreError>;

    /// Changes name, status and settings of the site, if it still has `site.version`.
    async fn update_site(&self, site: SiteRow) -> Result<Committed, StoreError>;

    /// Deletes the site and its keys. A conflict means that there is no such site, or that it has
    /// orders.
    async fn delete_site(&self, site: SiteId) -> Result<Committed, StoreError>;

    /// Every key of every site.
    async fn api_keys(&self) -> Result<Vec<ApiKeyRow>, StoreError>;

    /// Adds a key; a conflict means that its id or its hash is taken.
    async fn insert_api_key(&self, key: ApiKeyRow) -> Result<Committed, StoreError>;

    /// Changes the status of a key; a conflict means that there is no such key.
    async fn set_api_key_status(
        &self,
        site: SiteId,
        id: i64,
        status: &str,
    ) -> Result<Committed, StoreError>;

    /// Every key of every account.
    async fn account_keys(&self) -> Result<Vec<AccountKeyRow>, StoreError>;

    /// Adds a key of an account; a conflict means that its id or its hash is taken.
    async fn insert_account_key(&self, key: AccountKeyRow) -> Result<Committed, StoreError>;

    /// Changes the status of an account's key; a conflict means that there is no such key.
    async fn set_account_key_status(
        &self,
        account_id: i64,
        id: i64,
        status: &str,
    ) -> Result<Committed, StoreError>;

    /// Every data key.
    async fn data_keys(&self) -> Result<Vec<DataKeyRow>, StoreError>;

    /// Adds a data key; a conflict means that its id is taken: someone else was first.
    async fn insert_data_key(&self, key: DataKeyRow) -> Result<Committed, StoreError>;

    /// If the stored data keys are exactly `expected`, in any order, makes them `new`; a conflict
    /// means that somebody else changed them. Nobody adds or changes one meanwhile.
    async fn swap_data_keys(
        &self,
        expected: Vec<DataKeyRow>,
        new: Vec<DataKeyRow>,
    ) -> Result<Committed, StoreError>;

    /// Changes the state of a data key; a conflict means that there is no such key.
    async fn set_data_key_state(&self, id: i32, state: &str) -> Result<Committed, StoreError>;

    /// Moves the site's clock forward by `by_ms` and everything that is pending on the site with
    /// it, in one transaction. Returns the new offset; `None` when there is no such site.
    ///
    /// # Errors
    /// [`StoreError::Rejected`] when `by_ms` is negative or beyond [`CLOCK_OFFSET_MS_MAX`] in sum.
    async fn advance_site_clock(&self, site: SiteId, by_ms: i64)
    -> Result<Option<i64>, StoreError>;
}

/// How far a site's clock can be ahead, in milliseconds: a hundred years.
pub const CLOCK_OFFSET_MS_MAX: i64 = 100 * 365 * 24 * 60 * 60 * 1000;

/// Numbers that are handed out once.
#[async_trait]
pub trait Numbers: Send + Sync {
    /// Reserves `count` numbers of the sequence with this name, which starts at 1 and need not
    /// exist before, and returns the first. They are never handed out again, not even after a
    /// crash.
    async fn reserve_numbers(&self, sequence: &str, count: u32) -> Result<u64, StoreError>;

    /// Leases a node number that nobody else has; `None` when all are taken. The one that has
    /// been free for longest is given.
    async fn lease_node(
        &self,
        now: UnixMillis,
        lease_until: UnixMillis,
    ) -> Result<Option<Node>, StoreError>;

    /// Extends the lease; `None` when it has been lost to another process.
    async fn renew_node(
        &self,
        node: Node,
        lease_until: UnixMillis,
    ) -> Result<Option<Node>, StoreError>;

    /// Gives the number back.
    async fn release_node(&self, node: Node, now: UnixMillis) -> Result<(), StoreError>;
}

/// What a store has done since it was opened.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct StoreStatistics {
    /// Changes that went to the disk.
    pub changes: u64,
    /// Batches in which they went; `changes / batches` is how well grouping works.
    pub batches: u64,
    /// Changes in the largest batch.
    pub largest_batch: u64,
    /// Changes that wait right now.
    pub waiting: u64,
    /// Size of the database, in bytes; on SQLite with its log.
    pub database_bytes: u64,
    /// Size of the log on SQLite, in bytes.
    pub log_bytes: u64,
}

/// How batches are counted, shared by the engines.
#[derive(Debug, Default)]
struct BatchCounters {
    changes: std::sync::atomic::AtomicU64,
    batches: std::sync::atomic::AtomicU64,
    largest: std::sync::atomic::AtomicU64,
}

impl BatchCounters {
    fn count(&self, changes: usize) {
        use std::sync::atomic::Ordering::Relaxed;
        let changes = u64::try_from(changes).unwrap_or(u64::MAX);
        self.changes.fetch_add(changes, Relaxed);
        self.batches.fetch_add(1, Relaxed);
        self.largest.fetch_max(changes, Relaxed);
    }

    fn statistics(&self) -> StoreStatistics {
        use std::sync::atomic::Ordering::Relaxed;
        StoreStatistics {
            changes: self.changes.load(Relaxed),
            batches: self.batches.load(Relaxed),
            largest_batch: self.largest.load(Relaxed),
            ..StoreStatistics::default()
        }
    }
}

/// What is greater than every text that begins with `prefix`, compared by bytes.
fn after_prefix(prefix: &str) -> String {
    format!("{prefix}{}", char::MAX)
}

/// A delivery as every engine keeps it: a reply may hold anything; NUL is what one of them cannot
/// keep.
pub fn as_kept(mut delivery: DeliveryRow) -> DeliveryRow {
    let clean = |text: &str| text.replace('\0', "\u{fffd}");
    delivery.reply = delivery.reply.chars().take(DELIVERY_REPLY_CHARS_MAX).collect();
    delivery.reply = clean(&delivery.reply);
    delivery.url = clean(&delivery.url);
    delivery.error_class = delivery.error_class.as_deref().map(clean);
    delivery
}
