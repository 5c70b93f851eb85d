//! The rules of the vault, against a store in memory that several vaults share like processes do.
//!
//! No cryptography is checked here: the cipher's own vectors stand beside it.

use std::sync::Mutex;

use async_trait::async_trait;
use proptest::prelude::*;

use super::*;
use crate::vault::key::KeyStoreError;
use crate::vault::random::{SeededRandom, SystemRandom};
use crate::vault::xaes::KEY_BYTES;

const NOW: UnixMillis = 1_700_000_000_000;
const PAN: &[u8] = b"4111111111111111";
const PLACE: SealContext<'static> = SealContext { site_id: 1, key: 77, card_id: 2, field: "pan" };

/// A shared store. `races` keys are inserted by "another process" right before our inserts.
#[derive(Default)]
struct MemoryStore {
    rows: Mutex<Vec<WrappedKey>>,
    lost_inserts: Mutex<u32>,
}

impl MemoryStore {
    fn rows(&self) -> Vec<WrappedKey> {
        self.rows.lock().unwrap().clone()
    }
}

#[async_trait]
impl KeyStore for MemoryStore {
    async fn load(&self) -> Result<Vec<WrappedKey>, KeyStoreError> {
        let rows = self.rows();
        // Lets another opening read the same rows before this one inserts.
        tokio::task::yield_now().await;
        Ok(rows)
    }

    async fn insert(&self, key: WrappedKey) -> Result<bool, KeyStoreError> {
        let mut rows = self.rows.lock().unwrap();
        let free = rows.iter().all(|row| row.id != key.id);
        if free {
            rows.push(key);
        } else {
            *self.lost_inserts.lock().unwrap() += 1;
        }
        Ok(free)
    }

    async fn swap(
        &self,
        expected: &[WrappedKey],
        new: &[WrappedKey],
    ) -> Result<bool, KeyStoreError> {
        let mut rows = self.rows.lock().unwrap();
        let as_expected = rows.len() == expected.len() && rows.iter().all(|r| expected.contains(r));
        if as_expected {
            *rows = new.to_vec();
        }
        Ok(as_expected)
    }
}

fn kek(byte: u8) -> Kek {
    Kek::new(&[byte; KEY_BYTES])
}

async fn open(store: &MemoryStore, kek_byte: u8) -> Result<Vault, VaultError> {
    Vault::open(kek(kek_byte), store, Arc::new(SystemRandom), NOW).await
}

async fn vault() -> (MemoryStore, Vault) {
    let store = MemoryStore::default();
    let vault = open(&store, 1).await.unwrap();
    (store, vault)
}

#[track_caller]
fn check_opens(vault: &Vault, sealed: &[u8]) {
    let opened = vault.unseal(Class::Card, PLACE, sealed).unwrap();
    assert_eq!(&opened[..], PAN);
}

#[tokio::test]
async fn what_is_sealed_opens_again_also_after_a_restart() {
    let (store, first) = vault().await;
    let sealed = first.seal(Class::Card, PLACE, PAN);
    check_opens(&first, &sealed);
    let restarted = open(&store, 1).await.unwrap();
    check_opens(&restarted, &sealed);
    assert_eq!(restarted.fingerprint(PAN), first.fingerprint(PAN));
    assert_eq!(restarted.api_key_hash("abc"), first.api_key_hash("abc"));
    assert_eq!(store.rows().len(), Purpose::ALL.len(), "a restart makes no keys");
}

#[tokio::test]
async fn equal_values_are_sealed_differently() {
    let (_, vault) = vault().await;
    assert_ne!(vault.seal(Class::Card, PLACE, PAN), vault.seal(Class::Card, PLACE, PAN));
}

