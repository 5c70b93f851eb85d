//! Where a store can be: a file in a temporary folder, or a database of the test server.

use std::sync::Arc;

use florin::store::{self, Store};

use crate::postgres_server::{self, Database};

/// A place that outlives the stores that are opened in it.
pub(crate) enum Place {
    Sqlite(tempfile::TempDir),
    Postgres(Database),
}

impl Place {
    pub(crate) fn sqlite() -> Place {
        Place::Sqlite(tempfile::tempdir().unwrap())
    }

    pub(crate) async fn postgres() -> Place {
        Place::Postgres(postgres_server::fresh_database().await)
    }

    /// Opens the store as another process would.
    pub(crate) async fn open(&self) -> Arc<dyn Store> {
        match self {
            Place::Sqlite(folder) => {
                store::open_sqlite(&folder.path().join("florin.db")).await.unwrap()
            }
            Place::Postgres(database) => store::open_postgres(&database.url).await.unwrap(),
        }
    }
}
