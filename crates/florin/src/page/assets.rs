//! The one style sheet and the one script of the pages, under addresses that change with their
//! contents.
//!
//! So they are cached for good, and a page that names them by integrity can only run what this
//! binary was built with.

use std::sync::LazyLock;

use aws_lc_rs::digest;
use axum::Router;
use axum::body::Body;
use axum::extract::Path;
use axum::http::{Response, StatusCode, header};
use axum::routing::get;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

/// Where they are served; the pages name them from the root of their host.
const FOLDER: &str = "/static/page/";
/// Bytes of a hash that an address carries.
const ADDRESS_BYTES: usize = 12;

/// A file that never changes under its address.
pub(crate) struct Asset {
    pub(crate) path: String,
    /// `sha384-…`, for the `integrity` attribute.
    pub(crate) integrity: String,
    pub(super) content: &'static str,
    content_type: &'static str,
}

impl Asset {
    fn new(content: &'static str, extension: &str, content_type: &'static str) -> Asset {
        let digest = digest::digest(&digest::SHA384, content.as_bytes());
        let address = hex::encode(&digest.as_ref()[..ADDRESS_BYTES]);
        Asset {
            path: format!("{FOLDER}{address}.{extension}"),
            integrity: format!("sha384-{}", STANDARD.encode(digest.as_ref())),
            content,
            content_type,
        }
    }
}

pub(super) static SHEET: LazyLock<Asset> = LazyLock::new(|| {
    Asset::new(include_str!("../../templates/page/page.css"), "css", "text/css; charset=utf-8")
});

pub(super) static SCRIPT: LazyLock<Asset> = LazyLock::new(|| {
    Asset::new(include_str!("../../templates/page/page.js"), "js", "text/javascript; charset=utf-8")
});

/// Of the workbench, which is no payer's page.
pub(crate) static WORKBENCH_SHEET: LazyLock<Asset> = LazyLock::new(|| {
    let css = include_str!("../../templates/workbench/page.css");
    Asset::new(css, "css", "text/css; charset=utf-8")
});

pub(crate) static WORKBENCH_SCRIPT: LazyLock<Asset> = LazyLock::new(|| {
    let js = include_str!("../../templates/workbench/page.js");
    Asset::new(js, "js", "text/javascript; charset=utf-8")
});

/// The routes of the files. An address of another version is unknown: a page never falls back on
/// contents that it did not ask for.
pub fn routes() -> Router {
    Router::new().route("/static/page/{file}", get(file))
}

async fn file(Path(file): Path<String>) -> Response<Body> {
    let asset = [&*SHEET, &*SCRIPT, &*WORKBENCH_SHEET, &*WORKBENCH_SCRIPT]
        .into_iter()
        .find(|it| it.path.strip_prefix(FOLDER) == Some(file.as_str()));
    match asset {
        Some(asset) => Response::builder()
            .header(header::CONTENT_TYPE, asset.content_type)
            .header(header::CACHE_CONTROL, "public, max-age=31536000, immutable")
            .header(header::X_CONTENT_TYPE_OPTIONS, "nosniff")
            .header("cross-origin-resource-policy", "same-origin")
            .body(Body::from(asset.content)),
        None => Response::builder()
            .status(StatusCode::NOT_FOUND)
            .header(header::CACHE_CONTROL, "no-store")
            .body(Body::empty()),
    }
    .expect("the parts of the answer are valid")
}
