//! Amounts as people of a language write them: `€1,234.50`, `1.234,50 €`, `1 234,50 zł`.
//!
//! Patterns, separators and symbols are CLDR's (`formats.rs`), with Latin digits everywhere: they
//! are what is printed on cards. Amounts stay whole minor units; nothing is rounded here.

mod formats;

use florin_core::money::Money;

use formats::{FORMATS, Format};

/// Between a symbol that ends in a letter and a digit, as CLDR asks (`currencySpacing`).
const SPACE: char = '\u{a0}';

/// An amount in the way of a locale (`nl_NL`, `nl-BE`, `nl`), English where it has no format.
pub fn amount(locale: &str, money: Money) -> String {
    let format = format_of(locale);
    let code = money.currency.code();
    let symbol =
        format.symbols.iter().find(|(it, _)| *it == code).map_or(code, |(_, symbol)| symbol);
    let pattern = if money.minor < 0 { format.negative } else { format.positive };
    let number = number(format, &money.to_major());
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
pub(super) fn decimal(locale: &str, text: &str) -> String {
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
    let mut parts = locale.split(|it: char| !it.is_ascii_alphanumeric());
    let language = match parts.next().unwrap_or_default() {
        // Norwegian without a kind of Norwegian is Bokmål; Nynorsk writes amounts alike.
        it if it.eq_ignore_ascii_case("no") || it.eq_ignore_ascii_case("nn") => "nb",
        it => it,
    };
    let region = parts.next().unwrap_or_default();
    let both = format!("{language}_{region}");
    let find = |tag: &str| FORMATS.iter().find(|it| it.tag.eq_ignore_ascii_case(tag));
    find(&both).or_else(|| find(language)).or_else(|| find("en")).expect("English has a format")
}

#[cfg(test)]
mod tests {
    use florin_core::money::Currency;

    use super::*;

    fn money(minor: i64, code: &str) -> Money {
        Money::new(minor, Currency::parse(code).unwrap())
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
            assert_eq!(amount(locale, money(123_450, "EUR")), expected, "{locale}");
        }
    }

    #[test]
    fn currencies_have_the_symbols_and_decimals_of_the_locale() {
        for (locale, minor, code, expected) in [
            ("ja_JP", 1500, "JPY", "￥1,500"),
            ("en_US", 1500, "JPY", "¥1,500"),
            ("en_US", 1000, "USD", "$10.00"),
            ("nl_NL", 1000, "USD", "US$\u{a0}10,00"),
            ("en_US", 1000, "CHF", "CHF\u{a0}10.00"),
            ("pl_PL", 1_234_567, "PLN", "12\u{a0}345,67\u{a0}zł"),
            ("sv_SE", 9900, "SEK", "99,00\u{a0}kr"),
            ("tr_TR", 1000, "TRY", "₺10,00"),
            ("en_GB", 123_456_789, "GBP", "£1,234,567.89"),
            ("en_US", 1_234_567, "KWD", "KWD\u{a0}1,234.567"),
        ] {
            assert_eq!(amount(locale, money(minor, code)), expected, "{locale} {code}");
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
            assert_eq!(amount(locale, money(-1000, "EUR")), expected, "{locale}");
        }
    }

    #[test]
    fn any_text_names_a_format() {
        for locale in ["", "_", "xx_YY", "de_DE_formal", "../..", "no-NO", "EN-gb", "日本"] {
            assert!(amount(locale, money(100, "EUR")).contains('1'), "{locale}");
        }
        assert_eq!(amount("no", money(100, "NOK")), "1,00\u{a0}kr");
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
