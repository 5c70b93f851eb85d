//! One site of a merchant: what it may do, and how its payments are presented to the world.
//!
//! Settings are read in the payment path and never written there.

use std::collections::BTreeMap;

use florin_core::authentication::Policy;
use florin_core::card::Brand;
use florin_core::money::Currency;
use florin_core::payment::{ReviewVerdict, Unauthenticated};
use florin_core::tariff::{FeeKind, TariffRule};
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use super::risk::settings::{RiskSettings, SiteRisk};
use crate::clock::UnixMillis;
use crate::mail::settings::MailSettings;

/// Whether money moves.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Mode {
    /// Reaches the simulator, through the same wires as a live site reaches the world.
    Test,
    Live,
}

/// Which year's types the answers have.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum ApiYear {
    #[default]
    #[serde(rename = "current")]
    Current,
    #[serde(rename = "2020-01")]
    Y2020,
}

/// Where notifications may go.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum WebhookPolicy {
    /// `https` on its standard port, to public addresses.
    Strict,
    /// Any `http` or `https` address, private ones included.
    Relaxed,
}

/// When the site wants its payers authenticated.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ThreeDsPolicy {
    Always,
    Dynamic,
    Never,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum OnUnauthenticated {
    Proceed,
    Decline,
}

impl From<OnUnauthenticated> for Unauthenticated {
    fn from(value: OnUnauthenticated) -> Unauthenticated {
        match value {
            OnUnauthenticated::Proceed => Unauthenticated::Proceed,
            OnUnauthenticated::Decline => Unauthenticated::Decline,
        }
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ThreeDsSettings {
    pub policy: ThreeDsPolicy,
    /// Under `dynamic`: amounts from this many minor units on are authenticated.
    pub dynamic_from: i64,
    /// Orders may carry `gateway_info.flexible_3d`.
    pub flexible: bool,
    /// Issuers are asked to challenge whoever types a card on the hosted page.
    pub challenge_on_page: bool,
    /// 3-D Secure ended as U.
    pub unavailable: OnUnauthenticated,
    /// The card is in no card range of its scheme.
    pub not_enrolled: OnUnauthenticated,
}

impl Default for ThreeDsSettings {
    fn default() -> ThreeDsSettings {
        ThreeDsSettings {
            policy: ThreeDsPolicy::Always,
            dynamic_from: 0,
            flexible: false,
            challenge_on_page: false,
            unavailable: OnUnauthenticated::Decline,
            not_enrolled: OnUnauthenticated::Decline,
        }
    }
}

impl ThreeDsSettings {
    /// The policy as it applies to a payment of `amount` minor units.
    pub fn policy_for(&self, amount: i64) -> Policy {
        match self.policy {
            ThreeDsPolicy::Always => Policy::Always,
            ThreeDsPolicy::Never => Policy::Never,
            ThreeDsPolicy::Dynamic => Policy::Dynamic { authenticate: amount >= self.dynamic_from },
        }
    }
}

/// How the site appears on the acquirer's wire (DE18, DE42, DE43) and to directory servers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Acceptor {
    /// 15 characters; empty means `FLORIN` and the site's number in nine digits.
    pub merchant_id: String,
    pub name: String,
    pub city: String,
    /// ISO 3166-1 alpha-2.
    pub country: String,
    /// Merchant category code, four digits.
    pub mcc: String,
    /// IANA name of the zone in which DE12 and DE13 are given.
    pub time_zone: String,
}

impl Default for Acceptor {
    fn default() -> Acceptor {
        Acceptor {
            merchant_id: String::new(),
            name: "Florin Test Shop".to_owned(),
            city: "Amsterdam".to_owned(),
            country: "NL".to_owned(),
            mcc: "5999".to_owned(),
            time_zone: "Europe/Amsterdam".to_owned(),
        }
    }
}

/// One entry of the site's review list: payments with these cards are held.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ReviewEntry {
    /// Hexadecimal keyed hash of the card number.
    pub card: String,
    /// 6 to 10; lower ones pass.
    pub score: u8,
    pub default: ReviewDefault,
    pub after_seconds: i64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ReviewDefault {
    Accept,
    Decline,
}

impl From<ReviewDefault> for ReviewVerdict {
    fn from(value: ReviewDefault) -> ReviewVerdict {
        match value {
            ReviewDefault::Accept => ReviewVerdict::Accept,
            ReviewDefault::Decline => ReviewVerdict::Decline,
        }
    }
}

/// Everything that can be set for a site. Kept as JSON beside its row.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SiteSettings {
    pub base_url: String,
    /// Used where an order names none.
    pub notification_url: Option<String>,
    pub redirect_url: Option<String>,
    pub cancel_url: Option<String>,
    pub webhook_policy: WebhookPolicy,
    pub api_version: ApiYear,
    /// Gateways of direct orders that are open: `CREDITCARD`, `VISA`, …
    pub gateways: Vec<String>,
    /// A test site offers the methods that are no cards as well; a provider of the simulator plays
    /// them. Live sites have none, whatever is set.
    pub other_methods: bool,
    /// Currencies that the site sells in; empty means all that cards have.
    pub currencies: Vec<String>,
    /// Raw card data may come in `gateway_info`.
    pub server_to_server: bool,
    pub moto: bool,
    /// Card data whose month has ended is refused before the issuer is asked.
    pub check_expiry: bool,
    /// Largest amount of one card payment, in minor units, by currency. A currency without an
    /// entry has the contract's usual limit, worth about 5 000 EUR.
    pub amount_max: BTreeMap<String, i64>,
    pub three_ds: ThreeDsSettings,
    pub acceptor: Acceptor,
    pub review: Vec<ReviewEntry>,
    #[serde(skip_serializing_if = "RiskSettings::is_empty")]
    pub risk: RiskSettings,
    /// Authorizations may be captured later, by hand.
    pub manual_capture: bool,
    /// How cards may be stored and charged again.
    pub tokenization: TokenizationSettings,
    pub recurring: RecurringSettings,
    /// Cards may be verified with an amount of nothing.
    pub zero_authorization: bool,
    /// When refunds are passed on.
    pub refund_settlement: RefundSettlement,
    /// Mails to payers and the merchant.
    pub mail: MailSettings,
    /// What the operator charges; the first entry that fits decides.
    pub fees: Vec<FeeEntry>,
    pub on_decline: OnDecline,
    pub page: PageSettings,
    /// Which sandbox it is, if it is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sandbox: Option<Sandbox>,
    /// When it ends, by the gateway's clock; only test sites do.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ends_at: Option<UnixMillis>,
}

