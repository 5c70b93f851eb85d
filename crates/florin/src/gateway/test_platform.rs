//! What only test sites can do: move their clock, look into the simulator's books, make the
//! outside fail, start afresh. Nothing of it is reached by the payment path.

use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;
use zeroize::Zeroizing;

use super::site::{Mode, Site};
use super::{Failure, Gateway};
use crate::clock::UnixMillis;

/// The simulator's control interface, reached over HTTP like everything of the simulator.
pub struct SimulatorControl {
    http: reqwest::Client,
    base_url: String,
    token: Zeroizing<String>,
}

/// Why a control call came to nothing.
#[derive(Debug)]
pub enum ControlError {
    /// The site is live, or no simulator is configured.
    NotOffered,
    /// The simulator did not understand the request; its own words.
    Refused(String),
    /// It could not be reached, or answered nonsense.
    Unreachable,
    Failure(Failure),
}

impl From<Failure> for ControlError {
    fn from(failure: Failure) -> ControlError {
        ControlError::Failure(failure)
    }
}

/// How long a control call may take.
const CONTROL_WAIT: Duration = Duration::from_secs(10);

/// Farthest that a clock is moved at once: ten years.
pub const ADVANCE_SECONDS_MAX: i64 = 10 * 366 * 24 * 60 * 60;

impl SimulatorControl {
    /// `base_url` is where the simulator's paths begin; no slash at its end.
    ///
    /// # Errors
    /// When the HTTP client cannot be set up.
    pub fn new(base_url: &str, token: &str) -> Result<SimulatorControl, reqwest::Error> {
        let http = reqwest::Client::builder()
            .timeout(CONTROL_WAIT)
            .redirect(reqwest::redirect::Policy::none())
            .no_proxy()
            .build()?;
        let token = Zeroizing::new(token.to_owned());
        Ok(SimulatorControl { http, base_url: base_url.trim_end_matches('/').to_owned(), token })
    }

    async fn call(
        &self,
        method: reqwest::Method,
        path: &str,
        body: Option<&Value>,
    ) -> Result<Value, ControlError> {
        let mut request = self
            .http
            .request(method, format!("{}{path}", self.base_url))
            .bearer_auth(self.token.as_str());
        if let Some(body) = body {
            request = request
                .header("content-type", "application/json")
                .body(serde_json::to_vec(body).map_err(|_| ControlError::Unreachable)?);
        }
        let answer = request.send().await.map_err(|_| ControlError::Unreachable)?;
        let good = answer.status().is_success();
        let client_error = answer.status().is_client_error();
        let bytes = answer.bytes().await.map_err(|_| ControlError::Unreachable)?;
        match serde_json::from_slice::<Value>(&bytes) {
            Ok(value) if good => Ok(value),
            _ if good && bytes.is_empty() => Ok(Value::Null),
            _ if client_error => {
                Err(ControlError::Refused(String::from_utf8_lossy(&bytes).into_owned()))
            }
            _ => Err(ControlError::Unreachable),
        }
    }

    /// A text that is no JSON.
    async fn text(&self, path: &str) -> Result<Vec<u8>, ControlError> {
        let request = self.http.get(format!("{}{path}", self.base_url));
        let request = request.bearer_auth(self.token.as_str());
        let answer = request.send().await.map_err(|_| ControlError::Unreachable)?;
        let answer = answer.error_for_status().map_err(|_| ControlError::Unreachable)?;
        Ok(answer.bytes().await.map_err(|_| ControlError::Unreachable)?.to_vec())
    }

    /// The table of test cards.
    pub async fn cards(&self) -> Result<Value, ControlError> {
        self.call(reqwest::Method::GET, "/control/cards", None).await
    }

    /// The last messages of a merchant, described and masked.
    pub async fn messages(&self, merchant: &str, limit: u32) -> Result<Value, ControlError> {
        let path = format!("/control/messages?merchant={merchant}&limit={limit}");
        self.call(reqwest::Method::GET, &path, None).await
    }
}

