//! The later traits of the store, on rows in memory: journals and seals, counted attempts,
//! requests that may be repeated.

use std::collections::BTreeSet;

use async_trait::async_trait;
use florin::clock::UnixMillis;
use florin::store::{
    AttemptOutcome, AttemptRow, Attempts, BeginRequest, Begun, COUNTED_ATTEMPTS_MAX, Committed,
    Idempotency, JournalPlace, JournalRow, LISTED_ROWS_MAX, Ledger, OrderKey, SealRow, SiteId,
    StoreError, Velocity, VelocityQuery,
};

use super::MemoryStore;
use super::tables::{Decline, Request, Tables};

#[async_trait]
impl Ledger for MemoryStore {
    async fn journal(&self, site: SiteId, key: OrderKey) -> Result<Vec<JournalRow>, StoreError> {
        let rows = |order: &super::Order| order.journal.values().cloned().collect();
        self.of_order("read a journal", site, key, rows).await
    }

    async fn journals(
        &self,
        site: SiteId,
        mut keys: Vec<OrderKey>,
    ) -> Result<Vec<(OrderKey, JournalRow)>, StoreError> {
        keys.sort_unstable();
        self.read("read journals", |tables| {
            let orders =
                keys.iter().filter_map(|key| Some((key, tables.orders.get(&(site, *key))?)));
            let entries = |(key, order): (&OrderKey, &super::tables::Order)| {
                let key = *key;
                order.journal.values().map(move |entry| (key, entry.clone())).collect::<Vec<_>>()
            };
            orders.flat_map(entries).collect()
        })
        .await
    }

    async fn absent_orders(
        &self,
        site: SiteId,
        mut keys: Vec<OrderKey>,
    ) -> Result<Vec<OrderKey>, StoreError> {
        self.read("look for orders", |tables| {
            keys.retain(|key| !tables.orders.contains_key(&(site, *key)));
            keys
        })
        .await
    }

    async fn journal_between(
        &self,
        site: SiteId,
        from_booked: UnixMillis,
        to_booked: UnixMillis,
        after: Option<JournalPlace>,
        limit: u32,
    ) -> Result<Vec<(OrderKey, JournalRow)>, StoreError> {
        let limit = usize::try_from(limit.min(LISTED_ROWS_MAX)).unwrap_or(usize::MAX);
        self.read("read the journal", |tables| {
            let of_site = tables.orders.range((site, OrderKey::MIN)..=(site, OrderKey::MAX));
            let rows = of_site.flat_map(|(place, order)| {
                order.journal.values().map(move |entry| (place.1, entry.clone()))
            });
            let place = |key: OrderKey, entry: &JournalRow| JournalPlace {
                booked_at: entry.booked_at,
                key,
                seq: entry.seq,
            };
            let mut found: Vec<(OrderKey, JournalRow)> = rows
                .filter(|(_, entry)| (from_booked..to_booked).contains(&entry.booked_at))
                .filter(|(key, entry)| after.is_none_or(|after| place(*key, entry) > after))
                .collect();
            found.sort_by_key(|(key, entry)| place(*key, entry));
            found.truncate(limit);
            found
        })
        .await
    }

    async fn seals(&self, site: SiteId) -> Result<Vec<SealRow>, StoreError> {
        self.read("read seals", |tables| {
            let of_site = tables.seals.range((site, i64::MIN)..=(site, i64::MAX));
            of_site.map(|(_, seal)| seal.clone()).collect()
        })
        .await
    }

    async fn add_seal(&self, seal: SealRow) -> Result<Committed, StoreError> {
        self.change("add a seal", move |tables| {
            let place = (seal.site_id, seal.number);
            if tables.seals.contains_key(&place) {
                return Committed::Conflict;
            }
            tables.seals.insert(place, seal);
            Committed::Done
        })
        .await
    }
}

