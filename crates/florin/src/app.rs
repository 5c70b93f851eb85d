//! Wires adapters to ports; the only file that names both sides, and the only one that starts
//! tasks.

use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinSet;

use florin_sim::Simulator;

use crate::clock::Clock;
use crate::config::Settings;
use crate::gateway::directory::Directory;
use crate::gateway::ids::TransactionIds;
use crate::gateway::rails::Rails;
use crate::gateway::risk::{CountryTables, RiskKnowledge};
use crate::gateway::test_platform::SimulatorControl;
use crate::gateway::{Gateway, RailsByMode, Work};
use crate::limits::{
    ATTEMPTS_PRUNE_PAUSE_MS, ATTEMPTS_PRUNE_STEP_MS, DIRECTORY_POLL_MS, HOUSEKEEPING_PAUSE_MS,
    WORKER_PAUSE_MS,
};
use crate::notify::client::WebhookClient;
use crate::notify::schedule::Schedule;
use crate::provider::ProviderClient;
use crate::store::{LISTED_ROWS_MAX, Node, Store, open_postgres, open_sqlite};
use crate::vault::{Random, Vault};
use crate::workbench::Workbench;

mod account_keys;
mod bootstrap;
mod clerk;
mod key_rows;
mod post;
mod rails;
mod server;
mod simulator;
mod upkeep;
mod workbench;

pub use account_keys::new_account_key;
pub use bootstrap::{FirstSite, new_site, new_site_key, new_temporary_site};
pub use clerk::{Clerk, clerk};
pub use key_rows::KeyRows;
pub(crate) use server::operations;
pub use server::routes;

/// Why the gateway did not start. One sentence for the operator.
#[derive(Debug)]
pub struct StartError(pub String);

impl std::fmt::Display for StartError {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str(&self.0)
    }
}

impl std::error::Error for StartError {}

/// Says what was being done when something failed.
pub(crate) fn failed<E: std::fmt::Display>(doing: &str) -> impl FnOnce(E) -> StartError + '_ {
    move |error| StartError(format!("cannot {doing}: {error}"))
}

/// How long a process may be silent before its node number is given to another.
const NODE_LEASE_MS: i64 = 60_000;

/// A gateway that runs.
pub struct Running {
    pub gateway: Arc<Gateway>,
    /// Where it listens.
    pub address: SocketAddr,
    /// The account's first test site and its key, for the greeting; none where the operator has
    /// removed it.
    pub first_site: Option<FirstSite>,
    /// Keeps the simulator of this process alive.
    simulator: Option<Simulator>,
    shutdown: watch::Sender<bool>,
    tasks: JoinSet<()>,
    shutdown_wait: Duration,
}

/// What a process needs of the store before it can do anything: used by the server and by the
/// commands that work on sites and keys.
pub struct Foundation {
    pub store: Arc<dyn Store>,
    pub vault: Arc<Vault>,
    pub random: Arc<dyn Random>,
    pub clock: Arc<dyn Clock>,
    /// Set when this start made the key file: worth telling the operator.
    pub key_file_created: bool,
}

/// Opens the store and the vault.
///
/// # Errors
/// [`StartError`] when either cannot be had.
pub async fn lay_foundation(
    settings: &Settings,
    clock: Arc<dyn Clock>,
    random: Arc<dyn Random>,
) -> Result<Foundation, StartError> {
    std::fs::create_dir_all(&settings.data_dir)
        .map_err(failed(&format!("make the folder {}", settings.data_dir.display())))?;
    let store = match &settings.database_url {
        Some(url) => open_postgres(url.expose()).await,
        None => open_sqlite(&settings.data_dir.join("florin.sqlite")).await,
    }
    .map_err(failed("open the database"))?;
    let obtained = settings
        .kek_source()
        .obtain(random.as_ref())
        .map_err(failed("get the key-encryption key"))?;
    let rows = KeyRows(store.clone());
    let vault = Vault::open(obtained.kek, &rows, random.clone(), clock.now())
        .await
        .map_err(failed("open the vault"))?;
    Ok(Foundation {
        store,
        vault: Arc::new(vault),
        random,
        clock,
        key_file_created: obtained.created,
    })
}

