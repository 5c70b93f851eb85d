//! What a link has done, in numbers that only grow, and what it is doing.

use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

/// A snapshot of a link's counters.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LinkStatistics {
    /// Connections that are signed on now.
    pub connections_signed_on: usize,
    /// Requests that wait for an answer now.
    pub in_flight: usize,
    /// Connections that were opened.
    pub connects: u64,
    /// Sign-ons that the host accepted.
    pub sign_ons: u64,
    /// Exchanges that were answered.
    pub answered: u64,
    /// Exchanges of which nothing was sent.
    pub not_sent: u64,
    /// Exchanges that were sent and not answered.
    pub unanswered: u64,
    /// Answers whose content was not that of their request; counted as unanswered too.
    pub mismatched: u64,
    /// Answers that came after their exchange was given up.
    pub late: u64,
    /// Further copies of answers that were used.
    pub duplicates: u64,
    /// Answers and messages that belong to nothing known.
    pub strangers: u64,
    /// Frames that hold no message.
    pub unparsable: u64,
    /// Messages whose MAC is missing or wrong.
    pub mac_failures: u64,
    /// Echo tests that were not answered.
    pub echoes_missed: u64,
}

/// The counters themselves.
#[derive(Debug, Default)]
pub(crate) struct Counters {
    pub(crate) in_flight: AtomicUsize,
    pub(crate) connects: Counter,
    pub(crate) sign_ons: Counter,
    pub(crate) answered: Counter,
    pub(crate) not_sent: Counter,
    pub(crate) unanswered: Counter,
    pub(crate) mismatched: Counter,
    pub(crate) late: Counter,
    pub(crate) duplicates: Counter,
    pub(crate) strangers: Counter,
    pub(crate) unparsable: Counter,
    pub(crate) mac_failures: Counter,
    pub(crate) echoes_missed: Counter,
}

/// A number that only grows.
#[derive(Debug, Default)]
pub(crate) struct Counter(AtomicU64);

impl Counter {
    pub(crate) fn count(&self) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }

    fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

impl Counters {
    pub(crate) fn snapshot(&self, connections_signed_on: usize) -> LinkStatistics {
        LinkStatistics {
            connections_signed_on,
            in_flight: self.in_flight.load(Ordering::Relaxed),
            connects: self.connects.get(),
            sign_ons: self.sign_ons.get(),
            answered: self.answered.get(),
            not_sent: self.not_sent.get(),
            unanswered: self.unanswered.get(),
            mismatched: self.mismatched.get(),
            late: self.late.get(),
            duplicates: self.duplicates.get(),
            strangers: self.strangers.get(),
            unparsable: self.unparsable.get(),
            mac_failures: self.mac_failures.get(),
            echoes_missed: self.echoes_missed.get(),
        }
    }
}
