//! Chores of the project, in Rust instead of scripts: `cargo xtask COMMAND`.
//!
//! Uses nothing but the standard library, so that it is built in a moment. It starts other
//! programs and reads files; what is true of payments is none of its business.

mod clients;
mod fuzz;
mod gateway;
mod outside;
mod places;
mod postgres;
mod process;
mod steps;
mod tidy;
mod tools;

use std::path::Path;
use std::process::ExitCode;

const USAGE: &str = "\
Chores of the project.

  cargo xtask test      everything: installs or finds what it needs, format, lints, all Rust tests
                        with a private PostgreSQL, then the official clients and a browser against
                        a running gateway. This is what CI runs.
  cargo xtask outside   only the last part: clients and browser against a gateway
  cargo xtask clients   every call of clients in five languages: a table of what works
  cargo xtask fuzz [TARGET…] [--seconds N] [--keep]
                        looks for inputs that break a promise, 60 seconds for each target (needs a
                        C++ compiler); --keep adds what is new to the corpus
  cargo xtask setup     only installs or finds what the tests need
  cargo xtask tidy [FOLDER]
                        only the project's own rules about its text, for this clone or another";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let done = match arguments.as_slice() {
        ["test"] => steps::everything(),
        ["outside"] => steps::outside_only(),
        ["clients"] => steps::clients_only(),
        ["fuzz", wish @ ..] => fuzz::search(wish),
        ["setup"] => steps::set_up_only(),
        ["tidy"] => tidy::report(&places::root()),
        ["tidy", folder] => tidy::report(Path::new(folder)),
        ["help" | "--help" | "-h"] => {
            println!("{USAGE}");
            Ok(())
        }
        _ => Err(format!("unknown command {arguments:?}\n\n{USAGE}")),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => {
            eprintln!("xtask: {why}");
            ExitCode::FAILURE
        }
    }
}
