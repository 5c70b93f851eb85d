//! Who is paid, and how the shop wants that to look: the same on every page of an order.

use serde_json::Value;

use super::view::Shop;
use crate::api::contract::payment_options::WebUrl;
use crate::gateway::record::Record;

/// How deep a look is read, and how many of its values are kept.
const TEMPLATE_DEPTH_MAX: usize = 6;
const COLOURS_MAX: usize = 100;
/// Most characters of one of them.
const COLOUR_CHARS_MAX: usize = 64;

/// The shop of an order, with the look that the order asks for.
pub(crate) fn shop(record: &Record) -> Shop {
    let acceptor = &record.site.settings.acceptor;
    let template = record.request.details.extras.template.as_ref();
    let logo = template
        .and_then(|it| it.pointer("/header/logo/image"))
        .and_then(Value::as_str)
        .and_then(|url| WebUrl::parse(url).ok())
        .filter(|url| url.as_str().to_ascii_lowercase().starts_with("https://"));
    let settings = template.and_then(|it| it.get("settings")).and_then(Value::as_object);
    let is_set = |value: &Value| match value {
        Value::Bool(set) => *set,
        Value::Number(number) => number.as_str() == "1",
        Value::String(text) => matches!(text.as_str(), "1" | "true"),
        _ => false,
    };
    let hidden = settings.into_iter().flatten().filter(|(_, value)| is_set(value));
    let mut colours = Vec::new();
    for part in ["header", "body", "container", "cart", "payment_form", "buttons"] {
        if let Some(value) = template.and_then(|it| it.get(part)) {
            read_colours(value, part, TEMPLATE_DEPTH_MAX, &mut colours);
        }
    }
    Shop {
        name: record.site.name.clone(),
        city: acceptor.city.clone(),
        country: acceptor.country.clone(),
        logo_url: logo.map(String::from),
        hidden: hidden.map(|(name, _)| name.clone()).take(COLOURS_MAX).collect(),
        colours,
    }
}

/// Texts of a template that are no images, by their paths.
fn read_colours(value: &Value, path: &str, depth: usize, colours: &mut Vec<(String, String)>) {
    match value {
        Value::Object(members) if depth > 0 => {
            for (name, value) in members {
                read_colours(value, &format!("{path}.{name}"), depth - 1, colours);
            }
        }
        Value::String(text)
            if colours.len() < COLOURS_MAX
                && text.len() <= COLOUR_CHARS_MAX
                && !path.ends_with(".image") =>
        {
            colours.push((path.to_owned(), text.clone()));
        }
        _ => {}
    }
}
