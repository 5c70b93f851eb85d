//! The addresses of the workbench. A form is answered by the way back to the page; whoever may not
//! see it gets a page without any data.

use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::{Method, Response, StatusCode, header};
use axum::routing::{get, post};
use serde_json::{Value, json};

use super::page::{self, Card, Key, Mail, Mails, Page, STEPS};
use super::{feed, guard, view};
use crate::api::contract::timestamp;
use crate::api::reference::{Caller, FORM, Group, Operation, schema};
use crate::checkout::read_form;
use crate::event_stream::{self, Event};
use crate::gateway::site::Site;
use crate::gateway::test_platform::{ADVANCE_SECONDS_MAX, ControlError};
use crate::gateway::{Failure, Gateway};
use crate::peer::Peer;

/// Mails that the mailbox shows.
const MAILS_MAX: u32 = 50;

/// How soon a browser comes back whose stream has ended, in milliseconds.
const RETRY_MS: u64 = 2_000;

/// What the buttons order of the simulator: name, words, and the order.
const FAULTS: [(&str, &str, &str); 10] = [
    ("silent", "Host silent", r#"{"fault":"drop","types":["0100"]}"#),
    ("late", "Answer 5 s late", r#"{"fault":"delay","ms":5000,"types":["0100"]}"#),
    ("twice", "Answer twice", r#"{"fault":"duplicate","types":["0100"]}"#),
    ("declined", "Declined (05)", r#"{"fault":"decline","code":"05","types":["0100"]}"#),
    ("no_funds", "Insufficient funds (51)", r#"{"fault":"decline","code":"51","types":["0100"]}"#),
    (
        "inoperative",
        "Issuer inoperative (91)",
        r#"{"fault":"decline","code":"91","types":["0100"]}"#,
    ),
    ("cut", "Line cut", r#"{"fault":"cut","when":"before_answer","types":["0100"]}"#),
    ("garbage", "Garbage", r#"{"fault":"garbage","types":["0100"]}"#),
    ("acs_silent", "ACS silent", r#"{"fault":"acs_silent"}"#),
    ("acs_garbage", "Directory server: garbage", r#"{"fault":"acs_garbage"}"#),
];

pub(crate) fn operations() -> Vec<Operation> {
    let new = |method, path, id, summary| {
        Operation::new(Group::TestSites, method, path, id, summary).called_by(Caller::Anyone)
    };
    let site = || schema::whole();
    let button = |path, id, summary| {
        new(Method::POST, path, id, summary)
            .takes_as(FORM, schema::open_object(), [])
            .sends_on(303, "Back to the page")
            .shows(400, "There is no such button")
            .shows(403, "The form is not this page's")
            .shows(503, "The simulator or the store does not answer")
    };
    vec![
        new(Method::GET, "/", "workbench", "The test platform as a page")
            .says(
                "Keys, test cards, the last orders and notifications, buttons. For browsers on the \
                 gateway's machine, unless the setting workbench.open_to says otherwise; everybody \
                 else gets a page without data.",
            )
            .query("site", "The test site's number", site())
            .shows(200, "The page")
            .shows(503, "The store does not answer"),
        new(Method::GET, "/workbench/mails", "workbenchMails", "The mailbox as a page")
            .query("site", "The test site's number", site())
            .shows(200, "The newest mails")
            .shows(403, "Not for this caller")
            .shows(503, "The store does not answer"),
        new(Method::GET, "/workbench/events", "workbenchEvents", "What happens, for the page")
            .query("site", "The test site's number", site())
            .gives_as(200, "Server-sent events", event_stream::MEDIA, schema::text(), None)
            .shows(403, "Not for this caller")
            .shows(503, "Too many watch"),
        button("/workbench/clock", "workbenchClock", "The buttons of the clock"),
        button("/workbench/faults", "workbenchFaults", "The buttons of the faults"),
    ]
}

/// The routes of the workbench.
pub fn routes(gateway: Arc<Gateway>) -> Router {
    Router::new()
        .route("/", get(show))
        .route("/workbench/mails", get(mails))
        .route("/workbench/events", get(events))
        .route("/workbench/clock", post(move_clock))
        .route("/workbench/faults", post(order_fault))
        .with_state(gateway)
}

/// Whether the request may see the workbench at all.
fn may_see(gateway: &Gateway, request: &Request) -> bool {
    let peer = request.extensions().get::<Peer>().map(|peer| peer.address);
    let open_to = gateway.workbench.open_to;
    gateway.simulator.is_some()
        && guard::may_see(open_to, &gateway.public_url, peer, request.headers())
}

/// The test site that the query names; the first one where it names none.
fn site_of(gateway: &Gateway, query: Option<&str>) -> Option<Arc<Site>> {
    let sites = view::test_sites(gateway);
    let named = form_urlencoded::parse(query.unwrap_or_default().as_bytes())
        .find(|(name, _)| name == "site")
        .map(|(_, value)| value.into_owned());
    match named {
        None => sites.into_iter().next(),
        Some(number) => sites.into_iter().find(|site| site.id.to_string() == number),
    }
}

async fn show(State(gateway): State<Arc<Gateway>>, request: Request) -> Response<Body> {
    if !may_see(&gateway, &request) {
        return page::plain(StatusCode::OK);
    }
    let Some(site) = site_of(&gateway, request.uri().query()) else {
        return page::plain(StatusCode::OK);
    };
    let seen = match view::look(&gateway, &site).await {
        Ok(seen) => seen,
        Err(failure) => return trouble(&failure),
    };
    let cards = match &gateway.simulator {
        Some(simulator) => simulator.cards().await.unwrap_or(Value::Null),
        None => Value::Null,
    };
    let (sheet, script) = page::assets();
    let all = view::test_sites(&gateway);
    // The key of a sandbox is the one with its name in front.
    let is_sandbox = site.settings.sandbox.is_some();
    let names_it = |text: &str| !is_sandbox || text.contains(':');
    let keys = site.keys.iter().filter(|key| key.active && names_it(&key.text));
    page::answer(&Page {
        version: env!("CARGO_PKG_VERSION"),
        sheet,
        script,
        sites: all.iter().map(|it| (it.id, it.name.clone(), it.id == site.id)).collect(),
        site_id: site.id,
        site_name: &site.name,
        now: timestamp::to_text(site.time(gateway.now())),
        ahead: page::ahead(seen.ahead_ms),
        keys: keys
            .map(|key| Key { masked: page::masked(&key.text), text: key.text.to_string() })
            .collect(),
        api_url: format!("{}/v1/json/", gateway.public_url),
        parts: gateway.workbench.parts.clone(),
        cards: cards.as_array().map(Vec::as_slice).unwrap_or_default().iter().map(card).collect(),
        steps: &STEPS,
        faults: FAULTS.iter().map(|(name, words, _)| (*name, *words)).collect(),
        token: guard::token(&gateway, site.id),
        seen,
    })
}

fn card(card: &Value) -> Card {
    let text = |name: &str| card[name].as_str().unwrap_or_default().to_owned();
    let number = text("number");
    let shown = page::grouped(&number);
    Card { shown, number, brand: text("brand"), description: text("description") }
}

async fn mails(State(gateway): State<Arc<Gateway>>, request: Request) -> Response<Body> {
    let site = site_of(&gateway, request.uri().query()).filter(|_| may_see(&gateway, &request));
    let Some(site) = site else { return page::plain(StatusCode::FORBIDDEN) };
    let mails = match gateway.store.mails(site.id, MAILS_MAX).await {
        Ok(mails) => mails,
        Err(error) => return trouble(&Failure::from(error)),
    };
    let mails = mails.into_iter().map(|mail| Mail {
        subject: mail.subject,
        recipient: mail.recipient,
        at: timestamp::to_text(mail.at),
        state: mail.state.as_str(),
        plain: mail.plain,
    });
    let (sheet, _) = page::assets();
    page::answer(&Mails { sheet, site_id: site.id, mails: mails.collect() })
}

async fn events(State(gateway): State<Arc<Gateway>>, request: Request) -> Response<Body> {
    let headers = request.headers();
    let may = may_see(&gateway, &request) && guard::is_from_the_page(headers);
    let site = site_of(&gateway, request.uri().query()).filter(|_| may);
    let Some(site) = site else { return page::plain(StatusCode::FORBIDDEN) };
    let Some(place) = gateway.work.followers.admit() else {
        let mut answer = page::plain(StatusCode::SERVICE_UNAVAILABLE);
        answer.headers_mut().insert(header::RETRY_AFTER, header::HeaderValue::from_static("5"));
        return answer;
    };
    let mut last = event_stream::last_seen(headers).map(str::to_owned);
    let (mut stream, answer) = event_stream::open(place);
    let mut watched = feed::watch(&gateway, site.id);
    crate::app::spawn("workbench events", async move {
        if stream.retry(RETRY_MS).await.is_err() {
            return;
        }
        loop {
            let now = watched.borrow_and_update().clone();
            if let Some(now) = now.filter(|now| last.as_ref() != Some(&now.id)) {
                let event = Event { id: now.id.clone(), name: "site", data: now.data.clone() };
                if stream.tell(&event).await.is_err() {
                    return;
                }
                last = Some(now.id.clone());
            }
            if !matches!(stream.wait(watched.changed()).await, Ok(Ok(()))) {
                return;
            }
        }
    });
    answer
}

/// A form that was on the page of a site, with the site; or why it is not taken.
async fn posted(
    gateway: &Gateway,
    request: Request,
) -> Result<(Arc<Site>, std::collections::HashMap<String, String>), Response<Body>> {
    let may = may_see(gateway, &request) && guard::is_from_the_page(request.headers());
    let refused = || page::plain(StatusCode::FORBIDDEN);
    if !may {
        return Err(refused());
    }
    let form = read_form(request).await.ok_or_else(|| page::plain(StatusCode::BAD_REQUEST))?;
    let named = form.get("site").and_then(|it| it.parse::<i64>().ok());
    let site = named.and_then(|id| view::test_sites(gateway).into_iter().find(|it| it.id == id));
    let token = form.get("token").map(String::as_str).unwrap_or_default();
    let site = site.filter(|site| guard::is_token(gateway, site.id, token)).ok_or_else(refused)?;
    Ok((site, form))
}

async fn move_clock(State(gateway): State<Arc<Gateway>>, request: Request) -> Response<Body> {
    let (site, form) = match posted(&gateway, request).await {
        Ok(posted) => posted,
        Err(answer) => return answer,
    };
    let seconds = form.get("seconds").and_then(|it| it.parse::<i64>().ok());
    let seconds = seconds.filter(|it| (0..=ADVANCE_SECONDS_MAX).contains(it));
    match seconds {
        None => page::plain(StatusCode::BAD_REQUEST),
        Some(seconds) => done(&site, gateway.advance_site_clock(&site, seconds).await),
    }
}

async fn order_fault(State(gateway): State<Arc<Gateway>>, request: Request) -> Response<Body> {
    let (site, form) = match posted(&gateway, request).await {
        Ok(posted) => posted,
        Err(answer) => return answer,
    };
    let name = form.get("fault").map(String::as_str).unwrap_or_default();
    if name == "none" {
        return done(&site, gateway.clear_faults(&site).await);
    }
    let Some((_, _, order)) = FAULTS.iter().find(|(it, _, _)| *it == name) else {
        return page::plain(StatusCode::BAD_REQUEST);
    };
    let order: Value = serde_json::from_str(order).unwrap_or_else(|_| json!({}));
    done(&site, gateway.add_faults(&site, order).await)
}

fn done<T>(site: &Site, made: Result<T, ControlError>) -> Response<Body> {
    match made {
        Ok(_) => Response::builder()
            .status(StatusCode::SEE_OTHER)
            .header(header::LOCATION, format!("/?site={}", site.id))
            .header(header::CACHE_CONTROL, "no-store")
            .body(Body::empty())
            .expect("our own address is a valid header"),
        Err(ControlError::Refused(_)) => page::plain(StatusCode::BAD_REQUEST),
        Err(ControlError::Failure(failure)) => trouble(&failure),
        Err(ControlError::NotOffered | ControlError::Unreachable) => {
            page::plain(StatusCode::SERVICE_UNAVAILABLE)
        }
    }
}

fn trouble(failure: &Failure) -> Response<Body> {
    tracing::error!(%failure, "the workbench could not be shown");
    page::plain(StatusCode::SERVICE_UNAVAILABLE)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_button_is_an_order() {
        for (name, words, order) in FAULTS {
            let order: Value = serde_json::from_str(order).expect(name);
            assert!(order["fault"].is_string() && !words.is_empty(), "{name}");
            assert_ne!(name, "none", "which clears them");
        }
    }
}
