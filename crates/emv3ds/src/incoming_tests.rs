//! Whole messages: the sample dialogues, everything that makes a message unusable, and noise.

use proptest::prelude::*;
use serde_json::{Value, json};

use crate::*;

const SCENARIOS: &str = include_str!("../testdata/scenarios.json");

/// Every step of every sample dialogue, with the id of its dialogue.
fn steps() -> Vec<(String, Value)> {
    let document: Value = serde_json::from_str(SCENARIOS).unwrap();
    let scenarios = document["scenarios"].as_array().unwrap();
    let steps = scenarios.iter().flat_map(|scenario| {
        let id = scenario["id"].as_str().unwrap().to_owned();
        scenario["steps"].as_array().unwrap().iter().map(move |step| (id.clone(), step.clone()))
    });
    steps.collect()
}

fn message(scenario: &str, message_type: &str) -> Value {
    let found = steps().into_iter().find(|(id, step)| {
        id == scenario && step["json"]["messageType"].as_str() == Some(message_type)
    });
    found.unwrap().1["json"].clone()
}

fn written_again(incoming: &Incoming) -> Vec<u8> {
    match incoming {
        Incoming::Areq(it) => it.to_json(),
        Incoming::Ares(it) => it.to_json(),
        Incoming::Rreq(it) => it.to_json(),
        Incoming::Rres(it) => it.to_json(),
        Incoming::Preq(it) => it.to_json(),
        Incoming::Pres(it) => it.to_json(),
        Incoming::Erro(it) => it.to_json(),
    }
}

fn parse(value: &Value) -> Result<Incoming, ParseError> {
    Incoming::parse(&serde_json::to_vec(value).unwrap())
}

/// `change` makes the good `scenario` bad in the way that `code` and `detail` say.
#[track_caller]
fn check_refused(
    scenario: &str,
    message_type: &str,
    change: impl FnOnce(&mut Value),
    code: &str,
    detail: &str,
) {
    let mut value = message(scenario, message_type);
    change(&mut value);
    let error = parse(&value).unwrap_err();
    assert_eq!((error.code.as_str(), error.detail.as_str()), (code, detail));
}

#[test]
fn sample_messages_are_read_and_written_unchanged() {
    let mut read = 0;
    for (id, step) in steps() {
        let json = &step["json"];
        match json["messageType"].as_str() {
            None | Some("CReq" | "CRes") => continue,
            Some("AReq") if id == "error-missing-element" => {
                let error = parse(json).unwrap_err();
                assert_eq!(error.code, ErrorCode::ElementMissing);
                assert_eq!(error.detail, "browserUserAgent");
            }
            Some(message_type) => {
                let incoming = parse(json).unwrap_or_else(|error| panic!("{id}: {error}"));
                assert_eq!(incoming.message_type(), message_type);
                let again: Value = serde_json::from_slice(&written_again(&incoming)).unwrap();
                assert_eq!(&again, json, "{id}");
            }
        }
        read += 1;
    }
    assert!(read > 40, "{read} messages read");
}

#[test]
fn sample_forms_are_read_and_written_unchanged() {
    let mut read = 0;
    for (id, step) in steps().into_iter().filter(|(_, step)| step.get("form").is_some()) {
        let form = step["form"].as_object().unwrap();
        for (field, value) in form {
            let value = value.as_str().unwrap();
            let again = match field.as_str() {
                "creq" => Creq::from_form_value(value).unwrap().to_json(),
                "cres" => Cres::from_form_value(value).unwrap().to_json(),
                "threeDSMethodData" => {
                    let data = MethodData::from_form_value(value).unwrap();
                    assert_eq!(data.to_form_value(), value, "{id}");
                    serde_json::to_vec(&data).unwrap()
                }
                "threeDSSessionData" => {
                    let session = read_session_data(value).unwrap();
                    assert_eq!(session_data_form_value(&session).unwrap(), value);
                    continue;
                }
                other => panic!("{id}: form field {other}"),
            };
            assert_eq!(serde_json::from_slice::<Value>(&again).unwrap(), step["json"], "{id}");
            read += 1;
        }
    }
    assert!(read > 10, "{read} forms read");
}

