//! Shops and their payers, who behave as people do: impatient, forgetful, twice at once.
//!
//! A shop remembers what it was told about an order; that is what the oracle holds the gateway to.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use florin_sim::cards::CARDS;
use serde_json::{Value, json};

use crate::front::{Front, GATEWAY};
use crate::network::calls::{Call, JSON, Reply};
use crate::payer;
use crate::world::World;

/// How long a shop waits for an answer.
pub const PATIENCE: Duration = Duration::from_secs(30);
/// Over which the payments of a run are spread.
pub const STORM_MS: u64 = 600_000;
/// Orders that are captured by hand, in permille.
const BY_HAND: u32 = 350;
/// Two actions of a shop on one order at once, in permille.
const RACES: u32 = 200;

/// A shop of the run.
#[derive(Clone, Debug)]
pub struct Shop {
    pub site_id: i64,
    /// Its name at the receiver.
    pub name: String,
    pub api_key: String,
}

/// What a shop was told about an order, in the contract's words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Told {
    /// An order object with this status and financial status.
    Status(String, String),
    /// Declined, with an error instead of an order.
    Declined,
    /// Captured, as the order itself or as one of its own.
    Captured {
        order_id: String,
    },
    Released,
    Incremented,
    Refunded {
        refund_id: i64,
    },
    Cancelled,
    Shipped,
}

/// One thing that a shop was told.
#[derive(Clone, Debug)]
pub struct Acknowledged {
    pub site_id: i64,
    pub order_id: String,
    pub told: Told,
}

/// Everything that shops remember.
#[derive(Default)]
pub struct Memories {
    pub told: Vec<Acknowledged>,
    /// Orders that were begun.
    begun: Vec<Begun>,
}

/// All shops together.
pub struct Shops {
    pub world: Arc<World>,
    pub front: Arc<Front>,
    pub bank: axum::Router,
    pub shops: Vec<Shop>,
    pub memories: Mutex<Memories>,
}

/// How somebody goes about one order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Manner {
    /// One create; what is unclear is asked for.
    Plain,
    /// Creates again with the same id until there is an answer.
    Insists,
    /// Two creates at once, as after a double click.
    DoubleClick,
    /// After a decline tries another card under the same id.
    SecondCard,
}

const MANNERS: [(u32, Manner); 4] = [
    (70, Manner::Plain),
    (12, Manner::Insists),
    (8, Manner::DoubleClick),
    (10, Manner::SecondCard),
];

/// An order in the making.
#[derive(Clone, Debug)]
pub struct Begun {
    pub shop: Shop,
    pub order_id: String,
    /// Minor units.
    pub amount: i64,
    with_browser: bool,
    /// The shop is told by GET.
    by_get: bool,
    /// The shop captures itself.
    by_hand: bool,
    /// Where its payer was sent.
    payment_url: Option<String>,
}

impl Begun {
    /// Whence the payer comes: each from somewhere else, or many cards from one place would look
    /// like somebody who tries out stolen ones.
    fn address(&self) -> String {
        let number: u64 = self.order_id.bytes().map(u64::from).fold(7, |sum, byte| sum * 31 + byte);
        format!("89.{}.{}.{}", number / 65_536 % 200 + 1, number / 256 % 256, number % 256)
    }
}

impl Shops {
    /// Makes one payment, from its first call to the last thing that is done with it.
    pub async fn pay(self: Arc<Shops>, number: usize) {
        let chance = &self.world.chance;
        tokio::time::sleep(Duration::from_millis(chance.below(STORM_MS))).await;
        let begun = Begun {
            shop: chance.one_of(&self.shops).clone(),
            order_id: format!("order-{number}"),
            amount: i64::try_from(chance.between(100, 49_000)).unwrap_or(100),
            with_browser: chance.is(500),
            by_get: chance.is(100),
            by_hand: chance.is(BY_HAND),
            payment_url: None,
        };
        match *chance.weighted(&MANNERS) {
            Manner::Plain => {
                self.attempt(&begun).await;
            }
            Manner::Insists => {
                for _ in 0..3 {
                    if self.attempt(&begun).await {
                        break;
                    }
                    self.pause(10_000).await;
                }
            }
            Manner::DoubleClick => {
                let (shops, other) = (self.clone(), begun.clone());
                let second = tokio::spawn(async move {
                    shops.pause(300).await;
                    shops.attempt(&other).await
                });
                self.attempt(&begun).await;
                let _ = second.await;
            }
            Manner::SecondCard => {
                for _ in 0..3 {
                    self.attempt(&begun).await;
                    if self.look(&begun.shop, &begun.order_id).await.as_deref() != Some("declined")
                    {
                        break;
                    }
                }
            }
        }
        self.follow_up(&begun, 60_000).await;
    }

    /// Does this and that with an order, with pauses of up to `pause_ms`.
    async fn follow_up(self: &Arc<Shops>, begun: &Begun, pause_ms: u64) {
        for _ in 0..self.world.chance.below(6) {
            self.pause(pause_ms).await;
            let second = self.world.chance.is(RACES).then(|| {
                let (shops, begun) = (self.clone(), begun.clone());
                tokio::spawn(async move {
                    shops.pause(5).await;
                    shops.act(&begun).await;
                })
            });
            self.act(begun).await;
            if let Some(second) = second {
                let _ = second.await;
            }
        }
    }

