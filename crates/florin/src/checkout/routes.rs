//! Who comes here: payers' browsers, under `/pay/` and back from the issuer, and directory
//! servers with results.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::{Path, Query, Request, State};
use axum::http::{HeaderMap, Method, Response, StatusCode, header};
use axum::routing::{get, post};
use florin_core::payment::{State as PaymentState, Waiting};
use http_body_util::{BodyExt, Limited};

use super::pages::Pages;
use crate::api::reference::{Caller, FORM, Group, JSON, Operation, schema};
use crate::gateway::ids::TokenPurpose;
use crate::gateway::rails::{Browser, open_challenge, result_of};
use crate::gateway::record::Record;
use crate::gateway::verify::PayerStep;
use crate::gateway::{Failure, Gateway};
use crate::peer;
use crate::threeds::{self, BrowserData, MethodResult};

/// Largest form or message that is read here.
const BODY_BYTES_MAX: usize = 64 * 1024;
/// A body that does not arrive within this time is given up.
const BODY_WAIT: std::time::Duration = std::time::Duration::from_secs(20);

/// The routes of payers and directory servers.
pub(super) fn routes(gateway: Arc<Gateway>) -> Router {
    Router::new()
        .route("/pay/{token}", get(show))
        .route("/pay/{token}/continue", post(go_on))
        .route("/3ds/method-done", post(method_done))
        .route("/3ds/return", post(came_back))
        .route("/3ds/results/{token}", post(result))
        .with_state(gateway)
}

pub(super) fn operations() -> Vec<Operation> {
    let new = |method, path, id, summary| {
        Operation::new(Group::Payers, method, path, id, summary).called_by(Caller::Anyone)
    };
    let trouble = "Something went wrong; the page says to try again";
    vec![
        new(Method::GET, "/pay/{token}", "payerPage", "What the payer has to do next")
            .says("The payment_url of an order that waits for its payer leads here.")
            .query("lang", "The language of a page that belongs to no order", schema::text())
            .shows(200, "A page: verification, the way to the bank, or waiting")
            .sends_on(303, "Back to the shop")
            .shows(404, "There is no such payment")
            .shows(500, trouble)
            .shows(503, trouble),
        new(
            Method::POST,
            "/pay/{token}/continue",
            "payerContinues",
            "The verification page goes on",
        )
        .takes_as(FORM, schema::open_object(), [])
        .shows(200, "A page: the way to the bank, or waiting")
        .sends_on(303, "Back to the shop")
        .shows(400, "The form cannot be read")
        .shows(404, "There is no such payment")
        .shows(500, trouble)
        .shows(503, trouble),
        new(Method::POST, "/3ds/method-done", "methodDone", "The 3DS Method has run")
            .takes_as(FORM, schema::open_object(), [])
            .shows(200, "A page that tells the page around it")
            .shows(400, "The form cannot be read"),
        new(Method::POST, "/3ds/return", "challengeDone", "The payer is back from the bank")
            .says("The browser brings the CRes; what counts is the RReq of the directory server.")
            .takes_as(FORM, schema::open_object(), [])
            .shows(200, "A page: waiting, or the next question")
            .sends_on(303, "On to the shop")
            .shows(400, "The form cannot be read")
            .shows(404, "There is no such payment")
            .shows(500, trouble)
            .shows(503, trouble),
        new(Method::POST, "/3ds/results/{token}", "challengeResult", "The result of a challenge")
            .says("From a directory server: an RReq of EMV 3DS, answered by RRes, or by Erro.")
            .takes(schema::open_object(), [])
            .gives_as(200, "RRes or Erro", JSON, schema::open_object(), None)
            .sends_on(400, "The message cannot be read")
            .sends_on(503, "It could not be kept: send it again"),
    ]
}

pub(super) fn pages(gateway: &Gateway) -> Pages<'_> {
    Pages::new(gateway)
}

async fn show(
    State(gateway): State<Arc<Gateway>>,
    Path(token): Path<String>,
    Query(query): Query<HashMap<String, String>>,
) -> Response<Body> {
    let locale = query.get("lang").cloned().unwrap_or_default();
    match gateway.by_token(&token, TokenPurpose::Payer).await {
        Ok(Some((record, newest))) => show_step(&gateway, record, newest, &token).await,
        Ok(None) => pages(&gateway).unknown(StatusCode::NOT_FOUND, &locale),
        Err(failure) => trouble(&gateway, &failure, &locale),
    }
}

