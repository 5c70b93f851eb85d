//! `florin site …`: sites and their keys, in the store of a gateway that may be running. It
//! notices within a second.

mod settings;

use std::sync::Arc;

use clap::{Subcommand, ValueEnum};

use crate::app::{self, Foundation};
use crate::clock::SystemClock;
use crate::config::Settings;
use crate::gateway::directory::{Directory, KEY_REVOKED};
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

pub(super) async fn run(settings: Settings, command: SiteCommand) -> Result<(), String> {
    let (clock, random) = (Arc::new(SystemClock), Arc::new(SystemRandom));
    let foundation =
        app::lay_foundation(&settings, clock, random).await.map_err(|it| it.to_string())?;
    let done = match command {
        SiteCommand::List => list(&foundation).await,
        SiteCommand::Show { site } => show(&foundation, site).await,
        SiteCommand::Create { name, mode } => create(&foundation, &name, mode).await,
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
        println!("{}  {}  {}  {}", site.id, site.mode, site.status, site.name);
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

async fn create(foundation: &Foundation, name: &str, mode: SiteMode) -> Result<(), String> {
    let mode = match mode {
        SiteMode::Test => "test",
        SiteMode::Live => "live",
    };
    let site = app::new_site(foundation, name, mode).await.map_err(|it| it.to_string())?;
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
