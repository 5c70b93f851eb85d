//! Settings are shared by processes, and numbers are given to one of them only.

use std::collections::HashSet;

use florin::store::{
    AccountKeyRow, AccountRow, AdviceChange, AdviceRow, ApiKeyRow, CLOCK_OFFSET_MS_MAX, Committed,
    DataKeyRow, NODES_MAX, SiteRow, Store, StoreError, TimerChange, UnitOfWork,
};

use crate::places::Place;
use crate::rows::{OTHER_SITE, SITE, claim, notification, order};

fn site(id: i64) -> SiteRow {
    SiteRow {
        id,
        account_id: 1,
        name: "shop".to_owned(),
        mode: "test".to_owned(),
        status: "active".to_owned(),
        settings: "{}".to_owned(),
        clock_offset_ms: 0,
        created_at: 5,
        version: 1,
    }
}

fn api_key(site_id: i64, id: i64, hash: u8) -> ApiKeyRow {
    ApiKeyRow {
        site_id,
        id,
        hash: [hash; 32],
        sealed: vec![250, 251],
        label: "first".to_owned(),
        status: "active".to_owned(),
        created_at: 6,
    }
}

fn account_key(account_id: i64, id: i64, hash: u8) -> AccountKeyRow {
    AccountKeyRow {
        account_id,
        id,
        mode: "live".to_owned(),
        hash: [hash; 32],
        label: "books".to_owned(),
        status: "active".to_owned(),
        created_at: 6,
    }
}

fn data_key(id: i32) -> DataKeyRow {
    DataKeyRow {
        id,
        purpose: "card".to_owned(),
        wrapped: vec![250, 251],
        state: "active".to_owned(),
        created_at: 7,
    }
}

pub(crate) async fn settings_come_back_and_count_their_version_up(place: Place) {
    let store = place.open().await;
    let other = place.open().await;
    let mut versions = vec![store.settings_version().await.unwrap()];
    let account = AccountRow { id: 1, name: "company".to_owned(), created_at: 4 };
    assert_eq!(store.insert_account(account.clone()).await.unwrap(), Committed::Done);
    versions.push(store.settings_version().await.unwrap());
    assert_eq!(store.insert_site(site(SITE)).await.unwrap(), Committed::Done);
    versions.push(store.settings_version().await.unwrap());
    assert_eq!(store.insert_api_key(api_key(SITE, 1, 9)).await.unwrap(), Committed::Done);
    versions.push(store.settings_version().await.unwrap());
    assert_eq!(store.set_api_key_status(SITE, 1, "revoked").await.unwrap(), Committed::Done);
    versions.push(store.settings_version().await.unwrap());
    assert_eq!(store.insert_account_key(account_key(1, 1, 9)).await.unwrap(), Committed::Done);
    versions.push(store.settings_version().await.unwrap());
    assert_eq!(store.set_account_key_status(1, 1, "revoked").await.unwrap(), Committed::Done);
    versions.push(store.settings_version().await.unwrap());
    assert_eq!(store.insert_data_key(data_key(1)).await.unwrap(), Committed::Done);
    versions.push(store.settings_version().await.unwrap());
    assert_eq!(store.set_data_key_state(1, "read-only").await.unwrap(), Committed::Done);
    versions.push(store.settings_version().await.unwrap());
    assert!(versions.is_sorted_by(|a, b| a < b), "{versions:?}");

    assert_eq!(other.accounts().await.unwrap(), vec![account.clone()]);
    assert_eq!(other.sites().await.unwrap(), vec![site(SITE)]);
    let revoked = ApiKeyRow { status: "revoked".to_owned(), ..api_key(SITE, 1, 9) };
    assert!(!format!("{revoked:?}").contains("250"), "a sealed key is not for logs");
    assert_eq!(other.api_keys().await.unwrap(), vec![revoked]);
    let revoked = AccountKeyRow { status: "revoked".to_owned(), ..account_key(1, 1, 9) };
    assert_eq!(other.account_keys().await.unwrap(), vec![revoked]);
    let read_only = DataKeyRow { state: "read-only".to_owned(), ..data_key(1) };
    assert!(!format!("{read_only:?}").contains("250"), "a wrapped key is not for logs");
    assert_eq!(other.data_keys().await.unwrap(), vec![read_only]);

    // What changes nothing is no reason to read everything again.
    assert_eq!(store.insert_account(account).await.unwrap(), Committed::Conflict);
    assert_eq!(store.set_api_key_status(SITE, 2, "revoked").await.unwrap(), Committed::Conflict);
    assert_eq!(store.set_account_key_status(2, 1, "revoked").await.unwrap(), Committed::Conflict);
    assert_eq!(store.set_data_key_state(2, "read-only").await.unwrap(), Committed::Conflict);
    assert_eq!(other.settings_version().await.unwrap(), *versions.last().unwrap());
}

