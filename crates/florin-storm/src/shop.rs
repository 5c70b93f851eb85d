//! Shops, who behave as people do: impatient, forgetful, twice at once.
//!
//! A shop remembers what it was told about an order; that is what the oracle holds the gateway to.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use axum::http::Method;
use serde_json::{Value, json};

use crate::actions::FAILED;
use crate::disputes::ToldCase;
use crate::elsewhere::may_be_promised;
use crate::front::{Front, GATEWAY};
use crate::keys::{KEYED_ORDERS, Keyed};
use crate::network::calls::{Call, Reply};
use crate::parts::Noticed;
use crate::payer;
use crate::purchase::Begun;
use crate::store::Disk;
use crate::wallets::Wallet;
use crate::world::World;

/// How long a shop waits for an answer.
pub const PATIENCE: Duration = Duration::from_secs(30);
/// Over which the payments of a run are spread.
pub const STORM_MS: u64 = 600_000;
/// Two actions of a shop on one order at once, in permille.
const RACES: u32 = 200;
/// Links that two browsers follow at once, in permille.
const SHARED: u32 = 80;
/// Orders that came to nothing and are begun anew after hours, in permille.
const ANEW_LATE: u32 = 600;
/// Held payments on which somebody decides before their time is over, in permille.
const DECIDED: u32 = 700;

/// A shop of the run.
#[derive(Clone, Debug)]
pub struct Shop {
    pub site_id: i64,
    /// Its name at the receiver.
    pub name: String,
    pub api_key: String,
    /// Seconds that pass between two charges of one token.
    pub charge_interval_s: u32,
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
    /// A page on which it can be paid.
    Offered,
    /// A review was ended.
    Decided {
        accepts: bool,
    },
    ChargedBack {
        reference: String,
    },
    /// A case took the step that is known as this event.
    Disputed {
        reference: String,
        event: &'static str,
    },
    HandedIn {
        /// The name of the file, which no other has.
        file: String,
    },
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
    /// Requests with idempotency keys.
    pub keys: Vec<Keyed>,
    pub(crate) keys_drawn: u64,
    /// Stored cards by their tokens.
    pub wallets: BTreeMap<String, Wallet>,
    /// What gift cards have paid.
    pub parts: Noticed,
    /// Chargebacks.
    pub cases: Vec<ToldCase>,
    pub(crate) files_named: u64,
}

