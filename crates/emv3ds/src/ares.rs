//! ARes: the issuer's first answer: final (frictionless), or a challenge.

use serde_json::{Map, Value};

use crate::areq::category;
use crate::element::{Extension, TextOrObject};
use crate::erro::{ErrorCode, TransactionIds, Violation};
use crate::secret::Secret;
use crate::status::TransStatus;
use crate::version::Version;

/// Characters of an authentication value: 20 bytes in base64, from 2.3.1 on up to 4000.
pub(crate) const AUTHENTICATION_VALUE_CHARS: usize = 28;
pub(crate) const AUTHENTICATION_VALUE_CHARS_MAX: usize = 4000;

message! {
    /// Authentication response.
    pub struct Ares: "ARes",
        version |it| Some(it.message_version),
        ids |it| TransactionIds {
            three_ds_server: Some(it.three_ds_server_trans_id.clone()),
            acs: Some(it.acs_trans_id.clone()),
            ds: Some(it.ds_trans_id.clone()),
        },
        extensions |it| it.message_extension.as_slice() => {
        message_version: Version = "messageVersion", Required, Typed;
        three_ds_server_trans_id: String = "threeDSServerTransID", Required, Uuid;
        acs_trans_id: String = "acsTransID", Required, Uuid;
        ds_trans_id: String = "dsTransID", Required, Uuid;
        acs_reference_number: String = "acsReferenceNumber", Required, Text(1, 32);
        ds_reference_number: String = "dsReferenceNumber", Required, Text(1, 32);
        acs_operator_id: Option<String> = "acsOperatorID", Optional, Text(1, 32);
        /// Required for a payment; a non-payment may go without, see [`Ares::validate_for`].
        trans_status: Option<TransStatus> = "transStatus", Optional, Typed;
        /// Why not: 01-30, 80-99 for the schemes.
        trans_status_reason: Option<String> = "transStatusReason", Optional, Digits(2, 2);
        /// 2.3.1: the reason in words.
        trans_status_reason_info: Option<String> = "transStatusReasonInfo", Optional, Text(1, 256);
        /// The proof for the issuer (CAVV, AAV, AEVV), base64.
        authentication_value: Option<Secret> = "authenticationValue",
            When(|it| it.trans_status.is_some_and(TransStatus::carries_value)),
            Base64(AUTHENTICATION_VALUE_CHARS_MAX);
        /// Two characters, such as 05.
        eci: Option<String> = "eci", Optional, Ascii(2, 2);
        /// Whether rules oblige the issuer to challenge: Y or N.
        acs_challenge_mandated: Option<String> = "acsChallengeMandated",
            When(Ares::is_challenge), OneOf(&["Y", "N"]);
        /// 01 static, 02 dynamic, 03 out of band, 04 decoupled. Replaced in 2.3.1.
        authentication_type: Option<String> = "authenticationType",
            When(|it| it.is_challenge() && it.message_version < Version::V231), Digits(2, 2);
        /// 2.3.1, in place of the type.
        authentication_method: Option<Vec<String>> = "authenticationMethod", Optional, Digits(2, 2);
        /// Where the browser takes the CReq.
        acs_url: Option<String> = "acsURL", When(Ares::is_challenge), Url(2048);
        /// Whether the ACS will challenge outside the browser.
        acs_dec_con_ind: Option<String> = "acsDecConInd",
            When(|it| it.trans_status == Some(TransStatus::D)), OneOf(&["Y", "N"]);
        /// To be shown to the payer. An object from 2.3.1 on.
        cardholder_info: Option<TextOrObject> = "cardholderInfo", Optional, Text(1, 128);
        white_list_status: Option<String> = "whiteListStatus", Optional, Ascii(1, 1);
        white_list_status_source: Option<String> = "whiteListStatusSource", Optional, Digits(2, 2);
        trust_list_status: Option<String> = "trustListStatus", Optional, Ascii(1, 1);
        /// 2.3.1: the exemption that the issuer applied (05, 08, 10, 11, 79 none).
        trans_challenge_exemption: Option<String> = "transChallengeExemption",
            Optional, Digits(2, 2);
        /// The scheme's own rendering details of a non-browser channel; kept as they are.
        acs_rendering_type: Option<Map<String, Value>> = "acsRenderingType", Optional, Typed;
        message_extension: Vec<Extension> = "messageExtension", Optional, Typed;
    }
}

impl Ares {
    fn is_challenge(&self) -> bool {
        self.trans_status == Some(TransStatus::C)
    }

    /// [`Ares::validate`], and the rules that depend on the category of the request: a payment
    /// has a status, the status is one of its version, a refusal of a payment has a reason, and
    /// an authentication value has the version's length.
    ///
    /// # Errors
    /// 201, 202 or 203 with the names of the elements.
    pub fn validate_for(&self, message_category: &str) -> Result<(), Violation> {
        self.validate()?;
        let payment = message_category == category::PAYMENT;
        let Some(status) = self.trans_status else {
            return match payment {
                true => Err(Violation::new(ErrorCode::ElementMissing, &["transStatus"])),
                false => Ok(()),
            };
        };
        if !status.allowed_in_ares(self.message_version) {
            return Err(Violation::new(ErrorCode::FormatInvalid, &["transStatus"]));
        }
        check_value_length(self.message_version, self.authentication_value.as_ref())?;
        if payment && status.carries_reason() && self.trans_status_reason.is_none() {
            return Err(Violation::new(ErrorCode::ElementMissing, &["transStatusReason"]));
        }
        Ok(())
    }
}

pub(crate) fn check_value_length(
    version: Version,
    value: Option<&Secret>,
) -> Result<(), Violation> {
    match value {
        Some(value)
            if version < Version::V231 && value.expose().len() != AUTHENTICATION_VALUE_CHARS =>
        {
            Err(Violation::new(ErrorCode::FormatInvalid, &["authenticationValue"]))
        }
        _ => Ok(()),
    }
}
