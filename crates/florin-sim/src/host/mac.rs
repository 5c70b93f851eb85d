//! The message authentication code of the link: AES-CMAC, eight bytes, and the change of its key.
//!
//! A new key travels as a TR-31 (X9.143) key block of version D under a key that both sides have.
//! The old key stays good for a minute, since messages under it may be on their way.

use std::fmt;
use std::sync::{PoisonError, RwLock};
use std::time::{Duration, Instant};

use aws_lc_rs::cipher::{
    AES_128, AES_256, Algorithm, EncryptingKey, EncryptionContext, UnboundCipherKey,
};
use aws_lc_rs::{cmac, rand};
use zeroize::Zeroizing;

/// How long the key before a change is still accepted.
const OLD_KEY_LIFE: Duration = Duration::from_secs(60);
/// Length of a new key.
const NEW_KEY_BYTES: usize = 16;
const BLOCK: usize = 16;
/// Version D, MAC key (M6), AES (A), for both directions (C), not exportable.
const HEADER_TAIL: &str = "M6AC00N0000";
/// Encrypted part: length, key and padding up to the longest AES key, in whole blocks.
const PAYLOAD: usize = 3 * BLOCK;

/// The keys of a link, as hex digits: 16 or 32 bytes each.
#[derive(Clone)]
pub struct MacConfig {
    /// The first MAC key.
    pub key_hex: Zeroizing<String>,
    /// The key that protects new MAC keys on their way.
    pub transport_key_hex: Zeroizing<String>,
}

/// A key is not 16 or 32 bytes of hex digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InvalidKey;

/// The MAC keys in force.
pub(crate) struct LinkMac {
    keys: RwLock<Keys>,
    transport: Zeroizing<Vec<u8>>,
}

struct Keys {
    current: cmac::Key,
    previous: Option<(cmac::Key, Instant)>,
}

/// A new key, ready to be sent; it comes into force with [`LinkMac::install`].
pub(crate) struct NewKey {
    key: cmac::Key,
    /// DE125
    pub block: String,
    /// Tag 92: six hex digits.
    pub check_value: String,
}

impl LinkMac {
    /// Reads the keys.
    ///
    /// # Errors
    /// [`InvalidKey`] without saying which part of it.
    pub(crate) fn new(config: &MacConfig) -> Result<LinkMac, InvalidKey> {
        let read = |text: &str| hex::decode(text).map(Zeroizing::new).map_err(|_| InvalidKey);
        let current = cmac_key(&read(&config.key_hex)?)?;
        let transport = read(&config.transport_key_hex)?;
        cmac_key(&transport)?;
        Ok(LinkMac { keys: RwLock::new(Keys { current, previous: None }), transport })
    }

    /// The MAC of bytes under the key in force.
    pub(crate) fn mac(&self, bytes: &[u8]) -> [u8; 8] {
        let keys = self.keys.read().unwrap_or_else(PoisonError::into_inner);
        mac(&keys.current, bytes)
    }

    /// Whether `verify` holds for a key in force, given the MAC function of each in turn.
    pub(crate) fn is_right(&self, verify: impl Fn(&dyn Fn(&[u8]) -> [u8; 8]) -> bool) -> bool {
        let keys = self.keys.read().unwrap_or_else(PoisonError::into_inner);
        if verify(&|bytes| mac(&keys.current, bytes)) {
            return true;
        }
        match &keys.previous {
            Some((key, since)) if since.elapsed() < OLD_KEY_LIFE => {
                verify(&|bytes| mac(key, bytes))
            }
            _ => false,
        }
    }

    /// Makes a new key and its key block.
    pub(crate) fn new_key(&self) -> Option<NewKey> {
        let mut material = Zeroizing::new([0; NEW_KEY_BYTES]);
        rand::fill(material.as_mut_slice()).ok()?;
        let mut padding = [0; PAYLOAD - 2 - NEW_KEY_BYTES];
        rand::fill(&mut padding).ok()?;
        let key = cmac_key(material.as_slice()).ok()?;
        let zeros = cmac::sign(&key, &[0; BLOCK]).ok()?;
        Some(NewKey {
            block: wrap(&self.transport, material.as_slice(), &padding)?,
            check_value: hex::encode_upper(&zeros.as_ref()[..3]),
            key,
        })
    }

    /// Puts a key into force: from the message after the answer that carried it.
    pub(crate) fn install(&self, new: NewKey) {
        let mut keys = self.keys.write().unwrap_or_else(PoisonError::into_inner);
        let old = std::mem::replace(&mut keys.current, new.key);
        keys.previous = Some((old, Instant::now()));
    }
}

impl fmt::Debug for MacConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("MacConfig(…)")
    }
}

impl fmt::Display for InvalidKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a key of the link must be 16 or 32 bytes as hex digits")
    }
}

impl std::error::Error for InvalidKey {}

fn cmac_key(bytes: &[u8]) -> Result<cmac::Key, InvalidKey> {
    let algorithm = match bytes.len() {
        16 => cmac::AES_128,
        32 => cmac::AES_256,
        _ => return Err(InvalidKey),
    };
    cmac::Key::new(algorithm, bytes).map_err(|_| InvalidKey)
}

fn mac(key: &cmac::Key, bytes: &[u8]) -> [u8; 8] {
    let tag = cmac::sign(key, bytes).expect("AES-CMAC takes any bytes");
    let mut short = [0; 8];
    short.copy_from_slice(&tag.as_ref()[..8]);
    short
}

