//! From an order to a 3-D Secure authentication, and from its outcome to what the core decides on.

use emv3ds::{Secret, TransStatus, Version};
use florin_core::card::Brand;
use florin_core::country::Country;
use florin_core::decision::Verification;
use florin_core::money::Money;
use florin_core::payment::{
    AuthenticationFlow, AuthenticationResult, AuthenticationStatus, Challenge, Waiting,
};

use super::super::Gateway;
use super::super::ids::TokenPurpose;
use super::super::record::{CardSecrets, Record};
use super::Rails;
use crate::api::contract::customer;
use crate::api::contract::request::RecurringModel;
use crate::threeds::{
    self, Address, Authentication, AuthenticationRequest, BrowserData, ChallengeIndicator,
    ChallengeWindow, CreqForm, Flow, Lookup, Merchant, MethodForm, MethodResult, OpenChallenge,
    Outcome, Purpose,
};

/// Where the browser's data comes from.
pub enum Browser {
    /// The order carried it, or did not.
    FromOrder,
    /// The payer's own browser told it on the verification page; the 3DS Method has been run.
    FromPage { data: BrowserData, method: MethodResult },
}

/// One authentication to be asked for.
pub struct AuthenticationStep<'a> {
    pub record: &'a Record,
    /// The attempt, which may not be stored yet.
    pub transaction_id: i64,
    pub brand: Brand,
    pub amount: Money,
    /// The issuer has to challenge.
    pub mandate: bool,
    pub browser: Browser,
}

/// What stands for a browser that the order says nothing of. The standard requires the element;
/// shops that create orders without a browser expect an issuer that needs no challenge to say
/// yes all the same. For a challenge the payer's own browser is asked.
const MISSING_USER_AGENT: &str = "unknown";

/// The message categories of payments and of everything else (EMV 3DS, `messageCategory`).
const CATEGORY_PAYMENT: &str = "01";
const CATEGORY_NON_PAYMENT: &str = "02";

impl Rails {
    /// Asks whether the payer is who they say. Never fails: what cannot be found out is U.
    pub async fn authenticate(
        &self,
        gateway: &Gateway,
        step: AuthenticationStep<'_>,
        card: &CardSecrets,
    ) -> Verification {
        let network = step.brand.network();
        let pan = Secret::from(card.pan.expose());
        let (method_url, version) = match self.three_ds.lookup(network, &pan).await {
            Lookup::NotEnrolled => return Verification::NotEnrolled,
            Lookup::Unavailable(why) => {
                tracing::warn!(order.key = step.record.key, ?why, "3-D Secure is not available");
                return Verification::Finished(unavailable(None));
            }
            Lookup::Enrolled { method_url, version } => (method_url, version),
        };
        let from_order = matches!(step.browser, Browser::FromOrder);
        if from_order && method_url.is_some() {
            // The 3DS Method runs in the payer's browser, on our page, before the issuer is asked.
            return Verification::Pending(Waiting::Page { mandate: step.mandate });
        }
        let request = self.request(gateway, &step, card, version);
        let complete = request.browser.is_complete(request.locale.as_deref())
            && (!from_order || step.record.request.details.customer.browser.is_some());
        match self.three_ds.authenticate(&request).await {
            Authentication::Completed(outcome) => Verification::Finished(result_of(&outcome)),
            Authentication::Unavailable(unavailable) => {
                let why = &unavailable.why;
                tracing::warn!(order.key = step.record.key, ?why, "3-D Secure was not performed");
                Verification::Finished(result_of(&unavailable.outcome))
            }
            // A challenge is answered better with what the browser itself says: where the order
            // did not tell, our page asks it and begins anew.
            Authentication::Challenge(_) if !complete => {
                Verification::Pending(Waiting::Page { mandate: step.mandate })
            }
            Authentication::Challenge(open) => {
                Verification::Pending(Waiting::Challenge(Challenge {
                    server_trans_id: open.three_ds_server_trans_id.clone(),
                    acs_trans_id: open.acs_trans_id.clone(),
                    ds_trans_id: open.ds_trans_id.clone(),
                    version: open.version.to_string(),
                    acs_url: open.acs_url.clone(),
                }))
            }
        }
    }

    /// The 3DS Method of the card's range, where it has one.
    pub async fn method_form(
        &self,
        gateway: &Gateway,
        record: &Record,
        card: &CardSecrets,
    ) -> Option<MethodForm> {
        let network = record.order.payment.brand?.network();
        let pan = Secret::from(card.pan.expose());
        match self.three_ds.lookup(network, &pan).await {
            Lookup::Enrolled { method_url: Some(url), .. } => {
                let id = page_trans_id(gateway, record, record.order.payment.transaction_id.0);
                let done = format!("{}/3ds/method-done", self.public_url);
                Some(threeds::method_form(&url, &id, &done))
            }
            _ => None,
        }
    }

