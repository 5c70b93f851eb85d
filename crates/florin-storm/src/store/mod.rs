//! The store in memory: the same promises as the real ones, and every way to break off in between.
//!
//! A change travels to the disk, takes its time there, and is true and durable at one instant;
//! only then its caller hears of it. What a process had on the way when it died may have reached
//! the disk or not. Several processes share one [`Disk`], each through a [`MemoryStore`].

mod tables;
mod dues;
mod traits;
mod later;
mod operations;
mod tokens;
mod mails;
mod planted;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use florin::store::{
    AdviceRow, CardRow, Committed, EventRow, JournalRow, NotificationRecord, OrderRow, SiteId,
    StoreError, StoreStatistics, TimerRow, TokenRow, UnitOfWork,
};
use florin::tasks::TaskGroup;
use tables::{Order, Place, Tables};

use crate::world::World;

/// What is durable, and what is on its way there.
#[derive(Default)]
pub struct Disk {
    tables: Mutex<Tables>,
    statistics: Mutex<StoreStatistics>,
    /// Orders as they were before changes that were acknowledged and are not on the disk yet: there
    /// are some only where that mistake is planted.
    unsynced: Mutex<BTreeMap<u64, Vec<Before>>>,
    /// Keys whose answer was given although the disk did not take it.
    unkept: Mutex<BTreeSet<(SiteId, String)>>,
    /// Told of each committed unit: the order's state before and after, and what happened.
    observer: Mutex<Option<Observer>>,
}

/// An order as it was before a change; nothing where there was none.
type Before = (Place, Option<Order>);

/// Hears of the committed changes of orders.
pub type Observer = Box<dyn FnMut(Option<&OrderRow>, &OrderRow, &UnitOfWork) + Send>;

/// An order as the oracle reads it.
pub struct StoredOrder {
    pub row: OrderRow,
    pub events: Vec<EventRow>,
    pub cards: Vec<CardRow>,
    pub notifications: Vec<NotificationRecord>,
    pub timers: Vec<TimerRow>,
    pub advices: Vec<AdviceRow>,
    pub journal: Vec<JournalRow>,
    /// Names of the files that were handed in, by their numbers.
    pub files: Vec<(i32, String)>,
}

impl Disk {
    /// Has the observer told of what is committed from now on.
    pub fn observe(&self, observer: Observer) {
        *lock(&self.observer) = Some(observer);
    }

    /// Forgets everything: the run is over.
    pub fn wipe(&self) {
        *lock(&self.tables) = Tables::default();
        lock(&self.unsynced).clear();
        lock(&self.unkept).clear();
        *lock(&self.observer) = None;
    }

    /// Everything about every order, for the oracle.
    pub fn orders(&self) -> Vec<StoredOrder> {
        let tables = lock(&self.tables);
        let stored = |order: &Order| StoredOrder {
            row: order.row.clone(),
            events: order.events.values().cloned().collect(),
            cards: order.cards.values().cloned().collect(),
            notifications: order.records(),
            timers: traits::timer_rows(order),
            advices: order.advices.values().map(|advice| advice.row.clone()).collect(),
            journal: order.journal.values().cloned().collect(),
            files: order.files.values().map(|it| (it.file_id, it.name.clone())).collect(),
        };
        tables.orders.values().map(stored).collect()
    }

    /// Whether the answer to a request with this key was given and not kept.
    pub fn is_unkept(&self, site: SiteId, key: &str) -> bool {
        lock(&self.unkept).contains(&(site, key.to_owned()))
    }

    /// Every stored card, for the oracle.
    pub fn tokens(&self) -> Vec<TokenRow> {
        lock(&self.tables).tokens.values().cloned().collect()
    }

    /// When something is due or a lease ends.
    pub fn next_due(&self) -> Option<i64> {
        lock(&self.tables).next_due()
    }

    fn tables(&self) -> MutexGuard<'_, Tables> {
        lock(&self.tables)
    }

    fn commit(&self, unit: &UnitOfWork) -> Result<Committed, StoreError> {
        let mut tables = self.tables();
        let mut observer = lock(&self.observer);
        let before = match &*observer {
            Some(_) => tables.orders.get(&unit.place()).map(|order| order.row.clone()),
            None => None,
        };
        let committed = tables.commit(unit)?;
        if let (Some(observe), Committed::Done) = (observer.as_mut(), committed)
            && let Some(after) = tables.orders.get(&unit.place())
        {
            observe(before.as_ref(), &after.row, unit);
        }
        Ok(committed)
    }

    /// A process died: what was acknowledged without being on the disk is gone.
    pub fn lose_unsynced(&self) {
        let mut tables = self.tables();
        while let Some((_, orders)) = lock(&self.unsynced).pop_last() {
            for (place, before) in orders {
                tables.put_back(place, before);
            }
        }
    }
}

/// One process's way to a disk.
#[derive(Clone)]
pub struct MemoryStore {
    disk: Arc<Disk>,
    /// None where nothing goes wrong and nothing takes time.
    storm: Option<Storm>,
    is_closed: Arc<AtomicBool>,
    waiting: Arc<Mutex<Vec<Change>>>,
}

