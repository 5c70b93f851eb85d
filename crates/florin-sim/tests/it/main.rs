//! The simulator as a gateway meets it: over sockets and HTTP, with the two format crates only.
//!
//! `world` starts a simulator and plays the gateway; the other files are a story each.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod world;
mod issuer_answers;
mod books;
mod faults;
mod restart;
mod link;
mod authentication;
mod challenge;
mod challenge_languages;
mod control;
