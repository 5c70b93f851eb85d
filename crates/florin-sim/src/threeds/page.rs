//! The challenge as the payer sees it: one page with a list of outcomes, one that goes back.
//!
//! Works without scripts. The only script, on the way back, submits the form that the payer could
//! submit as well. Speaks the language that the AReq says the payer reads.

use std::sync::Arc;

use askama::Template;
use axum::Form;
use axum::extract::State;
use axum::extract::rejection::FormRejection;
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use emv3ds::{Creq, Cres, TransStatus};
use iso_currency::Currency;
use serde::Deserialize;

use crate::cards;
use crate::journal::Record;
use crate::limits::SESSION_DATA_MAX;
use crate::page::{self, STYLE, SUBMIT_SCRIPT, accepted, html};
use crate::shared::{Shared, lock};

use super::challenge::{Answering, Challenge, ChallengeRecord, Choice, OPTIONS, Purchase};
use super::words::{Words, words};
use super::{issuer, result};

/// Path of the page, which is the `acsURL`.
pub(crate) const PATH: &str = "/acs/challenge";
/// Path that its form goes to.
pub(crate) const CONFIRM_PATH: &str = "/acs/challenge/confirm";

/// What the gateway's form brings (EMV 3DS, challenge request).
#[derive(Deserialize)]
pub(crate) struct ChallengeForm {
    creq: String,
    #[serde(rename = "threeDSSessionData", default)]
    session_data: String,
}

/// What the page's own form brings.
#[derive(Deserialize)]
pub(crate) struct ConfirmForm {
    #[serde(rename = "acsTransID")]
    acs_trans_id: String,
    #[serde(rename = "threeDSSessionData", default)]
    session_data: String,
    outcome: String,
}

#[derive(Template)]
#[template(path = "challenge.html")]
struct ChallengePage<'a> {
    style: &'a str,
    words: &'a Words,
    brand: &'a str,
    shop: &'a str,
    amount: Option<String>,
    card: String,
    options: &'a [(Choice, &'a str)],
    acs_trans_id: &'a str,
    session_data: &'a str,
}

#[derive(Template)]
#[template(path = "return.html")]
struct ReturnPage<'a> {
    style: &'a str,
    words: &'a Words,
    script: Option<&'a str>,
    heading: &'a str,
    text: &'a str,
    notification_url: &'a str,
    cres: String,
    session_data: &'a str,
}

/// Shows the challenge that a CReq names.
pub(crate) async fn show(
    State(shared): State<Arc<Shared>>,
    headers: HeaderMap,
    form: Result<Form<ChallengeForm>, FormRejection>,
) -> Response {
    let Ok(Form(form)) = form else { return unreadable(&headers) };
    let Ok(creq) = Creq::from_form_value(&form.creq) else { return unreadable(&headers) };
    if form.session_data.len() > SESSION_DATA_MAX {
        return unreadable(&headers);
    }
    let challenge = lock(&shared.challenges).get(&creq.acs_trans_id).cloned();
    let fits = |challenge: &Challenge| {
        challenge.three_ds_server_trans_id == creq.three_ds_server_trans_id
            && challenge.version() == creq.message_version
    };
    let Some(challenge) = challenge.filter(fits) else { return unknown(accepted(&headers)) };
    shared.transcript.json(&challenge.merchant, shared.now(), "browser to ACS", &creq.to_json());
    if challenge.told {
        return answered_before(&challenge, &form.session_data);
    }
    if has_expired(&shared, &challenge) {
        return expired(&challenge);
    }
    let Some(card) = cards::by_id(&challenge.card) else {
        return unknown(&challenge.language);
    };
    let page = ChallengePage {
        style: STYLE,
        words: words(&challenge.language),
        brand: card.brand.name(),
        shop: &challenge.merchant_name,
        amount: challenge.purchase.as_ref().map(|it| amount(&challenge.language, it)),
        card: format!("•••• {}", card.last4()),
        options: &OPTIONS,
        acs_trans_id: &challenge.acs_trans_id,
        session_data: &form.session_data,
    };
    html(StatusCode::OK, page.render())
}

/// Takes the payer's choice, tells the 3DS Server, and sends the browser back.
pub(crate) async fn confirm(
    State(shared): State<Arc<Shared>>,
    headers: HeaderMap,
    form: Result<Form<ConfirmForm>, FormRejection>,
) -> Response {
    let Ok(Form(form)) = form else { return unreadable(&headers) };
    let Some(choice) = Choice::parse(&form.outcome) else { return unreadable(&headers) };
    if form.session_data.len() > SESSION_DATA_MAX {
        return unreadable(&headers);
    }
    let answering = {
        let mut challenges = lock(&shared.challenges);
        let open = challenges.get(&form.acs_trans_id);
        if let Some(open) = open.filter(|it| it.answer.is_none() && has_expired(&shared, it)) {
            return expired(open);
        }
        let answering = challenges.answer(&form.acs_trans_id, choice);
        if let Answering::Tell(Challenge { acs_trans_id, answer: Some(answer), .. }) = &answering {
            let (acs_trans_id, answer) = (acs_trans_id.clone(), *answer);
            let record = ChallengeRecord::Answered { acs_trans_id, answer };
            shared.journal.append(&Record::Challenge(record));
        }
        answering
    };
    shared.journal.flush();
    match answering {
        Answering::Unknown => unknown(accepted(&headers)),
        Answering::Before(challenge) => answered_before(&challenge, &form.session_data),
        Answering::Tell(challenge) => {
            // A browser that leaves now must not stop the result half way.
            let (shared, session_data) = (shared.clone(), form.session_data);
            let task =
                tokio::spawn(async move { finish(&shared, &challenge, &session_data).await });
            task.await.unwrap_or_else(|_| unknown(accepted(&headers)))
        }
    }
}

