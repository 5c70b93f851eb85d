//! Asks the issuer, through the acquirer, and settles what comes of it; starts what a commit owes.

use std::sync::Arc;

use florin_core::decision::{
    Capture, Command, Context, Decision, Effect, HostAnswer, Refusal, decide,
};
use florin_core::payment::{State, Trace};

use super::persist::Extra;
use super::rails::{AuthenticationStep, Browser};
use super::record::{CardSecrets, Change, Owed, Record};
use super::{Failure, Gateway};
use crate::limits::{CONFLICT_ROUNDS_MAX, OUTCOME_ROUNDS_MAX};
use crate::store::{AnsweredRequest, FileRow};

/// What became of a command.
pub(super) enum Done {
    /// It is durable, and what it owes was begun.
    Committed { record: Record, decision: Box<Decision> },
    /// The order, as it now is, does not allow it.
    Refused { record: Record, refusal: Refusal },
}

/// What a commit takes along that the core knows nothing of.
pub(super) struct Besides {
    pub(super) extra: Extra,
    /// The answer to the request that led to it.
    pub(super) answer: Option<AnsweredRequest>,
    /// Files that were handed in.
    pub(super) files: Vec<FileRow>,
}

/// What to do when the store cannot take a change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Patience {
    /// It is an outcome that somebody else has decided: offer it again.
    Stubborn,
    /// Somebody waits who can ask again, so he is told.
    Once,
}

impl Gateway {
    /// Follows an order from a commit to where it rests: sends the authorization that the commit
    /// allowed, settles the answer, and asks the payer again where the issuer wants that.
    ///
    /// # Errors
    /// A [`Failure`] when an outcome could not be recorded. Then nobody was told, and the guard
    /// that was recorded before the request left undoes what the issuer may have approved.
    pub(super) async fn drive(
        self: &Arc<Gateway>,
        mut record: Record,
        mut effects: Vec<Effect>,
        card: &CardSecrets,
    ) -> Result<Record, Failure> {
        record.fingerprint = Some(card.fingerprint);
        loop {
            let send = effects.iter().find_map(|effect| match effect {
                Effect::SendAuthorization(trace) => Some(trace.clone()),
                _ => None,
            });
            if let Some(trace) = send {
                (record, effects) = self.authorize(record, &trace, card).await?;
            } else if effects.contains(&Effect::StartStepUp) {
                (record, effects) = self.step_up(record, card).await?;
            } else {
                return Ok(record);
            }
        }
    }

    /// Sends one authorization request and settles its answer.
    async fn authorize(
        self: &Arc<Gateway>,
        mut record: Record,
        trace: &Trace,
        card: &CardSecrets,
    ) -> Result<(Record, Vec<Effect>), Failure> {
        let rails = self.rails_of(&record.site)?;
        // After a soft decline the code is gone for good, even where it is still in memory.
        let with_code = record.order.payment.step_ups == 0;
        let answer = rails.authorize(&record, trace, card, with_code).await;
        let now = self.now();
        let by_hand = record.order.payment.rules.manual_capture_ms.is_some();
        let capture = match (&answer, rails.single_message() || by_hand) {
            (HostAnswer::Approved(_), false) => Capture::Follows(rails.next_trace(now).await?),
            _ => Capture::Included,
        };
        let hold = self.judge(&mut record, card, &answer);
        let command = Command::Answer { rrn: trace.rrn.clone(), answer, hold, capture };
        self.settle(record, command).await
    }

    /// After a soft decline: a new 3-D Secure transaction with a mandated challenge.
    async fn step_up(
        self: &Arc<Gateway>,
        record: Record,
        card: &CardSecrets,
    ) -> Result<(Record, Vec<Effect>), Failure> {
        let rails = self.rails_of(&record.site)?;
        let Some(brand) = record.order.payment.brand else { return Ok((record, Vec::new())) };
        let step = AuthenticationStep {
            record: &record,
            transaction_id: record.order.payment.transaction_id.0,
            brand,
            amount: record.order.payment.amount,
            mandate: true,
            browser: Browser::FromOrder,
        };
        let verification = rails.authenticate(self, step, card).await;
        let trace = rails.next_trace(self.now()).await?;
        let command = Command::Verify { server_trans_id: None, verification, trace };
        self.settle(record, command).await
    }

