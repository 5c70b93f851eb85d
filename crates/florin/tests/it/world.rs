//! A gateway in this process with a shop that listens, and what tests ask of them.

use std::sync::Arc;
use std::time::{Duration, Instant};

use florin::app::{self, Running};
use florin::clock::{Clock, SystemClock, UnixMillis};
use florin::config::Settings;
use florin::vault::SystemRandom;
use serde_json::{Value, json};

use crate::postgres::{Database, fresh_database};
use crate::shop::Shop;

pub(crate) const API_KEY: &str = "florin-it-key-00000000000000000000000001";
pub(crate) const VISA: &str = "4111111111111111";
pub(crate) const CHALLENGED: &str = "5555555555554444";
/// How long anything may take to become true.
const PATIENCE: Duration = Duration::from_secs(30);

/// The machine's clock, so many milliseconds late.
struct LateClock(i64);

impl Clock for LateClock {
    fn now(&self) -> UnixMillis {
        SystemClock.now() - self.0
    }
}

pub(crate) struct World {
    pub(crate) running: Option<Running>,
    pub(crate) base: String,
    pub(crate) http: reqwest::Client,
    pub(crate) shop: Shop,
    pub(crate) folder: tempfile::TempDir,
    pub(crate) database: Option<Database>,
}

impl World {
    pub(crate) async fn sqlite() -> World {
        World::start(None, &[]).await
    }

    pub(crate) async fn postgres() -> World {
        World::start(Some(fresh_database().await), &[]).await
    }

    pub(crate) async fn with(settings: &[(&str, &str)]) -> World {
        World::start(None, settings).await
    }

    pub(crate) async fn start(database: Option<Database>, more: &[(&str, &str)]) -> World {
        World::start_in(tempfile::tempdir().unwrap(), database, more, 0).await
    }

    /// A world in which it is so many days ago, until it is started again.
    pub(crate) async fn days_ago(days: i64, database: Option<Database>) -> World {
        World::days_ago_with(days, database, &[]).await
    }

    /// The same with these settings.
    pub(crate) async fn days_ago_with(
        days: i64,
        database: Option<Database>,
        more: &[(&str, &str)],
    ) -> World {
        let late_ms = days * 24 * 60 * 60 * 1000;
        World::start_in(tempfile::tempdir().unwrap(), database, more, late_ms).await
    }

    /// Ends the gateway and starts it again on the same data.
    pub(crate) async fn restarted(self) -> World {
        self.restarted_with(&[]).await
    }

    /// The same with these settings.
    pub(crate) async fn restarted_with(mut self, more: &[(&str, &str)]) -> World {
        self.running.take().unwrap().stop().await;
        World::start_in(self.folder, self.database, more, 0).await
    }

    /// Starts a gateway on what another one left behind.
    pub(crate) async fn again_in(folder: tempfile::TempDir) -> World {
        World::start_in(folder, None, &[], 0).await
    }

    async fn start_in(
        folder: tempfile::TempDir,
        database: Option<Database>,
        more: &[(&str, &str)],
        late_ms: i64,
    ) -> World {
        let settings = settings(&folder, database.as_ref(), more);
        let clock = Arc::new(LateClock(late_ms));
        let running = app::start(&settings, clock, Arc::new(SystemRandom)).await.unwrap();
        let http = reqwest::Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .no_proxy()
            .timeout(Duration::from_secs(60))
            .build()
            .unwrap();
        let base = format!("http://{}", running.address);
        let shop = Shop::open().await;
        let running = Some(running);
        let world = World { running, base, http, shop, folder, database };
        // Most tests of pages are about what comes after the bank.
        world.set(&[("three_ds.challenge_on_page", json!(false))]).await;
        world
    }

    /// Another process on the same data.
    pub(crate) async fn beside(&self, more: &[(&str, &str)]) -> Running {
        let settings = settings(&self.folder, self.database.as_ref(), more);
        app::start(&settings, Arc::new(SystemClock), Arc::new(SystemRandom)).await.unwrap()
    }

    pub(crate) fn gateway(&self) -> &Arc<florin::gateway::Gateway> {
        &self.running.as_ref().unwrap().gateway
    }

    /// Changes settings of the test site, by their dotted names.
    pub(crate) async fn set(&self, changes: &[(&str, Value)]) {
        let gateway = self.gateway();
        let mut site = gateway.store.sites().await.unwrap().remove(0);
        let mut settings: Value = serde_json::from_str(&site.settings).unwrap();
        for (name, value) in changes {
            let pointer = format!("/{}", name.replace('.', "/"));
            *settings.pointer_mut(&pointer).expect(name) = value.clone();
        }
        site.settings = settings.to_string();
        let _ = gateway.store.update_site(site).await.unwrap();
        gateway.directory.refresh(gateway.store.as_ref(), &gateway.vault).await.unwrap();
    }

    /// A direct order with this card, told to our shop.
    pub(crate) fn order(&self, order_id: &str, card: &str) -> Value {
        json!({
            "type": "direct", "order_id": order_id, "gateway": "CREDITCARD",
            "currency": "EUR", "amount": 2599, "description": "Order",
            "payment_options": {
                "notification_url": self.shop.url("/notify"), "notification_method": "POST",
                "redirect_url": self.shop.url("/thanks"), "cancel_url": self.shop.url("/cart?x=1"),
            },
            "customer": {
                "locale": "nl_NL", "ip_address": "203.0.113.25", "first_name": "Ada",
                "last_name": "de Vries", "address1": "Dorpsstraat", "house_number": "7b",
                "zip_code": "1234 AB", "city": "Utrecht", "country": "NL",
                "email": "ada@shop.example", "user_agent": "Mozilla/5.0",
            },
            "gateway_info": {
                "card_number": card, "card_holder_name": "A de Vries",
                "card_expiry_date": "3012",
                "card_cvc": if card.starts_with("37") { "1234" } else { "123" },
            },
        })
    }

