//! Payments by other methods than cards: the payer is sent to the method's provider, whose word
//! counts.
//!
//! The attempt is recorded before its provider is asked to take it on, and the answer after that.
//! Should we die in between, a timer asks once more, under the same number, for which the provider
//! has one payment however often it is asked. What it says afterwards comes signed, or as the
//! answer to a question of ours.

use std::sync::Arc;

use florin_core::decision::{Command, Opening, Refusal, Verification, inoperative};
use florin_core::method::Method;
use florin_core::money::Money;
use florin_core::payment::Rules;
use florin_core::payment::{State, TransactionId, Unauthenticated, Waiting};
use florin_core::provider::{OtherMethod, ProviderNews, Referral, Word as CoreWord};
use florin_core::session::Entry;
use florin_core::trail::RefundState;

use super::authorize::{Done, Patience};
use super::create::{Created, Opened, PageForm};
use super::dispute::News;
use super::draft::{Asked, draft};
use super::ids::TokenPurpose;
use super::parts::is_known_part;
use super::record::Record;
use super::session::page_locale;
use super::site::Site;
use super::{Failure, Gateway};
use crate::api::contract::{OrderRequest, StoredRequest};
use crate::limits::PROVIDER_PAUSE_MS;
use crate::provider::{ProviderClient, ProviderError, Said, Wanted, Word, read_result};
use crate::store::{ClaimedTimer, TimerNext};

/// An order that is to be paid with another method.
struct Attempt {
    site: Arc<Site>,
    key_id: i64,
    request_key: Option<String>,
    request: StoredRequest,
    method: &'static Method,
    /// What the method has to pay: what gift cards have paid is less to pay.
    due: Money,
    /// None where the shop itself named the method.
    page: Option<PageForm>,
}

/// Whether a provider's word was taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Heard {
    /// It is recorded, now or before.
    Taken,
    /// The payment is over, or was never ours: no money may be taken.
    TooLate,
}

impl Gateway {
    /// Who runs the other methods of a site; nobody on live sites.
    pub fn provider_of(&self, site: &Site) -> Option<&ProviderClient> {
        self.provider.as_ref().filter(|_| site.plays_other_methods())
    }

    /// Takes a direct order that names another method than cards.
    ///
    /// # Errors
    /// A [`Failure`] when the order could not be recorded.
    pub async fn pay_elsewhere(
        self: &Arc<Gateway>,
        site: Arc<Site>,
        key_id: i64,
        request_key: Option<String>,
        request: &OrderRequest,
        method: &'static Method,
    ) -> Result<Created, Failure> {
        let request = StoredRequest::from(request);
        let due = request.details.amount;
        self.refer(Attempt { site, key_id, request_key, request, method, due, page: None }).await
    }

    /// A payer chose another method on the page.
    ///
    /// # Errors
    /// A [`Failure`] when the attempt could not be recorded.
    pub async fn pay_elsewhere_on_page(
        self: &Arc<Gateway>,
        record: Record,
        page: PageForm,
        method: &'static Method,
    ) -> Result<Created, Failure> {
        let request = StoredRequest { details: record.request.details.clone(), card: None };
        self.refer(Attempt {
            site: record.site.clone(),
            key_id: record.extra.key_id,
            request_key: None,
            request,
            method,
            due: record.order.due(),
            page: Some(page),
        })
        .await
    }

    async fn refer(self: &Arc<Gateway>, attempt: Attempt) -> Result<Created, Failure> {
        let Attempt { site, key_id, request_key, request, method, due, page } = attempt;
        let rails = self.rails_of(&site)?;
        let now = self.now();
        let request = Arc::new(request);
        let number = self.transaction_ids.next(now);
        let asked =
            Asked { key_id, request_key, at: site.time(now), link: rails.link_name().to_owned() };
        let mut draft = draft(site, number, request, asked);
        draft.order.payment.amount = due;
        draft.extra.form = page.as_ref().map(|page| page.form.clone());
        draft.extra.locale = page.as_ref().and_then(|page| page.chosen_locale(&draft.request));
        if let Some(known) = self.known_before(&draft, page.as_ref()).await? {
            return Ok(known);
        }
        let opening = Opening {
            transaction_id: TransactionId(number),
            amount: due,
            brand: None,
            method: Some(method),
            rules: Rules {
                when_unavailable: Unauthenticated::Decline,
                when_not_enrolled: Unauthenticated::Decline,
                payer_present: true,
                expires_after_ms: OtherMethod::expires_after_ms(method),
                manual_capture_ms: None,
            },
            session: page.as_ref().map(|page| page.session),
            entry: page.as_ref().map_or(Entry::Link, |page| page.entry),
            refused: self.provider_of(&draft.site).is_none().then(inoperative),
            verification: Verification::Referral,
            trace: rails.next_trace(now).await?,
        };
        let opened = self.open(draft, number, Command::Open(opening), None, page.as_ref());
        Ok(match opened.await? {
            Opened::Committed { record, owed, .. } => {
                self.begin(&record, owed);
                let locale = page.as_ref().map(|page| page.locale.as_str());
                Created::Order(Box::new(self.have_taken_on(record, locale).await?))
            }
            Opened::Refused(Refusal::SessionOver) => Created::SessionOver,
            Opened::Refused(_) | Opened::NotCharged(_) => Created::OrderIdTaken,
            Opened::Repeated(record) => Created::Repeated(Box::new(record)),
        })
    }

