//! The journal is appended, read by order and by time, and sealed.

use florin::store::{Committed, JournalPlace, OrderKey, SealRow, StoreError, UnitOfWork};

use crate::places::Place;
use crate::rows::{OTHER_SITE, SITE, entry, event, new_order, next_of, order};

pub(crate) async fn a_journal_comes_back_as_it_was_booked(place: Place) {
    let store = place.open().await;
    let mut unit = new_order(1);
    unit.journal = vec![entry(1, 500), entry(2, 500)];
    assert_eq!(store.commit(unit).await.unwrap(), Committed::Done);
    let mut unit = next_of(1, 1);
    unit.journal = vec![entry(3, 900)];
    assert_eq!(store.commit(unit).await.unwrap(), Committed::Done);
    let expected = vec![entry(1, 500), entry(2, 500), entry(3, 900)];
    assert_eq!(store.journal(SITE, 1).await.unwrap(), expected);
    assert_eq!(store.journal(OTHER_SITE, 1).await.unwrap(), vec![]);
    assert_eq!(store.journal(SITE, 2).await.unwrap(), vec![]);
}

pub(crate) async fn an_entry_is_never_written_over(place: Place) {
    let store = place.open().await;
    let mut unit = new_order(1);
    unit.journal = vec![entry(1, 500)];
    let _ = store.commit(unit).await.unwrap();
    let mut stale = next_of(1, 7);
    stale.journal = vec![entry(2, 600)];
    assert_eq!(store.commit(stale).await.unwrap(), Committed::Conflict);
    let spoiled = |spoil: &dyn Fn(&mut UnitOfWork)| {
        let mut unit = next_of(1, 1);
        spoil(&mut unit);
        unit
    };
    let mistakes = [
        spoiled(&|unit| unit.journal = vec![entry(1, 700)]),
        spoiled(&|unit| unit.journal = vec![entry(2, 700), entry(2, 700)]),
        spoiled(&|unit| unit.journal = vec![entry(0, 700)]),
        spoiled(&|unit| {
            unit.journal = vec![entry(2, 700)];
            unit.journal[0].postings.push('\0');
        }),
    ];
    for mut mistake in mistakes {
        mistake.events = vec![event(1)];
        let refused = store.commit(mistake).await;
        assert!(matches!(refused, Err(StoreError::Rejected { .. })), "{refused:?}");
    }
    assert_eq!(store.journal(SITE, 1).await.unwrap(), vec![entry(1, 500)]);
    assert_eq!(store.order(SITE, 1).await.unwrap().unwrap().version, 1);
    assert_eq!(store.events(SITE, 1).await.unwrap(), vec![]);
}

pub(crate) async fn a_sites_journal_is_read_by_time_and_in_pages(place: Place) {
    let store = place.open().await;
    // Many entries of one instant, booked in another sequence than they are read in.
    for key in (1..=20_i64).rev() {
        let mut unit = new_order(key);
        unit.journal = vec![entry(1, 100 + key / 5), entry(2, 100 + key / 5), entry(3, 200 - key)];
        let _ = store.commit(unit).await.unwrap();
    }
    let mut unit = UnitOfWork::new(None, order(OTHER_SITE, 50, "x"));
    unit.journal = vec![entry(1, 101)];
    let _ = store.commit(unit).await.unwrap();

    let mut expected: Vec<JournalPlace> = (1..=20_i64)
        .flat_map(|key| {
            [(1, 100 + key / 5), (2, 100 + key / 5), (3, 200 - key)].map(|it| (key, it))
        })
        .map(|(key, (seq, booked_at))| JournalPlace { booked_at, key, seq })
        .filter(|place| (101..185).contains(&place.booked_at))
        .collect();
    expected.sort_unstable();
    assert!(expected.len() > 30, "{}", expected.len());
    for page in [1, 3, 7, 1_000] {
        let mut read = Vec::new();
        let mut after = None;
        loop {
            let entries = store.journal_between(SITE, 101, 185, after, page).await.unwrap();
            if entries.is_empty() {
                break;
            }
            read.extend(entries.iter().map(|(key, entry)| place_of(*key, entry)));
            after = read.last().copied();
        }
        assert_eq!(read, expected, "in pages of {page}");
    }
    let all = store.journal_between(OTHER_SITE, i64::MIN, i64::MAX, None, 10).await.unwrap();
    assert_eq!(all, vec![(50, entry(1, 101))]);
}

