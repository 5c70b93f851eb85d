//! Attempts are counted as long as they are young, and then they go.

use florin::store::{
    AttemptOutcome, AttemptRow, COUNTED_ATTEMPTS_MAX, Committed, SiteId, SiteRow, Store,
    StoreError, UnitOfWork, Velocity, VelocityQuery,
};

use crate::places::Place;
use crate::rows::{OTHER_SITE, SITE, attempt, new_order, next_of, order};

fn query(card: u8, since: i64) -> VelocityQuery<'static> {
    VelocityQuery {
        ip: Some("192.0.2.7"),
        email: Some([1; 32]),
        bin: "412345",
        card: [card; 32],
        amount: 1250,
        currency: "EUR",
        now: 0,
        since,
        window_since: since,
        payer_rows: COUNTED_ATTEMPTS_MAX,
        bin_rows: COUNTED_ATTEMPTS_MAX,
    }
}

async fn commit(store: &dyn Store, site: SiteId, key: i64, attempts: Vec<AttemptRow>) {
    let mut unit = UnitOfWork::new(None, order(site, key, &format!("order-{key}")));
    unit.attempts = attempts;
    assert_eq!(store.commit(unit).await.unwrap(), Committed::Done);
}

async fn add_sites(store: &dyn Store) {
    for id in [SITE, OTHER_SITE] {
        let site = SiteRow {
            id,
            account_id: 1,
            name: "Shop".to_owned(),
            mode: "test".to_owned(),
            status: "active".to_owned(),
            settings: "{}".to_owned(),
            clock_offset_ms: 0,
            created_at: 0,
            version: 1,
        };
        assert_eq!(store.insert_site(site).await.unwrap(), Committed::Done);
    }
}

pub(crate) async fn attempts_are_counted_by_address_person_bin_and_card(place: Place) {
    let store = place.open().await;
    assert_eq!(
        store.velocity(SITE, query(1, 0)).await.unwrap(),
        Velocity { cards_by_ip: 1, cards_by_email: 1, ..Velocity::default() },
        "the card that is asked about is one"
    );
    commit(&*store, SITE, 1, vec![attempt(1, 100, 1)]).await;
    commit(&*store, SITE, 2, vec![attempt(1, 200, 1), attempt(2, 300, 2)]).await;
    let elsewhere = AttemptRow { ip: Some("192.0.2.8".to_owned()), ..attempt(1, 310, 3) };
    commit(&*store, SITE, 3, vec![elsewhere]).await;
    let other_bin = AttemptRow { bin: "512345".to_owned(), email: None, ..attempt(1, 320, 4) };
    commit(&*store, SITE, 4, vec![other_bin]).await;
    let unknown = AttemptRow { ip: None, email: None, ..attempt(1, 330, 1) };
    commit(&*store, SITE, 5, vec![unknown]).await;
    commit(&*store, OTHER_SITE, 6, vec![attempt(1, 340, 9)]).await;

    let expected = Velocity {
        cards_by_ip: 3,
        cards_by_email: 3,
        attempts_by_ip: 4,
        attempts_by_bin: 5,
        ..Velocity::default()
    };
    assert_eq!(store.velocity(SITE, query(1, 100)).await.unwrap(), expected);
    // Another card is one more, wherever it is new.
    let expected = Velocity { cards_by_ip: 4, cards_by_email: 4, ..expected };
    assert_eq!(store.velocity(SITE, query(5, 100)).await.unwrap(), expected);
    // Only since then.
    let expected = Velocity {
        cards_by_ip: 2,
        cards_by_email: 2,
        attempts_by_ip: 1,
        attempts_by_bin: 2,
        ..Velocity::default()
    };
    assert_eq!(store.velocity(SITE, query(1, 305)).await.unwrap(), expected);
    // Nobody in particular is not everybody who is unknown.
    let nobody = VelocityQuery { ip: None, email: None, ..query(1, 0) };
    let expected = Velocity { attempts_by_bin: 5, ..Velocity::default() };
    assert_eq!(store.velocity(SITE, nobody).await.unwrap(), expected);

    let mut twice = next_of(1, 1);
    twice.attempts = vec![attempt(2, 400, 1), attempt(2, 401, 1)];
    let refused = store.commit(twice).await;
    assert!(matches!(refused, Err(StoreError::Rejected { .. })), "{refused:?}");
}

