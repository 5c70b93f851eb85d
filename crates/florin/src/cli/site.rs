//! `florin site …`: sites and their keys, in the store of a gateway that may be running. It
//! notices within a second.

mod settings;

use std::sync::Arc;

use clap::{Subcommand, ValueEnum};

use crate::api::contract::timestamp;
use crate::app::{self, Foundation};
use crate::clock::SystemClock;
use crate::config::Settings;
use crate::gateway::directory::{Directory, KEY_REVOKED};
use crate::gateway::sandboxes::possible_ttl;
use crate::gateway::site::SiteSettings;
use crate::store::{Committed, SiteRow};
use crate::vault::SystemRandom;

/// What can be done with sites.
#[derive(Subcommand)]
pub(super) enum SiteCommand {
    /// Lists the sites: number, mode, status, name.
    List,
    /// Shows a site with all its settings, in the form that `set` takes.
    Show {
        /// Number of the site.
        site: i64,
    },
    /// Makes a site and a key for it.
    Create {
        /// The name that payers see.
        #[arg(long)]
        name: String,
        /// Test sites reach the simulator, live ones the configured acquirer.
        #[arg(long, value_enum, default_value = "test")]
        mode: SiteMode,
        /// Ends a test site after this time, such as 30m, 2h or 1d, and erases it with its orders.
        #[arg(long, value_name = "TIME", value_parser = seconds)]
        ttl: Option<i64>,
    },
    /// Shows a site's keys, adds one, or revokes one.
    Key {
        /// Number of the site.
        site: i64,
        /// Adds a key with this label.
        #[arg(long, value_name = "LABEL", conflicts_with_all = ["revoke", "show"])]
        add: Option<String>,
        /// Revokes the key with this number.
        #[arg(long, value_name = "NUMBER", conflicts_with = "show")]
        revoke: Option<i64>,
        /// Shows the keys; this is what happens when nothing is asked for.
        #[arg(long)]
        show: bool,
    },
    /// Changes settings of a site, such as api_version=2020-01 or three_ds.policy=never.
    Set {
        /// Number of the site.
        site: i64,
        /// NAME=VALUE; values are JSON or plain text, `null` unsets.
        #[arg(required = true, value_name = "NAME=VALUE")]
        changes: Vec<String>,
    },
}

#[derive(Clone, Copy, ValueEnum)]
pub(super) enum SiteMode {
    Test,
    Live,
}

impl SiteMode {
    /// As it is stored.
    pub(super) fn name(self) -> &'static str {
        match self {
            SiteMode::Test => "test",
            SiteMode::Live => "live",
        }
    }
}

pub(super) async fn run(settings: Settings, command: SiteCommand) -> Result<(), String> {
    let (clock, random) = (Arc::new(SystemClock), Arc::new(SystemRandom));
    let foundation =
        app::lay_foundation(&settings, clock, random).await.map_err(|it| it.to_string())?;
    let done = match command {
        SiteCommand::List => list(&foundation).await,
        SiteCommand::Show { site } => show(&foundation, site).await,
        SiteCommand::Create { name, mode, ttl } => create(&foundation, &name, mode, ttl).await,
        SiteCommand::Key { site, add: Some(label), .. } => {
            let key = app::new_site_key(&foundation, site_row(&foundation, site).await?.id, &label);
            let key = key.await.map_err(|it| it.to_string())?;
            println!("{}", key.as_str());
            Ok(())
        }
        SiteCommand::Key { site, revoke: Some(number), .. } => {
            revoke(&foundation, site, number).await
        }
        SiteCommand::Key { site, .. } => show_keys(&foundation, site).await,
        SiteCommand::Set { site, changes } => set(&foundation, site, &changes).await,
    };
    foundation.store.close().await.map_err(|it| it.to_string())?;
    done
}