#[tokio::test]
async fn a_value_opens_only_in_its_place() {
    let (_, vault) = vault().await;
    let sealed = vault.seal(Class::Card, PLACE, PAN);
    let places = [
        SealContext { site_id: 2, ..PLACE },
        SealContext { key: 78, ..PLACE },
        SealContext { card_id: 1, ..PLACE },
        SealContext { field: "expiry", ..PLACE },
        SealContext { field: "", ..PLACE },
        SealContext { key: 2, card_id: 77, ..PLACE },
    ];
    for place in places {
        let refused = vault.unseal(Class::Card, place, &sealed);
        assert!(matches!(refused, Err(VaultError::NotAuthentic)), "{place:?}");
    }
    for class in [Class::Cvc, Class::ApiKey] {
        let refused = vault.unseal(class, PLACE, &sealed);
        assert!(matches!(refused, Err(VaultError::NotAuthentic)), "{class:?}");
    }
    check_opens(&vault, &sealed);
}

#[tokio::test]
async fn a_changed_value_does_not_open() {
    let (_, vault) = vault().await;
    let sealed = vault.seal(Class::Card, PLACE, PAN);
    for at in 0..sealed.len() {
        for bit in 0..8 {
            let mut changed = sealed.clone();
            changed[at] ^= 1 << bit;
            assert!(vault.unseal(Class::Card, PLACE, &changed).is_err(), "bit {bit} of byte {at}");
        }
        assert!(vault.unseal(Class::Card, PLACE, &sealed[..at]).is_err(), "cut at {at}");
    }
}

#[tokio::test]
async fn a_wrong_kek_is_said_so_and_changes_nothing() {
    let (store, _) = vault().await;
    let before = store.rows();
    let refused = open(&store, 2).await.unwrap_err();
    assert!(matches!(&refused, VaultError::WrongKek { wrapped_under, given, .. }
        if *wrapped_under == kek(1).check_value() && *given == kek(2).check_value()));
    assert_eq!(store.rows(), before);
}

#[tokio::test]
async fn a_damaged_or_moved_data_key_is_said_so() {
    let (store, _) = vault().await;
    store.rows.lock().unwrap()[0].wrapped[50] ^= 1;
    assert!(matches!(open(&store, 1).await, Err(VaultError::DamagedKey { key_id: 1 })));

    let (store, _) = vault().await;
    {
        let mut rows = store.rows.lock().unwrap();
        let moved = rows[1].wrapped.clone();
        rows[0].wrapped = moved;
    }
    assert!(matches!(open(&store, 1).await, Err(VaultError::DamagedKey { key_id: 1 })));
}

#[tokio::test]
async fn processes_that_start_at_once_share_one_set_of_keys() {
    let store = MemoryStore::default();
    let (a, b, c) = tokio::join!(open(&store, 1), open(&store, 1), open(&store, 1));
    let vaults = [a.unwrap(), b.unwrap(), c.unwrap()];
    assert!(*store.lost_inserts.lock().unwrap() > 0, "the race took place");
    assert_eq!(store.rows().len(), Purpose::ALL.len());
    let sealed = vaults[0].seal(Class::Card, PLACE, PAN);
    for vault in &vaults {
        check_opens(vault, &sealed);
        assert_eq!(vault.fingerprint(PAN), vaults[0].fingerprint(PAN));
    }
}

#[tokio::test]
async fn after_a_rotation_new_values_have_a_new_key_and_old_ones_still_open() {
    let (store, vault) = vault().await;
    let other_process = open(&store, 1).await.unwrap();
    let old = vault.seal(Class::Card, PLACE, PAN);
    let new_id = vault.rotate(&store, Purpose::Card, NOW + 1).await.unwrap();
    let new = vault.seal(Class::Card, PLACE, PAN);
    assert_ne!(Vault::key_id_of(&old), Some(new_id));
    assert_eq!(Vault::key_id_of(&new), Some(new_id));
    check_opens(&vault, &old);
    check_opens(&vault, &new);

    // Another process learns of the new key by reloading.
    let unknown = other_process.unseal(Class::Card, PLACE, &new);
    assert!(matches!(unknown, Err(VaultError::UnknownKey { key_id }) if key_id == new_id));
    other_process.reload(&store).await.unwrap();
    check_opens(&other_process, &new);
}

