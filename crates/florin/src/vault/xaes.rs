//! Authenticated encryption of one value: XAES-256-GCM, the extended-nonce form of AES-256-GCM.
//!
//! Plain AES-256-GCM with random 96-bit nonces must count how often a key was used, over all
//! processes and restarts (NIST SP 800-38D allows 2^32). Here each value is encrypted by AES-256-GCM
//! under a key of its own, which AES-CMAC derives from the first half of a 192-bit nonce (the C2SP
//! definition, which follows NIST SP 800-108): nothing needs counting for safety.

use aws_lc_rs::aead::{self, Aad, LessSafeKey, Nonce, UnboundKey};
use aws_lc_rs::cmac;
use zeroize::Zeroizing;

use super::random::Random;

/// Bytes of a key.
pub(super) const KEY_BYTES: usize = 32;
/// Bytes of the nonce in front of each encrypted value.
pub(super) const NONCE_BYTES: usize = 24;
/// Bytes of the authentication tag behind it.
pub(super) const TAG_BYTES: usize = 16;

/// Half of the nonce derives the key, the other half goes to AES-GCM.
const NONCE_HALF_BYTES: usize = 12;

/// A value failed its authentication: other key, other context, or changed bytes.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct NotAuthentic;

/// A 256-bit key in the form in which it is used. Has no `Debug`, so that it cannot be printed.
pub(super) struct ValueKey {
    derivation: cmac::Key,
}

impl ValueKey {
    pub(super) fn new(key: &[u8; KEY_BYTES]) -> ValueKey {
        let derivation =
            cmac::Key::new(cmac::AES_256, key).expect("32 bytes are a key of AES-256-CMAC");
        ValueKey { derivation }
    }

    /// The first three bytes of AES-CMAC over a block of zeros: tells keys apart, tells nothing
    /// about them (the check value of key blocks, ANSI X9.24-1 for AES keys).
    pub(super) fn check_value(&self) -> [u8; 3] {
        let tag = self.mac(&[0; 16]);
        [tag[0], tag[1], tag[2]]
    }

    /// Appends nonce, ciphertext and tag to `out`.
    pub(super) fn seal_onto(
        &self,
        out: &mut Vec<u8>,
        random: &dyn Random,
        context: &[u8],
        plaintext: &[u8],
    ) {
        let mut nonce = [0; NONCE_BYTES];
        random.fill(&mut nonce);
        self.seal_with(out, &nonce, context, plaintext);
    }

    /// The plaintext of what [`ValueKey::seal_onto`] appended.
    pub(super) fn open(
        &self,
        context: &[u8],
        sealed: &[u8],
    ) -> Result<Zeroizing<Vec<u8>>, NotAuthentic> {
        let (nonce, encrypted) = sealed.split_first_chunk::<NONCE_BYTES>().ok_or(NotAuthentic)?;
        let (key, gcm_nonce) = self.split(nonce);
        let mut plaintext = Zeroizing::new(encrypted.to_vec());
        let length = key
            .open_in_place(gcm_nonce, Aad::from(context), &mut plaintext)
            .map_err(|_| NotAuthentic)?
            .len();
        plaintext.truncate(length);
        Ok(plaintext)
    }

    fn seal_with(
        &self,
        out: &mut Vec<u8>,
        nonce: &[u8; NONCE_BYTES],
        context: &[u8],
        plaintext: &[u8],
    ) {
        let (key, gcm_nonce) = self.split(nonce);
        out.reserve(NONCE_BYTES + plaintext.len() + TAG_BYTES);
        out.extend_from_slice(nonce);
        let start = out.len();
        // Encrypted where it stands: with the room reserved above, no copy in clear stays behind.
        out.extend_from_slice(plaintext);
        let tag = key
            .seal_in_place_separate_tag(gcm_nonce, Aad::from(context), &mut out[start..])
            .expect("AES-GCM fails only beyond 2^36 bytes");
        out.extend_from_slice(tag.as_ref());
    }

