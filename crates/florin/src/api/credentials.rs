//! Where a caller's key may be found. Three forms are in use among the official clients.

use axum::extract::Request;
use axum::http::header;
use zeroize::Zeroizing;

/// Longest text that is looked up as a key.
const KEY_CHARACTERS_MAX: usize = 256;

/// The key that the call carries. Where several are given, they have to agree.
pub(super) fn find(request: &Request) -> Option<Zeroizing<String>> {
    let headers = request.headers();
    let text = |value: &axum::http::HeaderValue| value.to_str().ok().map(|it| it.trim().to_owned());
    let in_header = headers.get("api_key").and_then(text);
    let bearer = headers.get(header::AUTHORIZATION).and_then(text).and_then(|value| {
        let (scheme, token) = value.split_once(' ')?;
        scheme.eq_ignore_ascii_case("bearer").then(|| token.trim().to_owned())
    });
    let in_query = request.uri().query().and_then(|query| {
        form_urlencoded::parse(query.as_bytes())
            .find(|(name, _)| name == "api_key")
            .map(|(_, value)| value.trim().to_owned())
    });
    let mut given = [in_header, bearer, in_query]
        .into_iter()
        .flatten()
        .map(Zeroizing::new)
        .filter(|key| !key.is_empty() && key.len() <= KEY_CHARACTERS_MAX);
    let first = given.next()?;
    given.all(|other| other == first).then_some(first)
}

#[cfg(test)]
mod tests {
    use axum::body::Body;

    use super::*;

    #[track_caller]
    fn check(uri: &str, headers: &[(&str, &str)], expected: Option<&str>) {
        let mut request = Request::builder().uri(uri);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let request = request.body(Body::empty()).unwrap();
        assert_eq!(find(&request).as_ref().map(|key| key.as_str()), expected);
    }

    #[test]
    fn a_key_comes_in_three_forms() {
        check("/", &[("API_KEY", " abcde ")], Some("abcde"));
        check("/", &[("Authorization", "Bearer abcde")], Some("abcde"));
        check("/", &[("Authorization", "bearer  abcde")], Some("abcde"));
        check("/?locale=en&api_key=abcde", &[], Some("abcde"));
        check("/", &[], None);
        check("/?api_key=", &[("api_key", "")], None);
        check("/", &[("Authorization", "Basic abcde")], None);
    }

    #[test]
    fn keys_that_disagree_are_no_key() {
        check("/?api_key=abcde", &[("api_key", "abcde")], Some("abcde"));
        check("/?api_key=abcde", &[("api_key", "fghij")], None);
    }
}
