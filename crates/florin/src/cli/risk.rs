//! `florin risk …`: the rules and limits by which payments are judged, of a site or of all sites
//! of an account. A running gateway notices within a second.

use std::sync::Arc;

use clap::{Args, Subcommand};
use serde_json::Value;

use crate::app::{self, Foundation};
use crate::clock::SystemClock;
use crate::config::Settings;
use crate::gateway::risk::settings::{Layer, RiskSettings, SiteRisk};
use crate::gateway::site::{Mode, SiteSettings};
use crate::store::{Committed, SiteRow};
use crate::vault::SystemRandom;

/// What can be done with rules and limits.
#[derive(Subcommand)]
pub(super) enum RiskCommand {
    /// Shows what a site's payments are judged by, in the form that `set` takes, and who said so.
    Show {
        /// Number of the site.
        site: i64,
    },
    /// Changes rules and limits, such as many_cards.weight=3 or limit_ip=30.
    Set {
        #[command(flatten)]
        whose: Whose,
        /// NAME=VALUE; `null` goes back to what the account or the mode says.
        #[arg(required = true, value_name = "NAME=VALUE")]
        changes: Vec<String>,
    },
}

/// Whose layer is meant.
#[derive(Args, Clone, Debug)]
#[group(required = true, multiple = false)]
pub(super) struct Whose {
    /// Number of the site.
    #[arg(long, value_name = "NUMBER")]
    pub(super) site: Option<i64>,
    /// Number of the account: what all its sites start from.
    #[arg(long, value_name = "NUMBER")]
    pub(super) account: Option<i64>,
}

/// How often a site that others change meanwhile is read again.
const ROUNDS_MAX: usize = 16;

pub(super) async fn run(settings: Settings, command: RiskCommand) -> Result<(), String> {
    let foundation = open(&settings).await?;
    let done = match command {
        RiskCommand::Show { site } => show(&foundation, &settings, site).await,
        RiskCommand::Set { whose, changes } => {
            change_layer(&foundation, &whose, |layer| {
                changes.iter().try_for_each(|change| apply(layer, change))
            })
            .await
        }
    };
    foundation.store.close().await.map_err(|it| it.to_string())?;
    done
}

/// Store and vault of a gateway that may be running.
pub(super) async fn open(settings: &Settings) -> Result<Foundation, String> {
    let (clock, random) = (Arc::new(SystemClock), Arc::new(SystemRandom));
    app::lay_foundation(settings, clock, random).await.map_err(|it| it.to_string())
}

/// The sites that are meant, at least one.
pub(super) async fn sites_of(
    foundation: &Foundation,
    whose: &Whose,
) -> Result<Vec<SiteRow>, String> {
    let mut sites = foundation.store.sites().await.map_err(|it| it.to_string())?;
    sites.retain(|row| whose.site == Some(row.id) || whose.account == Some(row.account_id));
    match (sites.is_empty(), whose.site, whose.account) {
        (false, _, _) => Ok(sites),
        (true, Some(site), _) => Err(format!("there is no site {site}")),
        (true, _, account) => Err(format!("the account {} has no site", account.unwrap_or(0))),
    }
}

/// The part of a site's settings that is meant.
pub(super) fn layer_of<'a>(whose: &Whose, risk: &'a mut RiskSettings) -> &'a mut Layer {
    if whose.site.is_some() { &mut risk.site } else { &mut risk.account }
}

/// Changes a layer in every site that it is kept with. Nothing is stored that a gateway could
/// not read.
pub(super) async fn change_layer(
    foundation: &Foundation,
    whose: &Whose,
    change: impl Fn(&mut Layer) -> Result<(), String>,
) -> Result<(), String> {
    for row in sites_of(foundation, whose).await? {
        change_site(foundation, whose, row, &change).await?;
    }
    Ok(())
}

async fn change_site(
    foundation: &Foundation,
    whose: &Whose,
    mut row: SiteRow,
    change: &impl Fn(&mut Layer) -> Result<(), String>,
) -> Result<(), String> {
    let id = row.id;
    for _ in 0..ROUNDS_MAX {
        let mut known = read(&row)?;
        change(layer_of(whose, &mut known.risk))?;
        SiteRisk::compile(mode_of(&row), &known.risk)?;
        row.settings = serde_json::to_string(&known).map_err(|it| it.to_string())?;
        match foundation.store.update_site(row).await.map_err(|it| it.to_string())? {
            Committed::Done => return Ok(()),
            Committed::Conflict => {
                let whose = Whose { site: Some(id), account: None };
                row = sites_of(foundation, &whose).await?.remove(0);
            }
        }
    }
    Err(format!("others keep changing the site {id}; try again"))
}

fn read(row: &SiteRow) -> Result<SiteSettings, String> {
    serde_json::from_str(&row.settings)
        .map_err(|error| format!("the settings of site {}: {error}", row.id))
}

fn mode_of(row: &SiteRow) -> Mode {
    if row.mode == "test" { Mode::Test } else { Mode::Live }
}

