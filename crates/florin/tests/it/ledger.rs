//! The books add up after every kind of operation, agree with the host's, and show whoever changes
//! them.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use florin::app::{self, Foundation};
use florin::clock::{Clock, SystemClock};
use florin::config::Settings;
use florin::gateway::audit::{Audit, audit};
use florin::gateway::reconcile::{HostKind, HostLine, Period, reconcile};
use florin::gateway::report::{Operation, OperationKind, Report};
use florin::gateway::seals::seal;
use florin::store::Store;
use florin::vault::{SystemRandom, Vault};
use florin_core::ledger::{ACCOUNTS, Account};
use serde_json::{Value, json};

use crate::world::{API_KEY, VISA, World, eventually};

const HOUR_MS: i64 = 60 * 60 * 1000;

async fn site_of(store: &dyn Store) -> i64 {
    store.sites().await.unwrap()[0].id
}

async fn audited(store: &dyn Store, vault: &Vault) -> Audit {
    let site = site_of(store).await;
    audit(store, vault, site).await.unwrap()
}

/// One order of each kind: paid, declined, captured in parts with the rest given back, refunded in
/// part, given up, and one that is only held.
async fn trade(world: &World) {
    let policy = [("three_ds.policy", json!("never")), ("refund_settlement", json!("at_once"))];
    world.set(&policy).await;
    for (id, card) in [("paid", VISA), ("refunded", VISA), ("declined", "4000050000000007")] {
        world.create(&world.order(id, card)).await;
    }
    for id in ["parts", "given-up", "held"] {
        let mut order = world.order(id, VISA);
        order["capture"] = json!("manual");
        world.create(&order).await;
    }
    let posted = async |path: &str, body: Value| {
        let (status, answer) = world.post(path, body.to_string()).await;
        assert_eq!(status, 200, "{path}: {answer}");
    };
    let captured = json!({ "amount": 1000, "new_order_id": "part-1" });
    posted("/v1/json/orders/parts/capture", captured).await;
    let captured = json!({ "amount": 500, "new_order_id": "part-2" });
    posted("/v1/json/orders/parts/capture", captured).await;
    for id in ["parts", "given-up"] {
        let body = json!({ "status": "cancelled", "reason": "none left" }).to_string();
        let (status, answer) = world.patch(&format!("/v1/json/capture/{id}"), body).await;
        assert_eq!(status, 200, "{id}: {answer}");
    }
    world.captured("refunded", 2599).await;
    let back = json!({ "currency": "EUR", "amount": 599, "description": "back" });
    posted("/v1/json/orders/refunded/refunds", back).await;
    eventually("the refund is confirmed", async || {
        world.get("refunded").await["amount_refunded"] == 599
    })
    .await;
}

#[tokio::test]
async fn the_books_add_up_and_agree_with_the_hosts_on_sqlite() {
    books_add_up(World::sqlite().await).await;
}

#[tokio::test]
async fn the_books_add_up_and_agree_with_the_hosts_on_postgresql() {
    books_add_up(World::postgres().await).await;
}

async fn books_add_up(world: World) {
    trade(&world).await;
    let gateway = world.gateway().clone();
    let (store, vault) = (gateway.store.as_ref(), &gateway.vault);
    let found = audited(store, vault).await;
    assert_eq!(found.faults, Vec::<String>::new());
    assert_eq!((found.orders, found.seals), (6, 0));
    assert!(found.entries >= 8, "{}", found.entries);
    let euros = &found.balances["EUR"];
    let sold = 2 * 2599 + 1500;
    assert_eq!(euros.get(Account::Captured), -sold);
    assert_eq!(euros.get(Account::Refunded), 599);
    assert_eq!(euros.get(Account::Acquirer), sold - 599);
    assert_eq!((euros.get(Account::Issuer), euros.get(Account::Held)), (2599, -2599));
    let sum: i64 = ACCOUNTS.into_iter().map(|account| euros.get(account)).sum();
    assert_eq!(sum, 0);

    // The host says the same, as soon as it has heard of everything.
    let site = site_of(store).await;
    eventually("journal and host agree", async || {
        let period = Period { from: i64::MIN, to: i64::MAX, is_bounded: false };
        let lines = host_lines(&world).await;
        assert!(lines.len() >= 10, "{lines:?}");
        let found = reconcile(store, site, lines, period).await.unwrap();
        assert!(found.orders >= 5);
        found.differences.is_empty()
    })
    .await;

    // Sealed, everything is as true as before; what is booked later belongs to the next seal.
    let now = gateway.now();
    let first = seal(store, vault, site, now + 1, now).await.unwrap().unwrap();
    assert_eq!((first.number, first.entries), (1, i64::try_from(found.entries).unwrap()));
    assert_eq!(seal(store, vault, site, now + 1, now).await.unwrap(), None, "nothing is left");
    tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    world.create(&world.order("later", VISA)).await;
    let now = gateway.now();
    let second = seal(store, vault, site, now + 1, now).await.unwrap().unwrap();
    assert_eq!(second.number, 2);
    let found = audited(store, vault).await;
    assert_eq!((found.faults, found.seals), (vec![], 2));
}

