//! Webhooks: where to, how signed, how delivered, when again.
//!
//! Everything about one delivery except the rows that say it is owed and the order that it tells.
//! Listed in the order in which a newcomer should read them.

pub mod target;
pub mod signature;
pub mod acknowledgement;
pub mod policy;
pub mod client;
pub mod schedule;
