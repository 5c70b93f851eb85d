//! Amounts of the gateway as payers read them.

use florin_core::money::Money;
use florin_locale::Amount;

/// An amount in the way of a locale (`nl_NL`, `nl-BE`, `nl`), English where it is not known.
pub fn amount(locale: &str, money: Money) -> String {
    let major = money.to_major();
    florin_locale::amount(locale, Amount { currency: money.currency.code(), major: &major })
}

#[cfg(test)]
mod tests {
    use florin_core::money::Currency;

    use super::*;

    #[test]
    fn an_amount_has_the_decimals_of_its_currency() {
        for (minor, code, expected) in [
            (123_450, "EUR", "€\u{a0}1.234,50"),
            (5, "EUR", "€\u{a0}0,05"),
            (-1000, "EUR", "€\u{a0}-10,00"),
            (1500, "JPY", "JP¥\u{a0}1.500"),
            (1_234_567, "KWD", "KWD\u{a0}1.234,567"),
        ] {
            let money = Money::new(minor, Currency::parse(code).unwrap());
            assert_eq!(amount("nl_NL", money), expected, "{code}");
        }
    }
}
