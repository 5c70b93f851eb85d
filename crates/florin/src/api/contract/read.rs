//! Reading `POST /orders`.
//!
//! The checks stand in the order of the contract, and the first that fails answers, so that a
//! request with several faults always gets the same refusal. Nothing is stored and nothing is
//! looked up here; whether the order id is free is the caller's next question.

use florin_core::card::Brand;
use florin_core::method::{Ability, Method};
use florin_core::money::{Currency, MINOR_MAX, Money};
use florin_core::order_id::OrderId;
use serde_json::Value;
use zeroize::Zeroize;

use crate::clock::UnixMillis;

use super::card_input::RawCard;
use super::cart::Cart;
use super::customer::{self, Address, Customer};
use super::errors::ApiError;
use super::payment_options::PaymentOptions;
use super::request::{
    Extras, Gateway, MethodInfo, OrderDetails, OrderKind, OrderRequest, PaymentData, RecurringModel,
};
use super::rules::{SiteRules, brand_takes};
use super::scalars::{Fields, Scalar};

/// Most characters of a description.
pub const DESCRIPTION_CHARS_MAX: usize = 200;
/// Most characters of `var1`, `var2`, `var3`.
pub const VAR_CHARS_MAX: usize = 500;
/// Most characters of a member of `custom_info` that are kept.
pub const CUSTOM_INFO_CHARS_MAX: usize = 500;
/// Most characters of the merchant's own list of items that are kept.
pub const ITEMS_CHARS_MAX: usize = 65_536;
/// Most characters of a token that are looked at.
pub const TOKEN_CHARS_MAX: usize = 100;
/// How long a session can be paid unless the order says otherwise: 30 days.
pub const SECONDS_ACTIVE_USUAL: u32 = 30 * SECONDS_PER_DAY;
/// The longest that a session can be paid: 365 days.
pub const SECONDS_ACTIVE_MAX: u32 = 365 * SECONDS_PER_DAY;

const SECONDS_PER_DAY: u32 = 86_400;
const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// Reads the body of a request for an order and checks it against the rules of the site, as of
/// `now`.
///
/// Checks what can be known without looking anything up: everything from the JSON to the
/// presence of card data. Card data that are there but cannot be right are no error here; they
/// are in [`OrderRequest::card`], so that the order can be kept as declined. The caller still
/// has to refuse what [is not offered](OrderDetails::not_offered).
pub fn read_order(
    body: &[u8],
    site: &SiteRules,
    now: UnixMillis,
) -> Result<OrderRequest, ApiError> {
    let mut order = json_object(body)?;
    let request = read_members(Fields::of(&order), site, now);
    wipe(&mut order);
    request
}

/// Any body of the API: one JSON object in UTF-8, perhaps with a byte order mark. Of members
/// with one name the last counts. What is nested deeper than 128 levels is no request.
pub fn json_object(body: &[u8]) -> Result<Value, ApiError> {
    let body = body.strip_prefix(BYTE_ORDER_MARK).unwrap_or(body);
    match serde_json::from_slice(body) {
        Ok(value @ Value::Object(_)) => Ok(value),
        Ok(mut other) => {
            wipe(&mut other);
            Err(ApiError::not_json())
        }
        Err(_) => Err(ApiError::not_json()),
    }
}

