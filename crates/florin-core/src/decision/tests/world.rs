//! What generated histories are told to: the core, and beside it a naive model of the acquirer's
//! host.

use super::*;
use crate::part::PartState;

/// What a host that is not ours knows: by RRN.
#[derive(Default, Debug)]
pub(super) struct Host {
    pub(super) authorizations: BTreeMap<String, Approval>,
    pub(super) increments: BTreeMap<String, (String, i64)>,
    pub(super) refunds: BTreeMap<String, i64>,
    pub(super) refunded: i64,
    pub(super) charged_back: i64,
}

#[derive(Default, Debug)]
pub(super) struct Approval {
    /// What is promised, in minor units; 0 when it was declined or undone.
    pub(super) worth: i64,
    pub(super) captured: i64,
    /// A final capture gave the rest back.
    pub(super) closed: bool,
}

/// A message that is owed to the host.
#[derive(Clone, Debug)]
pub(super) enum Owed {
    Guard(String),
    Reversal(Reversal),
    Capture(Completion),
    Refund(Repayment),
}

#[derive(Default)]
pub(super) struct World {
    pub(super) order: Option<Order>,
    pub(super) host: Host,
    pub(super) owed: BTreeMap<u32, Owed>,
    pub(super) cvc: std::collections::BTreeSet<u32>,
    pub(super) timers: std::collections::BTreeSet<Timer>,
    pub(super) booked: Balances,
    pub(super) now: Instant,
    pub(super) stan: u32,
    pub(super) earlier: Vec<String>,
    pub(super) notified: u32,
    pub(super) sent: u32,
    /// Sessions in the order in which they were made.
    pub(super) sessions: Vec<TransactionId>,
    /// Authorizations by which each was paid.
    pub(super) paid: BTreeMap<i64, std::collections::BTreeSet<String>>,
}

pub(super) const AMOUNT: i64 = 4995;
pub(super) const HOLD_MS: i64 = 7 * 24 * 60 * 60 * 1000;

pub(super) fn tariff() -> Tariff {
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
    pub(super) fn trace(&mut self) -> Trace {
        self.stan += 1;
        Trace {
            stan: self.stan,
            rrn: format!("6326140{:05}", self.stan),
            transmitted_at: 0,
            terminal_id: "FLRN0001".into(),
        }
    }

    pub(super) fn verification(&mut self, ver: Ver) -> Verification {
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

    pub(super) fn tell(&mut self, command: Command) -> Result<(), Refusal> {
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
        let all = |order: &Order| {
            (order.payment.clone(), order.trail.clone(), order.session, order.parts.clone())
        };
        let told = order.as_ref().map(all);
        assert_eq!(told, Some(all(&decision.order)), "the events tell the whole story");
        let balances = Balances::of(&decision.order);
        let postings = balances.since(&self.booked);
        assert!(is_balanced(&postings), "{postings:?}");
        for posting in postings {
            self.booked.book(posting).unwrap();
        }
        self.order = Some(decision.order);
        Ok(())
    }

    pub(super) fn owe(&mut self, effect: &Effect) {
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

    pub(super) fn opening(&mut self, refused: bool, verification: Ver, manual: bool) -> Opening {
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
    pub(super) fn on_its_way(&self) -> Option<String> {
        match &self.order.as_ref()?.payment.state {
            State::Authorizing { trace, .. } => Some(trace.rrn.clone()),
            _ => None,
        }
    }

    pub(super) fn step(&mut self, step: Step) {
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
            Step::EndSession => self.tell_in_time(Command::EndSession),
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
            Step::Expire => self.tell_in_time(Command::Expire),
            Step::Review { accept } => {
                let verdict = if accept { ReviewVerdict::Accept } else { ReviewVerdict::Decline };
                let capture = Capture::Follows(self.trace());
                self.tell_in_time(Command::Review { verdict, by: Decider::Timer, capture })
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
            Step::Ship { sale } => self.tell(Command::Ship { sale, provider_paid: true }),
            Step::Capture { amount } => {
                let trace = self.trace();
                let sale = NewSale {
                    transaction_id: TransactionId(i64::from(self.stan)),
                    order_id: format!("part-{}", self.stan),
                };
                self.tell(Command::Capture { amount, sale, trace })
            }
            Step::Release => self.tell(Command::Release),
            Step::EndHold => self.tell_in_time(Command::EndHold),
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

    pub(super) fn answer_increment(
        &mut self,
        host_approves: bool,
        heard: Heard,
    ) -> Result<(), Refusal> {
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

    pub(super) fn answer_refund(
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

    pub(super) fn charge_back(
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

    pub(super) fn dispute(&mut self, number: u32, step: DisputeStep) -> Result<(), Refusal> {
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

    pub(super) fn deliver_refund_reversals(&mut self) {
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

    pub(super) fn check_now(&self) {
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

    pub(super) fn check_money(&self, order: &Order) {
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
        let owed_back = |number: &u32| {
            let state = order.part(*number).map(|part| part.state);
            matches!(state, Some(PartState::Owed | PartState::Asked { .. }))
        };
        for timer in &self.timers {
            let rightly = match timer {
                Timer::Expiry => matches!(order.payment.state, State::Authenticating(_)),
                Timer::Session => order.session.is_some_and(|session| session.ended.is_none()),
                Timer::Review => matches!(order.payment.state, State::Uncleared { .. }),
                Timer::Hold => matches!(order.payment.state, State::Authorized(_)),
                Timer::Settlement(number) => reserved(number),
                Timer::Dispute(number) => in_dispute(number),
                Timer::GiveBack(number) => owed_back(number),
                // These payments are made with cards.
                Timer::Inquiry | Timer::Shipment => false,
            };
            assert!(rightly, "{timer:?} runs on in {:?}", order.payment.state);
        }
        let waits = matches!(order.payment.state, State::Authorized(_));
        assert_eq!(waits, self.timers.contains(&Timer::Hold), "every hold ends by itself");
        assert_eq!(self.booked, Balances::of(order), "the journal adds up to the state");
    }

    /// Ends what is open and delivers what is owed; then the books must agree.
    pub(super) fn close(mut self) {
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
    pub(super) fn take(&mut self, owed: Owed) {
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
