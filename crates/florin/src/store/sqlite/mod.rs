//! The store on SQLite: one file, one thread that writes, a few connections that read.
//!
//! For one process that serves. Another one may open the file meanwhile (a command of an
//! operator); they wait for each other.

mod cells;
mod connection;
mod writer;
mod checkpoint;
mod commit;
mod orders;
mod dues;
mod ledger;
mod operations;
mod attempts;
mod idempotency;
mod tokens;
mod mails;
mod settings;
mod numbers;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use async_trait::async_trait;
use rusqlite::Connection;

use self::connection::Readers;
use self::writer::Writer;
use super::{Numbers, Store, StoreError, StoreStatistics, TRIED_SEQUENCE};

/// Room that has to be there after a change has failed, in bytes: some hundred payments.
const ROOM_BYTES: usize = 1024 * 1024;

/// A store in one SQLite file.
pub(super) struct SqliteStore {
    writer: Writer,
    readers: Arc<Readers>,
    path: PathBuf,
}

impl SqliteStore {
    /// Opens the file, creating or migrating it, and starts the threads that write and checkpoint.
    pub(super) async fn open(path: &Path) -> Result<SqliteStore, StoreError> {
        let path = path.to_owned();
        let opened = tokio::task::spawn_blocking(move || {
            connection::create(&path)?;
            let writer = Writer::start(&path)?;
            let readers = Arc::new(Readers::new(&path));
            Ok(SqliteStore { writer, readers, path })
        });
        opened.await.map_err(|stopped| StoreError::unavailable("open the database", stopped))?
    }

    /// Runs `change` in a savepoint of the writer's next transaction; its answer is given when the
    /// transaction is on disk. An error undoes what it did, and nothing else.
    async fn write<T: Send + 'static>(
        &self,
        doing: &'static str,
        change: impl FnOnce(&Connection) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T, StoreError> {
        self.writer.write(doing, change).await
    }

    /// Runs `query` on a connection that reads what has been committed.
    async fn read<T: Send + 'static>(
        &self,
        doing: &'static str,
        query: impl FnOnce(&Connection) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T, StoreError> {
        Readers::read(&self.readers, doing, query).await
    }
}

#[async_trait]
impl Store for SqliteStore {
    async fn statistics(&self) -> Result<StoreStatistics, StoreError> {
        let mut statistics = self.writer.statistics();
        let size = |path: PathBuf| std::fs::metadata(path).map_or(0, |file| file.len());
        statistics.log_bytes = size(connection::log_path(&self.path));
        statistics.database_bytes = size(self.path.clone()).saturating_add(statistics.log_bytes);
        Ok(statistics)
    }

    async fn checkpoint(&self) -> Result<(), StoreError> {
        self.writer.checkpoint().await
    }

    async fn try_writing(&self) -> Result<(), StoreError> {
        const DOING: &str = "see whether there is room";
        let path = connection::room_path(&self.path);
        // A failed commit leaves room in the log that the next small one finds: a number alone
        // would be written on a disk that is full for payments.
        let tried = tokio::task::spawn_blocking(move || {
            let taken = std::fs::write(&path, vec![0; ROOM_BYTES]);
            let given_back = std::fs::remove_file(&path);
            taken.and(given_back)
        });
        let tried = tried.await.map_err(|stopped| StoreError::unavailable(DOING, stopped))?;
        tried.map_err(|error| StoreError::unavailable(DOING, error))?;
        self.reserve_numbers(TRIED_SEQUENCE, 1).await.map(|_| ())
    }

    async fn close(&self) -> Result<(), StoreError> {
        self.readers.close();
        self.writer.close().await
    }
}
