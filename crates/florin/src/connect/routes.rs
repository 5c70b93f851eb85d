//! The addresses of the hosted page, under `/connect/{session}/`.
//!
//! A page is shown by GET; what a payer sends by POST is answered by the way on, so that going
//! back or loading again repeats nothing.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, RawQuery, Request, State};
use axum::http::{HeaderMap, Method, Response, StatusCode, header};
use axum::routing::{any, get, post};
use florin_core::payment::{State as PaymentState, TransactionId};
use florin_core::session::{Entry, SessionEnd, SessionKind};

use super::fill::{self, Form};
use super::form::{Fields, read_card};
use super::view::{ClosePageView, EndKind, FormError};
use super::{guard, plain};
use crate::api::contract::customer::{Browser, FIELD_CHARS_MAX, HEADER_CHARS_MAX};
use crate::api::reference::{Caller, FORM, Group, Operation, schema};
use crate::checkout::read_form;
use crate::gateway::create::{Created, PageForm};
use crate::gateway::record::Record;
use crate::gateway::session::{REMINDER_PARAMETER, Showing, page_brands};
use crate::gateway::site::OnDecline;
use crate::gateway::{Failure, Gateway};
use crate::limits::CREATE_WAIT_MS;

pub(crate) fn operations() -> Vec<Operation> {
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
        .route("/connect/{session}", get(with_slash))
        .route("/connect/{session}/", get(show).fallback(not_that_way))
        .route("/connect/{session}/pay", post(pay).get(to_the_page))
        .route("/connect/{session}/cancel", post(cancel).get(to_the_page))
        .route("/connect/{session}/{*rest}", any(unknown))
        .route("/connect/", any(unknown))
        .with_state(gateway)
}

type Segment = Result<Path<String>, PathRejection>;
type Page = Response<Body>;

/// What every call of a page has: the order, the session that its address names, and how it is
/// to be spoken to.
struct Visit {
    gateway: Arc<Gateway>,
    record: Record,
    number: TransactionId,
    lang: String,
    /// The mark of the reminder that led here, if one did.
    reminder: Option<String>,
}

impl Visit {
    /// Finds the order behind an address, or answers that there is none.
    async fn find(
        gateway: &Arc<Gateway>,
        segment: Segment,
        query: Option<&str>,
    ) -> Result<Visit, Page> {
        let lang = lang_of(query);
        let unknown = || unknown_page(gateway, &lang, StatusCode::NOT_FOUND);
        let Ok(Path(token)) = segment else { return Err(unknown()) };
        match gateway.by_session(&token).await {
            Ok(Some((record, number))) => {
                let mark = parameter(query, REMINDER_PARAMETER);
                let reminder = mark.filter(|mark| gateway.is_reminder(&record, number, mark));
                Ok(Visit { gateway: gateway.clone(), record, number, lang, reminder })
            }
            Ok(None) => Err(unknown()),
            Err(failure) => {
                tracing::error!(%failure, "a payer's page could not be made");
                let view = fill::unknown_page(EndKind::Trouble, &lang);
                Err(plain::end_page(&view, StatusCode::SERVICE_UNAVAILABLE, is_secure(gateway)))
            }
        }
    }

    fn entry(&self) -> Entry {
        if self.reminder.is_some() { Entry::Reminder } else { Entry::Link }
    }

    /// The page that says how things ended, where the order cannot be paid here any more or at
    /// this moment; nothing where it can.
    fn end(&self) -> Option<Page> {
        let order = &self.record.order;
        if order.is_paid() {
            return Some(self.leave(true));
        }
        let now = self.record.site.time(self.gateway.now());
        if order.open_session(self.number, self.entry(), now).is_some() {
            let waits = matches!(order.payment.state, PaymentState::Authorizing { .. });
            return waits.then(|| self.rest(EndKind::Waiting, StatusCode::OK));
        }
        let kind = match &order.session {
            Some(session) if session.number == self.number => match session.ended {
                Some(SessionEnd::Cancelled | SessionEnd::Excluded) => EndKind::Cancelled,
                Some(SessionEnd::Expired) | None => EndKind::Expired,
                // Paid once, and given up since.
                Some(SessionEnd::Paid) => EndKind::Declined,
            },
            _ => EndKind::Unknown,
        };
        Some(self.rest(kind, StatusCode::GONE))
    }

