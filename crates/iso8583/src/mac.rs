//! Where the message authentication code lies, and whether it is right.
//!
//! The algorithm is the caller's (AES-CMAC on this profile): this crate knows no keys.

use std::fmt;

use super::bcd;
use super::codec::Encoding;
use super::spec::bit;

/// The MAC element of a message without a secondary bitmap.
pub(crate) const MAC_PRIMARY: u8 = 64;
/// The MAC element of a message with one.
pub(crate) const MAC_SECONDARY: u8 = 128;
/// The elements of the secondary bitmap.
pub(crate) const SECONDARY_BITS: u128 = u64::MAX as u128;

/// Bytes of a MAC.
const MAC_BYTES: usize = 8;

/// The MAC of a message cannot be confirmed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MacError {
    /// The bitmap announces no MAC where it belongs.
    Absent,
    /// The bytes are too short, or the bitmap or the MAC is not hex digits.
    Malformed,
    /// The MAC is not that of the bytes before it.
    Wrong,
}

pub(crate) fn verify(
    encoding: Encoding,
    bytes: &[u8],
    mac: &dyn Fn(&[u8]) -> [u8; MAC_BYTES],
) -> Result<(), MacError> {
    let bitmap = |at: usize| -> Option<u64> {
        match encoding {
            Encoding::Ascii => {
                let at = at.checked_mul(2)?;
                let mut raw = Vec::with_capacity(8);
                bcd::from_hex(bytes.get(at..at.checked_add(16)?)?, &mut raw)?;
                Some(u64::from_be_bytes(raw.try_into().ok()?))
            }
            Encoding::Binary => {
                Some(u64::from_be_bytes(bytes.get(at..at.checked_add(8)?)?.try_into().ok()?))
            }
        }
    };
    // Two bytes of type, then the bitmaps, in bytes of the binary encoding.
    let primary = u128::from(bitmap(2).ok_or(MacError::Malformed)?) << 64;
    let (announced, element) = if primary & bit(1) == 0 {
        (primary, MAC_PRIMARY)
    } else {
        (u128::from(bitmap(10).ok_or(MacError::Malformed)?), MAC_SECONDARY)
    };
    if announced & bit(element) == 0 {
        return Err(MacError::Absent);
    }
    let tail = match encoding {
        Encoding::Ascii => MAC_BYTES.saturating_mul(2),
        Encoding::Binary => MAC_BYTES,
    };
    let split = bytes.len().checked_sub(tail).ok_or(MacError::Malformed)?;
    let (covered, found) = bytes.split_at(split);
    let mut raw = Vec::with_capacity(MAC_BYTES);
    match encoding {
        Encoding::Ascii => bcd::from_hex(found, &mut raw).ok_or(MacError::Malformed)?,
        Encoding::Binary => raw.extend_from_slice(found),
    }
    // All bytes are compared, so that the time tells nothing of where they differ.
    let expected = mac(covered);
    let difference = expected.iter().zip(&raw).fold(0, |all, (a, b)| all | (a ^ b));
    if difference == 0 { Ok(()) } else { Err(MacError::Wrong) }
}

impl fmt::Display for MacError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            MacError::Absent => "the message has no MAC",
            MacError::Malformed => "the MAC cannot be read",
            MacError::Wrong => "the MAC is wrong",
        })
    }
}

impl std::error::Error for MacError {}
