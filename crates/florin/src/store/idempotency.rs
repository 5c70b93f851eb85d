//! Requests that may be repeated: which are under way, and how the others were answered.
//!
//! A request is its process's own by a lease. The unit of work that makes the change stores an
//! answer with it, so that neither is there without the other; whoever makes the request may put
//! a better one in its place until the lease ends, and after that it stands. A refusal never takes
//! the place of what was done: two who took each other for dead may both be at it, and the second
//! one is refused for what the first one has made.

use std::fmt;

use async_trait::async_trait;

use super::StoreError;
use super::rows::SiteId;
use crate::clock::UnixMillis;

/// How many characters an idempotency key has at most.
pub const IDEMPOTENCY_KEY_CHARS_MAX: usize = 255;

/// What is known about a request that is about to begin.
#[derive(Clone, PartialEq, Eq)]
pub enum Begun {
    /// Nothing: it is the caller's to do.
    New,
    /// It was begun, and whoever did so has vanished: it is the caller's to do, who has to find out
    /// how far it had come.
    Resumed,
    /// Somebody is doing it right now.
    InFlight,
    /// It was done, and answered so.
    Answered {
        /// HTTP status.
        status: u16,
        /// The body, as it was sent.
        body: String,
    },
    /// The key belongs to another request.
    OtherRequest,
}

impl fmt::Debug for Begun {
    /// Leaves out the body, which is the merchant's.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Begun::New => write!(f, "New"),
            Begun::Resumed => write!(f, "Resumed"),
            Begun::InFlight => write!(f, "InFlight"),
            Begun::Answered { status, .. } => write!(f, "Answered({status})"),
            Begun::OtherRequest => write!(f, "OtherRequest"),
        }
    }
}

/// A request that is about to begin.
#[derive(Clone, Copy, Debug)]
pub struct BeginRequest<'a> {
    /// The site that makes it.
    pub site_id: SiteId,
    /// The key that the site gave it.
    pub key: &'a str,
    /// Keyed hash of the whole request.
    pub request_hash: [u8; 32],
    /// The present instant.
    pub now: UnixMillis,
    /// Until when the request is the caller's alone.
    pub lease_until: UnixMillis,
}

/// The answer to a request, stored with the change that the request made.
#[derive(Clone, PartialEq, Eq)]
pub struct AnsweredRequest {
    /// The key that the site gave it.
    pub key: String,
    /// HTTP status.
    pub status: u16,
    /// The body.
    pub body: String,
}

impl fmt::Debug for AnsweredRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AnsweredRequest").field("status", &self.status).finish_non_exhaustive()
    }
}

/// Requests with idempotency keys.
#[async_trait]
pub trait Idempotency: Send + Sync {
    /// Notes that the request begins, or says what is known about it. One whose lease has ended
    /// without an answer is taken over; an answer counts when the request is finished, or when its
    /// lease has ended.
    async fn begin_request(&self, begin: BeginRequest<'_>) -> Result<Begun, StoreError>;

    /// Stores the answer and ends the lease, and returns the answer that stands: another one where
    /// the request has been finished, or where this one refuses (its status is not 200 to 299) what
    /// was done meanwhile. `None` where nothing is known of the request.
    async fn finish_request(
        &self,
        site: SiteId,
        key: &str,
        status: u16,
        body: &str,
    ) -> Result<Option<(u16, String)>, StoreError>;

    /// Forgets the request, so that it can be made again; if its change was made, the answer that
    /// came with it stands.
    async fn forget_request(&self, site: SiteId, key: &str) -> Result<(), StoreError>;

    /// Deletes requests of all sites that began before that instant, at most `limit` and at most
    /// [`LISTED_ROWS_MAX`](super::LISTED_ROWS_MAX), and returns how many.
    async fn prune_requests(&self, before: UnixMillis, limit: u32) -> Result<u64, StoreError>;
}
