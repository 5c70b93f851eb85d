//! The words on the pages, one file for each language of the contract.
//!
//! Texts of languages that tell the payer what to do say it politely and plainly, as payment pages
//! of that language do. Names in braces are filled in by [`florin_locale::fill`].

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

use florin_locale::Language;

pub(in crate::page) use in_part::{InPart, in_part};
pub(in crate::page) use other::other_methods;

/// Every text that a payer can be shown.
#[derive(Debug)]
pub struct Words {
    /// Says the `lang` and `dir` attributes.
    pub language: Language,
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
    pub languages: &'static str,
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

/// The words for a locale such as `nl_NL`, `nl` or `NL-be`; English where the language is not
/// among them.
pub fn words(locale: &str) -> &'static Words {
    words_in(Language::of(locale))
}

/// The words of a language.
pub fn words_in(language: Language) -> &'static Words {
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

#[cfg(test)]
mod tests {
    use florin_locale::completeness::{faults, texts};

    use super::*;

    #[test]
    fn every_language_has_its_own_words() {
        for language in Language::ALL {
            assert_eq!(words_in(language).language, language);
        }
    }

    #[test]
    fn every_text_says_something_in_its_own_language() {
        assert_eq!(texts(&en::WORDS).len(), 66);
        assert_eq!(faults(words_in), Vec::<String>::new());
    }
}
