//! Refusals as merchants read them: an HTTP status, a code, a text.
//!
//! Codes and texts are part of the contract; clients compare them. Texts are English whatever
//! the locale, and never carry internals or what the merchant sent.

use std::fmt;

use serde_json::Value;

/// A refusal of the API.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApiError {
    /// Status of the HTTP answer. 200 only for a refused card, which shops must be able to read.
    pub http_status: u16,
    /// `error_code`, an integer on the wire.
    pub code: u32,
    /// `error_info`, never empty.
    pub info: String,
}

/// Codes, statuses and texts that are always the same.
macro_rules! refusals {
    ($($(#[$meta:meta])* $name:ident = $status:literal, $code:literal, $info:literal;)*) => {
        impl ApiError {
            $($(#[$meta])* pub fn $name() -> ApiError { ApiError::new($status, $code, $info) })*
        }
        /// Every refusal with a text of its own, for tests and for the reference page.
        pub fn all() -> Vec<ApiError> {
            vec![$(ApiError::$name()),*]
        }
    };
}

refusals! {
    /// The body is not JSON, or not an object, or not UTF-8.
    not_json = 400, 1000, "Invalid JSON";
    /// `type` is none of the four that exist.
    unknown_message_type = 404, 1000, "Unknown message type";
    /// `capture` is something else than `manual`.
    invalid_capture = 404, 1000, "Invalid capture";
    /// `recurring_model` is none of the three that exist.
    invalid_recurring_model = 404, 1000, "Invalid recurring_model";
    /// `recurring_id` is no text, or names no token.
    unknown_token = 404, 1000, "Not found: token";
    /// The first payment of the token is still under way.
    token_not_active = 404, 1000, "Token not active";
    /// A reference has no tokens.
    no_tokens = 404, 1000, "Not found";
    /// A reference has no such token.
    token_gone = 410, 1000, "Not found: token";
    /// A reference has no such token that could be deleted.
    token_not_removed = 410, 1000, "Token not removed";
    /// A reference has no such token, or the date cannot be right.
    token_not_updated = 410, 1000, "Token not updated";
    /// There is nothing at this path.
    unknown_path = 404, 1000, "Not found";
    /// The path exists, the method does not.
    wrong_method = 405, 1000, "Method not allowed";
    /// The state of the order does not allow the change.
    change_not_possible = 410, 1000, "Not found";
    /// The state of the order does not allow the capture or its cancellation.
    not_allowed = 404, 1000, "Transaction not allowed";
    /// The endpoint exists but is not for this merchant.
    forbidden = 403, 1000, "Forbidden";
    /// The body is larger than any endpoint reads.
    body_too_large = 413, 1000, "Request body too large";
    /// The body did not arrive in time.
    timed_out = 408, 1000, "Request timed out";
    /// The merchant sends faster than is allowed.
    too_many_requests = 429, 1000, "Too many requests";
    /// `Idempotency-Key` is empty, too long, not visible ASCII, or there are several.
    invalid_idempotency_key = 400, 1000, "Invalid Idempotency-Key";
    /// The same request is being answered right now.
    request_under_way = 409, 1000, "A request with this Idempotency-Key is under way";
    /// The process that answered the request is gone; what it changed shows in the order.
    request_interrupted = 409, 1000, "The request was interrupted; see the order";
    /// The key was used for another method, path or body.
    key_of_other_request = 409, 1000, "Idempotency-Key was used for another request";
    /// Too much is under way; nothing was done.
    overloaded = 503, 1000, "Service unavailable";
    /// `amount` is missing, no whole number, or out of bounds.
    invalid_amount = 404, 1001, "Invalid amount";
    /// `currency` is missing, unknown, or not enabled.
    invalid_currency = 404, 1002, "Invalid currency";
    /// `order_id` is missing, too long, taken, or names no order of the site.
    invalid_order_id = 404, 1006, "Invalid transaction ID";
    /// An address of the payer is neither IPv4 nor IPv6.
    invalid_ip_address = 404, 1007, "Invalid IP address";
    /// `description` is missing or too long.
    invalid_description = 404, 1008, "Invalid description";
    /// `var1`, `var2` or `var3` is too long or no scalar.
    invalid_variable = 404, 1010, "Invalid variable";
    /// The acquirer failed in a way that has no name, before a transaction existed.
    unspecified = 404, 1014, "Unspecified error";
    /// Something that the operation cannot do without is missing.
    missing_data = 404, 1016, "Missing data";
    /// A country is not a code of ISO 3166-1 alpha-2.
    invalid_country = 404, 1018, "Invalid country code";
    /// The site is blocked.
    site_inactive = 404, 1019, "The site is blocked in your account";
    /// The account is blocked.
    account_blocked = 404, 1020, "Account is blocked";
    /// The acquirer cannot be reached, before a transaction existed.
    cannot_create = 404, 1021, "Cannot create transaction";
    /// The acquirer already has a transaction with this reference.
    cannot_initiate = 404, 1022, "Cannot initiate transaction";
    /// No payment method is left for the order.
    gateway_unavailable = 404, 1023, "No gateway (payment method) available";
    /// The card data cannot be right. The order is kept and can be read.
    transaction_declined = 200, 1024, "Transaction declined";
    /// The card was refused. The order is kept and can be read.
    declined = 200, 1024, "declined";
    /// Items have different currencies.
    cart_currencies_differ = 404, 1025, "Multiple currencies in cart";
    /// Items have another currency than the order.
    cart_currency_not_of_order = 404, 1026, "Cart currency different to order currency";
    /// The cart does not add up to the amount of the order.
    cart_amount_differs = 404, 1027, "Invalid cart amount";
    /// A tax rate is no number, or below zero.
    invalid_tax_rate = 404, 1028, "Incorrect custom tax rate";
    /// An item names a tax table that does not exist, and there is no default.
    unknown_tax_table = 404, 1029, "Invalid tax rate specified for item";
    /// An item has a currency that does not exist.
    invalid_item_currency = 404, 1030, "Incorrect item currency";
    /// A price or a quantity is missing or no number.
    invalid_item_price = 404, 1031, "Incorrect item price";
    /// The key is missing, unknown, revoked, or of the other environment.
    invalid_api_key = 401, 1032, "Invalid API key";
    /// What a refund needs could not be read.
    cannot_read_refund = 404, 1033, "Error fetching refund information";
    /// The refund is not possible.
    cannot_refund = 404, 1034, "Cannot refund transaction";
    /// The same amount was refunded on the order a moment ago.
    refund_repeated = 404, 1034, "Same refund done in short period";
    /// The stored cart no longer fits the amount.
    cart_not_validated = 404, 5001, "Cart data not validated";
    /// A fault of the gateway.
    internal = 500, 9999, "Unknown error";
}

impl ApiError {
    /// A refusal with a text of its own; everything usual has a constructor by name.
    pub fn new(http_status: u16, code: u32, info: &str) -> ApiError {
        ApiError { http_status, code, info: info.to_owned() }
    }

    /// Code 1000 with a text that says what is refused.
    pub fn refused(info: &str) -> ApiError {
        ApiError::new(404, 1000, info)
    }

    /// The envelope: `{"success":false,"data":{},"error_code":…,"error_info":"…"}`.
    pub fn to_json(&self) -> Vec<u8> {
        let info = super::canonical::to_vec(&Value::from(self.info.as_str()));
        let mut out = b"{\"success\":false,\"data\":{},\"error_code\":".to_vec();
        out.extend_from_slice(self.code.to_string().as_bytes());
        out.extend_from_slice(b",\"error_info\":");
        out.extend_from_slice(&info);
        out.push(b'}');
        out
    }
}

impl fmt::Display for ApiError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.code, self.info)
    }
}

impl std::error::Error for ApiError {}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_emitted_code_has_its_status() {
        for error in all() {
            let status = match (error.code, error.info.as_str()) {
                (1024, _) => 200,
                (1032, _) => 401,
                (9999, _) => 500,
                (1000, _) => continue,
                _ => 404,
            };
            assert_eq!(error.http_status, status, "{error}");
        }
        let codes: BTreeSet<u32> = all().iter().map(|error| error.code).collect();
        let expected = [
            1000, 1001, 1002, 1006, 1007, 1008, 1010, 1014, 1016, 1018, 1019, 1020, 1021, 1022,
            1023, 1024, 1025, 1026, 1027, 1028, 1029, 1030, 1031, 1032, 1033, 1034, 5001, 9999,
        ];
        assert_eq!(codes, BTreeSet::from(expected));
    }

    #[test]
    fn every_envelope_is_complete() {
        let text: Vec<String> = all()
            .iter()
            .map(|error| {
                let body = String::from_utf8(error.to_json()).unwrap();
                format!("{} {body}", error.http_status)
            })
            .collect();
        insta::assert_snapshot!(text.join("\n"));
    }
}
