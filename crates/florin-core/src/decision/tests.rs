//! Generated histories of one order, told to the core and, beside it, to a naive model of the
//! acquirer's host. After each history the owed messages are delivered, and the books must agree.

mod chargebacks;
mod providers;
mod reminders;
mod sessions;

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

/// What may come from outside, in any order and any number.
#[derive(Clone, Debug)]
enum Step {
    Open {
        refused: bool,
        verification: Ver,
        manual: bool,
    },
    /// The shop offers the order on a page that is there for so many milliseconds.
    Offer {
        is_link: bool,
        lasts_ms: i64,
    },
    /// The newest page is looked at, or the first one that there was.
    ShowPage {
        newest: bool,
    },
    /// A card is sent on it.
    PayOnPage {
        newest: bool,
        refused: bool,
        verification: Ver,
        manual: bool,
    },
    EndSession,
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
    Cancel,
    Ship {
        sale: u32,
    },
    /// `None`: all that is left.
    Capture {
        amount: Option<i64>,
    },
    Release,
    EndHold,
    Increment {
        amount: i64,
    },
    IncrementAnswer {
        host_approves: bool,
        heard: Heard,
    },
    Refund {
        sale: u32,
        amount: Option<i64>,
        now: bool,
    },
    SettleRefund {
        number: u32,
    },
    RefundAnswer {
        number: u32,
        host_approves: bool,
        heard: Heard,
    },
    VoidRefund {
        number: u32,
    },
    /// The payer's bank takes money back. References repeat, so that cases do.
    ChargeBack {
        sale: u32,
        amount: Option<i64>,
        says_fraud: bool,
        reference: u8,
    },
    Dispute {
        number: u32,
        step: DisputeStep,
    },
    /// Time passes, in milliseconds.
    Wait(i64),
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

/// What a host that is not ours knows: by RRN.
#[derive(Default, Debug)]
struct Host {
    authorizations: BTreeMap<String, Approval>,
    increments: BTreeMap<String, (String, i64)>,
    refunds: BTreeMap<String, i64>,
    refunded: i64,
    charged_back: i64,
}

#[derive(Default, Debug)]
struct Approval {
    /// What is promised, in minor units; 0 when it was declined or undone.
    worth: i64,
    captured: i64,
    /// A final capture gave the rest back.
    closed: bool,
}

/// A message that is owed to the host.
#[derive(Clone, Debug)]
enum Owed {
    Guard(String),
    Reversal(Reversal),
    Capture(Completion),
    Refund(Repayment),
}

#[derive(Default)]
struct World {
    order: Option<Order>,
    host: Host,
    owed: BTreeMap<u32, Owed>,
    cvc: std::collections::BTreeSet<u32>,
    timers: std::collections::BTreeSet<Timer>,
    booked: Balances,
    now: Instant,
    stan: u32,
    earlier: Vec<String>,
    notified: u32,
    sent: u32,
    /// Sessions in the order in which they were made.
    sessions: Vec<TransactionId>,
    /// Authorizations by which each was paid.
    paid: BTreeMap<i64, std::collections::BTreeSet<String>>,
}

const AMOUNT: i64 = 4995;
const HOLD_MS: i64 = 7 * 24 * 60 * 60 * 1000;

fn tariff() -> Tariff {
    let rule = |kind, basis_points| TariffRule {
        kind,
        brand: None,
        currency: None,
        basis_points,
        fixed: 0,
        min: 1,
        description: "fee".to_owned(),
    };
    Tariff {
        rules: vec![
            rule(FeeKind::Payment, 290),
            rule(FeeKind::Refund, 10),
            rule(FeeKind::Chargeback, 99),
        ],
    }
}

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
                // A proof only where the protocol has one.
                value: (status == AuthenticationStatus::Authenticated).then(|| "AAAB".to_owned()),
                acs_trans_id: None,
                ds_trans_id: None,
                version: None,
                status_reason: None,
                challenge_cancel: None,
            }),
        }
    }

    fn tell(&mut self, command: Command) -> Result<(), Refusal> {
        let tariff = tariff();
        let context = Context { now: self.now, tariff: &tariff };
        let before = self.order.clone();
        let decision = decide(self.order.as_ref(), command.clone(), context)?;
        let again = decide(before.as_ref(), command, context).unwrap();
        assert_eq!(decision, again, "same inputs, same decision");
        for effect in &decision.effects {
            self.owe(effect);
        }
        let mut order = before.clone();
        for event in &decision.events {
            order = Some(evolve(order, event, self.now));
        }
        let told = order.as_ref().map(|order| (&order.payment, &order.trail, &order.session));
        let Order { payment, trail, session, .. } = &decision.order;
        let decided = (payment, trail, session);
        assert_eq!(told, Some(decided), "the events tell the whole story");
        let balances = Balances::of(&decision.order);
        let postings = balances.since(&self.booked);
        assert!(is_balanced(&postings), "{postings:?}");
        for posting in postings {
            self.booked.book(posting).unwrap();
        }
        self.order = Some(decision.order);
        Ok(())
    }

    fn owe(&mut self, effect: &Effect) {
        match effect {
            Effect::GuardRequest { advice, trace, .. } => {
                assert!(self.owed.insert(advice.0, Owed::Guard(trace.rrn.clone())).is_none());
            }
            Effect::ReleaseGuard(advice) => {
                let released = self.owed.remove(&advice.0);
                assert!(matches!(released, Some(Owed::Guard(_))), "a guard is released once");
            }
            Effect::SettleAdvice(advice) => {
                let settled = self.owed.remove(&advice.0);
                assert!(matches!(settled, Some(Owed::Refund(_))), "a refund is settled once");
            }
            Effect::OweReversal(reversal) => {
                let was = self.owed.insert(reversal.advice.0, Owed::Reversal(reversal.clone()));
                let replaced = was.is_none_or(
                    |was| matches!(was, Owed::Guard(rrn) if rrn == reversal.original.rrn),
                );
                assert!(replaced, "a reversal replaces its own guard, and nothing else");
            }
            Effect::OweCapture(completion) => {
                let owed = Owed::Capture(completion.clone());
                assert!(self.owed.insert(completion.advice.0, owed).is_none());
            }
            Effect::OweRefund(repayment) => {
                let owed = Owed::Refund(repayment.clone());
                assert!(self.owed.insert(repayment.advice.0, owed).is_none());
            }
            Effect::SendAuthorization(_) => self.sent += 1,
            Effect::KeepCvc { card } => assert!(self.cvc.insert(*card)),
            Effect::EraseCvc { card } => assert!(self.cvc.remove(card)),
            Effect::Notify { .. } => self.notified += 1,
            Effect::StartTimer(timer, at) => {
                assert!(*at > 0);
                self.timers.insert(*timer);
            }
            Effect::StopTimer(timer) => {
                self.timers.remove(timer);
            }
            Effect::StartStepUp | Effect::SendIncrement(_) | Effect::OpenSale(_) => {}
        }
    }

    fn opening(&mut self, refused: bool, verification: Ver, manual: bool) -> Opening {
        Opening {
            transaction_id: TransactionId(i64::from(self.stan)),
            amount: Money::new(AMOUNT, Currency::EUR),
            brand: Some(Brand::Visa),
            method: None,
            rules: Rules {
                when_unavailable: Unauthenticated::Decline,
                when_not_enrolled: Unauthenticated::Proceed,
                payer_present: true,
                expires_after_ms: 3_600_000,
                manual_capture_ms: manual.then_some(HOLD_MS),
            },
            session: None,
            entry: Entry::Link,
            refused: refused.then(|| Reason::new("4005", "Expired card")),
            verification: self.verification(verification),
            trace: self.trace(),
        }
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
            Step::Open { refused, verification, manual } => {
                let opening = self.opening(refused, verification, manual);
                self.tell(Command::Open(opening))
            }
            Step::Offer { is_link, lasts_ms } => self.offer(is_link, lasts_ms),
            Step::ShowPage { newest } => self.show(newest),
            Step::PayOnPage { newest, refused, verification, manual } => {
                let opening = self.opening(refused, verification, manual);
                self.pay_on_page(newest, opening)
            }
            Step::EndSession => self.tell(Command::EndSession),
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
                    (Heard::SoftDecline, true) => {
                        HostAnswer::Unanswered { reason, reverse: ReversalReason::InvalidResponse }
                    }
                    (Heard::Everything, true) => HostAnswer::Approved(facts),
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
                let manual = self.order.as_ref().unwrap().payment.rules.manual_capture_ms.is_some();
                // A single message captures in the approval itself, so nothing can hold it.
                let single = single && hold.is_none() && !manual;
                if right_rrn && !matches!(heard, Heard::NotSent) {
                    let worth = if host_approves { AMOUNT } else { 0 };
                    let captured =
                        if single && matches!(heard, Heard::Everything) { worth } else { 0 };
                    let approval = Approval { worth, captured, closed: captured > 0 };
                    self.host.authorizations.insert(rrn.clone(), approval);
                }
                if right_rrn {
                    self.earlier.push(rrn);
                }
                let capture =
                    if single { Capture::Included } else { Capture::Follows(self.trace()) };
                self.tell(Command::Answer { rrn: told, answer, hold, capture })
            }
            Step::Recover { host_had_approved } => {
                let Some(rrn) = self.on_its_way() else { return };
                let worth = if host_had_approved { AMOUNT } else { 0 };
                let approval = Approval { worth, ..Approval::default() };
                self.host.authorizations.insert(rrn.clone(), approval);
                self.earlier.push(rrn.clone());
                self.tell(Command::Recover { rrn })
            }
            Step::Expire => self.tell(Command::Expire),
            Step::Review { accept } => {
                let verdict = if accept { ReviewVerdict::Accept } else { ReviewVerdict::Decline };
                let capture = Capture::Follows(self.trace());
                self.tell(Command::Review { verdict, by: Decider::Timer, capture })
            }
            Step::Cancel => {
                // The request that is on its way arrives all the same, before its reversal.
                let on_its_way = self.on_its_way();
                let outcome = self.tell(Command::Cancel);
                if let (Ok(()), Some(rrn)) = (&outcome, on_its_way) {
                    let approval = Approval { worth: AMOUNT, ..Approval::default() };
                    self.host.authorizations.insert(rrn.clone(), approval);
                    self.earlier.push(rrn);
                }
                outcome
            }
            Step::Ship { sale } => self.tell(Command::Ship { sale }),
            Step::Capture { amount } => {
                let trace = self.trace();
                let sale = NewSale {
                    transaction_id: TransactionId(i64::from(self.stan)),
                    order_id: format!("part-{}", self.stan),
                };
                self.tell(Command::Capture { amount, sale, trace })
            }
            Step::Release => self.tell(Command::Release),
            Step::EndHold => self.tell(Command::EndHold),
            Step::Increment { amount } => {
                let trace = self.trace();
                self.tell(Command::Increment { amount, trace })
            }
            Step::IncrementAnswer { host_approves, heard } => {
                self.answer_increment(host_approves, heard)
            }
            Step::Refund { sale, amount, now } => {
                let settlement = if now {
                    Settlement::Now(self.trace())
                } else {
                    Settlement::At(self.now + 86_400_000)
                };
                self.tell(Command::Refund(RefundOrder {
                    sale,
                    transaction_id: TransactionId(i64::from(self.stan) + 1_000_000),
                    amount,
                    words: RefundWords::default(),
                    settlement,
                }))
            }
            Step::SettleRefund { number } => {
                let trace = self.trace();
                self.tell(Command::SettleRefund { number, trace })
            }
            Step::RefundAnswer { number, host_approves, heard } => {
                self.answer_refund(number, host_approves, heard)
            }
            Step::VoidRefund { number } => self.tell(Command::VoidRefund { number }),
            Step::ChargeBack { sale, amount, says_fraud, reference } => {
                self.charge_back(sale, amount, says_fraud, reference)
            }
            Step::Dispute { number, step } => self.dispute(number, step),
            Step::Wait(ms) => {
                self.now += ms;
                Ok(())
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
        self.check_sessions();
    }

    fn answer_increment(&mut self, host_approves: bool, heard: Heard) -> Result<(), Refusal> {
        let order = self.order.as_ref().ok_or(Refusal::NoOrder)?;
        let increment = order.trail.increment.clone().ok_or(Refusal::NotOnItsWay)?;
        let original = order.payment.authorization().unwrap().trace.rrn.clone();
        let rrn = increment.trace.rrn;
        if host_approves && !matches!(heard, Heard::NotSent) {
            self.host.authorizations.get_mut(&original).unwrap().worth += increment.amount;
            self.host.increments.insert(rrn.clone(), (original, increment.amount));
        }
        let reason = inoperative();
        let answer = match heard {
            Heard::Everything if host_approves => HostAnswer::Approved(AnswerFacts::default()),
            Heard::Everything => HostAnswer::Declined {
                facts: AnswerFacts { response_code: "51".into(), ..AnswerFacts::default() },
                reason,
                kind: DeclineKind::Final,
                reverse: None,
            },
            Heard::NotSent => HostAnswer::NotSent(reason),
            Heard::Nothing => HostAnswer::Unanswered { reason, reverse: ReversalReason::TimeOut },
            // Nobody recorded the outcome.
            Heard::SoftDecline => return self.tell(Command::Recover { rrn }),
        };
        self.tell(Command::IncrementAnswer { rrn, answer })
    }

    fn answer_refund(
        &mut self,
        number: u32,
        host_approves: bool,
        heard: Heard,
    ) -> Result<(), Refusal> {
        let order = self.order.as_ref().ok_or(Refusal::NoOrder)?;
        let refund = order.trail.refund(number).cloned().ok_or(Refusal::NoRefund)?;
        let RefundState::Sent { trace, .. } = refund.state else {
            return Err(Refusal::NotOnItsWay);
        };
        // What was undone before is undone before the next one is sent: they share a chain.
        self.deliver_refund_reversals();
        let rrn = trace.rrn;
        if host_approves && !matches!(heard, Heard::NotSent) {
            self.host.refunded += refund.amount;
            self.host.refunds.insert(rrn.clone(), refund.amount);
        }
        let answer = match heard {
            Heard::Everything if host_approves => RefundAnswer::Approved,
            Heard::Everything => RefundAnswer::Declined { response_code: "12".into() },
            Heard::NotSent => RefundAnswer::Later { response_code: "91".into() },
            Heard::Nothing | Heard::SoftDecline => {
                RefundAnswer::Unanswered { reverse: ReversalReason::TimeOut }
            }
        };
        let again = self.trace();
        self.tell(Command::RefundAnswer { rrn, answer, again })
    }

    fn charge_back(
        &mut self,
        sale: u32,
        amount: Option<i64>,
        says_fraud: bool,
        reference: u8,
    ) -> Result<(), Refusal> {
        self.stan += 2;
        self.tell(Command::ChargeBack(Claim {
            sale,
            transaction_id: TransactionId(i64::from(self.stan) + 2_000_000),
            credit_id: TransactionId(i64::from(self.stan) + 2_000_001),
            amount,
            reason_code: if says_fraud { "10.4" } else { "13.1" }.to_owned(),
            reference: format!("case-{reference}"),
            at: None,
            due: None,
        }))?;
        let order = self.order.as_ref().unwrap();
        let case = order.trail.chargebacks.last().unwrap();
        let authenticated = order.payment.authentication.as_ref();
        let proven = authenticated.is_some_and(|it| it.value.is_some());
        assert_eq!(case.credit().is_some(), says_fraud && proven, "the issuer bears fraud");
        if case.credit().is_none() {
            self.host.charged_back += case.amount;
        }
        Ok(())
    }

    fn dispute(&mut self, number: u32, step: DisputeStep) -> Result<(), Refusal> {
        let step = match step {
            DisputeStep::AskMore { due } => DisputeStep::AskMore { due: self.now + due },
            DisputeStep::Win { .. } => {
                self.stan += 1;
                DisputeStep::Win { credit_id: TransactionId(i64::from(self.stan) + 3_000_000) }
            }
            step => step,
        };
        self.tell(Command::Dispute { number, step })?;
        if let DisputeStep::Win { .. } = step {
            let order = self.order.as_ref().unwrap();
            self.host.charged_back -= order.trail.chargeback(number).unwrap().amount;
        }
        Ok(())
    }

    fn deliver_refund_reversals(&mut self) {
        let host = &mut self.host;
        self.owed.retain(|_, owed| match owed {
            Owed::Reversal(reversal) if reversal.what == Undone::Refund => {
                host.refunded -= host.refunds.remove(&reversal.original.rrn).unwrap_or(0);
                false
            }
            _ => true,
        });
        let captured: i64 = host.authorizations.values().map(|it| it.captured).sum();
        let coming: i64 = self
            .owed
            .values()
            .map(|owed| if let Owed::Capture(completion) = owed { completion.amount } else { 0 })
            .sum();
        let gone = host.refunded + host.charged_back;
        assert!(gone <= captured + coming, "more was given and taken back than was captured");
    }

    fn check_now(&self) {
        let Some(order) = &self.order else { return };
        assert!(!matches!(order.payment.state, State::Opened));
        let allowed = [
            ("initialized", "initialized"),
            ("completed", "initialized"),
            ("completed", "completed"),
            ("shipped", "completed"),
            ("shipped", "initialized"),
            ("partial_refunded", "completed"),
            ("refunded", "completed"),
            ("chargedback", "completed"),
            ("uncleared", "uncleared"),
            ("declined", "declined"),
            ("expired", "expired"),
            ("void", "void"),
            ("void", "cancelled"),
            ("cancelled", "cancelled"),
        ];
        let sales = std::iter::once(WHOLE).chain(order.trail.captures.iter().map(|it| it.number));
        for sale in sales {
            assert!(allowed.contains(&order.status(sale)), "{:?}", order.status(sale));
        }
        assert_eq!(order.payment.cvc_kept, !self.cvc.is_empty());
        assert!(self.cvc.len() <= 1, "only the newest attempt may keep a code");
        if order.payment.is_final() {
            assert!(self.cvc.is_empty(), "a code outlived its authorization");
        }
        // Exactly the requests that are on their way are guarded.
        let guards = self.owed.values().filter_map(|owed| match owed {
            Owed::Guard(rrn) => Some(rrn.clone()),
            _ => None,
        });
        let increment = order.trail.increment.as_ref().map(|it| it.trace.rrn.clone());
        let on_their_way: Vec<String> = self.on_its_way().into_iter().chain(increment).collect();
        assert_eq!(guards.collect::<Vec<_>>(), on_their_way);
        assert_eq!(self.notified, order.counters.notifications);
        self.check_money(order);
    }

    fn check_money(&self, order: &Order) {
        for sale in order.sales() {
            let given_back = order.trail.refunding(sale.number);
            let gone = given_back + order.trail.charged_back(sale.number);
            assert!(gone <= sale.amount.minor, "refunds and chargebacks of {sale:?}: {gone}");
        }
        if let Some(authorization) = order.payment.authorization() {
            let gone = order.trail.captured() + order.trail.released;
            assert!(gone <= authorization.amount.minor, "more was captured than authorized");
        }
        let reserved = |number: &u32| {
            let refund = order.trail.refund(*number);
            matches!(refund.map(|it| &it.state), Some(RefundState::Reserved { .. }))
        };
        for case in order.trail.chargebacks.iter().filter(|case| case.stage.waits()) {
            assert!(self.timers.contains(&Timer::Dispute(case.number)), "nobody watches {case:?}");
        }
        let in_dispute =
            |number: &u32| order.trail.chargeback(*number).is_some_and(|case| case.stage.waits());
        for timer in &self.timers {
            let rightly = match timer {
                Timer::Expiry => matches!(order.payment.state, State::Authenticating(_)),
                Timer::Session => order.session.is_some_and(|session| session.ended.is_none()),
                Timer::Review => matches!(order.payment.state, State::Uncleared { .. }),
                Timer::Hold => matches!(order.payment.state, State::Authorized(_)),
                Timer::Settlement(number) => reserved(number),
                Timer::Dispute(number) => in_dispute(number),
                // These payments are made with cards.
                Timer::Inquiry => false,
            };
            assert!(rightly, "{timer:?} runs on in {:?}", order.payment.state);
        }
        let waits = matches!(order.payment.state, State::Authorized(_));
        assert_eq!(waits, self.timers.contains(&Timer::Hold), "every hold ends by itself");
        assert_eq!(self.booked, Balances::of(order), "the journal adds up to the state");
    }

    /// Ends what is open and delivers what is owed; then the books must agree.
    fn close(mut self) {
        if let Some(rrn) = self.on_its_way() {
            let approval = Approval { worth: AMOUNT, ..Approval::default() };
            self.host.authorizations.insert(rrn.clone(), approval);
            self.tell(Command::Recover { rrn }).unwrap();
        }
        if self.order.as_ref().is_some_and(|order| order.trail.increment.is_some()) {
            self.answer_increment(true, Heard::Nothing).unwrap();
        }
        let sent: Vec<u32> = self
            .order
            .iter()
            .flat_map(|order| &order.trail.refunds)
            .filter_map(|refund| {
                matches!(refund.state, RefundState::Sent { .. }).then_some(refund.number)
            })
            .collect();
        for number in sent {
            self.answer_refund(number, true, Heard::Everything).unwrap();
        }
        self.end_session();
        self.check_now();
        self.deliver_refund_reversals();
        for (_, owed) in std::mem::take(&mut self.owed) {
            self.host.take(owed);
        }
        let Some(order) = &self.order else { return };
        let balances = Balances::of(order);
        let captured: i64 = self.host.authorizations.values().map(|it| it.captured).sum();
        let held: i64 = self
            .host
            .authorizations
            .values()
            .map(|it| if it.closed { 0 } else { it.worth - it.captured })
            .sum();
        assert_eq!(balances.get(Account::Captured), -captured, "captured");
        assert_eq!(balances.get(Account::Refunded), self.host.refunded, "refunded");
        assert_eq!(
            balances.get(Account::Acquirer),
            captured - self.host.refunded - self.host.charged_back,
            "owed to the shop"
        );
        assert_eq!(balances.get(Account::ChargedBack), self.host.charged_back, "charged back");
        assert_eq!(balances.get(Account::Issuer), held, "a hold without an owner, or the reverse");
        let fees: i64 = order.trail.fees.iter().map(|fee| fee.amount).sum();
        assert_eq!(balances.get(Account::Fees), fees);
    }
}

