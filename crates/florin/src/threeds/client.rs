//! The 3DS Server itself: looks cards up, asks issuers, and tells an answer from an accident.
//!
//! Holds links and card ranges, no transactions: those belong to the caller, who must be able to
//! restart at any moment.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use emv3ds::{Areq, Ares, Erro, ErrorCode, Incoming, Secret, TransStatus, Version};
use tokio::time::Instant;
use zeroize::Zeroizing;

use crate::clock::Clock;
use crate::threeds::challenge::OpenChallenge;
use crate::threeds::config::{ConfigError, NetworkConfig, ThreeDsConfig};
use crate::threeds::directory::{
    ANSWER_BYTES_MAX, DirectoryServer, ExchangeError, Fetch, HttpWire, RangesError, Wire,
};
use crate::threeds::outcome::Outcome;
use crate::threeds::request::AuthenticationRequest;

/// Fills a buffer with random bytes.
pub type RandomSource = Arc<dyn Fn(&mut [u8]) + Send + Sync>;

/// Gives the wire of a network by its code.
type WireOf<'a> = dyn Fn(&str, &NetworkConfig) -> Result<Arc<dyn Wire>, ConfigError> + 'a;

/// Characters of somebody else's error detail that are kept.
const DETAIL_CHARS_MAX: usize = 200;
/// Digits in a row that somebody else's error detail may keep: less than a card number has.
const DETAIL_DIGITS_MAX: usize = 6;

/// See the module's documentation for the path of an authentication.
pub struct ThreeDsServer {
    config: ThreeDsConfig,
    clock: Arc<dyn Clock>,
    random: RandomSource,
    networks: BTreeMap<String, DirectoryServer>,
}

/// Whether a card takes part in 3-D Secure.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Lookup {
    /// Go on as with status U.
    NotEnrolled,
    Enrolled {
        /// Where the 3DS Method's form goes before the AReq, if there is such a step.
        method_url: Option<String>,
        /// For the whole transaction.
        version: Version,
    },
    /// Nobody can say. Go on as with status U.
    Unavailable(Why),
}

/// What came of asking the issuer.
#[derive(Clone, Debug, PartialEq)]
pub enum Authentication {
    Completed(Box<Outcome>),
    /// The issuer wants to talk to the payer. Must be kept before the payer is sent there.
    Challenge(Box<OpenChallenge>),
    Unavailable(Box<Unavailable>),
}

/// Nobody could say; the outcome has status U and the ids that are known.
#[derive(Clone, Debug, PartialEq)]
pub struct Unavailable {
    pub outcome: Outcome,
    pub why: Why,
}

/// Why there is no answer. The text is for logs and contains no card data.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Why {
    /// None is configured for the network.
    NoDirectoryServer,
    /// The card ranges could not be fetched.
    NoCardRanges,
    /// Issuer, directory server and we have no version in common.
    NoCommonVersion,
    TimedOut,
    /// The directory server could not be reached, or the connection broke.
    Connection,
    /// What came back was no ARes of this transaction: error code and what is wrong.
    AnswerInvalid(ErrorCode, String),
    /// The directory server or the ACS answered with an error: its code and detail.
    Refused(String, String),
    /// Our own request would lack something: error code and names of elements.
    RequestInvalid(ErrorCode, String),
}

/// Random bytes of the operating system.
#[must_use]
pub fn system_random() -> RandomSource {
    Arc::new(|bytes| {
        getrandom::fill(bytes).expect("the operating system has random numbers once it is up");
    })
}

impl ThreeDsServer {
    /// Reads certificates and checks the settings; connects to nobody yet.
    ///
    /// # Errors
    /// When a setting or a file is wrong.
    pub fn new(
        config: ThreeDsConfig,
        clock: Arc<dyn Clock>,
        random: RandomSource,
    ) -> Result<ThreeDsServer, ConfigError> {
        let connect_timeout = Duration::from_millis(config.connect_timeout_ms);
        ThreeDsServer::with(config, clock, random, &|code, network| {
            Ok(Arc::new(HttpWire::new(code, network, connect_timeout)?))
        })
    }

