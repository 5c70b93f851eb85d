//! One message in, what goes out: books, journal, faults and transcript around the decision.
//!
//! No sockets: the connection gives a message and is told what to send, when, and whether to live.

use std::time::Duration;

use iso8583::Message;

use crate::books::{Event, Ledger, ResponseCode};
use crate::faults::{CutWhen, Fault};
use crate::journal::Record;
use crate::shared::{Shared, lock};

use super::answer;
use super::decide::{self, Decision, Timing};
use super::mac::NewKey;
use super::request::Request;
use super::time::HostTime;

/// What becomes of a message.
pub(crate) enum Outcome {
    /// Nothing is sent.
    Nothing,
    /// An answer is sent.
    Send(Answer),
    /// All connections of the host are closed, after an answer if there is one.
    Cut(Option<Message>),
}

/// An answer on its way out.
pub(crate) struct Answer {
    pub message: Message,
    pub delay: Option<Duration>,
    /// How often it is sent.
    pub copies: u8,
    /// Bytes that are no message go out in its place.
    pub garbled: bool,
    /// A MAC key that comes into force after it.
    pub new_key: Option<NewKey>,
}

/// What a connection remembers between messages.
#[derive(Default)]
pub(crate) struct Session {
    pub signed_on: bool,
}

/// The version of the profile that a sign-on names (tag 90).
const PROFILE: &str = "FLORIN87/1.0";
const APPROVED: &str = "00";
const INVALID_TRANSACTION: &str = "12";
const FORMAT_ERROR: &str = "30";
const MAC_WRONG: &str = "97";
const SIGN_ON: &str = "001";
const SIGN_OFF: &str = "002";
const KEY_CHANGE: &str = "101";
const ECHO_TEST: &str = "301";
/// Type of the new key in a key change (tag 91).
const MAC_KEY_TYPE: &str = "MAK";

/// Takes a message of the gateway.
pub(crate) fn receive(shared: &Shared, session: &mut Session, message: &Message) -> Outcome {
    if message.mti().is_response() {
        return Outcome::Nothing;
    }
    if message.mti().is_network() {
        return network(shared, session, message);
    }
    if !session.signed_on {
        tracing::warn!(mti = %message.mti(), "the host ignores a message before sign-on");
        return Outcome::Nothing;
    }
    financial(shared, message)
}

/// Answers a message whose MAC is wrong: 97, and nothing is done.
pub(crate) fn refuse_mac(shared: &Shared, message: &Message) -> Outcome {
    if message.mti().is_network() {
        return send(answer::network(message, MAC_WRONG));
    }
    let decision = decide::refuse(MAC_WRONG);
    send(answer::financial(message, &decision, shared.now()))
}

fn financial(shared: &Shared, message: &Message) -> Outcome {
    let now = shared.now();
    let merchant = message.get(42).unwrap_or_default().trim().to_owned();
    shared.transcript.message(&merchant, now, "gateway to host", message);
    let fault = shared.faults.take_host(&merchant, message.mti());
    let decision = match fault {
        Some(Fault::Cut(CutWhen::BeforeProcessing)) => return Outcome::Cut(None),
        Some(Fault::Decline { code, ref advice }) => {
            let mut decision = process(shared, message, now, Some(code));
            decision.tags.extend(advice.clone().map(|advice| ("64", advice)));
            decision
        }
        _ => process(shared, message, now, None),
    };
    let Some(answer) = answer::financial(message, &decision, now) else {
        return Outcome::Nothing;
    };
    let mut delay = match decision.timing {
        Timing::AtOnce => None,
        Timing::Late(wait) => Some(wait),
        Timing::Never => return Outcome::Nothing,
    };
    let (mut copies, mut garbled) = (1, false);
    match fault {
        Some(Fault::Drop) => return Outcome::Nothing,
        Some(Fault::Cut(CutWhen::BeforeAnswer)) => return Outcome::Cut(None),
        Some(Fault::Cut(_)) => return Outcome::Cut(Some(answer)),
        Some(Fault::Delay(wait)) => delay = Some(wait),
        Some(Fault::Duplicate) => copies = 2,
        Some(Fault::Garbage) => garbled = true,
        _ => {}
    }
    shared.transcript.message(&merchant, now, "host to gateway", &answer);
    Outcome::Send(Answer { message: answer, delay, copies, garbled, new_key: None })
}

/// Decides, unless a refusal is ordered, and changes books and journal in one breath.
fn process(
    shared: &Shared,
    message: &Message,
    now: HostTime,
    ordered: Option<ResponseCode>,
) -> Decision {
    let request = match (Request::read(message), ordered) {
        (Ok(request), _) => request,
        (Err(_), Some(code)) => return decide::refuse(code.as_str()),
        (Err(error), None) => return decide::format_error(error),
    };
    let mut ledger = lock(&shared.ledger);
    let decision = match ordered {
        Some(code) => decide::refuse_as_ordered(&ledger, &request, now, code.as_str()),
        None => decide::decide(&ledger, &request, now),
    };
    if let Some(event) = &decision.event {
        record(shared, &mut ledger, event.clone());
    }
    decision
}

/// Applies an event to the books and adds it to the journal, in the same order for both.
pub(crate) fn record(shared: &Shared, ledger: &mut Ledger, event: Event) {
    ledger.apply(&event);
    shared.journal.append(&Record::Book(event));
}

fn network(shared: &Shared, session: &mut Session, message: &Message) -> Outcome {
    if iso8583::presence::check_received(message).is_err() {
        return send(answer::network(message, FORMAT_ERROR));
    }
    let tags = message.private_data();
    let code = match (message.get(70), tags) {
        (_, Err(_)) => FORMAT_ERROR,
        (Some(SIGN_ON), Ok(tags)) => match tags.get("90") {
            Some(version) if version != PROFILE => INVALID_TRANSACTION,
            _ => {
                session.signed_on = true;
                APPROVED
            }
        },
        (Some(SIGN_OFF), _) => {
            session.signed_on = false;
            APPROVED
        }
        (Some(ECHO_TEST), _) => APPROVED,
        (Some(KEY_CHANGE), _) => return key_change(shared, message),
        _ => INVALID_TRANSACTION,
    };
    let mut answer = answer::network(message, code);
    if let Some(answer) = &mut answer
        && message.get(70) == Some(SIGN_ON)
        && code == APPROVED
        && answer.set_private_data(&[("90", PROFILE)]).is_err()
    {
        tracing::error!("the host cannot write its own profile version");
    }
    send(answer)
}

fn key_change(shared: &Shared, message: &Message) -> Outcome {
    let Some(new_key) = shared.mac.as_ref().and_then(super::mac::LinkMac::new_key) else {
        return send(answer::network(message, INVALID_TRANSACTION));
    };
    let Some(mut answer) = answer::network(message, APPROVED) else { return Outcome::Nothing };
    answer.set(125, &new_key.block);
    let tags = [("91", MAC_KEY_TYPE), ("92", new_key.check_value.as_str())];
    if answer.set_private_data(&tags).is_err() {
        return Outcome::Nothing;
    }
    let new_key = Some(new_key);
    Outcome::Send(Answer { message: answer, delay: None, copies: 1, garbled: false, new_key })
}

fn send(message: Option<Message>) -> Outcome {
    let Some(message) = message else { return Outcome::Nothing };
    Outcome::Send(Answer { message, delay: None, copies: 1, garbled: false, new_key: None })
}
