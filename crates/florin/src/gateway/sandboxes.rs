//! Sites that end by themselves: a sandbox of a test site for each job that runs beside others, and
//! test sites with a time to live.
//!
//! A sandbox is a site of its own with the settings of the site that it belongs to, opened by that
//! site's keys together with its name; it is made by the first call that names it. Its account is
//! its own as well, so that stored cards do not meet. When its time is over nobody is let in any
//! more; a while later, when nothing can be under way, its rows are erased, and then the site.

use std::sync::Arc;

use aws_lc_rs::digest;
use zeroize::Zeroizing;

use super::directory::{ACTIVE, Caller, PREFIXED_KEYS_FROM};
use super::site::{Mode, Sandbox, Site, SiteSettings};
use super::{Failure, Gateway};
use crate::clock::UnixMillis;
use crate::limits::{
    ENDED_SITES_PER_ROUND_MAX, SANDBOX_NAME_CHARS_MAX, SANDBOX_TTL_MAX_S, SANDBOX_TTL_MIN_S,
    SITE_ENDS_AFTER_MS, TEMPORARY_SITES_MAX,
};
use crate::store::{Committed, SiteRow, StoreError};

/// Numbers of sites that end by themselves: from here on those with keys of their own,
pub const TEMPORARY_SITES_FROM: i64 = 500_000_000;
/// and from here on sandboxes, whose numbers come from their names.
pub const SANDBOXES_FROM: i64 = 700_000_000;
/// So many places for their names.
const SANDBOX_PLACES: u64 = 200_000_000;
/// How many numbers beside its place a sandbox may have to take.
const PLACES_TRIED_MAX: i64 = 16;
/// How often it is tried again because somebody else was faster.
const ROUNDS_MAX: usize = 8;

/// Why a caller is not let in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NoCaller {
    UnknownKey,
    /// Only test sites have sandboxes.
    NotATestSite,
    BadName,
    /// The key is good, and there is no such sandbox yet.
    NotYet {
        of: i64,
        name: String,
    },
}

/// Why there is no new sandbox.
#[derive(Debug)]
pub enum NotMade {
    TooMany,
    Failure(Failure),
}

impl From<Failure> for NotMade {
    fn from(failure: Failure) -> NotMade {
        NotMade::Failure(failure)
    }
}

impl From<StoreError> for NotMade {
    fn from(error: StoreError) -> NotMade {
        NotMade::Failure(error.into())
    }
}

/// Whether a sandbox may be called so: letters, digits, dot, hyphen and underscore.
pub fn is_name(name: &str) -> bool {
    (1..=SANDBOX_NAME_CHARS_MAX).contains(&name.len())
        && name.bytes().all(|it| it.is_ascii_alphanumeric() || b".-_".contains(&it))
}

/// A time to live in seconds, if it is a possible one.
pub fn possible_ttl(seconds: i64) -> Option<i64> {
    (SANDBOX_TTL_MIN_S..=SANDBOX_TTL_MAX_S).contains(&seconds).then_some(seconds)
}

impl Site {
    /// Whether its time is over, by the gateway's clock.
    pub fn has_ended(&self, now: UnixMillis) -> bool {
        self.settings.ends_at.is_some_and(|at| at <= now)
    }
}

impl Gateway {
    /// The caller with this key; `sandbox` is the one that the call names besides.
    ///
    /// # Errors
    /// [`NoCaller`].
    pub fn caller(&self, key: &str, sandbox: Option<&str>) -> Result<Caller, NoCaller> {
        let now = self.now();
        let lookup = |key: &str| self.directory.caller(&self.vault, key);
        match (lookup(key), sandbox) {
            (Some(caller), None) if !caller.site.has_ended(now) => Ok(caller),
            (Some(caller), Some(name)) if caller.site.settings.sandbox.is_none() => {
                let key_id = caller.key_id;
                self.in_sandbox(&caller.site, name, key_id)
            }
            // A key that names its sandbox in front.
            (_, None) => {
                let (name, key) = key.split_once(':').ok_or(NoCaller::UnknownKey)?;
                let base = lookup(key).filter(|it| it.site.settings.sandbox.is_none());
                let base = base.filter(|it| it.site.mode == Mode::Test);
                let base = base.ok_or(NoCaller::UnknownKey)?;
                self.in_sandbox(&base.site, name, base.key_id + PREFIXED_KEYS_FROM)
            }
            (Some(_), Some(_)) => Err(NoCaller::BadName),
            (None, Some(_)) => Err(NoCaller::UnknownKey),
        }
    }

