//! Takes card data and keys out of what is shown of a call.
//!
//! By name first: members that hold card data or secrets show nothing of them, and of members about
//! the card only those are shown that are known to be harmless. Then by content: what looks like a
//! card number is masked wherever it stands, and what this call has named as its card number, its
//! card code or its key is taken out of every other text as well.

use percent_encoding::percent_decode_str;
use serde_json::{Map, Number, Value};
use zeroize::Zeroizing;

use crate::vault::leak_scan::{DIGITS_MIN, find_card_numbers, mask_card_numbers};

/// Shown in place of what is not.
const HIDDEN: &str = "***";

/// Members about the card or other ways to pay: all of them are hidden but those below.
const ABOUT_CARDS: [&str; 5] = ["gatewayinfo", "paymentdata", "card", "cardinfo", "paymentdetails"];
/// Members of these that are harmless, and needed to understand a call.
const HARMLESS: [&str; 33] = [
    "accountholdername",
    "accountid",
    "authorizationcode",
    "browser",
    "capture",
    "captureexpiry",
    "captureremain",
    "cardacceptorid",
    "cardacceptorlocation",
    "cardacceptorname",
    "cardauthenticationdetails",
    "cardfunding",
    "cardproduct",
    "cavvresultscode",
    "eci",
    "externaltransactionid",
    "flexible3d",
    "flow",
    "issuerbin",
    "issuercountrycode",
    "issuerid",
    "last4",
    "mcc",
    "method",
    "model",
    "moto",
    "paymentmethod",
    "recurringflow",
    "recurringid",
    "recurringmodel",
    "responsecode",
    "termurl",
    "type",
];
/// Parts of names of members that hold secrets, wherever they stand.
const SECRET_PARTS: [&str; 16] = [
    "cardnumber",
    "cardno",
    "primaryaccount",
    "cardexpir",
    "expirydate",
    "cardholder",
    "cvc",
    "cvv",
    "cvn",
    "securitycode",
    "verificationcode",
    "apikey",
    "apitoken",
    "password",
    "secret",
    "track2",
];
/// Whole names of such members.
const SECRET_NAMES: [&str; 12] = [
    "pan",
    "cid",
    "csc",
    "cav",
    "cavv",
    "pin",
    "token",
    "authorization",
    "auth",
    "number",
    "cryptogram",
    "key",
];
/// Parts of names of members that hold a card code.
const CODE_PARTS: [&str; 5] = ["cvc", "cvv", "cvn", "securitycode", "verificationcode"];
/// Deepest member that is looked at; below it nothing is shown.
const DEPTH_MAX: usize = 24;
/// What separates the digits of a number that somebody means to be read as one.
const SEPARATORS: [char; 9] = [' ', '-', '.', '/', '_', ':', ',', '|', '\u{a0}'];

/// What this call has named as its card and its keys.
#[derive(Default)]
pub struct Mask {
    /// Digits alone.
    numbers: Vec<Zeroizing<String>>,
    codes: Vec<Zeroizing<String>>,
    keys: Vec<Zeroizing<String>>,
}

impl Mask {
    /// Takes note of a key: it is shown nowhere.
    pub fn hide_key(&mut self, key: &str) {
        if !key.is_empty() {
            self.keys.push(Zeroizing::new(key.to_owned()));
        }
    }

    /// Takes note of the card number and card code in a body.
    pub fn learn(&mut self, body: &Value) {
        self.learn_within(body, DEPTH_MAX);
    }

    /// The same from a query.
    pub fn learn_query(&mut self, query: &str) {
        for (name, value) in form_urlencoded::parse(query.as_bytes()) {
            self.learn_member(&plain(&name), &value);
        }
    }

    fn learn_within(&mut self, value: &Value, depth: usize) {
        match value {
            _ if depth == 0 => {}
            Value::Array(values) => values.iter().for_each(|it| self.learn_within(it, depth - 1)),
            Value::Object(members) => {
                for (name, member) in members {
                    match member {
                        Value::String(text) => self.learn_member(&plain(name), text),
                        Value::Number(number) => {
                            let text = Zeroizing::new(number.to_string());
                            self.learn_member(&plain(name), &text);
                        }
                        _ => {}
                    }
                    self.learn_within(member, depth - 1);
                }
            }
            _ => {}
        }
    }

    fn learn_member(&mut self, name: &str, text: &str) {
        let digits: String = text.chars().filter(char::is_ascii_digit).collect();
        let digits = Zeroizing::new(digits);
        if CODE_PARTS.iter().any(|part| name.contains(part)) {
            if (3..=6).contains(&digits.len()) {
                self.codes.push(digits);
            }
        } else if is_secret(name) && digits.len() >= 12 {
            self.numbers.push(digits);
        }
    }

