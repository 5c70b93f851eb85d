//! `florin site …`: sites and their keys, in the store of a gateway that may be running. It
//! notices within a second.

use std::sync::Arc;

use clap::{Subcommand, ValueEnum};
use serde_json::Value;

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
    /// Lists the sites and their settings that differ from the usual ones.
    List,
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
        #[arg(long, value_name = "LABEL", conflicts_with = "revoke")]
        add: Option<String>,
        /// Revokes the key with this number.
        #[arg(long, value_name = "NUMBER")]
        revoke: Option<i64>,
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
        let settings: Value = serde_json::from_str(&site.settings).unwrap_or_default();
        let usual = serde_json::to_value(SiteSettings::default()).unwrap_or_default();
        for (name, value) in settings.as_object().into_iter().flatten() {
            if usual.get(name) != Some(value) && name != "review" {
                println!("    {name} = {value}");
            }
        }
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
    row.settings = changed(&row.settings, changes)?;
    match foundation.store.update_site(row).await.map_err(|it| it.to_string())? {
        Committed::Done => Ok(()),
        Committed::Conflict => Err("somebody else changed the site; try again".to_owned()),
    }
}

/// The settings with the changes, checked as a whole.
fn changed(settings: &str, changes: &[String]) -> Result<String, String> {
    let known: SiteSettings = serde_json::from_str(settings).map_err(|it| it.to_string())?;
    let mut value = serde_json::to_value(known).map_err(|it| it.to_string())?;
    for change in changes {
        let (name, text) = change.split_once('=').ok_or(format!("{change}: NAME=VALUE"))?;
        let pointer = format!("/{}", name.trim().replace('.', "/"));
        let place = value.pointer_mut(&pointer).ok_or(format!("there is no setting {name}"))?;
        *place = serde_json::from_str(text).unwrap_or_else(|_| Value::String(text.to_owned()));
    }
    let checked: SiteSettings =
        serde_json::from_value(value).map_err(|it| format!("that cannot be: {it}"))?;
    serde_json::to_string(&checked).map_err(|it| it.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(changes: &[&str]) -> Result<SiteSettings, String> {
        let settings = serde_json::to_string(&SiteSettings::for_testing()).unwrap();
        let changes: Vec<String> = changes.iter().map(|it| (*it).to_owned()).collect();
        changed(&settings, &changes).map(|text| serde_json::from_str(&text).unwrap())
    }

    #[test]
    fn settings_are_changed_by_their_dotted_names_and_checked() {
        let set = check(&["three_ds.policy=never", "api_version=2020-01", "moto=false"]).unwrap();
        assert_eq!(set.three_ds.policy, crate::gateway::site::ThreeDsPolicy::Never);
        assert_eq!(set.api_version, crate::gateway::site::ApiYear::Y2020);
        assert!(!set.moto);
        for bad in ["nothing=1", "three_ds.policy=sometimes", "moto=perhaps", "moto"] {
            assert!(check(&[bad]).is_err(), "{bad}");
        }
    }
}
