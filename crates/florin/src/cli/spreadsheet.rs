//! Writing comma-separated values (RFC 4180) that are safe to open in a spreadsheet.

/// One line, with its end. A field that a spreadsheet would take for a formula gets an apostrophe
/// in front; numbers are the caller's own and stay as they are.
pub(super) fn line(fields: &[Field<'_>]) -> String {
    let fields: Vec<String> = fields.iter().map(Field::text).collect();
    format!("{}\r\n", fields.join(","))
}

/// A field of a line.
pub(super) enum Field<'a> {
    /// Something that somebody else wrote.
    Text(&'a str),
    Number(i64),
}

impl Field<'_> {
    fn text(&self) -> String {
        match self {
            Field::Number(number) => number.to_string(),
            Field::Text(text) => {
                let is_formula = text.starts_with(['=', '+', '-', '@', '\t', '\r']);
                let guard = if is_formula { "'" } else { "" };
                if is_formula || text.contains(['"', ',', '\r', '\n']) {
                    format!("\"{guard}{}\"", text.replace('"', "\"\""))
                } else {
                    (*text).to_owned()
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::csv;
    use super::*;

    #[test]
    fn what_was_written_is_read_and_no_formula_gets_through() {
        let texts = ["plain", "a,b", "say \"so\"", "two\r\nlines", "", "é 漢", "1-2", "a =1"];
        for text in texts {
            let line = line(&[Field::Text(text), Field::Number(-5), Field::Text("end")]);
            let rows = csv::read(&line).unwrap();
            assert_eq!(rows.len(), 1, "{line:?}");
            assert_eq!(rows[0].fields, [text, "-5", "end"], "{line:?}");
        }
        for formula in ["=1+1", "+1", "-1", "@x", "\t=1", "\r=1"] {
            let line = line(&[Field::Text(formula)]);
            assert!(line.starts_with("\"'"), "{line:?}");
        }
    }
}
