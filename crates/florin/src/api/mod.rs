//! JSON for merchants.
