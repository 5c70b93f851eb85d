//! The JSON of what merchants ask of an order that exists: refunds, captures, patches.

use florin::api::contract::ApiError;
use florin::api::contract::changes::{
    OrderPatch, SHIPMENT_CHARS_MAX, read_capture, read_capture_patch, read_increment,
    read_order_patch, read_refund, read_refund_patch,
};
use florin_core::money::{Currency, MESSAGE_MINOR_MAX};
use serde_json::Value;

use crate::Run;

pub(crate) const WORDS: &[&str] = &[
    "\"currency\":\"EUR\"",
    "\"amount\":",
    "\"description\":",
    "\"refund_order_id\":",
    "\"var1\":",
    "\"checkout_data\":{\"items\":[{",
    "\"unit_price\":\"-10.00\"",
    "\"quantity\":-1",
    "\"merchant_item_id\":\"1\"",
    "\"tax_table_selector\":\"high\"",
    "\"tax_tables\":{\"alternate\":[{\"name\":\"high\",\"rules\":[{\"rate\":0.21}]}]}",
    "\"new_order_id\":",
    "\"new_order_status\":\"completed\"",
    "\"status\":\"cancelled\"",
    "\"status\":\"shipped\"",
    "\"status\":\"void\"",
    "\"reason\":",
    "\"carrier\":",
    "\"invoice_id\":",
    "\"extend_expiration\":true",
    "\"partial_shipment_amount\":",
];

pub(crate) fn open() -> Run {
    Box::new(|bytes| {
        if let Ok(refund) = judged(read_refund(bytes, Currency::EUR, None)) {
            assert_eq!(refund.currency, Currency::EUR);
            is_amount(refund.amount);
            let name = refund.words.order_id.as_deref();
            assert!(name.is_none_or(|name| (1..=50).contains(&name.chars().count())));
        }
        if let Ok(capture) = judged(read_capture(bytes)) {
            is_amount(capture.amount);
            are_short(&capture.shipment);
        }
        if let Ok(amount) = judged(read_increment(bytes)) {
            is_amount(Some(amount));
        }
        match judged(read_order_patch(bytes)) {
            Ok(OrderPatch::Ship(notes) | OrderPatch::Note(notes)) => are_short(&notes),
            Ok(OrderPatch::ShipPart(part)) => {
                is_amount(Some(part.amount));
                are_short(&part.notes);
            }
            Ok(OrderPatch::Cancel | OrderPatch::Exclude | OrderPatch::Extend) | Err(()) => {}
        }
        let _ = judged(read_capture_patch(bytes));
        let _ = judged(read_refund_patch(bytes));
    })
}

/// A refusal is the caller's fault, and told in an envelope.
fn judged<T>(read: Result<T, ApiError>) -> Result<T, ()> {
    read.map_err(|error| {
        assert!((400..500).contains(&error.http_status));
        let envelope: Value = serde_json::from_slice(&error.to_json()).expect("it is JSON");
        assert_eq!(envelope["success"], false);
    })
}

/// What is asked for can be written on the wire.
fn is_amount(amount: Option<i64>) {
    assert!(amount.is_none_or(|amount| (1..=MESSAGE_MINOR_MAX).contains(&amount)));
}

fn are_short(notes: &[(&'static str, String)]) {
    assert!(notes.iter().all(|(_, note)| note.chars().count() <= SHIPMENT_CHARS_MAX));
}
