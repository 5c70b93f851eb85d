//! One page: what is on it, and the headers that keep it from doing anything else.
//!
//! Style and scripts are inline and known by their hashes, so that nothing else runs and a page
//! needs no second request.

use askama::Template;
use aws_lc_rs::digest;
use axum::body::Body;
use axum::http::{Response, StatusCode, header};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

/// The shop, the amount and the order, at the top of a page.
pub(super) struct Summary {
    pub(super) shop: String,
    pub(super) amount: String,
    pub(super) order: String,
}

/// The way on: a form with hidden fields and one button.
pub(super) struct Form {
    pub(super) action: String,
    pub(super) fields: Vec<(&'static str, String)>,
    pub(super) button: &'static str,
}

/// The 3DS Method, posted into a hidden frame.
pub(super) struct Method {
    pub(super) url: String,
    pub(super) data: String,
}

/// A page before it is written. Every text is escaped by the template.
#[derive(Template)]
#[template(path = "checkout/page.html")]
pub(super) struct Page {
    pub(super) lang: &'static str,
    pub(super) title: String,
    pub(super) message: String,
    pub(super) summary: Option<Summary>,
    pub(super) form: Option<Form>,
    pub(super) method: Option<Method>,
    pub(super) link: Option<(String, &'static str)>,
    /// Content of a `refresh`: seconds, or seconds and an address.
    pub(super) refresh: Option<String>,
    pub(super) busy: bool,
    /// The way on from here may lead to an address without TLS, such as a shop on a laptop.
    pub(super) leads_to_http: bool,
    pub(super) script: &'static str,
    pub(super) style: &'static str,
}

pub(super) const STYLE: &str = include_str!("../../templates/checkout/page.css");
pub(super) const VERIFY: &str = include_str!("../../templates/checkout/verify.js");
pub(super) const SUBMIT: &str = include_str!("../../templates/checkout/submit.js");
pub(super) const METHOD_DONE: &str = include_str!("../../templates/checkout/method-done.js");
pub(super) const CLOSE: &str = include_str!("../../templates/checkout/close.js");

impl Page {
    /// A page with a title and a sentence.
    pub(super) fn new(lang: &'static str, title: &str, message: &str) -> Page {
        Page {
            lang,
            title: title.to_owned(),
            message: message.to_owned(),
            summary: None,
            form: None,
            method: None,
            link: None,
            refresh: None,
            busy: false,
            leads_to_http: false,
            script: "",
            style: STYLE,
        }
    }

    /// The answer. `secure` is true where the gateway is reached by https: then forms go to https
    /// addresses only.
    pub(super) fn answer(self, status: StatusCode, secure: bool) -> Response<Body> {
        let policy = self.policy(secure);
        let html = self.render().expect("a page of texts can be rendered");
        Response::builder()
            .status(status)
            .header(header::CONTENT_TYPE, "text/html; charset=utf-8")
            .header(header::CACHE_CONTROL, "no-store")
            .header(header::CONTENT_SECURITY_POLICY, policy)
            .header(header::REFERRER_POLICY, "no-referrer")
            .header(header::X_CONTENT_TYPE_OPTIONS, "nosniff")
            .header("permissions-policy", "camera=(), microphone=(), geolocation=(), usb=()")
            .body(Body::from(html))
            .expect("the parts of the answer are valid")
    }

    /// What the browser may do on this page. Forms lead to the issuer, whose address is only
    /// known per payment, and from there back to the shop, which browsers count as the same
    /// submission: so `form-action` limits the scheme, not the host.
    fn policy(&self, secure: bool) -> String {
        let forms =
            if secure && !self.leads_to_http { "'self' https:" } else { "'self' https: http:" };
        let scripts = match self.script {
            "" => "'none'".to_owned(),
            script => hash(script),
        };
        let frames = if self.method.is_none() {
            "'none'"
        } else if secure {
            "https:"
        } else {
            "https: http:"
        };
        // The page that the 3DS Method ends on lies in a frame of our own page.
        let ancestors = if self.script == METHOD_DONE { "'self'" } else { "'none'" };
        format!(
            "default-src 'none'; script-src {scripts}; style-src {}; form-action {forms}; \
             frame-src {frames}; frame-ancestors {ancestors}; base-uri 'none'",
            hash(self.style)
        )
    }
}

fn hash(text: &str) -> String {
    let digest = digest::digest(&digest::SHA256, text.as_bytes());
    format!("'sha256-{}'", STANDARD.encode(digest.as_ref()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_payer_of_a_shop_without_tls_is_not_stranded_on_a_gateway_with_it() {
        let policy =
            |leads_to_http| Page { leads_to_http, ..Page::new("en", "a", "b") }.policy(true);
        assert!(policy(false).contains("form-action 'self' https:;"));
        assert!(policy(true).contains("form-action 'self' https: http:;"));
    }

    #[test]
    fn texts_are_escaped_and_only_known_scripts_run() {
        let nasty = "\"><script>alert(1)</script>";
        let page = Page {
            summary: Some(Summary {
                shop: nasty.to_owned(),
                amount: nasty.to_owned(),
                order: nasty.to_owned(),
            }),
            form: Some(Form {
                action: nasty.to_owned(),
                fields: vec![("creq", nasty.to_owned())],
                button: "Go",
            }),
            method: Some(Method { url: nasty.to_owned(), data: nasty.to_owned() }),
            link: Some((nasty.to_owned(), "Back")),
            script: SUBMIT,
            ..Page::new("en", nasty, nasty)
        };
        let policy = page.policy(true);
        let html = page.render().unwrap();
        assert!(!html.contains("<script>alert"), "{html}");
        assert_eq!(html.matches("<script>").count(), 1);
        let script = html.split("<script>").nth(1).unwrap().split("</script>").next().unwrap();
        assert!(policy.contains(&format!("script-src {}", hash(script))));
        let style = html.split("<style>").nth(1).unwrap().split("</style>").next().unwrap();
        assert!(policy.contains(&format!("style-src {}", hash(style))));
        assert!(html.len() < 20_000);
    }
}
