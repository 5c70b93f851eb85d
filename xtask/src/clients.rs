//! The official clients, call by call: which of them works against the gateway.
//!
//! What there is to call, and what has to work, is data: `tests/clients/compat/calls.tsv`. Beside it
//! are the drivers, one for each client, which make every call and print what came of it.

use std::process::Command;

use crate::gateway::{API_KEY, Gateway};
use crate::outside::{Count, read_tap};
use crate::places;
use crate::process::{command, run_quietly};

/// A client's name, and how its driver is started.
type Client = (&'static str, fn() -> Command);

/// The table's columns, in the order of the file.
const CLIENTS: [Client; 3] = [
    ("Python", || {
        let mut python = command(places::python());
        python.args(["-B", "tests/clients/compat/drive.py"]);
        python
    }),
    ("Node", || {
        let mut node = command("node");
        node.arg("tests/clients/compat/drive.js");
        node
    }),
    ("PHP", || {
        let mut php = command("php");
        php.arg("tests/clients/compat/drive.php");
        php
    }),
];

const CALLS: &str = "tests/clients/compat/calls.tsv";

/// Tests of what is shipped in `clients/`; they need no gateway and print TAP.
const SHIMS: [&str; 2] = ["clients/php/test/rewriting.php", "clients/wordpress/test/plugin.php"];

/// What the file says of a call with one client.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Wish {
    Works,
    /// Once its endpoint is there.
    Awaits,
    /// The client has no such call.
    None,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Call {
    name: String,
    endpoint: String,
    wishes: Vec<Wish>,
}

/// What a driver saw of a call.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Seen {
    call: String,
    outcome: String,
    detail: String,
}

/// Tests the shims.
pub(crate) fn shims() -> Count {
    let mut count = Count::default();
    for shim in SHIMS {
        println!("\n── {shim}");
        let mut php = command("php");
        let counted = run_quietly(shim, php.args(["-d", "zend.assertions=1", shim]))
            .and_then(|report| read_tap(&report).ok_or(format!("{shim}: no report")));
        count += match counted {
            Ok(counted) if counted.passed > 0 => counted,
            Ok(_) => failure(&format!("{shim} tested nothing")),
            Err(why) => failure(&why),
        };
    }
    count
}

/// Makes every call with every client, prints the table, and counts what has to work.
pub(crate) fn calls(gateway: &Gateway) -> Count {
    let text = std::fs::read_to_string(places::root().join(CALLS)).unwrap_or_default();
    let calls = match read_calls(&text) {
        Ok(calls) if !calls.is_empty() => calls,
        Ok(_) => return failure(&format!("{CALLS} is empty or not there")),
        Err(why) => return failure(&format!("{CALLS}: {why}")),
    };
    let mut count = Count::default();
    let mut seen = Vec::new();
    for (client, driver) in CLIENTS {
        let mut driver = driver();
        driver.env("FLORIN_BASE_URL", gateway.url()).env("FLORIN_TEST_API_KEY", API_KEY);
        match run_quietly(client, &mut driver) {
            Ok(said) => seen.push(read_seen(&said)),
            Err(why) => {
                count += failure(&why);
                seen.push(Vec::new());
            }
        }
    }
    println!("\n{}", table(&calls, &seen));
    count += judge(&calls, &seen);
    count
}

fn failure(why: &str) -> Count {
    eprintln!("{why}");
    Count { passed: 0, failed: 1 }
}

fn read_calls(text: &str) -> Result<Vec<Call>, String> {
    let lines = text.lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
    lines
        .map(|line| {
            let cells: Vec<&str> = line.split('\t').collect();
            let [name, endpoint, wishes @ ..] = cells.as_slice() else {
                return Err(format!("{line:?} is no call"));
            };
            if wishes.len() != CLIENTS.len() {
                return Err(format!("{name} does not say something of each client"));
            }
            let wishes = wishes.iter().map(|wish| match *wish {
                "works" => Ok(Wish::Works),
                "awaits" => Ok(Wish::Awaits),
                "-" => Ok(Wish::None),
                other => Err(format!("{name}: {other:?} is no wish")),
            });
            Ok(Call {
                name: (*name).to_owned(),
                endpoint: (*endpoint).to_owned(),
                wishes: wishes.collect::<Result<_, _>>()?,
            })
        })
        .collect()
}

