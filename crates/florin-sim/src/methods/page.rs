//! The page of a provider: the payer chooses how the payment ends, and goes back to the shop.
//!
//! Works without scripts, and has none.

use std::sync::Arc;

use askama::Template;
use aws_lc_rs::constant_time::verify_slices_are_equal;
use axum::Form;
use axum::extract::rejection::FormRejection;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use iso_currency::Currency;
use serde::Deserialize;

use super::change;
use super::payments::Payment;
use super::result::tell;
use super::table::{ISSUERS, Scenario};
use super::words::{Words, words};
use crate::page::{self, STYLE, accepted, html};
use crate::shared::{Shared, lock};

/// Most digits of a balance.
const BALANCE_DIGITS_MAX: usize = 12;

/// What the page's own form brings.
#[derive(Deserialize)]
pub(crate) struct Chosen {
    #[serde(default)]
    form: String,
    #[serde(default)]
    scenario: String,
    #[serde(default)]
    issuer: String,
    #[serde(default)]
    balance: String,
}

#[derive(Template)]
#[template(path = "provider.html")]
struct ProviderPage<'a> {
    style: &'a str,
    words: &'a Words,
    method: &'a str,
    shop: &'a str,
    amount: String,
    description: &'a str,
    /// Where to transfer the money: names and values. Empty where nothing is transferred.
    account: Vec<(&'static str, String)>,
    /// Values of the form, and what payers read.
    scenarios: Vec<(&'static str, &'static str)>,
    /// Empty where there is nothing to choose.
    issuers: &'a [(&'static str, &'static str)],
    /// The bank that the shop's order names.
    issuer: Option<&'static str>,
    /// What stands in the field of a gift card's balance; none where there is no such field.
    balance: Option<i64>,
    form: &'a str,
    id: &'a str,
}

/// Shows what can be chosen.
pub(crate) async fn show(
    State(shared): State<Arc<Shared>>,
    Path(id): Path<String>,
    headers: HeaderMap,
) -> Response {
    let payment = lock(&shared.payments).get(&id).cloned();
    let Some(payment) = payment else { return unknown(&headers) };
    let Some(row) = payment.wanted.row() else { return unknown(&headers) };
    if !payment.waits() {
        return back(&payment);
    }
    let known = |code: &str| ISSUERS.iter().find(|(known, _)| *known == code);
    let issuer = payment.wanted.issuer.as_deref().and_then(known).filter(|_| row.has_issuers);
    let words = words(&payment.wanted.locale);
    let page = ProviderPage {
        style: STYLE,
        words,
        method: &payment.wanted.method_name,
        shop: &payment.wanted.shop,
        amount: amount(&payment),
        description: &payment.wanted.description,
        account: destination(&payment, words),
        scenarios: row
            .family
            .scenarios()
            .iter()
            .map(|it| (it.value(), words.scenario(*it)))
            .collect(),
        issuers: if row.has_issuers && issuer.is_none() { &ISSUERS } else { &[] },
        issuer: issuer.map(|(_, name)| *name),
        balance: row.family.has_balance().then_some(payment.wanted.amount / 2),
        form: &payment.form,
        id: &payment.id,
    };
    html(StatusCode::OK, page.render())
}

/// Takes the payer's choice, tells the gateway, and sends the browser back.
pub(crate) async fn choose(
    State(shared): State<Arc<Shared>>,
    Path(id): Path<String>,
    headers: HeaderMap,
    form: Result<Form<Chosen>, FormRejection>,
) -> Response {
    let payment = lock(&shared.payments).get(&id).cloned();
    let Some(payment) = payment else { return unknown(&headers) };
    let words = words(&payment.wanted.locale);
    let refused = |status, text| notice(status, words, words.refused_title, text);
    let Ok(Form(chosen)) = form else {
        return refused(StatusCode::BAD_REQUEST, words.form_wrong);
    };
    let ours = verify_slices_are_equal(chosen.form.as_bytes(), payment.form.as_bytes()).is_ok();
    let site = headers.get("sec-fetch-site").map(header::HeaderValue::as_bytes);
    if !ours || !matches!(site, None | Some(b"same-origin" | b"none")) {
        return refused(StatusCode::FORBIDDEN, words.form_wrong);
    }
    let Some(row) = payment.wanted.row() else { return unknown(&headers) };
    let scenarios = row.family.scenarios().iter();
    let scenario = scenarios.copied().find(|it| it.value() == chosen.scenario);
    let Some(scenario) = scenario else {
        return refused(StatusCode::BAD_REQUEST, words.form_wrong);
    };
    let typed = match scenario {
        Scenario::TypedBalance => match typed(&chosen.balance) {
            Some(balance) => Some(balance),
            None => return refused(StatusCode::UNPROCESSABLE_ENTITY, words.balance_wrong),
        },
        _ => None,
    };
    let of_bank = |(code, _): &&(&str, &str)| row.has_issuers && *code == chosen.issuer;
    let issuer = ISSUERS.iter().find(of_bank).map(|(code, _)| (*code).to_owned());
    let chosen = {
        let mut payments = lock(&shared.payments);
        let record = payments.choice(&id, scenario, issuer, typed);
        if let Some(record) = record {
            change(&shared, &mut payments, record);
            payments.get(&id).cloned()
        } else {
            None
        }
    };
    // Of two that were sent at once one counts.
    let Some(payment) = chosen else { return back(&payment) };
    shared.journal.flush();
    // A browser that leaves now must not stop the result half way.
    let told = {
        let (shared, payment) = (shared.clone(), payment.clone());
        tokio::spawn(async move { tell(&shared, &payment).await })
    };
    let _ = told.await;
    back(&payment)
}

fn back(payment: &Payment) -> Response {
    let headers = [
        (header::LOCATION, payment.wanted.return_url.as_str()),
        (header::CACHE_CONTROL, "no-store"),
        (header::REFERRER_POLICY, "no-referrer"),
    ];
    (StatusCode::SEE_OTHER, headers).into_response()
}

/// Nobody knows whose payment it is, so the browser says which language is read.
fn unknown(headers: &HeaderMap) -> Response {
    let words = words(accepted(headers));
    notice(StatusCode::NOT_FOUND, words, words.unknown_title, words.unknown_text)
}

fn notice(status: StatusCode, words: &Words, heading: &str, text: &str) -> Response {
    page::notice(status, words.language, words.provider, heading, text)
}

/// What the payer of a transfer has to know.
fn destination(payment: &Payment, words: &Words) -> Vec<(&'static str, String)> {
    let mut facts = payment.account();
    let names = [
        (words.account, "destination_holder_iban"),
        (words.holder, "destination_holder_name"),
        (words.reference, "reference"),
    ];
    names.into_iter().filter_map(|(name, fact)| Some((name, facts.remove(fact)?))).collect()
}

/// The balance that a payer typed, in minor units.
fn typed(text: &str) -> Option<i64> {
    let text = text.trim();
    let digits = (1..=BALANCE_DIGITS_MAX).contains(&text.len());
    let plain = digits && text.bytes().all(|it| it.is_ascii_digit());
    if plain { text.parse().ok() } else { None }
}

/// What is paid, with the decimals of the currency, in the way of the payer's locale.
fn amount(payment: &Payment) -> String {
    let wanted = &payment.wanted;
    let currency = Currency::from_code(&wanted.currency);
    let decimals = currency.and_then(Currency::exponent).map_or(2, usize::from);
    page::amount(&wanted.locale, &wanted.currency, &wanted.amount.to_string(), decimals)
}
