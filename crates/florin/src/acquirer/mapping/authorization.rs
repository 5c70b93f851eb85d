//! The authorization: 0100, and 0200 for a purchase on a single-message link.

use std::fmt;

use iso8583::{Message, Mti};

use super::{Common, MappingError, PURCHASE, order_reference, request};
use crate::acquirer::config::LinkConfig;
use crate::acquirer::numbers::Trace;

/// May this card pay this amount?
#[derive(Clone, Copy, Debug)]
pub struct AuthorizationRequest<'a> {
    /// Numbers of this message, which starts the operation.
    pub trace: &'a Trace,
    /// Card, amount, shop, circumstances.
    pub common: Common<'a>,
    /// Tag 03.
    pub kind: Kind<'a>,
    /// Tags 20 and 21.
    pub cvc: CvcPresence<'a>,
    /// Tag 02: who started it with a stored credential, or stores one (`C101`, `M103` ...).
    pub initiator: Option<&'a str>,
    /// Tag 07: the network reference of the payment that this one follows.
    pub original_network_reference: Option<&'a str>,
    /// Tags 30 to 35: a 3-D Secure authentication.
    pub authentication: Option<Authentication<'a>>,
    /// Tag 30 alone: the scheme's ECI for no authentication. Not sent beside `authentication`.
    pub eci_without: Option<&'a str>,
    /// Tag 36: exemption from, or exclusion of, strong customer authentication (`TRA`, `MOT` ...).
    pub exemption: Option<&'a str>,
    /// Tag 04: the shop takes a part of the amount.
    pub accepts_partial: bool,
}

/// What is asked of the issuer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind<'a> {
    /// Final, one capture of the full amount.
    Normal,
    /// Captured later, whole or in parts.
    PreAuthorization,
    /// More on top of a pre-authorization.
    Incremental {
        /// DE37 of the pre-authorization.
        original_rrn: &'a str,
        /// DE38 of the pre-authorization.
        approval_code: &'a str,
    },
    /// Is the account good? The amount is zero.
    Verification,
}

/// Tags 20 and 21: the card verification code.
#[derive(Clone, Copy)]
pub enum CvcPresence<'a> {
    /// It is sent; never logged, never kept after the answer.
    Sent(&'a str),
    /// Not sent on purpose: stored card, merchant-initiated.
    NotSentOnPurpose,
    /// On the card, but not legible.
    NotLegible,
    /// The payer says that the card has none.
    NoneOnCard,
}

/// What 3-D Secure brought, tags 30 to 35.
#[derive(Clone, Copy)]
pub struct Authentication<'a> {
    /// Tag 30: ECI of the scheme.
    pub eci: &'a str,
    /// Tag 31: CAVV, AAV or AEVV in base64, unchanged.
    pub value: Option<&'a str>,
    /// Tag 32: `dsTransID`.
    pub ds_trans_id: &'a str,
    /// Tag 33: `messageVersion`.
    pub version: &'a str,
    /// Tag 34: final `transStatus`.
    pub status: &'a str,
    /// Tag 35: `F` frictionless, `C` challenge, `D` decoupled, `R` requestor initiated.
    pub flow: &'a str,
}

/// The message that asks for an authorization.
///
/// # Errors
/// A value that its element does not take.
pub fn authorization(
    config: &LinkConfig,
    asked: &AuthorizationRequest<'_>,
) -> Result<Message, MappingError> {
    // A single-message link books a purchase as it is approved; everything else stays 0100.
    let mti = match asked.kind {
        Kind::Normal if config.single_message => Mti::FINANCIAL_REQUEST,
        _ => Mti::AUTHORIZATION_REQUEST,
    };
    let mut message = request(config, mti, PURCHASE, asked.trace, &asked.common)?;
    let reference = order_reference(asked.common.order_reference);
    let mut tags: Vec<(&str, &str)> = vec![
        ("01", asked.common.channel.code()),
        ("03", asked.kind.code()),
        ("05", asked.common.network),
        ("06", &reference),
        ("20", asked.cvc.code()),
    ];
    if asked.accepts_partial {
        tags.push(("04", "Y"));
    }
    if let Kind::Incremental { original_rrn, approval_code } = asked.kind {
        message.set(38, approval_code);
        tags.push(("08", original_rrn));
    }
    if let CvcPresence::Sent(code) = asked.cvc {
        tags.push(("21", code));
    }
    let eci = asked.authentication.map(|authentication| authentication.eci).or(asked.eci_without);
    let optional = [
        ("02", asked.initiator),
        ("07", asked.original_network_reference),
        ("30", eci),
        ("36", asked.exemption),
    ];
    tags.extend(optional.into_iter().filter_map(|(tag, value)| Some((tag, value?))));
    if let Some(authentication) = asked.authentication {
        tags.extend(authentication.value.map(|value| ("31", value)));
        tags.extend([
            ("32", authentication.ds_trans_id),
            ("33", authentication.version),
            ("34", authentication.status),
            ("35", authentication.flow),
        ]);
    }
    message.set_private_data(&tags)?;
    Ok(message)
}

impl Kind<'_> {
    fn code(self) -> &'static str {
        match self {
            Kind::Normal => "N",
            Kind::PreAuthorization => "P",
            Kind::Incremental { .. } => "I",
            Kind::Verification => "V",
        }
    }
}

impl CvcPresence<'_> {
    fn code(self) -> &'static str {
        match self {
            CvcPresence::NotSentOnPurpose => "0",
            CvcPresence::Sent(_) => "1",
            CvcPresence::NotLegible => "2",
            CvcPresence::NoneOnCard => "9",
        }
    }
}

impl fmt::Debug for CvcPresence<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "CvcPresence({})", self.code())
    }
}

impl fmt::Debug for Authentication<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Authentication")
            .field("eci", &self.eci)
            .field("ds_trans_id", &self.ds_trans_id)
            .field("version", &self.version)
            .field("status", &self.status)
            .field("flow", &self.flow)
            .finish_non_exhaustive()
    }
}
