//! Processes that are killed at random under load.

use std::sync::Arc;
use std::time::Duration;

use florin::store::{Store, open_postgres, open_sqlite};
use serde_json::Value;

use crate::audit::{audit, is_at_rest};
use crate::chance::Chance;
use crate::postgres::fresh_database;
use crate::process::{Gateway, Process, Simulator};
use crate::trade::Trade;

/// Deaths in each test.
const KILLS: u32 = 50;

/// Dies at a random moment: mostly under load, at times while it starts.
async fn kill_at_random(process: &mut Process, chance: &mut Chance) {
    let wait = if chance.below(5) == 0 { chance.millis(1, 60) } else { chance.millis(60, 450) };
    tokio::time::sleep(wait).await;
    process.kill();
}

/// Refunds need not wait for the night: then they leave while processes die.
async fn refund_at_once(store: &Arc<dyn Store>) {
    let mut site = store.sites().await.unwrap().remove(0);
    let mut settings: Value = serde_json::from_str(&site.settings).unwrap();
    settings["refund_settlement"] = Value::from("at_once");
    site.settings = settings.to_string();
    let _ = store.update_site(site).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn fifty_kills_lose_nothing_and_double_nothing_on_sqlite() {
    let (folder, mut chance) = (tempfile::tempdir().unwrap(), Chance::new());
    let simulator = Simulator::start(&folder.path().join("books")).await;
    let gateway = Gateway::new(&simulator, &folder.path().join("data"), None);
    let mut process = gateway.start().await;
    let trade = Trade::begin(&[gateway.base()]).await;
    for _ in 0..KILLS {
        kill_at_random(&mut process, &mut chance).await;
        process = gateway.spawn();
    }
    drop(process);
    let process = gateway.start().await;
    let ledger = trade.end().await;
    audit(&process.base, &ledger).await;
    let store = open_sqlite(&folder.path().join("data/florin.sqlite")).await.unwrap();
    is_at_rest(&process.base, &store, &ledger).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_gateway_and_its_simulator_may_die_together() {
    let (folder, mut chance) = (tempfile::tempdir().unwrap(), Chance::new());
    let gateway = Gateway::alone(folder.path());
    let mut process = gateway.start().await;
    let trade = Trade::begin(&[gateway.base()]).await;
    for _ in 0..10 {
        kill_at_random(&mut process, &mut chance).await;
        process = gateway.start().await;
    }
    let ledger = trade.end().await;
    audit(&process.base, &ledger).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn fifty_kills_of_two_processes_on_one_postgresql_lose_and_double_nothing() {
    let (folder, mut chance) = (tempfile::tempdir().unwrap(), Chance::new());
    let database = fresh_database().await;
    let simulator = Simulator::start(&folder.path().join("books")).await;
    let gateways = ["a", "b"]
        .map(|name| Gateway::new(&simulator, &folder.path().join(name), Some(&database.url)));
    let mut processes = [gateways[0].start().await, gateways[1].start().await];
    let store = open_postgres(&database.url).await.unwrap();
    refund_at_once(&store).await;
    let trade = Trade::begin(&gateways.each_ref().map(Gateway::base)).await;
    for _ in 0..KILLS {
        let victim = usize::from(chance.below(2) == 1);
        kill_at_random(&mut processes[victim], &mut chance).await;
        processes[victim] = gateways[victim].spawn();
    }
    drop(processes);
    // Nobody is left; whoever comes now takes over.
    tokio::time::sleep(Duration::from_millis(100)).await;
    let process = gateways[0].start().await;
    let ledger = trade.end().await;
    audit(&process.base, &ledger).await;
    is_at_rest(&process.base, &store, &ledger).await;
}
