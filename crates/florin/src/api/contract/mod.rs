//! The contract with merchants as code: what requests mean, how answers look.
//!
//! Bytes in, typed values or a named refusal out; typed values in, bytes out. No HTTP server, no
//! store and no clock in here.

pub mod errors;
pub mod rules;
pub mod scalars;
pub mod request;
pub mod card_input;
pub mod customer;
pub mod payment_options;
pub mod cart;
pub mod read;
pub mod changes;
pub mod stored;
pub mod canonical;
pub mod timestamp;
pub mod answer;
pub mod verification_form;

pub use answer::{ApiVersion, OrderView};
pub use errors::ApiError;
pub use read::read_order;
pub use request::{OrderDetails, OrderRequest};
pub use rules::SiteRules;
pub use stored::StoredRequest;
