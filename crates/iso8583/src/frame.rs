//! Frames on a stream: a length in front of each message, and an optional TPDU.
//!
//! One message per frame. A frame of length zero is some hosts' keep-alive: skipped, never sent.

use std::fmt;

use zeroize::{Zeroize, Zeroizing};

use super::bcd;
use super::codec::MESSAGE_BYTES_MAX;

/// How messages are delimited on a link.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Framing {
    /// The length field.
    pub length: LengthFormat,
    /// The transport header in front of each message, if the link has one.
    pub tpdu: Option<Tpdu>,
}

/// The length field of a frame.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum LengthFormat {
    /// Two bytes, unsigned, big-endian; they do not count themselves.
    #[default]
    U16Be,
    /// The same, and they count themselves.
    U16BeIncl,
    /// Four ASCII digits that do not count themselves.
    Ascii4,
    /// Two bytes of packed digits that do not count themselves.
    Bcd2,
}

/// A transport header `60 dddd ssss`, counted in the length and swapped in the answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tpdu {
    /// Where the message goes, as its two bytes.
    pub destination: u16,
    /// Where it comes from, as its two bytes.
    pub source: u16,
}

/// A frame cannot be written, or the stream is out of step and must be closed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FrameError {
    /// The message is empty; an empty frame is never sent.
    Empty,
    /// The length is above [`MESSAGE_BYTES_MAX`].
    TooLong,
    /// The length field holds no length.
    Length,
    /// The frame does not begin with a whole TPDU.
    Tpdu,
}

const TPDU_ID: u8 = 0x60;
const TPDU_BYTES: usize = 5;

impl Framing {
    /// Appends a message as a frame.
    ///
    /// # Errors
    /// [`FrameError::Empty`] and [`FrameError::TooLong`]; nothing is appended then.
    pub fn wrap(&self, message: &[u8], out: &mut Vec<u8>) -> Result<(), FrameError> {
        if message.is_empty() {
            return Err(FrameError::Empty);
        }
        if message.len() > MESSAGE_BYTES_MAX {
            return Err(FrameError::TooLong);
        }
        let header = if self.tpdu.is_some() { TPDU_BYTES } else { 0 };
        let counted = message.len().saturating_add(header);
        self.length.write(counted, out);
        if let Some(tpdu) = self.tpdu {
            out.push(TPDU_ID);
            out.extend_from_slice(&tpdu.destination.to_be_bytes());
            out.extend_from_slice(&tpdu.source.to_be_bytes());
        }
        out.extend_from_slice(message);
        Ok(())
    }
}

impl Tpdu {
    /// The header of the answer: destination and source exchanged.
    pub fn swapped(self) -> Tpdu {
        Tpdu { destination: self.source, source: self.destination }
    }
}

impl LengthFormat {
    /// The bytes of the length field.
    fn bytes(self) -> usize {
        if self == LengthFormat::Ascii4 { 4 } else { 2 }
    }

    fn write(self, counted: usize, out: &mut Vec<u8>) {
        let number = |length| u16::try_from(length).expect("at most 4096 and two headers");
        match self {
            LengthFormat::U16Be => out.extend_from_slice(&number(counted).to_be_bytes()),
            LengthFormat::U16BeIncl => {
                out.extend_from_slice(&number(counted.saturating_add(2)).to_be_bytes());
            }
            LengthFormat::Ascii4 => out.extend_from_slice(&bcd::four_digits(counted)),
            LengthFormat::Bcd2 => bcd::pack(&bcd::four_digits(counted), 4, out),
        }
    }

    /// The bytes that follow the length field.
    fn read(self, field: &[u8]) -> Option<usize> {
        let mut text = Vec::with_capacity(4);
        let digits = match self {
            LengthFormat::U16Be | LengthFormat::U16BeIncl => {
                let length = usize::from(u16::from_be_bytes(field.try_into().ok()?));
                return match (self, length) {
                    (LengthFormat::U16Be, _) | (_, 0) => Some(length),
                    _ => length.checked_sub(2),
                };
            }
            LengthFormat::Ascii4 => field,
            LengthFormat::Bcd2 => {
                bcd::unpack(field, 4, &mut text)?;
                &text
            }
        };
        digits.iter().try_fold(0usize, |length, byte| {
            let digit = byte.is_ascii_digit().then_some(usize::from(byte & 0x0f))?;
            length.checked_mul(10)?.checked_add(digit)
        })
    }
}