/// All shops together.
pub struct Shops {
    pub world: Arc<World>,
    pub front: Arc<Front>,
    /// Where the operator's commands work.
    pub disk: Arc<Disk>,
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

impl Shops {
    /// Makes one payment, from its first call to the last thing that is done with it.
    pub async fn pay(self: Arc<Shops>, number: usize) {
        let chance = &self.world.chance;
        tokio::time::sleep(Duration::from_millis(chance.below(STORM_MS))).await;
        let begun = Begun::draw(chance, chance.one_of(&self.shops), number);
        if let Some((charge, others)) = self.charge_instead(&begun) {
            self.world.count("shop: charged a stored card");
            let others: Vec<_> = others
                .into_iter()
                .map(|other| {
                    let shops = self.clone();
                    tokio::spawn(async move {
                        shops.pause(20).await;
                        shops.attempt(&other).await
                    })
                })
                .collect();
            self.attempt(&charge).await;
            for other in others {
                let _ = other.await;
            }
            self.follow_up(&charge, 60_000).await;
            return;
        }
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
        self.begin_anew_after_part(begun).await;
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

    /// A payer opens the page of yesterday once more.
    pub async fn look_again(self: Arc<Shops>, begun: Begun) {
        self.pause(STORM_MS / 5).await;
        if let Some(url) = &begun.payment_url {
            self.world.count("payer: came back the next day");
            payer::go(&self, &begun, url).await;
        }
    }

    /// Comes back to an order after hours: the payer with the old address, the shop with the old
    /// id, or both.
    pub async fn come_back(self: Arc<Shops>, begun: Begun) {
        self.pause(STORM_MS / 5).await;
        if let Some(url) = &begun.payment_url
            && self.world.chance.is(400)
        {
            payer::go(&self, &begun, url).await;
        }
        if begun.is_on_page() && self.world.chance.is(500) {
            self.open_mail(&begun).await;
        }
        if self.world.chance.is(500) && !may_be_promised(begun.method) {
            self.attempt(&begun).await;
        }
        // What came to nothing meanwhile is begun anew, in whatever way.
        let status = self.look(&begun.shop, &begun.order_id).await;
        if status.is_some_and(|status| FAILED.contains(&status.as_str()))
            && self.world.chance.is(ANEW_LATE)
        {
            self.attempt(&begun.anew(&self.world.chance)).await;
        }
        self.follow_up(&begun, 5_000).await;
        self.look(&begun.shop, &begun.order_id).await;
    }

    pub(crate) async fn pause(&self, most_ms: u64) {
        let wait = self.world.chance.below(most_ms);
        tokio::time::sleep(Duration::from_millis(wait)).await;
    }

    /// Creates the order and leads its payer through; whether there was a clear answer.
    pub(crate) async fn attempt(self: &Arc<Shops>, begun: &Begun) -> bool {
        let chance = &self.world.chance;
        let key = self.draw_key(KEYED_ORDERS);
        let request = begun.request(chance, key.as_deref().unwrap_or("storm"));
        let call = Call::json(Method::POST, "/v1/json/orders", &request);
        let call = Call { idempotency_key: key, ..call };
        let patience = match chance.is(self.world.weather.impatience) {
            true => Duration::from_millis(chance.between(5, 5_000)),
            false => PATIENCE,
        };
        let reply = match self.ask(&begun.shop, call, patience).await {
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
        let is_held = told.is_status("uncleared");
        self.remember(&begun.shop, &begun.order_id, told);
        if let Some(url) = url {
            self.lead(begun, url).await;
        }
        // Payments of pages are found to be held later.
        if is_held || url.is_some() {
            self.look_after(begun).await;
        }
        true
    }

    /// Sends the payer where the gateway wants him, sometimes in two browsers.
    async fn lead(self: &Arc<Shops>, begun: &Begun, url: &str) {
        let other = (begun.is_on_page() && self.world.chance.is(SHARED)).then(|| {
            self.world.count("payer: a link was followed twice at once");
            let (shops, begun, url) = (self.clone(), begun.clone(), url.to_owned());
            tokio::spawn(async move { payer::go(&shops, &begun, &url).await })
        });
        let gives_up =
            begun.is_on_page().then(|| tokio::spawn(self.clone().lose_patience(begun.clone())));
        payer::go(self, begun, url).await;
        if let Some(other) = other {
            let _ = other.await;
        }
        if let Some(gives_up) = gives_up {
            // Without a part there is nothing that it waits for.
            if self.part_of(begun).is_none() {
                gives_up.abort();
            }
            let _ = gives_up.await;
        }
    }

    /// Sees to a payment that may be held.
    pub(crate) async fn look_after(self: &Arc<Shops>, begun: &Begun) {
        let held = self.look(&begun.shop, &begun.order_id).await.as_deref() == Some("uncleared");
        if held && self.world.chance.is(DECIDED) {
            self.pause(90_000).await;
            self.decide(begun).await;
        }
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
        let details = &answer["data"]["payment_details"];
        if told.is_status("completed")
            && let Some(token) = details["recurring_id"].as_str()
        {
            self.memories().learn(token, &details["last4"]);
        }
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
}

impl Told {
    fn is_status(&self, status: &str) -> bool {
        matches!(self, Told::Status(told, _) if told == status)
    }
}

/// What an answer tells about an order; nothing where it tells of the gateway only.
fn told_by(reply: &Reply, answer: &Value) -> Option<Told> {
    let member = |name: &str| answer["data"][name].as_str().map(str::to_owned);
    if let (200, Some(status)) = (reply.status, member("status")) {
        return Some(Told::Status(status, member("financial_status").unwrap_or_default()));
    }
    if reply.status == 200 && member("payment_url").is_some() {
        return Some(Told::Offered);
    }
    // 1024: transaction declined.
    (answer["error_code"] == json!(1024)).then_some(Told::Declined)
}
