//! A unit of work happens once, as a whole, or not at all.

use florin::store::{
    AdviceChange, AdviceRow, CardChange, Committed, StoreError, TimerChange, UnitOfWork,
};

use crate::places::Place;
use crate::rows::{OTHER_SITE, SITE, event, new_order, next_of, notification, order};

pub(crate) async fn a_new_order_is_found_by_its_three_names(place: Place) {
    let store = place.open().await;
    let mut unit = new_order(100);
    unit.transactions = vec![101, 102];
    assert_eq!(store.commit(unit).await.unwrap(), Committed::Done);

    let expected = order(SITE, 100, "order-100");
    assert_eq!(store.order(SITE, 100).await.unwrap(), Some(expected.clone()));
    let by_name = store.order_by_merchant_id(SITE, "order-100").await.unwrap();
    assert_eq!(by_name, Some(expected));
    for transaction in [100, 101, 102] {
        assert_eq!(store.key_of_transaction(SITE, transaction).await.unwrap(), Some(100));
        assert_eq!(store.key_of_transaction(OTHER_SITE, transaction).await.unwrap(), None);
    }
    assert_eq!(store.key_of_transaction(SITE, 103).await.unwrap(), None);
    assert_eq!(store.order(OTHER_SITE, 100).await.unwrap(), None);
    assert_eq!(store.order_by_merchant_id(OTHER_SITE, "order-100").await.unwrap(), None);
    assert_eq!(store.order_by_merchant_id(SITE, "order-\0").await.unwrap(), None);
}

pub(crate) async fn an_order_id_is_new_on_its_site_or_conflicts(place: Place) {
    let store = place.open().await;
    let _ = store.commit(new_order(1)).await.unwrap();
    let mut again = UnitOfWork::new(None, order(SITE, 2, "order-1"));
    again.events = vec![event(1)];
    assert_eq!(store.commit(again).await.unwrap(), Committed::Conflict);
    assert_eq!(store.order(SITE, 2).await.unwrap(), None);
    assert_eq!(store.events(SITE, 2).await.unwrap(), vec![]);

    let same_key = UnitOfWork::new(None, order(SITE, 1, "another name"));
    assert_eq!(store.commit(same_key).await.unwrap(), Committed::Conflict);
    let elsewhere = UnitOfWork::new(None, order(OTHER_SITE, 3, "order-1"));
    assert_eq!(store.commit(elsewhere).await.unwrap(), Committed::Done);
    // A name is its exact text.
    let other_case = UnitOfWork::new(None, order(SITE, 4, "Order-1"));
    assert_eq!(store.commit(other_case).await.unwrap(), Committed::Done);
}

pub(crate) async fn of_many_creates_of_one_order_id_exactly_one_wins(place: Place) {
    let (one, other) = (place.open().await, place.open().await);
    for round in 0..20_i64 {
        let mut tasks = Vec::new();
        for racer in 0..8_i64 {
            let store = if racer % 2 == 0 { one.clone() } else { other.clone() };
            let key = 1_000 + round * 10 + racer;
            let mut unit = UnitOfWork::new(None, order(SITE, key, &format!("round-{round}")));
            unit.events = vec![event(1)];
            tasks.push(tokio::spawn(async move { (key, store.commit(unit).await.unwrap()) }));
        }
        let mut winners = Vec::new();
        for task in tasks {
            let (key, committed) = task.await.unwrap();
            if committed == Committed::Done {
                winners.push(key);
            } else {
                assert_eq!(one.events(SITE, key).await.unwrap(), vec![], "a loser left an event");
            }
        }
        assert_eq!(winners.len(), 1, "round {round}: {winners:?}");
        let stored = one.order_by_merchant_id(SITE, &format!("round-{round}")).await.unwrap();
        assert_eq!(stored.map(|order| order.key), Some(winners[0]));
    }
}

