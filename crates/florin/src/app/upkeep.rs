//! What a process keeps up while it runs: its node number, and whether the store takes changes.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;

use super::NODE_LEASE_MS;
use crate::clock::UnixMillis;
use crate::gateway::Gateway;
use crate::limits::WRITING_TRIAL_PAUSE_MS;
use crate::store::{Node, Store, StoreError};

/// How soon it is tried again to list the orders of earlier releases.
const LISTING_PAUSE: Duration = Duration::from_secs(60);

const NODE_RENEWAL: Duration = Duration::from_secs(15);

/// Keeps the node number that transaction ids of this process begin with.
pub(super) async fn keep_node(
    gateway: Arc<Gateway>,
    mut node: Node,
    mut stopping: watch::Receiver<bool>,
) {
    let mut unsure: Option<Node> = None;
    loop {
        tokio::select! {
            biased;
            () = tokio::time::sleep(NODE_RENEWAL) => {}
            _ = stopping.changed() => break,
        }
        let until = gateway.now() + NODE_LEASE_MS;
        let renewed = renew(gateway.store.as_ref(), node, unsure, until).await;
        gateway.work.writing.observe(&renewed);
        if let Err(StoreError::OutcomeUnknown { .. }) = renewed {
            unsure = Some(Node { id: node.id, lease: until });
        }
        match renewed {
            Ok(Some(renewed)) => (node, unsure) = (renewed, None),
            Ok(None) => {
                // Another process may give the same transaction ids by now.
                tracing::error!("the node number was lost: the process ends");
                crate::tasks::end_process();
                return;
            }
            Err(error) => tracing::warn!(%error, "the node number could not be renewed"),
        }
    }
    if let Err(error) = gateway.store.release_node(node, gateway.now()).await {
        tracing::warn!(%error, "the node number was not given back; its lease ends by itself");
    }
}

/// Lists the operations of orders that earlier releases made, once.
pub(super) async fn list_old_orders(gateway: Arc<Gateway>, mut stopping: watch::Receiver<bool>) {
    loop {
        let listed = tokio::select! {
            listed = crate::gateway::operations::catch_up(&gateway) => listed,
            _ = stopping.changed() => return,
        };
        match listed {
            Ok(0) => return,
            Ok(orders) => {
                tracing::info!(orders, "the transactions of older orders are listed");
                return;
            }
            Err(failure) => tracing::warn!(%failure, "older orders are not all listed yet"),
        }
        tokio::select! {
            () = tokio::time::sleep(LISTING_PAUSE) => {}
            _ = stopping.changed() => return,
        }
    }
}

/// Renews the lease. A renewal of which nobody knows whether it was made is one that may have been:
/// `unsure` is the number as it would then be.
async fn renew(
    store: &dyn Store,
    node: Node,
    unsure: Option<Node>,
    until: UnixMillis,
) -> Result<Option<Node>, StoreError> {
    match (store.renew_node(node, until).await?, unsure) {
        (None, Some(unsure)) => store.renew_node(unsure, until).await,
        (renewed, _) => Ok(renewed),
    }
}

/// After a change has failed: tries until changes can be made again.
pub(super) async fn keep_writing(gateway: Arc<Gateway>, mut stopping: watch::Receiver<bool>) {
    let writing = &gateway.work.writing;
    loop {
        tokio::select! {
            biased;
            () = writing.failed() => {}
            _ = stopping.changed() => return,
        }
        let mut is_told = false;
        while let Err(error) = gateway.store.try_writing().await {
            if !is_told {
                tracing::error!(%error, "the store takes no changes: no payments are taken");
                is_told = true;
            }
            tokio::select! {
                biased;
                () = tokio::time::sleep(Duration::from_millis(WRITING_TRIAL_PAUSE_MS)) => {}
                _ = stopping.changed() => return,
            }
        }
        writing.works();
        if is_told {
            tracing::info!("the store takes changes again");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::open_sqlite;

    #[tokio::test]
    async fn a_renewal_whose_outcome_was_lost_does_not_lose_the_number() {
        let folder = tempfile::tempdir().unwrap();
        let store = open_sqlite(&folder.path().join("florin.sqlite")).await.unwrap();
        let node = store.lease_node(1_000, 61_000).await.unwrap().unwrap();
        // Made, and the answer lost: we still hold what we had before.
        let made = store.renew_node(node, 76_000).await.unwrap().unwrap();
        assert_eq!(renew(store.as_ref(), node, None, 91_000).await.unwrap(), None);
        let renewed = renew(store.as_ref(), node, Some(made), 91_000).await.unwrap();
        assert_eq!(renewed, Some(Node { lease: 91_000, ..node }));
        // Lost to somebody else, it is lost.
        assert_eq!(renew(store.as_ref(), node, Some(made), 106_000).await.unwrap(), None);
    }
}
