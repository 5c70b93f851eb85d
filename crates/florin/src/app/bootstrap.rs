//! The first start: an account, a test site that takes payments at once, and its key.

use zeroize::Zeroizing;

use super::{Foundation, StartError, failed};
use crate::clock::UnixMillis;
use crate::config::Settings;
use crate::gateway::directory::{ACTIVE, KEY_ACTIVE, seal_key};
use crate::gateway::risk::settings::Layer;
use crate::gateway::sandboxes::{SANDBOXES_FROM, TEMPORARY_SITES_FROM, temporary};
use crate::gateway::site::{ReviewDefault, ReviewEntry, SiteSettings};
use crate::limits::TEMPORARY_SITES_MAX;
use crate::store::{AccountRow, Committed, SiteRow};
use crate::vault::{Class, Random, SealContext, Vault};

/// The account that the first start makes.
const FIRST_ACCOUNT_ID: i64 = 10_000_001;
/// The test site that the first start makes.
const FIRST_SITE_ID: i64 = 20_001;
/// Letters and digits in a new key.
const KEY_CHARACTERS: usize = 40;
/// How often a new number is tried before the store is thought to be at fault.
pub(super) const ROUNDS_MAX: usize = 64;

/// A site and a key that opens it.
#[derive(Clone)]
pub struct FirstSite {
    pub site_id: i64,
    pub api_key: Zeroizing<String>,
}

/// Test cards whose payments a new test site holds for review: number, what ends the review, and
/// after how many seconds. Published test numbers, not cards of anybody.
const REVIEWED_TEST_CARDS: [(&str, ReviewDefault, i64); 3] = [
    ("4917300000000008", ReviewDefault::Decline, 180),
    ("4462000000000003", ReviewDefault::Accept, 180),
    ("378734493671000", ReviewDefault::Decline, 180),
];
const REVIEW_SCORE: u8 = 7;

/// Settings of a new test site, its review list included.
fn test_site_settings(vault: &Vault) -> SiteSettings {
    let review = REVIEWED_TEST_CARDS
        .iter()
        .map(|(number, default, after_seconds)| ReviewEntry {
            card: hex::encode(vault.fingerprint(number.as_bytes())),
            score: REVIEW_SCORE,
            default: *default,
            after_seconds: *after_seconds,
        })
        .collect();
    SiteSettings { review, ..SiteSettings::for_testing() }
}

/// Makes the account, the test site and its key where they are missing, and fixes the key where
/// the settings want that. Safe to run in several processes at once.
pub(super) async fn ensure_first_site(
    foundation: &Foundation,
    settings: &Settings,
) -> Result<Option<FirstSite>, StartError> {
    let Foundation { store, vault, random, .. } = foundation;
    let doing = "prepare the first site";
    let lasting = |site: &SiteRow| site.id < TEMPORARY_SITES_FROM;
    let sites = store.sites().await.map_err(failed(doing))?;
    if !sites.iter().any(lasting) {
        new_site_row(foundation, FIRST_SITE_ID, "Test shop", "test", None).await?;
    }
    let sites = store.sites().await.map_err(failed(doing))?;
    let test = sites.iter().filter(|site| lasting(site) && site.mode == "test");
    let Some(site) = test.min_by_key(|site| site.id) else {
        return Ok(None);
    };
    let keys = store.api_keys().await.map_err(failed(doing))?;
    let mut own: Vec<_> =
        keys.iter().filter(|key| key.site_id == site.id && key.status == KEY_ACTIVE).collect();
    own.sort_by_key(|key| key.id);
    if let Some(wanted) = &settings.test_api_key {
        let hash = vault.api_key_hash(wanted.expose());
        if !own.iter().any(|key| key.hash == hash) {
            add_key(foundation, site.id, wanted.expose(), "fixed by the settings").await?;
        }
        let api_key = Zeroizing::new(wanted.expose().to_owned());
        return Ok(Some(FirstSite { site_id: site.id, api_key }));
    }
    if let Some(row) = own.last() {
        let place = SealContext { site_id: site.id, key: row.id, card_id: 0, field: "api_key" };
        let text = vault
            .unseal(Class::ApiKey, place, &row.sealed)
            .map_err(failed("open the test site's key"))?;
        let text = String::from_utf8(text.to_vec()).map_err(failed("open the test site's key"))?;
        return Ok(Some(FirstSite { site_id: site.id, api_key: Zeroizing::new(text) }));
    }
    let text = random_key(random.as_ref());
    add_key(foundation, site.id, &text, "first key").await?;
    Ok(Some(FirstSite { site_id: site.id, api_key: text }))
}

/// Makes a site with the next free number, and a key for it.
///
/// # Errors
/// [`StartError`] when the store does not take it.
pub async fn new_site(
    foundation: &Foundation,
    name: &str,
    mode: &str,
) -> Result<FirstSite, StartError> {
    for _ in 0..ROUNDS_MAX {
        let sites = foundation.store.sites().await.map_err(failed("read the sites"))?;
        let lasting = sites.iter().map(|site| site.id).filter(|id| *id < TEMPORARY_SITES_FROM);
        let id = lasting.max().unwrap_or(FIRST_SITE_ID - 1) + 1;
        if new_site_row(foundation, id, name, mode, None).await? {
            let api_key = new_site_key(foundation, id, "first key").await?;
            return Ok(FirstSite { site_id: id, api_key });
        }
    }
    Err(StartError("cannot make a site: others keep taking the next number".to_owned()))
}

