//! Work that is due is done by one worker at a time, in order, and is never forgotten.

use std::collections::HashSet;
use std::sync::atomic::{AtomicUsize, Ordering};

use florin::store::{
    AdviceChange, AdviceRow, Bucket, Claim, Committed, DELIVERY_REPLY_CHARS_MAX, NotificationNext,
    NotificationRow, NotificationState, StoreError, TimerChange, TimerNext,
};

use crate::places::Place;
use crate::rows::{
    OTHER_SITE, SITE, claim, delivery, new_order, next_of, notification, owe, result,
};

pub(crate) async fn a_notification_is_claimed_when_it_is_due(place: Place) {
    let store = place.open().await;
    owe(&*store, 1, &[(1, 100)]).await;
    assert_eq!(store.claim_notifications(claim(99, 150, 10)).await.unwrap(), vec![]);
    let claimed = store.claim_notifications(claim(100, 150, 10)).await.unwrap();
    assert_eq!(claimed.len(), 1);
    let one = &claimed[0];
    assert_eq!((one.site_id, one.key, one.seq, one.event.as_str()), (SITE, 1, 1, "event-1"));
    assert_eq!((one.attempts, one.first_attempt_at, one.due_at, one.lease), (0, 100, 100, 150));

    let mut failed = result(one, 100, NotificationNext::RetryAt(1_000));
    failed.delivery.reply = format!("{}\0{}", "é".repeat(60), "x".repeat(100));
    store.finish_notification(failed).await.unwrap();
    assert_eq!(store.claim_notifications(claim(999, 1_100, 10)).await.unwrap(), vec![]);
    let again = store.claim_notifications(claim(1_000, 1_100, 10)).await.unwrap();
    assert_eq!((again[0].attempts, again[0].first_attempt_at, again[0].due_at), (1, 100, 1_000));
    let last = result(&again[0], 1_000, NotificationNext::Exhausted);
    store.finish_notification(last).await.unwrap();
    assert_eq!(store.claim_notifications(claim(i64::MAX, i64::MAX, 10)).await.unwrap(), vec![]);

    let records = store.notifications(SITE, 1).await.unwrap();
    assert_eq!(records.len(), 1);
    assert_eq!((records[0].state, records[0].due_at), (NotificationState::Exhausted, None));
    assert_eq!(records[0].attempts, 2);
    let deliveries = &records[0].deliveries;
    assert_eq!(deliveries.iter().map(|it| it.attempt).collect::<Vec<_>>(), vec![1, 2]);
    assert_eq!(deliveries[1], delivery(2, 1_000));
    let reply = &deliveries[0].reply;
    assert_eq!(reply.chars().count(), DELIVERY_REPLY_CHARS_MAX);
    assert!(reply.starts_with('é') && reply.contains('\u{fffd}') && reply.ends_with('x'));
}

pub(crate) async fn a_lease_that_runs_out_is_taken_by_another_worker(place: Place) {
    let (one, other) = (place.open().await, place.open().await);
    owe(&*one, 1, &[(1, 100)]).await;
    let mut unit = next_of(1, 1);
    unit.timers = vec![TimerChange::Set { kind: "expiry".to_owned(), due_at: 100 }];
    unit.advices = vec![AdviceChange::Owe(AdviceRow::new(1, "capture", "a", "rrn", 100))];
    let _ = one.commit(unit).await.unwrap();

    assert_eq!(one.claim_notifications(claim(100, 200, 10)).await.unwrap().len(), 1);
    assert_eq!(one.claim_timers(claim(100, 200, 10)).await.unwrap().len(), 1);
    assert_eq!(one.claim_advices(claim(100, 200, 10)).await.unwrap().len(), 1);
    for now in [100, 199] {
        assert_eq!(other.claim_notifications(claim(now, 300, 10)).await.unwrap(), vec![]);
        assert_eq!(other.claim_timers(claim(now, 300, 10)).await.unwrap(), vec![]);
        assert_eq!(other.claim_advices(claim(now, 300, 10)).await.unwrap(), vec![]);
    }
    let taken = other.claim_notifications(claim(200, 300, 10)).await.unwrap();
    assert_eq!((taken[0].lease, taken[0].first_attempt_at), (300, 100));
    assert_eq!(other.claim_timers(claim(200, 300, 10)).await.unwrap()[0].lease, 300);
    let advice = &other.claim_advices(claim(200, 300, 10)).await.unwrap()[0];
    assert_eq!((advice.lease, advice.first_attempt_at), (300, 100));
}

