//! What a provider says of a payment, and how a gateway is told: as a JSON Web Signature (RFC
//! 7515, compact, HS256) by the key that the gateway gave for this payment.

use std::collections::BTreeMap;

use aws_lc_rs::hmac;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::change;
use super::payments::{Payment, PaymentRecord};
use super::table::Word;
use crate::limits::{RESULT_ANSWER_BYTES_MAX, RESULT_ATTEMPTS_MAX, RESULT_WAIT};
use crate::shared::{Shared, lock};

/// What is said of a payment.
#[derive(Debug, Serialize)]
pub(crate) struct Said {
    id: String,
    status: Word,
    /// Minor units, and letters of ISO 4217, where less was paid than was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    amount: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    currency: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<&'static str>,
    account: BTreeMap<&'static str, String>,
    /// Seconds after which it is worth asking again.
    #[serde(skip_serializing_if = "Option::is_none")]
    ask_after_s: Option<u32>,
}

/// What a gateway answers.
#[derive(Deserialize)]
struct Taken {
    taken: bool,
}

impl Said {
    /// What is said first.
    pub(crate) fn first(payment: &Payment) -> Said {
        Said {
            id: payment.id.clone(),
            status: payment.word(),
            amount: payment.part(),
            currency: payment.part().map(|_| payment.wanted.currency.clone()),
            reason: payment.reason(),
            account: payment.account(),
            ask_after_s: payment.later().map(|(seconds, _)| seconds),
        }
    }

    /// What is said to whoever has heard that and asks again.
    pub(crate) fn now(payment: &Payment) -> Said {
        if payment.refused {
            // No money was taken: nobody is told of any.
            return Said {
                status: Word::Cancelled,
                amount: None,
                currency: None,
                reason: None,
                ask_after_s: None,
                ..Said::first(payment)
            };
        }
        match payment.later() {
            Some((_, later)) if payment.told => {
                Said { status: later, ask_after_s: None, ..Said::first(payment) }
            }
            _ => Said::first(payment),
        }
    }
}

/// Tells the gateway how a payment ended; what it has taken or refused is noted.
pub(crate) async fn tell(shared: &Shared, payment: &Payment) {
    let Ok(payload) = serde_json::to_vec(&Said::first(payment)) else { return };
    let body = json!({ "result": signed(&payload, payment.wanted.key.bytes()) }).to_string();
    for _ in 0..RESULT_ATTEMPTS_MAX {
        let url = &payment.wanted.result_url;
        let posted = shared
            .around
            .post(url, body.clone().into_bytes(), RESULT_WAIT, RESULT_ANSWER_BYTES_MAX)
            .await;
        match posted.as_deref().map(serde_json::from_slice::<Taken>) {
            Ok(Ok(Taken { taken })) => {
                note(shared, PaymentRecord::Told { id: payment.id.clone(), taken });
                return;
            }
            Ok(Err(_)) => tracing::warn!("a gateway answered a result with something else"),
            Err(error) => tracing::warn!(%error, "a gateway cannot be told a result"),
        }
    }
}

/// Makes a change and writes it down.
pub(crate) fn note(shared: &Shared, record: PaymentRecord) {
    {
        let mut payments = lock(&shared.payments);
        change(shared, &mut payments, record);
    }
    shared.journal.flush();
}

fn signed(payload: &[u8], key: &[u8]) -> String {
    let header = URL_SAFE_NO_PAD.encode(br#"{"alg":"HS256"}"#);
    let signed = format!("{header}.{}", URL_SAFE_NO_PAD.encode(payload));
    let key = hmac::Key::new(hmac::HMAC_SHA256, key);
    let tag = hmac::sign(&key, signed.as_bytes());
    format!("{signed}.{}", URL_SAFE_NO_PAD.encode(tag.as_ref()))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Computed with another library (Python's hmac and base64).
    #[test]
    fn a_result_is_signed_as_a_compact_jws() {
        assert_eq!(signed(br#"{"id":"1"}"#, b"secret"), EXPECTED);
    }

    const EXPECTED: &str =
        "eyJhbGciOiJIUzI1NiJ9.eyJpZCI6IjEifQ.qDKYTq4Wuz_kNSaNQj7mNN4UxfOjiwMAz3Jhv4g0UYQ";
}
