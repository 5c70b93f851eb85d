//! The challenge as the payer sees it: one page with a list of outcomes, one that goes back.
//!
//! Works without scripts. The only script, on the way back, submits the form that the payer could
//! submit as well; the page's policy allows it by its hash and nothing else.

use std::sync::{Arc, LazyLock};

use askama::Template;
use aws_lc_rs::digest::{SHA256, digest};
use axum::Form;
use axum::extract::State;
use axum::extract::rejection::FormRejection;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use emv3ds::{Creq, Cres, TransStatus};
use iso_currency::Currency;
use serde::Deserialize;

use crate::cards;
use crate::journal::Record;
use crate::limits::SESSION_DATA_MAX;
use crate::methods::words::Words;
use crate::shared::{Shared, lock};

use super::challenge::{Answering, Challenge, ChallengeRecord, Choice, OPTIONS, Purchase};
use super::{issuer, result};

/// Path of the page, which is the `acsURL`.
pub(crate) const PATH: &str = "/acs/challenge";
/// Path that its form goes to.
pub(crate) const CONFIRM_PATH: &str = "/acs/challenge/confirm";

/// The style of all pages, and the script of those that go on by themselves.
pub(crate) const STYLE: &str = include_str!("../../templates/style.css");
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
    brand: &'a str,
    shop: &'a str,
    amount: Option<String>,
    card: String,
    options: &'a [(Choice, &'a str, &'a str)],
    acs_trans_id: &'a str,
    session_data: &'a str,
}

#[derive(Template)]
#[template(path = "return.html")]
struct ReturnPage<'a> {
    style: &'a str,
    script: Option<&'a str>,
    heading: &'a str,
    text: &'a str,
    notification_url: &'a str,
    cres: String,
    session_data: &'a str,
}

#[derive(Template)]
#[template(path = "notice.html")]
struct NoticePage<'a> {
    style: &'a str,
    lang: &'a str,
    dir: &'a str,
    /// Whose page it is.
    who: &'a str,
    heading: &'a str,
    text: &'a str,
}

/// Shows the challenge that a CReq names.
pub(crate) async fn show(
    State(shared): State<Arc<Shared>>,
    form: Result<Form<ChallengeForm>, FormRejection>,
) -> Response {
    let Ok(Form(form)) = form else { return unreadable() };
    let Ok(creq) = Creq::from_form_value(&form.creq) else { return unreadable() };
    if form.session_data.len() > SESSION_DATA_MAX {
        return unreadable();
    }
    let challenge = lock(&shared.challenges).get(&creq.acs_trans_id).cloned();
    let fits = |challenge: &Challenge| {
        challenge.three_ds_server_trans_id == creq.three_ds_server_trans_id
            && challenge.version() == creq.message_version
    };
    let Some(challenge) = challenge.filter(fits) else { return unknown() };
    shared.transcript.json(&challenge.merchant, shared.now(), "browser to ACS", &creq.to_json());
    if challenge.told {
        return answered_before(&challenge, &form.session_data);
    }
    if has_expired(&shared, &challenge) {
        return expired();
    }
    let Some(card) = cards::by_id(&challenge.card) else { return unknown() };
    let page = ChallengePage {
        style: STYLE,
        brand: card.brand.name(),
        shop: &challenge.merchant_name,
        amount: challenge.purchase.as_ref().map(amount),
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
    form: Result<Form<ConfirmForm>, FormRejection>,
) -> Response {
    let Ok(Form(form)) = form else { return unreadable() };
    let Some(choice) = Choice::parse(&form.outcome) else { return unreadable() };
    if form.session_data.len() > SESSION_DATA_MAX {
        return unreadable();
    }
    let answering = {
        let mut challenges = lock(&shared.challenges);
        let open = challenges.get(&form.acs_trans_id);
        if open.is_some_and(|open| open.answer.is_none() && has_expired(&shared, open)) {
            return expired();
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
        Answering::Unknown => unknown(),
        Answering::Before(challenge) => answered_before(&challenge, &form.session_data),
        Answering::Tell(challenge) => {
            // A browser that leaves now must not stop the result half way.
            let (shared, session_data) = (shared.clone(), form.session_data);
            let task =
                tokio::spawn(async move { finish(&shared, &challenge, &session_data).await });
            task.await.unwrap_or_else(|_| unknown())
        }
    }
}

async fn finish(shared: &Shared, challenge: &Challenge, session_data: &str) -> Response {
    let (Some(card), Some(choice)) = (cards::by_id(&challenge.card), challenge.answer) else {
        return unknown();
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
    let text = "You are being taken back to the shop.";
    back(challenge, session_data, Some(SUBMIT_SCRIPT), "Thank you", text)
}

fn answered_before(challenge: &Challenge, session_data: &str) -> Response {
    let text = "This payment was already answered; the first answer counts.";
    back(challenge, session_data, None, "Already answered", text)
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

fn unreadable() -> Response {
    let text = "The request does not hold a challenge that can be read.";
    notice(StatusCode::BAD_REQUEST, "This does not work", text)
}

fn unknown() -> Response {
    let text = "There is no such authentication at this test bank. Please go back to the shop.";
    notice(StatusCode::NOT_FOUND, "Not found", text)
}

fn expired() -> Response {
    let text = "The time for this authentication is over. Please go back to the shop.";
    notice(StatusCode::GONE, "Too late", text)
}

/// A page that only says something.
pub(crate) fn notice(status: StatusCode, heading: &str, text: &str) -> Response {
    let (lang, dir, who) = ("en", "ltr", "Test bank");
    html(status, NoticePage { style: STYLE, lang, dir, who, heading, text }.render())
}

/// The same of a provider, in the payer's language.
pub(crate) fn provider_notice(
    status: StatusCode,
    words: &Words,
    heading: &str,
    text: &str,
) -> Response {
    let (lang, dir, who) = (words.code, words.direction(), words.provider);
    html(status, NoticePage { style: STYLE, lang, dir, who, heading, text }.render())
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

/// An amount as people write it: currency, units, and as many decimals as the exponent says.
fn amount(purchase: &Purchase) -> String {
    let numeric = purchase.currency.parse().ok();
    let currency = numeric.and_then(Currency::from_numeric).map_or("???", |known| known.code());
    units(currency, &purchase.amount, purchase.exponent.parse().unwrap_or(0))
}

/// Currency and minor units with so many decimals.
pub(crate) fn units(currency: &str, minor: &str, decimals: usize) -> String {
    if decimals == 0 {
        return format!("{currency} {minor}");
    }
    let digits = format!("{minor:0>0$}", decimals + 1);
    let (units, fraction) = digits.split_at(digits.len() - decimals);
    format!("{currency} {units}.{fraction}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_have_the_decimals_of_their_currency() {
        let text = |amount_text: &str, currency: &str, exponent: &str| {
            let own = str::to_owned;
            amount(&Purchase {
                amount: own(amount_text),
                currency: own(currency),
                exponent: own(exponent),
            })
        };
        assert_eq!(text("4995", "978", "2"), "EUR 49.95");
        assert_eq!(text("5", "978", "2"), "EUR 0.05");
        assert_eq!(text("1500", "392", "0"), "JPY 1500");
        assert_eq!(text("12345", "414", "3"), "KWD 12.345");
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
            OPTIONS.iter().map(|(_, value, label)| (*value, *label)).collect();
        assert_eq!(shown, published);
    }
}
