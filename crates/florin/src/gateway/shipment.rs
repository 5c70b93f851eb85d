//! Merchants ship, and have the providers of other methods pay what they have promised: all that is
//! left of it, or what one of several shipments costs.
//!
//! For all of it the provider is told first: what it has paid, and we did not hear of, it tells when
//! it is asked next, at the latest before the promise lapses. A shipment in part is one of several
//! that it may be told of, so that one is recorded before it is told; a timer tells it once more
//! under the same number, should nobody be there who hears the answer.

use std::sync::Arc;

use florin_core::decision::{Command, Decision, NewSale, Refusal};
use florin_core::method::Kind;
use florin_core::payment::{State, TransactionId};
use florin_core::provider::{ShipmentWord, Word as CoreWord};
use florin_core::trail::{PartCapture, WHOLE};

use super::authorize::{Besides, Done, Patience};
use super::change::{Answer, Captured, Changed, Notes, as_done, note};
use super::record::Record;
use super::{Failure, Gateway};
use crate::limits::PROVIDER_PAUSE_MS;
use crate::provider::Word;
use crate::store::{ClaimedTimer, TimerNext};

/// What a merchant has shipped of an order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PartShipment {
    /// Minor units.
    pub amount: i64,
    /// What the order is to be called that it makes.
    pub new_order_id: Option<String>,
    /// What is said about invoice and shipment.
    pub notes: Notes,
}

/// The answers to the request that shipped a part, to be committed: while its provider has not
/// answered, and once it has paid.
#[derive(Clone, Copy)]
pub struct PartAnswers<'a> {
    pub underway: Answer<'a, ()>,
    pub paid: Answer<'a, Captured>,
}

impl Gateway {
    /// Notes that a sale was shipped. What was promised for it is paid by that.
    ///
    /// # Errors
    /// A [`Failure`] when the provider did not answer, or nothing could be recorded.
    pub async fn ship(
        self: &Arc<Gateway>,
        record: Record,
        notes: Notes,
        answer: Answer<'_, ()>,
    ) -> Result<Changed<()>, Failure> {
        let record = self.settle_shipment(record).await?;
        let (record, provider_paid) = match self.have_paid_for_shipping(record).await? {
            Ok(known) => known,
            Err(refusal) => return Ok(Changed::Refused(refusal)),
        };
        let command = Command::Ship { sale: record.sale, provider_paid };
        Ok(as_done(self.plain(record, command, notes, answer).await?))
    }

    /// Notes that a part of what was promised is shipped, and has its provider pay for it. Nothing
    /// is said about the order that it makes as long as the provider has not answered.
    ///
    /// Where it is all that was promised, it is the order itself that is shipped. Whoever asks
    /// again for the same amount under the same name asks for the same shipment.
    ///
    /// # Errors
    /// A [`Failure`] when nothing could be recorded, or an earlier shipment waits for its answer.
    pub async fn ship_part(
        self: &Arc<Gateway>,
        record: Record,
        wanted: PartShipment,
        answers: PartAnswers<'_>,
    ) -> Result<Changed<Option<Captured>>, Failure> {
        let payment = &record.order.payment;
        let pays_later =
            payment.other.as_ref().is_some_and(|other| other.method.kind == Kind::PayLater);
        if record.sale != WHOLE || !pays_later {
            return Ok(Changed::Refused(Refusal::NotInThisState));
        }
        let before = &record.order.trail.captures;
        if let Some(part) = before.iter().find(|part| wanted.is_of_the_same_name(part)) {
            return Ok(Changed::Done(Some(Captured::of(part))));
        }
        if before.is_empty() && wanted.amount == payment.amount.minor {
            let transaction_id = payment.transaction_id.0;
            let whole = Captured { transaction_id, order_id: record.order_id.clone() };
            let answer = |_: &()| (answers.paid)(&whole);
            let shipped = self.ship(record, wanted.notes, &answer).await?;
            return Ok(shipped.map(|()| Some(whole.clone())));
        }
        if record.order.trail.shipment.as_ref().is_some_and(|asked| wanted.repeats(asked)) {
            return self.have_part_paid(record, Some(answers.paid)).await;
        }
        let record = self.settle_shipment(record).await?;
        self.ship_new_part(record, wanted, answers).await
    }

    async fn ship_new_part(
        self: &Arc<Gateway>,
        record: Record,
        wanted: PartShipment,
        answers: PartAnswers<'_>,
    ) -> Result<Changed<Option<Captured>>, Failure> {
        let PartShipment { amount, new_order_id, notes } = wanted;
        let transaction_id = TransactionId(self.transaction_ids.next(self.now()));
        let order_id = match new_order_id {
            None => self.free_name(&record, transaction_id).await?,
            Some(name) if self.is_taken(&record.site, &name).await? => {
                return Ok(Changed::NameTaken);
            }
            Some(name) => name,
        };
        let command = Command::ShipPart { amount, sale: NewSale { transaction_id, order_id } };
        let besides = |_: &Decision, more: &mut Besides| {
            note(more, &notes);
            more.answer = (answers.underway)(&());
        };
        match self.command_with(record, command, Patience::Once, besides).await? {
            // The request has its answer by now, which the real one takes the place of.
            Done::Committed { record, .. } => self.have_part_paid(record, None).await,
            Done::Refused { refusal, .. } => Ok(Changed::Refused(refusal)),
        }
    }

