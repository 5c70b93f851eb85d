//! Chargebacks and disputes, step by step; the histories of the parent module mix them with all
//! that may happen besides.

use super::*;
use crate::chargeback::{
    CHARGEBACKS_MAX, EVIDENCE_FILES_MAX, Outcome, RESPONSE_AMEX_MS, RESPONSE_MS, Stage,
    issuer_bears_fraud, response_ms,
};

const COMPLETED: (&str, &str) = ("completed", "completed");
const CHARGED_BACK: (&str, &str) = ("chargedback", "completed");

fn taken(amount: i64) -> Step {
    Step::ChargeBack { sale: 0, amount: Some(amount), says_fraud: false, reference: 1 }
}

fn then(step: DisputeStep) -> Step {
    Step::Dispute { number: 1, step }
}

fn won() -> Step {
    then(DisputeStep::Win { credit_id: TransactionId(0) })
}

fn stage(world: &World) -> Stage {
    world.order.as_ref().unwrap().trail.chargeback(1).unwrap().stage
}

fn claim(amount: Option<i64>, reference: &str) -> Command {
    Command::ChargeBack(Claim {
        sale: WHOLE,
        transaction_id: TransactionId(7),
        credit_id: TransactionId(8),
        amount,
        reason_code: "13.1".into(),
        reference: reference.into(),
        at: None,
        due: None,
    })
}

#[test]
fn a_dispute_that_is_won_brings_the_money_and_the_status_back() {
    use DisputeStep::*;
    let mut steps = vec![OPEN, APPROVED, taken(AMOUNT)];
    check(&steps, CHARGED_BACK).close();
    for (step, expected) in [
        (Open, Stage::Open),
        (AddFile, Stage::Open),
        (Submit, Stage::Submitted),
        (AskMore { due: 1000 }, Stage::Ready),
        (AddFile, Stage::Ready),
        (Submit, Stage::Submitted),
        (Process, Stage::Processed),
    ] {
        steps.push(then(step));
        let world = check(&steps, CHARGED_BACK);
        assert_eq!(stage(&world), expected);
        world.close();
    }
    steps.push(won());
    let world = check(&steps, COMPLETED);
    assert!(matches!(stage(&world), Stage::Closed(Outcome::Won(_))));
    assert_eq!(Balances::of(world.order.as_ref().unwrap()).get(Account::ChargedBack), 0);
    world.close();
}

#[test]
fn a_dispute_that_is_lost_leaves_the_money_gone() {
    use DisputeStep::*;
    let steps = [OPEN, APPROVED, taken(AMOUNT), then(AddFile), then(Submit), then(Lose)];
    let world = check(&steps, CHARGED_BACK);
    assert_eq!(stage(&world), Stage::Closed(Outcome::Lost));
    assert_eq!(Balances::of(world.order.as_ref().unwrap()).get(Account::ChargedBack), AMOUNT);
    world.close();
}

#[test]
fn who_does_not_answer_in_time_accepts() {
    let mut steps = vec![OPEN, APPROVED, taken(1), then(DisputeStep::AddFile)];
    steps.push(Step::Wait(RESPONSE_MS - 1));
    steps.push(then(DisputeStep::LetPass));
    assert_eq!(stage(&check(&steps, CHARGED_BACK)), Stage::Open, "a millisecond is left");
    steps.extend([Step::Wait(1), then(DisputeStep::LetPass)]);
    let mut world = check(&steps, CHARGED_BACK);
    assert_eq!(stage(&world), Stage::Accepted);
    for late in [DisputeStep::AddFile, DisputeStep::Submit, DisputeStep::Open] {
        let command = Command::Dispute { number: 1, step: late };
        assert_eq!(world.tell(command), Err(Refusal::NotInThisState), "{late:?}");
    }
    world.close();
    assert_eq!(response_ms(Some(Brand::Amex)), RESPONSE_AMEX_MS);
}

