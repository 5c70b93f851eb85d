//! Canonical JSON: one value, one sequence of bytes.
//!
//! Merchants verify signatures either over the bytes or over what their reader makes of them, so
//! that reading and writing again must change nothing, in Python and elsewhere: compact, UTF-8
//! unescaped, `/` unescaped, keys sorted at every level, numbers in shortest form.

use serde_json::Value;

/// A number with more digits or zeros than this is written as a text.
const NUMBER_DIGITS_MAX: usize = 40;
/// From here on, and below [`POINT_PLACES_MAX`], readers write fractions with an exponent.
const WHOLE_DIGITS_MAX: usize = 16;
/// Most zeros between the point and the first digit of a fraction.
const POINT_PLACES_MAX: usize = 3;

/// The canonical bytes of a value.
pub fn to_vec(value: &Value) -> Vec<u8> {
    let mut out = Vec::new();
    write_value(value, &mut out);
    out
}

fn write_value(value: &Value, out: &mut Vec<u8>) {
    match value {
        Value::Null => out.extend_from_slice(b"null"),
        Value::Bool(true) => out.extend_from_slice(b"true"),
        Value::Bool(false) => out.extend_from_slice(b"false"),
        Value::Number(number) => match shortest(number.as_str()) {
            Some(text) => out.extend_from_slice(text.as_bytes()),
            // No number of this kind survives a reader; its text does.
            None => write_string(number.as_str(), out),
        },
        Value::String(text) => write_string(text, out),
        Value::Array(items) => {
            out.push(b'[');
            for (index, item) in items.iter().enumerate() {
                if index > 0 {
                    out.push(b',');
                }
                write_value(item, out);
            }
            out.push(b']');
        }
        Value::Object(members) => {
            // The map may keep the order of insertion when some crate asks for that.
            let mut sorted: Vec<_> = members.iter().collect();
            sorted.sort_by_key(|(name, _)| *name);
            out.push(b'{');
            for (index, (name, member)) in sorted.into_iter().enumerate() {
                if index > 0 {
                    out.push(b',');
                }
                write_string(name, out);
                out.push(b':');
                write_value(member, out);
            }
            out.push(b'}');
        }
    }
}

fn write_string(text: &str, out: &mut Vec<u8>) {
    const HEX: &[u8; 16] = b"0123456789abcdef";
    out.push(b'"');
    for byte in text.bytes() {
        match byte {
            b'"' => out.extend_from_slice(b"\\\""),
            b'\\' => out.extend_from_slice(b"\\\\"),
            0x08 => out.extend_from_slice(b"\\b"),
            0x0c => out.extend_from_slice(b"\\f"),
            b'\n' => out.extend_from_slice(b"\\n"),
            b'\r' => out.extend_from_slice(b"\\r"),
            b'\t' => out.extend_from_slice(b"\\t"),
            0x00..=0x1f => {
                out.extend_from_slice(b"\\u00");
                out.push(HEX[usize::from(byte >> 4)]);
                out.push(HEX[usize::from(byte & 0x0f)]);
            }
            _ => out.push(byte),
        }
    }
    out.push(b'"');
}

/// The shortest decimal form of a JSON number: no exponent, no zeros at the end of a fraction,
/// no `.0`, no `-0`. Nothing for a number that a reader with binary floats would change.
fn shortest(literal: &str) -> Option<String> {
    let (mantissa, exponent) = match literal.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, exponent.parse::<i64>().ok()?),
        None => (literal, 0),
    };
    let (sign, unsigned) = match mantissa.strip_prefix('-') {
        Some(rest) => ("-", rest),
        None => ("", mantissa),
    };
    let (whole, fraction) = unsigned.split_once('.').unwrap_or((unsigned, ""));
    let digits = format!("{whole}{fraction}");
    // Where the point stands, counted from the left of `digits`.
    let point = i64::try_from(whole.len()).ok()?.checked_add(exponent)?;
    let zeros = digits.len() - digits.trim_start_matches('0').len();
    let point = point.checked_sub(i64::try_from(zeros).ok()?)?;
    let digits = digits.trim_matches('0');
    if digits.is_empty() {
        return Some("0".to_owned());
    }
    if digits.len() > NUMBER_DIGITS_MAX || point.unsigned_abs() > NUMBER_DIGITS_MAX as u64 {
        return None;
    }
    let places = usize::try_from(point.unsigned_abs()).ok()?;
    if point > 0 && places >= digits.len() {
        // Whole numbers are exact in every reader that verifies signatures.
        return Some(format!("{sign}{digits:0<places$}"));
    }
    let text = if point > 0 {
        let (whole, fraction) = digits.split_at(places);
        format!("{sign}{whole}.{fraction}")
    } else {
        format!("{sign}0.{}{digits}", "0".repeat(places))
    };
    let exponent_free = point <= WHOLE_DIGITS_MAX as i64 && point >= -(POINT_PLACES_MAX as i64);
    let survives = text.parse::<f64>().is_ok_and(|float| float.to_string() == text);
    (exponent_free && survives).then_some(text)
}

