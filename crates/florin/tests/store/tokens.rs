//! Stored cards: made and changed with orders, read by account.

use florin::store::{
    Committed, FirstPayment, Store, StoreError, TokenChange, TokenOwner, TokenRow, TokenState,
    TokenStep, UnitOfWork,
};

use crate::places::Place;
use crate::rows::{OTHER_SITE, SITE, new_order, next_of, order};

const OWNER: TokenOwner = TokenOwner { account_id: 1, is_live: false };
const NAME: &str = "azbkvsE0up4-_0Aa";

/// The keyed hash of the card that an order stores.
fn card(key: i64) -> [u8; 32] {
    [u8::try_from(key).unwrap(); 32]
}

fn token(name: &str, key: i64) -> TokenRow {
    TokenRow {
        owner: OWNER,
        token: name.to_owned(),
        site_id: SITE,
        key,
        reference: Some("cust/17@é".to_owned()),
        scheme: "VI".to_owned(),
        bin: "411111".to_owned(),
        last4: "0111".to_owned(),
        digits: 16,
        expiry: "2812".to_owned(),
        sealed_holder: Some(vec![9, 8, 7]),
        sealed_pan: Some(vec![1, 2, 3, 0]),
        fingerprint: card(key),
        key_id: 3,
        model: "subscription".to_owned(),
        state: TokenState::Pending,
        by_mail: false,
        first: FirstPayment::default(),
        created_at: 1_000 + key,
        updated_at: 1_000 + key,
        last_used_at: None,
        first_payments: 1,
    }
}

fn change(owner: TokenOwner, name: &str, at: i64, step: TokenStep) -> TokenChange {
    TokenChange { owner, token: name.to_owned(), at, step }
}

fn make(row: &TokenRow) -> TokenChange {
    change(row.owner, &row.token, row.created_at, TokenStep::Make(Box::new(row.clone())))
}

fn first() -> FirstPayment {
    FirstPayment {
        network_reference: Some("306326515610033".to_owned()),
        eci: Some("05".to_owned()),
        cavv: Some("AAIBBYNoEwAAACcKhAJkdQAAAAA=".to_owned()),
        ds_trans_id: Some("f25084f0-5b16-4c0a-ae5d-b24808a95e4b".to_owned()),
    }
}

/// Commits an order of its own with this change.
async fn commit(store: &dyn Store, key: i64, changes: Vec<TokenChange>) -> Committed {
    let mut unit = new_order(key);
    unit.tokens = changes;
    store.commit(unit).await.unwrap()
}

async fn add(store: &dyn Store, row: &TokenRow) {
    assert_eq!(commit(store, row.key, vec![make(row)]).await, Committed::Done);
}

/// A token whose first payment went well.
async fn add_active(store: &dyn Store, row: &TokenRow) {
    add(store, row).await;
    let mut unit = next_of(row.key, 1);
    unit.tokens = vec![change(row.owner, &row.token, 2_000, TokenStep::Activate(first()))];
    assert_eq!(store.commit(unit).await.unwrap(), Committed::Done);
}

async fn names(store: &dyn Store, reference: &str, limit: u32, offset: u32) -> Vec<String> {
    let rows = store.tokens_of(OWNER, reference, limit, offset).await.unwrap();
    rows.into_iter().map(|row| row.token).collect()
}

pub(crate) async fn a_token_comes_back_as_it_was_made(place: Place) {
    let store = place.open().await;
    let row = token(NAME, 1);
    add(&*store, &row).await;
    assert_eq!(store.token(OWNER, NAME).await.unwrap(), Some(row.clone()));
    assert_eq!(store.token(OWNER, "azbkvsE0up4-_0AA").await.unwrap(), None, "letters count");
    let bare = TokenRow {
        reference: None,
        sealed_holder: None,
        by_mail: true,
        scheme: "AX".to_owned(),
        digits: 15,
        ..token("bare", 2)
    };
    add(&*store, &bare).await;
    assert_eq!(store.token(OWNER, "bare").await.unwrap(), Some(bare));
    // A name is given once, and a unit that gives it again is not stored in part.
    let mut again = new_order(3);
    again.tokens = vec![make(&TokenRow { key: 3, fingerprint: card(3), ..row.clone() })];
    let refused = store.commit(again).await;
    assert!(matches!(refused, Err(StoreError::Rejected { .. })), "{refused:?}");
    assert_eq!(store.order(SITE, 3).await.unwrap(), None);
    assert_eq!(store.token(OWNER, NAME).await.unwrap(), Some(row.clone()));
    let mut twice = next_of(1, 1);
    twice.tokens =
        vec![change(OWNER, NAME, 1, TokenStep::Bury), change(OWNER, NAME, 1, TokenStep::Bury)];
    let refused = store.commit(twice).await;
    assert!(matches!(refused, Err(StoreError::Rejected { .. })), "{refused:?}");
    assert_eq!(store.token(OWNER, NAME).await.unwrap(), Some(row));
}

