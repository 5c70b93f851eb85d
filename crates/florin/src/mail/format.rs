//! Amounts and days as people of a language write them, by the patterns of CLDR.

use florin_core::money::Money;
use florin_locale::Amount;
use jiff::tz::TimeZone;

use super::kind::Language;
use crate::clock::UnixMillis;

/// An amount with its currency: `€ 1.234,50`, `€1,234.50`, `1 234,50 €`.
pub fn amount(money: Money, language: Language) -> String {
    let major = money.to_major();
    let amount = Amount { currency: money.currency.code(), major: &major };
    florin_locale::amount(language.code(), amount)
}

/// A day in words: `26 november 2026`. A zone that does not exist is UTC.
pub fn day(at: UnixMillis, time_zone: &str, language: Language) -> String {
    let zone = TimeZone::get(time_zone).unwrap_or(TimeZone::UTC);
    let earliest = jiff::Timestamp::MIN.as_second();
    let latest = jiff::Timestamp::MAX.as_second();
    let instant = jiff::Timestamp::from_second(at.div_euclid(1000).clamp(earliest, latest))
        .expect("a number of seconds within the bounds is an instant");
    let date = instant.to_zoned(zone).date();
    let index = usize::try_from(date.month()).unwrap_or(1).saturating_sub(1);
    let (day, month, year) = (date.day(), months(language)[index], date.year());
    match language {
        Language::En | Language::Nl | Language::It => format!("{day} {month} {year}"),
        Language::Fr if day == 1 => format!("1er {month} {year}"),
        Language::Fr => format!("{day} {month} {year}"),
        Language::De => format!("{day}. {month} {year}"),
        Language::Es => format!("{day} de {month} de {year}"),
    }
}

fn months(language: Language) -> [&'static str; 12] {
    match language {
        Language::En => [
            "January",
            "February",
            "March",
            "April",
            "May",
            "June",
            "July",
            "August",
            "September",
            "October",
            "November",
            "December",
        ],
        Language::Nl => [
            "januari",
            "februari",
            "maart",
            "april",
            "mei",
            "juni",
            "juli",
            "augustus",
            "september",
            "oktober",
            "november",
            "december",
        ],
        Language::De => [
            "Januar",
            "Februar",
            "März",
            "April",
            "Mai",
            "Juni",
            "Juli",
            "August",
            "September",
            "Oktober",
            "November",
            "Dezember",
        ],
        Language::Fr => [
            "janvier",
            "février",
            "mars",
            "avril",
            "mai",
            "juin",
            "juillet",
            "août",
            "septembre",
            "octobre",
            "novembre",
            "décembre",
        ],
        Language::Es => [
            "enero",
            "febrero",
            "marzo",
            "abril",
            "mayo",
            "junio",
            "julio",
            "agosto",
            "septiembre",
            "octubre",
            "noviembre",
            "diciembre",
        ],
        Language::It => [
            "gennaio",
            "febbraio",
            "marzo",
            "aprile",
            "maggio",
            "giugno",
            "luglio",
            "agosto",
            "settembre",
            "ottobre",
            "novembre",
            "dicembre",
        ],
    }
}

#[cfg(test)]
mod tests {
    use florin_core::money::Currency;

    use super::*;

    #[test]
    fn amounts_are_written_as_the_language_does() {
        let money = |minor, code| Money::new(minor, Currency::parse(code).unwrap());
        for (language, minor, code, expected) in [
            (Language::En, 123_450, "EUR", "€1,234.50"),
            (Language::Nl, 123_450, "EUR", "€\u{a0}1.234,50"),
            (Language::De, 123_450, "EUR", "1.234,50\u{a0}€"),
            (Language::Fr, 123_450, "EUR", "1\u{202f}234,50\u{a0}€"),
            (Language::Es, 123_450, "EUR", "1234,50\u{a0}€"),
            (Language::Es, 1_234_550, "EUR", "12.345,50\u{a0}€"),
            (Language::It, 5, "GBP", "0,05\u{a0}£"),
            (Language::En, 1500, "JPY", "¥1,500"),
            (Language::Nl, 1_234_567_899, "USD", "US$\u{a0}12.345.678,99"),
            (Language::De, -1250, "EUR", "-12,50\u{a0}€"),
        ] {
            assert_eq!(amount(money(minor, code), language), expected);
        }
    }

    #[test]
    fn a_day_is_that_of_the_shop() {
        // 31 December 2026, 23:30 UTC.
        let at = 1_798_759_800_000;
        assert_eq!(day(at, "UTC", Language::En), "31 December 2026");
        assert_eq!(day(at, "Europe/Amsterdam", Language::Fr), "1er janvier 2027");
        assert_eq!(day(at, "Nowhere/Else", Language::Es), "31 de diciembre de 2026");
        assert_eq!(day(at, "UTC", Language::De), "31. Dezember 2026");
        assert!(!day(i64::MAX, "UTC", Language::It).is_empty());
    }
}
