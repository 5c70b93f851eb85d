//! The name on the card.
//!
//! Merchants send what the payer typed; no letter is refused. Messages with narrower alphabets
//! transliterate on their own.

use std::fmt;

use zeroize::Zeroizing;

/// Most characters of a name that are kept.
pub const HOLDER_CHARS_MAX: usize = 64;

/// A name of 1 to 64 characters without control characters and surrounding blanks.
#[derive(Clone, PartialEq, Eq)]
pub struct CardholderName(Zeroizing<String>);

impl CardholderName {
    /// What is left of the text after control characters are taken out and the rest is cut at
    /// 64 characters; nothing when nothing is left.
    pub fn read(text: &str) -> Option<CardholderName> {
        let kept: String =
            text.trim().chars().filter(|it| !it.is_control()).take(HOLDER_CHARS_MAX).collect();
        let kept = Zeroizing::new(kept);
        let name = kept.trim();
        (!name.is_empty()).then(|| CardholderName(Zeroizing::new(name.to_owned())))
    }

    /// The name: for the order object, the 3DS request and the vault; not for logs.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for CardholderName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("CardholderName(***)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_cut_and_cleaned_but_never_refused() {
        let read = |text: &str| CardholderName::read(text).map(|it| it.as_str().to_owned());
        assert_eq!(read("  A de Vries "), Some("A de Vries".to_owned()));
        assert_eq!(read("A\u{0}da\r\nVries"), Some("AdaVries".to_owned()));
        assert_eq!(read(&"ß".repeat(70)), Some("ß".repeat(64)));
        assert_eq!(read(" \u{7} "), None);
        assert_eq!(format!("{:?}", CardholderName::read("Ada")), "Some(CardholderName(***))");
    }
}