pub(crate) async fn a_token_lives_and_dies_with_its_first_payment(place: Place) {
    let store = place.open().await;
    let row = token(NAME, 1);
    add_active(&*store, &row).await;
    let active =
        TokenRow { state: TokenState::Active, first: first(), updated_at: 2_000, ..row.clone() };
    assert_eq!(store.token(OWNER, NAME).await.unwrap(), Some(active.clone()));
    // The card is shown again, with an earlier date and with a later one.
    for (version, expiry, expected) in [(2, "2811", "2812"), (3, "3001", "3001")] {
        let mut unit = next_of(1, version);
        let step = TokenStep::Renew { expiry: expiry.to_owned() };
        unit.tokens = vec![change(OWNER, NAME, 2_000, step)];
        assert_eq!(store.commit(unit).await.unwrap(), Committed::Done);
        assert_eq!(store.token(OWNER, NAME).await.unwrap().unwrap().expiry, expected);
    }
    // What conflicts changes no token.
    let mut stale = next_of(1, 1);
    stale.tokens = vec![change(OWNER, NAME, 2_500, TokenStep::Bury)];
    assert_eq!(store.commit(stale).await.unwrap(), Committed::Conflict);
    assert_eq!(store.token(OWNER, NAME).await.unwrap().unwrap().state, TokenState::Active);

    let mut unit = next_of(1, 4);
    unit.tokens = vec![change(OWNER, NAME, 3_000, TokenStep::Bury)];
    assert_eq!(store.commit(unit).await.unwrap(), Committed::Done);
    let dead = store.token(OWNER, NAME).await.unwrap().unwrap();
    assert_eq!(dead.state, TokenState::Dead);
    assert_eq!((dead.sealed_pan, dead.sealed_holder), (None, None), "the card is gone");
    assert_eq!(names(&*store, "cust/17@é", 10, 0).await, Vec::<String>::new());
    // Nothing brings it back, and a change to one that was never there is no conflict.
    let mut unit = next_of(1, 5);
    unit.tokens = vec![
        change(OWNER, NAME, 4_000, TokenStep::Activate(first())),
        change(OWNER, "unknown", 4_000, TokenStep::Bury),
    ];
    assert_eq!(store.commit(unit).await.unwrap(), Committed::Done);
    assert_eq!(store.token(OWNER, NAME).await.unwrap().unwrap().state, TokenState::Dead);
    assert_eq!(store.token(OWNER, "unknown").await.unwrap(), None);
    let gone = store.set_token_expiry(OWNER, NAME, "3012", 5_000).await.unwrap();
    assert_eq!(gone, Committed::Conflict);
    assert_eq!(store.delete_token(OWNER, NAME).await.unwrap(), Committed::Conflict);
}

pub(crate) async fn tokens_of_a_payer_are_listed_newest_first_and_in_pages(place: Place) {
    let store = place.open().await;
    for (key, name) in [(1, "a"), (2, "c"), (3, "b"), (4, "d")] {
        add(&*store, &token(name, key)).await;
    }
    // Of one instant the names decide, the same on every engine.
    let same =
        |name: &str, key| TokenRow { created_at: 1_004, updated_at: 1_004, ..token(name, key) };
    for (key, name) in [(5, "B"), (6, "_")] {
        add(&*store, &same(name, key)).await;
    }
    let other = TokenRow { reference: Some("cust/17@E".to_owned()), ..token("other", 7) };
    add(&*store, &other).await;
    add(&*store, &TokenRow { reference: None, ..token("none", 8) }).await;
    let all = names(&*store, "cust/17@é", 10, 0).await;
    assert_eq!(all, ["d", "_", "B", "b", "c", "a"]);
    assert_eq!(names(&*store, "cust/17@é", 2, 0).await, ["d", "_"]);
    assert_eq!(names(&*store, "cust/17@é", 3, 4).await, ["c", "a"]);
    assert_eq!(names(&*store, "cust/17@é", 3, 6).await, Vec::<String>::new());
    assert_eq!(names(&*store, "cust/17@é", 3, u32::MAX).await, Vec::<String>::new());
    assert_eq!(names(&*store, "", 10, 0).await, Vec::<String>::new());
    assert_eq!(names(&*store, "cust/17@E", 10, 0).await, ["other"]);
}

