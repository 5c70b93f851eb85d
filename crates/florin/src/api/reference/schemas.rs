//! The shapes that more than one operation has, and those that are too long to stand beside one.

use serde_json::{Value, json};

use super::Parameter;
use super::schema::{
    boolean, list, loose_text, meaning, minor_units, named, number, object, one_of, open_object,
    or_null, text, text_max, timestamp, whole, whole_from,
};

/// The part of an address with this name.
pub(super) fn of_path(name: &'static str) -> Parameter {
    let (text, schema) = match name {
        "order_id" => (
            "The merchant's name for the order, or its transaction number. One segment: a slash in \
             it is sent as %2F.",
            json!({ "type": "string", "minLength": 1, "maxLength": 50 }),
        ),
        "refund_id" => ("The number of the refund, as its answer told it", id()),
        "gateway" => ("The id of a gateway, in any case", text_max(50)),
        "sandbox" => ("The name of a sandbox", text_max(40)),
        "notification_id" => ("As the stream of notifications told it", text_max(50)),
        "file" => ("The id of a method or brand in lower case, and .svg", text_max(100)),
        "transaction_id" => ("The number of a transaction", id()),
        "reference" => ("The merchant's name for the payer, percent-encoded", text_max(255)),
        "session" => ("From the payment_url that an answer told", text_max(100)),
        "token" => (
            "From the address that the gateway told: it is the payer's or the payment's own",
            json!({ "type": "string", "minLength": 1, "maxLength": 200 }),
        ),
        _ => ("", json!({ "type": "string", "minLength": 1, "maxLength": 200 })),
    };
    Parameter { name, place: "path", text, schema, example: None }
}

fn id() -> Value {
    whole_from(1, 9_007_199_254_740_991)
}

pub(super) fn idempotency_key() -> Parameter {
    Parameter {
        name: "Idempotency-Key",
        place: "header",
        text: "New for each thing that is to be done once. Sent again within 24 hours, the same \
               request is answered with the same bytes.",
        schema: json!({ "type": "string", "pattern": "^[!-~]{1,255}$" }),
        example: None,
    }
}

/// Schemas by name.
pub(super) fn components() -> Value {
    json!({
        "OrderRequest": order_request(),
        "Customer": customer_request(),
        "Address": address_request(),
        "CartItem": item_request(),
        "Order": order(),
        "CreatedOrder": created_order(),
        "PaymentDetails": payment_details(),
        "RelatedTransaction": related(),
        "Dispute": dispute(),
        "Case": case(),
        "PaymentMethod": payment_method(),
        "RiskReport": risk_report(),
        "Fault": fault(),
        "SiteClock": clock(),
    })
}

const GATEWAYS: [&str; 5] = ["CREDITCARD", "VISA", "MASTERCARD", "AMEX", "MAESTRO"];

