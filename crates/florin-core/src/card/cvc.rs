//! The code printed on the card: CVV2, CVC2, CID.
//!
//! Sensitive authentication data: it is never kept after the authorization (PCI DSS 3.3.1), so
//! the type cannot be copied.

use std::fmt;

use zeroize::Zeroizing;

/// Three or four digits. Leading zeros count.
pub struct Cvc(Zeroizing<String>);

/// The text is not three or four digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InvalidCvc;

impl Cvc {
    /// Reads three or four digits; blanks around them do not count.
    pub fn parse(text: &str) -> Result<Cvc, InvalidCvc> {
        let text = text.trim();
        let sound = matches!(text.len(), 3 | 4) && text.bytes().all(|byte| byte.is_ascii_digit());
        if !sound {
            return Err(InvalidCvc);
        }
        Ok(Cvc(Zeroizing::new(text.to_owned())))
    }

    /// The digits: for the vault while an authorization is pending, and for the message to the
    /// acquirer.
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// Three or four.
    pub fn digits(&self) -> usize {
        self.0.len()
    }
}

impl fmt::Debug for Cvc {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Cvc(***)")
    }
}

impl fmt::Display for InvalidCvc {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a card verification code has three or four digits")
    }
}

impl std::error::Error for InvalidCvc {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_has_three_or_four_digits() {
        assert_eq!(Cvc::parse(" 012 ").unwrap().expose(), "012");
        assert_eq!(Cvc::parse("0123").unwrap().digits(), 4);
        for text in ["", "12", "12345", "12a", "1.2", "-12", "١٢٣"] {
            assert_eq!(Cvc::parse(text).unwrap_err(), InvalidCvc, "{text:?}");
        }
    }

    #[test]
    fn a_code_is_never_shown() {
        assert_eq!(format!("{:?}", Cvc::parse("123").unwrap()), "Cvc(***)");
    }
}
