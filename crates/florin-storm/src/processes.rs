//! The gateway's processes: started, killed at any await, started again on the same disk.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use florin::acquirer::{Link, LinkConfig};
use florin::app::{self, KeyRows, Parts};
use florin::gateway::RailsByMode;
use florin::gateway::rails::{Rails, numbers_of};
use florin::gateway::risk::RiskKnowledge;
use florin::notify::client::WebhookClient;
use florin::notify::schedule::Schedule;
use florin::provider::ProviderClient;
use florin::store::Store;
use florin::tasks::{self, TaskGroup};
use florin::threeds::{NetworkConfig, ThreeDsConfig, ThreeDsServer};
use florin::vault::{Kek, Random, Vault};
use tokio::sync::watch;

use crate::chance::Chance;
use crate::elsewhere::ToProvider;
use crate::front::{Front, GATEWAY, Up};
use crate::network::frames::Wires;
use crate::outside::{BANK, ToBank, ToReceiver};
use crate::receiver::Receiver;
use crate::store::{Disk, MemoryStore};
use crate::world::{ProcessClock, World};

/// The key-encryption key of all processes.
pub const KEK: [u8; 32] = [7; 32];

/// What opens the operator's own calls.
pub const OPERATOR_TOKEN: &str = "storm-operator";

/// Networks with a directory server at the bank.
const NETWORKS: [&str; 4] = ["VI", "MC", "MS", "AX"];

/// Few, so that blocks of message numbers are reserved often.
const NUMBERS_PER_BLOCK: u32 = 12;

/// How often a process is looked after.
const LOOK_EVERY: Duration = Duration::from_secs(5);
const TICKS_PER_MINUTE: u64 = 12;

/// What every process of a run works with.
#[derive(Clone)]
pub struct Surroundings {
    pub world: Arc<World>,
    pub disk: Arc<Disk>,
    pub front: Arc<Front>,
    pub wires: Arc<Wires>,
    pub bank: Router,
    pub receiver: Arc<Receiver>,
}

/// Keeps a process up in its place, for as long as the run lasts.
pub async fn keep(around: Surroundings, place: usize) {
    let world = around.world.clone();
    loop {
        let process = TaskGroup::default();
        limit(&world, &process);
        world.note(format_args!("process {place} starts"));
        let clock = ProcessClock::new(&world);
        let started = process.start(start(around.clone(), place, process.clone(), clock.clone()));
        {
            let (process, world) = (process.clone(), world.clone());
            tokio::spawn(async move {
                // A process that could not start is over.
                match started.await {
                    Ok(Ok(())) => {}
                    Ok(Err(why)) => {
                        world.note(format_args!("process {place} cannot start: {why}"));
                        process.die();
                    }
                    Err(_) => process.die(),
                }
            });
        }
        live(&world, &process, &clock).await;
        around.front.set(place, None);
        around.disk.lose_unsynced();
        world.count("processes that died");
        world.note(format_args!("process {place} died"));
        let away = world.chance.below(world.weather.away_ms_max + 1);
        tokio::time::sleep(Duration::from_millis(away)).await;
    }
}

/// Waits for the death of a process. Meanwhile it gets steps to live, and its clock is moved.
async fn live(world: &World, process: &TaskGroup, clock: &ProcessClock) {
    let mut was_calm = false;
    for tick in 1_u64.. {
        let pause = tokio::time::sleep(LOOK_EVERY);
        tokio::select! {
            biased;
            () = process.died() => return,
            () = pause => {}
        }
        let is_calm = world.is_calm();
        match (was_calm, is_calm) {
            (false, true) => {
                process.die_after(u64::MAX);
                clock.set_right();
            }
            (true, false) => limit(world, process),
            _ => {}
        }
        was_calm = is_calm;
        let is_minute = tick % TICKS_PER_MINUTE == 0;
        if is_minute && world.strikes(world.weather.clock_jumps, "clock: a process's clock jumped")
        {
            let by = i64::try_from(world.chance.below(90_000)).unwrap_or(0);
            clock.jump(by - 30_000);
        }
    }
}

