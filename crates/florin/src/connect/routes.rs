//! The addresses of the hosted page, under `/connect/{session}/`.
//!
//! A page is shown by GET; what a payer sends by POST is answered by the way on, so that going
//! back or loading again repeats nothing.

use std::sync::Arc;

use axum::Router;
use axum::extract::{RawQuery, Request, State};
use axum::http::{HeaderValue, Method, StatusCode, header};
use axum::routing::{any, get, post};
use florin_core::session::SessionKind;

use super::fill::Again;
use super::view::EndKind;
use super::visit::{Page, Visit, lang_of, unknown_page};
use super::{guard, methods, pay};
use crate::api::reference::{Caller, FORM, Group, Operation, schema};
use crate::gateway::Gateway;
use crate::gateway::session::{REMINDER_PARAMETER, Showing};

pub(super) fn operations() -> Vec<Operation> {
    let new = |method, path, id, summary| {
        Operation::new(Group::Payers, method, path, id, summary)
            .called_by(Caller::Anyone)
            .sends_on(303, "On to the shop, the bank, or back to the page")
            .shows(404, "There is no such payment")
            .shows(410, "It has expired, was cancelled, or was opened too often")
            .shows(500, "Something went wrong")
            .shows(503, "Something went wrong; the page says to try again")
    };
    vec![
        new(
            Method::GET,
            "/connect/{session}",
            "sessionAddress",
            "The payment page, without a slash",
        ),
        new(Method::GET, "/connect/{session}/", "sessionPage", "The payment page")
            .query("lang", "The language of the page", schema::text())
            .query(
                REMINDER_PARAMETER,
                "The mark of a mail that reminds of the order",
                schema::text(),
            )
            .shows(200, "The form for the card, or what has become of the payment"),
        new(Method::GET, "/connect/{session}/pay", "sessionPayBack", "Back to the page"),
        new(Method::POST, "/connect/{session}/pay", "sessionPay", "The payer sends the card")
            .takes_as(FORM, schema::open_object(), [])
            .shows(200, "The form again, or what comes next")
            .shows(400, "The form cannot be read")
            .shows(403, "The form is not this page's"),
        new(Method::GET, "/connect/{session}/cancel", "sessionCancelBack", "Back to the page"),
        new(Method::POST, "/connect/{session}/cancel", "sessionCancel", "The payer gives up")
            .takes_as(FORM, schema::open_object(), [])
            .shows(200, "What has become of the payment")
            .shows(400, "The form cannot be read")
            .shows(403, "The form is not this page's"),
    ]
}

/// The cookie of a browser that has opened a payment link: opening it again is not counted.
const OPENED_COOKIE: &str = "florin_opened";

/// The routes of the hosted page.
pub fn routes(gateway: Arc<Gateway>) -> Router {
    Router::new()
        .route("/connect/{session}", get(to_the_page))
        .route("/connect/{session}/", get(show).fallback(not_that_way))
        .route("/connect/{session}/pay", post(pay::pay).get(to_the_page))
        .route("/connect/{session}/cancel", post(cancel).get(to_the_page))
        .route("/connect/{session}/methods", get(methods::list))
        .route("/connect/{session}/method", post(methods::choose).get(to_the_page))
        .route("/connect/{session}/{*rest}", any(unknown))
        .route("/connect/", any(unknown))
        .with_state(gateway)
}

/// Shows the page.
async fn show(mut visit: Visit, request: Request) -> Page {
    if let Some(page) = visit.end() {
        return page;
    }
    let gateway = visit.gateway.clone();
    let is_link = |visit: &Visit| {
        visit.record.order.session.is_some_and(|session| session.kind == SessionKind::PaymentLink)
    };
    let mark = guard::opened(&gateway, &visit.record, visit.number);
    // Who asks for the head alone sees no page.
    let counts = is_link(&visit)
        && request.method() == Method::GET
        && !guard::has_cookie(request.headers(), OPENED_COOKIE, &mark);
    if counts {
        let record = visit.record.clone();
        match gateway.show_session(record, visit.number, visit.entry()).await {
            Ok(Showing::Yes(record)) => visit.record = *record,
            Ok(Showing::TooOften(record)) => {
                visit.record = *record;
                return visit.rest(EndKind::TooManyOpenings, StatusCode::GONE);
            }
            Ok(Showing::Over(record)) => {
                visit.record = *record;
                let over = visit.rest(EndKind::Expired, StatusCode::GONE);
                return visit.end().unwrap_or(over);
            }
            Err(failure) => return visit.trouble(&failure),
        }
    }
    let mut page = visit.form(StatusCode::OK, Again::after(&visit.record)).await;
    if counts && let Some(session) = &visit.record.order.session {
        let token = gateway.session_token(&visit.record, session);
        let is_framed = !visit.record.site.settings.page.framed_by.is_empty();
        let sent = match (gateway.public_url.starts_with("https://"), is_framed) {
            // In a frame of the shop's, where browsers keep cookies of others apart.
            (true, true) => "SameSite=None; Secure; Partitioned",
            (true, false) => "SameSite=Lax; Secure",
            (false, _) => "SameSite=Lax",
        };
        let cookie = format!("{OPENED_COOKIE}={mark}; Path=/connect/{token}; HttpOnly; {sent}");
        let cookie = cookie.parse().expect("hexadecimal digits are a valid header");
        page.headers_mut().append(header::SET_COOKIE, cookie);
    }
    page
}

/// A payer goes back to the shop without having paid. The order can still be paid. What gift cards
/// have paid goes back to them.
async fn cancel(mut visit: Visit, request: Request) -> Page {
    if let Err(page) = visit.posted(request).await {
        return page;
    }
    if visit.record.order.is_open_in_part() {
        let (gateway, record) = (visit.gateway.clone(), visit.record.clone());
        match gateway.give_up_parts(record).await {
            Ok(record) => visit.record = record,
            Err(failure) => return visit.trouble(&failure),
        }
    }
    visit.leave(visit.record.order.is_paid())
}

/// The address of a posted form, opened by itself, and that of the page without the slash to which
/// its own addresses are relative.
async fn to_the_page(visit: Visit) -> Page {
    visit.to_page()
}

/// Pages are not posted to.
async fn not_that_way(State(gateway): State<Arc<Gateway>>, RawQuery(query): RawQuery) -> Page {
    let lang = lang_of(query.as_deref());
    let status = StatusCode::METHOD_NOT_ALLOWED;
    let mut page = unknown_page(&gateway, &lang, EndKind::FormRefused, status);
    page.headers_mut().insert(header::ALLOW, HeaderValue::from_static("GET"));
    page
}

async fn unknown(State(gateway): State<Arc<Gateway>>, RawQuery(query): RawQuery) -> Page {
    let lang = lang_of(query.as_deref());
    unknown_page(&gateway, &lang, EndKind::Unknown, StatusCode::NOT_FOUND)
}
