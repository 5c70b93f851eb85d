//! What is known of the payer's browser, as AReq elements.
//!
//! The values must come from the payer's browser; whether enough of them are known to ask the
//! issuer at all is said by [`BrowserData::is_complete`].

use std::net::IpAddr;

use emv3ds::{Areq, Version};

/// What a browser accepts when nobody recorded it.
pub const MISSING_ACCEPT_HEADER: &str =
    "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8";

const HEADER_CHARS_MAX: usize = 2048;
const LANGUAGE_CHARS_MAX: usize = 8;
const ACCEPT_LANGUAGES_MAX: usize = 99;
const PIXELS_MAX: u32 = 999_999;
/// A day, which is more than any time zone is away from UTC.
const TIME_ZONE_MINUTES_MAX: i32 = 24 * 60;
const COLOR_DEPTHS: [u32; 8] = [1, 4, 8, 15, 16, 24, 32, 48];

/// The browser, as far as it is known.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct BrowserData {
    /// None: on when any of the screen's values is known, which only a script can tell.
    pub javascript_enabled: Option<bool>,
    /// None: off.
    pub java_enabled: Option<bool>,
    /// BCP 47.
    pub language: Option<String>,
    /// Bits per pixel.
    pub screen_color_depth: Option<u32>,
    /// CSS pixels.
    pub screen_height: Option<u32>,
    /// CSS pixels.
    pub screen_width: Option<u32>,
    /// Minutes as of JavaScript's `getTimezoneOffset`: positive is behind UTC.
    pub time_zone: Option<i32>,
    pub user_agent: Option<String>,
    /// HTTP header `Accept`.
    pub accept_header: Option<String>,
    /// HTTP header `Accept-Language`; only for 2.3.1.
    pub accept_language: Option<String>,
    /// IPv4 or IPv6 text.
    pub ip_address: Option<String>,
}

impl BrowserData {
    /// Whether an AReq can be made of it: the user agent and a language, and what a script knows
    /// when scripts run. `locale` stands in for the language.
    #[must_use]
    pub fn is_complete(&self, locale: Option<&str>) -> bool {
        let scripts = !self.runs_scripts()
            || (self.screen_color_depth.and_then(color_depth).is_some()
                && self.screen_height.is_some_and(|it| it <= PIXELS_MAX)
                && self.screen_width.is_some_and(|it| it <= PIXELS_MAX)
                && self.time_zone.is_some_and(|it| it.abs() <= TIME_ZONE_MINUTES_MAX));
        scripts && self.user_agent.is_some() && self.language_or(locale).is_some()
    }

    /// Writes the browser's elements of an AReq. What is not known or cannot be said stays out.
    pub(crate) fn write(&self, locale: Option<&str>, areq: &mut Areq) {
        let scripts = self.runs_scripts();
        let version = areq.message_version;
        let language = self.language_or(locale);
        areq.browser_accept_header =
            header(self.accept_header.as_deref().unwrap_or(MISSING_ACCEPT_HEADER));
        areq.browser_user_agent = self.user_agent.as_deref().and_then(header);
        areq.browser_ip = self.ip_address.as_deref().and_then(public_ip);
        if version >= Version::V220 {
            areq.browser_javascript_enabled = Some(scripts);
        }
        if version >= Version::V231 {
            areq.accept_language = Some(self.accept_languages(language.as_deref()));
        }
        // From 2.3.1 on the language is one of the things that a script tells.
        if scripts || version < Version::V231 {
            areq.browser_language = language;
        }
        if scripts || version < Version::V220 {
            let pixels = |it: u32| (it <= PIXELS_MAX).then(|| it.to_string());
            areq.browser_java_enabled = Some(self.java_enabled.unwrap_or(false));
            areq.browser_color_depth = self.screen_color_depth.and_then(color_depth);
            areq.browser_screen_height = self.screen_height.and_then(pixels);
            areq.browser_screen_width = self.screen_width.and_then(pixels);
            areq.browser_tz = self
                .time_zone
                .filter(|it| it.abs() <= TIME_ZONE_MINUTES_MAX)
                .map(|it| it.to_string());
        }
    }

    fn runs_scripts(&self) -> bool {
        self.javascript_enabled.unwrap_or(
            self.screen_color_depth.is_some()
                || self.screen_height.is_some()
                || self.screen_width.is_some(),
        )
    }

    fn language_or(&self, locale: Option<&str>) -> Option<String> {
        self.language.as_deref().and_then(language).or_else(|| locale.and_then(language))
    }

    fn accept_languages(&self, fallback: Option<&str>) -> Vec<String> {
        let header = self.accept_language.as_deref().unwrap_or_default();
        let tags = header.split(',').filter_map(|part| part.split(';').next());
        let mut languages: Vec<String> = tags
            .map(str::trim)
            .filter(|tag| is_language(tag))
            .take(ACCEPT_LANGUAGES_MAX)
            .map(str::to_owned)
            .collect();
        if languages.is_empty() {
            languages.extend(fallback.map(str::to_owned));
        }
        languages
    }
}

/// At most 2048 characters; control characters would be a format error.
fn header(value: &str) -> Option<String> {
    let clean = value.trim().chars().filter(|c| !c.is_control()).take(HEADER_CHARS_MAX);
    Some(clean.collect::<String>()).filter(|it| !it.is_empty())
}

