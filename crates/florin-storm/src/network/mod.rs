//! The virtual network: frames between link and host, calls between HTTP's ends.

pub mod frames;
pub mod calls;
