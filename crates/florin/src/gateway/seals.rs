//! Seals over the journal: each night everything that was booked on a site before midnight is
//! covered by a keyed hash, chained to the seal before. Whoever rewrites the past afterwards, even
//! with the order's state and all its entries, would have to make the seals anew, with a key that
//! is in no database.

use std::sync::atomic::Ordering;

use aws_lc_rs::digest::{Context, SHA256};

use super::{Failure, Gateway};
use crate::clock::UnixMillis;
use crate::limits::SEAL_DELAY_MS;
use crate::store::{
    Committed, JournalPlace, JournalRow, LISTED_ROWS_MAX, OrderKey, SealRow, SiteId, Store,
};
use crate::vault::Vault;

const DAY_MS: i64 = 24 * 60 * 60 * 1000;

/// What a seal covers, as it is read: the entries of a site in the order of their booking.
pub struct Covered {
    digest: Context,
    entries: i64,
}

impl Default for Covered {
    fn default() -> Covered {
        Covered { digest: Context::new(&SHA256), entries: 0 }
    }
}

impl Covered {
    /// Adds the next entry.
    pub fn add(&mut self, key: OrderKey, entry: &JournalRow) {
        self.entries += 1;
        self.digest.update(&key.to_be_bytes());
        self.digest.update(&entry.seq.to_be_bytes());
        self.digest.update(&entry.booked_at.to_be_bytes());
        self.digest.update(&entry.hash);
    }

    /// How many entries were added.
    pub fn entries(&self) -> i64 {
        self.entries
    }

    /// The hash that a seal over them must have, after one with the hash `previous`.
    pub fn sealed(
        self,
        vault: &Vault,
        site_id: SiteId,
        number: i64,
        until: UnixMillis,
        previous: &[u8; 32],
    ) -> [u8; 32] {
        let mut covered = previous.to_vec();
        for part in [site_id, number, until, self.entries] {
            covered.extend_from_slice(&part.to_be_bytes());
        }
        covered.extend_from_slice(self.digest.finish().as_ref());
        vault.seal_hash(&covered)
    }
}

/// The hash before the first seal of a site.
pub const UNSEALED: [u8; 32] = [0; 32];

/// Seals what was booked on the site before `until` and is not sealed yet. `None` where there is
/// nothing, or another process was first.
///
/// # Errors
/// A [`Failure`] when the store cannot be used.
pub async fn seal(
    store: &dyn Store,
    vault: &Vault,
    site_id: SiteId,
    until: UnixMillis,
    now: UnixMillis,
) -> Result<Option<SealRow>, Failure> {
    let last = store.seals(site_id).await?.pop();
    let (number, from, previous) =
        last.map_or((1, UnixMillis::MIN, UNSEALED), |it| (it.number + 1, it.until, it.hash));
    let mut covered = Covered::default();
    let mut after: Option<JournalPlace> = None;
    loop {
        let entries = store.journal_between(site_id, from, until, after, LISTED_ROWS_MAX).await?;
        for (key, entry) in &entries {
            covered.add(*key, entry);
            after = Some(JournalPlace { booked_at: entry.booked_at, key: *key, seq: entry.seq });
        }
        if entries.len() < usize::try_from(LISTED_ROWS_MAX).unwrap_or(usize::MAX) {
            break;
        }
    }
    if covered.entries() == 0 {
        return Ok(None);
    }
    let entries = covered.entries();
    let hash = covered.sealed(vault, site_id, number, until, &previous);
    let seal = SealRow { site_id, number, until, entries, hash, at: now };
    match store.add_seal(seal.clone()).await? {
        Committed::Done => Ok(Some(seal)),
        Committed::Conflict => Ok(None),
    }
}

impl Gateway {
    /// Seals every site's journal up to the last midnight (UTC), once that is an hour ago: by then
    /// every commit that was begun before it has ended.
    ///
    /// # Errors
    /// A [`Failure`] when the store cannot be used; it is tried again.
    pub async fn seal_journals(&self) -> Result<u64, Failure> {
        let now = self.now();
        let settled = now.saturating_sub(SEAL_DELAY_MS);
        let midnight = settled.saturating_sub(settled.rem_euclid(DAY_MS));
        if self.work.sealed_until.load(Ordering::Relaxed) >= midnight {
            return Ok(0);
        }
        let mut made = 0;
        for site in self.directory.sites() {
            let seal = seal(self.store.as_ref(), &self.vault, site.id, midnight, now).await?;
            made += u64::from(seal.is_some());
        }
        self.work.sealed_until.store(midnight, Ordering::Relaxed);
        Ok(made)
    }
}
