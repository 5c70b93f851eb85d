//! What providers have in their books, for those who lay them beside a gateway's.

use super::payments::{Payment, Payments};
use super::result::tell;
use super::table::Word;
use crate::limits::RESULTS_AT_ONCE_MAX;
use crate::shared::{Shared, lock};

/// One payment in a provider's books. Amounts in minor units.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProviderPayment {
    /// The provider's number.
    pub id: String,
    /// The gateway's number of the attempt.
    pub reference: String,
    pub amount: i64,
    /// The payer has paid, and it needed nothing more.
    pub is_paid: bool,
    /// What a gift card has paid, where that is less than `amount`.
    pub part: Option<i64>,
    /// What is paid for shipments of parts, while not all of it is paid.
    pub for_parts: i64,
    /// How many shipments that was.
    pub shipments: usize,
    /// It is, or can still come to be, paid.
    pub may_pay: bool,
    /// The gateway has taken the result that was brought to it.
    pub is_taken: bool,
    /// It did not want it: no money was taken.
    pub is_refused: bool,
    /// How often money was given back, and how much.
    pub refunds: usize,
    pub refunded: i64,
}

/// The payments of a merchant, oldest first.
pub(crate) fn payments(shared: &Shared, merchant: &str) -> Vec<ProviderPayment> {
    let payments = lock(&shared.payments);
    payments.all().filter(|it| it.wanted.merchant == merchant).map(view).collect()
}

fn view(payment: &Payment) -> ProviderPayment {
    let later = payment.later().map(|(_, word)| word);
    let pays = |word| matches!(word, Word::Paid | Word::Promised);
    ProviderPayment {
        id: payment.id.clone(),
        reference: payment.wanted.reference.clone(),
        amount: payment.wanted.amount,
        is_paid: payment.word() == Word::Paid,
        part: payment.part(),
        for_parts: payment.paid_for_parts(),
        shipments: payment.shipments.len(),
        may_pay: pays(payment.word()) && later != Some(Word::Declined) || later.is_some_and(pays),
        is_taken: payment.taken,
        is_refused: payment.refused,
        refunds: payment.refunds.len(),
        refunded: payment.refunds.values().sum(),
    }
}

/// Brings each result once more that nobody has taken or refused, also of what was decided without
/// the payer: whether the gateway has heard the answer to its own question, nobody knows. The
/// newest first, and not more than can be done in one round.
pub(crate) async fn repeat_results(shared: &Shared) {
    let is_owed = |it: &&Payment| it.scenario.is_some() && !it.taken && !it.refused;
    let newest = |payments: &Payments| {
        payments.newest_first().filter(is_owed).take(RESULTS_AT_ONCE_MAX).cloned().collect()
    };
    let owed: Vec<Payment> = newest(&lock(&shared.payments));
    for payment in owed {
        tell(shared, &payment).await;
    }
}
