//! A payer sends the form of the page: with a card that was typed, or one that was stored before.

use std::net::IpAddr;
use std::time::Duration;

use axum::extract::Request;
use axum::http::{HeaderMap, StatusCode, header};
use florin_core::payment::State as PaymentState;

use super::fill::{Again, Chosen};
use super::form::{Fields, read_card, read_stored_card};
use super::guard;
use super::view::{EndKind, Fault, Field, FormError};
use super::visit::{Page, Visit, see_other};
use crate::api::contract::customer::{Browser, FIELD_CHARS_MAX, HEADER_CHARS_MAX};
use crate::gateway::Failure;
use crate::gateway::create::Created;
use crate::gateway::session::{PageCard, named_gateway, page_brands};
use crate::gateway::site::OnDecline;
use crate::limits::CREATE_WAIT_MS;
use crate::peer;

/// Takes the form and answers with the way on.
pub(super) async fn pay(mut visit: Visit, request: Request) -> Page {
    let gateway = visit.gateway.clone();
    let headers = request.headers().clone();
    let address = peer::address_of(&request);
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
    let mut again = Again {
        error: None,
        holder: fields
            .text("card_holder_name")
            .map(|it| it.chars().take(FIELD_CHARS_MAX).collect()),
        chosen: fields.text("stored_card").map_or(Chosen::New, |id| Chosen::Stored(id.to_owned())),
    };
    let card = match read(&visit, &fields).await {
        Ok(Ok(card)) => card,
        Ok(Err(faults)) => {
            again.error = Some(FormError::Fields(faults));
            return visit.form(StatusCode::UNPROCESSABLE_ENTITY, again).await;
        }
        Err(failure) => return visit.trouble(&failure),
    };
    let browser = browser(&fields, &headers, address);
    drop(fields);
    again.error = Some(FormError::Trouble);
    let site = &visit.record.site;
    if !site.active || !site.account_active || gateway.work.writing.is_failing() {
        return visit.form(StatusCode::SERVICE_UNAVAILABLE, again).await;
    }
    let Ok(permit) = gateway.work.creates.clone().try_acquire_owned() else {
        return visit.form(StatusCode::SERVICE_UNAVAILABLE, again).await;
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
            return visit.form(StatusCode::SERVICE_UNAVAILABLE, again).await;
        }
        Ok(Err(error)) => {
            tracing::error!(%error, "a payment on a page panicked");
            return visit.form(StatusCode::SERVICE_UNAVAILABLE, again).await;
        }
        // Still under way: the page says so until the outcome is known.
        Err(_) => return visit.to_page(),
    };
    match created {
        Created::Order(record) | Created::Repeated(record) => {
            visit.record = *record;
            next(visit).await
        }
        Created::TooMany { .. } => visit.form(StatusCode::TOO_MANY_REQUESTS, again).await,
        Created::NotCharged(_) if matches!(again.chosen, Chosen::Stored(_)) => {
            // It was deleted, or changed, since the page was shown.
            again.error = Some(FormError::Fields(vec![(Field::StoredCard, Fault::Missing)]));
            visit.form(StatusCode::UNPROCESSABLE_ENTITY, again).await
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

/// What the payer pays with, or what is wrong with which field.
async fn read(
    visit: &Visit,
    fields: &Fields,
) -> Result<Result<PageCard, Vec<(Field, Fault)>>, Failure> {
    let (gateway, record) = (&visit.gateway, &visit.record);
    if let Some(id) = fields.text("stored_card") {
        let offered = gateway.cards_on_page(record).await?;
        // Whatever is not offered here is no card at all: made up, deleted, or somebody else's.
        let card = offered
            .iter()
            .find(|card| guard::is_card(gateway, record, visit.number, &card.token, id));
        return Ok(read_stored_card(fields, card));
    }
    let site = &record.site;
    let rules = crate::api::site_rules(site);
    let brands = page_brands(&record.request.details, named_gateway(record), &rules);
    let card = read_card(fields, &brands, &rules, site.time(gateway.now()));
    Ok(card.map(|card| PageCard::Typed(Box::new(card))))
}

/// Where a payer goes whose card was taken.
pub(super) async fn next(visit: Visit) -> Page {
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

/// The payer's browser, by its own words, its request, and its connection.
fn browser(fields: &Fields, headers: &HeaderMap, address: Option<IpAddr>) -> Browser {
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
        ip_address: address,
        ..Browser::default()
    }
}