pub(crate) async fn a_commit_over_an_old_version_conflicts_and_changes_nothing(place: Place) {
    let store = place.open().await;
    let _ = store.commit(new_order(1)).await.unwrap();
    assert_eq!(store.commit(next_of(1, 1)).await.unwrap(), Committed::Done);
    let stored = store.order(SITE, 1).await.unwrap().unwrap();
    assert_eq!((stored.version, stored.status.as_str(), stored.amount), (2, "completed", 1300));
    assert_eq!((stored.financial_status.as_ref(), stored.modified_at), (None, 2_000));
    assert_eq!(stored.request, r#"{"amount":1250}"#, "what was asked for never changes");
    assert_eq!((stored.created_at, stored.state.as_str()), (1_000, r#"{"attempts":[1]}"#));

    let mut late = next_of(1, 1);
    late.order.status = "declined".to_owned();
    late.events = vec![event(1)];
    late.notifications = vec![notification(1, 0)];
    late.timers = vec![TimerChange::Set { kind: "expiry".to_owned(), due_at: 5 }];
    late.advices = vec![AdviceChange::Owe(AdviceRow::new(1, "capture", "a", "rrn", 5))];
    late.transactions = vec![77];
    assert_eq!(store.commit(late).await.unwrap(), Committed::Conflict);
    assert_eq!(store.order(SITE, 1).await.unwrap().unwrap(), stored);
    assert_eq!(store.events(SITE, 1).await.unwrap(), vec![]);
    assert_eq!(store.notifications(SITE, 1).await.unwrap(), vec![]);
    assert_eq!(store.timers(SITE, 1).await.unwrap(), vec![]);
    assert_eq!(store.advices(SITE, 1).await.unwrap(), vec![]);
    assert_eq!(store.key_of_transaction(SITE, 77).await.unwrap(), None);
    // An order that is not there has no version to be over.
    assert_eq!(store.commit(next_of(2, 1)).await.unwrap(), Committed::Conflict);
    let mut of_other_site = next_of(1, 2);
    of_other_site.order.site_id = OTHER_SITE;
    assert_eq!(store.commit(of_other_site).await.unwrap(), Committed::Conflict);
}

pub(crate) async fn of_many_commits_over_one_version_exactly_one_wins(place: Place) {
    let (one, other) = (place.open().await, place.open().await);
    let _ = one.commit(new_order(1)).await.unwrap();
    for version in 1..=20_i64 {
        let mut tasks = Vec::new();
        for racer in 0..8_i32 {
            let store = if racer % 2 == 0 { one.clone() } else { other.clone() };
            let mut unit = next_of(1, version);
            let round = i32::try_from(version).unwrap() * 10;
            unit.events = vec![event(round + racer)];
            tasks.push(tokio::spawn(async move { store.commit(unit).await.unwrap() }));
        }
        let mut won = 0;
        for task in tasks {
            won += usize::from(task.await.unwrap() == Committed::Done);
        }
        assert_eq!(won, 1, "over version {version}");
    }
    assert_eq!(one.order(SITE, 1).await.unwrap().unwrap().version, 21);
    assert_eq!(one.events(SITE, 1).await.unwrap().len(), 20, "one event of each winner");
}

pub(crate) async fn a_conflict_costs_only_its_own_unit(place: Place) {
    let store = place.open().await;
    let _ = store.commit(new_order(1)).await.unwrap();
    let before = store.statistics().await.unwrap();
    // Far more than one batch takes while another one is at the disk.
    let mut tasks = Vec::new();
    for key in 2..=201 {
        let store = store.clone();
        tasks.push(tokio::spawn(async move {
            let mut unit = if key % 2 == 0 { new_order(key) } else { next_of(key, 1) };
            unit.events = vec![event(1)];
            (key, store.commit(unit).await.unwrap())
        }));
    }
    for task in tasks {
        let (key, committed) = task.await.unwrap();
        let expected = if key % 2 == 0 { Committed::Done } else { Committed::Conflict };
        assert_eq!(committed, expected, "order {key}");
        let events = store.events(SITE, key).await.unwrap().len();
        assert_eq!(events, usize::from(committed == Committed::Done));
    }
    let after = store.statistics().await.unwrap();
    assert_eq!(after.changes - before.changes, 200);
    assert!(after.largest_batch > 1, "nothing was grouped, so nothing was tested: {after:?}");
    assert_eq!(after.waiting, 0);
    assert!(after.database_bytes > 0);
}

pub(crate) async fn a_unit_that_breaks_a_table_costs_only_itself(place: Place) {
    let store = place.open().await;
    let mut unit = new_order(1);
    unit.events = vec![event(1)];
    let _ = store.commit(unit).await.unwrap();
    let mut tasks = Vec::new();
    for key in 2..=101 {
        let store = store.clone();
        tasks.push(tokio::spawn(async move {
            let mut unit = new_order(key);
            unit.events = vec![event(1)];
            // Every tenth claims a transaction id that the first of them already has.
            if key % 10 == 0 {
                unit.transactions = vec![9_999];
            }
            (key, store.commit(unit).await)
        }));
    }
    let mut owners = Vec::new();
    for task in tasks {
        let (key, committed) = task.await.unwrap();
        match committed {
            Ok(done) => {
                assert_eq!(done, Committed::Done, "order {key}");
                if key % 10 == 0 {
                    owners.push(key);
                }
            }
            Err(StoreError::Rejected { .. }) => {
                assert_eq!(key % 10, 0, "order {key} did nothing wrong");
                assert_eq!(store.order(SITE, key).await.unwrap(), None);
                assert_eq!(store.events(SITE, key).await.unwrap(), vec![]);
            }
            Err(other) => panic!("order {key}: {other}"),
        }
    }
    assert_eq!(owners.len(), 1, "{owners:?}");
    assert_eq!(store.key_of_transaction(SITE, 9_999).await.unwrap(), Some(owners[0]));

    // An event is never written over, and the order does not move without it.
    let mut twice = next_of(1, 1);
    twice.events = vec![event(1)];
    let refused = store.commit(twice).await;
    assert!(matches!(refused, Err(StoreError::Rejected { .. })), "{refused:?}");
    assert_eq!(store.order(SITE, 1).await.unwrap().unwrap().version, 1);
}

pub(crate) async fn a_unit_that_contradicts_itself_is_refused(place: Place) {
    let store = place.open().await;
    let timer = |due_at| TimerChange::Set { kind: "expiry".to_owned(), due_at };
    type Spoil = Box<dyn Fn(&mut UnitOfWork)>;
    let spoils: Vec<(&str, Spoil)> = vec![
        ("events", Box::new(|unit| unit.events = vec![event(1), event(1)])),
        ("timers", Box::new(move |unit| unit.timers = vec![timer(1), timer(2)])),
        (
            "advices",
            Box::new(|unit| {
                let owed = AdviceRow::new(1, "capture", "a", "rrn", 5);
                unit.advices = vec![AdviceChange::Owe(owed), AdviceChange::Settle { seq: 1 }];
            }),
        ),
        (
            "cards",
            Box::new(|unit| {
                unit.cards =
                    vec![CardChange::Erase { card_id: 1 }, CardChange::EraseCvc { card_id: 1 }];
            }),
        ),
        ("NUL", Box::new(|unit| unit.order.state = "a\0b".to_owned())),
        ("key", Box::new(|unit| unit.order.key = 0)),
        ("version", Box::new(|unit| unit.expected_version = Some(0))),
    ];
    for (what, spoil) in spoils {
        let mut unit = new_order(1);
        spoil(&mut unit);
        let refused = store.commit(unit).await;
        assert!(matches!(refused, Err(StoreError::Rejected { .. })), "{what}: {refused:?}");
    }
    assert_eq!(store.order(SITE, 1).await.unwrap(), None);
}

pub(crate) async fn a_cvc_is_erased_and_the_card_stays_until_it_is_erased(place: Place) {
    let store = place.open().await;
    let mut unit = new_order(1);
    unit.cards = vec![CardChange::Seal {
        card_id: 1,
        sealed_pan: vec![1, 2, 3],
        sealed_cvc: Some(vec![0, 255]),
        fingerprint: [9; 32],
        key_id: 4,
    }];
    let _ = store.commit(unit).await.unwrap();
    let card = store.card(SITE, 1, 1).await.unwrap().unwrap();
    assert_eq!(card.sealed_pan, vec![1, 2, 3]);
    assert_eq!(card.sealed_cvc, Some(vec![0, 255]));
    assert_eq!((card.fingerprint, card.key_id), ([9; 32], 4));
    assert!(!format!("{card:?}").contains("255"), "sealed data is not for logs");
    assert_eq!(store.card(OTHER_SITE, 1, 1).await.unwrap(), None);

    let mut unit = next_of(1, 1);
    unit.cards = vec![CardChange::EraseCvc { card_id: 1 }];
    let _ = store.commit(unit).await.unwrap();
    let card = store.card(SITE, 1, 1).await.unwrap().unwrap();
    assert_eq!((card.sealed_cvc, card.sealed_pan), (None, vec![1, 2, 3]));

    let mut unit = next_of(1, 2);
    unit.cards = vec![CardChange::Erase { card_id: 1 }];
    let _ = store.commit(unit).await.unwrap();
    assert_eq!(store.card(SITE, 1, 1).await.unwrap(), None);
}

pub(crate) async fn what_was_acknowledged_is_there_after_a_restart(place: Place) {
    let store = place.open().await;
    let mut tasks = Vec::new();
    for key in 1..=300 {
        let store = store.clone();
        tasks.push(tokio::spawn(async move {
            let mut unit = new_order(key);
            unit.events = vec![event(1), event(2)];
            store.commit(unit).await.unwrap()
        }));
    }
    for task in tasks {
        assert_eq!(task.await.unwrap(), Committed::Done);
    }
    // Dropped, not closed: nobody gets to tidy up.
    drop(store);
    let store = place.open().await;
    for key in 1..=300 {
        assert_eq!(store.order(SITE, key).await.unwrap().unwrap().version, 1);
        assert_eq!(store.events(SITE, key).await.unwrap(), vec![event(1), event(2)]);
    }
    store.checkpoint().await.unwrap();
    store.close().await.unwrap();
    let store = place.open().await;
    assert_eq!(store.commit(next_of(300, 1)).await.unwrap(), Committed::Done);
}

pub(crate) async fn recent_orders_are_listed_newest_first_and_in_pages(place: Place) {
    let store = place.open().await;
    for key in 1..=5 {
        let _ = store.commit(new_order(key)).await.unwrap();
    }
    let _ = store.commit(UnitOfWork::new(None, order(OTHER_SITE, 6, "x"))).await.unwrap();
    let keys = |orders: Vec<florin::store::OrderRow>| -> Vec<i64> {
        orders.into_iter().map(|order| order.key).collect()
    };
    assert_eq!(keys(store.recent_orders(SITE, None, 2).await.unwrap()), vec![5, 4]);
    assert_eq!(keys(store.recent_orders(SITE, Some(4), 2).await.unwrap()), vec![3, 2]);
    assert_eq!(keys(store.recent_orders(SITE, Some(2), 2).await.unwrap()), vec![1]);
    assert_eq!(keys(store.recent_orders(OTHER_SITE, None, 2).await.unwrap()), vec![6]);
}

pub(crate) async fn deleting_a_sites_data_spares_other_sites(place: Place) {
    let store = place.open().await;
    for (site, key) in (1..=450).map(|key| (SITE, key)).chain([(OTHER_SITE, 1_000)]) {
        let mut unit = UnitOfWork::new(None, order(site, key, &format!("order-{key}")));
        unit.transactions = vec![key + 10_000];
        unit.events = vec![event(1)];
        unit.notifications = vec![notification(1, 0)];
        unit.timers = vec![TimerChange::Set { kind: "expiry".to_owned(), due_at: 0 }];
        unit.advices = vec![AdviceChange::Owe(AdviceRow::new(1, "capture", "a", "rrn", 0))];
        unit.cards = vec![CardChange::Seal {
            card_id: 1,
            sealed_pan: vec![1],
            sealed_cvc: None,
            fingerprint: [0; 32],
            key_id: 1,
        }];
        let _ = store.commit(unit).await.unwrap();
    }
    assert_eq!(store.delete_site_data(SITE).await.unwrap(), 450);
    assert_eq!(store.recent_orders(SITE, None, 10).await.unwrap(), vec![]);
    for key in [1, 450] {
        assert_eq!(store.key_of_transaction(SITE, key + 10_000).await.unwrap(), None);
        assert_eq!(store.events(SITE, key).await.unwrap(), vec![]);
        assert_eq!(store.notifications(SITE, key).await.unwrap(), vec![]);
        assert_eq!(store.timers(SITE, key).await.unwrap(), vec![]);
        assert_eq!(store.advices(SITE, key).await.unwrap(), vec![]);
        assert_eq!(store.card(SITE, key, 1).await.unwrap(), None);
    }
    assert_eq!(store.events(OTHER_SITE, 1_000).await.unwrap().len(), 1);
    assert_eq!(store.advices(OTHER_SITE, 1_000).await.unwrap().len(), 1);
    assert_eq!(store.timers(OTHER_SITE, 1_000).await.unwrap().len(), 1);
    assert!(store.card(OTHER_SITE, 1_000, 1).await.unwrap().is_some());
    // The names are free again.
    assert_eq!(store.commit(new_order(1)).await.unwrap(), Committed::Done);
}

pub(crate) async fn a_closed_store_says_so(place: Place) {
    let store = place.open().await;
    let mut tasks = Vec::new();
    for key in 1..=50 {
        let store = store.clone();
        tasks.push(tokio::spawn(async move { (key, store.commit(new_order(key)).await) }));
    }
    store.close().await.unwrap();
    let reopened = place.open().await;
    for task in tasks {
        let (key, committed) = task.await.unwrap();
        let is_there = reopened.order(SITE, key).await.unwrap().is_some();
        assert_eq!(is_there, committed.is_ok(), "order {key}: {committed:?}");
    }
    let refused = store.commit(new_order(1_000)).await;
    assert!(matches!(refused, Err(StoreError::Unavailable { .. })), "{refused:?}");
    let refused = store.order(SITE, 1).await;
    assert!(matches!(refused, Err(StoreError::Unavailable { .. })), "{refused:?}");
}

pub(crate) async fn texts_of_all_kinds_come_back_as_they_were(place: Place) {
    let store = place.open().await;
    let texts = ["", " ", "é ß 漢 🦀", "'\"\\;--", "\u{1}\n\r\t", "a\u{301}", "NULL", "{}"];
    for (key, text) in (1..).zip(texts) {
        let mut unit = UnitOfWork::new(None, order(SITE, key, text));
        unit.order.request = text.repeat(5_000);
        unit.order.state = text.to_owned();
        assert_eq!(store.commit(unit).await.unwrap(), Committed::Done);
        let stored = store.order_by_merchant_id(SITE, text).await.unwrap().unwrap();
        assert_eq!((stored.key, stored.order_id.as_str()), (key, text));
        assert_eq!(stored.request, text.repeat(5_000));
        assert_eq!(stored.state, text);
    }
}
