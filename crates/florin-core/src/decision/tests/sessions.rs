//! Pages on which orders are paid: their part in the histories of the parent module, and the rules
//! step by step.

use super::*;
use crate::session::{LINK_OPENINGS_MAX, SessionEnd, SessionKind};

const HOUR_MS: i64 = 3_600_000;

pub(super) fn step() -> impl Strategy<Value = Step> {
    let newest = || prop::bool::weighted(0.85);
    prop_oneof![
        3 => (any::<bool>(), prop::sample::select(vec![1, 60_000, HOUR_MS, 30 * 24 * HOUR_MS]))
            .prop_map(|(is_link, lasts_ms)| Step::Offer { is_link, lasts_ms }),
        2 => newest().prop_map(|newest| Step::ShowPage { newest }),
        6 => (newest(), prop::bool::weighted(0.1), verification(), any::<bool>()).prop_map(
            |(newest, refused, verification, manual)| {
                Step::PayOnPage { newest, refused, verification, manual }
            }
        ),
        1 => Just(Step::EndSession),
    ]
}

impl World {
    pub(super) fn offer(&mut self, is_link: bool, lasts_ms: i64) -> Result<(), Refusal> {
        self.stan += 1;
        let number = TransactionId(i64::from(self.stan) + 4_000_000);
        let was_refused = self.order.as_ref().is_some_and(Order::refuses_new_attempt);
        let outcome = self.tell(Command::Offer(Offering {
            number,
            amount: Money::new(AMOUNT, Currency::EUR),
            kind: if is_link { SessionKind::PaymentLink } else { SessionKind::Redirect },
            expires_at: self.now + lasts_ms,
            reminds: false,
        }));
        assert_eq!(outcome.is_err(), was_refused, "what may be tried again may be offered again");
        outcome?;
        self.sessions.push(number);
        Ok(())
    }

    pub(super) fn show(&mut self, newest: bool) -> Result<(), Refusal> {
        let number = self.number(newest);
        let before = self.order.as_ref().and_then(|order| order.session);
        self.tell(Command::ShowPage { number, entry: Entry::Link })?;
        let shown = self.order.as_ref().unwrap().session.unwrap();
        assert_eq!(shown.openings, before.unwrap().openings + 1);
        if shown.kind == SessionKind::PaymentLink {
            assert!(shown.openings <= LINK_OPENINGS_MAX);
        }
        Ok(())
    }

    pub(super) fn pay_on_page(&mut self, newest: bool, opening: Opening) -> Result<(), Refusal> {
        let number = self.number(newest);
        let order = self.order.as_ref();
        let is_open = order.is_some_and(|order| {
            let session = order.session.filter(|session| session.number == number);
            session.is_some_and(|it| it.ended.is_none() && self.now < it.expires_at)
        });
        let expected = match order {
            Some(order) if order.refuses_new_attempt() => Err(Refusal::OrderIdTaken),
            _ if is_open => Ok(()),
            _ => Err(Refusal::SessionOver),
        };
        let outcome = self.tell(Command::Open(Opening { session: Some(number), ..opening }));
        assert_eq!(outcome, expected);
        if outcome.is_ok() {
            let session = self.order.as_ref().unwrap().session;
            assert_eq!(session.map(|it| it.number), Some(number), "the page goes on");
        }
        outcome
    }

    /// The newest session, or the first one; one that never was where there is none.
    fn number(&self, newest: bool) -> TransactionId {
        let number = if newest { self.sessions.last() } else { self.sessions.first() };
        number.copied().unwrap_or(TransactionId(4_000_000))
    }

    /// Time ends what is still open.
    pub(super) fn end_session(&mut self) {
        let session = self.order.as_ref().and_then(|order| order.session);
        if session.is_some_and(|session| session.ended.is_none()) {
            self.tell_in_time(Command::EndSession).unwrap();
        }
        assert!(self.tell(Command::EndSession).is_err(), "a session ends once");
        assert!(!self.timers.contains(&Timer::Session));
        let offered = self.order.as_ref().is_some_and(|it| it.payment.state == State::Offered);
        assert!(!offered, "what nobody paid in time is no longer offered");
    }

