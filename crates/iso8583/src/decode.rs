//! From bytes to a message.
//!
//! Every byte is checked, none is read twice, and nothing but exactly one message is accepted.
//! Errors name the element and never repeat a value.

use std::fmt;

use super::bcd;
use super::codec::{Encoding, MESSAGE_BYTES_MAX};
use super::encode::{is_digits, is_printable, is_signed};
use super::message::{Message, Numbers};
use super::mti::Mti;
use super::spec::{Element, Format, Length, Spec, bit};

/// The bytes are not one message of the dialect.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DecodeError {
    /// The element at fault: 0 the type, 1 the bitmaps; `None` when it is the message as a whole.
    pub element: Option<u8>,
    /// What is wrong there.
    pub kind: DecodeErrorKind,
}

/// Why bytes are no message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DecodeErrorKind {
    /// Longer than [`MESSAGE_BYTES_MAX`].
    TooLong,
    /// The bytes end within this element.
    Truncated,
    /// The type is none of the profile.
    UnknownType,
    /// The bitmap is not hex digits.
    Bitmap,
    /// The bitmap announces an element that the dialect does not have.
    UnknownElement,
    /// The element may not be received (chip, track and PIN data).
    Forbidden,
    /// The length in front of the element is not digits, or more than the element holds.
    Length,
    /// A digit is expected where something else is.
    Digit,
    /// A byte is not printable ASCII, or not what the format allows.
    Character,
    /// Bytes are left after the last element.
    Trailing,
}

use DecodeErrorKind as Kind;

pub(crate) fn decode(
    spec: &Spec,
    encoding: Encoding,
    bytes: &[u8],
) -> Result<Message, DecodeError> {
    let at = |element| move |kind| DecodeError { element: Some(element), kind };
    if bytes.len() > MESSAGE_BYTES_MAX {
        return Err(DecodeError { element: None, kind: Kind::TooLong });
    }
    let mut reader = Reader { rest: bytes, encoding };
    let mti = reader.mti().map_err(at(0))?;
    let present = reader.bitmaps().map_err(at(1))?;
    let refused = present & spec.forbidden_bits();
    if let Some(de) = Numbers(refused).next() {
        return Err(at(de)(Kind::Forbidden));
    }
    // Room for the longest text that these bytes can hold, so that it never moves.
    let room = match encoding {
        Encoding::Ascii => bytes.len(),
        Encoding::Binary => bytes.len().saturating_mul(2),
    };
    let mut message = Message::with_room(mti, room);
    for de in Numbers(present & !bit(1)) {
        let element = spec.element(de).ok_or(at(de)(Kind::UnknownElement))?;
        message.push(de, |text| reader.element(element, text)).map_err(at(de))?;
    }
    if !reader.rest.is_empty() {
        return Err(DecodeError { element: None, kind: Kind::Trailing });
    }
    Ok(message)
}

struct Reader<'a> {
    rest: &'a [u8],
    encoding: Encoding,
}

impl<'a> Reader<'a> {
    fn mti(&mut self) -> Result<Mti, Kind> {
        let digits = match self.encoding {
            Encoding::Ascii => self.take(4)?.iter().try_fold(0u16, |digits, byte| {
                let digit = byte.is_ascii_digit().then_some(u16::from(byte & 0x0f))?;
                Some((digits << 4) | digit)
            }),
            Encoding::Binary => self.take(2)?.try_into().ok().map(u16::from_be_bytes),
        };
        Mti::from_bcd(digits.ok_or(Kind::UnknownType)?).map_err(|_| Kind::UnknownType)
    }

    /// Both bitmaps as one number, element 1 the highest bit.
    fn bitmaps(&mut self) -> Result<u128, Kind> {
        let primary = u128::from(self.bitmap()?) << 64;
        if primary & bit(1) == 0 {
            return Ok(primary);
        }
        Ok(primary | u128::from(self.bitmap()?))
    }

