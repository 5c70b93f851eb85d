//! Any message over the table survives a round trip; any bytes at all are met without a panic.

use iso8583::spec::{Element, Format, Length};
use iso8583::{Codec, Encoding, MESSAGE_BYTES_MAX, Message, Mti, Spec, Tags};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::{Index, select, subsequence};

const ENCODINGS: [Encoding; 2] = [Encoding::Ascii, Encoding::Binary];

fn codec(encoding: Encoding) -> Codec {
    Codec::new(Spec::florin87(), encoding)
}

/// A value of an element, of full length where the length is fixed.
fn value(element: &'static Element) -> impl Strategy<Value = (u8, String)> {
    let max = usize::from(element.length.max());
    // Long elements stay short, so that most messages fit the largest size.
    let length = match element.length {
        Length::Fixed(_) => max..=max,
        Length::Ll(_) | Length::Lll(_) => 0..=max.min(99),
    };
    let text = match element.format {
        Format::N => vec(select(b"0123456789".to_vec()), length).boxed(),
        Format::An | Format::Ans | Format::Z => vec(0x20u8..=0x7e, length).boxed(),
        Format::Xn => (select(b"CD".to_vec()), vec(select(b"0123456789".to_vec()), max - 1))
            .prop_map(|(sign, digits)| [vec![sign], digits].concat())
            .boxed(),
        Format::B => vec(select(b"0123456789ABCDEF".to_vec()), max * 2).boxed(),
    };
    text.prop_map(move |bytes| (element.number, String::from_utf8(bytes).unwrap()))
}

fn message() -> impl Strategy<Value = Message> {
    let elements: Vec<&'static Element> = Spec::florin87()
        .elements()
        .filter(|element| !Spec::florin87().is_forbidden(element.number))
        .collect();
    let chosen = subsequence(elements, 0..=30)
        .prop_flat_map(|chosen| chosen.into_iter().map(value).collect::<Vec<_>>());
    (select(Mti::ALL.to_vec()), chosen.prop_shuffle()).prop_map(|(mti, elements)| {
        let mut message = Message::new(mti);
        for (de, value) in &elements {
            message.set(*de, value);
        }
        message
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1000))]

    #[test]
    fn any_message_survives_a_round_trip_in_both_encodings(message in message()) {
        for encoding in ENCODINGS {
            let mut bytes = vec![0xff];
            codec(encoding).encode(&message, &mut bytes).unwrap();
            prop_assert_eq!(bytes[0], 0xff);
            if encoding == Encoding::Ascii {
                prop_assert!(bytes[1..].iter().all(|b| matches!(b, 0x20..=0x7e)));
            }
            prop_assert_eq!(codec(encoding).decode(&bytes[1..]).unwrap(), message.clone());
        }
    }

    #[test]
    fn a_message_cut_anywhere_is_refused(message in message(), cut in any::<Index>()) {
        for encoding in ENCODINGS {
            let mut bytes = Vec::new();
            codec(encoding).encode(&message, &mut bytes).unwrap();
            let cut = cut.index(bytes.len());
            prop_assert!(codec(encoding).decode(&bytes[..cut]).is_err());
        }
    }

    #[test]
    fn changed_bytes_are_read_or_refused_without_a_panic(
        message in message(),
        at in any::<Index>(),
        byte in any::<u8>(),
    ) {
        for encoding in ENCODINGS {
            let mut bytes = Vec::new();
            codec(encoding).encode(&message, &mut bytes).unwrap();
            let at = at.index(bytes.len());
            bytes[at] = byte;
            if let Ok(read) = codec(encoding).decode(&bytes) {
                let mut again = Vec::new();
                codec(encoding).encode(&read, &mut again).unwrap();
                prop_assert_eq!(codec(encoding).decode(&again).unwrap(), read);
            }
        }
    }

    #[test]
    fn arbitrary_bytes_never_panic(bytes in vec(any::<u8>(), 0..=MESSAGE_BYTES_MAX + 1)) {
        for encoding in ENCODINGS {
            let _ = codec(encoding).decode(&bytes);
            let _ = codec(encoding).verify_mac(&bytes, &|_| [0; 8]);
        }
    }

    #[test]
    fn bytes_behind_a_good_type_never_panic(
        mti in select(Mti::ALL.to_vec()),
        bitmap in any::<u128>(),
        rest in vec(any::<u8>(), 0..600),
    ) {
        let mut ascii = format!("{mti}{bitmap:032X}").into_bytes();
        ascii.extend(rest.iter().map(|b| b'0' + b % 10));
        let mut binary = hex::decode(mti.as_str()).unwrap();
        binary.extend(bitmap.to_be_bytes());
        binary.extend(&rest);
        let _ = codec(Encoding::Ascii).decode(&ascii);
        let _ = codec(Encoding::Binary).decode(&binary);
    }

    #[test]
    fn any_text_as_tags_is_read_or_refused(text in "[0-9]{0,8}.{0,40}") {
        if let Ok(tags) = Tags::parse(&text) {
            let length: usize = tags.iter().map(|(_, value)| 4 + value.len()).sum();
            prop_assert_eq!(length, text.len());
        }
    }
}
