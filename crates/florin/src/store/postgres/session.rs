//! Sessions with the database: how they are opened, set up and pooled, and what their errors mean.
//!
//! No table is named here.

use std::error::Error as _;
use std::future::Future;
use std::time::{Duration, Instant};

use deadpool_postgres::{
    Hook, HookError, Manager, ManagerConfig, Object, Pool, PoolError, RecyclingMethod, Runtime,
};
use tokio_postgres::error::SqlState;
use tokio_postgres::{Client, Config, Error, NoTls};

use super::super::StoreError;

/// How many sessions read, claim and change settings, besides those that commit.
const POOLED_SESSIONS_MAX: usize = 8;

/// How long a request waits for a session of the pool.
const SESSION_WAIT: Duration = Duration::from_secs(5);

/// How long a lost database is waited for before those who wait are told.
const CONNECT_WAIT: Duration = Duration::from_secs(5);

/// How long one attempt to connect may take.
const CONNECT_ATTEMPT_WAIT: Duration = Duration::from_secs(3);

/// The pause between two attempts to connect.
const CONNECT_PAUSE: Duration = Duration::from_millis(100);

/// How long a statement may take before its session is given up.
const STATEMENT_WAIT: Duration = Duration::from_secs(15);

/// How long the migration of another process is waited for.
const MIGRATION_WAIT: Duration = Duration::from_secs(60);

/// The name, so to say, of the lock that is held during a migration.
const MIGRATION_LOCK: i64 = 0x666c_6f72_696e;

/// What every session is told first.
///
/// The planner knows nothing about the size of an array, and less about tables that have grown
/// since it looked: one plan by index for every batch, instead of a guess for each. Compiling a
/// plan takes longer than running it. An acknowledged payment is on disk: a server that is set to
/// skip the wait is overruled, any stricter setting stays. The server gives a statement up before
/// this side does.
const SET_UP: &str = "
    SET plan_cache_mode = force_generic_plan;
    SET enable_seqscan = off;
    SET enable_mergejoin = off;
    SET jit = off;
    SET statement_timeout = '10s';
    SET lock_timeout = '5s';
    SET idle_in_transaction_session_timeout = '30s';
    SET default_transaction_isolation = 'read committed';
    SELECT set_config('synchronous_commit', 'on', false)
        WHERE current_setting('synchronous_commit') = 'off';";

mod migrations {
    refinery::embed_migrations!("migrations/postgres");
}

/// Where sessions come from.
pub(super) struct Sessions {
    config: Config,
    pool: Pool,
}

impl Sessions {
    /// Understands the address; connects only when somebody asks.
    pub(super) fn open(url: &str) -> Result<Sessions, StoreError> {
        const DOING: &str = "understand its address";
        let mut config: Config =
            url.parse().map_err(|error: Error| StoreError::unavailable(DOING, describe(&error)))?;
        config.connect_timeout(CONNECT_ATTEMPT_WAIT).tcp_user_timeout(STATEMENT_WAIT);
        if config.get_application_name().is_none() {
            config.application_name("florin");
        }
        let manager_config = ManagerConfig { recycling_method: RecyclingMethod::Fast };
        let manager = Manager::from_config(config.clone(), NoTls, manager_config);
        let pool = Pool::builder(manager)
            .max_size(POOLED_SESSIONS_MAX)
            .runtime(Runtime::Tokio1)
            .wait_timeout(Some(SESSION_WAIT))
            .create_timeout(Some(CONNECT_WAIT))
            .post_create(Hook::async_fn(|session, _| {
                Box::pin(
                    async move { session.batch_execute(SET_UP).await.map_err(HookError::Backend) },
                )
            }))
            .build()
            .map_err(|error| StoreError::unavailable(DOING, error))?;
        Ok(Sessions { config, pool })
    }