    fn rest(&self, kind: EndKind, status: StatusCode) -> Page {
        let view = fill::end_page(&self.record, kind, &self.lang, self.reminder.as_deref());
        plain::end_page(&view, status, is_secure(&self.gateway))
    }

    /// Back to the shop, or our own last page where the shop named no address.
    fn leave(&self, success: bool) -> Page {
        let record = &self.record;
        let url = if success { record.redirect_url() } else { record.cancel_url() };
        let Some(url) = url else {
            let declined = matches!(record.order.payment.state, PaymentState::Declined(_));
            let kind = match (success, declined) {
                (true, _) => EndKind::Paid,
                (false, true) => EndKind::Declined,
                (false, false) => EndKind::GivenUp,
            };
            return self.rest(kind, StatusCode::OK);
        };
        let target = url.with_transaction_id(&record.order_id);
        if record.request.details.payment_options.close_window {
            let view = ClosePageView { locale: fill::locale(record, &self.lang), target };
            return plain::close_page(&view, is_secure(&self.gateway));
        }
        see_other(&target)
    }

    /// To the page itself, which shows where the payer stands.
    fn to_page(&self) -> Page {
        let Some(session) = &self.record.order.session else {
            return self.rest(EndKind::Unknown, StatusCode::GONE);
        };
        let token = self.gateway.session_token(&self.record, session);
        let lang = fill::locale(&self.record, &self.lang);
        let query = fill::query(&lang, self.reminder.as_deref());
        see_other(&format!("{}/connect/{token}/{query}", self.gateway.public_url))
    }

    fn form(&self, status: StatusCode, error: Option<FormError>, holder: Option<String>) -> Page {
        let Some(session) = &self.record.order.session else {
            return self.rest(EndKind::Unknown, StatusCode::GONE);
        };
        let number = guard::new_form(&self.gateway);
        let csrf = guard::token(&self.gateway, &self.record, self.number, &number);
        let reminder = self.reminder.as_deref();
        let form = Form { lang: &self.lang, reminder, number, csrf, error, holder };
        let view = fill::card_page(&self.record, session, form);
        plain::card_page(&view, status, is_secure(&self.gateway))
    }

    fn trouble(&self, failure: &Failure) -> Page {
        tracing::error!(%failure, order.key = self.record.key, "a payer's page failed");
        self.rest(EndKind::Trouble, StatusCode::SERVICE_UNAVAILABLE)
    }

    /// Reads a posted form and makes sure that it is one of ours.
    async fn posted(&self, request: Request) -> Result<(Fields, PageForm), Page> {
        let refused = || self.rest(EndKind::FormRefused, StatusCode::FORBIDDEN);
        if !guard::comes_from_us(request.headers(), &self.gateway.public_url) {
            return Err(refused());
        }
        let Some(fields) = read_form(request).await.map(Fields::new) else {
            return Err(self.rest(EndKind::FormRefused, StatusCode::BAD_REQUEST));
        };
        let form = fields.text("form_number").unwrap_or_default().to_owned();
        let sent = fields.text("csrf").unwrap_or_default();
        if !guard::is_ours(&self.gateway, &self.record, self.number, &form, sent) {
            return Err(refused());
        }
        Ok((fields, PageForm { session: self.number, entry: self.entry(), form }))
    }
}

/// Shows the page.
async fn show(
    State(gateway): State<Arc<Gateway>>,
    segment: Segment,
    RawQuery(query): RawQuery,
    request: Request,
) -> Page {
    let mut visit = match Visit::find(&gateway, segment, query.as_deref()).await {
        Ok(visit) => visit,
        Err(page) => return page,
    };
    if let Some(page) = visit.end() {
        return page;
    }
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
    let error = fill::last_error(&visit.record);
    let holder = visit.record.request.card.as_ref().and_then(|card| card.holder.as_ref());
    let holder = holder.map(|holder| holder.as_str().to_owned());
    let mut page = visit.form(StatusCode::OK, error, holder);
    if counts && let Some(session) = &visit.record.order.session {
        let token = gateway.session_token(&visit.record, session);
        let secure = if is_secure(&gateway) { "; Secure" } else { "" };
        let cookie = format!(
            "{OPENED_COOKIE}={mark}; Path=/connect/{token}; HttpOnly; SameSite=Lax{secure}"
        );
        let cookie = cookie.parse().expect("hexadecimal digits are a valid header");
        page.headers_mut().append(header::SET_COOKIE, cookie);
    }
    page
}

