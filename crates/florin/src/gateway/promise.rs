//! Promises of the providers of other methods, which merchants want to last longer.
//!
//! The provider is asked first. A promise that lasts longer there than here harms nobody, and one
//! that lasts longer here would be none. Whoever asks again asks for the same.

use std::sync::Arc;

use florin_core::decision::{Command, Decision, Refusal, prolonged_until};
use florin_core::payment::{Instant, State};
use florin_core::provider::PromiseWord;
use florin_core::trail::WHOLE;

use super::authorize::{Besides, Done, Patience};
use super::change::{Answer, Changed};
use super::record::Record;
use super::{Failure, Gateway};

impl Gateway {
    /// Has what was promised to be paid promised for longer; until when, on the site's clock.
    ///
    /// # Errors
    /// A [`Failure`] when the provider did not answer, or nothing could be recorded.
    pub async fn prolong(
        self: &Arc<Gateway>,
        record: Record,
        answer: Answer<'_, Instant>,
    ) -> Result<Changed<Instant>, Failure> {
        let now = record.site.time(self.now());
        let refused = Ok(Changed::Refused(Refusal::NotInThisState));
        if record.sale != WHOLE || prolonged_until(&record.order, now).is_none() {
            return refused;
        }
        let (Some(provider), Some(other)) =
            (self.provider_of(&record.site), &record.order.payment.other)
        else {
            return refused;
        };
        match provider.prolong(&other.reference).await {
            Ok(PromiseWord::Prolonged) => {}
            Ok(PromiseWord::Declined) => return refused,
            Err(error) => {
                tracing::warn!(order.key = record.key, %error, "a promise was not prolonged");
                return Err(Failure::Busy);
            }
        }
        let besides = |decision: &Decision, more: &mut Besides| {
            more.answer = until(&decision.order.payment.state).and_then(|until| answer(&until));
        };
        let done = self.command_with(record, Command::Prolong, Patience::Once, besides).await?;
        let (record, refusal) = match done {
            Done::Committed { record, .. } => (record, Refusal::NotInThisState),
            Done::Refused { record, refusal: Refusal::AlreadySo } => (record, Refusal::AlreadySo),
            Done::Refused { refusal, .. } => return Ok(Changed::Refused(refusal)),
        };
        Ok(until(&record.order.payment.state).map_or(Changed::Refused(refusal), Changed::Done))
    }
}

/// Until when something is promised.
fn until(state: &State) -> Option<Instant> {
    match state {
        State::Promised { until } => Some(*until),
        _ => None,
    }
}
