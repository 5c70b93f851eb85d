//! Decisions on held payments, by the operator's ways: the internal call, and the command that
//! leaves a decision in the store of gateways that run.

use std::sync::Arc;

use axum::http::Method;
use florin::gateway::risk::review::request_kind;
use florin::store::{Committed, Orders, TimerChange, UnitOfWork};
use florin_core::payment::{Decider, ReviewVerdict};
use serde_json::json;

use crate::network::calls::Call;
use crate::processes::OPERATOR_TOKEN;
use crate::purchase::Begun;
use crate::shop::{PATIENCE, Shops, Told};
use crate::store::MemoryStore;

/// How often an order that others change meanwhile is read again.
const ROUNDS_MAX: usize = 16;

impl Shops {
    /// Somebody decides on an order that may be held.
    pub async fn decide(self: &Arc<Shops>, begun: &Begun) {
        let chance = &self.world.chance;
        let accepts = chance.is(600);
        let verdict = if accepts { ReviewVerdict::Accept } else { ReviewVerdict::Decline };
        let by = if chance.is(700) { Decider::Risk } else { Decider::Merchant };
        if chance.is(400) {
            self.decide_by_command(begun, verdict, by).await;
            return;
        }
        let body = json!({
            "verdict": if accepts { "accept" } else { "decline" }, "role": by.name(),
            "site": begun.shop.site_id,
        });
        let url = format!("/internal/orders/{}/review", begun.order_id);
        let call = Call::json(Method::POST, &url, &body);
        let call = Call { bearer: Some(OPERATOR_TOKEN), ..call };
        let Ok(reply) = self.front.call(call, PATIENCE).await else { return };
        self.world.note(format_args!("{verdict:?} {}: {}", begun.order_id, reply.status));
        if reply.status == 200 {
            self.world.count("operator: decided on a held payment");
            self.remember(&begun.shop, &begun.order_id, Told::Decided { accepts });
        }
    }

    async fn decide_by_command(&self, begun: &Begun, verdict: ReviewVerdict, by: Decider) {
        let store = MemoryStore::new(self.disk.clone());
        let site = begun.shop.site_id;
        for _ in 0..ROUNDS_MAX {
            let row = store.order_by_merchant_id(site, &begun.order_id).await;
            let Some(row) = row.expect("a calm store answers") else { return };
            if row.status != "uncleared" {
                return;
            }
            let mut unit = UnitOfWork::new(Some(row.version), row);
            let kind = request_kind(verdict, by);
            unit.timers.push(TimerChange::Set { kind, due_at: self.world.now() });
            if store.commit(unit).await.expect("a calm store answers") == Committed::Done {
                self.world.note(format_args!("{verdict:?} {} by command", begun.order_id));
                self.world.count("operator: left a decision in the store");
                return;
            }
        }
    }
}