    pub(crate) async fn post(&self, path: &str, body: impl Into<reqwest::Body>) -> (u16, Value) {
        let request = self.http.post(format!("{}{path}", self.base));
        let answer = request.header("api_key", API_KEY).body(body).send().await.unwrap();
        let status = answer.status().as_u16();
        (status, serde_json::from_slice(&answer.bytes().await.unwrap()).unwrap())
    }

    pub(crate) async fn patch(&self, path: &str, body: impl Into<reqwest::Body>) -> (u16, Value) {
        let request = self.http.patch(format!("{}{path}", self.base));
        let answer = request.header("api_key", API_KEY).body(body).send().await.unwrap();
        let status = answer.status().as_u16();
        (status, serde_json::from_slice(&answer.bytes().await.unwrap()).unwrap())
    }

    pub(crate) async fn create(&self, order: &Value) -> (u16, Value) {
        self.post("/v1/json/orders", order.to_string()).await
    }

    pub(crate) async fn get_path(&self, path: &str) -> (u16, Value) {
        let request = self.http.get(format!("{}{path}", self.base));
        let answer = request.header("api_key", API_KEY).send().await.unwrap();
        let status = answer.status().as_u16();
        (status, serde_json::from_slice(&answer.bytes().await.unwrap()).unwrap())
    }

    /// The order as GET shows it; `Null` when there is none.
    pub(crate) async fn get(&self, id: &str) -> Value {
        let (status, body) = self.get_path(&format!("/v1/json/orders/{id}")).await;
        if status == 200 { body["data"].clone() } else { Value::Null }
    }

    /// Waits until the order has this status.
    pub(crate) async fn becomes(&self, id: &str, status: &str) -> Value {
        let begun = Instant::now();
        loop {
            let order = self.get(id).await;
            if order["status"] == status {
                return order;
            }
            assert!(begun.elapsed() < PATIENCE, "{id} is not {status}: {order}");
            tokio::time::sleep(Duration::from_millis(30)).await;
        }
    }

    pub(crate) async fn advance(&self, seconds: i64) {
        let body = json!({ "seconds": seconds }).to_string();
        let (status, answer) = self.post("/test/clock/advance", body).await;
        assert_eq!(status, 200, "{answer}");
    }

    pub(crate) async fn fault(&self, fault: Value) {
        let (status, answer) = self.post("/test/faults", fault.to_string()).await;
        assert_eq!(status, 200, "{answer}");
    }

    /// What the host's books say of an order.
    pub(crate) async fn books(&self, order_id: &str) -> Vec<Value> {
        let (status, answer) = self.get_path("/test/host").await;
        assert_eq!(status, 200, "{answer}");
        let entries = answer["data"].as_array().unwrap().iter();
        entries.filter(|entry| entry["order_id"] == order_id).cloned().collect()
    }

    /// Waits until the books show exactly this sum as captured for the order, and nothing held.
    pub(crate) async fn captured(&self, order_id: &str, amount: i64) {
        let begun = Instant::now();
        loop {
            let entries = self.books(order_id).await;
            let sum = |name: &str| entries.iter().filter_map(|it| it[name].as_i64()).sum::<i64>();
            if sum("captured") == amount && sum("held") == 0 {
                return;
            }
            assert!(begun.elapsed() < PATIENCE, "{order_id}: {entries:?}");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    pub(crate) async fn stop(mut self) -> tempfile::TempDir {
        self.running.take().unwrap().stop().await;
        self.folder
    }
}

fn settings(
    folder: &tempfile::TempDir,
    database: Option<&Database>,
    more: &[(&str, &str)],
) -> Settings {
    let mut variables = vec![
        ("FLORIN_LISTEN", "127.0.0.1:0".to_owned()),
        ("FLORIN_DATA_DIR", folder.path().display().to_string()),
        ("FLORIN_TEST_API_KEY", API_KEY.to_owned()),
    ];
    variables.extend(database.map(|it| ("FLORIN_DATABASE_URL", it.url.clone())));
    variables.extend(more.iter().map(|(name, value)| (*name, (*value).to_owned())));
    let variables = variables.into_iter().map(|(name, value)| (name.to_owned(), value));
    Settings::load(None, variables).unwrap()
}

/// Waits until `check` says yes.
pub(crate) async fn eventually<F: Future<Output = bool>>(what: &str, mut check: impl FnMut() -> F) {
    let begun = Instant::now();
    while !check().await {
        assert!(begun.elapsed() < PATIENCE, "not in time: {what}");
        tokio::time::sleep(Duration::from_millis(30)).await;
    }
}

/// Runs all at once and returns what came of each, in no particular order.
pub(crate) async fn all<T, F>(tasks: impl Iterator<Item = F>) -> Vec<T>
where
    T: Send + 'static,
    F: Future<Output = T> + Send + 'static,
{
    let set: tokio::task::JoinSet<T> = tasks.collect();
    set.join_all().await
}
