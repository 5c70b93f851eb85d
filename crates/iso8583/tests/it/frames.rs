//! Frames come out whole however the stream is cut, with every length field and with a TPDU.

use iso8583::MESSAGE_BYTES_MAX;
use iso8583::frame::{FrameError, FrameReader, Framing, LengthFormat, Tpdu};
use proptest::collection::vec;
use proptest::prelude::*;

const FORMATS: [LengthFormat; 4] =
    [LengthFormat::U16Be, LengthFormat::U16BeIncl, LengthFormat::Ascii4, LengthFormat::Bcd2];
const TPDU: Tpdu = Tpdu { destination: 0x0012, source: 0x3456 };

fn framings() -> impl Iterator<Item = Framing> {
    FORMATS.into_iter().flat_map(|length| [None, Some(TPDU)].map(|tpdu| Framing { length, tpdu }))
}

fn check_error(length: LengthFormat, bytes: &[u8], expected: FrameError) {
    let mut reader = FrameReader::new(Framing { length, tpdu: None });
    reader.push(bytes);
    assert_eq!(reader.next_frame(), Err(expected));
    reader.push(&[0; 64]);
    assert_eq!(reader.next_frame(), Err(expected), "a lost stream stays lost");
}

proptest! {
    #[test]
    fn frames_split_anywhere_come_out_whole(
        messages in vec(vec(any::<u8>(), 1..300), 1..8),
        pieces in vec(1usize..400, 1..40),
    ) {
        for framing in framings() {
            let mut stream = Vec::new();
            for message in &messages {
                framing.wrap(message, &mut stream).unwrap();
            }
            let mut reader = FrameReader::new(framing);
            let mut read: Vec<Vec<u8>> = Vec::new();
            let mut rest = &stream[..];
            for piece in pieces.iter().cycle() {
                let (now, later) = rest.split_at(rest.len().min(*piece));
                reader.push(now);
                while let Some(frame) = reader.next_frame().unwrap() {
                    read.push(frame.to_vec());
                    prop_assert_eq!(reader.last_tpdu(), framing.tpdu);
                }
                rest = later;
                if rest.is_empty() {
                    break;
                }
            }
            prop_assert_eq!(&read, &messages);
        }
    }

    #[test]
    fn any_stream_is_read_or_refused(pieces in vec(vec(any::<u8>(), 0..200), 0..20)) {
        for framing in framings() {
            let mut reader = FrameReader::new(framing);
            'stream: for piece in &pieces {
                reader.push(piece);
                loop {
                    match reader.next_frame() {
                        Ok(Some(frame)) => prop_assert!(!frame.is_empty()),
                        Ok(None) => break,
                        Err(_) => break 'stream,
                    }
                }
            }
        }
    }
}

#[test]
fn the_length_counts_what_each_format_says() {
    let wrapped = |length, tpdu| {
        let mut out = Vec::new();
        Framing { length, tpdu }.wrap(&[0xaa; 12], &mut out).unwrap();
        out
    };
    assert_eq!(wrapped(LengthFormat::U16Be, None)[..3], [0, 12, 0xaa]);
    assert_eq!(wrapped(LengthFormat::U16BeIncl, None)[..3], [0, 14, 0xaa]);
    assert_eq!(wrapped(LengthFormat::Ascii4, None)[..5], *b"0012\xaa");
    assert_eq!(wrapped(LengthFormat::Bcd2, None)[..3], [0, 0x12, 0xaa]);
    let with_tpdu = wrapped(LengthFormat::Bcd2, Some(TPDU));
    assert_eq!(with_tpdu[..8], [0, 0x17, 0x60, 0x00, 0x12, 0x34, 0x56, 0xaa]);
    assert_eq!(TPDU.swapped(), Tpdu { destination: 0x3456, source: 0x0012 });
}

#[test]
fn the_largest_message_passes_and_one_byte_more_does_not() {
    for framing in framings() {
        let mut out = Vec::new();
        framing.wrap(&vec![1; MESSAGE_BYTES_MAX], &mut out).unwrap();
        let mut reader = FrameReader::new(framing);
        reader.push(&out);
        assert_eq!(reader.next_frame().unwrap().unwrap().len(), MESSAGE_BYTES_MAX);
        assert_eq!(
            framing.wrap(&vec![1; MESSAGE_BYTES_MAX + 1], &mut out),
            Err(FrameError::TooLong)
        );
        assert_eq!(framing.wrap(&[], &mut out), Err(FrameError::Empty));
    }
    check_error(LengthFormat::U16Be, &[0x10, 0x01], FrameError::TooLong);
    check_error(LengthFormat::Ascii4, b"4097", FrameError::TooLong);
    check_error(LengthFormat::Bcd2, &[0x40, 0x97], FrameError::TooLong);
}

#[test]
fn a_length_field_without_a_length_loses_the_stream() {
    check_error(LengthFormat::Ascii4, b"00x1", FrameError::Length);
    check_error(LengthFormat::Bcd2, &[0x0a, 0x00], FrameError::Length);
    check_error(LengthFormat::U16BeIncl, &[0, 1], FrameError::Length);
    let framing = Framing { length: LengthFormat::U16Be, tpdu: Some(TPDU) };
    for body in [&[0, 2, 0x60, 0][..], &[0, 6, 0x61, 0, 0, 0, 0, 1]] {
        let mut reader = FrameReader::new(framing);
        reader.push(body);
        assert_eq!(reader.next_frame(), Err(FrameError::Tpdu));
    }
}

#[test]
fn empty_frames_are_keep_alives() {
    for framing in framings() {
        let empty: &[u8] = match framing.length {
            LengthFormat::U16Be | LengthFormat::Bcd2 => &[0, 0],
            LengthFormat::U16BeIncl => &[0, 2],
            LengthFormat::Ascii4 => b"0000",
        };
        let mut stream = [empty, empty].concat();
        framing.wrap(b"message", &mut stream).unwrap();
        let mut reader = FrameReader::new(framing);
        reader.push(&stream);
        assert_eq!(reader.next_frame().unwrap().unwrap().as_slice(), b"message");
        assert_eq!(reader.next_frame(), Ok(None));
    }
}
