//! The suites that see the gateway from outside: official clients and a browser.
//!
//! Each suite is a program of its own language that is told where the gateway listens. What it
//! counted is read from its report file, so that a suite which ran nothing cannot pass.

use std::fs;
use std::ops::AddAssign;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use crate::gateway::{API_KEY, Gateway, OPERATOR_TOKEN, OPERATOR_VARIABLE};
use crate::postgres::Cluster;
use crate::process::{Running, command};
use crate::{clients, places};

/// No suite may take longer; one that does is ended and has failed.
const SUITE_WAIT: Duration = Duration::from_secs(10 * 60);
/// How long an ended suite may take to close its browser.
const STOP_WAIT: Duration = Duration::from_secs(20);

/// Card numbers that the suites pay with. None of them may be found in clear in what a gateway or
/// its database has written. (The number of the example order is not among them: at its start the
/// gateway prints that order to be pasted.)
const CARD_NUMBERS: &[&str] = &[
    "4111111111111111",
    "4761340000000019",
    "4462000000000003",
    "4012001037461114",
    "4012001038488884",
    "4242424242424242",
    "5500000000000004",
];

/// What a suite, or all of them, have counted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Count {
    pub(crate) passed: u32,
    pub(crate) failed: u32,
}

impl AddAssign for Count {
    fn add_assign(&mut self, more: Count) {
        self.passed += more.passed;
        self.failed += more.failed;
    }
}

impl Count {
    fn of(good: bool) -> Count {
        Count { passed: u32::from(good), failed: u32::from(!good) }
    }
}

#[derive(Clone, Copy, Debug)]
enum Suite {
    Python,
    Node,
    Browser,
    /// Every call of the clients.
    Calls,
    /// The gateway against its own description. It empties the test site as it goes.
    Api,
}

/// Runs the clients on both stores and the browser on one; says what went wrong as it goes.
pub(crate) fn run() -> Count {
    let mut count = clients::shims();
    count += against("sqlite", None, &[Suite::Python, Suite::Node, Suite::Browser]);
    count += against("described", None, &[Suite::Calls, Suite::Api]);
    match Cluster::start("outside") {
        Ok(cluster) => count += against("postgres", Some(cluster), &[Suite::Python, Suite::Node]),
        Err(why) => count += failed("PostgreSQL for the gateway", &why),
    }
    count
}

/// Starts a gateway, runs the suites, ends the gateway, and looks at what it has left behind.
fn against(name: &str, cluster: Option<Cluster>, suites: &[Suite]) -> Count {
    let url = cluster.as_ref().map(Cluster::url);
    let gateway = match Gateway::start(name, url.as_deref()) {
        Ok(gateway) => gateway,
        Err(why) => return failed(&format!("the gateway on {name}"), &why),
    };
    let mut count = Count::default();
    for suite in suites {
        let what = format!("{suite:?} on {name}");
        println!("\n── {what}");
        count += match suite {
            Suite::Calls => clients::calls(&gateway),
            _ => run_suite(*suite, &what, &gateway).unwrap_or_else(|why| failed(&what, &why)),
        };
    }
    let mut files: Vec<PathBuf> = gateway.files().into();
    let what = format!("the gateway on {name} ends when asked to");
    count += verdict(&what, gateway.stop());
    if let Some(mut cluster) = cluster {
        count += verdict("PostgreSQL ends when asked to", cluster.stop());
        files.push(cluster.files().to_path_buf());
        count += verdict("no card number in clear in PostgreSQL's files", no_card_number(&files));
    } else {
        count += verdict(&format!("no card number in clear on {name}"), no_card_number(&files));
    }
    count
}

/// Only the calls of the clients, and what is shipped for those that need it.
pub(crate) fn calls_only() -> Count {
    let mut count = clients::shims();
    count += against("clients", None, &[Suite::Calls]);
    count
}

fn verdict(what: &str, result: Result<(), String>) -> Count {
    println!("{what}: {}", result.as_ref().map_or_else(String::as_str, |()| "yes"));
    Count::of(result.is_ok())
}

fn failed(what: &str, why: &str) -> Count {
    eprintln!("{what}: {why}");
    Count::of(false)
}

fn run_suite(suite: Suite, what: &str, gateway: &Gateway) -> Result<Count, String> {
    let report = places::test_output().join(format!("{}.report", what.replace(' ', "-")));
    // A report of an earlier run must not speak for this one.
    let _ = fs::remove_file(&report);
    let mut command = match suite {
        Suite::Python => pytest("tests/clients/python", &report),
        Suite::Browser => pytest("tests/browser", &report),
        Suite::Api => pytest("tests/api", &report),
        Suite::Node => node(&report),
        Suite::Calls => return Err("makes its calls without a report".to_owned()),
    };
    command.env("FLORIN_BASE_URL", gateway.url()).env("FLORIN_TEST_API_KEY", API_KEY);
    command.env(OPERATOR_VARIABLE, OPERATOR_TOKEN);
    command.env("FLORIN_TEST_FOLDER", places::this_run());
    let mut running = Running::start_in_view(what, &mut command, STOP_WAIT)?;
    let ended = running.wait(SUITE_WAIT)?.ok_or(format!("not done after {SUITE_WAIT:?}"))?;
    let text = fs::read_to_string(&report).map_err(|_| format!("{ended}, and no report"))?;
    let mut count = match suite {
        Suite::Python | Suite::Browser | Suite::Api => read_junit(&text),
        Suite::Node | Suite::Calls => read_tap(&text),
    }
    .ok_or("its report cannot be read")?;
    if count.failed == 0 && (count.passed == 0 || !ended.success()) {
        eprintln!("{what}: {ended} after {} tests that passed", count.passed);
        count.failed = 1;
    }
    Ok(count)
}

