//! The link as its users see it: give it a message, learn what became of it.
//!
//! Silence is a reply of its own, and so is "nothing was sent": only the first may have moved
//! money. The link never repeats a message by itself.

use std::fmt;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use iso8583::frame::Framing;
use iso8583::{Codec, Message, Spec, presence};
use tokio::sync::{broadcast, mpsc, oneshot, watch};
use tokio::task::JoinHandle;
use tokio::time::{Instant, timeout_at};
use zeroize::Zeroizing;

use crate::clock::Clock;

use super::config::{LinkConfig, LinkConfigError};
use super::connection::{self, Dialer, TcpDialer};
use super::mac::MacKey;
use super::matching::{Expected, Key, Recent};
use super::numbers::{NumberBlocks, Numbers, NumbersUnavailable, Trace};
use super::pending::{Asker, InFlight, Request};
use super::readiness::Readiness;
use super::statistics::{Counters, LinkStatistics};
use super::tls::{self, Tls, TlsError};

/// Late answers that an observer may lag behind.
const LATE_ANSWERS_KEPT: usize = 1024;

/// How often a message is offered to a connection before it counts as not sent.
const UNSENT_TRIES_MAX: usize = 3;

/// A link to an acquirer; clones share it. When the last one is dropped it is drained in the
/// background; [`Link::shutdown`] waits for that.
#[derive(Clone)]
pub struct Link {
    inner: Arc<Inner>,
}

struct Inner {
    shared: Arc<Shared>,
    slots: Vec<Slot>,
    turn: AtomicUsize,
    draining: watch::Sender<bool>,
    tasks: Mutex<Vec<JoinHandle<()>>>,
}

/// A place for one connection, whatever connection is in it.
struct Slot {
    requests: mpsc::Sender<Request>,
}

/// What the connections of a link share.
pub(crate) struct Shared {
    pub(crate) config: LinkConfig,
    pub(crate) codec: Codec,
    pub(crate) framing: Framing,
    pub(crate) mac_key: Option<MacKey>,
    pub(crate) tls: Option<Tls>,
    pub(crate) numbers: Arc<Numbers>,
    pub(crate) counters: Arc<Counters>,
    pub(crate) recent: Mutex<Recent>,
    pub(crate) late: broadcast::Sender<LateAnswer>,
    /// For each slot, whether its connection is signed on.
    pub(crate) signed_on: Readiness,
    pub(crate) random: Random,
    pub(crate) dialer: Arc<dyn Dialer>,
}

/// A source of random numbers, for the jitter of reconnects.
pub type Random = Arc<dyn Fn() -> u64 + Send + Sync>;

/// What became of a request.
#[derive(Debug)]
pub enum Reply {
    /// The host answered; key and content are those of the request.
    Answered(Message),
    /// Not a byte was sent: nothing can have happened at the host.
    NotSent(NotSentReason),
    /// It was sent, at least in part, and there is no valid answer: in doubt, to be reversed.
    Unanswered(UnansweredReason),
}

/// Why a request was not sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NotSentReason {
    /// No connection is signed on.
    NotSignedOn,
    /// The link is being shut down.
    Draining,
    /// As many requests as the settings allow wait for answers.
    TooManyInFlight,
    /// The connection broke before the first byte.
    ConnectionLost,
    /// A request with the same key waits for its answer.
    KeyInUse,
    /// The message breaks the profile; it must be built differently.
    Unsendable(String),
}

/// Why a request that was sent has no answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UnansweredReason {
    /// T2 or T4 ran out.
    TimedOut,
    /// The connection broke after sending.
    ConnectionLost,
    /// The answer's content is not that of the request.
    Invalid,
}

/// An answer whose request had been given up. It changes nothing: the reversal stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LateAnswer {
    /// What it has in common with its request.
    pub key: Key,
    /// DE37 of the answer.
    pub rrn: Option<String>,
    /// DE39 of the answer.
    pub response_code: Option<String>,
}

/// The link cannot be started.
#[derive(Clone, Debug)]
pub enum LinkError {
    /// A setting breaks its rule.
    Config(LinkConfigError),
    /// The TLS files cannot be used.
    Tls(TlsError),
}

impl UnansweredReason {
    /// The message reason of the reversal that is owed: 4020 invalid answer, 4021 no answer.
    pub fn reversal_reason(self) -> &'static str {
        match self {
            UnansweredReason::Invalid => "4020",
            UnansweredReason::TimedOut | UnansweredReason::ConnectionLost => "4021",
        }
    }
}

