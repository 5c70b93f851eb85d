//! The store on PostgreSQL: any number of processes on one database.
//!
//! They share nothing but the database. Every key starts with the site, and no transaction of a
//! payment touches two sites, so that the database can be split by site.

mod cells;
mod session;
mod committer;
mod commit;
mod columns;
mod later_columns;
mod results;
mod orders;
mod dues;
mod ledger;
mod operations;
mod attempts;
mod idempotency;
mod tokens;
mod token_columns;
mod mails;
mod settings;
mod numbers;

use std::sync::Arc;

use async_trait::async_trait;
use tokio_postgres::Row;
use tokio_postgres::types::ToSql;

use self::commit::Units;
use self::committer::Committers;
use self::results::{AdviceResults, Deliveries};
use self::session::Sessions;
use super::{BatchCounters, Numbers, Store, StoreError, StoreStatistics, TRIED_SEQUENCE};

/// Sorts about two megabytes within 64 kB of memory.
const TAKE_ROOM: &str = "SET LOCAL work_mem = '64kB';
    SELECT count(*) FROM (
        SELECT repeat(md5(i::text), 30) AS text FROM generate_series(1, 2000) AS i
        ORDER BY text OFFSET 0
    ) AS sorted";

/// How many sessions commit units of work. One gathers while another one is at the disk; more
/// only help beyond 256 payments at once.
const UNIT_COMMITTERS: usize = 2;

/// How many sessions commit the results of each kind of worker.
const RESULT_COMMITTERS: usize = 1;

/// A store in one PostgreSQL database.
pub(super) struct PostgresStore {
    sessions: Arc<Sessions>,
    units: Committers<Units>,
    deliveries: Committers<Deliveries>,
    advice_results: Committers<AdviceResults>,
    counters: Arc<BatchCounters>,
}

impl PostgresStore {
    /// Connects, creates or migrates the tables, and starts the committers.
    pub(super) async fn open(url: &str) -> Result<PostgresStore, StoreError> {
        let sessions = Arc::new(Sessions::open(url)?);
        sessions.migrate().await?;
        let counters = Arc::new(BatchCounters::default());
        Ok(PostgresStore {
            units: Committers::start(&sessions, &counters, UNIT_COMMITTERS),
            deliveries: Committers::start(&sessions, &counters, RESULT_COMMITTERS),
            advice_results: Committers::start(&sessions, &counters, RESULT_COMMITTERS),
            sessions,
            counters,
        })
    }

    /// Reads. Tried once more when the session turns out to be lost.
    async fn read(
        &self,
        doing: &'static str,
        sql: &str,
        values: &[&(dyn ToSql + Sync)],
    ) -> Result<Vec<Row>, StoreError> {
        match self.write(doing, sql, values).await {
            Err(StoreError::OutcomeUnknown { .. }) => {}
            decided => return decided,
        }
        self.write(doing, sql, values).await.map_err(|error| match error {
            StoreError::OutcomeUnknown { source, .. } => StoreError::unavailable(doing, source),
            other => other,
        })
    }

    /// One statement in a transaction of its own.
    async fn write(
        &self,
        doing: &'static str,
        sql: &str,
        values: &[&(dyn ToSql + Sync)],
    ) -> Result<Vec<Row>, StoreError> {
        let session = self.sessions.take(doing).await?;
        session::within_wait(doing, async {
            let statement = session.prepare_cached(sql).await?;
            session.query(&statement, values).await
        })
        .await
    }
}

#[async_trait]
impl Store for PostgresStore {
    async fn statistics(&self) -> Result<StoreStatistics, StoreError> {
        const DOING: &str = "measure it";
        let sql = "SELECT pg_database_size(current_database())";
        let rows = self.read(DOING, sql, &[]).await?;
        let bytes: i64 = only(DOING, &rows)?.get(0);
        let waiting =
            self.units.waiting() + self.deliveries.waiting() + self.advice_results.waiting();
        Ok(StoreStatistics {
            database_bytes: u64::try_from(bytes).unwrap_or(0),
            waiting: u64::try_from(waiting).unwrap_or(u64::MAX),
            ..self.counters.statistics()
        })
    }

    async fn checkpoint(&self) -> Result<(), StoreError> {
        // PostgreSQL checkpoints by itself, and allows its administrators only to ask for it.
        Ok(())
    }

    async fn try_writing(&self) -> Result<(), StoreError> {
        const DOING: &str = "see whether there is room";
        self.reserve_numbers(TRIED_SEQUENCE, 1).await?;
        // A number finds its place on a disk that is full for payments. Sorting more than fits
        // into the memory that it is given takes room on the server, and gives it back.
        let mut session = self.sessions.take(DOING).await?;
        session::within_wait(DOING, async {
            let transaction = session.transaction().await?;
            transaction.batch_execute(TAKE_ROOM).await?;
            transaction.rollback().await
        })
        .await
    }

    async fn close(&self) -> Result<(), StoreError> {
        self.units.close().await;
        self.deliveries.close().await;
        self.advice_results.close().await;
        self.sessions.close();
        Ok(())
    }
}

/// The row of a statement that always returns one.
fn only<'a>(doing: &'static str, rows: &'a [Row]) -> Result<&'a Row, StoreError> {
    rows.first().ok_or_else(|| StoreError::unavailable(doing, "it gave no answer"))
}
