//! `GET /orders/{id}` over HTTP, after direct payments in the same run.

use std::time::Duration;

use serde_json::json;

use crate::arguments::Arguments;
use crate::load::{self, Call, Made};
use crate::place::{Place, hundredths, percentile, settle, shops_of, start};
use crate::sink;

const WARM_UP: Duration = Duration::from_secs(1);

pub(crate) async fn run(arguments: &Arguments) -> String {
    let place = Place::new(arguments);
    let url = place.database("bench").await;
    let running = start(&place.folder, url.as_deref()).await;
    let sink = sink::start().await;
    let shops = shops_of(&running, &sink, arguments);
    let time = Duration::from_secs(arguments.seconds);
    eprintln!("{} shops pay for {} s …", arguments.concurrency, arguments.seconds);
    let paid = load::run(&shops, Call::Pay, WARM_UP, time).await;
    let unsettled = settle(&running, paid.all).await;
    eprintln!("they look at {} orders for {} s …", paid.all, arguments.seconds);
    let looks = load::run(&shops, Call::Get(Made::from(&paid)), WARM_UP, time).await;
    running.stop().await;
    let line = json!({
        "mode": "get",
        "store": arguments.store,
        "concurrency": arguments.concurrency,
        "seconds": arguments.seconds,
        "orders": paid.all,
        "gets_per_s": looks.per_second().round(),
        "p50_ms": percentile(&looks.latencies_us, 50),
        "p99_ms": percentile(&looks.latencies_us, 99),
        "payments_per_s": paid.per_second().round(),
        "ratio": hundredths(looks.per_second() / paid.per_second()),
        "failed": paid.failed + looks.failed,
        "unsettled": unsettled,
    });
    if paid.failed + looks.failed + unsettled > 0 {
        println!("{line}");
        eprintln!("florin-bench: not every call was answered well");
        std::process::exit(1);
    }
    line.to_string()
}
