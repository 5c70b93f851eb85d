//! A running simulator: the host on its own port, everything else as an HTTP router.
//!
//! The router can be part of another server, or be served by [`Simulator::serve`]. The host lives
//! as long as the last [`Simulator`] that is a copy of the started one.

use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::Duration;

use axum::Router;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpListener;
use tokio::sync::watch;

use crate::books::Ledger;
use crate::config::SimulatorConfig;
use crate::control::{self, EntryView};
use crate::faults::{FaultOrder, Faults};
use crate::host::{self, mac::InvalidKey, mac::LinkMac};
use crate::journal::{Journal, Record};
use crate::limits::RESULTS_AGAIN_EVERY;
use crate::methods::{self, Payments, ProviderPayment};
use crate::shared::Shared;
use crate::surroundings::{Machine, Surroundings};
use crate::threeds::{self, Challenges};
use crate::transcript::{Passed, Transcript};

/// How often the journal is looked at.
const COMPACT_EVERY: Duration = Duration::from_secs(30);

/// A running simulator. Copies are the same simulator.
#[derive(Clone)]
pub struct Simulator {
    shared: Arc<Shared>,
    running: Arc<Running>,
}

struct Running {
    /// None where gateways come in by [`Simulator::converse`] alone.
    host_address: Option<SocketAddr>,
    /// The tasks end when this is told or dropped.
    stop: watch::Sender<bool>,
}

/// A simulator cannot be started.
#[derive(Debug)]
pub enum StartError {
    /// The host's address cannot be listened on.
    Listen(String, io::Error),
    /// The journal cannot be read or written.
    Journal(io::Error),
    /// A key of the link's MAC is not one.
    Key(InvalidKey),
    /// The HTTP client cannot be set up.
    Http(reqwest::Error),
}

impl Simulator {
    /// Reads the journal, listens, and is ready when this returns.
    ///
    /// # Errors
    /// An address, file or key of the configuration that cannot be used.
    pub async fn start(config: SimulatorConfig) -> Result<Simulator, StartError> {
        let listen_error = |error| StartError::Listen(config.host_listen.clone(), error);
        let listener = TcpListener::bind(&config.host_listen).await.map_err(listen_error)?;
        let host_address = listener.local_addr().map_err(listen_error)?;
        let around = Arc::new(Machine::new().map_err(StartError::Http)?);
        let (simulator, stopped) = Simulator::make(config, around, Some(host_address))?;
        let shared = simulator.shared.clone();
        tokio::spawn(host::listen(shared.clone(), listener, stopped.clone()));
        tokio::spawn(keep_journal_small(shared.clone(), stopped.clone()));
        tokio::spawn(bring_results_again(shared, stopped));
        tracing::info!(%host_address, "the simulator's host listens");
        Ok(simulator)
    }

    /// A simulator in other surroundings than the machine's. It listens nowhere: gateways reach
    /// its host by [`Simulator::converse`].
    ///
    /// # Errors
    /// A file or key of the configuration that cannot be used.
    pub fn within(
        config: SimulatorConfig,
        around: Arc<dyn Surroundings>,
    ) -> Result<Simulator, StartError> {
        Simulator::make(config, around, None).map(|(simulator, _)| simulator)
    }

    /// Talks ISO 8583 with a gateway, as its host, until either side ends it.
    pub async fn converse(&self, stream: impl AsyncRead + AsyncWrite + Unpin) {
        host::converse(self.shared.clone(), self.running.stop.subscribe(), stream).await;
    }

    fn make(
        config: SimulatorConfig,
        around: Arc<dyn Surroundings>,
        host_address: Option<SocketAddr>,
    ) -> Result<(Simulator, watch::Receiver<bool>), StartError> {
        let mut ledger = Ledger::default();
        let mut challenges = Challenges::default();
        let mut payments = Payments::default();
        let journal = Journal::open(config.journal.as_deref(), |record| match record {
            Record::Book(event) => ledger.apply(&event),
            Record::Challenge(record) => challenges.apply(record),
            Record::Payment(record) => payments.apply(record),
        });
        let journal = journal.map_err(StartError::Journal)?;
        let mac = config.mac.as_ref().map(LinkMac::new).transpose().map_err(StartError::Key)?;
        let shared = Arc::new(Shared {
            encoding: config.encoding,
            framing: config.framing,
            mac,
            ledger: Mutex::new(ledger),
            challenges: Mutex::new(challenges),
            payments: Mutex::new(payments),
            journal,
            faults: Faults::default(),
            transcript: Transcript::default(),
            cut: watch::Sender::new(0),
            public_url: RwLock::new(without_slash(&config.public_url)),
            results_prefix: config.results_prefix,
            control_token: config.control_token,
            challenge_life: config.challenge_life,
            around,
        });
        shared.compact_journal();
        let (stop, stopped) = watch::channel(false);
        Ok((Simulator { shared, running: Arc::new(Running { host_address, stop }) }, stopped))
    }

