//! Currencies: ISO 4217 codes, numbers and exponents.
//!
//! Holds every currency of the list of 2026 that can be paid with, and three that left it but
//! that the API still names. No precious metals, no drawing rights, no test codes.

use std::fmt;

/// A currency. Two are equal when their codes are.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Currency {
    alpha: [u8; 3],
    numeric: u16,
    exponent: u8,
}

/// The code is in no row of the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UnknownCurrency;

/// The currencies that card payments can be asked for in, in the order of the alphabet. The API
/// lists them; three of them are [historic](Currency::is_historic) and no payment can be made.
pub const CARD_CURRENCIES: [&str; 39] = [
    "AED", "AUD", "BGN", "BRL", "CAD", "CHF", "CLP", "CNY", "COP", "CZK", "DKK", "EUR", "GBP",
    "HKD", "HRK", "HUF", "ILS", "INR", "ISK", "JPY", "KRW", "MXN", "MYR", "NOK", "NZD", "PEN",
    "PHP", "PLN", "RON", "RUB", "SEK", "SGD", "THB", "TRY", "TWD", "UAH", "USD", "VEF", "ZAR",
];

/// Codes that left ISO 4217: replaced by EUR (HRK 2023, BGN 2026) and VES (VEF 2018).
const HISTORIC: [&str; 3] = ["BGN", "HRK", "VEF"];

impl Currency {
    /// The euro, which limits and rules of the schemes are stated in.
    pub const EUR: Currency = row("EUR", 978, 2);

    /// Finds a currency by its three letters, in any case. Surrounding blanks are not allowed.
    pub fn parse(code: &str) -> Result<Currency, UnknownCurrency> {
        let alpha: [u8; 3] =
            code.to_ascii_uppercase().into_bytes().try_into().map_err(|_| UnknownCurrency)?;
        let found = TABLE.binary_search_by(|row| row.alpha.cmp(&alpha));
        found.ok().and_then(|index| TABLE.get(index)).copied().ok_or(UnknownCurrency)
    }

    /// Finds a currency by its number, as data element 49 of ISO 8583 carries it.
    pub fn from_numeric(numeric: u16) -> Result<Currency, UnknownCurrency> {
        TABLE.iter().find(|row| row.numeric == numeric).copied().ok_or(UnknownCurrency)
    }

    /// Three capital letters.
    pub fn code(&self) -> &str {
        std::str::from_utf8(&self.alpha).expect("every row of the table is ASCII")
    }

    /// The number.
    pub fn numeric(self) -> u16 {
        self.numeric
    }

    /// The number in three digits: `978`, `048`.
    pub fn numeric_text(self) -> String {
        format!("{:03}", self.numeric)
    }

    /// How many decimals the major unit has: 0 for JPY, 2 for EUR, 3 for KWD.
    pub fn exponent(self) -> u8 {
        self.exponent
    }

    /// True for a code that the API still accepts but that no new payment can be made in.
    pub fn is_historic(&self) -> bool {
        HISTORIC.contains(&self.code())
    }
}

/// The code, for people and messages.
impl fmt::Display for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

impl fmt::Debug for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

impl fmt::Display for UnknownCurrency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("not a currency code of ISO 4217")
    }
}

impl std::error::Error for UnknownCurrency {}

const fn row(code: &str, numeric: u16, exponent: u8) -> Currency {
    match code.as_bytes() {
        [a, b, c] => Currency { alpha: [*a, *b, *c], numeric, exponent },
        _ => panic!("a currency code has three letters"),
    }
}

