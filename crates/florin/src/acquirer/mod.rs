//! The link to the acquirer: ISO 8583 over a few TCP connections that stay open.
//!
//! It carries messages and says what became of each. It keeps no state that a restart would
//! miss: what is owed to the host, and the numbers of messages, are the caller's durable rows.
//! Listed in the order in which a newcomer should read them.

pub mod link;
pub mod mapping;
pub mod store_and_forward;
pub mod numbers;
pub mod matching;
pub mod statistics;
pub mod config;
mod mac;
mod tls;
mod pending;
mod readiness;
mod session;
mod connection;
#[cfg(test)]
mod tests;

pub use config::{LinkConfig, LinkTimers};
pub use connection::{Dialer, Stream};
pub use link::{LateAnswer, Link, LinkError, NotSentReason, Reply, UnansweredReason};
pub use numbers::{NumberBlocks, NumbersUnavailable, Trace};
pub use statistics::LinkStatistics;
pub use store_and_forward::{Advice, AdviceOutcome, Next, StopReason, is_repeatable};
