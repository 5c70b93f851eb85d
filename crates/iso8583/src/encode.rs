//! From a message to bytes.
//!
//! One loop over the elements, by the dialect's table. Nothing is written that a reader of the
//! same dialect would refuse.

use std::fmt;

use super::bcd;
use super::codec::{Encoding, MESSAGE_BYTES_MAX};
use super::mac::{MAC_PRIMARY, MAC_SECONDARY, SECONDARY_BITS};
use super::message::Message;
use super::spec::{Element, Format, Length, Spec, bit};

/// The message cannot be written in this dialect.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EncodeError {
    /// The element at fault; `None` when it is the message as a whole.
    pub element: Option<u8>,
    /// What is wrong with it.
    pub kind: EncodeErrorKind,
}

/// Why a message cannot be written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EncodeErrorKind {
    /// The dialect has no such element.
    UnknownElement,
    /// The element may not be sent (chip, track and PIN data).
    Forbidden,
    /// The value is longer than the element, or of the wrong length where none can be padded.
    Length,
    /// The value has a character that the element's format does not allow.
    Character,
    /// The message would be longer than [`MESSAGE_BYTES_MAX`].
    TooLong,
}

/// Type, two bitmaps and a MAC, as hex digits.
const HEADER_BYTES_MAX: usize = 52;
/// The length in front of an element.
const LENGTH_BYTES_MAX: usize = 3;

type Mac<'a> = &'a dyn Fn(&[u8]) -> [u8; 8];

pub(crate) fn encode(
    spec: &Spec,
    encoding: Encoding,
    message: &Message,
    mac: Option<Mac<'_>>,
    out: &mut Vec<u8>,
) -> Result<(), EncodeError> {
    let start = out.len();
    let result = append(spec, encoding, message, mac, out);
    if result.is_err() {
        out.truncate(start);
    }
    result
}

fn append(
    spec: &Spec,
    encoding: Encoding,
    message: &Message,
    mac: Option<Mac<'_>>,
    out: &mut Vec<u8>,
) -> Result<(), EncodeError> {
    let start = out.len();
    // All growth at once and first: a buffer that moves leaves card data behind.
    out.reserve(bytes_max(spec, message));
    let mut present = message.present();
    let mac_element = if present & SECONDARY_BITS == 0 { MAC_PRIMARY } else { MAC_SECONDARY };
    if mac.is_some() {
        present |= bit(mac_element);
    }
    if present & SECONDARY_BITS != 0 {
        present |= bit(1);
    }
    let bitmaps = present.to_be_bytes();
    let bitmaps = if present & bit(1) != 0 { &bitmaps[..] } else { &bitmaps[..8] };
    match encoding {
        Encoding::Ascii => {
            out.extend_from_slice(message.mti().as_str().as_bytes());
            bcd::to_hex(bitmaps, out);
        }
        Encoding::Binary => {
            out.extend_from_slice(&message.mti().bcd().to_be_bytes());
            out.extend_from_slice(bitmaps);
        }
    }
    for (de, value) in message.raw_elements() {
        if mac.is_some() && de == mac_element {
            continue;
        }
        let error = |kind| EncodeError { element: Some(de), kind };
        let element = spec.element(de).ok_or(error(EncodeErrorKind::UnknownElement))?;
        if spec.is_forbidden(de) {
            return Err(error(EncodeErrorKind::Forbidden));
        }
        element_bytes(element, encoding, value, out).map_err(error)?;
        if out.len().saturating_sub(start) > MESSAGE_BYTES_MAX {
            return Err(EncodeError { element: Some(de), kind: EncodeErrorKind::TooLong });
        }
    }
    if let Some(mac) = mac {
        let value = mac(&out[start..]);
        match encoding {
            Encoding::Ascii => bcd::to_hex(&value, out),
            Encoding::Binary => out.extend_from_slice(&value),
        }
    }
    if out.len().saturating_sub(start) > MESSAGE_BYTES_MAX {
        return Err(EncodeError { element: None, kind: EncodeErrorKind::TooLong });
    }
    Ok(())
}

/// An upper bound of the bytes of a message, in either encoding.
fn bytes_max(spec: &Spec, message: &Message) -> usize {
    message.raw_elements().fold(HEADER_BYTES_MAX, |sum, (de, value)| {
        let fixed = match spec.element(de).map(|element| element.length) {
            Some(Length::Fixed(width)) => usize::from(width),
            _ => 0,
        };
        sum.saturating_add(fixed.max(value.len())).saturating_add(LENGTH_BYTES_MAX)
    })
}