/// A payer sends a card.
async fn pay(
    State(gateway): State<Arc<Gateway>>,
    segment: Segment,
    RawQuery(query): RawQuery,
    request: Request,
) -> Page {
    let mut visit = match Visit::find(&gateway, segment, query.as_deref()).await {
        Ok(visit) => visit,
        Err(page) => return page,
    };
    let headers = request.headers().clone();
    let (fields, page) = match visit.posted(request).await {
        Ok(posted) => posted,
        Err(page) => return page,
    };
    let repeated = visit.record.extra.form.as_deref() == Some(page.form.as_str());
    if visit.record.order.is_paid() && !repeated {
        return visit.rest(EndKind::PaidElsewhere, StatusCode::CONFLICT);
    }
    if repeated || visit.end().is_some() {
        // Sent twice, or too late: the page shows what there is to see.
        return next(visit).await;
    }
    let site = &visit.record.site;
    let rules = crate::api::site_rules(site);
    let brands = page_brands(&visit.record.request.details, &rules);
    let now = site.time(gateway.now());
    let holder =
        fields.text("card_holder_name").map(|it| it.chars().take(FIELD_CHARS_MAX).collect());
    let card = match read_card(&fields, &brands, &rules, now) {
        Ok(card) => card,
        Err(faults) => {
            let error = Some(FormError::Fields(faults));
            return visit.form(StatusCode::UNPROCESSABLE_ENTITY, error, holder);
        }
    };
    let browser = browser(&fields, &headers);
    drop(fields);
    let trouble = |visit: &Visit, holder| {
        visit.form(StatusCode::SERVICE_UNAVAILABLE, Some(FormError::Trouble), holder)
    };
    if !site.active || !site.account_active || gateway.work.writing.is_failing() {
        return trouble(&visit, holder);
    }
    let Ok(permit) = gateway.work.creates.clone().try_acquire_owned() else {
        return trouble(&visit, holder);
    };
    // The work goes on when the payer closes the window or the answer takes too long.
    let work = {
        let (gateway, record) = (gateway.clone(), visit.record.clone());
        crate::tasks::start(async move {
            let paid = gateway.pay_on_page(record, page, card, browser).await;
            drop(permit);
            paid
        })
    };
    let created = match tokio::time::timeout(Duration::from_millis(CREATE_WAIT_MS), work).await {
        Ok(Ok(Ok(created))) => created,
        Ok(Ok(Err(failure))) => {
            tracing::error!(%failure, order.key = visit.record.key, "a card was not taken");
            return trouble(&visit, holder);
        }
        Ok(Err(error)) => {
            tracing::error!(%error, "a payment on a page panicked");
            return trouble(&visit, holder);
        }
        // Still under way: the page says so until the outcome is known.
        Err(_) => return visit.to_page(),
    };
    match created {
        Created::Order(record) | Created::FormRepeated(record) => {
            visit.record = *record;
            next(visit).await
        }
        Created::TooMany { .. } => {
            visit.form(StatusCode::TOO_MANY_REQUESTS, Some(FormError::Trouble), holder)
        }
        Created::OrderIdTaken
        | Created::SessionOver
        | Created::FaultyCard
        | Created::NotCharged(_) => {
            match gateway.load(&visit.record.site, visit.record.key).await {
                Ok(Some(record)) => visit.record = record,
                Ok(None) => {}
                Err(failure) => return visit.trouble(&failure),
            }
            if visit.record.order.is_paid() {
                return visit.rest(EndKind::PaidElsewhere, StatusCode::CONFLICT);
            }
            visit.to_page()
        }
    }
}

/// Where a payer goes whose card was taken.
async fn next(visit: Visit) -> Page {
    match &visit.record.order.payment.state {
        PaymentState::Authenticating(_) => {
            let token = visit.gateway.payer_token(&visit.record);
            see_other(&format!("{}/pay/{token}", visit.gateway.public_url))
        }
        PaymentState::Declined(_)
            if visit.record.site.settings.on_decline == OnDecline::CancelUrl =>
        {
            visit.leave(false)
        }
        _ if visit.record.order.is_paid() => visit.leave(true),
        _ => visit.to_page(),
    }
}