#[test]
fn a_due_date_that_was_moved_counts_from_then_on() {
    use DisputeStep::*;
    let day = 86_400_000;
    let mut steps = vec![OPEN, APPROVED, taken(1), then(AddFile), then(Submit)];
    steps.extend([Step::Wait(RESPONSE_MS), then(LetPass)]);
    assert_eq!(stage(&check(&steps, CHARGED_BACK)), Stage::Submitted, "nobody is waited for");
    steps.extend([then(AskMore { due: day }), Step::Wait(day - 1), then(LetPass)]);
    assert_eq!(stage(&check(&steps, CHARGED_BACK)), Stage::Ready);
    steps.extend([Step::Wait(1), then(LetPass)]);
    assert_eq!(stage(&check(&steps, CHARGED_BACK)), Stage::Accepted);
}

/// Every step in every stage: what is not listed is refused and changes nothing.
#[test]
fn each_stage_takes_its_own_steps_only() {
    use DisputeStep::*;
    let (ask, win) = (AskMore { due: 5 }, Win { credit_id: TransactionId(0) });
    let all = [Accept, LetPass, Open, AddFile, Submit, ask, Process, win, Lose];
    let ways: [(&[DisputeStep], &[DisputeStep]); 9] = [
        (&[], &[Accept, Open, AddFile, win]),
        (&[Open], &[Accept, AddFile, Submit, win]),
        (&[Open, Submit], &[ask, Process, win, Lose]),
        (&[Open, Submit, ask], &[Accept, AddFile, Submit, win]),
        (&[Open, Submit, Process], &[win, Lose]),
        (&[Accept], &[]),
        (&[win], &[]),
        (&[Open, Submit, win], &[]),
        (&[Open, Submit, Lose], &[]),
    ];
    for (way, taken_there) in ways {
        for step in all {
            let mut world = World::default();
            for step in [OPEN, APPROVED, taken(AMOUNT)] {
                world.step(step);
            }
            for step in way {
                world.dispute(1, *step).unwrap();
            }
            let outcome = world.dispute(1, step);
            assert_eq!(outcome.is_ok(), taken_there.contains(&step), "{way:?} then {step:?}");
            world.check_now();
            world.close();
        }
    }
}

#[test]
fn the_same_case_is_taken_once_and_another_one_under_its_name_never() {
    let mut world = check(&[OPEN, APPROVED], COMPLETED);
    world.tell(claim(Some(100), "case")).unwrap();
    assert_eq!(world.tell(claim(Some(100), "case")), Err(Refusal::AlreadySo));
    assert_eq!(world.tell(claim(None, "case")), Err(Refusal::AlreadySo));
    assert_eq!(world.tell(claim(Some(101), "case")), Err(Refusal::ReferenceTaken));
    let number = 2;
    let unknown = Command::Dispute { number, step: DisputeStep::Open };
    assert_eq!(world.tell(unknown), Err(Refusal::NoChargeback));
    let mut unpaid = check(&[MANUAL, APPROVED], ("completed", "initialized"));
    assert_eq!(unpaid.tell(claim(Some(1), "case")), Err(Refusal::NotSold));
}

#[test]
fn chargebacks_are_at_most_what_was_captured_and_not_given_back() {
    let mut world = check(&[OPEN, APPROVED, refund(0, 4000), paid_back(1)], {
        ("partial_refunded", "completed")
    });
    for amount in [0, -1] {
        assert_eq!(world.tell(claim(Some(amount), "case")), Err(Refusal::AmountOutOfBounds));
    }
    assert_eq!(world.tell(claim(Some(996), "case")), Err(Refusal::MoreThanLeft));
    world.tell(claim(None, "case")).unwrap();
    assert_eq!(world.order.as_ref().unwrap().trail.chargebacks[0].amount, 995);
    assert_eq!(world.tell(claim(None, "another")), Err(Refusal::MoreThanLeft));
}