/// Makes a test site that ends after so many seconds, and a key for it. Its number is never given
/// again.
///
/// # Errors
/// [`StartError`] when there are enough of them, or the store does not take it.
pub async fn new_temporary_site(
    foundation: &Foundation,
    name: &str,
    ttl_s: i64,
) -> Result<FirstSite, StartError> {
    let sites = foundation.store.sites().await.map_err(failed("read the sites"))?;
    if temporary(&sites) >= TEMPORARY_SITES_MAX {
        return Err(StartError(format!(
            "there are {TEMPORARY_SITES_MAX} sites that end by themselves; wait until one has"
        )));
    }
    for _ in 0..ROUNDS_MAX {
        let number = foundation.store.reserve_numbers("temporary_sites", 1).await;
        let number = number.map_err(failed("make a site"))?;
        let id = i64::try_from(number).ok().map(|it| TEMPORARY_SITES_FROM + it - 1);
        let id = id.filter(|id| *id < SANDBOXES_FROM);
        let id = id.ok_or_else(|| StartError("no number is left for such a site".to_owned()))?;
        let ends_at = foundation.clock.now().saturating_add(ttl_s.saturating_mul(1000));
        if new_site_row(foundation, id, name, "test", Some(ends_at)).await? {
            let api_key = new_site_key(foundation, id, "first key").await?;
            return Ok(FirstSite { site_id: id, api_key });
        }
    }
    Err(StartError("cannot make a site: others keep taking the next number".to_owned()))
}

/// Adds a random key to a site and returns it.
///
/// # Errors
/// [`StartError`] when the store does not take it.
pub async fn new_site_key(
    foundation: &Foundation,
    site_id: i64,
    label: &str,
) -> Result<Zeroizing<String>, StartError> {
    let text = random_key(foundation.random.as_ref());
    add_key(foundation, site_id, &text, label).await?;
    Ok(text)
}

async fn new_site_row(
    foundation: &Foundation,
    id: i64,
    name: &str,
    mode: &str,
    ends_at: Option<UnixMillis>,
) -> Result<bool, StartError> {
    ensure_account(foundation).await?;
    let mut settings = match mode {
        "test" => test_site_settings(&foundation.vault),
        _ => SiteSettings::default(),
    };
    settings.risk.account = account_layer(foundation).await?;
    settings.ends_at = ends_at;
    let row = SiteRow {
        id,
        account_id: FIRST_ACCOUNT_ID,
        name: name.to_owned(),
        mode: mode.to_owned(),
        status: ACTIVE.to_owned(),
        settings: serde_json::to_string(&settings).map_err(failed("write the site's settings"))?,
        clock_offset_ms: 0,
        created_at: foundation.clock.now(),
        version: 1,
    };
    let inserted = foundation.store.insert_site(row).await.map_err(failed("make a site"))?;
    Ok(inserted == Committed::Done)
}

/// What the account says about risk is kept with each of its sites; a new one has it too.
async fn account_layer(foundation: &Foundation) -> Result<Layer, StartError> {
    let sites = foundation.store.sites().await.map_err(failed("read the sites"))?;
    let sibling = sites.iter().find(|site| site.account_id == FIRST_ACCOUNT_ID);
    let Some(sibling) = sibling else { return Ok(Layer::default()) };
    let settings: SiteSettings = serde_json::from_str(&sibling.settings)
        .map_err(failed(&format!("read the settings of site {}", sibling.id)))?;
    Ok(settings.risk.account)
}

/// Every site has its account, whichever command came first. One that is there stays as it is.
async fn ensure_account(foundation: &Foundation) -> Result<(), StartError> {
    let created_at = foundation.clock.now();
    let account = AccountRow { id: FIRST_ACCOUNT_ID, name: "Florin".to_owned(), created_at };
    let _ = foundation.store.insert_account(account).await.map_err(failed("make the account"))?;
    Ok(())
}

async fn add_key(
    foundation: &Foundation,
    site_id: i64,
    text: &str,
    label: &str,
) -> Result<(), StartError> {
    let Foundation { store, vault, clock, .. } = foundation;
    for _ in 0..ROUNDS_MAX {
        let keys = store.api_keys().await.map_err(failed("read the keys"))?;
        let hash = vault.api_key_hash(text);
        if keys.iter().any(|key| key.hash == hash && key.site_id == site_id) {
            return Ok(());
        }
        if keys.iter().any(|key| key.hash == hash) {
            return Err(StartError("this key belongs to another site".to_owned()));
        }
        let id = keys.iter().filter(|key| key.site_id == site_id).map(|key| key.id).max();
        let row = seal_key(vault, site_id, id.unwrap_or(0) + 1, text, label, clock.now());
        if store.insert_api_key(row).await.map_err(failed("add a key"))? == Committed::Done {
            return Ok(());
        }
    }
    Err(StartError("cannot add a key: others keep taking the next number".to_owned()))
}

/// 40 letters and digits, each of the 62 equally likely.
pub(super) fn random_key(random: &dyn Random) -> Zeroizing<String> {
    const ALPHABET: &[u8; 62] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
    let mut text = Zeroizing::new(String::with_capacity(KEY_CHARACTERS));
    let mut bytes = Zeroizing::new([0u8; 64]);
    while text.len() < KEY_CHARACTERS {
        random.fill(&mut bytes[..]);
        // Bytes from 248 on would make the first letters likelier than the rest.
        let fair = bytes.iter().filter(|byte| **byte < 248);
        for byte in fair.take(KEY_CHARACTERS - text.len()) {
            text.push(char::from(ALPHABET[usize::from(byte % 62)]));
        }
    }
    text
}