pub(crate) async fn a_site_is_changed_over_the_version_that_was_read(place: Place) {
    let store = place.open().await;
    assert_eq!(store.insert_site(site(SITE)).await.unwrap(), Committed::Done);
    assert_eq!(store.insert_site(site(SITE)).await.unwrap(), Committed::Conflict);
    let renamed = SiteRow { name: "store".to_owned(), ..site(SITE) };
    assert_eq!(store.update_site(renamed.clone()).await.unwrap(), Committed::Done);
    let late = SiteRow { name: "late".to_owned(), ..site(SITE) };
    assert_eq!(store.update_site(late).await.unwrap(), Committed::Conflict);
    assert_eq!(store.sites().await.unwrap(), vec![SiteRow { version: 2, ..renamed }]);
}

pub(crate) async fn the_first_writer_of_a_key_wins(place: Place) {
    let (one, other) = (place.open().await, place.open().await);
    let first = one.insert_data_key(data_key(1));
    let second = other.insert_data_key(DataKeyRow { wrapped: vec![1], ..data_key(1) });
    let (first, second) = tokio::join!(first, second);
    let mut both = vec![first.unwrap(), second.unwrap()];
    both.sort_by_key(|committed| *committed == Committed::Conflict);
    assert_eq!(both, vec![Committed::Done, Committed::Conflict]);
    assert_eq!(one.data_keys().await.unwrap().len(), 1);

    assert_eq!(one.insert_api_key(api_key(SITE, 1, 1)).await.unwrap(), Committed::Done);
    let same_id = other.insert_api_key(api_key(SITE, 1, 2)).await.unwrap();
    assert_eq!(same_id, Committed::Conflict);
    let same_hash = other.insert_api_key(api_key(OTHER_SITE, 1, 1)).await.unwrap();
    assert_eq!(same_hash, Committed::Conflict, "one key opens one site");
    assert_eq!(other.api_keys().await.unwrap(), vec![api_key(SITE, 1, 1)]);

    assert_eq!(one.insert_account_key(account_key(1, 1, 1)).await.unwrap(), Committed::Done);
    for taken in [account_key(1, 1, 2), account_key(2, 1, 1)] {
        assert_eq!(other.insert_account_key(taken).await.unwrap(), Committed::Conflict);
    }
    assert_eq!(other.account_keys().await.unwrap(), vec![account_key(1, 1, 1)]);
}

async fn make_busy(store: &dyn Store, site_id: i64, key: i64) {
    let mut unit = UnitOfWork::new(None, order(site_id, key, "busy"));
    unit.notifications = vec![notification(1, 10_000), notification(2, 90_000)];
    unit.timers = vec![TimerChange::Set { kind: "expiry".to_owned(), due_at: 20_000 }];
    unit.advices = vec![AdviceChange::Owe(AdviceRow::new(1, "capture", "a", "rrn", 30_000))];
    assert_eq!(store.commit(unit).await.unwrap(), Committed::Done);
}

