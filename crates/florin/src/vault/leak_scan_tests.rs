//! What the scanner finds, and what it must leave alone.
//!
//! The numbers are the schemes' published test numbers.

use proptest::prelude::*;

use super::*;

const VISA: &str = "4111111111111111";
const TEST_NUMBERS: [&str; 7] = [
    VISA,
    "5500000000000004",
    "2223000000000007",
    "340000000000009",
    "6011000000000004",
    "6304000000000000",
    "4222222222222",
];

fn utf16(text: &str, order: fn(u16) -> [u8; 2]) -> Vec<u8> {
    text.encode_utf16().flat_map(order).collect()
}

#[track_caller]
fn check(bytes: impl AsRef<[u8]>, expected: &[(usize, Form, &str)]) {
    let found = find_card_numbers(bytes.as_ref());
    let found: Vec<_> = found.iter().map(|it| (it.offset, it.form, it.masked.as_str())).collect();
    assert_eq!(found, expected, "{:?}", String::from_utf8_lossy(bytes.as_ref()));
}

#[test]
fn test_numbers_of_the_schemes_are_found_alone_and_in_text() {
    for number in TEST_NUMBERS {
        for (before, after) in [("", ""), ("pan=", ","), ("\"", "\"}"), ("x", "=2812101")] {
            let text = format!("{before}{number}{after}");
            let found = find_card_numbers(text.as_bytes());
            assert_eq!(found.len(), 1, "{text}");
            assert_eq!((found[0].offset, found[0].form), (before.len(), Form::Digits));
            assert!(!found[0].masked.contains(number), "{text}");
        }
    }
}

#[test]
fn numbers_in_groups_are_found() {
    for text in ["4111 1111 1111 1111", "4111-1111-1111-1111", "3400 000000 00009"] {
        assert_eq!(find_card_numbers(text.as_bytes()).len(), 1, "{text}");
    }
    check("card 4111 1111 1111 1111 exp 2812", &[(5, Form::Digits, "411111******1111")]);
    check("at 12 4111111111111111 ok", &[(6, Form::Digits, "411111******1111")]);
}

#[test]
fn numbers_as_utf16_and_as_hexadecimal_codes_are_found() {
    for order in [u16::to_le_bytes, u16::to_be_bytes] {
        for before in ["", "x", "pan "] {
            let mut bytes = before.as_bytes().to_vec();
            bytes.extend(utf16(&format!("é{VISA}ü"), order));
            let found = find_card_numbers(&bytes);
            assert_eq!(found.len(), 1, "{before:?}");
            assert_eq!(
                (found[0].form, found[0].masked.as_str()),
                (Form::Utf16, "411111******1111")
            );
        }
    }
    for before in ["", "x", "de 02: "] {
        let text = format!("{before}{}", hex::encode(VISA));
        assert!(find_card_numbers(text.as_bytes()).iter().any(|it| it.form == Form::Hex), "{text}");
    }
}

#[test]
fn a_number_inside_a_long_run_of_digits_is_found() {
    let message = format!("0100723405412800880116{VISA}000000000000001250");
    assert!(find_card_numbers(message.as_bytes()).iter().any(|it| it.masked == "411111******1111"));
}

#[test]
fn other_numbers_are_left_alone() {
    for text in [
        "4111111111111112",      // fails Luhn
        "0000000000000000",      // begins with 0
        "1700000000123457",      // a transaction id
        "1700000000000",         // a time
        "632623000017",          // a retrieval reference
        "41111111111",           // too short
        "4111 1111 1111 111 x1", // broken off
        "2026-11-22 23:43:29",   // a date
        "+31 20 1234567",        // a telephone number
        "3f2504e0-4f89-41d3-9a0c-0305e82c3301",
    ] {
        check(text, &[]);
    }
}

#[test]
fn masking_keeps_length_and_all_but_the_middle_digits() {
    let line = format!("pan {VISA} and 4111-1111-1111-1111, rrn 632623000017\n");
    assert_eq!(
        String::from_utf8(mask_card_numbers(line.as_bytes()).into_owned()).unwrap(),
        "pan 411111******1111 and 4111-11**-****-1111, rrn 632623000017\n"
    );
    let hexadecimal = hex::encode(format!("<{VISA}>"));
    let clean = mask_card_numbers(hexadecimal.as_bytes()).into_owned();
    let decoded = hex::decode(&clean).unwrap();
    assert_eq!(String::from_utf8(decoded).unwrap(), "<411111******1111>");
    assert!(matches!(mask_card_numbers(b"nothing here"), Cow::Borrowed(_)));
}

#[test]
fn a_known_number_is_found_in_every_form() {
    let packed_shifted = format!("a{VISA}b");
    let cases: [(Form, Vec<u8>); 8] = [
        (Form::Digits, VISA.into()),
        (Form::Digits, "4111 1111 1111 1111".into()),
        (Form::Utf16, utf16(VISA, u16::to_le_bytes)),
        (Form::Hex, hex::encode(VISA).into()),
        (Form::PackedBcd, hex::decode(VISA).unwrap()),
        (Form::PackedBcd, hex::decode(packed_shifted).unwrap()),
        (Form::Base64, STANDARD_NO_PAD.encode(VISA).into()),
        (Form::Base64, STANDARD_NO_PAD.encode(format!("{{\"pan\":\"{VISA}\"}}")).into()),
    ];
    for (form, written) in cases {
        for before in [&b""[..], b"x", b"\xffyz"] {
            let bytes = [before, &written, b"\x01 end"].concat();
            let found = find_number(&bytes, VISA);
            assert!(found.iter().any(|it| it.form == form), "{form:?} after {before:?}: {found:?}");
            assert_eq!(find_number(&bytes, "4111111111211111"), [], "{form:?}");
        }
    }
    assert_eq!(find_number(b"", VISA), []);
}

proptest! {
    /// Whatever stands around a test number (digits and separators aside), masking hides it.
    #[test]
    fn after_masking_no_number_is_left(
        before in proptest::collection::vec(any::<u8>(), 0..40),
        after in proptest::collection::vec(any::<u8>(), 0..40),
        number in proptest::sample::select(&TEST_NUMBERS[..]),
    ) {
        let bytes = [&before[..], b"<", number.as_bytes(), b">", &after[..]].concat();
        let clean = mask_card_numbers(&bytes);
        prop_assert_eq!(clean.len(), bytes.len());
        prop_assert!(!clean.windows(number.len()).any(|it| it == number.as_bytes()));
        prop_assert!(!find_number(&bytes, number).is_empty());
    }

    #[test]
    fn a_changed_digit_is_no_card_number(place in 0_usize..16, by in 1_u8..10) {
        let mut digits = VISA.as_bytes().to_vec();
        digits[place] = b'0' + (digits[place] - b'0' + by) % 10;
        prop_assert_eq!(find_card_numbers(&digits), []);
    }
}
