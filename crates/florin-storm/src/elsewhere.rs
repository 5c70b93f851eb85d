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

use crate::bugs::Bug;
use crate::chance::Chance;
use crate::forms::shows_parts;
use crate::mood::Who;
use crate::network::calls::{self, Call, JSON, Reply};
use crate::world::World;

/// Opens the bank's and the providers' calls for machines.
pub const SIMULATOR_TOKEN: &str = "storm-simulator";
/// How long a gateway waits for a provider.
const PATIENCE: Duration = Duration::from_secs(10);
/// Orders that name another method than cards, in permille.
const NAMED: u32 = 80;
/// Payers who leave the form for the card for another method, in permille.
const RATHER: u32 = 180;
/// The same where gift cards have paid a part.
const RATHER_IN_PART: u32 = 400;
/// Orders on pages that name a gift card, in permille.
const WITH_GIFT_CARD: u32 = 100;
/// Methods that are named anew on pages and are gift cards, in permille.
const GIFT_CARD_ANEW: u32 = 300;
/// Payers whose gift card pays a part, or whose payment is only promised, where that can be, in
/// permille.
const RARE: u32 = 700;
/// Refunds that providers decline, in permille.
const REFUSED: u32 = 80;
/// Methods that shops name: paid at once, or taken back; later; promised; paid without the payer.
const METHODS: [&str; 6] = ["IDEAL", "PAYPAL", "BANKTRANS", "DIRDEB", "KLARNA", "BILLINK"];
/// Methods that need to know what is bought.
const WITH_CART: [&str; 2] = ["KLARNA", "BILLINK"];
/// Gift cards: they may have less than is asked for.
const GIFT_CARDS: [&str; 2] = ["VVVGIFTCRD", "WEBSHOPGFT"];
/// Methods that payers choose on a page, where it offers them; gift cards as often as all others.
const ON_PAGE: [&str; 11] = [
    "IDEAL",
    "PAYPAL",
    "BANKTRANS",
    "DIRDEB",
    "KLARNA",
    "KLARNA",
    "VVVGIFTCRD",
    "VVVGIFTCRD",
    "VVVGIFTCRD",
    "WEBSHOPGFT",
    "WEBSHOPGFT",
];
/// Most that is on a gift card, in minor units.
const BALANCE_MAX: u64 = 30_000;

/// The method that an order names, if it names one.
pub fn named(chance: &Chance, on_page: bool) -> Option<&'static str> {
    if on_page && chance.is(WITH_GIFT_CARD) {
        return Some(*chance.one_of(&GIFT_CARDS));
    }
    chance.is(NAMED).then(|| *chance.one_of(&METHODS))
}

/// A method that an order can name.
pub fn any(chance: &Chance, on_page: bool) -> &'static str {
    let methods: &[&'static str] = match on_page && chance.is(GIFT_CARD_ANEW) {
        true => &GIFT_CARDS,
        false => &METHODS,
    };
    chance.one_of::<&str>(methods)
}

/// Whether a provider may promise to pay such an order, and not do it.
pub fn may_be_promised(method: Option<&str>) -> bool {
    method.is_some_and(|method| WITH_CART.contains(&method))
}

/// Whether a method is a gift card.
pub fn is_gift_card(method: &str) -> bool {
    GIFT_CARDS.contains(&method)
}

/// What an order of an amount in minor units has besides that names a method.
pub fn describe(order: &mut Value, method: &str, amount: i64) {
    order["gateway"] = json!(method);
    match method {
        "BILLINK" => order["gateway_info"] = json!({ "birthday": "1990-01-31" }),
        "DIRDEB" => {
            order["gateway_info"] = json!({
                "account_id": "NL91ABNA0417164300", "account_holder_name": "T Storm",
            });
        }
        _ => {}
    }
    if WITH_CART.contains(&method) {
        fill_cart(order, amount);
    }
}

