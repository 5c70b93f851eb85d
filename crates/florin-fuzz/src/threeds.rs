//! 3-D Secure messages: what servers send, and what a browser brings in a form.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use emv3ds::{
    Component, Creq, Cres, Erro, Incoming, MethodData, ParseError, Rres, category,
    read_session_data, session_data_form_value,
};
use serde_json::Value;

use crate::Run;

pub(crate) const WORDS: &[&str] = &[
    "\"messageType\":\"ARes\"",
    "\"messageType\":\"RReq\"",
    "\"messageType\":\"CRes\"",
    "\"messageType\":\"PRes\"",
    "\"messageType\":\"Erro\"",
    "\"messageVersion\":\"2.1.0\"",
    "\"messageVersion\":\"2.2.0\"",
    "\"messageVersion\":\"2.3.1\"",
    "\"transStatus\":\"Y\"",
    "\"transStatusReason\":\"01\"",
    "\"authenticationValue\":\"AJkBBkhgQQAAAE4gSEJydQAAAAA=\"",
    "\"eci\":\"05\"",
    "\"challengeCancel\":\"01\"",
    "\"messageExtension\":[{\"name\":\"x\",\"id\":\"x\",\"criticalityIndicator\":true,\"data\":{}}]",
    "\"cardRangeData\":[{",
    "\"startRange\":\"4111110000000000\"",
    "\"acsInfoInd\":[\"01\"]",
    "\"errorCode\":\"404\"",
    "c93f7c66-f5c4-4a2b-9a2e-2d1b0d5c0a11",
];

pub(crate) fn open() -> Run {
    Box::new(|bytes| {
        match Incoming::parse(bytes) {
            Ok(message) => survives(&message),
            Err(error) => is_answerable(&error),
        }
        brought_by_a_browser(&URL_SAFE_NO_PAD.encode(bytes));
        if let Ok(text) = std::str::from_utf8(bytes) {
            brought_by_a_browser(text);
        }
        if let Ok(value) = session_data_form_value(bytes) {
            assert_eq!(read_session_data(&value).as_deref(), Ok(bytes), "session data survive");
        }
    })
}

fn survives(message: &Incoming) {
    let json = match message {
        Incoming::Areq(it) => it.to_json(),
        Incoming::Ares(it) => {
            let _ = it.validate_for(category::PAYMENT);
            let _ = it.validate_for(category::NON_PAYMENT);
            it.to_json()
        }
        Incoming::Rreq(it) => {
            let _ = it.validate_result();
            let answer = Rres::received(it).to_json();
            Incoming::parse(&answer).expect("a good RReq has a good answer");
            it.to_json()
        }
        Incoming::Rres(it) => it.to_json(),
        Incoming::Preq(it) => it.to_json(),
        Incoming::Pres(it) => {
            for range in it.card_range_data.iter().flatten().filter(|range| range.is_valid()) {
                assert!(range.start_range <= range.end_range, "a range begins before it ends");
                let _ = (range.acs_versions(), it.ds_versions());
            }
            it.to_json()
        }
        Incoming::Erro(it) => it.to_json(),
    };
    let again = Incoming::parse(&json).expect("what was read can be written");
    assert_eq!(&again, message, "and is read as the same");
    assert_eq!(again.ids(), message.ids());
    is_masked(&json, &format!("{message:?}"));
}

/// The words for people show neither the card number nor the proof of authentication.
fn is_masked(json: &[u8], shown: &str) {
    let text = String::from_utf8_lossy(json);
    let value: Value = serde_json::from_slice(json).expect("a message is JSON");
    for name in ["acctNumber", "authenticationValue"] {
        if let Some(secret) = value[name].as_str().filter(|secret| secret.len() >= 12) {
            // The sender may have written it elsewhere too.
            let once = text.matches(secret).count() == 1;
            assert!(!once || !shown.contains(secret), "{name} is printed");
        }
    }
}

/// Whatever is wrong, the sender can be told in a message that is right.
fn is_answerable(error: &ParseError) {
    for component in [Component::ThreeDsServer, Component::DirectoryServer, Component::Acs] {
        let erro = error.to_erro(component);
        match Incoming::parse(&erro.to_json()) {
            Ok(Incoming::Erro(read)) => assert_eq!(*read, erro),
            other => panic!("an Erro that nobody can read: {other:?}"),
        }
        assert!(Erro::code(&erro).is_some());
    }
}

fn brought_by_a_browser(value: &str) {
    if let Ok(cres) = Cres::from_form_value(value) {
        assert!(cres.trans_status.is_some_and(emv3ds::TransStatus::allowed_in_cres));
        assert_eq!(Cres::from_form_value(&cres.to_form_value()).as_ref(), Ok(&cres));
    }
    if let Ok(creq) = Creq::from_form_value(value) {
        assert_eq!(Creq::from_form_value(&creq.to_form_value()).as_ref(), Ok(&creq));
    }
    if let Ok(data) = MethodData::from_form_value(value) {
        assert_eq!(MethodData::from_form_value(&data.to_form_value()).as_ref(), Ok(&data));
    }
    if let Ok(session) = read_session_data(value) {
        let again = session_data_form_value(&session).expect("it came within the limit");
        assert_eq!(read_session_data(&again), Ok(session));
    }
}
