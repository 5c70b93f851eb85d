//! What is true of card payments, and what is decided about them. Touches nothing.
//!
//! No network, database, clock or randomness: times, identities and answers come in as arguments.
//! Nothing here is asynchronous, and nothing can fail but by a refusal that says why.
#![cfg_attr(not(test), warn(clippy::arithmetic_side_effects))]

pub mod money;
pub mod country;
pub mod card;
pub mod method;
pub mod order_id;
pub mod decline;
pub mod part;
pub mod payment;
pub mod provider;
pub mod chargeback;
pub mod trail;
pub mod session;
pub mod order;
pub mod authentication;
pub mod risk;
pub mod tariff;
pub mod ledger;
pub mod decision;