    /// Where the ISO 8583 host listens.
    ///
    /// # Panics
    /// For a simulator that listens nowhere.
    pub fn host_address(&self) -> SocketAddr {
        self.running.host_address.expect("a simulator that was started listens")
    }

    /// Says where the HTTP paths are reachable, once that is known; see
    /// [`SimulatorConfig::public_url`].
    pub fn set_public_url(&self, url: &str) {
        let mut public_url = self.shared.public_url.write().unwrap_or_else(PoisonError::into_inner);
        *public_url = without_slash(url);
    }

    /// The HTTP paths: `/ds/{network}`, `/acs/…`, `/methods/…`, `/control/…`.
    pub fn router(&self) -> Router {
        let routes = threeds::routes().merge(methods::routes(&self.shared));
        routes.merge(control::routes(&self.shared)).with_state(self.shared.clone())
    }

    /// Serves the HTTP paths until the simulator is stopped.
    ///
    /// # Errors
    /// Those of the listener.
    pub async fn serve(&self, listener: TcpListener) -> io::Result<()> {
        let mut stopped = self.running.stop.subscribe();
        let until_stopped = async move {
            let _ = stopped.wait_for(|stopped| *stopped).await;
        };
        axum::serve(listener, self.router()).with_graceful_shutdown(until_stopped).await
    }

    /// The books of a merchant (DE42), oldest authorization first.
    pub fn entries(&self, merchant: &str) -> Vec<EntryView> {
        control::entries(&self.shared, merchant, None)
    }

    /// What the providers of other methods have of a merchant, oldest first.
    pub fn provider_payments(&self, merchant: &str) -> Vec<ProviderPayment> {
        methods::books::payments(&self.shared, merchant)
    }

    /// Has providers bring results once more that could not be brought, as they do until somebody
    /// takes them.
    pub async fn repeat_results(&self) {
        methods::books::repeat_results(&self.shared).await;
    }

    /// Orders a fault, as `POST /control/faults` does.
    ///
    /// # Errors
    /// What is wrong with the order, as a sentence.
    pub fn order_fault(&self, order: FaultOrder) -> Result<(), String> {
        self.shared.faults.order(order)
    }

    /// Forgets everything of a merchant.
    pub fn clear(&self, merchant: &str) {
        control::clear(&self.shared, merchant);
    }

    /// The last messages of a merchant, described without card data.
    pub fn messages(&self, merchant: &str, limit: usize) -> Vec<Passed> {
        self.shared.transcript.last(merchant, 0, limit)
    }

    /// Closes the host and ends [`Simulator::serve`].
    pub fn stop(&self) {
        let _ = self.running.stop.send(true);
    }
}

impl fmt::Debug for Simulator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Simulator")
            .field("host_address", &self.running.host_address)
            .finish_non_exhaustive()
    }
}

impl fmt::Display for StartError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            StartError::Listen(address, error) => {
                write!(f, "the simulator's host cannot listen on {address}: {error}")
            }
            StartError::Journal(error) => write!(f, "the simulator's journal: {error}"),
            StartError::Key(error) => error.fmt(f),
            StartError::Http(error) => write!(f, "the simulator's HTTP client: {error}"),
        }
    }
}

impl std::error::Error for StartError {}

async fn keep_journal_small(shared: Arc<Shared>, mut stop: watch::Receiver<bool>) {
    loop {
        tokio::select! {
            _ = stop.changed() => return,
            () = tokio::time::sleep(COMPACT_EVERY) => shared.compact_journal(),
        }
    }
}

async fn bring_results_again(shared: Arc<Shared>, mut stop: watch::Receiver<bool>) {
    loop {
        tokio::select! {
            _ = stop.changed() => return,
            () = tokio::time::sleep(RESULTS_AGAIN_EVERY) => {}
        }
        tokio::select! {
            _ = stop.changed() => return,
            () = methods::books::repeat_results(&shared) => {}
        }
    }
}

fn without_slash(url: &str) -> String {
    url.trim_end_matches('/').to_owned()
}
