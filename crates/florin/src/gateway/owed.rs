//! Store-and-forward: messages that are owed to the host until it confirms them.
//!
//! Captures are begun by the process that committed them. Reversals, repeats, and whatever a
//! vanished process left behind are claimed here. A guard that comes due means that nobody
//! recorded the outcome of an authorization request: then the order is declined and the request
//! is undone, whatever became of it.

use std::sync::Arc;

use florin_core::decision::{Command, RefundAnswer, ReversalReason};
use florin_core::payment::State;

use super::persist::{CAPTURE, OwedMessage, OwedRefund, OwedReversal, TraceRow};
use super::rails::{AdviceOutcome, RefundOutcome};
use super::record::{Record, row_number};
use super::{Failure, Gateway};
use crate::clock::UnixMillis;
use crate::limits::{CLAIM_ROWS_MAX, LEASE_MS, REFUND_PAUSE_MS, TURN_PAUSE_MS};
use crate::store::{AdviceChange, Bucket, Claim, ClaimedAdvice, Committed};

/// The number of the capture in an order that was paid at the first try.
const SEQ_OF_USUAL_CAPTURE: i32 = 2;

impl Gateway {
    /// Works off owed messages that are due; returns how many there were.
    pub async fn run_owed(self: &Arc<Gateway>) -> Result<usize, Failure> {
        let now = self.now();
        let claim =
            Claim { now, lease_until: now + LEASE_MS, limit: CLAIM_ROWS_MAX, bucket: Bucket::ALL };
        let claimed = self.store.claim_advices(claim).await?;
        let count = claimed.len();
        for advice in claimed {
            let permit = self.work.advices.clone().acquire_owned().await;
            let gateway = self.clone();
            crate::app::spawn("owed message", async move {
                let (key, seq) = (advice.key, advice.seq);
                if let Err(failure) = gateway.run_advice(advice).await {
                    // The lease runs out, and the message is due again.
                    tracing::warn!(order.key = key, seq, %failure, "owed message");
                }
                drop(permit);
            });
        }
        Ok(count)
    }

    async fn run_advice(self: &Arc<Gateway>, advice: ClaimedAdvice) -> Result<(), Failure> {
        let site = self.directory.site(advice.site_id);
        let record = match &site {
            Some(site) => self.load(site, advice.key).await?,
            None => None,
        };
        let Some(record) = record else {
            tracing::error!(order.key = advice.key, "a message is owed for an unknown order");
            return Ok(());
        };
        match OwedMessage::read(&advice.body)? {
            OwedMessage::Guard(owed) => self.recover(record, &advice, &owed).await,
            OwedMessage::Reversal(owed) => self.send_reversal(record, advice, owed).await,
            OwedMessage::Refund(owed) => self.take_up_refund(record, &advice, owed).await,
            OwedMessage::Capture(_) => {
                let message = OwedMessage::read(&advice.body)?;
                self.attempt(&record, &advice, &message).await
            }
        }
    }

    /// A refund leaves once. One that was about to leave when its process vanished may have left:
    /// then it is undone, and sent anew.
    async fn take_up_refund(
        self: &Arc<Gateway>,
        record: Record,
        advice: &ClaimedAdvice,
        mut owed: OwedRefund,
    ) -> Result<(), Failure> {
        if owed.sent {
            tracing::warn!(order.key = record.key, rrn = owed.trace.rrn(), "a lost refund");
            let answer = RefundAnswer::Unanswered { reverse: ReversalReason::TimeOut };
            return self.settle_refund(record, &owed, answer).await;
        }
        if self.is_preceded(&record, advice.seq, &OwedMessage::Refund(owed.clone())).await? {
            let change = wait_for_turn(advice.seq, self.now() + TURN_PAUSE_MS);
            let (site, key) = (advice.site_id, advice.key);
            let _ = self.store.record_advice(site, key, advice.lease, change).await?;
            return Ok(());
        }
        owed.sent = true;
        if self.rewrite(advice, &OwedMessage::Refund(owed.clone())).await? {
            self.send_refund(record, advice.seq, owed, advice.lease).await?;
        }
        Ok(())
    }