    /// [`ThreeDsServer::new`] over something else than HTTP.
    ///
    /// # Errors
    /// When a setting is wrong.
    pub fn over(
        wire: Arc<dyn Wire>,
        config: ThreeDsConfig,
        clock: Arc<dyn Clock>,
        random: RandomSource,
    ) -> Result<ThreeDsServer, ConfigError> {
        ThreeDsServer::with(config, clock, random, &|_, _| Ok(wire.clone()))
    }

    fn with(
        config: ThreeDsConfig,
        clock: Arc<dyn Clock>,
        random: RandomSource,
        wire: &WireOf<'_>,
    ) -> Result<ThreeDsServer, ConfigError> {
        config.check()?;
        let mut networks = BTreeMap::new();
        for (code, network) in &config.networks {
            let directory = DirectoryServer::new(code, network, wire(code, network)?)?;
            networks.insert(code.clone(), directory);
        }
        Ok(ThreeDsServer { config, clock, random, networks })
    }

    #[must_use]
    pub fn config(&self) -> &ThreeDsConfig {
        &self.config
    }

    /// A new `threeDSServerTransID`.
    #[must_use]
    pub fn new_transaction_id(&self) -> String {
        let mut bytes = [0; 16];
        (self.random)(&mut bytes);
        uuid::Builder::from_random_bytes(bytes).into_uuid().to_string()
    }

    /// Finds the card among the network's card ranges. The first look-up of a network fetches
    /// them and can take as long as `ranges_wait_ms`.
    pub async fn lookup(&self, network: &str, pan: &Secret) -> Lookup {
        let Some(directory) = self.networks.get(network) else {
            return Lookup::Unavailable(Why::NoDirectoryServer);
        };
        let copied = match directory.ranges(&self.fetch(&|| self.new_transaction_id())).await {
            Ok(copied) => copied,
            Err(error) => {
                // Logged once, not again by everybody who comes while the fetch is paused.
                if !matches!(error, RangesError::Paused) {
                    tracing::error!(threeds.network = network, "no card ranges: {error}");
                }
                return Lookup::Unavailable(Why::NoCardRanges);
            }
        };
        let Some(card) = copied.ranges.find(pan.expose()) else { return Lookup::NotEnrolled };
        let ranges = [copied.ranges.ds_versions, card.acs_versions];
        match Version::highest_common(&self.config.versions, &ranges) {
            Some(version) => Lookup::Enrolled {
                method_url: card
                    .method_url
                    .clone()
                    .filter(|url| !directory.is_secure() || url.starts_with("https://")),
                version,
            },
            None => Lookup::Unavailable(Why::NoCommonVersion),
        }
    }

    /// Fetches changes of card ranges that have come of age. To be called every minute or so;
    /// does nothing for a network that no payment asked for yet.
    pub async fn refresh_due(&self) {
        for directory in self.networks.values() {
            directory.refresh_due(&self.fetch(&|| self.new_transaction_id())).await;
        }
    }

    fn fetch<'a>(&'a self, new_id: &'a (dyn Fn() -> String + Sync)) -> Fetch<'a> {
        Fetch { config: &self.config, now: self.clock.now(), new_id }
    }

    /// Asks the issuer, for at most `authentication_timeout_ms`.
    ///
    /// A version that is not supported is replaced once, and a failure that may pass is tried
    /// again once; both under a new transaction id, which the result carries.
    pub async fn authenticate(&self, request: &AuthenticationRequest) -> Authentication {
        let mut attempt = Attempt {
            version: request.version,
            trans_id: request.three_ds_server_trans_id.clone(),
        };
        let result = match self.networks.get(&request.network) {
            Some(directory) => self.ask(directory, request, &mut attempt).await,
            None => Err(Why::NoDirectoryServer),
        };
        result.unwrap_or_else(|why| {
            why.log(&request.network, &attempt.trans_id);
            let outcome =
                Outcome::unavailable(&request.network, attempt.version, &attempt.trans_id);
            Authentication::Unavailable(Box::new(Unavailable { outcome, why }))
        })
    }

