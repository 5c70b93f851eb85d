//! The host's sockets: one listener, one task for each connection.
//!
//! A task reads what has arrived, answers all of it, writes the journal once and the socket once.
//! It owns its buffers; between connections only books, faults and the signal to cut are common.

use std::collections::VecDeque;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use iso8583::frame::{FrameReader, Framing};
use iso8583::{Codec, Message, Spec};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::sync::{Semaphore, mpsc, watch};
use tokio::time::Instant;
use zeroize::Zeroizing;

use crate::limits::{
    HOST_CONNECTIONS_MAX, HOST_DELAYED_MAX, HOST_IDLE, HOST_READ_BYTES, HOST_UNREADABLE_MAX,
    HOST_WRITE_WAIT,
};
use crate::shared::Shared;

use super::exchange::{self, Answer, Outcome, Session};

/// Within this time [`HOST_UNREADABLE_MAX`] unreadable frames close a connection.
const UNREADABLE_WINDOW: Duration = Duration::from_secs(60);
/// Pause after a failed accept: it fails while there are no file descriptors.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);
/// What goes out in place of a message when a test ordered garbage.
const GARBAGE: &[u8] = b"\xff\xfe this is not a message \x00\x01";

/// Accepts connections until the simulator stops.
pub(crate) async fn listen(
    shared: Arc<Shared>,
    listener: TcpListener,
    mut stop: watch::Receiver<bool>,
) {
    let places = Arc::new(Semaphore::new(HOST_CONNECTIONS_MAX));
    loop {
        let accepted = tokio::select! {
            _ = stop.changed() => return,
            accepted = listener.accept() => accepted,
        };
        let Ok((stream, peer)) = accepted else {
            tokio::time::sleep(ACCEPT_PAUSE).await;
            continue;
        };
        let Ok(place) = places.clone().try_acquire_owned() else {
            tracing::warn!(%peer, "the host has too many connections");
            continue;
        };
        let (shared, stop) = (shared.clone(), stop.clone());
        tokio::spawn(async move {
            tracing::debug!(%peer, "a gateway connects to the host");
            // Answers are small and somebody waits for each.
            let _ = stream.set_nodelay(true);
            converse(shared, stop, stream).await;
            drop(place);
        });
    }
}

/// Talks with a gateway until either side ends it.
pub(crate) async fn converse(
    shared: Arc<Shared>,
    stop: watch::Receiver<bool>,
    stream: impl AsyncRead + AsyncWrite + Unpin,
) {
    if let Err(error) = Connection::new(shared, stop).run(stream).await {
        tracing::debug!(%error, "the host closes a connection");
    }
}

struct Connection {
    shared: Arc<Shared>,
    stop: watch::Receiver<bool>,
    cut: watch::Receiver<u64>,
    codec: Codec,
    framing: Framing,
    reader: FrameReader,
    session: Session,
    /// Frames to be written.
    out: Vec<u8>,
    /// One encoded answer.
    encoded: Vec<u8>,
    late: mpsc::Sender<Vec<u8>>,
    late_arrivals: mpsc::Receiver<Vec<u8>>,
    unreadable: VecDeque<Instant>,
}

impl Connection {
    fn new(shared: Arc<Shared>, stop: watch::Receiver<bool>) -> Connection {
        let (late, late_arrivals) = mpsc::channel(HOST_DELAYED_MAX);
        Connection {
            cut: shared.cut.subscribe(),
            codec: Codec::new(Spec::florin87(), shared.encoding),
            framing: shared.framing,
            reader: FrameReader::new(shared.framing),
            session: Session::default(),
            out: Vec::with_capacity(HOST_READ_BYTES),
            encoded: Vec::new(),
            late,
            late_arrivals,
            unreadable: VecDeque::new(),
            shared,
            stop,
        }
    }

    async fn run(mut self, mut stream: impl AsyncRead + AsyncWrite + Unpin) -> io::Result<()> {
        let mut bytes = Zeroizing::new(vec![0; HOST_READ_BYTES]);
        loop {
            tokio::select! {
                biased;
                _ = self.stop.changed() => return Ok(()),
                _ = self.cut.changed() => return Ok(()),
                Some(frame) = self.late_arrivals.recv() => self.out.extend_from_slice(&frame),
                read = tokio::time::timeout(HOST_IDLE, stream.read(&mut bytes)) => {
                    let count = read.map_err(|_| io::Error::other("nothing arrived for long"))??;
                    if count == 0 {
                        return Ok(());
                    }
                    self.reader.push(&bytes[..count]);
                    let alive = self.answer_all();
                    self.shared.journal.flush();
                    if !alive {
                        // Whatever was answered before the cut still goes out.
                        return self.write(&mut stream).await;
                    }
                }
            }
            self.write(&mut stream).await?;
        }
    }

