//! What a merchant's site wants paid: the newest attempt to pay it, what became of its money, and
//! the counters that number what belongs to it. Earlier attempts have ended without money and
//! live on in the history.

use crate::money::Money;
use crate::part::Part;
use crate::payment::{AdviceId, Instant, Payment, State, TransactionId, Waiting};
use crate::session::{Entry, Session};
use crate::trail::{SaleNumber, Trail, WHOLE};

/// One order of one site.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Order {
    pub payment: Payment,
    pub trail: Trail,
    pub counters: Counters,
    /// The page on which it can, or could, be paid.
    pub session: Option<Session>,
    /// What gift cards have paid of it, in the order of their numbers.
    pub parts: Vec<Part>,
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

/// What was sold, and can be given back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sale {
    pub number: SaleNumber,
    pub transaction_id: TransactionId,
    /// What was captured.
    pub amount: Money,
    pub completed_at: Instant,
}

impl Order {
    /// Why a new attempt under the same order id is refused; `None` where one may be made.
    ///
    /// An order that was paid keeps its id for good. One whose authorization is on its way at
    /// this moment, or whose provider is being asked to take it on, keeps it until the answer is
    /// known. Every other one may be tried again.
    pub fn refuses_new_attempt(&self) -> bool {
        match self.payment.state {
            State::Authorizing { .. }
            | State::Uncleared { .. }
            | State::Authorized(_)
            | State::Completed { .. }
            | State::Parted(_)
            | State::Promised { .. }
            | State::Authenticating(Waiting::Referral)
            | State::Paid => true,
            State::Offered
            | State::Lapsed
            | State::Opened
            | State::Authenticating(
                Waiting::Page { .. } | Waiting::Challenge(_) | Waiting::Provider(_),
            )
            | State::Declined(_)
            | State::Expired
            | State::Cancelled
            | State::PaidInPart
            | State::Void(_)
            | State::Withdrawn => false,
        }
    }

    /// Why the order id is refused to an order that is none of its attempts on a page: besides, a
    /// part of it is paid, and was not given back.
    pub fn refuses_new_order(&self) -> bool {
        self.refuses_new_attempt() || self.parts.iter().any(|it| it.state.is_with_provider())
    }

    /// Whether anybody tried to pay it: until then it has no transaction that shops could see.
    pub fn has_attempt(&self) -> bool {
        !matches!(self.payment.state, State::Offered | State::Lapsed)
    }

    /// Whether it was paid, or is held: what the payer had to do is done.
    pub fn is_paid(&self) -> bool {
        matches!(
            self.payment.state,
            State::Uncleared { .. }
                | State::Authorized(_)
                | State::Completed { .. }
                | State::Parted(_)
                | State::Promised { .. }
                | State::Paid
        )
    }

    /// The session with this number, if the order can be paid on it at this instant by somebody
    /// who came this way.
    pub fn open_session(
        &self,
        number: TransactionId,
        entry: Entry,
        now: Instant,
    ) -> Option<&Session> {
        self.session.as_ref().filter(|it| it.number == number && it.is_open(entry, now))
    }

    /// The sale with this number, if that much was captured. Where a card was only verified, with
    /// an amount of nothing, nothing was sold; and where everything was sold in parts, nothing is
    /// left for the order itself.
    pub fn sale(&self, number: SaleNumber) -> Option<Sale> {
        if number == WHOLE {
            let amount = match &self.payment.state {
                State::Completed { authorization, .. } => authorization.amount,
                State::Paid => Money::new(self.paid_at_once(), self.payment.amount.currency),
                _ => return None,
            };
            if amount.minor == 0 {
                return None;
            }
            return Some(Sale {
                number,
                transaction_id: self.payment.transaction_id,
                amount,
                completed_at: self.payment.completed_at.unwrap_or(self.payment.modified_at),
            });
        }
        let capture = self.trail.captures.iter().find(|capture| capture.number == number)?;
        Some(Sale {
            number,
            transaction_id: capture.transaction_id,
            amount: Money::new(capture.amount, self.payment.amount.currency),
            completed_at: capture.at,
        })
    }

    /// Every sale of the order.
    pub fn sales(&self) -> impl Iterator<Item = Sale> {
        let parts = self.trail.captures.iter().map(|capture| capture.number);
        std::iter::once(WHOLE).chain(parts).filter_map(|number| self.sale(number))
    }

    /// Minor units of a sale that can still be given back.
    pub fn refundable(&self, sale: &Sale) -> i64 {
        let gone = self.trail.refunding(sale.number);
        let gone = gone.saturating_add(self.trail.charged_back(sale.number));
        sale.amount.minor.saturating_sub(gone).max(0)
    }

    /// Minor units of a sale that a payer's bank can still take back: refunds that wait for their
    /// day give way to it, those on their way do not.
    pub fn chargeable(&self, sale: &Sale) -> i64 {
        let (trail, number) = (&self.trail, sale.number);
        let refunded = trail.refunded(number).saturating_add(trail.refunds_on_their_way(number));
        let gone = refunded.saturating_add(trail.charged_back(number));
        sale.amount.minor.saturating_sub(gone).max(0)
    }

    /// Minor units of the authorization that can still be captured.
    pub fn capturable(&self) -> i64 {
        let State::Authorized(authorization) = &self.payment.state else { return 0 };
        let gone = self.trail.captured().saturating_add(self.trail.released);
        authorization.amount.minor.saturating_sub(gone).max(0)
    }

    /// Minor units that a provider has promised, and was not asked to pay yet.
    pub fn promised(&self) -> i64 {
        let State::Promised { .. } = &self.payment.state else { return 0 };
        let asked = self.trail.shipment.as_ref().map_or(0, |shipment| shipment.amount);
        self.not_sold_in_parts().saturating_sub(asked).max(0)
    }

    /// Minor units of a payment by another method that belong to no shipment in part.
    fn paid_at_once(&self) -> i64 {
        self.not_sold_in_parts().saturating_sub(self.trail.released).max(0)
    }

    fn not_sold_in_parts(&self) -> i64 {
        self.payment.amount.minor.saturating_sub(self.trail.captured()).max(0)
    }

    /// `financial_status`: nothing for a page that nobody used while it was there.
    pub fn financial_status(&self, sale: SaleNumber) -> Option<&'static str> {
        let lapsed = sale == WHOLE && self.payment.state == State::Lapsed;
        (!lapsed).then(|| self.status(sale).1)
    }

    /// The order life and the money of a sale, in the words of the contract: `status` and
    /// `financial_status`.
    pub fn status(&self, sale: SaleNumber) -> (&'static str, &'static str) {
        let base = if sale == WHOLE { self.payment.status() } else { ("completed", "completed") };
        if sale == WHOLE && self.is_open_in_part() {
            return ("initialized", "initialized");
        }
        if base.0 != "completed" {
            return base;
        }
        if self.trail.charged_back(sale) > 0 {
            return ("chargedback", base.1);
        }
        let refunded = self.trail.refunded(sale);
        if let (true, Some(sold)) = (refunded > 0, self.sale(sale)) {
            let parts = if sale == WHOLE { self.paid_in_part() } else { 0 };
            let all = refunded >= sold.amount.minor.saturating_add(parts);
            return (if all { "refunded" } else { "partial_refunded" }, base.1);
        }
        if self.trail.shipped.contains(&sale) { ("shipped", base.1) } else { base }
    }
}
