//! Rows to play with.

use florin::store::{
    AttemptOutcome, AttemptRow, Bucket, ChildRow, Claim, ClaimedNotification, Committed,
    DeliveryRow, EventRow, FileRow, JournalRow, NotificationNext, NotificationResult,
    NotificationRow, OrderKey, OrderRow, SiteId, Store, UnitOfWork,
};

pub(crate) const SITE: SiteId = 7;
pub(crate) const OTHER_SITE: SiteId = 8;

pub(crate) fn order(site_id: SiteId, key: OrderKey, order_id: &str) -> OrderRow {
    OrderRow {
        site_id,
        key,
        order_id: order_id.to_owned(),
        version: 1,
        status: "initialized".to_owned(),
        financial_status: Some("initialized".to_owned()),
        currency: "EUR".to_owned(),
        amount: 1250,
        created_at: 1_000,
        modified_at: 1_000,
        request: r#"{"amount":1250}"#.to_owned(),
        state: r#"{"attempts":[]}"#.to_owned(),
    }
}

/// A unit that makes order `key` on [`SITE`], called `order-{key}`.
pub(crate) fn new_order(key: OrderKey) -> UnitOfWork {
    UnitOfWork::new(None, order(SITE, key, &format!("order-{key}")))
}

/// A unit over version `expected` of the order that [`new_order`] makes.
pub(crate) fn next_of(key: OrderKey, expected: i64) -> UnitOfWork {
    let mut order = order(SITE, key, &format!("order-{key}"));
    order.status = "completed".to_owned();
    order.financial_status = None;
    order.amount = 1300;
    order.modified_at = 2_000;
    order.request = "ignored".to_owned();
    order.state = r#"{"attempts":[1]}"#.to_owned();
    UnitOfWork::new(Some(expected), order)
}

pub(crate) fn event(seq: i32) -> EventRow {
    EventRow { seq, kind: "authorized".to_owned(), at: 1_500, data: format!("{{\"n\":{seq}}}") }
}

pub(crate) fn entry(seq: i32, booked_at: i64) -> JournalRow {
    JournalRow {
        seq,
        at: booked_at + 3_600_000,
        booked_at,
        kind: "captured".to_owned(),
        currency: "EUR".to_owned(),
        postings: format!(r#"[["receivable",{seq}],["captured",-{seq}]]"#),
        hash: [u8::try_from(seq % 256).unwrap(); 32],
    }
}

/// A new child of an order on [`SITE`].
pub(crate) fn child(key: OrderKey, order_id: &str) -> ChildRow {
    let mut order = order(SITE, key, order_id);
    order.state = r#"{"parent":1}"#.to_owned();
    ChildRow { order, is_new: true }
}

pub(crate) fn attempt(attempt: i32, at: i64, card: u8) -> AttemptRow {
    AttemptRow {
        at,
        attempt,
        outcome: AttemptOutcome::Made,
        ip: Some("192.0.2.7".to_owned()),
        email: Some([1; 32]),
        bin: "412345".to_owned(),
        card: [card; 32],
        amount: 1250,
        currency: "EUR".to_owned(),
        counts_until: None,
    }
}

pub(crate) fn file(file_id: i32, size: usize) -> FileRow {
    FileRow {
        file_id,
        name: format!("receipt-{file_id}.pdf"),
        kind: "PDF".to_owned(),
        description: "The payer's signature".to_owned(),
        at: 1_700,
        bytes: (0_u8..=255).cycle().take(size).collect(),
    }
}

pub(crate) fn notification(seq: i32, due_at: i64) -> NotificationRow {
    NotificationRow { seq, subject: 0, event: format!("event-{seq}"), due_at, leased_until: None }
}

/// Makes order `key` with notifications that are due then.
pub(crate) async fn owe(store: &dyn Store, key: OrderKey, due: &[(i32, i64)]) {
    let mut unit = new_order(key);
    unit.notifications = due.iter().map(|(seq, at)| notification(*seq, *at)).collect();
    assert_eq!(store.commit(unit).await.unwrap(), Committed::Done);
}

pub(crate) fn claim(now: i64, lease_until: i64, limit: u32) -> Claim {
    Claim { now, lease_until, limit, bucket: Bucket::ALL }
}

pub(crate) fn delivery(attempt: i32, at: i64) -> DeliveryRow {
    DeliveryRow {
        attempt,
        at,
        trigger: "auto".to_owned(),
        method: "POST".to_owned(),
        url: "https://shop.example/webhook?transactionid=7".to_owned(),
        http_status: Some(500),
        latency_ms: 12,
        reply: "ng".to_owned(),
        error_class: Some("status".to_owned()),
    }
}

pub(crate) fn result(
    claimed: &ClaimedNotification,
    at: i64,
    next: NotificationNext,
) -> NotificationResult {
    NotificationResult {
        site_id: claimed.site_id,
        key: claimed.key,
        seq: claimed.seq,
        lease: claimed.lease,
        delivery: delivery(claimed.attempts + 1, at),
        next,
    }
}
