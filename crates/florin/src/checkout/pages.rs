//! What each page says.

use axum::body::Body;
use axum::http::{Response, StatusCode, header};

use crate::connect::shop;
use crate::connect::view::ClosePageView;
use crate::gateway::Gateway;
use crate::gateway::record::Record;
use crate::gateway::site::Mode;
use crate::page::words::{Words, words};
use crate::page::{self, Form, METHOD_DONE, Method, SUBMIT, Sign, Step, Surroundings, Top, VERIFY};
use crate::threeds::{CreqForm, MethodForm};

/// Fields that the script of the verification page fills in.
const BROWSER_FIELDS: [(&str, &str); 9] = [
    ("javascript", "0"),
    ("java", ""),
    ("language", ""),
    ("color_depth", ""),
    ("screen_width", ""),
    ("screen_height", ""),
    ("time_zone", ""),
    ("user_agent", ""),
    ("method_completed", "N"),
];

/// How often a waiting page looks again.
const WAIT_SECONDS: &str = "2";

/// Pages of one gateway: they differ by whether it is reached by https, and by who may frame them.
pub(super) struct Pages<'a> {
    gateway: &'a Gateway,
}

fn words_of(record: &Record) -> &'static Words {
    words(record.payer_locale())
}

/// A page of an order, which says who is paid and how much, in the shop's colours.
fn step(record: &Record, heading: &'static str, message: &'static str) -> Step {
    let words = words_of(record);
    let shop = shop(record);
    let amount = record.order.payment.amount;
    Step {
        top: Some(Top { amount: page::amount(record.payer_locale(), amount), ..page::top(&shop) }),
        order: Some(record.order_id.clone()),
        test_mode: record.site.mode == Mode::Test,
        colours: shop.colours,
        ..Step::new(words, heading, message)
    }
}

/// Where a payer goes who does not want to go on: to the page with the form, where there is one
/// that can still pay, else to the shop. Nothing is decided by that.
fn ways_out(gateway: &Gateway, record: &Record) -> Vec<(String, &'static str)> {
    let words = words_of(record);
    let now = record.site.time(gateway.now());
    let session = record.order.session;
    let is_open = session.is_some_and(|it| it.ended.is_none() && now < it.expires_at);
    let form = gateway.session_url(record).filter(|_| is_open);
    let shop = record.cancel_url().map(|url| url.with_transaction_id(&record.order_id));
    let form = form.map(|url| (url, words.try_again));
    let shop = shop.map(|url| (url, words.back_to_shop));
    form.or(shop).into_iter().collect()
}

/// Whether a form of this order may end, by redirects that browsers count as one submission, at
/// an address without TLS.
fn leads_to_http(record: &Record) -> bool {
    let term_url = record.request.card.as_ref().and_then(|card| card.term_url.clone());
    [record.redirect_url(), record.cancel_url(), term_url]
        .into_iter()
        .flatten()
        .any(|url| !url.as_str().to_ascii_lowercase().starts_with("https:"))
}

