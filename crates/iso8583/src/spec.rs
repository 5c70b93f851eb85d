//! What a dialect is: for each data element its format, its length, its name.
//!
//! Another acquirer is another table, not other code. The tables themselves are elsewhere.

use super::florin87::FLORIN87;

/// Highest element number: two bitmaps of 64 bits.
pub const ELEMENT_MAX: u8 = 128;

/// A dialect as data.
#[derive(Debug)]
pub struct Spec {
    name: &'static str,
    elements: [Option<Element>; ELEMENT_MAX as usize + 1],
    forbidden: u128,
}

/// One data element of a dialect.
#[derive(Clone, Copy, Debug)]
pub struct Element {
    /// Number, 2 to 128.
    pub number: u8,
    /// What its characters may be.
    pub format: Format,
    /// How long it is, and how the length is told.
    pub length: Length,
    /// The standard's name.
    pub name: &'static str,
}

/// The character set of an element.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// Digits.
    N,
    /// Letters and digits; padding spaces occur, so all printable ASCII is let through.
    An,
    /// Printable ASCII, 0x20 to 0x7E.
    Ans,
    /// `C` or `D`, then digits.
    Xn,
    /// Track data: printable ASCII.
    Z,
    /// Bytes; upper-case hex digits in a message's text form.
    B,
}

/// The length of an element, in the unit of its format (digits, characters, bytes).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Length {
    /// Always this long; shorter values are padded when written.
    Fixed(u16),
    /// At most this long, with a length of two digits in front.
    Ll(u16),
    /// At most this long, with a length of three digits in front.
    Lll(u16),
}

impl Spec {
    /// The dialect of the acquirer link.
    pub fn florin87() -> &'static Spec {
        &FLORIN87
    }

    /// The name of the dialect.
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// The element of this number, if the dialect has it.
    pub fn element(&self, number: u8) -> Option<&Element> {
        self.elements.get(usize::from(number))?.as_ref()
    }

    /// All elements, ascending.
    pub fn elements(&self) -> impl Iterator<Item = &Element> {
        self.elements.iter().flatten()
    }

    /// Whether this element may neither be sent nor be accepted.
    pub fn is_forbidden(&self, number: u8) -> bool {
        self.forbidden & bit(number) != 0
    }

    /// The forbidden elements as bits.
    pub(crate) fn forbidden_bits(&self) -> u128 {
        self.forbidden
    }
}

impl Length {
    /// The largest length that the element may have.
    pub fn max(self) -> u16 {
        match self {
            Length::Fixed(max) | Length::Ll(max) | Length::Lll(max) => max,
        }
    }
}

/// The bit of an element as both bitmaps write it: element 1 is the highest.
#[expect(clippy::arithmetic_side_effects, reason = "the number is at most 128 by the first arm")]
pub(crate) const fn bit(number: u8) -> u128 {
    match number {
        1..=ELEMENT_MAX => 1 << (ELEMENT_MAX - number),
        _ => 0,
    }
}

/// Makes a dialect of rows; evaluated by the compiler, which refuses a row out of range.
#[expect(clippy::arithmetic_side_effects, reason = "evaluated by the compiler, which would say so")]
pub(crate) const fn build(name: &'static str, rows: &[Element], forbidden: &[u8]) -> Spec {
    let mut elements = [None; ELEMENT_MAX as usize + 1];
    let mut i = 0;
    while i < rows.len() {
        assert!(rows[i].number >= 2 && elements[rows[i].number as usize].is_none());
        elements[rows[i].number as usize] = Some(rows[i]);
        i += 1;
    }
    let mut bits = 0;
    let mut i = 0;
    while i < forbidden.len() {
        bits |= bit(forbidden[i]);
        i += 1;
    }
    Spec { name, elements, forbidden: bits }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_profile_has_every_element_but_the_two_that_announce_bitmaps() {
        let numbers: Vec<u8> = Spec::florin87().elements().map(|e| e.number).collect();
        let expected: Vec<u8> = (2..=ELEMENT_MAX).filter(|&n| n != 65).collect();
        assert_eq!(numbers, expected);
        assert_eq!((2..=ELEMENT_MAX).filter(|&n| Spec::florin87().is_forbidden(n)).count(), 7);
    }

    #[test]
    fn element_one_is_the_highest_bit_and_numbers_out_of_range_have_none() {
        assert_eq!(bit(1), 1 << 127);
        assert_eq!(bit(128), 1);
        assert_eq!(bit(0), 0);
        assert_eq!(bit(129), 0);
    }
}
