//! What a merchant's site wants paid: the newest attempt to pay it, and the counters that number
//! what belongs to it. Earlier attempts have ended without money and live on in the history.

use crate::payment::{AdviceId, Payment};

/// One order of one site.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Order {
    pub payment: Payment,
    pub counters: Counters,
}

/// Numbers within the order, each the highest one given so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counters {
    /// Attempts; also the number of the newest one's card.
    pub attempts: u32,
    pub advices: u32,
    pub notifications: u32,
    pub events: u32,
}

impl Counters {
    /// The number that the next owed message will have.
    pub fn next_advice(self) -> AdviceId {
        AdviceId(self.advices.saturating_add(1))
    }
}

impl Order {
    /// Why a new attempt under the same order id is refused; `None` where one may be made.
    ///
    /// An order that was paid keeps its id for good. One whose authorization is on its way at
    /// this moment keeps it until the answer is known. Every other one may be tried again.
    pub fn refuses_new_attempt(&self) -> bool {
        use crate::payment::State;
        match self.payment.state {
            State::Authorizing { .. } | State::Uncleared { .. } | State::Completed { .. } => true,
            State::Opened
            | State::Authenticating(_)
            | State::Declined(_)
            | State::Expired
            | State::Void(_) => false,
        }
    }
}
