//! Generated histories of one order, told to the core and, beside it, to a naive model of the
//! acquirer's host. After each history the owed messages are delivered, and the books must agree.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;
use crate::money::Currency;
use crate::payment::{AuthenticationFlow, Challenge, Rules};

/// What may come from outside, in any order and any number.
#[derive(Clone, Debug)]
enum Step {
    Open {
        refused: bool,
        verification: Ver,
    },
    Verify {
        right_transaction: bool,
        verification: Ver,
    },
    /// The host handles the request; what reaches us of its answer.
    Answer {
        host_approves: bool,
        heard: Heard,
        hold: bool,
        right_rrn: bool,
        single: bool,
    },
    Recover {
        host_had_approved: bool,
    },
    Expire,
    Review {
        accept: bool,
    },
    /// The answer to an earlier request comes after all.
    Late,
}

#[derive(Clone, Copy, Debug)]
enum Ver {
    Skipped,
    NotEnrolled,
    Page,
    Challenge,
    Finished(AuthenticationStatus),
}

#[derive(Clone, Copy, Debug)]
enum Heard {
    Everything,
    SoftDecline,
    Nothing,
    /// The request never left.
    NotSent,
}

#[derive(Default, Debug)]
struct Host {
    /// By RRN: approved and not undone.
    holds: BTreeMap<String, bool>,
    captured: BTreeMap<String, i64>,
}

#[derive(Default)]
struct World {
    order: Option<Order>,
    host: Host,
    guards: BTreeMap<u32, String>,
    reversals: BTreeMap<u32, String>,
    captures: BTreeMap<u32, (String, i64)>,
    cvc: std::collections::BTreeSet<u32>,
    stan: u32,
    earlier: Vec<String>,
    notified: u32,
    sent: u32,
}

const AMOUNT: i64 = 4995;

impl World {
    fn trace(&mut self) -> Trace {
        self.stan += 1;
        Trace {
            stan: self.stan,
            rrn: format!("6326140{:05}", self.stan),
            transmitted_at: 0,
            terminal_id: "FLRN0001".into(),
        }
    }

    fn verification(&mut self, ver: Ver) -> Verification {
        match ver {
            Ver::Skipped => Verification::Skipped,
            Ver::NotEnrolled => Verification::NotEnrolled,
            Ver::Page => Verification::Pending(Waiting::Page { mandate: false }),
            Ver::Challenge => {
                self.stan += 1;
                Verification::Pending(Waiting::Challenge(Challenge {
                    server_trans_id: format!("server-{}", self.stan),
                    acs_trans_id: "acs".into(),
                    ds_trans_id: "ds".into(),
                    version: "2.2.0".into(),
                    acs_url: "https://acs.example/".into(),
                }))
            }
            Ver::Finished(status) => Verification::Finished(AuthenticationResult {
                status,
                flow: AuthenticationFlow::Frictionless,
                eci: None,
                value: None,
                acs_trans_id: None,
                ds_trans_id: None,
                version: None,
                status_reason: None,
                challenge_cancel: None,
            }),
        }
    }

    fn tell(&mut self, command: Command) -> Result<(), Refusal> {
        let before = self.order.clone();
        let decision = decide(self.order.as_ref(), command.clone(), 1_000)?;
        let again = decide(before.as_ref(), command, 1_000).unwrap();
        assert_eq!(decision, again, "same inputs, same decision");
        for effect in &decision.effects {
            match effect {
                Effect::GuardRequest { advice, trace, .. } => {
                    assert!(self.guards.insert(advice.0, trace.rrn.clone()).is_none());
                    assert!(!self.reversals.contains_key(&advice.0));
                    assert!(!self.captures.contains_key(&advice.0));
                }
                Effect::ReleaseGuard(advice) => {
                    assert!(self.guards.remove(&advice.0).is_some(), "a guard is released once");
                }
                Effect::OweReversal { advice, original, .. } => {
                    self.guards.remove(&advice.0);
                    assert!(self.reversals.insert(advice.0, original.rrn.clone()).is_none());
                }
                Effect::OweCapture { advice, original, .. } => {
                    let owed = (original.trace.rrn.clone(), original.amount.minor);
                    assert!(self.captures.insert(advice.0, owed).is_none());
                    assert!(!self.reversals.contains_key(&advice.0));
                }
                Effect::SendAuthorization(_) => self.sent += 1,
                Effect::KeepCvc { card } => assert!(self.cvc.insert(*card)),
                Effect::EraseCvc { card } => assert!(self.cvc.remove(card)),
                Effect::Notify { .. } => self.notified += 1,
                Effect::StartStepUp | Effect::StartTimer(..) | Effect::StopTimer(_) => {}
            }
        }
        let mut order = before;
        for event in &decision.events {
            order = Some(evolve(order, event, 1_000));
        }
        let replayed = order.as_ref().map(|order| &order.payment);
        assert_eq!(replayed, Some(&decision.order.payment), "the events tell the whole story");
        self.order = Some(decision.order);
        Ok(())
    }

