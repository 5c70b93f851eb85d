//! The test cards: what each number does at the directory server, in the challenge, at the issuer.
//!
//! One table, no code: a behaviour that integrators want is a row. A number that is not here is
//! an unknown account: no card range, and 14 from the issuer.

use std::time::Duration;

/// The first four digits, and the list of networks, decide about the brand of a card.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Brand {
    Visa,
    Mastercard,
    Amex,
    Maestro,
}

/// What the access control server says of a card.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Authentication {
    /// No card range: the directory server does not know the card.
    NotEnrolled,
    /// Authenticated without the payer (Y), unless a challenge is asked for.
    Frictionless,
    /// A challenge, always.
    Challenge,
    /// Not authenticated (N, reason 01); a challenge that is asked for fails whatever is chosen.
    Fails,
    /// Proof of an attempt (A), unless a challenge is asked for.
    Attempted,
    /// Could not be performed (U).
    Unavailable,
    /// Rejected by the issuer (R, reason 11).
    Rejected,
    /// Informational (I): a preference or an exemption was noted; a challenge when asked for.
    Informational,
}

/// What the issuer answers to an authorization.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Issuer {
    /// Approves while the account has money; see [`OPEN_TO_BUY`].
    Approves,
    /// Declines with this code, account verifications too.
    Declines(&'static str),
    /// An account of this size, in minor units, for each merchant and currency: 51 beyond it.
    Account { open_to_buy: i64 },
    /// Declines a single payment above this amount, in minor units, with 61.
    Limit { payment_max: i64 },
    /// Declines with this code until the payer has passed a challenge; without a payer it approves.
    WantsChallenge { code: &'static str },
    /// Approves and books the hold, but the answer never comes.
    Silent,
    /// Approves, and answers late.
    Slow(Duration),
}

/// A fraud review that the acquirer starts after an approval, told in tag 65.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Review {
    /// Ends with the payment being accepted.
    Completes,
    /// Ends with the payment being voided.
    Voids,
}

/// One row of the table.
#[derive(Clone, Copy, Debug)]
pub struct TestCard {
    /// Stable name; the books' journal knows a card only by it.
    pub id: &'static str,
    /// The number, which is public and belongs to nobody.
    pub number: &'static str,
    pub brand: Brand,
    /// What happens, for people.
    pub description: &'static str,
    pub authentication: Authentication,
    pub issuer: Issuer,
    pub review: Option<Review>,
    /// Product code of the scheme (tag 66).
    pub product: &'static str,
    /// C credit, D debit, P prepaid (tag 67).
    pub funding: &'static str,
    /// ISO 3166-1 numeric (tag 68).
    pub country: &'static str,
    /// Whether its card range has a 3DS Method URL.
    pub method: bool,
    /// Whether its access control server speaks 2.3.1 besides 2.1.0 to 2.2.0.
    pub newest_version: bool,
}

/// What an ordinary test account can spend at one merchant in one currency, in minor units.
pub const OPEN_TO_BUY: i64 = 1_000_000_000_000_000;
/// How long a review takes.
pub const REVIEW_SECONDS: u32 = 180;
/// How late the slow host answers.
const SLOW: Duration = Duration::from_secs(5);

