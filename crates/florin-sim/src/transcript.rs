//! The last messages of each merchant, described for people, without secrets.
//!
//! A bounded ring for demos and debugging. Under load only the first messages of each second are
//! described, so that it costs nothing where nobody reads it.

use std::collections::{HashMap, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};

use iso8583::{Message, describe};
use serde::Serialize;
use serde_json::Value;

use crate::host::time::HostTime;
use crate::limits::{MERCHANTS_MAX, MESSAGES_PER_MERCHANT_MAX, MESSAGES_PER_SECOND_MAX};

/// Members of 3-D Secure messages that are never shown.
const HIDDEN: [&str; 4] = ["authenticationValue", "cardExpiryDate", "cardholderName", "browserIP"];
/// Members whose value is a card number.
const MASKED: &str = "acctNumber";

/// A message that passed.
#[derive(Clone, Debug, Serialize)]
pub struct Passed {
    /// Counts up for each merchant; what to ask for next time.
    pub number: u64,
    /// RFC 3339, UTC.
    pub at: String,
    /// Who sent it to whom, such as "gateway to host".
    pub direction: &'static str,
    /// Message type, such as 0100 or AReq.
    pub name: String,
    /// The message with card data masked, a line for each element.
    pub text: String,
}

/// The rings of all merchants.
#[derive(Default)]
pub(crate) struct Transcript {
    rings: Mutex<HashMap<String, Ring>>,
}

#[derive(Default)]
struct Ring {
    passed: VecDeque<Passed>,
    next: u64,
    second: i64,
    in_second: u32,
}

impl Transcript {
    /// Keeps an ISO 8583 message.
    pub(crate) fn message(
        &self,
        merchant: &str,
        now: HostTime,
        direction: &'static str,
        message: &Message,
    ) {
        self.keep(merchant, now, direction, || {
            (message.mti().to_string(), describe::describe(message))
        });
    }

    /// Keeps a 3-D Secure message.
    pub(crate) fn json(
        &self,
        merchant: &str,
        now: HostTime,
        direction: &'static str,
        message: &[u8],
    ) {
        self.keep(merchant, now, direction, || {
            let Ok(mut value) = serde_json::from_slice::<Value>(message) else {
                return ("unreadable".to_owned(), String::new());
            };
            hide(&mut value);
            let name = value.get("messageType").and_then(Value::as_str).unwrap_or("unknown");
            (name.to_owned(), format!("{value:#}"))
        });
    }

    /// The newest messages after a number, oldest first.
    pub(crate) fn last(&self, merchant: &str, after: u64, limit: usize) -> Vec<Passed> {
        let rings = self.lock();
        let Some(ring) = rings.get(merchant) else { return Vec::new() };
        let newer = ring.passed.iter().filter(|passed| passed.number > after);
        let mut last: Vec<Passed> = newer.rev().take(limit).cloned().collect();
        last.reverse();
        last
    }

    /// Forgets the messages of a merchant.
    pub(crate) fn clear(&self, merchant: &str) {
        self.lock().remove(merchant);
    }

    fn keep(
        &self,
        merchant: &str,
        now: HostTime,
        direction: &'static str,
        describe: impl FnOnce() -> (String, String),
    ) {
        let now = now.timestamp();
        let number = {
            let mut rings = self.lock();
            if !rings.contains_key(merchant) {
                if rings.len() >= MERCHANTS_MAX {
                    return;
                }
                rings.insert(merchant.to_owned(), Ring::default());
            }
            let Some(ring) = rings.get_mut(merchant) else { return };
            if ring.second != now.as_second() {
                ring.second = now.as_second();
                ring.in_second = 0;
            }
            ring.in_second += 1;
            if ring.in_second > MESSAGES_PER_SECOND_MAX {
                return;
            }
            ring.next += 1;
            ring.next
        };
        let (name, text) = describe();
        let at = format!("{now:.3}");
        let mut rings = self.lock();
        let Some(ring) = rings.get_mut(merchant) else { return };
        if ring.passed.len() >= MESSAGES_PER_MERCHANT_MAX {
            ring.passed.pop_front();
        }
        ring.passed.push_back(Passed { number, at, direction, name, text });
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<String, Ring>> {
        self.rings.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn hide(value: &mut Value) {
    let Value::Object(members) = value else { return };
    for (name, member) in members.iter_mut() {
        if HIDDEN.contains(&name.as_str()) {
            *member = Value::from("(hidden)");
        } else if name == MASKED {
            *member = Value::from(describe::mask_pan(member.as_str().unwrap_or_default()));
        } else {
            hide(member);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn moment() -> HostTime {
        HostTime::at(jiff::Timestamp::now())
    }

    #[test]
    fn card_data_is_not_kept() {
        let transcript = Transcript::default();
        let areq = br#"{"messageType":"AReq","acctNumber":"4111111111111111","cardExpiryDate":
            "2812","authenticationValue":"mb5bOXG6gzSMEXGtdU8s6H72s6s=","mcc":"5999"}"#;
        transcript.json("A", moment(), "gateway to directory server", areq);
        let kept = transcript.last("A", 0, 10);
        assert_eq!(kept[0].name, "AReq");
        for secret in ["4111111111111111", "2812", "mb5bOXG6"] {
            assert!(!kept[0].text.contains(secret), "{secret}");
        }
        assert!(kept[0].text.contains("5999") && kept[0].text.contains("411111"));
    }

    #[test]
    fn the_ring_is_bounded_and_read_from_a_number_on() {
        let transcript = Transcript::default();
        for _ in 0..MESSAGES_PER_SECOND_MAX * 4 {
            transcript.json("A", moment(), "test", b"{}");
        }
        let kept = transcript.last("A", 0, usize::MAX);
        assert!(kept.len() <= MESSAGES_PER_MERCHANT_MAX);
        assert!(kept.windows(2).all(|pair| pair[0].number < pair[1].number));
        let newest = kept.last().unwrap().number;
        assert!(transcript.last("A", newest, 10).is_empty());
        assert_eq!(transcript.last("A", newest - 1, 10).len(), 1);
    }
}
