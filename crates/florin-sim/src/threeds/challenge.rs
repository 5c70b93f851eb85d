//! Challenges: opened by an AReq, answered once by the payer, told once to the 3DS Server.
//!
//! The state and its journal records; no HTTP. An answer is never changed once it is given.

use std::collections::{HashMap, VecDeque};

use emv3ds::{Areq, Ares, Version};
use serde::{Deserialize, Serialize};

use crate::limits::CHALLENGES_MAX;
use crate::page::spoken;

/// What the payer chose on the page.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Choice {
    Y,
    A,
    N,
    U,
    R,
    #[serde(rename = "cancel")]
    Cancel,
}

/// The options of the page, in its order, with their values in its form.
pub(crate) const OPTIONS: [(Choice, &str); 6] = [
    (Choice::Y, "Y"),
    (Choice::A, "A"),
    (Choice::N, "N"),
    (Choice::U, "U"),
    (Choice::R, "R"),
    (Choice::Cancel, "cancel"),
];

/// A challenge and what it needs to be shown and told. No card number: the card is known by name.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Challenge {
    pub acs_trans_id: String,
    pub three_ds_server_trans_id: String,
    pub ds_trans_id: String,
    pub version: String,
    /// Name of the test card.
    pub card: String,
    /// 01 payment, 02 non-payment.
    pub category: String,
    /// `acquirerMerchantID`, or empty.
    pub merchant: String,
    pub merchant_name: String,
    /// Minor units as digits, with numeric currency and exponent; absent for a card check.
    pub purchase: Option<Purchase>,
    /// What the payer reads (BCP 47), as the AReq says it; empty for English.
    #[serde(default)]
    pub language: String,
    /// Where the browser goes afterwards.
    pub notification_url: String,
    /// Where the result goes.
    pub results_url: String,
    /// Unix milliseconds.
    pub opened_at: i64,
    pub answer: Option<Choice>,
    /// The 3DS Server has acknowledged the result.
    pub told: bool,
    /// Somebody is telling it right now.
    #[serde(skip)]
    pub telling: bool,
}

/// What is paid.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Purchase {
    pub amount: String,
    pub currency: String,
    pub exponent: String,
}

/// A change of a challenge, as the journal keeps it.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub(crate) enum ChallengeRecord {
    Opened { challenge: Box<Challenge> },
    Answered { acs_trans_id: String, answer: Choice },
    Told { acs_trans_id: String },
    Cleared { merchant: String },
}

/// All challenges that are remembered.
#[derive(Default)]
pub(crate) struct Challenges {
    by_id: HashMap<String, Challenge>,
    order: VecDeque<String>,
}

/// What an attempt to answer came to.
#[derive(Debug)]
pub(crate) enum Answering {
    /// This is the answer; the caller tells it to the 3DS Server.
    Tell(Challenge),
    /// It was answered before.
    Before(Challenge),
    Unknown,
}

impl Choice {
    /// Reads the value of an option.
    pub(crate) fn parse(value: &str) -> Option<Choice> {
        OPTIONS.iter().find(|(_, known)| *known == value).map(|(choice, _)| *choice)
    }
}

impl Challenge {
    /// The challenge that an answer with status C opens. None when the AReq has no browser.
    pub(crate) fn open(areq: &Areq, ares: &Ares, card: &str, opened_at: i64) -> Option<Challenge> {
        let text = |value: &Option<String>| value.clone().unwrap_or_default();
        let purchase = match (&areq.purchase_amount, &areq.purchase_currency) {
            (Some(amount), Some(currency)) => Some(Purchase {
                amount: amount.clone(),
                currency: currency.clone(),
                exponent: text(&areq.purchase_exponent),
            }),
            _ => None,
        };
        // From 2.3.1 on a browser without scripts says what it accepts, and no more.
        let accepted = areq.accept_language.iter().flatten();
        let languages = areq.browser_language.iter().chain(accepted).map(String::as_str);
        Some(Challenge {
            acs_trans_id: ares.acs_trans_id.clone(),
            three_ds_server_trans_id: ares.three_ds_server_trans_id.clone(),
            ds_trans_id: ares.ds_trans_id.clone(),
            version: ares.message_version.to_string(),
            card: card.to_owned(),
            category: areq.message_category.clone(),
            merchant: text(&areq.acquirer_merchant_id),
            merchant_name: areq
                .merchant_name
                .clone()
                .unwrap_or_else(|| areq.three_ds_requestor_name.clone()),
            purchase,
            language: spoken(languages).to_owned(),
            notification_url: areq.notification_url.clone()?,
            results_url: areq.three_ds_server_url.clone(),
            opened_at,
            answer: None,
            told: false,
            telling: false,
        })
    }

