//! A request with a key is done once, and its answer is kept.

use std::sync::Arc;

use florin::store::{
    AnsweredRequest, BeginRequest, Begun, Committed, OrderRow, SiteId, Store, UnitOfWork,
};

use crate::places::Place;
use crate::rows::{OTHER_SITE, SITE, event, new_order, next_of, order};

const NOW: i64 = 10_000;

fn at(site_id: SiteId, key: &str, now: i64) -> BeginRequest<'_> {
    BeginRequest { site_id, key, request_hash: [5; 32], now, lease_until: now + 1_000 }
}

async fn begin(store: &Arc<dyn Store>, key: &str, now: i64) -> Begun {
    store.begin_request(at(SITE, key, now)).await.unwrap()
}

fn answered(status: u16, body: &str) -> Begun {
    Begun::Answered { status, body: body.to_owned() }
}

fn answer(key: &str, body: &str) -> Option<AnsweredRequest> {
    Some(AnsweredRequest { key: key.to_owned(), status: 200, body: body.to_owned() })
}

pub(crate) async fn a_request_is_begun_answered_and_replayed(place: Place) {
    let store = place.open().await;
    assert_eq!(begin(&store, "a", NOW).await, Begun::New);
    assert_eq!(begin(&store, "a", NOW + 999).await, Begun::InFlight);
    store.finish_request(SITE, "a", 201, "{\"é\":\"漢\"}").await.unwrap();
    store.finish_request(SITE, "a", 200, "late").await.unwrap();
    let expected = answered(201, "{\"é\":\"漢\"}");
    assert_eq!(begin(&store, "a", NOW + 999).await, expected);
    assert_eq!(begin(&store, "A", NOW).await, Begun::New, "a key is its exact text");
    let elsewhere = store.begin_request(at(OTHER_SITE, "a", NOW)).await.unwrap();
    assert_eq!(elsewhere, Begun::New);
    // Long after the lease, in another process.
    let reopened = place.open().await;
    assert_eq!(begin(&reopened, "a", NOW + 9_999_999).await, expected);
    let empty = "k".repeat(255);
    assert_eq!(begin(&store, &empty, NOW).await, Begun::New);
    store.finish_request(SITE, &empty, 204, "").await.unwrap();
    assert_eq!(begin(&store, &empty, NOW).await, answered(204, ""));
}

pub(crate) async fn another_request_with_the_same_key_is_told_apart(place: Place) {
    let store = place.open().await;
    assert_eq!(begin(&store, "a", NOW).await, Begun::New);
    let other = BeginRequest { request_hash: [6; 32], ..at(SITE, "a", NOW) };
    assert_eq!(store.begin_request(other).await.unwrap(), Begun::OtherRequest);
    // Not even when the first one is nobody's any more.
    let late = BeginRequest { now: NOW + 5_000, lease_until: NOW + 6_000, ..other };
    assert_eq!(store.begin_request(late).await.unwrap(), Begun::OtherRequest);
    store.finish_request(SITE, "a", 200, "first").await.unwrap();
    assert_eq!(store.begin_request(late).await.unwrap(), Begun::OtherRequest);
    assert_eq!(begin(&store, "a", NOW).await, answered(200, "first"));
}

pub(crate) async fn of_many_who_begin_one_request_exactly_one_may(place: Place) {
    let stores = [place.open().await, place.open().await];
    for round in 0..10 {
        let mut tasks = Vec::new();
        for racer in 0..16_usize {
            let store = Arc::clone(&stores[racer % 2]);
            tasks.push(tokio::spawn(
                async move { begin(&store, &format!("round-{round}"), NOW).await },
            ));
        }
        let mut new = 0;
        for task in tasks {
            match task.await.unwrap() {
                Begun::New => new += 1,
                Begun::InFlight => {}
                other => panic!("round {round}: {other:?}"),
            }
        }
        assert_eq!(new, 1, "round {round}");
    }
}

