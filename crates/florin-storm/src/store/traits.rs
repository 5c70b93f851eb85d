//! The store's traits, on rows in memory.

use std::sync::atomic::Ordering;

use async_trait::async_trait;
use florin::clock::UnixMillis;
use florin::store::{
    AccountKeyRow, AccountRow, AdviceChange, AdviceRow, ApiKeyRow, CLOCK_OFFSET_MS_MAX, CardRow,
    Claim, ClaimedAdvice, ClaimedNotification, ClaimedTimer, Committed, DataKeyRow, Dues, EventRow,
    FileRow, FileSummary, LISTED_ROWS_MAX, NODES_MAX, Node, NotificationRecord, NotificationResult,
    NotificationState, Numbers, OrderKey, OrderRow, Orders, Settings, SiteId, SiteRow, Store,
    StoreError, StoreStatistics, TimerNext, TimerRow, UnitOfWork,
};

use super::planted::as_planted;
use super::tables::{Order, Tables};
use super::{MemoryStore, lock};

#[async_trait]
impl Store for MemoryStore {
    async fn statistics(&self) -> Result<StoreStatistics, StoreError> {
        self.check_open("count")?;
        let waiting = lock(&self.waiting).len() as u64;
        let database_bytes = self.disk.tables().bytes();
        Ok(StoreStatistics { waiting, database_bytes, ..*lock(&self.disk.statistics) })
    }

    async fn try_writing(&self) -> Result<(), StoreError> {
        self.change("try whether changes can be made", |_| ()).await
    }

    async fn checkpoint(&self) -> Result<(), StoreError> {
        self.check_open("checkpoint")
    }

    async fn close(&self) -> Result<(), StoreError> {
        self.is_closed.store(true, Ordering::Relaxed);
        Ok(())
    }
}

#[async_trait]
impl Orders for MemoryStore {
    async fn commit(&self, unit: UnitOfWork) -> Result<Committed, StoreError> {
        const DOING: &str = "commit an order";
        unit.check().map_err(|reason| StoreError::rejected(DOING, reason))?;
        if self.is_in_conflict() {
            return Ok(Committed::Conflict);
        }
        if let Some(committed) = self.acknowledge_too_early(&unit) {
            return committed;
        }
        let bug = self.bug();
        self.write(DOING, move |disk| disk.commit(&as_planted(disk, bug, unit))).await?
    }

    async fn order(&self, site: SiteId, key: OrderKey) -> Result<Option<OrderRow>, StoreError> {
        self.read("read an order", |tables| {
            tables.orders.get(&(site, key)).map(|order| order.row.clone())
        })
        .await
    }

    async fn order_by_merchant_id(
        &self,
        site: SiteId,
        order_id: &str,
    ) -> Result<Option<OrderRow>, StoreError> {
        self.read("read an order", |tables| {
            let key = *tables.names.get(&(site, order_id.to_owned()))?;
            tables.orders.get(&(site, key)).map(|order| order.row.clone())
        })
        .await
    }

    async fn key_of_transaction(
        &self,
        site: SiteId,
        transaction_id: i64,
    ) -> Result<Option<OrderKey>, StoreError> {
        self.read("find a transaction", |tables| {
            let own = tables.orders.contains_key(&(site, transaction_id));
            let later = || tables.transactions.get(&(site, transaction_id)).copied();
            own.then_some(transaction_id).or_else(later)
        })
        .await
    }

    async fn recent_orders(
        &self,
        site: SiteId,
        before: Option<OrderKey>,
        limit: u32,
    ) -> Result<Vec<OrderRow>, StoreError> {
        let limit = usize::try_from(limit.min(LISTED_ROWS_MAX)).unwrap_or(usize::MAX);
        self.read("list orders", |tables| {
            let before = (site, before.unwrap_or(OrderKey::MAX));
            let older = tables.orders.range((site, OrderKey::MIN)..before).rev();
            older.take(limit).map(|(_, order)| order.row.clone()).collect()
        })
        .await
    }

    async fn orders_between(
        &self,
        site: SiteId,
        from_key: OrderKey,
        to_key: OrderKey,
        after: Option<OrderKey>,
        limit: u32,
    ) -> Result<Vec<OrderRow>, StoreError> {
        let from = after.map_or(from_key, |after| from_key.max(after.saturating_add(1)));
        let limit = usize::try_from(limit.min(LISTED_ROWS_MAX)).unwrap_or(usize::MAX);
        self.read("list orders", |tables| {
            if from >= to_key {
                return Vec::new();
            }
            let between = tables.orders.range((site, from)..(site, to_key));
            between.take(limit).map(|(_, order)| order.row.clone()).collect()
        })
        .await
    }

