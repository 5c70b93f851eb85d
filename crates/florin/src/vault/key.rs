//! Data keys as they rest: wrapped, with a purpose and a state, behind a small trait.
//!
//! Holds no key in clear and does no cryptography; [`super::Vault`] does.

use std::fmt;

use async_trait::async_trait;

use crate::clock::UnixMillis;

/// What a key is for. One key serves one purpose, so that a mistake in one place cannot be used in
/// another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Purpose {
    /// Seals PAN, expiry and holder.
    Card,
    /// Seals a CVC that waits for its authorization. Rotated and destroyed often.
    Cvc,
    /// Seals the API keys of sites, which sign notifications.
    ApiKey,
    /// Keys the HMAC over a PAN by which the same card is found again (PCI DSS 3.5.1.1).
    Fingerprint,
    /// Keys the HMAC over an API key by which its site is found.
    ApiKeyHash,
    /// Keys the HMAC that proves a payer's link to be ours.
    Token,
    /// Keys the HMAC that chains the entries of journals.
    Journal,
}

impl Purpose {
    /// All of them; a vault has a current key for each.
    pub const ALL: [Purpose; 7] = [
        Purpose::Card,
        Purpose::Cvc,
        Purpose::ApiKey,
        Purpose::Fingerprint,
        Purpose::ApiKeyHash,
        Purpose::Token,
        Purpose::Journal,
    ];

    /// The name in the database.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Purpose::Card => "card",
            Purpose::Cvc => "cvc",
            Purpose::ApiKey => "api_key",
            Purpose::Fingerprint => "fingerprint",
            Purpose::ApiKeyHash => "api_key_hash",
            Purpose::Token => "token",
            Purpose::Journal => "journal",
        }
    }

    /// The purpose of that name in the database.
    #[must_use]
    pub fn parse(name: &str) -> Option<Purpose> {
        Purpose::ALL.into_iter().find(|purpose| purpose.as_str() == name)
    }
}

/// Where a key is in its life. It only ever moves down this list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyState {
    /// Seals and opens. Of several active keys of a purpose the one with the highest id seals.
    Active,
    /// Opens what it sealed, seals nothing new.
    ReadOnly,
    /// Gone, and with it everything that it sealed. The row stays, so that its id is never reused.
    Destroyed,
}

impl KeyState {
    /// The name in the database.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            KeyState::Active => "active",
            KeyState::ReadOnly => "read_only",
            KeyState::Destroyed => "destroyed",
        }
    }

    /// The state of that name in the database.
    #[must_use]
    pub fn parse(name: &str) -> Option<KeyState> {
        [KeyState::Active, KeyState::ReadOnly, KeyState::Destroyed]
            .into_iter()
            .find(|state| state.as_str() == name)
    }
}

/// A data key as the store keeps it.
#[derive(Clone, PartialEq, Eq)]
pub struct WrappedKey {
    /// Written into every record that the key seals; counted up from 1 over all purposes.
    pub id: i32,
    /// What it is for.
    pub purpose: Purpose,
    /// The key, encrypted under the key-encryption key; empty once destroyed.
    pub wrapped: Vec<u8>,
    /// Where it is in its life.
    pub state: KeyState,
    /// When it was made.
    pub created_at: UnixMillis,
}

impl fmt::Debug for WrappedKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Wrapped bytes are no secret by themselves, but a log is no place for key material.
        f.debug_struct("WrappedKey")
            .field("id", &self.id)
            .field("purpose", &self.purpose)
            .field("state", &self.state)
            .field("created_at", &self.created_at)
            .finish_non_exhaustive()
    }
}

/// Where wrapped keys rest. The database implements it.
#[async_trait]
pub trait KeyStore: Send + Sync {
    /// All keys, destroyed ones included, in any order.
    async fn load(&self) -> Result<Vec<WrappedKey>, KeyStoreError>;

    /// Adds a key. `false`, and nothing changed: somebody else has taken the id; reload.
    async fn insert(&self, key: WrappedKey) -> Result<bool, KeyStoreError>;

    /// In one transaction that excludes others: if what is stored equals `expected` (in any order),
    /// makes it `new`. `false`, and nothing changed: somebody else has been here; reload.
    async fn swap(
        &self,
        expected: &[WrappedKey],
        new: &[WrappedKey],
    ) -> Result<bool, KeyStoreError>;
}

/// The store of keys could not be read or written.
#[derive(Debug)]
pub struct KeyStoreError {
    /// What went wrong there.
    pub source: Box<dyn std::error::Error + Send + Sync>,
}

impl fmt::Display for KeyStoreError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the store of data keys does not answer")
    }
}

impl std::error::Error for KeyStoreError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(self.source.as_ref())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_in_the_database_lead_back_to_what_they_name() {
        for purpose in Purpose::ALL {
            assert_eq!(Purpose::parse(purpose.as_str()), Some(purpose));
        }
        for state in [KeyState::Active, KeyState::ReadOnly, KeyState::Destroyed] {
            assert_eq!(KeyState::parse(state.as_str()), Some(state));
        }
        assert_eq!(Purpose::parse("Card"), None);
        assert_eq!(KeyState::parse(""), None);
    }
}