pub(crate) async fn a_request_whose_process_died_is_taken_over_by_one(place: Place) {
    let stores = [place.open().await, place.open().await];
    assert_eq!(begin(&stores[0], "a", NOW).await, Begun::New);
    let mut tasks = Vec::new();
    for racer in 0..16_usize {
        let store = Arc::clone(&stores[racer % 2]);
        tasks.push(tokio::spawn(async move { begin(&store, "a", NOW + 1_000).await }));
    }
    let mut resumed = 0;
    for task in tasks {
        match task.await.unwrap() {
            Begun::Resumed => resumed += 1,
            Begun::InFlight => {}
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(resumed, 1);
    assert_eq!(begin(&stores[0], "a", NOW + 2_000).await, Begun::Resumed, "again");
}

pub(crate) async fn an_answer_is_stored_with_the_change_or_not_at_all(place: Place) {
    let store = place.open().await;
    for key in ["created", "changed", "stale"] {
        assert_eq!(begin(&store, key, NOW).await, Begun::New);
    }
    let mut unit = new_order(1);
    unit.answer = answer("created", "first");
    assert_eq!(store.commit(unit).await.unwrap(), Committed::Done);
    assert_eq!(begin(&store, "created", NOW + 999).await, Begun::InFlight, "it has not ended");
    assert_eq!(begin(&store, "created", NOW + 1_000).await, answered(200, "first"));
    // Whoever comes back now finds that its answer was given.
    store.finish_request(SITE, "created", 201, "late").await.unwrap();
    assert_eq!(begin(&store, "created", NOW).await, answered(200, "first"));

    let mut stale = next_of(1, 7);
    stale.answer = answer("stale", "never");
    assert_eq!(store.commit(stale).await.unwrap(), Committed::Conflict);
    assert_eq!(begin(&store, "stale", NOW).await, Begun::InFlight);

    // The same name on another site is another request.
    let mut unit = UnitOfWork::new(None, order(OTHER_SITE, 2, "x"));
    unit.answer = answer("changed", "theirs");
    assert_eq!(store.commit(unit).await.unwrap(), Committed::Done);
    assert_eq!(begin(&store, "changed", NOW).await, Begun::InFlight);
    let mut unit = next_of(1, 1);
    unit.answer = answer("changed", "second");
    assert_eq!(store.commit(unit).await.unwrap(), Committed::Done);
    // In time, the process that made the change may say it better.
    store.finish_request(SITE, "changed", 201, "better").await.unwrap();
    assert_eq!(begin(&store, "changed", NOW).await, answered(201, "better"));
    // Who is refused for what somebody else has done under the same key is told that instead.
    begin(&store, "twice", NOW).await;
    let mut unit = next_of(1, 2);
    unit.answer = answer("twice", "done");
    assert_eq!(store.commit(unit).await.unwrap(), Committed::Done);
    let stands = store.finish_request(SITE, "twice", 404, "refused").await.unwrap();
    assert_eq!(stands, Some((200, "done".to_owned())));
    assert_eq!(begin(&store, "twice", NOW).await, answered(200, "done"));
    let stands = store.finish_request(SITE, "twice", 200, "late").await.unwrap();
    assert_eq!(stands, Some((200, "done".to_owned())));
    assert_eq!(store.finish_request(SITE, "unheard-of", 200, "").await.unwrap(), None);
    // A request that was forgotten meanwhile does not stand in the way of the change.
    let mut unit = next_of(1, 3);
    unit.answer = answer("unknown", "third");
    assert_eq!(store.commit(unit).await.unwrap(), Committed::Done);
}

pub(crate) async fn all_who_come_after_the_lease_are_told_the_answer(place: Place) {
    let stores = [place.open().await, place.open().await];
    for round in 1..=10_i64 {
        let key = format!("round-{round}");
        assert_eq!(begin(&stores[0], &key, NOW).await, Begun::New);
        let mut unit = new_order(round);
        unit.answer = answer(&key, "done");
        assert_eq!(stores[0].commit(unit).await.unwrap(), Committed::Done);
        let tasks: Vec<_> = (0..16_usize)
            .map(|racer| {
                let (store, key) = (Arc::clone(&stores[racer % 2]), key.clone());
                tokio::spawn(async move { begin(&store, &key, NOW + 5_000).await })
            })
            .collect();
        for task in tasks {
            assert_eq!(task.await.unwrap(), answered(200, "done"), "round {round}");
        }
    }
}

pub(crate) async fn an_answered_request_changes_nothing_again(place: Place) {
    let store = place.open().await;
    let _ = store.commit(new_order(1)).await.unwrap();
    assert_eq!(begin(&store, "a", NOW).await, Begun::New);
    let mut unit = next_of(1, 1);
    unit.answer = answer("a", "first");
    assert_eq!(store.commit(unit).await.unwrap(), Committed::Done);
    // A process that was thought dead comes back, and reads the order anew.
    let mut again = next_of(1, 2);
    again.events = vec![event(1)];
    again.answer = answer("a", "second");
    assert_eq!(store.commit(again).await.unwrap(), Committed::Conflict);
    assert_eq!(store.order(SITE, 1).await.unwrap().map(version), Some(2));
    assert_eq!(store.events(SITE, 1).await.unwrap(), vec![]);
    assert_eq!(begin(&store, "a", NOW + 1_000).await, answered(200, "first"));
}

fn version(order: OrderRow) -> i64 {
    order.version
}

pub(crate) async fn a_forgotten_request_can_be_made_again(place: Place) {
    let store = place.open().await;
    assert_eq!(begin(&store, "a", NOW).await, Begun::New);
    store.forget_request(OTHER_SITE, "a").await.unwrap();
    assert_eq!(begin(&store, "a", NOW).await, Begun::InFlight);
    store.forget_request(SITE, "a").await.unwrap();
    assert_eq!(begin(&store, "a", NOW).await, Begun::New);
    store.finish_request(SITE, "a", 200, "kept").await.unwrap();
    store.forget_request(SITE, "a").await.unwrap();
    assert_eq!(begin(&store, "a", NOW).await, answered(200, "kept"), "an answer stays");

    // What has been changed cannot be undone by forgetting who asked for it.
    assert_eq!(begin(&store, "b", NOW).await, Begun::New);
    let mut unit = new_order(1);
    unit.answer = answer("b", "made");
    assert_eq!(store.commit(unit).await.unwrap(), Committed::Done);
    store.forget_request(SITE, "b").await.unwrap();
    assert_eq!(begin(&store, "b", NOW).await, answered(200, "made"));
}

pub(crate) async fn old_requests_are_pruned_and_no_others(place: Place) {
    let store = place.open().await;
    for number in 0..20_i64 {
        let key = format!("key-{number}");
        let site = if number % 2 == 0 { SITE } else { OTHER_SITE };
        let _ = store.begin_request(at(site, &key, number * 10)).await.unwrap();
        if number % 3 == 0 {
            store.finish_request(site, &key, 200, "{}").await.unwrap();
        }
    }
    assert_eq!(store.prune_requests(100, 4).await.unwrap(), 4);
    assert_eq!(store.prune_requests(100, 100).await.unwrap(), 6);
    assert_eq!(store.prune_requests(100, 100).await.unwrap(), 0);
    assert_eq!(begin(&store, "key-0", 0).await, Begun::New);
    assert_eq!(begin(&store, "key-18", 0).await, answered(200, "{}"));
}

pub(crate) async fn deleting_a_sites_data_takes_its_requests(place: Place) {
    let store = place.open().await;
    for site in [SITE, OTHER_SITE] {
        assert_eq!(store.begin_request(at(site, "a", NOW)).await.unwrap(), Begun::New);
    }
    assert_eq!(store.delete_site_data(SITE).await.unwrap(), 0);
    assert_eq!(begin(&store, "a", NOW).await, Begun::New);
    let elsewhere = store.begin_request(at(OTHER_SITE, "a", NOW)).await.unwrap();
    assert_eq!(elsewhere, Begun::InFlight);
}