fn read_members(
    order: Fields<'_>,
    site: &SiteRules,
    now: UnixMillis,
) -> Result<OrderRequest, ApiError> {
    let kind = read_kind(order)?;
    let manual_capture = read_capture(order)?;
    let (recurring_model, recurring_id) = read_recurring(order)?;
    if recurring_model.is_some_and(|model| !site.tokenization.contains(&model)) {
        return Err(ApiError::not_allowed());
    }
    let order_id = read_order_id(order)?;
    let currency = read_currency(order, site)?;
    let amount = read_amount(order, currency, site)?;
    let description = read_description(order)?;

    let info = order.object("gateway_info");
    let payment_data = read_payment_data(order);
    let has_other_source = recurring_id.is_some() || payment_data.is_some();
    let gateway = read_gateway(order, kind, has_other_source)?;
    let other = match gateway {
        Some(Gateway::Other(method)) => Some(method),
        Some(Gateway::Brand(_) | Gateway::CreditCard) | None => None,
    };
    let takes_card = kind == OrderKind::Direct && !has_other_source && other.is_none();
    let card = takes_card.then(|| RawCard::read(info));
    match other {
        // Tokens are cards: no other method can charge one.
        Some(_) if recurring_id.is_some() => return Err(ApiError::not_allowed()),
        Some(_) if has_other_source || manual_capture => {
            return Err(ApiError::gateway_unavailable());
        }
        Some(method) => check_method(method, kind, amount, site)?,
        None => check_gateway(gateway, card.as_ref(), amount, manual_capture, site)?,
    }

    let customer_fields = order.object("customer");
    let delivery_fields = order.object("delivery");
    customer::check(customer_fields, delivery_fields)?;
    let vars = read_vars(order)?;
    let customer = Customer::read(customer_fields);
    let delivery =
        Some(Address::read(delivery_fields)).filter(|address| *address != Address::default());
    let goes_to = delivery.as_ref().and_then(Address::country).or(customer.address.country());
    let cart = Cart::read(order, amount, goes_to)?;
    if other.is_some_and(|method| method.can(Ability::NeedsCart)) && cart.is_none() {
        return Err(ApiError::missing_data());
    }

    let payment_options = PaymentOptions::read(order.object("payment_options"));
    let cvc = recurring_id.as_ref().filter(|_| site.server_to_server);
    let cvc = cvc.and_then(|_| RawCard::read(info).code_alone());
    let card = match (card, gateway) {
        (Some(card), Some(gateway)) => {
            card.check_presence(gateway, site, payment_options.redirect_url.as_ref())?;
            Some(card.into_input(gateway, site, now))
        }
        _ => None,
    };
    let details = OrderDetails {
        kind,
        order_id,
        gateway,
        amount,
        description,
        payment_options,
        customer,
        delivery,
        manual_capture,
        recurring_model,
        recurring_id,
        payment_data,
        method_info: if other.is_some() { read_method_info(info) } else { MethodInfo::default() },
        cart,
        items: order.short_text("items", ITEMS_CHARS_MAX),
        vars,
        custom_info: read_custom_info(order.object("custom_info")),
        seconds_active: read_seconds_active(order),
        second_chance: read_second_chance(order.object("second_chance")),
        analytics_account: read_analytics(order.object("google_analytics")),
        extras: read_extras(order),
    };
    Ok(OrderRequest { details, card, cvc })
}

fn read_kind(order: Fields<'_>) -> Result<OrderKind, ApiError> {
    let text = match order.scalar("type") {
        Scalar::Absent => return Ok(OrderKind::Redirect),
        Scalar::Text(text) => text,
        Scalar::NotScalar => return Err(ApiError::unknown_message_type()),
    };
    match text.trim().to_ascii_lowercase().as_str() {
        "direct" => Ok(OrderKind::Direct),
        "redirect" => Ok(OrderKind::Redirect),
        "paymentlink" => Ok(OrderKind::PaymentLink),
        "checkout" => Ok(OrderKind::Checkout),
        _ => Err(ApiError::unknown_message_type()),
    }
}

fn read_capture(order: Fields<'_>) -> Result<bool, ApiError> {
    match order.scalar("capture") {
        Scalar::Absent => Ok(false),
        Scalar::Text(text) if text.trim().eq_ignore_ascii_case("manual") => Ok(true),
        Scalar::Text(_) | Scalar::NotScalar => Err(ApiError::invalid_capture()),
    }
}

/// Two spellings: members of the order, and an object; the members win.
fn read_recurring(order: Fields<'_>) -> Result<(Option<RecurringModel>, Option<String>), ApiError> {
    let nested = order.object("recurring");
    let either = |name, nested_name| match order.scalar(name) {
        Scalar::Absent => nested.scalar(nested_name),
        sent => sent,
    };
    let model = match either("recurring_model", "model") {
        Scalar::Absent => None,
        Scalar::Text(text) => {
            Some(RecurringModel::parse(&text).ok_or_else(ApiError::invalid_recurring_model)?)
        }
        Scalar::NotScalar => return Err(ApiError::invalid_recurring_model()),
    };
    let id = match either("recurring_id", "id") {
        Scalar::Absent => None,
        Scalar::Text(text) if text.trim().chars().count() <= TOKEN_CHARS_MAX => {
            Some(text.trim().to_owned())
        }
        Scalar::Text(_) | Scalar::NotScalar => return Err(ApiError::unknown_token()),
    };
    Ok((model, id))
}

