//! The gateway that is measured: where its data lies, how it is started, when it has come to rest.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use florin::app::{self, Running};
use florin::clock::SystemClock;
use florin::config::Settings;
use florin::vault::SystemRandom;
use serde_json::{Value, json};

use crate::arguments::Arguments;
use crate::load::Gateway;
use crate::plans;
use crate::postgres::Cluster;
use crate::sink::Sink;

pub(crate) const API_KEY: &str = "florin-bench-key-0000000000000000000000";
/// How long captures and notifications may take to settle after the load ends.
const SETTLE_WAIT: Duration = Duration::from_secs(30);

/// Where the data lies, for as long as this lives.
pub(crate) struct Place {
    pub(crate) folder: PathBuf,
    _temporary: Option<tempfile::TempDir>,
    pub(crate) cluster: Option<Cluster>,
    url: Option<String>,
}

impl Place {
    pub(crate) fn new(arguments: &Arguments) -> Place {
        // Beside the target folder: a folder in memory would make every sync free.
        let beside = std::env::current_dir().unwrap();
        let temporary = match &arguments.data {
            Some(_) => None,
            None => Some(tempfile::Builder::new().prefix(".bench-").tempdir_in(beside).unwrap()),
        };
        let folder = match (&arguments.data, &temporary) {
            (Some(data), _) => data.clone(),
            (None, Some(temporary)) => temporary.path().to_owned(),
            (None, None) => unreachable!("one of them is there"),
        };
        let postgres = arguments.store == "postgres";
        let cluster = (postgres && arguments.database_url.is_none()).then(|| {
            let mut settings = vec!["shared_buffers=256MB", "max_wal_size=2GB", "fsync=on"];
            if arguments.plans {
                settings.extend(plans::SETTINGS);
            }
            Cluster::start(&settings)
        });
        Place { folder, _temporary: temporary, cluster, url: arguments.database_url.clone() }
    }

    pub(crate) async fn database(&self, name: &str) -> Option<String> {
        if let Some(cluster) = &self.cluster {
            let admin = crate::postgres::connect(&cluster.url_of("postgres")).await.unwrap();
            admin.batch_execute(&format!("CREATE DATABASE {name}")).await.unwrap();
            return Some(cluster.url_of(name));
        }
        self.url.clone()
    }
}

/// A gateway that does not authenticate payers: what is measured is the acquirer's path.
pub(crate) async fn start(folder: &Path, url: Option<&str>) -> Running {
    let mut variables = vec![
        ("FLORIN_LISTEN", "127.0.0.1:0".to_owned()),
        ("FLORIN_DATA_DIR", folder.display().to_string()),
        ("FLORIN_TEST_API_KEY", API_KEY.to_owned()),
        ("FLORIN_LOG__FILTER", "warn".to_owned()),
    ];
    variables.extend(url.map(|url| ("FLORIN_DATABASE_URL", url.to_owned())));
    let variables = variables.into_iter().map(|(name, value)| (name.to_owned(), value));
    let settings = Settings::load(None, variables).unwrap();
    let running =
        app::start(&settings, Arc::new(SystemClock), Arc::new(SystemRandom)).await.unwrap();
    set(&running, "/three_ds/policy", json!("never")).await;
    set(&running, "/mail/types", json!([])).await;
    let begin = Instant::now();
    while !running.gateway.rails.test.as_ref().unwrap().is_signed_on() {
        assert!(begin.elapsed() < Duration::from_secs(10), "the link does not sign on");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    running
}

/// Changes a setting of the site.
pub(crate) async fn set(running: &Running, pointer: &str, value: Value) {
    let store = &running.gateway.store;
    let mut site = store.sites().await.unwrap().remove(0);
    let mut settings: Value = serde_json::from_str(&site.settings).unwrap();
    // A member that says nothing is not stored, so it may have to be added.
    let (parent, name) = pointer.rsplit_once('/').expect(pointer);
    let parent = settings.pointer_mut(parent).and_then(Value::as_object_mut).expect(pointer);
    parent.insert(name.to_owned(), value);
    site.settings = settings.to_string();
    let _ = store.update_site(site).await.unwrap();
    running.gateway.directory.refresh(store.as_ref(), &running.gateway.vault).await.unwrap();
}

/// Where the shops of a load call.
pub(crate) fn shops_of(running: &Running, sink: &Sink, arguments: &Arguments) -> Gateway {
    Gateway {
        address: running.address,
        api_key: API_KEY.to_owned(),
        notification_url: format!("http://{}/notify", sink.address),
        concurrency: arguments.concurrency,
    }
}

/// Waits until nothing is due soon; returns how many payments are not captured by then.
pub(crate) async fn settle(running: &Running, payments: u64) -> u64 {
    let gateway = &running.gateway;
    let site = gateway.directory.sites().remove(0);
    let begin = Instant::now();
    loop {
        let due = gateway.store.next_due().await.unwrap();
        // Time that a payer still has is no work that waits.
        let later = gateway.now() + i64::try_from(SETTLE_WAIT.as_millis()).unwrap();
        if due.is_none_or(|due| due > later) {
            return 0;
        }
        if begin.elapsed() > SETTLE_WAIT {
            let books = gateway.host_books(&site).await.unwrap_or_default();
            let entries = books.get("data").unwrap_or(&books).as_array();
            let entries = entries.cloned().unwrap_or_default();
            let open = entries.iter().filter(|it| it["captured"] != it["authorized"]).count();
            eprintln!("{payments} payments, {} in the books, {open} open", entries.len());
            return open.max(1) as u64;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

pub(crate) fn percentile(sorted_us: &[u32], percent: usize) -> f64 {
    let index = (sorted_us.len() * percent / 100).min(sorted_us.len().saturating_sub(1));
    sorted_us.get(index).map_or(0.0, |us| f64::from(*us / 10) / 100.0)
}

/// With two digits behind the point.
pub(crate) fn hundredths(value: f64) -> f64 {
    (value * 100.0).round() / 100.0
}