pub(crate) async fn a_sites_clock_moves_everything_pending_on_it_and_nothing_else(place: Place) {
    let store = place.open().await;
    let _ = store.insert_site(site(SITE)).await.unwrap();
    let _ = store.insert_site(site(OTHER_SITE)).await.unwrap();
    make_busy(&*store, SITE, 1).await;
    make_busy(&*store, OTHER_SITE, 2).await;
    // One is under way while the clock moves: its lease stays what it was.
    let leased = store.claim_notifications(claim(10_000, 15_000, 1)).await.unwrap();
    let (leased_site, leased_key) = (leased[0].site_id, leased[0].key);
    let before = store.settings_version().await.unwrap();
    assert_eq!(store.advance_site_clock(SITE, 5_000).await.unwrap(), Some(5_000));
    assert_eq!(store.advance_site_clock(SITE, 2_000).await.unwrap(), Some(7_000));
    assert!(store.settings_version().await.unwrap() > before);

    let sites = store.sites().await.unwrap();
    assert_eq!(sites.iter().map(|it| it.clock_offset_ms).collect::<Vec<_>>(), vec![7_000, 0]);
    assert_eq!(sites[0].version, 1, "the clock is no reason to lose somebody's change");
    for (site_id, key, moved) in [(SITE, 1, 7_000), (OTHER_SITE, 2, 0)] {
        let notifications = store.notifications(site_id, key).await.unwrap();
        let due: Vec<_> = notifications.iter().map(|it| it.due_at).collect();
        assert_eq!(due, vec![Some(10_000 - moved), Some(90_000 - moved)]);
        if (site_id, key) == (leased_site, leased_key) {
            assert_eq!(notifications[0].first_attempt_at, Some(10_000 - moved));
        }
        assert_eq!(store.timers(site_id, key).await.unwrap()[0].due_at, 20_000 - moved);
        let advices = store.advices(site_id, key).await.unwrap();
        assert_eq!(advices[0].due_at, Some(30_000 - moved));
    }
    let still_leased = store.claim_notifications(claim(14_999, 16_000, 10)).await.unwrap();
    assert!(still_leased.iter().all(|it| it.key != leased_key), "{still_leased:?}");

    assert_eq!(store.advance_site_clock(99, 1).await.unwrap(), None);
    for by_ms in [-1, CLOCK_OFFSET_MS_MAX, i64::MAX] {
        let refused = store.advance_site_clock(SITE, by_ms).await;
        assert!(matches!(refused, Err(StoreError::Rejected { .. })), "{by_ms}: {refused:?}");
    }
    assert_eq!(store.sites().await.unwrap()[0].clock_offset_ms, 7_000);
}

pub(crate) async fn a_trial_of_writing_changes_nothing_that_counts(place: Place) {
    let store = place.open().await;
    assert_eq!(store.reserve_numbers("stan", 10).await.unwrap(), 1);
    let version = store.settings_version().await.unwrap();
    for _ in 0..3 {
        store.try_writing().await.unwrap();
    }
    assert_eq!(store.settings_version().await.unwrap(), version);
    assert_eq!(store.reserve_numbers("stan", 1).await.unwrap(), 11);
    store.close().await.unwrap();
    assert!(store.try_writing().await.is_err(), "a closed store takes no changes");
}

pub(crate) async fn numbers_are_never_reused_across_a_restart(place: Place) {
    let store = place.open().await;
    assert_eq!(store.reserve_numbers("stan", 10).await.unwrap(), 1);
    assert_eq!(store.reserve_numbers("stan", 1).await.unwrap(), 11);
    assert_eq!(store.reserve_numbers("other", 5).await.unwrap(), 1);
    drop(store);
    let store = place.open().await;
    assert_eq!(store.reserve_numbers("stan", 1).await.unwrap(), 12);
    assert_eq!(store.reserve_numbers("other", 1).await.unwrap(), 6);
}

pub(crate) async fn numbers_reserved_at_once_do_not_overlap(place: Place) {
    let (one, other) = (place.open().await, place.open().await);
    let mut tasks = Vec::new();
    for count in 1..=40_u32 {
        let store = if count % 2 == 0 { one.clone() } else { other.clone() };
        tasks.push(tokio::spawn(async move {
            let first = store.reserve_numbers("stan", count).await.unwrap();
            first..first + u64::from(count)
        }));
    }
    let mut numbers = Vec::new();
    for task in tasks {
        numbers.extend(task.await.unwrap());
    }
    let total = numbers.len();
    let distinct: HashSet<u64> = numbers.into_iter().collect();
    assert_eq!((distinct.len(), total), (820, 820));
}

