//! Amounts as people of a language write them: `€1,234.50`, `1.234,50 €`, `1 234,50 zł`.
//!
//! Patterns, separators and symbols are CLDR's (`formats.rs`), with Latin digits everywhere: they
//! are what is printed on cards. Decimals come in and go out as texts; nothing is rounded here.

mod formats;

use crate::language::code_of;

use formats::{FORMATS, Format};

/// Between a symbol that ends in a letter and a digit, as CLDR asks (`currencySpacing`).
const SPACE: char = '\u{a0}';

/// An amount of one currency.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Amount<'a> {
    /// Letters of ISO 4217.
    pub currency: &'a str,
    /// Major units with all decimals of the currency: `12.30` of EUR, `5` of JPY, `-0.05`.
    pub major: &'a str,
}

/// An amount in the way of a locale (`nl_NL`, `nl-BE`, `nl`), English where it has no format.
pub fn amount(locale: &str, amount: Amount<'_>) -> String {
    let format = format_of(locale);
    let code = amount.currency;
    let symbol =
        format.symbols.iter().find(|(it, _)| *it == code).map_or(code, |(_, symbol)| symbol);
    let pattern = if amount.major.starts_with('-') { format.negative } else { format.positive };
    let number = number(format, amount.major);
    let (before, after) = pattern.split_once('#').expect("each pattern has a number");
    let mut text = before.replace('¤', symbol);
    if before.ends_with('¤') && symbol.ends_with(char::is_alphabetic) {
        text.push(SPACE);
    }
    text.push_str(&number);
    if after.starts_with('¤') && symbol.starts_with(char::is_alphabetic) {
        text.push(SPACE);
    }
    text.push_str(&after.replace('¤', symbol));
    text
}

/// A decimal such as `2`, `-1.5` or `0.0825` with the separators of a locale. What is no decimal
/// is left as it is.
pub fn decimal(locale: &str, text: &str) -> String {
    let plain = text.strip_prefix('-').unwrap_or(text);
    let is_decimal = plain.bytes().all(|it| it.is_ascii_digit() || it == b'.')
        && plain.bytes().filter(|it| *it == b'.').count() <= 1
        && plain.starts_with(|it: char| it.is_ascii_digit());
    if !is_decimal {
        return text.to_owned();
    }
    let number = number(format_of(locale), plain);
    if plain.len() < text.len() { format!("\u{2212}{number}") } else { number }
}

/// Groups the digits of a decimal, whose sign is dropped.
fn number(format: &Format, major: &str) -> String {
    let major = major.trim_start_matches('-');
    let (whole, fraction) = major.split_once('.').unwrap_or((major, ""));
    let mut text = String::new();
    let grouped = whole.len() >= 3 + usize::from(format.group_min);
    for (at, digit) in whole.chars().enumerate() {
        if grouped && at > 0 && (whole.len() - at).is_multiple_of(3) {
            text.push_str(format.group);
        }
        text.push(digit);
    }
    if !fraction.is_empty() {
        text.push_str(format.decimal);
        text.push_str(fraction);
    }
    text
}

