//! Settings: defaults that are compiled in, then the operator's file, then `FLORIN_…` variables.
//!
//! Checked as a whole at start: an unknown or impossible setting is an error that names it. Reads no
//! clock and no other file; what a section of another part means is that part's business.

use std::collections::BTreeMap;
use std::fmt;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use config::{Config, ConfigError, File, FileFormat, Source, Value, ValueKind};
use florin_core::risk::blocked::Network;
use serde::de::{DeserializeOwned, Error as _};
use serde::{Deserialize, Deserializer};
use zeroize::Zeroizing;

use crate::mail::post::Encryption;
use crate::notify::policy::WebhookPolicy;
use crate::vault::KekSource;
use crate::workbench::OpenTo;

/// Every setting with its default and one line of why.
pub const DEFAULTS: &str = include_str!("../florin.default.toml");

/// Variables begin so; two underscores stand between section and name.
const PREFIX: &str = "FLORIN_";
/// Variables with the prefix that are not settings: the settings file itself, and what tests use.
const NOT_SETTINGS: [&str; 5] = [
    "FLORIN_CONFIG",
    "FLORIN_TEST_POSTGRES_URL",
    "FLORIN_TEST_PYTHON",
    "FLORIN_TEST_FOLDER",
    "FLORIN_BASE_URL",
];
/// Sections whose keys belong to the part of that name.
const FREE_SECTIONS: [&str; 2] = ["acquirer", "three_ds"];
/// A setting whose last word is one of these is a secret, and is not printed.
const SECRET_WORDS: [&str; 7] =
    ["key", "hex", "token", "secret", "password", "pin", "database_url"];
/// The operator's token is no word that can be guessed.
const INTERNAL_TOKEN_CHARACTERS_MIN: usize = 16;
/// Bytes of a settings file at most.
const FILE_BYTES_MAX: u64 = 1024 * 1024;

/// All settings, checked.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Where shops and payers connect.
    pub listen: SocketAddr,
    /// Folder of the database file and the key file.
    pub data_dir: PathBuf,
    /// PostgreSQL instead of SQLite.
    pub database_url: Option<SecretText>,
    /// Base URL under which the outside reaches `listen`, without a slash at its end.
    pub public_url: Option<String>,
    /// Fixes the API key of the first test site.
    pub test_api_key: Option<SecretText>,
    /// Limits of the HTTP server.
    pub http: HttpSettings,
    /// The acquirer link's own settings.
    pub acquirer: Section,
    /// The 3DS server's own settings.
    pub three_ds: Section,
    /// The simulator here or elsewhere.
    pub simulator: SimulatorSettings,
    /// Webhooks.
    pub notifications: NotificationSettings,
    /// The key-encryption key.
    pub vault: VaultSettings,
    /// What payments are judged by.
    pub risk: RiskFiles,
    /// The operator's own endpoints.
    pub internal: InternalSettings,
    /// The test platform's page.
    pub workbench: WorkbenchSettings,
    /// The mail server.
    pub mail: MailServerSettings,
    /// What is logged, and how.
    pub log: LogSettings,
    effective: Vec<Effective>,
}

/// Limits of the HTTP server.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HttpSettings {
    /// Connections served at once.
    pub connections_max: usize,
    /// Milliseconds for the head of a request.
    pub head_wait_ms: u64,
    /// Milliseconds from the head to the answer.
    pub request_wait_ms: u64,
    /// Milliseconds for requests in flight at a shutdown.
    pub shutdown_wait_ms: u64,
    /// Proxies whose `X-Forwarded-For` says from where a payer comes.
    #[serde(deserialize_with = "networks")]
    pub trusted_proxies: Vec<Network>,
}

/// The simulator, in this process or elsewhere.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SimulatorSettings {
    /// Runs in this process.
    pub enabled: bool,
    /// Where its ISO 8583 host listens.
    pub host_listen: SocketAddr,
    /// Base URL of one elsewhere.
    #[serde(deserialize_with = "none_if_empty")]
    pub url: Option<String>,
    /// `name:port` of the ISO 8583 host of one elsewhere.
    #[serde(deserialize_with = "none_if_empty")]
    pub host: Option<String>,
    /// Token for the one elsewhere.
    #[serde(deserialize_with = "none_if_empty")]
    pub token: Option<SecretText>,
}

