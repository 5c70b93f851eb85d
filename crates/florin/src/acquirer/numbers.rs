//! The numbers that name a message: STAN, retrieval reference number, terminal.
//!
//! Numbers are reserved durably in blocks, so that a restart skips some and reuses none; the next
//! block is reserved while the current one is still in use.

use std::fmt;
use std::ops::Range;
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};

use crate::clock::{Clock, UnixMillis};

/// How many trace numbers there are: 000001 to 999999.
pub const STANS: u32 = 999_999;

/// Where blocks of numbers are reserved.
#[async_trait]
pub trait NumberBlocks: Send + Sync + 'static {
    /// Reserves `count` consecutive numbers of a link's counter, durably, and gives the first.
    /// The counter only grows, over restarts and over all processes that use the link.
    async fn reserve(&self, link: &str, count: u32) -> Result<u32, NumbersUnavailable>;
}

/// No numbers can be reserved at present; nothing may be sent without one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NumbersUnavailable {
    /// Why, for the log.
    pub reason: String,
}

/// What names one message, and the operation that it starts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Trace {
    /// DE11, six digits.
    pub stan: String,
    /// DE37 of an operation that starts with this message: `YDDDhhNNNNNN`, UTC, then the STAN.
    pub rrn: String,
    /// DE7, MMDDhhmmss UTC.
    pub transmitted_at: String,
    /// DE41, eight characters.
    pub terminal_id: String,
}

/// Deals out numbers of reserved blocks.
pub(crate) struct Numbers {
    source: Arc<dyn NumberBlocks>,
    clock: Arc<dyn Clock>,
    link: String,
    per_block: u32,
    terminal_ids: Vec<String>,
    blocks: Mutex<Blocks>,
    /// Held while a block is being reserved, so that one task does it and the others wait.
    reserving: tokio::sync::Mutex<()>,
}

#[derive(Default)]
struct Blocks {
    current: Range<u32>,
    next: Option<Range<u32>>,
    /// A task is reserving the next block in the background.
    ahead: bool,
}

enum Taken {
    Number { number: u32, reserve_ahead: bool },
    Empty,
}

impl Numbers {
    pub(crate) fn new(
        source: Arc<dyn NumberBlocks>,
        clock: Arc<dyn Clock>,
        link: &str,
        per_block: u32,
        terminal_ids: Vec<String>,
    ) -> Numbers {
        Numbers {
            source,
            clock,
            link: link.to_owned(),
            per_block,
            terminal_ids,
            blocks: Mutex::new(Blocks::default()),
            reserving: tokio::sync::Mutex::new(()),
        }
    }

    /// The next number with the present instant.
    pub(crate) async fn next(self: &Arc<Self>) -> Result<Trace, NumbersUnavailable> {
        let number = self.next_number().await?;
        Ok(self.trace(number, self.clock.now()))
    }

    /// The next number, if one is reserved already.
    pub(crate) fn try_next(self: &Arc<Self>) -> Option<Trace> {
        let number = self.try_number()?;
        Some(self.trace(number, self.clock.now()))
    }

    fn try_number(self: &Arc<Self>) -> Option<u32> {
        let Taken::Number { number, reserve_ahead } = self.take() else { return None };
        if reserve_ahead {
            let numbers = Arc::clone(self);
            crate::tasks::start(async move { numbers.reserve_ahead().await });
        }
        Some(number)
    }

    async fn next_number(self: &Arc<Self>) -> Result<u32, NumbersUnavailable> {
        loop {
            if let Some(number) = self.try_number() {
                return Ok(number);
            }
            let _alone = self.reserving.lock().await;
            if self.lock().is_empty() {
                let block = self.reserve().await?;
                self.lock().current = block;
            }
        }
    }

    fn take(&self) -> Taken {
        let mut blocks = self.lock();
        if blocks.current.is_empty() {
            let Some(next) = blocks.next.take() else { return Taken::Empty };
            blocks.current = next;
        }
        let number = blocks.current.start;
        blocks.current.start += 1;
        let is_low = blocks.current.len() < self.per_block as usize / 2;
        let reserve_ahead = is_low && blocks.next.is_none() && !blocks.ahead;
        blocks.ahead |= reserve_ahead;
        Taken::Number { number, reserve_ahead }
    }

    async fn reserve_ahead(&self) {
        let _alone = self.reserving.lock().await;
        let block = self.reserve().await;
        let mut blocks = self.lock();
        blocks.ahead = false;
        match block {
            Ok(block) => blocks.next = Some(block),
            // The next message tries again; only one that finds no number at all fails.
            Err(error) => tracing::warn!(link = self.link, "{error}"),
        }
    }

    async fn reserve(&self) -> Result<Range<u32>, NumbersUnavailable> {
        let first = self.source.reserve(&self.link, self.per_block).await?;
        let end = first.checked_add(self.per_block).ok_or_else(|| NumbersUnavailable {
            reason: "the counter of message numbers is used up".to_owned(),
        })?;
        Ok(first..end)
    }

