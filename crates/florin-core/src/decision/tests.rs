//! Generated histories of one order, told to the core and, beside it, to a naive model of the
//! acquirer's host. After each history the owed messages are delivered, and the books must agree.

mod chargebacks;
mod parts;
mod providers;
mod reminders;
mod sessions;
mod steps;
mod time;
mod world;

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;
use crate::card::Brand;
use crate::ledger::{Account, Balances, is_balanced};
use crate::money::{Currency, Money};
use crate::payment::{
    AnswerFacts, AuthenticationFlow, AuthenticationResult, AuthenticationStatus, Challenge, Reason,
    Rules, State, Unauthenticated, Waiting,
};
use crate::tariff::{FeeKind, Tariff, TariffRule};
use crate::trail::{RefundState, RefundWords, WHOLE};
use steps::*;
use world::*;

proptest! {
    #![proptest_config(ProptestConfig { cases: 4_000, ..ProptestConfig::default() })]

    #[test]
    fn no_history_creates_money_loses_money_or_leaves_a_hold_without_an_owner(
        steps in prop::collection::vec(step(), 1..40)
    ) {
        let mut world = World::default();
        for step in steps {
            world.step(step);
        }
        world.close();
    }
}

/// Tells an order its history and says in which pair of statuses it ends.
fn check(steps: &[Step], expected: (&str, &str)) -> World {
    let mut world = World::default();
    for step in steps {
        world.step(step.clone());
    }
    assert_eq!(world.order.as_ref().unwrap().status(WHOLE), expected);
    world
}

const OPEN: Step = Step::Open { refused: false, verification: Ver::Skipped, manual: false };
const CHALLENGE: Step = Step::Open { refused: false, verification: Ver::Challenge, manual: false };
const APPROVED: Step = Step::Answer {
    host_approves: true,
    heard: Heard::Everything,
    hold: false,
    right_rrn: true,
    single: false,
};
const SOFT: Step = Step::Answer {
    host_approves: false,
    heard: Heard::SoftDecline,
    hold: false,
    right_rrn: true,
    single: false,
};

fn passed() -> Step {
    Step::Verify {
        right_transaction: true,
        verification: Ver::Finished(AuthenticationStatus::Authenticated),
    }
}

#[test]
fn a_challenge_that_is_passed_leads_to_one_authorization() {
    let world =
        check(&[CHALLENGE, passed(), passed(), APPROVED, passed()], ("completed", "completed"));
    assert_eq!(world.sent, 1);
    world.close();
}

#[test]
fn a_soft_decline_steps_up_once() {
    let again = Step::Verify { right_transaction: true, verification: Ver::Challenge };
    let world = check(&[OPEN, SOFT, again, passed(), SOFT], ("declined", "declined"));
    assert_eq!(world.sent, 2);
    world.close();
}

#[test]
fn a_paid_order_refuses_a_new_attempt_and_a_declined_one_takes_it() {
    let mut paid = check(&[OPEN, APPROVED], ("completed", "completed"));
    let before = paid.order.clone();
    paid.step(OPEN);
    assert_eq!(paid.order, before);

    let declined = Step::Open { refused: true, verification: Ver::Skipped, manual: false };
    check(&[declined, OPEN, APPROVED], ("completed", "completed")).close();
}

#[test]
fn a_superseded_challenge_authorizes_nothing() {
    let mut world = check(&[CHALLENGE], ("initialized", "initialized"));
    let State::Authenticating(Waiting::Challenge(old)) = world.order.clone().unwrap().payment.state
    else {
        panic!("a challenge is open");
    };
    world.step(CHALLENGE);
    let verification = world.verification(Ver::Finished(AuthenticationStatus::Authenticated));
    let trace = world.trace();
    let command =
        Command::Verify { server_trans_id: Some(old.server_trans_id), verification, trace };
    assert_eq!(world.tell(command), Err(Refusal::NotWaiting));
    assert_eq!(world.sent, 0);
}

