//! Numbers and tokens that name an order to the outside.
//!
//! Transaction ids are what shops see: 16 digits, below 2^53 so that every JSON reader keeps them
//! whole, ordered by time, unique across processes by a leased node number.

use std::sync::Mutex;

use crate::clock::UnixMillis;

/// 2025-01-01T00:00:00 UTC: tick 0.
const EPOCH_MS: i64 = 1_735_689_600_000;
const TICK_MS: i64 = 8;
const NODE_BITS: u32 = 10;
const SEQUENCE_BITS: u32 = 6;
/// Makes every id 16 digits long.
const BASE: i64 = 1_000_000_000_000_000;
/// The first id that no longer fits 2^53: reached in the year 2055.
const LIMIT: i64 = 1 << 53;

/// Nodes are numbered below this.
pub const NODES_MAX: u16 = 1 << NODE_BITS;

/// Gives transaction ids of one process. A process that needs more than 64 within a tick of 8 ms
/// borrows from the ticks to come.
#[derive(Debug)]
pub struct TransactionIds {
    node: i64,
    /// Tick and sequence of the last id given, as one counter.
    last: Mutex<i64>,
}

impl TransactionIds {
    /// `node` is this process's leased number.
    ///
    /// # Panics
    /// When the node number has more than 10 bits.
    pub fn new(node: u16) -> TransactionIds {
        assert!(node < NODES_MAX, "a node number has {NODE_BITS} bits");
        TransactionIds { node: i64::from(node), last: Mutex::new(0) }
    }

    /// The next id, larger than all before it from this process.
    ///
    /// # Panics
    /// When the ids are used up, in 2055.
    pub fn next(&self, now: UnixMillis) -> i64 {
        let tick = (now - EPOCH_MS).max(0) / TICK_MS;
        let mut last = self.last.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        *last = (*last + 1).max(tick << SEQUENCE_BITS);
        let (tick, sequence) = (*last >> SEQUENCE_BITS, *last & ((1 << SEQUENCE_BITS) - 1));
        let id =
            BASE + (tick << (NODE_BITS + SEQUENCE_BITS)) + (self.node << SEQUENCE_BITS) + sequence;
        assert!(id < LIMIT, "transaction ids are used up");
        id
    }
}

/// The smallest transaction id that is given at this instant or later, if no process borrowed it
/// before: ids of a busy process run ahead of the clock by a moment.
pub fn first_id_at(at: UnixMillis) -> i64 {
    let tick = (at.saturating_sub(EPOCH_MS)).max(0) / TICK_MS;
    tick.checked_mul(1 << (NODE_BITS + SEQUENCE_BITS))
        .and_then(|ticks| ticks.checked_add(BASE))
        .map_or(LIMIT, |id| id.min(LIMIT))
}

const ALPHABET: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/// What a payer's token names. It carries a keyed hash, so that nobody can make one up or turn
/// one into another; it needs no row of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TokenSubject {
    pub site_id: i64,
    pub transaction_id: i64,
}

/// What a token is good for; a token of one purpose is worth nothing for another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TokenPurpose {
    /// The payer's way through verification: pages and the return from the ACS.
    Payer,
    /// The address to which the directory server sends the result.
    Results,
    /// The page on which an order can be paid. Its token is a session id of the contract, which
    /// is shorter.
    Session,
    /// The address to which the provider of another method brings the result.
    Provider,
    /// A reminder of a session: whoever brings it has the mail.
    Reminder,
}

impl TokenPurpose {
    /// Bytes of the keyed hash that a token carries.
    fn mac_bytes(self) -> usize {
        match self {
            TokenPurpose::Payer
            | TokenPurpose::Results
            | TokenPurpose::Provider
            | TokenPurpose::Reminder => 16,
            TokenPurpose::Session => 14,
        }
    }

    /// Base 62 digits of a token.
    fn characters(self) -> usize {
        match self {
            TokenPurpose::Payer
            | TokenPurpose::Results
            | TokenPurpose::Provider
            | TokenPurpose::Reminder => TOKEN_CHARACTERS,
            TokenPurpose::Session => SESSION_CHARACTERS,
        }
    }
}

const SUBJECT_BYTES: usize = 12;
/// 28 bytes in base 62.
pub const TOKEN_CHARACTERS: usize = 38;
/// 26 bytes in base 62.
pub const SESSION_CHARACTERS: usize = 35;

/// Makes a token; `mac` is a keyed hash of which the first bytes are used.
pub fn issue_token(
    subject: TokenSubject,
    purpose: TokenPurpose,
    mac: &dyn Fn(&[u8]) -> [u8; 32],
) -> String {
    let mut bytes = vec![0u8; SUBJECT_BYTES];
    let site = u32::try_from(subject.site_id).expect("site numbers have 32 bits");
    bytes[..4].copy_from_slice(&site.to_be_bytes());
    bytes[4..].copy_from_slice(&subject.transaction_id.to_be_bytes());
    let tag = mac(&tagged(&bytes, purpose));
    bytes.extend_from_slice(&tag[..purpose.mac_bytes()]);
    base62(bytes, purpose.characters())
}

