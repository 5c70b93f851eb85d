//! Tables of an operator that say which country an address or a card number is of, and which
//! e-mail domains give out addresses to throw away.
//!
//! Reads text, opens no file.

use std::net::IpAddr;

use super::blocked::{Network, number, plain};
use crate::country::Country;

/// Digits to which the ends of a card range are filled up; no number is longer.
const CARD_DIGITS: usize = 19;

/// A table cannot be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BadLine {
    /// From 1.
    pub number: usize,
    pub why: &'static str,
}

impl std::fmt::Display for BadLine {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "line {}: {}", self.number, self.why)
    }
}

/// Ranges of numbers, each with a country.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Countries {
    /// By their first number. Where ranges overlap, the one that begins last counts.
    ranges: Vec<(u128, u128, Country)>,
}

impl Countries {
    /// Addresses: `first,last,country` or `network,country` in each line. Empty lines and lines
    /// that begin with `#` are skipped, quotes around a value are taken off.
    ///
    /// # Errors
    /// The first line that is neither.
    pub fn of_addresses(text: &str) -> Result<Countries, BadLine> {
        read(text, |first, last| {
            let bounds = |text: &str| Network::parse(text).ok().map(|it| it.bounds());
            let (first, end) = bounds(first)?;
            match last {
                None => Some((first, end)),
                Some(last) => Some((first, bounds(last)?.1)),
            }
        })
    }

    /// Card numbers: `first,last,country` or `prefix,country` in each line; the ends may be as
    /// short as the digits that matter.
    ///
    /// # Errors
    /// The first line that is neither.
    pub fn of_cards(text: &str) -> Result<Countries, BadLine> {
        read(text, |first, last| {
            let last = last.unwrap_or(first);
            Some((filled(first, '0')?, filled(last, '9')?))
        })
    }

    pub fn of_address(&self, address: IpAddr) -> Option<Country> {
        self.find(number(plain(address)))
    }

    /// `digits` is the beginning of a card number, or all of it.
    pub fn of_card(&self, digits: &str) -> Option<Country> {
        self.find(filled(digits, '0')?)
    }

    pub fn is_empty(&self) -> bool {
        self.ranges.is_empty()
    }

    pub fn len(&self) -> usize {
        self.ranges.len()
    }

    fn find(&self, number: u128) -> Option<Country> {
        let behind = self.ranges.partition_point(|(first, _, _)| *first <= number);
        let (_, last, country) = self.ranges.get(behind.checked_sub(1)?)?;
        (*last >= number).then_some(*country)
    }
}

fn read(
    text: &str,
    bounds: impl Fn(&str, Option<&str>) -> Option<(u128, u128)>,
) -> Result<Countries, BadLine> {
    let mut ranges = Vec::new();
    for (number, line) in (1..).zip(text.lines()) {
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let bad = |why| BadLine { number, why };
        let mut values = line.split(',').map(|it| it.trim().trim_matches('"'));
        let all = (values.next(), values.next(), values.next(), values.next());
        let (first, last, code) = match all {
            (Some(first), Some(code), None, None) => (first, None, code),
            (Some(first), Some(last), Some(code), None) => (first, Some(last), code),
            _ => return Err(bad("it has neither two nor three values")),
        };
        let country = Country::parse(code).map_err(|_| bad("the last value is no country"))?;
        let (first, last) = bounds(first, last).ok_or(bad("it does not say a range"))?;
        if first > last {
            return Err(bad("the range ends before it begins"));
        }
        ranges.push((first, last, country));
    }
    ranges.sort_by_key(|(first, _, _)| *first);
    Ok(Countries { ranges })
}

fn filled(digits: &str, with: char) -> Option<u128> {
    let good = (1..=CARD_DIGITS).contains(&digits.len());
    if !good || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let missing = CARD_DIGITS.saturating_sub(digits.len());
    let rest = std::iter::repeat_n(with, missing);
    digits.chars().chain(rest).collect::<String>().parse().ok()
}

/// Domains that are known for addresses to throw away. Not complete: none such list is. Sites
/// can name more.
const DISPOSABLE_DOMAINS: [&str; 48] = [
    "10minutemail.com",
    "10minutemail.net",
    "burnermail.io",
    "byom.de",
    "cock.li",
    "discard.email",
    "dispostable.com",
    "dropmail.me",
    "emailondeck.com",
    "fakeinbox.com",
    "fakemail.net",
    "getairmail.com",
    "getnada.com",
    "grr.la",
    "guerrillamail.biz",
    "guerrillamail.com",
    "guerrillamail.de",
    "guerrillamail.net",
    "guerrillamail.org",
    "guerrillamailblock.com",
    "harakirimail.com",
    "inboxkitten.com",
    "mail-temp.com",
    "mailcatch.com",
    "maildrop.cc",
    "mailinator.com",
    "mailnesia.com",
    "mailsac.com",
    "mintemail.com",
    "moakt.com",
    "mohmal.com",
    "mytemp.email",
    "nada.email",
    "sharklasers.com",
    "spam4.me",
    "spamgourmet.com",
    "temp-mail.io",
    "temp-mail.org",
    "tempail.com",
    "tempmail.com",
    "tempmail.net",
    "tempmailo.com",
    "throwawaymail.com",
    "trashmail.com",
    "trashmail.de",
    "wegwerfmail.de",
    "yopmail.com",
    "yopmail.fr",
];

/// Whether the e-mail's domain, or one above it, is on the list or among `more`.
pub fn is_disposable(email: &str, more: &[String]) -> bool {
    let email = super::blocked::normal_email(email);
    let Some((_, mut domain)) = email.rsplit_once('@') else { return false };
    loop {
        let listed = DISPOSABLE_DOMAINS.contains(&domain);
        if listed || more.iter().any(|it| it.eq_ignore_ascii_case(domain)) {
            return true;
        }
        match domain.split_once('.') {
            Some((_, above)) => domain = above,
            None => return false,
        }
    }
}
