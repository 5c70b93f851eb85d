//! From the facts of an order to an AReq.
//!
//! Texts are brought into the standard's characters and lengths; what is optional and cannot be
//! said is left out. Nothing is invented.

use emv3ds::{Areq, OneOrMany, Secret, Version, category, channel, comp_ind};
use jiff::Timestamp;
use serde_json::{Map, Value};

use crate::clock::UnixMillis;
use crate::threeds::address::{Address, WireAddress};
use crate::threeds::browser::BrowserData;
use crate::threeds::config::{NetworkConfig, Requestor, ThreeDsConfig};
use crate::threeds::names;
use crate::threeds::phone;

const CARDHOLDER_CHARS_MIN: usize = 2;
const CARDHOLDER_CHARS_MAX: usize = 45;
const MERCHANT_NAME_CHARS_MAX: usize = 40;
const EMAIL_CHARS_MAX: usize = 254;
/// "No end", for a series whose order names none.
const RECURRING_EXPIRY_NONE: &str = "99991231";
const RECURRING_FREQUENCY_DAYS_MIN: u16 = 1;

/// Everything that the issuer is asked with.
#[derive(Clone, Debug)]
pub struct AuthenticationRequest {
    /// Whose directory server is asked: VI, MC, MS, AX …
    pub network: String,
    /// As [`lookup`](crate::threeds::ThreeDsServer::lookup) said.
    pub version: Version,
    /// A UUID; the one that the 3DS Method was started with, if it was.
    pub three_ds_server_trans_id: String,
    pub purpose: Purpose,
    pub challenge_indicator: ChallengeIndicator,
    pub method: MethodResult,
    pub pan: Secret,
    /// YYMM.
    pub expiry: Secret,
    pub cardholder_name: Option<String>,
    /// Minor units of `currency`.
    pub amount: i64,
    /// ISO 4217 numeric, three digits.
    pub currency: String,
    /// Digits after the decimal point of `currency`.
    pub exponent: u8,
    /// When the order was made.
    pub purchase_time: UnixMillis,
    pub browser: BrowserData,
    /// Such as `nl_NL`, when the browser does not tell its language.
    pub locale: Option<String>,
    pub email: Option<String>,
    /// As the payer wrote it.
    pub phone: Option<String>,
    pub billing: Option<Address>,
    /// None: the same as billing.
    pub shipping: Option<Address>,
    pub merchant: Merchant,
    /// None: the network's, or the general one.
    pub requestor: Option<Requestor>,
    /// `threeDSServerURL`: where the directory server posts the RReq of this transaction.
    pub results_url: String,
    /// Where the browser brings the CRes, at most 256 characters.
    pub notification_url: String,
}

/// The merchant as the acquirer knows it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Merchant {
    /// At most 11 digits.
    pub acquirer_bin: String,
    /// At most 35 characters.
    pub acquirer_merchant_id: String,
    /// ISO 18245, four digits.
    pub mcc: String,
    pub name: String,
    /// ISO 3166-1 numeric, three digits.
    pub country: String,
}

/// What the authentication is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    Payment,
    /// The first payment of a series on the payer's standing instruction.
    Recurring {
        /// Last day of the series as YYYYMMDD.
        expiry: Option<u32>,
        /// Least number of days between two payments.
        frequency_days: Option<u16>,
    },
    /// A payment in this many parts, from 2 on.
    Instalments {
        count: u16,
        expiry: Option<u32>,
        frequency_days: Option<u16>,
    },
    /// A check of a card that is to be kept; no money moves.
    AddCard,
}

/// What the merchant would like: the values of `threeDSRequestorChallengeInd`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ChallengeIndicator {
    #[default]
    NoPreference,
    NoChallenge,
    Challenge,
    /// Required by rules: first of a series, step-up after a soft decline.
    ChallengeMandated,
    /// Exemption: transaction risk analysis.
    RiskAnalysisDone,
    /// Exemption: strong authentication was delegated.
    AlreadyAuthenticated,
    /// Exemption: the payer trusts this merchant.
    TrustList,
    /// Exemption: low value.
    LowValue,
    /// Exemption: secure corporate payment.
    SecureCorporate,
}

/// What became of the 3DS Method.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum MethodResult {
    Completed,
    NotCompleted,
    /// The card range has none.
    #[default]
    Unavailable,
}

