//! What shops do with orders that they have begun: claim, give up, give back, cancel, ship, ask.
//!
//! A table of actions by weight. What a shop was told is remembered for the oracle; whether it may
//! do what it asks for, it does not know.

use axum::http::Method;
use serde_json::{Value, json};

use crate::network::calls::{Call, JSON};
use crate::shop::{Begun, PATIENCE, Shops, Told};

/// One thing that a shop does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    Look,
    CaptureAll,
    CapturePart,
    Release,
    Increment,
    RefundAll,
    RefundPart,
    VoidRefund,
    Cancel,
    Ship,
    Note,
}

/// How likely each is. To add one: a row here, its call below, what it means in the oracle.
const ACTIONS: [(u32, Action); 11] = [
    (25, Action::Look),
    (14, Action::CaptureAll),
    (16, Action::CapturePart),
    (6, Action::Release),
    (7, Action::Increment),
    (12, Action::RefundAll),
    (16, Action::RefundPart),
    (14, Action::VoidRefund),
    (6, Action::Cancel),
    (6, Action::Ship),
    (4, Action::Note),
];

impl Shops {
    /// Does something with an order, whatever it is.
    pub async fn act(&self, begun: &Begun) {
        let action = *self.world.chance.weighted(&ACTIONS);
        // Captures in part are orders of their own, and can be given back as well.
        let names = self.sales_of(begun);
        let name = self.world.chance.one_of(&names).clone();
        if action == Action::Look {
            self.look(&begun.shop, &name).await;
            return;
        }
        let Some(call) = self.call_of(action, begun, &name) else { return };
        let call = Call { api_key: Some(begun.shop.api_key.clone()), ..call };
        let reply = match self.front.call(call, PATIENCE).await {
            Ok(reply) => reply,
            Err(why) => {
                self.world.note(format_args!("{action:?} {name}: {why:?}"));
                return;
            }
        };
        let answer: Value = serde_json::from_slice(&reply.body).unwrap_or_default();
        self.world
            .note(format_args!("{action:?} {name}: {} {}", reply.status, answer["error_code"]));
        if reply.status != 200 || answer["success"] != json!(true) {
            return;
        }
        self.world.count(counted(action));
        let data = &answer["data"];
        let text = |member: &str| data[member].as_str().unwrap_or_default().to_owned();
        let told = match action {
            Action::Look | Action::Note => return,
            Action::CaptureAll | Action::CapturePart => {
                Told::Captured { order_id: text("order_id") }
            }
            Action::Release => Told::Released,
            Action::Increment => Told::Incremented,
            Action::RefundAll | Action::RefundPart => {
                Told::Refunded { refund_id: data["refund_id"].as_i64().unwrap_or_default() }
            }
            Action::VoidRefund => return,
            Action::Cancel => Told::Cancelled,
            Action::Ship => Told::Shipped,
        };
        self.remember(&begun.shop, &name, told);
    }

    fn call_of(&self, action: Action, begun: &Begun, name: &str) -> Option<Call> {
        let chance = &self.world.chance;
        let some = || chance.between(1, u64::try_from(begun.amount).unwrap_or(1));
        let patch = |url: String, body: Value| Call {
            method: Method::PATCH,
            ..Call::post(&url, JSON, body.to_string())
        };
        let order = format!("/v1/json/orders/{name}");
        Some(match action {
            Action::Look => return None,
            Action::CaptureAll => {
                Call::post(&format!("{order}/capture"), JSON, json!({}).to_string())
            }
            Action::CapturePart => {
                let body = json!({ "amount": some() / 2 + 1, "new_order_status": "completed" });
                Call::post(&format!("{order}/capture"), JSON, body.to_string())
            }
            Action::Release => patch(
                format!("/v1/json/capture/{name}"),
                json!({ "status": "cancelled", "reason": "storm" }),
            ),
            Action::Increment => {
                let body = json!({ "amount": some() });
                Call::post(&format!("{order}/increment"), JSON, body.to_string())
            }
            Action::RefundAll | Action::RefundPart => {
                let mut body = json!({ "currency": "EUR", "description": "storm" });
                if action == Action::RefundPart {
                    body["amount"] = json!(some() / 2 + 1);
                }
                Call::post(&format!("{order}/refunds"), JSON, body.to_string())
            }
            Action::VoidRefund => {
                let refunds = self.refunds_of(begun);
                if refunds.is_empty() {
                    return None;
                }
                let (name, refund_id) = chance.one_of(&refunds);
                let url = format!("/v1/json/orders/{name}/refunds/{refund_id}");
                patch(url, json!({ "status": "void" }))
            }
            Action::Cancel => patch(order, json!({ "status": "cancelled" })),
            Action::Ship => {
                patch(order, json!({ "status": "shipped", "tracktrace_code": "storm" }))
            }
            Action::Note => patch(order, json!({ "invoice_id": "storm" })),
        })
    }

    /// The names under which the order and its captures in part are known to the shop.
    fn sales_of(&self, begun: &Begun) -> Vec<String> {
        let memories = self.memories();
        let captured = memories.told.iter().filter_map(|told| match &told.told {
            Told::Captured { order_id } if told.order_id == begun.order_id => {
                Some(order_id.clone())
            }
            _ => None,
        });
        std::iter::once(begun.order_id.clone()).chain(captured).collect()
    }

    /// Refunds of the order and of its captures in part that the shop was told of.
    fn refunds_of(&self, begun: &Begun) -> Vec<(String, i64)> {
        let names = self.sales_of(begun);
        let memories = self.memories();
        let of_order = memories
            .told
            .iter()
            .filter(|told| told.site_id == begun.shop.site_id && names.contains(&told.order_id));
        let refunds = of_order.filter_map(|told| match told.told {
            Told::Refunded { refund_id } => Some((told.order_id.clone(), refund_id)),
            _ => None,
        });
        refunds.collect()
    }
}

fn counted(action: Action) -> &'static str {
    match action {
        Action::Look => "shop: looked",
        Action::CaptureAll => "shop: captured all",
        Action::CapturePart => "shop: captured a part",
        Action::Release => "shop: released",
        Action::Increment => "shop: got more authorized",
        Action::RefundAll => "shop: refunded all",
        Action::RefundPart => "shop: refunded a part",
        Action::VoidRefund => "shop: took a refund back",
        Action::Cancel => "shop: cancelled",
        Action::Ship => "shop: shipped",
        Action::Note => "shop: noted",
    }
}