    /// Sends a refund whose row says that it is about to leave, and records what came of it.
    async fn send_refund(
        self: &Arc<Gateway>,
        record: Record,
        seq: i32,
        owed: OwedRefund,
        lease: UnixMillis,
    ) -> Result<(), Failure> {
        let rails = self.rails_of(&record.site)?;
        let card = self.open_card(&record, owed.card).await?;
        match rails.refund(&record, &owed, &card).await {
            RefundOutcome::Answer(answer) => self.settle_refund(record, &owed, answer).await,
            RefundOutcome::NotSent(note) => {
                let (site, key) = (record.site.id, record.key);
                let body = OwedMessage::Refund(OwedRefund { sent: false, ..owed }).to_text();
                let rewrite = AdviceChange::Rewrite { seq, body };
                if self.store.record_advice(site, key, lease, rewrite).await? == Committed::Done {
                    let due_at = self.now() + REFUND_PAUSE_MS;
                    let change = AdviceChange::Postpone { seq, due_at, attempts: 0, note };
                    let _ = self.store.record_advice(site, key, lease, change).await?;
                }
                Ok(())
            }
        }
    }

    async fn settle_refund(
        self: &Arc<Gateway>,
        record: Record,
        owed: &OwedRefund,
        answer: RefundAnswer,
    ) -> Result<(), Failure> {
        let again = self.rails_of(&record.site)?.next_trace(self.now()).await?;
        let rrn = owed.trace.rrn().to_owned();
        if let RefundAnswer::Declined { response_code } = &answer {
            tracing::warn!(order.key = record.key, rrn, response_code, "a refund was declined");
        }
        self.settle(record, Command::RefundAnswer { rrn, answer, again }).await?;
        Ok(())
    }

    /// Changes the message of a claimed advice; false when the lease has been lost.
    async fn rewrite(
        &self,
        advice: &ClaimedAdvice,
        message: &OwedMessage,
    ) -> Result<bool, Failure> {
        let change = AdviceChange::Rewrite { seq: advice.seq, body: message.to_text() };
        let recorded =
            self.store.record_advice(advice.site_id, advice.key, advice.lease, change).await?;
        Ok(recorded == Committed::Done)
    }

    /// Nobody recorded an outcome: the core declines the order and turns the guard into a
    /// reversal. Should the outcome be recorded after all, the guard was released with it.
    async fn recover(
        self: &Arc<Gateway>,
        record: Record,
        advice: &ClaimedAdvice,
        owed: &OwedReversal,
    ) -> Result<(), Failure> {
        let original = florin_core::payment::Trace::from(&owed.original);
        let on_its_way = matches!(
            &record.order.payment.state,
            State::Authorizing { trace, .. } if trace.rrn == original.rrn
        );
        let increment = record.order.trail.increment.as_ref();
        let on_its_way =
            on_its_way || increment.is_some_and(|increment| increment.trace.rrn == original.rrn);
        if on_its_way {
            tracing::warn!(order.key = record.key, rrn = original.rrn, "undoing a lost request");
            self.settle(record, Command::Recover { rrn: original.rrn }).await?;
            return Ok(());
        }
        // A guard without a request on its way cannot be: they are committed together. Undoing
        // is the safe side, so it is sent as a reversal all the same.
        tracing::error!(order.key = record.key, rrn = original.rrn, "a guard outlived its request");
        self.send_reversal(record, advice.clone(), owed.clone()).await
    }

    /// A reversal has a number of its own, which is durable before it first leaves.
    async fn send_reversal(
        self: &Arc<Gateway>,
        record: Record,
        advice: ClaimedAdvice,
        mut owed: OwedReversal,
    ) -> Result<(), Failure> {
        if owed.trace.is_none() {
            let rails = self.rails_of(&record.site)?;
            owed.trace = Some(TraceRow::from(&rails.next_trace(self.now()).await?));
            if !self.rewrite(&advice, &OwedMessage::Reversal(owed.clone())).await? {
                return Ok(());
            }
        }
        self.attempt(&record, &advice, &OwedMessage::Reversal(owed)).await
    }

    async fn attempt(
        self: &Arc<Gateway>,
        record: &Record,
        advice: &ClaimedAdvice,
        message: &OwedMessage,
    ) -> Result<(), Failure> {
        let change = self
            .try_owed(record, advice.seq, message, advice.attempts, advice.first_attempt_at)
            .await?;
        let _ = self.store.record_advice(advice.site_id, advice.key, advice.lease, change).await?;
        Ok(())
    }

