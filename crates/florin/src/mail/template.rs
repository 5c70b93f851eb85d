//! Texts with placeholders, `@NAME@`, and what is put in their place.
//!
//! Values come from strangers: a payer's name, an order's description. None can break a line, let
//! alone a header, be markup, or be a placeholder that is replaced in turn.

use std::collections::BTreeMap;

/// What a mail says, before or after its placeholders are replaced.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Template {
    pub subject: String,
    pub plain: String,
    pub html: String,
}

/// What stands for a placeholder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Value {
    /// Whatever somebody typed.
    Text(String),
    /// An address; nothing is shown unless it is one of the web, for it may become a link.
    Url(String),
    /// Made here, from parts that were escaped.
    Markup { plain: String, html: String },
}

/// Values by the names of their placeholders.
pub type Values = BTreeMap<&'static str, Value>;

/// Most characters of a subject.
const SUBJECT_CHARS_MAX: usize = 200;
/// Most characters between two `@` that are looked at as a name.
const NAME_CHARS_MAX: usize = 40;

#[derive(Clone, Copy, PartialEq, Eq)]
enum Form {
    Line,
    Plain,
    Html,
}

impl Template {
    /// The texts with every placeholder replaced; one that is unknown becomes nothing.
    pub fn filled(&self, values: &Values) -> Template {
        let subject = filled(&self.subject, values, Form::Line);
        Template {
            subject: one_line(&subject).chars().take(SUBJECT_CHARS_MAX).collect(),
            plain: filled(&self.plain, values, Form::Plain),
            html: filled(&self.html, values, Form::Html),
        }
    }
}

fn filled(text: &str, values: &Values, form: Form) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('@') {
        let (before, after) = rest.split_at(at);
        out.push_str(before);
        match placeholder(after) {
            Some(name) => {
                let shown = values.get(name).map(|value| shown(value, form)).unwrap_or_default();
                // "Dear @FIRSTNAME@," is "Dear," to somebody without a name.
                if shown.is_empty() && out.ends_with(' ') {
                    out.pop();
                }
                out.push_str(&shown);
                rest = &after[name.len() + 2..];
            }
            None => {
                out.push('@');
                rest = &after[1..];
            }
        }
    }
    out.push_str(rest);
    out
}

/// The name of the placeholder that the text begins with.
fn placeholder(text: &str) -> Option<&str> {
    let inner = text.strip_prefix('@')?;
    let is_of_name = |byte: u8| byte.is_ascii_uppercase() || byte.is_ascii_digit();
    let length = inner.bytes().take(NAME_CHARS_MAX + 1).take_while(|it| is_of_name(*it)).count();
    let is_closed = inner.as_bytes().get(length) == Some(&b'@');
    ((2..=NAME_CHARS_MAX).contains(&length) && is_closed).then(|| &inner[..length])
}

fn shown(value: &Value, form: Form) -> String {
    match (value, form) {
        (Value::Text(text), Form::Line | Form::Plain) => one_line(text),
        (Value::Text(text), Form::Html) => escaped(&one_line(text)),
        (Value::Url(url), _) if !is_of_the_web(url) => String::new(),
        (Value::Url(url), Form::Line | Form::Plain) => url.clone(),
        (Value::Url(url), Form::Html) => escaped(url),
        (Value::Markup { plain, .. }, Form::Plain) => plain.clone(),
        (Value::Markup { plain, .. }, Form::Line) => one_line(plain),
        (Value::Markup { html, .. }, Form::Html) => html.clone(),
    }
}

/// Whether it is an address that a browser goes to without running anything.
fn is_of_the_web(url: &str) -> bool {
    let is_plain = url.chars().all(|it| !it.is_whitespace() && !is_invisible(it));
    is_plain && url::Url::parse(url).is_ok_and(|it| matches!(it.scheme(), "http" | "https"))
}

/// The text without anything that breaks or turns a line.
pub fn one_line(text: &str) -> String {
    let spaced = text.chars().map(|it| if it.is_control() { ' ' } else { it });
    let spaced: String = spaced.filter(|it| !is_invisible(*it)).collect();
    spaced.split(' ').filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ")
}

