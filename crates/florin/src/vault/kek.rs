//! The key-encryption key: where it comes from, and how it wraps data keys.
//!
//! It is kept apart from what it protects: in a file beside the database, or handed in by the
//! environment. A key management service will be a third source; nothing else would change.

use std::fmt;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use zeroize::Zeroizing;

use super::key::Purpose;
use super::random::Random;
use super::xaes::{KEY_BYTES, NONCE_BYTES, TAG_BYTES, ValueKey};

/// First line of a key file: says what it is, and in which form.
const FILE_HEADER: &str = "florin key-encryption key, form 1";
/// Bytes read of a key file at most; a real one has about 120.
const FILE_BYTES_MAX: u64 = 1024;
/// Form of a wrapped key: this byte, check value of the KEK, nonce, ciphertext, tag.
const WRAPPED_FORM: u8 = 1;
const WRAPPED_BYTES: usize = 1 + 3 + NONCE_BYTES + KEY_BYTES + TAG_BYTES;

/// Where the key-encryption key comes from.
#[derive(Clone)]
pub enum KekSource {
    /// A file, which is made with a new random key when it is missing.
    File(PathBuf),
    /// 64 hexadecimal digits, from the settings or the environment.
    Hex(Zeroizing<String>),
}

/// The key-encryption key, ready to use. Cannot be printed.
pub struct Kek {
    key: ValueKey,
    check: [u8; 3],
}

/// A key-encryption key and how it came about.
pub struct Obtained {
    /// The key.
    pub kek: Kek,
    /// True when a new file was made: worth telling the operator, who must back it up.
    pub created: bool,
}

/// The key-encryption key could not be had. Never contains key material.
#[derive(Debug)]
pub enum KekError {
    /// The file cannot be read or written.
    File { path: PathBuf, source: io::Error },
    /// The file is not a key file, or was damaged.
    Malformed { path: PathBuf, why: &'static str },
    /// Everybody on the machine may read the file.
    Exposed { path: PathBuf, mode: u32 },
    /// The setting is not 64 hexadecimal digits.
    NotHex,
}

impl KekSource {
    /// Reads the key, or makes one where the source is a file that does not exist yet.
    ///
    /// # Errors
    /// See [`KekError`]. A damaged file is an error and is never replaced: what it wrapped would
    /// be lost.
    pub fn obtain(&self, random: &dyn Random) -> Result<Obtained, KekError> {
        match self {
            KekSource::Hex(digits) => {
                let key = key_from_hex(digits.trim()).ok_or(KekError::NotHex)?;
                Ok(Obtained { kek: Kek::new(&key), created: false })
            }
            KekSource::File(path) => {
                let failed = |source| KekError::File { path: path.clone(), source };
                // Made complete under another name first, so nobody ever reads half a key.
                let created = !path.try_exists().map_err(failed)?
                    && create_file(path, random).map_err(failed)?;
                Ok(Obtained { kek: read_file(path)?, created })
            }
        }
    }
}

impl Kek {
    /// A key from its 32 bytes.
    #[must_use]
    pub fn new(key: &[u8; KEY_BYTES]) -> Kek {
        let key = ValueKey::new(key);
        let check = key.check_value();
        Kek { key, check }
    }

    /// The first three bytes of AES-CMAC over zeros, in hexadecimal: may be shown and compared.
    #[must_use]
    pub fn check_value(&self) -> String {
        hex::encode(self.check)
    }

    pub(super) fn wrap(
        &self,
        id: i32,
        purpose: Purpose,
        key: &[u8; KEY_BYTES],
        random: &dyn Random,
    ) -> Vec<u8> {
        let mut wrapped = Vec::with_capacity(WRAPPED_BYTES);
        wrapped.push(WRAPPED_FORM);
        wrapped.extend_from_slice(&self.check);
        self.key.seal_onto(&mut wrapped, random, &context(id, purpose), key);
        wrapped
    }

    pub(super) fn unwrap(
        &self,
        id: i32,
        purpose: Purpose,
        wrapped: &[u8],
    ) -> Result<Zeroizing<[u8; KEY_BYTES]>, UnwrapError> {
        if wrapped.len() != WRAPPED_BYTES || wrapped[0] != WRAPPED_FORM {
            return Err(UnwrapError::Damaged);
        }
        let (head, sealed) = wrapped.split_at(4);
        if head[1..] != self.check {
            return Err(UnwrapError::OtherKek { check: hex::encode(&head[1..]) });
        }
        let opened =
            self.key.open(&context(id, purpose), sealed).map_err(|_| UnwrapError::Damaged)?;
        let mut key = Zeroizing::new([0; KEY_BYTES]);
        key.copy_from_slice(&opened);
        Ok(key)
    }
}

/// Why a data key could not be unwrapped.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum UnwrapError {
    /// It was wrapped under the key-encryption key with this check value.
    OtherKek { check: String },
    /// Its bytes, id or purpose were changed.
    Damaged,
}

