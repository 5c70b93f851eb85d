//! CReq and CRes: the challenge, carried by the payer's browser as form fields.
//!
//! A CRes only says that the browser is back. Whoever holds the browser can write one, so that
//! it is never a result; the result is the RReq.

use crate::element::Extension;
use crate::erro::{ErrorCode, ParseError, TransactionIds, Violation};
use crate::form::{self, FormError};
use crate::incoming::read_as;
use crate::message::Message;
use crate::status::TransStatus;
use crate::version::Version;

/// Longest `threeDSSessionData`, in base64url characters.
pub const SESSION_DATA_CHARS_MAX: usize = 1024;

message! {
    /// Challenge request, posted to the `acsURL` as form field `creq`.
    pub struct Creq: "CReq",
        version |it| Some(it.message_version),
        ids |it| TransactionIds {
            three_ds_server: Some(it.three_ds_server_trans_id.clone()),
            acs: Some(it.acs_trans_id.clone()),
            ds: None,
        },
        extensions |it| it.message_extension.as_slice() => {
        message_version: Version = "messageVersion", Required, Typed;
        three_ds_server_trans_id: String = "threeDSServerTransID", Required, Uuid;
        acs_trans_id: String = "acsTransID", Required, Uuid;
        /// 01 250×400, 02 390×400, 03 500×600, 04 600×400, 05 full screen.
        challenge_window_size: String = "challengeWindowSize",
            Required, OneOf(&["01", "02", "03", "04", "05"]);
        message_extension: Vec<Extension> = "messageExtension", Optional, Typed;
    }
}

message! {
    /// Challenge response, posted to the `notificationURL` as form field `cres`.
    pub struct Cres: "CRes",
        version |it| Some(it.message_version),
        ids |it| TransactionIds {
            three_ds_server: Some(it.three_ds_server_trans_id.clone()),
            acs: Some(it.acs_trans_id.clone()),
            ds: None,
        },
        extensions |it| it.message_extension.as_slice() => {
        message_version: Version = "messageVersion", Required, Typed;
        three_ds_server_trans_id: String = "threeDSServerTransID", Required, Uuid;
        acs_trans_id: String = "acsTransID", Required, Uuid;
        /// Y or N.
        trans_status: Option<TransStatus> = "transStatus", Required, Typed;
        /// Sent by some ACS, though it belongs to the SDK channel. Means nothing here.
        challenge_completion_ind: Option<String> = "challengeCompletionInd", Optional, Ascii(1, 1);
        message_extension: Vec<Extension> = "messageExtension", Optional, Typed;
    }
}

impl Creq {
    /// The value of form field `creq`: base64url without padding.
    #[must_use]
    pub fn to_form_value(&self) -> String {
        form::encode(&self.to_json())
    }

    /// # Errors
    /// When the value is not a valid CReq.
    pub fn from_form_value(value: &str) -> Result<Creq, FormError> {
        from_form(value)
    }
}

impl Cres {
    /// The value of form field `cres`: base64url without padding.
    #[must_use]
    pub fn to_form_value(&self) -> String {
        form::encode(&self.to_json())
    }

    /// # Errors
    /// When the value is not a valid CRes that ends a challenge.
    pub fn from_form_value(value: &str) -> Result<Cres, FormError> {
        let cres: Cres = from_form(value)?;
        match cres.trans_status {
            Some(status) if status.allowed_in_cres() => Ok(cres),
            _ => {
                let violation = Violation::new(ErrorCode::FormatInvalid, &["transStatus"]);
                Err(FormError::Message(ParseError::about(&cres, violation)))
            }
        }
    }
}

/// The value of form field `threeDSSessionData`.
///
/// # Errors
/// [`FormError::TooLong`] beyond [`SESSION_DATA_CHARS_MAX`] once encoded.
pub fn session_data_form_value(session: &[u8]) -> Result<String, FormError> {
    let value = form::encode(session);
    if value.len() > SESSION_DATA_CHARS_MAX { Err(FormError::TooLong) } else { Ok(value) }
}

/// What [`session_data_form_value`] encoded, as the ACS brings it back.
///
/// # Errors
/// When it is too long or not base64url.
pub fn read_session_data(value: &str) -> Result<Vec<u8>, FormError> {
    // Some ACS pad what they were given without padding.
    if value.trim_end_matches('=').len() > SESSION_DATA_CHARS_MAX {
        return Err(FormError::TooLong);
    }
    form::decode(value)
}

fn from_form<T: Message>(value: &str) -> Result<T, FormError> {
    read_as(&form::decode(value)?).map_err(FormError::Message)
}
