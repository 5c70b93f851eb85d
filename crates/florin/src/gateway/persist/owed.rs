//! What an owed message needs, besides the card, to be built again at any time.

use florin_core::decision::ReversalReason;
use serde::{Deserialize, Serialize};

use super::{TraceRow, Unreadable};

/// A message that is owed to the host.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "k", rename_all = "snake_case")]
pub enum OwedMessage {
    /// The outcome of this request was never recorded.
    Guard(OwedReversal),
    Reversal(OwedReversal),
    Capture(OwedCapture),
    Refund(OwedRefund),
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OwedReversal {
    #[serde(rename = "c")]
    pub card: u32,
    #[serde(rename = "o")]
    pub original: TraceRow,
    #[serde(rename = "a")]
    pub amount: i64,
    #[serde(rename = "r")]
    pub reason: String,
    /// DE95: what remains, where only a part is given back.
    #[serde(rename = "l", default, skip_serializing_if = "Option::is_none")]
    pub remains: Option<i64>,
    /// The original is a refund.
    #[serde(rename = "f", default, skip_serializing_if = "std::ops::Not::not")]
    pub of_refund: bool,
    /// Somebody asked for it, so that the first message is a request (0400).
    #[serde(rename = "q", default, skip_serializing_if = "std::ops::Not::not")]
    pub asked: bool,
    #[serde(rename = "p", default, skip_serializing_if = "Option::is_none")]
    pub approval_code: Option<String>,
    #[serde(rename = "d", default, skip_serializing_if = "Option::is_none")]
    pub response_code: Option<String>,
    /// The reversal's own number, given and stored before it first leaves.
    #[serde(rename = "t", default, skip_serializing_if = "Option::is_none")]
    pub trace: Option<TraceRow>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OwedCapture {
    #[serde(rename = "c")]
    pub card: u32,
    #[serde(rename = "o")]
    pub original: TraceRow,
    #[serde(rename = "t")]
    pub trace: TraceRow,
    #[serde(rename = "a")]
    pub amount: i64,
    /// Which capture of the authorization, from 1.
    #[serde(rename = "s", default = "first", skip_serializing_if = "is_first")]
    pub sequence: u32,
    /// More may follow.
    #[serde(rename = "m", default, skip_serializing_if = "std::ops::Not::not")]
    pub more: bool,
    /// The order that this capture made, where it made one.
    #[serde(rename = "i", default, skip_serializing_if = "Option::is_none")]
    pub order_id: Option<String>,
    #[serde(rename = "p", default, skip_serializing_if = "Option::is_none")]
    pub approval_code: Option<String>,
    #[serde(rename = "n", default, skip_serializing_if = "Option::is_none")]
    pub network_reference: Option<String>,
}

/// Unlike an advice, a refund request must not be sent twice: the host would take the second copy
/// for a duplicate, and its answer would say nothing of the first.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OwedRefund {
    #[serde(rename = "c")]
    pub card: u32,
    #[serde(rename = "t")]
    pub trace: TraceRow,
    #[serde(rename = "a")]
    pub amount: i64,
    /// RRN of the authorization.
    #[serde(rename = "o")]
    pub original_rrn: String,
    /// The order that the refund belongs to, where it is not the order itself.
    #[serde(rename = "i", default, skip_serializing_if = "Option::is_none")]
    pub order_id: Option<String>,
    #[serde(rename = "n", default, skip_serializing_if = "Option::is_none")]
    pub network_reference: Option<String>,
    /// It was about to leave: whoever finds it so cannot know whether it did.
    #[serde(rename = "s", default, skip_serializing_if = "std::ops::Not::not")]
    pub sent: bool,
}

fn first() -> u32 {
    1
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "the shape that the derive macro calls")]
fn is_first(sequence: &u32) -> bool {
    *sequence == 1
}

/// The kind of a message that captures.
pub const CAPTURE: &str = "capture";

impl OwedMessage {
    pub fn to_text(&self) -> String {
        serde_json::to_string(self).expect("rows of texts and numbers have a JSON form")
    }

    /// # Errors
    /// [`Unreadable`] when the text is damaged.
    pub fn read(text: &str) -> Result<OwedMessage, Unreadable> {
        serde_json::from_str(text).map_err(|error| Unreadable(error.to_string()))
    }

    /// What `AdviceRow.kind` says of it.
    pub fn kind(&self) -> &'static str {
        match self {
            OwedMessage::Guard(_) => "guard",
            OwedMessage::Reversal(_) => "reversal",
            OwedMessage::Capture(_) => CAPTURE,
            OwedMessage::Refund(_) => "refund",
        }
    }

    /// The number of the card that it is about.
    pub fn card(&self) -> u32 {
        match self {
            OwedMessage::Guard(owed) | OwedMessage::Reversal(owed) => owed.card,
            OwedMessage::Capture(owed) => owed.card,
            OwedMessage::Refund(owed) => owed.card,
        }
    }
}

/// The digits of a message reason, as a reason again.
pub fn reversal_reason(code: &str) -> ReversalReason {
    match code {
        "4000" => ReversalReason::CustomerCancellation,
        "4004" => ReversalReason::PartlyCompleted,
        "4020" => ReversalReason::InvalidResponse,
        _ => ReversalReason::TimeOut,
    }
}
