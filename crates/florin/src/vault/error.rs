//! Why the vault refuses, and what to do about it.
//!
//! The texts are for operators; none contains key material or plaintext.

use std::fmt;

use super::key::{KeyStoreError, Purpose};

/// Why the vault did not do what it was asked.
#[derive(Debug)]
pub enum VaultError {
    /// A data key was wrapped under another key-encryption key than the one given.
    WrongKek { key_id: i32, wrapped_under: String, given: String },
    /// A stored data key was changed or damaged.
    DamagedKey { key_id: i32 },
    /// The store of data keys failed.
    Store(KeyStoreError),
    /// Other processes were quicker in every round.
    Contended,
    /// Sealed by a key that this process has not seen: [`Vault::reload`] and try once more.
    UnknownKey { key_id: i32 },
    /// The key, and with it the value, was destroyed on purpose.
    DestroyedKey { key_id: i32 },
    /// Not a sealed value at all.
    NotSealed,
    /// Changed, or sealed for another place or class.
    NotAuthentic,
    /// Hashes under this key are in the database and cannot be computed again from it alone.
    CannotRotate(Purpose),
    /// An active key was to be destroyed.
    StillActive { key_id: i32 },
}

impl From<KeyStoreError> for VaultError {
    fn from(error: KeyStoreError) -> VaultError {
        VaultError::Store(error)
    }
}

impl fmt::Display for VaultError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            VaultError::WrongKek { key_id, wrapped_under, given } => write!(
                f,
                "wrong key-encryption key: data key {key_id} was wrapped under the one with check \
                 value {wrapped_under}, the one given has {given}; start with the key that belongs \
                 to this database"
            ),
            VaultError::DamagedKey { key_id } => {
                write!(f, "data key {key_id} is damaged in the database; restore it from a backup")
            }
            VaultError::Store(_) => f.write_str("the data keys cannot be read or written"),
            VaultError::Contended => {
                f.write_str("other processes kept changing the data keys; try again")
            }
            VaultError::UnknownKey { key_id } => write!(f, "there is no data key {key_id}"),
            VaultError::DestroyedKey { key_id } => {
                write!(f, "data key {key_id} was destroyed, and with it this value")
            }
            VaultError::NotSealed => f.write_str("this is not a sealed value"),
            VaultError::NotAuthentic => {
                f.write_str("a sealed value was changed, or belongs to another place")
            }
            VaultError::CannotRotate(purpose) => write!(
                f,
                "the {} key cannot be rotated: stored hashes would no longer be found",
                purpose.as_str()
            ),
            VaultError::StillActive { key_id } => {
                write!(f, "data key {key_id} still seals; rotate before destroying it")
            }
        }
    }
}

impl std::error::Error for VaultError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            VaultError::Store(error) => Some(error),
            _ => None,
        }
    }
}