/// What breaks a store, and whom it belongs to.
#[derive(Clone)]
struct Storm {
    world: Arc<World>,
    process: TaskGroup,
}

impl MemoryStore {
    /// A store on which everything works at once.
    pub fn new(disk: Arc<Disk>) -> MemoryStore {
        MemoryStore { disk, storm: None, is_closed: Arc::default(), waiting: Arc::default() }
    }

    /// The store of a process in a storm.
    pub fn of_process(disk: Arc<Disk>, world: Arc<World>, process: TaskGroup) -> MemoryStore {
        let storm = Some(Storm { world, process });
        MemoryStore { disk, storm, is_closed: Arc::default(), waiting: Arc::default() }
    }

    fn check_open(&self, doing: &'static str) -> Result<(), StoreError> {
        if self.is_closed.load(Ordering::Relaxed) {
            return Err(StoreError::unavailable(doing, "the store was closed"));
        }
        Ok(())
    }

    /// Whether a commit is told of a conflict that is none.
    fn is_in_conflict(&self) -> bool {
        let Some(Storm { world, .. }) = &self.storm else { return false };
        world.strikes(world.weather.store_conflicts, "store: a conflict with nobody")
    }

    /// Reads what is durable.
    async fn read<T>(
        &self,
        doing: &'static str,
        work: impl FnOnce(&Tables) -> T + Send,
    ) -> Result<T, StoreError> {
        self.check_open(doing)?;
        if let Some(Storm { world, .. }) = &self.storm {
            // Others get their turn between any two reads.
            tokio::task::yield_now().await;
            if world.strikes(world.weather.store_refuses / 4, "store: refused a read") {
                return Err(StoreError::unavailable(doing, "the storm"));
            }
        }
        Ok(work(&self.disk.tables()))
    }

    /// Takes a change to the disk and waits until it is there.
    async fn write<T: Send + 'static>(
        &self,
        doing: &'static str,
        work: impl FnOnce(&Disk) -> T + Send + 'static,
    ) -> Result<T, StoreError> {
        self.check_open(doing)?;
        let Some(Storm { world, process }) = self.storm.clone() else {
            let (told, result) = tokio::sync::oneshot::channel();
            self.enqueue(Box::new(move |disk| {
                let _ = told.send(work(disk));
            }));
            return result.await.map_err(|error| StoreError::unavailable(doing, error));
        };
        if world.strikes(world.weather.store_refuses, "store: refused a change") {
            return Err(match world.chance.is(300) {
                true => StoreError::Busy,
                false => StoreError::unavailable(doing, "the storm"),
            });
        }
        if world.strikes(world.weather.dies_writing, "crash: soon after a change was begun") {
            process.die_after(world.chance.below(12));
        }
        let fate = match world.strikes(world.weather.store_unsure, "store: outcome unknown") {
            false => Fate::Told,
            true if world.chance.is(500) => Fate::DoneUntold,
            true => Fate::NotDone,
        };
        let (told, result) = tokio::sync::oneshot::channel();
        let work = move |disk: &Disk| {
            // What was on its way when the process died arrived, or did not.
            let is_orphan = process.is_dead();
            if is_orphan && world.chance.is(500) {
                world.count("crash: a change on its way was lost");
                return;
            }
            if is_orphan {
                world.count("crash: a change became durable and nobody heard of it");
            }
            let done = (fate != Fate::NotDone).then(|| work(disk));
            if fate == Fate::Told
                && let Some(done) = done
            {
                let _ = told.send(done);
            }
        };
        self.enqueue(Box::new(work));
        result.await.map_err(|_| StoreError::OutcomeUnknown { doing, source: "the storm".into() })
    }

    /// Puts a change to those that go to the disk next. While a batch is on its way, others
    /// gather; the disk works on by itself, and a process that dies takes nothing back.
    fn enqueue(&self, change: Change) {
        let mut waiting = lock(&self.waiting);
        waiting.push(change);
        if waiting.len() > 1 {
            return;
        }
        let store = self.clone();
        tokio::spawn(async move {
            match &store.storm {
                None => tokio::task::yield_now().await,
                Some(Storm { world, .. }) => {
                    let wait = Duration::from_millis(commit_ms(world));
                    tokio::time::sleep(wait).await;
                }
            }
            let batch = std::mem::take(&mut *lock(&store.waiting));
            store.count(batch.len());
            batch.into_iter().for_each(|change| change(&store.disk));
        });
    }

    fn count(&self, changes: usize) {
        let changes = changes as u64;
        let mut statistics = lock(&self.disk.statistics);
        statistics.changes += changes;
        statistics.batches += 1;
        statistics.largest_batch = statistics.largest_batch.max(changes);
    }
}

/// A change on its way to the disk.
type Change = Box<dyn FnOnce(&Disk) + Send>;

fn commit_ms(world: &World) -> u64 {
    if world.is_calm() {
        return 1;
    }
    // Mostly quick, sometimes as slow as the weather allows.
    let most = if world.chance.is(100) { world.weather.commit_ms_max } else { 2 };
    world.chance.between(1, most.max(1))
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Fate {
    Told,
    DoneUntold,
    NotDone,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
