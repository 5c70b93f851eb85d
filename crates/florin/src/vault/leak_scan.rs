//! Finds card numbers where none should be: in database files, logs, memory dumps.
//!
//! A second line of defence, and the eye of the tests. The first line is that card numbers have
//! types which cannot be printed. Guessing has limits: what the scanner takes for a card number may
//! be another number, so only logs are masked by it, never data.

use std::borrow::Cow;

use base64::Engine;
use base64::engine::general_purpose::STANDARD_NO_PAD;

/// Digits of the shortest card number (ISO/IEC 7812; in use for Maestro only).
pub const DIGITS_MIN: usize = 12;
/// Digits of the longest card number (ISO/IEC 7812).
pub const DIGITS_MAX: usize = 19;

/// Digits that may be seen of a card number: first six and last four (PCI DSS 3.4.1).
const SHOWN_FIRST: usize = 6;
const SHOWN_LAST: usize = 4;
/// Fewest digits of a group where a number is written in groups.
const GROUP_DIGITS_MIN: usize = 3;
/// Maestro numbers of twelve digits begin so; other runs of twelve are mostly retrieval references.
const TWELVE_DIGIT_PREFIXES: [&str; 9] =
    ["5018", "5020", "5038", "5893", "6304", "6759", "6761", "6762", "6763"];

/// How a card number is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Form {
    /// ASCII digits, possibly in groups with a space or hyphen between them.
    Digits,
    /// UTF-16: a zero byte between the digits.
    Utf16,
    /// The hexadecimal codes of the digits (`34313131…`).
    Hex,
    /// Two digits in a byte.
    PackedBcd,
    /// Base64 of the digits.
    Base64,
}

/// A card number, or what looks like one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// Byte at which it begins.
    pub offset: usize,
    /// How it is written.
    pub form: Form,
    /// First six and last four digits, stars between: fit for a test's message.
    pub masked: String,
    /// Where each of its digits begins.
    digits: Vec<usize>,
}

/// All runs of 12 to 19 digits that begin like a card number (2 to 6) and pass the Luhn check
/// (ISO/IEC 7812-1 annex B), as ASCII, UTF-16 or hexadecimal codes. In longer runs, such as a whole
/// message of digits, numbers of the large schemes with their usual length.
#[must_use]
pub fn find_card_numbers(bytes: &[u8]) -> Vec<Finding> {
    let mut found = Vec::new();
    for (form, step) in [(Form::Digits, 1), (Form::Utf16, 2), (Form::Hex, 2)] {
        for alignment in 0..step {
            scan(bytes, form, step, alignment, &mut found);
        }
    }
    found.sort_by_key(|finding| finding.offset);
    found
}

/// All places where exactly this number stands, in any [`Form`]: the sharp tool, for tests that
/// know which numbers they used. `number` is its digits.
#[must_use]
pub fn find_number(bytes: &[u8], number: &str) -> Vec<Finding> {
    let wanted: Vec<u8> = number.bytes().map(|digit| digit.wrapping_sub(b'0')).collect();
    assert!(!wanted.is_empty() && wanted.iter().all(|digit| *digit <= 9), "digits are looked for");
    let mut found = Vec::new();
    let mut report = |offset: usize, form: Form| {
        found.push(Finding { offset, form, masked: masked(&wanted), digits: Vec::new() });
    };
    for offset in 0..bytes.len() {
        for (form, step) in [(Form::Digits, 1), (Form::Utf16, 2), (Form::Hex, 2)] {
            if matches_from(bytes, offset, form, step, &wanted) {
                report(offset, form);
            }
        }
    }
    let nibble = |at: usize| {
        bytes.get(at / 2).map(|it| if at.is_multiple_of(2) { it >> 4 } else { it & 15 })
    };
    for start in 0..bytes.len() * 2 {
        if (start..).zip(&wanted).all(|(at, digit)| nibble(at) == Some(*digit)) {
            report(start / 2, Form::PackedBcd);
        }
    }
    for needle in base64_forms(number) {
        let needle = needle.as_bytes();
        let places = bytes.windows(needle.len()).enumerate().filter(|(_, it)| *it == needle);
        places.for_each(|(offset, _)| report(offset, Form::Base64));
    }
    found.sort_by_key(|finding| finding.offset);
    found
}

/// The same bytes with the middle digits of each finding replaced by stars; of the same length.
#[must_use]
pub fn mask_card_numbers(bytes: &[u8]) -> Cow<'_, [u8]> {
    let found = find_card_numbers(bytes);
    if found.is_empty() {
        return Cow::Borrowed(bytes);
    }
    let mut clean = bytes.to_vec();
    for finding in found {
        let hidden = SHOWN_FIRST..finding.digits.len() - SHOWN_LAST;
        for at in &finding.digits[hidden] {
            let star: &[u8] = if finding.form == Form::Hex { b"2a" } else { b"*" };
            clean[*at..*at + star.len()].copy_from_slice(star);
        }
    }
    Cow::Owned(clean)
}

/// A digit and where it begins.
#[derive(Clone, Copy)]
struct Digit {
    value: u8,
    at: usize,
}

/// Walks the bytes in one form and alignment, and examines each run of digits with separators.
fn scan(bytes: &[u8], form: Form, step: usize, alignment: usize, found: &mut Vec<Finding>) {
    let mut run: Vec<Digit> = Vec::new();
    let mut group_starts: Vec<usize> = Vec::new();
    let mut after_separator = true;
    for at in (alignment..bytes.len()).step_by(step) {
        if let Some(value) = digit_at(bytes, at, form) {
            if after_separator {
                group_starts.push(run.len());
            }
            after_separator = false;
            run.push(Digit { value, at });
        } else if !after_separator && is_separator(bytes, at, form) {
            after_separator = true;
        } else if !run.is_empty() {
            examine(&run, &group_starts, form, found);
            run.clear();
            group_starts.clear();
            after_separator = true;
        }
    }
    examine(&run, &group_starts, form, found);
}

