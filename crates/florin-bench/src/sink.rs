//! A shop that answers OK to every notification, as cheaply as can be.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

/// Where it listens, and how many notifications it has had.
pub(crate) struct Sink {
    pub(crate) address: SocketAddr,
    pub(crate) heard: Arc<AtomicU64>,
}

/// Notifications are sent by GET, so a request ends with its head.
pub(crate) async fn start() -> Sink {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let heard = Arc::new(AtomicU64::new(0));
    let count = heard.clone();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let count = count.clone();
            tokio::spawn(async move {
                let mut buffer = vec![0u8; 8192];
                let mut filled = 0;
                while let Ok(read) = stream.read(&mut buffer[filled..]).await {
                    if read == 0 {
                        return;
                    }
                    filled += read;
                    if buffer[..filled].ends_with(b"\r\n\r\n") {
                        count.fetch_add(1, Ordering::Relaxed);
                        filled = 0;
                        let answer = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nOK";
                        if stream.write_all(answer).await.is_err() {
                            return;
                        }
                    }
                }
            });
        }
    });
    Sink { address, heard }
}
