//! Runs seeds and says what was found. Ends with an error when a rule was broken.

use std::process::ExitCode;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use clap::Parser;
use florin_storm::bugs::Bug;
use florin_storm::report::Totals;
use florin_storm::run::{Order, Outcome, run};
use mimalloc::MiMalloc;

#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

/// Storms over a gateway: each seed is a whole run with its own weather.
#[derive(Parser)]
struct Arguments {
    /// Runs this seed alone and prints what happens.
    #[arg(long)]
    seed: Option<u64>,
    /// How many seeds to run.
    #[arg(long, default_value_t = 300)]
    seeds: u64,
    /// The first of them.
    #[arg(long, default_value_t = 0)]
    from: u64,
    /// Payments of each run.
    #[arg(long, default_value_t = 100)]
    payments: usize,
    /// Threads, each with runs of its own.
    #[arg(long, default_value_t = 2)]
    threads: usize,
    /// Plants a mistake and stops at the first seed that shows it.
    #[arg(long)]
    bug: Option<Bug>,
    /// Plants each mistake in turn.
    #[arg(long)]
    bugs: bool,
    /// What the gateway logs, such as `warn`; nothing by default.
    #[arg(long)]
    log: Option<String>,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    if let Some(filter) = &arguments.log {
        tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stdout).init();
    }
    if let Some(seed) = arguments.seed {
        let order = Order { prints: true, ..order(&arguments, arguments.bug, seed) };
        let outcome = run(order);
        println!("trace {:016x}", outcome.trace_hash);
        return verdict(outcome.violations.is_empty());
    }
    if arguments.bugs || arguments.bug.is_some() {
        let planted = arguments.bug.map_or(Bug::ALL.to_vec(), |bug| vec![bug]);
        let mut all_found = true;
        for bug in planted {
            all_found &= hunt(&arguments, bug);
        }
        return verdict(all_found);
    }
    let began = Instant::now();
    let totals = run_all(&arguments);
    println!("{}", totals.table(began.elapsed()));
    verdict(totals.failed_seeds == 0)
}

fn order(arguments: &Arguments, bug: Option<Bug>, seed: u64) -> Order {
    Order { seed, payments: arguments.payments, bug, prints: false }
}

fn verdict(is_good: bool) -> ExitCode {
    if is_good { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// Every seed, on as many threads as are wanted.
fn run_all(arguments: &Arguments) -> Totals {
    let next = AtomicU64::new(0);
    let began = Instant::now();
    let work = || {
        let mut totals = Totals::default();
        loop {
            let number = next.fetch_add(1, Ordering::Relaxed);
            if number >= arguments.seeds {
                return totals;
            }
            let outcome = run(order(arguments, None, arguments.from + number));
            tell(&outcome);
            totals.add(&outcome);
            if number % 500 == 499 {
                eprintln!("{} seeds, {:?}", number + 1, rounded(began.elapsed()));
            }
        }
    };
    let mut totals = Totals::default();
    std::thread::scope(|scope| {
        let threads: Vec<_> = (0..arguments.threads.max(1)).map(|_| scope.spawn(work)).collect();
        for thread in threads {
            match thread.join() {
                Ok(part) => totals.merge(part),
                Err(panic) => std::panic::resume_unwind(panic),
            }
        }
    });
    totals
}

fn tell(outcome: &Outcome) {
    if let Some(violation) = outcome.violations.first() {
        eprintln!("seed {} failed: {violation}", outcome.seed);
    }
}

fn rounded(time: Duration) -> Duration {
    Duration::from_secs(time.as_secs())
}

/// Looks for the first seed that shows a planted mistake.
fn hunt(arguments: &Arguments, bug: Bug) -> bool {
    let mut seeds = arguments.from..arguments.from + arguments.seeds;
    let first = seeds.find_map(|seed| {
        let violation = run(order(arguments, Some(bug), seed)).violations.into_iter().next()?;
        Some((seed, violation))
    });
    match first {
        Some((seed, violation)) => {
            let count = seed - arguments.from + 1;
            println!("{bug:?}: found by seed {seed}, the {count}. one: {violation}");
            true
        }
        None => {
            println!("{bug:?}: not found in {} seeds", arguments.seeds);
            false
        }
    }
}