#[test]
fn a_score_above_8_is_not_the_merchants_to_decide() {
    for (score, by, allowed) in [
        (8, Decider::Merchant, true),
        (8, Decider::Risk, true),
        (9, Decider::Merchant, false),
        (9, Decider::Risk, true),
        (10, Decider::Timer, true),
    ] {
        for verdict in [ReviewVerdict::Accept, ReviewVerdict::Decline] {
            let mut world = World::default();
            world.step(OPEN);
            let rrn = world.on_its_way().unwrap();
            let answer = HostAnswer::Approved(AnswerFacts::default());
            let hold = Some(Review { score, default: ReviewVerdict::Decline, until: 5_000 });
            let capture = Capture::Follows(world.trace());
            world.tell(Command::Answer { rrn, answer, hold, capture }).unwrap();
            world.now = 5_000;
            let capture = Capture::Follows(world.trace());
            let told = world.tell(Command::Review { verdict, by, capture: capture.clone() });
            assert_eq!(told, if allowed { Ok(()) } else { Err(Refusal::ReservedForRisk) });
            let accepted = allowed && verdict == ReviewVerdict::Accept;
            let owed = |is: fn(&Owed) -> bool| world.owed.values().filter(|it| is(it)).count();
            let captures = owed(|it| matches!(it, Owed::Capture(_)));
            assert_eq!(captures, usize::from(accepted));
            let reversals = owed(|it| matches!(it, Owed::Reversal(_)));
            assert_eq!(reversals, usize::from(allowed && !accepted));
            if allowed {
                // The second decision finds nothing to decide on.
                let again = world.tell(Command::Review { verdict, by: Decider::Risk, capture });
                assert_eq!(again, Err(Refusal::NotUnderReview));
            }
        }
    }
}

const MANUAL: Step = Step::Open { refused: false, verification: Ver::Skipped, manual: true };

fn capture(amount: i64) -> Step {
    Step::Capture { amount: Some(amount) }
}

fn refund(sale: u32, amount: i64) -> Step {
    Step::Refund { sale, amount: Some(amount), now: true }
}

fn paid_back(number: u32) -> Step {
    Step::RefundAnswer { number, host_approves: true, heard: Heard::Everything }
}

#[test]
fn the_whole_captured_by_hand_is_the_order_itself() {
    let world = check(&[MANUAL, APPROVED, capture(AMOUNT)], ("completed", "completed"));
    assert!(world.order.as_ref().unwrap().trail.captures.is_empty());
    world.close();
}

#[test]
fn captures_in_part_are_sales_of_their_own_and_the_last_one_completes_the_order() {
    let steps = [MANUAL, APPROVED, capture(4000), capture(996), capture(995)];
    let world = check(&steps, ("completed", "completed"));
    let order = world.order.as_ref().unwrap();
    let sold: Vec<i64> = order.sales().map(|sale| sale.amount.minor).collect();
    assert_eq!(sold, [4000, 995], "the order itself sold nothing");
    world.close();

    let open = check(&steps[..3], ("completed", "initialized"));
    assert_eq!(open.order.as_ref().unwrap().capturable(), 995);
    open.close();
}

#[test]
fn what_is_left_is_released_once() {
    let mut world = check(&[MANUAL, APPROVED, Step::Release], ("void", "void"));
    assert_eq!(world.tell(Command::Release), Err(Refusal::NotInThisState));
    world.close();
    let parted = check(&[MANUAL, APPROVED, capture(1), Step::EndHold], ("completed", "completed"));
    parted.close();
}

#[test]
fn more_than_what_is_left_is_not_captured() {
    let mut world = check(&[MANUAL, APPROVED, capture(4000)], ("completed", "initialized"));
    for amount in [996, 0, -1, i64::MAX] {
        let (trace, transaction_id) = (world.trace(), TransactionId(9));
        let sale = NewSale { transaction_id, order_id: "x".into() };
        let command = Command::Capture { amount: Some(amount), sale, trace };
        assert_eq!(world.tell(command), Err(Refusal::AmountOutOfBounds));
    }
    world.close();
}

#[test]
fn an_increment_adds_to_what_can_be_captured() {
    let answered = Step::IncrementAnswer { host_approves: true, heard: Heard::Everything };
    let steps = [MANUAL, APPROVED, Step::Increment { amount: 5 }, answered, capture(AMOUNT + 5)];
    check(&steps, ("completed", "completed")).close();
    let lost = Step::IncrementAnswer { host_approves: true, heard: Heard::Nothing };
    let steps = [MANUAL, APPROVED, Step::Increment { amount: 5 }, lost, capture(AMOUNT)];
    check(&steps, ("completed", "completed")).close();
}

#[test]
fn a_reversal_names_the_amount_of_the_request_and_not_what_increments_made_of_it() {
    for heard in [Heard::Everything, Heard::Nothing] {
        let answered = Step::IncrementAnswer { host_approves: true, heard };
        let steps = [MANUAL, APPROVED, Step::Increment { amount: 5 }, answered, Step::Release];
        let world = check(&steps, ("void", "void"));
        let released = world.owed.values().find_map(|owed| match owed {
            Owed::Reversal(reversal) if reversal.reason != ReversalReason::TimeOut => {
                Some(reversal)
            }
            _ => None,
        });
        assert_eq!(released.map(|reversal| reversal.amount.minor), Some(AMOUNT));
        world.close();
    }
}

