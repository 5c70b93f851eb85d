//! Starts the gateway that was built, as a user would, and knows when it is ready.
//!
//! It listens on a free port of the loopback address, keeps its data below `target/`, and has a
//! test site whose key we chose.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, TcpStream};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use crate::places;
use crate::postgres::free_port;
use crate::process::{Ending, Running, command};

/// The key of the test site: forty letters and digits, like those of the API's own shops.
pub(crate) const API_KEY: &str = "0utsideTests0utsideTests0utsideTests0123";

/// The token of the gateway's operator, and the variable that gateway and suites have it in.
pub(crate) const OPERATOR_TOKEN: &str = "operator-of-the-outside-tests-0123456789";
pub(crate) const OPERATOR_VARIABLE: &str = "FLORIN_INTERNAL__TOKEN";

const START_WAIT: Duration = Duration::from_secs(30);
/// What is in flight when it is asked to end may take this long.
const STOP_WAIT: Duration = Duration::from_secs(30);
const POLL_EVERY: Duration = Duration::from_millis(20);
const PROBE_WAIT: Duration = Duration::from_secs(2);
const LOG_SHOWN_BYTES_MAX: usize = 4_000;

/// A running gateway.
pub(crate) struct Gateway {
    process: Running,
    port: u16,
    data: PathBuf,
    log: PathBuf,
}

impl Gateway {
    /// Starts the gateway under `name`, on SQLite unless the URL of a database is given.
    /// Its log is `test-output/gateway-NAME.log`.
    /// The operator's token is [`OPERATOR_TOKEN`].
    pub(crate) fn start(name: &str, database_url: Option<&str>) -> Result<Gateway, String> {
        let data = places::this_run().join(format!("gateway-{name}"));
        let log = places::test_output().join(format!("gateway-{name}.log"));
        let port = free_port()?;
        let mut serve = command(places::target().join("debug/florin"));
        serve.args(["serve", "--listen", &format!("127.0.0.1:{port}"), "--data"]).arg(&data);
        serve.env("FLORIN_TEST_API_KEY", API_KEY).env(OPERATOR_VARIABLE, OPERATOR_TOKEN);
        if let Some(url) = database_url {
            serve.args(["--database-url", url]);
        }
        let process = Running::start("florin", &mut serve, Ending::Terminate, STOP_WAIT, &log)?;
        let mut gateway = Gateway { process, port, data, log };
        gateway.wait_until_ready()?;
        Ok(gateway)
    }

    pub(crate) fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// What it has written: its data folder and its log.
    pub(crate) fn files(&self) -> [PathBuf; 2] {
        [self.data.clone(), self.log.clone()]
    }

    /// Asks it to end; an error if it does not, or not well.
    pub(crate) fn stop(self) -> Result<(), String> {
        self.process.stop().map_err(|why| format!("{why}:\n{}", end_of(&self.log)))
    }

    fn wait_until_ready(&mut self) -> Result<(), String> {
        let until = Instant::now() + START_WAIT;
        while !is_ready(self.port).unwrap_or(false) {
            if let Some(status) = self.process.ended()? {
                let said = end_of(&self.log);
                return Err(format!("florin ended with {status} instead of starting:\n{said}"));
            }
            if Instant::now() > until {
                let said = end_of(&self.log);
                return Err(format!("florin is not ready after {START_WAIT:?}:\n{said}"));
            }
            std::thread::sleep(POLL_EVERY);
        }
        Ok(())
    }
}

/// Whether `GET /health/ready` answers 200.
fn is_ready(port: u16) -> std::io::Result<bool> {
    let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port))?;
    stream.set_read_timeout(Some(PROBE_WAIT))?;
    stream
        .write_all(b"GET /health/ready HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n")?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer)?;
    Ok(answer.split(|byte| *byte == b' ').nth(1) == Some(b"200"))
}

fn end_of(log: &Path) -> String {
    let text = std::fs::read(log).unwrap_or_default();
    let from = text.len().saturating_sub(LOG_SHOWN_BYTES_MAX);
    String::from_utf8_lossy(&text[from..]).into_owned()
}
