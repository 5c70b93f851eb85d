//! What follows a payment: captures, refunds, both among payments, and charges of stored cards,
//! after direct payments in the same run.

use std::time::Duration;

use serde_json::json;

use crate::arguments::Arguments;
use crate::load::{self, Call, Made};
use crate::place::{Place, hundredths, percentile, set, settle, shops_of, start};
use crate::sink;

const WARM_UP: Duration = Duration::from_secs(1);

pub(crate) async fn run(arguments: &Arguments) -> String {
    let place = Place::new(arguments);
    let url = place.database("bench").await;
    let running = start(&place.folder, url.as_deref()).await;
    set(&running, "/refund_settlement", json!("at_once")).await;
    let sink = sink::start().await;
    let shops = shops_of(&running, &sink, arguments);
    let time = Duration::from_secs(arguments.seconds);
    let run = async |what: &str, call: Call<'_>| {
        eprintln!("{} shops: {what} for {} s …", arguments.concurrency, arguments.seconds);
        let seen = load::run(&shops, call, WARM_UP, time).await;
        let unsettled = settle(&running, seen.all).await;
        (seen, unsettled)
    };
    let (paid, mut unsettled) = run("payments", Call::Pay).await;
    let mut failed = paid.failed;
    let (seen, left) = match arguments.mode.as_str() {
        "capture" => {
            let (held, left) = run("authorizations", Call::Authorize).await;
            failed += held.failed;
            unsettled += left;
            run("captures", Call::Capture(Made::from(&held))).await
        }
        "token" => {
            let mut tokens = Vec::new();
            for number in 0..arguments.concurrency as u64 {
                tokens.push(load::stored_card(&shops, number).await);
            }
            unsettled += settle(&running, arguments.concurrency as u64).await;
            run("charges of stored cards", Call::Charge(&tokens)).await
        }
        "refund" => run("refunds", Call::Refund(Made::from(&paid))).await,
        _ => run("payments, authorizations, captures, refunds", Call::Mixed).await,
    };
    failed += seen.failed;
    unsettled += left;
    running.stop().await;
    let line = json!({
        "mode": arguments.mode,
        "store": arguments.store,
        "concurrency": arguments.concurrency,
        "seconds": hundredths(seen.elapsed.as_secs_f64()),
        "calls_per_s": seen.per_second().round(),
        "p50_ms": percentile(&seen.latencies_us, 50),
        "p99_ms": percentile(&seen.latencies_us, 99),
        "payments_per_s": paid.per_second().round(),
        "payments_p99_ms": percentile(&paid.latencies_us, 99),
        "ratio": hundredths(seen.per_second() / paid.per_second()),
        "failed": failed,
        "unsettled": unsettled,
    });
    if failed + unsettled > 0 {
        println!("{line}");
        eprintln!("florin-bench: not every call was answered well and settled");
        std::process::exit(1);
    }
    line.to_string()
}
