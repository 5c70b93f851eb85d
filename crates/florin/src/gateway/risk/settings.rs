//! What a site says about risk, in two layers: its account's and its own, over what its mode
//! starts with. Compiled once when the settings are read, so that the payment path only looks up.
//!
//! The account's layer is kept with each of its sites: a payment reads its own site and no more.

use std::collections::{BTreeMap, HashSet};

use florin_core::card::Pan;
use florin_core::country::Country;
use florin_core::risk::blocked::{BIN_DIGITS, BlockList, Network, normal_email};
use florin_core::risk::limits::Limits;
use florin_core::risk::rules::{
    DEFAULT_RULES, HIGH_RISK_DEFAULT, Rule, RuleKind, WEIGHT_MAX, WEIGHT_MIN,
};
use serde::{Deserialize, Serialize};

use super::super::site::Mode;
use crate::vault::Vault;

/// Entries of each list of a layer at most, so that settings stay quick to read.
pub const LIST_ENTRIES_MAX: usize = 10_000;
/// Most points that a limit can have: more attempts than this are not counted one by one.
pub const LIMIT_POINTS_MAX: u32 = 1_000;
/// A window of a limit, in seconds: attempts are kept for a day.
pub const WINDOW_SECONDS: std::ops::RangeInclusive<u32> = 60..=86_400;
/// Points of a declined attempt.
pub const DECLINE_POINTS: std::ops::RangeInclusive<u32> = 1..=100;

/// Both layers, as they are stored. What is not said in either is as the mode has it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct RiskSettings {
    #[serde(skip_serializing_if = "Layer::is_empty")]
    pub account: Layer,
    #[serde(skip_serializing_if = "Layer::is_empty")]
    pub site: Layer,
}

/// What an account or a site says.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Layer {
    /// By the names of [`RuleKind`].
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub rules: BTreeMap<String, RuleChange>,
    /// Alpha-2 codes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub high_risk: Option<Vec<String>>,
    /// Addresses and networks of the shop's own servers.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub shop_addresses: Option<Vec<String>>,
    /// E-mail domains besides those that are known here.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub disposable_domains: Option<Vec<String>>,
    /// Points for each window and address; 0 is no limit.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub limit_ip: Option<u32>,
    /// Points for each window and BIN; 0 is no limit.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub limit_bin: Option<u32>,
    /// Points of declined attempts for each window; 0 is no limit.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub limit_site: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub window_seconds: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub decline_points: Option<u32>,
    /// The schemes' limits for repeats of a declined payment are held to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub repeat_limits: Option<bool>,
    #[serde(skip_serializing_if = "Blocked::is_empty")]
    pub blocked: Blocked,
}

/// What a layer changes of a rule.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct RuleChange {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub weight: Option<i8>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub threshold: Option<u32>,
}

/// What is declined before anything is sent. Layers add up.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Blocked {
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub cards: Vec<BlockedCard>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub emails: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub ips: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub bins: Vec<String>,
}

/// A blocked card: its keyed hash, and the four digits by which people know it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BlockedCard {
    /// Hexadecimal keyed hash of the number.
    pub card: String,
    pub last4: String,
}

impl RiskSettings {
    pub fn is_empty(&self) -> bool {
        *self == RiskSettings::default()
    }
}

impl Layer {
    pub fn is_empty(&self) -> bool {
        *self == Layer::default()
    }
}

impl Blocked {
    pub fn is_empty(&self) -> bool {
        *self == Blocked::default()
    }
}

impl BlockedCard {
    /// The entry of a card.
    pub fn new(vault: &Vault, pan: &Pan) -> BlockedCard {
        BlockedCard {
            card: hex::encode(vault.fingerprint(pan.expose().as_bytes())),
            last4: pan.last4().to_owned(),
        }
    }
}

/// A site's rules as the payment path uses them.
#[derive(Clone, Debug)]
pub struct SiteRisk {
    pub rules: Vec<Rule>,
    pub high_risk: Vec<Country>,
    pub shop_addresses: Vec<Network>,
    pub disposable_domains: Vec<String>,
    pub limits: Limits,
    pub repeat_limits: bool,
    pub blocked: BlockList,
}

impl SiteRisk {
    /// Puts the layers over what the mode starts with.
    ///
    /// # Errors
    /// A sentence that names the setting that cannot be used.
    pub fn compile(mode: Mode, settings: &RiskSettings) -> Result<SiteRisk, String> {
        let mut risk = SiteRisk::of_mode(mode);
        for layer in [&settings.account, &settings.site] {
            risk.lay_over(layer)?;
        }
        Ok(risk)
    }

