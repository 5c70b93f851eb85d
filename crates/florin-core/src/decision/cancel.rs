//! The merchant gives an order up before it is paid, or says something about it.

use super::{Decision, Draft, Event, Refusal, ReversalReason, Urgency, session};
use crate::payment::{AnswerFacts, State};
use crate::session::SessionEnd;

/// Gives the order up. An authorization that is on its way is undone once its answer can no
/// longer come; whichever of the two commits first decides what the order is. `end` says whether
/// reminders end with it.
pub(super) fn cancel(mut draft: Draft<'_>, end: SessionEnd) -> Result<Decision, Refusal> {
    match draft.order.payment.state.clone() {
        State::Authenticating(_) => draft.stop_waiting(),
        State::PaidInPart => {}
        State::Authorizing { trace, advice } => {
            let (why, facts) = (ReversalReason::CustomerCancellation, AnswerFacts::default());
            draft.reverse_request(advice, trace, why, &facts, Urgency::AfterAnswer);
        }
        State::Cancelled => return session::exclude(draft, end),
        // What failed stays failed; what may still wait is the page.
        State::Offered
        | State::Lapsed
        | State::Declined(_)
        | State::Expired
        | State::Void(_)
        | State::Withdrawn => return session::give_up(draft, end),
        State::Opened
        | State::Uncleared { .. }
        | State::Authorized(_)
        | State::Completed { .. }
        | State::Parted(_)
        | State::Promised { .. }
        | State::Paid => return Err(Refusal::NotInThisState),
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