#[test]
fn form_values_are_read_with_and_without_padding() {
    let creq = Creq {
        three_ds_server_trans_id: "896d956d-2a96-4ce2-aaa3-732a9d8fff2c".into(),
        acs_trans_id: "27111dbd-c33a-497f-a288-2ab126f190d4".into(),
        challenge_window_size: "05".into(),
        ..Creq::default()
    };
    let value = creq.to_form_value();
    assert!(!value.contains('='));
    let padded = format!("{value}{}", "=".repeat((4 - value.len() % 4) % 4));
    assert_ne!(padded, value, "the sample should need padding");
    assert_eq!(Creq::from_form_value(&value), Creq::from_form_value(&padded));
    assert_eq!(Creq::from_form_value(&value).unwrap(), creq);
    assert_eq!(Creq::from_form_value("{}"), Err(FormError::Encoding));
    assert!(matches!(Cres::from_form_value(&value), Err(FormError::Message(_))));
    let long = "A".repeat(FORM_VALUE_CHARS_MAX + 1);
    assert_eq!(Creq::from_form_value(&long), Err(FormError::TooLong));
    assert_eq!(session_data_form_value(&[0; 769]), Err(FormError::TooLong));
    assert!(session_data_form_value(&[0; 768]).is_ok());
}

#[test]
fn a_required_element_that_is_missing_is_201() {
    check_refused(
        "frictionless-y",
        "AReq",
        |it| drop(it["acctNumber"].take()),
        "203",
        "acctNumber",
    );
    let remove = |names: &'static [&str]| {
        move |it: &mut Value| {
            for name in names {
                it.as_object_mut().unwrap().remove(*name).unwrap();
            }
        }
    };
    check_refused(
        "frictionless-y",
        "AReq",
        remove(&["acctNumber", "mcc"]),
        "201",
        "acctNumber,mcc",
    );
    check_refused("frictionless-y", "ARes", remove(&["messageVersion"]), "201", "messageVersion");
    check_refused(
        "frictionless-y",
        "ARes",
        remove(&["authenticationValue"]),
        "201",
        "authenticationValue",
    );
    check_refused("challenge-y", "ARes", remove(&["acsURL"]), "201", "acsURL");
    check_refused("challenge-y", "RReq", remove(&["transStatus"]), "201", "transStatus");
    check_refused(
        "challenge-n",
        "RReq",
        remove(&["transStatusReason"]),
        "201",
        "transStatusReason",
    );
    check_refused(
        "frictionless-y-2.3.1",
        "AReq",
        remove(&["acceptLanguage"]),
        "201",
        "acceptLanguage",
    );
}

#[test]
fn what_scripts_know_is_required_only_of_a_browser_that_runs_them() {
    let mut value = message("frictionless-y", "AReq");
    let members = value.as_object_mut().unwrap();
    for name in [
        "browserJavaEnabled",
        "browserColorDepth",
        "browserScreenHeight",
        "browserScreenWidth",
        "browserTZ",
    ] {
        members.remove(name);
    }
    assert_eq!(parse(&value).unwrap_err().code, ErrorCode::ElementMissing);
    value["browserJavascriptEnabled"] = json!(false);
    parse(&value).unwrap();
    value["messageVersion"] = json!("2.1.0");
    assert_eq!(parse(&value).unwrap_err().code, ErrorCode::ElementMissing);
}

#[test]
fn a_malformed_element_is_203() {
    check_refused(
        "frictionless-y",
        "AReq",
        |it| it["acctNumber"] = json!("4111-1111-1111-1111"),
        "203",
        "acctNumber",
    );
    check_refused(
        "frictionless-y",
        "AReq",
        |it| it["acctNumber"] = json!(4111111111111111u64),
        "203",
        "acctNumber",
    );
    check_refused("frictionless-y", "AReq", |it| it["email"] = json!(""), "203", "email");
    check_refused("frictionless-y", "AReq", |it| it["mcc"] = json!(""), "203", "mcc");
    check_refused(
        "frictionless-y",
        "AReq",
        |it| it["mobilePhone"]["cc"] = json!("0031"),
        "203",
        "mobilePhone",
    );
    check_refused(
        "frictionless-y",
        "AReq",
        |it| it["browserJavaEnabled"] = json!("false"),
        "203",
        "browserJavaEnabled",
    );
    check_refused(
        "frictionless-y",
        "ARes",
        |it| it["transStatus"] = json!("X"),
        "203",
        "transStatus",
    );
    check_refused("frictionless-y", "ARes", |it| it["dsTransID"] = json!("1"), "203", "dsTransID");
    check_refused(
        "challenge-y",
        "ARes",
        |it| it["acsURL"] = json!("javascript:alert(1)"),
        "203",
        "acsURL",
    );
    check_refused(
        "card-ranges",
        "PRes",
        |it| it["cardRangeData"][0]["endRange"] = json!("4111100000000000"),
        "203",
        "cardRangeData",
    );
}

