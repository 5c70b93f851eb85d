//! Countries: ISO 3166-1 codes, numbers and English names, and membership of the EEA.
//!
//! Names are the short ones that people use, because merchants see them as `country_name`.
//! No regions, no addresses, no opinion on where a payment may come from.

use std::fmt;

/// A country or territory with a code of its own.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Country {
    alpha: [u8; 2],
    numeric: u16,
    name: &'static str,
}

/// The code is in no row of the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UnknownCountry;

/// The 27 members of the European Union, Iceland, Liechtenstein and Norway: cards issued here
/// need strong customer authentication (PSD2). The United Kingdom left.
const EEA: [&str; 30] = [
    "AT", "BE", "BG", "CY", "CZ", "DE", "DK", "EE", "ES", "FI", "FR", "GR", "HR", "HU", "IE", "IS",
    "IT", "LI", "LT", "LU", "LV", "MT", "NL", "NO", "PL", "PT", "RO", "SE", "SI", "SK",
];

impl Country {
    /// Finds a country by its two letters, in any case.
    pub fn parse(code: &str) -> Result<Country, UnknownCountry> {
        let alpha: [u8; 2] =
            code.to_ascii_uppercase().into_bytes().try_into().map_err(|_| UnknownCountry)?;
        let found = TABLE.binary_search_by(|row| row.alpha.cmp(&alpha));
        found.ok().and_then(|index| TABLE.get(index)).copied().ok_or(UnknownCountry)
    }

    /// Finds a country by its number, as messages of the card rails carry it.
    pub fn from_numeric(numeric: u16) -> Result<Country, UnknownCountry> {
        TABLE.iter().find(|row| row.numeric == numeric).copied().ok_or(UnknownCountry)
    }

    /// Two capital letters.
    pub fn code(&self) -> &str {
        std::str::from_utf8(&self.alpha).expect("every row of the table is ASCII")
    }

    /// The number.
    pub fn numeric(self) -> u16 {
        self.numeric
    }

    /// The number in three digits: `528`, `056`.
    pub fn numeric_text(self) -> String {
        format!("{:03}", self.numeric)
    }

    /// The English name.
    pub fn name(self) -> &'static str {
        self.name
    }

    /// Whether it belongs to the European Economic Area.
    pub fn is_eea(&self) -> bool {
        EEA.contains(&self.code())
    }
}

/// The code, for people and messages.
impl fmt::Display for Country {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

impl fmt::Debug for Country {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

impl fmt::Display for UnknownCountry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("not a country code of ISO 3166-1")
    }
}

impl std::error::Error for UnknownCountry {}

const fn row(code: &str, numeric: u16, name: &'static str) -> Country {
    match code.as_bytes() {
        [a, b] => Country { alpha: [*a, *b], numeric, name },
        _ => panic!("a country code has two letters"),
    }
}