    fn in_sandbox(&self, base: &Site, name: &str, key_id: i64) -> Result<Caller, NoCaller> {
        if base.has_ended(self.now()) {
            return Err(NoCaller::UnknownKey);
        }
        if base.mode != Mode::Test {
            return Err(NoCaller::NotATestSite);
        }
        if !is_name(name) {
            return Err(NoCaller::BadName);
        }
        match self.sandbox(base.id, name) {
            Some(site) => Ok(Caller { site, key_id }),
            None => Err(NoCaller::NotYet { of: base.id, name: name.to_owned() }),
        }
    }

    /// The sandbox of this name, while it lasts.
    pub fn sandbox(&self, of: i64, name: &str) -> Option<Arc<Site>> {
        let site = self.directory.sandbox(of, name)?;
        (!site.has_ended(self.now())).then_some(site)
    }

    /// The sandboxes of a site that last.
    pub fn sandboxes(&self, of: i64) -> Vec<Arc<Site>> {
        let now = self.now();
        let mut sites = self.directory.sites();
        sites.retain(|site| {
            site.settings.sandbox.as_ref().is_some_and(|it| it.of == of) && !site.has_ended(now)
        });
        sites
    }

    /// Makes a sandbox, or finds the one that somebody else has just made.
    ///
    /// # Errors
    /// [`NotMade`].
    pub async fn make_sandbox(
        &self,
        of: i64,
        name: &str,
        ttl_s: i64,
    ) -> Result<Arc<Site>, NotMade> {
        // One after the other: of many first calls of a job one makes it, the others find it.
        let _turn = self.work.sandboxing.lock().await;
        let refresh = async || self.directory.refresh(self.store.as_ref(), &self.vault).await;
        for _ in 0..ROUNDS_MAX {
            refresh().await?;
            if let Some(site) = self.sandbox(of, name) {
                return Ok(site);
            }
            let rows = self.store.sites().await?;
            if temporary(&rows) >= TEMPORARY_SITES_MAX {
                return Err(NotMade::TooMany);
            }
            let place = place(of, name);
            let free = (place..place + PLACES_TRIED_MAX)
                .find(|id| rows.iter().all(|row| row.id != *id))
                .ok_or(NotMade::TooMany)?;
            let base = rows.iter().find(|row| row.id == of);
            let Some(base) = base else { return Err(Failure::Contended.into()) };
            let row = self.sandbox_row(base, free, name, ttl_s)?;
            // A conflict means that another process was faster, most likely for the same job.
            let _ = self.store.insert_site(row).await?;
        }
        Err(Failure::Contended.into())
    }

    fn sandbox_row(
        &self,
        base: &SiteRow,
        id: i64,
        name: &str,
        ttl_s: i64,
    ) -> Result<SiteRow, Failure> {
        let damaged = |error: serde_json::Error| Failure::Damaged(error.to_string());
        let settings: SiteSettings = serde_json::from_str(&base.settings).map_err(damaged)?;
        let now = self.now();
        let settings = SiteSettings {
            sandbox: Some(Sandbox { of: base.id, name: name.to_owned() }),
            ends_at: Some(now.saturating_add(ttl_s.saturating_mul(1000))),
            ..settings
        };
        Ok(SiteRow {
            id,
            account_id: id,
            name: format!("{}, sandbox {name}", base.name),
            mode: base.mode.clone(),
            status: ACTIVE.to_owned(),
            settings: serde_json::to_string(&settings).map_err(damaged)?,
            clock_offset_ms: 0,
            created_at: now,
            version: 1,
        })
    }

