//! Providers of other payment methods than cards: banks, wallets, pay later, gift cards.
//!
//! One table says what each method may do, one flow does it: a gateway has a payment taken on, the
//! payer chooses on one page how it ends, and the gateway is told, signed. `table` has the
//! methods, `payments` what is remembered, `api` talks to gateways, `page` to payers, in
//! the `words` of their languages, `result` tells how it ended, `books` shows what there is.

pub(crate) mod table;
pub(crate) mod payments;
pub(crate) mod result;
pub(crate) mod api;
pub(crate) mod words;
pub(crate) mod page;
pub(crate) mod books;

use std::sync::Arc;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::routing::get;

use crate::journal::Record;
use crate::limits::BODY_BYTES_MAX;
use crate::shared::Shared;

pub use books::ProviderPayment;
pub(crate) use payments::{PaymentRecord, Payments};

/// The paths of the providers.
pub(crate) fn routes(shared: &Arc<Shared>) -> Router<Arc<Shared>> {
    Router::new()
        .merge(api::routes(shared))
        .route("/methods/pay/{id}", get(page::show).post(page::choose))
        .layer(DefaultBodyLimit::max(BODY_BYTES_MAX))
}

/// Changes a payment and writes that down. The caller flushes the journal once he has let go of the
/// payments, and before he tells anybody.
pub(crate) fn change(shared: &Shared, payments: &mut Payments, record: PaymentRecord) {
    payments.apply(record.clone());
    shared.journal.append(&Record::Payment(record));
}
