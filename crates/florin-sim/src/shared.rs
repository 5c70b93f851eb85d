//! What all parts of a running simulator have in common.
//!
//! Order of locks where two are held: challenges, then payments, then books, then the journal's own.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};
use std::time::Duration;

use iso8583::Encoding;
use iso8583::frame::Framing;
use tokio::sync::watch;

use crate::books::Ledger;
use crate::faults::Faults;
use crate::host::mac::LinkMac;
use crate::host::time::HostTime;
use crate::journal::{Journal, Record};
use crate::methods::Payments;
use crate::surroundings::Surroundings;
use crate::threeds::Challenges;
use crate::transcript::Transcript;

/// State and settings of a simulator.
pub(crate) struct Shared {
    pub encoding: Encoding,
    pub framing: Framing,
    pub mac: Option<LinkMac>,
    pub ledger: Mutex<Ledger>,
    pub challenges: Mutex<Challenges>,
    pub payments: Mutex<Payments>,
    pub journal: Journal,
    pub faults: Faults,
    pub transcript: Transcript,
    /// Counts the cuts; a connection ends when it changes.
    pub cut: watch::Sender<u64>,
    /// Where the HTTP paths are reachable from outside, without a slash at its end.
    pub public_url: RwLock<String>,
    pub results_prefix: Option<String>,
    pub control_token: zeroize::Zeroizing<String>,
    pub challenge_life: Duration,
    pub around: Arc<dyn Surroundings>,
}

impl Shared {
    /// Now, at the host.
    pub(crate) fn now(&self) -> HostTime {
        HostTime::at(self.around.now())
    }

    /// A public address of one of the simulator's paths, which starts with a slash.
    pub(crate) fn url(&self, path: &str) -> String {
        let base = self.public_url.read().unwrap_or_else(PoisonError::into_inner);
        format!("{base}{path}")
    }

    /// Rewrites the journal when most of it is no longer needed.
    pub(crate) fn compact_journal(&self) {
        let challenges = lock(&self.challenges);
        let payments = lock(&self.payments);
        let ledger = lock(&self.ledger);
        let needed =
            ledger.records_needed() + challenges.records_needed() + payments.records_needed();
        if !self.journal.is_mostly_dead(needed) {
            return;
        }
        let books = ledger.snapshot().map(Record::Book);
        let snapshot = books.chain(challenges.snapshot().map(Record::Challenge));
        let snapshot = snapshot.chain(payments.snapshot().map(Record::Payment));
        if let Err(error) = self.journal.rewrite(snapshot) {
            tracing::error!(%error, "the simulator's journal cannot be rewritten");
        }
    }
}

/// Locks, also after a panic elsewhere: one broken exchange must not end the whole simulator.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
