//! Risk in the path of a payment: what is refused before anything is sent, what an answer is
//! judged by, and what ends a review.
//!
//! The rules themselves are the core's. Here facts are gathered: from the order, the card, the
//! operator's tables, the site's own history, and the host's answer.

pub mod settings;
pub mod report;
pub mod averages;
pub mod counts;
pub mod in_flight;
pub mod review;

use std::net::IpAddr;
use std::path::Path;
use std::sync::Arc;

use florin_core::card::Brand;
use florin_core::country::Country;
use florin_core::decision::HostAnswer;
use florin_core::decline::GatewayDecline;
use florin_core::money::Money;
use florin_core::payment::{AuthenticationStatus, Reason, Review};
use florin_core::risk::blocked::{Network, Subject};
use florin_core::risk::rules::{Facts, PayerAddress, RuleKind, assess};
use florin_core::risk::tables::{Countries, is_disposable};
use florin_core::risk::{hold, limits, listed, repeats};

use super::persist::Credential;
use super::record::{CardSecrets, Record};
use super::site::Site;
use super::{Failure, Gateway};
use crate::api::contract::request::OrderKind;
use crate::api::contract::{OrderDetails, StoredRequest};
use crate::notify::policy::AddressKind;
use averages::Averages;
use in_flight::{InFlight, Repeat, UnderWay};
use report::RiskReport;

/// What the whole process knows for judging payments.
#[derive(Default)]
pub struct RiskKnowledge {
    pub tables: CountryTables,
    pub averages: Averages,
    pub in_flight: InFlight,
}

/// The operator's tables. A rule whose table is missing does not apply.
#[derive(Default)]
pub struct CountryTables {
    pub addresses: Option<Countries>,
    pub cards: Option<Countries>,
}

/// Largest table that is read, in bytes.
const TABLE_BYTES_MAX: u64 = 256 * 1024 * 1024;

impl CountryTables {
    /// Reads the operator's files.
    ///
    /// # Errors
    /// A sentence that names the file, and the line at fault.
    pub fn read(addresses: Option<&Path>, cards: Option<&Path>) -> Result<CountryTables, String> {
        let table = |path: Option<&Path>, parse: fn(&str) -> Result<Countries, _>| {
            let Some(path) = path else { return Ok(None) };
            let about = |what: String| format!("{}: {what}", path.display());
            let bytes = std::fs::metadata(path).map_err(|it| about(it.to_string()))?.len();
            if bytes > TABLE_BYTES_MAX {
                return Err(about(format!("it is longer than {TABLE_BYTES_MAX} bytes")));
            }
            let text = std::fs::read_to_string(path).map_err(|it| about(it.to_string()))?;
            let read: Result<Countries, florin_core::risk::tables::BadLine> = parse(&text);
            read.map(Some).map_err(|it| about(it.to_string()))
        };
        Ok(CountryTables {
            addresses: table(addresses, Countries::of_addresses)?,
            cards: table(cards, Countries::of_cards)?,
        })
    }

    /// The country that issued the card, as far as the operator's table knows.
    pub(super) fn of_card(&self, card: &CardSecrets) -> Option<Country> {
        self.cards.as_ref()?.of_card(leading_digits(card))
    }
}

/// What becomes of an order before anything is sent for it.
#[derive(Default)]
pub(super) struct Screening {
    /// It is declined: stored, and nothing is sent.
    pub(super) refused: Option<Reason>,
    pub(super) report: Option<RiskReport>,
    /// Kept until the attempt is stored, so that it is counted from now on.
    pub(super) under_way: Option<UnderWay>,
    /// Kept until the host has answered, so that the schemes' limits hold for many tries at once.
    pub(super) repeat: Option<Repeat>,
}

/// A limit against card testing was reached: nothing is stored, and nothing is sent.
pub(super) struct TooMany {
    /// After this many seconds what was counted is forgotten.
    pub(super) retry_after_s: u32,
}

