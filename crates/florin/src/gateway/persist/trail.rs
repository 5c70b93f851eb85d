//! The stored form of what became of an order's money.

mod chargeback;

use florin_core::payment::{AdviceId, TransactionId};
use florin_core::trail::{Fee, Increment, PartCapture, Refund, RefundState, RefundWords, Trail};
use serde::{Deserialize, Serialize};

use super::TraceRow;
use chargeback::ChargebackRow;

#[derive(Default, Serialize, Deserialize)]
pub(super) struct TrailRow {
    #[serde(rename = "h", default, skip_serializing_if = "Option::is_none")]
    hold_until: Option<i64>,
    #[serde(rename = "c", default, skip_serializing_if = "Vec::is_empty")]
    captures: Vec<CaptureRow>,
    #[serde(rename = "p", default, skip_serializing_if = "Option::is_none")]
    shipment: Option<CaptureRow>,
    #[serde(rename = "r", default, skip_serializing_if = "is_nothing")]
    released: i64,
    #[serde(rename = "i", default, skip_serializing_if = "Option::is_none")]
    increment: Option<IncrementRow>,
    #[serde(rename = "f", default, skip_serializing_if = "Vec::is_empty")]
    refunds: Vec<RefundRow>,
    #[serde(rename = "b", default, skip_serializing_if = "Vec::is_empty")]
    chargebacks: Vec<ChargebackRow>,
    #[serde(rename = "s", default, skip_serializing_if = "Vec::is_empty")]
    shipped: Vec<u32>,
    #[serde(rename = "e", default, skip_serializing_if = "Vec::is_empty")]
    fees: Vec<FeeRow>,
}

#[derive(Serialize, Deserialize)]
struct CaptureRow {
    #[serde(rename = "n")]
    number: u32,
    #[serde(rename = "i")]
    transaction_id: i64,
    #[serde(rename = "o")]
    order_id: String,
    #[serde(rename = "a")]
    amount: i64,
    at: i64,
    #[serde(rename = "t", default, skip_serializing_if = "Option::is_none")]
    trace: Option<TraceRow>,
}

#[derive(Serialize, Deserialize)]
struct IncrementRow {
    #[serde(rename = "t")]
    trace: TraceRow,
    #[serde(rename = "a")]
    amount: i64,
    #[serde(rename = "d")]
    advice: u32,
}

#[derive(Serialize, Deserialize)]
struct RefundRow {
    #[serde(rename = "n")]
    number: u32,
    #[serde(rename = "s", default, skip_serializing_if = "is_whole")]
    sale: u32,
    #[serde(rename = "i")]
    transaction_id: i64,
    #[serde(rename = "a")]
    amount: i64,
    #[serde(rename = "q")]
    requested_at: i64,
    #[serde(rename = "m")]
    modified_at: i64,
    #[serde(rename = "o", default, skip_serializing_if = "Option::is_none")]
    order_id: Option<String>,
    #[serde(rename = "d", default, skip_serializing_if = "Option::is_none")]
    description: Option<String>,
    #[serde(rename = "v", default, skip_serializing_if = "Option::is_none")]
    vars: Option<[Option<String>; 3]>,
    #[serde(rename = "z")]
    state: RefundKind,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum RefundKind {
    Reserved {
        due: i64,
    },
    Sent {
        trace: TraceRow,
        advice: u32,
        tries: u32,
    },
    Asked,
    Completed {
        #[serde(default, skip_serializing_if = "Option::is_none")]
        trace: Option<TraceRow>,
    },
    Declined {
        response_code: Option<String>,
    },
    Void,
}

#[derive(Serialize, Deserialize)]
struct FeeRow {
    #[serde(rename = "s", default, skip_serializing_if = "is_whole")]
    sale: u32,
    #[serde(rename = "i")]
    transaction_id: i64,
    #[serde(rename = "a")]
    amount: i64,
    #[serde(rename = "d")]
    description: String,
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "the shape that the derive macro calls")]
fn is_nothing(minor: &i64) -> bool {
    *minor == 0
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "the shape that the derive macro calls")]
fn is_whole(sale: &u32) -> bool {
    *sale == florin_core::trail::WHOLE
}

impl TrailRow {
    pub(super) fn is_empty(&self) -> bool {
        self.hold_until.is_none()
            && self.captures.is_empty()
            && self.shipment.is_none()
            && self.released == 0
            && self.increment.is_none()
            && self.refunds.is_empty()
            && self.chargebacks.is_empty()
            && self.shipped.is_empty()
            && self.fees.is_empty()
    }

    pub(super) fn read(self) -> Trail {
        Trail {
            hold_until: self.hold_until,
            captures: self.captures.into_iter().map(CaptureRow::read).collect(),
            shipment: self.shipment.map(CaptureRow::read),
            released: self.released,
            increment: self.increment.map(|row| Increment {
                trace: (&row.trace).into(),
                amount: row.amount,
                advice: AdviceId(row.advice),
            }),
            refunds: self.refunds.into_iter().map(RefundRow::read).collect(),
            chargebacks: self.chargebacks.into_iter().map(ChargebackRow::read).collect(),
            shipped: self.shipped,
            fees: self.fees.into_iter().map(FeeRow::read).collect(),
        }
    }
}

impl From<&Trail> for TrailRow {
    fn from(trail: &Trail) -> TrailRow {
        TrailRow {
            hold_until: trail.hold_until,
            captures: trail.captures.iter().map(CaptureRow::from).collect(),
            shipment: trail.shipment.as_ref().map(CaptureRow::from),
            released: trail.released,
            increment: trail.increment.as_ref().map(|increment| IncrementRow {
                trace: (&increment.trace).into(),
                amount: increment.amount,
                advice: increment.advice.0,
            }),
            refunds: trail.refunds.iter().map(RefundRow::from).collect(),
            chargebacks: trail.chargebacks.iter().map(ChargebackRow::from).collect(),
            shipped: trail.shipped.clone(),
            fees: trail.fees.iter().map(FeeRow::from).collect(),
        }
    }
}

