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
    pub card: CardUse,
    /// `gateway_info.flexible_3d`, where the site may use it.
    pub flexible: Option<bool>,
    pub policy: Policy,
    pub wish: Wish,
}

/// What the site would like of the issuer, who decides, where the payer is authenticated at all.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wish {
    Nothing,
    Challenge,
}

/// How the payment is about a stored card.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CardUse {
    /// Not at all.
    Once,
    /// The card is stored to be charged again.
    Stored,
    /// A stored card is charged: its owner was authenticated when it was stored, and is asked again
    /// only if the issuer wants that.
    Charged,
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
    if facts.moto || facts.card == CardUse::Charged {
        return Plan::Skip;
    }
    // The site's rules weigh single payments; a first one stands for all that follow.
    let policy = match facts.policy {
        Policy::Dynamic { .. } if facts.card == CardUse::Stored => Policy::Always,
        policy => policy,
    };
    let wanted = match (facts.flexible, policy) {
        (Some(true), _) => Plan::Challenge,
        (Some(false), _) | (None, Policy::Never | Policy::Dynamic { authenticate: false }) => {
            Plan::Skip
        }
        (None, Policy::Always | Policy::Dynamic { authenticate: true }) => Plan::Authenticate,
    };
    match (wanted, facts.wish) {
        (Plan::Skip, _) if !required_by_brand(facts) => Plan::Skip,
        (Plan::Challenge, _) | (_, Wish::Challenge) => Plan::Challenge,
        (_, Wish::Nothing) => Plan::Authenticate,
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    const FACTS: Facts = Facts {
        brand: Brand::Visa,
        amount: Money { minor: 1000, currency: Currency::EUR },
        moto: false,
        card: CardUse::Once,
        flexible: None,
        policy: Policy::Dynamic { authenticate: false },
        wish: Wish::Nothing,
    };

    #[test]
    fn a_wish_makes_a_challenge_of_an_authentication_and_nothing_of_none() {
        let wish = Wish::Challenge;
        let asked = Facts { wish, policy: Policy::Always, ..FACTS };
        assert_eq!(plan(&asked), Plan::Challenge);
        for skipped in [
            Facts { wish, ..FACTS },
            Facts { policy: Policy::Never, ..asked },
            Facts { flexible: Some(false), ..asked },
            Facts { moto: true, ..asked },
            Facts { card: CardUse::Charged, ..asked },
        ] {
            assert_eq!(plan(&skipped), Plan::Skip, "{skipped:?}");
        }
        let maestro = Facts { brand: Brand::Maestro, policy: Policy::Never, ..asked };
        assert_eq!(plan(&maestro), Plan::Challenge);
    }

    #[test]
    fn a_card_that_is_stored_is_authenticated_unless_the_site_never_asks() {
        assert_eq!(plan(&FACTS), Plan::Skip);
        let stored = Facts { card: CardUse::Stored, ..FACTS };
        assert_eq!(plan(&stored), Plan::Authenticate);
        assert_eq!(plan(&Facts { policy: Policy::Never, ..stored }), Plan::Skip);
        assert_eq!(plan(&Facts { flexible: Some(false), ..stored }), Plan::Skip);
        assert_eq!(plan(&Facts { moto: true, ..stored }), Plan::Skip);
        let maestro = Facts { brand: Brand::Maestro, policy: Policy::Never, ..stored };
        assert_eq!(plan(&maestro), Plan::Authenticate);
    }

    #[test]
    fn nobody_is_asked_when_a_stored_card_is_charged() {
        for brand in [Brand::Visa, Brand::Mastercard, Brand::Maestro, Brand::Amex] {
            for flexible in [None, Some(true), Some(false)] {
                let amount = Money { minor: 500_000, currency: Currency::EUR };
                let card = CardUse::Charged;
                let facts =
                    Facts { brand, amount, card, flexible, policy: Policy::Always, ..FACTS };
                assert_eq!(plan(&facts), Plan::Skip, "{facts:?}");
            }
        }
    }
}
