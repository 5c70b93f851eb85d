//! The one thread that writes: what waits goes to the disk in one transaction, each change in a
//! savepoint of its own, and its owner hears of it when the disk has it.
//!
//! No delay is added to gather more: while one batch is at the disk the next one gathers. Changes
//! of one order need not be kept apart here, since they run one after the other.

use std::path::Path;
use std::sync::Arc;

use rusqlite::{Connection, ErrorCode};
use tokio::sync::{mpsc, oneshot};

use super::super::{
    BATCH_CHANGES_MAX, BatchCounters, StoreError, StoreStatistics, WAITING_CHANGES_MAX,
};
use super::checkpoint::{self, Checkpointer, LogSize};
use super::connection::{Purpose, open};

/// The way to the writing thread.
pub(super) struct Writer {
    queue: mpsc::Sender<Job>,
    counters: Arc<BatchCounters>,
}

/// What the writing thread is asked to do.
pub(super) enum Job {
    /// A change, to be made together with others.
    Change(Box<dyn Change>),
    /// Between two batches: move the rest of the log to its place and begin the log anew.
    RestartLog,
    /// The same, and give the room of the log and the memory of the cache back.
    TruncateLog(Option<oneshot::Sender<rusqlite::Result<()>>>),
    /// Make what waits, then end.
    Close(oneshot::Sender<()>),
}

/// A change that waits, and whoever waits for it.
pub(super) trait Change: Send {
    /// Makes the change; `false` when it has to be undone.
    fn make(&mut self, connection: &Connection) -> bool;
    /// Tells the owner what became of it.
    fn tell(self: Box<Self>, outcome: &Outcome);
}

/// What became of a transaction.
pub(super) enum Outcome {
    /// It is on disk.
    Kept,
    /// It was undone, for this reason.
    Undone(String),
    /// The disk failed while it took it.
    Unknown(String),
}

impl Writer {
    /// Opens the connection that writes and starts its thread, and the one that checkpoints.
    pub(super) fn start(path: &Path) -> Result<Writer, StoreError> {
        const DOING: &str = "start writing";
        let connection =
            open(path, Purpose::Write).map_err(|error| StoreError::unavailable(DOING, error))?;
        let (queue, waiting) = mpsc::channel(WAITING_CHANGES_MAX);
        let counters = Arc::new(BatchCounters::default());
        let checkpointer = Checkpointer::start(path, queue.downgrade())?;
        let thread = WriterThread {
            connection,
            waiting,
            checkpointer,
            counters: Arc::clone(&counters),
            batches_since_look: 0,
        };
        std::thread::Builder::new()
            .name("store-writer".to_owned())
            .spawn(move || thread.run())
            .map_err(|error| StoreError::unavailable(DOING, error))?;
        Ok(Writer { queue, counters })
    }

    /// Has the change made and waits until it is on disk.
    pub(super) async fn write<T: Send + 'static>(
        &self,
        doing: &'static str,
        change: impl FnOnce(&Connection) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T, StoreError> {
        let (tell, told) = oneshot::channel();
        let change = Waiting { doing, change: Some(change), answer: None, tell };
        self.enqueue(doing, Job::Change(Box::new(change)))?;
        told.await.map_err(|lost| StoreError::OutcomeUnknown { doing, source: lost.into() })?
    }

    /// Moves the log to its place, after everything that waits.
    pub(super) async fn checkpoint(&self) -> Result<(), StoreError> {
        const DOING: &str = "checkpoint";
        let (tell, told) = oneshot::channel();
        self.enqueue(DOING, Job::TruncateLog(Some(tell)))?;
        told.await
            .map_err(|lost| StoreError::unavailable(DOING, lost))?
            .map_err(|error| StoreError::unavailable(DOING, error))
    }

    /// Ends the thread after everything that waits.
    pub(super) async fn close(&self) -> Result<(), StoreError> {
        let (tell, told) = oneshot::channel();
        let sent = self.queue.send(Job::Close(tell)).await;
        if sent.is_ok() {
            // An error means that the thread has ended already, which is what was asked for.
            let _ = told.await;
        }
        Ok(())
    }