/// One change of a layer, by the names that `show` prints.
fn apply(layer: &mut Layer, change: &str) -> Result<(), String> {
    let (name, text) =
        change.split_once('=').ok_or(format!("`{change}` is not of the form NAME=VALUE"))?;
    let (name, text) = (name.trim(), text.trim());
    let wrong = |error: serde_json::Error| format!("{name}: {error}");
    let value: Value = serde_json::from_str(text).map_err(wrong)?;
    if name.starts_with("blocked") {
        return Err("block lists are changed by `florin block`".to_owned());
    }
    let mut whole = serde_json::to_value(&*layer).map_err(wrong)?;
    let members = whole.as_object_mut().ok_or("a layer is an object")?;
    match name.split_once('.') {
        Some((rule, member)) => {
            let rules = members.entry("rules").or_insert_with(|| Value::Object(Default::default()));
            let rules = rules.as_object_mut().ok_or("rules are an object")?;
            let rule = rules.entry(rule).or_insert_with(|| Value::Object(Default::default()));
            let rule = rule.as_object_mut().ok_or("a rule is an object")?;
            rule.insert(member.to_owned(), value);
        }
        None => {
            members.insert(name.to_owned(), value);
        }
    }
    let mut changed: Layer = serde_json::from_value(whole).map_err(wrong)?;
    changed.rules.retain(|_, rule| rule.weight.is_some() || rule.threshold.is_some());
    *layer = changed;
    Ok(())
}

async fn show(foundation: &Foundation, settings: &Settings, site: i64) -> Result<(), String> {
    let whose = Whose { site: Some(site), account: None };
    let row = sites_of(foundation, &whose).await?.remove(0);
    println!("site {}, {}, {}: {}", row.id, row.mode, row.status, row.name);
    let risk = read(&row)?.risk;
    let compiled = SiteRisk::compile(mode_of(&row), &risk)?;
    for (name, value) in lines(&compiled) {
        let origin = origin_of(&risk, &name);
        let note = match name.as_str() {
            "ip_country.weight" if settings.risk.ip_countries.is_none() => {
                "; does not apply: there is no table (risk.ip_countries)"
            }
            "card_country.weight" if settings.risk.bin_countries.is_none() => {
                "; by the issuer's answer, there is no table (risk.bin_countries)"
            }
            _ => "",
        };
        println!("  {:<40} # {origin}{note}", format!("{name}={value}"));
    }
    let blocked = &compiled.blocked;
    println!(
        "  blocked: {} cards, {} e-mails, {} addresses, {} BINs",
        blocked.cards.len(),
        blocked.emails.len(),
        blocked.networks.len(),
        blocked.bins.len()
    );
    Ok(())
}

/// Names and values in the form that `set` takes.
fn lines(risk: &SiteRisk) -> Vec<(String, String)> {
    let mut lines = Vec::new();
    for rule in &risk.rules {
        lines.push((format!("{}.weight", rule.kind.name()), rule.weight.to_string()));
        if rule.kind.has_threshold() {
            lines.push((format!("{}.threshold", rule.kind.name()), rule.threshold.to_string()));
        }
    }
    let list = |entries: Vec<String>| serde_json::json!(entries).to_string();
    let points = |max: Option<u32>| max.unwrap_or(0).to_string();
    let limits = &risk.limits;
    let more = [
        ("high_risk", list(risk.high_risk.iter().map(|it| it.code().to_owned()).collect())),
        ("shop_addresses", list(risk.shop_addresses.iter().map(ToString::to_string).collect())),
        ("disposable_domains", list(risk.disposable_domains.clone())),
        ("limit_ip", points(limits.address_max)),
        ("limit_bin", points(limits.bin_max)),
        ("limit_site", points(limits.site_max)),
        ("window_seconds", (limits.window_ms / 1000).to_string()),
        ("decline_points", limits.decline_points.to_string()),
        ("repeat_limits", risk.repeat_limits.to_string()),
    ];
    lines.extend(more.map(|(name, value)| (name.to_owned(), value)));
    lines
}

/// Who said so.
fn origin_of(risk: &RiskSettings, name: &str) -> &'static str {
    let says = |layer: &Layer| {
        let value = serde_json::to_value(layer).unwrap_or_default();
        match name.split_once('.') {
            Some((rule, member)) => value["rules"][rule].get(member).is_some(),
            None => value.get(name).is_some(),
        }
    };
    if says(&risk.site) {
        "site"
    } else if says(&risk.account) {
        "account"
    } else {
        "default"
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set(changes: &[&str]) -> Result<Layer, String> {
        let mut layer = Layer::default();
        changes.iter().try_for_each(|change| apply(&mut layer, change))?;
        Ok(layer)
    }

    #[test]
    fn what_is_shown_can_be_set_again() {
        for mode in [Mode::Test, Mode::Live] {
            let compiled = SiteRisk::compile(mode, &RiskSettings::default()).unwrap();
            let shown: Vec<String> =
                lines(&compiled).iter().map(|(name, value)| format!("{name}={value}")).collect();
            assert!(shown.len() >= 20, "{shown:?}");
            let shown: Vec<&str> = shown.iter().map(String::as_str).collect();
            let settings = RiskSettings { account: Layer::default(), site: set(&shown).unwrap() };
            let again = SiteRisk::compile(mode, &settings).unwrap();
            assert_eq!(lines(&again), lines(&compiled));
            assert_eq!(origin_of(&settings, "many_cards.threshold"), "site");
        }
    }

    #[test]
    fn null_goes_back_and_leaves_nothing_behind() {
        let layer = set(&[
            "many_cards.weight=4",
            "limit_ip=5",
            "high_risk=[\"BE\"]",
            "many_cards.weight=null",
            "limit_ip=null",
            "high_risk=null",
        ]);
        assert_eq!(layer.unwrap(), Layer::default());
    }

    #[test]
    fn what_cannot_be_read_is_named() {
        for (change, name) in [
            ("limit_ip", "NAME=VALUE"),
            ("limit_ip=many", "limit_ip"),
            ("limit_ip=-1", "limit_ip"),
            ("weather=1", "weather"),
            ("many_cards.height=1", "many_cards.height"),
            ("many_cards.weight=1.5", "many_cards.weight"),
            ("blocked={}", "florin block"),
        ] {
            let error = set(&[change]).unwrap_err();
            assert!(error.contains(name), "{change}: {error}");
        }
    }
}
