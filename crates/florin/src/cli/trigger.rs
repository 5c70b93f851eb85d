//! `florin trigger STATE`: makes a real payment on a running test gateway reach that state, by
//! calls that any shop or tester could make, and tells each of them.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, ValueEnum};
use reqwest::Method;
use serde_json::{Value, json};

use super::serve::SAMPLE_ORDER;

/// Where, and which state.
#[derive(Args)]
pub(super) struct TriggerOptions {
    /// The state that the payment is to reach.
    #[arg(value_enum)]
    state: Target,
    /// The order to send (JSON, as for `POST /orders`); without it a sample is sent. Its card and
    /// its id are replaced.
    #[arg(long, value_name = "FILE")]
    order: Option<PathBuf>,
    #[command(flatten)]
    shop: TestShop,
}

/// A test site on a running gateway.
#[derive(Args, Clone)]
pub(super) struct TestShop {
    /// Where the gateway runs.
    #[arg(long, value_name = "URL", default_value = "http://127.0.0.1:8080")]
    pub(super) url: String,
    /// Key of the test site; better given as the variable, which no process list shows.
    #[arg(long, value_name = "KEY", env = "FLORIN_TEST_API_KEY", hide_env_values = true)]
    pub(super) key: String,
}

/// What a payment can be made to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
#[value(rename_all = "snake_case")]
enum Target {
    Initialized,
    Completed,
    Declined,
    Uncleared,
    Void,
    Expired,
    Cancelled,
    Shipped,
    Refunded,
    PartialRefunded,
    Chargedback,
}

/// Cards of the simulator's table.
const PAYS: &str = "4111111111111111";
const IS_DECLINED: &str = "4000050000000007";
const IS_HELD: &str = "4917300000000008";
const WAITS_FOR_THE_PAYER: &str = "5500000000000004";

/// Longer than the payer has, and than a hold of the review list lasts.
const BEYOND_EXPIRY_S: i64 = 2 * 60 * 60;
/// Over midnight, when refunds are settled.
const A_DAY_S: i64 = 24 * 60 * 60;
/// How long the last step may take to show, and how often it is looked for.
const PATIENCE: Duration = Duration::from_secs(20);
const LOOK: Duration = Duration::from_millis(100);
/// Longest wait for one answer: longer than a create call waits for its outcome.
const CALL_WAIT: Duration = Duration::from_secs(30);

impl Target {
    fn card(self) -> &'static str {
        match self {
            Target::Initialized | Target::Expired | Target::Cancelled => WAITS_FOR_THE_PAYER,
            Target::Declined => IS_DECLINED,
            Target::Uncleared | Target::Void => IS_HELD,
            Target::Completed
            | Target::Shipped
            | Target::Refunded
            | Target::PartialRefunded
            | Target::Chargedback => PAYS,
        }
    }

    /// `status` of the order at the start of the steps, and at their end.
    fn statuses(self) -> (&'static str, &'static str) {
        match self {
            Target::Initialized => ("initialized", "initialized"),
            Target::Completed => ("completed", "completed"),
            Target::Declined => ("declined", "declined"),
            Target::Uncleared => ("uncleared", "uncleared"),
            Target::Void => ("uncleared", "void"),
            Target::Expired => ("initialized", "expired"),
            // The contract's name of a cancelled order; its financial status says `cancelled`.
            Target::Cancelled => ("initialized", "void"),
            Target::Shipped => ("completed", "shipped"),
            Target::Refunded => ("completed", "refunded"),
            Target::PartialRefunded => ("completed", "partial_refunded"),
            Target::Chargedback => ("completed", "chargedback"),
        }
    }
}

pub(super) async fn run(options: TriggerOptions) -> Result<(), String> {
    let mut order = match &options.order {
        Some(path) => {
            let text = std::fs::read_to_string(path)
                .map_err(|error| format!("cannot read {}: {error}", path.display()))?;
            serde_json::from_str(&text)
                .map_err(|error| format!("{} is no JSON: {error}", path.display()))?
        }
        None => sample()?,
    };
    let target = options.state;
    let id = order_id(target);
    let members = order.as_object_mut().ok_or("an order is a JSON object")?;
    members.insert("type".to_owned(), json!("direct"));
    members.insert("order_id".to_owned(), json!(id));
    members.insert("gateway".to_owned(), json!("CREDITCARD"));
    let card = json!({
        "card_number": target.card(), "card_holder_name": "Florin Trigger",
        "card_expiry_date": "4912", "card_cvc": "123",
    });
    members.insert("gateway_info".to_owned(), card);
    let shop = Shop::new(options.shop)?;
    println!("order {id}");
    reach(&shop, target, &id, &order).await
}

/// The sample, with notifications to a port of this machine that nobody listens on, rather than to
/// the example's host.
fn sample() -> Result<Value, String> {
    let mut order: Value = serde_json::from_str(SAMPLE_ORDER).map_err(|it| it.to_string())?;
    if let Some(options) = order["payment_options"].as_object_mut() {
        options.insert("notification_url".to_owned(), json!("http://127.0.0.1:9/notify"));
        options.insert("notification_method".to_owned(), json!("POST"));
    }
    Ok(order)
}

