//! What is not exactly one message of the dialect is refused, with the element that is wrong.

use iso8583::{
    Codec, DecodeError, DecodeErrorKind as Kind, EncodeError, EncodeErrorKind, Encoding,
    MESSAGE_BYTES_MAX, Message, Mti, Spec,
};

fn check_ascii(text: &str, element: Option<u8>, kind: Kind) {
    let codec = Codec::new(Spec::florin87(), Encoding::Ascii);
    assert_eq!(codec.decode(text.as_bytes()).unwrap_err(), DecodeError { element, kind }, "{text}");
}

fn check_binary(hex_text: &str, element: Option<u8>, kind: Kind) {
    let codec = Codec::new(Spec::florin87(), Encoding::Binary);
    let bytes = hex::decode(hex_text).unwrap();
    assert_eq!(codec.decode(&bytes).unwrap_err(), DecodeError { element, kind }, "{hex_text}");
}

fn check_encode(elements: &[(u8, &str)], element: Option<u8>, kind: EncodeErrorKind) {
    let mut message = Message::new(Mti::AUTHORIZATION_REQUEST);
    for (de, value) in elements {
        message.set(*de, value);
    }
    for encoding in [Encoding::Ascii, Encoding::Binary] {
        let mut out = b"before".to_vec();
        let result = Codec::new(Spec::florin87(), encoding).encode(&message, &mut out);
        assert_eq!(result, Err(EncodeError { element, kind }));
        assert_eq!(out, b"before", "nothing may be left of a message that was refused");
    }
}

#[test]
fn a_type_that_the_profile_does_not_have() {
    for text in ["01010000000000000000", "ABCD0000000000000000", "1100"] {
        check_ascii(text, Some(0), Kind::UnknownType);
    }
    check_ascii("", Some(0), Kind::Truncated);
    check_ascii("010", Some(0), Kind::Truncated);
    check_binary("01010000000000000000", Some(0), Kind::UnknownType);
    check_binary("0a00", Some(0), Kind::UnknownType);
    check_binary("01", Some(0), Kind::Truncated);
}

#[test]
fn a_bitmap_that_is_none() {
    check_ascii("0100000000000000000G", Some(1), Kind::Bitmap);
    check_ascii("0100+000000000000000", Some(1), Kind::Bitmap);
    check_ascii("010000000000", Some(1), Kind::Truncated);
    check_ascii("0100800000000000000000", Some(1), Kind::Truncated);
    check_binary("010080000000000000000000", Some(1), Kind::Truncated);
}

#[test]
fn lower_case_bitmaps_are_accepted() {
    let codec = Codec::new(Spec::florin87(), Encoding::Ascii);
    let message = codec.decode(b"0810000000000a00000000012345678901299").err();
    assert_eq!(message.map(|error| error.kind), Some(Kind::Trailing));
    let message = codec.decode(b"0810000000000a00000001234567890199").unwrap();
    assert_eq!(message.get(37), Some("012345678901"));
    assert_eq!(message.get(39), Some("99"));
}

#[test]
fn an_element_that_the_dialect_does_not_have() {
    check_ascii("080080000000000000008000000000000000", Some(65), Kind::UnknownElement);
    check_binary("080080000000000000008000000000000000", Some(65), Kind::UnknownElement);
}

#[test]
fn chip_track_and_pin_data() {
    for de in [23u8, 34, 35, 36, 45, 52, 55] {
        let bitmap = 1u64 << (64 - de);
        check_ascii(&format!("0100{bitmap:016X}0123456789"), Some(de), Kind::Forbidden);
        check_binary(&format!("0100{bitmap:016x}0123456789"), Some(de), Kind::Forbidden);
        check_encode(&[(de, "1")], Some(de), EncodeErrorKind::Forbidden);
    }
}

#[test]
fn a_length_that_is_too_large_or_none() {
    check_ascii("01004000000000000000204111111111111111", Some(2), Kind::Length);
    check_ascii("01004000000000000000 64111111111111111", Some(2), Kind::Length);
    check_ascii("010040000000000000001", Some(2), Kind::Truncated);
    check_ascii("010040000000000000001641111111", Some(2), Kind::Truncated);
    check_ascii("01000000000000010000-010", Some(48), Kind::Length);
    check_binary("01004000000000000000204111", Some(2), Kind::Length);
    check_binary("010040000000000000000a4111", Some(2), Kind::Length);
    check_binary("010000000000000100001001", Some(48), Kind::Length);
}

#[test]
fn a_character_that_the_format_does_not_have() {
    check_ascii("0100200000000000000000A000", Some(3), Kind::Digit);
    check_ascii("01000000000000800000FLRN\u{7f}001", Some(41), Kind::Character);
    check_ascii("01000000000000800000FLRN\n001", Some(41), Kind::Character);
    check_ascii("01000000001000000000X00000001", Some(28), Kind::Character);
    check_ascii("01000000001000000000C0000000A", Some(28), Kind::Character);
    check_ascii("01000000001000000000C0000000", Some(28), Kind::Truncated);
    check_ascii("01000000000000000001012345678901234G", Some(64), Kind::Digit);
    check_binary("010020000000000000000a0000", Some(3), Kind::Digit);
    check_binary("01000000000000008000f978", Some(49), Kind::Digit);
    check_binary("0100000000000000800009", Some(49), Kind::Truncated);
}

#[test]
fn bytes_after_the_last_element_and_messages_that_are_too_long() {
    check_ascii("010020000000000000000000001", None, Kind::Trailing);
    check_binary("0100200000000000000000000000", None, Kind::Trailing);
    check_ascii(&"0".repeat(MESSAGE_BYTES_MAX + 1), None, Kind::TooLong);
    let long = "x".repeat(999);
    let many: Vec<(u8, &str)> = [46, 47, 48, 56, 57].map(|de| (de, long.as_str())).to_vec();
    check_encode(&many, Some(57), EncodeErrorKind::TooLong);
}

#[test]
fn a_value_that_does_not_fit_its_element() {
    check_encode(&[(2, "41111111111111111111")], Some(2), EncodeErrorKind::Length);
    check_encode(&[(3, "0000000")], Some(3), EncodeErrorKind::Length);
    check_encode(&[(3, "")], Some(3), EncodeErrorKind::Length);
    check_encode(&[(3, "00000x")], Some(3), EncodeErrorKind::Character);
    check_encode(&[(28, "C1")], Some(28), EncodeErrorKind::Length);
    check_encode(&[(28, "X00000001")], Some(28), EncodeErrorKind::Character);
    check_encode(&[(41, "Grün")], Some(41), EncodeErrorKind::Character);
    check_encode(&[(64, "00")], Some(64), EncodeErrorKind::Length);
    check_encode(&[(64, "000000000000000G")], Some(64), EncodeErrorKind::Character);
    check_encode(&[(65, "1")], Some(65), EncodeErrorKind::UnknownElement);
}

#[test]
fn short_fixed_values_are_padded_digits_left_and_text_right() {
    for encoding in [Encoding::Ascii, Encoding::Binary] {
        let codec = Codec::new(Spec::florin87(), encoding);
        let mut message = Message::new(Mti::AUTHORIZATION_REQUEST);
        message.set(4, "4995");
        message.set(41, "T1");
        message.set(49, "48");
        let mut out = Vec::new();
        codec.encode(&message, &mut out).unwrap();
        let read = codec.decode(&out).unwrap();
        assert_eq!(read.get(4), Some("000000004995"));
        assert_eq!(read.get(41), Some("T1      "));
        assert_eq!(read.get(49), Some("048"));
    }
}