fn order_request() -> Value {
    let url = || json!({ "type": "string", "format": "uri", "maxLength": 2048 });
    object([
        ("type!", meaning("direct: the card comes with the request", one_of(&["direct"]))),
        (
            "order_id!",
            meaning(
                "The merchant's own, new for each payment",
                json!({
                    "type": ["string", "number"], "minLength": 1, "maxLength": 50,
                }),
            ),
        ),
        (
            "currency!",
            meaning(
                "ISO 4217",
                json!({
                    "type": "string", "pattern": "^[A-Z]{3}$", "examples": ["EUR", "USD", "GBP"],
                }),
            ),
        ),
        ("amount!", minor_units()),
        ("gateway!", meaning("CREDITCARD finds the brand by the number", one_of(&GATEWAYS))),
        ("description!", json!({ "type": "string", "minLength": 1, "maxLength": 200 })),
        (
            "capture",
            meaning(
                "manual: authorized now, captured by a call of its own. Not on American Express",
                one_of(&["manual"]),
            ),
        ),
        (
            "gateway_info!",
            object([
                (
                    "card_number!",
                    json!({ "type": ["string", "integer"], "pattern": "^[0-9 -]{12,23}$" }),
                ),
                ("card_holder_name", loose_text(255)),
                (
                    "card_expiry_date!",
                    meaning(
                        "YYMM",
                        json!({
                            "type": ["string", "integer"], "pattern": "^[0-9]{4}$",
                        }),
                    ),
                ),
                (
                    "card_cvc!",
                    meaning(
                        "Three digits, four on American Express",
                        json!({
                            "type": ["string", "integer"], "pattern": "^[0-9]{3,4}$",
                        }),
                    ),
                ),
                (
                    "flexible_3d",
                    meaning(
                        "true asks for a challenge, false leaves 3-D Secure out, where the site may decide",
                        boolean(),
                    ),
                ),
                (
                    "moto",
                    meaning(
                        "Ordered by mail or telephone, where the site may take such",
                        boolean(),
                    ),
                ),
                ("term_url", meaning("Where the payer goes after a challenge", url())),
            ]),
        ),
        (
            "payment_options",
            object([
                ("notification_url", meaning("Where changes of the order are reported", url())),
                (
                    "notification_method",
                    meaning("POST carries the order and is signed", one_of(&["GET", "POST"])),
                ),
                ("redirect_url", meaning("Where the payer goes after success", url())),
                ("cancel_url", meaning("Where the payer goes after failure", url())),
                ("close_window", boolean()),
            ]),
        ),
        ("customer", named("Customer")),
        ("delivery", named("Address")),
        ("shopping_cart", object([("items", list(named("CartItem")))])),
        (
            "checkout_options",
            object([
                ("validate_cart", meaning("Refuse when the cart does not add up", boolean())),
                (
                    "tax_tables",
                    object([
                        ("default", object([("rate", number()), ("shipping_taxed", boolean())])),
                        (
                            "alternate",
                            list(object([
                                ("name", loose_text(255)),
                                ("standalone", boolean()),
                                (
                                    "rules",
                                    list(object([
                                        (
                                            "rate!",
                                            json!({ "type": "number", "minimum": 0, "maximum": 1 }),
                                        ),
                                        ("country", text()),
                                    ])),
                                ),
                            ])),
                        ),
                    ]),
                ),
            ]),
        ),
        ("var1", loose_text(500)),
        ("var2", loose_text(500)),
        ("var3", loose_text(500)),
        (
            "custom_info",
            object([
                ("custom_1", loose_text(500)),
                ("custom_2", loose_text(500)),
                ("custom_3", loose_text(500)),
            ]),
        ),
        ("plugin", meaning("The shop's software; kept for support", open_object())),
    ])
}

fn address_request() -> Value {
    object([
        ("first_name", loose_text(255)),
        ("last_name", loose_text(255)),
        ("address1", loose_text(255)),
        ("address2", loose_text(255)),
        ("house_number", loose_text(255)),
        ("zip_code", loose_text(255)),
        ("city", loose_text(255)),
        ("state", loose_text(255)),
        (
            "country",
            meaning(
                "ISO 3166-1, two letters",
                json!({
                    "type": "string", "pattern": "^[A-Z]{2}$", "examples": ["NL", "DE"],
                }),
            ),
        ),
        ("phone", loose_text(255)),
        ("email", loose_text(255)),
    ])
}

fn customer_request() -> Value {
    let mut customer = address_request();
    let more = object([
        ("locale", meaning("Language of pages and texts for the payer", text_max(255))),
        (
            "ip_address",
            json!({ "type": "string", "anyOf": [
            { "format": "ipv4" }, { "format": "ipv6" }, { "maxLength": 0 },
        ] }),
        ),
        (
            "forwarded_ip",
            json!({ "type": "string", "anyOf": [
            { "format": "ipv4" }, { "format": "ipv6" }, { "maxLength": 0 },
        ] }),
        ),
        ("company_name", loose_text(255)),
        ("gender", text_max(255)),
        ("birthday", loose_text(255)),
        ("title", text_max(255)),
        ("reference", meaning("The merchant's name for the payer", loose_text(255))),
        ("referrer", text_max(2048)),
        ("user_agent", text_max(2048)),
        ("disable_send_email", boolean()),
        (
            "browser",
            meaning(
                "The payer's browser, for 3-D Secure without a page of the gateway",
                object([
                    ("javascript_enabled", boolean()),
                    ("java_enabled", boolean()),
                    ("cookies_enabled", boolean()),
                    ("language", text()),
                    ("accept_header", text_max(2048)),
                    ("screen_color_depth", loose_text(255)),
                    ("screen_height", loose_text(255)),
                    ("screen_width", loose_text(255)),
                    ("time_zone", loose_text(255)),
                    ("user_agent", text_max(2048)),
                    ("platform", text()),
                    ("ip_address", text()),
                ]),
            ),
        ),
    ]);
    if let (Some(all), Some(more)) =
        (customer["properties"].as_object_mut(), more["properties"].as_object())
    {
        all.extend(more.iter().map(|(name, schema)| (name.clone(), schema.clone())));
    }
    customer
}

