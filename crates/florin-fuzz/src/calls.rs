//! Calls of the API with their effects: what is refused changes nothing.
//!
//! An input is one call or several, with a line `%%` between them. The first line of a call is
//! `METHOD /path`, the rest is the body. The gateway behind it is a whole one:
//! orders that are taken go to the simulator's host and to its 3-D Secure.

use std::collections::HashSet;

use axum::http::Method;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::Value;

use crate::Run;
use crate::world::World;

/// The site is emptied after so many calls, so that the last is answered like the first.
const CALLS_PER_SITE: u32 = 2_000;

const BETWEEN: &[u8] = b"\n%%\n";
const CALLS_PER_INPUT_MAX: usize = 8;

pub(crate) fn open() -> Run {
    let world = World::open();
    let mut calls = 0;
    let mut incremented = HashSet::new();
    Box::new(move |bytes| {
        for call in parts(bytes).filter_map(Call::read) {
            calls += 1;
            if calls % CALLS_PER_SITE == 0 {
                empty(&world);
            }
            world.runtime.block_on(make(&world, call, &mut incremented));
        }
    })
}

/// The calls of an input.
fn parts(bytes: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut rest = Some(bytes);
    std::iter::from_fn(move || {
        let bytes = rest?;
        let end = bytes.windows(BETWEEN.len()).position(|window| window == BETWEEN);
        rest = end.map(|end| &bytes[end + BETWEEN.len()..]);
        Some(&bytes[..end.unwrap_or(bytes.len())])
    })
    .take(CALLS_PER_INPUT_MAX)
}

struct Call {
    method: Method,
    path: String,
    body: Vec<u8>,
    /// The order that the call is about, as its path or body names it.
    order_id: Option<String>,
}

impl Call {
    fn read(bytes: &[u8]) -> Option<Call> {
        let end = bytes.iter().position(|byte| *byte == b'\n').unwrap_or(bytes.len());
        let line = std::str::from_utf8(&bytes[..end]).ok()?;
        let (method, path) = line.split_once(' ')?;
        let method = Method::from_bytes(method.as_bytes()).ok()?;
        let mut body = bytes.get(end + 1..).unwrap_or_default().to_vec();
        let mut order_id = path
            .strip_prefix("/v1/json/orders/")
            .and_then(|rest| rest.split('/').next())
            .map(|id| percent_encoding::percent_decode_str(id).decode_utf8_lossy().into_owned());
        if let Ok(mut order) = serde_json::from_slice::<Value>(&body) {
            keep_at_home(&mut order);
            order_id = order_id.or_else(|| match &order["order_id"] {
                Value::String(id) => Some(id.clone()),
                Value::Number(id) => Some(id.to_string()),
                _ => None,
            });
            body = order.to_string().into_bytes();
        }
        Some(Call { method, path: path.to_owned(), body, order_id })
    }
}

/// No search calls addresses that it made up.
fn keep_at_home(order: &mut Value) {
    let options = order.get_mut("payment_options").and_then(Value::as_object_mut);
    let _ = options.map(|options| options.remove("notification_url"));
}

async fn make(world: &World, call: Call, incremented: &mut HashSet<String>) {
    let before = look(world, call.order_id.as_deref()).await;
    let made = World::call(&world.gateway, call.method, &call.path, call.body).await;
    let Some((status, answer)) = made else {
        return;
    };
    if call.path.contains("increment") {
        let named = before.iter().filter_map(|order| order["order_id"].as_str());
        incremented.extend(named.map(str::to_owned));
    }
    let after = look(world, call.order_id.as_deref()).await;
    for order in before.iter().chain(&after) {
        adds_up(order, incremented.contains(order["order_id"].as_str().unwrap_or_default()));
    }
    let success = answer["success"] == true;
    assert_eq!(success, (200..300).contains(&status) && answer.get("error_code").is_none());
    // A card that the issuer declines, or that cannot be one, is kept as a declined order.
    let was_declined = answer["error_code"] == 1024;
    if !success && !was_declined {
        let trail = |order: &Option<Value>| order.as_ref().map(trail);
        assert_eq!(trail(&before), trail(&after), "a refused call changes nothing: {answer}");
    }
}

/// No order gives back more than it took, or takes more than it was promised.
fn adds_up(order: &Value, is_incremented: bool) {
    let number = |value: &Value| value.as_i64().unwrap_or(0);
    let amount = number(&order["amount"]);
    let related = order["related_transactions"].as_array().map_or(&[][..], Vec::as_slice);
    let sum = |kind: &str| {
        let counted = related.iter().filter(|it| it["type"] == kind && it["status"] != "void");
        counted.map(|it| number(&it["amount"]).abs()).sum::<i64>()
    };
    let remain = number(&order["payment_details"]["capture_remain"]);
    assert!(sum("refund") <= amount, "more refunded than paid: {order}");
    assert!((0..=amount).contains(&number(&order["amount_refunded"])), "{order}");
    // An order keeps its amount when more is authorized for it.
    let held = if is_incremented { i64::MAX } else { amount };
    assert!(remain >= 0 && sum("capture") + remain <= held, "more captured than held: {order}");
}

/// What calls change of an order, as far as nothing else changes it meanwhile.
fn trail(order: &Value) -> (usize, Value, Value) {
    let related = order["related_transactions"].as_array().map_or(0, Vec::len);
    (related, order["payment_details"]["capture_remain"].clone(), order["amount"].clone())
}

/// The order as the API shows it.
async fn look(world: &World, order_id: Option<&str>) -> Option<Value> {
    let path = format!("/v1/json/orders/{}", utf8_percent_encode(order_id?, NON_ALPHANUMERIC));
    let (status, answer) = World::call(&world.gateway, Method::GET, &path, Vec::new()).await?;
    (status == 200).then(|| answer["data"].clone())
}

fn empty(world: &World) {
    let site = world.gateway.directory.sites().remove(0);
    world.runtime.block_on(async {
        world.gateway.delete_site_data(&site).await.expect("a test site can be emptied");
    });
}
