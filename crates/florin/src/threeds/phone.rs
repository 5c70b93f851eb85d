//! Telephone numbers as people write them, split into calling code and subscriber number.
//!
//! Calling codes: ITU-T E.164 and its list of assigned codes. A number that cannot be split with
//! certainty is left out: the standard has no place for a guess.

use emv3ds::Phone;

/// Calling codes and the countries (ISO 3166-1 alpha-2) that share them.
const CALLING_CODES: [(&str, &str); 214] = [
    ("1", "US CA AG AI AS BB BM BS DM DO GD GU JM KN KY LC MP MS PR SX TC TT VC VG VI"),
    ("7", "RU KZ"),
    ("20", "EG"),
    ("27", "ZA"),
    ("30", "GR"),
    ("31", "NL"),
    ("32", "BE"),
    ("33", "FR"),
    ("34", "ES"),
    ("36", "HU"),
    ("39", "IT VA"),
    ("40", "RO"),
    ("41", "CH"),
    ("43", "AT"),
    ("44", "GB GG IM JE"),
    ("45", "DK"),
    ("46", "SE"),
    ("47", "NO SJ"),
    ("48", "PL"),
    ("49", "DE"),
    ("51", "PE"),
    ("52", "MX"),
    ("53", "CU"),
    ("54", "AR"),
    ("55", "BR"),
    ("56", "CL"),
    ("57", "CO"),
    ("58", "VE"),
    ("60", "MY"),
    ("61", "AU CC CX"),
    ("62", "ID"),
    ("63", "PH"),
    ("64", "NZ PN"),
    ("65", "SG"),
    ("66", "TH"),
    ("81", "JP"),
    ("82", "KR"),
    ("84", "VN"),
    ("86", "CN"),
    ("90", "TR"),
    ("91", "IN"),
    ("92", "PK"),
    ("93", "AF"),
    ("94", "LK"),
    ("95", "MM"),
    ("98", "IR"),
    ("211", "SS"),
    ("212", "MA EH"),
    ("213", "DZ"),
    ("216", "TN"),
    ("218", "LY"),
    ("220", "GM"),
    ("221", "SN"),
    ("222", "MR"),
    ("223", "ML"),
    ("224", "GN"),
    ("225", "CI"),
    ("226", "BF"),
    ("227", "NE"),
    ("228", "TG"),
    ("229", "BJ"),
    ("230", "MU"),
    ("231", "LR"),
    ("232", "SL"),
    ("233", "GH"),
    ("234", "NG"),
    ("235", "TD"),
    ("236", "CF"),
    ("237", "CM"),
    ("238", "CV"),
    ("239", "ST"),
    ("240", "GQ"),
    ("241", "GA"),
    ("242", "CG"),
    ("243", "CD"),
    ("244", "AO"),
    ("245", "GW"),
    ("246", "IO"),
    ("248", "SC"),
    ("249", "SD"),
    ("250", "RW"),
    ("251", "ET"),
    ("252", "SO"),
    ("253", "DJ"),
    ("254", "KE"),
    ("255", "TZ"),
    ("256", "UG"),
    ("257", "BI"),
    ("258", "MZ"),
    ("260", "ZM"),
    ("261", "MG"),
    ("262", "RE YT TF"),
    ("263", "ZW"),
    ("264", "NA"),
    ("265", "MW"),
    ("266", "LS"),
    ("267", "BW"),
    ("268", "SZ"),
    ("269", "KM"),
    ("290", "SH"),
    ("291", "ER"),
    ("297", "AW"),
    ("298", "FO"),
    ("299", "GL"),
    ("350", "GI"),
    ("351", "PT"),
    ("352", "LU"),
    ("353", "IE"),
    ("354", "IS"),
    ("355", "AL"),
    ("356", "MT"),
    ("357", "CY"),
    ("358", "FI AX"),
    ("359", "BG"),
    ("370", "LT"),
    ("371", "LV"),
    ("372", "EE"),
    ("373", "MD"),
    ("374", "AM"),
    ("375", "BY"),
    ("376", "AD"),
    ("377", "MC"),
    ("378", "SM"),
    ("380", "UA"),
    ("381", "RS"),
    ("382", "ME"),
    ("383", "XK"),
    ("385", "HR"),
    ("386", "SI"),
    ("387", "BA"),
    ("389", "MK"),
    ("420", "CZ"),
    ("421", "SK"),
    ("423", "LI"),
    ("500", "FK GS"),
    ("501", "BZ"),
    ("502", "GT"),
    ("503", "SV"),
    ("504", "HN"),
    ("505", "NI"),
    ("506", "CR"),
    ("507", "PA"),
    ("508", "PM"),
    ("509", "HT"),
    ("590", "GP BL MF"),
    ("591", "BO"),
    ("592", "GY"),
    ("593", "EC"),
    ("594", "GF"),
    ("595", "PY"),
    ("596", "MQ"),
    ("597", "SR"),
    ("598", "UY"),
    ("599", "CW BQ"),
    ("670", "TL"),
    ("672", "NF AQ"),
    ("673", "BN"),
    ("674", "NR"),
    ("675", "PG"),
    ("676", "TO"),
    ("677", "SB"),
    ("678", "VU"),
    ("679", "FJ"),
    ("680", "PW"),
    ("681", "WF"),
    ("682", "CK"),
    ("683", "NU"),
    ("685", "WS"),
    ("686", "KI"),
    ("687", "NC"),
    ("688", "TV"),
    ("689", "PF"),
    ("690", "TK"),
    ("691", "FM"),
    ("692", "MH"),
    ("800", ""),
    ("808", ""),
    ("850", "KP"),
    ("852", "HK"),
    ("853", "MO"),
    ("855", "KH"),
    ("856", "LA"),
    ("870", ""),
    ("878", ""),
    ("880", "BD"),
    ("881", ""),
    ("882", ""),
    ("883", ""),
    ("886", "TW"),
    ("888", ""),
    ("960", "MV"),
    ("961", "LB"),
    ("962", "JO"),
    ("963", "SY"),
    ("964", "IQ"),
    ("965", "KW"),
    ("966", "SA"),
    ("967", "YE"),
    ("968", "OM"),
    ("970", "PS"),
    ("971", "AE"),
    ("972", "IL"),
    ("973", "BH"),
    ("974", "QA"),
    ("975", "BT"),
    ("976", "MN"),
    ("977", "NP"),
    ("979", ""),
    ("992", "TJ"),
    ("993", "TM"),
    ("994", "AZ"),
    ("995", "GE"),
    ("996", "KG"),
    ("998", "UZ"),
];