    /// Has the provider take on the newest attempt, which is recorded, if that still waits for it.
    /// `locale` is what its payer reads, where he was asked on a page.
    async fn have_taken_on(
        self: &Arc<Gateway>,
        record: Record,
        locale: Option<&str>,
    ) -> Result<Record, Failure> {
        if record.order.payment.state != State::Authenticating(Waiting::Referral) {
            return Ok(record);
        }
        let transaction_id = record.order.payment.transaction_id;
        let referral = self.ask_to_take_on(&record, locale).await;
        let command = Command::Refer { transaction_id, referral };
        let done = self.command(record, command, Patience::Stubborn).await?;
        Ok(match done {
            Done::Committed { record, .. } | Done::Refused { record, .. } => record,
        })
    }

    /// Asks the provider to take a payment on. `None` when it does not.
    async fn ask_to_take_on(&self, record: &Record, locale: Option<&str>) -> Option<Referral> {
        let provider = self.provider_of(&record.site)?;
        let payment = &record.order.payment;
        let method = payment.other.as_ref()?.method;
        let number = payment.transaction_id.0;
        let details = &record.request.details;
        let address = &details.customer.address;
        let names = [&address.first_name, &address.last_name];
        let name: Vec<&str> = names.into_iter().filter_map(|it| it.as_deref()).collect();
        let named = |text: &Option<String>| text.clone().filter(|it| !it.is_empty());
        let info = &details.method_info;
        let payer_token = self.payer_token(record);
        let result_token = self.token(record, number, TokenPurpose::Provider);
        let key = self.result_key(record, number);
        let wanted = Wanted {
            method: (method.id, method.name),
            merchant: record.site.merchant_id(),
            shop: &record.site.name,
            amount: payment.amount.minor,
            currency: payment.amount.currency.code(),
            description: &details.description,
            locale: locale.unwrap_or_else(|| page_locale(&details.customer)),
            reference: number,
            // A page keeps its session.
            is_direct: record.order.session.is_none(),
            issuer: info.issuer.as_deref(),
            payer_name: named(&info.holder).or_else(|| named(&Some(name.join(" ")))),
            account: info.account.as_deref(),
            birthday: info.birthday.as_deref().or(details.customer.birthday.as_deref()),
            return_url: format!("{}/pay/{payer_token}/back", self.public_url),
            result_url: format!("{}/methods/results/{result_token}", self.public_url),
            key: &key,
        };
        match provider.open(&wanted).await {
            Ok(taken) => Some(Referral {
                reference: taken.said.reference.clone(),
                url: taken.url,
                news: self.news(&record.site, taken.said)?,
            }),
            Err(error) => {
                tracing::warn!(method = method.id, %error, "a payment was not taken on");
                None
            }
        }
    }

    /// Signs the results of one attempt.
    fn result_key(&self, record: &Record, number: i64) -> String {
        let subject = format!("provider/{}/{number}", record.site.id);
        hex::encode(self.vault.token_hash(subject.as_bytes()))
    }

    /// For the core, which knows of no chargeback without a sale: that is `None`.
    fn news(&self, site: &Site, said: Said) -> Option<ProviderNews> {
        let Word::Known(word) = said.word else { return None };
        let now = site.time(self.now());
        let after = |seconds: u32| now.saturating_add(i64::from(seconds).saturating_mul(1000));
        Some(ProviderNews { word, facts: said.facts, ask_again_at: said.ask_after_s.map(after) })
    }