/// A BCP 47 tag of at most 8 characters, cut after the last subtag that fits.
fn language(tag: &str) -> Option<String> {
    let tag = tag.trim().replace('_', "-");
    if !is_language(&tag) {
        return None;
    }
    let mut cut = String::new();
    for subtag in tag.split('-') {
        let separator = usize::from(!cut.is_empty());
        if cut.len() + separator + subtag.len() > LANGUAGE_CHARS_MAX {
            break;
        }
        if separator > 0 {
            cut.push('-');
        }
        cut.push_str(subtag);
    }
    Some(cut).filter(|it| !it.is_empty())
}

fn is_language(tag: &str) -> bool {
    let mut subtags = tag.split('-');
    let primary = subtags.next().unwrap_or_default();
    (2..=8).contains(&primary.len())
        && primary.bytes().all(|b| b.is_ascii_alphabetic())
        && subtags
            .all(|it| (1..=8).contains(&it.len()) && it.bytes().all(|b| b.is_ascii_alphanumeric()))
}

/// The next lower depth that the standard knows.
fn color_depth(bits: u32) -> Option<String> {
    COLOR_DEPTHS.iter().rev().find(|it| **it <= bits).map(u32::to_string)
}

/// A public address in its shortest form. A private one tells the issuer nothing.
pub(crate) fn public_ip(text: &str) -> Option<String> {
    let without_zone = text.trim().split('%').next()?;
    let address = without_zone.parse::<IpAddr>().ok()?.to_canonical();
    let public = match address {
        IpAddr::V4(it) => {
            let [a, b, c, _] = it.octets();
            // 100.64/10 shared, 192.0.0/24 protocols, 198.18/15 benchmarks, 240/4 reserved.
            let special = (a == 100 && (64..=127).contains(&b))
                || (a == 192 && b == 0 && c == 0)
                || (a == 198 && (18..=19).contains(&b))
                || a == 0
                || a >= 240;
            !(special
                || it.is_private()
                || it.is_loopback()
                || it.is_link_local()
                || it.is_multicast())
        }
        IpAddr::V6(it) => {
            !(it.is_unspecified()
                || it.is_loopback()
                || it.is_multicast()
                || it.is_unique_local()
                || it.is_unicast_link_local())
        }
    };
    public.then(|| address.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_color_depth_is_the_next_lower_one_of_the_standard() {
        let depths = [0, 1, 2, 23, 24, 30, 32, 48, 64].map(color_depth);
        let expected = [
            None,
            Some("1"),
            Some("1"),
            Some("16"),
            Some("24"),
            Some("24"),
            Some("32"),
            Some("48"),
            Some("48"),
        ];
        assert_eq!(depths.each_ref().map(Option::as_deref), expected);
    }

    #[test]
    fn a_language_is_cut_at_a_subtag() {
        for (tag, read) in [
            ("en-GB", Some("en-GB")),
            ("nl_NL", Some("nl-NL")),
            ("zh-Hant-TW", Some("zh-Hant")),
            ("de-CH-1996", Some("de-CH")),
            ("", None),
            ("*", None),
            ("e", None),
            ("en GB", None),
        ] {
            assert_eq!(language(tag).as_deref(), read, "{tag}");
        }
    }

    #[test]
    fn only_public_addresses_are_told() {
        for (text, told) in [
            ("203.0.113.7", Some("203.0.113.7")),
            ("2001:DB8:0::1", Some("2001:db8::1")),
            ("::ffff:203.0.113.7", Some("203.0.113.7")),
            ("10.0.0.1", None),
            ("192.168.1.1", None),
            ("172.31.255.255", None),
            ("127.0.0.1", None),
            ("100.64.0.1", None),
            ("169.254.1.1", None),
            ("::1", None),
            ("fe80::1%eth0", None),
            ("fd00::1", None),
            ("::ffff:10.0.0.1", None),
            ("not an address", None),
        ] {
            assert_eq!(public_ip(text).as_deref(), told, "{text}");
        }
    }

    #[test]
    fn screen_values_show_that_scripts_run() {
        let written = |browser: BrowserData| {
            let mut areq = Areq::default();
            browser.write(Some("nl_NL"), &mut areq);
            areq
        };
        let silent = written(BrowserData::default());
        assert_eq!(silent.browser_javascript_enabled, Some(false));
        assert_eq!((silent.browser_java_enabled, silent.browser_tz), (None, None));
        assert_eq!(silent.browser_language.as_deref(), Some("nl-NL"));
        assert_eq!(silent.browser_accept_header.as_deref(), Some(MISSING_ACCEPT_HEADER));
        let screen = BrowserData { screen_height: Some(1080), ..BrowserData::default() };
        assert_eq!(written(screen).browser_javascript_enabled, Some(true));
    }

    #[test]
    fn a_browser_is_complete_when_the_standard_says_so() {
        let agent = Some("Mozilla/5.0".to_owned());
        let silent = BrowserData { user_agent: agent, ..BrowserData::default() };
        assert!(silent.is_complete(Some("nl_NL")));
        assert!(!silent.is_complete(None));
        let scripts = BrowserData { javascript_enabled: Some(true), ..silent };
        assert!(!scripts.is_complete(Some("nl_NL")));
        let all = BrowserData {
            screen_color_depth: Some(24),
            screen_height: Some(1080),
            screen_width: Some(1920),
            time_zone: Some(-60),
            ..scripts
        };
        assert!(all.is_complete(Some("nl_NL")));
    }
}