pub(crate) async fn notifications_of_one_order_go_one_at_a_time_oldest_first(place: Place) {
    let store = place.open().await;
    // The younger one is due first, to show that the sequence counts, not the time.
    owe(&*store, 1, &[(1, 100), (2, 90), (3, 95)]).await;
    owe(&*store, 2, &[(1, 100)]).await;
    let claimed = store.claim_notifications(claim(100, 200, 10)).await.unwrap();
    let mut got: Vec<_> = claimed.iter().map(|it| (it.key, it.seq)).collect();
    got.sort_unstable();
    assert_eq!(got, vec![(1, 1), (2, 1)]);
    assert_eq!(store.claim_notifications(claim(110, 210, 10)).await.unwrap(), vec![]);
    let first = claimed.iter().find(|it| it.key == 1).unwrap();
    let failed = result(first, 110, NotificationNext::Exhausted);
    store.finish_notification(failed).await.unwrap();
    let next = store.claim_notifications(claim(110, 210, 10)).await.unwrap();
    assert_eq!(next.iter().map(|it| (it.key, it.seq)).collect::<Vec<_>>(), vec![(1, 2)]);
}

pub(crate) async fn a_newer_notification_may_go_while_an_older_one_waits(place: Place) {
    let store = place.open().await;
    owe(&*store, 1, &[(1, 100), (2, 100)]).await;
    let first = store.claim_notifications(claim(100, 200, 10)).await.unwrap();
    let failed = result(&first[0], 100, NotificationNext::RetryAt(1_000));
    store.finish_notification(failed).await.unwrap();
    let second = store.claim_notifications(claim(100, 2_000, 10)).await.unwrap();
    assert_eq!(second[0].seq, 2);
    // Now the older one is due, but the newer one is under way.
    assert_eq!(store.claim_notifications(claim(1_500, 2_500, 10)).await.unwrap(), vec![]);
    let failed = result(&second[0], 1_500, NotificationNext::RetryAt(3_000));
    store.finish_notification(failed).await.unwrap();
    let older = store.claim_notifications(claim(1_500, 2_500, 10)).await.unwrap();
    assert_eq!(older.iter().map(|it| it.seq).collect::<Vec<_>>(), vec![1]);
}

pub(crate) async fn an_acknowledgement_drops_older_ones_that_wait(place: Place) {
    let store = place.open().await;
    owe(&*store, 1, &[(1, 100), (2, 100), (3, 5_000)]).await;
    let first = store.claim_notifications(claim(100, 200, 10)).await.unwrap();
    let failed = result(&first[0], 100, NotificationNext::RetryAt(1_000));
    store.finish_notification(failed).await.unwrap();
    let second = store.claim_notifications(claim(100, 200, 10)).await.unwrap();
    let mut heard = result(&second[0], 100, NotificationNext::Acknowledged);
    heard.delivery.error_class = None;
    store.finish_notification(heard).await.unwrap();
    let states: Vec<_> =
        store.notifications(SITE, 1).await.unwrap().iter().map(|it| it.state).collect();
    use NotificationState::{Acknowledged, Pending, Superseded};
    assert_eq!(states, vec![Superseded, Acknowledged, Pending]);
    assert_eq!(store.claim_notifications(claim(4_000, 4_100, 10)).await.unwrap(), vec![]);
    assert_eq!(store.claim_notifications(claim(5_000, 5_100, 10)).await.unwrap()[0].seq, 3);
}