/// Every test card. The first rows are the published list of the API's test platform, in its
/// order; after them come further cases, whose numbers hold the answer code after the brand.
pub const CARDS: &[TestCard] = &[
    card("visa", "4111111111111111", "Approved without a challenge").product("I", "D"),
    card("visa-challenge", "4761340000000019", "Approved after a challenge, with 3DS Method")
        .challenge()
        .with_method(),
    card("mastercard", "5500000000000004", "Approved after a challenge").challenge(),
    card("mastercard-2", "5555555555554444", "Approved after a challenge").challenge(),
    card("amex", "374500000000015", "Approved without a challenge"),
    card("amex-2", "378282246310005", "Approved without a challenge"),
    card("maestro", "6799990000000000011", "Approved after a challenge").challenge(),
    card("maestro-2", "6759000000005", "Approved after a challenge").challenge(),
    card("visa-not-enrolled", "4012001038443335", "Approved; the card is not enrolled in 3DS")
        .authentication(Authentication::NotEnrolled),
    card("visa-review-void", "4917300000000008", "Uncleared, then void after 3 minutes")
        .review(Review::Voids),
    card("visa-review-complete", "4462000000000003", "Uncleared, then completed after 3 minutes")
        .review(Review::Completes),
    card("amex-review-void", "378734493671000", "Uncleared, then void after 3 minutes")
        .review(Review::Voids),
    card("visa-3ds-fails", "4012001037461114", "Declined: 3DS authentication fails")
        .authentication(Authentication::Fails),
    card("amex-3ds-fails", "374200000000004", "Declined: 3DS authentication fails")
        .authentication(Authentication::Fails),
    card("visa-no-funds", "4012001038488884", "3DS succeeds, then insufficient funds (51)")
        .challenge()
        .issuer(Issuer::Account { open_to_buy: 0 }),
    // Further answers of an issuer.
    card("visa-do-not-honor", "4000050000000007", "Declined: do not honor (05)").declines("05"),
    card("mastercard-do-not-honor", "5100050000000003", "Declined: do not honor (05)")
        .declines("05"),
    card("visa-invalid-number", "4000140000000006", "Declined: no such number (14)").declines("14"),
    card("visa-lost", "4000410000000003", "Declined: lost card (41)").declines("41"),
    card("visa-stolen", "4000430000000001", "Declined: stolen card (43)").declines("43"),
    card("visa-expired", "4000540000000007", "Declined: expired card (54)").declines("54"),
    card("visa-fraud", "4000590000000002", "Declined: suspected fraud (59)").declines("59"),
    card("visa-inoperative", "4000910000000002", "Declined: issuer inoperative (91)")
        .declines("91"),
    card("visa-malfunction", "4000960000000007", "Declined: system malfunction (96)")
        .declines("96"),
    card("visa-account", "4000510000000000", "An account of 500.00 per shop: 51 beyond it")
        .issuer(Issuer::Account { open_to_buy: 50_000 }),
    card("mastercard-account", "5100510000000006", "An account of 500.00 per shop: 51 beyond it")
        .issuer(Issuer::Account { open_to_buy: 50_000 }),
    card("visa-limit", "4000610000000008", "Declined above 100.00: exceeds amount limit (61)")
        .issuer(Issuer::Limit { payment_max: 10_000 }),
    card("visa-soft-decline", "4000100000000000", "Soft decline (1A) until a challenge is passed")
        .issuer(Issuer::WantsChallenge { code: "1A" }),
    card("mastercard-soft-decline", "5100650000000000", "Soft decline (65) until a challenge")
        .issuer(Issuer::WantsChallenge { code: "65" }),
    card("visa-silent", "4000680000000001", "The host books the hold and never answers")
        .issuer(Issuer::Silent),
    card("visa-slow", "4000090000000003", "Approved after 5 seconds").issuer(Issuer::Slow(SLOW)),
    // Further outcomes of an authentication.
    card("visa-attempted", "4002100000000008", "3DS attempted (A), approved")
        .authentication(Authentication::Attempted),
    card("mastercard-attempted", "5102100000000004", "3DS attempted (A), approved")
        .authentication(Authentication::Attempted),
    card("visa-unavailable", "4002200000000006", "3DS unavailable (U)")
        .authentication(Authentication::Unavailable),
    card("visa-rejected", "4002300000000004", "3DS rejected by the issuer (R)")
        .authentication(Authentication::Rejected),
    card("visa-informational", "4002400000000002", "3DS informational (I), approved")
        .authentication(Authentication::Informational),
    card("mastercard-informational", "5102400000000008", "3DS informational (I), approved")
        .authentication(Authentication::Informational),
    card("visa-231", "4002310000000003", "Approved without a challenge; its ACS speaks 3DS 2.3.1")
        .with_newest_version(),
];

/// The card with this number, if it is a test card.
pub fn by_number(number: &str) -> Option<&'static TestCard> {
    CARDS.iter().find(|card| card.number == number)
}

/// The card with this name.
pub fn by_id(id: &str) -> Option<&'static TestCard> {
    CARDS.iter().find(|card| card.id == id)
}

impl Brand {
    /// The brand of a number by its first digits, for the prefixes that the table uses.
    const fn of(number: &str) -> Brand {
        let digits = number.as_bytes();
        match (digits[0], digits[1]) {
            (b'4', _) => Brand::Visa,
            (b'3', b'4' | b'7') => Brand::Amex,
            (b'5', b'1'..=b'5') => Brand::Mastercard,
            (b'6', b'7') => Brand::Maestro,
            _ => panic!("the table has a number of no brand"),
        }
    }

    /// The name that the API uses.
    pub fn name(self) -> &'static str {
        match self {
            Brand::Visa => "VISA",
            Brand::Mastercard => "MASTERCARD",
            Brand::Amex => "AMEX",
            Brand::Maestro => "MAESTRO",
        }
    }

    /// The network code of the acquirer link (tag 05), which also names the directory server.
    pub fn network(self) -> &'static str {
        match self {
            Brand::Visa => "VI",
            Brand::Mastercard => "MC",
            Brand::Amex => "AX",
            Brand::Maestro => "MS",
        }
    }

    /// Whether ECI and references follow Mastercard's form.
    pub fn is_mastercard_family(self) -> bool {
        matches!(self, Brand::Mastercard | Brand::Maestro)
    }
}

