//! Orders become the AReqs that they should: whole samples first, then single rules.

use serde_json::Value;

use super::*;

const SAMPLES: &str = include_str!("../../testdata/threeds/areq.json");
/// 2026-11-22T14:05:01Z.
const PURCHASE_TIME: UnixMillis = 1_795_356_301_000;

pub(crate) fn config() -> ThreeDsConfig {
    ThreeDsConfig {
        requestor: Requestor {
            id: "florin-merchant-0001".to_owned(),
            name: "Florin Test Shop".to_owned(),
            url: "https://shop.example.com/contact".to_owned(),
        },
        ..ThreeDsConfig::default()
    }
}

/// The order that the samples are about.
pub(crate) fn order() -> AuthenticationRequest {
    let some = |text: &str| Some(text.to_owned());
    AuthenticationRequest {
        network: "VI".to_owned(),
        version: Version::V220,
        three_ds_server_trans_id: "bea59f6f-d752-409b-a612-babb9c2ddae0".to_owned(),
        purpose: Purpose::Payment,
        challenge_indicator: ChallengeIndicator::NoPreference,
        method: MethodResult::Completed,
        pan: Secret::from("4111111111111111"),
        expiry: Secret::from("2812"),
        cardholder_name: some("Ada Example"),
        amount: 4995,
        currency: "978".to_owned(),
        exponent: 2,
        purchase_time: PURCHASE_TIME,
        browser: BrowserData {
            javascript_enabled: Some(true),
            java_enabled: None,
            language: some("nl-NL"),
            screen_color_depth: Some(30),
            screen_height: Some(1080),
            screen_width: Some(1920),
            time_zone: Some(-60),
            user_agent: some(
                "Mozilla/5.0 (X11; Linux x86_64; rv:132.0) Gecko/20100101 Firefox/132.0",
            ),
            accept_header: None,
            accept_language: some("nl-NL, en;q=0.5"),
            ip_address: some("203.0.113.7"),
        },
        locale: None,
        email: some("ada@example.com"),
        phone: some("0612345678"),
        billing: Some(Address {
            lines: [some("Teststraat 1"), None, None],
            city: some("Amsterdam"),
            post_code: some("1012AB"),
            state: None,
            country: some("NL"),
        }),
        shipping: None,
        merchant: Merchant {
            acquirer_bin: "999001".to_owned(),
            acquirer_merchant_id: "FLORIN000000001".to_owned(),
            mcc: "5999".to_owned(),
            name: "Florin Test Shop".to_owned(),
            country: "528".to_owned(),
        },
        requestor: None,
        results_url: "https://pay.example.com/3ds/results".to_owned(),
        notification_url: "https://pay.example.com/3ds/return".to_owned(),
    }
}

fn areq(order: &AuthenticationRequest, version: Version) -> Areq {
    let network =
        NetworkConfig { operator_id: Some("florin-test".to_owned()), ..NetworkConfig::default() };
    let areq = order.to_areq(&config(), &network, version, &order.three_ds_server_trans_id);
    areq.validate().unwrap();
    areq
}

#[track_caller]
fn check_sample(name: &str, mut order: AuthenticationRequest, version: Version) {
    let samples: Value = serde_json::from_str(SAMPLES).unwrap();
    let expected = &samples[name];
    let id = expected["threeDSServerTransID"].as_str().unwrap();
    id.clone_into(&mut order.three_ds_server_trans_id);
    let made: Value = serde_json::from_slice(&areq(&order, version).to_json()).unwrap();
    assert_eq!(&made, expected);
}

#[test]
fn an_order_becomes_the_sample_request() {
    check_sample("payment", order(), Version::V220);
    check_sample("payment_2_3_1", order(), Version::V231);
    let purpose = Purpose::Recurring { expiry: Some(20_281_231), frequency_days: Some(28) };
    let challenge_indicator = ChallengeIndicator::ChallengeMandated;
    let first = AuthenticationRequest { purpose, challenge_indicator, amount: 1999, ..order() };
    check_sample("recurring", first, Version::V220);
    let check = AuthenticationRequest {
        purpose: Purpose::AddCard,
        challenge_indicator,
        amount: 0,
        ..order()
    };
    check_sample("add_card", check, Version::V220);
}

#[test]
fn a_series_without_terms_has_no_end_and_a_day_between() {
    let purpose = Purpose::Recurring { expiry: None, frequency_days: None };
    let first = AuthenticationRequest { purpose, ..order() };
    let made = areq(&first, Version::V220);
    assert_eq!(made.recurring_expiry.as_deref(), Some("99991231"));
    assert_eq!(made.recurring_frequency.as_deref(), Some("1"));
    let made = areq(&first, Version::V231);
    assert_eq!(made.recurring_amount, made.purchase_amount);
    assert_eq!(made.recurring_date.as_deref(), Some("20261122"));
}

#[test]
fn addresses_match_or_both_are_told() {
    let mut order = order();
    order.shipping.clone_from(&order.billing);
    let same = areq(&order, Version::V220);
    assert_eq!((same.addr_match.as_deref(), &same.ship_addr_city), (Some("Y"), &None));
    order.shipping.as_mut().unwrap().city = Some("Utrecht".to_owned());
    let other = areq(&order, Version::V220);
    assert_eq!(other.addr_match.as_deref(), Some("N"));
    assert_eq!(other.ship_addr_city.as_deref(), Some("Utrecht"));
    assert_eq!(other.bill_addr_city.as_deref(), Some("Amsterdam"));
    order.billing = None;
    order.shipping = None;
    assert_eq!(areq(&order, Version::V220).addr_match, None);
}

#[test]
fn what_cannot_be_said_is_left_out() {
    let order = AuthenticationRequest {
        cardholder_name: Some("李小龙".to_owned()),
        email: Some("no address".to_owned()),
        phone: Some("call me".to_owned()),
        browser: BrowserData { ip_address: Some("10.0.0.1".to_owned()), ..order().browser },
        ..order()
    };
    let made = areq(&order, Version::V220);
    assert_eq!((&made.cardholder_name, &made.email, &made.browser_ip), (&None, &None, &None));
    assert_eq!(made.mobile_phone, None);
}

#[test]
fn an_indicator_that_a_version_lacks_becomes_its_nearest() {
    use ChallengeIndicator::*;
    let codes = |version| {
        [NoPreference, ChallengeMandated, RiskAnalysisDone, LowValue].map(|it| it.code(version))
    };
    assert_eq!(codes(Version::V210), ["01", "04", "02", "02"]);
    assert_eq!(codes(Version::V220), ["01", "04", "05", "02"]);
    assert_eq!(codes(Version::V231), ["01", "04", "05", "10"]);
}

#[test]
fn in_2_1_0_the_screen_is_told_without_the_switch() {
    let made = areq(&order(), Version::V210);
    assert_eq!(made.browser_javascript_enabled, None);
    assert_eq!(made.browser_color_depth.as_deref(), Some("24"));
}

#[test]
fn a_request_that_lacks_a_value_is_not_valid() {
    let mut order = order();
    order.browser.screen_height = None;
    order.merchant.mcc = String::new();
    let made = order.to_areq(
        &config(),
        &NetworkConfig::default(),
        Version::V220,
        &order.three_ds_server_trans_id,
    );
    assert_eq!(made.validate().unwrap_err().detail, "mcc,browserScreenHeight");
}

#[test]
fn a_request_is_printed_without_card_data() {
    let text = format!("{:?} {:?}", order(), areq(&order(), Version::V220));
    assert!(text.contains("Florin Test Shop"));
    assert!(!text.contains("4111") && !text.contains("2812"), "{text}");
}