    /// A provider brings a result. `None` when it is not signed with the key of the attempt.
    ///
    /// # Errors
    /// A [`Failure`] when it could not be recorded.
    pub async fn take_provider_result(
        self: &Arc<Gateway>,
        record: Record,
        is_newest: bool,
        body: &[u8],
    ) -> Result<Option<Heard>, Failure> {
        let number = record.order.payment.transaction_id.0;
        let said = read_result(body, &self.result_key(&record, number));
        if !is_newest {
            // A later attempt has taken the order over. A part that was taken before stays taken,
            // however often it is told.
            let known = record.order.parts.iter().any(|part| {
                let key = self.result_key(&record, part.transaction_id.0);
                read_result(body, &key).is_some_and(|said| is_known_part(&record, &said))
            });
            return Ok(Some(if known { Heard::Taken } else { Heard::TooLate }));
        }
        match said {
            None => Ok(None),
            // It may be here before what it answered to us, or while nobody hears that.
            Some(said) => {
                let record = self.have_taken_on(record, None).await?;
                let record = self.settle_shipment(record).await?;
                self.hear_provider(record, said).await.map(|(_, heard)| Some(heard))
            }
        }
    }

    /// Asks the provider what became of a payment that its payer comes back from.
    ///
    /// # Errors
    /// A [`Failure`] when the answer could not be recorded.
    pub async fn ask_provider(self: &Arc<Gateway>, record: Record) -> Result<Record, Failure> {
        if record.order.payment.state == State::Authenticating(Waiting::Referral) {
            return self.have_taken_on(record, None).await;
        }
        let (Some(provider), Some(other)) =
            (self.provider_of(&record.site), &record.order.payment.other)
        else {
            return Ok(record);
        };
        if record.order.trail.shipment.is_some() {
            // It has another question to answer first.
            return Ok(record);
        }
        match provider.ask(&other.reference).await {
            Ok(said) => self.hear_provider(record, said).await.map(|(record, _)| record),
            Err(error) => {
                tracing::warn!(order.key = record.key, %error, "a provider was asked");
                Ok(record)
            }
        }
    }

    pub(super) async fn hear_provider(
        self: &Arc<Gateway>,
        record: Record,
        said: Said,
    ) -> Result<(Record, Heard), Failure> {
        let (reference, said_again) = (said.reference.clone(), said.clone());
        let Some(news) = self.news(&record.site, said) else {
            return self.hear_of_chargeback(record, &reference).await;
        };
        let word = news.word;
        let command = Command::Hear { reference: reference.clone(), news };
        Ok(match self.command(record, command, Patience::Stubborn).await? {
            Done::Committed { record, .. } => (record, Heard::Taken),
            // It will be heard once that is known.
            Done::Refused { refusal: Refusal::Unanswered, .. } => return Err(Failure::Busy),
            Done::Refused { record, refusal } => {
                let is_ours = refusal == Refusal::AlreadySo
                    || agrees(&record, &reference, word)
                    || is_known_part(&record, &said_again);
                (record, if is_ours { Heard::Taken } else { Heard::TooLate })
            }
        })
    }

    /// The payer had his money taken back: a chargeback of the whole payment.
    async fn hear_of_chargeback(
        self: &Arc<Gateway>,
        record: Record,
        reference: &str,
    ) -> Result<(Record, Heard), Failure> {
        let is_ours =
            record.order.payment.other.as_ref().is_some_and(|other| other.reference == reference);
        if !is_ours {
            return Ok((record, Heard::TooLate));
        }
        let news = News { reference: Some(reference.to_owned()), ..News::default() };
        let before = record.clone();
        Ok(match self.charge_back(record, news).await? {
            super::change::Changed::Done(case) => (case.record, Heard::Taken),
            super::change::Changed::Refused(Refusal::AlreadySo) => (before, Heard::Taken),
            _ => (before, Heard::TooLate),
        })
    }

    /// The time has come that the provider named.
    pub(super) async fn inquire(
        self: &Arc<Gateway>,
        record: Record,
        timer: &ClaimedTimer,
    ) -> Result<(), Failure> {
        if record.order.payment.state == State::Authenticating(Waiting::Referral) {
            // The commit sets the timer again, or stops it.
            self.have_taken_on(record, None).await?;
            return Ok(());
        }
        let may_change = matches!(
            record.order.payment.state,
            State::Authenticating(Waiting::Provider(_)) | State::Promised { .. } | State::Paid
        );
        let record = self.settle_shipment(record).await?;
        let provider = self.provider_of(&record.site);
        let (Some(provider), Some(other), true) =
            (provider, &record.order.payment.other, may_change)
        else {
            self.store.finish_timer(timer, TimerNext::Done).await?;
            return Ok(());
        };
        let next = match provider.ask(&other.reference).await {
            Ok(said) => {
                self.hear_provider(record, said).await?;
                // A commit that set the timer again has ended our lease, and this says nothing.
                TimerNext::Done
            }
            Err(error) => {
                tracing::warn!(order.key = timer.key, %error, "a provider was asked");
                TimerNext::At(self.now().saturating_add(PROVIDER_PAUSE_MS))
            }
        };
        self.store.finish_timer(timer, next).await?;
        Ok(())
    }

