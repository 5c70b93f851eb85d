//! One connection from sign-on to its end.
//!
//! A single task owns the socket, what waits for answers, and the timers. Messages that gather
//! while it works are written together; answers may come in any order.

mod network;

use std::collections::VecDeque;
use std::fmt;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use iso8583::frame::{FrameError, FrameReader};
use iso8583::{MESSAGE_BYTES_MAX, Message, Mti};
use tokio::io::{AsyncReadExt, AsyncWriteExt, ReadHalf, WriteHalf};
use tokio::sync::{mpsc, watch};
use tokio::time::{Instant, sleep_until};
use zeroize::{Zeroize, Zeroizing};

use super::connection::Stream;
use super::link::{LateAnswer, NotSentReason, Reply, Shared, UnansweredReason};
use super::matching::{Key, Unexpected};
use super::numbers::NumbersUnavailable;
use super::pending::{Pending, Request};

/// Bytes that wait to be written; above this no further request is taken.
const OUT_BYTES_HIGH: usize = 64 * 1024;
/// Requests taken at a time.
const BATCH_MAX: usize = 64;
/// Room for all of it and a few network messages, so that the buffer never moves.
const OUT_BYTES_MAX: usize = OUT_BYTES_HIGH + (BATCH_MAX + 4) * (MESSAGE_BYTES_MAX + 9);
const READ_BYTES: usize = 16 * 1024;
/// Frames without a message that close the connection ...
const UNPARSABLE_MAX: usize = 3;
/// ... when they come within this time.
const UNPARSABLE_WINDOW: Duration = Duration::from_secs(60);

const SIGN_ON: &str = "001";
const SIGN_OFF: &str = "002";
/// The host works on it: not final, the answer is still to come.
const IN_PROGRESS: &str = "09";

/// How a session ended.
pub(crate) struct Ended {
    pub(crate) reason: End,
    /// It had been of use: the pauses between connects start from the beginning.
    pub(crate) was_signed_on: bool,
}

/// Why a session ended.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum End {
    Drained,
    Closed,
    Failed(io::ErrorKind),
    SignOnRefused(String),
    SignOnUnanswered,
    EchoUnanswered,
    Unparsable,
    FramingLost(FrameError),
    Stalled,
    NoNumbers(NumbersUnavailable),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// Only network messages may pass: before sign-on, and after a sign-off by the host.
    Connected,
    SignedOn,
    Draining,
    SigningOff,
}

/// A network message of ours that waits for its answer.
struct Asked {
    code: &'static str,
    key: Key,
    deadline: Instant,
}

struct Session<'a> {
    shared: &'a Arc<Shared>,
    slot: usize,
    state: State,
    was_signed_on: bool,
    pending: Pending,
    asked: Option<Asked>,
    frames: FrameReader,
    /// Frames that are being written, from `out_at` on.
    out: Vec<u8>,
    out_at: usize,
    /// Bytes given to the socket, and bytes put into `out`, since the beginning.
    written: u64,
    queued: u64,
    is_unflushed: bool,
    last_progress: Instant,
    last_received: Instant,
    echoes_missed: u32,
    unparsable: VecDeque<Instant>,
    drain_until: Option<Instant>,
}

/// Runs a connection until it ends; what waits is then told.
pub(crate) async fn run(
    shared: &Arc<Shared>,
    slot: usize,
    stream: Box<dyn Stream>,
    requests: &mut mpsc::Receiver<Request>,
    draining: &mut watch::Receiver<bool>,
) -> Ended {
    let mut session = Session::new(shared, slot);
    let (reader, writer) = tokio::io::split(stream);
    let reason = match session.converse(reader, writer, requests, draining).await {
        Ok(never) => match never {},
        Err(end) => end,
    };
    session.end();
    Ended { reason, was_signed_on: session.was_signed_on }
}

/// A conversation has no result but its end.
enum Never {}

