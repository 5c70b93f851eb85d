//! The link to one directory server: posting a message and reading the answer, and the copy of
//! its card ranges.
//!
//! Knows nothing of payments. Every wait and every size is bounded.

use std::fmt;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use emv3ds::{Erro, ErrorCode, Incoming, ParseError, Preq, Version};
use reqwest::{Certificate, Client, Identity, Response, Url, header, redirect, tls};
use tokio::sync::{Mutex, Semaphore};
use tokio::time::{Instant, timeout, timeout_at};
use zeroize::Zeroizing;

use crate::clock::UnixMillis;
use crate::threeds::card_ranges::{CardRanges, Ignored};
use crate::threeds::config::{ConfigError, MutualTls, NetworkConfig, ThreeDsConfig, http_url};

/// Largest answer to an AReq: an ARes has about 1 kB, its extensions at most 80 kB.
pub(crate) const ANSWER_BYTES_MAX: usize = 256 * 1024;
/// Largest list of card ranges; the largest scheme has some hundred thousand of 200 bytes.
pub(crate) const RANGES_BYTES_MAX: usize = 96 * 1024 * 1024;
/// Messages at once with one directory server; more wait for their turn within their time-out.
const EXCHANGES_MAX: usize = 256;
const IDLE_CONNECTIONS_MAX: usize = 16;
const IDLE_CONNECTION_TIMEOUT: Duration = Duration::from_secs(60);
/// After a failed fetch of card ranges nobody tries again for this long.
const RANGES_RETRY_PAUSE_MS: i64 = 5_000;
/// Larger bodies are read by a thread of their own, so that other payments go on meanwhile.
const INLINE_BYTES_MAX: usize = 256 * 1024;
/// Card ranges are asked for in the form of this version, whatever version payments have.
const RANGES_VERSION: Version = Version::V220;
const CONTENT_TYPE: &str = "application/json; charset=utf-8";

pub(crate) struct DirectoryServer {
    pub(crate) network: String,
    pub(crate) config: NetworkConfig,
    wire: Arc<dyn Wire>,
    urls: Vec<Url>,
    exchanges: Semaphore,
    copy: RwLock<Option<Arc<Copied>>>,
    /// A payment has asked for the ranges, so that they are kept fresh from now on.
    wanted: AtomicBool,
    /// Held while ranges are fetched: one fetch at a time. When the last one failed.
    failed_at: Mutex<Option<UnixMillis>>,
}

/// How messages get to the directory servers.
#[async_trait]
pub trait Wire: Send + Sync + 'static {
    /// Posts a message and reads the answer, of which at most `bytes_max` are taken.
    async fn post(&self, url: &Url, message: Bytes, bytes_max: usize) -> Result<Posted, PostError>;
}

/// An answer to what was posted.
pub struct Posted {
    /// The HTTP status.
    pub status: u16,
    /// The whole body.
    pub body: Zeroizing<Vec<u8>>,
}

/// Why there is no answer; with words for the log.
#[derive(Debug)]
pub enum PostError {
    /// No connection came about: the message has not been sent.
    Unreached(String),
    /// The connection broke.
    Broken(String),
    /// More than was allowed.
    TooLong,
}

/// Over HTTP, with the certificates of one network.
pub(crate) struct HttpWire(Client);

impl HttpWire {
    pub(crate) fn new(
        network: &str,
        config: &NetworkConfig,
        connect_timeout: Duration,
    ) -> Result<HttpWire, ConfigError> {
        let secure = urls_of(network, config)?.iter().any(|url| url.scheme() == "https");
        client(network, config.tls.as_ref(), secure, connect_timeout).map(HttpWire)
    }
}

#[async_trait]
impl Wire for HttpWire {
    async fn post(&self, url: &Url, message: Bytes, bytes_max: usize) -> Result<Posted, PostError> {
        let request = self.0.post(url.clone()).header(header::CONTENT_TYPE, CONTENT_TYPE);
        let response = request.body(message).send().await.map_err(|error| {
            let is_unreached = error.is_connect();
            let why = error.without_url().to_string();
            if is_unreached { PostError::Unreached(why) } else { PostError::Broken(why) }
        })?;
        let status = response.status().as_u16();
        Ok(Posted { status, body: read_body(response, bytes_max).await? })
    }
}

