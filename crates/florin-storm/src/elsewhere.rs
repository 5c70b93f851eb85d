//! Payments by other methods than cards: what shops and payers choose, and how a gateway gets to the
//! providers.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use axum::Router;
use axum::http::Method;
use bytes::Bytes;
use florin::provider::{Answered, ProviderError, Wire};
use serde_json::{Value, json};

use crate::chance::Chance;
use crate::mood::Who;
use crate::network::calls::{self, Call, JSON, Reply};
use crate::world::World;

/// Opens the bank's and the providers' calls for machines.
pub const SIMULATOR_TOKEN: &str = "storm-simulator";
/// How long a gateway waits for a provider.
const PATIENCE: Duration = Duration::from_secs(10);
/// Orders that name another method than cards, in permille.
const NAMED: u32 = 60;
/// Payers who leave the form for the card for another method, in permille.
const RATHER: u32 = 120;
/// Refunds that providers decline, in permille.
const REFUSED: u32 = 80;
/// Methods that shops name: paid at once, or taken back; later; promised; paid without the payer.
const METHODS: [&str; 6] = ["IDEAL", "PAYPAL", "BANKTRANS", "DIRDEB", "KLARNA", "BILLINK"];
/// Methods that payers choose on a page: as above, but for those that need to know what is bought.
const ON_PAGE: [&str; 4] = ["IDEAL", "PAYPAL", "BANKTRANS", "DIRDEB"];

/// The method that an order names, if it names one.
pub fn named(chance: &Chance) -> Option<&'static str> {
    chance.is(NAMED).then(|| *chance.one_of(&METHODS))
}

/// What such an order has besides, of an amount in minor units.
pub fn describe(order: &mut Value, method: &str, amount: i64) {
    order["gateway"] = json!(method);
    if method == "BILLINK" {
        order["gateway_info"] = json!({ "birthday": "1990-01-31" });
    }
    if ["KLARNA", "BILLINK"].contains(&method) {
        let price = format!("{}.{:02}", amount / 100, amount % 100);
        order["shopping_cart"] = json!({ "items": [{
            "name": "Storm", "unit_price": price, "quantity": 1, "merchant_item_id": "storm",
            "tax_table_selector": "none",
        }] });
        order["checkout_options"] = json!({ "tax_tables": {
            "default": { "rate": 0 }, "alternate": [{ "name": "none", "rules": [{ "rate": 0 }] }],
        } });
    }
}

/// Whether a payer who is asked for a card goes to the other methods.
pub fn goes_there(chance: &Chance) -> bool {
    chance.is(RATHER)
}

/// The method that a payer chooses on a page.
pub fn chosen(chance: &Chance) -> String {
    (*chance.one_of(&ON_PAGE)).to_owned()
}

/// How a payer has a payment end on a provider's page: any way that it offers.
pub fn scenario(chance: &Chance, page: &str) -> Option<String> {
    let list = page.split_once("name=\"scenario\"")?.1.split("</select>").next()?;
    let values = list.split("<option value=\"").skip(1).filter_map(|it| it.split('"').next());
    let values: Vec<&str> = values.collect();
    // The first is the usual one.
    let chosen = if chance.is(300) { values.first()? } else { chance.one_of(&values) };
    Some((*chosen).to_owned())
}

/// Whether a provider declines this refund: the same each time that it is asked for it.
fn declines(body: &[u8]) -> bool {
    let mix = |sum: u32, byte: &u8| (sum ^ u32::from(*byte)).wrapping_mul(0x0100_0193);
    (body.iter().fold(0x811c_9dc5, mix) >> 8) % 1000 < REFUSED
}

fn declined() -> Reply {
    let body = Bytes::from_static(b"{\"status\":\"declined\"}");
    Reply { status: 200, location: None, asks_to_return: false, body }
}

/// A gateway's way to the providers.
pub struct ToProvider {
    pub world: Arc<World>,
    pub routes: Router,
}

#[async_trait]
impl Wire for ToProvider {
    async fn call(
        &self,
        method: Method,
        path: &str,
        body: Option<String>,
    ) -> Result<Answered, ProviderError> {
        let call = Call { method, ..Call::post(path, JSON, body.unwrap_or_default()) };
        let call = Call { bearer: Some(SIMULATOR_TOKEN), ..call };
        let declines = path.ends_with("/refunds") && declines(&call.body);
        let answer = || {
            let (routes, call) = (self.routes.clone(), call.clone());
            async move { if declines { declined() } else { calls::serve(routes, call).await } }
        };
        let carried = calls::carry(&self.world, Some(Who::Provider), None, answer);
        match tokio::time::timeout(PATIENCE, carried).await {
            Ok(Ok(reply)) => Ok(Answered { status: reply.status, body: reply.body.to_vec() }),
            Ok(Err(_)) | Err(_) => Err(ProviderError::Unreachable),
        }
    }
}
