//! `florin describe`: an ISO 8583 message from a trace, in words, with card data masked.
//!
//! It shows what the decoder understands and nothing that the masking hides.

use std::io::Read;

use clap::ValueEnum;
use iso8583::{Codec, Encoding, MESSAGE_BYTES_MAX, Message, Spec, describe};
use zeroize::Zeroizing;

/// Bytes of a frame's length field, when there is one.
const LENGTH_BYTES: usize = 2;
/// Characters that are read at most: two digits a byte, and white space between all of them.
const TEXT_CHARACTERS_MAX: usize = 4 * (MESSAGE_BYTES_MAX + LENGTH_BYTES);

/// How the bytes are to be understood.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum EncodingChoice {
    Ascii,
    Binary,
}

/// Prints the message in `digits`, or the one on standard input where that is `-`.
pub(super) fn run(digits: &str, encoding: Option<EncodingChoice>) -> Result<(), String> {
    let text = match digits {
        "-" => Zeroizing::new(from_input(std::io::stdin().lock())?),
        given => Zeroizing::new(given.to_owned()),
    };
    let bytes = bytes_of(&text)?;
    println!("{}", describe::describe(&message_of(&bytes, encoding)?));
    Ok(())
}

fn from_input(input: impl Read) -> Result<String, String> {
    let mut text = String::new();
    let limit = u64::try_from(TEXT_CHARACTERS_MAX).unwrap_or(u64::MAX).saturating_add(1);
    input.take(limit).read_to_string(&mut text).map_err(|it| format!("cannot read: {it}"))?;
    Ok(text)
}

/// Errors never repeat what was given: it may be a card number.
fn bytes_of(text: &str) -> Result<Zeroizing<Vec<u8>>, String> {
    if text.len() > TEXT_CHARACTERS_MAX {
        return Err(format!("a message has at most {MESSAGE_BYTES_MAX} bytes"));
    }
    let digits: Zeroizing<String> =
        Zeroizing::new(text.chars().filter(|it| !it.is_whitespace()).collect());
    match hex::decode(digits.as_bytes()) {
        Ok(bytes) if bytes.is_empty() => Err("there is no message".to_owned()),
        Ok(bytes) => Ok(Zeroizing::new(bytes)),
        Err(hex::FromHexError::OddLength) => Err("the number of digits is odd".to_owned()),
        Err(_) => Err("the message is not hexadecimal digits".to_owned()),
    }
}

/// The bytes as a message, or as a frame around one. Messages come first: the type of a binary
/// one could be taken for a length.
fn message_of(bytes: &[u8], encoding: Option<EncodingChoice>) -> Result<Message, String> {
    let bare = decode(bytes, encoding);
    let framed = bytes.split_first_chunk::<LENGTH_BYTES>().and_then(|(length, rest)| {
        let fits = usize::from(u16::from_be_bytes(*length)) == rest.len();
        fits.then(|| decode(rest, encoding))
    });
    match (bare, framed) {
        (Ok(message), _) | (Err(_), Some(Ok(message))) => Ok(message),
        // With a length that fits it was meant as a frame, so what is inside is at fault.
        (Err(_), Some(Err(error))) | (Err(error), None) => Err(error),
    }
}

fn decode(bytes: &[u8], encoding: Option<EncodingChoice>) -> Result<Message, String> {
    let encoding = match encoding {
        Some(EncodingChoice::Ascii) => Encoding::Ascii,
        Some(EncodingChoice::Binary) => Encoding::Binary,
        // A type begins with the digit 0: a character in one encoding, half a byte in the other.
        None if bytes.first() == Some(&b'0') => Encoding::Ascii,
        None => Encoding::Binary,
    };
    Codec::new(Spec::florin87(), encoding).decode(bytes).map_err(|it| it.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use iso8583::Mti;
    use iso8583::frame::Framing;

    fn message() -> Message {
        let mut message = Message::new(Mti::AUTHORIZATION_REQUEST);
        message.set(2, "4111111111111111");
        message.set(3, "000000");
        message.set(4, "000000001000");
        message.set(11, "000042");
        message
    }

    fn written(encoding: Encoding, framed: bool) -> String {
        let mut bytes = Vec::new();
        Codec::new(Spec::florin87(), encoding).encode(&message(), &mut bytes).unwrap();
        let mut frame = Vec::new();
        Framing::default().wrap(&bytes, &mut frame).unwrap();
        hex::encode(if framed { frame } else { bytes })
    }

    fn described(text: &str, encoding: Option<EncodingChoice>) -> Result<String, String> {
        let bytes = bytes_of(text)?;
        message_of(&bytes, encoding).map(|it| describe::describe(&it))
    }

    #[test]
    fn both_encodings_are_told_apart_with_and_without_a_frame() {
        let wanted = describe::describe(&message());
        assert!(wanted.contains("411111******1111") && !wanted.contains("4111111111111111"));
        let encodings =
            [(Encoding::Ascii, EncodingChoice::Ascii), (Encoding::Binary, EncodingChoice::Binary)];
        for (encoding, choice) in encodings {
            for framed in [false, true] {
                let text = written(encoding, framed);
                assert_eq!(described(&text, None).unwrap(), wanted, "{text}");
                assert_eq!(described(&text, Some(choice)).unwrap(), wanted, "{text}");
            }
        }
    }

    #[test]
    fn white_space_and_capitals_do_not_matter() {
        let text = written(Encoding::Ascii, false).to_uppercase();
        let (first, second) = text.split_at(20);
        let spaced = format!(" {first}\n\t{second}\n");
        assert_eq!(described(&spaced, None).unwrap(), describe::describe(&message()));
    }

    #[test]
    fn what_is_no_message_is_refused_without_being_repeated() {
        let cut = written(Encoding::Ascii, false);
        let cut = &cut[..cut.len() - 2];
        for bad in ["", "  ", "0", "4111111111111111", "xyz411", cut] {
            let error = described(bad, None).unwrap_err();
            assert!(!error.contains("4111") && !error.is_empty(), "{bad}: {error}");
        }
        let long = "00".repeat(TEXT_CHARACTERS_MAX);
        assert!(described(&long, None).unwrap_err().contains("at most"));
        let other = Some(EncodingChoice::Binary);
        assert!(described(&written(Encoding::Ascii, false), other).is_err());
    }
}
