//! Elements that are made of parts: acceptor (43), amounts (54, 95), original data (90).
//!
//! Built as text for [`Message::set`](super::Message::set), read back into parts.

use super::mti::Mti;
pub use super::transliterate::transliterate;

const ACCEPTOR_NAME_MAX: usize = 25;
const ACCEPTOR_CITY_MAX: usize = 13;
/// Largest amount of an `n 12` element, in minor units.
pub const AMOUNT_MAX: u64 = 999_999_999_999;
/// Fees are not used: no amount, credit.
const NO_FEE: &str = "C00000000";

/// Element 43: name 25, city 13, country alpha-2; upper-case ASCII, space filled.
pub fn acceptor(name: &str, city: &str, country: &str) -> String {
    let part = |text: &str, max: usize| {
        let upper = transliterate(text).to_ascii_uppercase();
        let cut: String = upper.chars().take(max).collect();
        format!("{cut:max$}")
    };
    let mut text = part(name, ACCEPTOR_NAME_MAX);
    text.push_str(&part(city, ACCEPTOR_CITY_MAX));
    text.push_str(&part(country, 2));
    text
}

/// An amount of twelve digits; `None` above [`AMOUNT_MAX`].
pub fn amount(minor: u64) -> Option<String> {
    (minor <= AMOUNT_MAX).then(|| format!("{minor:012}"))
}

/// Element 90: what a completion or a reversal refers to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OriginalData {
    /// Type of the original.
    pub mti: Mti,
    /// Its element 11, six digits.
    pub stan: String,
    /// Its element 7, MMDDhhmmss UTC.
    pub transmitted_at: String,
    /// Its element 32, at most eleven digits.
    pub acquirer_id: String,
    /// Its element 33, if it had one.
    pub forwarding_id: Option<String>,
}

impl OriginalData {
    /// The 42 digits of the element.
    pub fn to_element(&self) -> String {
        let forwarding = self.forwarding_id.as_deref().unwrap_or_default();
        format!(
            "{}{:0>6}{:0>10}{:0>11}{forwarding:0>11}",
            self.mti, self.stan, self.transmitted_at, self.acquirer_id
        )
    }

    /// Reads the element; `None` when it is not 42 digits or names no type of the profile. Zeros
    /// that fill institution ids are dropped, and a forwarding id of zeros is none.
    pub fn parse(element: &str) -> Option<OriginalData> {
        if element.len() != 42 || !element.bytes().all(|b| b.is_ascii_digit()) {
            return None;
        }
        let forwarding = element[31..].trim_start_matches('0');
        Some(OriginalData {
            mti: Mti::parse(&element[..4]).ok()?,
            stan: element[4..10].to_owned(),
            transmitted_at: element[10..20].to_owned(),
            acquirer_id: element[20..31].trim_start_matches('0').to_owned(),
            forwarding_id: (!forwarding.is_empty()).then(|| forwarding.to_owned()),
        })
    }
}

/// Element 95 of a partial reversal: the amount that remains, no fees. `None` above
/// [`AMOUNT_MAX`].
pub fn replacement_amounts(remaining_minor: u64) -> Option<String> {
    Some(format!("{}{:012}{NO_FEE}{NO_FEE}", amount(remaining_minor)?, 0))
}

/// The amount that remains, of an element 95.
pub fn remaining_amount(replacement_amounts: &str) -> Option<u64> {
    if replacement_amounts.len() != 42 {
        return None;
    }
    digits(replacement_amounts.get(..12)?)
}

/// Element 54 of an answer with 10: the amount that was asked for, as amount type 57.
pub fn requested_amount(currency_numeric: &str, minor: u64) -> Option<String> {
    Some(format!("0057{currency_numeric:0>3}C{}", amount(minor)?))
}

/// The requested amount (currency, minor units) among the amounts of an element 54.
pub fn parse_requested_amount(additional_amounts: &str) -> Option<(&str, u64)> {
    let mut rest = additional_amounts;
    while let Some((one, tail)) = rest.split_at_checked(20) {
        if one.get(2..4)? == "57" && one.get(7..8)? == "C" {
            return Some((one.get(4..7)?, digits(one.get(8..)?)?));
        }
        rest = tail;
    }
    None
}

fn digits(text: &str) -> Option<u64> {
    if !text.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    text.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_acceptor_is_upper_case_ascii_cut_and_filled() {
        let text = acceptor("Florin Test Shop", "Amsterdam", "NL");
        assert_eq!(text, "FLORIN TEST SHOP         AMSTERDAM    NL");
        let text = acceptor("Bäckerei Müßiggang & Söhne GmbH", "Łódź", "pl");
        assert_eq!(text, "BAECKEREI MUESSIGGANG & SLODZ         PL");
        assert_eq!(acceptor("", "", "").len(), 40);
    }

    #[test]
    fn original_data_reads_back() {
        let element = "010000010211221407220000099900100000000000";
        let original = OriginalData::parse(element).unwrap();
        assert_eq!(original.mti, Mti::AUTHORIZATION_REQUEST);
        assert_eq!(original.stan, "000102");
        assert_eq!(original.transmitted_at, "1122140722");
        assert_eq!(original.acquirer_id, "999001");
        assert_eq!(original.forwarding_id, None);
        assert_eq!(original.to_element(), element);
        let with_forwarding = OriginalData { forwarding_id: Some("77".into()), ..original };
        assert_eq!(OriginalData::parse(&with_forwarding.to_element()), Some(with_forwarding));
        assert_eq!(OriginalData::parse("01000001"), None);
        assert_eq!(OriginalData::parse(&element.replacen("0100", "0101", 1)), None);
    }

    #[test]
    fn amounts_are_twelve_digits_and_no_more() {
        assert_eq!(amount(4995).as_deref(), Some("000000004995"));
        assert_eq!(amount(AMOUNT_MAX + 1), None);
        let element = replacement_amounts(6000).unwrap();
        assert_eq!(element, "000000006000000000000000C00000000C00000000");
        assert_eq!(remaining_amount(&element), Some(6000));
        assert_eq!(remaining_amount("1"), None);
        let element = requested_amount("978", 5000).unwrap();
        assert_eq!(element, "0057978C000000005000");
        assert_eq!(parse_requested_amount(&element), Some(("978", 5000)));
        assert_eq!(parse_requested_amount("0040978C000000005000"), None);
    }
}