/// Never used twice on a site, whichever process made it.
fn order_id(target: Target) -> String {
    let unique = uuid::Uuid::new_v4().simple().to_string();
    let name = target.to_possible_value().map(|it| it.get_name().replace('_', "-"));
    format!("trigger-{}-{}", name.unwrap_or_default(), &unique[..12])
}

async fn reach(shop: &Shop, target: Target, id: &str, order: &Value) -> Result<(), String> {
    let (begins, ends) = target.statuses();
    let path = format!("/v1/json/orders/{id}");
    let created = shop.call(Method::POST, "/v1/json/orders", Some(order)).await;
    match (created, target) {
        (Ok(_), _) => {}
        // A decline is an answer of this call; whether it is the one that is meant shows below.
        (Err(Refused::Answer { code: 1024, .. }), Target::Declined) => {}
        (Err(refused), _) => return Err(refused.to_string()),
    }
    shop.becomes(&path, begins).await?;
    let amount = order["amount"].as_i64().unwrap_or_default();
    let refund = |amount: i64| json!({ "currency": order["currency"], "amount": amount });
    let refunds = format!("{path}/refunds");
    match target {
        Target::Initialized | Target::Completed | Target::Declined | Target::Uncleared => {}
        Target::Void | Target::Expired => shop.advance(BEYOND_EXPIRY_S).await?,
        Target::Cancelled => {
            let body = json!({ "status": "cancelled", "exclude_order": true });
            shop.must(Method::PATCH, &path, &body).await?;
        }
        Target::Shipped => shop.must(Method::PATCH, &path, &json!({ "status": "shipped" })).await?,
        Target::Refunded => {
            shop.must(Method::POST, &refunds, &refund(amount)).await?;
            shop.advance(A_DAY_S).await?;
        }
        Target::PartialRefunded => {
            if amount < 2 {
                return Err("an amount of less than 2 cannot be refunded in part".to_owned());
            }
            shop.must(Method::POST, &refunds, &refund(amount / 2)).await?;
            shop.advance(A_DAY_S).await?;
        }
        Target::Chargedback => {
            let body = json!({ "order_id": id, "reason_code": "13.1" });
            shop.must(Method::POST, "/test/chargebacks", &body).await?;
        }
    }
    shop.becomes(&path, ends).await?;
    println!("{id} is {ends}");
    Ok(())
}

/// Calls to the gateway, each told in a line.
struct Shop {
    http: reqwest::Client,
    shop: TestShop,
}

/// Why a call came to nothing.
enum Refused {
    Answer { code: i64, info: String },
    NotThere(String),
}

impl std::fmt::Display for Refused {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Refused::Answer { code, info } => write!(out, "the gateway refused: {code}, {info}"),
            Refused::NotThere(url) => write!(
                out,
                "no gateway answers at {url}; start one with `florin serve`, or name it with --url"
            ),
        }
    }
}

impl Shop {
    fn new(shop: TestShop) -> Result<Shop, String> {
        let http = reqwest::Client::builder()
            .timeout(CALL_WAIT)
            .redirect(reqwest::redirect::Policy::none())
            .no_proxy()
            .build()
            .map_err(|it| it.to_string())?;
        let shop = TestShop { url: shop.url.trim_end_matches('/').to_owned(), ..shop };
        Ok(Shop { http, shop })
    }

    async fn call(
        &self,
        method: Method,
        path: &str,
        body: Option<&Value>,
    ) -> Result<Value, Refused> {
        let not_there = || Refused::NotThere(self.shop.url.clone());
        if method != Method::GET {
            println!("  {method} {path}");
        }
        let mut request = self
            .http
            .request(method, format!("{}{path}", self.shop.url))
            .header("api_key", &self.shop.key);
        if let Some(body) = body {
            request = request.header("content-type", "application/json").body(body.to_string());
        }
        let answer = request.send().await.map_err(|_| not_there())?;
        let bytes = answer.bytes().await.map_err(|_| not_there())?;
        let answer: Value = serde_json::from_slice(&bytes).map_err(|_| not_there())?;
        if answer["success"] == true {
            return Ok(answer);
        }
        let info = answer["error_info"].as_str().unwrap_or_default().to_owned();
        Err(Refused::Answer { code: answer["error_code"].as_i64().unwrap_or_default(), info })
    }

    async fn must(&self, method: Method, path: &str, body: &Value) -> Result<(), String> {
        self.call(method, path, Some(body)).await.map(drop).map_err(|it| it.to_string())
    }

    /// Moves the site's clock, which moves it for every order of the site.
    async fn advance(&self, seconds: i64) -> Result<(), String> {
        self.must(Method::POST, "/test/clock/advance", &json!({ "seconds": seconds })).await
    }

    async fn becomes(&self, path: &str, status: &str) -> Result<(), String> {
        let begun = tokio::time::Instant::now();
        let mut seen = String::new();
        while begun.elapsed() < PATIENCE {
            let order = self.call(Method::GET, path, None).await.map_err(|it| it.to_string())?;
            let now = order["data"]["status"].as_str().unwrap_or_default();
            if now != seen {
                println!("  status {now}");
                now.clone_into(&mut seen);
            }
            if now == status {
                return Ok(());
            }
            tokio::time::sleep(LOOK).await;
        }
        Err(format!("the order is {seen}, not {status}"))
    }
}
