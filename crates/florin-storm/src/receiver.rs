//! The shops' webhook receiver: checks each signature and remembers what it was told.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::http::Method;
use bytes::Bytes;
use florin::notify::signature::{SigningKey, auth_header};
use serde_json::Value;
use url::Url;

use crate::network::calls::Reply;
use crate::world::World;

/// A receiver of all shops of a run.
pub struct Receiver {
    world: Arc<World>,
    /// Keys of the shops by the last part of their address.
    keys: Mutex<BTreeMap<String, String>>,
    memory: Mutex<Memory>,
}

/// What was heard.
#[derive(Default)]
pub struct Memory {
    /// Statuses told and acknowledged, by shop and order id; for a GET, which tells none, empty.
    pub told: BTreeMap<(String, String), Vec<String>>,
    /// Signatures that were not right.
    pub forged: Vec<String>,
}

impl Receiver {
    pub fn new(world: &Arc<World>) -> Arc<Receiver> {
        let world = world.clone();
        Arc::new(Receiver { world, keys: Mutex::default(), memory: Mutex::default() })
    }

    /// The address of a shop, whose notifications are signed with this key.
    pub fn open(&self, shop: &str, key: &str) -> String {
        lock(&self.keys).insert(shop.to_owned(), key.to_owned());
        format!("http://receiver.example/{shop}")
    }

    /// What was heard so far.
    pub fn memory(&self) -> MutexGuard<'_, Memory> {
        lock(&self.memory)
    }

    /// Takes a notification.
    pub fn hear(&self, url: &Url, method: &Method, signed: Option<(Bytes, String)>) -> Reply {
        let answer = |status, body: &'static [u8]| Reply {
            status,
            location: None,
            asks_to_return: false,
            body: Bytes::from_static(body),
        };
        let shop = url.path().trim_start_matches('/').to_owned();
        let query = |name: &str| {
            let found = url.query_pairs().find(|(key, _)| key == name);
            found.map(|(_, value)| value.into_owned()).unwrap_or_default()
        };
        let order_id = query("transactionid");
        self.world.note(format_args!("receiver {method} {shop} {order_id}"));
        if self.world.strikes(self.world.weather.impatience / 4, "receiver: an error of its own") {
            return answer(500, b"oops");
        }
        let mut memory = self.memory();
        let status = match signed {
            None => String::new(),
            Some((body, signature)) => {
                let key = lock(&self.keys).get(&shop).cloned().unwrap_or_default();
                let timestamp = query("timestamp").parse().unwrap_or_default();
                if auth_header(&SigningKey::new(&key), timestamp, &body) != signature {
                    memory.forged.push(format!("{shop}/{order_id}"));
                    return answer(401, b"no");
                }
                let order: Value = serde_json::from_slice(&body).unwrap_or_default();
                order["status"].as_str().unwrap_or_default().to_owned()
            }
        };
        memory.told.entry((shop, order_id)).or_default().push(status);
        answer(200, b"OK")
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