    /// Answers every whole frame; false when the connection is to be closed.
    fn answer_all(&mut self) -> bool {
        loop {
            let frame = match self.reader.next_frame() {
                Ok(Some(frame)) => frame,
                Ok(None) => return true,
                Err(error) => {
                    tracing::warn!(?error, "the host lost the framing of a connection");
                    return false;
                }
            };
            if !self.answer(&frame) {
                return false;
            }
        }
    }

    fn answer(&mut self, frame: &[u8]) -> bool {
        let message = match self.codec.decode(frame) {
            Ok(message) => message,
            Err(error) => {
                tracing::warn!(%error, "the host received an unreadable message");
                return self.bears_unreadable();
            }
        };
        let outcome = if self.mac_is_right(frame) {
            exchange::receive(&self.shared, &mut self.session, &message)
        } else {
            exchange::refuse_mac(&self.shared, &message)
        };
        match outcome {
            Outcome::Nothing => true,
            Outcome::Send(answer) => {
                self.send(answer);
                true
            }
            Outcome::Cut(answer) => {
                if let Some(message) = answer {
                    self.frame(&message, false, 1);
                }
                self.shared.cut.send_modify(|cuts| *cuts = cuts.wrapping_add(1));
                false
            }
        }
    }

    fn mac_is_right(&self, frame: &[u8]) -> bool {
        let Some(mac) = &self.shared.mac else { return true };
        mac.is_right(|mac| self.codec.verify_mac(frame, mac).is_ok())
    }

    /// Whether the connection is kept in spite of an unreadable frame.
    fn bears_unreadable(&mut self) -> bool {
        let now = Instant::now();
        self.unreadable.push_back(now);
        self.unreadable.retain(|moment| now - *moment < UNREADABLE_WINDOW);
        self.unreadable.len() < HOST_UNREADABLE_MAX
    }

    fn send(&mut self, answer: Answer) {
        let Answer { message, delay, copies, garbled, new_key } = answer;
        let start = self.out.len();
        self.frame(&message, garbled, copies);
        if let (Some(new_key), Some(mac)) = (new_key, &self.shared.mac) {
            mac.install(new_key);
        }
        let Some(delay) = delay else { return };
        let frames = self.out.split_off(start);
        // Without a place for one more late answer it is not late.
        let Ok(place) = self.late.clone().try_reserve_owned() else {
            self.out.extend_from_slice(&frames);
            return;
        };
        tokio::spawn(async move {
            tokio::time::sleep(delay).await;
            place.send(frames);
        });
    }

    /// Appends an answer to what is to be written.
    fn frame(&mut self, message: &Message, garbled: bool, copies: u8) {
        self.encoded.clear();
        let result = match &self.shared.mac {
            _ if garbled => {
                self.encoded.extend_from_slice(GARBAGE);
                Ok(())
            }
            Some(mac) => {
                self.codec.encode_with_mac(message, &mut self.encoded, &|bytes| mac.mac(bytes))
            }
            None => self.codec.encode(message, &mut self.encoded),
        };
        if let Err(error) = result {
            tracing::error!(%error, "the host made an answer that cannot be written");
            return;
        }
        let framing = match self.reader.last_tpdu() {
            Some(tpdu) => Framing { tpdu: Some(tpdu.swapped()), ..self.framing },
            None => self.framing,
        };
        for _ in 0..copies {
            if let Err(error) = framing.wrap(&self.encoded, &mut self.out) {
                tracing::error!(?error, "the host made an answer that does not fit a frame");
            }
        }
    }

    async fn write(&mut self, stream: &mut (impl AsyncWrite + Unpin)) -> io::Result<()> {
        if self.out.is_empty() {
            return Ok(());
        }
        let written = tokio::time::timeout(HOST_WRITE_WAIT, stream.write_all(&self.out)).await;
        self.out.clear();
        written.map_err(|_| io::Error::other("the gateway does not take its answers"))?
    }
}
