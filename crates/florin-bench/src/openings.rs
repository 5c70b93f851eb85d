//! Payment pages over HTTP, each opened as a payer's browser does.

use std::time::Duration;

use serde_json::json;

use crate::arguments::Arguments;
use crate::load::{self, Call};
use crate::place::{Place, percentile, shops_of, start};
use crate::sink;

const WARM_UP: Duration = Duration::from_secs(1);
/// Orders whose pages are opened in turn.
const PAGES: u64 = 500;

pub(crate) async fn run(arguments: &Arguments) -> String {
    let place = Place::new(arguments);
    let url = place.database("bench").await;
    let running = start(&place.folder, url.as_deref()).await;
    let sink = sink::start().await;
    let payers = shops_of(&running, &sink, arguments);
    let mut pages = Vec::new();
    for number in 0..PAGES {
        pages.push(load::offered(&payers, number).await);
    }
    eprintln!("{} payers open pages for {} s …", arguments.concurrency, arguments.seconds);
    let time = Duration::from_secs(arguments.seconds);
    let opened = load::run(&payers, Call::Open(&pages), WARM_UP, time).await;
    running.stop().await;
    let line = json!({
        "mode": "page",
        "store": arguments.store,
        "concurrency": arguments.concurrency,
        "seconds": arguments.seconds,
        "pages": PAGES,
        "pages_per_s": opened.per_second().round(),
        "p50_ms": percentile(&opened.latencies_us, 50),
        "p99_ms": percentile(&opened.latencies_us, 99),
        "failed": opened.failed,
    });
    if opened.failed > 0 {
        println!("{line}");
        eprintln!("florin-bench: not every page was there");
        std::process::exit(1);
    }
    line.to_string()
}