pub(crate) async fn accounts_test_sites_and_live_sites_do_not_see_each_others_tokens(place: Place) {
    let store = place.open().await;
    let live = TokenOwner { is_live: true, ..OWNER };
    let stranger = TokenOwner { account_id: 2, ..OWNER };
    for (key, owner) in [(1, OWNER), (2, live), (3, stranger)] {
        add_active(&*store, &TokenRow { owner, ..token(NAME, key) }).await;
    }
    for (key, owner) in [(1, OWNER), (2, live), (3, stranger)] {
        assert_eq!(store.token(owner, NAME).await.unwrap().unwrap().key, key);
        let listed = store.tokens_of(owner, "cust/17@é", 10, 0).await.unwrap();
        assert_eq!(listed.iter().map(|row| row.key).collect::<Vec<_>>(), [key]);
        let found = store.token_of_card(owner, "cust/17@é", card(key), "subscription").await;
        assert_eq!(found.unwrap().unwrap().key, key);
    }
    assert_eq!(store.delete_token(live, NAME).await.unwrap(), Committed::Done);
    assert!(store.token(OWNER, NAME).await.unwrap().is_some());
    assert!(store.token(stranger, NAME).await.unwrap().is_some());
    let charge = change(live, NAME, 9_000, TokenStep::Use { unused_since: None });
    assert_eq!(commit(&*store, 4, vec![charge]).await, Committed::Conflict);
}

pub(crate) async fn the_token_of_a_card_is_found_while_it_lives(place: Place) {
    let store = place.open().await;
    let find = async |reference: &str, of: i64, model: &str| {
        let found = store.token_of_card(OWNER, reference, card(of), model).await.unwrap();
        found.map(|row| row.token)
    };
    add(&*store, &token("pending", 1)).await;
    add_active(&*store, &token("active", 2)).await;
    assert_eq!(find("cust/17@é", 1, "subscription").await.as_deref(), Some("pending"));
    assert_eq!(find("cust/17@é", 2, "subscription").await.as_deref(), Some("active"));
    assert_eq!(find("cust/17@é", 3, "subscription").await, None);
    assert_eq!(find("cust/17@é", 2, "cardOnFile").await, None);
    assert_eq!(find("cust/18", 2, "subscription").await, None);
    let mut unit = next_of(1, 1);
    unit.tokens = vec![change(OWNER, "pending", 3_000, TokenStep::Bury)];
    assert_eq!(store.commit(unit).await.unwrap(), Committed::Done);
    assert_eq!(find("cust/17@é", 1, "subscription").await, None);
    assert_eq!(store.delete_token(OWNER, "active").await.unwrap(), Committed::Done);
    assert_eq!(find("cust/17@é", 2, "subscription").await, None);
}

pub(crate) async fn a_payer_has_one_token_for_a_card_and_a_model(place: Place) {
    let store = place.open().await;
    let row = token(NAME, 1);
    add(&*store, &row).await;
    let again = |key| TokenRow { key, fingerprint: card(1), ..token(&format!("t-{key}"), key) };
    assert_eq!(commit(&*store, 2, vec![make(&again(2))]).await, Committed::Conflict, "pending");
    assert_eq!(store.order(SITE, 2).await.unwrap(), None, "nothing of the unit is there");
    let mut unit = next_of(1, 1);
    unit.tokens = vec![change(OWNER, NAME, 2_000, TokenStep::Activate(first()))];
    assert_eq!(store.commit(unit).await.unwrap(), Committed::Done);
    assert_eq!(commit(&*store, 2, vec![make(&again(2))]).await, Committed::Conflict, "active");
    // Another model, another payer, nobody: tokens of their own.
    for other in [
        TokenRow { model: "cardOnFile".to_owned(), ..again(2) },
        TokenRow { reference: Some("cust/18".to_owned()), ..again(3) },
        TokenRow { reference: None, ..again(4) },
        TokenRow { reference: None, ..again(5) },
    ] {
        add(&*store, &other).await;
    }
    // What has ended is in nobody's way.
    let mut unit = next_of(1, 2);
    unit.tokens = vec![change(OWNER, NAME, 3_000, TokenStep::Bury)];
    assert_eq!(store.commit(unit).await.unwrap(), Committed::Done);
    add(&*store, &again(6)).await;
    assert_eq!(store.delete_token(OWNER, "t-6").await.unwrap(), Committed::Done);
    add(&*store, &again(7)).await;
}

