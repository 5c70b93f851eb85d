//! Whether a shop's answer means that it has understood a notification.
//!
//! Shops answer in many ways: `OK`, ` OK`, `ok`, `"OK"` as a JSON string, `MULTISAFEPAY_OK`, and
//! failures often come as HTTP 200 with another text.

/// Characters of a reply that count, and that are kept in the delivery's record.
pub const REPLY_CHARACTERS_MAX: usize = 100;

/// The only status that can acknowledge; other successes (201, 204) do not.
const STATUS: u16 = 200;

/// True for HTTP 200 with the standalone word `OK`, or `MULTISAFEPAY_OK` anywhere, in the first
/// 100 characters of the body; upper or lower case.
///
/// Standalone, because `{"error":"invalid token"}` is no acknowledgement.
#[must_use]
pub fn is_acknowledged(status: u16, body: &[u8]) -> bool {
    let text = decoded(body);
    status == STATUS && (has_word_ok(&text) || has_long_form(&text))
}

/// The first 100 characters of a reply, for the delivery's record. Undecodable bytes and NUL, which
/// databases refuse, are replaced.
#[must_use]
pub fn reply_start(body: &[u8]) -> String {
    let replace_nul = |c| if c == '\0' { char::REPLACEMENT_CHARACTER } else { c };
    decoded(body).chars().take(REPLY_CHARACTERS_MAX).map(replace_nul).collect()
}

fn decoded(body: &[u8]) -> String {
    let body = body.strip_prefix("\u{feff}".as_bytes()).unwrap_or(body);
    // A character has at most four bytes; one more is needed to see what follows the last word.
    let enough = (REPLY_CHARACTERS_MAX + 1) * 4;
    String::from_utf8_lossy(&body[..body.len().min(enough)]).into_owned()
}

fn has_word_ok(text: &str) -> bool {
    let characters: Vec<char> = text.chars().take(REPLY_CHARACTERS_MAX + 1).collect();
    let within = characters.len().min(REPLY_CHARACTERS_MAX);
    let part_of_word =
        |at: usize| characters.get(at).is_some_and(|c| c.is_alphanumeric() || *c == '_');
    (1..within).any(|k| {
        let o = k - 1;
        characters[o].eq_ignore_ascii_case(&'o')
            && characters[k].eq_ignore_ascii_case(&'k')
            && !(o > 0 && part_of_word(o - 1))
            && !part_of_word(k + 1)
    })
}

fn has_long_form(text: &str) -> bool {
    let start: String = text.chars().take(REPLY_CHARACTERS_MAX).collect();
    start.to_ascii_uppercase().contains("MULTISAFEPAY_OK")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[track_caller]
    fn check(status: u16, body: impl AsRef<[u8]>, expected: bool) {
        let body = body.as_ref();
        let text = String::from_utf8_lossy(body);
        assert_eq!(is_acknowledged(status, body), expected, "{status} {text:?}");
    }

    #[test]
    fn what_plugins_answer_is_an_acknowledgement() {
        for body in ["OK", "ok", "Ok", " OK", "\"OK\"", "OK\n", "\u{feff}OK", "<p>OK</p>", "x OK."]
        {
            check(200, body, true);
        }
        check(200, "multisafepay_ok", true);
        check(200, "xMULTISAFEPAY_OKx", true);
    }

    #[test]
    fn other_texts_are_none() {
        for body in [
            "",
            "NG",
            "ng: order not found",
            "TOKEN",
            "OKAY",
            "BOOK",
            "_OK",
            "OK_",
            "1OK",
            "éOK",
            "O K",
            r#"{"error":"invalid token"}"#,
        ] {
            check(200, body, false);
        }
        check(200, [0xff, 0xfe, b'O', 0, b'K', 0], false);
    }

    #[test]
    fn only_status_200_acknowledges() {
        for status in [201, 202, 204, 301, 302, 400, 404, 500, 0] {
            check(status, "OK", false);
            check(status, "MULTISAFEPAY_OK", false);
        }
    }

    #[test]
    fn only_the_first_hundred_characters_count() {
        for filler in [" ", "é ", "€ "] {
            let before = |n: usize| filler.chars().cycle().take(n - 1).collect::<String>() + " ";
            check(200, before(97) + "OK", true);
            check(200, before(98) + "OK and more", true);
            // What follows the hundredth character still decides where the word ends.
            check(200, before(98) + "OKAY", false);
            check(200, before(99) + "OK", false);
            check(200, before(100) + "OK", false);
            check(200, before(85) + "MULTISAFEPAY_OK", true);
            check(200, before(86) + "MULTISAFEPAY_OK", false);
        }
    }

    #[test]
    fn the_record_keeps_a_hundred_characters_that_any_database_takes() {
        assert_eq!(reply_start("\u{feff}é".repeat(200).as_bytes()).chars().count(), 100);
        assert_eq!(reply_start(b"a\0b\xff"), "a\u{fffd}b\u{fffd}");
    }

    proptest! {
        #[test]
        fn any_bytes_are_judged(status: u16, body in proptest::collection::vec(any::<u8>(), 0..600)) {
            let acknowledged = is_acknowledged(status, &body);
            prop_assert!(!acknowledged || status == 200);
            prop_assert!(reply_start(&body).chars().count() <= REPLY_CHARACTERS_MAX);
        }
    }
}
