//! Money that a payer's bank takes back, and what the merchant says to it.
//!
//! ```text
//! New ──▶ Open ──▶ Submitted ──▶ Processed ──▶ Closed, won or lost
//!  │       │        │    ▲
//!  │       │        ▼    │ more evidence
//!  │       ├─────── Ready
//!  ▼       ▼          │
//! Accepted ◀──────────┘   by the merchant, or by letting the due date pass
//! ```
//!
//! The amount is gone from the day on which the chargeback comes; only one that is won brings it
//! back. The issuer may withdraw a chargeback whenever it is not accepted: then it is won as well.
//! Only data: what may follow what is decided in `decision`.

mod reasons;

use crate::card::Brand;
use crate::payment::{AuthenticationResult, AuthenticationStatus, Instant, Payment, TransactionId};
use crate::trail::SaleNumber;

pub use reasons::{Category, ReasonCode, reason};

/// Chargebacks that one order takes.
pub const CHARGEBACKS_MAX: usize = 50;

/// Files that the merchant may hand in for one chargeback.
pub const EVIDENCE_FILES_MAX: usize = 10;

const DAY_MS: i64 = 24 * 60 * 60 * 1000;

/// How long the merchant has to answer where the acquirer names no date: Visa and Mastercard.
pub const RESPONSE_MS: i64 = 23 * DAY_MS;

/// The same for American Express.
pub const RESPONSE_AMEX_MS: i64 = 20 * DAY_MS;

/// One case.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Chargeback {
    /// From 1.
    pub number: u32,
    pub sale: SaleNumber,
    pub transaction_id: TransactionId,
    /// Minor units.
    pub amount: i64,
    /// The scheme's code, as the acquirer gave it.
    pub reason_code: String,
    /// The acquirer's number of the case; one order has it once.
    pub reference: String,
    /// When the money was taken.
    pub at: Instant,
    pub modified_at: Instant,
    /// Until when the merchant can answer.
    pub due: Instant,
    pub stage: Stage,
    /// Numbers of the files that were handed in, within the order.
    pub files: Vec<u32>,
}

/// Where a case stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// The merchant has not reacted.
    New,
    /// The scheme wants more evidence.
    Ready,
    /// The merchant gathers evidence.
    Open,
    /// The merchant gave the money up, or said nothing in time.
    Accepted,
    /// The merchant has said all he has to say.
    Submitted,
    /// The evidence was sound and is with the scheme.
    Processed,
    Closed(Outcome),
}

/// How a case ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    Won(Credit),
    Lost,
}

/// The money that came back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Credit {
    pub transaction_id: TransactionId,
    pub at: Instant,
}

impl Stage {
    /// The status of the dispute in the words of the contract.
    pub fn status(self) -> &'static str {
        match self {
            Stage::New => "new",
            Stage::Ready => "ready",
            Stage::Open => "open",
            Stage::Accepted => "accepted",
            Stage::Submitted => "submitted",
            Stage::Processed => "processed",
            Stage::Closed(_) => "closed",
        }
    }

    /// Whether the merchant is waited for, so that the due date counts.
    pub fn waits(self) -> bool {
        match self {
            Stage::New | Stage::Ready | Stage::Open => true,
            Stage::Accepted | Stage::Submitted | Stage::Processed | Stage::Closed(_) => false,
        }
    }
}

impl Chargeback {
    /// What brought the money back; `None` while it is gone.
    pub fn credit(&self) -> Option<&Credit> {
        match &self.stage {
            Stage::Closed(Outcome::Won(credit)) => Some(credit),
            _ => None,
        }
    }
}

/// How long the merchant has by the rules of the scheme, in milliseconds.
pub fn response_ms(brand: Option<Brand>) -> i64 {
    if brand == Some(Brand::Amex) { RESPONSE_AMEX_MS } else { RESPONSE_MS }
}

/// Whether the issuer bears fraud: 3-D Secure authenticated the payer, or was attempted and left
/// a proof of that. Who never got so far, or has only informed the issuer, bears it himself.
pub fn issuer_bears_fraud(payment: &Payment) -> bool {
    let schemes = [Brand::Visa, Brand::Mastercard, Brand::Maestro, Brand::Amex];
    let has_rules = payment.brand.is_some_and(|brand| schemes.contains(&brand));
    has_rules && payment.authentication.as_ref().is_some_and(shifts_liability)
}

fn shifts_liability(result: &AuthenticationResult) -> bool {
    let has_value = result.value.as_ref().is_some_and(|value| !value.is_empty());
    match result.status {
        AuthenticationStatus::Authenticated | AuthenticationStatus::Attempted => has_value,
        AuthenticationStatus::Informational
        | AuthenticationStatus::Unavailable
        | AuthenticationStatus::NotAuthenticated
        | AuthenticationStatus::Rejected => false,
    }
}