/// The host's books as the acquirer's file has them; no order id of these tests has a comma.
async fn host_lines(world: &World) -> Vec<HostLine> {
    let request = world.http.get(format!("{}/test/host?format=csv", world.base));
    let answer = request.header("api_key", API_KEY).send().await.unwrap();
    let text = String::from_utf8(answer.bytes().await.unwrap().to_vec()).unwrap();
    let mut lines = text.lines();
    assert_eq!(lines.next(), Some("rrn,order_id,type,currency,amount,at"));
    lines
        .map(|line| {
            let [rrn, order_id, kind, currency, amount, at] =
                line.split(',').collect::<Vec<_>>().try_into().unwrap();
            let at: jiff::Timestamp = at.parse().unwrap();
            HostLine {
                rrn: rrn.to_owned(),
                order_id: order_id.to_owned(),
                kind: HostKind::parse(kind).unwrap(),
                currency: currency.to_owned(),
                amount: amount.parse().unwrap(),
                at: at.as_millisecond(),
            }
        })
        .collect()
}

/// A copy of a data folder, opened as a command would open it.
async fn opened(folder: &Path) -> Foundation {
    let variable = ("FLORIN_DATA_DIR".to_owned(), folder.display().to_string());
    let settings = Settings::load(None, [variable]).unwrap();
    app::lay_foundation(&settings, Arc::new(SystemClock), Arc::new(SystemRandom)).await.unwrap()
}

#[tokio::test]
async fn every_change_of_the_past_shows() {
    let world = World::sqlite().await;
    trade(&world).await;
    {
        let gateway = world.gateway();
        let (store, now) = (gateway.store.as_ref(), gateway.now());
        let site = site_of(store).await;
        let first = seal(store, &gateway.vault, site, now + 1, now).await.unwrap();
        assert!(first.is_some());
        tokio::time::sleep(std::time::Duration::from_millis(5)).await;
        world.create(&world.order("later", VISA)).await;
        let now = gateway.now();
        assert!(seal(store, &gateway.vault, site, now + 1, now).await.unwrap().is_some());
    }
    let folder = world.stop().await;
    let of = |id: &str| format!("key = (SELECT key FROM orders WHERE order_id = '{id}')");
    let (paid, parts) = (of("paid"), of("parts"));
    let tampers: Vec<(String, &str)> = vec![
        ("SELECT 1".to_owned(), ""),
        (
            format!("UPDATE journal SET postings = replace(postings, '2599', '2600') WHERE {paid}"),
            "entry 1 was changed",
        ),
        (format!("UPDATE journal SET at = at + 1 WHERE {paid}"), "entry 1 was changed"),
        (format!("UPDATE journal SET kind = 'x' WHERE {paid} AND seq = 1"), "was changed"),
        (format!("UPDATE journal SET currency = 'USD' WHERE {paid}"), "was changed"),
        (format!("DELETE FROM journal WHERE {parts} AND seq = 2"), "entry 2 is missing"),
        (
            format!(
                "DELETE FROM journal WHERE {parts} AND seq = \
                (SELECT max(seq) FROM journal WHERE {parts})"
            ),
            "its state knows",
        ),
        (format!("DELETE FROM journal WHERE {paid}"), "0 entries, its state knows 1"),
        (
            // With the order itself, so that only the seal is left to know.
            format!("DELETE FROM journal WHERE {paid}; DELETE FROM orders WHERE {paid}"),
            "were sealed",
        ),
        (format!("DELETE FROM orders WHERE {paid}"), "which is not there"),
        (
            format!(
                "INSERT INTO journal SELECT site_id, key, seq + 1, at, booked_at, kind, \
                currency, postings, hash FROM journal WHERE {paid}"
            ),
            "entry 2 was changed",
        ),
        ("UPDATE journal_seals SET hash = zeroblob(32) WHERE number = 1".to_owned(), "was changed"),
        ("DELETE FROM journal_seals WHERE number = 1".to_owned(), "seal 1 is missing"),
        ("UPDATE journal_seals SET entries = entries - 1 WHERE number = 2".to_owned(), "sealed"),
    ];
    for (sql, expected) in tampers {
        let copy = tempfile::tempdir().unwrap();
        for file in std::fs::read_dir(folder.path()).unwrap() {
            let name = file.unwrap().file_name().into_string().unwrap();
            // What a closed database has beside its file is empty, and may go at any time.
            if !name.ends_with("-wal") && !name.ends_with("-shm") {
                std::fs::copy(folder.path().join(&name), copy.path().join(&name)).unwrap();
            }
        }
        let file = rusqlite::Connection::open(copy.path().join("florin.sqlite")).unwrap();
        file.execute_batch(&sql).unwrap();
        assert!(expected.is_empty() || file.total_changes() > 0, "{sql} changed nothing");
        drop(file);
        let foundation = opened(copy.path()).await;
        let found = audited(foundation.store.as_ref(), &foundation.vault).await;
        if expected.is_empty() {
            assert_eq!(found.faults, Vec::<String>::new(), "nothing was changed");
        } else {
            let told = found.faults.iter().any(|fault| fault.contains(expected));
            assert!(told, "{sql}: {:?} and not {expected}", found.faults);
        }
        foundation.store.close().await.unwrap();
    }
}

