//! The vault: seals values under data keys, finds cards and API keys by keyed hash, turns keys over.
//!
//! A sealed value names its key and is bound to its place: it opens only with the class, site, row
//! and field that it was sealed for. The vault keeps no rows and knows no clock.

use std::fmt;
use std::sync::atomic::Ordering;
use std::sync::{Arc, RwLock};

use aws_lc_rs::hmac;
use zeroize::Zeroizing;

use super::error::VaultError;
use super::kek::Kek;
use super::key::{KeyState, KeyStore, Purpose, WrappedKey};
use super::key_ring::{DataKey, Keys, Material, new_key, unwrap};
use super::random::Random;
use super::xaes::{NONCE_BYTES, TAG_BYTES};
use crate::clock::UnixMillis;

/// Values that one key seals before [`Vault::rotation_due`] asks for another. The cipher itself
/// would allow many more; this bounds what one lost key gives away.
pub const SEALS_PER_KEY_MAX: u64 = 1 << 30;
/// Age at which a key for cards or API keys is replaced: a year, the cryptoperiod for stored data.
pub const KEY_AGE_MAX_MS: i64 = 365 * DAY_MS;
/// Age at which the key for CVCs is replaced. It lives a day, and what it sealed an hour.
pub const CVC_KEY_AGE_MAX_MS: i64 = DAY_MS;
/// Time from the making of its successor after which a key for CVCs is destroyed. Longer than a CVC
/// waits (an hour) after the last process has learnt of the successor by reloading.
pub const CVC_KEY_KEPT_MS: i64 = 6 * HOUR_MS;
/// Longest value that can be sealed, in bytes.
pub const PLAINTEXT_BYTES_MAX: usize = 4096;

const HOUR_MS: i64 = 60 * 60 * 1000;
const DAY_MS: i64 = 24 * HOUR_MS;
/// How often a race for key ids is run again. Each round lost means that another process made one.
const KEY_ROUNDS_MAX: u32 = 32;

/// Form of a sealed value: this byte, key id (4 bytes, big-endian), nonce, ciphertext, tag.
const RECORD_FORM: u8 = 1;
const RECORD_HEAD_BYTES: usize = 1 + 4;

/// What kind of value is sealed; each kind has its own keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Class {
    /// PAN, expiry, holder.
    Card,
    /// The CVC while its authorization is pending.
    Cvc,
    /// The API key of a site.
    ApiKey,
}

/// The place of a sealed value. It opens nowhere else, so values cannot be swapped in the database.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SealContext<'a> {
    /// The site whose row it is.
    pub site_id: i64,
    /// The row's key: of an order, or of an API key.
    pub key: i64,
    /// Which of the order's cards; 0 where there are none.
    pub card_id: i64,
    /// The column, such as `pan`.
    pub field: &'a str,
}

/// Keys in use. Cheap to share in an `Arc`; all methods take `&self`.
pub struct Vault {
    random: Arc<dyn Random>,
    keys: RwLock<Arc<Keys>>,
}

impl Vault {
    /// Opens all keys of the store, and makes those that are missing (all, at the first start).
    /// Any number of processes may do this at once.
    ///
    /// # Errors
    /// [`VaultError::WrongKek`] when `kek` is not the one that the keys were wrapped under: nothing
    /// has been changed then.
    pub async fn open(
        kek: Kek,
        store: &dyn KeyStore,
        random: Arc<dyn Random>,
        now: UnixMillis,
    ) -> Result<Vault, VaultError> {
        let kek = Arc::new(kek);
        for _ in 0..KEY_ROUNDS_MAX {
            let stored = store.load().await?;
            let keys = Keys::unwrap(Arc::clone(&kek), &stored, None)?;
            let missing = Purpose::ALL.into_iter().find(|it| keys.current(*it).is_none());
            let Some(purpose) = missing else {
                return Ok(Vault { random, keys: RwLock::new(Arc::new(keys)) });
            };
            // Whether this or another process makes the key: the next round sees it.
            store.insert(new_key(&kek, &stored, purpose, random.as_ref(), now)).await?;
        }
        Err(VaultError::Contended)
    }

