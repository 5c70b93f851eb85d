//! Frames on the acquirer's stream: every length field, with and without a TPDU.
//!
//! The first byte chooses the framing, the second how the stream is cut into pieces.

use iso8583::MESSAGE_BYTES_MAX;
use iso8583::frame::{FrameError, FrameReader, Framing, LengthFormat, Tpdu};

use crate::Run;

const LENGTHS: [LengthFormat; 4] =
    [LengthFormat::U16Be, LengthFormat::U16BeIncl, LengthFormat::Ascii4, LengthFormat::Bcd2];

type Frames = (Vec<(Vec<u8>, Option<Tpdu>)>, Option<FrameError>);

pub(crate) fn open() -> Run {
    Box::new(|bytes| {
        let [choice, piece, stream @ ..] = bytes else {
            return;
        };
        let tpdu = (choice & 4 != 0).then_some(Tpdu { destination: 0x1234, source: 0x5678 });
        let framing = Framing { length: LENGTHS[usize::from(choice & 3)], tpdu };
        let whole = read(framing, stream, stream.len().max(1));
        let pieces = read(framing, stream, usize::from(*piece).max(1));
        assert_eq!(whole, pieces, "however the bytes arrive, the frames are the same");
        for (message, tpdu) in whole.0 {
            assert!((1..=MESSAGE_BYTES_MAX + 5).contains(&message.len()));
            let framing = Framing { tpdu, ..framing };
            let mut bytes = Vec::new();
            if framing.wrap(&message, &mut bytes).is_ok() {
                let again = read(framing, &bytes, bytes.len());
                assert_eq!(again, (vec![(message, tpdu)], None), "a frame survives");
            }
        }
    })
}

/// All frames of a stream that arrives in pieces of this size, and the error that ends it.
fn read(framing: Framing, stream: &[u8], piece: usize) -> Frames {
    let mut reader = FrameReader::new(framing);
    let mut frames = Vec::new();
    for piece in stream.chunks(piece) {
        reader.push(piece);
        loop {
            match reader.next_frame() {
                Ok(Some(message)) => frames.push((message.to_vec(), reader.last_tpdu())),
                Ok(None) => break,
                Err(error) => {
                    assert_eq!(reader.next_frame(), Err(error), "a lost stream stays lost");
                    return (frames, Some(error));
                }
            }
        }
    }
    (frames, None)
}