    pub(super) fn check_sessions(&mut self) {
        let Some(order) = &self.order else { return };
        let is_open = order.session.is_some_and(|session| session.ended.is_none());
        assert_eq!(is_open, self.timers.contains(&Timer::Session), "each open session has its end");
        assert!(!(is_open && order.is_paid()), "what is paid is not paid again");
        if let (Some(session), Some(authorization)) = (order.session, order.payment.authorization())
        {
            let paid = self.paid.entry(session.number.0).or_default();
            paid.insert(authorization.trace.rrn.clone());
            assert_eq!(paid.len(), 1, "a session is paid once");
        }
    }
}

const OFFER: Step = Step::Offer { is_link: false, lasts_ms: HOUR_MS };
const LINK: Step = Step::Offer { is_link: true, lasts_ms: HOUR_MS };
const PAY: Step =
    Step::PayOnPage { newest: true, refused: false, verification: Ver::Skipped, manual: false };
const WAITS: Step =
    Step::PayOnPage { newest: true, refused: false, verification: Ver::Challenge, manual: false };
const DECLINED: Step = Step::Answer {
    host_approves: false,
    heard: Heard::Everything,
    hold: false,
    right_rrn: true,
    single: false,
};

fn end(world: &World) -> Option<SessionEnd> {
    world.order.as_ref().unwrap().session.unwrap().ended
}

#[test]
fn a_page_that_nobody_uses_lapses_and_the_shop_is_told_once() {
    let mut world = check(&[OFFER, Step::EndSession], ("cancelled", "cancelled"));
    assert_eq!((end(&world), world.notified), (Some(SessionEnd::Expired), 1));
    assert_eq!(world.order.as_ref().unwrap().financial_status(WHOLE), None);
    assert_eq!(world.tell(Command::Cancel), Err(Refusal::AlreadySo));
    world.close();
}

#[test]
fn a_declined_card_leaves_the_page_and_an_approved_one_ends_it() {
    let mut world = check(&[OFFER, PAY, DECLINED], ("declined", "declined"));
    assert_eq!(end(&world), None);
    world.step(PAY);
    world.step(APPROVED);
    assert_eq!(end(&world), Some(SessionEnd::Paid));
    let before = world.order.clone();
    world.step(PAY);
    assert_eq!(world.order, before);
    assert_eq!(world.sent, 2);
    world.close();
}

#[test]
fn a_second_card_takes_the_place_of_one_that_waits_and_not_of_one_on_its_way() {
    let world = check(&[OFFER, WAITS, PAY], ("initialized", "initialized"));
    assert_eq!((world.sent, world.order.as_ref().unwrap().counters.attempts), (1, 2));
    let mut world = check(&[OFFER, PAY, PAY], ("initialized", "initialized"));
    assert_eq!((world.sent, world.order.as_ref().unwrap().counters.attempts), (1, 1));
    world.step(APPROVED);
    world.close();
}

#[test]
fn an_attempt_under_way_outlives_the_page() {
    let mut world = check(&[OFFER, WAITS, Step::EndSession], ("initialized", "initialized"));
    world.step(passed());
    world.step(APPROVED);
    assert_eq!(world.order.as_ref().unwrap().status(WHOLE), ("completed", "completed"));
    assert_eq!(end(&world), Some(SessionEnd::Expired));
    world.close();
}

#[test]
fn a_new_page_takes_the_place_of_the_old_one() {
    let mut world = check(&[OFFER, WAITS, LINK], ("initialized", "initialized"));
    assert!(world.cvc.is_empty(), "the code of the card that waited is gone");
    let first = Step::PayOnPage {
        newest: false,
        refused: false,
        verification: Ver::Skipped,
        manual: false,
    };
    world.step(first);
    assert_eq!(world.sent, 0);
    world.step(PAY);
    world.step(APPROVED);
    world.close();
}

#[test]
fn a_link_is_shown_as_often_as_the_limit_and_can_be_paid_still() {
    let mut world = check(&[LINK], ("initialized", "initialized"));
    let number = world.sessions[0];
    for _ in 0..LINK_OPENINGS_MAX {
        world.tell(Command::ShowPage { number, entry: Entry::Link }).unwrap();
    }
    assert_eq!(world.tell(Command::ShowPage { number, entry: Entry::Link }), Err(Refusal::TooMany));
    world.step(PAY);
    world.step(APPROVED);
    world.close();
}
