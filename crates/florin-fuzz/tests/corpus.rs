//! The kept inputs hold what they held, and so do a few thousand changed ones, by a fixed seed.
//!
//! The search itself is `cargo xtask fuzz`.

#![allow(clippy::unwrap_used)]

use std::ffi::OsString;
use std::time::{Duration, Instant};

use florin_fuzz::mutations::{Chance, changed};
use florin_fuzz::{TARGETS, Target};
use iso8583::{Codec, Encoding, Spec};

/// What time there is for changed inputs, so that all targets together stay below a minute.
const TIME_PER_TARGET: Duration = Duration::from_secs(6);
const CHANGED_INPUTS_MAX: u32 = 20_000;
const CORPUS_BYTES_MAX: usize = 300_000;

/// The kept inputs with their names, in a fixed order.
fn inputs(target: &Target) -> Vec<(OsString, Vec<u8>)> {
    let folder = target.corpus();
    let mut inputs: Vec<_> = std::fs::read_dir(&folder)
        .unwrap_or_else(|error| panic!("{}: {error}", folder.display()))
        .map(|entry| entry.unwrap())
        .map(|entry| (entry.file_name(), std::fs::read(entry.path()).unwrap()))
        .collect();
    inputs.sort();
    inputs
}

/// Replays what is kept, then changes it as long as there is time.
fn check(name: &str) {
    let target = Target::named(name).unwrap();
    let inputs = inputs(target);
    assert!(inputs.len() >= 10, "{name} has a corpus");
    let mut run = (target.open)();
    for (_, input) in &inputs {
        run(input);
    }
    let begun = Instant::now();
    let mut chance = Chance::new(u64::try_from(name.len()).unwrap());
    let mut done = 0;
    while done < CHANGED_INPUTS_MAX && begun.elapsed() < TIME_PER_TARGET {
        let pick = |chance: &mut Chance| &inputs[chance.below(inputs.len())].1;
        let (one, other) = (pick(&mut chance), pick(&mut chance));
        run(&changed(one, other, target.words, &mut chance));
        done += 1;
    }
    assert!(done > 100, "{name}: only {done} changed inputs in {:?}", begun.elapsed());
    println!("{name}: {} kept, {done} changed", inputs.len());
}

#[test]
fn messages_hold_their_promises() {
    check("messages");
}

#[test]
fn frames_hold_their_promises() {
    check("frames");
}

#[test]
fn orders_hold_their_promises() {
    check("orders");
}

#[test]
fn changes_hold_their_promises() {
    check("changes");
}

#[test]
fn threeds_holds_its_promises() {
    check("threeds");
}

#[test]
fn replies_hold_their_promises() {
    check("replies");
}

#[test]
fn calls_hold_their_promises() {
    check("calls");
}

#[test]
fn http_holds_its_promises() {
    check("http");
}

#[test]
fn every_target_is_replayed() {
    let text = include_str!("corpus.rs");
    for target in TARGETS {
        assert!(text.contains(&format!("check(\"{}\")", target.name)), "{}", target.name);
    }
}

#[test]
fn the_corpus_is_small_and_holds_no_card_numbers_but_test_numbers() {
    let mut bytes = 0;
    for target in TARGETS {
        for (name, input) in inputs(target) {
            bytes += input.len();
            for digits in card_numbers(target, &input) {
                let is_known = TEST_NUMBERS.contains(&digits.as_str());
                assert!(is_known, "{digits} in {}", target.corpus().join(name).display());
            }
        }
    }
    assert!(bytes < CORPUS_BYTES_MAX, "{bytes} bytes");
}

/// What looks like a card number. Messages and frames are one digit after the other, so that only
/// their own element tells.
fn card_numbers(target: &Target, input: &[u8]) -> Vec<String> {
    let text = match target.name {
        "frames" => return Vec::new(),
        "messages" => [Encoding::Ascii, Encoding::Binary]
            .into_iter()
            .filter_map(|encoding| Codec::new(Spec::florin87(), encoding).decode(input).ok())
            .filter_map(|message| message.get(2).map(str::to_owned))
            .collect::<Vec<_>>()
            .join(" "),
        _ => String::from_utf8_lossy(input).into_owned(),
    };
    text.split(|c: char| !c.is_ascii_digit())
        .filter(|digits| {
            (13..=19).contains(&digits.len())
                && digits.starts_with(['3', '4', '5', '6'])
                && passes_luhn(digits)
        })
        .map(str::to_owned)
        .collect()
}

/// Numbers that are published for tests.
const TEST_NUMBERS: &[&str] = &[
    "4111111111111111",
    "5555555555554444",
    "5500000000000004",
    "4761340000000019",
    "4571000000000001",
    "4012001038443335",
    "4012001037461114",
    "4012001038488884",
    "4917300000000008",
    "374500000000015",
    "378282246310005",
    "6799990000000000011",
    "6759000000005",
];

fn passes_luhn(digits: &str) -> bool {
    let sum: u32 = digits
        .bytes()
        .rev()
        .zip([1, 2].into_iter().cycle())
        .map(|(digit, factor)| {
            let value = u32::from(digit - b'0') * factor;
            value / 10 + value % 10
        })
        .sum();
    sum.is_multiple_of(10)
}