#[test]
fn what_was_charged_back_is_not_given_back_as_well() {
    let mut world = check(&[OPEN, APPROVED, taken(4000)], CHARGED_BACK);
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
    world.tell(asked(Some(995))).unwrap();
    assert_eq!(world.tell(asked(None)), Err(Refusal::MoreThanLeft));
    world.step(won());
    world.tell(asked(Some(4000))).unwrap();
    world.close();
}

#[test]
fn a_refund_that_waits_gives_way_and_one_on_its_way_does_not() {
    let later = |amount| Step::Refund { sale: 0, amount: Some(amount), now: false };
    let steps = [OPEN, APPROVED, later(1000), later(2000), later(500), taken(AMOUNT - 1000)];
    let world = check(&steps, CHARGED_BACK);
    let states: Vec<&str> =
        world.order.as_ref().unwrap().trail.refunds.iter().map(|it| it.state.status()).collect();
    assert_eq!(states, ["reserved", "void", "void"], "the newest first, and no more than needed");
    assert_eq!(world.timers.len(), 2);
    world.close();

    let mut world = check(&[OPEN, APPROVED, refund(0, 1000)], COMPLETED);
    assert_eq!(world.tell(claim(Some(AMOUNT - 999), "case")), Err(Refusal::MoreThanLeft));
    world.tell(claim(None, "case")).unwrap();
    assert_eq!(world.order.as_ref().unwrap().trail.chargebacks[0].amount, AMOUNT - 1000);
    world.host.charged_back += AMOUNT - 1000;
    world.step(paid_back(1));
    world.close();
}

#[test]
fn a_chargeback_of_one_capture_leaves_the_others_alone() {
    let on_first = Step::ChargeBack { sale: 1, amount: None, says_fraud: false, reference: 1 };
    let steps = [MANUAL, APPROVED, capture(4000), capture(995), on_first];
    let world = check(&steps, COMPLETED);
    let order = world.order.as_ref().unwrap();
    assert_eq!((order.status(1), order.status(2)), (CHARGED_BACK, COMPLETED));
    assert_eq!(order.trail.charged_back(1), 4000);
    world.close();
}

#[test]
fn fraud_that_the_issuer_bears_is_won_at_once() {
    let fraud = Step::ChargeBack { sale: 0, amount: None, says_fraud: true, reference: 1 };
    let world = check(&[CHALLENGE, passed(), APPROVED, fraud.clone()], COMPLETED);
    assert!(matches!(stage(&world), Stage::Closed(Outcome::Won(_))));
    let order = world.order.as_ref().unwrap();
    assert!(issuer_bears_fraud(&order.payment));
    assert_eq!(order.trail.fees.len(), 1, "only the payment's");
    assert!(world.timers.is_empty());
    world.close();

    let goods = Step::ChargeBack { sale: 0, amount: None, says_fraud: false, reference: 1 };
    check(&[CHALLENGE, passed(), APPROVED, goods], CHARGED_BACK).close();
    let world = check(&[OPEN, APPROVED, fraud], CHARGED_BACK);
    let fees = &world.order.as_ref().unwrap().trail.fees;
    assert_eq!((fees.len(), fees[1].transaction_id.0 > 2_000_000), (2, true));
    world.close();
}

#[test]
fn files_and_cases_are_bounded() {
    let mut world = check(&[OPEN, APPROVED, taken(1)], CHARGED_BACK);
    let add = || Command::Dispute { number: 1, step: DisputeStep::AddFile };
    for _ in 0..EVIDENCE_FILES_MAX {
        world.tell(add()).unwrap();
    }
    assert_eq!(world.tell(add()), Err(Refusal::TooMany));
    let case = world.order.as_ref().unwrap().trail.chargebacks[0].clone();
    assert_eq!((case.files.first(), case.files.last()), (Some(&1), Some(&10)));
    for number in 1..CHARGEBACKS_MAX {
        world.tell(claim(Some(1), &format!("more-{number}"))).unwrap();
    }
    assert_eq!(world.tell(claim(Some(1), "one more")), Err(Refusal::TooMany));
}
