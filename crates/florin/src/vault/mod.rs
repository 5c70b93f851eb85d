//! Card data at rest: key hierarchy, sealing, keyed fingerprint.
//!
//! Nothing here knows a database or an order: keys come and go through [`KeyStore`], and what is
//! sealed is bytes in, bytes out. Listed in the order in which a newcomer should read them.

mod sealing;
mod key_ring;
mod key;
mod kek;
mod xaes;
pub mod random;
mod error;
pub mod leak_scan;
mod log_mask;

pub use error::VaultError;
pub use kek::{Kek, KekError, KekSource, Obtained};
pub use key::{KeyState, KeyStore, KeyStoreError, Purpose, WrappedKey};
pub use log_mask::{MaskingMakeWriter, MaskingWriter};
pub use random::{Random, SeededRandom, SystemRandom};
pub use sealing::{
    CVC_KEY_AGE_MAX_MS, CVC_KEY_KEPT_MS, Class, KEY_AGE_MAX_MS, PLAINTEXT_BYTES_MAX,
    SEALS_PER_KEY_MAX, SealContext, Vault,
};
