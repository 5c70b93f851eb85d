//! The acquirer's host: ISO 8583 over TCP, one task for each connection.
//!
//! `request` reads a message, `decide` and `account` answer it from the books, `answer` makes the
//! message, `exchange` ties them to books, journal and faults, `connection` moves the bytes.

pub mod time;
pub mod request;
pub mod account;
pub mod decide;
pub mod answer;
pub mod mac;
pub mod exchange;
pub mod connection;

pub use connection::listen;
