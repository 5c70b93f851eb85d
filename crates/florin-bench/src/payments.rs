//! Complete direct payments over HTTP: create, 0100, 0220, completed, notification.
//!
//! Gateway, simulator, load generator and notification receiver share this process; PostgreSQL
//! is a process of its own on the same machine.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use florin::store::{Store, open_postgres, open_sqlite};
use serde_json::json;

use crate::arguments::Arguments;
use crate::load::Call;
use crate::memory::megabytes;
use crate::place::{Place, percentile, settle, shops_of, start};
use crate::store_limit::{self, Sample};
use crate::{load, sink};

const WARM_UP: Duration = Duration::from_secs(2);
const LIMIT_TIME: Duration = Duration::from_secs(5);

/// Resident memory of a gateway that nobody uses.
pub(crate) async fn idle(arguments: &Arguments) -> String {
    let place = Place::new(arguments);
    let url = place.database("bench").await;
    let running = start(&place.folder, url.as_deref()).await;
    tokio::time::sleep(Duration::from_secs(3)).await;
    let line = json!({ "mode": "idle", "store": arguments.store, "rss_mb": megabytes("VmRSS") });
    running.stop().await;
    line.to_string()
}

pub(crate) async fn run(arguments: &Arguments) -> String {
    let place = Place::new(arguments);
    let url = place.database("bench").await;
    let running = start(&place.folder, url.as_deref()).await;
    if arguments.counts {
        // Attempts are counted, by rules that refuse none of them.
        let rules = json!({ "many_cards": { "weight": 3 } });
        let risk = json!({ "site": { "rules": rules, "repeat_limits": true } });
        crate::place::set(&running, "/risk", risk).await;
    }
    let sink = sink::start().await;
    let shops = shops_of(&running, &sink, arguments);
    tokio::time::sleep(Duration::from_secs(1)).await;
    let idle_mb = megabytes("VmRSS");
    let store = running.gateway.store.clone();

    if arguments.stored_orders > 0 {
        eprintln!("storing {} orders first …", arguments.stored_orders);
        let one = load::Gateway { concurrency: 1, ..shops.clone() };
        load::run(&one, Call::Pay, Duration::ZERO, Duration::from_millis(100)).await;
        let sample = sample(&store).await;
        store_limit::fill(store.clone(), sample, arguments.stored_orders).await;
        store.checkpoint().await.unwrap();
    }

    let before = store.statistics().await.unwrap();
    eprintln!("{} shops for {} s …", arguments.concurrency, arguments.seconds);
    let time = Duration::from_secs(arguments.seconds);
    let processor_before = processor_seconds();
    let seen = load::run(&shops, Call::Pay, WARM_UP, time).await;
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

    let per_second = seen.per_second();
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

/// A real payment, to write again.
async fn sample(store: &Arc<dyn Store>) -> Sample {
    let site = store.sites().await.unwrap().remove(0);
    let order = store.recent_orders(site.id, None, 1).await.unwrap().remove(0);
    let events = store.events(site.id, order.key).await.unwrap();
    Sample { order, events }
}

/// Processor time of this process so far.
fn processor_seconds() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let fields: Vec<&str> =
        stat.rsplit(')').next().unwrap_or_default().split_whitespace().collect();
    let ticks = |index: usize| fields.get(index).and_then(|it| it.parse::<f64>().ok());
    (ticks(11).unwrap_or(0.0) + ticks(12).unwrap_or(0.0)) / 100.0
}