pub(crate) async fn a_token_ends_with_the_last_of_its_first_payments(place: Place) {
    let store = place.open().await;
    let share = |name: &str| change(OWNER, name, 2_000, TokenStep::Share);
    assert_eq!(commit(&*store, 20, vec![share(NAME)]).await, Committed::Conflict, "none yet");
    add(&*store, &token(NAME, 1)).await;
    assert_eq!(commit(&*store, 20, vec![share(NAME)]).await, Committed::Done);
    assert_eq!(commit(&*store, 21, vec![share(NAME)]).await, Committed::Done);
    let bury = async |key, version| {
        let mut unit = next_of(key, version);
        unit.tokens = vec![change(OWNER, NAME, 3_000, TokenStep::Bury)];
        assert_eq!(store.commit(unit).await.unwrap(), Committed::Done);
        store.token(OWNER, NAME).await.unwrap().unwrap()
    };
    let row = bury(1, 1).await;
    assert_eq!((row.state, row.first_payments), (TokenState::Pending, 2));
    assert!(row.sealed_pan.is_some() && row.sealed_holder.is_some());
    let mut unit = next_of(20, 1);
    unit.tokens = vec![change(OWNER, NAME, 3_000, TokenStep::Activate(first()))];
    assert_eq!(store.commit(unit).await.unwrap(), Committed::Done);
    assert_eq!(commit(&*store, 22, vec![share(NAME)]).await, Committed::Conflict, "active");
    let row = bury(21, 1).await;
    assert_eq!((row.state, row.first_payments), (TokenState::Active, 1));
    let row = bury(20, 2).await;
    assert_eq!((row.state, row.first_payments), (TokenState::Dead, 0));
    assert_eq!((row.sealed_pan, row.sealed_holder), (None, None));
    assert_eq!(commit(&*store, 22, vec![share(NAME)]).await, Committed::Conflict, "dead");
}

pub(crate) async fn of_many_that_store_one_card_at_once_exactly_one_makes_the_token(place: Place) {
    let store = place.open().await;
    for round in 0..10_i64 {
        let tasks: Vec<_> = (0..16_i64)
            .map(|number| {
                let store = store.clone();
                tokio::spawn(async move {
                    let key = 1_000 + round * 100 + number;
                    let row = token(&format!("{round}-{number}"), 1 + round);
                    commit(&*store, key, vec![make(&TokenRow { key, ..row })]).await
                })
            })
            .collect();
        let mut won = 0;
        for task in tasks {
            won += usize::from(task.await.unwrap() == Committed::Done);
        }
        assert_eq!(won, 1, "in round {round}");
    }
}

