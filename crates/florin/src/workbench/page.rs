//! How the workbench looks: from what was seen to HTML, with the headers that keep the page from
//! doing anything else.

use askama::Template;
use axum::body::Body;
use axum::http::{Response, StatusCode, header};

use super::view::Seen;
use crate::page::{Asset, WORKBENCH_SCRIPT, WORKBENCH_SHEET};

/// The buttons of the clock: seconds and words.
pub(super) const STEPS: [(i64, &str); 6] = [
    (15 * 60, "15 minutes"),
    (60 * 60, "1 hour"),
    (24 * 60 * 60, "1 day"),
    (7 * 24 * 60 * 60, "7 days"),
    (30 * 24 * 60 * 60, "30 days"),
    (365 * 24 * 60 * 60, "1 year"),
];

/// The page.
#[derive(Template)]
#[template(path = "workbench/page.html")]
pub(super) struct Page<'a> {
    pub(super) version: &'static str,
    pub(super) sheet: &'a Asset,
    pub(super) script: &'a Asset,
    /// Every test site: number, name, whether it is this one.
    pub(super) sites: Vec<(i64, String, bool)>,
    pub(super) site_id: i64,
    pub(super) site_name: &'a str,
    /// The site's time.
    pub(super) now: String,
    pub(super) ahead: String,
    pub(super) keys: Vec<Key>,
    pub(super) api_url: String,
    pub(super) parts: Vec<(&'static str, String)>,
    pub(super) cards: Vec<Card>,
    pub(super) steps: &'static [(i64, &'static str)],
    pub(super) faults: Vec<(&'static str, &'static str)>,
    pub(super) token: String,
    pub(super) seen: Seen,
}

/// A key of the site.
pub(super) struct Key {
    pub(super) masked: String,
    pub(super) text: String,
}

/// A test card.
pub(super) struct Card {
    pub(super) number: String,
    pub(super) shown: String,
    pub(super) brand: String,
    pub(super) description: String,
}

/// The page of a gateway that has nothing to show.
#[derive(Template)]
#[template(path = "workbench/plain.html")]
struct Plain<'a> {
    sheet: &'a Asset,
}

/// The mailbox of a site.
#[derive(Template)]
#[template(path = "workbench/mails.html")]
pub(super) struct Mails<'a> {
    pub(super) sheet: &'a Asset,
    pub(super) site_id: i64,
    pub(super) mails: Vec<Mail>,
}

/// A mail as it was written.
pub(super) struct Mail {
    pub(super) subject: String,
    pub(super) recipient: String,
    pub(super) at: String,
    pub(super) state: &'static str,
    pub(super) plain: String,
}

/// A page's answer.
pub(super) fn answer(page: &impl Template) -> Response<Body> {
    respond(StatusCode::OK, page.render().expect("a page of texts can be rendered"))
}

/// A page without any data.
pub(super) fn plain(status: StatusCode) -> Response<Body> {
    let page = Plain { sheet: &WORKBENCH_SHEET };
    respond(status, page.render().expect("a page of texts can be rendered"))
}

/// The two files of the pages.
pub(super) fn assets() -> (&'static Asset, &'static Asset) {
    (&WORKBENCH_SHEET, &WORKBENCH_SCRIPT)
}

/// What a browser may do on them: show them, run our own script, send our own forms.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; \
    form-action 'self'; frame-ancestors 'none'; base-uri 'none'; \
    require-trusted-types-for 'script'; trusted-types 'none'";

fn respond(status: StatusCode, html: String) -> Response<Body> {
    Response::builder()
        .status(status)
        .header(header::CONTENT_TYPE, "text/html; charset=utf-8")
        .header(header::CONTENT_SECURITY_POLICY, POLICY)
        .header(header::CACHE_CONTROL, "no-store")
        .header(header::X_CONTENT_TYPE_OPTIONS, "nosniff")
        // Without a referrer the forms' origin would be `null`, which anybody can have.
        .header(header::REFERRER_POLICY, "same-origin")
        .header("cross-origin-opener-policy", "same-origin")
        .header("cross-origin-resource-policy", "same-origin")
        .header("permissions-policy", "camera=(), microphone=(), geolocation=(), payment=()")
        .body(Body::from(html))
        .expect("the parts of the answer are valid")
}

/// A key of which only the ends can be read.
pub(super) fn masked(key: &str) -> String {
    let characters: Vec<char> = key.chars().collect();
    match characters.as_slice() {
        [a, b, c, d, .., y, z] if characters.len() >= 16 => format!("{a}{b}{c}{d}…{y}{z}"),
        _ => "••••••••".to_owned(),
    }
}

/// A number in groups of four.
pub(super) fn grouped(number: &str) -> String {
    let digits: Vec<char> = number.chars().collect();
    let groups: Vec<String> = digits.chunks(4).map(|it| it.iter().collect()).collect();
    groups.join(" ")
}

/// What a clock is ahead, in words.
pub(super) fn ahead(ms: i64) -> String {
    let minutes = ms / 60_000;
    let parts = [(minutes / 1440, "d"), (minutes / 60 % 24, "h"), (minutes % 60, "min")];
    let words: Vec<String> =
        parts.into_iter().filter(|(n, _)| *n > 0).map(|(n, unit)| format!("{n} {unit}")).collect();
    if words.is_empty() { "not moved".to_owned() } else { format!("{} ahead", words.join(" ")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_masked_key_has_its_ends_only_if_that_leaves_enough() {
        assert_eq!(masked("abcdefghijklmnop"), "abcd…op");
        assert_eq!(masked("abcdefghijklmno"), "••••••••");
        assert_eq!(masked(""), "••••••••");
    }

    #[test]
    fn what_a_clock_is_ahead_is_said_in_days_hours_and_minutes() {
        assert_eq!(ahead(0), "not moved");
        assert_eq!(ahead(90 * 60_000), "1 h 30 min ahead");
        assert_eq!(ahead(8 * 24 * 60 * 60_000), "8 d ahead");
    }

    #[test]
    fn numbers_are_read_in_groups() {
        assert_eq!(grouped("4111111111111111"), "4111 1111 1111 1111");
        assert_eq!(grouped("378282246310005"), "3782 8224 6310 005");
    }
}
