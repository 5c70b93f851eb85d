//! JSON for merchants.

pub mod contract;
