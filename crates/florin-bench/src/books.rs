//! Books of many orders: how long `ledger verify`, `ledger reconcile` and `report transactions` take,
//! and how much memory they need.
//!
//! Some histories are made over HTTP: payments, captures by hand, refunds, declines. They are then
//! stored again and again under other keys, their journals chained anew, so that all of it holds.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use florin::app::Running;
use florin::gateway::audit::audit;
use florin::gateway::ids::first_id_at;
use florin::gateway::journal::{JournalEnd, chained, read_postings};
use florin::gateway::persist::{Child, read_state, write_state};
use florin::gateway::reconcile::{HostKind, HostLine, Period, reconcile};
use florin::gateway::report::Report;
use florin::gateway::seals::{UNSEALED, seal};
use florin::store::{Committed, JournalRow, OrderRow, UnitOfWork};
use florin_core::ledger::Account;
use serde_json::{Value, json};

use crate::arguments::Arguments;
use crate::load::{self, Call, Made};
use crate::memory::{forget_peak, megabytes};
use crate::place::{Place, hundredths, set, settle, shops_of, start};
use crate::sink;

const WRITERS: u64 = 256;
/// One order each so many milliseconds: a million in 116 days.
const PAUSE_MS: i64 = 10_000;
const DAY_MS: i64 = 24 * 60 * 60 * 1000;
/// Histories that are stored again and again.
const SAMPLES_MAX: u32 = 200;

/// A history that was really made.
struct Sample {
    order: OrderRow,
    journal: Vec<JournalRow>,
}

/// What is measured, and where.
struct Books {
    running: Running,
    site: i64,
    samples: Vec<Sample>,
    count: u64,
    oldest: i64,
    newest: i64,
}

pub(crate) async fn run(arguments: &Arguments) -> String {
    let place = Place::new(arguments);
    let url = place.database("bench").await;
    let running = start(&place.folder, url.as_deref()).await;
    set(&running, "/refund_settlement", json!("at_once")).await;
    let samples = trade(&running, arguments).await;
    let site = running.gateway.store.sites().await.unwrap().remove(0).id;
    let count = arguments.stored_orders.max(1000);
    let newest = running.gateway.now() - DAY_MS;
    let oldest = newest - i64::try_from(count).unwrap() * PAUSE_MS;
    let books = Arc::new(Books { running, site, samples, count, oldest, newest });
    eprintln!("storing {count} orders …");
    let stored_s = fill(&books).await;
    books.running.gateway.store.checkpoint().await.unwrap();
    let seals = seals(&books).await;
    let verified = measured("verify", verify(&books)).await;
    let reconciled = measured("reconcile", compare(&books)).await;
    let reported = measured("report", report(&books)).await;
    let line = json!({
        "mode": "verify", "store": arguments.store, "stored_orders": count,
        "histories": books.samples.len(), "stored_s": stored_s.round(), "seals": seals,
        "verify": verified, "reconcile": reconciled, "report": reported,
    });
    let books = Arc::into_inner(books).expect("nobody else has the books any more");
    books.running.stop().await;
    line.to_string()
}

/// Payments, authorizations that are captured, refunds: the histories of these orders.
async fn trade(running: &Running, arguments: &Arguments) -> Vec<Sample> {
    let sink = sink::start().await;
    let shops = load::Gateway { concurrency: 4, ..shops_of(running, &sink, arguments) };
    let time = Duration::from_millis(40);
    let run = async |call: Call<'_>| {
        let seen = load::run(&shops, call, Duration::ZERO, time).await;
        assert_eq!((seen.failed, settle(running, seen.all).await), (0, 0), "histories are whole");
        seen
    };
    let paid = run(Call::Pay).await;
    run(Call::Refund(Made { count: paid.all / 3, ..Made::from(&paid) })).await;
    let held = run(Call::Authorize).await;
    run(Call::Capture(Made { count: held.all / 2, ..Made::from(&held) })).await;
    let store = &running.gateway.store;
    let site = store.sites().await.unwrap().remove(0).id;
    let mut samples = Vec::new();
    for order in store.recent_orders(site, None, SAMPLES_MAX).await.unwrap() {
        if Child::read(&order.state).is_none() {
            let journal = store.journal(site, order.key).await.unwrap();
            samples.push(Sample { order, journal });
        }
    }
    let longest = samples.iter().map(|it| it.journal.len()).max();
    assert!(samples.len() > 8 && longest > Some(1), "there are several kinds of histories");
    samples
}

/// Returns how many seconds it took.
async fn fill(books: &Arc<Books>) -> f64 {
    let (begun, number) = (Instant::now(), Arc::new(AtomicU64::new(0)));
    let writers: Vec<_> = (0..WRITERS)
        .map(|_| {
            let (books, number) = (books.clone(), number.clone());
            tokio::spawn(async move {
                loop {
                    let number = number.fetch_add(1, Ordering::Relaxed);
                    if number >= books.count {
                        return;
                    }
                    let unit = books.again(number);
                    let committed = books.running.gateway.store.commit(unit).await.unwrap();
                    assert_eq!(committed, Committed::Done);
                }
            })
        })
        .collect();
    for writer in writers {
        writer.await.unwrap();
    }
    begun.elapsed().as_secs_f64()
}

