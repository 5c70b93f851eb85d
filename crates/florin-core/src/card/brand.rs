//! The brand of a card, and what follows from it.
//!
//! Found on the whole number by a table of prefixes and lengths, first match wins. Co-badged
//! cards run under the brand of their prefix. No BIN table: who issued a card is not known here.

use super::Pan;

/// A card scheme. Payments are offered for those that have a [gateway](Brand::gateway).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Brand {
    /// American Express.
    Amex,
    /// Visa, with V PAY, Electron and the co-badges on Visa numbers.
    Visa,
    /// Mastercard.
    Mastercard,
    /// Maestro.
    Maestro,
    /// Bancontact, also where it shares a number with Maestro or Visa.
    Bancontact,
    /// Dankort without a Visa side.
    Dankort,
    /// Cartes Bancaires without another side.
    CartesBancaires,
    /// Discover.
    Discover,
    /// JCB.
    Jcb,
    /// UnionPay.
    UnionPay,
    /// Diners Club.
    Diners,
}

/// Which electronic commerce indicators a scheme uses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EciFamily {
    /// 05 authenticated, 06 attempted, 07 neither.
    Visa,
    /// 02 authenticated, 01 attempted, 00 neither.
    Mastercard,
}

impl EciFamily {
    /// The payer was authenticated.
    pub fn authenticated(self) -> &'static str {
        match self {
            EciFamily::Visa => "05",
            EciFamily::Mastercard => "02",
        }
    }

    /// Authentication was attempted, and there is proof of that.
    pub fn attempted(self) -> &'static str {
        match self {
            EciFamily::Visa => "06",
            EciFamily::Mastercard => "01",
        }
    }

    /// Neither.
    pub fn none(self) -> &'static str {
        match self {
            EciFamily::Visa => "07",
            EciFamily::Mastercard => "00",
        }
    }
}

impl Brand {
    /// The brand of a number, or nothing for a number that no scheme gives out.
    pub fn of(pan: &Pan) -> Option<Brand> {
        let digits = pan.expose();
        RULES.iter().find(|rule| rule.fits(digits)).map(|rule| rule.brand)
    }

    /// What the first four digits tell, for a form that shows the brand while a number is being
    /// typed. [`Brand::of`] decides again on the whole number.
    pub fn from_first_four(digits: &str) -> Option<Brand> {
        let four = digits.get(..4)?;
        RULES.iter().find(|rule| rule.fits_first_four(four)).map(|rule| rule.brand)
    }

    /// The gateway of the API that takes the card, which is also the `type` that answers carry;
    /// nothing for a brand that is not offered for direct payments.
    pub fn gateway(self) -> Option<&'static str> {
        match self {
            Brand::Amex => Some("AMEX"),
            Brand::Visa => Some("VISA"),
            Brand::Mastercard => Some("MASTERCARD"),
            Brand::Maestro => Some("MAESTRO"),
            Brand::Bancontact
            | Brand::Dankort
            | Brand::CartesBancaires
            | Brand::Discover
            | Brand::Jcb
            | Brand::UnionPay
            | Brand::Diners => None,
        }
    }

    /// The brand of a gateway code in capitals; nothing for `CREDITCARD` and other gateways.
    pub fn from_gateway(code: &str) -> Option<Brand> {
        [Brand::Amex, Brand::Visa, Brand::Mastercard, Brand::Maestro]
            .into_iter()
            .find(|brand| brand.gateway() == Some(code))
    }

    /// The name that payers know, spelled as the API spells it.
    pub fn display_name(self) -> &'static str {
        match self {
            Brand::Amex => "American Express",
            Brand::Visa => "Visa",
            Brand::Mastercard => "MasterCard",
            Brand::Maestro => "Maestro",
            Brand::Bancontact => "Bancontact",
            Brand::Dankort => "Dankort",
            Brand::CartesBancaires => "Cartes Bancaires",
            Brand::Discover => "Discover",
            Brand::Jcb => "JCB",
            Brand::UnionPay => "UnionPay",
            Brand::Diners => "Diners Club",
        }
    }

    /// Two letters, as messages to the acquirer name the network.
    pub fn network(self) -> &'static str {
        match self {
            Brand::Amex => "AX",
            Brand::Visa => "VI",
            Brand::Mastercard => "MC",
            Brand::Maestro => "MS",
            Brand::Bancontact => "BC",
            Brand::Dankort => "DK",
            Brand::CartesBancaires => "CB",
            Brand::Discover => "DI",
            Brand::Jcb => "JC",
            Brand::UnionPay => "UP",
            Brand::Diners => "DC",
        }
    }

    /// The brand of a network code.
    pub fn from_network(code: &str) -> Option<Brand> {
        RULES.iter().map(|rule| rule.brand).find(|brand| brand.network() == code)
    }

    /// How many digits its numbers can have.
    pub fn allows_digits(self, digits: usize) -> bool {
        RULES.iter().any(|rule| rule.brand == self && rule.lengths.contains(&digits))
    }

    /// How many digits the code printed on its cards has.
    pub fn cvc_digits(self) -> usize {
        match self {
            Brand::Amex => 4,
            _ => 3,
        }
    }

    /// Whether a payment by a present payer needs the code. Many Maestro cards have none.
    pub fn needs_cvc(self) -> bool {
        !matches!(self, Brand::Maestro | Brand::Bancontact)
    }

    /// Which electronic commerce indicators stand for the outcome of 3-D Secure.
    pub fn eci_family(self) -> EciFamily {
        match self {
            Brand::Mastercard | Brand::Maestro => EciFamily::Mastercard,
            _ => EciFamily::Visa,
        }
    }

    /// Whether no payment with a present payer may go without 3-D Secure, whatever its amount.
    pub fn always_authenticates(self) -> bool {
        matches!(self, Brand::Maestro | Brand::Bancontact)
    }

    /// Whether an authorization can be captured later, in parts.
    pub fn allows_manual_capture(self) -> bool {
        self.hold_ms().is_some()
    }

    /// How long its scheme keeps an authorization for a later capture, in milliseconds; `None`
    /// where it allows none. (The contract: Visa 7 days, Mastercard and Maestro 30.)
    pub fn hold_ms(self) -> Option<i64> {
        const DAY_MS: i64 = 24 * 60 * 60 * 1000;
        match self {
            Brand::Visa => Some(7 * DAY_MS),
            Brand::Mastercard | Brand::Maestro => Some(30 * DAY_MS),
            _ => None,
        }
    }

    /// Whether a card can be checked with an authorization of nothing.
    pub fn allows_zero_authorization(self) -> bool {
        self.allows_manual_capture()
    }
}

