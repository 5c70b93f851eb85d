//! ISO 8583:1987 messages: a codec whose dialect is a table, and what belongs to it on the wire.
//!
//! Pure: bytes in, messages out, and back. No sockets, no clock, no keys, nothing of a gateway.
//! Listed in the order in which a newcomer should read them.

#![warn(clippy::arithmetic_side_effects)]

pub mod mti;
pub mod message;
pub mod tags;
pub mod spec;
mod florin87;
pub mod codec;
mod bcd;
mod encode;
mod decode;
mod mac;
pub mod frame;
pub mod presence;
pub mod elements;
mod transliterate;
pub mod describe;

pub use codec::{Codec, Encoding, MESSAGE_BYTES_MAX};
pub use decode::{DecodeError, DecodeErrorKind};
pub use elements::transliterate;
pub use encode::{EncodeError, EncodeErrorKind};
pub use mac::MacError;
pub use message::Message;
pub use mti::{Mti, UnknownMti};
pub use spec::Spec;
pub use tags::{TagError, TagErrorKind, Tags};
