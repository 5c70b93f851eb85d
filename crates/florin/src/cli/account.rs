//! `florin account …`: the accounts that sites belong to and the keys that read all of their
//! sites, in the store of a gateway that may be running. It notices within a second.

use std::sync::Arc;

use clap::Subcommand;

use super::site::SiteMode;
use crate::api::contract::timestamp;
use crate::app::{self, Foundation};
use crate::clock::SystemClock;
use crate::config::Settings;
use crate::gateway::directory::KEY_REVOKED;
use crate::store::Committed;
use crate::vault::SystemRandom;

/// What can be done with accounts.
#[derive(Subcommand)]
pub(super) enum AccountCommand {
    /// Lists the accounts: number, name, sites.
    List,
    /// Lists an account's keys, adds one, or revokes one.
    Key {
        /// Number of the account.
        account: i64,
        /// Adds a key with this label, and shows it: once, for it is not kept.
        #[arg(long, value_name = "LABEL", conflicts_with = "revoke")]
        add: Option<String>,
        /// Which of its sites the key reads.
        #[arg(long, value_enum, default_value = "test", requires = "add")]
        mode: SiteMode,
        /// Revokes the key with this number.
        #[arg(long, value_name = "NUMBER")]
        revoke: Option<i64>,
    },
}

pub(super) async fn run(settings: Settings, command: AccountCommand) -> Result<(), String> {
    let (clock, random) = (Arc::new(SystemClock), Arc::new(SystemRandom));
    let foundation =
        app::lay_foundation(&settings, clock, random).await.map_err(|it| it.to_string())?;
    let done = match command {
        AccountCommand::List => list(&foundation).await,
        AccountCommand::Key { account, add: Some(label), mode, .. } => {
            add(&foundation, account, mode, &label).await
        }
        AccountCommand::Key { account, revoke: Some(number), .. } => {
            revoke(&foundation, account, number).await
        }
        AccountCommand::Key { account, .. } => list_keys(&foundation, account).await,
    };
    foundation.store.close().await.map_err(|it| it.to_string())?;
    done
}

async fn list(foundation: &Foundation) -> Result<(), String> {
    let store = &foundation.store;
    let sites = store.sites().await.map_err(|it| it.to_string())?;
    for account in store.accounts().await.map_err(|it| it.to_string())? {
        let own = sites.iter().filter(|site| site.account_id == account.id);
        let own: Vec<String> = own.map(|site| site.id.to_string()).collect();
        println!("{}  {}  {}", account.id, account.name, own.join(" "));
    }
    Ok(())
}

async fn find(foundation: &Foundation, id: i64) -> Result<(), String> {
    let accounts = foundation.store.accounts().await.map_err(|it| it.to_string())?;
    let is_there = accounts.iter().any(|account| account.id == id);
    is_there.then_some(()).ok_or(format!("there is no account {id}"))
}

async fn add(
    foundation: &Foundation,
    account: i64,
    mode: SiteMode,
    label: &str,
) -> Result<(), String> {
    find(foundation, account).await?;
    let key = app::new_account_key(foundation, account, mode.name(), label).await;
    println!("{}", key.map_err(|it| it.to_string())?.as_str());
    Ok(())
}

async fn revoke(foundation: &Foundation, account: i64, number: i64) -> Result<(), String> {
    let changed = foundation.store.set_account_key_status(account, number, KEY_REVOKED).await;
    match changed.map_err(|it| it.to_string())? {
        Committed::Done => Ok(()),
        Committed::Conflict => Err(format!("account {account} has no key {number}")),
    }
}

async fn list_keys(foundation: &Foundation, account: i64) -> Result<(), String> {
    find(foundation, account).await?;
    let keys = foundation.store.account_keys().await.map_err(|it| it.to_string())?;
    for key in keys.iter().filter(|key| key.account_id == account) {
        let made = timestamp::to_text(key.created_at);
        println!("{}  {}  {}  {made}  {}", key.id, key.status, key.mode, key.label);
    }
    Ok(())
}
