//! `GET /transactions` and `GET /transactions/{id}`.

use std::ops::Range;
use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use florin_core::method::Method;
use florin_core::money::Currency;
use serde_json::{Value, json};

use super::Answer;
use super::catalogue::success;
use super::contract::{ApiError, canonical, timestamp};
use super::query::Query;
use super::reference::schema::{list as list_of, object, open_object, text};
use super::reference::{Group, JSON, Operation};
use crate::clock::UnixMillis;
use crate::gateway::Gateway;
use crate::gateway::operations::{Cursor, Listed, Wanted};
use crate::gateway::site::Site;

pub(super) fn operations() -> Vec<Operation> {
    let new = |path, id, summary| {
        Operation::new(Group::Catalogue, axum::http::Method::GET, path, id, summary)
    };
    let time = "From this instant on (ISO 8601, a date, or Unix seconds; Amsterdam's time)";
    let until = "Before this instant, written alike";
    let several = "One, or several with commas or as a repeated name";
    vec![
        new("/v1/json/transactions", "transactions", "Payments, refunds and chargebacks")
            .says(
                "Newest first. A page tells the cursors of the pages before and after it. With a \
                 key of the account: of all its sites that are for tests, or of all live ones.",
            )
            .query("site_id", several, text())
            .query("created_from", time, text())
            .query("created_until", until, text())
            .query("completed_from", time, text())
            .query("completed_until", until, text())
            .query("financial_status", several, text())
            .query("status", several, text())
            .query("payment_method", several, text())
            .query("type", several, text())
            .query("currency", several, text())
            .query("debit_credit", "C or D", text())
            .query("limit", "1 to 1000; 100 where it is not said", text())
            .query("after", "The cursor of a page: what is older", text())
            .query("before", "The cursor of a page: what is newer", text())
            .gives_as(
                200,
                "A page",
                JSON,
                object([
                    ("success!", json!({ "const": true })),
                    ("data!", list_of(open_object())),
                    ("pager!", open_object()),
                ]),
                None,
            )
            .refuses([ApiError::refused("Invalid value for limit")]),
        new("/v1/json/transactions/{transaction_id}", "transaction", "One of them").gives(
            "It",
            open_object(),
            json!({ "transaction_id": 1_709_630_130_123_456_i64 }),
        ),
    ]
}

/// Rows of a page where the caller names no number.
const LIMIT_DEFAULT: u32 = 100;
/// Rows of a page at most.
const LIMIT_MAX: u32 = 1000;
/// Values of a filter that are looked at; more are a mistake.
const VALUES_MAX: usize = 100;

const KINDS: [&str; 17] = [
    "admin_fee",
    "affiliate_payout",
    "automatic_payout",
    "chargeback",
    "coupon",
    "currency_conversion",
    "deposit",
    "fastcheckout",
    "internal",
    "merchant_settlement",
    "monthly_fee",
    "payment",
    "refund",
    "reserve_chargeback",
    "reverse_chargeback",
    "signup_fee",
    "withdrawal",
];
const STATUSES: [&str; 14] = [
    "cancelled",
    "chargeback",
    "chargedback",
    "completed",
    "declined",
    "expired",
    "initialized",
    "partial_refunded",
    "refunded",
    "reserved",
    "shipped",
    "uncleared",
    "void",
    "new",
];
const FINANCIAL_STATUSES: [&str; 13] = [
    "cancelled",
    "completed",
    "created",
    "declined",
    "error",
    "expired",
    "initialized",
    "manual",
    "new",
    "refunded",
    "reserved",
    "uncleared",
    "void",
];
/// What is no filter: a link to another page leaves it out.
const NO_FILTERS: [&str; 4] = ["after", "before", "limit", "api_key"];

