//! Time as an input. Only this file reads the machine's clock.
//!
//! Durations inside a process (time-outs, pauses) use the runtime's timer, which tests can pause;
//! everything that is stored or sent uses [`UnixMillis`] from a [`Clock`].

use std::time::{SystemTime, UNIX_EPOCH};

/// Milliseconds since 1970-01-01T00:00:00 UTC.
pub type UnixMillis = i64;

/// A source of the present instant.
pub trait Clock: Send + Sync + 'static {
    /// The present instant, in milliseconds since the Unix epoch.
    fn now(&self) -> UnixMillis;
}

/// The machine's clock.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> UnixMillis {
        let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        UnixMillis::try_from(since_epoch.as_millis()).unwrap_or(UnixMillis::MAX)
    }
}
