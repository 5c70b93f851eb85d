//! The message authentication code of a link: AES-CMAC, leftmost eight bytes.
//!
//! The codec knows where the code lies; this file knows the key, and never shows it.

use std::fmt;

use aws_lc_rs::cmac;
use serde::{Deserialize, Deserializer, de};
use zeroize::Zeroizing;

/// The AES key of a link's MAC, 128 or 256 bits.
#[derive(Clone)]
pub struct MacKey(cmac::Key);

impl MacKey {
    /// A key of 16 or 32 bytes; `None` for any other length.
    pub fn new(bytes: &[u8]) -> Option<MacKey> {
        let algorithm = match bytes.len() {
            16 => cmac::AES_128,
            32 => cmac::AES_256,
            _ => return None,
        };
        Some(MacKey(cmac::Key::new(algorithm, bytes).ok()?))
    }

    /// The MAC of bytes.
    pub(crate) fn sign(&self, bytes: &[u8]) -> [u8; 8] {
        let tag = cmac::sign(&self.0, bytes).expect("AES-CMAC takes bytes of any length");
        tag.as_ref()[..8].try_into().expect("a tag has sixteen bytes")
    }
}

impl fmt::Debug for MacKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("MacKey(hidden)")
    }
}

impl<'de> Deserialize<'de> for MacKey {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<MacKey, D::Error> {
        let text = Zeroizing::new(String::deserialize(deserializer)?);
        let bytes = hex::decode(text.as_bytes()).map(Zeroizing::new);
        // The text is a key: no error may repeat it.
        let key = bytes.ok().and_then(|bytes| MacKey::new(&bytes));
        key.ok_or_else(|| de::Error::custom("a MAC key is 32 or 64 hex digits"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_reads_from_hex_and_is_never_shown() {
        let key: MacKey = serde_json::from_str(r#""101112131415161718191A1B1C1D1E1F""#).unwrap();
        assert_eq!(format!("{key:?}"), "MacKey(hidden)");
        assert_ne!(key.sign(b"a"), key.sign(b"b"));
        for bad in [r#""10""#, r#""zz""#, r#""""#] {
            let error = serde_json::from_str::<MacKey>(bad).unwrap_err();
            assert!(error.to_string().starts_with("a MAC key is"), "{error}");
        }
    }
}
