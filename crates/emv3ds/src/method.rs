//! The 3DS Method: a hidden form that lets the ACS look at the browser before the AReq.
//!
//! The same form field, `threeDSMethodData`, goes to the ACS and comes back from it.

use serde::{Deserialize, Serialize};

use crate::erro::{ErrorCode, ParseError, Violation};
use crate::form::{self, FormError};
use crate::format::Format;

/// What `threeDSMethodData` holds.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct MethodData {
    /// The id that the AReq will have.
    #[serde(rename = "threeDSServerTransID")]
    pub three_ds_server_trans_id: String,
    /// Where the ACS reports that it is done; absent in that report.
    #[serde(rename = "threeDSMethodNotificationURL", skip_serializing_if = "Option::is_none")]
    pub three_ds_method_notification_url: Option<String>,
}

impl MethodData {
    /// The value of form field `threeDSMethodData`: base64url without padding.
    #[must_use]
    pub fn to_form_value(&self) -> String {
        form::encode(&serde_json::to_vec(self).expect("two texts can be written as JSON"))
    }

    /// # Errors
    /// When the value is not base64url of a JSON object with a valid transaction id.
    pub fn from_form_value(value: &str) -> Result<MethodData, FormError> {
        let refused = |code, name: &str| {
            let violation = Violation::new(code, &[name]);
            Err(FormError::Message(ParseError::new(violation.code, violation.detail)))
        };
        let Ok(data) = serde_json::from_slice::<MethodData>(&form::decode(value)?) else {
            return refused(ErrorCode::MessageInvalid, "threeDSMethodData");
        };
        if !Format::Uuid.holds(&data.three_ds_server_trans_id) {
            return refused(ErrorCode::FormatInvalid, "threeDSServerTransID");
        }
        let url = data.three_ds_method_notification_url.as_deref();
        if url.is_some_and(|url| !Format::Url(256).holds(url)) {
            return refused(ErrorCode::FormatInvalid, "threeDSMethodNotificationURL");
        }
        Ok(data)
    }
}