    async fn card(
        &self,
        site: SiteId,
        key: OrderKey,
        card_id: i32,
    ) -> Result<Option<CardRow>, StoreError> {
        self.read("read a card", |tables| {
            tables.orders.get(&(site, key))?.cards.get(&card_id).cloned()
        })
        .await
    }

    async fn events(&self, site: SiteId, key: OrderKey) -> Result<Vec<EventRow>, StoreError> {
        let of_order = |order: &Order| order.events.values().cloned().collect();
        self.of_order("read events", site, key, of_order).await
    }

    async fn notifications(
        &self,
        site: SiteId,
        key: OrderKey,
    ) -> Result<Vec<NotificationRecord>, StoreError> {
        self.of_order("read notifications", site, key, Order::records).await
    }

    async fn is_notification_preceded(
        &self,
        site: SiteId,
        key: OrderKey,
        (seq, subject): (i32, i32),
        now: UnixMillis,
    ) -> Result<bool, StoreError> {
        let precedes = |it: &NotificationRecord| {
            it.seq < seq
                && it.subject == subject
                && it.state == NotificationState::Pending
                && it.due_at.is_some_and(|due| due <= now)
        };
        self.read("look for older notifications", |tables| {
            let order = tables.orders.get(&(site, key));
            order.is_some_and(|order| order.records().iter().any(precedes))
        })
        .await
    }

    async fn timers(&self, site: SiteId, key: OrderKey) -> Result<Vec<TimerRow>, StoreError> {
        self.of_order("read timers", site, key, timer_rows).await
    }

    async fn timers_of_kind(
        &self,
        site: SiteId,
        kind_prefix: &str,
        limit: u32,
    ) -> Result<Vec<(OrderKey, TimerRow)>, StoreError> {
        let limit = usize::try_from(limit.min(LISTED_ROWS_MAX)).unwrap_or(usize::MAX);
        self.read("list timers", |tables| {
            let of_site = tables.orders.range((site, OrderKey::MIN)..=(site, OrderKey::MAX));
            let rows = |(place, order): (&(SiteId, OrderKey), &Order)| {
                let key = place.1;
                timer_rows(order).into_iter().map(move |timer| (key, timer))
            };
            let mut timers: Vec<(OrderKey, TimerRow)> = of_site.flat_map(rows).collect();
            timers.retain(|(_, timer)| timer.kind.starts_with(kind_prefix));
            timers.sort_by_key(|(key, timer)| (timer.due_at, *key));
            timers.truncate(limit);
            timers
        })
        .await
    }

    async fn files(&self, site: SiteId, key: OrderKey) -> Result<Vec<FileSummary>, StoreError> {
        let summary = |file: &FileRow| FileSummary {
            file_id: file.file_id,
            name: file.name.clone(),
            kind: file.kind.clone(),
            description: file.description.clone(),
            at: file.at,
            size_bytes: i64::try_from(file.bytes.len()).unwrap_or(i64::MAX),
        };
        let of_order = move |order: &Order| order.files.values().map(summary).collect();
        self.of_order("list files", site, key, of_order).await
    }

    async fn file(
        &self,
        site: SiteId,
        key: OrderKey,
        file_id: i32,
    ) -> Result<Option<FileRow>, StoreError> {
        self.read("read a file", |tables| {
            tables.orders.get(&(site, key))?.files.get(&file_id).cloned()
        })
        .await
    }

    async fn advices(&self, site: SiteId, key: OrderKey) -> Result<Vec<AdviceRow>, StoreError> {
        let of_order = |order: &Order| order.advices.values().map(|it| it.row.clone()).collect();
        self.of_order("read advices", site, key, of_order).await
    }

    async fn is_advice_preceded(
        &self,
        site: SiteId,
        key: OrderKey,
        seq: i32,
        kind: Option<&str>,
    ) -> Result<bool, StoreError> {
        self.read("look for older advices", |tables| {
            let Some(order) = tables.orders.get(&(site, key)) else { return false };
            let rows = || order.advices.values().map(|it| &it.row);
            let chain = rows().find(|it| it.seq == seq).map(|it| it.chain.as_str());
            rows().any(|it| {
                let precedes = it.seq < seq && it.due_at.is_some();
                precedes && (Some(it.chain.as_str()) == chain || Some(it.kind.as_str()) == kind)
            })
        })
        .await
    }