impl<'a> Session<'a> {
    fn new(shared: &'a Arc<Shared>, slot: usize) -> Session<'a> {
        let timers = &shared.config.timers;
        Session {
            shared,
            slot,
            state: State::Connected,
            was_signed_on: false,
            pending: Pending::new(
                Duration::from_millis(timers.t2_response_ms),
                Duration::from_millis(timers.t4_advice_response_ms),
            ),
            asked: None,
            frames: FrameReader::new(shared.framing),
            out: Vec::with_capacity(OUT_BYTES_MAX),
            out_at: 0,
            written: 0,
            queued: 0,
            is_unflushed: false,
            last_progress: Instant::now(),
            last_received: Instant::now(),
            echoes_missed: 0,
            unparsable: VecDeque::new(),
            drain_until: None,
        }
    }

    async fn converse(
        &mut self,
        mut reader: ReadHalf<Box<dyn Stream>>,
        mut writer: WriteHalf<Box<dyn Stream>>,
        requests: &mut mpsc::Receiver<Request>,
        draining: &mut watch::Receiver<bool>,
    ) -> Result<Never, End> {
        let mut bytes = Zeroizing::new(vec![0; READ_BYTES]);
        let mut batch = Vec::with_capacity(BATCH_MAX);
        let mut is_abandoned = false;
        self.sign_on().await?;
        let mut timer = Box::pin(sleep_until(self.next_deadline()));
        loop {
            let deadline = self.next_deadline();
            // A timer that fires early is looked at again; moving it at each answer costs more.
            if deadline < timer.deadline() || timer.is_elapsed() {
                timer.as_mut().reset(deadline);
            }
            let has_room = self.out.len() < OUT_BYTES_HIGH;
            let is_draining = matches!(self.state, State::Draining | State::SigningOff);
            // In this order, so that what is at hand is worked off the same way each time; what
            // arrives is bounded by what was asked, so nothing starves.
            tokio::select! {
                biased;
                count = reader.read(&mut bytes) => {
                    let count = count.map_err(|error| End::Failed(error.kind()))?;
                    if count == 0 {
                        let is_over = self.state == State::SigningOff;
                        return Err(if is_over { End::Drained } else { End::Closed });
                    }
                    self.receive(&bytes[..count])?;
                }
                written = write_some(&mut writer, &self.out[self.out_at..]),
                    if !self.out.is_empty() || self.is_unflushed =>
                {
                    match written {
                        Ok(Some(0)) => return Err(End::Closed),
                        Ok(Some(count)) => self.note_written(count),
                        Ok(None) => self.is_unflushed = false,
                        Err(error) => return Err(End::Failed(error.kind())),
                    }
                }
                taken = requests.recv_many(&mut batch, BATCH_MAX), if has_room && !is_abandoned => {
                    is_abandoned = taken == 0;
                    batch.drain(..).for_each(|request| self.send(request));
                }
                _ = draining.wait_for(|draining| *draining), if !is_draining => {
                    self.start_draining();
                }
                () = &mut timer => self.on_timer()?,
            }
            if self.state == State::Draining && self.pending.is_empty() {
                self.sign_off()?;
            }
        }
    }

    /// Puts a request into the stream, or gives it back.
    fn send(&mut self, request: Request) {
        match self.state {
            State::SignedOn => {}
            State::Connected => return request.refuse(NotSentReason::ConnectionLost),
            State::Draining | State::SigningOff => return request.refuse(NotSentReason::Draining),
        }
        let Request { frame, key, is_advice, asker } = request;
        match self.pending.add(key, is_advice, asker, self.queued, Instant::now()) {
            Ok(()) => self.queue(&frame),
            Err(asker) => {
                // Nobody waiting any more is fine here: nothing was sent.
                let _ = asker.reply_with(Reply::NotSent(NotSentReason::KeyInUse));
            }
        }
    }

    fn queue(&mut self, frame: &[u8]) {
        if self.out.is_empty() {
            self.last_progress = Instant::now();
        }
        self.out.extend_from_slice(frame);
        self.queued += frame.len() as u64;
    }

    fn note_written(&mut self, count: usize) {
        self.last_progress = Instant::now();
        self.is_unflushed = true;
        self.written += count as u64;
        self.out_at += count;
        if self.out_at >= self.out.len() {
            self.out.as_mut_slice().zeroize();
            self.out.clear();
            self.out_at = 0;
        }
    }

    fn receive(&mut self, bytes: &[u8]) -> Result<(), End> {
        self.last_received = Instant::now();
        self.echoes_missed = 0;
        self.frames.push(bytes);
        while let Some(frame) = self.frames.next_frame().map_err(End::FramingLost)? {
            self.on_frame(&frame)?;
        }
        Ok(())
    }

    fn on_frame(&mut self, frame: &[u8]) -> Result<(), End> {
        let link = &self.shared.config.name;
        let counters = &self.shared.counters;
        let message = match self.shared.codec.decode(frame) {
            Ok(message) => message,
            Err(error) => {
                counters.unparsable.count();
                tracing::warn!(link, slot = self.slot, "a frame holds no message: {error}");
                return self.on_unparsable();
            }
        };
        if let Some(key) = &self.shared.mac_key
            && let Err(error) = self.shared.codec.verify_mac(frame, &|covered| key.sign(covered))
        {
            counters.mac_failures.count();
            tracing::error!(link, slot = self.slot, "a message is ignored: {error}");
            return Ok(());
        }
        match message.mti() {
            Mti::NETWORK_REQUEST => self.on_host_request(&message),
            Mti::NETWORK_RESPONSE => return self.on_network_answer(&message),
            mti if mti.is_response() => self.on_answer(message),
            mti => {
                counters.strangers.count();
                tracing::warn!(link, slot = self.slot, "the host sent a {mti}, which is ignored");
            }
        }
        Ok(())
    }

    fn on_unparsable(&mut self) -> Result<(), End> {
        let now = Instant::now();
        self.unparsable.push_back(now);
        self.unparsable.retain(|at| now.duration_since(*at) < UNPARSABLE_WINDOW);
        if self.unparsable.len() >= UNPARSABLE_MAX { Err(End::Unparsable) } else { Ok(()) }
    }

    fn on_answer(&mut self, answer: Message) {
        let key = Key::of_answer(&answer);
        let may_progress =
            [Mti::AUTHORIZATION_RESPONSE, Mti::FINANCIAL_RESPONSE, Mti::REVERSAL_RESPONSE];
        if answer.get(39) == Some(IN_PROGRESS)
            && may_progress.contains(&answer.mti())
            && self.pending.contains(&key)
        {
            return;
        }
        let Some(waiting) = self.pending.take(&key) else {
            return self.on_unexpected(key, &answer);
        };
        self.shared.recent().answered(key);
        let reply = if waiting.asker.expected.is_met_by(&answer) {
            Reply::Answered(answer)
        } else {
            self.shared.counters.mismatched.count();
            let link = &self.shared.config.name;
            tracing::warn!(link, stan = key.stan(), "an answer says other things than asked");
            Reply::Unanswered(UnansweredReason::Invalid)
        };
        if let Err(Reply::Answered(answer)) = waiting.asker.reply_with(reply) {
            // The caller has given up, and with that the exchange.
            self.report_late(key, &answer);
        }
    }

    fn on_unexpected(&self, key: Key, answer: &Message) {
        let link = &self.shared.config.name;
        let counters = &self.shared.counters;
        match self.shared.recent().classify(key, Instant::now()) {
            Unexpected::Late => self.report_late(key, answer),
            Unexpected::Duplicate => {
                counters.duplicates.count();
                tracing::info!(link, stan = key.stan(), "a second copy of an answer is ignored");
            }
            Unexpected::Stranger => {
                counters.strangers.count();
                tracing::warn!(link, stan = key.stan(), "an answer to nothing known is ignored");
            }
        }
    }

    fn report_late(&self, key: Key, answer: &Message) {
        self.shared.counters.late.count();
        let link = &self.shared.config.name;
        tracing::warn!(link, stan = key.stan(), "an answer came too late and changes nothing");
        let late = LateAnswer {
            key,
            rrn: answer.get(37).map(str::to_owned),
            response_code: answer.get(39).map(str::to_owned),
        };
        // Without an observer there is nobody to tell.
        let _ = self.shared.late.send(late);
    }

    fn next_deadline(&mut self) -> Instant {
        let timers = &self.shared.config.timers;
        let stalled = self.last_progress + Duration::from_millis(timers.t2_response_ms);
        let idle = self.last_received + Duration::from_millis(timers.t5_echo_idle_ms);
        let asked = self.asked.as_ref().map(|asked| asked.deadline);
        let others = [
            self.pending.next_deadline(),
            (!self.out.is_empty()).then_some(stalled),
            self.drain_until,
        ];
        others.into_iter().flatten().fold(asked.unwrap_or(idle), Instant::min)
    }

    fn on_timer(&mut self) -> Result<(), End> {
        let now = Instant::now();
        let timers = &self.shared.config.timers;
        while let Some((key, waiting)) = self.pending.take_expired(now) {
            self.shared.recent().unanswered(key, now);
            // Nobody waiting any more makes no difference: it stays unanswered.
            let _ = waiting.asker.reply_with(Reply::Unanswered(UnansweredReason::TimedOut));
        }
        let stalled = self.last_progress + Duration::from_millis(timers.t2_response_ms);
        if !self.out.is_empty() && stalled <= now {
            return Err(End::Stalled);
        }
        if self.drain_until.is_some_and(|until| until <= now) {
            return Err(End::Drained);
        }
        let idle = self.last_received + Duration::from_millis(timers.t5_echo_idle_ms);
        match self.asked.take_if(|asked| asked.deadline <= now).map(|asked| asked.code) {
            Some(SIGN_ON) => return Err(End::SignOnUnanswered),
            Some(SIGN_OFF) => return Err(End::Drained),
            Some(_) => {
                self.shared.counters.echoes_missed.count();
                self.echoes_missed += 1;
                if self.echoes_missed >= timers.t5_echo_misses_max {
                    return Err(End::EchoUnanswered);
                }
                self.echo(now);
            }
            None if self.asked.is_none() && idle <= now => self.echo(now),
            None => {}
        }
        Ok(())
    }

    fn start_draining(&mut self) {
        self.set_state(State::Draining);
        let wait = Duration::from_millis(self.shared.config.timers.t2_response_ms);
        self.drain_until = Some(Instant::now() + wait + self.signon_wait());
    }

    fn signon_wait(&self) -> Duration {
        Duration::from_millis(self.shared.config.timers.t3_signon_ms)
    }

    fn set_state(&mut self, state: State) {
        self.state = state;
        self.publish(state == State::SignedOn);
    }

    fn publish(&self, is_signed_on: bool) {
        self.shared.signed_on.set(self.slot, is_signed_on);
    }

    /// Tells everybody who waits. What may have reached the host is in doubt, the rest is not.
    fn end(&mut self) {
        self.publish(false);
        let now = Instant::now();
        for (key, waiting) in self.pending.drain() {
            let reply = if waiting.frame_at < self.written {
                self.shared.recent().unanswered(key, now);
                Reply::Unanswered(UnansweredReason::ConnectionLost)
            } else {
                Reply::NotSent(NotSentReason::ConnectionLost)
            };
            // Nobody waiting any more makes no difference.
            let _ = waiting.asker.reply_with(reply);
        }
        self.out.as_mut_slice().zeroize();
    }
}

/// Writes some bytes, or flushes when there are none: under TLS written bytes may still lie in
/// the record layer. Nothing is lost when this is dropped before it is done.
async fn write_some(
    writer: &mut WriteHalf<Box<dyn Stream>>,
    bytes: &[u8],
) -> io::Result<Option<usize>> {
    if bytes.is_empty() {
        return writer.flush().await.map(|()| None);
    }
    writer.write(bytes).await.map(Some)
}

impl fmt::Display for End {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            End::Drained => f.write_str("as asked"),
            End::Closed => f.write_str("by the host"),
            End::Failed(kind) => write!(f, "{kind}"),
            End::SignOnRefused(code) => write!(f, "sign-on refused with {code:?}"),
            End::SignOnUnanswered => f.write_str("sign-on not answered"),
            End::EchoUnanswered => f.write_str("echo tests not answered"),
            End::Unparsable => f.write_str("too many frames without a message"),
            End::FramingLost(error) => write!(f, "out of step: {error}"),
            End::Stalled => f.write_str("the host takes no bytes"),
            End::NoNumbers(error) => error.fmt(f),
        }
    }
}