/// Takes bytes as they arrive and gives whole messages.
///
/// After an error the stream is out of step: every further call fails, the connection is to be
/// closed. The buffer is wiped as it moves and on drop.
pub struct FrameReader {
    framing: Framing,
    buffer: Vec<u8>,
    /// The bytes before this are used up.
    start: usize,
    tpdu: Option<Tpdu>,
    failed: Option<FrameError>,
}

impl FrameReader {
    /// A reader at the beginning of a stream.
    pub fn new(framing: Framing) -> FrameReader {
        FrameReader { framing, buffer: Vec::new(), start: 0, tpdu: None, failed: None }
    }

    /// Adds bytes that have arrived. Call [`FrameReader::next_frame`] until it gives none before
    /// adding more: then at most one frame is ever kept.
    pub fn push(&mut self, bytes: &[u8]) {
        let kept = self.buffer.len().saturating_sub(self.start);
        if kept.saturating_add(bytes.len()) > self.buffer.capacity() {
            let room = kept.saturating_add(bytes.len()).max(MESSAGE_BYTES_MAX).saturating_mul(2);
            let mut moved = Vec::with_capacity(room);
            moved.extend_from_slice(&self.buffer[self.start..]);
            self.buffer.zeroize();
            self.buffer = moved;
            self.start = 0;
        } else if self.buffer.len().saturating_add(bytes.len()) > self.buffer.capacity() {
            self.buffer.copy_within(self.start.., 0);
            self.buffer[kept..].zeroize();
            self.buffer.truncate(kept);
            self.start = 0;
        }
        self.buffer.extend_from_slice(bytes);
    }

    /// The next whole message without length and TPDU; `None` when more bytes are needed.
    ///
    /// # Errors
    /// The framing is lost: close the connection.
    pub fn next_frame(&mut self) -> Result<Option<Zeroizing<Vec<u8>>>, FrameError> {
        if let Some(error) = self.failed {
            return Err(error);
        }
        let result = self.read_frame();
        if let Err(error) = result {
            self.failed = Some(error);
        }
        result
    }

    /// The TPDU of the last frame that was given, for links that have one.
    pub fn last_tpdu(&self) -> Option<Tpdu> {
        self.tpdu
    }

    fn read_frame(&mut self) -> Result<Option<Zeroizing<Vec<u8>>>, FrameError> {
        let header = if self.framing.tpdu.is_some() { TPDU_BYTES } else { 0 };
        loop {
            let rest = &self.buffer[self.start..];
            let Some((field, rest)) = rest.split_at_checked(self.framing.length.bytes()) else {
                return Ok(None);
            };
            let counted = self.framing.length.read(field).ok_or(FrameError::Length)?;
            if counted > MESSAGE_BYTES_MAX.saturating_add(header) {
                return Err(FrameError::TooLong);
            }
            let Some(body) = rest.get(..counted) else { return Ok(None) };
            let used = field.len().saturating_add(counted);
            if counted == 0 {
                self.consume(used);
                continue;
            }
            let (tpdu, message) = body.split_at_checked(header).ok_or(FrameError::Tpdu)?;
            if let [id, d1, d2, s1, s2] = *tpdu {
                if id != TPDU_ID {
                    return Err(FrameError::Tpdu);
                }
                self.tpdu = Some(Tpdu {
                    destination: u16::from_be_bytes([d1, d2]),
                    source: u16::from_be_bytes([s1, s2]),
                });
            }
            let message = Zeroizing::new(message.to_vec());
            self.consume(used);
            if message.is_empty() {
                continue;
            }
            return Ok(Some(message));
        }
    }

    fn consume(&mut self, bytes: usize) {
        let end = self.start.saturating_add(bytes);
        self.buffer[self.start..end].zeroize();
        self.start = end;
        if self.start == self.buffer.len() {
            self.buffer.clear();
            self.start = 0;
        }
    }
}

impl Drop for FrameReader {
    fn drop(&mut self) {
        self.buffer.zeroize();
    }
}

impl fmt::Debug for FrameReader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kept = self.buffer.len().saturating_sub(self.start);
        f.debug_struct("FrameReader")
            .field("framing", &self.framing)
            .field("bytes_kept", &kept)
            .finish_non_exhaustive()
    }
}

impl fmt::Display for FrameError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            FrameError::Empty => "an empty message is never sent",
            FrameError::TooLong => "the frame is too long",
            FrameError::Length => "the length field holds no length",
            FrameError::Tpdu => "the frame does not begin with a TPDU",
        })
    }
}

impl std::error::Error for FrameError {}
