//! The stored form of chargebacks and disputes.

use florin_core::chargeback::{Chargeback, Credit, Outcome, Stage};
use florin_core::payment::TransactionId;
use serde::{Deserialize, Serialize};

use super::is_whole;

#[derive(Serialize, Deserialize)]
pub(super) struct ChargebackRow {
    #[serde(rename = "n")]
    number: u32,
    #[serde(rename = "s", default, skip_serializing_if = "is_whole")]
    sale: u32,
    #[serde(rename = "i")]
    transaction_id: i64,
    #[serde(rename = "a")]
    amount: i64,
    #[serde(rename = "c")]
    reason_code: String,
    #[serde(rename = "r")]
    reference: String,
    at: i64,
    #[serde(rename = "m")]
    modified_at: i64,
    #[serde(rename = "u")]
    due: i64,
    #[serde(rename = "z")]
    stage: StageRow,
    #[serde(rename = "f", default, skip_serializing_if = "Vec::is_empty")]
    files: Vec<u32>,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum StageRow {
    New,
    Ready,
    Open,
    Accepted,
    Submitted,
    Processed,
    Won { id: i64, at: i64 },
    Lost,
}

impl ChargebackRow {
    pub(super) fn read(self) -> Chargeback {
        let stage = match self.stage {
            StageRow::New => Stage::New,
            StageRow::Ready => Stage::Ready,
            StageRow::Open => Stage::Open,
            StageRow::Accepted => Stage::Accepted,
            StageRow::Submitted => Stage::Submitted,
            StageRow::Processed => Stage::Processed,
            StageRow::Won { id, at } => {
                Stage::Closed(Outcome::Won(Credit { transaction_id: TransactionId(id), at }))
            }
            StageRow::Lost => Stage::Closed(Outcome::Lost),
        };
        Chargeback {
            number: self.number,
            sale: self.sale,
            transaction_id: TransactionId(self.transaction_id),
            amount: self.amount,
            reason_code: self.reason_code,
            reference: self.reference,
            at: self.at,
            modified_at: self.modified_at,
            due: self.due,
            stage,
            files: self.files,
        }
    }
}

impl From<&Chargeback> for ChargebackRow {
    fn from(case: &Chargeback) -> ChargebackRow {
        let stage = match &case.stage {
            Stage::New => StageRow::New,
            Stage::Ready => StageRow::Ready,
            Stage::Open => StageRow::Open,
            Stage::Accepted => StageRow::Accepted,
            Stage::Submitted => StageRow::Submitted,
            Stage::Processed => StageRow::Processed,
            Stage::Closed(Outcome::Won(credit)) => {
                StageRow::Won { id: credit.transaction_id.0, at: credit.at }
            }
            Stage::Closed(Outcome::Lost) => StageRow::Lost,
        };
        ChargebackRow {
            number: case.number,
            sale: case.sale,
            transaction_id: case.transaction_id.0,
            amount: case.amount,
            reason_code: case.reason_code.clone(),
            reference: case.reference.clone(),
            at: case.at,
            modified_at: case.modified_at,
            due: case.due,
            stage,
            files: case.files.clone(),
        }
    }
}

/// One chargeback in every stage.
#[cfg(test)]
pub(super) fn sample() -> Vec<Chargeback> {
    let won = Credit { transaction_id: TransactionId(1_234_567_890_123_470), at: 21 };
    let stages = [
        Stage::New,
        Stage::Ready,
        Stage::Open,
        Stage::Accepted,
        Stage::Submitted,
        Stage::Processed,
        Stage::Closed(Outcome::Won(won)),
        Stage::Closed(Outcome::Lost),
    ];
    (1..)
        .zip(stages)
        .map(|(number, stage)| Chargeback {
            number,
            sale: number % 2,
            transaction_id: TransactionId(1_234_567_890_123_460),
            amount: 30,
            reason_code: "13.1".into(),
            reference: format!("case-{number}"),
            at: 18,
            modified_at: 19,
            due: 20,
            stage,
            files: if number > 4 { vec![number, 9] } else { Vec::new() },
        })
        .collect()
}