fn place_of(key: OrderKey, entry: &florin::store::JournalRow) -> JournalPlace {
    JournalPlace { booked_at: entry.booked_at, key, seq: entry.seq }
}

fn seal(number: i64) -> SealRow {
    SealRow {
        site_id: SITE,
        number,
        until: number * 1_000,
        entries: number * 3,
        hash: [u8::try_from(number).unwrap(); 32],
        at: number * 1_000 + 5,
    }
}

pub(crate) async fn seals_are_numbered_once(place: Place) {
    let (one, other) = (place.open().await, place.open().await);
    assert_eq!(one.seals(SITE).await.unwrap(), vec![]);
    for number in [1, 2] {
        let (first, second) =
            tokio::join!(one.add_seal(seal(number)), other.add_seal(seal(number)));
        let done = [first.unwrap(), second.unwrap()];
        assert!(done.contains(&Committed::Done) && done.contains(&Committed::Conflict), "{done:?}");
    }
    let elsewhere = SealRow { site_id: OTHER_SITE, ..seal(1) };
    assert_eq!(one.add_seal(elsewhere.clone()).await.unwrap(), Committed::Done);
    assert_eq!(other.seals(SITE).await.unwrap(), vec![seal(1), seal(2)]);
    assert_eq!(other.seals(OTHER_SITE).await.unwrap(), vec![elsewhere]);
}

pub(crate) async fn deleting_a_sites_data_takes_journal_and_seals(place: Place) {
    let store = place.open().await;
    for (site, key) in [(SITE, 1), (OTHER_SITE, 2)] {
        let mut unit = UnitOfWork::new(None, order(site, key, "x"));
        unit.journal = vec![entry(1, 100)];
        let _ = store.commit(unit).await.unwrap();
        let _ = store.add_seal(SealRow { site_id: site, ..seal(1) }).await.unwrap();
    }
    assert_eq!(store.delete_site_data(SITE).await.unwrap(), 1);
    assert_eq!(store.journal(SITE, 1).await.unwrap(), vec![]);
    assert_eq!(store.journal_between(SITE, 0, 1_000, None, 10).await.unwrap(), vec![]);
    assert_eq!(store.seals(SITE).await.unwrap(), vec![]);
    assert_eq!(store.journal(OTHER_SITE, 2).await.unwrap(), vec![entry(1, 100)]);
    assert_eq!(store.seals(OTHER_SITE).await.unwrap().len(), 1);
}

pub(crate) async fn journals_are_read_for_many_orders_at_once(place: Place) {
    let store = place.open().await;
    for key in 1..=9 {
        let mut unit = new_order(key);
        unit.journal = (1..=i32::try_from(key % 4).unwrap()).map(|seq| entry(seq, 500)).collect();
        assert_eq!(store.commit(unit).await.unwrap(), Committed::Done);
    }
    let mut other = UnitOfWork::new(None, order(OTHER_SITE, 20, "x"));
    other.journal = vec![entry(1, 500)];
    assert_eq!(store.commit(other).await.unwrap(), Committed::Done);
    let read = store.journals(SITE, vec![7, 20, 4, 3, 99, 5]).await.unwrap();
    let expected: Vec<(OrderKey, i32)> =
        vec![(3, 1), (3, 2), (3, 3), (5, 1), (7, 1), (7, 2), (7, 3)];
    assert_eq!(read.iter().map(|(key, it)| (*key, it.seq)).collect::<Vec<_>>(), expected);
    assert_eq!(read[0].1, entry(1, 500));
    assert_eq!(store.journals(SITE, Vec::new()).await.unwrap(), vec![]);

    let mut absent = store.absent_orders(SITE, vec![99, 1, 20, 9, -1]).await.unwrap();
    absent.sort_unstable();
    assert_eq!(absent, [-1, 20, 99]);
    assert_eq!(store.absent_orders(OTHER_SITE, vec![20]).await.unwrap(), Vec::<i64>::new());
    assert_eq!(store.absent_orders(SITE, Vec::new()).await.unwrap(), Vec::<i64>::new());
}