#[test]
fn a_version_that_nobody_speaks_is_102() {
    check_refused(
        "frictionless-y",
        "ARes",
        |it| it["messageVersion"] = json!("2.9.0"),
        "102",
        "2.1.0,2.2.0,2.3.1",
    );
    // An Erro in such a version is still understood, or nobody could say that it is unknown.
    let mut erro = message("version-not-supported", "Erro");
    erro["messageVersion"] = json!("2.9.0");
    let Ok(Incoming::Erro(erro)) = parse(&erro) else { panic!("an Erro") };
    assert_eq!(erro.code(), Some(ErrorCode::VersionNotSupported));
    assert_eq!(Version::named_in(&erro.error_detail), [Version::V220]);
}

#[test]
fn bytes_that_are_no_message_are_101() {
    let deep = "[".repeat(20_000);
    for bytes in [
        "",
        "null",
        "[]",
        "{}",
        "\"ARes\"",
        "{\"messageType\":\"CReq\",\"messageVersion\":\"2.2.0\"}",
        "{\"messageType\":5}",
        "\u{0}",
        &deep,
    ] {
        let error = Incoming::parse(bytes.as_bytes()).unwrap_err();
        assert_eq!(error.code, ErrorCode::MessageInvalid, "{bytes:.40}");
    }
    assert_eq!(
        Incoming::parse(b"{\"messageType\":\"\xff\"}").unwrap_err().code,
        ErrorCode::MessageInvalid
    );
}

#[test]
fn an_element_that_stands_twice_is_204() {
    let text = message("frictionless-y", "ARes").to_string();
    for (twice, name) in [("\"eci\":\"05\",", "eci"), ("\"messageType\":\"ARes\",", "messageType")]
    {
        let doubled = text.replacen('{', &format!("{{{twice}"), 1);
        let error = Incoming::parse(doubled.as_bytes()).unwrap_err();
        assert_eq!((error.code, error.detail.as_str()), (ErrorCode::ElementDuplicate, name));
    }
}

#[test]
fn a_critical_extension_is_202_and_another_is_ignored() {
    let extension = |critical| json!([{"name": "x", "id": "ID-1", "criticalityIndicator": critical, "data": {"a": [1.50]}}]);
    check_refused(
        "frictionless-y",
        "ARes",
        |it| it["messageExtension"] = extension(true),
        "202",
        "ID-1",
    );
    let mut value = message("frictionless-y", "ARes");
    value["messageExtension"] = extension(false);
    let again = written_again(&parse(&value).unwrap());
    assert_eq!(serde_json::from_slice::<Value>(&again).unwrap(), value);
}

#[test]
fn the_status_must_fit_its_message_and_the_request() {
    let Ok(Incoming::Ares(ares)) = parse(&message("frictionless-y", "ARes")) else { panic!() };
    let detail = |ares: &Ares, category| ares.validate_for(category).map_err(|it| it.to_string());
    assert_eq!(detail(&ares, "01"), Ok(()));
    let with = |status| Ares { trans_status: status, ..(*ares).clone() };
    assert!(detail(&with(None), "01").unwrap_err().ends_with("transStatus"));
    assert_eq!(detail(&with(None), "02"), Ok(()));
    assert!(detail(&with(Some(TransStatus::N)), "01").unwrap_err().ends_with("transStatusReason"));
    assert!(detail(&with(Some(TransStatus::S)), "01").unwrap_err().starts_with("203"));
    let short = Ares { authentication_value: Some("AAAA".into()), ..(*ares).clone() };
    assert!(detail(&short, "01").unwrap_err().ends_with("authenticationValue"));

    let Ok(Incoming::Rreq(rreq)) = parse(&message("challenge-y", "RReq")) else { panic!() };
    rreq.validate_result().unwrap();
    let open = Rreq { trans_status: Some(TransStatus::C), ..(*rreq).clone() };
    assert_eq!(open.validate_result().unwrap_err().detail, "transStatus");
}