/// What a gateway works through, whatever world it is in.
pub struct Parts {
    pub store: Arc<dyn Store>,
    pub vault: Arc<Vault>,
    pub clock: Arc<dyn Clock>,
    pub webhooks: WebhookClient,
    pub public_url: String,
    pub rails: RailsByMode,
    pub schedule: Schedule,
    pub simulator: Option<SimulatorControl>,
    pub provider: Option<ProviderClient>,
    pub risk: RiskKnowledge,
    /// Keyed hash of the token for calls from inside; none where there are none.
    pub internal_token: Option<[u8; 32]>,
    pub post: crate::mail::post::Post,
    pub workbench: Workbench,
    /// The store is this process's alone, which takes up at once what the last one left behind.
    pub takes_all: bool,
}

/// Makes a gateway of its parts: takes a node number and reads sites and keys. Nothing runs yet.
///
/// # Errors
/// [`StartError`] when the store does not do its part.
pub async fn assemble(parts: Parts) -> Result<(Arc<Gateway>, Node), StartError> {
    let Parts { store, vault, clock, webhooks, public_url, rails, schedule, simulator, .. } = parts;
    let now = clock.now();
    let node = store
        .lease_node(now, now + NODE_LEASE_MS)
        .await
        .map_err(failed("lease a node number"))?
        .ok_or_else(|| StartError("all node numbers are taken by other processes".to_owned()))?;
    let directory = Directory::default();
    directory.refresh(store.as_ref(), &vault).await.map_err(failed("read sites and keys"))?;
    if parts.takes_all {
        store.release_leases(now).await.map_err(failed("take up what was left behind"))?;
    }
    let gateway = Gateway {
        store,
        vault,
        clock,
        directory,
        transaction_ids: TransactionIds::new(node.id),
        webhooks,
        public_url,
        rails,
        schedule,
        simulator,
        provider: parts.provider,
        risk: parts.risk,
        internal_token: parts.internal_token,
        post: parts.post,
        workbench: parts.workbench,
        alone: parts.takes_all,
        work: Work::default(),
    };
    Ok((Arc::new(gateway), node))
}

/// Everything that a gateway does by itself, until it is told to stop.
pub fn workers(
    gateway: &Arc<Gateway>,
    node: Node,
    stopping: &watch::Receiver<bool>,
) -> Vec<Pin<Box<dyn Future<Output = ()> + Send>>> {
    let mut workers: Vec<Pin<Box<dyn Future<Output = ()> + Send>>> = vec![
        Box::pin(work(gateway.clone(), stopping.clone())),
        Box::pin(keep_directory(gateway.clone(), stopping.clone())),
        Box::pin(forget_attempts(gateway.clone(), stopping.clone())),
        Box::pin(upkeep::keep_node(gateway.clone(), node, stopping.clone())),
        Box::pin(upkeep::keep_writing(gateway.clone(), stopping.clone())),
        Box::pin(keep_house(gateway.clone(), stopping.clone())),
    ];
    for rails in [&gateway.rails.test, &gateway.rails.live].into_iter().flatten() {
        workers.push(Box::pin(keep_card_ranges(rails.clone(), stopping.clone())));
    }
    workers
}