/// Card ranges and when they were fetched.
pub(crate) struct Copied {
    pub(crate) ranges: CardRanges,
    at: UnixMillis,
}

/// Why there is no usable answer.
#[derive(Debug)]
pub(crate) enum ExchangeError {
    TimedOut,
    /// No URL of the directory server could be reached, or the connection broke.
    Connection,
    AnswerTooLong,
    HttpStatus(u16),
    NotAMessage(ParseError),
}

/// Why there are no card ranges.
#[derive(Debug)]
pub(crate) enum RangesError {
    Exchange(ExchangeError),
    Refused(Box<Erro>),
    /// The answer was no PRes, or one of another transaction, or named no versions.
    WrongAnswer,
    /// The last fetch failed a moment ago.
    Paused,
}

/// Arguments of a fetch that only the owner of clock and random numbers has.
pub(crate) struct Fetch<'a> {
    pub(crate) config: &'a ThreeDsConfig,
    pub(crate) now: UnixMillis,
    pub(crate) new_id: &'a (dyn Fn() -> String + Sync),
}

impl DirectoryServer {
    pub(crate) fn new(
        network: &str,
        config: &NetworkConfig,
        wire: Arc<dyn Wire>,
    ) -> Result<DirectoryServer, ConfigError> {
        let urls = urls_of(network, config)?;
        Ok(DirectoryServer {
            network: network.to_owned(),
            config: config.clone(),
            wire,
            urls,
            exchanges: Semaphore::new(EXCHANGES_MAX),
            copy: RwLock::new(None),
            wanted: AtomicBool::new(false),
            failed_at: Mutex::new(None),
        })
    }

    /// Whether a directory server on https is all that is used; what it leads to must be so too.
    pub(crate) fn is_secure(&self) -> bool {
        self.urls.iter().all(|url| url.scheme() == "https")
    }

    /// Posts a message and reads the answer. The next URL is tried only when one could not be
    /// reached, so that no message is sent twice.
    pub(crate) async fn exchange(
        &self,
        message: Bytes,
        deadline: Instant,
        answer_bytes_max: usize,
    ) -> Result<Incoming, ExchangeError> {
        let exchange = async {
            let _permit = self.exchanges.acquire().await.map_err(|_| ExchangeError::Connection)?;
            let Posted { status, body } = self.post(message, answer_bytes_max).await?;
            let is_success = (200..300).contains(&status);
            match parse(body).await {
                // Some directory servers answer an Erro with a status of 4xx.
                Ok(incoming) if is_success || matches!(incoming, Incoming::Erro(_)) => Ok(incoming),
                Err(error) if is_success => Err(ExchangeError::NotAMessage(error)),
                _ => Err(ExchangeError::HttpStatus(status)),
            }
        };
        timeout_at(deadline, exchange).await.unwrap_or(Err(ExchangeError::TimedOut))
    }

    async fn post(&self, message: Bytes, bytes_max: usize) -> Result<Posted, ExchangeError> {
        for url in &self.urls {
            match self.wire.post(url, message.clone(), bytes_max).await {
                Ok(posted) => return Ok(posted),
                Err(PostError::Unreached(why)) => self.unusable(url, &why),
                Err(PostError::Broken(why)) => {
                    self.unusable(url, &why);
                    return Err(ExchangeError::Connection);
                }
                Err(PostError::TooLong) => return Err(ExchangeError::AnswerTooLong),
            }
        }
        Err(ExchangeError::Connection)
    }

    fn unusable(&self, url: &Url, why: &str) {
        tracing::warn!(
            threeds.network = self.network,
            host = url.host_str(),
            "a directory server cannot be used: {why}",
        );
    }

    /// The copy of the card ranges. The first payment fetches it, others wait for that fetch.
    pub(crate) async fn ranges(&self, fetch: &Fetch<'_>) -> Result<Arc<Copied>, RangesError> {
        self.wanted.store(true, Ordering::Relaxed);
        if let Some(copied) = self.copied() {
            return Ok(copied);
        }
        let wait = Duration::from_millis(fetch.config.ranges_wait_ms);
        let late = || RangesError::Exchange(ExchangeError::TimedOut);
        timeout(wait, self.fetch(fetch, None)).await.unwrap_or_else(|_| Err(late()))
    }

