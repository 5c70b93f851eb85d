//! Who is shown the workbench. It has the keys of test sites on it, and buttons.
//!
//! A page of a stranger's in the same browser must not get at it: not by a name that is made to lead
//! to this machine (DNS rebinding), for then the `Host` is that name; not by a form or a request of
//! its own, for then the browser says so, and the page's token is missing.

use std::net::IpAddr;

use axum::http::{HeaderMap, header};
use subtle::ConstantTimeEq;
use url::{Host, Url};

use crate::gateway::Gateway;

/// Who is shown the workbench.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum OpenTo {
    /// Browsers on this machine, where the gateway is not behind a proxy.
    #[default]
    Loopback,
    /// Whoever reaches the gateway.
    Everyone,
    Nobody,
}

/// Headers of a proxy: whoever connects is not whoever asks.
const OF_PROXIES: [&str; 5] =
    ["forwarded", "x-forwarded-for", "x-forwarded-host", "x-real-ip", "via"];

/// Whether this request, over a connection from `peer`, may be shown the workbench.
pub(super) fn may_see(
    open_to: OpenTo,
    public_url: &str,
    peer: Option<IpAddr>,
    headers: &HeaderMap,
) -> bool {
    let mut hosts = headers.get_all(header::HOST).iter();
    let host = hosts.next().and_then(|it| it.to_str().ok()).and_then(host_of);
    let Some(host) = host.filter(|_| hosts.next().is_none()) else { return false };
    let public = Url::parse(public_url).ok();
    match open_to {
        OpenTo::Nobody => false,
        OpenTo::Everyone => {
            let own = public.as_ref().and_then(Url::host).map(|it| it.to_owned());
            is_no_name(&host) || Some(host) == own
        }
        OpenTo::Loopback => {
            // A public name means a proxy, and then everybody comes from this machine.
            let direct = public.is_some_and(|url| {
                url.scheme() == "http" && url.host().is_some_and(|it| is_no_name(&it.to_owned()))
            });
            let from_here = peer.is_some_and(|address| address.to_canonical().is_loopback());
            let to_here = match &host {
                Host::Domain(_) => is_no_name(&host),
                Host::Ipv4(address) => address.is_loopback(),
                Host::Ipv6(address) => address.is_loopback(),
            };
            direct && from_here && to_here && !OF_PROXIES.iter().any(|it| headers.contains_key(*it))
        }
    }
}

/// Whether a request that changes something, or follows what happens, is from our own page.
pub(super) fn is_from_the_page(headers: &HeaderMap) -> bool {
    let text = |name: &str| headers.get(name).map(|it| it.to_str().unwrap_or("?"));
    let from_here = matches!(text("sec-fetch-site"), None | Some("same-origin" | "none"));
    let origin = text(header::ORIGIN.as_str());
    let own = text(header::HOST.as_str()).unwrap_or_default();
    from_here
        && origin.is_none_or(|origin| {
            let authority = origin.split_once("://").map_or("", |(_, rest)| rest);
            !own.is_empty() && authority.eq_ignore_ascii_case(own)
        })
}

/// What the forms of a site's page carry.
pub(super) fn token(gateway: &Gateway, site_id: i64) -> String {
    let subject = format!("workbench/{site_id}");
    hex::encode(&gateway.vault.token_hash(subject.as_bytes())[..16])
}

/// Whether a form was on the page of this site.
pub(super) fn is_token(gateway: &Gateway, site_id: i64, sent: &str) -> bool {
    bool::from(token(gateway, site_id).as_bytes().ct_eq(sent.as_bytes()))
}

/// The host that a `Host` header names.
fn host_of(text: &str) -> Option<Host> {
    // Nothing that a URL would take for anything but host and port.
    if text.contains(['/', '\\', '?', '#', '@']) {
        return None;
    }
    Url::parse(&format!("http://{text}/")).ok()?.host().map(|it| it.to_owned())
}

