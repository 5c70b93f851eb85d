//! The shopping cart: `shopping_cart` with `checkout_options`.
//!
//! Prices are exact decimals in major units, excluding VAT. The cart is checked, added up and
//! echoed; it never decides what is charged, which is the order's amount.

pub(super) mod echo;
mod totals;

use florin_core::country::Country;
use florin_core::money::{Currency, Money};
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::customer::check_country;
use super::errors::ApiError;
use super::scalars::{Fields, Scalar};

pub use echo::CartEcho;
pub use totals::Totals;

/// Largest price, quantity or rate; what is beyond is no price but a mistake.
const NUMBER_MAX: i64 = 1_000_000_000_000;
/// Most characters of a number that are looked at.
const NUMBER_CHARS_MAX: usize = 64;

/// Items and the tax tables they refer to.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Cart {
    /// At least one.
    pub items: Vec<Item>,
    /// `checkout_options.tax_tables.default`.
    pub default_tax: Option<DefaultTax>,
    /// `checkout_options.tax_tables.alternate`.
    pub tax_tables: Vec<TaxTable>,
}

/// One line of the cart.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Item {
    /// What it is.
    pub name: String,
    /// More about it.
    pub description: String,
    /// Major units, excluding VAT; negative for a discount.
    #[serde(with = "decimal_text")]
    pub unit_price: Decimal,
    /// How many; negative in refunds.
    #[serde(with = "decimal_text")]
    pub quantity: Decimal,
    /// The merchant's number for it; `msp-shipping` is shipping.
    pub merchant_item_id: String,
    /// The name of an alternate table; empty for the default rate.
    pub tax_table_selector: String,
    /// `{unit, value}`.
    pub weight: Option<Weight>,
    /// The currency that the item named, which is the order's.
    pub currency: Option<String>,
    /// `options`, `cashback`, `image`, `product_url`: kept as they were sent.
    pub options: Vec<Value>,
    /// See `options`.
    pub cashback: String,
    /// See `options`.
    pub image: String,
    /// See `options`.
    pub product_url: String,
}

/// The weight of an item.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Weight {
    /// `KG`, `kg`, …
    pub unit: String,
    /// A number or a text, as it was sent.
    pub value: Value,
}

/// The rate of items that name no table.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct DefaultTax {
    /// Whether shipping is taxed.
    pub shipping_taxed: bool,
    /// A fraction: 0.21 is 21 %. Nothing when no rate was sent.
    #[serde(with = "decimal_text::option")]
    pub rate: Option<Decimal>,
}

/// A named table of rates.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TaxTable {
    /// What items select it by.
    pub name: String,
    /// Whether it stands in for the default table where it has no rule.
    pub standalone: bool,
    /// By country.
    pub rules: Vec<TaxRule>,
}

/// A rate, perhaps of one country.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TaxRule {
    /// Alpha-2; empty for every country.
    pub country: String,
    /// A fraction.
    #[serde(with = "decimal_text")]
    pub rate: Decimal,
}

impl Cart {
    /// Reads and checks the cart of an order of `amount`. Nothing when there are no items.
    /// `country` is where the goods go, which may have a rate of its own.
    pub(super) fn read(
        order: Fields<'_>,
        amount: Money,
        country: Option<Country>,
    ) -> Result<Option<Cart>, ApiError> {
        let items = order.object("shopping_cart").list("items");
        let options = order.object("checkout_options");
        if items.is_empty() {
            return Ok(None);
        }
        check_currencies(items, amount.currency)?;
        let items = items.iter().map(Item::read).collect::<Result<Vec<_>, _>>()?;
        let tables = options.object("tax_tables");
        let default_tax = DefaultTax::read(tables.object("default"))?;
        let tax_tables = tables
            .list("alternate")
            .iter()
            .map(|table| TaxTable::read(Fields::of(table)))
            .collect::<Result<Vec<_>, _>>()?;
        let cart = Cart { items, default_tax, tax_tables };
        if options.boolean("validate_cart") == Some(true) {
            cart.check_tables(country)?;
            let total = cart.totals(country).ok_or_else(ApiError::cart_amount_differs)?;
            if total.minor_units(amount.currency) != Some(amount.minor) {
                return Err(ApiError::cart_amount_differs());
            }
        }
        Ok(Some(cart))
    }

    fn check_tables(&self, country: Option<Country>) -> Result<(), ApiError> {
        match self.items.iter().all(|item| self.rate(item, country).is_some()) {
            true => Ok(()),
            false => Err(ApiError::unknown_tax_table()),
        }
    }
}

