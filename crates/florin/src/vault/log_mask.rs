//! Masks card numbers in the log's text on its way out: the second line behind types that hide them.
//!
//! Sits between the formatter of `tracing-subscriber` and the real output. The formatter hands over
//! each event in one piece, so a number is never split.

use std::io::{self, Write};

use tracing::Metadata;
use tracing_subscriber::fmt::MakeWriter;

use super::leak_scan::mask_card_numbers;

/// Makes writers that mask. Wrap what the log would be written to:
/// `tracing_subscriber::fmt().with_writer(MaskingMakeWriter::new(std::io::stderr))`.
#[derive(Clone, Debug)]
pub struct MaskingMakeWriter<M> {
    inner: M,
}

/// Masks what is written through it. Each call is masked by itself.
#[derive(Debug)]
pub struct MaskingWriter<W> {
    inner: W,
}

impl<M> MaskingMakeWriter<M> {
    /// Masks on the way to the writers that `inner` makes.
    pub fn new(inner: M) -> MaskingMakeWriter<M> {
        MaskingMakeWriter { inner }
    }
}

impl<'a, M: MakeWriter<'a>> MakeWriter<'a> for MaskingMakeWriter<M> {
    type Writer = MaskingWriter<M::Writer>;

    fn make_writer(&'a self) -> Self::Writer {
        MaskingWriter { inner: self.inner.make_writer() }
    }

    fn make_writer_for(&'a self, meta: &Metadata<'_>) -> Self::Writer {
        MaskingWriter { inner: self.inner.make_writer_for(meta) }
    }
}

impl<W: Write> Write for MaskingWriter<W> {
    /// Writes all or fails: after a part, the caller would pass on the rest without its beginning.
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.inner.write_all(&mask_card_numbers(bytes))?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.inner.flush()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use super::*;

    #[derive(Clone, Default)]
    struct Captured(Arc<Mutex<Vec<u8>>>);

    impl Write for Captured {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            // Takes little at once, like a slow pipe.
            let taken = bytes.len().min(7);
            self.0.lock().unwrap().extend_from_slice(&bytes[..taken]);
            Ok(taken)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[track_caller]
    fn check_logged(json: bool) {
        let captured = Captured::default();
        let output = captured.clone();
        let builder = tracing_subscriber::fmt()
            .with_ansi(true)
            .with_writer(MaskingMakeWriter::new(move || output.clone()));
        let log = || {
            tracing::info!(pan = "4111111111111111", "paid with 5500 0000 0000 0004, order 7");
        };
        if json {
            tracing::subscriber::with_default(builder.json().finish(), log);
        } else {
            tracing::subscriber::with_default(builder.finish(), log);
        }
        let written = String::from_utf8(captured.0.lock().unwrap().clone()).unwrap();
        assert!(written.contains("411111******1111"), "{written}");
        assert!(written.contains("paid with 5500 00** **** 0004, order 7"), "{written}");
        assert!(written.ends_with('\n'), "{written}");
    }

    #[test]
    fn a_logged_card_number_is_masked_in_fields_and_messages() {
        check_logged(false);
        check_logged(true);
    }
}