pub(crate) async fn a_stranger_to_the_lease_cannot_schedule_but_can_acknowledge(place: Place) {
    let store = place.open().await;
    owe(&*store, 1, &[(1, 100)]).await;
    let slow = store.claim_notifications(claim(100, 200, 10)).await.unwrap();
    let fast = store.claim_notifications(claim(200, 300, 10)).await.unwrap();
    for next in [NotificationNext::RetryAt(1), NotificationNext::Exhausted] {
        store.finish_notification(result(&slow[0], 201, next)).await.unwrap();
        let record = &store.notifications(SITE, 1).await.unwrap()[0];
        assert_eq!((record.state, record.due_at), (NotificationState::Pending, Some(100)));
        assert_eq!(store.claim_notifications(claim(250, 350, 10)).await.unwrap(), vec![]);
    }
    let heard = result(&slow[0], 202, NotificationNext::Acknowledged);
    store.finish_notification(heard).await.unwrap();
    let late = result(&fast[0], 203, NotificationNext::RetryAt(1));
    store.finish_notification(late).await.unwrap();
    let record = &store.notifications(SITE, 1).await.unwrap()[0];
    assert_eq!((record.state, record.due_at), (NotificationState::Acknowledged, None));
    let at: Vec<_> = record.deliveries.iter().map(|it| it.at).collect();
    assert_eq!(at, vec![201, 202, 203], "every attempt is on record");
}

pub(crate) async fn a_manual_attempt_leaves_the_series_alone(place: Place) {
    let store = place.open().await;
    owe(&*store, 1, &[(1, 100)]).await;
    let claimed = store.claim_notifications(claim(100, 200, 10)).await.unwrap();
    let mut manual = result(&claimed[0], 150, NotificationNext::Unchanged);
    manual.lease = 0;
    manual.delivery.trigger = "manual".to_owned();
    store.finish_notification(manual.clone()).await.unwrap();
    let record = &store.notifications(SITE, 1).await.unwrap()[0];
    assert_eq!(
        (record.state, record.due_at, record.attempts),
        (NotificationState::Pending, Some(100), 0)
    );
    assert_eq!(record.deliveries[0].trigger, "manual");
    assert_eq!(store.claim_notifications(claim(150, 250, 10)).await.unwrap(), vec![]);

    // For an order that is not there, nothing is recorded.
    manual.key = 2;
    store.finish_notification(manual).await.unwrap();
    assert_eq!(store.notifications(SITE, 2).await.unwrap(), vec![]);
}

/// How often a worker looks for work that others may have taken.
const CLAIM_ROUNDS_MAX: usize = 20_000;

pub(crate) async fn two_workers_never_get_the_same_notification(place: Place) {
    let (one, other) = (place.open().await, place.open().await);
    for key in 1..=200 {
        owe(&*one, key, &[(1, 100), (2, 100)]).await;
    }
    // Those who look at the same rows at once may all go away with nothing, and look again.
    let left = std::sync::Arc::new(AtomicUsize::new(200));
    let mut workers = Vec::new();
    for worker in 0..8 {
        let store = if worker % 2 == 0 { one.clone() } else { other.clone() };
        let left = std::sync::Arc::clone(&left);
        workers.push(tokio::spawn(async move {
            let mut got = Vec::new();
            let mut rounds = 0;
            while left.load(Ordering::SeqCst) > 0 && rounds < CLAIM_ROUNDS_MAX {
                let claimed = store.claim_notifications(claim(100, 200, 3)).await.unwrap();
                let count = claimed.len();
                let _ = left.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| {
                    Some(left.saturating_sub(count))
                });
                got.extend(claimed.into_iter().map(|it| (it.key, it.seq)));
                rounds += 1;
            }
            got
        }));
    }
    let mut got = Vec::new();
    for worker in workers {
        got.extend(worker.await.unwrap());
    }
    let distinct: HashSet<_> = got.iter().copied().collect();
    assert_eq!(distinct.len(), got.len(), "somebody got what another one had");
    assert_eq!(distinct, (1..=200).map(|key| (key, 1)).collect(), "the first of every order");
}