    /// Encrypts `plaintext` for this place.
    ///
    /// # Panics
    /// On more than [`PLAINTEXT_BYTES_MAX`] bytes: no such value exists in a parsed request.
    #[must_use]
    pub fn seal(&self, class: Class, place: SealContext<'_>, plaintext: &[u8]) -> Vec<u8> {
        assert!(plaintext.len() <= PLAINTEXT_BYTES_MAX, "a value to seal is short");
        let keys = self.keys();
        let key = keys
            .current(class.purpose())
            .and_then(DataKey::sealing)
            .expect("a vault is opened with a current key for each class");
        key.seals.fetch_add(1, Ordering::Relaxed);
        let length = RECORD_HEAD_BYTES + NONCE_BYTES + plaintext.len() + TAG_BYTES;
        let mut record = Vec::with_capacity(length);
        record.push(RECORD_FORM);
        record.extend_from_slice(&key.id.to_be_bytes());
        let context = place.bytes(class, key.id);
        key.cipher.seal_onto(&mut record, self.random.as_ref(), &context, plaintext);
        record
    }

    /// Decrypts what was sealed for this place.
    ///
    /// # Errors
    /// Each of [`VaultError`]'s variants about a value says why it does not open.
    pub fn unseal(
        &self,
        class: Class,
        place: SealContext<'_>,
        sealed: &[u8],
    ) -> Result<Zeroizing<Vec<u8>>, VaultError> {
        let key_id = Vault::key_id_of(sealed).ok_or(VaultError::NotSealed)?;
        let keys = self.keys();
        let key = match keys.by_id.get(&key_id) {
            None => return Err(VaultError::UnknownKey { key_id }),
            Some(DataKey { material: Material::Destroyed, .. }) => {
                return Err(VaultError::DestroyedKey { key_id });
            }
            Some(key) if key.purpose != class.purpose() => return Err(VaultError::NotAuthentic),
            Some(key) => key.sealing().ok_or(VaultError::NotAuthentic)?,
        };
        key.cipher
            .open(&place.bytes(class, key_id), &sealed[RECORD_HEAD_BYTES..])
            .map_err(|_| VaultError::NotAuthentic)
    }

    /// The id of the key that sealed this, from its open head; `None` if it is no sealed value.
    #[must_use]
    pub fn key_id_of(sealed: &[u8]) -> Option<i32> {
        let (head, rest) = sealed.split_first_chunk::<RECORD_HEAD_BYTES>()?;
        let [form, id @ ..] = *head;
        (form == RECORD_FORM && rest.len() >= NONCE_BYTES + TAG_BYTES)
            .then(|| i32::from_be_bytes(id))
    }

    /// Random bytes that nobody else has, such as for the name of a stored card.
    #[must_use]
    pub fn draw<const BYTES: usize>(&self) -> [u8; BYTES] {
        let mut bytes = [0; BYTES];
        self.random.fill(&mut bytes);
        bytes
    }

    /// HMAC-SHA-256 of a PAN's digits: equal for equal cards, useless without the key
    /// (PCI DSS 3.5.1.1).
    #[must_use]
    pub fn fingerprint(&self, pan: &[u8]) -> [u8; 32] {
        self.keyed_hash(Purpose::Fingerprint, pan)
    }

    /// HMAC-SHA-256 of an API key, by which its site is found.
    #[must_use]
    pub fn api_key_hash(&self, api_key: &str) -> [u8; 32] {
        self.keyed_hash(Purpose::ApiKeyHash, api_key.as_bytes())
    }

    /// HMAC-SHA-256 over an entry of a journal and the hash of the one before it, so that nobody
    /// without the key can rewrite what was booked. Its key lives as long as the journals do.
    #[must_use]
    pub fn journal_hash(&self, entry: &[u8]) -> [u8; 32] {
        self.keyed_hash(Purpose::Journal, entry)
    }

    /// HMAC-SHA-256 of what a payer's link names, which proves that the link is ours.
    #[must_use]
    pub fn token_hash(&self, subject: &[u8]) -> [u8; 32] {
        self.keyed_hash(Purpose::Token, subject)
    }

    /// Random bytes: what nobody can guess or meet twice.
    #[must_use]
    pub fn nonce(&self) -> [u8; 16] {
        let mut nonce = [0; 16];
        self.random.fill(&mut nonce);
        nonce
    }