#[tokio::test]
async fn rotations_at_once_both_succeed_and_leave_one_active_key() {
    let (store, first) = vault().await;
    let second = open(&store, 1).await.unwrap();
    let (a, b) = tokio::join!(
        first.rotate(&store, Purpose::Cvc, NOW),
        second.rotate(&store, Purpose::Cvc, NOW)
    );
    assert_ne!(a.unwrap(), b.unwrap());
    let rows = store.rows();
    let active =
        rows.iter().filter(|it| it.purpose == Purpose::Cvc && it.state == KeyState::Active);
    assert_eq!(active.count(), 1);
}

#[tokio::test]
async fn the_keys_of_hashes_are_not_rotated() {
    let (store, vault) = vault().await;
    for purpose in [Purpose::Fingerprint, Purpose::ApiKeyHash] {
        let refused = vault.rotate(&store, purpose, NOW).await;
        assert!(matches!(refused, Err(VaultError::CannotRotate(it)) if it == purpose));
    }
}

#[tokio::test]
async fn rotation_is_due_by_age_and_by_use() {
    let (store, vault) = vault().await;
    assert_eq!(vault.rotation_due(NOW), []);
    assert_eq!(vault.rotation_due(NOW + CVC_KEY_AGE_MAX_MS), [Purpose::Cvc]);
    assert_eq!(
        vault.rotation_due(NOW + KEY_AGE_MAX_MS),
        [Purpose::Card, Purpose::Cvc, Purpose::ApiKey]
    );
    let keys = vault.keys();
    let card = keys.current(Purpose::Card).and_then(DataKey::sealing).unwrap();
    card.seals.store(SEALS_PER_KEY_MAX - 1, Ordering::Relaxed);
    assert_eq!(vault.rotation_due(NOW), []);
    let _ = vault.seal(Class::Card, PLACE, PAN);
    assert_eq!(vault.rotation_due(NOW), [Purpose::Card]);
    // Reloading does not reset the count, rotating does.
    vault.reload(&store).await.unwrap();
    assert_eq!(vault.rotation_due(NOW), [Purpose::Card]);
    vault.rotate(&store, Purpose::Card, NOW).await.unwrap();
    assert_eq!(vault.rotation_due(NOW), []);
}

#[tokio::test]
async fn a_destroyed_key_takes_its_values_with_it() {
    let (store, vault) = vault().await;
    let sealed = vault.seal(Class::Cvc, PLACE, b"123");
    let key_id = Vault::key_id_of(&sealed).unwrap();
    let refused = vault.destroy(&store, key_id).await;
    assert!(matches!(refused, Err(VaultError::StillActive { .. })));
    vault.rotate(&store, Purpose::Cvc, NOW).await.unwrap();
    vault.destroy(&store, key_id).await.unwrap();
    for vault in [&vault, &open(&store, 1).await.unwrap()] {
        let refused = vault.unseal(Class::Cvc, PLACE, &sealed);
        assert!(matches!(refused, Err(VaultError::DestroyedKey { key_id: it }) if it == key_id));
    }
    let rows = store.rows();
    assert!(rows.iter().find(|it| it.id == key_id).unwrap().wrapped.is_empty());
    assert!(matches!(vault.destroy(&store, 99).await, Err(VaultError::UnknownKey { key_id: 99 })));
}

