//! What directory server and access control server say to an AReq and to a PReq.

use emv3ds::{Areq, Ares, CardRange, Incoming, OneOrMany, Preq, Pres, TransStatus, Version};
use florin_sim::SimulatorConfig;
use florin_sim::cards::{self, Authentication, Brand, CARDS, TestCard};
use iso8583::Mti;
use uuid::Uuid;

use crate::world::{MERCHANT, VISA, World, authorization, config};

pub(crate) fn areq(number: &str, wish: &str) -> Areq {
    let text = |text: &str| Some(text.to_owned());
    Areq {
        message_version: Version::V220,
        message_category: "01".to_owned(),
        device_channel: "02".to_owned(),
        three_ds_server_trans_id: Uuid::new_v4().to_string(),
        three_ds_server_ref_number: "FLORIN-TEST-3DSS-REF".to_owned(),
        three_ds_server_url: "http://127.0.0.1:9/3ds/results".to_owned(),
        three_ds_requestor_id: "florin-merchant-0001".to_owned(),
        three_ds_requestor_name: "Florin Test Shop".to_owned(),
        three_ds_requestor_url: "https://shop.example.com/contact".to_owned(),
        three_ds_requestor_authentication_ind: text("01"),
        three_ds_requestor_challenge_ind: Some(OneOrMany::One(wish.to_owned())),
        three_ds_comp_ind: text("U"),
        acct_number: number.into(),
        acquirer_bin: text("999001"),
        acquirer_merchant_id: text(MERCHANT),
        mcc: text("5999"),
        merchant_country_code: text("528"),
        merchant_name: text("Florin & <Test> Shop"),
        purchase_amount: text("4995"),
        purchase_currency: text("978"),
        purchase_exponent: text("2"),
        purchase_date: text("20261122140501"),
        browser_accept_header: text("text/html"),
        browser_javascript_enabled: Some(false),
        browser_language: text("nl-NL"),
        browser_user_agent: text("test"),
        notification_url: text("http://127.0.0.1:9/3ds/back"),
        ..Areq::default()
    }
}

pub(crate) async fn ask(world: &World, brand: Brand, body: Vec<u8>) -> Incoming {
    let (status, answer) = world.post(&format!("/ds/{}", brand.network()), body).await;
    assert_eq!(status, 200);
    Incoming::parse(&answer).unwrap()
}