    /// HMAC-SHA-256 over what a seal of a journal covers and the seal before it. Its key lives as
    /// long as the journals do.
    #[must_use]
    pub fn seal_hash(&self, covered: &[u8]) -> [u8; 32] {
        self.keyed_hash(Purpose::Seal, covered)
    }

    /// HMAC-SHA-256 of a request, by which its repetition is found. Keyed, for a body can hold a
    /// PAN, of which sixteen digits would not survive a plain hash (PCI DSS 3.5.1.1).
    #[must_use]
    pub fn request_hash(&self, method: &str, path: &str, body: &[u8]) -> [u8; 32] {
        // Neither a method nor a path has a line break in it.
        let mut request =
            Zeroizing::new(Vec::with_capacity(method.len() + path.len() + body.len() + 2));
        for part in [method.as_bytes(), b"\n", path.as_bytes(), b"\n", body] {
            request.extend_from_slice(part);
        }
        self.keyed_hash(Purpose::Request, &request)
    }

    /// Reads the keys again, so that this process knows those which others have made or destroyed.
    /// To be called every hour, and when [`VaultError::UnknownKey`] comes up.
    ///
    /// # Errors
    /// As [`Vault::open`]; the keys known so far stay in use.
    pub async fn reload(&self, store: &dyn KeyStore) -> Result<(), VaultError> {
        let stored = store.load().await?;
        self.adopt(&stored)
    }

    /// Purposes whose current key is too old or has sealed too much in this process.
    #[must_use]
    pub fn rotation_due(&self, now: UnixMillis) -> Vec<Purpose> {
        let keys = self.keys();
        let due = |class: &Class| {
            let Some(key) = keys.current(class.purpose()) else { return false };
            let age = now.saturating_sub(key.created_at);
            let seals = key.sealing().map_or(0, |it| it.seals.load(Ordering::Relaxed));
            age >= class.key_age_max_ms() || seals >= SEALS_PER_KEY_MAX
        };
        Class::ALL.iter().filter(|class| due(class)).map(|class| class.purpose()).collect()
    }

    /// Keys for CVCs whose successor is older than [`CVC_KEY_KEPT_MS`]: nothing that they sealed is
    /// needed any more, and destroying them makes sure of it in backups too.
    #[must_use]
    pub fn destruction_due(&self, now: UnixMillis) -> Vec<i32> {
        let keys = self.keys();
        let cvc_keys = keys.by_id.iter().filter(|(_, it)| it.purpose == Purpose::Cvc);
        let with_successor = cvc_keys.clone().zip(cvc_keys.skip(1));
        with_successor
            .filter(|((_, key), _)| key.state == KeyState::ReadOnly)
            .filter(|(_, (_, next))| now.saturating_sub(next.created_at) >= CVC_KEY_KEPT_MS)
            .map(|((id, _), _)| *id)
            .collect()
    }

    /// Makes a new key for what is sealed from now on; the older ones only open from then on.
    /// Returns the id of the new key.
    ///
    /// # Errors
    /// [`VaultError::CannotRotate`] for the keys of hashes.
    pub async fn rotate(
        &self,
        store: &dyn KeyStore,
        purpose: Purpose,
        now: UnixMillis,
    ) -> Result<i32, VaultError> {
        if !Class::ALL.iter().any(|class| class.purpose() == purpose) {
            return Err(VaultError::CannotRotate(purpose));
        }
        for _ in 0..KEY_ROUNDS_MAX {
            let stored = store.load().await?;
            // Also refuses to add a key when the store has been moved to another KEK meanwhile.
            self.adopt(&stored)?;
            let kek = Arc::clone(&self.keys().kek);
            let made = new_key(&kek, &stored, purpose, self.random.as_ref(), now);
            let id = made.id;
            let mut rotated = stored.clone();
            let older = rotated.iter_mut().filter(|it| it.purpose == purpose);
            older
                .filter(|it| it.state == KeyState::Active)
                .for_each(|it| it.state = KeyState::ReadOnly);
            rotated.push(made);
            if store.swap(&stored, &rotated).await? {
                self.adopt(&rotated)?;
                return Ok(id);
            }
        }
        Err(VaultError::Contended)
    }

