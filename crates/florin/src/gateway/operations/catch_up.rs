//! Operations and references of orders that earlier releases made: written once, in the background, newest first.

use super::rows_of;
use crate::gateway::persist::{Child, read_state};
use crate::gateway::{Failure, Gateway, rrn};
use crate::store::AddedRow;

/// Orders that are gone through in one step.
const STEP_ORDERS: u32 = 200;

/// Writes what is still owed; several processes may do it at once. Returns how many orders it went
/// through.
///
/// # Errors
/// A [`Failure`] when the store fails or holds what cannot be read; what is owed stays owed.
pub async fn catch_up(gateway: &Gateway) -> Result<u64, Failure> {
    let mut seen = 0;
    for (site, mut until) in gateway.store.operations_owed().await? {
        loop {
            let orders = gateway.store.recent_orders(site, Some(until), STEP_ORDERS).await?;
            let mut rows = Vec::new();
            for order in orders.iter().filter(|order| Child::read(&order.state).is_none()) {
                let (read, _) = read_state(&order.state)?;
                let operations = rows_of(&read).into_iter().map(AddedRow::Operation);
                let references = rrn::of(&read).map(|rrn| AddedRow::Reference(rrn.to_owned()));
                rows.extend(operations.chain(references).map(|row| (order.key, row)));
                seen += 1;
            }
            let next = orders.last().map(|order| order.key);
            gateway.store.add_operations(site, rows, next).await?;
            let Some(next) = next else { break };
            until = next;
        }
    }
    Ok(seen)
}
