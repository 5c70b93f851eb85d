//! What gift cards have paid of an order, at rest.

use florin_core::part::{Part, PartState};
use florin_core::payment::TransactionId;
use serde::{Deserialize, Serialize};

use super::Unreadable;
use super::other::OtherRow;

#[derive(Serialize, Deserialize)]
pub(super) struct PartRow {
    #[serde(rename = "n")]
    number: u32,
    #[serde(rename = "i")]
    transaction_id: i64,
    #[serde(rename = "y")]
    by: OtherRow,
    #[serde(rename = "a")]
    amount: i64,
    #[serde(rename = "d")]
    due: i64,
    at: i64,
    #[serde(rename = "m")]
    modified_at: i64,
    #[serde(rename = "q", default, skip_serializing_if = "Option::is_none")]
    asked_at: Option<i64>,
    #[serde(rename = "z")]
    state: Kind,
}

/// The numbers are those under which the part is given back.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Kind {
    Kept,
    Owed,
    Asked(i64),
    GivenBack(i64),
    NotGivenBack(i64),
}

impl From<&Part> for PartRow {
    fn from(part: &Part) -> PartRow {
        PartRow {
            number: part.number,
            transaction_id: part.transaction_id.0,
            by: (&part.by).into(),
            amount: part.amount,
            due: part.due,
            at: part.at,
            modified_at: part.modified_at,
            asked_at: part.asked_at,
            state: match part.state {
                PartState::Kept => Kind::Kept,
                PartState::Owed => Kind::Owed,
                PartState::Asked { refund_id } => Kind::Asked(refund_id.0),
                PartState::GivenBack { refund_id } => Kind::GivenBack(refund_id.0),
                PartState::NotGivenBack { refund_id } => Kind::NotGivenBack(refund_id.0),
            },
        }
    }
}

impl PartRow {
    pub(super) fn read(self) -> Result<Part, Unreadable> {
        let number = TransactionId;
        Ok(Part {
            number: self.number,
            transaction_id: TransactionId(self.transaction_id),
            by: self.by.read()?,
            amount: self.amount,
            due: self.due,
            at: self.at,
            modified_at: self.modified_at,
            asked_at: self.asked_at,
            state: match self.state {
                Kind::Kept => PartState::Kept,
                Kind::Owed => PartState::Owed,
                Kind::Asked(id) => PartState::Asked { refund_id: number(id) },
                Kind::GivenBack(id) => PartState::GivenBack { refund_id: number(id) },
                Kind::NotGivenBack(id) => PartState::NotGivenBack { refund_id: number(id) },
            },
        })
    }
}

/// A part in every state.
#[cfg(test)]
pub(super) fn sample() -> Vec<Part> {
    let refund_id = TransactionId(1_234_567_890_123_461);
    let states = [
        PartState::Kept,
        PartState::Owed,
        PartState::Asked { refund_id },
        PartState::GivenBack { refund_id },
        PartState::NotGivenBack { refund_id },
    ];
    let part = |(number, state)| Part {
        number,
        transaction_id: TransactionId(1_234_567_890_123_460),
        by: super::other::sample(),
        amount: 10,
        due: 100,
        at: 20,
        modified_at: 21,
        asked_at: (number > 2).then_some(22),
        state,
    };
    (1..).zip(states).map(part).collect()
}
