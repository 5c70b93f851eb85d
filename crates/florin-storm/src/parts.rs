//! Orders that gift cards have paid in part, as shops see them: some are given up while the rest is
//! being paid, some are begun anew when the payer wanted his part back.

use std::collections::BTreeMap;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use crate::actions::Action;
use crate::purchase::Begun;
use crate::shop::Shops;

/// Shops that lose their patience when a part is paid, in permille.
const GIVEN_UP: u32 = 350;
/// How long a shop waits for a part, how often it looks, and how much patience it has then.
const LOOKS: u32 = 12;
const LOOKS_EVERY: Duration = Duration::from_secs(10);
/// Some wait until the page is gone, and the rest is still being paid.
const PATIENCE_MS: [(u32, u64); 2] = [(50, 20_000), (50, 150_000)];
/// Shops that begin anew when the payer wanted his part back, in permille.
const ANEW: u32 = 600;
/// How long they leave the provider to give it back, at most.
const ANEW_MS: u64 = 30_000;

/// What shops notice of a part.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Part {
    Paid,
    WantedBack,
}

/// What was noticed of which order.
pub type Noticed = BTreeMap<(i64, String), Part>;

impl Shops {
    /// Notes what happened to a part of an order.
    pub fn note_part(&self, begun: &Begun, part: Part) {
        self.memories().parts.insert(place(begun), part);
    }

    /// What was last noticed of a part of an order.
    pub(crate) fn part_of(&self, begun: &Begun) -> Option<Part> {
        self.memories().parts.get(&place(begun)).copied()
    }

    /// Gives an order up soon after a part of it was paid, if that is the shop's way.
    pub fn lose_patience(
        self: Arc<Shops>,
        begun: Begun,
    ) -> Pin<Box<dyn Future<Output = ()> + Send>> {
        Box::pin(async move {
            if !self.world.chance.is(GIVEN_UP) {
                return;
            }
            for _ in 0..LOOKS {
                tokio::time::sleep(LOOKS_EVERY).await;
                if self.part_of(&begun) == Some(Part::Paid) {
                    self.pause(*self.world.chance.weighted(&PATIENCE_MS)).await;
                    self.change(Action::Cancel, &begun, &begun.order_id).await;
                    return;
                }
            }
        })
    }

    /// Begins an order anew whose payer wanted his part back.
    pub async fn begin_anew_after_part(self: &Arc<Shops>, begun: &Begun) {
        let chance = &self.world.chance;
        if self.part_of(begun) == Some(Part::WantedBack) && chance.is(ANEW) {
            self.pause(ANEW_MS).await;
            self.note_part(begun, Part::Paid);
            self.attempt(&begun.anew(chance)).await;
        }
    }
}

fn place(begun: &Begun) -> (i64, String) {
    (begun.shop.site_id, begun.order_id.clone())
}