fn item_request() -> Value {
    let decimal = || json!({ "type": "number", "minimum": -1_000_000, "maximum": 1_000_000 });
    object([
        ("name", loose_text(255)),
        ("description", loose_text(255)),
        ("unit_price!", meaning("Without tax, in major units", decimal())),
        ("quantity!", decimal()),
        ("merchant_item_id", loose_text(255)),
        ("tax_table_selector", loose_text(255)),
        ("currency", text()),
        ("weight", object([("unit", text()), ("value", json!({ "type": ["number", "string"] }))])),
    ])
}

/// The statuses of orders.
pub(crate) const STATUSES: [&str; 11] = [
    "initialized",
    "completed",
    "uncleared",
    "declined",
    "cancelled",
    "expired",
    "void",
    "shipped",
    "refunded",
    "partial_refunded",
    "chargedback",
];

const FINANCIAL_STATUSES: [&str; 7] =
    ["initialized", "completed", "uncleared", "declined", "cancelled", "expired", "void"];

fn cost() -> Value {
    object([
        ("amount!", meaning("In major units, unlike every other amount", number())),
        ("description!", text()),
        ("transaction_id!", whole()),
        ("type!", text()),
    ])
}

fn order() -> Value {
    let text_or_null = || or_null(text());
    object([
        ("amount!", meaning("In minor units", whole())),
        ("amount_refunded!", whole()),
        ("auth_order_id", meaning("Of a captured part: the order that was authorized", text())),
        ("checkout_options", open_object()),
        ("completed", timestamp()),
        ("costs!", list(cost())),
        ("created!", timestamp()),
        ("currency!", text()),
        (
            "custom_info!",
            object([
                ("custom_1!", text_or_null()),
                ("custom_2!", text_or_null()),
                ("custom_3!", text_or_null()),
            ]),
        ),
        ("customer!", customer()),
        ("description!", text()),
        ("fastcheckout!", one_of(&["NO"])),
        ("financial_status!", meaning("Where the money is", or_null(one_of(&FINANCIAL_STATUSES)))),
        ("items!", meaning("HTML, as data: never to be shown unescaped", text_or_null())),
        ("modified!", timestamp()),
        ("order_adjustment", object([("total_adjustment!", number()), ("total_tax!", number())])),
        ("order_id!", text()),
        ("order_total", meaning("The cart with tax, in major units", number())),
        ("payment_details!", json!({ "anyOf": [named("PaymentDetails"), { "type": "null" }] })),
        (
            "payment_methods!",
            list(object([
                ("account_holder_name!", text_or_null()),
                ("amount!", whole()),
                ("card_expiry_date!", text_or_null()),
                ("currency!", text()),
                ("description!", text()),
                ("external_transaction_id!", text_or_null()),
                ("last4!", text_or_null()),
                ("payment_description!", text_or_null()),
                ("status!", text()),
                ("type!", text_or_null()),
            ])),
        ),
        ("reason!", meaning("Why it is as it is, in words", text_or_null())),
        ("reason_code!", text_or_null()),
        (
            "related_transactions!",
            meaning("Refunds, captures, chargebacks", or_null(list(named("RelatedTransaction")))),
        ),
        ("shopping_cart", open_object()),
        ("status!", meaning("The life of the order", one_of(&STATUSES))),
        ("transaction_id!", meaning("Nothing before there is a payment", or_null(whole()))),
        ("var1!", text_or_null()),
        ("var2!", text_or_null()),
        ("var3!", text_or_null()),
    ])
}

