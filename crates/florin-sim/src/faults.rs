//! Faults that a test orders: what goes wrong with the next messages of one merchant.
//!
//! A fault names how often it happens. The oldest that fits a message is used up first; one
//! message meets at most one fault.

use std::collections::{HashMap, VecDeque};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use iso8583::Mti;
use serde::{Deserialize, Serialize};

use crate::books::ResponseCode;
use crate::limits::{FAULT_COUNT_MAX, FAULT_DELAY_MS_MAX, FAULTS_PER_MERCHANT_MAX, MERCHANTS_MAX};

/// What goes wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The host does its work, the answer is lost.
    Drop,
    /// The answer comes late.
    Delay(Duration),
    /// The answer comes twice.
    Duplicate,
    /// The host refuses with this code and does nothing.
    Decline {
        code: ResponseCode,
        /// The merchant advice code (DE48 tag 64) that goes with it.
        advice: Option<String>,
    },
    /// All connections of the host are closed.
    Cut(CutWhen),
    /// The host does its work and answers with bytes that are no message.
    Garbage,
    /// The access control server gives no answer to an AReq.
    AcsSilent,
    /// The directory server answers an AReq with something that is no message.
    AcsGarbage,
}

/// When the connections are closed, seen from the request that meets the fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CutWhen {
    /// It was read and nothing else.
    BeforeProcessing,
    /// Its effect is in the books, its answer is lost.
    BeforeAnswer,
    /// Its answer was sent.
    AfterAnswer,
}

/// A fault as the control API writes it.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FaultOrder {
    /// DE42 on the link, `acquirerMerchantID` in an AReq.
    pub merchant: String,
    /// drop, delay, duplicate, decline, cut, garbage, acs_silent, acs_garbage
    pub fault: String,
    /// How many messages it meets; 1 when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub count: Option<u32>,
    /// Of a delay, in milliseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ms: Option<u64>,
    /// Of a decline (DE39).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
    /// Of a decline: the merchant advice code (DE48 tag 64); none when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub advice: Option<String>,
    /// Of a cut; before the answer when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub when: Option<CutWhen>,
    /// Message types that it is limited to, such as `["0100"]`; a repeat counts as its first copy.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub types: Option<Vec<String>>,
}

/// Faults that are waiting, by merchant.
#[derive(Default)]
pub struct Faults {
    waiting: Mutex<HashMap<String, VecDeque<Waiting>>>,
    /// Spares the host the lock as long as nobody orders faults.
    any: AtomicBool,
}

struct Waiting {
    order: FaultOrder,
    fault: Fault,
    left: u32,
    types: Option<Vec<Mti>>,
}

impl Faults {
    /// Takes an order.
    ///
    /// # Errors
    /// What is wrong with it, as a sentence for its author.
    pub fn order(&self, order: FaultOrder) -> Result<(), String> {
        let fault = order.to_fault()?;
        let types = order.to_types()?;
        let left = order.count.unwrap_or(1);
        if !(1..=FAULT_COUNT_MAX).contains(&left) {
            return Err(format!("count must be from 1 to {FAULT_COUNT_MAX}"));
        }
        let merchant = order.merchant.trim().to_owned();
        if merchant.is_empty() {
            return Err("merchant must not be empty".to_owned());
        }
        let mut waiting = self.lock();
        if !waiting.contains_key(&merchant) && waiting.len() >= MERCHANTS_MAX {
            return Err("faults are waiting for too many merchants".to_owned());
        }
        let queue = waiting.entry(merchant).or_default();
        if queue.len() >= FAULTS_PER_MERCHANT_MAX {
            return Err(format!("at most {FAULTS_PER_MERCHANT_MAX} faults may wait"));
        }
        queue.push_back(Waiting { order, fault, left, types });
        self.any.store(true, Ordering::Release);
        Ok(())
    }

    /// What is waiting for a merchant, with the counts that are left.
    pub fn waiting(&self, merchant: &str) -> Vec<FaultOrder> {
        let waiting = self.lock();
        let queue = waiting.get(merchant).into_iter().flatten();
        queue.map(|w| FaultOrder { count: Some(w.left), ..w.order.clone() }).collect()
    }

    /// Forgets what is waiting for a merchant.
    pub fn clear(&self, merchant: &str) {
        self.lock().remove(merchant);
    }

    /// Uses up a fault of the host.
    pub fn take_host(&self, merchant: &str, mti: Mti) -> Option<Fault> {
        self.take(merchant, |waiting| {
            let fits = |types: &Vec<Mti>| types.contains(&mti.first_copy());
            !waiting.fault.is_of_acs() && waiting.types.as_ref().is_none_or(fits)
        })
    }

    /// Uses up a fault of the directory server or the access control server.
    pub fn take_acs(&self, merchant: &str) -> Option<Fault> {
        self.take(merchant, |waiting| waiting.fault.is_of_acs())
    }