    /// The authorization on its way, if there is one.
    fn on_its_way(&self) -> Option<String> {
        match &self.order.as_ref()?.payment.state {
            State::Authorizing { trace, .. } => Some(trace.rrn.clone()),
            _ => None,
        }
    }

    fn step(&mut self, step: Step) {
        let before = self.order.clone();
        let outcome = match step {
            Step::Open { refused, verification } => {
                let opening = Opening {
                    transaction_id: TransactionId(i64::from(self.stan)),
                    amount: Money::new(AMOUNT, Currency::EUR),
                    brand: Some(Brand::Visa),
                    rules: Rules {
                        when_unavailable: Unauthenticated::Decline,
                        when_not_enrolled: Unauthenticated::Proceed,
                        payer_present: true,
                        expires_after_ms: 3_600_000,
                    },
                    refused: refused.then(|| Reason::new("4005", "Expired card")),
                    verification: self.verification(verification),
                    trace: self.trace(),
                };
                self.tell(Command::Open(opening))
            }
            Step::Verify { right_transaction, verification } => {
                let open = self.order.as_ref().and_then(|order| match &order.payment.state {
                    State::Authenticating(Waiting::Challenge(open)) => {
                        Some(open.server_trans_id.clone())
                    }
                    _ => None,
                });
                let server_trans_id =
                    if right_transaction { open } else { Some("somebody else's".into()) };
                let verification = self.verification(verification);
                let trace = self.trace();
                self.tell(Command::Verify { server_trans_id, verification, trace })
            }
            Step::Answer { host_approves, heard, hold, right_rrn, single } => {
                let Some(rrn) = self.on_its_way() else { return };
                let told = if right_rrn { rrn.clone() } else { "000000000000".into() };
                let facts = AnswerFacts { response_code: "00".into(), ..AnswerFacts::default() };
                let reason = Reason::new("4001", "Do not honor");
                let answer = match (heard, host_approves) {
                    (Heard::NotSent, _) => HostAnswer::NotSent(reason),
                    (Heard::Nothing, _) => {
                        HostAnswer::Unanswered { reason, reverse: ReversalReason::TimeOut }
                    }
                    (_, true) => HostAnswer::Approved(facts),
                    (Heard::SoftDecline, false) => HostAnswer::Declined {
                        facts,
                        reason,
                        kind: DeclineKind::Soft,
                        reverse: None,
                    },
                    (Heard::Everything, false) => HostAnswer::Declined {
                        facts,
                        reason,
                        kind: DeclineKind::Final,
                        reverse: None,
                    },
                };
                let hold = hold.then_some(Review {
                    score: 7,
                    default: ReviewVerdict::Decline,
                    until: 5_000,
                });
                if right_rrn && !matches!(heard, Heard::NotSent) {
                    self.host.holds.insert(rrn.clone(), host_approves);
                }
                if right_rrn {
                    self.earlier.push(rrn);
                }
                // A single message captures in the approval itself, so a review cannot hold it.
                let capture = if single && hold.is_none() {
                    if right_rrn && host_approves && matches!(answer, HostAnswer::Approved(_)) {
                        self.host.captured.insert(told.clone(), AMOUNT);
                    }
                    Capture::Included
                } else {
                    Capture::Follows(self.trace())
                };
                self.tell(Command::Answer { rrn: told, answer, hold, capture })
            }
            Step::Recover { host_had_approved } => {
                let Some(rrn) = self.on_its_way() else { return };
                self.host.holds.insert(rrn.clone(), host_had_approved);
                self.earlier.push(rrn.clone());
                self.tell(Command::Recover { rrn })
            }
            Step::Expire => self.tell(Command::Expire),
            Step::Review { accept } => {
                let verdict = if accept { ReviewVerdict::Accept } else { ReviewVerdict::Decline };
                let capture = self.trace();
                self.tell(Command::Review { verdict, by: Decider::Timer, capture })
            }
            Step::Late => {
                let Some(rrn) = self.earlier.last().cloned() else { return };
                let answer = HostAnswer::Approved(AnswerFacts::default());
                let capture = Capture::Follows(self.trace());
                let outcome = self.tell(Command::Answer { rrn, answer, hold: None, capture });
                assert_eq!(outcome, Err(Refusal::NotOnItsWay), "a late answer changes nothing");
                outcome
            }
        };
        if outcome.is_err() {
            assert_eq!(self.order, before, "a refusal changes nothing");
        }
        self.check_now();
    }

    fn check_now(&self) {
        let Some(order) = &self.order else { return };
        assert!(!matches!(order.payment.state, State::Opened));
        let allowed = [
            ("initialized", "initialized"),
            ("completed", "completed"),
            ("uncleared", "uncleared"),
            ("declined", "declined"),
            ("expired", "expired"),
            ("void", "void"),
        ];
        assert!(allowed.contains(&order.payment.status()));
        assert_eq!(order.payment.cvc_kept, !self.cvc.is_empty());
        assert!(self.cvc.len() <= 1, "only the newest attempt may keep a code");
        if order.payment.is_final() {
            assert!(self.cvc.is_empty(), "a code outlived its authorization");
        }
        // Exactly the request that is on its way is guarded.
        let guarded: Vec<&String> = self.guards.values().collect();
        let on_its_way = self.on_its_way();
        assert_eq!(guarded, on_its_way.iter().collect::<Vec<_>>());
        assert_eq!(self.notified, order.counters.notifications);
    }