pub(crate) async fn declines_are_counted_beside_their_attempts(place: Place) {
    let store = place.open().await;
    let both = |number, at, card| {
        vec![attempt(number, at, card), declined(number, at, card, AttemptOutcome::Declined)]
    };
    commit(&*store, SITE, 1, both(1, 100, 1)).await;
    commit(&*store, SITE, 2, [both(1, 200, 1), both(2, 300, 2)].concat()).await;
    commit(&*store, SITE, 3, vec![attempt(1, 310, 1)]).await;
    commit(&*store, OTHER_SITE, 4, both(1, 320, 1)).await;
    let expected = Velocity {
        cards_by_ip: 2,
        cards_by_email: 2,
        attempts_by_ip: 4,
        declines_by_ip: 3,
        attempts_by_bin: 4,
        declines_by_bin: 3,
        declines_by_site: 3,
        declines_of_payment: vec![200, 100],
        declined_for_good: false,
    };
    assert_eq!(store.velocity(SITE, query(1, 100)).await.unwrap(), expected);
    // Cards are looked at for longer than the window, and repeats as long as they count.
    let narrow = VelocityQuery { window_since: 300, ..query(1, 100) };
    let expected = Velocity {
        attempts_by_ip: 2,
        declines_by_ip: 1,
        attempts_by_bin: 2,
        declines_by_bin: 1,
        declines_by_site: 1,
        ..expected
    };
    assert_eq!(store.velocity(SITE, narrow).await.unwrap(), expected);
    // Another amount, or another currency, is another payment.
    for other in [
        VelocityQuery { amount: 1251, ..query(1, 100) },
        VelocityQuery { currency: "USD", ..query(1, 100) },
    ] {
        let counted = store.velocity(SITE, other).await.unwrap();
        assert_eq!(counted.declines_of_payment, Vec::<i64>::new());
    }
    // What the issuer was not asked about is no repeat, and counts against card testing all the same.
    let before = store.velocity(SITE, query(1, 100)).await.unwrap();
    commit(&*store, SITE, 5, vec![declined(1, 390, 1, AttemptOutcome::Refused)]).await;
    let expected = Velocity {
        declines_by_ip: before.declines_by_ip + 1,
        declines_by_bin: before.declines_by_bin + 1,
        declines_by_site: before.declines_by_site + 1,
        ..before
    };
    assert_eq!(store.velocity(SITE, query(1, 100)).await.unwrap(), expected);
    let for_good = vec![declined(1, 400, 1, AttemptOutcome::DeclinedForGood)];
    commit(&*store, SITE, 6, for_good).await;
    let counted = store.velocity(SITE, query(1, 100)).await.unwrap();
    assert_eq!(counted.declines_of_payment, [400, 200, 100]);
    assert!(counted.declined_for_good);
    assert!(!store.velocity(SITE, query(2, 100)).await.unwrap().declined_for_good);
}

/// A row of a decline, which counts against a repeat for a second if the issuer made it.
fn declined(number: i32, at: i64, card: u8, outcome: AttemptOutcome) -> AttemptRow {
    let counts_until = (outcome != AttemptOutcome::Refused).then_some(at + 1000);
    AttemptRow { outcome, counts_until, ..attempt(number, at, card) }
}

