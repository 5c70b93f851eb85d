//! RReq: the result of a challenge, which the directory server posts to our results URL.
//!
//! Read, check against the transaction that waits for it, acknowledge. An RReq for a transaction
//! that is closed changes nothing and is acknowledged like the first: that is up to the caller,
//! who knows which ones are closed.

use emv3ds::{Component, Erro, ErrorCode, Incoming, Message, Rreq, Rres, TransactionIds, Version};

use crate::threeds::challenge::OpenChallenge;
use crate::threeds::outcome::Outcome;

/// Reads the body of a request to the results URL.
///
/// # Errors
/// The Erro to answer with.
pub fn read_result(body: &[u8]) -> Result<Box<Rreq>, Box<Erro>> {
    let incoming =
        Incoming::parse(body).map_err(|error| Box::new(error.to_erro(Component::ThreeDsServer)))?;
    let Incoming::Rreq(rreq) = incoming else {
        let (code, component) = (ErrorCode::MessageInvalid, Component::ThreeDsServer);
        let erro = Erro::new(code, component, Version::default(), "messageType");
        return Err(Box::new(erro.about(incoming.message_type(), incoming.ids())));
    };
    match rreq.validate_result() {
        Ok(()) => Ok(rreq),
        Err(violation) => Err(refuse(&rreq, violation.code, &violation.detail)),
    }
}

/// Whether the result belongs to this challenge, and what it says.
///
/// # Errors
/// The Erro to answer with: 301 another transaction, 305 other ids of ACS or directory server, or
/// another category, 203 another version.
pub fn check_result(rreq: &Rreq, expected: &OpenChallenge) -> Result<Outcome, Box<Erro>> {
    let same = |a: &str, b: &str| a.eq_ignore_ascii_case(b);
    if !same(&rreq.three_ds_server_trans_id, &expected.three_ds_server_trans_id) {
        return Err(unknown_transaction(rreq));
    }
    if !same(&rreq.acs_trans_id, &expected.acs_trans_id) {
        return Err(refuse(rreq, ErrorCode::TransactionDataInvalid, "acsTransID"));
    }
    if !same(&rreq.ds_trans_id, &expected.ds_trans_id) {
        return Err(refuse(rreq, ErrorCode::TransactionDataInvalid, "dsTransID"));
    }
    if rreq.message_version != expected.version {
        return Err(refuse(rreq, ErrorCode::FormatInvalid, "messageVersion"));
    }
    if rreq.message_category != expected.message_category {
        return Err(refuse(rreq, ErrorCode::TransactionDataInvalid, "messageCategory"));
    }
    Ok(Outcome::of_rreq(&expected.network, rreq))
}

/// The RRes as JSON: the result is kept.
#[must_use]
pub fn acknowledge(rreq: &Rreq) -> Vec<u8> {
    Rres::received(rreq).to_json()
}

/// The Erro for a result that nobody waits for.
#[must_use]
pub fn unknown_transaction(rreq: &Rreq) -> Box<Erro> {
    refuse(rreq, ErrorCode::TransactionUnknown, "threeDSServerTransID")
}

fn refuse(rreq: &Rreq, code: ErrorCode, detail: &str) -> Box<Erro> {
    let ids: TransactionIds = rreq.ids();
    let erro = Erro::new(code, Component::ThreeDsServer, rreq.message_version, detail);
    Box::new(erro.about(Rreq::TYPE, ids))
}

#[cfg(test)]
mod tests {
    use emv3ds::{Secret, TransStatus};

    use super::*;

    fn rreq() -> Rreq {
        Rreq {
            message_version: Version::V220,
            message_category: "01".to_owned(),
            three_ds_server_trans_id: "896d956d-2a96-4ce2-aaa3-732a9d8fff2c".to_owned(),
            acs_trans_id: "27111dbd-c33a-497f-a288-2ab126f190d4".to_owned(),
            ds_trans_id: "e6df1c63-831b-4479-ad5e-caa33bdc2e46".to_owned(),
            trans_status: Some(TransStatus::Y),
            authentication_type: Some("02".to_owned()),
            interaction_counter: "01".to_owned(),
            authentication_value: Some(Secret::from("9PsclDRB5O/tH3gofvexLAu3rCM=")),
            eci: Some("02".to_owned()),
            ..Rreq::default()
        }
    }

