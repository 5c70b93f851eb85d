//! Chance as an input: where keys, nonces and tokens get their bytes.
//!
//! Only [`SystemRandom`] is fit for production; [`SeededRandom`] repeats itself on purpose.

use std::sync::Mutex;

/// A source of random bytes.
pub trait Random: Send + Sync + 'static {
    /// Overwrites all of `bytes`.
    fn fill(&self, bytes: &mut [u8]);
}

/// The operating system's generator.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemRandom;

impl Random for SystemRandom {
    fn fill(&self, bytes: &mut [u8]) {
        // Going on with bytes that are not random would be worse than stopping.
        getrandom::fill(bytes)
            .expect("an operating system that Florin runs on has a random source");
    }
}

/// The same bytes for the same seed, for tests that must be repeatable. Never for real keys.
#[derive(Debug)]
pub struct SeededRandom {
    state: Mutex<u64>,
}

impl SeededRandom {
    /// A generator that starts from `seed`.
    #[must_use]
    pub fn new(seed: u64) -> SeededRandom {
        SeededRandom { state: Mutex::new(seed) }
    }
}

impl Random for SeededRandom {
    fn fill(&self, bytes: &mut [u8]) {
        let mut state = self.state.lock().expect("nothing panics while holding this lock");
        for chunk in bytes.chunks_mut(size_of::<u64>()) {
            // SplitMix64: short, and without a seed that it would get stuck on.
            *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
            let mut mixed = *state;
            mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
            let drawn = (mixed ^ (mixed >> 31)).to_le_bytes();
            chunk.copy_from_slice(&drawn[..chunk.len()]);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn drawn(random: &dyn Random) -> [u8; 37] {
        let mut bytes = [0; 37];
        random.fill(&mut bytes);
        bytes
    }

    #[test]
    fn the_same_seed_gives_the_same_bytes_and_another_seed_gives_others() {
        assert_eq!(drawn(&SeededRandom::new(7)), drawn(&SeededRandom::new(7)));
        assert_ne!(drawn(&SeededRandom::new(7)), drawn(&SeededRandom::new(8)));
    }

    #[test]
    fn the_system_does_not_repeat_itself() {
        assert_ne!(drawn(&SystemRandom), drawn(&SystemRandom));
    }
}
