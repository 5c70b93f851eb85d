//! Chance from a seed: the same seed draws the same numbers, on every machine.

use std::sync::{Mutex, PoisonError};

use florin::vault::Random;

/// A source of random numbers, shared by everything of one run. Not for secrets.
#[derive(Debug)]
pub struct Chance {
    state: Mutex<u64>,
}

impl Chance {
    /// Starts from a seed.
    pub fn new(seed: u64) -> Chance {
        Chance { state: Mutex::new(seed ^ 0x5851_f42d_4c95_7f2d) }
    }

    /// Another source, whose numbers do not depend on how many are drawn from this one later.
    pub fn fork(&self) -> Chance {
        Chance::new(self.next())
    }

    /// The next 64 bits (SplitMix64).
    pub fn next(&self) -> u64 {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = *state;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number below `bound`, which is not 0.
    pub fn below(&self, bound: u64) -> u64 {
        // The bias of a remainder is far below what a simulation could notice.
        self.next() % bound.max(1)
    }

    /// A number of a range, both ends included.
    pub fn between(&self, least: u64, most: u64) -> u64 {
        least + self.below(most - least + 1)
    }

    /// True in so many of a thousand cases.
    pub fn is(&self, permille: u32) -> bool {
        // Nothing is drawn for what never or always happens, so that calm runs are cheap.
        match permille {
            0 => false,
            1000.. => true,
            _ => self.below(1000) < u64::from(permille),
        }
    }

    /// One of several.
    pub fn one_of<'a, T>(&self, choices: &'a [T]) -> &'a T {
        let index = usize::try_from(self.below(choices.len() as u64)).unwrap_or(0);
        &choices[index]
    }

    /// One of several, by weight.
    pub fn weighted<'a, T>(&self, choices: &'a [(u32, T)]) -> &'a T {
        let total: u64 = choices.iter().map(|(weight, _)| u64::from(*weight)).sum();
        let mut drawn = self.below(total);
        for (weight, choice) in choices {
            match drawn.checked_sub(u64::from(*weight)) {
                Some(rest) => drawn = rest,
                None => return choice,
            }
        }
        &choices[0].1
    }
}

impl Random for Chance {
    fn fill(&self, bytes: &mut [u8]) {
        for chunk in bytes.chunks_mut(size_of::<u64>()) {
            let drawn = self.next().to_le_bytes();
            chunk.copy_from_slice(&drawn[..chunk.len()]);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_draws_the_same_numbers_and_another_one_others() {
        let drawn = |seed| {
            let chance = Chance::new(seed);
            (0..20).map(|_| chance.next()).collect::<Vec<_>>()
        };
        assert_eq!(drawn(7), drawn(7));
        assert_ne!(drawn(7), drawn(8));
    }

    #[test]
    fn a_weight_of_nothing_is_never_drawn_and_probabilities_come_out() {
        let chance = Chance::new(1);
        let drawn: Vec<u8> =
            (0..1000).map(|_| *chance.weighted(&[(3, 1), (0, 2), (1, 3)])).collect();
        let count = |wanted| drawn.iter().filter(|it| **it == wanted).count();
        assert_eq!(count(2), 0);
        assert!((650..850).contains(&count(1)), "{}", count(1));
        let hits = (0..10_000).filter(|_| chance.is(250)).count();
        assert!((2_300..2_700).contains(&hits), "{hits}");
    }
}
