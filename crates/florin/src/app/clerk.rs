//! A gateway for an operator's command: it decides and commits as those that run do, beside them
//! on the same store. It takes no requests and has no wires; what it owes, they do.

use std::sync::Arc;

use super::{Foundation, NODE_LEASE_MS, StartError, failed};
use crate::gateway::directory::Directory;
use crate::gateway::ids::TransactionIds;
use crate::gateway::risk::RiskKnowledge;
use crate::gateway::{Failure, Gateway, RailsByMode, Work};
use crate::notify::client::WebhookClient;
use crate::notify::schedule::Schedule;
use crate::store::Node;

/// See the module's documentation.
pub struct Clerk {
    pub gateway: Arc<Gateway>,
    /// Keeps its transaction ids apart from those of the gateways.
    node: Node,
}

/// Makes a clerk.
///
/// # Errors
/// [`StartError`] when the store does not do its part.
pub async fn clerk(foundation: &Foundation) -> Result<Clerk, StartError> {
    let Foundation { store, vault, clock, .. } = foundation;
    let now = clock.now();
    let node = store
        .lease_node(now, now + NODE_LEASE_MS)
        .await
        .map_err(failed("lease a node number"))?
        .ok_or_else(|| StartError("all node numbers are taken by other processes".to_owned()))?;
    let directory = Directory::default();
    directory.refresh(store.as_ref(), vault).await.map_err(failed("read sites and keys"))?;
    let gateway = Arc::new(Gateway {
        store: store.clone(),
        vault: vault.clone(),
        clock: clock.clone(),
        directory,
        transaction_ids: TransactionIds::new(node.id),
        webhooks: WebhookClient::new().map_err(failed("set up TLS for notifications"))?,
        public_url: String::new(),
        rails: RailsByMode { test: None, live: None },
        schedule: Schedule { interval_ms: 0 },
        simulator: None,
        provider: None,
        risk: RiskKnowledge::default(),
        internal_token: None,
        post: crate::mail::post::Post::default(),
        alone: false,
        workbench: crate::workbench::Workbench::default(),
        work: Work { begins: false, ..Work::default() },
    });
    Ok(Clerk { gateway, node })
}

impl Clerk {
    /// Stays at work: to be called now and then by what may take longer than a moment.
    ///
    /// # Errors
    /// A [`Failure`] when the store cannot be used, or the node number went to another process.
    pub async fn stay(&mut self) -> Result<(), Failure> {
        let now = self.gateway.now();
        if self.node.lease.saturating_sub(now) > NODE_LEASE_MS / 2 {
            return Ok(());
        }
        let renewed = self.gateway.store.renew_node(self.node, now + NODE_LEASE_MS).await?;
        // Another process may give the same transaction ids by now.
        self.node = renewed.ok_or(Failure::Busy)?;
        Ok(())
    }

    /// Gives the node number back.
    pub async fn leave(self) {
        let now = self.gateway.now();
        if let Err(error) = self.gateway.store.release_node(self.node, now).await {
            tracing::warn!(%error, "the node number was not given back; its lease ends by itself");
        }
    }
}
