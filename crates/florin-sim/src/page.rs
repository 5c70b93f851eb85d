//! What the pages of the test bank and of the providers have in common: look, headers, the
//! payer's language, and how amounts are written.
//!
//! Pages load nothing and work without scripts. The only script submits a form that the payer
//! could submit as well; the policy allows it by its hash and nothing else.

use std::sync::LazyLock;

use askama::Template;
use aws_lc_rs::digest::{SHA256, digest};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use florin_locale::{Amount, Language};

/// The style of all pages, and the script of those that go on by themselves.
pub(crate) const STYLE: &str = include_str!("../templates/style.css");
pub(crate) const SUBMIT_SCRIPT: &str = "document.forms[0].submit();";

/// Nothing is loaded, nothing runs but what has these hashes. Frames are allowed: a challenge is
/// shown inside the shop's page. Where forms go is left open, since the page that a form goes to
/// sends the browser on to a shop that is not known here.
static POLICY: LazyLock<String> = LazyLock::new(|| {
    let hash = |text: &str| STANDARD.encode(digest(&SHA256, text.as_bytes()));
    format!(
        "default-src 'none'; style-src 'sha256-{}'; script-src 'sha256-{}'; base-uri 'none'",
        hash(STYLE),
        hash(SUBMIT_SCRIPT)
    )
});

#[derive(Template)]
#[template(path = "notice.html")]
struct NoticePage<'a> {
    style: &'a str,
    language: Language,
    /// Whose page it is.
    who: &'a str,
    heading: &'a str,
    text: &'a str,
}

/// A page that only says something, in the name of `who`.
pub(crate) fn notice(
    status: StatusCode,
    language: Language,
    who: &str,
    heading: &str,
    text: &str,
) -> Response {
    html(status, NoticePage { style: STYLE, language, who, heading, text }.render())
}

/// A page with the headers that all pages have.
pub(crate) fn html(status: StatusCode, page: askama::Result<String>) -> Response {
    let Ok(page) = page else { return StatusCode::INTERNAL_SERVER_ERROR.into_response() };
    let headers = [
        (header::CONTENT_TYPE, "text/html; charset=utf-8"),
        (header::CONTENT_SECURITY_POLICY, POLICY.as_str()),
        (header::REFERRER_POLICY, "no-referrer"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::CACHE_CONTROL, "no-store"),
    ];
    (status, headers, page).into_response()
}

/// The first of a payer's languages that the pages speak (`de-AT`); empty where there is none.
pub(crate) fn spoken<'a>(tags: impl IntoIterator<Item = &'a str>) -> &'a str {
    tags.into_iter().find(|tag| Language::known(tag).is_some()).unwrap_or_default()
}

/// The same of a request that nothing else is known of: what its browser accepts, in the browser's
/// order.
pub(crate) fn accepted(headers: &HeaderMap) -> &str {
    let languages = headers.get(header::ACCEPT_LANGUAGE).and_then(|it| it.to_str().ok());
    spoken(languages.unwrap_or_default().split(',').map(str::trim))
}

/// An amount as people of a locale write it, from its minor units as digits.
pub(crate) fn amount(locale: &str, currency: &str, minor: &str, decimals: usize) -> String {
    let digits = format!("{minor:0>0$}", decimals + 1);
    let major = match digits.split_at(digits.len() - decimals) {
        (units, "") => units.to_owned(),
        (units, fraction) => format!("{units}.{fraction}"),
    };
    florin_locale::amount(locale, Amount { currency, major: &major })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_amount_has_as_many_decimals_as_it_is_told() {
        for (currency, minor, decimals, expected) in [
            ("EUR", "4995", 2, "€49.95"),
            ("EUR", "5", 2, "€0.05"),
            ("EUR", "123456", 2, "€1,234.56"),
            ("JPY", "1500", 0, "¥1,500"),
            ("KWD", "12345", 3, "KWD\u{a0}12.345"),
        ] {
            assert_eq!(amount("en", currency, minor, decimals), expected);
        }
        // More than any number of 64 bits; EMV 3DS allows 48 digits.
        assert!(amount("en", "EUR", &"9".repeat(48), 2).ends_with("999.99"));
    }

    #[test]
    fn the_first_language_that_is_spoken_is_taken() {
        for (sent, taken) in [
            ("de-AT,de;q=0.9,en;q=0.8", "de-AT"),
            ("ko-KR, ko;q=0.9, ja;q=0.8", "ja;q=0.8"),
            ("ko", ""),
            ("*", ""),
            ("", ""),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(header::ACCEPT_LANGUAGE, sent.parse().unwrap());
            assert_eq!(accepted(&headers), taken, "{sent}");
        }
        assert_eq!(accepted(&HeaderMap::new()), "");
    }
}
