//! The other side of 3-D Secure: directory servers, access control server, challenge page.
//!
//! `directory` takes AReq and PReq and passes results on, `issuer` decides about an AReq,
//! `challenge` keeps what is open, `page` and `method` talk to the payer's browser, in its language.

pub(crate) mod challenge;
pub(crate) mod issuer;
pub(crate) mod directory;
pub(crate) mod result;
pub(crate) mod page;
mod words;
pub(crate) mod method;

use std::sync::Arc;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::routing::post;

use crate::limits::BODY_BYTES_MAX;
use crate::shared::Shared;

pub(crate) use challenge::{ChallengeRecord, Challenges};

/// The paths of the directory servers and of the access control server.
pub(crate) fn routes() -> Router<Arc<Shared>> {
    Router::new()
        .route("/ds/{network}", post(directory::receive))
        .route(method::PATH, post(method::show))
        .route(page::PATH, post(page::show))
        .route(page::CONFIRM_PATH, post(page::confirm))
        .layer(DefaultBodyLimit::max(BODY_BYTES_MAX))
}
