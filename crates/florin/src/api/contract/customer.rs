//! The payer: `customer`, `customer.browser`, `delivery`.
//!
//! Only addresses of the network and countries can be refused. Every other text is kept, cut at
//! a generous limit; what is missing raises the risk and is no error.

use std::net::IpAddr;

use florin_core::country::Country;
use florin_locale::Language;
use serde::{Deserialize, Serialize};

use super::errors::ApiError;
use super::scalars::{Fields, Scalar};

/// Most characters of a personal field that are kept.
pub const FIELD_CHARS_MAX: usize = 255;
/// Most characters of a header of the payer's browser that are kept (EMV 3DS: 2048).
pub const HEADER_CHARS_MAX: usize = 2048;

/// `customer`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Customer {
    /// As it was sent; [`language`](Customer::language) is what texts are shown in.
    pub locale: Option<String>,
    /// The payer's address.
    pub ip_address: Option<IpAddr>,
    /// The address behind a proxy.
    pub forwarded_ip: Option<IpAddr>,
    /// Name, street, place, telephone and e-mail.
    pub address: Address,
    /// Known spellings only.
    pub gender: Option<String>,
    /// As it was sent; the formats differ.
    pub birthday: Option<String>,
    /// The company that buys.
    pub company_name: Option<String>,
    /// The payer's title.
    pub title: Option<String>,
    /// Whether the payer is to get no mail.
    pub disable_send_email: bool,
    /// The payer's browser, as the shop saw it.
    pub user_agent: Option<String>,
    /// The page that the payer came from.
    pub referrer: Option<String>,
    /// The merchant's name for the payer, which stored cards are listed under.
    pub reference: Option<String>,
    /// The payer's device, for 3-D Secure.
    pub browser: Option<Browser>,
}

/// The members that `customer` and `delivery` share.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Address {
    /// First name.
    pub first_name: Option<String>,
    /// Last name.
    pub last_name: Option<String>,
    /// Street.
    pub address1: Option<String>,
    /// Second line.
    pub address2: Option<String>,
    /// Number with its suffix.
    pub house_number: Option<String>,
    /// Postcode.
    pub zip_code: Option<String>,
    /// Town.
    pub city: Option<String>,
    /// State or province, as a code or a name.
    pub state: Option<String>,
    /// Alpha-2 in capitals, known to exist.
    pub country: Option<String>,
    /// Telephone; `phone` and `phone1` are the same.
    pub phone1: Option<String>,
    /// Second telephone.
    pub phone2: Option<String>,
    /// E-mail; its form is not checked.
    pub email: Option<String>,
}

/// `customer.browser`. Texts, because merchants send numbers, booleans and texts alike.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Browser {
    /// Whether scripts run.
    pub javascript_enabled: Option<bool>,
    /// Whether Java runs.
    pub java_enabled: Option<bool>,
    /// Whether cookies are kept.
    pub cookies_enabled: Option<bool>,
    /// BCP 47.
    pub language: Option<String>,
    /// The `Accept` header.
    pub accept_header: Option<String>,
    /// Bits per pixel.
    pub screen_color_depth: Option<String>,
    /// Pixels.
    pub screen_height: Option<String>,
    /// Pixels.
    pub screen_width: Option<String>,
    /// Minutes behind UTC: UTC+2 is `-120`.
    pub time_zone: Option<String>,
    /// The `User-Agent` header.
    pub user_agent: Option<String>,
    /// The system it runs on.
    pub platform: Option<String>,
    /// The address that the browser was seen at.
    pub ip_address: Option<IpAddr>,
}

/// Longest locale that is used: `de_DE_formal` and the like.
const LOCALE_CHARS_MAX: usize = 16;

/// Locales of the contract.
const LOCALES: [&str; 15] = [
    "cs_CZ", "da_DK", "de_AT", "de_DE", "en_US", "fi_FI", "fr_BE", "fr_FR", "it_IT", "nl_BE",
    "nl_NL", "pl_PL", "es_ES", "sv_SE", "zh_CN",
];

