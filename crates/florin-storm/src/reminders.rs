//! Payers who find a mail that reminds them of an order, and follow its link; and shops that have
//! given the order up by then, or do so meanwhile.

use std::sync::Arc;

use serde_json::{Value, json};

use crate::actions::Action;
use crate::payer;
use crate::purchase::Begun;
use crate::shop::{STORM_MS, Shops};

/// Orders whose payer wants to be reminded, in permille.
const WANTED: u32 = 600;
/// Of these, those whose payer looks for the mail when it is due, in permille.
const LOOKED_FOR: u32 = 900;
/// How often a payer looks whether there is a mail.
const LOOKS_MAX: u64 = 4;
/// How often the shop says at most that it gives the order up.
const GIVEN_UP_MAX: u64 = 3;
/// Within which each begins to, and how long each waits between at most, in milliseconds.
const REMINDED_MS: u64 = STORM_MS / 6;
const PAUSE_MS: u64 = 30_000;

/// What an order says of reminders.
pub fn wish(order_id: &str) -> Value {
    json!({ "send_email": is_wanted(order_id) })
}

/// The same for each session of an order, and without a draw.
fn is_wanted(order_id: &str) -> bool {
    let mix = |sum: u32, byte: u8| (sum ^ u32::from(byte)).wrapping_mul(0x0100_0193);
    let sum = order_id.bytes().fold(0x811c_9dc5, mix);
    (sum >> 8) % 1000 < WANTED
}

impl Shops {
    /// Orders of pages whose payers look for a reminder now: each once.
    pub fn to_remind(&self) -> Vec<Begun> {
        let mut begun = self.begun();
        begun.retain(|begun| begun.is_on_page() && is_wanted(&begun.order_id));
        begun.sort_by(|one, other| place(one).cmp(&place(other)));
        begun.dedup_by(|one, other| place(one) == place(other));
        begun.retain(|_| self.world.chance.is(LOOKED_FOR));
        begun
    }

    /// A reminder of an order is due. Its payer finds the mail and may try more than once; the shop
    /// may have lost its patience before, or loses it while he pays.
    pub async fn remind(self: Arc<Shops>, begun: Begun) {
        let gives_up = {
            let (shops, begun) = (self.clone(), begun.clone());
            tokio::spawn(async move {
                shops.pause(REMINDED_MS).await;
                for _ in 0..shops.world.chance.below(GIVEN_UP_MAX + 1) {
                    shops.change(Action::Cancel, &begun, &begun.order_id).await;
                    shops.pause(PAUSE_MS).await;
                }
            })
        };
        self.pause(REMINDED_MS).await;
        for _ in 0..self.world.chance.between(1, LOOKS_MAX) {
            self.open_mail(&begun).await;
            self.pause(PAUSE_MS).await;
        }
        let _ = gives_up.await;
        self.look_after(&begun).await;
    }

    /// The payer opens the newest mail that leads to the order, if there is one.
    pub async fn open_mail(&self, begun: &Begun) {
        let mails = self.disk.mail_texts(begun.shop.site_id, &begun.order_id);
        let Some(link) = mails.iter().find_map(|text| link_in(text)) else { return };
        self.world.count("payer: followed a reminder");
        payer::go(self, begun, link).await;
    }
}

fn link_in(text: &str) -> Option<&str> {
    text.lines().map(str::trim).find(|line| line.contains("/connect/"))
}

fn place(begun: &Begun) -> (i64, &str) {
    (begun.shop.site_id, &begun.order_id)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn so_many_payers_want_to_be_reminded() {
        let wanted = (0..100).filter(|number| is_wanted(&format!("order-{number}"))).count();
        assert!((50..70).contains(&wanted), "{wanted}");
    }
}
