//! The address of a notification: the merchant's URL with the order's id and the time added.
//!
//! Works on the text, not on a parsed URL: what the merchant configured stays as it was typed.

/// Query parameter with the merchant's order id (never the gateway's transaction id).
const ORDER_PARAMETER: &str = "transactionid";
/// Query parameter with the Unix time in seconds of the attempt; equals the signed one.
const TIME_PARAMETER: &str = "timestamp";

/// What kind of notification it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Payload {
    /// About a transaction; the URL does not say so.
    Order,
    /// A session ended before there was a transaction: `payload_type=pretransaction`, which
    /// receivers acknowledge and ignore.
    PreTransaction,
}

/// The URL to call: `configured` with `transactionid`, `timestamp` (Unix seconds) and, for a
/// pre-transaction, `payload_type`. They come last in the query, form-encoded, and before a fragment.
#[must_use]
pub fn notification_url(
    configured: &str,
    order_id: &str,
    timestamp: i64,
    payload: Payload,
) -> String {
    let (address, fragment) = match configured.find('#') {
        Some(at) => configured.split_at(at),
        None => (configured, ""),
    };
    let joint = match address.find('?') {
        None => "?",
        Some(_) if address.ends_with(['?', '&']) => "",
        Some(_) => "&",
    };
    let mut added = form_urlencoded::Serializer::new(String::new());
    added.append_pair(ORDER_PARAMETER, order_id);
    added.append_pair(TIME_PARAMETER, &timestamp.to_string());
    if payload == Payload::PreTransaction {
        added.append_pair("payload_type", "pretransaction");
    }
    format!("{address}{joint}{}{fragment}", added.finish())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[track_caller]
    fn check(configured: &str, order_id: &str, payload: Payload, expected: &str) {
        assert_eq!(notification_url(configured, order_id, 1_700_000_000, payload), expected);
    }

    #[test]
    fn parameters_start_or_continue_the_query() {
        check(
            "https://shop.example/webhook",
            "7",
            Payload::Order,
            "https://shop.example/webhook?transactionid=7&timestamp=1700000000",
        );
        check(
            "https://shop.example/webhook?invoice=840",
            "7",
            Payload::Order,
            "https://shop.example/webhook?invoice=840&transactionid=7&timestamp=1700000000",
        );
        check(
            "https://shop.example/webhook?",
            "7",
            Payload::Order,
            "https://shop.example/webhook?transactionid=7&timestamp=1700000000",
        );
        check(
            "https://shop.example/?a=1&",
            "7",
            Payload::Order,
            "https://shop.example/?a=1&transactionid=7&timestamp=1700000000",
        );
    }

    #[test]
    fn a_query_of_the_merchant_stays_as_it_was_typed() {
        check(
            "https://shop.example/?rest_route=/multisafepay/v1/notification&x=%2fa",
            "7",
            Payload::Order,
            "https://shop.example/?rest_route=/multisafepay/v1/notification&x=%2fa\
             &transactionid=7&timestamp=1700000000",
        );
    }

    #[test]
    fn parameters_stand_before_a_fragment() {
        check(
            "https://shop.example/a#part?not=query",
            "7",
            Payload::Order,
            "https://shop.example/a?transactionid=7&timestamp=1700000000#part?not=query",
        );
    }

    #[test]
    fn an_order_id_is_form_encoded() {
        check(
            "https://shop.example/",
            "A/1 &é",
            Payload::Order,
            "https://shop.example/?transactionid=A%2F1+%26%C3%A9&timestamp=1700000000",
        );
    }

    #[test]
    fn a_pre_transaction_says_so() {
        check(
            "https://shop.example/",
            "7",
            Payload::PreTransaction,
            "https://shop.example/?transactionid=7&timestamp=1700000000\
             &payload_type=pretransaction",
        );
    }

    proptest! {
        #[test]
        fn receivers_read_back_the_order_id(order_id in "\\PC{1,50}", query in "(\\?[a-z]=[0-9a-z/]{0,5})?") {
            let configured = format!("http://shop.example/hook{query}");
            let url = notification_url(&configured, &order_id, 1, Payload::Order);
            let parsed = url::Url::parse(&url).unwrap();
            let read: Vec<_> = parsed.query_pairs().filter(|(k, _)| k == "transactionid").collect();
            prop_assert_eq!(read.len(), 1);
            prop_assert_eq!(&read[0].1, &order_id);
            prop_assert!(url.starts_with(&configured));
        }
    }
}
