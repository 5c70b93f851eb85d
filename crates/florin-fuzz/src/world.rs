//! A gateway in this process, for the targets that call it.

use std::net::SocketAddr;
use std::sync::Arc;

use axum::body::Body;
use axum::extract::Request;
use axum::http::Method;
use florin::api::contract::canonical;
use florin::app::{self, Running};
use florin::clock::SystemClock;
use florin::config::Settings;
use florin::gateway::Gateway;
use florin::vault::SystemRandom;
use http_body_util::BodyExt;
use serde_json::Value;
use tempfile::TempDir;
use tokio::runtime::{Builder, Runtime};

pub(crate) const API_KEY: &str = "florin-fuzz-key";

/// What a target does with a gateway, in its runtime.
pub(crate) struct World {
    pub(crate) gateway: Arc<Gateway>,
    pub(crate) address: SocketAddr,
    pub(crate) runtime: Runtime,
    _running: Running,
    _folder: TempDir,
}

impl World {
    /// Starts one on SQLite, with 3-D Secure as it is for a new site.
    pub(crate) fn open() -> World {
        let runtime =
            Builder::new_current_thread().enable_all().build().expect("a runtime can be made");
        let folder = tempfile::tempdir().expect("a folder can be made");
        let variables = [
            ("FLORIN_LISTEN", "127.0.0.1:0"),
            ("FLORIN_DATA_DIR", folder.path().to_str().expect("a temporary path is text")),
            ("FLORIN_TEST_API_KEY", API_KEY),
        ];
        let variables = variables.map(|(name, value)| (name.to_owned(), value.to_owned()));
        let settings = Settings::load(None, variables).expect("the settings are right");
        let start = app::start(&settings, Arc::new(SystemClock), Arc::new(SystemRandom));
        let running = runtime.block_on(start).expect("the gateway starts");
        World {
            gateway: running.gateway.clone(),
            address: running.address,
            runtime,
            _running: running,
            _folder: folder,
        }
    }

    /// Changes a setting of the site, by its name at the top level.
    pub(crate) fn set(&self, name: &str, value: Value) {
        let (gateway, store) = (&self.gateway, &self.gateway.store);
        self.runtime.block_on(async {
            let mut site = store.sites().await.expect("the store works").remove(0);
            let mut settings: Value = serde_json::from_str(&site.settings).expect("JSON");
            settings[name] = value;
            site.settings = settings.to_string();
            let _ = store.update_site(site).await.expect("the store works");
            gateway.directory.refresh(store.as_ref(), &gateway.vault).await.expect("sites load");
        });
    }

    /// Calls the API of merchants without a connection. Nothing for what is no request at all.
    pub(crate) async fn call(
        gateway: &Arc<Gateway>,
        method: Method,
        path: &str,
        body: Vec<u8>,
    ) -> Option<(u16, Value)> {
        let request = Request::builder().method(method).uri(path).header("api_key", API_KEY);
        let request = request.body(Body::from(body)).ok()?;
        let Ok(answer) = florin::api::merchants(gateway.clone(), request).await;
        let status = answer.status().as_u16();
        let bytes = answer.into_body().collect().await.expect("the body is in memory").to_bytes();
        let value: Value = serde_json::from_slice(&bytes).expect("every answer is JSON");
        assert!(value.is_object(), "every answer is an object: {value}");
        let data = canonical::to_vec(&value["data"]);
        let is_there = bytes.windows(data.len()).any(|part| part == data);
        assert!(is_there, "what is told is told in canonical JSON: {value}");
        assert_ne!(status, 500, "nothing from outside is a bug inside: {value}");
        Some((status, value))
    }
}
