//! EMV 3-D Secure messages: the JSON that 3DS Server, directory server and access control server
//! exchange, its forms for the browser, and the rules by which a message is refused.
//!
//! Pure: no network, clock or random numbers, and nothing about a gateway. Versions 2.1.0, 2.2.0
//! and 2.3.1; browser and requestor-initiated channels (no SDK).
//!
//! Messages are plain structs. An element that is not there is `None` (an empty text where the
//! standard requires it); what arrives is read by [`Incoming::parse`], which checks it as well:
//!
//! ```
//! use emv3ds::{Component, Incoming};
//! let answer = Incoming::parse(b"{\"messageType\":\"ARes\",\"messageVersion\":\"2.2.0\"}");
//! let erro = answer.unwrap_err().to_erro(Component::ThreeDsServer);
//! assert_eq!(erro.error_code, "201");
//! ```
#![warn(clippy::arithmetic_side_effects)]

#[macro_use]
mod message;
mod incoming;
mod areq;
mod ares;
mod challenge;
mod results;
mod card_ranges;
mod method;
mod erro;
mod version;
mod status;
mod element;
mod format;
mod form;
mod secret;

pub use areq::{Areq, Phone, PriorAuthenticationInfo, category, channel, comp_ind};
pub use ares::Ares;
pub use card_ranges::{CardRange, Preq, Pres, action};
pub use challenge::{
    Creq, Cres, SESSION_DATA_CHARS_MAX, read_session_data, session_data_form_value,
};
pub use element::{Extension, OneOrMany, TextOrObject};
pub use erro::{Component, Erro, ErrorCode, ParseError, TransactionIds, Violation};
pub use form::{FORM_VALUE_CHARS_MAX, FormError};
pub use incoming::Incoming;
pub use message::Message;
pub use method::MethodData;
pub use results::{Rreq, Rres, results_status};
pub use secret::Secret;
pub use status::TransStatus;
pub use version::{UnknownVersion, Version, VersionRange};