    /// The first attempt of a message that this process has just committed.
    pub(super) async fn send_owed_now(
        self: &Arc<Gateway>,
        record: Record,
        seq: u32,
        message: OwedMessage,
        lease: UnixMillis,
    ) {
        match self.is_preceded(&record, row_number(seq), &message).await {
            Ok(false) => {}
            Ok(true) => return self.give_back(&record, row_number(seq), message, lease).await,
            Err(failure) => {
                tracing::warn!(order.key = record.key, seq, %failure, "owed message");
                return;
            }
        }
        if let OwedMessage::Refund(owed) = message {
            let key = record.key;
            if let Err(failure) = self.send_refund(record, row_number(seq), owed, lease).await {
                // The lease runs out, and whoever finds it undoes it and sends it anew.
                tracing::warn!(order.key = key, seq, %failure, "refund");
            }
            return;
        }
        let now = self.now();
        let outcome = self.try_owed(&record, row_number(seq), &message, 0, now).await;
        let recorded = match outcome {
            Ok(change) => self
                .store
                .record_advice(record.site.id, record.key, lease, change)
                .await
                .map_err(Failure::from),
            Err(failure) => Err(failure),
        };
        if let Err(failure) = recorded {
            // The lease runs out, and a worker repeats it; the host knows repeats.
            tracing::warn!(order.key = record.key, seq, %failure, "owed message");
        }
    }

    /// Whether an older message has to be confirmed first. Those of one chain leave one after the
    /// other, and money goes back only when the host has heard that it was taken. Claims look after
    /// the chain by themselves; a message that was committed by this process has not been claimed.
    async fn is_preceded(
        &self,
        record: &Record,
        seq: i32,
        message: &OwedMessage,
    ) -> Result<bool, Failure> {
        // The usual capture follows upon the guard of its authorization, which is settled with it.
        if seq <= SEQ_OF_USUAL_CAPTURE {
            return Ok(false);
        }
        let captures = matches!(message, OwedMessage::Refund(_)).then_some(CAPTURE);
        Ok(self.store.is_advice_preceded(record.site.id, record.key, seq, captures).await?)
    }

    /// Leaves a message that was committed by this process to whoever claims it in its turn.
    async fn give_back(&self, record: &Record, seq: i32, message: OwedMessage, lease: UnixMillis) {
        let (site, key) = (record.site.id, record.key);
        let mut changes = vec![wait_for_turn(seq, self.now())];
        if let OwedMessage::Refund(owed) = message {
            let body = OwedMessage::Refund(OwedRefund { sent: false, ..owed }).to_text();
            changes.insert(0, AdviceChange::Rewrite { seq, body });
        }
        for change in changes {
            match self.store.record_advice(site, key, lease, change).await {
                Ok(Committed::Done) => {}
                Ok(Committed::Conflict) => return,
                Err(error) => {
                    tracing::warn!(order.key = key, seq, %error, "owed message");
                    return;
                }
            }
        }
        self.work.wake.notify_one();
    }

    /// Sends once, and says what to record.
    async fn try_owed(
        self: &Arc<Gateway>,
        record: &Record,
        seq: i32,
        message: &OwedMessage,
        attempts: i32,
        first_attempt_at: i64,
    ) -> Result<AdviceChange, Failure> {
        let rails = self.rails_of(&record.site)?;
        let card = self.open_card(record, message.card()).await?;
        let outcome =
            rails.send_owed(record, message, &card, attempts, first_attempt_at, self.now()).await;
        Ok(match outcome {
            AdviceOutcome::Done => AdviceChange::Settle { seq },
            AdviceOutcome::Repeat { at, sent, note } => {
                let attempts = attempts + i32::from(sent);
                let due_at = at.saturating_sub(self.moved_since(&record.site));
                AdviceChange::Postpone { seq, due_at, attempts, note }
            }
            AdviceOutcome::Stop { note } => {
                tracing::error!(
                    order.key = record.key,
                    kind = message.kind(),
                    note,
                    "an owed message was given up: an operator has to look at it"
                );
                AdviceChange::Stop { seq, note }
            }
        })
    }
}

/// Not tried yet; due again at this instant.
fn wait_for_turn(seq: i32, due_at: UnixMillis) -> AdviceChange {
    AdviceChange::Postpone { seq, due_at, attempts: 0, note: "waits for its turn".to_owned() }
}
