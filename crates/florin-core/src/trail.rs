//! What becomes of the money after it was authorized: captures by hand, releases, refunds,
//! chargebacks, fees.
//!
//! A *sale* is what can be shipped, refunded and charged back: the order itself (number 0) where
//! its whole amount was captured at once, or one capture of several, which shops see as an order
//! of its own. Everything stays inside the order that was authorized, so that one commit decides
//! over all of its money.

use crate::chargeback::Chargeback;
use crate::payment::{AdviceId, Instant, Trace, TransactionId};

/// Which sale of the order: 0 is the order itself, n its n-th capture in part.
pub type SaleNumber = u32;

/// The order itself.
pub const WHOLE: SaleNumber = 0;

/// Captures in part that one authorization takes: the sequence on the wire has two digits, and
/// 99 stands for an unknown total (DE48 tag 09). Shipments that a provider pays for one by one are
/// no more.
pub const CAPTURES_MAX: usize = 98;

/// Refunds that one order takes; a cart is given back in pieces, not in grains.
pub const REFUNDS_MAX: usize = 200;

/// A refund of the same amount on the same sale within this time is taken for a slip.
pub const REFUND_REPEAT_MS: i64 = 5 * 60 * 1000;

/// How long after its completion a payment can be refunded: 180 days.
pub const REFUND_WINDOW_MS: i64 = 180 * 24 * 60 * 60 * 1000;

/// How often a refund is sent anew after an outcome that may have been an accident.
pub const REFUND_TRIES_MAX: u32 = 5;

/// See the module's documentation.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Trail {
    /// When the hold ends that the merchant captures from by hand.
    pub hold_until: Option<Instant>,
    /// Captures in part, in the order of their numbers.
    pub captures: Vec<PartCapture>,
    /// A shipment that the provider of another method was, or is about to be, asked to pay for out
    /// of what it has promised. It becomes the next of `captures` when it is paid.
    pub shipment: Option<PartCapture>,
    /// Minor units of the authorization that were given back uncaptured.
    pub released: i64,
    /// An increment of the authorization that is on its way to the host.
    pub increment: Option<Increment>,
    /// In the order of their numbers.
    pub refunds: Vec<Refund>,
    /// In the order of their numbers.
    pub chargebacks: Vec<Chargeback>,
    /// What was said to be shipped.
    pub shipped: Vec<SaleNumber>,
    /// What the operator charges, by sale.
    pub fees: Vec<Fee>,
}

/// One capture of a part of the authorization, or what the provider of another method has paid for
/// one shipment of several; a sale of its own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PartCapture {
    /// From 1; also the number of its sale and of its message (DE48 tag 09).
    pub number: u32,
    pub transaction_id: TransactionId,
    /// What the merchant calls the order that it makes.
    pub order_id: String,
    /// Minor units.
    pub amount: i64,
    pub at: Instant,
    /// Its message to the host; a provider has paid without one.
    pub trace: Option<Trace>,
}

/// More of the same authorization, asked for while the hold lasts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Increment {
    pub trace: Trace,
    /// Minor units to be added.
    pub amount: i64,
    /// The guard that undoes it if nobody records its outcome.
    pub advice: AdviceId,
}

/// Money on its way back to the payer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refund {
    /// From 1.
    pub number: u32,
    pub sale: SaleNumber,
    pub transaction_id: TransactionId,
    /// Minor units.
    pub amount: i64,
    pub requested_at: Instant,
    pub modified_at: Instant,
    pub words: RefundWords,
    pub state: RefundState,
}

/// What the merchant says about a refund; nothing is decided on it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RefundWords {
    /// `refund_order_id`: his own name for it.
    pub order_id: Option<String>,
    pub description: Option<String>,
    /// `var1` to `var3`.
    pub vars: [Option<String>; 3],
}

/// Where a refund stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RefundState {
    /// It waits for the settlement of its day, and can be taken back.
    Reserved { due: Instant },
    /// A request is, or is about to be, on its way to the host. `tries` counts from 1.
    Sent { trace: Trace, advice: AdviceId, tries: u32 },
    /// The provider of another method was, or is about to be, asked for it. It may be asked again:
    /// it knows the refund by its number.
    Asked,
    /// The host confirmed it; without a trace it was the provider of another method.
    Completed { trace: Option<Trace> },
    /// The host refused it, with this answer code (DE39); none when nobody answered.
    Declined { response_code: Option<String> },
    /// The merchant took it back.
    Void,
}