impl CaptureRow {
    fn read(self) -> PartCapture {
        PartCapture {
            number: self.number,
            transaction_id: TransactionId(self.transaction_id),
            order_id: self.order_id,
            amount: self.amount,
            at: self.at,
            trace: self.trace.as_ref().map(Into::into),
        }
    }
}

impl From<&PartCapture> for CaptureRow {
    fn from(capture: &PartCapture) -> CaptureRow {
        CaptureRow {
            number: capture.number,
            transaction_id: capture.transaction_id.0,
            order_id: capture.order_id.clone(),
            amount: capture.amount,
            at: capture.at,
            trace: capture.trace.as_ref().map(Into::into),
        }
    }
}

impl RefundRow {
    fn read(self) -> Refund {
        let state = match self.state {
            RefundKind::Reserved { due } => RefundState::Reserved { due },
            RefundKind::Sent { trace, advice, tries } => {
                RefundState::Sent { trace: (&trace).into(), advice: AdviceId(advice), tries }
            }
            RefundKind::Asked => RefundState::Asked,
            RefundKind::Completed { trace } => {
                RefundState::Completed { trace: trace.as_ref().map(Into::into) }
            }
            RefundKind::Declined { response_code } => RefundState::Declined { response_code },
            RefundKind::Void => RefundState::Void,
        };
        Refund {
            number: self.number,
            sale: self.sale,
            transaction_id: TransactionId(self.transaction_id),
            amount: self.amount,
            requested_at: self.requested_at,
            modified_at: self.modified_at,
            words: RefundWords {
                order_id: self.order_id,
                description: self.description,
                vars: self.vars.unwrap_or_default(),
            },
            state,
        }
    }
}

impl From<&Refund> for RefundRow {
    fn from(refund: &Refund) -> RefundRow {
        let state = match &refund.state {
            RefundState::Reserved { due } => RefundKind::Reserved { due: *due },
            RefundState::Sent { trace, advice, tries } => {
                RefundKind::Sent { trace: trace.into(), advice: advice.0, tries: *tries }
            }
            RefundState::Asked => RefundKind::Asked,
            RefundState::Completed { trace } => {
                RefundKind::Completed { trace: trace.as_ref().map(Into::into) }
            }
            RefundState::Declined { response_code } => {
                RefundKind::Declined { response_code: response_code.clone() }
            }
            RefundState::Void => RefundKind::Void,
        };
        let vars = refund.words.vars.clone();
        RefundRow {
            number: refund.number,
            sale: refund.sale,
            transaction_id: refund.transaction_id.0,
            amount: refund.amount,
            requested_at: refund.requested_at,
            modified_at: refund.modified_at,
            order_id: refund.words.order_id.clone(),
            description: refund.words.description.clone(),
            vars: vars.iter().any(Option::is_some).then_some(vars),
            state,
        }
    }
}

impl FeeRow {
    fn read(self) -> Fee {
        Fee {
            sale: self.sale,
            transaction_id: TransactionId(self.transaction_id),
            amount: self.amount,
            description: self.description,
        }
    }
}

impl From<&Fee> for FeeRow {
    fn from(fee: &Fee) -> FeeRow {
        FeeRow {
            sale: fee.sale,
            transaction_id: fee.transaction_id.0,
            amount: fee.amount,
            description: fee.description.clone(),
        }
    }
}

/// A trail with something in every place.
#[cfg(test)]
pub(super) fn sample() -> Trail {
    let trace = || florin_core::payment::Trace {
        stan: 102,
        rrn: "632614000102".into(),
        transmitted_at: 6,
        terminal_id: "FLRN0001".into(),
    };
    let refund = |number: u32, state: RefundState| Refund {
        number,
        sale: number % 2,
        transaction_id: TransactionId(1_234_567_890_123_459),
        amount: 10,
        requested_at: 14,
        modified_at: 15,
        words: RefundWords {
            order_id: Some("back-1".into()),
            description: Some("broken".into()),
            vars: [None, Some("v".into()), None],
        },
        state,
    };
    Trail {
        hold_until: Some(12),
        captures: vec![PartCapture {
            number: 1,
            transaction_id: TransactionId(1_234_567_890_123_457),
            order_id: "shop-1-part".into(),
            amount: 400,
            at: 13,
            trace: Some(trace()),
        }],
        shipment: Some(PartCapture {
            number: 2,
            transaction_id: TransactionId(1_234_567_890_123_458),
            order_id: "shop-1-part-2".into(),
            amount: 100,
            at: 14,
            trace: None,
        }),
        released: 7,
        increment: Some(Increment { trace: trace(), amount: 250, advice: AdviceId(5) }),
        refunds: vec![
            refund(1, RefundState::Reserved { due: 16 }),
            refund(2, RefundState::Sent { trace: trace(), advice: AdviceId(6), tries: 2 }),
            refund(3, RefundState::Completed { trace: Some(trace()) }),
            refund(6, RefundState::Completed { trace: None }),
            refund(7, RefundState::Asked),
            refund(4, RefundState::Declined { response_code: Some("12".into()) }),
            refund(5, RefundState::Void),
        ],
        chargebacks: chargeback::sample(),
        shipped: vec![0, 1],
        fees: vec![Fee {
            sale: 1,
            transaction_id: TransactionId(1_234_567_890_123_457),
            amount: 60,
            description: "2.9 %".into(),
        }],
    }
}
