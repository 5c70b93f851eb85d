//! What shops do with orders that they have begun: claim, give up, give back, cancel, ship, ask.
//!
//! A table of actions by weight. What a shop was told is remembered for the oracle; whether it may
//! do what it asks for, it does not know.

use std::sync::Arc;

use axum::http::Method;
use serde_json::{Value, json};

use crate::disputes::Claimed;
use crate::keys::KEYED_CHANGES;
use crate::network::calls::Call;
use crate::purchase::Begun;
use crate::shop::{PATIENCE, Shops, Told};
use crate::wallets::Care;

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
    /// Ships a part of what is bought now and paid later.
    ShipPart,
    /// Has a provider stand by its promise for longer.
    Prolong,
    Note,
    /// Another session or attempt under the same id.
    OfferAnew,
    ChargeBack,
    Pursue,
    Decide,
    Care(Care),
}

/// How likely each is. To add one: a row here, its call below, what it means in the oracle.
const ACTIONS: [(u32, Action); 20] = [
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
    (8, Action::ShipPart),
    (4, Action::Prolong),
    (4, Action::Note),
    (4, Action::OfferAnew),
    (9, Action::ChargeBack),
    (4, Action::Pursue),
    (4, Action::Decide),
    (8, Action::Care(Care::List)),
    (2, Action::Care(Care::Renew)),
    (2, Action::Care(Care::Remove)),
];

/// Shops that give up for good, in permille.
const EXCLUDED: u32 = 250;
/// Shops that begin anew after they have given up, in permille.
const ANEW_AFTER_CANCEL: u32 = 400;
/// Shops that begin anew when they hear that it came to nothing, in permille.
const ANEW_AFTER_FAILURE: u32 = 200;
/// Shipments in part that cost half of the order, so that two of them end it, in permille.
const LAST_PART: u32 = 500;
/// Held or promised orders that a shop begins to ship when it sees them, in permille.
const SHIPPED_IN_PARTS: u32 = 600;
/// Of shipments in part those that another one follows at once, and not a refund, in permille.
const SHIPPED_ON: u32 = 600;
/// Statuses of orders that came to nothing, and can be paid all the same.
pub(crate) const FAILED: [&str; 4] = ["void", "expired", "cancelled", "declined"];
/// Captures in part and refunds in part that a chargeback follows at once, in permille.
const TAKEN_AFTER_CAPTURE: u32 = 250;
const TAKEN_AFTER_REFUND: u32 = 120;
/// The same where it is a capture in part that was refunded in part.
const TAKEN_AFTER_PART: u32 = 400;

impl Shops {
    /// Does something with an order, whatever it is.
    pub async fn act(self: &Arc<Shops>, begun: &Begun) {
        let action = *self.world.chance.weighted(&ACTIONS);
        // Captures in part are orders of their own, and can be given back as well.
        let names = self.sales_of(begun);
        let name = self.world.chance.one_of(&names).clone();
        match action {
            Action::Look => {
                let status = self.look(&begun.shop, &name).await;
                let status = status.filter(|_| name == begun.order_id);
                let chance = &self.world.chance;
                match status.as_deref() {
                    Some(failed) if FAILED.contains(&failed) && chance.is(ANEW_AFTER_FAILURE) => {
                        self.attempt(&begun.anew(chance)).await;
                    }
                    Some("uncleared") if chance.is(SHIPPED_IN_PARTS) => {
                        self.change(Action::ShipPart, begun, &name).await;
                    }
                    _ => {}
                }
            }
            Action::OfferAnew => {
                self.attempt(&begun.anew(&self.world.chance)).await;
            }
            Action::ChargeBack => {
                self.charge_back(begun, &name, Claimed::Any).await;
                self.pursue(begun, &name).await;
            }
            Action::Pursue => self.pursue(begun, &name).await,
            Action::Decide => self.decide(begun).await,
            Action::Care(care) => self.care(begun, care).await,
            _ => self.change(action, begun, &name).await,
        }
    }