fn created_order() -> Value {
    let mut created = order();
    let more = object([
        ("payment_url!", meaning("Where to send the payer next", text())),
        ("cancel_url", text()),
        ("session_id", text()),
        (
            "customer_verification",
            meaning(
                "A page that leads to the bank's question, for shops that show it themselves",
                object([("type!", one_of(&["form"])), ("html!", text())]),
            ),
        ),
    ]);
    if let (Some(all), Some(more)) =
        (created["properties"].as_object_mut(), more["properties"].as_object())
    {
        all.extend(more.iter().map(|(name, schema)| (name.clone(), schema.clone())));
    }
    if let Some(required) = created["required"].as_array_mut() {
        required.push(json!("payment_url"));
    }
    created
}

fn customer() -> Value {
    let shown = || or_null(text());
    object([
        ("address1!", shown()),
        ("address2!", shown()),
        ("city!", shown()),
        ("company_name!", shown()),
        ("country!", shown()),
        ("country_name!", shown()),
        ("email!", shown()),
        ("first_name!", shown()),
        ("house_number!", shown()),
        ("last_name!", shown()),
        ("locale!", shown()),
        ("phone1!", shown()),
        ("phone2!", shown()),
        ("reference", text()),
        ("state!", shown()),
        ("zip_code!", shown()),
    ])
}

fn payment_details() -> Value {
    let shown = || or_null(text());
    object([
        ("account_holder_name!", shown()),
        ("account_id!", shown()),
        ("authorization_code", text()),
        ("capture", one_of(&["manual"])),
        ("capture_expiry", timestamp()),
        ("capture_remain", meaning("What can still be captured, in minor units", whole())),
        ("card_additional_response_data", object([("cavv_results_code!", text())])),
        ("card_authentication_details", object([("exemption!", shown()), ("flow!", shown())])),
        (
            "card_authentication_result",
            meaning(
                "The outcome of 3-D Secure",
                object([
                    ("acs_transaction_id!", shown()),
                    ("cavv!", shown()),
                    ("challenge_cancel!", shown()),
                    ("ds_transaction_id!", shown()),
                    ("eci!", shown()),
                    ("status!", shown()),
                    ("transaction_status_reason!", shown()),
                    ("version!", shown()),
                ]),
            ),
        ),
        ("card_entry_mode", text()),
        ("card_expiry_date!", meaning("YYMM", shown())),
        ("card_funding", text()),
        ("card_product", text()),
        ("card_verification_result", text()),
        ("external_transaction_id!", shown()),
        ("issuer_bin", text()),
        ("issuer_country_code", text()),
        ("last4!", shown()),
        ("mcc", text()),
        ("recurring_flow!", shown()),
        ("recurring_id!", shown()),
        ("recurring_model!", shown()),
        ("response_code", meaning("The issuer's answer: 00 is yes", text())),
        ("scheme_reference_id", text()),
        ("type!", meaning("The brand", shown())),
    ])
}

fn related() -> Value {
    object([
        ("amount!", whole()),
        ("costs!", or_null(list(cost()))),
        ("created!", timestamp()),
        ("currency!", text()),
        ("description!", text()),
        ("dispute", named("Dispute")),
        ("items!", json!({ "type": "null" })),
        ("modified!", timestamp()),
        ("order_id!", text()),
        ("reference_transaction_id!", whole()),
        ("refund_order_id", text()),
        ("status!", text()),
        ("transaction_id!", whole()),
        (
            "type!",
            one_of(&["refund", "capture", "chargeback", "reverse-chargeback", "auth-cancellation"]),
        ),
    ])
}

fn dispute() -> Value {
    object([
        ("merchant_response_date!", meaning("Until when the merchant can answer", text())),
        ("reason_code!", text()),
        ("reason_description!", text()),
        (
            "status!",
            one_of(&["new", "ready", "open", "accepted", "submitted", "processed", "closed"]),
        ),
    ])
}

