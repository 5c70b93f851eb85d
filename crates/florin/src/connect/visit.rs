//! A call of a hosted page: which order and session its address names, how the page speaks, and
//! the answers that every call can come to.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::{FromRequestParts, Path, Request};
use axum::http::request::Parts;
use axum::http::{Response, StatusCode, header};
use florin_core::payment::{State as PaymentState, TransactionId};
use florin_core::session::{Entry, SessionEnd};

use super::fill::{self, Again, Form};
use super::form::Fields;
use super::view::{ClosePageView, EndKind, FormError, MethodNotice};
use super::{guard, methods};
use crate::checkout::read_form;
use crate::gateway::create::PageForm;
use crate::gateway::record::Record;
use crate::gateway::session::REMINDER_PARAMETER;
use crate::gateway::site::Site;
use crate::gateway::tokens::StoredCard;
use crate::gateway::{Failure, Gateway};
use crate::page::{self, Surroundings};

/// An answer to a browser.
pub(super) type Page = Response<Body>;

/// What every call of a page has: the order, the session that its address names, and how it is
/// to be spoken to.
pub(super) struct Visit {
    pub(super) gateway: Arc<Gateway>,
    pub(super) record: Record,
    pub(super) number: TransactionId,
    pub(super) lang: String,
    /// The mark of the reminder that led here, if one did.
    pub(super) reminder: Option<String>,
}

impl FromRequestParts<Arc<Gateway>> for Visit {
    /// The page that says that there is no such payment, or that we failed.
    type Rejection = Page;

    async fn from_request_parts(parts: &mut Parts, gateway: &Arc<Gateway>) -> Result<Visit, Page> {
        let lang = lang_of(parts.uri.query());
        let unknown = || unknown_page(gateway, &lang, EndKind::Unknown, StatusCode::NOT_FOUND);
        let Ok(Path(token)) = Path::<String>::from_request_parts(parts, gateway).await else {
            return Err(unknown());
        };
        match gateway.by_session(&token).await {
            Ok(Some((record, number))) => {
                let mark = parameter(parts.uri.query(), REMINDER_PARAMETER);
                let reminder = mark.filter(|mark| gateway.is_reminder(&record, number, mark));
                Ok(Visit { gateway: gateway.clone(), record, number, lang, reminder })
            }
            Ok(None) => Err(unknown()),
            Err(failure) => {
                tracing::error!(%failure, "a payer's page could not be made");
                let status = StatusCode::SERVICE_UNAVAILABLE;
                Err(unknown_page(gateway, &lang, EndKind::Trouble, status))
            }
        }
    }
}

impl Visit {
    pub(super) fn around(&self) -> Surroundings {
        surroundings(&self.gateway, Some(&self.record.site))
    }

    pub(super) fn entry(&self) -> Entry {
        if self.reminder.is_some() { Entry::Reminder } else { Entry::Link }
    }

    /// The page that says how things ended, where the order cannot be paid here any more or at
    /// this moment; nothing where it can.
    pub(super) fn end(&self) -> Option<Page> {
        let order = &self.record.order;
        if order.is_paid() {
            return Some(self.leave(true));
        }
        let now = self.record.site.time(self.gateway.now());
        if order.open_session(self.number, self.entry(), now).is_some() {
            let waits = order.payment.is_on_its_way();
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

    pub(super) fn rest(&self, kind: EndKind, status: StatusCode) -> Page {
        let view = fill::end_page(
            &self.record,
            kind,
            &self.lang,
            self.reminder.as_deref(),
            self.gateway.now(),
        );
        page::end_page(&view, status, &self.around())
    }

    /// Back to the shop, or our own last page where the shop named no address.
    pub(super) fn leave(&self, success: bool) -> Page {
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
            return page::close_page(&view, &self.around());
        }
        see_other(&target)
    }

    /// To the page itself, which shows where the payer stands.
    pub(super) fn to_page(&self) -> Page {
        let Some(session) = &self.record.order.session else {
            return self.rest(EndKind::Unknown, StatusCode::GONE);
        };
        let token = self.gateway.session_token(&self.record, session);
        let lang = fill::locale(&self.record, &self.lang);
        let query = fill::query(&lang, self.reminder.as_deref());
        see_other(&format!("{}/connect/{token}/{query}", self.gateway.public_url))
    }

    /// The form, with the cards that the payer has stored.
    pub(super) async fn form(&self, status: StatusCode, again: Again) -> Page {
        let Some(session) = &self.record.order.session else {
            return self.rest(EndKind::Unknown, StatusCode::GONE);
        };
        if methods::is_named(&self.record) {
            let trouble = again.error == Some(FormError::Trouble);
            let notice = trouble.then_some(MethodNotice::Trouble);
            return self.methods(status, notice.or_else(|| self.last_of_methods()));
        }
        let cards = match self.gateway.cards_on_page(&self.record).await {
            Ok(cards) => cards,
            Err(failure) => return self.trouble(&failure),
        };
        let id =
            |card: &StoredCard| guard::card(&self.gateway, &self.record, self.number, &card.token);
        let number = guard::new_form(&self.gateway);
        let form = Form {
            lang: &self.lang,
            reminder: self.reminder.as_deref(),
            csrf: guard::token(&self.gateway, &self.record, self.number, &number),
            number,
            stored_cards: cards.into_iter().map(|card| (id(&card), card)).collect(),
            again,
            other_methods: !methods::page_methods(&self.gateway, &self.record).is_empty(),
        };
        let view = fill::card_page(&self.record, session, form);
        page::card_page(&view, status, &self.around())
    }

    pub(super) fn trouble(&self, failure: &Failure) -> Page {
        tracing::error!(%failure, order.key = self.record.key, "a payer's page failed");
        self.rest(EndKind::Trouble, StatusCode::SERVICE_UNAVAILABLE)
    }

    /// Reads a posted form and makes sure that it is one of ours.
    pub(super) async fn posted(&self, request: Request) -> Result<(Fields, PageForm), Page> {
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
        let locale = fill::locale(&self.record, &self.lang);
        Ok((fields, PageForm { session: self.number, entry: self.entry(), form, locale }))
    }
}

/// How a page of the site is reached, and who may frame it; nobody may frame a page of no site.
fn surroundings(gateway: &Gateway, site: Option<&Site>) -> Surroundings {
    let framed_by = site.map_or(&[][..], |site| &site.settings.page.framed_by);
    Surroundings::new(&gateway.public_url, framed_by)
}

/// A page of a link that leads nowhere.
pub(super) fn unknown_page(
    gateway: &Gateway,
    lang: &str,
    kind: EndKind,
    status: StatusCode,
) -> Page {
    page::end_page(&fill::unknown_page(kind, lang), status, &surroundings(gateway, None))
}

/// The language that an address asks for; empty for the order's own.
pub(super) fn lang_of(query: Option<&str>) -> String {
    parameter(query, "lang").unwrap_or_default()
}

fn parameter(query: Option<&str>, name: &str) -> Option<String> {
    let mut pairs = form_urlencoded::parse(query.unwrap_or_default().as_bytes());
    pairs.find(|(it, _)| it == name).map(|(_, value)| value.into_owned())
}

/// On to an address of ours, or of the shop's.
pub(super) fn see_other(target: &str) -> Page {
    Response::builder()
        .status(StatusCode::SEE_OTHER)
        .header(header::LOCATION, target)
        .header(header::CACHE_CONTROL, "no-store")
        .header(header::REFERRER_POLICY, "no-referrer")
        .body(Body::empty())
        .expect("an address of the contract is a valid header")
}