/// Digits of a whole number, calling code included (E.164).
const DIGITS_MAX: usize = 15;
const SUBSCRIBER_DIGITS_MIN: usize = 4;
const SUBSCRIBER_DIGITS_MAX: usize = 12;

/// Splits `text`. A national number needs the payer's `country` (alpha-2).
pub(crate) fn split(text: &str, country: Option<&str>) -> Option<Phone> {
    // "+44 (0)20 …" is a common way to write both forms at once.
    let text = text.trim().replace("(0)", "");
    let international = text.starts_with('+');
    if text.chars().any(|c| !c.is_ascii_digit() && !"+ -./()\u{a0}".contains(c)) {
        return None;
    }
    let digits: String = text.chars().filter(char::is_ascii_digit).collect();
    let international_digits =
        if international { Some(digits.as_str()) } else { digits.strip_prefix("00") };
    let (code, subscriber) = match international_digits {
        Some(digits) => {
            // Calling codes are prefix-free, so that the first match is the only one.
            let (code, _) = CALLING_CODES.iter().find(|(code, _)| digits.starts_with(code))?;
            (*code, &digits[code.len()..])
        }
        None => {
            let code = calling_code(country?)?;
            (code, without_trunk_prefix(code, &digits))
        }
    };
    let fits = (SUBSCRIBER_DIGITS_MIN..=SUBSCRIBER_DIGITS_MAX).contains(&subscriber.len())
        && code.len() + subscriber.len() <= DIGITS_MAX;
    fits.then(|| Phone { cc: code.to_owned(), subscriber: subscriber.to_owned() })
}

fn calling_code(country: &str) -> Option<&'static str> {
    let country = country.trim().to_ascii_uppercase();
    let shares =
        |countries: &str| !country.is_empty() && countries.split(' ').any(|it| it == country);
    CALLING_CODES.iter().find(|(_, countries)| shares(countries)).map(|(code, _)| *code)
}

/// The digit that is only dialled within the country.
fn without_trunk_prefix<'a>(code: &str, digits: &'a str) -> &'a str {
    match code {
        // Italian numbers keep their zero abroad; these countries dial none.
        "39" | "378" | "34" | "45" | "47" | "48" | "351" | "420" => digits,
        "1" if digits.len() == 11 => digits.strip_prefix('1').unwrap_or(digits),
        "7" if digits.len() == 11 => digits.strip_prefix('8').unwrap_or(digits),
        "36" => digits.strip_prefix("06").unwrap_or(digits),
        _ => digits.strip_prefix('0').unwrap_or(digits),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, country: Option<&str>, expected: Option<(&str, &str)>) {
        let phone = split(text, country);
        let found = phone.as_ref().map(|it| (it.cc.as_str(), it.subscriber.as_str()));
        assert_eq!(found, expected, "{text}");
    }

    #[test]
    fn a_number_is_split_at_its_calling_code() {
        check("+31 6 12345678", None, Some(("31", "612345678")));
        check("0031612345678", Some("BE"), Some(("31", "612345678")));
        check("+44 (0)20 7946 0018", None, Some(("44", "2079460018")));
        check("+1 (212) 555-0100", None, Some(("1", "2125550100")));
        check("+3531234567", None, Some(("353", "1234567")));
    }

    #[test]
    fn a_national_number_is_read_in_the_payers_country() {
        check("0612345678", Some("NL"), Some(("31", "612345678")));
        check("06 1234 5678", Some("it"), Some(("39", "0612345678")));
        check("1-212-555-0100", Some("US"), Some(("1", "2125550100")));
        check("0612345678", None, None);
        check("0612345678", Some("QQ"), None);
    }

    #[test]
    fn what_is_no_number_is_left_out() {
        for text in
            ["", "+", "n/a", "+31", "+999123456", "+31 6 1234 ext 5", "12345678901234567890"]
        {
            check(text, Some("NL"), None);
        }
    }

    #[test]
    fn calling_codes_are_prefix_free_and_countries_have_one() {
        for (at, (code, countries)) in CALLING_CODES.iter().enumerate() {
            for (other, others) in &CALLING_CODES[..at] {
                assert!(!code.starts_with(other) && !other.starts_with(code), "{code} {other}");
                for country in countries.split(' ').filter(|it| !it.is_empty()) {
                    assert!(!others.split(' ').any(|it| it == country), "{country}");
                }
            }
        }
    }
}