/// Sorted by code, because it is searched by halving.
#[rustfmt::skip]
const TABLE: [Currency; 167] = [
    row("AED", 784, 2), row("AFN", 971, 2), row("ALL", 8, 2), row("AMD", 51, 2),
    row("AOA", 973, 2), row("ARS", 32, 2), row("AUD", 36, 2), row("AWG", 533, 2),
    row("AZN", 944, 2), row("BAM", 977, 2), row("BBD", 52, 2), row("BDT", 50, 2),
    row("BGN", 975, 2), row("BHD", 48, 3), row("BIF", 108, 0), row("BMD", 60, 2),
    row("BND", 96, 2), row("BOB", 68, 2), row("BOV", 984, 2), row("BRL", 986, 2),
    row("BSD", 44, 2), row("BTN", 64, 2), row("BWP", 72, 2), row("BYN", 933, 2),
    row("BZD", 84, 2), row("CAD", 124, 2), row("CDF", 976, 2), row("CHE", 947, 2),
    row("CHF", 756, 2), row("CHW", 948, 2), row("CLF", 990, 4), row("CLP", 152, 0),
    row("CNY", 156, 2), row("COP", 170, 2), row("COU", 970, 2), row("CRC", 188, 2),
    row("CUP", 192, 2), row("CVE", 132, 2), row("CZK", 203, 2), row("DJF", 262, 0),
    row("DKK", 208, 2), row("DOP", 214, 2), row("DZD", 12, 2), row("EGP", 818, 2),
    row("ERN", 232, 2), row("ETB", 230, 2), row("EUR", 978, 2), row("FJD", 242, 2),
    row("FKP", 238, 2), row("GBP", 826, 2), row("GEL", 981, 2), row("GHS", 936, 2),
    row("GIP", 292, 2), row("GMD", 270, 2), row("GNF", 324, 0), row("GTQ", 320, 2),
    row("GYD", 328, 2), row("HKD", 344, 2), row("HNL", 340, 2), row("HRK", 191, 2),
    row("HTG", 332, 2), row("HUF", 348, 2), row("IDR", 360, 2), row("ILS", 376, 2),
    row("INR", 356, 2), row("IQD", 368, 3), row("IRR", 364, 2), row("ISK", 352, 0),
    row("JMD", 388, 2), row("JOD", 400, 3), row("JPY", 392, 0), row("KES", 404, 2),
    row("KGS", 417, 2), row("KHR", 116, 2), row("KMF", 174, 0), row("KPW", 408, 2),
    row("KRW", 410, 0), row("KWD", 414, 3), row("KYD", 136, 2), row("KZT", 398, 2),
    row("LAK", 418, 2), row("LBP", 422, 2), row("LKR", 144, 2), row("LRD", 430, 2),
    row("LSL", 426, 2), row("LYD", 434, 3), row("MAD", 504, 2), row("MDL", 498, 2),
    row("MGA", 969, 2), row("MKD", 807, 2), row("MMK", 104, 2), row("MNT", 496, 2),
    row("MOP", 446, 2), row("MRU", 929, 2), row("MUR", 480, 2), row("MVR", 462, 2),
    row("MWK", 454, 2), row("MXN", 484, 2), row("MXV", 979, 2), row("MYR", 458, 2),
    row("MZN", 943, 2), row("NAD", 516, 2), row("NGN", 566, 2), row("NIO", 558, 2),
    row("NOK", 578, 2), row("NPR", 524, 2), row("NZD", 554, 2), row("OMR", 512, 3),
    row("PAB", 590, 2), row("PEN", 604, 2), row("PGK", 598, 2), row("PHP", 608, 2),
    row("PKR", 586, 2), row("PLN", 985, 2), row("PYG", 600, 0), row("QAR", 634, 2),
    row("RON", 946, 2), row("RSD", 941, 2), row("RUB", 643, 2), row("RWF", 646, 0),
    row("SAR", 682, 2), row("SBD", 90, 2), row("SCR", 690, 2), row("SDG", 938, 2),
    row("SEK", 752, 2), row("SGD", 702, 2), row("SHP", 654, 2), row("SLE", 925, 2),
    row("SOS", 706, 2), row("SRD", 968, 2), row("SSP", 728, 2), row("STN", 930, 2),
    row("SVC", 222, 2), row("SYP", 760, 2), row("SZL", 748, 2), row("THB", 764, 2),
    row("TJS", 972, 2), row("TMT", 934, 2), row("TND", 788, 3), row("TOP", 776, 2),
    row("TRY", 949, 2), row("TTD", 780, 2), row("TWD", 901, 2), row("TZS", 834, 2),
    row("UAH", 980, 2), row("UGX", 800, 0), row("USD", 840, 2), row("USN", 997, 2),
    row("UYI", 940, 0), row("UYU", 858, 2), row("UYW", 927, 4), row("UZS", 860, 2),
    row("VED", 926, 2), row("VEF", 937, 2), row("VES", 928, 2), row("VND", 704, 0),
    row("VUV", 548, 0), row("WST", 882, 2), row("XAF", 950, 0), row("XCD", 951, 2),
    row("XCG", 532, 2), row("XOF", 952, 0), row("XPF", 953, 0), row("YER", 886, 2),
    row("ZAR", 710, 2), row("ZMW", 967, 2), row("ZWG", 924, 2),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_sorted_and_its_numbers_are_unique() {
        assert!(TABLE.windows(2).all(|pair| pair[0].alpha < pair[1].alpha));
        for row in TABLE {
            assert_eq!(Currency::from_numeric(row.numeric), Ok(row));
            assert_eq!(Currency::parse(row.code()), Ok(row));
        }
    }

    #[test]
    fn exponents_are_those_of_iso_4217() {
        let with = |exponent| {
            TABLE
                .iter()
                .filter(|row| row.exponent == exponent)
                .map(Currency::code)
                .collect::<Vec<_>>()
        };
        let none = "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF";
        assert_eq!(with(0).join(" "), none);
        assert_eq!(with(3).join(" "), "BHD IQD JOD KWD LYD OMR TND");
        assert_eq!(with(4).join(" "), "CLF UYW");
        assert_eq!(with(2).len(), TABLE.len() - 17 - 7 - 2);
    }

    #[test]
    fn every_card_currency_is_known_and_three_are_historic() {
        let read = CARD_CURRENCIES.map(|code| Currency::parse(code).unwrap());
        let historic: Vec<_> = read.iter().filter(|row| row.is_historic()).collect();
        assert_eq!(format!("{historic:?}"), "[BGN, HRK, VEF]");
    }

    #[test]
    fn a_code_is_read_in_any_case_and_nothing_else_is() {
        assert_eq!(Currency::parse("eUr"), Ok(Currency::EUR));
        assert_eq!(Currency::parse("bhd").unwrap().numeric_text(), "048");
        for code in ["", "EU", "EURO", "FOOBAR", "XXX", "XAU", "€", " EUR", "978"] {
            assert_eq!(Currency::parse(code), Err(UnknownCurrency), "{code:?}");
        }
    }
}
