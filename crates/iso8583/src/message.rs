//! A message as its elements, whatever bytes it came from or goes to.
//!
//! All values lie in one buffer with their offsets beside it: reading a message allocates twice,
//! however many elements it has. The buffer is zeroed on drop and whenever it moves, since it
//! holds card data; `Debug` is masked.

use std::fmt;

use zeroize::Zeroize;

use super::describe;
use super::mti::Mti;
use super::spec::{ELEMENT_MAX, bit};
use super::tags::{self, PRIVATE_DATA, TagError, Tags};

/// Room that a new message starts with; larger than the worked e-commerce authorization.
const TEXT_BYTES_START: usize = 512;
const SPANS_START: usize = 32;

/// A message: its type and its data elements as text (elements of format `b` as upper-case hex).
pub struct Message {
    mti: Mti,
    /// The elements that are present, element 1 being the highest bit, as on the wire.
    present: u128,
    /// Where each present element lies, ascending by number.
    spans: Vec<Span>,
    text: Vec<u8>,
}

#[derive(Clone, Copy)]
struct Span {
    start: usize,
    end: usize,
}

impl Message {
    /// A message without elements.
    pub fn new(mti: Mti) -> Message {
        Message::with_room(mti, TEXT_BYTES_START)
    }

    pub(crate) fn with_room(mti: Mti, text_bytes: usize) -> Message {
        Message {
            mti,
            present: 0,
            spans: Vec::with_capacity(SPANS_START),
            text: Vec::with_capacity(text_bytes),
        }
    }

    /// The message type.
    pub fn mti(&self) -> Mti {
        self.mti
    }

    /// Changes the message type and nothing else: a repeat is its first copy with another type.
    pub fn set_mti(&mut self, mti: Mti) {
        self.mti = mti;
    }

    /// The value of element `de`, as text.
    pub fn get(&self, de: u8) -> Option<&str> {
        if self.present & bit(de) == 0 {
            return None;
        }
        let span = self.spans.get(self.rank(de))?;
        Some(self.slice(*span))
    }

    /// Sets element `de`. Values are checked and padded when the message is encoded.
    ///
    /// # Panics
    /// When `de` is not an element number (2 to 128).
    pub fn set(&mut self, de: u8, value: &str) {
        assert!((2..=ELEMENT_MAX).contains(&de), "{de} is no element number");
        let rank = self.rank(de);
        if self.present & bit(de) != 0 {
            let span = self.spans[rank];
            let old = &mut self.text[span.start..span.end];
            if old.len() == value.len() {
                old.copy_from_slice(value.as_bytes());
                return;
            }
            old.zeroize();
            self.spans[rank] = self.append(value.as_bytes());
        } else {
            let span = self.append(value.as_bytes());
            self.spans.insert(rank, span);
            self.present |= bit(de);
        }
    }

    /// Removes element `de`, if it is there, and wipes its value.
    pub fn remove(&mut self, de: u8) {
        if self.present & bit(de) == 0 {
            return;
        }
        let span = self.spans.remove(self.rank(de));
        self.text[span.start..span.end].zeroize();
        self.present &= !bit(de);
    }

    /// The elements with their values, ascending by number.
    pub fn elements(&self) -> impl Iterator<Item = (u8, &str)> {
        Numbers(self.present).zip(self.spans.iter().map(|span| self.slice(*span)))
    }

