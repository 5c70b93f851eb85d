//! The merchant gives an order up before it is paid, or says that he shipped it.

use super::{Decision, Draft, Effect, Event, Refusal, ReversalReason, Timer, Urgency, session};
use crate::payment::{AnswerFacts, State};
use crate::session::SessionEnd;
use crate::trail::SaleNumber;

/// Gives the order up. An authorization that is on its way is undone once its answer can no
/// longer come; whichever of the two commits first decides what the order is. `end` says whether
/// reminders end with it.
pub(super) fn cancel(mut draft: Draft<'_>, end: SessionEnd) -> Result<Decision, Refusal> {
    match draft.order.payment.state.clone() {
        State::Authenticating(_) => draft.effects.push(Effect::StopTimer(Timer::Expiry)),
        State::Authorizing { trace, advice } => {
            let (why, facts) = (ReversalReason::CustomerCancellation, AnswerFacts::default());
            draft.reverse_request(advice, trace, why, &facts, Urgency::AfterAnswer);
        }
        State::Cancelled => return session::exclude(draft, end),
        // What failed stays failed; what may still wait is the page.
        State::Offered | State::Lapsed | State::Declined(_) | State::Expired | State::Void(_) => {
            return session::give_up(draft, end);
        }
        State::Opened
        | State::Uncleared { .. }
        | State::Authorized(_)
        | State::Completed { .. }
        | State::Parted(_) => return Err(Refusal::NotInThisState),
    }
    draft.happen(Event::Cancelled);
    draft.end_session(end);
    draft.erase_cvc();
    draft.notify();
    Ok(draft.finish())
}

/// Keeps what the merchant says beside the order; see its history.
pub(super) fn annotate(mut draft: Draft<'_>) -> Result<Decision, Refusal> {
    draft.happen(Event::Annotated);
    Ok(draft.finish())
}

/// Says that a sale was shipped. Its money is not touched.
pub(super) fn ship(mut draft: Draft<'_>, sale: SaleNumber) -> Result<Decision, Refusal> {
    match draft.order.status(sale).0 {
        "shipped" => return Err(Refusal::AlreadySo),
        "completed" => {}
        _ => return Err(Refusal::NotInThisState),
    }
    draft.happen(Event::Shipped { sale });
    draft.notify_of(sale);
    Ok(draft.finish())
}