impl Customer {
    /// Reads `customer` without refusing anything; [`check`] is what refuses.
    pub(super) fn read(customer: Fields<'_>) -> Customer {
        let field = |name| customer.short_text(name, FIELD_CHARS_MAX);
        let header = |name| customer.short_text(name, HEADER_CHARS_MAX);
        Customer {
            locale: field("locale"),
            ip_address: ip_address(customer, "ip_address").unwrap_or(None),
            forwarded_ip: ip_address(customer, "forwarded_ip").unwrap_or(None),
            address: Address::read(customer),
            gender: field("gender").filter(|text| is_gender(text)),
            birthday: field("birthday"),
            company_name: field("company_name"),
            title: field("title"),
            disable_send_email: customer.boolean("disable_send_email").unwrap_or(false),
            user_agent: header("user_agent"),
            referrer: header("referrer"),
            reference: field("reference"),
            browser: Browser::read(customer.object("browser")),
        }
    }

    /// The locale that texts for the payer are made in: the one sent, or one of the same
    /// language, or English. Of languages that only pages speak it is the one sent.
    pub fn language(&self) -> &str {
        let sent = self.locale.as_deref().unwrap_or_default();
        let asked = sent.replace('-', "_");
        let exact = LOCALES.into_iter().find(|locale| locale.eq_ignore_ascii_case(&asked));
        let language = asked.split('_').next().unwrap_or_default().to_ascii_lowercase();
        let mother = match language.as_str() {
            "de" => Some("de_DE"),
            "fr" => Some("fr_FR"),
            "nl" => Some("nl_NL"),
            _ => LOCALES.into_iter().find(|locale| locale.get(..2) == Some(language.as_str())),
        };
        let of_pages = || plain_locale(sent).filter(|it| Language::known(it).is_some());
        exact.or(mother).or_else(of_pages).unwrap_or("en_US")
    }
}

/// A locale that can stand in an address.
pub fn plain_locale(locale: &str) -> Option<&str> {
    let plain = |it: char| it.is_ascii_alphanumeric() || it == '_' || it == '-';
    let fits = (2..=LOCALE_CHARS_MAX).contains(&locale.len());
    (fits && locale.chars().all(plain)).then_some(locale)
}

impl Address {
    pub(super) fn read(fields: Fields<'_>) -> Address {
        let field = |name| fields.short_text(name, FIELD_CHARS_MAX);
        let either = |name, alias| field(name).or_else(|| field(alias));
        let country = field("country").and_then(|code| Country::parse(&code).ok());
        Address {
            first_name: either("first_name", "firstname"),
            last_name: either("last_name", "lastname"),
            address1: field("address1"),
            address2: field("address2"),
            house_number: field("house_number"),
            zip_code: field("zip_code"),
            city: field("city"),
            state: field("state"),
            country: country.map(|country| country.code().to_owned()),
            phone1: either("phone", "phone1"),
            phone2: field("phone2"),
            email: field("email"),
        }
    }

    /// The country, by its row in the table.
    pub fn country(&self) -> Option<Country> {
        self.country.as_deref().and_then(|code| Country::parse(code).ok())
    }
}

impl Browser {
    fn read(browser: Fields<'_>) -> Option<Browser> {
        let field = |name| browser.short_text(name, FIELD_CHARS_MAX);
        let header = |name| browser.short_text(name, HEADER_CHARS_MAX);
        let read = Browser {
            javascript_enabled: browser.boolean("javascript_enabled"),
            java_enabled: browser.boolean("java_enabled"),
            cookies_enabled: browser.boolean("cookies_enabled"),
            language: field("language"),
            accept_header: header("accept_header"),
            screen_color_depth: field("screen_color_depth"),
            screen_height: field("screen_height"),
            screen_width: field("screen_width"),
            time_zone: field("time_zone"),
            user_agent: header("user_agent"),
            platform: field("platform"),
            ip_address: ip_address(browser, "ip_address").unwrap_or(None),
        };
        (read != Browser::default()).then_some(read)
    }
}

