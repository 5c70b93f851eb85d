//! The HTTP server: routes, limits on connections and time, and an orderly stop.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::{Path, Request};
use axum::http::{Method, Response, StatusCode, header};
use axum::middleware;
use axum::routing::{any, get};
use florin_core::risk::blocked::Network;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use hyper_util::service::TowerToHyperService;
use serde_json::json;
use tokio::net::TcpListener;
use tokio::sync::{Semaphore, watch};
use tower::util::MapRequest;
use tower_http::compression::CompressionLayer;

use crate::api::reference::schema::{object, text};
use crate::api::reference::{self, Caller, Group, JSON, Operation};
use crate::config::HttpSettings;
use crate::gateway::Gateway;
use crate::peer::Peer;

/// Bytes of a request's line and headers at most.
const HEAD_BYTES_MAX: usize = 64 * 1024;
/// Headers of a request at most.
const HEADERS_MAX: usize = 100;

/// Everything that is served, grouped by who calls it.
pub fn routes(gateway: &Arc<Gateway>, simulator: Option<Router>) -> Router {
    let merchants = {
        let gateway = gateway.clone();
        any(move |request: Request| crate::api::merchants(gateway.clone(), request))
    };
    let controls = {
        let gateway = gateway.clone();
        any(move |request: Request| crate::api::controls(gateway.clone(), request))
    };
    let internal = {
        let gateway = gateway.clone();
        any(move |request: Request| crate::api::internal(gateway.clone(), request))
    };
    let ready = {
        let gateway = gateway.clone();
        get(move || readiness(gateway.clone()))
    };
    // Compressed where the client takes it. Pages are not: the length of a page in which secrets and
    // texts of others are compressed together tells of the secrets (BREACH).
    let still = Router::new()
        .merge(reference::routes())
        .route("/static/icons/{file}", get(icon))
        .merge(crate::page::routes())
        .layer(CompressionLayer::new());
    let mut routes = Router::new()
        .route("/health/live", get(|| async { health(true, "alive") }))
        .route("/health/ready", ready)
        .merge(crate::connect::routes(gateway.clone()))
        .merge(crate::checkout::routes(gateway.clone()))
        .merge(crate::workbench::routes(gateway.clone()))
        .merge(still)
        // What stands above has to be in the table of what is served; the calls below look it up
        // themselves, once they know their caller.
        .route_layer(middleware::from_fn(reference::only_described))
        .route("/v1/json", merchants.clone())
        .route("/v1/json/{*path}", merchants.clone())
        .route("/test/{*path}", controls)
        .route("/internal/{*path}", internal);
    if let Some(simulator) = simulator {
        routes = routes.nest("/sim", simulator);
    }
    routes.fallback(merchants)
}

/// What a load balancer asks.
pub(crate) fn operations() -> Vec<Operation> {
    let status = || object([("status!", text())]);
    let new = |path, id, summary| {
        Operation::new(Group::Gateway, Method::GET, path, id, summary).called_by(Caller::Anyone)
    };
    let shown = |word: &str| Some(json!({ "status": word }));
    vec![
        new("/health/live", "live", "Whether the process runs").gives_as(
            200,
            "It runs",
            JSON,
            status(),
            shown("alive"),
        ),
        new("/health/ready", "ready", "Whether payments can be taken")
            .gives_as(200, "They can", JSON, status(), shown("ready"))
            .gives_as(503, "Why not", JSON, status(), shown("the store does not answer")),
    ]
}

fn health(good: bool, word: &str) -> Response<Body> {
    let status = if good { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    Response::builder()
        .status(status)
        .header(header::CONTENT_TYPE, "application/json; charset=utf-8")
        .header(header::CACHE_CONTROL, "no-store")
        .body(Body::from(format!("{{\"status\":\"{word}\"}}")))
        .expect("the parts of the answer are valid")
}

async fn icon(Path(file): Path<String>) -> Response<Body> {
    crate::api::catalogue::icons::serve(&file)
}

/// Ready when payments can be taken: the store answers and takes changes, and the acquirer's link is
/// signed on.
async fn readiness(gateway: Arc<Gateway>) -> Response<Body> {
    if gateway.store.settings_version().await.is_err() {
        return health(false, "the store does not answer");
    }
    if gateway.work.writing.is_failing() {
        return health(false, "the store cannot write");
    }
    let rails = [&gateway.rails.test, &gateway.rails.live];
    if rails.into_iter().flatten().any(|rails| !rails.is_signed_on()) {
        return health(false, "the acquirer link is not signed on");
    }
    health(true, "ready")
}

/// Serves until told to stop, then lets requests in flight end.
pub(super) async fn serve(
    listener: TcpListener,
    routes: Router,
    limits: HttpSettings,
    mut stopping: watch::Receiver<bool>,
) {
    let connections = Arc::new(Semaphore::new(limits.connections_max));
    let trusted: Arc<[Network]> = Arc::from(limits.trusted_proxies.as_slice());
    let graceful = GracefulShutdown::new();
    let mut http = hyper::server::conn::http1::Builder::new();
    http.timer(TokioTimer::new())
        .header_read_timeout(Duration::from_millis(limits.head_wait_ms))
        .max_buf_size(HEAD_BYTES_MAX)
        .max_headers(HEADERS_MAX)
        .keep_alive(true)
        .pipeline_flush(true);
    loop {
        let permit = tokio::select! {
            permit = connections.clone().acquire_owned() => permit,
            _ = stopping.changed() => break,
        };
        let Ok(permit) = permit else { break };
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            _ = stopping.changed() => break,
        };
        let (stream, from) = match accepted {
            Ok(accepted) => accepted,
            Err(error) => {
                // Out of file descriptors, mostly: others have to end first.
                tracing::warn!(%error, "a connection was not accepted");
                tokio::time::sleep(Duration::from_millis(50)).await;
                continue;
            }
        };
        let _ = stream.set_nodelay(true);
        let peer = Peer { address: from.ip(), trusted: trusted.clone() };
        let service = MapRequest::new(routes.clone(), move |mut request: hyper::Request<_>| {
            request.extensions_mut().insert(peer.clone());
            request
        });
        let service = TowerToHyperService::new(service);
        let connection = http.serve_connection(TokioIo::new(stream), service);
        let watched = graceful.watch(connection);
        tokio::spawn(async move {
            // Errors here are the peer's: it hung up, was too slow, or spoke no HTTP.
            let _ = watched.await;
            drop(permit);
        });
    }
    drop(listener);
    let wait = Duration::from_millis(limits.shutdown_wait_ms);
    let _ = tokio::time::timeout(wait, graceful.shutdown()).await;
}
