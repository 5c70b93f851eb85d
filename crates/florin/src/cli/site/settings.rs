//! Changing a site's settings from text, and showing them in the same form.
//!
//! Names are dotted paths into the settings. The outcome is checked as a whole before it is stored:
//! the payment path reads settings and never asks whether they make sense.

use serde_json::Value;

use crate::gateway::site::SiteSettings;
use crate::page::is_origin;

/// Members that hold an entry for each key, so that keys may be added and unset.
const OPEN_MEMBERS: [&str; 1] = ["amount_max"];
/// The member that `florin risk` and `florin block` change.
const RISK: &str = "risk";
/// What can be sold with a direct order.
const GATEWAYS: [&str; 5] = ["CREDITCARD", "VISA", "MASTERCARD", "AMEX", "MAESTRO"];
/// Characters of DE42.
const MERCHANT_ID_CHARACTERS: usize = 15;
/// Hexadecimal digits of a card's keyed hash.
const CARD_HASH_DIGITS: usize = 64;
/// Origins that may frame the page: each of them is in the headers of every page.
const FRAMED_BY_MAX: usize = 20;
/// Scores of a review entry.
const SCORES: std::ops::RangeInclusive<u8> = 1..=10;

/// The settings with `NAME=VALUE` changes applied in order, as they are stored.
///
/// A value is JSON or plain text; where text is expected it may look like a number. `null` unsets
/// what may be unset.
///
/// # Errors
/// A sentence that names the setting.
pub(super) fn changed(settings: &str, changes: &[String]) -> Result<String, String> {
    let known: SiteSettings = serde_json::from_str(settings).map_err(|it| it.to_string())?;
    let sandbox = known.sandbox.clone();
    let mut value = serde_json::to_value(known).map_err(|it| it.to_string())?;
    for change in changes {
        let (name, text) =
            change.split_once('=').ok_or(format!("`{change}` is not of the form NAME=VALUE"))?;
        let name = name.trim();
        apply(&mut value, name, text)?;
        // At once, so that the error can name the change at fault.
        let read = serde_json::from_value::<SiteSettings>(value.clone());
        read.map_err(|it| format!("the setting `{name}`: {it}"))?;
    }
    let changed: SiteSettings = serde_json::from_value(value).map_err(|it| it.to_string())?;
    if changed.sandbox != sandbox {
        return Err("whose sandbox a site is stays as it is".to_owned());
    }
    check(&changed)?;
    serde_json::to_string(&changed).map_err(|it| it.to_string())
}

/// Every setting on a line of its own, in the form that [`changed`] takes.
pub(super) fn lines(settings: &SiteSettings) -> Result<Vec<String>, String> {
    let mut value = serde_json::to_value(settings).map_err(|it| it.to_string())?;
    // Rules and block lists have commands of their own, and lists can be long.
    value.as_object_mut().and_then(|members| members.remove(RISK));
    let mut lines = Vec::new();
    flatten("", &value, &mut lines);
    Ok(lines)
}

fn apply(settings: &mut Value, name: &str, text: &str) -> Result<(), String> {
    let unknown = || format!("there is no setting `{name}`");
    if name == RISK || name.starts_with(&format!("{RISK}.")) {
        return Err("the setting `risk` is changed by `florin risk` and `florin block`".to_owned());
    }
    let (parent_name, last) = name.rsplit_once('.').unwrap_or(("", name));
    let pointer = match parent_name {
        "" => String::new(),
        some => format!("/{}", some.replace('.', "/")),
    };
    let parent = settings.pointer_mut(&pointer).and_then(Value::as_object_mut);
    let parent = parent.ok_or_else(unknown)?;
    let is_open = OPEN_MEMBERS.contains(&parent_name);
    let given = serde_json::from_str::<Value>(text);
    if is_open && matches!(given, Ok(Value::Null)) {
        return parent.remove(last).map(drop).ok_or_else(unknown);
    }
    let plain = || Value::String(text.to_owned());
    let value = match (parent.get(last), given) {
        (None, _) if !is_open => return Err(unknown()),
        // Text that looks like a number is still text: mcc=5999.
        (Some(Value::String(_) | Value::Null), Ok(it @ (Value::String(_) | Value::Null))) => it,
        (Some(Value::String(_) | Value::Null), _) | (_, Err(_)) => plain(),
        (_, Ok(it)) => it,
    };
    parent.insert(last.to_owned(), value);
    Ok(())
}