    /// Decides on a command and makes the outcome durable, again where somebody else moved the
    /// order meanwhile. A command that no longer applies leaves the order as it now is.
    pub(super) async fn settle(
        self: &Arc<Gateway>,
        record: Record,
        command: Command,
    ) -> Result<(Record, Vec<Effect>), Failure> {
        match self.command(record, command, Patience::Stubborn).await? {
            Done::Committed { record, decision } => Ok((record, decision.effects)),
            Done::Refused { record, refusal } => {
                tracing::info!(order.key = record.key, ?refusal, "a command came too late");
                Ok((record, Vec::new()))
            }
        }
    }

    /// Decides on a command and makes the outcome durable, again where somebody else moved the
    /// order meanwhile: whoever commits first wins, the other is told what is then true.
    ///
    /// # Errors
    /// A [`Failure`] when the outcome could not be recorded.
    pub(super) async fn command(
        self: &Arc<Gateway>,
        record: Record,
        command: Command,
        patience: Patience,
    ) -> Result<Done, Failure> {
        self.command_with(record, command, patience, |_, _| {}).await
    }

    /// The same, with what is committed besides the decision.
    pub(super) async fn command_with(
        self: &Arc<Gateway>,
        mut record: Record,
        command: Command,
        patience: Patience,
        besides: impl Fn(&Decision, &mut Besides),
    ) -> Result<Done, Failure> {
        let mut failures = 0;
        for _ in 0..CONFLICT_ROUNDS_MAX {
            let decision = match self.decide_on(&record, &command) {
                Ok(decision) => decision,
                Err(refusal) => return Ok(Done::Refused { record, refusal }),
            };
            let mut more = Besides { extra: record.extra.clone(), answer: None, files: Vec::new() };
            besides(&decision, &mut more);
            let change = Change {
                record: Record { extra: more.extra, ..record.clone() },
                expected_version: Some(record.version),
                decision: &decision,
                card: None,
                alias: None,
                superseded: None,
                answer: more.answer,
                files: more.files,
                tokens: Vec::new(),
            };
            match self.commit(change).await {
                Ok(Some((record, owed))) => {
                    self.begin(&record, owed);
                    let decision = Box::new(decision);
                    return Ok(Done::Committed { record, decision });
                }
                Ok(None) => {}
                Err(failure)
                    if patience == Patience::Stubborn && failures + 1 < OUTCOME_ROUNDS_MAX =>
                {
                    failures += 1;
                    tracing::warn!(order.key = record.key, %failure, "an outcome is offered again");
                    tokio::time::sleep(std::time::Duration::from_millis(50 << failures)).await;
                }
                Err(failure) => return Err(failure),
            }
            if let Ok(Some(newer)) = self.load(&record.site, record.key).await {
                record = newer.with_what_is_known(record);
            }
        }
        Err(Failure::Contended)
    }

    fn decide_on(&self, record: &Record, command: &Command) -> Result<Decision, Refusal> {
        let context = Context { now: record.site.time(self.now()), tariff: &record.site.tariff };
        decide(Some(&record.order), command.clone(), context)
    }

    /// Begins at once what a commit of this process owes. The rows are leased to us, so nobody
    /// else begins it; should we vanish, the lease runs out and a worker takes over.
    pub(super) fn begin(self: &Arc<Gateway>, record: &Record, owed: Owed) {
        if !self.work.begins {
            return;
        }
        let lease = owed.lease;
        for (seq, message) in owed.advices {
            if let Ok(permit) = self.work.advices.clone().try_acquire_owned() {
                let (gateway, record) = (self.clone(), record.clone());
                crate::app::spawn("owed message", async move {
                    gateway.send_owed_now(record, seq, message, lease).await;
                    drop(permit);
                });
            }
        }
        for (seq, sale) in owed.notifications {
            if let Ok(permit) = self.work.deliveries.clone().try_acquire_owned() {
                let (gateway, record) = (self.clone(), Record { sale, ..record.clone() });
                crate::app::spawn("notification", async move {
                    gateway.deliver_now(record, seq, lease).await;
                    drop(permit);
                });
            }
        }
        // What is due by now without being leased to us (a reversal) is a worker's.
        self.work.wake.notify_one();
    }
}

/// Whether the order has come to rest for the payer: nothing more will come of waiting.
pub fn is_settled(record: &Record) -> bool {
    !matches!(
        record.order.payment.state,
        State::Opened | State::Authorizing { .. } | State::Authenticating(_)
    )
}
