//! `cargo xtask fuzz`: looks for inputs that break a promise, guided by coverage, on stable Rust.
//!
//! The compiler's coverage pass is turned on by flags for the whole build, so it has a target
//! folder of its own. What the search finds stays below `target/`; `--keep` adds to the corpus
//! what reaches code that nothing kept reaches.

use std::fs;
use std::path::{Path, PathBuf};

use crate::places;
use crate::process::{command, run, run_quietly};

/// The targets, as `crates/florin-fuzz` has them; a test compares.
const TARGETS: &[(&str, u32)] = &[
    ("messages", 1200),
    ("frames", 1200),
    ("orders", 3000),
    ("changes", 1200),
    ("threeds", 3000),
    ("replies", 1200),
    ("calls", 3000),
    ("http", 1500),
];

/// How long each target is searched unless `--seconds` says otherwise.
const SECONDS_USUAL: u32 = 60;
/// An input that takes longer is a finding.
const INPUT_SECONDS_MAX: u32 = 30;

/// What makes coverage visible to libFuzzer, and the comparisons that a branch depends on.
const COVERAGE_FLAGS: &[&str] = &[
    "-Cpasses=sancov-module",
    "-Cllvm-args=-sanitizer-coverage-level=4",
    "-Cllvm-args=-sanitizer-coverage-inline-8bit-counters",
    "-Cllvm-args=-sanitizer-coverage-pc-table",
    "-Cllvm-args=-sanitizer-coverage-trace-compares",
    "-Cdebug-assertions",
    "-Coverflow-checks",
];

/// What to search, for how long, and whether to keep what is found.
#[derive(Debug, PartialEq, Eq)]
struct Wish {
    targets: Vec<&'static str>,
    seconds: u32,
    keep: bool,
}

/// Searches one target, or all in turn.
pub(crate) fn search(arguments: &[&str]) -> Result<(), String> {
    let wish = read(arguments)?;
    places::remove_dead_runs();
    let program = build()?;
    let mut failures = Vec::new();
    for target in wish.targets {
        let place = Place::of(target)?;
        if let Err(why) = search_one(&program, target, &place, wish.seconds) {
            failures.push(why);
        } else if wish.keep {
            keep(&program, target, &place)?;
        }
    }
    if failures.is_empty() { Ok(()) } else { Err(failures.join("\n")) }
}

fn read(arguments: &[&str]) -> Result<Wish, String> {
    let mut wish = Wish { targets: Vec::new(), seconds: SECONDS_USUAL, keep: false };
    let mut left = arguments.iter();
    while let Some(argument) = left.next() {
        match *argument {
            "--seconds" => {
                let seconds = left.next().and_then(|seconds| seconds.parse().ok());
                wish.seconds = seconds.ok_or("--seconds takes a whole number")?;
            }
            "--keep" => wish.keep = true,
            name => {
                let known = TARGETS.iter().map(|(known, _)| *known);
                let target = known.clone().find(|known| *known == name).ok_or_else(|| {
                    let all: Vec<&str> = known.collect();
                    format!("unknown target {name}; there are {}", all.join(", "))
                })?;
                wish.targets.push(target);
            }
        }
    }
    if wish.targets.is_empty() {
        wish.targets = TARGETS.iter().map(|(name, _)| *name).collect();
    }
    Ok(wish)
}

