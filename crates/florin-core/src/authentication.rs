//! When 3-D Secure is asked for, and what its outcome permits.
//!
//! Sources: EMV 3DS for the statuses, the contract for the order in which rules are asked
//! (mail order and merchant-initiated payments first, then the brand's own rule, then the order's
//! flag, then the site's policy).

use crate::card::Brand;
use crate::money::{Currency, Money};
use crate::payment::{AuthenticationResult, AuthenticationStatus, Reason};

/// What the site wants in general.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Policy {
    Always,
    /// The site's rules decide per payment.
    Dynamic {
        authenticate: bool,
    },
    Never,
}

/// What the decision rests on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Facts {
    pub brand: Brand,
    pub amount: Money,
    /// Mail or telephone order: no payer is there to be asked.
    pub moto: bool,
    /// `gateway_info.flexible_3d`, where the site may use it.
    pub flexible: Option<bool>,
    pub policy: Policy,
}

/// Whether the payer is to be authenticated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Plan {
    Skip,
    Authenticate,
    /// Authenticate, and ask the issuer for a challenge.
    Challenge,
}

/// American Express wants SafeKey above this amount: 30 EUR, in minor units.
pub const AMEX_EXEMPT_EUR_MAX: i64 = 30_00;

/// Decides by the first rule that applies.
pub fn plan(facts: &Facts) -> Plan {
    if facts.moto {
        return Plan::Skip;
    }
    let wanted = match (facts.flexible, facts.policy) {
        (Some(true), _) => Plan::Challenge,
        (Some(false), _) | (None, Policy::Never | Policy::Dynamic { authenticate: false }) => {
            Plan::Skip
        }
        (None, Policy::Always | Policy::Dynamic { authenticate: true }) => Plan::Authenticate,
    };
    if wanted == Plan::Skip && required_by_brand(facts) { Plan::Authenticate } else { wanted }
}

/// Rules of the brands that neither the order nor the site can switch off.
fn required_by_brand(facts: &Facts) -> bool {
    match facts.brand {
        Brand::Maestro => true,
        // The limit is in euro. Amounts in other currencies are not converted here, so they are
        // held to the stricter side.
        Brand::Amex => {
            facts.amount.currency != Currency::EUR || facts.amount.minor > AMEX_EXEMPT_EUR_MAX
        }
        _ => false,
    }
}

/// The words with which an order is declined after this result.
///
/// Precedence: what the payer or the ACS did to the challenge, then the issuer's reason, then the
/// general text.
pub fn refusal_of(result: &AuthenticationResult) -> Reason {
    let failed = |number: &str, what: &str| {
        Reason::new(format!("30{number}"), format!("3DS Authentication Failed / {what}"))
    };
    let mut reason = match (result.challenge_cancel.as_deref(), result.status_reason.as_deref()) {
        (Some("01"), _) => Reason::new("4999", "3D Secure authentication cancelled"),
        (Some("03" | "04" | "05" | "08"), _) => Reason::new("4999", "Transaction timed out (ACS)"),
        _ if result.status == AuthenticationStatus::Unavailable => {
            match result.status_reason.as_deref() {
                Some("13") => Reason::new("4999", "Cardholder not enrolled in service"),
                Some("14") => Reason::new("4999", "Transaction timed out (ACS)"),
                _ => crate::decision::only_authenticated_cards(),
            }
        }
        (_, Some("02")) => failed("02", "Unknown device"),
        (_, Some("03")) => Reason::new("3003", "Authentication Failed / Unsupported device"),
        (_, Some("04")) => failed("04", "Exceeds authentication frequency limit"),
        (_, Some("05")) => failed("05", "Expired card"),
        (_, Some("06")) => failed("06", "Invalid card number"),
        (_, Some("07")) => failed("07", "Invalid transaction"),
        (_, Some("08")) => failed("08", "No Card record"),
        (_, Some("09")) => failed("09", "Security failure"),
        (_, Some("10")) => failed("10", "Stolen card"),
        (_, Some("11")) => failed("11", "Suspected fraud"),
        (_, Some("12")) => failed("12", "Transaction not permitted to the cardholder"),
        (_, Some("13")) => Reason::new("4999", "Cardholder not enrolled in service"),
        (_, Some("14")) => Reason::new("4999", "Transaction timed out (ACS)"),
        _ => failed("01", "Card authentication failed"),
    };
    reason.response_code.clone_from(&result.status_reason);
    reason
}