    /// The version of its messages.
    pub(crate) fn version(&self) -> Version {
        self.version.parse().unwrap_or_default()
    }
}

impl Challenges {
    /// The challenge with this `acsTransID`.
    pub(crate) fn get(&self, acs_trans_id: &str) -> Option<&Challenge> {
        self.by_id.get(acs_trans_id)
    }

    /// Gives the answer, unless there is one. An answer that could not be told is told again.
    pub(crate) fn answer(&mut self, acs_trans_id: &str, choice: Choice) -> Answering {
        let Some(challenge) = self.by_id.get_mut(acs_trans_id) else { return Answering::Unknown };
        if challenge.told || challenge.telling {
            return Answering::Before(challenge.clone());
        }
        challenge.answer.get_or_insert(choice);
        challenge.telling = true;
        Answering::Tell(challenge.clone())
    }

    /// Ends the telling that [`Challenges::answer`] began.
    pub(crate) fn telling_ended(&mut self, acs_trans_id: &str, told: bool) {
        if let Some(challenge) = self.by_id.get_mut(acs_trans_id) {
            challenge.telling = false;
            challenge.told |= told;
        }
    }

    /// Repeats a change of the journal.
    pub(crate) fn apply(&mut self, record: ChallengeRecord) {
        match record {
            ChallengeRecord::Opened { challenge } => {
                if self.order.len() >= CHALLENGES_MAX
                    && let Some(oldest) = self.order.pop_front()
                {
                    self.by_id.remove(&oldest);
                }
                self.order.push_back(challenge.acs_trans_id.clone());
                self.by_id.insert(challenge.acs_trans_id.clone(), *challenge);
            }
            ChallengeRecord::Answered { acs_trans_id, answer } => {
                if let Some(challenge) = self.by_id.get_mut(&acs_trans_id) {
                    challenge.answer.get_or_insert(answer);
                }
            }
            ChallengeRecord::Told { acs_trans_id } => self.telling_ended(&acs_trans_id, true),
            ChallengeRecord::Cleared { merchant } => {
                self.by_id.retain(|_, challenge| challenge.merchant != merchant);
                self.order.retain(|id| self.by_id.contains_key(id));
            }
        }
    }

    /// How many records it takes to write all challenges down.
    pub(crate) fn records_needed(&self) -> u64 {
        self.by_id.len() as u64
    }

    /// The fewest records that lead to these challenges.
    pub(crate) fn snapshot(&self) -> impl Iterator<Item = ChallengeRecord> + '_ {
        let known = self.order.iter().filter_map(|id| self.by_id.get(id));
        known.map(|challenge| ChallengeRecord::Opened { challenge: Box::new(challenge.clone()) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Challenges that were open when the simulator was replaced by a newer one stay open.
    #[test]
    fn a_challenge_that_was_kept_without_a_language_is_read_and_shown_in_english() {
        let kept = r#"{"event":"opened","challenge":{"acs_trans_id":"a","three_ds_server_trans_id":
            "b","ds_trans_id":"c","version":"2.2.0","card":"visa","category":"01","merchant":"m",
            "merchant_name":"Shop","purchase":null,"notification_url":"http://127.0.0.1/back",
            "results_url":"http://127.0.0.1/results","opened_at":0,"answer":null,"told":false}}"#;
        let mut challenges = Challenges::default();
        challenges.apply(serde_json::from_str(kept).unwrap());
        assert_eq!(challenges.get("a").unwrap().language, "");
    }
}
