//! Pages that a payer's browser sees, and the calls that browsers and directory servers make
//! during 3-D Secure, and providers of other methods.
//!
//! Decides nothing: the operations of `gateway` say where the payer stands, this says how that
//! looks.

mod pages;
mod routes;
mod providers;

use std::sync::Arc;

use axum::Router;

use crate::api::reference::Operation;
use crate::gateway::Gateway;

pub(crate) use routes::read_form;

/// The routes of payers, directory servers and providers.
pub fn routes(gateway: Arc<Gateway>) -> Router {
    routes::routes(gateway.clone()).merge(providers::routes(gateway))
}

pub(crate) fn operations() -> Vec<Operation> {
    routes::operations().into_iter().chain(providers::operations()).collect()
}
