//! What is true of card payments, and what is decided about them. Touches nothing.
//!
//! No network, database, clock or randomness: times and identities come in as arguments. Only
//! the operations, which drive the ports, know what asynchronous code is.
#![cfg_attr(not(test), warn(clippy::arithmetic_side_effects))]

pub mod money;
pub mod country;
pub mod card;
pub mod order_id;
pub mod decline;