/// How the hosted page is shown.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct PageSettings {
    /// Origins, such as `https://shop.example`, whose pages may show ours in a frame; usually none.
    pub framed_by: Vec<String>,
}

/// A site beside another one, for a job of its own.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sandbox {
    /// Number of the site whose keys open it.
    pub of: i64,
    pub name: String,
}

/// The models of stored cards that are open.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct TokenizationSettings {
    /// Charged by the payer, again.
    pub cardonfile: bool,
    /// Charged by the merchant, at fixed times.
    pub subscription: bool,
    /// Charged by the merchant, when something happens.
    pub unscheduled: bool,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct RecurringSettings {
    /// Seconds that have to pass between two charges of one token; none stands for 0 on test sites
    /// and a day on live ones.
    pub min_interval: Option<u32>,
}

/// When the refunds of a day are passed on to the acquirer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RefundSettlement {
    /// At midnight of the shop's time zone; until then they can be taken back.
    Nightly,
    AtOnce,
}

/// Where a payer goes from the hosted page whose payment was declined.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OnDecline {
    /// Back to the form, to try another card.
    Retry,
    /// To the shop's `cancel_url`; the order can still be paid.
    CancelUrl,
}

/// One line of the operator's fee table.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FeeEntry {
    pub kind: FeeFor,
    /// `VISA`, `MASTERCARD`, …; none for every brand.
    #[serde(default)]
    pub brand: Option<String>,
    /// Three letters; none for every currency.
    #[serde(default)]
    pub currency: Option<String>,
    /// Hundredths of a percent.
    #[serde(default)]
    pub basis_points: u32,
    /// Minor units on top.
    #[serde(default)]
    pub fixed: i64,
    /// Minor units at least.
    #[serde(default)]
    pub min: i64,
    /// What shops read beside the fee.
    pub description: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FeeFor {
    Payment,
    Refund,
    Chargeback,
}

impl FeeEntry {
    /// The rule, or what is wrong with it.
    ///
    /// # Errors
    /// A sentence for whoever set it.
    pub fn rule(&self) -> Result<TariffRule, String> {
        let brand = match &self.brand {
            None => None,
            Some(code) => {
                let brand = Brand::from_gateway(&code.to_ascii_uppercase());
                Some(brand.ok_or_else(|| format!("fees: {code} is no brand"))?)
            }
        };
        let currency = match &self.currency {
            None => None,
            Some(code) => {
                Some(Currency::parse(code).map_err(|_| format!("fees: {code} is no currency"))?)
            }
        };
        if self.basis_points > 10_000 || self.fixed < 0 || self.min < 0 {
            return Err("fees: a fee is not negative and at most 10000 basis points".to_owned());
        }
        let kind = match self.kind {
            FeeFor::Payment => FeeKind::Payment,
            FeeFor::Refund => FeeKind::Refund,
            FeeFor::Chargeback => FeeKind::Chargeback,
        };
        Ok(TariffRule {
            kind,
            brand,
            currency,
            basis_points: self.basis_points,
            fixed: self.fixed,
            min: self.min,
            description: self.description.clone(),
        })
    }
}

