//! What acquirers, operators and merchants do with chargebacks: take one on, accept it, dispute
//! it, hand evidence in, close it.
//!
//! Each is one decision and one commit. Nothing of it goes over the acquirer's wire: chargebacks
//! come in files, and answers leave by the acquirer's own ways.

use std::sync::Arc;

use florin_core::chargeback::{Chargeback, Stage};
use florin_core::decision::{Claim, Command, Decision, DisputeStep, Event, Refusal};
use florin_core::payment::{Instant, TransactionId};

use super::authorize::{Besides, Done, Patience};
use super::change::{Answer, Changed};
pub use super::effects::DISPUTE as TIMERS;
use super::record::{Record, row_number};
use super::site::Site;
use super::{Failure, Gateway};
use crate::store::{ClaimedTimer, FileRow, TimerNext};

/// A chargeback as the acquirer tells it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct News {
    /// Minor units; `None` for all that can be taken back.
    pub amount: Option<i64>,
    pub reason_code: String,
    /// The acquirer's number of the case; one is made up where there is none.
    pub reference: Option<String>,
    /// When the money was taken, on the site's clock; `None` for now.
    pub at: Option<Instant>,
    /// Until when the merchant can answer, on the site's clock; `None` for what is usual.
    pub due: Option<Instant>,
}

/// A chargeback with the order that it is a part of.
#[derive(Clone)]
pub struct Case {
    pub record: Record,
    /// Which chargeback of the order.
    pub number: u32,
}

/// A file of evidence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Evidence {
    pub name: String,
    /// `PDF`, `JPEG` or `PNG`.
    pub kind: &'static str,
    pub description: String,
    pub bytes: Vec<u8>,
}

impl Case {
    /// The chargeback itself.
    ///
    /// # Panics
    /// Never: a case is made for a chargeback that is there, and none ever goes.
    pub fn chargeback(&self) -> &Chargeback {
        let case = self.record.order.trail.chargeback(self.number);
        case.expect("a case is made for a chargeback that is there")
    }

    fn of(record: Record, number: u32) -> Option<Case> {
        let sale = record.order.trail.chargeback(number)?.sale;
        Some(Case { record: Record { sale, ..record }, number })
    }
}

impl Gateway {
    /// Takes a chargeback of the sale that `record` shows.
    ///
    /// # Errors
    /// A [`Failure`] when nothing could be recorded.
    pub async fn charge_back(
        self: &Arc<Gateway>,
        record: Record,
        news: News,
    ) -> Result<Changed<Case>, Failure> {
        let now = self.now();
        let transaction_id = TransactionId(self.transaction_ids.next(now));
        let credit_id = TransactionId(self.transaction_ids.next(now));
        let reference = news.reference.unwrap_or_else(|| format!("florin-{}", transaction_id.0));
        let command = Command::ChargeBack(Claim {
            sale: record.sale,
            transaction_id,
            credit_id,
            amount: news.amount,
            reason_code: news.reason_code,
            reference,
            at: news.at,
            due: news.due,
        });
        match self.command(record, command, Patience::Once).await? {
            Done::Committed { record, decision } => Ok(made(record, &decision)),
            Done::Refused { refusal, .. } => Ok(Changed::Refused(refusal)),
        }
    }

    /// Moves a case on.
    ///
    /// # Errors
    /// A [`Failure`] when nothing could be recorded.
    pub async fn dispute(
        self: &Arc<Gateway>,
        case: Case,
        step: DisputeStep,
    ) -> Result<Changed<Case>, Failure> {
        let number = case.number;
        let command = Command::Dispute { number, step };
        match self.command(case.record, command, Patience::Once).await? {
            Done::Committed { record, .. } => Ok(Changed::Done(Case { record, number })),
            Done::Refused { refusal, .. } => Ok(Changed::Refused(refusal)),
        }
    }

    /// The number under which the credit of a case that is won will be known.
    pub fn next_credit(&self) -> TransactionId {
        TransactionId(self.transaction_ids.next(self.now()))
    }

    /// Keeps a file for the open chargeback of the sale that `record` shows: the one that is due
    /// first, should there be several.
    ///
    /// # Errors
    /// A [`Failure`] when nothing could be recorded.
    pub async fn hand_in(
        self: &Arc<Gateway>,
        record: Record,
        evidence: Evidence,
        answer: Answer<'_, ()>,
    ) -> Result<Changed<()>, Failure> {
        let Some(number) = waiting_case(&record).map(|case| case.number) else {
            return Ok(Changed::Refused(Refusal::NoChargeback));
        };
        let at = record.site.time(self.now());
        let besides = |decision: &Decision, more: &mut Besides| {
            more.files = added_file(decision).map(|file| file_row(file, &evidence, at)).collect();
            more.answer = answer(&());
        };
        let command = Command::Dispute { number, step: DisputeStep::AddFile };
        match self.command_with(record, command, Patience::Once, besides).await? {
            Done::Committed { .. } => Ok(Changed::Done(())),
            Done::Refused { refusal, .. } => Ok(Changed::Refused(refusal)),
        }
    }

