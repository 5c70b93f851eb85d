//! The stored form of an order's state, and of what its owed messages need.
//!
//! The core's types are not serializable on purpose: this text outlives versions of the program,
//! so it has its own types, converted by hand. Member names are short because every payment
//! carries them twice through the disk.

mod credential;
mod facts;
mod other;
mod owed;
mod part;
mod payment;
mod session;
mod trail;

use std::collections::BTreeMap;

use florin_core::order::{Counters, Order};
use florin_core::payment::Trace;
use serde::{Deserialize, Serialize};

use super::journal::JournalEnd;
use super::risk::report::RiskReport;
pub use credential::{Credential, CredentialUse};
pub use owed::{CAPTURE, OwedCapture, OwedMessage, OwedRefund, OwedReversal, reversal_reason};
use part::PartRow;
use payment::PaymentRow;
use session::SessionRow;
use trail::TrailRow;

/// The stored text is not of a form that this version writes or has ever written.
#[derive(Debug)]
pub struct Unreadable(pub String);

impl std::fmt::Display for Unreadable {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "stored state cannot be read: {}", self.0)
    }
}

impl std::error::Error for Unreadable {}

/// Facts of the order that the gateway keeps beside the core's state.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Extra {
    /// First six digits of the card.
    #[serde(rename = "b", default, skip_serializing_if = "String::is_empty")]
    pub bin: String,
    /// The API key that created the attempt.
    #[serde(rename = "k")]
    pub key_id: i64,
    /// The link its messages travel on.
    #[serde(rename = "n")]
    pub link: String,
    /// The order wants a challenge whatever the issuer prefers.
    #[serde(rename = "f", default, skip_serializing_if = "std::ops::Not::not")]
    pub challenge_wanted: bool,
    /// When the first attempt was made.
    #[serde(rename = "o")]
    pub created_at: i64,
    /// How risky the attempt is, and why.
    #[serde(rename = "x", default, skip_serializing_if = "Option::is_none")]
    pub risk: Option<RiskReport>,
    /// The mark of the request that opened the newest attempt, if it had an idempotency key.
    #[serde(rename = "q", default, skip_serializing_if = "Option::is_none")]
    pub request_key: Option<String>,
    /// The marks of the requests that opened earlier ones, newest last.
    #[serde(rename = "p", default, skip_serializing_if = "Vec::is_empty")]
    pub earlier_requests: Vec<String>,
    /// The form on a page that opened the newest attempt, if one did.
    #[serde(rename = "g", default, skip_serializing_if = "Option::is_none")]
    pub form: Option<String>,
    /// The language that its payer read there, where it is not the order's.
    #[serde(rename = "l", default, skip_serializing_if = "Option::is_none")]
    pub locale: Option<String>,
    /// What the merchant said about shipment and invoice, by member.
    #[serde(rename = "s", default, skip_serializing_if = "BTreeMap::is_empty")]
    pub shipment: BTreeMap<String, String>,
    /// Where the order's journal ends.
    #[serde(rename = "j", default, skip_serializing_if = "is_empty_journal")]
    pub journal: JournalEnd,
    /// The stored card that the newest attempt makes or charges.
    #[serde(rename = "c", default, skip_serializing_if = "Option::is_none")]
    pub credential: Option<Credential>,
}

/// Requests that are remembered of an order: no shop begins one anew more often within the day for
/// which a key counts.
const EARLIER_REQUESTS_MAX: usize = 16;

impl Extra {
    /// Whether a request with this mark has opened an attempt, or made an offer, of the order.
    pub fn has_done(&self, mark: &str) -> bool {
        let mut marks = self.request_key.iter().chain(&self.earlier_requests);
        marks.any(|done| done == mark)
    }

    /// Remembers what requests have made of the order before.
    pub fn supersede(&mut self, earlier: &Extra) {
        let mut marks = earlier.earlier_requests.clone();
        marks.extend(earlier.request_key.clone());
        let too_many = marks.len().saturating_sub(EARLIER_REQUESTS_MAX);
        marks.drain(..too_many);
        self.earlier_requests = marks;
    }
}