pub(crate) async fn a_charge_needs_an_active_token_or_its_whole_unit_is_a_conflict(place: Place) {
    let store = place.open().await;
    let charge = |at, since| change(OWNER, NAME, at, TokenStep::Use { unused_since: since });
    assert_eq!(commit(&*store, 10, vec![charge(5, None)]).await, Committed::Conflict, "none yet");
    add(&*store, &token(NAME, 1)).await;
    assert_eq!(commit(&*store, 10, vec![charge(5, None)]).await, Committed::Conflict, "pending");
    let mut unit = next_of(1, 1);
    unit.tokens = vec![change(OWNER, NAME, 6, TokenStep::Activate(first()))];
    assert_eq!(store.commit(unit).await.unwrap(), Committed::Done);

    assert_eq!(commit(&*store, 10, vec![charge(100, Some(50))]).await, Committed::Done);
    assert_eq!(commit(&*store, 11, vec![charge(149, Some(99))]).await, Committed::Conflict);
    assert_eq!(store.order(SITE, 11).await.unwrap(), None, "nothing of the unit is there");
    let row = store.token(OWNER, NAME).await.unwrap().unwrap();
    assert_eq!((row.last_used_at, row.updated_at), (Some(100), 1_001));
    assert_eq!(commit(&*store, 11, vec![charge(150, Some(100))]).await, Committed::Done);
    // A clock that is behind does not make it look as if it had not been charged.
    assert_eq!(commit(&*store, 12, vec![charge(120, None)]).await, Committed::Done);
    assert_eq!(store.token(OWNER, NAME).await.unwrap().unwrap().last_used_at, Some(150));
    assert_eq!(store.delete_token(OWNER, NAME).await.unwrap(), Committed::Done);
    assert_eq!(commit(&*store, 13, vec![charge(300, None)]).await, Committed::Conflict, "deleted");
}

pub(crate) async fn of_many_charges_of_one_token_within_its_interval_exactly_one_wins(
    place: Place,
) {
    let store = place.open().await;
    for round in 0..10_i64 {
        let name = format!("round-{round}");
        add_active(&*store, &token(&name, 1 + round)).await;
        let tasks: Vec<_> = (0..16_i64)
            .map(|number| {
                let (store, name) = (store.clone(), name.clone());
                tokio::spawn(async move {
                    let step = TokenStep::Use { unused_since: Some(0) };
                    let charge = change(OWNER, &name, 5_000 + number, step);
                    commit(&*store, 1_000 + round * 100 + number, vec![charge]).await
                })
            })
            .collect();
        let mut won = 0;
        for task in tasks {
            won += usize::from(task.await.unwrap() == Committed::Done);
        }
        assert_eq!(won, 1, "in round {round}");
    }
}

pub(crate) async fn charges_without_an_interval_do_not_hinder_each_other(place: Place) {
    let store = place.open().await;
    add_active(&*store, &token(NAME, 1)).await;
    let tasks: Vec<_> = (0..64_i64)
        .map(|number| {
            let store = store.clone();
            tokio::spawn(async move {
                let step = TokenStep::Use { unused_since: None };
                let charge = change(OWNER, NAME, 5_000 + number, step);
                commit(&*store, 100 + number, vec![charge]).await
            })
        })
        .collect();
    for task in tasks {
        assert_eq!(task.await.unwrap(), Committed::Done);
    }
    assert_eq!(store.token(OWNER, NAME).await.unwrap().unwrap().last_used_at, Some(5_063));
}

pub(crate) async fn a_token_gets_another_date_and_is_deleted_with_its_card(place: Place) {
    let store = place.open().await;
    add_active(&*store, &token(NAME, 1)).await;
    let set = async |name: &str, at| store.set_token_expiry(OWNER, name, "2703", at).await.unwrap();
    assert_eq!(set(NAME, 9_000).await, Committed::Done);
    let row = store.token(OWNER, NAME).await.unwrap().unwrap();
    assert_eq!((row.expiry.as_str(), row.updated_at), ("2703", 9_000));
    assert_eq!(set("unknown", 9_000).await, Committed::Conflict);
    assert_eq!(store.delete_token(OWNER, NAME).await.unwrap(), Committed::Done);
    assert_eq!(store.token(OWNER, NAME).await.unwrap(), None);
    assert_eq!(store.delete_token(OWNER, NAME).await.unwrap(), Committed::Conflict);
    assert_eq!(set(NAME, 9_000).await, Committed::Conflict);
}

pub(crate) async fn deleting_a_sites_data_takes_its_tokens(place: Place) {
    let store = place.open().await;
    add_active(&*store, &token("here", 1)).await;
    let there = TokenRow { site_id: OTHER_SITE, ..token("there", 2) };
    let mut unit = UnitOfWork::new(None, order(OTHER_SITE, 2, "elsewhere"));
    unit.tokens = vec![make(&there)];
    assert_eq!(store.commit(unit).await.unwrap(), Committed::Done);
    assert_eq!(store.delete_site_data(SITE).await.unwrap(), 1);
    assert_eq!(store.token(OWNER, "here").await.unwrap(), None);
    assert_eq!(store.token(OWNER, "there").await.unwrap(), Some(there));
}