/// Starts everything and returns when requests are answered.
///
/// # Errors
/// [`StartError`], with nothing left running, when any part cannot start.
pub async fn start(
    settings: &Settings,
    clock: Arc<dyn Clock>,
    random: Arc<dyn Random>,
) -> Result<Running, StartError> {
    let foundation = lay_foundation(settings, clock, random).await?;
    let Foundation { store, vault, random, clock, .. } = &foundation;
    let first_site = bootstrap::ensure_first_site(&foundation, settings).await?;

    let listener = TcpListener::bind(settings.listen)
        .await
        .map_err(failed(&format!("listen on {}", settings.listen)))?;
    let address = listener.local_addr().map_err(failed("listen"))?;
    let public_url = settings.public_url.clone().unwrap_or_else(|| format!("http://{address}"));

    let simulator = simulator::start(settings, &public_url, random.as_ref()).await?;
    let test = match &simulator {
        Some(simulator) => {
            Some(Arc::new(rails::to_simulator(simulator, &public_url, &foundation)?))
        }
        None => None,
    };
    let live = rails::to_the_world(settings, &public_url, &foundation)?.map(Arc::new);
    let control = match &simulator {
        Some(simulator) => Some(
            SimulatorControl::new(&simulator.url, &simulator.token)
                .map_err(failed("reach the simulator"))?,
        ),
        None => None,
    };
    let provider = match &simulator {
        Some(simulator) => Some(
            ProviderClient::new(&simulator.url, &simulator.token)
                .map_err(failed("reach the simulator"))?,
        ),
        None => None,
    };

    let tables = {
        let files = &settings.risk;
        CountryTables::read(files.ip_countries.as_deref(), files.bin_countries.as_deref())
            .map_err(failed("read a table of countries"))?
    };
    let internal_token =
        settings.internal.token.as_ref().map(|token| vault.token_hash(token.expose().as_bytes()));
    let interval_ms = i64::from(settings.notifications.interval_s).saturating_mul(1000);
    let parts = Parts {
        store: store.clone(),
        vault: vault.clone(),
        clock: clock.clone(),
        webhooks: WebhookClient::new().map_err(failed("set up TLS for notifications"))?,
        public_url,
        rails: RailsByMode { test, live },
        schedule: Schedule { interval_ms },
        simulator: control,
        provider,
        risk: RiskKnowledge { tables, ..RiskKnowledge::default() },
        internal_token,
        post: post::of(&settings.mail)?,
        workbench: workbench::of(settings, address, simulator.as_ref()),
        // A database of one process: what was on its way when the last one ended is nobody's now.
        takes_all: settings.database_url.is_none(),
    };
    let (gateway, node) = assemble(parts).await?;

    let (shutdown, stopping) = watch::channel(false);
    let mut tasks = JoinSet::new();
    let simulator = simulator.and_then(|simulator| simulator.running);
    let routes = routes(&gateway, simulator.as_ref().map(Simulator::router));
    tasks.spawn(server::serve(listener, routes, settings.http.clone(), stopping.clone()));
    for worker in workers(&gateway, node, &stopping) {
        tasks.spawn(worker);
    }
    tasks.spawn(upkeep::list_old_orders(gateway.clone(), stopping.clone()));
    Ok(Running {
        gateway,
        address,
        first_site,
        simulator,
        shutdown,
        tasks,
        shutdown_wait: Duration::from_millis(settings.http.shutdown_wait_ms),
    })
}

impl Running {
    /// Stops taking requests, finishes what is in flight, and closes the store.
    pub async fn stop(mut self) {
        self.gateway.work.followers.end();
        let _ = self.shutdown.send(true);
        let all = async { while self.tasks.join_next().await.is_some() {} };
        if tokio::time::timeout(self.shutdown_wait, all).await.is_err() {
            tracing::warn!("some requests did not end in time and were cut off");
        }
        // What was begun in the background has its rows: what does not end now is taken up at
        // the next start.
        let work = &self.gateway.work;
        let quiet = async {
            use crate::limits::{ADVICES_MAX, CREATES_MAX, DELIVERIES_MAX};
            let whole = |max: usize| u32::try_from(max).unwrap_or(u32::MAX);
            let _ = work.creates.acquire_many(whole(CREATES_MAX)).await;
            let _ = work.advices.acquire_many(whole(ADVICES_MAX)).await;
            let _ = work.deliveries.acquire_many(whole(DELIVERIES_MAX)).await;
        };
        let _ = tokio::time::timeout(self.shutdown_wait, quiet).await;
        for rails in [&self.gateway.rails.test, &self.gateway.rails.live].into_iter().flatten() {
            rails.shut_down().await;
        }
        drop(self.simulator);
        if let Err(error) = self.gateway.store.close().await {
            tracing::error!(%error, "the store did not close cleanly");
        }
    }
}

