//! Asks the issuer, through the acquirer, and settles what comes of it; starts what a commit owes.

use std::sync::Arc;

use florin_core::decision::{Capture, Command, Decision, Effect, HostAnswer, Refusal, decide};
use florin_core::payment::{State, Trace};

use super::rails::{AuthenticationStep, Browser};
use super::record::{CardSecrets, Change, Owed, Record};
use super::risk::CaptureCanWait;
use super::{Failure, Gateway};
use crate::limits::{CONFLICT_ROUNDS_MAX, OUTCOME_ROUNDS_MAX};

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
        let capture = match (&answer, rails.single_message()) {
            (HostAnswer::Approved(_), false) => Capture::Follows(rails.next_trace(now).await?),
            _ => Capture::Included,
        };
        // Where the approval was the purchase there is nothing to withhold.
        let can_wait =
            if rails.single_message() { CaptureCanWait::No } else { CaptureCanWait::Yes };
        let hold = self.judge(&mut record, card, &answer, can_wait);
        let command = Command::Answer { rrn: trace.rrn.clone(), answer, hold, capture };
        self.settle_with(record, command, Some(card)).await
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
        self.settle_with(record, command, Some(card)).await
    }

    /// Decides on a command and makes the outcome durable, again where somebody else moved the
    /// order meanwhile. A command that no longer applies leaves the order as it now is.
    pub(super) async fn settle(
        self: &Arc<Gateway>,
        record: Record,
        command: Command,
    ) -> Result<(Record, Vec<Effect>), Failure> {
        self.settle_with(record, command, None).await
    }

    /// The same where the card is at hand, so that its decline is counted.
    pub(super) async fn settle_with(
        self: &Arc<Gateway>,
        mut record: Record,
        command: Command,
        card: Option<&CardSecrets>,
    ) -> Result<(Record, Vec<Effect>), Failure> {
        let mut failures = 0;
        for _ in 0..CONFLICT_ROUNDS_MAX {
            let decision = match self.decide_on(&record, &command) {
                Ok(decision) => decision,
                Err(refusal) => {
                    tracing::info!(order.key = record.key, ?refusal, "a command came too late");
                    return Ok((record, Vec::new()));
                }
            };
            let change = Change {
                record: record.clone(),
                expected_version: Some(record.version),
                decision: &decision,
                card,
                alias: None,
            };
            match self.commit(change).await {
                Ok(Some((record, owed))) => {
                    self.begin(&record, owed);
                    return Ok((record, decision.effects));
                }
                Ok(None) => {}
                Err(failure) if failures + 1 < OUTCOME_ROUNDS_MAX => {
                    failures += 1;
                    tracing::warn!(order.key = record.key, %failure, "an outcome is offered again");
                    tokio::time::sleep(std::time::Duration::from_millis(50 << failures)).await;
                }
                Err(failure) => return Err(failure),
            }
            if let Ok(Some(mut newer)) = self.load(&record.site, record.key).await {
                // What was found out about this attempt is not stored before it is committed.
                if newer.order.counters.attempts == record.order.counters.attempts {
                    newer.extra.risk = record.extra.risk.or(newer.extra.risk);
                }
                record = newer;
            }
        }
        Err(Failure::Contended)
    }

    fn decide_on(&self, record: &Record, command: &Command) -> Result<Decision, Refusal> {
        decide(Some(&record.order), command.clone(), record.site.time(self.now()))
    }

    /// Begins at once what a commit of this process owes. The rows are leased to us, so nobody
    /// else begins it; should we vanish, the lease runs out and a worker takes over.
    pub(super) fn begin(self: &Arc<Gateway>, record: &Record, owed: Owed) {
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
        for seq in owed.notifications {
            if let Ok(permit) = self.work.deliveries.clone().try_acquire_owned() {
                let (gateway, record) = (self.clone(), record.clone());
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