    async fn delete_site_data(&self, site: SiteId) -> Result<u64, StoreError> {
        self.write("delete a site's orders", move |disk| {
            let mut tables = disk.tables();
            let of_site = (site, OrderKey::MIN)..=(site, OrderKey::MAX);
            let places: Vec<_> = tables.orders.range(of_site).map(|(place, _)| *place).collect();
            places.iter().for_each(|place| tables.forget(*place));
            tables.seals.retain(|(of, _), _| *of != site);
            tables.operations.retain(|(of, _), _| *of != site);
            tables.references.retain(|(of, _, _)| *of != site);
            tables.attempts.retain(|(of, ..), _| *of != site);
            tables.declines.retain(|(of, ..), _| *of != site);
            tables.requests.retain(|(of, _), _| *of != site);
            tables.tokens.retain(|_, row| row.site_id != site);
            places.len() as u64
        })
        .await
    }
}

impl MemoryStore {
    pub(super) async fn of_order<T>(
        &self,
        doing: &'static str,
        site: SiteId,
        key: OrderKey,
        rows: impl FnOnce(&Order) -> Vec<T> + Send,
    ) -> Result<Vec<T>, StoreError> {
        self.read(doing, |tables| tables.orders.get(&(site, key)).map(rows).unwrap_or_default())
            .await
    }
}

/// The timers of an order, the first to go off first.
pub(super) fn timer_rows(order: &Order) -> Vec<TimerRow> {
    let row = |(kind, timer): (&String, &super::tables::Timer)| TimerRow {
        kind: kind.clone(),
        due_at: timer.due_at,
    };
    let mut rows: Vec<TimerRow> = order.timers.iter().map(row).collect();
    rows.sort_by(|one, other| (one.due_at, &one.kind).cmp(&(other.due_at, &other.kind)));
    rows
}

#[async_trait]
impl Dues for MemoryStore {
    async fn claim_notifications(
        &self,
        claim: Claim,
    ) -> Result<Vec<ClaimedNotification>, StoreError> {
        let work = move |tables: &mut Tables| tables.claim_notifications(&claim);
        self.change("claim notifications", work).await
    }

    async fn finish_notification(&self, result: NotificationResult) -> Result<(), StoreError> {
        let work = move |tables: &mut Tables| tables.finish_notification(&result);
        self.change("record a delivery", work).await
    }

    async fn claim_timers(&self, claim: Claim) -> Result<Vec<ClaimedTimer>, StoreError> {
        self.change("claim timers", move |tables| tables.claim_timers(&claim)).await
    }

    async fn finish_timer(&self, timer: &ClaimedTimer, next: TimerNext) -> Result<(), StoreError> {
        let timer = timer.clone();
        self.change("finish a timer", move |tables| tables.finish_timer(&timer, next)).await
    }

    async fn claim_advices(&self, claim: Claim) -> Result<Vec<ClaimedAdvice>, StoreError> {
        let work = move |tables: &mut Tables| tables.claim_advices(&claim);
        self.change("claim advices", work).await.map(|claimed| self.renumbered(claimed))
    }

    async fn record_advice(
        &self,
        site: SiteId,
        key: OrderKey,
        lease: UnixMillis,
        change: AdviceChange,
    ) -> Result<Committed, StoreError> {
        const DOING: &str = "record an advice";
        if matches!(change, AdviceChange::Owe(_)) {
            return Err(StoreError::rejected(DOING, "an advice is owed by a unit of work"));
        }
        if change.texts().any(|text| text.contains('\0')) {
            return Err(StoreError::rejected(DOING, "a stored text has no NUL"));
        }
        let work = move |tables: &mut Tables| tables.record_advice((site, key), lease, &change);
        self.change(DOING, work).await
    }

    async fn release_leases(&self, now: UnixMillis) -> Result<(), StoreError> {
        self.change("end leases", move |tables| tables.release_leases(now)).await
    }

    async fn next_due(&self) -> Result<Option<UnixMillis>, StoreError> {
        self.read("look for work", Tables::next_due).await
    }
}