    /// What the browser takes to the ACS.
    pub fn challenge_form(&self, record: &Record, open: &Challenge, token: &str) -> CreqForm {
        let open = open_challenge(record, open);
        open.form(ChallengeWindow::FullScreen, token.as_bytes())
            .expect("a token is far shorter than session data may be")
    }

    fn request(
        &self,
        gateway: &Gateway,
        step: &AuthenticationStep<'_>,
        card: &CardSecrets,
        version: Version,
    ) -> AuthenticationRequest {
        let record = step.record;
        let details = &record.request.details;
        let customer = &details.customer;
        let acceptor = &record.site.settings.acceptor;
        let (browser, method, trans_id) = match &step.browser {
            Browser::FromOrder => (
                browser_of_order(customer),
                MethodResult::Unavailable,
                self.three_ds.new_transaction_id(),
            ),
            Browser::FromPage { data, method } => {
                let id = page_trans_id(gateway, record, step.transaction_id);
                let mut data = data.clone();
                data.ip_address = seen_at(data.ip_address, customer);
                data.user_agent = data.user_agent.or_else(|| browser_of_order(customer).user_agent);
                (data, *method, id)
            }
        };
        let token = gateway.token(record, step.transaction_id, TokenPurpose::Results);
        let holder = record.request.card.as_ref().and_then(|card| card.holder.as_ref());
        let billing = address_of(&customer.address);
        let shipping = details.delivery.as_ref().and_then(address_of);
        AuthenticationRequest {
            network: step.brand.network().to_owned(),
            version,
            three_ds_server_trans_id: trans_id,
            purpose: purpose(record, step.amount),
            challenge_indicator: if step.mandate {
                ChallengeIndicator::ChallengeMandated
            } else {
                ChallengeIndicator::NoPreference
            },
            method,
            pan: Secret::from(card.pan.expose()),
            expiry: Secret::from(card.expiry.as_deref().unwrap_or_default()),
            cardholder_name: holder.map(|holder| holder.as_str().to_owned()),
            amount: step.amount.minor,
            currency: step.amount.currency.numeric_text(),
            exponent: step.amount.currency.exponent(),
            purchase_time: gateway.now(),
            browser,
            locale: Some(record.payer_locale().to_owned()),
            email: customer.address.email.clone(),
            phone: customer.address.phone1.clone(),
            billing,
            shipping,
            merchant: Merchant {
                acquirer_bin: self.link.config().acquirer_id.clone(),
                acquirer_merchant_id: record.site.merchant_id(),
                mcc: acceptor.mcc.clone(),
                name: acceptor.name.clone(),
                country: Country::parse(&acceptor.country)
                    .map(Country::numeric_text)
                    .unwrap_or_default(),
            },
            requestor: None,
            results_url: format!("{}/3ds/results/{token}", self.public_url),
            notification_url: format!("{}/3ds/return", self.public_url),
        }
    }
}

/// What the payer is authenticated for. Where no money moves, a card is added.
fn purpose(record: &Record, amount: Money) -> Purpose {
    let model = record.extra.credential.as_ref().map(|credential| credential.model);
    match model {
        _ if amount.minor == 0 => Purpose::AddCard,
        // The merchant decides later when to charge: no end and no rhythm are known.
        Some(RecurringModel::Subscription) => {
            Purpose::Recurring { expiry: None, frequency_days: None }
        }
        Some(RecurringModel::CardOnFile | RecurringModel::Unscheduled) | None => Purpose::Payment,
    }
}

/// An open challenge in the words of the 3DS Server.
pub(crate) fn open_challenge(record: &Record, open: &Challenge) -> OpenChallenge {
    let network = record.order.payment.brand.map_or("", Brand::network);
    OpenChallenge {
        network: network.to_owned(),
        version: open.version.parse().unwrap_or_default(),
        message_category: match record.order.payment.amount.minor {
            0 => CATEGORY_NON_PAYMENT.to_owned(),
            _ => CATEGORY_PAYMENT.to_owned(),
        },
        three_ds_server_trans_id: open.server_trans_id.clone(),
        acs_trans_id: open.acs_trans_id.clone(),
        ds_trans_id: open.ds_trans_id.clone(),
        acs_url: open.acs_url.clone(),
        cardholder_info: None,
    }
}