impl Link {
    /// Starts the connections of a link; they connect and sign on by themselves, for as long as
    /// the link lives. Must be called inside a runtime.
    ///
    /// # Errors
    /// Settings that break a rule, TLS files that cannot be read.
    pub fn start(
        config: LinkConfig,
        numbers: Arc<dyn NumberBlocks>,
        clock: Arc<dyn Clock>,
    ) -> Result<Link, LinkError> {
        // Without a random number pauses do not vary, which is no reason to stop.
        let random = || getrandom::u64().unwrap_or(0);
        Link::start_over(Arc::new(TcpDialer), config, numbers, clock, Arc::new(random))
    }

    /// [`Link::start`] over another network, with another source of random numbers.
    ///
    /// # Errors
    /// As [`Link::start`].
    pub fn start_over(
        dialer: Arc<dyn Dialer>,
        config: LinkConfig,
        numbers: Arc<dyn NumberBlocks>,
        clock: Arc<dyn Clock>,
        random: Random,
    ) -> Result<Link, LinkError> {
        config.check().map_err(LinkError::Config)?;
        let tls = config.tls.as_ref().map(tls::load).transpose().map_err(LinkError::Tls)?;
        let terminal_ids = config.terminal_ids.clone();
        let numbers =
            Numbers::new(numbers, clock, &config.name, config.numbers_per_block, terminal_ids);
        let late_window = Duration::from_millis(config.timers.t7_late_window_ms);
        let shared = Arc::new(Shared {
            codec: Codec::new(Spec::florin87(), config.encoding()),
            framing: config.framing(),
            mac_key: config.mac_key.clone(),
            tls,
            numbers: Arc::new(numbers),
            counters: Arc::default(),
            recent: Mutex::new(Recent::new(late_window)),
            late: broadcast::Sender::new(LATE_ANSWERS_KEPT),
            signed_on: Readiness::new(config.connections),
            random,
            dialer,
            config,
        });
        let draining = watch::Sender::new(false);
        let mut slots = Vec::new();
        let mut tasks = Vec::new();
        for slot in 0..shared.config.connections {
            let (sender, receiver) = mpsc::channel(shared.config.in_flight_max);
            let (shared, draining) = (Arc::clone(&shared), draining.subscribe());
            tasks.push(crate::tasks::start(connection::keep(shared, slot, receiver, draining)));
            slots.push(Slot { requests: sender });
        }
        let turn = AtomicUsize::new(0);
        let inner = Inner { shared, slots, turn, draining, tasks: Mutex::new(tasks) };
        Ok(Link { inner: Arc::new(inner) })
    }

    /// The settings.
    pub fn config(&self) -> &LinkConfig {
        &self.inner.shared.config
    }

    /// Numbers for the next message: trace number, reference, instant, terminal.
    ///
    /// # Errors
    /// No numbers can be reserved; nothing may be sent.
    pub async fn next_trace(&self) -> Result<Trace, NumbersUnavailable> {
        self.inner.shared.numbers.next().await
    }

    /// Sends a request or an advice and waits for what becomes of it, at most T2 or T4 (and a
    /// short time before, when no connection is signed on). If the caller stops waiting after
    /// the message was sent, its answer is reported as late.
    pub async fn exchange(&self, message: &Message) -> Reply {
        let mut reply = self.try_exchange(message).await.unwrap_or_else(Reply::NotSent);
        for _ in 1..UNSENT_TRIES_MAX {
            // Its connection went away before the first byte: another one may take it.
            let Reply::NotSent(NotSentReason::ConnectionLost) = reply else { break };
            reply = self.try_exchange(message).await.unwrap_or_else(Reply::NotSent);
        }
        let counters = &self.inner.shared.counters;
        match &reply {
            Reply::Answered(_) => counters.answered.count(),
            Reply::NotSent(_) => counters.not_sent.count(),
            Reply::Unanswered(_) => counters.unanswered.count(),
        }
        reply
    }

    /// Whether at least one connection may carry requests.
    pub fn is_signed_on(&self) -> bool {
        self.inner.shared.signed_on.count() > 0
    }

    /// Waits until at least one connection may carry requests.
    pub async fn signed_on(&self) {
        self.inner.shared.signed_on.any().await;
    }

    /// What the link has done so far.
    pub fn statistics(&self) -> LinkStatistics {
        self.inner.shared.counters.snapshot(self.inner.shared.signed_on.count())
    }