    /// The chargeback of a site with this transaction number, or with that of its reversal.
    ///
    /// # Errors
    /// A [`Failure`] when the store cannot be read.
    pub async fn case(
        &self,
        site: &Arc<Site>,
        transaction_id: i64,
    ) -> Result<Option<Case>, Failure> {
        let record = self.load_by_transaction(site, transaction_id).await?;
        Ok(record.and_then(|record| {
            let mut cases = record.order.trail.chargebacks.iter();
            let number = cases.find(|case| is_known_as(case, transaction_id))?.number;
            Case::of(record, number)
        }))
    }

    /// The merchant's time to answer a chargeback is over.
    pub(super) async fn let_dispute_pass(
        self: &Arc<Gateway>,
        mut record: Record,
        number: u32,
        timer: &ClaimedTimer,
    ) -> Result<(), Failure> {
        let waits = |record: &Record| {
            let case = record.order.trail.chargeback(number);
            case.filter(|case| case.stage.waits()).map(|case| case.due)
        };
        let Some(due) = waits(&record) else {
            self.store.finish_timer(timer, TimerNext::Done).await?;
            return Ok(());
        };
        if record.site.time(self.now()) < due {
            // The site's clock was moved a moment ago, and we have not heard of it.
            self.directory.refresh(self.store.as_ref(), &self.vault).await?;
            if let Some(site) = self.directory.site(record.site.id) {
                record.site = site;
            }
        }
        if record.site.time(self.now()) < due {
            let next = TimerNext::At(record.site.due(due));
            self.store.finish_timer(timer, next).await?;
            return Ok(());
        }
        // The commit cancels the timer together with what it changes.
        let command = Command::Dispute { number, step: DisputeStep::LetPass };
        self.settle(record, command).await?;
        Ok(())
    }
}

/// The chargeback of the sale that waits for the merchant; the one that is due first.
pub fn waiting_case(record: &Record) -> Option<&Chargeback> {
    let cases = record.order.trail.chargebacks.iter();
    let waiting = cases.filter(|case| case.sale == record.sale && case.stage.waits());
    waiting.min_by_key(|case| (case.due, case.number))
}

/// What a case is, for those who ask for a step that it does not allow.
pub fn refusal_words(refusal: Refusal, stage: Option<Stage>) -> String {
    match refusal {
        Refusal::NotSold => "nothing was captured that could be charged back".to_owned(),
        Refusal::MoreThanLeft => {
            "the amount exceeds what was captured, less refunds and chargebacks".to_owned()
        }
        Refusal::AmountOutOfBounds => "the amount is not at least one minor unit".to_owned(),
        Refusal::ReferenceTaken => {
            "the reference belongs to a chargeback with another amount or reason".to_owned()
        }
        Refusal::TooMany => "there are as many as there can be".to_owned(),
        Refusal::NoChargeback => "there is no such chargeback".to_owned(),
        Refusal::AlreadySo => "it is so already".to_owned(),
        _ => match stage {
            Some(stage) => format!("the chargeback is {}, which does not allow it", stage.status()),
            None => "the order does not allow it".to_owned(),
        },
    }
}

fn made(record: Record, decision: &Decision) -> Changed<Case> {
    let number = decision.events.iter().find_map(|event| match event {
        Event::ChargedBack(case) => Some(case.number),
        _ => None,
    });
    match number.and_then(|number| Case::of(record, number)) {
        Some(case) => Changed::Done(case),
        None => Changed::Refused(Refusal::NoChargeback),
    }
}

fn is_known_as(case: &Chargeback, transaction_id: i64) -> bool {
    case.transaction_id.0 == transaction_id
        || case.credit().is_some_and(|credit| credit.transaction_id.0 == transaction_id)
}

fn added_file(decision: &Decision) -> impl Iterator<Item = u32> {
    decision.events.iter().filter_map(|event| match event {
        Event::EvidenceAdded { file, .. } => Some(*file),
        _ => None,
    })
}

fn file_row(file: u32, evidence: &Evidence, at: Instant) -> FileRow {
    FileRow {
        file_id: row_number(file),
        name: evidence.name.clone(),
        kind: evidence.kind.to_owned(),
        description: evidence.description.clone(),
        at,
        bytes: evidence.bytes.clone(),
    }
}