/// Items that name a currency agree on that of the order.
fn check_currencies(items: &[Value], of_order: Currency) -> Result<(), ApiError> {
    let codes: Vec<String> = items
        .iter()
        .filter_map(|item| match Fields::of(item).scalar("currency") {
            Scalar::Absent => None,
            Scalar::Text(code) => Some(code.trim().to_ascii_uppercase()),
            Scalar::NotScalar => Some(String::new()),
        })
        .collect();
    if codes.windows(2).any(|pair| pair[0] != pair[1]) {
        return Err(ApiError::cart_currencies_differ());
    }
    match codes.first().map(|code| Currency::parse(code)) {
        None => Ok(()),
        Some(Err(_)) => Err(ApiError::invalid_item_currency()),
        Some(Ok(currency)) if currency != of_order => Err(ApiError::cart_currency_not_of_order()),
        Some(Ok(_)) => Ok(()),
    }
}

impl Item {
    fn read(value: &Value) -> Result<Item, ApiError> {
        let item = Fields::of(value);
        let text = |name| item.text(name).unwrap_or_default();
        let number = |name| {
            item.text(name).and_then(|text| number(&text)).ok_or_else(ApiError::invalid_item_price)
        };
        let weight = item.object("weight");
        Ok(Item {
            name: text("name"),
            description: text("description"),
            unit_price: number("unit_price")?,
            quantity: number("quantity")?,
            merchant_item_id: text("merchant_item_id"),
            tax_table_selector: text("tax_table_selector"),
            weight: (!weight.is_empty()).then(|| Weight {
                unit: weight.text("unit").unwrap_or_default(),
                value: match weight.get("value") {
                    Some(value @ (Value::Number(_) | Value::String(_))) => value.clone(),
                    _ => Value::Null,
                },
            }),
            currency: item.text("currency").map(|code| code.trim().to_ascii_uppercase()),
            options: item.list("options").to_vec(),
            cashback: text("cashback"),
            image: text("image"),
            product_url: text("product_url"),
        })
    }
}

impl DefaultTax {
    fn read(table: Fields<'_>) -> Result<Option<DefaultTax>, ApiError> {
        if table.is_empty() {
            return Ok(None);
        }
        let rate = match table.lacks("rate") {
            true => None,
            false => Some(rate(table)?),
        };
        let shipping_taxed = table.boolean("shipping_taxed").unwrap_or(false);
        Ok(Some(DefaultTax { shipping_taxed, rate }))
    }
}

impl TaxTable {
    fn read(table: Fields<'_>) -> Result<TaxTable, ApiError> {
        let mut rules = Vec::new();
        for rule in table.list("rules") {
            let rule = Fields::of(rule);
            let rate = rate(rule)?;
            check_country(rule)?;
            let country = rule.text("country").unwrap_or_default().trim().to_ascii_uppercase();
            rules.push(TaxRule { country, rate });
        }
        let name = table.text("name").unwrap_or_default();
        Ok(TaxTable { name, standalone: table.boolean("standalone").unwrap_or(false), rules })
    }
}

fn rate(fields: Fields<'_>) -> Result<Decimal, ApiError> {
    fields
        .text("rate")
        .and_then(|text| number(&text))
        .filter(|rate| !rate.is_sign_negative() || rate.is_zero())
        .ok_or_else(ApiError::invalid_tax_rate)
}

/// Reads a decimal, with or without an exponent.
fn number(text: &str) -> Option<Decimal> {
    let text = text.trim();
    let sound = |it: char| it.is_ascii_digit() || matches!(it, '.' | '-' | '+' | 'e' | 'E');
    if text.is_empty() || text.len() > NUMBER_CHARS_MAX || !text.chars().all(sound) {
        return None;
    }
    let number = match text.contains(['e', 'E']) {
        true => Decimal::from_scientific(text).ok()?,
        false => text.parse::<Decimal>().ok()?,
    };
    let bound = Decimal::from(NUMBER_MAX);
    (-bound..=bound).contains(&number).then_some(number)
}

/// Decimals are kept as texts: exact, and the same in every reader.
mod decimal_text {
    use rust_decimal::Decimal;
    use serde::{Deserialize, Deserializer, Serializer, de::Error};

    pub(super) fn serialize<S: Serializer>(it: &Decimal, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(&it.to_string())
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Decimal, D::Error> {
        String::deserialize(from)?.parse().map_err(|_| D::Error::custom("not a decimal"))
    }

    pub(super) mod option {
        use super::*;

        pub(in super::super) fn serialize<S: Serializer>(
            it: &Option<Decimal>,
            to: S,
        ) -> Result<S::Ok, S::Error> {
            match it {
                Some(decimal) => to.serialize_str(&decimal.to_string()),
                None => to.serialize_none(),
            }
        }

        pub(in super::super) fn deserialize<'de, D: Deserializer<'de>>(
            from: D,
        ) -> Result<Option<Decimal>, D::Error> {
            let text = Option::<String>::deserialize(from)?;
            text.map(|it| it.parse().map_err(|_| D::Error::custom("not a decimal"))).transpose()
        }
    }
}

#[cfg(test)]
mod tests;