    /// What a site starts with. A test site has no limits, since load tests come from one address
    /// with one card; and it lacks the rules that test data breaks by its nature: cards of one
    /// country, many of them, for amounts at random.
    fn of_mode(mode: Mode) -> SiteRisk {
        let test = mode == Mode::Test;
        let broken_by_tests = [RuleKind::CardCountry, RuleKind::ManyCards, RuleKind::UnusualAmount];
        let rules = DEFAULT_RULES.map(|rule| match rule.kind {
            kind if test && broken_by_tests.contains(&kind) => Rule { weight: 0, ..rule },
            _ => rule,
        });
        let limit = |points| (!test).then_some(points);
        SiteRisk {
            rules: rules.to_vec(),
            high_risk: HIGH_RISK_DEFAULT.iter().filter_map(|it| Country::parse(it).ok()).collect(),
            shop_addresses: Vec::new(),
            disposable_domains: Vec::new(),
            limits: Limits {
                window_ms: 3_600_000,
                address_max: limit(50),
                bin_max: limit(500),
                site_max: limit(1_000),
                decline_points: 5,
            },
            repeat_limits: !test,
            blocked: BlockList::default(),
        }
    }

    fn lay_over(&mut self, layer: &Layer) -> Result<(), String> {
        for (name, change) in &layer.rules {
            let kind =
                RuleKind::from_name(name).ok_or_else(|| format!("there is no rule `{name}`"))?;
            let rule = self.rules.iter_mut().find(|rule| rule.kind == kind);
            let rule = rule.expect("every mode has every rule");
            if let Some(weight) = change.weight {
                if !(WEIGHT_MIN..=WEIGHT_MAX).contains(&weight) {
                    return Err(format!("{name}.weight is from {WEIGHT_MIN} to {WEIGHT_MAX}"));
                }
                rule.weight = weight;
            }
            match change.threshold {
                Some(_) if !kind.has_threshold() => {
                    return Err(format!("the rule `{name}` has no threshold"));
                }
                Some(threshold) => rule.threshold = threshold,
                None => {}
            }
        }
        if let Some(codes) = &layer.high_risk {
            self.high_risk = each("high_risk", codes, |it| Country::parse(it).ok())?;
        }
        if let Some(networks) = &layer.shop_addresses {
            self.shop_addresses = each("shop_addresses", networks, |it| Network::parse(it).ok())?;
        }
        if let Some(domains) = &layer.disposable_domains {
            let domain = |it: &str| it.contains('.').then(|| it.to_ascii_lowercase());
            self.disposable_domains = each("disposable_domains", domains, domain)?;
        }
        self.lay_limits_over(layer)?;
        if let Some(on) = layer.repeat_limits {
            self.repeat_limits = on;
        }
        self.block(&layer.blocked)
    }

    fn lay_limits_over(&mut self, layer: &Layer) -> Result<(), String> {
        let limits = &mut self.limits;
        for (name, points, max) in [
            ("limit_ip", layer.limit_ip, &mut limits.address_max),
            ("limit_bin", layer.limit_bin, &mut limits.bin_max),
            ("limit_site", layer.limit_site, &mut limits.site_max),
        ] {
            match points {
                None => {}
                Some(0) => *max = None,
                Some(points) if points <= LIMIT_POINTS_MAX => *max = Some(points),
                Some(_) => {
                    return Err(format!("{name} is at most {LIMIT_POINTS_MAX}; 0 is no limit"));
                }
            }
        }
        let within = |name: &str, value: u32, range: std::ops::RangeInclusive<u32>| {
            let good = range.contains(&value);
            let (min, max) = range.into_inner();
            if good { Ok(value) } else { Err(format!("{name} is from {min} to {max}")) }
        };
        if let Some(seconds) = layer.window_seconds {
            let seconds = within("window_seconds", seconds, WINDOW_SECONDS)?;
            limits.window_ms = i64::from(seconds) * 1000;
        }
        if let Some(points) = layer.decline_points {
            limits.decline_points = within("decline_points", points, DECLINE_POINTS)?;
        }
        Ok(())
    }

    fn block(&mut self, blocked: &Blocked) -> Result<(), String> {
        let hashes: Vec<String> = blocked.cards.iter().map(|it| it.card.clone()).collect();
        let hash = |it: &str| {
            let mut card = [0u8; 32];
            hex::decode_to_slice(it, &mut card).ok().map(|()| card)
        };
        let bin = |it: &str| {
            let good = BIN_DIGITS.contains(&it.len()) && it.bytes().all(|it| it.is_ascii_digit());
            good.then(|| it.to_owned())
        };
        let email = |it: &str| it.contains('@').then(|| normal_email(it));
        self.blocked.cards.extend(each("blocked.cards", &hashes, hash)?);
        self.blocked.bins.extend(each("blocked.bins", &blocked.bins, bin)?);
        self.blocked.emails.extend(each("blocked.emails", &blocked.emails, email)?);
        let networks = each("blocked.ips", &blocked.ips, |it| Network::parse(it).ok())?;
        let known: HashSet<Network> = self.blocked.networks.iter().copied().collect();
        self.blocked.networks.extend(networks.into_iter().filter(|it| !known.contains(it)));
        Ok(())
    }

    /// Whether the rule counts for anything.
    pub fn uses(&self, kind: RuleKind) -> bool {
        self.rules.iter().any(|rule| rule.kind == kind && rule.weight != 0)
    }

