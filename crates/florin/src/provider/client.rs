//! Calls to a provider: JSON over HTTP, with a token.

use std::sync::Arc;

use florin_core::provider::{PromiseWord, RefundWord, ShipmentWord};
use reqwest::Method;
use serde::Deserialize;
use serde_json::{Value, json};

use super::result::Said;
use super::wire::{Answered, HttpWire, Wire};

/// Longest address of a provider's page.
const URL_CHARS_MAX: usize = 1024;

/// The way to the provider of all methods.
pub struct ProviderClient(Arc<dyn Wire>);

/// What is to be paid, for a provider. Not printed: it has the key of the result.
pub struct Wanted<'a> {
    /// The id of the method, and what payers call it.
    pub method: (&'static str, &'static str),
    /// The merchant's number at the acquirer.
    pub merchant: String,
    pub shop: &'a str,
    /// Minor units.
    pub amount: i64,
    /// ISO 4217.
    pub currency: &'a str,
    pub description: &'a str,
    /// The language that the payer reads, such as `nl_NL`.
    pub locale: &'a str,
    /// The gateway's number of the attempt.
    pub reference: i64,
    /// The order came without its payer.
    pub is_direct: bool,
    /// What the order says of payer and account, by the provider's names.
    pub issuer: Option<&'a str>,
    pub payer_name: Option<String>,
    pub account: Option<&'a str>,
    pub birthday: Option<&'a str>,
    /// Where the payer's browser goes afterwards.
    pub return_url: String,
    /// Where the result goes.
    pub result_url: String,
    /// Signs the result.
    pub key: &'a str,
}

/// A payment that the provider has taken on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Taken {
    /// Where the payer goes.
    pub url: String,
    pub said: Said,
}

/// A provider did not do as it was asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ProviderError {
    /// It cannot be reached, or not in time.
    Unreachable,
    /// It refused with this HTTP status.
    Refused(u16),
    /// Its answer cannot be read.
    Unreadable,
}

impl std::fmt::Display for ProviderError {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            ProviderError::Unreachable => out.write_str("the provider cannot be reached"),
            ProviderError::Refused(status) => write!(out, "the provider answered {status}"),
            ProviderError::Unreadable => out.write_str("the provider's answer cannot be read"),
        }
    }
}

impl std::error::Error for ProviderError {}

#[derive(Deserialize)]
struct TakenText {
    url: String,
}

#[derive(Deserialize)]
struct StatusText {
    status: String,
}

impl ProviderClient {
    /// `base_url` is where the provider's paths begin.
    ///
    /// # Errors
    /// When the HTTP client cannot be set up.
    pub fn new(base_url: &str, token: &str) -> Result<ProviderClient, reqwest::Error> {
        Ok(ProviderClient::over(Arc::new(HttpWire::new(base_url, token)?)))
    }

    /// Over a way of one's own.
    pub fn over(wire: Arc<dyn Wire>) -> ProviderClient {
        ProviderClient(wire)
    }

    /// Has a payment taken on. Nothing is paid by that, except where the method pays at once.
    ///
    /// # Errors
    /// [`ProviderError`].
    pub async fn open(&self, wanted: &Wanted<'_>) -> Result<Taken, ProviderError> {
        let (method, method_name) = wanted.method;
        let body = json!({
            "method": method,
            "method_name": method_name,
            "merchant": wanted.merchant,
            "shop": wanted.shop,
            "amount": wanted.amount,
            "currency": wanted.currency,
            "description": wanted.description,
            "locale": wanted.locale,
            "reference": wanted.reference.to_string(),
            "direct": wanted.is_direct,
            "issuer": wanted.issuer,
            "payer": {
                "name": wanted.payer_name,
                "account": wanted.account,
                "birthday": wanted.birthday,
            },
            "return_url": wanted.return_url,
            "result_url": wanted.result_url,
            "key": wanted.key,
        });
        let answer = self.call(Method::POST, "/methods/payments", Some(&body)).await?;
        let said = Said::read(&answer).ok_or(ProviderError::Unreadable)?;
        let text: TakenText =
            serde_json::from_slice(&answer).map_err(|_| ProviderError::Unreadable)?;
        let is_web = text.url.starts_with("https://") || text.url.starts_with("http://");
        let plain = |it: char| it.is_ascii_graphic();
        if !is_web || text.url.len() > URL_CHARS_MAX || !text.url.chars().all(plain) {
            return Err(ProviderError::Unreadable);
        }
        Ok(Taken { url: text.url, said })
    }