fn pytest(folder: &str, report: &Path) -> Command {
    let mut command = command(places::python());
    command.args(["-B", "-m", "pytest", "--quiet", "-c", "tests/pytest.ini"]);
    command.arg("--junit-xml").arg(report).arg(folder);
    command
}

fn node(report: &Path) -> Command {
    let mut command = command("node");
    command.current_dir(places::node_suite()).arg("--test");
    command.args(["--test-reporter=spec", "--test-reporter-destination=stdout"]);
    command.arg("--test-reporter=tap").arg("--test-reporter-destination").arg(report);
    command
}

/// The counts in the first `testsuite` element of a JUnit report. A skipped test has not passed.
fn read_junit(report: &str) -> Option<Count> {
    let suite = report.split("<testsuite ").nth(1)?.split('>').next()?;
    let number = |name: &str| -> Option<u32> {
        suite.split(&format!("{name}=\"")).nth(1)?.split('"').next()?.parse().ok()
    };
    let failed = number("failures")?.checked_add(number("errors")?)?;
    let passed = number("tests")?.checked_sub(failed)?.checked_sub(number("skipped")?)?;
    Some(Count { passed, failed })
}

/// The counts in the closing comments of Node's TAP report.
pub(crate) fn read_tap(report: &str) -> Option<Count> {
    let number = |name: &str| -> Option<u32> {
        report.lines().rev().find_map(|line| line.strip_prefix(name)?.trim().parse().ok())
    };
    let failed = number("# fail ")?.checked_add(number("# cancelled ")?)?;
    Some(Count { passed: number("# pass ")?, failed })
}

/// Looks for the card numbers in files, and in all files of folders. Both stores must have written
/// something, or there was nothing to look at.
fn no_card_number(places: &[PathBuf]) -> Result<(), String> {
    let mut bytes_read: usize = 0;
    let mut left: Vec<PathBuf> = places.to_vec();
    while let Some(path) = left.pop() {
        let cannot = |error: std::io::Error| format!("cannot read {}: {error}", path.display());
        if path.is_dir() {
            for entry in fs::read_dir(&path).map_err(cannot)? {
                left.push(entry.map_err(cannot)?.path());
            }
        } else if path.is_file() {
            let content = fs::read(&path).map_err(cannot)?;
            bytes_read = bytes_read.saturating_add(content.len());
            if let Some(number) = first_card_number(&content) {
                let masked = format!("{}******{}", &number[..6], &number[12..]);
                return Err(format!("{masked} is in clear in {}", path.display()));
            }
        }
    }
    if bytes_read == 0 { Err("there is nothing to look at".to_owned()) } else { Ok(()) }
}

fn first_card_number(content: &[u8]) -> Option<&'static str> {
    let long = CARD_NUMBERS.first().map_or(0, |number| number.len());
    // One pass: a number is compared only where sixteen digits stand.
    content
        .windows(long)
        .filter(|window| matches!(window[0], b'4' | b'5'))
        .find_map(|window| CARD_NUMBERS.iter().copied().find(|it| it.as_bytes() == window))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_junit_report_is_counted_and_a_skipped_test_has_not_passed() {
        let report = r#"<?xml version="1.0"?><testsuites name="pytest tests"><testsuite
            name="pytest" errors="1" failures="2" skipped="3" tests="48" time="3.1">"#;
        let one_line = report.replace("\n            ", " ");
        assert_eq!(read_junit(&one_line), Some(Count { passed: 42, failed: 3 }));
        assert_eq!(read_junit("<testsuites></testsuites>"), None);
    }

    #[test]
    fn a_tap_report_is_counted_and_a_cancelled_test_has_failed() {
        let report = "TAP version 13\n1..11\n# tests 11\n# pass 8\n# fail 1\n# cancelled 2\n";
        assert_eq!(read_tap(report), Some(Count { passed: 8, failed: 3 }));
        assert_eq!(read_tap("TAP version 13\n"), None);
    }

    #[test]
    fn a_card_number_is_found_wherever_it_stands() {
        assert_eq!(first_card_number(b"\x004111111111111111"), Some("4111111111111111"));
        assert_eq!(first_card_number(b"x45500000000000004x"), Some("5500000000000004"));
        assert_eq!(first_card_number(b"411111******1111"), None);
    }

    #[test]
    fn all_numbers_that_are_looked_for_are_equally_long() {
        assert!(CARD_NUMBERS.iter().all(|number| number.len() == 16));
    }
}
