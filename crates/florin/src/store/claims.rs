//! Work that is due, and how a worker takes it on: by a lease that others respect until it ends.
//!
//! `lease` in a claim is the instant at which the lease ends. It is also the proof of ownership:
//! what a worker reports is ignored when another one has taken over in the meantime.

use super::rows::{DeliveryRow, OrderKey, SiteId};
use crate::clock::UnixMillis;

/// Which part of the orders a worker serves: those whose key leaves `index` when divided by `of`.
/// Lets several databases, or several workers of one, share the work without meeting.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bucket {
    index: u16,
    of: u16,
}

impl Bucket {
    /// Everything.
    pub const ALL: Bucket = Bucket { index: 0, of: 1 };

    /// `None` unless `index < of`.
    pub fn new(index: u16, of: u16) -> Option<Bucket> {
        (index < of).then_some(Bucket { index, of })
    }

    /// What the key of its orders leaves when divided.
    pub fn index(self) -> i64 {
        i64::from(self.index)
    }

    /// What it is divided by.
    pub fn of(self) -> i64 {
        i64::from(self.of)
    }
}

/// What a worker asks for.
#[derive(Clone, Copy, Debug)]
pub struct Claim {
    /// The present instant.
    pub now: UnixMillis,
    /// Until when the work is the worker's alone.
    pub lease_until: UnixMillis,
    /// At most this many.
    pub limit: u32,
    /// Of this part of the orders.
    pub bucket: Bucket,
}

/// A notification whose next attempt is the worker's to make.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClaimedNotification {
    /// The order's site.
    pub site_id: SiteId,
    /// The order.
    pub key: OrderKey,
    /// Which notification of the order.
    pub seq: i32,
    /// Which part of the order it tells of.
    pub subject: i32,
    /// What it is about.
    pub event: String,
    /// Attempts that have ended.
    pub attempts: i32,
    /// When the first attempt was begun; now, if this is the first.
    pub first_attempt_at: UnixMillis,
    /// When it was due.
    pub due_at: UnixMillis,
    /// When the lease ends.
    pub lease: UnixMillis,
}

/// What came of an attempt to deliver a notification.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NotificationResult {
    /// The order's site.
    pub site_id: SiteId,
    /// The order.
    pub key: OrderKey,
    /// Which notification of the order.
    pub seq: i32,
    /// From the claim; anything for a manual attempt, which has none.
    pub lease: UnixMillis,
    /// For the record, whatever happens next.
    pub delivery: DeliveryRow,
    /// What happens next.
    pub next: NotificationNext,
}

/// What happens to a notification after an attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NotificationNext {
    /// The site said OK, whoever asked: older ones of the order that still wait are dropped.
    Acknowledged,
    /// Another attempt is due then.
    RetryAt(UnixMillis),
    /// That was the last attempt.
    Exhausted,
    /// A manual attempt failed: the series goes on as if nothing had happened.
    Unchanged,
}

/// A timer that has gone off.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClaimedTimer {
    /// The order's site.
    pub site_id: SiteId,
    /// The order.
    pub key: OrderKey,
    /// What it is for.
    pub kind: String,
    /// When it was due.
    pub due_at: UnixMillis,
    /// When the lease ends.
    pub lease: UnixMillis,
}

/// What happens to a timer that has gone off and led to no unit of work.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TimerNext {
    /// It has done its duty.
    Done,
    /// It goes off again then.
    At(UnixMillis),
}

/// An advice that is the worker's to send.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClaimedAdvice {
    /// The order's site.
    pub site_id: SiteId,
    /// The order.
    pub key: OrderKey,
    /// Which advice of the order.
    pub seq: i32,
    /// What kind of message it is.
    pub kind: String,
    /// Name of the acquirer link that it has to leave by.
    pub link: String,
    /// Attempts that have ended.
    pub attempts: i32,
    /// When the first attempt was begun; now, if this is the first.
    pub first_attempt_at: UnixMillis,
    /// When it was due.
    pub due_at: UnixMillis,
    /// The message.
    pub body: String,
    /// When the lease ends.
    pub lease: UnixMillis,
}

/// A number that tells processes apart, for as long as its lease lasts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Node {
    /// From 0 to [`NODES_MAX`] - 1.
    pub id: u16,
    /// When the lease ends.
    pub lease: UnixMillis,
}

/// How many processes can share a database: ten bits of a transaction id tell them apart.
pub const NODES_MAX: u16 = 1024;
