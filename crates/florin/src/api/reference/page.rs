//! The reference as a page: one document without a script, made from the same table.

use askama::Template;
use aws_lc_rs::digest;
use axum::http::HeaderValue;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

use super::{Caller, Group, JSON, Operation, Sent, operations, schemas};

const STYLE: &str = include_str!("../../../templates/reference/page.css");

/// How deep members of members are listed.
const DEPTH_MAX: usize = 6;

#[derive(Template)]
#[template(path = "reference/page.html")]
struct Page {
    style: &'static str,
    version: &'static str,
    chapters: Vec<Chapter>,
}

struct Chapter {
    title: &'static str,
    text: &'static str,
    anchor: String,
    entries: Vec<Entry>,
}

struct Entry {
    id: &'static str,
    method: String,
    path: &'static str,
    summary: &'static str,
    text: &'static str,
    caller: &'static str,
    parameters: Vec<Row>,
    members: Vec<Row>,
    requests: Vec<(&'static str, String)>,
    answers: Vec<Shown>,
    told: Vec<Row>,
    refusals: Vec<(u16, u32, String)>,
}

/// A line of a table of members.
struct Row {
    name: String,
    kind: String,
    required: bool,
    text: String,
}

struct Shown {
    status: u16,
    text: &'static str,
    media: &'static str,
    example: String,
}

/// The page.
pub(super) fn html() -> String {
    let components = schemas::components();
    let chapters = Group::ALL.into_iter().map(|group| Chapter {
        title: group.title(),
        text: group.text(),
        anchor: group.title().to_ascii_lowercase().replace(' ', "-"),
        entries: operations()
            .iter()
            .filter(|operation| operation.group == group)
            .map(|operation| entry(operation, &components))
            .collect(),
    });
    let page =
        Page { style: STYLE, version: env!("CARGO_PKG_VERSION"), chapters: chapters.collect() };
    page.render().expect("a page of texts can be rendered")
}

/// What a browser may do on it: show it.
pub(super) fn policy() -> HeaderValue {
    let hash = digest::digest(&digest::SHA256, STYLE.as_bytes());
    let policy = format!(
        "default-src 'none'; style-src 'sha256-{}'; frame-ancestors 'none'; base-uri 'none'; \
         form-action 'none'",
        STANDARD.encode(hash.as_ref())
    );
    HeaderValue::from_str(&policy).expect("a hash is visible ASCII")
}

fn entry(operation: &Operation, components: &Value) -> Entry {
    let mut members = Vec::new();
    if let Some(sent) = &operation.sent {
        list_members(&mut members, "", &sent.schema, components, 0);
    }
    let mut told = Vec::new();
    for it in &operation.told {
        if let Some((JSON, schema)) = &it.content
            && it.status == 200
            && told.is_empty()
        {
            let data = schema.pointer("/properties/data").unwrap_or(schema);
            list_members(&mut told, "", data, components, 0);
        }
    }
    let key = operation.is_repeatable().then(schemas::idempotency_key);
    let parameters = operation.parameters.iter().cloned().chain(key).map(|it| Row {
        name: it.name.to_owned(),
        kind: format!("{}, {}", it.place, kind_of(&it.schema, components)),
        required: it.place == "path",
        text: it.text.to_owned(),
    });
    let answers = operation.told.iter().map(|it| Shown {
        status: it.status,
        text: it.text,
        media: it.content.as_ref().map_or("no body", |(media, _)| media),
        example: it.example.as_ref().map(pretty).unwrap_or_default(),
    });
    let refusals = operation.all_refusals().into_iter();
    let requests = match &operation.sent {
        Some(Sent { examples, .. }) if !examples.is_empty() => {
            examples.iter().map(|(title, body)| (*title, curl(operation, Some(body)))).collect()
        }
        _ if operation.caller == Caller::Anyone => Vec::new(),
        _ => vec![("", curl(operation, None))],
    };
    Entry {
        id: operation.id,
        method: operation.method.as_str().to_owned(),
        path: operation.path,
        summary: operation.summary,
        text: operation.text,
        caller: match operation.caller {
            Caller::Site => "With a key of the site",
            Caller::Operator => "With the operator's token",
            Caller::Anyone => "Without a key",
        },
        parameters: parameters.collect(),
        members,
        requests,
        answers: answers.collect(),
        told,
        refusals: refusals.map(|it| (it.http_status, it.code, it.info)).collect(),
    }
}

/// A command that can be pasted.
fn curl(operation: &Operation, body: Option<&Value>) -> String {
    let mut path = operation.path.to_owned();
    for parameter in &operation.parameters {
        if let Some(Value::String(example)) = &parameter.example {
            path = path.replace(&format!("{{{}}}", parameter.name), example);
        }
    }
    let verb = match operation.method.as_str() {
        "GET" => String::new(),
        "POST" if body.is_some() => String::new(),
        other => format!("-X {other} "),
    };
    let auth = match operation.caller {
        Caller::Operator => " \\\n  -H \"Authorization: Bearer $FLORIN_INTERNAL__TOKEN\"",
        _ => " \\\n  -H \"api_key: $API_KEY\"",
    };
    let mut command = format!("curl -s {verb}\"$BASE_URL{path}\"{auth}");
    if let Some(body) = body {
        let body = pretty(body).replace('\'', "'\\''");
        command.push_str(&format!(" \\\n  -H 'Content-Type: application/json' \\\n  -d '{body}'"));
    }
    command
}

fn pretty(value: &Value) -> String {
    serde_json::to_string_pretty(value).unwrap_or_default()
}

fn resolved<'a>(schema: &'a Value, components: &'a Value) -> &'a Value {
    let name = schema.get("$ref").and_then(Value::as_str).and_then(|it| it.rsplit('/').next());
    let found = name.and_then(|name| components.get(name)).unwrap_or(schema);
    // Of what may be nothing, the other half is what there is to say.
    match found.get("anyOf").and_then(Value::as_array) {
        Some(either) if either.iter().any(|it| it["type"] == "null") => {
            either.first().map_or(found, |it| resolved(it, components))
        }
        _ => found,
    }
}

/// Members, and their members below them with their whole name.
fn list_members(
    rows: &mut Vec<Row>,
    prefix: &str,
    schema: &Value,
    components: &Value,
    depth: usize,
) {
    let schema = resolved(schema, components);
    let (schema, prefix) = match schema.get("items") {
        Some(items) => (resolved(items, components), format!("{prefix}[]")),
        None => (schema, prefix.to_owned()),
    };
    let Some(properties) = schema.get("properties").and_then(Value::as_object) else { return };
    let required = schema.get("required").and_then(Value::as_array);
    for needed in [true, false] {
        for (name, member) in properties {
            let is_required = required.is_some_and(|all| all.iter().any(|it| it == name));
            if is_required != needed {
                continue;
            }
            let joint = if prefix.is_empty() { "" } else { "." };
            let whole = format!("{prefix}{joint}{name}");
            let text = member.get("description").and_then(Value::as_str).unwrap_or_default();
            rows.push(Row {
                name: whole.clone(),
                kind: kind_of(member, components),
                required: is_required,
                text: text.to_owned(),
            });
            if depth < DEPTH_MAX {
                list_members(rows, &whole, member, components, depth + 1);
            }
        }
    }
}

/// What a value may be, in words.
fn kind_of(schema: &Value, components: &Value) -> String {
    let it = resolved(schema, components);
    if let Some(values) = it.get("enum").and_then(Value::as_array) {
        let values: Vec<String> = values
            .iter()
            .map(|it| it.as_str().map_or_else(|| it.to_string(), str::to_owned))
            .collect();
        return values.join(" | ");
    }
    if let Some(value) = it.get("const") {
        return value.to_string();
    }
    if let Some(either) = it.get("anyOf").and_then(Value::as_array)
        && it.get("type").is_none()
    {
        let kinds: Vec<String> = either.iter().map(|it| kind_of(it, components)).collect();
        return kinds.join(" or ");
    }
    let kind = match it.get("type") {
        Some(Value::String(kind)) => kind.clone(),
        Some(Value::Array(kinds)) => {
            let kinds: Vec<&str> = kinds.iter().filter_map(Value::as_str).collect();
            kinds.join(" or ")
        }
        _ => "any".to_owned(),
    };
    match it.get("maxLength") {
        Some(most) if most.as_u64() != Some(0) => format!("{kind}, at most {most} characters"),
        _ => kind,
    }
}
