//! Storms over a gateway: whole runs from a seed, in one thread, on a virtual clock and network.
//!
//! The gateway is the real one; what it works through is not: a store in memory, streams and calls
//! that get lost, processes that die at any await. Listed in the order in which to read them.

pub mod run;
pub mod weather;
pub mod world;
pub mod mood;
pub mod chance;
pub mod processes;
pub mod front;
pub mod network;
pub mod store;
pub mod outside;
pub mod elsewhere;
pub mod receiver;
pub mod purchase;
pub mod shop;
pub mod keys;
pub mod actions;
pub mod wallets;
pub mod disputes;
pub mod reviews;
pub mod parts;
pub mod payer;
pub mod reminders;
pub mod forms;
pub mod oracle;
pub mod coverage;
pub mod report;
pub mod bugs;
