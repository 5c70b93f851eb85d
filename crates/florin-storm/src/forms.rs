//! Forms of the gateway's and the bank's pages, filled in as a browser without scripts sends them.

use form_urlencoded::Serializer;

use crate::front::GATEWAY;
use crate::network::calls::{Call, FORM};
use crate::outside::BANK;

/// Where providers have their pages.
const PROVIDER: &str = "http://bank.example/methods/";

/// Whether a page says that gift cards have paid a part.
pub fn shows_parts(page: &str) -> bool {
    page.contains("<section class=\"parts\"")
}

/// The names of the stored cards that a page offers, each with the digits of its code, if it asks
/// for one.
pub fn stored_cards(page: &str) -> Vec<(String, usize)> {
    let inputs = page.split("<input").skip(1).filter_map(|rest| rest.split('>').next());
    let named = inputs.filter(|input| input.contains(" name=\"stored_card\""));
    let cards = named.filter_map(|input| {
        let digits = attribute(input, "data-code")?.parse().ok()?;
        Some((attribute(input, "value")?, digits))
    });
    cards.collect()
}

/// Whether a page asks for a card.
pub fn asks_for_card(page: &str) -> bool {
    page.contains(" name=\"card_number\"")
}

/// The form of a page that has a field of this name, or the last one, filled in by `typed`:
/// nothing for fields that keep what is in them.
pub fn form_of(
    at: &str,
    page: &str,
    with_field: Option<&str>,
    typed: impl Fn(&str) -> Option<String>,
) -> Option<Call> {
    let forms = page.split("<form").skip(1).filter_map(|rest| rest.split("</form>").next());
    let has_field =
        |form: &&str| with_field.is_none_or(|field| form.contains(&format!(" name=\"{field}\"")));
    let form = forms.filter(has_field).last()?;
    let mut fields = Serializer::new(String::new());
    let mut chosen = Vec::new();
    for input in form.split("<input").skip(1) {
        let input = &input[..input.find('>')?];
        let Some(name) = attribute(input, "name") else { continue };
        let is_radio = input.contains("type=\"radio\"");
        // Of several that stand for one choice one is chosen.
        if is_radio && chosen.contains(&name) {
            continue;
        }
        let value = typed(&name).or_else(|| {
            let is_sent = !is_radio || input.contains(" checked");
            is_sent.then(|| attribute(input, "value").unwrap_or_default())
        });
        if let Some(value) = value {
            fields.append_pair(&name, &value);
            chosen.push(name);
        }
    }
    for select in form.split("<select").skip(1) {
        let name = attribute(select, "name")?;
        if let Some(choice) = typed(&name) {
            fields.append_pair(&name, &choice);
        }
    }
    let action = attribute(&form[..form.find('>')?], "action")?;
    Some(Call::post(&address(at, &action), FORM, fields.finish()))
}

/// The link of a page to the methods that are no cards.
pub fn link_to_methods(at: &str, page: &str) -> Option<Call> {
    let link = page.split("<a").skip(1).find_map(|tag| {
        let target = attribute(&tag[..tag.find('>')?], "href")?;
        target.starts_with("methods?").then_some(target)
    });
    Some(Call::get(&address(at, &link?)))
}

/// The address that an action names on a page at `at`.
fn address(at: &str, action: &str) -> String {
    if action.contains("://") {
        return action.to_owned();
    }
    if action.starts_with('/') {
        return format!("{GATEWAY}{action}");
    }
    let path = at.split(['?', '#']).next().unwrap_or_default();
    match path.rfind('/') {
        Some(end) if at.starts_with(GATEWAY) || at.starts_with(PROVIDER) => {
            format!("{}{action}", &path[..=end])
        }
        // The bank's page names its own form by a path below its folder.
        _ => format!("{BANK}/acs/{action}"),
    }
}

fn attribute(tag: &str, name: &str) -> Option<String> {
    let start = tag.find(&format!(" {name}=\""))? + name.len() + 3;
    let value = &tag[start..start + tag[start..].find('"')?];
    let replaced = [("&#34;", "\""), ("&#39;", "'"), ("&#38;", "&"), ("&amp;", "&")];
    Some(replaced.iter().fold(value.to_owned(), |text, (from, to)| text.replace(from, to)))
}

#[cfg(test)]
mod tests {
    use super::*;

    const PAGE: &str = r#"<form method="post" action="pay?lang=nl&#38;a=b"><input type="hidden"
        name="csrf" value="1&amp;2"><input name="card_number"></form><form action="cancel">
        <input name="csrf" value="3"></form>"#;

    #[track_caller]
    fn check(with_field: Option<&str>, url: &str, body: &str) {
        let at = format!("{GATEWAY}/connect/token/?lang=nl");
        let typed = |name: &str| (name == "card_number").then(|| "4111 1".to_owned());
        let call = form_of(&at, PAGE, with_field, typed).unwrap();
        assert_eq!((call.url.as_str(), call.body.as_ref()), (url, body.as_bytes()));
    }

    #[test]
    fn one_of_several_is_chosen_and_a_provider_has_its_forms_in_its_own_folder() {
        let page = r#"<form action="abc"><input type="radio" name="method" value="A"><input
            type="radio" name="method" value="B"><select name="scenario"></select></form>"#;
        let typed = |name: &str| Some(if name == "method" { "B" } else { "paid" }.to_owned());
        let call = form_of(&format!("{PROVIDER}pay/abc"), page, Some("method"), typed).unwrap();
        assert_eq!(call.url, format!("{PROVIDER}pay/abc"));
        assert_eq!(call.body.as_ref(), b"method=B&scenario=paid");
    }

    #[test]
    fn what_is_checked_is_sent_where_nobody_chooses() {
        let page = r#"<form action="pay"><input type="radio" name="stored_card" value="a1" checked
            data-code="4"><input type="radio" name="stored_card" value=""></form>"#;
        let call = form_of(&format!("{GATEWAY}/connect/x/"), page, None, |_| None).unwrap();
        assert_eq!(call.body.as_ref(), b"stored_card=a1");
        assert_eq!(stored_cards(page), [("a1".to_owned(), 4)]);
    }

    #[test]
    fn a_form_is_sent_to_its_own_address_with_what_was_typed() {
        let base = format!("{GATEWAY}/connect/token");
        let pay = format!("{base}/pay?lang=nl&a=b");
        check(Some("card_number"), &pay, "csrf=1%262&card_number=4111+1");
        check(None, &format!("{base}/cancel"), "csrf=3");
    }
}
