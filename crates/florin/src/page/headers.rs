//! The headers of a page: what the browser may do on it, and where it may be shown.

use aws_lc_rs::digest;
use axum::body::Body;
use axum::http::response::Builder;
use axum::http::{Response, StatusCode, header};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

/// How the gateway is reached, and by whose pages its own may be framed.
#[derive(Clone, Debug, Default)]
pub struct Surroundings {
    /// By https: then forms go to https addresses only.
    pub secure: bool,
    /// Origins whose pages may frame ours; usually none.
    pub framed_by: Vec<String>,
}

impl Surroundings {
    /// Of a gateway with this address, for a site that may be framed by these origins.
    pub fn new(public_url: &str, framed_by: &[String]) -> Surroundings {
        Surroundings { secure: public_url.starts_with("https://"), framed_by: framed_by.to_vec() }
    }
}

/// What a page needs beyond its own style sheet.
#[derive(Default)]
pub(super) struct Needs<'a> {
    /// It names the script by its address and integrity.
    pub(super) script_file: bool,
    /// A script in the page itself.
    pub(super) script: &'a str,
    /// A style in the page itself.
    pub(super) style: &'a str,
    /// The address of an image.
    pub(super) image: Option<&'a str>,
    /// A frame of the issuer's, for the 3DS Method.
    pub(super) frame: bool,
    /// Forms may lead to an address without TLS, such as a shop on a laptop.
    pub(super) leads_to_http: bool,
    /// It lies in a frame of a page of ours.
    pub(super) in_our_frame: bool,
}

impl Needs<'_> {
    /// The policy. Forms lead to the issuer, whose address is only known per payment, and from
    /// there back to the shop, which browsers count as the same submission: so `form-action`
    /// limits the scheme, not the host.
    pub(super) fn policy(&self, around: &Surroundings) -> String {
        let (scripts, styles) = (inline(self.script), inline(self.style));
        let scripts = match (self.script_file, scripts.as_str()) {
            (false, "") => "'none'".to_owned(),
            (false, hash) => hash.to_owned(),
            (true, hash) => format!("'self' {hash}"),
        };
        let forms = if around.secure && !self.leads_to_http {
            "'self' https:"
        } else {
            "'self' https: http:"
        };
        let frames = match (self.frame, around.secure) {
            (false, _) => "'none'",
            (true, true) => "https:",
            (true, false) => "https: http:",
        };
        let images = self.image.and_then(origin).unwrap_or("'none'");
        let listed = around.framed_by.iter().map(String::as_str);
        let listed: Vec<&str> = listed.filter(|it| is_origin(it)).collect();
        let ancestors = match (self.in_our_frame, listed.is_empty()) {
            (true, _) => "'self'".to_owned(),
            (false, true) => "'none'".to_owned(),
            (false, false) => listed.join(" "),
        };
        format!(
            "default-src 'none'; script-src {}; style-src {}; img-src {images}; \
             form-action {forms}; frame-src {frames}; frame-ancestors {ancestors}; \
             base-uri 'none'",
            scripts.trim_end(),
            format!("'self' {styles}").trim_end(),
        )
    }

    /// The answer. No opener policy: a page that the shop opened in a window of its own tells the
    /// shop when it is done, and such a policy anywhere on the way would cut the two apart.
    pub(super) fn answer(
        &self,
        status: StatusCode,
        around: &Surroundings,
        html: String,
    ) -> Response<Body> {
        with_policies(Response::builder().status(status))
            .header(header::CONTENT_SECURITY_POLICY, self.policy(around))
            .body(Body::from(html))
            .expect("the parts of the answer are valid")
    }
}

/// The headers that are the same on every page.
pub(super) const FIXED: [(&str, &str); 5] = [
    ("content-type", "text/html; charset=utf-8"),
    ("cache-control", "no-store"),
    ("referrer-policy", "no-referrer"),
    ("x-content-type-options", "nosniff"),
    ("permissions-policy", "camera=(), microphone=(), geolocation=(), usb=(), payment=()"),
];