/// A TR-31 key block: header, then the encrypted length, key and padding, then the MAC over the
/// header and those in clear, which is also the initial vector.
fn wrap(transport: &[u8], key: &[u8], padding: &[u8]) -> Option<String> {
    let mut payload = Zeroizing::new(Vec::with_capacity(PAYLOAD));
    let bits = u16::try_from(key.len() * 8).ok()?;
    payload.extend_from_slice(&bits.to_be_bytes());
    payload.extend_from_slice(key);
    payload.extend_from_slice(padding);
    let length = 16 + 2 * payload.len() + 2 * BLOCK;
    let header = format!("D{length:04}{HEADER_TAIL}");
    let mac_key = cmac_key(&derive(transport, 1)?).ok()?;
    let mut context = cmac::Context::with_key(&mac_key);
    context.update(header.as_bytes()).ok()?;
    context.update(&payload).ok()?;
    let tag = context.sign().ok()?;
    let vector: [u8; BLOCK] = tag.as_ref().try_into().ok()?;
    let algorithm: &Algorithm = if transport.len() == 16 { &AES_128 } else { &AES_256 };
    let cipher_key = UnboundCipherKey::new(algorithm, &derive(transport, 0)?).ok()?;
    let cipher = EncryptingKey::cbc(cipher_key).ok()?;
    let vector = EncryptionContext::Iv128(vector.into());
    cipher.less_safe_encrypt(&mut payload, vector).ok()?;
    Some(format!(
        "{header}{}{}",
        hex::encode_upper(payload.as_slice()),
        hex::encode_upper(tag.as_ref())
    ))
}

/// A key for one purpose (0 encryption, 1 MAC), as long as the transport key (TR-31, method of
/// version D).
fn derive(transport: &[u8], purpose: u8) -> Option<Zeroizing<Vec<u8>>> {
    let key = cmac_key(transport).ok()?;
    let (algorithm, bits, blocks) =
        if transport.len() == 16 { (2, 128_u16, 1) } else { (4, 256, 2) };
    let [high, low] = bits.to_be_bytes();
    let mut derived = Zeroizing::new(Vec::with_capacity(transport.len()));
    for counter in 1..=blocks {
        let input = [counter, 0, purpose, 0, 0, algorithm, high, low];
        derived.extend_from_slice(cmac::sign(&key, &input).ok()?.as_ref());
    }
    Some(derived)
}

#[cfg(test)]
mod tests {
    use super::*;
    use aws_lc_rs::cipher::{DecryptingKey, DecryptionContext};

    /// A published pair of test keys and a key block that another implementation made of them.
    const TRANSPORT: &str = "000102030405060708090A0B0C0D0E0F101112131415161718191A1B1C1D1E1F";
    const KEY: &str = "101112131415161718191A1B1C1D1E1F";
    const BLOCK_TEXT: &str = "D0144M6AC00N0000D6D3BCB780DBF102DF3A38FFABBF5D31F480D84B072EDB98\
        BBE738DA7668DCF5CE5B1D85E0DD0FD25AE8E1039E7CB78B1BE6C73AA2CB977B91DE4B7D091FEE8E";

    fn config() -> MacConfig {
        let text = |text: &str| Zeroizing::new(text.to_owned());
        MacConfig { key_hex: text(KEY), transport_key_hex: text(TRANSPORT) }
    }

    fn unwrap_block(block: &str) -> Vec<u8> {
        let transport = hex::decode(TRANSPORT).unwrap();
        let mut payload = hex::decode(&block[16..block.len() - 32]).unwrap();
        let vector: [u8; 16] = hex::decode(&block[block.len() - 32..]).unwrap().try_into().unwrap();
        let key = UnboundCipherKey::new(&AES_256, &derive(&transport, 0).unwrap()).unwrap();
        let cipher = DecryptingKey::cbc(key).unwrap();
        cipher.decrypt(&mut payload, DecryptionContext::Iv128(vector.into())).unwrap();
        payload
    }

    #[test]
    fn a_key_block_is_that_of_another_implementation() {
        let payload = unwrap_block(BLOCK_TEXT);
        assert_eq!(hex::encode_upper(&payload[2..18]), KEY);
        let transport = hex::decode(TRANSPORT).unwrap();
        let again = wrap(&transport, &payload[2..18], &payload[18..]).unwrap();
        assert_eq!(again, BLOCK_TEXT);
    }

    #[test]
    fn a_new_key_comes_into_force_and_the_old_one_stays_for_a_while() {
        let link = LinkMac::new(&config()).unwrap();
        let (bytes, before) = (b"0800", link.mac(b"0800"));
        let new = link.new_key().unwrap();
        let material = unwrap_block(&new.block)[2..18].to_vec();
        let key = cmac_key(&material).unwrap();
        assert_eq!(
            hex::encode_upper(&cmac::sign(&key, &[0; 16]).unwrap().as_ref()[..3]),
            new.check_value
        );
        link.install(new);
        assert_eq!(link.mac(bytes), mac(&key, bytes));
        assert_ne!(link.mac(bytes), before);
        assert!(link.is_right(|mac| mac(bytes) == before));
        assert!(!link.is_right(|mac| mac(bytes) == [0; 8]));
    }

    #[test]
    fn keys_of_another_length_are_refused() {
        let text = Zeroizing::new("00".repeat(24));
        assert!(LinkMac::new(&MacConfig { key_hex: text, ..config() }).is_err());
        assert!(!format!("{:?}", config()).contains("1011"));
    }
}
