//! Requests on their way through one connection, and the timers of their answers.
//!
//! Deadlines of one class come in the order of sending, so a queue per class holds them; an
//! answered request leaves its place in the queue, which is stepped over when its time comes.

use std::collections::hash_map::Entry;
use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use tokio::sync::oneshot;
use tokio::time::Instant;
use zeroize::Zeroizing;

use super::link::{NotSentReason, Reply};
use super::matching::{Expected, Key};
use super::statistics::Counters;

/// A request as the link hands it to a connection.
pub(crate) struct Request {
    pub(crate) frame: Zeroizing<Vec<u8>>,
    pub(crate) key: Key,
    pub(crate) is_advice: bool,
    pub(crate) asker: Asker,
}

/// Who waits for the reply, and what the answer must say.
pub(crate) struct Asker {
    pub(crate) expected: Expected,
    pub(crate) reply: oneshot::Sender<Reply>,
    pub(crate) in_flight: InFlight,
}

impl Request {
    /// Gives the request back unsent.
    pub(crate) fn refuse(self, reason: NotSentReason) {
        // Nobody waiting any more is fine: nothing was sent.
        let _ = self.asker.reply_with(Reply::NotSent(reason));
    }
}

impl Asker {
    /// Tells the asker; gives the reply back when nobody waits any more.
    pub(crate) fn reply_with(self, reply: Reply) -> Result<(), Reply> {
        drop(self.in_flight);
        self.reply.send(reply)
    }
}

/// One request's share of what may be in flight; given back when it is dropped.
pub(crate) struct InFlight(Arc<Counters>);

impl InFlight {
    /// A share, unless as many as `max` are taken.
    pub(crate) fn take(counters: &Arc<Counters>, max: usize) -> Option<InFlight> {
        let share = InFlight(Arc::clone(counters));
        let before = counters.in_flight.fetch_add(1, Ordering::Relaxed);
        (before < max).then_some(share)
    }
}

impl Drop for InFlight {
    fn drop(&mut self) {
        self.0.in_flight.fetch_sub(1, Ordering::Relaxed);
    }
}

/// The requests of a connection that wait for their answers.
pub(crate) struct Pending {
    waiting: HashMap<Key, Waiting>,
    responses: Deadlines,
    advices: Deadlines,
    turn: u64,
}

/// A request that was put into the stream.
pub(crate) struct Waiting {
    turn: u64,
    /// Where its frame begins in the bytes of the connection.
    pub(crate) frame_at: u64,
    pub(crate) asker: Asker,
}

struct Deadlines {
    wait: Duration,
    queue: VecDeque<(Instant, Key, u64)>,
}

impl Pending {
    pub(crate) fn new(response_wait: Duration, advice_wait: Duration) -> Pending {
        let deadlines = |wait| Deadlines { wait, queue: VecDeque::new() };
        Pending {
            waiting: HashMap::new(),
            responses: deadlines(response_wait),
            advices: deadlines(advice_wait),
            turn: 0,
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.waiting.is_empty()
    }

    /// Notes a request whose frame will begin at `frame_at`. Gives the asker back when a request
    /// with the same key waits already.
    pub(crate) fn add(
        &mut self,
        key: Key,
        is_advice: bool,
        asker: Asker,
        frame_at: u64,
        now: Instant,
    ) -> Result<(), Asker> {
        let Entry::Vacant(place) = self.waiting.entry(key) else { return Err(asker) };
        self.turn += 1;
        let turn = self.turn;
        place.insert(Waiting { turn, frame_at, asker });
        let deadlines = if is_advice { &mut self.advices } else { &mut self.responses };
        deadlines.queue.push_back((now + deadlines.wait, key, turn));
        Ok(())
    }

    /// Whether a request waits under this key.
    pub(crate) fn contains(&self, key: &Key) -> bool {
        self.waiting.contains_key(key)
    }

    /// Takes out the request that waits under this key.
    pub(crate) fn take(&mut self, key: &Key) -> Option<Waiting> {
        self.waiting.remove(key)
    }

    /// When the next request will have waited long enough.
    pub(crate) fn next_deadline(&mut self) -> Option<Instant> {
        let responses = self.responses.front(&self.waiting);
        let advices = self.advices.front(&self.waiting);
        [responses, advices].into_iter().flatten().map(|(at, _)| at).min()
    }

    /// Takes out one request that has waited long enough.
    pub(crate) fn take_expired(&mut self, now: Instant) -> Option<(Key, Waiting)> {
        for deadlines in [&mut self.responses, &mut self.advices] {
            if let Some((at, key)) = deadlines.front(&self.waiting)
                && at <= now
            {
                deadlines.queue.pop_front();
                return self.waiting.remove(&key).map(|waiting| (key, waiting));
            }
        }
        None
    }

    /// Takes out everything.
    pub(crate) fn drain(&mut self) -> impl Iterator<Item = (Key, Waiting)> {
        self.responses.queue.clear();
        self.advices.queue.clear();
        // In the order of sending, and not in that of a hash.
        let mut all: Vec<(Key, Waiting)> = self.waiting.drain().collect();
        all.sort_by_key(|(_, waiting)| waiting.turn);
        all.into_iter()
    }
}

impl Deadlines {
    /// The first deadline whose request still waits.
    fn front(&mut self, waiting: &HashMap<Key, Waiting>) -> Option<(Instant, Key)> {
        while let Some((at, key, turn)) = self.queue.front().copied() {
            if waiting.get(&key).is_some_and(|waiting| waiting.turn == turn) {
                return Some((at, key));
            }
            self.queue.pop_front();
        }
        None
    }
}
