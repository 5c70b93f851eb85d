//! Methods that are no cards, on the page of a session: the one that the shop named, or a list.

use axum::extract::Request;
use axum::http::{Method as Verb, StatusCode};
use florin_core::method::{Ability, Kind, Method};
use florin_core::part::PARTS_MAX;
use florin_core::payment::State as PaymentState;

use super::fill;
use super::guard;
use super::pay::next;
use super::shop::shop;
use super::view::{EndKind, MethodNotice, MethodsPageView};
use super::visit::{Page, Visit};
use crate::api::contract::request::Gateway as MethodOfOrder;
use crate::api::reference::{Caller, FORM, Group, Operation, schema};
use crate::gateway::Gateway;
use crate::gateway::create::Created;
use crate::gateway::record::Record;
use crate::gateway::session::named_gateway;
use crate::gateway::site::Mode;
use crate::page;

pub(super) fn operations() -> Vec<Operation> {
    let new = |method, path, id, summary| {
        Operation::new(Group::Payers, method, path, id, summary)
            .called_by(Caller::Anyone)
            .sends_on(303, "On to the provider, the shop, or back to the page")
            .shows(404, "There is no such payment")
            .shows(410, "It has expired, was cancelled, or was opened too often")
            .shows(500, "Something went wrong")
            .shows(503, "Something went wrong; the page says to try again")
    };
    vec![
        new(Verb::GET, "/connect/{session}/methods", "sessionMethods", "Methods that are no cards")
            .says("Only on test sites: elsewhere it leads back to the page.")
            .query("lang", "The language of the page", schema::text())
            .shows(200, "A list to choose from"),
        new(Verb::GET, "/connect/{session}/method", "sessionMethodBack", "Back to the page"),
        new(Verb::POST, "/connect/{session}/method", "sessionMethod", "The payer chooses a method")
            .takes_as(FORM, schema::open_object(), [])
            .shows(200, "What has become of the payment")
            .shows(400, "The form cannot be read")
            .shows(403, "The form is not this page's"),
    ]
}

/// The methods that are no cards and that a page offers for an order.
pub(super) fn page_methods(gateway: &Gateway, record: &Record) -> Vec<&'static Method> {
    let details = &record.request.details;
    if gateway.provider_of(&record.site).is_none() || details.manual_capture {
        return Vec::new();
    }
    let country = details.customer.address.country();
    let fits = |method: &&Method| {
        let has_cart = details.cart.is_some() || !method.can(Ability::NeedsCart);
        let serves = country.is_none_or(|country| method.serves_country(country.code()));
        has_cart && serves && method.takes_currency(details.amount.currency.code())
    };
    let takes_parts = record.order.parts.len() < PARTS_MAX;
    let fits = |method: &&Method| fits(method) && (takes_parts || method.kind != Kind::GiftCard);
    match named_gateway(record) {
        Some(MethodOfOrder::Other(method)) => vec![method],
        Some(_) => Vec::new(),
        None if details.amount.minor == 0 => Vec::new(),
        None => Method::all().iter().filter(|it| !it.is_card()).filter(fits).collect(),
    }
}

/// Whether the shop named a method that is no card.
pub(super) fn is_named(record: &Record) -> bool {
    matches!(named_gateway(record), Some(MethodOfOrder::Other(_)))
}

impl Visit {
    /// The page with the methods.
    pub(super) fn methods(&self, status: StatusCode, notice: Option<MethodNotice>) -> Page {
        let record = &self.record;
        let number = guard::new_form(&self.gateway);
        let csrf = guard::token(&self.gateway, record, self.number, &number);
        let locale = fill::locale(record, &self.lang);
        let query = fill::query(&locale, self.reminder.as_deref());
        let view = MethodsPageView {
            shop: shop(record),
            amount: record.order.due(),
            paid: fill::paid_in_part(record),
            methods: page_methods(&self.gateway, record),
            form_action: format!("method{query}"),
            cancel_action: format!("cancel{query}"),
            back: (!is_named(record)).then(|| format!("./{query}")),
            csrf,
            form_number: number,
            notice,
            test_mode: record.site.mode == Mode::Test,
            leads_to_http: true,
            locale,
        };
        page::methods_page(&view, status, &self.around())
    }

    /// Why the page with the methods is here again, as far as the last attempt tells.
    pub(super) fn last_of_methods(&self) -> Option<MethodNotice> {
        match &self.record.order.payment.state {
            PaymentState::Declined(_) => Some(MethodNotice::Declined),
            PaymentState::Cancelled | PaymentState::Expired => Some(MethodNotice::Unpaid),
            _ => None,
        }
    }
}

/// Shows the list.
pub(super) async fn list(visit: Visit) -> Page {
    if let Some(page) = visit.end() {
        return page;
    }
    if is_named(&visit.record) || page_methods(&visit.gateway, &visit.record).is_empty() {
        return visit.to_page();
    }
    visit.methods(StatusCode::OK, None)
}

/// A payer chooses a method, and is sent to its provider.
pub(super) async fn choose(mut visit: Visit, request: Request) -> Page {
    let gateway = visit.gateway.clone();
    let (fields, form) = match visit.posted(request).await {
        Ok(posted) => posted,
        Err(page) => return page,
    };
    let repeated = visit.record.extra.form.as_deref() == Some(form.form.as_str());
    if visit.record.order.is_paid() && !repeated {
        return visit.rest(EndKind::PaidElsewhere, StatusCode::CONFLICT);
    }
    if repeated || visit.end().is_some() {
        return next(visit).await;
    }
    let offered = page_methods(&gateway, &visit.record);
    let chosen = fields.text("method").and_then(Method::find);
    let Some(method) = chosen.filter(|chosen| offered.iter().any(|it| it.id == chosen.id)) else {
        return visit.to_page();
    };
    let site = &visit.record.site;
    let closed = !site.active || !site.account_active || gateway.work.writing.is_failing();
    let permit = gateway.work.creates.clone().try_acquire_owned();
    let (false, Ok(permit)) = (closed, permit) else {
        return visit.methods(StatusCode::SERVICE_UNAVAILABLE, Some(MethodNotice::Trouble));
    };
    // The work goes on when the payer closes the window.
    let work = {
        let (gateway, record) = (gateway.clone(), visit.record.clone());
        crate::tasks::start(async move {
            let made = gateway.pay_elsewhere_on_page(record, form, method).await;
            drop(permit);
            made
        })
    };
    match work.await {
        Ok(Ok(Created::Order(record) | Created::Repeated(record))) => {
            visit.record = *record;
            next(visit).await
        }
        Ok(Ok(_)) => visit.to_page(),
        Ok(Err(failure)) => {
            tracing::error!(%failure, order.key = visit.record.key, "a method was not taken");
            visit.methods(StatusCode::SERVICE_UNAVAILABLE, Some(MethodNotice::Trouble))
        }
        Err(error) => {
            tracing::error!(%error, "a payment by another method panicked");
            visit.methods(StatusCode::SERVICE_UNAVAILABLE, Some(MethodNotice::Trouble))
        }
    }
}
