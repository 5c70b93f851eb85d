//! Every bound of the simulator, by name.
//!
//! A simulator serves tests, demos and benchmarks, not the public: the bounds keep one mistaken
//! client from taking it down, and keep its memory flat in a long run. Nothing here is a setting.

use std::time::Duration;

/// Connections to the host at one time; a further one is closed at once.
pub(crate) const HOST_CONNECTIONS_MAX: usize = 256;
/// A connection on which nothing arrives for this long is closed; a gateway sends an echo sooner.
pub(crate) const HOST_IDLE: Duration = Duration::from_secs(300);
/// A client that does not take its answers for this long loses its connection.
pub(crate) const HOST_WRITE_WAIT: Duration = Duration::from_secs(10);
/// Bytes taken from a socket at once.
pub(crate) const HOST_READ_BYTES: usize = 64 * 1024;
/// Answers waiting for their delay on one connection; further ones are sent at once.
pub(crate) const HOST_DELAYED_MAX: usize = 4096;
/// Frames that hold no readable message, within a minute, after which a connection is closed.
pub(crate) const HOST_UNREADABLE_MAX: usize = 3;

/// Merchants that the books are kept for; a further one is refused with 03.
pub(crate) const MERCHANTS_MAX: usize = 10_000;
/// Authorizations kept for one merchant; beyond that the oldest is forgotten.
pub(crate) const ENTRIES_PER_MERCHANT_MAX: usize = 300_000;
/// Requests remembered for one merchant so that a second copy is known as such.
pub(crate) const KEYS_PER_MERCHANT_MAX: usize = 200_000;

/// Faults waiting for one merchant.
pub(crate) const FAULTS_PER_MERCHANT_MAX: usize = 64;
/// How often one fault may be asked to happen.
pub(crate) const FAULT_COUNT_MAX: u32 = 100_000;
/// Longest delay that a fault may ask for.
pub(crate) const FAULT_DELAY_MS_MAX: u64 = 600_000;

/// Messages kept for one merchant.
pub(crate) const MESSAGES_PER_MERCHANT_MAX: usize = 200;
/// Messages described for one merchant within a second: under load only the first ones are.
pub(crate) const MESSAGES_PER_SECOND_MAX: u32 = 100;

/// Bytes of a 3-D Secure message or a form that is read.
pub(crate) const BODY_BYTES_MAX: usize = 256 * 1024;
/// Bytes of a 3DS Server's answer that are read.
pub(crate) const RESULT_ANSWER_BYTES_MAX: usize = 64 * 1024;
/// How long the directory server waits for a 3DS Server to take a result.
pub(crate) const RESULT_WAIT: Duration = Duration::from_secs(10);
/// How often a result is sent to a 3DS Server that does not take it, within one Confirm.
pub(crate) const RESULT_ATTEMPTS_MAX: u32 = 2;
/// How often providers bring results again that nobody has taken.
pub(crate) const RESULTS_AGAIN_EVERY: Duration = Duration::from_secs(30);
/// How many of them they bring in one round.
pub(crate) const RESULTS_AT_ONCE_MAX: usize = 1_000;
/// Challenges kept, open or answered; beyond that the oldest is forgotten.
pub(crate) const CHALLENGES_MAX: usize = 50_000;
/// Payments by other methods kept; beyond that the oldest is forgotten.
pub(crate) const PROVIDER_PAYMENTS_MAX: usize = 50_000;
/// How long a silent ACS keeps the line open before it closes it without an answer.
pub(crate) const ACS_SILENCE: Duration = Duration::from_secs(60);
/// Length of `threeDSSessionData`, characters (EMV 3DS, challenge request).
pub(crate) const SESSION_DATA_MAX: usize = 1024;

/// The journal is rewritten when it has at least this many records …
pub(crate) const JOURNAL_COMPACT_RECORDS_MIN: u64 = 50_000;
/// … and this many times as many as are needed.
pub(crate) const JOURNAL_COMPACT_FACTOR: u64 = 4;
/// A record longer than this is not one of ours.
pub(crate) const JOURNAL_RECORD_BYTES_MAX: usize = 1024 * 1024;