    fn bitmap(&mut self) -> Result<u64, Kind> {
        match self.encoding {
            Encoding::Ascii => self
                .take(16)?
                .iter()
                .try_fold(0u64, |bits, byte| Some((bits << 4) | u64::from(bcd::hex_digit(*byte)?)))
                .ok_or(Kind::Bitmap),
            Encoding::Binary => {
                self.take(8)?.try_into().map(u64::from_be_bytes).map_err(|_| Kind::Truncated)
            }
        }
    }

    fn element(&mut self, element: &Element, text: &mut Vec<u8>) -> Result<(), Kind> {
        let length = match element.length {
            Length::Fixed(length) => usize::from(length),
            Length::Ll(max) => self.length(2, max)?,
            Length::Lll(max) => self.length(3, max)?,
        };
        match (element.format, self.encoding) {
            (Format::N, Encoding::Ascii) => {
                let digits = self.take(length)?;
                if !is_digits(digits) {
                    return Err(Kind::Digit);
                }
                text.extend_from_slice(digits);
            }
            (Format::N, Encoding::Binary) => {
                let packed = self.take(bcd::packed_len(length))?;
                bcd::unpack(packed, length, text).ok_or(Kind::Digit)?;
            }
            (Format::B, Encoding::Ascii) => {
                let digits = self.take(length.saturating_mul(2))?;
                if !digits.iter().all(u8::is_ascii_hexdigit) {
                    return Err(Kind::Digit);
                }
                text.extend(digits.iter().map(u8::to_ascii_uppercase));
            }
            (Format::B, Encoding::Binary) => bcd::to_hex(self.take(length)?, text),
            (format, _) => {
                let characters = self.take(length)?;
                let fine = match format {
                    Format::Xn => is_signed(characters),
                    _ => is_printable(characters),
                };
                if !fine {
                    return Err(Kind::Character);
                }
                text.extend_from_slice(characters);
            }
        }
        Ok(())
    }

    /// The length in front of an element: two or three digits.
    fn length(&mut self, digits: usize, max: u16) -> Result<usize, Kind> {
        let mut text = [0; 3];
        let text = match self.encoding {
            Encoding::Ascii => self.take(digits)?,
            Encoding::Binary => {
                let packed = self.take(bcd::packed_len(digits))?;
                let nibbles = packed.iter().flat_map(|byte| [byte >> 4, byte & 0x0f]);
                // Three digits lie in four nibbles, of which the first must be zero.
                let mut nibbles = nibbles.skip(digits % 2);
                if digits % 2 == 1 && packed.first().is_some_and(|byte| byte >> 4 != 0) {
                    return Err(Kind::Length);
                }
                text.fill_with(|| {
                    nibbles.next().map_or(b'0', |nibble| b'0'.saturating_add(nibble))
                });
                text.get(..digits).unwrap_or_default()
            }
        };
        let length = text.iter().try_fold(0u16, |length, byte| {
            let digit = byte.is_ascii_digit().then_some(u16::from(byte & 0x0f))?;
            length.checked_mul(10)?.checked_add(digit)
        });
        match length {
            Some(length) if length <= max => Ok(usize::from(length)),
            _ => Err(Kind::Length),
        }
    }

    fn take(&mut self, count: usize) -> Result<&'a [u8], Kind> {
        let (taken, rest) = self.rest.split_at_checked(count).ok_or(Kind::Truncated)?;
        self.rest = rest;
        Ok(taken)
    }
}

impl fmt::Display for DecodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let what = match self.kind {
            Kind::TooLong => "the message is too long",
            Kind::Truncated => "the message ends here",
            Kind::UnknownType => "unknown message type",
            Kind::Bitmap => "the bitmap is not hex digits",
            Kind::UnknownElement => "not an element of the dialect",
            Kind::Forbidden => "an element that may not be received",
            Kind::Length => "the length is no number or too large",
            Kind::Digit => "not a digit",
            Kind::Character => "a character that the format does not allow",
            Kind::Trailing => "bytes are left after the last element",
        };
        match self.element {
            Some(de) => write!(f, "element {de}: {what}"),
            None => f.write_str(what),
        }
    }
}

impl std::error::Error for DecodeError {}
