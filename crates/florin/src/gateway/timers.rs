//! What happens by itself: a payer's time runs out, a review or a hold ends, a day is settled.

use std::sync::Arc;

use florin_core::decision::{Capture, Command, Refusal};
use florin_core::payment::{Decider, ReviewVerdict, State, Waiting};
use florin_core::trail::RefundState;

use super::authorize::{Done, Patience};
use super::effects::{DISPUTE, GIVE_BACK, SETTLEMENT};
use super::mails::MAIL;
use super::record::Record;
use super::risk::review::REQUEST_PREFIX;
use super::{Failure, Gateway};
use crate::limits::{CLAIM_ROWS_MAX, EARLY_TIMER_PAUSE_MS, LEASE_MS};
use crate::store::{Bucket, Claim, ClaimedTimer, TimerNext};

impl Gateway {
    /// Works off timers that have gone off; returns how many there were.
    pub async fn run_timers(self: &Arc<Gateway>) -> Result<usize, Failure> {
        let now = self.now();
        let claim =
            Claim { now, lease_until: now + LEASE_MS, limit: CLAIM_ROWS_MAX, bucket: Bucket::ALL };
        let claimed = self.store.claim_timers(claim).await?;
        let count = claimed.len();
        let (mails, claimed): (Vec<_>, Vec<_>) =
            claimed.into_iter().partition(|timer| timer.kind.starts_with(MAIL));
        for mail in mails {
            self.take_on_mail(mail).await;
        }
        let work = claimed.into_iter().map(|timer| {
            let gateway = self.clone();
            async move {
                if let Err(failure) = gateway.run_timer(&timer).await {
                    // The lease runs out, and the timer goes off again.
                    tracing::warn!(order.key = timer.key, kind = timer.kind, %failure, "timer");
                }
            }
        });
        crate::app::join_all(work).await;
        Ok(count)
    }

    /// How an accepted payment will be captured.
    pub(super) async fn review_capture(&self, record: &Record) -> Result<Capture, Failure> {
        let rails = self.rails_of(&record.site)?;
        if rails.single_message() {
            return Ok(Capture::Included);
        }
        Ok(Capture::Follows(rails.next_trace(self.now()).await?))
    }

    async fn run_timer(self: &Arc<Gateway>, timer: &ClaimedTimer) -> Result<(), Failure> {
        let site = self.directory.site(timer.site_id);
        let record = match &site {
            Some(site) => self.load(site, timer.key).await?,
            None => None,
        };
        let Some(record) = record else {
            self.store.finish_timer(timer, TimerNext::Done).await?;
            return Ok(());
        };
        let command = match (timer.kind.as_str(), &record.order.payment.state) {
            ("expiry", State::Authenticating(Waiting::Referral | Waiting::Provider(_))) => {
                return self.let_visit_pass(record, timer).await;
            }
            ("inquiry", _) => return self.inquire(record, timer).await,
            ("shipment", _) => return self.tell_of_shipment_again(record, timer).await,
            ("review", State::Promised { .. }) => {
                return self.let_promise_pass(record, timer).await;
            }
            ("expiry", State::Authenticating(_)) => Command::Expire,
            ("session", _) if record.order.session.is_some_and(|it| it.ended.is_none()) => {
                Command::EndSession
            }
            ("review", State::Uncleared { review, .. }) => {
                let verdict: ReviewVerdict = review.default;
                let capture = self.review_capture(&record).await?;
                Command::Review { verdict, by: Decider::Timer, capture }
            }
            (kind, _) if kind.starts_with(REQUEST_PREFIX) => {
                return self.take_up_request(record, timer).await;
            }
            ("hold", State::Authorized(_)) => Command::EndHold,
            (kind, _) if kind.starts_with(SETTLEMENT) => {
                let number = kind[SETTLEMENT.len()..].parse().unwrap_or_default();
                if record.order.payment.other.is_some() {
                    return self.refund_elsewhere(record, number, timer).await;
                }
                let refund = record.order.trail.refund(number);
                if !matches!(refund.map(|refund| &refund.state), Some(RefundState::Reserved { .. }))
                {
                    self.store.finish_timer(timer, TimerNext::Done).await?;
                    return Ok(());
                }
                let trace = self.rails_of(&record.site)?.next_trace(self.now()).await?;
                Command::SettleRefund { number, trace }
            }
            (kind, _) if kind.starts_with(GIVE_BACK) => {
                let number = kind[GIVE_BACK.len()..].parse().unwrap_or_default();
                return self.give_part_back(record, number, timer).await;
            }
            (kind, _) if kind.starts_with(DISPUTE) => {
                let number = kind[DISPUTE.len()..].parse().unwrap_or_default();
                return self.let_dispute_pass(record, number, timer).await;
            }
            // Whatever it was set for has ended otherwise.
            _ => {
                self.store.finish_timer(timer, TimerNext::Done).await?;
                return Ok(());
            }
        };
        self.end_in_time(record, command, timer).await
    }

    /// A time is over that the order has given somebody. The commit cancels the timer together with
    /// what it changes. Where the time is not over, what the timer was set for was begun anew, or
    /// the site's clock was moved a moment ago and we have not heard of it.
    pub(super) async fn end_in_time(
        self: &Arc<Gateway>,
        record: Record,
        command: Command,
        timer: &ClaimedTimer,
    ) -> Result<(), Failure> {
        let too_early = |done| match done {
            Done::Refused { record, refusal: Refusal::TooEarly } => Some(record),
            Done::Committed { .. } | Done::Refused { .. } => None,
        };
        let done = self.command(record, command.clone(), Patience::Stubborn).await?;
        let Some(mut record) = too_early(done) else { return Ok(()) };
        self.directory.refresh(self.store.as_ref(), &self.vault).await?;
        if let Some(site) = self.directory.site(record.site.id) {
            record.site = site;
        }
        let done = self.command(record, command, Patience::Stubborn).await?;
        if too_early(done).is_some() {
            let next = TimerNext::At(self.now().saturating_add(EARLY_TIMER_PAUSE_MS));
            // Where it was set anew that has ended our lease, and this says nothing.
            self.store.finish_timer(timer, next).await?;
        }
        Ok(())
    }
}
