//! Comma-separated values as RFC 4180 has them, safe to open in a spreadsheet.

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

/// Reads records: fields may be quoted, quotes in them are doubled, lines end with CRLF or LF.
///
/// # Errors
/// A sentence that names the line.
pub(super) fn records(text: &str) -> Result<Vec<Vec<String>>, String> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut records = Vec::new();
    let mut record: Vec<String> = Vec::new();
    let mut field = String::new();
    let (mut quoted, mut was_quoted) = (false, false);
    let mut line = 1_u64;
    let mut characters = text.chars().peekable();
    while let Some(character) = characters.next() {
        match character {
            '"' if quoted && characters.peek() == Some(&'"') => {
                field.push('"');
                characters.next();
            }
            '"' if quoted => quoted = false,
            '"' if field.is_empty() && !was_quoted => (quoted, was_quoted) = (true, true),
            '"' => return Err(format!("line {line}: a quote inside a field")),
            ',' if !quoted => {
                record.push(std::mem::take(&mut field));
                was_quoted = false;
            }
            '\r' if !quoted && characters.peek() == Some(&'\n') => {}
            '\n' if !quoted => {
                line += 1;
                record.push(std::mem::take(&mut field));
                was_quoted = false;
                records.push(std::mem::take(&mut record));
            }
            _ if was_quoted && !quoted => {
                return Err(format!("line {line}: text after a quoted field"));
            }
            other => {
                line += u64::from(other == '\n');
                field.push(other);
            }
        }
    }
    if quoted {
        return Err(format!("line {line}: a quote is not closed"));
    }
    if !field.is_empty() || !record.is_empty() || was_quoted {
        record.push(field);
        records.push(record);
    }
    records.retain(|record| record.len() > 1 || record.first().is_some_and(|it| !it.is_empty()));
    Ok(records)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_written_is_read_and_no_formula_gets_through() {
        let texts = ["plain", "a,b", "say \"so\"", "two\r\nlines", "", "é 漢", "1-2", " =1"];
        for text in texts {
            let line = line(&[Field::Text(text), Field::Number(-5), Field::Text("end")]);
            let expected = vec![vec![text.to_owned(), "-5".to_owned(), "end".to_owned()]];
            assert_eq!(records(&line).unwrap(), expected, "{line:?}");
        }
        for formula in ["=1+1", "+1", "-1", "@x", "\t=1", "\r=1"] {
            let line = line(&[Field::Text(formula)]);
            assert!(line.starts_with("\"'"), "{line:?}");
        }
    }

    #[test]
    fn files_of_all_kinds_are_read_and_damaged_ones_are_not() {
        let read = |text: &str| records(text).unwrap();
        assert_eq!(read("a,b\nc,d"), [["a", "b"], ["c", "d"]]);
        assert_eq!(read("\u{feff}a,b\r\n\r\nc,\"d\"\r\n"), [["a", "b"], ["c", "d"]]);
        assert_eq!(read("a,\n"), [["a", ""]]);
        assert_eq!(read(""), Vec::<Vec<String>>::new());
        for damaged in ["a,\"b", "a,\"b\"c", "a,b\"c\""] {
            assert!(records(damaged).is_err(), "{damaged}");
        }
        assert_eq!(records("a\nb\n\"c").unwrap_err(), "line 3: a quote is not closed");
    }
}
