//! The gateway: entrances, adapters, and the wiring between them.
//!
//! Listed in the order in which a newcomer should read them.

pub mod limits;
pub mod clock;
pub mod tasks;
pub mod peer;
pub mod gateway;
pub mod api;
pub mod connect;
pub mod page;
pub mod checkout;
pub mod event_stream;
pub mod ring;
pub mod call_log;
pub mod workbench;
pub mod acquirer;
pub mod threeds;
pub mod provider;
pub mod vault;
pub mod store;
pub mod notify;
pub mod mail;
pub mod config;
pub mod cli;
pub mod app;