    fn take(&self, merchant: &str, fits: impl Fn(&Waiting) -> bool) -> Option<Fault> {
        if !self.any.load(Ordering::Acquire) {
            return None;
        }
        let mut waiting = self.lock();
        let queue = waiting.get_mut(merchant)?;
        let place = queue.iter().position(fits)?;
        let found = queue.get_mut(place)?;
        let fault = found.fault.clone();
        found.left -= 1;
        if found.left == 0 {
            queue.remove(place);
        }
        if queue.is_empty() {
            waiting.remove(merchant);
        }
        self.any.store(!waiting.is_empty(), Ordering::Release);
        Some(fault)
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<String, VecDeque<Waiting>>> {
        self.waiting.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

impl Fault {
    fn is_of_acs(&self) -> bool {
        matches!(self, Fault::AcsSilent | Fault::AcsGarbage)
    }
}

impl FaultOrder {
    fn to_fault(&self) -> Result<Fault, String> {
        match self.fault.as_str() {
            "drop" => Ok(Fault::Drop),
            "delay" => {
                let ms = self.ms.ok_or("a delay needs ms")?;
                if ms > FAULT_DELAY_MS_MAX {
                    return Err(format!("ms must be at most {FAULT_DELAY_MS_MAX}"));
                }
                Ok(Fault::Delay(Duration::from_millis(ms)))
            }
            "duplicate" => Ok(Fault::Duplicate),
            "decline" => {
                let code = self.code.as_deref().ok_or("a decline needs a code")?;
                let code = ResponseCode::parse(code)
                    .filter(|code| !matches!(code.as_str(), "00" | "10" | "11"))
                    .ok_or("code must be two letters or digits that decline, such as 05")?;
                let is_code =
                    |it: &str| it.len() == 2 && it.bytes().all(|it| it.is_ascii_alphanumeric());
                let advice = self.advice.clone();
                if advice.as_deref().is_some_and(|advice| !is_code(advice)) {
                    return Err("advice must be two letters or digits, such as 03".to_owned());
                }
                Ok(Fault::Decline { code, advice })
            }
            "cut" => Ok(Fault::Cut(self.when.unwrap_or(CutWhen::BeforeAnswer))),
            "garbage" => Ok(Fault::Garbage),
            "acs_silent" => Ok(Fault::AcsSilent),
            "acs_garbage" => Ok(Fault::AcsGarbage),
            _ => Err("fault must be one of drop, delay, duplicate, decline, cut, garbage, \
                      acs_silent, acs_garbage"
                .to_owned()),
        }
    }

    fn to_types(&self) -> Result<Option<Vec<Mti>>, String> {
        let Some(types) = &self.types else { return Ok(None) };
        let parse = |text: &String| {
            let mti = Mti::parse(text).ok().filter(|mti| !mti.is_response() && !mti.is_network());
            mti.map(Mti::first_copy).ok_or(format!("{text:?} is not a request with a merchant"))
        };
        types.iter().map(parse).collect::<Result<Vec<Mti>, String>>().map(Some)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn order(json: &str) -> Result<Faults, String> {
        let faults = Faults::default();
        let order = serde_json::from_str(json).map_err(|error| error.to_string())?;
        faults.order(order).map(|()| faults)
    }

    #[test]
    fn a_fault_happens_as_often_as_ordered_and_only_to_its_merchant_and_types() {
        let faults =
            order(r#"{"merchant":"A","fault":"drop","count":2,"types":["0420"]}"#).unwrap();
        assert_eq!(faults.take_host("B", Mti::REVERSAL_ADVICE), None);
        assert_eq!(faults.take_host("A", Mti::AUTHORIZATION_REQUEST), None);
        assert_eq!(faults.take_acs("A"), None);
        assert_eq!(faults.take_host("A", Mti::REVERSAL_ADVICE_REPEAT), Some(Fault::Drop));
        assert_eq!(faults.waiting("A")[0].count, Some(1));
        assert_eq!(faults.take_host("A", Mti::REVERSAL_ADVICE), Some(Fault::Drop));
        assert_eq!(faults.take_host("A", Mti::REVERSAL_ADVICE), None);
    }

    #[test]
    fn an_order_that_makes_no_sense_is_refused_with_the_reason() {
        for (json, reason) in [
            (r#"{"merchant":"A","fault":"explode"}"#, "one of"),
            (r#"{"merchant":"A","fault":"delay"}"#, "needs ms"),
            (r#"{"merchant":"A","fault":"delay","ms":99999999}"#, "at most"),
            (r#"{"merchant":"A","fault":"decline"}"#, "needs a code"),
            (r#"{"merchant":"A","fault":"decline","code":"00"}"#, "that decline"),
            (r#"{"merchant":"A","fault":"decline","code":"05","advice":"never"}"#, "advice"),
            (r#"{"merchant":"A","fault":"drop","count":0}"#, "count"),
            (r#"{"merchant":" ","fault":"drop"}"#, "merchant"),
            (r#"{"merchant":"A","fault":"drop","types":["0110"]}"#, "0110"),
            (r#"{"merchant":"A","fault":"drop","typo":1}"#, "typo"),
        ] {
            let refusal = order(json).map(|_| ()).unwrap_err();
            assert!(refusal.contains(reason), "{json}: {refusal}");
        }
    }
}
