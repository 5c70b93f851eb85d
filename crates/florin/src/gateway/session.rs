//! Orders that are paid on a page: the session that offers one, its link, and the card that a
//! payer sends there.
//!
//! A card on the page becomes an attempt of the order by the same way as a card that a shop sends.

use std::sync::Arc;

use florin_core::card::{Brand, Cvc};
use florin_core::decision::{Command, Offering, Refusal};
use florin_core::payment::{State, TransactionId};
use florin_core::session::{Entry, Session, SessionKind};

use super::authorize::{Done, Patience};
use super::charges::ChargedBy;
use super::create::{Attempt, Created, Opened, PageForm};
use super::draft::{Asked, draft};
use super::ids::{TokenPurpose, TokenSubject, issue_token, read_token};
use super::record::Record;
use super::site::{OnDecline, Site};
use super::{Failure, Gateway};
use crate::api::contract::card_input::CardInput;
use crate::api::contract::customer::{Browser, Customer, plain_locale};
use crate::api::contract::request::{Gateway as Method, OrderKind};
use crate::api::contract::rules::brand_takes;
use crate::api::contract::stored::StoredCard;
use crate::api::contract::{OrderDetails, OrderRequest, SiteRules, StoredRequest};

/// What a payer pays with on a page.
pub enum PageCard {
    /// A card that was typed.
    Typed(Box<CardInput>),
    /// A stored card, by its token, with its code where its brand has one.
    Stored { token: String, cvc: Option<Cvc> },
}

/// Whether a page may be shown.
pub enum Showing {
    Yes(Box<Record>),
    /// It was shown as often as it may be.
    TooOften(Box<Record>),
    /// The session is over, or another one has taken its place.
    Over(Box<Record>),
}

impl Gateway {
    /// Offers an order on a page. Nothing is sent to anybody.
    ///
    /// # Errors
    /// A [`Failure`] when it could not be recorded.
    pub async fn offer(
        self: &Arc<Gateway>,
        site: Arc<Site>,
        key_id: i64,
        request_key: Option<String>,
        request: OrderRequest,
    ) -> Result<Created, Failure> {
        let rails = self.rails_of(&site)?;
        if let Some(token) = &request.details.recurring_id
            && let Err(refusal) =
                self.may_charge(&site, &request.details, token, ChargedBy::PayerOnPage).await?
        {
            return Ok(Created::NotCharged(refusal));
        }
        let now = self.now();
        let site_now = site.time(now);
        let number = self.transaction_ids.next(now);
        let details = &request.details;
        let offering = Offering {
            number: TransactionId(number),
            amount: details.amount,
            kind: match details.kind {
                OrderKind::PaymentLink => SessionKind::PaymentLink,
                OrderKind::Direct | OrderKind::Redirect | OrderKind::Checkout => {
                    SessionKind::Redirect
                }
            },
            expires_at: site_now.saturating_add(i64::from(details.seconds_active) * 1000),
            reminds: super::mails::reminds(&site, details),
        };
        let asked = Asked { key_id, request_key, at: site_now, link: rails.link_name().to_owned() };
        let draft = draft(site, number, Arc::new(StoredRequest::from(&request)), asked);
        let command = Command::Offer(offering);
        Ok(match self.open(draft, number, command, None, None).await? {
            Opened::Committed { record, owed, .. } => {
                self.begin(&record, owed);
                Created::Order(Box::new(record))
            }
            Opened::Repeated(record) => Created::Repeated(Box::new(record)),
            Opened::Refused(_) | Opened::NotCharged(_) => Created::OrderIdTaken,
        })
    }

    /// The session id of the contract: it names the session and proves that the link is ours.
    pub fn session_token(&self, record: &Record, session: &Session) -> String {
        let subject = TokenSubject { site_id: record.site.id, transaction_id: session.number.0 };
        issue_token(subject, TokenPurpose::Session, &|bytes| self.vault.token_hash(bytes))
    }

    /// Where the payer can pay the order, if it was offered on a page.
    pub fn session_url(&self, record: &Record) -> Option<String> {
        self.session_url_in(record, page_locale(&record.request.details.customer))
    }

    fn session_url_in(&self, record: &Record, locale: &str) -> Option<String> {
        let token = self.session_token(record, record.order.session.as_ref()?);
        Some(format!("{}/connect/{token}/?lang={locale}", self.public_url))
    }

    /// Where a payer who is reminded can pay the order: the page of its session, with a mark that
    /// he has the mail. Its link still works when the merchant has given the order up.
    pub(super) fn reminder_url(&self, record: &Record) -> Option<String> {
        let mark = self.reminder_token(record, record.order.session.as_ref()?.number);
        Some(format!("{}&{REMINDER_PARAMETER}={mark}", self.session_url(record)?))
    }

    fn reminder_token(&self, record: &Record, session: TransactionId) -> String {
        self.token(record, session.0, TokenPurpose::Reminder)
    }

    /// Whether this is the mark of a reminder of the session.
    pub fn is_reminder(&self, record: &Record, session: TransactionId, mark: &str) -> bool {
        let hash = |bytes: &[u8]| self.vault.token_hash(bytes);
        read_token(mark, TokenPurpose::Reminder, &hash).is_some_and(|subject| {
            subject.site_id == record.site.id && subject.transaction_id == session.0
        })
    }

