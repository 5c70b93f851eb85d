//! Data keys in use: unwrapped, by id, with what each is for.
//!
//! Lives in memory only. Which key seals, which only opens, and what a stored key turns into are
//! decided here; what is sealed is the business of [`super::Vault`].

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use aws_lc_rs::hmac;
use zeroize::Zeroizing;

use super::error::VaultError;
use super::kek::{Kek, UnwrapError};
use super::key::{KeyState, Purpose, WrappedKey};
use super::random::Random;
use super::xaes::{KEY_BYTES, ValueKey};
use crate::clock::UnixMillis;

/// All keys of the store, unwrapped, under one key-encryption key.
pub(super) struct Keys {
    pub(super) kek: Arc<Kek>,
    pub(super) by_id: BTreeMap<i32, DataKey>,
}

pub(super) struct DataKey {
    pub(super) purpose: Purpose,
    pub(super) state: KeyState,
    pub(super) created_at: UnixMillis,
    pub(super) material: Material,
}

pub(super) enum Material {
    Sealing(Arc<SealingKey>),
    Hashing(Box<hmac::Key>),
    Destroyed,
}

pub(super) struct SealingKey {
    pub(super) id: i32,
    pub(super) cipher: ValueKey,
    /// Values sealed by this process.
    pub(super) seals: AtomicU64,
}

impl Keys {
    /// Keys that `known` has already opened are taken from there, with their counts.
    pub(super) fn unwrap(
        kek: Arc<Kek>,
        stored: &[WrappedKey],
        known: Option<&Keys>,
    ) -> Result<Keys, VaultError> {
        let mut by_id = BTreeMap::new();
        for row in stored {
            let opened = known.and_then(|keys| keys.by_id.get(&row.id)).and_then(DataKey::shared);
            let material = match row.state {
                KeyState::Destroyed => Material::Destroyed,
                // Unwrapped even when known: a key under another KEK must be noticed.
                KeyState::Active | KeyState::ReadOnly => {
                    let clear = unwrap(&kek, row)?;
                    match (row.purpose, opened) {
                        (
                            Purpose::Fingerprint
                            | Purpose::ApiKeyHash
                            | Purpose::Token
                            | Purpose::Journal,
                            _,
                        ) => Material::Hashing(Box::new(hmac::Key::new(
                            hmac::HMAC_SHA256,
                            &clear[..],
                        ))),
                        (_, Some(opened)) => Material::Sealing(opened),
                        (_, None) => Material::Sealing(Arc::new(SealingKey {
                            id: row.id,
                            cipher: ValueKey::new(&clear),
                            seals: AtomicU64::new(0),
                        })),
                    }
                }
            };
            let key = DataKey {
                purpose: row.purpose,
                state: row.state,
                created_at: row.created_at,
                material,
            };
            by_id.insert(row.id, key);
        }
        Ok(Keys { kek, by_id })
    }

    pub(super) fn current(&self, purpose: Purpose) -> Option<&DataKey> {
        let mut newest_first = self.by_id.values().rev();
        newest_first.find(|it| it.purpose == purpose && it.state == KeyState::Active)
    }
}

impl DataKey {
    pub(super) fn sealing(&self) -> Option<&SealingKey> {
        match &self.material {
            Material::Sealing(key) => Some(key),
            Material::Hashing(_) | Material::Destroyed => None,
        }
    }

    pub(super) fn shared(&self) -> Option<Arc<SealingKey>> {
        match &self.material {
            Material::Sealing(key) => Some(Arc::clone(key)),
            Material::Hashing(_) | Material::Destroyed => None,
        }
    }

    pub(super) fn hashing(&self) -> Option<&hmac::Key> {
        match &self.material {
            Material::Hashing(key) => Some(key),
            Material::Sealing(_) | Material::Destroyed => None,
        }
    }
}

pub(super) fn new_key(
    kek: &Kek,
    stored: &[WrappedKey],
    purpose: Purpose,
    random: &dyn Random,
    now: UnixMillis,
) -> WrappedKey {
    let id = stored.iter().map(|it| it.id).max().unwrap_or(0).checked_add(1);
    let id = id.expect("keys are made daily at most, ids last for millions of years");
    let mut clear = Zeroizing::new([0; KEY_BYTES]);
    random.fill(&mut clear[..]);
    let wrapped = kek.wrap(id, purpose, &clear, random);
    WrappedKey { id, purpose, wrapped, state: KeyState::Active, created_at: now }
}

pub(super) fn unwrap(
    kek: &Kek,
    row: &WrappedKey,
) -> Result<Zeroizing<[u8; KEY_BYTES]>, VaultError> {
    kek.unwrap(row.id, row.purpose, &row.wrapped).map_err(|error| match error {
        UnwrapError::OtherKek { check } => {
            VaultError::WrongKek { key_id: row.id, wrapped_under: check, given: kek.check_value() }
        }
        UnwrapError::Damaged => VaultError::DamagedKey { key_id: row.id },
    })
}