    /// A body as it may be shown.
    pub fn body(&self, value: Value) -> Value {
        self.within(value, false, DEPTH_MAX)
    }

    fn within(&self, value: Value, about_card: bool, depth: usize) -> Value {
        match value {
            Value::Array(_) | Value::Object(_) if depth == 0 => HIDDEN.into(),
            Value::Array(values) => values
                .into_iter()
                .map(|it| self.within(it, about_card, depth - 1))
                .collect::<Vec<_>>()
                .into(),
            Value::Object(members) => {
                let mut shown = Map::new();
                for (name, member) in members {
                    let flat = plain(&name);
                    let is_scalar = !member.is_object() && !member.is_array() && !member.is_null();
                    let harmless = HARMLESS.contains(&flat.as_str());
                    let hidden = is_secret(&flat) || about_card && !harmless;
                    let member = if hidden && is_scalar && !member.is_boolean() {
                        HIDDEN.into()
                    } else {
                        let about = hidden || ABOUT_CARDS.contains(&flat.as_str());
                        self.within(member, about, depth - 1)
                    };
                    shown.insert(self.text(&name), member);
                }
                shown.into()
            }
            Value::String(text) => self.text(&text).into(),
            Value::Number(number) => self.number(number),
            other => other,
        }
    }

    fn number(&self, number: Number) -> Value {
        let text = number.to_string();
        let shown = self.text(&text);
        if shown == text { Value::Number(number) } else { shown.into() }
    }

    /// A text as it may be shown.
    pub fn text(&self, text: &str) -> String {
        if self.keys.iter().any(|key| text.contains(key.as_str())) {
            return HIDDEN.to_owned();
        }
        let without_codes =
            |text: String| self.codes.iter().fold(text, |text, code| without_run(&text, code));
        if text.len() < DIGITS_MIN && text.is_ascii() {
            // Too short for a card number, however it is read.
            return without_codes(text.to_owned());
        }
        let decoded = percent_decode_str(text).decode_utf8_lossy();
        let joined = |text: &str| -> String {
            text.chars().filter(|it| !SEPARATORS.contains(it)).map(as_ascii).collect()
        };
        for text in [joined(text), joined(&decoded)] {
            if self.numbers.iter().any(|number| text.contains(number.as_str())) {
                return HIDDEN.to_owned();
            }
        }
        let masked = mask_card_numbers(text.as_bytes());
        let masked = String::from_utf8_lossy(&masked).into_owned();
        // What only shows when it is read in another way is not shown in part.
        let rest = masked.replace('*', "x");
        let decoded = percent_decode_str(&rest).decode_utf8_lossy();
        let hides = [joined(&rest), decoded.to_string(), joined(&decoded)];
        if hides.iter().any(|it| !find_card_numbers(it.as_bytes()).is_empty()) {
            return HIDDEN.to_owned();
        }
        without_codes(masked)
    }

    /// A path and query as they may be shown, each part decoded once.
    pub fn target(&self, path: &str, query: Option<&str>) -> String {
        let parts = path.split('/').map(|part| {
            let part = percent_decode_str(part).decode_utf8_lossy();
            self.text(&part).escape_debug().to_string()
        });
        let mut shown = parts.collect::<Vec<_>>().join("/");
        let pairs = form_urlencoded::parse(query.unwrap_or_default().as_bytes());
        for ((name, value), joint) in pairs.zip(std::iter::once('?').chain(std::iter::repeat('&')))
        {
            let hidden = is_secret(&plain(&name));
            let value = if hidden { HIDDEN.to_owned() } else { self.text(&value) };
            shown.push(joint);
            shown.push_str(&format!("{}={}", self.text(&name), value).escape_debug().to_string());
        }
        shown
    }
}

/// A member's name in small letters, without what is written between its words.
fn plain(name: &str) -> String {
    let letters = name.chars().filter(char::is_ascii_alphanumeric);
    letters.map(|it| it.to_ascii_lowercase()).collect()
}

fn is_secret(name: &str) -> bool {
    SECRET_NAMES.contains(&name) || SECRET_PARTS.iter().any(|part| name.contains(part))
}

/// A digit of any script as the digit that it is.
fn as_ascii(letter: char) -> char {
    match letter {
        '\u{ff10}'..='\u{ff19}' => char::from_u32(u32::from(letter) - 0xff10 + u32::from('0')),
        '\u{660}'..='\u{669}' => char::from_u32(u32::from(letter) - 0x660 + u32::from('0')),
        _ => None,
    }
    .unwrap_or(letter)
}