impl Host {
    /// A message that is owed arrives. Messages of an order arrive in the order of their numbers.
    fn take(&mut self, owed: Owed) {
        match owed {
            Owed::Guard(rrn) => panic!("a guard of {rrn} is left over"),
            Owed::Capture(completion) => {
                let approval = self.authorizations.get_mut(&completion.original.trace.rrn);
                let approval = approval.expect("a capture rests on an approval");
                assert!(!approval.closed, "captured after the final capture");
                approval.captured += completion.amount;
                assert!(approval.captured <= approval.worth, "more was captured than approved");
                assert_eq!(completion.is_final, approval.captured == approval.worth);
                approval.closed = completion.is_final;
            }
            Owed::Reversal(reversal) if reversal.what == Undone::Refund => {
                panic!("refunds are undone before: {reversal:?}")
            }
            Owed::Reversal(reversal) => {
                if let Some((original, amount)) = self.increments.remove(&reversal.original.rrn) {
                    self.authorizations.get_mut(&original).unwrap().worth -= amount;
                    return;
                }
                let Some(approval) = self.authorizations.get_mut(&reversal.original.rrn) else {
                    return;
                };
                assert!(!approval.closed, "a captured approval is reversed");
                assert_eq!(reversal.remains.unwrap_or(0), approval.captured);
                approval.worth = approval.captured;
            }
            Owed::Refund(repayment) => panic!("a refund is left over: {repayment:?}"),
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

fn heard() -> impl Strategy<Value = Heard> {
    prop_oneof![
        3 => Just(Heard::Everything),
        2 => Just(Heard::SoftDecline),
        1 => Just(Heard::Nothing),
        1 => Just(Heard::NotSent),
    ]
}

/// Amounts at the edges of what was ordered, and in between.
fn amount() -> impl Strategy<Value = i64> {
    prop_oneof![
        2 => prop::sample::select(vec![-1, 0, 1, AMOUNT - 1, AMOUNT, AMOUNT + 1, i64::MAX]),
        5 => 1..AMOUNT,
    ]
}

fn dispute_step() -> impl Strategy<Value = DisputeStep> {
    prop::sample::select(vec![
        DisputeStep::Accept,
        DisputeStep::LetPass,
        DisputeStep::Open,
        DisputeStep::AddFile,
        DisputeStep::Submit,
        DisputeStep::Submit,
        DisputeStep::AskMore { due: 86_400_000 },
        DisputeStep::Process,
        DisputeStep::Win { credit_id: TransactionId(0) },
        DisputeStep::Lose,
    ])
}

/// What comes after the authorization.
fn later_step() -> impl Strategy<Value = Step> {
    let some = || prop::option::weighted(0.7, amount());
    prop_oneof![
        3 => some().prop_map(|amount| Step::Capture { amount }),
        1 => Just(Step::Release),
        1 => Just(Step::EndHold),
        1 => amount().prop_map(|amount| Step::Increment { amount: amount.min(AMOUNT) }),
        2 => (any::<bool>(), heard())
            .prop_map(|(host_approves, heard)| Step::IncrementAnswer { host_approves, heard }),
        1 => (0..3_u32).prop_map(|sale| Step::Ship { sale }),
        4 => (0..3_u32, some(), any::<bool>())
            .prop_map(|(sale, amount, now)| Step::Refund { sale, amount, now }),
        2 => (1..4_u32).prop_map(|number| Step::SettleRefund { number }),
        3 => (1..4_u32, any::<bool>(), heard()).prop_map(|(number, host_approves, heard)| {
            Step::RefundAnswer { number, host_approves, heard }
        }),
        1 => (1..4_u32).prop_map(|number| Step::VoidRefund { number }),
        3 => (0..3_u32, some(), any::<bool>(), 0..4_u8).prop_map(
            |(sale, amount, says_fraud, reference)| {
                Step::ChargeBack { sale, amount, says_fraud, reference }
            }
        ),
        4 => (1..4_u32, dispute_step()).prop_map(|(number, step)| Step::Dispute { number, step }),
        1 => prop::sample::select(vec![1, 60_000, 300_000, 200 * 86_400_000]).prop_map(Step::Wait),
    ]
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        2 => (prop::bool::weighted(0.1), verification(), any::<bool>()).prop_map(
            |(refused, verification, manual)| Step::Open { refused, verification, manual }
        ),
        3 => sessions::step(),
        3 => (prop::bool::weighted(0.85), verification()).prop_map(
            |(right_transaction, verification)| Step::Verify { right_transaction, verification }
        ),
        5 => (any::<bool>(), heard(), prop::bool::weighted(0.3), prop::bool::weighted(0.9), any::<bool>())
            .prop_map(|(host_approves, heard, hold, right_rrn, single)| Step::Answer {
                host_approves, heard, hold, right_rrn, single,
            }),
        1 => any::<bool>().prop_map(|host_had_approved| Step::Recover { host_had_approved }),
        1 => Just(Step::Expire),
        1 => any::<bool>().prop_map(|accept| Step::Review { accept }),
        1 => Just(Step::Late),
        1 => Just(Step::Cancel),
        9 => later_step(),
    ]
}

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
    assert_eq!(world.tell(Command::Ship { sale: 0 }), Err(Refusal::AlreadySo));
    world.step(refund(0, 1));
    world.step(paid_back(1));
    assert_eq!(world.order.as_ref().unwrap().status(WHOLE), ("partial_refunded", "completed"));
    world.close();
}