/// Sorted by code, because it is searched by halving.
#[rustfmt::skip]
const TABLE: [Country; 249] = [
    row("AD", 20, "Andorra"),
    row("AE", 784, "United Arab Emirates"),
    row("AF", 4, "Afghanistan"),
    row("AG", 28, "Antigua and Barbuda"),
    row("AI", 660, "Anguilla"),
    row("AL", 8, "Albania"),
    row("AM", 51, "Armenia"),
    row("AO", 24, "Angola"),
    row("AQ", 10, "Antarctica"),
    row("AR", 32, "Argentina"),
    row("AS", 16, "American Samoa"),
    row("AT", 40, "Austria"),
    row("AU", 36, "Australia"),
    row("AW", 533, "Aruba"),
    row("AX", 248, "Åland Islands"),
    row("AZ", 31, "Azerbaijan"),
    row("BA", 70, "Bosnia and Herzegovina"),
    row("BB", 52, "Barbados"),
    row("BD", 50, "Bangladesh"),
    row("BE", 56, "Belgium"),
    row("BF", 854, "Burkina Faso"),
    row("BG", 100, "Bulgaria"),
    row("BH", 48, "Bahrain"),
    row("BI", 108, "Burundi"),
    row("BJ", 204, "Benin"),
    row("BL", 652, "Saint Barthélemy"),
    row("BM", 60, "Bermuda"),
    row("BN", 96, "Brunei"),
    row("BO", 68, "Bolivia"),
    row("BQ", 535, "Bonaire, Sint Eustatius and Saba"),
    row("BR", 76, "Brazil"),
    row("BS", 44, "Bahamas"),
    row("BT", 64, "Bhutan"),
    row("BV", 74, "Bouvet Island"),
    row("BW", 72, "Botswana"),
    row("BY", 112, "Belarus"),
    row("BZ", 84, "Belize"),
    row("CA", 124, "Canada"),
    row("CC", 166, "Cocos (Keeling) Islands"),
    row("CD", 180, "Congo, Democratic Republic"),
    row("CF", 140, "Central African Republic"),
    row("CG", 178, "Congo"),
    row("CH", 756, "Switzerland"),
    row("CI", 384, "Côte d'Ivoire"),
    row("CK", 184, "Cook Islands"),
    row("CL", 152, "Chile"),
    row("CM", 120, "Cameroon"),
    row("CN", 156, "China"),
    row("CO", 170, "Colombia"),
    row("CR", 188, "Costa Rica"),
    row("CU", 192, "Cuba"),
    row("CV", 132, "Cabo Verde"),
    row("CW", 531, "Curaçao"),
    row("CX", 162, "Christmas Island"),
    row("CY", 196, "Cyprus"),
    row("CZ", 203, "Czechia"),
    row("DE", 276, "Germany"),
    row("DJ", 262, "Djibouti"),
    row("DK", 208, "Denmark"),
    row("DM", 212, "Dominica"),
    row("DO", 214, "Dominican Republic"),
    row("DZ", 12, "Algeria"),
    row("EC", 218, "Ecuador"),
    row("EE", 233, "Estonia"),
    row("EG", 818, "Egypt"),
    row("EH", 732, "Western Sahara"),
    row("ER", 232, "Eritrea"),
    row("ES", 724, "Spain"),
    row("ET", 231, "Ethiopia"),
    row("FI", 246, "Finland"),
    row("FJ", 242, "Fiji"),
    row("FK", 238, "Falkland Islands"),
    row("FM", 583, "Micronesia"),
    row("FO", 234, "Faroe Islands"),
    row("FR", 250, "France"),
    row("GA", 266, "Gabon"),
    row("GB", 826, "United Kingdom"),
    row("GD", 308, "Grenada"),
    row("GE", 268, "Georgia"),
    row("GF", 254, "French Guiana"),
    row("GG", 831, "Guernsey"),
    row("GH", 288, "Ghana"),
    row("GI", 292, "Gibraltar"),
    row("GL", 304, "Greenland"),
    row("GM", 270, "Gambia"),
    row("GN", 324, "Guinea"),
    row("GP", 312, "Guadeloupe"),
    row("GQ", 226, "Equatorial Guinea"),
    row("GR", 300, "Greece"),
    row("GS", 239, "South Georgia and the South Sandwich Islands"),
    row("GT", 320, "Guatemala"),
    row("GU", 316, "Guam"),
    row("GW", 624, "Guinea-Bissau"),
    row("GY", 328, "Guyana"),
    row("HK", 344, "Hong Kong"),
    row("HM", 334, "Heard Island and McDonald Islands"),
    row("HN", 340, "Honduras"),
    row("HR", 191, "Croatia"),
    row("HT", 332, "Haiti"),
    row("HU", 348, "Hungary"),
    row("ID", 360, "Indonesia"),
    row("IE", 372, "Ireland"),
    row("IL", 376, "Israel"),
    row("IM", 833, "Isle of Man"),
    row("IN", 356, "India"),
    row("IO", 86, "British Indian Ocean Territory"),
    row("IQ", 368, "Iraq"),
    row("IR", 364, "Iran"),
    row("IS", 352, "Iceland"),
    row("IT", 380, "Italy"),
    row("JE", 832, "Jersey"),
    row("JM", 388, "Jamaica"),
    row("JO", 400, "Jordan"),
    row("JP", 392, "Japan"),
    row("KE", 404, "Kenya"),
    row("KG", 417, "Kyrgyzstan"),
    row("KH", 116, "Cambodia"),
    row("KI", 296, "Kiribati"),
    row("KM", 174, "Comoros"),
    row("KN", 659, "Saint Kitts and Nevis"),
    row("KP", 408, "North Korea"),
    row("KR", 410, "South Korea"),
    row("KW", 414, "Kuwait"),
    row("KY", 136, "Cayman Islands"),
    row("KZ", 398, "Kazakhstan"),
    row("LA", 418, "Laos"),
    row("LB", 422, "Lebanon"),
    row("LC", 662, "Saint Lucia"),
    row("LI", 438, "Liechtenstein"),
    row("LK", 144, "Sri Lanka"),
    row("LR", 430, "Liberia"),
    row("LS", 426, "Lesotho"),
    row("LT", 440, "Lithuania"),
    row("LU", 442, "Luxembourg"),
    row("LV", 428, "Latvia"),
    row("LY", 434, "Libya"),
    row("MA", 504, "Morocco"),
    row("MC", 492, "Monaco"),
    row("MD", 498, "Moldova"),
    row("ME", 499, "Montenegro"),
    row("MF", 663, "Saint Martin (French)"),
    row("MG", 450, "Madagascar"),
    row("MH", 584, "Marshall Islands"),
    row("MK", 807, "North Macedonia"),
    row("ML", 466, "Mali"),
    row("MM", 104, "Myanmar"),
    row("MN", 496, "Mongolia"),
    row("MO", 446, "Macao"),
    row("MP", 580, "Northern Mariana Islands"),
    row("MQ", 474, "Martinique"),
    row("MR", 478, "Mauritania"),
    row("MS", 500, "Montserrat"),
    row("MT", 470, "Malta"),
    row("MU", 480, "Mauritius"),
    row("MV", 462, "Maldives"),
    row("MW", 454, "Malawi"),
    row("MX", 484, "Mexico"),
    row("MY", 458, "Malaysia"),
    row("MZ", 508, "Mozambique"),
    row("NA", 516, "Namibia"),
    row("NC", 540, "New Caledonia"),
    row("NE", 562, "Niger"),
    row("NF", 574, "Norfolk Island"),
    row("NG", 566, "Nigeria"),
    row("NI", 558, "Nicaragua"),
    row("NL", 528, "Netherlands"),
    row("NO", 578, "Norway"),
    row("NP", 524, "Nepal"),
    row("NR", 520, "Nauru"),
    row("NU", 570, "Niue"),
    row("NZ", 554, "New Zealand"),
    row("OM", 512, "Oman"),
    row("PA", 591, "Panama"),
    row("PE", 604, "Peru"),
    row("PF", 258, "French Polynesia"),
    row("PG", 598, "Papua New Guinea"),
    row("PH", 608, "Philippines"),
    row("PK", 586, "Pakistan"),
    row("PL", 616, "Poland"),
    row("PM", 666, "Saint Pierre and Miquelon"),
    row("PN", 612, "Pitcairn"),
    row("PR", 630, "Puerto Rico"),
    row("PS", 275, "Palestine"),
    row("PT", 620, "Portugal"),
    row("PW", 585, "Palau"),
    row("PY", 600, "Paraguay"),
    row("QA", 634, "Qatar"),
    row("RE", 638, "Réunion"),
    row("RO", 642, "Romania"),
    row("RS", 688, "Serbia"),
    row("RU", 643, "Russia"),
    row("RW", 646, "Rwanda"),
    row("SA", 682, "Saudi Arabia"),
    row("SB", 90, "Solomon Islands"),
    row("SC", 690, "Seychelles"),
    row("SD", 729, "Sudan"),
    row("SE", 752, "Sweden"),
    row("SG", 702, "Singapore"),
    row("SH", 654, "Saint Helena"),
    row("SI", 705, "Slovenia"),
    row("SJ", 744, "Svalbard and Jan Mayen"),
    row("SK", 703, "Slovakia"),
    row("SL", 694, "Sierra Leone"),
    row("SM", 674, "San Marino"),
    row("SN", 686, "Senegal"),
    row("SO", 706, "Somalia"),
    row("SR", 740, "Suriname"),
    row("SS", 728, "South Sudan"),
    row("ST", 678, "Sao Tome and Principe"),
    row("SV", 222, "El Salvador"),
    row("SX", 534, "Sint Maarten (Dutch)"),
    row("SY", 760, "Syria"),
    row("SZ", 748, "Eswatini"),
    row("TC", 796, "Turks and Caicos Islands"),
    row("TD", 148, "Chad"),
    row("TF", 260, "French Southern Territories"),
    row("TG", 768, "Togo"),
    row("TH", 764, "Thailand"),
    row("TJ", 762, "Tajikistan"),
    row("TK", 772, "Tokelau"),
    row("TL", 626, "Timor-Leste"),
    row("TM", 795, "Turkmenistan"),
    row("TN", 788, "Tunisia"),
    row("TO", 776, "Tonga"),
    row("TR", 792, "Türkiye"),
    row("TT", 780, "Trinidad and Tobago"),
    row("TV", 798, "Tuvalu"),
    row("TW", 158, "Taiwan"),
    row("TZ", 834, "Tanzania"),
    row("UA", 804, "Ukraine"),
    row("UG", 800, "Uganda"),
    row("UM", 581, "United States Minor Outlying Islands"),
    row("US", 840, "United States"),
    row("UY", 858, "Uruguay"),
    row("UZ", 860, "Uzbekistan"),
    row("VA", 336, "Vatican City"),
    row("VC", 670, "Saint Vincent and the Grenadines"),
    row("VE", 862, "Venezuela"),
    row("VG", 92, "British Virgin Islands"),
    row("VI", 850, "US Virgin Islands"),
    row("VN", 704, "Vietnam"),
    row("VU", 548, "Vanuatu"),
    row("WF", 876, "Wallis and Futuna"),
    row("WS", 882, "Samoa"),
    row("YE", 887, "Yemen"),
    row("YT", 175, "Mayotte"),
    row("ZA", 710, "South Africa"),
    row("ZM", 894, "Zambia"),
    row("ZW", 716, "Zimbabwe"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_sorted_and_its_numbers_are_unique() {
        assert!(TABLE.windows(2).all(|pair| pair[0].alpha < pair[1].alpha));
        for row in TABLE {
            assert_eq!(Country::from_numeric(row.numeric), Ok(row));
            assert_eq!(Country::parse(row.code()), Ok(row));
        }
    }

    #[test]
    fn names_and_numbers_are_those_of_iso_3166() {
        for (code, numeric, name) in
            [("NL", "528", "Netherlands"), ("be", "056", "Belgium"), ("TW", "158", "Taiwan")]
        {
            let country = Country::parse(code).unwrap();
            assert_eq!((country.numeric_text().as_str(), country.name()), (numeric, name));
        }
        for code in ["", "N", "NLD", "ZZ", "EU", "UK", "é"] {
            assert_eq!(Country::parse(code), Err(UnknownCountry), "{code:?}");
        }
    }

    #[test]
    fn thirty_countries_are_in_the_eea() {
        assert_eq!(TABLE.iter().filter(|row| row.is_eea()).count(), EEA.len());
        assert!(!Country::parse("GB").unwrap().is_eea());
        assert!(!Country::parse("CH").unwrap().is_eea());
    }
}
