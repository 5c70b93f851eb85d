//! The stored form of a payment by another method than cards.

use std::collections::BTreeMap;

use florin_core::method::Method;
use florin_core::provider::OtherMethod;
use serde::{Deserialize, Serialize};

use super::Unreadable;

#[derive(Serialize, Deserialize)]
pub(super) struct OtherRow {
    /// The id of the method.
    #[serde(rename = "m")]
    method: String,
    #[serde(rename = "r", default, skip_serializing_if = "String::is_empty")]
    reference: String,
    #[serde(rename = "f", default, skip_serializing_if = "BTreeMap::is_empty")]
    facts: BTreeMap<String, String>,
}

impl From<&OtherMethod> for OtherRow {
    fn from(other: &OtherMethod) -> OtherRow {
        OtherRow {
            method: other.method.id.to_owned(),
            reference: other.reference.clone(),
            facts: other.facts.clone(),
        }
    }
}

impl OtherRow {
    pub(super) fn read(self) -> Result<OtherMethod, Unreadable> {
        let method = Method::find(&self.method);
        let method = method.ok_or_else(|| Unreadable(format!("method {}", self.method)))?;
        Ok(OtherMethod { method, reference: self.reference, facts: self.facts })
    }
}

#[cfg(test)]
pub(super) fn sample() -> OtherMethod {
    OtherMethod {
        method: Method::find("IDEAL").expect("it is in the table"),
        reference: "a1".to_owned(),
        facts: BTreeMap::from([("issuer_id".to_owned(), "9001".to_owned())]),
    }
}