/// The transaction id that the page's 3DS Method and the AReq after it share. It follows from
/// the attempt, so that it needs no row: the page may be opened again before it is sent.
fn page_trans_id(gateway: &Gateway, record: &Record, transaction_id: i64) -> String {
    let step_ups = record.order.payment.step_ups;
    let hash = gateway.vault.token_hash(format!("3ds/{transaction_id}/{step_ups}").as_bytes());
    let mut bytes = [0u8; 16];
    bytes.copy_from_slice(&hash[..16]);
    uuid::Builder::from_random_bytes(bytes).into_uuid().to_string()
}

/// A browser came back from the ACS, and no result followed.
pub fn no_result(open: &Challenge) -> AuthenticationResult {
    AuthenticationResult {
        flow: AuthenticationFlow::Challenge,
        acs_trans_id: Some(open.acs_trans_id.clone()),
        ds_trans_id: Some(open.ds_trans_id.clone()),
        // "Transaction timed out at the ACS" (EMV 3DS, transStatusReason).
        status_reason: Some("14".to_owned()),
        ..unavailable(Some(open.version.clone()))
    }
}

fn unavailable(version: Option<String>) -> AuthenticationResult {
    AuthenticationResult {
        status: AuthenticationStatus::Unavailable,
        flow: AuthenticationFlow::Frictionless,
        eci: None,
        value: None,
        acs_trans_id: None,
        ds_trans_id: None,
        version,
        status_reason: None,
        challenge_cancel: None,
    }
}

/// The outcome of a transaction in the core's words.
pub(crate) fn result_of(outcome: &Outcome) -> AuthenticationResult {
    let status = match outcome.status {
        TransStatus::Y => AuthenticationStatus::Authenticated,
        TransStatus::A => AuthenticationStatus::Attempted,
        TransStatus::I => AuthenticationStatus::Informational,
        TransStatus::N => AuthenticationStatus::NotAuthenticated,
        TransStatus::R => AuthenticationStatus::Rejected,
        TransStatus::U | TransStatus::C | TransStatus::D | TransStatus::S => {
            AuthenticationStatus::Unavailable
        }
    };
    AuthenticationResult {
        status,
        flow: match outcome.flow {
            Flow::Challenge => AuthenticationFlow::Challenge,
            _ => AuthenticationFlow::Frictionless,
        },
        eci: outcome.eci.clone(),
        value: outcome.authentication_value.as_ref().map(|value| value.expose().to_owned()),
        acs_trans_id: outcome.acs_trans_id.clone(),
        ds_trans_id: outcome.ds_trans_id.clone(),
        version: Some(outcome.version.to_string()),
        status_reason: outcome.status_reason.clone(),
        challenge_cancel: outcome.challenge_cancel.clone(),
    }
}

/// Where the browser itself was seen, else where the shop saw it: an address of a local network
/// tells the issuer nothing.
fn seen_at(browser: Option<String>, customer: &customer::Customer) -> Option<String> {
    let of_shop = || customer.ip_address.map(|address| address.to_string());
    browser.filter(|it| threeds::public_ip(it).is_some()).or_else(of_shop)
}

fn browser_of_order(customer: &customer::Customer) -> BrowserData {
    let told = customer.browser.clone().unwrap_or_default();
    BrowserData {
        javascript_enabled: told.javascript_enabled,
        java_enabled: told.java_enabled,
        language: told.language,
        screen_color_depth: number(told.screen_color_depth),
        screen_height: number(told.screen_height),
        screen_width: number(told.screen_width),
        time_zone: number(told.time_zone),
        user_agent: told
            .user_agent
            .or_else(|| customer.user_agent.clone())
            .or_else(|| Some(MISSING_USER_AGENT.to_owned())),
        accept_header: told.accept_header,
        accept_language: None,
        ip_address: seen_at(told.ip_address.map(|it| it.to_string()), customer),
    }
}

/// Shops send these as numbers or as text; what is neither is not known.
fn number<N: std::str::FromStr>(text: Option<String>) -> Option<N> {
    text?.trim().parse().ok()
}

fn address_of(address: &customer::Address) -> Option<Address> {
    let street = [address.address1.as_deref(), address.house_number.as_deref()];
    let street: Vec<&str> = street.into_iter().flatten().collect();
    let street = (!street.is_empty()).then(|| street.join(" "));
    let known = street.is_some() || address.city.is_some() || address.zip_code.is_some();
    known.then(|| Address {
        lines: [street, address.address2.clone(), None],
        city: address.city.clone(),
        post_code: address.zip_code.clone(),
        state: address.state.clone(),
        country: address.country.clone(),
    })
}