#[test]
fn nothing_ends_an_authorization_while_an_increment_is_on_its_way() {
    let steps = [MANUAL, APPROVED, Step::Increment { amount: 5 }];
    let mut world = check(&steps, ("completed", "initialized"));
    let trace = world.trace();
    let sale = NewSale { transaction_id: TransactionId(9), order_id: "x".into() };
    let all = Command::Capture { amount: None, sale, trace };
    for command in [all, Command::Release, Command::EndHold] {
        assert_eq!(world.tell(command), Err(Refusal::NotInThisState));
    }
    world.step(capture(AMOUNT - 1));
    world.close();
}

#[test]
fn refunds_are_at_most_what_was_captured_and_show_when_they_are_confirmed() {
    let paid = [OPEN, APPROVED, refund(0, 4000)];
    let mut world = check(&paid, ("completed", "completed"));
    world.step(paid_back(1));
    assert_eq!(world.order.as_ref().unwrap().status(WHOLE), ("partial_refunded", "completed"));
    let asked = |amount| {
        Command::Refund(RefundOrder {
            sale: WHOLE,
            transaction_id: TransactionId(5),
            amount,
            words: RefundWords::default(),
            settlement: Settlement::At(5),
        })
    };
    assert_eq!(world.tell(asked(Some(996))), Err(Refusal::MoreThanLeft));
    assert_eq!(world.tell(asked(Some(4000))), Err(Refusal::RefundRepeated));
    world.tell(asked(None)).unwrap();
    assert_eq!(world.tell(asked(None)), Err(Refusal::MoreThanLeft));
    world.tell(Command::VoidRefund { number: 2 }).unwrap();
    world.tell(asked(Some(995))).unwrap();
    world.step(Step::SettleRefund { number: 3 });
    world.step(paid_back(3));
    assert_eq!(world.order.as_ref().unwrap().status(WHOLE), ("refunded", "completed"));
    assert_eq!(world.tell(asked(Some(1))), Err(Refusal::NotRefundable));
    world.close();
}

#[test]
fn a_refund_in_doubt_is_undone_before_it_is_sent_anew() {
    let lost = Step::RefundAnswer { number: 1, host_approves: true, heard: Heard::Nothing };
    let mut world = check(&[OPEN, APPROVED, refund(0, 100), lost], ("completed", "completed"));
    let owed: Vec<&Owed> = world.owed.values().collect();
    assert!(
        matches!(
            owed[..],
            [Owed::Capture(_), Owed::Reversal(_), Owed::Refund(_)]
                | [Owed::Reversal(_), Owed::Refund(_)]
        ),
        "one leaves strictly after the other, in the order of their numbers: {owed:?}"
    );
    world.step(paid_back(1));
    assert_eq!(world.order.as_ref().unwrap().status(WHOLE), ("partial_refunded", "completed"));
    world.close();
}

#[test]
fn a_refund_is_given_up_after_as_many_tries_as_the_limit() {
    let mut world = check(&[OPEN, APPROVED, refund(0, 100)], ("completed", "completed"));
    for _ in 0..crate::trail::REFUND_TRIES_MAX {
        let later = Step::RefundAnswer { number: 1, host_approves: false, heard: Heard::NotSent };
        world.step(later);
    }
    let refund = world.order.as_ref().unwrap().trail.refund(1).unwrap().clone();
    assert_eq!(refund.state.status(), "declined");
    world.close();
}

#[test]
fn a_cancel_wins_over_an_authorization_that_it_overtakes() {
    let mut world = check(&[OPEN, Step::Cancel], ("void", "cancelled"));
    let rrn = world.earlier[0].clone();
    let answer = HostAnswer::Approved(AnswerFacts::default());
    let capture = Capture::Follows(world.trace());
    let late = Command::Answer { rrn, answer, hold: None, capture };
    assert_eq!(world.tell(late), Err(Refusal::NotOnItsWay));
    assert_eq!(world.tell(Command::Cancel), Err(Refusal::AlreadySo));
    world.close();
    let mut paid = check(&[OPEN, APPROVED], ("completed", "completed"));
    assert_eq!(paid.tell(Command::Cancel), Err(Refusal::NotInThisState));
}

#[test]
fn shipping_changes_no_money() {
    let mut world = check(&[OPEN, APPROVED, Step::Ship { sale: 0 }], ("shipped", "completed"));
    assert_eq!(world.tell(Command::Ship { sale: 0, provider_paid: true }), Err(Refusal::AlreadySo));
    world.step(refund(0, 1));
    world.step(paid_back(1));
    assert_eq!(world.order.as_ref().unwrap().status(WHOLE), ("partial_refunded", "completed"));
    world.close();
}
