//! How a simulator is started.

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use iso8583::Encoding;
use iso8583::frame::Framing;
use zeroize::Zeroizing;

use crate::host::mac::MacConfig;

/// Settings of a simulator.
#[derive(Clone)]
pub struct SimulatorConfig {
    /// Address of the ISO 8583 host; port 0 takes a free one.
    pub host_listen: String,
    /// Encoding of the host's messages.
    pub encoding: Encoding,
    /// Frames of the host's connections.
    pub framing: Framing,
    /// MAC of the host's link; none by default.
    pub mac: Option<MacConfig>,
    /// Where books and challenges are kept; without a file they end with the process.
    pub journal: Option<PathBuf>,
    /// Where the HTTP paths are reachable from browsers and from the 3DS Server, such as
    /// `http://127.0.0.1:8080/sim`.
    pub public_url: String,
    /// Results go only to 3DS Servers whose `threeDSServerURL` begins with this; anywhere by
    /// default. To be set where strangers can reach the directory servers: otherwise they could
    /// have this process post to addresses that only it can reach.
    pub results_prefix: Option<String>,
    /// Bearer token of the control API; an empty one closes it.
    pub control_token: Zeroizing<String>,
    /// How long a challenge can be answered. Nothing is sent when it is over: what becomes of an
    /// order whose payer went away is for the gateway's own limit to say.
    pub challenge_life: Duration,
}

impl Default for SimulatorConfig {
    fn default() -> SimulatorConfig {
        SimulatorConfig {
            host_listen: "127.0.0.1:0".to_owned(),
            encoding: Encoding::Ascii,
            framing: Framing::default(),
            mac: None,
            journal: None,
            public_url: String::new(),
            results_prefix: None,
            control_token: Zeroizing::default(),
            challenge_life: Duration::from_secs(3600),
        }
    }
}

impl fmt::Debug for SimulatorConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SimulatorConfig")
            .field("host_listen", &self.host_listen)
            .field("encoding", &self.encoding)
            .field("framing", &self.framing)
            .field("mac", &self.mac)
            .field("journal", &self.journal)
            .field("public_url", &self.public_url)
            .field("results_prefix", &self.results_prefix)
            .field("challenge_life", &self.challenge_life)
            .finish_non_exhaustive()
    }
}