impl Gateway {
    /// Asks everything that can refuse a payment before anybody is bothered with it: first the
    /// limits, then the lists, then the schemes' rules for repeats. `due` is what the card is to
    /// pay: where gift cards have paid a part, that is less than the order costs.
    pub(super) async fn screen(
        &self,
        site: &Site,
        request: &StoredRequest,
        (card, brand): (&CardSecrets, Brand),
        due: Money,
    ) -> Result<Result<Screening, TooMany>, Failure> {
        let counts = if site.risk.counts_attempts() {
            Some(self.count_attempts(site, request, card, due).await?)
        } else {
            None
        };
        if let Some(limit) =
            counts.as_ref().and_then(|it| limits::exceeded(&site.risk.limits, &it.tallies))
        {
            tracing::info!(site = site.id, limit = limit.name(), "too many attempts");
            let seconds = site.risk.limits.window_ms / 1000;
            let retry_after_s = u32::try_from(seconds).unwrap_or(u32::MAX);
            return Ok(Err(TooMany { retry_after_s }));
        }
        let customer = &request.details.customer;
        let addresses: Vec<IpAddr> = addresses_of(&request.details).collect();
        let subject = Subject {
            card: &card.fingerprint,
            leading_digits: leading_digits(card),
            addresses: &addresses,
            email: customer.address.email.as_deref(),
        };
        let refused = |rule: &str, why: &str, words: GatewayDecline| {
            tracing::info!(site = site.id, rule, "a payment is refused unsent");
            let report = Some(RiskReport::refused(rule, why));
            let refused = Some(Reason::new(words.reason_code(), words.reason()));
            Ok(Ok(Screening { refused, report, ..Screening::default() }))
        };
        if let Some(by) = site.risk.blocked.find(&subject) {
            let why = "it is on a block list of the site";
            return refused(by.name(), why, GatewayDecline::FraudRules);
        }
        let Some(counts) = counts else { return Ok(Ok(Screening::default())) };
        let now = site.time(self.now());
        let repeated = repeats::refused(brand, counts.declines(), now);
        if let Some(rule) = repeated.filter(|_| site.risk.repeat_limits) {
            let why = "the card's scheme allows no further repeat";
            return refused(rule.name(), why, rule.decline());
        }
        Ok(Ok(Screening {
            refused: None,
            report: Some(RiskReport::begun(counts.cards_seen)),
            under_way: Some(counts.under_way),
            repeat: Some(counts.repeat),
        }))
    }

    /// Judges a payment that the host has answered: the report is kept with the order, and an
    /// approval may be held.
    pub(super) fn judge(
        self: &Arc<Gateway>,
        record: &mut Record,
        card: &CardSecrets,
        answer: &HostAnswer,
    ) -> Option<Review> {
        let site = record.site.clone();
        let site_now = site.time(self.now());
        let entry = listed(&site.review_rules, &card.fingerprint);
        let facts = self.facts(record, card, answer);
        let assessment = assess(&site.risk.rules, &site.risk.high_risk, &facts);
        record.extra.risk = Some(match entry {
            Some(entry) => RiskReport::listed(entry.score),
            None => RiskReport::assessed(&assessment),
        });
        let approved = matches!(answer, HostAnswer::Approved(_));
        if approved { hold(entry, &assessment, site_now) } else { None }
    }