    fn trace(&self, number: u32, now: UnixMillis) -> Trace {
        let stan = number % STANS + 1;
        // When the trace numbers wrap, the terminal changes: both together do not repeat sooner
        // than the pool allows.
        let round = (number / STANS) as usize % self.terminal_ids.len().max(1);
        let at = Timestamp::from_millisecond(now).unwrap_or_default().to_zoned(TimeZone::UTC);
        Trace {
            stan: format!("{stan:06}"),
            rrn: format!(
                "{}{:03}{:02}{stan:06}",
                at.year().rem_euclid(10),
                at.day_of_year(),
                at.hour()
            ),
            transmitted_at: format!(
                "{:02}{:02}{:02}{:02}{:02}",
                at.month(),
                at.day(),
                at.hour(),
                at.minute(),
                at.second()
            ),
            terminal_id: self.terminal_ids.get(round).cloned().unwrap_or_default(),
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Blocks> {
        self.blocks.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Blocks {
    fn is_empty(&self) -> bool {
        self.current.is_empty() && self.next.is_none()
    }
}

impl fmt::Display for NumbersUnavailable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "no message numbers can be reserved: {}", self.reason)
    }
}

impl std::error::Error for NumbersUnavailable {}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;
    use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};

    use super::*;

    struct Counter {
        next: AtomicU32,
        is_down: AtomicBool,
    }

    #[async_trait]
    impl NumberBlocks for Counter {
        async fn reserve(&self, _link: &str, count: u32) -> Result<u32, NumbersUnavailable> {
            tokio::task::yield_now().await;
            if self.is_down.load(Ordering::Relaxed) {
                return Err(NumbersUnavailable { reason: "down".to_owned() });
            }
            Ok(self.next.fetch_add(count, Ordering::Relaxed))
        }
    }

    struct At(UnixMillis);

    impl Clock for At {
        fn now(&self) -> UnixMillis {
            self.0
        }
    }

    /// 2026-11-22T14:05:09Z.
    const NOW: UnixMillis = 1_795_356_309_000;

    fn numbers(first: u32, per_block: u32) -> (Arc<Numbers>, Arc<Counter>) {
        let counter =
            Arc::new(Counter { next: AtomicU32::new(first), is_down: AtomicBool::new(false) });
        let terminals = ["FLRN0001", "FLRN0002"].map(str::to_owned).to_vec();
        let source: Arc<dyn NumberBlocks> = Arc::clone(&counter) as _;
        let numbers = Numbers::new(source, Arc::new(At(NOW)), "link", per_block, terminals);
        (Arc::new(numbers), counter)
    }

    #[tokio::test]
    async fn a_trace_names_the_hour_and_the_number() {
        let (numbers, _) = numbers(100, 10);
        let trace = numbers.next().await.unwrap();
        assert_eq!(trace.stan, "000101");
        assert_eq!(trace.rrn, "632614000101");
        assert_eq!(trace.transmitted_at, "1122140509");
        assert_eq!(trace.terminal_id, "FLRN0001");
    }

    #[tokio::test]
    async fn after_the_last_trace_number_comes_the_first_on_another_terminal() {
        let (numbers, _) = numbers(999_998, 10);
        let last = numbers.next().await.unwrap();
        let first = numbers.next().await.unwrap();
        assert_eq!((&last.stan[..], &last.terminal_id[..]), ("999999", "FLRN0001"));
        assert_eq!((&first.stan[..], &first.terminal_id[..]), ("000001", "FLRN0002"));
    }

    #[tokio::test]
    async fn no_number_is_dealt_twice_however_many_ask() {
        let (numbers, _) = numbers(0, 7);
        let tasks: Vec<_> = (0..50)
            .map(|_| {
                let numbers = Arc::clone(&numbers);
                tokio::spawn(async move {
                    let mut stans = Vec::new();
                    for _ in 0..20 {
                        stans.push(numbers.next().await.unwrap().stan);
                        tokio::task::yield_now().await;
                    }
                    stans
                })
            })
            .collect();
        let mut seen = HashSet::new();
        for task in tasks {
            for stan in task.await.unwrap() {
                assert!(seen.insert(stan));
            }
        }
        assert_eq!(seen.len(), 1000);
    }

    #[tokio::test]
    async fn a_source_that_is_down_is_felt_only_when_the_block_is_used_up() {
        let (numbers, counter) = numbers(0, 4);
        numbers.next().await.unwrap();
        counter.is_down.store(true, Ordering::Relaxed);
        for _ in 0..3 {
            numbers.next().await.unwrap();
            tokio::task::yield_now().await;
        }
        assert!(numbers.next().await.is_err());
        counter.is_down.store(false, Ordering::Relaxed);
        assert_eq!(numbers.next().await.unwrap().stan, "000005");
    }
}