/// An address, or this machine's own name: nobody else's name leads here.
fn is_no_name(host: &Host) -> bool {
    match host {
        Host::Domain(name) => {
            let name = name.trim_end_matches('.');
            name == "localhost" || name.ends_with(".localhost")
        }
        Host::Ipv4(_) | Host::Ipv6(_) => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HERE: &str = "http://127.0.0.1:8080";

    fn headers(of: &[(&'static str, &str)]) -> HeaderMap {
        let mut map = HeaderMap::new();
        for (name, value) in of {
            map.append(*name, value.parse().unwrap());
        }
        map
    }

    #[track_caller]
    fn check(open_to: OpenTo, public: &str, peer: &str, of: &[(&'static str, &str)], seen: bool) {
        let peer = Some(peer.parse().unwrap());
        assert_eq!(may_see(open_to, public, peer, &headers(of)), seen, "{public} {peer:?} {of:?}");
    }

    #[test]
    fn by_default_it_is_for_this_machine_alone() {
        let check = |public, peer, of: &[_], seen| check(OpenTo::Loopback, public, peer, of, seen);
        for host in ["127.0.0.1:8080", "localhost:8080", "LOCALHOST", "[::1]:8080", "a.localhost"] {
            check(HERE, "127.0.0.1", &[("host", host)], true);
            check("http://0.0.0.0:8080", "::1", &[("host", host)], true);
            check(HERE, "::ffff:127.0.0.1", &[("host", host)], true);
            check(HERE, "192.168.1.7", &[("host", host)], false);
        }
        // A name that was made to lead here, and what is no name at all.
        for host in ["rebound.example:8080", "127.0.0.1.example", "192.168.1.7", "a@localhost", ""]
        {
            check(HERE, "127.0.0.1", &[("host", host)], false);
        }
        check(HERE, "127.0.0.1", &[], false);
        check(HERE, "127.0.0.1", &[("host", "localhost"), ("host", "localhost")], false);
        assert!(!may_see(OpenTo::Loopback, HERE, None, &headers(&[("host", "localhost")])));
    }

    #[test]
    fn behind_a_proxy_everybody_comes_from_this_machine() {
        let check = |public, of: &[_]| check(OpenTo::Loopback, public, "127.0.0.1", of, false);
        for name in OF_PROXIES {
            check(HERE, &[("host", "localhost"), (name, "203.0.113.1")]);
        }
        check("https://pay.example", &[("host", "127.0.0.1:8080")]);
        check("http://pay.example", &[("host", "127.0.0.1:8080")]);
        check("https://203.0.113.9", &[("host", "127.0.0.1:8080")]);
    }

    #[test]
    fn opened_to_everyone_it_still_has_to_be_asked_for_by_its_own_name() {
        let check = |host, seen| {
            check(OpenTo::Everyone, "https://pay.example", "203.0.113.1", &[("host", host)], seen);
        };
        check("pay.example", true);
        check("PAY.example:443", true);
        check("192.168.1.7:8080", true);
        check("localhost:8080", true);
        check("rebound.example", false);
    }

    #[test]
    fn nobody_is_nobody() {
        check(OpenTo::Nobody, HERE, "127.0.0.1", &[("host", "localhost")], false);
    }

    #[test]
    fn requests_of_other_pages_are_told_apart() {
        let check = |of: &[_], ours| assert_eq!(is_from_the_page(&headers(of)), ours, "{of:?}");
        check(&[("host", "localhost:8080")], true);
        check(&[("host", "localhost:8080"), ("origin", "http://localhost:8080")], true);
        check(&[("host", "localhost:8080"), ("origin", "http://localhost:9000")], false);
        check(&[("host", "localhost:8080"), ("origin", "null")], false);
        check(&[("host", "localhost"), ("sec-fetch-site", "cross-site")], false);
        check(&[("host", "localhost"), ("sec-fetch-site", "same-site")], false);
        check(&[("host", "localhost"), ("sec-fetch-site", "same-origin")], true);
    }
}