/// Ranges are inclusive and compared on as many leading digits as their bounds have.
struct Rule {
    brand: Brand,
    prefixes: &'static [(&'static str, &'static str)],
    lengths: &'static [usize],
}

impl Rule {
    fn fits(&self, digits: &str) -> bool {
        let leads = |&(low, high): &(&str, &str)| {
            // Texts of equally many digits compare as numbers do.
            digits.get(..low.len()).is_some_and(|lead| (low..=high).contains(&lead))
        };
        self.lengths.contains(&digits.len()) && self.prefixes.iter().any(leads)
    }

    /// Only ranges that four digits decide.
    fn fits_first_four(&self, four: &str) -> bool {
        self.prefixes.iter().any(|&(low, high)| match (four.get(..low.len()), low.get(..4)) {
            (Some(lead), _) => (low..=high).contains(&lead),
            (None, Some(low_four)) => {
                let whole_from = low.bytes().skip(4).all(|digit| digit == b'0');
                let whole_to = high.bytes().skip(4).all(|digit| digit == b'9');
                let high_four = high.get(..4).unwrap_or(high);
                whole_from && whole_to && (low_four..=high_four).contains(&four)
            }
            (None, None) => false,
        })
    }
}

/// The order matters: narrow rules stand before the wide ones of Maestro and Visa.
const RULES: [Rule; 11] = [
    Rule { brand: Brand::Amex, prefixes: &[("34", "34"), ("37", "37")], lengths: &[15] },
    Rule {
        brand: Brand::Bancontact,
        prefixes: &[("6703", "6703"), ("479658", "479658"), ("606005", "606005")],
        lengths: &[16, 17, 18, 19],
    },
    Rule { brand: Brand::Dankort, prefixes: &[("5019", "5019")], lengths: &[16] },
    Rule {
        brand: Brand::CartesBancaires,
        prefixes: &[
            ("507589", "507590"),
            ("507593", "507595"),
            ("507597", "507597"),
            ("560408", "560408"),
            ("581752", "581752"),
            ("585402", "585405"),
            ("585501", "585505"),
            ("585577", "585582"),
        ],
        lengths: &[16],
    },
    Rule {
        brand: Brand::Mastercard,
        prefixes: &[("222100", "272099"), ("510000", "559999")],
        lengths: &[16],
    },
    Rule {
        brand: Brand::Discover,
        prefixes: &[("6011", "6011"), ("644", "649"), ("65", "65"), ("622126", "622925")],
        lengths: &[16, 17, 18, 19],
    },
    Rule {
        brand: Brand::Jcb,
        prefixes: &[
            ("3528", "3589"),
            ("3088", "3094"),
            ("3096", "3102"),
            ("3112", "3120"),
            ("3158", "3159"),
            ("3337", "3349"),
        ],
        lengths: &[16, 17, 18, 19],
    },
    Rule {
        brand: Brand::UnionPay,
        prefixes: &[("62", "62"), ("81", "81")],
        lengths: &[16, 17, 18, 19],
    },
    Rule {
        brand: Brand::Diners,
        prefixes: &[("300", "305"), ("36", "36"), ("38", "39")],
        lengths: &[14, 15, 16, 17, 18, 19],
    },
    Rule {
        brand: Brand::Maestro,
        prefixes: &[("50", "50"), ("56", "59"), ("6", "6")],
        lengths: &[12, 13, 14, 15, 16, 17, 18, 19],
    },
    Rule { brand: Brand::Visa, prefixes: &[("4", "4")], lengths: &[13, 16, 19] },
];

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// The number with this beginning and length, filled with zeros and its check digit.
    fn pan(lead: &str, length: usize) -> Pan {
        let body = format!("{lead:0<width$}", width = length - 1);
        (0..10).find_map(|digit| Pan::parse(&format!("{body}{digit}")).ok()).unwrap()
    }

    #[track_caller]
    fn check(lead: &str, length: usize, expected: Option<Brand>) {
        assert_eq!(Brand::of(&pan(lead, length)), expected, "{lead}, {length} digits");
    }

    #[test]
    fn the_test_numbers_have_their_brands() {
        for (number, brand) in [
            ("4111111111111111", Brand::Visa),
            ("4761340000000019", Brand::Visa),
            ("5500000000000004", Brand::Mastercard),
            ("5555555555554444", Brand::Mastercard),
            ("374500000000015", Brand::Amex),
            ("374200000000004", Brand::Amex),
            ("6799990000000000011", Brand::Maestro),
            ("67034500054620008", Brand::Bancontact),
        ] {
            assert_eq!(Brand::of(&Pan::parse(number).unwrap()), Some(brand), "{number}");
        }
    }

    #[test]
    fn ranges_end_where_they_end() {
        check("222100", 16, Some(Brand::Mastercard));
        check("222099", 16, None);
        check("272099", 16, Some(Brand::Mastercard));
        check("272100", 16, None);
        check("509999", 16, Some(Brand::Maestro));
        check("510000", 16, Some(Brand::Mastercard));
        check("560000", 16, Some(Brand::Maestro));
        check("6703", 16, Some(Brand::Bancontact));
        check("6704", 16, Some(Brand::Maestro));
        check("6703", 12, Some(Brand::Maestro));
        check("5019", 16, Some(Brand::Dankort));
        check("507591", 16, Some(Brand::Maestro));
        check("507590", 16, Some(Brand::CartesBancaires));
        check("6011", 16, Some(Brand::Discover));
        check("622125", 16, Some(Brand::UnionPay));
        check("622126", 16, Some(Brand::Discover));
        check("3589", 16, Some(Brand::Jcb));
        check("36", 14, Some(Brand::Diners));
        check("479658", 16, Some(Brand::Bancontact));
        check("7", 16, None);
        check("1", 16, None);
    }

    #[test]
    fn a_wrong_length_is_no_card_of_the_brand() {
        for (lead, length) in [("4", 14), ("4", 15), ("37", 16), ("55", 15), ("55", 19)] {
            check(lead, length, None);
        }
        for length in [13, 16, 19] {
            check("4", length, Some(Brand::Visa));
        }
        for length in 12..=19 {
            check("6799", length, Some(Brand::Maestro));
        }
        assert!(Brand::Amex.allows_digits(15) && !Brand::Amex.allows_digits(16));
    }

    #[test]
    fn gateways_and_networks_are_read_back() {
        for rule in &RULES {
            assert_eq!(Brand::from_network(rule.brand.network()), Some(rule.brand));
            if let Some(code) = rule.brand.gateway() {
                assert_eq!(Brand::from_gateway(code), Some(rule.brand));
            }
        }
        assert_eq!(Brand::from_gateway("CREDITCARD"), None);
    }

    #[test]
    fn four_digits_tell_the_brand_where_they_can() {
        for (four, brand) in [
            ("4111", Some(Brand::Visa)),
            ("2221", Some(Brand::Mastercard)),
            ("2720", Some(Brand::Mastercard)),
            ("2721", None),
            ("5599", Some(Brand::Mastercard)),
            ("3782", Some(Brand::Amex)),
            ("6703", Some(Brand::Bancontact)),
            ("5075", Some(Brand::Maestro)),
            ("6450", Some(Brand::Discover)),
            ("6200", Some(Brand::UnionPay)),
            ("9999", None),
            ("411", None),
        ] {
            assert_eq!(Brand::from_first_four(four), brand, "{four}");
        }
    }

    proptest! {
        #[test]
        fn every_brand_has_the_length_that_it_allows(body in "[1-9][0-9]{10,17}") {
            let pan = (0..10).find_map(|digit| Pan::parse(&format!("{body}{digit}")).ok()).unwrap();
            if let Some(brand) = Brand::of(&pan) {
                prop_assert!(brand.allows_digits(pan.digits()));
            }
        }
    }
}