    async fn ask(
        &self,
        directory: &DirectoryServer,
        request: &AuthenticationRequest,
        attempt: &mut Attempt,
    ) -> Result<Authentication, Why> {
        let time = Duration::from_millis(self.config.authentication_timeout_ms);
        let deadline = Instant::now() + time;
        let (mut other_version_left, mut repeat_left) = (true, true);
        loop {
            let network = &directory.config;
            let areq = request.to_areq(&self.config, network, attempt.version, &attempt.trans_id);
            areq.validate().map_err(|it| Why::RequestInvalid(it.code, it.detail))?;
            // The bytes contain the card number; they are wiped once they are sent.
            let bytes = Bytes::from_owner(Zeroizing::new(areq.to_json()));
            let erro = match directory.exchange(bytes, deadline, ANSWER_BYTES_MAX).await? {
                Incoming::Ares(ares) => return directory.judge(&areq, &ares),
                Incoming::Erro(erro) => erro,
                _ => {
                    let (code, detail) = (ErrorCode::MessageInvalid, "messageType".to_owned());
                    return Err(Why::AnswerInvalid(code, detail));
                }
            };
            if !is_about(&erro, &areq) {
                let (code, detail) = (ErrorCode::TransactionUnknown, "Erro".to_owned());
                return Err(Why::AnswerInvalid(code, detail));
            }
            match erro.code() {
                Some(ErrorCode::VersionNotSupported) if other_version_left => {
                    other_version_left = false;
                    attempt.version = self.version_instead(attempt.version, &erro)?;
                }
                Some(
                    ErrorCode::TimedOut
                    | ErrorCode::TransientFailure
                    | ErrorCode::ConnectionFailure,
                ) if repeat_left => repeat_left = false,
                _ => return Err(Why::refused(&erro)),
            }
            tracing::info!(
                threeds.network = directory.network,
                threeds.trans_id = attempt.trans_id,
                "asked again after error {}",
                erro.error_code,
            );
            attempt.trans_id = self.new_transaction_id();
        }
    }

    /// The highest of our versions that the error names; when it names none, our next lower one.
    fn version_instead(&self, tried: Version, erro: &Erro) -> Result<Version, Why> {
        let named = Version::named_in(&erro.error_detail);
        let ours = self.config.versions.iter().copied();
        let other = match named.is_empty() {
            true => ours.filter(|it| *it < tried).max(),
            false => ours.filter(|it| *it != tried && named.contains(it)).max(),
        };
        other.ok_or(Why::NoCommonVersion)
    }
}

/// What changes from one AReq of an authentication to the next.
struct Attempt {
    version: Version,
    trans_id: String,
}

impl DirectoryServer {
    /// Checks an ARes against its AReq and says what it means.
    fn judge(&self, areq: &Areq, ares: &Ares) -> Result<Authentication, Why> {
        let invalid = |code, name: &str| Err(Why::AnswerInvalid(code, name.to_owned()));
        if !ares.three_ds_server_trans_id.eq_ignore_ascii_case(&areq.three_ds_server_trans_id) {
            return invalid(ErrorCode::TransactionUnknown, "threeDSServerTransID");
        }
        if ares.message_version != areq.message_version {
            return invalid(ErrorCode::FormatInvalid, "messageVersion");
        }
        if let Err(violation) = ares.validate_for(&areq.message_category) {
            return Err(Why::AnswerInvalid(violation.code, violation.detail));
        }
        if ares.trans_status != Some(TransStatus::C) {
            let outcome = Outcome::of_ares(&self.network, ares);
            return Ok(Authentication::Completed(Box::new(outcome)));
        }
        match OpenChallenge::of_ares(&self.network, &areq.message_category, ares) {
            // The payer's browser must not be led from https to a page that anybody can change.
            Some(open) if !self.is_secure() || open.acs_url.starts_with("https://") => {
                Ok(Authentication::Challenge(Box::new(open)))
            }
            Some(_) => invalid(ErrorCode::FormatInvalid, "acsURL"),
            None => invalid(ErrorCode::ElementMissing, "acsURL"),
        }
    }
}

