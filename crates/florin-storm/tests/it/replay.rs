//! A seed replays exactly: a failure that was seen once can be looked at for as long as it takes.

use florin_storm::run::{Order, run};

const PAYMENTS: usize = 25;

fn traced(seed: u64) -> (u64, u64) {
    let outcome = run(Order { seed, payments: PAYMENTS, bug: None, prints: false });
    (outcome.trace_hash, outcome.statuses.values().sum())
}

#[test]
fn a_seed_replays_exactly_in_any_thread() {
    for seed in [3, 14, 15, 92, 65, 35] {
        let here = traced(seed);
        // Hash tables of another thread have other keys.
        let there = std::thread::spawn(move || traced(seed)).join().unwrap();
        assert_eq!(here, there, "seed {seed}");
        assert!(here.1 > 0, "seed {seed} has no orders");
    }
    assert_ne!(traced(3).0, traced(4).0);
}
