//! Payment in part: a gift card pays what is on it, and something else pays the rest.
//!
//! What was paid is kept with the order, not with the attempt that paid it, for other attempts
//! follow. An order that comes to nothing gives its parts back.

use crate::money::Money;
use crate::order::Order;
use crate::payment::{Instant, TransactionId};
use crate::provider::OtherMethod;

/// Parts that one order takes: a payer has a handful of gift cards, not a drawer.
pub const PARTS_MAX: usize = 20;

/// What one gift card has paid of an order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Part {
    /// From 1.
    pub number: u32,
    /// The attempt that paid it.
    pub transaction_id: TransactionId,
    /// The gift card, with its provider's number of the payment.
    pub by: OtherMethod,
    /// Minor units: at least one, and less than `due`.
    pub amount: i64,
    /// Minor units that were due before it.
    pub due: i64,
    pub at: Instant,
    pub modified_at: Instant,
    /// When its provider was first to be asked to take it back.
    pub asked_at: Option<Instant>,
    pub state: PartState,
}

/// Where the money of a part is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PartState {
    /// It pays for the order.
    Kept,
    /// The order came to nothing: its provider is yet to be asked to take it back.
    Owed,
    /// The provider was, or is about to be, asked under this number. It may be asked again.
    Asked {
        refund_id: TransactionId,
    },
    GivenBack {
        refund_id: TransactionId,
    },
    /// The provider refuses: the money stays where it is.
    NotGivenBack {
        refund_id: TransactionId,
    },
}

impl PartState {
    /// The number under which it is given back.
    pub fn refund_id(self) -> Option<TransactionId> {
        match self {
            PartState::Kept | PartState::Owed => None,
            PartState::Asked { refund_id }
            | PartState::GivenBack { refund_id }
            | PartState::NotGivenBack { refund_id } => Some(refund_id),
        }
    }

    /// The status of giving it back in the words of the contract's refunds, once it was asked for.
    pub fn refund_status(self) -> Option<&'static str> {
        match self {
            PartState::Kept | PartState::Owed => None,
            PartState::Asked { .. } => Some("reserved"),
            PartState::GivenBack { .. } => Some("completed"),
            PartState::NotGivenBack { .. } => Some("declined"),
        }
    }

    /// Whether its provider still has the money for the shop.
    pub fn is_with_provider(self) -> bool {
        !matches!(self, PartState::GivenBack { .. })
    }
}

impl Order {
    /// What the order costs, parts and all.
    pub fn total(&self) -> Money {
        let currency = self.payment.amount.currency;
        self.parts.first().map_or(self.payment.amount, |part| Money::new(part.due, currency))
    }

    /// What the next attempt has to pay.
    pub fn due(&self) -> Money {
        let total = self.total();
        Money::new(total.minor.saturating_sub(self.paid_in_part()), total.currency)
    }

    /// The parts that pay for it.
    pub fn kept_parts(&self) -> impl Iterator<Item = &Part> {
        self.parts.iter().filter(|part| part.state == PartState::Kept)
    }

    /// Minor units that parts pay of it.
    pub fn paid_in_part(&self) -> i64 {
        self.kept_parts().fold(0, |sum, part| sum.saturating_add(part.amount))
    }

    /// Minor units of parts that were given back.
    pub fn parts_given_back(&self) -> i64 {
        let back = self.parts.iter().filter(|part| !part.state.is_with_provider());
        back.fold(0, |sum: i64, part| sum.saturating_add(part.amount))
    }

    /// Whether a part is paid and the rest is waited for, though no attempt is under way.
    pub fn is_open_in_part(&self) -> bool {
        self.kept_parts().next().is_some() && !self.is_paid() && self.payment.is_final()
    }

    /// Whether the newest attempt is one of the parts.
    pub fn newest_is_part(&self) -> bool {
        self.parts.iter().any(|part| part.transaction_id == self.payment.transaction_id)
    }

    pub(crate) fn part_mut(&mut self, number: u32) -> Option<&mut Part> {
        self.parts.iter_mut().find(|part| part.number == number)
    }

    /// The part with this number.
    pub fn part(&self, number: u32) -> Option<&Part> {
        self.parts.iter().find(|part| part.number == number)
    }
}
