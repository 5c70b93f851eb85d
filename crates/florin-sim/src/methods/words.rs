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

use florin_locale::{Language, fill};

use super::table::Scenario;

/// Every text that a payer can be shown.
#[derive(Debug)]
pub(crate) struct Words {
    /// Says the `lang` and `dir` attributes.
    pub(crate) language: Language,
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

/// The words for a locale such as `nl_NL`, `nl` or `NL-be`; English where the language is not
/// among them.
pub(crate) fn words(locale: &str) -> &'static Words {
    words_in(Language::of(locale))
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
    /// Over the page of a method.
    pub(crate) fn title_of(&self, method: &str) -> String {
        fill(self.title, "method", method)
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

    use florin_locale::completeness::{faults, texts};

    use super::super::table::Family;
    use super::*;

    #[test]
    fn every_language_has_its_own_words() {
        for language in Language::ALL {
            assert_eq!(words_in(language).language, language);
        }
    }

    #[test]
    fn every_text_says_something_in_its_own_language() {
        assert_eq!(texts(&en::WORDS).len(), 32);
        assert_eq!(faults(words_in), Vec::<String>::new());
    }

    #[test]
    fn no_two_ways_to_end_read_alike() {
        for words in Language::ALL.map(words_in) {
            for family in [Family::Debit, Family::PayLater, Family::GiftCard, Family::Transfer] {
                let read: BTreeSet<&str> =
                    family.scenarios().iter().map(|it| words.scenario(*it)).collect();
                assert_eq!(
                    read.len(),
                    family.scenarios().len(),
                    "{} {family:?}",
                    words.language.code()
                );
            }
        }
    }
}