/// Breaks of lines, and marks that turn the direction of what follows them.
fn is_invisible(character: char) -> bool {
    character.is_control()
        || matches!(character,
            '\u{2028}' | '\u{2029}' | '\u{200e}' | '\u{200f}' | '\u{feff}'
            | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// The text as the content of an element or of a quoted attribute.
pub fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            other => out.push(other),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn values(pairs: &[(&'static str, Value)]) -> Values {
        pairs.iter().cloned().collect()
    }

    fn text(text: &str) -> Value {
        Value::Text(text.to_owned())
    }

    #[track_caller]
    fn check(form: Form, template: &str, pairs: &[(&'static str, Value)], expected: &str) {
        assert_eq!(filled(template, &values(pairs), form), expected);
    }

    #[test]
    fn placeholders_are_replaced_and_unknown_ones_are_nothing() {
        let ada = [("FIRSTNAME", text("Ada")), ("VARA", text("7"))];
        check(Form::Plain, "Dear @FIRSTNAME@ @LASTNAME@,", &ada, "Dear Ada,");
        check(Form::Plain, "Dear @FIRSTNAME@ @LASTNAME@,", &[], "Dear,");
        check(Form::Plain, "[@VARA@@VARA@]@NOTHING@", &ada, "[77]");
        check(Form::Plain, "a@b @ @@ @firstname@ @A @VARA", &ada, "a@b @ @@ @firstname@ @A @VARA");
        check(Form::Plain, "x@VARA@y@shop.example", &ada, "x7y@shop.example");
    }

    #[test]
    fn a_value_is_no_placeholder() {
        let tricky = [("FIRSTNAME", text("@PAYLINK@")), ("PAYLINK", text("secret"))];
        check(Form::Plain, "Dear @FIRSTNAME@", &tricky, "Dear @PAYLINK@");
    }

    #[test]
    fn a_value_is_one_line_and_no_markup() {
        let odd = "A\r\nBcc: x@y.example\t<b onload='x'>&\u{202e}\u{2028}";
        let odd = [("FIRSTNAME", text(odd))];
        let line = "A Bcc: x@y.example <b onload='x'>&";
        check(Form::Plain, "@FIRSTNAME@", &odd, line);
        check(Form::Line, "@FIRSTNAME@", &odd, line);
        let html = "A Bcc: x@y.example &lt;b onload=&#39;x&#39;&gt;&amp;";
        check(Form::Html, "@FIRSTNAME@", &odd, html);
    }

    #[test]
    fn only_addresses_of_the_web_become_links() {
        for (url, expected) in [
            ("https://pay.example/a?b=1&c=\"", "https://pay.example/a?b=1&amp;c=&quot;"),
            ("javascript:alert(1)", ""),
            ("data:text/html,x", ""),
            ("https://a\r\nb", ""),
            ("/relative", ""),
        ] {
            let link = [("PAYLINK", Value::Url(url.to_owned()))];
            check(Form::Html, "@PAYLINK@", &link, expected);
        }
    }

    #[test]
    fn a_subject_is_one_short_line() {
        let subject = format!("Hi\r\n@VARA@{}", "x".repeat(400));
        let template = Template { subject, plain: String::new(), html: String::new() };
        let subject = template.filled(&values(&[("VARA", text("a\nb"))])).subject;
        assert!(subject.starts_with("Hi a bxxx"), "{subject}");
        assert_eq!(subject.chars().count(), SUBJECT_CHARS_MAX);
    }

    proptest! {
        #[test]
        fn no_value_breaks_out(odd in "\\PC{0,20}[\r\n\u{2028}<>\"'&@]{0,8}\\PC{0,20}") {
            let values = values(&[("DESCRIPTION", Value::Text(odd))]);
            let template = Template {
                subject: "[@DESCRIPTION@]".to_owned(),
                plain: "[@DESCRIPTION@]".to_owned(),
                html: "<p title=\"@DESCRIPTION@\">@DESCRIPTION@</p>".to_owned(),
            };
            let filled = template.filled(&values);
            for text in [&filled.subject, &filled.plain] {
                prop_assert!(!text.chars().any(is_invisible), "{text:?}");
            }
            let html = &filled.html;
            prop_assert_eq!(html.matches('<').count(), 2);
            prop_assert_eq!(html.matches('>').count(), 2);
            prop_assert_eq!(html.matches('"').count(), 2);
        }

        #[test]
        fn any_template_is_filled(template in "[@A-Z0-9 é]{0,60}") {
            filled(&template, &values(&[("A1", text("x"))]), Form::Html);
        }
    }
}
