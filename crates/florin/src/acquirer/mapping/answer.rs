//! What an answer to an authorization means, and whether it must be undone.
//!
//! An approval of the standard that the link does not count as one still holds money at the
//! issuer: the payment is declined and the approval reversed.

use iso8583::{Message, Tags};

use super::authorization::{AuthorizationRequest, Kind};
use crate::acquirer::config::LinkConfig;

/// Answers that the standard calls approvals.
const STANDARD_APPROVALS: [&str; 7] = ["00", "08", "10", "11", "16", "85", "87"];
/// Not an approval, but something was done.
const COMPLETED_PARTIALLY: &str = "32";
const PARTIAL: &str = "10";
/// The host has had this request before. Since the link sends each once, the network made the
/// copy, and the answer to the first one, which may be an approval, is still on its way or lost.
const DUPLICATE: &str = "94";
/// Message reason: customer cancellation.
const REASON_CANCELLED: &str = "4000";
/// Message reason: no answer that says what was done.
const REASON_NO_ANSWER: &str = "4021";

/// An answer to an authorization, in plain values.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuthorizationAnswer {
    /// Approved or declined.
    pub outcome: Outcome,
    /// Declined, and the host must be told so: the message reason of the reversal.
    pub must_reverse: Option<&'static str>,
    /// DE39.
    pub response_code: String,
    /// DE38.
    pub approval_code: Option<String>,
    /// The amount approved, in minor units, when it is a part of what was asked.
    pub partial_amount_minor: Option<u64>,
    /// DE15: MMDD, the host's business date.
    pub settlement_date: Option<String>,
    /// DE44 of a format error: the element at fault.
    pub offending_element: Option<String>,
    /// Tag 60: card verification result.
    pub cvc_result: Option<String>,
    /// Tag 61.
    pub cavv_result: Option<String>,
    /// Tag 62.
    pub avs_result: Option<String>,
    /// Tag 63: kept for payments that follow this one.
    pub network_reference: Option<String>,
    /// Tag 64: merchant advice code.
    pub advice_code: Option<String>,
    /// Tag 65: the scheme's own response code.
    pub scheme_response_code: Option<String>,
    /// Tag 66.
    pub card_product: Option<String>,
    /// Tag 67: `C` credit, `D` debit, `P` prepaid, `R` deferred debit, `H` charge.
    pub card_funding: Option<String>,
    /// Tag 68: ISO 3166-1 numeric.
    pub issuer_country_numeric: Option<String>,
    /// Tag 69: what became of an exemption.
    pub exemption_result: Option<String>,
}

/// Approved or not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The issuer promises to pay.
    Approved,
    /// It does not, or the link does not count it as a promise.
    Declined,
}

/// Reads the answer to an authorization. `None` when it has no response code, which a link never
/// lets through.
pub fn read_authorization(
    config: &LinkConfig,
    asked: &AuthorizationRequest<'_>,
    answer: &Message,
) -> Option<AuthorizationAnswer> {
    let code = answer.get(39)?;
    let is_verification = asked.kind == Kind::Verification;
    let approvals = match is_verification {
        true => &config.approve_set_verification,
        false => &config.approve_set,
    };
    let is_listed = approvals.iter().any(|approval| approval == code);
    // A part may only be approved when a part was asked for.
    let is_approved = is_listed && (code != PARTIAL || asked.accepts_partial);
    let holds_money = STANDARD_APPROVALS.contains(&code) || code == COMPLETED_PARTIALLY;
    // Tags that cannot be read tell less; they do not turn an approval into something else.
    let tags = answer.private_data().ok();
    let tag = |tag| tags.as_ref().and_then(|tags: &Tags<'_>| tags.get(tag)).map(str::to_owned);
    Some(AuthorizationAnswer {
        outcome: if is_approved { Outcome::Approved } else { Outcome::Declined },
        must_reverse: match (is_approved, code) {
            (true, _) => None,
            (false, DUPLICATE) => Some(REASON_NO_ANSWER),
            (false, _) => holds_money.then_some(REASON_CANCELLED),
        },
        response_code: code.to_owned(),
        approval_code: answer.get(38).map(|code| code.trim_end().to_owned()),
        partial_amount_minor: answer
            .get(4)
            .filter(|_| code == PARTIAL)
            .and_then(|amount| amount.parse().ok()),
        settlement_date: answer.get(15).map(str::to_owned),
        offending_element: answer.get(44).map(str::to_owned),
        cvc_result: tag("60"),
        cavv_result: tag("61"),
        avs_result: tag("62"),
        network_reference: tag("63"),
        advice_code: tag("64"),
        scheme_response_code: tag("65"),
        card_product: tag("66"),
        card_funding: tag("67"),
        issuer_country_numeric: tag("68"),
        exemption_result: tag("69"),
    })
}