/// Webhooks.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NotificationSettings {
    /// Seconds between attempts.
    pub interval_s: u32,
    /// Deliveries in flight at once.
    pub deliveries_max: usize,
    /// For live sites that do not say otherwise.
    #[serde(deserialize_with = "webhook_policy")]
    pub live_policy: WebhookPolicy,
    /// For test sites that do not say otherwise.
    #[serde(deserialize_with = "webhook_policy")]
    pub test_policy: WebhookPolicy,
}

/// Where the key-encryption key comes from; see [`Settings::kek_source`].
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct VaultSettings {
    /// Its file, relative to the data folder.
    pub kek_file: PathBuf,
    /// The key itself, instead of the file.
    #[serde(deserialize_with = "none_if_empty")]
    pub kek_hex: Option<SecretText>,
}

/// The operator's tables, by which payments are judged.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RiskFiles {
    /// Which country an IP address is of.
    #[serde(deserialize_with = "none_if_empty")]
    pub ip_countries: Option<PathBuf>,
    /// Which country a card was issued in.
    #[serde(deserialize_with = "none_if_empty")]
    pub bin_countries: Option<PathBuf>,
}

/// The operator's own endpoints.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct InternalSettings {
    /// Opens them; they are closed without one.
    #[serde(deserialize_with = "none_if_empty")]
    pub token: Option<SecretText>,
}

/// The test platform's page.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WorkbenchSettings {
    /// Who is shown it.
    #[serde(deserialize_with = "open_to")]
    pub open_to: OpenTo,
}

/// The mail server.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MailServerSettings {
    /// Its name; no mail leaves without one.
    #[serde(deserialize_with = "none_if_empty")]
    pub host: Option<String>,
    pub port: u16,
    /// How the connection is encrypted.
    #[serde(deserialize_with = "encryption")]
    pub tls: Encryption,
    #[serde(deserialize_with = "none_if_empty")]
    pub user: Option<String>,
    #[serde(deserialize_with = "none_if_empty")]
    pub password: Option<SecretText>,
    /// Whom mails come from where a site does not say.
    pub from: String,
    /// PEM of a root that is trusted besides the system's.
    #[serde(deserialize_with = "none_if_empty")]
    pub root_file: Option<PathBuf>,
    /// Mails of test sites leave as well.
    pub test_sites: bool,
}

/// What is logged, and how.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LogSettings {
    /// Directives of `tracing-subscriber`.
    pub filter: String,
    /// For people or for machines.
    #[serde(deserialize_with = "log_format")]
    pub format: LogFormat,
}

/// The log's form.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogFormat {
    /// Lines for people.
    Text,
    /// One JSON object a line.
    Json,
}

/// A setting that must not be seen. Zeroed on drop.
#[derive(Clone, PartialEq, Eq)]
pub struct SecretText(Zeroizing<String>);

/// The settings of another part, which knows what they mean.
#[derive(Clone)]
pub struct Section {
    name: &'static str,
    value: Value,
}

/// Why the settings cannot be used. Names the setting; never contains a secret.
#[derive(Debug)]
pub enum SettingsError {
    /// The file cannot be read.
    File { path: PathBuf, source: std::io::Error },
    /// The file is not TOML.
    Syntax { path: PathBuf, why: String },
    /// There is no such setting.
    Unknown { key: String, origin: String },
    /// A setting has a value that it cannot have.
    Invalid { key: String, why: String },
}

impl Settings {
    /// Puts the settings together. `environment` is all variables; those without the prefix are
    /// ignored, and of equal names the last counts, so command-line options can be appended as
    /// variables. `file` is the operator's.
    ///
    /// # Errors
    /// The first setting that is unknown or cannot be used.
    pub fn load(
        file: Option<&Path>,
        environment: impl IntoIterator<Item = (String, String)>,
    ) -> Result<Settings, SettingsError> {
        let defaults = File::from_str(DEFAULTS, FileFormat::Toml);
        let known = flat(&defaults.collect().expect("the defaults are checked by a test"));
        let mut builder = Config::builder().add_source(defaults);
        let mut origins: BTreeMap<String, String> = BTreeMap::new();

        if let Some(path) = file {
            let text = read(path)?;
            let from_file = File::from_str(&text, FileFormat::Toml);
            let syntax = |error: ConfigError| SettingsError::Syntax {
                path: path.to_owned(),
                why: first_and_last_line(&error.to_string()),
            };
            let table = from_file.collect().map_err(syntax)?;
            for key in flat(&table).into_keys() {
                check_known(&known, &key, || path.display().to_string())?;
                origins.insert(key, path.display().to_string());
            }
            builder = builder.add_source(from_file);
        }
        for (variable, text) in environment {
            if NOT_SETTINGS.contains(&variable.as_str()) {
                continue;
            }
            let Some(name) = variable.strip_prefix(PREFIX) else { continue };
            let key = name.to_ascii_lowercase().replace("__", ".");
            check_known(&known, &key, || format!("the variable {variable}"))?;
            let malformed = |_| SettingsError::Unknown {
                key: key.clone(),
                origin: format!("the variable {variable}"),
            };
            builder = builder.set_override(&key, text).map_err(malformed)?;
            origins.insert(key, variable);
        }
        let merged = builder.build().map_err(|error| invalid_from("", &error))?;
        Settings::from_merged(&merged, &origins)
    }

