//! Lists of transactions over many orders: any page, any filter.
//!
//! Each list is made as the API makes it: rows found, their orders read, the answer written. What
//! is left out is the way over HTTP.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use florin::app::Running;
use florin::gateway::ids::first_id_at;
use florin::gateway::operations::{Cursor, Listed, Wanted};
use florin::store::{Committed, OperationRow, OrderRow, Store, UnitOfWork};
use serde_json::{Value, json};

use crate::arguments::Arguments;
use crate::load::{self, Call};
use crate::place::{Place, percentile, settle, shops_of, start};
use crate::plans;
use crate::sink;

const WRITERS: u64 = 256;
/// One order each so many milliseconds: a million in 116 days.
const PAUSE_MS: i64 = 10_000;
const HOUR_MS: i64 = 60 * 60 * 1000;
/// Pages of each list, all over its length.
const PAGES: u64 = 60;
/// The goal for the slowest of them.
const GOAL_MS: f64 = 20.0;

pub(crate) async fn run(arguments: &Arguments) -> String {
    let place = Place::new(arguments);
    let url = place.database("bench").await;
    let running = start(&place.folder, url.as_deref()).await;
    let sink = sink::start().await;
    let shops = load::Gateway { concurrency: 1, ..shops_of(&running, &sink, arguments) };
    let made = load::run(&shops, Call::Pay, Duration::ZERO, Duration::from_millis(100)).await;
    settle(&running, made.all).await;
    let count = arguments.stored_orders.max(1000);
    eprintln!("storing {count} orders …");
    let begun = Instant::now();
    let newest = running.gateway.now() - HOUR_MS;
    fill(&running, count, newest).await;
    let stored_s = begun.elapsed().as_secs_f64();
    running.gateway.store.checkpoint().await.unwrap();

    let oldest = newest - i64::try_from(count).unwrap() * PAUSE_MS;
    let mut lists = serde_json::Map::new();
    let mut slowest: f64 = 0.0;
    for (name, wanted) in filters(oldest, newest) {
        let (times, rows) = pages(&running, &wanted, oldest, newest).await;
        slowest = slowest.max(percentile(&times, 100));
        lists.insert(
            name.to_owned(),
            json!({
                "p50_ms": percentile(&times, 50), "p99_ms": percentile(&times, 99),
                "max_ms": percentile(&times, 100), "rows": rows,
            }),
        );
    }
    let plans = match &place.cluster {
        Some(cluster) if arguments.plans => {
            plans::of(&running, cluster, filters(oldest, newest)).await
        }
        _ => Value::Null,
    };
    running.stop().await;
    json!({
        "mode": "transactions", "store": arguments.store, "stored_orders": count,
        "stored_s": stored_s.round(), "slowest_ms": slowest, "goal_ms": GOAL_MS,
        "reached": slowest < GOAL_MS, "lists": Value::Object(lists),
        "plans": plans,
    })
    .to_string()
}

fn all() -> Wanted {
    Wanted {
        kinds: Vec::new(),
        statuses: Vec::new(),
        financial_statuses: Vec::new(),
        methods: Vec::new(),
        currencies: Vec::new(),
        debit_credit: Vec::new(),
        created: i64::MIN..i64::MAX,
        completed: None,
        cursor: Cursor::Newest,
        limit: 100,
    }
}

fn filters(oldest: i64, newest: i64) -> Vec<(&'static str, Wanted)> {
    let words = |words: &[&str]| words.iter().map(|it| (*it).to_owned()).collect::<Vec<_>>();
    let day = |days_ago: i64| {
        let until = (newest - days_ago * 24 * HOUR_MS).max(oldest);
        until - 24 * HOUR_MS..until
    };
    vec![
        ("all", all()),
        ("all, 1000 a page", Wanted { limit: 1000, ..all() }),
        ("status=completed", Wanted { statuses: words(&["completed"]), ..all() }),
        ("status=declined", Wanted { statuses: words(&["declined"]), ..all() }),
        ("status=uncleared, one in 100000", Wanted { statuses: words(&["uncleared"]), ..all() }),
        ("status=shipped, none", Wanted { statuses: words(&["shipped"]), ..all() }),
        ("financial_status=void", Wanted { financial_statuses: words(&["void"]), ..all() }),
        ("type=refund", Wanted { kinds: words(&["refund"]), ..all() }),
        ("type=chargeback", Wanted { kinds: words(&["chargeback"]), ..all() }),
        ("debit_credit=D", Wanted { debit_credit: words(&["D"]), ..all() }),
        ("payment_method=AMEX", Wanted { methods: words(&["AMEX"]), ..all() }),
        ("currency=JPY", Wanted { currencies: words(&["JPY"]), ..all() }),
        (
            "status=declined, payment_method=AMEX, currency=JPY",
            Wanted {
                statuses: words(&["declined"]),
                methods: words(&["AMEX"]),
                currencies: words(&["JPY"]),
                ..all()
            },
        ),
        ("created, one old day", Wanted { created: day(60), ..all() }),
        (
            "created, one old day, status=declined",
            Wanted { created: day(60), statuses: words(&["declined"]), ..all() },
        ),
        ("completed, one old day", Wanted { completed: Some(day(60)), ..all() }),
        (
            "completed, one old day, type=refund",
            Wanted { completed: Some(day(60)), kinds: words(&["refund"]), ..all() },
        ),
    ]
}