    /// The tags of element 48; no tags when the element is absent.
    pub fn private_data(&self) -> Result<Tags<'_>, TagError> {
        Tags::parse(self.get(PRIVATE_DATA).unwrap_or_default())
    }

    /// Writes element 48 from tags in any order; no tags remove the element.
    pub fn set_private_data(&mut self, tags: &[(&str, &str)]) -> Result<(), TagError> {
        if tags.is_empty() {
            self.remove(PRIVATE_DATA);
            return Ok(());
        }
        let text = tags::write(tags)?;
        self.set(PRIVATE_DATA, &text);
        Ok(())
    }

    /// The elements as bytes, for a reader that checks them itself.
    pub(crate) fn raw_elements(&self) -> impl Iterator<Item = (u8, &[u8])> {
        Numbers(self.present).zip(self.spans.iter().map(|span| &self.text[span.start..span.end]))
    }

    /// The present elements as both bitmaps write them.
    pub(crate) fn present(&self) -> u128 {
        self.present
    }

    /// Appends the next element of a message that is being read; `fill` writes the value.
    ///
    /// The value must be ASCII, and `de` greater than every element that is there.
    pub(crate) fn push<E>(
        &mut self,
        de: u8,
        fill: impl FnOnce(&mut Vec<u8>) -> Result<(), E>,
    ) -> Result<(), E> {
        let start = self.text.len();
        fill(&mut self.text)?;
        self.spans.push(Span { start, end: self.text.len() });
        self.present |= bit(de);
        Ok(())
    }

    /// How many elements lie before `de`.
    fn rank(&self, de: u8) -> usize {
        let below = u32::from(ELEMENT_MAX).saturating_sub(u32::from(de)).saturating_add(1);
        let ones = self.present.checked_shr(below).unwrap_or(0).count_ones();
        usize::try_from(ones).expect("128 fits")
    }

    fn slice(&self, span: Span) -> &str {
        let bytes = &self.text[span.start..span.end];
        std::str::from_utf8(bytes).expect("a value is stored whole, as the text that it was")
    }

    fn append(&mut self, value: &[u8]) -> Span {
        let start = self.text.len();
        let end = start.saturating_add(value.len());
        if end > self.text.capacity() {
            // Growing in place would leave a copy of the card data behind.
            let mut moved = Vec::with_capacity(end.saturating_mul(2));
            moved.extend_from_slice(&self.text);
            self.text.as_mut_slice().zeroize();
            self.text = moved;
        }
        self.text.extend_from_slice(value);
        Span { start, end }
    }
}

impl Clone for Message {
    fn clone(&self) -> Message {
        Message {
            mti: self.mti,
            present: self.present,
            spans: self.spans.clone(),
            text: self.text.clone(),
        }
    }
}

impl PartialEq for Message {
    fn eq(&self, other: &Message) -> bool {
        self.mti == other.mti && self.elements().eq(other.elements())
    }
}

impl Eq for Message {}

impl Drop for Message {
    fn drop(&mut self) {
        // Spare room never held a value: the buffer only grows, and wipes what it leaves.
        self.text.as_mut_slice().zeroize();
    }
}

impl fmt::Debug for Message {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&describe::describe(self))
    }
}

/// The element numbers of a bitmap, ascending.
pub(crate) struct Numbers(pub(crate) u128);

impl Iterator for Numbers {
    type Item = u8;

    fn next(&mut self) -> Option<u8> {
        if self.0 == 0 {
            return None;
        }
        let number = u8::try_from(self.0.leading_zeros()).ok()?.saturating_add(1);
        self.0 &= !bit(number);
        Some(number)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(message: &Message, expected: &[(u8, &str)]) {
        let elements: Vec<_> = message.elements().collect();
        assert_eq!(elements, expected);
        for (de, value) in expected {
            assert_eq!(message.get(*de), Some(*value));
        }
    }

    #[test]
    fn elements_are_kept_in_ascending_order_however_they_are_set() {
        let mut message = Message::new(Mti::AUTHORIZATION_REQUEST);
        for de in [128, 2, 70, 64, 3] {
            message.set(de, &de.to_string());
        }
        check(&message, &[(2, "2"), (3, "3"), (64, "64"), (70, "70"), (128, "128")]);
        assert_eq!(message.get(4), None);
        assert_eq!(message.get(0), None);
        assert_eq!(message.get(200), None);
    }

    #[test]
    fn a_replaced_or_removed_value_leaves_no_trace() {
        let mut message = Message::new(Mti::AUTHORIZATION_REQUEST);
        message.set(2, "4111111111111111");
        message.set(4, "000000000100");
        message.set(2, "55");
        check(&message, &[(2, "55"), (4, "000000000100")]);
        message.remove(4);
        message.remove(4);
        check(&message, &[(2, "55")]);
        assert!(!message.text.windows(4).any(|w| w == b"4111" || w == b"0100"));
    }

    #[test]
    fn a_message_grows_beyond_its_first_room() {
        let mut message = Message::new(Mti::FINANCIAL_REQUEST);
        let long = "x".repeat(999);
        message.set(48, &long);
        message.set(46, &long);
        check(&message, &[(46, &long), (48, &long)]);
        assert_eq!(message.clone(), message);
    }
}
