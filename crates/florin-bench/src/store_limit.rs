//! What the bare store can do: the rows of a real payment, written again by nobody but the store.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, Instant};

use florin::store::{
    AdviceChange, AdviceRow, CardChange, Committed, DeliveryRow, EventRow, NotificationNext,
    NotificationResult, NotificationRow, OrderRow, Store, UnitOfWork,
};

/// A payment that was made, as the store keeps it.
pub(crate) struct Sample {
    pub(crate) order: OrderRow,
    pub(crate) events: Vec<EventRow>,
}

/// A lease that nobody else asks for.
const LEASE: i64 = i64::MAX / 4;

/// Writes payments at the given concurrency for `time`; returns how many a second.
pub(crate) async fn measure(
    store: Arc<dyn Store>,
    sample: Sample,
    concurrency: usize,
    time: Duration,
) -> f64 {
    let (sample, key) = (Arc::new(sample), Arc::new(AtomicI64::new(sample_key())));
    let begin = Instant::now();
    let end = begin + time;
    let writers: Vec<_> = (0..concurrency)
        .map(|_| {
            let (store, sample, key) = (store.clone(), sample.clone(), key.clone());
            tokio::spawn(async move {
                let mut written = 0u64;
                while Instant::now() < end {
                    write(&store, &sample, key.fetch_add(64, Ordering::Relaxed)).await;
                    written += 1;
                }
                written
            })
        })
        .collect();
    let mut written = 0;
    for writer in writers {
        written += writer.await.unwrap();
    }
    written as f64 / begin.elapsed().as_secs_f64()
}

/// Fills a store with completed orders, many at once.
pub(crate) async fn fill(store: Arc<dyn Store>, sample: Sample, orders: u64) {
    let (sample, key) = (Arc::new(sample), Arc::new(AtomicI64::new(sample_key())));
    let last = sample_key() + orders as i64 * 64;
    let writers: Vec<_> = (0..256)
        .map(|_| {
            let (store, sample, key) = (store.clone(), sample.clone(), key.clone());
            tokio::spawn(async move {
                loop {
                    let key = key.fetch_add(64, Ordering::Relaxed);
                    if key >= last {
                        return;
                    }
                    write(&store, &sample, key).await;
                }
            })
        })
        .collect();
    for writer in writers {
        writer.await.unwrap();
    }
}

/// Before every key that a gateway gives today.
fn sample_key() -> i64 {
    1_000_000_000_000_000
}

/// The two commits of a payment, and what its capture and its notification leave behind.
async fn write(store: &Arc<dyn Store>, sample: &Sample, key: i64) {
    let order = OrderRow { key, order_id: format!("limit-{key}"), ..sample.order.clone() };
    let site = order.site_id;
    let half = sample.events.len() / 2;
    let mut opening = UnitOfWork::new(None, order.clone());
    opening.events = sample.events[..half].to_vec();
    opening.cards = vec![CardChange::Seal {
        card_id: 1,
        sealed_pan: vec![7; 61],
        sealed_cvc: None,
        fingerprint: [7; 32],
        key_id: 1,
    }];
    let guard = AdviceRow::new(1, "guard", "test", "632614000101", LEASE);
    let body = r#"{"k":"guard","c":1,"o":{"s":101,"r":"632614000101","t":1795000000000,"m":"FLRN0001"},"a":1000,"r":"4021"}"#;
    opening.advices = vec![AdviceChange::Owe(guard.with_body(body.to_owned()))];
    assert_eq!(store.commit(opening).await.unwrap(), Committed::Done);

    let mut outcome = UnitOfWork::new(Some(1), order);
    outcome.events = sample.events[half..].to_vec();
    let capture = AdviceRow::new(2, "capture", "test", "632614000101", 1);
    let body = r#"{"k":"capture","c":1,"o":{"s":101,"r":"632614000101","t":1795000000000,"m":"FLRN0001"},"t":{"s":102,"r":"632614000102","t":1795000000000,"m":"FLRN0001"},"a":1000,"p":"012635","n":"306326507909842"}"#;
    let capture = AdviceRow { leased_until: Some(LEASE), ..capture.with_body(body.to_owned()) };
    outcome.advices = vec![AdviceChange::Settle { seq: 1 }, AdviceChange::Owe(capture)];
    outcome.notifications = vec![NotificationRow {
        subject: 0,
        seq: 1,
        event: "completed".to_owned(),
        due_at: 1,
        leased_until: Some(LEASE),
    }];
    assert_eq!(store.commit(outcome).await.unwrap(), Committed::Done);

    let settled = store.record_advice(site, key, LEASE, AdviceChange::Settle { seq: 2 });
    let told = store.finish_notification(NotificationResult {
        site_id: site,
        key,
        seq: 1,
        lease: LEASE,
        delivery: DeliveryRow {
            attempt: 1,
            at: 1,
            trigger: "auto".to_owned(),
            method: "GET".to_owned(),
            url: "http://127.0.0.1:40000/notify?transactionid=limit-1&timestamp=1795000000"
                .to_owned(),
            http_status: Some(200),
            latency_ms: 1,
            reply: "OK".to_owned(),
            error_class: None,
        },
        next: NotificationNext::Acknowledged,
    });
    let (settled, told) = tokio::join!(settled, told);
    assert_eq!(settled.unwrap(), Committed::Done);
    told.unwrap();
}
