//! The merchant ships what was sold. What was bought to be paid later is promised first, and
//! shipping has its provider pay it: all of it, or what one of several shipments costs.
//!
//! A shipment in part is committed before its provider is told, so that whoever finds it can tell
//! him once more, under the same number.

use super::provider::Telling;
use super::{Decision, Draft, Effect, Event, NewSale, Refusal, Timer};
use crate::money::Money;
use crate::payment::State;
use crate::provider::{Facts, ProviderNews, SHIPMENT_ASK_AGAIN_MS, ShipmentWord, Word};
use crate::tariff::FeeKind;
use crate::trail::{CAPTURES_MAX, PartCapture, SaleNumber};

/// Says that a sale was shipped. Its money is not touched, but for what was promised: that its
/// provider has paid it has to be known before, and a promise that came while nobody had asked is
/// none to ship on.
pub(super) fn ship(
    mut draft: Draft<'_>,
    sale: SaleNumber,
    provider_paid: bool,
) -> Result<Decision, Refusal> {
    if provider_paid && matches!(draft.order.payment.state, State::Promised { .. }) {
        draft.hear(ProviderNews::of(Word::Paid), Telling::Later)?;
    }
    match draft.order.status(sale).0 {
        "shipped" => return Err(Refusal::AlreadySo),
        "completed" => {}
        _ => return Err(Refusal::NotInThisState),
    }
    draft.happen(Event::Shipped { sale });
    draft.notify_of(sale);
    Ok(draft.finish())
}

/// A part of what was promised is shipped: the provider is to pay `amount` minor units for it.
pub(super) fn ask_for_part(
    mut draft: Draft<'_>,
    amount: i64,
    sale: NewSale,
) -> Result<Decision, Refusal> {
    let left = draft.order.promised();
    let trail = &draft.order.trail;
    if left == 0 || trail.shipment.is_some() || trail.captures.len() >= CAPTURES_MAX {
        return Err(Refusal::NotInThisState);
    }
    if !(1..=left).contains(&amount) {
        return Err(Refusal::AmountOutOfBounds);
    }
    let (number, at) = (trail.next_capture(), draft.context.now);
    let NewSale { transaction_id, order_id } = sale;
    let part = PartCapture { number, transaction_id, order_id, amount, at, trace: None };
    draft.happen(Event::ShipmentAsked(part));
    let again = at.saturating_add(SHIPMENT_ASK_AGAIN_MS);
    draft.effects.push(Effect::StartTimer(Timer::Shipment, again));
    Ok(draft.finish())
}

/// The provider answered to the shipment with this number. `order_id` is what the order is called
/// that it makes, should it be paid: the name that was asked for may be another order's by now.
pub(super) fn hear_part(
    mut draft: Draft<'_>,
    number: SaleNumber,
    word: ShipmentWord,
    order_id: String,
) -> Result<Decision, Refusal> {
    let asked = draft.order.trail.shipment.clone().filter(|asked| asked.number == number);
    let asked = asked.ok_or(Refusal::NotOnItsWay)?;
    draft.effects.push(Effect::StopTimer(Timer::Shipment));
    if word == ShipmentWord::Declined {
        draft.happen(Event::ShipmentDeclined { number });
        return Ok(draft.finish());
    }
    let amount = Money::new(asked.amount, draft.order.payment.amount.currency);
    let part = PartCapture { order_id, at: draft.context.now, ..asked };
    draft.happen(Event::CapturedInPart(part.clone()));
    draft.effects.push(Effect::OpenSale(part));
    draft.happen(Event::Shipped { sale: number });
    draft.charge(FeeKind::Payment, number, amount);
    if draft.order.promised() == 0 {
        draft.stop_promise();
        draft.paid(Facts::new());
        draft.notify();
    }
    draft.notify_of(number);
    Ok(draft.finish())
}
