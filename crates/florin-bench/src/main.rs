//! What Florin costs: whole payments over HTTP and what follows them, looks at orders, payment
//! pages, timers, books of many orders, the store's own limit, the codec, an idle process.
//!
//! Each mode prints one line of JSON on standard output, and what it is doing on standard error.
//! Figures are only comparable within one run on one machine.
#![allow(
    clippy::unwrap_used,
    clippy::float_arithmetic,
    reason = "a measuring program, not a service"
)]
#![allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "figures for people")]

mod arguments;
mod books;
mod codec;
mod follow_ups;
mod load;
mod memory;
mod looks;
mod openings;
mod payments;
mod place;
mod plans;
mod sink;
mod store_limit;
mod timers;
mod transactions;
#[path = "../../florin/tests/support/postgres.rs"]
#[allow(dead_code, reason = "the tests use more of it")]
mod postgres;

use mimalloc::MiMalloc;

#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

/// What there is to measure.
const MODES: &str = "payments, capture, refund, mixed, token, get, page, timers, transactions, verify, idle and \
     codec";

fn main() {
    let arguments = arguments::read();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    let line = match arguments.mode.as_str() {
        "payments" => runtime.block_on(payments::run(&arguments)),
        "idle" => runtime.block_on(payments::idle(&arguments)),
        "capture" | "refund" | "mixed" | "token" => runtime.block_on(follow_ups::run(&arguments)),
        "get" => runtime.block_on(looks::run(&arguments)),
        "page" => runtime.block_on(openings::run(&arguments)),
        "timers" => runtime.block_on(timers::run(&arguments)),
        "verify" => runtime.block_on(books::run(&arguments)),
        "transactions" => runtime.block_on(transactions::run(&arguments)),
        "codec" => codec::run(&arguments),
        other => {
            eprintln!("florin-bench: no mode {other}; there are {MODES}");
            std::process::exit(2);
        }
    };
    println!("{line}");
}
