//! The codec against recorded bytes, against itself, and against bytes that mean harm.

mod worked_messages;

#![expect(clippy::unwrap_used, reason = "tests may")]
mod properties;
mod refusals;
mod frames;