async fn finish(shared: &Shared, challenge: &Challenge, session_data: &str) -> Response {
    let (Some(card), Some(choice)) = (cards::by_id(&challenge.card), challenge.answer) else {
        return unknown(&challenge.language);
    };
    let rreq = issuer::result(card, challenge, choice);
    let told = result::tell(shared, challenge, &rreq).await;
    {
        let acs_trans_id = challenge.acs_trans_id.clone();
        let mut challenges = lock(&shared.challenges);
        challenges.telling_ended(&acs_trans_id, told);
        if told {
            let record = ChallengeRecord::Told { acs_trans_id };
            shared.journal.append(&Record::Challenge(record));
        }
    }
    shared.journal.flush();
    let words = words(&challenge.language);
    let (heading, text) = (words.thanks_title, words.thanks_text);
    back(challenge, session_data, Some(SUBMIT_SCRIPT), heading, text)
}

fn answered_before(challenge: &Challenge, session_data: &str) -> Response {
    let words = words(&challenge.language);
    back(challenge, session_data, None, words.answered_title, words.answered_text)
}

/// The page that brings the CRes to the gateway. It says only that the browser is back.
fn back(
    challenge: &Challenge,
    session_data: &str,
    script: Option<&str>,
    heading: &str,
    text: &str,
) -> Response {
    let card = cards::by_id(&challenge.card);
    let status = match (challenge.answer, card) {
        (Some(choice), Some(card)) => issuer::result(card, challenge, choice).trans_status,
        _ => None,
    };
    let authenticated = matches!(status, Some(TransStatus::Y | TransStatus::A));
    let cres = Cres {
        message_version: challenge.version(),
        three_ds_server_trans_id: challenge.three_ds_server_trans_id.clone(),
        acs_trans_id: challenge.acs_trans_id.clone(),
        trans_status: Some(if authenticated { TransStatus::Y } else { TransStatus::N }),
        ..Cres::default()
    };
    let page = ReturnPage {
        style: STYLE,
        words: words(&challenge.language),
        script,
        heading,
        text,
        notification_url: &challenge.notification_url,
        cres: cres.to_form_value(),
        session_data,
    };
    html(StatusCode::OK, page.render())
}

fn has_expired(shared: &Shared, challenge: &Challenge) -> bool {
    let age_ms = shared.now().unix_millis() - challenge.opened_at;
    u128::try_from(age_ms).is_ok_and(|age_ms| age_ms > shared.challenge_life.as_millis())
}

/// Of what cannot be read nothing is known, so the browser says which language is.
fn unreadable(headers: &HeaderMap) -> Response {
    let words = words(accepted(headers));
    notice(StatusCode::BAD_REQUEST, words, words.refused_title, words.refused_text)
}

fn unknown(language: &str) -> Response {
    let words = words(language);
    notice(StatusCode::NOT_FOUND, words, words.unknown_title, words.unknown_text)
}

fn expired(challenge: &Challenge) -> Response {
    let words = words(&challenge.language);
    notice(StatusCode::GONE, words, words.expired_title, words.expired_text)
}

fn notice(status: StatusCode, words: &Words, heading: &str, text: &str) -> Response {
    page::notice(status, words.language, words.bank, heading, text)
}

/// What is paid, with as many decimals as the exponent says.
fn amount(language: &str, purchase: &Purchase) -> String {
    let numeric = purchase.currency.parse().ok();
    let currency = numeric.and_then(Currency::from_numeric).map_or("???", |known| known.code());
    page::amount(language, currency, &purchase.amount, purchase.exponent.parse().unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_have_the_currency_and_the_decimals_that_the_areq_says() {
        let text = |amount_text: &str, currency: &str, exponent: &str| {
            let own = str::to_owned;
            let purchase = Purchase {
                amount: own(amount_text),
                currency: own(currency),
                exponent: own(exponent),
            };
            amount("nl-NL", &purchase)
        };
        assert_eq!(text("4995", "978", "2"), "€\u{a0}49,95");
        assert_eq!(text("1500", "392", "0"), "JP¥\u{a0}1.500");
        assert_eq!(text("12345", "414", "3"), "KWD\u{a0}12,345");
    }

    #[test]
    fn the_options_are_those_of_the_published_list() {
        let list: serde_json::Value =
            serde_json::from_str(include_str!("../../testdata/test-cards.json")).unwrap();
        let published: Vec<(&str, &str)> = list["options"]
            .as_array()
            .unwrap()
            .iter()
            .map(|option| (option["value"].as_str().unwrap(), option["label"].as_str().unwrap()))
            .collect();
        let shown: Vec<(&str, &str)> =
            OPTIONS.iter().map(|(it, value)| (*value, words("en").choice(*it))).collect();
        assert_eq!(shown, published);
    }
}