fn read_order_id(order: Fields<'_>) -> Result<OrderId, ApiError> {
    match order.get("order_id") {
        Some(Value::String(text)) => OrderId::parse(text),
        Some(Value::Number(number)) => OrderId::parse(number.as_str()),
        _ => return Err(ApiError::invalid_order_id()),
    }
    .map_err(|_| ApiError::invalid_order_id())
}

fn read_currency(order: Fields<'_>, site: &SiteRules) -> Result<Currency, ApiError> {
    order
        .text("currency")
        .and_then(|code| Currency::parse(code.trim()).ok())
        .filter(|currency| site.takes(*currency))
        .ok_or_else(ApiError::invalid_currency)
}

fn read_amount(order: Fields<'_>, currency: Currency, site: &SiteRules) -> Result<Money, ApiError> {
    let minor = order.whole("amount").ok_or_else(ApiError::invalid_amount)?;
    let least = if site.zero_authorization { 0 } else { 1 };
    let most = site.amount_max(currency).min(MINOR_MAX);
    if !(least..=most).contains(&minor) || shares_exceed(order, minor) {
        return Err(ApiError::invalid_amount());
    }
    Ok(Money::new(minor, currency))
}

/// Whether the fixed shares for other accounts are more than there is to share.
fn shares_exceed(order: Fields<'_>, minor: i64) -> bool {
    let shares = order.object("affiliate").list("split_payments");
    let fixed = shares.iter().filter_map(|share| Fields::of(share).whole("fixed"));
    let sum = fixed.fold(0i64, |sum, share| sum.saturating_add(share.max(0)));
    sum > minor
}

fn read_description(order: Fields<'_>) -> Result<String, ApiError> {
    let text = order.text("description").ok_or_else(ApiError::invalid_description)?;
    match text.chars().count() {
        1..=DESCRIPTION_CHARS_MAX => Ok(text),
        _ => Err(ApiError::invalid_description()),
    }
}

fn read_payment_data(order: Fields<'_>) -> Option<PaymentData> {
    let data = order.object("payment_data");
    (!data.lacks("payload")).then(|| PaymentData {
        gateway: data.text("gateway"),
        tokenize: data.boolean("tokenize").unwrap_or(false),
    })
}

fn read_gateway(
    order: Fields<'_>,
    kind: OrderKind,
    has_other_source: bool,
) -> Result<Option<Gateway>, ApiError> {
    match order.scalar("gateway") {
        Scalar::Absent if kind != OrderKind::Direct || has_other_source => Ok(None),
        Scalar::Text(code) => {
            Gateway::parse(&code).map(Some).ok_or_else(ApiError::gateway_unavailable)
        }
        Scalar::Absent | Scalar::NotScalar => Err(ApiError::gateway_unavailable()),
    }
}

/// Whether the gateway, or the brand that the number has, is enabled and can do what is asked.
fn check_gateway(
    gateway: Option<Gateway>,
    card: Option<&RawCard>,
    amount: Money,
    manual_capture: bool,
    site: &SiteRules,
) -> Result<(), ApiError> {
    let unavailable = ApiError::gateway_unavailable();
    let brand = match gateway {
        Some(Gateway::Brand(brand)) => Some(brand),
        Some(Gateway::CreditCard) if !site.creditcard => return Err(unavailable),
        // A number without a brand is judged later, with the other card data.
        Some(Gateway::CreditCard) => card.and_then(RawCard::brand),
        Some(Gateway::Other(_)) | None => None,
    };
    if site.brands.is_empty() || brand.is_some_and(|brand| !site.brands.contains(&brand)) {
        return Err(unavailable);
    }
    if brand.is_some_and(|brand| !brand_takes(brand, amount.currency)) {
        return Err(unavailable);
    }
    if amount.minor == 0 && brand.is_some_and(|brand| !brand.allows_zero_authorization()) {
        return Err(ApiError::invalid_amount());
    }
    let can_wait = site.manual_capture && brand.is_none_or(Brand::allows_manual_capture);
    if manual_capture && !can_wait {
        return Err(unavailable);
    }
    let sends_card = card.is_some_and(RawCard::has_data);
    let is_moto = card.is_some_and(RawCard::is_moto);
    if (sends_card && !site.server_to_server) || (is_moto && !site.moto) {
        return Err(unavailable);
    }
    Ok(())
}

