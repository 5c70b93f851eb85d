//! `/openapi.json` and `/docs`: made once, the same for everybody.

use std::sync::LazyLock;

use axum::Router;
use axum::body::Body;
use axum::http::{Method, Response, header};
use axum::routing::get;
use bytes::Bytes;

use super::{Caller, Group, JSON, Operation, openapi, page, schema};

const DOCUMENT: &str = "/openapi.json";
const PAGE: &str = "/docs";

/// How long a reader may keep them.
const KEPT: &str = "public, max-age=300";

/// The routes of readers.
pub(crate) fn routes() -> Router {
    Router::new().route(DOCUMENT, get(document)).route(PAGE, get(shown))
}

pub(super) fn operations() -> Vec<Operation> {
    vec![
        Operation::new(
            Group::Gateway,
            Method::GET,
            DOCUMENT,
            "describe",
            "This API, as OpenAPI 3.1",
        )
        .called_by(Caller::Anyone)
        .gives_as(200, "The document", JSON, schema::open_object(), None),
        Operation::new(Group::Gateway, Method::GET, PAGE, "readReference", "This API, as a page")
            .called_by(Caller::Anyone)
            .shows(200, "The page"),
    ]
}

async fn document() -> Response<Body> {
    static TEXT: LazyLock<Bytes> = LazyLock::new(|| openapi::document().to_string().into());
    let answer = Response::builder()
        .header(header::CONTENT_TYPE, "application/json; charset=utf-8")
        .header(header::X_CONTENT_TYPE_OPTIONS, "nosniff")
        .header(header::CACHE_CONTROL, KEPT)
        // Public as it is; tools in browsers read it from their own origins.
        .header(header::ACCESS_CONTROL_ALLOW_ORIGIN, "*");
    answer.body(Body::from(TEXT.clone())).expect("the parts of the answer are valid")
}

async fn shown() -> Response<Body> {
    static TEXT: LazyLock<Bytes> = LazyLock::new(|| page::html().into());
    let answer = Response::builder()
        .header(header::CONTENT_TYPE, "text/html; charset=utf-8")
        .header(header::CONTENT_SECURITY_POLICY, page::policy())
        .header(header::X_CONTENT_TYPE_OPTIONS, "nosniff")
        .header(header::REFERRER_POLICY, "no-referrer")
        .header(header::CACHE_CONTROL, KEPT);
    answer.body(Body::from(TEXT.clone())).expect("the parts of the answer are valid")
}
