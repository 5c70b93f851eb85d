//! Accounts, sites and keys, kept in memory and compared with the store every second.
//!
//! The payment path reads here and never waits for the store to know who is calling.

use std::collections::HashMap;
use std::sync::{Arc, RwLock};

use florin_core::risk::ReviewRule;
use florin_core::tariff::Tariff;
use zeroize::Zeroizing;

use super::Failure;
use super::risk::settings::SiteRisk;
use super::sandboxes::prefixed_key;
use super::site::{Mode, Site, SiteKey, SiteSettings};
use crate::store::{ApiKeyRow, SiteRow, Store};
use crate::vault::{Class, SealContext, Vault};

/// Who may call, and as whom.
#[derive(Default)]
pub struct Directory {
    entries: RwLock<Entries>,
}

#[derive(Default)]
struct Entries {
    /// The store's settings version that this was read at.
    version: Option<i64>,
    sites: HashMap<i64, Arc<Site>>,
    /// Keyed hash of the key → site and key.
    keys: HashMap<[u8; 32], (i64, i64)>,
    /// Keyed hash of an account's key → the account, and the mode of the sites that it opens.
    accounts: HashMap<[u8; 32], (i64, Mode)>,
    /// Site and name → sandbox. Of two that were made at once the lower number counts.
    sandboxes: HashMap<(i64, String), i64>,
}

/// A caller whose key is good.
#[derive(Clone, Debug)]
pub struct Caller {
    pub site: Arc<Site>,
    pub key_id: i64,
}

impl Directory {
    /// The site with this number.
    pub fn site(&self, id: i64) -> Option<Arc<Site>> {
        self.read().sites.get(&id).cloned()
    }

    /// The newest sandbox of this name, whether or not it has ended.
    pub(super) fn sandbox(&self, of: i64, name: &str) -> Option<Arc<Site>> {
        let entries = self.read();
        let id = entries.sandboxes.get(&(of, name.to_owned()))?;
        entries.sites.get(id).cloned()
    }

    /// Every site, in the order of their numbers.
    pub fn sites(&self) -> Vec<Arc<Site>> {
        let mut sites: Vec<Arc<Site>> = self.read().sites.values().cloned().collect();
        sites.sort_by_key(|site| site.id);
        sites
    }

    /// The caller with this key; `None` for unknown and revoked keys.
    pub fn caller(&self, vault: &Vault, key: &str) -> Option<Caller> {
        let hash = vault.api_key_hash(key);
        let entries = self.read();
        let (site_id, key_id) = *entries.keys.get(&hash)?;
        let site = entries.sites.get(&site_id)?.clone();
        Some(Caller { site, key_id })
    }

    /// The account that this key opens, and the mode of the sites; `None` for unknown and revoked
    /// keys.
    pub fn account(&self, vault: &Vault, key: &str) -> Option<(i64, Mode)> {
        let entries = self.read();
        if entries.accounts.is_empty() {
            return None;
        }
        entries.accounts.get(&vault.api_key_hash(key)).copied()
    }

    /// Reads everything anew if the store has changed since the last time.
    ///
    /// # Errors
    /// A [`Failure`] when the store cannot be read; what was known stays in force.
    pub async fn refresh(&self, store: &dyn Store, vault: &Vault) -> Result<(), Failure> {
        let version = store.settings_version().await?;
        if self.read().version == Some(version) {
            return Ok(());
        }
        let (sites, keys) = (store.sites().await?, store.api_keys().await?);
        let mut entries = Entries { version: Some(version), ..Entries::default() };
        let mut by_site: HashMap<i64, Vec<SiteKey>> = HashMap::new();
        for row in keys {
            let active = row.status == KEY_ACTIVE;
            if active {
                entries.keys.insert(row.hash, (row.site_id, row.id));
            }
            let text = open_key(vault, &row)?;
            by_site.entry(row.site_id).or_default().push(SiteKey { id: row.id, text, active });
        }
        for row in store.account_keys().await?.into_iter().filter(|row| row.status == KEY_ACTIVE) {
            let mode = read_mode(&row.mode).ok_or_else(|| {
                Failure::Damaged(format!("key {} of account {}: mode", row.id, row.account_id))
            })?;
            entries.accounts.insert(row.hash, (row.account_id, mode));
        }
        for row in sites {
            let mut keys = by_site.remove(&row.id).unwrap_or_default();
            keys.sort_by_key(|key| key.id);
            let site = read_site(row, keys)?;
            entries.sites.insert(site.id, Arc::new(site));
        }
        entries.add_sandboxes(vault);
        *self.entries.write().unwrap_or_else(std::sync::PoisonError::into_inner) = entries;
        Ok(())
    }

