//! The acquirer's host: ISO 8583 over TCP, one task for each connection.
//!
//! `request` reads a message, `decide` and `account` answer it from the books, `answer` makes the
//! message, `exchange` ties them to books, journal and faults, `connection` moves the bytes.

pub(crate) mod time;
pub(crate) mod request;
pub(crate) mod account;
pub(crate) mod decide;
pub(crate) mod answer;
pub(crate) mod mac;
pub(crate) mod exchange;
pub(crate) mod connection;

pub(crate) use connection::{converse, listen};
