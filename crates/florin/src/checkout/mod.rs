//! Pages that the payer's browser sees.

use std::sync::Arc;

use axum::Router;

use crate::gateway::Gateway;

/// Placeholder until the pages are merged.
pub fn routes(_gateway: Arc<Gateway>) -> Router {
    Router::new()
}