impl Default for SiteSettings {
    fn default() -> SiteSettings {
        SiteSettings {
            base_url: String::new(),
            notification_url: None,
            redirect_url: None,
            cancel_url: None,
            webhook_policy: WebhookPolicy::Strict,
            api_version: ApiYear::Current,
            gateways: ["CREDITCARD", "VISA", "MASTERCARD", "AMEX", "MAESTRO"]
                .map(str::to_owned)
                .to_vec(),
            other_methods: false,
            currencies: Vec::new(),
            server_to_server: false,
            moto: false,
            check_expiry: true,
            amount_max: BTreeMap::new(),
            three_ds: ThreeDsSettings::default(),
            acceptor: Acceptor::default(),
            review: Vec::new(),
            risk: RiskSettings::default(),
            manual_capture: false,
            tokenization: TokenizationSettings::default(),
            recurring: RecurringSettings::default(),
            zero_authorization: false,
            refund_settlement: RefundSettlement::Nightly,
            mail: MailSettings::default(),
            fees: Vec::new(),
            on_decline: OnDecline::Retry,
            page: PageSettings::default(),
            sandbox: None,
            ends_at: None,
        }
    }
}

impl SiteSettings {
    /// What a new test site starts with: everything that an integrator may want to try is open,
    /// and dates in the past are taken, since sample requests carry fixed ones.
    pub fn for_testing() -> SiteSettings {
        SiteSettings {
            webhook_policy: WebhookPolicy::Relaxed,
            server_to_server: true,
            moto: true,
            manual_capture: true,
            tokenization: TokenizationSettings {
                cardonfile: true,
                subscription: true,
                unscheduled: true,
            },
            zero_authorization: true,
            check_expiry: false,
            other_methods: true,
            mail: MailSettings::all(),
            three_ds: ThreeDsSettings {
                flexible: true,
                // So that the published test cards do on a page what their list says.
                challenge_on_page: true,
                not_enrolled: OnUnauthenticated::Proceed,
                ..ThreeDsSettings::default()
            },
            ..SiteSettings::default()
        }
    }
}

/// One key of a site. The text is needed to sign notifications.
pub struct SiteKey {
    pub id: i64,
    pub text: Zeroizing<String>,
    pub active: bool,
}

impl std::fmt::Debug for SiteKey {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "SiteKey({}, {})", self.id, if self.active { "active" } else { "revoked" })
    }
}

/// A site as the payment path sees it.
#[derive(Debug)]
pub struct Site {
    pub id: i64,
    pub account_id: i64,
    pub name: String,
    pub mode: Mode,
    /// The site takes payments.
    pub active: bool,
    /// The account behind it is not blocked.
    pub account_active: bool,
    pub settings: SiteSettings,
    /// What the site's own clock is ahead of the gateway's; only test sites move theirs.
    pub clock_offset_ms: i64,
    /// Oldest first.
    pub keys: Vec<SiteKey>,
    pub review_rules: Vec<florin_core::risk::ReviewRule>,
    /// Rules, limits and block lists, both layers put together.
    pub risk: SiteRisk,
    pub tariff: florin_core::tariff::Tariff,
}

impl Site {
    /// The site's own time, given the gateway's.
    pub fn time(&self, now: UnixMillis) -> UnixMillis {
        now.saturating_add(self.clock_offset_ms)
    }

    /// The gateway's time at which the site's clock shows `site_time`.
    pub fn due(&self, site_time: UnixMillis) -> UnixMillis {
        site_time.saturating_sub(self.clock_offset_ms)
    }

    /// Whether the gateway with this code is open for direct orders.
    pub fn offers(&self, code: &str) -> bool {
        self.settings.gateways.iter().any(|it| it.eq_ignore_ascii_case(code))
    }

    /// Whether methods that are no cards are open: only on test sites, where they are scenarios.
    pub fn plays_other_methods(&self) -> bool {
        self.settings.other_methods && self.mode == Mode::Test
    }

    /// DE42.
    pub fn merchant_id(&self) -> String {
        if self.settings.acceptor.merchant_id.is_empty() {
            format!("FLORIN{:09}", self.id)
        } else {
            self.settings.acceptor.merchant_id.clone()
        }
    }

    /// The key that signs the notifications of an order: the one that it was created with while
    /// that is active, otherwise the newest active one.
    pub fn signing_key(&self, created_with: i64) -> Option<&SiteKey> {
        let active = || self.keys.iter().filter(|key| key.active);
        active().find(|key| key.id == created_with).or_else(|| active().next_back())
    }
}
