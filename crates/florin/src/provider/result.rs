//! What a provider says of a payment, and whether it was the provider who said it.

use aws_lc_rs::hmac;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use florin_core::money::{Currency, Money};
use florin_core::provider::{self, Facts};
use serde::Deserialize;

/// Largest result that is read.
const RESULT_BYTES_MAX: usize = 16 * 1024;
/// Longest number that a provider may give a payment.
const REFERENCE_CHARS_MAX: usize = 64;
/// Longest of the facts that are kept.
const FACT_CHARS_MAX: usize = 200;
/// Longest time after which a provider may want to be asked again: a year.
const ASK_AFTER_S_MAX: u32 = 366 * 24 * 60 * 60;

/// Why a gift card is declined that has nothing left.
const NO_BALANCE: &str = "insufficient_balance";

/// What a provider may tell of payer and account: members of the contract's `payment_details`.
const FACTS: [&str; 11] = [
    "account_bic",
    "account_holder_name",
    "account_iban",
    "coupon_brand",
    "destination_holder_city",
    "destination_holder_country",
    "destination_holder_iban",
    "destination_holder_name",
    "destination_holder_swift",
    "issuer_id",
    "reference",
];

/// What became of a payment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Word {
    /// It is where the core has it.
    Known(provider::Word),
    /// It was paid, and the payer took his money back.
    ChargedBack,
}

/// What a provider says of a payment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Said {
    /// The provider's number of the payment.
    pub reference: String,
    pub word: Word,
    pub facts: Facts,
    /// Seconds after which the provider wants to be asked again.
    pub ask_after_s: Option<u32>,
}

#[derive(Deserialize)]
struct SaidText {
    id: String,
    status: String,
    /// Minor units and currency of what a gift card paid of a larger amount.
    #[serde(default)]
    amount: Option<i64>,
    #[serde(default)]
    currency: Option<String>,
    #[serde(default)]
    reason: Option<String>,
    #[serde(default)]
    account: Facts,
    #[serde(default)]
    ask_after_s: Option<u32>,
}

#[derive(Deserialize)]
struct Signed {
    /// A JSON Web Signature, compact.
    result: String,
}

impl Said {
    /// Reads what a provider wrote; `None` for anything else.
    pub(super) fn read(text: &[u8]) -> Option<Said> {
        let text: SaidText = serde_json::from_slice(text).ok()?;
        let plain = |it: char| it.is_ascii_alphanumeric() || it == '-' || it == '_';
        let reference = text.id;
        let is_sound = (1..=REFERENCE_CHARS_MAX).contains(&reference.len());
        if !is_sound || !reference.chars().all(plain) {
            return None;
        }
        let word = match text.status.as_str() {
            "paid_in_part" => {
                let currency = Currency::parse(text.currency.as_deref()?).ok()?;
                let paid = Money::new(text.amount?, currency);
                Word::Known(provider::Word::PaidInPart(paid))
            }
            "declined" if text.reason.as_deref() == Some(NO_BALANCE) => {
                Word::Known(provider::Word::NoBalance)
            }
            status => word(status)?,
        };
        let mut facts = text.account;
        facts.retain(|name, _| FACTS.contains(&name.as_str()));
        for fact in facts.values_mut() {
            *fact = fact.chars().filter(|it| !it.is_control()).take(FACT_CHARS_MAX).collect();
        }
        let ask_after_s = text.ask_after_s.map(|seconds| seconds.min(ASK_AFTER_S_MAX));
        Some(Said { reference, word, facts, ask_after_s })
    }
}

fn word(text: &str) -> Option<Word> {
    Some(Word::Known(match text {
        "open" => provider::Word::Open,
        "underway" => provider::Word::Underway,
        "promised" => provider::Word::Promised,
        "paid" => provider::Word::Paid,
        "declined" => provider::Word::Declined,
        "cancelled" => provider::Word::Cancelled,
        "expired" => provider::Word::Expired,
        "charged_back" => return Some(Word::ChargedBack),
        _ => return None,
    }))
}

/// Reads a result that a provider brings, signed with the key of the payment (RFC 7515, compact,
/// HS256). `None` for what was not signed with it, or is no result.
pub fn read_result(body: &[u8], key: &str) -> Option<Said> {
    if body.len() > RESULT_BYTES_MAX {
        return None;
    }
    let Signed { result } = serde_json::from_slice(body).ok()?;
    let (signed, tag) = result.rsplit_once('.')?;
    let tag = URL_SAFE_NO_PAD.decode(tag).ok()?;
    let key = hmac::Key::new(hmac::HMAC_SHA256, key.as_bytes());
    hmac::verify(&key, signed.as_bytes(), &tag).ok()?;
    let (_, payload) = signed.split_once('.')?;
    Said::read(&URL_SAFE_NO_PAD.decode(payload).ok()?)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn signed(payload: &str, key: &str) -> Vec<u8> {
        let head = URL_SAFE_NO_PAD.encode(r#"{"alg":"HS256"}"#);
        let signed = format!("{head}.{}", URL_SAFE_NO_PAD.encode(payload));
        let tag = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, key.as_bytes()), signed.as_bytes());
        let jws = format!("{signed}.{}", URL_SAFE_NO_PAD.encode(tag.as_ref()));
        json!({ "result": jws }).to_string().into_bytes()
    }

    #[test]
    fn a_result_counts_with_the_key_of_the_payment_only() {
        let body = signed(r#"{"id":"a1","status":"paid","ask_after_s":60}"#, "key");
        let said = read_result(&body, "key").unwrap();
        assert_eq!(said.word, Word::Known(provider::Word::Paid));
        assert_eq!((said.reference.as_str(), said.ask_after_s), ("a1", Some(60)));
        assert_eq!(read_result(&body, "other"), None);
        for at in 0..body.len() {
            let mut changed = body.clone();
            changed[at] ^= 1;
            assert_ne!(
                read_result(&changed, "key").as_ref().map(|it| it.word),
                Some(Word::ChargedBack)
            );
            let same = read_result(&changed, "key").is_none_or(|it| it == said);
            assert!(same, "byte {at}");
        }
        // No signature is none, whatever its head says.
        let head = URL_SAFE_NO_PAD.encode(r#"{"alg":"none"}"#);
        let payload = URL_SAFE_NO_PAD.encode(r#"{"id":"a1","status":"paid"}"#);
        let none = json!({ "result": format!("{head}.{payload}.") }).to_string();
        assert_eq!(read_result(none.as_bytes(), "key"), None);
    }

    #[test]
    fn only_known_facts_are_kept_and_none_is_longer_than_it_may_be() {
        let long = "x".repeat(1000);
        let body = json!({
            "id": "a1", "status": "paid",
            "account": { "issuer_id": "9001", "status": "completed", "account_iban": long,
                "account_holder_name": "a\u{0}\nb" },
        });
        let said = Said::read(body.to_string().as_bytes()).unwrap();
        assert_eq!(said.facts.len(), 3);
        assert_eq!(said.facts["account_iban"].len(), FACT_CHARS_MAX);
        assert_eq!(said.facts["account_holder_name"], "ab");
        for odd in [
            json!({ "id": "a1", "status": "rich" }),
            json!({ "id": "", "status": "paid" }),
            json!({ "id": "a/1", "status": "paid" }),
            json!({ "id": "a".repeat(65), "status": "paid" }),
            json!({ "status": "paid" }),
            json!([]),
        ] {
            assert_eq!(Said::read(odd.to_string().as_bytes()), None, "{odd}");
        }
    }
}