    /// Every setting as it is in effect and where it comes from, one a line; secrets are hidden.
    #[must_use]
    pub fn print(&self) -> String {
        let width = self.effective.iter().map(|it| it.line.chars().count()).max().unwrap_or(0);
        let width = width.min(60);
        let lines =
            self.effective.iter().map(|it| format!("{:width$}  # {}\n", it.line, it.origin));
        lines.collect()
    }

    /// Where the key-encryption key is to be had: the key itself if it is set, else the file.
    #[must_use]
    pub fn kek_source(&self) -> KekSource {
        match &self.vault.kek_hex {
            Some(digits) => KekSource::Hex(digits.0.clone()),
            None => KekSource::File(self.data_dir.join(&self.vault.kek_file)),
        }
    }

    fn from_merged(
        merged: &Config,
        origins: &BTreeMap<String, String>,
    ) -> Result<Settings, SettingsError> {
        let mut table = merged.cache.clone().into_table().expect("the defaults are a table");
        let effective =
            flat(&table).into_iter().map(|(key, value)| Effective::new(key, &value, origins));
        let effective = effective.collect();
        let mut section = |name: &'static str| {
            let empty = || Value::new(None, ValueKind::Table(config::Map::new()));
            Section { name, value: table.remove(name).unwrap_or_else(empty) }
        };
        let [acquirer, three_ds] = FREE_SECTIONS.map(&mut section);
        let rest = Value::new(None, ValueKind::Table(table));
        let read = Fixed::deserialize(rest).map_err(|error| invalid_from("", &error))?;
        let settings = Settings {
            listen: read.listen,
            data_dir: read.data_dir,
            database_url: read.database_url,
            public_url: read.public_url.map(|url| url.trim_end_matches('/').to_owned()),
            test_api_key: read.test_api_key,
            http: read.http,
            acquirer,
            three_ds,
            simulator: read.simulator,
            notifications: read.notifications,
            vault: read.vault,
            risk: read.risk,
            internal: read.internal,
            workbench: read.workbench,
            mail: read.mail,
            log: read.log,
            effective,
        };
        settings.check()?;
        Ok(settings)
    }

    /// What the types cannot say.
    fn check(&self) -> Result<(), SettingsError> {
        let bounded = |key: &str, value: u64, min: u64, max: u64| {
            let why = format!("{value} is not between {min} and {max}");
            if (min..=max).contains(&value) { Ok(()) } else { Err(invalid(key, why)) }
        };
        let count = |value: usize| u64::try_from(value).unwrap_or(u64::MAX);
        const DAY_MS: u64 = 24 * 60 * 60 * 1000;
        bounded("http.connections_max", count(self.http.connections_max), 1, 1_000_000)?;
        bounded("http.head_wait_ms", self.http.head_wait_ms, 1, DAY_MS)?;
        bounded("http.request_wait_ms", self.http.request_wait_ms, 1, DAY_MS)?;
        bounded("http.shutdown_wait_ms", self.http.shutdown_wait_ms, 0, DAY_MS)?;
        bounded("notifications.interval_s", self.notifications.interval_s.into(), 1, 86_400)?;
        bounded(
            "notifications.deliveries_max",
            count(self.notifications.deliveries_max),
            1,
            10_000,
        )?;
        for (key, url) in [("public_url", &self.public_url), ("simulator.url", &self.simulator.url)]
        {
            let parsed = url.as_deref().map(url::Url::parse);
            match parsed {
                None => {}
                Some(Ok(url)) if matches!(url.scheme(), "http" | "https") => {}
                Some(_) => return Err(invalid(key, "it is not an http or https URL".to_owned())),
            }
        }
        let token = self.internal.token.as_ref().map(|it| it.expose().chars().count());
        if token.is_some_and(|characters| characters < INTERNAL_TOKEN_CHARACTERS_MIN) {
            let why = format!("it is shorter than {INTERNAL_TOKEN_CHARACTERS_MIN} characters");
            return Err(invalid("internal.token", why));
        }
        let postgres =
            |url: &str| ["postgres://", "postgresql://"].iter().any(|it| url.starts_with(it));
        match &self.database_url {
            Some(url) if !postgres(url.expose()) => {
                Err(invalid("database_url", "it does not begin with postgres://".to_owned()))
            }
            _ => Ok(()),
        }
    }
}

