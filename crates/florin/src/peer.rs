//! Who is at the other end of a request: the address of the connection, or what a proxy that the
//! operator trusts says of it.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use axum::http::{HeaderMap, Request};
use florin_core::risk::blocked::{Network, plain};

/// Where a proxy adds, at the end, the address that it was called from.
const FORWARDED_FOR: &str = "x-forwarded-for";
/// Proxies that are followed at most; a longer chain is somebody's invention.
const PROXIES_MAX: usize = 16;

/// The other end of a connection, noted with each request that comes over it.
#[derive(Clone, Debug)]
pub struct Peer {
    /// Of the connection itself.
    pub address: IpAddr,
    /// Proxies whose word on the payer's address is taken.
    pub trusted: Arc<[Network]>,
}

/// The address from which a request was made; nothing where it came over no connection, or where
/// a trusted proxy says nothing that is one.
pub fn address_of<B>(request: &Request<B>) -> Option<IpAddr> {
    request.extensions().get::<Peer>()?.caller(request.headers())
}

impl Peer {
    /// Follows the chain of proxies from our end as far as they are trusted: what stands before
    /// that can be made up by anybody.
    fn caller(&self, headers: &HeaderMap) -> Option<IpAddr> {
        let is_trusted = |address: IpAddr| self.trusted.iter().any(|it| it.contains(address));
        let mut address = plain(self.address);
        let lines = headers.get_all(FORWARDED_FOR).iter().rev();
        let mut said = lines.flat_map(|line| line.to_str().unwrap_or("?").rsplit(','));
        for _ in 0..PROXIES_MAX {
            if !is_trusted(address) {
                return Some(address);
            }
            // A proxy that adds nothing passes on what it makes itself, such as a health check.
            let Some(text) = said.next() else { return Some(address) };
            address = read(text)?;
        }
        None
    }
}

/// An address, perhaps with a port, an IPv6 one perhaps in brackets.
fn read(text: &str) -> Option<IpAddr> {
    let text = text.trim();
    let bare = text.strip_prefix('[').and_then(|it| it.strip_suffix(']')).unwrap_or(text);
    let address = bare.parse().ok();
    address.or_else(|| text.parse::<SocketAddr>().ok().map(|it| it.ip())).map(plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(connection: &str, lines: &[&str], expected: Option<&str>) {
        let mut headers = HeaderMap::new();
        for line in lines {
            headers.append(FORWARDED_FOR, line.parse().unwrap());
        }
        let trusted = ["10.0.0.0/8", "::1"].map(|it| Network::parse(it).unwrap());
        let peer =
            Peer { address: connection.parse().unwrap(), trusted: Arc::from(trusted.as_slice()) };
        let expected = expected.map(|it| it.parse().unwrap());
        assert_eq!(peer.caller(&headers), expected, "{connection} {lines:?}");
    }

    #[test]
    fn only_a_trusted_proxy_says_for_whom_it_calls() {
        check("203.0.113.7", &[], Some("203.0.113.7"));
        check("203.0.113.7", &["198.51.100.1"], Some("203.0.113.7"));
        check("10.0.0.1", &["198.51.100.1"], Some("198.51.100.1"));
        check("::ffff:10.0.0.1", &["198.51.100.1"], Some("198.51.100.1"));
        check("::1", &["2001:db8::5"], Some("2001:db8::5"));
        check("::1", &["[2001:db8::5]:4711"], Some("2001:db8::5"));
        check("::1", &["[2001:db8::5]"], Some("2001:db8::5"));
        check("10.0.0.1", &["198.51.100.1:80"], Some("198.51.100.1"));
        check("10.0.0.1", &[], Some("10.0.0.1"));
    }

    #[test]
    fn what_stands_before_the_first_stranger_is_not_believed() {
        check("10.0.0.1", &["1.2.3.4, 198.51.100.1, 10.0.0.2"], Some("198.51.100.1"));
        check("10.0.0.1", &["1.2.3.4", "198.51.100.1,10.0.0.2"], Some("198.51.100.1"));
        check("10.0.0.1", &["198.51.100.1, unknown"], None);
        check("10.0.0.1", &["198.51.100.1, "], None);
        check("10.0.0.1", &[&["10.0.0.1"; 40].join(",")], None);
    }
}