/// Shows a payer what comes next.
pub(super) async fn show_step(
    gateway: &Arc<Gateway>,
    record: Record,
    newest: bool,
    token: &str,
) -> Response<Body> {
    let pages = pages(gateway);
    let locale = record.payer_locale().to_owned();
    match gateway.payer_step(record, newest).await {
        Ok(PayerStep::Page { record, method }) => {
            let next = format!("{}/pay/{token}/continue", gateway.public_url);
            pages.verification(&record, method, next)
        }
        Ok(PayerStep::Challenge { record, form }) => pages.challenge(&record, form),
        Ok(PayerStep::Provider { url }) => see_other(url),
        Ok(PayerStep::Wait(record)) => pages.waiting(&record),
        Ok(PayerStep::Return { record, success }) => match gateway.page_to_return_to(&record) {
            Some(page) if !success => see_other(page),
            _ => pages.end(&record, success),
        },
        Err(failure) => trouble(gateway, &failure, &locale),
    }
}

/// The verification page sends what the browser told.
async fn go_on(
    State(gateway): State<Arc<Gateway>>,
    Path(token): Path<String>,
    headers: HeaderMap,
    request: Request,
) -> Response<Body> {
    let address = peer::address_of(&request);
    let Some(form) = read_form(request).await else {
        return pages(&gateway).unknown(StatusCode::BAD_REQUEST, "");
    };
    let (record, newest) = match gateway.by_token(&token, TokenPurpose::Payer).await {
        Ok(Some(found)) => found,
        Ok(None) => return pages(&gateway).unknown(StatusCode::NOT_FOUND, ""),
        Err(failure) => return trouble(&gateway, &failure, ""),
    };
    if !newest {
        return show_step(&gateway, record, newest, &token).await;
    }
    let browser = Browser::FromPage {
        data: browser_data(&form, &headers, address),
        method: match form.get("method_completed").map(String::as_str) {
            Some("Y") => MethodResult::Completed,
            Some("U") => MethodResult::Unavailable,
            _ => MethodResult::NotCompleted,
        },
    };
    // The work goes on when the payer closes the window.
    let work = {
        let gateway = gateway.clone();
        crate::tasks::start(async move { gateway.continue_verification(record, browser).await })
    };
    match work.await {
        Ok(Ok(record)) => show_step(&gateway, record, true, &token).await,
        Ok(Err(failure)) => trouble(&gateway, &failure, ""),
        Err(_) => pages(&gateway).trouble(""),
    }
}

/// The payer's browser, by its own words, its request, and its connection.
fn browser_data(
    form: &HashMap<String, String>,
    headers: &HeaderMap,
    address: Option<IpAddr>,
) -> BrowserData {
    let text = |name: &str| form.get(name).filter(|value| !value.is_empty()).cloned();
    let header = |name: header::HeaderName| {
        headers.get(name).and_then(|value| value.to_str().ok()).map(str::to_owned)
    };
    let flag = |name: &str| text(name).map(|value| value == "1");
    BrowserData {
        javascript_enabled: Some(flag("javascript").unwrap_or(false)),
        java_enabled: flag("java"),
        language: text("language").or_else(|| {
            let accepted = header(header::ACCEPT_LANGUAGE)?;
            accepted.split([',', ';']).next().map(|tag| tag.trim().to_owned())
        }),
        screen_color_depth: text("color_depth").and_then(|value| value.parse().ok()),
        screen_height: text("screen_height").and_then(|value| value.parse().ok()),
        screen_width: text("screen_width").and_then(|value| value.parse().ok()),
        time_zone: text("time_zone").and_then(|value| value.parse().ok()),
        user_agent: header(header::USER_AGENT).or_else(|| text("user_agent")),
        accept_header: header(header::ACCEPT),
        accept_language: header(header::ACCEPT_LANGUAGE),
        ip_address: address.map(|it| it.to_string()),
    }
}

/// The ACS says that its 3DS Method has run; the page around the frame is told.
async fn method_done(State(gateway): State<Arc<Gateway>>, request: Request) -> Response<Body> {
    let named = read_form(request)
        .await
        .and_then(|form| threeds::read_method_notification(form.get("threeDSMethodData")?).ok());
    match named {
        Some(_) => pages(&gateway).method_done(),
        None => pages(&gateway).unknown(StatusCode::BAD_REQUEST, ""),
    }
}

