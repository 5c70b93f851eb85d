//! Many timers that are due at one instant, and payments meanwhile.
//!
//! The timers are those of payers who never came back from a challenge: each ends its order and
//! owes a notification. The orders are copies of one that was really made.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use florin::app::Running;
use florin::store::{CardChange, Committed, EventRow, OrderRow, Store, TimerChange, UnitOfWork};
use serde_json::json;

use crate::arguments::Arguments;
use crate::load::{self, Call, Seen};
use crate::place::{Place, hundredths, percentile, set, settle, shops_of, start};
use crate::sink;

const WARM_UP: Duration = Duration::from_secs(2);
/// Payments are counted by this much time, as long as timers are left.
const SLICE: Duration = Duration::from_secs(2);
/// Orders are written at least this fast, many at once.
const WRITES_PER_SECOND_MIN: u64 = 1_000;
const WRITERS: u64 = 256;
/// How long the timers may take; longer is a failure.
const WORK_WAIT: Duration = Duration::from_secs(900);

pub(crate) async fn run(arguments: &Arguments) -> String {
    let place = Place::new(arguments);
    let url = place.database("bench").await;
    let running = start(&place.folder, url.as_deref()).await;
    let sink = sink::start().await;
    let shops = shops_of(&running, &sink, arguments);
    let time = Duration::from_secs(arguments.seconds);

    eprintln!("{} shops for {} s without timers …", arguments.concurrency, arguments.seconds);
    let alone = load::run(&shops, Call::Pay, WARM_UP, time).await;
    settle(&running, alone.all).await;

    let now = running.gateway.now();
    let seconds = arguments.timers / WRITES_PER_SECOND_MIN + 5;
    let due_at = now + i64::try_from(seconds * 1000).unwrap();
    eprintln!("storing {} orders whose time is up in {seconds} s …", arguments.timers);
    let sample = Arc::new(sample(&running, &shops).await);
    fill(&running.gateway.store, &sample, arguments.timers, due_at).await;
    let left = due_at - running.gateway.now();
    assert!(left > 0, "the orders were not stored in time");
    tokio::time::sleep(Duration::from_millis(u64::try_from(left).unwrap())).await;

    eprintln!("{} shops while the timers go off …", arguments.concurrency);
    let heard_before = sink.heard.load(Ordering::Relaxed);
    let begun = Instant::now();
    let (mut paid, mut slices): (u64, Vec<Seen>) = (0, Vec::new());
    let took = loop {
        let slice = load::run(&shops, Call::Pay, Duration::ZERO, SLICE).await;
        paid += slice.all;
        let told = sink.heard.load(Ordering::Relaxed) - heard_before;
        slices.push(slice);
        // Payments are told as well: about as many as there were.
        if told >= arguments.timers + paid {
            break begun.elapsed();
        }
        assert!(begun.elapsed() < WORK_WAIT, "{told} of {} told", arguments.timers + paid);
    };
    let unsettled = settle(&running, paid).await;
    running.stop().await;

    // The last slice saw the end of the timers, unless it is the only one.
    let whole = slices.len().saturating_sub(1).max(1);
    let mut latencies: Vec<u32> =
        slices[..whole].iter().flat_map(|slice| slice.latencies_us.iter().copied()).collect();
    latencies.sort_unstable();
    let elapsed: f64 = slices[..whole].iter().map(|slice| slice.elapsed.as_secs_f64()).sum();
    let meanwhile = latencies.len() as f64 / elapsed;
    let failed: u64 = alone.failed + slices.iter().map(|slice| slice.failed).sum::<u64>();
    let line = json!({
        "mode": "timers",
        "store": arguments.store,
        "concurrency": arguments.concurrency,
        "timers": arguments.timers,
        "worked_off_and_told_s": hundredths(took.as_secs_f64()),
        "timers_per_s": (arguments.timers as f64 / took.as_secs_f64()).round(),
        "payments_per_s_meanwhile": meanwhile.round(),
        "p99_ms_meanwhile": percentile(&latencies, 99),
        "payments_per_s_without": alone.per_second().round(),
        "p99_ms_without": percentile(&alone.latencies_us, 99),
        "ratio": hundredths(meanwhile / alone.per_second()),
        "failed": failed,
        "unsettled": unsettled,
    });
    if failed + unsettled > 0 {
        println!("{line}");
        eprintln!("florin-bench: not every payment was completed and captured");
        std::process::exit(1);
    }
    line.to_string()
}

/// An order that waits for its payer, as the store keeps it.
struct Sample {
    order: OrderRow,
    events: Vec<EventRow>,
}

async fn sample(running: &Running, shops: &load::Gateway) -> Sample {
    set(running, "/three_ds/policy", json!("always")).await;
    let order = load::challenged(shops).await;
    set(running, "/three_ds/policy", json!("never")).await;
    let store = &running.gateway.store;
    let site = store.sites().await.unwrap().remove(0).id;
    let order = store.order_by_merchant_id(site, &order).await.unwrap().expect("it was made");
    let timers = store.timers(site, order.key).await.unwrap();
    assert_eq!(timers.len(), 1, "it waits for its payer: {timers:?}");
    Sample { events: store.events(site, order.key).await.unwrap(), order }
}

async fn fill(store: &Arc<dyn Store>, sample: &Arc<Sample>, count: u64, due_at: i64) {
    let number = Arc::new(AtomicU64::new(0));
    let writers: Vec<_> = (0..WRITERS)
        .map(|_| {
            let (store, sample, number) = (store.clone(), sample.clone(), number.clone());
            tokio::spawn(async move {
                loop {
                    let number = number.fetch_add(1, Ordering::Relaxed);
                    if number >= count {
                        return;
                    }
                    let unit = copy(&sample, number, due_at);
                    assert_eq!(store.commit(unit).await.unwrap(), Committed::Done);
                }
            })
        })
        .collect();
    for writer in writers {
        writer.await.unwrap();
    }
}

/// The order again, under a name and a transaction number of its own.
fn copy(sample: &Sample, number: u64, due_at: i64) -> UnitOfWork {
    // Before every key that a gateway gives today.
    let key = 1_000_000_000_000_000 + i64::try_from(number * 64).unwrap();
    let (was, order_id) = (sample.order.key.to_string(), format!("timer-{number}"));
    let order = OrderRow {
        key,
        state: sample.order.state.replace(&was, &key.to_string()),
        request: sample.order.request.replace(&sample.order.order_id, &order_id),
        order_id,
        ..sample.order.clone()
    };
    let mut unit = UnitOfWork::new(None, order);
    unit.events.clone_from(&sample.events);
    unit.cards = vec![CardChange::Seal {
        card_id: 1,
        sealed_pan: vec![7; 61],
        sealed_cvc: Some(vec![7; 48]),
        fingerprint: [7; 32],
        key_id: 1,
    }];
    unit.timers = vec![TimerChange::Set { kind: "expiry".to_owned(), due_at }];
    unit
}
