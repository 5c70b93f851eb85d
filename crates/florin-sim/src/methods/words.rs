//! The words on a provider's page, one file for each language of the gateway's own pages.
//!
//! What the gateway calls a state stays in brackets where the language has no word for it:
//! `uncleared`. Shops look for it in what they are told.

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

use super::table::Scenario;

/// Every text that a payer can be shown.
#[derive(Debug)]
pub(crate) struct Words {
    /// The `lang` attribute.
    pub(crate) code: &'static str,
    /// `{method}`
    pub(crate) title: &'static str,
    pub(crate) provider: &'static str,
    pub(crate) choose: &'static str,
    pub(crate) shop: &'static str,
    pub(crate) amount: &'static str,
    pub(crate) purpose: &'static str,
    pub(crate) bank: &'static str,
    pub(crate) outcome: &'static str,
    pub(crate) balance: &'static str,
    pub(crate) account: &'static str,
    pub(crate) holder: &'static str,
    pub(crate) reference: &'static str,
    pub(crate) confirm: &'static str,
    pub(crate) nothing_moves: &'static str,
    // How a payment may end.
    pub(crate) completed: &'static str,
    pub(crate) half_balance: &'static str,
    pub(crate) no_balance: &'static str,
    pub(crate) typed_balance: &'static str,
    pub(crate) paid_later: &'static str,
    pub(crate) never_paid: &'static str,
    pub(crate) uncleared: &'static str,
    pub(crate) uncleared_accepted: &'static str,
    pub(crate) uncleared_declined: &'static str,
    pub(crate) charged_back: &'static str,
    pub(crate) declined: &'static str,
    pub(crate) cancelled: &'static str,
    pub(crate) expired: &'static str,
    // Pages that only say something.
    pub(crate) refused_title: &'static str,
    pub(crate) form_wrong: &'static str,
    pub(crate) balance_wrong: &'static str,
    pub(crate) unknown_title: &'static str,
    pub(crate) unknown_text: &'static str,
}

/// In the order of their codes.
const ALL: [&Words; 19] = [
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
pub(crate) fn words(locale: &str) -> &'static Words {
    let language: String = locale.chars().take_while(char::is_ascii_alphabetic).collect();
    let language = match language.to_ascii_lowercase().as_str() {
        // Norwegian of either kind, and Hebrew by its old code.
        "no" | "nn" => "nb".to_owned(),
        "iw" => "he".to_owned(),
        it => it.to_owned(),
    };
    ALL.into_iter().find(|it| it.code == language).unwrap_or(&en::WORDS)
}

impl Words {
    /// The `dir` attribute.
    pub(crate) fn direction(&self) -> &'static str {
        if matches!(self.code, "ar" | "he") { "rtl" } else { "ltr" }
    }

    /// Over the page of a method.
    pub(crate) fn title_of(&self, method: &str) -> String {
        self.title.replace("{method}", method)
    }

    /// What a payer reads of a way to end.
    pub(crate) fn scenario(&self, scenario: Scenario) -> &'static str {
        match scenario {
            Scenario::Completed => self.completed,
            Scenario::HalfBalance => self.half_balance,
            Scenario::NoBalance => self.no_balance,
            Scenario::TypedBalance => self.typed_balance,
            Scenario::PaidLater => self.paid_later,
            Scenario::NeverPaid => self.never_paid,
            Scenario::Uncleared => self.uncleared,
            Scenario::UnclearedAccepted => self.uncleared_accepted,
            Scenario::UnclearedDeclined => self.uncleared_declined,
            Scenario::ChargedBack => self.charged_back,
            Scenario::Declined => self.declined,
            Scenario::Cancelled => self.cancelled,
            Scenario::Expired => self.expired,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::super::table::Family;
    use super::*;

    #[test]
    fn the_nearest_language_is_spoken() {
        for (locale, code) in [
            ("nl_NL", "nl"),
            ("de-AT", "de"),
            ("FR", "fr"),
            ("no_NO", "nb"),
            ("iw", "he"),
            ("ko_KR", "en"),
            ("", "en"),
        ] {
            assert_eq!(words(locale).code, code, "{locale}");
        }
    }

    /// The texts by their names, read from how they print.
    fn texts(words: &Words) -> Vec<(String, String)> {
        let printed = format!("{words:?}");
        let inside = printed.trim_start_matches("Words { ").trim_end_matches(" }");
        let members = inside.split("\", ").map(|it| it.split_once(": \"").expect("a member"));
        members
            .map(|(name, text)| (name.to_owned(), text.trim_end_matches('"').to_owned()))
            .collect()
    }

    #[test]
    fn every_text_says_something_in_its_own_language() {
        let english = texts(&en::WORDS);
        assert_eq!(english.len(), 33);
        for words in ALL.iter().filter(|it| it.code != "en") {
            for ((name, theirs), (english_name, ours)) in texts(words).iter().zip(&english) {
                assert_eq!(name, english_name);
                assert!(!theirs.trim().is_empty(), "{} {name}", words.code);
                assert_eq!(theirs.contains("{method}"), name == "title", "{} {name}", words.code);
                let is_sentence = ours.split(' ').count() > 2;
                assert!(!is_sentence || theirs != ours, "{} {name}: {theirs}", words.code);
            }
        }
    }

    #[test]
    fn no_two_ways_to_end_read_alike() {
        for words in ALL {
            for family in [Family::Debit, Family::PayLater, Family::GiftCard, Family::Transfer] {
                let read: BTreeSet<&str> =
                    family.scenarios().iter().map(|it| words.scenario(*it)).collect();
                assert_eq!(read.len(), family.scenarios().len(), "{} {family:?}", words.code);
            }
        }
    }
}