    /// A session of the pool.
    pub(super) async fn take(&self, doing: &'static str) -> Result<Object, StoreError> {
        self.pool.get().await.map_err(|error| match error {
            PoolError::Timeout(_) => StoreError::Busy,
            PoolError::Backend(error) | PoolError::PostCreateHook(HookError::Backend(error)) => {
                StoreError::unavailable(doing, describe(&error))
            }
            other => StoreError::unavailable(doing, other),
        })
    }

    /// A session of one's own. Waits for a database that is not there, but not for ever.
    pub(super) async fn connect(&self, doing: &'static str) -> Result<Client, StoreError> {
        let begun = Instant::now();
        loop {
            let failure = match self.config.connect(NoTls).await {
                Ok((client, connection)) => {
                    // Ends when the client is dropped; its errors reach the client as well.
                    tokio::spawn(async move {
                        let _ = connection.await;
                    });
                    let is_set_up = client.batch_execute(SET_UP).await;
                    match is_set_up {
                        Ok(()) => return Ok(client),
                        Err(error) => error,
                    }
                }
                Err(error) => error,
            };
            let may_pass = match failure.code() {
                None => failure.source().is_some_and(|source| source.is::<std::io::Error>()),
                Some(code) => *code == SqlState::CANNOT_CONNECT_NOW,
            };
            if !may_pass || begun.elapsed() >= CONNECT_WAIT {
                return Err(StoreError::unavailable(doing, describe(&failure)));
            }
            tokio::time::sleep(CONNECT_PAUSE).await;
        }
    }

    /// Creates or migrates the tables, while other processes that start wait.
    pub(super) async fn migrate(&self) -> Result<(), StoreError> {
        const DOING: &str = "create or migrate its tables";
        let mut client = self.connect(DOING).await?;
        let failed = |error: Error| StoreError::unavailable(DOING, describe(&error));
        let waits = format!(
            "SET lock_timeout = '{0}ms'; SET statement_timeout = 0",
            MIGRATION_WAIT.as_millis()
        );
        client.batch_execute(&waits).await.map_err(failed)?;
        client.execute("SELECT pg_advisory_lock($1)", &[&MIGRATION_LOCK]).await.map_err(failed)?;
        // The lock goes with the session.
        let migrated = migrations::migrations::runner().run_async(&mut client).await;
        migrated.map(|_| ()).map_err(|error| {
            let reason = error.source().map(ToString::to_string).unwrap_or_default();
            StoreError::unavailable(DOING, format!("{error} {reason}"))
        })
    }

    /// Ends the pool; later requests fail.
    pub(super) fn close(&self) {
        self.pool.close();
    }
}

/// Waits for a statement, but not for ever, and says what its failure means for the caller.
pub(super) async fn within_wait<T>(
    doing: &'static str,
    statement: impl Future<Output = Result<T, Error>>,
) -> Result<T, StoreError> {
    match tokio::time::timeout(STATEMENT_WAIT, statement).await {
        Ok(Ok(done)) => Ok(done),
        Ok(Err(error)) => Err(meaning(doing, &error)),
        Err(late) => Err(StoreError::OutcomeUnknown { doing, source: late.into() }),
    }
}

/// An error that the server reported means that it has undone the statement. Any other one means
/// that nobody knows.
fn meaning(doing: &'static str, error: &Error) -> StoreError {
    let Some(code) = error.code() else {
        return StoreError::OutcomeUnknown { doing, source: describe(error).into() };
    };
    // Classes of SQLSTATE: 22 is about values, 23 about constraints.
    if code.code().starts_with("22") || code.code().starts_with("23") {
        StoreError::rejected(doing, describe(error))
    } else {
        StoreError::unavailable(doing, describe(error))
    }
}

/// What happened, without the details in which the server quotes values.
fn describe(error: &Error) -> String {
    if let Some(db_error) = error.as_db_error() {
        let constraint = db_error.constraint().map(|name| format!(", {name}")).unwrap_or_default();
        return format!("{} (SQLSTATE {}{constraint})", db_error.message(), db_error.code().code());
    }
    match error.source() {
        Some(source) => format!("{error}: {source}"),
        None => error.to_string(),
    }
}
