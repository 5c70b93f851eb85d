//! Promises of the providers of other methods: merchants want them to last longer, and have them
//! kept by shipping.
//!
//! The provider is asked first. A promise that lasts longer there than here harms nobody, and one
//! that lasts longer here would be none. What it has paid for a shipment, and we did not hear of, it
//! tells when it is asked next: at the latest before the promise lapses. Whoever asks again asks
//! for the same.

use std::sync::Arc;

use florin_core::decision::{Command, Decision, Refusal, prolonged_until};
use florin_core::payment::{Instant, State};
use florin_core::provider::{PromiseWord, Word as CoreWord};
use florin_core::trail::WHOLE;

use super::authorize::{Besides, Done, Patience};
use super::change::{Answer, Changed};
use super::record::Record;
use super::{Failure, Gateway};
use crate::provider::Word;

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

    /// Has the provider pay what it has promised, for the merchant has shipped it. Where nothing is
    /// promised there is nothing to ask for. Says whether it has paid.
    pub(super) async fn have_paid_for_shipping(
        self: &Arc<Gateway>,
        record: Record,
    ) -> Result<Result<(Record, bool), Refusal>, Failure> {
        let is_promised = matches!(record.order.payment.state, State::Promised { .. });
        if record.sale != WHOLE || !is_promised {
            return Ok(Ok((record, false)));
        }
        let refused = Ok(Err(Refusal::NotInThisState));
        let (Some(provider), Some(other)) =
            (self.provider_of(&record.site), &record.order.payment.other)
        else {
            return refused;
        };
        let said = match provider.ship(&other.reference).await {
            Ok(Some(said)) => said,
            Ok(None) => return refused,
            Err(error) => {
                tracing::warn!(order.key = record.key, %error, "a shipment was not told");
                return Err(Failure::Busy);
            }
        };
        if matches!(said.word, Word::Known(CoreWord::Paid)) {
            return Ok(Ok((record, true)));
        }
        // It will not pay any more, and says so.
        self.hear_provider(record, said).await?;
        refused
    }
}

/// Until when something is promised.
fn until(state: &State) -> Option<Instant> {
    match state {
        State::Promised { until } => Some(*until),
        _ => None,
    }
}
