//! Starting tasks, and the process that they belong to.
//!
//! In production that is the operating system's process, and nothing here is in the way. Where
//! several gateways live in one process (`florin-storm`), each is a [`TaskGroup`]: whatever its
//! tasks start belongs to it, and it can die at any await, as a process does.

use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};

use tokio::sync::Notify;
use tokio::task::{AbortHandle, JoinHandle};

tokio::task_local! {
    /// The group of the task that runs; none in production.
    static GROUP: TaskGroup;
}

/// Exit status of a process that must not go on (`EX_SOFTWARE`).
const MUST_NOT_GO_ON: i32 = 70;

/// Starts a task, in the group of the one that starts it.
pub fn start<F>(task: F) -> JoinHandle<F::Output>
where
    F: Future + Send + 'static,
    F::Output: Send + 'static,
{
    match TaskGroup::current() {
        None => tokio::spawn(task),
        Some(group) => group.start(task),
    }
}

/// Ends the process at once, with everything that it has under way.
pub(crate) fn end_process() {
    match TaskGroup::current() {
        None => std::process::exit(MUST_NOT_GO_ON),
        Some(group) => group.die(),
    }
}

/// Tasks that live and die together. Copies are the same group.
#[derive(Clone, Default)]
pub struct TaskGroup(Arc<Group>);

struct Group {
    is_dead: AtomicBool,
    /// Polls until it dies.
    steps_left: AtomicU64,
    tasks: Mutex<Vec<AbortHandle>>,
    died: Notify,
}

impl Default for Group {
    fn default() -> Group {
        Group {
            is_dead: AtomicBool::new(false),
            steps_left: AtomicU64::new(u64::MAX),
            tasks: Mutex::default(),
            died: Notify::new(),
        }
    }
}

impl TaskGroup {
    fn current() -> Option<TaskGroup> {
        GROUP.try_with(Clone::clone).ok()
    }

    /// Starts a task in this group. In a dead group it never runs.
    pub fn start<F>(&self, task: F) -> JoinHandle<F::Output>
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        let handle = tokio::spawn(Member { group: self.clone(), task: Box::pin(task) });
        if self.is_dead() {
            handle.abort();
        } else {
            let mut tasks = self.tasks();
            if tasks.len() == tasks.capacity() {
                tasks.retain(|task| !task.is_finished());
            }
            tasks.push(handle.abort_handle());
        }
        handle
    }

    /// Lets the group take this many more steps; then it dies, whatever it is doing.
    pub fn die_after(&self, steps: u64) {
        self.0.steps_left.store(steps, Ordering::Relaxed);
    }

    /// Ends every task where it stands: none takes another step.
    pub fn die(&self) {
        self.0.is_dead.store(true, Ordering::Relaxed);
        for task in self.tasks().drain(..) {
            task.abort();
        }
        self.0.died.notify_one();
    }

    /// Waits until the group has died; for one who waits.
    pub async fn died(&self) {
        while !self.is_dead() {
            self.0.died.notified().await;
        }
    }

    /// Whether the group has died.
    pub fn is_dead(&self) -> bool {
        self.0.is_dead.load(Ordering::Relaxed)
    }

    /// Takes one step of a task, unless the group is dead or this is where it dies.
    fn step<T>(&self, take: impl FnOnce() -> Poll<T>) -> Poll<T> {
        if self.is_dead() {
            return Poll::Pending;
        }
        let before = self.0.steps_left.load(Ordering::Relaxed);
        if before == 0 {
            self.die();
            return Poll::Pending;
        }
        self.0.steps_left.store(before - 1, Ordering::Relaxed);
        GROUP.sync_scope(self.clone(), take)
    }

    fn tasks(&self) -> std::sync::MutexGuard<'_, Vec<AbortHandle>> {
        self.0.tasks.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A task of a group.
struct Member<F> {
    group: TaskGroup,
    task: Pin<Box<F>>,
}

impl<F: Future> Future for Member<F> {
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<F::Output> {
        let Member { group, task } = self.get_mut();
        group.step(|| task.as_mut().poll(context))
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::AtomicU32;

    use super::*;

    /// A group whose first task starts a second one that counts its steps for ever.
    fn counting_group() -> (TaskGroup, Arc<AtomicU32>) {
        let (group, count) = (TaskGroup::default(), Arc::new(AtomicU32::new(0)));
        let counted = count.clone();
        group.start(async move {
            start(async move {
                loop {
                    counted.fetch_add(1, Ordering::Relaxed);
                    tokio::task::yield_now().await;
                }
            });
        });
        (group, count)
    }

    async fn let_others_run() {
        for _ in 0..50 {
            tokio::task::yield_now().await;
        }
    }

    #[tokio::test]
    async fn what_a_task_starts_dies_with_its_group_after_the_steps_that_it_was_given() {
        let (group, count) = counting_group();
        // One step starts the other task, which takes the seven that are left.
        group.die_after(8);
        let_others_run().await;
        assert!(group.is_dead());
        assert_eq!(count.load(Ordering::Relaxed), 7);
    }

    #[tokio::test]
    async fn a_dead_group_takes_no_step_and_starts_nothing() {
        let (group, count) = counting_group();
        let_others_run().await;
        group.die();
        group.died().await;
        let at_death = count.load(Ordering::Relaxed);
        assert!(at_death > 0);
        let late = group.start(async {});
        let_others_run().await;
        assert_eq!(count.load(Ordering::Relaxed), at_death);
        assert!(late.await.is_err_and(|error| error.is_cancelled()));
    }

    #[tokio::test]
    async fn without_a_group_tasks_are_the_runtimes() {
        assert_eq!(start(async { 7 }).await.ok(), Some(7));
    }
}
