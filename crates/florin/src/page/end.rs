//! Where the journey ends or rests, and the page that leaves for the shop.

use axum::body::Body;
use axum::http::{Response, StatusCode};

use super::headers::Surroundings;
use super::step::{CLOSE, Sign, Step, Top};
use super::words::{Words, words};
use crate::connect::view::{ClosePageView, EndKind, EndPageView, Shop, WayBack, WayBackTo};

/// How often a waiting page looks again.
const WAIT_SECONDS: &str = "2";

/// A page where the journey ends or rests. `status` is the answer's.
pub fn end_page(view: &EndPageView, status: StatusCode, around: &Surroundings) -> Response<Body> {
    let words = words(&view.locale);
    let (heading, message) = text(words, view.kind);
    let link = |it: &WayBack| {
        let text = match it.to {
            WayBackTo::Shop => words.back_to_shop,
            WayBackTo::Form => words.try_again,
        };
        (it.href.clone(), text)
    };
    Step {
        top: view.shop.as_ref().map(top),
        links: view.ways_back.iter().map(link).collect(),
        refresh: (view.kind == EndKind::Waiting).then(|| WAIT_SECONDS.to_owned()),
        sign: match view.kind {
            EndKind::Paid | EndKind::PaidElsewhere => Sign::Good,
            EndKind::Waiting => Sign::Busy,
            _ => Sign::Neutral,
        },
        test_mode: view.test_mode,
        colours: view.shop.as_ref().map(|it| it.colours.clone()).unwrap_or_default(),
        ..Step::new(words, heading, message)
    }
    .answer(status, around)
}

/// Leaves for the shop: a window that the shop's script opened closes itself, any other one goes
/// there, without scripts after three seconds.
pub fn close_page(view: &ClosePageView, around: &Surroundings) -> Response<Body> {
    let words = words(&view.locale);
    Step {
        refresh: Some(format!("3; url={}", view.target)),
        links: vec![(view.target.clone(), words.back_to_shop)],
        sign: Sign::Busy,
        script: CLOSE,
        ..Step::new(words, words.wait_title, words.wait_text)
    }
    .answer(StatusCode::OK, around)
}

/// The shop, without an amount.
pub fn top(shop: &Shop) -> Top {
    let place = match (shop.city.as_str(), shop.country.as_str()) {
        ("", country) => country.to_owned(),
        (city, "") => city.to_owned(),
        (city, country) => format!("{city}, {country}"),
    };
    let shows_logo = !shop.hidden.iter().any(|it| it == "hide_logo");
    Top {
        shop: shop.name.clone(),
        place,
        amount: String::new(),
        logo: shop.logo_url.clone().filter(|url| shows_logo && url.starts_with("https://")),
    }
}

fn text(words: &Words, kind: EndKind) -> (&'static str, &'static str) {
    match kind {
        EndKind::Expired => (words.expired_title, words.expired_text),
        EndKind::Cancelled => (words.cancelled_title, words.cancelled_text),
        EndKind::GivenUp => (words.given_up_title, words.given_up_text),
        EndKind::Paid => (words.paid_title, words.paid_text),
        EndKind::PaidElsewhere => (words.elsewhere_title, words.elsewhere_text),
        EndKind::Declined => (words.unpaid_title, words.unpaid_text),
        EndKind::TooManyOpenings => (words.openings_title, words.openings_text),
        EndKind::Unknown => (words.unknown_title, words.unknown_text),
        EndKind::FormRefused => (words.form_refused_title, words.form_refused_text),
        EndKind::Waiting => (words.wait_title, words.wait_text),
        EndKind::Trouble => (words.trouble_title, words.trouble_text),
    }
}
