//! The message that carries an answer: echoes of the request, and what was decided.

use iso8583::{Message, presence};

use super::decide::Decision;
use super::time::HostTime;

/// What a financial answer repeats of its request, where the answer's type has it.
const ECHOED: [u8; 11] = [3, 4, 7, 11, 32, 33, 37, 41, 42, 49, 95];
/// What a network management answer repeats.
const ECHOED_NETWORK: [u8; 5] = [7, 11, 32, 33, 70];

/// The answer to a financial message; none when the message is itself an answer.
pub(crate) fn financial(request: &Message, decision: &Decision, now: HostTime) -> Option<Message> {
    let mut answer = echo(request, &ECHOED)?;
    answer.set(15, &now.business_date());
    answer.set(39, decision.code.as_str());
    if let Some(code) = &decision.approval_code {
        answer.set(38, code);
    }
    if let Some(element) = decision.element_at_fault {
        answer.set(44, &format!("{element:03}"));
    }
    let tags: Vec<(&str, &str)> =
        decision.tags.iter().map(|(tag, value)| (*tag, value.as_str())).collect();
    if answer.set_private_data(&tags).is_err() {
        // All values are ours and of a known form; an answer without them is better than none.
        tracing::error!("the host made an element 48 that cannot be written");
    }
    Some(answer)
}

/// The answer to a network management message; none when the message is itself an answer.
pub(crate) fn network(request: &Message, code: &str) -> Option<Message> {
    let mut answer = echo(request, &ECHOED_NETWORK)?;
    answer.set(39, code);
    Some(answer)
}

fn echo(request: &Message, elements: &[u8]) -> Option<Message> {
    let mti = request.mti().response()?;
    let mut answer = Message::new(mti);
    for &de in elements {
        if let Some(value) = request.get(de)
            && presence::is_allowed(mti, de)
        {
            answer.set(de, value);
        }
    }
    Some(answer)
}