impl TestCard {
    /// The last four digits.
    pub fn last4(&self) -> &'static str {
        &self.number[self.number.len() - 4..]
    }

    /// First six and last four digits, as PCI DSS lets a card be shown.
    pub fn masked(&self) -> String {
        let hidden = self.number.len() - 10;
        format!("{}{}{}", &self.number[..6], "*".repeat(hidden), self.last4())
    }

    /// The word for what a direct payment does by default: what a list of cards is sorted by.
    pub fn kind(&self) -> &'static str {
        match (self.authentication, self.issuer) {
            (Authentication::NotEnrolled, Issuer::Approves) => "no-3ds",
            (Authentication::Fails | Authentication::Rejected, _) => "declined-in-create",
            (_, Issuer::Silent | Issuer::Slow(_)) => "host",
            (_, Issuer::WantsChallenge { .. }) => "soft-decline",
            (Authentication::Challenge, _) => "challenge",
            (_, Issuer::Approves) => "frictionless",
            _ => "declined",
        }
    }

    const fn product(mut self, product: &'static str, funding: &'static str) -> TestCard {
        self.product = product;
        self.funding = funding;
        self
    }

    const fn authentication(mut self, authentication: Authentication) -> TestCard {
        self.authentication = authentication;
        self
    }

    const fn challenge(self) -> TestCard {
        self.authentication(Authentication::Challenge)
    }

    const fn issuer(mut self, issuer: Issuer) -> TestCard {
        self.issuer = issuer;
        self
    }

    const fn declines(self, code: &'static str) -> TestCard {
        self.issuer(Issuer::Declines(code))
    }

    const fn review(mut self, review: Review) -> TestCard {
        self.review = Some(review);
        self
    }

    const fn with_method(mut self) -> TestCard {
        self.method = true;
        self
    }

    const fn with_newest_version(mut self) -> TestCard {
        self.newest_version = true;
        self
    }
}

/// A card that is authenticated without a challenge and approved, issued in the Netherlands.
const fn card(id: &'static str, number: &'static str, description: &'static str) -> TestCard {
    let brand = Brand::of(number);
    let (product, funding) = match brand {
        Brand::Visa => ("F", "C"),
        Brand::Mastercard => ("MCC", "C"),
        Brand::Amex => ("AX", "C"),
        Brand::Maestro => ("MSI", "D"),
    };
    TestCard {
        id,
        number,
        brand,
        description,
        authentication: Authentication::Frictionless,
        issuer: Issuer::Approves,
        review: None,
        product,
        funding,
        country: "528",
        method: false,
        newest_version: false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    fn luhn_holds(number: &str) -> bool {
        let sum: u32 = number
            .bytes()
            .rev()
            .enumerate()
            .map(|(place, digit)| {
                let digit = u32::from(digit - b'0') * if place % 2 == 1 { 2 } else { 1 };
                digit / 10 + digit % 10
            })
            .sum();
        sum.is_multiple_of(10)
    }

    #[test]
    fn numbers_and_names_are_sound_and_each_stands_once() {
        let mut seen = HashSet::new();
        for card in CARDS {
            assert!(luhn_holds(card.number), "{}", card.id);
            assert!((12..=19).contains(&card.number.len()), "{}", card.id);
            assert!(seen.insert(card.number) && seen.insert(card.id), "{}", card.id);
            assert_eq!(by_number(card.number).map(|found| found.id), Some(card.id));
            assert_eq!(by_id(card.id).map(|found| found.number), Some(card.number));
        }
        assert!(by_number("4242424242424242").is_none());
    }

    #[test]
    fn the_published_cards_do_by_default_what_the_list_says() {
        let list: serde_json::Value =
            serde_json::from_str(include_str!("../testdata/test-cards.json")).unwrap();
        let rows = list["cards"].as_array().unwrap();
        let wanted: Vec<_> = rows.iter().filter(|row| row["implement"] == true).collect();
        assert!(wanted.len() >= 15);
        for row in wanted {
            let card = by_number(row["number"].as_str().unwrap()).unwrap();
            assert_eq!(card.kind(), row["direct_default"].as_str().unwrap(), "{}", card.id);
            assert_eq!(card.brand.name(), row["brand"].as_str().unwrap(), "{}", card.id);
            assert_eq!(card.review.is_some(), row.get("timing").is_some(), "{}", card.id);
        }
    }

    #[test]
    fn exactly_one_card_range_has_a_method_url_and_one_speaks_the_newest_version() {
        assert_eq!(CARDS.iter().filter(|card| card.method).count(), 1);
        assert_eq!(CARDS.iter().filter(|card| card.newest_version).count(), 1);
    }
}
