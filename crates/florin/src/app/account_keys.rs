//! Keys of accounts. They are shown once, when they are made: only a keyed hash of each is kept.

use zeroize::Zeroizing;

use super::bootstrap::{ROUNDS_MAX, random_key};
use super::{Foundation, StartError, failed};
use crate::gateway::directory::KEY_ACTIVE;
use crate::store::{AccountKeyRow, Committed};

/// Adds a random key to an account, for its sites of this mode (`test` or `live`), and returns it.
///
/// # Errors
/// [`StartError`] when the store does not take it.
pub async fn new_account_key(
    foundation: &Foundation,
    account_id: i64,
    mode: &str,
    label: &str,
) -> Result<Zeroizing<String>, StartError> {
    let Foundation { store, vault, clock, random, .. } = foundation;
    let text = random_key(random.as_ref());
    for _ in 0..ROUNDS_MAX {
        let keys = store.account_keys().await.map_err(failed("read the keys"))?;
        let id = keys.iter().filter(|key| key.account_id == account_id).map(|key| key.id).max();
        let row = AccountKeyRow {
            account_id,
            id: id.unwrap_or(0) + 1,
            mode: mode.to_owned(),
            hash: vault.api_key_hash(&text),
            label: label.to_owned(),
            status: KEY_ACTIVE.to_owned(),
            created_at: clock.now(),
        };
        if store.insert_account_key(row).await.map_err(failed("add a key"))? == Committed::Done {
            return Ok(text);
        }
    }
    Err(StartError("cannot add a key: others keep taking the next number".to_owned()))
}
