//! Lists for people and reports: files, timers of a kind, orders of a period.

use florin::store::{Committed, StoreError, TimerChange, UnitOfWork};

use crate::places::Place;
use crate::rows::{OTHER_SITE, SITE, file, new_order, next_of, order};

pub(crate) async fn files_are_listed_without_content_and_read_with_it(place: Place) {
    let store = place.open().await;
    let mut unit = new_order(1);
    unit.files = vec![file(2, 3_000_000), file(1, 0)];
    assert_eq!(store.commit(unit).await.unwrap(), Committed::Done);
    let listed = store.files(SITE, 1).await.unwrap();
    let sizes: Vec<(i32, i64)> = listed.iter().map(|it| (it.file_id, it.size_bytes)).collect();
    assert_eq!(sizes, vec![(1, 0), (2, 3_000_000)]);
    assert_eq!(listed[1].name, "receipt-2.pdf");
    assert_eq!((listed[1].kind.as_str(), listed[1].at), ("PDF", 1_700));
    assert_eq!(listed[1].description, "The payer's signature");
    assert_eq!(store.file(SITE, 1, 2).await.unwrap(), Some(file(2, 3_000_000)));
    assert_eq!(store.file(SITE, 1, 3).await.unwrap(), None);
    assert_eq!(store.file(OTHER_SITE, 1, 2).await.unwrap(), None);
    assert_eq!(store.files(OTHER_SITE, 1).await.unwrap(), vec![]);

    for files in [vec![file(2, 1)], vec![file(3, 1), file(3, 2)]] {
        let mut unit = next_of(1, 1);
        unit.files = files;
        let refused = store.commit(unit).await;
        assert!(matches!(refused, Err(StoreError::Rejected { .. })), "{refused:?}");
    }
    assert_eq!(store.file(SITE, 1, 2).await.unwrap(), Some(file(2, 3_000_000)));
    assert_eq!(store.delete_site_data(SITE).await.unwrap(), 1);
    assert_eq!(store.files(SITE, 1).await.unwrap(), vec![]);
}

pub(crate) async fn timers_of_a_kind_are_listed_soonest_first(place: Place) {
    let store = place.open().await;
    let set = |kind: &str, due_at| TimerChange::Set { kind: kind.to_owned(), due_at };
    for key in 1..=6_i64 {
        let site = if key == 6 { OTHER_SITE } else { SITE };
        let mut unit = UnitOfWork::new(None, order(site, key, &format!("order-{key}")));
        unit.timers = vec![
            set("hold", 1_000 - key),
            set("hold:2", 500 - key),
            set("holder", 2_000),
            set("gold", 1),
            set("i", 1),
        ];
        let _ = store.commit(unit).await.unwrap();
    }
    let mut unit = next_of(3, 1);
    unit.timers = vec![TimerChange::Cancel { kind: "hold".to_owned() }];
    let _ = store.commit(unit).await.unwrap();

    let listed = store.timers_of_kind(SITE, "hold", 100).await.unwrap();
    let places: Vec<(i64, &str)> =
        listed.iter().map(|(key, timer)| (*key, timer.kind.as_str())).collect();
    let expected = [
        (5, "hold:2"),
        (4, "hold:2"),
        (3, "hold:2"),
        (2, "hold:2"),
        (1, "hold:2"),
        (5, "hold"),
        (4, "hold"),
        (2, "hold"),
        (1, "hold"),
    ];
    assert_eq!(places[..9], expected);
    assert_eq!(places.len(), 14);
    assert!(places[9..].iter().all(|(_, kind)| *kind == "holder"));
    assert_eq!(listed[0].1.due_at, 495);
    assert_eq!(store.timers_of_kind(SITE, "hold", 2).await.unwrap(), listed[..2]);
    assert_eq!(store.timers_of_kind(SITE, "", 100).await.unwrap().len(), 24);
    assert_eq!(store.timers_of_kind(OTHER_SITE, "hold", 100).await.unwrap().len(), 3);
    assert_eq!(store.timers_of_kind(SITE, "%", 100).await.unwrap(), vec![]);
}

pub(crate) async fn orders_between_two_keys_are_listed_in_pages(place: Place) {
    let store = place.open().await;
    for key in 1..=9 {
        let _ = store.commit(new_order(key)).await.unwrap();
    }
    let _ = store.commit(UnitOfWork::new(None, order(OTHER_SITE, 100, "x"))).await.unwrap();
    let mut read = Vec::new();
    let mut after = None;
    loop {
        let orders = store.orders_between(SITE, 3, 9, after, 4).await.unwrap();
        if orders.is_empty() {
            break;
        }
        assert!(orders.len() <= 4);
        read.extend(orders.iter().map(|order| order.key));
        after = read.last().copied();
    }
    assert_eq!(read, vec![3, 4, 5, 6, 7, 8]);
    assert_eq!(store.orders_between(SITE, 9, 9, None, 4).await.unwrap(), vec![]);
    let all = store.orders_between(OTHER_SITE, 0, i64::MAX, None, 4).await.unwrap();
    assert_eq!(all.len(), 1);
}
