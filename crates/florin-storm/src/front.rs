//! The gateway's front door: whichever process is up takes the call.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use axum::Router;
use florin::tasks::TaskGroup;

use crate::network::calls::{self, Call, NoReply, Reply};
use crate::world::World;

/// Base of the gateway's addresses.
pub const GATEWAY: &str = "http://gateway.example";

/// What stands before the processes.
pub struct Front {
    world: Arc<World>,
    /// Processes that answer, by their place.
    up: Mutex<Vec<Option<Up>>>,
}

/// A process that answers.
#[derive(Clone)]
pub struct Up {
    pub process: TaskGroup,
    pub routes: Router,
}

impl Front {
    pub fn new(world: &Arc<World>) -> Arc<Front> {
        let up = Mutex::new(vec![None; world.weather.processes]);
        Arc::new(Front { world: world.clone(), up })
    }

    /// Says who answers at a place, or that nobody does.
    pub fn set(&self, place: usize, up: Option<Up>) {
        self.lock()[place] = up;
    }

    /// Lets go of all processes.
    pub fn close(&self) {
        self.lock().clear();
    }

    /// The processes that are up.
    pub fn up(&self) -> Vec<Up> {
        self.lock().iter().flatten().filter(|up| !up.process.is_dead()).cloned().collect()
    }

    /// Calls the gateway, and gives up after `wait`.
    pub async fn call(&self, call: Call, wait: Duration) -> Result<Reply, NoReply> {
        let called = tokio::time::timeout(wait, self.try_call(call));
        called.await.unwrap_or(Err(NoReply::TimedOut))
    }

    async fn try_call(&self, mut call: Call) -> Result<Reply, NoReply> {
        if let Some(path) = call.url.strip_prefix(GATEWAY) {
            call.url = path.to_owned();
        }
        let up = self.up();
        if up.is_empty() {
            return Err(NoReply::Unreached);
        }
        let Up { process, routes } = self.world.chance.one_of(&up);
        let answer = || calls::serve(routes.clone(), call.clone());
        calls::carry(&self.world, None, Some(process), answer).await
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Option<Up>>> {
        self.up.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