pub(crate) async fn two_workers_never_hold_two_notifications_of_one_order(place: Place) {
    let (one, other) = (place.open().await, place.open().await);
    for key in 1..=5 {
        let due: Vec<(i32, i64)> = (1..=40).map(|seq| (seq, 100 + i64::from(seq % 7))).collect();
        owe(&*one, key, &due).await;
    }
    let under_way = std::sync::Arc::new(std::sync::Mutex::new(HashSet::new()));
    let mut workers = Vec::new();
    for worker in 0..6_i64 {
        let store = if worker % 2 == 0 { one.clone() } else { other.clone() };
        let under_way = std::sync::Arc::clone(&under_way);
        workers.push(tokio::spawn(async move {
            let mut done = 0_usize;
            for step in 0..120_i64 {
                // Clocks of workers differ a little, so that they disagree about what is due.
                let now = 98 + (step + worker) % 12;
                let claimed = store.claim_notifications(claim(now, 100_000, 2)).await.unwrap();
                for one in claimed {
                    assert!(under_way.lock().unwrap().insert(one.key), "two of order {}", one.key);
                    tokio::task::yield_now().await;
                    assert!(under_way.lock().unwrap().remove(&one.key));
                    let next = NotificationNext::Exhausted;
                    store.finish_notification(result(&one, now, next)).await.unwrap();
                    done += 1;
                }
            }
            done
        }));
    }
    let mut done = 0;
    for worker in workers {
        done += worker.await.unwrap();
    }
    assert!(done > 100, "only {done} were done, so little was tested");
}

pub(crate) async fn buckets_share_the_work_without_overlap(place: Place) {
    let store = place.open().await;
    for key in 1..=9 {
        owe(&*store, key, &[(1, 0)]).await;
    }
    assert_eq!(Bucket::new(3, 3), None);
    for index in 0..3_u16 {
        let bucket = Bucket::new(index, 3).unwrap();
        let asked = Claim { bucket, ..claim(1, 2, 100) };
        let claimed = store.claim_notifications(asked).await.unwrap();
        let keys: HashSet<i64> = claimed.iter().map(|it| it.key).collect();
        assert_eq!(keys, (1..=9).filter(|key| key % 3 == i64::from(index)).collect());
    }
}

pub(crate) async fn a_timer_goes_off_once_and_can_be_moved_or_cancelled(place: Place) {
    let store = place.open().await;
    let set = |kind: &str, due_at| TimerChange::Set { kind: kind.to_owned(), due_at };
    let mut unit = new_order(1);
    unit.timers = vec![set("expiry", 100), set("challenge", 50)];
    let _ = store.commit(unit).await.unwrap();
    let claimed = store.claim_timers(claim(60, 200, 10)).await.unwrap();
    assert_eq!(claimed.len(), 1);
    assert_eq!((claimed[0].kind.as_str(), claimed[0].due_at), ("challenge", 50));

    // Set anew while it is claimed: the claim has lost it, and its end does not harm it.
    let mut unit = next_of(1, 1);
    unit.timers = vec![set("challenge", 70), TimerChange::Cancel { kind: "expiry".to_owned() }];
    let _ = store.commit(unit).await.unwrap();
    store.finish_timer(&claimed[0], TimerNext::Done).await.unwrap();
    let again = store.claim_timers(claim(1_000, 1_200, 10)).await.unwrap();
    assert_eq!(again.len(), 1, "the cancelled timer went off: {again:?}");
    assert_eq!((again[0].kind.as_str(), again[0].due_at), ("challenge", 70));
    store.finish_timer(&again[0], TimerNext::At(2_000)).await.unwrap();
    assert_eq!(store.claim_timers(claim(1_999, 2_100, 10)).await.unwrap(), vec![]);
    let last = store.claim_timers(claim(2_000, 2_100, 10)).await.unwrap();
    store.finish_timer(&last[0], TimerNext::Done).await.unwrap();
    assert_eq!(store.timers(SITE, 1).await.unwrap(), vec![]);
}

