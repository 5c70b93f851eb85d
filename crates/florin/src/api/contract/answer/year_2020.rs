//! The order object with the types of January 2020.
//!
//! That year's answers turned digits into numbers, and so lost leading zeros of `last4` and of
//! expiry dates. Only for sites that were written against them.

use florin_core::money::MINOR_MAX;
use serde_json::{Value, json};

/// Changes the types of a current order object.
pub(super) fn with_its_types(mut order: Value) -> Value {
    let Value::Object(members) = &mut order else { return order };
    for (name, value) in members.iter_mut() {
        match (name.as_str(), value) {
            ("order_id", id) => id_to_number(id),
            ("payment_details", details) => {
                digits_to_numbers(details);
                if let Value::Object(members) = details {
                    // The member is younger.
                    members.retain(|name, value| name != "recurring_flow" || !value.is_null());
                }
            }
            ("payment_methods", Value::Array(methods)) => {
                methods.iter_mut().for_each(digits_to_numbers);
            }
            ("related_transactions", Value::Array(related)) => {
                for id in related.iter_mut().filter_map(|it| it.get_mut("order_id")) {
                    id_to_number(id);
                }
            }
            ("customer", Value::Object(customer)) => customer.retain(|_, value| !value.is_null()),
            _ => {}
        }
    }
    // Unset variables were left out.
    members.retain(|name, value| !(name.starts_with("var") && value.is_null()));
    order
}

fn digits_to_numbers(payment: &mut Value) {
    for name in ["card_expiry_date", "last4"] {
        let Some(value) = payment.get_mut(name) else { continue };
        if let Some(number) = value.as_str().and_then(|text| text.parse::<u32>().ok()) {
            *value = json!(number);
        }
    }
}

/// An id of digits becomes a number where the number is written with the same digits.
fn id_to_number(id: &mut Value) {
    let Some(text) = id.as_str() else { return };
    match text.parse::<i64>() {
        Ok(number) if number.to_string() == text && (0..=MINOR_MAX).contains(&number) => {
            *id = json!(number);
        }
        _ => {}
    }
}