/// Starts a task that nobody waits for. A panic in it is a bug: it is told, and ends nothing else.
pub(crate) fn spawn<F>(what: &'static str, task: F)
where
    F: Future<Output = ()> + Send + 'static,
{
    let handle = crate::tasks::start(task);
    crate::tasks::start(async move {
        if let Err(error) = handle.await
            && error.is_panic()
        {
            tracing::error!(what, "a task panicked");
        }
    });
}

/// Runs all at once and waits for the last.
pub(crate) async fn join_all<F>(tasks: impl Iterator<Item = F>)
where
    F: Future<Output = ()> + Send + 'static,
{
    let all: Vec<_> = tasks.map(crate::tasks::start).collect();
    for task in all {
        // One that panicked is over as well; the runtime has told it.
        let _ = task.await;
    }
}

/// Works off what is due, until the process stops.
async fn work(gateway: Arc<Gateway>, mut stopping: watch::Receiver<bool>) {
    loop {
        let mut done = 0;
        let now = gateway.now();
        let due = match gateway.store.next_due().await {
            Ok(due) => due,
            Err(error) => {
                tracing::warn!(%error, "cannot see what is due");
                None
            }
        };
        if due.is_some_and(|due| due <= now) {
            let mut count =
                |what: &str, result: Result<usize, crate::gateway::Failure>| match result {
                    Ok(count) => done += count,
                    Err(failure) => tracing::warn!(what, %failure, "cannot work off what is due"),
                };
            count("timers", gateway.run_timers().await);
            count("owed messages", gateway.run_owed().await);
            count("notifications", gateway.run_outbox().await);
        }
        if *stopping.borrow() {
            return;
        }
        // With nothing found the rows that are due are leased to somebody: not before the pause.
        let until_due = due.map_or(WORKER_PAUSE_MS, |due| {
            u64::try_from(due.saturating_sub(now)).unwrap_or(0).min(WORKER_PAUSE_MS)
        });
        let pause = if done > 0 { 1 } else { until_due.max(10) };
        tokio::select! {
            biased;
            _ = stopping.changed() => return,
            () = gateway.work.wake.notified() => {}
            () = tokio::time::sleep(Duration::from_millis(pause)) => {}
        }
    }
}

async fn keep_directory(gateway: Arc<Gateway>, mut stopping: watch::Receiver<bool>) {
    loop {
        tokio::select! {
            biased;
            () = tokio::time::sleep(Duration::from_millis(DIRECTORY_POLL_MS)) => {}
            _ = stopping.changed() => return,
        }
        if let Err(failure) =
            gateway.directory.refresh(gateway.store.as_ref(), &gateway.vault).await
        {
            tracing::warn!(%failure, "sites and keys may be out of date");
        }
    }
}

async fn keep_house(gateway: Arc<Gateway>, mut stopping: watch::Receiver<bool>) {
    loop {
        tokio::select! {
            () = tokio::time::sleep(Duration::from_millis(HOUSEKEEPING_PAUSE_MS)) => {}
            _ = stopping.changed() => return,
        }
        if let Err(failure) = gateway.keep_house().await {
            tracing::warn!(%failure, "what is too old stays a while");
        }
    }
}

/// Deletes attempts that are no longer counted, a bounded number at a time, so that payments get
/// their turn in between.
async fn forget_attempts(gateway: Arc<Gateway>, mut stopping: watch::Receiver<bool>) {
    loop {
        let pause = match gateway.prune_attempts().await {
            Ok(deleted) if deleted >= u64::from(LISTED_ROWS_MAX) => ATTEMPTS_PRUNE_STEP_MS,
            Ok(_) => ATTEMPTS_PRUNE_PAUSE_MS,
            Err(failure) => {
                tracing::warn!(%failure, "old attempts stay for now");
                ATTEMPTS_PRUNE_PAUSE_MS
            }
        };
        tokio::select! {
            biased;
            () = tokio::time::sleep(Duration::from_millis(pause)) => {}
            _ = stopping.changed() => return,
        }
    }
}

async fn keep_card_ranges(rails: Arc<Rails>, mut stopping: watch::Receiver<bool>) {
    loop {
        rails.refresh_card_ranges().await;
        tokio::select! {
            biased;
            () = tokio::time::sleep(Duration::from_secs(60)) => {}
            _ = stopping.changed() => return,
        }
    }
}
