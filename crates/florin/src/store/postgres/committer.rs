//! Committers: what waits goes to the disk as one statement, and its owners hear of it when the
//! disk has it.
//!
//! No delay is added to gather more. One order is in a batch once at most, and all batches go
//! through the orders in one sequence, so that two committers, or two processes, never wait for
//! each other in a circle.

use std::collections::HashSet;
use std::future::Future;
use std::sync::Arc;

use tokio::sync::{Mutex, mpsc, oneshot};
use tokio_postgres::{Client, Error, Statement};

use super::super::{
    BATCH_CHANGES_MAX, BatchCounters, Committed, OrderKey, SiteId, StoreError, WAITING_CHANGES_MAX,
};
use super::session::{Sessions, within_wait};

/// A kind of change that can be made for many orders in one statement.
pub(super) trait Batch: Send + Sync + 'static {
    /// One order's change.
    type Change: Send + Sync + 'static;
    /// For error messages.
    const DOING: &'static str;
    /// The statement.
    const SQL: &'static str;
    /// The order that is changed.
    fn place(change: &Self::Change) -> (SiteId, OrderKey);
    /// Puts a batch into the sequence that all batches follow.
    fn sort(changes: &mut [Waiting<Self::Change>]) {
        changes.sort_by_key(|waiting| Self::place(&waiting.change));
    }
    /// Whether a refusal can mean that somebody else was faster, which the statement sees when it
    /// runs once more.
    fn can_race(_change: &Self::Change) -> bool {
        false
    }
    /// Runs the statement, and says which orders were changed.
    fn run(
        client: &Client,
        statement: &Statement,
        changes: &[&Self::Change],
    ) -> impl Future<Output = Result<HashSet<(SiteId, OrderKey)>, Error>> + Send;
}

/// A change that waits, and the way back to its owner.
pub(super) struct Waiting<C> {
    pub(super) change: C,
    tell: oneshot::Sender<Result<Committed, StoreError>>,
}

/// The committers of one kind of change, and the queue that they share.
pub(super) struct Committers<B: Batch> {
    queue: mpsc::Sender<Message<B::Change>>,
    count: usize,
}

enum Message<C> {
    Change(Waiting<C>),
    Close(oneshot::Sender<()>),
}

impl<B: Batch> Committers<B> {
    /// Starts the tasks. They end when this is dropped.
    pub(super) fn start(
        sessions: &Arc<Sessions>,
        counters: &Arc<BatchCounters>,
        count: usize,
    ) -> Committers<B> {
        let (queue, waiting) = mpsc::channel(WAITING_CHANGES_MAX);
        let waiting = Arc::new(Mutex::new(waiting));
        for _ in 0..count {
            let committer = Committer::<B> {
                sessions: Arc::clone(sessions),
                counters: Arc::clone(counters),
                waiting: Arc::clone(&waiting),
                session: None,
                held_back: Vec::new(),
            };
            tokio::spawn(committer.run());
        }
        Committers { queue, count }
    }

    /// Has the change made and waits until it is on disk.
    pub(super) async fn commit(&self, change: B::Change) -> Result<Committed, StoreError> {
        let (tell, told) = oneshot::channel();
        let message = Message::Change(Waiting { change, tell });
        self.queue.try_send(message).map_err(|refused| match refused {
            mpsc::error::TrySendError::Full(_) => StoreError::Busy,
            mpsc::error::TrySendError::Closed(_) => {
                StoreError::unavailable(B::DOING, "it has been closed")
            }
        })?;
        told.await
            .map_err(|lost| StoreError::OutcomeUnknown { doing: B::DOING, source: lost.into() })?
    }

    /// How many changes wait.
    pub(super) fn waiting(&self) -> usize {
        self.queue.max_capacity().saturating_sub(self.queue.capacity())
    }

    /// Ends the committers after everything that waits.
    pub(super) async fn close(&self) {
        for _ in 0..self.count {
            let (tell, told) = oneshot::channel();
            if self.queue.send(Message::Close(tell)).await.is_ok() {
                let _ = told.await;
            }
        }
    }
}

struct Committer<B: Batch> {
    sessions: Arc<Sessions>,
    counters: Arc<BatchCounters>,
    waiting: Arc<Mutex<mpsc::Receiver<Message<B::Change>>>>,
    session: Option<(Client, Statement)>,
    /// Second changes of an order that was in the last batch.
    held_back: Vec<Waiting<B::Change>>,
}

impl<B: Batch> Committer<B> {
    async fn run(mut self) {
        loop {
            let gathered = self.gather().await;
            if !gathered.batch.is_empty() {
                self.write(gathered.batch).await;
            }
            if let Some(tell) = gathered.close {
                while !self.held_back.is_empty() {
                    let batch = distinct::<B>(&mut self.held_back);
                    self.write(batch).await;
                }
                let _ = tell.send(());
                return;
            }
            if gathered.is_over {
                return;
            }
        }
    }