impl MemoryStore {
    pub(super) async fn change<T: Send + 'static>(
        &self,
        doing: &'static str,
        work: impl FnOnce(&mut Tables) -> T + Send + 'static,
    ) -> Result<T, StoreError> {
        self.write(doing, move |disk| work(&mut disk.tables())).await
    }

    /// A change of settings, which is counted when it was made.
    async fn settle(
        &self,
        doing: &'static str,
        work: impl FnOnce(&mut Tables) -> bool + Send + 'static,
    ) -> Result<Committed, StoreError> {
        self.change(doing, move |tables| {
            if !work(tables) {
                return Committed::Conflict;
            }
            tables.settings_version += 1;
            Committed::Done
        })
        .await
    }
}

#[async_trait]
impl Settings for MemoryStore {
    async fn settings_version(&self) -> Result<i64, StoreError> {
        self.read("look for changed settings", |tables| tables.settings_version).await
    }

    async fn accounts(&self) -> Result<Vec<AccountRow>, StoreError> {
        self.read("read accounts", |tables| tables.accounts.values().cloned().collect()).await
    }

    async fn insert_account(&self, account: AccountRow) -> Result<Committed, StoreError> {
        self.settle("add an account", move |tables| {
            insert(&mut tables.accounts, account.id, account)
        })
        .await
    }

    async fn sites(&self) -> Result<Vec<SiteRow>, StoreError> {
        self.read("read sites", |tables| tables.sites.values().cloned().collect()).await
    }

    async fn insert_site(&self, site: SiteRow) -> Result<Committed, StoreError> {
        let row = SiteRow { version: 1, ..site };
        self.settle("add a site", move |tables| insert(&mut tables.sites, row.id, row)).await
    }

    async fn update_site(&self, site: SiteRow) -> Result<Committed, StoreError> {
        self.settle("change a site", move |tables| {
            let stored = tables.sites.get_mut(&site.id).filter(|it| it.version == site.version);
            let Some(stored) = stored else { return false };
            stored.name = site.name;
            stored.status = site.status;
            stored.settings = site.settings;
            stored.version += 1;
            true
        })
        .await
    }

    async fn delete_site(&self, site: SiteId) -> Result<Committed, StoreError> {
        self.settle("delete a site", move |tables| {
            let of_site = (site, OrderKey::MIN)..=(site, OrderKey::MAX);
            if tables.orders.range(of_site).next().is_some() {
                return false;
            }
            let deleted = tables.sites.remove(&site).is_some();
            if deleted {
                tables.api_keys.retain(|(of, _), _| *of != site);
            }
            deleted
        })
        .await
    }

    async fn api_keys(&self) -> Result<Vec<ApiKeyRow>, StoreError> {
        self.read("read API keys", |tables| tables.api_keys.values().cloned().collect()).await
    }

    async fn insert_api_key(&self, key: ApiKeyRow) -> Result<Committed, StoreError> {
        self.settle("add an API key", move |tables| {
            let is_taken = tables.api_keys.values().any(|it| it.hash == key.hash);
            !is_taken && insert(&mut tables.api_keys, (key.site_id, key.id), key)
        })
        .await
    }

    async fn set_api_key_status(
        &self,
        site: SiteId,
        id: i64,
        status: &str,
    ) -> Result<Committed, StoreError> {
        let status = status.to_owned();
        self.settle("change an API key", move |tables| {
            let key = tables.api_keys.get_mut(&(site, id));
            key.map(|key| key.status = status).is_some()
        })
        .await
    }

    async fn account_keys(&self) -> Result<Vec<AccountKeyRow>, StoreError> {
        let all = |tables: &Tables| tables.account_keys.values().cloned().collect();
        self.read("read keys of accounts", all).await
    }

    async fn insert_account_key(&self, key: AccountKeyRow) -> Result<Committed, StoreError> {
        self.settle("add a key of an account", move |tables| {
            let is_taken = tables.account_keys.values().any(|it| it.hash == key.hash);
            !is_taken && insert(&mut tables.account_keys, (key.account_id, key.id), key)
        })
        .await
    }

    async fn set_account_key_status(
        &self,
        account_id: i64,
        id: i64,
        status: &str,
    ) -> Result<Committed, StoreError> {
        let status = status.to_owned();
        self.settle("change a key of an account", move |tables| {
            let key = tables.account_keys.get_mut(&(account_id, id));
            key.map(|key| key.status = status).is_some()
        })
        .await
    }

