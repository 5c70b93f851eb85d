//! The last things that happened in this process, bounded in number and bytes, for whoever follows.
//!
//! Whoever comes back late is told how much has been forgotten meanwhile.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::watch;

/// Things in the order in which they happened, with numbers from 1.
pub struct Ring<T> {
    kept: Mutex<Kept<T>>,
    /// The number of the newest.
    newest: watch::Sender<u64>,
    things_max: usize,
    bytes_max: usize,
}

struct Kept<T> {
    things: VecDeque<Thing<T>>,
    newest: u64,
    bytes: usize,
}

struct Thing<T> {
    bytes: usize,
    thing: Arc<T>,
}

/// What there is after a number.
pub struct After<T> {
    /// How many were forgotten in between.
    pub missed: u64,
    /// Each with its number, oldest first.
    pub things: Vec<(u64, Arc<T>)>,
}

impl<T> Ring<T> {
    /// An empty ring that keeps so many things, of so many bytes together.
    pub fn new(things_max: usize, bytes_max: usize) -> Ring<T> {
        let kept = Kept { things: VecDeque::new(), newest: 0, bytes: 0 };
        let newest = watch::Sender::new(0);
        Ring { kept: Mutex::new(kept), newest, things_max, bytes_max }
    }

    /// Adds a thing; the oldest are forgotten where there are too many.
    pub fn push(&self, thing: T, bytes: usize) {
        let mut kept = self.lock();
        kept.newest += 1;
        kept.bytes += bytes;
        kept.things.push_back(Thing { bytes, thing: Arc::new(thing) });
        while kept.things.len() > self.things_max || kept.bytes > self.bytes_max {
            let Some(oldest) = kept.things.pop_front() else { break };
            kept.bytes -= oldest.bytes;
        }
        let newest = kept.newest;
        drop(kept);
        // Two that are added at once may be told in any order; the number never goes back.
        self.newest.send_if_modified(|told| {
            let is_newer = newest > *told;
            *told = newest.max(*told);
            is_newer
        });
    }

    /// What came after the thing with this number.
    pub fn after(&self, number: u64) -> After<T> {
        let kept = self.lock();
        let count = u64::try_from(kept.things.len()).unwrap_or(u64::MAX);
        let forgotten = kept.newest - count;
        let skipped = number.min(kept.newest).saturating_sub(forgotten);
        let from = usize::try_from(skipped).unwrap_or(usize::MAX);
        let things = kept.things.iter().skip(from).zip(forgotten + skipped + 1..);
        After {
            missed: forgotten.saturating_sub(number),
            things: things.map(|(it, number)| (number, it.thing.clone())).collect(),
        }
    }

    /// The number of the newest thing; 0 when there never was one.
    pub fn newest(&self) -> u64 {
        self.lock().newest
    }

    /// Tells when there is something new.
    pub fn watch(&self) -> watch::Receiver<u64> {
        self.newest.subscribe()
    }

    fn lock(&self) -> MutexGuard<'_, Kept<T>> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[track_caller]
    fn check(ring: &Ring<u64>, number: u64, missed: u64, things: &[u64]) {
        let after = ring.after(number);
        assert_eq!(after.missed, missed, "after {number}");
        let numbers: Vec<u64> = after.things.iter().map(|(it, _)| *it).collect();
        assert_eq!(numbers, things, "after {number}");
        assert!(after.things.iter().all(|(number, thing)| *number == **thing));
    }

    #[test]
    fn who_comes_back_is_told_what_is_new_and_how_much_is_lost() {
        let ring = Ring::new(3, 1000);
        check(&ring, 0, 0, &[]);
        for number in 1..=5 {
            ring.push(number, 1);
        }
        assert_eq!((ring.newest(), *ring.watch().borrow()), (5, 5));
        check(&ring, 5, 0, &[]);
        check(&ring, 3, 0, &[4, 5]);
        check(&ring, 2, 0, &[3, 4, 5]);
        check(&ring, 1, 1, &[3, 4, 5]);
        check(&ring, 0, 2, &[3, 4, 5]);
        // A number that was never given.
        check(&ring, 99, 0, &[]);
    }

    proptest! {
        #[test]
        fn it_never_keeps_more_than_it_may(sizes in prop::collection::vec(0_usize..40, 0..60)) {
            let ring = Ring::new(8, 100);
            for (size, number) in sizes.iter().zip(1_u64..) {
                ring.push(number, *size);
            }
            let kept = ring.after(0).things;
            let bytes: usize =
                kept.iter().map(|(number, _)| sizes[usize::try_from(*number).unwrap() - 1]).sum();
            prop_assert!(kept.len() <= 8 && bytes <= 100);
            prop_assert_eq!(ring.newest(), sizes.len() as u64);
        }
    }
}
