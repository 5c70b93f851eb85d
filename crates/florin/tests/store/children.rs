//! Orders inside orders: they are stored, and they conflict, together with their parent.

use std::sync::Arc;

use florin::store::{ChildRow, Committed, Store, StoreError, UnitOfWork};

use crate::places::Place;
use crate::rows::{OTHER_SITE, SITE, child, event, new_order, next_of, order};

pub(crate) async fn a_child_is_an_order_and_its_parent_changes_it(place: Place) {
    let store = place.open().await;
    let _ = store.commit(new_order(1)).await.unwrap();
    let mut unit = next_of(1, 1);
    unit.children = vec![child(2, "first"), child(3, "second")];
    unit.transactions = vec![22];
    assert_eq!(store.commit(unit).await.unwrap(), Committed::Done);
    let stored = store.order_by_merchant_id(SITE, "first").await.unwrap().unwrap();
    assert_eq!(stored, child(2, "first").order);
    assert_eq!(store.key_of_transaction(SITE, 3).await.unwrap(), Some(3));
    assert_eq!(store.key_of_transaction(SITE, 22).await.unwrap(), Some(1));

    let mut changed = child(2, "another name, which is fixed");
    changed.is_new = false;
    changed.order.status = "completed".to_owned();
    changed.order.financial_status = None;
    changed.order.amount = 7;
    changed.order.modified_at = 2_000;
    changed.order.state = r#"{"parent":1,"refunded":1}"#.to_owned();
    changed.order.request = "ignored".to_owned();
    changed.order.currency = "USD".to_owned();
    let mut unit = next_of(1, 2);
    unit.children = vec![changed.clone(), child(4, "third")];
    assert_eq!(store.commit(unit).await.unwrap(), Committed::Done);
    let before = child(2, "first").order;
    let mut expected = changed.order;
    expected.order_id = before.order_id;
    expected.request = before.request;
    expected.currency = before.currency;
    expected.version = 2;
    assert_eq!(store.order(SITE, 2).await.unwrap(), Some(expected));
    assert_eq!(store.order(SITE, 3).await.unwrap().unwrap().version, 1);
    assert_eq!(store.order(SITE, 4).await.unwrap().unwrap().order_id, "third");

    // The parent's version guards its children.
    let mut late = next_of(1, 2);
    late.children = vec![child(5, "fourth"), ChildRow { is_new: false, ..child(2, "first") }];
    assert_eq!(store.commit(late).await.unwrap(), Committed::Conflict);
    assert_eq!(store.order(SITE, 2).await.unwrap().unwrap().version, 2);
    assert_eq!(store.order_by_merchant_id(SITE, "fourth").await.unwrap(), None);

    // A new order can have children at once.
    let mut unit = new_order(10);
    unit.children = vec![child(11, "of a new order")];
    assert_eq!(store.commit(unit).await.unwrap(), Committed::Done);
    assert!(store.order(SITE, 11).await.unwrap().is_some());
}

pub(crate) async fn a_child_whose_name_or_key_is_taken_makes_the_whole_unit_a_conflict(
    place: Place,
) {
    let store = place.open().await;
    for key in [1, 2] {
        let _ = store.commit(new_order(key)).await.unwrap();
    }
    let elsewhere = UnitOfWork::new(None, order(OTHER_SITE, 3, "theirs"));
    let _ = store.commit(elsewhere).await.unwrap();
    for taken in [child(9, "order-2"), child(2, "free")] {
        let mut unit = next_of(1, 1);
        unit.events = vec![event(1)];
        unit.children = vec![child(8, "also free"), taken.clone()];
        assert_eq!(store.commit(unit).await.unwrap(), Committed::Conflict, "{taken:?}");
        assert_eq!(store.order(SITE, 1).await.unwrap().unwrap().version, 1);
        assert_eq!(store.order(SITE, 8).await.unwrap(), None);
        assert_eq!(store.events(SITE, 1).await.unwrap(), vec![]);

        let mut unit = new_order(7);
        unit.children = vec![taken];
        assert_eq!(store.commit(unit).await.unwrap(), Committed::Conflict);
        assert_eq!(store.order(SITE, 7).await.unwrap(), None);
    }
    // Names of other sites are none of ours.
    let mut unit = next_of(1, 1);
    unit.children = vec![child(8, "theirs")];
    assert_eq!(store.commit(unit).await.unwrap(), Committed::Done);
}

pub(crate) async fn a_child_that_is_not_there_makes_the_whole_unit_a_conflict(place: Place) {
    let store = place.open().await;
    let _ = store.commit(new_order(1)).await.unwrap();
    let _ = store.commit(UnitOfWork::new(None, order(OTHER_SITE, 3, "x"))).await.unwrap();
    for missing in [2, 3] {
        let mut unit = next_of(1, 1);
        unit.children = vec![ChildRow { is_new: false, ..child(missing, "x") }];
        assert_eq!(store.commit(unit).await.unwrap(), Committed::Conflict);
    }
    assert_eq!(store.order(SITE, 1).await.unwrap().unwrap().version, 1);
    assert_eq!(store.order(OTHER_SITE, 3).await.unwrap().unwrap().version, 1);
}