fn is_empty_journal(end: &JournalEnd) -> bool {
    end.entries == 0
}

/// What the row of a child order says instead of a state: where it is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Child {
    /// The key of the order that it belongs to.
    pub parent: i64,
    /// Which of its sales it is, or belongs to.
    pub sale: u32,
    /// Set where it is only the merchant's own name of a refund.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refund: Option<u32>,
}

impl Child {
    pub fn to_text(self) -> String {
        serde_json::to_string(&self).expect("numbers have a JSON form")
    }

    /// `None` where the text is the state of an order.
    pub fn read(text: &str) -> Option<Child> {
        if text.starts_with("{\"parent\"") { serde_json::from_str(text).ok() } else { None }
    }
}

/// Writes the state of an order.
pub fn write_state(order: &Order, extra: &Extra) -> String {
    let row = StateRow {
        version: 1,
        payment: PaymentRow::from(&order.payment),
        counters: [
            order.counters.attempts,
            order.counters.advices,
            order.counters.notifications,
            order.counters.events,
        ],
        trail: TrailRow::from(&order.trail),
        session: order.session.as_ref().map(SessionRow::from),
        parts: order.parts.iter().map(PartRow::from).collect(),
        extra: extra.clone(),
    };
    serde_json::to_string(&row).expect("rows of texts and numbers have a JSON form")
}

/// Reads what [`write_state`] wrote.
///
/// # Errors
/// [`Unreadable`] when the text is damaged or of a later version.
pub fn read_state(text: &str) -> Result<(Order, Extra), Unreadable> {
    let row: StateRow =
        serde_json::from_str(text).map_err(|error| Unreadable(error.to_string()))?;
    if row.version != 1 {
        return Err(Unreadable(format!("version {}", row.version)));
    }
    let [attempts, advices, notifications, events] = row.counters;
    let counters = Counters { attempts, advices, notifications, events };
    let order = Order {
        payment: row.payment.read()?,
        trail: row.trail.read(),
        counters,
        session: row.session.map(SessionRow::read),
        parts: row.parts.into_iter().map(PartRow::read).collect::<Result<_, _>>()?,
    };
    Ok((order, row.extra))
}

/// A [`Trace`] at rest.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TraceRow {
    #[serde(rename = "s")]
    stan: u32,
    #[serde(rename = "r")]
    rrn: String,
    #[serde(rename = "t")]
    transmitted_at: i64,
    #[serde(rename = "m")]
    terminal_id: String,
}

impl TraceRow {
    /// DE37.
    pub fn rrn(&self) -> &str {
        &self.rrn
    }
}

impl From<&Trace> for TraceRow {
    fn from(trace: &Trace) -> TraceRow {
        TraceRow {
            stan: trace.stan,
            rrn: trace.rrn.clone(),
            transmitted_at: trace.transmitted_at,
            terminal_id: trace.terminal_id.clone(),
        }
    }
}

impl From<&TraceRow> for Trace {
    fn from(row: &TraceRow) -> Trace {
        Trace {
            stan: row.stan,
            rrn: row.rrn.clone(),
            transmitted_at: row.transmitted_at,
            terminal_id: row.terminal_id.clone(),
        }
    }
}

#[derive(Serialize, Deserialize)]
struct StateRow {
    #[serde(rename = "v")]
    version: u32,
    #[serde(rename = "p")]
    payment: PaymentRow,
    #[serde(rename = "n")]
    counters: [u32; 4],
    #[serde(rename = "l", default, skip_serializing_if = "TrailRow::is_empty")]
    trail: TrailRow,
    #[serde(rename = "s", default, skip_serializing_if = "Option::is_none")]
    session: Option<SessionRow>,
    #[serde(rename = "g", default, skip_serializing_if = "Vec::is_empty")]
    parts: Vec<PartRow>,
    #[serde(rename = "e")]
    extra: Extra,
}

#[cfg(test)]
mod tests;
