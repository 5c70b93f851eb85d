//! Block lists: cards, e-mails, addresses and BINs that are refused before anything is sent.

use std::collections::HashSet;
use std::net::IpAddr;

use super::Fingerprint;

/// Digits of a BIN on a list: as many as merchants are shown, or as many as are assigned.
pub const BIN_DIGITS: std::ops::RangeInclusive<usize> = 6..=8;

/// A network, or a single address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Network {
    /// The first address; what is behind the prefix is zero.
    first: IpAddr,
    prefix: u8,
}

/// The text is no network.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NoNetwork;

impl Network {
    /// Reads an address, or an address with a prefix in CIDR notation. Bits behind the prefix are
    /// taken as zero.
    ///
    /// # Errors
    /// [`NoNetwork`] for everything else.
    pub fn parse(text: &str) -> Result<Network, NoNetwork> {
        let (address, prefix) = match text.trim().split_once('/') {
            Some((address, prefix)) => (address, Some(prefix)),
            None => (text.trim(), None),
        };
        let address = plain(address.parse().map_err(|_| NoNetwork)?);
        let bits = bits_of(address);
        let prefix = match prefix {
            None => bits,
            Some(text) => text.parse().ok().filter(|it| *it <= bits).ok_or(NoNetwork)?,
        };
        Ok(Network { first: masked(address, prefix), prefix })
    }

    /// The network of so many leading bits around an address.
    pub fn around(address: IpAddr, prefix: u8) -> Network {
        let address = plain(address);
        let prefix = prefix.min(bits_of(address));
        Network { first: masked(address, prefix), prefix }
    }

    pub fn contains(&self, address: IpAddr) -> bool {
        let address = plain(address);
        address.is_ipv4() == self.first.is_ipv4() && masked(address, self.prefix) == self.first
    }

    /// The first and the last address as numbers of 128 bits, IPv4 ones mapped into IPv6.
    pub fn bounds(&self) -> (u128, u128) {
        let first = number(self.first);
        let free = u32::from(bits_of(self.first).saturating_sub(self.prefix));
        let rest = 1_u128.checked_shl(free).map_or(u128::MAX, |size| size.saturating_sub(1));
        (first, first | rest)
    }
}

impl std::fmt::Display for Network {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if self.prefix == bits_of(self.first) {
            write!(out, "{}", self.first)
        } else {
            write!(out, "{}/{}", self.first, self.prefix)
        }
    }
}

/// An address as a number of 128 bits, IPv4 ones mapped into IPv6.
pub fn number(address: IpAddr) -> u128 {
    match address {
        IpAddr::V4(address) => address.to_ipv6_mapped().to_bits(),
        IpAddr::V6(address) => address.to_bits(),
    }
}

/// An IPv4 address that came in the clothes of IPv6 is the IPv4 address.
pub fn plain(address: IpAddr) -> IpAddr {
    address.to_canonical()
}

fn bits_of(address: IpAddr) -> u8 {
    if address.is_ipv4() { 32 } else { 128 }
}

fn masked(address: IpAddr, prefix: u8) -> IpAddr {
    match address {
        IpAddr::V4(address) => {
            let free = 32_u32.saturating_sub(u32::from(prefix));
            let mask = u32::MAX.checked_shl(free).unwrap_or(0);
            IpAddr::V4(std::net::Ipv4Addr::from_bits(address.to_bits() & mask))
        }
        IpAddr::V6(address) => {
            let free = 128_u32.saturating_sub(u32::from(prefix));
            let mask = u128::MAX.checked_shl(free).unwrap_or(0);
            IpAddr::V6(std::net::Ipv6Addr::from_bits(address.to_bits() & mask))
        }
    }
}

/// An e-mail address in the one form in which it is compared.
pub fn normal_email(text: &str) -> String {
    text.trim().to_lowercase()
}

/// Everything that is refused.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct BlockList {
    pub cards: HashSet<Fingerprint>,
    /// As [`normal_email`] gives them; one that begins with `@` is a whole domain.
    pub emails: HashSet<String>,
    /// 6 to 8 digits.
    pub bins: HashSet<String>,
    pub networks: Vec<Network>,
}

/// Which list refuses a payment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BlockedBy {
    Card,
    Bin,
    Address,
    Email,
}

impl BlockedBy {
    /// The name that reports use.
    pub fn name(self) -> &'static str {
        match self {
            BlockedBy::Card => "blocked_card",
            BlockedBy::Bin => "blocked_bin",
            BlockedBy::Address => "blocked_ip",
            BlockedBy::Email => "blocked_email",
        }
    }
}

/// What is looked up.
#[derive(Clone, Copy, Debug)]
pub struct Subject<'a> {
    pub card: &'a Fingerprint,
    /// The first eight digits of the number.
    pub leading_digits: &'a str,
    pub addresses: &'a [IpAddr],
    pub email: Option<&'a str>,
}

impl BlockList {
    /// The list that refuses the payment, if one does.
    pub fn find(&self, subject: &Subject<'_>) -> Option<BlockedBy> {
        if self.cards.contains(subject.card) {
            return Some(BlockedBy::Card);
        }
        let digits = |count: usize| subject.leading_digits.get(..count);
        if BIN_DIGITS.filter_map(digits).any(|bin| self.bins.contains(bin)) {
            return Some(BlockedBy::Bin);
        }
        let on_list = |address: &IpAddr| self.networks.iter().any(|it| it.contains(*address));
        if subject.addresses.iter().any(on_list) {
            return Some(BlockedBy::Address);
        }
        let email = subject.email.map(normal_email)?;
        let domain = email.rfind('@').and_then(|at| email.get(at..));
        let listed = |text: &str| self.emails.contains(text);
        (listed(&email) || domain.is_some_and(listed)).then_some(BlockedBy::Email)
    }
}