#[test]
fn an_erro_about_a_message_names_its_transaction_and_no_card_data() {
    let mut value = message("frictionless-y", "AReq");
    value["acctNumber"] = json!(4111111111111111u64);
    let erro = parse(&value).unwrap_err().to_erro(Component::DirectoryServer);
    erro.validate().unwrap();
    let text = String::from_utf8(erro.to_json()).unwrap();
    assert!(text.contains("bea59f6f-d752-409b-a612-babb9c2ddae0"), "{text}");
    assert!(text.contains("\"errorMessageType\":\"AReq\""), "{text}");
    assert!(!text.contains("4111"), "{text}");
}

#[test]
fn a_message_is_printed_without_card_data() {
    let incoming = parse(&message("frictionless-y", "AReq")).unwrap();
    let text = format!("{incoming:?}");
    assert!(text.contains("Florin Test Shop"));
    assert!(!text.contains("4111") && !text.contains("2812"), "{text}");
    let text = format!("{:?}", parse(&message("frictionless-y", "ARes")).unwrap());
    assert!(!text.contains("mb5bOXG6"), "{text}");
}

/// JSON of any shape, with the standard's names among the names of members.
fn any_json() -> impl Strategy<Value = Value> {
    let names = prop_oneof![
        Just("messageType".to_owned()),
        Just("messageVersion".to_owned()),
        Just("cardRangeData".to_owned()),
        Just("acctNumber".to_owned()),
        Just("transStatus".to_owned()),
        Just("messageExtension".to_owned()),
        ".{0,8}",
    ];
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        prop_oneof!["AReq|ARes|RReq|RRes|PReq|PRes|Erro|CRes", "2\\.[1-3]\\.[01]", ".{0,20}"]
            .prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 32, 6, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::hash_map(names.clone(), inner, 0..6)
                .prop_map(|it| Value::Object(it.into_iter().collect())),
        ]
    })
}

proptest! {
    #[test]
    fn any_bytes_are_read_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        let _ = Incoming::parse(&bytes);
    }

    #[test]
    fn any_text_in_a_form_is_read_or_refused(text in "\\PC{0,200}") {
        let _ = Cres::from_form_value(&text);
        let _ = Creq::from_form_value(&text);
        let _ = MethodData::from_form_value(&text);
        let _ = read_session_data(&text);
    }

    #[test]
    fn any_json_is_read_or_refused_and_what_is_read_is_written_again(value in any_json()) {
        if let Ok(incoming) = parse(&value) {
            let again = Incoming::parse(&written_again(&incoming));
            prop_assert_eq!(again.unwrap(), incoming);
        }
    }

    #[test]
    fn a_member_of_a_sample_can_be_anything(at in any::<prop::sample::Index>(), member in any::<prop::sample::Index>(), with in any_json()) {
        let steps = steps();
        let mut value = at.get(&steps).1["json"].clone();
        let names: Vec<String> = value.as_object().unwrap().keys().cloned().collect();
        value[member.get(&names)] = with;
        if let Ok(incoming) = parse(&value) {
            let again = Incoming::parse(&written_again(&incoming));
            prop_assert_eq!(again.unwrap(), incoming);
        }
    }

    #[test]
    fn a_result_survives_writing_and_reading(
        status in prop::sample::select(vec![TransStatus::Y, TransStatus::A, TransStatus::U]),
        version in prop::sample::select(Version::ALL.to_vec()),
        value in prop::option::of("[A-Za-z0-9+/]{28}"),
        eci in prop::option::of("[0-9]{2}"),
    ) {
        let rreq = Rreq {
            message_version: version,
            message_category: category::PAYMENT.to_owned(),
            three_ds_server_trans_id: "896d956d-2a96-4ce2-aaa3-732a9d8fff2c".to_owned(),
            acs_trans_id: "27111dbd-c33a-497f-a288-2ab126f190d4".to_owned(),
            ds_trans_id: "e6df1c63-831b-4479-ad5e-caa33bdc2e46".to_owned(),
            trans_status: Some(status),
            trans_status_reason: status.carries_reason().then(|| "22".to_owned()),
            authentication_type: (status == TransStatus::Y).then(|| "02".to_owned()),
            interaction_counter: "01".to_owned(),
            authentication_value: value.as_deref().map(Secret::from),
            eci,
            ..Rreq::default()
        };
        let valid = value.is_some() || !status.carries_value();
        match Incoming::parse(&rreq.to_json()) {
            Ok(Incoming::Rreq(again)) => {
                prop_assert!(valid);
                prop_assert_eq!(*again, rreq);
            }
            Ok(other) => prop_assert!(false, "{:?}", other),
            Err(error) => prop_assert!(!valid, "{}", error),
        }
    }
}
