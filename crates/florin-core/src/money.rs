//! Money: whole minor units of a currency. Never a float, never an unchecked sum.
//!
//! Knows how amounts are written in major units (`12.34`); the currencies themselves, with
//! their codes and exponents, are in [`currency`]. Rounding is no concern of this module.

mod currency;

use std::fmt;

pub use currency::{CARD_CURRENCIES, Currency, UnknownCurrency};

/// The largest amount in minor units that a JSON reader in any language keeps exactly: 2^53 - 1.
pub const MINOR_MAX: i64 = (1 << 53) - 1;

/// The largest amount that one message to an acquirer can carry: twelve digits (ISO 8583, data
/// element 4), in minor units.
pub const MESSAGE_MINOR_MAX: i64 = 999_999_999_999;

/// An amount of one currency, in minor units (cents; whole yen). May be negative in books.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Money {
    /// Minor units: 1234 is 12.34 EUR, 1234 JPY, 1.234 KWD.
    pub minor: i64,
    /// What they are units of.
    pub currency: Currency,
}

/// Why two amounts have no sum.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MoneyError {
    /// There is no exchange rate here.
    DifferentCurrencies,
    /// The result leaves the signed 64-bit range.
    Overflow,
}

/// Why a text is no amount in major units.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MajorUnitsError {
    /// Not `[-]digits[.digits]`.
    NotADecimal,
    /// More decimals, other than zeros, than the currency has.
    TooManyDecimals,
    /// The number of minor units leaves the signed 64-bit range.
    TooLarge,
}

impl Money {
    /// `minor` units of `currency`.
    pub fn new(minor: i64, currency: Currency) -> Money {
        Money { minor, currency }
    }

    /// Nothing, in that currency.
    pub fn zero(currency: Currency) -> Money {
        Money { minor: 0, currency }
    }

    /// The sum of two amounts of one currency.
    pub fn plus(self, other: Money) -> Result<Money, MoneyError> {
        self.combine(other, i64::checked_add)
    }

    /// The difference of two amounts of one currency; may be negative.
    pub fn minus(self, other: Money) -> Result<Money, MoneyError> {
        self.combine(other, i64::checked_sub)
    }

    /// The same amount in the other direction, as books need it.
    pub fn negated(self) -> Result<Money, MoneyError> {
        let minor = self.minor.checked_neg().ok_or(MoneyError::Overflow)?;
        Ok(Money { minor, currency: self.currency })
    }

    /// Reads major units: `12.34` of EUR is 1234, `12` of JPY is 12. Zeros beyond the exponent
    /// are allowed (`12.340`), digits are not. No exponents, no separators, no plus sign.
    pub fn parse_major(text: &str, currency: Currency) -> Result<Money, MajorUnitsError> {
        let (negative, unsigned) = match text.strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, text),
        };
        let (whole, decimals) = match unsigned.split_once('.') {
            Some((whole, decimals)) if !decimals.is_empty() => (whole, decimals),
            Some(_) => return Err(MajorUnitsError::NotADecimal),
            None => (unsigned, ""),
        };
        let all_digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
        if whole.is_empty() || !all_digits(whole) || !all_digits(decimals) {
            return Err(MajorUnitsError::NotADecimal);
        }
        let exponent = usize::from(currency.exponent());
        let kept = decimals.get(..exponent).unwrap_or(decimals);
        if decimals.get(exponent..).is_some_and(|rest| rest.bytes().any(|byte| byte != b'0')) {
            return Err(MajorUnitsError::TooManyDecimals);
        }
        let padding = exponent.saturating_sub(kept.len());
        let mut minor: i64 = 0;
        for digit in whole.bytes().chain(kept.bytes()).chain(std::iter::repeat_n(b'0', padding)) {
            let digit = i64::from(digit.saturating_sub(b'0'));
            let digit = if negative { digit.saturating_neg() } else { digit };
            minor = minor
                .checked_mul(10)
                .and_then(|minor| minor.checked_add(digit))
                .ok_or(MajorUnitsError::TooLarge)?;
        }
        Ok(Money { minor, currency })
    }

    /// Major units with all decimals of the currency and no currency: `12.30`, `5`, `-0.05`.
    pub fn to_major(self) -> String {
        let exponent = usize::from(self.currency.exponent());
        let width = exponent.saturating_add(1);
        let digits = format!("{:0>width$}", self.minor.unsigned_abs());
        let sign = if self.minor < 0 { "-" } else { "" };
        let (whole, decimals) = digits.split_at(digits.len().saturating_sub(exponent));
        match decimals {
            "" => format!("{sign}{whole}"),
            _ => format!("{sign}{whole}.{decimals}"),
        }
    }

    /// Major units as the shortest decimal, the form of a JSON number: `12.3`, `5`, `-0.05`.
    pub fn to_major_shortest(self) -> String {
        let text = self.to_major();
        match text.contains('.') {
            true => text.trim_end_matches('0').trim_end_matches('.').to_owned(),
            false => text,
        }
    }

    fn combine(
        self,
        other: Money,
        operation: fn(i64, i64) -> Option<i64>,
    ) -> Result<Money, MoneyError> {
        if self.currency != other.currency {
            return Err(MoneyError::DifferentCurrencies);
        }
        let minor = operation(self.minor, other.minor).ok_or(MoneyError::Overflow)?;
        Ok(Money { minor, currency: self.currency })
    }
}