fn element_bytes(
    element: &Element,
    encoding: Encoding,
    value: &[u8],
    out: &mut Vec<u8>,
) -> Result<(), EncodeErrorKind> {
    if element.format == Format::B {
        return binary_bytes(element, encoding, value, out);
    }
    let max = usize::from(element.length.max());
    if value.len() > max {
        return Err(EncodeErrorKind::Length);
    }
    check_characters(element.format, value)?;
    let width = match element.length {
        Length::Fixed(width) => {
            if value.is_empty() || (element.format == Format::Xn && value.len() != max) {
                return Err(EncodeErrorKind::Length);
            }
            usize::from(width)
        }
        Length::Ll(_) => {
            length_bytes(value.len(), 2, encoding, out);
            value.len()
        }
        Length::Lll(_) => {
            length_bytes(value.len(), 3, encoding, out);
            value.len()
        }
    };
    let padding = width.saturating_sub(value.len());
    match (element.format, encoding) {
        (Format::N, Encoding::Binary) => bcd::pack(value, width, out),
        (Format::N, Encoding::Ascii) => {
            out.extend(std::iter::repeat_n(b'0', padding));
            out.extend_from_slice(value);
        }
        _ => {
            out.extend_from_slice(value);
            out.extend(std::iter::repeat_n(b' ', padding));
        }
    }
    Ok(())
}

/// Writes an element of bytes, given as hex digits; its length counts bytes.
fn binary_bytes(
    element: &Element,
    encoding: Encoding,
    value: &[u8],
    out: &mut Vec<u8>,
) -> Result<(), EncodeErrorKind> {
    let bytes = value.len() / 2;
    let max = usize::from(element.length.max());
    let length_fits = match element.length {
        Length::Fixed(_) => bytes == max,
        Length::Ll(_) | Length::Lll(_) => bytes <= max,
    };
    if !length_fits || value.len() % 2 == 1 {
        return Err(EncodeErrorKind::Length);
    }
    match element.length {
        Length::Fixed(_) => {}
        Length::Ll(_) => length_bytes(bytes, 2, encoding, out),
        Length::Lll(_) => length_bytes(bytes, 3, encoding, out),
    }
    let at = out.len();
    bcd::from_hex(value, out).ok_or(EncodeErrorKind::Character)?;
    if encoding == Encoding::Ascii {
        let raw = out.split_off(at);
        bcd::to_hex(&raw, out);
    }
    Ok(())
}

fn length_bytes(length: usize, digits: usize, encoding: Encoding, out: &mut Vec<u8>) {
    let all = bcd::four_digits(length);
    let text = if digits == 2 { &all[2..] } else { &all[1..] };
    match encoding {
        Encoding::Ascii => out.extend_from_slice(text),
        Encoding::Binary => bcd::pack(text, digits, out),
    }
}

/// Whether every character is one of the format's.
fn check_characters(format: Format, value: &[u8]) -> Result<(), EncodeErrorKind> {
    let fine = match format {
        Format::N => is_digits(value),
        Format::An | Format::Ans | Format::Z => is_printable(value),
        Format::Xn => is_signed(value),
        Format::B => value.iter().all(u8::is_ascii_hexdigit),
    };
    if fine { Ok(()) } else { Err(EncodeErrorKind::Character) }
}

/// Printable ASCII. Looks at every byte, since a loop without a way out is done many at a time.
pub(crate) fn is_printable(value: &[u8]) -> bool {
    value.iter().fold(true, |fine, byte| fine & matches!(byte, 0x20..=0x7e))
}

/// Digits.
pub(crate) fn is_digits(value: &[u8]) -> bool {
    value.iter().fold(true, |fine, byte| fine & byte.is_ascii_digit())
}

/// Credit or debit, then digits.
pub(crate) fn is_signed(value: &[u8]) -> bool {
    value.split_first().is_some_and(|(sign, digits)| {
        matches!(sign, b'C' | b'D') && digits.iter().all(u8::is_ascii_digit)
    })
}

impl fmt::Display for EncodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let what = match self.kind {
            EncodeErrorKind::UnknownElement => "not an element of the dialect",
            EncodeErrorKind::Forbidden => "an element that may not be sent",
            EncodeErrorKind::Length => "a value of the wrong length",
            EncodeErrorKind::Character => "a character that the format does not allow",
            EncodeErrorKind::TooLong => "the message is too long",
        };
        match self.element {
            Some(de) => write!(f, "element {de}: {what}"),
            None => f.write_str(what),
        }
    }
}

impl std::error::Error for EncodeError {}
