//! JSON Schema (2020-12) in few words.

use serde_json::{Map, Value, json};

pub(crate) fn text() -> Value {
    json!({ "type": "string" })
}

/// A text of at most so many characters.
pub(crate) fn text_max(chars: usize) -> Value {
    json!({ "type": "string", "maxLength": chars })
}

/// A text, or a number that is taken for its text: shops send both.
pub(crate) fn loose_text(chars: usize) -> Value {
    json!({ "type": ["string", "number"], "maxLength": chars })
}

pub(crate) fn whole() -> Value {
    json!({ "type": "integer" })
}

pub(crate) fn whole_from(least: i64, most: i64) -> Value {
    json!({ "type": "integer", "minimum": least, "maximum": most })
}

pub(crate) fn number() -> Value {
    json!({ "type": "number" })
}

pub(crate) fn boolean() -> Value {
    json!({ "type": "boolean" })
}

/// An amount that is asked for: minor units, as a number or as its digits.
pub(crate) fn minor_units() -> Value {
    json!({
        "anyOf": [
            { "type": "integer", "minimum": 1, "maximum": 999_999_999_999_i64 },
            { "type": "string", "pattern": "^[0-9]{1,12}$" },
        ],
        "description": "In minor units: 1000 is 10.00",
    })
}

/// One of these texts.
pub(crate) fn one_of(texts: &[&str]) -> Value {
    json!({ "type": "string", "enum": texts })
}

pub(crate) fn timestamp() -> Value {
    json!({
        "type": "string",
        "pattern": "^\\d{4}-\\d{2}-\\d{2}T\\d{2}:\\d{2}:\\d{2}$",
        "description": "UTC, without a zone",
    })
}

pub(crate) fn list(of: Value) -> Value {
    json!({ "type": "array", "items": of })
}

/// What may also be `null`.
pub(crate) fn or_null(mut schema: Value) -> Value {
    match schema.get("type").cloned() {
        Some(Value::String(kind)) => {
            schema["type"] = json!([kind, "null"]);
            if let Some(Value::Array(values)) = schema.get_mut("enum") {
                values.push(Value::Null);
            }
            schema
        }
        _ => json!({ "anyOf": [schema, { "type": "null" }] }),
    }
}

/// What it means.
pub(crate) fn meaning(text: &str, mut schema: Value) -> Value {
    schema["description"] = json!(text);
    schema
}

/// An object; a name that ends in `!` has to be there.
pub(crate) fn object<const N: usize>(members: [(&str, Value); N]) -> Value {
    let mut properties = Map::new();
    let mut required = Vec::new();
    for (name, schema) in members {
        let bare = name.trim_end_matches('!');
        if bare != name {
            required.push(json!(bare));
        }
        properties.insert(bare.to_owned(), schema);
    }
    let mut object = json!({ "type": "object", "properties": properties });
    if !required.is_empty() {
        object["required"] = Value::Array(required);
    }
    object
}

/// A schema with a name of its own, from `schemas::components`.
pub(crate) fn named(name: &str) -> Value {
    json!({ "$ref": format!("#/components/schemas/{name}") })
}

/// The envelope of success.
pub(crate) fn success(data: Value) -> Value {
    object([("success!", json!({ "const": true })), ("data!", data)])
}

/// The envelope of refusals with these codes.
pub(crate) fn refusal(codes: &[u32]) -> Value {
    object([
        ("success!", json!({ "const": false })),
        ("data!", json!({ "type": "object", "maxProperties": 0 })),
        ("error_code!", json!({ "type": "integer", "enum": codes })),
        ("error_info!", json!({ "type": "string", "minLength": 1 })),
    ])
}

/// An object whose members are not this description's business.
pub(crate) fn open_object() -> Value {
    json!({ "type": "object" })
}