impl Section {
    /// The section as the type of the part that owns it. Numbers and booleans may be text, as they
    /// are in variables. Give `T` `#[serde(deny_unknown_fields)]`, so that misspelt keys are named.
    ///
    /// # Errors
    /// [`SettingsError::Invalid`] with the key.
    pub fn parse<T: DeserializeOwned>(&self) -> Result<T, SettingsError> {
        T::deserialize(self.value.clone()).map_err(|error| invalid_from(self.name, &error))
    }
}

impl SecretText {
    /// The text itself.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

/// The settings but for the free sections, as they are read.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Fixed {
    listen: SocketAddr,
    data_dir: PathBuf,
    #[serde(deserialize_with = "none_if_empty")]
    database_url: Option<SecretText>,
    #[serde(deserialize_with = "none_if_empty")]
    public_url: Option<String>,
    #[serde(deserialize_with = "none_if_empty")]
    test_api_key: Option<SecretText>,
    http: HttpSettings,
    simulator: SimulatorSettings,
    notifications: NotificationSettings,
    vault: VaultSettings,
    risk: RiskFiles,
    internal: InternalSettings,
    workbench: WorkbenchSettings,
    mail: MailServerSettings,
    log: LogSettings,
}

/// A setting as it is printed.
#[derive(Clone, Debug)]
struct Effective {
    line: String,
    origin: String,
}

impl Effective {
    fn new(key: String, value: &Value, origins: &BTreeMap<String, String>) -> Effective {
        let last_word = |word: &&str| key.ends_with(*word);
        let shown = match &value.kind {
            ValueKind::String(text) if text.is_empty() => "\"\"".to_owned(),
            _ if SECRET_WORDS.iter().any(last_word) => "(hidden)".to_owned(),
            ValueKind::String(text) => format!("{text:?}"),
            other => other.to_string(),
        };
        let origin = origins.get(&key).cloned().unwrap_or_else(|| "default".to_owned());
        Effective { line: format!("{key} = {shown}"), origin }
    }
}

fn read(path: &Path) -> Result<String, SettingsError> {
    let failed = |source| SettingsError::File { path: path.to_owned(), source };
    if std::fs::metadata(path).map_err(failed)?.len() > FILE_BYTES_MAX {
        let why = format!("it is longer than {FILE_BYTES_MAX} bytes");
        return Err(SettingsError::Syntax { path: path.to_owned(), why });
    }
    std::fs::read_to_string(path).map_err(failed)
}

/// Place and reason of a syntax error; between them stands the line itself, which may be a secret.
fn first_and_last_line(message: &str) -> String {
    let mut lines = message.lines().filter(|line| !line.trim().is_empty());
    match (lines.next(), lines.next_back()) {
        (Some(first), Some(last)) => format!("{first}: {last}"),
        (first, _) => first.unwrap_or_default().to_owned(),
    }
}

/// The leaves of a table by their dotted keys.
fn flat(table: &config::Map<String, Value>) -> BTreeMap<String, Value> {
    let mut leaves = BTreeMap::new();
    for (key, value) in table {
        match &value.kind {
            ValueKind::Table(inner) => {
                let inner = flat(inner).into_iter();
                leaves.extend(inner.map(|(below, value)| (format!("{key}.{below}"), value)));
            }
            _ => {
                leaves.insert(key.clone(), value.clone());
            }
        }
    }
    leaves
}

fn check_known(
    known: &BTreeMap<String, Value>,
    key: &str,
    origin: impl FnOnce() -> String,
) -> Result<(), SettingsError> {
    let in_free_section = FREE_SECTIONS
        .iter()
        .any(|it| key.strip_prefix(it).is_some_and(|rest| rest.starts_with('.')));
    if known.contains_key(key) || in_free_section {
        return Ok(());
    }
    Err(SettingsError::Unknown { key: key.to_owned(), origin: origin() })
}