/// A payer goes back to the shop without having paid. The order can still be paid.
async fn cancel(
    State(gateway): State<Arc<Gateway>>,
    segment: Segment,
    RawQuery(query): RawQuery,
    request: Request,
) -> Page {
    let visit = match Visit::find(&gateway, segment, query.as_deref()).await {
        Ok(visit) => visit,
        Err(page) => return page,
    };
    match visit.posted(request).await {
        Ok(_) => visit.leave(visit.record.order.is_paid()),
        Err(page) => page,
    }
}

/// The address of a posted form, opened by itself.
async fn to_the_page(
    State(gateway): State<Arc<Gateway>>,
    segment: Segment,
    RawQuery(query): RawQuery,
) -> Page {
    match Visit::find(&gateway, segment, query.as_deref()).await {
        Ok(visit) => visit.to_page(),
        Err(page) => page,
    }
}

/// The page's addresses are relative to the one with a slash.
async fn with_slash(
    State(gateway): State<Arc<Gateway>>,
    segment: Segment,
    RawQuery(query): RawQuery,
) -> Page {
    to_the_page(State(gateway), segment, RawQuery(query)).await
}

/// Pages are not posted to.
async fn not_that_way(State(gateway): State<Arc<Gateway>>, RawQuery(query): RawQuery) -> Page {
    let view = fill::unknown_page(EndKind::FormRefused, &lang_of(query.as_deref()));
    let mut page = plain::end_page(&view, StatusCode::METHOD_NOT_ALLOWED, is_secure(&gateway));
    page.headers_mut().insert(header::ALLOW, header::HeaderValue::from_static("GET"));
    page
}

async fn unknown(State(gateway): State<Arc<Gateway>>, RawQuery(query): RawQuery) -> Page {
    unknown_page(&gateway, &lang_of(query.as_deref()), StatusCode::NOT_FOUND)
}

fn unknown_page(gateway: &Gateway, lang: &str, status: StatusCode) -> Page {
    let view = fill::unknown_page(EndKind::Unknown, lang);
    plain::end_page(&view, status, is_secure(gateway))
}

/// The payer's browser, by its own words and its request.
fn browser(fields: &Fields, headers: &HeaderMap) -> Browser {
    let cut = |text: &str, most: usize| text.chars().take(most).collect::<String>();
    let field = |name: &str| fields.text(name).map(|text| cut(text, FIELD_CHARS_MAX));
    let header = |name: header::HeaderName| {
        let value = headers.get(name).and_then(|value| value.to_str().ok());
        value.map(|text| cut(text, HEADER_CHARS_MAX))
    };
    let accepted = header(header::ACCEPT_LANGUAGE);
    let first = accepted.as_deref().and_then(|it| it.split([',', ';']).next()).map(str::trim);
    let first = first.filter(|tag| !tag.is_empty()).map(str::to_owned);
    Browser {
        javascript_enabled: Some(fields.text("browser_javascript") == Some("1")),
        java_enabled: field("browser_java").map(|text| text == "1"),
        language: field("browser_language").or(first),
        accept_header: header(header::ACCEPT),
        screen_color_depth: field("browser_color_depth"),
        screen_height: field("browser_screen_height"),
        screen_width: field("browser_screen_width"),
        time_zone: field("browser_time_zone"),
        user_agent: header(header::USER_AGENT),
        ..Browser::default()
    }
}

fn lang_of(query: Option<&str>) -> String {
    parameter(query, "lang").unwrap_or_default()
}

fn parameter(query: Option<&str>, name: &str) -> Option<String> {
    let mut pairs = form_urlencoded::parse(query.unwrap_or_default().as_bytes());
    pairs.find(|(it, _)| it == name).map(|(_, value)| value.into_owned())
}

fn is_secure(gateway: &Gateway) -> bool {
    gateway.public_url.starts_with("https://")
}

fn see_other(target: &str) -> Page {
    Response::builder()
        .status(StatusCode::SEE_OTHER)
        .header(header::LOCATION, target)
        .header(header::CACHE_CONTROL, "no-store")
        .header(header::REFERRER_POLICY, "no-referrer")
        .body(Body::empty())
        .expect("an address of the contract is a valid header")
}