    /// Ends a sandbox now. Whether there was one.
    ///
    /// # Errors
    /// A [`Failure`] when the store cannot be used.
    pub async fn end_sandbox(&self, of: i64, name: &str) -> Result<bool, Failure> {
        for _ in 0..ROUNDS_MAX {
            let Some(site) = self.sandbox(of, name) else { return Ok(false) };
            let rows = self.store.sites().await?;
            let Some(mut row) = rows.into_iter().find(|row| row.id == site.id) else {
                return Ok(false);
            };
            let settings = SiteSettings { ends_at: Some(self.now()), ..site.settings.clone() };
            row.settings = serde_json::to_string(&settings)
                .map_err(|error| Failure::Damaged(error.to_string()))?;
            let ended = self.store.update_site(row).await?;
            self.directory.refresh(self.store.as_ref(), &self.vault).await?;
            if ended == Committed::Done {
                return Ok(true);
            }
        }
        Err(Failure::Contended)
    }

    /// Erases sites that ended a while ago; returns how many. Several processes may do so at once.
    ///
    /// # Errors
    /// A [`Failure`] when the store cannot be used; the next round goes on.
    pub async fn erase_ended_sites(&self) -> Result<u64, Failure> {
        let over = self.now().saturating_sub(SITE_ENDS_AFTER_MS);
        let mut ended = self.directory.sites();
        ended.retain(|site| site.mode == Mode::Test && site.has_ended(over));
        let mut erased = 0;
        for site in ended.iter().take(ENDED_SITES_PER_ROUND_MAX) {
            self.store.delete_site_data(site.id).await?;
            // The host's books of it go too; what is not reached is the simulator's to forget.
            if let Err(error) = self.forget_at_simulator(site).await {
                tracing::debug!(?error, site.id, "the simulator keeps the books of an ended site");
            }
            // A conflict: somebody else has erased it, or an order was added meanwhile.
            if self.store.delete_site(site.id).await? == Committed::Done {
                erased += 1;
            }
        }
        if erased > 0 {
            self.directory.refresh(self.store.as_ref(), &self.vault).await?;
        }
        Ok(erased)
    }
}

/// How many sites there are that end by themselves, those included that are being erased.
pub fn temporary(rows: &[SiteRow]) -> usize {
    rows.iter().filter(|row| row.id >= TEMPORARY_SITES_FROM).count()
}

/// The number that a sandbox takes if nobody has it: the same for everybody who makes it at once.
fn place(of: i64, name: &str) -> i64 {
    let digest = digest::digest(&digest::SHA256, format!("{of}/{name}").as_bytes());
    let start = digest.as_ref().iter().take(8).fold(0, |sum, byte| sum << 8 | u64::from(*byte));
    let place = i64::try_from(start % SANDBOX_PLACES).unwrap_or_default();
    SANDBOXES_FROM + place
}

/// The key of a site with the name of a sandbox in front, which opens that sandbox.
pub fn prefixed_key(name: &str, key: &str) -> Zeroizing<String> {
    Zeroizing::new(format!("{name}:{key}"))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_name_has_letters_digits_and_little_else() {
        for good in ["job-17", "a", "CI_2.1", &"x".repeat(SANDBOX_NAME_CHARS_MAX)] {
            assert!(is_name(good), "{good}");
        }
        for bad in ["", "a b", "a:b", "a/b", "é", "a\n", &"x".repeat(SANDBOX_NAME_CHARS_MAX + 1)] {
            assert!(!is_name(bad), "{bad:?}");
        }
    }

    proptest! {
        /// Nine digits, which the acquirer's merchant id has room for, and never a site's with keys.
        #[test]
        fn a_place_is_a_number_of_sandboxes(of in any::<i64>(), name in "[a-z0-9._-]{1,40}") {
            let place = place(of, &name);
            prop_assert!((SANDBOXES_FROM..999_999_900).contains(&place));
        }
    }
}