/// Builds the search with coverage and gives its path.
fn build() -> Result<PathBuf, String> {
    let platform = platform()?;
    let folder = places::target().join("fuzz");
    let mut cargo = command(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    cargo
        .args(["build", "--release", "--locked", "-p", "florin-fuzz", "--bin", "fuzz"])
        .args(["--features", "search", "--target", &platform, "--target-dir"])
        .arg(&folder)
        // Named with a target, so that programs which only run during the build stay as they are.
        .env("CARGO_ENCODED_RUSTFLAGS", COVERAGE_FLAGS.join("\x1f"));
    run("cargo build (with coverage)", &mut cargo)?;
    Ok(folder.join(platform).join("release/fuzz"))
}

/// The platform that the compiler builds for by itself, such as `x86_64-unknown-linux-gnu`.
fn platform() -> Result<String, String> {
    let told = run_quietly("rustc -vV", command("rustc").arg("-vV"))?;
    let host = told.lines().find_map(|line| line.strip_prefix("host: "));
    host.map(str::to_owned).ok_or_else(|| "rustc does not tell its platform".to_owned())
}

/// Where a target's inputs are.
struct Place {
    /// In the repository.
    kept: PathBuf,
    /// What searches on this machine have found.
    found: PathBuf,
    /// Inputs that broke a promise.
    broken: PathBuf,
    /// Data folders of gateways; removed when the search ends.
    run: PathBuf,
}

impl Place {
    fn of(target: &str) -> Result<Place, String> {
        let below = places::target().join("fuzz");
        let place = Place {
            kept: places::root().join("crates/florin-fuzz/corpus").join(target),
            found: below.join("found").join(target),
            broken: below.join("broken").join(target),
            run: places::this_run().join(target),
        };
        for folder in [&place.kept, &place.found, &place.broken, &place.run] {
            make(folder)?;
        }
        Ok(place)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.run);
        let _ = fs::remove_dir(places::this_run());
    }
}

fn make(folder: &Path) -> Result<(), String> {
    fs::create_dir_all(folder).map_err(|error| format!("cannot make {}: {error}", folder.display()))
}

fn libfuzzer(program: &Path, target: &str, place: &Place) -> std::process::Command {
    let bytes_max = TARGETS.iter().find(|(name, _)| *name == target).map_or(0, |(_, max)| *max);
    let mut search = command(program);
    search
        .env("FLORIN_FUZZ_TARGET", target)
        .env("TMPDIR", &place.run)
        .arg(format!("-max_len={bytes_max}"))
        .arg(format!("-timeout={INPUT_SECONDS_MAX}"))
        .arg(format!("-artifact_prefix={}/", place.broken.display()));
    search
}

fn search_one(program: &Path, target: &str, place: &Place, seconds: u32) -> Result<(), String> {
    let mut search = libfuzzer(program, target, place);
    search
        .arg(format!("-max_total_time={seconds}"))
        .args(["-print_final_stats=1", "-use_value_profile=1", "-verbosity=1"])
        .args([&place.found, &place.kept]);
    run(&format!("fuzzing {target} for {seconds} s"), &mut search)
        .map_err(|why| format!("{why}; the input is in {}", place.broken.display()))
}

/// Adds to the corpus what reaches code that nothing in it reaches.
fn keep(program: &Path, target: &str, place: &Place) -> Result<(), String> {
    let mut merge = libfuzzer(program, target, place);
    merge.args(["-merge=1", "-use_value_profile=0"]).args([&place.kept, &place.found]);
    run(&format!("keeping what is new for {target}"), &mut merge)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wish_names_targets_and_seconds() {
        let all: Vec<&str> = TARGETS.iter().map(|(name, _)| *name).collect();
        assert_eq!(read(&[]), Ok(Wish { targets: all, seconds: SECONDS_USUAL, keep: false }));
        let wish = Wish { targets: vec!["http"], seconds: 5, keep: true };
        assert_eq!(read(&["http", "--seconds", "5", "--keep"]), Ok(wish));
        assert!(read(&["--seconds"]).is_err());
        assert!(read(&["nothing"]).unwrap_err().contains("messages, frames"));
    }

    #[test]
    fn the_targets_are_those_of_the_crate() {
        let text = include_str!("../../crates/florin-fuzz/src/lib.rs");
        assert_eq!(text.matches("Target { name: ").count(), TARGETS.len());
        for (name, bytes_max) in TARGETS {
            let row = format!("name: \"{name}\", open: {name}::open, bytes_max: {bytes_max},");
            assert!(text.contains(&row), "{row}");
        }
    }
}