/// Draws how many steps a process has to live.
fn limit(world: &World, process: &TaskGroup) {
    if world.weather.steps_to_death > 0 && !world.is_calm() {
        process.die_after(world.chance.between(1, 2 * world.weather.steps_to_death));
    }
}

async fn start(
    around: Surroundings,
    place: usize,
    process: TaskGroup,
    clock: Arc<ProcessClock>,
) -> Result<(), String> {
    let Surroundings { world, disk, front, wires, bank, receiver } = around;
    let chance = Arc::new(world.chance.fork());
    let store: Arc<dyn Store> =
        Arc::new(MemoryStore::of_process(disk, world.clone(), process.clone()));
    let vault = open_vault(&store, chance.clone(), world.now()).await?;
    let config = LinkConfig {
        name: "test".to_owned(),
        address: "bank.example:8583".to_owned(),
        numbers_per_block: NUMBERS_PER_BLOCK,
        ..LinkConfig::default()
    };
    let jitter = {
        let chance = chance.clone();
        Arc::new(move || chance.next())
    };
    let numbers = numbers_of(store.clone());
    let link = Link::start_over(wires, config, numbers, clock.clone(), jitter)
        .map_err(|error| error.to_string())?;
    let wire = Arc::new(ToBank { world: world.clone(), routes: bank.clone() });
    let random = {
        let chance = chance.clone();
        Arc::new(move |bytes: &mut [u8]| chance.fill(bytes))
    };
    let three_ds = ThreeDsServer::over(wire, three_ds_config(), clock.clone(), random)
        .map_err(|error| error.to_string())?;
    let rails = Rails::new(link, three_ds, GATEWAY);
    let to_provider = ToProvider { world: world.clone(), routes: bank };
    let to_receiver = ToReceiver { world: world.clone(), receiver };
    let internal_token = Some(vault.token_hash(OPERATOR_TOKEN.as_bytes()));
    let parts = Parts {
        store,
        vault: Arc::new(vault),
        clock,
        webhooks: WebhookClient::over(Arc::new(to_receiver)),
        public_url: GATEWAY.to_owned(),
        rails: RailsByMode { test: Some(Arc::new(rails)), live: None },
        schedule: Schedule::default(),
        simulator: None,
        provider: Some(ProviderClient::over(Arc::new(to_provider))),
        risk: RiskKnowledge::default(),
        internal_token,
        post: florin::mail::post::Post::default(),
        workbench: florin::workbench::Workbench::default(),
        takes_all: world.weather.processes == 1,
    };
    let (gateway, node) = app::assemble(parts).await.map_err(|error| error.to_string())?;
    let routes = app::routes(&gateway, None);
    front.set(place, Some(Up { process, routes }));
    world.note(format_args!("process {place} is up as node {}", node.id));
    let (stop, stopping) = watch::channel(false);
    for worker in app::workers(&gateway, node, &stopping) {
        tasks::start(worker);
    }
    // Nobody stops a process here in an orderly way; the sender lives as long as it does.
    tasks::start(async move {
        std::future::pending::<()>().await;
        drop(stop);
    });
    Ok(())
}

/// Opens the vault on the keys of a store, which it makes if there are none.
pub async fn open_vault(
    store: &Arc<dyn Store>,
    chance: Arc<Chance>,
    now: i64,
) -> Result<Vault, String> {
    let rows = KeyRows(store.clone());
    Vault::open(Kek::new(&KEK), &rows, chance, now).await.map_err(|error| error.to_string())
}

fn three_ds_config() -> ThreeDsConfig {
    let mut config = ThreeDsConfig::default();
    for network in NETWORKS {
        let directory_urls = vec![format!("{BANK}/ds/{network}")];
        let network_config = NetworkConfig { directory_urls, ..NetworkConfig::default() };
        config.networks.insert(network.to_owned(), network_config);
    }
    config
}
