//! What follows an authorization: completion, reversal, refund, and repeats of advices.

use iso8583::elements::{OriginalData, replacement_amounts};
use iso8583::{Message, Mti};

use super::{Common, MappingError, PURCHASE, REFUND, order_reference, request};
use crate::acquirer::config::LinkConfig;
use crate::acquirer::numbers::Trace;

/// 0220: captures an authorization, whole or in part.
#[derive(Clone, Copy, Debug)]
pub struct CompletionRequest<'a> {
    /// Numbers of this message; a capture is an operation of its own.
    pub trace: &'a Trace,
    /// As in the authorization, but for the amount, the local time and the order reference of
    /// this capture.
    pub common: Common<'a>,
    /// Numbers of the authorization.
    pub original: &'a Trace,
    /// DE38 of the authorization.
    pub approval_code: &'a str,
    /// Tag 63 of the authorization's answer.
    pub network_reference: Option<&'a str>,
    /// Tags 09 and 10.
    pub sequence: CaptureSequence,
}

/// Which capture of how many.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CaptureSequence {
    /// 1 to 99.
    pub number: u8,
    /// 1 to 98; `None` when it is not known.
    pub total: Option<u8>,
    /// No further capture follows; the rest may be released.
    pub is_final: bool,
}

/// 0400 or 0420: undoes an authorization, whole or in part.
#[derive(Clone, Copy, Debug)]
pub struct ReversalRequest<'a> {
    /// Numbers of this message. Its reference is not used: a reversal carries the original's.
    pub trace: &'a Trace,
    /// As in the original, amount and local time included.
    pub common: Common<'a>,
    /// Numbers of the original.
    pub original: &'a Trace,
    /// Type of the original: 0100, or 0200 on a single-message link and for refunds.
    pub original_type: Mti,
    /// DE38 of the original's answer, if it was approved.
    pub approval_code: Option<&'a str>,
    /// DE39 of the original's answer, if there was one.
    pub response_code: Option<&'a str>,
    /// Tag 11: 4000 cancelled, 4004 partly, 4006 late, 4020 invalid answer, 4021 no answer.
    pub reason: &'a str,
    /// The original is a refund, whose processing code is repeated.
    pub of_refund: bool,
    /// DE95: the amount that remains, for a reversal in part.
    pub remaining_minor: Option<u64>,
    /// Whether somebody waits.
    pub mode: ReversalMode,
}

/// Whether the host may refuse.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReversalMode {
    /// 0400: somebody waits for the cancellation.
    Request,
    /// 0420: owed to the host, repeated until it confirms.
    Advice,
}

/// 0200: gives captured money back.
#[derive(Clone, Copy, Debug)]
pub struct RefundRequest<'a> {
    /// Numbers of this message; a refund is an operation of its own.
    pub trace: &'a Trace,
    /// As in the authorization, but for the amount, the local time and the order reference of
    /// this refund.
    pub common: Common<'a>,
    /// Tag 63 of the authorization's answer.
    pub network_reference: Option<&'a str>,
    /// DE37 of the authorization.
    pub original_rrn: &'a str,
}

/// Stands for a total that is not known.
const TOTAL_NOT_KNOWN: u8 = 99;

/// The message that captures.
///
/// # Errors
/// A value that its element does not take.
pub fn completion(
    config: &LinkConfig,
    asked: &CompletionRequest<'_>,
) -> Result<Message, MappingError> {
    let mti = Mti::FINANCIAL_ADVICE;
    let mut message = request(config, mti, PURCHASE, asked.trace, &asked.common)?;
    message.set(38, asked.approval_code);
    // A single-message link has no completions, so the original is always a 0100.
    message.set(90, &original_data(config, Mti::AUTHORIZATION_REQUEST, asked.original));
    let CaptureSequence { number, total, is_final } = asked.sequence;
    let sequence = format!("{number:02}{:02}", total.unwrap_or(TOTAL_NOT_KNOWN));
    let reference = order_reference(asked.common.order_reference);
    let mut tags = vec![
        ("01", asked.common.channel.code()),
        ("05", asked.common.network),
        ("06", &reference),
        ("08", &asked.original.rrn),
        ("09", &sequence),
        ("10", if is_final { "F" } else { "N" }),
    ];
    tags.extend(asked.network_reference.map(|reference| ("07", reference)));
    message.set_private_data(&tags)?;
    Ok(message)
}

/// The message that undoes.
///
/// # Errors
/// A value that its element does not take.
pub fn reversal(config: &LinkConfig, asked: &ReversalRequest<'_>) -> Result<Message, MappingError> {
    let mti = match asked.mode {
        ReversalMode::Request => Mti::REVERSAL_REQUEST,
        ReversalMode::Advice => Mti::REVERSAL_ADVICE,
    };
    let processing_code = if asked.of_refund { REFUND } else { PURCHASE };
    let mut message = request(config, mti, processing_code, asked.trace, &asked.common)?;
    message.set(37, &asked.original.rrn);
    message.set(41, &asked.original.terminal_id);
    if let Some(approval_code) = asked.approval_code {
        message.set(38, approval_code);
    }
    if let Some(response_code) = asked.response_code {
        message.set(39, response_code);
    }
    message.set(90, &original_data(config, asked.original_type, asked.original));
    if let Some(remaining) = asked.remaining_minor {
        let amounts = replacement_amounts(remaining).ok_or(MappingError::AmountTooLarge)?;
        message.set(95, &amounts);
    }
    let reference = order_reference(asked.common.order_reference);
    message.set_private_data(&[
        ("01", asked.common.channel.code()),
        ("05", asked.common.network),
        ("06", &reference),
        ("11", asked.reason),
    ])?;
    Ok(message)
}

/// The message that refunds.
///
/// # Errors
/// A value that its element does not take.
pub fn refund(config: &LinkConfig, asked: &RefundRequest<'_>) -> Result<Message, MappingError> {
    let mti = Mti::FINANCIAL_REQUEST;
    let mut message = request(config, mti, REFUND, asked.trace, &asked.common)?;
    let reference = order_reference(asked.common.order_reference);
    let mut tags = vec![
        ("01", asked.common.channel.code()),
        ("03", "R"),
        ("05", asked.common.network),
        ("06", &reference),
        ("08", asked.original_rrn),
    ];
    tags.extend(asked.network_reference.map(|reference| ("07", reference)));
    message.set_private_data(&tags)?;
    Ok(message)
}

/// The repeat of an advice: the same message with the repeat type. Anything else is unchanged.
pub fn repeat_of(mut advice: Message) -> Message {
    if let Some(repeat) = advice.mti().repeat() {
        advice.set_mti(repeat);
    }
    advice
}

fn original_data(config: &LinkConfig, mti: Mti, original: &Trace) -> String {
    let original = OriginalData {
        mti,
        stan: original.stan.clone(),
        transmitted_at: original.transmitted_at.clone(),
        acquirer_id: config.acquirer_id.clone(),
        forwarding_id: config.forwarding_id.clone(),
    };
    original.to_element()
}