#[cfg(test)]
mod tests {
    use tokio::sync::oneshot;

    use super::*;
    use crate::acquirer::matching::Expected;
    use crate::acquirer::pending::{Asker, InFlight};
    use crate::acquirer::{Link, LinkConfig, NumberBlocks};
    use crate::clock::SystemClock;

    struct NoNumbers;

    #[async_trait::async_trait]
    impl NumberBlocks for NoNumbers {
        async fn reserve(&self, _link: &str, _count: u32) -> Result<u32, NumbersUnavailable> {
            Err(NumbersUnavailable { reason: "none in this test".to_owned() })
        }
    }

    fn request(shared: &Shared, stan: &str) -> (Request, oneshot::Receiver<Reply>) {
        let mut message = Message::new(Mti::AUTHORIZATION_REQUEST);
        message.set(11, stan);
        let (reply, answered) = oneshot::channel();
        let in_flight = InFlight::take(&shared.counters, 10).unwrap();
        let asker = Asker { expected: Expected::of(&message), reply, in_flight };
        let key = Key::of_request(&message).unwrap();
        let frame = shared.frame(&message, shared.framing).unwrap();
        (Request { frame, key, is_advice: false, asker }, answered)
    }

    #[tokio::test]
    async fn only_what_was_written_at_least_in_part_is_in_doubt() {
        let config = LinkConfig { address: "127.0.0.1:1".to_owned(), ..LinkConfig::default() };
        let link = Link::start(config, Arc::new(NoNumbers), Arc::new(SystemClock)).unwrap();
        let shared = link.shared();
        let mut session = Session::new(shared, 0);
        session.state = State::SignedOn;
        let mut askers = Vec::new();
        for stan in ["000001", "000002", "000003"] {
            let (request, answered) = request(shared, stan);
            let length = request.frame.len();
            session.send(request);
            askers.push((length, answered));
        }
        let first_byte_of_the_second = askers[0].0 + 1;
        session.note_written(first_byte_of_the_second);
        session.end();
        let mut replies = Vec::new();
        for (_, answered) in askers {
            replies.push(answered.await.unwrap());
        }
        assert!(
            matches!(
                &replies[..],
                [
                    Reply::Unanswered(UnansweredReason::ConnectionLost),
                    Reply::Unanswered(UnansweredReason::ConnectionLost),
                    Reply::NotSent(NotSentReason::ConnectionLost),
                ]
            ),
            "{replies:?}"
        );
        assert_eq!(link.statistics().in_flight, 0);
    }
}