    /// Whether attempts have to be counted: where not, nothing is written and nothing is read.
    pub fn counts_attempts(&self) -> bool {
        let limits = [self.limits.address_max, self.limits.bin_max, self.limits.site_max];
        self.repeat_limits || self.uses(RuleKind::ManyCards) || limits.iter().any(Option::is_some)
    }
}

/// Reads every entry of a list, or names the first that cannot be read.
fn each<T>(
    name: &str,
    entries: &[String],
    read: impl Fn(&str) -> Option<T>,
) -> Result<Vec<T>, String> {
    if entries.len() > LIST_ENTRIES_MAX {
        return Err(format!("{name} has more than {LIST_ENTRIES_MAX} entries"));
    }
    let entries = entries
        .iter()
        .map(|entry| read(entry.trim()).ok_or_else(|| format!("{name}: {entry:?} cannot be read")));
    entries.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn layer(json: &str) -> Layer {
        serde_json::from_str(json).unwrap()
    }

    fn weight(risk: &SiteRisk, kind: RuleKind) -> i8 {
        risk.rules.iter().find(|rule| rule.kind == kind).unwrap().weight
    }

    #[test]
    fn a_site_overrides_its_account_and_both_override_the_mode() {
        let account = layer(
            r#"{"rules":{"many_cards":{"weight":5,"threshold":2},"unusable_ip":{"weight":1}},
                "high_risk":["BE"],"limit_ip":7,"blocked":{"bins":["411111"]}}"#,
        );
        let site = layer(
            r#"{"rules":{"many_cards":{"weight":4}},"limit_ip":0,"limit_bin":9,
                "blocked":{"emails":["Bad@Shop.example"],"ips":["192.0.2.0/24"]}}"#,
        );
        let settings = RiskSettings { account, site };
        let risk = SiteRisk::compile(Mode::Test, &settings).unwrap();
        assert_eq!(weight(&risk, RuleKind::ManyCards), 4);
        assert_eq!(risk.rules.iter().filter(|it| it.threshold == 2).count(), 1);
        assert_eq!(weight(&risk, RuleKind::UnusableAddress), 1);
        assert_eq!(risk.high_risk, [Country::parse("BE").unwrap()]);
        assert_eq!((risk.limits.address_max, risk.limits.bin_max), (None, Some(9)));
        assert!(risk.blocked.bins.contains("411111"), "lists add up");
        assert!(risk.blocked.emails.contains("bad@shop.example"));
        assert_eq!(risk.blocked.networks.len(), 1);
        let text = serde_json::to_string(&settings).unwrap();
        assert_eq!(serde_json::from_str::<RiskSettings>(&text).unwrap(), settings);
    }

    #[test]
    fn live_sites_count_from_the_start_and_test_sites_when_told_to() {
        let of = |mode, site| {
            let settings = RiskSettings { account: Layer::default(), site };
            SiteRisk::compile(mode, &settings).unwrap()
        };
        let live = of(Mode::Live, Layer::default());
        assert!(live.counts_attempts() && live.repeat_limits);
        assert!(live.limits.address_max.is_some() && live.limits.bin_max.is_some());
        assert!(live.limits.site_max.is_some());
        assert_eq!(weight(&live, RuleKind::CardCountry), 2);
        assert!(!of(Mode::Test, Layer::default()).counts_attempts());
        for change in [
            r#"{"rules":{"many_cards":{"weight":3}}}"#,
            r#"{"limit_ip":5}"#,
            r#"{"limit_bin":5}"#,
            r#"{"limit_site":5}"#,
            r#"{"repeat_limits":true}"#,
        ] {
            assert!(of(Mode::Test, layer(change)).counts_attempts(), "{change}");
        }
    }

    #[test]
    fn what_cannot_be_used_is_named() {
        for (change, name) in [
            (r#"{"rules":{"weather":{"weight":1}}}"#, "weather"),
            (r#"{"rules":{"ip_country":{"threshold":1}}}"#, "ip_country"),
            (r#"{"rules":{"ip_country":{"weight":11}}}"#, "ip_country.weight"),
            (r#"{"high_risk":["Nowhere"]}"#, "high_risk"),
            (r#"{"shop_addresses":["here"]}"#, "shop_addresses"),
            (r#"{"disposable_domains":["example"]}"#, "disposable_domains"),
            (r#"{"limit_ip":1001}"#, "limit_ip"),
            (r#"{"window_seconds":1}"#, "window_seconds"),
            (r#"{"decline_points":0}"#, "decline_points"),
            (r#"{"blocked":{"bins":["41111"]}}"#, "blocked.bins"),
            (r#"{"blocked":{"ips":["192.0.2.0/33"]}}"#, "blocked.ips"),
            (r#"{"blocked":{"emails":["nobody"]}}"#, "blocked.emails"),
            (r#"{"blocked":{"cards":[{"card":"12","last4":"1111"}]}}"#, "blocked.cards"),
        ] {
            let settings = RiskSettings { account: Layer::default(), site: layer(change) };
            let error = SiteRisk::compile(Mode::Live, &settings).unwrap_err();
            assert!(error.contains(name), "{change}: {error}");
        }
    }
}
