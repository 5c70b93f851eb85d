//! The codec against recorded bytes, against itself, and against bytes that mean harm.

#![expect(clippy::unwrap_used, reason = "tests may")]

mod worked_messages;
mod properties;
mod refusals;
mod frames;
