//! An order on which nothing has been decided yet: what every way of making one begins with.

use std::collections::BTreeMap;
use std::sync::Arc;

use florin_core::money::Money;
use florin_core::order::{Counters, Order};
use florin_core::payment::{Payment, Rules, State, TransactionId, Unauthenticated};
use florin_core::trail::{Trail, WHOLE};

use super::create::{Created, PageForm};
use super::journal::JournalEnd;
use super::persist::Extra;
use super::record::Record;
use super::site::Site;
use super::{Failure, Gateway};
use crate::api::contract::StoredRequest;
use crate::clock::UnixMillis;

/// Who asks for an order, and when.
pub(super) struct Asked {
    /// The API key.
    pub(super) key_id: i64,
    /// The mark of the request, if it had an idempotency key.
    pub(super) request_key: Option<String>,
    /// By the site's clock.
    pub(super) at: UnixMillis,
    /// The link on which the host is reached.
    pub(super) link: String,
}

/// An order with this number as its key, that is not stored and of which nothing is known but what
/// was asked for.
pub(super) fn draft(
    site: Arc<Site>,
    number: i64,
    request: Arc<StoredRequest>,
    asked: Asked,
) -> Record {
    let Asked { key_id, request_key, at, link } = asked;
    Record {
        site,
        key: number,
        order_id: request.details.order_id.as_str().to_owned(),
        version: 0,
        order: not_decided_yet(request.details.amount),
        extra: Extra {
            bin: String::new(),
            key_id,
            link,
            challenge_wanted: false,
            created_at: at,
            risk: None,
            request_key,
            earlier_requests: Vec::new(),
            form: None,
            locale: None,
            shipment: BTreeMap::new(),
            journal: JournalEnd::default(),
            credential: None,
        },
        request,
        sale: WHOLE,
        fingerprint: None,
    }
}

/// Stands in a record until the decision that opens it is made.
fn not_decided_yet(amount: Money) -> Order {
    Order {
        payment: Payment {
            transaction_id: TransactionId(0),
            amount,
            brand: None,
            other: None,
            opened_at: 0,
            modified_at: 0,
            completed_at: None,
            rules: Rules {
                when_unavailable: Unauthenticated::Decline,
                when_not_enrolled: Unauthenticated::Decline,
                payer_present: false,
                expires_after_ms: 0,
                manual_capture_ms: None,
            },
            state: State::Opened,
            authentication: None,
            answer: None,
            step_ups: 0,
            announced: false,
            cvc_kept: false,
        },
        trail: Trail::default(),
        counters: Counters::default(),
        session: None,
        parts: Vec::new(),
    }
}

/// Whether what is there was begun by this very form of a page, or by this very request under an
/// idempotency key: by a process that took us for dead, or we it.
pub(super) fn is_repeated(existing: &Record, draft: &Record, page: Option<&PageForm>) -> bool {
    match page {
        Some(page) => existing.extra.form.as_deref() == Some(page.form.as_str()),
        None => draft.extra.request_key.as_ref().is_some_and(|mark| existing.extra.has_done(mark)),
    }
}

impl Gateway {
    /// What a new attempt would come to without anybody being asked: its form was sent before, or
    /// its order takes no other attempt. Looked at before an issuer or a provider is bothered; the
    /// commit decides.
    ///
    /// # Errors
    /// A [`Failure`] of the store.
    pub(super) async fn known_before(
        &self,
        draft: &Record,
        page: Option<&PageForm>,
    ) -> Result<Option<Created>, Failure> {
        Ok(match self.load_by_order_id(&draft.site, &draft.order_id).await? {
            Some(existing) if is_repeated(&existing, draft, page) => {
                Some(Created::Repeated(Box::new(existing)))
            }
            Some(existing) if existing.order.refuses_new_attempt() => Some(Created::OrderIdTaken),
            Some(existing) if page.is_none() && existing.order.refuses_new_order() => {
                Some(Created::OrderIdTaken)
            }
            _ => None,
        })
    }
}
