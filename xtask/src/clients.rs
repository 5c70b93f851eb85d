//! The clients of the API, call by call: which of them works against the gateway.
//!
//! What there is to call, and what has to work, is data: `tests/clients/compat/calls.tsv`. Beside it
//! are the drivers, one for each client, which make every call and print what came of it.

use std::ffi::OsStr;
use std::path::PathBuf;
use std::process::Command;
use std::sync::OnceLock;

use crate::gateway::{API_KEY, Gateway};
use crate::outside::{Count, read_tap};
use crate::places;
use crate::process::{command, run_quietly};

/// How a program is started, after whatever has to be built for it.
type Program = fn() -> Result<Command, String>;

/// The table's columns and their drivers, in the order of the file.
const CLIENTS: [(&str, Program); 5] = [
    ("Python", || Ok(interpreter(places::python(), &["-B", "tests/clients/compat/drive.py"]))),
    ("Node", || Ok(interpreter("node", &["tests/clients/compat/drive.js"]))),
    ("PHP", || Ok(interpreter("php", &["tests/clients/compat/drive.php"]))),
    ("Ruby", || Ok(interpreter("ruby", &["tests/clients/compat/drive.rb"]))),
    ("Java", || java("tests/clients/compat/Drive.java")),
];

const CALLS: &str = "tests/clients/compat/calls.tsv";

/// Tests of what is shipped in `clients/`; they need no gateway and print TAP.
const SHIMS: [(&str, Program); 4] = [
    ("clients/php", || Ok(php_test("clients/php/test/rewriting.php"))),
    ("clients/wordpress", || Ok(php_test("clients/wordpress/test/plugin.php"))),
    ("clients/ruby", || Ok(interpreter("ruby", &["-w", "clients/ruby/test/client.rb"]))),
    ("clients/java", || java("florin.client.FlorinTargetTest")),
];

/// What `clients/java` is compiled from, with its tests.
const JAVA_SOURCES: [&str; 3] = [
    "clients/java/src/florin/client/FlorinTarget.java",
    "clients/java/test/florin/client/FlorinTargetTest.java",
    "clients/java/test/com/MultiSafepay/client/MultiSafepayClient.java",
];

fn interpreter(program: impl AsRef<OsStr>, arguments: &[&str]) -> Command {
    let mut command = command(program);
    command.args(arguments);
    command
}

fn php_test(file: &str) -> Command {
    interpreter("php", &["-d", "zend.assertions=1", file])
}

/// A class of `clients/java`, or a source file that builds on them.
fn java(main: &str) -> Result<Command, String> {
    let mut java = command("java");
    java.arg("-cp").arg(java_classes()?).arg(main);
    Ok(java)
}

/// The folder of the compiled `clients/java`; compiled once in a run, and anew in each.
fn java_classes() -> Result<PathBuf, String> {
    static COMPILED: OnceLock<Result<PathBuf, String>> = OnceLock::new();
    let compile = || {
        let folder = places::this_run().join("java");
        let mut javac = command("javac");
        // The library's users may have an old Java.
        javac.args(["--release", "8", "-d"]).arg(&folder);
        run_quietly("javac", javac.args(JAVA_SOURCES))?;
        Ok(folder)
    };
    COMPILED.get_or_init(compile).clone()
}

/// What the file says of a call with one client.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Wish {
    Works,
    /// Once its endpoint is there.
    Awaits,
    /// Never: the API has no such call. The client has to be able to read that.
    Refused,
    /// The client has no such call of its own.
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
    for (shim, test) in SHIMS {
        println!("\n── {shim}");
        let counted = test()
            .and_then(|mut test| run_quietly(shim, &mut test))
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
        let said = driver().and_then(|mut driver| {
            driver.env("FLORIN_BASE_URL", gateway.url()).env("FLORIN_TEST_API_KEY", API_KEY);
            run_quietly(client, &mut driver)
        });
        match said {
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
                "refused" => Ok(Wish::Refused),
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
    if wish == Wish::None {
        return "-";
    }
    let seen = seen.iter().find(|it| it.call == call.name).map_or("not tried", |it| &it.outcome);
    match (wish, seen) {
        // What will not be built either.
        (Wish::Refused, "not built") => "refused",
        _ => seen,
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

/// A call that works has passed, and one that is refused as it has to be. It has failed when it does
/// not do what it has to, and whenever the client trips over what is there.
fn judge(calls: &[Call], seen: &[Vec<Seen>]) -> Count {
    let mut count = Count::default();
    for call in calls {
        for (seen, wish) in seen.iter().zip(&call.wishes) {
            let outcome = outcome(seen, call, *wish);
            let failed = match (*wish, outcome) {
                (Wish::None, _) | (Wish::Works | Wish::Awaits, "works") => false,
                (Wish::Awaits, "not built") | (Wish::Refused, "refused") => false,
                (Wish::Works | Wish::Awaits | Wish::Refused, _) => true,
            };
            count.passed += u32::from(!failed && matches!(outcome, "works" | "refused"));
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

    /// A file with one call; what is not named is not called.
    fn one_call(wishes: &[&str]) -> Vec<Call> {
        let mut all = ["-"; CLIENTS.len()];
        all[..wishes.len()].copy_from_slice(wishes);
        read_calls(&format!("# x\na\tGET /a\t{}\n", all.join("\t"))).unwrap()
    }

    fn judged(wish: &str, outcome: &str) -> (u32, u32) {
        let count = judge(&one_call(&[wish]), &[vec![seen("a", outcome)]]);
        (count.passed, count.failed)
    }

    #[test]
    fn each_wish_is_held_to_what_was_seen() {
        for (wish, outcome, expected) in [
            ("works", "works", (1, 0)),
            ("works", "not built", (0, 1)),
            ("works", "fails", (0, 1)),
            ("awaits", "works", (1, 0)),
            ("awaits", "not built", (0, 0)),
            ("awaits", "fails", (0, 1)),
            ("refused", "not built", (1, 0)),
            // Then the file is wrong.
            ("refused", "works", (0, 1)),
            ("refused", "fails", (0, 1)),
            ("-", "fails", (0, 0)),
        ] {
            assert_eq!(judged(wish, outcome), expected, "{wish}, {outcome}");
        }
    }

    #[test]
    fn a_call_that_no_driver_made_has_failed() {
        let calls = one_call(&["works", "awaits", "refused"]);
        let count = judge(&calls, &[vec![seen("b", "works")], vec![], vec![]]);
        assert_eq!(count, Count { passed: 0, failed: 3 });
    }

    #[test]
    fn the_file_is_read_and_says_something_of_each_client() {
        let text = std::fs::read_to_string(places::root().join(CALLS)).unwrap();
        assert!(read_calls(&text).unwrap().len() > 15);
        assert!(read_calls("a\tGET /a\tworks\n").is_err());
        assert!(read_calls("a\tGET /a\tworks\tmaybe\t-\t-\t-\n").is_err());
        assert!(read_calls("a\tGET /a\tworks\t-\t-\t-\t-\t-\n").is_err());
    }

    #[test]
    fn the_table_has_a_line_for_each_call() {
        let calls = one_call(&["works", "awaits", "-", "refused"]);
        let not_built = || vec![seen("a", "not built")];
        let seen = [vec![seen("a", "works")], not_built(), vec![], not_built(), vec![]];
        let text = table(&calls, &seen);
        let line = text.lines().nth(1).unwrap();
        let cells: Vec<&str> =
            line.split("  ").map(str::trim).filter(|it| !it.is_empty()).collect();
        assert_eq!(cells, ["GET /a", "works", "not built", "-", "refused", "-"]);
    }
}
