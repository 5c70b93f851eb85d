//! Mails are kept by name, listed newest first, and leave when they are too many or too old.

use florin::store::{Committed, MailRow, MailState, SiteId, Store, StoreError};

use crate::places::Place;
use crate::rows::{OTHER_SITE, SITE, attempt, new_order, order};

const PERSON: [u8; 32] = [1; 32];

fn mail(site_id: SiteId, key: i64, name: &str, at: i64) -> MailRow {
    MailRow {
        site_id,
        key,
        name: name.to_owned(),
        order_id: format!("order-{key}"),
        recipient: "ada@shop.example".to_owned(),
        subject: "Betaald: €\u{a0}12,50".to_owned(),
        plain: "Dank je wel.\r\n".to_owned(),
        html: "<p>Dank je wel.</p>".to_owned(),
        at,
        state: MailState::Kept,
        attempts: 0,
        note: None,
    }
}

async fn keep(store: &dyn Store, mail: MailRow) {
    store.keep_mail(mail, None).await.unwrap();
}

async fn listed(store: &dyn Store, site: SiteId) -> Vec<(i64, String)> {
    let mails = store.mails(site, 1000).await.unwrap();
    mails.into_iter().map(|mail| (mail.key, mail.name)).collect()
}

pub(crate) async fn a_mail_comes_back_as_it_was_kept(place: Place) {
    let store = place.open().await;
    assert_eq!(store.mail(SITE, 1, "completed").await.unwrap(), None);
    let first = MailRow {
        state: MailState::Waiting,
        attempts: 1,
        note: Some("the server was silent".to_owned()),
        ..mail(SITE, 1, "completed", 100)
    };
    keep(&*store, first.clone()).await;
    assert_eq!(store.mail(SITE, 1, "completed").await.unwrap(), Some(first.clone()));
    // The same one again: what became of it counts, and when it was written stays.
    let later = MailRow { state: MailState::Sent, attempts: 2, note: None, at: 900, ..first };
    keep(&*store, later.clone()).await;
    let expected = MailRow { at: 100, ..later };
    assert_eq!(store.mail(SITE, 1, "completed").await.unwrap(), Some(expected.clone()));
    assert_eq!(store.mails(SITE, 10).await.unwrap(), [expected]);
    assert_eq!(store.mail(OTHER_SITE, 1, "completed").await.unwrap(), None);

    let odd = MailRow { plain: "a\0b".to_owned(), ..mail(SITE, 2, "completed", 100) };
    let refused = store.keep_mail(odd, None).await;
    assert!(matches!(refused, Err(StoreError::Rejected { .. })), "{refused:?}");
    drop(store);
    assert_eq!(listed(&*place.open().await, SITE).await.len(), 1, "kept over a restart");
}

pub(crate) async fn a_mailbox_is_listed_newest_first_and_keeps_the_newest(place: Place) {
    let store = place.open().await;
    for number in 1..=6_i64 {
        keep(&*store, mail(SITE, number, "completed", number * 10)).await;
        keep(&*store, mail(OTHER_SITE, 100 + number, "completed", number * 10)).await;
    }
    let two = store.mails(SITE, 2).await.unwrap();
    assert_eq!(two.iter().map(|mail| mail.key).collect::<Vec<_>>(), [6, 5]);
    store.keep_mail(mail(SITE, 7, "refund", 70), Some(3)).await.unwrap();
    let keys: Vec<i64> = listed(&*store, SITE).await.into_iter().map(|(key, _)| key).collect();
    assert_eq!(keys, [7, 6, 5]);
    assert_eq!(listed(&*store, OTHER_SITE).await.len(), 6, "that of another site is its own");

    let waiting = MailRow { state: MailState::Waiting, ..mail(SITE, 8, "completed", 80) };
    keep(&*store, waiting).await;
    assert_eq!(store.delete_mails(SITE).await.unwrap(), 3);
    assert_eq!(
        listed(&*store, SITE).await,
        [(8, "completed".to_owned())],
        "it is still to be sent"
    );
    assert_eq!(listed(&*store, OTHER_SITE).await.len(), 6);
}

pub(crate) async fn old_mails_are_pruned_and_go_with_their_orders(place: Place) {
    let store = place.open().await;
    for key in 1..=10_i64 {
        let site = if key % 2 == 0 { SITE } else { OTHER_SITE };
        keep(&*store, mail(site, key, "completed", key * 10)).await;
    }
    assert_eq!(store.prune_mails(61, 4).await.unwrap(), 4);
    assert_eq!(store.prune_mails(61, 100).await.unwrap(), 2);
    assert_eq!(store.prune_mails(61, 100).await.unwrap(), 0);
    assert_eq!(listed(&*store, SITE).await.len() + listed(&*store, OTHER_SITE).await.len(), 4);

    assert_eq!(store.commit(new_order(8)).await.unwrap(), Committed::Done);
    store.delete_site_data(SITE).await.unwrap();
    let left = listed(&*store, SITE).await;
    assert!(left.iter().all(|(key, _)| *key != 8), "{left:?}");
}

pub(crate) async fn a_person_who_tries_elsewhere_is_seen(place: Place) {
    let store = place.open().await;
    let tried =
        async |since, except| store.has_tried_elsewhere(SITE, PERSON, since, except).await.unwrap();
    assert!(!tried(0, 1).await);
    for (site, key, at) in [(SITE, 1, 100), (OTHER_SITE, 2, 150)] {
        let mut unit = florin::store::UnitOfWork::new(None, order(site, key, &format!("o-{key}")));
        unit.attempts = vec![attempt(1, at, 1)];
        assert_eq!(store.commit(unit).await.unwrap(), Committed::Done);
    }
    assert!(!tried(0, 1).await, "the order itself is not elsewhere, nor is another site");
    assert!(tried(100, 9).await);
    assert!(!tried(101, 9).await, "that was before");
    let nobody = store.has_tried_elsewhere(SITE, [2; 32], 0, 9).await.unwrap();
    assert!(!nobody);
}
