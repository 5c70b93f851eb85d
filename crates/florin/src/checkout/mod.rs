//! Pages that a payer's browser sees, and the calls that browsers and directory servers make
//! during 3-D Secure.
//!
//! Decides nothing: the operations of `gateway` say where the payer stands, this says how that
//! looks.

mod pages;
mod routes;

pub use routes::routes;
pub(crate) use routes::{operations, read_form};
