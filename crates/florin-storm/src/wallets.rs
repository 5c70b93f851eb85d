//! Stored cards as shops see them: listed, charged, renewed, deleted.

use std::collections::BTreeSet;
use std::sync::Arc;

use axum::http::Method;
use florin::clock::UnixMillis;
use serde_json::{Value, json};

use crate::keys::KEYED_CHANGES;
use crate::network::calls::Call;
use crate::purchase::{Begun, reference_of};
use crate::shop::{Memories, PATIENCE, Shop, Shops};

/// Orders that are paid with a stored card where the shop knows one, in permille.
const CHARGES: u32 = 250;
/// Of these, those that come as several at once.
const AT_ONCE: u32 = 400;
/// How many more there are then, at most.
const MORE_MAX: u64 = 4;
/// Shops that try a token which they have deleted, in permille.
const FORGETFUL: u32 = 100;

/// What is known of a token.
#[derive(Clone, Debug, Default)]
pub struct Wallet {
    /// What it was said to stand for: the last digits of cards.
    pub shown: BTreeSet<String>,
    /// When its deletion was acknowledged.
    pub removed_at: Option<UnixMillis>,
}

/// What a shop does with a stored card.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Care {
    List,
    Renew,
    Remove,
}

impl Shops {
    /// How the order is paid with a stored card, and others at the same time, if so.
    pub fn charge_instead(&self, begun: &Begun) -> Option<(Begun, Vec<Begun>)> {
        let chance = &self.world.chance;
        if !chance.is(CHARGES) {
            return None;
        }
        let tokens: Vec<String> = {
            let memories = self.memories();
            let known = memories
                .wallets
                .iter()
                .filter(|(_, wallet)| wallet.removed_at.is_none() || chance.is(FORGETFUL));
            known.map(|(token, _)| token.clone()).collect()
        };
        if tokens.is_empty() {
            return None;
        }
        let token = chance.one_of(&tokens);
        let more = if chance.is(AT_ONCE) { chance.between(1, MORE_MAX) } else { 0 };
        let others = (0..more).map(|number| Begun {
            order_id: format!("{}-too-{number}", begun.order_id),
            ..begun.clone().charging(token.clone())
        });
        Some((begun.clone().charging(token.clone()), others.collect()))
    }

    /// Looks after the cards of a payer.
    pub async fn care(self: &Arc<Shops>, begun: &Begun, care: Care) {
        let Some(payer) = begun.payer else { return };
        let tokens = self.list(&begun.shop, payer).await;
        if tokens.is_empty() || care == Care::List {
            return;
        }
        let token = self.world.chance.one_of(&tokens).clone();
        let base = format!("/v1/json/recurring/{}", reference_of(payer));
        let call = match care {
            Care::List => return,
            Care::Renew => {
                let key = self.draw_key(KEYED_CHANGES);
                let body = json!({ "expiry_date": "3212" });
                let call = Call::json(Method::PATCH, &format!("{base}/update/{token}"), &body);
                Call { idempotency_key: key, ..call }
            }
            Care::Remove => {
                Call { method: Method::DELETE, ..Call::get(&format!("{base}/remove/{token}")) }
            }
        };
        let Ok(reply) = self.ask(&begun.shop, call, PATIENCE).await else { return };
        let answer: Value = serde_json::from_slice(&reply.body).unwrap_or_default();
        self.world.note(format_args!("{care:?} {token}: {}", reply.status));
        if reply.status != 200 || answer["success"] != json!(true) {
            return;
        }
        match care {
            Care::List => {}
            Care::Renew => self.world.count("shop: renewed a stored card"),
            Care::Remove => {
                self.world.count("shop: deleted a stored card");
                let now = self.world.now();
                let mut memories = self.memories();
                let wallet = memories.wallets.entry(token).or_default();
                wallet.removed_at = wallet.removed_at.or(Some(now));
            }
        }
    }

    /// The tokens of a payer; what they are said to stand for is remembered.
    async fn list(self: &Arc<Shops>, shop: &Shop, payer: u64) -> Vec<String> {
        let url = format!("/v1/json/recurring/{}?limit=50", reference_of(payer));
        let Ok(reply) = self.ask(shop, Call::get(&url), PATIENCE).await else { return Vec::new() };
        let answer: Value = serde_json::from_slice(&reply.body).unwrap_or_default();
        let listed = answer["data"]["tokens"].as_array().cloned().unwrap_or_default();
        self.world.note(format_args!("list {payer}: {} {}", reply.status, listed.len()));
        let mut memories = self.memories();
        let mut tokens = Vec::new();
        for card in listed {
            let Some(token) = card["token"].as_str() else { continue };
            memories.learn(token, &card["last4"]);
            tokens.push(token.to_owned());
        }
        tokens
    }
}

impl Memories {
    /// Keeps what a token was said to stand for. Some answers have the digits as a number.
    pub(crate) fn learn(&mut self, token: &str, last4: &Value) {
        let last4 = match last4 {
            Value::String(text) => text.clone(),
            other => {
                let digits = other.to_string();
                format!("{digits:0>4}")
            }
        };
        self.wallets.entry(token.to_owned()).or_default().shown.insert(last4);
    }
}
