//! Values that one side of the simulator issues and another side must recognise.
//!
//! Authentication values (CAVV, AAV), network references and approval codes. They prove nothing to
//! anybody else: the keys are in this file, and only test cards exist.

use aws_lc_rs::hmac;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use crate::cards::TestCard;

/// Public on purpose: it only has to be the same before and after a restart.
const AUTHENTICATION_KEY: &[u8] = b"florin test issuer: authentication values";
/// Length of an authentication value before base64 (EMV 3DS).
const AUTHENTICATION_BYTES: usize = 20;
/// Digits of the counter in a network reference of 15 digits; check digits follow.
const REFERENCE_COUNTER_DIGITS: usize = 10;
const BASE36: &[u8; 36] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ";

/// The proof of an authentication, 28 characters: bound to the card, the transaction and the
/// status (Y or A).
pub(crate) fn authentication_value(card: &TestCard, ds_trans_id: &str, status: &str) -> String {
    let key = hmac::Key::new(hmac::HMAC_SHA256, AUTHENTICATION_KEY);
    let mut context = hmac::Context::with_key(&key);
    for part in [card.id, ds_trans_id, status] {
        context.update(part.as_bytes());
        context.update(&[0]);
    }
    STANDARD.encode(&context.sign().as_ref()[..AUTHENTICATION_BYTES])
}

/// A network reference (tag 63) in the form of the card's scheme: 15 digits, or for Mastercard
/// nine characters and the date.
pub(crate) fn network_reference(card: &TestCard, sequence: u64, month_day: &str) -> String {
    if card.brand.is_mastercard_family() {
        let counter = base36(sequence, 5);
        let body = format!("MD{counter}");
        let check = base36(checksum(card, &body), 2);
        format!("{body}{check}{month_day}")
    } else {
        let counter = sequence % 10_u64.pow(10);
        let body = format!("3{counter:0REFERENCE_COUNTER_DIGITS$}");
        let check = checksum(card, &body) % 10_000;
        format!("{body}{check:04}")
    }
}

/// Whether this reference was issued for this card.
pub(crate) fn is_reference_of(card: &TestCard, reference: &str) -> bool {
    if !reference.is_ascii() {
        return false;
    }
    match (card.brand.is_mastercard_family(), reference.len()) {
        (true, 13) => {
            let (body, rest) = reference.split_at(7);
            rest.starts_with(&base36(checksum(card, body), 2))
        }
        (false, 15) => {
            let (body, check) = reference.split_at(11);
            check == format!("{:04}", checksum(card, body) % 10_000)
        }
        _ => false,
    }
}

/// An approval code (DE38) of six characters: every third one starts with a zero and is all
/// digits, the others have letters, so that a reader who takes it for a number is found out.
pub(crate) fn approval_code(sequence: u64) -> String {
    let scattered = sequence.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 16;
    if sequence.is_multiple_of(3) {
        format!("{:06}", scattered % 100_000)
    } else {
        let letter = char::from(BASE36[10 + usize::try_from(scattered % 26).unwrap_or(0)]);
        format!("{}{letter}{}", base36(scattered >> 8, 2), base36(scattered >> 24, 3))
    }
}

fn checksum(card: &TestCard, body: &str) -> u64 {
    let bytes = card.id.bytes().chain(body.bytes());
    bytes.fold(0xcbf2_9ce4_8422_2325, |hash: u64, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
    })
}

fn base36(mut number: u64, width: usize) -> String {
    let mut digits = vec![b'0'; width];
    for digit in digits.iter_mut().rev() {
        *digit = BASE36[usize::try_from(number % 36).unwrap_or(0)];
        number /= 36;
    }
    String::from_utf8(digits).expect("letters and digits")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cards::by_id;

    #[test]
    fn a_reference_is_recognised_for_its_own_card_only() {
        let (visa, other) = (by_id("visa").unwrap(), by_id("visa-challenge").unwrap());
        let (mastercard, maestro) = (by_id("mastercard").unwrap(), by_id("maestro").unwrap());
        let mut accepted_elsewhere = 0;
        for sequence in [0, 1, 2, 3, 999, u64::from(u32::MAX)] {
            let reference = network_reference(visa, sequence, "1122");
            assert!(reference.len() == 15 && reference.bytes().all(|b| b.is_ascii_digit()));
            assert!(is_reference_of(visa, &reference));
            let reference_mc = network_reference(mastercard, sequence, "1122");
            assert!(reference_mc.len() == 13 && reference_mc.ends_with("1122"));
            assert!(is_reference_of(mastercard, &reference_mc));
            assert!(!is_reference_of(visa, &reference_mc));
            accepted_elsewhere += usize::from(is_reference_of(other, &reference));
            accepted_elsewhere += usize::from(is_reference_of(maestro, &reference_mc));
        }
        assert!(accepted_elsewhere <= 1, "{accepted_elsewhere} of 12");
        assert!(!is_reference_of(visa, "306326507909842é"));
    }

    #[test]
    fn approval_codes_have_six_characters_some_with_leading_zeros_some_with_letters() {
        let codes: Vec<String> = (0..300).map(approval_code).collect();
        assert!(codes.iter().all(|code| code.len() == 6));
        assert_eq!(codes.iter().filter(|code| code.starts_with('0')).count() / 100, 1);
        assert!(
            codes.iter().filter(|code| code.bytes().any(|b| b.is_ascii_uppercase())).count() > 150
        );
    }

    #[test]
    fn an_authentication_value_holds_for_one_transaction_and_status() {
        let visa = by_id("visa").unwrap();
        let value = authentication_value(visa, "36da3ecf-58", "Y");
        assert_eq!(value.len(), 28);
        assert_eq!(value, authentication_value(visa, "36da3ecf-58", "Y"));
        assert_ne!(value, authentication_value(visa, "36da3ecf-58", "A"));
        assert_ne!(value, authentication_value(visa, "36da3ecf-59", "Y"));
    }
}
