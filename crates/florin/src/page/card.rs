//! The page with the card form.

use askama::Template;
use axum::body::Body;
use axum::http::{Response, StatusCode};
use florin_core::money::Money;
use florin_locale::{decimal, fill};

use super::amount::amount;
use super::assets::{Asset, SCRIPT};
use super::headers::{Needs, Surroundings};
use super::marks::{Mark, mark, name};
use super::parts::Parts;
use super::step::{Head, Top};
use super::words::{Words, words, words_in};
use super::{colours, end};
use crate::connect::view::{
    CardPageView, CartLine, Fault, Field, FormError, StoredCardView, StoredFor,
};

/// Hidden fields that the script fills in for 3-D Secure; their names begin with `browser_`.
const BROWSER_FIELDS: [(&str, &str); 7] = [
    ("javascript", "0"),
    ("java", ""),
    ("language", ""),
    ("color_depth", ""),
    ("screen_width", ""),
    ("screen_height", ""),
    ("time_zone", ""),
];

/// A date that is good for long, as an example of how one is written.
const EXAMPLE_DATE: &str = "08/31";

#[derive(Template)]
#[template(path = "page/card.html")]
struct Page<'a> {
    head: Head,
    view: &'a CardPageView,
    top: Top,
    /// Whether the summary stands beside the form where there is room.
    two: bool,
    about: &'a str,
    lines: Vec<Line>,
    /// Under the cart: what it costs.
    total: String,
    parts: Option<Parts>,
    notice: Option<Notice>,
    browser_fields: &'static [(&'static str, &'static str)],
    saved: Vec<Saved>,
    new_chosen: bool,
    marks: Vec<Mark>,
    brand_codes: String,
    brand_names: String,
    brand_refused: String,
    expiry_wrong: String,
    typed_holder: &'a str,
    number: Told,
    holder: Told,
    expiry: Told,
    cvc: Told,
    consent: String,
    pay_button: String,
    shows_cancel: bool,
    other_methods: Option<(&'a str, &'static str)>,
    languages: Vec<Language<'a>>,
    script: &'static Asset,
}

/// A line of the cart in words.
struct Line {
    name: String,
    /// `2 × €8.26 + VAT 21%`
    reckoning: String,
    total: String,
}

/// Why the form is here again, above it.
struct Notice {
    title: &'static str,
    text: &'static str,
    /// Field and what is wrong with it.
    faults: Vec<(&'static str, String)>,
}

/// What is wrong with a field, beside it.
struct Told {
    invalid: bool,
    text: String,
}

struct Saved {
    id: String,
    mark: &'static str,
    text: String,
    expires: String,
    asks_cvc: bool,
    /// How many digits the code has.
    cvc_digits: usize,
    chosen: bool,
}

struct Language<'a> {
    code: &'static str,
    name: &'static str,
    href: &'a str,
    current: bool,
}

/// The page with the card form. `status` is the answer's.
pub fn card_page(view: &CardPageView, status: StatusCode, around: &Surroundings) -> Response<Body> {
    let site_style = colours::style(&view.shop.colours);
    let page = page(view, site_style.clone());
    let html = page.render().expect("a page of texts can be rendered");
    let needs = Needs {
        script_file: true,
        style: &site_style,
        image: page.top.logo.as_deref(),
        leads_to_http: view.leads_to_http,
        ..Needs::default()
    };
    needs.answer(status, around, html)
}

fn page(view: &CardPageView, site_style: String) -> Page<'_> {
    let words = words(&view.locale);
    let due = amount(&view.locale, view.amount);
    let parts = Parts::of(&view.paid, &due, &view.locale);
    let total = parts.as_ref().map_or_else(|| due.clone(), |parts| parts.total.clone());
    let pay_button = fill(words.pay_button, "amount", &due);
    let hides = |name: &str| view.shop.hidden.iter().any(|it| it == name);
    let marks: Vec<Mark> = view.brands.iter().filter_map(|it| mark(*it)).collect();
    let brand_names = join(&marks, ", ", |it| it.name);
    let faults: &[(Field, Fault)] = match &view.error {
        Some(FormError::Fields(faults)) => faults,
        _ => &[],
    };
    let told = |field: Field| {
        let fault = faults.iter().find(|(it, _)| *it == field).map(|(_, fault)| *fault);
        let text = fault.map(|fault| fault_text(words, field, fault, &brand_names));
        Told { invalid: fault.is_some(), text: text.unwrap_or_default() }
    };
    let new_chosen = !view.stored_cards.iter().any(|card| card.chosen);
    let title = if view.shop.name.is_empty() {
        pay_button.clone()
    } else {
        format!("{pay_button} · {}", view.shop.name)
    };
    Page {
        head: Head { site_style, test_mode: view.test_mode, ..Head::new(words, title) },
        view,
        top: Top { amount: due, ..end::top(&view.shop) },
        total,
        parts,
        two: !view.cart.is_empty(),
        about: view.description.trim(),
        lines: view.cart.iter().map(|it| line(words, view, it)).collect(),
        notice: view.error.as_ref().map(|it| notice(words, view, it, &brand_names)),
        browser_fields: if view.browser_fields { &BROWSER_FIELDS } else { &[] },
        saved: saved(words, &view.stored_cards),
        new_chosen,
        brand_codes: join(&marks, " ", |it| it.code),
        brand_refused: fill(words.brand_refused, "brands", &brand_names),
        brand_names: brand_names.clone(),
        marks: if hides("hide_cc_logos") { Vec::new() } else { marks },
        expiry_wrong: fill(words.expiry_wrong, "example", EXAMPLE_DATE),
        typed_holder: view.holder.as_deref().unwrap_or_default(),
        number: told(Field::Number),
        holder: told(Field::Holder),
        expiry: told(Field::Expiry),
        cvc: told(Field::Cvc),
        consent: consent(words, view),
        pay_button,
        shows_cancel: !hides("hide_btn_cancel"),
        other_methods: view
            .other_methods
            .as_deref()
            .map(|href| (href, super::words::other_methods(words.language))),
        languages: if hides("hide_flags") { Vec::new() } else { languages(view) },
        script: &SCRIPT,
    }
}