    /// Answers that come too late, from now on.
    pub fn late_answers(&self) -> broadcast::Receiver<LateAnswer> {
        self.inner.shared.late.subscribe()
    }

    /// Takes no new requests, waits for open answers (at most T2), signs off and closes.
    pub async fn shutdown(&self) {
        self.inner.draining.send_replace(true);
        let tasks = {
            let mut tasks = self.inner.tasks.lock().unwrap_or_else(PoisonError::into_inner);
            std::mem::take(&mut *tasks)
        };
        for task in tasks {
            if let Err(error) = task.await {
                tracing::error!(link = self.config().name, "a connection ended badly: {error}");
            }
        }
    }

    #[cfg(test)]
    pub(crate) fn shared(&self) -> &Arc<Shared> {
        &self.inner.shared
    }

    async fn try_exchange(&self, message: &Message) -> Result<Reply, NotSentReason> {
        let shared = &self.inner.shared;
        let unsendable = |why: &dyn fmt::Display| NotSentReason::Unsendable(why.to_string());
        let key = match Key::of_request(message) {
            Some(key) if !message.mti().is_network() => key,
            _ => return Err(unsendable(&"not a request of a caller")),
        };
        presence::check(message).map_err(|e| unsendable(&e))?;
        let in_flight = InFlight::take(&shared.counters, shared.config.in_flight_max)
            .ok_or(NotSentReason::TooManyInFlight)?;
        let frame = shared.frame(message, shared.framing).map_err(|e| unsendable(&e))?;
        let (reply, answered) = oneshot::channel();
        let slot = self.ready_slot().await?;
        let asker = Asker { expected: Expected::of(message), reply, in_flight };
        let is_advice = message.mti().is_advice();
        slot.requests.try_send(Request { frame, key, is_advice, asker }).map_err(|error| {
            match error {
                mpsc::error::TrySendError::Full(_) => NotSentReason::TooManyInFlight,
                mpsc::error::TrySendError::Closed(_) => NotSentReason::Draining,
            }
        })?;
        // A connection that dies without a word may have sent it: in doubt.
        Ok(answered.await.unwrap_or(Reply::Unanswered(UnansweredReason::ConnectionLost)))
    }

    /// A slot that is signed on, in turn; waits a short time for one.
    async fn ready_slot(&self) -> Result<&Slot, NotSentReason> {
        let shared = &self.inner.shared;
        if let Some(slot) = self.pick() {
            return Ok(slot);
        }
        let wait = Duration::from_millis(shared.config.timers.ready_wait_ms);
        let deadline = Instant::now() + wait;
        loop {
            let change = shared.signed_on.change();
            if *self.inner.draining.borrow() {
                return Err(NotSentReason::Draining);
            }
            if let Some(slot) = self.pick() {
                return Ok(slot);
            }
            if timeout_at(deadline, change).await.is_err() {
                return Err(NotSentReason::NotSignedOn);
            }
        }
    }

    fn pick(&self) -> Option<&Slot> {
        if *self.inner.draining.borrow() {
            return None;
        }
        let turn = self.inner.turn.fetch_add(1, Ordering::Relaxed);
        let index = self.inner.shared.signed_on.first_from(turn)?;
        self.inner.slots.get(index)
    }
}

impl Shared {
    /// The bytes of a message on the stream, with its MAC when the link has one.
    pub(crate) fn frame(
        &self,
        message: &Message,
        framing: Framing,
    ) -> Result<Zeroizing<Vec<u8>>, Box<dyn std::error::Error + Send + Sync>> {
        let mut bytes = Zeroizing::new(Vec::new());
        match &self.mac_key {
            Some(key) => {
                self.codec.encode_with_mac(message, &mut bytes, &|covered| key.sign(covered))?;
            }
            None => self.codec.encode(message, &mut bytes)?,
        }
        // Length and TPDU take at most nine bytes: the buffer does not move.
        let mut frame = Zeroizing::new(Vec::with_capacity(bytes.len() + 9));
        framing.wrap(&bytes, &mut frame)?;
        Ok(frame)
    }

    pub(crate) fn recent(&self) -> std::sync::MutexGuard<'_, Recent> {
        self.recent.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Link {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Link")
            .field("name", &self.config().name)
            .field("is_signed_on", &self.is_signed_on())
            .finish_non_exhaustive()
    }
}

impl fmt::Display for LinkError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            LinkError::Config(error) => error.fmt(f),
            LinkError::Tls(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for LinkError {}
