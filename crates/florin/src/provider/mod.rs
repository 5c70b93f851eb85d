//! Providers of other payment methods than cards, as the gateway reaches them: one adapter for
//! all methods.
//!
//! A provider takes a payment on and says where its payer goes; it tells the result by a signed
//! call, can be asked what became of a payment, and gives money back. Which methods there are and
//! what they may do is the provider's business. The test platform's is the simulator; live sites
//! have none.

mod client;
mod wire;
mod result;

pub use client::{ProviderClient, ProviderError, Taken, Wanted};
pub use result::{Said, Word, read_result};
pub use wire::{Answered, Wire};
