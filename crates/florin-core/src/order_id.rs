//! The merchant's name for an order.
//!
//! Its identity is the literal text of the JSON token that carried it, so `1741782328.1025` is
//! that text and never a float, and `007` is not `7`. Unique within a site, not across sites.

use std::fmt;

/// Most characters (Unicode scalar values) of an order id.
pub const ORDER_ID_CHARS_MAX: usize = 50;

/// 1 to 50 characters without control characters and surrounding blanks.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct OrderId(String);

/// The text has no characters, more than [`ORDER_ID_CHARS_MAX`], or control characters, which
/// URLs, messages and databases would not all carry unchanged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InvalidOrderId;

impl OrderId {
    /// Reads the text of a token; blanks around it do not count.
    pub fn parse(text: &str) -> Result<OrderId, InvalidOrderId> {
        let text = text.trim();
        // One more than allowed is enough to know, however long the text is.
        let chars = text.chars().take(ORDER_ID_CHARS_MAX.saturating_add(1)).count();
        match chars {
            1..=ORDER_ID_CHARS_MAX if !text.chars().any(char::is_control) => {
                Ok(OrderId(text.to_owned()))
            }
            _ => Err(InvalidOrderId),
        }
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether the merchant numbers his orders: digits only.
    pub fn is_digits(&self) -> bool {
        self.0.bytes().all(|byte| byte.is_ascii_digit())
    }
}

impl fmt::Display for OrderId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for OrderId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "OrderId({:?})", self.0)
    }
}

impl fmt::Display for InvalidOrderId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "an order id has 1 to {ORDER_ID_CHARS_MAX} characters")
    }
}

impl std::error::Error for InvalidOrderId {}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn an_order_id_has_one_to_fifty_characters() {
        assert_eq!(OrderId::parse("  a b \n").unwrap().as_str(), "a b");
        assert_eq!(OrderId::parse("1741782328.1025").unwrap().as_str(), "1741782328.1025");
        assert!(OrderId::parse(&"é".repeat(50)).is_ok());
        for text in ["", "  \t", "a\nb", "a\0b", &"é".repeat(51), &"a".repeat(1 << 20)] {
            assert_eq!(OrderId::parse(text), Err(InvalidOrderId));
        }
    }

    proptest! {
        #[test]
        fn an_order_id_is_the_trimmed_text(text in "\\PC{0,60}") {
            match OrderId::parse(&text) {
                Ok(id) => {
                    prop_assert_eq!(id.as_str(), text.trim());
                    prop_assert_eq!(OrderId::parse(id.as_str()), Ok(id.clone()));
                }
                Err(InvalidOrderId) => {
                    let chars = text.trim().chars().count();
                    prop_assert!(!(1..=50).contains(&chars) || text.chars().any(char::is_control));
                }
            }
        }
    }
}
