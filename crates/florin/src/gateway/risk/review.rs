//! What ends the review of a held payment: a merchant, the operator's Risk department, or time.
//!
//! One decision wins, and whoever else decides is told what the payment has become. The payer
//! never learns of it.

use std::sync::Arc;

use florin_core::decision::{Command, Refusal};
use florin_core::payment::{Decider, ReviewVerdict, State};
use florin_core::trail::WHOLE;

use super::super::authorize::{Done, Patience};
use super::super::record::Record;
use super::super::{Failure, Gateway};
use crate::store::{ClaimedTimer, TimerNext};

/// Why a decision was not taken.
#[derive(Debug)]
pub enum NotDecided {
    /// The payment is not held, or no longer: what it is now.
    NotHeld {
        status: &'static str,
    },
    /// The merchant may not decide on a score as high as this.
    ReservedForRisk,
    Failure(Failure),
}

impl<F: Into<Failure>> From<F> for NotDecided {
    fn from(failure: F) -> NotDecided {
        NotDecided::Failure(failure.into())
    }
}

/// A decision that waits for a gateway, as the kind of a timer: commands leave it in the store of
/// a gateway that may be running, which takes it up as soon as its workers see it.
pub const REQUEST_PREFIX: &str = "review/";

/// The kind of timer that asks for this decision.
pub fn request_kind(verdict: ReviewVerdict, by: Decider) -> String {
    let verdict = match verdict {
        ReviewVerdict::Accept => "accept",
        ReviewVerdict::Decline => "decline",
    };
    format!("{REQUEST_PREFIX}{verdict}/{}", by.name())
}

/// The decision that a timer of this kind asks for.
pub fn read_request(kind: &str) -> Option<(ReviewVerdict, Decider)> {
    let deciders = [Decider::Merchant, Decider::Risk];
    let all = [ReviewVerdict::Accept, ReviewVerdict::Decline]
        .into_iter()
        .flat_map(|verdict| deciders.map(|by| (verdict, by)));
    all.into_iter().find(|(verdict, by)| request_kind(*verdict, *by) == kind)
}

impl Gateway {
    /// Ends the review of an order.
    ///
    /// # Errors
    /// [`NotDecided`] with what stands in the way; nothing was changed by it.
    pub async fn decide_review(
        self: &Arc<Gateway>,
        record: Record,
        verdict: ReviewVerdict,
        by: Decider,
    ) -> Result<Record, NotDecided> {
        let capture = self.review_capture(&record).await?;
        let command = Command::Review { verdict, by, capture };
        match self.command(record, command, Patience::Once).await? {
            Done::Committed { record, .. } => {
                let order_key = record.key;
                tracing::info!(order.key = order_key, ?verdict, by = by.name(), "review ended");
                Ok(record)
            }
            Done::Refused { refusal: Refusal::ReservedForRisk, .. } => {
                Err(NotDecided::ReservedForRisk)
            }
            Done::Refused { record, .. } => {
                Err(NotDecided::NotHeld { status: record.order.status(WHOLE).0 })
            }
        }
    }

    /// Takes up a decision that a command left in the store.
    pub(in super::super) async fn take_up_request(
        self: &Arc<Gateway>,
        record: Record,
        timer: &ClaimedTimer,
    ) -> Result<(), Failure> {
        let held = matches!(record.order.payment.state, State::Uncleared { .. });
        if let (true, Some((verdict, by))) = (held, read_request(&timer.kind)) {
            let order_key = record.key;
            match self.decide_review(record, verdict, by).await {
                Ok(_) => {}
                Err(NotDecided::Failure(failure)) => return Err(failure),
                Err(refused) => {
                    tracing::info!(order.key = order_key, ?verdict, ?refused, "not decided");
                }
            }
        }
        self.store.finish_timer(timer, TimerNext::Done).await?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_is_read_as_it_was_written_and_time_asks_for_nothing() {
        for verdict in [ReviewVerdict::Accept, ReviewVerdict::Decline] {
            for by in [Decider::Merchant, Decider::Risk] {
                let kind = request_kind(verdict, by);
                assert_eq!(read_request(&kind), Some((verdict, by)));
            }
        }
        for kind in ["review", "review/accept/timer", "review/", "expiry"] {
            assert_eq!(read_request(kind), None, "{kind}");
        }
    }
}
