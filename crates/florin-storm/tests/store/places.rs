//! Where a store in memory can be: a disk that outlives the stores that are opened on it.

use std::sync::Arc;

use florin::store::Store;
use florin_storm::store::{Disk, MemoryStore};

#[derive(Default)]
pub(crate) struct Place {
    disk: Arc<Disk>,
}

impl Place {
    /// Opens the store as another process would.
    #[expect(clippy::unused_async, reason = "the suite awaits it, as for the real engines")]
    pub(crate) async fn open(&self) -> Arc<dyn Store> {
        Arc::new(MemoryStore::new(self.disk.clone()))
    }
}
