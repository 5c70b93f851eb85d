//! Reading loosely typed JSON: what merchants' libraries send for one and the same thing.
//!
//! Absent, `null`, `""`, `[]` and `{}` are all "nothing". Numbers may be texts and texts numbers;
//! booleans may be either. A number keeps the text of its literal (an exponent gets its sign).

use serde_json::{Map, Value};

/// The members of an object that may be absent, or something else than an object.
#[derive(Clone, Copy, Debug)]
pub struct Fields<'a>(Option<&'a Map<String, Value>>);

/// One loosely typed value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Scalar {
    /// Nothing was sent.
    Absent,
    /// A text, or the literal text of a number or boolean.
    Text(String),
    /// A list or an object with something in it.
    NotScalar,
}

impl<'a> Fields<'a> {
    /// The members of an object; none of anything else.
    pub fn of(value: &'a Value) -> Fields<'a> {
        Fields(value.as_object())
    }

    /// A member that is something.
    pub fn get(self, name: &str) -> Option<&'a Value> {
        let value = self.0?.get(name)?;
        let nothing = match value {
            Value::Null => true,
            Value::String(text) => text.trim().is_empty(),
            Value::Array(items) => items.is_empty(),
            Value::Object(members) => members.is_empty(),
            Value::Bool(_) | Value::Number(_) => false,
        };
        (!nothing).then_some(value)
    }

    /// Whether nothing was sent under any of the names.
    pub fn lacks(self, name: &str) -> bool {
        self.get(name).is_none()
    }

    /// Whether there are no members at all.
    pub fn is_empty(self) -> bool {
        self.0.is_none_or(Map::is_empty)
    }

    /// A member that is an object; PHP writes an empty one as a list.
    pub fn object(self, name: &str) -> Fields<'a> {
        Fields(self.get(name).and_then(Value::as_object))
    }

    /// A member that is a list, or nothing.
    pub fn list(self, name: &str) -> &'a [Value] {
        self.get(name).and_then(Value::as_array).map_or(&[], Vec::as_slice)
    }

    /// A member as it was sent.
    pub fn scalar(self, name: &str) -> Scalar {
        match self.get(name) {
            None => Scalar::Absent,
            Some(Value::String(text)) => Scalar::Text(without_nul(text)),
            Some(Value::Number(number)) => Scalar::Text(number.as_str().to_owned()),
            Some(Value::Bool(boolean)) => Scalar::Text(boolean.to_string()),
            Some(Value::Null | Value::Array(_) | Value::Object(_)) => Scalar::NotScalar,
        }
    }

    /// The text of a member; lists and objects count as nothing.
    pub fn text(self, name: &str) -> Option<String> {
        match self.scalar(name) {
            Scalar::Text(text) => Some(text),
            Scalar::Absent | Scalar::NotScalar => None,
        }
    }

    /// The trimmed text of a member, cut at `chars_max` characters.
    pub fn short_text(self, name: &str, chars_max: usize) -> Option<String> {
        let text = self.text(name)?;
        let cut: String = text.trim().chars().take(chars_max).collect();
        Some(cut)
    }

    /// `true`, `1`, `"true"`, `"1"` and their opposites, in any case; anything else is nothing.
    pub fn boolean(self, name: &str) -> Option<bool> {
        match self.text(name)?.trim().to_ascii_lowercase().as_str() {
            "true" | "1" | "yes" => Some(true),
            "false" | "0" | "no" => Some(false),
            _ => None,
        }
    }

    /// A whole number, or a text of digits.
    pub fn whole(self, name: &str) -> Option<i64> {
        whole_of(self.get(name)?)
    }
}

/// A whole number, or a text of digits. The number may be a floating one: Java's library writes
/// 1000 as `1000.0`, which is the same number in JSON. Only a single `.0`, for `10.00` comes from
/// those who count in the major unit.
pub fn whole_of(value: &Value) -> Option<i64> {
    match value {
        Value::String(text) => whole(text),
        Value::Number(number) => {
            let literal = number.as_str();
            whole(literal.strip_suffix(".0").unwrap_or(literal))
        }
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => None,
    }
}

/// Reads digits with an optional minus. No point, no exponent: `10.00` may mean ten of the major
/// unit, and nobody should have to guess.
pub fn whole(text: &str) -> Option<i64> {
    let text = text.trim();
    let digits = text.strip_prefix('-').unwrap_or(text);
    let sound = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    if !sound {
        return None;
    }
    text.parse().ok()
}

/// PostgreSQL has no text with a NUL in it, and no merchant means one.
fn without_nul(text: &str) -> String {
    match text.contains('\0') {
        true => text.replace('\0', ""),
        false => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn nothing_has_many_spellings() {
        let value = json!({"a": null, "b": "", "c": [], "d": {}, "e": "  "});
        let fields = Fields::of(&value);
        for name in ["a", "b", "c", "d", "e", "f"] {
            assert!(fields.lacks(name), "{name}");
            assert_eq!(fields.scalar(name), Scalar::Absent);
            assert!(fields.object(name).is_empty());
            assert_eq!(fields.list(name).len(), 0);
        }
        assert!(Fields::of(&json!([1])).lacks("a"));
        assert!(Fields::of(&json!(null)).is_empty());
    }

    #[test]
    fn a_number_keeps_its_literal_text() {
        let json = r#"{"a": 1741782328.1025, "b": 1.0, "c": 1e3}"#;
        let value: Value = serde_json::from_str(json).unwrap();
        let fields = Fields::of(&value);
        assert_eq!(fields.text("a").as_deref(), Some("1741782328.1025"));
        assert_eq!(fields.text("b").as_deref(), Some("1.0"));
        assert_eq!(fields.whole("c"), None);
    }

    #[test]
    fn a_floating_number_may_be_whole_and_a_text_has_digits_only() {
        for (json, expected) in [
            ("1000", Some(1000)),
            ("1000.0", Some(1000)),
            ("-7.0", Some(-7)),
            ("0.0", Some(0)),
            ("1000.00", None),
            ("1000.5", None),
            ("1000.05", None),
            ("1.0e3", None),
            ("\"1000\"", Some(1000)),
            ("\"1000.0\"", None),
            ("\"1000.00\"", None),
            ("true", None),
        ] {
            let value: Value = serde_json::from_str(&format!("{{\"a\": {json}}}")).unwrap();
            assert_eq!(Fields::of(&value).whole("a"), expected, "{json}");
        }
    }

    #[test]
    fn booleans_and_numbers_may_be_texts() {
        let value = json!({"a": "TRUE", "b": 0, "c": "1", "d": false, "e": "maybe", "f": "1000",
            "g": -5, "h": " 30 ", "i": "12a", "j": "99999999999999999999", "k": {"x": 1},
            "l": "a\u{0}b"});
        let fields = Fields::of(&value);
        let booleans = ["a", "b", "c", "d", "e"].map(|name| fields.boolean(name));
        assert_eq!(booleans, [Some(true), Some(false), Some(true), Some(false), None]);
        let numbers = ["f", "g", "h", "i", "j", "k"].map(|name| fields.whole(name));
        assert_eq!(numbers, [Some(1000), Some(-5), Some(30), None, None, None]);
        assert_eq!(fields.scalar("k"), Scalar::NotScalar);
        assert_eq!(fields.text("l").as_deref(), Some("ab"));
        assert_eq!(fields.short_text("f", 2).as_deref(), Some("10"));
    }
}
