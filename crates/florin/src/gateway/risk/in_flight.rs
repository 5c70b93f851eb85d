//! Attempts that were let through and are not in the store yet: without them, whoever sends many
//! at once would be counted only when it is too late.
//!
//! Known to this process alone, so a burst over several processes is counted by each for itself.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Arc, Mutex, PoisonError};

/// Who is under way, and how often.
#[derive(Clone, Default)]
pub struct InFlight {
    counts: Arc<Mutex<HashMap<Key, u32>>>,
}

/// What limits count by.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Key {
    Address(i64, String),
    Bin(i64, String),
    Payment(SamePayment),
}

/// The same payment, as the schemes see it: the same card and amount at the same site.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct SamePayment {
    pub site: i64,
    /// Fingerprint of the card.
    pub card: [u8; 32],
    /// Minor units of `currency`.
    pub amount: i64,
    /// Three-letter currency code.
    pub currency: String,
}

/// One try of a payment that is under way; it ends when this is dropped.
pub struct Repeat {
    counts: Arc<Mutex<HashMap<Key, u32>>>,
    key: Key,
    /// Others of the same payment that were under way already.
    pub others: u32,
}

/// One attempt under way; it ends when this is dropped.
pub struct UnderWay {
    counts: Arc<Mutex<HashMap<Key, u32>>>,
    keys: Vec<Key>,
    /// Others from the same address that were under way already.
    pub by_address: u32,
    /// Others with the same BIN that were under way already.
    pub by_bin: u32,
}

impl InFlight {
    /// Counts an attempt from now on.
    pub fn begin(&self, site: i64, address: Option<&str>, bin: &str) -> UnderWay {
        let address = address.map(|address| Key::Address(site, address.to_owned()));
        let bin = Key::Bin(site, bin.to_owned());
        let mut counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        let mut one_more = |key: &Key| {
            let count = counts.entry(key.clone()).or_insert(0);
            *count = count.saturating_add(1);
            count.saturating_sub(1)
        };
        let by_address = address.as_ref().map_or(0, &mut one_more);
        let by_bin = one_more(&bin);
        let keys = address.into_iter().chain([bin]).collect();
        drop(counts);
        UnderWay { counts: self.counts.clone(), keys, by_address, by_bin }
    }

    /// Counts a try of a payment from now on.
    pub fn try_payment(&self, payment: SamePayment) -> Repeat {
        let key = Key::Payment(payment);
        let mut counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        let count = counts.entry(key.clone()).or_insert(0);
        let others = *count;
        *count = count.saturating_add(1);
        drop(counts);
        Repeat { counts: self.counts.clone(), key, others }
    }
}

impl Drop for UnderWay {
    fn drop(&mut self) {
        end(&self.counts, &self.keys);
    }
}

impl Drop for Repeat {
    fn drop(&mut self) {
        end(&self.counts, std::slice::from_ref(&self.key));
    }
}

fn end(counts: &Mutex<HashMap<Key, u32>>, keys: &[Key]) {
    let mut counts = counts.lock().unwrap_or_else(PoisonError::into_inner);
    for key in keys {
        if let Some(count) = counts.get_mut(key) {
            *count = count.saturating_sub(1);
            if *count == 0 {
                counts.remove(key);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_is_under_way_is_counted_until_it_ends_and_then_forgotten() {
        let in_flight = InFlight::default();
        let seen = |it: &UnderWay| (it.by_address, it.by_bin);
        let one = in_flight.begin(1, Some("192.0.2.7"), "411111");
        let two = in_flight.begin(1, Some("192.0.2.7"), "411111");
        let elsewhere = in_flight.begin(1, None, "411111");
        let other_site = in_flight.begin(2, Some("192.0.2.7"), "411111");
        assert_eq!(
            [seen(&one), seen(&two), seen(&elsewhere), seen(&other_site)],
            [(0, 0), (1, 1), (0, 2), (0, 0)]
        );
        drop((one, elsewhere));
        let three = in_flight.begin(1, Some("192.0.2.7"), "411111");
        assert_eq!(seen(&three), (1, 1));
        let payment =
            |amount| SamePayment { site: 1, card: [7; 32], amount, currency: "EUR".to_owned() };
        let tries = [5, 5, 6, 5].map(|amount| in_flight.try_payment(payment(amount)));
        assert_eq!(tries.each_ref().map(|it| it.others), [0, 1, 0, 2]);
        drop(tries);
        drop((two, three, other_site));
        assert!(in_flight.counts.lock().unwrap().is_empty(), "nobody is remembered");
    }
}
