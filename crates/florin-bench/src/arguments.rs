//! The command line: `MODE [--name value]…`.

use std::path::PathBuf;

/// What is measured, and how.
pub(crate) struct Arguments {
    pub(crate) mode: String,
    /// `sqlite` or `postgres`.
    pub(crate) store: String,
    pub(crate) seconds: u64,
    pub(crate) concurrency: usize,
    /// Orders that are in the database before the load begins.
    pub(crate) stored_orders: u64,
    /// The site counts attempts; all of the load is one payer with one card, the worst case.
    pub(crate) counts: bool,
    /// How many are due at one instant.
    pub(crate) timers: u64,
    /// After its times, a list's plan as a private PostgreSQL tells it.
    pub(crate) plans: bool,
    /// Instead of a private cluster.
    pub(crate) database_url: Option<String>,
    /// Instead of a temporary folder.
    pub(crate) data: Option<PathBuf>,
}

pub(crate) fn read() -> Arguments {
    let mut words = std::env::args().skip(1);
    let mut arguments = Arguments {
        mode: words.next().unwrap_or_else(|| "payments".to_owned()),
        store: "sqlite".to_owned(),
        seconds: 15,
        concurrency: 64,
        stored_orders: 0,
        counts: false,
        timers: 100_000,
        plans: false,
        database_url: None,
        data: None,
    };
    while let Some(name) = words.next() {
        let value = words.next().unwrap_or_else(|| usage(&format!("{name} needs a value")));
        let number = || value.parse().unwrap_or_else(|_| usage(&format!("{name}: {value}")));
        match name.as_str() {
            "--store" if matches!(value.as_str(), "sqlite" | "postgres") => arguments.store = value,
            "--seconds" => arguments.seconds = number(),
            "--concurrency" => arguments.concurrency = number() as usize,
            "--stored-orders" => arguments.stored_orders = number(),
            "--counts" if matches!(value.as_str(), "on" | "off") => {
                arguments.counts = value == "on"
            }
            "--plans" if matches!(value.as_str(), "on" | "off") => arguments.plans = value == "on",
            "--timers" => arguments.timers = number(),
            "--database-url" => arguments.database_url = Some(value),
            "--data" => arguments.data = Some(PathBuf::from(value)),
            _ => usage(&format!("{name} {value} is not understood")),
        }
    }
    arguments
}

fn usage(why: &str) -> ! {
    eprintln!("florin-bench: {why}");
    eprintln!(
        "usage: florin-bench payments|capture|refund|mixed|token|get|page|timers|transactions|verify|\
         idle|codec \
         [--store sqlite|postgres] [--seconds N] \
         [--concurrency N] [--stored-orders N] [--timers N] [--counts on|off] [--plans on|off] \
         [--database-url URL] [--data DIR]"
    );
    std::process::exit(2);
}