impl Pages<'_> {
    pub(super) fn new(gateway: &Gateway) -> Pages<'_> {
        Pages { gateway }
    }

    /// A page of no order is framed by nobody.
    fn nowhere(&self) -> Surroundings {
        Surroundings::new(&self.gateway.public_url, &[])
    }

    fn around(&self, record: &Record) -> Surroundings {
        Surroundings::new(&self.gateway.public_url, &record.site.settings.page.framed_by)
    }

    /// Collects the browser's data, runs the 3DS Method, and goes on.
    pub(super) fn verification(
        &self,
        record: &Record,
        method: Option<MethodForm>,
        continue_url: String,
    ) -> Response<Body> {
        let words = words_of(record);
        let mut fields: Vec<(&'static str, String)> =
            BROWSER_FIELDS.map(|(name, value)| (name, value.to_owned())).to_vec();
        if method.is_none() {
            fields.retain(|(name, _)| *name != "method_completed");
            fields.push(("method_completed", "U".to_owned()));
        }
        let page = Step {
            form: Some(Form { action: continue_url, fields, button: words.continue_button }),
            leads_to_http: leads_to_http(record),
            method: method.map(|form| Method { url: form.method_url, data: form.method_data }),
            script: VERIFY,
            links: ways_out(self.gateway, record),
            ..step(record, words.verify_title, words.verify_text)
        };
        page.answer(StatusCode::OK, &self.around(record))
    }

    /// Sends the browser to the ACS.
    pub(super) fn challenge(&self, record: &Record, form: CreqForm) -> Response<Body> {
        let words = words_of(record);
        let fields = vec![("creq", form.creq), ("threeDSSessionData", form.session_data)];
        let page = Step {
            leads_to_http: leads_to_http(record) || form.acs_url.starts_with("http:"),
            form: Some(Form { action: form.acs_url, fields, button: words.continue_button }),
            script: SUBMIT,
            links: ways_out(self.gateway, record),
            ..step(record, words.verify_title, words.verify_text)
        };
        page.answer(StatusCode::OK, &self.around(record))
    }

    /// An authorization is on its way; the page looks again by itself.
    pub(super) fn waiting(&self, record: &Record) -> Response<Body> {
        let words = words_of(record);
        let page = Step {
            refresh: Some(WAIT_SECONDS.to_owned()),
            sign: Sign::Busy,
            ..step(record, words.wait_title, words.wait_text)
        };
        page.answer(StatusCode::OK, &self.around(record))
    }

    /// The end: back to the shop, or our own last page where the shop named no address. A payment
    /// under review looks like a paid one.
    pub(super) fn end(&self, record: &Record, success: bool) -> Response<Body> {
        let options = &record.request.details.payment_options;
        let term_url = record.request.card.as_ref().and_then(|card| card.term_url.clone());
        let back = if success { record.redirect_url() } else { record.cancel_url() };
        let target = term_url.or(back).map(|url| url.with_transaction_id(&record.order_id));
        let words = words_of(record);
        match target {
            Some(target) if options.close_window => page::close_page(
                &ClosePageView { locale: record.payer_locale().to_owned(), target },
                &self.around(record),
            ),
            Some(target) => Response::builder()
                .status(StatusCode::SEE_OTHER)
                .header(header::LOCATION, target)
                .header(header::CACHE_CONTROL, "no-store")
                .header(header::REFERRER_POLICY, "no-referrer")
                .body(Body::empty())
                .expect("an address of the contract is a valid header"),
            None => self.last(record, words, success),
        }
    }

    fn last(&self, record: &Record, words: &Words, success: bool) -> Response<Body> {
        let (title, text) = if success {
            (words.paid_title, words.paid_text)
        } else {
            (words.unpaid_title, words.unpaid_text)
        };
        let sign = if success { Sign::Good } else { Sign::Neutral };
        let links = if success { Vec::new() } else { ways_out(self.gateway, record) };
        let page = Step { sign, links, ..step(record, title, text) };
        page.answer(StatusCode::OK, &self.around(record))
    }

    /// The 3DS Method has ended, inside its hidden frame.
    pub(super) fn method_done(&self) -> Response<Body> {
        let words = words("en");
        let page =
            Step { script: METHOD_DONE, ..Step::new(words, words.wait_title, words.wait_text) };
        page.answer(StatusCode::OK, &self.nowhere())
    }

    /// A link that was never ours, or leads nowhere.
    pub(super) fn unknown(&self, status: StatusCode, locale: &str) -> Response<Body> {
        let words = words(locale);
        Step::new(words, words.unknown_title, words.unknown_text).answer(status, &self.nowhere())
    }

    /// We failed; nothing was charged twice.
    pub(super) fn trouble(&self, locale: &str) -> Response<Body> {
        let words = words(locale);
        Step::new(words, words.trouble_title, words.trouble_text)
            .answer(StatusCode::SERVICE_UNAVAILABLE, &self.nowhere())
    }
}
