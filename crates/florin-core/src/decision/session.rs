//! An order is offered on a page: it begins without an attempt, and may end without one.

use super::{Context, Decision, Draft, Effect, Event, Refusal, Timer};
use crate::money::Money;
use crate::order::Order;
use crate::payment::{Instant, State, TransactionId};
use crate::session::{Entry, Session, SessionEnd, SessionKind};

/// A new session.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Offering {
    /// Names the session, and the order until there is an attempt.
    pub number: TransactionId,
    pub amount: Money,
    pub kind: SessionKind,
    pub expires_at: Instant,
    /// Whether the payer is reminded of it.
    pub reminds: bool,
}

/// What was offered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Offered {
    pub amount: Money,
    pub session: Session,
}

/// Offers an order on a page. A session and a waiting attempt from before are superseded.
pub(super) fn offer(
    existing: Option<&Order>,
    offering: &Offering,
    context: Context<'_>,
) -> Result<Decision, Refusal> {
    if existing.is_some_and(Order::refuses_new_order) {
        return Err(Refusal::OrderIdTaken);
    }
    let session = Session {
        number: offering.number,
        kind: offering.kind,
        opened_at: context.now,
        expires_at: offering.expires_at,
        openings: 0,
        reminds: offering.reminds,
        ended: None,
    };
    let offered = Event::Offered(Offered { amount: offering.amount, session });
    let mut draft = Draft::begin(existing, offered, context);
    draft.effects.push(Effect::StartTimer(Timer::Session, offering.expires_at));
    Ok(draft.finish())
}

/// The page of a session is shown.
pub(super) fn show(
    mut draft: Draft<'_>,
    number: TransactionId,
    entry: Entry,
) -> Result<Decision, Refusal> {
    let session = draft.order.open_session(number, entry, draft.context.now);
    let session = session.ok_or(Refusal::SessionOver)?;
    if session.is_worn_out() {
        return Err(Refusal::TooMany);
    }
    draft.happen(Event::PageShown);
    Ok(draft.finish())
}

/// The time of a session is over. An attempt that is under way goes on by itself: it has a time
/// of its own.
pub(super) fn expire(mut draft: Draft<'_>) -> Result<Decision, Refusal> {
    let now = draft.context.now;
    let lasts = |session: Session| session.ended.is_none() && now < session.expires_at;
    if draft.order.session.is_some_and(lasts) {
        return Err(Refusal::TooEarly);
    }
    if !draft.end_session(SessionEnd::Expired) {
        return Err(Refusal::NotWaiting);
    }
    Ok(draft.finish())
}

/// The merchant gives up an order that nothing waits for but the session.
pub(super) fn give_up(mut draft: Draft<'_>, end: SessionEnd) -> Result<Decision, Refusal> {
    match draft.order.session.map(|session| session.ended) {
        Some(None) => {}
        Some(Some(SessionEnd::Cancelled)) => return exclude(draft, end),
        Some(Some(SessionEnd::Excluded)) => return Err(Refusal::AlreadySo),
        Some(Some(SessionEnd::Expired)) if draft.order.payment.state == State::Lapsed => {
            return Err(Refusal::AlreadySo);
        }
        Some(Some(_)) | None => return Err(Refusal::NotInThisState),
    }
    draft.end_session(end);
    Ok(draft.finish())
}

/// The merchant gives up once more what he has given up. Only that it is for good now is new.
pub(super) fn exclude(mut draft: Draft<'_>, end: SessionEnd) -> Result<Decision, Refusal> {
    let ended = draft.order.session.and_then(|session| session.ended);
    if (ended, end) != (Some(SessionEnd::Cancelled), SessionEnd::Excluded) {
        return Err(Refusal::AlreadySo);
    }
    draft.happen(Event::SessionEnded(SessionEnd::Excluded));
    Ok(draft.finish())
}

impl Draft<'_> {
    /// Ends the session, if there is one that has not ended. The shop is told where the order
    /// ends with it: of an order with an attempt it hears what became of that.
    pub(super) fn end_session(&mut self, end: SessionEnd) -> bool {
        if self.order.session.is_none_or(|session| session.ended.is_some()) {
            return false;
        }
        let was_only_offered = self.order.payment.state == State::Offered;
        self.effects.push(Effect::StopTimer(Timer::Session));
        self.happen(Event::SessionEnded(end));
        if was_only_offered {
            self.notify();
        }
        true
    }

    /// Opens the session again on whose page an attempt begins, if the merchant had given it up.
    pub(super) fn reopen_session(&mut self) {
        let Some(session) = self.order.session.filter(|session| session.ended.is_some()) else {
            return;
        };
        self.happen(Event::SessionReopened);
        self.effects.push(Effect::StartTimer(Timer::Session, session.expires_at));
    }
}