    /// Forgets a key for good, and with it all that it sealed. For the keys of erased CVCs, and for
    /// keys that no record names any more.
    ///
    /// # Errors
    /// [`VaultError::StillActive`] for a key that still seals, [`VaultError::UnknownKey`].
    pub async fn destroy(&self, store: &dyn KeyStore, key_id: i32) -> Result<(), VaultError> {
        for _ in 0..KEY_ROUNDS_MAX {
            let stored = store.load().await?;
            let mut changed = stored.clone();
            let key = changed.iter_mut().find(|it| it.id == key_id);
            let key = key.ok_or(VaultError::UnknownKey { key_id })?;
            if key.state == KeyState::Active {
                return Err(VaultError::StillActive { key_id });
            }
            key.state = KeyState::Destroyed;
            key.wrapped.clear();
            if store.swap(&stored, &changed).await? {
                return self.adopt(&changed);
            }
        }
        Err(VaultError::Contended)
    }

    /// Wraps all keys under another key-encryption key. Nothing sealed changes. Other processes go
    /// on with the keys they have, and must be given the new key-encryption key at their next start.
    ///
    /// # Errors
    /// [`VaultError::WrongKek`] if the store was moved to another key-encryption key meanwhile.
    pub async fn rewrap(&self, store: &dyn KeyStore, new_kek: Kek) -> Result<(), VaultError> {
        let new_kek = Arc::new(new_kek);
        for _ in 0..KEY_ROUNDS_MAX {
            let stored = store.load().await?;
            let old_kek = Arc::clone(&self.keys().kek);
            let mut rewrapped = stored.clone();
            for key in rewrapped.iter_mut().filter(|it| it.state != KeyState::Destroyed) {
                let clear = unwrap(&old_kek, key)?;
                key.wrapped = new_kek.wrap(key.id, key.purpose, &clear, self.random.as_ref());
            }
            if store.swap(&stored, &rewrapped).await? {
                let known = self.keys();
                let keys = Keys::unwrap(Arc::clone(&new_kek), &rewrapped, Some(&known))?;
                self.replace(keys);
                return Ok(());
            }
        }
        Err(VaultError::Contended)
    }

    fn keyed_hash(&self, purpose: Purpose, value: &[u8]) -> [u8; 32] {
        let keys = self.keys();
        let key = keys
            .current(purpose)
            .and_then(DataKey::hashing)
            .expect("a vault is opened with a current key for each hash");
        let tag = hmac::sign(key, value);
        tag.as_ref().try_into().expect("SHA-256 has 32 bytes")
    }

    fn keys(&self) -> Arc<Keys> {
        Arc::clone(&self.keys.read().expect("nothing panics while holding this lock"))
    }

    fn adopt(&self, stored: &[WrappedKey]) -> Result<(), VaultError> {
        let known = self.keys();
        let keys = Keys::unwrap(Arc::clone(&known.kek), stored, Some(&known))?;
        self.replace(keys);
        Ok(())
    }

    fn replace(&self, keys: Keys) {
        *self.keys.write().expect("nothing panics while holding this lock") = Arc::new(keys);
    }
}

impl Class {
    const ALL: [Class; 3] = [Class::Card, Class::Cvc, Class::ApiKey];

    fn purpose(self) -> Purpose {
        match self {
            Class::Card => Purpose::Card,
            Class::Cvc => Purpose::Cvc,
            Class::ApiKey => Purpose::ApiKey,
        }
    }

    fn key_age_max_ms(self) -> i64 {
        match self {
            Class::Card | Class::ApiKey => KEY_AGE_MAX_MS,
            Class::Cvc => CVC_KEY_AGE_MAX_MS,
        }
    }
}

impl SealContext<'_> {
    /// Unambiguous: every part but the last has a fixed length or an end mark that it cannot hold.
    fn bytes(&self, class: Class, key_id: i32) -> Vec<u8> {
        let class = class.purpose().as_str();
        let mut bytes = Vec::with_capacity(64);
        bytes.push(RECORD_FORM);
        bytes.extend_from_slice(&key_id.to_be_bytes());
        bytes.extend_from_slice(class.as_bytes());
        bytes.push(0);
        for number in [self.site_id, self.key, self.card_id] {
            bytes.extend_from_slice(&number.to_be_bytes());
        }
        bytes.extend_from_slice(self.field.as_bytes());
        bytes
    }
}

impl fmt::Debug for Vault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Vault(hidden)")
    }
}

#[cfg(test)]
#[path = "sealing_tests.rs"]
mod tests;
