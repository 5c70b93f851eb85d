//! A financial message as the host reads it: elements checked and turned into values.
//!
//! What cannot be read is a format error, answered with 30 and the number of the element. Whether
//! the request is a good idea is not judged here.

use iso_currency::Currency;
use iso8583::elements::{OriginalData, remaining_amount};
use iso8583::{Message, Mti, Tags, presence};

use crate::books::{Key, Rrn};
use crate::cards::{self, TestCard};

/// What a financial message asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// 0100: normal, pre-authorization or account verification.
    Authorization,
    /// 0100 with tag 03 = I.
    Increment,
    /// 0120
    VoiceAdvice,
    /// 0200 with processing code 000000.
    Purchase,
    /// 0200 with processing code 200000.
    Refund,
    /// 0220
    Capture,
    /// 0400 and 0420
    Reversal,
}

/// A financial message.
pub(crate) struct Request<'a> {
    pub message: &'a Message,
    pub kind: Kind,
    /// DE42 without its filling.
    pub merchant: &'a str,
    pub key: Key,
    pub rrn: Rrn,
    /// Minor units.
    pub amount: i64,
    /// ISO 4217 numeric.
    pub currency: u16,
    pub card: Option<&'static TestCard>,
    pub tags: Tags<'a>,
}

/// The element at fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct FormatError(pub u8);

impl<'a> Request<'a> {
    /// Reads a message of the classes 1, 2 and 4.
    ///
    /// # Errors
    /// The first element that is missing or that cannot be read.
    pub(crate) fn read(message: &'a Message) -> Result<Request<'a>, FormatError> {
        presence::check_received(message).map_err(|error| FormatError(error.de))?;
        let get = |de: u8| message.get(de).ok_or(FormatError(de));
        let tags = message.private_data().map_err(|_| FormatError(48))?;
        tags.check_values().map_err(|_| FormatError(48))?;
        let amount = get(4)?.parse().map_err(|_| FormatError(4))?;
        let currency = get(49)?.parse().map_err(|_| FormatError(49))?;
        // Codes without minor units are metals, tests and "no currency": nothing to pay with.
        Currency::from_numeric(currency)
            .and_then(|known| known.exponent())
            .ok_or(FormatError(49))?;
        let merchant = get(42)?.trim();
        if merchant.is_empty() {
            return Err(FormatError(42));
        }
        Ok(Request {
            message,
            kind: kind_of(message.mti(), get(3)?, tags.get("03"))?,
            merchant,
            key: Key::of(get(7)?, get(11)?, get(32)?, get(37)?),
            rrn: Rrn::parse(get(37)?).ok_or(FormatError(37))?,
            amount,
            currency,
            card: cards::by_number(get(2)?),
            tags,
        })
    }

    /// The RRN of the authorization that this message refers to (tag 08).
    pub(crate) fn original_rrn(&self) -> Option<Rrn> {
        self.tags.get("08").and_then(Rrn::parse)
    }

    /// The identity of the message that DE90 names; its RRN is that of a reversal.
    pub(crate) fn original_key(&self) -> Result<Key, FormatError> {
        let element = self.message.get(90).ok_or(FormatError(90))?;
        let original = OriginalData::parse(element).ok_or(FormatError(90))?;
        let acquirer = self.message.get(32).unwrap_or_default();
        Ok(Key::of(&original.transmitted_at, &original.stan, acquirer, self.rrn.as_str()))
    }

    /// What a partial reversal leaves (DE95), in minor units; none for a full reversal.
    pub(crate) fn remains(&self) -> Result<Option<i64>, FormatError> {
        let Some(element) = self.message.get(95) else { return Ok(None) };
        let amount = remaining_amount(element).ok_or(FormatError(95))?;
        i64::try_from(amount).map(Some).map_err(|_| FormatError(95))
    }

    /// Whether the merchant starts this payment and no payer is there (initiators M…).
    pub(crate) fn is_merchant_initiated(&self) -> bool {
        self.tags.get("02").is_some_and(|initiator| initiator.starts_with('M'))
    }
}

fn kind_of(mti: Mti, processing_code: &str, kind: Option<&str>) -> Result<Kind, FormatError> {
    let is_refund = match processing_code {
        "000000" => false,
        "200000" => true,
        _ => return Err(FormatError(3)),
    };
    match mti.first_copy() {
        Mti::REVERSAL_REQUEST | Mti::REVERSAL_ADVICE => Ok(Kind::Reversal),
        Mti::FINANCIAL_REQUEST if is_refund => Ok(Kind::Refund),
        _ if is_refund => Err(FormatError(3)),
        Mti::FINANCIAL_REQUEST => Ok(Kind::Purchase),
        Mti::FINANCIAL_ADVICE => Ok(Kind::Capture),
        Mti::AUTHORIZATION_ADVICE => Ok(Kind::VoiceAdvice),
        _ if kind == Some("I") => Ok(Kind::Increment),
        _ => Ok(Kind::Authorization),
    }
}