    /// Asks what became of a payment.
    ///
    /// # Errors
    /// [`ProviderError`].
    pub async fn ask(&self, reference: &str) -> Result<Said, ProviderError> {
        let answer =
            self.call(Method::GET, &format!("/methods/payments/{reference}"), None).await?;
        let said = Said::read(&answer).filter(|said| said.reference == reference);
        said.ok_or(ProviderError::Unreadable)
    }

    /// Says that the shop has shipped, so that what was promised is paid; what became of the
    /// payment. It may be said again and again. `None` where the provider knows of no such payment,
    /// or of no such wish.
    ///
    /// # Errors
    /// [`ProviderError`]: then nobody knows.
    pub async fn ship(&self, reference: &str) -> Result<Option<Said>, ProviderError> {
        let path = format!("/methods/payments/{reference}/shipments");
        let Some(answer) = self.wish(&path, &json!({})).await? else { return Ok(None) };
        let said = Said::read(&answer).filter(|said| said.reference == reference);
        said.map(Some).ok_or(ProviderError::Unreadable)
    }

    /// Says that the shop has shipped a part, for which `amount` minor units are to be paid. The same
    /// number has them paid once, however often.
    ///
    /// # Errors
    /// [`ProviderError`]: then nobody knows, and it is to be told again.
    pub async fn ship_part(
        &self,
        reference: &str,
        number: i64,
        amount: i64,
    ) -> Result<ShipmentWord, ProviderError> {
        let path = format!("/methods/payments/{reference}/shipments");
        let body = json!({ "shipment": number.to_string(), "amount": amount });
        let is_paid = self.is_granted(&path, &body, "completed").await?;
        Ok(if is_paid { ShipmentWord::Paid } else { ShipmentWord::Declined })
    }

    /// Asks for a promise to last longer, from now on. It may be asked again and again.
    ///
    /// # Errors
    /// [`ProviderError`].
    pub async fn prolong(&self, reference: &str) -> Result<PromiseWord, ProviderError> {
        let path = format!("/methods/payments/{reference}/extensions");
        let is_prolonged = self.is_granted(&path, &json!({}), "prolonged").await?;
        Ok(if is_prolonged { PromiseWord::Prolonged } else { PromiseWord::Declined })
    }

    /// Asks for money to be given back. The same number gives it back once, however often.
    ///
    /// # Errors
    /// [`ProviderError`]: then nobody knows, and it is to be asked again.
    pub async fn refund(
        &self,
        reference: &str,
        number: i64,
        amount: i64,
    ) -> Result<RefundWord, ProviderError> {
        let path = format!("/methods/payments/{reference}/refunds");
        let body = json!({ "refund": number.to_string(), "amount": amount });
        let is_paid = self.is_granted(&path, &body, "completed").await?;
        Ok(if is_paid { RefundWord::Paid } else { RefundWord::Declined })
    }

    /// Whether a wish is granted, which the provider says with this word; else it says `declined`,
    /// or does not know what is meant.
    async fn is_granted(
        &self,
        path: &str,
        body: &Value,
        granted: &str,
    ) -> Result<bool, ProviderError> {
        match self.wish(path, body).await?.map(status).transpose()?.as_deref() {
            Some(word) if word == granted => Ok(true),
            Some("declined") | None => Ok(false),
            Some(_) => Err(ProviderError::Unreadable),
        }
    }

    /// What is answered to a wish about a payment; `None` where the provider does not know the
    /// payment, and never will, or knows of no such wish.
    async fn wish(&self, path: &str, body: &Value) -> Result<Option<Vec<u8>>, ProviderError> {
        match self.call(Method::POST, path, Some(body)).await {
            Err(ProviderError::Refused(404)) => Ok(None),
            answer => answer.map(Some),
        }
    }

    async fn call(
        &self,
        method: Method,
        path: &str,
        body: Option<&Value>,
    ) -> Result<Vec<u8>, ProviderError> {
        let Answered { status, body } =
            self.0.call(method, path, body.map(Value::to_string)).await?;
        if !(200..300).contains(&status) {
            return Err(ProviderError::Refused(status));
        }
        Ok(body)
    }
}

/// The word of an answer that has no other.
fn status(answer: Vec<u8>) -> Result<String, ProviderError> {
    let text: StatusText =
        serde_json::from_slice(&answer).map_err(|_| ProviderError::Unreadable)?;
    Ok(text.status)
}
