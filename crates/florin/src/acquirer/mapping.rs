//! From plain values to messages of the profile, and from answers back to plain values.
//!
//! The only place that knows which element means what. It decides nothing about payments, but
//! for one rule of the standard: which answers count as approvals, and which must be undone.

mod answer;
mod authorization;
mod follow_up;
#[cfg(test)]
mod tests;

use std::fmt;

use iso8583::elements::{self, amount};
use iso8583::{Message, Mti, TagError, transliterate};

use super::config::LinkConfig;
use super::numbers::Trace;

pub use answer::{AuthorizationAnswer, Outcome, read_authorization};
pub use authorization::{
    Authentication, AuthorizationRequest, CvcPresence, Kind, authorization,
};
pub use follow_up::{
    CaptureSequence, CompletionRequest, RefundRequest, ReversalMode, ReversalRequest, completion,
    refund, repeat_of, reversal,
};

/// Longest order reference on the wire (tag 06); a longer one is cut.
pub const ORDER_REFERENCE_MAX: usize = 50;
/// Longest network reference on the wire (tags 07 and 63).
pub const NETWORK_REFERENCE_MAX: usize = 36;

/// The values of DE3.
pub(crate) const PURCHASE: &str = "000000";
pub(crate) const REFUND: &str = "200000";

/// The card of a payment.
#[derive(Clone, Copy)]
pub struct Card<'a> {
    /// DE2: 12 to 19 digits.
    pub pan: &'a str,
    /// DE14: YYMM; absent only for merchant-initiated payments with a card whose expiry is not
    /// known.
    pub expiry: Option<&'a str>,
}

/// The shop of a payment, as its acquirer knows it.
#[derive(Clone, Copy, Debug)]
pub struct Acceptor<'a> {
    /// DE42: at most 15 characters.
    pub merchant_id: &'a str,
    /// DE43, first part; cut at 25 characters.
    pub name: &'a str,
    /// DE43, second part; cut at 13 characters.
    pub city: &'a str,
    /// DE43, third part: alpha-2.
    pub country: &'a str,
    /// DE18: four digits.
    pub mcc: &'a str,
}

/// Tag 01: how the order reached the shop.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Channel {
    /// The payer at the shop's site.
    Ecommerce,
    /// By letter.
    MailOrder,
    /// By telephone.
    TelephoneOrder,
    /// The payer is absent.
    MerchantInitiated,
}

/// DE22: where the card's data came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Entry {
    /// The payer typed it.
    TypedByPayer,
    /// The merchant keyed it.
    KeyedByMerchant,
    /// It was stored before.
    OnFile,
}

/// DE25: under which circumstances.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Condition {
    /// E-commerce; also merchant-initiated after an e-commerce payment.
    Ecommerce,
    /// Mail or telephone order; also merchant-initiated after one.
    MailOrTelephone,
    /// Account verification.
    Verification,
}

/// What every message about one payment has in common. A completion, refund or reversal repeats
/// it as it was in the authorization.
#[derive(Clone, Copy, Debug)]
pub struct Common<'a> {
    /// The card.
    pub card: Card<'a>,
    /// DE4, minor units of the currency.
    pub amount_minor: u64,
    /// DE49: ISO 4217 numeric.
    pub currency_numeric: &'a str,
    /// DE12: hhmmss in the time zone of the site.
    pub local_time: &'a str,
    /// DE13: MMDD in the time zone of the site.
    pub local_date: &'a str,
    /// The shop.
    pub acceptor: Acceptor<'a>,
    /// Tag 01.
    pub channel: Channel,
    /// DE22.
    pub entry: Entry,
    /// DE25.
    pub condition: Condition,
    /// Tag 05: `VI`, `MC`, `MS`, `AX` ...
    pub network: &'a str,
    /// Tag 06: the merchant's order id; transliterated and cut at 50 characters.
    pub order_reference: &'a str,
}

/// A value does not fit its element. The value itself is not repeated.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MappingError {
    /// DE4 or DE95 has twelve digits.
    AmountTooLarge,
    /// A tag of DE48 does not take the value.
    Tag(TagError),
}

/// A message with everything that all requests have.
fn request(
    config: &LinkConfig,
    mti: Mti,
    processing_code: &str,
    trace: &Trace,
    common: &Common<'_>,
) -> Result<Message, MappingError> {
    let acceptor = &common.acceptor;
    let mut message = Message::new(mti);
    message.set(2, common.card.pan);
    message.set(3, processing_code);
    message.set(4, &amount(common.amount_minor).ok_or(MappingError::AmountTooLarge)?);
    message.set(7, &trace.transmitted_at);
    message.set(11, &trace.stan);
    message.set(12, common.local_time);
    message.set(13, common.local_date);
    if let Some(expiry) = common.card.expiry {
        message.set(14, expiry);
    }
    message.set(18, acceptor.mcc);
    message.set(19, &config.acquirer_country);
    message.set(22, common.entry.code());
    message.set(25, common.condition.code());
    message.set(32, &config.acquirer_id);
    if let Some(forwarding_id) = &config.forwarding_id {
        message.set(33, forwarding_id);
    }
    message.set(37, &trace.rrn);
    message.set(41, &trace.terminal_id);
    message.set(42, &format!("{:<15}", acceptor.merchant_id));
    message.set(43, &elements::acceptor(acceptor.name, acceptor.city, acceptor.country));
    message.set(49, common.currency_numeric);
    Ok(message)
}

/// The order reference as tag 06 takes it: ASCII, at most 50 characters, never empty.
fn order_reference(text: &str) -> String {
    let ascii: String = transliterate(text).chars().take(ORDER_REFERENCE_MAX).collect();
    if ascii.is_empty() { "?".to_owned() } else { ascii }
}

impl Channel {
    fn code(self) -> &'static str {
        match self {
            Channel::Ecommerce => "E",
            Channel::MailOrder => "M",
            Channel::TelephoneOrder => "T",
            Channel::MerchantInitiated => "R",
        }
    }
}

impl Entry {
    fn code(self) -> &'static str {
        match self {
            Entry::TypedByPayer => "810",
            Entry::KeyedByMerchant => "010",
            Entry::OnFile => "100",
        }
    }
}

impl Condition {
    fn code(self) -> &'static str {
        match self {
            Condition::Ecommerce => "59",
            Condition::MailOrTelephone => "08",
            Condition::Verification => "51",
        }
    }
}

impl fmt::Debug for Card<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Card({})", iso8583::describe::mask_pan(self.pan))
    }
}

impl From<TagError> for MappingError {
    fn from(error: TagError) -> MappingError {
        MappingError::Tag(error)
    }
}

impl fmt::Display for MappingError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            MappingError::AmountTooLarge => f.write_str("the amount has more than twelve digits"),
            MappingError::Tag(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for MappingError {}