/// One page.
pub(super) async fn list(
    gateway: &Arc<Gateway>,
    sites: &[Arc<Site>],
    query: &Query,
) -> Result<Answer, Answer> {
    let wanted = read(query)?;
    let sites = asked_for(query, sites)?;
    let operations = gateway.list_operations_of(&sites, &wanted).await?.operations;
    let rows: Vec<Value> = operations.iter().map(Listed::to_value).collect();
    let cursor = |listed: Option<&Listed>| listed.map(|it| write_cursor(it.row.transaction_id));
    let (after, before) = (cursor(operations.last()), cursor(operations.first()));
    let link = |name: &str, cursor: &Option<String>| {
        cursor.as_ref().map(|it| link(gateway, query, (name, it), wanted.limit))
    };
    let page = json!({
        "success": true,
        "data": rows,
        "pager": {
            "after": link("after", &after),
            "before": link("before", &before),
            "cursor": { "after": after, "before": before },
            "limit": wanted.limit,
        },
    });
    Ok(Answer::ok(canonical::to_vec(&page)))
}

/// One operation.
pub(super) async fn get(
    gateway: &Arc<Gateway>,
    sites: &[Arc<Site>],
    id: &str,
) -> Result<Answer, Answer> {
    let unknown = || Answer::from(ApiError::unknown_path());
    let is_number = (1..=16).contains(&id.len()) && id.bytes().all(|byte| byte.is_ascii_digit());
    let id: i64 = id.parse().ok().filter(|_| is_number).ok_or_else(unknown)?;
    let found = gateway.operation_of(sites, id).await?;
    found.map(|listed| success(&listed.to_value())).ok_or_else(unknown)
}

fn invalid(name: &str) -> ApiError {
    ApiError::refused(&format!("Invalid value for {name}"))
}

/// The sites that are asked for among those that the key opens; asking for others finds nothing.
fn asked_for(query: &Query, sites: &[Arc<Site>]) -> Result<Vec<Arc<Site>>, ApiError> {
    let ids: Vec<&str> = query.all("site_id").collect();
    let ids: Result<Vec<i64>, _> = ids.into_iter().map(str::parse).collect();
    let ids = ids.map_err(|_| invalid("site_id"))?;
    let is_asked_for = |site: &&Arc<Site>| ids.is_empty() || ids.contains(&site.id);
    Ok(sites.iter().filter(is_asked_for).cloned().collect())
}

fn read(query: &Query) -> Result<Wanted, ApiError> {
    let limit = match query.one("limit") {
        None => LIMIT_DEFAULT,
        Some(text) => {
            let limit = text.parse().ok().filter(|it| (1..=LIMIT_MAX).contains(it));
            limit.ok_or_else(|| invalid("limit"))?
        }
    };
    let cursor = match (query.one("after"), query.one("before")) {
        (None, None) => Cursor::Newest,
        (Some(text), None) => Cursor::After(read_cursor(text).ok_or_else(|| invalid("after"))?),
        (None, Some(text)) => Cursor::Before(read_cursor(text).ok_or_else(|| invalid("before"))?),
        (Some(_), Some(_)) => return Err(invalid("before")),
    };
    let statuses = words(query, "status", &STATUSES)?;
    let statuses = statuses
        .into_iter()
        .map(|it| if it == "chargeback" { "chargedback".to_owned() } else { it })
        .collect();
    let methods = values(query, "payment_method")?;
    let methods: Option<Vec<String>> =
        methods.iter().map(|it| Method::find(it).map(|method| method.id.to_owned())).collect();
    let currencies = values(query, "currency")?;
    if currencies.iter().any(|it| Currency::parse(it).is_err()) {
        return Err(invalid("currency"));
    }
    Ok(Wanted {
        kinds: words(query, "type", &KINDS)?,
        statuses,
        financial_statuses: words(query, "financial_status", &FINANCIAL_STATUSES)?,
        methods: methods.ok_or_else(|| invalid("payment_method"))?,
        currencies,
        debit_credit: words(query, "debit_credit", &["c", "d"])?,
        created: period(query, "created_from", "created_until")?.unwrap_or(i64::MIN..i64::MAX),
        completed: period(query, "completed_from", "completed_until")?,
        cursor,
        limit,
    })
}

fn values(query: &Query, name: &str) -> Result<Vec<String>, ApiError> {
    let values: Vec<String> = query.all(name).map(str::to_ascii_lowercase).collect();
    if values.len() > VALUES_MAX { Err(invalid(name)) } else { Ok(values) }
}

