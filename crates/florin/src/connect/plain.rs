//! The pages as plain HTML: everything that a payer needs, in English, without a script.

use askama::Template;
use axum::body::Body;
use axum::http::{Response, StatusCode, header};

use super::view::{
    CardPageView, ClosePageView, EndKind, EndPageView, Fault, Field, FormError, WayBackTo,
};

#[derive(Template)]
#[template(
    ext = "html",
    source = r#"<!doctype html>
<html lang="{{ lang }}"><head><meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{{ view.shop.name }}</title></head><body><main>
{% if view.test_mode %}<p>Test: no money moves.</p>{% endif %}
<h1>{{ view.shop.name }}</h1><p>{{ view.shop.city }} {{ view.shop.country }}</p>
<p>{{ amount }}</p><p>{{ view.description }}</p>
{% for line in view.cart %}<p>{{ line.quantity }} × {{ line.name }}</p>{% endfor %}
<nav>{% for link in view.languages %}<a href="{{ link.href }}" hreflang="{{ link.code }}">{{ link.code }}</a> {% endfor %}</nav>
{% for error in errors %}<p role="alert">{{ error }}</p>{% endfor %}
<form method="post" action="{{ view.cancel_action }}">
<input type="hidden" name="csrf" value="{{ view.csrf }}">
<input type="hidden" name="form_number" value="{{ view.form_number }}">
<button>Cancel</button></form>
<form method="post" action="{{ view.form_action }}">
<input type="hidden" name="csrf" value="{{ view.csrf }}">
<input type="hidden" name="form_number" value="{{ view.form_number }}">
<p><label>Card number <input name="card_number" inputmode="numeric" autocomplete="cc-number"></label></p>
<p><label>Name on card <input name="card_holder_name" autocomplete="cc-name" value="{{ holder }}"></label></p>
<p><label>Expiry (MM/YY) <input name="card_expiry" inputmode="numeric" autocomplete="cc-exp"></label></p>
<p><label>Security code <input name="card_cvc" inputmode="numeric" autocomplete="cc-csc"></label></p>
<button>Pay {{ amount }}</button></form>
</main></body></html>
"#
)]
struct CardPage<'a> {
    view: &'a CardPageView,
    lang: String,
    amount: String,
    holder: &'a str,
    errors: Vec<&'static str>,
}

#[derive(Template)]
#[template(
    ext = "html",
    source = r#"<!doctype html>
<html lang="{{ lang }}"><head><meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
{% if let Some(refresh) = refresh %}<meta http-equiv="refresh" content="{{ refresh }}">{% endif %}
<title>{{ title }}</title></head><body><main><h1>{{ title }}</h1>
{% if let Some(shop) = shop %}<p>{{ shop }}</p>{% endif %}
{% if let Some((href, text)) = link %}<p><a href="{{ href }}">{{ text }}</a></p>{% endif %}
</main></body></html>
"#
)]
struct EndPage<'a> {
    lang: String,
    title: &'static str,
    shop: Option<&'a str>,
    link: Option<(&'a str, &'static str)>,
    refresh: Option<String>,
}

/// How often a waiting page looks again.
const WAIT_SECONDS: &str = "2";

/// The page with the card form. `secure` is true where the gateway is reached by https.
pub(super) fn card_page(view: &CardPageView, status: StatusCode, secure: bool) -> Response<Body> {
    let page = CardPage {
        lang: language(&view.locale),
        amount: format!("{} {}", view.amount.to_major(), view.amount.currency.code()),
        holder: view.holder.as_deref().unwrap_or_default(),
        errors: errors(view.error.as_ref()),
        view,
    };
    answer(&page, status, secure && !view.leads_to_http)
}

/// A page where the journey ends or rests.
pub(super) fn end_page(view: &EndPageView, status: StatusCode, secure: bool) -> Response<Body> {
    let title = match view.kind {
        EndKind::Expired => "This link has expired",
        EndKind::Cancelled => "This order was cancelled",
        EndKind::GivenUp => "You have not paid",
        EndKind::Paid => "Payment received",
        EndKind::PaidElsewhere => "This order was paid already",
        EndKind::Declined => "The payment was declined",
        EndKind::TooManyOpenings => "This link was opened too often",
        EndKind::Unknown => "This link is not valid",
        EndKind::FormRefused => "Please open the page again",
        EndKind::Waiting => "Your payment is being processed",
        EndKind::Trouble => "Something went wrong; nothing was charged",
    };
    let link = view.way_back.as_ref().map(|way_back| {
        let text = match way_back.to {
            WayBackTo::Shop => "Back to the shop",
            WayBackTo::Form => "Try again",
        };
        (way_back.href.as_str(), text)
    });
    let page = EndPage {
        lang: language(&view.locale),
        title,
        shop: view.shop.as_ref().map(|shop| shop.name.as_str()),
        link,
        refresh: (view.kind == EndKind::Waiting).then(|| WAIT_SECONDS.to_owned()),
    };
    answer(&page, status, secure)
}

/// Leaves for the shop. Without a script no window closes itself.
pub(super) fn close_page(view: &ClosePageView, secure: bool) -> Response<Body> {
    let page = EndPage {
        lang: language(&view.locale),
        title: "Back to the shop",
        shop: None,
        link: Some((&view.target, "Back to the shop")),
        refresh: Some(format!("0; url={}", view.target)),
    };
    answer(&page, StatusCode::OK, secure)
}

fn errors(error: Option<&FormError>) -> Vec<&'static str> {
    match error {
        None => Vec::new(),
        Some(FormError::Declined) => vec!["The payment was declined. Try another card."],
        Some(FormError::NotAuthenticated) => {
            vec!["Your bank did not confirm the payment. Try again or use another card."]
        }
        Some(FormError::Trouble) => vec!["Something went wrong. Nothing was charged."],
        Some(FormError::Fields(faults)) => faults
            .iter()
            .map(|(field, fault)| match (field, fault) {
                (Field::Number, Fault::BrandNotAccepted) => "This card is not accepted here.",
                (Field::Number, _) => "Check the card number.",
                (Field::Holder, _) => "Enter the name on the card.",
                (Field::Expiry, Fault::Expired) => "This card has expired.",
                (Field::Expiry, _) => "Check the expiry date.",
                (Field::Cvc, _) => "Check the security code.",
                (Field::StoredCard, _) => "Choose a card.",
            })
            .collect(),
    }
}

fn language(locale: &str) -> String {
    let language = locale.get(..2).filter(|it| it.bytes().all(|byte| byte.is_ascii_alphabetic()));
    language.unwrap_or("en").to_ascii_lowercase()
}

fn answer(page: &dyn askama::DynTemplate, status: StatusCode, https_only: bool) -> Response<Body> {
    // A form leads on to the issuer and to the shop, which browsers count as one submission.
    let forms = if https_only { "'self' https:" } else { "'self' https: http:" };
    let policy =
        format!("default-src 'none'; form-action {forms}; frame-ancestors 'none'; base-uri 'none'");
    let html = page.dyn_render().expect("a page of texts can be rendered");
    Response::builder()
        .status(status)
        .header(header::CONTENT_TYPE, "text/html; charset=utf-8")
        .header(header::CACHE_CONTROL, "no-store")
        .header(header::CONTENT_SECURITY_POLICY, policy)
        .header(header::REFERRER_POLICY, "no-referrer")
        .header(header::X_CONTENT_TYPE_OPTIONS, "nosniff")
        .header("permissions-policy", "camera=(), microphone=(), geolocation=(), usb=()")
        .body(Body::from(html))
        .expect("the parts of the answer are valid")
}
