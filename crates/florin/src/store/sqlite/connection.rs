//! Opening the file: pragmas, migrations, and the connections that read.
//!
//! No table is named here.

use std::fs::{File, OpenOptions, TryLockError};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use rusqlite::{Connection, OpenFlags};
use tokio::sync::Semaphore;

use super::super::StoreError;

/// How many connections read at once.
const READERS_MAX: usize = 4;

/// How long a read waits for a free connection.
const READER_WAIT: Duration = Duration::from_secs(5);

/// How long a connection waits for another process that holds the file.
const FILE_WAIT: Duration = Duration::from_secs(5);

/// How long a start waits for another process that migrates the file.
const MIGRATION_WAIT: Duration = Duration::from_secs(60);

/// How often the migration lock is tried meanwhile.
const MIGRATION_LOCK_PAUSE: Duration = Duration::from_millis(50);

/// Largest page cache of the connection that writes, in KiB. Taken only as pages are used.
const WRITER_CACHE_KIB: i64 = 256 * 1024;

/// Largest page cache of each connection that reads, in KiB.
const READER_CACHE_KIB: i64 = 8 * 1024;

/// What is left of the log's file after it has been started anew, in bytes.
const LOG_BYTES_KEPT: i64 = 64 * 1024 * 1024;

/// How many statements a connection keeps prepared: more than there are.
const STATEMENTS_KEPT: usize = 128;

mod migrations {
    refinery::embed_migrations!("migrations/sqlite");
}

/// What a connection is for.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Purpose {
    Write,
    Read,
    Checkpoint,
}

/// Creates the file if there is none, readable by its owner only, and brings its tables up to
/// date, while other processes that start wait.
pub(super) fn create(path: &Path) -> Result<(), StoreError> {
    const DOING: &str = "create or migrate its tables";
    let mut options = OpenOptions::new();
    options.create(true).truncate(false).write(true).read(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path).map_err(|error| StoreError::unavailable("open the file", error))?;

    let lock_path = with_suffix(path, "-migration.lock");
    let lock = options.open(lock_path).map_err(|error| StoreError::unavailable(DOING, error))?;
    wait_for(&lock)?;
    let mut connection =
        open(path, Purpose::Write).map_err(|error| StoreError::unavailable(DOING, error))?;
    migrations::migrations::runner()
        .run(&mut connection)
        .map_err(|error| StoreError::unavailable(DOING, error))?;
    Ok(())
}

/// Opens a connection with the pragmas that its purpose asks for.
pub(super) fn open(path: &Path, purpose: Purpose) -> rusqlite::Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags)?;
    connection.busy_timeout(FILE_WAIT)?;
    connection.set_prepared_statement_cache_capacity(STATEMENTS_KEPT);
    // Without a sync of the log at each commit, a power cut takes acknowledged payments with it.
    connection.pragma_update(None, "journal_mode", "WAL")?;
    connection.pragma_update(None, "synchronous", "FULL")?;
    connection.pragma_update(None, "journal_size_limit", LOG_BYTES_KEPT)?;
    // A checkpoint inside a commit makes a payment wait for it; a thread of its own does it.
    connection.pragma_update(None, "wal_autocheckpoint", 0)?;
    // What has been erased is overwritten: a CVC is gone when it is gone.
    connection.pragma_update(None, "secure_delete", "ON")?;
    connection.pragma_update(None, "temp_store", "MEMORY")?;
    let cache_kib = if purpose == Purpose::Write { WRITER_CACHE_KIB } else { READER_CACHE_KIB };
    connection.pragma_update(None, "cache_size", -cache_kib)?;
    if purpose == Purpose::Read {
        connection.pragma_update(None, "query_only", "ON")?;
    }
    Ok(connection)
}

/// The file in which commits are kept until they are moved to their final place.
pub(super) fn log_path(path: &Path) -> PathBuf {
    with_suffix(path, "-wal")
}

/// A file that exists for a moment, to see whether there is room.
pub(super) fn room_path(path: &Path) -> PathBuf {
    with_suffix(path, "-room")
}

/// The connections that read, opened as they are needed.
pub(super) struct Readers {
    path: PathBuf,
    free: Semaphore,
    idle: Mutex<Vec<Connection>>,
}

impl Readers {
    pub(super) fn new(path: &Path) -> Readers {
        Readers {
            path: path.to_owned(),
            free: Semaphore::new(READERS_MAX),
            idle: Mutex::new(Vec::with_capacity(READERS_MAX)),
        }
    }

    /// Runs `query` away from the tasks of the runtime.
    pub(super) async fn read<T: Send + 'static>(
        readers: &Arc<Readers>,
        doing: &'static str,
        query: impl FnOnce(&Connection) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T, StoreError> {
        // Bounded by time instead of number: whoever waits too long is told.
        let turn = tokio::time::timeout(READER_WAIT, readers.free.acquire());
        let turn = match turn.await {
            Ok(Ok(turn)) => turn,
            Ok(Err(closed)) => return Err(StoreError::unavailable(doing, closed)),
            Err(_) => return Err(StoreError::Busy),
        };
        // The turn goes with the work, which goes on even if nobody waits for it any more.
        turn.forget();
        let readers = Arc::clone(readers);
        let work = tokio::task::spawn_blocking(move || {
            let turn = Turn(&readers);
            let connection = match readers.idle().pop() {
                Some(connection) => connection,
                None => open(&readers.path, Purpose::Read)
                    .map_err(|error| StoreError::unavailable(doing, error))?,
            };
            let answer = query(&connection);
            if !readers.free.is_closed() {
                readers.idle().push(connection);
            }
            drop(turn);
            answer.map_err(|error| StoreError::unavailable(doing, error))
        });
        work.await.map_err(|stopped| StoreError::unavailable(doing, stopped))?
    }

    /// Lets go of the file; later reads fail.
    pub(super) fn close(&self) {
        self.free.close();
        self.idle().clear();
    }

    fn idle(&self) -> std::sync::MutexGuard<'_, Vec<Connection>> {
        // A list of connections has no state that a panic could leave half done.
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Gives the place of a reader back, whatever happens to it.
struct Turn<'a>(&'a Readers);

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        self.0.free.add_permits(1);
    }
}

fn wait_for(lock: &File) -> Result<(), StoreError> {
    let begun = Instant::now();
    loop {
        match lock.try_lock() {
            Ok(()) => return Ok(()),
            Err(TryLockError::WouldBlock) if begun.elapsed() < MIGRATION_WAIT => {
                std::thread::sleep(MIGRATION_LOCK_PAUSE);
            }
            Err(error) => return Err(StoreError::unavailable("lock it for a migration", error)),
        }
    }
}

fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    PathBuf::from(name)
}
