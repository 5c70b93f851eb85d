//! How those outside behave for a while: the host, the access control server, the receiver, the
//! provider of other methods.

use std::sync::atomic::{AtomicU8, Ordering};

use crate::chance::Chance;

/// Who can have a mood.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Who {
    Host,
    Bank,
    Receiver,
    /// Of other methods than cards.
    Provider,
}

impl Who {
    pub const ALL: [Who; 4] = [Who::Host, Who::Bank, Who::Receiver, Who::Provider];
}

/// A mood.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mood {
    /// As it should be.
    Well,
    Silent,
    /// Each answer takes 5 to 40 seconds.
    Slow,
    /// Answers are no messages.
    Garbage,
}

const MOODS: [Mood; 4] = [Mood::Well, Mood::Silent, Mood::Slow, Mood::Garbage];

/// The moods of everybody.
#[derive(Debug, Default)]
pub struct Moods([AtomicU8; 4]);

impl Moods {
    /// The mood that somebody is in.
    pub fn of(&self, who: Who) -> Mood {
        MOODS[usize::from(self.0[who as usize].load(Ordering::Relaxed)) % MOODS.len()]
    }

    /// Puts somebody into a mood.
    pub fn set(&self, who: Who, mood: Mood) {
        self.0[who as usize].store(mood as u8, Ordering::Relaxed);
    }

    /// Puts everybody into a mood that is drawn: a bad one in so many of a thousand cases.
    pub fn draw(&self, chance: &Chance, permille: u32) {
        for who in Who::ALL {
            let bad = [Mood::Silent, Mood::Slow, Mood::Garbage];
            self.set(who, if chance.is(permille) { *chance.one_of(&bad) } else { Mood::Well });
        }
    }
}
