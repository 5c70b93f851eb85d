//! What a site may do, as far as a request can be checked against it.
//!
//! Made from the site's settings by the caller; this file knows the limits that hold where the
//! settings say nothing.

use std::collections::BTreeMap;

use florin_core::card::Brand;
use florin_core::money::{CARD_CURRENCIES, Currency};

use super::request::RecurringModel;

/// Which platform a site belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// Test numbers only; nobody pays.
    Test,
    /// Real cards.
    Live,
}

/// The settings of a site that decide whether an order is taken.
#[derive(Clone, Debug)]
pub struct SiteRules {
    /// Test or live.
    pub mode: Mode,
    /// Whether the gateway that finds the brand by itself is enabled.
    pub creditcard: bool,
    /// Brands that are enabled, alone and under `CREDITCARD`.
    pub brands: Vec<Brand>,
    /// Whether methods that are no cards are open.
    pub other_methods: bool,
    /// Currencies that are enabled; empty stands for all that cards can be paid in.
    pub currencies: Vec<Currency>,
    /// Largest amounts in minor units; a currency without one has the usual limit.
    pub amount_max: BTreeMap<Currency, i64>,
    /// Whether the site may send card data itself.
    pub server_to_server: bool,
    /// Whether mail and telephone orders are allowed.
    pub moto: bool,
    /// Whether a card may be checked with an amount of nothing.
    pub zero_authorization: bool,
    /// Whether an authorization may be captured later.
    pub manual_capture: bool,
    /// Whether an order may say if 3-D Secure is to be used.
    pub flexible_3d: bool,
    /// How cards may be stored for later payments.
    pub tokenization: Vec<RecurringModel>,
    /// Whether a test site refuses dates in the past, as a live site always does.
    pub refuse_past_expiry: bool,
}

impl SiteRules {
    /// A test site on which everything is enabled.
    pub fn test_site() -> SiteRules {
        SiteRules {
            mode: Mode::Test,
            creditcard: true,
            brands: vec![Brand::Visa, Brand::Mastercard, Brand::Amex, Brand::Maestro],
            other_methods: true,
            currencies: Vec::new(),
            amount_max: BTreeMap::new(),
            server_to_server: true,
            moto: true,
            zero_authorization: true,
            manual_capture: true,
            flexible_3d: true,
            tokenization: RecurringModel::ALL.to_vec(),
            refuse_past_expiry: false,
        }
    }

    /// Whether new payments can be made in the currency.
    pub fn takes(&self, currency: Currency) -> bool {
        let of_cards = CARD_CURRENCIES.contains(&currency.code()) && !currency.is_historic();
        of_cards && (self.currencies.is_empty() || self.currencies.contains(&currency))
    }

    /// The largest amount of one payment, in minor units.
    pub fn amount_max(&self, currency: Currency) -> i64 {
        self.amount_max.get(&currency).copied().unwrap_or_else(|| usual_amount_max(currency))
    }

    /// Whether dates in the past are refused.
    pub fn judges_expiry(&self) -> bool {
        self.mode == Mode::Live || self.refuse_past_expiry
    }
}

/// Whether the brand can be paid with in the currency. American Express takes four.
pub fn brand_takes(brand: Brand, currency: Currency) -> bool {
    brand != Brand::Amex || matches!(currency.code(), "EUR" | "GBP" | "USD" | "CHF")
}

/// The usual limit of a card payment is 5,000 EUR. In other currencies it is about as much, as a
/// round number that does not follow the exchange rate; a site can have its own.
fn usual_amount_max(currency: Currency) -> i64 {
    let major: i64 = match currency.code() {
        "CHF" | "EUR" | "GBP" => 5_000,
        "USD" => 6_000,
        "CAD" | "SGD" => 8_000,
        "AUD" | "NZD" => 10_000,
        "AED" | "BRL" | "ILS" | "MYR" | "PEN" | "PLN" | "RON" => 25_000,
        "CNY" | "DKK" | "HKD" => 40_000,
        "NOK" | "SEK" => 60_000,
        "CZK" | "MXN" | "ZAR" => 125_000,
        "THB" | "TRY" | "TWD" | "UAH" => 250_000,
        "INR" | "PHP" | "RUB" => 500_000,
        "ISK" | "JPY" => 800_000,
        "HUF" => 2_000_000,
        "CLP" | "KRW" => 8_000_000,
        "COP" => 25_000_000,
        _ => 5_000,
    };
    let minor_per_major = 10_i64.pow(u32::from(currency.exponent()));
    major.saturating_mul(minor_per_major)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_usual_limit_is_five_thousand_euros_in_minor_units() {
        let site = SiteRules::test_site();
        let limit = |code| site.amount_max(Currency::parse(code).unwrap());
        assert_eq!((limit("EUR"), limit("JPY"), limit("HUF")), (500_000, 800_000, 200_000_000));
        let own = SiteRules { amount_max: BTreeMap::from([(Currency::EUR, 7)]), ..site };
        assert_eq!(own.amount_max(Currency::EUR), 7);
    }

    #[test]
    fn new_payments_are_made_in_card_currencies_that_still_exist() {
        let site = SiteRules::test_site();
        for (code, taken) in [
            ("EUR", true),
            ("JPY", true),
            ("AMD", false),
            ("AZN", false),
            ("CDF", false),
            ("BGN", false),
            ("HRK", false),
            ("VEF", false),
        ] {
            assert_eq!(site.takes(Currency::parse(code).unwrap()), taken, "{code}");
        }
        let euros = SiteRules { currencies: vec![Currency::EUR], ..site };
        assert!(!euros.takes(Currency::parse("USD").unwrap()));
    }
}