pub(crate) async fn advices_of_one_chain_go_one_after_the_other(place: Place) {
    let store = place.open().await;
    let owe = |seq, chain: &str, due_at| {
        let advice = AdviceRow::new(seq, "capture", "acquirer", chain, due_at);
        AdviceChange::Owe(advice.with_body(format!("message {seq}")))
    };
    let mut unit = new_order(1);
    unit.advices = vec![owe(1, "A", 500), owe(2, "A", 100), owe(3, "B", 100)];
    let _ = store.commit(unit).await.unwrap();
    // The second of chain A is due, but the first is not even.
    let claimed = store.claim_advices(claim(100, 200, 10)).await.unwrap();
    assert_eq!(claimed.iter().map(|it| it.seq).collect::<Vec<_>>(), vec![3]);
    assert_eq!((claimed[0].link.as_str(), claimed[0].body.as_str()), ("acquirer", "message 3"));
    let first = store.claim_advices(claim(500, 600, 10)).await.unwrap();
    let seqs: HashSet<i32> = first.iter().map(|it| it.seq).collect();
    assert_eq!(seqs, HashSet::from([1, 3]));
    let mut unit = next_of(1, 1);
    unit.advices = vec![AdviceChange::Settle { seq: 1 }];
    let _ = store.commit(unit).await.unwrap();
    let second = store.claim_advices(claim(501, 601, 10)).await.unwrap();
    assert_eq!(second.iter().map(|it| it.seq).collect::<Vec<_>>(), vec![2]);
}

pub(crate) async fn an_advice_is_preceded_by_what_is_owed_of_its_chain_or_of_a_kind(place: Place) {
    let store = place.open().await;
    let owe = |seq, kind: &str, chain: &str| {
        AdviceChange::Owe(AdviceRow::new(seq, kind, "acquirer", chain, 100))
    };
    let mut unit = new_order(1);
    unit.advices = vec![owe(1, "capture", "A"), owe(2, "refund", "B"), owe(3, "refund", "A")];
    let _ = store.commit(unit).await.unwrap();
    let _ = store.commit(new_order(2)).await.unwrap();
    let preceded =
        async |key, seq, kind| store.is_advice_preceded(SITE, key, seq, kind).await.unwrap();
    assert!(!preceded(1, 1, None).await && !preceded(1, 1, Some("capture")).await);
    assert!(!preceded(1, 2, None).await && preceded(1, 2, Some("capture")).await);
    assert!(preceded(1, 3, None).await && preceded(1, 3, Some("capture")).await);
    assert!(!preceded(2, 9, None).await && !preceded(2, 9, Some("capture")).await);
    assert!(!store.is_advice_preceded(OTHER_SITE, 1, 3, None).await.unwrap());
    // One that was given up for good holds nothing back.
    let claimed = store.claim_advices(claim(100, 200, 9)).await.unwrap();
    let lease = claimed.iter().find(|it| it.seq == 1).unwrap().lease;
    let stop = AdviceChange::Stop { seq: 1, note: "seven days".to_owned() };
    assert_eq!(store.record_advice(SITE, 1, lease, stop).await.unwrap(), Committed::Done);
    assert!(!preceded(1, 3, None).await && !preceded(1, 2, Some("capture")).await);
}

pub(crate) async fn a_notification_is_preceded_by_older_ones_of_its_sale_that_are_due(
    place: Place,
) {
    let store = place.open().await;
    let mut unit = new_order(1);
    let of_part = NotificationRow { subject: 1, ..notification(2, 100) };
    unit.notifications = vec![notification(1, 100), of_part, notification(3, 100)];
    let _ = store.commit(unit).await.unwrap();
    let preceded =
        async |which, now| store.is_notification_preceded(SITE, 1, which, now).await.unwrap();
    assert!(!preceded((1, 0), 100).await && !preceded((2, 1), 100).await);
    assert!(preceded((3, 0), 100).await && !preceded((3, 0), 99).await);
    assert!(!store.is_notification_preceded(OTHER_SITE, 1, (3, 0), 100).await.unwrap());
    let claimed = store.claim_notifications(claim(100, 200, 9)).await.unwrap();
    let first = claimed.iter().find(|it| it.seq == 1).unwrap();
    store.finish_notification(result(first, 110, NotificationNext::Acknowledged)).await.unwrap();
    assert!(!preceded((3, 0), 200).await);
}

