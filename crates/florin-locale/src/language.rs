//! The languages of the pages, and which of them a locale asks for.

/// A language that payers are spoken to in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Language {
    Arabic,
    Czech,
    Danish,
    German,
    English,
    Spanish,
    Finnish,
    French,
    Hebrew,
    Italian,
    Japanese,
    Norwegian,
    Dutch,
    Polish,
    Portuguese,
    Russian,
    Swedish,
    Turkish,
    Chinese,
}

impl Language {
    /// The languages of the contract, in the order of their codes.
    pub const ALL: [Language; 19] = [
        Language::Arabic,
        Language::Czech,
        Language::Danish,
        Language::German,
        Language::English,
        Language::Spanish,
        Language::Finnish,
        Language::French,
        Language::Hebrew,
        Language::Italian,
        Language::Japanese,
        Language::Norwegian,
        Language::Dutch,
        Language::Polish,
        Language::Portuguese,
        Language::Russian,
        Language::Swedish,
        Language::Turkish,
        Language::Chinese,
    ];

    /// The language of a locale (`nl_NL`, `nl`, `NL-be`), if it is one of them.
    pub fn known(locale: &str) -> Option<Language> {
        let code = code_of(locale);
        Language::ALL.into_iter().find(|it| it.code() == code)
    }

    /// The language for a locale; English where its own is not among them.
    pub fn of(locale: &str) -> Language {
        Language::known(locale).unwrap_or(Language::English)
    }

    /// ISO 639-1, as in the `lang` attribute.
    pub const fn code(self) -> &'static str {
        match self {
            Language::Arabic => "ar",
            Language::Czech => "cs",
            Language::Danish => "da",
            Language::German => "de",
            Language::English => "en",
            Language::Spanish => "es",
            Language::Finnish => "fi",
            Language::French => "fr",
            Language::Hebrew => "he",
            Language::Italian => "it",
            Language::Japanese => "ja",
            Language::Norwegian => "nb",
            Language::Dutch => "nl",
            Language::Polish => "pl",
            Language::Portuguese => "pt",
            Language::Russian => "ru",
            Language::Swedish => "sv",
            Language::Turkish => "tr",
            Language::Chinese => "zh",
        }
    }

    /// The `dir` attribute.
    pub const fn direction(self) -> &'static str {
        match self {
            Language::Arabic | Language::Hebrew => "rtl",
            _ => "ltr",
        }
    }
}

/// The language part of a locale, in small letters and by its present code.
pub(crate) fn code_of(locale: &str) -> String {
    let language: String = locale.chars().take_while(char::is_ascii_alphabetic).collect();
    match language.to_ascii_lowercase().as_str() {
        // Norwegian of either kind is Bokmål, and Hebrew has an old code.
        "no" | "nn" => "nb".to_owned(),
        "iw" => "he".to_owned(),
        it => it.to_owned(),
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
            ("zh-Hant", "zh"),
            ("ja;q=0.9", "ja"),
            ("nld", "en"),
        ] {
            assert_eq!(Language::of(locale).code(), code, "{locale}");
        }
        assert_eq!(Language::known("ko_KR"), None);
    }

    #[test]
    fn each_code_names_its_language_and_they_are_in_order() {
        for language in Language::ALL {
            assert_eq!(Language::known(language.code()), Some(language));
        }
        assert!(Language::ALL.is_sorted_by_key(|it| it.code()));
    }

    #[test]
    fn two_languages_run_from_right_to_left() {
        let back: Vec<_> = Language::ALL.into_iter().filter(|it| it.direction() == "rtl").collect();
        assert_eq!(back, [Language::Arabic, Language::Hebrew]);
    }
}
