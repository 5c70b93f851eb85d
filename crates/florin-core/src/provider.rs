//! Payments by other methods than cards: what is known of them, and what their providers say.
//!
//! A provider is who runs a method: a bank, a wallet, an issuer of gift cards. The payer pays on
//! the provider's own page, and the provider says what became of it. No card is touched, and the
//! acquirer's host hears nothing.

use std::collections::BTreeMap;

use crate::method::Method;
use crate::money::Money;
use crate::payment::Instant;

/// Days that a provider, or the merchant who has to ship first, may take with a payment that was
/// promised; as long as a review of a card payment may last.
pub const PROMISE_DAYS: i64 = 5;

/// The same in milliseconds.
pub const PROMISE_MS: i64 = PROMISE_DAYS * 24 * 60 * 60 * 1000;

/// The longest that a promise can be prolonged to, from the beginning of the payment: 180 days.
pub const PROMISE_LONGEST_MS: i64 = 180 * 24 * 60 * 60 * 1000;

/// How long a payer has whose method names no time of its own: as long as a session, 30 days.
pub const EXPIRES_USUAL_S: u32 = 30 * 24 * 60 * 60;

/// A provider that was asked to take a payment on is asked once more after this time, should
/// nobody be there any more who waits for its answer.
pub const REFERRAL_ASK_AGAIN_MS: i64 = 30_000;

/// A refund that a provider did not answer is asked for again after this time, under its number.
pub const REFUND_ASK_AGAIN_MS: i64 = 60_000;

/// A shipment that a provider did not answer is told again after this time, under its number.
pub const SHIPMENT_ASK_AGAIN_MS: i64 = 30_000;

/// What is known of an attempt to pay with another method.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OtherMethod {
    pub method: &'static Method,
    /// The provider's number of the payment; empty until there is one.
    pub reference: String,
    pub facts: Facts,
}

/// What the provider tells of payer and account, by the names of the contract's
/// `payment_details` (`account_iban`, `issuer_id`, …).
pub type Facts = BTreeMap<String, String>;

/// What a provider says of a payment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Word {
    /// The payer has to act.
    Open,
    /// The payer has done his part; the money comes later.
    Underway,
    /// The provider will pay, once it has looked at it or the merchant has shipped.
    Promised,
    Paid,
    /// A gift card has paid this much, which is less than was asked for.
    PaidInPart(Money),
    Declined,
    /// Declined, for nothing is left on the gift card.
    NoBalance,
    /// The payer gave up.
    Cancelled,
    /// The payer's time at the provider is over.
    Expired,
}

/// What a provider says, with what it tells besides.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProviderNews {
    pub word: Word,
    pub facts: Facts,
    /// When the provider wants to be asked again, on the site's clock.
    pub ask_again_at: Option<Instant>,
}

impl ProviderNews {
    /// A word with nothing besides.
    pub fn of(word: Word) -> ProviderNews {
        ProviderNews { word, facts: Facts::new(), ask_again_at: None }
    }
}

/// A payment that a provider has taken on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Referral {
    /// The provider's number of it.
    pub reference: String,
    /// Where the payer goes.
    pub url: String,
    pub news: ProviderNews,
}

/// A payer at the page of a provider.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Visit {
    pub url: String,
    /// He has done his part there.
    pub acted: bool,
}

/// What a provider said to a wish for a longer promise.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PromiseWord {
    Prolonged,
    Declined,
}

/// What a provider said to one shipment of several, which it is to pay for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ShipmentWord {
    Paid,
    Declined,
}

/// What a provider said to a refund.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RefundWord {
    Paid,
    Declined,
}

impl OtherMethod {
    /// How long the payer has, in milliseconds.
    pub fn expires_after_ms(method: &Method) -> i64 {
        i64::from(method.expiry_s.unwrap_or(EXPIRES_USUAL_S)).saturating_mul(1000)
    }
}
