//! What others said of a payment, at rest: 3-D Secure's result and the host's answer.

use florin_core::payment::{
    AnswerFacts, AuthenticationFlow, AuthenticationResult, AuthenticationStatus,
};
use serde::{Deserialize, Serialize};

use super::Unreadable;

#[derive(Serialize, Deserialize)]
pub(super) struct AuthenticationRow {
    status: String,
    challenge: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    eci: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    value: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    acs: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    ds: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    version: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    cancel: Option<String>,
}

#[derive(Serialize, Deserialize)]
pub(super) struct AnswerRow {
    #[serde(rename = "c")]
    response_code: String,
    #[serde(rename = "p", default, skip_serializing_if = "Option::is_none")]
    approval_code: Option<String>,
    #[serde(rename = "n", default, skip_serializing_if = "Option::is_none")]
    network_reference: Option<String>,
    #[serde(rename = "v", default, skip_serializing_if = "Option::is_none")]
    cvc_result: Option<String>,
    #[serde(rename = "a", default, skip_serializing_if = "Option::is_none")]
    cavv_result: Option<String>,
    #[serde(rename = "d", default, skip_serializing_if = "Option::is_none")]
    card_product: Option<String>,
    #[serde(rename = "f", default, skip_serializing_if = "Option::is_none")]
    card_funding: Option<String>,
    #[serde(rename = "y", default, skip_serializing_if = "Option::is_none")]
    issuer_country: Option<String>,
    #[serde(rename = "m", default, skip_serializing_if = "Option::is_none")]
    advice_code: Option<String>,
}

impl From<&AuthenticationResult> for AuthenticationRow {
    fn from(result: &AuthenticationResult) -> AuthenticationRow {
        AuthenticationRow {
            status: result.status.letter().to_owned(),
            challenge: result.flow == AuthenticationFlow::Challenge,
            eci: result.eci.clone(),
            value: result.value.clone(),
            acs: result.acs_trans_id.clone(),
            ds: result.ds_trans_id.clone(),
            version: result.version.clone(),
            reason: result.status_reason.clone(),
            cancel: result.challenge_cancel.clone(),
        }
    }
}

impl AuthenticationRow {
    pub(super) fn read(self) -> Result<AuthenticationResult, Unreadable> {
        let status = AuthenticationStatus::from_letter(&self.status)
            .ok_or_else(|| Unreadable(format!("transStatus {}", self.status)))?;
        let flow = if self.challenge {
            AuthenticationFlow::Challenge
        } else {
            AuthenticationFlow::Frictionless
        };
        Ok(AuthenticationResult {
            status,
            flow,
            eci: self.eci,
            value: self.value,
            acs_trans_id: self.acs,
            ds_trans_id: self.ds,
            version: self.version,
            status_reason: self.reason,
            challenge_cancel: self.cancel,
        })
    }
}

impl From<&AnswerFacts> for AnswerRow {
    fn from(facts: &AnswerFacts) -> AnswerRow {
        AnswerRow {
            response_code: facts.response_code.clone(),
            approval_code: facts.approval_code.clone(),
            network_reference: facts.network_reference.clone(),
            cvc_result: facts.cvc_result.clone(),
            cavv_result: facts.cavv_result.clone(),
            card_product: facts.card_product.clone(),
            card_funding: facts.card_funding.clone(),
            issuer_country: facts.issuer_country.clone(),
            advice_code: facts.advice_code.clone(),
        }
    }
}

impl From<AnswerRow> for AnswerFacts {
    fn from(row: AnswerRow) -> AnswerFacts {
        AnswerFacts {
            response_code: row.response_code,
            approval_code: row.approval_code,
            network_reference: row.network_reference,
            cvc_result: row.cvc_result,
            cavv_result: row.cavv_result,
            card_product: row.card_product,
            card_funding: row.card_funding,
            issuer_country: row.issuer_country,
            advice_code: row.advice_code,
        }
    }
}
