//! What happens on a site, for everybody who watches it: one look at a time, however many watch.
//!
//! Whoever is slow sees the newest state and not those between, so that nothing queues up. The id of
//! a state is a digest of it: who comes back with it has missed nothing.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use aws_lc_rs::digest;
use tokio::sync::watch;

use super::view;
use crate::gateway::Gateway;
use crate::limits::WORKBENCH_LOOK_MS;

/// A state of a site.
pub(crate) struct State {
    pub(super) id: String,
    /// JSON in one line.
    pub(super) data: String,
}

type Watched = watch::Receiver<Option<Arc<State>>>;

/// The sites that are watched in this process.
#[derive(Default)]
pub(crate) struct Feeds(Mutex<HashMap<i64, Watched>>);

impl Feeds {
    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<i64, Watched>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Watches a site; nothing until the first look.
pub(super) fn watch(gateway: &Arc<Gateway>, site_id: i64) -> Watched {
    let mut feeds = gateway.workbench.feeds.lock();
    let open = feeds.get(&site_id).filter(|it| it.has_changed().is_ok());
    if let Some(open) = open {
        return open.clone();
    }
    let (sender, watched) = watch::channel(None);
    feeds.insert(site_id, watched.clone());
    crate::app::spawn("workbench", keep_looking(gateway.clone(), site_id, sender));
    watched
}

async fn keep_looking(
    gateway: Arc<Gateway>,
    site_id: i64,
    sender: watch::Sender<Option<Arc<State>>>,
) {
    while let Some(site) = gateway.directory.site(site_id) {
        match view::look(&gateway, &site).await {
            Ok(seen) => {
                let state = state(&seen);
                sender.send_if_modified(|last| {
                    let is_new = last.as_ref().is_none_or(|last| last.id != state.id);
                    if is_new {
                        *last = Some(Arc::new(state));
                    }
                    is_new
                });
            }
            Err(failure) => tracing::warn!(%failure, "the workbench sees nothing"),
        }
        tokio::time::sleep(Duration::from_millis(WORKBENCH_LOOK_MS)).await;
        // Under the lock, so that nobody begins to watch what ends.
        let mut feeds = gateway.workbench.feeds.lock();
        if sender.receiver_count() <= 1 {
            feeds.remove(&site_id);
            return;
        }
    }
    gateway.workbench.feeds.lock().remove(&site_id);
}

fn state(seen: &view::Seen) -> State {
    let data = serde_json::to_string(seen).expect("lines of text are JSON");
    let digest = digest::digest(&digest::SHA256, data.as_bytes());
    State { id: hex::encode(&digest.as_ref()[..12]), data }
}
