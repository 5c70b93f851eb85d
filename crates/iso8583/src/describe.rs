//! A message for the eyes of people: one line per element, masked by default.
//!
//! The card number keeps its first six and last four digits; expiry, verification code,
//! authentication value and key block are not shown at all. There is no way to switch this off.

use std::fmt::Write;

use super::message::Message;
use super::spec::Spec;
use super::tags::{PRIVATE_DATA, Tags, tag_spec};

const PAN: u8 = 2;
const HIDDEN: &str = "(hidden)";
/// Expiry, track and PIN data, chip data, key block. The forbidden ones cannot be sent, but a
/// message under construction could still hold them.
const HIDDEN_ELEMENTS: [u8; 8] = [14, 34, 35, 36, 45, 52, 55, 125];
/// Verification code and authentication value.
const HIDDEN_TAGS: [&str; 2] = ["21", "31"];
const PAN_SHOWN_FIRST: usize = 6;
const PAN_SHOWN_LAST: usize = 4;
/// A shorter number shows nothing: what is left would be too little to hide.
const PAN_DIGITS_MIN: usize = 12;

/// The type in the first line, then a line for each element and for each tag of element 48.
pub fn describe(message: &Message) -> String {
    let mut text = message.mti().as_str().to_owned();
    for (de, value) in message.elements() {
        let name = Spec::florin87().element(de).map_or("", |element| element.name);
        let shown = match de {
            PAN => &mask_pan(value),
            PRIVATE_DATA => "",
            _ if HIDDEN_ELEMENTS.contains(&de) => HIDDEN,
            _ => value,
        };
        line(&mut text, format_args!("\n{de:>3} {name}: {shown}"));
        if de == PRIVATE_DATA {
            describe_tags(&mut text, value);
        }
    }
    text
}

/// First six and last four digits of a card number, stars between.
pub fn mask_pan(pan: &str) -> String {
    let digits = pan.chars().count();
    let last = digits.saturating_sub(PAN_SHOWN_LAST);
    let is_shown = |i| digits >= PAN_DIGITS_MIN && (i < PAN_SHOWN_FIRST || i >= last);
    pan.chars().enumerate().map(|(i, c)| if is_shown(i) { c } else { '*' }).collect()
}

fn describe_tags(text: &mut String, value: &str) {
    let Ok(tags) = Tags::parse(value) else {
        // Which part of it is the verification code cannot be told.
        text.push_str("(malformed)");
        return;
    };
    for (tag, value) in tags.iter() {
        let name = tag_spec(tag).map_or("", |spec| spec.name);
        let shown = if HIDDEN_TAGS.contains(&tag) { HIDDEN } else { value };
        line(text, format_args!("\n    {tag} {name}: {shown}"));
    }
}

fn line(text: &mut String, line: std::fmt::Arguments<'_>) {
    text.write_fmt(line).expect("a string takes every text");
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mti::Mti;

    #[test]
    fn card_data_is_masked_or_left_out() {
        let mut message = Message::new(Mti::AUTHORIZATION_REQUEST);
        message.set(2, "4111111111111111");
        message.set(4, "000000004995");
        message.set(14, "2812");
        message.set(125, "D0144M6AC00N0000");
        let value = "mb5bOXG6gzSMEXGtdU8s6H72s6s=";
        message.set_private_data(&[("01", "E"), ("21", "987"), ("31", value)]).unwrap();
        let text = format!("{message:?}");
        assert_eq!(text, describe(&message));
        for secret in ["4111111111111111", "2812", "987", value, "D0144"] {
            assert!(!text.contains(secret), "{secret} in {text}");
        }
        for shown in ["411111******1111", "000000004995", "01 channel: E", "(hidden)"] {
            assert!(text.contains(shown), "{shown} not in {text}");
        }
        message.set(48, "0101E21");
        assert!(describe(&message).contains("(malformed)"));
    }

    #[test]
    fn a_short_number_is_masked_whole() {
        assert_eq!(mask_pan("41111111111"), "***********");
        assert_eq!(mask_pan("411111111111"), "411111**1111");
        assert_eq!(mask_pan(""), "");
    }
}
