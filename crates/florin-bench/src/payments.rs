//! Complete direct payments over HTTP: create, 0100, 0220, completed, notification.
//!
//! Gateway, simulator, load generator and notification receiver share this process; PostgreSQL
//! is a process of its own on the same machine.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use florin::app::{self, Running};
use florin::clock::SystemClock;
use florin::config::Settings;
use florin::store::{Store, open_postgres, open_sqlite};
use florin::vault::SystemRandom;
use serde_json::json;

use crate::arguments::Arguments;
use crate::memory::megabytes;
use crate::postgres::Cluster;
use crate::store_limit::{self, Sample};
use crate::{load, sink};

const API_KEY: &str = "florin-bench-key-0000000000000000000000";
const WARM_UP: Duration = Duration::from_secs(2);
const LIMIT_TIME: Duration = Duration::from_secs(5);
/// How long captures and notifications may take to settle after the load ends.
const SETTLE_WAIT: Duration = Duration::from_secs(30);

/// Where the data lies, for as long as this lives.
struct Place {
    folder: PathBuf,
    _temporary: Option<tempfile::TempDir>,
    cluster: Option<Cluster>,
    url: Option<String>,
}

impl Place {
    fn new(arguments: &Arguments) -> Place {
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
        let cluster = (postgres && arguments.database_url.is_none())
            .then(|| Cluster::start(&["shared_buffers=256MB", "max_wal_size=2GB", "fsync=on"]));
        Place { folder, _temporary: temporary, cluster, url: arguments.database_url.clone() }
    }

    async fn database(&self, name: &str) -> Option<String> {
        if let Some(cluster) = &self.cluster {
            let admin = crate::postgres::connect(&cluster.url_of("postgres")).await.unwrap();
            admin.batch_execute(&format!("CREATE DATABASE {name}")).await.unwrap();
            return Some(cluster.url_of(name));
        }
        self.url.clone()
    }
}

async fn start(folder: &Path, url: Option<&str>, counts: bool) -> Running {
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
    prepare_site(&running, counts).await;
    running
}