impl Purpose {
    pub(crate) fn category(self) -> &'static str {
        match self {
            Purpose::AddCard => category::NON_PAYMENT,
            _ => category::PAYMENT,
        }
    }

    fn authentication_ind(self) -> &'static str {
        match self {
            Purpose::Payment => "01",
            Purpose::Recurring { .. } => "02",
            Purpose::Instalments { .. } => "03",
            Purpose::AddCard => "04",
        }
    }

    fn series(self) -> Option<(Option<u32>, Option<u16>)> {
        match self {
            Purpose::Recurring { expiry, frequency_days }
            | Purpose::Instalments { expiry, frequency_days, .. } => Some((expiry, frequency_days)),
            Purpose::Payment | Purpose::AddCard => None,
        }
    }
}

impl ChallengeIndicator {
    /// The version's own value, or the nearest one that it has.
    fn code(self, version: Version) -> &'static str {
        match self {
            ChallengeIndicator::NoPreference => "01",
            ChallengeIndicator::NoChallenge => "02",
            ChallengeIndicator::Challenge => "03",
            ChallengeIndicator::ChallengeMandated => "04",
            ChallengeIndicator::RiskAnalysisDone if version >= Version::V220 => "05",
            ChallengeIndicator::AlreadyAuthenticated if version >= Version::V220 => "07",
            ChallengeIndicator::TrustList if version >= Version::V220 => "08",
            ChallengeIndicator::LowValue if version >= Version::V231 => "10",
            ChallengeIndicator::SecureCorporate if version >= Version::V231 => "11",
            ChallengeIndicator::RiskAnalysisDone
            | ChallengeIndicator::AlreadyAuthenticated
            | ChallengeIndicator::TrustList
            | ChallengeIndicator::LowValue
            | ChallengeIndicator::SecureCorporate => "02",
        }
    }
}

impl MethodResult {
    fn code(self) -> &'static str {
        match self {
            MethodResult::Completed => comp_ind::COMPLETED,
            MethodResult::NotCompleted => comp_ind::NOT_COMPLETED,
            MethodResult::Unavailable => comp_ind::UNAVAILABLE,
        }
    }
}

impl AuthenticationRequest {
    /// The AReq, in this version and under this id. Whether it is complete is said by its own
    /// `validate`.
    pub(crate) fn to_areq(
        &self,
        config: &ThreeDsConfig,
        network: &NetworkConfig,
        version: Version,
        trans_id: &str,
    ) -> Areq {
        let requestor =
            self.requestor.as_ref().or(network.requestor.as_ref()).unwrap_or(&config.requestor);
        let challenge = self.challenge_indicator.code(version).to_owned();
        let mut areq = Areq {
            message_version: version,
            message_category: self.purpose.category().to_owned(),
            device_channel: channel::BROWSER.to_owned(),
            three_ds_server_trans_id: trans_id.to_owned(),
            three_ds_server_ref_number: config.server_reference_number.clone(),
            three_ds_server_operator_id: network.operator_id.clone(),
            three_ds_server_url: self.results_url.clone(),
            three_ds_requestor_id: requestor.id.clone(),
            three_ds_requestor_name: names::ascii(&requestor.name, MERCHANT_NAME_CHARS_MAX),
            three_ds_requestor_url: requestor.url.clone(),
            three_ds_requestor_authentication_ind: Some(
                self.purpose.authentication_ind().to_owned(),
            ),
            three_ds_requestor_challenge_ind: Some(match version {
                Version::V210 | Version::V220 => OneOrMany::One(challenge),
                Version::V231 => OneOrMany::Many(vec![challenge]),
            }),
            three_ds_comp_ind: Some(self.method.code().to_owned()),
            acct_number: self.pan.clone(),
            card_expiry_date: Some(self.expiry.clone()).filter(|it| !it.is_empty()),
            acct_type: Some("01".to_owned()),
            cardholder_name: self.cardholder_name.as_deref().and_then(|name| {
                names::ascii_or_none(name, CARDHOLDER_CHARS_MIN, CARDHOLDER_CHARS_MAX)
            }),
            acquirer_bin: not_empty(&self.merchant.acquirer_bin),
            acquirer_merchant_id: not_empty(&self.merchant.acquirer_merchant_id),
            mcc: not_empty(&self.merchant.mcc),
            merchant_country_code: not_empty(&self.merchant.country),
            merchant_name: names::ascii_or_none(&self.merchant.name, 1, MERCHANT_NAME_CHARS_MAX),
            notification_url: Some(self.notification_url.clone()),
            email: self.email.as_deref().and_then(email),
            mobile_phone: self.phone.as_deref().and_then(|text| {
                let country = self.billing.as_ref().and_then(|it| it.country.as_deref());
                phone::split(text, country)
            }),
            ..Areq::default()
        };
        if version >= Version::V231 {
            areq.acquirer_country_code = not_empty(&self.merchant.country);
            // 01: told by the 3DS Server.
            areq.acquirer_country_code_source =
                areq.acquirer_country_code.as_ref().map(|_| "01".to_owned());
        }
        self.browser.write(self.locale.as_deref(), &mut areq);
        self.write_purchase(&mut areq);
        self.write_addresses(&mut areq);
        areq
    }

