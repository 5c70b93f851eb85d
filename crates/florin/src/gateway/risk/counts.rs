//! Attempts as they are counted: the rows that the store keeps of them, and what it says of
//! earlier ones. A site whose rules need no counts reads none, and writes none unless it reminds
//! payers.

use std::net::IpAddr;

use florin_core::card::Brand;
use florin_core::decision::{Decision, Effect, Event};
use florin_core::money::Money;
use florin_core::payment::{AnswerFacts, AuthenticationStatus, Payment};
use florin_core::risk::blocked::Network;
use florin_core::risk::limits::{Tallies, Tally};
use florin_core::risk::repeats;
use florin_core::risk::rules::{CardsSeen, RuleKind};

use super::super::record::{CardSecrets, Record, row_number};
use super::super::site::Site;
use super::super::{Failure, Gateway};
use super::in_flight::{Repeat, SamePayment, UnderWay};
use super::payer_address;
use crate::api::contract::StoredRequest;
use crate::clock::UnixMillis;
use crate::store::{AttemptOutcome, AttemptRow, VelocityQuery};

/// How long attempts are kept and counted at most; what the schemes count is kept beside them.
pub const COUNTED_MS: i64 = 24 * 60 * 60 * 1000;
/// The newest rows of a payer among which different cards are counted: somebody who tries many is
/// found among them.
const CARD_ROWS: u32 = 200;
/// One household has as many IPv6 addresses as it likes within this prefix, so they are one.
const IPV6_HOUSEHOLD_BITS: u8 = 64;

/// What was seen before this attempt.
pub(super) struct Counts {
    pub(super) tallies: Tallies,
    pub(super) cards_seen: CardsSeen,
    /// When the same payment was declined.
    pub(super) declined_at: Vec<UnixMillis>,
    /// One of those was for good.
    pub(super) never_again: bool,
    /// This attempt, until it is stored.
    pub(super) under_way: UnderWay,
    /// This try of the payment, until the host has answered.
    pub(super) repeat: Repeat,
}

impl Counts {
    /// What the schemes' limits are about.
    pub(super) fn declines(&self) -> repeats::Declines<'_> {
        repeats::Declines {
            at: &self.declined_at,
            under_way: self.repeat.others,
            never_again: self.never_again,
        }
    }
}

impl Gateway {
    /// What the store knows of earlier attempts like this one, for as much as is `due`: one read.
    pub(super) async fn count_attempts(
        &self,
        site: &Site,
        request: &StoredRequest,
        card: &CardSecrets,
        due: Money,
    ) -> Result<Counts, Failure> {
        let now = site.time(self.now());
        let ip = counted_address(site, request);
        // Begun before the store is asked: whoever is stored meanwhile may count twice, and nobody
        // is missed.
        let under_way = self.risk.in_flight.begin(site.id, ip.as_deref(), card.pan.bin());
        let repeat = self.risk.in_flight.try_payment(SamePayment {
            site: site.id,
            card: card.fingerprint,
            amount: due.minor,
            currency: due.currency.code().to_owned(),
        });
        let query = VelocityQuery {
            ip: ip.as_deref(),
            email: self.email_hash(request),
            bin: card.pan.bin(),
            card: card.fingerprint,
            amount: due.minor,
            currency: due.currency.code(),
            now,
            since: now.saturating_sub(COUNTED_MS),
            window_since: now.saturating_sub(site.risk.limits.window_ms),
            payer_rows: payer_rows(site),
            bin_rows: rows_of(site.risk.limits.bin_max),
        };
        let seen = self.store.velocity(site.id, query).await?;
        let tally = |attempts: u32, declines| Tally { attempts, declines };
        let by_address = seen.attempts_by_ip.saturating_add(under_way.by_address);
        let by_bin = seen.attempts_by_bin.saturating_add(under_way.by_bin);
        Ok(Counts {
            tallies: Tallies {
                by_address: tally(by_address, seen.declines_by_ip),
                by_bin: tally(by_bin, seen.declines_by_bin),
                // A busy hour is no attack: a site is judged by its declines alone.
                by_site: tally(seen.declines_by_site, seen.declines_by_site),
            },
            cards_seen: CardsSeen { by_address: seen.cards_by_ip, by_email: seen.cards_by_email },
            declined_at: seen.declines_of_payment,
            never_again: seen.declined_for_good,
            under_way,
            repeat,
        })
    }

