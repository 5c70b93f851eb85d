//! Streams between the link and the host, whose network knows frames: a frame is lost, repeated,
//! late or overtaken as a whole, so that each fault is one of a message.

use std::collections::{BTreeMap, VecDeque};
use std::io;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use async_trait::async_trait;
use florin::acquirer::{Dialer, Stream};
use florin_sim::Simulator;
use iso8583::{Codec, Encoding, Spec};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Instant, Sleep};

use crate::mood::{Mood, Who};
use crate::world::World;

/// Length field of a frame: two bytes, big-endian, not counting themselves.
const LENGTH_BYTES: usize = 2;

/// The way from the gateway to the host.
pub struct Wires {
    world: Arc<World>,
    host: Simulator,
    open: Mutex<Vec<Connection>>,
}

/// Both directions of a connection.
#[derive(Clone)]
struct Connection {
    out: Arc<Pipe>,
    back: Arc<Pipe>,
}

impl Wires {
    pub fn new(world: Arc<World>, host: Simulator) -> Wires {
        Wires { world, host, open: Mutex::default() }
    }

    /// Cuts every connection.
    pub fn cut(&self) {
        for connection in lock(&self.open).drain(..) {
            // What is on its way to the host may arrive all the same.
            let arrives = self.world.chance.is(500);
            connection.out.cut(arrives);
            connection.back.cut(false);
        }
    }
}

#[async_trait]
impl Dialer for Wires {
    async fn dial(&self, _address: &str) -> io::Result<Box<dyn Stream>> {
        tokio::time::sleep(Duration::from_millis(1)).await;
        if self.world.strikes(self.world.weather.lost, "link: a connection was refused") {
            return Err(io::ErrorKind::ConnectionRefused.into());
        }
        let pipe = |to_host| {
            let world = self.world.clone();
            Arc::new(Pipe {
                world,
                to_host,
                state: Mutex::default(),
                is_cut: AtomicBool::new(false),
            })
        };
        let connection = Connection { out: pipe(true), back: pipe(false) };
        lock(&self.open).push(connection.clone());
        let ends = |read: &Arc<Pipe>, write: &Arc<Pipe>| End {
            read: read.clone(),
            write: write.clone(),
            timer: None,
        };
        let of_host = ends(&connection.out, &connection.back);
        let host = self.host.clone();
        tokio::spawn(async move { host.converse(of_host).await });
        Ok(Box::new(ends(&connection.back, &connection.out)))
    }
}

/// One direction.
struct Pipe {
    world: Arc<World>,
    to_host: bool,
    state: Mutex<State>,
    is_cut: AtomicBool,
}

#[derive(Default)]
struct State {
    /// What was written and is no whole frame yet.
    begun: Vec<u8>,
    /// Frames by the instant of their arrival, and by their number for those of one instant.
    on_the_way: BTreeMap<(Instant, u64), Vec<u8>>,
    sent: u64,
    /// What has arrived and was not read yet.
    arrived: VecDeque<u8>,
    /// The writer is gone.
    is_ended: bool,
    reader: Option<Waker>,
}

impl Pipe {
    fn cut(&self, arrives: bool) {
        self.world.show(|| format!("{} cut", self.name()));
        self.is_cut.store(true, Ordering::Relaxed);
        let mut state = lock(&self.state);
        if !arrives {
            state.on_the_way.clear();
        }
        end(&mut state);
    }

    fn send(&self, bytes: &[u8]) {
        let mut state = lock(&self.state);
        state.begun.extend_from_slice(bytes);
        while let Some(frame) = take_frame(&mut state.begun) {
            self.send_frame(&mut state, frame);
        }
        if let Some(reader) = state.reader.take() {
            reader.wake();
        }
    }