fn words(query: &Query, name: &str, known: &[&str]) -> Result<Vec<String>, ApiError> {
    let values = values(query, name)?;
    let all_known = values.iter().all(|it| known.contains(&it.as_str()));
    if all_known { Ok(values) } else { Err(invalid(name)) }
}

fn period(query: &Query, from: &str, until: &str) -> Result<Option<Range<UnixMillis>>, ApiError> {
    let at = |name: &str| {
        let text = query.one(name);
        text.map(|it| timestamp::read_local(it).ok_or_else(|| invalid(name))).transpose()
    };
    let (start, end) = (at(from)?, at(until)?);
    if start.is_none() && end.is_none() {
        return Ok(None);
    }
    Ok(Some(start.unwrap_or(i64::MIN)..end.unwrap_or(i64::MAX)))
}

/// Numbers grow with time, so that one names its place among all others, whatever comes later.
fn write_cursor(transaction_id: i64) -> String {
    URL_SAFE_NO_PAD.encode(transaction_id.to_be_bytes())
}

fn read_cursor(text: &str) -> Option<i64> {
    let bytes = URL_SAFE_NO_PAD.decode(text).ok()?;
    let id = i64::from_be_bytes(bytes.try_into().ok()?);
    (id > 0).then_some(id)
}

/// The address of another page, with the same filters.
fn link(gateway: &Gateway, query: &Query, cursor: (&str, &str), limit: u32) -> String {
    let mut pairs = form_urlencoded::Serializer::new(String::new());
    pairs.append_pair(cursor.0, cursor.1).append_pair("limit", &limit.to_string());
    for (name, value) in query.pairs().filter(|(name, _)| !NO_FILTERS.contains(name)) {
        pairs.append_pair(name, value);
    }
    format!("{}/v1/json/transactions?{}", gateway.public_url, pairs.finish())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_is_read_as_it_was_written_and_nothing_else_is() {
        assert_eq!(read_cursor(&write_cursor(1_709_630_130_123_456)), Some(1_709_630_130_123_456));
        for odd in ["", "x", "ZD1ftlaZ", "AAAAAAAAAAA", "////", "_________w8", "\u{e9}"] {
            assert_eq!(read_cursor(odd), None, "{odd}");
        }
    }

    #[track_caller]
    fn refused(query: &str, name: &str) {
        let error = read(&Query::parse(query)).map(drop).unwrap_err();
        assert_eq!(
            (error.code, error.info),
            (1000, format!("Invalid value for {name}")),
            "{query}"
        );
    }

    #[test]
    fn what_is_no_value_is_named() {
        refused("limit=0", "limit");
        refused("limit=1001", "limit");
        refused("limit=ten", "limit");
        refused("after=x", "after");
        let cursor = write_cursor(5);
        refused(&format!("after={cursor}&before={cursor}"), "before");
        refused("status=paid", "status");
        refused("financial_status=shipped", "financial_status");
        refused("type=gift", "type");
        refused("payment_method=FOOBAR", "payment_method");
        refused("currency=EURO", "currency");
        refused("debit_credit=X", "debit_credit");
        refused("created_from=yesterday", "created_from");
        refused("completed_until=2024-13-01", "completed_until");
    }

    #[test]
    fn filters_are_read_in_every_form() {
        let query = "status[]=chargeback&status[1]=VOID&payment_method=visa,payafter&debit_credit=D\
            &currency=eur&created_from=2024-07-01&created_until=1719784800&limit=5";
        let wanted = read(&Query::parse(query)).unwrap();
        assert_eq!(wanted.statuses, ["chargedback", "void"]);
        assert_eq!(wanted.methods, ["VISA", "BNPL_MF"]);
        assert_eq!(
            (wanted.debit_credit, wanted.currencies),
            (vec!["d".to_owned()], vec!["eur".to_owned()])
        );
        assert_eq!(wanted.created, 1_719_784_800_000..1_719_784_800_000);
        assert_eq!((wanted.completed, wanted.limit), (None, 5));
    }
}