    /// The rows that a decision adds to the counts: one where an attempt is opened, one where it
    /// is declined. Where nothing is counted, but payers are reminded, who has tried is kept.
    pub(in super::super) fn attempt_rows(
        &self,
        record: &Record,
        decision: &Decision,
    ) -> Vec<AttemptRow> {
        let site = &record.site;
        let counts = site.risk.counts_attempts();
        let has_email = record.request.details.customer.address.email.is_some();
        let reminds = site.settings.mail.reminds() && has_email;
        let (ip, bin, card) = match (counts, record.fingerprint) {
            (true, Some(card)) => {
                (counted_address(site, &record.request), record.extra.bin.clone(), card)
            }
            // It says when somebody tried, and no more: should the site count from now on, it
            // counts for nothing.
            (false, _) if reminds => (None, String::new(), [0; 32]),
            _ => return Vec::new(),
        };
        let payment = &decision.order.payment;
        let row = |outcome| AttemptRow {
            at: payment.modified_at,
            attempt: row_number(decision.order.counters.attempts),
            outcome,
            ip: ip.clone(),
            email: self.email_hash(&record.request),
            bin: bin.clone(),
            card,
            amount: payment.amount.minor,
            currency: payment.amount.currency.code().to_owned(),
            counts_until: remembered_until(site, payment, outcome),
        };
        let mut rows = Vec::new();
        for event in &decision.events {
            match event {
                Event::Opened(_) => rows.push(row(AttemptOutcome::Made)),
                Event::Declined { facts, .. }
                    if counts && tells_of_the_card(decision, facts.is_some()) =>
                {
                    rows.push(row(outcome_of(payment.brand, facts.as_ref())));
                }
                _ => {}
            }
        }
        rows
    }

    /// What a payer's address is known by; addresses themselves are not counted.
    pub(in super::super) fn email_hash(&self, request: &StoredRequest) -> Option<[u8; 32]> {
        let email = request.details.customer.address.email.as_deref()?;
        let email = florin_core::risk::blocked::normal_email(email);
        // Card numbers are digits, so that nothing else has the hash of one.
        Some(self.vault.fingerprint(format!("email/{email}").as_bytes()))
    }

    /// Deletes attempts and declines that count for nothing any more.
    ///
    /// # Errors
    /// A [`Failure`] when the store cannot.
    pub async fn prune_attempts(&self) -> Result<u64, Failure> {
        let now = self.now();
        let attempts = self.store.prune_attempts(now.saturating_sub(COUNTED_MS), u32::MAX).await?;
        let declines = self.store.prune_declines(now, u32::MAX).await?;
        Ok(attempts.max(declines))
    }
}

fn outcome_of(brand: Option<Brand>, answer: Option<&AnswerFacts>) -> AttemptOutcome {
    let Some(answer) = answer else { return AttemptOutcome::Refused };
    let (code, advice) = (&answer.response_code, answer.advice_code.as_deref());
    if brand.is_some_and(|brand| repeats::forbids_repeats(brand, code, advice)) {
        AttemptOutcome::DeclinedForGood
    } else {
        AttemptOutcome::Declined
    }
}

/// Until when a decline counts against a repeat, on sites that hold to the schemes' limits.
fn remembered_until(site: &Site, payment: &Payment, outcome: AttemptOutcome) -> Option<UnixMillis> {
    let for_good = match outcome {
        AttemptOutcome::Made | AttemptOutcome::Refused => return None,
        AttemptOutcome::Declined => false,
        AttemptOutcome::DeclinedForGood => true,
    };
    let ms = payment.brand.and_then(|brand| repeats::remembered_ms(brand, for_good));
    ms.filter(|_| site.risk.repeat_limits).map(|ms| payment.modified_at.saturating_add(ms))
}

/// Rows that decide about a limit: an attempt and its decline are two, and one point at least.
fn rows_of(max: Option<u32>) -> u32 {
    max.unwrap_or(0).saturating_mul(2)
}

/// Rows of a payer that decide: about the limit, and about many cards.
fn payer_rows(site: &Site) -> u32 {
    let for_cards = if site.risk.uses(RuleKind::ManyCards) { CARD_ROWS } else { 0 };
    rows_of(site.risk.limits.address_max).max(for_cards)
}

/// Whether a decline says something of the card or its payer. What failed between us and the host,
/// or at the directory server, must not add up to a suspicion.
fn tells_of_the_card(decision: &Decision, by_issuer: bool) -> bool {
    let was_asked = decision
        .effects
        .iter()
        .any(|it| matches!(it, Effect::ReleaseGuard(_) | Effect::OweReversal { .. }));
    let unavailable = decision.events.iter().any(|event| {
        matches!(event, Event::AuthenticationFinished(result)
            if result.status == AuthenticationStatus::Unavailable)
    });
    by_issuer || !(was_asked || unavailable)
}

/// The address under which attempts are counted; none where the shop told none that can be used.
fn counted_address(site: &Site, request: &StoredRequest) -> Option<String> {
    let (_, address) = payer_address(site, &request.details);
    address.map(counted)
}

fn counted(address: IpAddr) -> String {
    let bits = if address.is_ipv4() { 32 } else { IPV6_HOUSEHOLD_BITS };
    Network::around(address, bits).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_household_is_one_address() {
        for (address, expected) in [
            ("192.0.2.7", "192.0.2.7"),
            ("::ffff:192.0.2.7", "192.0.2.7"),
            ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
            ("2001:db8:1:2::9", "2001:db8:1:2::/64"),
        ] {
            let address = florin_core::risk::blocked::plain(address.parse().unwrap());
            assert_eq!(counted(address), expected);
        }
    }
}
