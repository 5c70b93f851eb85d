//! One key for the operations of all sites of an account.

use florin::store::{AccountKeyRow, SiteRow};
use serde_json::{Value, json};

use crate::world::{API_KEY, VISA, World};

const DECLINED: &str = "4000050000000007";
const ACCOUNT_KEY: &str = "an-accounts-key-0000000000000000000000000";
const LIVE_KEY: &str = "a-live-accounts-key-000000000000000000000";
/// Keys of the sites, the first one's first.
const SITE_KEYS: [&str; 3] = [
    API_KEY,
    "the-second-sites-key-00000000000000000000",
    "the-third-sites-key-000000000000000000000",
];
const FOREIGN_KEY: &str = "a-foreign-sites-key-000000000000000000000";

impl World {
    async fn add_site(&self, row: SiteRow, key: &str) {
        let gateway = self.gateway();
        let id = row.id;
        let _ = gateway.store.insert_site(row).await.unwrap();
        let row = florin::gateway::directory::seal_key(&gateway.vault, id, 1, key, "test", 0);
        let _ = gateway.store.insert_api_key(row).await.unwrap();
    }

    /// Two test sites and a live one beside the first, one of another account, and the keys.
    async fn with_account(self) -> World {
        let gateway = self.gateway();
        let first = gateway.store.sites().await.unwrap().remove(0);
        let second = SiteRow { id: first.id + 1, ..first.clone() };
        self.add_site(second, SITE_KEYS[1]).await;
        self.add_site(SiteRow { id: first.id + 2, ..first.clone() }, SITE_KEYS[2]).await;
        let live = SiteRow { id: first.id + 3, mode: "live".to_owned(), ..first.clone() };
        self.add_site(live, "the-live-sites-key-0000000000000000000000").await;
        let foreign = SiteRow { id: first.id + 4, account_id: 7, ..first.clone() };
        self.add_site(foreign, FOREIGN_KEY).await;
        for (id, key, mode) in [(1, ACCOUNT_KEY, "test"), (2, LIVE_KEY, "live")] {
            let row = AccountKeyRow {
                account_id: first.account_id,
                id,
                mode: mode.to_owned(),
                hash: gateway.vault.api_key_hash(key),
                label: "books".to_owned(),
                status: "active".to_owned(),
                created_at: 0,
            };
            let _ = gateway.store.insert_account_key(row).await.unwrap();
        }
        gateway.directory.refresh(gateway.store.as_ref(), &gateway.vault).await.unwrap();
        self
    }

    /// What is answered to a call with this key.
    async fn with_key(&self, key: &str, method: &str, path: &str, body: &Value) -> (u16, Value) {
        let method = reqwest::Method::from_bytes(method.as_bytes()).unwrap();
        let request = self.http.request(method, format!("{}{path}", self.base));
        let request = request.header("api_key", key).header("Idempotency-Key", path);
        let request = if body.is_null() { request } else { request.body(body.to_string()) };
        let answer = request.send().await.unwrap();
        let status = answer.status().as_u16();
        (status, serde_json::from_str(&answer.text().await.unwrap()).unwrap())
    }

    async fn page(&self, key: &str, query: &str) -> Value {
        let path = format!("/v1/json/transactions?{query}");
        let (status, answer) = self.with_key(key, "GET", &path, &Value::Null).await;
        assert_eq!(status, 200, "{query}: {answer}");
        answer
    }

    async fn rows(&self, key: &str, query: &str) -> Vec<Value> {
        self.page(key, query).await["data"].as_array().unwrap().clone()
    }

    /// Pages from one end of a list to the other, put together.
    async fn all_pages(
        &self,
        query: &str,
        limit: usize,
        cursor: &str,
        mut at: String,
    ) -> Vec<Value> {
        let mut read = Vec::new();
        loop {
            let page = self.page(ACCOUNT_KEY, &format!("limit={limit}{query}{at}")).await;
            let rows = page["data"].as_array().unwrap().clone();
            assert!(rows.len() <= limit);
            if rows.is_empty() {
                assert_eq!(page["pager"]["cursor"], json!({ "after": null, "before": null }));
                return read;
            }
            let next = page["pager"]["cursor"][cursor].as_str().unwrap();
            at = format!("&{cursor}={next}");
            match cursor {
                "after" => read.extend(rows),
                _ => drop(read.splice(0..0, rows)),
            }
        }
    }
}

fn number(row: &Value) -> i64 {
    row["transaction_id"].as_i64().unwrap()
}

async fn trade(world: &World) {
    for index in 0..30_usize {
        // The second site has most of it, and another day.
        let key = SITE_KEYS[[0, 1, 1, 2, 1][index % 5]];
        if index == 10 {
            let body = json!({ "seconds": 86_400 });
            world.with_key(SITE_KEYS[1], "POST", "/test/clock/advance", &body).await;
        }
        let card = if index % 4 == 3 { DECLINED } else { VISA };
        let mut order = world.order(&format!("order-{index}"), card);
        order["gateway_info"]["flexible_3d"] = json!(false);
        let path = "/v1/json/orders";
        let answer = world
            .http
            .post(format!("{}{path}", world.base))
            .header("api_key", key)
            .body(order.to_string())
            .send()
            .await
            .unwrap();
        assert_eq!(answer.status(), 200);
    }
    let order = world.order("foreign", VISA);
    world.with_key(FOREIGN_KEY, "POST", "/v1/json/orders", &order).await;
}