/// The payer is back from the ACS.
async fn came_back(State(gateway): State<Arc<Gateway>>, request: Request) -> Response<Body> {
    let pages = pages(&gateway);
    let Some(form) = read_form(request).await else {
        return pages.unknown(StatusCode::BAD_REQUEST, "");
    };
    let session = form.get("threeDSSessionData").map(String::as_str);
    let cres = form.get("cres").map(String::as_str).unwrap_or_default();
    // Some issuers send the browser back without a CRes when the payer gives up; the session
    // data alone says who it is.
    let (answered, session) = match threeds::read_cres(cres, session) {
        Ok((cres, session)) => (Some(cres.acs_trans_id), session),
        Err(_) => {
            let session = session.and_then(|it| emv3ds::read_session_data(it).ok());
            (None, session.unwrap_or_default())
        }
    };
    let token = String::from_utf8(session).unwrap_or_default();
    let (record, newest) = match gateway.by_token(&token, TokenPurpose::Payer).await {
        Ok(Some(found)) => found,
        Ok(None) => return pages.unknown(StatusCode::NOT_FOUND, ""),
        Err(failure) => return trouble(&gateway, &failure, ""),
    };
    // Only a CRes of the challenge that is open says that the payer is done with it.
    let of_this_challenge = match &record.order.payment.state {
        PaymentState::Authenticating(Waiting::Challenge(open)) => {
            answered.is_some_and(|answered| answered.eq_ignore_ascii_case(&open.acs_trans_id))
        }
        PaymentState::Authenticating(
            Waiting::Page { .. } | Waiting::Referral | Waiting::Provider(_),
        ) => false,
        _ => true,
    };
    if !newest || !of_this_challenge {
        return show_step(&gateway, record, newest, &token).await;
    }
    let work = {
        let gateway = gateway.clone();
        crate::tasks::start(async move { gateway.await_outcome(record).await })
    };
    match work.await {
        Ok(Ok(record)) => {
            if matches!(record.order.payment.state, PaymentState::Authorizing { .. }) {
                // Still on its way: the page that looks again has an address of its own.
                return see_other(format!("{}/pay/{token}", gateway.public_url));
            }
            show_step(&gateway, record, true, &token).await
        }
        Ok(Err(failure)) => trouble(&gateway, &failure, ""),
        Err(_) => pages.trouble(""),
    }
}

/// The directory server sends the result of a challenge (EMV 3DS, RReq).
async fn result(
    State(gateway): State<Arc<Gateway>>,
    Path(token): Path<String>,
    request: Request,
) -> Response<Body> {
    let Some(body) = read(request).await else {
        return message(StatusCode::BAD_REQUEST, Vec::new());
    };
    let rreq = match threeds::read_result(&body) {
        Ok(rreq) => rreq,
        Err(erro) => return message(StatusCode::OK, erro.to_json()),
    };
    let unknown = || message(StatusCode::OK, threeds::unknown_transaction(&rreq).to_json());
    let record = match gateway.by_token(&token, TokenPurpose::Results).await {
        Ok(Some((record, true))) => record,
        Ok(_) => return unknown(),
        Err(failure) => {
            tracing::error!(%failure, "a result could not be taken");
            return message(StatusCode::SERVICE_UNAVAILABLE, Vec::new());
        }
    };
    if let PaymentState::Authenticating(Waiting::Challenge(open)) = &record.order.payment.state {
        let outcome = match threeds::check_result(&rreq, &open_challenge(&record, open)) {
            Ok(outcome) => outcome,
            Err(erro) => return message(StatusCode::OK, erro.to_json()),
        };
        let server_trans_id = open.server_trans_id.clone();
        return match gateway.take_result(record, server_trans_id, result_of(&outcome)).await {
            Ok(()) => message(StatusCode::OK, threeds::acknowledge(&rreq)),
            Err(failure) => {
                tracing::error!(%failure, "a result could not be taken");
                message(StatusCode::SERVICE_UNAVAILABLE, Vec::new())
            }
        };
    }
    // A second result for a transaction that has ended changes nothing and is answered like the
    // first.
    let ended = record.order.payment.authentication.as_ref().and_then(|it| it.acs_trans_id.clone());
    if ended.is_some_and(|ended| ended.eq_ignore_ascii_case(&rreq.acs_trans_id)) {
        return message(StatusCode::OK, threeds::acknowledge(&rreq));
    }
    unknown()
}

fn message(status: StatusCode, body: Vec<u8>) -> Response<Body> {
    Response::builder()
        .status(status)
        .header(header::CONTENT_TYPE, "application/json; charset=utf-8")
        .body(Body::from(body))
        .expect("the parts of the answer are valid")
}

fn see_other(target: String) -> Response<Body> {
    Response::builder()
        .status(StatusCode::SEE_OTHER)
        .header(header::LOCATION, target)
        .header(header::CACHE_CONTROL, "no-store")
        .body(Body::empty())
        .expect("our own address is a valid header")
}

pub(super) fn trouble(gateway: &Gateway, failure: &Failure, locale: &str) -> Response<Body> {
    tracing::error!(%failure, "a payer's page could not be made");
    pages(gateway).trouble(locale)
}

pub(super) async fn read(request: Request) -> Option<bytes::Bytes> {
    let body = Limited::new(request.into_body(), BODY_BYTES_MAX).collect();
    let collected = tokio::time::timeout(BODY_WAIT, body).await.ok()?.ok()?;
    Some(collected.to_bytes())
}

/// The fields of a posted form; nothing when it is too large or too slow.
pub(crate) async fn read_form(request: Request) -> Option<HashMap<String, String>> {
    let body = read(request).await?;
    Some(form_urlencoded::parse(&body).into_owned().collect())
}
