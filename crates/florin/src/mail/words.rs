//! The texts of the mails that come with Florin, in each language, with placeholders in them.

mod nl;
mod en;
mod fr;
mod de;
mod it;
mod es;

use super::kind::{Kind, Language};

/// Every text of a language.
pub(super) struct Words {
    pub(super) greeting: &'static str,
    pub(super) regards: &'static str,
    /// Greets merchants.
    pub(super) to_merchant: &'static str,
    /// Why somebody gets this mail.
    pub(super) why_customer: &'static str,
    pub(super) why_merchant: &'static str,
    /// Stands after a label.
    pub(super) colon: &'static str,
    pub(super) order: &'static str,
    pub(super) description: &'static str,
    pub(super) amount: &'static str,
    pub(super) method: &'static str,
    pub(super) date: &'static str,
    pub(super) transaction: &'static str,
    pub(super) customer: &'static str,
    pub(super) reason: &'static str,
    pub(super) due: &'static str,
    /// What the button of a reminder says.
    pub(super) pay: &'static str,
    pub(super) text: fn(Kind) -> Text,
}

/// What one mail says.
pub(super) struct Text {
    pub(super) subject: &'static str,
    pub(super) heading: &'static str,
    pub(super) paragraphs: &'static [&'static str],
}

pub(super) fn words(language: Language) -> &'static Words {
    match language {
        Language::Nl => &nl::WORDS,
        Language::En => &en::WORDS,
        Language::Fr => &fr::WORDS,
        Language::De => &de::WORDS,
        Language::It => &it::WORDS,
        Language::Es => &es::WORDS,
    }
}