    /// Tells the provider of the shipment that it was not heard to answer to; `None` where it still
    /// does not.
    async fn have_part_paid(
        self: &Arc<Gateway>,
        record: Record,
        answer: Option<Answer<'_, Captured>>,
    ) -> Result<Changed<Option<Captured>>, Failure> {
        let Some(asked) = record.order.trail.shipment.clone() else {
            return Ok(Changed::Refused(Refusal::NotOnItsWay));
        };
        let Some(record) = self.tell_of_shipment(record, &asked, answer).await? else {
            return Ok(Changed::Done(None));
        };
        // It has paid, or somebody else was faster with its answer.
        let mut captures = record.order.trail.captures.iter();
        if let Some(paid) = captures.find(|part| part.transaction_id == asked.transaction_id) {
            return Ok(Changed::Done(Some(Captured::of(paid))));
        }
        // It pays no more, and says why.
        self.ask_provider(record).await?;
        Ok(Changed::Refused(Refusal::NotInThisState))
    }

    /// Tells the provider of a shipment, and records what it answers. `None` when it does not.
    async fn tell_of_shipment(
        self: &Arc<Gateway>,
        record: Record,
        asked: &PartCapture,
        answer: Option<Answer<'_, Captured>>,
    ) -> Result<Option<Record>, Failure> {
        let (Some(provider), Some(other)) =
            (self.provider_of(&record.site), &record.order.payment.other)
        else {
            return Ok(None);
        };
        let number = asked.transaction_id.0;
        let word = match provider.ship_part(&other.reference, number, asked.amount).await {
            Ok(word) => word,
            Err(error) => {
                tracing::warn!(order.key = record.key, %error, "a shipment was not told");
                return Ok(None);
            }
        };
        let is_free = !self.is_taken(&record.site, &asked.order_id).await?;
        let order_id = if is_free { asked.order_id.clone() } else { number.to_string() };
        let captured =
            Captured { transaction_id: asked.transaction_id.0, order_id: order_id.clone() };
        let command = Command::HearShipment { number: asked.number, word, order_id };
        let besides = |_: &Decision, more: &mut Besides| {
            let answer = answer.filter(|_| word == ShipmentWord::Paid);
            more.answer = answer.and_then(|answer| answer(&captured));
        };
        Ok(Some(match self.command_with(record, command, Patience::Stubborn, besides).await? {
            Done::Committed { record, .. } | Done::Refused { record, .. } => record,
        }))
    }

    /// Has what is owed to be told of shipments told, before anything rests on what its provider
    /// says.
    ///
    /// # Errors
    /// [`Failure::Busy`] when it does not answer.
    pub(super) async fn settle_shipment(
        self: &Arc<Gateway>,
        record: Record,
    ) -> Result<Record, Failure> {
        let Some(asked) = record.order.trail.shipment.clone() else { return Ok(record) };
        self.tell_of_shipment(record, &asked, None).await?.ok_or(Failure::Busy)
    }

    /// The provider was told of a shipment a while ago, and nobody has recorded what it answered.
    pub(super) async fn tell_of_shipment_again(
        self: &Arc<Gateway>,
        record: Record,
        timer: &ClaimedTimer,
    ) -> Result<(), Failure> {
        let next = match self.settle_shipment(record).await {
            Ok(_) => TimerNext::Done,
            Err(Failure::Busy) => TimerNext::At(self.now().saturating_add(PROVIDER_PAUSE_MS)),
            Err(failure) => return Err(failure),
        };
        // The commit of an answer has ended our lease, and this says nothing.
        self.store.finish_timer(timer, next).await?;
        Ok(())
    }

    /// Has the provider pay what it has promised, for the merchant has shipped it. Where nothing is
    /// promised there is nothing to ask for. Says whether it has paid.
    async fn have_paid_for_shipping(
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

impl PartShipment {
    /// Whether it was shipped before, under the name that it was given then.
    fn is_of_the_same_name(&self, part: &PartCapture) -> bool {
        self.amount == part.amount && self.new_order_id.as_ref() == Some(&part.order_id)
    }

    /// Whether it is the shipment that the provider is being told of.
    fn repeats(&self, asked: &PartCapture) -> bool {
        let named = self.new_order_id.as_ref();
        self.amount == asked.amount && named.is_none_or(|name| *name == asked.order_id)
    }
}

impl Captured {
    fn of(part: &PartCapture) -> Captured {
        Captured { transaction_id: part.transaction_id.0, order_id: part.order_id.clone() }
    }
}