fn invalid(key: &str, why: String) -> SettingsError {
    SettingsError::Invalid { key: key.to_owned(), why }
}

/// The key and the reason, but not the value, which may be a secret.
fn invalid_from(section: &str, error: &ConfigError) -> SettingsError {
    let (key, why) = key_and_reason(error);
    let key = [section, key.as_deref().unwrap_or("")].into_iter().filter(|it| !it.is_empty());
    SettingsError::Invalid { key: key.collect::<Vec<_>>().join("."), why }
}

fn key_and_reason(error: &ConfigError) -> (Option<String>, String) {
    match error {
        ConfigError::Type { expected, key, .. } => (key.clone(), format!("{expected} is expected")),
        ConfigError::At { error, key, .. } => {
            let (inner, why) = key_and_reason(error);
            (key.clone().or(inner), why)
        }
        other => (None, other.to_string()),
    }
}

/// Text of a setting; empty means that it is not set.
fn none_if_empty<'de, D: Deserializer<'de>, T: From<String>>(
    from: D,
) -> Result<Option<T>, D::Error> {
    let text = String::deserialize(from)?;
    Ok((!text.is_empty()).then(|| T::from(text)))
}

/// Addresses and networks, with commas between them.
fn networks<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<Network>, D::Error> {
    let text = String::deserialize(from)?;
    let named = text.split(',').map(str::trim).filter(|it| !it.is_empty());
    let read = |it: &str| {
        let why = "addresses or networks such as 10.0.0.0/8 with commas between them are expected";
        Network::parse(it).map_err(|_| D::Error::custom(why))
    };
    named.map(read).collect()
}

fn webhook_policy<'de, D: Deserializer<'de>>(from: D) -> Result<WebhookPolicy, D::Error> {
    match String::deserialize(from)?.as_str() {
        "strict" => Ok(WebhookPolicy::Strict),
        "relaxed" => Ok(WebhookPolicy::Relaxed),
        _ => Err(D::Error::custom("\"strict\" or \"relaxed\" is expected")),
    }
}

fn open_to<'de, D: Deserializer<'de>>(from: D) -> Result<OpenTo, D::Error> {
    match String::deserialize(from)?.as_str() {
        "loopback" => Ok(OpenTo::Loopback),
        "everyone" => Ok(OpenTo::Everyone),
        "nobody" => Ok(OpenTo::Nobody),
        _ => Err(D::Error::custom("\"loopback\", \"everyone\" or \"nobody\" is expected")),
    }
}

fn encryption<'de, D: Deserializer<'de>>(from: D) -> Result<Encryption, D::Error> {
    match String::deserialize(from)?.as_str() {
        "starttls" => Ok(Encryption::StartTls),
        "tls" => Ok(Encryption::Tls),
        "none" => Ok(Encryption::None),
        _ => Err(D::Error::custom("\"starttls\", \"tls\" or \"none\" is expected")),
    }
}

fn log_format<'de, D: Deserializer<'de>>(from: D) -> Result<LogFormat, D::Error> {
    match String::deserialize(from)?.as_str() {
        "text" => Ok(LogFormat::Text),
        "json" => Ok(LogFormat::Json),
        _ => Err(D::Error::custom("\"text\" or \"json\" is expected")),
    }
}

impl From<String> for SecretText {
    fn from(text: String) -> SecretText {
        SecretText(Zeroizing::new(text))
    }
}

impl fmt::Debug for SecretText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SecretText(hidden)")
    }
}

impl fmt::Debug for Section {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Another part's settings may hold secrets that only it knows.
        f.debug_struct("Section").field("name", &self.name).finish_non_exhaustive()
    }
}

impl fmt::Display for SettingsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            SettingsError::File { path, .. } => {
                write!(f, "the settings file {} cannot be read", path.display())
            }
            SettingsError::Syntax { path, why } => {
                write!(f, "the settings file {} is not understood: {why}", path.display())
            }
            SettingsError::Unknown { key, origin } => {
                write!(f, "there is no setting `{key}` ({origin})")
            }
            SettingsError::Invalid { key, why } => write!(f, "the setting `{key}`: {why}"),
        }
    }
}

impl std::error::Error for SettingsError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            SettingsError::File { source, .. } => Some(source),
            _ => None,
        }
    }
}

#[cfg(test)]
#[path = "config_tests.rs"]
mod tests;
