//! What `cargo xtask test` does, in order.
//!
//! A failed step does not hide the ones after it, unless they cannot run without it. Whatever was
//! started has ended when this returns, also after an error.

use std::fs;
use std::process::Command;

use crate::postgres::Cluster;
use crate::process::{command, run};
use crate::{outside, places, tools};

/// Says to `cargo test` how many tests it may run at once.
const TEST_THREADS: &str = "RUST_TEST_THREADS";

/// Everything that must hold before a change lands.
pub(crate) fn everything() -> Result<(), String> {
    let tidied = Places::prepare()?;
    tools::set_up()?;
    let mut failures = Vec::new();
    let mut step = |result: Result<(), String>| failures.extend(result.err());
    step(run("cargo fmt --check", cargo().args(["fmt", "--all", "--check"])));
    let mut clippy = cargo();
    clippy.args(["clippy", "--workspace", "--all-targets", "--locked", "--", "-D", "warnings"]);
    step(run("cargo clippy", &mut clippy));
    step(rust_tests());
    step(outside_suites());
    drop(tidied);
    conclude(&failures)
}

/// Only the clients and the browser, against a gateway built now.
pub(crate) fn outside_only() -> Result<(), String> {
    let _tidied = Places::prepare()?;
    tools::set_up()?;
    outside_suites()
}

/// Only the table of clients and calls.
pub(crate) fn clients_only() -> Result<(), String> {
    let _tidied = Places::prepare()?;
    tools::set_up()?;
    build_gateway()?;
    conclude_outside(outside::calls_only())
}

/// Only what the tests need.
pub(crate) fn set_up_only() -> Result<(), String> {
    tools::set_up()
}

fn rust_tests() -> Result<(), String> {
    let cluster = Cluster::start("rust")?;
    let mut tests = cargo();
    tests.args(["test", "--workspace", "--locked", "--no-fail-fast"]);
    tests.env("FLORIN_TEST_POSTGRES_URL", cluster.url());
    tests.env("FLORIN_TEST_PYTHON", places::python());
    if std::env::var_os(TEST_THREADS).is_none() {
        tests.env(TEST_THREADS, test_threads().to_string());
    }
    run("cargo test", &mut tests)
}

/// As many tests at once as there are processors, but not fewer than this: most of them wait, for
/// the other side of a wire or for a clock.
const TESTS_AT_ONCE_MIN: usize = 6;

fn test_threads() -> usize {
    let processors = std::thread::available_parallelism().map_or(1, usize::from);
    processors.max(TESTS_AT_ONCE_MIN)
}

fn outside_suites() -> Result<(), String> {
    build_gateway()?;
    conclude_outside(outside::run())
}

fn build_gateway() -> Result<(), String> {
    let mut build = cargo();
    // Of the whole workspace, so that dependencies have the features that the tests built them with.
    build.args(["build", "--locked", "--workspace", "--bin", "florin"]);
    run("cargo build", &mut build)
}

fn conclude_outside(count: outside::Count) -> Result<(), String> {
    println!("\n{} passed, {} failed", count.passed, count.failed);
    if count.failed == 0 && count.passed > 0 {
        Ok(())
    } else {
        Err("the suites from outside found fault".to_owned())
    }
}

fn conclude(failures: &[String]) -> Result<(), String> {
    if failures.is_empty() { Ok(()) } else { Err(failures.join("\n")) }
}

/// The cargo that started us.
fn cargo() -> Command {
    command(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
}

/// The folders of a run: made at its start, and those that only it needs removed at its end.
struct Places;

impl Places {
    fn prepare() -> Result<Places, String> {
        places::remove_dead_runs();
        for folder in [places::this_run(), places::test_output()] {
            let made = fs::create_dir_all(&folder);
            made.map_err(|error| format!("cannot make {}: {error}", folder.display()))?;
        }
        Ok(Places)
    }
}

impl Drop for Places {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(places::this_run());
    }
}