    /// What has been written so far.
    pub(super) fn statistics(&self) -> StoreStatistics {
        let waiting = self.queue.max_capacity().saturating_sub(self.queue.capacity());
        StoreStatistics {
            waiting: u64::try_from(waiting).unwrap_or(u64::MAX),
            ..self.counters.statistics()
        }
    }

    fn enqueue(&self, doing: &'static str, job: Job) -> Result<(), StoreError> {
        self.queue.try_send(job).map_err(|refused| match refused {
            mpsc::error::TrySendError::Full(_) => StoreError::Busy,
            mpsc::error::TrySendError::Closed(_) => {
                StoreError::unavailable(doing, "it has been closed")
            }
        })
    }
}

struct WriterThread {
    connection: Connection,
    waiting: mpsc::Receiver<Job>,
    checkpointer: Checkpointer,
    counters: Arc<BatchCounters>,
    batches_since_look: u32,
}

/// After how many batches the size of the log is looked at.
const BATCHES_PER_LOOK: u32 = 8;

impl WriterThread {
    fn run(mut self) {
        let mut batch: Vec<Box<dyn Change>> = Vec::with_capacity(BATCH_CHANGES_MAX);
        while let Some(first) = self.waiting.blocking_recv() {
            // Those who have just been told are about to ask again: they are let in first, which
            // costs nothing where there are none.
            std::thread::yield_now();
            let mut next = Some(first);
            // A job of another kind ends the batch and is done after it.
            let mut after = None;
            while let Some(job) = next.take() {
                match job {
                    Job::Change(change) => batch.push(change),
                    other => {
                        after = Some(other);
                        break;
                    }
                }
                if batch.len() < BATCH_CHANGES_MAX {
                    next = self.waiting.try_recv().ok();
                }
            }
            if !batch.is_empty() {
                self.counters.count(batch.len());
                write_batch(&self.connection, &mut batch);
                self.look_at_log();
            }
            match after {
                None | Some(Job::Change(_)) => {}
                Some(Job::RestartLog) => {
                    let _ = checkpoint::restart(&self.connection);
                    self.checkpointer.restarted();
                }
                Some(Job::TruncateLog(tell)) => {
                    let done = checkpoint::truncate(&self.connection);
                    if let Some(tell) = tell {
                        let _ = tell.send(done);
                    }
                    self.checkpointer.restarted();
                }
                Some(Job::Close(tell)) => {
                    self.waiting.close();
                    while let Ok(job) = self.waiting.try_recv() {
                        if let Job::Change(change) = job {
                            batch.push(change);
                        }
                    }
                    if !batch.is_empty() {
                        write_batch(&self.connection, &mut batch);
                    }
                    let _ = checkpoint::truncate(&self.connection);
                    drop(self.connection);
                    let _ = tell.send(());
                    return;
                }
            }
        }
    }

    fn look_at_log(&mut self) {
        self.batches_since_look += 1;
        if self.batches_since_look >= BATCHES_PER_LOOK {
            self.batches_since_look = 0;
            self.checkpointer.written(LogSize::of(&self.connection));
        } else {
            self.checkpointer.written(LogSize::UNKNOWN);
        }
    }
}