#[tokio::test]
async fn a_report_lists_everything_that_happened_to_an_order() {
    let world = World::sqlite().await;
    trade(&world).await;
    let body = json!({ "order_id": "paid", "amount": 2000, "reason_code": "4853" }).to_string();
    let (status, answer) = world.post("/test/chargebacks", body).await;
    assert!(status < 300, "{answer}");
    let gateway = world.gateway();
    let (store, now) = (gateway.store.as_ref(), gateway.now());
    let operations = async |period: std::ops::Range<i64>| -> Vec<Operation> {
        let mut report = Report::new(site_of(store).await, 0, period);
        let mut all = Vec::new();
        while let Some(page) = report.next(store).await.unwrap() {
            all.extend(page);
        }
        all
    };
    let all = operations(now - HOUR_MS..now + HOUR_MS).await;
    let of = |reference: &str| -> Vec<(OperationKind, i64, &str)> {
        let of_order = all.iter().filter(|it| it.reference == reference);
        of_order.map(|it| (it.kind, it.amount, it.code)).collect()
    };
    use OperationKind::{Capture, Chargeback, Payment, Refund};
    assert_eq!(of("paid"), [(Payment, 2599, "N002"), (Chargeback, -2000, "N095")]);
    assert_eq!(of("refunded"), [(Payment, 2599, "N002"), (Refund, -599, "N097")]);
    assert_eq!(of("part-1"), [(Capture, 1000, "N002")]);
    assert_eq!(of("declined"), [(Payment, 2599, "N002")]);
    // The money that moved is the money in the books.
    let moved: i64 = all.iter().filter(|it| it.completed.is_some()).map(|it| it.amount).sum();
    let found = audited(store, &gateway.vault).await;
    assert_eq!(found.faults, Vec::<String>::new());
    assert_eq!(moved, found.balances["EUR"].get(Account::Acquirer));
    assert_eq!(operations(now + HOUR_MS..now + 2 * HOUR_MS).await, vec![]);
}

/// A clock that stands where the test puts it.
struct SetClock(AtomicI64);

impl Clock for SetClock {
    fn now(&self) -> i64 {
        self.0.load(Ordering::SeqCst)
    }
}

#[tokio::test]
async fn a_days_journal_is_sealed_an_hour_after_midnight() {
    // 2026-11-26T23:30:00Z.
    const EVENING: i64 = 1_795_735_800_000;
    let folder = tempfile::tempdir().unwrap();
    let variables = [
        ("FLORIN_LISTEN", "127.0.0.1:0".to_owned()),
        ("FLORIN_DATA_DIR", folder.path().display().to_string()),
        ("FLORIN_TEST_API_KEY", API_KEY.to_owned()),
    ];
    let variables = variables.map(|(name, value)| (name.to_owned(), value));
    let settings = Settings::load(None, variables).unwrap();
    let clock = Arc::new(SetClock(AtomicI64::new(EVENING)));
    let running = app::start(&settings, clock.clone(), Arc::new(SystemRandom)).await.unwrap();
    let gateway = running.gateway.clone();
    let site = site_of(gateway.store.as_ref()).await;
    let order = json!({
        "type": "direct", "order_id": "evening", "gateway": "CREDITCARD", "currency": "EUR",
        "amount": 1000, "description": "x", "customer": { "user_agent": "x", "locale": "nl" },
        "gateway_info": { "card_number": VISA, "card_expiry_date": "3012", "card_cvc": "123" },
    });
    let base = format!("http://{}", running.address);
    let http = reqwest::Client::builder().no_proxy().build().unwrap();
    let request = http.post(format!("{base}/v1/json/orders")).header("api_key", API_KEY);
    let answer = request.body(order.to_string()).send().await.unwrap();
    let answer: Value = serde_json::from_slice(&answer.bytes().await.unwrap()).unwrap();
    assert_eq!(answer["data"]["status"], "completed", "{answer}");

    let sealed_at = async |at: i64| {
        clock.0.store(at, Ordering::SeqCst);
        gateway.seal_journals().await.unwrap();
        gateway.store.seals(site).await.unwrap()
    };
    let midnight = EVENING + HOUR_MS / 2;
    assert_eq!(sealed_at(EVENING + 1).await, vec![]);
    assert_eq!(sealed_at(midnight + HOUR_MS - 1).await, vec![]);
    let seals = sealed_at(midnight + HOUR_MS).await;
    assert_eq!(seals.len(), 1);
    assert_eq!((seals[0].number, seals[0].until, seals[0].entries), (1, midnight, 1));
    // A day on which nothing was booked needs none, and a second look makes none.
    assert_eq!(sealed_at(midnight + 26 * HOUR_MS).await, seals);
    let found = audited(gateway.store.as_ref(), &gateway.vault).await;
    assert_eq!((found.faults, found.seals), (vec![], 1));
    drop(gateway);
    running.stop().await;
}
