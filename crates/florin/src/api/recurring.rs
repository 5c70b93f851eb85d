//! What shops do with the stored cards of a payer: `/recurring/{reference}`.
//!
//! A payer is what the shop calls a reference; which sites share the cards is the gateway's matter.

use std::sync::Arc;

use axum::http::Method;
use bytes::Bytes;
use florin_core::card::Expiry;
use serde_json::{Value, json};

use super::Answer;
use super::contract::ApiError;
use super::contract::answer::success;
use super::contract::read::json_object;
use super::contract::scalars::Fields;
use super::query::Query;
use super::reference::schema::{boolean, list as list_of, object, text, whole, whole_from};
use super::reference::{Group, Operation};
use crate::gateway::Gateway;
use crate::gateway::directory::Caller;
use crate::gateway::tokens::StoredCard;
use crate::store::LISTED_ROWS_MAX;

pub(super) fn operations() -> Vec<Operation> {
    let new = |method, path, id, summary| {
        Operation::new(Group::Tokens, method, path, id, summary).example("reference", "cust-17")
    };
    let token = || {
        let last4 = json!({ "type": ["integer", "string"] });
        object([
            ("token!", text()),
            ("code!", text()),
            ("display!", text()),
            ("bin!", json!({ "type": ["integer", "null"] })),
            ("name_holder!", text()),
            ("expiry_date!", json!({ "type": ["integer", "null"] })),
            ("expired!", whole()),
            ("last4!", last4),
            ("model!", text()),
            ("recurring_model!", text()),
        ])
    };
    let example = || {
        json!({ "token": "azbkvsE0up4-_0Aa", "code": "VISA", "display": "Card xxxx xxxx xxxx 1111",
            "bin": 411_111, "name_holder": "A Jansen", "expiry_date": 2812, "expired": 0,
            "last4": 1111, "model": "cardOnFile", "recurring_model": "cardOnFile" })
    };
    vec![
        new(Method::GET, "/v1/json/recurring/{reference}", "listTokens", "Stored cards of a payer")
            .query("limit", "How many, newest first", whole_from(0, 4_294_967_295))
            .query("offset", "How many to pass over", whole_from(0, 4_294_967_295))
            .gives(
                "Tokens",
                object([("tokens!", list_of(token()))]),
                json!({ "tokens": [example()] }),
            )
            .refuses([ApiError::no_tokens()]),
        new(
            Method::GET,
            "/v1/json/recurring/{reference}/token/{token}",
            "getToken",
            "A stored card",
        )
        .gives("The token", token(), example())
        .refuses([ApiError::token_gone()]),
        new(
            Method::DELETE,
            "/v1/json/recurring/{reference}/remove/{token}",
            "deleteToken",
            "Forget a stored card",
        )
        .gives("It is gone", object([("removed!", boolean())]), json!({ "removed": true }))
        .refuses([ApiError::token_not_removed()]),
        new(
            Method::PATCH,
            "/v1/json/recurring/{reference}/update/{token}",
            "updateToken",
            "A new expiry date",
        )
        .takes(
            object([("expiry_date!", json!({ "type": ["string", "integer"] }))]),
            [("May 2029", json!({ "expiry_date": "2905" }))],
        )
        .gives("It is changed", object([("updated!", boolean())]), json!({ "updated": true }))
        .refuses([ApiError::token_not_updated()]),
    ]
}

/// How many tokens a list has unless it is asked for more.
const LISTED_USUAL: u32 = 10;
/// Digits of a masked number that stay together.
const GROUP_DIGITS: usize = 4;

/// `GET /recurring/{reference}`: `limit` tokens from number `offset` on, newest first.
pub(super) async fn list(
    gateway: &Arc<Gateway>,
    caller: &Caller,
    reference: &str,
    query: &Query,
) -> Result<Answer, Answer> {
    let number = |name: &str| query.one(name).and_then(|value| value.parse::<u32>().ok());
    let limit = number("limit").filter(|limit| *limit > 0).unwrap_or(LISTED_USUAL);
    let (limit, offset) = (limit.min(LISTED_ROWS_MAX), number("offset").unwrap_or(0));
    let cards = gateway.list_tokens(&caller.site, reference, limit, offset).await?;
    if cards.is_empty() {
        // One library breaks on an empty list.
        return Err(ApiError::no_tokens().into());
    }
    let tokens: Vec<Value> = cards.iter().map(token_value).collect();
    Ok(Answer::ok(success(&json!({ "tokens": tokens }))))
}

/// `GET /recurring/{reference}/token/{token}`.
pub(super) async fn get(
    gateway: &Arc<Gateway>,
    caller: &Caller,
    reference: &str,
    token: &str,
) -> Result<Answer, Answer> {
    let card = gateway.find_token(&caller.site, reference, token).await?;
    let card = card.ok_or_else(ApiError::token_gone)?;
    Ok(Answer::ok(success(&token_value(&card))))
}

