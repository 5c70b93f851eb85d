//! Where notifications may go: which schemes, ports and addresses.
//!
//! A webhook URL is typed by a merchant and called from inside the operator's network; without
//! these rules it would be a way in. Addresses are checked again where the connection is made.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use url::{Host, Url};

/// What a site may be called at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum WebhookPolicy {
    /// Live sites: https, port 443, public addresses.
    Strict,
    /// Test sites: also http, any port, private and loopback addresses. Still not the addresses at
    /// which clouds hand out their machines' credentials, nor multicast.
    Relaxed,
}

/// Why a URL or address is not called.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refused {
    /// Not http or https, or http where https is asked for.
    Scheme,
    /// Not port 443 where that is asked for.
    Port,
    /// The address, or each address of the name, is of a kind that may not be called.
    Address,
}

/// What an address is, as far as it matters here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AddressKind {
    /// Reachable from the whole internet.
    Public,
    /// This machine.
    Loopback,
    /// A local network: RFC 1918, unique local IPv6, carrier-grade NAT.
    Private,
    /// One link only; also where clouds keep machine metadata.
    LinkLocal,
    /// Reserved for documentation, benchmarks, protocols, tunnels, multicast or the future.
    Special,
}

impl WebhookPolicy {
    /// Checks what the URL itself says. A name in it is checked when it is resolved.
    ///
    /// # Errors
    /// The first rule that the URL breaks.
    pub fn check_url(self, url: &Url) -> Result<(), Refused> {
        let strict = self == WebhookPolicy::Strict;
        match url.scheme() {
            "https" => {}
            "http" if !strict => {}
            _ => return Err(Refused::Scheme),
        }
        if strict && url.port_or_known_default() != Some(443) {
            return Err(Refused::Port);
        }
        match url.host() {
            Some(Host::Ipv4(address)) => self.check_address(address.into()),
            Some(Host::Ipv6(address)) => self.check_address(address.into()),
            Some(Host::Domain(_)) => Ok(()),
            None => Err(Refused::Address),
        }
    }

    /// Checks an address that is about to be connected to.
    ///
    /// # Errors
    /// [`Refused::Address`].
    pub fn check_address(self, address: IpAddr) -> Result<(), Refused> {
        let allowed = match AddressKind::of(address) {
            AddressKind::Public => true,
            AddressKind::Loopback | AddressKind::Private => self == WebhookPolicy::Relaxed,
            AddressKind::LinkLocal | AddressKind::Special => false,
        };
        if allowed { Ok(()) } else { Err(Refused::Address) }
    }
}

impl AddressKind {
    /// The kind of an address, by the special-purpose registries of IANA (RFC 6890 and after).
    #[must_use]
    pub fn of(address: IpAddr) -> AddressKind {
        match address {
            IpAddr::V4(address) => of_v4(address),
            IpAddr::V6(address) => of_v6(address),
        }
    }
}

fn of_v4(address: Ipv4Addr) -> AddressKind {
    match address.octets() {
        // Metadata services outside the link-local range: Alibaba, Oracle, Azure.
        [100, 100, 100, 200] | [192, 0, 0, 192] | [168, 63, 129, 16] => AddressKind::LinkLocal,
        // Unspecified: connecting to it reaches this machine.
        [0, 0, 0, 0] | [127, ..] => AddressKind::Loopback,
        [10, ..] | [172, 16..=31, ..] | [192, 168, ..] | [100, 64..=127, ..] => {
            AddressKind::Private
        }
        [169, 254, ..] => AddressKind::LinkLocal,
        // "This network", protocol assignments, 6to4 relays, AS112.
        [0, ..] | [192, 0, 0, _] | [192, 88, 99, _] | [192, 31, 196, _] | [192, 175, 48, _] => {
            AddressKind::Special
        }
        // AMT, benchmarks, documentation.
        [192, 52, 193, _]
        | [198, 18..=19, ..]
        | [192, 0, 2, _]
        | [198, 51, 100, _]
        | [203, 0, 113, _] => AddressKind::Special,
        // Multicast, reserved, broadcast.
        [224..=255, ..] => AddressKind::Special,
        _ => AddressKind::Public,
    }
}