fn examine(run: &[Digit], group_starts: &[usize], form: Form, found: &mut Vec<Finding>) {
    let end_of = |group: usize| group_starts.get(group + 1).copied().unwrap_or(run.len());
    let mut group = 0;
    while let Some(&start) = group_starts.get(group) {
        let own = &run[start..end_of(group)];
        if own.len() > DIGITS_MAX {
            examine_long(own, form, found);
        } else if looks_like_a_card(own) {
            found.push(finding(own, form));
        } else {
            // The longest sequence of groups from here that makes a number.
            let last = (group + 1..group_starts.len())
                .take_while(|last| {
                    end_of(*last) - start <= DIGITS_MAX
                        && (group..=*last)
                            .all(|it| end_of(it) - group_starts[it] >= GROUP_DIGITS_MIN)
                })
                .filter(|last| looks_like_a_card(&run[start..end_of(*last)]))
                .last();
            if let Some(last) = last {
                found.push(finding(&run[start..end_of(last)], form));
                group = last;
            }
        }
        group += 1;
    }
}

fn examine_long(run: &[Digit], form: Form, found: &mut Vec<Finding>) {
    let mut start = 0;
    while start < run.len() {
        let lead = |digits: usize| {
            let taken = run[start..].iter().take(digits);
            taken.fold(0_u32, |sum, digit| sum * 10 + u32::from(digit.value))
        };
        let length = match (lead(1), lead(2), lead(4)) {
            (4 | 6, ..) | (_, 51..=55, _) | (.., 2221..=2720) => 16,
            (_, 34 | 37, _) => 15,
            _ => 0,
        };
        let window = &run[start..run.len().min(start + length)];
        if length > 0 && window.len() == length && passes_luhn(window) {
            found.push(finding(window, form));
            start += length;
        } else {
            start += 1;
        }
    }
}

fn looks_like_a_card(digits: &[Digit]) -> bool {
    let begins_with = |prefix: &str| {
        prefix.bytes().zip(digits).all(|(wanted, digit)| wanted - b'0' == digit.value)
    };
    let begins_well = match digits.len() {
        DIGITS_MIN => TWELVE_DIGIT_PREFIXES.into_iter().any(begins_with),
        13..=DIGITS_MAX => matches!(digits[0].value, 2..=6),
        _ => false,
    };
    begins_well && passes_luhn(digits)
}

fn passes_luhn(digits: &[Digit]) -> bool {
    let weighted = digits.iter().rev().enumerate().map(|(place, digit)| {
        let value = u32::from(digit.value);
        match (place % 2, value) {
            (0, _) => value,
            (_, 5..) => value * 2 - 9,
            _ => value * 2,
        }
    });
    weighted.sum::<u32>() % 10 == 0
}

fn digit_at(bytes: &[u8], at: usize, form: Form) -> Option<u8> {
    let (first, second) = (*bytes.get(at)?, bytes.get(at + 1).copied());
    let symbol = match form {
        Form::Digits => first,
        // Big-endian text is found one byte later; its last digit has no zero behind it.
        Form::Utf16 if matches!(second, None | Some(0)) => first,
        Form::Hex if first == b'3' => second?,
        _ => return None,
    };
    symbol.is_ascii_digit().then(|| symbol - b'0')
}

fn is_separator(bytes: &[u8], at: usize, form: Form) -> bool {
    match form {
        Form::Digits => matches!(bytes[at], b' ' | b'-'),
        Form::Utf16 => matches!(bytes[at..], [b' ' | b'-', 0, ..]),
        Form::Hex => matches!(bytes[at..], [b'2', b'0' | b'd' | b'D', ..]),
        Form::PackedBcd | Form::Base64 => false,
    }
}

fn matches_from(bytes: &[u8], offset: usize, form: Form, step: usize, wanted: &[u8]) -> bool {
    let mut at = offset;
    wanted.iter().enumerate().all(|(place, digit)| {
        if place > 0 && at < bytes.len() && is_separator(bytes, at, form) {
            at += step;
        }
        let matched = digit_at(bytes, at, form) == Some(*digit);
        at += step;
        matched
    })
}

/// What base64 makes of the number inside a longer text, for each of the three places it can have
/// in a group of three bytes; without the characters that its neighbours share, which may hold a part
/// of its last digit.
fn base64_forms(number: &str) -> Vec<String> {
    let forms = (0..3).map(|shift: usize| {
        let mut padded = vec![0; shift];
        padded.extend_from_slice(number.as_bytes());
        let encoded = STANDARD_NO_PAD.encode(&padded);
        let first_own = (shift * 8).div_ceil(6);
        encoded[first_own..padded.len() * 8 / 6].to_owned()
    });
    forms.filter(|form| !form.is_empty()).collect()
}

fn finding(digits: &[Digit], form: Form) -> Finding {
    let values: Vec<u8> = digits.iter().map(|digit| digit.value).collect();
    Finding {
        offset: digits[0].at,
        form,
        masked: masked(&values),
        digits: digits.iter().map(|digit| digit.at).collect(),
    }
}

fn masked(values: &[u8]) -> String {
    let shown = |place: usize| place < SHOWN_FIRST || place + SHOWN_LAST >= values.len();
    let characters = values.iter().enumerate();
    characters.map(|(at, digit)| if shown(at) { char::from(b'0' + digit) } else { '*' }).collect()
}

#[cfg(test)]
#[path = "leak_scan_tests.rs"]
mod tests;