/// Binds a wrapped key to its row: a key for fingerprints cannot be made to seal cards.
fn context(id: i32, purpose: Purpose) -> Vec<u8> {
    let mut context = b"florin data key 1:".to_vec();
    context.extend_from_slice(&id.to_be_bytes());
    context.extend_from_slice(purpose.as_str().as_bytes());
    context
}

fn key_from_hex(digits: &str) -> Option<Zeroizing<[u8; KEY_BYTES]>> {
    let mut key = Zeroizing::new([0; KEY_BYTES]);
    hex::decode_to_slice(digits, &mut key[..]).ok()?;
    Some(key)
}

/// False when another process was quicker: then its key counts.
fn create_file(path: &Path, random: &dyn Random) -> io::Result<bool> {
    let mut key = Zeroizing::new([0; KEY_BYTES]);
    random.fill(&mut key[..]);
    let digits = Zeroizing::new(hex::encode(&key[..]));
    let check = Kek::new(&key).check_value();
    let text = Zeroizing::new(format!("{FILE_HEADER}\n{}\ncheck {check}\n", *digits));

    let folder = match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    fs::create_dir_all(folder)?;
    let mut suffix = [0; 8];
    random.fill(&mut suffix);
    let mut draft = path.as_os_str().to_owned();
    draft.push(format!(".{}.new", hex::encode(suffix)));
    let draft = PathBuf::from(draft);
    let written = write_private(&draft, text.as_bytes())
        // A hard link, unlike a rename, fails when the name is taken.
        .and_then(|()| match fs::hard_link(&draft, path) {
            Ok(()) => Ok(true),
            Err(taken) if taken.kind() == io::ErrorKind::AlreadyExists => Ok(false),
            Err(other) => Err(other),
        });
    let removed = fs::remove_file(&draft);
    let created = written?;
    removed?;
    // The name must survive a power cut before the first data key is wrapped under this key.
    File::open(folder)?.sync_all()?;
    Ok(created)
}

fn write_private(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(path)?;
    file.write_all(bytes)?;
    file.sync_all()
}

fn read_file(path: &Path) -> Result<Kek, KekError> {
    let failed = |source| KekError::File { path: path.to_owned(), source };
    let malformed = |why| KekError::Malformed { path: path.to_owned(), why };
    let about = fs::metadata(path).map_err(failed)?;
    #[cfg(unix)]
    {
        let mode = std::os::unix::fs::PermissionsExt::mode(&about.permissions()) & 0o777;
        // The group may read: that is how orchestrators mount secrets. Everybody may not.
        if mode & 0o007 != 0 {
            return Err(KekError::Exposed { path: path.to_owned(), mode });
        }
    }
    if about.len() > FILE_BYTES_MAX {
        return Err(malformed("it is too long to be one"));
    }
    let text = Zeroizing::new(fs::read_to_string(path).map_err(failed)?);
    let mut lines = text.lines().map(str::trim);
    if lines.next() != Some(FILE_HEADER) {
        return Err(malformed("its first line is not that of a key file"));
    }
    let key = lines
        .next()
        .and_then(key_from_hex)
        .ok_or_else(|| malformed("its second line is not 64 hexadecimal digits"))?;
    let kek = Kek::new(&key);
    let check = lines.next().and_then(|line| line.strip_prefix("check "));
    if check != Some(kek.check_value().as_str()) {
        return Err(malformed("key and check value do not belong together"));
    }
    Ok(kek)
}

impl fmt::Debug for KekSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            KekSource::File(path) => f.debug_tuple("File").field(path).finish(),
            KekSource::Hex(_) => f.write_str("Hex(hidden)"),
        }
    }
}

impl fmt::Debug for Kek {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Kek(hidden)")
    }
}

impl fmt::Display for KekError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            KekError::File { path, .. } => {
                write!(f, "the key file {} cannot be read or written", path.display())
            }
            KekError::Malformed { path, why } => {
                write!(f, "{} is not a usable key file: {why}", path.display())
            }
            KekError::Exposed { path, mode } => write!(
                f,
                "the key file {} is open to everybody on this machine (mode {mode:o}); \
                 take the rights away with chmod 600",
                path.display()
            ),
            KekError::NotHex => {
                f.write_str("the key-encryption key in the settings is not 64 hexadecimal digits")
            }
        }
    }
}

