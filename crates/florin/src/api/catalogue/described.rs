//! The catalogue's calls in the table of what is served.

use axum::http::Method;
use serde_json::{Value, json};

use crate::api::contract::ApiError;
use crate::api::reference::schema::{
    list, meaning, named, object, one_of, open_object, text, whole, whole_from,
};
use crate::api::reference::{Caller, Group, Operation};

pub(crate) fn operations() -> Vec<Operation> {
    let new = |path, id, summary| Operation::new(Group::Catalogue, Method::GET, path, id, summary);
    let not_there = [ApiError::gateway_unavailable()];
    vec![
        filtered(new("/v1/json/gateways", "gateways", "What the site sells with"))
            .query("include", "coupons lists gift cards too", text())
            .gives("Gateways", list(gateway()), json!([{ "id": "VISA", "description": "Visa" }])),
        filtered(new("/v1/json/gateways/{gateway}", "gateway", "One gateway"))
            .example("gateway", "VISA")
            .gives("It", gateway(), json!({ "id": "VISA", "description": "Visa" }))
            .refuses(not_there.clone()),
        filtered(new("/v1/json/payment-methods", "paymentMethods", "Payment methods in full"))
            .query("group_cards", "1: one entry for all cards", loose_flag())
            .query("include_coupons", "1: gift cards too", loose_flag())
            .query("type", "Only methods of this type", text())
            .gives(
                "Methods",
                list(named("PaymentMethod")),
                json!([{
                    "id": "CREDITCARD", "name": "Card payment", "type": "payment-method",
                    "brands": [{ "id": "VISA", "name": "Visa" }],
                }]),
            ),
        filtered(new("/v1/json/payment-methods/{gateway}", "paymentMethod", "One method in full"))
            .example("gateway", "CREDITCARD")
            .gives(
                "It",
                named("PaymentMethod"),
                json!({ "id": "CREDITCARD", "name": "Card payment" }),
            )
            .refuses(not_there.clone()),
        new("/v1/json/issuers/{gateway}", "issuers", "Banks of a method")
            .example("gateway", "ideal")
            .gives("None are kept here", list(open_object()), json!([]))
            .refuses(not_there),
        new("/v1/json/categories", "categories", "What sites may sell")
            .query("locale", "Language of the descriptions", text())
            .gives(
                "Categories",
                list(object([("code!", whole()), ("description!", text())])),
                json!([{ "code": 104, "description": "House and garden" }]),
            ),
        new("/v1/json/me", "me", "Whose key this is").gives(
            "The account and the site",
            object([("account_id!", whole()), ("role!", text()), ("site_id!", whole())]),
            json!({ "account_id": 10_000_001, "role": "merchant", "site_id": 20_001 }),
        ),
        new("/v1/json/auth/api_token", "apiToken", "A token for a browser, good for 600 s").gives(
            "The token",
            object([("api_token!", text())]),
            json!({ "api_token": "pub.v2.opaque" }),
        ),
        Operation::new(
            Group::Payers,
            Method::GET,
            "/static/icons/{file}",
            "icon",
            "The drawing of a method or brand",
        )
        .called_by(Caller::Anyone)
        .example("file", "visa.svg")
        .gives_as(200, "The drawing", "image/svg+xml", text(), None)
        .gives_as(404, "There is none", "text/plain", text(), None),
        Operation::new(
            Group::Payers,
            Method::GET,
            "/static/page/{file}",
            "pageFile",
            "The style or script of payers' pages",
        )
        .called_by(Caller::Anyone)
        .example("file", "page.css")
        .says("Named by their content; pages tell the names.")
        .gives_as(200, "The style", "text/css", text(), None)
        .gives_as(200, "The script", "text/javascript", text(), None)
        .sends_on(404, "There is none"),
    ]
}

/// What lists are narrowed down by.
fn filtered(operation: Operation) -> Operation {
    operation
        .query("country", "Sold in this country (ISO 3166-1 alpha-2)", text())
        .query("currency", "Sold in this currency (ISO 4217)", text())
        .query("amount", "Sold at this amount, in minor units", whole_from(0, 999_999_999_999))
        .query("locale", "The language of names", text())
        .refuses([
            ApiError::invalid_country(),
            ApiError::invalid_currency(),
            ApiError::invalid_amount(),
        ])
}

fn gateway() -> Value {
    object([
        ("id!", text()),
        ("description!", text()),
        ("type", meaning("Of gift cards only", one_of(&["coupon"]))),
    ])
}

fn loose_flag() -> Value {
    json!({ "type": ["string", "integer", "boolean"] })
}
