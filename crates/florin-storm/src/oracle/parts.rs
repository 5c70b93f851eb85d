//! What gift cards have paid in part: it pays for an order that is paid, or goes back, once.

use florin_core::part::{Part, PartState};
use florin_sim::ProviderPayment;

use super::{Findings, Read, Rule};

/// The parts of one order; what their providers have of them, in minor units.
pub(super) fn examine(
    findings: &mut Findings,
    read: &Read<'_>,
    payments: &[ProviderPayment],
) -> i64 {
    let order = &read.order;
    let mut at_providers = 0;
    for part in &order.parts {
        let mut of_part = payments.iter().filter(|payment| payment.id == part.by.reference);
        let payment = of_part.next();
        at_providers += payment.map_or(0, |payment| part.amount - payment.refunded);
        let is_sound = payment.is_some_and(|payment| agrees(part, payment));
        findings.check(Rule::PartsGoBackOnce, is_sound && of_part.next().is_none(), || {
            read.name(format_args!("{part:?}, at its provider {payment:?}"))
        });
    }
    if !order.parts.is_empty() {
        let kept = order.paid_in_part();
        let is_whole = order.payment.amount.minor + kept == order.total().minor;
        let rests = if order.is_paid() { is_whole } else { kept == 0 };
        findings.check(Rule::PartsGoBackOnce, rests, || {
            read.name(format_args!("{kept} of {:?} is paid in part", order.total()))
        });
    }
    at_providers
}

/// Whether the provider of a part has what the order has, and gave back what was given back.
fn agrees(part: &Part, payment: &ProviderPayment) -> bool {
    let given_back = match part.state {
        PartState::Kept | PartState::NotGivenBack { .. } => (0, 0),
        PartState::GivenBack { .. } => (1, part.amount),
        // Somebody still has to be asked.
        PartState::Owed | PartState::Asked { .. } => return false,
    };
    payment.part == Some(part.amount)
        && payment.is_taken
        && (payment.refunds, payment.refunded) == given_back
}

/// Whether an order that has forgotten a part, since it was begun anew, had given it back.
pub(super) fn is_forgotten(payment: &ProviderPayment) -> bool {
    payment.refunds == 1 && payment.part == Some(payment.refunded)
}