fn of_v6(address: Ipv6Addr) -> AddressKind {
    let segments = address.segments();
    match segments {
        [0, 0, 0, 0, 0, 0, 0, 0 | 1] => AddressKind::Loopback,
        // IPv4-compatible, IPv4-mapped, translated (SIIT) and NAT64 addresses end at an IPv4 host.
        [0, 0, 0, 0, 0, 0, ..]
        | [0, 0, 0, 0, 0, 0xffff, ..]
        | [0, 0, 0, 0, 0xffff, 0, ..]
        | [0x64, 0xff9b, 0, 0, 0, 0, ..] => of_v4(embedded_v4(segments[6], segments[7])),
        // Metadata services inside the unique local range: Amazon, Google.
        [0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x254] | [0xfd20, 0xce, 0, 0, 0, 0, 0, 0x254] => {
            AddressKind::LinkLocal
        }
        [0xfe80..=0xfebf, ..] => AddressKind::LinkLocal,
        [0xfc00..=0xfdff, ..] | [0xfec0..=0xfeff, ..] => AddressKind::Private,
        // 6to4 leads to the IPv4 host written in it.
        [0x2002, high, low, ..] if of_v4(embedded_v4(high, low)) != AddressKind::Public => {
            of_v4(embedded_v4(high, low))
        }
        // Protocol assignments with Teredo, ORCHID and benchmarks; documentation; 6to4; AS112.
        [0x2001, 0..=0x1ff, ..]
        | [0x2001, 0xdb8, ..]
        | [0x3fff, 0..=0xfff, ..]
        | [0x2002, ..]
        | [0x2620, 0x4f, 0x8000, ..] => AddressKind::Special,
        // All of global unicast is here; everything else is multicast, local or unassigned.
        [0x2000..=0x3fff, ..] => AddressKind::Public,
        _ => AddressKind::Special,
    }
}

