//! The network messages of a connection: sign-on, sign-off, echo, asked by either side.
//!
//! At most one of ours waits for its answer at a time. A key change is not taken part in: keys
//! come from the settings, and a host that asks for one is answered as for any unknown request.

use std::time::Duration;

use iso8583::frame::{Framing, Tpdu};
use iso8583::{Message, Mti};
use tokio::time::Instant;

use super::{Asked, End, SIGN_OFF, SIGN_ON, Session, State};
use crate::acquirer::matching::Key;
use crate::acquirer::numbers::Trace;

const PROFILE_VERSION: &str = "FLORIN87/1.0";
const ECHO: &str = "301";
const ACCEPTED: &str = "00";
const INVALID_TRANSACTION: &str = "12";

impl Session<'_> {
    /// Sign-on, sign-off and echo by the host are answered; its sign-off stops our requests.
    pub(super) fn on_host_request(&mut self, request: &Message) {
        let signs_on = self.asked.as_ref().is_some_and(|asked| asked.code == SIGN_ON);
        let response_code = match request.get(70) {
            Some(SIGN_ON) => {
                if self.state == State::Connected && !signs_on {
                    self.set_state(State::SignedOn);
                }
                ACCEPTED
            }
            Some(SIGN_OFF) => {
                if self.state == State::SignedOn {
                    self.set_state(State::Connected);
                }
                ACCEPTED
            }
            Some(ECHO) => ACCEPTED,
            _ => INVALID_TRANSACTION,
        };
        let mut answer = Message::new(Mti::NETWORK_RESPONSE);
        for de in [7, 11, 32, 70] {
            if let Some(value) = request.get(de) {
                answer.set(de, value);
            }
        }
        answer.set(39, response_code);
        let tpdu = self.frames.last_tpdu().map(Tpdu::swapped);
        let framing = Framing { tpdu, ..self.shared.framing };
        match self.shared.frame(&answer, framing) {
            Ok(frame) => self.queue(&frame),
            Err(error) => tracing::error!("a network message cannot be answered: {error}"),
        }
    }

    pub(super) fn on_network_answer(&mut self, answer: &Message) -> Result<(), End> {
        let key = Key::of_answer(answer);
        let Some(asked) = self.asked.take_if(|asked| asked.key == key) else {
            self.on_unexpected(key, answer);
            return Ok(());
        };
        let response_code = answer.get(39).unwrap_or_default();
        match asked.code {
            SIGN_ON if response_code == ACCEPTED => {
                self.shared.counters.sign_ons.count();
                if self.state == State::Connected {
                    self.was_signed_on = true;
                    self.set_state(State::SignedOn);
                }
                Ok(())
            }
            SIGN_ON => Err(End::SignOnRefused(response_code.to_owned())),
            SIGN_OFF => Err(End::Drained),
            // Any answer to an echo test tells that the link is alive.
            _ => Ok(()),
        }
    }

    pub(super) async fn sign_on(&mut self) -> Result<(), End> {
        let wait = self.signon_wait();
        let numbers = tokio::time::timeout(wait, self.shared.numbers.next()).await;
        match numbers {
            Ok(Ok(trace)) => self.ask(SIGN_ON, &trace, wait),
            Ok(Err(error)) => return Err(End::NoNumbers(error)),
            Err(_) => return Err(End::SignOnUnanswered),
        }
        Ok(())
    }

    /// Signs off when there is somebody to sign off from; the answer ends the session.
    pub(super) fn sign_off(&mut self) -> Result<(), End> {
        self.set_state(State::SigningOff);
        match self.shared.numbers.try_next() {
            Some(trace) if self.was_signed_on => {
                self.ask(SIGN_OFF, &trace, self.signon_wait());
                Ok(())
            }
            _ => Err(End::Drained),
        }
    }

    pub(super) fn echo(&mut self, now: Instant) {
        match self.shared.numbers.try_next() {
            Some(trace) => {
                let wait = self.shared.config.timers.t5_echo_response_ms;
                self.ask(ECHO, &trace, Duration::from_millis(wait));
            }
            // Without a number the test is put off; the store that deals them is being alarmed.
            None => self.last_received = now,
        }
    }

    fn ask(&mut self, code: &'static str, trace: &Trace, wait: Duration) {
        let mut message = Message::new(Mti::NETWORK_REQUEST);
        message.set(7, &trace.transmitted_at);
        message.set(11, &trace.stan);
        message.set(32, &self.shared.config.acquirer_id);
        message.set(70, code);
        if code == SIGN_ON {
            message
                .set_private_data(&[("90", PROFILE_VERSION)])
                .expect("the profile's own name is a value of its tag");
        }
        let key = Key::of_request(&message).expect("0800 is answered by 0810");
        let frame = self
            .shared
            .frame(&message, self.shared.framing)
            .expect("an acquirer id was checked with the settings, the rest is of the profile");
        self.asked = Some(Asked { code, key, deadline: Instant::now() + wait });
        self.queue(&frame);
    }
}
