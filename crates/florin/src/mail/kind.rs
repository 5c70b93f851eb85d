//! Which mails there are, and in which languages.

use serde::{Deserialize, Serialize};

/// A kind of mail; also the name of its template.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// The payment was made.
    CompletedCustomer,
    CompletedMerchant,
    /// The amount is reserved, to be captured by hand.
    AuthorizedCustomer,
    AuthorizedMerchant,
    /// Everything that was reserved was captured.
    CapturedInFullCustomer,
    CapturedInFullMerchant,
    /// A part of what was reserved was captured.
    CapturedInPartCustomer,
    CapturedInPartMerchant,
    /// Money went back to the payer.
    RefundedCustomer,
    /// The payer's bank took money back.
    ChargedBackMerchant,
    /// The payment waits for a decision.
    UnclearedMerchant,
    /// The payer is reminded of an order that was not paid.
    SecondChanceFirst,
    SecondChanceSecond,
}

/// Whom a mail is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Audience {
    Customer,
    Merchant,
}

impl Kind {
    pub const ALL: [Kind; 13] = [
        Kind::CompletedCustomer,
        Kind::CompletedMerchant,
        Kind::AuthorizedCustomer,
        Kind::AuthorizedMerchant,
        Kind::CapturedInFullCustomer,
        Kind::CapturedInFullMerchant,
        Kind::CapturedInPartCustomer,
        Kind::CapturedInPartMerchant,
        Kind::RefundedCustomer,
        Kind::ChargedBackMerchant,
        Kind::UnclearedMerchant,
        Kind::SecondChanceFirst,
        Kind::SecondChanceSecond,
    ];

    /// The name in settings, rows and answers.
    pub fn name(self) -> &'static str {
        match self {
            Kind::CompletedCustomer => "completed_customer",
            Kind::CompletedMerchant => "completed_merchant",
            Kind::AuthorizedCustomer => "authorized_customer",
            Kind::AuthorizedMerchant => "authorized_merchant",
            Kind::CapturedInFullCustomer => "captured_in_full_customer",
            Kind::CapturedInFullMerchant => "captured_in_full_merchant",
            Kind::CapturedInPartCustomer => "captured_in_part_customer",
            Kind::CapturedInPartMerchant => "captured_in_part_merchant",
            Kind::RefundedCustomer => "refunded_customer",
            Kind::ChargedBackMerchant => "charged_back_merchant",
            Kind::UnclearedMerchant => "uncleared_merchant",
            Kind::SecondChanceFirst => "second_chance_first",
            Kind::SecondChanceSecond => "second_chance_second",
        }
    }

    /// The kind with this name.
    pub fn from_name(name: &str) -> Option<Kind> {
        Kind::ALL.into_iter().find(|kind| kind.name() == name)
    }

    pub fn audience(self) -> Audience {
        match self {
            Kind::CompletedCustomer
            | Kind::AuthorizedCustomer
            | Kind::CapturedInFullCustomer
            | Kind::CapturedInPartCustomer
            | Kind::RefundedCustomer
            | Kind::SecondChanceFirst
            | Kind::SecondChanceSecond => Audience::Customer,
            Kind::CompletedMerchant
            | Kind::AuthorizedMerchant
            | Kind::CapturedInFullMerchant
            | Kind::CapturedInPartMerchant
            | Kind::ChargedBackMerchant
            | Kind::UnclearedMerchant => Audience::Merchant,
        }
    }

    /// Whether it reminds of an order that was not paid.
    pub fn is_second_chance(self) -> bool {
        matches!(self, Kind::SecondChanceFirst | Kind::SecondChanceSecond)
    }
}

/// A language that mails are written in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Language {
    Nl,
    #[default]
    En,
    Fr,
    De,
    It,
    Es,
}

impl Language {
    pub const ALL: [Language; 6] =
        [Language::Nl, Language::En, Language::Fr, Language::De, Language::It, Language::Es];

    /// ISO 639-1.
    pub fn code(self) -> &'static str {
        match self {
            Language::Nl => "nl",
            Language::En => "en",
            Language::Fr => "fr",
            Language::De => "de",
            Language::It => "it",
            Language::Es => "es",
        }
    }

    /// That of a locale such as `nl_NL` or `DE-at`.
    pub fn of_locale(locale: &str) -> Option<Language> {
        let code = florin_locale::Language::known(locale)?.code();
        Language::ALL.into_iter().find(|language| language.code() == code)
    }
}
