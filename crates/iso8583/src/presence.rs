//! Which elements a message of each type must have and may have.
//!
//! Conditions that depend on the business (is it incremental? was 3DS done?) are the sender's.

use std::fmt;

use super::message::{Message, Numbers};
use super::mti::Mti;
use super::spec::bit;

/// An element is missing or does not belong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PresenceError {
    /// The element.
    pub de: u8,
    /// Whether it is missing or too much.
    pub kind: PresenceErrorKind,
}

/// Missing or too much.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PresenceErrorKind {
    /// Mandatory for this type, or to be echoed, and absent.
    Missing,
    /// Not listed for this type.
    NotAllowed,
}

/// Checks a message before it is sent: everything mandatory is there and nothing surplus.
///
/// # Errors
/// The lowest element that is missing; else the lowest that does not belong.
pub fn check(message: &Message) -> Result<(), PresenceError> {
    check_received(message)?;
    let surplus = message.present() & !rules(message.mti()).allowed;
    refuse(surplus, PresenceErrorKind::NotAllowed)
}

/// Checks a message that was received: everything mandatory is there. Surplus is ignored.
///
/// # Errors
/// The lowest element that is missing.
pub fn check_received(message: &Message) -> Result<(), PresenceError> {
    let missing = rules(message.mti()).mandatory & !message.present();
    refuse(missing, PresenceErrorKind::Missing)
}

/// Whether a message of this type may have this element.
pub fn is_allowed(mti: Mti, de: u8) -> bool {
    rules(mti).allowed & bit(de) != 0
}

fn refuse(bits: u128, kind: PresenceErrorKind) -> Result<(), PresenceError> {
    Numbers(bits).next().map_or(Ok(()), |de| Err(PresenceError { de, kind }))
}

/// The rules of one column.
#[derive(Clone, Copy)]
struct Rules {
    mandatory: u128,
    allowed: u128,
}

/// A repeat follows its first copy.
fn rules(mti: Mti) -> Rules {
    let first_copy = mti.first_copy();
    let column = COLUMNS.iter().position(|column| *column == first_copy);
    RULES[column.expect("every type but a repeat has a column")]
}

/// The columns of the table.
const COLUMNS: [Mti; 14] = [
    Mti::AUTHORIZATION_REQUEST,
    Mti::AUTHORIZATION_RESPONSE,
    Mti::AUTHORIZATION_ADVICE,
    Mti::AUTHORIZATION_ADVICE_RESPONSE,
    Mti::FINANCIAL_REQUEST,
    Mti::FINANCIAL_RESPONSE,
    Mti::FINANCIAL_ADVICE,
    Mti::FINANCIAL_ADVICE_RESPONSE,
    Mti::REVERSAL_REQUEST,
    Mti::REVERSAL_RESPONSE,
    Mti::REVERSAL_ADVICE,
    Mti::REVERSAL_ADVICE_RESPONSE,
    Mti::NETWORK_REQUEST,
    Mti::NETWORK_RESPONSE,
];

/// M mandatory, E echo of the request (mandatory), C conditional, O optional, c echo when the
/// request had it, - absent. One letter per column.
#[rustfmt::skip]
const TABLE: &[(u8, &[u8; COLUMNS.len()])] = &[
    (2, b"M-M-M-M-M-M---"),
    (3, b"MEMEMEMEMEME--"),
    (4, b"MEMEMEMEMEME--"),
    (7, b"MEMEMEMEMEMEME"),
    (11, b"MEMEMEMEMEMEME"),
    (12, b"M-M-M-M-M-M---"),
    (13, b"M-M-M-M-M-M---"),
    (14, b"C-C-C-C-C-C---"),
    (15, b"-O-O-O-O-O-O--"),
    (18, b"M-M-M-M-M-M---"),
    (19, b"M-M-M-M-M-M---"),
    (22, b"M-M-M-M-M-M---"),
    (25, b"M-M-M-M-M-M---"),
    (32, b"MEMEMEMEMEMEME"),
    (33, b"OcOcOcOcOcOc--"),
    (37, b"MEMEMEMEMEME--"),
    (38, b"CCMC-CMCCCCC--"),
    (39, b"-MMM-M-MCMCM-M"),
    (41, b"MEMEMEMEMEME--"),
    (42, b"MEMEMEMEMEME--"),
    (43, b"M-M-M-M-M-M---"),
    (44, b"-C-C-C-C-C-C--"),
    (48, b"MCMCMCMCMCMCCC"),
    (49, b"MEMEMEMEMEME--"),
    (54, b"-C---C--------"),
    (64, b"CCCCCCCCCCCC--"),
    (70, b"------------ME"),
    (90, b"------M-M-M---"),
    (95, b"--------CcCc--"),
    (125, b"------------CC"),
    (128, b"CCCCCCCCCCCCCC"),
];

static RULES: [Rules; COLUMNS.len()] = build();

#[expect(clippy::arithmetic_side_effects, reason = "evaluated by the compiler, which would say so")]
const fn build() -> [Rules; COLUMNS.len()] {
    let mut rules = [Rules { mandatory: 0, allowed: 0 }; COLUMNS.len()];
    let mut row = 0;
    while row < TABLE.len() {
        let (de, letters) = TABLE[row];
        let mut column = 0;
        while column < COLUMNS.len() {
            match letters[column] {
                b'M' | b'E' => {
                    rules[column].mandatory |= bit(de);
                    rules[column].allowed |= bit(de);
                }
                b'C' | b'O' | b'c' => rules[column].allowed |= bit(de),
                _ => assert!(letters[column] == b'-'),
            }
            column += 1;
        }
        row += 1;
    }
    rules
}

impl fmt::Display for PresenceError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.kind {
            PresenceErrorKind::Missing => write!(f, "element {} is missing", self.de),
            PresenceErrorKind::NotAllowed => write!(f, "element {} does not belong", self.de),
        }
    }
}

impl std::error::Error for PresenceError {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_type_has_rules() {
        for mti in Mti::ALL {
            let rules = rules(mti);
            assert!(rules.mandatory & bit(11) != 0, "{mti} has no STAN");
            assert_eq!(rules.mandatory & !rules.allowed, 0);
        }
    }

    #[test]
    fn a_sender_refuses_surplus_and_a_receiver_ignores_it() {
        let mut echo = Message::new(Mti::NETWORK_REQUEST);
        for (de, value) in [(7, "1122140130"), (11, "000002"), (32, "999001")] {
            echo.set(de, value);
        }
        let missing = PresenceError { de: 70, kind: PresenceErrorKind::Missing };
        assert_eq!(check(&echo), Err(missing));
        assert_eq!(check_received(&echo), Err(missing));
        echo.set(70, "301");
        assert_eq!(check(&echo), Ok(()));
        echo.set(2, "4111111111111111");
        let surplus = PresenceError { de: 2, kind: PresenceErrorKind::NotAllowed };
        assert_eq!(check(&echo), Err(surplus));
        assert_eq!(check_received(&echo), Ok(()));
    }
}