/// Two processes, each with parents of its own, and one name for all their children.
pub(crate) async fn of_many_children_of_one_name_exactly_one_wins(place: Place) {
    let stores = [place.open().await, place.open().await];
    for parent in 1..=8 {
        let _ = stores[0].commit(new_order(parent)).await.unwrap();
    }
    let mut versions = [1_i64; 8];
    for round in 1..=25_i64 {
        let mut tasks = Vec::new();
        for (parent, version) in (1..=8_i64).zip(versions) {
            let store = Arc::clone(&stores[usize::try_from(parent % 2).unwrap()]);
            let mut unit = next_of(parent, version);
            unit.events = vec![event(i32::try_from(round).unwrap())];
            let key = 1_000 + round * 100 + parent * 10;
            // In two sequences, so that they could wait for each other in a circle.
            let mut names = [format!("a-{round}"), format!("b-{round}")];
            if parent % 4 < 2 {
                names.reverse();
            }
            unit.children = vec![child(key, &names[0]), child(key + 1, &names[1])];
            tasks.push(tokio::spawn(async move { store.commit(unit).await.unwrap() }));
        }
        let mut winners = Vec::new();
        for (parent, task) in (1..=8_i64).zip(tasks) {
            if task.await.unwrap() == Committed::Done {
                winners.push(parent);
                versions[usize::try_from(parent).unwrap() - 1] += 1;
            }
        }
        assert_eq!(winners.len(), 1, "round {round}: {winners:?}");
        let key = 1_000 + round * 100 + winners[0] * 10;
        for name in [format!("a-{round}"), format!("b-{round}")] {
            let stored = stores[0].order_by_merchant_id(SITE, &name).await.unwrap().unwrap();
            assert!(stored.key == key || stored.key == key + 1, "{stored:?}");
        }
    }
    assert_eq!(events_of(&stores[0], 1..=8).await, 25, "one event of each winner");
    let orders = stores[0].recent_orders(SITE, None, 1_000).await.unwrap();
    assert_eq!(orders.len(), 8 + 2 * 25, "losers left nothing");
}

pub(crate) async fn children_and_new_orders_race_for_one_name_and_one_wins(place: Place) {
    let stores = [place.open().await, place.open().await];
    let _ = stores[0].commit(new_order(1)).await.unwrap();
    let mut version = 1;
    for round in 1..=25_i64 {
        let name = format!("round-{round}");
        let mut tasks = Vec::new();
        let key = 1_000 + round * 10;
        for racer in 0..4_i64 {
            let store = Arc::clone(&stores[usize::try_from(racer % 2).unwrap()]);
            let unit = if racer == 0 {
                let mut unit = next_of(1, version);
                unit.children = vec![child(key, &name)];
                unit
            } else {
                UnitOfWork::new(None, order(SITE, key + racer, &name))
            };
            tasks.push(tokio::spawn(async move { store.commit(unit).await.unwrap() }));
        }
        let mut winners = Vec::new();
        for (racer, task) in (0..4_i64).zip(tasks) {
            if task.await.unwrap() == Committed::Done {
                winners.push(racer);
            }
        }
        assert_eq!(winners.len(), 1, "round {round}: {winners:?}");
        version += i64::from(winners[0] == 0);
        let stored = stores[1].order_by_merchant_id(SITE, &name).await.unwrap().unwrap();
        assert_eq!(stored.key, key + winners[0]);
        assert_eq!(stores[1].order(SITE, 1).await.unwrap().unwrap().version, version);
    }
}

pub(crate) async fn children_cost_no_other_unit_of_their_batch(place: Place) {
    let store = place.open().await;
    for parent in 1..=50 {
        let _ = store.commit(new_order(parent)).await.unwrap();
    }
    let before = store.statistics().await.unwrap();
    let mut tasks = Vec::new();
    for key in 1..=100 {
        let store = store.clone();
        let unit = if key <= 50 {
            let mut unit = next_of(key, 1);
            // Ten of them ask for one name.
            let name = if key % 5 == 0 { "wanted".to_owned() } else { format!("child-{key}") };
            unit.children = vec![child(key + 1_000, &name)];
            unit
        } else {
            new_order(key)
        };
        tasks.push(tokio::spawn(async move { (key, store.commit(unit).await.unwrap()) }));
    }
    let mut wanted = 0;
    for task in tasks {
        let (key, committed) = task.await.unwrap();
        if key <= 50 && key % 5 == 0 {
            wanted += i32::from(committed == Committed::Done);
        } else {
            assert_eq!(committed, Committed::Done, "order {key}");
        }
    }
    assert_eq!(wanted, 1);
    let after = store.statistics().await.unwrap();
    assert!(after.batches - before.batches < 100, "nothing was grouped, so nothing was tested");
}

pub(crate) async fn a_unit_whose_children_contradict_each_other_is_refused(place: Place) {
    let store = place.open().await;
    let mut elsewhere = child(2, "a");
    elsewhere.order.site_id = OTHER_SITE;
    let mut spoiled = child(2, "a");
    spoiled.order.state = "\0".to_owned();
    let contradictions = [
        vec![child(2, "a"), child(3, "a")],
        vec![child(2, "a"), child(2, "b")],
        vec![child(1, "a")],
        vec![child(2, "order-1")],
        vec![child(0, "a")],
        vec![elsewhere],
        vec![spoiled],
    ];
    for children in contradictions {
        let mut unit = new_order(1);
        unit.children = children.clone();
        let refused = store.commit(unit).await;
        assert!(matches!(refused, Err(StoreError::Rejected { .. })), "{children:?}: {refused:?}");
    }
    assert_eq!(store.order(SITE, 1).await.unwrap(), None);
}

async fn events_of(store: &Arc<dyn Store>, keys: std::ops::RangeInclusive<i64>) -> usize {
    let mut count = 0;
    for key in keys {
        count += store.events(SITE, key).await.unwrap().len();
    }
    count
}
