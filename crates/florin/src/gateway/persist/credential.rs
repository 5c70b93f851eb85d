//! The stored card that an attempt makes or charges, as it lies in the order's state.

use serde::{Deserialize, Serialize};

use crate::api::contract::request::RecurringModel;

/// A stored card in an attempt to pay.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Credential {
    #[serde(rename = "t")]
    pub token: String,
    /// Under which it is charged, now or later.
    #[serde(rename = "m")]
    pub model: RecurringModel,
    #[serde(rename = "u")]
    pub used: CredentialUse,
}

/// What an attempt has to do with a stored card.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CredentialUse {
    /// It makes the token, which lives or dies with it.
    Make,
    /// It is made while another first payment of the card is under way, and has the token with it.
    Share,
    /// It shows a card again that has a token, whose date it may renew.
    Renew,
    /// It charges the token.
    Charge {
        /// The scheme's identifier of the first payment.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        reference: Option<String>,
        /// The card was told by mail or telephone then.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        by_mail: bool,
    },
}