async fn site_row(foundation: &Foundation, id: i64) -> Result<SiteRow, String> {
    let sites = foundation.store.sites().await.map_err(|it| it.to_string())?;
    sites.into_iter().find(|site| site.id == id).ok_or(format!("there is no site {id}"))
}

async fn list(foundation: &Foundation) -> Result<(), String> {
    for site in foundation.store.sites().await.map_err(|it| it.to_string())? {
        let settings = serde_json::from_str::<SiteSettings>(&site.settings).ok();
        let ends = settings.and_then(|it| it.ends_at).map(timestamp::to_text);
        let ends = ends.map(|at| format!("  (ends {at})")).unwrap_or_default();
        println!("{}  {}  {}  {}{ends}", site.id, site.mode, site.status, site.name);
    }
    Ok(())
}

async fn show(foundation: &Foundation, site: i64) -> Result<(), String> {
    let row = site_row(foundation, site).await?;
    println!("site {}, {}, {}: {}", row.id, row.mode, row.status, row.name);
    let known: SiteSettings = serde_json::from_str(&row.settings)
        .map_err(|it| format!("the settings of site {site}: {it}"))?;
    for line in settings::lines(&known)? {
        println!("  {line}");
    }
    Ok(())
}

/// A time in seconds, with its unit: `90s`, `30m`, `2h`, `1d`.
fn seconds(text: &str) -> Result<i64, String> {
    let number = text.trim_end_matches(|it: char| it.is_ascii_alphabetic());
    let unit = match &text[number.len()..] {
        "s" => 1,
        "m" => 60,
        "h" => 60 * 60,
        "d" => 24 * 60 * 60,
        _ => return Err("a time has a unit: 90s, 30m, 2h, 1d".to_owned()),
    };
    let count: i64 = number.parse().map_err(|_| "a time is a whole number".to_owned())?;
    let seconds = count.checked_mul(unit).and_then(possible_ttl);
    seconds.ok_or("a site lasts from a minute to a week".to_owned())
}

async fn create(
    foundation: &Foundation,
    name: &str,
    mode: SiteMode,
    ttl: Option<i64>,
) -> Result<(), String> {
    let site = match (mode, ttl) {
        (SiteMode::Live, Some(_)) => return Err("only a test site ends by itself".to_owned()),
        (SiteMode::Test, Some(ttl)) => app::new_temporary_site(foundation, name, ttl).await,
        (mode, None) => app::new_site(foundation, name, mode.name()).await,
    };
    let site = site.map_err(|it| it.to_string())?;
    println!("site     {}", site.site_id);
    println!("API key  {}", site.api_key.as_str());
    Ok(())
}

async fn show_keys(foundation: &Foundation, site: i64) -> Result<(), String> {
    site_row(foundation, site).await?;
    let directory = Directory::default();
    directory
        .refresh(foundation.store.as_ref(), &foundation.vault)
        .await
        .map_err(|it| it.to_string())?;
    let found = directory.site(site).ok_or(format!("there is no site {site}"))?;
    for key in &found.keys {
        let state = if key.active { "active" } else { "revoked" };
        println!("{}  {state}  {}", key.id, key.text.as_str());
    }
    Ok(())
}

async fn revoke(foundation: &Foundation, site: i64, number: i64) -> Result<(), String> {
    let changed = foundation.store.set_api_key_status(site, number, KEY_REVOKED).await;
    match changed.map_err(|it| it.to_string())? {
        Committed::Done => Ok(()),
        Committed::Conflict => Err(format!("site {site} has no key {number}")),
    }
}

async fn set(foundation: &Foundation, site: i64, changes: &[String]) -> Result<(), String> {
    let mut row = site_row(foundation, site).await?;
    row.settings = settings::changed(&row.settings, changes)?;
    match foundation.store.update_site(row).await.map_err(|it| it.to_string())? {
        Committed::Done => Ok(()),
        Committed::Conflict => Err("somebody else changed the site; try again".to_owned()),
    }
}