    /// What waits, at most one change for each order. Waits for the first one, unless something
    /// was held back.
    async fn gather(&mut self) -> Gathered<B::Change> {
        let mut batch = distinct::<B>(&mut self.held_back);
        let mut places: HashSet<(SiteId, OrderKey)> =
            batch.iter().map(|waiting| B::place(&waiting.change)).collect();
        let mut take = |message, batch: &mut Vec<_>, held_back: &mut Vec<_>| match message {
            Message::Change(waiting) => {
                let waiting: Waiting<B::Change> = waiting;
                if places.insert(B::place(&waiting.change)) {
                    batch.push(waiting);
                } else {
                    held_back.push(waiting);
                }
                None
            }
            Message::Close(tell) => Some(tell),
        };
        let mut queue = if batch.is_empty() {
            let mut queue = self.waiting.lock().await;
            let Some(first) = queue.recv().await else {
                return Gathered { batch, close: None, is_over: true };
            };
            if let Some(close) = take(first, &mut batch, &mut self.held_back) {
                return Gathered { batch, close: Some(close), is_over: true };
            }
            // Those who have just been told are about to ask again: they are let in first, which
            // costs nothing where there are none.
            tokio::task::yield_now().await;
            queue
        } else {
            // The other committer may sit on the queue and wait; what was held back does not.
            match self.waiting.try_lock() {
                Ok(queue) => queue,
                Err(_) => return Gathered { batch, close: None, is_over: false },
            }
        };
        while batch.len() < BATCH_CHANGES_MAX && self.held_back.len() < BATCH_CHANGES_MAX {
            let Ok(message) = queue.try_recv() else { break };
            if let Some(close) = take(message, &mut batch, &mut self.held_back) {
                return Gathered { batch, close: Some(close), is_over: true };
            }
        }
        Gathered { batch, close: None, is_over: false }
    }

    async fn write(&mut self, mut batch: Vec<Waiting<B::Change>>) {
        self.counters.count(batch.len());
        B::sort(&mut batch);
        match self.run_batch(&batch).await {
            Ok(changed) => tell::<B>(batch, &changed),
            // Nothing was done, perhaps because of one change only, or because two transactions
            // were in each other's way: each change gets a try alone.
            Err(refusal) if self.session.is_some() && may_pass::<B>(&refusal, &batch) => {
                for waiting in batch {
                    let alone = std::slice::from_ref(&waiting);
                    let mut done = self.run_batch(alone).await;
                    let is_refused = matches!(done, Err(StoreError::Rejected { .. }));
                    if is_refused && B::can_race(&waiting.change) {
                        done = self.run_batch(alone).await;
                    }
                    match done {
                        Ok(changed) => tell::<B>(vec![waiting], &changed),
                        Err(error) => tell_all(vec![waiting], error),
                    }
                }
            }
            Err(error) => tell_all(batch, error),
        }
    }

    /// Runs the statement for these changes. A session that may be lost is not used again; there
    /// is one afterwards only if the server has answered.
    async fn run_batch(
        &mut self,
        batch: &[Waiting<B::Change>],
    ) -> Result<HashSet<(SiteId, OrderKey)>, StoreError> {
        let (client, statement) = match self.session.take() {
            Some((client, statement)) if !client.is_closed() => (client, statement),
            _ => {
                let client = self.sessions.connect(B::DOING).await?;
                let prepared = within_wait(B::DOING, client.prepare(B::SQL)).await;
                let statement = prepared.map_err(|error| match error {
                    StoreError::OutcomeUnknown { doing, source } => {
                        StoreError::Unavailable { doing, source }
                    }
                    other => other,
                })?;
                (client, statement)
            }
        };
        let changes: Vec<&B::Change> = batch.iter().map(|waiting| &waiting.change).collect();
        let done = within_wait(B::DOING, B::run(&client, &statement, &changes)).await;
        if !matches!(done, Err(StoreError::OutcomeUnknown { .. })) {
            self.session = Some((client, statement));
        }
        done
    }
}

struct Gathered<C> {
    batch: Vec<Waiting<C>>,
    close: Option<oneshot::Sender<()>>,
    is_over: bool,
}

/// Whether changes that failed together may pass alone: one of them was to blame, or none, or
/// somebody else was faster.
fn may_pass<B: Batch>(refusal: &StoreError, batch: &[Waiting<B::Change>]) -> bool {
    batch.len() > 1
        || matches!(refusal, StoreError::Unavailable { .. })
        || batch.iter().any(|waiting| B::can_race(&waiting.change))
}

/// Takes the first change of each order.
fn distinct<B: Batch>(held_back: &mut Vec<Waiting<B::Change>>) -> Vec<Waiting<B::Change>> {
    let mut places = HashSet::new();
    let mut batch = Vec::new();
    for waiting in std::mem::take(held_back) {
        if places.insert(B::place(&waiting.change)) {
            batch.push(waiting);
        } else {
            held_back.push(waiting);
        }
    }
    batch
}

fn tell<B: Batch>(batch: Vec<Waiting<B::Change>>, changed: &HashSet<(SiteId, OrderKey)>) {
    for waiting in batch {
        let is_changed = changed.contains(&B::place(&waiting.change));
        // Whoever has stopped waiting does not want to know.
        let _ =
            waiting.tell.send(Ok(if is_changed { Committed::Done } else { Committed::Conflict }));
    }
}

fn tell_all<C>(batch: Vec<Waiting<C>>, error: StoreError) {
    for waiting in batch {
        let _ = waiting.tell.send(Err(error.repeated()));
    }
}