    async fn data_keys(&self) -> Result<Vec<DataKeyRow>, StoreError> {
        self.read("read data keys", |tables| tables.data_keys.values().cloned().collect()).await
    }

    async fn insert_data_key(&self, key: DataKeyRow) -> Result<Committed, StoreError> {
        self.settle("add a data key", move |tables| insert(&mut tables.data_keys, key.id, key))
            .await
    }

    async fn swap_data_keys(
        &self,
        mut expected: Vec<DataKeyRow>,
        new: Vec<DataKeyRow>,
    ) -> Result<Committed, StoreError> {
        expected.sort_by_key(|key| key.id);
        self.settle("replace data keys", move |tables| {
            if !tables.data_keys.values().eq(&expected) {
                return false;
            }
            tables.data_keys = new.into_iter().map(|key| (key.id, key)).collect();
            true
        })
        .await
    }

    async fn set_data_key_state(&self, id: i32, state: &str) -> Result<Committed, StoreError> {
        let state = state.to_owned();
        self.settle("change a data key", move |tables| {
            tables.data_keys.get_mut(&id).map(|key| key.state = state).is_some()
        })
        .await
    }

    async fn advance_site_clock(
        &self,
        site: SiteId,
        by_ms: i64,
    ) -> Result<Option<i64>, StoreError> {
        const DOING: &str = "advance a site's clock";
        let too_far = || StoreError::rejected(DOING, "it goes forward, by a hundred years at most");
        if !(0..=CLOCK_OFFSET_MS_MAX).contains(&by_ms) {
            return Err(too_far());
        }
        let moved = self.change(DOING, move |tables| {
            let Some(row) = tables.sites.get_mut(&site) else { return Some(None) };
            let offset = row.clock_offset_ms.saturating_add(by_ms);
            if offset > CLOCK_OFFSET_MS_MAX {
                return None;
            }
            row.clock_offset_ms = offset;
            tables.move_dues(site, by_ms);
            tables.settings_version += 1;
            Some(Some(offset))
        });
        moved.await?.ok_or_else(too_far)
    }
}

/// Adds a row unless there is one with this key.
fn insert<K: Ord, V>(rows: &mut std::collections::BTreeMap<K, V>, key: K, row: V) -> bool {
    let is_new = !rows.contains_key(&key);
    if is_new {
        rows.insert(key, row);
    }
    is_new
}

#[async_trait]
impl Numbers for MemoryStore {
    async fn reserve_numbers(&self, sequence: &str, count: u32) -> Result<u64, StoreError> {
        let sequence = sequence.to_owned();
        self.change("reserve numbers", move |tables| {
            let next = tables.sequences.entry(sequence).or_insert(1);
            let first = *next;
            *next += u64::from(count);
            first
        })
        .await
    }

    async fn lease_node(
        &self,
        now: UnixMillis,
        lease_until: UnixMillis,
    ) -> Result<Option<Node>, StoreError> {
        self.change("lease a node number", move |tables| {
            // Numbers that were never used come first, then the one that is free for longest.
            let unused = (0..NODES_MAX).find(|id| !tables.nodes.contains_key(id));
            let free = tables.nodes.iter().filter(|(_, lease)| **lease <= now);
            let longest = || free.min_by_key(|(id, lease)| (**lease, **id)).map(|(id, _)| *id);
            let id = unused.or_else(longest)?;
            tables.nodes.insert(id, lease_until);
            Some(Node { id, lease: lease_until })
        })
        .await
    }

    async fn renew_node(
        &self,
        node: Node,
        lease_until: UnixMillis,
    ) -> Result<Option<Node>, StoreError> {
        let renewed = self.set_lease(node, lease_until).await?;
        Ok(renewed.then_some(Node { id: node.id, lease: lease_until }))
    }

    async fn release_node(&self, node: Node, now: UnixMillis) -> Result<(), StoreError> {
        self.set_lease(node, now.min(node.lease)).await.map(|_| ())
    }
}

impl MemoryStore {
    async fn set_lease(&self, node: Node, lease_until: UnixMillis) -> Result<bool, StoreError> {
        self.change("change the lease of a node number", move |tables| {
            let lease = tables.nodes.get_mut(&node.id).filter(|lease| **lease == node.lease);
            lease.map(|lease| *lease = lease_until).is_some()
        })
        .await
    }
}
