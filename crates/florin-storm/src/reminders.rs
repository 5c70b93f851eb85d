//! Payers who find a mail that reminds them of an order, and follow its link.

use serde_json::{Value, json};

use crate::network::calls::Call;
use crate::payer;
use crate::purchase::Begun;
use crate::shop::{PATIENCE, Shops};

/// Orders whose payer wants to be reminded, in permille.
const WANTED: u32 = 600;

/// What an order says of reminders.
pub fn wish(order_id: &str) -> Value {
    // The same for each session of an order, and without a draw.
    let sum = order_id.bytes().fold(0_u32, |sum, byte| (sum * 31 + u32::from(byte)) % 1000);
    json!({ "send_email": sum < WANTED })
}

impl Shops {
    /// The payer opens the newest mail that leads to the order, if there is one.
    pub async fn open_mail(&self, begun: &Begun) {
        let Some(link) = self.link_of(begun).await else { return };
        self.world.count("payer: followed a reminder");
        payer::go(self, begun, &link).await;
    }

    async fn link_of(&self, begun: &Begun) -> Option<String> {
        let call = Call { api_key: Some(begun.shop.api_key.clone()), ..Call::get("/test/mails") };
        let reply = self.front.call(call, PATIENCE).await.ok()?;
        let answer: Value = serde_json::from_slice(&reply.body).ok()?;
        let of_order = |mail: &&Value| mail["order_id"] == begun.order_id.as_str();
        let mail = answer["data"].as_array()?.iter().find(of_order)?;
        let line = mail["plain"].as_str()?.lines().find(|line| line.contains("/connect/"))?;
        Some(line.trim().to_owned())
    }
}
