//! PostgreSQL that goes away and comes back while the gateway runs on.

use std::time::{Duration, Instant};

use florin::store::open_postgres;

use crate::audit::{audit, is_at_rest};
use crate::chance::Chance;
use crate::postgres::{Cluster, connect};
use crate::process::{Gateway, Process, Simulator, is_ready};
use crate::trade::Trade;

const ROUNDS: u32 = 14;
/// Within this time a gateway finds its database again.
const RECOVERY_WAIT: Duration = Duration::from_secs(30);

#[tokio::test(flavor = "multi_thread")]
async fn postgresql_may_be_restarted_and_its_sessions_cut_under_load() {
    let (folder, mut chance) = (tempfile::tempdir().unwrap(), Chance::new());
    // A crash of the server is no crash of the machine: what the kernel was given is kept.
    let mut cluster = Cluster::start(&["fsync=off"]);
    let (url, admin_url) = (cluster.url_of("shop"), cluster.url_of("postgres"));
    let admin = connect(&admin_url).await.unwrap();
    admin.batch_execute("CREATE DATABASE shop").await.unwrap();
    let simulator = Simulator::start(&folder.path().join("books")).await;
    let gateways =
        ["a", "b"].map(|name| Gateway::new(&simulator, &folder.path().join(name), Some(&url)));
    let mut processes = [gateways[0].start().await, gateways[1].start().await];
    let trade = Trade::begin(&gateways.each_ref().map(Gateway::base)).await;
    let (mut restarts, mut cuts) = (0, 0);
    for round in 0..ROUNDS {
        tokio::time::sleep(chance.millis(100, 500)).await;
        if restarts_in(round) {
            cluster.restart();
            restarts += 1;
            for process in &processes {
                is_back(process).await;
            }
        } else {
            cuts += cut(&admin_url).await;
        }
    }
    assert!(restarts >= 5 && cuts >= 20, "{restarts} restarts, {cuts} sessions cut");
    for process in &mut processes {
        assert!(!process.has_ended(), "no gateway ends because its database does");
        is_back(process).await;
    }
    let ledger = trade.end().await;
    audit(&processes[0].base, &ledger).await;
    let store = open_postgres(&url).await.unwrap();
    is_at_rest(&processes[0].base, &store, &ledger).await;
}

/// In the even rounds of the first half and in the odd ones of the second.
fn restarts_in(round: u32) -> bool {
    round % 2 == u32::from(round >= ROUNDS / 2)
}

async fn is_back(process: &Process) {
    let begun = Instant::now();
    while !is_ready(&process.base).await {
        assert!(begun.elapsed() < RECOVERY_WAIT, "{} does not recover", process.base);
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// Ends all sessions of the gateways and says how many there were.
async fn cut(admin_url: &str) -> i64 {
    const SQL: &str = "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity
                       WHERE datname = 'shop' AND pid <> pg_backend_pid()";
    let Ok(admin) = connect(admin_url).await else { return 0 };
    admin.query_one(SQL, &[]).await.map_or(0, |row| row.get(0))
}
