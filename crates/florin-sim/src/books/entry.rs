//! One authorization and everything that was done with it.
//!
//! Amounts are minor units of its currency. `captured + reversed ≤ authorized` and
//! `refunded ≤ captured` hold after each change, and are asserted.

use serde::{Deserialize, Serialize};

use super::event::Key;

/// A retrieval reference number (DE37): 12 characters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Rrn([u8; 12]);

/// What kind of authorization it was (tag 03, or the message type).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EntryKind {
    /// One capture of the full amount is expected.
    Normal,
    /// Captures follow when the merchant ships.
    PreAuthorization,
    /// Account verification, amount 0.
    Verification,
    /// Authorized and captured by one message.
    SingleMessage,
    /// Approved elsewhere and advised.
    Voice,
}

/// An authorization in the books.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Entry {
    pub rrn: Rrn,
    pub order_id: String,
    pub kind: EntryKind,
    /// Name of the test card; never its number.
    pub card: String,
    /// Network that the merchant named (tag 05).
    pub network: String,
    pub approval_code: String,
    pub network_reference: String,
    /// ISO 4217 numeric.
    pub currency: u16,
    pub authorized: i64,
    #[serde(default, skip_serializing_if = "is_zero")]
    pub captured: i64,
    #[serde(default, skip_serializing_if = "is_zero")]
    pub refunded: i64,
    #[serde(default, skip_serializing_if = "is_zero")]
    pub reversed: i64,
    /// The last capture was made: what was not captured is free again.
    #[serde(default, skip_serializing_if = "is_false")]
    pub closed: bool,
    /// Unix milliseconds.
    pub authorized_at: i64,
    /// The authorization itself, then increments, captures and refunds.
    pub operations: Vec<Operation>,
    /// What was taken back of them, oldest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub reversals: Vec<Reversal>,
}

/// What one message took back of an operation, or the last capture left of an authorization.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Reversal {
    /// The operation's.
    pub rrn: Rrn,
    pub amount: i64,
    /// Unix milliseconds.
    pub at: i64,
    /// How many operations came before it; 0 in books that were written before it was kept.
    #[serde(default)]
    pub after: usize,
}

/// A message that changed an entry.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Operation {
    pub rrn: Rrn,
    pub key: Key,
    pub kind: OperationKind,
    pub amount: i64,
    /// Unix milliseconds; 0 in books that were written before it was kept.
    #[serde(default)]
    pub at: i64,
    /// It was reversed as a whole.
    #[serde(default, skip_serializing_if = "is_false")]
    pub undone: bool,
}

/// What a message did.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OperationKind {
    Authorization,
    Increment,
    Capture,
    Refund,
}

impl Rrn {
    /// Reads DE37.
    pub fn parse(text: &str) -> Option<Rrn> {
        let characters: [u8; 12] = text.as_bytes().try_into().ok()?;
        characters.is_ascii().then_some(Rrn(characters))
    }

    /// The 12 characters.
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.0).expect("checked to be ASCII when it was read")
    }
}

impl TryFrom<String> for Rrn {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Rrn, &'static str> {
        Rrn::parse(&text).ok_or("an RRN has 12 ASCII characters")
    }
}

impl From<Rrn> for String {
    fn from(rrn: Rrn) -> String {
        rrn.as_str().to_owned()
    }
}

impl Entry {
    /// What is still reserved for the merchant.
    pub fn held(&self) -> i64 {
        if self.closed { 0 } else { self.authorized - self.reversed - self.captured }
    }

    /// What the account cannot spend because of this entry.
    pub fn exposure(&self) -> i64 {
        self.held() + self.captured - self.refunded
    }

    /// Adds a capture, an increment or a refund; `last` closes the authorization.
    pub(super) fn operate(&mut self, operation: Operation, last: bool) {
        let Operation { amount, at, .. } = operation;
        match operation.kind {
            OperationKind::Authorization => return,
            OperationKind::Increment => self.authorized += amount,
            OperationKind::Capture => self.captured += amount,
            OperationKind::Refund => self.refunded += amount,
        }
        let left = self.held();
        if last && left > 0 {
            let after = self.operations.len() + 1;
            self.reversals.push(Reversal { rrn: self.rrn, amount: left, at, after });
        }
        self.closed |= last;
        self.operations.push(operation);
    }

    /// Undoes an operation as a whole, or, for the authorization, all but what remains.
    pub(super) fn reverse(&mut self, rrn: &Rrn, remains: Option<i64>, at: i64) {
        let Some(operation) = self.operations.iter_mut().find(|operation| operation.rrn == *rrn)
        else {
            return;
        };
        let (kind, amount) = (operation.kind, operation.amount);
        operation.undone = remains.is_none();
        let reversed = self.reversed;
        match kind {
            OperationKind::Authorization => self.give_back(remains),
            OperationKind::Increment => self.reversed += amount,
            OperationKind::Capture => self.captured -= amount,
            OperationKind::Refund => self.refunded -= amount,
        }
        let amount = match kind {
            OperationKind::Authorization => self.reversed - reversed,
            OperationKind::Increment | OperationKind::Capture | OperationKind::Refund => amount,
        };
        let after = self.operations.len();
        self.reversals.push(Reversal { rrn: *rrn, amount, at, after });
    }

    fn give_back(&mut self, remains: Option<i64>) {
        if self.kind == EntryKind::SingleMessage && remains.is_none() {
            // One message authorized and captured: its reversal takes both back.
            self.captured = self.refunded;
        }
        let remains = remains.unwrap_or(0).max(self.captured);
        self.reversed = self.authorized - remains;
    }

    /// Panics when the books contradict themselves: a bug, never a client's mistake.
    pub(super) fn assert_sound(&self) {
        assert!(self.captured >= 0 && self.refunded >= 0 && self.reversed >= 0, "below zero");
        assert!(self.captured + self.reversed <= self.authorized, "more than was authorized");
        assert!(self.refunded <= self.captured, "more refunded than captured");
    }
}

fn is_zero(amount: &i64) -> bool {
    *amount == 0
}

fn is_false(flag: &bool) -> bool {
    !flag
}
