//! The vault's wrapped keys as rows of the store.

use std::sync::Arc;

use async_trait::async_trait;

use crate::store::{Committed, DataKeyRow, Store};
use crate::vault::{KeyState, KeyStore, KeyStoreError, Purpose, WrappedKey};

/// The keys of a store, as the vault wants them.
pub struct KeyRows(pub Arc<dyn Store>);

#[derive(Debug)]
struct OddRow(i32);

impl std::fmt::Display for OddRow {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "data key {} has a purpose or state that is not known here", self.0)
    }
}

impl std::error::Error for OddRow {}

fn odd(source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> KeyStoreError {
    KeyStoreError { source: source.into() }
}

fn row(key: WrappedKey) -> DataKeyRow {
    DataKeyRow {
        id: key.id,
        purpose: key.purpose.as_str().to_owned(),
        wrapped: key.wrapped,
        state: key.state.as_str().to_owned(),
        created_at: key.created_at,
    }
}

fn key(row: DataKeyRow) -> Result<WrappedKey, KeyStoreError> {
    let purpose = Purpose::parse(&row.purpose).ok_or_else(|| odd(OddRow(row.id)))?;
    let state = KeyState::parse(&row.state).ok_or_else(|| odd(OddRow(row.id)))?;
    Ok(WrappedKey { id: row.id, purpose, wrapped: row.wrapped, state, created_at: row.created_at })
}

#[async_trait]
impl KeyStore for KeyRows {
    async fn load(&self) -> Result<Vec<WrappedKey>, KeyStoreError> {
        self.0.data_keys().await.map_err(odd)?.into_iter().map(key).collect()
    }

    async fn insert(&self, key: WrappedKey) -> Result<bool, KeyStoreError> {
        let inserted = self.0.insert_data_key(row(key)).await.map_err(odd)?;
        Ok(inserted == Committed::Done)
    }

    async fn swap(
        &self,
        expected: &[WrappedKey],
        new: &[WrappedKey],
    ) -> Result<bool, KeyStoreError> {
        let rows = |keys: &[WrappedKey]| keys.iter().cloned().map(row).collect();
        let swapped = self.0.swap_data_keys(rows(expected), rows(new)).await.map_err(odd)?;
        Ok(swapped == Committed::Done)
    }
}
