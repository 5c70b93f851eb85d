//! Settings of the 3DS Server: who we are to the schemes, where their servers are, how long we
//! wait.
//!
//! Not the policy: whether a payment is authenticated at all is decided elsewhere.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::{fmt, time::Duration};

use emv3ds::Version;
use reqwest::Url;
use serde::{Deserialize, Serialize};

/// Shortest time between two fetches of all card ranges of a network that are not asked for by
/// a payment: schemes want at most one an hour.
pub(crate) const RANGES_REFRESH_S_MIN: u64 = 60 * 60;
/// Longest one: schemes want one a day.
pub(crate) const RANGES_REFRESH_S_MAX: u64 = 24 * 60 * 60;

/// All settings of the 3DS Server.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ThreeDsConfig {
    /// `threeDSServerRefNumber`, given by EMVCo with the approval of this 3DS Server.
    pub server_reference_number: String,
    /// Who asks for authentication, unless the order's site is enrolled by itself.
    pub requestor: Requestor,
    /// Versions that this server offers, such as `["2.2.0", "2.3.1"]`.
    pub versions: Vec<Version>,
    /// By network: VI Visa, MC Mastercard, MS Maestro, AX American Express, and so on.
    pub networks: BTreeMap<String, NetworkConfig>,
    /// From the first AReq to the last answer of one authentication, repeats included.
    pub authentication_timeout_ms: u64,
    pub connect_timeout_ms: u64,
    /// How long the 3DS Method may take in the payer's browser.
    pub method_timeout_ms: u64,
    /// From the ARes to the browser's arrival at the ACS.
    pub challenge_start_timeout_ms: u64,
    /// From the ARes to the RReq.
    pub challenge_timeout_ms: u64,
    /// From the CRes to the RReq, when the browser is faster.
    pub result_wait_ms: u64,
    /// One fetch of card ranges.
    pub ranges_timeout_ms: u64,
    /// How long a payment waits for the first fetch of card ranges.
    pub ranges_wait_ms: u64,
    /// Age at which card ranges are fetched again; held between an hour and a day.
    pub ranges_refresh_s: u64,
}

/// The merchant as the directory server knows it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Requestor {
    /// `threeDSRequestorID`, at most 35 characters.
    pub id: String,
    /// `threeDSRequestorName`, at most 40 characters.
    pub name: String,
    /// `threeDSRequestorURL`: the shop's site or its contact page.
    pub url: String,
}

/// The directory server of one network.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct NetworkConfig {
    /// Where AReq and PReq are posted to. The next one is tried when one cannot be reached.
    pub directory_urls: Vec<String>,
    /// `threeDSServerOperatorID`, when the directory server gave one.
    pub operator_id: Option<String>,
    /// Instead of the general one.
    pub requestor: Option<Requestor>,
    pub tls: Option<MutualTls>,
}

/// PEM files for mutual TLS with a directory server.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct MutualTls {
    /// Our certificate and its chain.
    pub certificate_file: PathBuf,
    /// Its private key.
    pub key_file: PathBuf,
    /// The scheme's own root certificates; none: those of the system.
    pub roots_file: Option<PathBuf>,
}

/// Settings with which a 3DS Server cannot work.
#[derive(Debug)]
pub struct ConfigError(pub(crate) String);

impl Default for ThreeDsConfig {
    fn default() -> ThreeDsConfig {
        ThreeDsConfig {
            server_reference_number: "FLORIN-TEST-3DSS-REF".to_owned(),
            requestor: Requestor::default(),
            versions: vec![Version::V220],
            networks: BTreeMap::new(),
            authentication_timeout_ms: 10_000,
            connect_timeout_ms: 3_000,
            method_timeout_ms: 10_000,
            challenge_start_timeout_ms: 30_000,
            challenge_timeout_ms: 15 * 60 * 1000,
            result_wait_ms: 5_000,
            ranges_timeout_ms: 30_000,
            ranges_wait_ms: 10_000,
            ranges_refresh_s: 12 * 60 * 60,
        }
    }
}

impl Default for Requestor {
    fn default() -> Requestor {
        Requestor {
            id: "florin-merchant-0001".to_owned(),
            name: "Florin".to_owned(),
            url: "https://shop.example.com/".to_owned(),
        }
    }
}

impl ThreeDsConfig {
    pub(crate) fn ranges_refresh(&self) -> Duration {
        let seconds = self.ranges_refresh_s.clamp(RANGES_REFRESH_S_MIN, RANGES_REFRESH_S_MAX);
        Duration::from_secs(seconds)
    }

    /// # Errors
    /// With the name of the setting that is wrong.
    pub(crate) fn check(&self) -> Result<(), ConfigError> {
        let length = |name: &str, value: &str, max: usize| match value.chars().count() {
            count if (1..=max).contains(&count) => Ok(()),
            _ => Err(ConfigError(format!("{name} must have 1 to {max} characters"))),
        };
        if self.versions.is_empty() {
            return Err(ConfigError("threeds.versions must name a version".to_owned()));
        }
        length("threeds.server_reference_number", &self.server_reference_number, 32)?;
        let of_networks = self.networks.iter().filter_map(|(code, it)| {
            it.requestor.as_ref().map(|requestor| (format!("threeds.networks.{code}"), requestor))
        });
        for (of, requestor) in of_networks.chain([("threeds".to_owned(), &self.requestor)]) {
            length(&format!("{of}.requestor.id"), &requestor.id, 35)?;
            length(&format!("{of}.requestor.name"), &requestor.name, 40)?;
            http_url(&format!("{of}.requestor.url"), &requestor.url)?;
        }
        for (code, network) in &self.networks {
            if network.directory_urls.is_empty() {
                let what = format!("threeds.networks.{code}.directory_urls must name a URL");
                return Err(ConfigError(what));
            }
        }
        Ok(())
    }
}

/// An absolute http or https URL with a host.
pub(crate) fn http_url(name: &str, text: &str) -> Result<Url, ConfigError> {
    let url = Url::parse(text).ok().filter(|url| matches!(url.scheme(), "http" | "https"));
    url.filter(Url::has_host).ok_or_else(|| ConfigError(format!("{name} must be an http(s) URL")))
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for ConfigError {}