/// The site's policy is `never`: what is measured is the acquirer's path. Where attempts are
/// counted, by rules that refuse none of them.
async fn prepare_site(running: &Running, counts: bool) {
    let store = &running.gateway.store;
    let mut site = store.sites().await.unwrap().remove(0);
    let mut settings: serde_json::Value = serde_json::from_str(&site.settings).unwrap();
    settings["three_ds"]["policy"] = json!("never");
    if counts {
        let rules = json!({ "many_cards": { "weight": 3 } });
        settings["risk"] = json!({ "site": { "rules": rules, "repeat_limits": true } });
    }
    site.settings = settings.to_string();
    let _ = store.update_site(site).await.unwrap();
    running.gateway.directory.refresh(store.as_ref(), &running.gateway.vault).await.unwrap();
    let begin = Instant::now();
    while !running.gateway.rails.test.as_ref().unwrap().is_signed_on() {
        assert!(begin.elapsed() < Duration::from_secs(10), "the link does not sign on");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// Resident memory of a gateway that nobody uses.
pub(crate) async fn idle(arguments: &Arguments) -> String {
    let place = Place::new(arguments);
    let url = place.database("bench").await;
    let running = start(&place.folder, url.as_deref(), false).await;
    tokio::time::sleep(Duration::from_secs(3)).await;
    let line = json!({ "mode": "idle", "store": arguments.store, "rss_mb": megabytes("VmRSS") });
    running.stop().await;
    line.to_string()
}

pub(crate) async fn run(arguments: &Arguments) -> String {
    let place = Place::new(arguments);
    let url = place.database("bench").await;
    let running = start(&place.folder, url.as_deref(), arguments.counts).await;
    let sink = sink::start().await;
    let notification_url = format!("http://{}/notify", sink.address);
    tokio::time::sleep(Duration::from_secs(1)).await;
    let idle_mb = megabytes("VmRSS");
    let store = running.gateway.store.clone();

    if arguments.stored_orders > 0 {
        eprintln!("storing {} orders first …", arguments.stored_orders);
        let one = Duration::from_millis(100);
        load::run(running.address, API_KEY, &notification_url, 1, Duration::ZERO, one).await;
        let sample = sample(&store).await;
        store_limit::fill(store.clone(), sample, arguments.stored_orders).await;
        store.checkpoint().await.unwrap();
    }

    let before = store.statistics().await.unwrap();
    eprintln!("{} shops for {} s …", arguments.concurrency, arguments.seconds);
    let time = Duration::from_secs(arguments.seconds);
    let processor_before = processor_seconds();
    let seen = load::run(
        running.address,
        API_KEY,
        &notification_url,
        arguments.concurrency,
        WARM_UP,
        time,
    )
    .await;
    let processor = processor_seconds() - processor_before;
    let unsettled = settle(&running, seen.all).await;
    store.checkpoint().await.unwrap();
    let after = store.statistics().await.unwrap();
    let grown = after.database_bytes.saturating_sub(before.database_bytes);
    let rss_mb = megabytes("VmHWM");
    let sample = sample(&store).await;
    drop(store);
    running.stop().await;

    eprintln!("the bare store …");
    let bare: Arc<dyn Store> = match place.database("bare").await {
        Some(url) if place.cluster.is_some() => open_postgres(&url).await.unwrap(),
        Some(_) => {
            eprintln!("with --database-url the store's limit is measured in that database");
            open_postgres(url.as_deref().unwrap()).await.unwrap()
        }
        None => open_sqlite(&place.folder.join("bare.sqlite")).await.unwrap(),
    };
    let limit = store_limit::measure(bare.clone(), sample, arguments.concurrency, LIMIT_TIME).await;
    bare.close().await.unwrap();

    let counted = seen.latencies_us.len() as f64;
    let per_second = counted / seen.elapsed.as_secs_f64();
    let line = json!({
        "mode": "payments",
        "store": arguments.store,
        "concurrency": arguments.concurrency,
        "seconds": arguments.seconds,
        "stored_orders": arguments.stored_orders,
        "counts": arguments.counts,
        "payments_per_s": per_second.round(),
        "p50_ms": percentile(&seen.latencies_us, 50),
        "p99_ms": percentile(&seen.latencies_us, 99),
        "store_limit_per_s": limit.round(),
        "ratio": (per_second / limit * 100.0).round() / 100.0,
        "bytes_per_payment": grown / seen.all.max(1),
        "rss_mb": rss_mb,
        "idle_rss_mb": idle_mb,
        "failed": seen.failed,
        "unsettled": unsettled,
        "notifications": sink.heard.load(Ordering::Relaxed),
        "changes_per_batch":
            ((after.changes - before.changes) as f64 / (after.batches - before.batches).max(1) as f64)
                .round(),
        "processor_ms_per_payment": (processor / seen.all.max(1) as f64 * 1e5).round() / 100.0,
    });
    if seen.failed > 0 || unsettled > 0 {
        println!("{line}");
        eprintln!("florin-bench: not every payment was completed and captured");
        std::process::exit(1);
    }
    line.to_string()
}

/// Waits until the host's books show every payment captured; returns how many are missing.
async fn settle(running: &Running, payments: u64) -> u64 {
    let gateway = &running.gateway;
    let site = gateway.directory.sites().remove(0);
    let begin = Instant::now();
    loop {
        let due = gateway.store.next_due().await.unwrap();
        if due.is_none() {
            return 0;
        }
        if begin.elapsed() > SETTLE_WAIT {
            let books = gateway.host_books(&site).await.unwrap_or_default();
            let entries = books["data"].as_array().cloned().unwrap_or_default();
            let open = entries.iter().filter(|it| it["captured"] != it["authorized"]).count();
            eprintln!("{payments} payments, {} in the books, {open} open", entries.len());
            return open.max(1) as u64;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

/// A real payment, to write again.
async fn sample(store: &Arc<dyn Store>) -> Sample {
    let site = store.sites().await.unwrap().remove(0);
    let order = store.recent_orders(site.id, None, 1).await.unwrap().remove(0);
    let events = store.events(site.id, order.key).await.unwrap();
    Sample { order, events }
}

fn percentile(sorted_us: &[u32], percent: usize) -> f64 {
    let index = (sorted_us.len() * percent / 100).min(sorted_us.len().saturating_sub(1));
    sorted_us.get(index).map_or(0.0, |us| f64::from(*us / 10) / 100.0)
}

/// Processor time of this process so far.
fn processor_seconds() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let fields: Vec<&str> =
        stat.rsplit(')').next().unwrap_or_default().split_whitespace().collect();
    let ticks = |index: usize| fields.get(index).and_then(|it| it.parse::<f64>().ok());
    (ticks(11).unwrap_or(0.0) + ticks(12).unwrap_or(0.0)) / 100.0
}