async fn authenticate(world: &World, card: &TestCard, areq: &Areq) -> Ares {
    match ask(world, card.brand, areq.to_json()).await {
        Incoming::Ares(ares) => {
            ares.validate_for(&areq.message_category).unwrap();
            assert_eq!(ares.three_ds_server_trans_id, areq.three_ds_server_trans_id);
            *ares
        }
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn every_card_is_authenticated_as_its_row_says() {
    let world = World::start().await;
    for card in CARDS {
        for wish in ["01", "03", "04"] {
            let ares = authenticate(&world, card, &areq(card.number, wish)).await;
            let wished = wish != "01";
            let expected = match card.authentication {
                Authentication::NotEnrolled | Authentication::Unavailable => TransStatus::U,
                Authentication::Rejected => TransStatus::R,
                Authentication::Challenge => TransStatus::C,
                _ if wished => TransStatus::C,
                Authentication::Frictionless => TransStatus::Y,
                Authentication::Fails => TransStatus::N,
                Authentication::Attempted => TransStatus::A,
                Authentication::Informational => TransStatus::I,
            };
            assert_eq!(ares.trans_status, Some(expected), "{} {wish}", card.id);
            let mastercard = matches!(card.brand, Brand::Mastercard | Brand::Maestro);
            let eci = match expected {
                TransStatus::Y => Some(if mastercard { "02" } else { "05" }),
                TransStatus::A => Some(if mastercard { "01" } else { "06" }),
                TransStatus::I => Some(if mastercard { "06" } else { "07" }),
                TransStatus::U if card.authentication == Authentication::NotEnrolled => None,
                TransStatus::U => Some(if mastercard { "00" } else { "07" }),
                _ => None,
            };
            assert_eq!(ares.eci.as_deref(), eci, "{} {wish}", card.id);
            let url = (expected == TransStatus::C).then(|| format!("{}/acs/challenge", world.base));
            assert_eq!(ares.acs_url, url);
        }
    }
}

#[tokio::test]
async fn the_issuer_recognises_its_own_proof_and_no_other() {
    let world = World::start().await;
    let mut link = world.link().await;
    for (id, result) in
        [("visa", Some("2")), ("visa-attempted", Some("3")), ("mastercard-attempted", None)]
    {
        let card = cards::by_id(id).unwrap();
        let ares = authenticate(&world, card, &areq(card.number, "01")).await;
        let value = ares.authentication_value.unwrap();
        let status = ares.trans_status.unwrap();
        let proof = [
            ("30", ares.eci.as_deref().unwrap()),
            ("31", value.expose()),
            ("32", ares.ds_trans_id.as_str()),
            ("33", "2.2.0"),
            ("34", status.as_str()),
            ("35", "F"),
        ];
        let answer = link.exchange(&authorization(card.number, 100, &proof)).await;
        assert_eq!(answer.get(39), Some("00"));
        assert_eq!(answer.private_data().unwrap().get("61"), result, "{id}");
        let mut other_card = authorization("4462000000000003", 100, &proof);
        other_card.set_mti(Mti::AUTHORIZATION_REQUEST);
        assert_eq!(link.code(&other_card).await, "Q1");
    }
}

#[tokio::test]
async fn a_version_that_the_cards_acs_does_not_speak_is_refused_by_it() {
    let world = World::start().await;
    let newest = |number: &str| Areq {
        message_version: Version::V231,
        accept_language: Some(vec!["nl".to_owned()]),
        acquirer_country_code: Some("528".to_owned()),
        acquirer_country_code_source: Some("01".to_owned()),
        three_ds_requestor_challenge_ind: Some(OneOrMany::Many(vec!["01".to_owned()])),
        ..areq(number, "01")
    };
    match ask(&world, Brand::Visa, newest(VISA).to_json()).await {
        Incoming::Erro(erro) => {
            assert_eq!((erro.error_code.as_str(), erro.error_component.as_str()), ("102", "A"));
            assert_eq!(Version::named_in(&erro.error_detail), [Version::V210, Version::V220]);
        }
        other => panic!("{other:?}"),
    }
    let card = cards::by_id("visa-231").unwrap();
    let ares = authenticate(&world, card, &newest(card.number)).await;
    assert_eq!(ares.trans_status, Some(TransStatus::Y));
    let old = Areq {
        message_version: Version::V210,
        browser_java_enabled: Some(false),
        browser_color_depth: Some("24".to_owned()),
        browser_screen_height: Some("1080".to_owned()),
        browser_screen_width: Some("1920".to_owned()),
        browser_tz: Some("-60".to_owned()),
        ..areq(VISA, "01")
    };
    let ares = authenticate(&world, cards::by_id("visa").unwrap(), &old).await;
    assert_eq!((ares.trans_status, ares.message_version), (Some(TransStatus::Y), Version::V210));
}

#[tokio::test]
async fn without_the_payer_nobody_is_challenged() {
    let world = World::start().await;
    let card = cards::by_id("mastercard").unwrap();
    let request = Areq {
        device_channel: "03".to_owned(),
        three_ri_ind: Some("11".to_owned()),
        notification_url: None,
        ..areq(card.number, "04")
    };
    let ares = authenticate(&world, card, &request).await;
    assert_eq!(ares.trans_status, Some(TransStatus::Y));
}

#[tokio::test]
async fn card_ranges_hold_exactly_the_enrolled_cards_of_the_network() {
    let world = World::start().await;
    let ranges = |serial: Option<String>| {
        let preq = Preq {
            three_ds_server_ref_number: "FLORIN-TEST-3DSS-REF".to_owned(),
            three_ds_server_trans_id: Uuid::new_v4().to_string(),
            serial_num: serial,
            ..Preq::default()
        };
        ask(&world, Brand::Visa, preq.to_json())
    };
    let Incoming::Pres(first) = ranges(None).await else { panic!("no PRes") };
    let Pres { serial_num, card_range_data: Some(data), .. } = *first else { panic!("no ranges") };
    let enrolled: Vec<&str> = CARDS
        .iter()
        .filter(|card| card.brand == Brand::Visa)
        .filter(|card| card.authentication != Authentication::NotEnrolled)
        .map(|card| card.number)
        .collect();
    let listed: Vec<&str> = data.iter().map(|range| range.start_range.as_str()).collect();
    assert_eq!(listed, enrolled);
    assert!(!listed.contains(&"4012001038443335"));
    assert!(data.iter().all(|range| range.is_valid() && range.start_range == range.end_range));
    let with_method: Vec<&CardRange> =
        data.iter().filter(|range| range.three_ds_method_url.is_some()).collect();
    assert_eq!(with_method.len(), 1);
    assert_eq!(with_method[0].start_range, "4761340000000019");
    let Incoming::Pres(again) = ranges(serial_num).await else { panic!("no PRes") };
    assert_eq!(again.card_range_data, None, "nothing changed");
    let Incoming::Erro(erro) = ranges(Some("other".to_owned())).await else { panic!("no Erro") };
    assert_eq!(erro.error_code, "307");
}

#[tokio::test]
async fn messages_that_are_none_are_answered_with_an_error() {
    let world = World::start().await;
    let mut incomplete = areq(VISA, "01");
    incomplete.browser_user_agent = None;
    for (body, code) in [
        (b"".to_vec(), "101"),
        (b"{".to_vec(), "101"),
        (b"[[[[".repeat(5000), "101"),
        (b"{\"messageType\":\"AReq\",\"messageVersion\":\"1.0.2\"}".to_vec(), "102"),
        (incomplete.to_json(), "201"),
        (Ares::default().to_json(), "201"),
    ] {
        let Incoming::Erro(erro) = ask(&world, Brand::Visa, body).await else { panic!("{code}") };
        assert_eq!(erro.error_code, code);
    }
    assert_eq!(world.post("/ds/XX", areq(VISA, "01").to_json()).await.0, 404);
    assert_eq!(world.post("/ds/VI", vec![b' '; 300_000]).await.0, 413);
    let unknown = areq("4242424242424242", "01");
    let ares = authenticate(&world, cards::by_id("visa").unwrap(), &unknown).await;
    assert_eq!(ares.trans_status_reason.as_deref(), Some("13"));
}

#[tokio::test]
async fn a_silent_acs_and_garbage_are_ordered_per_merchant() {
    let world = World::start().await;
    for fault in ["acs_garbage", "acs_silent"] {
        let order = format!("{{\"merchant\":\"{MERCHANT}\",\"fault\":\"{fault}\"}}");
        world.order_fault(&order).await;
    }
    let (_, garbage) = world.post("/ds/VI", areq(VISA, "01").to_json()).await;
    assert!(Incoming::parse(&garbage).is_err());
    let silent = world.post("/ds/VI", areq(VISA, "01").to_json());
    assert!(tokio::time::timeout(crate::world::SILENCE, silent).await.is_err());
    let ares = authenticate(&world, cards::by_id("visa").unwrap(), &areq(VISA, "01")).await;
    assert_eq!(ares.trans_status, Some(TransStatus::Y));
}

#[tokio::test]
async fn results_can_be_limited_to_one_3ds_server() {
    let prefix = Some("https://gateway.example/".to_owned());
    let settings = SimulatorConfig { results_prefix: prefix, ..config() };
    let world = World::start_with(settings).await;
    let Incoming::Erro(erro) = ask(&world, Brand::Visa, areq(VISA, "01").to_json()).await else {
        panic!("no Erro");
    };
    assert_eq!(erro.error_code, "303");
    let allowed = Areq {
        three_ds_server_url: "https://gateway.example/3ds/results".to_owned(),
        ..areq(VISA, "01")
    };
    let ares = authenticate(&world, cards::by_id("visa").unwrap(), &allowed).await;
    assert_eq!(ares.trans_status, Some(TransStatus::Y));
}
