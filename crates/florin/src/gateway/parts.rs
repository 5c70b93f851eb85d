//! Orders that gift cards pay in part: what is told twice, and what goes back.

use std::sync::Arc;

use florin_core::decision::Command;
use florin_core::part::PartState;
use florin_core::payment::TransactionId;
use florin_core::provider::Word as CoreWord;

use super::authorize::{Done, Patience};
use super::record::Record;
use super::{Failure, Gateway};
use crate::provider::{Said, Word};
use crate::store::{ClaimedTimer, TimerNext};

impl Gateway {
    /// A payer gives up paying in parts: what gift cards have paid goes back to them. Where that
    /// cannot be, the order is as it was.
    ///
    /// # Errors
    /// A [`Failure`] when it could not be recorded.
    pub async fn give_up_parts(self: &Arc<Gateway>, record: Record) -> Result<Record, Failure> {
        Ok(match self.command(record, Command::GiveUpParts, Patience::Once).await? {
            Done::Committed { record, .. } | Done::Refused { record, .. } => record,
        })
    }

    /// Asks the provider of a part to take it back, under one number, until it answers.
    pub(super) async fn give_part_back(
        self: &Arc<Gateway>,
        record: Record,
        number: u32,
        timer: &ClaimedTimer,
    ) -> Result<(), Failure> {
        let record = match record.order.part(number).map(|part| part.state) {
            Some(PartState::Asked { .. }) => record,
            Some(PartState::Owed) => {
                let refund_id = TransactionId(self.transaction_ids.next(self.now()));
                let asking = Command::AskPartBack { number, refund_id };
                match self.command(record, asking, Patience::Stubborn).await? {
                    Done::Committed { record, .. } => record,
                    // Somebody else asks.
                    Done::Refused { .. } => return Ok(()),
                }
            }
            _ => {
                self.store.finish_timer(timer, TimerNext::Done).await?;
                return Ok(());
            }
        };
        let part = record.order.part(number);
        let word = match (self.provider_of(&record.site), part) {
            (Some(provider), Some(part)) => match part.state.refund_id() {
                Some(id) => provider.refund(&part.by.reference, id.0, part.amount).await.ok(),
                None => None,
            },
            _ => None,
        };
        let heard = word.map(|word| Command::HearPartBack { number, word });
        self.hear_or_ask_again(record, heard, timer).await
    }
}

/// Whether a provider says what is known already: that it has paid this part.
pub(super) fn is_known_part(record: &Record, said: &Said) -> bool {
    let Word::Known(CoreWord::PaidInPart(paid)) = said.word else { return false };
    record.order.parts.iter().any(|part| {
        part.by.reference == said.reference
            && part.amount == paid.minor
            && paid.currency == record.order.payment.amount.currency
    })
}