    fn read(&self) -> std::sync::RwLockReadGuard<'_, Entries> {
        self.entries.read().unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

impl Entries {
    /// A sandbox has the keys of its site: as they are, for calls that name it besides, and with
    /// its name in front.
    fn add_sandboxes(&mut self, vault: &Vault) {
        let mut found: Vec<_> = self
            .sites
            .values()
            .filter_map(|it| Some((it.settings.ends_at, it.id, it.settings.sandbox.clone()?)))
            .collect();
        // The one that lasts longest is the newest; of equals the lower number.
        found.sort_by_key(|(ends_at, id, _)| (*ends_at, std::cmp::Reverse(*id)));
        for (_, site_id, sandbox) in found {
            let base = self.sites.get(&sandbox.of);
            let mut keys = Vec::new();
            for key in base.into_iter().flat_map(|base| &base.keys).filter(|key| key.active) {
                let prefixed = prefixed_key(&sandbox.name, &key.text);
                let id = key.id + PREFIXED_KEYS_FROM;
                self.keys.insert(vault.api_key_hash(&prefixed), (site_id, id));
                keys.push(SiteKey { id: key.id, text: key.text.clone(), active: true });
                keys.push(SiteKey { id, text: prefixed, active: true });
            }
            keys.sort_by_key(|key| key.id);
            if let Some(site) = self.sites.get_mut(&site_id).and_then(Arc::get_mut) {
                site.keys = keys;
            }
            self.sandboxes.insert((sandbox.of, sandbox.name), site_id);
        }
    }
}

/// Keys of a site with a sandbox's name in front have these numbers there.
pub(super) const PREFIXED_KEYS_FROM: i64 = 1 << 40;

/// `status` of sites and accounts that take payments, and of keys that open them.
pub const ACTIVE: &str = "active";
pub const KEY_ACTIVE: &str = "active";
pub const KEY_REVOKED: &str = "revoked";

fn read_mode(text: &str) -> Option<Mode> {
    match text {
        "test" => Some(Mode::Test),
        "live" => Some(Mode::Live),
        _ => None,
    }
}

fn read_site(row: SiteRow, keys: Vec<SiteKey>) -> Result<Site, Failure> {
    let damaged = |what: &str| Failure::Damaged(format!("site {}: {what}", row.id));
    let settings: SiteSettings =
        serde_json::from_str(&row.settings).map_err(|error| damaged(&error.to_string()))?;
    let mode = read_mode(&row.mode).ok_or_else(|| damaged("mode"))?;
    let review_rules = settings
        .review
        .iter()
        .map(|entry| {
            let mut card = [0u8; 32];
            hex::decode_to_slice(&entry.card, &mut card).map_err(|_| damaged("review list"))?;
            Ok(ReviewRule {
                card,
                score: entry.score,
                default: entry.default.into(),
                after_ms: entry.after_seconds.saturating_mul(1000),
            })
        })
        .collect::<Result<_, Failure>>()?;
    let risk = SiteRisk::compile(mode, &settings.risk).map_err(|error| damaged(&error))?;
    let rules = settings.fees.iter().map(super::site::FeeEntry::rule);
    let rules = rules.collect::<Result<_, String>>().map_err(|error| damaged(&error))?;
    Ok(Site {
        id: row.id,
        account_id: row.account_id,
        name: row.name,
        mode,
        active: row.status == ACTIVE,
        account_active: true,
        settings,
        clock_offset_ms: row.clock_offset_ms,
        keys,
        review_rules,
        risk,
        tariff: Tariff { rules },
    })
}

const FIELD_API_KEY: &str = "api_key";

fn key_place(site_id: i64, key_id: i64) -> SealContext<'static> {
    SealContext { site_id, key: key_id, card_id: 0, field: FIELD_API_KEY }
}

fn open_key(vault: &Vault, row: &ApiKeyRow) -> Result<Zeroizing<String>, Failure> {
    let damaged = || Failure::Damaged(format!("key {} of site {}", row.id, row.site_id));
    let bytes = vault
        .unseal(Class::ApiKey, key_place(row.site_id, row.id), &row.sealed)
        .map_err(|_| damaged())?;
    String::from_utf8(bytes.to_vec()).map(Zeroizing::new).map_err(|_| damaged())
}

/// The row of a new key.
pub fn seal_key(
    vault: &Vault,
    site_id: i64,
    id: i64,
    text: &str,
    label: &str,
    at: i64,
) -> ApiKeyRow {
    ApiKeyRow {
        site_id,
        id,
        hash: vault.api_key_hash(text),
        sealed: vault.seal(Class::ApiKey, key_place(site_id, id), text.as_bytes()),
        label: label.to_owned(),
        status: KEY_ACTIVE.to_owned(),
        created_at: at,
    }
}
