//! A dialect in one of its two encodings: the entry to writing and reading messages.
//!
//! The loops are in `encode` and `decode`, the MAC in `mac`; this file only ties them to a table.

use super::decode::{self, DecodeError};
use super::encode::{self, EncodeError};
use super::mac::{self, MacError};
use super::message::Message;
use super::spec::Spec;

/// Longest message, in bytes, frame not counted.
pub const MESSAGE_BYTES_MAX: usize = 4096;

/// How the parts of a message become bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Encoding {
    /// Everything is printable ASCII: bitmaps and binary elements are hex digits.
    Ascii,
    /// Type, lengths and digits are packed BCD, bitmaps and binary elements raw bytes.
    Binary,
}

/// Writes and reads messages of one dialect in one encoding.
#[derive(Clone, Copy, Debug)]
pub struct Codec {
    spec: &'static Spec,
    encoding: Encoding,
}

impl Codec {
    /// A codec for a dialect and an encoding.
    pub fn new(spec: &'static Spec, encoding: Encoding) -> Codec {
        Codec { spec, encoding }
    }

    /// The dialect.
    pub fn spec(&self) -> &'static Spec {
        self.spec
    }

    /// The encoding.
    pub fn encoding(&self) -> Encoding {
        self.encoding
    }

    /// Appends the bytes of a message to `out`.
    ///
    /// Fixed digits are padded with zeros on the left, other fixed text with spaces on the right.
    /// On an error nothing is appended. The bytes hold card data: the caller wipes them.
    ///
    /// # Errors
    /// Names the element that the dialect does not allow to be written so.
    pub fn encode(&self, message: &Message, out: &mut Vec<u8>) -> Result<(), EncodeError> {
        encode::encode(self.spec, self.encoding, message, None, out)
    }

    /// Appends the bytes of a message and its MAC: element 64 without a secondary bitmap, else
    /// element 128. `mac` is given all bytes before that element, its bit set in the bitmap.
    ///
    /// # Errors
    /// As [`Codec::encode`]. A MAC that the message already has is replaced.
    pub fn encode_with_mac(
        &self,
        message: &Message,
        out: &mut Vec<u8>,
        mac: &dyn Fn(&[u8]) -> [u8; 8],
    ) -> Result<(), EncodeError> {
        encode::encode(self.spec, self.encoding, message, Some(mac), out)
    }

    /// Reads one whole message.
    ///
    /// # Errors
    /// Anything that is not exactly one message of the dialect, with the element where it fails.
    pub fn decode(&self, bytes: &[u8]) -> Result<Message, DecodeError> {
        decode::decode(self.spec, self.encoding, bytes)
    }

    /// Checks the MAC at the end of a message's bytes, in constant time.
    ///
    /// # Errors
    /// [`MacError::Absent`] when the bitmap announces none, [`MacError::Wrong`] when it differs.
    pub fn verify_mac(&self, bytes: &[u8], mac: &dyn Fn(&[u8]) -> [u8; 8]) -> Result<(), MacError> {
        mac::verify(self.encoding, bytes, mac)
    }
}
