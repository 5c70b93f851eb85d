//! What the simulator takes from around it: the time, chance, and the way to a 3DS Server.
//!
//! The machine's by default. Where a run has to be repeatable, its owner brings others.

use std::time::Duration;

use async_trait::async_trait;
use jiff::Timestamp;
use reqwest::header;
use uuid::Uuid;

/// Around a simulator.
#[async_trait]
pub trait Surroundings: Send + Sync + 'static {
    /// The present instant.
    fn now(&self) -> Timestamp;

    /// An identity that nothing else has.
    fn new_id(&self) -> Uuid;

    /// Posts a result to a 3DS Server, for at most `wait`, and reads at most `bytes_max` of its
    /// answer.
    ///
    /// # Errors
    /// Why there is no answer, in words for the log.
    async fn post(
        &self,
        url: &str,
        body: Vec<u8>,
        wait: Duration,
        bytes_max: usize,
    ) -> Result<Vec<u8>, String>;
}

/// The machine's clock, random numbers and network.
pub(crate) struct Machine {
    http: reqwest::Client,
}

impl Machine {
    pub(crate) fn new() -> Result<Machine, reqwest::Error> {
        let http = reqwest::Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .no_proxy()
            .build()?;
        Ok(Machine { http })
    }

    async fn send(
        &self,
        url: &str,
        body: Vec<u8>,
        wait: Duration,
        bytes_max: usize,
    ) -> Result<Vec<u8>, reqwest::Error> {
        let request = self
            .http
            .post(url)
            .header(header::CONTENT_TYPE, "application/json; charset=utf-8")
            .timeout(wait)
            .body(body);
        let mut response = request.send().await?;
        let mut answer = Vec::new();
        while let Some(chunk) = response.chunk().await? {
            if answer.len() + chunk.len() > bytes_max {
                break;
            }
            answer.extend_from_slice(&chunk);
        }
        Ok(answer)
    }
}

#[async_trait]
impl Surroundings for Machine {
    fn now(&self) -> Timestamp {
        Timestamp::now()
    }

    fn new_id(&self) -> Uuid {
        Uuid::new_v4()
    }

    async fn post(
        &self,
        url: &str,
        body: Vec<u8>,
        wait: Duration,
        bytes_max: usize,
    ) -> Result<Vec<u8>, String> {
        let sent = self.send(url, body, wait, bytes_max).await;
        sent.map_err(|error| error.without_url().to_string())
    }
}
