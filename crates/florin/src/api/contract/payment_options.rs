//! Where the payer and the notifications go: `payment_options`.
//!
//! A URL that is no use as a target of a browser is ignored rather than refused; a script or a
//! relative address must never reach a page.

use serde::{Deserialize, Serialize};
use url::Url;

use super::scalars::Fields;

/// Longest URL that is kept, in bytes.
pub const URL_BYTES_MAX: usize = 2048;

/// An absolute `http:` or `https:` URL with a host, spelled as the merchant spells it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct WebUrl(String);

/// The text is no absolute `http:` or `https:` URL, or is too long.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UnusableUrl;

impl WebUrl {
    /// Reads a URL; blanks around it do not count.
    pub fn parse(text: &str) -> Result<WebUrl, UnusableUrl> {
        let text = text.trim();
        let odd = |it: char| it.is_control() || it.is_whitespace() || matches!(it, '\\');
        if text.len() > URL_BYTES_MAX || text.chars().any(odd) {
            return Err(UnusableUrl);
        }
        let url = Url::parse(text).map_err(|_| UnusableUrl)?;
        let usable = matches!(url.scheme(), "http" | "https") && url.has_host();
        if usable { Ok(WebUrl(text.to_owned())) } else { Err(UnusableUrl) }
    }

    /// The text as it was sent.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The URL with the order's id as `transactionid`, as browsers are sent back with it: in
    /// front of a fragment, behind an existing query. One that has the parameter is left alone.
    pub fn with_transaction_id(&self, order_id: &str) -> String {
        let (target, fragment) = match self.0.split_once('#') {
            Some((target, fragment)) => (target, Some(fragment)),
            None => (self.0.as_str(), None),
        };
        let query = target.split_once('?').map_or("", |(_, query)| query);
        if form_urlencoded::parse(query.as_bytes()).any(|(name, _)| name == "transactionid") {
            return self.0.clone();
        }
        let joint = match target.split_once('?') {
            None => "?",
            Some((_, query)) if query.is_empty() || query.ends_with('&') => "",
            Some(_) => "&",
        };
        let id: String = form_urlencoded::byte_serialize(order_id.as_bytes()).collect();
        let fragment = fragment.map(|it| format!("#{it}")).unwrap_or_default();
        format!("{target}{joint}transactionid={id}{fragment}")
    }
}

impl TryFrom<String> for WebUrl {
    type Error = UnusableUrl;

    fn try_from(text: String) -> Result<WebUrl, UnusableUrl> {
        WebUrl::parse(&text)
    }
}

impl From<WebUrl> for String {
    fn from(url: WebUrl) -> String {
        url.0
    }
}

impl std::fmt::Display for UnusableUrl {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("not an absolute http or https URL")
    }
}

impl std::error::Error for UnusableUrl {}

/// How a notification is sent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum NotificationMethod {
    /// Only the ids, in the query.
    #[default]
    Get,
    /// The order in the body, signed.
    Post,
}

/// `payment_options`, as far as they can be used.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct PaymentOptions {
    /// Where changes of the order are reported; otherwise the site's setting.
    pub notification_url: Option<WebUrl>,
    /// How they are reported.
    pub notification_method: NotificationMethod,
    /// Where the payer goes after success.
    pub redirect_url: Option<WebUrl>,
    /// Where the payer goes after failure.
    pub cancel_url: Option<WebUrl>,
    /// Whether the page closes its window instead of going anywhere.
    pub close_window: bool,
    /// Settings of pages, as they were sent.
    pub settings: Option<serde_json::Value>,
}

impl PaymentOptions {
    pub(super) fn read(options: Fields<'_>) -> PaymentOptions {
        let method = options.text("notification_method").unwrap_or_default();
        PaymentOptions {
            notification_url: web_url(options, "notification_url"),
            notification_method: match method.trim().eq_ignore_ascii_case("POST") {
                true => NotificationMethod::Post,
                false => NotificationMethod::Get,
            },
            redirect_url: web_url(options, "redirect_url"),
            cancel_url: web_url(options, "cancel_url"),
            close_window: options.boolean("close_window").unwrap_or(false),
            settings: options.get("settings").filter(|it| it.is_object()).cloned(),
        }
    }
}

/// The URL under a name, if it is one that a browser can be sent to.
pub(super) fn web_url(fields: Fields<'_>, name: &str) -> Option<WebUrl> {
    fields.text(name).and_then(|text| WebUrl::parse(&text).ok())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn only_absolute_web_urls_are_usable() {
        for text in ["https://shop.example/a?b=c#d", "HTTP://shop.example", "http://[::1]:8080/x"] {
            assert_eq!(WebUrl::parse(text).unwrap().as_str(), text);
        }
        for text in [
            "",
            "javascript:alert(1)",
            "data:text/html,x",
            "//shop.example",
            "/path",
            "http://",
            "ftp://shop.example",
            "java\nscript:alert(1)",
            "https://shop.example/a b",
            "https:\\\\shop.example",
            "https://shop.example/\u{7}",
            "mailto:a@b.example",
        ] {
            assert_eq!(WebUrl::parse(text), Err(UnusableUrl), "{text:?}");
        }
        let long = format!("https://shop.example/{}", "a".repeat(URL_BYTES_MAX));
        assert_eq!(WebUrl::parse(&long), Err(UnusableUrl));
    }

    #[test]
    fn an_address_that_has_a_transactionid_already_is_left_alone() {
        for url in [
            "https://shop.example/thanks?transactionid=mine",
            "https://shop.example/thanks?a=1&transactionid=&b=2#there",
        ] {
            assert_eq!(WebUrl::parse(url).unwrap().with_transaction_id("7"), url);
        }
        let other =
            WebUrl::parse("https://shop.example/?xtransactionid=1#transactionid=2").unwrap();
        assert_eq!(
            other.with_transaction_id("7"),
            "https://shop.example/?xtransactionid=1&transactionid=7#transactionid=2"
        );
    }

    #[test]
    fn the_order_id_joins_the_query_before_the_fragment() {
        for (url, expected) in [
            ("https://a.example/", "https://a.example/?transactionid=1"),
            ("https://a.example", "https://a.example?transactionid=1"),
            ("https://a.example/?", "https://a.example/?transactionid=1"),
            ("https://a.example/?b=c", "https://a.example/?b=c&transactionid=1"),
            ("https://a.example/?b=c#d?e", "https://a.example/?b=c&transactionid=1#d?e"),
        ] {
            assert_eq!(WebUrl::parse(url).unwrap().with_transaction_id("1"), expected);
        }
        let url = WebUrl::parse("https://a.example/").unwrap();
        assert_eq!(
            url.with_transaction_id("a b/é&"),
            "https://a.example/?transactionid=a+b%2F%C3%A9%26"
        );
    }

    proptest! {
        #[test]
        fn the_order_id_is_read_back_from_the_query(id in "\\PC{1,50}") {
            let url = WebUrl::parse("https://a.example/x?transactionid2=1#f").unwrap();
            let joined = Url::parse(&url.with_transaction_id(&id)).unwrap();
            let found = joined.query_pairs().find(|(name, _)| name == "transactionid");
            prop_assert_eq!(found.map(|(_, value)| value.into_owned()), Some(id));
        }
    }
}