/// What is bought for an amount in minor units.
pub fn fill_cart(order: &mut Value, amount: i64) {
    let price = format!("{}.{:02}", amount / 100, amount % 100);
    order["shopping_cart"] = json!({ "items": [{
        "name": "Storm", "unit_price": price, "quantity": 1, "merchant_item_id": "storm",
        "tax_table_selector": "none",
    }] });
    order["checkout_options"] = json!({ "tax_tables": {
        "default": { "rate": 0 }, "alternate": [{ "name": "none", "rules": [{ "rate": 0 }] }],
    } });
}

/// Whether a payer who is asked for a card goes to the other methods.
pub fn goes_there(chance: &Chance, page: &str) -> bool {
    chance.is(if shows_parts(page) { RATHER_IN_PART } else { RATHER })
}

/// The method that a payer chooses among those of a page.
pub fn chosen(chance: &Chance, page: &str) -> Option<String> {
    let is_offered = |id: &&&str| page.contains(&format!(" value=\"{id}\""));
    let offered: Vec<&str> = ON_PAGE.iter().filter(is_offered).copied().collect();
    (!offered.is_empty()).then(|| (*chance.one_of(&offered)).to_owned())
}

/// What is on the gift card that a payer has, in minor units.
pub fn balance(chance: &Chance) -> String {
    chance.below(BALANCE_MAX).to_string()
}

/// How a payer has a payment end on a provider's page: any way that it offers.
pub fn scenario(chance: &Chance, page: &str) -> Option<String> {
    let list = page.split_once("name=\"scenario\"")?.1.split("</select>").next()?;
    let values = list.split("<option value=\"").skip(1).filter_map(|it| it.split('"').next());
    let values: Vec<&str> = values.collect();
    // The first is the usual one.
    let chosen = if chance.is(300) { values.first()? } else { chance.one_of(&values) };
    // Few gift cards have as much as is asked for, and few who pay later are trusted at once.
    let is_rare = |it: &&str| {
        it.ends_with("f_balance") || it.starts_with("typed_") || it.starts_with("uncleared")
    };
    let rare: Vec<&str> = values.iter().filter(|it| is_rare(it)).copied().collect();
    let chosen = if !rare.is_empty() && chance.is(RARE) { chance.one_of(&rare) } else { chosen };
    Some((*chosen).to_owned())
}

/// Whether a provider declines this refund, or to pay for this shipment in part: the same each time
/// that it is asked for it.
fn declines(path: &str, body: &[u8]) -> bool {
    let may_decline = path.ends_with("/refunds") || path.ends_with("/shipments") && body != b"{}";
    may_decline && is_unlucky(body)
}

fn is_unlucky(body: &[u8]) -> bool {
    let mix = |sum: u32, byte: &u8| (sum ^ u32::from(*byte)).wrapping_mul(0x0100_0193);
    (body.iter().fold(0x811c_9dc5, mix) >> 8) % 1000 < REFUSED
}

/// What asks for money, as a gateway with such a mistake would ask: `member` has the number.
fn renumbered(body: &str, member: &str, chance: &Chance) -> String {
    let mut asked: Value = serde_json::from_str(body).unwrap_or_default();
    if asked[member].is_string() {
        asked[member] = json!(chance.next().to_string());
    }
    asked.to_string()
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
        let body = match self.world.bug {
            Some(Bug::RefundRenumbered) if path.ends_with("/refunds") => {
                body.map(|body| renumbered(&body, "refund", &self.world.chance))
            }
            Some(Bug::ShipmentRenumbered) if path.ends_with("/shipments") => {
                body.map(|body| renumbered(&body, "shipment", &self.world.chance))
            }
            _ => body,
        };
        let call = Call { method, ..Call::post(path, JSON, body.unwrap_or_default()) };
        let call = Call { bearer: Some(SIMULATOR_TOKEN), ..call };
        let declines = declines(path, &call.body);
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
