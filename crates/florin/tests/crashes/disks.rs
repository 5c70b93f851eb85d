//! Disks that are full or fail: nothing is begun that could not be recorded, callers are told to
//! come back, and trade goes on by itself when there is room.

use std::time::{Duration, Instant};

use florin::store::{open_postgres, open_sqlite};
use serde_json::Value;

use crate::audit::{audit, is_at_rest};
use crate::mounts::Mount;
use crate::postgres::{Cluster, connect};
use crate::process::{Gateway, Process, Simulator, get, is_ready};
use crate::trade::{Ledger, Trade};

/// Within this time a gateway notices that its disk has no room, or has some again.
const NOTICE_WAIT: Duration = Duration::from_secs(30);
/// How many calls have to be refused before a disk counts as full.
const REFUSALS_MIN: u64 = 50;

/// Waits until the load has met a full disk, and looks at what the gateway says of it.
async fn is_refusing(process: &Process, ledger: &Ledger) {
    let (begun, before) = (Instant::now(), ledger.refused());
    while ledger.refused() < before + REFUSALS_MIN {
        assert!(begun.elapsed() < NOTICE_WAIT, "{} calls refused", ledger.refused() - before);
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let (status, words) = get(&process.base, "/health/ready").await.unwrap();
    assert_eq!((status, &words["status"]), (503, &Value::from("the store cannot write")));
    let (status, words) = get(&process.base, "/health/live").await.unwrap();
    assert_eq!(
        (status, &words["status"]),
        (200, &Value::from("alive")),
        "it need not be restarted"
    );
    // What is known can still be read.
    let known = ledger.orders().into_iter().find(|order| order.told.is_some()).unwrap();
    let (status, _) = get(&process.base, &format!("/v1/json/orders/{}", known.id)).await.unwrap();
    assert_eq!(status, 200, "a full disk can be read");
}

/// Waits until payments are taken again.
async fn is_trading(process: &Process, ledger: &Ledger) {
    let begun = Instant::now();
    let before = ledger.told();
    while !is_ready(&process.base).await || ledger.told() < before + 20 {
        assert!(begun.elapsed() < NOTICE_WAIT, "it does not recover by itself");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_disk_under_sqlite_is_told_and_survived() {
    let Some(disk) = Mount::in_memory(24) else { return };
    let folder = tempfile::tempdir().unwrap();
    let simulator = Simulator::start(&folder.path().join("books")).await;
    let gateway = Gateway::new(&simulator, disk.path(), None);
    let mut process = gateway.start().await;
    let trade = Trade::begin(&[gateway.base()]).await;
    for _ in 0..3 {
        is_trading(&process, &trade.ledger).await;
        disk.fill();
        is_refusing(&process, &trade.ledger).await;
        disk.make_room();
    }
    is_trading(&process, &trade.ledger).await;
    // Killed while the disk is full, and started where it is: it may refuse, and spoils nothing.
    disk.fill();
    is_refusing(&process, &trade.ledger).await;
    process.kill();
    let mut starts_full = gateway.spawn();
    tokio::time::sleep(Duration::from_secs(1)).await;
    starts_full.kill();
    disk.make_room();
    let process = gateway.start().await;
    is_trading(&process, &trade.ledger).await;
    let ledger = trade.end().await;
    audit(&process.base, &ledger).await;
    let store = open_sqlite(&disk.path().join("florin.sqlite")).await.unwrap();
    is_at_rest(&process.base, &store, &ledger).await;
}

/// The tables have no room, the server's log has: PostgreSQL answers with errors.
#[tokio::test(flavor = "multi_thread")]
async fn a_full_disk_under_postgresql_is_told_and_survived() {
    let Some(disk) = Mount::in_memory(48) else { return };
    let folder = tempfile::tempdir().unwrap();
    let cluster = Cluster::start(&["fsync=off"]);
    let url = cluster.url_of("shop");
    let admin = connect(&cluster.url_of("postgres")).await.unwrap();
    let tables = disk.folder_for_postgresql("tables");
    let sql = format!("CREATE TABLESPACE small LOCATION '{}'", tables.display());
    admin.batch_execute(&sql).await.unwrap();
    admin.batch_execute("CREATE DATABASE shop TABLESPACE small").await.unwrap();
    let simulator = Simulator::start(&folder.path().join("books")).await;
    let gateway = Gateway::new(&simulator, folder.path(), Some(&url));
    let process = gateway.start().await;
    let trade = Trade::begin(&[gateway.base()]).await;
    for _ in 0..3 {
        is_trading(&process, &trade.ledger).await;
        disk.fill();
        is_refusing(&process, &trade.ledger).await;
        disk.make_room();
    }
    is_trading(&process, &trade.ledger).await;
    let ledger = trade.end().await;
    audit(&process.base, &ledger).await;
    let store = open_postgres(&url).await.unwrap();
    is_at_rest(&process.base, &store, &ledger).await;
}

/// The server's log has no room either: PostgreSQL crashes, and may not come up until there is
/// some.
#[tokio::test(flavor = "multi_thread")]
async fn a_full_disk_that_ends_postgresql_is_survived() {
    let Some(disk) = Mount::in_memory(160) else { return };
    let folder = tempfile::tempdir().unwrap();
    let settings = ["fsync=off", "max_wal_size=32MB", "min_wal_size=32MB", "wal_recycle=off"];
    let mut cluster = Cluster::start_in(disk.folder_for_postgresql("cluster"), &settings);
    let url = cluster.url_of("shop");
    let admin = connect(&cluster.url_of("postgres")).await.unwrap();
    admin.batch_execute("CREATE DATABASE shop").await.unwrap();
    let simulator = Simulator::start(&folder.path().join("books")).await;
    let gateway = Gateway::new(&simulator, folder.path(), Some(&url));
    let mut process = gateway.start().await;
    let trade = Trade::begin(&[gateway.base()]).await;
    is_trading(&process, &trade.ledger).await;
    disk.fill();
    // A new piece of the log is wanted, and there is no room for it.
    let _ = admin.batch_execute("SELECT pg_switch_wal()").await;
    let (begun, before) = (Instant::now(), trade.ledger.refused());
    while trade.ledger.refused() < before + REFUSALS_MIN {
        assert!(begun.elapsed() < NOTICE_WAIT, "PostgreSQL works on");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert!(!is_ready(&process.base).await);
    disk.make_room();
    cluster.restart();
    is_trading(&process, &trade.ledger).await;
    assert!(!process.has_ended(), "the gateway outlives its database");
    let ledger = trade.end().await;
    audit(&process.base, &ledger).await;
    let store = open_postgres(&url).await.unwrap();
    is_at_rest(&process.base, &store, &ledger).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_disk_that_turns_read_only_loses_nothing() {
    let Some(disk) = Mount::on_disk(64) else { return };
    let folder = tempfile::tempdir().unwrap();
    let simulator = Simulator::start(&folder.path().join("books")).await;
    let gateway = Gateway::new(&simulator, &disk.path().join("data"), None);
    let mut process = gateway.start().await;
    let trade = Trade::begin(&[gateway.base()]).await;
    is_trading(&process, &trade.ledger).await;
    process.hold().await;
    disk.fail();
    process.release();
    is_refusing(&process, &trade.ledger).await;
    assert!(!process.has_ended(), "a disk that fails does not end the gateway");
    process.kill();
    // On a disk that cannot be written it does not start, and says why by ending.
    let mut starts_read_only = gateway.spawn();
    let begun = Instant::now();
    while !starts_read_only.has_ended() {
        assert!(begun.elapsed() < NOTICE_WAIT, "a start without a disk has to end");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    disk.repair();
    let process = gateway.start().await;
    is_trading(&process, &trade.ledger).await;
    let ledger = trade.end().await;
    audit(&process.base, &ledger).await;
    let store = open_sqlite(&disk.path().join("data/florin.sqlite")).await.unwrap();
    is_at_rest(&process.base, &store, &ledger).await;
}
