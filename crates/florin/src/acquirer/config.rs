//! Settings of one link to an acquirer, with their defaults.
//!
//! All durations are data, in milliseconds; their names carry the timer's name of the profile.

use std::path::PathBuf;
use std::time::Duration;

use iso8583::Encoding;
use iso8583::frame::{Framing, LengthFormat, Tpdu};
use serde::Deserialize;

use super::mac::MacKey;
use super::store_and_forward::Schedule;

/// Most connections of one link.
pub const CONNECTIONS_MAX: usize = 64;
/// Most requests that a link may be set to have unanswered at once.
pub const IN_FLIGHT_LIMIT: usize = 100_000;

/// One link to an acquirer.
#[derive(Clone, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct LinkConfig {
    /// Name of the link: in logs, and as the key of its message numbers.
    pub name: String,
    /// Address of the host, `name:port`.
    pub address: String,
    /// Connections kept open, 1 to [`CONNECTIONS_MAX`].
    pub connections: usize,
    /// How messages become bytes.
    pub encoding: EncodingName,
    /// The length field of a frame.
    pub framing: FramingName,
    /// Transport header of each message, for hosts that want one.
    pub tpdu: Option<TpduSettings>,
    /// TLS towards the host; plain TCP without, which is for tests only.
    pub tls: Option<LinkTls>,
    /// AES key of the message authentication code, 32 or 64 hex digits; no MAC without.
    pub mac_key: Option<MacKey>,
    /// DE32: who the acquirer is to the host, at most 11 digits.
    pub acquirer_id: String,
    /// DE19: ISO 3166-1 numeric.
    pub acquirer_country: String,
    /// DE33, only when the host wants one.
    pub forwarding_id: Option<String>,
    /// DE41, each 8 characters; more ids allow more messages a day.
    pub terminal_ids: Vec<String>,
    /// Message numbers reserved at a time.
    pub numbers_per_block: u32,
    /// Requests that may be unanswered at once; one more is refused before it is sent.
    pub in_flight_max: usize,
    /// Purchases go as 0200 without a completion.
    pub single_message: bool,
    /// DE39 values that approve a payment.
    pub approve_set: Vec<String>,
    /// DE39 values that approve an account verification.
    pub approve_set_verification: Vec<String>,
    /// The timers.
    pub timers: LinkTimers,
    /// Repetition of advices.
    pub store_and_forward: Schedule,
}

/// The timers of a link, T1 to T7 of the profile.
#[derive(Clone, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct LinkTimers {
    /// T1: TCP and TLS connect.
    pub t1_connect_ms: u64,
    /// T2: answer to 0100, 0200, 0400.
    pub t2_response_ms: u64,
    /// T3: answer to sign-on and sign-off.
    pub t3_signon_ms: u64,
    /// T4: answer to an advice.
    pub t4_advice_response_ms: u64,
    /// T5: nothing received for so long makes an echo test.
    pub t5_echo_idle_ms: u64,
    /// T5: answer to an echo test.
    pub t5_echo_response_ms: u64,
    /// T5: missed echo tests in a row that close the connection.
    pub t5_echo_misses_max: u32,
    /// T6: pauses before connecting again; the last one stays.
    pub t6_reconnect_ms: Vec<u64>,
    /// T6: how far a pause is varied either way.
    pub t6_jitter_percent: u64,
    /// T7: how long a late answer is recognized.
    pub t7_late_window_ms: u64,
    /// How long an exchange waits for a link that is not signed on.
    pub ready_wait_ms: u64,
}

/// The encodings of the profile.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EncodingName {
    /// Printable ASCII throughout.
    #[default]
    Ascii,
    /// Packed digits and raw bitmaps.
    Binary,
}

/// The length fields of the profile.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FramingName {
    /// Two bytes, big-endian, not counting themselves.
    #[default]
    U16be,
    /// Two bytes, big-endian, counting themselves.
    U16beIncl,
    /// Four ASCII digits.
    Ascii4,
    /// Two bytes of packed digits.
    Bcd2,
}