/// Makes the changes in one transaction, or in several when one of them brings the whole
/// transaction down with it; empties the batch.
fn write_batch(connection: &Connection, batch: &mut Vec<Box<dyn Change>>) {
    let mut made: Vec<Box<dyn Change>> = Vec::with_capacity(batch.len());
    let mut changes = batch.drain(..);
    while let Some(mut change) = changes.next() {
        if connection.is_autocommit()
            && let Err(error) = run(connection, "BEGIN IMMEDIATE")
        {
            let outcome = Outcome::Undone(error.to_string());
            change.tell(&outcome);
            changes.for_each(|change| change.tell(&outcome));
            return;
        }
        match make(connection, &mut change) {
            Made::Alone | Made::Kept => made.push(change),
            Made::Everything(reason) => {
                // Some errors (a full disk among them) undo the transaction as a whole.
                let outcome = Outcome::Undone(reason);
                made.drain(..).for_each(|change| change.tell(&outcome));
                change.tell(&outcome);
            }
        }
    }
    drop(changes);
    if made.is_empty() {
        return;
    }
    let outcome = match run(connection, "COMMIT") {
        Ok(()) => Outcome::Kept,
        Err(error) => {
            if !connection.is_autocommit() {
                let _ = run(connection, "ROLLBACK");
            }
            Outcome::Unknown(error.to_string())
        }
    };
    made.into_iter().for_each(|change| change.tell(&outcome));
}

/// What a change did to the transaction that it is in.
enum Made {
    /// It is part of it.
    Kept,
    /// It was undone alone.
    Alone,
    /// It took all others with it.
    Everything(String),
}

fn make(connection: &Connection, change: &mut Box<dyn Change>) -> Made {
    if let Err(error) = run(connection, "SAVEPOINT one_change") {
        let _ = run(connection, "ROLLBACK");
        return Made::Everything(error.to_string());
    }
    let kept = change.make(connection);
    if connection.is_autocommit() {
        return Made::Everything("the transaction was undone".to_owned());
    }
    let ended = if kept {
        run(connection, "RELEASE one_change").map(|()| Made::Kept)
    } else {
        run(connection, "ROLLBACK TO one_change")
            .and_then(|()| run(connection, "RELEASE one_change"))
            .map(|()| Made::Alone)
    };
    ended.unwrap_or_else(|error| {
        if !connection.is_autocommit() {
            let _ = run(connection, "ROLLBACK");
        }
        Made::Everything(error.to_string())
    })
}

fn run(connection: &Connection, sql: &str) -> rusqlite::Result<()> {
    connection.prepare_cached(sql)?.execute([])?;
    Ok(())
}

/// A change as a closure, with its answer and the way back to its owner.
struct Waiting<T, F> {
    doing: &'static str,
    change: Option<F>,
    answer: Option<rusqlite::Result<T>>,
    tell: oneshot::Sender<Result<T, StoreError>>,
}

impl<T, F> Change for Waiting<T, F>
where
    T: Send,
    F: FnOnce(&Connection) -> rusqlite::Result<T> + Send,
{
    fn make(&mut self, connection: &Connection) -> bool {
        self.answer = self.change.take().map(|change| change(connection));
        matches!(self.answer, Some(Ok(_)))
    }

    fn tell(self: Box<Self>, outcome: &Outcome) {
        let doing = self.doing;
        let told = match (outcome, self.answer) {
            (_, Some(Err(error))) => Err(refusal(doing, error)),
            (Outcome::Kept, Some(Ok(answer))) => Ok(answer),
            (Outcome::Unknown(reason), Some(Ok(_))) => {
                Err(StoreError::OutcomeUnknown { doing, source: reason.as_str().into() })
            }
            (Outcome::Undone(reason), _) => Err(StoreError::unavailable(doing, reason.as_str())),
            (Outcome::Kept | Outcome::Unknown(_), None) => {
                Err(StoreError::unavailable(doing, "it was never begun"))
            }
        };
        // Whoever has stopped waiting does not want to know.
        let _ = self.tell.send(told);
    }
}

/// SQLite names tables and columns in its messages, never values.
fn refusal(doing: &'static str, error: rusqlite::Error) -> StoreError {
    let is_ours = matches!(
        error.sqlite_error_code(),
        Some(ErrorCode::ConstraintViolation | ErrorCode::TooBig | ErrorCode::TypeMismatch)
    );
    if is_ours {
        StoreError::rejected(doing, error.to_string())
    } else {
        StoreError::unavailable(doing, error)
    }
}