/// What the types cannot say.
fn check(settings: &SiteSettings) -> Result<(), String> {
    let refuse = |name: &str, why: &str| Err(format!("the setting `{name}`: {why}"));
    let urls = [
        ("notification_url", &settings.notification_url),
        ("redirect_url", &settings.redirect_url),
        ("cancel_url", &settings.cancel_url),
    ];
    for (name, url) in urls {
        let Some(text) = url else { continue };
        let is_web = url::Url::parse(text).is_ok_and(|it| matches!(it.scheme(), "http" | "https"));
        if !is_web {
            return refuse(name, "it is not an http or https URL");
        }
    }
    if let Some(odd) = settings.page.framed_by.iter().find(|it| !is_origin(it)) {
        return refuse(
            "page.framed_by",
            &format!("{odd:?} is not of the form https://shop.example"),
        );
    }
    if settings.page.framed_by.len() > FRAMED_BY_MAX {
        return refuse("page.framed_by", &format!("more than {FRAMED_BY_MAX} origins"));
    }
    if let Some(odd) = settings.gateways.iter().find(|it| !GATEWAYS.contains(&it.as_str())) {
        return refuse("gateways", &format!("{odd:?} is none of {}", GATEWAYS.join(", ")));
    }
    let is_currency = |it: &str| it.len() == 3 && it.bytes().all(|byte| byte.is_ascii_uppercase());
    let currencies = settings.currencies.iter().chain(settings.amount_max.keys());
    for currency in currencies {
        if !is_currency(currency) {
            return refuse("currencies", &format!("{currency:?} is not a code such as EUR"));
        }
    }
    if settings.amount_max.values().any(|amount| *amount < 0) {
        return refuse("amount_max", "an amount cannot be negative");
    }
    for fee in &settings.fees {
        fee.rule()?;
    }
    if let Err((name, why)) = settings.mail.check() {
        return refuse(&format!("mail.{name}"), &why);
    }
    if settings.three_ds.dynamic_from < 0 {
        return refuse("three_ds.dynamic_from", "an amount cannot be negative");
    }
    let acceptor = &settings.acceptor;
    let id = &acceptor.merchant_id;
    let printable = |it: &str| it.bytes().all(|byte| byte.is_ascii_graphic());
    if !id.is_empty() && (id.chars().count() != MERCHANT_ID_CHARACTERS || !printable(id)) {
        return refuse("acceptor.merchant_id", "it is not 15 printable characters, nor empty");
    }
    if acceptor.mcc.len() != 4 || !acceptor.mcc.bytes().all(|byte| byte.is_ascii_digit()) {
        return refuse("acceptor.mcc", "it is not four digits");
    }
    if celes::Country::from_alpha2(&acceptor.country).is_err() {
        return refuse("acceptor.country", "it is not a country's code of two letters");
    }
    if jiff::tz::TimeZone::get(&acceptor.time_zone).is_err() {
        return refuse("acceptor.time_zone", "it is not a name such as Europe/Amsterdam");
    }
    for entry in &settings.review {
        let is_hash = entry.card.len() == CARD_HASH_DIGITS
            && entry.card.bytes().all(|byte| byte.is_ascii_hexdigit());
        if !is_hash || !SCORES.contains(&entry.score) || entry.after_seconds < 0 {
            return refuse("review", "an entry is a card's hash, a score of 1 to 10, and a time");
        }
    }
    Ok(())
}

