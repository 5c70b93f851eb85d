//! The page in `customer_verification.html`: it leads the payer to the challenge.
//!
//! A complete document without external resources. It sends its form on load and has a button
//! for browsers that do not run its script. Every value is escaped. No session, no state.

use url::form_urlencoded;

use super::cart::echo::escaped;

/// The id of the form, which merchants' scripts look for. Older than the protocol of the form.
pub const FORM_ID: &str = "PaReqForm";

/// Where the form leads.
#[derive(Clone, Copy)]
pub enum Target<'a> {
    /// To the issuer's server, with the challenge request (EMV 3DS, challenge flow).
    Acs {
        /// `acsURL`.
        url: &'a str,
        /// `creq`: base64url JSON.
        creq: &'a str,
        /// `threeDSSessionData`.
        session_data: Option<&'a str>,
    },
    /// To a page of the gateway that does the rest.
    Gateway {
        /// Absolute, with all that the page needs in its query.
        url: &'a str,
    },
}

/// The document.
pub fn verification_page(target: Target<'_>) -> String {
    match target {
        Target::Acs { url, creq, session_data } => {
            let mut fields = vec![("creq".to_owned(), creq.to_owned())];
            let data = session_data.map(|data| ("threeDSSessionData".to_owned(), data.to_owned()));
            fields.extend(data);
            page("post", url, &fields)
        }
        Target::Gateway { url } => {
            // A form of this method replaces the query of its action by its fields.
            let (action, query) = url.split_once('?').unwrap_or((url, ""));
            let fields: Vec<(String, String)> =
                form_urlencoded::parse(query.as_bytes()).into_owned().collect();
            page("get", action, &fields)
        }
    }
}

fn page(method: &str, action: &str, fields: &[(String, String)]) -> String {
    let inputs: String = fields
        .iter()
        .map(|(name, value)| {
            let (name, value) = (escaped(name), escaped(value));
            format!("<input type=\"hidden\" name=\"{name}\" value=\"{value}\">")
        })
        .collect();
    let action = escaped(action);
    format!(
        "<!DOCTYPE html>\
         <html lang=\"en\"><head><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\
         <meta name=\"referrer\" content=\"no-referrer\">\
         <title>Verification of your payment</title></head>\
         <body><form id=\"{FORM_ID}\" method=\"{method}\" action=\"{action}\">{inputs}\
         <noscript><p>Your bank wants to verify this payment.</p></noscript>\
         <button type=\"submit\">Continue to verification</button></form>\
         <script>document.getElementById(\"{FORM_ID}\").submit();</script>\
         </body></html>"
    )
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_challenge_request_is_posted_to_the_issuer() {
        let page = verification_page(Target::Acs {
            url: "https://acs.example/challenge?a=1&b=2",
            creq: "eyJhY3NUcmFuc0lEIjoiIn0",
            session_data: Some("a\"><script>"),
        });
        insta::assert_snapshot!(page);
    }

    #[test]
    fn the_query_of_the_own_page_becomes_fields() {
        let page = verification_page(Target::Gateway {
            url: "https://pay.example/customer-verification?sessionid=a%26b&type=3ds&lang=nl_NL",
        });
        insta::assert_snapshot!(page);
    }

    #[test]
    fn the_page_loads_nothing() {
        let target = Target::Acs { url: "https://acs.example", creq: "e", session_data: None };
        let page = verification_page(target);
        for loading in ["src=", "href=", "@import", "url("] {
            assert!(!page.contains(loading), "{loading}");
        }
        assert!(page.contains(&format!("<form id=\"{FORM_ID}\"")));
        assert!(page.contains("<noscript>") && page.contains("<button type=\"submit\">"));
        assert!(!page.contains("threeDSSessionData"));
    }

    proptest! {
        #[test]
        fn no_value_breaks_out_of_its_attribute(url in "\\PC{0,40}", creq in "\\PC{0,40}") {
            let shape = |page: String| page.matches(['<', '>', '"', '\'']).count();
            let target = |url, creq| Target::Acs { url, creq, session_data: Some(creq) };
            let plain = shape(verification_page(target("", "")));
            prop_assert_eq!(shape(verification_page(target(&url, &creq))), plain);
        }
    }
}
