//! Every bound of the server, by name and with its unit.

/// Largest request body that any endpoint reads.
pub const BODY_BYTES_MAX: usize = 1024 * 1024;
