//! What happens to an advice that is owed to the host, after each attempt to send it.
//!
//! A pure decision: the caller keeps the advice as a durable row and carries the decision out.

use serde::Deserialize;

use crate::clock::UnixMillis;

use super::link::Reply;

/// Pauses between attempts and the age at which an operator takes over.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Schedule {
    /// T4: pause before the second, third ... attempt, in seconds, counted from the end of the
    /// one before; the last one stays.
    pub pauses_s: Vec<u64>,
    /// T4: an advice older than this stops, in days.
    pub age_max_days: u64,
}

/// The kinds of advice.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Advice {
    /// 0120: an approval obtained elsewhere.
    Authorization,
    /// 0220: a capture.
    Completion,
    /// 0400 or 0420.
    Reversal,
}

/// What became of one attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AdviceOutcome<'a> {
    /// The host answered with this DE39.
    Answered(&'a str),
    /// It was not sent: this is no attempt, the first copy is still to be sent.
    NotSent,
    /// It was sent and not answered in time, or by something that is no answer.
    Unanswered,
}

/// What is to be done with the advice.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Next {
    /// The host has it.
    Done,
    /// Send it again then; with the repeat type if it was sent before.
    RepeatAt(UnixMillis),
    /// Nothing more is sent; an operator must look at it.
    Stop(StopReason),
}

/// Why an advice stops.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StopReason {
    /// The host refused it for good.
    Refused,
    /// It is older than the schedule allows.
    TooOld,
}

/// Whether this DE39 says that the host could not take a message now, and did nothing with it.
pub fn is_repeatable(code: &str) -> bool {
    REPEATABLE.contains(&code)
}

/// Done for a capture or an advice: accepted, or accepted before.
const DONE: &[&str] = &["00", "94"];
/// Done for a reversal: also when there was nothing to undo, or it had been undone.
const DONE_REVERSAL: &[&str] = &["00", "21", "25", "76", "79", "80", "94"];
/// The host could not take it now. 80 is done for a reversal, looked up before.
const REPEATABLE: &[&str] =
    &["06", "09", "19", "20", "22", "28", "68", "80", "90", "91", "92", "96", "98"];

/// The pause when the link could not send: it may be back at any moment.
const NOT_SENT_PAUSE_MS: i64 = 1000;
const DAY_MS: i64 = 24 * 60 * 60 * 1000;

impl Default for Schedule {
    fn default() -> Schedule {
        Schedule { pauses_s: vec![0, 30, 60, 120, 300, 600, 900], age_max_days: 7 }
    }
}

/// [`Schedule::after`] with the default schedule.
pub fn after(
    kind: Advice,
    outcome: AdviceOutcome<'_>,
    attempts: u32,
    first_attempt_at: UnixMillis,
    now: UnixMillis,
) -> Next {
    Schedule::default().after(kind, outcome, attempts, first_attempt_at, now)
}

impl Schedule {
    /// What to do with an advice after an attempt.
    ///
    /// `attempts` counts the attempts that were sent, the last one included; `now` is when that
    /// one ended.
    pub fn after(
        &self,
        kind: Advice,
        outcome: AdviceOutcome<'_>,
        attempts: u32,
        first_attempt_at: UnixMillis,
        now: UnixMillis,
    ) -> Next {
        let pause_ms = match outcome {
            AdviceOutcome::Answered(code) if is_done(kind, code) => return Next::Done,
            AdviceOutcome::Answered(code) if !REPEATABLE.contains(&code) => {
                return Next::Stop(StopReason::Refused);
            }
            AdviceOutcome::NotSent => NOT_SENT_PAUSE_MS,
            AdviceOutcome::Answered(_) | AdviceOutcome::Unanswered => self.pause_ms(attempts),
        };
        let age_max_ms =
            i64::try_from(self.age_max_days).unwrap_or(i64::MAX).saturating_mul(DAY_MS);
        if now.saturating_sub(first_attempt_at) >= age_max_ms {
            return Next::Stop(StopReason::TooOld);
        }
        Next::RepeatAt(now.saturating_add(pause_ms))
    }