    /// Ends what is open and delivers what is owed; then the books must agree.
    fn close(mut self) {
        if let Some(rrn) = self.on_its_way() {
            self.host.holds.insert(rrn.clone(), true);
            self.tell(Command::Recover { rrn }).unwrap();
        }
        for (_, (rrn, amount)) in std::mem::take(&mut self.captures) {
            assert_eq!(self.host.holds.get(&rrn), Some(&true), "a capture rests on an approval");
            assert!(self.host.captured.insert(rrn, amount).is_none(), "captured twice");
        }
        for (_, rrn) in std::mem::take(&mut self.reversals) {
            assert!(!self.host.captured.contains_key(&rrn), "a captured approval is reversed");
            self.host.holds.insert(rrn, false);
        }
        let Some(order) = &self.order else { return };
        let ours = order.payment.authorization().map(|it| it.trace.rrn.clone());
        let captured: i64 = self.host.captured.values().sum();
        match &order.payment.state {
            State::Completed { .. } => assert_eq!(captured, AMOUNT),
            _ => assert_eq!(captured, 0, "money was taken for an order that is not paid"),
        }
        for (rrn, held) in &self.host.holds {
            let owned = ours.as_ref() == Some(rrn)
                && matches!(order.payment.state, State::Completed { .. } | State::Uncleared { .. });
            assert_eq!(*held, owned, "a hold without an owner, or an owner without a hold: {rrn}");
        }
    }
}

fn verification() -> impl Strategy<Value = Ver> {
    use AuthenticationStatus::*;
    prop_oneof![
        3 => Just(Ver::Skipped),
        1 => Just(Ver::NotEnrolled),
        2 => Just(Ver::Page),
        2 => Just(Ver::Challenge),
        4 => prop::sample::select(vec![
            Authenticated, Attempted, Informational, Unavailable, NotAuthenticated, Rejected,
        ])
        .prop_map(Ver::Finished),
    ]
}

fn step() -> impl Strategy<Value = Step> {
    let heard = prop_oneof![
        3 => Just(Heard::Everything),
        2 => Just(Heard::SoftDecline),
        1 => Just(Heard::Nothing),
        1 => Just(Heard::NotSent),
    ];
    prop_oneof![
        2 => (prop::bool::weighted(0.1), verification())
            .prop_map(|(refused, verification)| Step::Open { refused, verification }),
        3 => (prop::bool::weighted(0.85), verification()).prop_map(
            |(right_transaction, verification)| Step::Verify { right_transaction, verification }
        ),
        5 => (any::<bool>(), heard, prop::bool::weighted(0.3), prop::bool::weighted(0.9), any::<bool>())
            .prop_map(|(host_approves, heard, hold, right_rrn, single)| Step::Answer {
                host_approves, heard, hold, right_rrn, single,
            }),
        1 => any::<bool>().prop_map(|host_had_approved| Step::Recover { host_had_approved }),
        1 => Just(Step::Expire),
        1 => any::<bool>().prop_map(|accept| Step::Review { accept }),
        1 => Just(Step::Late),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 4_000, ..ProptestConfig::default() })]

    #[test]
    fn no_history_creates_money_loses_money_or_leaves_a_hold_without_an_owner(
        steps in prop::collection::vec(step(), 1..24)
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
    assert_eq!(world.order.as_ref().unwrap().payment.status(), expected);
    world
}

const OPEN: Step = Step::Open { refused: false, verification: Ver::Skipped };
const CHALLENGE: Step = Step::Open { refused: false, verification: Ver::Challenge };
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

    let declined = Step::Open { refused: true, verification: Ver::Skipped };
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
            world.step(Step::Open { refused: false, verification: Ver::Skipped });
            let rrn = world.on_its_way().unwrap();
            let answer = HostAnswer::Approved(AnswerFacts::default());
            let hold = Some(Review { score, default: ReviewVerdict::Decline, until: 5_000 });
            let capture = Capture::Follows(world.trace());
            world.tell(Command::Answer { rrn, answer, hold, capture }).unwrap();
            let capture = world.trace();
            let told = world.tell(Command::Review { verdict, by, capture: capture.clone() });
            assert_eq!(told, if allowed { Ok(()) } else { Err(Refusal::ReservedForRisk) });
            let accepted = allowed && verdict == ReviewVerdict::Accept;
            assert_eq!(world.captures.len(), usize::from(accepted));
            assert_eq!(world.reversals.len(), usize::from(allowed && !accepted));
            if allowed {
                // The second decision finds nothing to decide on.
                let again = world.tell(Command::Review { verdict, by: Decider::Risk, capture });
                assert_eq!(again, Err(Refusal::NotUnderReview));
            }
        }
    }
}
