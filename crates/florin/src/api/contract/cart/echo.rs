//! The cart as answers show it.
//!
//! Shops post these items back in refunds, so that every member that a library reads is there,
//! with its type, whether the merchant sent it or not.

use florin_core::country::Country;
use florin_core::money::Currency;
use rust_decimal::Decimal;
use serde_json::{Number, Value, json};

use super::{Cart, Item};

/// The members that a cart adds to an order object.
#[derive(Clone, Debug, PartialEq)]
pub struct CartEcho {
    /// `shopping_cart`.
    pub shopping_cart: Value,
    /// `checkout_options`: the tax tables, not nested any deeper.
    pub checkout_options: Value,
    /// `order_adjustment`.
    pub order_adjustment: Value,
    /// `order_total`: a number in major units.
    pub order_total: Value,
    /// `items`: a table in HTML with everything escaped.
    pub items: String,
}

impl Cart {
    /// What answers show of the cart of an order in `currency`.
    pub fn echo(&self, currency: Currency, country: Option<Country>) -> CartEcho {
        let totals = self.totals(country);
        let (vat, total) = match totals {
            Some(totals) => (number(totals.vat), number(totals.total)),
            None => (json!(0), json!(0)),
        };
        let items: Vec<Value> = self.items.iter().map(|item| item_echo(item, currency)).collect();
        CartEcho {
            shopping_cart: json!({ "items": items }),
            checkout_options: self.tables_echo(),
            order_adjustment: json!({ "total_adjustment": vat, "total_tax": vat }),
            order_total: total,
            items: self.html(currency),
        }
    }

    fn tables_echo(&self) -> Value {
        let rate = self.default_tax.as_ref().and_then(|table| table.rate).unwrap_or(Decimal::ZERO);
        let shipping_taxed = self.default_tax.as_ref().is_some_and(|table| table.shipping_taxed);
        let alternate: Vec<Value> = self
            .tax_tables
            .iter()
            .map(|table| {
                let rules: Vec<Value> = table
                    .rules
                    .iter()
                    .map(|rule| json!({ "country": rule.country, "rate": number(rule.rate) }))
                    .collect();
                json!({ "name": table.name, "standalone": table.standalone, "rules": rules })
            })
            .collect();
        json!({
            "default": { "rate": number(rate), "shipping_taxed": shipping_taxed },
            "alternate": alternate,
        })
    }

    fn html(&self, currency: Currency) -> String {
        let mut html = String::from(
            "<table border=\"0\" cellpadding=\"5\" width=\"100%\">\
             <tr><th>Quantity</th><th>Name</th><th>Description</th><th>Price</th></tr>",
        );
        for item in &self.items {
            html.push_str(&format!(
                "<tr><td>{}</td><td>{}</td><td>{}</td><td>{} {}</td></tr>",
                item.quantity.normalize(),
                escaped(&item.name),
                escaped(&item.description),
                currency,
                item.unit_price.normalize(),
            ));
        }
        html.push_str("</table>");
        html
    }
}

fn item_echo(item: &Item, currency: Currency) -> Value {
    json!({
        "cashback": item.cashback,
        "currency": item.currency.as_deref().unwrap_or(currency.code()),
        "description": item.description,
        "image": item.image,
        "merchant_item_id": item.merchant_item_id,
        "name": item.name,
        "options": item.options,
        "product_url": item.product_url,
        "quantity": number(item.quantity),
        "tax_table_selector": item.tax_table_selector,
        "unit_price": number(item.unit_price),
        "weight": item.weight.as_ref().map(|weight| {
            json!({ "unit": weight.unit, "value": weight.value })
        }),
    })
}

/// A JSON number with exactly the digits of the decimal.
fn number(decimal: Decimal) -> Value {
    let text = decimal.normalize().to_string();
    let number: Number = text.parse().expect("a decimal prints as a JSON number");
    Value::Number(number)
}

/// For element content and quoted attributes of HTML.
pub(in super::super) fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            other => out.push(other),
        }
    }
    out
}