#[tokio::test]
async fn a_key_of_the_account_reads_all_its_sites_on_sqlite() {
    reads_all_sites(World::sqlite().await).await;
}

#[tokio::test]
async fn a_key_of_the_account_reads_all_its_sites_on_postgresql() {
    reads_all_sites(World::postgres().await).await;
}

async fn reads_all_sites(world: World) {
    let world = world.with_account().await;
    trade(&world).await;
    for query in ["", "&status=completed", "&status=declined", "&currency=EUR&debit_credit=C"] {
        let mut expected = Vec::new();
        for key in SITE_KEYS {
            expected.extend(world.rows(key, &format!("limit=1000{query}")).await);
        }
        expected.sort_by_key(|row| std::cmp::Reverse(number(row)));
        assert!(expected.len() > 5, "{query}");
        for limit in [1, 3, 8, 13, 1000] {
            let down = world.all_pages(query, limit, "after", String::new()).await;
            assert_eq!(down, expected, "{query} in pages of {limit}");
        }
        // Up from the oldest one.
        let oldest = world.page(ACCOUNT_KEY, &format!("limit=1000{query}")).await;
        let oldest = oldest["pager"]["cursor"]["after"].as_str().unwrap().to_owned();
        for limit in [1, 4, 9, 1000] {
            let up = world.all_pages(query, limit, "before", format!("&before={oldest}")).await;
            assert_eq!(up, expected[..expected.len() - 1], "{query} up by {limit}");
        }
    }
    let all = world.rows(ACCOUNT_KEY, "").await;
    assert_eq!(all.len(), 30);
    for row in [&all[0], &all[29]] {
        let path = format!("/v1/json/transactions/{}", row["transaction_id"]);
        assert_eq!(world.with_key(ACCOUNT_KEY, "GET", &path, &Value::Null).await.1["data"], *row);
    }
    // One of several sites, several, and one that is not its own.
    let first = world.gateway().directory.sites()[0].id;
    let second = world.rows(ACCOUNT_KEY, &format!("site_id={}", first + 1)).await;
    assert_eq!(second, world.rows(SITE_KEYS[1], "").await);
    let both = world.rows(ACCOUNT_KEY, &format!("site_id={first},{}", first + 1)).await;
    assert_eq!(both.len(), 24);
    for foreign in [first + 3, first + 4, 5] {
        let none = world.rows(ACCOUNT_KEY, &format!("site_id={foreign}")).await;
        assert!(none.is_empty(), "{foreign}");
    }
    let foreign = world.rows(FOREIGN_KEY, "").await.remove(0);
    let path = format!("/v1/json/transactions/{}", foreign["transaction_id"]);
    assert_eq!(world.with_key(ACCOUNT_KEY, "GET", &path, &Value::Null).await.0, 404);
    assert!(world.rows(LIVE_KEY, "").await.is_empty(), "the live site has sold nothing");
}

#[tokio::test]
async fn a_key_of_the_account_opens_nothing_else() {
    let world = World::sqlite().await.with_account().await;
    let (_, me) = world.with_key(ACCOUNT_KEY, "GET", "/v1/json/me/", &Value::Null).await;
    let account_id = world.gateway().directory.sites()[0].account_id;
    let expected = json!({ "account_id": account_id, "role": "merchant", "site_id": 0 });
    assert_eq!(me["data"], expected);
    let order = world.order("order", VISA);
    let none = Value::Null;
    for (method, path, body) in [
        ("POST", "/v1/json/orders", &order),
        ("GET", "/v1/json/orders/order", &none),
        ("PATCH", "/v1/json/orders/order", &order),
        ("GET", "/v1/json/gateways", &none),
        ("GET", "/v1/json/auth/api_token", &none),
        ("GET", "/v1/json/recurring/payer", &none),
        ("GET", "/test/clock", &none),
        ("DELETE", "/test/data", &none),
    ] {
        let (status, answer) = world.with_key(ACCOUNT_KEY, method, path, body).await;
        let told = (status, &answer["error_code"], &answer["error_info"]);
        assert_eq!(told, (403, &json!(1000), &json!("Forbidden")), "{method} {path}");
    }
    let (status, _) = world.with_key(ACCOUNT_KEY, "GET", "/v1/json/nothing", &none).await;
    assert_eq!(status, 404);
    let (status, _) = world.with_key(ACCOUNT_KEY, "PUT", "/v1/json/transactions", &none).await;
    assert_eq!(status, 405);
    let gateway = world.gateway();
    let _ = gateway.store.set_account_key_status(account_id, 1, "revoked").await.unwrap();
    gateway.directory.refresh(gateway.store.as_ref(), &gateway.vault).await.unwrap();
    for path in ["/v1/json/me", "/v1/json/transactions", "/v1/json/orders/order"] {
        let (status, answer) = world.with_key(ACCOUNT_KEY, "GET", path, &none).await;
        assert_eq!((status, &answer["error_code"]), (401, &json!(1032)), "{path}");
    }
}