    /// Fetches what has changed, when a payment ever asked and the copy has come of age.
    pub(crate) async fn refresh_due(&self, fetch: &Fetch<'_>) {
        if !self.wanted.load(Ordering::Relaxed) {
            return;
        }
        let refresh = fetch.config.ranges_refresh();
        let refresh_ms = i64::try_from(refresh.as_millis()).unwrap_or(i64::MAX);
        let copied = self.copied();
        if copied.as_ref().is_some_and(|it| fetch.now < it.at.saturating_add(refresh_ms)) {
            return;
        }
        // The old copy stays in use while and when this fails.
        if let Err(error) = self.fetch(fetch, copied).await {
            tracing::warn!(threeds.network = self.network, "card ranges were not fetched: {error}");
        }
    }

    fn copied(&self) -> Option<Arc<Copied>> {
        self.copy.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// One fetch at a time; `old` is the copy that has come of age, if there is one.
    async fn fetch(
        &self,
        fetch: &Fetch<'_>,
        old: Option<Arc<Copied>>,
    ) -> Result<Arc<Copied>, RangesError> {
        let mut failed_at = self.failed_at.lock().await;
        if let Some(copied) = self.copied() {
            // Somebody else fetched them while we waited.
            if old.as_ref().is_none_or(|old| !Arc::ptr_eq(old, &copied)) {
                return Ok(copied);
            }
        }
        if failed_at.is_some_and(|at| (0..RANGES_RETRY_PAUSE_MS).contains(&(fetch.now - at))) {
            return Err(RangesError::Paused);
        }
        match self.fetch_now(fetch, old.as_deref().map(|it| &it.ranges)).await {
            Ok(ranges) => {
                *failed_at = None;
                let copied = Arc::new(Copied { ranges, at: fetch.now });
                *self.copy.write().unwrap_or_else(PoisonError::into_inner) = Some(copied.clone());
                Ok(copied)
            }
            Err(error) => {
                *failed_at = Some(fetch.now);
                Err(error)
            }
        }
    }

    async fn fetch_now(
        &self,
        fetch: &Fetch<'_>,
        old: Option<&CardRanges>,
    ) -> Result<CardRanges, RangesError> {
        let old = old.filter(|it| it.serial_number.is_some());
        match self.prepare(fetch, old).await {
            // Our copy is too old for changes: start anew.
            Err(RangesError::Refused(erro))
                if old.is_some() && erro.code() == Some(ErrorCode::SerialNumberInvalid) =>
            {
                self.prepare(fetch, None).await
            }
            other => other,
        }
    }

    async fn prepare(
        &self,
        fetch: &Fetch<'_>,
        old: Option<&CardRanges>,
    ) -> Result<CardRanges, RangesError> {
        let preq = Preq {
            message_version: RANGES_VERSION,
            three_ds_server_ref_number: fetch.config.server_reference_number.clone(),
            three_ds_server_operator_id: self.config.operator_id.clone(),
            three_ds_server_trans_id: (fetch.new_id)(),
            serial_num: old.and_then(|it| it.serial_number.clone()),
            message_extension: Vec::new(),
        };
        let deadline = Instant::now() + Duration::from_millis(fetch.config.ranges_timeout_ms);
        let answer = self.exchange(Bytes::from(preq.to_json()), deadline, RANGES_BYTES_MAX).await;
        let pres = match answer.map_err(RangesError::Exchange)? {
            Incoming::Pres(pres) => pres,
            Incoming::Erro(erro) => return Err(RangesError::Refused(erro)),
            _ => return Err(RangesError::WrongAnswer),
        };
        if !pres.three_ds_server_trans_id.eq_ignore_ascii_case(&preq.three_ds_server_trans_id) {
            return Err(RangesError::WrongAnswer);
        }
        let copied = match old {
            Some(old) => old.changed(&pres),
            None => CardRanges::complete(&pres),
        };
        let (ranges, ignored) = copied.ok_or(RangesError::WrongAnswer)?;
        if ignored != Ignored::default() {
            tracing::warn!(threeds.network = self.network, ?ignored, "odd card ranges left out");
        }
        tracing::info!(
            threeds.network = self.network,
            ranges = ranges.len(),
            "card ranges fetched"
        );
        Ok(ranges)
    }
}

impl fmt::Display for RangesError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            RangesError::Exchange(error) => error.fmt(f),
            RangesError::Refused(erro) => write!(f, "refused with error {}", erro.error_code),
            RangesError::WrongAnswer => f.write_str("the answer is no PRes of this request"),
            RangesError::Paused => f.write_str("the last attempt failed a moment ago"),
        }
    }
}