/// An Erro without an id is taken as an answer to what was just sent.
fn is_about(erro: &Erro, areq: &Areq) -> bool {
    let id = erro.three_ds_server_trans_id.as_deref();
    id.is_none_or(|id| id.eq_ignore_ascii_case(&areq.three_ds_server_trans_id))
}

impl From<ExchangeError> for Why {
    fn from(error: ExchangeError) -> Why {
        match error {
            ExchangeError::TimedOut => Why::TimedOut,
            ExchangeError::Connection => Why::Connection,
            ExchangeError::AnswerTooLong => {
                Why::AnswerInvalid(ErrorCode::MessageInvalid, "too long".to_owned())
            }
            ExchangeError::HttpStatus(status) => {
                Why::AnswerInvalid(ErrorCode::MessageInvalid, format!("HTTP status {status}"))
            }
            ExchangeError::NotAMessage(error) => Why::AnswerInvalid(error.code, error.detail),
        }
    }
}

impl Why {
    fn refused(erro: &Erro) -> Why {
        Why::Refused(erro.error_code.clone(), harmless(&erro.error_detail))
    }

    /// Our own mistakes are errors that somebody has to look at; the rest passes.
    fn log(&self, network: &str, trans_id: &str) {
        let passes = match self {
            Why::TimedOut | Why::Connection | Why::NoCardRanges | Why::AnswerInvalid(..) => true,
            Why::Refused(code, _) => matches!(code.as_str(), "402" | "403" | "404" | "405"),
            Why::NoDirectoryServer | Why::NoCommonVersion | Why::RequestInvalid(..) => false,
        };
        if passes {
            tracing::warn!(
                threeds.network = network,
                threeds.trans_id = trans_id,
                "not authenticated: {self}",
            );
        } else {
            tracing::error!(
                threeds.network = network,
                threeds.trans_id = trans_id,
                "not authenticated, check the set-up: {self}",
            );
        }
    }
}

/// A text of somebody else, without what could be a card number and without surprises.
fn harmless(text: &str) -> String {
    let mut clean = String::new();
    let mut digits = 0;
    for c in text.chars().take(DETAIL_CHARS_MAX) {
        digits = match c {
            '0'..='9' => digits + 1,
            // What stands between the groups of a card number does not end it.
            ' ' | '-' => digits,
            _ => 0,
        };
        clean.push(match c {
            '0'..='9' if digits > DETAIL_DIGITS_MAX => '*',
            ' '..='~' => c,
            _ => '?',
        });
    }
    clean
}

impl fmt::Display for Why {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Why::NoDirectoryServer => f.write_str("no directory server for this network"),
            Why::NoCardRanges => f.write_str("the card ranges could not be fetched"),
            Why::NoCommonVersion => f.write_str("no version in common"),
            Why::TimedOut => f.write_str("no answer in time"),
            Why::Connection => f.write_str("no connection to the directory server"),
            Why::AnswerInvalid(code, what) => {
                write!(f, "the answer is not valid: {} {what}", code.as_str())
            }
            Why::Refused(code, detail) => write!(f, "refused: {code} {detail}"),
            Why::RequestInvalid(code, what) => {
                write!(f, "the request is not valid: {} {what}", code.as_str())
            }
        }
    }
}