fn case() -> Value {
    object([
        ("amount!", whole()),
        ("created!", timestamp()),
        ("currency!", text()),
        ("dispute!", named("Dispute")),
        ("due!", timestamp()),
        ("files!", whole()),
        ("order_id!", text()),
        ("reference!", or_null(text())),
        ("reverse_transaction_id!", meaning("What brought the money back", or_null(whole()))),
        ("transaction_id!", whole()),
    ])
}

fn payment_method() -> Value {
    let texts = || list(text());
    let icons = || object([("large!", text()), ("medium!", text()), ("vector!", text())]);
    let qr = || object([("supported!", boolean())]);
    object([
        ("additional_data!", open_object()),
        ("allowed_amount!", object([("max!", or_null(whole())), ("min!", whole())])),
        ("allowed_countries!", meaning("Empty for all", texts())),
        ("allowed_currencies!", texts()),
        (
            "apps!",
            object([
                ("fastcheckout!", object([("is_enabled!", boolean()), ("qr!", qr())])),
                (
                    "payment_components!",
                    object([("has_fields!", boolean()), ("is_enabled!", boolean()), ("qr!", qr())]),
                ),
            ]),
        ),
        (
            "brands!",
            list(object([
                ("allowed_countries!", texts()),
                ("icon_urls!", icons()),
                ("id!", text()),
                ("name!", text()),
            ])),
        ),
        ("icon_urls!", icons()),
        ("id!", text()),
        ("is_wallet!", boolean()),
        ("manual_capture!", object([("is_enabled!", boolean()), ("supported!", boolean())])),
        ("name!", text()),
        ("preferred_countries!", texts()),
        ("required_customer_data!", texts()),
        ("shopping_cart_required!", boolean()),
        (
            "tokenization!",
            object([
                ("is_enabled!", boolean()),
                (
                    "models!",
                    or_null(object([
                        ("cardonfile!", boolean()),
                        ("subscription!", boolean()),
                        ("unscheduled!", boolean()),
                    ])),
                ),
            ]),
        ),
        ("type!", text()),
    ])
}

fn risk_report() -> Value {
    let rule = || object([("rule!", text()), ("why!", text())]);
    object([
        ("order_id!", text()),
        ("transaction_id!", whole()),
        ("status!", one_of(&STATUSES)),
        ("score!", meaning("1 to 10, nothing until the issuer has answered", or_null(whole()))),
        ("hits!", list(object([("rule!", text()), ("weight!", whole()), ("why!", text())]))),
        (
            "review!",
            or_null(object([
                ("decides!", one_of(&["passes", "merchant", "risk"])),
                ("until!", timestamp()),
                ("then!", one_of(&["accept", "decline"])),
            ])),
        ),
        ("not_applied!", meaning("Rules that lack a table", list(rule()))),
    ])
}

fn fault() -> Value {
    object([
        (
            "fault!",
            one_of(&[
                "drop",
                "delay",
                "duplicate",
                "decline",
                "cut",
                "garbage",
                "acs_silent",
                "acs_garbage",
            ]),
        ),
        (
            "count",
            meaning("How many messages it meets", json!({ "type": "integer", "minimum": 1 })),
        ),
        ("ms", meaning("Of a delay", json!({ "type": "integer", "minimum": 0 }))),
        ("code", meaning("Of a decline: the issuer's answer, two characters", text())),
        ("advice", meaning("Of a decline: the merchant advice code, such as 03", text())),
        (
            "when",
            meaning("Of a cut", one_of(&["before_processing", "before_answer", "after_answer"])),
        ),
        ("types", meaning("Only messages of these types, such as 0100", list(text()))),
        ("merchant", meaning("The site's, whatever is sent", text())),
    ])
}

fn clock() -> Value {
    object([
        ("now!", timestamp()),
        ("unix_ms!", whole()),
        ("offset_seconds!", meaning("Ahead of the gateway's own time", whole())),
    ])
}