    fn pause_ms(&self, attempts: u32) -> i64 {
        let last = self.pauses_s.len().saturating_sub(1);
        let index = usize::try_from(attempts.saturating_sub(1)).unwrap_or(last).min(last);
        let seconds = self.pauses_s.get(index).copied().unwrap_or(0);
        i64::try_from(seconds).unwrap_or(i64::MAX).saturating_mul(1000)
    }
}

impl<'a> AdviceOutcome<'a> {
    /// The outcome that a link's reply means. An answer without DE39 is no answer.
    pub fn of(reply: &'a Reply) -> AdviceOutcome<'a> {
        match reply {
            Reply::Answered(answer) => {
                answer.get(39).map_or(AdviceOutcome::Unanswered, AdviceOutcome::Answered)
            }
            Reply::NotSent(_) => AdviceOutcome::NotSent,
            Reply::Unanswered(_) => AdviceOutcome::Unanswered,
        }
    }
}

fn is_done(kind: Advice, code: &str) -> bool {
    let done = match kind {
        Advice::Authorization | Advice::Completion => DONE,
        Advice::Reversal => DONE_REVERSAL,
    };
    done.contains(&code)
}

#[cfg(test)]
mod tests {
    use super::*;

    const FIRST: UnixMillis = 1_000_000;

    fn check(kind: Advice, code: &str, expected: Next) {
        let outcome = AdviceOutcome::Answered(code);
        assert_eq!(after(kind, outcome, 2, FIRST, FIRST), expected, "{kind:?} {code}");
    }

    #[test]
    fn each_code_is_done_repeated_or_stops() {
        let again = Next::RepeatAt(FIRST + 30_000);
        for code in ["00", "94"] {
            for kind in [Advice::Authorization, Advice::Completion, Advice::Reversal] {
                check(kind, code, Next::Done);
            }
        }
        for code in ["21", "25", "76", "79"] {
            check(Advice::Reversal, code, Next::Done);
            check(Advice::Completion, code, Next::Stop(StopReason::Refused));
        }
        check(Advice::Reversal, "80", Next::Done);
        check(Advice::Completion, "80", again);
        for code in ["06", "09", "19", "20", "22", "28", "68", "90", "91", "92", "96", "98"] {
            check(Advice::Completion, code, again);
            check(Advice::Reversal, code, again);
        }
        for code in ["05", "12", "30", "77", "97", "", "x"] {
            check(Advice::Reversal, code, Next::Stop(StopReason::Refused));
        }
    }

    #[test]
    fn pauses_grow_to_a_quarter_of_an_hour() {
        let pauses: Vec<i64> = (1..=9)
            .map(|attempts| {
                let outcome = AdviceOutcome::Unanswered;
                match after(Advice::Reversal, outcome, attempts, FIRST, FIRST + 500) {
                    Next::RepeatAt(at) => (at - FIRST - 500) / 1000,
                    other => panic!("{other:?}"),
                }
            })
            .collect();
        assert_eq!(pauses, [0, 30, 60, 120, 300, 600, 900, 900, 900]);
    }

    #[test]
    fn after_seven_days_an_operator_takes_over_but_a_late_success_counts() {
        let late = FIRST + 7 * DAY_MS;
        let outcome = AdviceOutcome::Unanswered;
        let stopped = Next::Stop(StopReason::TooOld);
        assert_eq!(after(Advice::Reversal, outcome, 700, FIRST, late), stopped);
        assert_eq!(
            after(Advice::Reversal, outcome, 700, FIRST, late - 1),
            Next::RepeatAt(late - 1 + 900_000)
        );
        let answered = AdviceOutcome::Answered("00");
        assert_eq!(after(Advice::Reversal, answered, 700, FIRST, late), Next::Done);
    }

    #[test]
    fn what_was_not_sent_is_tried_again_soon() {
        let next = after(Advice::Completion, AdviceOutcome::NotSent, 0, FIRST, FIRST);
        assert_eq!(next, Next::RepeatAt(FIRST + NOT_SENT_PAUSE_MS));
    }
}