    fn waiting() -> OpenChallenge {
        OpenChallenge {
            network: "MC".to_owned(),
            version: Version::V220,
            message_category: "01".to_owned(),
            three_ds_server_trans_id: rreq().three_ds_server_trans_id.to_uppercase(),
            acs_trans_id: rreq().acs_trans_id,
            ds_trans_id: rreq().ds_trans_id,
            acs_url: "https://acs.example.net/challenge".to_owned(),
            cardholder_info: None,
        }
    }

    #[track_caller]
    fn check_refused(change: impl FnOnce(&mut Rreq), code: &str, detail: &str) {
        let mut rreq = rreq();
        change(&mut rreq);
        let answer = read_result(&rreq.to_json()).and_then(|rreq| check_result(&rreq, &waiting()));
        let erro = answer.unwrap_err();
        assert_eq!((erro.error_code.as_str(), erro.error_detail.as_str()), (code, detail));
        assert_eq!(erro.error_component, "S");
        erro.validate().unwrap();
    }

    #[test]
    fn a_result_is_read_checked_and_acknowledged() {
        let read = read_result(&rreq().to_json()).unwrap();
        let outcome = check_result(&read, &waiting()).unwrap();
        assert_eq!((outcome.status, outcome.eci.as_deref()), (TransStatus::Y, Some("02")));
        assert_eq!(outcome.authentication_value, rreq().authentication_value);
        let Ok(Incoming::Rres(rres)) = Incoming::parse(&acknowledge(&read)) else { panic!() };
        assert_eq!(rres.results_status, "01");
        assert_eq!(rres.ds_trans_id, read.ds_trans_id);
    }

    #[test]
    fn a_cancelled_challenge_says_so() {
        let rreq = Rreq {
            trans_status: Some(TransStatus::N),
            trans_status_reason: Some("26".to_owned()),
            challenge_cancel: Some("01".to_owned()),
            authentication_value: None,
            eci: None,
            ..rreq()
        };
        let outcome = check_result(&read_result(&rreq.to_json()).unwrap(), &waiting()).unwrap();
        assert_eq!(outcome.challenge_cancel.as_deref(), Some("01"));
        assert_eq!(outcome.refusal().reason, "3D Secure authentication cancelled");
        assert_eq!((outcome.eci, outcome.authentication_value), (None, None));
    }

    #[test]
    fn a_result_must_belong_to_the_transaction_that_waits() {
        let other = "00000000-0000-4000-8000-000000000000";
        check_refused(
            |it| it.three_ds_server_trans_id = other.into(),
            "301",
            "threeDSServerTransID",
        );
        check_refused(|it| it.acs_trans_id = other.into(), "305", "acsTransID");
        check_refused(|it| it.ds_trans_id = other.into(), "305", "dsTransID");
        check_refused(|it| it.message_version = Version::V210, "203", "messageVersion");
        check_refused(|it| it.message_category = "02".into(), "305", "messageCategory");
    }

    #[test]
    fn a_result_must_be_final_and_complete() {
        check_refused(|it| it.trans_status = Some(TransStatus::C), "203", "transStatus");
        check_refused(|it| it.trans_status = None, "201", "transStatus");
        check_refused(|it| it.authentication_value = None, "201", "authenticationValue");
        check_refused(|it| it.trans_status = Some(TransStatus::R), "201", "transStatusReason");
        assert_eq!(read_result(b"nonsense").unwrap_err().error_code, "101");
        assert_eq!(read_result(&acknowledge(&rreq())).unwrap_err().error_code, "101");
    }
}
