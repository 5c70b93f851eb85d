//! Who may post a form: only somebody who was shown one of this session, from our own page.
//!
//! The token in a form is a keyed hash over session and form, so that only a page of the session
//! can have it. What a browser says of where a request comes from is looked at as well: a page of
//! somebody else is refused even if it knows the link.

use std::fmt::Write as _;

use axum::http::{HeaderMap, header};
use florin_core::payment::TransactionId;
use subtle::ConstantTimeEq;

use crate::gateway::Gateway;
use crate::gateway::record::Record;

/// Longest number of a form that is looked at; ours have 32 characters.
const FORM_CHARS_MAX: usize = 64;

/// A number that no other form has.
pub(super) fn new_form(gateway: &Gateway) -> String {
    hexadecimal(&gateway.vault.nonce())
}

/// What a form of this session with this number carries.
pub(super) fn token(
    gateway: &Gateway,
    record: &Record,
    session: TransactionId,
    form: &str,
) -> String {
    let subject = format!("form/{}/{}/{form}", record.site.id, session.0);
    hexadecimal(&gateway.vault.token_hash(subject.as_bytes()))
}

/// What a browser keeps that has opened the page of a payment link.
pub(super) fn opened(gateway: &Gateway, record: &Record, session: TransactionId) -> String {
    let subject = format!("opened/{}/{}", record.site.id, session.0);
    hexadecimal(&gateway.vault.token_hash(subject.as_bytes())[..16])
}

/// What the page of a session calls a stored card: a name that is worth nothing anywhere else.
pub(super) fn card(
    gateway: &Gateway,
    record: &Record,
    session: TransactionId,
    card: &str,
) -> String {
    let subject = format!("card/{}/{}/{card}", record.site.id, session.0);
    hexadecimal(&gateway.vault.token_hash(subject.as_bytes())[..16])
}

/// Whether the page of the session calls the stored card so.
pub(super) fn is_card(
    gateway: &Gateway,
    record: &Record,
    session: TransactionId,
    card: &str,
    sent: &str,
) -> bool {
    self::card(gateway, record, session, card).as_bytes().ct_eq(sent.as_bytes()).into()
}

/// Whether a posted form was made by us for this session.
pub(super) fn is_ours(
    gateway: &Gateway,
    record: &Record,
    session: TransactionId,
    form: &str,
    sent: &str,
) -> bool {
    let sound = !form.is_empty() && form.len() <= FORM_CHARS_MAX;
    let expected = token(gateway, record, session, form);
    sound && bool::from(expected.as_bytes().ct_eq(sent.as_bytes()))
}

/// Whether the browser says that the form was on our own page, or says nothing. Our pages send
/// no referrer, so that `Origin` is `null` for them.
pub(super) fn comes_from_us(headers: &HeaderMap, public_url: &str) -> bool {
    let text = |name: &str| headers.get(name).map(|value| value.to_str().unwrap_or("?"));
    let site = text("sec-fetch-site");
    if !matches!(site, None | Some("same-origin" | "none")) {
        return false;
    }
    let origin = match text(header::ORIGIN.as_str()) {
        None | Some("null") => return true,
        Some(origin) => origin,
    };
    let host = text(header::HOST.as_str()).unwrap_or_default();
    let authority = |url: &str| {
        let rest = url.split_once("://").map_or("", |(_, rest)| rest);
        rest.split('/').next().unwrap_or_default().to_ascii_lowercase()
    };
    let from = authority(origin);
    !from.is_empty() && (from == authority(public_url) || from == host.to_ascii_lowercase())
}

/// Whether a cookie of this name has this value.
pub(super) fn has_cookie(headers: &HeaderMap, name: &str, value: &str) -> bool {
    let cookies = headers.get_all(header::COOKIE).iter().filter_map(|it| it.to_str().ok());
    let mut pairs = cookies.flat_map(|it| it.split(';')).filter_map(|it| it.trim().split_once('='));
    pairs.any(|(n, v)| n == name && bool::from(v.as_bytes().ct_eq(value.as_bytes())))
}

fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(headers: &[(&'static str, &'static str)], expected: bool) {
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.append(*name, value.parse().unwrap());
        }
        assert_eq!(comes_from_us(&map, "https://pay.example"), expected, "{headers:?}");
    }

    #[test]
    fn only_our_own_pages_and_browsers_that_say_nothing_are_taken() {
        check(&[], true);
        check(&[("origin", "null")], true);
        check(&[("origin", "null"), ("sec-fetch-site", "same-origin")], true);
        check(&[("origin", "https://pay.example")], true);
        check(&[("origin", "http://localhost:8080"), ("host", "localhost:8080")], true);
        check(&[("origin", "null"), ("sec-fetch-site", "cross-site")], false);
        check(&[("sec-fetch-site", "same-site")], false);
        check(&[("origin", "https://evil.example")], false);
        check(&[("origin", "https://pay.example.evil.example")], false);
        check(&[("origin", "")], false);
        check(&[("origin", "nonsense"), ("host", "")], false);
    }
}