fn read_seen(said: &str) -> Vec<Seen> {
    let lines = said.lines().filter_map(|line| {
        let mut cells = line.splitn(3, '\t').map(str::to_owned);
        Some(Seen { call: cells.next()?, outcome: cells.next()?, detail: cells.next()? })
    });
    lines.collect()
}

fn outcome<'a>(seen: &'a [Seen], call: &Call, wish: Wish) -> &'a str {
    match wish {
        Wish::None => "-",
        _ => seen.iter().find(|it| it.call == call.name).map_or("not tried", |it| &it.outcome),
    }
}

/// Client by call, and below what was said where a call does not work.
fn table(calls: &[Call], seen: &[Vec<Seen>]) -> String {
    let wide = calls.iter().map(|call| call.endpoint.len()).max().unwrap_or_default();
    let mut text = format!("{:wide$}", "call");
    for (client, _) in CLIENTS {
        text.push_str(&format!("  {client:10}"));
    }
    for call in calls {
        text.push_str(&format!("\n{:wide$}", call.endpoint));
        for (seen, wish) in seen.iter().zip(&call.wishes) {
            text.push_str(&format!("  {:10}", outcome(seen, call, *wish)));
        }
    }
    let mut text: String = text.lines().map(|line| format!("{}\n", line.trim_end())).collect();
    for ((client, _), seen) in CLIENTS.iter().zip(seen) {
        for it in seen.iter().filter(|it| it.outcome == "fails") {
            text.push_str(&format!("{client}, {}: {}\n", it.call, it.detail));
        }
    }
    text
}

/// A call that works has passed. It has failed when it does not work and has to, and whenever the
/// client trips over what is there.
fn judge(calls: &[Call], seen: &[Vec<Seen>]) -> Count {
    let mut count = Count::default();
    for call in calls {
        for (seen, wish) in seen.iter().zip(&call.wishes) {
            let outcome = outcome(seen, call, *wish);
            let failed = match (*wish, outcome) {
                (Wish::None, _) | (_, "works") | (Wish::Awaits, "not built") => false,
                (Wish::Works | Wish::Awaits, _) => true,
            };
            count.passed += u32::from(outcome == "works");
            count.failed += u32::from(failed);
        }
    }
    count
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen(call: &str, outcome: &str) -> Seen {
        Seen { call: call.to_owned(), outcome: outcome.to_owned(), detail: String::new() }
    }

    #[test]
    fn what_has_to_work_and_does_not_has_failed() {
        let calls =
            read_calls("# x\na\tGET /a\tworks\tawaits\t-\nb\tGET /b\tworks\tworks\tworks\n");
        let calls = calls.unwrap();
        let good = [
            vec![seen("a", "works"), seen("b", "works")],
            vec![seen("a", "not built"), seen("b", "works")],
            vec![seen("b", "works")],
        ];
        assert_eq!(judge(&calls, &good), Count { passed: 4, failed: 0 });
        let bad = [
            vec![seen("a", "not built"), seen("b", "works")],
            vec![seen("a", "fails"), seen("b", "works")],
            vec![],
        ];
        assert_eq!(judge(&calls, &bad), Count { passed: 2, failed: 3 });
    }

    #[test]
    fn the_file_is_read_and_says_something_of_each_client() {
        let text = std::fs::read_to_string(places::root().join(CALLS)).unwrap();
        assert!(read_calls(&text).unwrap().len() > 15);
        assert!(read_calls("a\tGET /a\tworks\n").is_err());
        assert!(read_calls("a\tGET /a\tworks\tmaybe\t-\n").is_err());
    }

    #[test]
    fn the_table_has_a_line_for_each_call() {
        let calls = read_calls("a\tGET /a\tworks\tawaits\t-\n").unwrap();
        let text = table(&calls, &[vec![seen("a", "works")], vec![seen("a", "not built")], vec![]]);
        let line = text.lines().nth(1).unwrap();
        let cells: Vec<&str> =
            line.split("  ").map(str::trim).filter(|it| !it.is_empty()).collect();
        assert_eq!(cells, ["GET /a", "works", "not built", "-"]);
    }
}
