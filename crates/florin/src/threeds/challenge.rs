//! What the payer's browser carries: the 3DS Method's form, the challenge's form, and what comes
//! back from both.
//!
//! Everything that comes back can be forged by the payer, so none of it is a result.

use emv3ds::{
    Ares, Creq, Cres, FormError, MethodData, Version, read_session_data, session_data_form_value,
};
use serde::{Deserialize, Serialize};

use crate::threeds::outcome::text_for_payer;

/// A challenge that the issuer asked for. Kept until its result arrives, over a restart too.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OpenChallenge {
    /// The network whose directory server was asked, such as VI.
    pub network: String,
    pub version: Version,
    /// 01 payment, 02 non-payment.
    pub message_category: String,
    pub three_ds_server_trans_id: String,
    pub acs_trans_id: String,
    pub ds_trans_id: String,
    /// Where the browser takes the CReq.
    pub acs_url: String,
    /// A text of the issuer that has to be shown to the payer.
    pub cardholder_info: Option<String>,
}

/// The form that starts a challenge: POST to `acs_url`, in an iframe or the whole window.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CreqForm {
    pub acs_url: String,
    /// Field `creq`.
    pub creq: String,
    /// Field `threeDSSessionData`.
    pub session_data: String,
}

/// The hidden form of the 3DS Method: POST to `method_url`, in an invisible iframe.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MethodForm {
    pub method_url: String,
    /// Field `threeDSMethodData`.
    pub method_data: String,
}

/// Size of the challenge's window, in CSS pixels.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ChallengeWindow {
    W250H400,
    W390H400,
    W500H600,
    W600H400,
    #[default]
    FullScreen,
}

impl ChallengeWindow {
    fn code(self) -> &'static str {
        match self {
            ChallengeWindow::W250H400 => "01",
            ChallengeWindow::W390H400 => "02",
            ChallengeWindow::W500H600 => "03",
            ChallengeWindow::W600H400 => "04",
            ChallengeWindow::FullScreen => "05",
        }
    }
}

impl OpenChallenge {
    /// `None` when the ARes, though valid, names no place to go.
    pub(crate) fn of_ares(network: &str, category: &str, ares: &Ares) -> Option<OpenChallenge> {
        Some(OpenChallenge {
            network: network.to_owned(),
            version: ares.message_version,
            message_category: category.to_owned(),
            three_ds_server_trans_id: ares.three_ds_server_trans_id.clone(),
            acs_trans_id: ares.acs_trans_id.clone(),
            ds_trans_id: ares.ds_trans_id.clone(),
            acs_url: ares.acs_url.clone()?,
            cardholder_info: ares.cardholder_info.as_ref().and_then(text_for_payer),
        })
    }

    /// The form that takes the browser to the issuer. `session` comes back with the CRes.
    ///
    /// # Errors
    /// When `session` is longer than 768 bytes (1024 characters once encoded).
    pub fn form(&self, window: ChallengeWindow, session: &[u8]) -> Result<CreqForm, FormError> {
        let creq = Creq {
            message_version: self.version,
            three_ds_server_trans_id: self.three_ds_server_trans_id.clone(),
            acs_trans_id: self.acs_trans_id.clone(),
            challenge_window_size: window.code().to_owned(),
            message_extension: Vec::new(),
        };
        Ok(CreqForm {
            acs_url: self.acs_url.clone(),
            creq: creq.to_form_value(),
            session_data: session_data_form_value(session)?,
        })
    }
}

/// The 3DS Method's form. The AReq that follows must have the same transaction id.
#[must_use]
pub fn method_form(method_url: &str, trans_id: &str, notification_url: &str) -> MethodForm {
    let data = MethodData {
        three_ds_server_trans_id: trans_id.to_owned(),
        three_ds_method_notification_url: Some(notification_url.to_owned()),
    };
    MethodForm { method_url: method_url.to_owned(), method_data: data.to_form_value() }
}

/// The transaction id whose 3DS Method is done, from field `threeDSMethodData`.
///
/// # Errors
/// When the field is not base64url of a JSON object with such an id.
pub fn read_method_notification(method_data: &str) -> Result<String, FormError> {
    MethodData::from_form_value(method_data).map(|data| data.three_ds_server_trans_id)
}

/// Reads fields `cres` and `threeDSSessionData` of the browser that comes back from a challenge.
///
/// # Errors
/// When the CRes is not valid, or the session data is not base64url. A browser without session
/// data gives an empty one.
pub fn read_cres(cres: &str, session_data: Option<&str>) -> Result<(Cres, Vec<u8>), FormError> {
    let session = session_data.map(read_session_data).transpose()?.unwrap_or_default();
    Ok((Cres::from_form_value(cres)?, session))
}

#[cfg(test)]
mod tests {
    use super::*;

    const CHALLENGED: &str = "896d956d-2a96-4ce2-aaa3-732a9d8fff2c";

    fn open() -> OpenChallenge {
        OpenChallenge {
            network: "VI".to_owned(),
            version: Version::V220,
            message_category: "01".to_owned(),
            three_ds_server_trans_id: CHALLENGED.to_owned(),
            acs_trans_id: "27111dbd-c33a-497f-a288-2ab126f190d4".to_owned(),
            ds_trans_id: "e6df1c63-831b-4479-ad5e-caa33bdc2e46".to_owned(),
            acs_url: "https://acs.example.net/challenge".to_owned(),
            cardholder_info: None,
        }
    }

    #[test]
    fn a_challenge_form_names_the_transaction_and_brings_the_session_back() {
        let form = open().form(ChallengeWindow::W500H600, b"sess-0006").unwrap();
        let creq = Creq::from_form_value(&form.creq).unwrap();
        assert_eq!(creq.three_ds_server_trans_id, CHALLENGED);
        assert_eq!(creq.challenge_window_size, "03");
        assert_eq!(form.session_data, "c2Vzcy0wMDA2");
        assert!(open().form(ChallengeWindow::FullScreen, &[0; 769]).is_err());
    }

    #[test]
    fn an_open_challenge_survives_a_restart() {
        let text = serde_json::to_string(&open()).unwrap();
        assert_eq!(serde_json::from_str::<OpenChallenge>(&text).unwrap(), open());
    }

    #[test]
    fn a_method_notification_names_its_transaction() {
        let form =
            method_form("https://acs.example.net/m", CHALLENGED, "https://pay.example.com/d");
        assert_eq!(read_method_notification(&form.method_data).unwrap(), CHALLENGED);
        assert!(read_method_notification("e30").is_err());
        assert!(read_method_notification("%%%").is_err());
    }

    #[test]
    fn a_browser_may_come_back_without_session_data() {
        let cres = Cres {
            three_ds_server_trans_id: CHALLENGED.to_owned(),
            acs_trans_id: open().acs_trans_id,
            trans_status: Some(emv3ds::TransStatus::Y),
            ..Cres::default()
        };
        let value = cres.to_form_value();
        assert_eq!(read_cres(&value, None).unwrap(), (cres.clone(), Vec::new()));
        assert_eq!(read_cres(&value, Some("c2Vzcy0wMDA2")).unwrap().1, b"sess-0006");
        assert!(read_cres("", Some("")).is_err());
        let unfinished = Cres { trans_status: Some(emv3ds::TransStatus::C), ..cres };
        assert!(read_cres(&unfinished.to_form_value(), None).is_err());
    }
}
