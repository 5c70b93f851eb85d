//! What a cart adds up to.
//!
//! Items and VAT are rounded once each, over the whole cart, to two decimals, half away from
//! zero, whatever the currency; the total is the sum of the two.

use florin_core::country::Country;
use florin_core::money::Currency;
use rust_decimal::{Decimal, RoundingStrategy};

use super::{Cart, Item, TaxTable};

/// Decimals that totals are rounded to.
const TOTAL_PLACES: u32 = 2;

/// The three sums of a cart, in major units.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Totals {
    /// Prices times quantities.
    pub items: Decimal,
    /// VAT on that.
    pub vat: Decimal,
    /// Both.
    pub total: Decimal,
}

impl Totals {
    /// The total in minor units, if it is a whole number of them.
    pub fn minor_units(self, currency: Currency) -> Option<i64> {
        let minor_per_major = Decimal::from(10_i64.pow(u32::from(currency.exponent())));
        let minor = self.total.checked_mul(minor_per_major)?;
        if !minor.fract().is_zero() {
            return None;
        }
        i64::try_from(minor.trunc()).ok()
    }
}

impl Cart {
    /// The sums, or nothing when they are too large to be exact. An item without a rate counts
    /// as untaxed.
    pub fn totals(&self, country: Option<Country>) -> Option<Totals> {
        let mut items = Decimal::ZERO;
        let mut vat = Decimal::ZERO;
        for item in &self.items {
            let price = item.unit_price.checked_mul(item.quantity)?;
            let rate = self.rate(item, country).unwrap_or(Decimal::ZERO);
            items = items.checked_add(price)?;
            vat = vat.checked_add(price.checked_mul(rate)?)?;
        }
        let (items, vat) = (rounded(items), rounded(vat));
        Some(Totals { items, vat, total: items.checked_add(vat)? })
    }

    /// The rate of an item: of the table that it names, else the default. Of a table's rules
    /// the one of the country counts, then the one of no country, then the first.
    pub fn rate(&self, item: &Item, country: Option<Country>) -> Option<Decimal> {
        let named = self.tax_tables.iter().find(|table| table.name == item.tax_table_selector);
        named
            .and_then(|table| table_rate(table, country))
            .or_else(|| self.default_tax.as_ref().and_then(|table| table.rate))
    }
}

fn table_rate(table: &TaxTable, country: Option<Country>) -> Option<Decimal> {
    let of_country = table
        .rules
        .iter()
        .find(|rule| country.is_some_and(|country| country.code() == rule.country));
    let of_all = || table.rules.iter().find(|rule| rule.country.is_empty());
    of_country.or_else(of_all).or_else(|| table.rules.first()).map(|rule| rule.rate)
}

fn rounded(sum: Decimal) -> Decimal {
    sum.round_dp_with_strategy(TOTAL_PLACES, RoundingStrategy::MidpointAwayFromZero)
}