    /// The page that a payer returns to whose bank sent him back unpaid: it says what became of
    /// the order and lets him try again. None where the shop wants him back at once.
    pub fn page_to_return_to(&self, record: &Record) -> Option<String> {
        let declined = matches!(record.order.payment.state, State::Declined(_));
        let leaves = declined && record.site.settings.on_decline == OnDecline::CancelUrl;
        let chosen = record.extra.locale.as_deref();
        let locale = chosen.unwrap_or_else(|| page_locale(&record.request.details.customer));
        if leaves { None } else { self.session_url_in(record, locale) }
    }

    /// The order behind a session id, and the session's number. `None` for ids that were never
    /// issued. The order may have another session by now, or none.
    ///
    /// # Errors
    /// A [`Failure`] when the store cannot be read.
    pub async fn by_session(
        &self,
        token: &str,
    ) -> Result<Option<(Record, TransactionId)>, Failure> {
        let hash = |bytes: &[u8]| self.vault.token_hash(bytes);
        let Some(subject) = read_token(token, TokenPurpose::Session, &hash) else {
            return Ok(None);
        };
        let Some(site) = self.directory.site(subject.site_id) else { return Ok(None) };
        let record = self.load_by_transaction(&site, subject.transaction_id).await?;
        Ok(record.map(|record| (record, TransactionId(subject.transaction_id))))
    }

    /// The page of a session is about to be shown; of a payment link that is counted.
    ///
    /// # Errors
    /// A [`Failure`] when the opening could not be recorded.
    pub async fn show_session(
        self: &Arc<Gateway>,
        record: Record,
        number: TransactionId,
        entry: Entry,
    ) -> Result<Showing, Failure> {
        let now = record.site.time(self.now());
        match record.order.open_session(number, entry, now) {
            None => return Ok(Showing::Over(Box::new(record))),
            Some(session) if session.kind == SessionKind::Redirect => {
                return Ok(Showing::Yes(Box::new(record)));
            }
            Some(_) => {}
        }
        let command = Command::ShowPage { number, entry };
        Ok(match self.command(record, command, Patience::Once).await? {
            Done::Committed { record, .. } => Showing::Yes(Box::new(record)),
            Done::Refused { record, refusal: Refusal::TooMany } => {
                Showing::TooOften(Box::new(record))
            }
            Done::Refused { record, .. } => Showing::Over(Box::new(record)),
        })
    }

    /// A payer sent a card on the page, or chose a stored one.
    ///
    /// # Errors
    /// A [`Failure`] when the attempt could not be recorded, or its outcome could not.
    pub async fn pay_on_page(
        self: &Arc<Gateway>,
        record: Record,
        page: PageForm,
        card: PageCard,
        browser: Browser,
    ) -> Result<Created, Failure> {
        let mut details = record.request.details.clone();
        let (card, charged) = match card {
            PageCard::Typed(card) => (*card, None),
            PageCard::Stored { token, cvc } => {
                let by = ChargedBy::PayerOnPage;
                match self.charge(&record.site, &details, &token, cvc, by).await? {
                    Ok(charge) => (charge.input, Some(charge.credential)),
                    Err(refusal) => return Ok(Created::NotCharged(refusal)),
                }
            }
        };
        // It is this browser that the issuer will see, whatever the shop said of the payer's.
        details.customer.browser = Some(browser);
        let request = StoredRequest { details, card: Some(StoredCard::from(&card)) };
        self.try_to_pay(Attempt {
            site: record.site.clone(),
            key_id: record.extra.key_id,
            request_key: None,
            request,
            card,
            due: record.order.due(),
            charged,
            page: Some(page),
        })
        .await
    }
}

/// The method that the shop named for an order. Where a gift card has paid a part, every method may
/// pay the rest.
pub fn named_gateway(record: &Record) -> Option<Method> {
    let in_part = record.order.kept_parts().next().is_some();
    record.request.details.gateway.filter(|_| !in_part)
}

/// The brands that a page takes for an order for which the shop named this method.
pub fn page_brands(details: &OrderDetails, named: Option<Method>, rules: &SiteRules) -> Vec<Brand> {
    let asked = |brand: Brand| match named {
        Some(Method::Brand(only)) => only == brand,
        Some(Method::CreditCard) | None => true,
        Some(Method::Other(_)) => false,
    };
    let captures = |brand: Brand| !details.manual_capture || brand.allows_manual_capture();
    let brands = rules.brands.iter().copied();
    brands
        .filter(|brand| asked(*brand) && captures(*brand))
        .filter(|brand| brand_takes(*brand, details.amount.currency))
        .collect()
}

/// The locale that a page is first shown in: what the shop sent, where that can stand in an
/// address.
pub fn page_locale(customer: &Customer) -> &str {
    customer.locale.as_deref().and_then(plain_locale).unwrap_or_else(|| customer.language())
}

/// What the mark of a reminder is called in the address of a page.
pub const REMINDER_PARAMETER: &str = "reminder";
