//! The month in which a card ends.
//!
//! `YYMM` everywhere, as the API, ISO 8583 (data element 14) and EMV 3DS write it. A text in the
//! order of the print on the card (`MMYY`) is refused where it can be told, never swapped.

use std::fmt;

/// A card that ends later than this many years from now has a mistyped date.
pub const EXPIRY_YEARS_MAX: u16 = 20;

const MS_PER_HOUR: i64 = 3_600_000;
const HOURS_PER_DAY: i64 = 24;
/// The place on Earth where a month ends last is twelve hours behind UTC.
const LAST_ZONE_HOURS: i64 = 12;

/// The last month in which a card is good.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Expiry {
    year: u16,
    month: u16,
}

/// The text is not `YYMM`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InvalidExpiry;

/// Why a well-formed date is refused before the issuer is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ExpiryFault {
    /// The month has ended everywhere.
    Past,
    /// More than [`EXPIRY_YEARS_MAX`] years ahead.
    TooFarAhead,
}

impl Expiry {
    /// Reads `YYMM`; the century is 20.
    pub fn parse(text: &str) -> Result<Expiry, InvalidExpiry> {
        let digits = match text.trim().as_bytes() {
            digits @ [_, _, _, _] if digits.iter().all(u8::is_ascii_digit) => digits,
            _ => return Err(InvalidExpiry),
        };
        let number = |pair: &[u8]| {
            pair.iter().fold(0u16, |number, digit| {
                number.saturating_mul(10).saturating_add(u16::from(digit.saturating_sub(b'0')))
            })
        };
        let (year, month) = digits.split_at(2);
        let (year, month) = (number(year).saturating_add(2000), number(month));
        match month {
            1..=12 => Ok(Expiry { year, month }),
            _ => Err(InvalidExpiry),
        }
    }

    /// `YYMM`.
    pub fn yymm(self) -> String {
        format!("{:02}{:02}", self.year % 100, self.month)
    }

    /// Four digits.
    pub fn year(self) -> u16 {
        self.year
    }

    /// 1 to 12.
    pub fn month(self) -> u16 {
        self.month
    }

    /// Whether a card with this date can be good at `now`, in milliseconds since 1970 UTC. It is
    /// good through the last day of the month wherever the payer is; the issuer judges the rest.
    pub fn check(self, now: i64) -> Result<(), ExpiryFault> {
        let there = now.saturating_sub(LAST_ZONE_HOURS.saturating_mul(MS_PER_HOUR));
        let (year, month) = year_and_month(there);
        let mine = (i64::from(self.year), i64::from(self.month));
        if mine < (year, month) {
            return Err(ExpiryFault::Past);
        }
        if mine > (year.saturating_add(i64::from(EXPIRY_YEARS_MAX)), month) {
            return Err(ExpiryFault::TooFarAhead);
        }
        Ok(())
    }
}

/// Cardholder data when it stands beside the number, so not for logs.
impl fmt::Debug for Expiry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Expiry(****)")
    }
}

impl fmt::Display for InvalidExpiry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an expiry date is four digits, year before month")
    }
}

impl std::error::Error for InvalidExpiry {}

impl fmt::Display for ExpiryFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            ExpiryFault::Past => "the card has expired",
            ExpiryFault::TooFarAhead => "the expiry date is too far ahead",
        })
    }
}

impl std::error::Error for ExpiryFault {}

/// The Gregorian year and month of an instant. Counts in years that begin in March, so that the
/// day that leap years add is the last of its year, and in eras of 400 years, which all have
/// equally many days.
fn year_and_month(unix_ms: i64) -> (i64, i64) {
    const DAYS_PER_ERA: i64 = 146_097;
    /// From 0000-03-01 to 1970-01-01.
    const DAYS_BEFORE_1970: i64 = 719_468;
    let days = unix_ms.div_euclid(MS_PER_HOUR.saturating_mul(HOURS_PER_DAY));
    let days = days.saturating_add(DAYS_BEFORE_1970);
    let era = days.div_euclid(DAYS_PER_ERA);
    let day = days.rem_euclid(DAYS_PER_ERA);
    let leap_days = (day / 1_460).saturating_sub(day / 36_524).saturating_add(day / 146_096);
    let year_of_era = day.saturating_sub(leap_days) / 365;
    let before = year_of_era.saturating_mul(365).saturating_add(year_of_era / 4);
    let day_of_year = day.saturating_sub(before.saturating_sub(year_of_era / 100));
    // Five months from March on have 153 days, again and again.
    let month_from_march = day_of_year.saturating_mul(5).saturating_add(2) / 153;
    let year = era.saturating_mul(400).saturating_add(year_of_era);
    match month_from_march {
        0..=9 => (year, month_from_march.saturating_add(3)),
        _ => (year.saturating_add(1), month_from_march.saturating_sub(9)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 2026-01-01T00:00:00 UTC.
    const NEW_YEAR_2026: i64 = 1_767_225_600_000;

    #[test]
    fn a_date_is_year_before_month() {
        let read = |text| Expiry::parse(text).map(|it| (it.year(), it.month(), it.yymm()));
        assert_eq!(read("2512"), Ok((2025, 12, "2512".to_owned())));
        assert_eq!(read(" 0501 "), Ok((2005, 1, "0501".to_owned())));
        for text in ["", "251", "25121", "1225", "2500", "2513", "12/5", "+512", "٢٥١٢"] {
            assert_eq!(Expiry::parse(text), Err(InvalidExpiry), "{text:?}");
        }
    }

    #[test]
    fn a_card_is_good_until_its_month_has_ended_everywhere() {
        let check = |text, now| Expiry::parse(text).unwrap().check(now);
        let twelve_hours = 12 * MS_PER_HOUR;
        assert_eq!(check("2512", NEW_YEAR_2026), Ok(()));
        assert_eq!(check("2512", NEW_YEAR_2026 + twelve_hours - 1), Ok(()));
        assert_eq!(check("2512", NEW_YEAR_2026 + twelve_hours), Err(ExpiryFault::Past));
        assert_eq!(check("2601", NEW_YEAR_2026 + twelve_hours), Ok(()));
    }

    #[test]
    fn a_card_lasts_at_most_twenty_years() {
        let check = |text| Expiry::parse(text).unwrap().check(NEW_YEAR_2026 + 12 * MS_PER_HOUR);
        assert_eq!(check("4601"), Ok(()));
        assert_eq!(check("4602"), Err(ExpiryFault::TooFarAhead));
    }

    #[test]
    fn months_are_those_of_the_gregorian_calendar() {
        // Walks all days of 400 years against a plain calendar.
        let (mut year, mut month, mut day) = (1970, 1, 1);
        for days in 0..146_097i64 {
            assert_eq!(year_and_month(days * 86_400_000), (year, month), "day {days}");
            assert_eq!(year_and_month(days * 86_400_000 + 86_399_999), (year, month));
            let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
            let length = match month {
                2 if leap => 29,
                2 => 28,
                4 | 6 | 9 | 11 => 30,
                _ => 31,
            };
            day += 1;
            if day > length {
                (month, day) = (month + 1, 1);
            }
            if month > 12 {
                (year, month) = (year + 1, 1);
            }
        }
        assert_eq!((year, month, day), (2370, 1, 1));
        assert_eq!(year_and_month(-1), (1969, 12));
    }
}