/// Refuses addresses of the network that are none, then countries that are none.
pub(super) fn check(customer: Fields<'_>, delivery: Fields<'_>) -> Result<(), ApiError> {
    ip_address(customer, "ip_address")?;
    ip_address(customer, "forwarded_ip")?;
    check_country(customer)?;
    check_country(delivery)
}

/// Refuses a country that is sent and is none.
pub(super) fn check_country(fields: Fields<'_>) -> Result<(), ApiError> {
    match fields.scalar("country") {
        Scalar::Absent => Ok(()),
        Scalar::Text(text) if Country::parse(text.trim()).is_ok() => Ok(()),
        Scalar::Text(_) | Scalar::NotScalar => Err(ApiError::invalid_country()),
    }
}

fn ip_address(fields: Fields<'_>, name: &str) -> Result<Option<IpAddr>, ApiError> {
    match fields.scalar(name) {
        Scalar::Absent => Ok(None),
        Scalar::Text(text) => {
            text.trim().parse().map(Some).map_err(|_| ApiError::invalid_ip_address())
        }
        Scalar::NotScalar => Err(ApiError::invalid_ip_address()),
    }
}

fn is_gender(text: &str) -> bool {
    let known = ["m", "f", "mr", "mrs", "miss", "male", "female"];
    known.iter().any(|it| it.eq_ignore_ascii_case(text))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn names_have_two_spellings_and_the_newer_wins() {
        let value = json!({"firstname": "A", "lastname": "B", "first_name": "Ada", "phone1": 31301234567_u64});
        let address = Address::read(Fields::of(&value));
        assert_eq!(address.first_name.as_deref(), Some("Ada"));
        assert_eq!(address.last_name.as_deref(), Some("B"));
        assert_eq!(address.phone1.as_deref(), Some("31301234567"));
    }

    #[test]
    fn texts_are_shown_in_the_nearest_language() {
        for (sent, shown) in [
            ("nl_NL", "nl_NL"),
            ("nl-be", "nl_BE"),
            ("nl", "nl_NL"),
            ("de_CH", "de_DE"),
            ("ES", "es_ES"),
            ("pt_PT", "pt_PT"),
            ("he", "he"),
            ("no-NO", "no-NO"),
            ("ko_KR", "en_US"),
            ("ja\"><script>", "en_US"),
            ("", "en_US"),
            ("é", "en_US"),
            ("en", "en_US"),
        ] {
            let customer = Customer { locale: Some(sent.to_owned()), ..Customer::default() };
            assert_eq!(customer.language(), shown, "{sent}");
        }
    }

    #[test]
    fn a_browser_is_read_in_both_spellings_and_may_be_empty() {
        let value = json!({"browser": {"javascript_enabled": 1, "java_enabled": "0",
            "screen_height": 1080, "screen_width": "1920", "time_zone": -120, "ip_address": "::1"}});
        let browser = Customer::read(Fields::of(&value)).browser.unwrap();
        assert_eq!((browser.javascript_enabled, browser.java_enabled), (Some(true), Some(false)));
        assert_eq!(browser.screen_height.as_deref(), Some("1080"));
        assert_eq!(browser.time_zone.as_deref(), Some("-120"));
        assert_eq!(Customer::read(Fields::of(&json!({"browser": []}))).browser, None);
    }

    #[test]
    fn over_long_texts_are_cut_not_refused() {
        let value = json!({"city": "é".repeat(300), "gender": "robot"});
        let customer = Customer::read(Fields::of(&value));
        assert_eq!(customer.address.city.unwrap().chars().count(), FIELD_CHARS_MAX);
        assert_eq!(customer.gender, None);
    }
}
