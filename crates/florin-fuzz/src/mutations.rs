//! Changes to inputs by a seed, for tests: always the same ones, without coverage.

/// Pseudo-random numbers (xorshift): for variety, not for secrets.
pub struct Chance(u64);

impl Chance {
    /// The same seed gives the same numbers.
    #[must_use]
    pub fn new(seed: u64) -> Chance {
        // Zero would give zeros for ever.
        Chance(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    /// A number below `end`; 0 when there is none.
    pub fn below(&mut self, end: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        let high = usize::try_from(self.0 >> 33).expect("31 bits fit");
        high.checked_rem(end).unwrap_or(0)
    }
}

/// `input`, changed in one to four places, with pieces of `other` or of `words` at times.
#[must_use]
pub fn changed(input: &[u8], other: &[u8], words: &[&str], chance: &mut Chance) -> Vec<u8> {
    let mut bytes = input.to_vec();
    for _ in 0..=chance.below(4) {
        let at = chance.below(bytes.len() + 1);
        let end = at + chance.below((bytes.len() - at).min(32) + 1);
        match chance.below(8) {
            0 if at < bytes.len() => bytes[at] ^= 1_u8 << chance.below(8),
            1 if at < bytes.len() => bytes[at] = BYTES[chance.below(BYTES.len())],
            2 => drop(bytes.drain(at..end)),
            3 => bytes.insert(at, BYTES[chance.below(BYTES.len())]),
            4 => {
                let copy = bytes[at..end].to_vec();
                let _ = bytes.splice(at..at, copy);
            }
            5 => {
                let from = chance.below(other.len() + 1);
                let to = from + chance.below((other.len() - from).min(64) + 1);
                let _ = bytes.splice(at..end, other[from..to].iter().copied());
            }
            6 if !words.is_empty() => {
                let word = words[chance.below(words.len())];
                let _ = bytes.splice(at..at, word.bytes());
            }
            _ => bytes.truncate(at),
        }
    }
    bytes
}

/// Bytes at the edges of what readers tell apart.
const BYTES: &[u8] = b"\0\x01\t\n\r \"%&'+,-./0129:;=?@ACDEFZ[\\]_aez{|}~\x7f\x80\xc3\xff";
