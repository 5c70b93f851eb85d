//! What an authentication came to, and the tables that say what a result means.
//!
//! Data and pure functions. Whether a payment goes on without authentication is the merchant's
//! setting and not decided here.

use emv3ds::{Ares, Rreq, Secret, TextOrObject, TransStatus, Version};

/// The final result of an authentication.
#[derive(Clone, Debug, PartialEq)]
pub struct Outcome {
    /// Y, A, I, N, R or U. A challenge that we did not ask for (D, S) is a U.
    pub status: TransStatus,
    /// As the issuer gave it; when absent, what the scheme means by this status. None for N and
    /// R, after which nothing is authorized. Never one of an authentication without its value.
    pub eci: Option<String>,
    /// CAVV, AAV or AEVV in base64, as received. Not for logs.
    pub authentication_value: Option<Secret>,
    pub three_ds_server_trans_id: String,
    pub acs_trans_id: Option<String>,
    pub ds_trans_id: Option<String>,
    pub version: Version,
    /// `transStatusReason`, two digits.
    pub status_reason: Option<String>,
    /// `challengeCancel`, two digits.
    pub challenge_cancel: Option<String>,
    /// A text of the issuer that has to be shown to the payer.
    pub cardholder_info: Option<String>,
    pub flow: Flow,
}

/// How the payer was, or was not, involved.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flow {
    Frictionless,
    Challenge,
    /// The issuer noted an exemption (status I).
    Exemption,
}

impl Flow {
    /// As the API writes it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Flow::Frictionless => "frictionless",
            Flow::Challenge => "challenge",
            Flow::Exemption => "exemption",
        }
    }
}

/// Why an order is declined after an authentication: code and text of the API.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Refusal {
    pub reason_code: &'static str,
    pub reason: &'static str,
}

/// The payer gave up.
pub const REASON_CANCELLED: Refusal =
    Refusal { reason_code: "4999", reason: "3D Secure authentication cancelled" };
const REASON_TIMED_OUT: Refusal =
    Refusal { reason_code: "4999", reason: "Transaction timed out (ACS)" };
const REASON_FAILED: Refusal = Refusal {
    reason_code: "3001",
    reason: "3DS Authentication Failed / Card authentication failed",
};

/// The issuer's reasons that have a text of their own; all others are [`REASON_FAILED`].
const REASONS: [(&str, &str, &str); 14] = [
    ("01", "3001", "3DS Authentication Failed / Card authentication failed"),
    ("02", "3002", "3DS Authentication Failed / Unknown device"),
    // The API's own text lacks the "3DS" here.
    ("03", "3003", "Authentication Failed / Unsupported device"),
    ("04", "3004", "3DS Authentication Failed / Exceeds authentication frequency limit"),
    ("05", "3005", "3DS Authentication Failed / Expired card"),
    ("06", "3006", "3DS Authentication Failed / Invalid card number"),
    ("07", "3007", "3DS Authentication Failed / Invalid transaction"),
    ("08", "3008", "3DS Authentication Failed / No Card record"),
    ("09", "3009", "3DS Authentication Failed / Security failure"),
    ("10", "3010", "3DS Authentication Failed / Stolen card"),
    ("11", "3011", "3DS Authentication Failed / Suspected fraud"),
    ("12", "3012", "3DS Authentication Failed / Transaction not permitted to the cardholder"),
    ("13", "4999", "Cardholder not enrolled in service"),
    ("14", "4999", "Transaction timed out (ACS)"),
];

/// The reason of a decline: what happened to the challenge goes before the issuer's reason.
#[must_use]
pub fn refusal_for(challenge_cancel: Option<&str>, status_reason: Option<&str>) -> Refusal {
    match challenge_cancel {
        Some("01") => return REASON_CANCELLED,
        Some("03" | "04" | "05" | "08") => return REASON_TIMED_OUT,
        _ => {}
    }
    let found = REASONS.iter().find(|(value, ..)| Some(*value) == status_reason);
    found.map_or(REASON_FAILED, |&(_, reason_code, reason)| Refusal { reason_code, reason })
}

/// The ECI that the scheme of `network` (VI, MC …) means by a status. `None` for a status after
/// which nothing is authorized.
#[must_use]
pub fn eci_for(network: &str, status: TransStatus) -> Option<&'static str> {
    let mastercard = matches!(network, "MC" | "MS");
    Some(match (status, mastercard) {
        (TransStatus::Y, false) => "05",
        (TransStatus::Y, true) => "02",
        (TransStatus::A, false) => "06",
        (TransStatus::A, true) => "01",
        (TransStatus::I, true) => "06",
        (TransStatus::I | TransStatus::U, false) => "07",
        (TransStatus::U, true) => "00",
        (TransStatus::N | TransStatus::R | TransStatus::C | TransStatus::D | TransStatus::S, _) => {
            return None;
        }
    })
}

/// A scheme takes back the ECI of an authentication that comes without its value.
fn eci(network: &str, status: TransStatus, given: Option<&str>, has_value: bool) -> Option<String> {
    let fallback = eci_for(network, status);
    let Some(given) = given else { return fallback.map(str::to_owned) };
    let claims_value = match network {
        "MC" | "MS" => matches!(given, "01" | "02"),
        _ => matches!(given, "05" | "06"),
    };
    if claims_value && !has_value {
        return eci_for(network, TransStatus::U).map(str::to_owned);
    }
    Some(given.to_owned())
}