#[tokio::test]
async fn a_key_for_cvcs_is_due_for_destruction_some_hours_after_its_successor() {
    let (store, vault) = vault().await;
    let first = Vault::key_id_of(&vault.seal(Class::Cvc, PLACE, b"123")).unwrap();
    const NONE: [i32; 0] = [];
    // However old: as long as it has no successor, it stays.
    assert_eq!(vault.destruction_due(NOW + 100 * KEY_AGE_MAX_MS), NONE);
    let rotated_at = NOW + 10 * CVC_KEY_AGE_MAX_MS;
    vault.rotate(&store, Purpose::Cvc, rotated_at).await.unwrap();
    vault.rotate(&store, Purpose::Card, rotated_at).await.unwrap();
    assert_eq!(vault.destruction_due(rotated_at + CVC_KEY_KEPT_MS - 1), NONE);
    assert_eq!(vault.destruction_due(rotated_at + CVC_KEY_KEPT_MS), [first]);
    vault.destroy(&store, first).await.unwrap();
    assert_eq!(vault.destruction_due(rotated_at + CVC_KEY_KEPT_MS), NONE);
}

#[tokio::test]
async fn after_rewrapping_the_new_kek_opens_everything_and_the_old_one_nothing() {
    let (store, vault) = vault().await;
    let sealed = vault.seal(Class::Card, PLACE, PAN);
    let (fingerprint, hash) = (vault.fingerprint(PAN), vault.api_key_hash("k"));
    vault.rewrap(&store, kek(2)).await.unwrap();
    assert!(matches!(open(&store, 1).await, Err(VaultError::WrongKek { .. })));
    for vault in [&vault, &open(&store, 2).await.unwrap()] {
        check_opens(vault, &sealed);
        assert_eq!((vault.fingerprint(PAN), vault.api_key_hash("k")), (fingerprint, hash));
    }
    vault.rotate(&store, Purpose::Card, NOW).await.unwrap();
    open(&store, 2).await.unwrap();
}

#[tokio::test]
async fn a_process_with_the_old_kek_cannot_add_keys_after_rewrapping() {
    let (store, vault) = vault().await;
    let left_behind = open(&store, 1).await.unwrap();
    let sealed = vault.seal(Class::Card, PLACE, PAN);
    vault.rewrap(&store, kek(2)).await.unwrap();
    let refused = left_behind.rotate(&store, Purpose::Card, NOW).await;
    assert!(matches!(refused, Err(VaultError::WrongKek { .. })));
    // It goes on serving with what it has.
    check_opens(&left_behind, &sealed);
    open(&store, 2).await.unwrap();
}

#[tokio::test]
async fn hashes_of_one_value_differ_by_purpose_and_by_installation() {
    let (_, first) = vault().await;
    let (_, second) = vault().await;
    assert_ne!(first.fingerprint(b"4111"), first.api_key_hash("4111"));
    assert_ne!(first.fingerprint(PAN), second.fingerprint(PAN));
    assert_ne!(first.fingerprint(PAN), first.fingerprint(b"4111111111111112"));
}

#[tokio::test]
async fn nothing_secret_is_printed() {
    let (store, vault) = vault().await;
    assert_eq!(format!("{vault:?}"), "Vault(hidden)");
    let row = &store.rows()[0];
    let printed = format!("{row:?}");
    assert!(printed.starts_with("WrappedKey { id: 1"), "{printed}");
    assert!(!printed.contains("wrapped:"), "{printed}");
}

proptest! {
    #[test]
    fn any_value_in_any_place_comes_back(
        site_id: i64, key: i64, card_id: i64, field in ".{0,40}",
        value in proptest::collection::vec(any::<u8>(), 0..200), noise in proptest::collection::vec(any::<u8>(), 0..80),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let store = MemoryStore::default();
        let random = Arc::new(SeededRandom::new(1));
        let vault = runtime.block_on(Vault::open(kek(1), &store, random, NOW)).unwrap();
        let place = SealContext { site_id, key, card_id, field: &field };
        let sealed = vault.seal(Class::ApiKey, place, &value);
        prop_assert_eq!(&vault.unseal(Class::ApiKey, place, &sealed).unwrap()[..], &value[..]);
        // Bytes that were never sealed are an error, not a crash.
        prop_assert!(vault.unseal(Class::ApiKey, place, &noise).is_err());
    }
}
