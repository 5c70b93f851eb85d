//! An attempt is opened, and goes where 3-D Secure leads: to the host, to the payer, or to a no.

use super::{Context, Decision, Draft, Effect, Event, Refusal, Timer};
use crate::card::Brand;
use crate::method::Method;
use crate::money::Money;
use crate::order::Order;
use crate::payment::{
    AuthenticationResult, AuthenticationStatus, Instant, Reason, Rules, State, Trace,
    TransactionId, Unauthenticated, Waiting,
};
use crate::session::Entry;

/// A new attempt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Opening {
    pub transaction_id: TransactionId,
    pub amount: Money,
    pub brand: Option<Brand>,
    /// Set where it is no card that pays.
    pub method: Option<&'static Method>,
    pub rules: Rules,
    /// The session on whose page the card was sent.
    pub session: Option<TransactionId>,
    /// How the payer came there.
    pub entry: Entry,
    /// The card data is faulty or a rule of the site forbids the payment: declined unsent.
    pub refused: Option<Reason>,
    pub verification: Verification,
    /// Numbers the authorization request, should one be sent.
    pub trace: Trace,
}

/// Where 3-D Secure stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verification {
    /// Not asked for.
    Skipped,
    /// The card is in no card range of its scheme.
    NotEnrolled,
    /// The payer has to act.
    Pending(Waiting),
    Finished(AuthenticationResult),
    /// It is no card: the provider of another method has to be asked to take the payment on.
    Referral,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Opened {
    pub transaction_id: TransactionId,
    pub amount: Money,
    pub brand: Option<Brand>,
    pub method: Option<&'static Method>,
    pub rules: Rules,
    /// It was made on the page of the session, which goes on.
    pub on_page: bool,
}

/// The contract's words for a payer who could not be authenticated where that is required.
pub fn only_authenticated_cards() -> Reason {
    Reason::new("4999", "3D Secure-authenticated cards")
}

pub(super) fn open(
    existing: Option<&Order>,
    opening: Opening,
    context: Context<'_>,
) -> Result<Decision, Refusal> {
    if existing.is_some_and(Order::refuses_new_attempt) {
        return Err(Refusal::OrderIdTaken);
    }
    if let Some(number) = opening.session
        && existing.is_none_or(|it| it.open_session(number, opening.entry, context.now).is_none())
    {
        return Err(Refusal::SessionOver);
    }
    match existing {
        Some(order) if opening.session.is_some() && order.due() != opening.amount => {
            return Err(Refusal::NotDue);
        }
        Some(order) if opening.session.is_none() && order.refuses_new_order() => {
            return Err(Refusal::OrderIdTaken);
        }
        _ => {}
    }
    let opened = Event::Opened(Opened {
        transaction_id: opening.transaction_id,
        amount: opening.amount,
        brand: opening.brand,
        method: opening.method,
        rules: opening.rules,
        on_page: opening.session.is_some(),
    });
    let mut draft = Draft::begin(existing, opened, context);
    draft.reopen_session();
    match opening.refused {
        Some(reason) => draft.decline(reason, None),
        None => draft.proceed(opening.verification, opening.trace),
    }
    Ok(draft.finish())
}

pub(super) fn verify(
    mut draft: Draft<'_>,
    server_trans_id: Option<String>,
    verification: Verification,
    trace: Trace,
) -> Result<Decision, Refusal> {
    let State::Authenticating(waiting) = &draft.order.payment.state else {
        return Err(Refusal::NotWaiting);
    };
    let open_challenge = match waiting {
        Waiting::Page { .. } => None,
        Waiting::Challenge(challenge) => Some(challenge.server_trans_id.as_str()),
        // Its provider is heard instead.
        Waiting::Referral | Waiting::Provider(_) => return Err(Refusal::NotWaiting),
    };
    if open_challenge != server_trans_id.as_deref() {
        return Err(Refusal::NotWaiting);
    }
    draft.proceed(verification, trace);
    Ok(draft.finish())
}

pub(super) fn expire(mut draft: Draft<'_>) -> Result<Decision, Refusal> {
    if !matches!(draft.order.payment.state, State::Authenticating(_)) {
        return Err(Refusal::NotWaiting);
    }
    if draft.context.now < draft.deadline() {
        return Err(Refusal::TooEarly);
    }
    draft.stop_waiting();
    draft.happen(Event::Expired);
    draft.erase_cvc();
    draft.notify();
    Ok(draft.finish())
}

impl Draft<'_> {
    /// Goes where 3-D Secure leads.
    pub(super) fn proceed(&mut self, verification: Verification, trace: Trace) {
        let rules = self.order.payment.rules;
        match verification {
            Verification::Skipped => self.authorize(trace),
            Verification::NotEnrolled => match rules.when_not_enrolled {
                Unauthenticated::Proceed => self.authorize(trace),
                Unauthenticated::Decline => self.decline(only_authenticated_cards(), None),
            },
            Verification::Pending(waiting) => self.wait(waiting),
            Verification::Referral => self.ask_to_take_on(),
            Verification::Finished(result) => {
                let status = result.status;
                let refusal = crate::authentication::refusal_of(&result);
                self.happen(Event::AuthenticationFinished(result));
                match status {
                    AuthenticationStatus::Authenticated
                    | AuthenticationStatus::Attempted
                    | AuthenticationStatus::Informational => self.authorize(trace),
                    AuthenticationStatus::Unavailable => match rules.when_unavailable {
                        Unauthenticated::Proceed => self.authorize(trace),
                        Unauthenticated::Decline => self.decline(refusal, None),
                    },
                    AuthenticationStatus::NotAuthenticated | AuthenticationStatus::Rejected => {
                        self.decline(refusal, None);
                    }
                }
            }
        }
    }

    pub(super) fn wait(&mut self, waiting: Waiting) {
        if self.order.payment.state == State::Opened {
            let card = self.order.counters.attempts;
            self.happen(Event::CvcKept);
            self.effects.push(Effect::KeepCvc { card });
            self.effects.push(Effect::StartTimer(Timer::Expiry, self.deadline()));
        }
        self.happen(Event::AuthenticationStarted(waiting));
        if !self.order.payment.announced {
            self.notify();
        }
    }

    pub(super) fn deadline(&self) -> Instant {
        let payment = &self.order.payment;
        payment.opened_at.saturating_add(payment.rules.expires_after_ms)
    }

    pub(super) fn authorize(&mut self, trace: Trace) {
        let advice = self.next_advice();
        let amount = self.order.payment.amount;
        self.stop_waiting();
        self.happen(Event::AuthorizationRequested { trace: trace.clone(), advice });
        self.effects.push(Effect::GuardRequest { advice, trace: trace.clone(), amount });
        self.effects.push(Effect::SendAuthorization(trace));
    }
}
