//! How shops call the gateway: plainly, or under an idempotency key, which they repeat until they
//! are answered, sometimes at once, sometimes once more for nothing, sometimes by mistake.
//!
//! What was answered is kept for the oracle, which holds the gateway to it.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use florin::clock::UnixMillis;
use serde_json::{Value, json};

use crate::network::calls::{Call, NoReply, Reply};
use crate::shop::{PATIENCE, Shop, Shops};

/// Orders, and changes of them, that are asked for under a key, in permille.
pub(crate) const KEYED_ORDERS: u32 = 120;
pub(crate) const KEYED_CHANGES: u32 = 450;
/// Of these, how many are sent twice at once, again after their answer, and with another body.
const AT_ONCE: u32 = 120;
const ONCE_MORE: u32 = 120;
const BY_MISTAKE: u32 = 50;
/// How often a call with a key is repeated until there is an answer.
const REPEATS_MAX: usize = 6;

/// A request with a key, and every answer to it.
#[derive(Clone, Debug)]
pub struct Keyed {
    pub site_id: i64,
    pub key: String,
    /// Method and path.
    pub what: String,
    /// When it was first sent.
    pub begun_at: UnixMillis,
    /// When the last call with it was answered or given up: one may be under way for a day, when
    /// clocks jump.
    pub ended_at: UnixMillis,
    /// Answers that are final, in the order in which they were heard.
    pub answers: Vec<Given>,
    /// Answers to another body under the same key, once the first had one.
    pub mistaken: Vec<Given>,
}

/// An answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Given {
    /// When it came: clocks may have jumped since it was asked for.
    pub heard_at: UnixMillis,
    pub status: u16,
    pub body: Bytes,
}

impl Given {
    /// The answer as JSON.
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_default()
    }
}

impl Shops {
    /// A key for the next call, which gets one in so many of a thousand cases.
    pub(crate) fn draw_key(&self, permille: u32) -> Option<String> {
        if !self.world.chance.is(permille) {
            return None;
        }
        let mut memories = self.memories();
        memories.keys_drawn += 1;
        Some(format!("key-{}", memories.keys_drawn))
    }

    /// Calls the gateway for a shop.
    pub async fn ask(
        self: &Arc<Shops>,
        shop: &Shop,
        call: Call,
        patience: Duration,
    ) -> Result<Reply, NoReply> {
        let call = Call { api_key: Some(shop.api_key.clone()), ..call };
        match call.idempotency_key.clone() {
            None => self.front.call(call, patience).await,
            Some(key) => self.insist(shop, key, call, patience).await,
        }
    }

    /// Calls under a key until there is an answer.
    async fn insist(
        self: &Arc<Shops>,
        shop: &Shop,
        key: String,
        call: Call,
        patience: Duration,
    ) -> Result<Reply, NoReply> {
        let chance = &self.world.chance;
        let place = {
            let mut memories = self.memories();
            memories.keys.push(Keyed {
                site_id: shop.site_id,
                key,
                what: format!("{} {}", call.method, call.url),
                begun_at: self.world.now(),
                ended_at: self.world.now(),
                answers: Vec::new(),
                mistaken: Vec::new(),
            });
            memories.keys.len() - 1
        };
        self.world.count("shop: called under a key");
        let second = chance.is(AT_ONCE).then(|| {
            let (shops, call) = (self.clone(), call.clone());
            tokio::spawn(async move {
                shops.pause(20).await;
                let _ = shops.ask_once(place, call, PATIENCE).await;
            })
        });
        let mut reply = self.ask_once(place, call.clone(), patience).await;
        for _ in 0..REPEATS_MAX {
            if is_final(&reply) {
                break;
            }
            self.pause(20_000).await;
            self.world.count("shop: repeated a call under its key");
            reply = self.ask_once(place, call.clone(), PATIENCE).await;
        }
        if let Some(second) = second {
            let _ = second.await;
        }
        if is_final(&reply) && chance.is(ONCE_MORE) {
            self.pause(90_000).await;
            self.world.count("shop: repeated what was answered");
            let _ = self.ask_once(place, call.clone(), PATIENCE).await;
        }
        if is_final(&reply) && chance.is(BY_MISTAKE) {
            self.world.count("shop: used a key for something else");
            self.mistake(place, call).await;
        }
        reply
    }

    async fn ask_once(
        &self,
        place: usize,
        call: Call,
        patience: Duration,
    ) -> Result<Reply, NoReply> {
        let reply = self.front.call(call, patience).await;
        let heard_at = self.world.now();
        self.memories().keys[place].ended_at = heard_at;
        if let (true, Ok(reply)) = (is_final(&reply), &reply) {
            let given = Given { heard_at, status: reply.status, body: reply.body.clone() };
            self.memories().keys[place].answers.push(given);
        }
        reply
    }

    /// Sends something else under the same key.
    async fn mistake(&self, place: usize, mut call: Call) {
        let mut body: Value = serde_json::from_slice(&call.body).unwrap_or_default();
        body["memo"] = json!("something else");
        call.body = body.to_string().into();
        let reply = self.front.call(call, PATIENCE).await;
        let heard_at = self.world.now();
        self.memories().keys[place].ended_at = heard_at;
        if let (true, Ok(reply)) = (is_final(&reply), &reply) {
            let given = Given { heard_at, status: reply.status, body: reply.body.clone() };
            self.memories().keys[place].mistaken.push(given);
        }
    }
}

/// Whether there is an answer, and one that does not ask to come back.
fn is_final(reply: &Result<Reply, NoReply>) -> bool {
    let Ok(reply) = reply else { return false };
    !reply.asks_to_return && !matches!(reply.status, 408 | 429 | 500..)
}
