//! What the gateway does with an order: load, decide, record, send, settle.
//!
//! Entrances call the operations here; the operations ask the pure core, commit through the
//! store, and only then send. Read in this order:

pub mod site;
pub mod ids;
pub mod persist;
pub mod directory;
pub mod record;
mod effects;
pub mod journal;
pub mod rails;
pub mod tokens;
pub mod charges;
mod page_cards;
pub mod create;
mod draft;
pub mod session;
pub mod elsewhere;
mod promise;
pub mod shipment;
mod parts;
pub mod authorize;
pub mod verify;
pub mod change;
pub mod dispute;
pub mod rrn;
pub mod owed;
pub mod timers;
pub mod risk;
pub mod outbox;
pub mod told;
pub mod mails;
pub mod housekeeping;
pub mod seals;
pub mod audit;
pub mod reconcile;
pub mod report;
pub mod view;
pub mod operations;
pub mod accounts;
pub mod api_tokens;
pub mod test_platform;
pub mod sandboxes;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};

use tokio::sync::{Notify, Semaphore};

use crate::clock::{Clock, UnixMillis};
use crate::notify::client::WebhookClient;
use crate::notify::schedule::Schedule;
use crate::provider::ProviderClient;
use crate::store::{Store, StoreError};
use crate::vault::Vault;
use directory::Directory;
use ids::TransactionIds;
use rails::Rails;
use site::{Mode, Site};

/// The gateway with everything it works through. One per process, shared by all entrances.
pub struct Gateway {
    pub store: Arc<dyn Store>,
    pub vault: Arc<Vault>,
    pub clock: Arc<dyn Clock>,
    pub directory: Directory,
    pub transaction_ids: TransactionIds,
    pub webhooks: WebhookClient,
    /// Base of every address that payers, directory servers and shops are given; no slash at
    /// its end.
    pub public_url: String,
    pub rails: RailsByMode,
    /// When shops that did not answer are told again.
    pub schedule: Schedule,
    /// Who runs the other methods of test sites.
    pub provider: Option<ProviderClient>,
    /// Where test sites find the simulator's control interface.
    pub simulator: Option<test_platform::SimulatorControl>,
    /// Tables and averages by which payments are judged.
    pub risk: risk::RiskKnowledge,
    /// Keyed hash of the token that opens the operator's endpoints; none: they are closed.
    pub internal_token: Option<[u8; 32]>,
    /// The way to the mail server.
    pub post: crate::mail::post::Post,
    /// The store is this process's alone.
    pub alone: bool,
    /// What the page at `/` says of this process.
    pub workbench: crate::workbench::Workbench,
    pub work: Work,
}

/// Which acquirer and directory servers a site's payments go to: chosen by configuration alone.
pub struct RailsByMode {
    pub test: Option<Arc<Rails>>,
    pub live: Option<Arc<Rails>>,
}

/// What background work is under way in this process, and how workers are woken.
pub struct Work {
    pub deliveries: Arc<Semaphore>,
    pub advices: Arc<Semaphore>,
    pub creates: Arc<Semaphore>,
    pub uploads: Arc<Semaphore>,
    pub mails: Arc<Semaphore>,
    /// The last calls of the API.
    pub call_log: crate::call_log::CallLog,
    /// What shops of test sites are told.
    pub telling: told::Telling,
    /// Sandboxes are made one after the other.
    pub sandboxing: tokio::sync::Mutex<()>,
    /// Who follows what happens.
    pub followers: crate::event_stream::Followers,
    /// Something became due.
    pub wake: Notify,
    pub writing: Writing,
    /// Up to which midnight this process knows all journals to be sealed.
    pub sealed_until: AtomicI64,
    /// Whether this process begins what its commits owe. An operator's command leaves it to the
    /// gateways that run.
    pub begins: bool,
}

impl Work {
    /// Until when what a commit owes is this process's to begin.
    pub fn lease_until(&self, now: UnixMillis) -> UnixMillis {
        if self.begins { now + crate::limits::LEASE_MS } else { now }
    }
}

/// Whether the store takes changes, as far as the last one tells.
#[derive(Default)]
pub struct Writing {
    failing: AtomicBool,
    /// A change has failed.
    failed: Notify,
}

impl Writing {
    /// True from a change that failed until a trial goes well: nothing new is begun meanwhile.
    pub fn is_failing(&self) -> bool {
        self.failing.load(Ordering::Acquire)
    }

    /// Takes note of what became of a change.
    pub fn observe<T>(&self, made: &Result<T, StoreError>) {
        if let Err(StoreError::Unavailable { .. } | StoreError::OutcomeUnknown { .. }) = made {
            self.failing.store(true, Ordering::Release);
            self.failed.notify_one();
        }
    }

    /// Waits until a change has failed.
    pub async fn failed(&self) {
        self.failed.notified().await;
    }

    /// A trial went well.
    pub fn works(&self) {
        self.failing.store(false, Ordering::Release);
    }
}

impl Default for Work {
    fn default() -> Work {
        Work {
            deliveries: Arc::new(Semaphore::new(crate::limits::DELIVERIES_MAX)),
            advices: Arc::new(Semaphore::new(crate::limits::ADVICES_MAX)),
            creates: Arc::new(Semaphore::new(crate::limits::CREATES_MAX)),
            uploads: Arc::new(Semaphore::new(crate::limits::UPLOADS_MAX)),
            mails: Arc::new(Semaphore::new(crate::limits::MAILS_MAX)),
            call_log: crate::call_log::CallLog::default(),
            telling: told::Telling::default(),
            sandboxing: tokio::sync::Mutex::default(),
            followers: crate::event_stream::Followers::default(),
            wake: Notify::new(),
            begins: true,
            writing: Writing::default(),
            sealed_until: AtomicI64::new(i64::MIN),
        }
    }
}

/// The world broke while an operation was under way. What is durable stays true.
#[derive(Debug)]
pub enum Failure {
    /// Too much is under way; nothing was done.
    Busy,
    /// The store takes no changes at present; nothing was done.
    NotWriting,
    /// The store could not be used, or nobody knows whether it took the change.
    Store(StoreError),
    /// What was stored cannot be read: a bug, or damage.
    Damaged(String),
    /// The site's mode has no acquirer.
    NoRails,
    /// Somebody else kept moving the order.
    Contended,
}

impl std::fmt::Display for Failure {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Failure::Busy => write!(out, "too much is under way"),
            Failure::NotWriting => write!(out, "the store takes no changes"),
            Failure::Store(error) => write!(out, "{error}"),
            Failure::Damaged(what) => write!(out, "stored data cannot be read: {what}"),
            Failure::NoRails => write!(out, "no acquirer is configured for this kind of site"),
            Failure::Contended => write!(out, "the order is being changed by others"),
        }
    }
}

impl std::error::Error for Failure {}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Failure {
        match error {
            StoreError::Busy => Failure::Busy,
            other => Failure::Store(other),
        }
    }
}

impl From<persist::Unreadable> for Failure {
    fn from(error: persist::Unreadable) -> Failure {
        Failure::Damaged(error.0)
    }
}

impl Gateway {
    /// The gateway's own time.
    pub fn now(&self) -> UnixMillis {
        self.clock.now()
    }

    /// The wires of a site.
    ///
    /// # Errors
    /// [`Failure::NoRails`] when none are configured for its mode.
    pub fn rails_of(&self, site: &Site) -> Result<Arc<Rails>, Failure> {
        let rails = match site.mode {
            Mode::Test => &self.rails.test,
            Mode::Live => &self.rails.live,
        };
        rails.clone().ok_or(Failure::NoRails)
    }
}
