//! The JSON of an order, before anything else knows of it.

use florin::api::contract::rules::Mode;
use florin::api::contract::{
    ApiVersion, OrderView, SiteRules, StoredRequest, canonical, read::json_object, read_order,
};
use florin::clock::UnixMillis;
use serde_json::Value;

use crate::Run;

/// Members and values of the contract; `calls` needs them as well.
pub(crate) const WORDS: &[&str] = &[
    "\"type\":\"direct\"",
    "\"order_id\":",
    "\"currency\":\"EUR\"",
    "\"amount\":",
    "\"capture\":\"manual\"",
    "\"gateway\":\"CREDITCARD\"",
    "\"gateway_info\":{",
    "\"card_number\":",
    "\"card_expiry_date\":\"3012\"",
    "\"card_cvc\":\"123\"",
    "\"flexible_3d\":true",
    "\"moto\":true",
    "\"term_url\":",
    "\"customer\":{",
    "\"browser\":{",
    "\"ip_address\":",
    "\"forwarded_ip\":",
    "\"locale\":\"nl_NL\"",
    "\"delivery\":{",
    "\"country\":\"NL\"",
    "\"shopping_cart\":{\"items\":[{",
    "\"unit_price\":",
    "\"quantity\":",
    "\"tax_table_selector\":",
    "\"checkout_options\":{\"tax_tables\":{",
    "\"default\":{\"rate\":",
    "\"alternate\":[{\"name\":",
    "\"recurring_model\":\"cardOnFile\"",
    "\"recurring_id\":",
    "\"payment_data\":{\"payload\":",
    "\"seconds_active\":",
    "\"days_active\":",
    "\"second_chance\":{\"send_email\":",
    "\"custom_info\":{\"custom_1\":",
    "\"payment_options\":{",
    "\"redirect_url\":\"http://",
    "\"notification_method\":\"GET\"",
    "\"affiliate\":{\"split_payments\":[{\"fixed\":",
    "\"google_analytics\":{\"account\":",
    "\"var1\":",
    "\"refund_order_id\":",
    "\"new_order_id\":",
    "\"new_order_status\":\"completed\"",
    "\"checkout_data\":{",
    "\\u0000",
    "1e400",
    "-0.0",
    "4111111111111111",
];

/// 2026-11-23, so that a date on a card is past or not for ever.
const NOW: UnixMillis = 1_795_392_000_000;

pub(crate) fn open() -> Run {
    let live = SiteRules {
        mode: Mode::Live,
        moto: false,
        zero_authorization: false,
        manual_capture: false,
        flexible_3d: false,
        other_methods: false,
        tokenization: Vec::new(),
        ..SiteRules::test_site()
    };
    let sites = [SiteRules::test_site(), live];
    Box::new(move |bytes| {
        let json = json_object(bytes).ok();
        if let Some(json) = &json {
            is_canonical(&canonical::to_vec(json));
        }
        for site in &sites {
            read(bytes, json.as_ref(), site);
        }
    })
}

/// Reading and writing again changes nothing.
pub(crate) fn is_canonical(bytes: &[u8]) {
    let value: Value = serde_json::from_slice(bytes).expect("canonical JSON is JSON");
    assert_eq!(
        String::from_utf8_lossy(&canonical::to_vec(&value)),
        String::from_utf8_lossy(bytes),
        "canonical JSON writes itself again"
    );
}

fn read(bytes: &[u8], json: Option<&Value>, site: &SiteRules) {
    let order = match read_order(bytes, site, NOW) {
        Ok(order) => order,
        Err(error) => {
            assert!((400..500).contains(&error.http_status), "a refusal is the caller's fault");
            let _: Value = serde_json::from_slice(&error.to_json()).expect("an envelope is JSON");
            return;
        }
    };
    assert!(json.is_some(), "an order is a JSON object");
    let stored = StoredRequest::from(&order);
    let text = stored.to_json();
    let again = StoredRequest::from_json(&text).expect("what is stored can be read");
    assert_eq!(again, stored, "a stored order is the order");
    assert_eq!(again.to_json(), text, "and is stored as the same text");
    let view = OrderView::new(&stored, Some(1_741_782_328_102_512), NOW);
    for version in [ApiVersion::Current, ApiVersion::Y2020_01] {
        is_canonical(&view.to_json(version));
    }
    let Some(number) = card_number(json) else {
        return;
    };
    // The shop may have written it elsewhere too; where it belongs, nothing keeps it.
    let sent = String::from_utf8_lossy(bytes).matches(number.as_str()).count();
    let shown = format!("{order:?}");
    assert!(sent != 1 || !text.contains(&number), "a card number is stored in clear");
    assert!(sent != 1 || !shown.contains(&number), "a card number is printed");
}

/// The number of the order's card, if there are enough digits for one.
fn card_number(json: Option<&Value>) -> Option<String> {
    let number = json?.get("gateway_info")?.get("card_number")?.as_str()?;
    let is_number = number.len() >= 12 && number.bytes().all(|byte| byte.is_ascii_digit());
    is_number.then(|| number.to_owned())
}
