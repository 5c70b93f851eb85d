//! Reading what merchants ask of an order that exists: refunds, captures, cancels, shipments.
//!
//! As liberal as everything here: members that are not known are ignored, nothing has many
//! spellings, numbers may be texts. Whether the order allows what is asked is another question.

use florin_core::country::Country;
use florin_core::money::{Currency, MESSAGE_MINOR_MAX, Money};
use florin_core::order_id::OrderId;
use florin_core::trail::RefundWords;
use serde_json::{Value, json};

use super::cart::Cart;
use super::errors::ApiError;
use super::read::{DESCRIPTION_CHARS_MAX, VAR_CHARS_MAX, json_object};
use super::scalars::{Fields, whole_of};
use crate::gateway::shipment::PartShipment;

/// Most characters of an invoice number, and of everything else about a shipment.
pub const SHIPMENT_CHARS_MAX: usize = 200;

/// What `PATCH /orders/{id}` asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum OrderPatch {
    /// `status: cancelled`.
    Cancel,
    /// The same with `exclude_order`: reminders of the order end with it.
    Exclude,
    /// `status: shipped`, with what is said about the shipment.
    Ship(Vec<(&'static str, String)>),
    /// `partial_shipment_amount`: a part of what was promised to be paid is shipped.
    ShipPart(PartShipment),
    /// No status: invoice and shipment data alone.
    Note(Vec<(&'static str, String)>),
    /// `extend_expiration`: what was promised to be paid is promised for longer.
    Extend,
}

/// What `POST /orders/{id}/refunds` asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RefundRequest {
    pub currency: Currency,
    /// Minor units; `None` for all that is left.
    pub amount: Option<i64>,
    /// It names lines of a cart, as some methods want it.
    pub has_cart: bool,
    pub words: RefundWords,
}

/// What `POST /orders/{id}/capture` asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CaptureRequest {
    /// Minor units; `None` for all that is left.
    pub amount: Option<i64>,
    pub new_order_id: Option<String>,
    /// What is said about invoice and shipment.
    pub shipment: Vec<(&'static str, String)>,
}

/// Members that are kept for the merchant and that nothing is decided on.
const SHIPMENT: [&str; 9] = [
    "invoice_id",
    "invoice_url",
    "tracktrace_code",
    "tracktrace_url",
    "carrier",
    "ship_date",
    "po_number",
    "reason",
    "memo",
];

/// Reads the body of `PATCH /orders/{id}`.
///
/// # Errors
/// 1000 for no JSON and for an unknown status, 1016 when nothing is asked, 1001 for the amount of a
/// part, 1006 for the name of the order that it makes.
pub fn read_order_patch(body: &[u8]) -> Result<OrderPatch, ApiError> {
    let body = json_object(body)?;
    let fields = Fields::of(&body);
    let shipment = read_shipment(fields);
    let status = fields.text("status").map(|status| status.trim().to_ascii_lowercase());
    match status.as_deref() {
        Some("cancelled") => Ok(match fields.boolean("exclude_order") {
            Some(true) => OrderPatch::Exclude,
            Some(false) | None => OrderPatch::Cancel,
        }),
        Some("shipped") => Ok(match read_part_shipment(fields, &shipment)? {
            Some(part) => OrderPatch::ShipPart(part),
            None => OrderPatch::Ship(shipment),
        }),
        Some(_) => Err(ApiError::refused("Invalid status")),
        None if fields.boolean("extend_expiration") == Some(true) => Ok(OrderPatch::Extend),
        None if !fields.lacks("partial_shipment_amount") => {
            let part = read_part_shipment(fields, &shipment)?.ok_or_else(ApiError::invalid_amount);
            part.map(OrderPatch::ShipPart)
        }
        None if shipment.is_empty() => Err(ApiError::missing_data()),
        None => Ok(OrderPatch::Note(shipment)),
    }
}

/// Reads the body of `POST /orders/{id}/refunds` for an order in `currency` whose goods went to
/// `country`.
///
/// # Errors
/// 1000, 1002 and 1001 for currency and amount, 1006 for the refund's own name, 1008 and 1010 for
/// texts, 1025 to 1031 for items.
pub fn read_refund(
    body: &[u8],
    currency: Currency,
    country: Option<Country>,
) -> Result<RefundRequest, ApiError> {
    let body = json_object(body)?;
    let fields = Fields::of(&body);
    let named = fields.text("currency").and_then(|code| Currency::parse(code.trim()).ok());
    if named != Some(currency) {
        return Err(ApiError::invalid_currency());
    }
    let amount = match read_amount(fields)? {
        None if !fields.lacks("checkout_data") => Some(amount_of_items(fields, currency, country)?),
        amount => amount,
    };
    let description = fields.text("description");
    if description.as_ref().is_some_and(|it| it.chars().count() > DESCRIPTION_CHARS_MAX) {
        return Err(ApiError::invalid_description());
    }
    let order_id = fields.text("refund_order_id").map(|id| read_name(&id)).transpose()?;
    let mut vars = [None, None, None];
    for (var, name) in vars.iter_mut().zip(["var1", "var2", "var3"]) {
        *var = fields.text(name);
        if var.as_ref().is_some_and(|it| it.chars().count() > VAR_CHARS_MAX) {
            return Err(ApiError::invalid_variable());
        }
    }
    let has_cart = !fields.lacks("checkout_data");
    let words = RefundWords { order_id, description, vars };
    Ok(RefundRequest { currency, amount, has_cart, words })
}

/// Reads the body of `POST /orders/{id}/capture`.
///
/// # Errors
/// 1000 for no JSON and for a status that captures do not have, 1001 for the amount, 1006 for the
/// name of the new order.
pub fn read_capture(body: &[u8]) -> Result<CaptureRequest, ApiError> {
    let body = json_object(body)?;
    let fields = Fields::of(&body);
    match fields.text("new_order_status").as_deref().map(str::trim) {
        None => {}
        Some(status) if status.eq_ignore_ascii_case("completed") => {}
        Some(_) => return Err(ApiError::refused("Invalid status")),
    }
    let amount = match read_amount(fields)? {
        // Nothing said means all; nothing asked for is no capture.
        None if !fields.lacks("amount") => return Err(ApiError::invalid_amount()),
        amount => amount,
    };
    let new_order_id = fields.text("new_order_id").map(|id| read_name(&id)).transpose()?;
    Ok(CaptureRequest { amount, new_order_id, shipment: read_shipment(fields) })
}

/// Reads the body of `PATCH /capture/{id}`: only the cancellation of what is left exists.
///
/// # Errors
/// 1000 for no JSON and for another status, 1016 without status or reason.
pub fn read_capture_patch(body: &[u8]) -> Result<(), ApiError> {
    let body = json_object(body)?;
    let fields = Fields::of(&body);
    let Some(status) = fields.text("status") else { return Err(ApiError::missing_data()) };
    if !status.trim().eq_ignore_ascii_case("cancelled") {
        return Err(ApiError::refused("Invalid status"));
    }
    if fields.lacks("reason") { Err(ApiError::missing_data()) } else { Ok(()) }
}

/// Reads the body of `PATCH /orders/{id}/refunds/{refund_id}`: only `void` exists.
///
/// # Errors
/// 1000 for no JSON and for another status, 1016 without one.
pub fn read_refund_patch(body: &[u8]) -> Result<(), ApiError> {
    let body = json_object(body)?;
    match Fields::of(&body).text("status") {
        None => Err(ApiError::missing_data()),
        Some(status) if status.trim().eq_ignore_ascii_case("void") => Ok(()),
        Some(_) => Err(ApiError::refused("Invalid status")),
    }
}

/// Reads the body of `POST /orders/{id}/increment`: the amount to be added.
///
/// # Errors
/// 1000 for no JSON, 1001 for the amount.
pub fn read_increment(body: &[u8]) -> Result<i64, ApiError> {
    let body = json_object(body)?;
    read_amount(Fields::of(&body))?.ok_or_else(ApiError::invalid_amount)
}

/// A part that is shipped; `None` where no amount is named, for then it is all of it.
fn read_part_shipment(
    fields: Fields<'_>,
    notes: &[(&'static str, String)],
) -> Result<Option<PartShipment>, ApiError> {
    let Some(amount) = read_minor_units(fields, "partial_shipment_amount")? else {
        return Ok(None);
    };
    let new_order_id = fields.text("new_order_id").map(|id| read_name(&id)).transpose()?;
    Ok(Some(PartShipment { amount, new_order_id, notes: notes.to_vec() }))
}

fn read_amount(fields: Fields<'_>) -> Result<Option<i64>, ApiError> {
    read_minor_units(fields, "amount")
}

/// A positive number of minor units; `None` for nothing and for zero.
fn read_minor_units(fields: Fields<'_>, name: &str) -> Result<Option<i64>, ApiError> {
    match fields.get(name).map(whole_of) {
        None | Some(Some(0)) => Ok(None),
        Some(Some(amount)) if (1..=MESSAGE_MINOR_MAX).contains(&amount) => Ok(Some(amount)),
        Some(_) => Err(ApiError::invalid_amount()),
    }
}

fn read_name(text: &str) -> Result<String, ApiError> {
    let id = OrderId::parse(text).map_err(|_| ApiError::invalid_order_id())?;
    Ok(id.as_str().to_owned())
}

fn read_shipment(fields: Fields<'_>) -> Vec<(&'static str, String)> {
    let read = |name: &'static str| Some((name, fields.short_text(name, SHIPMENT_CHARS_MAX)?));
    SHIPMENT.into_iter().filter_map(read).collect()
}

/// What the items with a negative price or quantity add up to, VAT included: carts of refunds
/// list what was bought and, below it, what comes back.
fn amount_of_items(
    fields: Fields<'_>,
    currency: Currency,
    country: Option<Country>,
) -> Result<i64, ApiError> {
    let data = fields.object("checkout_data");
    let comes_back = |item: &&Value| {
        let fields = Fields::of(item);
        let negative = |name| fields.text(name).is_some_and(|it| it.trim().starts_with('-'));
        negative("unit_price") != negative("quantity")
    };
    let items: Vec<&Value> = data.list("items").iter().filter(comes_back).collect();
    let tables = data.get("tax_tables").or_else(|| data.get("tax_table"));
    let order = json!({
        "shopping_cart": { "items": items },
        "checkout_options": { "tax_tables": tables },
    });
    let cart = Cart::read(Fields::of(&order), Money::zero(currency), country)?;
    let total = cart.and_then(|cart| cart.totals(country)?.minor_units(currency));
    match total.map(i64::checked_neg) {
        Some(Some(amount)) if (1..=MESSAGE_MINOR_MAX).contains(&amount) => Ok(amount),
        _ => Err(ApiError::cannot_read_refund()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refund(body: Value) -> Result<RefundRequest, u32> {
        let body = body.to_string();
        read_refund(body.as_bytes(), Currency::EUR, None).map_err(|error| error.code)
    }

    fn amount(body: Value) -> Result<Option<i64>, u32> {
        refund(body).map(|asked| asked.amount)
    }

    #[test]
    fn a_refund_names_the_currency_of_the_order_and_may_leave_out_the_amount() {
        assert_eq!(amount(json!({"currency": "eur", "amount": "100"})), Ok(Some(100)));
        for all in [json!(null), json!(""), json!(0), json!("0"), json!([])] {
            assert_eq!(amount(json!({"currency": "EUR", "amount": all})), Ok(None));
        }
        assert_eq!(amount(json!({"currency": "EUR", "amount": 100.0})), Ok(Some(100)));
        assert_eq!(amount(json!({"currency": "EUR", "amount": 100.5})), Err(1001));
        assert_eq!(amount(json!({"currency": "USD", "amount": 1})), Err(1002));
        assert_eq!(amount(json!({"amount": 1})), Err(1002));
        for bad in [json!(-1), json!("1.5"), json!("x"), json!([1]), json!(1_000_000_000_000_i64)] {
            assert_eq!(amount(json!({"currency": "EUR", "amount": bad})), Err(1001));
        }
        let long = "x".repeat(201);
        assert_eq!(amount(json!({"currency": "EUR", "description": long})), Err(1008));
        let long = "x".repeat(51);
        assert_eq!(amount(json!({"currency": "EUR", "refund_order_id": long})), Err(1006));
        let long = "x".repeat(501);
        assert_eq!(amount(json!({"currency": "EUR", "var2": long})), Err(1010));
    }

    #[test]
    fn items_that_come_back_make_the_amount_where_none_is_given() {
        let item = |price: &str, quantity: &str| {
            json!({"name": "n", "unit_price": price, "quantity": quantity,
                "merchant_item_id": "1", "tax_table_selector": "high"})
        };
        let tables = json!({"alternate": [{"name": "high", "rules": [{"rate": 0.21}]}]});
        let data = json!({
            "items": [item("10.00", "3"), item("10.00", "-1"), item("-2.50", "1")],
            "tax_tables": tables,
        });
        // 12.50 and 21 % VAT, rounded over the whole.
        let asked = json!({"currency": "EUR", "checkout_data": data});
        assert_eq!(amount(asked.clone()), Ok(Some(1513)));
        let mut with_amount = asked;
        with_amount["amount"] = json!(37485);
        assert_eq!(amount(with_amount), Ok(Some(37485)));
        let nothing = json!({"items": [item("10.00", "1")]});
        assert_eq!(amount(json!({"currency": "EUR", "checkout_data": nothing})), Err(1033));
    }

    #[test]
    fn a_patch_cancels_ships_or_notes() {
        let patch =
            |body: Value| read_order_patch(body.to_string().as_bytes()).map_err(|error| error.code);
        for (exclude_order, expected) in [
            (json!(1), OrderPatch::Exclude),
            (json!(true), OrderPatch::Exclude),
            (json!("true"), OrderPatch::Exclude),
            (json!(0), OrderPatch::Cancel),
            (json!(false), OrderPatch::Cancel),
            (json!(null), OrderPatch::Cancel),
        ] {
            let body = json!({"status": "cancelled", "exclude_order": exclude_order});
            assert_eq!(patch(body), Ok(expected), "{exclude_order}");
        }
        let shipped = vec![("carrier", "PostNL".to_owned())];
        assert_eq!(
            patch(
                json!({"status": "shipped", "carrier": "PostNL", "invoice_id": "", "plugin": {}})
            ),
            Ok(OrderPatch::Ship(shipped))
        );
        let noted = vec![("invoice_id", "17".to_owned())];
        assert_eq!(patch(json!({"invoice_id": 17, "status": ""})), Ok(OrderPatch::Note(noted)));
        for yes in [json!(true), json!("true"), json!(1)] {
            assert_eq!(patch(json!({"extend_expiration": yes})), Ok(OrderPatch::Extend));
        }
        let part = |new_order_id: Option<&str>| {
            let new_order_id = new_order_id.map(str::to_owned);
            OrderPatch::ShipPart(PartShipment { amount: 5, new_order_id, notes: vec![] })
        };
        let amount = "partial_shipment_amount";
        assert_eq!(patch(json!({"status": "shipped", amount: 5})), Ok(part(None)));
        assert_eq!(patch(json!({amount: "5", "new_order_id": "b"})), Ok(part(Some("b"))));
        // Plugins that send every member have nothing to say with this one.
        let all = json!({"status": "shipped", amount: 0, "new_order_id": ""});
        assert_eq!(patch(all), Ok(OrderPatch::Ship(vec![])));
        for bad in [json!(-5), json!("1.5"), json!([5])] {
            assert_eq!(patch(json!({"status": "shipped", amount: bad})), Err(1001));
        }
        assert_eq!(patch(json!({amount: 0})), Err(1001));
        assert_eq!(patch(json!({amount: 5, "new_order_id": "x".repeat(51)})), Err(1006));
        assert_eq!(patch(json!({"status": "completed"})), Err(1000));
        assert_eq!(patch(json!({"plugin": {"shop": "x"}})), Err(1016));
        assert_eq!(read_order_patch(b"[]").unwrap_err().http_status, 400);
    }

    #[test]
    fn a_capture_takes_all_or_an_amount() {
        let capture =
            |body: Value| read_capture(body.to_string().as_bytes()).map_err(|error| error.code);
        let asked =
            capture(json!({"amount": 10, "new_order_id": "b", "new_order_status": "completed"}));
        assert_eq!(asked.as_ref().map(|it| it.amount), Ok(Some(10)));
        assert_eq!(asked.unwrap().new_order_id.as_deref(), Some("b"));
        assert_eq!(capture(json!({})).map(|it| it.amount), Ok(None));
        assert_eq!(capture(json!({"amount": 0})), Err(1001));
        assert_eq!(capture(json!({"amount": -5})), Err(1001));
        assert_eq!(capture(json!({"new_order_status": "void"})), Err(1000));
        assert_eq!(capture(json!({"new_order_id": "x".repeat(51)})), Err(1006));
    }

    #[test]
    fn other_patches_know_one_status_each() {
        let text = |body: Value| body.to_string().into_bytes();
        assert!(
            read_capture_patch(&text(json!({"status": "cancelled", "reason": "r",
            "new_order_status": "completed"})))
            .is_ok()
        );
        let code = |result: Result<(), ApiError>| result.unwrap_err().code;
        assert_eq!(code(read_capture_patch(&text(json!({"status": "cancelled"})))), 1016);
        assert_eq!(code(read_capture_patch(&text(json!({"reason": "r"})))), 1016);
        assert_eq!(
            code(read_capture_patch(&text(json!({"status": "completed", "reason": "r"})))),
            1000
        );
        assert!(read_refund_patch(&text(json!({"status": "void"}))).is_ok());
        assert_eq!(code(read_refund_patch(&text(json!({})))), 1016);
        assert_eq!(code(read_refund_patch(&text(json!({"status": "completed"})))), 1000);
        assert_eq!(read_increment(&text(json!({"amount": "7"}))).unwrap(), 7);
        assert_eq!(read_increment(&text(json!({}))).unwrap_err().code, 1001);
    }
}