impl Outcome {
    /// What a frictionless ARes came to. The caller has dealt with a challenge before.
    pub(crate) fn of_ares(network: &str, ares: &Ares) -> Outcome {
        let status = match ares.trans_status {
            Some(status @ (TransStatus::C | TransStatus::D | TransStatus::S)) => {
                tracing::warn!(
                    threeds.trans_id = %ares.three_ds_server_trans_id,
                    "the issuer wants a challenge ({status}) that cannot be held",
                );
                TransStatus::U
            }
            Some(status) => status,
            None => TransStatus::U,
        };
        let value = ares.authentication_value.clone().filter(|_| status.carries_value());
        Outcome {
            status,
            eci: eci(network, status, ares.eci.as_deref(), value.is_some()),
            authentication_value: value,
            three_ds_server_trans_id: ares.three_ds_server_trans_id.clone(),
            acs_trans_id: Some(ares.acs_trans_id.clone()),
            ds_trans_id: Some(ares.ds_trans_id.clone()),
            version: ares.message_version,
            status_reason: ares.trans_status_reason.clone(),
            challenge_cancel: None,
            cardholder_info: ares.cardholder_info.as_ref().and_then(text_for_payer),
            flow: match status {
                TransStatus::I => Flow::Exemption,
                _ => Flow::Frictionless,
            },
        }
    }

    /// What a challenge came to. The message has been checked.
    pub(crate) fn of_rreq(network: &str, rreq: &Rreq) -> Outcome {
        let status = rreq.trans_status.unwrap_or(TransStatus::U);
        let value = rreq.authentication_value.clone().filter(|_| status.carries_value());
        Outcome {
            status,
            eci: eci(network, status, rreq.eci.as_deref(), value.is_some()),
            authentication_value: value,
            three_ds_server_trans_id: rreq.three_ds_server_trans_id.clone(),
            acs_trans_id: Some(rreq.acs_trans_id.clone()),
            ds_trans_id: Some(rreq.ds_trans_id.clone()),
            version: rreq.message_version,
            status_reason: rreq.trans_status_reason.clone(),
            challenge_cancel: rreq.challenge_cancel.clone(),
            cardholder_info: None,
            flow: Flow::Challenge,
        }
    }

    /// Nobody could say: no answer, an error, no directory server.
    #[must_use]
    pub fn unavailable(network: &str, version: Version, three_ds_server_trans_id: &str) -> Outcome {
        Outcome {
            status: TransStatus::U,
            eci: eci_for(network, TransStatus::U).map(str::to_owned),
            authentication_value: None,
            three_ds_server_trans_id: three_ds_server_trans_id.to_owned(),
            acs_trans_id: None,
            ds_trans_id: None,
            version,
            status_reason: None,
            challenge_cancel: None,
            cardholder_info: None,
            flow: Flow::Frictionless,
        }
    }

    /// Code and text with which an order is declined after this outcome.
    #[must_use]
    pub fn refusal(&self) -> Refusal {
        refusal_for(self.challenge_cancel.as_deref(), self.status_reason.as_deref())
    }
}

/// From 2.3.1 on the text stands in an object, in several languages; the first one is taken.
pub(crate) fn text_for_payer(info: &TextOrObject) -> Option<String> {
    match info {
        TextOrObject::Text(text) => Some(text.clone()),
        TextOrObject::Object(members) => {
            let text = members.get("cardholderInfoText").or_else(|| members.get("text"))?;
            text.as_str().map(str::to_owned)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_challenge_goes_before_the_reason_and_the_reason_before_the_default() {
        let code = |cancel, reason| {
            let refusal = refusal_for(cancel, reason);
            (refusal.reason_code, refusal.reason)
        };
        assert_eq!(code(Some("01"), Some("11")), ("4999", "3D Secure authentication cancelled"));
        for cancel in ["03", "04", "05", "08"] {
            assert_eq!(code(Some(cancel), Some("11")), ("4999", "Transaction timed out (ACS)"));
        }
        let fraud = ("3011", "3DS Authentication Failed / Suspected fraud");
        assert_eq!(code(Some("07"), Some("11")), fraud);
        assert_eq!(code(None, Some("11")), fraud);
        assert_eq!(code(None, Some("03")), ("3003", "Authentication Failed / Unsupported device"));
        let failed = ("3001", "3DS Authentication Failed / Card authentication failed");
        for reason in [None, Some("15"), Some("26"), Some("30"), Some("80"), Some("99")] {
            assert_eq!(code(None, reason), failed);
        }
    }

    #[test]
    fn an_eci_belongs_to_its_scheme() {
        let all = |status| ["VI", "AX", "MC", "MS"].map(|network| eci_for(network, status));
        assert_eq!(all(TransStatus::Y), [Some("05"), Some("05"), Some("02"), Some("02")]);
        assert_eq!(all(TransStatus::A), [Some("06"), Some("06"), Some("01"), Some("01")]);
        assert_eq!(all(TransStatus::U), [Some("07"), Some("07"), Some("00"), Some("00")]);
        assert_eq!(all(TransStatus::I), [Some("07"), Some("07"), Some("06"), Some("06")]);
        assert_eq!(all(TransStatus::N), [None; 4]);
        assert_eq!(all(TransStatus::R), [None; 4]);
    }

    #[test]
    fn no_eci_claims_an_authentication_without_its_value() {
        let y = TransStatus::Y;
        assert_eq!(eci("VI", y, Some("05"), false).as_deref(), Some("07"));
        assert_eq!(eci("MC", y, Some("02"), false).as_deref(), Some("00"));
        assert_eq!(eci("VI", y, Some("05"), true).as_deref(), Some("05"));
        // 06 is "attempted" for Visa and "exempted" for Mastercard.
        assert_eq!(eci("MC", TransStatus::I, Some("06"), false).as_deref(), Some("06"));
        assert_eq!(eci("VI", y, None, true).as_deref(), Some("05"));
        assert_eq!(eci("VI", TransStatus::N, None, false), None);
    }
}
