//! What goes wrong in a run: drawn once from its seed. Probabilities are in permille.

use crate::chance::Chance;

/// How bad it is, for the whole run.
#[derive(Clone, Debug)]
pub struct Weather {
    /// A message is lost on its way, on the link to the host and between HTTP's ends.
    pub lost: u32,
    /// It arrives twice.
    pub duplicated: u32,
    /// It is late, by up to `delay_ms_max`; a later one may overtake it.
    pub delayed: u32,
    pub delay_ms_max: u64,
    /// Pause between cuts of all connections to the host, on average; 0 for no cuts.
    pub cut_every_ms: u64,
    /// The host, the access control server or the receiver has a mood for a while: silent, slow or
    /// answering garbage. How likely each minute begins with one.
    pub moods: u32,
    /// Processes of the gateway, on one store.
    pub processes: usize,
    /// Steps of a process until it dies, on average; 0 for processes that live.
    pub steps_to_death: u64,
    /// A process dies within a few steps of a change of the store that it has begun.
    pub dies_writing: u32,
    /// How long a dead process stays away, at most.
    pub away_ms_max: u64,
    /// The store refuses before it does anything.
    pub store_refuses: u32,
    /// It says that somebody else was faster, and nobody was.
    pub store_conflicts: u32,
    /// The store is lost while it works: done or not, nobody knows.
    pub store_unsure: u32,
    /// Commits take up to so long.
    pub commit_ms_max: u64,
    /// Clocks jump: how likely each minute begins with a jump.
    pub clock_jumps: u32,
    /// Clocks of processes differ by up to so much.
    pub skew_ms_max: u64,
    /// A shop asks again for what it has asked before, or gives up waiting.
    pub impatience: u32,
}

impl Weather {
    /// No wind.
    pub fn calm() -> Weather {
        Weather {
            lost: 0,
            duplicated: 0,
            delayed: 0,
            delay_ms_max: 0,
            cut_every_ms: 0,
            moods: 0,
            processes: 1,
            steps_to_death: 0,
            dies_writing: 0,
            away_ms_max: 0,
            store_refuses: 0,
            store_conflicts: 0,
            store_unsure: 0,
            commit_ms_max: 2,
            clock_jumps: 0,
            skew_ms_max: 0,
            impatience: 50,
        }
    }

    /// Draws the weather of a run. One in eight is calm; in others each kind of fault is there or
    /// not, so that faults are met alone as well as together.
    pub fn draw(chance: &Chance) -> Weather {
        if chance.is(125) {
            return Weather::calm();
        }
        let some = |most: u64| if chance.is(500) { chance.between(1, most) } else { 0 };
        let permille = |most: u64| u32::try_from(some(most)).unwrap_or(0);
        let processes = if chance.is(500) { chance.between(2, 3) } else { 1 };
        Weather {
            lost: permille(300),
            duplicated: permille(500),
            delayed: permille(300),
            delay_ms_max: *chance.one_of(&[50, 2_000, 20_000, 60_000]),
            cut_every_ms: some(10) * 20_000,
            moods: permille(400),
            processes: usize::try_from(processes).unwrap_or(1),
            steps_to_death: some(40) * 100,
            dies_writing: permille(20),
            away_ms_max: *chance.one_of(&[200, 5_000, 90_000]),
            store_refuses: permille(50),
            store_conflicts: permille(50),
            store_unsure: permille(30),
            commit_ms_max: *chance.one_of(&[2, 20, 1_000, 30_000]),
            clock_jumps: permille(300),
            skew_ms_max: some(4) * 500,
            impatience: 50 + permille(400),
        }
    }
}