impl fmt::Display for ExchangeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ExchangeError::TimedOut => f.write_str("no answer in time"),
            ExchangeError::Connection => f.write_str("no connection"),
            ExchangeError::AnswerTooLong => f.write_str("the answer is too long"),
            ExchangeError::HttpStatus(status) => write!(f, "HTTP status {status}"),
            ExchangeError::NotAMessage(error) => error.fmt(f),
        }
    }
}

fn client(
    network: &str,
    tls: Option<&MutualTls>,
    secure: bool,
    connect_timeout: Duration,
) -> Result<Client, ConfigError> {
    let mut builder = Client::builder()
        .no_proxy()
        .redirect(redirect::Policy::none())
        .connect_timeout(connect_timeout)
        .pool_max_idle_per_host(IDLE_CONNECTIONS_MAX)
        .pool_idle_timeout(IDLE_CONNECTION_TIMEOUT)
        .http1_only()
        .tls_version_min(tls::Version::TLS_1_2);
    let wrong = |file: &Path, error: &dyn fmt::Display| {
        ConfigError(format!("threeds.networks.{network}.tls: {}: {error}", file.display()))
    };
    let read = |file: &Path| std::fs::read(file).map_err(|error| wrong(file, &error));
    if let Some(tls) = tls {
        let mut pem = Zeroizing::new(read(&tls.key_file)?);
        pem.push(b'\n');
        pem.extend(read(&tls.certificate_file)?);
        let identity =
            Identity::from_pem(&pem).map_err(|error| wrong(&tls.certificate_file, &error))?;
        builder = builder.identity(identity);
        if let Some(file) = &tls.roots_file {
            let roots = Certificate::from_pem_bundle(&read(file)?);
            builder = builder.tls_certs_only(roots.map_err(|error| wrong(file, &error))?);
        }
    } else if !secure {
        // No certificate will ever be checked: spare the machine the reading of its roots.
        builder = builder.tls_certs_only([]);
    }
    builder.build().map_err(|error| {
        ConfigError(format!("threeds.networks.{network}: no HTTP client: {error}"))
    })
}

fn urls_of(network: &str, config: &NetworkConfig) -> Result<Vec<Url>, ConfigError> {
    let name = format!("threeds.networks.{network}.directory_urls");
    config.directory_urls.iter().map(|text| http_url(&name, text)).collect()
}

async fn read_body(
    mut response: Response,
    bytes_max: usize,
) -> Result<Zeroizing<Vec<u8>>, PostError> {
    let announced = response.content_length().unwrap_or(0);
    if usize::try_from(announced).map_or(true, |announced| announced > bytes_max) {
        return Err(PostError::TooLong);
    }
    let mut body = Zeroizing::new(Vec::new());
    let broken = |error: reqwest::Error| PostError::Broken(error.without_url().to_string());
    while let Some(chunk) = response.chunk().await.map_err(broken)? {
        if body.len() + chunk.len() > bytes_max {
            return Err(PostError::TooLong);
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}

async fn parse(body: Zeroizing<Vec<u8>>) -> Result<Incoming, ParseError> {
    if body.len() <= INLINE_BYTES_MAX {
        return Incoming::parse(&body);
    }
    let parsed = tokio::task::spawn_blocking(move || Incoming::parse(&body)).await;
    parsed.expect("reading a message does not panic, and the runtime outlives its requests")
}
