//! Operations: written with their order, listed by any classes, in pages that meet.

use florin::store::{
    AddedRow, Committed, OperationRow, OperationWindows, OperationsEnd, OperationsQuery, SiteId,
    Store, UnitOfWork,
};

use crate::places::Place;
use crate::rows::{OTHER_SITE, SITE, new_order, next_of, order};

fn operation(transaction_id: i64, class: &str) -> OperationRow {
    OperationRow {
        transaction_id,
        class: class.to_owned(),
        amount: 1250,
        created_at: transaction_id * 10,
        completed_at: (transaction_id % 2 == 0).then_some(transaction_id * 10 + 5),
    }
}

fn everything(windows: OperationWindows) -> OperationsQuery {
    OperationsQuery {
        windows,
        created: i64::MIN..i64::MAX,
        completed: None,
        from: OperationsEnd::Newest,
        limit: 100,
    }
}

async fn ids(store: &dyn Store, site: SiteId, query: OperationsQuery) -> Vec<i64> {
    let rows = store.operations(site, query).await.unwrap();
    rows.iter().map(|(_, row)| row.transaction_id).collect()
}

/// Orders 1 to 60, each with one operation; classes a, b, c in turn.
async fn filled(place: &Place) -> std::sync::Arc<dyn Store> {
    let store = place.open().await;
    for key in 1..=60 {
        let mut unit = new_order(key);
        unit.operations = vec![operation(key, ["a", "b", "c"][usize::try_from(key % 3).unwrap()])];
        assert_eq!(store.commit(unit).await.unwrap(), Committed::Done);
    }
    let mut other = UnitOfWork::new(None, order(OTHER_SITE, 100, "x"));
    other.operations = vec![operation(100, "d")];
    assert_eq!(store.commit(other).await.unwrap(), Committed::Done);
    store
}

pub(crate) async fn operations_are_written_with_their_order_and_changed_by_it(place: Place) {
    let store = place.open().await;
    let mut unit = new_order(1);
    unit.operations = vec![operation(1, "new"), operation(2, "other")];
    assert_eq!(store.commit(unit).await.unwrap(), Committed::Done);
    // A conflict leaves them as they are.
    let mut late = next_of(1, 7);
    late.operations = vec![operation(1, "never")];
    assert_eq!(store.commit(late).await.unwrap(), Committed::Conflict);
    assert_eq!(store.operation(SITE, 1).await.unwrap(), Some((1, operation(1, "new"))));
    let changed = OperationRow {
        class: "done".to_owned(),
        amount: 7,
        completed_at: Some(9),
        ..operation(1, "")
    };
    let mut next = next_of(1, 1);
    next.operations = vec![changed.clone()];
    assert_eq!(store.commit(next).await.unwrap(), Committed::Done);
    assert_eq!(store.operation(SITE, 1).await.unwrap(), Some((1, changed)));
    assert_eq!(store.operation(OTHER_SITE, 1).await.unwrap(), None);
    assert_eq!(store.operation_classes(SITE).await.unwrap(), ["done", "other"]);
    assert_eq!(store.operation_classes(OTHER_SITE).await.unwrap(), Vec::<String>::new());
    let mut twice = new_order(3);
    twice.operations = vec![operation(3, "a"), operation(3, "b")];
    assert!(store.commit(twice).await.is_err());
    let orders = store.orders_with_keys(SITE, vec![1, 2, 3]).await.unwrap();
    assert_eq!(orders.iter().map(|order| order.key).collect::<Vec<_>>(), [1]);
}

pub(crate) async fn operations_are_listed_by_class_and_time_from_both_ends(place: Place) {
    let store = filled(&place).await;
    let store = store.as_ref();
    let all = || everything(OperationWindows::All(0..i64::MAX));
    let of = |classes: &[&str]| {
        let windows = classes.iter().map(|class| ((*class).to_owned(), 0..i64::MAX));
        everything(OperationWindows::Of(windows.collect()))
    };
    assert_eq!(ids(store, SITE, all()).await, (1..=60).rev().collect::<Vec<i64>>());
    assert_eq!(ids(store, OTHER_SITE, all()).await, [100]);
    let b: Vec<i64> = (1..=60).rev().filter(|id| id % 3 == 1).collect();
    assert_eq!(ids(store, SITE, of(&["b"])).await, b);
    let both: Vec<i64> = (1..=60).rev().filter(|id| id % 3 != 1).collect();
    assert_eq!(ids(store, SITE, of(&["c", "a", "nothing"])).await, both);
    assert_eq!(ids(store, SITE, of(&[])).await, Vec::<i64>::new());
    let oldest = OperationsQuery { from: OperationsEnd::Oldest, limit: 4, ..of(&["a", "c"]) };
    assert_eq!(ids(store, SITE, oldest).await, [2, 3, 5, 6]);
    let created = OperationsQuery { created: 100..130, ..all() };
    assert_eq!(ids(store, SITE, created).await, [12, 11, 10]);
    let completed = OperationsQuery { completed: Some(105..146), ..of(&["a", "b", "c"]) };
    assert_eq!(ids(store, SITE, completed).await, [14, 12, 10]);
    let windows = OperationWindows::Of(vec![("a".to_owned(), 3..7), ("b".to_owned(), 40..44)]);
    assert_eq!(ids(store, SITE, everything(windows)).await, [43, 40, 6, 3]);
}

