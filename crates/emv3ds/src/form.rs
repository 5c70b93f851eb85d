//! Messages on their way through a browser: base64url in a form field.
//!
//! Written without padding, read with or without it. Not URL encoding, which is the form's affair.

use std::fmt;

use base64::Engine;
use base64::alphabet::URL_SAFE;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};

use crate::erro::ParseError;

/// Longest form value that is read, in characters. A CRes has about 400.
pub const FORM_VALUE_CHARS_MAX: usize = 64 * 1024;

const BASE64URL: GeneralPurpose = GeneralPurpose::new(
    &URL_SAFE,
    GeneralPurposeConfig::new()
        .with_encode_padding(false)
        .with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// Why a form value could not be read.
#[derive(Clone, Debug, PartialEq)]
pub enum FormError {
    /// Longer than [`FORM_VALUE_CHARS_MAX`] or the limit of the field.
    TooLong,
    /// Not base64url.
    Encoding,
    /// Decoded, but not the message that belongs there.
    Message(ParseError),
}

impl fmt::Display for FormError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            FormError::TooLong => f.write_str("the form value is too long"),
            FormError::Encoding => f.write_str("the form value is not base64url"),
            FormError::Message(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for FormError {}

pub(crate) fn encode(bytes: &[u8]) -> String {
    BASE64URL.encode(bytes)
}

pub(crate) fn decode(value: &str) -> Result<Vec<u8>, FormError> {
    if value.len() > FORM_VALUE_CHARS_MAX {
        return Err(FormError::TooLong);
    }
    BASE64URL.decode(value.trim()).map_err(|_| FormError::Encoding)
}