/// The transport header that the gateway sends.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TpduSettings {
    /// Where messages go.
    pub destination: u16,
    /// Where they come from.
    pub source: u16,
}

/// TLS with a client certificate.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LinkTls {
    /// The name that the host's certificate must bear.
    pub server_name: String,
    /// PEM file of the authorities that may have signed it.
    pub authorities_file: PathBuf,
    /// PEM file of the gateway's certificate and its chain.
    pub certificate_file: PathBuf,
    /// PEM file of the certificate's key.
    pub key_file: PathBuf,
}

/// The settings contradict themselves or a limit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LinkConfigError {
    /// The setting at fault.
    pub setting: &'static str,
    /// What it must be.
    pub rule: &'static str,
}

impl Default for LinkConfig {
    fn default() -> LinkConfig {
        LinkConfig {
            name: "acquirer".to_owned(),
            address: "127.0.0.1:8583".to_owned(),
            connections: 2,
            encoding: EncodingName::default(),
            framing: FramingName::default(),
            tpdu: None,
            tls: None,
            mac_key: None,
            acquirer_id: "999001".to_owned(),
            acquirer_country: "528".to_owned(),
            forwarding_id: None,
            terminal_ids: vec!["FLRN0001".to_owned()],
            numbers_per_block: 5000,
            in_flight_max: 4096,
            single_message: false,
            approve_set: ["00", "10", "11"].map(str::to_owned).to_vec(),
            approve_set_verification: ["00", "85"].map(str::to_owned).to_vec(),
            timers: LinkTimers::default(),
            store_and_forward: Schedule::default(),
        }
    }
}

impl Default for LinkTimers {
    fn default() -> LinkTimers {
        LinkTimers {
            t1_connect_ms: 5_000,
            t2_response_ms: 30_000,
            t3_signon_ms: 10_000,
            t4_advice_response_ms: 30_000,
            t5_echo_idle_ms: 60_000,
            t5_echo_response_ms: 10_000,
            t5_echo_misses_max: 3,
            t6_reconnect_ms: [1, 2, 4, 8, 16, 32, 60].map(|seconds| seconds * 1000).to_vec(),
            t6_jitter_percent: 20,
            t7_late_window_ms: 600_000,
            ready_wait_ms: 2_000,
        }
    }
}

