//! The words on the pages, one file for each language of the contract.
//!
//! Texts of languages that tell the payer what to do say it politely and plainly, as payment pages
//! of that language do. Names in braces are filled in by [`fill`].

mod ar;
mod cs;
mod da;
mod de;
mod en;
mod es;
mod fi;
mod fr;
mod he;
mod it;
mod ja;
mod nb;
mod nl;
mod pl;
mod pt;
mod ru;
mod sv;
mod tr;
mod zh;
mod in_part;
mod other;

pub(in crate::page) use in_part::{InPart, in_part};
pub(in crate::page) use other::other_methods;

/// Every text that a payer can be shown.
#[derive(Debug)]
pub struct Words {
    /// The `lang` attribute.
    pub code: &'static str,
    /// What the language calls itself.
    pub name: &'static str,
    pub pay_title: &'static str,
    /// `{amount}`
    pub pay_button: &'static str,
    pub number: &'static str,
    pub holder: &'static str,
    pub expiry: &'static str,
    pub expiry_hint: &'static str,
    pub cvc: &'static str,
    pub cvc_help: &'static str,
    pub cart: &'static str,
    pub quantity: &'static str,
    pub total: &'static str,
    pub vat: &'static str,
    pub cancel: &'static str,
    pub language: &'static str,
    pub test_mode: &'static str,
    /// `{shop}`, here and in the two after it.
    pub stores_card_on_file: &'static str,
    pub stores_subscription: &'static str,
    pub stores_unscheduled: &'static str,
    pub saved_cards: &'static str,
    pub other_card: &'static str,
    /// `{brand}`, `{last4}`
    pub card_ending: &'static str,
    /// `{date}`
    pub expires: &'static str,
    pub check_title: &'static str,
    pub declined_title: &'static str,
    pub declined_text: &'static str,
    pub not_authenticated_text: &'static str,
    pub number_missing: &'static str,
    pub number_wrong: &'static str,
    /// `{brands}`
    pub brand_refused: &'static str,
    pub holder_missing: &'static str,
    pub expiry_missing: &'static str,
    /// `{example}`
    pub expiry_wrong: &'static str,
    pub card_expired: &'static str,
    pub cvc_missing: &'static str,
    pub cvc_wrong: &'static str,
    pub choose_card: &'static str,
    pub expired_title: &'static str,
    pub expired_text: &'static str,
    pub cancelled_title: &'static str,
    pub cancelled_text: &'static str,
    pub given_up_title: &'static str,
    pub given_up_text: &'static str,
    pub elsewhere_title: &'static str,
    pub elsewhere_text: &'static str,
    pub openings_title: &'static str,
    pub openings_text: &'static str,
    pub form_refused_title: &'static str,
    pub form_refused_text: &'static str,
    pub try_again: &'static str,
    pub safety: &'static str,
    pub accepted: &'static str,
    // The pages around 3-D Secure, and where the journey ends.
    pub verify_title: &'static str,
    pub verify_text: &'static str,
    pub continue_button: &'static str,
    pub wait_title: &'static str,
    pub wait_text: &'static str,
    pub paid_title: &'static str,
    pub paid_text: &'static str,
    pub unpaid_title: &'static str,
    pub unpaid_text: &'static str,
    pub back_to_shop: &'static str,
    pub unknown_title: &'static str,
    pub unknown_text: &'static str,
    pub trouble_title: &'static str,
    pub trouble_text: &'static str,
}

/// In the order of their codes.
pub const ALL: [&Words; 19] = [
    &ar::WORDS,
    &cs::WORDS,
    &da::WORDS,
    &de::WORDS,
    &en::WORDS,
    &es::WORDS,
    &fi::WORDS,
    &fr::WORDS,
    &he::WORDS,
    &it::WORDS,
    &ja::WORDS,
    &nb::WORDS,
    &nl::WORDS,
    &pl::WORDS,
    &pt::WORDS,
    &ru::WORDS,
    &sv::WORDS,
    &tr::WORDS,
    &zh::WORDS,
];

/// The words for a locale such as `nl_NL`, `nl` or `NL-be`; English where the language is not
/// among them.
pub fn words(locale: &str) -> &'static Words {
    let language: String = locale.chars().take_while(char::is_ascii_alphabetic).collect();
    let language = match language.to_ascii_lowercase().as_str() {
        // Norwegian of either kind, and Hebrew by its old code.
        "no" | "nn" => "nb".to_owned(),
        "iw" => "he".to_owned(),
        it => it.to_owned(),
    };
    ALL.into_iter().find(|it| it.code == language).unwrap_or(&en::WORDS)
}

/// Puts a value where a text names it in braces. Values are put in once: what looks like a name
/// inside a value stays as it is.
pub fn fill(text: &str, name: &str, value: &str) -> String {
    let mark = format!("{{{name}}}");
    match text.split_once(&mark) {
        Some((before, after)) => format!("{before}{value}{after}"),
        None => text.to_owned(),
    }
}

impl Words {
    /// The `dir` attribute.
    pub fn direction(&self) -> &'static str {
        if matches!(self.code, "ar" | "he") { "rtl" } else { "ltr" }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_language_is_spoken() {
        for (locale, code) in [
            ("nl_NL", "nl"),
            ("de-AT", "de"),
            ("de_DE_formal", "de"),
            ("FR", "fr"),
            ("pt_BR", "pt"),
            ("no_NO", "nb"),
            ("nn-NO", "nb"),
            ("iw", "he"),
            ("ko_KR", "en"),
            ("", "en"),
            ("zh_CN", "zh"),
        ] {
            assert_eq!(words(locale).code, code, "{locale}");
        }
    }

    /// The members of a text by their names, read from how it prints.
    fn texts(words: &Words) -> Vec<(String, String)> {
        let printed = format!("{words:?}");
        let inside = printed.trim_start_matches("Words { ").trim_end_matches(" }");
        let members = inside.split("\", ").map(|it| it.split_once(": \"").expect("a member"));
        members
            .map(|(name, text)| (name.to_owned(), text.trim_end_matches('"').to_owned()))
            .collect()
    }

    #[test]
    fn every_text_says_something_and_fills_in_what_the_english_one_does() {
        let marks = |text: &str| {
            // Marks of some scripts print as escapes, which have braces too.
            let mut found: Vec<String> = text
                .replace("\\u{", "")
                .split('{')
                .skip(1)
                .map(|it| it.split('}').next().unwrap_or_default().to_owned())
                .collect();
            found.sort();
            found
        };
        let english = texts(&en::WORDS);
        assert_eq!(english.len(), 67);
        for words in ALL {
            for ((name, theirs), (english_name, ours)) in texts(words).iter().zip(&english) {
                assert_eq!(name, english_name);
                assert!(!theirs.trim().is_empty(), "{} {name}", words.code);
                assert_eq!(marks(theirs), marks(ours), "{} {name}", words.code);
            }
        }
    }

    #[test]
    fn sentences_are_not_left_in_english() {
        for words in ALL.iter().filter(|it| it.code != "en") {
            for ((name, theirs), (_, ours)) in texts(words).iter().zip(&texts(&en::WORDS)) {
                let is_sentence = ours.split(' ').count() > 2;
                assert!(!is_sentence || theirs != ours, "{} {name}: {theirs}", words.code);
            }
        }
    }

    #[test]
    fn a_value_cannot_name_another_value() {
        let text = fill("{brand} ending in {last4}", "brand", "{last4}");
        assert_eq!(fill(&text, "last4", "1234"), "1234 ending in {last4}");
    }
}