pub(crate) async fn an_advice_is_postponed_stopped_or_settled_by_its_owner(place: Place) {
    let store = place.open().await;
    let mut unit = new_order(1);
    unit.advices = vec![AdviceChange::Owe(AdviceRow::new(1, "reversal", "a", "rrn", 100))];
    let _ = store.commit(unit).await.unwrap();
    let lost = store.claim_advices(claim(100, 200, 1)).await.unwrap()[0].lease;
    let lease = store.claim_advices(claim(200, 300, 1)).await.unwrap()[0].lease;
    let later = AdviceChange::Postpone { seq: 1, due_at: 900, attempts: 1, note: "91".to_owned() };
    let stranger = store.record_advice(SITE, 1, lost, later.clone()).await.unwrap();
    assert_eq!(stranger, Committed::Conflict);
    let owner = store.record_advice(SITE, 1, lease, later.clone()).await.unwrap();
    assert_eq!(owner, Committed::Done);
    let repeated = store.record_advice(SITE, 1, lease, later).await.unwrap();
    assert_eq!(repeated, Committed::Conflict, "the lease ended with the first report");

    let again = store.claim_advices(claim(900, 1_000, 1)).await.unwrap();
    assert_eq!((again[0].attempts, again[0].first_attempt_at, again[0].due_at), (1, 100, 900));
    let stop = AdviceChange::Stop { seq: 1, note: "seven days".to_owned() };
    let stopped = store.record_advice(SITE, 1, again[0].lease, stop).await.unwrap();
    assert_eq!(stopped, Committed::Done);
    assert_eq!(store.claim_advices(claim(i64::MAX, i64::MAX, 9)).await.unwrap(), vec![]);
    let kept = &store.advices(SITE, 1).await.unwrap()[0];
    assert_eq!((kept.due_at, kept.attempts, kept.note.as_deref()), (None, 1, Some("seven days")));

    // A person settles it: nobody holds a lease on it.
    let settle = AdviceChange::Settle { seq: 1 };
    assert_eq!(store.record_advice(SITE, 1, 0, settle.clone()).await.unwrap(), Committed::Done);
    assert_eq!(store.advices(SITE, 1).await.unwrap(), vec![]);
    assert_eq!(store.record_advice(SITE, 1, 0, settle).await.unwrap(), Committed::Conflict);
    let owe = AdviceChange::Owe(AdviceRow::new(2, "reversal", "a", "rrn", 100));
    let refused = store.record_advice(SITE, 1, 0, owe).await;
    assert!(matches!(refused, Err(StoreError::Rejected { .. })), "{refused:?}");
}

pub(crate) async fn next_due_is_the_earliest_of_all_kinds(place: Place) {
    let store = place.open().await;
    assert_eq!(store.next_due().await.unwrap(), None);
    owe(&*store, 1, &[(1, 500), (2, 510)]).await;
    assert_eq!(store.next_due().await.unwrap(), Some(500));
    let mut unit = new_order(2);
    unit.timers = vec![TimerChange::Set { kind: "expiry".to_owned(), due_at: 400 }];
    let _ = store.commit(unit).await.unwrap();
    assert_eq!(store.next_due().await.unwrap(), Some(400));
    let mut unit = new_order(3);
    unit.advices = vec![
        AdviceChange::Owe(AdviceRow::new(1, "capture", "a", "rrn", 450)),
        AdviceChange::Owe(AdviceRow::new(2, "capture", "a", "rrn", 1)),
    ];
    let _ = store.commit(unit).await.unwrap();
    assert_eq!(store.next_due().await.unwrap(), Some(400), "the second advice waits for the first");
    let timer = store.claim_timers(claim(400, 10_000, 1)).await.unwrap();
    assert_eq!(store.next_due().await.unwrap(), Some(450));
    let _ = store.claim_advices(claim(450, 20_000, 1)).await.unwrap();
    let first = store.claim_notifications(claim(550, 30_000, 1)).await.unwrap();
    // The second notification is due, but has to wait for the first.
    assert_eq!(store.next_due().await.unwrap(), Some(10_000), "the first lease that ends");
    store.finish_timer(&timer[0], TimerNext::Done).await.unwrap();
    assert_eq!(store.next_due().await.unwrap(), Some(20_000));
    let heard = result(&first[0], 560, NotificationNext::Exhausted);
    store.finish_notification(heard).await.unwrap();
    assert_eq!(store.next_due().await.unwrap(), Some(510));
}
