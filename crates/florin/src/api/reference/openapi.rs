//! The table as a document of OpenAPI 3.1.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::{Caller, Group, JSON, Operation, Parameter, operations, schema, schemas};
use crate::api::contract::ApiError;

const ABOUT: &str = "\
Florin is a card payment gateway that speaks the v1 JSON API of MultiSafepay. \
Every answer under /v1/json/ is one JSON object: {\"success\":true,\"data\":…}, or \
{\"success\":false,\"data\":{},\"error_code\":…,\"error_info\":\"…\"}. The HTTP status of a refusal is part \
of the contract, and often 404 where another one would be expected. What is optional may also be null or an \
empty text; numbers may be sent as texts; members that are not known are ignored, and so is the query \
parameter locale.";

/// The document.
pub(super) fn document() -> Value {
    let mut paths: BTreeMap<&str, Map<String, Value>> = BTreeMap::new();
    for operation in operations() {
        let method = operation.method.as_str().to_ascii_lowercase();
        paths.entry(operation.path).or_default().insert(method, entry(operation));
    }
    let tags: Vec<Value> = Group::ALL
        .into_iter()
        .map(|group| json!({ "name": group.title(), "description": group.text() }))
        .collect();
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "Florin",
            "version": env!("CARGO_PKG_VERSION"),
            "description": ABOUT,
            "license": { "name": "Apache-2.0", "identifier": "Apache-2.0" },
        },
        "servers": [{ "url": "/", "description": "The gateway that this document comes from" }],
        "tags": tags,
        "paths": paths,
        "components": {
            "schemas": schemas::components(),
            "securitySchemes": {
                "api_key": { "type": "apiKey", "in": "header", "name": "api_key",
                    "description": "A key of the site" },
                "bearer": { "type": "http", "scheme": "bearer",
                    "description": "The same key as a bearer token" },
                "query": { "type": "apiKey", "in": "query", "name": "api_key",
                    "description": "The same key in the address, which logs may keep: better not" },
                "operator": { "type": "http", "scheme": "bearer",
                    "description": "The operator's token, from the gateway's settings" },
            },
        },
    })
}

fn entry(operation: &Operation) -> Value {
    let mut entry = json!({
        "operationId": operation.id,
        "tags": [operation.group.title()],
        "summary": operation.summary,
        "security": security(operation.caller),
        "parameters": parameters(operation),
        "responses": responses(operation),
    });
    if !operation.text.is_empty() {
        entry["description"] = json!(operation.text);
    }
    if let Some(sent) = &operation.sent {
        let mut content = json!({ "schema": sent.schema });
        if !sent.examples.is_empty() {
            content["examples"] = named_examples("request", &sent.examples);
        }
        entry["requestBody"] = json!({ "required": true, "content": { sent.media: content } });
    }
    entry
}

fn security(caller: Caller) -> Value {
    match caller {
        Caller::Site => json!([{ "api_key": [] }, { "bearer": [] }, { "query": [] }]),
        Caller::Operator => json!([{ "operator": [] }]),
        Caller::Anyone => json!([]),
    }
}

fn parameters(operation: &Operation) -> Vec<Value> {
    let mut all: Vec<Value> = operation.parameters.iter().map(parameter).collect();
    if operation.is_repeatable() {
        all.push(parameter(&schemas::idempotency_key()));
    }
    all
}

fn parameter(it: &Parameter) -> Value {
    let mut shown = json!({
        "name": it.name, "in": it.place, "description": it.text, "schema": it.schema,
        "required": it.place == "path",
    });
    if let Some(example) = &it.example {
        shown["example"] = example.clone();
    }
    shown
}

fn named_examples<T: AsRef<str>>(kind: &str, examples: &[(T, Value)]) -> Value {
    let named = examples.iter().enumerate().map(|(number, (title, value))| {
        let name = format!("{kind}_{}", number + 1);
        (name, json!({ "summary": title.as_ref(), "value": value }))
    });
    Value::Object(named.collect())
}

/// By status: what goes well, and the refusals with that status.
fn responses(operation: &Operation) -> Value {
    let mut refused: BTreeMap<u16, Vec<ApiError>> = BTreeMap::new();
    for refusal in operation.all_refusals() {
        refused.entry(refusal.http_status).or_default().push(refusal);
    }
    let mut all: BTreeMap<u16, Response<'_>> = BTreeMap::new();
    for told in &operation.told {
        let response = all.entry(told.status).or_default();
        response.texts.push(told.text.to_owned());
        if let Some((media, schema)) = &told.content {
            response.contents.entry(media).or_default().push(schema.clone());
        }
        if let (Some(example), Some((JSON, _))) = (&told.example, &told.content) {
            response.examples.push((told.text.to_owned(), example.clone()));
        }
    }
    for (status, refusals) in &refused {
        let response = all.entry(*status).or_default();
        let mut codes: Vec<u32> = refusals.iter().map(|it| it.code).collect();
        codes.sort_unstable();
        codes.dedup();
        response.contents.entry(JSON).or_default().push(schema::refusal(&codes));
        for refusal in refusals {
            response.texts.push(format!("{}: {}", refusal.code, refusal.info));
            let body = serde_json::from_slice(&refusal.to_json()).unwrap_or(Value::Null);
            response.examples.push((refusal.info.clone(), body));
        }
    }
    let shown = all.into_iter().map(|(status, response)| {
        let mut shown = json!({ "description": response.texts.join(". ") });
        let contents = response.contents.into_iter().map(|(media, mut schemas)| {
            let schema = match schemas.len() {
                1 => schemas.remove(0),
                _ => json!({ "oneOf": schemas }),
            };
            let mut content = json!({ "schema": schema });
            if media == JSON && !response.examples.is_empty() {
                content["examples"] = named_examples("answer", &response.examples);
            }
            (media.to_owned(), content)
        });
        let contents: Map<String, Value> = contents.collect();
        if !contents.is_empty() {
            shown["content"] = Value::Object(contents);
        }
        if matches!(status, 429 | 503) {
            shown["headers"] = json!({ "Retry-After": {
                "description": "Seconds after which to come back",
                "schema": { "type": "string", "pattern": "^[0-9]+$" },
            } });
        }
        (status.to_string(), shown)
    });
    Value::Object(shown.collect())
}

/// What there is to say of one status.
#[derive(Default)]
struct Response<'a> {
    texts: Vec<String>,
    /// Schemas by media type.
    contents: BTreeMap<&'a str, Vec<Value>>,
    /// Of JSON, each with a title.
    examples: Vec<(String, Value)>,
}