/// Whether a method that is no card is open, and takes such an order.
fn check_method(
    method: &Method,
    kind: OrderKind,
    amount: Money,
    site: &SiteRules,
) -> Result<(), ApiError> {
    let can = kind != OrderKind::Direct || method.takes_direct();
    if !site.other_methods || !can || !method.takes_currency(amount.currency.code()) {
        return Err(ApiError::gateway_unavailable());
    }
    if amount.minor == 0 { Err(ApiError::invalid_amount()) } else { Ok(()) }
}

/// What the provider of a method is told.
fn read_method_info(info: Fields<'_>) -> MethodInfo {
    let text = |name| info.short_text(name, customer::FIELD_CHARS_MAX);
    MethodInfo {
        issuer: text("issuer_id"),
        holder: text("account_holder_name"),
        account: text("account_holder_iban").or_else(|| text("account_id")),
        birthday: text("birthday"),
    }
}

fn read_vars(order: Fields<'_>) -> Result<[Option<String>; 3], ApiError> {
    let read = |name| match order.scalar(name) {
        Scalar::Absent => Ok(None),
        Scalar::Text(text) if text.chars().count() <= VAR_CHARS_MAX => Ok(Some(text)),
        Scalar::Text(_) | Scalar::NotScalar => Err(ApiError::invalid_variable()),
    };
    Ok([read("var1")?, read("var2")?, read("var3")?])
}

/// Two spellings: `custom_1` and `custom1`.
fn read_custom_info(info: Fields<'_>) -> [Option<String>; 3] {
    [("custom_1", "custom1"), ("custom_2", "custom2"), ("custom_3", "custom3")].map(
        |(name, alias)| {
            let text = |name| info.short_text(name, CUSTOM_INFO_CHARS_MAX);
            text(name).or_else(|| text(alias))
        },
    )
}

/// Seconds win over days; what is out of range is brought into it.
fn read_seconds_active(order: Fields<'_>) -> u32 {
    let seconds = order.whole("seconds_active").filter(|seconds| *seconds > 0);
    let days = order.whole("days_active").filter(|days| *days > 0);
    let asked = seconds.or(days.map(|days| days.saturating_mul(i64::from(SECONDS_PER_DAY))));
    match asked.map(u32::try_from) {
        None => SECONDS_ACTIVE_USUAL,
        Some(Ok(seconds)) => seconds.min(SECONDS_ACTIVE_MAX),
        Some(Err(_)) => SECONDS_ACTIVE_MAX,
    }
}

fn read_second_chance(second_chance: Fields<'_>) -> bool {
    let sent = |name| second_chance.boolean(name);
    sent("send_email").or_else(|| sent("send_mail")).unwrap_or(false)
}

fn read_analytics(analytics: Fields<'_>) -> Option<String> {
    let text = |name| analytics.short_text(name, customer::FIELD_CHARS_MAX);
    text("account").or_else(|| text("account_id"))
}

fn read_extras(order: Fields<'_>) -> Extras {
    let options = order.object("payment_options");
    let text = |fields: Fields<'_>| fields.short_text("template_id", customer::FIELD_CHARS_MAX);
    Extras {
        affiliate: order.get("affiliate").cloned(),
        plugin: order.get("plugin").cloned(),
        template_id: text(order).or_else(|| text(options)),
        template: order.get("template").or_else(|| options.get("template")).cloned(),
    }
}

/// Overwrites every text of a request, because card data may be in any of them.
fn wipe(value: &mut Value) {
    match value {
        Value::String(text) => text.zeroize(),
        Value::Array(items) => items.iter_mut().for_each(wipe),
        Value::Object(members) => members.values_mut().for_each(wipe),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

#[cfg(test)]
mod tests;