/// `DELETE /recurring/{reference}/remove/{token}`: the card is gone as well.
pub(super) async fn delete(
    gateway: &Arc<Gateway>,
    caller: &Caller,
    reference: &str,
    token: &str,
) -> Result<Answer, Answer> {
    match gateway.delete_token(&caller.site, reference, token).await? {
        true => Ok(Answer::ok(success(&json!({ "removed": true })))),
        false => Err(ApiError::token_not_removed().into()),
    }
}

/// `PATCH /recurring/{reference}/update/{token}`: another `expiry_date`, YYMM.
pub(super) async fn update(
    gateway: &Arc<Gateway>,
    caller: &Caller,
    [reference, token]: [&str; 2],
    body: Bytes,
) -> Result<Answer, Answer> {
    let body = json_object(&body)?;
    let text = Fields::of(&body).text("expiry_date").ok_or_else(ApiError::token_not_updated)?;
    // A number has lost its leading zeros: 905 is 0905.
    let expiry = Expiry::parse(&format!("{:0>4}", text.trim()));
    let expiry = expiry.map_err(|_| ApiError::token_not_updated())?;
    match gateway.renew_token(&caller.site, reference, token, expiry).await? {
        true => Ok(Answer::ok(success(&json!({ "updated": true })))),
        false => Err(ApiError::token_not_updated().into()),
    }
}

/// A token as the contract shows it. Lists and single tokens name the model by one key each in the
/// vendor's samples; libraries read either, so both are there.
fn token_value(card: &StoredCard) -> Value {
    let last4 = match card.last4.starts_with('0') {
        true => json!(card.last4),
        false => card.last4.parse::<u32>().map_or_else(|_| json!(card.last4), |it| json!(it)),
    };
    json!({
        "token": card.token,
        "code": card.brand.gateway(),
        "display": display(card.digits, &card.last4),
        "bin": card.bin.parse::<u32>().ok(),
        "name_holder": card.holder.as_ref().map_or("", |holder| holder.as_str()),
        "expiry_date": card.expiry.yymm().parse::<u32>().ok(),
        "expired": u32::from(card.is_expired),
        "last4": last4,
        "model": card.model.name(),
        "recurring_model": card.model.name(),
    })
}

/// `Card xxxx xxxx xxxx 1111`: grouped by four from the left.
fn display(digits: usize, last4: &str) -> String {
    let masked = "x".repeat(digits.saturating_sub(last4.len()));
    let mut shown = "Card".to_owned();
    for (index, character) in masked.chars().chain(last4.chars()).enumerate() {
        if index % GROUP_DIGITS == 0 {
            shown.push(' ');
        }
        shown.push(character);
    }
    shown
}

#[cfg(test)]
mod tests {
    use florin_core::card::{Brand, CardholderName};
    use proptest::prelude::*;

    use super::*;
    use crate::api::contract::request::RecurringModel;

    fn card(brand: Brand, bin: &str, last4: &str, digits: usize) -> StoredCard {
        StoredCard {
            token: "azbkvsE0up4-_0Aa".to_owned(),
            brand,
            bin: bin.to_owned(),
            last4: last4.to_owned(),
            digits,
            expiry: Expiry::parse("2812").unwrap(),
            is_expired: false,
            holder: CardholderName::read("A Jansen"),
            model: RecurringModel::CardOnFile,
            is_active: true,
        }
    }

    #[test]
    fn a_token_has_the_types_that_libraries_read() {
        let shown = [
            token_value(&card(Brand::Visa, "411111", "1111", 16)),
            token_value(&StoredCard {
                is_expired: true,
                holder: None,
                model: RecurringModel::Unscheduled,
                ..card(Brand::Amex, "378282", "0005", 15)
            }),
            token_value(&card(Brand::Maestro, "679999", "0011", 19)),
        ];
        insta::assert_snapshot!(serde_json::to_string_pretty(&shown).unwrap());
    }

    proptest! {
        #[test]
        fn what_is_displayed_of_a_number_is_its_length_and_its_last_four_digits(
            number in "[0-9]{12,19}"
        ) {
            let last4 = &number[number.len() - 4..];
            let shown = display(number.len(), last4);
            let rest = shown.strip_prefix("Card ").unwrap();
            prop_assert_eq!(rest.replace(' ', "").len(), number.len());
            prop_assert!(rest.replace(' ', "").ends_with(last4));
            let digits = rest.chars().filter(char::is_ascii_digit).count();
            prop_assert_eq!(digits, 4, "no other digit is shown: {}", rest);
            let groups: Vec<&str> = rest.split(' ').collect();
            let (last, whole) = groups.split_last().unwrap();
            prop_assert!(whole.iter().all(|group| group.len() == 4));
            prop_assert!((1..=4).contains(&last.len()));
        }
    }
}
