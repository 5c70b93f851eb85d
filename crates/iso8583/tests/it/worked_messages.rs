//! Every worked message, in both encodings, byte for byte in both directions.
//!
//! The bytes were made by another encoder and confirmed by a third implementation, so that a
//! mistake in this crate cannot confirm itself.

use aws_lc_rs::cmac;
use iso8583::elements::OriginalData;
use iso8583::frame::{FrameReader, Framing};
use iso8583::presence;
use iso8583::{Codec, Encoding, MacError, Message, Mti, Spec};
use serde_json::Value;

const FILE: &str = include_str!("../../testdata/worked-messages.json");
/// What the file holds; a reader that skips messages must fail.
const MESSAGES: usize = 52;

/// The value of element 128 in the binary encoding of the message with a MAC, since a MAC covers
/// encoded bytes.
fn message_of(worked: &Value, encoding: Encoding) -> Message {
    let mti = Mti::parse(worked["type"].as_str().unwrap()).unwrap();
    let mut message = Message::new(mti);
    for (de, value) in worked["fields"].as_object().unwrap() {
        message.set(de.parse().unwrap(), value.as_str().unwrap());
    }
    if let (Encoding::Binary, Some(mac)) = (encoding, worked["mac_binary_value"].as_str()) {
        message.set(128, mac);
    }
    message
}

fn each(mut check: impl FnMut(&Value, &Value, Encoding, &[u8])) {
    let file: Value = serde_json::from_str(FILE).unwrap();
    let mut messages = 0;
    for example in file["examples"].as_array().unwrap() {
        for worked in example["messages"].as_array().unwrap() {
            messages += 1;
            for (name, encoding) in [("ascii", Encoding::Ascii), ("binary", Encoding::Binary)] {
                let bytes = hex::decode(worked[name]["hex"].as_str().unwrap()).unwrap();
                check(example, worked, encoding, &bytes);
            }
        }
    }
    assert_eq!(messages, MESSAGES);
}

#[test]
fn every_worked_message_encodes_to_its_bytes() {
    each(|example, worked, encoding, bytes| {
        let mut out = Vec::new();
        let codec = Codec::new(Spec::florin87(), encoding);
        codec.encode(&message_of(worked, encoding), &mut out).unwrap();
        assert_eq!(hex::encode(&out), hex::encode(bytes), "{}", example["id"]);
    });
}

#[test]
fn every_worked_message_decodes_to_its_elements() {
    each(|example, worked, encoding, bytes| {
        let codec = Codec::new(Spec::florin87(), encoding);
        let message = codec.decode(bytes).unwrap();
        assert_eq!(message, message_of(worked, encoding), "{}", example["id"]);
    });
}

#[test]
fn every_worked_message_has_the_elements_of_its_type() {
    each(|example, worked, encoding, _| {
        let message = message_of(worked, encoding);
        assert_eq!(presence::check(&message), Ok(()), "{}", example["id"]);
        if let Some(original) = message.get(90) {
            assert_eq!(OriginalData::parse(original).unwrap().to_element(), original);
        }
    });
}

#[test]
fn every_worked_frame_is_the_default_frame_of_its_message() {
    each(|example, worked, encoding, bytes| {
        let name = if encoding == Encoding::Ascii { "ascii" } else { "binary" };
        let frame = hex::decode(worked[name]["frame_hex"].as_str().unwrap()).unwrap();
        let mut out = Vec::new();
        Framing::default().wrap(bytes, &mut out).unwrap();
        assert_eq!(out, frame, "{}", example["id"]);
        let mut reader = FrameReader::new(Framing::default());
        reader.push(&frame);
        assert_eq!(reader.next_frame().unwrap().unwrap().as_slice(), bytes);
    });
}

#[test]
fn the_tags_of_every_worked_message_read_and_write() {
    let mut with_tags = 0;
    each(|example, worked, encoding, _| {
        let Some(tags) = worked["de48"].as_object() else { return };
        with_tags += 1;
        let message = message_of(worked, encoding);
        let read = message.private_data().unwrap();
        assert_eq!(read.check_values(), Ok(()), "{}", example["id"]);
        let expected: Vec<(&str, &str)> =
            tags.iter().map(|(tag, value)| (tag.as_str(), value.as_str().unwrap())).collect();
        assert_eq!(read.iter().collect::<Vec<_>>(), expected);
        let mut written = Message::new(message.mti());
        let backwards: Vec<_> = expected.into_iter().rev().collect();
        written.set_private_data(&backwards).unwrap();
        assert_eq!(written.get(48), message.get(48));
    });
    assert!(with_tags > 40);
}

#[test]
fn the_mac_is_that_of_the_worked_message_and_any_changed_bit_breaks_it() {
    let mut seen = 0;
    each(|example, worked, encoding, bytes| {
        if example["id"] != "mac" {
            return;
        }
        seen += 1;
        let key = hex::decode(example["expected"]["test_key_hex"].as_str().unwrap()).unwrap();
        let key = cmac::Key::new(cmac::AES_128, &key).unwrap();
        let mac = |bytes: &[u8]| -> [u8; 8] {
            cmac::sign(&key, bytes).unwrap().as_ref()[..8].try_into().unwrap()
        };
        let codec = Codec::new(Spec::florin87(), encoding);
        let mut message = message_of(worked, encoding);
        message.remove(128);
        let mut out = Vec::new();
        codec.encode_with_mac(&message, &mut out, &mac).unwrap();
        assert_eq!(out, bytes);
        assert_eq!(codec.verify_mac(bytes, &mac), Ok(()));
        for i in 0..bytes.len() {
            let mut changed = bytes.to_vec();
            changed[i] ^= 1;
            assert!(codec.verify_mac(&changed, &mac).is_err(), "byte {i}");
        }
        let mut without = Vec::new();
        codec.encode(&message, &mut without).unwrap();
        assert_eq!(codec.verify_mac(&without, &mac), Err(MacError::Absent));
        assert_eq!(codec.verify_mac(&bytes[..5], &mac), Err(MacError::Malformed));
    });
    assert_eq!(seen, 2);
}

#[test]
fn without_a_secondary_bitmap_the_mac_is_element_64() {
    let mac = |bytes: &[u8]| [u8::try_from(bytes.len() % 251).unwrap(); 8];
    for encoding in [Encoding::Ascii, Encoding::Binary] {
        let codec = Codec::new(Spec::florin87(), encoding);
        let mut message = Message::new(Mti::AUTHORIZATION_RESPONSE);
        message.set(11, "000001");
        let mut out = Vec::new();
        codec.encode_with_mac(&message, &mut out, &mac).unwrap();
        let read = codec.decode(&out).unwrap();
        assert_eq!(read.elements().map(|(de, _)| de).collect::<Vec<_>>(), [11, 64]);
        assert_eq!(codec.verify_mac(&out, &mac), Ok(()));
    }
}
