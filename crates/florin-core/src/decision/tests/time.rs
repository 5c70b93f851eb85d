//! Commands that say that a time is over, which is so or is not.

use super::*;

impl World {
    /// Says that a time is over: too early, and when it is.
    pub(super) fn tell_in_time(&mut self, command: Command) -> Result<(), Refusal> {
        let Some(end) = self.end_of_time(&command).filter(|end| *end > self.now) else {
            return self.tell(command);
        };
        let now = std::mem::replace(&mut self.now, end - 1);
        let early = self.tell(command.clone());
        assert!(early.is_err(), "{command:?} before its time");
        self.now = end;
        let outcome = self.tell(command);
        if outcome.is_err() {
            self.now = now;
        } else {
            assert_eq!(early, Err(Refusal::TooEarly));
        }
        outcome
    }

    /// When the time is over that a command says is over.
    fn end_of_time(&self, command: &Command) -> Option<Instant> {
        let order = self.order.as_ref()?;
        match (command, &order.payment.state) {
            (Command::EndSession, _) => order.session.map(|session| session.expires_at),
            (Command::Expire, _) => {
                Some(order.payment.opened_at + order.payment.rules.expires_after_ms)
            }
            (Command::EndHold, _) => order.trail.hold_until,
            (Command::Review { .. }, State::Uncleared { review, .. }) => Some(review.until),
            _ => None,
        }
    }
}