/// The text with every run of digits hidden that is exactly this one.
fn without_run(text: &str, code: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    let mut run = String::new();
    let flush = |run: &mut String, shown: &mut String| {
        shown.push_str(if run == code { HIDDEN } else { run });
        run.clear();
    };
    for letter in text.chars() {
        if as_ascii(letter).is_ascii_digit() {
            run.push(as_ascii(letter));
        } else {
            flush(&mut run, &mut shown);
            shown.push(letter);
        }
    }
    flush(&mut run, &mut shown);
    shown
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    const PAN: &str = "4111111111111111";

    fn shown(body: Value) -> String {
        let mut mask = Mask::default();
        mask.hide_key("a-key-of-the-site");
        mask.learn(&body);
        mask.body(body).to_string()
    }

    #[test]
    fn card_data_are_hidden_by_name_and_by_content() {
        let text = shown(json!({
            "order_id": "o-1", "amount": 1000, "var1": "code 737, thanks", "var2": 737,
            "description": "paid with 4111 1111 1111 1111", "var3": "4111.1111.1111.1111",
            "custom_info": { "custom_1": "%34111111111111111", "4111111111111111": "name" },
            "customer": { "first_name": "４１１１１１１１１１１１１１１１", "phone": "0208500500" },
            "gateway_info": {
                "card_number": PAN, "card_cvc": "737", "card_expiry_date": "3012",
                "card_holder_name": "Ada", "flexible_3d": true, "anything": "else",
            },
            "headers": ["a-key-of-the-site"], "api_key": "x", "google": { "token": "y" },
        }));
        for secret in [PAN, "737", "3012", "4111 1111 1111", "4111.1111", "%3411", "Ada", "else"] {
            assert!(!text.contains(secret), "{secret}: {text}");
        }
        assert!(!text.contains("a-key-of-the-site") && !text.contains("\"y\""), "{text}");
        for plain in ["\"o-1\"", "1000", "code ***, thanks", "0208500500", "\"flexible_3d\":true"] {
            assert!(text.contains(plain), "{plain}: {text}");
        }
    }

    #[test]
    fn a_number_that_is_none_is_hidden_where_it_is_given_as_one() {
        let text = shown(json!({ "card_number": "4111-1111-1111-1112", "x": "4111111111111112." }));
        assert!(!text.contains("1112"), "{text}");
    }

    #[test]
    fn an_answer_stays_readable() {
        let text = shown(json!({
            "payment_details": { "type": "VISA", "last4": "1111", "response_code": "00",
                "card_expiry_date": "3012", "recurring_id": "aabbccdd" },
            "transaction_id": 1_700_000_000_000_001_i64, "status": "completed",
        }));
        for plain in ["VISA", "\"1111\"", "\"00\"", "aabbccdd", "1700000000000001", "completed"] {
            assert!(text.contains(plain), "{plain}: {text}");
        }
        assert!(!text.contains("3012"), "{text}");
    }

    #[test]
    fn paths_and_queries_are_masked_part_by_part() {
        let mut mask = Mask::default();
        mask.hide_key("secret");
        assert_eq!(
            mask.target(
                "/v1/json/orders/a%2Fb",
                Some("locale=nl&api_key=secret&x=4111111111111111")
            ),
            "/v1/json/orders/a/b?locale=nl&api_key=***&x=411111******1111"
        );
        assert_eq!(mask.target("/orders/4111111111111111", None), "/orders/411111******1111");
        assert_eq!(mask.target("/orders/%34111111111111111", None), "/orders/411111******1111");
        assert_eq!(mask.target("/orders/x%0Ay", None), "/orders/x\\ny");
    }

    proptest! {
        /// Whatever stands around it, and in whatever member.
        #[test]
        fn no_card_number_comes_through(
            name in "[a-z_]{0,8}", before in "[^0-9]{0,6}", after in "[^0-9]{0,6}",
            separator in prop::sample::select(vec!["", " ", "-", ".", "/", "_", ":", "."]),
        ) {
            let groups: Vec<&str> = ["4111", "1111", "1111", "1111"].to_vec();
            let text = format!("{before}{}{after}", groups.join(separator));
            let out = shown(json!({ name.clone(): text.clone(), "deep": [{ text: 1 }] }));
            let digits: String = out.chars().filter(char::is_ascii_digit).collect();
            prop_assert!(!digits.contains(PAN), "{}", out);
        }
    }
}