/// The format of a language and region, else of the language, else of English.
fn format_of(locale: &str) -> &'static Format {
    let language = code_of(locale);
    let mut parts = locale.split(|it: char| !it.is_ascii_alphanumeric());
    let region = parts.nth(1).unwrap_or_default();
    let both = format!("{language}_{region}");
    let find = |tag: &str| FORMATS.iter().find(|it| it.tag.eq_ignore_ascii_case(tag));
    find(&both).or_else(|| find(&language)).or_else(|| find("en")).expect("English has a format")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Language;

    fn written(locale: &str, major: &str, currency: &str) -> String {
        amount(locale, Amount { currency, major })
    }

    /// Expected texts come from Babel's copy of CLDR, and where CLDR leaves four digits ungrouped
    /// from ICU4X.
    #[test]
    fn each_locale_writes_an_amount_its_own_way() {
        for (locale, expected) in [
            ("ar_SA", "\u{200f}1,234.50\u{a0}€"),
            ("cs_CZ", "1\u{a0}234,50\u{a0}€"),
            ("da_DK", "1.234,50\u{a0}€"),
            ("de_DE", "1.234,50\u{a0}€"),
            ("de_AT", "€\u{a0}1.234,50"),
            ("de_CH", "EUR\u{a0}1'234.50"),
            ("en_US", "€1,234.50"),
            ("es_ES", "1234,50\u{a0}€"),
            ("fi_FI", "1\u{a0}234,50\u{a0}€"),
            ("fr_FR", "1\u{202f}234,50\u{a0}€"),
            ("fr_BE", "1\u{202f}234,50\u{a0}€"),
            ("he_IL", "\u{200f}1,234.50\u{a0}\u{200f}€"),
            ("it_IT", "1234,50\u{a0}€"),
            ("ja_JP", "€1,234.50"),
            ("nb_NO", "1\u{a0}234,50\u{a0}€"),
            ("nl_NL", "€\u{a0}1.234,50"),
            ("nl_BE", "€\u{a0}1.234,50"),
            ("pl_PL", "1234,50\u{a0}€"),
            ("pt_BR", "€\u{a0}1.234,50"),
            ("pt_PT", "1234,50\u{a0}€"),
            ("ru_RU", "1\u{a0}234,50\u{a0}€"),
            ("sv_SE", "1\u{a0}234,50\u{a0}€"),
            ("tr_TR", "€1.234,50"),
            ("zh_CN", "€1,234.50"),
        ] {
            assert_eq!(written(locale, "1234.50", "EUR"), expected, "{locale}");
        }
    }

    #[test]
    fn currencies_have_the_symbols_and_decimals_of_the_locale() {
        for (locale, major, code, expected) in [
            ("ja_JP", "1500", "JPY", "￥1,500"),
            ("en_US", "1500", "JPY", "¥1,500"),
            ("en_US", "10.00", "USD", "$10.00"),
            ("nl_NL", "10.00", "USD", "US$\u{a0}10,00"),
            ("en_US", "10.00", "CHF", "CHF\u{a0}10.00"),
            ("pl_PL", "12345.67", "PLN", "12\u{a0}345,67\u{a0}zł"),
            ("sv_SE", "99.00", "SEK", "99,00\u{a0}kr"),
            ("tr_TR", "10.00", "TRY", "₺10,00"),
            ("en_GB", "1234567.89", "GBP", "£1,234,567.89"),
            ("en_US", "1234.567", "KWD", "KWD\u{a0}1,234.567"),
        ] {
            assert_eq!(written(locale, major, code), expected, "{locale} {code}");
        }
    }

    #[test]
    fn what_is_taken_off_has_the_sign_where_the_locale_puts_it() {
        for (locale, expected) in [
            ("en_US", "-€10.00"),
            ("nl_NL", "€\u{a0}-10,00"),
            ("de_CH", "EUR-10.00"),
            ("sv_SE", "\u{2212}10,00\u{a0}€"),
            ("da_DK", "-10,00\u{a0}€"),
        ] {
            assert_eq!(written(locale, "-10.00", "EUR"), expected, "{locale}");
        }
    }

    #[test]
    fn any_text_names_a_format() {
        for locale in ["", "_", "xx_YY", "de_DE_formal", "../..", "no-NO", "EN-gb", "日本"] {
            assert!(written(locale, "1.00", "EUR").contains('1'), "{locale}");
        }
        assert_eq!(written("no", "1.00", "NOK"), "1,00\u{a0}kr");
    }

    /// A page in a language that writes its amounts in the way of another would confuse.
    #[test]
    fn every_language_of_the_pages_has_a_format_and_every_format_a_language() {
        for language in Language::ALL {
            assert!(FORMATS.iter().any(|it| it.tag == language.code()), "{}", language.code());
        }
        for format in FORMATS {
            assert!(Language::known(format.tag).is_some(), "{}", format.tag);
        }
    }

    #[test]
    fn a_language_under_its_old_code_writes_amounts_as_under_its_present_one() {
        for (old, present) in [("iw_IL", "he_IL"), ("nn_NO", "nb_NO"), ("no", "nb")] {
            assert_eq!(written(old, "1.00", "NOK"), written(present, "1.00", "NOK"), "{old}");
        }
        assert_ne!(written("iw", "1.00", "NOK"), written("en", "1.00", "NOK"));
    }

    #[test]
    fn quantities_keep_their_digits() {
        assert_eq!(decimal("de", "1.5"), "1,5");
        assert_eq!(decimal("en", "1200"), "1,200");
        assert_eq!(decimal("nl", "-1"), "\u{2212}1");
        assert_eq!(decimal("nl", "2 boxes"), "2 boxes");
        assert_eq!(decimal("nl", "."), ".");
    }
}