    fn write_purchase(&self, areq: &mut Areq) {
        if areq.message_category == category::NON_PAYMENT {
            return;
        }
        let date = utc(self.purchase_time, "%Y%m%d%H%M%S");
        areq.trans_type = Some("01".to_owned());
        areq.purchase_amount = Some(self.amount.to_string());
        areq.purchase_currency = Some(self.currency.clone());
        areq.purchase_exponent = Some(self.exponent.to_string());
        areq.purchase_date.clone_from(&date);
        if let Purpose::Instalments { count, .. } = self.purpose {
            areq.purchase_instal_data = Some(count.to_string());
        }
        let Some((expiry, frequency_days)) = self.purpose.series() else { return };
        areq.recurring_expiry =
            Some(expiry.map_or(RECURRING_EXPIRY_NONE.to_owned(), |it| format!("{it:08}")));
        let frequency = frequency_days.unwrap_or(RECURRING_FREQUENCY_DAYS_MIN);
        areq.recurring_frequency = Some(frequency.to_string());
        if areq.message_version >= Version::V231 {
            // 01 fixed amount, 01 fixed frequency.
            let fixed = ["amountInd", "frequencyInd"].map(|it| (it.to_owned(), Value::from("01")));
            areq.recurring_ind = Some(Map::from_iter(fixed));
            areq.recurring_amount.clone_from(&areq.purchase_amount);
            areq.recurring_currency.clone_from(&areq.purchase_currency);
            areq.recurring_exponent.clone_from(&areq.purchase_exponent);
            areq.recurring_date = utc(self.purchase_time, "%Y%m%d");
        }
    }

    fn write_addresses(&self, areq: &mut Areq) {
        let billing = self.billing.as_ref().map(Address::to_wire).unwrap_or_default();
        let shipping = self.shipping.as_ref().map(Address::to_wire);
        let shipping = shipping.filter(|it| !it.is_empty());
        let same = shipping.as_ref().is_none_or(|it| *it == billing);
        if !billing.is_empty() || shipping.is_some() {
            areq.addr_match = Some(if same { "Y" } else { "N" }.to_owned());
        }
        if let (
            false,
            Some(WireAddress { lines: [line1, line2, line3], city, post_code, state, country }),
        ) = (same, shipping)
        {
            areq.ship_addr_line1 = line1;
            areq.ship_addr_line2 = line2;
            areq.ship_addr_line3 = line3;
            areq.ship_addr_city = city;
            areq.ship_addr_post_code = post_code;
            areq.ship_addr_state = state;
            areq.ship_addr_country = country;
        }
        let WireAddress { lines: [line1, line2, line3], city, post_code, state, country } = billing;
        areq.bill_addr_line1 = line1;
        areq.bill_addr_line2 = line2;
        areq.bill_addr_line3 = line3;
        areq.bill_addr_city = city;
        areq.bill_addr_post_code = post_code;
        areq.bill_addr_state = state;
        areq.bill_addr_country = country;
    }
}

fn not_empty(text: &str) -> Option<String> {
    Some(text.trim().to_owned()).filter(|it| !it.is_empty())
}

fn email(text: &str) -> Option<String> {
    let text = text.trim();
    let (name, host) = text.rsplit_once('@')?;
    let fits = text.len() <= EMAIL_CHARS_MAX
        && !name.is_empty()
        && !host.is_empty()
        && text.bytes().all(|b| b.is_ascii_graphic());
    fits.then(|| text.to_owned())
}

fn utc(instant: UnixMillis, format: &str) -> Option<String> {
    let timestamp = Timestamp::from_millisecond(instant).ok()?;
    Some(timestamp.strftime(format).to_string())
}

#[cfg(test)]
#[path = "request_tests.rs"]
pub(crate) mod tests;