pub(crate) async fn pages_of_operations_meet_whatever_comes_in_between(place: Place) {
    let store = filled(&place).await;
    for classes in [None, Some(vec!["a", "b", "c"]), Some(vec!["b"])] {
        for limit in [1, 7, 100] {
            let (mut read, mut end) = (Vec::new(), 61);
            loop {
                let windows = match &classes {
                    None => OperationWindows::All(0..end),
                    Some(classes) => OperationWindows::Of(
                        classes.iter().map(|class| ((*class).to_owned(), 0..end)).collect(),
                    ),
                };
                let query = OperationsQuery { limit, ..everything(windows) };
                let page = ids(store.as_ref(), SITE, query).await;
                let Some(last) = page.last() else { break };
                end = *last;
                read.extend(page);
            }
            let is_asked = |id: &i64| classes.as_ref().is_none_or(|it| it.len() > 1 || id % 3 == 1);
            let expected: Vec<i64> = (1..=60).rev().filter(is_asked).collect();
            assert_eq!(read, expected, "{classes:?} {limit}");
        }
    }
}

pub(crate) async fn operations_go_with_the_data_of_their_site(place: Place) {
    let store = filled(&place).await;
    assert_eq!(store.delete_site_data(SITE).await.unwrap(), 60);
    assert_eq!(store.operation_classes(SITE).await.unwrap(), Vec::<String>::new());
    assert_eq!(store.operation_classes(OTHER_SITE).await.unwrap(), ["d"]);
}

pub(crate) async fn operations_that_are_added_later_replace_none(place: Place) {
    let store = filled(&place).await;
    let late = |id| AddedRow::Operation(operation(id, "late"));
    let rows = vec![(1, late(1)), (90, late(90)), (1, AddedRow::Reference("r".to_owned()))];
    store.add_operations(SITE, rows, Some(1)).await.unwrap();
    assert_eq!(store.operation(SITE, 1).await.unwrap(), Some((1, operation(1, "b"))));
    assert_eq!(store.operation(SITE, 90).await.unwrap(), Some((90, operation(90, "late"))));
    assert_eq!(store.keys_of_reference(SITE, "r").await.unwrap(), [1]);
    store.add_operations(SITE, Vec::new(), None).await.unwrap();
    // A database that begins with this release owes none.
    assert_eq!(store.operations_owed().await.unwrap(), vec![]);
}

pub(crate) async fn orders_are_found_by_the_references_of_their_money(place: Place) {
    let store = place.open().await;
    let of = |references: &[&str], mut unit: UnitOfWork| {
        unit.references = references.iter().map(|it| (*it).to_owned()).collect();
        unit
    };
    let found = async |site, rrn: &str| store.keys_of_reference(site, rrn).await.unwrap();
    let first = of(&["632614000101", "632614000102"], new_order(1));
    assert_eq!(store.commit(first).await.unwrap(), Committed::Done);
    assert_eq!(store.commit(of(&["632614000101"], new_order(2))).await.unwrap(), Committed::Done);
    // A conflict leaves nothing; what is known already is known once.
    let late = of(&["632614000999"], next_of(1, 7));
    assert_eq!(store.commit(late).await.unwrap(), Committed::Conflict);
    let next = of(&["632614000101", "632614000103"], next_of(1, 1));
    assert_eq!(store.commit(next).await.unwrap(), Committed::Done);
    let other = of(&["632614000101"], UnitOfWork::new(None, order(OTHER_SITE, 9, "x")));
    assert_eq!(store.commit(other).await.unwrap(), Committed::Done);
    assert_eq!(found(SITE, "632614000101").await, [1, 2]);
    assert_eq!(found(SITE, "632614000103").await, [1]);
    assert_eq!(found(OTHER_SITE, "632614000101").await, [9]);
    for unknown in ["632614000999", "63261400010", "", "632614000101 "] {
        assert_eq!(found(SITE, unknown).await, Vec::<i64>::new(), "{unknown}");
    }
    let twice = of(&["632614000104", "632614000104"], new_order(3));
    assert!(store.commit(twice).await.is_err());
    assert_eq!(store.delete_site_data(SITE).await.unwrap(), 2);
    assert_eq!(found(SITE, "632614000101").await, Vec::<i64>::new());
    assert_eq!(found(OTHER_SITE, "632614000101").await, [9]);
}