fn join<'a>(marks: &'a [Mark], between: &str, text: impl Fn(&'a Mark) -> &'static str) -> String {
    marks.iter().map(text).collect::<Vec<_>>().join(between)
}

fn line(words: &Words, view: &CardPageView, line: &CartLine) -> Line {
    let locale = &view.locale;
    // A price per piece may have more decimals than the currency has.
    let price = match Money::parse_major(&line.unit_price, view.amount.currency) {
        Ok(money) => amount(locale, money),
        Err(_) => decimal(locale, &line.unit_price),
    };
    let mut reckoning = format!("{} × {price}", decimal(locale, &line.quantity));
    if let Some(percent) = &line.tax_percent {
        reckoning += &format!(" + {} {}%", words.vat, decimal(locale, percent));
    }
    Line {
        name: line.name.clone(),
        reckoning,
        total: line.total.map(|it| amount(locale, it)).unwrap_or_default(),
    }
}

fn notice(words: &Words, view: &CardPageView, error: &FormError, brands: &str) -> Notice {
    let (title, text) = match error {
        FormError::Declined => (words.declined_title, words.declined_text),
        FormError::NotAuthenticated => (words.unpaid_title, words.not_authenticated_text),
        FormError::Trouble => (words.trouble_title, words.trouble_text),
        FormError::Fields(_) => (words.check_title, ""),
    };
    let faults = match error {
        FormError::Fields(faults) => faults
            .iter()
            .map(|(field, fault)| {
                // Where no stored card is left to choose, one has to be typed.
                let gone = *field == Field::StoredCard && view.stored_cards.is_empty();
                let at = if gone { Field::Number } else { *field };
                (id(at), fault_text(words, *field, *fault, brands))
            })
            .collect(),
        _ => Vec::new(),
    };
    Notice { title, text, faults }
}

/// The `id` of a field's input.
fn id(field: Field) -> &'static str {
    match field {
        Field::Number => "card_number",
        Field::Holder => "card_holder_name",
        Field::Expiry => "card_expiry",
        Field::Cvc => "card_cvc",
        Field::StoredCard => "stored_card",
    }
}

fn fault_text(words: &Words, field: Field, fault: Fault, brands: &str) -> String {
    match (field, fault) {
        (Field::Number, Fault::Missing) => words.number_missing.to_owned(),
        (Field::Number, Fault::BrandNotAccepted) => fill(words.brand_refused, "brands", brands),
        (Field::Number, _) => words.number_wrong.to_owned(),
        (Field::Holder, _) => words.holder_missing.to_owned(),
        (Field::Expiry, Fault::Missing) => words.expiry_missing.to_owned(),
        (Field::Expiry, Fault::Expired) => words.card_expired.to_owned(),
        (Field::Expiry, _) => fill(words.expiry_wrong, "example", EXAMPLE_DATE),
        (Field::Cvc, Fault::Missing) => words.cvc_missing.to_owned(),
        (Field::Cvc, _) => words.cvc_wrong.to_owned(),
        (Field::StoredCard, Fault::Expired) => words.card_expired.to_owned(),
        (Field::StoredCard, _) => words.choose_card.to_owned(),
    }
}

fn saved(words: &Words, cards: &[StoredCardView]) -> Vec<Saved> {
    let saved = |card: &StoredCardView| {
        let text = fill(words.card_ending, "brand", name(card.brand));
        let date = match (card.expiry.get(2..4), card.expiry.get(..2)) {
            (Some(month), Some(year)) => format!("{month}/{year}"),
            _ => card.expiry.clone(),
        };
        Saved {
            id: card.id.clone(),
            mark: mark(card.brand).map_or("", |it| it.svg),
            text: fill(&text, "last4", &card.last4),
            expires: fill(words.expires, "date", &date),
            asks_cvc: card.asks_cvc,
            cvc_digits: card.brand.cvc_digits(),
            chosen: card.chosen,
        }
    };
    cards.iter().map(saved).collect()
}

fn consent(words: &Words, view: &CardPageView) -> String {
    let text = match view.stores_card {
        None => return String::new(),
        Some(StoredFor::CardOnFile) => words.stores_card_on_file,
        Some(StoredFor::Subscription) => words.stores_subscription,
        Some(StoredFor::Unscheduled) => words.stores_unscheduled,
    };
    fill(text, "shop", &view.shop.name)
}

fn languages(view: &CardPageView) -> Vec<Language<'_>> {
    let links = view.languages.iter().map(|it| {
        let (code, name) = (it.language.code(), words_in(it.language).name);
        Language { code, name, href: &it.href, current: it.current }
    });
    links.collect()
}
