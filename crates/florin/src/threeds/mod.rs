//! The 3DS Server: card ranges, authentication, challenge, result.
//!
//! Speaks EMV 3-D Secure with the schemes' directory servers over HTTP. Decides nothing about a
//! payment: it says what the issuer answered. Keeps no state that a restart would miss.
//!
//! The path of one authentication:
//!
//! 1. [`ThreeDsServer::lookup`]: does the card take part, in which version, with a 3DS Method?
//! 2. [`method_form`], where there is one; [`read_method_notification`] when it reports back.
//! 3. [`ThreeDsServer::authenticate`]: AReq and ARes. Final, or an [`OpenChallenge`] to be kept.
//! 4. [`OpenChallenge::form`]: the browser takes the CReq to the issuer.
//! 5. [`read_result`], [`check_result`], [`acknowledge`]: the RReq, the only true result.
//! 6. [`read_cres`]: the browser is back; this is no result.

mod config;
mod client;
mod request;
mod browser;
mod address;
mod phone;
mod names;
mod outcome;
mod challenge;
mod result;
mod card_ranges;
mod directory;
#[cfg(test)]
mod tests;

pub use address::Address;
pub(crate) use browser::public_ip;
pub use browser::{BrowserData, MISSING_ACCEPT_HEADER};
pub use challenge::{
    ChallengeWindow, CreqForm, MethodForm, OpenChallenge, method_form, read_cres,
    read_method_notification,
};
pub use client::{
    Authentication, Lookup, RandomSource, ThreeDsServer, Unavailable, Why, system_random,
};
pub use config::{ConfigError, MutualTls, NetworkConfig, Requestor, ThreeDsConfig};
pub use directory::{PostError, Posted, Wire};
pub use outcome::{Flow, Outcome, REASON_CANCELLED, Refusal, eci_for, refusal_for};
pub use request::{AuthenticationRequest, ChallengeIndicator, Merchant, MethodResult, Purpose};
pub use result::{acknowledge, check_result, read_result, unknown_transaction};