impl Books {
    fn sample(&self, number: u64) -> &Sample {
        &self.samples[(number % self.samples.len() as u64) as usize]
    }

    /// When the copy with this number was made.
    fn at(&self, number: u64) -> i64 {
        self.oldest + i64::try_from(number).unwrap() * PAUSE_MS
    }

    /// A history once more, as an order of its own.
    fn again(&self, number: u64) -> UnitOfWork {
        let Sample { order, journal } = self.sample(number);
        let created = self.at(number);
        let key = first_id_at(created);
        let state = order.state.replace(&order.key.to_string(), &key.to_string());
        let (core, mut extra) = read_state(&state).unwrap();
        let later = created - order.created_at;
        let mut hash = UNSEALED;
        let mut entries = Vec::with_capacity(journal.len());
        for entry in journal {
            let (at, booked_at) = (entry.at + later, entry.booked_at + later);
            let mut entry = JournalRow { at, booked_at, hash, ..entry.clone() };
            entry.hash = chained(&self.running.gateway.vault, self.site, key, &entry, &hash);
            hash = entry.hash;
            extra.journal = JournalEnd::after(&entry);
            entries.push(entry);
        }
        let row = OrderRow {
            key,
            order_id: format!("booked-{number}"),
            created_at: created,
            modified_at: created,
            state: write_state(&core, &extra),
            ..order.clone()
        };
        let mut unit = UnitOfWork::new(None, row);
        unit.journal = entries;
        unit
    }

    /// What the acquirer would say of the orders: the copies, and those that were really made.
    fn host_lines(&self) -> Vec<HostLine> {
        let made = self.samples.iter().map(|it| (it, it.order.order_id.clone()));
        let copies = (0..self.count).map(|it| (self.sample(it), format!("booked-{it}")));
        copies.chain(made).flat_map(|(sample, name)| lines(sample, &name)).collect()
    }
}

fn lines(sample: &Sample, name: &str) -> Vec<HostLine> {
    let mut lines = Vec::new();
    let (mut held, mut captured) = (0, 0);
    let line = |kind, amount| HostLine {
        rrn: "632614000101".to_owned(),
        order_id: name.to_owned(),
        kind,
        currency: "EUR".to_owned(),
        amount,
        at: sample.order.created_at,
    };
    for entry in &sample.journal {
        for posting in read_postings(&entry.postings).unwrap() {
            match posting.account {
                Account::Captured => {
                    captured -= posting.minor;
                    lines.push(line(HostKind::Capture, -posting.minor));
                }
                Account::Refunded => lines.push(line(HostKind::Refund, posting.minor)),
                Account::Issuer => held += posting.minor,
                _ => {}
            }
        }
    }
    if held + captured > 0 {
        lines.push(line(HostKind::Authorization, held + captured));
    }
    lines
}

/// Seals each day by itself, as each night does; returns how many there are.
async fn seals(books: &Books) -> u64 {
    let gateway = &books.running.gateway;
    let (mut made, mut until) = (0, books.oldest);
    while until < books.newest {
        until += DAY_MS;
        let seal = seal(gateway.store.as_ref(), &gateway.vault, books.site, until, until).await;
        made += u64::from(seal.unwrap().is_some());
    }
    made
}

/// What the work says, with the time and the memory that it took: its highest, and how much more
/// that is than before.
async fn measured(name: &str, work: impl Future<Output = Value>) -> Value {
    eprintln!("{name} …");
    forget_peak();
    let (before, begun) = (megabytes("VmRSS"), Instant::now());
    let mut said = work.await;
    said["seconds"] = json!(hundredths(begun.elapsed().as_secs_f64()));
    let highest = megabytes("VmHWM");
    said["rss_mb"] = json!(highest);
    said["rss_more_mb"] = json!(hundredths(highest - before));
    said
}

async fn verify(books: &Books) -> Value {
    let gateway = &books.running.gateway;
    let audit = audit(gateway.store.as_ref(), &gateway.vault, books.site).await.unwrap();
    assert_eq!((audit.faults_count, audit.faults), (0, Vec::new()));
    assert!(audit.orders > books.count, "the copies and those that were really made");
    json!({ "orders": audit.orders, "entries": audit.entries, "seals": audit.seals })
}

async fn compare(books: &Books) -> Value {
    let period = Period { from: i64::MIN, to: i64::MAX, is_bounded: false };
    let lines = books.host_lines();
    let count = lines.len();
    let store = books.running.gateway.store.as_ref();
    let found = reconcile(store, books.site, lines, period).await.unwrap();
    let differences = &found.differences;
    assert!(differences.is_empty(), "{}: {:?}", differences.len(), differences.first());
    json!({ "lines": count, "orders": found.orders })
}

async fn report(books: &Books) -> Value {
    let period = books.oldest - DAY_MS..books.newest + 2 * DAY_MS;
    let mut report = Report::new(books.site, 0, period);
    let mut operations = 0;
    while let Some(page) = report.next(books.running.gateway.store.as_ref()).await.unwrap() {
        operations += page.len();
    }
    assert!(operations as u64 > books.count);
    json!({ "operations": operations })
}