impl Gateway {
    fn simulator_of(&self, site: &Site) -> Result<&SimulatorControl, ControlError> {
        match (site.mode, &self.simulator) {
            (Mode::Test, Some(simulator)) => Ok(simulator),
            _ => Err(ControlError::NotOffered),
        }
    }

    /// The site's own time and what it is ahead of the gateway's, in milliseconds.
    pub fn site_clock(&self, site: &Site) -> Result<(UnixMillis, i64), ControlError> {
        self.simulator_of(site)?;
        Ok((site.time(self.now()), site.clock_offset_ms))
    }

    /// Moves the site's clock forward; everything of the site that becomes due by that is worked
    /// off as soon as the workers see it.
    pub async fn advance_site_clock(
        self: &Arc<Gateway>,
        site: &Site,
        seconds: i64,
    ) -> Result<(UnixMillis, i64), ControlError> {
        self.simulator_of(site)?;
        let offset = self
            .store
            .advance_site_clock(site.id, seconds.saturating_mul(1000))
            .await
            .map_err(Failure::from)?
            .unwrap_or(site.clock_offset_ms);
        self.directory.refresh(self.store.as_ref(), &self.vault).await?;
        self.work.wake.notify_waiters();
        self.work.wake.notify_one();
        Ok((self.now().saturating_add(offset), offset))
    }

    /// The host's own books of the site.
    pub async fn host_books(&self, site: &Site) -> Result<Value, ControlError> {
        let path = format!("/control/host?merchant={}", site.merchant_id());
        self.simulator_of(site)?.call(reqwest::Method::GET, &path, None).await
    }

    /// The host's own books of the site, as the file that an acquirer sends.
    pub async fn host_file(&self, site: &Site) -> Result<Vec<u8>, ControlError> {
        let path = format!("/control/host?merchant={}&format=csv", site.merchant_id());
        self.simulator_of(site)?.text(&path).await
    }

    /// Makes the outside fail for this site; the simulator says what it understands.
    pub async fn add_faults(&self, site: &Site, mut faults: Value) -> Result<Value, ControlError> {
        let Some(members) = faults.as_object_mut() else {
            return Err(ControlError::Refused("the body is a JSON object".to_owned()));
        };
        members.insert("merchant".to_owned(), Value::String(site.merchant_id()));
        let simulator = self.simulator_of(site)?;
        simulator.call(reqwest::Method::POST, "/control/faults", Some(&faults)).await
    }

    /// The faults that wait for this site.
    pub async fn faults(&self, site: &Site) -> Result<Value, ControlError> {
        let path = format!("/control/faults?merchant={}", site.merchant_id());
        self.simulator_of(site)?.call(reqwest::Method::GET, &path, None).await
    }

    /// Forgets the faults that wait for this site.
    pub async fn clear_faults(&self, site: &Site) -> Result<(), ControlError> {
        let path = format!("/control/faults?merchant={}", site.merchant_id());
        let simulator = self.simulator_of(site)?;
        simulator.call(reqwest::Method::DELETE, &path, None).await.map(drop)
    }

    /// Deletes every order of the site and the host's books of it; returns how many orders.
    pub async fn delete_site_data(&self, site: &Site) -> Result<u64, ControlError> {
        let simulator = self.simulator_of(site)?;
        let deleted = self.store.delete_site_data(site.id).await.map_err(Failure::from)?;
        let path = format!("/control/data?merchant={}", site.merchant_id());
        simulator.call(reqwest::Method::DELETE, &path, None).await?;
        Ok(deleted)
    }

    /// Lets the simulator forget the site: books, faults, messages.
    pub(super) async fn forget_at_simulator(&self, site: &Site) -> Result<(), ControlError> {
        let path = format!("/control/data?merchant={}", site.merchant_id());
        let simulator = self.simulator_of(site)?;
        simulator.call(reqwest::Method::DELETE, &path, None).await.map(drop)
    }
}
