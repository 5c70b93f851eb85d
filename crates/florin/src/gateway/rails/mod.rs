//! The wires of a site's payments: one acquirer link and the directory servers that go with it.
//!
//! Which rails a site uses is configuration; what travels on them is the same for all.

mod acquiring;
mod authentication;

use std::sync::Arc;

pub use acquiring::{AdviceOutcome, RefundOutcome};
pub use authentication::{AuthenticationStep, Browser, no_result};
pub(crate) use authentication::{open_challenge, result_of};

use async_trait::async_trait;
use florin_core::payment::Trace;

use super::Failure;
use crate::acquirer::{Link, LinkConfig, NumberBlocks, NumbersUnavailable};
use crate::clock::{Clock, UnixMillis};
use crate::store::Store;
use crate::threeds::{ThreeDsConfig, ThreeDsServer};

/// One acquirer and its directory servers.
pub struct Rails {
    link: Link,
    three_ds: ThreeDsServer,
    public_url: String,
}

/// The rails cannot be built: what is wrong with the settings.
#[derive(Debug)]
pub struct RailsError(pub String);

impl std::fmt::Display for RailsError {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str(&self.0)
    }
}

impl std::error::Error for RailsError {}

impl Rails {
    /// Starts the link, which connects and signs on by itself, and makes the directory servers
    /// ready to be asked.
    ///
    /// # Errors
    /// [`RailsError`] when a setting breaks a rule.
    pub fn start(
        link: LinkConfig,
        three_ds: ThreeDsConfig,
        public_url: &str,
        store: Arc<dyn Store>,
        clock: Arc<dyn Clock>,
    ) -> Result<Rails, RailsError> {
        let link = Link::start(link, numbers_of(store), clock.clone())
            .map_err(|error| RailsError(format!("acquirer: {error}")))?;
        let random = crate::threeds::system_random();
        let three_ds = ThreeDsServer::new(three_ds, clock, random)
            .map_err(|error| RailsError(format!("three_ds: {error}")))?;
        Ok(Rails::new(link, three_ds, public_url))
    }

    /// Rails of a link that was started and directory servers that are ready.
    pub fn new(link: Link, three_ds: ThreeDsServer, public_url: &str) -> Rails {
        Rails { link, three_ds, public_url: public_url.to_owned() }
    }

    /// The link's name, under which owed messages wait for it.
    pub fn link_name(&self) -> &str {
        &self.link.config().name
    }

    /// Whether purchases go as one message, without a capture.
    pub fn single_message(&self) -> bool {
        self.link.config().single_message
    }

    /// Whether the acquirer takes messages at present.
    pub fn is_signed_on(&self) -> bool {
        self.link.is_signed_on()
    }

    /// Longest time that an authorization can be on its way, in milliseconds.
    pub fn answer_time_out_ms(&self) -> i64 {
        i64::try_from(self.link.config().timers.t2_response_ms).unwrap_or(i64::MAX)
    }

    /// Reads card ranges anew where that is due.
    pub async fn refresh_card_ranges(&self) {
        self.three_ds.refresh_due().await;
    }

    /// Waits for open answers, signs off, and closes.
    pub async fn shut_down(&self) {
        self.link.shutdown().await;
    }

    /// The number of the next message, of a block that is reserved durably.
    ///
    /// # Errors
    /// [`Failure::Busy`] when no block can be reserved.
    pub async fn next_trace(&self, now: UnixMillis) -> Result<Trace, Failure> {
        let trace = self.link.next_trace().await.map_err(|error| {
            tracing::error!(reason = error.reason, "no message numbers");
            Failure::Busy
        })?;
        Ok(Trace {
            stan: trace.stan.parse().unwrap_or_default(),
            rrn: trace.rrn,
            transmitted_at: now,
            terminal_id: trace.terminal_id,
        })
    }
}

/// Message numbers as a sequence of the store, one for each link.
pub fn numbers_of(store: Arc<dyn Store>) -> Arc<dyn NumberBlocks> {
    Arc::new(StoredNumbers(store))
}

struct StoredNumbers(Arc<dyn Store>);

#[async_trait]
impl NumberBlocks for StoredNumbers {
    async fn reserve(&self, link: &str, count: u32) -> Result<u32, NumbersUnavailable> {
        let unavailable = |reason: String| NumbersUnavailable { reason };
        let first = self
            .0
            .reserve_numbers(&format!("stan/{link}"), count)
            .await
            .map_err(|error| unavailable(error.to_string()))?;
        // The counter wraps long after STANs have wrapped and their day is over.
        u32::try_from(first % u64::from(u32::MAX / 2))
            .map_err(|error| unavailable(error.to_string()))
    }
}