/// For people: `12.30 EUR`.
impl fmt::Display for Money {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.to_major(), self.currency)
    }
}

impl fmt::Display for MoneyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            MoneyError::DifferentCurrencies => "amounts of different currencies have no sum",
            MoneyError::Overflow => "the amount is too large",
        })
    }
}

impl std::error::Error for MoneyError {}

impl fmt::Display for MajorUnitsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            MajorUnitsError::NotADecimal => "not a decimal number",
            MajorUnitsError::TooManyDecimals => "more decimals than the currency has",
            MajorUnitsError::TooLarge => "the amount is too large",
        })
    }
}

impl std::error::Error for MajorUnitsError {}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn currency(code: &str) -> Currency {
        Currency::parse(code).unwrap()
    }

    #[test]
    fn major_units_have_the_decimals_of_their_currency() {
        for (minor, code, long, short) in [
            (4995, "EUR", "49.95", "49.95"),
            (4990, "EUR", "49.90", "49.9"),
            (5000, "EUR", "50.00", "50"),
            (60, "EUR", "0.60", "0.6"),
            (-5, "EUR", "-0.05", "-0.05"),
            (1500, "JPY", "1500", "1500"),
            (12345, "KWD", "12.345", "12.345"),
            (0, "EUR", "0.00", "0"),
            (i64::MIN, "EUR", "-92233720368547758.08", "-92233720368547758.08"),
        ] {
            let money = Money::new(minor, currency(code));
            assert_eq!(money.to_major(), long);
            assert_eq!(money.to_major_shortest(), short);
            assert_eq!(Money::parse_major(long, currency(code)), Ok(money));
            assert_eq!(Money::parse_major(short, currency(code)), Ok(money));
        }
    }

    #[test]
    fn what_is_no_decimal_is_no_amount() {
        for text in ["", "-", ".", "1.", ".5", "+1", "1e2", "1,5", " 1", "1 ", "--1", "1.2.3", "٣"]
        {
            let read = Money::parse_major(text, Currency::EUR);
            assert_eq!(read, Err(MajorUnitsError::NotADecimal), "{text:?}");
        }
        let read = |text, code| Money::parse_major(text, currency(code));
        assert_eq!(read("1.005", "EUR"), Err(MajorUnitsError::TooManyDecimals));
        assert_eq!(read("1.5", "JPY"), Err(MajorUnitsError::TooManyDecimals));
        assert_eq!(read("92233720368547758.08", "EUR"), Err(MajorUnitsError::TooLarge));
        assert_eq!(read("1.0500", "EUR"), Ok(Money::new(105, Currency::EUR)));
    }

    #[test]
    fn amounts_of_different_currencies_have_no_sum() {
        let (euro, dollar) = (Money::new(1, Currency::EUR), Money::new(1, currency("USD")));
        assert_eq!(euro.plus(dollar), Err(MoneyError::DifferentCurrencies));
        assert_eq!(euro.minus(dollar), Err(MoneyError::DifferentCurrencies));
    }

    proptest! {
        #[test]
        fn what_is_printed_is_read_back(minor: i64, index in 0..CARD_CURRENCIES.len()) {
            let money = Money::new(minor, currency(CARD_CURRENCIES[index]));
            prop_assert_eq!(Money::parse_major(&money.to_major(), money.currency), Ok(money));
            prop_assert_eq!(Money::parse_major(&money.to_major_shortest(), money.currency), Ok(money));
        }

        #[test]
        fn a_sum_is_exact_or_refused(left: i64, right: i64) {
            let (a, b) = (Money::new(left, Currency::EUR), Money::new(right, Currency::EUR));
            match a.plus(b) {
                Ok(sum) => prop_assert_eq!(i128::from(sum.minor), i128::from(left) + i128::from(right)),
                Err(error) => {
                    prop_assert_eq!(error, MoneyError::Overflow);
                    prop_assert!(i64::try_from(i128::from(left) + i128::from(right)).is_err());
                }
            }
            if let (Ok(sum), Ok(back)) = (a.plus(b), a.plus(b).and_then(|sum| sum.minus(b))) {
                prop_assert_eq!(back, a);
                prop_assert_eq!(sum.minus(a), Ok(b));
            }
        }

        #[test]
        fn any_text_is_read_or_refused(text in "\\PC{0,40}") {
            let _ = Money::parse_major(&text, Currency::EUR);
        }
    }
}