pub(crate) async fn a_node_number_belongs_to_one_process_at_a_time(place: Place) {
    let (one, other) = (place.open().await, place.open().await);
    let mut tasks = Vec::new();
    for task in 0..10 {
        let store = if task % 2 == 0 { one.clone() } else { other.clone() };
        tasks.push(tokio::spawn(async move { store.lease_node(0, 100).await.unwrap().unwrap() }));
    }
    let mut nodes = Vec::new();
    for task in tasks {
        nodes.push(task.await.unwrap());
    }
    let ids: HashSet<u16> = nodes.iter().map(|node| node.id).collect();
    assert_eq!(ids.len(), 10, "{nodes:?}");

    let kept = one.renew_node(nodes[0], 200).await.unwrap().unwrap();
    assert_eq!((kept.id, kept.lease), (nodes[0].id, 200));
    assert_eq!(one.renew_node(nodes[0], 300).await.unwrap(), None, "that lease was replaced");
    other.release_node(kept, 150).await.unwrap();
    assert_eq!(one.renew_node(kept, 300).await.unwrap(), None, "that lease was given back");
}

pub(crate) async fn all_node_numbers_can_be_leased_and_no_more(place: Place) {
    let store = place.open().await;
    let mut ids = HashSet::new();
    for number in 0..i64::from(NODES_MAX) {
        let node = store.lease_node(number, 10_000 + number).await.unwrap().unwrap();
        assert!(node.id < NODES_MAX);
        assert!(ids.insert(node.id), "{} was given twice", node.id);
    }
    assert_eq!(store.lease_node(9_999, 20_000).await.unwrap(), None);
    // The first that was leased is free first.
    let node = store.lease_node(10_005, 20_000).await.unwrap().unwrap();
    assert_eq!(node.id, 0);
}

pub(crate) async fn several_processes_can_start_at_once(place: Place) {
    let (a, b, c, d) = tokio::join!(place.open(), place.open(), place.open(), place.open());
    for (id, store) in (1..).zip([a, b, c, d]) {
        let account = AccountRow { id, name: "company".to_owned(), created_at: 4 };
        assert_eq!(store.insert_account(account).await.unwrap(), Committed::Done);
    }
}

pub(crate) async fn a_site_is_deleted_with_its_keys_once_it_has_no_orders(place: Place) {
    let store = place.open().await;
    let _ = store.insert_site(site(SITE)).await.unwrap();
    let _ = store.insert_site(site(OTHER_SITE)).await.unwrap();
    let _ = store.insert_api_key(api_key(SITE, 1, 1)).await.unwrap();
    let _ = store.insert_api_key(api_key(OTHER_SITE, 1, 2)).await.unwrap();
    make_busy(&*store, SITE, 1).await;
    let before = store.settings_version().await.unwrap();
    assert_eq!(store.delete_site(SITE).await.unwrap(), Committed::Conflict, "it has an order");
    assert_eq!(store.sites().await.unwrap().len(), 2);
    assert_eq!(store.delete_site_data(SITE).await.unwrap(), 1);
    assert_eq!(store.delete_site(SITE).await.unwrap(), Committed::Done);
    assert!(store.settings_version().await.unwrap() > before);
    let left: Vec<i64> = store.sites().await.unwrap().iter().map(|it| it.id).collect();
    assert_eq!(left, vec![OTHER_SITE]);
    assert_eq!(store.api_keys().await.unwrap(), vec![api_key(OTHER_SITE, 1, 2)]);
    assert_eq!(store.delete_site(SITE).await.unwrap(), Committed::Conflict, "it is gone");
    // Its number and its key may be had again.
    assert_eq!(store.insert_site(site(SITE)).await.unwrap(), Committed::Done);
    assert_eq!(store.insert_api_key(api_key(SITE, 1, 1)).await.unwrap(), Committed::Done);
}