/// Reads a token; `None` for anything that was not issued for this purpose.
pub fn read_token(
    token: &str,
    purpose: TokenPurpose,
    mac: &dyn Fn(&[u8]) -> [u8; 32],
) -> Option<TokenSubject> {
    use subtle::ConstantTimeEq;
    let bytes = from_base62(token, purpose)?;
    let tag = mac(&tagged(&bytes[..SUBJECT_BYTES], purpose));
    if !bool::from(tag[..purpose.mac_bytes()].ct_eq(&bytes[SUBJECT_BYTES..])) {
        return None;
    }
    let site = u32::from_be_bytes(bytes[..4].try_into().ok()?);
    let transaction_id = i64::from_be_bytes(bytes[4..SUBJECT_BYTES].try_into().ok()?);
    Some(TokenSubject { site_id: i64::from(site), transaction_id })
}

fn tagged(subject: &[u8], purpose: TokenPurpose) -> Vec<u8> {
    let purpose: &[u8] = match purpose {
        TokenPurpose::Payer => b"payer",
        TokenPurpose::Results => b"results",
        TokenPurpose::Session => b"session",
        TokenPurpose::Provider => b"provider",
        TokenPurpose::Reminder => b"reminder",
    };
    [b"token/", purpose, b"/", subject].concat()
}

/// Fixed width, so that a token tells nothing by its length.
fn base62(mut number: Vec<u8>, characters: usize) -> String {
    let mut digits = vec![b'0'; characters];
    for digit in digits.iter_mut().rev() {
        let mut remainder = 0u32;
        for byte in &mut number {
            let value = (remainder << 8) | u32::from(*byte);
            *byte = u8::try_from(value / 62).expect("a quotient of less than 62 × 256 by 62");
            remainder = value % 62;
        }
        *digit = ALPHABET[remainder as usize];
    }
    digits.iter().map(|digit| char::from(*digit)).collect()
}

fn from_base62(text: &str, purpose: TokenPurpose) -> Option<Vec<u8>> {
    if text.len() != purpose.characters() {
        return None;
    }
    let mut number = vec![0u8; SUBJECT_BYTES + purpose.mac_bytes()];
    for character in text.bytes() {
        let mut carry = u32::try_from(ALPHABET.iter().position(|it| *it == character)?).ok()?;
        for byte in number.iter_mut().rev() {
            let value = u32::from(*byte) * 62 + carry;
            *byte = u8::try_from(value & 0xff).ok()?;
            carry = value >> 8;
        }
        if carry != 0 {
            return None;
        }
    }
    Some(number)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A stand-in for a keyed hash: good enough to see that every byte counts.
    fn mac(bytes: &[u8]) -> [u8; 32] {
        let mut out = [7u8; 32];
        for (index, byte) in bytes.iter().enumerate() {
            let slot = index % 32;
            out[slot] = out[slot].wrapping_mul(31).wrapping_add(*byte);
            out[(slot + 1) % 32] ^= out[slot];
        }
        out
    }

    const NOW: UnixMillis = 1_795_000_000_000;

    #[test]
    fn ids_have_16_digits_and_grow_even_within_one_tick() {
        let ids = TransactionIds::new(1023);
        let mut before = 0;
        for step in 0..10_000 {
            let id = ids.next(NOW + step / 1000);
            assert!(id > before && id < LIMIT && id.to_string().len() == 16, "{id}");
            before = id;
        }
        // A clock that is set back does not bring an id back.
        assert!(ids.next(NOW - 60_000) > before);
    }

    #[test]
    fn ids_of_a_time_begin_with_the_first_of_it() {
        let id = TransactionIds::new(0).next(NOW);
        assert!(first_id_at(NOW) <= id && id < first_id_at(NOW + TICK_MS));
        assert!(TransactionIds::new(1023).next(NOW) < first_id_at(NOW + TICK_MS));
        assert_eq!(first_id_at(0), BASE);
    }

    #[test]
    fn two_nodes_never_give_the_same_id() {
        let (one, two) = (TransactionIds::new(1), TransactionIds::new(2));
        let first: std::collections::BTreeSet<i64> = (0..500).map(|_| one.next(NOW)).collect();
        assert!((0..500).all(|_| !first.contains(&two.next(NOW))));
    }

    #[test]
    fn a_token_is_good_for_its_purpose_only_and_cannot_be_changed() {
        let subject = TokenSubject { site_id: 20001, transaction_id: 1_234_567_890_123_456 };
        for (purpose, other, characters) in [
            (TokenPurpose::Payer, TokenPurpose::Results, TOKEN_CHARACTERS),
            (TokenPurpose::Results, TokenPurpose::Session, TOKEN_CHARACTERS),
            (TokenPurpose::Provider, TokenPurpose::Results, TOKEN_CHARACTERS),
            (TokenPurpose::Session, TokenPurpose::Payer, SESSION_CHARACTERS),
        ] {
            let token = issue_token(subject, purpose, &mac);
            assert_eq!(token.len(), characters);
            assert_eq!(read_token(&token, purpose, &mac), Some(subject));
            assert_eq!(read_token(&token, other, &mac), None);
            for index in 0..token.len() {
                let mut changed = token.clone().into_bytes();
                changed[index] = if changed[index] == b'A' { b'B' } else { b'A' };
                let changed = String::from_utf8(changed).unwrap();
                assert_eq!(read_token(&changed, purpose, &mac), None, "{changed}");
            }
            for other in ["", "x", "ü", &"z".repeat(characters), &"0".repeat(500)] {
                assert_eq!(read_token(other, purpose, &mac), None);
            }
        }
    }
}