    /// The payer's time is over. What he did in its last moment, the provider knows.
    pub(super) async fn let_visit_pass(
        self: &Arc<Gateway>,
        record: Record,
        timer: &ClaimedTimer,
    ) -> Result<(), Failure> {
        let record = self.ask_provider(record).await?;
        if matches!(record.order.payment.state, State::Authenticating(_)) {
            self.end_in_time(record, Command::Expire, timer).await?;
        }
        Ok(())
    }

    /// Nobody shipped what was promised to be paid. What its provider has decided, or paid,
    /// meanwhile counts: it is asked until it answers.
    pub(super) async fn let_promise_pass(
        self: &Arc<Gateway>,
        record: Record,
        timer: &ClaimedTimer,
    ) -> Result<(), Failure> {
        let record = self.settle_shipment(record).await?;
        let asked = match (self.provider_of(&record.site), &record.order.payment.other) {
            (Some(provider), Some(other)) => Some(provider.ask(&other.reference).await),
            _ => None,
        };
        let record = match asked {
            Some(Ok(said)) => self.hear_provider(record, said).await?.0,
            // There is nobody who could have paid, or he knows of no such payment.
            None | Some(Err(ProviderError::Refused(404))) => record,
            Some(Err(error)) => {
                tracing::warn!(order.key = timer.key, %error, "a provider was asked");
                let again = self.now().saturating_add(PROVIDER_PAUSE_MS);
                self.store.finish_timer(timer, TimerNext::At(again)).await?;
                return Ok(());
            }
        };
        if let (State::Promised { .. }, Some(other)) =
            (&record.order.payment.state, &record.order.payment.other)
        {
            let reference = other.reference.clone();
            let news = ProviderNews::of(CoreWord::Expired);
            self.end_in_time(record, Command::Hear { reference, news }, timer).await?;
        }
        Ok(())
    }

    /// The day of a refund is settled: asks the provider for it until it answers.
    pub(super) async fn refund_elsewhere(
        self: &Arc<Gateway>,
        record: Record,
        number: u32,
        timer: &ClaimedTimer,
    ) -> Result<(), Failure> {
        let state = record.order.trail.refund(number).map(|refund| refund.state.clone());
        let record = match state {
            Some(RefundState::Asked) => record,
            Some(RefundState::Reserved { .. }) => {
                let asking = Command::AskRefund { number };
                match self.command(record, asking, Patience::Stubborn).await? {
                    Done::Committed { record, .. } => record,
                    Done::Refused { .. } => return Ok(()),
                }
            }
            _ => {
                self.store.finish_timer(timer, TimerNext::Done).await?;
                return Ok(());
            }
        };
        let asked = match (
            self.provider_of(&record.site),
            &record.order.payment.other,
            record.order.trail.refund(number),
        ) {
            (Some(provider), Some(other), Some(refund)) => {
                let (id, amount) = (refund.transaction_id.0, refund.amount);
                provider.refund(&other.reference, id, amount).await.ok()
            }
            _ => None,
        };
        let heard = asked.map(|word| Command::HearRefund { number, word });
        self.hear_or_ask_again(record, heard, timer).await
    }

    /// Records what a provider answered when it was asked to give money back; where it did not, it
    /// is asked again later.
    pub(super) async fn hear_or_ask_again(
        self: &Arc<Gateway>,
        record: Record,
        heard: Option<Command>,
        timer: &ClaimedTimer,
    ) -> Result<(), Failure> {
        match heard {
            Some(command) => {
                self.settle(record, command).await?;
            }
            None => {
                tracing::warn!(order.key = timer.key, "a provider did not answer to a refund");
                // Where it was asked only now, its commit has set the timer again.
                let again = self.now().saturating_add(PROVIDER_PAUSE_MS);
                self.store.finish_timer(timer, TimerNext::At(again)).await?;
            }
        }
        Ok(())
    }
}

/// Whether the payment with this number is where the word would bring it.
fn agrees(record: &Record, reference: &str, word: CoreWord) -> bool {
    let payment = &record.order.payment;
    if payment.other.as_ref().is_none_or(|other| other.reference != reference) {
        return false;
    }
    match (&payment.state, word) {
        (State::Paid, CoreWord::Paid | CoreWord::Promised | CoreWord::Underway)
        | (State::Promised { .. }, CoreWord::Promised)
        | (State::Declined(_) | State::Withdrawn, CoreWord::Declined)
        | (State::Declined(_), CoreWord::NoBalance)
        | (State::Cancelled, CoreWord::Cancelled)
        | (State::Expired, CoreWord::Expired) => true,
        // The rest of what was shipped in parts.
        (State::Paid, CoreWord::Declined | CoreWord::Cancelled | CoreWord::Expired) => {
            record.order.trail.released > 0
        }
        _ => false,
    }
}
