//! When to strike: random, from a seed that is printed.

use std::time::Duration;

/// Pseudo-random numbers (xorshift).
pub(crate) struct Chance(u64);

impl Chance {
    /// From `CRASHES_SEED`, or from the clock. What a process does meanwhile cannot be
    /// repeated exactly, but when it was struck can.
    pub(crate) fn new() -> Chance {
        let given = std::env::var("CRASHES_SEED").ok().and_then(|seed| seed.parse().ok());
        let clock = || std::time::UNIX_EPOCH.elapsed().unwrap().subsec_nanos();
        let seed: u32 = given.unwrap_or_else(clock);
        println!("CRASHES_SEED={seed}");
        Chance(u64::from(seed).wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    pub(crate) fn below(&mut self, end: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 33) % end
    }

    pub(crate) fn millis(&mut self, from: u64, to: u64) -> Duration {
        Duration::from_millis(from + self.below(to - from))
    }
}
