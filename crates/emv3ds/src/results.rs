//! RReq and RRes: the result of a challenge, from the ACS through the directory server, and its
//! acknowledgement.

use crate::ares::{AUTHENTICATION_VALUE_CHARS_MAX, check_value_length};
use crate::element::{Extension, OneOrMany};
use crate::erro::{ErrorCode, TransactionIds, Violation};
use crate::secret::Secret;
use crate::status::TransStatus;
use crate::version::Version;

/// Values of `resultsStatus`.
pub mod results_status {
    /// The result was received.
    pub const RECEIVED: &str = "01";
}

message! {
    /// Results request: what became of a challenge.
    pub struct Rreq: "RReq",
        version |it| Some(it.message_version),
        ids |it| TransactionIds {
            three_ds_server: Some(it.three_ds_server_trans_id.clone()),
            acs: Some(it.acs_trans_id.clone()),
            ds: Some(it.ds_trans_id.clone()),
        },
        extensions |it| it.message_extension.as_slice() => {
        message_version: Version = "messageVersion", Required, Typed;
        message_category: String = "messageCategory", Required, OneOf(&["01", "02"]);
        three_ds_server_trans_id: String = "threeDSServerTransID", Required, Uuid;
        acs_trans_id: String = "acsTransID", Required, Uuid;
        ds_trans_id: String = "dsTransID", Required, Uuid;
        /// Y, N, U, A or R.
        trans_status: Option<TransStatus> = "transStatus", Required, Typed;
        trans_status_reason: Option<String> = "transStatusReason",
            When(|it| it.trans_status.is_some_and(TransStatus::carries_reason)), Digits(2, 2);
        trans_status_reason_info: Option<String> = "transStatusReasonInfo", Optional, Text(1, 256);
        /// How the payer was challenged; with Y and N up to 2.2.0.
        authentication_type: Option<String> = "authenticationType",
            When(|it| it.message_version < Version::V231
                && matches!(it.trans_status, Some(TransStatus::Y | TransStatus::N))),
            Digits(2, 2);
        /// 2.3.1, in place of the type.
        authentication_method: Option<OneOrMany> = "authenticationMethod", Optional, Digits(2, 2);
        /// How often the payer tried, two digits.
        interaction_counter: String = "interactionCounter", Required, Digits(2, 2);
        /// The proof for the issuer, base64.
        authentication_value: Option<Secret> = "authenticationValue",
            When(|it| it.trans_status.is_some_and(TransStatus::carries_value)),
            Base64(AUTHENTICATION_VALUE_CHARS_MAX);
        eci: Option<String> = "eci", Optional, Ascii(2, 2);
        /// Why the challenge ended early: 01 by the payer, 04 time-out at the ACS …
        challenge_cancel: Option<String> = "challengeCancel", Optional, Digits(2, 2);
        white_list_status: Option<String> = "whiteListStatus", Optional, Ascii(1, 1);
        white_list_status_source: Option<String> = "whiteListStatusSource", Optional, Digits(2, 2);
        trust_list_status: Option<String> = "trustListStatus", Optional, Ascii(1, 1);
        message_extension: Vec<Extension> = "messageExtension", Optional, Typed;
    }
}

message! {
    /// Results response: the RReq was received.
    pub struct Rres: "RRes",
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
        /// 01 received.
        results_status: String = "resultsStatus", Required, Digits(2, 2);
        message_extension: Vec<Extension> = "messageExtension", Optional, Typed;
    }
}

impl Rreq {
    /// [`Rreq::validate`], and that the status can be a result and the value has its length.
    ///
    /// # Errors
    /// 201, 202 or 203 with the names of the elements.
    pub fn validate_result(&self) -> Result<(), Violation> {
        self.validate()?;
        if !self.trans_status.is_some_and(TransStatus::allowed_in_rreq) {
            return Err(Violation::new(ErrorCode::FormatInvalid, &["transStatus"]));
        }
        check_value_length(self.message_version, self.authentication_value.as_ref())
    }
}

impl Rres {
    /// The acknowledgement that belongs to a result.
    #[must_use]
    pub fn received(rreq: &Rreq) -> Rres {
        Rres {
            message_version: rreq.message_version,
            three_ds_server_trans_id: rreq.three_ds_server_trans_id.clone(),
            acs_trans_id: rreq.acs_trans_id.clone(),
            ds_trans_id: rreq.ds_trans_id.clone(),
            results_status: results_status::RECEIVED.to_owned(),
            message_extension: Vec::new(),
        }
    }
}
