//! Stored cards: which card each token stands for, how often it was charged, what became of it.

use std::collections::{BTreeMap, BTreeSet};

use florin::clock::UnixMillis;
use florin::gateway::persist::read_state;
use florin::store::{CardChange, OrderKey, SiteId, TokenState, TokenStep, UnitOfWork};

use super::{Evidence, Findings, Kept, Rule};

/// Events that say that a first payment was good.
const GOOD: [&str; 4] = ["completed", "authorized", "review_accepted", "review_passed"];

/// What was committed about stored cards, in the order of the commits.
#[derive(Clone, Debug, Default)]
pub struct Uses {
    charges: BTreeMap<String, Vec<Charge>>,
    /// Fingerprints of the cards that each token stood for.
    cards: BTreeMap<String, BTreeSet<[u8; 32]>>,
    /// The orders that store each token's card with their payments.
    first_payments: BTreeMap<String, BTreeSet<(SiteId, OrderKey)>>,
}

/// A payment with a stored card was begun.
#[derive(Clone, Debug)]
struct Charge {
    site_id: SiteId,
    order_id: String,
    /// By the clock of whoever charged.
    at: UnixMillis,
    /// By the true clock, when it became durable.
    committed_at: UnixMillis,
    /// The payer has chosen the card on a page: he may do so as often as he likes.
    by_payer: bool,
}

/// Whether the attempt of this state was made on a page.
fn is_by_payer(state: &str) -> bool {
    read_state(state).is_ok_and(|(_, extra)| extra.form.is_some())
}

impl Uses {
    /// Notes what a commit does to stored cards.
    pub fn note(&mut self, unit: &UnitOfWork, now: UnixMillis) {
        for change in &unit.tokens {
            let cards = self.cards.entry(change.token.clone()).or_default();
            if matches!(change.step, TokenStep::Make(_) | TokenStep::Share) {
                let orders = self.first_payments.entry(change.token.clone()).or_default();
                orders.insert((unit.order.site_id, unit.order.key));
            }
            match &change.step {
                TokenStep::Make(row) => {
                    cards.insert(row.fingerprint);
                }
                TokenStep::Use { .. } => {
                    cards.extend(unit.cards.iter().filter_map(|card| match card {
                        CardChange::Seal { fingerprint, .. } => Some(*fingerprint),
                        CardChange::EraseCvc { .. } | CardChange::Erase { .. } => None,
                    }));
                    self.charges.entry(change.token.clone()).or_default().push(Charge {
                        site_id: unit.order.site_id,
                        order_id: unit.order.order_id.clone(),
                        at: change.at,
                        committed_at: now,
                        by_payer: is_by_payer(&unit.order.state),
                    });
                }
                TokenStep::Share
                | TokenStep::Activate(_)
                | TokenStep::Renew { .. }
                | TokenStep::Bury => {}
            }
        }
    }
}

/// Everything about stored cards.
pub(super) fn examine(findings: &mut Findings, kept: &Kept<'_>, evidence: &Evidence<'_>) {
    let memories = evidence.memories;
    for (token, wallet) in &memories.wallets {
        findings.check(Rule::TokenIsOneCard, wallet.shown.len() <= 1, || {
            format!("{token} was shown as {:?}", wallet.shown)
        });
    }
    for (token, cards) in &evidence.uses.cards {
        findings.check(Rule::TokenIsOneCard, cards.len() <= 1, || {
            format!("{token} stood for {} cards", cards.len())
        });
    }
    for (token, charges) in &evidence.uses.charges {
        let removed_at = memories.wallets.get(token).and_then(|wallet| wallet.removed_at);
        let mut last_at = None;
        for charge in charges {
            let shop = evidence.shops.iter().find(|shop| shop.site_id == charge.site_id);
            let interval_ms = shop.map_or(0, |shop| i64::from(shop.charge_interval_s) * 1000);
            let may_repeat = interval_ms == 0 || charge.by_payer;
            let is_apart = may_repeat || last_at.is_none_or(|last| charge.at - last >= interval_ms);
            let is_there = removed_at.is_none_or(|removed_at| charge.committed_at <= removed_at);
            findings.check(Rule::TokenChargedOnce, is_apart && is_there, || {
                let Charge { order_id, at, .. } = charge;
                format!("{token} by {order_id} at {at}; before {last_at:?}, removed {removed_at:?}")
            });
            last_at = last_at.max(Some(charge.at));
        }
    }
    for row in evidence.disk.tokens() {
        let orders = evidence.uses.first_payments.get(&row.token);
        let is_first = |place| orders.is_some_and(|orders| orders.contains(&place));
        let first: Vec<_> = kept
            .orders
            .iter()
            .filter(|read| is_first((read.stored.row.site_id, read.stored.row.key)))
            .collect();
        let was_good = first
            .iter()
            .any(|read| read.stored.events.iter().any(|event| GOOD.contains(&event.kind.as_str())));
        let has_card = row.sealed_pan.is_some() || row.sealed_holder.is_some();
        let has_ended = match row.state {
            TokenState::Pending => false,
            TokenState::Active => was_good && row.sealed_pan.is_some(),
            TokenState::Dead => !has_card,
        };
        findings.check(Rule::TokensHaveEnded, has_ended, || {
            let statuses: Vec<_> = first.iter().map(|read| &read.stored.row.status).collect();
            let (token, state) = (&row.token, row.state);
            format!("{token} is {state:?}, with a card: {has_card}; first: {statuses:?}")
        });
    }
}
