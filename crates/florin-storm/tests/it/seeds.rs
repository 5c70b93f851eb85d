//! 300 seeds, and what they must have gone through for their silence to mean something.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use florin_storm::oracle::Rule;
use florin_storm::report::Totals;
use florin_storm::run::{Order, run};

const SEEDS: u64 = 300;
const PAYMENTS: usize = 20;

#[test]
fn no_storm_breaks_a_rule() {
    let began = Instant::now();
    let next = AtomicU64::new(0);
    let work = || {
        let mut totals = Totals::default();
        loop {
            let seed = next.fetch_add(1, Ordering::Relaxed);
            if seed >= SEEDS {
                return totals;
            }
            totals.add(&run(Order { seed, payments: PAYMENTS, bug: None, prints: false }));
        }
    };
    let mut totals = Totals::default();
    std::thread::scope(|scope| {
        let threads = [scope.spawn(work), scope.spawn(work)];
        threads.into_iter().for_each(|thread| totals.merge(thread.join().unwrap()));
    });
    println!("{}", totals.table(began.elapsed()));
    assert_eq!(totals.seeds, SEEDS);
    assert_eq!(totals.failed_seeds, 0, "{:#?}", totals.failures);
    // Every kind of fault was met, every rule was looked at, and money was moved.
    for fault in FAULTS {
        assert!(totals.counts.get(fault).is_some_and(|count| *count > 0), "never: {fault}");
    }
    for rule in [
        Rule::BooksEqualOrder,
        Rule::AcknowledgedIsKept,
        Rule::ToldWhatIsTrue,
        Rule::SessionPaysOnce,
        Rule::KeyAnswersOnce,
        Rule::KeyDoesOnce,
    ] {
        assert!(totals.checks[&rule] > SEEDS, "{rule:?}");
    }
    for rule in [
        Rule::PartsGoBackOnce,
        Rule::CaseTakenOnce,
        Rule::CasesAreBooked,
        Rule::EvidenceIsKept,
        Rule::TokenIsOneCard,
        Rule::TokenChargedOnce,
        Rule::TokensHaveEnded,
    ] {
        assert!(totals.checks[&rule] > 50, "{rule:?}");
    }
    for status in ["completed", "declined", "expired", "void", "chargedback", "cancelled"] {
        assert!(totals.statuses[status] > 50, "{status}");
    }
    assert!(totals.coverage.with_event("part_given_back") > 10, "parts go back");
    assert!(totals.coverage.with_event("session_reopened") > 10, "payers follow reminders");
}

const FAULTS: [&str; 39] = [
    "bank: charged back",
    "clock: a process's clock jumped",
    "clock: all clocks jumped",
    "crash: a change became durable and nobody heard of it",
    "crash: a change on its way was lost",
    "crash: soon after a change was begun",
    "host: garbage",
    "host: silent",
    "host: slow",
    "http: a caller hung up on the server",
    "http: a garbage answer",
    "http: a request came twice",
    "http: a request was late",
    "http: a request was lost",
    "http: a slow answer",
    "http: an answer was lost",
    "http: silence",
    "link: a connection was refused",
    "link: a message came twice",
    "link: a message was lost",
    "link: a message was overtaken",
    "link: all connections were cut",
    "operator: decided on a held payment",
    "operator: left a decision in the store",
    "payer: followed a reminder",
    "payer: gave up",
    "payer: paid in two windows",
    "payer: paid with a stored card",
    "payer: sent one form twice at once",
    "payer: wanted a part back",
    "processes that died",
    "shop: charged a stored card",
    "shop: deleted a stored card",
    "shop: handed evidence in",
    "shop: repeated a call under its key",
    "shop: repeated what was answered",
    "shop: used a key for something else",
    "store: a conflict with nobody",
    "store: outcome unknown",
];