pub(crate) async fn declines_outlive_their_attempts_until_they_no_longer_count(place: Place) {
    let store = place.open().await;
    add_sites(&*store).await;
    let for_good = AttemptRow {
        counts_until: Some(9000),
        ..declined(1, 50, 2, AttemptOutcome::DeclinedForGood)
    };
    commit(&*store, SITE, 1, vec![attempt(1, 50, 2), for_good]).await;
    for key in 2..=9_i64 {
        let site = if key % 2 == 0 { SITE } else { OTHER_SITE };
        let rows = vec![declined(1, key * 100, 1, AttemptOutcome::Declined)];
        commit(&*store, site, key, rows).await;
    }
    let free = AttemptRow { counts_until: None, ..declined(1, 5000, 1, AttemptOutcome::Declined) };
    commit(&*store, SITE, 10, vec![free]).await;
    assert_eq!(store.prune_attempts(6000, 100).await.unwrap(), 11);
    let of = async |site, card, now| {
        let query = VelocityQuery { now, ..query(card, 0) };
        let counted = store.velocity(site, query).await.unwrap();
        (counted.declines_of_payment, counted.declined_for_good)
    };
    assert_eq!(of(SITE, 1, 0).await, (vec![800, 600, 400, 200], false));
    assert_eq!(of(SITE, 1, 1199).await, (vec![800, 600, 400, 200], false));
    assert_eq!(of(SITE, 1, 1200).await, (vec![800, 600, 400], false), "to the millisecond");
    assert_eq!(of(OTHER_SITE, 1, 0).await, (vec![900, 700, 500, 300], false));
    assert_eq!(of(SITE, 2, 8999).await, (vec![50], true));
    assert_eq!(store.prune_declines(1199, 100).await.unwrap(), 0);
    assert_eq!(store.prune_declines(1600, 3).await.unwrap(), 3);
    assert_eq!(store.prune_declines(1600, 100).await.unwrap(), 2);
    assert_eq!(of(SITE, 1, 0).await, (vec![800], false));
    assert_eq!(of(OTHER_SITE, 1, 0).await, (vec![900, 700], false));
    store.delete_site_data(SITE).await.unwrap();
    assert_eq!(of(SITE, 1, 0).await, (vec![], false));
    assert_eq!(of(SITE, 2, 0).await, (vec![], false));
    assert_eq!(of(OTHER_SITE, 1, 0).await, (vec![900, 700], false));
}

pub(crate) async fn a_flood_of_attempts_is_counted_up_to_a_bound(place: Place) {
    let store = place.open().await;
    let mut tasks = Vec::new();
    for key in 1..=20_i64 {
        let store = store.clone();
        tasks.push(tokio::spawn(async move {
            let mut unit = new_order(key);
            unit.attempts = (1..=60_i32)
                .map(|number| {
                    let card = u8::try_from(number).unwrap();
                    attempt(number, key * 100 + i64::from(number), card)
                })
                .collect();
            store.commit(unit).await.unwrap()
        }));
    }
    for task in tasks {
        assert_eq!(task.await.unwrap(), Committed::Done);
    }
    let counted = store.velocity(SITE, query(1, 0)).await.unwrap();
    let expected = Velocity {
        cards_by_ip: 60,
        cards_by_email: 60,
        attempts_by_ip: COUNTED_ATTEMPTS_MAX,
        attempts_by_bin: COUNTED_ATTEMPTS_MAX,
        ..Velocity::default()
    };
    assert_eq!(counted, expected);
    // Not more is looked at than is asked for.
    let few = VelocityQuery { payer_rows: 7, bin_rows: 0, ..query(1, 0) };
    let counted = store.velocity(SITE, few).await.unwrap();
    assert_eq!((counted.attempts_by_ip, counted.attempts_by_bin), (7, 0));
    assert!(counted.cards_by_ip <= 8 && counted.cards_by_email <= 8, "{counted:?}");
}

pub(crate) async fn old_attempts_are_pruned_and_no_others(place: Place) {
    let store = place.open().await;
    add_sites(&*store).await;
    for key in 1..=30_i64 {
        let site = if key % 2 == 0 { SITE } else { OTHER_SITE };
        commit(&*store, site, key, vec![attempt(1, key * 10, 1)]).await;
    }
    assert_eq!(store.prune_attempts(201, 7).await.unwrap(), 7);
    assert_eq!(store.prune_attempts(201, 100).await.unwrap(), 13);
    assert_eq!(store.prune_attempts(201, 100).await.unwrap(), 0);
    for site in [SITE, OTHER_SITE] {
        assert_eq!(store.velocity(site, query(1, 0)).await.unwrap().attempts_by_bin, 5);
    }
    assert_eq!(store.delete_site_data(SITE).await.unwrap(), 15);
    assert_eq!(store.velocity(SITE, query(1, 0)).await.unwrap().attempts_by_bin, 0);
    assert_eq!(store.velocity(OTHER_SITE, query(1, 0)).await.unwrap().attempts_by_bin, 5);
}
