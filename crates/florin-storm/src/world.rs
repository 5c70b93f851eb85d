//! What all parts of one run share: chance, the clock, the weather, the count of what went wrong,
//! and the trace by which two runs are compared.

use std::collections::BTreeMap;
use std::fmt::Display;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use florin::clock::{Clock, UnixMillis};
use tokio::time::Instant;

use crate::bugs::Bug;
use crate::chance::Chance;
use crate::mood::{Mood, Moods, Who};
use crate::weather::Weather;

/// One run's world.
pub struct World {
    pub seed: u64,
    /// Chance for everything that is not given its own.
    pub chance: Chance,
    pub weather: Weather,
    pub moods: Moods,
    /// The mistake that was planted, if any.
    pub bug: Option<Bug>,
    began: Instant,
    epoch: UnixMillis,
    /// What the clocks of the world have jumped by, in milliseconds.
    jumped: AtomicI64,
    /// The storm is over: nothing goes wrong any more.
    is_calm: AtomicBool,
    counts: Mutex<BTreeMap<&'static str, u64>>,
    trace_hash: AtomicU64,
    prints: bool,
}

impl World {
    /// A world of a seed; must be made inside its runtime.
    pub fn new(seed: u64, bug: Option<Bug>, prints: bool) -> Arc<World> {
        let chance = Chance::new(seed);
        let weather = Weather::draw(&chance);
        // Any moment of three years: days, months and years end in some runs.
        let epoch = 1_767_225_600_000 + i64::try_from(chance.below(94_608_000_000)).unwrap_or(0);
        Arc::new(World {
            seed,
            weather,
            moods: Moods::default(),
            bug,
            began: Instant::now(),
            epoch,
            jumped: AtomicI64::new(0),
            is_calm: AtomicBool::new(true),
            counts: Mutex::default(),
            trace_hash: AtomicU64::new(FNV_OFFSET),
            prints,
            chance,
        })
    }

    /// The true time.
    pub fn now(&self) -> UnixMillis {
        let elapsed = i64::try_from(self.began.elapsed().as_millis()).unwrap_or(i64::MAX);
        self.epoch + elapsed + self.jumped.load(Ordering::Relaxed)
    }

    /// Moves every clock forward.
    pub fn jump(&self, by_ms: i64) {
        self.jumped.fetch_add(by_ms, Ordering::Relaxed);
    }

    /// Faults begin.
    pub fn blow(&self) {
        self.note("storm");
        self.is_calm.store(false, Ordering::Relaxed);
    }

    /// All faults end.
    pub fn calm_down(&self) {
        self.note("calm");
        self.is_calm.store(true, Ordering::Relaxed);
        for who in Who::ALL {
            self.moods.set(who, Mood::Well);
        }
    }

    /// Whether the storm is over.
    pub fn is_calm(&self) -> bool {
        self.is_calm.load(Ordering::Relaxed)
    }

    /// Whether a fault of this probability happens now; counts it under its name.
    pub fn strikes(&self, permille: u32, name: &'static str) -> bool {
        let strikes = !self.is_calm() && self.chance.is(permille);
        if strikes {
            self.count(name);
        }
        strikes
    }

    /// Counts something for the report.
    pub fn count(&self, name: &'static str) {
        *self.counts().entry(name).or_default() += 1;
    }

    /// What was counted.
    pub fn counts(&self) -> MutexGuard<'_, BTreeMap<&'static str, u64>> {
        self.counts.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Notes that something happened. Two runs of a seed note the same.
    pub fn note(&self, what: impl Display) {
        let line = format!("{} {what}", self.now() - self.epoch);
        let mut hash = self.trace_hash.load(Ordering::Relaxed);
        for byte in line.bytes() {
            hash = (hash ^ u64::from(byte)).wrapping_mul(FNV_PRIME);
        }
        self.trace_hash.store(hash, Ordering::Relaxed);
        if self.prints {
            println!("{line}");
        }
    }

    /// Prints something that happened, in a run that prints.
    pub fn show(&self, what: impl FnOnce() -> String) {
        if self.prints {
            println!("{} {}", self.now() - self.epoch, what());
        }
    }

    /// A number that two runs have in common when they noted the same.
    pub fn trace_hash(&self) -> u64 {
        self.trace_hash.load(Ordering::Relaxed)
    }
}

const FNV_OFFSET: u64 = 0xcbf2_9ce4_8422_2325;
const FNV_PRIME: u64 = 0x0000_0100_0000_01b3;

/// The clock of one process, which is not quite right.
pub struct ProcessClock {
    world: Arc<World>,
    error_ms: AtomicI64,
}

impl ProcessClock {
    /// A clock that is wrong by up to what the weather allows, either way.
    pub fn new(world: &Arc<World>) -> Arc<ProcessClock> {
        let most = world.weather.skew_ms_max;
        let drawn = i64::try_from(world.chance.below(2 * most + 1)).unwrap_or(0);
        let error_ms = AtomicI64::new(drawn - i64::try_from(most).unwrap_or(0));
        Arc::new(ProcessClock { world: world.clone(), error_ms })
    }

    /// Sets the clock right, and by that moves it in either direction.
    pub fn set_right(&self) {
        self.error_ms.store(0, Ordering::Relaxed);
    }

    /// Makes it wrong by so much more.
    pub fn jump(&self, by_ms: i64) {
        self.error_ms.fetch_add(by_ms, Ordering::Relaxed);
    }
}

impl Clock for ProcessClock {
    fn now(&self) -> UnixMillis {
        self.world.now() + self.error_ms.load(Ordering::Relaxed)
    }
}