    /// Changes an order, or tries to.
    pub(crate) async fn change(self: &Arc<Shops>, action: Action, begun: &Begun, name: &str) {
        let key = self.draw_key(KEYED_CHANGES);
        let mark = key.as_deref().unwrap_or("storm");
        let Some(call) = self.call_of(action, begun, name, mark) else { return };
        let call = Call { idempotency_key: key, ..call };
        let reply = match self.ask(&begun.shop, call, PATIENCE).await {
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
            // All of it in one part is the order itself.
            Action::ShipPart if data["order_id"] == name => Told::Shipped,
            Action::CaptureAll | Action::CapturePart | Action::ShipPart => {
                Told::Captured { order_id: text("order_id") }
            }
            Action::Release => Told::Released,
            Action::Increment => Told::Incremented,
            Action::RefundAll | Action::RefundPart => {
                Told::Refunded { refund_id: data["refund_id"].as_i64().unwrap_or_default() }
            }
            Action::Cancel => Told::Cancelled,
            Action::Ship => Told::Shipped,
            _ => return,
        };
        self.remember(&begun.shop, name, told);
        let chance = &self.world.chance;
        match (action, data["order_id"].as_str()) {
            (Action::Cancel, _) if chance.is(ANEW_AFTER_CANCEL) => {
                self.attempt(&begun.anew(chance)).await;
            }
            (Action::ShipPart, Some(part)) if part != name => self.go_on(begun, name, part).await,
            (Action::CapturePart, Some(part)) if chance.is(TAKEN_AFTER_CAPTURE) => {
                self.charge_back(begun, part, Claimed::Any).await;
                self.pursue(begun, part).await;
            }
            (Action::RefundPart, _) if name != begun.order_id && chance.is(TAKEN_AFTER_PART) => {
                self.charge_back(begun, name, Claimed::AllAsFraud).await;
                self.pursue(begun, name).await;
            }
            (Action::RefundPart, _) if chance.is(TAKEN_AFTER_REFUND) => {
                self.charge_back(begun, name, Claimed::Any).await;
            }
            _ => {}
        }
    }

    /// Goes on with an order of which a part was shipped: ships more of it, or gives of that part
    /// back.
    async fn go_on(self: &Arc<Shops>, begun: &Begun, name: &str, part: &str) {
        let (action, name) = match self.world.chance.is(SHIPPED_ON) {
            true => (Action::ShipPart, name),
            false => (Action::RefundPart, part),
        };
        Box::pin(self.change(action, begun, name)).await;
    }

    /// The call of an action; `mark` is said to the order where there is a place for it.
    fn call_of(&self, action: Action, begun: &Begun, name: &str, mark: &str) -> Option<Call> {
        let chance = &self.world.chance;
        let some = || chance.between(1, u64::try_from(begun.amount).unwrap_or(1));
        let post = |url: &str, body: Value| Call::json(Method::POST, url, &body);
        let patch = |url: &str, body: Value| Call::json(Method::PATCH, url, &body);
        let order = format!("/v1/json/orders/{name}");
        Some(match action {
            Action::CaptureAll => post(&format!("{order}/capture"), json!({})),
            Action::CapturePart => {
                let mut body = json!({ "amount": some() / 2 + 1, "new_order_status": "completed" });
                if mark.starts_with("key-") {
                    body["new_order_id"] = json!(format!("part-{mark}"));
                }
                post(&format!("{order}/capture"), body)
            }
            Action::Release => patch(
                &format!("/v1/json/capture/{name}"),
                json!({ "status": "cancelled", "reason": "storm" }),
            ),
            Action::Increment => post(&format!("{order}/increment"), json!({ "amount": some() })),
            Action::RefundAll | Action::RefundPart => {
                let mut body = json!({ "currency": "EUR", "description": mark });
                if action == Action::RefundPart {
                    body["amount"] = json!(some() / 2 + 1);
                }
                post(&format!("{order}/refunds"), body)
            }
            Action::VoidRefund => {
                let refunds = self.refunds_of(begun);
                if refunds.is_empty() {
                    return None;
                }
                let (name, refund_id) = chance.one_of(&refunds);
                let url = format!("/v1/json/orders/{name}/refunds/{refund_id}");
                patch(&url, json!({ "status": "void" }))
            }
            Action::Cancel => {
                let exclude = self.world.chance.is(EXCLUDED);
                patch(&order, json!({ "status": "cancelled", "exclude_order": exclude }))
            }
            Action::Ship => patch(&order, json!({ "status": "shipped", "carrier": "storm" })),
            Action::ShipPart => {
                let half = u64::try_from(begun.amount).unwrap_or(2) / 2;
                let amount = if chance.is(LAST_PART) { half } else { some() / 2 + 1 };
                let mut body = json!({ "status": "shipped", "partial_shipment_amount": amount });
                if mark.starts_with("key-") {
                    body["new_order_id"] = json!(format!("part-{mark}"));
                }
                patch(&order, body)
            }
            Action::Prolong => patch(&order, json!({ "extend_expiration": true })),
            Action::Note => patch(&order, json!({ "invoice_id": "storm" })),
            // These are more than a call.
            _ => return None,
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
        Action::CaptureAll => "shop: captured all",
        Action::CapturePart => "shop: captured a part",
        Action::Release => "shop: released",
        Action::Increment => "shop: got more authorized",
        Action::RefundAll => "shop: refunded all",
        Action::RefundPart => "shop: refunded a part",
        Action::VoidRefund => "shop: took a refund back",
        Action::Cancel => "shop: cancelled",
        Action::Ship => "shop: shipped",
        Action::ShipPart => "shop: shipped a part",
        Action::Prolong => "shop: had a promise prolonged",
        _ => "shop: noted",
    }
}