    /// The key and nonce that AES-256-GCM gets for this value (C2SP XAES-256-GCM, key derivation).
    fn split(&self, nonce: &[u8; NONCE_BYTES]) -> (LessSafeKey, Nonce) {
        let (for_key, for_gcm) = nonce.split_at(NONCE_HALF_BYTES);
        let mut derived = Zeroizing::new([0; KEY_BYTES]);
        let mut block = [0; 16];
        block[2] = b'X';
        block[4..].copy_from_slice(for_key);
        for (counter, half) in (1_u8..).zip(derived.chunks_exact_mut(16)) {
            block[1] = counter;
            half.copy_from_slice(&self.mac(&block)[..]);
        }
        let unbound = UnboundKey::new(&aead::AES_256_GCM, &derived[..])
            .expect("32 bytes are a key of AES-256-GCM");
        let gcm_nonce = Nonce::try_assume_unique_for_key(for_gcm)
            .expect("half of 24 bytes is a nonce of AES-GCM");
        (LessSafeKey::new(unbound), gcm_nonce)
    }

    fn mac(&self, block: &[u8; 16]) -> Zeroizing<[u8; 16]> {
        let mut tag = Zeroizing::new([0; 16]);
        cmac::sign_to_buffer(&self.derivation, block, &mut tag[..])
            .expect("AES-CMAC of one block into 16 bytes cannot fail");
        tag
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::vault::random::SeededRandom;

    const PUBLISHED_NONCE: &[u8; NONCE_BYTES] = b"ABCDEFGHIJKLMNOPQRSTUVWX";

    /// Compares with a published vector of XAES-256-GCM; the plaintext of both is the name.
    #[track_caller]
    fn check(key_byte: u8, context: &str, expected: &str) {
        let key = ValueKey::new(&[key_byte; KEY_BYTES]);
        let mut sealed = Vec::new();
        key.seal_with(&mut sealed, PUBLISHED_NONCE, context.as_bytes(), b"XAES-256-GCM");
        assert_eq!(hex::encode(&sealed[NONCE_BYTES..]), expected);
        let opened = key.open(context.as_bytes(), &sealed).expect("just sealed");
        assert_eq!(&opened[..], b"XAES-256-GCM");
    }

    #[test]
    fn the_published_vectors_come_out() {
        check(1, "", "ce546ef63c9cc60765923609b33a9a1974e96e52daf2fcf7075e2271");
        check(
            3,
            "c2sp.org/XAES-256-GCM",
            "986ec1832593df5443a179437fd083bf3fdb41abd740a21f71eb769d",
        );
    }

    #[test]
    fn every_changed_byte_and_every_cut_is_noticed() {
        let key = ValueKey::new(&[9; KEY_BYTES]);
        let mut sealed = Vec::new();
        key.seal_onto(&mut sealed, &SeededRandom::new(1), b"here", b"4111111111111111");
        assert!(key.open(b"here", &sealed).is_ok());
        for at in 0..sealed.len() {
            let mut changed = sealed.clone();
            changed[at] ^= 1;
            assert_eq!(key.open(b"here", &changed), Err(NotAuthentic), "byte {at}");
            assert_eq!(key.open(b"here", &sealed[..at]), Err(NotAuthentic), "cut at {at}");
        }
        assert_eq!(key.open(b"there", &sealed), Err(NotAuthentic));
        assert_eq!(ValueKey::new(&[8; KEY_BYTES]).open(b"here", &sealed), Err(NotAuthentic));
    }

    #[test]
    fn an_empty_value_can_be_sealed() {
        let key = ValueKey::new(&[9; KEY_BYTES]);
        let mut sealed = Vec::new();
        key.seal_onto(&mut sealed, &SeededRandom::new(1), b"", b"");
        assert_eq!(sealed.len(), NONCE_BYTES + TAG_BYTES);
        assert_eq!(key.open(b"", &sealed).expect("just sealed").len(), 0);
    }
}
