//! Operations of a site, as merchants list them: payments, captures in part, refunds, chargebacks.
//!
//! Units of work write them. A row's class says everything that lists are filtered by; what it
//! means is not known here. A site has few classes, so that any filter is a merge of few sequences,
//! each sorted by time, and a page costs the same wherever it is.

use std::ops::Range;

use async_trait::async_trait;

use super::StoreError;
use super::rows::{OrderKey, OrderRow, SiteId};
use crate::clock::UnixMillis;

/// Longest class, in bytes.
pub const OPERATION_CLASS_BYTES_MAX: usize = 120;

/// One operation of an order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OperationRow {
    /// Unique on the site, and grows with time.
    pub transaction_id: i64,
    /// What it is filtered by.
    pub class: String,
    /// Minor units.
    pub amount: i64,
    /// In the site's own time.
    pub created_at: UnixMillis,
    /// In the site's own time; none while it is not.
    pub completed_at: Option<UnixMillis>,
}

/// Which operations are asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OperationsQuery {
    /// By class and transaction id.
    pub windows: OperationWindows,
    /// When they were created.
    pub created: Range<UnixMillis>,
    /// When they were completed; none asks for those that were not as well.
    pub completed: Option<Range<UnixMillis>>,
    /// Which end of the windows the page is taken from, and how it is sorted.
    pub from: OperationsEnd,
    /// Rows at most; never more than [`LISTED_ROWS_MAX`](super::LISTED_ROWS_MAX).
    pub limit: u32,
}

/// Ranges of transaction ids.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum OperationWindows {
    /// One range for all classes.
    All(Range<i64>),
    /// A range for each of these classes, which differ.
    Of(Vec<(String, Range<i64>)>),
}

/// One end of a list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OperationsEnd {
    /// The newest ones, newest first.
    Newest,
    /// The oldest ones, oldest first.
    Oldest,
}

/// What is added to an order that an earlier release made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AddedRow {
    /// One of its operations.
    Operation(OperationRow),
    /// An acquirer's reference by which it shall be found.
    Reference(String),
}

/// Reads of operations and references, and the way in for orders of earlier releases.
#[async_trait]
pub trait Operations: Send + Sync {
    /// Every class that the site has, sorted.
    async fn operation_classes(&self, site: SiteId) -> Result<Vec<String>, StoreError>;

    /// One page of the site's operations, with the keys of their orders.
    async fn operations(
        &self,
        site: SiteId,
        query: OperationsQuery,
    ) -> Result<Vec<(OrderKey, OperationRow)>, StoreError>;

    /// The operation with this number.
    async fn operation(
        &self,
        site: SiteId,
        transaction_id: i64,
    ) -> Result<Option<(OrderKey, OperationRow)>, StoreError>;

    /// The orders that have an acquirer's reference (RRN), in the order of their keys. At most
    /// [`LISTED_ROWS_MAX`](super::LISTED_ROWS_MAX).
    async fn keys_of_reference(&self, site: SiteId, rrn: &str)
    -> Result<Vec<OrderKey>, StoreError>;

    /// The orders with these keys, in no particular sequence; those that are gone are left out.
    async fn orders_with_keys(
        &self,
        site: SiteId,
        keys: Vec<OrderKey>,
    ) -> Result<Vec<OrderRow>, StoreError>;

    /// Sites with orders that may lack operations or references: those with keys below the second
    /// number.
    async fn operations_owed(&self) -> Result<Vec<(SiteId, OrderKey)>, StoreError>;

    /// Adds what orders lacked; rows that are there stay as they are. From then on only orders with
    /// keys below `until_key` are owed; none of them, if there is no such key.
    async fn add_operations(
        &self,
        site: SiteId,
        rows: Vec<(OrderKey, AddedRow)>,
        until_key: Option<OrderKey>,
    ) -> Result<(), StoreError>;
}
