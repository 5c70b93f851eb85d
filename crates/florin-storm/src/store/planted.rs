//! The mistakes of [`Bug`] that sit in the store.

use florin::gateway::persist::read_state;
use florin::store::{ClaimedAdvice, Committed, StoreError, UnitOfWork};

use super::{Disk, MemoryStore, lock};
use crate::bugs::Bug;

impl MemoryStore {
    pub(super) fn bug(&self) -> Option<Bug> {
        self.storm.as_ref().and_then(|storm| storm.world.bug)
    }

    /// Makes the unit visible at once and durable later, where that mistake is planted.
    pub(super) fn acknowledge_too_early(
        &self,
        unit: &UnitOfWork,
    ) -> Option<Result<Committed, StoreError>> {
        let storm =
            self.storm.clone().filter(|it| it.world.bug == Some(Bug::EarlyAcknowledgement))?;
        let of_children = unit.children.iter().map(|it| (it.order.site_id, it.order.key));
        let places: Vec<_> = std::iter::once(unit.place()).chain(of_children).collect();
        let before: Vec<_> = {
            let tables = self.disk.tables();
            places.iter().map(|place| (*place, tables.orders.get(place).cloned())).collect()
        };
        let committed = self.disk.commit(unit);
        if let Ok(Committed::Done) = committed {
            let number = storm.world.chance.next();
            let disk = self.disk.clone();
            let ticket = {
                let mut unsynced = lock(&disk.unsynced);
                let ticket = unsynced.last_key_value().map_or(0, |(last, _)| last + 1);
                unsynced.insert(ticket, before);
                ticket
            };
            tokio::spawn(async move {
                let wait = std::time::Duration::from_millis(20 + number % 400);
                tokio::time::sleep(wait).await;
                lock(&disk.unsynced).remove(&ticket);
            });
        }
        Some(committed)
    }

    /// The advices as they will be sent.
    pub(super) fn renumbered(&self, mut claimed: Vec<ClaimedAdvice>) -> Vec<ClaimedAdvice> {
        if let Some(bug) = self.bug() {
            for advice in &mut claimed {
                if let Some(body) = bug.renumbered(&advice.body, advice.attempts) {
                    advice.body = body;
                }
            }
        }
        claimed
    }
}

/// The unit with the mistake in it, at the moment at which it comes to the disk.
pub(super) fn as_planted(disk: &Disk, bug: Option<Bug>, mut unit: UnitOfWork) -> UnitOfWork {
    let Some(bug) = bug else { return unit };
    let tables = disk.tables();
    let (site, key) = unit.place();
    match (bug, unit.expected_version) {
        (Bug::WindowsApart, Some(_)) if !is_sent_on_a_page(&unit) => {}
        (Bug::NoVersionCheck | Bug::WindowsApart, Some(_)) => {
            if let Some(stored) = tables.orders.get(&(site, key)) {
                unit.expected_version = Some(stored.row.version);
                // What the lost version had appended is in the way, and is lost with it.
                unit.events.retain(|event| !stored.events.contains_key(&event.seq));
                unit.notifications.retain(|it| !stored.notifications.contains_key(&it.seq));
            }
        }
        (Bug::SameIdTwice, None) => {
            while tables.names.contains_key(&(site, unit.order.order_id.clone())) {
                unit.order.order_id.push('\'');
            }
        }
        _ => {}
    }
    drop(tables);
    bug.spoil(unit)
}

/// Whether the unit begins an attempt with a card that was sent on a page.
fn is_sent_on_a_page(unit: &UnitOfWork) -> bool {
    let begins = unit.events.first().is_some_and(|event| event.kind == "opened");
    begins && read_state(&unit.order.state).is_ok_and(|(_, extra)| extra.form.is_some())
}