    fn facts(
        self: &Arc<Gateway>,
        record: &Record,
        card: &CardSecrets,
        answer: &HostAnswer,
    ) -> Facts {
        let site = &record.site;
        let details = &record.request.details;
        let payment = &record.order.payment;
        let moto = record.request.card.as_ref().is_some_and(|card| card.moto);
        let by_merchant = record.extra.credential.as_ref().is_some_and(Credential::is_merchants);
        let (class, address) = payer_address(site, details);
        let tables = &self.risk.tables;
        let from_host = match answer {
            HostAnswer::Approved(facts) | HostAnswer::Declined { facts, .. } => {
                facts.issuer_country.as_deref().and_then(|it| Country::parse(it).ok())
            }
            HostAnswer::NotSent(_) | HostAnswer::Unanswered { .. } => None,
        };
        let email = details.customer.address.email.as_deref();
        let average = if site.risk.uses(RuleKind::UnusualAmount) {
            self.average_of(site, payment.amount.currency)
        } else {
            None
        };
        let result = payment.authentication.as_ref();
        Facts {
            // By mail or telephone, or without the payer, there is no address that could be wrong.
            address: if moto || by_merchant { PayerAddress::Usable } else { class },
            address_country: address
                .and_then(|it| tables.addresses.as_ref().and_then(|table| table.of_address(it))),
            card_country: tables.of_card(card).or(from_host),
            billing_country: details.customer.address.country(),
            shipping_country: details.delivery.as_ref().and_then(|it| it.country()),
            cards_seen: record.extra.risk.as_ref().and_then(RiskReport::cards_seen),
            disposable_email: email
                .is_some_and(|it| is_disposable(it, &site.risk.disposable_domains)),
            amount: payment.amount.minor,
            average,
            authenticated: result
                .is_some_and(|it| it.status == AuthenticationStatus::Authenticated),
        }
    }
}

/// The part of the number that BIN lists and tables are about.
fn leading_digits(card: &CardSecrets) -> &str {
    let digits = card.pan.expose();
    digits.get(..8).unwrap_or(digits)
}

/// Where the payer may be, the surest first.
///
/// On our own pages that is where the browser itself was seen. Of a direct order what the shop itself
/// saw comes first: the addresses behind a proxy and in the browser's data are what a client says of
/// itself, so they only count where the shop saw none that can be used.
fn addresses_of(details: &OrderDetails) -> impl Iterator<Item = IpAddr> + '_ {
    let customer = &details.customer;
    let of_browser = customer.browser.as_ref().and_then(|it| it.ip_address);
    let (first, last) = match details.kind {
        OrderKind::Direct => (None, of_browser),
        OrderKind::Redirect | OrderKind::PaymentLink | OrderKind::Checkout => (of_browser, None),
    };
    [first, customer.ip_address, customer.forwarded_ip, last].into_iter().flatten()
}

/// The address that the payer pays from, and what is known of it.
fn payer_address(site: &Site, details: &OrderDetails) -> (PayerAddress, Option<IpAddr>) {
    let mut worst = PayerAddress::Missing;
    for address in addresses_of(details) {
        let class = class_of(&site.risk.shop_addresses, address);
        match class {
            PayerAddress::Usable => return (class, Some(address)),
            _ if worst == PayerAddress::Missing => worst = class,
            _ => {}
        }
    }
    (worst, None)
}

fn class_of(shops: &[Network], address: IpAddr) -> PayerAddress {
    if shops.iter().any(|network| network.contains(address)) {
        return PayerAddress::ShopsOwn;
    }
    match AddressKind::of(address) {
        AddressKind::Public => PayerAddress::Usable,
        // Addresses for documentation stand for public ones: sample requests have them.
        AddressKind::Special if is_documentation(address) => PayerAddress::Usable,
        _ => PayerAddress::Private,
    }
}

fn is_documentation(address: IpAddr) -> bool {
    match florin_core::risk::blocked::plain(address) {
        IpAddr::V4(address) => address.is_documentation(),
        IpAddr::V6(address) => matches!(address.segments(), [0x2001, 0xdb8, ..]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn class(address: &str) -> PayerAddress {
        let shops = [Network::parse("198.51.100.7").unwrap()];
        class_of(&shops, address.parse().unwrap())
    }

    #[test]
    fn an_address_is_usable_unless_it_is_private_or_the_shops_own() {
        for address in ["89.20.162.110", "203.0.113.25", "2001:db8::1", "2a02:1810::1"] {
            assert_eq!(class(address), PayerAddress::Usable, "{address}");
        }
        for address in
            ["127.0.0.1", "10.1.2.3", "192.168.1.1", "172.16.0.1", "0.0.0.0", "::1", "fd00::1"]
        {
            assert_eq!(class(address), PayerAddress::Private, "{address}");
        }
        assert_eq!(class("198.51.100.7"), PayerAddress::ShopsOwn);
    }
}
