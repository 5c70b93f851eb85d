//! What changes the books, in the form that the journal keeps.
//!
//! A card is known by its name in the test card table and a request by a hash of its identity,
//! so a journal holds no card number.

use serde::{Deserialize, Serialize};

use super::entry::{Entry, Operation, Rrn};

/// The identity of a request: a 128-bit FNV-1a hash of DE7, DE11, DE32 and DE37.
///
/// Two messages with the same elements are copies of one request. The terminal (DE41) is left out,
/// since a reversal names the other four of its original and may come from another terminal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Key(u128);

/// A response code (DE39): two characters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ResponseCode([u8; 2]);

/// A change of the books.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum Event {
    /// An authorization, a single message or an advice was approved.
    Authorized { merchant: String, key: Key, entry: Entry },
    /// An increment, a capture or a refund of the authorization with the RRN `original`.
    Operated { merchant: String, key: Key, original: Rrn, operation: Operation, last: bool },
    /// The operation with this RRN was reversed, down to `remains` or as a whole.
    Reversed {
        merchant: String,
        key: Key,
        rrn: Rrn,
        remains: Option<i64>,
        /// Unix milliseconds.
        #[serde(default)]
        at: i64,
    },
    /// A request was answered without effect.
    Answered { merchant: String, key: Key, code: ResponseCode },
    /// A reversal came before its original, which must not have an effect any more.
    UndoneEarly { merchant: String, original: Key },
    /// A merchant's books were deleted.
    Cleared { merchant: String },
    /// Snapshot: an entry as it is.
    Kept { merchant: String, entry: Entry },
    /// Snapshot: how far the numbering is.
    Sequence { sequence: u64 },
}

impl Key {
    /// The identity of the request with these elements.
    pub fn of(transmitted_at: &str, stan: &str, acquirer: &str, rrn: &str) -> Key {
        let mut hash = FNV_OFFSET;
        for part in [transmitted_at, stan, acquirer, rrn] {
            // The separator cannot occur in an element.
            for byte in part.bytes().chain([0]) {
                hash = (hash ^ u128::from(byte)).wrapping_mul(FNV_PRIME);
            }
        }
        Key(hash)
    }
}

const FNV_OFFSET: u128 = 0x6c62_272e_07bb_0142_62b8_2175_6295_c58d;
const FNV_PRIME: u128 = 0x0000_0000_0100_0000_0000_0000_0000_013b;

impl TryFrom<String> for Key {
    type Error = std::num::ParseIntError;

    fn try_from(text: String) -> Result<Key, std::num::ParseIntError> {
        u128::from_str_radix(&text, 16).map(Key)
    }
}

impl From<Key> for String {
    fn from(key: Key) -> String {
        format!("{:032x}", key.0)
    }
}

impl ResponseCode {
    pub const APPROVED: ResponseCode = ResponseCode(*b"00");

    /// Reads two letters or digits.
    pub fn parse(text: &str) -> Option<ResponseCode> {
        let characters: [u8; 2] = text.as_bytes().try_into().ok()?;
        let valid = characters.iter().all(|c| c.is_ascii_digit() || c.is_ascii_uppercase());
        valid.then_some(ResponseCode(characters))
    }

    /// The two characters.
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.0).expect("checked to be ASCII when it was read")
    }
}

impl TryFrom<String> for ResponseCode {
    type Error = &'static str;

    fn try_from(text: String) -> Result<ResponseCode, &'static str> {
        ResponseCode::parse(&text).ok_or("a response code has two letters or digits")
    }
}

impl From<ResponseCode> for String {
    fn from(code: ResponseCode) -> String {
        code.as_str().to_owned()
    }
}