    /// Orders that were begun so far.
    pub fn begun(&self) -> Vec<Begun> {
        self.memories().begun.clone()
    }

    /// Comes back to an order after hours: the payer with the old address, the shop with the old
    /// id, or both.
    pub async fn come_back(self: Arc<Shops>, begun: Begun) {
        self.pause(STORM_MS / 5).await;
        if let Some(url) = &begun.payment_url
            && self.world.chance.is(400)
        {
            payer::go(&self, url).await;
        }
        if self.world.chance.is(500) {
            self.attempt(&begun).await;
        }
        self.follow_up(&begun, 5_000).await;
        self.look(&begun.shop, &begun.order_id).await;
    }

    async fn pause(&self, most_ms: u64) {
        let wait = self.world.chance.below(most_ms);
        tokio::time::sleep(Duration::from_millis(wait)).await;
    }

    /// Creates the order and leads its payer through; whether there was a clear answer.
    async fn attempt(&self, begun: &Begun) -> bool {
        let call = Call {
            api_key: Some(begun.shop.api_key.clone()),
            ..Call::post("/v1/json/orders", JSON, self.request(begun).to_string())
        };
        let patience = match self.world.chance.is(self.world.weather.impatience) {
            true => Duration::from_millis(self.world.chance.between(5, 5_000)),
            false => PATIENCE,
        };
        let reply = match self.front.call(call, patience).await {
            Ok(reply) => reply,
            Err(why) => {
                self.world.note(format_args!("create {}: {why:?}", begun.order_id));
                return false;
            }
        };
        let answer: Value = serde_json::from_slice(&reply.body).unwrap_or_default();
        let told = told_by(&reply, &answer);
        self.world.note(format_args!("create {}: {} {told:?}", begun.order_id, reply.status));
        let url = answer["data"]["payment_url"].as_str().filter(|url| url.starts_with(GATEWAY));
        let payment_url = url.map(str::to_owned);
        self.memories().begun.push(Begun { payment_url, ..begun.clone() });
        let Some(told) = told else { return false };
        self.remember(&begun.shop, &begun.order_id, told);
        if let Some(url) = url {
            payer::go(self, url).await;
        }
        true
    }

    /// Asks what became of the order; its status, if that was told.
    pub async fn look(&self, shop: &Shop, order_id: &str) -> Option<String> {
        let call = Call {
            api_key: Some(shop.api_key.clone()),
            ..Call::get(&format!("/v1/json/orders/{order_id}"))
        };
        let reply = self.front.call(call, PATIENCE).await.ok()?;
        let answer: Value = serde_json::from_slice(&reply.body).unwrap_or_default();
        let told = told_by(&reply, &answer)?;
        self.world.note(format_args!("look {order_id}: {told:?}"));
        self.remember(shop, order_id, told);
        answer["data"]["status"].as_str().map(str::to_owned)
    }

    /// Keeps what was told.
    pub fn remember(&self, shop: &Shop, order_id: &str, told: Told) {
        let (site_id, order_id) = (shop.site_id, order_id.to_owned());
        self.memories().told.push(Acknowledged { site_id, order_id, told });
    }

    /// What shops remember.
    pub fn memories(&self) -> MutexGuard<'_, Memories> {
        self.memories.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn request(&self, begun: &Begun) -> Value {
        let card = self.world.chance.one_of(CARDS);
        // Somebody mistypes now and then.
        let number = match self.world.chance.is(20) {
            true => card.number.replace('0', "8"),
            false => card.number.to_owned(),
        };
        let mut customer = json!({
            "locale": "nl_NL", "ip_address": begun.address(), "first_name": "Test",
            "last_name": "Storm", "address1": "Kraanspoor", "house_number": "39C",
            "zip_code": "1033 SC", "city": "Amsterdam", "country": "NL",
            "email": format!("{}@storm.example", begun.order_id),
        });
        if begun.with_browser {
            customer["browser"] = json!({
                "javascript_enabled": 1, "java_enabled": 0, "cookies_enabled": 1,
                "language": "nl", "screen_color_depth": 24, "screen_height": 1080,
                "screen_width": 1920, "time_zone": -60,
                "user_agent": "Mozilla/5.0 (Storm)", "accept_header": "text/html",
            });
        }
        let mut order = json!({
            "type": "direct", "order_id": begun.order_id, "currency": "EUR",
            "amount": begun.amount, "gateway": "CREDITCARD", "description": "storm",
            "payment_options": {
                "redirect_url": "http://shop.example/thanks",
                "cancel_url": "http://shop.example/sorry",
                "notification_method": if begun.by_get { "GET" } else { "POST" },
            },
            "customer": customer,
            "gateway_info": {
                "card_number": number, "card_holder_name": "T Storm",
                "card_expiry_date": "3112",
                "card_cvc": if card.number.starts_with("37") { "1234" } else { "123" },
            },
        });
        if begun.by_hand {
            order["capture"] = json!("manual");
        }
        order
    }
}

/// What an answer tells about an order; nothing where it tells of the gateway only.
fn told_by(reply: &Reply, answer: &Value) -> Option<Told> {
    let member = |name: &str| answer["data"][name].as_str().map(str::to_owned);
    if let (200, Some(status)) = (reply.status, member("status")) {
        return Some(Told::Status(status, member("financial_status").unwrap_or_default()));
    }
    // 1024: transaction declined.
    (answer["error_code"] == json!(1024)).then_some(Told::Declined)
}
