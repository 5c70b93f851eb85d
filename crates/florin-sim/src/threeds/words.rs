//! The words on the pages of the test bank, one file for each language of the gateway's own pages.
//!
//! Banks call their customers by the polite form that payment pages of the language use. The letter
//! of an outcome is the `transStatus` of EMV 3DS and stays in brackets: shops find it in what they
//! are told.

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

use florin_locale::Language;

use super::challenge::Choice;

/// Every text that a payer can be shown.
#[derive(Debug)]
pub(crate) struct Words {
    /// Says the `lang` and `dir` attributes.
    pub(crate) language: Language,
    pub(crate) title: &'static str,
    pub(crate) bank: &'static str,
    pub(crate) choose: &'static str,
    pub(crate) shop: &'static str,
    pub(crate) amount: &'static str,
    pub(crate) card: &'static str,
    pub(crate) outcome: &'static str,
    // How an authentication may end.
    pub(crate) authenticated: &'static str,
    pub(crate) attempted: &'static str,
    pub(crate) not_authenticated: &'static str,
    pub(crate) unavailable: &'static str,
    pub(crate) rejected: &'static str,
    pub(crate) cancel: &'static str,
    // Under the outcomes, and on the way back.
    pub(crate) confirm: &'static str,
    pub(crate) nothing_moves: &'static str,
    pub(crate) thanks_title: &'static str,
    pub(crate) thanks_text: &'static str,
    pub(crate) answered_title: &'static str,
    pub(crate) answered_text: &'static str,
    pub(crate) continue_button: &'static str,
    // Pages that only say something.
    pub(crate) refused_title: &'static str,
    pub(crate) refused_text: &'static str,
    pub(crate) unknown_title: &'static str,
    pub(crate) unknown_text: &'static str,
    pub(crate) expired_title: &'static str,
    pub(crate) expired_text: &'static str,
}

/// The words for a language tag such as `nl-NL` or `nl`; English where the language is not among
/// them.
pub(crate) fn words(tag: &str) -> &'static Words {
    words_in(Language::of(tag))
}

/// The words of a language.
fn words_in(language: Language) -> &'static Words {
    match language {
        Language::Arabic => &ar::WORDS,
        Language::Czech => &cs::WORDS,
        Language::Danish => &da::WORDS,
        Language::German => &de::WORDS,
        Language::English => &en::WORDS,
        Language::Spanish => &es::WORDS,
        Language::Finnish => &fi::WORDS,
        Language::French => &fr::WORDS,
        Language::Hebrew => &he::WORDS,
        Language::Italian => &it::WORDS,
        Language::Japanese => &ja::WORDS,
        Language::Norwegian => &nb::WORDS,
        Language::Dutch => &nl::WORDS,
        Language::Polish => &pl::WORDS,
        Language::Portuguese => &pt::WORDS,
        Language::Russian => &ru::WORDS,
        Language::Swedish => &sv::WORDS,
        Language::Turkish => &tr::WORDS,
        Language::Chinese => &zh::WORDS,
    }
}

impl Words {
    /// What a payer reads of an outcome.
    pub(crate) fn choice(&self, choice: Choice) -> &'static str {
        match choice {
            Choice::Y => self.authenticated,
            Choice::A => self.attempted,
            Choice::N => self.not_authenticated,
            Choice::U => self.unavailable,
            Choice::R => self.rejected,
            Choice::Cancel => self.cancel,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use florin_locale::completeness::{faults, texts};

    use super::super::challenge::OPTIONS;
    use super::*;

    #[test]
    fn every_language_has_its_own_words() {
        for language in Language::ALL {
            assert_eq!(words_in(language).language, language);
        }
    }

    #[test]
    fn every_text_says_something_in_its_own_language() {
        assert_eq!(texts(&en::WORDS).len(), 26);
        assert_eq!(faults(words_in), Vec::<String>::new());
    }

    #[test]
    fn no_two_outcomes_read_alike_and_each_names_its_status() {
        for words in Language::ALL.map(words_in) {
            let read: BTreeSet<&str> = OPTIONS.iter().map(|(it, _)| words.choice(*it)).collect();
            assert_eq!(read.len(), OPTIONS.len(), "{}", words.language.code());
            for (choice, value) in OPTIONS.into_iter().filter(|(it, _)| *it != Choice::Cancel) {
                let text = words.choice(choice);
                let letter =
                    text.contains(&format!("({value})")) || text.contains(&format!("（{value}）"));
                assert!(letter, "{text}");
            }
        }
    }
}
