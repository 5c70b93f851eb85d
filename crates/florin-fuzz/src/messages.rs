//! ISO 8583 messages, in both encodings.

use iso8583::elements::{OriginalData, parse_requested_amount, remaining_amount, transliterate};
use iso8583::presence::{check, check_received};
use iso8583::{Codec, Encoding, MESSAGE_BYTES_MAX, MacError, Message, Spec};

use crate::Run;

pub(crate) const WORDS: &[&str] =
    &["0100", "0110", "0220", "0230", "0420", "0430", "0800", "0810", "4111111111111111"];

const ENCODINGS: [Encoding; 2] = [Encoding::Ascii, Encoding::Binary];
/// A shorter number is hidden whole; a longer run of digits may be a card's.
const PAN_DIGITS_MIN: usize = 12;

pub(crate) fn open() -> Run {
    Box::new(|bytes| {
        for encoding in ENCODINGS {
            read(Codec::new(Spec::florin87(), encoding), bytes);
        }
    })
}

fn read(codec: Codec, bytes: &[u8]) {
    let checked = codec.verify_mac(bytes, &|_| [0x5a; 8]);
    let Ok(message) = codec.decode(bytes) else {
        return;
    };
    assert!(bytes.len() <= MESSAGE_BYTES_MAX);
    let has_mac = message.get(64).is_some() || message.get(128).is_some();
    assert!(has_mac || checked == Err(MacError::Absent), "a MAC was found where none is");
    survives(codec, &message);
    is_masked(&message);
    let _ = (check(&message), check_received(&message));
    if let Ok(tags) = message.private_data() {
        let all: Vec<(&str, &str)> = tags.iter().collect();
        let _ = tags.check_values();
        let mut copy = message.clone();
        // An element 48 without tags is not written at all.
        if !all.is_empty() && copy.set_private_data(&all).is_ok() {
            assert_eq!(copy, message, "tags that are written are the tags that were read");
        }
    }
    if let Some(original) = message.get(90).and_then(OriginalData::parse) {
        let again = OriginalData::parse(&original.to_element());
        assert_eq!(again, Some(original), "element 90 survives");
    }
    let _ = message.get(95).map(remaining_amount);
    let _ = message.get(54).map(parse_requested_amount);
    if let Some(name) = message.get(43) {
        assert!(transliterate(name).is_ascii());
    }
}

/// What was read can be written, in both encodings, and is read as the same.
fn survives(codec: Codec, message: &Message) {
    let mut bytes = Vec::new();
    codec.encode(message, &mut bytes).expect("what was read can be written");
    assert_eq!(&codec.decode(&bytes).expect("what was written can be read"), message);
    for encoding in ENCODINGS {
        let other = Codec::new(codec.spec(), encoding);
        let mut bytes = Vec::new();
        // The same message may be too long in the other encoding, and that is all.
        if other.encode(message, &mut bytes).is_ok() {
            assert_eq!(&other.decode(&bytes).expect("one message in both encodings"), message);
        }
        let mut signed = Vec::new();
        let mac = |_: &[u8]| [0x5a; 8];
        if other.encode_with_mac(message, &mut signed, &mac).is_ok() {
            assert_eq!(other.verify_mac(&signed, &mac), Ok(()), "a MAC that was written holds");
            assert!(other.verify_mac(&signed, &|_| [0xa5; 8]).is_err(), "and no other does");
        }
    }
}

/// The words for people show no card number, date, code or key.
fn is_masked(message: &Message) {
    let shown = format!("{message:?}");
    let secret = |de: u8, value: &str| de == 2 && value.len() > PAN_DIGITS_MIN;
    for (de, value) in message.elements().filter(|(de, value)| secret(*de, value)) {
        // A host may repeat the number where no number belongs; that is shown as what it is.
        let elsewhere = message.elements().any(|(other, it)| other != de && it.contains(value));
        assert!(elsewhere || !shown.contains(value), "a card number in {shown}");
    }
    for (de, name) in [(14, "expiry"), (125, "key block")] {
        let line = shown.lines().find(|line| line.starts_with(&format!("{de:>3} ")));
        assert!(line.is_none_or(|line| line.ends_with("(hidden)")), "the {name} in {shown}");
    }
}