#[async_trait]
impl Attempts for MemoryStore {
    async fn velocity(
        &self,
        site: SiteId,
        query: VelocityQuery<'_>,
    ) -> Result<Velocity, StoreError> {
        self.read("count attempts", |tables| velocity(tables, site, &query)).await
    }

    async fn prune_attempts(&self, before: UnixMillis, limit: u32) -> Result<u64, StoreError> {
        self.change("delete old attempts", move |tables| {
            let mut old: Vec<_> =
                tables.attempts.keys().filter(|place| place.1 < before).copied().collect();
            old.sort_by_key(|place| place.1);
            old.truncate(usize::try_from(limit.min(LISTED_ROWS_MAX)).unwrap_or(usize::MAX));
            old.iter().for_each(|place| {
                tables.attempts.remove(place);
            });
            old.len() as u64
        })
        .await
    }

    async fn prune_declines(&self, until: UnixMillis, limit: u32) -> Result<u64, StoreError> {
        self.change("delete old declines", move |tables| {
            let is_old = |decline: &Decline| decline.counts_until <= until;
            let mut old: Vec<_> = tables
                .declines
                .iter()
                .filter(|(_, decline)| is_old(decline))
                .map(|(place, decline)| (decline.counts_until, place.clone()))
                .collect();
            old.sort();
            old.truncate(usize::try_from(limit.min(LISTED_ROWS_MAX)).unwrap_or(usize::MAX));
            old.iter().for_each(|(_, place)| {
                tables.declines.remove(place);
            });
            old.len() as u64
        })
        .await
    }
}

fn velocity(tables: &Tables, site: SiteId, query: &VelocityQuery<'_>) -> Velocity {
    let payer_rows = query.payer_rows.min(COUNTED_ATTEMPTS_MAX);
    let bin_rows = query.bin_rows.min(COUNTED_ATTEMPTS_MAX);
    let newest = |most: u32, since: UnixMillis, fits: &dyn Fn(&AttemptRow) -> bool| {
        let from = (site, since, OrderKey::MIN, i32::MIN, AttemptOutcome::Made);
        let to = (site, UnixMillis::MAX, OrderKey::MAX, i32::MAX, AttemptOutcome::Refused);
        let rows = tables.attempts.range(from..=to).rev().map(|(_, row)| row);
        let most = usize::try_from(most).unwrap_or(usize::MAX);
        rows.filter(|row| fits(row)).take(most).collect::<Vec<_>>()
    };
    let count = |rows: &[&AttemptRow], counts: &dyn Fn(&AttemptRow) -> bool| {
        let counted = rows.iter().filter(|row| counts(row)).count();
        u32::try_from(counted).unwrap_or(u32::MAX)
    };
    let is_made = |row: &AttemptRow| row.outcome == AttemptOutcome::Made;
    let different = |rows: &[&AttemptRow]| {
        let cards = rows.iter().map(|row| row.card).filter(|card| *card != query.card);
        let others: BTreeSet<_> = cards.collect();
        u32::try_from(others.len()).unwrap_or(u32::MAX).saturating_add(1)
    };
    let mut velocity = Velocity::default();
    if let Some(ip) = query.ip {
        let rows = newest(payer_rows, query.since, &|row| row.ip.as_deref() == Some(ip));
        let within = |row: &AttemptRow| row.at >= query.window_since;
        velocity.attempts_by_ip = count(&rows, &|row| within(row) && is_made(row));
        velocity.declines_by_ip = count(&rows, &|row| within(row) && !is_made(row));
        velocity.cards_by_ip = different(&rows);
    }
    if query.email.is_some() {
        let rows = newest(payer_rows, query.since, &|row| row.email == query.email);
        velocity.cards_by_email = different(&rows);
    }
    let by_bin = newest(bin_rows, query.window_since, &|row| row.bin == query.bin);
    velocity.attempts_by_bin = count(&by_bin, &is_made);
    velocity.declines_by_bin = count(&by_bin, &|row| !is_made(row));
    let place = |at, key, attempt| {
        (site, query.card, query.amount, query.currency.to_owned(), at, key, attempt)
    };
    let first = place(UnixMillis::MIN, OrderKey::MIN, i32::MIN);
    let last = place(UnixMillis::MAX, OrderKey::MAX, i32::MAX);
    let of_payment = tables.declines.range(first..=last).rev();
    let counting = of_payment.filter(|(_, decline)| decline.counts_until > query.now);
    let most = usize::try_from(COUNTED_ATTEMPTS_MAX).unwrap_or(usize::MAX);
    for ((_, _, _, _, at, ..), decline) in counting.take(most) {
        velocity.declines_of_payment.push(*at);
        velocity.declined_for_good |= decline.for_good;
    }
    let of_site = newest(COUNTED_ATTEMPTS_MAX, query.window_since, &|row| !is_made(row));
    velocity.declines_by_site = count(&of_site, &|_| true);
    velocity
}

