//! How questions get to a provider, and its answers back.

use std::time::Duration;

use async_trait::async_trait;
use reqwest::Method;
use zeroize::Zeroizing;

use super::ProviderError;

/// How long a call may take.
const CALL_WAIT: Duration = Duration::from_secs(10);
/// How long a connection may take.
const CONNECT_WAIT: Duration = Duration::from_secs(3);
/// Bytes of an answer that are read.
const ANSWER_BYTES_MAX: usize = 64 * 1024;

/// The way to a provider.
#[async_trait]
pub trait Wire: Send + Sync + 'static {
    /// Calls a path below the provider's address with a JSON text, and reads the answer. It does
    /// not wait for ever.
    ///
    /// # Errors
    /// [`ProviderError::Unreachable`] where there is none, [`ProviderError::Unreadable`] where it
    /// is too long.
    async fn call(
        &self,
        method: Method,
        path: &str,
        body: Option<String>,
    ) -> Result<Answered, ProviderError>;
}

/// What a provider answered.
pub struct Answered {
    /// The HTTP status.
    pub status: u16,
    /// The whole body.
    pub body: Vec<u8>,
}

/// Over HTTP, with a token.
pub(super) struct HttpWire {
    http: reqwest::Client,
    base_url: String,
    token: Zeroizing<String>,
}

impl HttpWire {
    /// `base_url` is where the provider's paths begin.
    pub(super) fn new(base_url: &str, token: &str) -> Result<HttpWire, reqwest::Error> {
        let http = reqwest::Client::builder()
            .connect_timeout(CONNECT_WAIT)
            .timeout(CALL_WAIT)
            .redirect(reqwest::redirect::Policy::none())
            .no_proxy()
            .build()?;
        let base_url = base_url.trim_end_matches('/').to_owned();
        Ok(HttpWire { http, base_url, token: Zeroizing::new(token.to_owned()) })
    }
}

#[async_trait]
impl Wire for HttpWire {
    async fn call(
        &self,
        method: Method,
        path: &str,
        body: Option<String>,
    ) -> Result<Answered, ProviderError> {
        let url = format!("{}{path}", self.base_url);
        let mut request = self.http.request(method, url).bearer_auth(self.token.as_str());
        if let Some(body) = body {
            request = request.header("content-type", "application/json").body(body);
        }
        let mut answer = request.send().await.map_err(|_| ProviderError::Unreachable)?;
        let status = answer.status().as_u16();
        let mut body = Vec::new();
        while let Some(chunk) = answer.chunk().await.map_err(|_| ProviderError::Unreachable)? {
            if body.len() + chunk.len() > ANSWER_BYTES_MAX {
                return Err(ProviderError::Unreadable);
            }
            body.extend_from_slice(&chunk);
        }
        Ok(Answered { status, body })
    }
}