    fn send_frame(&self, state: &mut State, mut frame: Vec<u8>) {
        let World { weather, chance, .. } = &*self.world;
        self.world.show(|| format!("{} {}", self.name(), described(&frame)));
        let mood = if self.to_host { Mood::Well } else { self.world.moods.of(Who::Host) };
        let mut late_ms = if chance.is(500) { 0 } else { chance.between(1, 3) };
        match mood {
            Mood::Well => {}
            Mood::Silent => {
                self.world.count("host: silent");
                return;
            }
            Mood::Slow => {
                self.world.count("host: slow");
                late_ms += chance.between(5_000, 40_000);
            }
            Mood::Garbage => {
                self.world.count("host: garbage");
                frame[LENGTH_BYTES..].fill(0xfe);
            }
        }
        if self.world.strikes(weather.lost, "link: a message was lost") {
            self.world.show(|| format!("{} lost", self.name()));
            return;
        }
        if self.world.strikes(weather.delayed, "link: a message was late") {
            late_ms += chance.below(weather.delay_ms_max + 1);
        }
        let copies = match self.world.strikes(weather.duplicated, "link: a message came twice") {
            true => 2,
            false => 1,
        };
        for copy in 0..copies {
            let more_ms = if copy == 0 { 0 } else { chance.below(3_000) };
            let at = Instant::now() + Duration::from_millis(late_ms + more_ms);
            state.sent += 1;
            let number = state.sent;
            if state.on_the_way.last_key_value().is_some_and(|((last, _), _)| *last > at) {
                self.world.count("link: a message was overtaken");
            }
            state.on_the_way.insert((at, number), frame.clone());
        }
    }
}

impl Pipe {
    fn name(&self) -> &'static str {
        if self.to_host { "to host:" } else { "from host:" }
    }
}

/// A frame in words, without card data.
fn described(frame: &[u8]) -> String {
    let codec = Codec::new(Spec::florin87(), Encoding::Ascii);
    let Ok(message) = codec.decode(&frame[LENGTH_BYTES..]) else { return "garbage".to_owned() };
    let element = |de: u8| message.get(de).unwrap_or("-").to_owned();
    let [stan, rrn, amount, code] = [11, 37, 4, 39].map(element);
    format!("{} stan {stan} rrn {rrn} amount {amount} code {code}", message.mti())
}

fn end(state: &mut State) {
    state.is_ended = true;
    if let Some(reader) = state.reader.take() {
        reader.wake();
    }
}

/// Takes a whole frame off the front.
fn take_frame(bytes: &mut Vec<u8>) -> Option<Vec<u8>> {
    let length = u16::from_be_bytes([*bytes.first()?, *bytes.get(1)?]);
    let whole = usize::from(length) + LENGTH_BYTES;
    if bytes.len() < whole {
        return None;
    }
    let rest = bytes.split_off(whole);
    Some(std::mem::replace(bytes, rest))
}

/// One end of a connection.
struct End {
    read: Arc<Pipe>,
    write: Arc<Pipe>,
    /// Wakes for the next arrival.
    timer: Option<Pin<Box<Sleep>>>,
}

impl AsyncRead for End {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let pipe = self.read.clone();
        loop {
            let next = {
                let mut state = lock(&pipe.state);
                let now = Instant::now();
                while let Some(entry) = state.on_the_way.first_entry() {
                    if entry.key().0 > now {
                        break;
                    }
                    let frame = entry.remove();
                    state.arrived.extend(frame);
                }
                if !state.arrived.is_empty() {
                    let count = state.arrived.len().min(buffer.remaining());
                    let bytes: Vec<u8> = state.arrived.drain(..count).collect();
                    buffer.put_slice(&bytes);
                    return Poll::Ready(Ok(()));
                }
                let next = state.on_the_way.first_key_value().map(|((at, _), _)| *at);
                if next.is_none() && state.is_ended {
                    return Poll::Ready(Ok(()));
                }
                state.reader = Some(context.waker().clone());
                next
            };
            let Some(at) = next else { return Poll::Pending };
            let timer = self.timer.get_or_insert_with(|| Box::pin(tokio::time::sleep_until(at)));
            if timer.deadline() != at {
                timer.as_mut().reset(at);
            }
            if timer.as_mut().poll(context).is_pending() {
                return Poll::Pending;
            }
            self.timer = None;
        }
    }
}

impl AsyncWrite for End {
    fn poll_write(
        self: Pin<&mut Self>,
        _context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        if self.write.is_cut.load(Ordering::Relaxed) {
            return Poll::Ready(Err(io::ErrorKind::BrokenPipe.into()));
        }
        self.write.send(bytes);
        Poll::Ready(Ok(bytes.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, _context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _context: &mut Context<'_>) -> Poll<io::Result<()>> {
        end(&mut lock(&self.write.state));
        Poll::Ready(Ok(()))
    }
}

impl Drop for End {
    fn drop(&mut self) {
        end(&mut lock(&self.write.state));
        // Nobody reads here any more: what is written fails.
        self.read.is_cut.store(true, Ordering::Relaxed);
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