fn embedded_v4(high: u16, low: u16) -> Ipv4Addr {
    let ([a, b], [c, d]) = (high.to_be_bytes(), low.to_be_bytes());
    Ipv4Addr::new(a, b, c, d)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[track_caller]
    fn check_kind(addresses: &[&str], expected: AddressKind) {
        for address in addresses {
            assert_eq!(AddressKind::of(address.parse().unwrap()), expected, "{address}");
        }
    }

    #[track_caller]
    fn check_url(policy: WebhookPolicy, url: &str, expected: Result<(), Refused>) {
        assert_eq!(policy.check_url(&Url::parse(url).unwrap()), expected, "{policy:?} {url}");
    }

    #[test]
    fn public_addresses_are_known_as_such() {
        check_kind(
            &[
                "1.1.1.1",
                "9.255.255.255",
                "11.0.0.0",
                "100.63.255.255",
                "100.128.0.0",
                "126.255.255.255",
                "128.0.0.0",
                "172.15.255.255",
                "172.32.0.0",
                "192.167.255.255",
                "192.169.0.0",
                "198.17.255.255",
                "198.20.0.0",
                "203.0.112.1",
                "223.255.255.255",
                "2606:4700:4700::1111",
                "2001:4860:4860::8888",
                "2a00:1450::1",
                "::ffff:8.8.8.8",
                "64:ff9b::8.8.8.8",
            ],
            AddressKind::Public,
        );
    }

    #[test]
    fn loopback_and_private_addresses_are_known_in_every_notation() {
        check_kind(
            &[
                "127.0.0.1",
                "127.255.255.254",
                "0.0.0.0",
                "::1",
                "::",
                "::ffff:127.0.0.1",
                "::127.0.0.1",
                "64:ff9b::127.0.0.1",
                "2002:7f00:1::1",
                "::ffff:0:127.0.0.1",
            ],
            AddressKind::Loopback,
        );
        check_kind(
            &[
                "10.0.0.1",
                "172.16.0.1",
                "172.31.255.255",
                "192.168.1.1",
                "100.64.0.1",
                "100.127.255.255",
                "fc00::1",
                "fdff::1",
                "fec0::1",
                "::ffff:10.0.0.1",
                "64:ff9b::192.168.1.1",
                "2002:a00:1::1",
            ],
            AddressKind::Private,
        );
    }

    #[test]
    fn metadata_and_link_local_addresses_are_known() {
        check_kind(
            &[
                "169.254.169.254",
                "169.254.0.1",
                "100.100.100.200",
                "192.0.0.192",
                "168.63.129.16",
                "fe80::1",
                "febf::1",
                "fd00:ec2::254",
                "fd20:ce::254",
                "::ffff:169.254.169.254",
                "64:ff9b::169.254.169.254",
                "2002:a9fe:a9fe::",
            ],
            AddressKind::LinkLocal,
        );
    }

    #[test]
    fn documentation_benchmark_multicast_and_reserved_addresses_are_special() {
        check_kind(
            &[
                "0.1.2.3",
                "192.0.0.1",
                "192.0.2.1",
                "198.18.0.1",
                "198.19.255.255",
                "198.51.100.7",
                "203.0.113.9",
                "192.88.99.1",
                "224.0.0.1",
                "239.1.1.1",
                "240.0.0.1",
                "255.255.255.255",
                "ff02::1",
                "2001:db8::1",
                "3fff::1",
                "3fff:fff::1",
                "2001::1",
                "2001:2::1",
                "2001:10::1",
                "100::1",
                "64:ff9b:1::1",
                "5f00::1",
                "4000::1",
                "2002:808:808::1",
                "::ffff:255.255.255.255",
            ],
            AddressKind::Special,
        );
    }

    #[test]
    fn strict_wants_https_on_443_and_a_public_address() {
        for url in ["https://shop.example/a?b=c", "https://shop.example:443/", "https://1.1.1.1/"] {
            check_url(WebhookPolicy::Strict, url, Ok(()));
        }
        check_url(WebhookPolicy::Strict, "http://shop.example/", Err(Refused::Scheme));
        check_url(WebhookPolicy::Strict, "http://shop.example:443/", Err(Refused::Scheme));
        check_url(WebhookPolicy::Strict, "https://shop.example:8443/", Err(Refused::Port));
        // Every spelling of 127.0.0.1 that URLs know.
        for host in ["127.0.0.1", "127.1", "2130706433", "0x7f000001", "0177.0.0.1", "[::1]"] {
            let url = format!("https://{host}/");
            check_url(WebhookPolicy::Strict, &url, Err(Refused::Address));
        }
        check_url(WebhookPolicy::Strict, "https://[::ffff:10.0.0.1]/", Err(Refused::Address));
    }

    #[test]
    fn relaxed_allows_http_any_port_and_local_networks_but_no_metadata() {
        for url in ["http://localhost:3000/", "http://127.0.0.1:1/", "https://[fd00::1]:5/a"] {
            check_url(WebhookPolicy::Relaxed, url, Ok(()));
        }
        for url in
            ["http://169.254.169.254/latest/meta-data", "http://[fe80::1]/", "http://224.0.0.1/"]
        {
            check_url(WebhookPolicy::Relaxed, url, Err(Refused::Address));
        }
        for url in ["ftp://shop.example/", "file:///etc/passwd", "unix:/x", "data:,OK"] {
            check_url(WebhookPolicy::Relaxed, url, Err(Refused::Scheme));
        }
    }

    proptest! {
        /// The standard library knows a part of the rules; where it says special, so must we.
        #[test]
        fn what_the_standard_library_calls_special_is_never_public(bits: u32) {
            let v4 = Ipv4Addr::from(bits);
            let special = v4.is_private() || v4.is_loopback() || v4.is_link_local()
                || v4.is_broadcast() || v4.is_documentation() || v4.is_multicast() || v4.is_unspecified();
            prop_assert!(!(special && of_v4(v4) == AddressKind::Public));
            prop_assert_eq!(of_v6(v4.to_ipv6_mapped()), of_v4(v4));
        }
    }
}
