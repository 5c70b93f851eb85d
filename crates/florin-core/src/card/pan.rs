//! The primary account number.
//!
//! Luhn is required for every brand, also where single issuers once did without.

use std::fmt;

use zeroize::Zeroizing;

/// Fewest digits of a card number (Maestro).
pub const PAN_DIGITS_MIN: usize = 12;
/// Most digits of a card number (ISO/IEC 7812; ISO 8583, data element 2).
pub const PAN_DIGITS_MAX: usize = 19;

/// How many leading digits a truncated number shows (PCI DSS 3.4.1).
const SHOWN_FIRST: usize = 6;
/// How many trailing digits a truncated number shows.
const SHOWN_LAST: usize = 4;

/// A card number: 12 to 19 digits with a valid check digit.
#[derive(Clone, PartialEq, Eq)]
pub struct Pan(Zeroizing<String>);

/// Why a text is no card number. Says nothing of its digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PanFault {
    /// Something besides digits, spaces and hyphens.
    NotDigits,
    /// Fewer than 12 or more than 19 digits.
    Length,
    /// The last digit does not fit the others.
    CheckDigit,
}

impl Pan {
    /// Reads a number as it is typed: spaces, no-break spaces and hyphens do not count.
    pub fn parse(text: &str) -> Result<Pan, PanFault> {
        // Reserved at once, because a text that grows leaves copies behind that nobody wipes.
        let mut digits = Zeroizing::new(String::with_capacity(PAN_DIGITS_MAX));
        for character in text.chars() {
            match character {
                ' ' | '\u{a0}' | '-' => {}
                '0'..='9' if digits.len() < PAN_DIGITS_MAX => digits.push(character),
                '0'..='9' => return Err(PanFault::Length),
                _ => return Err(PanFault::NotDigits),
            }
        }
        if digits.len() < PAN_DIGITS_MIN {
            return Err(PanFault::Length);
        }
        if !has_check_digit(digits.as_bytes()) {
            return Err(PanFault::CheckDigit);
        }
        Ok(Pan(digits))
    }

    /// All digits: for the vault and for messages to the acquirer and the directory server.
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// The last four digits, which merchants and payers may see.
    pub fn last4(&self) -> &str {
        self.0.get(self.0.len().saturating_sub(SHOWN_LAST)..).unwrap_or_default()
    }

    /// The first six digits, which name the issuer.
    pub fn bin(&self) -> &str {
        self.0.get(..SHOWN_FIRST).unwrap_or_default()
    }

    /// The number truncated: first six, stars, last four. The only form to store or show.
    pub fn masked(&self) -> String {
        let hidden = self.0.len().saturating_sub(SHOWN_FIRST).saturating_sub(SHOWN_LAST);
        format!("{}{}{}", self.bin(), "*".repeat(hidden), self.last4())
    }

    /// How many digits it has.
    pub fn digits(&self) -> usize {
        self.0.len()
    }
}

impl fmt::Debug for Pan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Pan({})", self.masked())
    }
}

impl fmt::Display for PanFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            PanFault::NotDigits => "a card number has digits only",
            PanFault::Length => "a card number has 12 to 19 digits",
            PanFault::CheckDigit => "the check digit of the card number is wrong",
        })
    }
}

impl std::error::Error for PanFault {}

/// Luhn, ISO/IEC 7812-1 annex B.
fn has_check_digit(digits: &[u8]) -> bool {
    let mut sum: u32 = 0;
    for (place, byte) in digits.iter().rev().enumerate() {
        let digit = u32::from(byte.saturating_sub(b'0'));
        let worth = match (place % 2, digit) {
            (0, digit) => digit,
            (_, digit @ 0..=4) => digit.saturating_mul(2),
            (_, digit) => digit.saturating_mul(2).saturating_sub(9),
        };
        sum = sum.saturating_add(worth);
    }
    sum.is_multiple_of(10)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_number_may_carry_spaces_and_hyphens() {
        for text in ["4111111111111111", "4111 1111 1111 1111", " 4111-1111\u{a0}1111-1111 "] {
            assert_eq!(Pan::parse(text).unwrap().expose(), "4111111111111111");
        }
        for (text, fault) in [
            ("", PanFault::Length),
            ("41111111111", PanFault::Length),
            ("41111111111111111111", PanFault::Length),
            ("4111111111111112", PanFault::CheckDigit),
            ("4111.1111.1111.1111", PanFault::NotDigits),
            ("4.111111111111111e15", PanFault::NotDigits),
            ("٤111111111111111", PanFault::NotDigits),
        ] {
            assert_eq!(Pan::parse(text).unwrap_err(), fault, "{text:?}");
        }
    }

    #[test]
    fn only_first_six_and_last_four_are_shown() {
        let pan = Pan::parse("374500000000015").unwrap();
        assert_eq!(format!("{pan:?}"), "Pan(374500*****0015)");
        assert_eq!((pan.bin(), pan.last4(), pan.digits()), ("374500", "0015", 15));
        assert_eq!(Pan::parse("6799990000000000011").unwrap().masked(), "679999*********0011");
    }

    #[test]
    fn no_fault_repeats_the_number() {
        for text in ["4111111111111112", "411111111111111x", "4111111111"] {
            let fault = Pan::parse(text).unwrap_err();
            assert!(!format!("{fault:?} {fault}").contains("4111"));
        }
    }

    proptest! {
        #[test]
        fn exactly_one_check_digit_fits(body in "[1-9][0-9]{10,17}") {
            let valid = (0..10).filter(|digit| Pan::parse(&format!("{body}{digit}")).is_ok());
            prop_assert_eq!(valid.count(), 1);
        }

        #[test]
        fn a_mistyped_digit_is_noticed(body in "[1-9][0-9]{10,17}", place in 0usize..12, add in 1u8..10) {
            let valid = (0..10).find_map(|digit| Pan::parse(&format!("{body}{digit}")).ok()).unwrap();
            let mut bytes = valid.expose().as_bytes().to_vec();
            bytes[place] = b'0' + (bytes[place] - b'0' + add) % 10;
            let mistyped = String::from_utf8(bytes).unwrap();
            prop_assert_eq!(Pan::parse(&mistyped), Err(PanFault::CheckDigit));
        }

        #[test]
        fn any_text_is_read_or_refused(text in "\\PC{0,40}") {
            if let Ok(pan) = Pan::parse(&text) {
                let debug = format!("{pan:?}");
                prop_assert!(!debug.contains(pan.expose()));
            }
        }
    }
}