impl std::error::Error for KekError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            KekError::File { source, .. } => Some(source),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::vault::random::{SeededRandom, SystemRandom};

    fn file_source() -> (tempfile::TempDir, PathBuf, KekSource) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("data").join("kek");
        let source = KekSource::File(path.clone());
        (folder, path, source)
    }

    #[test]
    fn the_file_is_made_once_and_is_private() {
        let (_folder, path, source) = file_source();
        let first = source.obtain(&SystemRandom).unwrap();
        let second = source.obtain(&SystemRandom).unwrap();
        assert!(first.created && !second.created);
        assert_eq!(first.kek.check_value(), second.kek.check_value());
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        }
        // No draft is left behind.
        assert_eq!(fs::read_dir(path.parent().unwrap()).unwrap().count(), 1);
    }

    #[test]
    fn of_many_first_starts_at_once_one_makes_the_key_and_all_use_it() {
        let (_folder, _path, source) = file_source();
        let obtained: Vec<Obtained> = std::thread::scope(|scope| {
            let starts: Vec<_> =
                (0..8).map(|_| scope.spawn(|| source.obtain(&SystemRandom).unwrap())).collect();
            starts.into_iter().map(|start| start.join().unwrap()).collect()
        });
        assert_eq!(obtained.iter().filter(|one| one.created).count(), 1);
        let checks: std::collections::HashSet<String> =
            obtained.iter().map(|one| one.kek.check_value()).collect();
        assert_eq!(checks.len(), 1);
    }

    #[test]
    fn a_damaged_file_is_refused_and_kept() {
        let (_folder, path, source) = file_source();
        source.obtain(&SystemRandom).unwrap();
        let good = fs::read_to_string(&path).unwrap();
        let other_digit = if good.as_bytes()[40] == b'0' { "1" } else { "0" };
        let mut flipped = good.clone();
        flipped.replace_range(40..41, other_digit);
        for bad in [flipped.as_str(), "", &good[..60], &"x".repeat(2000)] {
            fs::write(&path, bad).unwrap();
            let refused = source.obtain(&SystemRandom);
            assert!(matches!(refused, Err(KekError::Malformed { .. })), "{bad:?}");
            assert_eq!(fs::read_to_string(&path).unwrap(), bad);
        }
    }

    #[cfg(unix)]
    #[test]
    fn a_file_that_everybody_may_read_is_refused() {
        use std::os::unix::fs::PermissionsExt;
        let (_folder, path, source) = file_source();
        source.obtain(&SystemRandom).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o604)).unwrap();
        assert!(matches!(source.obtain(&SystemRandom), Err(KekError::Exposed { mode: 0o604, .. })));
    }

    #[test]
    fn a_key_from_the_settings_has_64_hexadecimal_digits() {
        let obtain =
            |digits: &str| KekSource::Hex(Zeroizing::new(digits.to_owned())).obtain(&SystemRandom);
        assert!(obtain(&format!(" {}\n", "0f".repeat(32))).is_ok());
        for bad in ["", "0f", &"0g".repeat(32), &"0f".repeat(33)] {
            assert!(matches!(obtain(bad), Err(KekError::NotHex)), "{bad}");
        }
    }

    #[test]
    fn the_check_value_is_that_of_the_standard() {
        // AES-256-CMAC of sixteen zero bytes under a key of zeros, computed with OpenSSL.
        assert_eq!(Kek::new(&[0; 32]).check_value(), "921105");
    }

    #[test]
    fn a_wrapped_key_opens_only_as_itself() {
        let (kek, random) = (Kek::new(&[1; 32]), SeededRandom::new(3));
        let wrapped = kek.wrap(5, Purpose::Card, &[7; 32], &random);
        assert_eq!(*kek.unwrap(5, Purpose::Card, &wrapped).unwrap(), [7; 32]);
        for refused in [
            kek.unwrap(6, Purpose::Card, &wrapped),
            kek.unwrap(5, Purpose::Cvc, &wrapped),
            kek.unwrap(5, Purpose::Card, &wrapped[1..]),
            kek.unwrap(5, Purpose::Card, &[]),
        ] {
            assert_eq!(refused, Err(UnwrapError::Damaged));
        }
        assert_eq!(
            Kek::new(&[2; 32]).unwrap(5, Purpose::Card, &wrapped),
            Err(UnwrapError::OtherKek { check: kek.check_value() })
        );
    }

    #[test]
    fn nothing_secret_is_printed() {
        let source = KekSource::Hex(Zeroizing::new("ab".repeat(32)));
        let printed = format!("{source:?} {:?}", source.obtain(&SystemRandom).unwrap().kek);
        assert_eq!(printed, "Hex(hidden) Kek(hidden)");
    }
}
