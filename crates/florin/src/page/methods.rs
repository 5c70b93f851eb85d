//! The page on which a payer chooses among methods that are no cards, or goes on with the one that
//! the shop chose.

use askama::Template;
use axum::body::Body;
use axum::http::{Response, StatusCode};

use super::amount::amount;
use super::headers::{Needs, Surroundings};
use super::parts::Parts;
use super::step::{Head, Top};
use super::words::{Words, other_methods, words};
use super::{colours, end};
use crate::connect::view::{MethodNotice, MethodsPageView};

#[derive(Template)]
#[template(path = "page/methods.html")]
struct Page<'a> {
    head: Head,
    view: &'a MethodsPageView,
    top: Top,
    parts: Option<Parts>,
    heading: &'static str,
    notice: Option<&'static str>,
    shows_cancel: bool,
}

/// The page with the methods. `status` is the answer's.
pub fn methods_page(
    view: &MethodsPageView,
    status: StatusCode,
    around: &Surroundings,
) -> Response<Body> {
    let site_style = colours::style(&view.shop.colours);
    let words = words(&view.locale);
    let heading = match view.methods.as_slice() {
        [only] => only.name,
        _ => other_methods(words.language),
    };
    let top = Top { amount: amount(&view.locale, view.amount), ..end::top(&view.shop) };
    let page = Page {
        head: Head {
            site_style: site_style.clone(),
            test_mode: view.test_mode,
            ..Head::new(words, heading.to_owned())
        },
        view,
        parts: Parts::of(&view.paid, &top.amount, &view.locale),
        heading,
        notice: view.notice.map(|notice| notice_text(words, notice)),
        shows_cancel: !view.shop.hidden.iter().any(|it| it == "hide_btn_cancel"),
        top,
    };
    let html = page.render().expect("a page of texts can be rendered");
    let needs = Needs {
        style: &site_style,
        image: page.top.logo.as_deref(),
        leads_to_http: view.leads_to_http,
        ..Needs::default()
    };
    needs.answer(status, around, html)
}

fn notice_text(words: &Words, notice: MethodNotice) -> &'static str {
    match notice {
        MethodNotice::Declined => words.declined_title,
        MethodNotice::Unpaid => words.unpaid_title,
        MethodNotice::Trouble => words.trouble_title,
    }
}
