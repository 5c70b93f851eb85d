//! What payers' banks and schemes do afterwards, and what shops say to it: chargebacks, told once
//! or again, their way to an end, evidence.

use std::sync::Arc;

use axum::http::Method;
use serde_json::{Value, json};

use crate::keys::KEYED_CHANGES;
use crate::network::calls::Call;
use crate::purchase::Begun;
use crate::shop::{PATIENCE, Shops, Told};

/// Chargebacks that the bank tells once more, in permille of those that it tells.
const TOLD_AGAIN: u32 = 300;
/// Of Visa, Mastercard and American Express; fraud, goods, processing, and one that nobody knows.
const REASONS: [&str; 8] = ["10.4", "13.1", "12.6", "4837", "4853", "4834", "4553", "99"];
/// Fraud: where the issuer bears it, what was taken comes back at once.
const FRAUD: [&str; 2] = ["10.4", "4837"];
/// Steps of a case that are what usually comes next, in permille; others are any.
const USUAL: u32 = 650;
/// Steps of a case that somebody sees to at once.
const STEPS_MAX: u64 = 6;
/// What scheme and merchant do, with the event that it makes, and after which it usually comes.
const STEPS: [(&str, &str, &[&str]); 7] = [
    ("accept", "chargeback_accepted", &[]),
    ("dispute", "dispute_opened", &[""]),
    ("submit", "dispute_submitted", &["dispute_opened", "evidence_asked"]),
    ("ask_more", "evidence_asked", &["dispute_submitted"]),
    ("process", "dispute_processed", &["dispute_submitted"]),
    ("win", "chargeback_reversed", &["dispute_processed"]),
    ("lose", "dispute_lost", &["dispute_processed"]),
];
/// Smallest file that is a PDF, in base64.
const PDF: &str = "JVBERi0xLjQK";

/// What a bank takes back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Claimed {
    /// Something, for whatever reason.
    Any,
    /// All that there is, as fraud.
    AllAsFraud,
}

/// A chargeback that the bank has told, whatever was answered.
#[derive(Clone, Debug)]
pub struct ToldCase {
    pub site_id: i64,
    /// The order, or the capture in part.
    pub name: String,
    pub reference: String,
    /// Minor units; none for all that can be taken.
    pub amount: Option<i64>,
    reason_code: &'static str,
    /// What it was called in the answer.
    transaction_id: Option<i64>,
    /// The last step that was acknowledged, as an event.
    last: &'static str,
}

impl Shops {
    /// The payer's bank takes money back.
    pub async fn charge_back(self: &Arc<Shops>, begun: &Begun, name: &str, claimed: Claimed) {
        let chance = &self.world.chance;
        let site_id = begun.shop.site_id;
        let known: Vec<usize> = {
            let memories = self.memories();
            let cases = memories.cases.iter().enumerate();
            let of_order =
                cases.filter(|(_, case)| (case.site_id, case.name.as_str()) == (site_id, name));
            of_order.map(|(place, _)| place).collect()
        };
        let place = if !known.is_empty() && chance.is(TOLD_AGAIN) {
            *chance.one_of(&known)
        } else {
            let most = u64::try_from(begun.amount).unwrap_or(1);
            let (amount, reason_code) = match claimed {
                Claimed::Any => {
                    let amount = chance.is(500).then(|| chance.between(1, most / 2 + 1));
                    (amount, *chance.one_of(&REASONS))
                }
                Claimed::AllAsFraud => (None, *chance.one_of(&FRAUD)),
            };
            let mut memories = self.memories();
            let reference = format!("case-{}", memories.cases.len());
            memories.cases.push(ToldCase {
                site_id,
                name: name.to_owned(),
                reference,
                amount: amount.and_then(|amount| i64::try_from(amount).ok()),
                reason_code,
                transaction_id: None,
                last: "",
            });
            memories.cases.len() - 1
        };
        let case = self.memories().cases[place].clone();
        let mut body = json!({
            "order_id": name, "reason_code": case.reason_code, "reference": case.reference,
            "due_days": 20,
        });
        if let Some(amount) = case.amount {
            body["amount"] = json!(amount);
        }
        let call = Call::json(Method::POST, "/test/chargebacks", &body);
        let Ok(reply) = self.ask(&begun.shop, call, PATIENCE).await else { return };
        let answer: Value = serde_json::from_slice(&reply.body).unwrap_or_default();
        let reference = case.reference;
        self.world.note(format_args!("charge back {name} {reference}: {}", reply.status));
        if reply.status == 200 {
            self.world.count("bank: charged back");
            self.memories().cases[place].transaction_id = answer["data"]["transaction_id"].as_i64();
            self.remember(&begun.shop, name, Told::ChargedBack { reference });
        }
    }

    /// Somebody sees to the cases of an order.
    pub async fn pursue(self: &Arc<Shops>, begun: &Begun, name: &str) {
        for _ in 0..self.world.chance.below(STEPS_MAX) {
            let cases: Vec<usize> = {
                let memories = self.memories();
                let of_order = memories.cases.iter().enumerate().filter(|(_, case)| {
                    (case.site_id, case.name.as_str()) == (begun.shop.site_id, name)
                });
                let taken = of_order.filter(|(_, it)| it.transaction_id.is_some());
                taken.map(|(place, _)| place).collect()
            };
            if cases.is_empty() {
                return;
            }
            match self.world.chance.is(250) {
                true => self.hand_in(begun, name).await,
                false => self.dispute(begun, name, *self.world.chance.one_of(&cases)).await,
            }
            self.pause(20_000).await;
        }
    }

    /// A case of the order goes one step on its way.
    async fn dispute(self: &Arc<Shops>, begun: &Begun, name: &str, place: usize) {
        let chance = &self.world.chance;
        let case = self.memories().cases[place].clone();
        let usual: Vec<_> =
            STEPS.iter().filter(|(_, _, after)| after.contains(&case.last)).collect();
        let (action, event, _) = match chance.is(USUAL) && !usual.is_empty() {
            true => *chance.one_of(&usual),
            false => chance.one_of(&STEPS),
        };
        let url = format!("/test/chargebacks/{}", case.transaction_id.unwrap_or_default());
        let call = Call::json(Method::POST, &url, &json!({ "action": action }));
        let Ok(reply) = self.ask(&begun.shop, call, PATIENCE).await else { return };
        let reference = case.reference;
        self.world.note(format_args!("{action} {reference}: {}", reply.status));
        if reply.status == 200 {
            self.world.count("dispute: a step was taken");
            self.memories().cases[place].last = event;
            self.remember(&begun.shop, name, Told::Disputed { reference, event });
        }
    }

    /// The shop hands evidence in.
    async fn hand_in(self: &Arc<Shops>, begun: &Begun, name: &str) {
        let key = self.draw_key(KEYED_CHANGES);
        let file = match &key {
            Some(key) => format!("{key}.pdf"),
            None => {
                let mut memories = self.memories();
                memories.files_named += 1;
                format!("file-{}.pdf", memories.files_named)
            }
        };
        let body = json!({
            "type": "PDF", "base64": PDF, "name": file, "description": "storm",
        });
        let call = Call::json(Method::POST, &format!("/v1/json/orders/{name}/files"), &body);
        let call = Call { idempotency_key: key, ..call };
        let Ok(reply) = self.ask(&begun.shop, call, PATIENCE).await else { return };
        self.world.note(format_args!("hand in {name} {file}: {}", reply.status));
        if reply.status == 200 {
            self.world.count("shop: handed evidence in");
            self.remember(&begun.shop, name, Told::HandedIn { file });
        }
    }
}