#[async_trait]
impl Idempotency for MemoryStore {
    async fn begin_request(&self, begin: BeginRequest<'_>) -> Result<Begun, StoreError> {
        let BeginRequest { site_id, request_hash, now, lease_until, .. } = begin;
        let place = (site_id, begin.key.to_owned());
        self.change("begin a request", move |tables| {
            let Some(request) = tables.requests.get_mut(&place) else {
                tables.requests_begun += 1;
                let request = Request {
                    number: tables.requests_begun,
                    hash: request_hash,
                    created_at: now,
                    lease_until,
                    answer: None,
                };
                tables.requests.insert(place, request);
                return Begun::New;
            };
            match &request.answer {
                _ if request.hash != request_hash => Begun::OtherRequest,
                // From here on nobody puts another answer in its place.
                Some((status, body)) if request.lease_until <= now => {
                    request.lease_until = 0;
                    Begun::Answered { status: *status, body: body.clone() }
                }
                None if request.lease_until <= now => {
                    request.lease_until = lease_until;
                    Begun::Resumed
                }
                Some(_) | None => Begun::InFlight,
            }
        })
        .await
    }

    async fn finish_request(
        &self,
        site: SiteId,
        key: &str,
        status: u16,
        body: &str,
    ) -> Result<Option<(u16, String)>, StoreError> {
        let (place, answer) = ((site, key.to_owned()), (status, body.to_owned()));
        let of_request = place.clone();
        let kept = self.change("answer a request", move |tables| {
            let request = tables.requests.get_mut(&place)?;
            let is_done = |status: u16| (200..300).contains(&status);
            let stands = request.answer.as_ref().is_some_and(|(before, _)| {
                request.lease_until == 0 || is_done(*before) && !is_done(status)
            });
            if !stands {
                request.answer = Some(answer);
            }
            request.lease_until = 0;
            request.answer.clone()
        });
        let kept = kept.await;
        if kept.is_err() {
            super::lock(&self.disk.unkept).insert(of_request);
        }
        kept
    }

    async fn forget_request(&self, site: SiteId, key: &str) -> Result<(), StoreError> {
        let place = (site, key.to_owned());
        self.change("forget a request", move |tables| match tables.requests.get_mut(&place) {
            Some(request) if request.answer.is_some() => request.lease_until = 0,
            Some(_) | None => {
                tables.requests.remove(&place);
            }
        })
        .await
    }

    async fn prune_requests(&self, before: UnixMillis, limit: u32) -> Result<u64, StoreError> {
        self.change("delete old requests", move |tables| {
            let mut oldest: Vec<_> = tables
                .requests
                .iter()
                .map(|(place, request)| (request.number, request.created_at, place.clone()))
                .collect();
            oldest.sort();
            oldest.truncate(usize::try_from(limit.min(LISTED_ROWS_MAX)).unwrap_or(usize::MAX));
            oldest.retain(|(_, created_at, _)| *created_at < before);
            oldest.iter().for_each(|(_, _, place)| {
                tables.requests.remove(place);
            });
            oldest.len() as u64
        })
        .await
    }
}
