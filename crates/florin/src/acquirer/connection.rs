//! One place for a connection: connects, lets a session run, connects again after a pause.
//!
//! While there is no session, requests that slipped in are given back unsent.

use std::future::Future;
use std::io;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpSocket, TcpStream, lookup_host};
use tokio::sync::{mpsc, watch};
use tokio::time::{sleep, timeout};

use super::link::{NotSentReason, Shared};
use super::pending::Request;
use super::session::{self, End};

/// A stream to the host, plain or under TLS.
pub trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}
impl<T: AsyncRead + AsyncWrite + Send + Unpin> Stream for T {}

/// How a connection to the host comes about.
#[async_trait]
pub trait Dialer: Send + Sync + 'static {
    /// Connects to `address`, `name:port`.
    async fn dial(&self, address: &str) -> io::Result<Box<dyn Stream>>;
}

/// Over TCP.
#[derive(Clone, Copy, Debug)]
pub(super) struct TcpDialer;

#[async_trait]
impl Dialer for TcpDialer {
    async fn dial(&self, address: &str) -> io::Result<Box<dyn Stream>> {
        let stream = connect_tcp(address).await?;
        // Requests are small and somebody waits for each.
        stream.set_nodelay(true)?;
        Ok(Box::new(stream))
    }
}

/// Keeps a connection up until the link is drained or dropped.
pub(crate) async fn keep(
    shared: Arc<Shared>,
    slot: usize,
    mut requests: mpsc::Receiver<Request>,
    mut draining: watch::Receiver<bool>,
) {
    let link = shared.config.name.clone();
    let mut failures = 0;
    loop {
        let connect_wait = Duration::from_millis(shared.config.timers.t1_connect_ms);
        let connecting = timeout(connect_wait, connect(&shared));
        let Some(connected) = meanwhile(&mut requests, &mut draining, connecting).await else {
            break;
        };
        match connected {
            Ok(Ok(stream)) => {
                shared.counters.connects.count();
                let end = session::run(&shared, slot, stream, &mut requests, &mut draining).await;
                tracing::info!(link, slot, "connection closed: {}", end.reason);
                if end.reason == End::Drained {
                    break;
                }
                failures = if end.was_signed_on { 0 } else { failures + 1 };
            }
            Ok(Err(error)) => {
                tracing::warn!(link, slot, "cannot connect: {error}");
                failures += 1;
            }
            Err(_) => {
                tracing::warn!(link, slot, "cannot connect within T1");
                failures += 1;
            }
        }
        // The first pause follows the first failure, and a connection that had been fine.
        let earlier = usize::saturating_sub(failures, 1);
        let pause = shared.config.timers.reconnect_pause(earlier, (shared.random)());
        if meanwhile(&mut requests, &mut draining, sleep(pause)).await.is_none() {
            break;
        }
    }
    requests.close();
    while let Some(request) = requests.recv().await {
        request.refuse(NotSentReason::Draining);
    }
}

/// Waits for something that is not a session. `None` when the link is drained or dropped first.
async fn meanwhile<F: Future>(
    requests: &mut mpsc::Receiver<Request>,
    draining: &mut watch::Receiver<bool>,
    awaited: F,
) -> Option<F::Output> {
    let mut awaited = pin!(awaited);
    loop {
        tokio::select! {
            biased;
            _ = draining.wait_for(|draining| *draining) => return None,
            request = requests.recv() => request?.refuse(NotSentReason::ConnectionLost),
            output = &mut awaited => return Some(output),
        }
    }
}

async fn connect(shared: &Shared) -> io::Result<Box<dyn Stream>> {
    let stream = shared.dialer.dial(&shared.config.address).await?;
    match &shared.tls {
        None => Ok(stream),
        Some(tls) => {
            let stream = tls.connector.connect(tls.server_name.clone(), stream).await?;
            Ok(Box::new(stream))
        }
    }
}

async fn connect_tcp(address: &str) -> io::Result<TcpStream> {
    let mut last = io::Error::new(io::ErrorKind::NotFound, "the host name has no address");
    for address in lookup_host(address).await? {
        let socket = if address.is_ipv4() { TcpSocket::new_v4()? } else { TcpSocket::new_v6()? };
        socket.set_keepalive(true)?;
        match socket.connect(address).await {
            Ok(stream) => return Ok(stream),
            Err(error) => last = error,
        }
    }
    Err(last)
}
