//! Which connections of a link are signed on, and waiting until one is.
//!
//! Those who wait are woken in the order in which they came.

use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;
use tokio::sync::futures::Notified;

/// For each place of a connection, whether the one in it is signed on.
pub(crate) struct Readiness {
    slots: Mutex<Vec<bool>>,
    changed: Notify,
}

impl Readiness {
    pub(crate) fn new(slots: usize) -> Readiness {
        Readiness { slots: Mutex::new(vec![false; slots]), changed: Notify::new() }
    }

    /// Notes it of one connection, and wakes those who wait if that is new.
    pub(crate) fn set(&self, slot: usize, is_signed_on: bool) {
        let before = match self.lock().get_mut(slot) {
            Some(slot) => std::mem::replace(slot, is_signed_on),
            None => return,
        };
        if before != is_signed_on {
            self.changed.notify_waiters();
        }
    }

    /// The first connection that is signed on, from the place `turn` on.
    pub(crate) fn first_from(&self, turn: usize) -> Option<usize> {
        let slots = self.lock();
        let count = slots.len().max(1);
        let in_turn = (0..count).map(|i| turn.wrapping_add(i) % count);
        in_turn.into_iter().find(|slot| slots.get(*slot) == Some(&true))
    }

    /// How many are signed on.
    pub(crate) fn count(&self) -> usize {
        self.lock().iter().filter(|is_signed_on| **is_signed_on).count()
    }

    /// Ends with the next change after this call, also one that comes before it is awaited.
    pub(crate) fn change(&self) -> Notified<'_> {
        self.changed.notified()
    }

    /// Waits until one is signed on.
    pub(crate) async fn any(&self) {
        loop {
            let change = self.change();
            if self.count() > 0 {
                return;
            }
            change.await;
        }
    }

    fn lock(&self) -> MutexGuard<'_, Vec<bool>> {
        self.slots.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    #[test]
    fn connections_take_turns_and_the_ones_that_are_down_are_left_out() {
        let readiness = Readiness::new(3);
        assert_eq!(readiness.first_from(1), None);
        readiness.set(0, true);
        readiness.set(2, true);
        let taken: Vec<_> = (0..4).map(|turn| readiness.first_from(turn)).collect();
        assert_eq!(taken, [Some(0), Some(2), Some(2), Some(0)]);
        assert_eq!(readiness.count(), 2);
        readiness.set(7, true);
        assert_eq!(readiness.count(), 2);
    }

    #[tokio::test]
    async fn those_who_wait_are_woken_in_the_order_in_which_they_came() {
        let readiness = Arc::new(Readiness::new(1));
        let order = Arc::new(Mutex::new(Vec::new()));
        let tasks: Vec<_> = (0..20)
            .map(|number| {
                let (readiness, order) = (readiness.clone(), order.clone());
                tokio::spawn(async move {
                    readiness.any().await;
                    order.lock().unwrap().push(number);
                })
            })
            .collect();
        tokio::task::yield_now().await;
        readiness.set(0, true);
        for task in tasks {
            task.await.unwrap();
        }
        assert_eq!(*order.lock().unwrap(), (0..20).collect::<Vec<_>>());
    }
}