impl LinkConfig {
    /// Checks what can be checked without the host.
    ///
    /// # Errors
    /// The first setting that breaks its rule.
    pub fn check(&self) -> Result<(), LinkConfigError> {
        let digits = |text: &str, max: usize| {
            (1..=max).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit())
        };
        let printable = |text: &str| text.bytes().all(|byte| matches!(byte, 0x20..=0x7e));
        let rules = [
            (!self.name.is_empty(), "name", "not empty"),
            (self.address.contains(':'), "address", "name:port"),
            ((1..=CONNECTIONS_MAX).contains(&self.connections), "connections", "1 to 64"),
            ((1..=IN_FLIGHT_LIMIT).contains(&self.in_flight_max), "in_flight_max", "1 to 100000"),
            (digits(&self.acquirer_id, 11), "acquirer_id", "1 to 11 digits"),
            (
                self.acquirer_country.len() == 3 && digits(&self.acquirer_country, 3),
                "acquirer_country",
                "3 digits, ISO 3166-1 numeric",
            ),
            (
                self.forwarding_id.as_deref().is_none_or(|id| digits(id, 11)),
                "forwarding_id",
                "1 to 11 digits",
            ),
            (
                !self.terminal_ids.is_empty()
                    && self.terminal_ids.iter().all(|id| id.len() == 8 && printable(id)),
                "terminal_ids",
                "at least one, each 8 printable ASCII characters",
            ),
            (
                (1..=super::numbers::STANS).contains(&self.numbers_per_block),
                "numbers_per_block",
                "1 to 999999",
            ),
            (
                !self.timers.t6_reconnect_ms.is_empty(),
                "timers.t6_reconnect_ms",
                "at least one pause",
            ),
            (
                self.timers.t6_jitter_percent <= 100,
                "timers.t6_jitter_percent",
                "at most 100",
            ),
            (
                !self.store_and_forward.pauses_s.is_empty(),
                "store_and_forward.pauses_s",
                "at least one pause",
            ),
        ];
        match rules.into_iter().find(|(holds, ..)| !holds) {
            Some((_, setting, rule)) => Err(LinkConfigError { setting, rule }),
            None => Ok(()),
        }
    }

    /// The encoding, in the codec's terms.
    pub fn encoding(&self) -> Encoding {
        match self.encoding {
            EncodingName::Ascii => Encoding::Ascii,
            EncodingName::Binary => Encoding::Binary,
        }
    }

    /// The frame, in the codec's terms.
    pub fn framing(&self) -> Framing {
        let length = match self.framing {
            FramingName::U16be => LengthFormat::U16Be,
            FramingName::U16beIncl => LengthFormat::U16BeIncl,
            FramingName::Ascii4 => LengthFormat::Ascii4,
            FramingName::Bcd2 => LengthFormat::Bcd2,
        };
        let tpdu = self
            .tpdu
            .map(|tpdu| Tpdu { destination: tpdu.destination, source: tpdu.source });
        Framing { length, tpdu }
    }
}

impl LinkTimers {
    /// The pause before the connect that follows `failures` failed ones, varied by `random`.
    pub(crate) fn reconnect_pause(&self, failures: usize, random: u64) -> Duration {
        let last = self.t6_reconnect_ms.len().saturating_sub(1);
        let pause = self.t6_reconnect_ms.get(failures.min(last)).copied().unwrap_or(1000);
        let spread = self.t6_jitter_percent.min(100);
        let percent = 100 - spread + random % (2 * spread + 1);
        Duration::from_millis(pause.saturating_mul(percent) / 100)
    }
}

impl std::fmt::Display for LinkConfigError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "acquirer link: {} must be: {}", self.setting, self.rule)
    }
}

impl std::error::Error for LinkConfigError {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_defaults_are_sound_and_an_empty_file_gives_them() {
        assert_eq!(LinkConfig::default().check(), Ok(()));
        let read: LinkConfig = serde_json::from_str("{}").unwrap();
        assert_eq!(read.check(), Ok(()));
        assert_eq!(read.timers.t2_response_ms, 30_000);
    }

    #[test]
    fn a_broken_setting_is_named() {
        let broken = |text: &str| serde_json::from_str::<LinkConfig>(text).unwrap().check();
        let setting = |text: &str| broken(text).unwrap_err().setting;
        assert_eq!(setting(r#"{"connections": 0}"#), "connections");
        assert_eq!(setting(r#"{"terminal_ids": ["SHORT"]}"#), "terminal_ids");
        assert_eq!(setting(r#"{"acquirer_id": "12x"}"#), "acquirer_id");
        assert_eq!(setting(r#"{"timers": {"t6_reconnect_ms": []}}"#), "timers.t6_reconnect_ms");
        assert!(serde_json::from_str::<LinkConfig>(r#"{"conections": 1}"#).is_err());
    }

    #[test]
    fn reconnect_pauses_grow_and_vary_by_a_fifth() {
        let timers = LinkTimers::default();
        let pause = |failures, random| timers.reconnect_pause(failures, random).as_millis();
        assert_eq!(pause(0, 0), 800);
        assert_eq!(pause(0, 20), 1000);
        assert_eq!(pause(0, 40), 1200);
        assert_eq!(pause(0, 41), 800);
        assert_eq!(pause(6, 20), 60_000);
        assert_eq!(pause(1000, 20), 60_000);
    }
}