fn with_policies(builder: Builder) -> Builder {
    FIXED.into_iter().fold(builder, |builder, (name, value)| builder.header(name, value))
}

/// The hash of what stands in the page itself; nothing for nothing.
pub(super) fn inline(text: &str) -> String {
    if text.is_empty() {
        return String::new();
    }
    let digest = digest::digest(&digest::SHA256, text.as_bytes());
    format!("'sha256-{}'", STANDARD.encode(digest.as_ref()))
}

/// Scheme, host and port of an https address, if nothing in them could end a policy's directive.
fn origin(address: &str) -> Option<&str> {
    let rest = address.strip_prefix("https://")?;
    let host = rest.split(['/', '?', '#', '\\']).next()?;
    is_host(host).then(|| &address[.."https://".len() + host.len()])
}

/// Whether pages of this origin can be allowed to frame ours: scheme, host, perhaps a port, and
/// nothing else. Without TLS only a shop that is being built, on the payer's own machine.
pub fn is_origin(text: &str) -> bool {
    let is_here = |host: &&str| {
        let name = host.split(':').next().unwrap_or_default();
        matches!(name, "localhost" | "127.0.0.1")
    };
    let host = match text.strip_prefix("http://") {
        Some(host) => Some(host).filter(is_here),
        None => text.strip_prefix("https://"),
    };
    host.is_some_and(is_host) && url::Url::parse(text).is_ok_and(|url| url.path() == "/")
}

/// Whether a text can be host and port, and cannot be anything else in a policy.
fn is_host(text: &str) -> bool {
    let plain = |it: char| it.is_ascii_alphanumeric() || matches!(it, '.' | '-' | ':');
    !text.is_empty() && text.chars().all(plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn secure() -> Surroundings {
        Surroundings { secure: true, framed_by: Vec::new() }
    }

    #[test]
    fn a_payer_of_a_shop_without_tls_is_not_stranded_on_a_gateway_with_it() {
        let policy = |leads_to_http| Needs { leads_to_http, ..Needs::default() }.policy(&secure());
        assert!(policy(false).contains("form-action 'self' https:;"));
        assert!(policy(true).contains("form-action 'self' https: http:;"));
    }

    #[test]
    fn a_page_that_needs_nothing_may_do_nothing() {
        assert_eq!(
            Needs::default().policy(&secure()),
            "default-src 'none'; script-src 'none'; style-src 'self'; img-src 'none'; \
             form-action 'self' https:; frame-src 'none'; frame-ancestors 'none'; base-uri 'none'"
        );
    }

    #[test]
    fn only_the_origin_of_an_https_image_is_let_in() {
        let policy = |image| Needs { image: Some(image), ..Needs::default() }.policy(&secure());
        assert!(
            policy("https://cdn.example:8443/a.png?x")
                .contains("img-src https://cdn.example:8443;")
        );
        for nasty in [
            "http://cdn.example/a.png",
            "https://*.example/a",
            "https://a.example; script-src 'unsafe-inline'",
            "https://user@a.example/",
            "https://",
            "javascript:alert(1)",
            "data:image/svg+xml,x",
        ] {
            assert!(policy(nasty).contains("img-src 'none';"), "{nasty}");
        }
    }

    #[test]
    fn pages_are_framed_by_listed_origins_alone() {
        let framed_by = [
            "https://shop.example",
            "http://localhost:3000",
            "http://shop.example",
            "https://x; y",
            "https://*.example",
            "https://shop.example/path",
            "https://shop.example:99999",
            "'self'",
            "*",
            "data:",
        ];
        let around =
            Surroundings { secure: true, framed_by: framed_by.map(str::to_owned).to_vec() };
        let policy = Needs::default().policy(&around);
        let expected = "frame-ancestors https://shop.example http://localhost:3000;";
        assert!(policy.contains(expected), "{policy}");
    }
}