/// The first page, pages from all over the list, and the last one.
async fn pages(running: &Running, wanted: &Wanted, oldest: i64, newest: i64) -> (Vec<u32>, usize) {
    let gateway = &running.gateway;
    let site = gateway.directory.sites().remove(0);
    let (mut times, mut rows) = (Vec::new(), 0);
    for page in 0..=PAGES {
        let at = newest
            - (newest - oldest) / i64::try_from(PAGES).unwrap() * i64::try_from(page).unwrap();
        let cursor = match page {
            0 => Cursor::Newest,
            _ if page % 3 == 0 => Cursor::Before(first_id_at(at)),
            _ => Cursor::After(first_id_at(at)),
        };
        let wanted = Wanted { cursor, ..wanted.clone() };
        let begun = Instant::now();
        let listed = gateway.list_operations(&site, &wanted).await.unwrap().operations;
        let values: Vec<Value> = listed.iter().map(Listed::to_value).collect();
        let text = serde_json::to_string(&values).unwrap();
        times.push(u32::try_from(begun.elapsed().as_micros()).unwrap());
        assert!(text.len() > 1);
        rows += listed.len();
    }
    times.sort_unstable();
    (times, rows)
}

/// Orders that were really made once, under other names and at other times.
async fn fill(running: &Running, count: u64, newest: i64) {
    let store = running.gateway.store.clone();
    let site = store.sites().await.unwrap().remove(0).id;
    let sample = Arc::new(store.recent_orders(site, None, 1).await.unwrap().remove(0));
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
                    let created = newest - i64::try_from(count - number).unwrap() * PAUSE_MS;
                    write(&store, &sample, number, created).await;
                }
            })
        })
        .collect();
    for writer in writers {
        writer.await.unwrap();
    }
}

async fn write(store: &Arc<dyn Store>, sample: &OrderRow, number: u64, created: i64) {
    let key = first_id_at(created);
    let order = OrderRow {
        key,
        order_id: format!("listed-{number}"),
        created_at: created,
        modified_at: created,
        state: sample.state.replace(&sample.key.to_string(), &key.to_string()),
        ..sample.clone()
    };
    let method = ["VISA", "MASTERCARD", "VISA", "MAESTRO", "VISA", "AMEX"][(number % 6) as usize];
    let currency = match number % 50 {
        0 => "JPY",
        1..10 => "USD",
        10..15 => "GBP",
        _ => "EUR",
    };
    let (status, financial, took) = match number {
        _ if number % 100_000 == 7 => ("uncleared", "uncleared", None),
        _ if number % 20 == 3 => ("declined", "declined", None),
        _ if number % 40 == 5 => ("void", "void", None),
        _ if number % 40 == 6 => ("expired", "expired", None),
        _ if number % 25 == 4 => ("refunded", "completed", Some(2_000)),
        _ => ("completed", "completed", Some(2_000)),
    };
    let class = |kind: &str, status: &str, financial: &str, delay: &str| {
        format!("{kind}|{status}|{financial}|{method}|{currency}|{delay}")
    };
    let operation = |transaction_id, class, at: i64, took: Option<i64>| OperationRow {
        transaction_id,
        class,
        amount: 1000,
        created_at: at,
        completed_at: took.map(|took| at + took),
    };
    let delay = if took.is_some() { "0" } else { "-" };
    let mut unit = UnitOfWork::new(None, order);
    unit.operations =
        vec![operation(key, class("payment", status, financial, delay), created, took)];
    if status == "refunded" {
        let class = class("refund", "completed", "completed", "1");
        unit.operations.push(operation(key + 1, class, created, Some(20 * HOUR_MS)));
    }
    if number % 500 == 8 {
        let class = class("chargeback", "completed", "completed", "0");
        unit.operations.push(operation(key + 2, class, created, Some(0)));
    }
    assert_eq!(store.commit(unit).await.unwrap(), Committed::Done);
}