fn flatten(name: &str, value: &Value, lines: &mut Vec<String>) {
    match value {
        Value::Object(members) if !members.is_empty() => {
            for (member, value) in members {
                let below =
                    if name.is_empty() { member.clone() } else { format!("{name}.{member}") };
                flatten(&below, value, lines);
            }
        }
        Value::String(text) => lines.push(format!("{name}={text}")),
        // Hashes of cards tell a reader nothing.
        Value::Array(entries) if name == "review" => {
            lines.push(format!("{name}: {} entries", entries.len()));
        }
        other => lines.push(format!("{name}={other}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gateway::site::{ApiYear, OnUnauthenticated, ThreeDsPolicy};

    fn set(changes: &[&str]) -> Result<SiteSettings, String> {
        let settings = serde_json::to_string(&SiteSettings::for_testing()).unwrap();
        let changes: Vec<String> = changes.iter().map(|it| (*it).to_owned()).collect();
        changed(&settings, &changes).map(|text| serde_json::from_str(&text).unwrap())
    }

    #[test]
    fn settings_are_changed_by_their_dotted_names() {
        let set = set(&[
            "three_ds.policy=never",
            "three_ds.unavailable=proceed",
            "api_version=2020-01",
            "moto=false",
            "notification_url=https://shop.example/notify?a=b",
            "currencies=[\"EUR\",\"USD\"]",
            "amount_max.EUR=1000",
            "page.framed_by=[\"https://shop.example\"]",
        ])
        .unwrap();
        assert_eq!(set.page.framed_by, ["https://shop.example"]);
        assert_eq!(set.three_ds.policy, ThreeDsPolicy::Never);
        assert_eq!(set.three_ds.unavailable, OnUnauthenticated::Proceed);
        assert_eq!(set.api_version, ApiYear::Y2020);
        assert!(!set.moto);
        assert_eq!(set.notification_url.as_deref(), Some("https://shop.example/notify?a=b"));
        assert_eq!(set.currencies, ["EUR", "USD"]);
        assert_eq!(set.amount_max.get("EUR"), Some(&1000));
    }

    #[test]
    fn text_may_look_like_a_number() {
        let set = set(&["acceptor.mcc=5411", "acceptor.merchant_id=123456789012345"]).unwrap();
        assert_eq!(set.acceptor.mcc, "5411");
        assert_eq!(set.acceptor.merchant_id, "123456789012345");
    }

    #[test]
    fn null_unsets_what_may_be_unset_and_nothing_else() {
        let changed = set(&[
            "notification_url=http://127.0.0.1:9000/",
            "notification_url=null",
            "amount_max.EUR=5",
            "amount_max.EUR=null",
        ])
        .unwrap();
        assert_eq!(changed.notification_url, None);
        assert!(changed.amount_max.is_empty());
        for bad in ["moto=null", "acceptor.name=null", "amount_max.EUR=null"] {
            assert!(set(&[bad]).is_err(), "{bad}");
        }
    }

    #[test]
    fn what_cannot_be_is_refused_and_named() {
        for bad in [
            "nothing=1",
            "three_ds.nothing=1",
            "three_ds.policy=sometimes",
            "three_ds=always",
            "moto.more=1",
            "moto=perhaps",
            "notification_url=ftp://shop.example",
            "redirect_url=thanks",
            "gateways=[\"IDEAL\"]",
            "currencies=[\"euro\"]",
            "amount_max.eur=5",
            "amount_max.EUR=-5",
            "amount_max.EUR=ten",
            "page.framed_by=[\"shop.example\"]",
            "page.framed_by=[\"https://shop.example/checkout\"]",
            "page.framed_by=[\"https://*.example\"]",
            "acceptor.mcc=59",
            "acceptor.country=Nowhere",
            "acceptor.time_zone=Europe/Nowhere",
            "acceptor.merchant_id=short",
            r#"review=[{"card":"zz","score":7,"default":"accept","after_seconds":1}]"#,
        ] {
            let error = set(&[bad]).unwrap_err();
            let name = bad.split('=').next().unwrap();
            let root = name.split('.').next().unwrap();
            let names_it = error.contains(root) || error.contains("currencies");
            assert!(names_it, "{bad}: {error}");
        }
        assert!(set(&["moto"]).unwrap_err().contains("NAME=VALUE"));
    }

    #[test]
    fn what_is_shown_can_be_set_again() {
        let settings = SiteSettings::for_testing();
        let shown = lines(&settings).unwrap();
        assert!(shown.contains(&"three_ds.policy=always".to_owned()), "{shown:?}");
        let again: Vec<&str> = shown
            .iter()
            .map(String::as_str)
            .filter(|it| it.contains('=') && !it.starts_with("amount_max="))
            .collect();
        assert!(again.len() > 15);
        assert_eq!(set(&again).unwrap(), settings);
    }
}
