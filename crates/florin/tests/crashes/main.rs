//! The real process, broken for real: killed under load, its disk full or read-only, its database
//! restarted. What a shop was told is kept, nothing is paid twice, no hold is left without an
//! owner.
//!
//! A program of its own, so that it has the machine to itself.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that cannot go on fails")]

#[path = "../support/postgres.rs"]
#[allow(dead_code, reason = "other test programs use more of it")]
mod postgres;

mod chance;
mod process;
mod trade;
mod audit;
mod mounts;

mod kills;
mod providers;
mod outages;
mod disks;
