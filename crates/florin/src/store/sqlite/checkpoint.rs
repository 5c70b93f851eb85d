//! Moves what the log holds to its final place, on a thread and a connection of its own, so that
//! no commit waits for it.
//!
//! A log to which somebody always appends would never begin anew. So when most of it has been
//! moved, the writing thread is asked to move the small rest between two batches.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::time::Duration;

use rusqlite::Connection;
use tokio::sync::mpsc::WeakSender;

use super::super::StoreError;
use super::connection::{Purpose, open};
use super::writer::Job;

/// From how many pages on the log is moved: 16 MiB of pages of 4 KiB.
const LOG_PAGES: i64 = 4096;

/// A rest of so few pages is moved by the writing thread without anybody noticing.
const LOG_PAGES_REST: i64 = 256;

/// How often the rest is made smaller before the writing thread gets it anyway.
const PASSES_MAX: u32 = 4;

/// After how long without a write the log is emptied and the cache given back.
const IDLE: Duration = Duration::from_secs(10);

/// How long the log waits for a reader before it is begun anew another time.
const READER_WAIT: Duration = Duration::from_millis(20);

/// How large the log is, in pages, if somebody has looked.
#[derive(Clone, Copy)]
pub(super) struct LogSize(Option<i64>);

impl LogSize {
    pub(super) const UNKNOWN: LogSize = LogSize(None);

    /// Looks without moving anything.
    pub(super) fn of(connection: &Connection) -> LogSize {
        LogSize(checkpoint(connection, "NOOP").ok().map(|log| log.pages))
    }
}

/// The writing thread's way to the thread that moves the log.
pub(super) struct Checkpointer {
    wake: SyncSender<()>,
    shared: Arc<Shared>,
}

#[derive(Default)]
struct Shared {
    /// Something has been written since the log was last emptied.
    is_dirty: AtomicBool,
    /// The log is being moved, or the writing thread has yet to move the rest.
    is_moving: AtomicBool,
    /// Something has been written since the thread last woke up.
    is_active: AtomicBool,
}

impl Checkpointer {
    /// Starts the thread. It ends when the queue of the writing thread is gone.
    pub(super) fn start(path: &Path, queue: WeakSender<Job>) -> Result<Checkpointer, StoreError> {
        const DOING: &str = "start checkpoints";
        let connection = open(path, Purpose::Checkpoint)
            .map_err(|error| StoreError::unavailable(DOING, error))?;
        let (wake, woken) = sync_channel(1);
        let shared = Arc::new(Shared::default());
        let theirs = Arc::clone(&shared);
        std::thread::Builder::new()
            .name("store-checkpoint".to_owned())
            .spawn(move || watch(&connection, &queue, &woken, &theirs))
            .map_err(|error| StoreError::unavailable(DOING, error))?;
        Ok(Checkpointer { wake, shared })
    }

    /// A batch has been written; the log has this size now.
    pub(super) fn written(&self, log: LogSize) {
        self.shared.is_dirty.store(true, Ordering::Relaxed);
        self.shared.is_active.store(true, Ordering::Relaxed);
        let is_large = log.0.is_some_and(|pages| pages >= LOG_PAGES);
        if is_large && !self.shared.is_moving.swap(true, Ordering::Relaxed) {
            // A full channel means that the thread has been woken already.
            let _ = self.wake.try_send(());
        }
    }

    /// The writing thread has moved the rest.
    pub(super) fn restarted(&self) {
        self.shared.is_moving.store(false, Ordering::Relaxed);
    }
}

/// Moves the rest of the log and begins it anew, unless a reader is in the way.
pub(super) fn restart(connection: &Connection) -> rusqlite::Result<()> {
    patiently(connection, READER_WAIT, "RESTART")
}

/// Empties the log and gives the memory of the page cache back.
pub(super) fn truncate(connection: &Connection) -> rusqlite::Result<()> {
    patiently(connection, READER_WAIT, "TRUNCATE")?;
    connection.execute_batch("PRAGMA shrink_memory")
}

fn patiently(connection: &Connection, wait: Duration, mode: &str) -> rusqlite::Result<()> {
    let usual_ms: u32 = connection.query_row("PRAGMA busy_timeout", [], |row| row.get(0))?;
    connection.busy_timeout(wait)?;
    let done = checkpoint(connection, mode);
    connection.busy_timeout(Duration::from_millis(usual_ms.into()))?;
    done.map(|_| ())
}

fn watch(connection: &Connection, queue: &WeakSender<Job>, woken: &Receiver<()>, shared: &Shared) {
    loop {
        let job = match woken.recv_timeout(IDLE) {
            Ok(()) => Job::RestartLog,
            Err(RecvTimeoutError::Timeout) => {
                let was_active = shared.is_active.swap(false, Ordering::Relaxed);
                if was_active || !shared.is_dirty.swap(false, Ordering::Relaxed) {
                    continue;
                }
                Job::TruncateLog(None)
            }
            Err(RecvTimeoutError::Disconnected) => return,
        };
        move_most(connection);
        // A queue that is gone means that the store is; one that is full, that there is more
        // important work than this, which will be thought of again.
        let Some(queue) = queue.upgrade() else { return };
        if queue.try_send(job).is_err() {
            shared.is_moving.store(false, Ordering::Relaxed);
        }
    }
}

fn move_most(connection: &Connection) {
    for _ in 0..PASSES_MAX {
        let moved = checkpoint(connection, "PASSIVE");
        // Looks again, since others have written meanwhile. An error is met again by the writing
        // thread, whose commits then say so.
        match moved.and_then(|_| checkpoint(connection, "NOOP")) {
            Ok(log) if log.pages - log.moved > LOG_PAGES_REST => {}
            Ok(_) | Err(_) => return,
        }
    }
}

struct Log {
    pages: i64,
    moved: i64,
}

fn checkpoint(connection: &Connection, mode: &str) -> rusqlite::Result<Log> {
    let sql = format!("PRAGMA wal_checkpoint({mode})");
    connection
        .prepare_cached(&sql)?
        .query_row([], |row| Ok(Log { pages: row.get(1)?, moved: row.get(2)? }))
}