#[cfg(test)]
mod tests {
    use proptest::collection::{btree_map, vec};
    use proptest::prelude::*;
    use serde_json::Number;

    use super::*;

    #[track_caller]
    fn check(json: &str, expected: &str) {
        let value: Value = serde_json::from_str(json).unwrap();
        assert_eq!(String::from_utf8(to_vec(&value)).unwrap(), expected);
    }

    #[test]
    fn keys_are_sorted_at_every_level() {
        check(
            r#"{"b": {"z": 1, "a": [ {"y": 2, "x": 1} ]}, "a": null}"#,
            r#"{"a":null,"b":{"a":[{"x":1,"y":2}],"z":1}}"#,
        );
        check("{}", "{}");
        check("[ ]", "[]");
    }

    #[test]
    fn only_what_must_be_escaped_is_escaped() {
        check(
            r#""a\/b \u00e9 \u20ac \ud83d\ude00 \u007f \u2028""#,
            "\"a/b é € 😀 \u{7f} \u{2028}\"",
        );
        check(r#""\" \\ \b \f \n \r \t \u0000 \u001F""#, r#""\" \\ \b \f \n \r \t \u0000 \u001f""#);
    }

    #[test]
    fn numbers_have_their_shortest_form() {
        for (literal, expected) in [
            ("0.60", "0.6"),
            ("7.04", "7.04"),
            ("374.850", "374.85"),
            ("5.0", "5"),
            ("-0", "0"),
            ("-0.0", "0"),
            ("1e2", "100"),
            ("1.5E+1", "15"),
            ("25e-1", "2.5"),
            ("-12.30", "-12.3"),
            ("0.0010", "0.001"),
            ("1747980123456789", "1747980123456789"),
            ("0e999999", "0"),
            ("10", "10"),
            ("100.5", "100.5"),
            ("0.0001", "0.0001"),
            ("8.2644628099", "8.2644628099"),
        ] {
            check(literal, expected);
        }
    }

    #[test]
    fn a_number_that_readers_would_change_is_written_as_its_text() {
        // Python would answer 1e-05 and 0.1.
        check("0.00001", r#""0.00001""#);
        check("0.1000000000000000055", r#""0.1000000000000000055""#);
        check("1e+400", r#""1e+400""#);
        check("1e+99999999999999999999", r#""1e+99999999999999999999""#);
    }

    fn json() -> impl Strategy<Value = Value> {
        let number = prop_oneof![
            any::<i64>().prop_map(|it| it.to_string()),
            "-?(0|[1-9][0-9]{0,8})\\.[0-9]{1,9}",
            "-?[1-9][0-9]{0,3}(\\.[0-9]{1,3})?e[+-]?[0-9]{1,2}",
        ];
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::Bool),
            number.prop_map(|text| Value::Number(text.parse::<Number>().unwrap())),
            any::<String>().prop_map(Value::String),
        ];
        leaf.prop_recursive(4, 32, 6, |inner| {
            prop_oneof![
                vec(inner.clone(), 0..6).prop_map(Value::Array),
                btree_map(any::<String>(), inner, 0..6)
                    .prop_map(|members| Value::Object(members.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #[test]
        fn reading_and_writing_again_changes_nothing(value in json()) {
            let bytes = to_vec(&value);
            let again: Value = serde_json::from_slice(&bytes).unwrap();
            prop_assert_eq!(to_vec(&again), bytes.clone());
            // The rules of the other writer that is at hand: compact, unescaped, sorted here.
            prop_assert_eq!(serde_json::to_vec(&again).unwrap(), bytes);
        }

        #[test]
        fn a_fraction_is_what_a_reader_with_floats_writes(
            literal in "-?(0|[1-9][0-9]{0,17})\\.[0-9]{1,20}"
        ) {
            let value: Value = serde_json::from_str(&literal).unwrap();
            let text = String::from_utf8(to_vec(&value)).unwrap();
            if text.contains('.') && !text.starts_with('"') {
                // Debug of a float has an exponent where Python has one.
                prop_assert_eq!(format!("{:?}", text.parse::<f64>().unwrap()), text);
            }
        }
    }
}