impl RefundState {
    /// The refund's own status in the words of the contract.
    pub fn status(&self) -> &'static str {
        match self {
            RefundState::Reserved { .. } | RefundState::Sent { .. } | RefundState::Asked => {
                "reserved"
            }
            RefundState::Completed { .. } => "completed",
            RefundState::Declined { .. } => "declined",
            RefundState::Void => "void",
        }
    }

    /// Whether it takes, or may yet take, money from the sale.
    pub fn counts(&self) -> bool {
        match self {
            RefundState::Reserved { .. }
            | RefundState::Sent { .. }
            | RefundState::Asked
            | RefundState::Completed { .. } => true,
            RefundState::Declined { .. } | RefundState::Void => false,
        }
    }
}

/// A fee of the operator.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fee {
    pub sale: SaleNumber,
    /// The transaction that it is for: a payment, a capture, a refund, a chargeback.
    pub transaction_id: TransactionId,
    /// Minor units of the order's currency.
    pub amount: i64,
    pub description: String,
}

impl Trail {
    /// Minor units that were captured in parts.
    pub fn captured(&self) -> i64 {
        sum(self.captures.iter().map(|capture| capture.amount))
    }

    /// Minor units of a sale that are, or may yet be, given back.
    pub fn refunding(&self, sale: SaleNumber) -> i64 {
        let of_sale = self.refunds.iter().filter(|refund| refund.sale == sale);
        sum(of_sale.filter(|refund| refund.state.counts()).map(|refund| refund.amount))
    }

    /// Minor units of a sale that were given back.
    pub fn refunded(&self, sale: SaleNumber) -> i64 {
        let of_sale = self.refunds.iter().filter(|refund| refund.sale == sale);
        let done = |refund: &&Refund| matches!(refund.state, RefundState::Completed { .. });
        sum(of_sale.filter(done).map(|refund| refund.amount))
    }

    /// The refund with this number.
    pub fn refund(&self, number: u32) -> Option<&Refund> {
        self.refunds.iter().find(|refund| refund.number == number)
    }

    pub(crate) fn refund_mut(&mut self, number: u32) -> Option<&mut Refund> {
        self.refunds.iter_mut().find(|refund| refund.number == number)
    }

    /// Minor units of a sale that refunds on their way to the host may yet give back; nobody can
    /// stop these any more.
    pub fn refunds_on_their_way(&self, sale: SaleNumber) -> i64 {
        let of_sale = self.refunds.iter().filter(|refund| refund.sale == sale);
        let sent = |refund: &&Refund| {
            matches!(refund.state, RefundState::Sent { .. } | RefundState::Asked)
        };
        sum(of_sale.filter(sent).map(|refund| refund.amount))
    }

    /// Minor units of a sale that payers' banks took back, and that did not come back since.
    pub fn charged_back(&self, sale: SaleNumber) -> i64 {
        let of_sale = self.chargebacks.iter().filter(|case| case.sale == sale);
        sum(of_sale.filter(|case| case.credit().is_none()).map(|case| case.amount))
    }

    /// The chargeback with this number.
    pub fn chargeback(&self, number: u32) -> Option<&Chargeback> {
        self.chargebacks.iter().find(|case| case.number == number)
    }

    pub(crate) fn chargeback_mut(&mut self, number: u32) -> Option<&mut Chargeback> {
        self.chargebacks.iter_mut().find(|case| case.number == number)
    }

    /// The number that the next capture in part will have.
    pub fn next_capture(&self) -> u32 {
        next(self.captures.len())
    }

    /// The number that the next refund will have.
    pub fn next_refund(&self) -> u32 {
        next(self.refunds.len())
    }

    /// The number that the next chargeback will have.
    pub fn next_chargeback(&self) -> u32 {
        next(self.chargebacks.len())
    }

    /// The number that the next file of the order will have.
    pub fn next_file(&self) -> u32 {
        next(self.chargebacks.iter().map(|case| case.files.len()).fold(0, usize::saturating_add))
    }
}

fn next(count: usize) -> u32 {
    u32::try_from(count).unwrap_or(u32::MAX).saturating_add(1)
}

/// The parts never exceed an amount that fits, so that the sum does not either.
fn sum(amounts: impl Iterator<Item = i64>) -> i64 {
    amounts.fold(0, i64::saturating_add)
}
